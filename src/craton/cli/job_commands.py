"""Commands about processes, applications and jobs."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click
import msgspec

from craton.cli import present, present_jobs
from craton.cli.commands import (
    EXIT_REFUSED,
    craton,
    json_option,
    node_argument,
    print_json,
    with_node,
)
from craton.cli.node import Node
from craton.jobs.job import Job
from craton.model.errors import ConflictError, InvalidError


@craton.command()
@click.argument("process", required=False, default="")
@json_option
def processes(process: str, as_json: bool) -> None:
    """List all processes, or tell everything about PROCESS."""
    from craton.process.ogc import description, summary
    from craton.process.processes import find_process
    from craton.process.processes import processes as registered

    if process:
        spec = find_process(process)
        if as_json:
            print_json(description(spec))
        else:
            present_jobs.process_card(spec)
        return
    for one in registered():
        if as_json:
            print_json(summary(one))
    if not as_json:
        present_jobs.process_table(registered())


@craton.command()
@node_argument
@json_option
@with_node
def apps(node: Node, as_json: bool) -> None:
    """List the applications, and whether NODE has the data they need."""
    from craton.process.apps import apps as registered

    for app in registered().values():
        answer = present_jobs.app_needs(node, app)
        if as_json:
            print_json({**msgspec.to_builtins(app), "candidates": answer})
        else:
            present_jobs.app_card(app, answer)


@craton.command()
@node_argument
@click.argument("process")
@click.option("--input", "inputs", multiple=True, help="NAME=ID of a dataset; ID@VERSION, ID#FIELD too.")
@click.option("--set", "values", multiple=True, help="NAME=VALUE, such as height=5km; NAME=@FILE.")
@click.option("--title", default="", help="Title of the result.")
@click.option("--memory-mb", type=click.IntRange(256), default=None, help="Memory the job may use.")
@click.option("--seconds", type=click.FloatRange(1), default=None, help="Time the job may take.")
@click.option("--detach", is_flag=True, help="Put the job into the queue and do not wait.")
@json_option
@with_node
def run(
    node: Node,
    process: str,
    inputs: tuple[str, ...],
    values: tuple[str, ...],
    title: str,
    memory_mb: int | None,
    seconds: float | None,
    detach: bool,
    as_json: bool,
) -> int:
    """Run PROCESS, or an application, on datasets of NODE; the result is a dataset.

    Asked again with the same inputs and parameters, it gives the same result at
    once. Ctrl-C stops the job. Exits 1 when the job failed.
    """
    from craton.cli.runs import lists, settings
    from craton.jobs.submission import Request

    request = Request(
        process=process,
        inputs=lists(inputs, "--input"),
        parameters=settings(values, "--set"),
        title={"und": title} if title else {},
        limits=node.settings.job_limits(memory_mb=memory_mb or 0, seconds=seconds or 0.0),
    )
    job = _queued(node, request) if detach else _ran(node, request, quiet=as_json)
    if as_json:
        print_json(job)
    elif detach:
        click.echo(f"job {job.id} waits; it is run by craton serve", err=True)
        click.echo(job.id)
    else:
        present_jobs.job_end(node, job)
    return EXIT_REFUSED if job.state in {"failed", "dismissed"} else 0


def _queued(node: Node, request: Any) -> Job:
    from craton.jobs.manager import submit

    return submit(node.store, node.queue, request)


def _ran(node: Node, request: Any, *, quiet: bool) -> Job:
    """Run one job here and wait for it; Ctrl-C dismisses it."""
    with _interrupts() as stop:
        job = _queued(node, request)
        with present_jobs.watching(quiet=quiet) as tell, node.manager(root=job.id) as manager:

            def pause(seconds: float) -> None:
                if stop.is_set():
                    stop.clear()
                    with suppress(ConflictError):  # it has just ended
                        manager.dismiss(job.id)
                manager.pause(seconds)

            return node.queue.wait(job.id, tell=tell, pause=pause)


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, wherever the program is; the second interrupts it.

    An exception raised in the middle of a library may be swallowed there; an event is not.
    """
    stop = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        stop.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@craton.command()
@node_argument
@click.argument("job", required=False, default="")
@click.option("--watch", is_flag=True, help="Wait until JOB is over.")
@click.option("--cancel", is_flag=True, help="Stop JOB.")
@click.option("--retry", is_flag=True, help="Put JOB, failed or stopped, back into the queue.")
@click.option("--forget", is_flag=True, help="Remove JOB, which is over, from the list; results stay.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many.")
@json_option
@with_node
def jobs(
    node: Node, job: str, watch: bool, cancel: bool, retry: bool, forget: bool, limit: int, as_json: bool
) -> None:
    """List the jobs of NODE, newest first, or show or change one JOB."""
    asked = sum((watch, cancel, retry, forget))
    if asked > 1 or (asked and not job):
        raise InvalidError("give one JOB and one of --watch, --cancel, --retry, --forget")
    if not job:
        found = node.queue.find(parent="", limit=limit)
        if as_json:
            for one in found:
                print_json(one)
        else:
            present_jobs.job_table(found)
        return
    one = _changed(node, job, watch=watch, cancel=cancel, retry=retry, forget=forget)
    if as_json:
        print_json(one)
    else:
        present_jobs.job_card(one, node.queue.steps(job))


def _changed(node: Node, id: str, *, watch: bool, cancel: bool, retry: bool, forget: bool) -> Job:
    job = node.queue.get(id)
    if cancel:
        return node.queue.dismiss(id)
    if retry:
        return node.queue.retry(id)
    if forget:
        node.queue.forget(id)
    if watch:
        with present_jobs.watching(quiet=False) as tell:
            return node.queue.wait(id, tell=tell)
    return job


@craton.command()
@node_argument
@click.argument("id")
@click.option(
    "--as", "form", type=click.Choice(["graph", "prov", "ro-crate"]), default="graph",
    help="What to write: the graph for people, W3C PROV-JSON, or RO-Crate metadata.",
)  # fmt: skip
@json_option
@with_node
def provenance(node: Node, id: str, form: str, as_json: bool) -> None:
    """Tell how dataset ID of NODE came to be: every dataset, run and person it stands on."""
    document = node[id].provenance(form)
    if form != "graph":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif as_json:
        print_json(document)
    else:
        present.lineage(document)
