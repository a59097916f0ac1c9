"""The `craton` command: few verbs, data on standard output, talk on standard error."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from craton import __version__
from craton.cli import present
from craton.cli.node import Node, create_node
from craton.model.errors import CratonError, InvalidError
from craton.model.record import Kind

EXIT_REFUSED = 1
EXIT_ERROR = 2
EXIT_FAULT = 3
"""A fault of Craton's own; the traceback is for a bug report."""

node_argument = click.argument("node", type=click.Path(path_type=Path))
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def run() -> None:
    """Run the command; errors of the tree become a message and exit status 2."""
    try:
        status = craton(standalone_mode=False)
    except CratonError as error:
        present.fail(error)
        status = EXIT_ERROR
    except click.ClickException as error:
        error.show()
        status = EXIT_ERROR
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; what was committed stays, run the same command again to go on", err=True)
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception:  # noqa: BLE001 - a person must not take a fault of ours for a refused file
        traceback.print_exc()
        click.echo("error: a fault in Craton or a damaged node; see craton check", err=True)
        status = EXIT_FAULT
    sys.exit(status or 0)


class Commands(click.Group):
    """Commands of which some are imported when they are asked for, so that `craton ls` starts at once."""

    later = dict.fromkeys(("apps", "jobs", "processes", "provenance", "run"), "craton.cli.job_commands") | {
        "audit": "craton.cli.user_commands",
        "backup": "craton.cli.backup_commands",
        "indicators": "craton.cli.indicator_command",
        "mcp": "craton.cli.mcp_command",
        "pack": "craton.cli.pack_commands",
        "report": "craton.cli.report_command",
        "restore": "craton.cli.backup_commands",
        "serve": "craton.cli.serve_commands",
        "set": "craton.cli.edit_commands",
        "token": "craton.cli.user_commands",
        "user": "craton.cli.user_commands",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted({*super().list_commands(ctx), *self.later})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give the command of that name."""
        if cmd_name in self.later:
            import_module(self.later[cmd_name])
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="craton")
def craton() -> None:
    r"""A geological survey's national node in a box.

    Make a node, add a folder of data to it, and look at what you have:

    \b
      craton init mynode
      craton add mynode ~/survey-data
      craton ls mynode
    """


def with_node[T](command: Callable[..., T]) -> Callable[..., T]:
    """Open the node named by the first argument for the time of the command."""

    @wraps(command)
    def wrapped(node: Path, *args: Any, **kwargs: Any) -> T:
        with Node(node) as opened:
            return command(opened, *args, **kwargs)

    return wrapped


def print_json(value: object) -> None:
    """Print `value` as one line of JSON."""
    sys.stdout.buffer.write(msgspec.json.encode(present.printable(value)) + b"\n")
    sys.stdout.buffer.flush()


@craton.command()
@node_argument
@click.option("--title", default="", help="Name of the node, as people will read it.")
@json_option
def init(node: Path, title: str, as_json: bool) -> None:
    """Make an empty node in the new folder NODE."""
    with create_node(node, title=title) as made:
        if as_json:
            print_json({"node": str(node), "title": made.settings.node.title})
        else:
            click.echo(f"made node {node}; add data with: craton add {node} FOLDER", err=True)


@craton.command()
@node_argument
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--crs", default="", help="Reference system of files that state none, such as EPSG:32648.")
@click.option("--licence", default="", help="Licence of the data, an SPDX identifier such as CC-BY-4.0.")
@click.option("--owner", default="", help="Who owns the data.")
@click.option("--language", default="", help="Language of the titles, such as lo, th or zh.")
@json_option
@with_node
def add(
    node: Node, paths: tuple[str, ...], crs: str, licence: str, owner: str, language: str, as_json: bool
) -> int:
    """Add files and folders to NODE.

    Every file ends as a dataset, as part of one, as a document, or refused with
    a reason; nothing is lost. The same command again changes nothing, a changed
    file becomes a new version. Exits 1 when some files were refused.
    """
    with present.progress(quiet=as_json) as report:
        outcomes = node.iter_add(
            *paths, crs=crs, licence=licence, owner=owner, language=language, progress=report
        )
        seen = [_told(outcome, as_json) for outcome in outcomes]
    if not as_json:
        present.add_summary(seen)
    return EXIT_REFUSED if any(o.outcome == "refused" for o in seen) else 0


def _told[T](outcome: T, as_json: bool) -> T:
    if as_json:
        print_json(outcome)
    return outcome


def _bbox(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    if not value:
        return None
    try:
        west, south, east, north = (float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter("give west,south,east,north in degrees, such as 97,16,106,26") from error
    return west, south, east, north


def _period(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[str, str] | None:
    if not value:
        return None
    start, _, end = value.partition("/") if "/" in value else (value, "", value)
    return start.replace("..", ""), end.replace("..", "")


@craton.command()
@node_argument
@click.option("--text", default="", help="Words that must occur, in any script.")
@click.option("--bbox", callback=_bbox, help="West,south,east,north in degrees.")
@click.option("--time", callback=_period, help="Start/end, such as 2008/2015 or ../2001-05.")
@click.option("--kind", type=click.Choice(get_args(Kind)), default=None, help="Kind of the data.")
@click.option("--quantity", default="", help="Standard name of a quantity, such as gravity_disturbance.")
@click.option("--limit", type=click.IntRange(1, 10**9), default=None, help="At most so many.")
@json_option
@with_node
def ls(node: Node, as_json: bool, **query: Any) -> None:
    """List the datasets of NODE, newest first."""
    records = node.find(**query)
    if as_json:
        for record in records:
            print_json(record)
    else:
        present.record_table(records)


@craton.command()
@node_argument
@click.argument("id")
@click.option("--versions", is_flag=True, help="List all versions of the dataset.")
@json_option
@with_node
def show(node: Node, id: str, versions: bool, as_json: bool) -> None:
    """Show what NODE knows about dataset ID (or ID@VERSION)."""
    dataset = node[id]
    if versions:
        _each(dataset.versions(), as_json, present.version_line)
    elif as_json:
        print_json(dataset.record)
    else:
        present.record_card(dataset.record)


@craton.command()
@node_argument
@click.argument("id")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace FILE when it exists.")
@json_option
@with_node
def export(node: Node, id: str, file: Path, overwrite: bool, as_json: bool) -> None:
    """Write dataset ID of NODE to FILE, in the format of its suffix."""
    written = node[id].export(file, overwrite=overwrite)
    if as_json:
        print_json({"id": id, "file": str(written)})
    else:
        click.echo(f"wrote {written}", err=True)


@craton.command()
@node_argument
@click.argument("id")
@click.option("--reason", default="", help="Why; kept in the tombstone.")
@json_option
@with_node
def rm(node: Node, id: str, reason: str, as_json: bool) -> None:
    """Delete dataset ID of NODE with all its versions; a tombstone stays."""
    if "@" in id:
        dataset = id.partition("@")[0]
        raise InvalidError("single versions are not deleted", hint=f"delete all: craton rm NODE {dataset}")
    node.remove(id, reason)
    if as_json:
        print_json({"id": id, "outcome": "deleted"})
    else:
        click.echo(f"deleted {id}", err=True)


@craton.command()
@node_argument
@click.option("--quick", is_flag=True, help="Do not read every byte again.")
@json_option
@with_node
def check(node: Node, quick: bool, as_json: bool) -> int:
    """Prove that NODE is whole: hashes, orphans, indexes. Exits 1 when it is not."""
    problems = node.check(deep=not quick)
    _each(problems, as_json, lambda p: f"{p.code}: {p.message}")
    if not as_json:
        click.echo(f"{len(problems)} problems" if problems else "the node is whole", err=True)
    return EXIT_REFUSED if problems else 0


@craton.command()
@node_argument
@json_option
@with_node
def doctor(node: Node, as_json: bool) -> None:
    """Show NODE's settings, what it runs on, and what needs attention."""
    from craton.cli.doctor import examine

    examined = examine(node)
    if as_json:
        print_json(examined)
    else:
        present.examination(examined)


def _each[T](items: Iterable[T], as_json: bool, line: Callable[[T], str]) -> None:
    for item in items:
        if as_json:
            print_json(item)
        else:
            click.echo(line(item))
