"""JSON Schema (2020-12) of the inputs and outputs of a process, drawn from its Spec.

A schema accepts what a door (`craton.process.values.from_doors`) accepts, save
what no schema can say: text with a number is checked for its form, not for
range or unit; `{"measurement", "uom"}` likewise; names of columns and of
reference systems are any text; numbers beyond double precision pass. What
Craton knows more stands under `x-craton`, so that a form can be drawn.
"""

from __future__ import annotations

import re
from typing import Any

from craton.process.marks import Bounds, Column, Data, Grid, Holes, Stations, Table
from craton.process.spec import Param, Spec

Json = dict[str, Any]
"""A JSON object."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}

NUMBER = r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*"
UNIT = r"(\S.*?)?\s*"
UNIT_IN_LIST = r"([^\s,][^,]*)?"
BOOLEAN = r"\s*([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|1|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]|0)\s*"
"""The words for true and false in any case; JSON Schema cannot say "in any case"."""


def input_schema(spec: Spec) -> Json:
    """Schema of the object that holds all inputs of `spec`: datasets by identifier, and plain values."""
    return {
        "$schema": DIALECT,
        "title": spec.title,
        "description": spec.description,
        "type": "object",
        "properties": {param.name: param_schema(param) for param in spec.params},
        "required": [param.name for param in spec.params if param.required],
        "additionalProperties": False,
    }


def output_schema(spec: Spec) -> Json:
    """Schema of the object that holds the outputs of `spec`, each the identifier of a new dataset."""
    return {
        "$schema": DIALECT,
        "title": spec.title,
        "type": "object",
        "properties": {output.name: param_schema(output) for output in spec.outputs},
        "required": [output.name for output in spec.outputs],
        "additionalProperties": False,
    }


def param_schema(param: Param) -> Json:
    """Schema of one parameter or output, with its title, words and default."""
    said: Json = {"title": title(param), "description": param.doc}
    said |= _data_schema(param) if param.data is not None else _value_schema(param)
    if not param.required:
        said["default"] = plain_default(param)
    return said


def title(param: Param) -> str:
    """Name of a parameter in words, with its unit."""
    unit = "" if param.unit in {"", "1"} else f" ({param.unit})"
    return param.words + unit


def plain_default(param: Param) -> Any:
    """Default of a parameter as JSON has it."""
    return list(param.default) if isinstance(param.default, tuple) else param.default


def element_schema(param: Param) -> Json:
    """Schema of one value of a plain parameter in its plain form: a number, a text, one of the choices."""
    said: Json = {"type": TYPES[param.base]}
    if param.choices:
        said["enum"] = list(param.choices)
    if param.system:
        said["format"] = "crs"
    return said | (_bounds(param.bounds) if param.bounds else {})


def _bounds(bounds: Bounds) -> Json:
    limits = {
        "minimum": bounds.minimum,
        "exclusiveMinimum": bounds.above,
        "maximum": bounds.maximum,
        "exclusiveMaximum": bounds.below,
    }
    return {word: limit for word, limit in limits.items() if limit is not None}


def marks(param: Param) -> Json:
    """What the marks of a parameter say that a schema has no word for."""
    if param.data is not None:
        return _data_marks(param.data)
    said: Json = {"unit": param.unit} if param.unit else {}
    if param.column_of:
        said |= {"columnOf": param.column_of.table, "numeric": param.column_of.numeric}
    if param.system and param.system.projected:
        said["projected"] = True
    return said


def _data_marks(data: Data) -> Json:
    said: Json = {"kind": data.kind}
    if isinstance(data, Grid):
        said |= {"quantities": list(data.quantities), "unit": data.unit, "plane": data.plane}
    if isinstance(data, Table):
        said["geometry"] = list(data.geometry)
    if isinstance(data, Table | Stations):
        said["columns"] = [_column(column) for column in data.columns]
    if isinstance(data, Holes):
        said["tables"] = list(data.tables)
    return {key: value for key, value in said.items() if value}


def _column(column: Column) -> Json:
    said = {"name": column.name, "unit": column.unit, "quantity": column.quantity, "title": column.title}
    return {key: value for key, value in said.items() if value}


def _data_schema(param: Param) -> Json:
    one: Json = {"type": "string", "minLength": 1, "format": "dataset-id"}
    if param.many:
        one = {"type": "array", "items": one, "minItems": 1}
    if param.optional:
        one = {"oneOf": [one, {"type": "null"}]}
    return {**one, "x-craton": marks(param)}


def _value_schema(param: Param) -> Json:
    forms = _list_forms(param) if param.many else _forms(param, blank=param.optional)
    if param.optional:
        forms = [*forms, {"type": "null"}]
    more = marks(param)
    return {**_one_of(forms), **({"x-craton": more} if more else {})}


def _one_of(forms: list[Json]) -> Json:
    return forms[0] if len(forms) == 1 else {"oneOf": forms}


def _forms(param: Param, *, blank: bool = False) -> list[Json]:
    """Ways to give one value: the plain one, as text (with its unit), with the unit beside it."""
    plain = element_schema(param)
    if param.base is str:
        return [plain]
    text: Json = {"type": "string", "pattern": f"^{_blank(blank)}{_text(param, UNIT)}$"}
    return [plain, text] if param.base is bool else [plain, text, _measurement(param)]


def _blank(allowed: bool) -> str:
    return r"\s*$|^" if allowed else ""


def _text(param: Param, unit: str) -> str:
    """Pattern of one value as text."""
    if param.base is bool:
        return BOOLEAN
    return NUMBER + unit if param.unit else NUMBER


def _measurement(param: Param) -> Json:
    properties: Json = {"measurement": {"type": "number"}}
    if param.unit:
        properties["uom"] = {"type": "string"}
    return {
        "type": "object",
        "properties": properties,
        "required": ["measurement"],
        "additionalProperties": False,
    }


def _list_forms(param: Param) -> list[Json]:
    """Ways to give several values: a list, or text parted by commas."""
    array: Json = {"type": "array", "items": _one_of(_forms(param))}
    if param.length:
        array |= {"minItems": param.length, "maxItems": param.length}
    part = _list_part(param)
    more = f"{{{param.length - 1}}}" if param.length else "*"
    text = {"type": "string", "pattern": f"^{_blank(not param.length)}{part}(,{part}){more}$"}
    return [array, text]


def _list_part(param: Param) -> str:
    """Pattern of one part of a list as text."""
    if param.base is not str:
        return _text(param, UNIT_IN_LIST)
    if not param.choices:
        return "[^,]*"
    return rf"\s*({'|'.join(map(re.escape, param.choices))})\s*"
