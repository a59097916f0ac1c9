"""Values of catchments: the background of their rocks, and what is left after dilution is undone."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from craton.methods.placement import brought_to, crs_of
from craton.methods.vector_shapes import areas, noted, notes_of, parts_of_dimension, placed, with_room
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

ANOMALY = "geochemistry.catchment_anomaly"
BACKGROUND = "geochemistry.lithological_background"

MAPPED = 0.5
"""Part of a catchment that must be mapped for it to count in the fit of a background."""

Values = NDArray[np.float64]
Integers = NDArray[np.int64]

CatchmentTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Polygon",),
        columns=(
            Column(name="catchment", title="Catchment"),
            Column(name="downstream", title="Next catchment downstream"),
            Column(name="area", unit="km2", title="Area less that of catchments upstream"),
            Column(name="upstream_area", unit="km2", title="Area of the whole catchment"),
        ),
    ),
]
NumberColumn = Annotated[str, ColumnOf("catchments", numeric=True)]


@process(
    ANOMALY,
    version="1",
    keywords=("dilution", "productivity", "stream sediment", "Hawkes", "unmixing", "稀释校正"),
)
def catchment_anomaly(
    catchments: CatchmentTable,
    column: NumberColumn,
    *,
    background: Annotated[float | None, Bounds(minimum=0)] = None,
    background_column: NumberColumn | None = None,
    source_area: Annotated[float, Unit("km2"), Bounds(above=0)] = 1.0,
) -> Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Polygon",),
        columns=(
            Column(name="background", title="Background"),
            Column(name="productivity", title="Excess over the background times area upstream (km²)"),
            Column(name="local_productivity", title="Productivity of the catchment's own ground"),
            Column(name="local_value", title="Mean of the catchment's own ground"),
            Column(name="source_value", title="Value of a source of the given area"),
            Column(name="rank", unit="1", title="Rank by local productivity"),
        ),
    ),
]:
    """Stream-sediment values with their dilution undone, by the area of their catchments.

    Use it to compare samples from small and large catchments, and to see which ground adds metal between one
    sample and the next: a weak anomaly in a large river can stand for more metal than a strong one in a
    brook. It assumes that all ground gives sediment alike and that metal is neither lost nor added on the
    way; errors of samples upstream go into what is left for a small catchment between them.

    Parameters
    ----------
    catchments : GeoDataFrame
        Catchments as `geochemistry.catchments` gives them. Of several samples in one catchment the mean
        counts.
    column : str
        Column of concentrations, not logarithms.
    background : float
        Background in the unit of `column`. Left out, the median of all catchments.
    background_column : str
        Column of a background for each catchment, such as that of `geochemistry.lithological_background`, in
        place of `background`.
    source_area : float
        Area in km² of the source supposed in a catchment.

    Returns
    -------
    GeoDataFrame
        `catchments` with their background, productivity in units of `column` times km², both of the whole
        catchment and of its own ground; the mean value of its own ground; the value that a source of
        `source_area` (or of the own ground, if that is smaller) would have; and the rank. Nothing where the
        catchment has no value or no background.

    Notes
    -----
    With value M, background B and area U upstream: productivity P = U (M - B) (Hawkes 1976). Of the own
    ground, of area A = U - Σ U of the samples next upstream, P_A = P - Σ P, each with its own background;
    local value = B + P_A / A; source value = B + P_A / min(source area, A). Catchments without a value are
    passed over: their ground belongs to the next sample downstream.

    References
    ----------
    Hawkes, H. E. (1976), The downstream dilution of stream sediment anomalies, Journal of Geochemical
    Exploration 6(1-2), 345-358, doi:10.1016/0375-6742(76)90023-8.
    """
    tree = _tree(ANOMALY, catchments)
    values = tree.means(_numbers(catchments, column))
    if background is not None and background_column is not None:
        raise ContractError(ANOMALY, "background", "left out where `background_column` is given", "given")
    measured = values[np.isfinite(values)]
    if not measured.size:
        raise ContractError(ANOMALY, "column", "a column with a value in a catchment", "one without")
    if background_column is None:
        level = np.full(values.size, float(np.median(measured)) if background is None else background)
    else:
        level = tree.means(_numbers(catchments, background_column))
    productivity = tree.upstream * (values - level)
    known = np.isfinite(productivity)
    area, local = (tree.less_upstream(one, known) for one in (tree.upstream, productivity))
    # Two samples one cell apart may have no ground between them.
    own = np.where(area > 0, area, np.nan)
    columns = {
        "background": level, "productivity": productivity, "local_productivity": local,
        "local_value": level + local / own, "source_value": level + local / np.minimum(own, source_area),
    }  # fmt: skip
    ranked = np.asarray(pd.Series(local).rank(method="min", ascending=False), dtype=np.float64)
    unit = str(notes_of(catchments).get(column, {}).get("unit") or "")
    told = {name: {"unit": unit} for name in ("background", "local_value", "source_value") if unit}
    return _with(catchments, tree, {**columns, "rank": ranked}, told)


class Background(NamedTuple):
    """Catchments with the background of their rocks, and that of each rock unit."""

    catchments: Annotated[
        gpd.GeoDataFrame,
        Table(
            geometry=("Polygon",),
            columns=(
                Column(name="background", title="Background by rocks"),
                Column(name="residual", title="Value less background"),
                Column(name="mapped", unit="1", title="Part of the whole catchment that is mapped"),
            ),
        ),
    ]
    rocks: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="rock", title="Rock unit"),
                Column(name="background", title="Background"),
                Column(name="area", unit="km2", title="Area in all catchments"),
                Column(name="catchments", unit="1", title="Catchments in which it occurs"),
            )
        ),
    ]


@process(
    BACKGROUND,
    version="1",
    keywords=("catchment basin analysis", "stream sediment", "regression", "geology", "岩性背景"),
)
def lithological_background(
    catchments: CatchmentTable,
    column: NumberColumn,
    geology: Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))],
    rock: Annotated[str, ColumnOf("geology")],
) -> Background:
    """Background of each catchment from the rocks in it, by regression on their areas.

    Use it where rocks differ in content, so that one background for all makes anomalies of whole rock units.
    It needs several times as many catchments as rock units; join rare units before. Very high samples raise
    the background of their rocks: leave known mineralisation out.

    Parameters
    ----------
    catchments : GeoDataFrame
        Catchments as `geochemistry.catchments` gives them.
    column : str
        Column of concentrations, not logarithms.
    geology : GeoDataFrame
        Polygons of the geological map, which must not overlap; brought to the system of the catchments.
    rock : str
        Column of rock units. Rows without one count as not mapped.

    Returns
    -------
    catchments : GeoDataFrame
        `catchments` with the background in the unit of `column`, the value less the background, and the part
        of the catchment that is mapped; no background where nothing is.
    rocks : DataFrame
        Background, area and number of catchments of each rock unit, by falling area.

    Notes
    -----
    Value = Σ X_j b_j with X_j the part of rock j in the mapped area of the whole catchment upstream, fitted
    by least squares with b ≥ 0 over catchments that are mapped by half or more.

    References
    ----------
    Bonham-Carter, G. F., Rogers, P. J. and Ellwood, D. J. (1987), Catchment basin analysis applied to
    surficial geochemical data, Cobequid Highlands, Nova Scotia, Journal of Geochemical Exploration 29(1-3),
    259-278, doi:10.1016/0375-6742(87)90081-3.

    Lawson, C. L. and Hanson, R. J. (1974), Solving least squares problems, Prentice-Hall, chapter 23.
    """
    from scipy.optimize import nnls

    tree = _tree(BACKGROUND, catchments)
    values = tree.means(_numbers(catchments, column))
    names, own = _rock_areas(catchments.iloc[tree.first], geology, rock)
    whole = tree.with_upstream(own)
    mapped = whole.sum(axis=1)
    parts = np.divide(whole, mapped[:, None], out=np.zeros_like(whole), where=mapped[:, None] > 0)
    part_mapped = np.minimum(mapped / tree.upstream, 1.0)
    used = np.isfinite(values) & (part_mapped >= MAPPED)
    if used.sum() < max(len(names), 1) or not names:
        came = f"one of {int(used.sum())} mapped by half or more, with {len(names)} rocks"
        raise ContractError(BACKGROUND, "catchments", "a table of at least as many catchments as rocks", came)
    levels = nnls(parts[used], values[used])[0]
    background = np.where(mapped > 0, parts @ levels, np.nan)
    unit = str(notes_of(catchments).get(column, {}).get("unit") or "")
    note = {"unit": unit} if unit else {}
    columns = {"background": background, "residual": values - background, "mapped": part_mapped}
    rocks = pd.DataFrame(
        {"rock": names, "background": levels, "area": own.sum(axis=0), "catchments": (whole > 0).sum(axis=0)}
    ).sort_values(["area", "rock"], ascending=[False, True], ignore_index=True)
    told = {"background": dict(note), "residual": dict(note)}
    return Background(_with(catchments, tree, columns, told), noted(rocks, {"background": dict(note)}))


class _Tree(NamedTuple):
    """Catchments once each, from the highest up down.

    `first` and `row` lead from catchments to their first rows and from rows to catchments (-1 for none);
    `below` is the next catchment downstream, -1 for none, always later in the order; `upstream` areas in km².
    """

    first: Integers
    row: Integers
    below: Integers
    upstream: Values

    def means(self, numbers: Values) -> Values:
        """Mean of the rows of each catchment that have a number; NaN where none has."""
        used = (self.row >= 0) & np.isfinite(numbers)
        counts = np.bincount(self.row[used], minlength=self.first.size)
        total = np.bincount(self.row[used], numbers[used], self.first.size)
        means = np.full(self.first.size, np.nan)
        np.divide(total, counts, out=means, where=counts > 0)
        return means

    def less_upstream(self, amounts: Values, known: NDArray[np.bool_]) -> Values:
        """Each amount less those of the next `known` catchments upstream; NaN where not known itself."""
        left = np.where(known, amounts, np.nan)
        for one in np.flatnonzero(known):
            target = self.below[one]
            while target >= 0 and not known[target]:
                target = self.below[target]
            if target >= 0:
                left[target] -= amounts[one]
        return left

    def with_upstream(self, amounts: Values) -> Values:
        """Each row of amounts together with those of all catchments upstream."""
        total = amounts.copy()
        for one, target in enumerate(self.below):
            if target >= 0:
                total[target] += total[one]
        return total


def _tree(id: str, catchments: gpd.GeoDataFrame) -> _Tree:
    names = catchments["catchment"].fillna("").astype(str).to_numpy()
    upstream = catchments["upstream_area"].to_numpy(dtype=np.float64, na_value=np.nan)
    usable = (names != "") & np.isfinite(upstream) & (upstream > 0)
    if not usable.any():
        raise ContractError(id, "catchments", "a table with a catchment and its area upstream", "one without")
    distinct, first = np.unique(names[usable], return_index=True)
    first = np.flatnonzero(usable)[first]
    # A catchment is larger than all those upstream of it.
    order = np.lexsort((distinct, upstream[first]))
    first, distinct = first[order], distinct[order]
    place = {name: n for n, name in enumerate(distinct)}
    after = catchments["downstream"].fillna("").astype(str).to_numpy()[first]
    below = np.array([place.get(name, -1) for name in after], dtype=np.int64)
    wrong = (below >= 0) & (below <= np.arange(below.size))
    if wrong.any():
        name = distinct[np.flatnonzero(wrong)[0]]
        raise ContractError(
            id, "catchments", "a table where catchments downstream are larger", f"{name!r} into a smaller one"
        )
    row = np.array([place.get(name, -1) if ok else -1 for name, ok in zip(names, usable, strict=True)])
    return _Tree(first, row, below, upstream[first])


def _numbers(frame: gpd.GeoDataFrame, column: str) -> Values:
    numbers: Values = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _with(
    catchments: gpd.GeoDataFrame, tree: _Tree, columns: dict[str, Values], told: dict[str, dict[str, str]]
) -> gpd.GeoDataFrame:
    """`catchments` with numbers by catchment added; own columns of the same names make room."""
    frame = with_room(catchments, columns)
    rows = {name: np.append(numbers, np.nan)[tree.row] for name, numbers in columns.items()}
    return noted(frame.assign(**rows), {**notes_of(frame), **told})


def _rock_areas(
    catchments: gpd.GeoDataFrame, geology: gpd.GeoDataFrame, rock: str
) -> tuple[list[str], Values]:
    """Rock units that occur, and the area in km² of each in each of `catchments`."""
    map_ = placed(brought_to(BACKGROUND, "geology", geology, crs_of(catchments)))
    map_ = map_[map_[rock].notna()]
    shapes, rocks = catchments.geometry.to_numpy(), map_.geometry.to_numpy()
    at, of = shapely.STRtree(rocks).query(shapes, predicate="intersects") if len(rocks) else ([], [])
    cut = shapely.intersection(shapes[at], rocks[of]) if len(at) else np.empty(0, dtype=object)
    # Where polygons only touch, a line or a point is cut out.
    cut = parts_of_dimension(cut, np.full(len(cut), 2))
    held = ~shapely.is_empty(cut)
    cut, at, of = cut[held], np.asarray(at, dtype=np.intp)[held], np.asarray(of, dtype=np.intp)[held]
    names, number = np.unique(map_[rock].astype(str).to_numpy()[of], return_inverse=True)
    total = np.zeros((len(catchments), names.size))
    pieces = gpd.GeoDataFrame(geometry=cut, crs=catchments.crs)
    np.add.at(total, (at, number), _plain_areas(pieces))
    return names.tolist(), total


def _plain_areas(pieces: gpd.GeoDataFrame) -> Values:
    """Areas in km², in the plane where no reference system is stated."""
    if not crs_of(pieces):
        return np.asarray(pieces.area.to_numpy() / 1e6)
    return areas(BACKGROUND, "catchments", pieces)
