"""Invariants of descriptions: no input makes them fail, extents hold their data and their footprints."""

from __future__ import annotations

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import pytest
import shapely
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.extra import pandas as hpd

from craton.model import units
from craton.model.data import Boreholes, Draft, Mesh, Series
from craton.model.describe import describe
from craton.model.extent import crosses
from craton.model.findings import FINDINGS, meaning
from craton.model.footprint import VERTICES
from craton.model.harmonise import harmonise
from craton.model.quantities import recognise
from craton.model.record import Record

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

SYSTEMS = st.sampled_from(
    ["", "EPSG:4326", "EPSG:32648", "EPSG:2193", "EPSG:3995", "local", "EPSG:4240", "EPSG:27700", "nonsense"]
)
NAMES = st.one_of(
    st.sampled_from(
        ["Au_ppb", "depth", "elev_ft", "lith", "time", "x", "", "hole_id", "TMI (nT)", "ກ", "a" * 300]
    ),
    st.text(max_size=8),
)
COLUMNS = st.sampled_from(
    [
        st.floats(width=64),
        st.floats(width=32),
        st.integers(-(2**62), 2**62),
        st.booleans(),
        st.text(max_size=5),
        st.datetimes(),
        st.dates(),
        st.none(),
        st.binary(max_size=4),
        st.one_of(st.none(), st.integers(-5, 5), st.text(max_size=3), st.floats()),
        st.lists(st.integers(0, 3), max_size=2),
    ]
)
COORDINATES = st.one_of(
    st.floats(-200, 400), st.floats(), st.sampled_from([0.0, 180.0, -180.0, 90.0, 1e6, 5e5, 2e6])
)


@st.composite
def frames(draw, rows=None):
    rows = draw(st.integers(0, 8)) if rows is None else rows
    names = draw(st.lists(NAMES, max_size=4))
    data = {i: draw(st.lists(draw(COLUMNS), min_size=rows, max_size=rows)) for i in range(len(names))}
    frame = pd.DataFrame(data, index=range(rows))
    frame.columns = pd.Index(names, dtype=object)
    return frame


@st.composite
def shapes(draw):
    kind = draw(st.sampled_from(["point", "high", "line", "polygon", "multi", "empty", "collection"]))
    numbers = st.tuples(COORDINATES, COORDINATES)
    if kind == "point":
        return shapely.Point(draw(numbers))
    if kind == "high":
        return shapely.Point(*draw(numbers), draw(st.floats()))
    if kind == "empty":
        return draw(
            st.sampled_from(
                [shapely.Point(), shapely.Polygon(), shapely.LineString(), shapely.GeometryCollection()]
            )
        )
    finite = COORDINATES.filter(np.isfinite)
    points = draw(st.lists(st.tuples(finite, finite), min_size=4, max_size=7))
    line = shapely.LineString(points)
    if kind == "line":
        return line
    if kind == "collection":
        return shapely.GeometryCollection([line, shapely.Point(points[0])])
    polygon = shapely.Polygon(points)
    return polygon if kind == "polygon" else shapely.MultiPolygon([polygon])


def checked(record: Record) -> Record:
    """`record`, after checking what every record promises."""
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record).id == record.id
    for finding in record.findings:
        assert finding.code in FINDINGS
        assert finding.count > 0
        assert meaning(finding)
    if record.bbox is None:
        assert record.footprint is None
        return record
    west, south, east, north = record.bbox
    assert -180 <= west <= 180
    assert -180 <= east <= 180
    assert -90 <= south <= north <= 90
    if record.footprint is not None:
        check_footprint(record)
    return record


def check_footprint(record: Record) -> None:
    west, south, east, north = record.bbox
    shape = shapely.geometry.shape(record.footprint)
    assert shapely.is_valid(shape)
    assert shapely.get_num_coordinates(shape) <= 2 * VERTICES
    longitude, latitude = shapely.get_coordinates(shape).T
    assert (latitude >= south).all()
    assert (latitude <= north).all()
    inside = (
        (longitude >= west) | (longitude <= east)
        if crosses(record.bbox)
        else (longitude >= west) & (longitude <= east)
    )
    assert inside.all()


@QUICK
@given(frames(), SYSTEMS)
def test_any_frame_can_be_described(frame, crs):
    """Columns of any type, names and gaps end in a record."""
    record = checked(describe(harmonise(Draft(frame, "table", crs=crs)), id="x"))
    assert record.shape == {"row": len(frame)}


@QUICK
@given(st.data(), st.lists(st.none() | shapes(), max_size=8), SYSTEMS)
def test_any_geometry_can_be_described(data, geometry, crs):
    """Features of any shape and place end in a record, from a frame and from Arrow alike."""
    frame = data.draw(frames(rows=len(geometry)))
    frame.columns = [f"c{i}" for i in range(frame.shape[1])]
    layer = gpd.GeoDataFrame(frame, geometry=np.array([*geometry, None], dtype=object)[:-1])
    from_frame = checked(describe(harmonise(Draft(layer, "table", crs=crs)), id="x"))
    wkb = pa.array([None if shape is None else shapely.to_wkb(shape) for shape in geometry], pa.binary())
    from_arrow = checked(describe(Draft(pa.table({"geometry": wkb}), "table", crs=crs), id="x"))
    assert from_arrow.bbox == from_frame.bbox
    assert from_arrow.properties.get("geometry_types") == from_frame.properties.get("geometry_types")


