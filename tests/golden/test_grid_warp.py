"""Resampling and reprojection: closed forms, GDAL and PROJ beside, round trips, half cells, types, gaps."""

import numpy as np
import numpy.testing as npt
import pyproj
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.methods.grid_warp import reproject, resample
from craton.methods.placement import new_grid, on_cells, place_of, same_cells
from craton.model.errors import ContractError

UTM = "EPSG:32648"
REGION = (500_000.0, 2_000_000.0, 520_000.0, 2_015_000.0)


def plane(grid):
    """3 m up in 10 m to the north, 2 m down in 10 m to the east, on the cells of `grid`."""
    rows, columns = grid.dims
    north, east = np.meshgrid(grid[rows].to_numpy(), grid[columns].to_numpy(), indexing="ij")
    return on_cells(
        grid, 0.3 * (north - 2e6) - 0.2 * (east - 5e5), name="height", unit="m", quantity="elevation"
    )


def inner(grid, cells=3):
    return grid[cells:-cells, cells:-cells]


@pytest.mark.parametrize("method", ["bilinear", "cubic"])
@pytest.mark.parametrize("spacing", [30.0, 70.0, 250.0, 1000.0])
@pytest.mark.parametrize("turn", [(1, 1), (-1, 1), (1, -1)])
def test_a_plane_is_exact_at_any_spacing(method, spacing, turn):
    """Away from the edges, to rounding, with the axes in the direction of the source."""
    grid = plane(new_grid(REGION, 100.0, UTM))[:: turn[0], :: turn[1]]
    found = resample(grid, spacing=spacing, method=method)
    edge = int(np.ceil(200 / spacing))
    npt.assert_allclose(inner(found, edge), inner(plane(found), edge), atol=1e-9)
    assert np.sign(place_of("p", "g", found).step).tolist() == np.sign(place_of("p", "g", grid).step).tolist()
    assert (found.name, found.attrs["units"], found.attrs["standard_name"]) == ("height", "m", "elevation")
    assert found.attrs["crs"] == UTM


def test_onto_the_cells_of_another_grid():
    """The result lies on the cells of `like` and keeps the quantity of `grid`."""
    like = new_grid((501_013.0, 2_001_007.0, 509_013.0, 2_009_007.0), 125.0, UTM)[::-1].assign_attrs(
        units="mGal", crs=UTM
    )
    found = resample(plane(new_grid(REGION, 100.0, UTM)), like)
    assert same_cells(found, like)
    assert found.attrs["units"] == "m"
    npt.assert_allclose(found, plane(found), atol=1e-9)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "cubic", "average"])
def test_resampling_agrees_with_gdal(method):
    """On random numbers, finer cells (coarser for average), inside, GDAL's warper gives the same.

    GDAL holds positions in double and weighs in double too, so 1e-6 of the spread is ample; nearest is
    compared at centres that lie on no edge.
    """
    from rasterio.warp import Resampling
    from rasterio.warp import reproject as warp

    grid = new_grid((0.0, 0.0, 4000.0, 3000.0), 100.0, UTM)
    grid = on_cells(grid, np.random.default_rng(1).normal(size=grid.shape), unit="m")
    spacing = 250.0 if method == "average" else 37.0
    found = resample(grid, spacing=spacing, method=method)
    other = np.full(found.shape, np.nan)
    place, target = place_of("p", "g", grid), place_of("p", "g", found)
    warp(
        grid.to_numpy(), other, src_transform=place.upright_transform, dst_transform=target.upright_transform,
        src_crs=UTM, dst_crs=UTM, src_nodata=np.nan, dst_nodata=np.nan, resampling=Resampling[method],
    )  # fmt: skip
    edge = 2 if method == "average" else 8
    npt.assert_allclose(inner(found, edge), inner(other, edge), atol=1e-6)


