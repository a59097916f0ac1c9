"""Light on the ground: how bright each pixel of a relief is, by the direction it faces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from craton.model.tile_matrix import METRES_PER_DEGREE
from craton.store.grid_window import Frame

Numbers = np.ndarray[Any, np.dtype[np.float32]]

AZIMUTH, ALTITUDE = 315.0, 45.0
"""Where the light comes from: degrees clockwise from north, degrees above the horizon."""

FIELD_RELIEF = 1 / 40
"""Height of the relief that a field has which is no ground, as a part of its extent."""

FIELD_SHARP = 1 / 1000
"""Side of a pixel from which the slopes of such a relief are made steeper, as a part of the extent."""

DARKEST = 0.35
"""Share of light that reaches ground that faces away."""

SHARP_METRES = 12.0
"""Side of a pixel from which slopes are made steeper, as they flatten where pixels grow."""

STEEPENING = 0.45
"""Power of the pixel's side by which they are."""

EARTH_RADIUS = 6378137.0


@dataclass(frozen=True)
class Light:
    """Light on a relief.

    Parameters
    ----------
    azimuth : float
        Where it comes from, in degrees clockwise from north.
    height : float
        Metres of height that one unit of the values stands for.
    sharp : float
        Side of a pixel in metres from which slopes are made steeper, as they flatten where pixels grow.
    """

    azimuth: float = AZIMUTH
    height: float = 1.0
    sharp: float = SHARP_METRES


def light_on_field(azimuth: float, spread: float, extent: float) -> Light:
    """Light on a field that is no ground: its values stand as high as they make a relief one can read.

    Parameters
    ----------
    azimuth : float
        Degrees clockwise from north.
    spread : float
        Difference of its greatest and its least value, above 0.
    extent : float
        Metres from side to side.
    """
    return Light(azimuth, FIELD_RELIEF * extent / spread, FIELD_SHARP * extent)


def light(
    elevation: np.ndarray[Any, Any],
    valid: np.ndarray[Any, np.dtype[np.bool_]],
    frame: Frame,
    geographic: bool,
    source: Light = Light(),
) -> Numbers:
    """Brightness (height, width) of the pixels of `frame`, 1 for level ground.

    Parameters
    ----------
    elevation : array (height + 2, width + 2)
        Metres, or values that `source` gives a height, one pixel more at each side.
    valid : array (height + 2, width + 2) of bool
        Where there is an elevation; beside a pixel that has none the ground is taken to be level.
    frame : Frame
        Extent, reference system and size of the picture.
    geographic : bool
        Whether its system is one of longitudes and latitudes.
    source : Light
        Where the light comes from, and how high the values stand.
    """
    across, down = _metres(frame, geographic)
    heights = np.where(valid, elevation, np.nan).astype(np.float32)
    steepened = np.maximum(1, down / np.float32(source.sharp)) ** np.float32(STEEPENING)
    steep = np.float32(source.height) * steepened
    east = (heights[1:-1, 2:] - heights[1:-1, :-2]) * (steep / 2 / across)
    north = (heights[:-2, 1:-1] - heights[2:, 1:-1]) * (steep / 2 / down)
    from_east = np.float32(math.sin(math.radians(source.azimuth)) * math.cos(math.radians(ALTITUDE)))
    from_north = np.float32(math.cos(math.radians(source.azimuth)) * math.cos(math.radians(ALTITUDE)))
    above = np.float32(math.sin(math.radians(ALTITUDE)))
    facing = (above - from_east * east - from_north * north) / np.sqrt(1 + east * east + north * north)
    shade = np.float32(DARKEST) + np.float32(1 - DARKEST) * (facing / above).clip(0, 1.35)
    return np.where(np.isfinite(shade), shade, np.float32(1))


def _metres(frame: Frame, geographic: bool) -> tuple[Numbers, Numbers]:
    """Metres on the ground across a pixel and down one, by row (height, 1)."""
    across, down = frame.pixel
    _, rows = frame.centres()
    ones = np.ones((frame.height, 1), np.float32)
    if geographic:
        cosine = np.cos(np.radians(rows.clip(-89, 89)))[:, np.newaxis].astype(np.float32)
        return np.float32(across * METRES_PER_DEGREE) * cosine, ones * np.float32(down * METRES_PER_DEGREE)
    inverse = np.cosh(rows / EARTH_RADIUS) if frame.crs == "EPSG:3857" else np.ones(frame.height)
    scale = (1 / inverse[:, np.newaxis]).astype(np.float32)
    return np.float32(across) * scale, np.float32(down) * scale
