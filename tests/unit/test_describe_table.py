"""Records of tables: extent, columns, quantities, time and doubts."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import pytest
import shapely
from tests.reading import DATA, read_source

from craton.model.columns import ColumnSummary, count_duplicates, summarise
from craton.model.data import ColumnNote, Draft, TableStream
from craton.model.describe import describe
from craton.model.findings import FINDINGS
from craton.model.places import Places
from craton.model.record import Finding, Period

HERE = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def codes(record):
    assert {finding.code for finding in record.findings} <= FINDINGS.keys()
    return {finding.code: finding.count for finding in record.findings}


def arrow(shapes, **columns):
    wkb = [None if shape is None else shapely.to_wkb(shape) for shape in shapes]
    return pa.table({**columns, "geometry": pa.array(wkb, pa.binary())})


def described(data, crs="EPSG:4326", **more):
    return describe(Draft(data, "table", crs=crs, **more), id="x")


def test_a_table_of_points():
    """Extent, footprint, columns, shape and time come from the data."""
    table = arrow(
        [shapely.Point(*at) for at in ((100, 18), (101, 18), (101, 19), (100, 19))],
        name=["a", "b", None, "d"],
        value=[1.0, np.nan, 3.0, 4.0],
        when=pa.array([0, 86_400, None, 172_800], pa.timestamp("s")),
    )
    record = described(table, notes={"value": ColumnNote(unit="mGal", quantity="bouguer_anomaly")})
    assert record.bbox == (100, 18, 101, 19)
    assert shapely.equals(shapely.geometry.shape(record.footprint), shapely.box(100, 18, 101, 19))
    assert record.crs == "EPSG:4326"
    assert record.shape == {"row": 4}
    assert record.time == Period(start="1970-01-01T00:00:00Z", end="1970-01-03T00:00:00Z")
    assert [(c.name, c.type, c.missing) for c in record.columns] == [
        ("name", "string", 1),
        ("value", "number", 1),
        ("when", "datetime", 1),
        ("geometry", "geometry", 0),
    ]
    (quantity,) = record.quantities
    assert (quantity.name, quantity.unit, quantity.minimum, quantity.maximum, quantity.valid) == (
        "bouguer_anomaly",
        "mGal",
        1.0,
        4.0,
        3,
    )
    assert record.keywords == ("gravity",)
    assert codes(record) == {"licence-missing": 1}


def test_extent_of_utm_points_is_that_of_pyproj():
    """Points in UTM lie within the extent, which is at most the size of a curve larger than theirs."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(400_000, 600_000, 500), rng.uniform(1_900_000, 2_100_000, 500)
    record = described(arrow(shapely.points(x, y)), crs="EPSG:32648")
    longitude, latitude = pyproj.Transformer.from_crs(32648, 4326, always_xy=True).transform(x, y)
    west, south, east, north = record.bbox
    assert west <= longitude.min()
    assert east >= longitude.max()
    assert south <= latitude.min()
    assert north >= latitude.max()
    np.testing.assert_allclose(
        record.bbox, (longitude.min(), latitude.min(), longitude.max(), latitude.max()), atol=0.03
    )


def test_frame_and_arrow_agree():
    """A GeoDataFrame, an Arrow table and a stream of the same features give the same record."""
    rng = np.random.default_rng(2)
    centres = rng.uniform((100, 15), (105, 20), (300, 2))
    shapes = shapely.buffer(shapely.points(centres), 0.05, quad_segs=2)
    values = rng.normal(size=300)
    frame = gpd.GeoDataFrame({"value": values}, geometry=shapes, crs=4326)
    table = arrow(shapes, value=values)
    stream = TableStream(table.schema, lambda: iter(table.to_batches(max_chunksize=70)))
    from_frame, from_arrow, from_stream = (described(data) for data in (frame, table, stream))
    assert from_frame == from_arrow
    assert from_stream.bbox == from_arrow.bbox
    assert from_stream.columns == from_arrow.columns
    assert from_stream.quantities == from_arrow.quantities
    assert from_stream.shape == {"row": 300}


SHAPES = [
    shapely.Point(1, 2),
    shapely.Point(3, 4, 50),
    None,
    shapely.Point(),
    shapely.LineString([(0, 0), (5, 6)]),
    shapely.box(10, 10, 12, 12),
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(20, 20, 21, 22)]),
    shapely.Polygon([(0, 0), (8, 0), (8, 8)], [[(5, 1), (6, 1), (6, 2)]]),
    shapely.MultiPoint([(7, 7)]),
    shapely.GeometryCollection([shapely.Point(-3, -4)]),
    shapely.LineString(),
    shapely.MultiLineString([[(0, 0), (1, 9)]]),
    shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
]


