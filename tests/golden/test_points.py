"""Points to grids: against planes, brute force and counts, and the same in any order of rows."""

from __future__ import annotations

import lzma
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from tests.reading import DATA

from craton.kernels.points import EARTH_RADIUS
from craton.methods.points import density, to_grid_linear, to_grid_nearest
from craton.model.errors import ContractError

UTM, DEGREES = "EPSG:32648", "EPSG:4326"


def table(coordinates: np.ndarray, crs: str = UTM, **columns) -> gpd.GeoDataFrame:
    """Points with columns of values, the first of which is in nT."""
    frame = gpd.GeoDataFrame(columns, geometry=shapely.points(coordinates), crs=crs)
    frame.attrs["columns"] = {
        name: {"unit": "nT", "quantity": "magnetic_anomaly", "title": "Anomaly"} for name in list(columns)[:1]
    }
    return frame


def scattered(count: int = 400, seed: int = 6) -> np.ndarray:
    """Places within 1 km of a corner, in metres."""
    offsets = np.random.default_rng(seed).uniform(0, 1000, (count, 2))
    return offsets + np.array([500_000, 2_000_000])


REGION = (500_000.0, 2_000_000.0, 501_000.0, 2_001_000.0)


def test_linear_reproduces_a_plane() -> None:
    """Within the outline of the points a plane comes back to the last digits; outside there is nothing."""
    places = scattered()
    frame = table(places, v=3.0 + 0.02 * places[:, 0] - 0.5 * (places[:, 1] - 2e6))
    grid = to_grid_linear(frame, "v", 20.0, region=REGION)
    east, north = np.meshgrid(grid["easting"], grid["northing"])
    expected = 3.0 + 0.02 * east - 0.5 * (north - 2e6)
    inside = shapely.contains_xy(shapely.convex_hull(shapely.multipoints(places)), east, north)
    np.testing.assert_array_equal(np.isfinite(grid), inside)
    np.testing.assert_allclose(grid.to_numpy()[inside], expected[inside], rtol=0, atol=1e-7)


def test_linear_reproduces_a_plane_of_degrees() -> None:
    """Across the antimeridian too, where the region goes past 180°."""
    random = np.random.default_rng(7)
    longitude, latitude = random.uniform(176, 184, 300), random.uniform(-20, -14, 300)
    frame = table(
        np.column_stack([(longitude + 180) % 360 - 180, latitude]), DEGREES, v=2 * longitude - latitude
    )
    grid = to_grid_linear(frame, "v", 0.25, region=(177.0, -19.0, 183.0, -15.0))
    east, north = np.meshgrid(grid["longitude"], grid["latitude"])
    np.testing.assert_allclose(grid, 2 * east - north, atol=1e-10)


def test_nearest_is_the_nearest() -> None:
    """Each cell has the value of the point that brute force finds, none beyond the maximum distance."""
    places = scattered(60)
    frame = table(places, v=np.arange(60.0))
    grid = to_grid_nearest(frame, "v", 25.0, region=REGION)
    east, north = np.meshgrid(grid["easting"], grid["northing"])
    distance = np.hypot(east[..., np.newaxis] - places[:, 0], north[..., np.newaxis] - places[:, 1])
    np.testing.assert_array_equal(grid, distance.argmin(axis=-1))
    near = to_grid_nearest(frame, "v", 25.0, region=REGION, maximum_distance=70.0)
    np.testing.assert_array_equal(near, np.where(distance.min(axis=-1) <= 70, grid, np.nan))
    linear = to_grid_linear(frame, "v", 25.0, region=REGION, maximum_distance=70.0)
    assert not np.isfinite(linear.to_numpy()[distance.min(axis=-1) > 70]).any()


def test_nearest_over_degrees_goes_by_great_circles() -> None:
    """Near the pole and across the antimeridian the nearest point is the one PROJ's geodesics name."""
    random = np.random.default_rng(8)
    places = np.column_stack([random.uniform(-180, 180, 40), random.uniform(55, 89, 40)])
    grid = to_grid_nearest(table(places, DEGREES, v=np.arange(40.0)), "v", 6.0, region=(-180, 54, 180, 90))
    geod = pyproj.Geod(a=EARTH_RADIUS, b=EARTH_RADIUS)
    east, north = (
        part[..., np.newaxis] + np.zeros(40) for part in np.meshgrid(grid["longitude"], grid["latitude"])
    )
    distance = geod.inv(east, north, places[:, 0] + 0 * east, places[:, 1] + 0 * east)[2]
    np.testing.assert_array_equal(grid, distance.argmin(axis=-1))
    near = to_grid_nearest(
        table(places, DEGREES, v=np.arange(40.0)), "v", 6.0, region=(-180, 54, 180, 90), maximum_distance=3e5
    )
    np.testing.assert_array_equal(np.isfinite(near), distance.min(axis=-1) <= 3e5)


