"""The contract of a process read from the signature and the docstring of its function."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import docstring_parser

from craton.model import quantities, units
from craton.model.errors import InvalidError
from craton.process.marks import Bounds, Column, ColumnOf, Data, Grid, ReferenceSystem, Stations, Table, Unit
from craton.process.spec import REQUIRED, RESULT, VALUES, Param, Spec
from craton.process.values import check_value


def read_spec(
    function: Callable[..., Any],
    *,
    id: str,
    version: str,
    halo: int | None = None,
    keywords: tuple[str, ...] = (),
) -> Spec:
    """Contract of `function`; a half-told one is refused.

    Raises
    ------
    InvalidError
        If a parameter or the result has no type or no words, a mark does not fit its type, a unit or
        quantity is not known, or a default breaks its own bounds.
    """
    said = docstring_parser.parse(inspect.getdoc(function) or "", docstring_parser.DocstringStyle.NUMPYDOC)
    words = {p.arg_name: _words(p.description) for p in said.params}
    hints = get_type_hints(function, include_extras=True)
    params = []
    for one in inspect.signature(function).parameters.values():
        if one.kind in {one.VAR_POSITIONAL, one.VAR_KEYWORD}:
            raise InvalidError(f"process {id}: `{one.name}` must be named one by one, without stars")
        params.append(_param(id, one.name, words.get(one.name, ""), hints.get(one.name), one.default))
    outputs, several = _outputs(id, hints.get("return"), said)
    title = (said.short_description or "").strip()
    if not title.endswith("."):
        raise InvalidError(f"process {id}: the docstring must begin with one line that ends in a period")
    spec = Spec(
        id=id, version=version, title=title.rstrip("."), description=_words(said.long_description),
        notes=_section(said, "notes"), references=_references(_section(said, "references")),
        params=tuple(params), outputs=outputs, function=function, several=several, halo=halo,
        keywords=keywords,
    )  # fmt: skip
    _check_whole(spec)
    return spec


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _section(said: docstring_parser.Docstring, name: str) -> str:
    return next((inspect.cleandoc(m.description or "") for m in said.meta if m.args[:1] == [name]), "")


def _references(text: str) -> tuple[str, ...]:
    """References one by one; they stand in paragraphs."""
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _param(id: str, name: str, doc: str, hint: Any, default: Any) -> Param:
    if hint is None or not doc:
        raise InvalidError(f"process {id}: `{name}` needs a type and words in the docstring")
    hint, optional = _without_none(hint)
    base, marks = _apart(hint)
    if not optional:
        base, optional = _without_none(base)
    base, inner = _apart(base)
    marks = (*marks, *inner)
    data = _mark(marks, Data)
    many, length = False, 0
    if get_origin(base) is tuple:
        parts = get_args(base)
        many, length = True, 0 if Ellipsis in parts else len(parts)
        if len({p for p in parts if p is not Ellipsis}) != 1:
            raise InvalidError(f"process {id}: the parts of `{name}` must all be of one type")
        base, inner = _apart(parts[0])
        marks = (*marks, *inner)
        data = _mark(marks, Data)
    choices = get_args(base) if get_origin(base) is Literal else ()
    unit = _mark(marks, Unit)
    param = Param(
        name=name, doc=doc, base=type(choices[0]) if choices else base, data=data,
        unit=unit.symbol if unit else "", bounds=_mark(marks, Bounds), choices=choices,
        column_of=_mark(marks, ColumnOf), system=_mark(marks, ReferenceSystem), many=many, length=length,
        optional=optional, default=default,
    )  # fmt: skip
    _check_param(id, param)
    return param


def _apart(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Type and marks of an annotation."""
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        return base, tuple(marks)
    return hint, ()


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Type without `| None`, and whether that stood there."""
    if get_origin(hint) in {types.UnionType, typing.Union}:
        parts = [p for p in get_args(hint) if p is not type(None)]
        if len(parts) == 1:
            return parts[0], True
    return hint, False


def _mark[M](marks: tuple[Any, ...], kind: type[M]) -> M | None:
    return next((m for m in marks if isinstance(m, kind)), None)


def _check_param(id: str, param: Param) -> None:
    """Refuse marks that do not fit."""
    name = f"process {id}: `{param.name}`"
    if param.data is not None:
        if param.base not in param.data.bases:
            legal = " or ".join(b.__name__ for b in param.data.bases)
            raise InvalidError(f"{name} is a {param.data.kind}, so its type must be {legal}")
        _check_marked(name, param.data)
        return
    if param.base not in VALUES:
        raise InvalidError(f"{name} is neither labelled data with a mark nor a bool, int, float or str")
    if param.unit and units.parse(param.unit) != param.unit:
        raise InvalidError(f"{name} has the unit {param.unit!r}, which is no canonical spelling")
    if (param.unit or param.bounds) and param.base not in {int, float}:
        raise InvalidError(f"{name} has a unit or bounds but is no number")


def _check_marked(name: str, data: Data) -> None:
    stated = [Column(name=name, unit=data.unit)] if isinstance(data, Grid) else []
    columns = list(data.columns) if isinstance(data, Table | Stations) else []
    for one in (*stated, *columns):
        if one.unit and units.parse(one.unit) != one.unit:
            raise InvalidError(f"{name} has the unit {one.unit!r}, which is no canonical spelling")
    named = [*(data.quantities if isinstance(data, Grid) else ()), *(c.quantity for c in columns)]
    for quantity in named:
        if quantity and quantities.rule(quantity) is None:
            raise InvalidError(f"{name} has the quantity {quantity!r}, which the registry does not know")


def _outputs(id: str, hint: Any, said: docstring_parser.Docstring) -> tuple[tuple[Param, ...], bool]:
    """The outputs, and whether they are fields of a named tuple."""
    if hint is None:
        raise InvalidError(f"process {id}: the result needs a type")
    told = said.many_returns or []
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        words = {(r.return_name or "").strip(): _words(r.description) for r in told}
        fields = get_type_hints(hint, include_extras=True)
        outputs = [_output(id, name, words.get(name, ""), fields[name]) for name in hint._fields]
        return tuple(outputs), True
    return (_output(id, RESULT, _words(told[0].description) if told else "", hint),), False


def _output(id: str, name: str, doc: str, hint: Any) -> Param:
    param = _param(id, name, doc, hint, REQUIRED)
    if param.data is None:
        raise InvalidError(
            f"process {id}: output `{name}` must be labelled data with a mark",
            hint="give single numbers as a table of one row",
        )
    return param


def _check_whole(spec: Spec) -> None:
    """Refuse what does not fit together."""
    names = {p.name for p in spec.inputs}
    for param in spec.params:
        if param.column_of and param.column_of.table not in names:
            raise InvalidError(f"process {spec.id}: `{param.name}` names columns of no table parameter")
        if param.data is not None and param.default not in {REQUIRED, None}:
            raise InvalidError(f"process {spec.id}: `{param.name}` is data and can only default to None")
        if param.data is None and not param.required and param.default is not None:
            check_value(spec.id, param, param.default)
    for output in spec.outputs:
        like = output.data.like if isinstance(output.data, Grid) else ""
        if like and like not in names:
            raise InvalidError(f"process {spec.id}: output `{output.name}` is like no parameter")
    if spec.halo is not None and not _can_go_in_blocks(spec):
        raise InvalidError(f"process {spec.id}: only single grids to a single grid go through in blocks")


def _can_go_in_blocks(spec: Spec) -> bool:
    import xarray as xr

    fields = (*spec.inputs, *spec.outputs)
    return len(spec.outputs) == 1 and all(isinstance(p.data, Grid) and p.base is xr.DataArray for p in fields)
