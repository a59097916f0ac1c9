"""Spectra of potential fields, and depths of ensembles of sources from their slopes."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.field_transform import detrended
from craton.kernels.potential_field import fill_nearest
from craton.kernels.spectral_depth import Spectrum, radial_spectrum, straight_parts
from craton.methods.field_gradients import Height, is_plane_field
from craton.methods.placement import place_of, plane_of
from craton.methods.potential_field import FieldGrid, Values
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

SPECTRUM, DEPTH = "potential_field.spectrum", "potential_field.spectral_depth"

FEWEST_CELLS = 16
"""Cells along a side below which a spectrum says nothing."""

POINTS = 5
"""Rings, at least, in a straight part of a spectrum."""

SpectrumTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="wavenumber", unit="1/m", title="Angular wavenumber, 2π over the wavelength (rad/m)"),
            Column(name="wavelength", unit="m", title="Wavelength"),
            Column(name="power", title="Mean power, in the square of the field's unit times square metres"),
            Column(name="log_power", unit="1", title="Natural logarithm of the power"),
            Column(name="log_power_std", unit="1", title="Standard deviation of the logarithm"),
            Column(name="waves", unit="1", title="Waves averaged"),
        )
    ),
]

LayerTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="depth", unit="m", quantity="depth", title="Depth below the ground"),
            Column(name="depth_std", unit="m", title="Standard deviation of the depth"),
            Column(name="longest_wavelength", unit="m", title="Longest wave of the part"),
            Column(name="shortest_wavelength", unit="m", title="Shortest wave of the part"),
            Column(name="points", unit="1", title="Points of the spectrum in the part"),
            Column(name="intercept", unit="1", title="Logarithm of the power at wavenumber 0"),
            Column(name="determination", unit="1", title="Part of the variance that the line explains"),
            Column(name="finding", title="What speaks against the depth"),
        )
    ),
]


class Layers(NamedTuple):
    """Straight parts of a spectrum, and the spectrum."""

    layers: LayerTable
    spectrum: SpectrumTable


Fractal = Annotated[float, Bounds(minimum=0, maximum=5)]


@process(SPECTRUM, version="1", keywords=("power spectrum", "radial", "wavelength", "Fourier", "功率谱"))
def spectrum(grid: FieldGrid) -> SpectrumTable:
    """Radially averaged power spectrum of a grid.

    Use it to see at which wavelengths a field has its power, where noise takes over, and which filters to
    choose. Do not use it on a grid that is mostly gaps or smaller than a few of the longest anomalies.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres, at least 16 cells along each side. Cells
        without a value are given that of the nearest; at least half of the cells must have one.

    Returns
    -------
    DataFrame
        A row for each ring of wavenumbers, from the longest wave to the shortest, with the mean power, its
        logarithm and that one's standard deviation. No rows for a grid that is a plane.

    Notes
    -----
    The plane that fits best is taken off, and the grid tapered by half a cosine wave along each axis, whose
    power is made up for. Rings are as wide as the lowest wavenumber. The standard deviation takes the waves
    for random: √(4.5 / waves) with the taper.

    References
    ----------
    Spector, A. and Grant, F. S. (1970), Statistical models for interpreting aeromagnetic data, Geophysics
    35(2), 293-302, doi:10.1190/1.1440092.
    """
    return _spectrum_table(_spectrum_of(SPECTRUM, grid))


@process(DEPTH, version="1", keywords=("Spector Grant", "ensemble", "basement", "power spectrum", "频谱深度"))
def spectral_depth(
    grid: FieldGrid,
    layers: Annotated[int | None, Bounds(minimum=1, maximum=8)] = None,
    *,
    longest_wavelength: Annotated[float | None, Unit("m"), Bounds(above=0)] = None,
    shortest_wavelength: Annotated[float | None, Unit("m"), Bounds(above=0)] = None,
    fractal: Fractal = 0.0,
    height: Height = 0.0,
) -> Layers:
    """Mean depths of ensembles of sources from the slopes of the power spectrum (Spector and Grant).

    Use it for the mean depth of basement or of a volcanic cover below an area many times wider than that
    depth, and to choose the bands of a matched filter. Depths are means over the whole grid, of tops of
    bodies that are deep-reaching; bodies as wide as they are deep steepen the slope, and so do fractal
    sources. Do not use the deepest part of the spectrum where it rests on a few long waves.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres, at least 16 cells along each side.
    layers : int, optional
        Number of straight parts. Left out, as many, up to 4, as the scatter of the spectrum bears.
    longest_wavelength : float, optional
        Longer waves are left out, in metres.
    shortest_wavelength : float, optional
        Shorter waves are left out, in metres; left out, all down to two cells.
    fractal : float
        Exponent β by which the power of the sources falls with the wavenumber, k⁻ᵝ, taken off before: 0 for
        sources that know nothing of one another, about 3 for magnetisation of crust.
    height : float
        Height of the plane of the field above the ground, in metres, which is taken off depths.

    Returns
    -------
    layers : DataFrame
        A row for each straight part, the deepest first as a rule, with depth, standard deviation and the
        waves it rests on. `finding` says `noise` where the depth is less than half a cell below the plane of
        the field. No rows for a grid that is a plane.
    spectrum : DataFrame
        The spectrum as of `potential_field.spectrum`.

    Notes
    -----
    ln P + β ln k = c − 2 k z for k in rad/m; each part is a line fitted with weights, the cuts between them
    minimise χ², and their number the Bayesian information criterion, all by dynamic programming. The standard
    deviation is that of the slope; it does not know how well the model suits.

    References
    ----------
    Spector, A. and Grant, F. S. (1970), Statistical models for interpreting aeromagnetic data, Geophysics
    35(2), 293-302, doi:10.1190/1.1440092.

    Maus, S. and Dimri, V. (1995), Potential field power spectrum inversion for scaling geology, Journal of
    Geophysical Research 100(B7), 12605-12616, doi:10.1029/95JB00758.
    """
    found = _spectrum_of(DEPTH, grid)
    k = found.wavenumber
    used = np.ones(k.size, dtype=bool)
    if longest_wavelength is not None:
        used &= 2 * np.pi / k <= longest_wavelength
    if shortest_wavelength is not None:
        used &= 2 * np.pi / k >= shortest_wavelength
    if k.size and used.sum() < POINTS:
        allowed = f"shorter than `longest_wavelength`, with {POINTS} points of the spectrum between them"
        raise ContractError(DEPTH, "shortest_wavelength", allowed, f"{used.sum()} points")
    k, std = k[used], found.log_std[used]
    if not k.size:
        return Layers(_layer_table([]), _spectrum_table(found))
    log_power = np.log(found.power[used]) + fractal * np.log(k)
    most = min(layers or 4, k.size // POINTS)
    if layers is not None and most < layers:
        allowed = f"at most {most}, for {k.size} points of the spectrum"
        raise ContractError(DEPTH, "layers", allowed, str(layers))
    parts = straight_parts(k, log_power, std, most=most, least=POINTS, exact=layers is not None)
    noise = 0.5 * min(place_of(DEPTH, "grid", grid).spacing)
    rows = []
    for first, last, slope, intercept, slope_std, share in zip(*parts, strict=True):
        finding = "noise" if -slope / 2 < noise else ""
        waves = 2 * np.pi / k[[first, last]]
        rows.append((-slope / 2 - height, slope_std / 2, *waves, last - first + 1, intercept, share, finding))
    return Layers(_layer_table(rows), _spectrum_table(found))


def _spectrum_of(process_id: str, grid: xr.DataArray) -> Spectrum:
    """Spectrum of a grid; empty where it is a plane."""
    cells = plane_of(process_id, "grid", grid)
    if min(cells.shape) < FEWEST_CELLS:
        came = f"{cells.shape[0]} x {cells.shape[1]}"
        raise ContractError(
            process_id, "grid", f"a grid of {FEWEST_CELLS} x {FEWEST_CELLS} cells or more", came
        )
    field = cells.to_numpy()
    share = float(np.isfinite(field).mean())
    if 0 < share < 0.5:
        allowed, hint = "a grid with values in half of its cells or more", "clip it first, with grid.clip"
        raise ContractError(process_id, "grid", allowed, f"one with {share:.0%}", hint=hint)
    return spectrum_of_field(field, place_of(process_id, "grid", grid).spacing)


def spectrum_of_field(field: Values, spacing: tuple[float, float]) -> Spectrum:
    """Spectrum of a field (rows, columns) less its plane, gaps filled; empty where it is a plane."""
    level = detrended(field)
    if is_plane_field(field, level):
        return Spectrum(*(np.zeros(0) for _ in Spectrum._fields))
    return radial_spectrum(fill_nearest(level, spacing), spacing)


def _spectrum_table(found: Spectrum) -> pd.DataFrame:
    with np.errstate(divide="ignore"):
        log_power = np.log(found.power)
    return pd.DataFrame(
        {
            "wavenumber": found.wavenumber, "wavelength": 2 * np.pi / found.wavenumber, "power": found.power,
            "log_power": log_power, "log_power_std": found.log_std, "waves": found.waves.astype(np.int64),
        }
    )  # fmt: skip


def _layer_table(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    names = (
        "depth", "depth_std", "longest_wavelength", "shortest_wavelength", "points", "intercept",
        "determination", "finding",
    )  # fmt: skip
    kinds = dict.fromkeys(names, np.float64) | {"points": np.int64, "finding": object}
    return pd.DataFrame(rows, columns=names).astype(kinds)
