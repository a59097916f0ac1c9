"""Tools of an agent that look at what can be computed: processes and applications."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from craton.jobs.app_run import candidates
from craton.model.crs import is_geographic
from craton.model.record import Record
from craton.process.app import App
from craton.process.apps import apps, find_app
from craton.process.marks import Grid, Table
from craton.process.processes import find_process, processes
from craton.process.schema import input_schema, marks, output_schema, plain_default
from craton.process.spec import Param, Spec
from craton.process.values import allowed_words
from craton.web.mcp_tool import Json, Session

MOST_PROCESSES = 100
MOST_CANDIDATES = 20
GRIDDED = frozenset({"grid", "volume"})


class ListProcesses(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which processes."""

    text: Annotated[
        str, Meta(description="Words that must all occur in identifier, title, description or keywords.")
    ] = ""
    dataset: Annotated[str, Meta(description="Only processes that take this dataset (its identifier).")] = ""
    offset: Annotated[int, Meta(ge=0, description="Processes to pass over.")] = 0


class ProcessLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One process in short: `takes` says which data each input wants, `gives` what comes out.

    `plane` asks for a grid on axes in metres; one in degrees goes through grid.reproject first.
    """

    id: str
    title: str
    takes: dict[str, Json] = {}
    gives: dict[str, Json] = {}


class ProcessesAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Processes by identifier; `total` counts all that match."""

    total: int
    processes: tuple[ProcessLine, ...]
    next_offset: int | None = None


def list_processes(session: Session, asked: ListProcesses) -> ProcessesAnswer:
    """List what can be computed here: one line a process, with the data it takes and gives.

    Give words (gravity, slope, 缓冲) or a dataset to narrow the list. Then look at describe_process before
    you run one.
    """
    record = session.record(asked.dataset, "process") if asked.dataset else None
    found = [s for s in processes() if _says(s, asked.text) and (record is None or _takes(s, record))]
    part = found[asked.offset : asked.offset + MOST_PROCESSES]
    after = asked.offset + len(part)
    return ProcessesAnswer(
        total=len(found), processes=tuple(map(_line, part)), next_offset=after if after < len(found) else None
    )


