"""Legends of classified rasters: what each value means and its colour, from the file or from beside it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from lxml import etree
from rasterio.io import DatasetReader

LEGEND_BYTES = 1 << 20
"""Largest legend file in bytes that is read."""

CLASSES = 1024
"""Classes kept of one legend."""

VALUE_COLUMNS = ("value", "code", "id", "class_id", "gridcode", "pixel", "pixel_value")
LABEL_COLUMNS = ("label", "name", "class_name", "classname", "class", "description", "legend", "unitname")
COLOUR_COLUMNS = ("color", "colour", "hex", "rgb")

COLOUR_LINE = re.compile(
    r"\s*(-?[\d.]+)" + r"[\s,]+(\d{1,3})" * 3 + r"(?:[\s,]+\d{1,3}(?=[\s,]|$))?[\s,]*(.*)"
)
"""Value, red, green, blue, perhaps opacity, perhaps a label."""

Class = dict[str, str | float]
"""One class: `value`, and where known `label` and `color` (`#rrggbb`)."""


def legend_of(dataset: DatasetReader, companions: Iterable[Path]) -> list[Class]:
    """Classes of the first band of `dataset`, labels from the first of `companions` that is a legend."""
    stated = next((classes for path in companions if (classes := read_legend(path))), [])
    palette = _palette(dataset)
    if not stated:
        return [{"value": float(value), "color": color} for value, color in sorted(palette.items())]
    for one in stated:
        color = palette.get(int(float(one["value"])))
        if color and "color" not in one:
            one["color"] = color
    return stated


def _palette(dataset: DatasetReader) -> dict[int, str]:
    """Colours of a colour table, without the black and transparent rest of a table that is not full."""
    try:
        table: Mapping[int, tuple[int, int, int, int]] = dataset.colormap(1)
    except ValueError:
        return {}
    used = {v: rgba for v, rgba in table.items() if rgba[:3] != (0, 0, 0) and rgba[3] > 0}
    return {value: "#{:02x}{:02x}{:02x}".format(*rgba[:3]) for value, rgba in list(used.items())[:CLASSES]}


def read_legend(path: Path) -> list[Class]:
    """Classes in the legend file `path`; none when it is not one."""
    parse = PARSERS.get(path.suffix.lower())
    if parse is None or path.stat().st_size > LEGEND_BYTES:
        return []
    try:
        classes = list(parse(path.read_bytes()))[:CLASSES]
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error, etree.LxmlError):
        return []
    return classes if len({one["value"] for one in classes}) == len(classes) else []


def _class(value: object, label: object = "", color: object = "") -> Class:
    one: Class = {"value": float(str(value))}
    if label:
        one["label"] = str(label).strip()
    if color:
        one["color"] = _hex(str(color))
    return one


def _hex(color: str) -> str:
    if re.fullmatch(r"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?", color):
        return color[:7].lower()
    red, green, blue = (int(part) for part in re.findall(r"\d+", color)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def _from_csv(content: bytes) -> Iterator[Class]:
    text = content.decode("utf-8-sig", "replace")
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in ("\t", ";", ",") if mark in first), ",")
    rows = csv.DictReader(text.splitlines(), delimiter=delimiter)
    names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
    value, label, color = (_first(names, wanted) for wanted in (VALUE_COLUMNS, LABEL_COLUMNS, COLOUR_COLUMNS))
    if value is None or label is None:
        return
    for row in rows:
        yield _class(row[value], row[label], row[color] if color else "")


def _first(names: Mapping[str, str], wanted: Iterable[str]) -> str | None:
    return next((names[name] for name in wanted if name in names), None)


def _from_clr(content: bytes) -> Iterator[Class]:
    """Lines of value, colour and label, as ESRI and QGIS write them."""
    for line in content.decode("utf-8-sig", "replace").splitlines():
        if match := COLOUR_LINE.match(line):
            value, red, green, blue, label = match.groups()
            yield _class(value, label, f"{red},{green},{blue}")


def _from_qml(content: bytes) -> Iterator[Class]:
    """Palette entries of a QGIS style."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for entry in etree.fromstring(content, parser).iter("paletteEntry", "item"):
        if entry.get("value") is not None and entry.get("color"):
            yield _class(entry.get("value"), entry.get("label"), entry.get("color"))


def _from_json(content: bytes) -> Iterator[Class]:
    """A list of classes, an object with a list `classes`, or an object of labels by value."""
    stated = json.loads(content)
    classes = stated.get("classes", stated) if isinstance(stated, dict) else stated
    if isinstance(classes, dict):
        yield from (_class(value, label) for value, label in classes.items() if isinstance(label, str))
        return
    for one in classes:
        names = {str(key).lower(): key for key in one}
        value, label, color = (
            _first(names, wanted) for wanted in (VALUE_COLUMNS, LABEL_COLUMNS, COLOUR_COLUMNS)
        )
        if value is not None and label is not None:
            yield _class(one[value], one[label], one[color] if color else "")


PARSERS: dict[str, Callable[[bytes], Iterator[Class]]] = {
    ".clr": _from_clr,
    ".csv": _from_csv,
    ".json": _from_json,
    ".qml": _from_qml,
    ".txt": _from_clr,
}
