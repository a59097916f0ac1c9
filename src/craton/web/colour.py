"""Colours of numbers: ramps that change evenly to the eye, and colours of classes.

Colours between those of a ramp are mixed in OKLab [1]_, in which equal steps
look equal.

References
----------
.. [1] Ottosson, B. (2020). A perceptual color space for image processing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

Stops = tuple[tuple[float, str], ...]
"""Values in rising order, each with its colour `#rrggbb`."""

Colours = np.ndarray[Any, np.dtype[np.uint8]]

SHADES = 255
"""Colours of a picture with a palette; one more stands for nothing."""

STEPS = 11
"""Stops by which a ramp is told."""

RAMPS: Mapping[str, tuple[str, ...]] = {
    "viridis": ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58",
                "#b5de2b", "#fde725"),
    "cividis": ("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369",
                "#e1cc55", "#fee838"),
    "diverging": ("#20447e", "#5b8cc0", "#a9c6de", "#f4f1ec", "#e5b79b", "#c9755a", "#8c2a2f"),
    "land": ("#3d7a4e", "#8fae66", "#d9cf94", "#b98f5a", "#8a6a52", "#f2efec"),
    "sea": ("#0b2f5e", "#2f79ad", "#b9dcea"),
    "depth": ("#d5ecf0", "#7fb9d4", "#3a7db5", "#1f4b8c", "#0c2350"),
    "water": ("#f4f0df", "#b7dcc9", "#63b6c0", "#2f7fae", "#204a86"),
    "heat": ("#fff7d6", "#fdc870", "#f08a45", "#cb4335", "#7d1f3f", "#360f2c"),
    "plants": ("#a1743f", "#d8c08a", "#f3eecb", "#a8c577", "#4f9152", "#185a37"),
    "grey": ("#0d0d0d", "#f5f5f5"),
}  # fmt: skip
"""Ramps by name, each from its least value to its greatest."""

CLASSES = (
    "#4f7ba6", "#d98a5b", "#7fae6f", "#c05b6b", "#8d7cb8", "#c9b44f", "#5fb3b3", "#a3695a", "#d59ac0",
    "#8a8f4d", "#3f6f5f", "#e3c18f", "#6d5a8f", "#97b8d1", "#b3453a", "#556b2f", "#c9a7e0", "#8b6f3d",
)  # fmt: skip
"""Colours of classes that state none; after the last they begin again, lighter."""


def rgb_of(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hex_of(colour: Sequence[int]) -> str:
    """`#rrggbb` of red, green and blue."""
    return "#{:02x}{:02x}{:02x}".format(*(int(part) for part in colour[:3]))


_TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip


def _to_lab(colours: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    share = colours / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T)


def _to_rgb(lab: np.ndarray[Any, Any]) -> Colours:
    linear = ((lab @ np.linalg.inv(_TO_LAB).T) ** 3) @ np.linalg.inv(_TO_CONES).T
    linear = linear.clip(0, 1)
    share = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(share * 255), np.uint8)


def mixed(colours: Sequence[str], positions: np.ndarray[Any, Any]) -> Colours:
    """Colours (n, 3) at `positions` from 0 to 1 along a ramp of evenly spaced `colours`."""
    lab = _to_lab(np.array([rgb_of(one) for one in colours], np.float64))
    places = np.linspace(0, 1, len(colours))
    return _to_rgb(np.stack([np.interp(positions, places, part) for part in lab.T], axis=-1))


def ramp(name: str, low: float, high: float, *, logarithmic: bool = False) -> Stops:
    """Stops of the ramp `name` from `low` to `high`; `elevation` has its coast at 0.

    A logarithmic one has its stops at equal ratios; `low` must be above 0.
    """
    if name == "elevation":
        return _elevation(low, high)
    positions = np.linspace(0, 1, STEPS)
    values = np.geomspace(low, high, STEPS) if logarithmic else low + (high - low) * positions
    colours = mixed(RAMPS[name], positions)
    return tuple((float(f"{v:.12g}"), hex_of(c)) for v, c in zip(values, colours, strict=True))


def ramp_at(name: str, values: Sequence[float]) -> Stops:
    """Stops of the ramp `name` at `values`, which rise: its colours change as much between each two.

    `elevation` has its coast at 0 where there are values on both sides.
    """
    if name != "elevation":
        colours = mixed(RAMPS[name], np.linspace(0, 1, len(values)))
        return tuple((float(f"{v:.12g}"), hex_of(c)) for v, c in zip(values, colours, strict=True))
    coast = -1e-6 * (values[-1] - values[0])
    sea, land = [v for v in values if v < coast], [v for v in values if v > 0]
    if not sea or not land:
        return ramp_at("sea" if sea else "land", values)
    return (*ramp_at("sea", (*sea, coast)), *ramp_at("land", (0.0, *land)))


def _elevation(low: float, high: float) -> Stops:
    if low >= 0:
        return ramp("land", low, high)
    if high <= 0:
        return ramp("sea", low, high)
    sea = tuple((value, colour) for value, colour in ramp("sea", low, 0.0) if value < 0)
    coast = (-1e-6 * (high - low), RAMPS["sea"][-1])
    return (*sea, coast, *ramp("land", 0.0, high))


def class_colour(place: int) -> str:
    """Colour of the class that is number `place`, from 0."""
    turn, one = divmod(place, len(CLASSES))
    red, green, blue = rgb_of(CLASSES[one])
    lighter = 1 - 0.65 ** min(turn, 4)
    return hex_of([round(part + (255 - part) * lighter) for part in (red, green, blue)])


@lru_cache(maxsize=512)
def palette(stops: Stops) -> Colours:
    """Colours (255, 3) of a ramp, evenly spaced from stop to stop."""
    places = np.linspace(0, len(stops) - 1, SHADES)
    lab = _to_lab(np.array([rgb_of(colour) for _, colour in stops], np.float64))
    return _to_rgb(np.stack([np.interp(places, np.arange(len(stops)), part) for part in lab.T], axis=-1))


def shades(values: np.ndarray[Any, Any], stops: Stops) -> Colours:
    """Places from 0 to 254 of `values` in the `palette` of `stops`; beyond the ends are the ends."""
    numbers = np.array([value for value, _ in stops])
    low, high = numbers[0], numbers[-1]
    if _is_even(stops):
        places = np.asarray(values - np.float32(low))
        places *= np.float32((SHADES - 1) / (high - low))
        places.clip(0, SHADES - 1, out=places)
        places += np.float32(0.5)
        return places.astype(np.uint8)
    places = np.interp(values, numbers, np.linspace(0, SHADES - 1, numbers.size))
    return np.asarray(places + 0.5, np.uint8)


@lru_cache(maxsize=512)
def _is_even(stops: Stops) -> bool:
    steps = np.array([b[0] - a[0] for a, b in pairwise(stops)])
    return bool(np.ptp(steps) <= 1e-9 * abs(stops[-1][0] - stops[0][0]))
