"""Running a process or an application: what a request asks for, at once or in its own time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.jobs.job import Job
from craton.jobs.submission import Request as JobRequest
from craton.model.errors import ContractError, InvalidError
from craton.model.record import Kind
from craton.process.values import shown
from craton.web.callbacks import check_callbacks
from craton.web.formats import check_format
from craton.web.jobs import job_path, job_reply
from craton.web.processes import app_of, outputs_of_app, process_of
from craton.web.replies import Json, problem_of, too_busy
from craton.web.results import Answer, OutputWish, results_reply
from craton.web.shell import read_json
from craton.web.site import Site, site_of
from craton.web.watching import StoppedError

ROWS = frozenset({"FeatureCollection", "Feature"})
"""Types of GeoJSON that a person may try to send as a table."""

RESPOND_ASYNC = "respond-async"

Line = Annotated[str, msgspec.Meta(max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
"""A line of text."""


class WantedFormat(msgspec.Struct, kw_only=True, rename="camel"):
    """Format of an output, as it is asked for."""

    media_type: str = ""
    encoding: str = ""
    schema: Any = None


class WantedOutput(msgspec.Struct, kw_only=True, rename="camel"):
    """How one output is asked for."""

    transmission_mode: Literal["value", "reference"] = "value"
    format: WantedFormat = msgspec.field(default_factory=WantedFormat)


class Execute(msgspec.Struct, kw_only=True):
    """Request to run something; `mode` is of drafts of the standard, and counts as a preference.

    `title` names the results, where they are not there already.
    """

    inputs: dict[str, Any] = {}
    outputs: dict[str, WantedOutput] = {}
    response: Literal["raw", "document"] = "raw"
    subscriber: dict[str, str] = {}
    mode: Literal["auto", "sync", "async"] = "auto"
    title: Line = ""


async def run_process(request: Request) -> Response:
    """Run a process; see `_execute`."""
    spec = process_of(request.path_params["process"])
    kinds = {output.name: output.data.kind for output in spec.outputs if output.data is not None}
    inputs = {param.name for param in spec.inputs}
    return await _execute(request, spec.id, inputs, kinds)


async def run_app(request: Request) -> Response:
    """Run an application; see `_execute`."""
    app = app_of(request.path_params["app"])
    kinds = {name: param.data.kind for name, param in outputs_of_app(app).items() if param.data is not None}
    return await _execute(request, app.id, set(app.needs), kinds)


async def _execute(request: Request, id: str, names: set[str], kinds: Mapping[str, Kind]) -> Response:
    """Put the job into the queue, then wait for it, unless the asker prefers not to.

    Who waits may go away: the job goes on, and asking again gives its result.
    """
    site = site_of(request)
    asked = _read(await read_json(request), id)
    answer = _answer(asked, id, kinds)
    check_callbacks(site.options.callback_hosts, asked.subscriber)
    inputs, parameters = _parted(site, request, id, asked.inputs, names)
    wanted = JobRequest(
        process=id, inputs=inputs, parameters=parameters, actor=site.actor, limits=site.options.limits,
        subscriber=asked.subscriber, answer=msgspec.to_builtins(answer),
        title={"und": asked.title} if asked.title else {},
    )  # fmt: skip
    job = await site.read(_submit, site, wanted)
    request.app.state.callbacks.follow(job)
    preferences = preferences_of(request)
    later = RESPOND_ASYNC in preferences or asked.mode == "async"
    seconds = _seconds(preferences) if later else float("inf")
    over: Job | None = job if job.is_over else None
    if over is None and seconds > 0:
        over = await _over(site, request, job, seconds)
    if over is None:
        return await site.read(_accepted, site, request, job)
    return await results_reply(site, request, over)


async def _over(site: Site, request: Request, job: Job, seconds: float) -> Job | None:
    """`job` once it is over; nothing after `seconds`, or when the asker is gone."""
    try:
        return await site.watcher.over(job.id, seconds, lambda: _left(request))
    except StoppedError as error:
        problem = problem_of(error)
        problem.more = {"jobID": job.id}
        raise problem from error


def _read(document: Json, id: str) -> Execute:
    try:
        return msgspec.convert(document, Execute)
    except msgspec.ValidationError as error:
        raise InvalidError(f"the request to run {id} is wrong: {error}") from error


def _answer(asked: Execute, id: str, kinds: Mapping[str, Kind]) -> Answer:
    """How the results are wanted; all outputs, where none are named."""
    for name, wish in asked.outputs.items():
        if name not in kinds:
            allowed = f"one of its outputs: {', '.join(kinds)}"
            raise ContractError(id, f"outputs.{name[:60]}", allowed, "a name it does not have")
        check_format(id, name, kinds[name], wish.format.media_type)
    wishes = {
        name: OutputWish(mode=wish.transmission_mode, media_type=wish.format.media_type)
        for name, wish in asked.outputs.items()
    }
    return Answer(response=asked.response, outputs=wishes)


def _submit(site: Site, wanted: JobRequest) -> Job:
    if site.manager.queue.count("accepted") >= site.options.waiting:
        raise too_busy(f"{site.options.waiting} jobs wait already")
    job = site.manager.submit(wanted)
    datasets = sorted({ref.id for refs in job.inputs.values() for ref in refs})
    site.visit.note("job", job=job.id, process=job.process or job.app, datasets=datasets)
    return job


def _accepted(site: Site, request: Request, job: Job) -> Response:
    """Reply that the job waits or runs, and where to look for it."""
    job = site.manager.queue.get(job.id)
    address = site.base(request) + job_path(job)
    headers = {"Location": address, "Preference-Applied": RESPOND_ASYNC}
    return job_reply(site, request, job, status=201, headers=headers)


async def _left(request: Request) -> None:
    """Return once the asker is gone; the body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def preferences_of(request: Request) -> dict[str, str]:
    """Preferences of the header `Prefer` (RFC 7240), with their values."""
    said: dict[str, str] = {}
    for header in request.headers.getlist("prefer"):
        for text in header.split(","):
            name, _, value = text.partition(";")[0].partition("=")
            if name.strip():
                said.setdefault(name.strip().lower(), value.strip().strip('"'))
    return said


