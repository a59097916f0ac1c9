"""Windows of grids: the same numbers as GDAL and xarray give, wherever the grid lies and however it is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.enums import Resampling
from rasterio.transform import Affine, from_bounds, from_origin
from rasterio.warp import reproject, transform_bounds
from tests.serving import put

import craton
from craton.model.data import Band, RasterFile
from craton.model.errors import InvalidError, NotFoundError, StorageError
from craton.store import grid_window, grid_window_levels
from craton.store.grid_window import Frame, has_place, open_grid
from craton.store.grid_window_levels import CogFile, CopiedPlane
from craton.store.grid_window_parts import box_of, cut, sample, spots
from craton.store.recent import Recent

CRS84 = "OGC:CRS84"
UTM = "EPSG:32648"


@pytest.fixture
def node(tmp_path):
    with craton.create(tmp_path / "node") as made:
        yield made


def field(latitudes, longitudes):
    """A smooth field with a period of 360 degrees."""
    up, across = np.meshgrid(np.radians(latitudes), np.radians(longitudes), indexing="ij")
    return (100 * np.sin(up) * np.cos(2 * across) + 20 * np.cos(3 * across)).astype(np.float32)


def degrees(latitudes, longitudes, cells=None, name="value", **attributes):
    """A grid in longitude and latitude."""
    cells = field(latitudes, longitudes) if cells is None else cells
    axes = {"latitude": np.asarray(latitudes, float), "longitude": np.asarray(longitudes, float)}
    array = xr.DataArray(cells, axes, ("latitude", "longitude"), name=name, attrs=attributes)
    return array.to_dataset().assign_attrs(crs="EPSG:4326")


def opened(node, data, id="grid-1", kind="grid"):
    put(node, data, kind, id=id)
    record = node.store.get(id)
    return open_grid(node.store, record)


def warped(cells, transform, crs, frame, resampling=Resampling.bilinear):
    """What GDAL makes of the same cells."""
    out = np.full((frame.height, frame.width), np.nan, np.float32)
    reproject(
        np.ascontiguousarray(cells, np.float32), out, src_transform=transform, src_crs=crs, src_nodata=np.nan,
        dst_transform=from_bounds(*frame.bounds, frame.width, frame.height), dst_crs=frame.crs,
        dst_nodata=np.nan, resampling=resampling,
    )  # fmt: skip
    return out


def test_a_window_is_what_gdal_warps(node):
    """From UTM to web tiles, pixels of about the size of cells differ from GDAL's by less than 1 % of the range."""
    easting, northing = 250_000 + 100.0 * np.arange(300), 2_000_000 - 100.0 * np.arange(260)
    up, across = np.meshgrid(np.arange(260), np.arange(300), indexing="ij")
    cells = (np.sin(up / 20) * 50 + np.cos(across / 15) * 30).astype(np.float32)
    cells[40:60, 50:90] = np.nan
    data = xr.DataArray(cells, {"northing": northing, "easting": easting}, ("northing", "easting"), name="v")
    grid = opened(node, data.to_dataset().assign_attrs(crs=UTM))
    transform = from_origin(249_950, 2_000_050, 100, 100)
    west, south, east, north = transform_bounds(UTM, "EPSG:3857", 255_000, 1_980_000, 275_000, 1_995_000)
    frame = Frame((west, south, east, north), "EPSG:3857", 210, 190)
    pixels = grid.window(["v"], frame)[0]
    expected = warped(cells, transform, UTM, frame)
    both = pixels.valid & np.isfinite(expected)
    assert both.mean() > 0.85
    assert np.abs(pixels.valid.mean() - np.isfinite(expected).mean()) < 0.01
    assert np.abs(pixels.values - expected)[both].max() < 1.6


def test_overviews_keep_the_mean(node):
    """A picture of a hundredth of the resolution has the mean of the grid, not single cells of it."""
    cells = np.random.default_rng(3).normal(50, 10, (2048, 2048)).astype(np.float32)
    grid = opened(node, degrees(10 - np.arange(2048) / 1000, 100 + np.arange(2048) / 1000, cells))
    frame = Frame((100, 7.953, 102.047, 10), CRS84, 20, 20)
    values = grid.window(["value"], frame)[0].values
    assert values.std() < 2
    assert values.mean() == pytest.approx(50, abs=0.5)


@pytest.mark.parametrize("first", [0.0, -180.0, 90.0])
@pytest.mark.parametrize("middle", [0.0, 180.0, -180.0, 359.0, 90.0])
def test_a_grid_of_all_longitudes_has_no_seam(node, first, middle):
    """Wherever a grid of all longitudes begins, a picture across any meridian shows the same field."""
    longitudes = first + 0.5 + np.arange(360.0)
    grid = opened(node, degrees(np.arange(60, -61, -1.0), longitudes))
    frame = Frame((middle - 8, -10, middle + 8, 10), CRS84, 64, 80)
    pixels = grid.window(["value"], frame)[0]
    across, down = frame.centres()
    assert pixels.valid.all()
    assert np.abs(pixels.values - field(down, across)).max() < 0.1


