"""Variograms of measured values, and models fitted to them."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels import variogram as kernel
from craton.kernels import variogram_fit as fitting
from craton.kernels.covariance import variogram as semivariances
from craton.methods.geostatistics import (
    AUTOMATIC,
    CUTOFF,
    FEWEST_LAGS,
    Spots,
    Weights,
    covariance_model,
    extent_of,
    fitted_parts,
    product_unit,
    spots_of,
)
from craton.methods.variogram_model import ModelTable, Structure, model_table
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

VARIOGRAM, CROSS, FIT = (
    "geostatistics.variogram", "geostatistics.cross_variogram", "geostatistics.fit_variogram",
)  # fmt: skip

RIGHT_ANGLE = 0.01
"""Degrees by which two azimuths may be off a right angle."""

MOST_DIFFERENCES = 100_000_000
"""Differences of pairs that are held for a median; they take 800 MB."""

LAG_COLUMNS = (
    Column(name="lag", unit="m", title="Mean distance"),
    Column(name="pairs", unit="1", title="Pairs"),
    Column(name="semivariance", title="Half the mean squared difference"),
)
DIRECTION_COLUMNS = (
    Column(name="azimuth", unit="deg", title="Direction, clockwise from north"),
    Column(name="dip", unit="deg", title="Dip of the direction"),
)

Points = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
NumberColumn = Annotated[str, ColumnOf("points", numeric=True)]
LagTable = Annotated[pd.DataFrame, Table(columns=LAG_COLUMNS)]
VariogramTable = Annotated[pd.DataFrame, Table(columns=(*LAG_COLUMNS, *DIRECTION_COLUMNS))]
Metres = Annotated[float, Unit("m"), Bounds(above=0)]
Azimuth = Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=360)]
Angle = Annotated[float, Unit("deg"), Bounds(above=0, maximum=90)]
Estimator = Literal["matheron", "cressie-hawkins", "dowd", "genton", "madogram"]

POWERS = {"matheron": kernel.SQUARED, "cressie-hawkins": kernel.ROOT, "madogram": kernel.ABSOLUTE}


class FittedVariogram(NamedTuple):
    """A variogram with its model, and the model."""

    curve: Annotated[
        pd.DataFrame, Table(columns=(*LAG_COLUMNS, Column(name="model", title="Semivariance of the model")))
    ]
    model: ModelTable


@process(
    VARIOGRAM, version="1", keywords=("semivariogram", "variography", "madogram", "变差函数", "半变异函数")
)
def variogram(
    points: Points,
    column: NumberColumn,
    *,
    lag: Metres | None = None,
    lags: Annotated[int, Bounds(minimum=1, maximum=1000)] = 15,
    estimator: Estimator = "matheron",
    azimuths: tuple[Azimuth, ...] = (),
    tolerance: Angle = 22.5,
    bandwidth: Metres | None = None,
    upward: NumberColumn | None = None,
    vertical: bool = False,
) -> VariogramTable:
    """Variogram: how different values are by their distance, and by direction where that is asked for.

    Use it before kriging or simulation to see how far samples speak for their surroundings, how much they
    differ at no distance (nugget), and whether one direction is more even than another. Some 50 places are
    the least, 30 pairs a lag that can be read. Values with few very large ones want `cressie-hawkins`, `dowd`
    or `genton`, or their logarithm. A variogram that does not level off may show a trend.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres. Rows without a place or a value are left out.
    column : str
        Column of the values.
    lag : float
        Width of a lag. Left out, a third of the diagonal of the data divided by `lags`.
    lags : int
        Number of lags: number k has pairs farther apart than k − 1 and up to k widths.
    estimator : str
        `matheron` is the usual one; `cressie-hawkins`, `dowd` and `genton` bear outliers; `madogram` is half
        the mean absolute difference, for a look at ranges.
    azimuths : tuple of float
        Directions, clockwise from north, each with a variogram of its own. Left out, all are taken together;
        with `vertical`, all horizontal ones.
    tolerance : float
        Largest angle between a pair and its direction.
    bandwidth : float
        Largest distance of one point of a pair from the line through the other along the direction.
    upward : str
        Column of heights in metres, for data in three dimensions. Left out, the data are taken as a plane.
    vertical : bool
        Whether the vertical direction gets a variogram too, beside that of the horizontal directions.

    Returns
    -------
    DataFrame
        One row a lag and direction that has pairs: `lag`, the mean distance in metres, `pairs`,
        `semivariance` in the squared unit of the values (`madogram`: in their unit), `azimuth` and `dip` of
        the direction. `azimuth` is empty where all are taken together, and `dip` where it makes no difference
        either. Two values at one place make no pair.

    Notes
    -----
    Matheron: γ(h) = Σ (z(x) − z(x + h))² / 2N. Cressie–Hawkins: (Σ |z(x) − z(x + h)|^½ / N)⁴ / (0.914 +
    0.988 / N). Dowd: 2.198 median(|d|)² / 2. Genton: (2.2191 Q)² / 2 with Q about the lower quartile of the
    differences of differences.

    References
    ----------
    Matheron, G. (1963). Principles of geostatistics. Economic Geology 58(8), 1246-1266.

    Cressie, N., and Hawkins, D. M. (1980). Robust estimation of the variogram: I. Mathematical Geology 12(2),
    115-125. doi:10.1007/BF01035243

    Genton, M. G. (1998). Highly robust variogram estimation. Mathematical Geology 30(2), 213-221.
    doi:10.1023/A:1021728614555
    """
    spots = spots_of(VARIOGRAM, points, (column,), upward, mean=False)
    width = _width(VARIOGRAM, spots, lag, lags)
    reach = np.inf if bandwidth is None else bandwidth
    ways = [(one, 0.0, kernel.direction(one, 0.0, tolerance, reach)) for one in azimuths]
    if vertical and not azimuths:
        ways.append((np.nan, 0.0, kernel.horizontal(tolerance, reach)))
    if vertical:
        ways.append((np.nan, 90.0, kernel.direction(0.0, 90.0, tolerance, reach)))
    frames = [
        _rows(_estimates(spots, width, lags, way, estimator), azimuth, dip)
        for azimuth, dip, way in ways or [(np.nan, np.nan, kernel.EVERYWHERE)]
    ]
    unit = points.attrs.get(COLUMNS, {}).get(column, {}).get("unit", "")
    return _table(
        frames, VARIOGRAM, unit if estimator == "madogram" else product_unit(points, column, column)
    )


@process(CROSS, version="1", keywords=("coregionalisation", "cokriging", "交叉变差函数"))
def cross_variogram(
    points: Points,
    column: NumberColumn,
    other: NumberColumn,
    *,
    lag: Metres | None = None,
    lags: Annotated[int, Bounds(minimum=1, maximum=1000)] = 15,
) -> VariogramTable:
    """Cross-variogram: whether two quantities change together, by distance.

    Use it before cokriging, to see whether a cheaper quantity says something of a dearer one and at which
    distances. Not where the two are measured at different places: only rows that have both count.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres.
    column : str
        Column of the first quantity.
    other : str
        Column of the second.
    lag : float
        Width of a lag in metres. Left out, a third of the diagonal of the data divided by `lags`.
    lags : int
        Number of lags.

    Returns
    -------
    DataFrame
        As from `geostatistics.variogram`; `semivariance` is negative where one quantity rises while the other
        falls.

    Notes
    -----
    γ₁₂(h) = Σ (z₁(x) − z₁(x + h)) (z₂(x) − z₂(x + h)) / 2N.

    References
    ----------
    Wackernagel, H. (2003). Multivariate geostatistics, 3rd edition. Springer, chapter 20.
    doi:10.1007/978-3-662-05294-5
    """
    spots = spots_of(CROSS, points, (column, other), mean=False)
    width = _width(CROSS, spots, lag, lags)
    first, second = np.ascontiguousarray(spots.values.T)
    number, distances, products = kernel.pair_sums(
        spots.places, first, second, width, lags, kernel.EVERYWHERE, kernel.SQUARED
    )
    unit = product_unit(points, column, other)
    return _table(
        [_rows((number, distances, kernel.matheron(number, products)), np.nan, np.nan)], CROSS, unit
    )


def _width(id: str, spots: Spots, lag: float | None, lags: int) -> float:
    width = lag or extent_of(spots.places) / CUTOFF / lags
    if not width > 0:
        raise ContractError(
            id, "points", "a table of two places or more", "one whose points lie on one place"
        )
    return width


def _estimates(
    spots: Spots, width: float, lags: int, way: kernel.Direction, estimator: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs, sums of distances and semivariances by lag."""
    values = np.ascontiguousarray(spots.values[:, 0])
    power = POWERS.get(estimator, kernel.SQUARED)
    number, distances, sums = kernel.pair_sums(spots.places, values, values, width, lags, way, power)
    if estimator == "cressie-hawkins":
        return number, distances, kernel.cressie_hawkins(number, sums)
    if estimator in POWERS:
        return number, distances, kernel.matheron(number, sums)
    if number.sum() > MOST_DIFFERENCES:
        raise ContractError(
            VARIOGRAM, "estimator", f"another one for more than {MOST_DIFFERENCES:,} pairs",
            f"{estimator} of {int(number.sum()):,}", hint="take cressie-hawkins, or fewer or shorter lags",
        )  # fmt: skip
    middle = kernel.dowd if estimator == "dowd" else kernel.genton
    differences = kernel.pair_differences(spots.places, values, width, number.astype(np.int64), way)
    return number, distances, np.array([middle(one) for one in differences])


