"""Runs of applications: needs found in the catalogue, steps asked for as their inputs get ready.

An application's job does nothing itself: its steps are ordinary jobs, whose
results are reused like any others'. So it goes on after a crash where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from craton.jobs.job import Fault, InputRef, Job, changed
from craton.jobs.queue import JobQueue
from craton.jobs.submission import Request, job_of, open_record
from craton.model.errors import ConflictError, ContractError, CratonError
from craton.model.moments import now
from craton.model.permission import Actor, visible_to
from craton.model.record import Record
from craton.process.app import App, Need, Step
from craton.process.apps import find_app, has_app
from craton.process.processes import find_process
from craton.process.spec import Param
from craton.process.values import allowed_words, canonical, from_door
from craton.store.store import Store

ALL = 2**31 - 1
SHOWN = 6
"""Datasets named in a message that asks to choose."""


def is_app(id: str) -> bool:
    """Whether `id` is an application rather than a process."""
    return "." not in id and has_app(id)


def app_job(store: Store, request: Request) -> Job:
    """The job that `request` for an application asks for.

    Raises
    ------
    ContractError
        If a needed dataset is not there or is not the only one, or a parameter is not legal.
    """
    app = find_app(request.process)
    parameters = msgspec.to_builtins(_parameters(app, request.parameters))
    for name in request.inputs:
        if name not in app.needs:
            raise ContractError(
                app.id, name, f"one of its needs: {', '.join(app.needs)}", "a name it has not"
            )
    found = {name: _given(store, app, name, request) for name in app.needs}
    inputs: dict[str, tuple[InputRef, ...]] = {name: (ref,) for name, ref in found.items() if ref is not None}
    given = {name: [r.id, r.content or r.version, r.variable] for name, (r, *_) in inputs.items()}
    key = hashlib.sha256(
        canonical({"app": app.id, "version": app.version, "inputs": given, "set": parameters}).encode()
    )
    return Job(
        id="", app=app.id, version=app.version, inputs=inputs, parameters=parameters, key=key.hexdigest(),
        title=request.title or app.title, actor=request.actor, limits=request.limits,
        subscriber=request.subscriber, answer=request.answer,
    )  # fmt: skip


def _parameters(app: App, given: Mapping[str, Any]) -> dict[str, Any]:
    for name in given:
        if name not in app.parameters:
            names = ", ".join(app.parameters) or "it has none"
            raise ContractError(app.id, name, f"one of its parameters: {names}", "a name it does not have")
    values = {}
    for name in app.parameters:
        spec, param = app.parameter(name)
        if name not in given and app.is_required(name):
            raise ContractError(app.id, name, f"given: {allowed_words(param)}", "left out")
        values[name] = from_door(spec.id, param, given[name]) if name in given else app.default(name)
    return values


def _given(store: Store, app: App, name: str, request: Request) -> InputRef | None:
    """The dataset stated for need `name`, or the only one in the catalogue that fits."""
    stated = request.inputs.get(name)
    if stated is not None:
        texts = [stated] if isinstance(stated, str) else list(stated)
        if len(texts) != 1:
            raise ContractError(app.id, name, "one dataset", f"{len(texts)}")
        record, field = open_record(store, request.actor, texts[0])
        if not _fits(app.needs[name], record):
            raise ContractError(app.id, name, _wanted(app.needs[name]), _what(record))
        return _ref(app.needs[name], record, field)
    need = app.needs[name]
    if need.optional and not need.quantity:
        return None
    fitting = candidates(store, need, request.actor)
    if len(fitting) == 1:
        return _ref(need, fitting[0], "")
    if need.optional:
        return None
    ids = ", ".join(r.id for r in fitting[:SHOWN]) or "none in the catalogue"
    raise ContractError(
        app.id, name, f"one dataset, {_wanted(app.needs[name])}", f"found as {ids}",
        hint=f"choose one with --input {name}=ID" if fitting else "add such data to the node",
    )  # fmt: skip


def candidates(store: Store, need: Need, actor: Actor) -> list[Record]:
    """Datasets that fit `need` and `actor` may see, newest first; derived ones only where no others are."""
    found: dict[str, Record] = {}
    for quantity in need.quantity or ("",):
        records = store.find(kind=need.kind, quantity=quantity, visibility=visible_to(actor), limit=ALL)
        found |= {r.id: r for r in records if _fits(need, r)}
    own = [r for r in found.values() if r.lineage.run is None]
    return own or list(found.values())


def _fits(need: Need, record: Record) -> bool:
    has = _carried(record)
    types = {str(t).removeprefix("Multi") for t in record.properties.get("geometry_types", ())}
    return (
        record.kind == need.kind
        and (not need.quantity or bool(has & set(need.quantity)))
        and (not need.geometry or (bool(types) and types <= set(need.geometry)))
    )


def _carried(record: Record) -> set[str]:
    """Quantities of a dataset and its columns."""
    return {q.name for q in record.quantities} | {c.quantity for c in record.columns if c.quantity}


def _wanted(need: Need) -> str:
    parts = [f"a {need.kind}"]
    if need.quantity:
        parts.append(f"of {' or '.join(need.quantity)}")
    if need.geometry:
        parts.append(f"with {' or '.join(need.geometry)} geometries")
    return " ".join(parts)


def _what(record: Record) -> str:
    names = sorted({q.name for q in record.quantities})
    return f"{record.id}, a {record.kind}" + (f" of {', '.join(names[:SHOWN])}" if names else "")


def _ref(need: Need, record: Record, field: str) -> InputRef:
    named = [q.variable for q in record.quantities if q.name in need.quantity and q.variable]
    variable = field or (named[0] if need.kind == "grid" and len(set(named)) == 1 else "")
    return InputRef(id=record.id, version=record.version, content=record.content, variable=variable)


def advance(store: Store, queue: JobQueue, job: Job) -> Job:
    """Ask for the steps of `job` whose inputs are ready; end it when nothing is left to do."""
    if job.is_over:
        return job
    steps = {one.step: one for one in queue.steps(job.id)}
    fault = _fault(steps)
    try:
        app = _app_of(job)
        there = _there(store, app, job)
        wanted = [step for step in app.steps if step.is_wanted(there)]
        for step in wanted if fault is None else ():
            if step.id not in steps and _is_ready(step, steps, wanted):
                steps[step.id] = queue.put(job_of(store, _request(store, app, step, job, steps)))
    except CratonError as error:
        fault = Fault(kind=error.kind, message=error.message, hint=error.hint)
    if fault is not None:
        job = queue.update(job.id, lambda one: _failed(one, fault))
    else:
        job = queue.update(job.id, lambda one: _state(app, one, wanted, steps))
    if job.state in {"failed", "dismissed"}:
        queue.stop_steps(job.id)
    return job


def _app_of(job: Job) -> App:
    """The application of `job`, as it was when the job was asked for."""
    app = find_app(job.app)
    if app.version != job.version:
        raise ConflictError(
            f"{app.id} is version {app.version} by now, the job asked for {job.version}", hint="ask again"
        )
    return app


def _there(store: Store, app: App, job: Job) -> set[str]:
    """Needs that are there, and as `need.quantity` what those carry on which a step hangs."""
    hung = {need for step in app.steps for need, _, what in map(_parted, (step.given, step.unless)) if what}
    found = set(job.inputs)
    for name in hung & found:
        ref = job.inputs[name][0]
        record, _ = open_record(store, job.actor, f"{ref.id}@{ref.version}")
        found |= {f"{name}.{quantity}" for quantity in _carried(record)}
    return found


def _parted(condition: str) -> tuple[str, str, str]:
    return condition.partition(".")


def _failed(job: Job, fault: Fault) -> Job | None:
    return (
        None if job.is_over else changed(job, state="failed", ended=now(), fault=fault, message=fault.message)
    )


def _fault(steps: Mapping[str, Job]) -> Fault | None:
    # Steps are dismissed because another one failed, which is the reason to tell.
    states = ("failed", "dismissed")
    failed = next((s for state in states for s in steps.values() if s.state == state), None)
    if failed is None:
        return None
    why = failed.fault or Fault(kind="dismissed", message="it was dismissed")
    return msgspec.structs.replace(why, message=f"step {failed.step}: {why.message}")


def _is_ready(step: Step, steps: Mapping[str, Job], wanted: list[Step]) -> bool:
    """Whether every step whose result this one may take has it."""
    waits = {source.partition(".")[0] for sources in step.inputs.values() for source in sources}
    before = {one.id for one in wanted if one.id in waits}
    return all(id in steps and steps[id].state == "successful" for id in before)


def _request(store: Store, app: App, step: Step, job: Job, steps: Mapping[str, Job]) -> Request:
    """What the application asks of the process of `step`."""
    inputs = {}
    for name, sources in step.inputs.items():
        there = [found for source in sources if (found := _source(source, job, steps))]
        if there:
            inputs[name] = there[0]
    fed = {
        of.partition(".")[2]: job.parameters[name]
        for name, parameter in app.parameters.items()
        for of in parameter.of
        if of.partition(".")[0] == step.id
    }
    values = {
        name: _column(store, job.actor, find_process(step.process).param(name), value, inputs)
        for name, value in {**step.set, **fed}.items()
        if _has_its_table(step, name, inputs)
    }
    return Request(
        process=step.process, inputs=inputs, parameters=values, title=step.title,
        actor=job.actor, limits=job.limits, parent=job.id, step=step.id, app=f"{app.id}@{app.version}",
    )  # fmt: skip


def _has_its_table(step: Step, name: str, inputs: Mapping[str, str]) -> bool:
    """Whether a parameter makes sense: one that names a column of a table needs that table to be there."""
    param = find_process(step.process).param(name)
    return param is None or param.column_of is None or param.column_of.table in inputs


def _column(store: Store, actor: Actor, param: Param | None, value: Any, inputs: Mapping[str, str]) -> Any:
    """`value`; of a quantity in place of a column, the only column of the table that has it."""
    if param is None or param.column_of is None or not value:
        return value
    record, _ = open_record(store, actor, inputs[param.column_of.table])
    named = {column.name: column.quantity for column in record.columns}
    return tuple(column_named(one, named) for one in value) if param.many else column_named(value, named)


def column_named(value: str, quantities: Mapping[str, str]) -> str:
    """Column that `value` names, or its quantity with what a process has added to the name; else `value`."""
    if value in quantities:
        return value
    likely = (
        name + value.removeprefix(what)
        for name, what in quantities.items()
        if what and value.startswith(what)
    )
    found = [name for name in likely if name in quantities]
    return found[0] if len(found) == 1 else value


def _source(source: str, job: Job, steps: Mapping[str, Job]) -> str:
    """Dataset that `source`, a need or a step, stands for in this run; empty where there is none."""
    if source in job.inputs:
        ref = job.inputs[source][0]
        return f"{ref.id}@{ref.version}" + (f"#{ref.variable}" if ref.variable else "")
    id, _, output = source.partition(".")
    if id not in steps:
        return ""
    results = steps[id].results
    return results[output] if output else next(iter(results.values()))


def _state(app: App, job: Job, wanted: list[Step], steps: Mapping[str, Job]) -> Job | None:
    """`job` as it is now that its steps are as they are."""
    if job.is_over:
        return None
    done = [step.id for step in wanted if step.id in steps and steps[step.id].state == "successful"]
    percent = 100.0 * len(done) / max(len(wanted), 1)
    if len(done) < len(wanted):
        at = next((s.title.get("en", s.id) for s in wanted if s.id not in done), "")
        told = msgspec.structs.replace(
            job, state="running", started=job.started or now(), percent=round(percent, 1), message=at
        )
        return None if told == job else changed(told)
    shown = [name for name in app.show.results if name.partition(".")[0] in steps]
    results = {name: _source(name, job, steps) for name in shown}
    reused = all(s.reused for s in steps.values())
    return changed(
        job, state="successful", percent=100.0, ended=now(), message="", results=results, reused=reused,
        started=job.started or now(),
    )  # fmt: skip
