"""Results of jobs: each output by value or by reference, alone, in a document or in parts (18-062r2)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.jobs.job import Job
from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.web.files import Part, Parts, written_reply
from craton.web.formats import Written, written
from craton.web.jobs import dismissed, find_job, job_path, not_ready
from craton.web.queries import check_query
from craton.web.replies import (
    GEOJSON,
    OWN_PROBLEMS,
    Json,
    ProblemError,
    link_header,
    path_of,
    problem_reply,
    reply,
)
from craton.web.site import Site, site_of

MOST_INLINE = 32 << 20
"""Bytes of an output that are put into a JSON document."""

ASKERS_FAULTS = frozenset({"contract", "invalid", "refused"})
"""Kinds of faults that whoever asked can mend by asking otherwise."""


class OutputWish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an output is wanted; an empty media type stands for the one of its kind."""

    mode: Literal["value", "reference"] = "value"
    media_type: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How the results of a job are wanted; no outputs named means all of them."""

    response: Literal["raw", "document"] = "document"
    outputs: dict[str, OutputWish] = {}


async def show_results(request: Request) -> Response:
    """Give the results of a job in the way they were asked for when it was put into the queue."""
    check_query(request)
    site = site_of(request)
    return await results_reply(site, request, await site.read(find_job, site, request))


async def results_reply(site: Site, request: Request, job: Job) -> Response:
    """Reply with the results of `job`, or with why it has none."""
    if job.state == "dismissed":
        raise dismissed(job)
    if job.fault is not None:
        return problem_reply(request, failure_of(job))
    if not job.is_over:
        raise not_ready(job)
    answer = answer_of(job)
    base = site.base(request)
    records = await site.read(_records, site, job, answer)
    wishes = {name: answer.outputs.get(name, OutputWish()) for name in records}
    if answer.response == "document":
        document = await site.write(_document, site, base, records, wishes)
        return reply(request, document, headers={"Link": _monitor(base, job)})
    return await _raw(site, request, job, records, wishes)


def answer_of(job: Job) -> Answer:
    """How the results of `job` are wanted."""
    return msgspec.convert(job.answer, Answer)


def _records(site: Site, job: Job, answer: Answer) -> dict[str, Record]:
    """Records of the outputs that are wanted."""
    wanted = answer.outputs or job.results
    missing = [name for name in wanted if name not in job.results]
    if missing:
        raise NotFoundError(f"job {job.id} made no {missing[0]!r}")
    try:
        return {name: site.record(job.results[name], "read") for name in wanted}
    except NotFoundError as error:
        message = f"a result of job {job.id} is not here any more"
        raise NotFoundError(message, hint="run it again") from error


def failure_of(job: Job) -> ProblemError:
    """Why `job` failed."""
    assert job.fault is not None
    status = 400 if job.fault.kind in ASKERS_FAULTS else 500
    more: Json = {"jobID": job.id, "processID": job.process or job.app}
    return ProblemError(
        status, OWN_PROBLEMS + job.fault.kind, job.fault.message, hint=job.fault.hint, more=more
    )


def reference(base: str, record: Record, wish: OutputWish | None = None) -> Json:
    """Link to a result: to its record, or to its data in the format that was asked for."""
    href = base + path_of("datasets", record.id)
    if wish is None or not wish.media_type:
        return {"href": href, "rel": "item", "type": GEOJSON, "title": record.name("en")}
    address = f"{href}/data?f={quote(wish.media_type, safe='')}"
    return {"href": address, "rel": "item", "type": wish.media_type, "title": record.name("en")}


def references(site: Site, base: str, job: Job) -> Json:
    """Links to all results of `job`."""
    return {name: reference(base, record) for name, record in _records(site, job, Answer()).items()}


def _document(site: Site, base: str, records: Mapping[str, Record], wishes: Mapping[str, OutputWish]) -> Json:
    """All outputs in one document."""
    return {
        name: reference(base, record, wishes[name])
        if wishes[name].mode == "reference"
        else _inline(site, base, record, wishes[name])
        for name, record in records.items()
    }


def _inline(site: Site, base: str, record: Record, wish: OutputWish) -> Json:
    """An output as a value of the document: GeoJSON as it is, text as text, all else in base 64.

    One that is too large becomes a link, unless its format was asked for.
    """
    made = written(site, record, wish.media_type)
    try:
        size = made.path.stat().st_size
        if size > MOST_INLINE and not wish.media_type:
            return reference(base, record)
        if size > MOST_INLINE:
            raise InvalidError(
                f"{record.id} has {size} bytes as {made.media_type}, more than {MOST_INLINE} in a document",
                hint="ask for it with transmissionMode reference, or with response raw",
            )
        return _value(made)
    finally:
        made.close()


def _value(made: Written) -> Json:
    content = made.path.read_bytes()
    if made.media_type == GEOJSON:
        return {"value": msgspec.Raw(content), "mediaType": made.media_type}
    if made.media_type.startswith("text/"):
        return {"value": content.decode("utf-8", "replace"), "mediaType": made.media_type}
    return {"value": base64.b64encode(content).decode(), "mediaType": made.media_type, "encoding": "base64"}


def _monitor(base: str, job: Job) -> str:
    return link_header(base + job_path(job), "monitor")


async def _raw(
    site: Site, request: Request, job: Job, records: Mapping[str, Record], wishes: Mapping[str, OutputWish]
) -> Response:
    """Outputs without a document: one by value as it is, references as headers, else parts."""
    base = site.base(request)
    links = [_monitor(base, job)]
    if all(wish.mode == "reference" for wish in wishes.values()):
        links += [_linked(base, name, record, wishes[name]) for name, record in records.items()]
        return Response(status_code=204, headers={"Link": ", ".join(links)})
    if len(records) == 1:
        ((name, record),) = records.items()
        made = await site.write(written, site, record, wishes[name].media_type)
        links.append(link_header(base + path_of("datasets", record.id), "describedby", type=GEOJSON))
        return written_reply(request, made, {"Link": ", ".join(links)})
    parts = await site.write(_parts, site, base, records, wishes)
    return Parts(parts, {"Link": ", ".join(links)})


def _linked(base: str, name: str, record: Record, wish: OutputWish) -> str:
    said = reference(base, record, wish)
    return link_header(said["href"], "item", type=said["type"], title=name)


def _parts(
    site: Site, base: str, records: Mapping[str, Record], wishes: Mapping[str, OutputWish]
) -> list[Part]:
    """A part for each output; files made so far are removed if one cannot be made."""
    parts: list[Part] = []
    try:
        for name, record in records.items():
            headers = {"Content-ID": f"<{name}>"}
            if wishes[name].mode == "reference":
                headers["Content-Location"] = reference(base, record, wishes[name])["href"]
                parts.append(Part(headers))
                continue
            made = written(site, record, wishes[name].media_type)
            parts.append(Part({"Content-Type": made.media_type, **headers}, made))
    except BaseException:
        for part in parts:
            if part.made is not None:
                part.made.close()
        raise
    return parts