@QUICK
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 60), st.just(2)), elements=st.floats(0, 1)),
    st.sampled_from(
        [
            ("EPSG:4326", (100.0, 15.0), 8.0),
            ("EPSG:4326", (176.0, -20.0), 8.0),
            ("EPSG:32648", (300_000.0, 1_000_000.0), 400_000.0),
            ("EPSG:27700", (200_000.0, 100_000.0), 400_000.0),
            ("EPSG:4240", (98.0, 8.0), 6.0),
        ]
    ),
)
def test_the_extent_holds_every_point(unit, place):
    """Points transformed by pyproj itself lie within the extent."""
    crs, corner, size = place
    points = np.asarray(corner) + unit * size
    record = checked(
        describe(
            Draft(pa.table({"geometry": pa.array(shapely.to_wkb(shapely.points(points)))}), "table", crs=crs),
            id="x",
        )
    )
    longitude, latitude = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True).transform(*points.T)
    west, south, east, north = record.bbox
    turned = np.where(np.asarray(longitude) > 180, np.asarray(longitude) - 360, longitude)
    assert (latitude >= np.float64(south)).all()
    assert (latitude <= np.float64(north)).all()
    holds = (
        (turned >= west) | (turned <= east) if crosses(record.bbox) else (turned >= west) & (turned <= east)
    )
    assert (holds | np.isclose(np.abs(turned), 180)).all()


@QUICK
@given(st.data(), SYSTEMS, st.booleans())
def test_any_grid_can_be_described(data, crs, lazy):
    """Grids of any type, axis and gap end in a record."""
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6))
    dtype = data.draw(st.sampled_from(["f4", "f8", "i2", "u1", "?", "c8", "M8[s]"]))
    values = data.draw(hnp.arrays(dtype, shape))
    names = data.draw(
        st.sampled_from(
            [("time", "northing", "easting"), ("upward", "latitude", "longitude"), ("a", "b", "c")]
        )
    )
    dims = names[-len(shape) :]
    axes = {
        name: data.draw(hnp.arrays(np.float64, size, elements=COORDINATES))
        for name, size in zip(dims, shape, strict=True)
        if data.draw(st.booleans()) and name != "time"
    }
    dataset = xr.Dataset(
        {"value": (dims, values, {"units": data.draw(st.sampled_from(["", "ft", "gu", "?"]))})},
        axes,
        {"crs": crs},
    )
    dataset = dataset.chunk(2) if lazy and dtype != "M8[s]" else dataset
    record = checked(
        describe(harmonise(Draft(dataset, "grid", title=data.draw(st.text(max_size=10)))), id="x")
    )
    assert record.shape == dict(zip(dims, shape, strict=True))


@QUICK
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 40), st.integers(2, 40)),
        elements=st.one_of(st.just(np.nan), st.floats(-10, 10)),
    )
)
def test_range_and_count_of_grids(values):
    """Range and number of values are those NumPy finds."""
    dataset = xr.Dataset(
        {"v": (("northing", "easting"), values)},
        {"northing": np.arange(len(values)), "easting": np.arange(values.shape[1])},
    )
    (quantity,) = describe(Draft(dataset, "grid", crs="EPSG:32648"), id="x").quantities
    assert quantity.valid == np.isfinite(values).sum()
    if quantity.valid:
        assert (quantity.minimum, quantity.maximum) == (np.nanmin(values), np.nanmax(values))


@QUICK
@given(st.data(), SYSTEMS)
def test_other_kinds_can_be_described(data, crs):
    """Boreholes, series and meshes of any content end in a record."""
    table = data.draw(frames())
    holes = gpd.GeoDataFrame(
        {
            "hole_id": [str(i) for i in range(len(table))],
            "elevation": data.draw(hnp.arrays(np.float64, len(table))),
        },
        geometry=[None] * len(table),
    )
    checked(
        describe(harmonise(Draft(Boreholes(holes, intervals={"t": table}), "boreholes", crs=crs)), id="x")
    )
    checked(describe(harmonise(Draft(Series(table), "series", crs=crs)), id="x"))
    vertices = data.draw(
        hnp.arrays(np.float64, st.tuples(st.integers(0, 6), st.just(3)), elements=COORDINATES)
    )
    mesh = Mesh(vertices, np.zeros((0, 3), int), np.zeros(0, int), pd.DataFrame())
    checked(describe(harmonise(Draft(mesh, "mesh", crs=crs)), id="x"))


@QUICK
@given(hpd.data_frames([hpd.column("Au_ppb", dtype=float), hpd.column("elev_ft", dtype=float)]))
def test_conversion_scales_and_keeps_rows(frame):
    """Each number is multiplied, each gap stays a gap, and no row is lost."""
    done = harmonise(Draft(frame, "table")).data
    with np.errstate(over="ignore"):
        for old, new, factor in (("Au_ppb", "Au_mg_kg", 1e-3), ("elev_ft", "elev_m", 0.3048)):
            expected = np.where(np.isinf(frame[old]), np.nan, frame[old] * factor)
            np.testing.assert_allclose(done[new], expected, rtol=1e-12)


@given(st.text(max_size=40))
def test_any_text_can_be_a_unit_or_a_name(text):
    """No text makes the tables fail, and what is parsed once is canonical."""
    unit = units.parse(text)
    if unit:
        assert units.parse(unit) == unit
    recognise(text)
    recognise(text, chemistry=True, logs=True)


@given(st.sampled_from(sorted(units.units())), st.floats(1e-6, 1e6))
def test_conversion_there_and_back(symbol, value):
    """The way back is the inverse, for any unit into any other of its kind."""
    kind = units.units()[symbol].kind
    for other in (unit.symbol for unit in units.units().values() if unit.kind == kind):
        back = units.convert(units.convert(value, symbol, other), other, symbol)
        assert back == pytest.approx(value, rel=1e-6)
