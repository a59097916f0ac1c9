"""An application: a named chain of processes, written as data in an `app.toml`.

An application says what it needs (by kind and quantity; the catalogue answers
who provides it), which processes run on it with which parameters, what it
shows, and the question it answers. There are no expressions in it and no names
of code; it is checked against the contracts of its processes when it is loaded.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from typing import Any

import msgspec
from msgspec.structs import replace

from craton.model.errors import CratonError, InvalidError
from craton.model.pack_text import FILES
from craton.model.quantities import rule
from craton.model.record import Kind, LanguageMap
from craton.process.processes import find_process
from craton.process.spec import Param, Spec
from craton.process.values import check_value, from_door

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the parts of an application: unknown keys are errors."""


class Need(_Strict, frozen=True, kw_only=True):
    """A dataset the application needs: its kind, and quantities of which it must carry one.

    An optional one without a quantity is taken only where a person names it.
    """

    kind: Kind
    title: LanguageMap
    quantity: tuple[str, ...] = ()
    geometry: tuple[str, ...] = ()
    optional: bool = False


class AppParameter(_Strict, frozen=True, kw_only=True):
    """A parameter of the application: the `step.parameter` it is, its default there, its title if another.

    One whose process has no default either has to be given.
    """

    of: tuple[str, ...]
    default: Any = None
    title: LanguageMap = {}


class Step(_Strict, frozen=True, kw_only=True):
    """One process of the chain.

    Parameters
    ----------
    inputs : dict
        By parameter, the need or the earlier step (`step`, or `step.output`) that it takes; of several
        the first that is there.
    set : dict
        Parameters, as at any door. For a column, a quantity may be said: where the table has no column of
        that name, its only column of that quantity is taken; so with what a process adds to the name, such
        as `magnetic_anomaly_levelled`.
    given : str
        The step is done only where this need is there, or where it carries a quantity (`need.quantity`).
    unless : str
        The step is left out where this need is there, or where it carries a quantity.
    tables : str
        Parameter that takes the pack beside the `app.toml`: its tables as one text (`craton.model.pack`).
    """

    id: str
    process: str
    title: LanguageMap
    inputs: dict[str, tuple[str, ...]] = {}
    set: dict[str, Any] = {}
    given: str = ""
    unless: str = ""
    tables: str = ""

    def is_wanted(self, needs: Collection[str]) -> bool:
        """Whether the step is done where `needs`, and `need.quantity` of what they carry, are there."""
        return (not self.given or self.given in needs) and self.unless not in needs


class Layer(_Strict, frozen=True, kw_only=True):
    """How a map shows the result of a step."""

    step: str
    palette: str = ""
    column: str = ""


class Show(_Strict, frozen=True, kw_only=True):
    """Steps whose results are the answer, the first of all first; the layers of its map; its picture."""

    results: tuple[str, ...]
    layers: tuple[Layer, ...] = ()
    picture: str = ""


class App(_Strict, frozen=True, kw_only=True):
    """An application."""

    id: str
    version: str
    title: LanguageMap
    question: LanguageMap
    description: LanguageMap
    steps: tuple[Step, ...]
    show: Show
    needs: dict[str, Need] = {}
    parameters: dict[str, AppParameter] = {}

    def step(self, id: str) -> Step | None:
        """Step called `id`."""
        return next((s for s in self.steps if s.id == id), None)

    def parameter(self, name: str) -> tuple[Spec, Param]:
        """Process and parameter of it that the application's parameter `name` is."""
        if not self.parameters[name].of:
            raise InvalidError(f"app {self.id}: parameter {name} must say of which step's parameter it is")
        step_id, _, parameter = self.parameters[name].of[0].partition(".")
        step = self.step(step_id)
        spec = find_process(step.process) if step else None
        param = spec.param(parameter) if spec else None
        if spec is None or param is None or param.data is not None:
            raise InvalidError(f"app {self.id}: parameter {name} is of no step's parameter")
        return spec, param

    def is_required(self, name: str) -> bool:
        """Whether parameter `name` has to be given."""
        return self.parameter(name)[1].required and self.parameters[name].default is None

    def table_of(self, name: str) -> str:
        """The need whose table parameter `name` is a column of, empty where it is no column.

        Columns are mostly kept from step to step, so that it is the need at the beginning of the chain.
        """
        spec, param = self.parameter(name)
        del spec
        step = self.step(self.parameters[name].of[0].partition(".")[0])
        wanted = param.column_of.table if param.column_of else ""
        while step is not None and wanted in step.inputs:
            source = step.inputs[wanted][-1].partition(".")[0]
            if source in self.needs:
                return source
            step = self.step(source)
            wanted = next(iter(step.inputs), "") if step else ""
        return ""

    def default(self, name: str) -> Any:
        """Value of parameter `name` where none is given, as its process takes it; none of one to be given."""
        spec, param = self.parameter(name)
        stated = self.parameters[name].default
        if stated is not None:
            return from_door(spec.id, param, stated)
        return None if param.required else param.default


