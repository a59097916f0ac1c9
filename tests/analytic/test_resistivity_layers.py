"""Resistivity of layers: image series, limits and derivatives of soundings; geometry of four electrodes."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import occam
from craton.kernels import resistivity_layers as layers
from craton.kernels import resistivity_section as section

SPACINGS = np.geomspace(0.1, 1000.0, 13)
TERMS = np.arange(1, 6001)
"""Images; |k|^6000 is below 1e-13 for all k used."""


def images(spacing, k, thickness, power):
    """Two electrodes (power 1) or Schlumberger's limit (power 3) on a layer of 1 ohm.m, from image sources."""
    ratio = spacing[:, None] / np.hypot(spacing[:, None], 2 * thickness * TERMS)
    return 1 + 2 * (k**TERMS * ratio**power).sum(axis=1)


def wenner(spacing):
    return np.stack([spacing, 2 * spacing, 2 * spacing, spacing], axis=1)


@pytest.mark.parametrize("k", [-0.99, -0.5, 0.3, 0.9, 0.995])
def test_two_layers_are_the_image_series(k):
    """Pole-pole, Wenner and Schlumberger over two layers, to 1e-9 of the larger resistivity."""
    below = (1 + k) / (1 - k)
    size = 1e-9 * max(1.0, below)
    far = np.inf * np.ones((len(SPACINGS), 3))
    found = layers.apparent_resistivity(np.hstack([SPACINGS[:, None], far]), [1.0, below], [2.0])
    npt.assert_allclose(found, images(SPACINGS, k, 2.0, 1), rtol=0, atol=size)
    found = layers.apparent_resistivity(wenner(SPACINGS), [1.0, below], [2.0])
    expected = 2 * images(SPACINGS, k, 2.0, 1) - images(2 * SPACINGS, k, 2.0, 1)
    npt.assert_allclose(found, expected, rtol=0, atol=3 * size)
    found = layers.schlumberger(SPACINGS, [1.0, below], [2.0])
    npt.assert_allclose(found, images(SPACINGS, k, 2.0, 3), rtol=0, atol=size)


def test_uniform_ground_shows_its_resistivity():
    """One layer, and three of the same resistivity, give it at all spacings for all arrays, to 1e-9."""
    for model in (([30.0], []), ([30.0] * 3, [2.0, 7.0])):
        npt.assert_allclose(layers.schlumberger(SPACINGS, *model), 30.0, rtol=1e-9)
        npt.assert_allclose(layers.apparent_resistivity(wenner(SPACINGS), *model), 30.0, rtol=1e-9)


def test_curves_end_at_the_first_and_the_last_layer():
    """Spacings far below the first thickness and far above the depth of the last boundary."""
    model = ([100.0, 5.0, 40.0], [3.0, 8.0])
    npt.assert_allclose(layers.schlumberger([0.01], *model), 100.0, rtol=1e-6)
    npt.assert_allclose(layers.schlumberger([1e5], *model), 40.0, rtol=1e-4)


def test_resistive_basement_makes_the_curve_rise_with_the_spacing_over_the_conductance():
    """Over a perfect resistor ρₐ = AB/2 / Σ(h/ρ) far out: the 45° line, whatever the layers; to 0.1 %."""
    found = layers.schlumberger([300.0, 600.0], [10.0, 4.0, 1e9], [2.0, 4.0])
    npt.assert_allclose(found, np.array([300.0, 600.0]) / (2 / 10 + 4 / 4), rtol=2e-3)


def test_thin_layers_are_equivalent():
    """A thin resistive layer of the same h ρ, a thin conductive one of the same h/ρ: curves within 1 %."""
    for one, other in (((1000.0, 0.5), (500.0, 1.0)), ((2.0, 0.5), (4.0, 1.0))):
        curves = [layers.schlumberger(SPACINGS, [50.0, rho, 50.0], [20.0, h]) for rho, h in (one, other)]
        npt.assert_allclose(curves[0], curves[1], rtol=0.01)


def test_schlumberger_is_the_limit_of_close_potential_electrodes():
    """MN/AB of 1/1000 differs from the limit by its square."""
    inner = SPACINGS / 1000
    near, far = SPACINGS - inner, SPACINGS + inner
    found = layers.apparent_resistivity(np.stack([near, far, far, near], axis=1), [10.0, 200.0], [5.0])
    npt.assert_allclose(found, layers.schlumberger(SPACINGS, [10.0, 200.0], [5.0]), rtol=3e-6)


