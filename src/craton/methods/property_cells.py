"""What the property processes share: units of a model, samples in them, coordinates along their layers."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.kernels import kriging_groups as near
from craton.kernels.covariance import Floats, Model
from craton.kernels.kriging import distinct_places
from craton.kernels.layer_coordinates import LEVEL
from craton.methods.geomodel_volume import Lattice, UnitTable
from craton.methods.geostatistics import Spots, spots_of
from craton.methods.placement import crs_of, same_crs
from craton.methods.property_layers import Ground, Layering, Placing, placing_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Table, Unit, Volume

MOST_CELLS = 20_000_000
"""Cells of a unit that are worked on."""

UPWARD = "upward"
"""Column of heights that is taken where none is named and the points have none of their own."""

HEIGHT, OWN_UNIT, OWN_HOLE = "_height", "_unit", "_hole"

ModelVolume = Annotated[xr.Dataset, Volume()]
Samples = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
SampleNumber = Annotated[str, ColumnOf("points", numeric=True)]
SampleText = Annotated[str, ColumnOf("points")]
Neighbours = Annotated[int, Bounds(minimum=1, maximum=500)]
Metres = Annotated[float, Unit("m"), Bounds(above=0)]


class Sampled(NamedTuple):
    """Samples: places (n, 3), values (n, c), code of the unit of each (n,), and number of its hole (n,)."""

    places: np.ndarray
    values: np.ndarray
    codes: np.ndarray
    holes: np.ndarray


class Domain(NamedTuple):
    """A unit: name, code, cells by number, its samples in layer coordinates, and how to get there."""

    name: str
    code: int
    cells: np.ndarray
    spots: Spots
    placing: Placing


def samples_of(
    process: str,
    ground: Ground,
    points: gpd.GeoDataFrame,
    columns: tuple[str, ...],
    *,
    upward: str | None,
    unit_column: str | None,
    hole_column: str | None = None,
) -> Sampled:
    """Samples with all of `columns`, each in the unit it states, else in that of the cell it lies in.

    Samples of units that the model does not have, and those outside of it that state none, have the code 0.
    """
    frame = points.assign(**{
        HEIGHT: _heights(points, upward),
        OWN_UNIT: _stated_codes(ground.units, points, unit_column),
        OWN_HOLE: _holes(points, hole_column),
    })  # fmt: skip
    if not np.isfinite(frame[HEIGHT].to_numpy(np.float64, na_value=np.nan)).any():
        raise ContractError(
            process, "upward", "a column of heights, where the points have none of their own",
            f"{upward} without any" if upward else "left out",
        )  # fmt: skip
    spots = spots_of(process, frame, (*columns, OWN_UNIT, OWN_HOLE), HEIGHT, mean=False)
    if not same_crs(spots.crs, ground.lattice.crs) and ground.lattice.crs:
        raise ContractError(
            process, "points", f"in the reference system of the model, {ground.lattice.crs[:40]}",
            f"in {spots.crs[:40]}", hint="transform them first, with vector.reproject",
        )  # fmt: skip
    codes = spots.values[:, -2].astype(np.int64)
    lacking = codes < 0
    codes[lacking] = _codes_at(ground, spots.places[lacking])
    return Sampled(spots.places, spots.values[:, :-2], codes, spots.values[:, -1].astype(np.int64))


def _holes(points: pd.DataFrame, column: str | None) -> np.ndarray:
    """Numbers of holes in the order of their names, −1 without one; without a column each row is its own."""
    if not column:
        return np.arange(len(points))
    return pd.factorize(points[column].astype("string"), sort=True)[0]


def _heights(points: gpd.GeoDataFrame, column: str | None) -> np.ndarray:
    """Heights of points: of `column`, else their own, else of a column that is called `upward`."""
    own: np.ndarray = shapely.get_z(points.geometry.to_numpy())
    if column is None and UPWARD in points.columns and not np.isfinite(own).any():
        column = UPWARD
    return points[column].to_numpy() if column else own


def _stated_codes(units: UnitTable, points: pd.DataFrame, column: str | None) -> np.ndarray:
    """Codes of the units named (or numbered) in a column; −1 where it says nothing, 0 for unknown ones."""
    found = np.full(len(points), -1.0)
    if not column:
        return found
    known = {name.strip().casefold(): int(code) for name, code in zip(units.names, units.codes, strict=True)}
    known |= {str(int(code)): int(code) for code in units.codes}
    for row, value in enumerate(points[column]):
        text = "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value).strip()
        if text:
            found[row] = known.get(text.casefold(), 0)
    return found


def _codes_at(ground: Ground, places: np.ndarray) -> np.ndarray:
    """Codes of the cells in which places lie, 0 outside."""
    found = np.zeros(len(places), np.int64)
    inside, cell = cells_at(ground.lattice, places)
    found[inside] = ground.codes.ravel()[cell[inside]]
    return found


def cells_at(lattice: Lattice, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether places (n, 3) lie within the lattice, and the number of the cell in which they do, else 0."""
    axes = (lattice.upward, lattice.northing, lattice.easting)
    index = np.column_stack([
        np.floor((place - axis[0]) / (axis[1] - axis[0]) + 0.5)
        for axis, place in zip(axes, places.T[::-1], strict=True)
    ]).astype(np.int64)  # fmt: skip
    inside = ((index >= 0) & (index < lattice.shape)).all(axis=1)
    index[~inside] = 0
    numbers: np.ndarray = np.ravel_multi_index(tuple(index.T), lattice.shape)
    return inside, numbers


