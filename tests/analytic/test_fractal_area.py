"""Fractal area models: exact power laws, breaks where they were put, and the best of all ways to part a curve."""

from itertools import combinations

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import fractal_area


def power_law(count, exponent, *, break_at=None, above=None, at=3.0):
    """`count` values whose number at or above v falls as v^-exponent, and as v^-above over `at`."""
    rank = np.arange(1.0, count + 1)
    middle = break_at or 1.0
    exponents = np.where(rank <= middle, above or exponent, exponent)
    return at * (middle / rank) ** (1 / exponents)


def logs(values, levels=100):
    return [np.log10(part) for part in fractal_area.area_above(values, None, levels)]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.7])
def test_a_power_law_is_one_line(exponent):
    """Pareto quantiles lie on a line of slope -a to rounding, and the criterion asks for no second."""
    lines = fractal_area.piecewise_lines(*logs(power_law(5000, exponent)), count=None, most=5)
    npt.assert_allclose(lines.slopes, [-exponent], rtol=1e-9)
    npt.assert_allclose(lines.r2, [1.0], rtol=1e-9)


def test_two_power_laws_break_where_they_meet():
    """Slopes -0.8 and -2.5 that meet at 3.0: both, and the place, to rounding; chosen or given."""
    curve = logs(power_law(5000, 0.8, break_at=400, above=2.5))
    for count in (None, 2):
        lines = fractal_area.piecewise_lines(*curve, count=count, most=5)
        npt.assert_allclose(lines.slopes, [-0.8, -2.5], rtol=1e-6)
        npt.assert_allclose(10**lines.breaks, [3.0], rtol=1e-6)


def test_no_other_parting_fits_better():
    """Of all ways to cut 15 points into three lines of three points or more, none has a lesser sum of squares."""
    random = np.random.default_rng(4)
    x, y = np.sort(random.uniform(0, 1, 15)), np.cumsum(random.normal(size=15))

    def squares(starts):
        total = 0.0
        for a, b in zip(starts, [*starts[1:], 15], strict=True):
            total += np.sum((y[a:b] - np.polyval(np.polyfit(x[a:b], y[a:b], 1), x[a:b])) ** 2)
        return total

    ways = [(0, a, b) for a, b in combinations(range(3, 13), 2) if b - a >= 3]
    found = fractal_area.piecewise_lines(x, y, count=3, most=3)
    npt.assert_allclose(squares(list(found.starts)), min(map(squares, ways)), rtol=1e-9)


def test_a_level_curve_and_one_too_short_are_one_line():
    """Nothing to part: one line, whatever is asked."""
    x = np.arange(20.0)
    assert fractal_area.piecewise_lines(x, np.full(20, 7.0), count=None, most=5).starts.tolist() == [0]
    assert fractal_area.piecewise_lines(x[:5], x[:5] ** 2, count=4, most=4).starts.tolist() == [0]


def test_the_area_at_or_above_each_value_is_exact():
    """Every point of the curve is a value that is there, with the sum of weights of all not below it."""
    random = np.random.default_rng(2)
    values, areas = random.lognormal(size=300).round(2) + 0.01, random.uniform(1, 2, 300)
    curve = fractal_area.area_above(values, areas, 50)
    assert set(curve.values) <= set(values)
    npt.assert_allclose(curve.areas, [areas[values >= one].sum() for one in curve.values], rtol=1e-12)
    assert (np.diff(curve.values) > 0).all()
    again = fractal_area.area_above(values[::-1], areas[::-1], 50)
    npt.assert_array_equal(again.areas, curve.areas)


def test_equal_values_are_one_point():
    """A single value has the whole area."""
    curve = fractal_area.area_above(np.full(9, 2.5), None, 20)
    assert [one.tolist() for one in curve] == [[2.5], [9.0]]


def test_waves_keep_the_power_and_come_back():
    """Parseval's sum, the field again, and a single mode of the transform in a single wave."""
    random = np.random.default_rng(3)
    field = random.normal(size=(14, 21))
    waves = fractal_area.waves_of(field)
    npt.assert_allclose(np.sum(waves**2), np.sum(field**2), rtol=1e-12)
    npt.assert_allclose(fractal_area.field_of(waves), field, atol=1e-12)
    rows, columns = (np.arange(side) + 0.5 for side in field.shape)
    mode = np.cos(3 * np.pi * rows / 14)[:, None] * np.cos(5 * np.pi * columns / 21)
    alone = np.abs(fractal_area.waves_of(mode))
    assert np.unravel_index(alone.argmax(), alone.shape) == (3, 5)
    assert np.count_nonzero(alone > 1e-12) == 1


def test_the_area_of_a_power_law_spectrum():
    """E = k^-β takes up A(≥ E) ∝ E^(-2/β): waves within k fill a quarter of a disc (to 2 percent, whole waves)."""
    beta = 3.0
    axis = np.arange(1.0, 201.0)
    wavenumber = np.hypot(axis[:, None], axis)
    within = wavenumber <= 200
    values, areas = fractal_area.area_above(wavenumber[within] ** -beta, None, 100)
    used = areas > 300
    slope = np.polyfit(np.log10(values[used]), np.log10(areas[used]), 1)[0]
    npt.assert_allclose(slope, -2 / beta, rtol=0.02)
