"""Jobs on the web: the list, how far one is, stopping it (18-062r2, classes core, job-list, dismiss)."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.jobs.conditions import Range
from craton.jobs.job import InputRef, Job, State
from craton.model.errors import ConflictError, NotFoundError
from craton.model.permission import CHANGERS, owns
from craton.web.queries import (
    DEFAULT_LIMIT,
    MOST,
    check_query,
    number_of,
    page_links,
    seconds_of,
    times_of,
    words_of,
)
from craton.web.replies import EXCEPTIONS, OWN_PROBLEMS, Json, ProblemError, link, path_of, reply
from craton.web.site import Site

RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"
FAILURE = "http://www.opengis.net/def/rel/ogc/1.0/exceptions"
JOB_LIST = "http://www.opengis.net/def/rel/ogc/1.0/job-list"

TYPE = "process"
"""The only type of job."""

GONE = 410


def job_path(job: Job) -> str:
    """Where the job is told of."""
    return path_of("jobs", job.id)


def status_document(base: str, job: Job, steps: list[Job] | None = None) -> Json:
    """How far `job` is, as the standard tells it, with the steps of an application beside it."""
    said: Json = {
        "processID": job.process or job.app,
        "type": TYPE,
        "jobID": job.id,
        "status": job.state,
        "message": job.message,
        "created": job.created,
        "started": job.started,
        "finished": job.ended,
        "updated": job.updated,
        "progress": int(job.percent),
        "reused": job.reused,
        "remainingSeconds": None if job.remaining is None else round(job.remaining, 1),
        "steps": [_step(step) for step in steps or ()],
        "links": _links(base, job),
    }
    kept = {"progress", "links"}
    return {k: v for k, v in said.items() if k in kept or v not in ("", None, False, [])}


def _step(step: Job) -> Json:
    said: Json = {"step": step.step, "processID": step.process, "status": step.state}
    return {**said, "progress": int(step.percent)}


def _links(base: str, job: Job) -> list[Json]:
    links = [link(base + job_path(job), "self", "this job")]
    if job.state == "successful":
        links.append(link(f"{base}{job_path(job)}/results", RESULTS, "its results"))
    if job.state == "failed":
        links.append(link(f"{base}{job_path(job)}/results", FAILURE, "why it failed"))
    kind = "apps" if job.is_app else "processes"
    return [*links, link(base + path_of(kind, job.process or job.app), "up", "what was run")]


def find_job(site: Site, request: Request) -> Job:
    """The job that the address names, or the problem of the standard."""
    id = request.path_params["job"]
    try:
        return site.job(id)
    except NotFoundError as error:
        raise ProblemError(404, EXCEPTIONS + "no-such-job", error.message, hint=error.hint) from None


def list_jobs(site: Site, request: Request) -> Response:
    """Tell the jobs that who asks asked for, newest first; managers are told all."""
    check_query(
        request, "type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit", "offset"
    )
    limit = number_of(request, "limit", DEFAULT_LIMIT, least=1, most=MOST)
    offset = number_of(request, "offset", 0)
    asked: dict[str, Any] = {
        "states": _states(request), "process": words_of(request, "processID"), "created": times_of(request),
        "seconds": Range(seconds_of(request, "minDuration"), seconds_of(request, "maxDuration")),
    }  # fmt: skip
    words_of(request, "type", (TYPE,))
    found: list[Job] = []
    if site.may_have_jobs:
        found = site.manager.queue.find(**asked, **_whose(site), parent="", limit=limit + 1, offset=offset)
    base = site.base(request)
    links = page_links(request, base, limit=limit, offset=offset, more=len(found) > limit)
    return reply(request, {"jobs": [status_document(base, j) for j in found[:limit]], "links": links})


def _whose(site: Site) -> dict[str, Any]:
    """Condition on who asked for the jobs; none for managers."""
    if site.actor.role in CHANGERS:
        return {}
    return {"actor": site.actor.name, "visitor": site.actor.visitor}


def _states(request: Request) -> tuple[State, ...]:
    return msgspec.convert(words_of(request, "status", get_args(State)), tuple[State, ...])


def show_job(site: Site, request: Request) -> Response:
    """Tell how far a job is."""
    check_query(request)
    return job_reply(site, request, find_job(site, request))


def job_reply(
    site: Site, request: Request, job: Job, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Reply with how far `job` is."""
    steps = site.manager.queue.steps(job.id) if job.is_app else []
    said = status_document(site.base(request), job, steps)
    return reply(request, {**said, **_asked(job)}, status=status, headers=headers)


def _asked(job: Job) -> Json:
    """What `job` was asked with, and the datasets it made."""
    inputs: Json = {name: [_named(ref) for ref in refs] for name, refs in job.inputs.items()}
    said = {"inputs": inputs | job.parameters, "datasets": job.results if job.state == "successful" else {}}
    return {name: value for name, value in said.items() if value}


def _named(ref: InputRef) -> str:
    """An input as it would be asked for again."""
    field = f"#{ref.variable}" if ref.variable else ""
    return f"{ref.id}@{ref.version}{field}"


def dismiss_job(site: Site, request: Request) -> Response:
    """Stop a job that waits or runs; take one that is over from the list. Results stay datasets.

    One that was stopped before is gone.
    """
    job = find_job(site, request)
    if not owns(site.actor, job.actor):
        raise ProblemError(
            403, OWN_PROBLEMS + "forbidden", f"job {job.id} was asked for by someone else",
            hint="jobs are known by the cookie that came when they were asked for; keep it, or sign in",
        )  # fmt: skip
    if job.state == "dismissed":
        raise dismissed(job)
    site.visit.note("job dismissed", job=job.id)
    try:
        job = site.manager.dismiss(job.id)
    except ConflictError:  # it is over, perhaps only just now
        job = site.job(job.id)
        site.manager.queue.forget(job.id)
        job = msgspec.structs.replace(job, state="dismissed", message="taken from the list; results stay")
    return job_reply(site, request, job)


def dismissed(job: Job) -> ProblemError:
    """The problem of a job that was stopped."""
    return ProblemError(
        GONE, EXCEPTIONS + "no-such-job", f"job {job.id} was dismissed", hint="ask for it again"
    )


def not_ready(job: Job) -> ProblemError:
    """The problem of a job that is not over."""
    return ProblemError(
        404, EXCEPTIONS + "result-not-ready", f"job {job.id} is {job.state}; it has no results yet",
        hint="ask again later",
    )  # fmt: skip
