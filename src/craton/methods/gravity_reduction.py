"""Gravity reduction: from gravity at stations to disturbances and anomalies.

Rows without a place or a number have no result. A result replaces no column:
one of the same name is renamed NAME_1, or
the next number that is free.
"""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np

from craton.kernels import gravity as kernel
from craton.methods.gravity_stations import (
    GeoidGrid,
    HeightKind,
    NumberColumn,
    Stations,
    degrees_of,
    gravity_of,
    heights_of,
    numbers_of,
    refuse_turned_heights,
    turned_to,
    with_columns,
)
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Table, Unit
from craton.process.processes import process

Formula = Literal["WGS84", "GRS80", "GRS67", "international-1930", "helmert-1901"]
Density = Annotated[float, Unit("kg/m3"), Bounds(minimum=0, maximum=6000)]
WithColumn = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]


@process(
    "gravity.normal_gravity",
    version="1",
    keywords=("theoretical gravity", "Somigliana", "ellipsoid", "正常重力"),
)
def normal_gravity(
    stations: Stations,
    height: NumberColumn = "elevation",
    *,
    heights: HeightKind = "orthometric",
    geoid_height: NumberColumn | None = None,
    geoid: GeoidGrid | None = None,
    formula: Formula = "WGS84",
) -> WithColumn:
    """Gravity of a reference ellipsoid at stations.

    Use it to see what the anomalies are taken from. For anomalies themselves take
    `gravity.disturbance`, `gravity.free_air_anomaly` or `gravity.bouguer_anomaly`, which work it out.

    Parameters
    ----------
    stations : GeoDataFrame
        Stations in any reference system on the Earth.
    height : str
        Column of heights, in any unit of length; without a column of that name, the one of elevations.
    heights : str
        Whether they are `orthometric`, above the geoid (sea level), or `ellipsoidal`, as GNSS gives them.
    geoid_height : str
        Column of the height of the geoid above the ellipsoid; needed, or `geoid`, with orthometric heights.
    geoid : DataArray
        Grid of the height of the geoid, taken at the stations.
    formula : str
        `WGS84`, `GRS80` or `GRS67`, in closed form at any height; or `international-1930` or
        `helmert-1901`, for surveys on the Potsdam datum, 14 mGal above today's.

    Returns
    -------
    GeoDataFrame
        `stations` with the column `normal_gravity` in mGal, at the height of each station.

    Notes
    -----
    See `craton.kernels.gravity.normal_gravity` for the closed form. The series are γ = γₑ (1 + a sin²φ +
    b sin²2φ) on the ellipsoid, with the decrease upward of GRS80.

    References
    ----------
    Li, X. and Götze, H.-J. (2001), Ellipsoid, geoid, gravity, geodesy, and geophysics, Geophysics 66(6),
    1660–1668, doi:10.1190/1.1487109.

    Heiskanen, W. A., and Moritz, H. (1967), Physical geodesy, Freeman, chapter 2.
    """
    name = "gravity.normal_gravity"
    latitude = degrees_of(name, stations)[:, 1]
    above = turned_to(
        name, stations, heights_of(name, stations, height), heights, "ellipsoidal", geoid_height, geoid
    )
    values = kernel.normal_gravity_of(formula, latitude, above)
    return with_columns(
        stations, {"normal_gravity": (values, _note("normal_gravity", f"Normal gravity, {formula}"))}
    )


def _note(quantity: str, title: str) -> dict[str, str]:
    return {"unit": "mGal", "quantity": quantity, "title": title}


@process("gravity.disturbance", version="1", keywords=("residual gravity", "ellipsoid", "GNSS", "重力扰动"))
def disturbance(
    stations: Stations,
    gravity: NumberColumn = "gravity",
    height: NumberColumn = "elevation",
    *,
    heights: HeightKind = "orthometric",
    geoid_height: NumberColumn | None = None,
    geoid: GeoidGrid | None = None,
    formula: Formula = "WGS84",
    atmosphere: bool = True,
) -> WithColumn:
    """Gravity disturbance: gravity less that of the ellipsoid at the same point.

    Use it for modelling and inversion, with heights from GNSS: it is the gravity of masses that the
    ellipsoid does not have. Where only heights above sea level are known and no geoid, take
    `gravity.free_air_anomaly`.

    Parameters
    ----------
    stations : GeoDataFrame
        Stations with absolute gravity, in any reference system on the Earth.
    gravity : str
        Column of absolute gravity, in any unit of acceleration; without a column of that name, the one of
        gravity.
    height : str
        As for `gravity.normal_gravity`.
    heights : str
        As for `gravity.normal_gravity`.
    geoid_height : str
        As for `gravity.normal_gravity`.
    geoid : DataArray
        As for `gravity.normal_gravity`.
    formula : str
        As for `gravity.normal_gravity`.
    atmosphere : bool
        Whether the attraction of the air above, which normal gravity holds, is given back: 0.87 mGal at
        sea level.

    Returns
    -------
    GeoDataFrame
        `stations` with the column `gravity_disturbance` in mGal.

    Notes
    -----
    δg = g − γ(φ, h) + δgₐ, with δgₐ = 0.874 − 9.9·10⁻⁵ h + 3.56·10⁻⁹ h² mGal for the air from sea level to
    10 km, as at sea level below, and fading above. Heights with which gravity rises, over 300 m and more,
    are refused as turned over.

    References
    ----------
    Li, X. and Götze, H.-J. (2001), Ellipsoid, geoid, gravity, geodesy, and geophysics, Geophysics 66(6),
    1660–1668, doi:10.1190/1.1487109.

    Hinze, W. J., et al. (2005), New standards for reducing gravity data: The North American gravity
    database, Geophysics 70(4), J25-J32, doi:10.1190/1.1988183.
    """
    name = "gravity.disturbance"
    above = turned_to(
        name, stations, heights_of(name, stations, height), heights, "ellipsoidal", geoid_height, geoid
    )
    values = _less_normal(name, stations, gravity, above, formula, atmosphere=atmosphere)
    return with_columns(
        stations, {"gravity_disturbance": (values, _note("gravity_disturbance", "Gravity disturbance"))}
    )


