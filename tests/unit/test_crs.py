"""Names of reference systems, and extents against computations of pyproj itself."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from craton.model import crs
from craton.model.errors import InvalidError

ESRI_UTM_48 = (
    'PROJCS["WGS_1984_UTM_Zone_48N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,'
    '298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",105.0],'
    'PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
ESRI_GDA94 = (
    'GEOGCS["GCS_GDA_1994",DATUM["D_GDA_1994",SPHEROID["GRS_1980",6378137.0,298.257222101]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
RD_WITH_SHIFT = (
    "+proj=sterea +lat_0=52.1561605555556 +lon_0=5.38763888888889 +k=0.9999079 +x_0=155000 +y_0=463000 "
    "+ellps=bessel +towgs84=565.417,50.3319,465.552,-0.398957,0.343988,-1.8774,4.0725 +units=m +no_defs"
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EPSG:32648", "EPSG:32648"),
        ("epsg:32648", "EPSG:32648"),
        ("32648", "EPSG:32648"),
        ("EPSG 32648", "EPSG:32648"),
        ("urn:ogc:def:crs:EPSG::28350", "EPSG:28350"),
        ("urn:ogc:def:crs:EPSG:6.9:4326", "EPSG:4326"),
        ("urn:x-ogc:def:crs:EPSG:4326", "EPSG:4326"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "EPSG:4326"),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "EPSG:4326"),
        ("+init=epsg:32648", "EPSG:32648"),
        ("OGC:CRS84", "OGC:CRS84"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"),
        ("CRS84", "OGC:CRS84"),
        ("WGS84", "EPSG:4326"),
        ("WGS 84 / UTM zone 48N", "EPSG:32648"),
        ("UTM 48N", "EPSG:32648"),
        ("WGS84 UTM zone 47 S", "EPSG:32747"),
        ("+proj=longlat +datum=WGS84 +no_defs", "EPSG:4326"),
        ("+proj=utm +zone=48 +datum=WGS84 +units=m +no_defs", "EPSG:32648"),
        (ESRI_UTM_48, "EPSG:32648"),
        (ESRI_GDA94, "EPSG:4283"),
        (RD_WITH_SHIFT, "EPSG:28992"),
        ("EPSG:7415", "EPSG:7415"),
        ("ESRI:102100", "EPSG:3857"),
    ],
)
def test_one_spelling(text, name):
    """Codes, URNs, addresses, names, PROJ strings and old WKT come to the same code."""
    assert crs.normalise(text) == name


@pytest.mark.parametrize(
    "text", ["", "foo", "EPSG:999999", "EPSG:5773", '{"type": "x"}', "PROJCS[", "+proj=nonsense"]
)
def test_unknown_systems_are_refused(text):
    """Unknown names, broken WKT and mere height systems are not taken."""
    with pytest.raises(InvalidError):
        crs.normalise(text)


def test_unidentified_system_stays_wkt():
    """A system of one's own has no code, and its WKT 2 names the same system again."""
    own = crs.normalise("+proj=lcc +lat_1=20 +lat_2=30 +lat_0=25 +lon_0=100 +datum=WGS84")
    assert own.startswith("PROJCRS[")
    assert crs.normalise(own) == own
    assert not crs.is_geographic(own)


def test_local_systems():
    """An engineering system is known as local, and has no place."""
    assert crs.normalise("local") == crs.normalise(crs.LOCAL)
    assert crs.is_local("local")
    assert crs.is_local('LOCAL_CS["Local",UNIT["metre",1]]')
    assert not crs.is_placed("local")
    assert not crs.is_placed("")
    assert not crs.is_placed("EPSG:4978")
    with pytest.raises(InvalidError):
        crs.to_crs84_bounds(crs.LOCAL, (0, 0, 1, 1))


def test_the_moon_is_not_the_earth():
    """Longitudes of another body are no longitudes of ours."""
    assert crs.is_geographic("IAU_2015:30100")
    assert not crs.is_placed("IAU_2015:30100")


def test_axes():
    """Axes are named, and their unit known."""
    assert crs.axes("EPSG:4283") == ("longitude", "latitude", "deg")
    assert crs.axes("EPSG:28350") == ("easting", "northing", "m")
    assert crs.axes("EPSG:2992") == ("easting", "northing", "ft")
    assert crs.axes("EPSG:2225") == ("easting", "northing", "ftUS")
    assert crs.axes("") == ("easting", "northing", "m")


