"""Cross-validation: how well kriging finds each sample from the others."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels import kriging as dense
from craton.kernels import kriging_groups as near
from craton.kernels import kriging_local as local
from craton.kernels.covariance import for_region
from craton.methods.geostatistics import (
    Spots,
    covariance_model,
    extent_of,
    given_or_fitted,
    spots_of,
)
from craton.methods.kriging import NumberColumn, Points, constant, is_level
from craton.methods.kriging_places import Neighbours, kriged_at
from craton.methods.points_samples import described
from craton.methods.variogram_model import ModelTable, Part
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

VALIDATION = "geostatistics.cross_validation"

MOST_INVERTED = 3000
"""Places up to which each is left out of all others; beyond, out of its neighbourhood."""


class Validated(NamedTuple):
    """Every sample with what the others say of it, and how well they do."""

    samples: Annotated[
        gpd.GeoDataFrame,
        Table(
            geometry=("Point",),
            columns=(
                Column(name="observed", title="Measured"),
                Column(name="estimated", title="Estimated from the others"),
                Column(name="standard_deviation", title="Standard deviation of the estimate"),
                Column(name="error", title="Estimated less measured"),
                Column(name="standardised_error", unit="1", title="Error in standard deviations"),
            ),
        ),
    ]
    summary: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="count", unit="1", title="Samples"),
                Column(name="mean_error", title="Mean error"),
                Column(name="root_mean_squared_error", title="Root of the mean squared error"),
                Column(name="mean_absolute_error", title="Mean absolute error"),
                Column(name="correlation", unit="1", title="Correlation of measured and estimated"),
                Column(name="standardised_variance", unit="1", title="Mean squared error in variances"),
            )
        ),
    ]


@process(VALIDATION, version="1", keywords=("leave one out", "jackknife", "k-fold", "交叉验证", "克里金"))
def cross_validation(
    points: Points,
    column: NumberColumn,
    *,
    model: ModelTable | None = None,
    folds: Annotated[int, Bounds(minimum=0, maximum=1000)] = 0,
    neighbours: Neighbours = 32,
    upward: NumberColumn | None = None,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> Validated:
    """How well ordinary kriging finds each sample from the others: a test of the variogram model.

    Use it to compare models, and to find samples that do not agree with their surroundings (standardised
    errors beyond 3). Clustered samples make it look better than the map is; whole folds left out are harder.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres; several values at one place are averaged.
    column : str
        Column of the values.
    model : DataFrame
        Variogram model of the values, kept when samples are left out. Left out, the best of spherical,
        exponential and gaussian is fitted.
    folds : int
        Number of random parts, each left out in turn, of 2 or more. 0: each sample alone.
    neighbours : int
        Number of nearest data of each estimate; with 3000 places or fewer and no folds, all are used.
    upward : str
        Column of heights in metres, for three dimensions.
    seed : int
        Number that the folds are drawn from.

    Returns
    -------
    samples : GeoDataFrame
        One row a place: `observed`, `estimated`, `standard_deviation`, `error` (estimated less observed) and
        `standardised_error`.
    summary : DataFrame
        One row: number of samples, `mean_error` (near 0 if unbiased), `root_mean_squared_error`,
        `mean_absolute_error`, `correlation`, and `standardised_variance` (near 1 if the model says truly how
        large errors are).

    Notes
    -----
    With the inverse B of the kriging matrix of all data, error and variance without datum i are (B z)ᵢ / Bᵢᵢ
    and 1 / Bᵢᵢ, so that one inversion serves all.

    References
    ----------
    Dubrule, O. (1983). Cross validation of kriging in a unique neighborhood. Mathematical Geology 15(6),
    687-699. doi:10.1007/BF01033232
    """
    spots = spots_of(VALIDATION, points, (column,), upward)
    parts = given_or_fitted(VALIDATION, model, spots)
    count = len(spots.places)
    if folds == 1 or folds > count or count < 2:
        allowed = f"0, or from 2 to the {count} places" if count > 1 else "used with two places or more"
        raise ContractError(VALIDATION, "folds", allowed, f"{folds} with {count}")
    if folds == 0 and count <= MOST_INVERTED:
        covariance = for_region(covariance_model(parts), extent_of(spots.places))
        drift = constant(spots.places)
        found = dense.System(covariance, spots.places, spots.values[:, 0], drift).left_out(spots.values[:, 0])
    else:
        found = _by_folds(spots, parts, folds or count, neighbours, seed)
    return _validated(spots, found, points, column)


def _by_folds(spots: Spots, parts: list[Part], folds: int, neighbours: int, seed: int) -> dense.Estimate:
    """What is estimated at each place without its own fold."""
    count = len(spots.places)
    values, variances = np.empty(count), np.empty(count)
    if folds == count:
        return _without_own(spots, parts, neighbours)
    part_of = np.random.default_rng(seed).permutation(count) % folds
    for fold in range(folds):
        out = part_of == fold
        rest = Spots(spots.places[~out], spots.values[~out], spots.crs)
        found = kriged_at(rest, spots.places[out], np.arange(out.sum()), parts, neighbours)
        values[out], variances[out] = found.values[:, 0], found.variances
    return dense.Estimate(values, variances)


def _without_own(spots: Spots, parts: list[Part], neighbours: int) -> dense.Estimate:
    """What the neighbours of each place say of it, itself left out of them."""
    count = len(spots.places)
    model = for_region(covariance_model(parts), extent_of(spots.places))
    data = near.Data(spots.places, np.zeros(count, np.int64), constant(spots.places), spots.values)
    targets = near.Targets(spots.places, constant(spots.places), np.arange(count))
    groups = near.find_groups(data, targets, near.metric(model), neighbours + 1)
    own = groups.near == groups.order[:, None]
    others = groups.near[~own].reshape(count, -1)
    into = dense.Estimate(np.empty((count, 1)), np.empty(count))
    local.krige(model, data, targets, groups._replace(near=others), range(count), into)
    return dense.Estimate(into.values[:, 0], into.variances)


def _validated(spots: Spots, found: dense.Estimate, points: gpd.GeoDataFrame, column: str) -> Validated:
    observed, spread = spots.values[:, 0], np.sqrt(found.variances)
    error = found.values - observed
    standard = np.divide(error, spread, out=np.full(error.shape, np.nan), where=spread > 0)
    frame = gpd.GeoDataFrame(
        {
            "observed": observed, "estimated": found.values, "standard_deviation": spread, "error": error,
            "standardised_error": standard,
        },
        geometry=gpd.points_from_xy(*spots.places[:, :2].T), crs=points.crs,
    )  # fmt: skip
    level = is_level(observed) or is_level(found.values)
    summary = pd.DataFrame(
        {
            "count": [len(observed)], "mean_error": [error.mean()],
            "root_mean_squared_error": [np.sqrt(np.mean(error**2))],
            "mean_absolute_error": [np.abs(error).mean()],
            "correlation": [np.nan if level else np.corrcoef(observed, found.values)[0, 1]],
            "standardised_variance": [np.nan if np.isnan(standard).all() else np.nanmean(standard**2)],
        }
    )  # fmt: skip
    unit = described(points, column)["unit"]
    if unit:
        frame.attrs[COLUMNS] = {
            n: {"unit": unit} for n in ("observed", "estimated", "standard_deviation", "error")
        }
        summary.attrs[COLUMNS] = {
            n: {"unit": unit} for n in ("mean_error", "root_mean_squared_error", "mean_absolute_error")
        }
    return Validated(frame, summary)
