"""Doubt of a fitted field between its data: how much it may bend, and fields drawn that bend so much.

The field of a series is taken to be a Gaussian random field of generalized covariance σ² h³, of which the
smoothest field is the mean. σ² is that by which four of five contacts are no farther from where the data put
them that are not of their cluster (`left_out_together`) than the interval of 80 percent says: its middle is
held by the data, whatever the beds are like. A mean of squares in its place hangs on the few worst; the
likeliest variance (restricted maximum likelihood) on the smallest distances between data, at which beds are
mostly smoother than such a field. But contacts judged by others say little where most of what they are off
by is their own error: by that share, in its logarithm, the likeliest variance counts instead, and alone
where hardly any contact can be judged by others. A field is drawn by drawing one that knows no data, and
bending it as little as can be to honour data moved by their errors.

References
----------
Dubrule, O. (1983), Cross validation of kriging in a unique neighborhood, Mathematical Geology 15(6),
687-699. doi:10.1007/BF01033232
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from craton.kernels.implicit_checks import checked, frame_of
from craton.kernels.implicit_field import Background, Constraints, fit, left_out
from craton.kernels.intrinsic_field import intrinsic_field
from craton.kernels.left_out_together import left_out_together
from craton.kernels.partition_coarse import part_of
from craton.kernels.partition_field import Settings, fit_partition
from craton.methods.geomodel_fit import Asked, Choices, ScalarField, is_whole

LEAST, MOST = -8.0, 5.0
"""Powers of ten of the least and greatest σ², values and lengths in the extent of the data."""

CLOSE = 0.02
"""How near its power of ten is found."""

SHARE, WITHIN = 0.8, 1.6424
"""Share of contacts that are to lie within the interval of as much, and its half squared, in variances."""

NOTHING = 1e-30
"""Variance that stands for none."""

FEWEST = 5
"""Contacts that must be judged by others; with fewer the likeliest variance counts."""


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
        """σ² in the extent of the data, by contacts left out."""
        given, noise = self._few(asked.constraints, noise)

        def told(variance: float) -> float:
            found = left_out(
                given, drift=asked.drift, nugget=noise.contacts / variance,
                gradient_nugget=noise.slopes / variance, together=self._together,
            )  # fmt: skip
            likeliest = np.log10(max(found.likeliest, NOTHING))
            if found.squares.size < FEWEST:
                return float(likeliest)
            seen = float(np.quantile(found.squares, SHARE, method="weibull")) / WITHIN
            sure = float(np.clip(found.shares.mean(), 0.0, 1.0))
            return float(sure * np.log10(max(seen, NOTHING)) + (1.0 - sure) * likeliest)

        def over(power: float) -> float:
            return told(10.0**power) - power

        if noise.is_none:
            return float(10.0 ** np.clip(over(0.0), LEAST, MOST))
        if over(LEAST) <= 0.0:
            return float(10.0**LEAST)
        power = brentq(over, LEAST, MOST, xtol=CLOSE) if over(MOST) < 0.0 else MOST
        return float(10.0**power)

    def _together(self, points: np.ndarray) -> list[np.ndarray]:
        low, high = self.choices.box
        return left_out_together(points[:, :2], low[:2], high[:2])

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
