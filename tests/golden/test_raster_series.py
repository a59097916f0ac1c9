"""Series of rasters that differ by date become one cube, and only those."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.transform import from_origin
from tests.reading import DATA, read_source

from craton.model.data import RasterFile

with_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

MISSING_BY_PAIR = [89, 517, 670, 212, 238, 218, 13, 382, 450, 368, 522, 110, 428, 149, 22, 331, 0]


@with_data
def test_interferograms_are_one_cube_of_pairs():
    """The 17 interferograms of one grid are a cube along pairs of dates, zeros made empty."""
    reader, [draft] = read_source(DATA / "hazards/insar_sydney_small/geo_060619-061002_unw.tif")
    assert (reader, draft.kind, draft.crs) == ("raster", "grid", "EPSG:4326")
    cube = draft.data["geo_unw"].load()
    assert dict(cube.sizes) == {"pair": 17, "latitude": 72, "longitude": 47}
    assert cube.attrs["units"] == "RADIANS"
    assert cube.isnull().sum(["latitude", "longitude"]).values.tolist() == MISSING_BY_PAIR
    assert (float(cube.min()), float(cube.max())) == pytest.approx((-5.8023286, 6.6599827))
    assert str(cube["start"].values[0])[:10] == "2006-06-19"
    assert str(cube["end"].values[-1])[:10] == "2007-08-13"
    assert (draft.time.start, draft.time.end) == ("2006-06-19T00:00:00Z", "2007-09-17T00:00:00Z")
    assert [(f.code, f.count) for f in draft.findings] == [("nodata-declared", sum(MISSING_BY_PAIR))]


@with_data
def test_cube_lies_where_its_files_lie():
    """Latitudes and longitudes of the cube are the cell centres of its files."""
    _, [draft] = read_source(DATA / "hazards/insar_sydney_small/geo_060619-061002_unw.tif")
    step = 0.000833333
    assert draft.data["longitude"].values[[0, -1]] == pytest.approx(
        [150.91 + step / 2, 150.949167 - step / 2], abs=1e-6
    )
    assert draft.data["latitude"].values[[0, -1]] == pytest.approx(
        [-34.17 - step / 2, -34.23 + step / 2], abs=1e-6
    )


@with_data
def test_header_files_come_with_the_series():
    """The ROI_PAC headers beside the interferograms belong to the same source."""
    from craton.process.readers import Candidate, reader_for

    path = DATA / "hazards/insar_sydney_small/geo_060619-061002_unw.tif"
    candidate = Candidate(path, path.name, path.read_bytes()[:16384])
    members = reader_for(candidate).members(candidate, sorted(path.parent.iterdir()))
    assert sum(member.suffix == ".tif" for member in members) == 16
    assert sum(member.suffix == ".rsc" for member in members) == 17
    assert not any("roipac" in member.name for member in members)


@with_data
def test_yearly_composites_are_one_cube_with_a_variable_a_band():
    """Three Landsat composites named by year are a cube of four variables over time."""
    _, [draft] = read_source(DATA / "imagery/landsat_pucallpa_peru/1985.tif")
    cube = draft.data.load()
    assert dict(cube.sizes) == {"time": 3, "latitude": 377, "longitude": 697}
    assert list(cube.data_vars) == ["band_1", "band_2", "band_3", "band_4"]
    assert [str(time)[:10] for time in cube["time"].values] == ["1985-01-01", "2000-01-01", "2020-01-01"]
    assert cube["band_1"].values[:, 100, 100].tolist() == [117, 142, 143]
    assert cube["band_4"].values[:, 100, 100].tolist() == [31, 41, 39]
    assert [int(cube[name].isnull().sum()) for name in cube.data_vars] == [105, 0, 0, 0]
    assert draft.time.end == "2020-12-31T00:00:00Z"


def _write(path, *, columns=6, left=0.0, value=1):
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=4, count=1, dtype="int16",
        crs="EPSG:32648", transform=from_origin(left, 400, 100, 100),
    ) as dataset:  # fmt: skip
        dataset.write(np.full((4, columns), value, np.int16), 1)


def test_days_in_names_give_a_cube_in_order_of_time(tmp_path):
    """Files named by day are stacked in order of time and keep their whole numbers."""
    for value, day in enumerate(("20240301", "20230105", "20231231")):
        _write(tmp_path / f"level_{day}.tif", value=value)
    _, [draft] = read_source(tmp_path / "level_20230105.tif")
    cube = draft.data["level"]
    assert cube.dtype == np.int16
    assert cube.isel(northing=0, easting=0).values.tolist() == [1, 2, 0]
    assert (cube["northing"].values[0], cube["easting"].values[0]) == (350, 50)


def test_two_files_are_no_series(tmp_path):
    """Two files with like names stay apart: that may be a coincidence."""
    for day in ("20230105", "20240105"):
        _write(tmp_path / f"level_{day}.tif")
    _, [draft] = read_source(tmp_path / "level_20230105.tif")
    assert isinstance(draft.data, RasterFile)


def test_rasters_of_different_places_stay_apart(tmp_path):
    """Files with like names on different grids become a draft each, called by their files."""
    for number, day in enumerate(("20230105", "20240105", "20250105")):
        _write(tmp_path / f"tile_{day}.tif", left=1000.0 * number)
    _, drafts = read_source(tmp_path / "tile_20230105.tif")
    assert [draft.name for draft in drafts] == ["tile_20230105", "tile_20240105", "tile_20250105"]
    assert all(isinstance(draft.data, RasterFile) for draft in drafts)


def test_a_broken_member_is_left_out_with_a_finding(tmp_path):
    """One file of a series that cannot be read does not spoil the others."""
    for day in ("20200105", "20210105", "20220105", "20230105"):
        _write(tmp_path / f"level_{day}.tif")
    broken = tmp_path / "level_20210105.tif"
    broken.write_bytes(broken.read_bytes()[:100])
    _, [draft] = read_source(tmp_path / "level_20200105.tif")
    assert isinstance(draft.data, xr.Dataset)
    assert draft.data.sizes["time"] == 3
    assert [(finding.code, finding.count) for finding in draft.findings] == [("part-skipped", 1)]
