"""Kriging against a textbook example, closed forms, and a dense solution of its equations."""

import numpy as np
import numpy.testing as npt
import pytest
from tests.analytic.test_variogram import single

from craton.kernels import covariance as cov
from craton.kernels import kriging as dense
from craton.kernels.kriging_groups import Data, Targets, find_groups, metric
from craton.kernels.kriging_local import krige

SAMPLES = np.array(
    [
        (61, 139, 477),
        (63, 140, 696),
        (64, 129, 227),
        (68, 128, 646),
        (71, 140, 606),
        (73, 141, 791),
        (75, 128, 783),
    ],
    dtype=float,
)
"""Easting, northing and value of Isaaks and Srivastava (1989), table 12.1."""


def flat(places):
    """Places (n, 3) at height 0."""
    return np.column_stack([places[:, 0], places[:, 1], np.zeros(len(places))])


def locally(
    model, places, values, targets, drift=None, *, neighbours=500, groups=None, offsets=None, within=0.0
):
    """Kriging by `kriging_local`; ordinary unless `drift`, of data and targets, says otherwise."""
    data_drift, target_drift = drift or (np.ones((len(places), 1)), np.ones((len(targets), 1)))
    data = Data(places, np.zeros(len(places), np.int64), data_drift, values)
    wanted = Targets(targets, target_drift, np.arange(len(targets)) if groups is None else groups)
    found = dense.Estimate(np.empty((len(targets), values.shape[1])), np.empty(len(targets)))
    sets = find_groups(data, wanted, metric(model), neighbours)
    krige(model, data, wanted, sets, range(len(sets.near)), found, offsets=offsets, within=within)
    return found


def by_equations(model, places, targets, drift):
    """Weights (n, m) and variances (m,) from the kriging equations written out, covariance by covariance."""
    count, terms = drift[0].shape
    left = np.zeros((count + terms, count + terms))
    left[:count, :count] = cov.covariances(model, places, places)
    left[:count, count:], left[count:, :count] = drift[0], drift[0].T
    right = np.vstack([cov.covariances(model, places, targets), drift[1].T])
    solved = np.linalg.solve(left, right)
    return solved[:count], cov.total_sill(model)[0, 0] - np.sum(solved * right, axis=0)


def test_the_example_of_isaaks_and_srivastava():
    """C(h) = 10 exp(−0.3 h), seven samples, one point: weights, estimate and variance of section 12.

    Weights are printed to 3 digits, the estimate 592.7 and the variance 8.96 to their last one.
    """
    model = single(cov.EXPONENTIAL, sill=10.0, ranges=(10.0,) * 3)
    places, target = flat(SAMPLES), np.array([[65.0, 137.0, 0.0]])
    values = np.column_stack([SAMPLES[:, 2], np.eye(7)])
    found = locally(model, places, values, target)
    npt.assert_allclose(found.values[0, 1:], [0.173, 0.318, 0.129, 0.086, 0.151, 0.057, 0.086], atol=6e-4)
    npt.assert_allclose(found.values[0, 0], 592.7, atol=0.06)
    npt.assert_allclose(found.variances, 8.96, atol=6e-3)


def test_one_datum_and_two_in_closed_form():
    """Simple: m + ρ (z − m), c (1 − ρ²). Ordinary midway: the mean, 2γ(d) − γ(2d)/2."""
    model = single(cov.SPHERICAL, sill=4.0, ranges=(100.0,) * 3, nugget=0.5)
    origin, far = np.zeros((1, 3)), np.array([[30.0, 0, 0]])
    nothing = np.empty((1, 0))
    found = locally(model, origin, np.array([[2.0]]), far, (nothing, nothing))
    c = cov.covariances(model, origin, far)[0, 0]
    npt.assert_allclose(found.values, [[c / 4.5 * 2.0]])
    npt.assert_allclose(found.variances, [4.5 - c**2 / 4.5])
    pair = np.array([[-30.0, 0, 0], [30.0, 0, 0]])
    found = locally(model, pair, np.array([[2.0], [8.0]]), origin)
    gamma = cov.variogram(model, np.array([[30.0, 0, 0], [60.0, 0, 0]]))
    npt.assert_allclose(found.values, [[5.0]])
    npt.assert_allclose(found.variances, [2 * gamma[0] - gamma[1] / 2])