def test_averages_keep_the_mean():
    """Over whole cells the mean of the whole is unchanged."""
    grid = on_cells(
        new_grid((0.0, 0.0, 60.0, 40.0), 1.0, UTM), np.random.default_rng(2).normal(size=(40, 60))
    )
    npt.assert_allclose(
        float(resample(grid, spacing=2.5, method="average").mean()), float(grid.mean()), atol=1e-14
    )


def test_classes_are_only_taken_by_nearest():
    """Land cover between forest (2) and water (8) is not farmland (5); its type stays."""
    template = new_grid((0.0, 0.0, 60.0, 40.0), 1.0, UTM)
    classes = on_cells(
        template,
        np.random.default_rng(3).integers(1, 9, template.shape).astype("uint8"),
        quantity="land_cover",
    )
    for process, given in ((resample, {"spacing": 0.5}), (reproject, {"crs": "EPSG:32647"})):
        with pytest.raises(ContractError, match="`method` must be 'nearest' for land_cover"):
            process(classes, **given)
    found = resample(classes, spacing=0.5, method="nearest")
    assert found.dtype == np.uint8
    npt.assert_array_equal(found[::2, ::2], classes)


def test_types_and_gaps_are_kept():
    """float32 stays; whole numbers that are averaged or run out become floats with NaN."""
    grid = plane(new_grid(REGION, 100.0, UTM)).astype("float32")
    grid[10:40, 10:40] = np.nan
    for found in (resample(grid, spacing=50.0), reproject(grid, crs="EPSG:32647")):
        assert found.dtype == np.float32
        assert 0 < np.isnan(found).mean() < 0.5
    whole = plane(new_grid(REGION, 100.0, UTM)).astype("int16")
    assert resample(whole, spacing=50.0).dtype == np.float32
    assert reproject(whole, crs="EPSG:32647", method="nearest").dtype.kind == "f"


def test_what_to_resample_to_must_be_told_once():
    """Neither or both of `like` and `spacing`, and another system."""
    grid = new_grid(REGION, 100.0, UTM)
    for given in ({}, {"like": grid, "spacing": 10.0}):
        with pytest.raises(ContractError, match="`spacing` must be"):
            resample(grid, **given)
    with pytest.raises(ContractError, match="`spacing` must be"):
        resample(grid, spacing=1e-4)
    with pytest.raises(ContractError, match=r"`like` must be[\s\S]*grid.reproject"):
        resample(grid, new_grid(REGION, 100.0, "EPSG:32647"))


@pytest.mark.parametrize("turn", [1, -1])
def test_reprojected_values_stand_where_pyproj_says(turn):
    """A plane in metres, in degrees: each cell equals the plane at its centre, transformed by PROJ.

    GDAL places centres to 0.01 of a source cell (1 m, so 0.36 m of height); half a cell would be 18 m.
    """
    grid = plane(new_grid(REGION, 100.0, UTM))[::turn]
    found = reproject(grid, crs="EPSG:4326")
    assert found.dims == ("latitude", "longitude")
    lon, lat = np.meshgrid(found.longitude, found.latitude)
    east, north = pyproj.Transformer.from_crs(4326, 32648, always_xy=True).transform(lon, lat)
    expected = 0.3 * (north - 2e6) - 0.2 * (east - 5e5)
    npt.assert_allclose(inner(found, 6), inner(expected, 6), atol=0.36)
    assert found.attrs["crs"] == "EPSG:4326"
    assert "GEOGCRS" in found.spatial_ref.attrs["crs_wkt"]


def test_there_and_back_is_nearly_the_same():
    """A smooth field of waves of 4 km, taken to degrees, back, and onto its own cells, returns to 2 %.

    Each of the three linear interpolations errs by at most (k d)² / 8 = 0.31 % along each axis: 1.9 %.
    """
    template = new_grid(REGION, 100.0, UTM)
    waves = np.cos(2 * np.pi * template.easting / 4000) * np.sin(2 * np.pi * template.northing / 4000)
    grid = on_cells(template, waves.transpose("northing", "easting").to_numpy(), unit="m")
    back = resample(reproject(reproject(grid, crs="EPSG:4326"), crs=UTM, spacing=100.0), grid)
    npt.assert_allclose(inner(back, 10), inner(grid, 10), atol=0.019)


