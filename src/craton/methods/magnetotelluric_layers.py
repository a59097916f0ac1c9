"""Magnetotelluric layers: the smoothest resistivity over depth that explains a curve."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import magnetotelluric_layers, occam
from craton.kernels.magnetotelluric_layers import PERMEABILITY
from craton.kernels.resistivity_layers import Floats
from craton.methods.impedance_table import (
    Impedances,
    Mode,
    readings_of,
    refuse_other_time,
    resistivity_and_phase,
)
from craton.methods.layer_table import FIT, LAYERS, fit_row, layer_rows, layered, model_of, soundings_of
from craton.methods.survey_columns import with_columns
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

INVERSION, RESPONSE = "magnetotelluric.layers", "magnetotelluric.of_layers"

FEWEST = 4
"""Frequencies of a station from which layers are sought."""

MODEL_LAYERS = 40
"""Layers of a model, about eight a decade of depth or more."""


@process(RESPONSE, version="1", keywords=("MT", "AMT", "forward model", "Wait", "大地电磁", "正演"))
def of_layers(
    layers: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="resistivity", unit="ohm.m", quantity="electrical_resistivity"),
                Column(name="thickness", unit="m", quantity="thickness"),
            )
        ),
    ],
    *,
    lowest: Annotated[float, Unit("Hz"), Bounds(minimum=1e-6, maximum=1e6)] = 1e-3,
    highest: Annotated[float, Unit("Hz"), Bounds(minimum=1e-6, maximum=1e6)] = 1e4,
    per_decade: Annotated[int, Bounds(minimum=1, maximum=100)] = 8,
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="frequency", unit="Hz"),
            Column(name="period", unit="s", title="Period"),
            Column(name="apparent_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
            Column(name="phase", unit="deg", quantity="impedance_phase"),
        )
    ),
]:
    """Apparent resistivity and phase that a magnetotelluric station over flat layers shows.

    Use it to plan a survey or to see what a layer does to the curve. Not for layers that end sideways within
    a skin depth, 503 √(ρ T) m.

    Parameters
    ----------
    layers : DataFrame
        One layer a row from the top: `resistivity` and `thickness`; the thickness of the last row is not
        used and may be empty.
    lowest : float
        Least frequency, in Hz.
    highest : float
        Greatest frequency, in Hz.
    per_decade : int
        Frequencies for each factor of ten.

    Returns
    -------
    DataFrame
        From the highest frequency down: `frequency`, `period`, `apparent_resistivity` and `phase`.

    Notes
    -----
    Wait's recursion without displacement currents.

    References
    ----------
    Wait, J. R. (1954), On the relation between telluric currents and the earth's magnetic field, Geophysics
    19(2), 281-289, doi:10.1190/1.1437994.
    """
    if lowest > highest:
        raise ContractError(RESPONSE, "lowest", f"at most `highest`, {highest:g} Hz", f"{lowest:g} Hz")
    resistivity, thickness = model_of(RESPONSE, layers)
    count = 1 + round(per_decade * np.log10(highest / lowest))
    frequency = np.geomspace(highest, lowest, max(count, 1 if lowest == highest else 2))
    impedance = magnetotelluric_layers.impedance(frequency, resistivity, thickness)
    return pd.DataFrame(
        {
            "frequency": frequency,
            "period": 1.0 / frequency,
            "apparent_resistivity": magnetotelluric_layers.apparent_resistivity(impedance, frequency),
            "phase": np.degrees(np.angle(impedance)),
        }
    )


class Layers(NamedTuple):
    """What `layers` gives."""

    model: Annotated[pd.DataFrame, Table(columns=LAYERS)]
    curves: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="measured_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
                Column(name="measured_phase", unit="deg", quantity="impedance_phase"),
                Column(name="calculated_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
                Column(name="calculated_phase", unit="deg", quantity="impedance_phase"),
            )
        ),
    ]
    fit: Annotated[
        pd.DataFrame,
        Table(columns=(*FIT, Column(name="left_out", unit="1", title="Rows without a phase of 0 to 90°"))),
    ]


@process(
    INVERSION, version="1",
    keywords=("MT", "AMT", "EDI", "Occam", "inversion", "1D", "大地电磁", "一维反演"),
)  # fmt: skip
def layers(
    impedances: Impedances,
    *,
    station: Annotated[str, ColumnOf("impedances")] | None = None,
    mode: Mode = "determinant",
    error_floor: Annotated[float, Unit("%"), Bounds(above=0, maximum=100)] = 5.0,
    target: Annotated[float, Unit("1"), Bounds(minimum=0.1, maximum=20)] = 1.0,
    depth: Annotated[float, Unit("m"), Bounds(above=0, maximum=2e6)] | None = None,
) -> Layers:
    """Smoothest resistivity over depth that explains each magnetotelluric station, after Occam.

    Use it where `magnetotelluric.dimensionality` says 1-D, or for a first picture from the determinant
    where it says 2-D. Not where most rows say 3-D.

    Parameters
    ----------
    impedances : DataFrame
        One row a station and frequency: `frequency` in Hz and `zxx_real` to `zyy_imaginary` in mV/km/nT, with
        variances where errors are known. Rows without a tensor, or with a phase of the mode that is not
        between 0 and 90°, are left out: no ground in layers has one.
    station : str, optional
        Column of the names of stations. Left out, all rows are one.
    mode : str
        `determinant`, or `xy` or `yx`, in axes along strike, of which TE sees more of what is conductive.
    error_floor : float
        Least standard deviation of an apparent resistivity in percent; that of the phase is half of it in
        radians. Where variances are larger, they count.
    target : float
        Misfit at which a model is taken, in standard deviations.
    depth : float, optional
        Base of the model in metres. Left out, 1.5 times the greatest depth of the curve after Bostick.

    Returns
    -------
    model : DataFrame
        Layers of each station with resistivity and its range of one standard deviation, for models as
        smooth as this one. A resolution far below that of neighbours says that data are silent there.
    curves : DataFrame
        `impedances` with measured and calculated apparent resistivity and phase of the mode.
    fit : DataFrame
        Misfit of each station, and how many of its rows are left out; where the target is not reached,
        errors are larger than stated or the ground is not in layers.

    Notes
    -----
    Logarithms of apparent resistivities and phases are fitted, first differences of the logarithms of
    resistivity are kept small. A static shift, which moves a whole curve, moves resistivities and depths
    with it: tie curves to a transient sounding or to their neighbours first.

    References
    ----------
    Constable, S. C., Parker, R. L., and Constable, C. G. (1987), Occam's inversion: a practical algorithm
    for generating smooth models from electromagnetic sounding data, Geophysics 52(3), 289-300,
    doi:10.1190/1.1442303.
    """
    readings = readings_of(INVERSION, impedances)
    value, variance = readings.mode(mode)
    apparent, apparent_std, phase, phase_std = resistivity_and_phase(value, variance, readings.frequency)
    refuse_other_time(INVERSION, phase)
    part = error_floor / 100.0
    curve = _Curve(
        readings.frequency, np.log(np.where(apparent > 0, apparent, np.nan)), np.radians(phase),
        np.maximum(np.nan_to_num(apparent_std / apparent), part),
        np.maximum(np.nan_to_num(np.radians(phase_std)), 0.5 * part),
    )  # fmt: skip
    usable = np.isfinite(curve.resistivity) & (phase > 0) & (phase < 90)
    calculated = np.full((2, len(phase)), np.nan)
    models, fits = [], []
    groups = soundings_of(INVERSION, "impedances", impedances, station)
    for name, rows in progress.each(list(groups.items()), "stations"):
        used = rows[usable[rows]]
        if len(used) < FEWEST:
            allowed = f"stations of at least {FEWEST} frequencies with phases between 0 and 90°"
            raise ContractError(INVERSION, "impedances", allowed, f"{len(used)} at {name!r}")
        chosen = _Curve(*(one[used] for one in curve))
        thickness = chosen.thickness(depth)
        found = chosen.fitted(thickness, target)
        models.append(layer_rows(name, found, thickness))
        fits.append(fit_row(name, found, len(used), target).assign(left_out=len(rows) - len(used)))
        calculated[:, used] = chosen.response(found.model, thickness).reshape(2, -1)
    columns = {
        "measured_resistivity": apparent,
        "measured_phase": phase,
        "calculated_resistivity": np.exp(calculated[0]),
        "calculated_phase": np.degrees(calculated[1]),
    }
    return Layers(
        pd.concat(models, ignore_index=True),
        with_columns(impedances, columns, {}),
        pd.concat(fits, ignore_index=True),
    )


class _Curve(NamedTuple):
    """Frequencies, logarithms of apparent resistivities, phases in radians, and deviations of both."""

    frequency: Floats
    resistivity: Floats
    phase: Floats
    resistivity_std: Floats
    phase_std: Floats

    def thickness(self, depth: float | None) -> Floats:
        """Thicknesses of layers, from a fraction of the least depth of the curve to beyond the greatest."""
        depths = np.sqrt(np.exp(self.resistivity) / (2.0 * np.pi * self.frequency * PERMEABILITY))
        last = depth if depth is not None else 1.5 * depths.max()
        return layered(min(0.2 * depths.min(), 0.1 * last), last, MODEL_LAYERS)

    def response(self, model: Floats, thickness: Floats) -> Floats:
        """Logarithms of apparent resistivities, then phases, of logarithms of resistivities."""
        value = magnetotelluric_layers.impedance(self.frequency, np.exp(model), thickness)
        apparent = magnetotelluric_layers.apparent_resistivity(value, self.frequency)
        return np.concatenate([np.log(apparent), np.angle(value)])

    def fitted(self, thickness: Floats, target: float) -> occam.Found:
        """Smoothest model."""

        def linearised(model: Floats) -> tuple[Floats, Floats]:
            _, slope = magnetotelluric_layers.logarithm_sensitivity(self.frequency, np.exp(model), thickness)
            return self.response(model, thickness), np.concatenate([2.0 * slope.real, slope.imag])

        problem = occam.Problem(
            lambda model: self.response(model, thickness),
            linearised,
            np.concatenate([self.resistivity, self.phase]),
            np.concatenate([self.resistivity_std, self.phase_std]),
            report=lambda step: progress.report(step / occam.MOST_STEPS, "layers"),
        )
        start = np.full(MODEL_LAYERS, self.resistivity.mean())
        return occam.smooth(problem, start, occam.differences(MODEL_LAYERS), target=target)
