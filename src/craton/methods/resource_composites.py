"""Composites: assays along drill holes brought to samples of one length, within the units they belong to."""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels import compositing
from craton.methods.borehole_layers import UNIT, DrillHoles, Layers, layers_of, numbers, texts
from craton.methods.borehole_places import Placed, placed_holes
from craton.methods.property_results import refuse_name
from craton.methods.vector_shapes import COLUMNS
from craton.model import quantities
from craton.model.boreholes import TOLERANCE
from craton.model.data import Boreholes
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

COMPOSITE = "resource.composite"

MOST_COMPOSITES = 20_000_000
PLACED = (
    Column(name="hole_id", title="Hole"),
    Column(name="from_depth", unit="m", title="From, along the hole"),
    Column(name="to_depth", unit="m", title="To, along the hole"),
    Column(name="length", unit="m", title="Length"),
    Column(name="upward", unit="m", title="Height of the middle"),
    Column(name="unit", title="Unit"),
    Column(name="recovery", unit="1", title="Part of the length that was analysed"),
)
OWN = {one.name for one in PLACED}
"""Names of columns that the result has of its own."""


@process(
    COMPOSITE,
    version="1",
    keywords=("assay", "drill holes", "regularise", "compositing", "组合样", "样长组合"),
)
def composite(
    boreholes: DrillHoles,
    columns: tuple[str, ...],
    length: Annotated[float, Unit("m"), Bounds(above=0)],
    *,
    table: str = "",
    unit_table: str = "",
    unit_column: str = "",
    weight: str = "",
    minimum_recovery: Annotated[float, Bounds(minimum=0, maximum=1)] = 0.5,
    remainder: Literal["spread", "last"] = "spread",
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=PLACED)]:
    """Samples of one length along drill holes: means of assays, none across the border of a unit.

    Use it before variograms, kriging and simulation, which take all samples as of one size: a metre of core
    must not count as much as ten. Take a length of at least most of the assays, and not more than a bench.
    Very high assays are not cut. Where assays do not fill the composite, its mean stands for what was
    analysed only, so keep the minimum recovery at half or more.

    Parameters
    ----------
    boreholes : Boreholes
        Drill holes with a table of assays. Holes without a place are left out; those without a survey are
        taken as vertical.
    columns : tuple of str
        Columns of the numbers that are averaged; empty for all of `table`, or of the first that has any.
        Those called as columns of the result, such as `length`, are not taken.
    length : float
        Length of a composite along the hole in metres.
    table : str
        Table of intervals that has the columns. Left out, the first that has the first of them.
    unit_table : str
        Table of intervals that says which unit is where. Left out, the first that does.
    unit_column : str
        Column of the units. Left out, the first whose name says so; where no table has one, composites run
        from the first assay of a hole to the last.
    weight : str
        Column by which intervals count besides their length: density, or recovery of core. Left out, none.
    minimum_recovery : float
        Part of a composite that must be analysed, 0 to 1; a value with less is left out, and so is a
        composite without any value.
    remainder : str
        What to do with what is left of a unit: `spread` makes the composites of a stretch of a unit even, so
        that each is as near to `length` as may be; `last` keeps a short one at its lower end, which is left
        out if it is shorter than `minimum_recovery` of the length.

    Returns
    -------
    GeoDataFrame
        One point a composite, at its middle: `hole_id`, `from_depth`, `to_depth`, `length`, `upward`, `unit`
        (empty where none is stated), the columns, and `recovery`, the part of the length that was analysed
        for the first of them. The attribute `notice` tells of intervals that overlap or have no thickness.

    Notes
    -----
    x̄ = Σ wᵢ lᵢ xᵢ / Σ wᵢ lᵢ over the overlaps lᵢ of assays with a value. Stretches of one unit that touch
    are one. Where assays of a column overlap, the upper one that has a value counts. Between survey stations
    the hole is an arc (minimum curvature).

    References
    ----------
    Rossi, M. E., and Deutsch, C. V. (2014). Mineral resource estimation. Springer, section 5.3.
    doi:10.1007/978-1-4020-5717-5
    """
    columns = columns or _numeric(boreholes, table)
    for name in columns:
        refuse_name(COMPOSITE, name, *OWN, parameter="columns")
    assays = layers_of(COMPOSITE, boreholes, table, columns[0], meaning="", parameter="columns")[0]
    values = _values(assays, columns)
    weights = _weights(assays, weight)
    placed = placed_holes(COMPOSITE, boreholes, None)
    known = placed.names
    start, end, hole, unit = _stretches(boreholes, assays, known, unit_table, unit_column)
    if (end - start).sum() / length > MOST_COMPOSITES:
        raise ContractError(
            COMPOSITE, "length", f"one that gives at most {MOST_COMPOSITES:,} composites", f"{length:g} m"
        )
    stretch, first, last = compositing.cut(hole, start, end, length, even=remainder == "spread")
    means, recovery = _means(assays, known, (hole[stretch], first, last), values, weights)
    # A short composite at the end is measured by the length of a whole one.
    share = recovery * ((last - first) / np.where(remainder == "last", length, last - first))[:, None]
    means[share < minimum_recovery - 1e-9] = np.nan
    frame = pd.DataFrame(
        {
            "hole_id": known.to_numpy()[hole[stretch]].astype(str), "from_depth": first, "to_depth": last,
            "length": last - first, "unit": unit[stretch].astype(str),
            **{name: means[:, number] for number, name in enumerate(columns)}, "recovery": recovery[:, 0],
        }
    )  # fmt: skip
    frame.insert(4, "upward", 0.0)
    kept = np.isfinite(means).any(axis=1)
    return _points(placed, frame[kept].reset_index(drop=True), hole[stretch][kept], columns, assays)


