"""Petrophysical coupling: the mixture against its formula, its squares against its logarithm, one rock, two bodies."""

from __future__ import annotations

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.inversion import Problem, discrepancy
from craton.kernels.mesh_sensitivity import Mesh, gravity_coefficients, susceptibility_coefficients
from craton.kernels.petrophysical_inversion import (
    Ground,
    Rocks,
    attraction,
    drawn_to,
    memberships,
    together,
)
from craton.kernels.regularisation import Smoother, depth_weights, regularisation
from craton.kernels.toeplitz_operator import ToeplitzOperator

SPREADS = np.array([[15.0, 0.002], [40.0, 0.004], [30.0, 0.006]])
ACROSS = np.array([0.0, 0.5, -0.4])
ROCKS = Rocks(
    np.array([[0.0, 0.0], [400.0, 0.004], [200.0, 0.05]]),
    np.array([np.diag(s**2) + c * s.prod() * (1 - np.eye(2)) for s, c in zip(SPREADS, ACROSS, strict=True)]),
    np.array([0.9, 0.04, 0.06]),
)
PLAIN = ROCKS._replace(covariances=np.array([np.diag(s**2) for s in SPREADS]))


def density(rocks, values):
    """Mixture at values (n, 2), by the formula of the normal distribution, written out."""
    total = []
    for mean, covariance, share in zip(*rocks, strict=True):
        away = values - mean
        square = np.einsum("na,ab,nb->n", away, np.linalg.inv(covariance), away)
        total.append(share * np.exp(-0.5 * square) / (2 * np.pi * np.sqrt(np.linalg.det(covariance))))
    return np.array(total)


def test_memberships_are_bayes_theorem():
    """pⱼNⱼ/Σ to 1e-12; far from all rocks they still add up to 1."""
    values = np.random.default_rng(0).uniform([-50, -0.01], [450, 0.06], (200, 2))
    parts = density(ROCKS, values)
    npt.assert_allclose(memberships(ROCKS, values.T), parts / parts.sum(axis=0), atol=1e-12)
    npt.assert_allclose(memberships(ROCKS, np.full((2, 1), 1e6)).sum(axis=0), 1.0)


@pytest.mark.parametrize("this", [0, 1])
def test_the_squares_touch_the_mixture_from_above(this):
    """P(m - c)² + constant is -2 ln of the mixture where it was taken, with its slope, and above it elsewhere."""
    values = np.random.default_rng(1).uniform([-20, 0], [420, 0.055], (60, 2))
    precision, centre = attraction(ROCKS, memberships(ROCKS, values.T), this, values[:, 1 - this])

    def logarithm(own):
        moved = values.copy()
        moved[:, this] = own
        return -2 * np.log(density(ROCKS, moved).sum(axis=0))

    def square(own):
        return precision * (own - centre) ** 2

    own, step = values[:, this], 1e-4 * SPREADS[:, this].min()
    constant = logarithm(own) - square(own)
    slopes = [(f(own + step) - f(own - step)) / (2 * step) for f in (logarithm, square)]
    npt.assert_allclose(slopes[0], slopes[1], rtol=1e-5, atol=1e-5 * np.abs(slopes[1]).max())
    for part in np.linspace(-3, 3, 13):
        other = own + part * SPREADS[:, this].max()
        assert (square(other) + constant >= logarithm(other) - 1e-8).all()


def surveys(count, layers):
    """Two bodies side by side, dense and magnetic: problems alone, their models, and the rock of each cell."""
    mesh = Mesh(0.0, 0.0, 0.0, (50.0, 50.0, 50.0), (layers, count, count))
    east, north = (part.ravel() for part in np.meshgrid(*[50.0 * (np.arange(count) + 0.5)] * 2))
    stations = np.column_stack([east, north, np.full(east.size, 2.0)])
    rock = np.zeros(mesh.shape, int)
    rock[1:4, 5:11, 2:6], rock[1:4, 5:11, 10:14] = 1, 2
    weights = depth_weights(50.0 * np.arange(layers)[:, None, None] * np.ones(mesh.shape), 2.0, 27.0)
    ground = Ground(weights, np.ones(mesh.shape, bool), (0.5, 0.5, 0.5))
    functional = regularisation(weights, ground.active, ground.scale)
    found = []
    for this, coefficients in enumerate((gravity_coefficients(), susceptibility_coefficients(50_000, 60, 0))):
        operator = ToeplitzOperator(mesh, stations, coefficients)
        exact = operator.forward(ROCKS.means[rock, this][None])
        deviation = np.full(exact.size, 0.02 * np.abs(exact).max())
        data = exact + deviation * np.random.default_rng(this).normal(size=exact.size)
        task = Problem(
            operator, data, deviation, functional, Smoother(functional, ground.scale),
            np.zeros((1, *mesh.shape), np.float32), 0.0, ROCKS.means[:, this].max(),
        )  # fmt: skip
        found.append((task, *discrepancy(task, report=silent)[:2]))
    return *zip(*found, strict=True), ground, rock


def silent(*_):
    """Hear nothing."""


@pytest.fixture(scope="module")
def bodies():
    """16 x 16 x 8 cells."""
    return surveys(16, 8)


def overlap(belongs, rock, number):
    """Cells that are of a rock and found to be, over cells that are either."""
    chosen, true = belongs.argmax(axis=0) == number, rock == number
    return (chosen & true).sum() / (chosen | true).sum()


def test_two_bodies_are_told_apart_and_their_values_found(bodies):
    """Against either alone: overlap of both bodies up, errors of both properties down by an eighth, data explained."""
    problems, models, betas, ground, rock = bodies
    steps = {}
    found, belongs = together(
        problems, models, betas, ground, PLAIN, rounds=40,
        report=lambda _round, this, step: steps.update({this: step}),
    )  # fmt: skip
    apart = memberships(PLAIN, [cells[0] for cells in models])
    for number in (1, 2):
        assert overlap(belongs, rock, number) > max(0.6, overlap(apart, rock, number) + 0.05)
    for this in (0, 1):
        true = ROCKS.means[rock, this]
        errors = [np.sqrt(np.mean((cells[this][0] - true) ** 2)) for cells in (found, models)]
        assert errors[0] < 0.88 * errors[1]
        for number in (1, 2):
            inside = found[this][0][(rock == number) & (belongs.argmax(axis=0) == number)]
            npt.assert_allclose(inside.mean(), ROCKS.means[number, this], atol=2 * SPREADS[number, this])
        assert steps[this].misfit <= 1.05 * problems[this].freedom


def test_one_rock_is_plain_smallness(bodies):
    """One rock of any spread about 0: the functional, its reference and its weights are those of either alone."""
    problems, _models, _betas, ground, _rock = bodies
    one = Rocks(np.zeros((1, 2)), np.array([np.diag([1e6, 25.0])]), np.ones(1))
    other = np.random.default_rng(3).normal(size=ground.active.shape)
    for this in (0, 1):
        drawn = drawn_to(one, memberships(one, [other, other]), problems[this], ground, this, other)
        npt.assert_array_equal(drawn.reference, 0.0)
        for mine, plain in zip(drawn.regularisation, problems[this].regularisation, strict=True):
            npt.assert_allclose(mine, plain, rtol=1e-6)
