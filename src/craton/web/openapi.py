"""The definition of the API (OpenAPI 3.0.3), drawn from the registered processes; it stands by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.jobs.job import State
from craton.process.apps import apps
from craton.process.ogc import description
from craton.process.processes import processes
from craton.process.spec import Spec
from craton.web.area import Area, areas_of
from craton.web.callbacks import SUCCESS
from craton.web.datasets import WRITERS
from craton.web.landing import OPENAPI_TYPE
from craton.web.negotiation import FORMS, wants_page
from craton.web.openapi_formats import with_formats
from craton.web.openapi_parts import (
    FILE,
    answer,
    file_reading,
    operation,
    page_parameters,
    path_parameter,
    problems,
    query_parameter,
    reading,
)
from craton.web.openapi_people import ANYONE, SCHEMES, TURNED_AWAY, with_refusals
from craton.web.openapi_schemas import ANY_OBJECT, SPAN, TEXT, ref
from craton.web.queries import DEFAULT_LIMIT, MOST, check_query
from craton.web.replies import GEOJSON, JSON, Json, reply
from craton.web.site import Site

VERSION = "3.0.3"


def show_api(site: Site, request: Request) -> Response:
    """Tell all that can be asked here."""
    check_query(request)
    areas = areas_of(request)
    info = {
        "title": site.options.title or "A Craton node",
        "version": site.options.version or "0",
        "description": "Datasets of a geological survey's node, and processes that run on them.",
    }
    told = _told(request, areas)
    kind = Json if wants_page(request, OPENAPI_TYPE) else dict[str, msgspec.Raw]
    document = {
        "openapi": VERSION, "info": info, "servers": [{"url": site.base(request)}],
        "tags": [{"name": area.name} for area in areas],
        "security": ANYONE,
        **msgspec.json.decode(told, type=kind),
    }  # fmt: skip
    return reply(request, document, media_type=OPENAPI_TYPE)


def _told(request: Request, areas: tuple[Area, ...]) -> bytes:
    """Paths and components of all `areas` as JSON, drawn once: they stay as they are while a server runs."""
    state = request.app.state
    if not hasattr(state, "told"):
        state.told = msgspec.json.encode({
            "paths": with_refusals(with_formats(_joined(area.paths() for area in areas))),
            "components": {
                "schemas": _merged(area.schemas for area in areas),
                "responses": TURNED_AWAY,
                "securitySchemes": SCHEMES,
            },
        })  # fmt: skip
    told: bytes = state.told
    return told


def _merged(parts: Iterable[Mapping[str, Any]]) -> Json:
    return {name: said for part in parts for name, said in part.items()}


def _joined(parts: Iterable[Mapping[str, Any]]) -> Json:
    """Paths of all `parts`; of one that several tell, the methods of each."""
    paths: Json = {}
    for part in parts:
        for path, methods in part.items():
            paths[path] = {**paths.get(path, {}), **methods}
    return paths


def node_paths() -> Json:
    """Paths that tell about the API."""
    return {
        "/": reading("getLandingPage", "Node", "What is here", "landingPage"),
        "/conformance": reading("getConformanceClasses", "Node", "Standards that are kept", "confClasses"),
    }


@cache
def process_paths() -> Json:
    """Paths of the processes; the execution of each has its own, with the schema of its inputs."""
    specs = processes()
    id_ = path_parameter("processID", [spec.id for spec in specs])
    return {
        "/processes": reading(
            "getProcesses", "Processes", "All processes", "processList", page_parameters(MOST)
        ),
        "/processes/{processID}": reading(
            "getProcessDescription", "Processes", "One process", "process", [id_], 404
        ),
        "/processes/{processID}/execution": _execution(
            "execute", "Processes", "Run a process", ref("execute"), [id_]
        ),
        **{f"/processes/{spec.id}/execution": _own_execution(spec) for spec in specs},
    }


def app_paths() -> Json:
    """Paths of the applications."""
    id_ = path_parameter("appID", list(apps()))
    run = _execution("executeApp", "Applications", "Run an application", ref("execute"), [id_])
    return {
        "/apps": reading("getApps", "Applications", "All applications", "apps"),
        "/apps/{appID}": reading("getApp", "Applications", "One application", "app", [id_], 404),
        "/apps/{appID}/execution": run,
    }


def job_paths() -> Json:
    """Paths of the jobs."""
    id_ = path_parameter("jobID")
    job = reading("getStatus", "Jobs", "How far a job is", "statusInfo", [id_], 404)
    stop = operation("dismiss", "Jobs", "Stop a job, or take one that is over from the list", [id_])
    stop["responses"] = {"200": answer("the job", ref("statusInfo")), **problems(403, 404, 410)}
    results = operation("getResult", "Jobs", "Results of a job, as they were asked for", [id_])
    results["responses"] = {**_result_replies(), **problems(400, 404, 410, 500)}
    return {
        "/jobs": reading("getJobs", "Jobs", "Jobs that visitors asked for", "jobList", _job_filters()),
        "/jobs/{jobID}": {**job, "delete": stop},
        "/jobs/{jobID}/results": {"get": results},
    }


def _job_filters() -> list[Json]:
    words: Json = {"type": "array", "items": TEXT}
    states: Json = {"type": "array", "items": {"type": "string", "enum": list(get_args(State))}}
    types: Json = {"type": "array", "items": {"type": "string", "enum": ["process"]}}
    seconds: Json = {"type": "number", "minimum": 0}
    time = "a moment, or an interval with .. at an open side, in which the job was asked for"
    return [
        query_parameter("type", types), query_parameter("processID", words),
        query_parameter("status", states),
        query_parameter("datetime", SPAN, time), query_parameter("minDuration", seconds, "seconds"),
        query_parameter("maxDuration", seconds, "seconds"), *page_parameters(DEFAULT_LIMIT),
    ]  # fmt: skip


def dataset_paths() -> Json:
    """Paths of the datasets."""
    id_ = path_parameter("datasetID")
    start = "/datasets/{datasetID}"
    asset = [id_, path_parameter("asset")]
    forms = query_parameter("f", {"type": "string", "enum": [*WRITERS, *FORMS], "default": "graph"})
    said = "a media type, or a short name such as geojson, csv, gpkg, parquet, tif, nc"
    history = reading("getProvenance", "Datasets", "How it came to be", "provenance", [id_, forms], 404)
    content = history["get"]["responses"]["200"]["content"]
    content |= {media: {"schema": ANY_OBJECT} for _, media in WRITERS.values() if media != JSON}
    data = file_reading(
        "getData", "Datasets", "The data in another format", [id_, query_parameter("f", TEXT, said)]
    )
    member = file_reading("getMember", "Datasets", "A file of several", [*asset, path_parameter("member")])
    return {
        "/datasets": reading(
            "getDatasets",
            "Datasets",
            "Datasets anyone may see",
            "records",
            page_parameters(DEFAULT_LIMIT),
            media=GEOJSON,
        ),
        start: reading("getDataset", "Datasets", "One dataset", "record", [id_], 404, media=GEOJSON),
        f"{start}/provenance": history,
        f"{start}/data": data,
        f"{start}/assets/{{asset}}": file_reading("getAsset", "Datasets", "Its bytes", asset),
        f"{start}/assets/{{asset}}/{{member}}": member,
    }


def _execution(id: str, tag: str, words: str, schema: Json, parameters: list[Json]) -> Json:
    prefer = {"name": "Prefer", "in": "header", "schema": TEXT, "description": "respond-async, wait=10"}
    said = operation(id, tag, words, [*parameters, prefer])
    accepted = answer("the job waits or runs", ref("statusInfo"))
    accepted["headers"] = {"Location": {"description": "the job", "schema": TEXT}}
    return {
        "post": {
            **said,
            "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
            "responses": {
                **_result_replies(), "201": accepted, **problems(400, 401, 404, 408, 410, 413, 415, 500),
            },
            "callbacks": {"jobCompleted": _callback()},
        }
    }  # fmt: skip


def _callback() -> Json:
    taken = {"200": {"description": "taken"}}
    body = {"content": {JSON: {"schema": ref("results")}}}
    return {f"{{$request.body#/subscriber/{SUCCESS}}}": {"post": {"requestBody": body, "responses": taken}}}


def _own_execution(spec: Spec) -> Json:
    """Running `spec`, with the schema of its inputs."""
    told = description(spec)["inputs"]
    inputs: Json = {
        "type": "object",
        "properties": {name: _input(said) for name, said in told.items()},
        "additionalProperties": False,
    }
    if required := [name for name, said in told.items() if said["minOccurs"]]:
        inputs["required"] = required
    own: Json = {"type": "object", "properties": {"inputs": inputs}}
    if required:
        own["required"] = ["inputs"]
    execute: Json = {"allOf": [ref("execute"), own]}
    id_ = "execute_" + re.sub(r"\W", "_", spec.id)
    return _execution(id_, "Processes", spec.title, execute, [])


def _input(said: Json) -> Json:
    """Schema of an input: its own, or a link or an object with a value in its place."""
    one: Json = {"anyOf": [said["schema"], ref("qualifiedValue"), ref("link")]}
    if said["maxOccurs"] != 1:
        one = {"anyOf": [one, {"type": "array", "items": one}]}
    return {**one, "title": said["title"], "description": said["description"]}


def _result_replies() -> Json:
    document = answer("the results", ref("results"))
    document["content"]["*/*"] = {"schema": FILE}
    return {"200": document, "204": {"description": "the results are linked in the headers"}}
