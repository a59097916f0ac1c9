"""Gravity network: exact readings, the plain least squares of the whole system, and what is not determined."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.gravity_network import Readings, adjust, components, undetermined

GRAVITY = 979_000 + np.array([0.0, 13.2, 41.7, 88.1, 5.4, 62.0])
RATES = np.array([0.03, -0.012, 0.0])


def survey(noise=0.0, curve=0.0):
    """Three loops from station 0 over all others and back, with drift, offset and noise."""
    random = np.random.default_rng(4)
    rows = []
    for loop, rate in enumerate(RATES):
        way = [0, *random.permutation(np.arange(1, GRAVITY.size)), 0]
        for step, station in enumerate(way):
            hours = 24 * loop + 0.7 * step
            drift = rate * 0.7 * step + curve * (0.7 * step) ** 2
            rows.append((station, loop, hours, GRAVITY[station] - 978_000 + 3 * loop + drift))
    stations, loops, hours, values = (np.array(one) for one in zip(*rows, strict=True))
    values = values + random.normal(0, noise, values.size) if noise else values
    return Readings(stations, loops, hours, values)


def known_at(*stations):
    known = np.full(GRAVITY.size, np.nan)
    known[list(stations)] = GRAVITY[list(stations)]
    return known


def test_exact_readings_give_gravity_and_drift_back():
    """Without noise both come to rounding, 1e-8 mGal, with no residual."""
    found = adjust(survey(), known_at(0), np.zeros(6))
    npt.assert_allclose(found.gravity, GRAVITY, atol=1e-8)
    npt.assert_allclose(found.rate, RATES, atol=1e-9)
    npt.assert_allclose(found.residuals, 0, atol=1e-8)
    assert found.freedom == 21 - 5 - 6


def test_a_loop_with_one_base_is_a_straight_line_of_drift():
    """Between the two readings of the base the drift is linear; the other stations are what is left."""
    values = np.array([100.0, 107.0, 103.0, 100.5])
    given = Readings(np.array([0, 1, 2, 0]), np.zeros(4, int), np.array([0.0, 1, 2, 5]), values)
    found = adjust(given, np.array([979_000.0, np.nan, np.nan]), np.zeros(3))
    npt.assert_allclose(found.gravity, [979_000, 979_006.9, 979_002.8], atol=1e-8)
    npt.assert_allclose(found.rate, 0.1, atol=1e-10)
    assert found.freedom == 0
    assert found.unit_std == 1.0
    assert np.isnan(found.standardised).all()


def test_quadratic_drift_needs_its_degree():
    """A curved drift is taken up by degree 2, and leaves residuals with degree 1."""
    given = survey(curve=0.004)
    npt.assert_allclose(adjust(given, known_at(0), np.zeros(6), degree=2).gravity, GRAVITY, atol=1e-7)
    assert np.abs(adjust(given, known_at(0), np.zeros(6), degree=1).residuals).max() > 0.005


def test_it_is_the_least_squares_of_the_whole_system():
    """With weighted bases, gravity, drift, their standard deviations and σ₀ are those of the full normal equations."""
    given, noise = survey(noise=0.01), 0.01
    known, spread = known_at(0, 3) + np.array([0, 0, 0, 0.004, 0, 0]), np.array([0.005, 0, 0, 0.01, 0, 0])
    found = adjust(given, known, spread, reading_std=noise)
    design, right, weights = [], [], []
    for station, loop, hours, value in zip(*given, strict=True):
        row = np.zeros(12)
        row[[station, 6 + 2 * loop]] = 1
        row[7 + 2 * loop] = hours - given.hours[given.loops == loop].mean()
        design.append(row)
        right.append(value)
        weights.append(1 / noise)
    for station in (0, 3):
        design.append(np.eye(12)[station])
        right.append(known[station])
        weights.append(1 / spread[station])
    matrix = np.array(design) * np.array(weights)[:, None]
    solution = np.linalg.lstsq(matrix, np.array(right) * weights)[0]
    left = matrix @ solution - np.array(right) * weights
    unit = np.sqrt((left**2).sum() / (len(right) - 12))
    spreads = np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix))) * max(unit, 1)
    npt.assert_allclose(found.gravity, solution[:6], atol=1e-7)
    npt.assert_allclose(found.rate, solution[7::2], atol=1e-7)
    npt.assert_allclose(found.gravity_std, spreads[:6], rtol=1e-6)
    npt.assert_allclose(found.rate_std, spreads[7::2], rtol=1e-6)
    npt.assert_allclose(found.unit_std, unit, rtol=1e-6)
    hat = matrix @ np.linalg.pinv(matrix)
    expected = -left[:-2] / np.sqrt(1 - np.diag(hat)[:-2])
    npt.assert_allclose(found.standardised, expected, atol=1e-5)


def test_the_order_of_readings_makes_no_difference():
    """Shuffled rows give the same to rounding."""
    given = survey(noise=0.02)
    order = np.random.default_rng(1).permutation(given.values.size)
    other = Readings(*(one[order] for one in given))
    one, two = (adjust(each, known_at(0), np.zeros(6)) for each in (given, other))
    npt.assert_allclose(one.gravity, two.gravity, atol=1e-9)
    npt.assert_allclose(one.residuals[order], two.residuals, atol=1e-9)


def test_a_gross_error_stands_out():
    """0.5 mGal in one reading is the greatest of all standardised residuals."""
    given = survey(noise=0.01)
    given.values[4] += 0.5
    found = adjust(given, known_at(0), np.zeros(6), reading_std=0.01)
    assert int(np.nanargmax(np.abs(found.standardised))) == 4
    assert found.unit_std > 5


def test_stations_without_a_way_to_a_base_are_named():
    """A loop that shares no station with the others is loose."""
    given = Readings(np.array([0, 1, 0, 2, 3, 2]), np.array([0, 0, 0, 1, 1, 1]), np.arange(6.0), np.zeros(6))
    npt.assert_array_equal(components(given, np.array([True, False, False, False])), [2, 3])
    npt.assert_array_equal(components(given, np.array([True, False, False, True])), [])


@pytest.mark.parametrize(("degree", "expected"), [(0, []), (1, [1]), (2, [0, 1])])
def test_loops_whose_drift_nothing_tells_are_named(degree, expected):
    """Loop 1 reads each station once, so that nothing tells its drift; loop 0 tells a line and no curve."""
    given = Readings(
        np.array([0, 1, 0, 2, 0, 3, 4]),
        np.array([0, 0, 0, 0, 1, 1, 1]),
        np.array([0.0, 1, 2, 3, 24, 25, 26]),
        np.zeros(7),
    )
    known = np.array([979_000.0, *[np.nan] * 4])
    npt.assert_array_equal(undetermined(given, known, np.zeros(5), degree), expected)
