"""The inversion kernels: sensitivities against closed forms, adjoints, gradients, and models known beforehand."""

from __future__ import annotations

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.inversion import Effort, Problem, discrepancy, samples, solve
from craton.kernels.mesh_sensitivity import (
    Mesh,
    direction,
    field_on_lattice,
    gravity_coefficients,
    magnetisation_coefficients,
    susceptibility_coefficients,
)
from craton.kernels.regularisation import (
    Regularisation,
    Smoother,
    depth_weights,
    inner,
    regularisation,
    sparse_weights,
)
from craton.kernels.sparse_inversion import sharpen
from craton.kernels.toeplitz_operator import ToeplitzOperator

MESH = Mesh(1000.0, 2000.0, 100.0, (20.0, 40.0, 50.0), (6, 11, 13))
RANDOM = np.random.default_rng(5)
CENTRES = (MESH.west + 50 * (np.arange(13) + 0.5), MESH.south + 40 * (np.arange(11) + 0.5))


def pattern(shift=(0.0, 0.0), height=104.0):
    """Stations over the centres of cells, or all as far from them."""
    east, north = np.meshgrid(CENTRES[0][1:-1] + shift[0], CENTRES[1][2:-1] + shift[1])
    return np.column_stack([east.ravel(), north.ravel(), np.full(east.size, height)])


def scattered(low, high, count=60):
    """Stations anywhere over the mesh, between two heights."""
    random = np.random.default_rng(7)
    east, north = random.uniform(1000, 1650, count), random.uniform(2000, 2440, count)
    return np.column_stack([east, north, random.uniform(low, high, count)])


PLACES = {
    "on the cells": pattern(),
    "all off the cells alike": pattern((11.0, -7.0)),
    "anywhere at one height": scattered(105.0, 105.0),
    "anywhere on a slope": scattered(101.0, 190.0),
}


def prism(x, y, z):
    """Gravity and second derivatives at the origin of ∫ dv/r over a prism, by Nagy et al. (2000), eq. 8 and 9.

    Written out anew with the plain antiderivatives, corner by corner.
    """
    total = np.zeros(7)
    for i in (0, 1):
        for j in (0, 1):
            for k in (0, 1):
                a, b, c = x[i], y[j], z[k]
                r = np.sqrt(a * a + b * b + c * c)
                sign = (-1) ** (i + j + k + 1)
                total += sign * np.array(
                    [
                        a * np.log(b + r) + b * np.log(a + r) - c * np.arctan(a * b / (c * r)),
                        -np.arctan(b * c / (a * r)), -np.arctan(a * c / (b * r)), -np.arctan(a * b / (c * r)),
                        np.log(c + r), np.log(b + r), np.log(a + r),
                    ]
                )  # fmt: skip
    return total


def summed(mesh, stations, coefficients, cells):
    """The field of every prism at every station, one by one."""
    thickness, north, east = mesh.spacing
    out = []
    for station in stations:
        total = 0.0
        for layer, row, column in np.ndindex(*mesh.shape):
            x = mesh.west + east * (column + np.array([0, 1])) - station[0]
            y = mesh.south + north * (row + np.array([0, 1])) - station[1]
            z = mesh.top - thickness * (layer + np.array([1, 0])) - station[2]
            total += cells[:, layer, row, column] @ (coefficients @ prism(x, y, z))
        out.append(total)
    return np.array(out)


def point_mass(distance):
    """Downward gravity in mGal of 1 kg at `distance` metres straight below."""
    return 6.6743e-11 / distance**2 * 1e5


def test_a_distant_cell_is_a_point():
    """At 100 sides, gravity and the field of a dipole are those of a point, to (side/distance)² = 1e-4."""
    x, y, z = np.array([5.0, -5.0]), np.array([5.0, -5.0]), np.array([-995.0, -1005.0])
    found = field_on_lattice(x, y, z, gravity_coefficients())[0, 0, 0, 0]
    npt.assert_allclose(found, 1000 * point_mass(1000.0), rtol=1e-4)
    vertical = field_on_lattice(x, y, z, magnetisation_coefficients(90.0, 0.0))[2, 0, 0, 0]
    # Straight above a dipole that points up the field along "down" is -2 μ₀ M V / 4π r³ with M up.
    npt.assert_allclose(vertical, -2e-7 * 1000 / 1e9 * 1e9, rtol=1e-4)