MODELS = {
    "spherical": single(cov.SPHERICAL, nugget=0.1),
    "zonal": single(cov.EXPONENTIAL, ranges=(200.0, 30.0, 10.0), nugget=0.2, azimuth=40.0, dip=15.0),
    "matern": single(cov.MATERN, nugget=0.05, shape=1.1),
    "power": cov.for_region(single(cov.POWER, nugget=0.1, shape=1.3), 180.0),
}


def drifts(order, *places):
    """Drift of data and targets: none (-1), constant (0), or linear (1)."""
    return tuple(
        np.column_stack([np.ones(len(p)), p[:, :2] / 50 - 1][: order + 1])
        if order >= 0
        else np.empty((len(p), 0))
        for p in places
    )


@pytest.mark.parametrize(
    ("name", "order"),
    [(name, order) for name in MODELS for order in (-1, 0, 1) if (name, order) != ("power", -1)],
)
def test_local_and_global_kriging_solve_the_equations(name, order):
    """With all data as neighbours, in tiles or one by one, both equal the dense equations to 1e-10, in 3D."""
    model = MODELS[name]
    random = np.random.default_rng(5)
    places, targets = random.uniform(0, 100, (40, 3)), random.uniform(0, 100, (30, 3))
    values = random.normal(size=(40, 2))
    drift = drifts(order, places, targets)
    weights, variances = by_equations(model, places, targets, drift)
    for groups in (np.arange(30), np.zeros(30, np.int64)):
        found = locally(model, places, values, targets, drift, groups=groups)
        npt.assert_allclose(found.values, weights.T @ values, atol=1e-10)
        npt.assert_allclose(found.variances, variances, atol=1e-10)
    whole = dense.System(model, places, values[:, 0], drift[0]).estimate(targets, drift[1])
    npt.assert_allclose(whole.values, weights.T @ values[:, 0], atol=1e-10)
    npt.assert_allclose(whole.variances, variances, atol=1e-10)
    if order >= 0:
        npt.assert_allclose(weights.sum(axis=0), 1.0, atol=1e-10)


def test_few_neighbours_are_the_nearest_ones():
    """Kriging with five neighbours is kriging with those five alone."""
    model = MODELS["spherical"]
    random = np.random.default_rng(6)
    places, targets = flat(random.uniform(0, 100, (60, 2))), flat(random.uniform(0, 100, (20, 2)))
    values = random.normal(size=(60, 1))
    found = locally(model, places, values, targets, neighbours=5)
    for number, target in enumerate(targets):
        near = np.argsort(np.linalg.norm(places - target, axis=1))[:5]
        weights, variance = by_equations(
            model, places[near], target[None], (np.ones((5, 1)), np.ones((1, 1)))
        )
        npt.assert_allclose(found.values[number], weights[:, 0] @ values[near], atol=1e-12)
        npt.assert_allclose(found.variances[number], variance[0], atol=1e-12)


def test_data_are_met_and_constants_and_planes_kept():
    """At data the datum and variance 0, nugget and all; a constant, or with linear drift a plane, everywhere."""
    model = MODELS["spherical"]
    random = np.random.default_rng(7)
    places = flat(random.uniform(0, 100, (50, 2)))
    values = random.normal(size=(50, 1))
    found = locally(model, places, values, places, neighbours=20)
    npt.assert_allclose(found.values, values, atol=1e-10)
    npt.assert_allclose(found.variances, 0.0, atol=1e-10)
    targets = flat(random.uniform(-50, 150, (40, 2)))
    plane = 3 + places[:, :1] * 0.2 - places[:, 1:2]
    found = locally(model, places, plane, targets, drifts(1, places, targets), neighbours=20)
    npt.assert_allclose(found.values[:, 0], 3 + targets[:, 0] * 0.2 - targets[:, 1], atol=1e-8)
    npt.assert_allclose(locally(model, places, np.full((50, 1), 8.0), targets).values, 8.0, atol=1e-10)


def test_far_from_data_the_variance_is_the_sill_and_that_of_the_mean():
    """Simple: c; ordinary: c + the variance of the estimated mean, (1ᵀ C⁻¹ 1)⁻¹."""
    model = MODELS["spherical"]
    places = flat(np.random.default_rng(8).uniform(0, 100, (12, 2)))
    far, values = np.array([[1e5, 0, 0]]), np.zeros((12, 1))
    nothing = np.empty((12, 0)), np.empty((1, 0))
    npt.assert_allclose(locally(model, places, values, far, nothing).variances, 1.1)
    mean = 1 / np.linalg.inv(cov.covariances(model, places, places)).sum()
    npt.assert_allclose(locally(model, places, values, far).variances, 1.1 + mean)


