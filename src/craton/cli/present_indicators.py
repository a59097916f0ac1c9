"""How the command talks to people about indicators."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import click

from craton.cli.present import clipped, padded
from craton.model.indicator_library import find_indicator, themes
from craton.model.indicators import Class, Indicator
from craton.model.languages import in_english

WIDTH = 100
ID_COLUMNS = 44
DIRECTIONS = {"benefit": "more is better", "cost": "less is better", "target": "best at"}
AGGREGATES = {
    "sum": "their sum",
    "mean": "their mean",
    "area_mean": "their mean, weighted by area",
    "ratio_of_sums": "the formula of the sums of the inputs",
    "minimum": "the lowest",
    "maximum": "the highest",
    "majority": "the most frequent",
    "none": "not defined",
}


def indicator_table(found: Mapping[str, Indicator]) -> None:
    """One line an indicator, by theme."""
    if not found:
        click.echo("no indicator fits", err=True)
        return
    for name, theme in themes().items():
        listed = [(id, one) for id, one in found.items() if one.theme == name]
        if listed:
            click.echo(f"{theme.title['en']} ({name})")
        for id, one in listed:
            unit = padded(clipped("" if one.unit == "1" else one.unit, 12), 12)
            click.echo(f"  {padded(id, ID_COLUMNS)}  {unit}  {one.title['en']}")
    click.echo(f"{len(found)} indicators; tell one: craton indicators ID", err=True)


def indicator_card(id: str) -> None:
    """Everything about one indicator."""
    one = find_indicator(id)
    theme = themes()[one.theme]
    click.echo(f"{one.title['en']}\n{id}\n\n{textwrap.fill(one.definition['en'], WIDTH)}\n")
    click.echo(f"{id} = {one.formula}" + _bracketed(one.unit) + "\n\ninputs")
    for name, given in one.inputs.items():
        quantity = f"; {given.quantity}" if given.quantity else ""
        click.echo(f"  {name}{_bracketed(given.unit)}: {given.title['en']}{quantity}")
    rows = {
        "goal": theme.title["en"],
        "criterion": theme.criteria[one.criterion].title["en"],
        "direction": f"{DIRECTIONS[one.direction]} {' to '.join(f'{n:g}' for n in one.target)}".strip(),
        "range": _range(one),
        "for each": ", ".join(one.supports),
        "period": one.period,
        "of larger ones": AGGREGATES[one.aggregate],
    }
    click.echo()
    for name, value in rows.items():
        if value:
            click.echo(f"{padded(name, 16)}  {value}")
    if one.classes:
        click.echo("\nclasses, as an example to be replaced by your own")
        _classes(one.classes)
        click.echo(textwrap.indent(textwrap.fill(f"after {in_english(one.class_source)}", WIDTH - 2), "  "))
    click.echo("\n" + textwrap.fill(one.reference, WIDTH))


def _bracketed(unit: str) -> str:
    return "" if unit == "1" else f" [{unit}]"


def _range(one: Indicator) -> str:
    low, high = one.lowest, one.highest
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else ""


def _classes(classes: tuple[Class, ...]) -> None:
    for one in classes:
        start = "below" if one.from_value is None else f"from {one.from_value:g}"
        score = "" if one.score is None else f"  score {one.score:g}"
        click.echo(f"  {padded(start, 12)}  {padded(one.title['en'], 24)}{score}".rstrip())
