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
from craton.methods.geomodel_legend import Legend, Map, chosen, legend_of_ages, legend_of_column
from craton.methods.geomodel_sides import Parts, parts_of, sides_of
from craton.methods.placement import brought_to, crs_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

OF_MAP = "geomodel.contacts_of_map"
MOST_CONTACTS = 1_000_000

Polygons = Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))]
Traces = Annotated[gpd.GeoDataFrame, Table(geometry=("LineString",))]
MapColumn = Annotated[str, ColumnOf("geology")]
Distance = Annotated[float, Unit("m"), Bounds(above=0)]
Clearance = Annotated[float, Unit("m"), Bounds(minimum=0)]


class Mapped(NamedTuple):
    """Contacts of a map, the column that they were ordered by, and what became of each unit."""

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
    report: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="unit", quantity="geological_unit", title="Unit"),
                Column(name="part", title="Layer, intrusion, or left out"),
                Column(name="share", unit="1", title="Share of the map"),
                Column(name="contacts", title="Contacts on its base"),
                Column(name="note", title="Why it is left out"),
            )
        ),
    ]


@process(OF_MAP, version="3", keywords=("geological map", "3D geology", "contacts", "地质图"))
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
    kept: tuple[str, ...] = (),
    fault_distance: Clearance | None = None,
    neighbours_only: bool = True,
) -> Mapped:
    """Contacts on the ground from the polygons of a geological map, and the column of its units.

    Use it to make the input of `geomodel.structural` from a map and an elevation model alone. Where two
    polygons meet, the boundary is the base of the younger of their units; along faults and at the edge of
    the map it is nobody's. Units that cannot be layers (groups mapped undivided, dykes, fills of valleys)
    are left out by what the map says of them; `report` tells which and why. It is not for maps of surface
    cover.

    Parameters
    ----------
    geology : GeoDataFrame
        Polygons of one unit each, in metres.
    topography : DataArray
        Height of the ground in metres, on which the contacts are laid.
    column : DataFrame
        Stratigraphic column with the units from the youngest to the oldest. Units of the map that it does
        not have are left out, and those of the relation `cover` too. Left out, the ages of the map give the
        order.
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
        Further units to leave out: their boundaries are no contacts.
    kept : tuple of str
        Units that are layers whatever the map says of them.
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
    report : DataFrame
        By unit: whether it is a layer, an intrusion or left out, its share of the map, contacts on its base,
        and why it is left out.

    Notes
    -----
    Units are looked up at a twentieth of the spacing on either side of a boundary; a gap between polygons
    wider than that is an edge of the map. Units of the same age stay in the order of their names.

    Without a column these units are left out, unless they are in `intrusive` or `kept`. Those without ages,
    and those whose ages hold the ages of two other units of which one is wholly older than the other: a
    group mapped undivided, or intrusions of several ages, have no one place in the order. Those of ribbons
    (ten times as long as wide) that have the same unit on both sides at half of the places around them or
    more, and that of three units or more: a bed has an older and a younger unit beside it, a fold but one
    unit on both sides. And those, from the youngest on, that lie on half of all older units, on three or
    more, and whose ground is lower than that beyond at two thirds of their edge: of the fill of a valley a
    map does not tell the base. Sills within one unit, and cover of plains, must be named.

    References
    ----------
    Jessell, M., Ogarko, V., de Rose, Y., Lindsay, M., Joshi, R., Piechocka, A., Grose, L., de la Varga, M.,
    Ailleres, L. and Pirot, G. (2021), Automated geological map deconstruction for 3D model construction
    using map2loop 1.0 and map2model 1.0, Geoscientific Model Development 14(8), 5063-5092,
    doi:10.5194/gmd-14-5063-2021.
    """
    units, stated = _units(geology, unit_column), chosen(intrusive, ignored, kept)
    refuse_degrees(OF_MAP, "geology", crs_of(geology))
    ground = Terrain(OF_MAP, topography)
    ground.check(crs_of(geology))
    shown = Map(geology, units, ground, spacing)
    if column is None:
        series = None if series_column is None else _units(geology, series_column)
        legend = legend_of_ages(OF_MAP, shown, (youngest_age, oldest_age), series, stated)
    else:
        legend = legend_of_column(OF_MAP, column, shown, stated)
    read = column_of(OF_MAP, legend.column)
    layers = units.where(~units.str.casefold().isin(legend.left_out), "")
    rows = read.rows_of(OF_MAP, "geology", layers)
    places, younger, older = _boundaries(parts_of(geology, rows), spacing)
    upward = ground.at(places[:, 0], places[:, 1])
    kept_ones = np.isfinite(upward)
    if faults is not None and len(faults):
        near = spacing if fault_distance is None else fault_distance
        kept_ones &= _clear(places, brought_to(OF_MAP, "faults", faults, crs_of(geology)), near)
    if neighbours_only:
        kept_ones &= _follow(read, rows, younger, older)
    placed = np.column_stack([places, upward])[kept_ones]
    found = _table(read, placed, younger[kept_ones], older[kept_ones], crs_of(geology))
    return Mapped(found, legend.column, _report(shown, read, legend, younger[kept_ones]))


def _units(geology: gpd.GeoDataFrame, unit_column: str) -> pd.Series:
    """Names of the units of the polygons, empty where none is stated."""
    names: pd.Series = geology[unit_column].astype("string").fillna("").str.strip().astype(object)
    return names


def _boundaries(parts: Parts, spacing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (n, 2) on boundaries, and rows (n,) of the younger and the older unit on their sides."""
    tree, found, count = parts.tree, [np.zeros((0, 4))], 0
    for part, unit in progress.each(list(zip(parts.shapes, parts.units, strict=True)), "boundaries"):
        sides = sides_of(part, int(unit), tree, parts.units, spacing)
        table = np.column_stack([sides.places, sides.own, sides.beyond])
        found.append(table[sides.beyond > sides.own])
        count += len(found[-1])
        if count > MOST_CONTACTS:
            raise ContractError(
                OF_MAP, "spacing", f"such that contacts are at most {MOST_CONTACTS}", f"{spacing:g}"
            )
    table = np.concatenate(found)
    table = table[np.lexsort(table.T[::-1])]
    return table[:, :2], table[:, 2].astype(np.int64), table[:, 3].astype(np.int64)


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


def _report(shown: Map, column: StratigraphicColumn, legend: Legend, younger: np.ndarray) -> pd.DataFrame:
    """What became of each unit of the map: those of the column first, in its order."""
    area = pd.Series(shapely.area(shown.geology.geometry.to_numpy())).groupby(shown.units.to_numpy()).sum()
    rank = {name.casefold(): row for row, name in enumerate(column.order)}
    names = sorted(set(area.index) - {""}, key=lambda name: (rank.get(name.casefold(), len(rank)), name))
    rows = []
    for name in names:
        row, why = rank.get(name.casefold(), -1), legend.left_out.get(name.casefold(), "")
        body = row >= 0 and column.series[column.series_of(row)].relation == "intrude"
        rows.append({
            "unit": name, "part": "left out" if why else "intrusion" if body else "layer",
            "share": float(area[name] / area.sum()), "contacts": int((younger == row).sum()), "note": why,
        })  # fmt: skip
    return pd.DataFrame(rows)
