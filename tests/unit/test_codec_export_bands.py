"""Grids of several variables or axes as GeoTIFF: each map is a band that says which it is."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from tests.staging import stage

from craton.model.errors import InvalidError
from craton.store.codec_export_bands import FULL_CRS, LEFT_OUT, bands_of, descriptions, write_bands

AXES = {"northing": [10.0, 20.0, 30.0], "easting": [1.0, 2.0, 3.0, 4.0]}


def cube(values: np.ndarray, axis: str, labels: object) -> xr.Dataset:
    """One variable `v` with one leading axis over a small map."""
    coordinates = {**AXES, axis: labels} if labels is not None else AXES
    return xr.Dataset(
        {"v": ((axis, "northing", "easting"), values, {"units": "m"})},
        coords=coordinates,
        attrs={"crs": "EPSG:32648"},
    )


def test_a_stack_of_dates_becomes_bands(tmp_path: Path) -> None:
    """Dates are told as briefly as they allow; cells, place and unit are those of the stack."""
    values = np.arange(24.0, dtype="float32").reshape(2, 3, 4)
    values[1, 0, 0] = np.nan
    stack = cube(values, "time", pd.to_datetime(["1985-01-01", "2000-01-01"]))
    path = stage(stack, "grid", tmp_path / "s").export(tmp_path / "o.tif")
    with rasterio.open(path) as found:
        assert found.descriptions == ("v time=1985", "v time=2000")
        assert found.units == ("m", "m")
        assert found.crs.to_epsg() == 32648
        assert found.bounds == (0.5, 5.0, 4.5, 35.0)
        assert found.dtypes == ("float32", "float32")
        assert np.isnan(found.nodata)
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        np.testing.assert_array_equal(found.read(), values[:, ::-1])
    assert [place.name for place in tmp_path.iterdir() if place.is_file()] == ["o.tif"]


def test_variables_of_different_types_share_the_type_that_holds_both(tmp_path: Path) -> None:
    """int16 beside float32 is float32; int32 beside float32 needs float64; truth becomes 0 and 1."""
    whole = np.array([[1, 2, 3, 4]] * 3)
    for left, right, expected in (
        ("int16", "float32", "float32"),
        ("int32", "float32", "float64"),
        ("uint8", "int16", "int16"),
        ("bool", "uint16", "uint16"),
    ):
        pair = xr.Dataset(
            {
                name: (("northing", "easting"), whole.astype(kind))
                for name, kind in (("a", left), ("b", right))
            },
            coords=AXES,
        )
        write_bands(pair, tmp_path / f"{expected}.tif")
        with rasterio.open(tmp_path / f"{expected}.tif") as found:
            assert found.dtypes == (expected, expected)
            assert found.descriptions == ("a", "b")
            np.testing.assert_array_equal(found.read(2), whole.astype(right))


def test_nodata_of_whole_numbers_is_kept_where_all_agree(tmp_path: Path) -> None:
    """One value for all stays; two different ones become NaN in floats."""
    cells = np.array([[-1, 2, 3, -9]] * 3, dtype="int16")

    def pair(first: int, second: int) -> xr.Dataset:
        maps = {
            name: (("northing", "easting"), cells, {"nodata": nodata})
            for name, nodata in (("a", first), ("b", second))
        }
        return xr.Dataset(maps, coords=AXES)

    write_bands(pair(-9, -9), tmp_path / "same.tif")
    write_bands(pair(-9, -1), tmp_path / "other.tif")
    with rasterio.open(tmp_path / "same.tif") as same, rasterio.open(tmp_path / "other.tif") as other:
        assert (same.dtypes[0], same.nodata) == ("int16", -9)
        np.testing.assert_array_equal(same.read(2), cells)
        assert other.dtypes[0] == "float32"
        np.testing.assert_array_equal(other.read(1)[0], [-1, 2, 3, np.nan])
        np.testing.assert_array_equal(other.read(2)[0], [np.nan, 2, 3, -9])


def test_blocks_of_a_lazy_cube_land_where_they_belong(tmp_path: Path) -> None:
    """Ragged blocks on two leading axes, rows to the north, columns to the west, axes in any order."""
    values = np.arange(2 * 3 * 5 * 7, dtype="int32").reshape(2, 3, 5, 7)
    lazy = da.from_array(values.transpose(2, 0, 3, 1), chunks=(2, 1, 3, 2))
    dataset = xr.Dataset(
        {"v": (("northing", "realization", "easting", "upward"), lazy)},
        coords={"northing": np.arange(5.0), "easting": -np.arange(7.0), "upward": [0.0, 0.5, 1.0]},
    )
    write_bands(dataset, tmp_path / "o.tif")
    with rasterio.open(tmp_path / "o.tif") as found:
        assert found.descriptions[4] == "v realization=1 upward=0.5"
        np.testing.assert_array_equal(found.read(), values.reshape(6, 5, 7)[:, ::-1, ::-1])


def test_an_axis_without_coordinates_is_told_by_those_beside_it() -> None:
    """Pairs of dates are named by both dates, plain positions by their number."""
    pairs = cube(np.zeros((2, 3, 4)), "pair", None).assign_coords(
        end=("pair", pd.to_datetime(["2006-10-02", "2006-12-11"])),
        start=("pair", pd.to_datetime(["2006-06-19", "2006-08-28"])),
    )
    bands = bands_of(pairs)
    assert bands.counts == [2]
    assert bands.left_out == ()
    assert descriptions(bands.arrays[0])[1] == "v start=2006-08-28 end=2006-12-11"
    assert descriptions(cube(np.zeros((2, 3, 4)), "pair", None)["v"]) == ["v pair=0", "v pair=1"]


def test_what_is_no_map_is_named(tmp_path: Path) -> None:
    """A text, a profile and a coordinate of two axes are left out, and the file says so."""
    grid = cube(np.zeros((2, 3, 4)), "time", pd.to_datetime(["2020-01-05", "2020-02-05"])).assign(
        profile=("northing", [1.0, 2.0, 3.0]), words=(("northing", "easting"), np.full((3, 4), "x"))
    )
    write_bands(grid.assign_coords(height=(("northing", "easting"), np.zeros((3, 4)))), tmp_path / "o.tif")
    with rasterio.open(tmp_path / "o.tif") as found:
        assert found.descriptions == ("v time=2020-01-05", "v time=2020-02-05")
        assert set(found.tags()[LEFT_OUT].split(", ")) == {"profile", "words", "height"}


def test_heights_of_the_reference_system_give_no_band_a_unit(tmp_path: Path) -> None:
    """A class in a system with heights is not in metres; the metadata names the whole system."""
    classes = cube(np.ones((2, 3, 4)), "upward", [-0.5, 0.0])
    classes["v"].attrs.clear()
    write_bands(classes.assign_attrs(crs="EPSG:7415"), tmp_path / "o.tif")
    with rasterio.open(tmp_path / "o.tif") as found:
        assert found.units == (None, None)
        assert found.crs.to_epsg() == 28992
        assert found.tags()[FULL_CRS] == "EPSG:7415"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"northing": [10.0, 20.0, 31.0]}, "northing is not evenly spaced"),
        ({"easting": ["a", "b", "c", "d"]}, "easting is not evenly spaced"),
    ],
)
def test_irregular_axes_are_refused(tmp_path: Path, change: dict[str, list[object]], words: str) -> None:
    """The message names the axis and says which formats take it; nothing is left behind."""
    staged = stage(cube(np.zeros((2, 3, 4)), "time", [0, 1]).assign_coords(change), "grid", tmp_path / "s")
    with pytest.raises(InvalidError, match=words + r"\s+hint: use .nc or .zarr"):
        staged.export(tmp_path / "o.tif")
    assert not (tmp_path / "o.tif").exists()


def test_a_grid_without_numbers_or_with_too_many_maps_is_refused() -> None:
    """Text is no band, and a TIFF counts its bands in 16 bits."""
    words = xr.Dataset({"w": (("northing", "easting"), np.full((3, 4), "x"))}, coords=AXES)
    with pytest.raises(InvalidError, match="no variable of numbers"):
        bands_of(words)
    many = xr.Dataset({"v": (("n", "northing", "easting"), da.zeros((65_536, 3, 4)))}, coords=AXES)
    with pytest.raises(InvalidError, match="65536 maps, a GeoTIFF at most 65535 bands"):
        bands_of(many)
