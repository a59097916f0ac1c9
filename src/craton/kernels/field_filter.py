"""Filters of fields by wavelength, by strike and by depth of their sources.

All have zero phase. A filter's half point, where it lets half of the amplitude through, is its cut-off.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy import ndimage, optimize

from craton.kernels.wavenumber import Factors, Reals, Response, length, radial

Shape = Literal["butterworth", "gaussian", "cosine"]
"""How a filter goes from letting through to holding back."""

LOG_HALF = float(np.log(0.5))


class Layers(NamedTuple):
    """Two layers of sources: depths of the deep and the shallow one in metres, and where they are equal.

    `crossing` is the wavenumber (rad/m) at which both give the same amplitude.
    """

    deep: float
    shallow: float
    crossing: float


def low_pass(
    wavelength: float, *, shape: Shape = "butterworth", order: int = 4, width: float = 0.5
) -> Response:
    """Response that keeps waves longer than `wavelength` (metres).

    Parameters
    ----------
    wavelength : float
        Cut-off in metres, above 0: half of the amplitude passes.
    shape : str
        `butterworth`: 1 / (1 + (k/k_c)²ⁿ); `gaussian`: 2^(-(k/k_c)²); `cosine`: half a cosine wave from
        1 at k_c (1 - width/2) to 0 at k_c (1 + width/2).
    order : int
        n of the Butterworth filter, 1 or more.
    width : float
        Width of the cosine roll-off as a part of the cut-off wavenumber, above 0 and at most 2.

    References
    ----------
    Butterworth, S. (1930), On the theory of filter amplifiers, Experimental Wireless & the Wireless
    Engineer 7, 536-541.
    """
    cut = 2 * float(np.pi) / float(wavelength)

    def factor(k: Reals) -> Reals:
        ratio = np.divide(k, cut, out=k)
        if shape == "gaussian":
            return np.asarray(np.exp(LOG_HALF * ratio**2))
        if shape == "cosine":
            place = np.clip((ratio - 1) / float(width) + 0.5, 0.0, 1.0)
            return np.asarray(0.5 + 0.5 * np.cos(float(np.pi) * place))
        # The power of a wave far beyond the cut-off must not overflow in single precision.
        return np.asarray(1 / (1 + np.minimum(ratio, 10.0 ** (16 / order)) ** (2 * order)))

    return radial(factor)


def strike(azimuth: float, *, degree: float = 2.0, keep: bool = True) -> Response:
    """Response that keeps, or takes away, what runs along `azimuth`.

    Parameters
    ----------
    azimuth : float
        Strike in degrees clockwise from northing.
    degree : float
        Power of the cosine, above 0; the higher, the narrower the fan of directions.
    keep : bool
        Whether features along the strike are kept; otherwise they are taken away.

    Notes
    -----
    A feature along the strike has its waves across it: |cos(φ - azimuth - 90°)|ⁿ, φ the azimuth of the
    wavenumber. The mean, which has no direction, is kept.
    """
    across = np.radians(azimuth + 90.0)
    to_north, to_east = float(np.cos(across)), float(np.sin(across))

    def factors(north: Reals, east: Reals) -> Factors:
        lengths = length(north, east)
        ratio = np.abs(to_north * north + to_east * east) / np.maximum(lengths, np.finfo(lengths.dtype).tiny)
        fan = np.minimum(ratio, 1.0) ** float(degree)
        factor = fan if keep else 1 - fan
        factor[lengths == 0] = 1.0
        return np.asarray(factor)

    return Response(factors)


def deep_pass(layers: Layers) -> Response:
    """Matched filter for the deep one of two layers; one less it is that for the shallow one.

    Notes
    -----
    Layers whose amplitudes decay as A exp(-k d) and B exp(-k s), d > s, and are equal at k_x:
    H = 1 / (1 + exp((d - s)(k - k_x))).

    References
    ----------
    Syberg, F. J. R. (1972), A Fourier method for the regional-residual problem of potential fields,
    Geophysical Prospecting 20, 47-75.

    Phillips, J. D. (2001), Designing matched bandpass and azimuthal filters for the separation of
    potential-field anomalies by source region and source type, ASEG Extended Abstracts 2001(1), 1-4.
    """
    apart, crossing = float(layers.deep - layers.shallow), float(layers.crossing)

    def factor(k: Reals) -> Reals:
        rise = np.clip(apart * (k - crossing), -80.0, 80.0)
        return np.asarray(1 / (1 + np.exp(rise)))

    return radial(factor)


class Spectrum(NamedTuple):
    """Mean power by wavenumber: wavenumbers in rad/m, ln of the mean power, waves in each ring."""

    wavenumbers: Reals
    log_power: Reals
    counts: Reals


def radial_spectrum(amplitudes: Reals, north: Reals, east: Reals) -> Spectrum:
    """Mean power of the waves in rings of one ground wavenumber's width, without the mean.

    Parameters
    ----------
    amplitudes : array (rows, columns)
        Real or complex amplitudes of the waves.
    north, east : array
        Wavenumbers of rows and columns in rad/m.

    Returns
    -------
    Spectrum
        Rings up to the shorter of the two highest wavenumbers, those without power left out.
    """
    step = max(float(np.abs(np.diff(axis[:2])).max()) for axis in (north, east))
    highest = min(float(np.abs(axis).max()) for axis in (north, east))
    count = max(1, int(highest / step))
    lengths = length(north[:, None].astype(np.float64), east.astype(np.float64))
    ring = np.minimum((lengths / step + 0.5).astype(np.intp), count + 1).ravel()
    power = (amplitudes.real.astype(np.float64) ** 2 + amplitudes.imag.astype(np.float64) ** 2).ravel()
    waves, sums, places = (
        np.bincount(ring, weights, count + 2)[1 : count + 1] for weights in (None, power, lengths.ravel())
    )
    used = (waves > 0) & (sums > 0)
    return Spectrum(places[used] / waves[used], np.log(sums[used] / waves[used]), waves[used])


def two_layers(spectrum: Spectrum) -> Layers | None:
    """Two layers of sources whose power explains a radial spectrum best; none where there are not two.

    Notes
    -----
    Ln of the mean power falls by 2 d over wavenumber above a layer of sources at depth d. Two straight
    lines are fitted, below and above each possible break, and the break with the least sum of squares
    is taken; three rings at least lie on either side. There are not two layers where the first line is
    not the steeper, or the second does not fall. From there ln (A exp(-2 d k) + B exp(-2 s k)) is fitted
    to all rings by least squares, each weighed by its number of waves.

    References
    ----------
    Spector, A. and Grant, F. S. (1970), Statistical models for interpreting aeromagnetic data,
    Geophysics 35(2), 293-302.
    """
    k, power = spectrum.wavenumbers, spectrum.log_power
    best: tuple[float, Reals, Reals] | None = None
    for split in range(3, k.size - 2):
        low, high = (np.polyfit(k[part], power[part], 1) for part in (slice(None, split), slice(split, None)))
        misfit = _squares(low, k[:split], power[:split]) + _squares(high, k[split:], power[split:])
        if best is None or misfit < best[0]:
            best = misfit, low, high
    if best is None:
        return None
    if not best[1][0] < best[2][0] < 0:
        return None
    (first, steep), (second, gentle) = _two_slopes(spectrum, best[1], best[2])
    deep, shallow = -steep / 2, -gentle / 2
    if not deep > shallow > 0:
        return None
    return Layers(float(deep), float(shallow), float((first - second) / (2 * (deep - shallow))))


def _two_slopes(spectrum: Spectrum, low: Reals, high: Reals) -> Reals:
    """Two lines, as level and slope, whose sum in power fits best, from slope and level of a first guess."""
    scale = float(spectrum.wavenumbers[-1])
    k, weights = spectrum.wavenumbers / scale, np.sqrt(spectrum.counts)

    def lack(lines: Reals) -> Reals:
        model = np.logaddexp(lines[0] + lines[1] * k, lines[2] + lines[3] * k)
        return np.asarray(weights * (model - spectrum.log_power))

    start = np.array([low[1], low[0] * scale, high[1], high[0] * scale])
    lines = optimize.least_squares(lack, start, x_scale=np.maximum(np.abs(start), 1e-3)).x.reshape(2, 2)
    return np.asarray(lines / [1.0, scale])


def layers_of_depths(spectrum: Spectrum, deep: float, shallow: float) -> Layers | None:
    """Layers at known depths whose power explains a radial spectrum best; none where one of them has none.

    The powers A exp(-2 k deep) + B exp(-2 k shallow) are fitted in logarithms, over the ratio of the two.
    One layer has none where the best crossing of the two is the first or the last ring.
    """
    k, power = spectrum.wavenumbers, spectrum.log_power
    misfits = [
        float(np.var(power - np.logaddexp(-2 * deep * (k - crossing), -2 * shallow * (k - crossing))))
        for crossing in k
    ]
    best = int(np.argmin(misfits)) if misfits else 0
    if not 0 < best < k.size - 1:
        return None
    return Layers(float(deep), float(shallow), float(k[best]))


def _squares(line: Reals, places: Reals, values: Reals) -> float:
    return float(np.sum((np.polyval(line, places) - values) ** 2))


def cut(field: Reals, radius: tuple[int, int], times: int) -> Reals:
    """Regional part of a field by repeated cutting at its four neighbours.

    Parameters
    ----------
    field : array (rows, columns)
        All cells must be finite.
    radius : tuple of int
        Distance of the neighbours in rows and in columns, 1 or more.
    times : int
        Cuts, 1 or more.

    Notes
    -----
    Each cut replaces the field by the mean of itself and of its average over the four cells at the
    radius, R ← ½ R + ⅛ Σ R; the field is reflected at its edges. A wave of wavenumber k is left with
    (½ + ¼ cos k_n r + ¼ cos k_e r) to the power of the number of cuts: planes are not changed, and
    features narrower than the radius are cut off.
    """
    kernels = [_pair(one) for one in radius]
    regional = np.array(field, copy=True)
    for _ in range(times):
        around = sum(
            ndimage.correlate1d(regional, kernel, axis, mode="reflect") for axis, kernel in enumerate(kernels)
        )
        regional = np.asarray(regional / 2 + around / 2)
    return regional


def _pair(radius: int) -> Reals:
    """Weights of the two neighbours at `radius` cells, one quarter each."""
    weights = np.zeros(2 * radius + 1)
    weights[[0, -1]] = 0.25
    return weights