@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("byte_order", [0, 1])
def test_wkb_is_read_as_shapely_reads_it(flavor, byte_order):
    """Counts, types, heights and extent of WKB of all kinds are those of the parsed geometries."""
    wkb = [None if s is None else shapely.to_wkb(s, flavor=flavor, byte_order=byte_order) for s in SHAPES]
    column = pa.array([b"\x01", *wkb, b""], pa.binary()).slice(1, len(SHAPES))
    raw, parsed = Places(geographic=True), Places(geographic=True)
    raw.add_wkb(column)
    parsed.add_shapes(np.array(SHAPES, dtype=object))
    for name in ("features", "missing", "invalid", "checked", "zero", "outside", "types"):
        assert getattr(raw, name) == getattr(parsed, name), name
    np.testing.assert_array_equal(raw.bounds, parsed.bounds)
    np.testing.assert_array_equal(raw.bounds, (-3, -4, 21, 22))
    np.testing.assert_array_equal(raw.heights, (50, 50))
    assert (raw.features, raw.missing, raw.invalid) == (13, 3, 1)


def test_large_layers_are_checked_in_part():
    """Of more geometries than are checked, a share is, and the record says so; the extent stays exact."""
    corners = np.arange(30_000) * 1e-4
    bow_tie = np.array([[0, 0], [1e-4, 1e-4], [1e-4, 0], [0, 1e-4], [0, 0]])
    table = arrow(shapely.polygons(corners[:, None, None] + bow_tie))
    record = described(table)
    assert record.bbox == pytest.approx((0, 0, 3, 3))
    assert codes(record)["geometry-invalid"] == 5_000
    (step,) = record.lineage.steps
    assert step == "validity of geometry was checked in 5,000 of 30,000 features"


def test_doubts_about_geometry():
    """Missing, invalid, mixed and misplaced geometries are counted."""
    shapes = [
        None,
        shapely.Point(0, 0),
        shapely.Point(10, 95),
        shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
        shapely.Point(np.inf, 1),
        shapely.Point(5, 5),
        shapely.Point(6, 6),
        shapely.Point(7, 7),
    ]
    found = codes(described(arrow(shapes)))
    assert found == {
        "geometry-null": 1,
        "coordinate-zero": 1,
        "coordinate-out-of-range": 2,
        "geometry-invalid": 1,
        "geometry-mixed": 1,
        "licence-missing": 1,
    }


def test_metres_called_degrees():
    """Where most coordinates are no degrees, the system is in doubt, not the coordinates."""
    record = described(arrow(shapely.points([[500_000, 2e6], [500_100, 2e6]])))
    assert codes(record) == {"extent-outside-crs": 2, "licence-missing": 1}
    assert record.bbox is None


def test_data_outside_the_area_of_its_system():
    """A dataset of Laos in a British system is doubted."""
    assert "extent-outside-crs" in codes(
        described(arrow(shapely.points([[3_000_000, -1_000_000], [3_100_000, -1_000_000]])), crs="EPSG:27700")
    )
    assert "extent-outside-crs" not in codes(
        described(arrow(shapely.points([[400_000, 300_000], [410_000, 310_000]])), crs="EPSG:27700")
    )


def test_no_system_no_place():
    """Without a system there is a finding, and the extent stays in the data's own coordinates."""
    record = described(arrow(shapely.points([[1.0, 2.0], [3.0, 5.0]])), crs="")
    assert codes(record) == {"crs-missing": 1, "licence-missing": 1}
    assert record.bbox is None
    assert record.properties["native_bounds"] == [1.0, 2.0, 3.0, 5.0]


def test_local_and_unknown_systems():
    """Local coordinates and unknown names are told apart."""
    points = arrow(shapely.points([[1.0, 2.0], [3.0, 5.0]]))
    assert codes(described(points, crs="local")) == {"crs-local": 1, "licence-missing": 1}
    assert codes(described(points, crs="EPSG:999999")) == {"crs-unknown": 1, "licence-missing": 1}


