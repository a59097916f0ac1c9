"""Geological models as volumes: units by code with names and colours, on cells of even steps.

A model is a dataset on `upward, northing, easting` (middles of cells in metres, `upward` from the top,
`northing` from the north, `easting` from the west) with a variable of codes, `unit`: 0 is none (air,
outside), every other code is named in its attributes `flag_values`, `flag_meanings`, `flag_colors`.
"""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from craton.methods.placement import crs_of, is_even, with_crs
from craton.model.errors import ContractError

AXES = ("upward", "northing", "easting")
UNIT = "unit"
"""Name of the variable that holds the codes."""

QUANTITY = "geological_unit"
MOST_CODE = 65_535
MOST_CLASSES = 2_000
"""Different codes of one variable above which it is taken to be no classification."""

MOST_CELLS = 200_000_000
"""Cells of a model above which the spacing is taken to be a mistake."""

GOLDEN = 0.618033988749895
"""Turn of the hue from one unit to the next, which keeps neighbours apart for any number of them."""

Codes = np.ndarray


class UnitTable(NamedTuple):
    """Units of a model by code.

    Parameters
    ----------
    codes : array (n,) of int64
        Codes, each once and above 0.
    names, colours : tuple of str
        Name and colour (`#rrggbb`) of each.
    variable : str
        Variable of the model that holds the codes.
    """

    codes: np.ndarray
    names: tuple[str, ...]
    colours: tuple[str, ...]
    variable: str = UNIT

    def row(self, name: str) -> int:
        """Row of the unit called `name` (spaces around it and capitals do not count), −1 where none is."""
        wanted = name.strip().casefold()
        return next((row for row, one in enumerate(self.names) if one.strip().casefold() == wanted), -1)

    def name_of(self, code: int) -> str:
        """Name of the unit with `code`, empty for 0 and codes that no unit has."""
        found = np.flatnonzero(self.codes == code)
        return self.names[int(found[0])] if found.size else ""

    def colour_of(self, code: int) -> str:
        """Colour of the unit with `code`, white for none."""
        found = np.flatnonzero(self.codes == code)
        return self.colours[int(found[0])] if found.size else "#ffffff"


class Lattice(NamedTuple):
    """Cells of a volume: middles (upward from the top, northing from the north, easting from the west)."""

    upward: np.ndarray
    northing: np.ndarray
    easting: np.ndarray
    crs: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Layers, rows, columns."""
        return self.upward.size, self.northing.size, self.easting.size

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Height, length to the north and width to the east of a cell in metres, all positive."""
        return _side(self.upward), _side(self.northing), _side(self.easting)

    @property
    def extent(self) -> tuple[float, float, float, float, float, float]:
        """West, south, bottom, east, north, top: outer faces of the cells."""
        up, north, east = (side / 2 for side in self.spacing)
        return (
            float(self.easting[0]) - east, float(self.northing[-1]) - north, float(self.upward[-1]) - up,
            float(self.easting[-1]) + east, float(self.northing[0]) + north, float(self.upward[0]) + up,
        )  # fmt: skip

    @property
    def diagonal(self) -> float:
        """Level diagonal of the cells in metres."""
        west, south, _bottom, east, north, _top = self.extent
        return float(np.hypot(east - west, north - south))

    def places(self) -> np.ndarray:
        """Middles of all cells (layers · rows · columns, 3) as easting, northing, upward."""
        up, north, east = np.meshgrid(self.upward, self.northing, self.easting, indexing="ij")
        return np.stack([east.ravel(), north.ravel(), up.ravel()], axis=1)


def _side(axis: np.ndarray) -> float:
    return abs(float(axis[-1] - axis[0])) / max(axis.size - 1, 1)


