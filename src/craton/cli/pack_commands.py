"""Commands about packs: evaluations as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from craton.cli.commands import EXIT_REFUSED, craton, json_option, print_json
from craton.model.errors import InvalidError
from craton.model.pack import Pack
from craton.model.pack_check import check
from craton.model.pack_findings import PackFinding
from craton.model.pack_form import form_faults
from craton.model.pack_text import laid_over, read_table
from craton.process.apps import find_app, has_app, pack_text, text_of

overlay_option = click.option(
    "--overlay", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None,
    help="File laid over the pack: a country's words and thresholds.",
)  # fmt: skip


@craton.group()
def pack() -> None:
    """Packs: evaluations as folders of tables."""


@pack.command("check")
@click.argument("source")
@overlay_option
@json_option
def check_pack(source: str, overlay: Path | None, as_json: bool) -> int:
    """Tell what is wrong in the pack SOURCE: a folder, a file, or the name of an application.

    Exits 1 when there is something.
    """
    found = _faults(_whole(source, overlay))
    for one in found:
        if as_json:
            print_json(one)
        else:
            click.echo(f"{one.place}: {one.reason}" + (f"\n  hint: {one.hint}" if one.hint else ""))
    if not found and not as_json:
        click.echo("the pack is sound", err=True)
    return EXIT_REFUSED if found else 0


@pack.command("test")
@click.argument("source")
@overlay_option
@json_option
def test_pack(source: str, overlay: Path | None, as_json: bool) -> int:
    """Run the worked examples of the pack SOURCE, and what must hold of any evaluation.

    Exits 1 when one fails.
    """
    from craton.decide.pack_test import run_oracles, run_properties

    found = _sound(source, overlay)
    parts = {"worked examples": found.oracles, "made data": found.synthetic}
    lacks = [name for name, part in parts.items() if not part]
    if len(lacks) == len(parts):
        message = "the pack has neither worked examples nor made data, so there is nothing to test"
        raise InvalidError(message, hint="add oracles.toml, synthetic.toml or both")
    results = [*run_oracles(found), *(run_properties(found) if found.synthetic else ())]
    for one in results:
        if as_json:
            print_json(msgspec.to_builtins(one))
        else:
            click.echo(f"{'passed' if one.passed else 'FAILED'}  {one.title}")
            if not one.passed:
                click.echo(f"        {one.came}")
    failed = sum(not one.passed for one in results)
    if not as_json:
        click.echo(f"{len(results) - failed} of {len(results)} passed", err=True)
        for name in lacks:
            click.echo(f"not tested: the pack has no {name}", err=True)
    return EXIT_REFUSED if failed else 0


def _sound(source: str, overlay: Path | None) -> Pack:
    """The pack that `source` names; its first fault is refused."""
    whole = _whole(source, overlay)
    faults = _faults(whole)
    if faults:
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise InvalidError(
            f"{first.place}: {first.reason}{more}", hint=first.hint or f"see craton pack check {source}"
        )
    return msgspec.convert(whole, type=Pack)


def _faults(whole: dict[str, Any]) -> list[PackFinding]:
    """What is wrong in the form of a pack, else what is wrong in what it says."""
    return form_faults(whole) or check(msgspec.convert(whole, type=Pack))


def _whole(source: str, overlay: Path | None) -> dict[str, Any]:
    """The pack that `source` names as it is written, with what is laid over it."""
    above = text_of(overlay) if overlay else ""
    whole: dict[str, Any] = laid_over(read_table(_text(source), "pack"), read_table(above, "overlay"))
    return whole


def _text(source: str) -> str:
    path = Path(source)
    if path.is_dir():
        text = pack_text(path)
    elif path.is_file():
        text = text_of(path)
    elif has_app(source):
        text = next((str(step.set[step.tables]) for step in find_app(source).steps if step.tables), "")
    else:
        raise InvalidError(
            f"there is no folder, file or application {source!r}", hint="craton apps NODE lists applications"
        )
    if not text.strip():
        raise InvalidError(f"{source} has no pack", hint="a pack folder has a file pack.toml")
    return text
