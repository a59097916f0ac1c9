"""Equivalent sources against other data: at the stations of another survey, and with blocks left out."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.kernels.equivalent_fit import refit
from craton.kernels.equivalent_layer import Stations
from craton.methods.equivalent_survey import (
    Metres,
    Noise,
    NumberColumn,
    Points,
    StationTable,
    Survey,
    bounds_of,
    check_level,
    check_region,
    fitted,
    heights_of,
    rms,
    station_table,
    survey_of,
)
from craton.methods.placement import brought_to
from craton.methods.points_samples import described
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

BLOCK_SPACINGS = 5.0
"""Side of a block left out in validation, in mean distances of stations."""


class Validated(NamedTuple):
    """Stations predicted without their neighbours, and the summary."""

    stations: StationTable
    summary: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="stations", title="Stations predicted"),
                Column(name="blocks", title="Blocks left out in turn"),
                Column(name="mean_residual", title="Mean of observed less predicted"),
                Column(name="rms_residual", title="Root mean square of observed less predicted"),
                Column(name="median_absolute_residual", title="Median of its size"),
                Column(name="rms_relative", title="Root mean square over the deviation of the data"),
            )
        ),
    ]


@process(
    "gridding.equivalent_sources_at_stations",
    version="1",
    keywords=("equivalent layer", "tie", "comparison", "continuation", "等效源"),
)
def equivalent_sources_at_stations(
    points: Points,
    column: NumberColumn,
    height_column: NumberColumn,
    stations: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))],
    stations_height_column: Annotated[str, ColumnOf("stations", numeric=True)],
    *,
    depth: Metres | None = None,
    noise: Noise | None = None,
) -> Annotated[
    gpd.GeoDataFrame,
    Table(
        columns=(
            Column(name="predicted", title="Field of the layer"),
            Column(name="predicted_upward_derivative", title="Its change per metre upward"),
        )
    ),
]:
    """Gravity or magnetic field of one survey at the stations of another, at their own heights.

    Use it to compare or tie surveys flown or measured at different heights, to check a survey against
    base stations, or to fill a line. For use and limits see `gridding.equivalent_sources`; stations far
    outside the survey get its mean.

    Parameters
    ----------
    points : GeoDataFrame
        The survey, as for `gridding.equivalent_sources`.
    column : str
        Column of the anomaly, in any unit.
    height_column : str
        Column of the heights of `points`, positive up, in a unit of length.
    stations : GeoDataFrame
        Where the field is wanted; brought to the reference system of `points`.
    stations_height_column : str
        Column of the heights of `stations` above the same level, positive up, in a unit of length.
    depth : float
        Depth of the sources below the lowest of `points` in metres; left out, it is found from the data.
    noise : float
        Standard deviation of the errors of the data in its unit; left out, it is found from the data.

    Returns
    -------
    GeoDataFrame
        The rows of `stations` with the columns `predicted`, in the unit of `column`, and
        `predicted_upward_derivative`; no value where place or height is missing.

    Notes
    -----
    As for `gridding.equivalent_sources`.

    References
    ----------
    Dampney, C. N. G. (1969). The equivalent source technique. Geophysics 34(1), 39-53.
    doi:10.1190/1.1439996
    """
    id = "gridding.equivalent_sources_at_stations"
    survey = survey_of(id, points, column, height_column)
    moved = brought_to(id, "stations", stations, survey.crs)
    heights = heights_of(id, "stations_height_column", stations, stations_height_column)
    coordinates = shapely.get_coordinates(shapely.centroid(moved.geometry.to_numpy()))
    places = np.full((len(moved), 2), np.nan)
    places[~(moved.geometry.is_empty | moved.geometry.isna()).to_numpy()] = coordinates
    known = np.isfinite(places).all(axis=1) & np.isfinite(heights)
    wanted = Stations(places[known, 1], places[known, 0], heights[known])
    edges = bounds_of(wanted.easting, wanted.northing) if known.any() else None
    if edges is not None:
        check_region(id, "stations", survey, edges)
    layer = fitted(survey, depth, noise, edges)
    result = stations.copy()
    unit = described(points, column)["unit"]
    for name, factor in (("predicted", None), ("predicted_upward_derivative", layer.upward_derivative())):
        values = np.full(len(moved), np.nan)
        if known.any():
            check_level(id, "stations_height_column", layer, float(wanted.upward.min()))
            values[known] = layer.field(wanted, factor=factor)
        result[name] = values
    per_metre = units.parse(f"{unit}/m") if unit else ""
    notes = {"predicted": {"unit": unit}, "predicted_upward_derivative": {"unit": per_metre or ""}}
    result.attrs[TEXT_COLUMNS] = {**stations.attrs.get(TEXT_COLUMNS, {}), **notes}
    return result


@process(
    "gridding.equivalent_sources_validation",
    version="1",
    keywords=("equivalent layer", "cross-validation", "error", "blocks", "等效源", "交叉验证"),
)
def equivalent_sources_validation(
    points: Points,
    column: NumberColumn,
    height_column: NumberColumn,
    *,
    block: Metres | None = None,
    folds: Annotated[int, Bounds(minimum=2, maximum=20)] = 5,
    depth: Metres | None = None,
    noise: Noise | None = None,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> Validated:
    """Error of an equivalent-source grid, by predicting blocks of stations from all the others.

    Use it before a grid is published, to choose between depths, and to find bad stations: those that
    their neighbours do not predict. The error is that in a gap as wide as a block, so choose the block as
    wide as the gaps that matter; single stations left out would look too good.

    Parameters
    ----------
    points : GeoDataFrame
        As for `gridding.equivalent_sources`.
    column : str
        Column of the anomaly, in any unit.
    height_column : str
        Column of the heights, positive up, in a unit of length.
    block : float
        Side of the square blocks that are left out whole, in metres. Left out, five mean distances of
        stations, or less where that would make fewer blocks than folds.
    folds : int
        Parts into which the blocks are dealt; each part is predicted from the others.
    depth : float
        Depth of the sources below the lowest station in metres; left out, it is found from all the data.
    noise : float
        Standard deviation of the errors of the data in its unit; left out, it is found from all the data.
    seed : int
        Number from which the blocks are dealt.

    Returns
    -------
    stations : GeoDataFrame
        The stations with the prediction made without their block, and the difference.
    summary : DataFrame
        One row: mean, root mean square and median size of the differences in the unit of `column`, and
        the root mean square over the standard deviation of the data (1: no better than the mean).

    Notes
    -----
    Depth and noise are found once, from all the data. The differences hold the errors of the data
    themselves, which the grid does not.

    References
    ----------
    Roberts, D. R., Bahn, V., Ciuti, S., et al. (2017). Cross-validation strategies for data with
    temporal, spatial, hierarchical, or phylogenetic structure. Ecography 40(8), 913-929.
    doi:10.1111/ecog.02881
    """
    id = "gridding.equivalent_sources_validation"
    survey = survey_of(id, points, column, height_column)
    number = _blocks(survey, block, folds)
    count = int(number.max()) + 1
    if count < folds:
        raise ContractError(
            id, "block", f"so small that there are {folds} blocks or more", f"one that makes {count}"
        )
    layer = fitted(survey, depth, noise)
    part = np.random.default_rng(seed).permutation(np.arange(count) % folds)[number]
    predicted = np.empty(survey.values.size)
    for fold in progress.each(range(folds), "leaving out blocks"):
        left = part == fold
        known = Stations(*(axis[~left] for axis in survey.stations))
        others = refit(layer, known, survey.values[~left])
        predicted[left] = others.field(Stations(*(axis[left] for axis in survey.stations)))
    unit = described(points, column)["unit"]
    table = station_table(survey, predicted, unit)
    return Validated(table, _summary(table["residual"].to_numpy(), survey.values, count, unit))


def _summary(difference: np.ndarray, values: np.ndarray, blocks: int, unit: str) -> pd.DataFrame:
    spread = float(values.std())
    row = {
        "stations": difference.size,
        "blocks": blocks,
        "mean_residual": float(difference.mean()),
        "rms_residual": rms(difference),
        "median_absolute_residual": float(np.median(np.abs(difference))),
        "rms_relative": rms(difference) / spread if spread else 0.0,
    }
    frame = pd.DataFrame([row])
    names = ("mean_residual", "rms_residual", "median_absolute_residual")
    frame.attrs[TEXT_COLUMNS] = {name: {"unit": unit} for name in names}
    return frame


def _blocks(survey: Survey, block: float | None, folds: int) -> np.ndarray:
    """Number of the block of each station, from 0."""
    places = np.column_stack([survey.stations.easting, survey.stations.northing])
    low, extent = places.min(axis=0), np.ptp(places, axis=0)
    if block is None:
        area = max(extent.prod(), extent.max() ** 2 / len(places))
        block = min(BLOCK_SPACINGS * float(np.sqrt(area / len(places))), float(extent.max()) / folds)
    cells = np.floor((places - low) / block).astype(np.int64)
    number: np.ndarray = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
    return number
