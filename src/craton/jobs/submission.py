"""From what was asked to a job: datasets found and permitted, parameters converted, the key worked out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from craton.jobs.job import InputRef, Job, JobLimits
from craton.jobs.opening import choose_variable
from craton.jobs.run_task import result_id
from craton.model.errors import ContractError
from craton.model.permission import OWNER, Actor
from craton.model.record import LanguageMap, Record
from craton.process.marks import Data
from craton.process.processes import find_process
from craton.process.spec import Param, Spec
from craton.process.values import canonical, from_doors
from craton.store.access import permitted
from craton.store.store import Store

KIND_WORDS = {
    "grid": "a grid", "volume": "a volume", "table": "a table", "boreholes": "drill holes", "mesh": "a mesh",
    "series": "a series", "document": "a document",
}  # fmt: skip

GRIDDED = frozenset({"grid", "volume"})

HOW = "name it as ID, ID@2 for its second version, ID#FIELD for a field of a grid"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a person or a program asks for.

    Parameters
    ----------
    process : str
        Identifier of a process, or of an application.
    inputs : mapping
        By parameter: `ID`, `ID@VERSION`, `ID#FIELD`, or several of them.
    parameters : mapping
        As they came through the door, such as `"0.5 km"`.
    """

    process: str
    inputs: Mapping[str, str | Sequence[str]] = {}
    parameters: Mapping[str, Any] = {}
    title: LanguageMap = {}
    actor: Actor = OWNER
    limits: JobLimits = JobLimits()
    parent: str = ""
    step: str = ""
    app: str = ""
    subscriber: dict[str, str] = {}
    answer: dict[str, Any] = {}


def open_record(store: Store, actor: Actor, text: str) -> tuple[Record, str]:
    """Record and field that `ID@VERSION#FIELD` names; what `actor` may not see does not exist."""
    name, _, field = text.partition("#")
    return permitted(store, actor, "process", name, hint=HOW), field


def job_of(store: Store, request: Request) -> Job:
    """The job that `request` asks for, checked as far as records and parameters tell.

    Raises
    ------
    NotFoundError
        If the process or a dataset is not there, or may not be seen.
    ContractError
        If an input or a parameter is not what the process declares.
    """
    spec = find_process(request.process)
    parameters = msgspec.to_builtins(from_doors(spec, request.parameters))
    inputs = _inputs(store, spec, request)
    key = job_key(spec, inputs, parameters)
    return Job(
        id="", process=spec.id, version=spec.version, inputs=inputs, parameters=parameters, key=key,
        title=request.title, actor=request.actor, limits=request.limits, parent=request.parent,
        step=request.step, app=request.app, subscriber=request.subscriber, answer=request.answer,
        results={o.name: result_id(spec.id, key, o.name, several=spec.several) for o in spec.outputs},
    )  # fmt: skip


def _inputs(store: Store, spec: Spec, request: Request) -> dict[str, tuple[InputRef, ...]]:
    for name in request.inputs:
        if spec.param(name) not in spec.inputs:
            names = ", ".join(p.name for p in spec.inputs) or "it has none"
            raise ContractError(spec.id, name, f"one of its inputs: {names}", "a name it does not have")
    return {param.name: given for param in spec.inputs if (given := _given(store, spec, param, request))}


def _given(store: Store, spec: Spec, param: Param, request: Request) -> tuple[InputRef, ...]:
    stated = request.inputs.get(param.name, ())
    texts = [stated] if isinstance(stated, str) else list(stated)
    if not texts and param.required:
        raise ContractError(spec.id, param.name, f"given: {_wanted(param.data)}", "left out")
    if len(texts) > 1 and not param.many:
        raise ContractError(spec.id, param.name, f"one dataset: {_wanted(param.data)}", f"{len(texts)}")
    return tuple(_ref(spec.id, param, *open_record(store, request.actor, text)) for text in texts)


def _ref(process: str, param: Param, record: Record, field: str) -> InputRef:
    assert param.data is not None
    wanted, has = param.data.kind, record.kind
    if has != wanted and not {has, wanted} <= GRIDDED:
        raise ContractError(
            process, param.name, f"given: {_wanted(param.data)}", f"{record.id}, {KIND_WORDS[has]}"
        )
    variable = choose_variable(process, param, record, field)
    return InputRef(id=record.id, version=record.version, content=record.content, variable=variable)


def _wanted(data: Data | None) -> str:
    return f"the id of {KIND_WORDS[data.kind]}" if data else "a dataset's id"


def job_key(spec: Spec, inputs: Mapping[str, tuple[InputRef, ...]], parameters: Mapping[str, Any]) -> str:
    """What the result of a job depends on, as a hash: jobs of one key have one result."""
    given = {
        name: [[r.id, r.content or r.version, r.variable] for r in refs] for name, refs in inputs.items()
    }
    text = canonical({"process": spec.id, "version": spec.version, "inputs": given, "parameters": parameters})
    return hashlib.sha256(text.encode()).hexdigest()
