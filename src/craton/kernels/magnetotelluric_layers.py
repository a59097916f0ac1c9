"""Magnetotelluric layers: impedance of a layered ground to plane waves, and how it changes with each layer.

For fields that go with exp(+iωt), γ = √(iωμ₀/ρ) is the wavenumber and w = iωμ₀/γ = √(iωμ₀ρ) the impedance of
a layer; Wait's recursion (`layer_recurrence`) carries it to the surface. Over uniform ground the apparent
resistivity |Z|²/(ωμ₀) is ρ and the phase 45°. Displacement currents are left out: frequencies well below
1/(2π ε ρ), which is 10⁵ Hz and more for ground below 10⁵ ohm.m.

References
----------
Wait, J. R. (1954), On the relation between telluric currents and the earth's magnetic field, Geophysics
19(2), 281-289, doi:10.1190/1.1437994.

Cagniard, L. (1953), Basic theory of the magneto-telluric method of geophysical prospecting, Geophysics
18(3), 605-635, doi:10.1190/1.1437915.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from craton.kernels.layer_recurrence import sensitivities, surface
from craton.kernels.resistivity_layers import Floats

Complex = NDArray[np.complex128]

PERMEABILITY = 4e-7 * np.pi
"""Of vacuum and of almost all rock, in H/m."""


def impedance(frequency: ArrayLike, resistivity: ArrayLike, thickness: ArrayLike) -> Complex:
    """Impedance E/H at the surface of layers.

    Parameters
    ----------
    frequency : array (n,)
        In Hz, above 0.
    resistivity : array (layers,)
        Of each layer from the top, in ohm.m, above 0.
    thickness : array (layers − 1,)
        Of all layers but the last, in metres, above 0.

    Returns
    -------
    array (n,)
        In ohm.
    """
    own, phases = _waves(frequency, resistivity, thickness)
    return surface(own, _tangent(phases))


def logarithm_sensitivity(
    frequency: ArrayLike, resistivity: ArrayLike, thickness: ArrayLike
) -> tuple[Complex, Complex]:
    """Logarithm of the impedance, and its derivative by the logarithms of resistivities.

    Its real part is half the logarithm of the apparent resistivity but for a constant, its imaginary part
    the phase in radians.

    Parameters
    ----------
    frequency, resistivity, thickness : array
        As for `impedance`.

    Returns
    -------
    tuple of array
        ln Z (n,) with Z in ohm, and ∂ ln Z/∂ ln ρ (n, layers).
    """
    own, phases = _waves(frequency, resistivity, thickness)
    tangent = _tangent(phases)
    value, by_own, by_tangent = sensitivities(own, tangent)
    # w goes with √ρ, and γh with 1/√ρ.
    change = 0.5 * by_own * own
    change[:-1] -= 0.5 * by_tangent * phases * (1.0 - tangent**2)
    return np.log(value), (change / value).T


def apparent_resistivity(impedances: ArrayLike, frequency: ArrayLike) -> Floats:
    """Apparent resistivity |Z|²/(ωμ₀) in ohm.m of impedances in ohm at frequencies in Hz."""
    magnitude = np.abs(np.asarray(impedances))
    apparent: Floats = magnitude**2 / (2.0 * np.pi * np.asarray(frequency, np.float64) * PERMEABILITY)
    return apparent


def _waves(frequency: ArrayLike, resistivity: ArrayLike, thickness: ArrayLike) -> tuple[Complex, Complex]:
    """Impedance w (layers, n) and γh (layers − 1, n)."""
    omega = 2.0 * np.pi * np.asarray(frequency, np.float64)
    resistivities = np.asarray(resistivity, np.float64)[:, None]
    own: Complex = np.sqrt(1j * omega * PERMEABILITY * resistivities)
    wavenumber: Complex = np.sqrt(1j * omega * PERMEABILITY / resistivities[:-1])
    return own, np.asarray(thickness, np.float64)[:, None] * wavenumber


def _tangent(phases: Complex) -> Complex:
    """Hyperbolic tangent, which is 1 to all digits where the real part is above 20."""
    return np.where(phases.real > 20.0, 1.0, np.tanh(np.where(phases.real > 20.0, 1.0, phases)))
