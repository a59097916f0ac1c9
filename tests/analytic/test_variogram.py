"""Variograms against brute force and closed forms, and fits against models that are known."""

import itertools

import numpy as np
import numpy.testing as npt
import pytest
from scipy.special import gamma, kv

from craton.kernels import covariance as cov
from craton.kernels import variogram as kernel
from craton.kernels import variogram_fit as fitting


def cloud(count, seed=1, *, flat=False):
    """Places in a box of 100 m, sorted by northing, and values."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 100, (count, 3))
    places[:, 2] *= 0 if flat else 0.3
    return places[np.argsort(places[:, 1])], random.normal(size=count)


def single(kind, sill=1.0, ranges=(40.0, 40.0, 40.0), nugget=0.0, shape=0.0, azimuth=0.0, dip=0.0):
    """A model of one structure."""
    return cov.Model(
        np.array([kind]), np.array([shape]), np.ones(1),
        cov.reduction(kind, shape, ranges, azimuth, dip)[None], np.full((1, 1, 1), sill), np.array([[nugget]]),
    )  # fmt: skip


@pytest.mark.parametrize(
    "way", [kernel.EVERYWHERE, kernel.direction(30.0, 10.0, 25.0), kernel.direction(120.0, 0.0, 20.0, 8.0)]
)
def test_pairs_are_those_of_brute_force(way):
    """Counts, distances and squares of every pair one by one, in 3D, in all directions and in some."""
    places, values = cloud(120)
    found = kernel.pair_sums(places, values, values, 7.0, 6, way, kernel.SQUARED)
    expected = np.zeros((3, 6))
    for i, j in itertools.combinations(range(120), 2):
        lag = places[j] - places[i]
        distance = np.linalg.norm(lag)
        along = abs(lag @ way.unit)
        aside = np.sqrt(max(distance**2 - along**2, 0))
        if distance <= 42 and along >= way.cosine * distance and aside <= way.bandwidth:
            k = int(np.ceil(distance / 7)) - 1
            expected[:, k] += 1, distance, (values[i] - values[j]) ** 2
    npt.assert_allclose(found, expected, rtol=1e-12)


def test_lags_are_closed_at_their_far_end_and_places_that_are_one_make_no_pair():
    """On a line of metre steps, lag k of width 1 has the pairs exactly k + 1 apart; twins have none."""
    places = np.zeros((10, 3))
    places[:, 1] = np.arange(10)
    places = np.vstack([places[:1], places])
    values = np.arange(11.0)
    number, distances, _squares = kernel.pair_sums(
        places, values, values, 1.0, 4, kernel.EVERYWHERE, kernel.SQUARED
    )
    npt.assert_array_equal(number, [10, 9, 8, 7])
    npt.assert_allclose(distances / number, [1, 2, 3, 4])


def test_robust_estimators_are_their_formulas():
    """Dowd, Genton and Cressie–Hawkins of one lag, Genton's order statistic by sorting all differences."""
    differences = np.random.default_rng(2).normal(size=41)
    npt.assert_allclose(kernel.dowd(differences), 0.5 * 2.198 * np.median(np.abs(differences)) ** 2)
    gaps = sorted(abs(a - b) for a, b in itertools.combinations(differences, 2))
    npt.assert_allclose(kernel.genton(differences), 0.5 * (2.2191 * gaps[21 * 20 // 2 - 1]) ** 2, rtol=1e-12)
    roots = np.sqrt(np.abs(differences)).sum()
    npt.assert_allclose(
        kernel.cressie_hawkins(np.array([41.0]), np.array([roots])),
        (roots / 41) ** 4 / (0.914 + 0.988 / 41),
    )
    assert np.isnan(kernel.dowd(np.empty(0)))
    assert np.isnan(kernel.genton(np.ones(1)))


@pytest.mark.parametrize("estimator", [kernel.dowd, kernel.genton])
def test_robust_estimators_agree_for_normal_values(estimator):
    """Of normal differences of variance 2γ each gives γ, within 3 percent for 20,000 pairs."""
    differences = np.random.default_rng(3).normal(scale=np.sqrt(2 * 5.0), size=20_000)
    npt.assert_allclose(estimator(differences), 5.0, rtol=0.03)


def test_differences_are_those_of_the_pairs():
    """The differences collected by lag have the sums of squares of the same lags."""
    places, values = cloud(80)
    way = kernel.direction(45.0, 0.0, 30.0)
    number, _distances, squares = kernel.pair_sums(places, values, values, 9.0, 5, way, kernel.SQUARED)
    parts = kernel.pair_differences(places, values, 9.0, number.astype(np.int64), way)
    npt.assert_array_equal([part.size for part in parts], number)
    npt.assert_allclose([np.sum(part**2) for part in parts], squares, rtol=1e-12)


@pytest.mark.parametrize("smoothness", [0.3, 0.5, 1.0, 1.5, 2.2, 2.5, 6.0])
def test_matern_is_its_bessel_function(smoothness):
    """2^(1−ν)/Γ(ν) x^ν K_ν(x) of scipy, to 1e-13."""
    x = np.array([1e-6, 0.01, 0.4, 1.0, 3.0, 12.0, 40.0])
    expected = 2 ** (1 - smoothness) / gamma(smoothness) * x**smoothness * kv(smoothness, x)
    npt.assert_allclose([cov.matern(one, smoothness) for one in x], expected, atol=1e-13)
    assert cov.matern(0.0, smoothness) == 1.0


@pytest.mark.parametrize(
    ("kind", "shape", "expected"),
    [
        (cov.SPHERICAL, 0.0, [1, 1 - 0.75 + 0.0625, 0, 0]),
        (cov.CUBIC, 0.0, [1, 1 - 7 / 4 + 35 / 32 - 7 / 64 + 3 / 512, 0, 0]),
        (cov.EXPONENTIAL, 0.0, np.exp([0, -1.5, -3, -6])),
        (cov.GAUSSIAN, 0.0, np.exp([0, -0.75, -3, -12])),
        (cov.MATERN, 0.5, np.exp([0, -1.5, -3, -6])),
        (cov.HOLE_EFFECT, 0.0, [1, 2 / np.pi, 0, 0]),
    ],
)
def test_structures_are_their_formulas(kind, shape, expected):
    """At 0, ½, 1 and 2 ranges; the Matérn of smoothness ½ is the exponential."""
    lags = 40.0 * np.array([[0, 0, 0], [0.5, 0, 0], [0, 1, 0], [0, 0, 2]])
    found = cov.covariances(single(kind, shape=shape), lags, np.zeros((1, 3)))[:, 0]
    npt.assert_allclose(found, expected, atol=1e-12)


def test_the_power_structure_and_the_nugget():
    """The variogram is c h^p at h ranges, whatever constant stands for its covariance; the nugget at any distance but 0."""
    model = cov.for_region(single(cov.POWER, sill=2.0, nugget=0.3, shape=1.2), 500.0)
    lags = np.array([[0.0, 0, 0], [80.0, 0, 0]])
    npt.assert_allclose(cov.variogram(model, lags), [0, 0.3 + 2 * 2**1.2], rtol=1e-10)


def test_ranges_lie_along_their_axes():
    """With azimuth 60° and dip 20°, one range away along each axis the correlation is the same, e⁻³."""
    turn, fall = np.radians([60.0, 20.0])
    main = [np.sin(turn) * np.cos(fall), np.cos(turn) * np.cos(fall), -np.sin(fall)]
    across = [np.cos(turn), -np.sin(turn), 0]
    axes = np.array([main, across, np.cross(main, across)])
    ranges = (90.0, 30.0, 5.0)
    model = single(cov.EXPONENTIAL, ranges=ranges, azimuth=60.0, dip=20.0)
    found = cov.covariances(model, axes * np.array(ranges)[:, None], np.zeros((1, 3)))[:, 0]
    npt.assert_allclose(found, np.exp(-3.0), rtol=1e-12)


def test_an_infinite_range_means_no_change():
    """Zonal: along the main axis the correlation stays 1, across it falls."""
    model = single(cov.SPHERICAL, ranges=(np.inf, 40.0, np.inf), azimuth=90.0)
    lags = np.array([[1e6, 0, 0], [0, 0, 50.0], [0, 20.0, 0]])
    npt.assert_allclose(cov.covariances(model, lags, np.zeros((1, 3)))[:, 0], [1, 1, 0.3125], atol=1e-9)


WEIGHTS = ("cressie", "pairs", "pairs_by_distance", "equal")


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("kind", [cov.SPHERICAL, cov.EXPONENTIAL, cov.GAUSSIAN, cov.CUBIC])
def test_a_fit_finds_the_model_that_made_the_variogram(kind, weights):
    """Nugget, sill and range of an exact variogram come back to 1e-5, whatever the weights."""
    vectors = np.zeros((15, 3))
    vectors[:, 0] = np.arange(1, 16) * 5.0
    values = cov.variogram(single(kind, sill=7.0, nugget=1.5), vectors)
    lags = fitting.Lags(vectors, values, np.full(15, 50.0))
    found = fitting.fit(lags, fitting.Shape((kind,), (0.0,)), weights)
    npt.assert_allclose([found.nugget, found.sills[0], found.ranges[0, 0]], [1.5, 7.0, 40.0], rtol=1e-5)


def test_a_fit_finds_directions():
    """Ranges of 60 m along 50° and 20 m across it come back from four directions."""
    model = single(cov.SPHERICAL, ranges=(60.0, 20.0, 60.0), nugget=0.1, azimuth=50.0)
    azimuths = np.repeat([0.0, 45.0, 90.0, 135.0], 12)
    vectors = fitting.lag_vectors(np.tile(np.arange(1, 13) * 5.0, 4), azimuths, np.zeros(48))
    lags = fitting.Lags(vectors, cov.variogram(model, vectors), np.full(48, 30.0))
    found = fitting.fit(lags, fitting.Shape((cov.SPHERICAL,), (0.0,), horizontal=True), "cressie")
    npt.assert_allclose([*found.ranges[0, :2], found.azimuth], [60.0, 20.0, 50.0], rtol=1e-4)


def test_coregionalisation_finds_its_matrices_and_keeps_them_semidefinite():
    """From exact variograms the matrices come back; from impossible ones, with no negative eigenvalue."""
    shapes = np.array([np.ones(10), np.minimum(np.arange(1, 11) / 6, 1)])
    sills = np.array([[[2.0, 0.5], [0.5, 1.0]], [[5.0, -3.0], [-3.0, 4.0]]])
    found = fitting.coregionalisation(shapes, np.tensordot(shapes.T, sills, 1), np.ones(10))
    npt.assert_allclose(found, sills, atol=1e-6)
    crossed = np.tensordot(shapes.T, np.array([[[1.0, 3.0], [3.0, 1.0]]] * 2), 1)
    found = fitting.coregionalisation(shapes, crossed, np.ones(10))
    assert np.linalg.eigvalsh(found).min() > -1e-12


@pytest.mark.parametrize("turned", [0.0, 90.0])
def test_two_azimuths_at_right_angles_fix_the_axes(turned):
    """Ranges of 800 m along 90° and 200 m across come back when 0° or 90° is set; the vertical one is the longer."""
    model = single(cov.SPHERICAL, ranges=(800.0, 200.0, 800.0), nugget=0.1, azimuth=90.0)
    vectors = fitting.lag_vectors(
        np.tile(np.arange(1, 13) * 75.0, 2), np.repeat([0.0, 90.0], 12), np.zeros(24)
    )
    lags = fitting.Lags(vectors, cov.variogram(model, vectors), np.full(24, 30.0))
    shape = fitting.Shape((cov.SPHERICAL,), (0.0,), horizontal=True, azimuth=turned)
    found = fitting.fit(lags, shape, "cressie")
    npt.assert_allclose(found.ranges[0], [800.0, 200.0, 800.0], rtol=1e-4)
    npt.assert_allclose(found.azimuth, 90.0, atol=1e-5)


def test_horizontal_pairs_are_those_of_brute_force():
    """Pairs whose angle to the horizontal is within the tolerance and whose rise is within the bandwidth."""
    places, values = cloud(80)
    way = kernel.horizontal(15.0, 6.0)
    number = kernel.pair_sums(places, values, values, 10.0, 5, way, kernel.SQUARED)[0]
    expected = np.zeros(5)
    for i, j in itertools.combinations(range(80), 2):
        lag = places[j] - places[i]
        distance = np.linalg.norm(lag)
        if distance <= 50 and abs(lag[2]) <= min(np.sin(np.radians(15)) * distance, 6.0):
            expected[int(np.ceil(distance / 10)) - 1] += 1
    npt.assert_array_equal(number, expected)


@pytest.mark.parametrize("smoothness", cov.SMOOTHNESS)
def test_the_limits_of_smoothness_have_a_range(smoothness):
    """At the range 95 percent of the sill is reached, also by the roughest and the smoothest Matérn structure."""
    model = single(cov.MATERN, shape=smoothness)
    found = cov.variogram(model, np.array([[40.0, 0.0, 0.0]]))
    npt.assert_allclose(found, 1 - np.exp(-3), atol=1e-6)
