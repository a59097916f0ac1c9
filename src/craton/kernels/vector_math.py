"""Vector mathematics: logarithm and arctangent without branches, for loops over many numbers.

The functions of the C library take one number at a time, so a loop that calls them is not put into
vector instructions. These are made of additions, products, one division and choices only; a compiled
loop over an array that calls them works on two, four or eight numbers in one instruction, whatever the
processor has. They are exact to about two units in the last place.

Both take a ratio as its two parts, which saves a division, and keeps the last digits of ratios near one.

Notes
-----
log(a/b): with a = m 2ᵏ, b = n 2ˡ, the mantissas brought to a ratio between 1/√2 and √2, and
s = (m − n)/(m + n), log(a/b) = (k − l) log 2 + 2 artanh(s).

atan(a/b): with u = a/b, or (a − b)/(a + b) + π/4 of it where a/b > tan π/8, so that |u| ≤ tan π/8.

The remainders (2 artanh(s)/s − 2)/s² on 0 ≤ s² ≤ 0.0294373 and (atan(u)/u − 1)/u² on
0 ≤ u² ≤ 0.1715729 are polynomials of s² and u² fitted at Chebyshev points in 60 digits; the largest
errors of the polynomials are 3.1e-16 and 3.2e-17, those of the functions from them below 1e-17.

References
----------
Muller, J.-M. (2016), Elementary functions: algorithms and implementation, 3rd edition, Birkhäuser,
chapters 3 and 11, doi:10.1007/978-1-4899-7983-4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

# The mantissa keeps 52 bits; 1075 is what lifts the whole number in them to the exponent of 2^52.
_MANTISSA = np.int64((1 << 52) - 1)
_ONE = np.int64(1023 << 52)
_SHIFT = np.int64(52)
_WHOLE = np.int64(1075 << 52)

SMALLEST = 2.2250738585072014e-308
"""Smallest number that has all digits; parts of a ratio below it count as it."""

ROOT_TWO = 1.4142135623730951
LOG_TWO_HIGH = 0.6931471803691238
"""Leading 32 bits of log 2, so that whole multiples below 2^20 of it are exact."""
LOG_TWO_LOW = 1.9082149292705877e-10

QUARTER_HIGH = 0.7853981633974483
"""π/4, and what double precision leaves of it."""
QUARTER_LOW = 3.061616997868383e-17
TAN_EIGHTH = 0.41421356237309503
"""tan π/8."""

L0, L1, L2, L3, L4, L5, L6 = (
    0.666666666666667, 0.39999999999899505, 0.28571428625975487, 0.22222211134795034,
    0.18182889125265025, 0.15331721600446224, 0.14616449686400795,
)  # fmt: skip
"""Coefficients of (2 artanh(s)/s − 2)/s² by powers of s²."""

A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10 = (
    -0.3333333333333333, 0.1999999999999552, -0.14285714284666542, 0.11111111015256361,
    -0.09090904578123873, 0.07692183190825433, -0.06664511447372731, 0.058581489127221394,
    -0.0508544973752125, 0.03923165828348216, -0.019176887104237525,
)  # fmt: skip
"""Coefficients of (atan(u)/u − 1)/u² by powers of u²."""


def _intrinsic(make: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """`make` as a function of the number alone, which is what compiled code calls."""
    return cast("Callable[[Any], Any]", intrinsic(make))


@_intrinsic
def _bits(context: Any, number: Any) -> Any:  # noqa: ARG001 - numba hands over its typing context
    """Bits of a float64 as an int64."""

    def make(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], target.get_value_type(types.int64))

    return types.int64(types.float64), make


@_intrinsic
def _from_bits(context: Any, number: Any) -> Any:  # noqa: ARG001 - numba hands over its typing context
    """Float64 of the bits of an int64."""

    def make(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], target.get_value_type(types.float64))

    return types.float64(types.int64), make


@njit(nogil=True, error_model="numpy")
def log_ratio(above: float, below: float) -> float:
    """Natural logarithm of above/below, both 0 or more; either one below `SMALLEST` counts as that."""
    top, bottom = _bits(max(above, SMALLEST)), _bits(max(below, SMALLEST))
    exponent = _from_bits((top >> _SHIFT) | _WHOLE) - _from_bits((bottom >> _SHIFT) | _WHOLE)
    m, n = _from_bits((top & _MANTISSA) | _ONE), _from_bits((bottom & _MANTISSA) | _ONE)
    up, down = m > ROOT_TWO * n, n > ROOT_TWO * m
    m = 0.5 * m if up else m
    n = 0.5 * n if down else n
    exponent = exponent + (1.0 if up else 0.0) - (1.0 if down else 0.0)
    s = (m - n) / (m + n)
    w = s * s
    rest = w * (L0 + w * (L1 + w * (L2 + w * (L3 + w * (L4 + w * (L5 + w * L6))))))
    logarithm: float = exponent * LOG_TWO_HIGH + (2.0 * s + (s * rest + exponent * LOG_TWO_LOW))
    return logarithm


@njit(nogil=True, error_model="numpy")
def angle(across: float, along: float) -> float:
    """Angle of (along, across) from the first axis, −π to π, as atan2(across, along); 0 at the origin."""
    a, b = abs(across), abs(along)
    steep = a > b
    low, high = (b, a) if steep else (a, b)
    wide = low > TAN_EIGHTH * high
    part = low - high if wide else low
    whole = low + high if wide else high
    u = part / max(whole, SMALLEST)
    w = u * u
    outer = A5 + w * (A6 + w * (A7 + w * (A8 + w * (A9 + w * A10))))
    rest = u * (w * (A0 + w * (A1 + w * (A2 + w * (A3 + w * (A4 + w * outer))))))
    turned = u + (rest + (QUARTER_LOW if wide else 0.0)) + (QUARTER_HIGH if wide else 0.0)
    turned = 2.0 * QUARTER_HIGH - (turned - 2.0 * QUARTER_LOW) if steep else turned
    turned = 4.0 * QUARTER_HIGH - (turned - 4.0 * QUARTER_LOW) if along < 0.0 else turned
    return -turned if across < 0.0 else turned
