"""Magnetotellurics: apparent resistivity and phase, rotation, dimension, and depth at a glance."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pandas as pd

from craton.kernels import impedance_tensor
from craton.kernels.impedance_tensor import PhaseTensor
from craton.kernels.magnetotelluric_layers import PERMEABILITY
from craton.kernels.resistivity_layers import Floats
from craton.methods.impedance_table import (
    Impedances,
    Mode,
    azimuths_of,
    readings_of,
    refuse_other_time,
    resistivity_and_phase,
    with_tensor,
)
from craton.methods.survey_columns import numbers_of, with_columns
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

RESISTIVITY, ROTATE = "magnetotelluric.apparent_resistivity", "magnetotelluric.rotate"
DIMENSION, TRANSFORM = "magnetotelluric.dimensionality", "magnetotelluric.depth_transform"

MODES: tuple[Mode, ...] = ("xy", "yx", "determinant")

WORDS = ("MT", "AMT", "EDI", "大地电磁")


def _curve_columns(mode: str) -> tuple[Column, ...]:
    return (
        Column(name=f"apparent_resistivity_{mode}", unit="ohm.m", quantity="apparent_resistivity"),
        Column(name=f"apparent_resistivity_{mode}_std", unit="ohm.m", title="Its standard deviation"),
        Column(name=f"phase_{mode}", unit="deg", quantity="impedance_phase"),
        Column(name=f"phase_{mode}_std", unit="deg", title="Its standard deviation"),
    )


@process(RESISTIVITY, version="1", keywords=(*WORDS, "phase", "determinant", "视电阻率", "相位"))
def apparent_resistivity(
    impedances: Impedances,
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="period", unit="s", title="Period"),
            *(column for mode in MODES for column in _curve_columns(mode)),
        )
    ),
]:
    """Apparent resistivity and phase of magnetotelluric impedances, with their errors.

    Use it on the table that EDI files are read as, or on one that `magnetotelluric.rotate` has turned. The
    determinant is the curve to take where ground is not quite of one dimension: it does not depend on the
    axes.

    Parameters
    ----------
    impedances : DataFrame
        One row a station and frequency: `frequency` in Hz and `zxx_real` to `zyy_imaginary` in mV/km/nT,
        with `zxx_variance` to `zyy_variance` where errors are known.

    Returns
    -------
    DataFrame
        `impedances` with the period, and for xy, yx and the determinant apparent resistivity in ohm.m and
        phase in degrees, each with its standard deviation. Columns of these names that were there are kept
        with a number added.

    Notes
    -----
    ρ = |Z|²/(ωμ₀), which is 0.2 T |Z|² in field units. The phase of yx is that of Zyx, about −135° over
    plain ground; the determinant is the root of Zxx Zyy − Zxy Zyx with its real part above 0. A variance is
    that of the complex number, as EDI files state it: half of it belongs to each part, errors of elements
    are independent. First order, for errors well below the impedance.

    References
    ----------
    Cagniard, L. (1953), Basic theory of the magneto-telluric method of geophysical prospecting, Geophysics
    18(3), 605-635, doi:10.1190/1.1437915.
    """
    readings = readings_of(RESISTIVITY, impedances)
    columns: dict[str, Floats] = {"period": 1.0 / readings.frequency}
    for mode in MODES:
        value, variance = readings.mode(mode)
        # The sign that brings yx to the first quadrant is taken back: its phase stands as measured.
        found = resistivity_and_phase(-value if mode == "yx" else value, variance, readings.frequency)
        columns |= {column.name: one for column, one in zip(_curve_columns(mode), found, strict=True)}
    return with_columns(impedances, columns, {})


@process(ROTATE, version="1", keywords=(*WORDS, "rotation", "strike", "旋转"))
def rotate(
    impedances: Impedances,
    *,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=-360, maximum=360)] = 0.0,
) -> Annotated[
    pd.DataFrame, Table(columns=(Column(name="impedance_rotation", unit="deg", title="Azimuth of x"),))
]:
    """Impedances and tippers for axes whose x points to an azimuth.

    Use it to bring all stations to north (0), or along the strike that `magnetotelluric.dimensionality`
    gives: over ground of two dimensions xy is then current along strike (TE), yx across it (TM).

    Parameters
    ----------
    impedances : DataFrame
        As for `magnetotelluric.apparent_resistivity`. The azimuth that x has now is taken from the columns
        `impedance_rotation` and `tipper_rotation` in degrees clockwise from north; 0 where there is none.
    azimuth : float
        To which x shall point, in degrees clockwise from north.

    Returns
    -------
    DataFrame
        `impedances` with turned impedances, variances, and tippers if there are any. Apparent resistivities
        and phases, which belong to the old axes, are left out: make them anew with
        `magnetotelluric.apparent_resistivity`.

    Notes
    -----
    Z′ = R Z Rᵀ and T′ = T Rᵀ. Variances turn as those of independent errors, (R∘R) V (R∘R)ᵀ; turning back
    does not bring them back.

    References
    ----------
    Vozoff, K. (1991), The magnetotelluric method, in Electromagnetic methods in applied geophysics 2,
    Society of Exploration Geophysicists, 641-711.
    """
    readings = readings_of(ROTATE, impedances)
    angle = azimuth - readings.azimuth
    tensor = impedance_tensor.turned(readings.tensor, angle)
    variance = impedance_tensor.turned_variance(readings.variance, angle)
    turn = {"impedance_rotation": np.full(len(tensor), azimuth), **_turned_tipper(impedances, azimuth)}
    return with_tensor(impedances, tensor, variance, turn)


def _turned_tipper(frame: pd.DataFrame, azimuth: float) -> dict[str, Floats]:
    """Columns of the turned tipper, none where there is no tipper."""
    names = [f"tipper_{axis}_{half}" for axis in "xy" for half in ("real", "imaginary")]
    if not set(names) <= set(frame.columns):
        return {}
    turn = impedance_tensor.turn_matrix(azimuth - azimuths_of(frame, "tipper_rotation"))
    columns: dict[str, Floats] = {"tipper_rotation": np.full(len(frame), azimuth)}
    for half in ("real", "imaginary"):
        pair = np.stack([numbers_of(frame, f"tipper_{axis}_{half}") for axis in "xy"], axis=1)
        columns |= _axes(half, (turn @ pair[:, :, None])[:, :, 0])
    if {"tipper_x_variance", "tipper_y_variance"} <= set(frame.columns):
        pair = np.stack([numbers_of(frame, f"tipper_{axis}_variance") for axis in "xy"], axis=1)
        columns |= _axes("variance", (turn**2 @ pair[:, :, None])[:, :, 0])
    return columns


def _axes(half: str, pair: Floats) -> dict[str, Floats]:
    return {f"tipper_x_{half}": pair[:, 0], f"tipper_y_{half}": pair[:, 1]}


_ANGLES = {
    "phase_maximum": "Greatest phase of the phase tensor",
    "phase_minimum": "Least phase of the phase tensor",
    "phase_tensor_alpha": "Angle α of the phase tensor, from north",
    "phase_tensor_beta": "Skew angle β of the phase tensor",
    "phase_tensor_beta_std": "Standard deviation of β",
    "strike": "Azimuth α − β of the longer axis, or a right angle from it",
    "strike_std": "Standard deviation of the strike",
}
_PLAIN = {
    "swift_skew": "Skew of Swift",
    "bahr_skew": "Phase-sensitive skew of Bahr",
    "phase_tensor_ellipticity": "Ellipticity of the phase tensor",
}


@process(
    DIMENSION, version="1",
    keywords=(*WORDS, "skew", "phase tensor", "strike", "distortion", "维性", "相位张量", "走向"),
)  # fmt: skip
def dimensionality(
    impedances: Impedances,
    *,
    skew_limit: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=45)] = 3.0,
    ellipticity_limit: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 0.1,
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            *(Column(name=name, unit="deg", title=title) for name, title in _ANGLES.items()),
            *(Column(name=name, unit="1", title=title) for name, title in _PLAIN.items()),
            Column(name="dimension", title="Dimension that the phase tensor shows"),
        )
    ),
]:
    """Dimension and strike of the ground that magnetotelluric impedances show, station by station.

    Use it before any inversion: layers where most rows say 1-D, a section across the strike where they say
    2-D and the strike holds over periods and stations; else only a model in three dimensions will do.

    Parameters
    ----------
    impedances : DataFrame
        As for `magnetotelluric.apparent_resistivity`. Angles are from north, by the column
        `impedance_rotation` where there is one.
    skew_limit : float
        |β| in degrees above which a row is called 3-D.
    ellipticity_limit : float
        Below it a row is called 1-D.

    Returns
    -------
    DataFrame
        `impedances` with skews, phase tensor and `dimension`: `1-D`, `2-D`, `3-D`, or nothing where there
        is no tensor.

    Notes
    -----
    The phase tensor X⁻¹Y of Z = X + iY is free of galvanic distortion, Swift's skew is not. Its ellipse is
    given as phases, arctan Φmax and arctan Φmin. A strike is known but for 90°, and means nothing in 1-D
    rows. β says 3-D only where it is well above its standard deviation, which is first order and needs
    variances.

    References
    ----------
    Swift, C. M. (1967), A magnetotelluric investigation of an electrical conductivity anomaly in the
    southwestern United States, PhD thesis, Massachusetts Institute of Technology.

    Bahr, K. (1988), Interpretation of the magnetotelluric impedance tensor: regional induction and local
    telluric distortion, Journal of Geophysics 62, 119-127.

    Caldwell, T. G., Bibby, H. M., and Brown, C. (2004), The magnetotelluric phase tensor, Geophysical
    Journal International 158(2), 457-469, doi:10.1111/j.1365-246X.2004.02281.x.
    """
    readings = readings_of(DIMENSION, impedances)
    found = impedance_tensor.phase_tensor(readings.tensor)
    spreads = impedance_tensor.phase_tensor_deviations(readings.tensor, 0.5 * readings.variance, found)
    columns: dict[str, Any] = {
        "phase_maximum": np.degrees(np.arctan(found.maximum)),
        "phase_minimum": np.degrees(np.arctan(found.minimum)),
        "phase_tensor_alpha": _half_turn(found.alpha + readings.azimuth),
        "phase_tensor_beta": found.beta,
        "phase_tensor_beta_std": spreads[0],
        "strike": _half_turn(found.strike + readings.azimuth),
        "strike_std": spreads[1],
        "swift_skew": impedance_tensor.swift_skew(readings.tensor),
        "bahr_skew": impedance_tensor.bahr_skew(readings.tensor),
        "phase_tensor_ellipticity": found.ellipticity,
        "dimension": _dimension(found, skew_limit, ellipticity_limit),
    }
    return with_columns(impedances, columns, {})


def _half_turn(angle: Floats) -> Floats:
    """Directions of lines, −90 to 90."""
    turned: Floats = (angle + 90.0) % 180.0 - 90.0
    return turned


def _dimension(found: PhaseTensor, skew_limit: float, ellipticity_limit: float) -> np.ndarray:
    skewed, long = np.abs(found.beta) > skew_limit, np.abs(found.ellipticity) > ellipticity_limit
    words = np.select([~np.isfinite(found.maximum), skewed, long], ["", "3-D", "2-D"], default="1-D")
    return words.astype(object)


@process(TRANSFORM, version="1", keywords=(*WORDS, "Niblett", "Bostick", "depth", "深度转换"))
def depth_transform(
    impedances: Impedances, *, mode: Mode = "determinant"
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="depth", unit="m", quantity="depth"),
            Column(name="depth_resistivity", unit="ohm.m", quantity="electrical_resistivity"),
        )
    ),
]:
    """Resistivity over depth at a glance, after Niblett and Bostick: a number for each frequency.

    Use it for a first section of a line of stations, and to see how deep the data reach. Not in place of
    `magnetotelluric.layers`: it has no errors and smears sharp boundaries.

    Parameters
    ----------
    impedances : DataFrame
        One row a station and frequency: `frequency` in Hz and `zxx_real` to `zyy_imaginary` in mV/km/nT.
    mode : str
        `xy`, `yx`, or `determinant`.

    Returns
    -------
    DataFrame
        `impedances` with depth in m and resistivity in ohm.m; none where the phase is not between 0 and 90°.

    Notes
    -----
    Depth √(ρₐ/(ωμ₀)) and resistivity ρₐ (π/(2φ) − 1), with the phase φ in place of the slope of ρₐ, so that
    neighbouring frequencies need not agree. Uniform ground gives its resistivity.

    References
    ----------
    Jones, A. G. (1983), On the equivalence of the "Niblett" and "Bostick" transformations in the
    magnetotelluric method, Journal of Geophysics 53, 72-73.
    """
    readings = readings_of(TRANSFORM, impedances)
    value, variance = readings.mode(mode)
    apparent, _, phase, _ = resistivity_and_phase(value, variance, readings.frequency)
    refuse_other_time(TRANSFORM, phase)
    usable = (phase > 0) & (phase < 90)
    angle = np.where(usable, phase, np.nan)
    depth = np.sqrt(apparent / (2.0 * np.pi * readings.frequency * PERMEABILITY))
    columns = {
        "depth": np.where(usable, depth, np.nan),
        "depth_resistivity": apparent * (90.0 / angle - 1.0),
    }
    return with_columns(impedances, columns, {})
