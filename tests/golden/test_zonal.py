"""Zonal statistics against closed forms, a count of fine cells, and on open data."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
from tests.reading import DATA

from craton.methods.placement import new_grid, on_cells, place_of
from craton.methods.zonal import STATISTICS, zonal_statistics
from craton.model.errors import ContractError

UTM = "EPSG:32648"


def plane(region=(0.0, 0.0, 1000.0, 800.0), side=10.0, crs=UTM):
    """Values 7 + 0.3 north - 0.2 east."""
    template = new_grid(region, side, crs)
    east, north = np.meshgrid(
        template.isel({template.dims[0]: 0})[template.dims[1]], template[template.dims[0]]
    )
    return on_cells(template, 7 + 0.3 * north - 0.2 * east, unit="mGal", quantity="gravity_anomaly")


def zones(*shapes, crs=UTM, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


@pytest.mark.parametrize("turn", [(1, 1), (-1, 1), (1, -1)])
def test_the_mean_of_a_plane_over_whole_cells_is_its_value_in_the_middle(turn):
    """Closed form: mean at the centroid, deviation of n² evenly spaced values, count and sum."""
    row = zonal_statistics(zones(shapely.box(120, 210, 480, 790)), plane()[:: turn[0], :: turn[1]]).iloc[0]
    middle = 7 + 0.3 * 500 - 0.2 * 300
    east, north = np.meshgrid(np.arange(125, 480, 10.0), np.arange(215, 790, 10.0))
    values = 7 + 0.3 * north - 0.2 * east
    assert row["count"] == 36 * 58
    npt.assert_allclose([row["mean"], row["sum"]], [middle, middle * 36 * 58], rtol=1e-12)
    npt.assert_allclose(
        [row["min"], row["max"], row["stdev"]], [values.min(), values.max(), values.std()], rtol=1e-12
    )


def test_cells_on_an_edge_count_with_their_part():
    """A box over parts of cells: count is its area in cells, mean that of cells weighted by overlap."""
    west, south, east, north = 123.0, 217.0, 481.0, 799.0
    row = zonal_statistics(zones(shapely.box(west, south, east, north)), plane()).iloc[0]

    def parts(low, high):
        edges = np.arange(0, 1000.0, 10)
        return np.clip(np.minimum(edges + 10, high) - np.maximum(edges, low), 0, None) / 10

    along, up = parts(west, east), parts(south, north)
    centres = np.arange(5, 1000.0, 10)
    assert row["count"] == pytest.approx((east - west) * (north - south) / 100)
    expected = 7 + 0.3 * (up @ centres) / up.sum() - 0.2 * (along @ centres) / along.sum()
    assert row["mean"] == pytest.approx(expected, rel=1e-9)


def test_any_polygon_agrees_with_a_count_of_fine_cells():
    """A triangle with a hole: 100 points in each cell, so the mean agrees to 1e-3 of the spread."""
    shape = shapely.Polygon([(55, 33), (933, 121), (377, 762)]).difference(shapely.Point(450, 300).buffer(77))
    row = zonal_statistics(zones(shape), plane()).iloc[0]
    centres = np.arange(0.5, 1000, 1.0)
    east, north = np.meshgrid(centres, centres[:800])
    held = shapely.contains_xy(shape, east, north)
    values = (7 + 0.3 * (north // 10 * 10 + 5) - 0.2 * (east // 10 * 10 + 5))[held]
    npt.assert_allclose(row["mean"], values.mean(), atol=1e-3 * values.std())
    npt.assert_allclose(row["count"], held.sum() / 100, rtol=1e-3)
    npt.assert_allclose(row["stdev"], values.std(), rtol=1e-3)


def test_rows_columns_and_notes_of_the_zones_are_kept():
    """Order, index (repeats too), attributes and geometry stay; new columns state unit and quantity."""
    frame = zones(shapely.box(0, 0, 100, 100), shapely.box(500, 500, 600, 600), name=["b", "a"])
    frame.index = pd.Index([7, 7])
    frame.attrs["columns"] = {"name": {"title": "Name"}}
    found = zonal_statistics(frame, plane(), prefix="g_")
    assert list(found.columns) == ["name", "geometry", *(f"g_{one}" for one in STATISTICS)]
    assert list(found["name"]) == ["b", "a"]
    assert list(found.index) == [7, 7]
    npt.assert_allclose(found["g_mean"], [7 + 15 - 10, 7 + 165 - 110])
    assert found.attrs["columns"]["name"] == {"title": "Name"}
    assert found.attrs["columns"]["g_mean"] == {
        "unit": "mGal",
        "quantity": "gravity_anomaly",
        "title": "Mean",
    }
    assert found.attrs["columns"]["g_count"]["unit"] == "1"
    assert list(frame.columns) == ["name", "geometry"]


def test_polygons_without_cells_have_count_zero_and_no_numbers():
    """Elsewhere, missing, empty, over a gap; a bow tie counts its two wings."""
    grid = plane()
    grid[:10] = np.nan
    bow = shapely.Polygon([(100, 100), (200, 200), (200, 100), (100, 200)])
    frame = zones(shapely.box(5000, 0, 5010, 10), None, shapely.Polygon(), shapely.box(0, 720, 100, 780), bow)
    found = zonal_statistics(frame, grid)
    npt.assert_allclose(found["count"], [0, 0, 0, 0, 50])
    assert found[["mean", "min", "max", "stdev", "sum"]].iloc[:4].isna().to_numpy().all()
    assert found["mean"].iloc[4] == pytest.approx(7 + 0.3 * 150 - 0.2 * 150)
    assert len(zonal_statistics(frame.iloc[:0], grid)) == 0


def test_zones_in_degrees_are_brought_to_the_grid_and_given_back_as_they_came():
    """The same mean, and geometry still in degrees."""
    grid = plane((500_000.0, 2_000_000.0, 510_000.0, 2_008_000.0), 100.0)
    box = shapely.segmentize(shapely.box(501_000, 2_001_000, 507_000, 2_006_000), 100.0)
    metres = zones(box)
    found = zonal_statistics(metres.to_crs(4326), grid)
    npt.assert_allclose(found["mean"], zonal_statistics(metres, grid)["mean"], rtol=1e-6)
    assert found.crs == 4326


def test_on_degrees_cells_weigh_by_their_area():
    """From 0 to 60° north the mean of sin(latitude) by area is ∫ sin cos / ∫ cos = sin(60°) / 2.

    By cells alone it would be (1 - cos 60°) / (π / 3) = 0.477. The sine at the middle of a row of 1° is
    1 / cos(½°) of its mean by area exactly; 1e-9 covers the digits of π in the library.
    """
    template = new_grid((0.0, 0.0, 20.0, 60.0), 1.0, "EPSG:4326")
    values = np.broadcast_to(np.sin(np.radians(template.latitude.to_numpy()))[:, None], template.shape)
    frame = zones(shapely.box(2, 0, 18, 60), crs=4326)
    row = zonal_statistics(frame, on_cells(template, values, unit="1")).iloc[0]
    assert row["mean"] == pytest.approx(np.sin(np.radians(60)) / 2 / np.cos(np.radians(0.5)), rel=1e-9)
    assert row["count"] == 16 * 60


def test_grids_from_0_to_360_meet_zones_in_the_west():
    """A box at 100–90 west is measured on the cells 260–270."""
    template = new_grid((0.0, -10.0, 360.0, 10.0), 1.0, "EPSG:4326")
    values = np.broadcast_to(template.longitude.to_numpy(), template.shape)
    row = zonal_statistics(zones(shapely.box(-100, -5, -90, 5), crs=4326), on_cells(template, values)).iloc[0]
    assert (row["mean"], row["count"]) == (pytest.approx(265.0), 100)


def test_names_that_are_taken_and_unknown_systems_are_refused():
    """Nothing is overwritten; a table without a system is not taken for one of the grid."""
    frame = zones(shapely.box(0, 0, 100, 100), mean=[1.0])
    with pytest.raises(ContractError, match="`prefix` must be"):
        zonal_statistics(frame, plane())
    with pytest.raises(ContractError, match="`zones` must be"):
        zonal_statistics(frame.set_crs(None, allow_override=True), plane(), prefix="g_")


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_real_rock_units_on_a_real_terrain_model():
    """Hamersley: weighted by count, the means of all units over the map give the mean of its cells."""
    import rasterio

    folder = DATA / "geology/hamersley_wa"
    with rasterio.open(folder / "dtm_rp.tif") as raster:
        values = raster.read(1, masked=True).astype(float).filled(np.nan)
        template = new_grid(tuple(raster.bounds), raster.res[::-1], "EPSG:28350")
    grid = on_cells(template, values, unit="m", quantity="elevation")
    units = gpd.read_file(folder / "geology.geojson").set_crs(28350, allow_override=True)
    found = zonal_statistics(units, grid, prefix="height_")
    held = found[found["height_count"] > 0]
    assert len(held) == len(units)
    whole = shapely.union_all(units.geometry.make_valid().to_numpy())
    joined = zonal_statistics(gpd.GeoDataFrame(geometry=[whole], crs=28350), grid).iloc[0]
    mean = (held["height_mean"] * held["height_count"]).sum() / held["height_count"].sum()
    assert mean == pytest.approx(joined["mean"], rel=1e-3)
    assert place_of("p", "g", grid).shape == values.shape
