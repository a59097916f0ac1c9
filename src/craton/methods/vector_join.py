"""Vector joins: which features meet, which is nearest, and how many points are in polygons."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.methods.placement import brought_to, crs_of
from craton.methods.vector_nearest import nearest_rows
from craton.methods.vector_shapes import areas, beside, free_name, noted, notes_of, placed, with_room
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Table, Unit
from craton.process.processes import process

JOIN, COUNT = "vector.spatial_join", "vector.count_within"

Features = Annotated[gpd.GeoDataFrame, Table()]

Predicate = Literal[
    "intersects", "within", "contains", "covers", "covered_by", "touches", "crosses", "overlaps", "nearest"
]


@process(JOIN, version="1", keywords=("lookup", "nearest", "within", "intersects"))
def spatial_join(
    left: Features,
    right: Features,
    predicate: Predicate = "intersects",
    *,
    how: Literal["left", "inner"] = "left",
    maximum_distance: Annotated[float, Unit("m"), Bounds(above=0)] | None = None,
) -> Features:
    """Columns of the features of one table added to those of another that they meet, or are nearest to.

    Use it to tell which district a sample is in, which fault is nearest to a village. To cut geometries
    use `vector.overlay`; to count points in polygons use `vector.count_within`.

    Parameters
    ----------
    left : GeoDataFrame
        Features that keep their geometry.
    right : GeoDataFrame
        Features whose columns are added. They are brought to the reference system of `left`.
    predicate : str
        What must hold between a feature of `left` and one of `right`, as in the OGC Simple Features
        (`within`: the left one lies in the right one), or `nearest`.
    how : str
        `left` keeps each feature of `left` that has a geometry, `inner` those that found one.
    maximum_distance : float, optional
        For `nearest`: how far it may be, in m.

    Returns
    -------
    GeoDataFrame
        A row for each pair, in the order of `left` and for each in that of `right`. Columns of `right`
        whose name `left` has too are called `name_2`. `nearest` gives one row for each feature of `left`,
        the first of those equally near, and the column `distance` in m.

    Notes
    -----
    Rows without a geometry are left out; invalid polygons are repaired for the test, the geometry stays.
    Predicates are plane, in the axes of the reference system of `left`. Distances are plane in a
    projected system, with its scale error; in longitude and latitude they are taken in an azimuthal
    equidistant projection of the ellipsoid around the feature of `left`, exact from points (see
    `vector.buffer` for larger features), also across the antimeridian.

    References
    ----------
    Open Geospatial Consortium (2011). OpenGIS implementation specification for geographic information,
    simple feature access, part 1. OGC 06-103r4.
    """
    if maximum_distance is not None and predicate != "nearest":
        raise ContractError(JOIN, "maximum_distance", "left out unless the predicate is nearest", "given")
    mine = placed(left)
    other = brought_to(JOIN, "right", placed(right), crs_of(left))
    if predicate != "nearest":
        tree = shapely.STRtree(other.geometry.to_numpy())
        found = tree.query(mine.geometry.to_numpy(), predicate=predicate)
        pairs = found[:, np.lexsort((found[1], found[0]))]
        return _paired(mine, other, pairs, how=how)
    crs = crs_of(left)
    if not crs:
        raise ContractError(JOIN, "left", "in a known reference system", "in none", hint="state its crs")
    rows, distances = nearest_rows(mine.geometry.to_numpy(), other.geometry.to_numpy(), crs)
    near = rows >= 0
    if maximum_distance is not None:
        near &= distances <= maximum_distance
    pairs = np.array([np.flatnonzero(near), rows[near]])
    return _paired(mine, other, pairs, how=how, distances=distances[near])


def _paired(
    mine: gpd.GeoDataFrame,
    other: gpd.GeoDataFrame,
    pairs: np.ndarray,
    *,
    how: str,
    distances: np.ndarray | None = None,
) -> gpd.GeoDataFrame:
    """Rows of `mine` beside those of `other` that `pairs` (2, n), sorted, names."""
    if how == "left":
        alone = np.setdiff1d(np.arange(len(mine)), pairs[0])
        pairs = np.hstack([pairs, [alone, np.full(alone.size, -1)]])
        if distances is not None:
            distances = np.concatenate([distances, np.full(alone.size, np.nan)])
    order = np.argsort(pairs[0], kind="stable")
    other = beside(mine, other)
    added = _taken(pd.DataFrame(other.drop(columns=other.active_geometry_name)), pairs[1][order])
    result = mine.iloc[pairs[0][order]].reset_index(drop=True)
    result = result.assign(**{str(name): added[name] for name in added.columns})
    notes = {**notes_of(other), **notes_of(mine)}
    if distances is not None:
        name = free_name("distance", map(str, result.columns))
        result[name] = distances[order]
        notes[name] = {"unit": "m", "title": "Distance to the nearest"}
    return noted(result, notes)


def _taken(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Rows of `frame` by number, empty ones for −1; whole numbers stay whole."""
    if (rows < 0).any():
        kinds = {"i": "Int64", "u": "UInt64", "b": "boolean"}
        plain = {name: kinds.get(getattr(kind, "kind", "")) for name, kind in frame.dtypes.items()}
        frame = frame.astype({name: kind for name, kind in plain.items() if kind})
    return frame.reset_index(drop=True).reindex(np.where(rows < 0, len(frame), rows)).reset_index(drop=True)


