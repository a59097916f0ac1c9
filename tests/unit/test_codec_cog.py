"""COG: layout, exact extents, overrides of the file, nodata, bounded memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.enums import Compression, MaskFlags
from rasterio.transform import from_origin
from tests.reading import DATA
from tests.staging import hashes, stage

from craton.model.data import Band, RasterFile
from craton.model.errors import InvalidError
from craton.store.codec import encode
from craton.store.codec_asset import COG
from craton.store.codec_cog import CACHE_BYTES

WITH_DATA = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def write_raster(path: Path, cells: np.ndarray, **options) -> Path:
    """A plain GeoTIFF of `cells` (bands, rows, columns), 30 m, UTM 48N unless `options` say else."""
    bands, height, width = cells.shape
    place = {"crs": "EPSG:32648", "transform": from_origin(500_000.0, 2_000_000.0, 30.0, 30.0)}
    profile = {
        "width": width,
        "height": height,
        "count": bands,
        "dtype": cells.dtype.name,
        **place,
        **options,
    }
    with rasterio.open(path, "w", driver="GTiff", **profile) as raster:
        raster.write(cells)
    return path


def ramp(bands: int, height: int, width: int, dtype: str = "float32") -> np.ndarray:
    """Cells that all differ from their neighbours."""
    return np.arange(bands * height * width).reshape(bands, height, width).astype(dtype)


def test_layout_is_cloud_optimised(tmp_path: Path) -> None:
    """GDAL itself says the layout is COG: 512-tiles, compressed, overviews down to one tile, no sidecar."""
    source = write_raster(tmp_path / "a.tif", ramp(1, 1500, 1300))
    staged = stage(RasterFile(str(source), (Band("gravity", "mGal"),)), "grid", tmp_path / "s")
    assert staged.assets["data"].media_type == COG
    with rasterio.open(staged.path) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert cog.block_shapes == [(512, 512)]
        assert cog.overviews(1) == [2, 4]
        assert cog.compression is Compression.deflate
        assert cog.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "3"
        np.testing.assert_array_equal(cog.read(1), ramp(1, 1500, 1300)[0])
    assert len(list((tmp_path / "s" / "objects").iterdir())) == 1


def test_image_directories_precede_the_tiles(tmp_path: Path) -> None:
    """A reader finds all image directories in the file's first bytes, before any tile."""
    source = write_raster(tmp_path / "a.tif", ramp(1, 1500, 1300))
    staged = stage(RasterFile(str(source), (Band("g"),)), "grid", tmp_path / "s")
    content = staged.path.read_bytes()
    assert content[:4] == b"II*\0"
    assert b"LAYOUT=IFDS_BEFORE_DATA" in content[:200]
    first_directory = int.from_bytes(content[4:8], "little")
    assert first_directory < 1024


@pytest.mark.parametrize(
    ("dtype", "band", "resampling"),
    [
        ("float32", Band("g"), "AVERAGE"),
        ("uint8", Band("class"), "NEAREST"),
        ("int16", Band("height", unit="m"), "AVERAGE"),
        ("int16", Band("height", quantity="height"), "AVERAGE"),
    ],
)
def test_overviews_average_measurements_never_classes(
    tmp_path: Path, dtype: str, band: Band, resampling: str
) -> None:
    """Whole numbers are averaged in overviews only where a unit or quantity says that they measure."""
    source = write_raster(tmp_path / "a.tif", (ramp(1, 600, 600) % 100).astype(dtype))
    staged = stage(RasterFile(str(source), (band,)), "grid", tmp_path / "s")
    with rasterio.open(staged.path) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["OVERVIEW_RESAMPLING"] == resampling


def test_the_same_raster_gives_the_same_bytes(tmp_path: Path) -> None:
    """Encoding twice, with all threads, gives one hash."""
    source = write_raster(
        tmp_path / "a.tif", np.random.default_rng(0).random((3, 900, 700)).astype("float32")
    )
    raster = RasterFile(str(source), (Band("a"), Band("b"), Band("c")))
    first, second = (hashes(stage(raster, "grid", tmp_path / name).assets) for name in "12")
    assert first == second


