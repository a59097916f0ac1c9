"""Stack of a geological model: faults and series fitted together, and the unit at any place.

A place is tried from the youngest series: above its base it is in one of its units, which its levels tell;
below, the next older series is asked. What lies below all is the oldest unit of the column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from craton.methods.geomodel_cells import undone_cells, values_on
from craton.methods.geomodel_column import StratigraphicColumn
from craton.methods.geomodel_data import Contacts, Limits
from craton.methods.geomodel_faults import Fault, FaultData, Undone, fitted, undone
from craton.methods.geomodel_fit import Choices, steepness, stepped
from craton.methods.geomodel_series import Data, FittedSeries, Notes, Surfaces, fit_series
from craton.methods.geomodel_volume import Lattice
from craton.process import progress

DISTANCE_NODES = 24_000
"""Nodes at which the distance to data is found; between them it is linear."""

ON_SURFACE = 1e-7
"""Part of the longest side of the model up to which a place beside a surface lies on it: that is above it."""

STRETCHED = 0.5
"""Height over width of the box that flat models are stretched to while fitting."""

STEEPEST = 2.0
"""Slope of the middle one of measured dips, stretched, at most."""


class Stack(NamedTuple):
    """A fitted model: column, faults and series from the youngest, and what is to be told of units.

    `faults_told` tells its faults from others, see `told_of`.
    """

    column: StratigraphicColumn
    faults: list[Fault]
    series: list[FittedSeries]
    choices: Choices
    notes: Notes
    faults_told: str


class Cells(NamedTuple):
    """Cells of a model (layers, rows, columns): codes, and fields by name."""

    codes: np.ndarray
    fields: dict[str, np.ndarray]


def choices_of(
    lattice: Lattice, data: Data, *, error: float, dip_error: float, method: str, stretch: float | None
) -> Choices:
    """How fields are fitted to data for the cells of a lattice.

    A box that is flatter than half its width is stretched to that while fitting, as beds in it go on much
    further than they are thick; but no more than makes the middle one of the dips measured 63 degrees.
    """
    west, south, bottom, east, north, top = lattice.extent
    own = STRETCHED * min(east - west, north - south) / (top - bottom)
    poles = np.abs(data.orientations.poles[:, 2])
    if poles.size:
        middle = float(np.clip(np.median(poles), 1e-6, 1.0))
        own = min(own, STEEPEST * middle / max(float(np.sqrt(1.0 - middle**2)), 1e-6))
    used = float(f"{max(own, 1.0):.2g}") if stretch is None else stretch
    size = np.array([east - west, north - south, used * (top - bottom)])
    return Choices(error, dip_error, method, used, np.array([west, south, top]), size)


def build(
    process: str,
    column: StratigraphicColumn,
    data: Data,
    faults: list[FaultData],
    choices: Choices,
    *,
    box: float,
) -> Stack:
    """Fit faults and series; `box` is the diagonal of the model in metres."""
    notes: Notes = {}
    made = fitted(process, faults, box=box)
    series = [
        fit_series(process, column, place, data, made, choices, notes)
        for place in progress.each(range(len(column.series)), "series")
    ]
    return Stack(column, made, series, choices, notes, told_of(faults))


def told_of(faults: list[FaultData]) -> str:
    """What tells these faults from others."""
    summed = hashlib.sha256()
    for fault in faults:
        numbers = np.array([fault.slip, fault.rake, fault.length])
        for part in (numbers, fault.places, fault.pole_places, fault.poles):
            summed.update(np.ascontiguousarray(part).tobytes())
    return summed.hexdigest()


def values_of(surfaces: Surfaces, back: Undone, choices: Choices) -> np.ndarray:
    """Values (n,) of a field at places that are undone, with its steps."""
    return stepped(surfaces.field, back.steps).at(choices.scaled(back.places))


def codes_at(stack: Stack, places: np.ndarray) -> np.ndarray:
    """Codes (n,) of the units at places (n, 3)."""
    back = undone(stack.faults, places)
    return classified(stack, len(places), lambda surfaces: values_of(surfaces, back, stack.choices))


def limits_met(stack: Stack, limits: Limits) -> np.ndarray:
    """Whether places (p,) are in their unit, or on their side of its base; those on a surface are on both."""
    near = 10 * ON_SURFACE * float(stack.choices.size.max())
    met = np.zeros(len(limits.units), bool)
    codes = np.array([unit.code for unit in stack.column.units])[limits.units]
    for nudge in near * np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)]):
        met |= codes_at(stack, limits.places + nudge) == codes
    back = undone(stack.faults, limits.places)
    for row in np.unique(limits.units[limits.sides != 0]):
        own = (limits.units == row) & (limits.sides != 0)
        known = stack.series[stack.column.series_of(int(row))].level_of(int(row))
        if known is None:
            met[own] = False
            continue
        short = values_of(known[0], Undone(back.places[own], back.steps[own]), stack.choices)
        met[own] = limits.sides[own] * (short - known[0].levels[known[1]]) >= -near
    return met


def cells(stack: Stack, lattice: Lattice, *, keep: bool = False) -> Cells:
    """Units of the cells of a lattice, and the fields of the series where they are to be kept."""
    here = undone_cells(stack.faults, lattice)
    found = {
        id(surfaces): values_on(surfaces, here, stack.choices)
        for one in progress.each(stack.series, "cells")
        for surfaces in (one.layers, one.floor)
        if surfaces is not None
    }
    codes = classified(stack, len(here.steps), lambda surfaces: found[id(surfaces)])
    named = named_surfaces(stack) if keep else {}
    fields = {name: found[id(one)].reshape(lattice.shape) for name, one in named.items()}
    return Cells(codes.reshape(lattice.shape), fields)


def classified(stack: Stack, count: int, values: Callable[[Surfaces], np.ndarray]) -> np.ndarray:
    """Codes (count,) by the values of each field."""
    units, near = stack.column.units, ON_SURFACE * float(stack.choices.size.max())
    codes, free = np.zeros(count, np.int32), np.ones(count, bool)
    for one in stack.series:
        if one.base is None or one.layers is None:
            continue
        surfaces, level = one.base
        inside = free & (values(surfaces) >= level - near)
        # The oldest first, so that each younger unit overwrites what lies above its base.
        if one.floor is not None:
            codes[inside] = units[one.floor.rows[-1]].code
        for row, base in zip(reversed(one.layers.rows), one.layers.levels[::-1], strict=True):
            codes[inside & (values(one.layers) >= base - near)] = units[row].code
        free &= ~inside
    oldest = len(units) - 1
    if all(one.level_of(oldest) is None for one in stack.series):
        codes[free] = units[oldest].code
    return codes


def named_surfaces(stack: Stack) -> dict[str, Surfaces]:
    """Fitted fields by the name that they have in a model."""
    return {
        field_name(one.series.name, floor=surfaces is one.floor): surfaces
        for one in stack.series
        for surfaces in (one.layers, one.floor)
        if surfaces is not None
    }


def field_name(series: str, *, floor: bool) -> str:
    """Name in a model of the field of a series, or of its floor."""
    # A slash would part the name of a variable from that of a group.
    return f"field_{series.replace('/', '-')}{'_base' if floor else ''}"


def levels_of(stack: Stack, surfaces: Surfaces) -> dict[str, float]:
    """Levels of a field by unit, from the youngest."""
    names = [stack.column.units[row].name for row in surfaces.rows]
    return dict(zip(names, (float(level) for level in surfaces.levels), strict=True))


def residuals(stack: Stack, contacts: Contacts) -> np.ndarray:
    """Distance (n,) in metres of contacts above the base of their unit; NaN where it has none."""
    back = undone(stack.faults, contacts.places)
    away = np.full(len(contacts.units), np.nan)
    for row, below in np.unique(np.column_stack([contacts.units, contacts.below]), axis=0):
        known = stack.series[stack.column.series_of(int(row))].level_at(int(row), int(below))
        if known is None:
            continue
        surfaces, number = known
        own = (contacts.units == row) & (contacts.below == below)
        here = Undone(back.places[own], back.steps[own])
        short = values_of(surfaces, here, stack.choices) - surfaces.levels[number]
        away[own] = short / steepness(surfaces.field, stack.choices.scaled(here.places), stack.choices)
    return away


def distance_to_data(lattice: Lattice, places: np.ndarray) -> np.ndarray:
    """Distance (layers, rows, columns) in metres of cells from the nearest datum, to about a node."""
    nodes = _nodes(lattice)
    at = _places_of(lattice, nodes)
    return _spread(cKDTree(places).query(at)[0].reshape([len(axis) for axis in nodes]), nodes, lattice)


def nearer_to_data(lattice: Lattice, distance: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`distance_to_data` with more places (n, 3): `distance` where they are no nearer than other data."""
    nodes = _nodes(lattice)
    before = distance[np.ix_(*nodes)]
    at = _places_of(lattice, nodes)
    away = np.linalg.norm(np.maximum(np.maximum(places.min(axis=0) - at, at - places.max(axis=0)), 0), axis=1)
    near = np.flatnonzero(away < before.ravel())
    coarse = before.astype(np.float64)
    coarse.ravel()[near] = np.minimum(coarse.ravel()[near], cKDTree(places).query(at[near])[0])
    moved = _spread(before.astype(np.float64) - coarse, nodes, lattice) > 0.0
    found: np.ndarray = np.where(moved, _spread(coarse, nodes, lattice), distance)
    return found


