"""Map zones: the projected system in metres that suits a place where nobody names one."""

from __future__ import annotations

import numpy as np

from craton.model import crs as systems
from craton.model.errors import ContractError

FARTHEST = 10.0
"""Degrees of longitude from its central meridian to which a UTM zone is stretched."""

POLAR = {True: ("EPSG:32661", 84.0), False: ("EPSG:32761", -80.0)}
"""Polar stereographic systems north and south, and the latitudes from which they take over from UTM."""


def zone_of(process: str, data: str, crs: str, region: tuple[float, float, float, float]) -> str:
    """UTM zone on WGS 84 of the centre of a region, polar stereographic near the poles.

    Parameters
    ----------
    process, data : str
        The process that asks, and what its data is called in a refusal, such as `grid`.
    crs : str
        Reference system of the region, placed on the Earth.
    region : tuple
        West, south, east, north in the axes of `crs`.

    Returns
    -------
    str
        Such as `EPSG:32648`.

    Raises
    ------
    ContractError
        Where the region reaches more than 10° from the central meridian.
    """
    west, south, east, north = region
    lon, lat = systems.to_crs84(crs, [(west + east) / 2], [(south + north) / 2])[0]
    polar, limit = POLAR[bool(lat > 0)]
    if abs(lat) > abs(limit):
        return polar
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    corners = systems.to_crs84(crs, [west, west, east, east], [south, north, south, north])
    away = np.abs((corners[:, 0] - (zone * 6 - 183) + 180.0) % 360.0 - 180.0).max()
    if not away <= FARTHEST:
        raise ContractError(
            process, "crs", f"given for a {data} that is too wide for a UTM zone", "left out",
            hint="name a system of the whole country, such as an equal-area one",
        )  # fmt: skip
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"
