"""Contacts of geological maps: boundaries of polygons as points on the bases of units."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.methods.body_table import refuse_degrees
from craton.methods.geomodel_column import ColumnTable, StratigraphicColumn, column_of
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_inputs import Elevation
from craton.methods.placement import brought_to, crs_of
from craton.model.errors import ContractError
from craton.model.quantities import recognise
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

OF_MAP = "geomodel.contacts_of_map"
PROBE = 0.05
"""Distance from a boundary, in spacings, at which the units on its sides are looked up."""

MOST_CONTACTS = 1_000_000
AGE = "numeric_age"
BEDS = "beds"

Polygons = Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))]
Traces = Annotated[gpd.GeoDataFrame, Table(geometry=("LineString",))]
MapColumn = Annotated[str, ColumnOf("geology")]
Distance = Annotated[float, Unit("m"), Bounds(above=0)]
Clearance = Annotated[float, Unit("m"), Bounds(minimum=0)]


class Mapped(NamedTuple):
    """Contacts of a map, and the column that they were ordered by."""

    contacts: Annotated[
        gpd.GeoDataFrame,
        Table(
            geometry=("Point",),
            columns=(
                Column(name="unit", quantity="geological_unit", title="Unit whose base it is"),
                Column(name="below", quantity="geological_unit", title="Unit beneath"),
            ),
        ),
    ]
    column: ColumnTable


@process(OF_MAP, version="2", keywords=("geological map", "3D geology", "contacts", "地质图"))
def contacts_of_map(
    geology: Polygons,
    topography: Elevation,
    column: ColumnTable | None = None,
    faults: Traces | None = None,
    *,
    unit_column: MapColumn,
    spacing: Distance,
    youngest_age: MapColumn | None = None,
    oldest_age: MapColumn | None = None,
    series_column: MapColumn | None = None,
    intrusive: tuple[str, ...] = (),
    ignored: tuple[str, ...] = (),
    fault_distance: Clearance | None = None,
    neighbours_only: bool = True,
) -> Mapped:
    """Contacts on the ground from the polygons of a geological map, and the column of its units.

    Use it to make the input of `geomodel.structural` from a map and an elevation model alone. Where two
    polygons meet, the boundary is the base of the younger of their units; along faults and at the edge of
    the map it is nobody's. It is not for maps of surface cover: leave its units out with `ignored`.

    Parameters
    ----------
    geology : GeoDataFrame
        Polygons of one unit each, in metres.
    topography : DataArray
        Height of the ground in metres, on which the contacts are laid.
    column : DataFrame
        Stratigraphic column with the units from the youngest to the oldest. Left out, the ages of the map
        give the order.
    faults : GeoDataFrame
        Traces of faults.
    unit_column : str
        Column of `geology` that has the units.
    spacing : float
        Distance of contacts along a boundary in metres.
    youngest_age : str
        Column of `geology` with the youngest age of the unit in Ma. Where it or `oldest_age` is left out and
        there is no `column`, the least and the greatest of all columns whose names say ages in Ma.
    oldest_age : str
        Column of `geology` with the oldest age of the unit in Ma; units are ordered by the middle of both.
    series_column : str
        Column of `geology` that says which units are of one series, such as the group or supergroup. Left
        out, all that are not intrusions are of one.
    intrusive : tuple of str
        Units that are intrusions: each becomes a series of its own, which cuts what is older than it. Among
        the beds of one series it cuts them all, unless all are younger: then they lie on it.
    ignored : tuple of str
        Units to leave out, such as cover and dykes: their boundaries are no contacts.
    fault_distance : float
        Contacts nearer to a fault are left out; in metres. Left out, the spacing.
    neighbours_only : bool
        Whether to keep contacts of units only that follow each other in the column. Where one in between
        is missing, the boundary may be a fault nobody mapped.

    Returns
    -------
    contacts : GeoDataFrame
        Points with heights, `unit` (whose base it is) and `below`, sorted by place.
    column : DataFrame
        The column as given, or of the units of the map by age, with `series` and `relation`: beds follow
        the base of their series (`erode`), as a map rarely tells how a floor lies below ground.

    Notes
    -----
    Units are looked up at a twentieth of the spacing on either side of a boundary; a gap between polygons
    wider than that is an edge of the map. Units of the same age stay in the order of their names.

    References
    ----------
    Jessell, M., Ogarko, V., de Rose, Y., Lindsay, M., Joshi, R., Piechocka, A., Grose, L., de la Varga, M.,
    Ailleres, L. and Pirot, G. (2021), Automated geological map deconstruction for 3D model construction
    using map2loop 1.0 and map2model 1.0, Geoscientific Model Development 14(8), 5063-5092,
    doi:10.5194/gmd-14-5063-2021.
    """
    units, order = _units(geology, unit_column), column
    if column is None:
        series = None if series_column is None else _units(geology, series_column)
        order = _by_age(geology, units, series, (youngest_age, oldest_age), intrusive, ignored)
    assert order is not None
    read = column_of(OF_MAP, order)
    refuse_degrees(OF_MAP, "geology", crs_of(geology))
    ground = Terrain(OF_MAP, topography)
    ground.check(crs_of(geology))
    rows = _rows(read, units, ignored)
    places, younger, older = _boundaries(geology, rows, spacing)
    upward = ground.at(places[:, 0], places[:, 1])
    kept = np.isfinite(upward)
    if faults is not None and len(faults):
        near = spacing if fault_distance is None else fault_distance
        kept &= _clear(places, brought_to(OF_MAP, "faults", faults, crs_of(geology)), near)
    if neighbours_only:
        kept &= _follow(read, rows, younger, older)
    placed = np.column_stack([places, upward])[kept]
    found = _table(read, placed, younger[kept], older[kept], crs_of(geology))
    return Mapped(found, order)


def _units(geology: gpd.GeoDataFrame, unit_column: str) -> pd.Series:
    """Names of the units of the polygons, empty where none is stated."""
    names: pd.Series = geology[unit_column].astype("string").fillna("").str.strip().astype(object)
    return names


def _rows(column: StratigraphicColumn, units: pd.Series, ignored: tuple[str, ...]) -> np.ndarray:
    """Row in the column of the unit of each polygon, −1 where it is ignored or has none."""
    left_out = units.str.casefold().isin([name.strip().casefold() for name in ignored])
    return column.rows_of(OF_MAP, "geology", units.where(~left_out, ""))


def _by_age(
    geology: gpd.GeoDataFrame,
    units: pd.Series,
    series: pd.Series | None,
    ages: tuple[str | None, str | None],
    intrusive: tuple[str, ...],
    ignored: tuple[str, ...],
) -> pd.DataFrame:
    """Column of the units of a map by the middle of their ages."""
    top, base = _ages(geology, ages)
    table = pd.DataFrame({"unit": units.to_numpy(), "age_top": top, "age_base": base})
    names = {name.strip().casefold() for name in ignored}
    table = table[(table["unit"] != "") & ~table["unit"].str.casefold().isin(names)]
    table = table.groupby("unit", sort=True, as_index=False).mean()
    ageless = table[table[["age_top", "age_base"]].isna().any(axis=1)]
    if len(ageless):
        raise ContractError(
            OF_MAP, "geology", "ages of every unit that is not ignored",
            f"none of {', '.join(ageless['unit'].head(5))}",
        )  # fmt: skip
    table["middle"] = (table["age_top"] + table["age_base"]) / 2
    table = table.sort_values(["middle", "age_base", "unit"], kind="stable", ignore_index=True)
    bodies = table["unit"].str.casefold().isin([name.strip().casefold() for name in intrusive])
    own = BEDS if series is None else table["unit"].map(dict(zip(units, series, strict=True)))
    table["series"] = np.where(bodies, table["unit"], own)
    table["relation"] = np.where(bodies, "intrude", "erode")
    return _placed(table[~bodies], table[bodies]).drop(columns="middle").reset_index(drop=True)


def _placed(beds: pd.DataFrame, bodies: pd.DataFrame) -> pd.DataFrame:
    """Beds by age, each intrusion above the first series that has a bed as old as it or older."""
    oldest = beds.groupby("series")["middle"].transform("max").to_numpy()
    younger = [int(np.argmax(np.append(oldest >= middle, True))) for middle in bodies["middle"]]
    ranked = pd.concat([bodies.assign(rank=np.array(younger) - 0.5), beds.assign(rank=np.arange(len(beds)))])
    return ranked.sort_values("rank", kind="stable").drop(columns="rank")


def _ages(geology: gpd.GeoDataFrame, ages: tuple[str | None, str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Youngest and oldest age (n,) of each polygon, of the columns named or of all that hold ages."""
    named = [name for name in ages if name is not None]
    if len(named) < len(ages):
        named = [name for name in map(str, geology.columns) if recognise(name).quantity == AGE]
    if len(named) < 2:
        raise ContractError(OF_MAP, "column", "given, or else `youngest_age` and `oldest_age`", "neither")
    stated = geology[named].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    if ages[0] is not None and ages[1] is not None:
        return stated[:, 0], stated[:, 1]
    return np.fmin.reduce(stated, axis=1), np.fmax.reduce(stated, axis=1)


