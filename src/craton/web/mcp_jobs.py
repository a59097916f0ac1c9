"""Tools of an agent that run processes and applications, and follow their jobs."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from craton.jobs.job import Job
from craton.jobs.submission import Request
from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.permission import visible_to
from craton.web.mcp_tool import Json, Session

MOST_SECONDS = 300.0
"""Seconds that one call waits at most."""

WaitSeconds = Annotated[
    float,
    Meta(ge=0, description=f"Seconds to wait for the end, at most {MOST_SECONDS:g}; then ask with get_job."),
]


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be run."""

    process: Annotated[str, Meta(description="Identifier of a process (terrain.slope) or an application.")]
    inputs: Annotated[
        dict[str, str | list[str]],
        Meta(
            description="Datasets by name of input (of an application: of need): ID, ID@VERSION, or ID#FIELD "
            "for one field of a grid; a list where the input takes several."
        ),
    ] = {}
    parameters: Annotated[
        dict[str, Any],
        Meta(
            description="Values by name: a number in the declared unit, or text with a unit such as "
            '"0.5 km"; '
            "what is left out has its default."
        ),
    ] = {}
    title: Annotated[str, Meta(description="Title of the result, for people.")] = ""
    wait_seconds: WaitSeconds = 20.0


class GetJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which job."""

    job: Annotated[str, Meta(description="Identifier of the job, from run_process.")]
    wait_seconds: WaitSeconds = 0.0


class CancelJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which job."""

    job: Annotated[str, Meta(description="Identifier of the job.")]


class ResultAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dataset that was made."""

    id: str
    title: str
    kind: str


class StepAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of an application."""

    step: str
    process: str
    state: str
    percent: float


class JobAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job: `state` is accepted, running, successful, failed or dismissed; times are UTC.

    `results` are new datasets by name of output, there once it is successful; read them with read_dataset.
    `reused` says that the same had been computed before. `fault` says why it failed and what to do.
    """

    job: str
    process: str
    version: str
    state: str
    percent: float
    remaining_seconds: float | None = None
    message: str = ""
    results: dict[str, ResultAnswer] = {}
    reused: bool = False
    fault: Json = {}
    inputs: dict[str, list[str]] = {}
    parameters: Json = {}
    steps: tuple[StepAnswer, ...] = ()
    created: str = ""
    started: str = ""
    ended: str = ""
    next: str = ""


def run_process(session: Session, asked: Run) -> Job:
    """Run a process or an application on datasets of this node; the result is a new dataset.

    Same process, inputs and parameters give the same result at once, without computing again. Waits up to
    `wait_seconds`, then gives the job as it is; follow it with get_job. The result keeps who asked, the
    inputs and all parameters as its provenance, and the licence that follows from its inputs. An error
    names the parameter, what is allowed and what came: mend the call and send it again.
    """
    if session.manager is None:
        raise InvalidError(
            "this agent may run nothing here", hint="start it with: craton mcp NODE --allow-run"
        )
    if session.queue().count("accepted") >= session.waiting:
        raise ConflictError(f"{session.waiting} jobs wait already", hint="ask again later")
    return session.manager.submit(
        Request(
            process=asked.process, inputs=asked.inputs, parameters=asked.parameters, actor=session.actor,
            title={"und": asked.title} if asked.title else {}, limits=session.limits,
        )
    )  # fmt: skip


def get_job(session: Session, asked: GetJob) -> Job:
    """Tell how far a job is: state, percent, remaining seconds if they can be told, results, or the fault."""
    return own_job(session, asked.job)


def cancel_job(session: Session, asked: CancelJob) -> Job:
    """Stop a job that waits or runs; what it had begun to write is removed."""
    job = own_job(session, asked.job)
    if session.manager is None:
        raise InvalidError(
            "this agent may stop nothing here", hint="start it with: craton mcp NODE --allow-run"
        )
    return session.manager.dismiss(job.id)


def own_job(session: Session, id: str) -> Job:
    """Job `id`, if this agent asked for it, in a role that saw no more than this one."""
    absent = NotFoundError(f"there is no job {id!r} of this agent", hint="run_process names jobs")
    try:
        job = session.queue().get(id)
    except NotFoundError:
        raise absent from None
    seen, sees = set(visible_to(job.actor)), set(visible_to(session.actor))
    if job.actor.name != session.actor.name or not seen <= sees:
        raise absent
    return job


def job_answer(session: Session, job: Job) -> JobAnswer:
    """`job` as it is told to the agent."""
    steps = session.queue().steps(job.id) if job.is_app else []
    results = job.results if job.state == "successful" else {}
    return JobAnswer(
        job=job.id, process=job.process or job.app, version=job.version, state=job.state, percent=job.percent,
        remaining_seconds=job.remaining, message=job.message, reused=job.reused,
        results={name: _result(session, id) for name, id in results.items()},
        fault=msgspec.to_builtins(job.fault) if job.fault else {},
        inputs={k: [f"{r.id}@{r.version}" for r in refs] for k, refs in job.inputs.items()},
        parameters=job.parameters, created=job.created, started=job.started, ended=job.ended,
        steps=tuple(
            StepAnswer(step=s.step, process=s.process, state=s.state, percent=s.percent) for s in steps
        ),
        next="" if job.is_over else "call get_job with this job, and wait_seconds to wait for its end",
    )  # fmt: skip


def _result(session: Session, id: str) -> ResultAnswer:
    try:
        record = session.record(id)
    except NotFoundError:
        return ResultAnswer(id=id, title="it was deleted since, or may not be seen", kind="")
    return ResultAnswer(id=id, title=record.name("en"), kind=record.kind)
