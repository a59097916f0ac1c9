"""Metrics of patches, classes and landscapes by the definitions of FRAGSTATS 4, from counts of patches.

With the area a and the perimeter p of patch j of class i, the landscape's area A, the share P_i of class i
and the sides g_ik of cells of class i to cells of class k (each side counted from both):

    shape index        p / least perimeter of as many cells (in sides; 1 for the most compact)
    fractal dimension  2 ln(p / 4) / ln a, 1 for one cell (in metres and m²: it depends on the size of cells)
    mesh size          Σ a² / A,   division 1 − Σ (a / A)²,   splitting A² / Σ a²
    contagion          1 + Σ_i Σ_k q_ik ln q_ik / (2 ln m),   q_ik = P_i g_ik / Σ_k g_ik, for m classes
    Shannon            H = −Σ P ln P,   evenness H / ln m
    Simpson            D = 1 − Σ P²,    evenness D / (1 − 1 / m)

References
----------
McGarigal, K., Cushman, S. A. and Ene, E. (2012). FRAGSTATS v4: spatial pattern analysis program for
categorical and continuous maps. University of Massachusetts, Amherst.
Jaeger, J. A. G. (2000). Landscape division, splitting index, and effective mesh size: new measures of
landscape fragmentation. Landscape Ecology 15, 115-130. doi:10.1023/A:1008129329289
Li, H. and Reynolds, J. F. (1993). A new contagion index to quantify spatial patterns of landscapes.
Landscape Ecology 8(3), 155-162. doi:10.1007/BF00125347
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Fragmentation(NamedTuple):
    """Mesh size in the unit of the areas, division from 0 to 1, and splitting index, 1 or more."""

    mesh: float
    division: float
    splitting: float


class Diversity(NamedTuple):
    """Diversity of classes, and how even they are from 0 to 1 (NaN of one class)."""

    shannon: float
    simpson: float
    shannon_evenness: float
    simpson_evenness: float


def least_sides(cells: Whole) -> Whole:
    """Sides of the most compact patch of as many `cells`, 1 or more: of a square, or nearly one."""
    side = np.floor(np.sqrt(cells.astype(np.float64))).astype(np.int64)
    rest = cells - side**2
    return np.asarray(4 * side + 2 * (rest > 0) + 2 * (rest > side))


def shape_index(sides: Whole, cells: Whole) -> Floats:
    """Perimeter of patches over that of the most compact patch of as many cells."""
    return np.asarray(sides / least_sides(cells))


def fractal_dimension(perimeter: Floats, area: Floats) -> Floats:
    """Fractal dimension of patches, from `perimeter` in metres and `area` in square metres; 1 for squares.

    NaN of a patch of 1 m² that is no square.
    """
    plain = np.log(0.25 * perimeter)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 2.0 * plain / np.log(area)
    found = np.where(np.isfinite(found), found, np.nan)
    return np.where(np.isclose(0.0625 * perimeter**2, area, rtol=1e-12), 1.0, found)


def fragmentation(areas: Floats, total: float) -> Fragmentation:
    """Mesh size, division and splitting index of patches of `areas` in a landscape of `total`."""
    squares = float(areas @ areas)
    return Fragmentation(squares / total, 1.0 - squares / total**2, total**2 / squares)


def contagion(shares: Floats, adjacency: Whole) -> float:
    """Contagion from 0 to 1 of classes of `shares` (m,) above 0; NaN of one class.

    A class of which no cell touches another cell takes no part in the sum.
    """
    if shares.size == 1:
        return float("nan")
    all_sides = adjacency.sum(axis=1, keepdims=True)
    parts = shares[:, None] * adjacency / np.maximum(all_sides, 1)
    there = parts[parts > 0]
    return float(1.0 + there @ np.log(there) / (2.0 * np.log(shares.size)))


def diversity(shares: Floats) -> Diversity:
    """Shannon's and Simpson's diversity of classes of `shares` (m,), which are above 0 and add up to 1."""
    many = shares.size
    shannon, simpson = abs(float(shares @ np.log(shares))), 1.0 - float(shares @ shares)
    if many == 1:
        return Diversity(0.0, 0.0, float("nan"), float("nan"))
    return Diversity(shannon, simpson, shannon / np.log(many), simpson / (1.0 - 1.0 / many))
