"""Holes of a correlation panel: which, in which order and how far apart, and their levels brought in line."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from craton.kernels import ordered_labels
from craton.methods.borehole_contacts import Run, runs_of
from craton.methods.borehole_layers import Layers
from craton.methods.borehole_places import Placed
from craton.methods.placement import brought_to
from craton.model.boreholes import TOLERANCE
from craton.model.errors import ContractError

PANEL = "boreholes.correlation_panel"

MOST_NAMED = 60
"""Holes that one panel may show."""


class Shown(NamedTuple):
    """One hole of a panel.

    Parameters
    ----------
    name : str
        Its name.
    rows : slice
        Its intervals among the layers.
    along : float
        Metres along the panel.
    runs : list of Run
        Its units from the top; of a hole that falls and rises, from its collar.
    depth, upward : array (k,)
        Depths of the ends of its intervals and their heights on the panel, for `height`.
    """

    name: str
    rows: slice
    along: float
    runs: list[Run]
    depth: np.ndarray
    upward: np.ndarray

    def height(self, depth: np.ndarray | float) -> np.ndarray:
        """Heights on the panel of depths along the hole."""
        found: np.ndarray = np.asarray(np.interp(depth, self.depth, self.upward))
        return found


def chosen_holes(
    layers: Layers,
    placed: Placed,
    code: np.ndarray,
    rises: np.ndarray,
    *,
    holes: tuple[str, ...],
    line: gpd.GeoDataFrame | None,
    reach: float,
    most: int,
) -> list[Shown]:
    """Holes named, else those within `reach` of a line, else all; of many, `most` spread along the panel."""
    ends = np.cumsum(layers.counts)
    runs = {name: _from_the_top(found) for name, found in runs_of(layers, code, rises)}
    starts = dict(zip(runs, zip(ends - layers.counts, ends, strict=True), strict=True))
    able = [name for name, found in runs.items() if any(run.code >= 0 for run in found)]
    number = placed.number(np.array(able, dtype=object))
    sited = (number >= 0) & np.isfinite(placed.collars[number, :2]).all(axis=1)
    able = [name for name, good in zip(able, sited, strict=True) if good]
    if holes:
        missing = [name for name in holes if name not in able]
        if missing or len(holes) > MOST_NAMED:
            came = missing[0] if missing else f"{len(holes)} of them"
            allowed = f"names of at most {MOST_NAMED} holes with a place and units"
            raise ContractError(PANEL, "holes", allowed, repr(came))
        names = list(dict.fromkeys(holes))
        places = placed.collars[placed.number(np.array(names, dtype=object)), :2]
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
    else:
        names, along = _spread(able, placed, runs, line, reach, most)
    found = [
        _shown(layers, placed, runs, name, slice(*starts[name]), float(at))
        for name, at in zip(names, along, strict=True)
    ]
    if not found:
        raise ContractError(PANEL, "boreholes", "holes with places and units (near the line)", "none")
    return found


def _spread(
    able: list[str], placed: Placed, runs: dict[str, list[Run]], line: gpd.GeoDataFrame | None, reach: float,
    most: int,
) -> tuple[list[str], np.ndarray]:  # fmt: skip
    """Names and metres along of holes by a line, or by the longest axis of all; the deepest of each part."""
    if not able:
        return [], np.empty(0)
    places = placed.collars[placed.number(np.array(able, dtype=object)), :2]
    if line is None:
        along = _main_axis(places)
        near = np.ones(len(able), dtype=bool)
    else:
        path = _path(line, placed.crs)
        points = shapely.points(places)
        along, near = shapely.line_locate_point(path, points), shapely.distance(path, points) <= reach
    rows = np.flatnonzero(near)
    rows = rows[np.argsort(along[rows], kind="stable")]
    if rows.size > most:
        depth = np.array([max(run.last for run in runs[able[row]]) for row in rows])
        parts = np.array_split(np.arange(rows.size), most)
        rows = rows[[part[np.argmax(depth[part])] for part in parts]]
    return [able[row] for row in rows], along[rows] - (along[rows[0]] if rows.size else 0.0)


def _from_the_top(runs: list[Run]) -> list[Run]:
    return runs[::-1] if all(run.rises for run in runs) else runs


def _main_axis(places: np.ndarray) -> np.ndarray:
    """Metres along the direction in which places spread most, growing to the east, or due north."""
    middle = places - places.mean(axis=0)
    way = np.linalg.svd(middle, full_matrices=False)[2][0]
    leading = way[0] if abs(way[0]) > 1e-6 else way[1]
    found: np.ndarray = middle @ (way if leading >= 0 else -way)
    return found


def _path(line: gpd.GeoDataFrame, crs: str) -> shapely.LineString:
    there = line[line.geometry.notna() & ~line.geometry.is_empty]
    if len(there) != 1 or there.geometry.iloc[0].geom_type != "LineString":
        raise ContractError(
            PANEL, "line", "a table with one line", f"one of {len(there)} rows or of several parts"
        )
    return shapely.force_2d(brought_to(PANEL, "line", there, crs).geometry.iloc[0])


def _shown(
    layers: Layers, placed: Placed, runs: dict[str, list[Run]], name: str, rows: slice, along: float
) -> Shown:
    frame = layers.frame.iloc[rows]
    depth = np.unique(frame[["from_depth", "to_depth"]].to_numpy())
    number = placed.number(np.array([name], dtype=object))
    upward = placed.at(np.repeat(number, depth.size), depth)[:, 2]
    return Shown(name, rows, along, runs[name], depth, upward)


def hung(shown: list[Shown], order: tuple[str, ...], hang: str) -> list[Shown]:
    """Holes with heights above the base of the unit `hang`, or as they are, without those that have none."""
    if hang and hang not in order:
        raise ContractError(PANEL, "hang", f"empty or a unit: {', '.join(order[:20])}", repr(hang))
    turned = [_above_base(hole, order.index(hang)) if hang else hole for hole in shown]
    found = [hole for hole in turned if np.isfinite(hole.upward).all()]
    if not found:
        allowed = f"a unit whose base some hole reaches, not {hang}" if hang else "holes with elevations"
        raise ContractError(PANEL, "hang" if hang else "boreholes", allowed, "none of the holes shown has it")
    return found


def _above_base(hole: Shown, code: int) -> Shown:
    """A hole with heights above the base of a unit, NaN where no unit is seen beneath it."""
    # Without an elevation depth alone will do here.
    depth = hole.depth if hole.runs[0].rises else -hole.depth
    height = hole.upward if np.isfinite(hole.upward).all() else depth
    seen = [
        run.base
        for run, base in zip(hole.runs, bases_seen(hole.runs), strict=True)
        if base and run.code == code
    ]
    base = float(np.interp(seen[0], hole.depth, height)) if seen else np.nan
    return hole._replace(upward=height - base)


def bases_seen(runs: list[Run]) -> list[bool]:
    """Whether the base of each run is seen: another unit begins there."""
    below = [under.code >= 0 and abs(under.top - run.base) <= TOLERANCE for run, under in pairwise(runs)]
    return [run.code >= 0 and told for run, told in zip(runs, [*below, False], strict=True)]


class Levels(NamedTuple):
    """Heights of the tops of units at holes, and whether the hole itself tells.

    Parameters
    ----------
    height : array (holes, units + 1)
        Top of each unit on the panel, which is the base of those before; NaN where not known.
    foot : array (holes, units)
        Height down to which each unit is drawn: its base, or where a hole ends in it that end.
    seen : array of bool (holes, units + 1)
        Whether it is seen in the hole, not drawn between its neighbours.
    """

    height: np.ndarray
    foot: np.ndarray
    seen: np.ndarray


def levels_of(shown: list[Shown], units: int, along: np.ndarray) -> Levels:
    """Tops of units at each hole, brought in order, and between holes that reach deeper.

    Units that a hole shows out of order are brought in order as `boreholes.units_by_rules` does, for the
    bands between the holes only.
    """
    height = np.full((len(shown), units + 1), np.nan)
    for row, hole in enumerate(shown):
        tops, code = _in_order(hole, units)
        # A unit that is missing has its top and base where those above and below it meet.
        for unit in range(int(code[-1]) + 1):
            height[row, unit] = hole.height(tops[int(np.searchsorted(code, unit))])
    seen = np.isfinite(height)
    bottom = np.array([float(hole.upward.min()) for hole in shown])
    _fill_between(height, along, bottom)
    height = np.where(np.isfinite(height), np.fmin.accumulate(height, axis=1), np.nan)
    foot = height[:, 1:].copy()
    ends = seen[:, :-1] & np.isnan(foot)
    foot[ends] = np.broadcast_to(bottom[:, None], foot.shape)[ends]
    _fill_between(foot, along, bottom)
    return Levels(height, np.minimum(foot, height[:, :-1]), seen)


def _fill_between(height: np.ndarray, along: np.ndarray, bottom: np.ndarray) -> None:
    """Heights where they are missing, from the neighbours on both sides, beneath the `bottom` of the hole."""
    for level in height.T:
        known = np.flatnonzero(np.isfinite(level))
        if known.size:
            gaps = np.flatnonzero(np.isnan(level[: known[-1]]))
            gaps = gaps[gaps > known[0]]
            level[gaps] = np.minimum(np.interp(along[gaps], along[known], level[known]), bottom[gaps])


def _in_order(hole: Shown, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Tops of the runs of a hole, and units in order that keep most of its metres."""
    runs = [run for run in hole.runs if run.code >= 0]
    thick = np.array([run.last - run.first for run in runs])
    evidence = np.zeros((len(runs), units))
    evidence[np.arange(len(runs)), [run.code for run in runs]] = 100.0 * thick / thick.sum()
    code = ordered_labels.decode(evidence, np.array([len(runs)]), change=1.0)
    return np.array([run.top for run in runs]), code
