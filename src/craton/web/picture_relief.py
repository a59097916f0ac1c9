"""Light on the ground: how bright each pixel of a relief is, by the direction it faces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from craton.model.tile_matrix import METRES_PER_DEGREE
from craton.store.grid_window import Frame

Numbers = np.ndarray[Any, np.dtype[np.float32]]

AZIMUTH, ALTITUDE = 315.0, 45.0
"""Where the light comes from: degrees clockwise from north, degrees above the horizon."""

DARKEST = 0.35
"""Share of light that reaches ground that faces away."""

SHARP_METRES = 12.0
"""Side of a pixel from which slopes are made steeper, as they flatten where pixels grow."""

STEEPENING = 0.45
"""Power of the pixel's side by which they are."""

EARTH_RADIUS = 6378137.0


def light(
    elevation: np.ndarray[Any, Any],
    valid: np.ndarray[Any, np.dtype[np.bool_]],
    frame: Frame,
    geographic: bool,
) -> Numbers:
    """Brightness (height, width) of the pixels of `frame`, 1 for level ground.

    Parameters
    ----------
    elevation : array (height + 2, width + 2)
        Metres, one pixel more at each side.
    valid : array (height + 2, width + 2) of bool
        Where there is an elevation; beside a pixel that has none the ground is taken to be level.
    """
    across, down = _metres(frame, geographic)
    heights = np.where(valid, elevation, np.nan).astype(np.float32)
    steep = max(1.0, (down / SHARP_METRES)) ** STEEPENING
    east = (heights[1:-1, 2:] - heights[1:-1, :-2]) * (np.float32(steep / 2) / across)
    north = (heights[:-2, 1:-1] - heights[2:, 1:-1]) * np.float32(steep / 2 / down)
    from_east = np.float32(math.sin(math.radians(AZIMUTH)) * math.cos(math.radians(ALTITUDE)))
    from_north = np.float32(math.cos(math.radians(AZIMUTH)) * math.cos(math.radians(ALTITUDE)))
    above = np.float32(math.sin(math.radians(ALTITUDE)))
    facing = (above - from_east * east - from_north * north) / np.sqrt(1 + east * east + north * north)
    shade = np.float32(DARKEST) + np.float32(1 - DARKEST) * (facing / above).clip(0, 1.35)
    return np.where(np.isfinite(shade), shade, np.float32(1))


def _metres(frame: Frame, geographic: bool) -> tuple[Numbers, float]:
    """Metres on the ground across a pixel, by row (height, 1), and down one."""
    across, down = frame.pixel
    _, rows = frame.centres()
    if geographic:
        cosine = np.cos(np.radians(rows.clip(-89, 89)))
        return (across * METRES_PER_DEGREE * cosine[:, np.newaxis]).astype(
            np.float32
        ), down * METRES_PER_DEGREE
    if frame.crs != "EPSG:3857":
        return np.full((frame.height, 1), across, np.float32), down
    scale = 1 / np.cosh(rows / EARTH_RADIUS)
    middle = float(scale[frame.height // 2])
    return (across * scale[:, np.newaxis]).astype(np.float32), down * middle