def places_of(lattice: Lattice, cells: np.ndarray) -> np.ndarray:
    """Middles (n, 3) of cells by number, as easting, northing, upward."""
    level, row, column = np.unravel_index(cells, lattice.shape)
    return np.column_stack([lattice.easting[column], lattice.northing[row], lattice.upward[level]])


def domains_of(
    process: str, ground: Ground, sampled: Sampled, wanted: tuple[str, ...], layering: Layering
) -> tuple[list[Domain], list[str]]:
    """Units that are worked on, each with its own samples only, and names of units that have none."""
    rows = [ground.units.row(name) for name in wanted] if wanted else range(len(ground.units.names))
    for name, row in zip(wanted, rows, strict=False):
        if row < 0:
            known = ", ".join(ground.units.names[:12])
            raise ContractError(process, "units", f"names of units of the model: {known}", repr(name))
    found, empty = [], []
    for row in rows:
        code = int(ground.units.codes[row])
        cells = np.flatnonzero(ground.codes.ravel() == code)
        own = sampled.codes == code
        if not cells.size or not own.any():
            empty += [ground.units.names[row]] if cells.size else []
            continue
        if cells.size > MOST_CELLS:
            allowed = f"a model with at most {MOST_CELLS:,} cells of a unit"
            raise ContractError(process, "volume", allowed, f"{cells.size:,} of {ground.units.names[row]}")
        placing = placing_of(process, ground, row, layering)
        places, values = distinct_places(placing(sampled.places[own]), sampled.values[own])
        spots = Spots(places, values, ground.lattice.crs)
        found.append(Domain(ground.units.names[row], code, cells, spots, placing))
    if not found:
        raise ContractError(
            process, "points", "samples in at least one unit of the model",
            "none there", hint="check reference system, heights and names of units",
        )  # fmt: skip
    return found, empty


def tiles_of(
    lattice: Lattice, cells: np.ndarray, count: int, neighbours: int, model: Model, axes: Floats = LEVEL
) -> np.ndarray:
    """Number (n,) of the box of cells to which each cell belongs, so small that its data serve all of it.

    Boxes are about as long as high by the ranges of the model, whose own axes have the directions `axes`.
    """
    lengths = np.linalg.norm(near.metric(model) @ axes @ np.diag(lattice.spacing[::-1]), axis=0)[::-1]
    within = neighbours / near.SHARE * cells.size / max(count, 1)
    side = np.cbrt(max(within, 1.0) * lengths.prod())
    sides = np.clip(np.floor(side / np.maximum(lengths, 1e-12)), 1, near.LARGEST_TILE).astype(np.int64)
    index = np.column_stack(np.unravel_index(cells, lattice.shape)) // sides
    shape = tuple(np.array(lattice.shape) // sides + 1)
    numbers: np.ndarray = np.ravel_multi_index(tuple(index.T), shape)
    return numbers


def same_system(process: str, parameter: str, one: xr.Dataset, other: xr.Dataset) -> None:
    """Refuse `one`, the parameter `parameter`, where it is in another reference system than `other`."""
    if not same_crs(crs_of(one), crs_of(other)):
        raise ContractError(
            process, parameter, f"in the reference system {crs_of(other)[:40] or 'of no place'}",
            f"in {crs_of(one)[:40] or 'none'}",
        )  # fmt: skip