def _rows(found: tuple[np.ndarray, np.ndarray, np.ndarray], azimuth: float, dip: float) -> pd.DataFrame:
    number, distances, values = found
    there = (number > 0) & np.isfinite(values)
    return pd.DataFrame(
        {
            "lag": distances[there] / number[there], "pairs": number[there].astype(np.int64),
            "semivariance": values[there], "azimuth": azimuth, "dip": dip,
        }
    )  # fmt: skip


def _table(frames: list[pd.DataFrame], id: str, unit: str) -> pd.DataFrame:
    table = pd.concat(frames, ignore_index=True)
    if not len(table):
        raise ContractError(id, "lag", "so wide that some places are within a lag", "without any pair")
    table.attrs[COLUMNS] = {"semivariance": {"unit": unit}} if unit else {}
    return table


@process(
    FIT, version="1", keywords=("semivariogram", "model", "weighted least squares", "anisotropy", "拟合")
)
def fit_variogram(
    variogram: LagTable,
    *,
    structures: tuple[Structure, ...] = (),
    weights: Weights = "cressie",
    shape: Annotated[float, Bounds(minimum=0.05, maximum=20)] | None = None,
    nugget: bool = True,
) -> FittedVariogram:
    """Model of a variogram by weighted least squares, for kriging and simulation.

    Use it on what `geostatistics.variogram` gives, and look at the curve before you use the model. Ranges
    that differ by direction are found where the variogram has several directions. A fit to a dozen lags is no
    proof: another structure may do as well, and what happens below the first lag is a guess.

    Parameters
    ----------
    variogram : DataFrame
        Lags with their pairs and semivariances, in one or more directions: of two azimuths, at right angles.
    structures : tuple of str
        Structures that are added up, from the shortest range to the longest, three at most. Left out, the
        best one of spherical, exponential and gaussian.
    weights : str
        `cressie` weighs a lag by its pairs over the squared model, so that short lags count; `pairs` by its
        pairs; `pairs_by_distance` by its pairs over the squared distance, as gstat does; `equal` by nothing.
    shape : float
        Smoothness of `matern`, or exponent of `power`; see `geostatistics.variogram_model`.
    nugget : bool
        Whether the model may jump at the origin.

    Returns
    -------
    curve : DataFrame
        The variogram, and in `model` the semivariance of the model at each lag.
    model : DataFrame
        One row a structure, as from `geostatistics.variogram_model`.

    Notes
    -----
    Σ Nₖ (γₖ / γ(hₖ) − 1)² (`cressie`) over the lags is made least over the nugget, the sills, all 0 or more,
    and the ranges, from several starts. Ranges are found between a fiftieth of the first and 20 times the
    last lag; one at such a limit says that the variogram does not tell it. Directions share one ratio of
    ranges for all structures. Of three azimuths or more the main axis is found between them; of two at right
    angles it is one of them, as they leave it open. Without lags of another dip, the vertical range is the
    longer horizontal one.

    References
    ----------
    Cressie, N. (1985). Fitting variogram models by weighted least squares. Mathematical Geology 17(5),
    563-586. doi:10.1007/BF01032109

    Pebesma, E. J. (2004). Multivariable geostatistics in S: the gstat package. Computers and Geosciences
    30(7), 683-691. doi:10.1016/j.cageo.2004.03.012
    """
    numbers = variogram[["lag", "pairs", "semivariance"]].apply(pd.to_numeric, errors="coerce")
    used = (np.isfinite(numbers) & (numbers > 0)).all(axis=1).to_numpy()
    if used.sum() < FEWEST_LAGS:
        allowed = f"of {FEWEST_LAGS} lags or more with a distance, pairs and a semivariance above 0"
        raise ContractError(FIT, "variogram", allowed, f"one of {int(used.sum())}")
    if len(structures) > 3:
        raise ContractError(FIT, "structures", "three structures at most", str(len(structures)))
    if "power" in structures and shape is not None and shape >= 2:
        raise ContractError(FIT, "shape", "below 2 for a power structure", f"{shape:g}")
    azimuths, dips = (_angles(variogram, name) for name in ("azimuth", "dip"))
    vectors = fitting.lag_vectors(numbers["lag"].to_numpy(float), azimuths, dips)
    lags = fitting.Lags(
        vectors[used], numbers["semivariance"].to_numpy(float)[used], numbers["pairs"].to_numpy(float)[used]
    )
    horizontal, axis = _axes(azimuths[used], dips[used])
    parts = fitted_parts(
        lags, structures or AUTOMATIC, weights, shape=shape, azimuth=axis, single=not structures,
        directions=(horizontal, fitting.directions_differ(dips[used])), nugget=nugget,
    )  # fmt: skip
    curve = variogram.assign(model=semivariances(covariance_model(parts), np.nan_to_num(vectors)))
    curve.loc[~np.isfinite(vectors).all(axis=1), "model"] = np.nan
    notes = variogram.attrs.get(COLUMNS, {})
    unit = str(notes.get("semivariance", {}).get("unit", ""))
    curve.attrs[COLUMNS] = {**notes, **({"model": {"unit": unit}} if unit else {})}
    nuggets = sum(one.sill for one in parts if one.structure == "nugget")
    return FittedVariogram(curve, model_table(nuggets, [p for p in parts if p.structure != "nugget"], unit))


def _axes(azimuths: np.ndarray, dips: np.ndarray) -> tuple[bool, float | None]:
    """Whether ranges may differ by azimuth, and the azimuth of an axis where the lags cannot tell it."""
    level = np.abs(dips) != 90.0
    azimuths = azimuths[level]
    found = fitting.distinct_azimuths(azimuths)
    if found.size and np.isnan(azimuths).any():
        raise ContractError(
            FIT, "variogram", "with an azimuth for every lag or for none", "one with both",
            hint="fit the variogram of all directions by itself",
        )  # fmt: skip
    if found.size == 2 and abs(found[1] - found[0] - 90.0) > RIGHT_ANGLE:
        raise ContractError(
            FIT, "variogram", "of two azimuths at right angles, of one, or of three or more",
            f"one of {found[0]:g} and {found[1]:g} degrees",
        )  # fmt: skip
    return found.size > 1, float(found[0]) if found.size == 2 else None


def _angles(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table.columns:
        return np.full(len(table), np.nan)
    angles: np.ndarray = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64)
    return angles