def _numeric(boreholes: Boreholes, table: str) -> tuple[str, ...]:
    """Columns of numbers of a table of intervals, or of the first that has any."""
    for name, frame in boreholes.intervals.items():
        found = [str(one) for one in frame.columns if pd.api.types.is_numeric_dtype(frame[one])]
        found = [one for one in found if one not in OWN and frame[one].notna().any()]
        if found and name == (table or name):
            return tuple(found)
    raise ContractError(COMPOSITE, "columns", "given where no table has a column of numbers", "none")


def _values(assays: Layers, columns: tuple[str, ...]) -> np.ndarray:
    """Values (n, c) of the columns, NaN where an interval has none."""
    for name in columns:
        if name not in assays.frame.columns:
            known = ", ".join(map(str, assays.frame.columns[3:24]))
            raise ContractError(
                COMPOSITE, "columns", f"columns of the table {assays.table}: {known}", repr(name)
            )
    values = np.column_stack([numbers(assays.frame[name]) for name in columns])
    empty = ~np.isfinite(values).any(axis=0)
    if empty.any():
        name = columns[int(np.argmax(empty))]
        raise ContractError(COMPOSITE, "columns", "columns of numbers", f"{name!r}, which has none")
    return values


def _weights(assays: Layers, column: str) -> np.ndarray:
    if not column:
        return np.ones(len(assays.frame))
    if column not in assays.frame.columns:
        known = ", ".join(map(str, assays.frame.columns[3:24]))
        raise ContractError(
            COMPOSITE, "weight", f"a column of the table {assays.table}: {known}", repr(column)
        )
    weights = numbers(assays.frame[column])
    if (weights < 0).any():
        raise ContractError(COMPOSITE, "weight", "a column of weights of 0 or more", f"{column!r} with less")
    return weights