def read_app(text: str, where: str, pack: str = "") -> App:
    """Application of the TOML `text`, checked against the contracts of its processes.

    Parameters
    ----------
    text, where : str
        The description, and where it is written.
    pack : str
        Text of the pack beside it, where it has one.

    Raises
    ------
    InvalidError
        If it is no TOML, has unknown keys, or does not fit together; the message says where.
    """
    return checked(with_pack(decoded(text, where), pack), where)


def decoded(text: str, where: str) -> App:
    """Application of a text whose form alone is checked."""
    try:
        return msgspec.toml.decode(text, type=App)
    except (msgspec.DecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidError(f"{where}: {error}") from error


def takes_pack(app: App) -> bool:
    """Whether a step takes the pack beside the application."""
    return any(step.tables for step in app.steps)


def with_pack(app: App, pack: str) -> App:
    """`app` with the text of its pack as the parameter of the steps that take it."""
    steps = (replace(s, set={**s.set, s.tables: pack}) if s.tables else s for s in app.steps)
    return replace(app, steps=tuple(steps)) if takes_pack(app) else app


def checked(app: App, where: str) -> App:
    """Check `app` against the contracts of its processes, whose modules are imported for it."""
    try:
        _check(app)
    except CratonError as error:
        raise InvalidError(f"{where}: {error.message}", hint=error.hint) from error
    return app


def _check(app: App) -> None:
    if not _ID.fullmatch(app.id):
        raise InvalidError(f"an app is called like-this, not {app.id!r}")
    known: set[str] = set(app.needs)
    for name, need in app.needs.items():
        unknown = [q for q in need.quantity if rule(q) is None]
        if unknown:
            raise InvalidError(f"need {name}: {unknown[0]!r} is no quantity the registry knows")
    for step in app.steps:
        if step.id in known:
            raise InvalidError(f"two things are called {step.id!r}")
        _check_step(app, step, known)
        known |= {step.id} | {f"{step.id}.{o.name}" for o in find_process(step.process).outputs}
    shown = [*app.show.results, *(layer.step for layer in app.show.layers), app.show.picture]
    for name in filter(None, shown):
        if name not in known:
            raise InvalidError(f"it shows {name!r}, which is no step or need")
    for name in app.parameters:
        app.default(name)
        for of in app.parameters[name].of:
            _check_of(app, name, of)


def _check_of(app: App, name: str, of: str) -> None:
    step_id, _, parameter = of.partition(".")
    step = app.step(step_id)
    param = find_process(step.process).param(parameter) if step else None
    if step is None or param is None or param.data is not None:
        raise InvalidError(f"parameter {name} is of {of!r}, which is no step's parameter")
    _, first = app.parameter(name)
    if (param.base, param.unit, param.many) != (first.base, first.unit, first.many):
        raise InvalidError(f"parameter {name} is of parameters of different types or units")
    if not app.is_required(name):
        check_value(step.process, param, app.default(name))


def _check_step(app: App, step: Step, known: set[str]) -> None:
    spec = find_process(step.process)
    for name, sources in step.inputs.items():
        if name not in {p.name for p in spec.inputs}:
            raise InvalidError(f"step {step.id}: {spec.id} has no input {name!r}")
        for source in sources:
            if source not in known:
                raise InvalidError(f"step {step.id}: {source!r} is no need and no earlier step")
    for name, value in step.set.items():
        param = spec.param(name)
        if param is None or param.data is not None:
            raise InvalidError(f"step {step.id}: {spec.id} has no parameter {name!r}")
        from_door(spec.id, param, value)
    _check_given(app, step, spec)
    for condition in filter(None, (step.given, step.unless)):
        need, _, what = condition.partition(".")
        if need not in app.needs or (what and what not in app.needs[need].quantity):
            raise InvalidError(
                f"step {step.id}: it hangs on {condition!r}, which is no need or quantity of one"
            )


def _check_given(app: App, step: Step, spec: Spec) -> None:
    """Refuse a step that does not get all it needs."""
    fed = {
        of.partition(".")[2] for p in app.parameters.values() for of in p.of if of.startswith(f"{step.id}.")
    }
    if step.tables and not step.set[step.tables]:
        raise InvalidError(f"step {step.id}: it takes the pack beside it, and there is no {FILES[0]}")
    missing = [p.name for p in spec.values if p.required and p.name not in {*step.set, *fed}]
    missing += [p.name for p in spec.inputs if p.required and p.name not in step.inputs]
    if missing:
        raise InvalidError(f"step {step.id}: {spec.id} needs {', '.join(missing)}")