def test_reciprocity():
    """Current and potential electrodes exchanged show the same."""
    four = np.array([[3.0, 8.0, 5.0, 6.5]])
    model = ([10.0, 200.0, 30.0], [1.0, 4.0])
    npt.assert_allclose(
        layers.apparent_resistivity(four, *model), layers.apparent_resistivity(four[:, [0, 2, 1, 3]], *model)
    )


def test_no_voltage_over_uniform_ground_has_no_apparent_resistivity():
    """M and N at equal distances from A and B."""
    assert np.isnan(layers.apparent_resistivity([[2.0, 2.0, 3.0, 3.0]], [10.0], [])).all()


@pytest.mark.parametrize("ideal", [True, False])
def test_sensitivities_are_the_slopes(ideal):
    """Derivatives by logarithms against central differences, to 1e-6 of the curve."""
    model = np.log([10.0, 200.0, 3.0, 2.0, 15.0])

    def parts(logarithms):
        return np.exp(logarithms[:3]), np.exp(logarithms[3:])

    function = layers.schlumberger_sensitivity if ideal else layers.apparent_resistivity_sensitivity
    where = SPACINGS if ideal else wenner(SPACINGS)
    value, by_resistivity, by_thickness = function(where, *parts(model))
    slopes = np.hstack([by_resistivity, by_thickness])
    for column, step in enumerate(1e-5 * np.eye(5)):
        ahead, behind = (function(where, *parts(model + way * step))[0] for way in (1, -1))
        npt.assert_allclose((ahead - behind) / 2e-5, slopes[:, column], atol=1e-6 * value.max())
    # The unit of resistivity and of length is free: the curve goes with both.
    npt.assert_allclose(by_resistivity.sum(axis=1), value, rtol=1e-8)


A = 3.0


def along(*positions):
    """Distances of A, B, M, N on a line."""
    electrodes = np.array(positions, dtype=float).reshape(4, 1, 1)
    return section.distances(electrodes)


def test_geometric_factors_of_named_arrays():
    """Wenner 2πa, pole-pole 2πa, Schlumberger π(L² − b²)/(2b), dipole-dipole −πn(n + 1)(n + 2)a for A B M N."""
    npt.assert_allclose(section.geometric_factor(along(0, 3 * A, A, 2 * A)), 2 * np.pi * A)
    npt.assert_allclose(section.geometric_factor(along(0, np.nan, A, np.nan)), 2 * np.pi * A)
    npt.assert_allclose(section.geometric_factor(along(-9, 9, -1, 1)), np.pi * (81 - 1) / 2)
    npt.assert_allclose(section.geometric_factor(along(0, A, 4 * A, 5 * A)), -np.pi * 3 * 4 * 5 * A)


def test_geometry_that_shows_nothing():
    """Equal potentials, an electrode in the place of another, all at infinity: none, also of depth."""
    both = np.concatenate([along(0, 4, 2, 2), along(0, 4, 0, 2), along(0, np.nan, np.nan, np.nan)])
    assert np.isnan(section.geometric_factor(both)).all()
    assert np.isnan(section.median_depth(both)).all()


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ((0, np.nan, 1, np.nan), np.sqrt(3) / 2),
        ((0, 3, 1, 2), 0.519),
        ((0, 1, 2, 3), 0.416),
        ((0, 1, 3, 4), 0.697),
        ((0, 1, 7, 8), 1.730),
    ],
)
def test_median_depths_are_those_of_edwards(positions, expected):
    """Pole-pole exactly; Wenner and dipole-dipole n = 1, 2, 6 as in Edwards (1977), table 1, to its digits."""
    npt.assert_allclose(section.median_depth(along(*positions)), expected, atol=6e-4)


def test_reciprocal_errors():
    """Exchanged pairs are found in any order and sign; a reading without its pair has none."""
    names = [[1, 2, 3, 4], [3, 4, 1, 2], [6, 5, 7, 8], [7, 8, 5, 6], [1, 2, 5, 6]]
    error = section.reciprocal_error(names, [1.0, 1.1, -2.0, 2.0, 7.0])
    npt.assert_allclose(error, [0.1 / 1.05, 0.1 / 1.05, 0.0, 0.0, np.nan])


