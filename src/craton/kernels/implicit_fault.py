"""Fault kinematics: where a fault carries points to, and where they came from.

A fault is a scalar field whose level is the fault surface and which grows into the hanging wall. A rigid
block (no finite half axis) is carried by the slip vector as a whole. A finite fault carries most at its
centre, less towards an elliptic tip line, and less away from the surface:

    D = p(ρ) q(|n| / hₙ),   ρ² = (s / hₛ)² + (d / h_d)²,
    p(ρ) = 2 (1 − ρ) √(((1 + ρ)/2)² − ρ²),   q(x) = (1 − x)² (1 + 2x),

with s along strike and d along dip from the centre, n the distance from the surface, and D = 0 from ρ = 1 or
|n| = hₙ on. Points flow along the surface: dx/dt = ± D v for 0 ≤ t ≤ 1, where v is the slip vector turned
into the level of the fault's field at x. No point so changes side, and restoring is the same flow reversed.

References
----------
Walsh, J. J. and Watterson, J. (1987), Distributions of cumulative displacement and seismic slip on a single
normal fault surface, Journal of Structural Geology 9(8), 1039-1046 (profile p).
doi:10.1016/0191-8141(87)90012-5

Grose, L., Ailleres, L., Laurent, G., Caumon, G., Jessell, M. and Armit, R. (2021), Modelling of faults in
LoopStructural 1.0, Geoscientific Model Development 14(10), 6197-6213. doi:10.5194/gmd-14-6197-2021
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 4
"""Runge-Kutta steps of the flow; their error is 1e-5 of a slip of half the half axis, 1e-7 of a fifth."""


class ScalarField(Protocol):
    """A field that has values and gradients."""

    def at(self, places: Floats) -> Floats:
        """Values (k,) at places (k, 3)."""

    def gradient(self, places: Floats) -> Floats:
        """Gradients (k, 3) at places (k, 3)."""


class Fault(NamedTuple):
    """A fault and its slip.

    Parameters
    ----------
    field : ScalarField
        Grows from the foot wall into the hanging wall.
    level : float
        Value of the field on the fault.
    slip : array (3,)
        Vector in metres by which the hanging wall moved past the foot wall at the centre.
    centre : array (3,)
        Middle of the fault surface, in metres; only the finite fault needs it.
    half_axes : array (3,)
        Half axes along strike and along dip, and how far from the surface slip is felt, in metres; infinite
        where nothing decays.
    hanging_share : float
        Part of the slip that the hanging wall takes, 0 to 1; the foot wall takes the rest the other way.
    """

    field: ScalarField
    level: float
    slip: Floats
    centre: Floats = np.zeros(3)
    half_axes: Floats = np.full(3, np.inf)
    hanging_share: float = 1.0


def slip_vector(dip: float, dip_direction: float, slip: float, *, rake: float = -90.0) -> Floats:
    """Vector (3,) in metres of the slip of the hanging wall.

    Parameters
    ----------
    dip, dip_direction : float
        Degrees; the strike is the dip direction less 90.
    slip : float
        Length in metres.
    rake : float
        Degrees from strike, upwards in the fault plane: −90 is normal, 90 reverse, 0 left lateral, 180 right
        lateral (Aki and Richards 2002, figure 4.20).
    """
    steep, towards, turned = np.radians([dip, dip_direction, rake])
    strike = np.array([-np.cos(towards), np.sin(towards), 0.0])
    up_dip = np.array([-np.sin(towards) * np.cos(steep), -np.cos(towards) * np.cos(steep), np.sin(steep)])
    vector: Floats = slip * (np.cos(turned) * strike + np.sin(turned) * up_dip)
    return vector


def is_hanging(fault: Fault, places: Floats) -> NDArray[np.bool_]:
    """Whether places (k, 3) are in the hanging wall."""
    hanging: NDArray[np.bool_] = fault.field.at(places) > fault.level
    return hanging


def displaced(fault: Fault, places: Floats) -> Floats:
    """Where places (k, 3) of before the fault are carried to."""
    return _carried(fault, places, 1.0)


def restored(fault: Fault, places: Floats) -> Floats:
    """Where places (k, 3) of today were before the fault: the inverse of `displaced`."""
    return _carried(fault, places, -1.0)


def _carried(fault: Fault, places: Floats, sense: float) -> Floats:
    """Places moved by the fault, or back."""
    value = fault.field.at(places) - fault.level
    share = sense * np.where(value > 0.0, fault.hanging_share, fault.hanging_share - 1.0)
    if not np.isfinite(fault.half_axes).any():
        return places + share[:, np.newaxis] * fault.slip
    across, along = _axes(fault)
    steepness = float(np.linalg.norm(fault.field.gradient(fault.centre[np.newaxis])))
    share = share * _fade(np.abs(value) / steepness / fault.half_axes[2])
    moving = share != 0.0
    carried = places.astype(np.float64)
    carried[moving] = _flow(fault, places[moving], share[moving], np.stack([across, along]))
    return carried


def _axes(fault: Fault) -> tuple[Floats, Floats]:
    """Directions of strike and of dip of the surface at the centre; of a flat one, of the slip instead."""
    normal = fault.field.gradient(fault.centre[np.newaxis])[0]
    normal = normal / np.linalg.norm(normal)
    strike = np.array([normal[1], -normal[0], 0.0])
    if np.linalg.norm(strike) < 1e-6:
        strike = np.cross(normal, fault.slip)
    strike = strike / (np.linalg.norm(strike) or 1.0)
    return strike, np.cross(normal, strike)


def _flow(fault: Fault, places: Floats, share: Floats, axes: Floats) -> Floats:
    """Places (k, 3) after the flow, by classical Runge-Kutta steps."""
    step = 1.0 / STEPS

    def velocity(at: Floats) -> Floats:
        part = share * _profile(np.linalg.norm((at - fault.centre) @ axes.T / fault.half_axes[:2], axis=1))
        return part[:, np.newaxis] * _turned(fault, at)

    for _step in range(STEPS):
        first = velocity(places)
        second = velocity(places + step / 2 * first)
        third = velocity(places + step / 2 * second)
        places = places + step / 6 * (first + 2 * second + 2 * third + velocity(places + step * third))
    return places


def _turned(fault: Fault, places: Floats) -> Floats:
    """The slip vector (k, 3) turned into the level of the fault's field, its length kept."""
    gradient = fault.field.gradient(places)
    square = (gradient**2).sum(axis=1)
    away = (gradient @ fault.slip) / np.where(square > 0.0, square, 1.0)
    within = fault.slip - away[:, np.newaxis] * gradient
    length = np.linalg.norm(within, axis=1)
    factor = np.linalg.norm(fault.slip) / np.where(length > 0.0, length, 1.0)
    turned: Floats = within * factor[:, np.newaxis]
    return turned


def _profile(distance: Floats) -> Floats:
    """Slip over that at the centre, by the distance from it over that to the tip line."""
    inside = np.minimum(distance, 1.0)
    profile: Floats = 2.0 * (1.0 - inside) * np.sqrt(np.maximum(((1.0 + inside) / 2) ** 2 - inside**2, 0.0))
    return profile


def _fade(distance: Floats) -> Floats:
    """Slip over that at the surface, by the distance from it over the reach."""
    inside = np.minimum(distance, 1.0)
    fade: Floats = (1.0 - inside) ** 2 * (1.0 + 2.0 * inside)
    return fade