def test_the_tensor_has_no_trace_outside_and_the_right_one_inside():
    """Laplace outside (1e-13 of the largest), Poisson inside: -4π."""
    x, y = np.array([70.0, -30.0]), np.array([20.0, -45.0])
    outside, inside = (
        field_on_lattice(x, y, z, np.eye(7))[1:4, 0, 0, 0]
        for z in (np.array([-3.0, -20.0]), np.array([9.0, -20.0]))
    )
    npt.assert_allclose(outside.sum(), 0.0, atol=1e-12)
    npt.assert_allclose(inside.sum(), -4 * np.pi, rtol=1e-12)


def test_an_infinite_slab_is_two_pi_g_rho_t():
    """A slab 2,000 times wider than thick: 2πGρt to a thousandth (0.04193 mGal per metre and 1000 kg/m³)."""
    half = np.array([1e5, -1e5])
    found = field_on_lattice(half, half, np.array([-1.0, -101.0]), gravity_coefficients())[0, 0, 0, 0]
    npt.assert_allclose(found * 1000, 2 * np.pi * 6.6743e-11 * 1e5 * 1000 * 100, rtol=1e-3)


def test_points_on_faces_and_over_edges_are_finite():
    """Straight over an edge and a corner, and on the top: the limit from above, to 1e-6."""
    for east, north in ((0.0, 10.0), (0.0, 0.0), (25.0, 10.0)):
        x, y = np.array([50.0 - east, -east]), np.array([40.0 - north, -north])
        on, above = (
            field_on_lattice(x, y, np.array([-height, -20.0 - height]), gravity_coefficients())
            for height in (0.0, 1e-6)
        )
        npt.assert_allclose(on, above, rtol=1e-6)
    lifted = field_on_lattice(x + 1e-9, y, np.array([-5.0, -25.0]), np.eye(7))
    npt.assert_allclose(
        field_on_lattice(x, y, np.array([-5.0, -25.0]), np.eye(7)), lifted, rtol=1e-6, atol=1e-9
    )


def test_induced_magnetisation_is_along_the_field():
    """κF/μ₀ along inclination and declination: its vector is 39.79 A/m for 1 SI in 50,000 nT."""
    vector = magnetisation_coefficients(63.0, -12.0)
    along = 50_000e-9 / (4e-7 * np.pi) * np.array(direction(63.0, -12.0))
    npt.assert_allclose(np.linalg.norm(along), 39.7887, rtol=1e-5)
    npt.assert_allclose(susceptibility_coefficients(50_000, 63.0, -12.0)[0], along @ vector, rtol=1e-12)


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("fields", [1, 3], ids=["gravity", "vector"])
def test_forward_is_the_sum_of_prisms(places, fields):
    """Exact to 1e-11 where stations lie as the cells do, else within 1e-3 of the largest; float32 adds 1e-6."""
    stations = PLACES[places][::7]
    coefficients = gravity_coefficients() if fields == 1 else magnetisation_coefficients(55.0, 20.0)
    cells = np.random.default_rng(2).normal(size=(fields, *MESH.shape))
    expected = summed(MESH, stations, coefficients, cells)
    size = np.abs(expected).max()
    exact = "cells" in places
    double = ToeplitzOperator(MESH, stations, coefficients, dtype=np.float64).forward(cells)
    npt.assert_allclose(double, expected, atol=size * (1e-11 if exact else 1e-3))
    single = ToeplitzOperator(MESH, stations, coefficients).forward(cells)
    npt.assert_allclose(single, double, atol=2e-6 * size)


