"""Equivalent layer: adjoints, the dense solution, fields of point masses at other heights, and what must not matter."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.equivalent_fit import fit, refit
from craton.kernels.equivalent_layer import Spectrum, Stations, Survey, planes_between, solve
from craton.kernels.lattice import Lattice

HALF = 20_000.0
"""Half the side of the survey in metres."""

MASSES = [
    (-9e3, 4e3, 5e3, 30.0),
    (6e3, -7e3, 7e3, -25.0),
    (3e3, 11e3, 4.5e3, 12.0),
    (-12e3, -12e3, 9e3, 20.0),
]
"""Northing, easting, depth below height 0, and value right above at height 0."""


def point_masses(stations, derivative=False):
    """Vertical attraction of `MASSES`, or its derivative upward, in closed form."""
    total = np.zeros(stations.northing.shape)
    for north, east, depth, peak in MASSES:
        up = stations.upward + depth
        level = (stations.northing - north) ** 2 + (stations.easting - east) ** 2
        along = level - 2 * up**2 if derivative else up * (level + up**2)
        total += peak * depth**2 * along / (level + up**2) ** 2.5
    return total


def survey_of(count, seed=1, relief=400.0):
    """Stations scattered over the square, at heights from 0 to `relief`."""
    random = np.random.default_rng(seed)
    north, east = random.uniform(-HALF, HALF, (2, count))
    upward = relief * (0.5 + 0.5 * np.sin(north / 3e3) * np.cos(east / 4e3))
    return Stations(north, east, upward)


def inner(height, reach=0.7):
    """Places on a level, away from the edges of the survey."""
    axis = np.linspace(-reach * HALF, reach * HALF, 25)
    north, east = (one.ravel() for one in np.meshgrid(axis, axis, indexing="ij"))
    return Stations(north, east, np.full(north.size, height))


def small_survey(count=60):
    """A survey on a lattice of 9 by 8 waves."""
    stations = survey_of(count)
    lattice = Lattice((-30e3, -32e3), (60e3, 64e3), (9, 8))
    return Survey(lattice, stations, point_masses(stations), float(stations.upward.min()))


def random_waves(lattice, seed):
    """Waves of a field of white noise."""
    return lattice.from_nodes(np.random.default_rng(seed).normal(size=lattice.nodes)) / 100


def test_forward_and_adjoint_are_a_pair():
    """The product values · forward(waves) is adjoint(values) · waves, to 1e-12 of either."""
    survey = small_survey()
    waves, values = random_waves(survey.lattice, 2), np.random.default_rng(3).normal(size=60)
    one, other = values @ survey.forward(waves), survey.lattice.dot(survey.adjoint(values), waves)
    assert one == pytest.approx(other, rel=1e-12, abs=1e-12)


def test_forward_is_the_sum_of_waves():
    """Σ c exp(i k·x - |k| z) term by term, to the accuracy of bells and planes, 1e-4 of the largest."""
    survey = small_survey()
    lattice, places = survey.lattice, survey.stations
    waves = random_waves(lattice, 4) * np.exp(-4e3 * lattice.wavenumber)
    expected = np.zeros(60)
    for (row, column), wave in np.ndenumerate(waves):
        along = lattice.north[row] * (places.northing + 30e3) + lattice.east[column] * (places.easting + 32e3)
        decay = np.exp(-lattice.wavenumber[row, column] * (places.upward - survey.lowest))
        expected += lattice.count[column] * (wave * np.exp(1j * along)).real * decay
    npt.assert_allclose(survey.forward(waves), expected, atol=1e-4 * np.abs(expected).max())


def test_the_normal_product_is_adjoint_of_forward():
    """The product on nodes is that over all stations, to 1e-4 of the largest wave; and symmetrical to 1e-12."""
    survey = small_survey()
    waves, others = (random_waves(survey.lattice, seed) for seed in (5, 6))
    expected = survey.adjoint(survey.forward(waves))
    npt.assert_allclose(survey.normal(waves), expected, atol=1e-4 * np.abs(expected).max())
    dot = survey.lattice.dot
    assert dot(others, survey.normal(waves)) == pytest.approx(dot(waves, survey.normal(others)), rel=1e-12)


def test_long_waves_are_those_of_the_normal_product():
    """A wave of the exactly solved block comes out of the block as out of the whole, to 1e-10."""
    survey = small_survey()
    long = survey.long
    waves = np.zeros(survey.lattice.wavenumber.shape, dtype=complex)
    number = 7
    row, column = long.rows[number], long.columns[number]
    waves[row, column] = 1.3 - 0.4j
    if column == 0:
        waves[-row, 0] = np.conj(waves[row, column])
    image = survey.normal(waves)[long.rows, long.columns]
    lower = np.tril(long.block)
    block = lower + lower.T - np.diag(np.diag(lower))
    half = long.rows.size
    vector = np.zeros(2 * half)
    vector[number], vector[half + number] = 1.3, -0.4
    expected = block @ vector
    npt.assert_allclose(image, expected[:half] + 1j * expected[half:], atol=1e-10 * np.abs(image).max())


def test_the_layer_is_the_dense_least_squares_solution():
    """The field at the stations is C (C + σ²)⁻¹ g with the dense covariance C = Σ S cos(k·Δx) exp(-|k| Σz).

    To 3e-4 of the largest value: bells, planes, and conjugate gradients stopped at a gain of 1e-9.
    """
    survey, spectrum, noise = small_survey(), Spectrum(1e-4, 5e3), 0.5
    lattice, places = survey.lattice, survey.stations
    power = spectrum.power(lattice)
    power[0, 0] = 1e3
    damping = noise**2 / power
    waves = solve(survey, survey.right, damping, None, gain=1e-9, most=500)
    heights = places.upward - survey.lowest
    covariance = np.zeros((60, 60))
    for (row, column), strength in np.ndenumerate(power):
        along = lattice.north[row] * np.subtract.outer(places.northing, places.northing)
        along += lattice.east[column] * np.subtract.outer(places.easting, places.easting)
        decay = np.exp(-lattice.wavenumber[row, column] * np.add.outer(heights, heights))
        covariance += lattice.count[column] * strength * np.cos(along) * decay
    expected = covariance @ np.linalg.solve(covariance + noise**2 * np.eye(60), survey.values)
    npt.assert_allclose(survey.forward(waves), expected, atol=3e-4 * np.abs(survey.values).max())


@pytest.mark.parametrize(("lowest", "highest"), [(0.0, 0.0), (0.0, 500.0), (0.0, 9000.0), (-400.0, 2000.0)])
def test_planes_carry_the_decay_of_waves(lowest, highest):
    """exp(-k z) from the planes, weighed as a layer weighs it, to 2e-4; one plane where all is level."""
    planes = planes_between(lowest, highest, 2e-3)
    assert planes.heights.size == 1 or highest > lowest
    wavenumber, heights = np.linspace(0, 2e-3, 31), np.linspace(lowest, highest, 37)
    found = planes.weights(heights).T @ np.exp(-np.outer(planes.heights, wavenumber))
    error = np.abs(found - np.exp(-np.outer(heights, wavenumber))) * np.exp(-5 * wavenumber / 2e-3)
    assert error.max() < 2e-4
    npt.assert_allclose(planes.weights(heights).sum(axis=0), 1.0, atol=1e-9)


@pytest.mark.parametrize("height", [200.0, 400.0, 1000.0])
def test_point_masses_are_found_at_other_heights(height):
    """Exact data at 1,500 draped stations, levelled and continued: 0.3 percent of the peak of 30, inside.

    By 600 m upward, 4 percent of what is felt 14 km from the edge lies outside, which no method can know:
    the tolerance there is 1 percent.
    """
    stations = survey_of(1500)
    layer = fit(stations, point_masses(stations))
    places = inner(height)
    tolerance = 0.1 if height <= 400 else 0.3
    npt.assert_allclose(layer.field(places), point_masses(places), atol=tolerance)
    assert layer.noise < 0.02


def test_the_derivative_upward_is_that_of_point_masses():
    """Per metre, from exact data: 3 percent of the largest, inside, as waves longer than the survey matter."""
    stations = survey_of(1500)
    layer = fit(stations, point_masses(stations))
    places = inner(300.0)
    found, expected = layer.field(places, factor=layer.upward_derivative()), point_masses(places, True)
    npt.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())


def test_noise_is_found_and_left_out():
    """Noise of 0.5 is estimated to 5 percent; stations 1 km apart halve it at least in the field."""
    stations = survey_of(1500)
    values = point_masses(stations) + np.random.default_rng(8).normal(0, 0.5, 1500)
    layer = fit(stations, values)
    assert layer.noise == pytest.approx(0.5, rel=0.05)
    places = inner(200.0)
    assert np.sqrt(np.mean((layer.field(places) - point_masses(places)) ** 2)) < 0.5 / 2


def test_more_data_gives_a_better_field():
    """With the same noise, 8 times the stations halve the error at least once (√8 = 2.8 at best)."""
    errors = []
    for count in (500, 4000):
        stations = survey_of(count, seed=count)
        values = point_masses(stations) + np.random.default_rng(8).normal(0, 0.5, count)
        places = inner(200.0)
        errors.append(np.sqrt(np.mean((fit(stations, values).field(places) - point_masses(places)) ** 2)))
    assert errors[1] < 0.6 * errors[0]


def test_given_depth_and_noise_are_kept():
    """They are used as they are; a larger noise leaves a larger misfit."""
    stations = survey_of(800)
    values = point_masses(stations) + np.random.default_rng(8).normal(0, 0.2, 800)
    misfits = []
    for noise in (0.05, 0.2, 1.0):
        layer = fit(stations, values, depth=3000.0, noise=noise)
        assert (layer.spectrum.depth, layer.noise) == (3000.0, pytest.approx(noise))
        misfits.append(np.std(values - layer.field(stations)))
    assert misfits[0] < misfits[1] < misfits[2]


def test_order_scale_offset_and_place_do_not_matter():
    """Bits for order; to 1e-6 for twice the data plus 1,000, and for a survey 500 km away."""
    stations = survey_of(700)
    values = point_masses(stations) + np.random.default_rng(8).normal(0, 0.1, 700)
    places = inner(300.0)
    expected = fit(stations, values).field(places)
    turned = np.random.default_rng(9).permutation(700)
    shuffled = fit(Stations(*(axis[turned] for axis in stations)), values[turned])
    npt.assert_array_equal(shuffled.field(places), expected)
    npt.assert_allclose(fit(stations, 2 * values + 1000).field(places), 2 * expected + 1000, rtol=1e-6)
    far = [Stations(one.northing + 5e5, one.easting - 5e5, one.upward + 100) for one in (stations, places)]
    npt.assert_allclose(fit(far[0], values).field(far[1]), expected, atol=1e-5 * np.abs(expected).max())


def test_north_and_east_may_be_swapped():
    """Transposed data gives the transposed field, to 1e-6."""
    stations = survey_of(700)
    values = point_masses(stations) + np.random.default_rng(8).normal(0, 0.1, 700)
    places = inner(300.0)
    expected = fit(stations, values).field(places)
    other = fit(Stations(stations.easting, stations.northing, stations.upward), values)
    swapped = Stations(places.easting, places.northing, places.upward)
    npt.assert_allclose(other.field(swapped), expected, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, -153.25])
def test_constant_data_gives_the_constant(value):
    """Everywhere, at any height, exactly; and no slope."""
    stations = survey_of(50)
    layer = fit(stations, np.full(50, value))
    places = inner(2000.0)
    npt.assert_array_equal(layer.field(places), value)
    npt.assert_array_equal(layer.field(places, factor=layer.upward_derivative()), 0.0)


def test_stations_twice_and_stations_at_odds():
    """Each station given twice changes little; two values at one place give a field between them."""
    stations = survey_of(500)
    values = point_masses(stations) + np.random.default_rng(8).normal(0, 0.3, 500)
    places = inner(200.0)
    once = fit(stations, values, depth=4000.0, noise=0.3).field(places)
    double = Stations(*(np.concatenate([axis, axis]) for axis in stations))
    twice = fit(double, np.concatenate([values, values]), depth=4000.0, noise=0.3 * np.sqrt(2)).field(places)
    npt.assert_allclose(twice, once, atol=0.05)
    odds = fit(double, np.concatenate([values - 1, values + 1]), depth=4000.0, noise=0.3)
    assert np.std(odds.field(stations) - values) < 0.4


@pytest.mark.parametrize("count", [4, 5, 40])
def test_stations_on_one_line_give_a_finite_field(count):
    """Along the line the field follows the data; beside it, it is finite and returns towards the mean."""
    along = np.linspace(-HALF, HALF, count)
    stations = Stations(along, np.zeros(count), np.full(count, 100.0))
    layer = fit(stations, point_masses(stations))
    assert np.isfinite(layer.field(inner(100.0))).all()
    if count == 40:
        assert np.abs(layer.field(stations) - point_masses(stations)).max() < 1.0


def test_clusters_and_gaps():
    """A dense cluster in a sparse survey with a hole: both parts are fitted to the noise, and the hole is finite.

    The error outside the hole is below 1 (of a peak of 30), with stations 1.4 km apart there.
    """
    sparse, dense = survey_of(900, seed=5), survey_of(4000, seed=6)
    dense = Stations(dense.northing / 10 + 5e3, dense.easting / 10 + 5e3, dense.upward)
    hole = np.hypot(sparse.northing + 5e3, sparse.easting + 5e3) > 5e3
    stations = Stations(*(np.concatenate([a[hole], b]) for a, b in zip(sparse, dense, strict=True)))
    random = np.random.default_rng(8)
    values = point_masses(stations) + random.normal(0, 0.1, stations.northing.size)
    layer = fit(stations, values)
    assert layer.noise == pytest.approx(0.1, rel=0.15)
    places = inner(300.0)
    error = np.abs(layer.field(places) - point_masses(places))
    assert np.isfinite(error).all()
    away = np.hypot(places.northing + 5e3, places.easting + 5e3) > 6e3
    assert error[away].max() < 1.0


def test_noise_alone_gives_next_to_nothing():
    """White noise is told from a field: the layer keeps a quarter of its spread at most."""
    stations = survey_of(1500)
    values = np.random.default_rng(8).normal(0, 1, 1500)
    layer = fit(stations, values)
    assert layer.noise == pytest.approx(1.0, rel=0.1)
    assert np.std(layer.field(inner(300.0))) < 0.25


def test_a_layer_refitted_to_the_same_data_is_the_same():
    """`refit` with all the data gives the field again, to a tenth of the noise."""
    stations = survey_of(900)
    values = point_masses(stations) + np.random.default_rng(8).normal(0, 0.2, 900)
    layer = fit(stations, values)
    again = refit(layer, stations, values)
    places = inner(200.0)
    npt.assert_allclose(again.field(places), layer.field(places), atol=0.02)


def dipoles(stations, inclination, declination):
    """Anomaly of a dipole magnetised along the main field, along that field, without its constants."""
    down, turn = np.radians(inclination), np.radians(declination)
    axis = np.array([np.cos(down) * np.cos(turn), np.cos(down) * np.sin(turn), -np.sin(down)])
    away = np.stack([stations.northing, stations.easting, stations.upward + 5e3])
    distance = np.sqrt((away**2).sum(axis=0))
    return 1e12 * (3 * (axis @ away) ** 2 / distance**5 - 1 / distance**3)


@pytest.mark.parametrize(("inclination", "declination"), [(60.0, 10.0), (-35.0, -20.0), (90.0, 0.0)])
def test_a_dipole_is_reduced_to_the_pole(inclination, declination):
    """The anomaly of a dipole at 5 km becomes that of an upright one, to 4 percent of its peak less a constant.

    Waves longer than the survey are not known, and the mean is left out.
    """
    stations = survey_of(1500)
    layer = fit(stations, dipoles(stations, inclination, declination))
    places = inner(300.0)
    found = layer.field(places, factor=layer.to_pole(inclination, declination))
    expected = dipoles(places, 90.0, 0.0)
    difference = found - expected
    npt.assert_allclose(difference - difference.mean(), 0.0, atol=0.04 * expected.max())