def test_a_grid_across_the_antimeridian_is_on_both_sides_of_a_world_map(node):
    """A grid of 170° to 190° covers the outer parts of a tile of the whole world, and nothing between."""
    grid = opened(node, degrees(np.arange(20, -21, -1.0), np.arange(170, 191.0)))
    pixels = grid.window(["value"], Frame((-180, -90, 180, 90), CRS84, 360, 180))[0]
    shown = np.flatnonzero(pixels.valid.any(axis=0))
    assert shown.tolist() == [*range(11), *range(349, 360)]


@pytest.mark.parametrize("kind", ["cog", "zarr"])
def test_the_order_of_rows_and_columns_does_not_matter(node, kind):
    """South-up rows and columns to the west give the picture of the same grid the other way round."""
    latitudes, longitudes = np.arange(30, 10, -0.5), np.arange(100, 120, 0.5)
    frame = Frame((101, 12, 118, 28), CRS84, 50, 60)
    pictures = []
    for number, (rows, columns) in enumerate([(1, 1), (-1, 1), (1, -1), (-1, -1)]):
        data = degrees(latitudes[::rows], longitudes[::columns])
        if kind == "zarr":
            data = data.expand_dims(time=np.array(["2020-01-01"], "datetime64[ns]"))
        pictures.append(opened(node, data, id=f"grid-{number}").window(["value"], frame)[0])
    for one in pictures[1:]:
        assert np.array_equal(one.valid, pictures[0].valid)
        assert np.allclose(one.values, pictures[0].values, atol=1e-4)


def test_classes_are_never_mixed_and_whole_numbers_have_nodata(node):
    """Every pixel of a grid of classes has a class that is there; cells of the nodata number have none."""
    cells = np.random.default_rng(1).integers(1, 6, (80, 90)).astype(np.uint8)
    cells[:20] = 0
    data = degrees(10 - np.arange(80) / 10, 100 + np.arange(90) / 10, cells, name="rock")
    data["rock"].attrs.update(nodata=0, standard_name="lithology")
    grid = opened(node, data)
    assert grid.layer().is_classes
    pixels = grid.window(["rock"], Frame((100, 3, 108, 9.9), CRS84, 37, 41))[0]
    assert set(np.unique(pixels.values[pixels.valid])) <= {1, 2, 3, 4, 5}
    assert not pixels.valid[:5].any()
    assert pixels.valid[15:].all()


def test_scale_and_offset_and_nodata_of_a_file(node, tmp_path):
    """Numbers are in their unit: the file's scale and offset are applied, its nodata is none."""
    path = tmp_path / "scaled.tif"
    profile = {
        "driver": "GTiff", "width": 40, "height": 30, "count": 1, "dtype": "int16", "nodata": -1,
        "crs": "EPSG:4326", "transform": from_origin(100, 20, 0.1, 0.1),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(np.full((30, 40), 50, np.int16), 1)
        raster.write(np.full((10, 40), -1, np.int16), 1, window=rasterio.windows.Window(0, 0, 40, 10))
        raster.scales, raster.offsets = (0.1,), (20.0,)
    grid = opened(node, RasterFile(str(path), (Band("temperature", "degC"),)))
    pixels = grid.window(["temperature"], Frame((100, 17, 104, 20), CRS84, 40, 30))[0]
    assert pixels.values[pixels.valid] == pytest.approx(25.0)
    assert not pixels.valid[:9].any()
    assert pixels.valid[11:].all()
    where = spots(grid, np.array([101.0, 101.0]), np.array([17.5, 19.9]), CRS84)
    assert sample(grid, grid.layer(), where, {}) == pytest.approx([25.0, np.nan], nan_ok=True)


def test_a_rotated_grid_is_drawn_in_its_place_and_not_cut(node, tmp_path):
    """A raster turned by 30° is drawn as GDAL draws it; no box of cells can be cut out of it."""
    path = tmp_path / "turned.tif"
    transform = Affine(86.6025404, 50.0, 250_000, 50.0, -86.6025404, 2_000_000)
    cells = np.add.outer(np.arange(60), np.arange(80)).astype(np.float32)
    profile = {"driver": "GTiff", "width": 80, "height": 60, "count": 1, "dtype": "float32", "crs": UTM}
    with rasterio.open(path, "w", **profile, transform=transform) as raster:
        raster.write(cells, 1)
    put(node, RasterFile(str(path), (Band("v"),)), "grid", id="turned-1")
    record = node.store.get("turned-1")
    assert has_place(record)
    grid = open_grid(node.store, record)
    frame = Frame((246_000, 1_996_000, 258_000, 2_006_000), UTM, 120, 100)
    pixels = grid.window(["v"], frame)[0]
    expected = warped(cells, transform, UTM, frame)
    both = pixels.valid & np.isfinite(expected)
    assert both.sum() > 0.9 * np.isfinite(expected).sum() > 1000
    assert np.abs(pixels.values - expected)[both].max() < 0.5
    with pytest.raises(InvalidError, match="do not run east"):
        box_of(grid, None, UTM)


def test_uneven_axes(node):
    """Rows at uneven latitudes are drawn where they are."""
    latitudes = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 16.0])
    cells = np.repeat(np.arange(6.0)[:, np.newaxis], 11, axis=1)
    grid = opened(node, degrees(latitudes, np.arange(100, 111.0), cells))
    where = spots(grid, np.full(5, 105.0), np.array([0.0, 2.9, 3.1, 15.0, 40.0]), CRS84)
    assert sample(grid, grid.layer(), where, {})[:4] == pytest.approx([0, 2, 3, 5])
    assert not where.inside[4]
    pixels = grid.window(["value"], Frame((104, 3.9, 106, 4.1), CRS84, 3, 3), nearest=True)[0]
    assert (pixels.values == 3).all()


