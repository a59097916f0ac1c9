"""Hillshade, slope and aspect of labelled grids: in blocks, beside gdaldem, on degrees, in the store."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import xarray as xr
from rasterio.transform import from_origin
from tests.reading import DATA
from tests.staging import stage

from craton.kernels.terrain import metres_per_degree
from craton.methods.terrain import aspect, hillshade, slope
from craton.model.errors import ContractError

PROCESSES = (hillshade, slope, aspect)
WITH_GDALDEM = pytest.mark.skipif(shutil.which("gdaldem") is None, reason="gdaldem is not installed")
TUJUNGA = DATA / "elevation/bigtujunga/bigtujunga.tif"


def relief(shape: tuple[int, int] = (130, 110), dtype: str = "float32") -> np.ndarray:
    """Hills, valleys and noise, in metres."""
    rows, columns = np.indices(shape)
    hills = 400 + 150 * np.sin(rows / 11) * np.cos(columns / 17) + 30 * np.sin((rows + columns) / 5)
    return (hills + np.random.default_rng(1).normal(0, 2, shape)).astype(dtype)


def projected(cells: np.ndarray, spacing: tuple[float, float] = (30.0, 25.0)) -> xr.DataArray:
    """`cells` as elevations in UTM zone 48N, rows from the north down."""
    axes = {
        "northing": 2_000_000 - spacing[0] * np.arange(cells.shape[0]),
        "easting": 500_000 + spacing[1] * np.arange(cells.shape[1]),
    }
    attrs = {"units": "m", "standard_name": "elevation", "crs": "EPSG:32648"}
    return xr.DataArray(cells, axes, ("northing", "easting"), name="elevation", attrs=attrs)


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("method", ["horn", "zevenbergen-thorne"])
@pytest.mark.parametrize("chunks", [(64, 64), (7, 110), (130, 5), ((3, 60, 67), (109, 1))])
def test_blocks_give_what_the_whole_gives(process, method: str, chunks: tuple) -> None:
    """However a lazy grid is cut, each cell, gaps and edges included, is that of the grid in memory."""
    cells = relief()
    cells[40:44, 63:66] = np.nan
    whole = projected(cells)
    lazy = process(whole.chunk(dict(zip(whole.dims, chunks, strict=True))), method=method)
    assert lazy.chunks is not None
    expected = process(whole, method=method)
    np.testing.assert_array_equal(lazy.to_numpy(), expected.to_numpy())
    assert (lazy.dtype, lazy.attrs, lazy.name) == (expected.dtype, expected.attrs, expected.name)


@pytest.mark.parametrize("process", PROCESSES)
def test_rows_and_columns_may_run_either_way(process) -> None:
    """Flipped or transposed, on metres or degrees, the same ground has the same results, bit by bit."""
    for grid in (projected(relief()), on_degrees(relief())):
        expected = process(grid)
        rows, columns = grid.dims
        for step in ({rows: -1}, {columns: -1}, {rows: -1, columns: -1}):
            flipped = grid.isel({axis: slice(None, None, one) for axis, one in step.items()})
            xr.testing.assert_equal(
                process(flipped).sortby([rows, columns]), expected.sortby([rows, columns])
            )
        transposed = process(grid.transpose())
        assert transposed.dims == (columns, rows)
        xr.testing.assert_equal(transposed.transpose(), expected)


def on_degrees(cells: np.ndarray, spacing: float = 1 / 3600) -> xr.DataArray:
    """`cells` as elevations on latitude and longitude around 105° E, 18° N, where UTM zone 48 is true."""
    rows, columns = cells.shape
    axes = {
        "latitude": 18 + spacing * (rows // 2 - np.arange(rows)),
        "longitude": 105 + spacing * (np.arange(columns) - columns // 2),
    }
    attrs = {"units": "m", "crs": "EPSG:4326"}
    return xr.DataArray(cells, axes, ("latitude", "longitude"), name="elevation", attrs=attrs)


def surface(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """A smooth hill on a slope, in metres, of offsets from its top."""
    return 300 + 0.2 * east - 0.1 * north + 200 * np.exp(-(east**2 + north**2) / 900**2)


def test_degrees_and_metres_see_the_same_ground() -> None:
    """One surface, given on degrees and on UTM metres, has one slope and aspect.

    UTM's scale is 0.9996 here and its meridians converge by less than 0.01°;
    away from level ground, where interpolating the results on metres fails,
    0.02° of slope and 0.15° of aspect are allowed (one percent of anisotropy would give 0.3°).
    """
    grid = on_degrees(np.zeros((140, 140)))
    longitude, latitude = np.meshgrid(grid["longitude"], grid["latitude"])
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32648", always_xy=True)
    easting, northing = to_metres.transform(longitude, latitude)
    middle = northing.mean()
    grid = grid.copy(data=surface(easting - 500_000, northing - middle))
    offsets = 30.0 * (np.arange(140) - 70)
    flat = projected(surface(offsets, -offsets[:, np.newaxis]))
    flat = flat.assign_coords(easting=500_000 + offsets, northing=middle - offsets)
    inner = (slice(20, 120), slice(20, 120))
    points = {"easting": xr.DataArray(easting[inner]), "northing": xr.DataArray(northing[inner])}
    inclined = slope(grid)[inner].to_numpy() > 6
    assert inclined.mean() > 0.9
    for process, tolerance in ((slope, 0.02), (aspect, 0.15)):
        found, expected = process(grid)[inner].to_numpy(), process(flat).interp(points).to_numpy()
        np.testing.assert_allclose(found[inclined], expected[inclined], atol=tolerance)


def test_an_inclined_plane_on_degrees() -> None:
    """A rise of 1 m in 10 m along each parallel is 5.71°, facing west, at any latitude."""
    grid = on_degrees(np.zeros((60, 50)))
    _, per_degree = metres_per_degree(grid["latitude"].to_numpy())
    grid = grid.copy(data=0.1 * per_degree[:, np.newaxis] * (grid["longitude"].to_numpy() - 105))
    inner = (slice(1, -1), slice(24, 27))
    np.testing.assert_allclose(slope(grid)[inner], np.degrees(np.arctan(0.1)), atol=1e-3)
    np.testing.assert_allclose(aspect(grid)[inner], 270.0, atol=0.01)


def test_feet_are_converted_and_whole_numbers_taken() -> None:
    """The same ground in feet, and in whole metres of 16 bits, gives the same picture."""
    grid = projected(np.round(relief()))
    expected = slope(grid)
    in_feet = (
        grid.astype("float64").copy(data=grid.to_numpy() / 0.3048).assign_attrs({**grid.attrs, "units": "ft"})
    )
    np.testing.assert_allclose(slope(in_feet), expected, atol=1e-4)
    whole = grid.astype("int16").assign_attrs(grid.attrs)
    np.testing.assert_array_equal(slope(whole), expected)
    lazy = slope(whole.chunk({"northing": 50}))
    np.testing.assert_array_equal(lazy, expected)


def test_exaggeration_is_a_factor_of_heights() -> None:
    """Exaggerated three times, the ground is lit as if its heights were three times as large."""
    grid = projected(relief(dtype="float64"))
    tall = grid.copy(data=grid.to_numpy() * 3)
    difference = hillshade(grid, vertical_exaggeration=3.0).astype(int) - hillshade(tall).astype(int)
    assert int(abs(difference).max()) <= 1


def test_results_say_what_they_are() -> None:
    """Units, quantity, reference system and the value for none stand in the attributes."""
    grid = projected(relief((5, 6)))
    shade = hillshade(grid)
    assert (shade.dtype, shade.attrs["nodata"], shade.name) == (np.uint8, 0, "hillshade")
    assert (slope(grid).attrs["units"], slope(grid).attrs["standard_name"]) == ("deg", "slope")
    assert (aspect(grid).attrs["units"], aspect(grid).attrs["standard_name"]) == ("deg", "aspect")
    for process in PROCESSES:
        assert process(grid).attrs["crs"] == "EPSG:32648"
        assert "UTM zone 48N" in process(grid)["spatial_ref"].attrs["crs_wkt"]


@pytest.mark.parametrize(
    ("change", "came"),
    [
        (lambda grid: grid[:2], "2 by 6"),
        (lambda grid: grid.expand_dims(time=2), "one of 3"),
        (lambda grid: grid.assign_coords(easting=np.arange(6.0) ** 2), "uneven along easting"),
        (
            lambda grid: grid.assign_attrs(crs="EPSG:2225").drop_vars("spatial_ref", errors="ignore"),
            "axes in ftUS",
        ),
        (lambda grid: grid.assign_attrs(units="mGal"), "one in mGal"),
        (lambda grid: grid.assign_attrs(standard_name="bathymetry"), "one of bathymetry"),
    ],
)
def test_what_cannot_be_used_is_refused(change, came: str) -> None:
    """Too few cells, a cube, uneven axes, feet along the ground, another unit or quantity: refused by name."""
    grid = change(projected(relief((5, 6))))
    for process in PROCESSES:
        with pytest.raises(ContractError, match=came) as refused:
            process(grid)
        assert refused.value.parameter == "elevation"


def test_a_stored_hillshade_is_bytes_with_nodata(tmp_path: Path) -> None:
    """In the store a hillshade is a COG of bytes that declares 0; read again, its edges are NaN."""
    shade = hillshade(projected(relief()).chunk(64))
    staged = stage(shade.to_dataset(), "grid", tmp_path / "s", "EPSG:32648")
    with rasterio.open(staged.path) as cog:
        assert (cog.dtypes, cog.nodata) == (("uint8",), 0)
    found = staged.read()["hillshade"].to_numpy()
    np.testing.assert_array_equal(np.nan_to_num(found), shade.to_numpy())
    assert np.isnan(found).sum() == found.size - (found.shape[0] - 2) * (found.shape[1] - 2)


def write(path: Path, grid: xr.DataArray) -> Path:
    """`grid` as a GeoTIFF for gdaldem."""
    north, east = grid["northing"].to_numpy(), grid["easting"].to_numpy()
    height, width = north[0] - north[1], east[1] - east[0]
    place = from_origin(east[0] - width / 2, north[0] + height / 2, width, height)
    shape = {"width": east.size, "height": north.size, "count": 1, "dtype": "float32", "nodata": np.nan}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32648", transform=place, **shape) as raster:
        raster.write(grid.to_numpy(), 1)
    return path


def by_gdaldem(mode: str, source: Path, *options: str) -> np.ndarray:
    """What gdaldem gives, NaN where it has no value."""
    target = source.with_name(f"{mode}.tif")
    subprocess.run(["gdaldem", mode, source, target, "-q", *options], check=True)
    with rasterio.open(target) as raster:
        return raster.read(1, masked=True).astype(np.float64).filled(np.nan)


GDAL_METHODS = [("horn", ()), ("zevenbergen-thorne", ("-alg", "ZevenbergenThorne"))]


@WITH_GDALDEM
@pytest.mark.parametrize(("method", "options"), GDAL_METHODS)
def test_gdaldem_gives_the_same(tmp_path: Path, method: str, options: tuple[str, ...]) -> None:
    """Beside GDAL, which counts in 32 bits: greys within 1, slopes within 0.01°, aspects within 0.05°."""
    cells = relief()
    cells[40:44, 63:66] = np.nan
    grid = projected(cells)
    source = write(tmp_path / "dem.tif", grid)
    shade = hillshade(grid, method=method, azimuth=300, altitude=35, vertical_exaggeration=2).to_numpy()
    ours = np.where(shade == 0, np.nan, shade.astype(float))
    light = ("-az", "300", "-alt", "35", "-z", "2")
    np.testing.assert_allclose(ours, by_gdaldem("hillshade", source, *light, *options), atol=1)
    theirs = by_gdaldem("slope", source, *options)
    np.testing.assert_allclose(slope(grid, method=method), theirs, atol=0.01)
    # gdaldem takes cells for square when it asks where they face
    square = projected(cells, (30.0, 30.0))
    theirs = by_gdaldem("aspect", write(tmp_path / "square.tif", square), *options)
    ours = aspect(square, method=method).to_numpy()
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    assert np.nanmax(np.abs((ours - theirs + 180) % 360 - 180)) < 0.05


@WITH_GDALDEM
@pytest.mark.skipif(not TUJUNGA.exists(), reason="the open survey data is not beside this checkout")
def test_big_tujunga_looks_as_gdaldem_draws_it(tmp_path: Path) -> None:
    """A real watershed, read from its GeoTIFF: greys within 1 of gdaldem's."""
    source = Path(shutil.copy(TUJUNGA, tmp_path / "dem.tif"))
    with rasterio.open(source) as raster:
        cells, place = raster.read(1, masked=True).astype("float64").filled(np.nan), raster.transform
    north = place.f + place.e * (np.arange(cells.shape[0]) + 0.5)
    east = place.c + place.a * (np.arange(cells.shape[1]) + 0.5)
    grid = xr.DataArray(
        cells, {"northing": north, "easting": east}, ("northing", "easting"), attrs={"units": "m"}
    )
    shade = hillshade(grid).to_numpy()
    ours = np.where(shade == 0, np.nan, shade.astype(float))
    np.testing.assert_allclose(ours, by_gdaldem("hillshade", source), atol=1)
