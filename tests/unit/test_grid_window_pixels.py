"""Pixels of a picture: where they lie in a grid, what is drawn some rows at a time, cells without a value."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import Affine, from_origin

from craton.model.tile_matrix import WEB_MERCATOR_QUAD, from_degrees, tile_bounds
from craton.store import grid_window_resample
from craton.store.grid_window_levels import ArrayPlane, CogFile, CogPlane
from craton.store.grid_window_place import Frame, Place, locate, spread
from craton.store.grid_window_resample import draw

MERCATOR = "EPSG:3857"
UTM = "EPSG:32648"
PIXELS = 256


def tile(level, longitude, latitude):
    """Frame of the tile that holds a place."""
    x, y = from_degrees(WEB_MERCATOR_QUAD, longitude, latitude)
    side = WEB_MERCATOR_QUAD.top / 2**level
    column = int((x - WEB_MERCATOR_QUAD.west) / side)
    bounds = tile_bounds(WEB_MERCATOR_QUAD, level, int((WEB_MERCATOR_QUAD.north - y) / side), column)
    return Frame(bounds, MERCATOR, PIXELS, PIXELS)


def around(crs, longitude, latitude, cell=100.0, side=2000):
    """A square grid in a projected system with a place in its middle."""
    east, north = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(longitude, latitude)
    return Place(crs, side, side, from_origin(east - cell * side / 2, north + cell * side / 2, cell, cell))


def relief(place):
    """Smooth cells of a grid."""
    down, across = np.mgrid[: place.height, : place.width]
    return (100 * np.sin(down / 60) * np.cos(across / 45)).astype(np.float32)


@pytest.mark.parametrize(
    ("crs", "longitude", "latitude"),
    [(UTM, 102, 17), ("EPSG:3035", 15, 50), ("EPSG:3413", -40, 75), ("ESRI:54009", 100, 20)],
)
@pytest.mark.parametrize("level", [2, 3, 5, 6, 8, 11])
def test_places_between_nodes_are_those_of_the_projection(crs, longitude, latitude, level):
    """Of conformal and other projections no pixel is off by a tenth of a pixel from where PROJ has it.

    The bound in the code is a fifth between every second node, so a twentieth is expected.
    """
    frame, place = tile(level, longitude, latitude), around(crs, longitude, latitude)
    cells = locate(frame, place)
    found = (cells.columns, cells.rows)
    if cells.is_sparse:
        found = tuple(spread(one, cells.shape) for one in found)
    move = pyproj.Transformer.from_crs(MERCATOR, crs, always_xy=True)
    east, north = move.transform(*np.meshgrid(*frame.centres()), errcheck=False)
    exact = place.cells(np.asarray(east), np.asarray(north))
    there = np.isfinite(exact[0])
    off = np.hypot(found[0] - exact[0], found[1] - exact[1], where=there, out=np.zeros(cells.shape))
    beside = np.full(cells.shape, np.inf)
    with np.errstate(invalid="ignore"):
        beside[:, 1:] = np.hypot(*(np.diff(one, axis=1) for one in exact))
    assert there.mean() > 0.2
    assert cells.is_sparse or level < 3
    assert (off[there] <= 0.1 * beside[there]).all()


@pytest.mark.parametrize("level", [6, 8, 10])
def test_tiles_beside_each_other_have_no_seam(level):
    """Two tiles are the halves of one picture: values differ by a tenth of the step between pixels at most."""
    place = around(UTM, 102, 17, cell=30.0 * 2 ** (12 - level))
    plane = ArrayPlane(relief(place), average=True)
    left = tile(level, 102, 17)
    west, south, east, north = left.bounds
    right = Frame((east, south, 2 * east - west, north), MERCATOR, PIXELS, PIXELS)
    both = Frame((west, south, 2 * east - west, north), MERCATOR, 2 * PIXELS, PIXELS)
    tiles = [draw(plane, locate(one, place), nearest=False) for one in (left, right)]
    whole = draw(plane, locate(both, place), nearest=False)
    step = max(np.abs(np.diff(whole.values, axis=axis)).max() for axis in (0, 1))
    assert whole.valid[:, PIXELS - 2 : PIXELS + 2].any()
    assert np.array_equal(np.hstack([one.valid for one in tiles]), whole.valid)
    off = np.abs(np.hstack([one.values for one in tiles]) - whole.values)[whole.valid]
    assert off.max() <= 0.1 * step


@pytest.mark.parametrize("nearest", [False, True])
@pytest.mark.parametrize("crs", [UTM, "OGC:CRS84", MERCATOR])
def test_what_is_drawn_some_rows_at_a_time_is_the_whole(monkeypatch, nearest, crs):
    """Bands of seven rows, one band, cells without a value, pixels beyond the grid: the same picture."""
    cells = np.random.default_rng(3).normal(size=(200, 240)).astype(np.float32)
    cells[50:90, 60:130] = np.nan
    transforms = {
        UTM: from_origin(180_000, 1_990_000, 400, 400),
        "OGC:CRS84": from_origin(101.6, 17.6, 0.003, 0.003),
        MERCATOR: from_origin(11_310_000, 1_990_000, 350, 350),
    }
    place, plane = Place(crs, 240, 200, transforms[crs]), ArrayPlane(cells, average=True)
    frame = tile(9, 102, 17.4)
    pictures = []
    for pixels in (7 * PIXELS, 10**9):
        monkeypatch.setattr(grid_window_resample, "BAND_PIXELS", pixels)
        pictures.append(draw(plane, locate(frame, place), nearest=nearest))
    assert np.array_equal(pictures[0].valid, pictures[1].valid)
    assert np.array_equal(pictures[0].values, pictures[1].values, equal_nan=True)
    assert 0.1 < pictures[0].valid.mean() < 0.95


def test_blocks_with_and_without_nodata_are_read_together(tmp_path):
    """Cells without a value lie in one block of four: there they are missing, in the others none is."""
    path, cells = tmp_path / "cells.tif", np.arange(1024 * 1024, dtype=np.int32).reshape(1024, 1024)
    cells[600:700, 600:650] = -1
    _write(path, cells, from_origin(0, 1024, 1, 1))
    file = CogFile(path)
    for left, top in ((0, 0), (400, 400), (520, 520)):
        values, valid = CogPlane(file, 1).read(0, grid_window_resample.Part(top, left, 300, 300))
        expected = cells[top : top + 300, left : left + 300]
        assert np.array_equal(values, expected)
        assert (valid is None) == bool((expected >= 0).all())
        assert valid is None or np.array_equal(valid, expected >= 0)
    file.close()


def test_missing_cells_on_one_side_of_the_antimeridian(tmp_path):
    """Of a picture across 180° only the side whose cells are missing is empty."""
    path, cells = tmp_path / "world.tif", np.ones((360, 720), np.int32)
    cells[:, :100] = -1
    transform = Affine(0.5, 0, -180, 0, -0.5, 90)
    _write(path, cells, transform)
    file = CogFile(path)
    frame = Frame((170, -10, 190, 10), "OGC:CRS84", 40, 40)
    pixels = draw(CogPlane(file, 1), locate(frame, Place("OGC:CRS84", 720, 360, transform)), nearest=True)
    file.close()
    assert pixels.valid[:, :20].all()
    assert not pixels.valid[:, 20:].any()


def _write(path, cells, transform):
    profile = {
        "driver": "GTiff", "dtype": "int32", "count": 1, "height": cells.shape[0], "width": cells.shape[1],
        "crs": "EPSG:4326", "transform": transform, "nodata": -1, "tiled": True, "blockxsize": 512,
        "blockysize": 512,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(cells, 1)
