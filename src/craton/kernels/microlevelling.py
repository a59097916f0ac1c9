"""Microlevelling: what is left of levelling errors in a grid, stripes along the flight lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from craton.kernels.potential_field import fill_nearest, pad_tapered, trend_parts
from craton.kernels.threads import THREADS

Floats = NDArray[np.float64]


def stripes(
    field: Floats,
    step: tuple[float, float],
    azimuth: float,
    wavelength: float,
    *,
    order: int = 4,
    sharpness: float = 2.0,
    along: float = 0.0,
) -> Floats:
    """Part of a field that is short across a direction and long along it.

    Parameters
    ----------
    field : array (rows, columns)
        Cells without a value are filled from their nearest, and are NaN in the result.
    step : tuple of float
        Signed distance to the next row (to the north) and to the next column (to the east), in metres.
    azimuth : float
        Direction of the stripes, in degrees clockwise from the north of the grid.
    wavelength : float
        Wavelength in metres below which features across the stripes belong to them.
    order : int
        Order of the Butterworth filter, 1 or more.
    sharpness : float
        Power of the directional cosine, 0 or more.
    along : float
        Wavelength in metres along the stripes at which half is kept, shorter ones less; 0 for no limit.

    Returns
    -------
    array (rows, columns)
        In the unit of `field`, to be subtracted from it.

    Notes
    -----
    The wave k is multiplied by

        1 / (1 + (k₀/|k|)²ⁿ) · |k⊥/k|^p · exp(−ln 2 (k∥/kₐ)²),

    with k⊥ and k∥ its parts across and along the stripes. A plane is taken out first, and the field fades
    beyond its edges.

    References
    ----------
    Minty, B. R. S. (1991), Simple micro-levelling for aeromagnetic data, Exploration Geophysics 22(4),
    591-592, doi:10.1071/EG991591.
    """
    known = np.isfinite(field)
    rows, columns = trend_parts(field)
    flat = fill_nearest(field - rows[:, None] - columns, (abs(step[0]), abs(step[1])))
    padded, inside = pad_tapered(flat)
    spectrum = np.asarray(fft.rfft2(padded, workers=THREADS))
    north = 2 * np.pi * fft.fftfreq(padded.shape[0], step[0])[:, None]
    east = 2 * np.pi * fft.rfftfreq(padded.shape[1], step[1])[None, :]
    spectrum *= response(north, east, azimuth, wavelength, order=order, sharpness=sharpness, along=along)
    found = np.asarray(fft.irfft2(spectrum, s=padded.shape, workers=THREADS), dtype=np.float64)[inside]
    return np.where(known, found, np.nan)


def response(
    north: Floats,
    east: Floats,
    azimuth: float,
    wavelength: float,
    *,
    order: int,
    sharpness: float,
    along: float,
) -> Floats:
    """Factor of each wave of `stripes`, of wavenumbers to the north and east in rad/m; 0 for the mean."""
    angle = np.radians(azimuth)
    size = np.hypot(north, east)
    lengthwise = north * np.cos(angle) + east * np.sin(angle)
    with np.errstate(divide="ignore", invalid="ignore"):
        short = 1.0 / (1.0 + (2 * np.pi / wavelength / size) ** (2 * order))
        across = np.abs(east * np.cos(angle) - north * np.sin(angle)) / size
    factor = np.where(size > 0, short * across**sharpness, 0.0)
    if along:
        factor = factor * np.exp(-np.log(2.0) * (lengthwise * along / (2 * np.pi)) ** 2)
    return np.asarray(factor)
