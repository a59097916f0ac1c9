"""Equivalent sources: gravity or magnetic data scattered at different heights, brought to one level.

All processes on equivalent sources fit one layer (see
`craton.kernels.equivalent_fit`) and differ in what they ask of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.equivalent_fit import Layer
from craton.kernels.equivalent_layer import Stations
from craton.methods.equivalent_survey import (
    HIGHEST,
    Metres,
    Noise,
    NumberColumn,
    Points,
    StationTable,
    Survey,
    bounds_of,
    check_level,
    fitted,
    rms,
    scale_of,
    station_table,
    survey_of,
    template_over,
)
from craton.methods.placement import Region, on_cells
from craton.methods.points_samples import described, in_strips
from craton.model import units
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

LEAST_INCLINATION = 15.0
"""Inclination in degrees, up or down, below which a reduction to the pole makes stripes of noise."""

Spacing = Annotated[float, Unit("m"), Bounds(above=0)]
Edges = tuple[float, float, float, float]
Height = Annotated[float, Unit("m"), Bounds(minimum=-HIGHEST, maximum=HIGHEST)]

Solution = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="stations", title="Stations used"),
            Column(name="depth", unit="m", title="Depth of the sources below the lowest station"),
            Column(name="noise", title="Standard deviation of the errors of the data"),
            Column(name="rms_residual", title="Root mean square of observed less predicted"),
            Column(name="decided", title="Independent waves that the data decides"),
            Column(name="height", unit="m", title="Height of the result"),
        )
    ),
]


class Gridded(NamedTuple):
    """Field, its slope upward, how it fits, and the layer."""

    field: Annotated[xr.DataArray, Grid()]
    upward_derivative: Annotated[xr.DataArray, Grid()]
    stations: StationTable
    solution: Solution


@process(
    "gridding.equivalent_sources",
    version="1",
    keywords=("equivalent layer", "gridding", "reduction to a plane", "continuation", "等效源", "曲化平"),
)
def equivalent_sources(
    points: Points,
    column: NumberColumn,
    height_column: NumberColumn,
    spacing: Spacing,
    *,
    height: Height | None = None,
    region: Edges | None = None,
    depth: Metres | None = None,
    noise: Noise | None = None,
    maximum_distance: Metres | None = None,
) -> Gridded:
    """Gravity or magnetic grid on one level from stations at different heights.

    Use it to grid ground, airborne or marine data and bring it to one height in the same step, which
    plain interpolation cannot: heights of stations count as such, noise is left out by as much as the
    data itself shows, and the result is a field that can exist. Take anomalies: gravity less normal
    gravity, magnetic data less the main field. Do not use it for quantities that do not obey Laplace's
    equation (radiometrics, geochemistry), across surveys that were not levelled to each other, or where
    the ground rises through the field's sources by more than a few distances of stations.

    Parameters
    ----------
    points : GeoDataFrame
        At least four stations in a reference system in metres, in any order. Rows without place, value
        or height are left out; stations at one place count each.
    column : str
        Column of the anomaly, in any unit.
    height_column : str
        Column of the heights of the stations above any one level, positive up, in a unit of length.
    spacing : float
        Side of a cell of the result in metres.
    height : float
        Height of the result in metres above the same level. Left out, the mean height of the stations.
        Below the stations small errors grow.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the stations, out to whole
        multiples of the spacing.
    depth : float
        Depth of the sources below the lowest station in metres: the smaller, the rougher the field may
        be between stations. Some two to six distances of stations are usual. Left out, it is found from
        the power spectrum of the data.
    noise : float
        Standard deviation of the errors of the data in its unit; the field fits it about that well. 0
        fits as well as can be. Left out, it is found from the data.
    maximum_distance : float
        Distance from the nearest station in metres beyond which a cell has no value. Left out, all cells
        have one.

    Returns
    -------
    field : DataArray
        The anomaly in the unit of `column` at `height`; the first row in the north.
    upward_derivative : DataArray
        Its change per metre upward there.
    stations : GeoDataFrame
        The stations that were used, with the field of the layer at each and the difference.
    solution : DataFrame
        One row: depth and noise of the layer, the misfit, and how many independent waves the data decides.

    Notes
    -----
    The field is that of point sources with independent strengths on a level at depth d below the lowest
    station: Σ c(k) exp(i k·x - |k| z) about the mean, with the variance A |k|⁻² exp(-2 |k| d) for each
    wave; c makes Σ (data - field)² + noise² Σ |c|²/variance least. Depth and noise are those under which
    the data is most likely. Beyond the stations, by half the extent of the survey on each side, the field
    returns to their mean. Within about the difference of heights from the edges the result depends on
    what lies outside and is less sure; see `gridding.equivalent_sources_validation` for its error.
    Data that is the same everywhere gives that value. The noise is not taken below 3/10,000 of the
    spread of the data.

    References
    ----------
    Dampney, C. N. G. (1969). The equivalent source technique. Geophysics 34(1), 39-53.
    doi:10.1190/1.1439996

    Takahashi, D., Oliveira, V. C., and Barbosa, V. C. F. (2020). Convolutional equivalent layer for
    gravity data processing. Geophysics 85(6), G129-G141. doi:10.1190/geo2019-0826.1

    MacKay, D. J. C. (1992). Bayesian interpolation. Neural Computation 4(3), 415-447.
    doi:10.1162/neco.1992.4.3.415
    """
    id = "gridding.equivalent_sources"
    survey = survey_of(id, points, column, height_column)
    template = template_over(id, survey, spacing, region)
    layer = fitted(survey, depth, noise, _edges(template))
    level = _level(id, layer, survey, height)
    about = described(points, column)
    field, slope = (
        _cells(layer, survey, template, level, maximum_distance, factor)
        for factor in (None, layer.upward_derivative())
    )
    per_metre = units.parse(f"{about['unit']}/m") if about["unit"] else ""
    table = station_table(survey, layer.field(survey.stations), about["unit"])
    return Gridded(
        on_cells(template, field, **about),
        on_cells(
            template, slope, name="upward_derivative", unit=per_metre or "", title=f"{column}, change upward"
        ),
        table,
        _solution(layer, table, level, about["unit"]),
    )


@process(
    "magnetics.equivalent_sources_to_pole",
    version="1",
    keywords=("RTP", "reduction to the pole", "equivalent layer", "gridding", "化极", "等效源"),
)
def equivalent_sources_to_pole(
    points: Points,
    column: NumberColumn,
    height_column: NumberColumn,
    spacing: Spacing,
    inclination: Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)],
    declination: Annotated[float, Unit("deg"), Bounds(minimum=-180, maximum=180)],
    *,
    height: Height | None = None,
    region: Edges | None = None,
    depth: Metres | None = None,
    noise: Noise | None = None,
) -> Annotated[xr.DataArray, Grid(quantity="reduced_to_pole_magnetic_anomaly", unit="nT")]:
    """Magnetic grid on one level, reduced to the pole, straight from the survey's points.

    Use it where flying heights differ and anomalies are wanted above their sources: gridding, bringing to
    one level and reduction are one step, so that noise is left out before the reduction would raise it.
    Not for magnetisation that differs from the direction of today's field (remanence), nor within 15
    degrees of the magnetic equator. Over areas where the direction of the field changes by more than a few
    degrees, work in parts.

    Parameters
    ----------
    points : GeoDataFrame
        Magnetic anomalies (total field less main field), as for `gridding.equivalent_sources`.
    column : str
        Column of the anomaly, in nT or a unit that converts to it.
    height_column : str
        Column of the heights, positive up, in a unit of length.
    spacing : float
        Side of a cell of the result in metres.
    inclination : float
        Inclination of the main field, positive down (positive in the north).
    declination : float
        Declination of the main field, clockwise from the north of the grid.
    height : float
        Height of the result in metres; left out, the mean height of the points.
    region : tuple
        West, south, east and north edge of the grid; left out, the extent of the points.
    depth : float
        Depth of the sources below the lowest point in metres; left out, it is found from the data.
    noise : float
        Standard deviation of the errors in nT; left out, it is found from the data.

    Returns
    -------
    DataArray
        Anomaly in nT as a vertical field over vertically magnetised sources would give it; its mean over
        the survey and its surroundings is zero.

    Notes
    -----
    Each wave of the layer is divided by Θ², Θ = sin I + i cos I (kE sin D + kN cos D)/|k|, with the
    inclination I and the declination D.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University
    Press, p. 331, eq. 12.31.

    Dampney, C. N. G. (1969). The equivalent source technique. Geophysics 34(1), 39-53.
    doi:10.1190/1.1439996
    """
    id = "magnetics.equivalent_sources_to_pole"
    if abs(inclination) < LEAST_INCLINATION:
        raise ContractError(
            id, "inclination", f"{LEAST_INCLINATION:g} degrees or more, up or down", f"{inclination:g}",
            hint="near the magnetic equator reduce to the equator, or use the analytic signal",
        )  # fmt: skip
    survey = survey_of(id, points, column, height_column)
    scale = scale_of(id, "column", points, column, "nT")
    survey = survey._replace(values=survey.values * scale)
    template = template_over(id, survey, spacing, region)
    layer = fitted(survey, depth, noise, _edges(template))
    level = _level(id, layer, survey, height)
    cells = _cells(layer, survey, template, level, None, layer.to_pole(inclination, declination))
    return on_cells(
        template, cells, name="reduced_to_pole", unit="nT", quantity="reduced_to_pole_magnetic_anomaly",
        title="Magnetic anomaly reduced to the pole",
    )  # fmt: skip


def _edges(template: xr.DataArray) -> Region:
    """Edges of the cell centres."""
    return bounds_of(*(template[axis].to_numpy() for axis in reversed(template.dims)))


def _level(id: str, layer: Layer, survey: Survey, height: float | None) -> float:
    level = float(np.sort(survey.stations.upward).mean()) if height is None else height
    check_level(id, "height", layer, level)
    return level


def _cells(
    layer: Layer,
    survey: Survey,
    template: xr.DataArray,
    level: float,
    maximum_distance: float | None,
    factor: np.ndarray | None,
) -> np.ndarray:
    """The field, each wave times `factor`, on the cells of `template` at one height."""
    near = _near(survey, maximum_distance) if maximum_distance else None

    def values_at(eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
        east, north = eastings.ravel(), northings.ravel()
        values = layer.field(Stations(north, east, np.full(east.size, level)), factor=factor)
        if near is not None:
            values[~near(east, north)] = np.nan
        return values.reshape(eastings.shape)

    return in_strips(template, values_at, "grid").astype(np.float32)


def _near(survey: Survey, distance: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Whether places have a station within `distance`."""
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack([survey.stations.easting, survey.stations.northing]))
    reach = np.nextafter(distance, np.inf)

    def near(easting: np.ndarray, northing: np.ndarray) -> np.ndarray:
        found = tree.query(np.column_stack([easting, northing]), distance_upper_bound=reach)[0]
        return np.isfinite(np.asarray(found))

    return near


def _solution(layer: Layer, table: pd.DataFrame, level: float, unit: str) -> pd.DataFrame:
    row = {
        "stations": len(table),
        "depth": layer.spectrum.depth,
        "noise": layer.noise,
        "rms_residual": rms(table["residual"].to_numpy()),
        "decided": layer.freedom,
        "height": level,
    }
    frame = pd.DataFrame([row])
    frame.attrs[TEXT_COLUMNS] = {
        "depth": {"unit": "m"},
        "height": {"unit": "m"},
        "noise": {"unit": unit},
        "rms_residual": {"unit": unit},
    }
    return frame
