"""Points: distances on the sphere, and densities of points under a smooth kernel.

Distances over longitude and latitude are great circles on a sphere of the
mean radius of the Earth, R = (2a + b)/3. They differ from those on the
ellipsoid by less than 0.6 percent.

The quartic kernel of bandwidth h spreads one over the disc around a point,

    K(d) = 3/(πh²) · (1 − d²/h²)²   for d < h, else 0.

On the sphere a cap is smaller than a disc, so K is divided by 1 − h²/(24R²);
what is left of the error is below (h/R)⁴/1000.

References
----------
Moritz, H. (2000). Geodetic Reference System 1980. Journal of Geodesy 74,
128-133. doi:10.1007/s001900050278

Silverman, B. W. (1986). Density estimation for statistics and data analysis.
Chapman and Hall, equation 4.5. doi:10.1201/9781315140919
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth in metres, (2a + b)/3 of WGS 84 and GRS 80."""

TURN = 2.0 * np.pi


def on_sphere(longitude: Floats, latitude: Floats) -> Floats:
    """Places on the unit sphere (n, 3) of longitudes and latitudes (n,) in degrees."""
    lam, phi = np.radians(longitude), np.radians(latitude)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def chord(distance: float) -> float:
    """Straight distance on the unit sphere between places `distance` metres apart along the ground."""
    return float(2.0 * np.sin(min(distance / EARTH_RADIUS, np.pi) / 2))


def mean_of_places(coordinates: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Places and values in an order that is their own, values at one place averaged.

    Parameters
    ----------
    coordinates : array (n, 2)
        Easting and northing, or longitude and latitude.
    values : array (n,)
        One a place.

    Returns
    -------
    tuple of array
        Distinct places (m, 2) by northing and easting, and their mean values (m,). Neither depends on
        the order in which they were given.
    """
    order = np.lexsort((values, coordinates[:, 0], coordinates[:, 1]))
    coordinates, values = coordinates[order], values[order]
    first = np.concatenate([[True], (np.diff(coordinates, axis=0) != 0).any(axis=1)])
    sums = np.bincount(np.cumsum(first) - 1, values)
    return coordinates[first], sums / np.diff(np.append(np.flatnonzero(first), values.size))


@njit(nogil=True, cache=True, error_model="numpy")
def add_on_plane(
    density: Floats, northing: Floats, easting: Floats, points: Floats, weights: Floats, bandwidth: float
) -> None:
    """Add the quartic kernels of points in a plane to `density`, per unit of area.

    Parameters
    ----------
    density : array (rows, columns)
        Changed in place.
    northing, easting : array (rows,), (columns,)
        Centres of the cells, evenly spaced and ascending.
    points : array (n, 2)
        Easting and northing, in the unit of the axes.
    weights : array (n,)
        What each point counts for.
    bandwidth : float
        Radius of the kernel, in the unit of the axes.
    """
    for number in range(points.shape[0]):
        east, north = points[number]
        height = 3.0 * weights[number] / (np.pi * bandwidth**2)
        first, last = _window(northing, north, bandwidth)
        left, right = _window(easting, east, bandwidth)
        for row in range(first, last):
            row_part = ((northing[row] - north) / bandwidth) ** 2
            for column in range(left, right):
                rest = 1.0 - row_part - ((easting[column] - east) / bandwidth) ** 2
                if rest > 0.0:
                    density[row, column] += height * rest * rest


@njit(nogil=True, cache=True, error_model="numpy")
def add_on_sphere(
    density: Floats, latitude: Floats, longitude: Floats, points: Floats, weights: Floats, reach: float
) -> None:
    """Add the quartic kernels of points on the unit sphere to `density`; see `add_on_plane`.

    All angles are in radians: `latitude` (rows,) and `longitude` (columns,)
    ascending, `points` (n, 2) as longitude and latitude, `reach` the
    bandwidth. Kernels go on across the antimeridian.
    """
    limit = np.sin(reach / 2) ** 2
    for number in range(points.shape[0]):
        east, north = points[number]
        height = 3.0 * weights[number] / (np.pi * reach**2) / (1.0 - reach**2 / 24.0)
        first, last = _window(latitude, north, reach)
        width = _half_width(north, reach)
        all_around = width >= np.pi
        for turn in range(0 if all_around else -1, 1 if all_around else 2):
            left, right = _window(longitude, east + turn * TURN, np.inf if all_around else width)
            for row in range(first, last):
                row_part = np.sin((latitude[row] - north) / 2) ** 2
                factor = np.cos(north) * np.cos(latitude[row])
                for column in range(left, right):
                    part = row_part + factor * np.sin((longitude[column] - east) / 2) ** 2
                    if part < limit:
                        rest = 1.0 - (2.0 * np.arcsin(np.sqrt(part)) / reach) ** 2
                        density[row, column] += height * rest * rest


@njit(nogil=True, cache=True, error_model="numpy")
def _window(axis: Floats, middle: float, reach: float) -> tuple[int, int]:
    """First and past-the-last index of the coordinates of `axis` nearer than `reach` to `middle`."""
    return int(np.searchsorted(axis, middle - reach)), int(np.searchsorted(axis, middle + reach))


@njit(nogil=True, cache=True, error_model="numpy")
def _half_width(latitude: float, reach: float) -> float:
    """Half the longitudes that a cap of radius `reach` spans; with a pole in it, all around."""
    if abs(latitude) + reach >= np.pi / 2:
        return np.pi
    # A hair more, as the test of the distance decides.
    width: float = np.arcsin(np.sin(reach) / np.cos(latitude)) * (1.0 + 1e-9)
    return width
