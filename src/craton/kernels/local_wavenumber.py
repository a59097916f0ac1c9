"""Local wavenumber of a potential field: how fast the phase of its analytic signal turns along the ground."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Derivatives(NamedTuple):
    """First and second derivatives (rows, columns) that a local wavenumber is made of."""

    easting: Floats
    northing: Floats
    upward: Floats
    east_east: Floats
    east_north: Floats
    north_north: Floats
    east_up: Floats
    north_up: Floats


def local_wavenumber(field: Derivatives) -> Floats:
    """Length of the horizontal gradient of the tilt angle.

    Parameters
    ----------
    field : Derivatives
        In the unit of the field per metre and per square metre.

    Returns
    -------
    array (rows, columns)
        In rad/m; 0 where all first derivatives are 0.

    Notes
    -----
    With h = √(f_e² + f_n²), v = −f_u and A² = h² + v², k = |h ∇v − v ∇h| / A². Over a source that goes on
    along strike that is the local wavenumber of the profile across it. Where h = 0, ∇h has the length of
    the strongest horizontal curvature, for which that of all three second derivatives is taken.

    References
    ----------
    Thurston, J. B. and Smith, R. S. (1997), Automatic conversion of magnetic data to depth, dip, and
    susceptibility contrast using the SPI method, Geophysics 62(3), 807-813, doi:10.1190/1.1444190.
    """
    level = np.hypot(field.easting, field.northing)
    power = level**2 + field.upward**2
    still = level <= 1e-9 * np.sqrt(power)
    over = 1 / np.where(still, 1.0, level)
    rise_east = (field.easting * field.east_east + field.northing * field.east_north) * over
    rise_north = (field.easting * field.east_north + field.northing * field.north_north) * over
    turn = np.hypot(
        field.upward * rise_east - level * field.east_up, field.upward * rise_north - level * field.north_up
    )
    curved = np.sqrt(field.east_east**2 + 2 * field.east_north**2 + field.north_north**2)
    turn = np.where(still, np.abs(field.upward) * curved, turn)
    wavenumber: Floats = np.divide(turn, power, out=np.zeros_like(power), where=power > 0)
    return wavenumber