def _stretches(
    boreholes: Boreholes, assays: Layers, known: pd.Index, table: str, column: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """From, to, hole and unit of the stretches of holes that composites are cut from."""
    try:
        layers, name = layers_of(COMPOSITE, boreholes, table, column, meaning=UNIT, parameter="unit_column")
    except ContractError:
        if table or column:
            raise
        return _whole(assays, known)
    frame = layers.frame
    hole = known.get_indexer(pd.Index(frame["hole_id"].astype(str)))
    start, end = frame["from_depth"].to_numpy(), frame["to_depth"].to_numpy()
    unit, start = texts(frame[name]), compositing.without_overlap(hole, start, end)
    used = (hole >= 0) & (unit != "") & (end > start)
    hole, start, end, unit = hole[used], start[used], end[used], unit[used]
    if not hole.size:
        raise ContractError(
            COMPOSITE, "unit_column", "a column that names units in known holes", "an empty one"
        )
    new = np.ones(hole.size, bool)
    new[1:] = (np.diff(hole) != 0) | (unit[1:] != unit[:-1]) | (start[1:] > end[:-1] + TOLERANCE)
    opens = np.flatnonzero(new)
    closes = np.append(opens[1:], hole.size) - 1
    return start[opens], end[closes], hole[opens], unit[opens]


def _whole(assays: Layers, known: pd.Index) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each hole from its first assay to its last."""
    by_hole = assays.frame.groupby("hole_id", sort=False)
    ends = by_hole.agg(start=("from_depth", "min"), end=("to_depth", "max"))
    hole = known.get_indexer(ends.index.astype(str))
    used = hole >= 0
    if not used.any():
        raise ContractError(COMPOSITE, "boreholes", "assays of holes with a collar", "none")
    start, end = ends["start"].to_numpy()[used], ends["end"].to_numpy()[used]
    return start, end, hole[used], np.full(int(used.sum()), "", object)


def _means(
    assays: Layers,
    known: pd.Index,
    wanted: tuple[np.ndarray, np.ndarray, np.ndarray],
    values: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means (m, c), and the part (m, c) of each composite that has a value."""
    hole = known.get_indexer(pd.Index(assays.frame["hole_id"].astype(str)))
    order = np.flatnonzero(hole >= 0)
    order = order[np.argsort(hole[order], kind="stable")]
    hole, weights = hole[order], weights[order]
    start, end = (assays.frame[name].to_numpy()[order] for name in ("from_depth", "to_depth"))
    sums = np.stack([_sums(hole, start, end, wanted, one, weights) for one in values[order].T], axis=2)
    top, below, lengths = sums.transpose(1, 0, 2)
    parts = np.clip(lengths / (wanted[2] - wanted[1])[:, None], 0.0, 1.0)
    # What is left of two long sums is none below a hair of a composite.
    told = (below > 0) & (parts > 1e-9)
    return np.divide(top, below, out=np.full(top.shape, np.nan), where=told), np.where(told, parts, 0.0)


def _sums(
    hole: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    wanted: tuple[np.ndarray, np.ndarray, np.ndarray],
    values: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Σ l w x, Σ l w and Σ l (m, 3) over the intervals that have a value, so that none hides another."""
    there = np.isfinite(values) & np.isfinite(weights)
    hole, start, end, values, weights = (one[there] for one in (hole, start, end, values, weights))
    start = compositing.without_overlap(hole, start, end)
    long = end > start
    amounts = np.column_stack([values * weights, weights, np.ones(values.size)])[long]
    return compositing.overlap_sums((wanted[0], hole[long]), wanted[1:], (start[long], end[long]), amounts)


def _points(
    placed: Placed, frame: pd.DataFrame, hole: np.ndarray, columns: tuple[str, ...], assays: Layers
) -> gpd.GeoDataFrame:
    """Composites at their middles; those of holes without a place are left out."""
    places = placed.at(hole, 0.5 * (frame["from_depth"] + frame["to_depth"]).to_numpy())
    there = np.isfinite(places).all(axis=1)
    if not there.any():
        raise ContractError(
            COMPOSITE, "boreholes", "holes with a place, a height and enough assays", "none of them",
            hint="check collars and elevations, or lower the minimum recovery",
        )  # fmt: skip
    kept = frame[there].assign(upward=places[there, 2]).reset_index(drop=True)
    points = gpd.GeoDataFrame(kept, geometry=gpd.points_from_xy(*places[there, :2].T), crs=placed.crs or None)
    points.attrs[COLUMNS] = {name: _note(assays, name) for name in columns}
    if assays.problems:
        first = assays.problems[0]
        points.attrs["notice"] = (
            f"{len(assays.problems)} faults of intervals in {assays.table}; the first: {first.problem} in "
            f"{first.hole_id} at {first.depth:g} m, {first.detail}"
        )
    return points


def _note(assays: Layers, name: str) -> dict[str, str]:
    """Unit and quantity of a column: what the table says of it, else what its name says."""
    said = quantities.recognise(name)
    told = {"unit": said.unit or "", "quantity": said.quantity or ""}
    told |= assays.frame.attrs.get(COLUMNS, {}).get(name, {})
    return {key: text for key, text in told.items() if text}
