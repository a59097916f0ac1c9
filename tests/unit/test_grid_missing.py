"""Undeclared marks of missing cells in grids: what is made empty, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.transform import from_origin
from tests.reading import DATA, read_source

from craton.ingest.grid_missing import Mark, empty_undeclared, undeclared_mark
from craton.model.data import Draft


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        ([1, 2, -9999, -9999], Mark(-9999.0, 2)),
        ([1.5, -99999.0], Mark(-99999.0, 1)),
        ([1, 9999, 9999], Mark(9999.0, 2)),
        ([np.nan, 3e38, 4.0], Mark(3e38, 1)),
        ([1, 9999], None),
        ([-9998, -9999], None),
        ([-9000, -9999, -9999], None),
        ([1, -1234, -1234], None),
        ([np.nan, np.nan], None),
    ],
)
def test_only_what_can_be_nothing_else_is_a_mark(cells: list[float], mark: Mark | None) -> None:
    """Nines far from all else, or a number no measurement reaches; a single 9999 or near neighbours are data."""
    assert undeclared_mark(lambda: iter([np.array(cells)])) == mark


@pytest.mark.parametrize("lazy", [False, True])
def test_marks_become_empty(*, lazy: bool) -> None:
    """Marked cells are NaN, whole numbers become floats, the number stays beside, the count is told."""
    cells = np.full((4, 6), 7, np.int16)
    cells[0] = -9999
    dataset = xr.Dataset({"depth": (("northing", "easting"), cells), "flag": ("n", np.ones(2, np.uint8))})
    dataset = dataset.chunk({"northing": 2}) if lazy else dataset
    draft = Draft(dataset, "grid")
    emptied = empty_undeclared(draft, dataset, ["depth", "flag"])
    assert int(emptied["depth"].isnull().sum()) == 6
    assert (float(emptied["depth"].max()), emptied["flag"].dtype.kind) == (7.0, "u")
    assert emptied["depth"].attrs == {"undeclared_nodata": "-9999"}
    assert [(one.code, one.count) for one in draft.findings] == [("nodata-guessed", 6)]


@pytest.mark.parametrize(("declared", "found"), [(None, ["nodata-guessed"]), (-9999.0, [])])
def test_raster_without_nodata(tmp_path: Path, declared: float | None, found: list[str]) -> None:
    """A raster that declares nothing is given the number; one that declares it is left alone."""
    cells = np.ones((1, 3, 3), np.float32)
    cells[0, 0] = -9999
    path = tmp_path / "a.tif"
    place = from_origin(102, 18, 1, 1)
    with rasterio.open(
        path, "w", driver="GTiff", width=3, height=3, count=1, dtype="float32", crs="EPSG:4326",
        transform=place, nodata=declared,
    ) as out:  # fmt: skip
        out.write(cells)
    _, (draft,) = read_source(path)
    assert draft.data.nodata == (None if declared else -9999.0)
    assert [one.code for one in draft.findings] == found


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_outlets_of_the_nam_ngum() -> None:
    """The map of outlets holds three gauges; all other cells of the catchment are -9999."""
    path = DATA / "hydrology/lisflood_nam_ngum_laos/model/maps/general/outlets.nc"
    _, (draft,) = read_source(path)
    assert {one.code: one.count for one in draft.findings}["nodata-guessed"] == 540
    assert int(draft.data["outlets"].notnull().sum()) == 3