def _seconds(preferences: Mapping[str, str]) -> float:
    """Seconds that someone who prefers not to wait would still wait, as `respond-async, wait=5` says."""
    text = preferences.get("wait", "0")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _parted(
    site: Site, request: Request, id: str, given: Mapping[str, Any], names: set[str]
) -> tuple[dict[str, str | list[str]], Json]:
    """Inputs that are datasets, and those that are plain values."""
    base = site.base(request)
    inputs: dict[str, str | list[str]] = {}
    parameters: Json = {}
    for name, value in given.items():
        if name not in names:
            parameters[name] = _plain(id, name, value)
        elif isinstance(value, list):
            inputs[name] = [_dataset(id, name, one, base) for one in value]
        elif value is not None:
            inputs[name] = _dataset(id, name, value, base)
    return inputs, parameters


def _plain(id: str, name: str, value: Any) -> Any:
    """A plain value; it may stand in an object under `value`."""
    if isinstance(value, dict) and "value" in value:
        return value["value"]
    if isinstance(value, dict) and "href" in value:
        raise ContractError(id, name[:60], "given by value", "a link")
    return value


DATASET_WORDS = "a dataset of this node: its identifier, or a link to it"


def _dataset(id: str, name: str, value: Any, base: str) -> str:
    """Dataset that `value` names: an identifier, a link, or either in an object under `value`."""
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    if isinstance(value, dict) and isinstance(value.get("href"), str):
        return _linked(id, name, value["href"], base)
    if isinstance(value, str) and value:
        return _linked(id, name, value, base) if "://" in value else value
    hint = ""
    if isinstance(value, dict) and value.get("type") in ROWS:
        hint = "data is not taken inside a request; add it to the node first, then name it: craton add"
    raise ContractError(id, name, DATASET_WORDS, shown(value), hint=hint)


def _linked(id: str, name: str, href: str, base: str) -> str:
    """Dataset of this node that `href` leads to; nothing is ever fetched from elsewhere."""
    start = base + "/datasets/"
    absolute = href if "://" in href else _origin(base) + href
    if not absolute.startswith(start):
        raise ContractError(
            id, name, f"{DATASET_WORDS} that begins with {start}", shown(href),
            hint="data of other hosts is not fetched; add it to the node first",
        )  # fmt: skip
    parts = urlsplit(absolute)
    rest = parts.path[len(urlsplit(start).path) :]
    variable = f"#{unquote(parts.fragment)}" if parts.fragment else ""
    return unquote(rest.partition("/")[0]) + variable


def _origin(base: str) -> str:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"
