"""Equivalent layer fitted to a survey: its depth and the noise from the data, and its field anywhere above.

Depth and noise are those under which the data is most likely. Each round
solves for the waves, counts how many of them the data decides,

    γ(k) = 1 - posterior variance / prior variance

(where n stations lie evenly, n / (n + σ²/S)), and takes |c|² / γ, averaged
over rings of wavenumber, for the power spectrum, to which the one of a layer
is fitted; the noise is the sum of squared misfits over the number of stations
less Σ γ. Rounds begin with few, long waves; more
are added until the shortest stand below the noise.

References
----------
MacKay, D. J. C. (1992). Bayesian interpolation. Neural Computation 4(3),
415-447. doi:10.1162/neco.1992.4.3.415

Spector, A., and Grant, F. S. (1970). Statistical models for interpreting
aeromagnetic data. Geophysics 35(2), 293-302. doi:10.1190/1.1440092
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from craton.kernels.equivalent_layer import BATCH, CROWDING, Spectrum, Stations, Survey, planes_between, solve
from craton.kernels.lattice import Floats, Lattice, Waves, sample

MARGIN = 0.5
"""Part of the longer side by which a lattice reaches beyond the data at either end."""

FEWEST_WAVES, FIRST_WAVES, FINER = 6, 32, 1.5
"""Highest number of waves along the longer side: at least, at first; and the factor from level to level."""

FINEST = 0.75
"""Half of the shortest wave, as a part of the mean distance of stations."""

MOST_NODES = 1 << 22
"""Nodes of the finest lattice, at most."""

BELOW_NOISE = 0.3
"""Power of the shortest waves against the noise at which no shorter ones are sought."""

LEAST_NOISE = 3e-4
"""Noise below which nothing is fitted, as a part of the spread of the data."""

LEVEL_ROUNDS, LAST_ROUNDS = 1, 6
STEADY = 0.02
"""Change of depth and noise from round to round that is none."""

RINGS = 40
LOOSE, TIGHT = 4e-3, 3e-4
"""Gain of a step, per wave that the data decides, at which solving stops: while learning, and at the end."""

MOST_STEPS, LEARNING_STEPS = 1000, 60

Tell = Callable[[float, str], None]
"""Called with the part done and what is being done; may raise to stop."""


@dataclass(frozen=True)
class Layer:
    """A fitted layer.

    Parameters
    ----------
    lattice, waves
        The field at `lowest`, less `mean`.
    mean, lowest : float
        Mean of the data; height of the lowest station in metres.
    spectrum : Spectrum
        Its strength and depth below `lowest`.
    noise : float
        Standard deviation of the errors of the data, in its unit.
    freedom : float
        How many independent waves the data decides.
    """

    lattice: Lattice
    waves: Waves
    mean: float
    lowest: float
    spectrum: Spectrum
    noise: float
    freedom: float

    def field(self, stations: Stations, *, factor: Floats | None = None) -> Floats:
        """Field at places within the lattice, with `factor` on each wave; the mean only without one."""
        lattice = self.lattice
        waves = self.waves if factor is None else self.waves * factor
        heights = np.asarray(stations.upward - self.lowest)
        planes = planes_between(float(heights.min()), float(heights.max()), float(lattice.wavenumber.max()))
        waves = waves / lattice.bell(lattice.nodes)
        fields = np.stack(
            [lattice.to_nodes(waves * np.exp(-height * lattice.wavenumber)) for height in planes.heights]
        )
        values = np.empty(stations.northing.size)
        for first in range(0, values.size, BATCH):
            part = slice(first, first + BATCH)
            places = lattice.places(stations.northing[part], stations.easting[part], lattice.nodes)
            sample(*places, planes.weights(heights[part]), fields, values[part])
        return values + self.mean if factor is None else values

    def upward_derivative(self) -> Floats:
        """Factor on each wave that gives the derivative upward, per metre."""
        return -self.lattice.wavenumber

    def to_pole(self, inclination: float, declination: float) -> Floats:
        """Factor on each wave that turns a magnetic field and its sources upright; angles in degrees.

        Θ⁻² with Θ = sin I + i cos I (kE sin D + kN cos D) / |k|, the inclination I positive down and the
        declination D clockwise from north; 0 for the mean.
        """
        down, turn = np.radians(inclination), np.radians(declination)
        lattice = self.lattice
        along = lattice.north[:, None] * np.cos(turn) + lattice.east * np.sin(turn)
        length = lattice.wavenumber.copy()
        length[0, 0] = 1.0
        factor: Waves = (np.sin(down) + 1j * np.cos(down) * along / length) ** -2
        factor[0, 0] = 0.0
        return factor  # type: ignore[return-value]  # complex, for fields that are not symmetrical


def fit(
    stations: Stations,
    values: Floats,
    *,
    around: tuple[float, float, float, float] | None = None,
    depth: float | None = None,
    noise: float | None = None,
    tell: Tell | None = None,
) -> Layer:
    """Layer whose field fits `values` at `stations`.

    Parameters
    ----------
    stations : Stations
        Places (n,) in metres, all finite, in any order; one or more.
    values : array (n,)
        Field in any unit, all finite.
    around : tuple
        South, west, north and east edge of an area the lattice must hold beside the stations.
    depth : float
        Depth of the layer below the lowest station in metres; None to find it.
    noise : float
        Standard deviation of the errors of `values`, 0 or more; None to find it.
    tell : callable
        Told of the progress.

    Returns
    -------
    Layer
        The same for every order of stations.
    """
    order = np.lexsort((values, stations.upward, stations.easting, stations.northing))
    stations = Stations(*(axis[order] for axis in stations))
    mean = float(values[order].mean())
    rest = values[order] - mean
    extent = _extent(stations, around)
    lattice, finest = _lattices(stations, extent)
    lowest = float(stations.upward.min())
    spread = float(np.sqrt(np.mean(rest**2)))
    spectrum = Spectrum(1.0, 2 * np.pi / finest.wavenumber.max() if depth is None else depth)
    if spread <= 1e-12 * abs(mean):
        still = np.zeros(lattice.wavenumber.shape, dtype=np.complex128)
        return Layer(lattice, still, mean, lowest, spectrum, noise or 0.0, 1.0)
    survey = Survey(lattice, stations, rest, lowest)
    learner = _Learner(survey, depth, noise, LEAST_NOISE * spread, tell or _silent)
    return replace(learner.layer(finest), mean=mean)


def refit(layer: Layer, stations: Stations, values: Floats) -> Layer:
    """Layer of the same lattice, depth and noise fitted to other data, as for cross-validation."""
    mean = float(values.mean())
    survey = Survey(layer.lattice, stations, values - mean, layer.lowest)
    damping = layer.noise**2 / layer.spectrum.power(layer.lattice)
    gain = TIGHT * layer.freedom * layer.noise**2
    waves = solve(survey, survey.right, damping, None, gain=gain, most=MOST_STEPS)
    return replace(layer, waves=waves, mean=mean)


def _silent(_part: float, _message: str) -> None:
    pass


def _extent(stations: Stations, around: tuple[float, float, float, float] | None) -> Floats:
    """South, west, north and east edge of the stations and the area."""
    south, west = float(stations.northing.min()), float(stations.easting.min())
    north, east = float(stations.northing.max()), float(stations.easting.max())
    if around is not None:
        south, west = min(south, around[0]), min(west, around[1])
        north, east = max(north, around[2]), max(east, around[3])
    return np.array([south, west, north, east])


def _lattices(stations: Stations, extent: Floats) -> tuple[Lattice, Lattice]:
    """Coarsest and finest lattice over `extent` with a margin."""
    lengths = [np.ptp(axis) for axis in stations[:2]]
    count = stations.northing.size
    area = max(lengths[0] * lengths[1], max(lengths) ** 2 / count) or 1.0
    sides = extent[2:] - extent[:2]
    distance = np.sqrt(area / count)
    margin = max(MARGIN * float(sides.max()), 3 * distance)
    sides = sides + 2 * margin
    origin = (float(extent[0] - margin), float(extent[1] - margin))
    # A node number is at most 4 in a wave's own, on either axis.
    most = float(np.sqrt(MOST_NODES / 16 / (sides[0] * sides[1])))
    finest = min(float(0.5 / (FINEST * distance)), most) * sides.max()
    finest = max(finest, FEWEST_WAVES)

    def over(highest: float) -> Lattice:
        waves = [max(2, int(np.ceil(highest * side / sides.max()))) for side in sides]
        return Lattice(origin, (float(sides[0]), float(sides[1])), (waves[0], waves[1]))

    return over(min(finest, FIRST_WAVES)), over(finest)


@dataclass
class _Learner:
    """Rounds over one survey: `spectrum` and `noise` (variance) get better, `waves` follow."""

    survey: Survey
    depth: float | None
    fixed_noise: float | None
    least_noise: float
    tell: Tell

    def __post_init__(self) -> None:
        survey = self.survey
        variance = float(np.mean(survey.values**2))
        lattice = survey.lattice
        depth = self.depth or 4 / float(lattice.wavenumber.max())
        power = Spectrum(1.0, depth).power(lattice)
        power[0, 0] = 0.0
        self.spectrum = Spectrum(variance / float(np.sum(power * lattice.count)), depth)
        start = 0.1 * np.sqrt(variance) if self.fixed_noise is None else self.fixed_noise
        self.noise = max(float(start), self.least_noise) ** 2
        self.freedom = 0.1 * survey.values.size
        self.waves: Waves | None = None

    def layer(self, finest: Lattice) -> Layer:
        """The layer in the end."""
        while not self._resolved(finest):
            for _ in range(LEVEL_ROUNDS):
                self._round()
            if self._resolved(finest):
                break
            self._refine(finest)
        for number in range(LAST_ROUNDS):
            self.tell(0.3 + 0.6 * number / LAST_ROUNDS, "depth and noise")
            if self._round() < STEADY:
                break
        self.tell(0.9, "layer")
        self.waves = self._solved(self.survey.right, self.waves, TIGHT * self.noise, MOST_STEPS)
        lattice, lowest = self.survey.lattice, self.survey.lowest
        noise = float(np.sqrt(self.noise))
        return Layer(lattice, self.waves, 0.0, lowest, self.spectrum, noise, self.freedom)

    def _damping(self) -> Floats:
        damping: Floats = self.noise / self.spectrum.power(self.survey.lattice)
        return damping

    def _solved(self, right: Waves, start: Waves | None, gain: float, most: int) -> Waves:
        return solve(
            self.survey, right, self._damping(), start, gain=gain * max(self.freedom, 1.0), most=most
        )

    def _resolved(self, finest: Lattice) -> bool:
        """Whether no shorter waves are needed, or possible."""
        lattice = self.survey.lattice
        if lattice.highest == finest.highest:
            return True
        if self.waves is None:
            return False
        shortest = min(lattice.north.max(), lattice.east.max())
        heights = self.survey.stations.upward - self.survey.lowest
        power = self.spectrum.amplitude * shortest**-2 * np.exp(-2 * shortest * self.spectrum.depth)
        seen = float(np.sum(np.exp(-2 * shortest * heights))) * power
        return bool(seen < BELOW_NOISE * self.noise)

    def _refine(self, finest: Lattice) -> None:
        """Go on with shorter waves."""
        old = self.survey.lattice
        pairs = zip(old.highest, finest.highest, strict=True)
        rows, columns = (min(int(np.ceil(FINER * one)), most) for one, most in pairs)
        lattice = replace(old, highest=(rows, columns))
        self.survey = replace(self.survey, lattice=lattice)
        self.waves = None if self.waves is None else old.moved(self.waves, lattice)
        self.tell(0.3 * columns / finest.highest[1], "shorter waves")

    def _round(self) -> float:
        """Better spectrum and noise; returns the part by which they changed."""
        survey = self.survey
        gain = LOOSE * self.noise
        self.waves = self._solved(survey.right, self.waves, gain, LEARNING_STEPS)
        decided = self._decided()
        count = survey.values.size
        self.freedom = float(np.clip(decided.sum(), 1.0, 0.95 * count))
        before = self.spectrum.depth, self.noise
        if self.fixed_noise is None:
            noise = survey.misfit(self.waves) / (count - self.freedom)
            self.noise = max(noise, self.least_noise**2)
        self.spectrum = self._fitted(decided)
        changes = self.spectrum.depth / before[0] - 1, 0.5 * (self.noise / before[1] - 1)
        return max(abs(change) for change in changes)

    def _decided(self) -> Floats:
        """Share of each wave that the data decides, times how many it stands for.

        That of waves over stations spread evenly, ρ / (ρ + damping), averaged over parts of the lattice
        where stations lie closer and less close.
        """
        damping = self._damping() / self.survey.seen
        share = np.zeros_like(damping)
        for density in self.survey.crowding(self.spectrum.depth):
            share += density / (density + damping)
        decided: Floats = share / CROWDING * self.survey.lattice.count
        return decided

    def _fitted(self, decided: Floats) -> Spectrum:
        """Spectrum of a layer fitted to the rings of waves, each weighed by how many of them are decided."""
        assert self.waves is not None
        lattice = self.survey.lattice
        top = min(lattice.north.max(), lattice.east.max())
        ring = np.minimum((lattice.wavenumber * (RINGS / top)).astype(np.int64), RINGS)
        power = np.abs(self.waves) ** 2 * lattice.count
        counts = np.broadcast_to(lattice.count, ring.shape).copy()
        power[0, 0] = decided[0, 0] = counts[0, 0] = 0.0
        sums = [
            np.bincount(ring.ravel(), one.ravel(), RINGS + 1)[:RINGS]
            for one in (power, decided, counts, counts * lattice.wavenumber)
        ]
        known = (sums[1] > 0.5) & (sums[0] > 0) & (sums[2] > 0)
        if not known.any():
            return self.spectrum
        power, weight, counts, wavenumber = (one[known] for one in sums)
        wavenumber = wavenumber / counts
        logs = np.log(power / weight) + 2 * np.log(wavenumber)
        if self.depth is None and known.sum() > 1:
            slope = np.polyfit(wavenumber, logs, 1, w=np.sqrt(weight))[0]
            depth = float(np.clip(-slope / 2, 0.5 / top, 50.0 / top))
        else:
            depth = self.spectrum.depth
        level = float(np.average(logs + 2 * depth * wavenumber, weights=weight))
        return Spectrum(float(np.exp(level)), depth)
