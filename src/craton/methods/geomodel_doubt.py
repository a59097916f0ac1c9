"""Doubt of a fitted field between its data: how much it may bend, and fields drawn that bend so much.

The field of a series is taken to be a Gaussian random field of generalized covariance σ² h³, of which the
smoothest field is the mean. Two estimates of σ² are known: the one by which contacts are, on average, as far
from where the other data put them as it says (leave-one-out), and the likeliest one by all data. Beds are
mostly smoother from bend to bend than such a field; then the first is too small, for it looks no further than
the next datum, and the second too large. Their geometric mean held the truth as often as intervals say on
models of known truth. A field is drawn by drawing one that knows no data, and bending it as little as can be
to honour data moved by their errors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from craton.kernels.implicit_checks import checked, frame_of
from craton.kernels.implicit_field import Background, Constraints, fit, left_out
from craton.kernels.intrinsic_field import intrinsic_field
from craton.kernels.partition_coarse import part_of
from craton.kernels.partition_field import Settings, fit_partition
from craton.methods.geomodel_fit import Asked, Choices, ScalarField, is_whole

LEAST, MOST = -8.0, 5.0
"""Powers of ten of the least and greatest σ², values and lengths in the extent of the data."""

CLOSE = 0.02
"""How near its power of ten is found."""


class Errors(NamedTuple):
    """Standard deviations: of the contact in each row of the table (metres), and of dips (radians)."""

    contacts: np.ndarray
    dips: float


class _Noise(NamedTuple):
    """Variances in the extent of the data: of each contact, and of slopes."""

    contacts: np.ndarray
    slopes: float

    @property
    def is_none(self) -> bool:
        return not self.slopes and not self.contacts.any()


class Mean(NamedTuple):
    """Fits mean fields, and keeps σ² of each, in squared units of the field over cubic metres.

    Parameters
    ----------
    process : str
        Named in refusals.
    choices : Choices
        How fields are fitted.
    errors : Errors
        Of the data.
    variances : dict
        σ² by place of the series, and whether it is the floor.
    """

    process: str
    choices: Choices
    errors: Errors
    variances: dict[tuple[int, bool], float]

    def fit(self, asked: Asked) -> ScalarField:
        """Mean field, with its σ² kept."""
        length = frame_of(asked.constraints).length
        noise = _noise(asked, self.errors, length)
        variance = self._variance(asked, noise)
        self.variances[asked.place, asked.floor] = variance / length
        return _fitted(self.process, asked, self.choices, noise, variance)

    def _variance(self, asked: Asked, noise: _Noise) -> float:
        """σ² in the extent of the data: between that of contacts left out and the likeliest."""
        given, noise = self._few(asked.constraints, noise)

        def told(variance: float) -> np.ndarray:
            found = left_out(
                given, drift=asked.drift, nugget=noise.contacts / variance,
                gradient_nugget=noise.slopes / variance,
            )  # fmt: skip
            squares = found.squares.mean() if found.squares.size else 0.0
            return np.log10(np.maximum([squares, found.likeliest], 1e-30))

        def over(power: float) -> float:
            return float(told(10.0**power).mean()) - power

        if noise.is_none:
            return float(10.0 ** np.clip(over(0.0), LEAST, MOST))
        if over(LEAST) <= 0.0:
            return float(10.0**LEAST)
        power = brentq(over, LEAST, MOST, xtol=CLOSE) if over(MOST) < 0.0 else MOST
        return float(10.0**power)

    def _few(self, constraints: Constraints, noise: _Noise) -> tuple[Constraints, _Noise]:
        """Those of the data that the coarse field of a local one has."""
        if is_whole(self.process, constraints, self.choices):
            return constraints, noise
        few, kept = part_of(checked(constraints), self.choices.boxes, most=Settings().coarse)
        return few, noise._replace(contacts=noise.contacts[kept])


class Drawn(NamedTuple):
    """Fits fields that are drawn, other ones for each member; not `between` data, only by moved data."""

    mean: Mean
    seed: int
    member: int
    between: bool

    def fit(self, asked: Asked) -> ScalarField:
        """Field that honours the data as the mean does, and bends between them as it may."""
        mean, frame = self.mean, frame_of(asked.constraints)
        variance = mean.variances.get((asked.place, asked.floor), 0.0) * frame.length
        variance = max(variance, 10.0**LEAST)
        random = np.random.default_rng([self.seed, self.member, asked.place, int(asked.floor), 1])
        background = intrinsic_field(frame, variance, random) if self.between else None
        noise = _noise(asked, mean.errors, frame.length)
        return _fitted(mean.process, asked, mean.choices, noise, variance, background)


def _noise(asked: Asked, errors: Errors, length: float) -> _Noise:
    return _Noise((errors.contacts[asked.sources] / length) ** 2, errors.dips**2)


def _fitted(
    process: str,
    asked: Asked,
    choices: Choices,
    noise: _Noise,
    variance: float,
    background: Background | None = None,
) -> ScalarField:
    """Whole field, or the one in parts."""
    nugget, slopes = noise.contacts / variance, noise.slopes / variance
    if is_whole(process, asked.constraints, choices):
        return fit(
            asked.constraints, drift=asked.drift, nugget=nugget, gradient_nugget=slopes, background=background
        )
    return fit_partition(
        asked.constraints, drift=asked.drift, nugget=nugget, gradient_nugget=slopes, lattice=choices.boxes,
        background=background,
    )  # fmt: skip