def new_lattice(
    process: str,
    extent: tuple[float, float, float, float, float, float],
    spacing: tuple[float, float, float],
    crs: str,
) -> Lattice:
    """Cells of `spacing` (upward, north, east) that cover `extent` (west, south, bottom, east, north, top).

    They begin at its west, south and top; where a side is no whole number of cells they reach over the
    opposite side. Two cells a side at least.
    """
    west, south, bottom, east, north, top = extent
    up, length, width = spacing
    sides = (top - bottom, north - south, east - west)
    counts = [max(2, int(np.ceil(side / step - 1e-6))) for side, step in zip(sides, spacing, strict=True)]
    if float(np.prod(counts, dtype=np.float64)) > MOST_CELLS:
        raise ContractError(
            process, "spacing", f"one that gives at most {MOST_CELLS} cells",
            f"one that gives {np.prod(counts, dtype=np.float64):.3g}",
            hint="give a greater `spacing` or `thickness`, or a smaller extent",
        )  # fmt: skip
    return Lattice(
        top - up * (np.arange(counts[0]) + 0.5),
        south + length * (np.arange(counts[1])[::-1] + 0.5),
        west + width * (np.arange(counts[2]) + 0.5),
        crs,
    )


def lattice_of(volume: xr.Dataset | xr.DataArray, *, process: str, parameter: str = "model") -> Lattice:
    """Cells of `volume` in the order of a `Lattice`; refused where its axes are not even."""
    allowed = "a volume with even steps along upward, northing, easting"
    axes = []
    for axis in AXES:
        if axis not in volume.dims or axis not in volume.coords:
            raise ContractError(process, parameter, allowed, f"one without {axis}")
        places = volume[axis].to_numpy().astype(np.float64)
        if not is_even(places):
            raise ContractError(process, parameter, allowed, f"one uneven along {axis}, or of one cell")
        axes.append(np.sort(places))
    return Lattice(axes[0][::-1], axes[1][::-1], axes[2], crs_of(volume))


def cells_of(volume: xr.DataArray, *, process: str = "geomodel", parameter: str = "model") -> np.ndarray:
    """Values (layers, rows, columns) of one field of a volume, in the order of a `Lattice`."""
    if set(volume.dims) != set(AXES):
        came = ", ".join(map(str, volume.dims))
        raise ContractError(
            process, parameter, "a volume of upward, northing, easting", f"one of {came}",
            hint="take one time or realization of it",
        )  # fmt: skip
    turned = volume.transpose(*AXES)
    steps = [_turn(turned, axis, falling=axis != "easting") for axis in AXES]
    cells: np.ndarray = turned.to_numpy()[steps[0], steps[1], steps[2]]
    return cells


def _turn(volume: xr.DataArray, axis: str, *, falling: bool) -> slice:
    places = volume[axis].to_numpy()
    return slice(None, None, 1 if (places[-1] < places[0]) == falling else -1)


def units_of(
    volume: xr.Dataset | xr.DataArray,
    *,
    variable: str = "",
    process: str = "geomodel",
    parameter: str = "model",
) -> UnitTable:
    """Units of a model, or the classes of any other volume of whole numbers.

    Parameters
    ----------
    volume : Dataset or DataArray
        With `flag_values` and `flag_meanings` on the variable; without them each code above 0 that occurs
        is a unit named after its number.
    variable : str
        Which variable holds the codes; empty for `unit`, else the first that is a classification.
    process, parameter : str
        Named where the volume is refused.
    """
    codes = _coded(volume, variable, process, parameter)
    values, names, colours = (_listed(codes.attrs.get(k)) for k in _FLAGS)
    if not values:
        values, names = _occurring(codes, process, parameter), []
    kept = [place for place, value in enumerate(values) if int(value) > 0]
    names = [str(names[p]).strip() if p < len(names) else str(int(values[p])) for p in kept]
    colours = [str(colours[p]) if p < len(colours) else colour_of(row) for row, p in enumerate(kept)]
    found = np.array([int(values[p]) for p in kept], dtype=np.int64)
    return UnitTable(found, tuple(names), tuple(colours), str(codes.name or UNIT))


_FLAGS = ("flag_values", "flag_meanings", "flag_colors")


def _listed(value: Any) -> list[Any]:
    """Entries of a flag attribute, which CF allows as an array, or as words with spaces between them."""
    if value is None:
        return []
    return value.split() if isinstance(value, str) else list(np.atleast_1d(value))


def _coded(volume: xr.Dataset | xr.DataArray, variable: str, process: str, parameter: str) -> xr.DataArray:
    """Field of the codes."""
    if isinstance(volume, xr.DataArray):
        return volume
    if variable and variable not in volume.data_vars:
        known = ", ".join(map(str, list(volume.data_vars)[:12]))
        raise ContractError(process, parameter, f"a model with the variable {variable!r}", f"one of {known}")
    chosen = variable or next(iter(_likely(volume)), "")
    if not chosen:
        raise ContractError(
            process, parameter, "a model with a variable `unit`, or one with named classes",
            f"one of {', '.join(map(str, list(volume.data_vars)[:12]))}",
        )  # fmt: skip
    return volume[chosen]


