"""Thin-plate splines against their definition, planes, and each other."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.thin_plate import evaluate, evaluate_windows, fit, fit_windows, mean_distance

SIDE = 1e5


def field(places):
    """Waves of 40 to 60 km."""
    return np.sin(places[:, 0] / 9e3) * np.cos(places[:, 1] / 7e3)


def scattered(count, seed=0):
    """Places in a square of 100 km."""
    return np.random.default_rng(seed).uniform(0, SIDE, (count, 2))


def test_a_point_load_is_the_greens_function():
    """The spline through samples of r² log r around far points is r² log r itself."""
    places = scattered(30)
    weights = np.random.default_rng(1).normal(size=30)
    flat = np.column_stack([np.ones(30), places])
    weights -= flat @ np.linalg.lstsq(flat, weights)[0]
    unit = mean_distance(places)

    def exact(wanted):
        square = (((wanted[:, np.newaxis] - places) / unit) ** 2).sum(axis=-1)
        return (weights * 0.5 * square * np.log(np.where(square > 0, square, 1))).sum(axis=1) + 3

    wanted = scattered(50, 2)
    npt.assert_allclose(evaluate(fit(places, exact(places)), wanted), exact(wanted), atol=1e-8)


@pytest.mark.parametrize("damping", [0.0, 1.0, 1e5])
def test_planes_come_back_at_any_damping(damping):
    """A plane does not bend; also in windows, where it is blended with itself."""
    places, wanted = scattered(400), scattered(100, 5)
    values, expected = (7 + one @ (1e-3, -2e-3) for one in (places, wanted))
    npt.assert_allclose(evaluate(fit(places, values, damping=damping), wanted), expected, atol=1e-7)
    windows = fit_windows(places, values, np.array([0, 0, SIDE, SIDE]), damping=damping)
    assert len(windows) > 1
    npt.assert_allclose(evaluate_windows(windows, wanted), expected, atol=1e-7)


def test_values_are_kept_and_damping_leaves_the_least_squares_plane():
    """Undamped through all; damped without end, the plane that fits best."""
    places = scattered(100)
    values = np.random.default_rng(3).normal(size=100)
    npt.assert_allclose(evaluate(fit(places, values), places), values, atol=1e-9)
    flat = np.column_stack([np.ones(100), places / SIDE])
    best = flat @ np.linalg.lstsq(flat, values)[0]
    npt.assert_allclose(evaluate(fit(places, values, damping=1e6), places), best, atol=1e-3)


def test_scale_and_shift_change_nothing():
    """Kilometres for metres, another origin, values in another unit: the same surface, damped too."""
    places, wanted = scattered(60), scattered(40, 5)
    values = field(places)
    plain = evaluate(fit(places, values, damping=0.1), wanted)
    other = fit(places / 1000 + (500, 2000), 10 * values + 3, damping=0.1)
    npt.assert_allclose((evaluate(other, wanted / 1000 + (500, 2000)) - 3) / 10, plain, atol=1e-10)


def test_windows_keep_values_and_agree_with_the_whole():
    """Through every value to rounding; between points they differ from the one spline by less than its error."""
    places = scattered(1500)
    values = field(places)
    windows = fit_windows(places, values, np.array([0, 0, SIDE, SIDE]))
    npt.assert_allclose(evaluate_windows(windows, places), values, atol=1e-10)
    wanted = 0.05 * SIDE + 0.9 * scattered(4000, 7)
    whole, parts = evaluate(fit(places, values), wanted), evaluate_windows(windows, wanted)
    error = np.sqrt(np.mean((whole - field(wanted)) ** 2))
    assert np.sqrt(np.mean((parts - whole) ** 2)) < error


def test_the_error_falls_as_points_grow():
    """Four times the points: the error falls by 4 at least."""
    wanted = 0.1 * SIDE + 0.8 * scattered(3000, 7)
    errors = []
    for count in (500, 2000, 8000):
        places = scattered(count)
        windows = fit_windows(places, field(places), np.array([0, 0, SIDE, SIDE]))
        errors.append(np.sqrt(np.mean((evaluate_windows(windows, wanted) - field(wanted)) ** 2)))
    assert errors[0] > 4 * errors[1] > 16 * errors[2]


def test_few_points_and_lines_are_level_across():
    """One point a constant, two or a line the flattest surface."""
    wanted = scattered(20, 8)
    npt.assert_allclose(evaluate(fit(np.array([[5.0, 6.0]]), np.array([3.0])), wanted), 3.0)
    two = fit(np.array([[0.0, 0.0], [100.0, 0.0]]), np.array([0.0, 1.0]))
    npt.assert_allclose(evaluate(two, wanted), wanted[:, 0] / 100, atol=1e-9)
    line = np.column_stack([np.arange(6.0), np.arange(6.0)])
    bent = fit(line, np.array([0.0, 1, 0, 1, 0, 1]))
    npt.assert_allclose(evaluate(bent, line), [0, 1, 0, 1, 0, 1], atol=1e-9)
    left, right = evaluate(bent, np.array([[1.0, 3.0]])), evaluate(bent, np.array([[3.0, 1.0]]))
    npt.assert_allclose(left, right, atol=1e-9)