def test_what_the_reader_knows_better_overrides_the_file(tmp_path: Path) -> None:
    """System, nodata, names and units of the `RasterFile` stand in the COG, for any GDAL client."""
    source = write_raster(tmp_path / "a.tif", ramp(2, 20, 30, "int16"))
    bands = (Band("ຄວາມສູງ", "m", "height", "Height"), Band("slope", "degree"))
    staged = stage(RasterFile(str(source), bands, crs="EPSG:32647", nodata=7), "grid", tmp_path / "s")
    with rasterio.open(staged.path) as cog:
        assert cog.crs.to_epsg() == 32647
        assert cog.nodata == 7
        assert cog.descriptions == ("ຄວາມສູງ", "slope")
        assert cog.units == ("m", "degree")
    dataset = staged.read()
    assert dataset.attrs["crs"] == "EPSG:32647"
    assert dataset["ຄວາມສູງ"].attrs == {"units": "m", "standard_name": "height", "long_name": "Height"}


def test_the_record_has_the_last_word_on_the_system(tmp_path: Path) -> None:
    """`crs` given to `encode` wins over the reader's, which wins over the file's."""
    source = write_raster(tmp_path / "a.tif", ramp(1, 20, 30))
    raster = RasterFile(str(source), (Band("g"),), crs="EPSG:32647")
    assert stage(raster, "grid", tmp_path / "1", "EPSG:32646").read().attrs["crs"] == "EPSG:32646"
    assert stage(raster, "grid", tmp_path / "2").read().attrs["crs"] == "EPSG:32647"
    plain = RasterFile(str(source), (Band("g"),))
    assert stage(plain, "grid", tmp_path / "3").read().attrs["crs"] == "EPSG:32648"


def test_raster_comes_back_lazily_with_its_place(tmp_path: Path) -> None:
    """Reading gives dask variables by band name, cell centres, axes by system and a CF grid mapping."""
    source = write_raster(tmp_path / "a.tif", ramp(1, 40, 50))
    dataset = stage(RasterFile(str(source), (Band("g"),)), "grid", tmp_path / "s").read()
    assert isinstance(dataset["g"].data, da.Array)
    assert dataset["g"].dims == ("northing", "easting")
    assert dataset["easting"].values[[0, -1]].tolist() == [500_015.0, 501_485.0]
    assert dataset["northing"].values[[0, -1]].tolist() == [1_999_985.0, 1_998_815.0]
    assert dataset["northing"].attrs["standard_name"] == "projection_y_coordinate"
    assert "UTM zone 48N" in dataset["spatial_ref"].attrs["crs_wkt"]
    np.testing.assert_array_equal(dataset["g"].values, ramp(1, 40, 50)[0])


def test_geographic_rasters_have_latitude_and_longitude(tmp_path: Path) -> None:
    """A system in degrees names the axes latitude and longitude."""
    transform = from_origin(97.0, 26.0, 0.5, 0.5)
    source = write_raster(tmp_path / "a.tif", ramp(1, 20, 18), crs="EPSG:4326", transform=transform)
    dataset = stage(RasterFile(str(source), (Band("g"),)), "grid", tmp_path / "s").read()
    assert dataset["g"].dims == ("latitude", "longitude")
    assert dataset["latitude"].attrs["units"] == "degrees_north"


def test_cells_without_a_value_are_nan(tmp_path: Path) -> None:
    """Declared nodata becomes NaN: floats stay, 16-bit whole numbers become float32, 32-bit float64."""
    for dtype, wanted in (("float32", "float32"), ("int16", "float32"), ("int32", "float64")):
        source = write_raster(tmp_path / f"{dtype}.tif", ramp(1, 4, 5, dtype), nodata=3)
        dataset = stage(RasterFile(str(source), (Band("g"),)), "grid", tmp_path / dtype).read()
        assert dataset["g"].dtype == wanted
        assert np.isnan(dataset["g"].values).sum() == 1
        assert float(dataset["g"].max()) == 19.0


