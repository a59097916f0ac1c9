"""Gravity check: what is doubtful in a table of stations, told by name."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.kernels import gravity as kernel
from craton.methods.gravity_reduction import Formula
from craton.methods.gravity_stations import (
    NumberColumn,
    Stations,
    degrees_of,
    gravity_of,
    heights_of,
    rise_with_height,
)
from craton.process.marks import Column, Table
from craton.process.processes import process

FEET = -0.11
"""Change of gravity with height, mGal/m, between which and 0 heights look like feet."""

BELOW_SEA = -10.0
"""Height in metres below which a station stands in a hole, or on the sea with its depth for a height."""

SAME_PLACE = 1e-5
"""Degrees, about a metre, within which stations stand at one place."""

SAME_GRAVITY = 0.1
"""Difference in mGal above which stations at one place disagree."""


@process(
    "gravity.check_stations", version="1", keywords=("quality", "duplicate", "units", "outlier", "质量检查")
)
def check_stations(
    stations: Stations,
    gravity: NumberColumn = "gravity",
    height: NumberColumn = "elevation",
    *,
    formula: Formula = "WGS84",
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="row", unit="1", title="Row of the table, from 0; −1 for the whole of it"),
            Column(name="problem", title="What is wrong"),
            Column(name="detail", title="What came, and what to do"),
        )
    ),
]:
    """What is doubtful in a table of gravity stations, by name.

    Use it before a reduction: on stations that stand twice at one place, that stand out from all others,
    and on heights that look like feet or depths. It changes nothing.

    Parameters
    ----------
    stations : GeoDataFrame
        Stations with absolute gravity and heights.
    gravity : str
        As for `gravity.disturbance`.
    height : str
        Column of heights above sea level, positive up, in any unit of length; without a column of that name,
        the one of elevations. Where they are above the ellipsoid the same problems are found.
    formula : str
        As for `gravity.normal_gravity`.

    Returns
    -------
    DataFrame
        One row for each problem: `no-place`, `no-number`, `duplicate` (the same place with the same
        gravity), `conflict` (the same place with gravity that differs by more than 0.1 mGal, or height by
        more than 1 m), `below-sea` (a height below −10 m: of gravity read on the sea it is the depth of
        water, and 0 is the height), `outlier` (six robust standard deviations from the straight line that
        gravity follows with height), `heights-in-feet`, `heights-turned`. No rows where all is well.

    Notes
    -----
    Gravity less normal gravity at sea level falls by about 0.2 mGal a metre of height on rock of 2670
    kg/m³, by a third of that where heights are feet taken for metres, and rises where they are depths.

    References
    ----------
    Hinze, W. J., et al. (2005), New standards for reducing gravity data: The North American gravity
    database, Geophysics 70(4), J25-J32, doi:10.1190/1.1988183.
    """
    name = "gravity.check_stations"
    places = degrees_of(name, stations)
    measured, above = gravity_of(name, stations, gravity), heights_of(name, stations, height)
    excess = measured - kernel.normal_gravity_of(formula, places[:, 1], 0.0)
    placed, numbered = np.isfinite(places).all(axis=1), np.isfinite(measured) & np.isfinite(above)
    found = [(int(row), "no-place", "the station has no place") for row in np.flatnonzero(~placed)]
    found += [
        (int(row), "no-number", "gravity or height is missing") for row in np.flatnonzero(placed & ~numbered)
    ]
    found += [
        (int(row), "below-sea", f"height {above[row]:g} m; on the sea give 0, and water depths apart")
        for row in np.flatnonzero(above < BELOW_SEA)
    ]
    found += _twice(places, measured, above) + _outliers(excess, above) + _whole(excess, above)
    return pd.DataFrame(found, columns=["row", "problem", "detail"])


def _twice(places: np.ndarray, measured: np.ndarray, above: np.ndarray) -> list[tuple[int, str, str]]:
    """Stations that stand where an earlier row does."""
    used = np.flatnonzero(np.isfinite(places).all(axis=1) & np.isfinite(measured) & np.isfinite(above))
    if used.size < 2:
        return []
    earlier = used[_earlier(places[used])]
    found = []
    for one, other in zip(earlier[earlier != used], used[earlier != used], strict=True):
        gap, step = measured[other] - measured[one], above[other] - above[one]
        problem = "conflict" if abs(gap) > SAME_GRAVITY or abs(step) > 1.0 else "duplicate"
        detail = f"stands with row {one}: gravity {gap:+.2f} mGal, height {step:+.2f} m"
        found.append((int(other), problem, detail))
    return found


def _earlier(places: np.ndarray) -> np.ndarray:
    """Number of an earlier place that each stands at, or its own."""
    from scipy.spatial import cKDTree

    longitude, latitude = np.radians(places).T
    directions = np.column_stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )
    spots, first, spot = np.unique(directions, axis=0, return_index=True, return_inverse=True)
    tree, reach = cKDTree(spots), np.radians(SAME_PLACE)
    leader = first.copy()
    if len(spots) > 1:
        near = np.isfinite(tree.query(spots, k=2, distance_upper_bound=reach)[0][:, 1])
        free = near.copy()
        for one in np.argsort(first):
            # Places that an earlier one has taken are not looked around again: a crowd costs one look.
            if not free[one]:
                continue
            around = np.array(tree.query_ball_point(spots[one], reach))
            taken = around[free[around]]
            leader[taken] = first[one]
            leader[one] = first[around].min()
            free[taken] = False
    earlier: np.ndarray = leader[spot.ravel()]
    return earlier


def _outliers(excess: np.ndarray, above: np.ndarray) -> list[tuple[int, str, str]]:
    """Stations far from the line that the others follow with height."""
    used = np.flatnonzero(np.isfinite(excess) & np.isfinite(above))
    if used.size < 20:
        return []
    slope, level = (
        np.polyfit(above[used], excess[used], 1) if np.ptp(above[used]) else (0.0, excess[used].mean())
    )
    apart = excess[used] - level - slope * above[used]
    apart -= np.median(apart)
    spread = 1.4826 * float(np.median(np.abs(apart)))
    far = np.flatnonzero(np.abs(apart) > 6 * spread) if spread else np.empty(0, int)
    return [(int(used[row]), "outlier", f"{apart[row]:+.1f} mGal from the line with height") for row in far]


def _whole(excess: np.ndarray, above: np.ndarray) -> list[tuple[int, str, str]]:
    """What the stations together say of the heights."""
    rise = rise_with_height(excess, above)
    if rise is None or rise < FEET:
        return []
    if rise < 0:
        return [
            (
                -1,
                "heights-in-feet",
                f"gravity falls by {-rise:.3f} mGal/m only: state the unit of heights as ft",
            )
        ]
    return [(-1, "heights-turned", f"gravity rises by {rise:.3f} mGal/m: heights may be depths")]
