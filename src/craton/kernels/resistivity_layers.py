"""Resistivity of layers: what four electrodes on a layered ground show, and how it changes with each layer.

A current I into a ground of horizontal layers makes at the distance r the potential

    V(r) = I/(2π) ∫ T(λ) J₀(λr) dλ = I/(2π r) P(r),

where T is the resistivity transform of `layer_recurrence`. P, the apparent resistivity of two electrodes, is
a convolution on the scale of ln r, and so are its derivative along r and the limit of Schlumberger's array
for potential electrodes that are close together.

Accuracy. T(eʸ) is analytic for |Im y| < π/2, so its spectrum falls as exp(−π|k|/2). The weights are those
of an ideal filter whose pass band ends smoothly about k = 16 (12 samples a decade); what is lost is below
1e-9 of the largest resistivity that the current meets. Arrays whose potential electrodes are close together
take differences: divide by MN/AB.

References
----------
Koefoed, O. (1970), A fast method for determining the layer distribution from the raised kernel function in
geoelectrical sounding, Geophysical Prospecting 18(4), 564-570, doi:10.1111/j.1365-2478.1970.tb02129.x.

Ghosh, D. P. (1971), Inverse filter coefficients for the computation of apparent resistivity standard curves
for a horizontally stratified earth, Geophysical Prospecting 19(4), 769-775,
doi:10.1111/j.1365-2478.1971.tb00915.x.

Johansen, H. K. and Sørensen, K. (1979), Fast Hankel transforms, Geophysical Prospecting 27(4), 876-901,
doi:10.1111/j.1365-2478.1979.tb01005.x.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc, loggamma

from craton.kernels.layer_recurrence import sensitivities, surface

Floats = NDArray[np.float64]

STEP = np.log(10.0) / 12.0
"""Between the samples of T, on the scale of ln λ."""

EDGE = 0.8
"""Width of the edge of the pass band: what lies beyond ±6 of it is below 1e-16."""

REACH = (-24.0, 14.0)
"""ln(λr) of the first and the last sample; weights beyond are below 1e-9."""


@lru_cache(maxsize=2)
def filter_of(order: int) -> tuple[Floats, Floats]:
    """Samples λr and weights of the filter: order 0 for two electrodes, 1 for the limit of Schlumberger.

    Notes
    -----
    With g(z) = eᶻ J₀(eᶻ), or e²ᶻ J₁(eᶻ), P(r) = ∫ T(eʸ) g(y + ln r) dy. The transform of g is known,

        ∫ g(z) exp(−ikz) dz = 2^(n−ik) Γ((1 + 2n − ik)/2) / Γ((1 + ik)/2),     n the order,

    and the weights are its inverse transform times the pass band.
    """
    end = np.pi / STEP + 6.0 * EDGE
    wavenumber = np.linspace(0.0, end, 4001)
    gamma = loggamma((1 + 2 * order - 1j * wavenumber) / 2) - loggamma((1 + 1j * wavenumber) / 2)
    spectrum = np.exp((order - 1j * wavenumber) * np.log(2.0) + gamma)
    spectrum *= 0.5 * erfc((wavenumber - np.pi / STEP) / EDGE)
    spectrum[[0, -1]] *= 0.5
    places = STEP * np.arange(round(REACH[0] / STEP), round(REACH[1] / STEP) + 1)
    waves = np.exp(1j * np.outer(places, wavenumber))
    return np.exp(places), STEP / np.pi * wavenumber[1] * (waves @ spectrum).real


def apparent_resistivity(distances: ArrayLike, resistivity: ArrayLike, thickness: ArrayLike) -> Floats:
    """Apparent resistivity of four electrodes on layers.

    Use it for any array on flat layered ground. Not where resistivity changes sideways.

    Parameters
    ----------
    distances : array (n, 4)
        From A to M, B to M, A to N and B to N in metres, above 0; infinite for electrodes far away.
    resistivity : array (layers,)
        Of each layer from the top, in ohm.m, above 0.
    thickness : array (layers − 1,)
        Of all layers but the last, in metres, above 0.

    Returns
    -------
    array (n,)
        In ohm.m; NaN where the four distances show no difference of potential on uniform ground.
    """
    two, weights = _pairs(distances)
    return _summed(_transform(two, resistivity, thickness, 0), two, weights)


def apparent_resistivity_sensitivity(
    distances: ArrayLike, resistivity: ArrayLike, thickness: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Apparent resistivity, and its derivatives by the logarithms of resistivities and thicknesses.

    Parameters
    ----------
    distances, resistivity, thickness : array
        As for `apparent_resistivity`.

    Returns
    -------
    tuple of array
        Apparent resistivity (n,), ∂/∂ln ρ (n, layers) and ∂/∂ln h (n, layers − 1), in ohm.m.
    """
    two, weights = _pairs(distances)
    parts = _transform_sensitivity(two, resistivity, thickness, 0)
    value, by_resistivity, by_thickness = (_summed(part, two, weights) for part in parts)
    return value, by_resistivity.T, by_thickness.T


