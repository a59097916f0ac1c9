"""Sounding fit: readings of one electrical sounding, and the layers that explain them."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from craton.kernels import occam, resistivity_layers, resistivity_section
from craton.kernels.occam import Found
from craton.kernels.resistivity_layers import Floats
from craton.methods.layer_table import layered
from craton.process import progress

Array = Literal["schlumberger", "wenner", "dipole_dipole"]

START_DEVIATION = 0.03
"""Least standard deviation of a logarithm in the smooth model that models of few layers start from."""

SMOOTH_LAYERS = 25
"""Layers of a smooth model: about eight a decade of depth, finer than any sounding tells apart."""


class Spread:
    """An array at its spacings (n,), with half of MN or the length of dipoles (n,)."""

    def __init__(self, array: Array, spacing: Floats, inner: Floats) -> None:
        self.spacing = spacing
        self.ideal = array == "schlumberger" and not inner.any()
        self.distances = _distances(array, spacing, 1e-3 * spacing if self.ideal else inner)

    @property
    def depths(self) -> Floats:
        """Median depth of each reading."""
        return resistivity_section.median_depth(self.distances)

    def response(self, resistivity: Floats, thickness: Floats) -> Floats:
        """Apparent resistivities."""
        if self.ideal:
            return resistivity_layers.schlumberger(self.spacing, resistivity, thickness)
        return resistivity_layers.apparent_resistivity(self.distances, resistivity, thickness)

    def sensitivity(self, resistivity: Floats, thickness: Floats) -> tuple[Floats, Floats, Floats]:
        """Apparent resistivities, derivatives by the logarithms of resistivities and of thicknesses."""
        if self.ideal:
            return resistivity_layers.schlumberger_sensitivity(self.spacing, resistivity, thickness)
        return resistivity_layers.apparent_resistivity_sensitivity(self.distances, resistivity, thickness)


def _distances(array: Array, spacing: Floats, inner: Floats) -> Floats:
    """From A to M, B to M, A to N, B to N (n, 4)."""
    if array == "wenner":
        return np.stack([spacing, 2 * spacing, 2 * spacing, spacing], axis=1)
    if array == "schlumberger":
        near, far = spacing - inner, spacing + inner
        return np.stack([near, far, far, near], axis=1)
    return np.stack([spacing - inner, spacing, spacing, spacing + inner], axis=1)


class SoundingData(NamedTuple):
    """Readings of a sounding: spread, logarithms of apparent resistivity, and their standard deviations."""

    spread: Spread
    values: Floats
    deviation: Floats

    def problem(self, thickness: Floats | None, count: int) -> occam.Problem:
        """Unknown resistivities of layers of known thickness, or of `count` layers and their thicknesses."""

        def parts(model: Floats) -> tuple[Floats, Floats]:
            resistivity = np.exp(model[:count])
            return resistivity, np.exp(model[count:]) if thickness is None else thickness

        def response(model: Floats) -> Floats:
            with np.errstate(divide="ignore", invalid="ignore"):
                curve: Floats = np.log(self.spread.response(*parts(model)))
            return curve

        def linearised(model: Floats) -> tuple[Floats, Floats]:
            value, by_resistivity, by_thickness = self.spread.sensitivity(*parts(model))
            slope = by_resistivity if thickness is not None else np.hstack([by_resistivity, by_thickness])
            return np.log(value), slope / value[:, None]

        return occam.Problem(
            response, linearised, self.values, self.deviation,
            report=lambda step: progress.report(step / occam.MOST_STEPS, "layers"),
        )  # fmt: skip


def fitted(data: SoundingData, depth: float | None, target: float, few: int) -> tuple[Found, Floats]:
    """A model and the thicknesses of its layers: of `few` layers, smooth where that is 0."""
    depths = data.spread.depths
    last = depth if depth is not None else 2.0 * depths.max()
    thickness = layered(min(0.5 * depths.min(), 0.1 * last), last, SMOOTH_LAYERS)
    start = np.full(SMOOTH_LAYERS, data.values.mean())
    roughness = occam.differences(SMOOTH_LAYERS)
    # A start needs no close fit, which would cost many steps.
    loose = data._replace(deviation=np.maximum(data.deviation, START_DEVIATION)) if few else data
    found = occam.smooth(loose.problem(thickness, SMOOTH_LAYERS), start, roughness, target=target)
    if not few:
        return found, thickness
    problem = data.problem(None, few)
    best = min(
        (occam.few(problem, one) for one in _starts(found.model, thickness, few)), key=lambda one: one.misfit
    )
    return best, np.exp(best.model[few:])


def _starts(smooth: Floats, thickness: Floats, count: int) -> list[Floats]:
    """Models of `count` layers to start from: logarithms of resistivities, then of thicknesses."""
    bases = np.cumsum(thickness)
    even = np.linspace(0, len(smooth), count + 1).astype(int)[:-1]
    early = (even * 0.6).astype(int)
    starts = []
    for firsts in (occam.segments(smooth, count), even, early):
        if len(np.unique(firsts)) < count:
            continue
        means = [part.mean() for part in np.split(smooth, firsts[1:])]
        edges = np.concatenate([[0.0], bases[firsts[1:] - 1]])
        starts.append(np.concatenate([means, np.log(np.diff(edges))]))
    return starts
