"""Extents: bounding boxes in longitude and latitude, also across the antimeridian."""

from __future__ import annotations

import numpy as np

from craton.model import crs as systems
from craton.model.record import Bbox

HALF_TURN, FULL_TURN = 180.0, 360.0

GAP = 90.0
"""Width of an empty stretch of longitude from which the data may be taken to lie on its other side."""

NEAR = 30.0
"""Distance to the antimeridian within which there must be data on both sides for them to belong together."""

JOIN = 0.1
"""Degrees by which two covered intervals of longitude may lie apart and still be kept as one."""

DIGITS = 6
"""Decimals of published degrees (0.1 m)."""

LAST_DIGIT = 1e-9
"""Degrees by which a number may miss a round one through computing with it."""


def merge_arcs(arcs: np.ndarray) -> np.ndarray:
    """Union of intervals of longitude.

    Parameters
    ----------
    arcs : array (n, 2)
        West ≤ east in degrees of any turn.

    Returns
    -------
    array (m, 2)
        Disjoint, in order, within −180 and 180.
    """
    if not len(arcs):
        return arcs
    if (arcs[:, 1] - arcs[:, 0]).max() >= FULL_TURN:
        return np.array([[-HALF_TURN, HALF_TURN]])
    # A point on the antimeridian itself stays on the side it was written on.
    on_map = np.abs(arcs[:, 0]) <= HALF_TURN
    turns = np.where(on_map, 0.0, np.floor((arcs[:, 0] + HALF_TURN) / FULL_TURN) * FULL_TURN)
    west, east = arcs[:, 0] - turns, arcs[:, 1] - turns
    over = east > HALF_TURN
    if over.any():
        beyond = np.column_stack([np.full(over.sum(), -HALF_TURN), east[over] - FULL_TURN])
        west, east = (
            np.concatenate([west, beyond[:, 0]]),
            np.concatenate([np.minimum(east, HALF_TURN), beyond[:, 1]]),
        )
    order = np.argsort(west, kind="stable")
    west, reach = west[order], np.maximum.accumulate(east[order])
    first = np.concatenate([[True], west[1:] > reach[:-1] + JOIN])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([west[first], reach[last]])


def west_east(arcs: np.ndarray) -> tuple[float, float]:
    """Western and eastern limit of covered longitudes; west > east across the antimeridian.

    The data is taken to cross the antimeridian where it lies close to it on
    both sides and leaves a stretch of at least `GAP` degrees empty elsewhere.

    Parameters
    ----------
    arcs : array (n, 2)
        As `merge_arcs` gives them.
    """
    west, east = float(arcs[0, 0]), float(arcs[-1, 1])
    if len(arcs) == 1:
        return west, east
    gaps = arcs[1:, 0] - arcs[:-1, 1]
    widest = int(gaps.argmax())
    near = west < NEAR - HALF_TURN and east > HALF_TURN - NEAR
    if near and gaps[widest] >= GAP:
        return float(arcs[widest + 1, 0]), float(arcs[widest, 1])
    return west, east


def geographic_bbox(crs: str, arcs: np.ndarray, south: float, north: float) -> Bbox:
    """Bounding box of data in geographic system `crs` that covers `arcs` of longitude."""
    west, east = west_east(arcs)
    if east < west:
        east += FULL_TURN
    return systems.to_crs84_bounds(crs, (west, south, east, north))


def outward(bbox: Bbox) -> Bbox:
    """`bbox` rounded to `DIGITS` decimals so that it still holds what it held."""
    west, south, east, north = bbox
    return _down(float(west)), _down(float(south)), -_down(-float(east)), -_down(-float(north))


def _down(degrees: float) -> float:
    """The next number of `DIGITS` decimals below; the number itself where only its last digit is off."""
    nearest = round(degrees, DIGITS)
    if nearest <= degrees:
        return nearest + 0.0
    return degrees if nearest - degrees < LAST_DIGIT else round(nearest - 10.0**-DIGITS, DIGITS)


def crosses(bbox: Bbox) -> bool:
    """Whether `bbox` crosses the antimeridian."""
    return bbox[0] > bbox[2]


def unwrapped(longitudes: np.ndarray, bbox: Bbox) -> np.ndarray:
    """Longitudes of any turn next to each other around the middle of `bbox`, past 180° where it crosses."""
    middle = (bbox[0] + bbox[2] + FULL_TURN * crosses(bbox)) / 2
    with np.errstate(invalid="ignore"):
        return np.asarray(longitudes - FULL_TURN * np.round((longitudes - middle) / FULL_TURN))


def is_outside(bbox: Bbox, area: Bbox) -> bool:
    """Whether less than half of `bbox` lies in `area` (both in degrees); points count by their place."""
    pieces = [(w, s, e, n) for w, e in _halves(bbox) for s, n in [(bbox[1], bbox[3])]]
    whole = sum(_size(e - w) * _size(n - s) for w, s, e, n in pieces)
    inside = sum(
        _size_in(w, e, left, right) * _size_in(s, n, area[1], area[3])
        for w, s, e, n in pieces
        for left, right in _halves(area)
    )
    return inside < whole / 2


MARGIN = 1e-3
"""Degrees added to each side, so that a point and a line have a size."""


def _size(length: float) -> float:
    return length + 2 * MARGIN


def _size_in(low: float, high: float, area_low: float, area_high: float) -> float:
    return max(0.0, min(high + MARGIN, area_high + MARGIN) - max(low - MARGIN, area_low - MARGIN))


def _halves(bbox: Bbox) -> list[tuple[float, float]]:
    """Intervals of longitude of `bbox`: two where it crosses the antimeridian."""
    west, east = bbox[0], bbox[2]
    return [(west, east)] if west <= east else [(west, HALF_TURN), (-HALF_TURN, east)]


def wrap_bbox(bbox: Bbox) -> Bbox:
    """`bbox` with longitudes of any turn brought to ±180; latitudes cut at the poles."""
    west, south, east, north = bbox
    west, east = systems.wrap(west, east) if west <= east else (west, east)
    return west, max(south, -90.0), east, min(north, 90.0)