CALLS: list[Callable] = [
    lambda frame: to_grid_nearest(frame, "v", 20.0),
    lambda frame: to_grid_linear(frame, "v", 20.0),
    lambda frame: density(frame, 20.0, 90.0, weight="v"),
]


@pytest.mark.parametrize("call", CALLS)
def test_the_order_of_rows_does_not_matter(call: Callable) -> None:
    """Shuffled rows, with places on a lattice so that distances tie and places repeat: the same bits."""
    random = np.random.default_rng(9)
    places = random.integers(0, 12, (300, 2)) * 50.0 + (500_000, 2_000_000)
    frame = table(places, v=random.normal(0, 1, 300))
    expected = call(frame)
    for seed in range(3):
        shuffled = frame.sample(frac=1, random_state=seed)
        shuffled.attrs = frame.attrs
        np.testing.assert_array_equal(call(shuffled), expected)


@pytest.mark.parametrize(("bandwidth", "tolerance"), [(75.0, 2.5e-3), (200.0, 1e-4)])
def test_a_density_integrates_to_the_number_of_points(bandwidth: float, tolerance: float) -> None:
    """Summed over the cells of the default region it counts the points, or sums their weights.

    The sum over cells is off by up to 0.25 percent for one point where the
    bandwidth is three cells, and converges from there.
    """
    frame = table(scattered(50), v=np.linspace(1, 9, 50))
    assert float(density(frame, 25.0, bandwidth).sum()) * 25e-3**2 == pytest.approx(50, rel=tolerance)
    weighted = density(frame, 25.0, bandwidth, weight="v")
    assert float(weighted.sum()) * 25e-3**2 == pytest.approx(250, rel=tolerance)


@pytest.mark.parametrize("pole", [False, True])
def test_a_density_over_degrees_integrates_to_the_number_of_points(*, pole: bool) -> None:
    """On the sphere too, at high latitude, where kernels reach over the antimeridian, and over a pole.

    Cells beside the pole are taken as large as their middles say: 10⁻³ of its point is allowed.
    """
    places = [[105.0, 18.0], [105.2, 18.1], [20.0, 70.0], [-60.0, -45.0], [179.95, -17.0], [9.0, 89.2]]
    places = places if pole else places[:-1]
    grid = density(table(np.array(places), DEGREES, v=np.ones(len(places))), 0.125, 150_000.0)
    latitude = np.radians(grid["latitude"].to_numpy())
    area = (EARTH_RADIUS / 1e3) ** 2 * np.radians(0.125) ** 2 * np.cos(latitude)
    total = float((grid.to_numpy() * area[:, np.newaxis]).sum())
    assert total == pytest.approx(len(places), rel=2e-4)
    assert (grid.sizes["longitude"] == 2880) == pole


def test_a_density_is_highest_at_its_point() -> None:
    """One point of bandwidth h has 3/(πh²) at its own place and nothing from h on."""
    frame = table(np.array([[500_010.0, 2_000_010.0]]), v=[1.0])
    grid = density(frame, 20.0, 1000.0)
    assert float(grid.max()) == pytest.approx(3 / np.pi, rel=1e-6)
    peak = grid.sel(easting=500_010, northing=2_000_010)
    assert float(peak) == float(grid.max())
    east, north = np.meshgrid(grid["easting"] - 500_010, grid["northing"] - 2_000_010)
    distance = np.hypot(east, north)
    assert (grid.to_numpy()[distance < 999] > 0).all()
    assert (grid.to_numpy()[distance > 1000.001] == 0).all()


def test_points_outside_the_region_reach_in() -> None:
    """A region cuts the density of all points; it does not leave points out."""
    frame = table(scattered(), v=np.ones(400))
    whole = density(frame, 20.0, 100.0)
    part = density(frame, 20.0, 100.0, region=(500_400.0, 2_000_400.0, 500_600.0, 2_000_600.0))
    np.testing.assert_array_equal(part, whole.sel(easting=part["easting"], northing=part["northing"]))


def test_results_say_what_they_are() -> None:
    """Name, unit, quantity, title and reference system come with the values."""
    frame = table(scattered(20), v=np.ones(20), tonnage=np.ones(20))
    frame.attrs["columns"]["tonnage"] = {"unit": "Mt"}
    for grid in (to_grid_nearest(frame, "v", 50.0), to_grid_linear(frame, "v", 50.0)):
        assert grid.name == "v"
        expected = {"units": "nT", "standard_name": "magnetic_anomaly", "long_name": "Anomaly", "crs": UTM}
        assert {key: grid.attrs[key] for key in expected} == expected
        assert grid["northing"][0] > grid["northing"][-1]
    assert density(frame, 50.0, 150.0).attrs["units"] == "1/km2"
    assert density(frame, 50.0, 150.0, weight="tonnage").attrs["units"] == "Mt/km2"


