"""Terrain: slope, aspect and shade of a surface from the three by three cells around each cell.

Cells are named as they lie in the array, rows downwards and columns to the right:

    a b c
    d e f
    g h i

The rise of the surface from one column to the next, and from one row to the next, is

    columns = corner · [(c + i) − (a + g)] + side · (f − d)
    rows    = corner · [(g + i) − (a + c)] + side · (h − b)

with the weights (corner, side) = (1/8, 2/8) of Horn (1981), who smooths over
neighbouring rows and columns, or (0, 1/2) of Zevenbergen and Thorne (1987),
whose quadratic surface passes through the cells. Divided by the signed steps
of the coordinates these are the slopes to the east p = ∂z/∂E and to the north
q = ∂z/∂N, whichever way rows and columns run.

A cell has no result where it or one of its eight neighbours is NaN or
infinite, or lies outside the array: the outermost rows and columns have none.
Steps are differences of the two neighbouring coordinates, so a result depends
on nothing but the cells and coordinates around it.

References
----------
Horn, B. K. P. (1981). Hill shading and the reflectance map. Proceedings of
the IEEE 69(1), 14-47. doi:10.1109/PROC.1981.11918

Zevenbergen, L. W., and Thorne, C. R. (1987). Quantitative analysis of land
surface topography. Earth Surface Processes and Landforms 12(1), 47-56.
doi:10.1002/esp.3290120107
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.gravity import WGS84, Ellipsoid

Floats = NDArray[np.float64]
Cells = NDArray[np.floating[Any]]

HORN = (0.125, 0.25)
ZEVENBERGEN_THORNE = (0.0, 0.5)
"""Weights of the corner and side cells."""

FEWEST = 3
"""Rows and columns from which there is a cell with neighbours all around."""

NO_SHADE = 0
"""Grey value of cells without a result; those with one have 1 to 255."""

DEGREES = 180.0 / np.pi
TURN = np.float32(360.0)


class Steps(NamedTuple):
    """Steps of the coordinates at each row and column, as what a rise is multiplied with (1/m).

    `north` (rows,) turns the rise along rows into the slope to the north;
    `east` (columns,) times `shrink` (rows,) that along columns into the slope
    to the east. All are NaN where there are no neighbours on both sides.
    """

    north: Floats
    east: Floats
    shrink: Floats


def plane_steps(northing: Floats, easting: Floats) -> Steps:
    """Steps of a grid with axes `northing` (rows,) and `easting` (columns,) in metres, either way."""
    return Steps(1.0 / _step(northing), 1.0 / _step(easting), np.ones(northing.size))


def geographic_steps(latitude: Floats, longitude: Floats, ellipsoid: Ellipsoid = WGS84) -> Steps:
    """Steps in metres of a grid with axes `latitude` (rows,) and `longitude` (columns,) in degrees.

    See `metres_per_degree`. Rows at a pole, where all longitudes meet, have NaN.
    """
    along_meridian, along_parallel = metres_per_degree(latitude, ellipsoid)
    at_pole = np.abs(latitude) >= 90.0
    shrink = 1.0 / np.where(at_pole, np.nan, along_parallel)
    return Steps(1.0 / (_step(latitude) * along_meridian), 1.0 / _step(longitude), shrink)


def _step(axis: Floats) -> Floats:
    """Half the signed distance between the neighbours of each coordinate, NaN at both ends."""
    step = np.full(axis.size, np.nan)
    step[1:-1] = (axis[2:] - axis[:-2]) / 2
    return step


def metres_per_degree(latitude: Floats, ellipsoid: Ellipsoid = WGS84) -> tuple[Floats, Floats]:
    """Lengths of one degree of latitude and of one degree of longitude on the ellipsoid.

    Parameters
    ----------
    latitude : array
        Geodetic latitude in degrees, −90 to 90.
    ellipsoid : Ellipsoid
        Its size and flattening f.

    Returns
    -------
    tuple of array
        Metres along the meridian, and along the parallel.

    Notes
    -----
    With e² = f(2 − f), and the radii of curvature M in the meridian and N
    across it,

        M = a(1 − e²) / (1 − e² sin²φ)^(3/2),   N = a / (1 − e² sin²φ)^(1/2),

    the lengths are πM/180 and πN cos φ/180.

    References
    ----------
    Snyder, J. P. (1987). Map projections: a working manual. US Geological
    Survey Professional Paper 1395, 24-25. doi:10.3133/pp1395
    """
    phi = np.radians(latitude)
    e2 = ellipsoid.flattening * (2 - ellipsoid.flattening)
    w2 = 1 - e2 * np.sin(phi) ** 2
    meridian = ellipsoid.semimajor_axis * (1 - e2) / w2**1.5
    parallel = ellipsoid.semimajor_axis / np.sqrt(w2) * np.cos(phi)
    return np.radians(meridian), np.radians(parallel)


def light(azimuth: float, altitude: float) -> tuple[float, float, float]:
    """Unit vector (east, north, up) to a light at `azimuth`, degrees clockwise from north, and `altitude`."""
    a, h = np.radians(azimuth), np.radians(altitude)
    return float(np.sin(a) * np.cos(h)), float(np.cos(a) * np.cos(h)), float(np.sin(h))


@njit(nogil=True, cache=True, error_model="numpy")
def _rises(
    above: Cells, here: Cells, below: Cells, left: int, weights: tuple[float, float]
) -> tuple[float, float]:
    """Rise from one column to the next and from one row to the next, around the column after `left`."""
    corner, side = weights
    a, b, c = np.float64(above[left]), np.float64(above[left + 1]), np.float64(above[left + 2])
    d, e, f = np.float64(here[left]), np.float64(here[left + 1]), np.float64(here[left + 2])
    g, h, i = np.float64(below[left]), np.float64(below[left + 1]), np.float64(below[left + 2])
    # Nothing, or NaN where one of the nine is no finite number, be it without weight.
    gap = 0.0 * (((a + c) + (g + i)) + ((b + h) + (d + f)) + e)
    columns = corner * ((c + i) - (a + g)) + side * (f - d) + gap
    rows = corner * ((g + i) - (a + c)) + side * (h - b) + gap
    return columns, rows


@njit(nogil=True, cache=True, error_model="numpy")
def shade(
    cells: Cells, steps: Steps, weights: tuple[float, float], towards: tuple[float, float, float]
) -> NDArray[np.uint8]:
    """Grey values of a matt surface under a distant light.

    Parameters
    ----------
    cells : array (rows, columns)
        Elevation in metres, 32 or 64 bits.
    steps : Steps
        Of its coordinates; `north` and `east` times the vertical exaggeration.
    weights : tuple of float
        `HORN` or `ZEVENBERGEN_THORNE`.
    towards : tuple of float
        Unit vector to the light, see `light`.

    Returns
    -------
    array (rows, columns)
        1 (in shadow of itself) to 255 (facing the light), `NO_SHADE` where there is none.

    Notes
    -----
    With the unit normal n = (−p, −q, 1) / √(1 + p² + q²) and the light s,

        grey = ⌊1 + 254 · max(0, n · s) + ½⌋.
    """
    rows, columns = cells.shape
    east, north, up = towards
    result = np.full((rows, columns), np.uint8(NO_SHADE), np.uint8)
    for row in range(1, rows - 1):
        above, here, below = cells[row - 1], cells[row], cells[row + 1]
        for left in range(columns - 2):
            along_columns, along_rows = _rises(above, here, below, left, weights)
            p = along_columns * steps.east[left + 1] * steps.shrink[row]
            q = along_rows * steps.north[row]
            lit = (up - east * p - north * q) / np.sqrt(1.0 + p * p + q * q)
            grey = 1.5 + 254.0 * max(0.0, lit)
            result[row, left + 1] = np.uint8(NO_SHADE if np.isnan(lit) else np.int32(grey))
    return result


@njit(nogil=True, cache=True, error_model="numpy")
def steepness(cells: Cells, steps: Steps, weights: tuple[float, float]) -> NDArray[np.float32]:
    """Angle between surface and horizontal, arctan √(p² + q²), in degrees (rows, columns); see `shade`."""
    rows, columns = cells.shape
    result = np.full((rows, columns), np.float32(np.nan), np.float32)
    for row in range(1, rows - 1):
        above, here, below = cells[row - 1], cells[row], cells[row + 1]
        for left in range(columns - 2):
            along_columns, along_rows = _rises(above, here, below, left, weights)
            p = along_columns * steps.east[left + 1] * steps.shrink[row]
            q = along_rows * steps.north[row]
            result[row, left + 1] = np.arctan(np.sqrt(p * p + q * q)) * DEGREES
    return result


@njit(nogil=True, cache=True, error_model="numpy")
def facing(cells: Cells, steps: Steps, weights: tuple[float, float]) -> NDArray[np.float32]:
    """Direction of steepest descent, atan2(−p, −q), in degrees clockwise from north; see `shade`.

    From 0 up to but not 360 (rows, columns); NaN where the surface is level, p = q = 0.
    """
    rows, columns = cells.shape
    result = np.full((rows, columns), np.float32(np.nan), np.float32)
    for row in range(1, rows - 1):
        above, here, below = cells[row - 1], cells[row], cells[row + 1]
        for left in range(columns - 2):
            along_columns, along_rows = _rises(above, here, below, left, weights)
            p = along_columns * steps.east[left + 1] * steps.shrink[row]
            q = along_rows * steps.north[row]
            if p != 0.0 or q != 0.0:
                angle = np.float32(np.arctan2(-p, -q) * DEGREES)
                turned = angle + TURN if angle < 0 else angle
                # A direction a hair west of north is north in 32 bits.
                result[row, left + 1] = turned if turned < TURN or np.isnan(turned) else np.float32(0.0)
    return result
