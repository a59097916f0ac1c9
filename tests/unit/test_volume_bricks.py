"""Bricks of volumes: put together they are the volume, at every level of detail, however it is stored."""

from __future__ import annotations

import gzip
import time
from contextlib import suppress
from itertools import product

import numpy as np
import pytest
import xarray as xr
from tests.featured import stored

from craton.model.errors import BeingMadeError, InvalidError, NotFoundError
from craton.store import volume_bricks, volume_bricks_build
from craton.store.grid_window_place import moved_points
from craton.store.volume_bricks import open_volume
from craton.store.volume_bricks_build import SIDE, bricks_along, level_shapes, mean, most_frequent
from craton.store.volume_bricks_place import even_axis, metric_crs

UTM = "EPSG:32648"
SHAPE = (70, 30, 130)
"""Two bricks, one and three along upward, northing and easting."""

UP, NORTH, EAST = "upward", "northing", "easting"


def axes(shape=SHAPE):
    """Rising middles of cells of 0.5, 20 and 10 m."""
    starts, steps = (-30.0, 2_000_000.0, 500_000.0), (0.5, 20.0, 10.0)
    return {
        name: start + step * np.arange(count)
        for name, start, step, count in zip((UP, NORTH, EAST), starts, steps, shape, strict=True)
    }


def codes(shape=SHAPE, most=4):
    return np.random.default_rng(3).integers(0, most, shape).astype(np.uint8)


def unit(cells, **attributes):
    flags = {"flag_values": [1, 2, 3], "flag_meanings": ["clay", "fine sand", "rock"]}
    return xr.DataArray(cells, axes(cells.shape), (UP, NORTH, EAST), attrs=flags | attributes)


def opened(tmp_path, dataset, crs=UTM, **record):
    store, made = stored(dataset, "volume", tmp_path / "node", crs=crs, shape=dict(dataset.sizes), **record)
    return open_volume(store, made)


def together(volume, level=0, name="", **selection):
    """All bytes of a level, and those beyond its end."""
    shape = volume.levels[level].shape
    along = bricks_along(shape)
    whole = np.full([SIDE * count for count in along], 99, np.uint8)
    for place in product(*map(range, along)):
        part = gzip.decompress(volume.brick(name, level, place, selection))
        brick = np.frombuffer(part, np.uint8).reshape(SIDE, SIDE, SIDE)
        whole[tuple(slice(SIDE * one, SIDE * (one + 1)) for one in place)] = brick
    inner = whole[tuple(map(slice, shape))]
    return inner, whole.sum() - inner.sum()


@pytest.mark.parametrize(
    ("order", "falling"),
    [((UP, NORTH, EAST), ()), ((EAST, NORTH, UP), (UP, NORTH)), ((NORTH, UP, EAST), (EAST,))],
)
def test_bricks_are_the_classes_whatever_the_axes(tmp_path, order, falling):
    """Bottom to top, south to north, west to east, exactly, with nothing beyond the ends."""
    cells = codes()
    array = unit(cells).isel({name: slice(None, None, -1) for name in falling}).transpose(*order)
    volume = opened(tmp_path, array.to_dataset(name="unit"))
    found, beyond = together(volume)
    assert np.array_equal(cells, found)
    assert beyond == 0
    assert volume.levels[0].shape == SHAPE
    assert volume.levels[0].spacing == (0.5, 20.0, 10.0)
    assert volume.levels[0].corner == (-30.25, 1_999_990.0, 499_995.0)


def test_each_level_has_half_the_cells_and_twice_their_size(tmp_path):
    """Level by level the most frequent class of eight, until all fit into one brick."""
    cells = codes()
    volume = opened(tmp_path, unit(cells).to_dataset(name="unit"))
    assert [level.shape for level in volume.levels] == [(70, 30, 130), (35, 15, 65), (18, 8, 33)]
    assert [level.spacing for level in volume.levels][2] == (2.0, 80.0, 40.0)
    for level in (1, 2):
        cells = most_frequent(cells)
        assert np.array_equal(cells, together(volume, level)[0])