def _less_normal(
    process: str,
    stations: gpd.GeoDataFrame,
    gravity: str,
    above: np.ndarray,
    formula: str,
    *,
    atmosphere: bool,
) -> np.ndarray:
    """Gravity less normal gravity at the heights `above`, with the air given back."""
    latitude = degrees_of(process, stations)[:, 1]
    measured = gravity_of(process, stations, gravity)
    refuse_turned_heights(process, measured - kernel.normal_gravity_of(formula, latitude, 0.0), above)
    air = kernel.atmosphere(above) if atmosphere else 0.0
    values: np.ndarray = measured - kernel.normal_gravity_of(formula, latitude, above) + air
    return values


@process("gravity.free_air_anomaly", version="1", keywords=("free air", "Faye", "reduction", "自由空气异常"))
def free_air_anomaly(
    stations: Stations,
    gravity: NumberColumn = "gravity",
    height: NumberColumn = "elevation",
    *,
    heights: HeightKind = "orthometric",
    geoid_height: NumberColumn | None = None,
    geoid: GeoidGrid | None = None,
    formula: Formula = "WGS84",
    atmosphere: bool = True,
) -> WithColumn:
    """Free-air anomaly: gravity less normal gravity, both brought to sea level through free air.

    Use it at sea, for geoid work and to compare with older maps. On land it follows the relief; take
    `gravity.bouguer_anomaly` for geology. With ellipsoidal heights `gravity.disturbance` is the cleaner
    quantity.

    Parameters
    ----------
    stations : GeoDataFrame
        As for `gravity.disturbance`.
    gravity : str
        As for `gravity.disturbance`.
    height : str
        As for `gravity.normal_gravity`.
    heights : str
        Whether they are `orthometric` or `ellipsoidal`; ellipsoidal ones need the geoid.
    geoid_height : str
        Column of the height of the geoid; needed, or `geoid`, with ellipsoidal heights.
    geoid : DataArray
        As for `gravity.normal_gravity`.
    formula : str
        As for `gravity.normal_gravity`.
    atmosphere : bool
        As for `gravity.disturbance`.

    Returns
    -------
    GeoDataFrame
        `stations` with the column `free_air_anomaly` in mGal.

    Notes
    -----
    Δg = g − γ(φ, H) + δgₐ: normal gravity in closed form at the height H above the ellipsoid, which holds
    the gradient of 0.3086 mGal/m with its change by latitude and all its higher orders.

    References
    ----------
    Hinze, W. J., et al. (2005), New standards for reducing gravity data: The North American gravity
    database, Geophysics 70(4), J25-J32, doi:10.1190/1.1988183.
    """
    name = "gravity.free_air_anomaly"
    above = turned_to(
        name, stations, heights_of(name, stations, height), heights, "orthometric", geoid_height, geoid
    )
    values = _less_normal(name, stations, gravity, above, formula, atmosphere=atmosphere)
    return with_columns(
        stations, {"free_air_anomaly": (values, _note("free_air_anomaly", "Free-air anomaly"))}
    )


