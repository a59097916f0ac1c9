"""Depth rules: depths of simple sources from the widths of humps of a profile or of its slope.

Gravity of a mass at depth z falls to half its peak at the distance x½ = z √(2^⅔ − 1) from a sphere, x½ = z
from a long level cylinder. No mass of one sign whose top lies deeper than C |g|max/|g′|max makes the anomaly
(Smith's rule): C is 48/(25√5) with any shape, and 3√3/8 where it goes on along strike.

The magnetic field of upright bodies magnetised upright rises most steeply beside their edges; the distance of
the two places of half that slope is a number of depths of the top (Peters): 1.2 over a thin sheet, 2.0 over
a contact, which is a sheet much wider than deep, between them over dykes.

References
----------
Peters, L. J. (1949), The direct approach to magnetic interpretation and its practical application, Geophysics
14(3), 290-320, doi:10.1190/1.1437537.

Bott, M. H. P. and Smith, R. A. (1958), The estimation of the limiting depth of gravitating bodies,
Geophysical Prospecting 6(1), 1-10, doi:10.1111/j.1365-2478.1958.tb01639.x.

Telford, W. M., Geldart, L. P., and Sheriff, R. E. (1990), Applied geophysics, 2nd edition, Cambridge
University Press, sections 2.7 and 3.7.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import find_peaks, peak_widths

from craton.kernels.survey_lines import Floats

HALF_WIDTHS = {"sphere": 1.0 / np.sqrt(np.cbrt(4.0) - 1.0), "cylinder": 1.0}
"""Depth of the middle over the half-width of gravity."""

LIMITS = {"sphere": 48.0 / (25.0 * np.sqrt(5.0)), "cylinder": 3.0 * np.sqrt(3.0) / 8.0}
"""Greatest depth of the top over |g|max/|g′|max, of any shape and of bodies that go on along strike."""

PETERS = {"sheet": 1.2, "dyke": 1.6, "contact": 2.0}
"""Distance of the places of half slope over the depth of the top."""

FINE = 8
"""Places of the spline for each reading."""

FEWEST = 5
"""Readings from which a spline is drawn."""


class Curve(NamedTuple):
    """Cubic spline through readings at many places: distances, values and slopes (n,)."""

    distance: Floats
    value: Floats
    slope: Floats


def curve_of(distance: Floats, values: Floats) -> Curve:
    """Spline through readings (n,) at increasing distances in metres; at least `FEWEST`."""
    spline = CubicSpline(distance, values)
    place = np.linspace(0.0, len(distance) - 1.0, FINE * (len(distance) - 1) + 1)
    fine = np.interp(place, np.arange(len(distance)), distance)
    return Curve(fine, spline(fine), spline(fine, 1))


class Humps(NamedTuple):
    """Tops of a curve: where, how high, and where it has fallen to half that height on either side."""

    place: Floats
    height: Floats
    left: Floats
    right: Floats


def humps(distance: Floats, values: Floats, lowest: float = 0.0) -> Humps:
    """Tops of `values` (n,) above 0 and not below `lowest`, with half their height on both sides.

    Left out are tops from which the curve ends, or rises higher, before it has fallen to half.
    """
    tops, _ = find_peaks(values, height=max(lowest, np.finfo(float).tiny))
    height, last = values[tops], len(values) - 1
    whole = (height, np.zeros_like(tops), np.full_like(tops, last))
    left, right = peak_widths(values, tops, rel_height=0.5, prominence_data=whole)[2:]
    kept = np.array(
        [
            values[int(a)] <= 0.5 * top and values[int(np.ceil(b))] <= 0.5 * top
            and values[int(a) : int(np.ceil(b)) + 1].max() <= top
            for a, b, top in zip(left, right, height, strict=True)
        ],
        dtype=bool,
    )  # fmt: skip
    index = np.arange(len(values))
    sides = (np.interp(side[kept], index, distance) for side in (left, right))
    return Humps(distance[tops[kept]], height[kept], *sides)