def sounding(model, deviation, seed=3):
    """Noisy Wenner readings of a model as a problem of its logarithms."""
    where = wenner(np.geomspace(1, 300, 25))
    count = (len(model) + 1) // 2
    curve = layers.apparent_resistivity(where, model[:count], model[count:])
    noise = deviation * np.random.default_rng(seed).normal(size=25)

    def linearised(logarithms):
        parts = np.exp(logarithms[:count]), np.exp(logarithms[count:])
        value, by_resistivity, by_thickness = layers.apparent_resistivity_sensitivity(where, *parts)
        return np.log(value), np.hstack([by_resistivity, by_thickness]) / value[:, None]

    return occam.Problem(
        lambda one: linearised(one)[0], linearised, np.log(curve) + noise, np.full(25, deviation)
    )


def test_few_layers_come_back():
    """Three layers from exact readings to 1e-4, and from readings of 3 % within three standard deviations."""
    model = np.array([100.0, 20.0, 500.0, 4.0, 25.0])
    start = np.log([60.0, 60.0, 60.0, 10.0, 40.0])
    exact = occam.few(sounding(model, 1e-6), start)
    npt.assert_allclose(np.exp(exact.model), model, rtol=1e-4)
    noisy = occam.few(sounding(model, 0.03), start)
    spread = np.sqrt(np.diag(noisy.covariance))
    assert 0.5 < noisy.misfit < 1.3
    assert (np.abs(noisy.model - np.log(model)) < 3 * spread).all()


def test_deviations_are_those_of_repeated_soundings():
    """Over 40 draws of the noise the spread of each logarithm is the deviation told, within 40 %."""
    model = np.array([100.0, 20.0, 500.0, 4.0, 25.0])
    found = [occam.few(sounding(model, 0.03, seed), np.log(model)) for seed in range(40)]
    told = np.mean([np.sqrt(np.diag(one.covariance)) for one in found], axis=0)
    npt.assert_allclose(np.std([one.model for one in found], axis=0), told, rtol=0.4)


def test_unknowns_without_data_keep_the_prior():
    """An unknown that changes nothing has a deviation of ln 100 and no resolution."""
    slope = np.array([[1.0, 0.0], [2.0, 0.0], [1.5, 0.0]])
    problem = occam.Problem(
        lambda model: slope @ model,
        lambda model: (slope @ model, slope),
        np.array([1.0, 2.0, 1.5]),
        np.full(3, 0.1),
    )
    found = occam.few(problem, np.zeros(2))
    npt.assert_allclose(found.model[0], 1.0, atol=1e-6)
    npt.assert_allclose(np.sqrt(found.covariance[1, 1]), np.log(100.0), rtol=1e-6)
    npt.assert_allclose(found.resolution, [1.0, 0.0], atol=1e-3)


def test_smooth_of_a_linear_problem_is_the_regularised_solution_at_the_target():
    """Linear data: the misfit is at the target, and no smoother model of the same form reaches it."""
    random = np.random.default_rng(0)
    slope = np.tril(np.ones((20, 20)))
    truth = np.sin(np.arange(20) / 4)
    data = slope @ truth + 0.1 * random.normal(size=20)
    problem = occam.Problem(lambda m: slope @ m, lambda m: (slope @ m, slope), data, np.full(20, 0.1))
    rough = occam.differences(20)
    found = occam.smooth(problem, np.zeros(20), rough)
    npt.assert_allclose(found.misfit, 1.0, atol=0.03)
    npt.assert_allclose(found.model, truth, atol=0.35)


def test_smooth_says_where_the_target_is_out_of_reach():
    """Two readings that contradict each other leave the misfit that their mean has, and flat models."""
    slope = np.ones((2, 3)) / 3
    problem = occam.Problem(
        lambda m: slope @ m, lambda m: (slope @ m, slope), np.array([0.0, 2.0]), np.full(2, 0.1)
    )
    found = occam.smooth(problem, np.full(3, 5.0), occam.differences(3))
    npt.assert_allclose(found.misfit, 10.0, rtol=1e-3)
    npt.assert_allclose(found.model, 1.0, atol=0.2)


def test_segments_part_a_staircase_at_its_steps():
    """Three runs of a staircase, one run, and as many runs as values."""
    stairs = np.repeat([1.0, 4.0, 2.0], [3, 2, 4])
    assert occam.segments(stairs, 3).tolist() == [0, 3, 5]
    assert occam.segments(stairs, 1).tolist() == [0]
    assert occam.segments(np.array([3.0, 1.0, 2.0]), 3).tolist() == [0, 1, 2]
