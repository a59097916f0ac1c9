"""Places asked about: where holes begin, and the model's own ground."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from craton.kernels.volume_questions import ground_of
from craton.methods.geomodel_ask_model import Asked
from craton.methods.placement import brought_to
from craton.methods.vector_shapes import notes_of
from craton.model import units as measures
from craton.model.errors import ContractError

MOST_HOLES = 5_000


class Starts(NamedTuple):
    """Names of holes and where they begin: easting, northing, upward (n, 3)."""

    names: list[str]
    places: np.ndarray


def hole_places(
    process: str,
    asked: Asked,
    points: gpd.GeoDataFrame | None,
    single: tuple[float | None, float | None],
    *,
    elevation: float | None,
    column: str | None,
    names: str | None,
) -> Starts:
    """Where holes begin: at `points` or one place, on the model's ground where no height is given."""
    if points is None:
        if single == (None, None):
            west, south, _low, east, north, _high = asked.lattice.extent
            single = 0.5 * (west + east), 0.5 * (south + north)
        if single[0] is None or single[1] is None:
            missing = "easting" if single[0] is None else "northing"
            raise ContractError(process, missing, "given where there are no `points`", "left out")
        flat, labels = np.array([[single[0], single[1]]], dtype=np.float64), ["1"]
    else:
        flat, labels = _of_table(process, asked, points, names)
    heights = np.full(len(flat), np.nan if elevation is None else elevation)
    if points is not None and column is not None:
        own = _metres(process, points, column)
        heights = np.where(np.isfinite(own), own, heights)
    _refuse_outside(process, asked, flat, labels, "points" if points is not None else "easting")
    ground = ground_at(asked, flat)
    bare = ~np.isfinite(heights) & ~np.isfinite(ground)
    if bare.any():
        name = labels[int(np.argmax(bare))]
        raise ContractError(
            process, "points" if points is not None else "easting", "above a unit of the model",
            f"{int(bare.sum())} where it has none, the first {name}",
        )  # fmt: skip
    return Starts(labels, np.column_stack([flat, np.where(np.isfinite(heights), heights, ground)]))


def _of_table(
    process: str, asked: Asked, points: gpd.GeoDataFrame, names: str | None
) -> tuple[np.ndarray, list[str]]:
    frame = brought_to(process, "points", points, asked.lattice.crs)
    shapes = frame.geometry.to_numpy()
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not there.any() or there.sum() > MOST_HOLES:
        raise ContractError(
            process, "points", f"1 to {MOST_HOLES} points", f"{int(there.sum())} that have a place"
        )
    if (shapely.get_type_id(shapes[there]) != 0).any():
        raise ContractError(process, "points", "one point a row", "several", hint="part them first")
    if not there.all():
        raise ContractError(
            process, "points", "a place in every row", f"{int((~there).sum())} rows without one"
        )
    told = frame[names] if names else range(1, len(frame) + 1)
    return shapely.get_coordinates(shapely.force_2d(shapes)), [str(one) for one in told]


def _metres(process: str, points: gpd.GeoDataFrame, column: str) -> np.ndarray:
    """Heights of a column in metres, which it is taken to be in where it states no unit."""
    values = points[column].to_numpy(np.float64, na_value=np.nan)
    unit = measures.parse(str(notes_of(points).get(column, {}).get("unit", ""))) or "m"
    if not measures.compatible(unit, "m"):
        raise ContractError(process, "elevation_column", "a column in metres", f"`{column}` in {unit}")
    return np.asarray(measures.convert(values, unit, "m"))


def _refuse_outside(process: str, asked: Asked, flat: np.ndarray, labels: list[str], parameter: str) -> None:
    west, south, _bottom, east, north, _top = asked.lattice.extent
    inside = (flat >= (west, south)).all(axis=1) & (flat <= (east, north)).all(axis=1)
    if not inside.all():
        name = labels[int(np.argmin(inside))]
        raise ContractError(
            process, parameter,
            f"within the model, easting {west:.10g} to {east:.10g} and northing {south:.10g} to {north:.10g}",
            f"{int((~inside).sum())} outside, the first {name}",
        )  # fmt: skip


def ground_at(asked: Asked, flat: np.ndarray) -> np.ndarray:
    """Elevation of the top of the highest unit of the column of cells at places (n, 2); NaN without one."""
    surface = asked.height(ground_of(asked.classes, asked.edges()))
    cells = np.floor((flat - asked.corner[:2]) / asked.sides[:2]).astype(int)
    column, row = (np.clip(cells[:, axis], 0, surface.shape[1 - axis] - 1) for axis in (0, 1))
    return np.asarray(surface[row, column])