def _likely(volume: xr.Dataset) -> list[str]:
    """Variables that hold units, the likeliest first."""

    def rank(name: str) -> int:
        attrs = volume[name].attrs
        signs = (name == UNIT, attrs.get("standard_name") == QUANTITY, "flag_values" in attrs)
        spelled = name.casefold() in {"strat", "stratigraphy", "lithology", "lithok", "lithoclass"}
        return next((place for place, sign in enumerate((*signs, spelled)) if sign), 9)

    names = [str(name) for name in volume.data_vars if set(AXES) <= set(volume[name].dims)]
    return sorted((name for name in names if rank(name) < 9), key=rank)


def _occurring(codes: xr.DataArray, process: str, parameter: str) -> list[int]:
    values = np.unique(codes.to_numpy())
    values = values[np.isfinite(values)]
    if values.size > MOST_CLASSES or (values != np.rint(values)).any():
        raise ContractError(
            process, parameter, "a model of whole numbers that stand for units",
            f"one whose `{codes.name}` has {values.size} different numbers",
        )  # fmt: skip
    return [int(value) for value in values]


def codes_of(volume: xr.Dataset | xr.DataArray, units: UnitTable, *, process: str = "geomodel") -> Codes:
    """Codes (layers, rows, columns) of int32 in the order of a `Lattice`, 0 where a cell has no unit."""
    field = volume if isinstance(volume, xr.DataArray) else volume[units.variable]
    cells: Codes = np.nan_to_num(cells_of(field, process=process)).astype(np.int32)
    cells[~np.isin(cells, units.codes)] = 0
    return cells


def colour_of(row: int) -> str:
    """Colour of the unit in `row` where none is stated."""
    hue = (0.08 + GOLDEN * row) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, (0.58, 0.7, 0.46)[row % 3], 0.5)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def flags(units: UnitTable) -> dict[str, Any]:
    """Attributes of a variable of codes."""
    return {
        "flag_values": [0, *(int(code) for code in units.codes)],
        "flag_meanings": ["none", *units.names],
        "flag_colors": ["#ffffff", *units.colours],
        "standard_name": QUANTITY,
        "long_name": "Geological unit",
    }


def volume_of(
    lattice: Lattice,
    codes: Codes,
    units: UnitTable,
    *,
    fields: Mapping[str, tuple[np.ndarray, Mapping[str, Any]]] | None = None,
    title: str = "",
) -> xr.Dataset:
    """A model as a dataset.

    Parameters
    ----------
    lattice : Lattice
        Its cells.
    codes : array (layers, rows, columns)
        Codes of `units`, 0 for none.
    units : UnitTable
        What the codes mean.
    fields : mapping
        Further variables by name: cells (layers, rows, columns) and attributes.
    title : str
        Title of the dataset.
    """
    kind = np.uint8 if not units.codes.size or int(units.codes.max()) < 256 else np.uint16
    every: dict[str, tuple[np.ndarray, Mapping[str, Any]]] = {UNIT: (codes.astype(kind), flags(units))}
    every |= dict(fields or {})
    axes = {
        "upward": ("upward", lattice.upward, {"units": "m", "positive": "up"}),
        "northing": ("northing", lattice.northing, {"units": "m"}),
        "easting": ("easting", lattice.easting, {"units": "m"}),
    }
    made = {
        name: xr.DataArray(cells, axes, AXES, attrs=dict(attrs)) for name, (cells, attrs) in every.items()
    }
    model = xr.Dataset(made, attrs={"title": title} if title else {})
    return with_crs(model, lattice.crs)


def with_units(units: UnitTable, names: Sequence[str]) -> UnitTable:
    """Rows of `units` whose names are in `names`, in their order."""
    rows = [row for row, name in enumerate(units.names) if name in names]
    colours = tuple(units.colours[row] for row in rows)
    return UnitTable(units.codes[rows], tuple(units.names[row] for row in rows), colours, units.variable)