def test_a_datum_that_says_nothing_new_gets_no_weight():
    """Twins among the data, which make the matrix singular, change nothing; neither does a pure nugget fail."""
    model = single(cov.SPHERICAL)
    places = flat(np.random.default_rng(9).uniform(0, 100, (20, 2)))
    values, target = np.arange(20.0)[:, None], np.array([[50.0, 50.0, 0.0]])
    once = locally(model, places, values, target)
    twice = locally(model, np.vstack([places, places[:5]]), np.vstack([values, values[:5]]), target)
    npt.assert_allclose(twice.values, once.values, atol=1e-9)
    npt.assert_allclose(twice.variances, once.variances, atol=1e-9)
    nugget = cov.Model(
        np.empty(0, np.int64),
        np.empty(0),
        np.empty(0),
        np.empty((0, 3, 3)),
        np.empty((0, 1, 1)),
        np.array([[2.0]]),
    )
    found = locally(nugget, places, values, target)
    npt.assert_allclose([found.values[0, 0], found.variances[0]], [9.5, 2 + 2 / 20])


def test_neighbours_on_a_line_leave_the_drift_across_it_out():
    """Along the line a linear trend is followed; across it the value is that of the line."""
    model = single(cov.EXPONENTIAL)
    places = np.zeros((10, 3))
    places[:, 0] = 10.0 * np.arange(10)
    targets = np.array([[200.0, 0, 0], [200.0, 30.0, 0]])
    found = locally(model, places, places[:, :1], targets, drifts(1, places, targets))
    npt.assert_allclose(found.values[0, 0], 200.0, rtol=1e-9)
    assert np.isfinite(found.values).all()


def test_blocks():
    """The mean variogram in a unit square of γ = h is (2 + √2 + 5 ln(1 + √2)) / 15; a tiny block is a point.

    The first is the integral of distance between two points of a square; 12 nodes give it to 1e-4.
    """
    linear = cov.for_region(single(cov.POWER, ranges=(1.0,) * 3, shape=1.0), 2.0)
    mean = cov.total_sill(linear)[0, 0] - dense.mean_covariance(linear, (1.0, 1.0, 0.0))
    npt.assert_allclose(mean, (2 + np.sqrt(2) + 5 * np.log(1 + np.sqrt(2))) / 15, rtol=1e-4)
    model = single(cov.SPHERICAL)
    places = flat(np.random.default_rng(10).uniform(0, 100, (30, 2)))
    targets, values = np.array([[50.0, 50, 0], [20.0, 70, 0]]), np.arange(30.0)[:, None]
    sides = (1e-6, 1e-6, 0.0)
    offsets = dense.block_offsets(sides, (4, 4, 1))
    within = dense.mean_covariance(model, sides)
    point = locally(model, places, values, targets)
    block = locally(model, places, values, targets, offsets=offsets, within=within)
    npt.assert_allclose(block.values, point.values, atol=1e-6)
    npt.assert_allclose(block.variances, point.variances, atol=1e-6)


def test_the_mean_of_point_estimates_is_the_block_estimate():
    """Kriging is linear: over the points that stand for a block, values average to that of the block."""
    model = single(cov.SPHERICAL, nugget=0.2)
    places = flat(np.random.default_rng(11).uniform(0, 100, (30, 2)))
    values, middle = np.arange(30.0)[:, None], np.array([[50.0, 50.0, 0.0]])
    offsets = dense.block_offsets((20.0, 20.0, 0.0), (4, 4, 1))
    block = locally(model, places, values, middle, offsets=offsets, within=0.5)
    points = locally(model, places, values, middle + offsets)
    npt.assert_allclose(block.values[0, 0], points.values.mean(), atol=1e-10)
    system = dense.System(model, places, values[:, 0], np.ones((30, 1)))
    whole = system.estimate(middle, np.ones((1, 1)), offsets, within=0.5)
    npt.assert_allclose(
        [whole.values[0], whole.variances[0]], [block.values[0, 0], block.variances[0]], atol=1e-10
    )


