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
from craton.methods.borehole_places import Placed, from_the_top, placed_holes, rising
from craton.methods.geomodel_column import ColumnTable, column_of
from craton.model.boreholes import TOLERANCE
from craton.model.data import Boreholes
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
    least_holes: Annotated[int, Bounds(minimum=1, maximum=1000)] = 1,
    level: bool = False,
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
        Intervals whose `confidence` is less, or not stated, count as without a unit; 0 takes all.
    least_holes : int
        Units in fewer holes count as none: a bed met once says little of where it goes on.
    level : bool
        Whether contacts have a `dip` of 0, so that they serve as the orientations of a model too: for young
        deposits, which lie nearly flat, and holes too few to tell their dips.
    crs : str, optional
        Reference system in metres of the results. Without it that of the collars, or for collars in
        degrees the UTM zone (WGS 84) of their middle.

    Returns
    -------
    contacts : GeoDataFrame
        A 3D point where a unit ends on an older one: `unit` is the upper one, whose base it is, `below` the
        lower one, `missing` what the column has between them, `tolerance` half of the gap between them.
    limits : GeoDataFrame
        3D points within a unit, with the `reason`: `top of hole` and `end of hole` (where it begins and
        ends), `beside a missing unit` (middles of the logged stretches on both sides of it), `beside a gap`
        (ends of the intervals at a gap too long for a contact).
    report : DataFrame
        Holes without place or elevation; a unit on a younger one (repeated by a fault, overturned, or
        wrongly named), of which no contact is made, nor where a hole turns from falling to rising; gaps,
        overlaps, missing units.

    Notes
    -----
    Intervals of one unit that touch each other are one. Of two units the upper one is that from which the
    hole falls into the other, or into which it rises from it. Depths are brought into space by minimum
    curvature (`boreholes.desurvey`).

    References
    ----------
    Sawaryn, S. J., and Thorogood, J. L. (2005). A compendium of directional calculations based on the
    minimum curvature method. SPE Drilling & Completion 20(1), 24-36. doi:10.2118/84246-PA
    """
    layers, name = layers_of(CONTACTS, boreholes, table, unit, meaning=UNIT, parameter="unit")
    placed = placed_holes(CONTACTS, boreholes, crs)
    order, code = coded_units(CONTACTS, boreholes, layers, name, column)
    if "confidence" in layers.frame.columns and least_confidence > 0:
        code = np.where(numbers(layers.frame["confidence"]) >= least_confidence, code, -1)
    code = _met_often(layers, code, len(order), least_holes)
    found = _Found(order, largest_gap)
    for hole, runs in runs_of(layers, code, rising(boreholes, layers)):
        found.read(hole, runs)
    strange = sorted(set(layers.frame["hole_id"]) - set(placed.names))
    lost = [Problem(str(one), np.nan, "", "hole without a collar") for one in strange]
    points = _points(placed, found.contacts, ["hole_id", "depth", "unit", "below", "missing", "tolerance"])
    if level:
        points["dip"], points["dip_direction"] = 0.0, 0.0
    limits = _points(placed, list(dict.fromkeys(found.limits)), ["hole_id", "depth", "unit", "reason"])
    return Contacts(points, limits, report_of([*layers.problems, *placed.problems, *lost, *found.problems]))


def _met_often(layers: Layers, code: np.ndarray, units: int, least: int) -> np.ndarray:
    """Places of units, −1 for those that fewer than `least` holes have."""
    met = np.unique(np.stack([code, layers.hole]), axis=1)[0]
    often = np.bincount(met[met >= 0], minlength=units) >= least
    kept: np.ndarray = np.where((code >= 0) & often[np.maximum(code, 0)], code, -1)
    return kept


def _points(placed: Placed, rows: Sequence[tuple[object, ...]], names: list[str]) -> gpd.GeoDataFrame:
    """Rows as points in space; those of holes without a place are left out."""
    frame = pd.DataFrame(list(rows), columns=names)
    for name in names:
        frame[name] = frame[name].astype("float" if name in {"depth", "tolerance"} else "str")
    return points_of(frame, placed.at(placed.number(frame["hole_id"]), frame["depth"].to_numpy()), placed.crs)


def coded_units(
    process: str, boreholes: Boreholes, layers: Layers, name: str, column: pd.DataFrame | None
) -> tuple[tuple[str, ...], np.ndarray]:
    """Units from the youngest, and the place of the unit of each interval, −1 for none."""
    names = texts(layers.frame[name])
    if not (names != "").any():
        raise ContractError(process, "unit", "a column with names of units", f"{name!r}, which is empty")
    if column is None:
        turned = from_the_top(boreholes, layers)
        order = order_of(process, turned, texts(turned.frame[name])).units
        return order, pd.Index(order).get_indexer(pd.Index(names))
    stated = column_of(process, column)
    return stated.order, stated.rows_of(process, "unit", pd.Series(names))


class Run(NamedTuple):
    """Intervals of one unit (its place in the order, −1 for none) that touch each other in a hole.

    `top` and `base` are depths along the hole, of which that of the base is the lesser where the hole rises.
    """

    code: int
    top: float
    base: float

    @property
    def rises(self) -> bool:
        """Whether the hole rises through it."""
        return self.top > self.base

    @property
    def first(self) -> float:
        """Depth along the hole at which it begins."""
        return min(self.top, self.base)

    @property
    def last(self) -> float:
        """Depth along the hole at which it ends."""
        return max(self.top, self.base)


def runs_of(layers: Layers, code: np.ndarray, rises: np.ndarray) -> list[tuple[str, list[Run]]]:
    """Runs of each hole from its collar, for units (n,) and whether the hole `rises` (n,) in an interval."""
    found, start = [], 0
    for hole, frame in layers.holes():
        own = slice(start, start + len(frame))
        start = own.stop
        begin, end = frame["from_depth"].to_numpy(), frame["to_depth"].to_numpy()
        other = (np.diff(code[own]) != 0) | np.diff(rises[own]) | (begin[1:] - end[:-1] > TOLERANCE)
        first = np.flatnonzero(np.append(True, other))
        last = np.append(first[1:], len(frame)) - 1
        found.append((hole, [
            Run(one, b, a) if up else Run(one, a, b)
            for one, up, a, b in zip(
                code[own][first].tolist(), rises[own][first].tolist(), begin[first].tolist(),
                end[last].tolist(), strict=True,
            )
        ]))  # fmt: skip
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
        if known and known[0] is runs[0]:
            self._limit(hole, known[0].first, known[0], "top of hole")
        for one, other in pairwise(known):
            if one.code == other.code:
                continue
            if one.rises == other.rises:
                self._between(hole, *((other, one) if one.rises else (one, other)))
            else:
                self._tell(
                    hole, one.last, one, "hole turns between two units", f"to {self.order[other.code]}"
                )
        if known:
            reason = "end of hole" if known[-1] is runs[-1] else "beside a gap"
            self._limit(hole, known[-1].last, known[-1], reason)

    def _between(self, hole: str, upper: Run, lower: Run) -> None:
        """Take what two runs of different units say that follow each other."""
        gap = max(upper.first, lower.first) - min(upper.last, lower.last)
        depth = 0.5 * (upper.base + lower.top)
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