def test_the_grid_lies_on_whole_multiples_of_the_spacing() -> None:
    """Left to itself a grid covers its points with cells whose edges are multiples of the spacing."""
    frame = table(np.array([[500_013.0, 2_000_055.0], [500_101.0, 2_000_055.0]]), v=[1.0, 2.0])
    grid = to_grid_nearest(frame, "v", 20.0)
    assert grid["easting"].values.tolist() == [500_010, 500_030, 500_050, 500_070, 500_090, 500_110]
    assert grid["northing"].values.tolist() == [2_000_050]


def test_rows_without_place_or_value_are_left_out() -> None:
    """Missing numbers, missing and empty geometries do not count; parts of multipoints each do."""
    frame = gpd.GeoDataFrame(
        {"v": pd.array([1, None, 3, 4, 5], "Int64")},
        geometry=[
            shapely.Point(500_010, 2_000_010), shapely.Point(500_030, 2_000_010), None, shapely.Point(),
            shapely.MultiPoint([(500_050, 2_000_010), (500_070, 2_000_010)]),
        ],
        crs=UTM,
    )  # fmt: skip
    grid = to_grid_nearest(frame, "v", 20.0, region=(500_000, 2_000_000, 500_080, 2_000_020))
    assert grid.to_numpy().tolist() == [[1, 1, 5, 5]]
    assert "units" not in grid.attrs


@pytest.mark.parametrize(
    ("call", "parameter", "came"),
    [
        (lambda frame: to_grid_linear(frame.iloc[:2], "v", 20.0), "points", "2 without a triangle"),
        (lambda frame: to_grid_nearest(frame.assign(v=np.nan), "v", 20.0), "points", "one of none"),
        (lambda frame: to_grid_nearest(frame, "w", 20.0), "column", "'w'"),
        (lambda frame: to_grid_nearest(frame, "v", 0.0), "spacing", "0"),
        (lambda frame: to_grid_nearest(frame, "v", 1e-3), "spacing", "0.001"),
        (lambda frame: to_grid_nearest(frame, "v", 20.0, region=(1, 0, 0, 1)), "region", "not"),
        (lambda frame: density(frame, 20.0, 39.0), "bandwidth", "not 39 m"),
        (lambda frame: to_grid_nearest(frame.to_crs("EPSG:2225"), "v", 20.0), "points", "ftUS"),
        (
            lambda frame: to_grid_nearest(frame.buffer(1).to_frame("geometry").assign(v=1), "v", 2.0),
            "points",
            "Polygon",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(call: Callable, parameter: str, came: str) -> None:
    """Too few places, no values, unknown columns, senseless cells and regions: refused by name."""
    with pytest.raises(ContractError, match=came) as refused:
        call(table(scattered(), v=np.ones(400)))
    assert refused.value.parameter == parameter


def test_points_on_one_line_make_no_triangles() -> None:
    """Points of one line are refused, with the process that takes them."""
    places = np.column_stack([500_000 + 10.0 * np.arange(9), np.full(9, 2e6)])
    with pytest.raises(ContractError, match="to_grid_nearest"):
        to_grid_linear(table(places, v=np.ones(9)), "v", 5.0)


def test_a_table_without_a_system_is_a_plane_in_metres() -> None:
    """No system is made up: axes are northing and easting, and no system is stated."""
    frame = table(np.random.default_rng(1).uniform(0, 100, (30, 2)), UTM, v=np.ones(30)).set_crs(
        None, allow_override=True
    )
    grid = to_grid_nearest(frame, "v", 10.0)
    assert grid.dims == ("northing", "easting")
    assert "crs" not in grid.attrs


BAJA = DATA / "elevation/baja_bathymetry/baja-bathymetry.csv.xz"


@pytest.mark.skipif(not BAJA.exists(), reason="the open survey data is not beside this checkout")
def test_soundings_are_predicted_from_the_others() -> None:
    """Of 82 970 real soundings every tenth, left out, is met by the grid of the others within 100 m (median)."""
    with lzma.open(BAJA) as file:
        soundings = pd.read_csv(file)
    frame = gpd.GeoDataFrame(
        {"depth": soundings["bathymetry_m"]},
        geometry=gpd.points_from_xy(soundings["longitude"], soundings["latitude"]),
        crs=DEGREES,
    )
    kept, left = frame.drop(frame.index[::10]), frame.iloc[::10]
    for call in (to_grid_linear, to_grid_nearest):
        grid = call(kept, "depth", 0.02)
        found = grid.sel(
            longitude=left.geometry.x.to_xarray() % 360 - 360 * (left.geometry.x.min() < 0),
            latitude=left.geometry.y.to_xarray(), method="nearest",
        )  # fmt: skip
        assert float(np.nanmedian(np.abs(found.to_numpy() - left["depth"].to_numpy()))) < 100