def test_system_of_the_frame_counts_where_the_reader_states_none():
    """A GeoDataFrame brings its own system."""
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy([500_000], [2_000_000]), crs=32648)
    assert described(frame, crs="").crs == "EPSG:32648"


@pytest.mark.parametrize(
    "longitudes", [(177, 179, -178, -179), (177, 179, 182, 181), (-183, -181, -178, -179)]
)
def test_data_around_the_antimeridian(longitudes):
    """Fiji crosses the antimeridian however its longitudes are written."""
    record = described(arrow(shapely.points([[x, -17 - i] for i, x in enumerate(longitudes)])))
    assert record.bbox == (177, -20, -178, -17)
    assert record.footprint["type"] == "MultiPolygon"
    assert "antimeridian-crossed" in codes(record)
    shape = shapely.geometry.shape(record.footprint)
    assert shape.is_valid
    assert shape.bounds == (-180, -20, 180, -17)
    assert shapely.area(shape) <= 5 * 3


def test_data_all_over_the_world_does_not_cross():
    """Data on every side of the Earth has the plain extent; so do America and China together."""
    world = described(arrow(shapely.points([[x, 0] for x in range(-180, 181, 20)])))
    assert world.bbox == (-180, 0, 180, 0)
    two = described(arrow(shapely.points([[-100, 40], [100, 35]])))
    assert two.bbox == (-100, 35, 100, 40)


def test_longitudes_beyond_180():
    """0–360° longitudes come to ±180°."""
    assert described(arrow(shapely.points([[245, 20], [255, 30]]))).bbox == (-115, 20, -105, 30)


def test_heights():
    """Third coordinates are the vertical extent in metres; zeros alone are none."""
    high = described(arrow(shapely.points([[100, 18, -5], [100, 18, 120]])))
    assert (high.vertical.minimum, high.vertical.maximum, high.vertical.unit) == (-5, 120, "m")
    assert described(arrow(shapely.points([[100, 18, 0], [101, 18, 0]]))).vertical is None


def test_empty_and_bare_tables():
    """A table without rows, and one without coordinates, say so."""
    assert codes(described(arrow([], value=pa.array([], pa.float64())))) == {
        "table-empty": 1,
        "licence-missing": 1,
    }
    bare = described(pd.DataFrame({"a": [1, 2]}), crs="")
    assert codes(bare) == {"no-coordinates": 1, "licence-missing": 1}
    assert bare.bbox is None


def test_empty_columns_and_copies_of_rows():
    """Columns without values and exact copies of rows are counted."""
    frame = pd.DataFrame({"a": [1, 1, 2, 1], "b": ["x", "x", "x", "x"], "c": [None] * 4, "d": [np.nan] * 4})
    assert codes(described(frame, crs="")) == {
        "no-coordinates": 1,
        "column-empty": 2,
        "row-duplicate": 2,
        "licence-missing": 1,
    }


def test_rows_that_differ_in_geometry_only_are_no_copies():
    """Geometry counts where rows are compared."""
    table = arrow([shapely.Point(1, 1), shapely.Point(1, 2), shapely.Point(1, 1)], a=[1, 1, 1])
    assert codes(described(table))["row-duplicate"] == 1


