"""Point sources under a survey fitted window by window, each to what the windows before have left over.

```python
sources = place_sources(stations, block=500.0, depth=2000.0)
strengths = boost(stations, values, sources, windows(sources, 20e3, seed=0), damping=1e-5)
field = field_of(sources, strengths, places)
```

References
----------
Soler, S. R., and Uieda, L. (2021). Gradient-boosted equivalent sources. Geophysical Journal International
227(3), 1768-1783. doi:10.1093/gji/ggab297
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg

from craton.kernels.equivalent_layer import Stations
from craton.kernels.lattice import Floats
from craton.kernels.threads import do_all

BATCH = 1 << 10
"""Places that a thread takes at a time, so that they stay in the cache."""

Box = tuple[float, float, float, float]
"""South, west, north and east edge of a window."""


def place_sources(stations: Stations, *, block: float, depth: float) -> Stations:
    """Sources `depth` below the mean places of the stations of each block of side `block`, in metres."""
    south, west = float(stations.northing.min()), float(stations.easting.min())
    rows, columns = ((stations.northing - south) // block, (stations.easting - west) // block)
    _, member = np.unique(np.column_stack([rows, columns]), axis=0, return_inverse=True)
    member = member.ravel()
    count = np.bincount(member)
    north, east, up = (np.bincount(member, axis) / count for axis in stations)
    return Stations(north, east, up - depth)


def windows(places: Stations, side: float, *, seed: int) -> list[Box]:
    """Square windows over places, each half over the next, without empty ones, in random order."""
    starts = []
    for axis in places[:2]:
        low, length = float(axis.min()), float(np.ptp(axis))
        count = max(1, int(np.ceil(2 * (length - side) / side)) + 1)
        # All of one size, from edge to edge; at most half a window from one to the next.
        starts.append(low + np.linspace(min(0.0, (length - side) / 2), max(0.0, length - side), count))
    boxes = [(float(s), float(w), float(s) + side, float(w) + side) for s in starts[0] for w in starts[1]]
    held = [box for box in boxes if within(places, box).size]
    return [held[number] for number in np.random.default_rng(seed).permutation(len(held))]


def within(places: Stations, box: Box) -> NDArray[np.intp]:
    """Numbers of the places in a window, its edges included, to a rounding."""
    south, west, north, east = box
    near = 1e-9 * (north - south)
    is_in = (places.northing >= south - near) & (places.northing <= north + near)
    is_in &= (places.easting >= west - near) & (places.easting <= east + near)
    return np.flatnonzero(is_in)


def boost(
    stations: Stations, values: Floats, sources: Stations, boxes: Iterable[Box], *, damping: float
) -> tuple[Floats, Floats]:
    """Strengths of sources whose field fits values.

    Parameters
    ----------
    stations : Stations
        Places (n,) in metres, all above the sources.
    values : array (n,)
        Field in any unit.
    sources : Stations
        Places (m,) in metres.
    boxes : iterable
        Windows in the order in which they are fitted, see `windows`. No more than the stations and sources
        of one are held as a matrix.
    damping : float
        Above 0: weight of the squared effects of the sources, at the stations of the window, against the
        squared misfits.

    Returns
    -------
    tuple of array
        Strengths (m,) in the unit of the values times metres, and what of the values is left (n,).

    Notes
    -----
    The field is Σ c / r. In each window c makes Σ (left - field)² + damping n Σ (s c)² least, s the root mean
    square of the column of a source at the n stations of the window; the field of c at all stations is then
    taken off what is left. One window over all is the damped least-squares solution.
    """
    strengths, left = np.zeros(sources.northing.size), values.astype(np.float64)
    for box in boxes:
        near, below = within(stations, box), within(sources, box)
        if not (near.size and below.size):
            continue
        some = Stations(*(axis[below] for axis in sources))
        found = _fitted(Stations(*(axis[near] for axis in stations)), left[near], some, damping)
        strengths[below] += found
        left -= field_of(some, found, stations)
    return strengths, left


def _fitted(stations: Stations, values: Floats, sources: Stations, damping: float) -> Floats:
    matrix = np.zeros((stations.northing.size, sources.northing.size))
    for one, other in zip(stations, sources, strict=True):
        matrix += (one[:, None] - other) ** 2
    np.reciprocal(np.sqrt(matrix, out=matrix), out=matrix)
    scale = np.sqrt(np.mean(matrix**2, axis=0))
    matrix /= scale
    normal = matrix.T @ matrix
    normal[np.diag_indices_from(normal)] += damping * values.size
    solved: Floats = linalg.solve(
        normal, matrix.T @ values, assume_a="pos", overwrite_a=True, check_finite=False
    )
    return solved / scale


def field_of(sources: Stations, strengths: Floats, places: Stations, *, slope: bool = False) -> Floats:
    """Field Σ c / r of sources at places (n,), or its derivative upward per metre."""
    total = np.zeros(places.northing.size)

    def work(start: int) -> None:
        part = slice(start, start + BATCH)
        _add(
            places.northing[part], places.easting[part], places.upward[part],
            sources.northing, sources.easting, sources.upward, strengths, slope, total[part],
        )  # fmt: skip

    do_all(work, range(0, total.size, BATCH))
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _add(
    north: Floats,
    east: Floats,
    up: Floats,
    source_north: Floats,
    source_east: Floats,
    source_up: Floats,
    strengths: Floats,
    slope: bool,
    total: Floats,
) -> None:
    """Add the field of all sources, or its slope upward."""
    for source in range(strengths.size):
        y, x, z, c = source_north[source], source_east[source], source_up[source], strengths[source]
        # Without a choice in the loop several places are worked at once.
        if slope:
            for place in range(total.size):
                rise = up[place] - z
                square = (north[place] - y) ** 2 + (east[place] - x) ** 2 + rise**2
                total[place] -= c * rise / (square * np.sqrt(square))
        else:
            for place in range(total.size):
                square = (north[place] - y) ** 2 + (east[place] - x) ** 2 + (up[place] - z) ** 2
                total[place] += c / np.sqrt(square)
