"""Magnetotelluric distortion: strike, twist and shear of stations, and impedances without them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import galvanic_distortion as kernel
from craton.kernels.galvanic_distortion import Distortion
from craton.kernels.resistivity_layers import Floats
from craton.methods.impedance_table import Impedances, Readings, readings_of, with_tensor
from craton.methods.layer_table import soundings_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

DISTORTION = "magnetotelluric.distortion"

FEWEST = 3
"""Periods of a station from which its distortion is told."""


class Undistorted(NamedTuple):
    """What `distortion` gives."""

    impedances: Annotated[
        pd.DataFrame, Table(columns=(Column(name="impedance_rotation", unit="deg", title="Azimuth of x"),))
    ]
    distortion: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="station", title="Station"),
                Column(name="strike", unit="deg", title="Azimuth of the strike, or a right angle from it"),
                Column(name="strike_range", unit="deg", title="To either side; 45 where any strike will do"),
                Column(name="twist", unit="deg", title="Turn of the electric field"),
                Column(name="shear", unit="deg", title="Shear of the electric field"),
                Column(name="misfit", unit="1", title="Root mean square residual over standard deviation"),
                Column(name="periods", unit="1", title="Periods used"),
            )
        ),
    ]


@process(
    DISTORTION, version="1",
    keywords=("MT", "AMT", "EDI", "Groom-Bailey", "twist", "shear", "strike", "大地电磁", "张量分解", "畸变"),
)  # fmt: skip
def distortion(
    impedances: Impedances,
    station: Annotated[str, ColumnOf("impedances")] = "station",
    *,
    strike: Annotated[float, Unit("deg"), Bounds(minimum=-180, maximum=180)] | None = None,
    error: Annotated[float, Unit("%"), Bounds(above=0, maximum=100)] = 3.0,
    shortest: Annotated[float, Unit("s"), Bounds(minimum=0, maximum=1e6)] = 0.0,
    longest: Annotated[float, Unit("s"), Bounds(above=0, maximum=1e6)] = 1e6,
) -> Undistorted:
    """Galvanic distortion of magnetotelluric stations, and their impedances along the strike without it.

    Use it before a section in two dimensions is sought, on stations whose diagonal impedances are not small.
    First leave `strike` out and see whether stations and period bands agree, beside the strike of
    `magnetotelluric.dimensionality`; then give the strike of the region for all. Not where the misfit stays
    well above 1: ground is then not of two dimensions with small bodies near the station.

    Parameters
    ----------
    impedances : DataFrame
        As for `magnetotelluric.apparent_resistivity`. The azimuth that x has now is taken from the column
        `impedance_rotation` in degrees clockwise from north; 0 where there is none.
    station : str
        Column of the names of stations.
    strike : float, optional
        Azimuth of the strike in degrees clockwise from north, for all stations. Left out, each has its own,
        between -45 and 45.
    error : float
        Least standard deviation of an impedance in percent of the size of the tensor.
    shortest : float
        Least period in seconds from which distortion is told.
    longest : float
        Greatest period in seconds from which distortion is told.

    Returns
    -------
    impedances : DataFrame
        `impedances` with x along the strike and without twist and shear, at all periods; apparent
        resistivities and phases that were there are left out. None where the shear is at 45°.
    distortion : DataFrame
        A row a station.

    Notes
    -----
    Z = Rᵀ T S Z₂ R after Groom and Bailey: R the turn to the strike, twist T, shear S, and Z₂ without
    diagonal. Gain and anisotropy, which no tensor tells, stay in Z₂ as static shift: see
    `magnetotelluric.static_shift`. The strike of least misfit is sought; for each strike twist and shear are
    those of least squares in closed form. It is known but for 90°, by which TE and TM change places: geology
    or the tipper must tell. All elements of a tensor have one error, the root of their mean variance.

    References
    ----------
    Groom, R. W. and Bailey, R. C. (1989), Decomposition of magnetotelluric impedance tensors in the presence
    of local three-dimensional galvanic distortion, Journal of Geophysical Research 94(B2), 1913-1925,
    doi:10.1029/JB094iB02p01913.

    McNeice, G. W. and Jones, A. G. (2001), Multisite, multifrequency tensor decomposition of magnetotelluric
    data, Geophysics 66(1), 158-173, doi:10.1190/1.1444891.
    """
    readings = readings_of(DISTORTION, impedances)
    groups = soundings_of(DISTORTION, "impedances", impedances, station)
    if shortest >= longest:
        raise ContractError(DISTORTION, "shortest", f"below `longest`, {longest:g} s", f"{shortest:g} s")
    period = 1.0 / readings.frequency
    used = np.isfinite(readings.tensor).all(axis=(1, 2)) & (period >= shortest) & (period <= longest)
    tensor, variance = readings.tensor.copy(), readings.variance.copy()
    azimuth = np.zeros(len(tensor))
    rows = []
    for name, own in progress.each(list(groups.items()), "stations"):
        chosen = own[used[own]]
        if len(chosen) < FEWEST:
            allowed = f"stations of at least {FEWEST} periods"
            raise ContractError(DISTORTION, "impedances", allowed, f"{len(chosen)} in {name!r}")
        found, azimuth[own] = _found(readings, chosen, name, strike, error)
        tensor[own], variance[own] = kernel.undistorted(tensor[own], variance[own], found)
        rows.append({"station": name, **found._asdict(), "strike": azimuth[own[0]], "periods": len(chosen)})
    columns = {"impedance_rotation": azimuth}
    return Undistorted(with_tensor(impedances, tensor, variance, columns), pd.DataFrame(rows))


def _found(
    readings: Readings, rows: np.ndarray, name: str, strike: float | None, error: float
) -> tuple[Distortion, float]:
    """Distortion of a station with its strike from x, and the azimuth of its strike."""
    away = readings.azimuth[rows]
    if np.ptp(away) > 1e-6:
        raise ContractError(
            DISTORTION, "impedances", "stations whose axes do not turn with the period",
            f"axes {np.ptp(away):.0f}° apart in {name!r}",
            hint="turn them first, with magnetotelluric.rotate",
        )  # fmt: skip
    tensor, deviation = readings.tensor[rows], _deviation(readings, rows, error)
    if strike is None:
        free = kernel.decomposed(tensor, deviation).strike + away[0]
        strike = float((free + 45.0) % 90.0 - 45.0)
    return kernel.decomposed(tensor, deviation, strike - away[0]), strike


def _deviation(readings: Readings, rows: np.ndarray, error: float) -> Floats:
    """Standard deviation (n,) of the real, and of the imaginary part of an element."""
    size = (np.abs(readings.tensor[rows]) ** 2).sum(axis=(1, 2)) / 2.0
    variance = readings.variance[rows].reshape(len(rows), -1)
    stated = np.where(np.isfinite(variance).all(axis=1), variance.mean(axis=1), 0.0)
    deviation: Floats = np.sqrt(0.5 * np.maximum(stated, (error / 100.0) ** 2 * size))
    return deviation
