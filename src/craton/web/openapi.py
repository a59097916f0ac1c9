"""The definition of the API (OpenAPI 3.0.3), drawn from the registered processes; it stands by itself."""

from __future__ import annotations

import re
from functools import cache
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from craton.jobs.job import State
from craton.process.apps import apps
from craton.process.ogc import description
from craton.process.processes import processes
from craton.process.spec import Spec
from craton.web.callbacks import SUCCESS
from craton.web.datasets import WRITERS
from craton.web.landing import OPENAPI_TYPE
from craton.web.openapi_schemas import SCHEMAS, TEXT, ref
from craton.web.queries import DEFAULT_LIMIT, MOST, check_query
from craton.web.replies import GEOJSON, JSON, PROBLEM, Json, reply
from craton.web.site import Site

VERSION = "3.0.3"

PROBLEMS = {
    400: "a part of the request cannot be used; the reply names it, what is allowed and what came",
    404: "there is no such thing here",
    409: "something else changed it first",
    410: "it was dismissed",
    413: "the request is too large",
    415: "the body is of a type that is not taken",
    503: "the node has too much to do, or is ending; ask again later",
}
"""What each status of a problem means."""


def show_api(site: Site, request: Request) -> Response:
    """Tell all that can be asked here."""
    check_query(request)
    info = {
        "title": site.options.title or "A Craton node",
        "version": site.options.version or "0",
        "description": "Datasets of a geological survey's node, and processes that run on them.",
    }
    document = {
        "openapi": VERSION, "info": info, "servers": [{"url": site.base(request)}], "tags": _tags(),
        "paths": paths(), "components": {"schemas": SCHEMAS},
    }  # fmt: skip
    return reply(request, document, media_type=OPENAPI_TYPE)


def _tags() -> list[Json]:
    return [{"name": name} for name in ("Node", "Processes", "Applications", "Jobs", "Datasets")]


@cache
def paths() -> Json:
    """All addresses; the execution of each process has its own, with the schema of its inputs."""
    return {
        "/": _get("getLandingPage", "Node", "What is here", "landingPage"),
        "/conformance": _get("getConformanceClasses", "Node", "Standards that are kept", "confClasses"),
        **_process_paths(),
        **_app_paths(),
        **_job_paths(),
        **_dataset_paths(),
    }


def _process_paths() -> Json:
    specs = processes()
    id_ = _path("processID", [spec.id for spec in specs])
    return {
        "/processes": _get("getProcesses", "Processes", "All processes", "processList", _page(MOST)),
        "/processes/{processID}": _get(
            "getProcessDescription", "Processes", "One process", "process", [id_], 404
        ),
        "/processes/{processID}/execution": _execution(
            "execute", "Processes", "Run a process", ref("execute"), [id_]
        ),
        **{f"/processes/{spec.id}/execution": _own_execution(spec) for spec in specs},
    }


def _app_paths() -> Json:
    id_ = _path("appID", list(apps()))
    run = _execution("executeApp", "Applications", "Run an application", ref("execute"), [id_])
    return {
        "/apps": _get("getApps", "Applications", "All applications", "apps"),
        "/apps/{appID}": _get("getApp", "Applications", "One application", "app", [id_], 404),
        "/apps/{appID}/execution": run,
    }


def _job_paths() -> Json:
    id_ = _path("jobID")
    job = _get("getStatus", "Jobs", "How far a job is", "statusInfo", [id_], 404)
    stop = _operation("dismiss", "Jobs", "Stop a job, or take one that is over from the list", [id_])
    stop["responses"] = {"200": _reply("the job", ref("statusInfo")), **_problems(404, 410)}
    results = _operation("getResult", "Jobs", "Results of a job, as they were asked for", [id_])
    results["responses"] = {**_result_replies(), **_problems(400, 404, 410)}
    return {
        "/jobs": _get("getJobs", "Jobs", "Jobs that visitors asked for", "jobList", _job_filters()),
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
        _query("type", types), _query("processID", words), _query("status", states),
        _query("datetime", TEXT, time), _query("minDuration", seconds, "seconds"),
        _query("maxDuration", seconds, "seconds"), *_page(DEFAULT_LIMIT),
    ]  # fmt: skip