def test_whole_numbers_without_nodata_stay_whole(tmp_path: Path) -> None:
    """Classes with no nodata keep their type."""
    source = write_raster(tmp_path / "a.tif", ramp(1, 4, 5, "uint8"))
    assert stage(RasterFile(str(source), (Band("g"),)), "grid", tmp_path / "s").read()["g"].dtype == "uint8"


def test_nodata_that_no_cell_can_hold_is_no_nodata(tmp_path: Path) -> None:
    """Nodata −9999 on bytes says that every cell has a value."""
    source = write_raster(tmp_path / "a.tif", ramp(1, 4, 5, "uint8"))
    staged = stage(RasterFile(str(source), (Band("g"),), nodata=-9999.0), "grid", tmp_path / "s")
    with rasterio.open(staged.path) as cog:
        assert cog.mask_flag_enums == ([MaskFlags.all_valid],)


def test_scale_and_offset_are_applied_on_reading(tmp_path: Path) -> None:
    """Numbers come in the unit of the band: stored value times scale plus offset."""
    source = write_raster(tmp_path / "a.tif", ramp(1, 4, 5, "int16"))
    with rasterio.open(source, "r+") as raster:
        raster.scales, raster.offsets = [0.1], [100.0]
    dataset = stage(RasterFile(str(source), (Band("g"),)), "grid", tmp_path / "s").read()
    np.testing.assert_allclose(dataset["g"].values, ramp(1, 4, 5, "float64")[0] * 0.1 + 100, rtol=1e-15)


def test_rotated_rasters_keep_their_transform(tmp_path: Path) -> None:
    """A rotated raster has rows and columns instead of axes, and its transform as an attribute."""
    transform = from_origin(500_000.0, 2_000_000.0, 30.0, 30.0) @ rasterio.Affine.rotation(30)
    source = write_raster(tmp_path / "a.tif", ramp(1, 4, 5), transform=transform)
    dataset = stage(RasterFile(str(source), (Band("g"),)), "grid", tmp_path / "s").read()
    assert dataset["g"].dims == ("row", "column")
    assert dataset.attrs["transform"] == pytest.approx(list(transform)[:6])


def test_many_bands_lie_band_by_band(tmp_path: Path) -> None:
    """More than four bands are not interleaved by pixel, so that one band can be read without the others."""
    source = write_raster(tmp_path / "a.tif", ramp(6, 20, 30))
    staged = stage(RasterFile(str(source), tuple(Band(f"b{i}") for i in range(6))), "grid", tmp_path / "s")
    with rasterio.open(staged.path) as cog:
        assert cog.interleaving.name == "band"
    np.testing.assert_array_equal(staged.read()["b4"].values, ramp(6, 20, 30)[4])


def test_bands_that_are_not_those_of_the_file_are_refused(tmp_path: Path) -> None:
    """Two bands described for a file of three is an error, not a guess."""
    source = write_raster(tmp_path / "a.tif", ramp(3, 4, 5))
    with pytest.raises(InvalidError, match="2 bands were described, the raster has 3"):
        encode(RasterFile(str(source), (Band("a"), Band("b"))), "grid", tmp_path)


def test_unreadable_and_unknown_are_refused(tmp_path: Path) -> None:
    """A file GDAL cannot read and a system PROJ does not know end in `InvalidError`."""
    junk = tmp_path / "junk.tif"
    junk.write_bytes(b"II*\0" + b"\0" * 100)
    with pytest.raises(InvalidError, match="cannot be written as a COG"):
        encode(RasterFile(str(junk), (Band("a"),)), "grid", tmp_path)
    source = write_raster(tmp_path / "a.tif", ramp(1, 4, 5))
    with pytest.raises(InvalidError, match="'EPSG:0' is not known"):
        encode(RasterFile(str(source), (Band("a"),)), "grid", tmp_path, crs="EPSG:0")


