"""How the command talks to people about processes, applications and jobs."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from craton.cli.present import clipped, padded, text
from craton.jobs.job import Job
from craton.model.permission import OWNER
from craton.process.app import App
from craton.process.reference import data_words
from craton.process.spec import Spec
from craton.process.values import allowed_words

if TYPE_CHECKING:
    from craton.cli.node import Node

WIDTH = 100
CANDIDATES_SHOWN = 5


def process_table(specs: Sequence[Spec]) -> None:
    """One line a process."""
    ids = max((len(s.id) for s in specs), default=0)
    for spec in specs:
        click.echo(f"{spec.id:{ids}s}  {spec.title}")


def process_card(spec: Spec) -> None:
    """Everything about one process."""
    click.echo(f"{spec.title}\n{spec.id}  version {spec.version}\n")
    for part in (spec.description, spec.notes):
        if part:
            click.echo(_wrapped(part) + "\n")
    for heading, params in (("inputs", spec.inputs), ("parameters", spec.values), ("results", spec.outputs)):
        if params:
            click.echo(heading)
        for param in params:
            legal = data_words(param.data) if param.data else allowed_words(param)
            default = "" if param.required or param.default is None else f"; default {param.default!r}"
            needed = "" if param.required else " (may be left out)"
            click.echo(f"  {param.name}{needed}: {legal}{default}")
            click.echo(textwrap.indent(_wrapped(param.doc), "      "))
    for reference in spec.references:
        click.echo("\n" + _wrapped(reference))
    given = " ".join(f"--input {p.name}=ID" for p in spec.inputs if p.required)
    click.echo(f"\ncraton run NODE {spec.id} {given}".rstrip())


def _wrapped(words: str) -> str:
    return "\n".join(
        textwrap.fill(paragraph, WIDTH) if not paragraph.startswith(" ") else paragraph
        for paragraph in words.split("\n\n")
    )


def app_needs(node: Node, app: App) -> dict[str, list[str]]:
    """Datasets of `node` that each need of `app` can be met with."""
    from craton.jobs.app_run import candidates

    return {name: [r.id for r in candidates(node.store, need, OWNER)] for name, need in app.needs.items()}


def app_card(app: App, found: dict[str, list[str]]) -> None:
    """One application, and whether it can run."""
    click.echo(f"{app.id}  {_english(app.title)}\n    {_english(app.question)}")
    for name, need in app.needs.items():
        ids = found[name]
        more = f" and {len(ids) - CANDIDATES_SHOWN} more" if len(ids) > CANDIDATES_SHOWN else ""
        have = ", ".join(ids[:CANDIDATES_SHOWN]) + more if ids else "none in the catalogue"
        click.echo(f"    needs {name}{' (may be left out)' if need.optional else ''}: {have}")
    for name in app.parameters:
        spec, param = app.parameter(name)
        del spec
        default = "must be given" if app.is_required(name) else f"default {app.default(name)!r}"
        click.echo(f"    sets {name}: {allowed_words(param)}; {default}")
    click.echo()


def _english(words: dict[str, str]) -> str:
    return text(words.get("en") or next(iter(words.values())))


@contextmanager
def watching(*, quiet: bool) -> Iterator[Callable[[Job], None] | None]:
    """A progress bar of one job on standard error, for people at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("waiting", total=100)
        yield lambda job: bar.update(
            task, completed=job.percent, description=clipped(text(job.message or job.state), 40)
        )


def job_table(jobs: Sequence[Job]) -> None:
    """One line a job, newest first."""
    if not jobs:
        click.echo("no jobs", err=True)
        return
    click.echo(f"{'job':16s}  {'state':10s}  {'done':>5s}  {padded('what', 36)}  message")
    for job in jobs:
        what = padded(clipped(job.process or job.app, 36), 36)
        click.echo(
            f"{job.id:16s}  {job.state:10s}  {job.percent:4.0f}%  {what}  {text(job.message)}".rstrip()
        )


def job_card(job: Job, steps: Sequence[Job]) -> None:
    """One job with its steps."""
    rows = {
        "job": job.id, "of": f"{job.process or job.app} version {job.version}", "state": job.state,
        "done": f"{job.percent:g} %" + (f", {job.remaining:.0f} s to go" if job.remaining else ""),
        "message": job.message, "asked by": job.actor.name, "asked": job.created, "started": job.started,
        "ended": job.ended, "what to do": job.fault.hint if job.fault else "",
    }  # fmt: skip
    rows |= {
        f"input {name}": ", ".join(f"{r.id}@{r.version}" for r in refs) for name, refs in job.inputs.items()
    }
    rows |= {f"set {name}": repr(value) for name, value in job.parameters.items()}
    if job.state == "successful":
        rows |= {f"result {name}": id for name, id in job.results.items()}
    for name, value in rows.items():
        if value:
            click.echo(f"{name:16s}  {text(value)}")
    if steps:
        click.echo("\nsteps")
        job_table(steps)


def job_end(node: Node, job: Job) -> None:
    """What became of a job that was waited for."""
    if job.state != "successful":
        click.echo(f"job {job.id} {job.state}: {text(job.message)}", err=True)
        if job.fault and job.fault.hint:
            click.echo(f"\nhint: {text(job.fault.hint)}", err=True)
        return
    if job.reused:
        click.echo("the result was there already", err=True)
    for name, id in job.results.items():
        click.echo(
            f"{id}  {text(node[id].record.name('en'))}"
            if len(job.results) == 1
            else f"{name}: {id}  {text(node[id].record.name('en'))}"
        )
