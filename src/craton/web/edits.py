"""Editing what is said of a dataset, and deleting datasets, for managers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.model.edits import edits_of
from craton.model.errors import ConflictError, InvalidError
from craton.model.permission import allowed
from craton.model.record import Record
from craton.web.area import Area
from craton.web.datasets import show_dataset
from craton.web.edits_openapi import SCHEMAS, paths
from craton.web.identity_check import forbidden, unauthorised
from craton.web.queries import check_query
from craton.web.replies import OWN_PROBLEMS, Json, ProblemError
from craton.web.shell import read_json
from craton.web.site import Site, site_of

MOST_REASON = 1000
"""Characters of the reason of a deletion."""

MOST_TRIES = 10
"""Times an edit that was not bound to a version is tried, while others write."""


async def change_dataset(request: Request) -> Response:
    """Edit a dataset, or delete it."""
    site = site_of(request)
    if request.method == "DELETE":
        return await site.read(_delete, site, request)
    await site.read(_changeable, site, request)
    return await site.read(_edit, site, request, await read_json(request))


def _edit(site: Site, request: Request, patch: Json) -> Response:
    """Lay the patch (RFC 7396) over the dataset; the dataset as it then is."""
    check_query(request)
    for _ in range(MOST_TRIES):
        record = _changeable(site, request)
        try:
            edited = site.store.edit(record.id, edits_of(record, patch), expected=record.version)
        except ConflictError:  # someone wrote since we looked: look again, at If-Match too
            continue
        site.visit.note("change", dataset=edited.id, version=edited.version)
        response = show_dataset(site, request)
        response.headers["ETag"] = f'"{edited.version}"'
        return response
    raise ConflictError("others keep changing the dataset", hint="try again")


def _delete(site: Site, request: Request) -> Response:
    """Delete the dataset with all its versions; the reason is told to neighbours."""
    check_query(request, "reason")
    record = _changeable(site, request)
    reason = "".join(c if c.isprintable() else " " for c in request.query_params.get("reason", ""))
    if len(reason) > MOST_REASON:
        raise InvalidError(f"reason must have at most {MOST_REASON} characters")
    site.store.delete(record.id, reason)
    site.visit.note("delete", dataset=record.id, version=record.version)
    return Response(status_code=204)


def _changeable(site: Site, request: Request) -> Record:
    """The dataset that the address names, if who asks may change it as they last saw it."""
    name = request.path_params["dataset"]
    record = site.record(name)
    if not allowed(site.actor, "change", record):
        raise (
            forbidden("only managers change datasets")
            if site.is_named
            else unauthorised("only managers change datasets")
        )
    if "@" in name:
        raise InvalidError("single versions are not changed", hint=f"name the dataset: {record.id}")
    stated = request.headers.get("if-match", "")
    if stated and not _is_seen(stated, record):
        raise ProblemError(
            412, OWN_PROBLEMS + "changed", f"dataset {record.id} has version {record.version} by now",
            hint="read it again, and decide again", headers={"ETag": f'"{record.version}"'},
        )  # fmt: skip
    return record


def _is_seen(stated: str, record: Record) -> bool:
    """Whether If-Match names the version of `record`, as a number or with the identifier before it."""
    tags = {one.strip().removeprefix("W/").strip('"') for one in stated.split(",")}
    return bool(tags & {"*", str(record.version), f"{record.id}@{record.version}"})


AREA = Area(
    "Editing",
    (Route("/datasets/{dataset}", change_dataset, methods=["PATCH", "DELETE"]),),
    paths=paths,
    schemas=SCHEMAS,
)
