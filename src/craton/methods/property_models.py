"""Variogram models of properties: given by unit, or fitted along and across the layers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from craton.kernels import variogram as pairs
from craton.kernels import variogram_fit as fitting
from craton.methods.geostatistics import (
    AUTOMATIC,
    CUTOFF,
    FEWEST_LAGS,
    LAGS,
    MOST_FITTED,
    Spots,
    automatic_parts,
    extent_of,
    fitted_parts,
)
from craton.methods.property_cells import Domain
from craton.methods.variogram_model import Part, parts_of
from craton.model.errors import ContractError

FINE, COARSE = (50, 0.5), (10, 1.0)
"""Lags across the layers of a variogram that nobody chose, and how far they reach over the samples' extent.

Samples lie densely along holes and layers are thin, so that coarse lags would take the layers for noise; but
lags of a few pairs are noise themselves.
"""

ENOUGH = 30
"""Pairs of a lag, on average, with which the fine lags across the layers are taken."""

BAND = 0.1
"""How far from level a pair along the layers may be, over the extent of the samples across them."""

TOLERANCE = 22.5
"""Angle in degrees within which a pair counts as along or across the layers."""


def model_for(process: str, model: pd.DataFrame | None, domain: Domain, *, whole: bool = False) -> list[Part]:
    """Structures for a unit: of its rows of `model`, else of the rows of no unit, else fitted to its samples.

    With `whole`, fitted sills are brought to a sum of 1, as of normal scores.
    """
    if model is not None:
        return _given_parts(process, model, domain.name)
    try:
        parts = layered_parts(domain.spots) or automatic_parts(process, domain.spots)
    except ContractError as error:
        raise ContractError(
            process, "model", f"given where the samples of a unit are too few or too alike for a fit, as in "
            f"{domain.name}", f"left out, with {len(domain.spots.places)} places there",
            hint="make one with geostatistics.variogram_model, or name other `units`",
        ) from error  # fmt: skip
    total = sum(one.sill for one in parts)
    return [one._replace(sill=one.sill / total) for one in parts] if whole else parts


def _given_parts(process: str, model: pd.DataFrame, name: str) -> list[Part]:
    rows = model
    if "unit" in model.columns:
        named = model["unit"].fillna("").astype(str).str.strip().str.casefold()
        rows = model[named == name.strip().casefold()]
        rows = rows if len(rows) else model[named == ""]
        if not len(rows):
            raise ContractError(
                process, "model", f"with rows for the unit {name}, or with rows of no unit", "one without"
            )
    parts = parts_of(process, "model", rows)
    if not any(one.sill > 0 for one in parts):
        raise ContractError(process, "model", "of a sill above 0", "one that is zero everywhere")
    return parts


def layered_parts(spots: Spots) -> list[Part]:
    """Nugget and the best usual structure, of ranges along layers and across; none for too few pairs."""
    places, values = spots.places, spots.values[:, 0]
    if len(places) > MOST_FITTED:
        drawn = np.sort(np.random.default_rng(0).choice(len(places), MOST_FITTED, replace=False))
        places, values = places[drawn], values[drawn]
    height, along = float(np.ptp(places[:, 2])), extent_of(places[:, :2])
    if not (height > 0 and along > 0):
        return []
    level = _lags(places, values, along / CUTOFF / LAGS, LAGS, pairs.horizontal(TOLERANCE, BAND * height))
    upright = _across(places, values, height)
    if min(len(level.pairs), len(upright.pairs)) < FEWEST_LAGS or not level.values.max() > 0:
        return []
    vectors = np.concatenate([level.vectors, upright.vectors[:, [1, 2, 0]]])
    both = fitting.Lags(
        vectors, np.concatenate([level.values, upright.values]), np.concatenate([level.pairs, upright.pairs])
    )
    return fitted_parts(both, AUTOMATIC, "cressie", single=True, directions=(False, True))


def _across(places: np.ndarray, values: np.ndarray, height: float) -> fitting.Lags:
    """Lags across the layers, as fine as there are pairs for."""
    for count, part in (FINE, COARSE):
        lags = _lags(places, values, part * height / count, count, pairs.direction(0.0, 90.0, TOLERANCE))
        if lags.pairs.sum() >= ENOUGH * count:
            break
    return lags


def _lags(
    places: np.ndarray, values: np.ndarray, width: float, count: int, way: pairs.Direction
) -> fitting.Lags:
    """Lags with pairs along one way, their vectors to the east."""
    number, distances, squares = pairs.pair_sums(places, values, values, width, count, way, pairs.SQUARED)
    there = number > 0
    number, distances, squares = number[there], distances[there], squares[there]
    vectors = np.column_stack([distances / np.maximum(number, 1), np.zeros((number.size, 2))])
    return fitting.Lags(vectors, squares / np.maximum(number, 1) / 2, number)
