"""Records of grids, cubes and rasters."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import rasterio
import shapely
import xarray as xr
from rasterio.transform import Affine, from_origin
from tests.reading import DATA, read_source

from craton.model.cells import CellSummary
from craton.model.data import Band, ColumnNote, Draft, RasterFile
from craton.model.describe import describe
from craton.model.errors import RefusedError

HERE = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def codes(record):
    return {finding.code: finding.count for finding in record.findings if finding.code != "licence-missing"}


def grid(values, rows, columns, names=("latitude", "longitude"), crs="EPSG:4326", **coords):
    return xr.Dataset(
        {"value": (names, values)}, {names[0]: rows, names[1]: columns, **coords}, attrs={"crs": crs}
    )


def described(data, kind="grid", **more):
    return describe(Draft(data, kind, **more), id="x")


def test_a_grid_of_degrees():
    """Extent is that of the nodes; range and gaps leave NaN out; footprint follows the values."""
    values = np.arange(20.0).reshape(4, 5)
    values[:, :2] = np.nan
    record = described(
        grid(values, [13.0, 12, 11, 10], [100.0, 101, 102, 103, 104]),
        notes={"value": ColumnNote(unit="mGal", quantity="bouguer_anomaly")},
    )
    assert record.bbox == (100, 10, 104, 13)
    assert record.shape == {"latitude": 4, "longitude": 5}
    (quantity,) = record.quantities
    assert (quantity.minimum, quantity.maximum, quantity.valid, quantity.unit) == (2.0, 19.0, 12, "mGal")
    assert record.columns[0].missing == 8
    assert shapely.equals(shapely.geometry.shape(record.footprint), shapely.box(101.5, 10, 104, 13))
    assert codes(record) == {}


@pytest.mark.parametrize("chunks", [None, (3, 7), (50, 60)])
def test_lazy_and_eager_grids_agree(chunks):
    """Blocks of any size give the same range, count and outline."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 60))
    values[rng.uniform(size=values.shape) < 0.3] = np.nan
    held = da.from_array(values, chunks) if chunks else values
    data = grid(
        held, np.arange(50) * 100.0, np.arange(60) * 100.0 + 500_000, ("northing", "easting"), "EPSG:32648"
    )
    record = described(data)
    (quantity,) = record.quantities
    assert quantity.minimum == np.nanmin(values)
    assert quantity.maximum == np.nanmax(values)
    assert quantity.valid == np.isfinite(values).sum()
    assert record == described(
        grid(
            values,
            *(data[n].to_numpy() for n in ("northing", "easting")),
            ("northing", "easting"),
            "EPSG:32648",
        )
    )


