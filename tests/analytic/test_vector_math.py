"""Logarithm and arctangent without branches, against the wider numbers of numpy, and their limits."""

import numpy as np
import numpy.testing as npt
import pytest
from numba import njit

from craton.kernels.vector_math import SMALLEST, angle, log_ratio

COUNT = 20_000


@njit(nogil=True, error_model="numpy")
def logarithms(above, below, out):
    for i in range(out.size):
        out[i] = log_ratio(above[i], below[i])


@njit(nogil=True, error_model="numpy")
def angles(across, along, out):
    for i in range(out.size):
        out[i] = angle(across[i], along[i])


def computed(function, first, second):
    """Values of a function over two arrays."""
    out = np.empty(np.broadcast(first, second).shape)
    function(
        *(np.ascontiguousarray(one, dtype=np.float64) for one in np.broadcast_arrays(first, second)), out
    )
    return out


def last_places(found, expected):
    """Largest error in units in the last place of what is expected, itself known to more digits."""
    size = np.spacing(np.maximum(np.abs(expected.astype(np.float64)), SMALLEST))
    return float(np.abs((found - expected) / size).max())


@pytest.mark.parametrize("spread", [1e-12, 1e-6, 1e-3, 0.3, 2.0, 60.0, 300.0])
def test_the_logarithm_of_a_ratio_is_right_to_the_last_places(spread):
    """log(a/b) from nearly equal to hugely different parts: within 2.5 units of the 80-bit logarithm of both."""
    random = np.random.default_rng(1)
    above = np.exp(random.uniform(-spread, spread, COUNT)) * 3.7
    below = np.full(COUNT, 3.7)
    wide = above.astype(np.longdouble)
    expected = np.log(wide) - np.log(below.astype(np.longdouble))
    near = np.abs(expected) < 0.5
    expected[near] = np.log1p((wide - below)[near] / below[near])
    assert last_places(computed(logarithms, above, below), expected) < 2.5


@pytest.mark.parametrize("spread", [1e-3, 1.0, 30.0])
def test_the_angle_is_right_to_the_last_places(spread):
    """atan2 in all four quadrants: within 2 units of the 80-bit one."""
    random = np.random.default_rng(2)
    across = random.choice([-1.0, 1.0], COUNT) * np.exp(random.uniform(-spread, spread, COUNT))
    along = random.choice([-1.0, 1.0], COUNT) * np.exp(random.uniform(-spread, spread, COUNT))
    expected = np.arctan2(across.astype(np.longdouble), along.astype(np.longdouble))
    assert last_places(computed(angles, across, along), expected) < 2.0


def test_special_angles_and_logarithms():
    """The axes, the diagonals and the origin; equal parts, and parts of 0, which count as the smallest number."""
    across = np.array([0.0, 1.0, 0.0, -1.0, 1.0, 1.0, -1.0, -1.0, 0.0])
    along = np.array([1.0, 0.0, -1.0, 0.0, 1.0, -1.0, 1.0, -1.0, 0.0])
    npt.assert_array_equal(computed(angles, across, along), np.arctan2(across, along))
    npt.assert_array_equal(computed(logarithms, [2.0, 1e300, 5e-300], [2.0, 1e300, 5e-300]), 0.0)
    npt.assert_allclose(computed(logarithms, [0.0, 1.0], [1.0, 0.0]), np.log(SMALLEST) * np.array([1, -1]))


def test_exchanged_parts_change_the_sign_only():
    """log(a/b) = −log(b/a) and atan2(−y, x) = −atan2(y, x), bit for bit."""
    first, second = np.exp(np.random.default_rng(3).uniform(-9, 9, (2, 500)))
    npt.assert_array_equal(computed(logarithms, first, second), -computed(logarithms, second, first))
    npt.assert_array_equal(computed(angles, -first, second), -computed(angles, first, second))


def test_the_last_of_many_is_as_the_only_one():
    """What is left over after whole vectors is computed by the same operations."""
    first, second = np.exp(np.random.default_rng(4).uniform(-9, 9, (2, 133)))
    for function in (logarithms, angles):
        alone = [computed(function, first[i : i + 1], second[i : i + 1])[0] for i in range(first.size)]
        npt.assert_array_equal(computed(function, first, second), alone)
