"""Order of units as drill holes tell it, with the holes that contradict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels.vote_order import order_by_votes
from craton.methods.borehole_layers import UNIT, DrillHoles, Layers, layers_of, texts
from craton.methods.borehole_places import from_the_top
from craton.model.errors import ContractError
from craton.process.marks import Column, Table
from craton.process.processes import process

ORDER = "boreholes.stratigraphic_order"

MOST_UNITS = 2000
"""Names of units above which the column is taken not to hold units."""

NAMED = 8
"""Holes that a row names; more are counted."""

OrderTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="unit", quantity="geological_unit", title="Unit, from the youngest"),
            Column(name="code", unit="1", title="Place in the order"),
            Column(name="holes", unit="1", title="Holes that have it"),
            Column(name="mean_depth", unit="m", title="Mean depth of its middle"),
            Column(name="mean_thickness", unit="m", title="Mean thickness in the holes that have it"),
            Column(name="to_next", title="How its place above the next one is known"),
            Column(name="circle", unit="1", title="Number of the circle of contradictions it is in, or 0"),
        )
    ),
]

PairTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="younger", quantity="geological_unit", title="Upper unit in the order"),
            Column(name="older", quantity="geological_unit", title="Lower unit in the order"),
            Column(name="holes_for", unit="1", title="Holes that only say so"),
            Column(name="holes_against", unit="1", title="Holes that say otherwise, or both"),
            Column(name="against", title="Those holes"),
        )
    ),
]


class StratigraphicOrder(NamedTuple):
    """Units in order, and what the holes say of each pair."""

    order: OrderTable
    pairs: PairTable


@process(
    ORDER, version="1", keywords=("stratigraphic column", "topological sort", "superposition", "地层顺序")
)
def stratigraphic_order(
    boreholes: DrillHoles, *, table: str = "", unit: str = "", own_shapes: bool = False
) -> StratigraphicOrder:
    """Order of units from the youngest to the oldest, as drill holes tell it, with the holes that contradict.

    Use it to draft a stratigraphic column, or to find holes in which a unit was wrongly named, repeated by
    a fault or overturned. The result serves as the column of other processes. Not where layers are steep:
    what lies higher in a hole, whichever way it runs, is taken to be younger.

    Parameters
    ----------
    boreholes : Boreholes
        Holes with a table of intervals that names units.
    table : str
        That table; empty for the first that has the column.
    unit : str
        Its column of units; empty for `unit` or the first whose name says so.
    own_shapes : bool
        Whether the order has a `series` for each unit alone, so that `geomodel.structural` gives each base a
        shape of its own: for young deposits that pinch out and cut each other. Else units are conformable.

    Returns
    -------
    order : DataFrame
        A row a unit from the youngest, with how many holes have it. `to_next` says how its place above the
        next one is known: `holes` (some show both, none otherwise), `contradicted` (some show otherwise),
        `others` (through other units), `depth` (no hole tells; by mean depth only).
    pairs : DataFrame
        A row for each pair of units that a hole shows, contradicted ones first, with the holes against the
        order.

    Notes
    -----
    Each hole has one vote for each pair of units that it shows: the share of pairs of their intervals with
    the one above the other. The order is the one with the fewest votes against it (Kemeny's), exact unless
    more than 12 units contradict each other in one circle. Where no vote decides, mean depth does.

    References
    ----------
    Kemeny, J. G. (1959). Mathematics without numbers. Daedalus 88(4), 577-591.
    """
    layers, column = layers_of(ORDER, boreholes, table, unit, meaning=UNIT, parameter="unit")
    layers = from_the_top(boreholes, layers)
    names = texts(layers.frame[column])
    if not (names != "").any():
        raise ContractError(ORDER, "unit", "a column with names of units", f"{column!r}, which is empty")
    told = order_of(ORDER, layers, names)
    order = _order_table(layers, names, told)
    if own_shapes:
        order["series"] = order["unit"]
    return StratigraphicOrder(order, _pair_table(told))


class Told(NamedTuple):
    """What holes say: units in order, the circle of each (0 for none), votes, and the holes by pair.

    `above[a, b]` are holes that show a above b.
    """

    units: tuple[str, ...]
    circle: np.ndarray
    votes: np.ndarray
    above: dict[tuple[int, int], list[str]]


def order_of(process: str, layers: Layers, names: np.ndarray) -> Told:
    """Order of the units `names` (n,) of layers `from_the_top`, where they are not empty."""
    units = sorted(set(names) - {""})
    if len(units) > MOST_UNITS:
        raise ContractError(
            process, "unit", f"a column of at most {MOST_UNITS} units", f"one of {len(units)}"
        )
    code = {name: number for number, name in enumerate(units)}
    codes = np.array([code.get(name, -1) for name in names])
    votes = np.zeros((len(units), len(units)))
    above: dict[tuple[int, int], list[str]] = defaultdict(list)
    start = 0
    for hole, frame in layers.holes():
        part = codes[start : start + len(frame)]
        start += len(frame)
        for first, second, share in _shares(part[part >= 0]):
            votes[first, second] += share
            above[first, second].append(hole)
    known = codes >= 0
    depth = np.bincount(codes[known], layers.middle[known]) / np.bincount(codes[known])
    order, circle = order_by_votes(votes, depth)
    place = np.argsort(order)
    pairs = {(int(place[a]), int(place[b])): holes for (a, b), holes in above.items()}
    return Told(
        tuple(units[one] for one in order), _circles(circle[order]), votes[np.ix_(order, order)], pairs
    )


def _shares(codes: np.ndarray) -> Iterable[tuple[int, int, float]]:
    """Pairs of units of one hole with the share of their intervals in which the first is above the second."""
    kinds, local = np.unique(codes, return_inverse=True)
    # Intervals of each unit above each interval, so that long holes cost intervals times units.
    seen = np.cumsum(local[:, None] == np.arange(kinds.size), axis=0)
    count = np.zeros((kinds.size, kinds.size))
    np.add.at(count.T, local, seen)
    for first in range(kinds.size):
        for second in range(kinds.size):
            both = count[first, second] + count[second, first]
            if first != second and count[first, second] > 0:
                yield int(kinds[first]), int(kinds[second]), float(count[first, second] / both)


def _circles(circle: np.ndarray) -> np.ndarray:
    """Number of the circle of each unit from the youngest, 0 for units that are in none."""
    kinds, counts = np.unique(circle, return_counts=True)
    crowded = [kind for kind in dict.fromkeys(circle.tolist()) if counts[np.searchsorted(kinds, kind)] > 1]
    return np.array([crowded.index(one) + 1 if one in crowded else 0 for one in circle], dtype=np.int64)


def _order_table(layers: Layers, names: np.ndarray, told: Told) -> pd.DataFrame:
    thick = pd.DataFrame({
        "unit": names, "hole": layers.hole, "thickness": layers.thickness, "depth": layers.middle,
    })  # fmt: skip
    by_unit = thick.groupby("unit")
    holes = by_unit["hole"].nunique().reindex(told.units)
    number = len(told.units)
    words = [_known(told, row) for row in range(number - 1)] + [""]
    return pd.DataFrame({
        "unit": pd.Series(told.units, dtype="str"), "code": np.arange(1, number + 1),
        "holes": holes.to_numpy(),
        "mean_depth": by_unit["depth"].mean().reindex(told.units).to_numpy(),
        "mean_thickness": (by_unit["thickness"].sum().reindex(told.units) / holes).to_numpy(),
        "to_next": pd.Series(words, dtype="str"), "circle": told.circle,
    })  # fmt: skip


def _known(told: Told, row: int) -> str:
    """How the place of the unit `row` above the next one is known."""
    if (row + 1, row) in told.above:
        return "contradicted"
    if (row, row + 1) in told.above:
        return "holes"
    return "others" if _through(told, row) else "depth"


def _through(told: Told, row: int) -> bool:
    """Whether a chain of majorities leads from a unit to the next one of the order."""
    majority = told.votes > told.votes.T
    reached, fresh = {row}, [row]
    while fresh:
        follow = set(np.flatnonzero(majority[fresh.pop()]).tolist()) - reached
        reached |= follow
        fresh += follow
    return row + 1 in reached


def _pair_table(told: Told) -> pd.DataFrame:
    rows = []
    pairs = {(min(pair), max(pair)) for pair in told.above}
    for young, old in sorted(pairs):
        against = told.above.get((old, young), [])
        only = set(told.above.get((young, old), [])) - set(against)
        listed = ", ".join(against[:NAMED]) + (
            f" and {len(against) - NAMED} more" if len(against) > NAMED else ""
        )
        rows.append((told.units[young], told.units[old], len(only), len(against), listed))
    frame = pd.DataFrame(rows, columns=["younger", "older", "holes_for", "holes_against", "against"])
    for name in frame.columns:
        frame[name] = frame[name].astype("int64" if name.startswith("holes_") else "str")
    ordered = frame.sort_values("holes_against", ascending=False, kind="stable")
    return ordered.reset_index(drop=True)
