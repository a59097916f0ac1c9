"""Zarr stores, written here by xarray in both versions of the format."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from tests.reading import read_source

from craton.model.errors import RefusedError

GRID = xr.Dataset(
    {"gravity": (("time", "y", "x"), np.arange(12.0).reshape(2, 2, 3), {"units": "mGal"})},
    coords={
        "time": np.array(["2020-01-01", "2021-01-01"], "datetime64[ns]"),
        "y": ("y", [2000000.0, 2000100.0], {"standard_name": "projection_y_coordinate"}),
        "x": ("x", [500000.0, 500100.0, 500200.0], {"standard_name": "projection_x_coordinate"}),
    },
    attrs={"crs": "EPSG:32648", "title": "Gravity"},
)


@pytest.mark.parametrize("version", [2, 3])
def test_store_is_one_grid(version, tmp_path):
    """A store of version 2 or 3 is one dataset with its axes, times, unit, title and system."""
    GRID.to_zarr(tmp_path / "a.zarr", zarr_format=version, consolidated=version == 2)
    reader, [draft] = read_source(tmp_path / "a.zarr")
    assert (reader, draft.kind, draft.crs, draft.title) == ("zarr", "grid", "EPSG:32648", "Gravity")
    assert draft.data["gravity"].dims == ("time", "northing", "easting")
    assert draft.data["gravity"].chunks is not None
    assert draft.data["gravity"].values.tolist() == GRID["gravity"].values.tolist()
    assert str(draft.data["time"].values[1])[:10] == "2021-01-01"
    assert draft.notes["gravity"].unit == "mGal"


def test_groups_are_datasets_by_their_paths(tmp_path):
    """Groups of a store become a dataset each."""
    for name in ("magnetic", "gravity"):
        GRID.to_zarr(tmp_path / "a.zarr", group=name, zarr_format=3, consolidated=False)
    _, drafts = read_source(tmp_path / "a.zarr")
    assert [draft.name for draft in drafts] == ["gravity", "magnetic"]


def test_store_that_may_run_code_is_refused(tmp_path):
    """A store with pickled objects is refused before any of it is decoded."""
    GRID.to_zarr(tmp_path / "a.zarr", zarr_format=2, consolidated=False)
    path = tmp_path / "a.zarr" / "gravity" / ".zarray"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "filters": [{"id": "pickle", "protocol": 5}]})
    )
    with pytest.raises(RefusedError, match="may run code") as refusal:
        read_source(tmp_path / "a.zarr")
    assert refusal.value.code == "unsupported"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"shape": [2**31, 2**31, 2**20]}, "corrupt"),
        (
            {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2**15, 2**15, 8]}}},
            "too-large",
        ),
        ({"shape": "many"}, "corrupt"),
    ],
)
def test_store_that_declares_the_impossible_is_refused(change, code, tmp_path):
    """Shapes no store of this size can hold, chunks larger than memory and nonsense are refused."""
    GRID.to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False)
    path = tmp_path / "a.zarr" / "gravity" / "zarr.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(RefusedError) as refusal:
        read_source(tmp_path / "a.zarr")
    assert refusal.value.code == code


def test_damaged_chunk_is_refused(tmp_path):
    """A store with a chunk that cannot be unpacked is refused."""
    GRID.to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False)
    chunk = next(path for path in (tmp_path / "a.zarr" / "gravity" / "c").rglob("*") if path.is_file())
    chunk.write_bytes(b"\x00\x01\x02")
    with pytest.raises(RefusedError) as refusal:
        read_source(tmp_path / "a.zarr")
    assert refusal.value.code == "corrupt"


def test_empty_store_is_refused(tmp_path):
    """A store without an array has no data."""
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    with pytest.raises(RefusedError) as refusal:
        read_source(tmp_path / "a.zarr")
    assert refusal.value.code == "no-data"