def schlumberger(spacing: ArrayLike, resistivity: ArrayLike, thickness: ArrayLike) -> Floats:
    """Apparent resistivity of Schlumberger's array whose potential electrodes are close together.

    Parameters
    ----------
    spacing : array (n,)
        Half the distance of the current electrodes in metres, above 0.
    resistivity, thickness : array
        As for `apparent_resistivity`.

    Returns
    -------
    array (n,)
        In ohm.m: r² ∫ T(λ) J₁(λr) λ dλ.
    """
    return _transform(np.asarray(spacing, np.float64), resistivity, thickness, 1)


def schlumberger_sensitivity(
    spacing: ArrayLike, resistivity: ArrayLike, thickness: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Values of `schlumberger`, and derivatives as of `apparent_resistivity_sensitivity`."""
    parts = _transform_sensitivity(np.asarray(spacing, np.float64), resistivity, thickness, 1)
    value, by_resistivity, by_thickness = parts
    return value, by_resistivity.T, by_thickness.T


def _pairs(distances: ArrayLike) -> tuple[Floats, Floats]:
    """Distances (n, 4), and the weight of each in the apparent resistivity; 0 for those far away."""
    four = np.asarray(distances, np.float64)
    shares = np.array([1.0, -1.0, -1.0, 1.0]) / four
    uniform = shares.sum(axis=1)
    nothing = np.abs(uniform) <= 1e-12 * np.abs(shares).max(axis=1)
    weights = shares / np.where(nothing, np.nan, uniform)[:, None]
    return np.where(np.isfinite(four), four, 1.0), weights


def _summed(values: Floats, distances: Floats, weights: Floats) -> Floats:
    """Sum over the four distances of each array, which are the last axis of `values`."""
    total: Floats = (values.reshape(*values.shape[:-1], *distances.shape[-2:]) * weights).sum(axis=-1)
    return total


def _wavenumbers(distances: Floats, order: int) -> tuple[Floats, Floats]:
    samples, weights = filter_of(order)
    return samples / distances.reshape(-1, 1), weights


def _transform(distances: Floats, resistivity: ArrayLike, thickness: ArrayLike, order: int) -> Floats:
    """Filtered transform at each of the distances (m,)."""
    wavenumber, weights = _wavenumbers(distances, order)
    own = np.asarray(resistivity, np.float64)[:, None, None] + np.zeros_like(wavenumber)
    tangent = np.tanh(np.asarray(thickness, np.float64)[:, None, None] * wavenumber)
    filtered: Floats = surface(own, tangent) @ weights
    return filtered


def _transform_sensitivity(
    distances: Floats, resistivity: ArrayLike, thickness: ArrayLike, order: int
) -> tuple[Floats, Floats, Floats]:
    """Filtered transform (m,) and its derivatives (layers, m), (layers − 1, m)."""
    wavenumber, weights = _wavenumbers(distances, order)
    resistivities = np.asarray(resistivity, np.float64)[:, None, None]
    phases = np.asarray(thickness, np.float64)[:, None, None] * wavenumber
    tangent = np.tanh(phases)
    value, by_own, by_tangent = sensitivities(resistivities + np.zeros_like(wavenumber), tangent)
    by_thickness = by_tangent * phases * (1.0 - tangent**2)
    return value @ weights, (by_own * resistivities) @ weights, by_thickness @ weights