def _nodes(lattice: Lattice) -> list[np.ndarray]:
    """Numbers of the layers, rows and columns whose cells are nodes."""
    stride = [max(1, int(np.ceil(size / DISTANCE_NODES ** (1 / 3)))) for size in lattice.shape]
    return [
        np.unique(np.append(np.arange(0, size, step), size - 1))
        for size, step in zip(lattice.shape, stride, strict=True)
    ]


def _places_of(lattice: Lattice, nodes: list[np.ndarray]) -> np.ndarray:
    own = (lattice.upward, lattice.northing, lattice.easting)
    up, north, east = np.meshgrid(*(axis[at] for axis, at in zip(own, nodes, strict=True)), indexing="ij")
    return np.stack([east.ravel(), north.ravel(), up.ravel()], axis=1)


def _spread(values: np.ndarray, nodes: list[np.ndarray], lattice: Lattice) -> np.ndarray:
    """Values at nodes made linear between them along each axis."""
    found: np.ndarray = values.astype(np.float32)
    for axis, (size, at) in enumerate(zip(lattice.shape, nodes, strict=True)):
        found = _between(found, at, size, axis)
    return found


def _between(values: np.ndarray, nodes: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Values at `nodes` along one axis made linear between them."""
    if len(nodes) == size:
        return values
    after = np.clip(np.searchsorted(nodes, np.arange(size), side="right"), 1, len(nodes) - 1)
    share = ((np.arange(size) - nodes[after - 1]) / (nodes[after] - nodes[after - 1])).astype(np.float32)
    shape = [1] * values.ndim
    shape[axis] = size
    share = share.reshape(shape)
    low, high = np.take(values, after - 1, axis), np.take(values, after, axis)
    between: np.ndarray = low + share * (high - low)
    return between
