"""Processes and applications on the web: the lists, and one of them described."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.jobs.app_run import candidates
from craton.model.errors import NotFoundError
from craton.process.app import App
from craton.process.apps import apps, find_app
from craton.process.ogc import JOB_CONTROL, TRANSMISSION, description, summary, to_openapi
from craton.process.processes import find_process, processes
from craton.process.schema import param_schema
from craton.process.spec import Param, Spec
from craton.process.spoken import spoken
from craton.web.formats import output_schema
from craton.web.negotiation import languages_of
from craton.web.queries import MOST, check_query, number_of, page_links
from craton.web.replies import EXCEPTIONS, Json, ProblemError, link, path_of, reply
from craton.web.site import Site

EXECUTE = "http://www.opengis.net/def/rel/ogc/1.0/execute"

MOST_CANDIDATES = 100
"""Datasets told for each need of an application."""


def process_of(id: str) -> Spec:
    """Process `id`, or the problem of the standard."""
    try:
        return find_process(id)
    except NotFoundError as error:
        raise ProblemError(404, EXCEPTIONS + "no-such-process", error.message, hint=error.hint) from None


def app_of(id: str) -> App:
    """Application `id`, or the problem of the standard."""
    try:
        return find_app(id)
    except NotFoundError as error:
        raise ProblemError(404, EXCEPTIONS + "no-such-process", error.message, hint=error.hint) from None


def list_processes(site: Site, request: Request) -> Response:
    """List the processes in the order of their identifiers."""
    check_query(request, "limit", "offset")
    limit = number_of(request, "limit", MOST, least=1, most=MOST)
    offset = number_of(request, "offset", 0)
    base, all_, languages = site.base(request), processes(), languages_of(request)
    shown = [_summarised(base, spoken(spec, languages)) for spec in all_[offset : offset + limit]]
    links = page_links(request, base, limit=limit, offset=offset, more=offset + limit < len(all_))
    return reply(request, {"processes": shown, "links": links})


def _summarised(base: str, spec: Spec) -> Json:
    address = base + path_of("processes", spec.id)
    links = [
        link(address, "self", "the description"),
        link(f"{address}/execution", EXECUTE, "where to run it"),
    ]
    return {**summary(spec), "additionalParameters": _kinds(spec), "links": links}


def _kinds(spec: Spec) -> Json:
    """Kinds of data that `spec` takes and gives, for those who look for a process by what they have."""
    words = {"inputKinds": spec.inputs, "outputKinds": spec.outputs}
    kinds = {name: dict.fromkeys(p.data.kind for p in params if p.data) for name, params in words.items()}
    parameters = [{"name": name, "value": list(value)} for name, value in kinds.items()]
    return {"title": "Craton", "parameters": parameters}


def show_process(site: Site, request: Request) -> Response:
    """Describe one process: its inputs with units and ranges, and the formats of its outputs.

    Who reads this may soon run it, so what it would run in is made ready.
    """
    check_query(request)
    spec = spoken(process_of(request.path_params["process"]), languages_of(request))
    site.manager.executor.start()
    base = site.base(request)
    links = [*_summarised(base, spec)["links"], link(f"{base}/processes", "up", "all processes")]
    return reply(request, {**process_document(spec), "links": links})


def process_document(spec: Spec) -> Json:
    """Description of `spec`; its outputs as they are given by value."""
    said = description(spec)
    for output in spec.outputs:
        said["outputs"][output.name]["schema"] = schema_of_output(output)
    return said


def schema_of_output(output: Param) -> Json:
    """Schema of what an output is given as."""
    assert output.data is not None
    return output_schema(output.data.kind)


def list_apps(site: Site, request: Request) -> Response:
    """List the applications, and whether the data they need is here."""
    check_query(request)
    base = site.base(request)
    shown = [_app_summary(site, base, app) for app in apps().values()]
    return reply(request, {"apps": shown, "links": [link(f"{base}/apps", "self", "this list")]})


def _app_summary(site: Site, base: str, app: App) -> Json:
    address = base + path_of("apps", app.id)
    missing = [
        name for name, need in app.needs.items()
        if not need.optional and not candidates(site.store, need, site.actor)
    ]  # fmt: skip
    return {
        "id": app.id, "version": app.version, "title": app.title, "question": app.question,
        "description": app.description, "ready": not missing, "missing": missing,
        "jobControlOptions": JOB_CONTROL, "outputTransmission": TRANSMISSION,
        "links": [link(address, "self", "the description"), link(f"{address}/execution", EXECUTE)],
    }  # fmt: skip


def show_app(site: Site, request: Request) -> Response:
    """Describe one application: what it needs and what of that is here, its parameters, steps and results."""
    check_query(request)
    app = app_of(request.path_params["app"])
    site.manager.executor.start()
    said = _app_summary(site, site.base(request), app)
    inputs: dict[str, Any] = {name: _need(site, app, name) for name in app.needs}
    inputs |= {name: _app_parameter(app, name) for name in app.parameters}
    steps = [{"step": s.id, "processID": s.process, "title": s.title} for s in app.steps]
    return reply(
        request,
        {**said, "inputs": inputs, "steps": steps, "outputs": app_outputs(app), "show": app.show},
    )


def _need(site: Site, app: App, name: str) -> Json:
    need = app.needs[name]
    said: Json = {k: v for k, v in msgspec.to_builtins(need).items() if v}
    found = candidates(site.store, need, site.actor)[:MOST_CANDIDATES]
    return {
        **said, "schema": {"type": "string", "format": "dataset-id"}, "minOccurs": 0, "maxOccurs": 1,
        "candidates": [record.id for record in found],
    }  # fmt: skip


def _app_parameter(app: App, name: str) -> Json:
    _spec, param = app.parameter(name)
    schema = to_openapi(param_schema(param))
    required, default = app.is_required(name), app.default(name)
    if not required:
        schema["default"] = list(default) if isinstance(default, tuple) else default
    if table := app.table_of(name):
        schema["x-craton"] = {**schema["x-craton"], "columnOf": table}
    words, title = schema.pop("description"), schema.pop("title")
    return {
        "title": app.parameters[name].title or title,
        "description": words,
        "schema": schema,
        "minOccurs": int(required),
    }


def app_outputs(app: App) -> dict[str, Json]:
    """Results of `app` by name, with what they are given as."""
    return {
        name: {"title": name, "description": param.doc, "schema": schema_of_output(param)}
        for name, param in outputs_of_app(app).items()
    }


def outputs_of_app(app: App) -> dict[str, Param]:
    """Output of the step that each result of `app` is."""
    found: dict[str, Param] = {}
    for name in app.show.results:
        step_id, _, output = name.partition(".")
        step = app.step(step_id)
        if step is not None:
            outputs = find_process(step.process).outputs
            found[name] = next((o for o in outputs if o.name == output), outputs[0])
    return found
