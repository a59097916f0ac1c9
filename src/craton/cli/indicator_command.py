"""The command about indicators: what evaluations can measure."""

from __future__ import annotations

from typing import get_args

import click
import msgspec

from craton.cli import present_indicators
from craton.cli.commands import craton, json_option, print_json
from craton.model.indicators import Direction, Support


@craton.command()
@click.argument("words", nargs=-1)
@click.option("--theme", default="", help="Only those of a theme, such as farmland.")
@click.option(
    "--support", type=click.Choice(get_args(Support)), default=None, help="Unit of evaluation it is for."
)
@click.option(
    "--direction", type=click.Choice(get_args(Direction)), default=None, help="Which way is better."
)
@json_option
def indicators(
    words: tuple[str, ...], theme: str, support: str | None, direction: str | None, as_json: bool
) -> None:
    """List the indicators that have all WORDS, or tell everything about the one of that identifier.

    Each is a formula over quantities with units, and says where it comes from.
    """
    from craton.model.errors import NotFoundError
    from craton.model.indicator_library import library, matching, themes

    if theme and theme not in themes():
        raise NotFoundError(f"there is no theme {theme!r}", hint=f"there are: {', '.join(themes())}")
    one = words[0] if len(words) == 1 and words[0] in library() else ""
    found = matching(" ".join(words), theme=theme, support=support or "", direction=direction or "")
    if as_json:
        for id in [one] if one else found:
            print_json({"id": id, **msgspec.to_builtins(library()[id])})
    elif one:
        present_indicators.indicator_card(one)
    else:
        present_indicators.indicator_table(found)
