"""IBM floating point against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from craton.kernels.ibm_float import ibm_to_ieee

PUBLISHED = {
    0x42640000: 100.0,
    0xC276A000: -118.625,
    0x41100000: 1.0,
    0x40800000: 0.5,
    0x00000000: 0.0,
    0x46000001: 1.0,
}


@pytest.mark.parametrize(("word", "number"), PUBLISHED.items())
def test_known_words(word, number):
    """Words whose value can be found by hand, an unnormalised one among them, have that value."""
    assert ibm_to_ieee(np.array([word], dtype=np.uint32))[0] == number


def test_definition():
    """Any word within the range of single precision is exactly its sign, fraction and power of sixteen."""
    words = np.random.default_rng(7).integers(0, 2**32, 20_000, dtype=np.uint64)
    sign, exponent, fraction = words >> 31, (words >> 24) & 0x7F, words & 0xFFFFFF
    exact = np.where(sign, -1.0, 1.0) * fraction / 2.0**24 * 16.0 ** (exponent.astype(float) - 64)
    inside = (np.abs(exact) < 3e38) & (np.abs(exact) > 1e-37)
    found = ibm_to_ieee(words.astype(np.uint32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[inside], exact[inside].astype(np.float32))


def test_beyond_range():
    """A number that single precision cannot hold becomes infinite with its sign, not something else."""
    words = np.array([0x7FFFFFFF, 0xFFFFFFFF], dtype=np.uint32)
    np.testing.assert_array_equal(ibm_to_ieee(words), [np.inf, -np.inf])