@process(
    "gravity.bouguer_anomaly",
    version="1",
    keywords=("Bouguer", "slab", "spherical cap", "Bullard", "complete", "布格异常"),
)
def bouguer_anomaly(
    stations: Stations,
    gravity: NumberColumn = "gravity",
    height: NumberColumn = "elevation",
    *,
    density: Density = 2670.0,
    plate: Literal["spherical-cap", "slab"] = "spherical-cap",
    terrain_correction: NumberColumn | None = None,
    water_depth: NumberColumn | None = None,
    water_density: Density = 1027.0,
    ice_thickness: NumberColumn | None = None,
    ice_density: Density = 917.0,
    heights: HeightKind = "orthometric",
    datum: Literal["geoid", "ellipsoid"] = "geoid",
    geoid_height: NumberColumn | None = None,
    geoid: GeoidGrid | None = None,
    formula: Formula = "WGS84",
    atmosphere: bool = True,
) -> WithColumn:
    """Bouguer anomaly: gravity freed of the ground between the stations and sea level.

    Use it to map geology on land, and with water depths at sea. Without a terrain correction
    (`gravity.terrain_correction`) it is low near hills and valleys alike. It shows mountains as lows,
    for they float: see `gravity.isostatic_anomaly`.

    Parameters
    ----------
    stations : GeoDataFrame
        Stations with absolute gravity, on the ground, on the sea, on lakes or on ice, in any reference
        system on the Earth. Not in the air nor under water.
    gravity : str
        As for `gravity.disturbance`.
    height : str
        Column of heights of the surface the meter stood on, 0 on the sea, in any unit of length; without a
        column of that name, the one of elevations. `heights` says what they are above.
    density : float
        Of the ground.
    plate : str
        `spherical-cap` follows the Earth out to 166.735 km (Bullard A and B); `slab` is flat and endless
        (Bullard A alone), as in older maps.
    terrain_correction : str
        Column of terrain corrections; with it the complete anomaly is given as well.
    water_depth : str
        Column of the depth of water under stations on the sea or a lake, positive; 0 or nothing on land.
    water_density : float
        1027 kg/m³ for the sea, 1000 kg/m³ for lakes.
    ice_thickness : str
        Column of the thickness of ice under stations; 0 or nothing elsewhere.
    ice_density : float
        Of ice.
    heights : str
        Whether they are `orthometric` or `ellipsoidal`.
    datum : str
        Surface down to which the ground is taken away: the `geoid`, or the `ellipsoid` as in Hinze et al.
        (2005). Heights of the other kind need `geoid_height` or `geoid`.
    geoid_height : str
        Column of the height of the geoid above the ellipsoid. It, or `geoid`, is needed where `heights` and
        `datum` differ in kind: ellipsoidal heights with the geoid, orthometric ones with the ellipsoid.
        Not needed with orthometric heights and the geoid.
    geoid : DataArray
        Grid of the height of the geoid, taken at the stations, in place of `geoid_height`.
    formula : str
        As for `gravity.normal_gravity`.
    atmosphere : bool
        As for `gravity.disturbance`.

    Returns
    -------
    GeoDataFrame
        `stations` with the column `bouguer_anomaly`, and `complete_bouguer_anomaly` where terrain
        corrections are given, in mGal.

    Notes
    -----
    B = g − γ + δgₐ − A(ρ, H) + A(ρ − ρw, water) + A(ρ − ρᵢ, ice) [+ terrain correction], A being the plate
    under the station: 2πGρH, or LaFehr's closed form for a cap. Ground below sea level has a negative
    plate. The cap's Bullard B part is 1.5 mGal at 2 km and changes sign above 4 km.

    References
    ----------
    LaFehr, T. R. (1991), An exact solution for the gravity curvature (Bullard B) correction, Geophysics
    56(8), 1179-1184, doi:10.1190/1.1443138.

    Hinze, W. J., et al. (2005), New standards for reducing gravity data: The North American gravity
    database, Geophysics 70(4), J25-J32, doi:10.1190/1.1988183.
    """
    name = "gravity.bouguer_anomaly"
    wanted: HeightKind = "orthometric" if datum == "geoid" else "ellipsoidal"
    above = turned_to(
        name, stations, heights_of(name, stations, height), heights, wanted, geoid_height, geoid
    )
    values = _less_normal(name, stations, gravity, above, formula, atmosphere=atmosphere)
    spherical = plate == "spherical-cap"
    values = values - kernel.plate(above, density, spherical=spherical)
    for parameter, column, other in (
        ("water_depth", water_depth, water_density), ("ice_thickness", ice_thickness, ice_density)
    ):  # fmt: skip
        if column is not None:
            thick = thickness_of(name, stations, parameter, column)
            values = values + kernel.plate_below(above, thick, density - other, spherical=spherical)
    columns = {"bouguer_anomaly": (values, _note("bouguer_anomaly", f"Bouguer anomaly, {density:g} kg/m³"))}
    if terrain_correction is not None:
        terrain = numbers_of(
            name,
            "terrain_correction",
            stations,
            terrain_correction,
            unit="mGal",
            quantities=("terrain_correction",),
        )
        title = f"Complete Bouguer anomaly, {density:g} kg/m³"
        columns["complete_bouguer_anomaly"] = (values + terrain, _note("complete_bouguer_anomaly", title))
    return with_columns(stations, columns)


def thickness_of(process: str, stations: gpd.GeoDataFrame, parameter: str, column: str) -> np.ndarray:
    """Thickness of water or ice in metres, 0 where there is none; refused where one is negative."""
    values = numbers_of(process, parameter, stations, column, unit="m", quantities=())
    if (values < 0).any():
        row = int(np.flatnonzero(values < 0)[0])
        raise ContractError(
            process, parameter, "a thickness, 0 or more", f"{values[row]:g} m in row {row}",
            hint="give depths of water as positive numbers",
        )  # fmt: skip
    known: np.ndarray = np.nan_to_num(values, nan=0.0)
    return known
