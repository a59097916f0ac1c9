"""Mesh neighbourhood: exact sensitivities of the cells around each station, in place of interpolated ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.lattice_interpolation import POINTS, Plan
from craton.kernels.mesh_sensitivity import Floats, Mesh, fill_lattice
from craton.kernels.threads import share

Array = NDArray[Any]

REACH = 4
"""Longer sides of cells around a station within which sensitivities are exact."""

STATIONS = 1 << 11
"""Stations worked out between two reports."""


class Neighbourhood(NamedTuple):
    """A box of cells by station: first layer, row, column, and what exact cells add to interpolated ones.

    Boxes reach beyond the mesh at its sides; `excess` (n, fields, layers, rows, columns) is not read there.
    """

    layer: Array
    row: Array
    column: Array
    excess: Array


def halves(mesh: Mesh) -> tuple[int, int]:
    """Rows and columns of a box on either side of its middle."""
    reach = REACH * max(mesh.spacing[1:])
    return math.ceil(reach / mesh.spacing[1]), math.ceil(reach / mesh.spacing[2])


def middle_of(kernels: Floats, mesh: Mesh, plan: Plan) -> Floats:
    """Kernels (fields, layers, rows, columns) of one plane, cut to the offsets that boxes need."""
    sides = [half + POINTS for half in halves(mesh)]
    part = np.zeros((*kernels.shape[:2], *(2 * side + 1 for side in sides)))
    inner, outer = [], []
    for axis, side in enumerate(sides):
        centre, count = mesh.shape[1 + axis] - 1 - int(plan.start[axis]), kernels.shape[2 + axis]
        low, high = np.clip([centre - side, centre + side + 1], 0, count)
        outer.append(slice(low, high))
        inner.append(slice(low - centre + side, high - centre + side))
    part[:, :, inner[0], inner[1]] = kernels[:, :, outer[0], outer[1]]
    return part


def neighbourhood(
    mesh: Mesh,
    places: Floats,
    plan: Plan,
    coefficients: Floats,
    kernels: Floats,
    *,
    dtype: Any,
    report: Callable[[float], None],
) -> Neighbourhood | None:
    """Boxes around stations; None where every cell is far from every station.

    Parameters
    ----------
    mesh, coefficients
        As for `ToeplitzOperator`.
    places : array (n, 3)
        From `places_on`.
    plan : Plan
        Interpolation whose kernels are put right.
    kernels : array (planes, fields, layers, rows, columns)
        `middle_of` each plane.
    dtype : dtype
        Of the result.
    report : callable
        Called with the part done, 0 to 1.
    """
    thickness, layers = mesh.spacing[0], mesh.shape[0]
    reach = REACH * max(mesh.spacing[1:])
    top = np.clip(np.floor(-(places[:, 0] + reach) / thickness), 0, layers).astype(np.int64)
    bottom = np.clip(np.ceil(-(places[:, 0] - reach) / thickness), 0, layers).astype(np.int64)
    deep = int((bottom - top).max())
    if deep == 0:
        return None
    half = halves(mesh)
    layer = np.minimum(top, layers - deep)
    row, column = (np.rint(places[:, 1 + axis]).astype(np.int64) - half[axis] for axis in (0, 1))
    shape = (len(places), len(coefficients), deep, 2 * half[0] + 1, 2 * half[1] + 1)
    excess, spacing = np.empty(shape, dtype), np.array(mesh.spacing)

    def work(first: int) -> None:
        part = slice(first, first + STATIONS)
        base = np.column_stack([layer[part], row[part], column[part]])
        # Corners descend, so that boxes run from their far ends.
        z = -(base[:, :1] + np.arange(deep + 1)) * spacing[0] - places[part, :1]
        y = (base[:, 1:2] + shape[3] - 0.5 - np.arange(shape[3] + 1) - places[part, 1:2]) * spacing[1]
        x = (base[:, 2:] + shape[4] - 0.5 - np.arange(shape[4] + 1) - places[part, 2:]) * spacing[2]
        nodes = np.column_stack([one[part] for one in plan.nodes[:3]])
        # From the last cell of a box to the first node, as places in `kernels`.
        offsets = plan.start + nodes[:, 1:] - base[:, 1:] - shape[3:] + 1
        offsets += np.array(kernels.shape[3:]) // 2
        weights = plan.nodes.up[part], plan.nodes.north[part], plan.nodes.east[part]
        levels = base[:, 0], nodes[:, 0], offsets
        _fill(x, y, z, coefficients, kernels, *levels, *weights, excess[part])

    starts = range(0, len(places), STATIONS)
    for number, _ in enumerate(share(work, starts)):
        report((number + 1) / len(starts))
    return Neighbourhood(layer, row, column, excess)


@njit(nogil=True, cache=True, error_model="numpy")
def _fill(
    x: Floats, y: Floats, z: Floats, coefficients: Floats, kernels: Floats, layer: Array, plane: Array,
    offsets: Array, up: Floats, north: Floats, east: Floats, excess: Array,
) -> None:  # fmt: skip
    """Exact sensitivities less interpolated ones."""
    count, fields, layers, rows, columns = excess.shape
    exact = np.empty((fields, layers, rows, columns))
    wide = np.empty((rows + north.shape[1] - 1, columns + east.shape[1] - 1))
    for n in range(count):
        fill_lattice(x[n], y[n], z[n], coefficients, exact)
        for field in range(fields):
            for level in range(layers):
                for i in range(wide.shape[0]):
                    for j in range(wide.shape[1]):
                        total = 0.0
                        down, right = offsets[n, 0] + i, offsets[n, 1] + j
                        for p in range(up.shape[1]):
                            total += up[n, p] * kernels[plane[n] + p, field, layer[n] + level, down, right]
                        wide[i, j] = total
                _take_interpolated(wide, north[n], east[n], exact[field, level])
                for i in range(rows):
                    for j in range(columns):
                        excess[n, field, level, rows - 1 - i, columns - 1 - j] = exact[field, level, i, j]


@njit(nogil=True, cache=True, error_model="numpy")
def _take_interpolated(wide: Floats, north: Floats, east: Floats, box: Floats) -> None:
    """Take from `box` (rows, columns) what weights along both sides give of kernels at nodes."""
    for i in range(box.shape[0]):
        for j in range(box.shape[1]):
            total = 0.0
            for a in range(north.size):
                part = 0.0
                for b in range(east.size):
                    part += east[b] * wide[i + a, j + b]
                total += north[a] * part
            box[i, j] -= total


@njit(nogil=True, cache=True, error_model="numpy")
def near_forward(
    cells: Array, layer: Array, row: Array, column: Array, excess: Array, part: int, parts: int, data: Array
) -> None:
    """Add what the boxes of every `parts`-th station, from `part` on, give of `cells`."""
    for n in range(part, data.size, parts):
        total = 0.0
        south, north = max(0, -row[n]), min(excess.shape[3], cells.shape[2] - row[n])
        west, east = max(0, -column[n]), min(excess.shape[4], cells.shape[3] - column[n])
        for field in range(excess.shape[1]):
            for level in range(excess.shape[2]):
                for i in range(south, north):
                    box = excess[n, field, level, i]
                    under = cells[field, layer[n] + level, row[n] + i]
                    for j in range(west, east):
                        total += box[j] * under[column[n] + j]
        data[n] += total


@njit(nogil=True, cache=True, error_model="numpy")
def near_adjoint(
    data: Array, layer: Array, row: Array, column: Array, excess: Array, part: int, parts: int, cells: Array
) -> None:
    """Add the adjoint of the boxes for `data` to every `parts`-th layer of `cells`, from `part` on."""
    for n in range(data.size):
        south, north = max(0, -row[n]), min(excess.shape[3], cells.shape[2] - row[n])
        west, east = max(0, -column[n]), min(excess.shape[4], cells.shape[3] - column[n])
        for field in range(excess.shape[1]):
            for level in range((part - layer[n]) % parts, excess.shape[2], parts):
                for i in range(south, north):
                    box = excess[n, field, level, i]
                    under = cells[field, layer[n] + level, row[n] + i]
                    for j in range(west, east):
                        under[column[n] + j] += box[j] * data[n]