def test_the_most_frequent_class_is_that_of_counting():
    """Of as frequent ones the lowest that is not nothing; at odd ends the last cell counts for the missing."""
    cells = codes((5, 4, 6), most=3)
    whole = np.pad(cells, ((0, 1), (0, 0), (0, 0)), mode="edge")
    expected = np.zeros((3, 2, 3), np.uint8)
    for place in np.ndindex(expected.shape):
        block = whole[tuple(slice(2 * one, 2 * one + 2) for one in place)]
        counts = np.bincount(block.ravel(), minlength=3)
        expected[place] = max(range(3), key=lambda code: (counts[code], code != 0, -code))
    assert np.array_equal(expected, most_frequent(cells))


def test_means_leave_out_what_is_not_there():
    """The mean of those of eight cells that hold a number; nothing where none does."""
    cells = np.random.default_rng(1).normal(size=(4, 6, 2)).astype(np.float32)
    cells[np.random.default_rng(2).random(cells.shape) < 0.5] = np.nan
    cells[:2, :2] = np.nan
    blocks = cells.reshape(2, 2, 3, 2, 1, 2).transpose(0, 2, 4, 1, 3, 5).reshape(2, 3, 1, 8)
    expected = np.ma.masked_invalid(blocks).mean(axis=-1).filled(np.nan)
    np.testing.assert_allclose(mean(cells), expected, rtol=1e-6)


def test_numbers_are_kept_to_half_a_step_and_nan_is_nothing(tmp_path):
    """A byte of b is range[0] + (b − 1) / 254 of the range, off by half a step at most."""
    cells = np.random.default_rng(5).normal(1e6, 3.0, SHAPE)
    cells[3:9, :, 5] = np.nan
    array = xr.DataArray(cells, axes(), (UP, NORTH, EAST), attrs={"units": "ohm.m"})
    volume = opened(tmp_path, array.to_dataset(name="resistivity"))
    variable = volume.variable()
    assert (variable.low, variable.high) == (np.nanmin(cells), np.nanmax(cells))
    found, beyond = together(volume)
    step = (variable.high - variable.low) / 254
    there = np.isfinite(cells)
    told = variable.low + (found[there].astype(float) - 1) * step
    assert np.abs(told - cells[there]).max() <= step * 0.5001
    assert not found[~there].any()
    assert beyond == 0
    coarse, _ = together(volume, 1)
    expected = np.nanmean(cells[:2, :2, :2])
    assert abs(variable.low + (float(coarse[0, 0, 0]) - 1) * step - expected) <= step * 0.5001


def test_codes_beyond_a_byte_become_ranks(tmp_path):
    """Codes as those of a national model, whole numbers among fractions, with 0 as a class of its own."""
    cells = np.array([0.0, 1000.0, 2010.0, 6200.0, np.nan])[codes((8, 8, 8), most=5)]
    volume = opened(tmp_path, unit(cells).drop_attrs(deep=False).to_dataset(name="strat"))
    told = [(one.byte, one.code) for one in volume.variable().classes]
    assert told == [(1, 0), (2, 1000), (3, 2010), (4, 6200)]
    found, _ = together(volume)
    assert np.array_equal(
        np.where(np.isnan(cells), 0, np.searchsorted([0, 1000, 2010, 6200], cells) + 1), found
    )


def test_flags_tell_names_colours_and_what_is_nothing(tmp_path):
    """A code named none is nothing; stated colours are kept; a probability tells of which class."""
    flags = {
        "flag_values": [0, 1, 7],
        "flag_meanings": "none clay fine_sand",
        "flag_colors": "#000000 #aabbcc x",
    }
    data = unit(codes((4, 4, 4), most=2), **flags).to_dataset(name="unit")
    data["probability_7"] = unit(np.zeros((4, 4, 4), np.float32)).drop_attrs(deep=False)
    volume = opened(tmp_path, data)
    told = [(one.byte, one.title, one.colour) for one in volume.variable("unit").classes]
    assert told == [(1, "clay", "#aabbcc"), (7, "fine sand", "")]
    assert volume.variable("probability_7").probability_of == 7
    assert not volume.variable("probability_7").is_classes


