"""One run of a process: open the inputs, call it, describe and encode what it gives.

Runs where the executor puts it: in this process, or in a limited child. It
writes only below its own folder; putting the result into the store is the
manager's.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from craton.jobs.assets import content_hash, stage_assets
from craton.jobs.disk import disk_is_full
from craton.jobs.job import Fault, InputRef
from craton.jobs.opening import open_input
from craton.jobs.run_task import RunResult, RunTask
from craton.model.data import ColumnNote, Document, Draft, Mesh, Series
from craton.model.describe import describe
from craton.model.errors import ConflictError, CratonError
from craton.model.licences import joined_licence
from craton.model.moments import now
from craton.model.permission import strictest
from craton.model.record import Asset, Finding, Kind, LanguageMap, Lineage, Parent, Party, Record, Run
from craton.model.units import parse
from craton.process import progress
from craton.process.processes import call, find_process
from craton.process.provenance import environment
from craton.process.spec import Param, Spec
from craton.process.spoken import words_of
from craton.store.codec import decode, encode

SOFTWARE = f"craton {version('craton')}"

LONGEST = 2000
"""Characters kept of why a run failed."""

CALLED, STORED = 0.05, 0.99
"""Shares of a job after which the process is called and the results are encoded."""


def perform(task: RunTask, listener: progress.Listener) -> RunResult:
    """Run `task`; whatever goes wrong is a result too."""
    try:
        with progress.listening(listener):
            return _perform(task)
    except Exception as error:  # noqa: BLE001 - whatever a process throws ends its own job only
        return RunResult(fault=_fault(task, error))


def _fault(task: RunTask, error: Exception) -> Fault:
    """Why a run failed, in words short enough to be kept and shown."""
    hint = ""
    if disk_is_full(task.folder):
        kind, message, hint = (
            "disk-full",
            "no space is left on the node's disk",
            "free space, and run it again",
        )
    elif isinstance(error, CratonError):
        kind, message, hint = error.kind, error.message, error.hint
    elif isinstance(error, MemoryError) or "bad_alloc" in _words_of(error):
        kind, message = "too-large", f"{task.process} needs more memory than the job may use"
        hint = "raise jobs.memory_mb, or run it on a part of the data"
    else:
        traceback.print_exception(error)
        kind, message = "crashed", f"{task.process} failed ({type(error).__name__}: {_words_of(error)})"
    return Fault(kind=kind, message=_short(message), hint=_short(hint))


def _words_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error that cannot tell of itself
        return "it gives no words"


def _short(text: str) -> str:
    """`text` without what JSON cannot hold, cut where it is very long."""
    plain = text.encode("utf-8", "backslashreplace").decode()
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}…"


def _perform(task: RunTask) -> RunResult:
    spec, started = find_process(task.process), now()
    if spec.version != task.version:
        raise ConflictError(
            f"{spec.id} is version {spec.version} here, the job asked for {task.version}", hint="ask again"
        )
    progress.report(0.0, "opening inputs")
    with ExitStack() as stack:
        scheduler = stack.enter_context(_scheduler(task.scheduler))
        arguments = {**_opened(spec, task), **_values(spec, task.parameters)}
        progress.report(CALLED, spec.title)
        with progress.listening(_part(CALLED, 0.5)):
            result = scheduler(spec, arguments)
        parts = result if spec.several else (result,)
        stack.enter_context(_counted(0.5, STORED))
        records, staged, texts = [], dict[str, str](), dict[str, str]()
        for number, (output, data) in enumerate(zip(spec.outputs, parts, strict=True)):
            record, files = _stored(task, spec, output, data, Path(task.folder) / str(number), started)
            records.append(record)
            staged |= files
            if isinstance(data, Document) and data.text:
                texts[record.id] = data.text
    return RunResult(records=tuple(records), staged=staged, texts=texts)


def _part(start: float, stop: float) -> progress.Listener:
    """Listener that tells the present one of a part of the work as a part of the whole."""
    listener = progress.current()

    def tell(fraction: float, message: str) -> None:
        if listener is not None:
            listener(start + (stop - start) * fraction, message)

    return tell


def _opened(spec: Spec, task: RunTask) -> dict[str, Any]:
    opened: dict[str, Any] = {}
    for param in spec.inputs:
        given = [
            open_input(spec.id, param, i.record, i.ref.variable, i.paths)
            for i in task.inputs.get(param.name, ())
        ]
        opened[param.name] = tuple(given) if param.many else (given[0] if given else None)
    return opened


def _values(spec: Spec, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the process takes them; lists of the message become tuples."""
    return {p.name: tuple(v) if isinstance(v := parameters[p.name], list) else v for p in spec.values}


@contextmanager
def _scheduler(address: str) -> Iterator[Callable[[Spec, dict[str, Any]], Any]]:
    """How to call a process: here, or on the Dask cluster at `address`, lazy results included."""
    if not address:
        yield call
        return
    from craton.jobs.cluster import on_cluster

    with on_cluster(address) as remote:
        yield remote


@contextmanager
def _counted(start: float, stop: float) -> Iterator[None]:
    """Report the blocks that the local scheduler computes as progress from `start` to `stop`."""
    from craton.jobs.counting import BlockCounter

    with BlockCounter(_part(start, stop)):
        yield