def test_content_that_passes_for_another_format_is_not_read_as_that(tmp_path: Path) -> None:
    """A raster whose driver GDAL would not choose by itself is copied through its handle, all the same."""
    header = tmp_path / "raw.hdr"
    header.write_text(
        "nrows 3\nncols 4\nnbands 1\nnbits 8\nlayout bil\nulxmap 10\nulymap 20\nxdim 1\nydim 1\n"
    )
    (tmp_path / "raw.bil").write_bytes(b"GIF89a" + bytes(range(6)))
    with rasterio.open(tmp_path / "raw.bil", driver="EHdr") as raw:
        wanted = raw.read(1)
    raster = RasterFile(str(tmp_path / "raw.bil"), (Band("g"),), driver="EHdr")
    dataset = stage(raster, "grid", tmp_path / "s", "EPSG:32648").read()
    np.testing.assert_array_equal(dataset["g"].values, wanted)
    assert dataset["easting"].values.tolist() == [10, 11, 12, 13]


def grid(dtype: str = "float32", *, height: int = 30, width: int = 40) -> xr.Dataset:
    """A map of two variables, its rows from the south up."""
    cells = ramp(2, height, width, dtype)
    return xr.Dataset(
        {
            "gravity": (("northing", "easting"), cells[0], {"units": "mGal"}),
            "anomaly": (("northing", "easting"), cells[1]),
        },
        coords={"northing": 1e6 + 100.0 * np.arange(height), "easting": 4e5 + 50.0 * np.arange(width)},
        attrs={"title": "ແຮງໂນ້ມຖ່ວງ", "survey": {"year": 2020, "lines": [1, 2]}},
    )


def test_maps_become_north_up_cogs_and_come_back_as_they_were(tmp_path: Path) -> None:
    """The file begins in the north-west; reading gives the source's row order, names and attributes."""
    source = grid()
    staged = stage(source, "grid", tmp_path / "s", "EPSG:32648")
    with rasterio.open(staged.path) as cog:
        assert cog.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert cog.transform == rasterio.Affine(50.0, 0.0, 4e5 - 25, 0.0, -100.0, 1e6 + 2900 + 50)
        np.testing.assert_array_equal(cog.read(1), ramp(2, 30, 40)[0][::-1])
        assert np.isnan(cog.nodata)
    dataset = staged.read()
    xr.testing.assert_equal(dataset.drop_vars("spatial_ref").compute(), source)
    assert list(dataset.data_vars) == ["gravity", "anomaly"]
    assert dataset.attrs == {**source.attrs, "crs": "EPSG:32648"}
    assert dataset["gravity"].attrs == {"units": "mGal"}