def test_curved_rows_are_refused(node):
    """A grid whose positions are two-dimensional has no maps; the message says so."""
    positions = np.add.outer(np.arange(4.0), np.arange(5.0))
    data = xr.Dataset(
        {"value": (("latitude", "x"), np.ones((4, 5)))},
        {"latitude": [1.0, 2, 3, 4], "longitude": (("latitude", "x"), positions)}, {"crs": "EPSG:4326"},
    )  # fmt: skip
    put(node, data, "grid", id="curved-1")
    record = node.store.get("curved-1")
    with pytest.raises(NotFoundError):
        open_grid(node.store, record)


def test_without_a_reference_system_there_is_no_place(node):
    """A grid that states no system is not drawn."""
    data = degrees([1.0, 2, 3], [4.0, 5, 6]).drop_attrs()
    put(node, data.rename(latitude="northing", longitude="easting"), "grid", id="nowhere-1")
    assert not has_place(node.store.get("nowhere-1"))


def cube():
    """Heights and times: each step of either is told by the values."""
    times = np.array(["2020-01-01", "2021-01-01", "2022-01-01"], "datetime64[ns]")
    base = degrees(np.arange(20, 10, -0.5), np.arange(100, 110, 0.5))["value"] * 0
    steps = [xr.concat([base + 10 * t + u for u in range(3)], dim="upward") for t in range(3)]
    whole = xr.concat(steps, dim="time").assign_coords(time=times, upward=[-100.0, 0.0, 100.0])
    return whole.to_dataset(name="value").assign_attrs(crs="EPSG:4326")


def test_steps_of_a_volume(node):
    """The nearest step is taken, the last time and the greatest height where none is asked for."""
    grid = opened(node, cube(), kind="volume")
    frame = Frame((101, 12, 108, 18), CRS84, 4, 4)

    def shown(**selection):
        return float(grid.window(["value"], frame, selection=selection)[0].values[0, 0])

    assert shown() == 22
    assert shown(time="2020-02-01", upward=-90) == 0
    assert shown(time="2021-01-01T12:00:00Z", upward="20") == 11
    with pytest.raises(InvalidError, match="outside"):
        shown(upward=900)
    with pytest.raises(InvalidError, match="not a time"):
        shown(time="soon")
    with pytest.raises(InvalidError, match="number"):
        shown(upward="nan")
    assert grid.layer().axis("time").between("2020-06-01", None) == [1, 2]


def test_a_large_plane_becomes_a_cog_once(node, monkeypatch):
    """A plane too large for memory is read from a COG among the copies, and looks the same."""
    small = opened(node, cube(), id="small-1", kind="volume")
    frame = Frame((100, 11, 109, 19), CRS84, 30, 30)
    before = small.window(["value"], frame)[0]
    monkeypatch.setattr(grid_window, "MEMORY_CELLS", 10)
    grid_window._planes.clear()
    after = small.window(["value"], frame)[0]
    assert np.array_equal(before.valid, after.valid)
    assert np.allclose(before.values, after.values)
    assert list(node.store.derived.folder.glob("*/*.plane-2-*.tif"))


