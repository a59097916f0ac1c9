"""Charts that a pack asks for beside those of every report: columns of the units against each other."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.store.feature_index import FeatureIndex, FeatureQuery, open_features
from craton.store.feature_source import KINDS
from craton.store.grid_window import Frame, has_place, open_grid
from craton.web.maps_query import bounds_of, own_system
from craton.web.report_answer import keys_of
from craton.web.report_charts import Axis, scatter
from craton.web.report_content import Figure, Part
from craton.web.report_map import SCORE
from craton.web.report_teller import Teller

MOST_POINTS = 1500
"""Points of a scatter; of more units, as many spread over all."""

SIDE = 60
"""Columns and rows of cells that are taken from a grid."""


class _Feature(msgspec.Struct):
    properties: dict[str, Any]


def pack_charts(teller: Teller) -> list[Part]:
    """A part with the scatter charts of the pack, where it has any that can be drawn."""
    figures = []
    for chart in teller.evaluation.charts:
        columns = chart.get("columns")
        if chart.get("kind") == "scatter" and isinstance(columns, list | tuple) and len(columns) == 2:
            figures += _scatter(teller, str(columns[0]), str(columns[1]), _title(teller, chart))
    if not figures:
        return []
    return [Part("charts", teller.speech.say("part.charts"), tuple(figures))]


def _title(teller: Teller, chart: dict[str, object]) -> str:
    title = chart.get("title")
    return teller.speech.text(title) if isinstance(title, dict) else ""


def _scatter(teller: Teller, across: str, up: str, title: str) -> list[Figure]:
    units = teller.source.units
    found = None if units is None else _columns(teller, units, (across, up))
    if found is None or len(found) < 2:
        return []
    keys = keys_of(teller)
    starts = [key.start for key in keys]
    points = [
        (
            x,
            y,
            keys[max(bisect_right(starts, score) - 1, 0)].colour
            if math.isfinite(score) and keys
            else "#b8b5ac",
        )
        for x, y, score in found.tolist()
    ]
    words = teller.speech.say("chart.scatter", up=_name(teller, up), across=_name(teller, across))
    caption = teller.speech.sentences(title, words) if title else words
    drawn = scatter(_axis(teller, across, found[:, 0]), _axis(teller, up, found[:, 1]), points, words)
    return [Figure(drawn, caption, words)]


def _name(teller: Teller, column: str) -> str:
    if column == SCORE:
        return teller.speech.say("column.score")
    titles = {one.id: teller.speech.text(one.title) for one in teller.evaluation.attributes}
    return titles.get(column) or teller.indicator(column.removeprefix("score_"))


def _axis(teller: Teller, column: str, values: np.ndarray[Any, Any]) -> Axis:
    low, high = float(values.min()), float(values.max())
    told = teller.evaluation
    units = {one.id: one.unit for one in told.attributes} | {one.id: one.unit for one in told.indicators}
    unit = teller.speech.unit(units.get(column, ""))
    name = _name(teller, column) + (f" [{unit}]" if unit else "")
    return Axis(name, low, high, (teller.speech.number(low, 3), teller.speech.number(high, 3)))


def _columns(teller: Teller, units: Record, names: Sequence[str]) -> np.ndarray[Any, Any] | None:
    """Two columns of the units and their score (n, 3), without gaps; `None` where they are not there."""
    store = teller.source.store
    if has_place(units):
        grid = open_grid(store, units)
        wanted = [*names, SCORE]
        if any(name not in grid.layers for name in wanted):
            return None
        system = own_system(units)
        frame = Frame(bounds_of(units, system), system.name, SIDE, SIDE)
        pixels = grid.window(wanted, frame, nearest=True)
        there = np.logical_and.reduce([one.valid for one in pixels])
        found = np.column_stack([one.values[there].astype(float) for one in pixels])
    elif units.kind in KINDS:
        found = _of_features(open_features(store, units, wait=teller.source.wait), [*names, SCORE])
    else:
        return None
    return found[np.isfinite(found[:, :2]).all(axis=1)]


def _of_features(index: FeatureIndex, names: Sequence[str]) -> np.ndarray[Any, Any]:
    """Columns of at most so many features, spread evenly over all."""
    step = max(1, math.ceil(index.count / MOST_POINTS))
    ids = tuple(range(1, index.count + 1, step))
    try:
        page = index.page(FeatureQuery(ids=ids, properties=tuple(names), limit=len(ids)))
    except InvalidError:  # a column of the chart that the data does not have
        return np.empty((0, 3))
    rows = [msgspec.json.decode(body, type=_Feature).properties for body in page.features]
    numbers = [[row.get(name) for name in names] for row in rows]
    return np.array(
        [[v if isinstance(v, int | float) else np.nan for v in row] for row in numbers], dtype=float
    ).reshape(-1, 3)
