"""Lazy grids are written block by block: each computed once, the same bytes however they are cut."""

from __future__ import annotations

from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.transform import from_origin
from tests.staging import hashes, stage

from craton.model.data import Band, RasterFile
from craton.model.errors import InvalidError
from craton.store.codec_asset import COG, ZARR
from craton.store.codec_cog import decode_cog

SHAPE = (1300, 1100)


def grid(cells: np.ndarray, *, north_up: bool = True, west_up: bool = False, **attrs) -> xr.Dataset:
    """A map of one variable on cells of 10 m."""
    rows = 2e6 + 10.0 * np.arange(cells.shape[0]) * (-1 if north_up else 1)
    columns = 5e5 + 10.0 * np.arange(cells.shape[1]) * (-1 if west_up else 1)
    axes = {"northing": rows, "easting": columns}
    return xr.Dataset({"v": (("northing", "easting"), cells, attrs)}, axes)


def noise(dtype: str = "float32") -> np.ndarray:
    """Cells that do not repeat, with whole tiles of zeros among them."""
    cells = np.random.default_rng(5).integers(0, 200, SHAPE).astype(dtype)
    cells[:600, :600] = 0
    return cells


@pytest.mark.parametrize("turned", [(True, False), (False, False), (True, True), (False, True)])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_bytes_do_not_depend_on_blocks_or_threads(
    tmp_path: Path, turned: tuple[bool, bool], dtype: str
) -> None:
    """In memory, in large or ragged blocks, in one or many threads, or strip by strip: one hash."""
    north_up, west_up = turned
    source = grid(noise(dtype), north_up=north_up, west_up=west_up)
    expected = hashes(stage(source, "grid", tmp_path / "memory", "EPSG:32648").assets)
    ways = [
        ({"northing": 512, "easting": 512}, "threads"),
        ({"northing": (1, 699, 600), "easting": (333, 767)}, "threads"),
        ({"northing": 700, "easting": 700}, "sync"),
    ]
    for number, (chunks, scheduler) in enumerate(ways):
        with dask.config.set(scheduler=scheduler, num_workers=4):
            staged = stage(source.chunk(chunks), "grid", tmp_path / str(number), "EPSG:32648")
        assert hashes(staged.assets) == expected


def test_under_another_scheduler_strips_give_the_same_bytes(tmp_path: Path) -> None:
    """Where blocks are computed elsewhere, they come back strip by strip and the bytes are the same."""
    source = grid(noise())
    expected = hashes(stage(source, "grid", tmp_path / "memory", "EPSG:32648").assets)
    used = []

    def elsewhere(graph, keys, **options):
        used.append(keys)
        return dask.local.get_sync(graph, keys, **options)

    with dask.config.set(scheduler=elsewhere):
        lazy = source.chunk({"northing": 500, "easting": 500})
        staged = stage(lazy, "grid", tmp_path / "strips", "EPSG:32648")
    assert hashes(staged.assets) == expected
    assert len(used) == 3


def test_blocks_with_a_halo_are_read_once(tmp_path: Path) -> None:
    """A sum over neighbours asks for each block of its source a single time."""
    read = []

    def block(block_info=None) -> np.ndarray:
        read.append(block_info[None]["chunk-location"])
        return np.full(block_info[None]["chunk-shape"], float(sum(read[-1])), "float32")

    source = da.map_blocks(
        block, chunks=((300,) * 4, (275,) * 4), dtype="float32", meta=np.empty((0, 0), "float32")
    )
    summed = da.map_overlap(lambda cells: cells + np.roll(cells, 1, 0), source, depth=1, boundary="none")
    stage(
        grid(np.zeros((1200, 1100), "float32")).assign(v=(("northing", "easting"), summed)),
        "grid",
        tmp_path / "s",
    )
    assert sorted(read) == [(row, column) for row in range(4) for column in range(4)]


def test_what_two_variables_share_is_computed_once(tmp_path: Path) -> None:
    """Bands made of one source read it a single time, and each band holds its own cells."""
    read = []

    def block(block_info=None) -> np.ndarray:
        read.append(block_info[None]["chunk-location"])
        return np.full(block_info[None]["chunk-shape"], 3.0, "float32")

    source = da.map_blocks(
        block, chunks=((30, 30), (40, 40)), dtype="float32", meta=np.empty((0, 0), "float32")
    )
    axes = {"northing": np.arange(60.0), "easting": np.arange(80.0)}
    bands = {"a": source + 1, "b": source * 2, "c": da.zeros((60, 80), dtype="float32").compute()}
    dataset = xr.Dataset({name: (("northing", "easting"), cells) for name, cells in bands.items()}, axes)
    found = stage(dataset, "grid", tmp_path / "s").read()
    assert len(read) == 4
    assert [float(found[name].mean()) for name in "abc"] == [4.0, 6.0, 0.0]


