"""Placement: axes in either direction, edges half a cell outside the centres, reference systems kept."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import rasterio.transform
import shapely
import xarray as xr

from craton.methods.placement import (
    brought_to,
    crs_of,
    inside,
    new_grid,
    on_cells,
    place_of,
    same_cells,
    same_crs,
    transform_of,
    with_crs,
    within_turn,
)
from craton.model.errors import ContractError, InvalidError

UTM = "EPSG:32648"


def world(start):
    """A grid of one-degree cells around the Earth whose values are the longitudes within ±180."""
    longitude = start + 0.5 + np.arange(360.0)
    values = np.broadcast_to((longitude + 180) % 360 - 180, (4, 360))
    return xr.DataArray(
        values, {"latitude": [3.0, 2, 1, 0], "longitude": longitude}, ("latitude", "longitude"),
        attrs={"crs": "EPSG:4326"},
    )  # fmt: skip


def test_a_new_grid_fills_its_region_from_the_north_west():
    """Centres are half a cell inside the edges; a side that is no whole number of cells is passed."""
    grid = new_grid((100.0, 200.0, 160.0, 245.0), 20.0, UTM)
    npt.assert_array_equal(grid.northing, [235.0, 215.0, 195.0])
    npt.assert_array_equal(grid.easting, [110.0, 130.0, 150.0])
    assert place_of("p", "g", grid).region == (100.0, 185.0, 160.0, 245.0)
    assert np.isnan(grid).all()


def test_a_new_grid_takes_the_axes_of_its_system_and_unequal_sides():
    """Degrees give latitude and longitude; 0.3 / 0.1 is three cells, not four."""
    grid = new_grid((100.0, 10.0, 100.3, 10.4), (0.2, 0.1), "EPSG:4326")
    assert grid.dims == ("latitude", "longitude")
    assert grid.shape == (2, 3)


@pytest.mark.parametrize("region", [(1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1e9, 1e9)])
def test_a_new_grid_of_no_or_endless_size_is_refused(region):
    """An empty region and 10^18 cells are mistakes."""
    with pytest.raises(InvalidError):
        new_grid(region, 1.0, UTM)


@pytest.mark.parametrize("turn", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_the_transform_follows_the_order_of_rows_and_columns(turn):
    """Whatever the direction, the transform puts the centre of a cell where its coordinates say."""
    grid = new_grid((100.0, 200.0, 160.0, 240.0), (10.0, 20.0), UTM)[:: turn[0], :: turn[1]]
    east, north = rasterio.transform.xy(transform_of("p", "g", grid), [0, 3], [0, 2])
    npt.assert_allclose(east, grid.easting[[0, 2]])
    npt.assert_allclose(north, grid.northing[[0, 3]])
    place = place_of("p", "g", grid)
    assert place.region == (100.0, 200.0, 160.0, 240.0)
    values = np.arange(12).reshape(4, 3)
    npt.assert_array_equal(place.upright(place.upright(values)), values)
    upright = place.upright(np.broadcast_to(grid.northing.to_numpy()[:, None], (4, 3)))
    npt.assert_array_equal(upright[:, 0], [235.0, 225.0, 215.0, 205.0])


def test_uneven_axes_and_missing_coordinates_are_refused():
    """A place needs coordinates, equally far apart; those rounded to float32 are."""
    grid = new_grid((100.0, 16.0, 101.0, 17.0), 0.01, "EPSG:4326")
    place_of("p", "g", grid.assign_coords(longitude=grid.longitude.astype("float32")))
    with pytest.raises(ContractError, match="uneven along longitude"):
        place_of("p", "g", grid.isel(longitude=[0, 1, 3]))
    with pytest.raises(ContractError, match="without coordinates"):
        place_of("p", "g", grid.drop_vars("latitude"))
    with pytest.raises(ContractError, match="axes northing, easting"):
        place_of("p", "g", xr.DataArray(np.ones(3), dims="time"))


def test_the_reference_system_is_found_in_attributes_coordinates_and_frames():
    """Attributes come first; then `spatial_ref`; none is empty."""
    grid = new_grid((0.0, 0.0, 10.0, 10.0), 1.0, UTM)
    bare = grid.copy()
    bare.attrs = {}
    assert crs_of(grid) == crs_of(bare) == UTM
    assert crs_of(grid.drop_vars("spatial_ref")) == UTM
    assert crs_of(with_crs(grid, "")) == ""
    assert "spatial_ref" not in with_crs(grid, "").coords
    points = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=32648)
    assert crs_of(points) == UTM
    assert crs_of(gpd.GeoDataFrame({"a": [1]})) == ""


def test_the_order_of_axes_makes_no_other_system():
    """CRS84 and EPSG:4326 list their axes differently, which data in x, y does not feel."""
    assert same_crs("OGC:CRS84", "EPSG:4326")
    assert not same_crs(UTM, "EPSG:32647")
    assert not same_crs(UTM, "")


def test_values_on_the_cells_of_a_template_say_what_they_are():
    """Coordinates and system come from the template, its name and attributes do not."""
    template = new_grid((0.0, 0.0, 3.0, 2.0), 1.0, UTM).assign_attrs(units="m", crs=UTM)
    made = on_cells(template, np.ones((2, 3)), name="slope", unit="deg", quantity="slope")
    assert made.attrs == {"units": "deg", "standard_name": "slope", "crs": UTM}
    assert same_cells(made, template)
    assert "PROJCRS" in made.spatial_ref.attrs["crs_wkt"]


def test_grids_share_cells_only_in_the_same_order_and_system():
    """A turned grid, one shifted by a hundredth of a cell, and one of the next zone do not."""
    grid = new_grid((0.0, 0.0, 3.0, 2.0), 1.0, UTM)
    assert same_cells(grid, grid.assign_coords(easting=grid.easting + 1e-6))
    for other in (
        grid[::-1], grid[:, :2], with_crs(grid, "EPSG:32647"), with_crs(grid, ""),
        grid.assign_coords(easting=grid.easting + 0.01),
    ):  # fmt: skip
        assert not same_cells(grid, other)


@pytest.mark.parametrize("start", [-180, 0, 20])
def test_a_grid_around_the_earth_is_turned_to_within_180(start):
    """Values stay with their meridians."""
    grid = within_turn("p", "g", world(start))
    npt.assert_array_equal(grid.longitude, np.arange(-179.5, 180))
    npt.assert_array_equal(grid[0], grid.longitude)


def test_a_part_beyond_180_moves_and_one_across_it_is_refused():
    """190–200 is 170–160 west; 170–190 has two ends."""
    npt.assert_array_equal(within_turn("p", "g", world(0)[:, 190:200]).longitude, np.arange(-169.5, -160))
    with pytest.raises(ContractError, match="meridian of 180"):
        within_turn("p", "g", world(0)[:, 170:190])


def test_a_meridian_given_twice_is_taken_once():
    """Grids from 0 to 360 inclusive repeat their first column."""
    longitude = np.arange(361.0)
    grid = xr.DataArray(
        np.broadcast_to(longitude % 360, (2, 361)), {"latitude": [0.0, 1], "longitude": longitude},
        ("latitude", "longitude"), attrs={"crs": "EPSG:4326"},
    )  # fmt: skip
    npt.assert_array_equal(within_turn("p", "g", grid).longitude, np.arange(-180.0, 180))


def test_tables_come_into_the_system_of_the_grid_or_are_refused():
    """Degrees become metres; a table without a system meets only a grid without."""
    points = gpd.GeoDataFrame(geometry=[shapely.Point(105, 0)], crs=4326)
    moved = brought_to("p", "t", points, UTM)
    npt.assert_allclose(shapely.get_coordinates(moved.geometry.iloc[0]), [[500_000, 0]], atol=1e-6)
    assert brought_to("p", "t", points, "OGC:CRS84") is points
    for frame, crs in ((points, ""), (points.set_crs(None, allow_override=True), UTM)):
        with pytest.raises(ContractError, match="reference system"):
            brought_to("p", "t", frame, crs)


def test_cells_are_inside_by_their_centre_and_each_in_one_of_two_neighbours():
    """A box over 2 by 2 centres holds four cells; boxes that share an edge share no cell."""
    grid = new_grid((0.0, 0.0, 6.0, 6.0), 1.0, UTM)[::-1]
    place = place_of("p", "g", grid)
    held = inside(place, np.array([shapely.box(0.9, 0.9, 3.1, 3.1)]))
    npt.assert_array_equal(np.argwhere(held), [[1, 1], [1, 2], [2, 1], [2, 2]])
    parts = [inside(place, np.array([shapely.box(a, 0, b, 6)])) for a, b in ((0, 2.5), (2.5, 6))]
    npt.assert_array_equal(parts[0].astype(int) + parts[1], 1)
    assert not inside(place, np.array([])).any()


def test_areas_in_the_west_find_cells_counted_to_the_east():
    """A box at 170–165 west holds the cells 190–195 of a grid from 0 to 360."""
    held = inside(place_of("p", "g", world(0)), np.array([shapely.box(-170, -1, -165, 4)]))
    npt.assert_array_equal(np.flatnonzero(held.all(axis=0)), np.arange(190, 195))