def test_many_whole_numbers_and_measured_ones_are_no_classes(tmp_path):
    """More than 255 codes, or numbers with a unit, are shown as numbers."""
    many = np.arange(7 * 7 * 7, dtype=np.int32).reshape(7, 7, 7)
    data = xr.Dataset(
        {"code": ((UP, NORTH, EAST), many), "count": ((UP, NORTH, EAST), many % 9, {"units": "m"})}
    )
    volume = opened(tmp_path, data.assign_coords(axes((7, 7, 7))))
    assert [one.is_classes for one in volume.variables] == [False, False]


def test_steps_of_time_and_realizations_have_bricks_of_their_own(tmp_path):
    """The last time and the first realization where none is asked for; the range is that of all."""
    cells = np.arange(2 * 3, dtype=np.float32).reshape(2, 3, 1, 1, 1) + np.zeros((1, 1, 4, 4, 4), np.float32)
    moments = np.array(["2020-01-01", "2021-01-01"], "datetime64[ns]")
    coords = {"time": moments, "realization": np.arange(3), **axes((4, 4, 4))}
    data = xr.DataArray(cells, coords, ("time", "realization", UP, NORTH, EAST)).to_dataset(name="porosity")
    volume = opened(tmp_path, data)
    assert {name: axis.count for name, axis in volume.axes.items()} == {"time": 2, "realization": 3}
    byte = [1 + round(254 * value / 5) for value in range(6)]
    assert together(volume)[0].flat[0] == byte[3]
    assert together(volume, time="2020-01-01", realization="2")[0].flat[0] == byte[2]
    with pytest.raises(InvalidError, match="time"):
        volume.brick("", 0, (0, 0, 0), {"time": "1900-01-01"})


@pytest.mark.parametrize(
    ("level", "place"), [(0, (2, 0, 0)), (0, (0, 0, 3)), (0, (0, -1, 0)), (3, (0, 0, 0))]
)
def test_there_are_no_other_bricks(tmp_path, level, place):
    """A level or a place beyond the last is not there, and a variable must be one of the volume's."""
    volume = opened(tmp_path, unit(codes()).to_dataset(name="unit"))
    with pytest.raises(NotFoundError):
        volume.brick("", level, place)
    with pytest.raises(InvalidError, match="no variable"):
        volume.brick("gold", 0, (0, 0, 0))


def test_what_is_read_at_a_time_does_not_change_the_bricks(tmp_path, monkeypatch):
    """Slab by slab as in one go, to the byte."""
    data = unit(codes((70, 200, 40))).to_dataset(name="unit")
    one, other = (opened(tmp_path / name, data) for name in ("one", "other"))
    expected = [together(one, level)[0] for level in range(3)]
    monkeypatch.setattr(volume_bricks_build, "SLAB_CELLS", 1)
    actual = [together(other, level)[0] for level in range(3)]
    assert all(np.array_equal(*pair) for pair in zip(expected, actual, strict=True))


def test_bricks_are_made_once_and_large_ones_apart(tmp_path, monkeypatch):
    """Nobody waits for a large volume: who asks is told when to ask again."""
    volume = opened(tmp_path, unit(codes()).to_dataset(name="unit"))
    monkeypatch.setattr(volume_bricks, "SMALL_CELLS", 1)
    with pytest.raises(BeingMadeError, match="ask again in 2 s"):
        volume.brick("", 0, (0, 0, 0))
    first = b""
    for _ in range(200):
        with suppress(BeingMadeError):
            first = first or volume.brick("", 0, (0, 0, 0))
        time.sleep(0 if first else 0.02)
    assert first
    monkeypatch.setattr(volume_bricks, "build", None)
    assert volume.brick("", 0, (0, 0, 0)) == first