def _stored(
    task: RunTask, spec: Spec, output: Param, data: Any, folder: Path, started: str
) -> tuple[Record, dict[str, str]]:
    """Record of one output, and its files by hash."""
    import xarray as xr

    assert output.data is not None
    folder.mkdir(parents=True)
    if isinstance(data, xr.DataArray):
        data = _as_dataset(data)
    crs = _crs_of(data)
    assets, staged = stage_assets(encode(data, output.data.kind, folder, crs=crs))
    draft = Draft(
        data=_seen(data, output.data.kind, assets, staged), kind=output.data.kind,
        titles=_titles(task, spec, output, data), crs=crs, notes=_notes(data), licence=_licence(task),
        parties=_parties(task),
    )  # fmt: skip
    record = describe(draft, id=task.results[output.name])
    return msgspec.structs.replace(
        record, lineage=_lineage(task, spec, output, started, record.lineage.steps), assets=assets,
        content=content_hash(assets), visibility=strictest(_parents(task)), findings=_findings(task, record),
    ), staged  # fmt: skip


def _seen(data: Any, kind: Kind, assets: Mapping[str, Asset], staged: Mapping[str, str]) -> Any:
    """What is described: the data, or what was stored of it where that was computed only then."""
    if not getattr(data, "chunks", None):
        return data
    return decode(kind, assets, lambda member: Path(staged[member.sha256]))


def _as_dataset(field: Any) -> Any:
    dataset = field.to_dataset(name=field.name)
    dataset.attrs = {k: v for k, v in field.attrs.items() if k in {"crs", "history"}}
    dataset[field.name].attrs = {k: v for k, v in field.attrs.items() if k not in {"crs", "history"}}
    return dataset


def _crs_of(data: Any) -> str:
    """Reference system that the data carries, as text; that of drill holes and series is their places'."""
    if isinstance(data, Mesh):
        return data.crs
    placed = getattr(data, "collars", None) if hasattr(data, "collars") else getattr(data, "stations", data)
    stated = str(getattr(placed, "attrs", {}).get("crs", ""))
    system = getattr(placed, "crs", None) if not stated and hasattr(placed, "geometry") else None
    if system is None:
        return stated
    from craton.model.crs import normalise

    return normalise(system.to_wkt())


def _notes(data: Any) -> dict[str, ColumnNote]:
    """Unit, quantity and title of each column or field, as the process stated them."""
    import xarray as xr

    if isinstance(data, xr.Dataset):
        return {
            str(name): _note(a.attrs, "units", "standard_name", "long_name")
            for name, a in data.data_vars.items()
        }
    table = data.values if isinstance(data, Series) else data.parts if isinstance(data, Mesh) else data
    stated = getattr(table, "attrs", {})
    return {
        str(name): _note(note, "unit", "quantity", "title")
        for name, note in stated.get("columns", {}).items()
    }


def _note(stated: Mapping[str, Any], unit: str, quantity: str, title: str) -> ColumnNote:
    text = str(stated.get(unit, ""))
    return ColumnNote(
        unit=parse(text) or text, quantity=str(stated.get(quantity, "")), title=str(stated.get(title, ""))
    )


def _titles(task: RunTask, spec: Spec, output: Param, data: Any) -> LanguageMap:
    """What the result is called: as was asked, as the process says of it, or by the process and its input."""
    if task.title:
        return {language: text + _which(spec, output, language) for language, text in task.title.items()}
    stated = data.titles if isinstance(data, Document) else getattr(data, "attrs", {}).get("titles")
    told = stated or {"en": _in_words(spec.id.rpartition(".")[2])}
    first = next((i.record.name("en") for given in task.inputs.values() for i in given), "")
    return {
        language: text + _which(spec, output, language) + (f": {first}" if first else "")
        for language, text in told.items()
    }


def _which(spec: Spec, output: Param, language: str) -> str:
    """Name of one of several results, to be added to a title."""
    words = output.words.lower()
    return f" – {words_of(language).get(output.words, words)}" if spec.several else ""


def _in_words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _parents(task: RunTask) -> list[Record]:
    return [i.record for given in task.inputs.values() for i in given]


def _licence(task: RunTask) -> str:
    return joined_licence([record.licence for record in _parents(task)])


def _parties(task: RunTask) -> tuple[Party, ...]:
    """Who publishes the result, and whose data it stands on."""
    own = (Party(name=task.owner),) if task.owner else ()
    names = dict.fromkeys(p.name for record in _parents(task) for p in record.parties if p.name != task.owner)
    return (*own, *(Party(name=name, role="source") for name in names))


def _findings(task: RunTask, record: Record) -> tuple[Finding, ...]:
    """What the description found; licences that cannot be joined are said to be so."""
    stated = sorted({r.licence for r in _parents(task) if r.licence})
    if record.licence or not stated:
        return record.findings
    told = Finding(code="licence-ambiguous", message=", ".join(stated))
    return (told, *(f for f in record.findings if f.code != "licence-missing"))


def _lineage(task: RunTask, spec: Spec, output: Param, started: str, steps: tuple[str, ...]) -> Lineage:
    inputs = {name: tuple(_parent(i.ref) for i in given) for name, given in task.inputs.items() if given}
    run = Run(
        process=spec.id, process_version=spec.version, software=SOFTWARE,
        parameters=task.parameters, units={p.name: p.unit for p in spec.values if p.unit}, inputs=inputs,
        output=output.name, key=task.key, seed=_seed(task.parameters), actor=task.actor, started=started,
        ended=now(), environment=environment().hash, job=task.job, app=task.app,
    )  # fmt: skip
    parents = tuple(dict.fromkeys(p for given in inputs.values() for p in given))
    plain = tuple(msgspec.structs.replace(p, variable="") for p in parents)
    return Lineage(parents=tuple(dict.fromkeys(plain)), run=run, steps=steps)


def _parent(ref: InputRef) -> Parent:
    return Parent(id=ref.id, version=ref.version, content=ref.content, variable=ref.variable)


def _seed(parameters: Mapping[str, Any]) -> int | None:
    seed = parameters.get("seed")
    return seed if isinstance(seed, int) else None