@pytest.mark.parametrize("rows_down", [False, True])
@pytest.mark.parametrize("columns_west", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_orientations_survive(
    tmp_path: Path, *, rows_down: bool, columns_west: bool, transposed: bool
) -> None:
    """However rows and columns run, the file is north-up and reading gives them as they ran."""
    source = grid().isel(
        northing=slice(None, None, -1 if rows_down else 1),
        easting=slice(None, None, -1 if columns_west else 1),
    )
    if transposed:
        source = source.transpose("easting", "northing")
    staged = stage(source, "grid", tmp_path / "s", "EPSG:32648")
    with rasterio.open(staged.path) as cog:
        np.testing.assert_array_equal(cog.read(1), ramp(2, 30, 40)[0][::-1])
    found = staged.read().drop_vars("spatial_ref").compute()
    xr.testing.assert_equal(found.transpose(*source["gravity"].dims), source)


def test_a_grid_whose_transform_is_none_to_gdal_keeps_its_axes(tmp_path: Path) -> None:
    """Unit cells from the origin down, which GDAL takes for no place at all, come back where they were."""
    axes = {"northing": -0.5 - np.arange(6.0), "easting": 0.5 + np.arange(7.0)}
    source = xr.Dataset({"g": (("northing", "easting"), ramp(1, 6, 7)[0])}, axes)
    xr.testing.assert_equal(stage(source, "grid", tmp_path / "s").read().compute(), source)


def test_a_grid_without_a_system_stays_without(tmp_path: Path) -> None:
    """No system is made up."""
    dataset = stage(grid(), "grid", tmp_path / "s").read()
    assert "crs" not in dataset.attrs
    assert "spatial_ref" not in dataset.coords
    xr.testing.assert_equal(dataset.compute(), grid())


def test_lazy_blocks_are_computed_once_each(tmp_path: Path) -> None:
    """Encoding a dask-backed map computes each block one time."""
    computed = []

    def block(block_info=None) -> np.ndarray:
        place = block_info[None]["chunk-location"]
        computed.append(place)
        return np.full(block_info[None]["chunk-shape"], place[0], "float32")

    lazy = da.map_blocks(
        block, chunks=((10, 10, 10), (40,)), dtype="float32", meta=np.empty((0, 0), "float32")
    )
    source = grid()[["gravity"]].copy(data={"gravity": lazy})
    dataset = stage(source, "grid", tmp_path / "s").read()
    assert sorted(computed) == [(0, 0), (1, 0), (2, 0)]
    assert dataset["gravity"].values[:, 0].tolist() == [0.0] * 10 + [1.0] * 10 + [2.0] * 10


MEMORY_PROBE = """
import resource, sys
from pathlib import Path
from craton.model.data import Band, RasterFile
from craton.store.codec import encode
raster = RasterFile(sys.argv[1], (Band("g", "m"),), nodata=-1)
encode(raster, "grid", Path(sys.argv[2]), crs="EPSG:32647")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_raster(tmp_path: Path) -> None:
    """A raster of 381 MiB takes little more than GDAL's cache more than one of 15 MiB."""
    used = {}
    for side in (2000, 10_000):
        source = tmp_path / f"{side}.tif"
        place = {"crs": "EPSG:32648", "transform": from_origin(0, 0, 10, 10)}
        profile = {"width": side, "height": side, "count": 1, "dtype": "float32", **place}
        with rasterio.open(source, "w", driver="GTiff", **profile) as raster:
            row = np.arange(side, dtype="float32")
            for top in range(0, side, 500):
                window = rasterio.windows.Window(0, top, side, 500)
                raster.write(np.tile(row + top, (500, 1)), 1, window=window)
        folder = tmp_path / f"out{side}"
        folder.mkdir()
        command = [sys.executable, "-c", MEMORY_PROBE, str(source), str(folder)]
        used[side] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert used[10_000] - used[2000] < (CACHE_BYTES >> 20) + 90


@WITH_DATA
def test_srtm_tile_keeps_its_extent_and_values(tmp_path: Path) -> None:
    """N44W072: nodes on whole degrees become cell centres there; values are those of the bytes, voids NaN."""
    source = DATA / "elevation/srtm_tile/N44W072.hgt"
    raw = np.frombuffer(source.read_bytes(), ">i2").reshape(1201, 1201).astype(float)
    staged = stage(RasterFile(str(source), (Band("elevation", "m"),)), "grid", tmp_path / "s", "EPSG:4326")
    dataset = staged.read()
    assert dataset["latitude"].values[[0, -1]] == pytest.approx([45.0, 44.0], abs=1e-12)
    assert dataset["longitude"].values[[0, -1]] == pytest.approx([-72.0, -71.0], abs=1e-12)
    raw[raw == -32768] = np.nan
    np.testing.assert_array_equal(dataset["elevation"].values, raw)
    assert re.fullmatch(r"[0-9a-f]{64}", staged.path.name)