def test_metres_upward():
    """Heights in feet and depths that point down are told from heights in metres."""
    assert crs.metres_upward("EPSG:7415") == 1.0
    assert crs.metres_upward("EPSG:4326+6360") == pytest.approx(1200 / 3937)
    assert crs.metres_upward("EPSG:4326+5715") == -1.0
    assert crs.metres_upward("") == 1.0


def test_bounds_of_a_utm_zone_hold_every_point_of_the_edge():
    """The extent of a rectangle in UTM is that of a fine walk along its edges, transformed by pyproj."""
    west, south, east, north = 300_000.0, 1_900_000.0, 700_000.0, 2_300_000.0
    walk = np.linspace(0, 1, 2001)
    x = np.concatenate(
        [west + (east - west) * walk, np.full(2001, east), east - (east - west) * walk, np.full(2001, west)]
    )
    y = np.concatenate(
        [
            np.full(2001, south),
            south + (north - south) * walk,
            np.full(2001, north),
            north - (north - south) * walk,
        ]
    )
    longitude, latitude = pyproj.Transformer.from_crs(32648, 4326, always_xy=True).transform(x, y)
    found = crs.to_crs84_bounds("EPSG:32648", (west, south, east, north))
    expected = (longitude.min(), latitude.min(), longitude.max(), latitude.max())
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((120, -28, 121.5, -27), (120, -28, 121.5, -27)),
        ((245, 20, 255, 30), (-115, 20, -105, 30)),
        ((170, -20, 190, -10), (170, -20, -170, -10)),
        ((-190, -20, -170, -10), (170, -20, -170, -10)),
        ((-180, -90, 180, 90), (-180, -90, 180, 90)),
        ((0, -90, 360, 90), (-180, -90, 180, 90)),
        ((-180.125, -90.125, 179.875, 90.125), (-180, -90, 180, 90)),
    ],
)
def test_longitudes_of_any_turn(bounds, expected):
    """Longitudes of 0 to 360° come to ±180°, and an extent over the antimeridian has west > east."""
    assert crs.to_crs84_bounds("EPSG:4326", bounds) == expected


def test_projected_data_over_the_antimeridian():
    """New Zealand's grid with the Chatham Islands crosses the antimeridian."""
    west, south, east, north = crs.to_crs84_bounds("EPSG:2193", (1_500_000, 4_800_000, 2_500_000, 5_500_000))
    assert west > east
    assert (west, east) == (pytest.approx(172.0, abs=2), pytest.approx(-175.5, abs=2))
    assert -48 < south < north < -39


def test_the_pole_is_within_a_polar_extent():
    """A square around the pole holds all longitudes and the pole."""
    west, south, east, north = crs.to_crs84_bounds("EPSG:3995", (-1e6, -1e6, 1e6, 1e6))
    assert (west, east, north) == (-180, 180, 90)
    assert 76 < south < 78


def test_datum_shift_is_applied():
    """Indian 1975 (EPSG:4240) lies some 300 m from WGS 84 in Thailand."""
    shifted = crs.to_crs84("EPSG:4240", [100.0], [15.0])[0]
    expected = pyproj.Transformer.from_crs(4240, 4326, always_xy=True).transform(100.0, 15.0)
    np.testing.assert_allclose(shifted, expected, rtol=1e-9)
    assert 0.001 < abs(shifted[0] - 100.0) < 0.01


def test_position_that_cannot_be_transformed_is_infinite():
    """Coordinates that are no metres of the system give no place instead of a wrong one."""
    assert not np.isfinite(crs.to_crs84("EPSG:32648", [1e30], [1e30])).any()
    with pytest.raises(InvalidError):
        crs.to_crs84_bounds("EPSG:32648", (1e30, 1e30, 2e30, 2e30))


def test_area_of_use():
    """The area of a system is known by its code, also where it came as WKT."""
    assert crs.area_of_use("EPSG:32648") == (102.0, 0.0, 108.0, 84.0)
    assert crs.area_of_use(ESRI_UTM_48) == (102.0, 0.0, 108.0, 84.0)
    assert crs.area_of_use(crs.LOCAL) is None


def test_no_network():
    """PROJ never asks the network for grids."""
    assert not pyproj.network.is_network_enabled()