def _boundaries(
    geology: gpd.GeoDataFrame, rows: np.ndarray, spacing: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (n, 2) on boundaries, and rows (n,) of the younger and the older unit on their sides."""
    shapes = shapely.make_valid(geology.geometry.to_numpy())
    parts, own = shapely.get_parts(shapes, return_index=True)
    areal = (shapely.get_type_id(parts) == 3) & (rows[own] >= 0)
    parts, units = parts[areal], rows[own[areal]]
    tree = shapely.STRtree(parts)
    found = [np.zeros((0, 4))]
    for part, unit in progress.each(list(zip(parts, units, strict=True)), "boundaries"):
        found.append(_around(part, int(unit), tree, units, spacing))
        if sum(map(len, found)) > MOST_CONTACTS:
            raise ContractError(
                OF_MAP, "spacing", f"such that contacts are at most {MOST_CONTACTS}", f"{spacing:g}"
            )
    table = np.concatenate(found)
    table = table[np.lexsort(table.T[::-1])]
    return table[:, :2], table[:, 2].astype(np.int64), table[:, 3].astype(np.int64)


def _around(
    part: shapely.Polygon, unit: int, tree: shapely.STRtree, units: np.ndarray, spacing: float
) -> np.ndarray:
    """Contacts (n, 4) around a polygon beyond which an older unit lies: place, its unit, the older one."""
    rings = [part.exterior, *part.interiors]
    steps = [(np.arange(max(1, round(ring.length / spacing))) + 0.5) for ring in rings]
    lines = np.repeat(np.array(rings, dtype=object), [len(one) for one in steps])
    along = np.concatenate([
        one * ring.length / len(one) for one, ring in zip(steps, rings, strict=True)
    ])  # fmt: skip
    at, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines, along + more))
        for more in (0.0, PROBE * spacing / 4)
    )
    way = ahead - at
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    side = PROBE * spacing * np.column_stack([way[:, 1], -way[:, 0]])
    probes = [shapely.points(at + sense * side) for sense in (1.0, -1.0)]
    shapely.prepare(part)
    inside = [shapely.contains(part, one) for one in probes]
    outer = np.where(inside[0], probes[1], probes[0])
    beyond = _unit_at(outer, tree, units)
    kept = (inside[0] != inside[1]) & (beyond > unit)
    return np.column_stack([at[kept], np.full(kept.sum(), unit), beyond[kept]])


def _unit_at(places: np.ndarray, tree: shapely.STRtree, units: np.ndarray) -> np.ndarray:
    """Row (n,) of the unit at places, the youngest where polygons overlap, −1 where none lies."""
    found = np.full(len(places), np.iinfo(np.int64).max)
    number, part = tree.query(places, predicate="intersects")
    np.minimum.at(found, number, units[part])
    return np.where(found == np.iinfo(np.int64).max, -1, found)


def _clear(places: np.ndarray, faults: gpd.GeoDataFrame, distance: float) -> np.ndarray:
    """Whether places are further than a distance from all faults."""
    traces = faults.geometry.to_numpy()
    tree = shapely.STRtree(traces[~shapely.is_missing(traces)])
    clear = np.ones(len(places), bool)
    clear[tree.query(shapely.points(places), predicate="dwithin", distance=distance)[0]] = False
    return clear


def _follow(
    column: StratigraphicColumn, rows: np.ndarray, younger: np.ndarray, older: np.ndarray
) -> np.ndarray:
    """Whether two units follow each other among those on the map; of two series they may be any."""
    present = np.unique(rows[rows >= 0])
    series = np.array([column.series_of(row) for row in range(len(column.units))])
    rank = np.searchsorted(present, np.arange(len(column.units)))
    follows: np.ndarray = (rank[older] - rank[younger] == 1) | (series[older] != series[younger])
    return follows


def _table(
    column: StratigraphicColumn, places: np.ndarray, younger: np.ndarray, older: np.ndarray, crs: str
) -> gpd.GeoDataFrame:
    """Contacts with their heights."""
    if not len(places):
        raise ContractError(
            OF_MAP, "geology", "polygons of two units or more that meet where there is topography", "none",
            hint="polygons that leave gaps wider than a twentieth of the spacing do not meet",
        )  # fmt: skip
    names = np.array(column.order, dtype=object)
    points = shapely.points(places)
    return gpd.GeoDataFrame({"unit": names[younger], "below": names[older]}, geometry=points, crs=crs or None)
