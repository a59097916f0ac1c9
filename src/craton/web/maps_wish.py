"""How a grid is wanted to be coloured: its variable, style, stretch and light, read from the query."""

from __future__ import annotations

import math

from starlette.requests import Request

from craton.model.errors import InvalidError
from craton.web.crs_negotiation import numbers_of
from craton.web.picture_style import STRETCHES, Wish

WISH_NAMES = ("variable", "band", "style", "range", "stretch", "azimuth")
"""Parameters that say how a grid is coloured."""


def wish_of(request: Request) -> Wish:
    """Variable, style, stretch and light that the query asks for."""
    query = request.query_params
    variable = query.get("variable", "")
    if band := query.get("band", ""):
        if variable:
            raise InvalidError("give variable or band, not both")
        variable = band
    limits, azimuth = limits_of(query.get("range", "")), azimuth_of(query.get("azimuth", ""))
    return Wish(variable, query.get("style", ""), limits, is_equal(query.get("stretch", "")), azimuth)


def is_equal(text: str) -> bool:
    """Whether each colour of a ramp is to cover as many cells as any other."""
    if text and text not in STRETCHES:
        raise InvalidError(f"stretch must be {' or '.join(STRETCHES)}, not {text[:40]!r}")
    return text == "equal"


def azimuth_of(text: str) -> float | None:
    """Where light comes from, in degrees clockwise from north."""
    if not text:
        return None
    (azimuth,) = numbers_of(text, "azimuth", 1)
    if not 0 <= azimuth <= 360:
        raise InvalidError(f"azimuth must be 0 to 360 degrees clockwise from north, not {azimuth:g}")
    return azimuth


def limits_of(text: str) -> tuple[float, float] | None:
    """Ends of a ramp, `least,greatest`."""
    if not text:
        return None
    low, high = numbers_of(text, "range", 2)
    if not (low < high and math.isfinite(high - low) and max(abs(low), abs(high)) < 1e30):
        raise InvalidError("range must be two numbers, the first less than the second")
    return low, high
