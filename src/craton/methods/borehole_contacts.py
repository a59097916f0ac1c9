"""Contacts: bases of units in drill holes, and what else holes say of where units lie."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.methods.borehole_desurvey import PLACE, points_of
from craton.methods.borehole_layers import (
    UNIT,
    DrillHoles,
    Layers,
    Problem,
    ReportTable,
    layers_of,
    numbers,
    report_of,
    texts,
)
from craton.methods.borehole_order import order_of
from craton.methods.borehole_places import Placed, placed_holes
from craton.methods.geomodel_column import ColumnTable, column_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ReferenceSystem, Table, Unit
from craton.process.processes import process

CONTACTS = "boreholes.contacts"

_HOLE = (
    Column(name="hole_id", title="Hole"),
    Column(name="depth", unit="m", quantity="depth", title="Depth along the hole"),
)

ContactTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            *_HOLE,
            Column(name="unit", quantity="geological_unit", title="Unit whose base it is"),
            Column(name="below", quantity="geological_unit", title="Unit beneath"),
            Column(name="missing", title="Units of the column between the two that the hole misses"),
            Column(name="tolerance", unit="m", title="Half of the gap in which the contact lies"),
            *PLACE,
        ),
    ),
]

LimitTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            *_HOLE,
            Column(name="unit", quantity="geological_unit", title="Unit in which the point lies"),
            Column(name="reason", title="What it is good for"),
            *PLACE,
        ),
    ),
]


class Contacts(NamedTuple):
    """Points on bases of units, points within units, and what was left out."""

    contacts: ContactTable
    limits: LimitTable
    report: ReportTable


@process(CONTACTS, version="1", keywords=("formation tops", "markers", "geomodel", "地层界面"))
def contacts(
    boreholes: DrillHoles,
    column: ColumnTable | None = None,
    *,
    table: str = "",
    unit: str = "",
    largest_gap: Annotated[float, Unit("m"), Bounds(minimum=0, maximum=1000)] = 1.0,
    least_confidence: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 0.0,
    crs: Annotated[str, ReferenceSystem(projected=True)] | None = None,
) -> Contacts:
    """Bases of units in drill holes as 3D points, and points known to lie within a unit.

    Use it to make the input of a structural model of holes whose units are known. Contacts in the order of
    the column are points of surfaces. Where a hole says only that a unit goes on, or is missing, it gives
    points within units instead, which keep a model's surface on the right side.

    Parameters
    ----------
    boreholes : Boreholes
        Holes with a table of intervals that names units, and surveys where they deviate.
    column : DataFrame, optional
        Stratigraphic column, `unit` from the youngest. Without it the order is the one that the holes tell
        (`boreholes.stratigraphic_order`).
    table : str
        Table of intervals; empty for `units`, else the first that has the column.
    unit : str
        Its column of units; empty for `unit` or the first whose name says so.
    largest_gap : float
        Length of hole without a unit, in metres, up to which a contact is put in its middle.
    least_confidence : float
        Intervals whose `confidence` is less count as without a unit; 0 takes all.
    crs : str, optional
        Reference system in metres of the results. Without it that of the collars, or for collars in
        degrees the UTM zone (WGS 84) of their middle.

    Returns
    -------
    contacts : GeoDataFrame
        A 3D point where a unit ends on an older one: `unit` is the upper one, whose base it is, `below` the
        lower one, `missing` what the column has between them, `tolerance` half of the gap between them.
    limits : GeoDataFrame
        3D points within a unit, with the `reason`: `end of hole` (its base lies deeper), `beside a missing
        unit` (middles of the intervals on both sides of it), `beside a gap` (ends of the intervals at a gap
        too long for a contact).
    report : DataFrame
        Holes without place or elevation; a unit on a younger one (repeated by a fault, overturned, or
        wrongly named), of which no contact is made; gaps, overlaps, missing units.

    Notes
    -----
    Intervals of one unit that follow each other are one. Depths are brought into space by minimum curvature
    (`boreholes.desurvey`).

    References
    ----------
    Sawaryn, S. J., and Thorogood, J. L. (2005). A compendium of directional calculations based on the
    minimum curvature method. SPE Drilling & Completion 20(1), 24-36. doi:10.2118/84246-PA
    """
    layers, name = layers_of(CONTACTS, boreholes, table, unit, meaning=UNIT, parameter="unit")
    placed = placed_holes(CONTACTS, boreholes, crs)
    order, code = coded_units(CONTACTS, layers, name, column)
    if "confidence" in layers.frame.columns:
        code = np.where(numbers(layers.frame["confidence"]) < least_confidence, -1, code)
    found = _Found(order, largest_gap)
    for hole, runs in runs_of(layers, code):
        found.read(hole, runs)
    strange = sorted(set(layers.frame["hole_id"]) - set(placed.names))
    lost = [Problem(str(one), np.nan, "", "hole without a collar") for one in strange]
    points = _points(placed, found.contacts, ["hole_id", "depth", "unit", "below", "missing", "tolerance"])
    limits = _points(placed, list(dict.fromkeys(found.limits)), ["hole_id", "depth", "unit", "reason"])
    return Contacts(points, limits, report_of([*layers.problems, *placed.problems, *lost, *found.problems]))


def _points(placed: Placed, rows: Sequence[tuple[object, ...]], names: list[str]) -> gpd.GeoDataFrame:
    """Rows as points in space; those of holes without a place are left out."""
    frame = pd.DataFrame(list(rows), columns=names)
    for name in names:
        frame[name] = frame[name].astype("float" if name in {"depth", "tolerance"} else "str")
    return points_of(frame, placed.at(placed.number(frame["hole_id"]), frame["depth"].to_numpy()), placed.crs)


def coded_units(
    process: str, layers: Layers, name: str, column: pd.DataFrame | None
) -> tuple[tuple[str, ...], np.ndarray]:
    """Units from the youngest, and the place of the unit of each interval, −1 for none."""
    names = texts(layers.frame[name])
    if not (names != "").any():
        raise ContractError(process, "unit", "a column with names of units", f"{name!r}, which is empty")
    if column is None:
        order = order_of(process, layers, names).units
        return order, pd.Index(order).get_indexer(pd.Index(names))
    stated = column_of(process, column)
    return stated.order, stated.rows_of(process, "unit", pd.Series(names))


class Run(NamedTuple):
    """Intervals of one unit (its place in the order, −1 for none) that follow each other in a hole."""

    code: int
    top: float
    base: float


def runs_of(layers: Layers, code: np.ndarray) -> list[tuple[str, list[Run]]]:
    """Runs of each hole from its top."""
    found, start = [], 0
    for hole, frame in layers.holes():
        part = code[start : start + len(frame)]
        start += len(frame)
        top, base = frame["from_depth"].to_numpy(), frame["to_depth"].to_numpy()
        first = np.flatnonzero(np.diff(part, prepend=-2))
        last = np.append(first[1:], part.size) - 1
        runs = [Run(int(part[a]), float(top[a]), float(base[b])) for a, b in zip(first, last, strict=True)]
        found.append((hole, runs))
    return found


class _Found:
    """Contacts, limits and problems, hole by hole."""

    def __init__(self, order: tuple[str, ...], largest_gap: float) -> None:
        self.order, self.largest_gap = order, largest_gap
        self.contacts: list[tuple[str, float, str, str, str, float]] = []
        self.limits: list[tuple[str, float, str, str]] = []
        self.problems: list[Problem] = []

    def read(self, hole: str, runs: list[Run]) -> None:
        """Take what one hole says."""
        known = [run for run in runs if run.code >= 0]
        for upper, lower in pairwise(known):
            self._between(hole, upper, lower)
        if known and known[-1] is runs[-1]:
            self._limit(hole, known[-1].base, known[-1], "end of hole")
        elif known:
            self._limit(hole, known[-1].base, known[-1], "beside a gap")

    def _between(self, hole: str, upper: Run, lower: Run) -> None:
        """Take what two runs say that follow each other."""
        gap = lower.top - upper.base
        depth = 0.5 * (upper.base + lower.top)
        if upper.code == lower.code:
            return
        if upper.code > lower.code:
            self._tell(hole, depth, upper, "older unit on a younger one", f"on {self.order[lower.code]}")
        elif gap > self.largest_gap:
            self._tell(hole, upper.base, upper, "gap too long for a contact", f"{gap:g} m")
            self._limit(hole, upper.base, upper, "beside a gap")
            self._limit(hole, lower.top, lower, "beside a gap")
        else:
            self._contact(hole, depth, upper, lower, max(0.0, 0.5 * gap))

    def _contact(self, hole: str, depth: float, upper: Run, lower: Run, tolerance: float) -> None:
        missing = ", ".join(self.order[upper.code + 1 : lower.code])
        self.contacts.append(
            (hole, depth, self.order[upper.code], self.order[lower.code], missing, tolerance)
        )
        if missing:
            self._tell(hole, depth, upper, "units missing", missing)
            for run in (upper, lower):
                self._limit(hole, 0.5 * (run.top + run.base), run, "beside a missing unit")

    def _limit(self, hole: str, depth: float, run: Run, reason: str) -> None:
        self.limits.append((hole, depth, self.order[run.code], reason))

    def _tell(self, hole: str, depth: float, run: Run, problem: str, detail: str) -> None:
        self.problems.append(Problem(hole, depth, self.order[run.code], problem, detail))
