"""Processes: how they are declared, registered, found and called.

```python
@process("gravity.upward_continuation", version="1")
def upward_continuation(grid: GravityGrid, height: Height = 1000.0) -> SameGrid:
```

The decorated name stays a function: a call checks what comes in, converts
units, calls, and labels what goes out.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pandas as pd
import xarray as xr

from craton.model.errors import ContractError, InvalidError, NotFoundError
from craton.process.blocks import in_blocks, is_lazy
from craton.process.data import check_column, check_data, finish, masked
from craton.process.repeated import spelled_out
from craton.process.signature import read_spec
from craton.process.spec import Param, Spec
from craton.process.values import allowed_words, check_value

GROUP = "craton.processes"
OURS = ("craton.methods", "craton.decide")

LONGEST_STATED = 120
"""Characters of a text that the history of a result tells whole."""
"""Rooms whose tables `PROCESSES` say which module registers which process."""

MOST_NAMED = 8
"""Processes that are named to who asks for one that there is not."""

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

_registered: dict[str, Spec] = {}
"""Processes of the modules imported so far, as their functions say them."""

_told_in_full: dict[str, Spec] = {}
"""Those that were asked for, with the words that they take from others."""

_loading = threading.RLock()


def process[**P, R](
    id: str, *, version: str, halo: int | None = None, keywords: tuple[str, ...] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register the decorated function as the process `id`.

    Parameters
    ----------
    id : str
        Topic and name, such as `gravity.upward_continuation`; stable.
    version : str
        Changed when the same input gives another result.
    halo : int, optional
        Cells around a block that its result depends on, 0 for cell by cell. The process then also takes
        grids that are larger than memory. Leave out where the whole grid is needed.
    keywords : tuple of str
        Further words to find it by.

    Raises
    ------
    InvalidError
        If the contract is half told, or another process has the identifier.
    """

    def register(function: Callable[P, R]) -> Callable[P, R]:
        if not _ID.fullmatch(id):
            raise InvalidError(f"a process is called topic.name in lower case, not {id!r}")
        home = _registered[id].function.__module__ if id in _registered else _homes().get(id)
        if home not in {None, function.__module__}:
            raise InvalidError(f"two processes are called {id!r}")
        spec = read_spec(function, id=id, version=version, halo=halo, keywords=keywords)
        _registered[id] = spec
        _told_in_full.pop(id, None)
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                raise _misnamed(spec, kwargs, error) from error
            bound.apply_defaults()
            result: R = call(spec, bound.arguments)
            return result

        checked.spec = spec  # type: ignore[attr-defined]
        return checked

    return register


def _misnamed(spec: Spec, given: dict[str, Any], error: TypeError) -> ContractError:
    names = ", ".join(p.name for p in spec.params)
    unknown = [name for name in given if spec.param(name) is None]
    if unknown:
        allowed = f"one of its parameters: {names}"
        return ContractError(spec.id, unknown[0], allowed, "a name it does not have")
    left = next((p for p in spec.params if p.required and p.name not in given), None)
    name = left.name if left and "missing" in str(error) else "arguments"
    allowed = allowed_words(left) if left and left.data is None else f"given as {names}"
    return ContractError(spec.id, name, allowed, "left out" if left else str(error))


def call(spec: Spec, arguments: dict[str, Any]) -> Any:
    """Result of `spec` on checked `arguments`, all of which must be given."""
    given = {p.name: _check(spec, p, arguments[p.name]) for p in spec.params}
    for param in spec.values:
        if param.column_of and given[param.name] is not None:
            _check_columns(spec, param, given)
    result = _run(spec, given)
    if not spec.several:
        return _told(spec, finish(spec.id, spec.outputs[0], result, given), given)
    parts = [
        _told(spec, finish(spec.id, output, getattr(result, output.name), given), given)
        for output in spec.outputs
    ]
    return type(result)(*parts)


def _check(spec: Spec, param: Param, value: Any) -> Any:
    return check_data(spec.id, param, masked(value)) if param.data else check_value(spec.id, param, value)


def _check_columns(spec: Spec, param: Param, given: dict[str, Any]) -> None:
    assert param.column_of is not None
    frame = given[param.column_of.table]
    names = given[param.name] if param.many else (given[param.name],)
    for name in names:
        if isinstance(frame, pd.DataFrame) and name != param.default:
            check_column(spec.id, param, name, frame)


