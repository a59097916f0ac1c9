"""Resistivity plane: voltages of electrodes on ground whose resistivity does not change across the line.

Point sources on ground σ(x, z) have a potential of which each wavenumber k across the line obeys

    −∇·(σ ∇φ) + k² σ φ = ½ I δ(x − x₀) δ(z),     V = (2/π) ∫ φ dk,

solved by finite differences on a grid of nodes with one conductivity a cell (Dey and Morrison), a zero
potential far outside. Electrodes are nodes. Apparent resistivities are voltages over those of uniform ground
on the same grid, so that uniform ground is exact and the error at sources mostly falls out.

Uneven ground. Columns of the grid are moved up and down with the ground, so that a cell of width w and height
t whose right side stands s higher is a parallelogram. With differences p and q of the potential along it and
down, (p/w + q s/(wt))² + (q/t)² over its area, as the mean of both ways to part it into two linear triangles,

    ½ (t/w) Σ p² + ½ (w² + s²)/(wt) Σ q² + ½ (s/w) (d₁² − d₂²),

is a flow along each of its sides and, with d₁ from its upper left to its lower right and d₂ from its upper
right to its lower left, along its diagonals. On level ground these are the finite differences.

Accuracy. With four cells between neighbouring electrodes, layers of a contrast of ten come out within 1 % of
`resistivity_layers`, and geometric factors on a ridge with slopes of 30° within 3 % of the closed form.

References
----------
Dey, A. and Morrison, H. F. (1979), Resistivity modelling for arbitrarily shaped two-dimensional structures,
Geophysical Prospecting 27(1), 106-136, doi:10.1111/j.1365-2478.1979.tb00961.x.

LaBrecque, D. J., Miletto, M., Daily, W., Ramirez, A., and Owen, E. (1996), The effects of noise on Occam's
inversion of resistivity tomography data, Geophysics 61(2), 538-548, doi:10.1190/1.1443980.

McGillivray, P. R. and Oldenburg, D. W. (1990), Methods for calculating Fréchet derivatives and sensitivities
for the non-linear inverse problem: a comparative study, Geophysical Prospecting 38(5), 499-524,
doi:10.1111/j.1365-2478.1990.tb01859.x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.linalg import splu

from craton.kernels.resistivity_layers import Floats

FINE = 4
"""Cells between neighbouring electrodes."""

GROWTH = 1.8
"""Factor by which cells grow outside the part that is sought."""

OUTSIDE = 30.0
"""Lengths of the line to the outer edge of the grid."""

LOW, HIGH = 10, 6
"""Wavenumbers below and above half the inverse of the least distance, for ratios of distances up to REACH."""

REACH, POWER = 250.0, 4.0
"""Ratio of distances that LOW wavenumbers serve; more serve a ratio that grows with this power of them."""

AT_ONCE = 64
"""Readings whose derivatives are made together."""

Flow = tuple[Floats, list[tuple[NDArray[np.int64], NDArray[np.int64]]]]
"""Conductance of each cell for a conductivity of 1, and the nodes between which it is."""


def wavenumbers(nearest: float, furthest: float) -> tuple[Floats, Floats]:
    """Wavenumbers and weights w with Σ w K₀(k r) = 1/r within 0.3 % for r from `nearest` to `furthest`.

    Notes
    -----
    Gauss-Legendre on k = s³ up to 1/(2 r), which takes the logarithm at 0, and Gauss-Laguerre beyond. The
    more the distances differ, the more wavenumbers.
    """
    turn = 0.5 / nearest
    low = int(np.ceil(LOW * max(1.0, furthest / nearest / REACH) ** (1.0 / POWER)))
    place, share = np.polynomial.legendre.leggauss(low)
    root = 0.5 * (place + 1.0) * np.cbrt(turn)
    beyond, tail = np.polynomial.laguerre.laggauss(HIGH)
    chosen = np.concatenate([root**3, turn + beyond / nearest])
    weights = np.concatenate([1.5 * share * np.cbrt(turn) * root**2, tail * np.exp(beyond) / nearest])
    return chosen, 2.0 / np.pi * weights


@dataclass(frozen=True)
class Plane:
    """Grid below a line of electrodes, and the blocks whose resistivity is sought.

    Parameters
    ----------
    across, down : array
        Nodes along the line, and in depth from 0, in metres, increasing.
    columns, rows : array of int
        Column and row of the block that each column and row of cells belongs to; cells far outside belong
        to the outermost blocks.
    edges_across, edges_down : array
        Edges of the blocks, in metres.
    electrodes : array (e,)
        Nodes of `across` where electrodes stand.
    ground : array
        Height of the ground at the nodes of `across`, in metres; depths are below it.
    """

    across: Floats
    down: Floats
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    edges_across: Floats
    edges_down: Floats
    electrodes: NDArray[np.int64]
    ground: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        return len(self.edges_down) - 1, len(self.edges_across) - 1

    @cached_property
    def block(self) -> NDArray[np.int64]:
        """Block (rows · columns of cells,) of each cell."""
        numbers: NDArray[np.int64] = (self.rows[:, None] * self.shape[1] + self.columns).ravel()
        return numbers


def plane_of(positions: Floats, depth: float, ground: tuple[Floats, Floats] | None = None) -> Plane:
    """Grid for electrodes at increasing `positions` along a line, with blocks down to `depth`.

    `ground` is increasing places along the line and the heights there; it is straight between them and goes
    on beyond both ends with the slope from the first to the last. Left out, ground is level.
    """
    gaps = np.diff(positions)
    unit = float(np.median(gaps))
    # An even number of cells between neighbours: two make a block.
    counts = 2 * np.maximum(1, np.round(0.5 * FINE * gaps / unit)).astype(int)
    parts = [start + gap * np.arange(n) / n for start, gap, n in zip(positions, gaps, counts, strict=False)]
    core = np.concatenate([*parts, positions[-1:]])
    layers = [0.25 * unit]
    while sum(layers) < depth:
        layers.append(1.15 * layers[-1])
    edges_down = np.concatenate([[0.0], np.cumsum(layers)])
    halves = np.sort(np.concatenate([edges_down, 0.5 * (edges_down[1:] + edges_down[:-1])]))
    far = OUTSIDE * float(np.ptp(positions))
    side = _growing(unit / FINE, far)
    across = np.concatenate([core[0] - side[::-1], core, core[-1] + side])
    down = np.concatenate([halves, halves[-1] + _growing(halves[-1] - halves[-2], far)])
    edges_across = core[::2]
    electrodes = np.searchsorted(across, positions - 1e-9 * unit)
    columns, rows = _owners(across, edges_across), _owners(down, edges_down)
    heights = np.zeros(len(across)) if ground is None else _heights(across, *ground)
    return Plane(across, down, columns, rows, edges_across, edges_down, electrodes, heights)


def _heights(across: Floats, places: Floats, heights: Floats) -> Floats:
    """Heights of the ground at nodes."""
    slope = (heights[-1] - heights[0]) / (places[-1] - places[0])
    ground: Floats = np.interp(across, places, heights - slope * places) + slope * across
    return ground


def _owners(nodes: Floats, edges: Floats) -> NDArray[np.int64]:
    """Interval of `edges` that each cell between `nodes` lies in, the outermost for those outside."""
    middles = 0.5 * (nodes[1:] + nodes[:-1])
    return np.clip(np.searchsorted(edges, middles) - 1, 0, len(edges) - 2)


def _growing(first: float, far: float) -> Floats:
    """Distances (n,) of nodes whose cells grow from `first` to beyond `far`."""
    count = int(np.ceil(np.log(1.0 + far * (GROWTH - 1.0) / first) / np.log(GROWTH)))
    return np.cumsum(first * GROWTH ** np.arange(1, count + 1))


class Potentials:
    """Potentials on a plane for conductivities of its blocks.

    Parameters
    ----------
    plane : Plane
        Grid.
    nearest : float
        Least distance between electrodes of readings, in metres.
    """

    def __init__(self, plane: Plane, nearest: float) -> None:
        self.plane = plane
        self.wavenumbers, self.weights = wavenumbers(nearest, float(np.ptp(plane.across[plane.electrodes])))
        wide, tall = np.diff(plane.across), np.diff(plane.down)
        self.size = (len(plane.down), len(plane.across))
        node = np.arange(self.size[0] * self.size[1]).reshape(self.size)
        # The four corners of each cell (4, cells): upper left and right, lower left and right.
        self.corners = np.stack([node[:-1, :-1], node[:-1, 1:], node[1:, :-1], node[1:, 1:]]).reshape(4, -1)
        self.quarter = (0.25 * wide * tall[:, None]).ravel()
        self.flows = self._flows(wide, tall[:, None], np.diff(plane.ground))
        self.inside = np.ones(self.size, bool)
        self.inside[:, [0, -1]] = self.inside[-1] = False

    def _flows(self, wide: Floats, tall: Floats, rise: Floats) -> list[Flow]:
        """Pairs of corners of each cell between which current flows, and how well."""
        ul, ur, ll, lr = self.corners
        along = (0.5 * tall / wide).ravel()
        upright = (0.5 * (wide**2 + rise**2) / wide / tall).ravel()
        flows = [(along, [(ul, ur), (ll, lr)]), (upright, [(ul, ll), (ur, lr)])]
        if rise.any():
            across = np.broadcast_to(0.5 * rise / wide, (len(tall), len(wide))).ravel()
            flows += [(across, [(ul, lr)]), (-across, [(ur, ll)])]
        return flows

    def solved(self, conductivity: Floats) -> Floats:
        """Potentials (wavenumbers, electrodes, nodes) of unit sources, for blocks of `conductivity`."""
        cells = conductivity[self.plane.block]
        kept = np.flatnonzero(self.inside.ravel())
        sources = np.zeros((self.size[0] * self.size[1], len(self.plane.electrodes)))
        sources[self.plane.electrodes, np.arange(sources.shape[1])] = 1.0
        fields = np.zeros((len(self.wavenumbers), sources.shape[1], len(sources)))
        for number, wavenumber in enumerate(self.wavenumbers):
            matrix = self._matrix(cells, wavenumber)[kept][:, kept]
            fields[number][:, kept] = (
                splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
                .solve(sources[kept])
                .T
            )
        return fields

    def _matrix(self, cells: Floats, wavenumber: float) -> csr_matrix:
        """Symmetric matrix of the nodes."""
        store = wavenumber**2 * cells * self.quarter
        sides = [(*pair, cells * ease) for ease, pairs in self.flows for pair in pairs]
        values = [sign * flow for _, _, flow in sides for sign in (1.0, 1.0, -1.0, -1.0)] + 4 * [store]
        rows = [node for one, other, _ in sides for node in (one, other, one, other)] + list(self.corners)
        columns = [node for one, other, _ in sides for node in (one, other, other, one)] + list(self.corners)
        count = self.size[0] * self.size[1]
        where = (np.concatenate(rows), np.concatenate(columns))
        return coo_matrix((np.concatenate(values), where), (count, count)).tocsr()

    def poles(self, fields: Floats) -> Floats:
        """Potentials (e, e), but for a factor, at each electrode of current from each."""
        table: Floats = np.einsum("k,kef->ef", self.weights, fields[:, :, self.plane.electrodes])
        return table

    def voltages(self, fields: Floats, readings: NDArray[np.int64]) -> Floats:
        """Voltages (n,), but for a factor, of readings (n, 4) of A, B, M, N; −1 is an electrode far away."""
        return between_poles(self.poles(fields), readings)

    def slopes(self, fields: Floats, readings: NDArray[np.int64]) -> Floats:
        """Derivatives (n, blocks) of the voltages by the conductivities of blocks.

        By reciprocity: −Σ w φᵀ (∂A/∂σ) φ′, φ the fields of the current, φ′ of the potential electrodes.
        """
        cells = len(self.plane.block)
        owner = (np.arange(cells), self.plane.block)
        gather = coo_matrix(
            (np.ones(cells), owner), (cells, self.plane.shape[0] * self.plane.shape[1])
        ).tocsr()
        result = np.zeros((len(readings), gather.shape[1]))
        for wavenumber, weight, field in zip(self.wavenumbers, self.weights, fields, strict=True):
            padded = np.pad(field, ((0, 1), (0, 0)))
            for start in range(0, len(readings), AT_ONCE):
                a, b, m, n = readings[start : start + AT_ONCE].T
                product = self._product(padded[a] - padded[b], padded[m] - padded[n], wavenumber)
                result[start : start + AT_ONCE] -= weight * (gather.T @ product.T).T
        return result

    def _product(self, given: Floats, taken: Floats, wavenumber: float) -> Floats:
        """φᵀ (∂A/∂σ) φ′ of each cell (n, cells)."""
        total = np.zeros((len(given), len(self.quarter)))
        for corner in self.corners:
            total += given[:, corner] * taken[:, corner]
        total *= wavenumber**2 * self.quarter
        for ease, pairs in self.flows:
            for one, other in pairs:
                total += ease * (given[:, one] - given[:, other]) * (taken[:, one] - taken[:, other])
        return total


def between_poles(table: Floats, readings: NDArray[np.int64]) -> Floats:
    """Voltages (n,) of readings (n, 4) of A, B, M, N from potentials (e, e); −1 is an electrode far away."""
    # A row and a column of zeros stand for infinity.
    padded = np.pad(table, ((0, 1), (0, 1)))
    a, b, m, n = readings.T
    voltage: Floats = padded[a, m] - padded[b, m] - padded[a, n] + padded[b, n]
    return voltage


def geometric_factor(uneven: Potentials, level: Potentials, readings: NDArray[np.int64]) -> Floats:
    """Geometric factors (n,) on uneven ground, in metres, below 0 where M and N stand the other way round.

    Parameters
    ----------
    uneven : Potentials
        On the grid of the ground.
    level : Potentials
        On that of the same electrodes laid out flat.
    readings : array (n, 4)
        Electrodes A, B, M, N; −1 is one far away.

    Notes
    -----
    The potential of a pole on level ground of 1 ohm.m is 1/(2πr). That on uneven ground is taken from the
    ratio of both grids, pair by pair, so that the error of the grids at sources mostly falls out.
    """
    tables = [
        one.poles(one.solved(np.ones(one.plane.shape[0] * one.plane.shape[1]))) for one in (uneven, level)
    ]
    positions = level.plane.across[level.plane.electrodes]
    distance = np.abs(positions[:, None] - positions)
    np.fill_diagonal(distance, np.inf)
    factor: Floats = 2.0 * np.pi / between_poles(tables[0] / tables[1] / distance, readings)
    return factor


def roughness(shape: tuple[int, int], flatness: float) -> Floats:
    """Differences (k, blocks) of neighbours down, and of those along the line times `flatness`.

    Use it as the roughness of `occam.smooth`.
    """
    number = np.arange(shape[0] * shape[1]).reshape(shape)
    pairs = ((number[:, :-1], number[:, 1:], flatness), (number[:-1], number[1:], 1.0))
    rows = []
    for one, other, weight in pairs:
        part = np.zeros((one.size, number.size))
        part[np.arange(one.size), one.ravel()] = -weight
        part[np.arange(one.size), other.ravel()] = weight
        rows.append(part)
    return np.concatenate(rows)