@pytest.mark.parametrize("seed", range(20))
def test_copies_are_counted_as_pandas_counts_them(seed):
    """The column-by-column count equals that of comparing whole rows."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(0, 60))
    frame = pd.DataFrame(
        {
            "a": rng.integers(0, 3, rows),
            "b": rng.choice(["x", "y", None], rows),
            "c": rng.choice([0.0, 1.0, np.nan], rows),
            "d": rng.choice([True, False], rows),
            "e": pd.to_datetime(rng.integers(0, 2, rows)),
        }
    )
    columns = [pa.array(frame[name], from_pandas=True) for name in frame]
    assert count_duplicates(columns, rows) == int(frame.duplicated().sum())


def test_copies_among_many_rows():
    """In a large table, the part of the geometry that is looked at first does not decide alone."""
    xy = np.column_stack([np.arange(20_000.0), np.full(20_000, 5.0)])
    wkb = pa.array(shapely.to_wkb(shapely.points(xy)), pa.binary())
    assert count_duplicates([wkb], 20_000) == 0
    twice = pa.chunked_array([wkb, wkb.slice(0, 7)])
    assert count_duplicates([twice], 20_007) == 7


def test_summaries_of_columns():
    """Gaps, infinite numbers and ranges are told apart."""
    assert summarise(pa.array([1.0, np.nan, None, np.inf, -3.0])) == ColumnSummary(
        "number", 5, 2, 1, -3.0, 1.0
    )
    assert summarise(pa.array([np.nan, None])) == ColumnSummary("number", 2, 2)
    assert summarise(pa.array([3, None, 7])) == ColumnSummary("integer", 3, 1, 0, 3.0, 7.0)
    assert summarise(pa.array([None, None])) == ColumnSummary("string", 2, 2)
    assert summarise(pa.array([0, 10**18], pa.timestamp("s"))).maximum is None
    one, two = summarise(pa.array([1.0, 2.0])), summarise(pa.array([5.0, None]))
    assert one.joined(two) == summarise(pa.array([1.0, 2.0, 5.0, None]))


def test_dates_of_the_file_are_not_dates_of_the_data():
    """`updated` does not widen the period of `time`."""
    frame = pd.DataFrame({"time": pd.to_datetime(["2025-03-28"]), "updated": pd.to_datetime(["2026-01-01"])})
    assert described(frame, crs="").time == Period(start="2025-03-28T00:00:00Z", end="2025-03-28T00:00:00Z")


def test_what_the_reader_says_wins():
    """Time, heights, findings, titles and extent of the reader are kept."""
    record = describe(
        Draft(
            arrow([None], when=pa.array([0], pa.timestamp("s"))),
            "table",
            crs="EPSG:4326",
            titles={"lo": "ຫີນ"},
            time=Period(start="2020-01-01T00:00:00Z"),
            findings=[Finding(code="geometry-null", count=7, message="by hand")],
            geographic_bounds=(100.0, 15.0, 101.0, 16.0),
            licence="CC BY 4.0",
            properties={"sheet": "A"},
        ),
        id="x",
    )
    assert record.title == {"lo": "ຫີນ"}
    assert record.time == Period(start="2020-01-01T00:00:00Z")
    assert record.findings == (Finding(code="geometry-null", count=7, message="by hand"),)
    assert record.bbox == (100, 15, 101, 16)
    assert record.licence == "CC-BY-4.0"
    assert record.properties["sheet"] == "A"


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("Bouguer anomaly", "und"),
        ("ແຜນທີ່ທໍລະນີສາດ", "lo"),
        ("ផែនទីភូគព្ភសាស្ត្រ", "km"),
        ("แผนที่ธรณีวิทยา", "th"),
        ("ဘူမိဗေဒမြေပုံ", "my"),
        ("老挝地质图 1:20万", "zh"),
        ("地質図の凡例", "ja"),
        ("지질도", "ko"),
    ],
)
def test_language_by_script(title, language):
    """The script of a title tells its language, Latin letters none."""
    assert described(pd.DataFrame({"a": [1]}), crs="", title=title).title == {language: title}


@HERE
def test_myanmar_earthquakes():
    """201 events after the M7.7 of 2025-03-28, within the box of the survey's own file."""
    _, (draft,) = read_source(next((DATA / "hazards/earthquakes").glob("*.geojson")))
    record = describe(draft, id="x")
    frame = gpd.read_file(next((DATA / "hazards/earthquakes").glob("*.geojson")))
    assert record.shape == {"row": 201}
    np.testing.assert_allclose(record.bbox, frame.total_bounds, atol=1e-6)
    assert record.time.start.startswith("2025-03-28")


@HERE
def test_geologic_provinces():
    """914 polygons over the whole Earth, with a footprint of few vertices."""
    _, (draft,) = read_source(DATA / "geology/geologic_provinces/global_gprv.shp")
    record = describe(draft, id="x")
    assert record.shape == {"row": 914}
    assert record.bbox[0] == -180
    assert record.bbox[2] == 180
    footprint = shapely.geometry.shape(record.footprint)
    assert footprint.is_valid
    assert shapely.get_num_coordinates(footprint) <= 70


@HERE
def test_sir_samuel_geochemistry():
    """1,026 sites at 120.0–121.5° E, 28–27° S in GDA94."""
    _, (draft,) = read_source(DATA / "geochemistry/sirsam_geochem_sites/geochem_sites.shp")
    record = describe(draft, id="x")
    assert record.crs == "EPSG:4283"
    assert record.shape == {"row": 1026}
    np.testing.assert_allclose(record.bbox, (120.0, -28.0, 121.5, -27.0), atol=0.01)
