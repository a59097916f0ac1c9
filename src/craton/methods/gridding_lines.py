"""Gridding along survey lines: splines along each line, then across them."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import xarray as xr

from craton.methods.gridding_surfaces import (
    Edges,
    Metres,
    NumberColumn,
    Points,
    Spacing,
    empty_grid,
    gridded,
    plane_samples,
)
from craton.methods.points_samples import Samples
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, ColumnOf, Grid, Unit
from craton.process.processes import process

FINER = 2.0
"""Steps along the lines in one cell of the grid."""


@process(
    "gridding.bidirectional",
    version="1",
    keywords=("flight lines", "line data", "aeromagnetic", "bigrid", "Akima", "航磁", "测线"),
)
def bidirectional(
    points: Points,
    column: NumberColumn,
    line: Annotated[str, ColumnOf("points")],
    spacing: Spacing,
    *,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=360)] | None = None,
    maximum_gap: Metres | None = None,
    region: Edges | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of data along nearly parallel survey lines, by splines along the lines and then across them.

    Use it for airborne and marine surveys, whose points are dense along the lines
    and sparse across: anomalies that run across the lines keep their strike, where
    methods that know no lines break them into beads. Tie lines must be left out;
    lines may bend, but not turn back.

    Parameters
    ----------
    points : GeoDataFrame
        Points along at least two lines, in a projected system in metres. Rows without place, value or line
        are left out.
    column : str
        Column of the values.
    line : str
        Column that names the line of each point.
    spacing : float
        Side of a cell; a quarter of the distance between the lines is usual.
    azimuth : float
        Direction of the lines, clockwise from north, either way. Left out, it is found from the points.
    maximum_gap : float
        Distance between neighbouring lines beyond which the cells between them have no value. Left out,
        all gaps are filled.
    region : tuple
        As for `gridding.minimum_curvature`.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`, NaN beyond the ends of the lines and outside the
        outermost ones; the first row in the north.

    Notes
    -----
    Points are averaged in steps of half the spacing along each line, which keeps waves shorter than a cell
    from folding back, and joined by Akima's splines, which do not ring at steps. At each step along, the
    lines are joined across by the same splines.

    References
    ----------
    Akima, H. (1970). A new method of interpolation and smooth curve fitting based on local procedures.
    Journal of the ACM 17(4), 589-602. doi:10.1145/321607.321609
    """
    id = "gridding.bidirectional"
    named = points[points[line].notna()]
    named.attrs = points.attrs
    lines = [
        plane_samples(id, one, column)
        for _name, one in named.groupby(line, sort=True)
        if (one.geometry.notna() & ~one.geometry.is_empty & one[column].notna()).any()
    ]
    lines = [one for one in lines if one.values.size > 1]
    if len(lines) < 2:
        allowed = "a column that names two lines of two points or more"
        raise ContractError(id, "line", allowed, f"{len(lines)} such lines")
    everything = Samples(
        np.concatenate([one.coordinates for one in lines]), np.concatenate([one.values for one in lines]),
        lines[0].crs,
    )  # fmt: skip
    template = empty_grid(id, everything, spacing, region)
    course = np.radians(azimuth) if azimuth is not None else _course(lines)
    across = _Across(lines, course, spacing / FINER, np.inf if maximum_gap is None else maximum_gap)
    return gridded(points, column, template, across)


def _course(lines: list[Samples]) -> float:
    """Direction of the lines in radians clockwise from north: the longest axis of their places."""
    spread = np.zeros((2, 2))
    for one in lines:
        away = one.coordinates - one.coordinates.mean(axis=0)
        spread += away.T @ away
    east, north = np.linalg.eigh(spread)[1][:, -1]
    return float(np.arctan2(east, north))


class _Across:
    """Values of lines at steps along their course, joined across it."""

    def __init__(self, lines: list[Samples], course: float, step: float, gap: float) -> None:
        self.turn = np.array([[np.sin(course), np.cos(course)], [np.cos(course), -np.sin(course)]])
        self.middle = lines[0].coordinates.mean(axis=0)
        self.step, self.gap = step, gap
        turned = [(one.coordinates - self.middle) @ self.turn.T for one in lines]
        self.first = min(float(one[:, 0].min()) for one in turned)
        last = max(float(one[:, 0].max()) for one in turned)
        self.along = self.first + step * np.arange(int(np.ceil((last - self.first) / step)) + 1)
        parts = [self._along(places, one.values) for places, one in zip(turned, lines, strict=True)]
        self.offsets, self.values = (np.stack(part) for part in zip(*parts, strict=True))

    def _along(self, places: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offset across and value of one line at each step along; NaN beyond its ends."""
        from craton.kernels.block_reduce import reduce_blocks

        steps = np.floor((places[:, 0] - self.first) / self.step + 0.5).astype(np.int64)
        reduced = reduce_blocks(steps, places, values, median=False)
        at = reduced.coordinates[:, 0]
        return _joined(at, reduced.coordinates[:, 1], self.along), _joined(at, reduced.values, self.along)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Values at places (m, 2): between the two steps nearest along, each joined across."""
        turned = (places - self.middle) @ self.turn.T
        position = (turned[:, 0] - self.first) / self.step
        before = np.floor(position).astype(np.int64)
        order = np.argsort(before, kind="stable")
        found = np.full(len(places), np.nan)
        starts = np.flatnonzero(np.diff(before[order], prepend=before[order[:1]] - 1))
        for some in progress.each(np.split(order, starts[1:]), "lines"):
            number = int(before[some[0]])
            if -1 <= number < self.along.size:
                low, high = (self._joined_at(one, turned[some, 1]) for one in (number, number + 1))
                share = position[some] - number
                found[some] = (1 - share) * low + share * high
        return found

    def _joined_at(self, number: int, offsets: np.ndarray) -> np.ndarray:
        """Values at offsets across the lines at one step along."""
        if not 0 <= number < self.along.size:
            return np.full(offsets.size, np.nan)
        there = np.isfinite(self.values[:, number])
        if there.sum() < 2:
            return np.full(offsets.size, np.nan)
        at, values = self.offsets[there, number], self.values[there, number]
        order = np.argsort(at, kind="stable")
        at, values = at[order], values[order]
        found = _joined(at, values, offsets)
        if np.isfinite(self.gap):
            right = np.clip(np.searchsorted(at, offsets), 1, at.size - 1)
            found[at[right] - at[right - 1] > self.gap] = np.nan
        return found


def _joined(at: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Akima's spline through values (n,) at rising places, straight between two; NaN beyond the ends."""
    from scipy.interpolate import Akima1DInterpolator

    distinct = np.concatenate([[True], np.diff(at) > 0])
    at, values = at[distinct], values[distinct]
    if at.size < 3:
        joined: np.ndarray = np.interp(wanted, at, values, left=np.nan, right=np.nan)
        return joined
    spline: np.ndarray = Akima1DInterpolator(at, values)(wanted)
    return spline