def test_interpolation_is_mostly_much_better():
    """Root mean square of the error on a slope below 3e-4 of that of the field."""
    stations = PLACES["anywhere on a slope"]
    cells = np.random.default_rng(3).uniform(0, 1, (1, *MESH.shape))
    expected = summed(MESH, stations[:12], gravity_coefficients(), cells)
    found = ToeplitzOperator(MESH, stations, gravity_coefficients(), dtype=np.float64).forward(cells)[:12]
    assert np.std(found - expected) < 3e-4 * np.std(expected)


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("fields", [1, 3], ids=["gravity", "vector"])
def test_the_adjoint_is_the_adjoint(places, fields):
    """⟨Gm, d⟩ = ⟨m, Gᵀd⟩ to 1e-10 in float64."""
    coefficients = gravity_coefficients() if fields == 1 else magnetisation_coefficients(55.0, 20.0)
    operator = ToeplitzOperator(MESH, PLACES[places], coefficients, dtype=np.float64)
    cells, data = RANDOM.normal(size=operator.shape), RANDOM.normal(size=len(PLACES[places]))
    forward, adjoint = operator.forward(cells), operator.adjoint(data)
    scale = np.linalg.norm(forward) * np.linalg.norm(data)
    assert abs(forward @ data - np.vdot(adjoint, cells)) < 1e-10 * scale


def test_a_mesh_of_one_cell_and_one_station():
    """The smallest there is."""
    mesh = Mesh(0.0, 0.0, 0.0, (10.0, 10.0, 10.0), (1, 1, 1))
    operator = ToeplitzOperator(mesh, np.array([[5.0, 5.0, 1.0]]), gravity_coefficients(), dtype=np.float64)
    expected = summed(mesh, [[5.0, 5.0, 1.0]], gravity_coefficients(), np.ones((1, 1, 1, 1)))
    npt.assert_allclose(operator.forward(np.ones((1, 1, 1, 1))), expected, rtol=1e-12)


ACTIVE = np.ones((5, 6, 7), dtype=bool)
ACTIVE[0, :3, :2] = False
WEIGHTS = depth_weights(10.0 * np.arange(5)[:, None, None] * np.ones((5, 6, 7)), 2.0, 5.0)


def functional(dtype=np.float64):
    """A small functional with air."""
    return regularisation(WEIGHTS, ACTIVE, (2.0, 3.0, 1.5), dtype=dtype)


def dense(product, shape):
    """Matrix of a linear map on cells, column by column."""
    columns = []
    for index in range(int(np.prod(shape))):
        unit = np.zeros(shape)
        unit.flat[index] = 1.0
        columns.append(product(unit).ravel())
    return np.array(columns).T


def test_the_functional_is_what_it_says():
    """Σ w² m² + (L/h)² Σ w̄² δm², written out in numpy; its matrix is symmetric and its diagonal is `diagonal`."""
    weights, cells = functional(), RANDOM.normal(size=(1, 5, 6, 7))
    squares = np.where(ACTIVE, WEIGHTS**2, 0)
    expected = (squares * cells[0] ** 2).sum()
    for axis, scale in enumerate((2.0, 3.0, 1.5)):
        both = np.diff(ACTIVE.astype(int), axis=axis) == 0
        both &= np.take(ACTIVE, range(ACTIVE.shape[axis] - 1), axis)
        low, high = (
            np.take(squares, range(*span), axis)
            for span in ((0, ACTIVE.shape[axis] - 1), (1, ACTIVE.shape[axis]))
        )
        expected += scale**2 * (both * 0.5 * (low + high) * np.diff(cells[0], axis=axis) ** 2).sum()
    npt.assert_allclose(weights.value(cells), expected, rtol=1e-12)
    matrix = dense(weights.product, (1, 5, 6, 7))
    npt.assert_allclose(matrix, matrix.T, atol=1e-12)
    npt.assert_allclose(np.diag(matrix), weights.diagonal().ravel(), rtol=1e-12)


def test_the_noise_has_the_functional_for_covariance():
    """4,000 draws: every entry within 6 standard errors of the matrix."""
    weights = Regularisation(*(part[:2, :2, :3] for part in functional()))
    weights.down[-1], weights.north[:, -1], weights.east[:, :, -1] = 0, 0, 0
    random = np.random.default_rng(0)
    draws = np.array([weights.noise(random, 1).ravel() for _ in range(4000)])
    matrix = dense(weights.product, (1, 2, 2, 3))
    error = np.sqrt((np.outer(np.diag(matrix), np.diag(matrix)) + matrix**2) / 4000)
    assert (np.abs(np.cov(draws.T) - matrix) <= 6 * error + 1e-12).all()