def test_longitudes_and_latitudes_are_laid_out_in_metres(tmp_path):
    """Each cell of the scene holds the cell of the volume that its middle lies in; corners hold none."""
    shape = (3, 20, 24)
    latitudes, longitudes = 45.0 - 0.01 * np.arange(20), 359.0 + 0.01 * np.arange(24)
    cells = codes(shape) + 1
    coords = {UP: [0.0, -5.0, -10.0], "latitude": latitudes, "longitude": longitudes}
    array = xr.DataArray(cells, coords, (UP, "latitude", "longitude"), attrs={"flag_values": [1, 2, 3, 4]})
    volume = opened(tmp_path, array.to_dataset(name="unit"), crs="EPSG:4326")
    place = volume.place
    assert place.crs == "EPSG:32630"
    found, _ = together(volume)
    east, north = np.meshgrid(place.easting.middles, place.northing.middles)
    longitude, latitude = moved_points(place.crs, "EPSG:4326", east.ravel(), north.ravel())
    row = np.rint((latitudes[0] - latitude) / 0.01).astype(int)
    column = np.rint((longitude % 360 - longitudes[0]) / 0.01).astype(int)
    inside = (row >= 0) & (row < 20) & (column >= 0) & (column < 24)
    expected = np.where(inside, cells[:, np.clip(row, 0, 19), np.clip(column, 0, 23)], 0)[::-1]
    assert np.array_equal(expected.reshape(found.shape), found)
    assert 0.9 < inside.mean() < 1


def test_systems_of_places():
    """A zone of UTM, also for what lies in feet; others near the poles and for wide areas; too wide is refused."""
    assert metric_crs("EPSG:28992", (0, 0, 1, 1)) == "EPSG:28992"
    assert metric_crs("EPSG:7415", (0, 0, 1, 1)) == "EPSG:28992"
    assert metric_crs("EPSG:4326", (104.0, -20.0, 105.0, -19.0)) == "EPSG:32748"
    assert metric_crs("EPSG:2263", (9e5, 1e5, 1e6, 2e5)) == "EPSG:32618"
    assert metric_crs("EPSG:4326", (94.0, 15.0, 108.0, 25.0)) == "EPSG:32647"
    assert metric_crs("EPSG:4326", (0.0, -89.0, 20.0, -80.0)) == "EPSG:5042"
    assert metric_crs("EPSG:4326", (95.0, 10.0, 135.0, 30.0)).startswith(
        "+proj=aeqd +lat_0=20.0000 +lon_0=115"
    )
    with pytest.raises(NotFoundError, match="plane"):
        metric_crs("EPSG:4326", (-180.0, -90.0, 180.0, 90.0))


def test_uneven_axes_take_the_cell_each_step_lies_in(tmp_path):
    """Even steps no wider than the thinnest layer; an axis that turns back is refused."""
    axis = even_axis(np.array([-0.5, -2.0, -5.0]))
    edges = np.array([-6.5, -3.5, -1.25, 0.25])
    assert axis.step <= 1.5
    assert (axis.low, axis.high) == pytest.approx((edges[0], edges[-1]))
    assert axis.cells.tolist() == (3 - np.searchsorted(edges, axis.middles)).tolist()
    broken = unit(codes((3, 4, 4))).assign_coords({UP: [0.0, 2.0, 1.0]})
    with pytest.raises(NotFoundError, match="order"):
        opened(tmp_path, broken.to_dataset(name="unit"))


def test_levels_end_with_one_brick():
    """Each axis is halved, rounded up."""
    assert level_shapes((313, 15, 1)) == ((313, 15, 1), (157, 8, 1), (79, 4, 1), (40, 2, 1))
