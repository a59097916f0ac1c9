"""Hexadecimal floating point of IBM System/360, as seismic tapes store it."""

from __future__ import annotations

import numpy as np

_EXPONENT_BIAS = 4 * 64 + 24
"""Binary exponent of the least fraction bit at hexadecimal exponent zero: 16⁻⁶⁴ · 2⁻²⁴."""


def ibm_to_ieee(words: np.ndarray) -> np.ndarray:
    """IEEE single-precision numbers of IBM single-precision `words`.

    A word holds a sign bit s, seven bits of exponent e and 24 bits of
    fraction f; its value is (−1)ˢ · f/2²⁴ · 16^(e−64). All fractions are exact
    in IEEE single precision; values beyond its range become infinite or, at
    the small end, lose bits and become zero.

    Parameters
    ----------
    words : array of uint32, any shape
        In native byte order.

    Returns
    -------
    array of float32
        Same shape.

    References
    ----------
    IBM System/360 Principles of Operation, A22-6821-0, "Floating-point arithmetic".
    """
    fraction = (words & np.uint32(0x00FFFFFF)).astype(np.float32)
    exponent = ((words >> np.uint32(24)) & np.uint32(0x7F)).astype(np.int32) * 4 - _EXPONENT_BIAS
    with np.errstate(over="ignore", under="ignore"):
        magnitude = np.ldexp(fraction, exponent)
    return np.where(words >> np.uint32(31), -magnitude, magnitude).astype(np.float32, copy=False)
