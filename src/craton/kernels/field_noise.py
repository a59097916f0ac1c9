"""Noise of contacts that an implicit field is fitted to: that with which it foretells contacts left out best.

A field is fitted so that it misses its contacts by the noise in the mean square. With too little of it the
field follows each slip of the pen, with too much it loses the shape. For each of a row of noises a fifth of
the contacts is left out at a time, by squares twice as wide as the places among contacts mostly are far from
the nearest one: so contacts are foretold from about as far as a model foretells. Of the noises whose
surfaces are not surely further from the contacts left out than those of the best one, the largest is taken,
as that of the smoothest field (the rule of one standard error, Breiman et al. 1984); but none where the best
is not surely nearer than without noise. Surely is: at more than half of the contacts, by two standard errors
of a share. Contacts are judged in parts of neighbours, so that the work does not grow with their number.

References
----------
Breiman, L., Friedman, J. H., Olshen, R. A. and Stone, C. J. (1984), Classification and regression trees,
Wadsworth, section 3.4.

Roberts, D. R., Bahn, V., Ciuti, S. and others (2017), Cross-validation strategies for data with temporal,
spatial, hierarchical, or phylogenetic structure, Ecography 40(8), 913-929, doi:10.1111/ecog.02881.

Milà, C., Mateu, J., Pebesma, E. and Meyer, H. (2022), Nearest neighbour distance matching leave-one-out
cross-validation for map validation, Methods in Ecology and Evolution 13(6), 1304-1316,
doi:10.1111/2041-210X.13851.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from craton.kernels.implicit_checks import frame_of
from craton.kernels.implicit_field import Constraints, Field, fit

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Drift = Callable[[Floats], Floats]

PART, PARTS = 500, 2
"""Contacts of a part at most, and parts that are judged at most, evenly through all."""

DIPS = 80
"""Orientations of a part: those nearest to its middle."""

TRIED = 1e-4 * 2.0 ** np.arange(9)
"""Noises that are tried, in the extent of the data."""

SLIGHT = 1e-12
"""Nugget that stands for none: contacts that contradict each other are no reason to stop."""

FOLDS = 5
"""Parts of the squares that are left out in turn."""

ASKED = 24
"""Places of the model along each side from which distances to contacts are taken."""

FEWEST = 10
"""Contacts that must be foretold for anything to be said."""

SURE = 2.0
"""Standard errors by which more than half of the contacts must be foretold nearer with noise."""

WORSE = 1.5
"""Times the least median distance beyond which no more noise is tried."""

SPREAD = 1.4826
"""Standard deviation over the median distance of a normal distribution: contacts cannot be off by more than
they are foretold to be."""

NUGGETS = (-12.0, 3.0)
"""Powers of ten of the least and the greatest nugget."""

RISE, CLOSE, ROUNDS = 0.3, 0.05, 6
"""By how much the power of ten of the misfit rises with that of the nugget; how near it is met; trials."""

HALF = 0.5
"""Part of the slopes asked for that a field must have: with less, noise has eaten it."""


class Noise(NamedTuple):
    """Noise of contacts.

    Parameters
    ----------
    error : float
        Standard deviation of contacts in metres, 0 where they are foretold as well without noise, NaN where
        they are too few to tell.
    missed, without : float
        Median distance in metres of contacts left out from their surface, with that noise and without.
    contacts : int
        How many were left out in turn.
    """

    error: float
    missed: float
    without: float
    contacts: int


def noise_of(
    constraints: Constraints, *, dip_error: float, stretch: float = 1.0, drift: Drift | None = None
) -> Noise:
    """Noise with which contacts are foretold best by the others and by the orientations.

    Parameters
    ----------
    constraints : Constraints
        Contacts and orientations, gradients of length 1 by metre where heights are not stretched; bounds do
        not count.
    dip_error : float
        Standard deviation of orientations in radians.
    stretch : float
        Factor of the heights of places.
    drift : callable, optional
        Steps of the field, as for `fit`.

    Returns
    -------
    Noise
        The same whatever the order of the data is.
    """
    whole = frame_of(constraints).length
    up = np.array([1.0, 1.0, stretch])
    parts = [_Part(part, drift, dip_error, up, _folds(part.points[:, :2])) for part in parted(constraints)]
    without = _foretold(parts, 0.0)
    known = np.isfinite(without)
    if known.sum() < FEWEST:
        return Noise(float("nan"), float("nan"), float("nan"), int(known.sum()))
    tried = [(0.0, without[known])]
    for noise in TRIED * whole:
        away = _foretold(parts, noise)[known]
        missed = float(np.median(away))
        least = min(float(np.median(one)) for _noise, one in tried)
        if noise > SPREAD * missed or not missed < WORSE * least:
            break
        tried.append((float(noise), away))
    error, away = _chosen(tried)
    return Noise(error, float(np.median(away)), float(np.median(without[known])), int(known.sum()))


def _chosen(tried: list[tuple[float, Floats]]) -> tuple[float, Floats]:
    """The largest noise whose distances are not surely worse than the best, if those surely beat none."""
    best = min(tried, key=lambda one: float(np.median(one[1])))
    if not _is_nearer(best[1], tried[0][1]):
        return tried[0]
    return [one for one in tried if not _is_nearer(best[1], one[1])][-1]


def _is_nearer(one: Floats, other: Floats) -> bool:
    """Whether distances are less than others at surely more than half of the contacts."""
    return float((one < other).mean()) > 0.5 + SURE * 0.5 / float(np.sqrt(len(one)))


class _Part(NamedTuple):
    """Neighbouring contacts with their orientations, steps, error of dips, stretch, and fold (n,) of each."""

    given: Constraints
    drift: Drift | None
    dip_error: float
    up: Floats
    folds: Whole

    def field(self, given: Constraints, power: float, noise: float) -> Field:
        """Field with a nugget, and with that of the slopes in proportion."""
        if noise == 0.0:
            return fit(given, drift=self.drift, nugget=SLIGHT)
        slopes = 10.0**power * (self.dip_error * frame_of(self.given).length / noise) ** 2
        return fit(given, drift=self.drift, nugget=10.0**power, gradient_nugget=slopes)

    def over(self, power: float, noise: float) -> float:
        """Power of ten of the misfit over the noise; above 0 too where noise has eaten the slopes."""
        field, wanted = self.field(self.given, power, noise), self.given.gradients
        misfit = float(np.sqrt(np.mean(self.distance(field, np.arange(len(self.folds))) ** 2)))
        over = float(np.log10(max(misfit, 1e-6 * noise) / noise))
        had = (field.gradient(self.given.orientation_points) * wanted).sum()
        return max(over, RISE) if had < HALF * (wanted**2).sum() else over

    def power(self, noise: float) -> float:
        """Power of ten of the nugget with which contacts are missed by the noise."""
        (low, high), power = NUGGETS, -6.0
        if noise == 0.0:
            return low
        for _round in range(ROUNDS):
            over = self.over(power, noise)
            if abs(over) < CLOSE:
                break
            low, high = (low, power) if over > 0.0 else (power, high)
            wanted = power - over / RISE
            power = wanted if low < wanted < high else (low + high) / 2
        return power

    def foretold(self, noise: float) -> Floats:
        """Distance (n,) in metres of contacts from surfaces of the others; NaN where these have none."""
        away, power = np.full(len(self.folds), np.nan), self.power(noise)
        for fold in range(FOLDS):
            out = np.flatnonzero(self.folds == fold)
            if len(out):
                away[out] = self._without(out, power, noise)
        return away

    def _without(self, out: Whole, power: float, noise: float) -> Floats:
        kept = np.setdiff1d(np.arange(len(self.folds)), out)
        left = np.unique(self.given.surface[kept])
        levels = None if self.given.levels is None else np.asarray(self.given.levels)[left]
        surface = np.searchsorted(left, self.given.surface[kept])
        given = self.given._replace(points=self.given.points[kept], surface=surface, levels=levels)
        try:
            field = self.field(given, power, noise)
        except ValueError:
            return np.full(len(out), np.nan)
        every = np.full(int(self.given.surface.max()) + 1, np.nan)
        every[left] = field.levels
        return self.distance(field._replace(levels=every), out)

    def distance(self, field: Field, own: Whole) -> Floats:
        """Distance (k,) in metres of some contacts from the levels of their surfaces."""
        places = self.given.points[own]
        steep = np.linalg.norm(field.gradient(places) * self.up, axis=1)
        off = np.abs(field.at(places) - field.levels[self.given.surface[own]])
        away: Floats = off / np.maximum(steep, 1e-12)
        return away


def _foretold(parts: list[_Part], noise: float) -> Floats:
    """Distances of the contacts of all parts, NaN of those that leave the field open."""
    found = [np.zeros(0)]
    for part in parts:
        try:
            found.append(part.foretold(noise))
        except ValueError:
            found.append(np.full(len(part.folds), np.nan))
    return np.concatenate(found)


def _folds(plan: Floats) -> Whole:
    """Fold (n,) of contacts by the squares that they lie in, neighbours of a square in four others."""
    low, high = plan.min(axis=0), plan.max(axis=0)
    middles = (np.arange(ASKED) + 0.5) / ASKED
    asked = np.stack(np.meshgrid(*(low + np.outer(middles, high - low)).T), axis=-1).reshape(-1, 2)
    side = 2.0 * float(np.median(cKDTree(plan).query(asked)[0])) or 1.0
    east, north = np.floor((plan - low) / side).astype(np.int64).T
    folds: Whole = (east + 2 * north) % FOLDS
    return folds


def parted(constraints: Constraints) -> list[Constraints]:
    """Parts of neighbouring contacts, each with the orientations nearest to it."""
    pieces = halved(constraints.points, PART)
    judged = np.unique(np.linspace(0, len(pieces) - 1, min(len(pieces), PARTS)).astype(int))
    return [_part(constraints, pieces[number]) for number in judged]


def halved(points: Floats, most: int) -> list[Whole]:
    """Numbers of points (n, 3) in parts of at most `most` neighbours, halved across their longest side."""
    parts = [np.lexsort(points.T)]
    while max(map(len, parts)) > most:
        parts = [half for part in parts for half in _halves(points, part)]
    return parts


def _halves(points: Floats, own: Whole) -> list[Whole]:
    longest = int(np.argmax(np.ptp(points[own], axis=0)))
    return np.array_split(own[np.argsort(points[own, longest], kind="stable")], 2)


def _part(constraints: Constraints, own: Whole) -> Constraints:
    surfaces, surface = np.unique(constraints.surface[own], return_inverse=True)
    points = constraints.points[own]
    near = np.zeros(0, dtype=np.int64)
    if len(constraints.gradients):
        tree = cKDTree(constraints.orientation_points)
        count = min(DIPS, len(constraints.gradients))
        near = np.sort(np.atleast_1d(tree.query(points.mean(axis=0), k=count)[1]))
    levels = None if constraints.levels is None else np.asarray(constraints.levels)[surfaces]
    return Constraints(
        points, surface, constraints.orientation_points[near], constraints.gradients[near], levels=levels
    )