@process(COUNT, version="1", keywords=("density", "points in polygon", "aggregate"))
def count_within(
    polygons: Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))],
    points: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))],
    *,
    column: Annotated[str, ColumnOf("points", numeric=True)] | None = None,
    name: str = "",
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))]:
    """Number of points in each polygon, and what a column of the points sums to there.

    Use it for events by district or by cell (`vector.cells`). To keep the single points and learn where
    each is use `vector.spatial_join`.

    Parameters
    ----------
    polygons : GeoDataFrame
        Districts, cells, basins, in a known reference system. Rows without a geometry are left out,
        invalid polygons are repaired.
    points : GeoDataFrame
        Points to be counted, brought to the reference system of `polygons`; each point of a multipoint
        counts. Rows without a geometry are left out.
    column : str, optional
        Numeric column of `points` to be summed up.
    name : str
        What the points are, as the first word of the new columns (`earthquake` gives
        `earthquake_count`), so that several kinds can be counted one after the other.

    Returns
    -------
    GeoDataFrame
        The polygons in their order with `count`, `density` per km², and with `column` also its `sum`
        (0 where there is none), `maximum` and `mean` (missing where there is none) in the unit of the
        column; empty values of it are passed over. A column of the polygons with one of these names is
        renamed to `name_1`.

    Notes
    -----
    A point inside a polygon counts there, also where polygons overlap. A point inside none but on the
    border of some counts for the first of them, so that neighbours never count it twice. Areas are on
    the ellipsoid (Karney 2013), their edges straight in the axes of the reference system.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55.
    doi:10.1007/s00190-012-0578-z
    """
    there = placed(polygons)
    events = brought_to(COUNT, "points", placed(points), crs_of(polygons)).explode(ignore_index=True)
    pairs = _inside(there.geometry.to_numpy(), events.geometry.to_numpy())
    counts = np.bincount(pairs[0], minlength=len(there))
    new: dict[str, Any] = {"count": counts, "density": counts / areas(COUNT, "polygons", there)}
    what = name or "point"
    told = {
        "count": {"unit": "1", "title": f"Number of {what}s"},
        "density": {"unit": "1/km2", "title": f"{what.capitalize()}s per km²"},
    }
    if column is not None:
        new |= _summed(pairs, events[column].to_numpy(np.float64, na_value=np.nan), len(there))
        note = notes_of(points).get(column, {})
        told |= {part: _titled(note, column, part) for part in ("sum", "maximum", "mean")}
    if name:
        new = {f"{name}_{part}": values for part, values in new.items()}
        told = {f"{name}_{part}": note for part, note in told.items()}
    result = with_room(noted(there, notes_of(polygons)), new)
    return noted(result.assign(**new), {**notes_of(result), **told})


def _titled(note: dict[str, str], column: str, name: str) -> dict[str, str]:
    told = {"title": f"{name.capitalize()} of {note.get('title', column)}"}
    return told | ({"unit": note["unit"]} if note.get("unit") else {})


def _inside(polygons: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Pairs (2, n) of a polygon and a point that counts for it."""
    tree = shapely.STRtree(polygons)
    point, polygon = tree.query(points, predicate="intersects")
    inner = shapely.contains_properly(polygons[polygon], points[point])
    held = np.zeros(len(points), bool)
    held[point[inner]] = True
    border = ~inner & ~held[point]
    order = np.lexsort((polygon[border], point[border]))
    owners, first = np.unique(point[border][order], return_index=True)
    pairs = np.array([
        np.concatenate([polygon[inner], polygon[border][order][first]]),
        np.concatenate([point[inner], owners]),
    ])  # fmt: skip
    return pairs[:, np.lexsort((pairs[1], pairs[0]))]


def _summed(pairs: np.ndarray, values: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Sum, maximum and mean of the points of each of `count` polygons."""
    polygon, value = pairs[0], values[pairs[1]]
    polygon, value = polygon[~np.isnan(value)], value[~np.isnan(value)]
    told = np.bincount(polygon, minlength=count)
    total = np.bincount(polygon, weights=value, minlength=count)
    most = np.full(count, -np.inf)
    np.maximum.at(most, polygon, value)
    mean = np.divide(total, told, out=np.full(count, np.nan), where=told > 0)
    return {"sum": total, "maximum": np.where(told > 0, most, np.nan), "mean": mean}