def test_cokriging_solves_its_equations():
    """Two quantities with a linear model of coregionalisation, at other places: the dense equations, to 1e-10."""
    sills = np.array([[[2.0, 1.2], [1.2, 1.0]]])
    base = single(cov.SPHERICAL)
    model = base._replace(sills=sills, nugget=np.array([[0.3, 0.1], [0.1, 0.2]]))
    random = np.random.default_rng(12)
    places = flat(random.uniform(0, 100, (50, 2)))
    places[40:] = places[:10]
    variables = np.repeat([0, 1], [20, 30])
    values, targets = random.normal(size=(50, 1)), flat(random.uniform(0, 100, (8, 2)))
    drift = np.column_stack([np.ones(50), variables == 1]).astype(float)
    wanted = Targets(targets, np.tile([1.0, 0.0], (8, 1)), np.zeros(8, np.int64))
    data = Data(places, variables, drift, values)
    found = dense.Estimate(np.empty((8, 1)), np.empty(8))
    krige(model, data, wanted, find_groups(data, wanted, metric(model), 50), range(1), found)
    rho = cov.covariances(base, places, places)
    same = (places[:, None] == places).all(axis=2)
    matrix = np.zeros((52, 52))
    matrix[:50, :50] = (
        sills[0][np.ix_(variables, variables)] * rho + model.nugget[np.ix_(variables, variables)] * same
    )
    # One constraint a quantity: weights of the first add up to one, of the second to none.
    both = np.column_stack([variables == 0, variables == 1])
    matrix[:50, 50:], matrix[50:, :50] = both, both.T
    right = np.vstack(
        [
            sills[0][variables, 0][:, None] * cov.covariances(base, places, targets),
            np.ones((1, 8)),
            np.zeros((1, 8)),
        ]
    )
    weights = np.linalg.solve(matrix, right)
    npt.assert_allclose(found.values[:, 0], weights[:50].T @ values[:, 0], atol=1e-10)
    npt.assert_allclose(found.variances, 2.3 - np.sum(weights * right, axis=0), atol=1e-10)


def test_leaving_one_out_by_one_inversion_is_leaving_one_out():
    """Dubrule's formula equals kriging without each datum in turn, to 1e-10."""
    model = MODELS["spherical"]
    places = flat(np.random.default_rng(13).uniform(0, 100, (25, 2)))
    values = np.random.default_rng(14).normal(size=25)
    fast = dense.System(model, places, values, np.ones((25, 1))).left_out(values)
    for out in range(25):
        rest = np.arange(25) != out
        found = locally(model, places[rest], values[rest, None], places[[out]])
        npt.assert_allclose(
            [fast.values[out], fast.variances[out]], [found.values[0, 0], found.variances[0]], atol=1e-10
        )


def test_order_of_data_makes_no_difference():
    """Places come out in an order of their own, and twins are averaged."""
    places, values = np.random.default_rng(15).integers(0, 4, (40, 3)).astype(float), np.arange(40.0)[:, None]
    order = np.random.default_rng(16).permutation(40)
    once, again = dense.distinct_places(places, values), dense.distinct_places(places[order], values[order])
    npt.assert_array_equal(once[0], again[0])
    npt.assert_array_equal(once[1], again[1])
    assert len(np.unique(places, axis=0)) == len(once[0])
    expected = values[(places == once[0][3]).all(axis=1)].mean()
    npt.assert_allclose(once[1][3, 0], expected)


def test_probabilities_are_put_in_order():
    """Deutsch and Journel's correction: the mean of the upward and the downward one, within 0 and 1."""
    found = dense.ordered_probabilities(np.array([[-0.1], [0.5], [0.4], [1.2]]))
    npt.assert_allclose(found[:, 0], [0.0, 0.45, 0.45, 1.0])


def test_places_almost_one_are_one():
    """Places 1e-6 m apart are merged with the mean of all their values, and leave the others as they are.

    Then kriging with all data, and leaving one out, are as with one place.
    """
    random = np.random.default_rng(3)
    places, values = flat(random.uniform(0, 100, (20, 2))), random.normal(size=(20, 1))
    twins = np.vstack([places, places[:1] + np.array([1e-6, 0, 0]), places[:1]])
    merged, means = dense.distinct_places(twins, np.vstack([values, values[:1] + 3, values[:1]]))
    single_places, single_values = dense.distinct_places(places, np.vstack([values[:1] + 1, values[1:]]))
    npt.assert_allclose(merged, single_places, atol=2e-6)
    npt.assert_allclose(means, single_values, rtol=1e-12)
    model = single(cov.SPHERICAL, nugget=0.2)
    systems = [
        dense.System(model, where, what[:, 0], np.ones((20, 1)))
        for where, what in ((merged, means), (single_places, single_values))
    ]
    left = [one.left_out(what[:, 0]) for one, what in zip(systems, (means, single_values), strict=True)]
    npt.assert_allclose(left[0].values, left[1].values, atol=1e-6)