def _run(spec: Spec, given: dict[str, Any]) -> Any:
    fields = {p.name: given[p.name] for p in spec.inputs if given[p.name] is not None}
    if spec.halo is None or not any(is_lazy(one) for one in fields.values()):
        return spec.function(**given)
    values = {k: v for k, v in given.items() if k not in fields}
    return in_blocks(spec.id, spec.function, fields, values, spec.halo)


def _told(spec: Spec, result: Any, given: dict[str, Any]) -> Any:
    """`result` with one more line of CF history: what was done to it, with which values."""
    if not isinstance(result, xr.DataArray | xr.Dataset):
        return result
    first = next((given[p.name] for p in spec.inputs if given[p.name] is not None), None)
    before = first.attrs.get("history", "") if isinstance(first, xr.DataArray | xr.Dataset) else ""
    values = ", ".join(_stated(p, given[p.name]) for p in spec.values if given[p.name] is not None)
    line = f"{spec.id}@{spec.version}({values})"
    told = result.copy(deep=False)
    told.attrs["history"] = f"{before}\n{line}" if before else line
    return told


def _stated(param: Param, value: object) -> str:
    unit = f" {param.unit}" if param.unit not in {"", "1"} else ""
    return f"{param.name}={_short(value)}{unit}"


def _short(value: object) -> object:
    """A value in a line; a long text as its start and a hash by which it can be told from others."""
    if not isinstance(value, str) or len(value) <= LONGEST_STATED:
        return value
    start = " ".join(value[: LONGEST_STATED // 2].split())
    return f"{start}… (SHA-256 {hashlib.sha256(value.encode()).hexdigest()[:16]})"


@cache
def _homes() -> Mapping[str, str]:
    """Module of each process of ours, by identifier; nothing but the table is imported."""
    tables: dict[str, Mapping[str, tuple[str, ...]]] = {room: import_module(room).PROCESSES for room in OURS}
    return {
        id: f"{room}.{module}"
        for room, table in tables.items()
        for module, ids in table.items()
        for id in ids
    }


@cache
def _load_plugins() -> None:
    """Import what others have installed; a broken plugin is a named warning."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    for point in points:
        if point.value in OURS:
            continue
        before = set(_registered)
        try:
            point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may fail in any way
            # a sound plugin that this one imported is not imported anew when its turn comes
            others = {id for other in points if other is not point for id in _of(other)}
            for id in (set(_registered) - before - others | _of(point)) - _homes().keys():
                del _registered[id]
            warnings.warn(f"processes of plugin {point.name!r} are left out: {error}", stacklevel=3)


def _of(plugin: EntryPoint) -> set[str]:
    """Processes registered so far that live in the module a plugin names, or below it."""
    home = plugin.value.partition(":")[0].strip()
    return {id for id, spec in _registered.items() if f"{spec.function.__module__}.".startswith(f"{home}.")}


def _declared(id: str) -> Spec | None:
    """Process `id` as its function says it; the one module it lives in is imported."""
    with _loading:
        if id in _homes():
            import_module(_homes()[id])
        elif id not in _registered:
            _load_plugins()
        return _registered.get(id)


def _in_full(spec: Spec) -> Spec:
    """`spec` with the words it takes from others."""
    if spec.id not in _told_in_full:
        _told_in_full[spec.id] = spelled_out(spec, _declared)
    return _told_in_full[spec.id]


def processes() -> tuple[Spec, ...]:
    """All processes by identifier; a broken plugin is a named warning.

    This imports every module: ask `find_process` for one.
    """
    with _loading:
        for module in dict.fromkeys(_homes().values()):
            import_module(module)
        _load_plugins()
        return tuple(_in_full(_registered[id]) for id in sorted(_registered))


def find_process(id: str) -> Spec:
    """The process called `id`, or `NotFoundError` naming those that are like it."""
    if id in _told_in_full:  # without waiting for a thread that imports
        return _told_in_full[id]
    spec = _declared(id)
    if spec is None:
        words = set(re.split(r"[._]", id))
        known = sorted({*_registered, *_homes()})
        shared = {other: len(words & set(re.split(r"[._]", other))) for other in known}
        like = sorted(filter(shared.get, known), key=lambda other: -shared[other])[:MOST_NAMED]
        hint = f"like it are {', '.join(like)}" if like else "list them with `craton processes`"
        raise NotFoundError(f"there is no process {id!r}", hint=hint)
    return _in_full(spec)
