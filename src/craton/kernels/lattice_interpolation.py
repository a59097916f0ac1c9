"""Lattice interpolation: values at stations from planes of nodes spaced as the cells of a mesh are."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.mesh_sensitivity import Floats, Mesh

Array = NDArray[Any]

POINTS = 6
"""Nodes of a side from which a value between them is interpolated."""

PLANES = 4
"""Planes from which a value between them is interpolated."""

LEVEL = 1e-3
"""Part of a cell by which heights, or places on the lattice, may differ and still be one."""


class Nodes(NamedTuple):
    """First plane, row and column of nodes by station, and weights (n, points) along each axis."""

    plane: Array
    row: Array
    column: Array
    up: Floats
    north: Floats
    east: Floats


class Plan(NamedTuple):
    """A lattice of nodes over planes, and how stations read it.

    Parameters
    ----------
    planes : array
        Heights above the top of the mesh, in metres.
    shape : tuple of int
        Rows and columns of nodes.
    start : array (2,)
        Row and column of the first node, counted in cells from the first cell.
    shift : array (2,)
        Metres north and east of nodes from the centres of cells.
    nodes : Nodes
        What each station reads.
    """

    planes: Floats
    shape: tuple[int, int]
    start: NDArray[np.int64]
    shift: Floats
    nodes: Nodes

    @property
    def is_exact(self) -> bool:
        """Whether every station lies on a node."""
        return bool(self.nodes.east.shape[1] == 1)


def places_on(mesh: Mesh, stations: Floats) -> Floats:
    """Stations (n, 3: east, north, up) as height above the top, row and column from the first centre."""
    _, north, east = mesh.spacing
    columns = (stations[:, 0] - mesh.west) / east - 0.5
    rows = (stations[:, 1] - mesh.south) / north - 0.5
    return np.column_stack([stations[:, 2] - mesh.top, rows, columns])


def plan(mesh: Mesh, places: Floats) -> Plan:
    """Nodes on the stations where these lie as the cells do, else planes to interpolate from."""
    low, high = float(places[:, 0].min()), float(places[:, 0].max())
    side = min(mesh.spacing[1:])
    steps = places[:, 1:] - places[0, 1:]
    even = bool(np.abs(steps - np.rint(steps)).max() <= LEVEL)
    if even and high - low <= LEVEL * side:
        return _on_stations(mesh, places, 0.5 * (low + high))
    planes, plane, up = _plane_weights(places[:, 0], low, high, side)
    first = np.floor(places[:, 1:]).astype(np.int64) - POINTS // 2 + 1
    start = first.min(axis=0)
    north, east = (_lagrange(places[:, 1 + axis] - first[:, axis], POINTS) for axis in (0, 1))
    row, column = (first - start).T
    rows, columns = first.max(axis=0) - start + POINTS
    nodes = Nodes(plane, row.copy(), column.copy(), up, north, east)
    return Plan(planes, (int(rows), int(columns)), start, np.zeros(2), nodes)


def _on_stations(mesh: Mesh, places: Floats, height: float) -> Plan:
    base = np.rint(places[0, 1:])
    index = (np.rint(places[:, 1:] - places[0, 1:]) + base).astype(np.int64)
    start = index.min(axis=0)
    rows, columns = index.max(axis=0) - start + 1
    row, column = (index - start).T
    ones = np.ones((len(places), 1))
    nodes = Nodes(np.zeros(len(places), np.int64), row.copy(), column.copy(), ones, ones, ones)
    shift = (places[0, 1:] - base) * np.array(mesh.spacing[1:])
    return Plan(np.array([height]), (int(rows), int(columns)), start, shift, nodes)


def _plane_weights(heights: Floats, low: float, high: float, side: float) -> tuple[Floats, Array, Floats]:
    """Heights of planes at most half of `side` apart, first plane and weights by station."""
    if high - low <= LEVEL * side:
        return np.array([0.5 * (low + high)]), np.zeros(heights.size, np.int64), np.ones((heights.size, 1))
    count = max(math.ceil((high - low) / (0.5 * side)) + 1, PLANES)
    planes = np.linspace(low, high, count)
    position = (heights - low) / (planes[1] - planes[0])
    first = np.clip(np.floor(position).astype(np.int64) - PLANES // 2 + 1, 0, count - PLANES)
    return planes, first, _lagrange(position - first, PLANES)


def _lagrange(position: Floats, points: int) -> Floats:
    """Weights (n, points) with which values at 0, 1, ... give the value at `position`."""
    weights = np.ones((position.size, points))
    for one in range(points):
        for other in range(points):
            if one != other:
                weights[:, one] *= (position - other) / (one - other)
    return weights


@njit(nogil=True, cache=True, error_model="numpy")
def gather(
    planes: Array,
    plane: Array,
    row: Array,
    column: Array,
    up: Floats,
    north: Floats,
    east: Floats,
    data: Array,
) -> None:
    """Add to `data` (n,) what each station reads of `planes` (planes, rows, columns)."""
    for n in range(data.size):
        total = 0.0
        for p in range(up.shape[1]):
            for i in range(north.shape[1]):
                part = 0.0
                for j in range(east.shape[1]):
                    part += east[n, j] * planes[plane[n] + p, row[n] + i, column[n] + j]
                total += up[n, p] * north[n, i] * part
        data[n] += total


@njit(nogil=True, cache=True, error_model="numpy")
def scatter(
    data: Array,
    plane: Array,
    row: Array,
    column: Array,
    up: Floats,
    north: Floats,
    east: Floats,
    planes: Array,
) -> None:
    """Add to `planes` what the adjoint of `gather` gives of `data` (n,)."""
    for n in range(data.size):
        for p in range(up.shape[1]):
            for i in range(north.shape[1]):
                part = up[n, p] * north[n, i] * data[n]
                for j in range(east.shape[1]):
                    planes[plane[n] + p, row[n] + i, column[n] + j] += part * east[n, j]
