"""Anomalies of several elements put together."""

from __future__ import annotations

from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from craton.methods.placement import brought_to, crs_of
from craton.methods.vector_shapes import areas, placed
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

ID = "geochemistry.combined_anomalies"

ElementAnomalies = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Polygon",),
        columns=(
            Column(name="element", title="Element"),
            Column(name="strength", unit="km2", title="Area times contrast"),
        ),
    ),
]

COLUMNS = (
    Column(name="anomaly", title="Combined anomaly"),
    Column(name="rank", unit="1", title="Rank by strength"),
    Column(name="elements", title="Elements, the strongest first"),
    Column(name="count", unit="1", title="Number of elements"),
    Column(name="anomalies", unit="1", title="Anomalies of single elements"),
    Column(name="area", unit="km2", title="Area"),
    Column(name="strength", unit="km2", title="Sum of the strengths"),
)


@process(
    ID,
    version="1",
    keywords=("multi-element anomaly", "composite anomaly", "NAP", "综合异常", "组合异常"),
)
def combined_anomalies(
    anomalies: tuple[ElementAnomalies, ...],
    *,
    elements: tuple[str, ...] = (),
    minimum_elements: Annotated[int, Bounds(minimum=1)] = 2,
    overlap: bool = False,
    minimum_area: Annotated[float, Unit("km2"), Bounds(minimum=0)] = 0.0,
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",), columns=COLUMNS)]:
    """Anomalies of several elements that overlap, joined and ranked together.

    Use it after `geochemistry.anomaly_polygons`, once an element, to find where several elements are high
    together, as over mineralisation. Chains of overlapping anomalies become one: raise the thresholds where
    half of the map hangs together. Strengths are sums of areas times contrasts, so that elements of any
    content count alike, and one that is everywhere counts most.

    Parameters
    ----------
    anomalies : tuple of GeoDataFrame
        Anomalies by element; all rows of all tables are taken, and brought to the system of the first.
    elements : tuple of str
        Elements that must all occur in a combined anomaly.
    minimum_elements : int
        Fewest different elements.
    overlap : bool
        Give the ground where all of `elements` overlap in place of the whole outline; combined anomalies
        whose elements nowhere all overlap are left out.
    minimum_area : float
        Smallest area to keep, in km².

    Returns
    -------
    GeoDataFrame
        One row a combined anomaly by falling strength: its elements with the strongest first, how many they
        are, anomalies of single elements in it, area of its outline in km², and the sum of the strengths.

    Notes
    -----
    Anomalies belong together if a chain of overlaps leads from one to the other; touching is no overlap. The
    strength is that of the whole anomalies, also where only the overlap is drawn.

    References
    ----------
    Xie, X., Mu, X. and Ren, T. (1997), Geochemical mapping in China, Journal of Geochemical Exploration
    60(1), 99-113.
    """
    if not anomalies:
        raise ContractError(ID, "anomalies", "one table or more", "none")
    if overlap and not elements:
        raise ContractError(ID, "overlap", "false where no `elements` are named", "true")
    crs = crs_of(anomalies[0])
    tables = [brought_to(ID, "anomalies", table, crs) for table in anomalies]
    joined = _joined(tables)
    absent = set(elements) - set(joined["element"])
    if absent:
        there = ", ".join(sorted(set(joined["element"]))) or "none"
        raise ContractError(ID, "elements", f"of the elements {there}", ", ".join(sorted(absent)))
    rows = [
        _row(group, elements, overlap=overlap)
        for _number, group in joined.groupby(_groups(joined.geometry.to_numpy()))
        if group["element"].nunique() >= minimum_elements and set(elements) <= set(group["element"])
    ]
    found = [row for row in rows if not row["geometry"].is_empty]
    frame = gpd.GeoDataFrame(found, columns=["elements", "count", "anomalies", "strength", "geometry"])
    frame = frame.set_geometry("geometry").set_crs(anomalies[0].crs)
    return _ranked(frame, minimum_area)


def _joined(tables: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Element, strength and geometry of all rows that have them."""
    parts = [
        gpd.GeoDataFrame(table[["element", "strength"]], geometry=table.geometry.to_numpy(), crs=table.crs)
        for table in map(placed, tables)
    ]
    joined = pd.concat(parts, ignore_index=True)
    joined = joined[joined["element"].notna() & joined["strength"].notna()].reset_index(drop=True)
    return joined.assign(element=joined["element"].astype(str))


def _groups(shapes: NDArray[Any]) -> NDArray[np.int32]:
    """Number of the group of overlapping shapes that each belongs to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    apart = one < other
    one, other = one[apart], other[apart]
    over = shapely.area(shapely.intersection(shapes[one], shapes[other])) > 0
    links = coo_array((np.ones(over.sum()), (one[over], other[over])), shape=(shapes.size, shapes.size))
    groups: NDArray[np.int32] = connected_components(links, directed=False)[1]
    return groups


def _row(group: gpd.GeoDataFrame, elements: tuple[str, ...], *, overlap: bool) -> dict[str, Any]:
    """What one group of anomalies has in all."""
    by_element = group.groupby("element")
    strengths = by_element["strength"].sum().sort_values(ascending=False, kind="stable")
    shapes = group.geometry.to_numpy()
    shape = shapely.union_all(shapes)
    if overlap:
        names = group["element"].to_numpy()
        shape = _common([shapely.union_all(shapes[names == one]) for one in elements])
    return {
        "elements": ", ".join(strengths.index), "count": len(strengths), "anomalies": len(group),
        "strength": float(strengths.sum()), "geometry": shape,
    }  # fmt: skip


def _common(shapes: list[Any]) -> Any:
    """Ground that all `shapes` share, as polygons."""
    common = shapely.intersection_all(shapes)
    flat = shapely.get_parts(common)
    return shapely.union_all(flat[shapely.get_dimensions(flat) == 2])


def _ranked(frame: gpd.GeoDataFrame, minimum_area: float) -> gpd.GeoDataFrame:
    area: NDArray[np.float64] = (
        areas(ID, "anomalies", frame) if crs_of(frame) else frame.area.to_numpy() / 1e6
    )
    frame = frame.assign(area=area)
    frame = frame[frame["area"] >= minimum_area]
    order = np.lexsort((frame["elements"].astype(str), -frame["area"], -frame["strength"]))
    frame = frame.iloc[order].reset_index(drop=True)
    rank = np.arange(1, len(frame) + 1)
    frame = frame.assign(rank=rank, anomaly=[f"A{number}" for number in rank])
    kinds = {"elements": object, "count": np.int64, "anomalies": np.int64, "strength": np.float64}
    return frame[[*(column.name for column in COLUMNS), "geometry"]].astype(kinds)
