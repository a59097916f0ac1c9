"""Gravity reductions of tables: the stations of South Africa beside boule and harmonica, units, and what is refused."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.kernels.gravity import slab
from craton.methods.gravity_check import check_stations
from craton.methods.gravity_reduction import bouguer_anomaly, disturbance, free_air_anomaly, normal_gravity
from craton.model.errors import ContractError

# Latitude, longitude, height and gravity of six stations of the gravity data of southern Africa (NOAA, public domain).
STATIONS = [
    (-33.55333, 25.23500, 358.14, 979447.26), (-30.95979, 18.89600, 377.00, 979270.95),
    (-28.81500, 29.53999, 1023.81, 978882.72), (-25.13942, 25.98836, 1173.00, 978624.95),
    (-23.84955, 29.58772, 1257.50, 978509.60), (-20.45000, 16.53333, 1386.80, 978270.96),
]  # fmt: skip
BOULE_WGS84 = [-54.14827, -13.205229, -34.514346, 21.879044, 20.442419, 35.815319]
BOULE_GRS80 = [-54.291665, -13.348644, -34.657748, 21.735623, 20.298994, 35.671879]
HARMONICA_SLAB = [40.10049, 42.212221, 114.634732, 131.339351, 140.800711, 155.278271]


def table(rows=STATIONS, **columns):
    """Stations with gravity in mGal and elevation in m, and further columns of metres or mGal."""
    latitude, longitude, height, gravity = (np.array(one) for one in zip(*rows, strict=True))
    frame = gpd.GeoDataFrame(
        {"gravity": gravity, "elevation": height, **columns},
        geometry=gpd.points_from_xy(longitude, latitude),
        crs="EPSG:4326",
    )
    notes = {
        "gravity": {"unit": "mGal", "quantity": "gravity"},
        "elevation": {"unit": "m", "quantity": "elevation"},
    }
    frame.attrs["columns"] = notes | {name: {"unit": "m"} for name in columns}
    return frame


@pytest.mark.parametrize(("formula", "expected"), [("WGS84", BOULE_WGS84), ("GRS80", BOULE_GRS80)])
def test_the_disturbance_is_that_of_boule(formula, expected):
    """Heights taken as ellipsoidal, no air: boule 0.6.0 gives the same to 0.0001 mGal."""
    found = disturbance(table(), heights="ellipsoidal", formula=formula, atmosphere=False)
    npt.assert_allclose(found["gravity_disturbance"], expected, atol=1e-4)
    assert found.attrs["columns"]["gravity_disturbance"]["unit"] == "mGal"


def test_the_slab_is_that_of_harmonica():
    """Harmonica 0.7.0 has a G that differs in the fifth digit: 1e-5."""
    found = free_air_anomaly(table(), atmosphere=False)["free_air_anomaly"]
    found -= bouguer_anomaly(table(), plate="slab", atmosphere=False)["bouguer_anomaly"]
    npt.assert_allclose(found, HARMONICA_SLAB, rtol=1e-5)


def test_parts_add_up():
    """Free-air less disturbance is the fall of gravity over the geoid; the complete anomaly adds the terrain."""
    frame = table(geoid_height=np.full(6, 30.0), terrain=np.arange(6.0))
    frame.attrs["columns"]["terrain"] = {"unit": "mGal"}
    above = disturbance(frame, geoid_height="geoid_height")["gravity_disturbance"]
    found = free_air_anomaly(frame)["free_air_anomaly"]
    npt.assert_allclose(above - found, 30 * 0.3086, rtol=3e-3)
    both = bouguer_anomaly(frame, terrain_correction="terrain")
    npt.assert_allclose(both["complete_bouguer_anomaly"] - both["bouguer_anomaly"], np.arange(6.0), atol=1e-9)
    air = (
        free_air_anomaly(frame)["free_air_anomaly"]
        - free_air_anomaly(frame, atmosphere=False)["free_air_anomaly"]
    )
    npt.assert_allclose(
        air, 0.874 - 9.9e-5 * frame["elevation"] + 3.56e-9 * frame["elevation"] ** 2, atol=1e-9
    )


def test_a_grid_of_the_geoid_serves_as_its_column():
    """A plane of geoid heights is taken linearly at each station, also from a grid of 0 to 360 degrees."""
    latitude, longitude = np.arange(-40.0, -10, 0.5), np.arange(0.0, 360, 0.5)
    turned = (longitude + 180) % 360 - 180
    grid = xr.DataArray(
        20 + 0.1 * latitude[:, None] + 0.2 * turned, {"latitude": latitude, "longitude": longitude}, ("latitude", "longitude"),
        attrs={"units": "m", "standard_name": "geoid_height", "crs": "EPSG:4326"},
    )  # fmt: skip
    frame = table()
    column = table(n=20 + 0.1 * frame.geometry.y.to_numpy() + 0.2 * frame.geometry.x.to_numpy())
    found, expected = disturbance(frame, geoid=grid), disturbance(column, geoid_height="n")
    npt.assert_allclose(found["gravity_disturbance"], expected["gravity_disturbance"], atol=1e-6)


def test_water_and_ice_take_the_place_of_rock():
    """Over the sea 2πG (ρ − ρw) d is added; on ice the same with its density; on land nothing."""
    rows = [(-34.0, 18.0, 0.0, 979_650.0), (-34.1, 18.0, 0.0, 979_660.0)]
    frame = table(rows, depth=np.array([1000.0, np.nan]))
    dry, wet = (
        bouguer_anomaly(frame, plate="slab", water_depth=one)["bouguer_anomaly"] for one in (None, "depth")
    )
    npt.assert_allclose(wet - dry, [slab(1000.0, 2670.0 - 1027.0), 0.0], atol=1e-9)
    ice = bouguer_anomaly(frame, plate="slab", ice_thickness="depth")["bouguer_anomaly"]
    npt.assert_allclose(ice - dry, [slab(1000.0, 2670.0 - 917.0), 0.0], atol=1e-9)
    frame["depth"] *= -1
    with pytest.raises(ContractError, match="`water_depth` must be a thickness"):
        bouguer_anomaly(frame, water_depth="depth")


def test_other_units_and_names_give_the_same():
    """Gravity in m/s2 under another name and heights in feet, both stated, are converted and found."""
    frame = table()
    expected = free_air_anomaly(frame)["free_air_anomaly"]
    other = frame.rename(columns={"gravity": "gobs", "elevation": "z"})
    other["gobs"], other["z"] = other["gobs"] * 1e-5, other["z"] / 0.3048
    other.attrs["columns"] = {
        "gobs": {"unit": "m/s2", "quantity": "gravity"}, "z": {"unit": "ft", "quantity": "elevation"}
    }  # fmt: skip
    npt.assert_allclose(free_air_anomaly(other)["free_air_anomaly"], expected, atol=1e-6)


def test_rows_without_a_number_have_no_result_and_a_column_of_the_name_is_kept():
    """NaN in, NaN out; the column that was there goes on as NAME_1, and none is lost."""
    frame = table(free_air_anomaly=np.arange(6.0))
    frame.loc[2, "elevation"] = np.nan
    found = free_air_anomaly(frame)
    npt.assert_array_equal(np.isnan(found["free_air_anomaly"]), np.arange(6) == 2)
    npt.assert_array_equal(found["free_air_anomaly_1"], np.arange(6.0))
    again = free_air_anomaly(found)
    npt.assert_array_equal(again["free_air_anomaly_1"], np.arange(6.0))
    npt.assert_array_equal(again["free_air_anomaly_2"], found["free_air_anomaly"])
    assert again.attrs["columns"]["free_air_anomaly_1"] == {"unit": "m"}


def refused(match, process=free_air_anomaly, frame=None, **given):
    with pytest.raises(ContractError, match=match):
        process(table() if frame is None else frame, **given)


def test_numbers_that_cannot_be_gravity_or_heights_are_refused():
    """A wrong or missing unit, gravity in m/s2 that says mGal, heights in millimetres, no number at all."""
    frame = table()
    frame.attrs["columns"]["gravity"] = {}
    refused("no stated unit", frame=frame)
    frame = table()
    frame["gravity"] /= 1e5
    refused("970000 to 990000 mGal, not 9.7", frame=frame)
    frame = table()
    frame["elevation"] *= 1000
    refused("heights of -12000 to 30000 m", frame=frame)
    frame["elevation"] = np.nan
    refused("at least one number", frame=frame)
    refused("`gravity` must be a column", gravity="gravity", frame=table().drop(columns="gravity"))
    refused("at least one row", frame=table().iloc[:0])
    refused("a place on the Earth", frame=table().set_crs(None, allow_override=True))
    refused("`geoid_height` must be a column", process=normal_gravity)


def many(slope=-0.2, feet=False, count=40):
    """Stations up a mountain, with gravity that falls with height."""
    height = np.linspace(0, 1500, count)
    frame = table([(-25 - 0.01 * n, 25.0, h, 978_900.0) for n, h in enumerate(height)])
    base = normal_gravity(frame.assign(elevation=0.0), heights="ellipsoidal")["normal_gravity"]
    random = np.random.default_rng(2).normal(0, 1, count)
    frame["gravity"] = base + slope * height + random
    if feet:
        frame["elevation"] = height / 0.3048
    return frame


def test_heights_that_are_depths_are_refused():
    """Gravity that rises with height by 0.2 mGal/m over 1,500 m."""
    frame = many()
    free_air_anomaly(frame)
    frame["elevation"] *= -1
    refused("gravity rises by 0.20 mGal/m", frame=frame)


def test_what_is_doubtful_is_told_by_name():
    """Feet, depths, a station twice, one that contradicts, one that stands out, one without a number."""
    assert len(check_stations(many())) == 0
    assert set(check_stations(many(feet=True))["problem"]) == {"heights-in-feet"}
    turned = many()
    turned["elevation"] *= -1
    assert "heights-turned" in set(check_stations(turned)["problem"])
    frame = many()
    frame.loc[3, "geometry"], frame.loc[3, ["gravity", "elevation"]] = (
        frame.geometry[2],
        frame.loc[2, ["gravity", "elevation"]],
    )
    frame.loc[5, "geometry"] = frame.geometry[4]
    frame.loc[9, "gravity"] += 80
    frame.loc[12, "gravity"] = np.nan
    found = {(row.row, row.problem) for row in check_stations(frame).itertuples()}
    assert found == {(3, "duplicate"), (5, "conflict"), (9, "outlier"), (12, "no-number")}


def test_a_crowd_at_one_place_is_told_at_once():
    """20,000 rows at 0, 0 and 2,000 within a metre of 1, 1: all but the first of each stand with it, in a second or two."""
    chance = np.random.default_rng(5)
    crowd = 1 + 4e-6 * chance.uniform(-1, 1, (2000, 2))
    places = np.concatenate([np.zeros((20_000, 2)), crowd])
    frame = table([(north, east, 5.0, 978_030.0) for east, north in places])
    found = check_stations(frame)
    found = found[found["problem"] == "duplicate"]
    assert len(found) >= 19_999 + 1990
    assert 0 not in set(found["row"])
    assert 20_000 not in set(found["row"])


def test_places_are_one_across_the_date_line_and_far_north():
    """180° and −180°, and half a metre of longitude at 80° north and at 60° south, are the same place."""
    rows = [
        (0.0, 180.0),
        (0.0, -180.0),
        (80.0, 10.0),
        (80.0, 10.00002),
        (-60.0, 179.999995),
        (-60.0, -179.999998),
    ]
    frame = table([(north, east, 0.0, 980_000.0) for north, east in rows])
    found = check_stations(frame)
    assert list(found.loc[found["problem"] == "duplicate", "row"]) == [1, 3, 5]


def test_a_gap_counts_only_for_stations_that_it_has_a_weight_at():
    """Stations on the middles of cells beside a gap of the geoid have a value; one between them and the gap has none."""
    axis = np.arange(4.0)
    cells = 10.0 + axis[:, None] + 0 * axis
    cells[2, 2] = np.nan
    grid = xr.DataArray(
        cells, {"latitude": axis, "longitude": axis}, ("latitude", "longitude"),
        attrs={"units": "m", "standard_name": "geoid_height", "crs": "EPSG:4326"},
    )  # fmt: skip
    places = [(1.0, 1.0), (2.0, 1.0), (1.0, 2.0), (3.0, 3.0), (2.0, 2.0), (1.5, 1.5), (1.5, 1.0)]
    frame = table([(north, east, 0.0, 978_050.0) for north, east in places])
    found = normal_gravity(frame, geoid=grid)["normal_gravity"]
    assert list(np.isnan(found)) == [False, False, False, False, True, True, False]


# Three of the 56 stations of the example of gravity in ASEG-GDF2 (Springfield, Australia), reduced by its makers to the
# Australian standard: latitude, longitude, ellipsoidal height (m) and, in um/s2, gravity, free-air and Bouguer anomaly.
SPRINGFIELD = [
    (-32.214795, 146.100140, 297.740, 9794304.00, 213.21509857, -124.20854090),
    (-32.214805, 146.096965, 319.564, 9794262.90, 239.43459767, -122.69715600),
    (-32.214784, 146.095863, 332.285, 9794235.10, 250.89604954, -125.63627348),
]  # fmt: skip


def test_the_australian_standard_is_met():
    """GRS80, air, and the spherical cap over the ellipsoid, in um/s2: within 0.04 of their makers' numbers (0.004 mGal).

    Their free-air term is the series to the second order, which is short of the closed form by 0.036 um/s2 at 330 m.
    """
    frame = table([(lat, lon, height, gravity / 10) for lat, lon, height, gravity, *_rest in SPRINGFIELD])
    given = {"heights": "ellipsoidal", "formula": "GRS80"}
    above = disturbance(frame, **given)["gravity_disturbance"]
    bouguer = bouguer_anomaly(frame, datum="ellipsoid", **given)["bouguer_anomaly"]
    npt.assert_allclose(above * 10, [row[4] for row in SPRINGFIELD], atol=0.04)
    npt.assert_allclose(bouguer * 10, [row[5] for row in SPRINGFIELD], atol=0.04)
    npt.assert_allclose((above - bouguer) * 10, [row[4] - row[5] for row in SPRINGFIELD], atol=2e-3)


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_south_africa_has_its_plateau_and_no_terrain():
    """14,559 stations: Bouguer lows to −190 mGal over the plateau; depths of ships that stand for heights are told.

    The Bouguer anomaly falls with height by about 0.1 mGal/m there (isostasy), the free-air anomaly hardly.
    """
    _reader, (draft,) = read_source(DATA / "geophysics/potential_field_fatiando/south-africa-gravity.ast.xz")
    rows = draft.data.select(["latitude", "longitude", "elevation", "gravity"]).to_pandas()
    frame = table(list(rows.itertuples(index=False, name=None)))
    found = bouguer_anomaly(frame)
    land = (frame["elevation"] > 0).to_numpy()
    values = found["bouguer_anomaly"].to_numpy()[land]
    assert -195 < values.min() < -185
    slope = np.polyfit(frame["elevation"][land], values, 1)[0]
    assert -0.13 < slope < -0.08
    problems = check_stations(frame)["problem"].value_counts()
    assert problems["below-sea"] == int((frame["elevation"] < -10).sum())
    assert problems["duplicate"] >= 18
