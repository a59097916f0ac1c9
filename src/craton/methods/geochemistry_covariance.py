"""Centred analyses and their covariance, as factors, clusters and correlations of elements are drawn from."""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import compositions
from craton.methods.geochemistry_columns import chosen, complete, side_by_side
from craton.model.errors import ContractError

Scale = Literal["log_ratios", "logarithms"]

SINGULAR = 1e-12
"""Part of the greatest eigenvalue below which a direction has no spread."""


class Spread(NamedTuple):
    """Centred numbers of the rows `whole`, their covariance, and what they are called."""

    names: tuple[str, ...]
    whole: np.ndarray
    centred: np.ndarray
    covariance: np.ndarray
    rank: int


def spread_of(
    id: str, table: pd.DataFrame, columns: tuple[str, ...], *, scale: str, robust: bool, seed: int
) -> Spread:
    """Analyses as centred log-ratios, or as standardised logarithms, with an ordinary or robust covariance.

    Notes
    -----
    Log-ratios are centred and their covariance estimated in isometric coordinates, where it is not
    singular, and carried back (Filzmoser, Hron and Reimann 2009). Rows are sorted for the robust estimate,
    so that their order does not matter.
    """
    names = chosen(id, table, columns, least=3)
    # The unit of a column only moves the centre.
    parts = side_by_side(table, names)
    dimensions = len(names) - (scale == "log_ratios")
    least = 2 * dimensions + 1 if robust else dimensions + 2
    whole = complete(id, names, parts, least=least)
    used = parts[whole]
    if scale == "log_ratios":
        basis = compositions.balances(compositions.pivot_signs(len(names)))
        coordinates = compositions.isometric(used, basis)
    else:
        basis, coordinates = np.eye(len(names)), np.log(used)
    flat = [name for name, part in zip(names, used.T, strict=True) if np.ptp(part) == 0]
    if flat and scale == "logarithms":
        raise ContractError(id, "columns", "columns of more than one value", ", ".join(flat))
    centre, covariance = (_robust if robust else _ordinary)(coordinates, seed)
    roots = np.linalg.eigvalsh(covariance)
    if roots[0] <= SINGULAR * roots[-1]:
        raise ContractError(
            id, "columns", "columns that vary, none of them made of the others",
            f"{', '.join(names[:8])}, whose covariance is singular",
            hint="leave out columns that repeat another" + (", or set robust to false" if robust else ""),
        )  # fmt: skip
    centred, covariance = (coordinates - centre) @ basis.T, basis @ covariance @ basis.T
    if scale == "logarithms":
        deviation = np.sqrt(np.diag(covariance))
        centred, covariance = centred / deviation, covariance / np.outer(deviation, deviation)
    return Spread(names, whole, centred, covariance, dimensions)


def _ordinary(coordinates: np.ndarray, _seed: int) -> tuple[np.ndarray, np.ndarray]:
    return coordinates.mean(axis=0), np.atleast_2d(np.cov(coordinates, rowvar=False))


def _robust(coordinates: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre and covariance with minimum determinant, reweighted."""
    from sklearn.covariance import MinCovDet

    order = np.lexsort(coordinates.T)
    with warnings.catch_warnings():
        # A singular subset is told by the covariance that comes out.
        warnings.simplefilter("ignore")
        found = MinCovDet(random_state=seed).fit(coordinates[order])
    return np.asarray(found.location_), np.asarray(found.covariance_)


class Axes(NamedTuple):
    """Eigenvalues (m,) from the greatest, and unit vectors (k, m) whose greatest component is positive."""

    roots: np.ndarray
    vectors: np.ndarray


def axes_of(matrix: np.ndarray, count: int) -> Axes:
    """The first `count` principal axes of a symmetric matrix."""
    roots, vectors = np.linalg.eigh(matrix)
    roots, vectors = roots[::-1][:count], vectors[:, ::-1][:, :count]
    return Axes(np.maximum(roots, 0.0), vectors * signs_of(vectors))


def signs_of(vectors: np.ndarray) -> np.ndarray:
    """Sign (m,) of the component of each column that is greatest in size, the first of equal ones."""
    size = np.abs(vectors)
    # Of components that are equal but for rounding, always the first decides.
    place = np.argmax(size >= size.max(axis=0) * (1 - 1e-9), axis=0)
    return np.where(vectors[place, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)


def spread_over(rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Numbers (n, m) of all rows, NaN but for those `rows` (n,) that `found` is of."""
    cells = np.full((rows.size, found.shape[1]), np.nan)
    cells[rows] = found
    return cells
