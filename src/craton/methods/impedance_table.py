"""Impedance tables: rows of station and frequency with a tensor each, as EDI files are read."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import impedance_tensor
from craton.kernels.magnetotelluric_layers import PERMEABILITY, Complex
from craton.kernels.resistivity_layers import Floats
from craton.methods.survey_columns import numbers_in, numbers_of, unit_of
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Column, Table

FIELD = "mV/km/nT"
"""Unit of impedances in the field."""

FIELD_SQUARED = "mV2/km2/nT2"

OHMS = 1e3 * PERMEABILITY
"""Ohms in that unit: E/H from E/B."""

PARTS = ("xx", "xy", "yx", "yy")

Impedances = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="frequency", unit="Hz"),
            *(Column(name=f"z{part}_{half}", unit=FIELD) for part in PARTS for half in ("real", "imaginary")),
        )
    ),
]

Mode = Literal["xy", "yx", "determinant"]


class Readings(NamedTuple):
    """Frequencies (n,) in Hz, tensors (n, 2, 2) in mV/km/nT, their variances, and azimuths of x in degrees.

    The variance is of the complex number: half of it belongs to the real, half to the imaginary part. NaN
    where none is stated.
    """

    frequency: Floats
    tensor: Complex
    variance: Floats
    azimuth: Floats

    def mode(self, name: Mode) -> tuple[Complex, Floats]:
        """Impedance (n,) of a mode in ohm, in the first quadrant over plain ground, and its variance."""
        if name == "determinant":
            value = impedance_tensor.determinant(self.tensor)
            variance = impedance_tensor.determinant_variance(self.tensor, self.variance)
        else:
            row, column = (0, 1) if name == "xy" else (1, 0)
            value = self.tensor[:, row, column] * (1.0 if name == "xy" else -1.0)
            variance = self.variance[:, row, column]
        return OHMS * value, OHMS**2 * variance


def readings_of(id: str, frame: pd.DataFrame) -> Readings:
    """Readings of an impedance table; rows without a whole tensor have NaN in it."""
    if frame.empty:
        raise ContractError(id, "impedances", "a table of at least one row", "one of none")
    frequency = numbers_of(frame, "frequency")
    wrong = np.flatnonzero(~(frequency > 0))
    if wrong.size:
        came = f"{frequency[wrong[0]]:g} Hz in row {wrong[0] + 1} ({wrong.size} such)"
        raise ContractError(id, "impedances", "a table of frequencies above 0", came)
    parts = [
        numbers_of(frame, f"z{part}_real") + 1j * numbers_of(frame, f"z{part}_imaginary") for part in PARTS
    ]
    tensor: Complex = np.stack(parts, axis=1).reshape(-1, 2, 2)
    tensor[~np.isfinite(tensor).all(axis=(1, 2))] = np.nan
    if not np.isfinite(tensor).any():
        raise ContractError(id, "impedances", "a table with impedances", "one whose rows have none")
    return Readings(frequency, tensor, variances_of(id, frame), azimuths_of(frame, "impedance_rotation"))


def variances_of(id: str, frame: pd.DataFrame) -> Floats:
    """Variances (n, 2, 2) in the square of the unit of impedances; those of 0 or below are not known."""
    variance: Floats = np.stack([_variance(id, frame, f"z{part}_variance") for part in PARTS], axis=1)
    return np.where(variance > 0, variance, np.nan).reshape(-1, 2, 2)


def _variance(id: str, frame: pd.DataFrame, column: str) -> Floats:
    """Column of variances, in the square of the unit of impedances where it states none."""
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    if unit_of(frame, column):
        return numbers_in(id, "impedances", frame, column, FIELD_SQUARED)
    variance: Floats = numbers_of(frame, column)
    return variance


def with_tensor[F: pd.DataFrame](
    frame: F, tensor: Complex, variance: Floats, columns: dict[str, Floats]
) -> F:
    """`frame` with other impedances (n, 2, 2), their variances where it has any, and more columns.

    Apparent resistivities and phases, which belong to the old impedances, are left out.
    """
    new = dict(columns)
    for place, part in enumerate(PARTS):
        value = tensor.reshape(-1, 4)[:, place]
        new |= {f"z{part}_real": value.real, f"z{part}_imaginary": value.imag}
    if all(f"z{part}_variance" in frame.columns for part in PARTS):
        new |= {f"z{part}_variance": variance.reshape(-1, 4)[:, place] for place, part in enumerate(PARTS)}
    old = ("apparent_resistivity_", "phase_", "resistivity_rotation")
    stale = [name for name in frame.columns if str(name).startswith(old)]
    notes = {k: v for k, v in frame.attrs.get(TEXT_COLUMNS, {}).items() if k not in stale}
    units = {f"z{part}_{half}": {"unit": FIELD} for part in PARTS for half in ("real", "imaginary")}
    result = frame.drop(columns=stale).assign(**new)
    result.attrs = {**frame.attrs, TEXT_COLUMNS: {**units, **notes}}
    return result


def azimuths_of(frame: pd.DataFrame, column: str) -> Floats:
    """Azimuth of the x axis of each row (n,): north where no rotation is stated."""
    if column not in frame.columns:
        return np.zeros(len(frame))
    azimuth: Floats = np.nan_to_num(numbers_of(frame, column))
    return azimuth


def resistivity_and_phase(value: Complex, variance: Floats, frequency: Floats) -> tuple[Floats, ...]:
    """Apparent resistivity in ohm.m and phase in degrees, each with its standard deviation.

    First order: with s the standard deviation of the real and of the imaginary part, 2ρ s/|Z| and s/|Z|.
    """
    size = np.abs(value)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.sqrt(0.5 * variance) / size
    resistivity: Floats = size**2 / (2.0 * np.pi * frequency * PERMEABILITY)
    return resistivity, 2.0 * resistivity * part, np.degrees(np.angle(value)), np.degrees(part)


def refuse_other_time(id: str, phase: Floats) -> None:
    """Refuse phases of fields that go with exp(−iωt), which lie below 0."""
    known = phase[np.isfinite(phase)]
    if known.size and np.median(known) < 0:
        raise ContractError(
            id, "impedances", "with phases of 0 to 90 degrees, as fields that go with exp(+iωt) have them",
            f"phases about {np.median(known):.0f}", hint="change the sign of the imaginary parts",
        )  # fmt: skip
