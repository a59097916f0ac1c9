"""The commands that save a node and make it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from craton import __version__
from craton.cli import present
from craton.cli.commands import EXIT_REFUSED, craton, json_option, node_argument, print_json, with_node
from craton.cli.node import Node, open_store
from craton.cli.settings import read_settings
from craton.store.store import CATALOGUE, Store

if TYPE_CHECKING:
    from craton.jobs.add import Progress
    from craton.store.backup import Tell


@craton.command()
@node_argument
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1, 100_000), default=None, help="Keep so many newest snapshots.")
@click.option("--copy", is_flag=True, help="Copy objects even where they could share the disk's bytes.")
@click.option("--verify", is_flag=True, help="Read every saved object again, and replace damaged ones.")
@json_option
@with_node
def backup(node: Node, target: Path, keep: int | None, copy: bool, verify: bool, as_json: bool) -> int:
    """Save NODE to the folder TARGET, while it is served and added to.

    Snapshots in one TARGET share what does not change, so that each takes only
    what is new. A backup that is stopped leaves earlier ones as they are; the
    same command goes on with it. Exits 1 when NODE itself lacks an object.
    """
    from craton.store.backup import BackupOptions, back_up

    options = BackupOptions(copy=copy, verify=verify, keep=keep or 0, software=f"craton {__version__}")
    with present.progress(quiet=as_json) as report:
        done = back_up(node.store, node.folder, target, options, _counted(report))
    manifest = done.manifest
    if as_json:
        print_json({
            "snapshot": str(done.snapshot.folder), "sequence": manifest.sequence,
            "objects": manifest.objects, "bytes": manifest.bytes, "newObjects": done.copied,
            "newBytes": done.bytes, "removedSnapshots": done.removed, "lost": manifest.lost,
        })  # fmt: skip
    else:
        click.echo(f"{done.snapshot.folder}")
        click.echo(
            f"{manifest.objects} objects, {manifest.bytes / 1e6:,.1f} MB;"
            f" {done.copied} new, {done.bytes / 1e6:,.1f} MB; {done.removed} old snapshots removed",
            err=True,
        )
        for sha256 in manifest.lost:
            click.echo(f"lost: object {sha256} is missing or damaged in the node; see craton check", err=True)
    return EXIT_REFUSED if manifest.lost else 0


@craton.command()
@click.argument("backup", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("node", type=click.Path(path_type=Path))
@click.option(
    "--settings", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
    help="A craton.toml in place of the saved one, such as one that names PostgreSQL.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Do not read every byte again at the end.")
@json_option
def restore(backup: Path, node: Path, settings: Path | None, quick: bool, as_json: bool) -> int:
    """Make a node again from BACKUP in the new folder NODE.

    BACKUP is the TARGET of craton backup, for its newest snapshot, or one of
    its snapshots. Every object is compared with its hash, and the node is
    checked at the end. Exits 1 when it is not whole.
    """
    from craton.store.backup_restore import Backends
    from craton.store.backup_restore import restore as make_again

    backends = Backends(_open, lambda folder: not read_settings(folder).store.catalogue)
    with present.progress(quiet=as_json) as report:
        restored = make_again(backup, node, backends, settings, _counted(report))
    manifest = restored.manifest
    with Node(node) as made:
        problems = made.check(deep=not quick)
    if as_json:
        print_json({
            "node": str(node), "created": manifest.created, "objects": manifest.objects,
            "lost": restored.lost, "problems": problems,
        })  # fmt: skip
    else:
        for problem in problems:
            click.echo(f"{problem.code}: {problem.message}")
        state = f"{len(problems)} problems" if problems else "the node is whole"
        click.echo(f"restored {node} as it was at {manifest.created}; {state}", err=True)
    return EXIT_REFUSED if problems else 0


def _counted(report: Progress | None) -> Tell | None:
    """What tells how many objects are done; nothing where nobody looks."""
    return None if report is None else lambda done, total: report(done, total, "objects")


def _open(folder: Path) -> Store:
    """Store of the node in `folder`, whose catalogue is made where there is none."""
    return open_store(folder, read_settings(folder), create=not (folder / CATALOGUE).exists())
