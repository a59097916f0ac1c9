"""Zarr: what becomes one, chunks, members read one by one, determinism."""

from __future__ import annotations

import json
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests.staging import Staged, hashes, stage
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync

from craton.model.errors import StorageError
from craton.model.record import Member
from craton.store.codec import decode
from craton.store.codec_asset import COG, ZARR
from craton.store.codec_zarr import chunk_shape
from craton.store.zarr_members import MemberStore


def volume() -> xr.Dataset:
    """A small volume of two types of number, depths down."""
    shape = (4, 5, 6)
    return xr.Dataset(
        {
            "density": (
                ("upward", "northing", "easting"),
                np.arange(120.0).reshape(shape),
                {"units": "kg m-3"},
            ),
            "unit": (("upward", "northing", "easting"), np.arange(120).reshape(shape).astype("int16") % 3),
        },
        coords={
            "upward": [0.0, -10.0, -30.0, -70.0],
            "northing": 1e6 + 100 * np.arange(5.0),
            "easting": 4e5 + 100 * np.arange(6.0),
        },
        attrs={"title": "ໂຄງສ້າງ"},
    )


def test_volume_comes_back_as_it_was(tmp_path: Path) -> None:
    """Values, types, irregular axes and attributes survive; the system is in attributes and grid mapping."""
    dataset = stage(volume()[["unit", "density"]], "volume", tmp_path / "s", "EPSG:32648").read()
    assert list(dataset.data_vars) == ["unit", "density"]
    xr.testing.assert_equal(dataset.drop_vars("spatial_ref").compute(), volume())
    assert dataset.attrs == {"title": "ໂຄງສ້າງ", "crs": "EPSG:32648"}
    assert dataset["density"].attrs == {"units": "kg m-3"}
    assert dataset["unit"].dtype == "int16"
    assert dataset["density"].encoding["grid_mapping"] == "spatial_ref"
    assert "UTM zone 48N" in dataset["spatial_ref"].attrs["crs_wkt"]


def test_members_are_the_keys_of_the_store(tmp_path: Path) -> None:
    """Each file is a member named by its Zarr key; the metadata of all arrays is consolidated in one."""
    staged = stage(volume(), "volume", tmp_path / "s")
    names = {member.name for member in staged.assets["data"].members}
    assert staged.assets["data"].media_type == ZARR
    assert {"zarr.json", "density/zarr.json", "density/c/0/0/0"} <= names
    (root,) = (member for member in staged.assets["data"].members if member.name == "zarr.json")
    metadata = json.loads(staged.locate(root).read_bytes())
    assert metadata["zarr_format"] == 3
    assert set(metadata["consolidated_metadata"]["metadata"]) == {
        "density", "unit", "upward", "northing", "easting",
    }  # fmt: skip


def test_only_what_is_asked_for_is_located(tmp_path: Path) -> None:
    """Opening reads metadata and axes; one cell reads one chunk."""
    cube = volume()[["density"]].isel(upward=[0] * 2, northing=[0] * 1000, easting=[0] * 1000)
    cube = cube.assign_coords(northing=np.arange(1000.0), easting=np.arange(1000.0), upward=[0.0, -1.0])
    staged = stage(cube + np.random.default_rng(0).random((2, 1000, 1000)), "volume", tmp_path / "s")
    asked: list[str] = []

    def locate(member: Member) -> Path:
        asked.append(member.name)
        return staged.locate(member)

    dataset = decode("volume", staged.assets, locate)
    assert isinstance(dataset["density"].data, da.Array)
    assert not [name for name in asked if name.startswith("density/c/")]
    dataset["density"][0, 0, 0].compute()
    assert [name for name in asked if name.startswith("density/c/")] == ["density/c/0/0/0"]


def test_the_same_volume_gives_the_same_bytes(tmp_path: Path) -> None:
    """Encoding twice gives equal hashes of all members."""
    first, second = (hashes(stage(volume(), "volume", tmp_path / name, "EPSG:32648").assets) for name in "12")
    assert first == second


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.isel(upward=0), "two types of number"),
        (lambda d: d[["density"]], "three axes"),
        (lambda d: d[["density"]].isel(upward=0), "a further coordinate"),
        (lambda d: d[["density"]].isel(easting=0, drop=True), "no map"),
        (
            lambda d: (
                d[["density"]].isel(upward=0, drop=True).assign_coords(northing=[0.0, 1.0, 3.0, 4.0, 5.0])
            ),
            "an irregular axis",
        ),
        (lambda d: d[["density"]].isel(upward=0, easting=[0], drop=True), "a single column"),
        (lambda d: d[["density"]].isel(upward=0, drop=True).astype(bool), "truth values"),
        (lambda d: d[["density"]].isel(upward=0, drop=True).astype(complex), "complex numbers"),
    ],
)
def test_what_is_no_plain_map_becomes_zarr(tmp_path: Path, change, why: str) -> None:
    """More axes, irregular axes, mixed types and further coordinates go to Zarr, and come back."""
    source = change(volume())
    staged = stage(source, "grid", tmp_path / "s")
    assert staged.assets["data"].media_type == ZARR, why
    xr.testing.assert_equal(staged.read().compute(), source)


def test_a_plain_map_becomes_a_cog(tmp_path: Path) -> None:
    """One type of number on two regular axes is a COG."""
    source = volume()[["density"]].isel(upward=0, drop=True)
    assert stage(source, "grid", tmp_path / "s").assets["data"].media_type == COG


