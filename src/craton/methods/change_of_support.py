"""Change of support: how the distribution of blocks follows from that of points."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import anamorphosis
from craton.kernels.covariance import total_sill
from craton.kernels.kriging import mean_covariance
from craton.methods.geostatistics import covariance_model, product_unit, spots_of
from craton.methods.kriging import Metres, NumberColumn, Points, is_level, refuse_power
from craton.methods.points_samples import described
from craton.methods.variogram_model import ModelTable, parts_of
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import Column, Table
from craton.process.processes import process

SUPPORT = "geostatistics.change_of_support"

QUANTILES = 2000
"""Equally probable values that stand for a distribution of blocks."""

CUTOFFS = 25
"""Cutoffs where none are given, from the least value to the 99th percentile."""


class Supported(NamedTuple):
    """Variances of points and blocks, and what lies above cutoffs."""

    variances: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="mean", title="Mean"),
                Column(name="point_variance", title="Variance of points"),
                Column(name="within_variance", title="Mean variance of points within a block"),
                Column(name="block_variance", title="Variance of blocks"),
                Column(name="ratio", unit="1", title="Variance of blocks over that of points"),
                Column(name="support_coefficient", unit="1", title="r of the discrete Gaussian model"),
            )
        ),
    ]
    recovery: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="cutoff", title="Cutoff"),
                Column(name="point_share", unit="1", title="Share of points above the cutoff"),
                Column(name="point_mean", title="Mean of these points"),
                Column(name="block_share", unit="1", title="Share of blocks above the cutoff"),
                Column(name="block_mean", title="Mean of these blocks"),
            )
        ),
    ]


@process(
    SUPPORT, version="1", keywords=("grade-tonnage", "block variance", "affine", "recoverable", "支撑效应")
)
def change_of_support(
    points: Points,
    column: NumberColumn,
    model: ModelTable,
    block: Metres,
    *,
    height: Metres | None = None,
    method: Literal["discrete_gaussian", "affine"] = "discrete_gaussian",
    cutoffs: tuple[float, ...] = (),
) -> Supported:
    """How much less blocks vary than samples do, and what share of them exceeds a limit.

    Use it before blocks are estimated: the share of samples above a cutoff is not that of blocks, since
    blocks mix rich and poor. It describes the whole area and says not where; samples must stand for it
    evenly, so thin clusters first.

    Parameters
    ----------
    points : GeoDataFrame
        Samples of one small size, in a reference system in metres.
    column : str
        Column of the values.
    model : DataFrame
        Variogram model of the values, with a sill.
    block : float
        Side of the square blocks in metres.
    height : float
        Height of the blocks in metres. Left out, they are flat.
    method : str
        `discrete_gaussian` lets the form of the distribution go towards the normal; `affine` only shrinks it
        about its mean, for variances that fall by less than about 30 percent.
    cutoffs : tuple of float
        Limits in the unit of the values. Left out, 25 from the least value to the 99th percentile.

    Returns
    -------
    variances : DataFrame
        One row: `mean`, `point_variance`, `within_variance`, `block_variance`, their `ratio`, and the
        `support_coefficient` r.
    recovery : DataFrame
        By `cutoff`: share of points and of blocks above it, and the means of these; none where nothing is
        above.

    Notes
    -----
    Krige's relation: the variance of points is that within blocks and that of blocks, D²(0|V) = γ̄(v, v) +
    D²(v|V). γ̄(v, v) is the mean variogram within a block, nugget included; if it exceeds the variance of the
    samples the model does not suit them, which is refused. Discrete Gaussian model: z = Σ φₙ Hₙ(y) for
    points, Σ φₙ rⁿ Hₙ(y) for blocks, with r so that the block variance is met. Affine: z' = m + √f (z − m).

    References
    ----------
    Chilès, J.-P., and Delfiner, P. (2012). Geostatistics: modeling spatial uncertainty, 2nd edition. Wiley,
    section 6.8. doi:10.1002/9781118136188

    Isaaks, E. H., and Srivastava, R. M. (1989). An introduction to applied geostatistics. Oxford University
    Press, chapter 19.
    """
    parts = parts_of(SUPPORT, "model", model)
    refuse_power(SUPPORT, parts)
    values = spots_of(SUPPORT, points, (column,), mean=False).values[:, 0]
    if is_level(values):
        raise ContractError(SUPPORT, "column", "a column of differing values", f"{column} of one value")
    covariance = covariance_model(parts)
    within = float(total_sill(covariance)[0, 0]) - mean_covariance(covariance, (block, block, height or 0.0))
    variance = float(values.var())
    if within >= variance:
        raise ContractError(
            SUPPORT, "model", f"one that varies less within a block than the samples do, {variance:.6g}",
            f"one with {within:.6g}", hint="fit the model to these values, or give a smaller block",
        )  # fmt: skip
    ratio = 1.0 - within / variance
    coefficients = anamorphosis.hermite_coefficients(values)
    support = anamorphosis.support_coefficient(coefficients, ratio)
    blocks = _blocks(values, coefficients, support, ratio, method)
    limits = np.array(cutoffs) if cutoffs else np.linspace(values.min(), np.quantile(values, 0.99), CUTOFFS)
    recovery = pd.DataFrame({"cutoff": limits})
    for name, sample in (("point", values), ("block", blocks)):
        recovery[f"{name}_share"], recovery[f"{name}_mean"] = _above(sample, limits)
    variances = pd.DataFrame(
        {
            "mean": [values.mean()], "point_variance": [variance], "within_variance": [within],
            "block_variance": [variance - within], "ratio": [ratio], "support_coefficient": [support],
        }
    )  # fmt: skip
    _note(variances, recovery, described(points, column)["unit"], product_unit(points, column, column))
    return Supported(variances, recovery)


def _blocks(
    values: np.ndarray, coefficients: np.ndarray, support: float, ratio: float, method: str
) -> np.ndarray:
    """Equally probable values of blocks."""
    if method == "affine":
        shrunk: np.ndarray = values.mean() + np.sqrt(ratio) * (values - values.mean())
        return shrunk
    return anamorphosis.block_values(coefficients, support, (np.arange(QUANTILES) + 0.5) / QUANTILES)


def _above(sample: np.ndarray, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of a sample at or above each limit, and the mean of it; NaN where nothing is above."""
    ordered = np.sort(sample)
    first = np.searchsorted(ordered, limits, side="left")
    counts = ordered.size - first
    sums = np.append(np.cumsum(ordered[::-1])[::-1], 0.0)[first]
    means = np.divide(sums, counts, out=np.full(limits.shape, np.nan), where=counts > 0)
    return counts / ordered.size, means


def _note(variances: pd.DataFrame, recovery: pd.DataFrame, unit: str, squared: str) -> None:
    if unit:
        recovery.attrs[COLUMNS] = {n: {"unit": unit} for n in ("cutoff", "point_mean", "block_mean")}
        variances.attrs[COLUMNS] = {"mean": {"unit": unit}}
    if squared:
        more = {n: {"unit": squared} for n in ("point_variance", "within_variance", "block_variance")}
        variances.attrs[COLUMNS] = {**variances.attrs.get(COLUMNS, {}), **more}