def _says(spec: Spec, text: str) -> bool:
    said = _folded(
        " ".join((spec.id.replace("_", " "), spec.id, spec.title, spec.description, *spec.keywords))
    )
    return all(word in said for word in _folded(text).split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _takes(spec: Spec, record: Record) -> bool:
    return any(_fits(param, record) for param in spec.inputs)


def _fits(param: Param, record: Record) -> bool:
    """Whether kind, quantity and geometry of `record` are what an input wants; units are seen by the run."""
    data = param.data
    if data is None or (data.kind != record.kind and not {data.kind, record.kind} <= GRIDDED):
        return False
    has = {q.name for q in record.quantities} | {c.quantity for c in record.columns} - {""}
    if isinstance(data, Grid):
        wanted = set(filter(None, data.quantities))
        placed = not data.plane or not is_geographic(record.crs)
        return placed and (not wanted or not has or bool(wanted & has))
    types = {str(t).removeprefix("Multi") for t in record.properties.get("geometry_types", ())}
    return not (isinstance(data, Table) and data.geometry) or (bool(types) and types <= set(data.geometry))


def _line(spec: Spec) -> ProcessLine:
    return ProcessLine(
        id=spec.id, title=spec.title, takes={p.name: _wants(p) for p in spec.inputs},
        gives={p.name: marks(p) for p in spec.outputs},
    )  # fmt: skip


def _wants(param: Param) -> Json:
    return {
        **marks(param),
        **({"several": True} if param.many else {}),
        **({} if param.required else {"may_be_left_out": True}),
    }


class DescribeProcess(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which process."""

    id: Annotated[str, Meta(description="Identifier from list_processes, such as terrain.slope.")]


class ProcessAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything about a process: `inputs` are datasets, `parameters` plain values in the units stated.

    `formula` says what is computed; `input_schema` holds inputs and parameters together.
    """

    id: str
    version: str
    title: str
    description: str
    formula: str = ""
    references: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    inputs: dict[str, Json] = {}
    parameters: dict[str, Json] = {}
    results: dict[str, Json] = {}
    input_schema: Json = {}
    output_schema: Json = {}


def describe_process(session: Session, asked: DescribeProcess) -> ProcessAnswer:
    """Tell all about one process: when to use it and when not, formula, references, inputs and parameters.

    For each parameter: what may be given, in which unit, and the default. run_process takes the `inputs` as
    dataset identifiers and the `parameters` as numbers in that unit, or as text with a unit ("0.5 km").
    """
    del session
    return process_answer(find_process(asked.id))


def process_answer(spec: Spec) -> ProcessAnswer:
    """Everything about `spec`."""
    return ProcessAnswer(
        id=spec.id, version=spec.version, title=spec.title, description=spec.description, formula=spec.notes,
        references=spec.references, keywords=spec.keywords,
        inputs={p.name: {"about": p.doc, **_wants(p)} for p in spec.inputs},
        parameters={p.name: _parameter(p) for p in spec.values},
        results={p.name: {"about": p.doc, **marks(p)} for p in spec.outputs},
        input_schema=input_schema(spec), output_schema=output_schema(spec),
    )  # fmt: skip


def _parameter(param: Param) -> Json:
    said: Json = {"about": param.doc, "allowed": allowed_words(param), "unit": param.unit}
    return said if param.required else said | {"default": plain_default(param)}


class ListApps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing is asked."""


class AppLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One application: `ready` says whether this node has data for each need."""

    id: str
    title: str
    question: str
    ready: bool
    missing: tuple[str, ...] = ()


class AppsAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All applications."""

    apps: tuple[AppLine, ...]


def list_apps(session: Session, asked: ListApps) -> AppsAnswer:
    """List the applications, chains of processes that answer a question, and whether their data is here."""
    del asked
    return AppsAnswer(apps=tuple(_app_line(session, app) for app in apps().values()))


def _app_line(session: Session, app: App) -> AppLine:
    missing = [
        name for name, need in app.needs.items()
        if not need.optional and not candidates(session.store, need, session.actor)
    ]  # fmt: skip
    return AppLine(
        id=app.id, title=_english(app.title), question=_english(app.question), ready=not missing,
        missing=tuple(missing),
    )  # fmt: skip


def _english(words: dict[str, str]) -> str:
    return words.get("en") or next(iter(words.values()), "")


class DescribeApp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which application."""

    id: Annotated[str, Meta(description="Identifier from list_apps.")]


class AppAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything about an application.

    Of each need, `candidates` are the datasets of this node that fit: one is taken by itself, of several one
    must be given in `inputs` of run_process.
    """

    id: str
    version: str
    title: str
    question: str
    description: str
    ready: bool
    needs: dict[str, Json] = {}
    parameters: dict[str, Json] = {}
    steps: tuple[Json, ...] = ()
    results: tuple[str, ...] = ()


def describe_app(session: Session, asked: DescribeApp) -> AppAnswer:
    """Tell all about one application: its question, the data it needs and has here, parameters, steps."""
    app = find_app(asked.id)
    return AppAnswer(
        id=app.id, version=app.version, title=_english(app.title), question=_english(app.question),
        description=_english(app.description), ready=_app_line(session, app).ready,
        needs={name: _need(session, app, name) for name in app.needs},
        parameters={name: _app_parameter(app, name) for name in app.parameters},
        steps=tuple({"step": s.id, "process": s.process, "title": _english(s.title)} for s in app.steps),
        results=app.show.results,
    )  # fmt: skip


def _need(session: Session, app: App, name: str) -> Json:
    need = app.needs[name]
    said: dict[str, Any] = {k: v for k, v in msgspec.to_builtins(need).items() if v and k != "title"}
    found = candidates(session.store, need, session.actor)
    return {"title": _english(need.title), **said, "candidates": [r.id for r in found[:MOST_CANDIDATES]]}


def _app_parameter(app: App, name: str) -> Json:
    _spec, param = app.parameter(name)
    default = app.default(name)
    stated = app.parameters[name].title
    said = _parameter(param) | ({"title": _english(stated)} if stated else {})
    if app.is_required(name):
        return said
    return {**said, "default": list(default) if isinstance(default, tuple) else default}
