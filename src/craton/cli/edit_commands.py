"""The command that edits what is said of a dataset."""

from __future__ import annotations

from typing import Any

import click

from craton.cli.commands import craton, json_option, node_argument, print_json, with_node
from craton.cli.node import Node
from craton.model.edits import NAMES, edits_of
from craton.model.errors import InvalidError

LISTS = ("keywords",)
BY_LANGUAGE = ("title", "description")


@craton.command(name="set")
@node_argument
@click.argument("id")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@json_option
@with_node
def set_(node: Node, id: str, values: tuple[str, ...], as_json: bool) -> None:
    r"""Say something of dataset ID that stands in place of what its source says.

    It stays when the source is added again. For example:

    \b
      craton set mynode wells-1a2b3c4d visibility=private
      craton set mynode wells-1a2b3c4d title.lo="..." licence=CC-BY-4.0
      craton set mynode wells-1a2b3c4d keywords=gold,copper owner="Department of Mines"
    """
    record = node[id].record
    if "@" in id:
        raise InvalidError("single versions are not edited", hint=f"edit the dataset: {record.id}")
    edited = node.store.edit(record.id, edits_of(record, _patch(values)))
    if as_json:
        print_json(edited)
    else:
        click.echo(f"{edited.id} has version {edited.version}", err=True)


def _patch(values: tuple[str, ...]) -> dict[str, Any]:
    """Changes in the form that `edits_of` takes."""
    patch: dict[str, Any] = {}
    for one in values:
        name, equals, value = one.partition("=")
        if not equals:
            raise InvalidError(f"{one!r} states no value", hint="write NAME=VALUE")
        field, _, language = name.partition(".")
        if field in BY_LANGUAGE:
            patch.setdefault(field, {})[language or "und"] = value or None
        elif name in LISTS:
            patch[name] = [word.strip() for word in value.split(",") if word.strip()]
        elif name == "owner":
            patch["parties"] = [{"name": value}] if value else []
        elif name in NAMES and name != "parties":
            patch[name] = value
        else:
            known = "title.LANGUAGE, description.LANGUAGE, keywords, licence, owner, visibility"
            raise InvalidError(f"{name!r} cannot be set", hint=f"there are: {known}")
    return patch