def _dataset_paths() -> Json:
    id_ = _path("datasetID")
    start = "/datasets/{datasetID}"
    asset = [id_, _path("asset")]
    forms = _query("f", {"type": "string", "enum": list(WRITERS), "default": "graph"})
    said = "a media type, or a short name such as geojson, csv, gpkg, parquet, tif, nc"
    data = _file("getData", "The data in another format", [id_, _query("f", TEXT, said)])
    member = _file("getMember", "A file of several", [*asset, _path("member")])
    return {
        "/datasets": _get(
            "getDatasets",
            "Datasets",
            "Datasets anyone may see",
            "records",
            _page(DEFAULT_LIMIT),
            media=GEOJSON,
        ),
        start: _get("getDataset", "Datasets", "One dataset", "record", [id_], 404, media=GEOJSON),
        f"{start}/provenance": _get(
            "getProvenance", "Datasets", "How it came to be", "provenance", [id_, forms], 404
        ),
        f"{start}/data": data,
        f"{start}/assets/{{asset}}": _file("getAsset", "Its bytes", asset),
        f"{start}/assets/{{asset}}/{{member}}": member,
    }


def _operation(id: str, tag: str, words: str, parameters: list[Json] | None = None) -> Json:
    said: Json = {"operationId": id, "tags": [tag], "summary": words}
    return {**said, "parameters": parameters} if parameters else said


def _get(
    id: str, tag: str, words: str, schema: str, parameters: list[Json] | None = None, *problems: int,
    media: str = JSON,
) -> Json:  # fmt: skip
    operation = _operation(id, tag, words, parameters)
    replies = {"200": _reply(words, ref(schema), media), **_problems(400, *problems)}
    return {"get": {**operation, "responses": replies}}


def _file(id: str, words: str, parameters: list[Json]) -> Json:
    operation = _operation(id, "Datasets", words, parameters)
    replies = {"200": _reply(words, {"type": "string", "format": "binary"}, "*/*"), **_problems(400, 404)}
    return {"get": {**operation, "responses": replies}}


def _execution(id: str, tag: str, words: str, schema: Json, parameters: list[Json]) -> Json:
    prefer = {"name": "Prefer", "in": "header", "schema": TEXT, "description": "respond-async, wait=10"}
    operation = _operation(id, tag, words, [*parameters, prefer])
    accepted = _reply("the job waits or runs", ref("statusInfo"))
    accepted["headers"] = {"Location": {"description": "the job", "schema": TEXT}}
    return {
        "post": {
            **operation,
            "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
            "responses": {
                **_result_replies(), "201": accepted, **_problems(400, 404, 410, 413, 415, 503),
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
    document = _reply("the results", ref("results"))
    document["content"]["*/*"] = {"schema": {"type": "string", "format": "binary"}}
    return {"200": document, "204": {"description": "the results are linked in the headers"}}


def _reply(words: str, schema: Json, media: str = JSON) -> Json:
    return {"description": words, "content": {media: {"schema": schema}}}


def _problems(*statuses: int) -> Json:
    return {str(s): _reply(PROBLEMS[s], ref("exception"), PROBLEM) for s in sorted(set(statuses))}


def _path(name: str, words: list[str] | None = None) -> Json:
    schema = {**TEXT, "enum": words} if words else TEXT
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query(name: str, schema: Json, words: str = "") -> Json:
    said: Json = {"name": name, "in": "query", "schema": schema}
    if schema.get("type") == "array":
        said |= {"style": "form", "explode": False}
    return {**said, "description": words} if words else said


def _page(default: int) -> list[Json]:
    limit: Json = {"type": "integer", "minimum": 1, "maximum": MOST, "default": default}
    return [_query("limit", limit), _query("offset", {"type": "integer", "minimum": 0, "default": 0})]