def test_copies_of_planes_are_closed_and_made_again(node, monkeypatch):
    """Of many planes that became COGs few stay open; one whose file was removed is made again."""
    monkeypatch.setattr(grid_window, "MEMORY_CELLS", 10)
    monkeypatch.setattr(grid_window, "_copies", Recent(2, release=CopiedPlane.close))
    grid = opened(node, cube(), id="copied-1", kind="volume")
    frame = Frame((100, 11, 109, 19), CRS84, 30, 30)

    def shown(time, upward):
        chosen = {"time": f"202{time}-01-01", "upward": 100 * (upward - 1)}
        return float(grid.window(["value"], frame, selection=chosen)[0].values[5, 5])

    for time, upward in product(range(3), range(3)):
        assert shown(time, upward) == 10 * time + upward
    assert open_files(node) <= 2
    for path in node.store.derived.folder.glob("*/*.tif"):
        path.unlink()
    grid_window_levels._blocks.clear()
    for kept in grid_window._copies._values.values():
        kept[0].close()
    assert shown(2, 2) == 22


def open_files(node):
    """Files among the node's copies that this process holds open."""
    folder = str(node.store.derived.folder)
    links = (entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())
    return sum(str(link.readlink()).startswith(folder) for link in links)


def test_a_file_that_cannot_be_read_is_an_error_of_ours(tmp_path):
    """What GDAL refuses to open ends as an error of the store."""
    path = tmp_path / "broken.tif"
    path.write_bytes(b"no picture")
    with pytest.raises(StorageError, match="cannot be read"):
        CogFile(path)


def test_many_threads_read_the_same(node):
    """Windows read by eight threads at once are those read alone."""
    cells = np.random.default_rng(5).normal(size=(1500, 1500)).astype(np.float32)
    grid = opened(node, degrees(20 - np.arange(1500) / 200, 100 + np.arange(1500) / 200, cells))
    frames = [Frame((100 + n / 4, 14, 101 + n / 4, 15), "OGC:CRS84", 64, 64) for n in range(16)]
    alone = [grid.window(["value"], frame)[0].values for frame in frames]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda frame: grid.window(["value"], frame)[0].values, frames * 3))
    assert all(np.array_equal(one, alone[n % 16]) for n, one in enumerate(together))


def test_samples_are_cells(node):
    """A sample is the value of the cell that holds the point, in any system; NaN outside."""
    grid = opened(node, cube(), kind="volume")
    data = cube()["value"]
    where = spots(grid, np.array([104.2, 99.0]), np.array([15.1, 15.0]), CRS84)
    found = sample(grid, grid.layer(), where, {"upward": [0, 2]})
    expected = data.sel(latitude=15.1, longitude=104.2, method="nearest").isel(upward=[0, 2]).to_numpy()
    assert found.shape == (2, 3, 2)
    assert np.array_equal(found[0], expected)
    assert np.isnan(found[1]).all()


def test_boxes_across_the_seam(node):
    """A box across the antimeridian goes on beyond 180°, its cells in the order of longitude."""
    longitudes = -179.5 + np.arange(360.0)
    grid = opened(node, degrees(np.arange(60, -61, -1.0), longitudes))
    box = box_of(grid, (175.0, -5.0, -175.0, 5.0), CRS84)
    assert box.eastings.tolist() == [175.5 + n for n in range(10)]
    found = cut(grid, ["value"], box, {})["value"]
    assert found.to_numpy() == pytest.approx(field(box.northings, box.eastings), abs=1e-3)
    assert box.northings[0] == 5.0


def test_a_box_between_cells_is_the_cell_that_holds_it(node):
    """A box that holds no centre is the cell around it; far away there is none."""
    grid = opened(node, degrees(np.arange(20, 10, -1.0), np.arange(100, 110.0)))
    box = box_of(grid, (104.1, 15.1, 104.2, 15.2), CRS84)
    assert (box.eastings.tolist(), box.northings.tolist()) == ([104.0], [15.0])
    with pytest.raises(NotFoundError):
        box_of(grid, (0, 0, 1, 1), CRS84)


def test_answers_are_bounded(node):
    """More values than an answer may have are refused before anything is read."""
    grid = opened(node, cube(), kind="volume")
    with pytest.raises(InvalidError, match="an answer may have"):
        cut(grid, ["value"], box_of(grid, None, CRS84), {}, most=100)


@pytest.mark.parametrize(
    "bounds", [(0, 0, 0, 1), (1, 0, 0, 1), (0, np.nan, 1, 1), (0, 0, np.inf, 1), (0, 2, 1, 1)]
)
def test_frames_are_checked(bounds):
    """A picture has an extent."""
    with pytest.raises(InvalidError):
        Frame(bounds, CRS84, 10, 10)


def test_recent_keeps_what_was_used_last():
    """What was used longest ago goes first; what is too heavy is not kept, and is given all the same."""
    dropped = []
    kept = Recent(3, weigh=len, release=dropped.append)
    for text in ("a", "b", "c"):
        kept.get(text, lambda text=text: text)
    kept.get("a", lambda: "never made")
    kept.get("d", lambda: "d")
    assert dropped == ["b"]
    assert kept.get("e", lambda: "far too heavy") == "far too heavy"
    assert kept.have("e") is None
    assert kept.have("a") == "a"