def test_a_failing_block_fails_as_itself(tmp_path: Path) -> None:
    """What a process refuses in one of its blocks reaches the caller unchanged."""

    def refuse(cells: np.ndarray) -> np.ndarray:
        raise InvalidError("these cells cannot be used")

    lazy = da.map_blocks(refuse, da.zeros((20, 20), chunks=10), dtype="float64", meta=np.empty((0, 0)))
    with pytest.raises(InvalidError, match="these cells cannot be used"):
        stage(grid(np.zeros((20, 20))).assign(v=(("northing", "easting"), lazy)), "grid", tmp_path / "s")


@pytest.mark.parametrize("lazy", [False, True])
def test_whole_numbers_that_state_a_nodata_declare_it(tmp_path: Path, *, lazy: bool) -> None:
    """Bytes stay bytes in the file, which declares the value; it is NaN when they are read."""
    cells = noise("uint8")
    source = grid(cells, nodata=0, units="1")
    staged = stage(source.chunk(300) if lazy else source, "grid", tmp_path / "s", "EPSG:32648")
    with rasterio.open(staged.path) as cog:
        assert (cog.dtypes, cog.nodata) == (("uint8",), 0)
        np.testing.assert_array_equal(cog.read(1), cells)
    found = staged.read()["v"]
    assert (found.dtype, "nodata" in found.attrs) == (np.float32, False)
    np.testing.assert_array_equal(found.to_numpy(), np.where(cells == 0, np.nan, cells))


def test_tiles_of_zeros_stay_zeros_beside_another_nodata(tmp_path: Path) -> None:
    """Zero is a value where seven means none, and where NaN means none, in blocks as in memory."""
    for number, (dtype, attrs) in enumerate((("uint8", {"nodata": 7}), ("float32", {}))):
        found = stage(grid(noise(dtype), **attrs).chunk(512), "grid", tmp_path / str(number)).read()["v"]
        assert (found[:600, :600] == 0).all()


def test_a_nodata_that_no_cell_can_hold_is_left_a_word(tmp_path: Path) -> None:
    """−9999 on bytes declares nothing, and stays an attribute."""
    staged = stage(grid(noise("uint8"), nodata=-9999), "grid", tmp_path / "s")
    with rasterio.open(staged.path) as cog:
        assert cog.nodata is None
    assert staged.read()["v"].attrs == {"nodata": -9999}


def test_variables_that_disagree_about_nodata_become_no_cog(tmp_path: Path) -> None:
    """A GeoTIFF has one nodata for all bands, so two of them go to Zarr."""
    one = grid(noise("uint8"), nodata=0)
    both = one.assign(w=one["v"].assign_attrs(nodata=255))
    assert stage(both, "grid", tmp_path / "s").assets["data"].media_type == ZARR
    same = one.assign(w=one["v"])
    assert stage(same, "grid", tmp_path / "t").assets["data"].media_type == COG


def test_overviews_never_average_directions(tmp_path: Path) -> None:
    """The mean of 359° and 1° is not 180°: overviews of compass angles pick a cell."""
    source = grid(noise(), units="deg", standard_name="aspect")
    staged = stage(source, "grid", tmp_path / "dataset", "EPSG:32648")
    plain = tmp_path / "plain.tif"
    place = {"crs": "EPSG:32648", "transform": from_origin(0, 0, 10, 10)}
    size = {"width": SHAPE[1], "height": SHAPE[0], "count": 1, "dtype": "float32"}
    with rasterio.open(plain, "w", driver="GTiff", **size, **place) as raster:
        raster.write(noise(), 1)
    band = Band("v", "deg", "aspect")
    for one in (staged, stage(RasterFile(str(plain), (band,)), "grid", tmp_path / "file")):
        with rasterio.open(one.path) as cog:
            assert cog.tags(ns="IMAGE_STRUCTURE")["OVERVIEW_RESAMPLING"] == "NEAREST"


def test_wide_rasters_are_read_in_fewer_rows(tmp_path: Path) -> None:
    """A row of pieces of a very wide raster holds no more bytes than one tile row or the limit."""
    path = tmp_path / "wide.tif"
    for width, rows in ((1000, 2048), (20_000, 1024), (100_000, 512)):
        size = {"width": width, "height": 4096, "count": 1, "dtype": "float32", "sparse_ok": True}
        with rasterio.open(path, "w", driver="GTiff", transform=from_origin(0, 0, 10, 10), **size):
            pass
        assert decode_cog(path)["band_1"].data.chunksize[0] == rows


def test_under_a_client_of_distributed_grids_are_written_too(tmp_path: Path) -> None:
    """With a Dask client as the default scheduler the raster comes out the same."""
    distributed = pytest.importorskip("distributed")
    source = grid(noise())
    expected = hashes(stage(source, "grid", tmp_path / "memory", "EPSG:32648").assets)
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ):
        staged = stage(source.chunk(500), "grid", tmp_path / "client", "EPSG:32648")
    assert hashes(staged.assets) == expected