def test_the_smoother_inverts_an_even_functional():
    """Without air or depth, with weights of one kind, it is the inverse but for the edges' diagonal: within 1."""
    even = regularisation(np.ones((8, 9, 10)), np.ones((8, 9, 10), bool), (2.0, 2.0, 2.0), dtype=np.float64)
    cells = RANDOM.normal(size=(1, 8, 9, 10))
    cells[:, [0, -1]], cells[:, :, [0, -1]], cells[..., [0, -1]] = 0, 0, 0
    back = Smoother(even, (2.0, 2.0, 2.0))(even.product(cells))
    assert np.linalg.norm(back - cells) < 0.5 * np.linalg.norm(cells)
    assert inner(even.product(cells), back) > 0


def test_sparse_weights_make_powers():
    """x² r is x² far below the threshold and ε^(2-p) |x|^p far above it, to 1 %."""
    for power in (0.0, 1.0, 1.5, 2.0):
        low, high = (size**2 * sparse_weights(np.array(size), power, 1.0) for size in (0.01, 100.0))
        npt.assert_allclose(low, 1e-4, rtol=0.01)
        npt.assert_allclose(high, 100.0**power, rtol=0.01)


def problem(*, count=8, noise=0.05, norm=None, truth=None, **options):
    """Gravity of a block under a square of stations at the centres of cells, as float64 arrays, and the truth."""
    mesh = Mesh(0.0, 0.0, 0.0, (50.0, 50.0, 50.0), (6, count, count))
    east, north = np.meshgrid(50 * (np.arange(count) + 0.5), 50 * (np.arange(count) + 0.5))
    stations = np.column_stack([east.ravel(), north.ravel(), np.full(east.size, 2.0)])
    operator = ToeplitzOperator(mesh, stations, gravity_coefficients(), dtype=np.float64)
    cells = np.zeros((1, *mesh.shape))
    cells[0, 1:3, count // 3 : 2 * count // 3, count // 3 : 2 * count // 3] = 300.0
    cells = cells if truth is None else truth(cells)
    exact = operator.forward(cells)
    deviation = np.full(exact.size, noise * np.abs(exact).max())
    data = exact + deviation * np.random.default_rng(1).normal(size=exact.size)
    weights = depth_weights(50.0 * np.arange(6)[:, None, None] * np.ones(mesh.shape), 2.0, 27.0)
    active = np.ones(mesh.shape, bool)
    simple = regularisation(weights, active, (1.0, 1.0, 1.0), dtype=np.float64)
    smoother = Smoother(simple, (1.0, 1.0, 1.0))
    given = {"reference": np.zeros_like(cells), **options}
    return Problem(operator, data, deviation, simple, smoother, **given), cells, weights, active


def silent(*_):
    """Hear nothing."""


def test_the_gradient_is_that_of_the_objective():
    """Central differences of χ² + βΦ in random directions, to 1e-6; with a trend fitted along."""
    places = np.column_stack([np.ones(64), np.linspace(-1, 1, 64)])
    task, cells, *_ = problem(trend=places)
    beta, cells = 0.3, RANDOM.normal(size=cells.shape) * 100

    def objective(model):
        return task.misfit(model) + beta * task.regularisation.value(model - task.reference)

    gradient = 2 * (task.hessian(cells, beta) - task.target(beta))
    for _ in range(3):
        way = RANDOM.normal(size=cells.shape)
        slope = (objective(cells + way) - objective(cells - way)) / 2
        npt.assert_allclose(slope, np.vdot(gradient, way), rtol=1e-6)


def test_a_solution_is_that_of_the_normal_equations():
    """Against a dense solution in numpy, to 1e-6 of the largest."""
    task, cells, *_ = problem(count=5)
    found, _ = solve(task, 0.5, cells, task.target(0.5), Effort(500, 1e-10, 1))
    matrix = dense(lambda unit: task.hessian(unit, 0.5), cells.shape)
    expected = np.linalg.solve(matrix, task.target(0.5).ravel()).reshape(cells.shape)
    npt.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_bounds_hold_and_the_solution_is_the_best_within_them():
    """Within bounds everywhere; the gradient vanishes inside and points outward at the bounds (1e-3 of its size)."""
    task, cells, *_ = problem(lower=0.0, upper=30.0)
    found, _ = solve(task, 0.05, cells * 0, task.target(0.05), Effort(200, 1e-6, 60))
    gradient = task.hessian(found, 0.05) - task.target(0.05)
    assert found.min() >= 0
    assert found.max() <= 30
    small = 1e-3 * np.abs(task.target(0.05)).max()
    assert (found == 0).any()
    assert (found == 30).any()
    assert np.abs(gradient[(found > 0) & (found < 30)]).max() < small
    assert gradient[found == 0].min() > -small
    assert gradient[found == 30].max() < small


def test_the_search_ends_where_errors_alone_would():
    """χ² within 5 % below the number of data, or of what a trend leaves of it, and β falling on the way."""
    for trend in (np.zeros((0, 0)), np.ones((64, 1))):
        task, *_ = problem(trend=trend)
        cells, beta, steps = discrepancy(task, report=silent)
        assert 0.95 * task.freedom <= task.misfit(cells) <= task.freedom
        assert steps[0].beta > steps[1].beta
        assert steps[-1].beta == beta
    assert task.freedom == 63


def test_a_misfit_out_of_reach_is_told_and_not_sought_for_ever():
    """Errors stated 1000 times too small with bounds that forbid the truth: the last step is above the target."""
    task, *_ = problem(noise=0.05, lower=0.0, upper=1.0)
    cells, _beta, steps = discrepancy(task, report=silent)
    assert task.misfit(cells) > task.freedom
    assert len(steps) <= 30


def test_silent_data_leave_the_reference():
    """Data that the reference explains exactly give back the reference, and hardly differ where none reach."""
    task, cells, *_ = problem(noise=1e-3)
    from dataclasses import replace

    quiet = replace(task, data=task.operator.forward(cells), reference=cells)
    found, _beta, steps = discrepancy(quiet, report=silent)
    npt.assert_allclose(found, cells, atol=1e-6 * cells.max())
    assert len(steps) == 1


@pytest.mark.parametrize("norm", [0.0, 1.0])
def test_sparse_norms_sharpen(norm):
    """The block from data with 1 % noise and bounds: better correlated, and fewer cells that are not zero."""
    task, cells, weights, active = problem(count=12, noise=0.01, lower=0.0, upper=300.0)
    smooth, beta, _ = discrepancy(task, report=silent)
    sharp, _beta, last, steps = sharpen(
        task, smooth, beta, weights, active, (1.0, 1.0, 1.0), norm=norm, report=silent
    )
    likeness = [np.corrcoef(model.ravel(), cells.ravel())[0, 1] for model in (smooth, sharp)]
    assert likeness[1] > likeness[0] + 0.05
    assert likeness[1] > 0.85
    assert (sharp > 15).sum() < 0.7 * (smooth > 15).sum()
    assert last.misfit(sharp) <= 1.05 * task.freedom
    assert {step.stage for step in steps} == {"sparse"}


def test_drawn_models_have_the_spread_of_the_posterior():
    """300 draws of a linear case: standard deviations within 15 % of the inverse Hessian's, 5 % in the mean.

    A standard deviation of 300 draws has itself one of 4 %; the largest of 150 is within 3.5 of those.
    """
    task, cells, *_ = problem(count=5)
    beta = 0.5
    matrix = dense(lambda unit: task.hessian(unit, beta), cells.shape)
    expected = np.sqrt(np.diag(np.linalg.inv(matrix))).reshape(cells.shape)
    best, _ = solve(task, beta, cells * 0, task.target(beta))
    mean, spread = samples(task, beta, best, count=300, seed=4, report=silent)
    npt.assert_allclose(spread, expected, rtol=0.15)
    npt.assert_allclose(spread.mean(), expected.mean(), rtol=0.05)
    assert (np.abs(mean - best) < 5 * expected / np.sqrt(300)).all()


def test_large_errors_are_not_fitted():
    """A reference within the errors is the result in one step; one hardly outside is left by no more than is due."""
    task, *_ = problem(noise=5.0)
    reference = task.misfit(task.reference) / task.freedom
    found, _beta, steps = discrepancy(task, chi_factor=1.001 * reference, report=silent)
    npt.assert_array_equal(found, task.reference)
    assert len(steps) == 1
    aim = 0.97 * reference
    found, _beta, steps = discrepancy(task, chi_factor=aim, report=silent)
    assert 0.95 * aim * task.freedom <= task.misfit(found) <= aim * task.freedom
    assert steps[0].misfit < 0.95 * aim * task.freedom
    assert max(step.beta for step in steps) > steps[0].beta
