"""Magnetotelluric static shift: curves that small bodies near a station raise or lower, brought back."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from craton.kernels import static_shift as kernel
from craton.kernels.resistivity_layers import Floats
from craton.methods.impedance_table import Impedances, Mode, Readings, readings_of, with_tensor
from craton.methods.layer_table import soundings_of
from craton.methods.placement import crs_of
from craton.methods.vector_shapes import metres_of
from craton.model import crs as systems
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

SHIFT = "magnetotelluric.static_shift"

TURNED = 1.0
"""Degrees between the axes of stations above which their curves are not compared."""

SHIFTS = ("shift_xy", "shift_yx")
MEASURED = "Measured over undisturbed apparent resistivity"
REMOVED = tuple(Column(name=name, unit="1", title="Shift that was removed") for name in SHIFTS)
KNOWN = (
    Column(name="station", title="Station"),
    *(Column(name=name, unit="1", title=f"{MEASURED}, {name[-2:]}") for name in SHIFTS),
)
MODES: tuple[Mode, ...] = ("xy", "yx")


class Shifted(NamedTuple):
    """What `static_shift` gives."""

    impedances: Annotated[pd.DataFrame, Table(columns=REMOVED)]
    shifts: Annotated[
        pd.DataFrame,
        Table(columns=(*KNOWN, Column(name="neighbours", unit="1", title="Stations compared with"))),
    ]


@process(
    SHIFT, version="1", keywords=("MT", "AMT", "EDI", "galvanic distortion", "大地电磁", "静态位移", "静校正")
)
def static_shift(
    impedances: Impedances,
    station: Annotated[str, ColumnOf("impedances")] = "station",
    *,
    factors: Annotated[pd.DataFrame | None, Table(columns=KNOWN)] = None,
    radius: Annotated[float, Unit("m"), Bounds(above=0, maximum=1e6)] = 5000.0,
    neighbours: Annotated[int, Bounds(minimum=1, maximum=100)] = 3,
    shortest: Annotated[float, Unit("s"), Bounds(minimum=0, maximum=1e6)] = 0.0,
    longest: Annotated[float, Unit("s"), Bounds(above=0, maximum=1e6)] = 1e6,
) -> Shifted:
    """Magnetotelluric impedances freed of static shift, by neighbouring stations or by known factors.

    Use it before layers or sections are sought, on stations whose curves run parallel to those of their
    neighbours but lie higher or lower, with the same phase. Where a transient sounding (TEM) was made at each
    station, give its `factors`: they are better. Not where resistivity near the surface truly differs from
    station to station, which the median of neighbours would smooth away, nor where phases differ too.

    Parameters
    ----------
    impedances : DataFrame
        One row a station and frequency: `frequency` in Hz and `zxx_real` to `zyy_imaginary` in mV/km/nT, with
        x of all stations to one azimuth, and points as geometry unless `factors` are given.
    station : str
        Column of the names of stations.
    factors : DataFrame, optional
        Known shifts: `station`, and in `shift_xy` and `shift_yx` the measured apparent resistivity over that
        without shift, above 0. Stations that it does not name stay as they are.
    radius : float
        Distance in metres within which stations are neighbours.
    neighbours : int
        Least number of neighbours at a period; stations with fewer stay as they are.
    shortest : float
        Least period in seconds that is compared.
    longest : float
        Greatest period in seconds that is compared. Where deep structure changes across the survey, leave out
        the periods that see it.

    Returns
    -------
    impedances : DataFrame
        `impedances` with corrected impedances and variances, and the shifts. Apparent resistivities and
        phases that were there are left out: make them anew with `magnetotelluric.apparent_resistivity`.
    shifts : DataFrame
        A row a station: shifts, 1 where none was found, and the number of neighbours.

    Notes
    -----
    ln s is the median over periods of ln ρₐ less the median of ln ρₐ of the neighbours, for xy and yx each,
    all from the curves as measured. Zxx and Zxy are divided by √s of xy, Zyx and Zyy by that of yx; phases
    do not change. Shifts of all stations together, which raise or lower the whole survey, cannot be seen.

    References
    ----------
    Jones, A. G. (1988), Static shift of magnetotelluric data and its removal in a sedimentary basin
    environment, Geophysics 53(7), 967-978, doi:10.1190/1.1442533.

    Sternberg, B. K., Washburne, J. C., and Pellerin, L. (1988), Correction for the static shift in
    magnetotellurics using transient electromagnetic soundings, Geophysics 53(11), 1459-1468,
    doi:10.1190/1.1442426.
    """
    readings = readings_of(SHIFT, impedances)
    groups = soundings_of(SHIFT, "impedances", impedances, station)
    if shortest >= longest:
        raise ContractError(SHIFT, "shortest", f"below `longest`, {longest:g} s", f"{shortest:g} s")
    if factors is not None:
        counts, shifts = np.zeros(len(groups), dtype=np.int64), _known(factors, list(groups))
    else:
        near = _near(impedances, readings, groups, radius)
        counts = np.array([len(one) for one in near])
        shifts = _median(readings, groups, near, neighbours, (shortest, longest))
    by_row = np.ones((len(impedances), 2))
    for rows, shift in zip(groups.values(), shifts, strict=True):
        by_row[rows] = shift
    tensor, variance = kernel.unshifted(readings.tensor, readings.variance, by_row)
    columns = dict(zip(SHIFTS, by_row.T, strict=True))
    table = pd.DataFrame({"station": list(groups), **dict(zip(SHIFTS, shifts.T, strict=True))})
    return Shifted(with_tensor(impedances, tensor, variance, columns), table.assign(neighbours=counts))


def _known(factors: pd.DataFrame, names: list[str]) -> Floats:
    """Shifts (stations, 2) that a table states, 1 for stations that it does not name."""
    stated = pd.Index(factors["station"].astype(str))
    if stated.has_duplicates:
        twice = stated[stated.duplicated()][0]
        raise ContractError(SHIFT, "factors", "a table with each station once", f"{twice!r} twice")
    values = factors[list(SHIFTS)].to_numpy(np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~((values > 0) & np.isfinite(values)).all(axis=1))
    if wrong.size:
        raise ContractError(SHIFT, "factors", "a table of shifts above 0", f"another in row {wrong[0] + 1}")
    row = stated.get_indexer(pd.Index(names))
    if (row < 0).all():
        has = ", ".join(names[:12])
        allowed = f"a table that names stations of `impedances`, such as {has}"
        raise ContractError(SHIFT, "factors", allowed, f"{len(factors)} others")
    return np.where(row[:, None] >= 0, values[row], 1.0)


def _near(
    impedances: pd.DataFrame, readings: Readings, groups: dict[str, np.ndarray], radius: float
) -> list[NDArray[np.int64]]:
    """Numbers of the other stations within `radius` of each."""
    _check_axes(readings)
    if not isinstance(impedances, gpd.GeoDataFrame):
        allowed = "a table with points, or `factors`"
        raise ContractError(SHIFT, "impedances", allowed, "one without geometry")
    points = impedances.geometry.to_numpy()[[rows[0] for rows in groups.values()]]
    places = np.stack([shapely.get_x(points), shapely.get_y(points)], axis=1)
    lost = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if lost.size:
        name = list(groups)[lost[0]]
        raise ContractError(SHIFT, "impedances", "a table with a point in every row", f"{name!r} without")
    near = _distances(places, crs_of(impedances)) <= radius
    np.fill_diagonal(near, val=False)
    return [np.flatnonzero(row) for row in near]


def _check_axes(readings: Readings) -> None:
    spread = float(np.ptp(readings.azimuth))
    if spread > TURNED:
        raise ContractError(
            SHIFT, "impedances", "a table whose axes point to one azimuth", f"axes {spread:.0f}° apart",
            hint="turn them first, with magnetotelluric.rotate",
        )  # fmt: skip


def _distances(places: Floats, crs: str) -> Floats:
    """Distances (n, n) in metres."""
    one, two = (one.ravel() for one in np.indices((len(places),) * 2))
    if systems.is_geographic(crs):
        geod = pyproj.CRS(crs).get_geod()
        assert geod is not None
        return np.asarray(geod.inv(*places[one].T, *places[two].T)[2]).reshape(len(places), -1)
    away: Floats = np.linalg.norm(places[:, None] - places, axis=-1) * metres_of(crs)
    return away


def _median(
    readings: Readings,
    groups: dict[str, np.ndarray],
    near: list[NDArray[np.int64]],
    fewest: int,
    between: tuple[float, float],
) -> Floats:
    """Shifts (stations, 2) by the median of neighbours."""
    if max(len(one) for one in near) < fewest:
        raise ContractError(
            SHIFT, "radius", f"a distance within which a station has {fewest} neighbours",
            f"one with {max(len(one) for one in near)} at most",
            hint="give a greater `radius`, fewer `neighbours`, or `factors`",
        )  # fmt: skip
    period = 1.0 / readings.frequency
    shifts = []
    for mode in MODES:
        size = np.abs(readings.mode(mode)[0])
        with np.errstate(divide="ignore"):
            curve = np.log(size**2 * period)
        used = np.isfinite(curve) & (period >= between[0]) & (period <= between[1])
        curves = [_curve(np.log(period), curve, rows[used[rows]]) for rows in groups.values()]
        shifts.append(kernel.median_shifts(curves, near, fewest))
    return np.nan_to_num(np.exp(np.stack(shifts, axis=1)), nan=1.0)


def _curve(period: Floats, curve: Floats, rows: np.ndarray) -> tuple[Floats, Floats]:
    """Periods and values of some rows, by period; of rows of one period the first."""
    chosen, first = np.unique(period[rows], return_index=True)
    return chosen, curve[rows[first]]
