"""Values of a grid as CoverageJSON, GeoJSON or CSV (OGC 21-069r2)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import msgspec
import numpy as np

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.store.grid_window import FurtherAxis, Layer
from craton.web.crs_negotiation import System
from craton.web.replies import Json

GREGORIAN = {"type": "TemporalRS", "calendar": "Gregorian"}
VERTICAL: Json = {
    "type": "VerticalCRS",
    "cs": {"csAxes": [{"name": {"en": "Height"}, "direction": "up", "unit": {"symbol": "m"}}]},
}
QUANTITIES = "urn:craton:quantity:"
CLASSES = "urn:craton:class:"

MOST_FEATURES = 100_000
"""Features or rows of an answer in GeoJSON or CSV at most."""

COVJSON_AXES = {"time": "t", "upward": "z"}
"""Names of axes of the standard by those of the data."""

DIGITS = 9
"""Significant digits of a number in CSV: enough for what is stored in four bytes."""


@dataclass(frozen=True)
class Spread:
    """Values and where they lie.

    Parameters
    ----------
    kind : str
        `points`: one row of values each; `grid`: rows and columns.
    eastings, northings : array
        Of the points; or of the columns and of the rows.
    layers, values : sequence
        Variables, and the values of each: (points, steps …) or (rows, columns, steps …).
    axes : sequence of (axis, steps)
        Further axes in the order of the values.
    system : System
        Of the positions.
    moments : tuple of str
        Time of each point of a trajectory that has its own times.
    """

    kind: str
    eastings: np.ndarray[Any, Any]
    northings: np.ndarray[Any, Any]
    layers: Sequence[Layer]
    values: Sequence[np.ndarray[Any, Any]]
    axes: Sequence[tuple[FurtherAxis, Sequence[int]]]
    system: System
    moments: tuple[str, ...] = ()


def coverage_json(spread: Spread) -> Json:
    """`spread` as a coverage."""
    domain: Json = {"type": "Domain", "axes": _axes(spread), "referencing": _referencing(spread)}
    if name := _domain_type(spread):
        domain["domainType"] = name
    return {
        "type": "Coverage", "domain": domain,
        "parameters": {layer.name: parameter(layer) for layer in spread.layers},
        "ranges": {
            layer.name: _range(spread, layer, values)
            for layer, values in zip(spread.layers, spread.values, strict=True)
        },
    }  # fmt: skip


def parameter(layer: Layer) -> Json:
    """What is said of a variable."""
    observed: Json = {"label": {"en": layer.title or layer.name}}
    if layer.quantity:
        observed["id"] = QUANTITIES + layer.quantity
    said: Json = {
        "type": "Parameter", "description": {"en": layer.title or layer.name}, "observedProperty": observed,
    }  # fmt: skip
    if layer.flags:
        # The standard has no unit beside categories.
        return said | _categories(layer, observed)
    if layer.unit:
        symbol = {"value": layer.unit, "type": "http://www.opengis.net/def/uom/UCUM/"}
        said["unit"] = {"label": {"en": layer.unit}, "symbol": symbol}
    return said


def _categories(layer: Layer, observed: Json) -> Json:
    """Classes of a variable, and the codes that stand for them."""
    encoding = {f"{CLASSES}{layer.name}:{code:g}": int(code) for code in layer.flags if code.is_integer()}
    categories = [
        {
            "id": id, "label": {"en": layer.flags[code].title},
            **({"preferredColor": layer.flags[code].colour} if layer.flags[code].colour else {}),
        }
        for id, code in encoding.items()
    ]  # fmt: skip
    return {"observedProperty": {**observed, "categories": categories}, "categoryEncoding": encoding}


def _is_single(spread: Spread) -> bool:
    return spread.kind == "points" and len(spread.eastings) == 1


def _axes(spread: Spread) -> Json:
    axes: Json = {}
    if spread.kind == "grid" or _is_single(spread):
        axes["x"] = {"values": spread.eastings.tolist()}
        axes["y"] = {"values": spread.northings.tolist()}
    else:
        places = np.column_stack([spread.eastings, spread.northings]).tolist()
        if spread.moments:
            tuples = [[moment, *place] for moment, place in zip(spread.moments, places, strict=True)]
            axes["composite"] = {"dataType": "tuple", "coordinates": ["t", "x", "y"], "values": tuples}
        else:
            axes["composite"] = {"dataType": "tuple", "coordinates": ["x", "y"], "values": places}
    for axis, steps in spread.axes:
        axes[axis_name(axis)] = {"values": [axis.told(step) for step in steps]}
    return axes


def axis_name(axis: FurtherAxis) -> str:
    """Name of a further axis in a coverage."""
    return COVJSON_AXES.get(axis.name, axis.name) if axis.coordinates is not None else axis.name


def _referencing(spread: Spread) -> list[Json]:
    kind = "GeographicCRS" if systems.is_geographic(spread.system.name) else "ProjectedCRS"
    said: list[Json] = [{"coordinates": ["x", "y"], "system": {"type": kind, "id": spread.system.address}}]
    names = {axis_name(axis) for axis, _ in spread.axes}
    if "z" in names:
        said.append({"coordinates": ["z"], "system": VERTICAL})
    if "t" in names or spread.moments:
        said.append({"coordinates": ["t"], "system": GREGORIAN})
    return said


def _domain_type(spread: Spread) -> str:
    """Type of the domain, where the standard has one for it."""
    names = {axis_name(axis): len(steps) for axis, steps in spread.axes}
    if set(names) - {"z", "t"}:
        return ""
    if spread.kind == "grid":
        return "Grid"
    if not _is_single(spread):
        if spread.moments:
            return "Trajectory" if not names else ""
        return "MultiPoint" if set(names) <= {"t"} and names.get("t", 1) == 1 else ""
    many = {name for name, count in names.items() if count != 1}
    return {(): "Point", ("z",): "VerticalProfile", ("t",): "PointSeries"}.get(tuple(sorted(many)), "Grid")


def _range(spread: Spread, layer: Layer, values: np.ndarray[Any, Any]) -> Json:
    further = [axis_name(axis) for axis, _ in spread.axes]
    if spread.kind == "grid":
        names, cells = ["y", "x", *further], values
    elif _is_single(spread):
        names, cells = [*further, "y", "x"], values[0].reshape(*values.shape[1:], 1, 1)
    else:
        names, cells = ["composite", *further], values
    return {
        "type": "NdArray", "dataType": "integer" if layer.is_classes else "float", "axisNames": names,
        "shape": list(cells.shape), "values": told(cells.ravel(), whole=layer.is_classes),
    }  # fmt: skip


def told(values: np.ndarray[Any, Any], *, whole: bool) -> list[Any]:
    """Values as JSON has them; `null` where there is none."""
    there = np.isfinite(values)
    if whole:
        return [int(value) if ok else None for value, ok in zip(values.tolist(), there.tolist(), strict=True)]
    if there.all():
        return list(values.tolist())
    return [value if ok else None for value, ok in zip(values.tolist(), there.tolist(), strict=True)]


def _rows(spread: Spread) -> tuple[list[tuple[float, float]], list[Json], dict[str, list[Any]]]:
    """Places, steps, and values by place and step, by name; a layer of classes has their names beside it."""
    if spread.kind == "grid":
        across, down = np.meshgrid(spread.eastings, spread.northings)
        places = list(zip(across.ravel().tolist(), down.ravel().tolist(), strict=True))
        flat = [values.reshape(len(places), -1) for values in spread.values]
    else:
        places = list(zip(spread.eastings.tolist(), spread.northings.tolist(), strict=True))
        flat = [values.reshape(len(places), -1) for values in spread.values]
    steps = [
        {axis.name: axis.told(step) for (axis, _), step in zip(spread.axes, chosen, strict=True)}
        for chosen in product(*(list(steps) for _, steps in spread.axes))
    ]
    count = len(places) * len(steps)
    if count > MOST_FEATURES:
        raise InvalidError(
            f"this asks for {count:,} rows; an answer in this form may have {MOST_FEATURES:,}",
            hint="ask for a smaller part, or for f=CoverageJSON",
        )
    columns: dict[str, list[Any]] = {}
    for layer, values in zip(spread.layers, flat, strict=True):
        column = columns[layer.name] = told(values.ravel(), whole=layer.is_classes)
        if layer.flags:
            columns[f"{layer.name}_name"] = [layer.word(value) or None for value in column]
    return places, steps, columns


def geojson(spread: Spread) -> Json:
    """`spread` as features, one for each place and step; cells without any value are left out of grids."""
    places, steps, columns = _rows(spread)
    features = []
    for number, (place, step) in enumerate(product(enumerate(places), steps)):
        values = {name: column[number] for name, column in columns.items()}
        if spread.kind == "grid" and all(value is None for value in values.values()):
            continue
        own = {"time": spread.moments[place[0]]} if spread.moments else {}
        features.append({
            "type": "Feature", "id": number, "geometry": {"type": "Point", "coordinates": list(place[1])},
            "properties": {**own, **step, **values},
        })  # fmt: skip
    parameters = {layer.name: parameter(layer) for layer in spread.layers}
    return {"type": "FeatureCollection", "features": features, "parameters": parameters}


def csv_text(spread: Spread) -> str:
    """`spread` as rows: place, further axes, values, with the unit in the heading."""
    places, steps, columns = _rows(spread)
    out = io.StringIO()
    writer = csv.writer(out)
    east, north, _ = systems.axes(spread.system.name)
    own = ["time"] if spread.moments else []
    units = {layer.name: f" ({layer.unit})" for layer in spread.layers if layer.unit}
    headings = [name + units.get(name, "") for name in columns]
    writer.writerow([east, north, *own, *(axis.name for axis, _ in spread.axes), *headings])
    for number, ((row, place), step) in enumerate(product(enumerate(places), steps)):
        values = [_cell(column[number]) for column in columns.values()]
        writer.writerow([*place, *([spread.moments[row]] if own else []), *step.values(), *values])
    return out.getvalue()


def _cell(value: Any) -> str:
    """A value as a cell of a table of text."""
    return "" if value is None else value if isinstance(value, str) else f"{value:.{DIGITS}g}"


def written(spread: Spread, form: str) -> tuple[bytes, str]:
    """`spread` in a form, and its media type."""
    if form == "csv":
        return csv_text(spread).encode(), "text/csv; charset=utf-8"
    if form == "GeoJSON":
        return msgspec.json.encode(geojson(spread)), "application/geo+json"
    return msgspec.json.encode(coverage_json(spread)), "application/prs.coverage+json"