def test_the_zone_of_the_centre_is_found():
    """UTM north and south, and polar systems; a spacing in metres is kept."""
    for longitude, latitude, expected in (
        (105.0, 18.0, "EPSG:32648"), (-69.9, -33.0, "EPSG:32719"), (179.5, 1.0, "EPSG:32660"),
        (-179.5, 1.0, "EPSG:32601"), (10.0, 85.0, "EPSG:32661"), (10.0, -85.0, "EPSG:32761"), (245.0, 25.0, "EPSG:32611"),
    ):  # fmt: skip
        region = (longitude - 0.4, latitude - 0.4, longitude + 0.4, latitude + 0.4)
        found = reproject(plane(new_grid(region, 0.1, "EPSG:4326")), spacing=5000.0)
        assert found.attrs["crs"] == expected
        npt.assert_allclose(place_of("p", "g", found).spacing, 5000.0)
        assert np.isfinite(found).any()


def test_longitudes_beyond_180_are_no_other_place():
    """A grid from 0 to 360 reprojects as the same grid from -180 to 180."""
    template = new_grid((-180.0, -60.0, 180.0, 60.0), 1.0, "EPSG:4326")
    values = np.cos(np.radians(template.latitude)) * np.sin(np.radians(template.longitude))
    west = on_cells(template, values.to_numpy())
    longitude = (west.longitude + 360) % 360
    east = west.assign_coords(longitude=longitude).sortby("longitude")
    one, other = (reproject(grid, crs="EPSG:3857", spacing=200_000.0) for grid in (west, east))
    npt.assert_array_equal(other, one)


def test_grids_too_wide_for_a_zone_or_of_no_place_are_refused():
    """A continent needs a system of its own; local metres have no longitude."""
    with pytest.raises(ContractError, match="`crs` must be given"):
        reproject(plane(new_grid((90.0, 0.0, 130.0, 30.0), 1.0, "EPSG:4326")))
    for crs in ("", "local"):
        with pytest.raises(ContractError, match="`grid` must be"):
            reproject(plane(new_grid((0.0, 0.0, 10.0, 10.0), 1.0, "")).assign_attrs(crs=crs), crs=UTM)


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_a_real_gravity_grid_comes_to_metres():
    """The 0.5 degree field of the Earth over the demo area: range kept, values where interpolation puts them."""
    _reader, (draft,) = read_source(DATA / "geophysics/potential_field_fatiando/gravity-earth-0.5deg.nc.xz")
    part = draft.data["gravity"].sel(longitude=slice(97, 106), latitude=slice(16, 26)).astype(float)
    part = part.assign_attrs(crs="EPSG:4326", units="mGal")
    found = reproject(part, spacing=20_000.0)
    assert found.attrs["crs"] == "EPSG:32647"
    assert found.attrs["units"] == "mGal"
    assert float(part.min()) <= float(found.min()) < float(found.max()) <= float(part.max())
    lon, lat = pyproj.Transformer.from_crs(32647, 4326, always_xy=True).transform(
        *np.meshgrid(found.easting, found.northing)
    )
    at = {"longitude": xr.DataArray(lon, dims=("y", "x")), "latitude": xr.DataArray(lat, dims=("y", "x"))}
    expected = part.interp(at, kwargs={"bounds_error": False, "fill_value": np.nan}).to_numpy()
    # 0.01 of a cell, over the steepest step of the grid.
    step = max(float(abs(part.diff(axis)).max()) for axis in ("longitude", "latitude"))
    both = np.isfinite(expected) & np.isfinite(found.to_numpy())
    assert both.mean() > 0.8
    npt.assert_allclose(found.to_numpy()[both], expected[both], atol=0.02 * step)