def test_times_texts_and_missing_values_survive(tmp_path: Path) -> None:
    """Dates to the second, texts of any script, NaN and cells that were masked."""
    source = xr.Dataset(
        {
            "level": (("time", "station"), [[1.5, np.nan], [np.nan, 2.5]]),
            "name": (("station",), np.array(["ວຽງຈັນ", "Vientiane"], dtype=object)),
            "read": (("station",), np.array(["2020-01-01T00:00:01", "NaT"], dtype="datetime64[ns]")),
        },
        coords={"time": pd.to_datetime(["2020-01-01", "2020-06-01"]), "station": [7, 9]},
    )
    dataset = stage(source, "grid", tmp_path / "s").read().compute()
    np.testing.assert_array_equal(dataset["level"].values, source["level"].values)
    assert dataset["name"].values.tolist() == ["ວຽງຈັນ", "Vientiane"]
    assert (dataset["time"] == source["time"]).all()
    assert np.isnat(dataset["read"].values).tolist() == [False, True]


def test_leftovers_of_the_source_file_do_not_disturb(tmp_path: Path) -> None:
    """Encodings, fill values and odd attributes of the source's file are set aside or made plain."""
    source = volume()
    source["density"].encoding = {
        "chunksizes": (1, 1, 1),
        "zlib": True,
        "dtype": "int16",
        "scale_factor": 0.1,
    }
    source["density"].attrs |= {
        "_FillValue": -9999.0, "coordinates": "lat lon", "flags": np.array([1, 2], "i1"),
        "when": np.float32(2), "nothing": np.nan, "raw": b"abc",
    }  # fmt: skip
    dataset = stage(source, "volume", tmp_path / "s").read()
    xr.testing.assert_equal(dataset.compute(), volume())
    assert dataset["density"].attrs == {
        "units": "kg m-3", "flags": [1, 2], "when": 2.0, "nothing": "nan", "raw": "abc",
    }  # fmt: skip


def test_names_that_are_no_keys_survive(tmp_path: Path) -> None:
    """Slashes, dots and the names of Zarr's own files come back as they were."""
    names = ["Cu/Zn", "Cu_Zn", ".", "zarr.json", "ແຮ່"]
    cells = np.arange(24.0).reshape(2, 3, 4)
    axes = ("a/b", "northing", "easting")
    source = xr.Dataset({name: (axes, cells + i) for i, name in enumerate(names)}, {"a/b": [1.0, 5.0]})
    dataset = stage(source, "volume", tmp_path / "s").read().compute()
    xr.testing.assert_identical(dataset, source)
    assert list(dataset.data_vars) == names


def test_lazy_variables_are_written_chunk_by_chunk(tmp_path: Path) -> None:
    """A dask cube whose blocks do not fit the chunks is written all the same."""
    cells = da.arange(2_000_000, chunks=300_000, dtype="float64").reshape(200, 100, 100)
    source = xr.Dataset({"v": (("upward", "northing", "easting"), cells)})
    dataset = stage(source, "volume", tmp_path / "s").read()
    assert float(dataset["v"].sum()) == 1_999_999 * 1_000_000.0


@pytest.mark.parametrize(
    ("shape", "item_bytes", "chunks"),
    [
        ((100, 100), 8, (100, 100)),
        ((1000, 1000), 8, (500, 1000)),
        ((365, 400, 400), 4, (92, 100, 100)),
        ((1_000_000,), 8, (500_000,)),
        ((0, 5), 8, (1, 5)),
        ((), 8, ()),
    ],
)
def test_chunks_fit_and_are_even(shape: tuple[int, ...], item_bytes: int, chunks: tuple[int, ...]) -> None:
    """The longest side is halved until a chunk is at most 4 MiB."""
    assert chunk_shape(shape, item_bytes) == chunks
    assert np.prod(chunks) * item_bytes <= 4 << 20


def member_store(staged: Staged) -> MemberStore:
    return MemberStore(staged.assets["data"], staged.locate)


def test_a_lost_object_is_an_error_not_an_empty_chunk(tmp_path: Path) -> None:
    """A member whose object is gone raises `StorageError`; a key that is no member is an empty chunk."""
    staged = stage(volume(), "volume", tmp_path / "s")
    (chunk,) = (m for m in staged.assets["data"].members if m.name == "density/c/0/0/0")
    staged.locate(chunk).unlink()
    store, prototype = member_store(staged), default_buffer_prototype()
    with pytest.raises(StorageError, match="density/c/0/0/0"):
        sync(store.get("density/c/0/0/0", prototype))
    assert sync(store.get("density/c/9/9/9", prototype)) is None
    with pytest.raises(StorageError):
        staged.read()["density"].compute()


def test_members_are_read_only(tmp_path: Path) -> None:
    """Nothing can be written to or deleted from a stored dataset."""
    store = member_store(stage(volume(), "volume", tmp_path / "s"))
    buffer = default_buffer_prototype().buffer.from_bytes(b"x")
    for attempt in (store.set("zarr.json", buffer), store.delete("zarr.json")):
        with pytest.raises(StorageError, match="never changes"):
            sync(attempt)
    assert store.read_only


def test_keys_are_listed_by_folder(tmp_path: Path) -> None:
    """Listing gives keys, and each name below a folder once."""
    staged = stage(volume(), "volume", tmp_path / "s")
    store = member_store(staged)

    async def listed(names) -> list[str]:
        return sorted([name async for name in names])

    assert sync(listed(store.list_dir(""))) == [
        "density",
        "easting",
        "northing",
        "unit",
        "upward",
        "zarr.json",
    ]
    assert sync(listed(store.list_dir("density"))) == ["c", "zarr.json"]
    assert sync(listed(store.list_prefix("unit/"))) == ["unit/c/0/0/0", "unit/zarr.json"]
    assert sync(store.exists("unit/zarr.json"))
    assert store == member_store(staged)