def test_cells_are_summarised_block_by_block():
    """Blocks that do not fit the net of the mask mark the parts they touch."""
    values = np.full((100, 130), np.nan)
    values[40:60, 65] = 7.0
    whole, parts = CellSummary(100, 130), CellSummary(100, 130)
    whole.add(values, 0, 0)
    for row in range(0, 100, 33):
        for column in range(0, 130, 17):
            parts.add(values[row : row + 33, column : column + 17], row, column)
    np.testing.assert_array_equal(whole.mask, parts.mask)
    assert whole.mask.sum() == len(set(np.arange(40, 60) * 64 // 100))
    assert (parts.count, parts.valid, parts.minimum, parts.maximum) == (13_000, 20, 7.0, 7.0)


def test_nodata_of_32_bit_floats():
    """The usual −3.4028234663852886e38 is found among 32-bit numbers, and infinity is no value."""
    summary = CellSummary(1, 3)
    summary.add(
        np.array([[-3.4028234663852886e38, 5.0, np.inf]], np.float32), 0, 0, nodata=-3.4028234663852886e38
    )
    assert (summary.missing, summary.infinite, summary.minimum, summary.maximum) == (1, 1, 5.0, 5.0)


def test_integer_cells_with_a_declared_mark():
    """A fill value in the attributes is no value."""
    data = grid(np.array([[1, -9999], [3, 4]], np.int16), [1.0, 0.0], [5.0, 6.0])
    data["value"].attrs["_FillValue"] = -9999
    (quantity,) = described(data).quantities
    assert (quantity.minimum, quantity.valid) == (1.0, 3)


@pytest.mark.parametrize(
    ("longitudes", "expected"),
    [
        (np.arange(0, 360, 0.5), (-180, -90, 180, 90)),
        (np.arange(-180, 180.5, 0.5), (-180, -90, 180, 90)),
        (np.arange(0.0, 360, 1), (-180, -90, 180, 90)),
        (np.arange(170.0, 191), (170, -90, -170, 90)),
        (np.arange(200.0, 211), (-160, -90, -150, 90)),
    ],
)
def test_longitudes_of_grids(longitudes, expected):
    """Global grids go round the Earth however they are written; others come to ±180°."""
    latitudes = np.array([90.0, 0, -90])
    record = described(grid(np.zeros((3, longitudes.size)), latitudes, longitudes))
    assert record.bbox == expected
    assert ("longitude-duplicate-column" in codes(record)) == (np.ptp(longitudes) == 360)


def test_volume_and_time():
    """The upward axis is the vertical extent, the time axis the period."""
    data = xr.Dataset(
        {"value": (("time", "upward", "northing", "easting"), np.zeros((2, 3, 2, 2)))},
        {
            "time": np.array(["2020-01-01", "2021-06-30"], "datetime64[ns]"),
            "upward": [-50.0, 0, 106],
            "northing": [0.0, 100],
            "easting": [500_000.0, 500_100],
        },
        attrs={"crs": "EPSG:32648"},
    )
    record = described(data, kind="volume")
    assert (record.vertical.minimum, record.vertical.maximum) == (-50, 106)
    assert (record.time.start, record.time.end) == ("2020-01-01T00:00:00Z", "2021-06-30T00:00:00Z")
    assert record.shape == {"time": 2, "upward": 3, "northing": 2, "easting": 2}


def test_grid_without_value_and_with_infinite_ones():
    """A grid of NaN holds nothing; infinite values are counted and leave the range alone."""
    assert codes(described(grid(np.full((2, 2), np.nan), [1.0, 0], [1.0, 0])))["nodata-all"] == 1
    record = described(grid(np.array([[np.inf, 1], [2, 3]]), [1.0, 0], [1.0, 0]))
    assert codes(record)["value-infinite"] == 1
    assert record.quantities[0].maximum == 3


def test_irregular_axes_are_doubted():
    """Steps that differ by more than a hundredth are irregular."""
    assert codes(described(grid(np.zeros((3, 3)), [0.0, 1, 3], [0.0, 1, 2])))["axis-irregular"] == 1
    assert "axis-irregular" not in codes(described(grid(np.zeros((3, 3)), [0.0, 1, 2.001], [0.0, 1, 2])))


def test_grid_without_system():
    """Axes without a system are a finding; a grid without axes has no place to state one for."""
    record = described(grid(np.zeros((2, 2)), [0.0, 1], [0.0, 1], ("northing", "easting"), ""))
    assert codes(record) == {"crs-missing": 1}
    assert record.properties["native_bounds"] == [0, 0, 1, 1]
    assert codes(described(xr.Dataset({"value": (("trace", "sample"), np.zeros((2, 3)))}))) == {}


def test_traces_along_a_line():
    """Positions that are no axes place a profile too."""
    data = xr.Dataset(
        {"amplitude": (("trace", "two_way_time"), np.zeros((3, 4)))},
        {"longitude": ("trace", [100.0, 101, 102]), "latitude": ("trace", [18.0, 18.5, 19])},
        attrs={"crs": "EPSG:4326"},
    )
    assert described(data).bbox == (100, 18, 102, 19)


def write(path, values, transform, crs="EPSG:32648", **profile):
    bands = values if values.ndim == 3 else values[None]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=bands.shape[0],
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        transform=transform,
        crs=crs,
        **profile,
    ) as out:
        out.write(bands)
    return RasterFile(str(path), tuple(Band(f"b{i}") for i in range(bands.shape[0])), driver="GTiff")


def test_a_raster_is_read_by_blocks(tmp_path):
    """Range, gaps, extent of the cells' edges and outline of the valid ones are exact."""
    rng = np.random.default_rng(0)
    values = rng.integers(1, 100, (300, 200)).astype("int16")
    values[:, 150:] = -32768
    raster = write(
        tmp_path / "a.tif",
        values,
        from_origin(500_000, 2_000_000, 30, 30),
        nodata=-32768,
        tiled=True,
        blockxsize=64,
        blockysize=64,
    )
    record = described(raster)
    (quantity,) = record.quantities
    assert (quantity.minimum, quantity.maximum, quantity.valid) == (values[:, :150].min(), 99, 45_000)
    assert record.shape == {"northing": 300, "easting": 200}
    assert record.crs == "EPSG:32648"
    west, south, east, north = record.bbox
    assert (west, north) == (pytest.approx(105.0, abs=1e-6), pytest.approx(18.0884, abs=1e-3))
    share = shapely.geometry.shape(record.footprint).area / ((east - west) * (north - south))
    assert share == pytest.approx(0.75, abs=0.02)
    assert codes(record) == {}


def test_raster_without_nodata(tmp_path):
    """No nodata value, no mask and no NaN: the layer cannot be merged safely."""
    bands = np.ones((3, 10, 10), "uint8")
    record = described(write(tmp_path / "a.tif", bands, from_origin(0, 10, 1, 1), crs="EPSG:4326"))
    assert codes(record) == {"nodata-missing": 1}
    assert record.shape == {"band": 3, "latitude": 10, "longitude": 10}
    given = described(RasterFile(str(tmp_path / "a.tif"), (Band("a"), Band("b"), Band("c")), nodata=1.0))
    assert codes(given) == {"nodata-all": 1}


def test_rotated_raster(tmp_path):
    """A rotated raster is described by its outline."""
    cosine, sine = 30 * np.cos(np.pi / 6), 30 * np.sin(np.pi / 6)
    transform = Affine(cosine, sine, 500_000, sine, -cosine, 2_000_000)
    record = described(write(tmp_path / "a.tif", np.ones((100, 200), "float32"), transform, nodata=-1))
    assert codes(record) == {"raster-rotated": 1}
    shape = shapely.geometry.shape(record.footprint)
    box = shapely.box(*record.bbox)
    assert 0.3 < shape.area / box.area < 0.7


def test_large_raster_is_thinned(tmp_path, monkeypatch):
    """Above the limit the range comes from a part of the cells, and the record says so."""
    monkeypatch.setattr("craton.model.describe_raster.EXACT_CELLS", 1_000)
    monkeypatch.setattr("craton.model.describe_raster.THINNED_CELLS", 500)
    values = np.tile(np.arange(100, dtype="float32"), (100, 1))
    values[:, :50] = np.nan
    record = described(write(tmp_path / "a.tif", values, from_origin(500_000, 2_000_000, 30, 30)))
    assert codes(record) == {"statistics-sampled": 1}
    (quantity,) = record.quantities
    assert quantity.valid == pytest.approx(5_000, rel=0.1)
    assert 50 <= quantity.minimum < quantity.maximum <= 99


def test_broken_raster_is_refused(tmp_path):
    """Bytes that GDAL cannot read end in a refusal."""
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\x00 nothing more")
    with pytest.raises(RefusedError):
        described(RasterFile(str(path), (Band("a"),)))


@HERE
def test_egm96_geoid():
    """A global grid whose cells' edges pass the poles is cut there."""
    _, (draft,) = read_source(DATA / "crs/geoid_egm96/us_nga_egm96_15.tif")
    record = describe(draft, id="x")
    assert record.bbox == (-180, -90, 180, 90)
    (quantity,) = record.quantities
    assert quantity.minimum == pytest.approx(-106.99, abs=0.1)
    assert quantity.maximum == pytest.approx(85.39, abs=0.1)


@HERE
def test_mandalay_land_cover():
    """16.6 million cells in UTM 46N, though Mandalay lies in zone 47."""
    _, (draft,) = read_source(DATA / "imagery/mandalay_landcover/sentinel2_landcover_7class.tif")
    record = describe(draft, id="x")
    assert record.shape == {"northing": 4279, "easting": 3878}
    assert record.crs == "EPSG:32646"
    assert codes(record)["extent-outside-crs"] == 1
    (quantity,) = record.quantities
    with rasterio.open(DATA / "imagery/mandalay_landcover/sentinel2_landcover_7class.tif") as source:
        cells = source.read(1)
    assert quantity.valid == (cells != 255).sum()
    assert quantity.maximum == cells[cells != 255].max()


@HERE
def test_nam_ngum_elevation():
    """The basin covers 543 of 1,044 cells, 166 to 2,104 m high, and so does the footprint."""
    _, (draft,) = read_source(DATA / "hydrology/lisflood_nam_ngum_laos/model/maps/topography/elv.nc")
    record = describe(draft, id="x")
    assert record.bbox == pytest.approx((101.975, 18.025, 103.375, 19.775))
    (quantity,) = record.quantities
    assert quantity.valid == 543
    assert (quantity.minimum, quantity.maximum) == (pytest.approx(166, abs=1), pytest.approx(2104, abs=1))
    box = shapely.box(*record.bbox)
    assert 0.4 < shapely.geometry.shape(record.footprint).area / box.area < 0.75
