"""Reference lines of roads: lines, arcs, clothoids and cubic curves as points along the road."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

SPACING = 2.0
"""Distance between points along a curve in metres: within 5 cm of it where the radius is 10 m."""

POINTS_PER_ELEMENT = 20_000

Profile = np.ndarray
"""Rows s, a, b, c, d: from distance s on the height is a + b·ds + c·ds² + d·ds³, in metres."""


@dataclass(frozen=True)
class Element:
    """One piece of a reference line.

    Parameters
    ----------
    kind : str
        `line`, `arc`, `spiral`, `poly3` or `paramPoly3`.
    start : float
        Distance along the road at which it begins, in metres.
    easting, northing : float
        Where it begins, in metres.
    heading : float
        Direction at its beginning, radians counter-clockwise from east.
    length : float
        Length in metres.
    values : dict
        The kind's own parameters by their names in the standard.
    normalised : bool
        Whether the parameter of `paramPoly3` runs 0–1 instead of 0–length.
    """

    kind: str
    start: float
    easting: float
    northing: float
    heading: float
    length: float
    values: dict[str, float] = field(default_factory=dict)
    normalised: bool = True


def reference_line(elements: list[Element], profile: Profile) -> np.ndarray:
    """Points (n, 3) of easting, northing, upward along a road; empty where it has no length."""
    pieces = [_points(element, profile) for element in elements if element.length > 0]
    if not pieces:
        return np.empty((0, 3))
    points = np.concatenate([*(piece[:-1] for piece in pieces[:-1]), pieces[-1]])
    return points[np.isfinite(points).all(axis=1)]


def _points(element: Element, profile: Profile) -> np.ndarray:
    straight = element.kind not in CURVES and len(profile) < 2 and not profile[:, 3:].any()
    count = 2 if straight else int(min(max(np.ceil(element.length / SPACING), 1) + 1, POINTS_PER_ELEMENT))
    distance = np.linspace(0.0, element.length, count)
    along, aside = CURVES.get(element.kind, _line)(distance, element)
    cosine, sine = np.cos(element.heading), np.sin(element.heading)
    easting = element.easting + along * cosine - aside * sine
    northing = element.northing + along * sine + aside * cosine
    return np.column_stack([easting, northing, heights(profile, element.start + distance)])


def heights(profile: Profile, distance: np.ndarray) -> np.ndarray:
    """Heights in metres at `distance` along the road; 0 where the profile states none."""
    if not len(profile):
        return np.zeros_like(distance)
    row = np.maximum(np.searchsorted(profile[:, 0], distance, side="right") - 1, 0)
    start, a, b, c, d = profile[row].T
    ds = distance - start
    return np.asarray(a + ds * (b + ds * (c + ds * d)))


def _line(distance: np.ndarray, _element: Element) -> tuple[np.ndarray, np.ndarray]:
    return distance, np.zeros_like(distance)


def _arc(distance: np.ndarray, element: Element) -> tuple[np.ndarray, np.ndarray]:
    """Circle of signed curvature k: (sin ks / k, (1 − cos ks) / k); a line where k = 0."""
    curvature = element.values.get("curvature", 0.0)
    if curvature == 0.0:
        return _line(distance, element)
    return np.sin(curvature * distance) / curvature, (1 - np.cos(curvature * distance)) / curvature


def _spiral(distance: np.ndarray, element: Element) -> tuple[np.ndarray, np.ndarray]:
    """Clothoid: curvature grows evenly, the heading is k₀s + (k₁ − k₀)s²/2L; by Gauss–Legendre quadrature."""
    first, last = element.values.get("curvStart", 0.0), element.values.get("curvEnd", 0.0)
    node, weight = np.polynomial.legendre.leggauss(5)
    step = np.diff(distance)
    place = distance[:-1, None] + step[:, None] * (node + 1) / 2
    heading = first * place + (last - first) * place**2 / (2 * element.length)
    pieces = (np.stack([np.cos(heading), np.sin(heading)]) @ weight) * step / 2
    along, aside = np.concatenate([np.zeros((2, 1)), np.cumsum(pieces, axis=1)], axis=1)
    return along, aside


def _cubic(distance: np.ndarray, element: Element) -> tuple[np.ndarray, np.ndarray]:
    """Offset a + bu + cu² + du³ beside the straight distance u."""
    return distance, _polynomial(distance, element, "")


def _parametric(distance: np.ndarray, element: Element) -> tuple[np.ndarray, np.ndarray]:
    """Two cubics of one parameter: along (U) and aside (V)."""
    parameter = distance / element.length if element.normalised else distance
    return _polynomial(parameter, element, "U"), _polynomial(parameter, element, "V")


def _polynomial(parameter: np.ndarray, element: Element, axis: str) -> np.ndarray:
    a, b, c, d = (element.values.get(f"{letter}{axis}", 0.0) for letter in "abcd")
    return np.asarray(a + parameter * (b + parameter * (c + parameter * d)))


Curve = Callable[[np.ndarray, Element], tuple[np.ndarray, np.ndarray]]
CURVES: dict[str, Curve] = {"arc": _arc, "spiral": _spiral, "poly3": _cubic, "paramPoly3": _parametric}
"""Points along and aside of the starting direction, by kind; anything else is a line."""
