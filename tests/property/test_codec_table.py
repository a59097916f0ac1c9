"""Tables of any content survive the codec; the curve keeps neighbours together; bounds are those of GEOS."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from tests.staging import hashes, stage

from craton.store.codec_geometry import hilbert_distance, hilbert_order, measure

COORDINATES = st.floats(-1e7, 1e7, allow_subnormal=False)
POSITIONS = st.tuples(COORDINATES, COORDINATES)


def _polygon(corner: tuple[float, float], size: float, *, holed: bool) -> shapely.Polygon:
    x, y = corner
    ring = [(x, y), (x + 9 * size, y), (x + 9 * size, y + 9 * size), (x, y + 9 * size)]
    hole = [(x + size, y + size), (x + 2 * size, y + size), (x + 2 * size, y + 2 * size)]
    return shapely.Polygon(ring, [hole] if holed else None)


POINTS = POSITIONS.map(shapely.Point)
LINES = st.lists(POSITIONS, min_size=2, max_size=5).map(shapely.LineString)
POLYGONS = st.builds(_polygon, POSITIONS, st.floats(1, 1e4), holed=st.booleans())
FLAT = st.one_of(
    POINTS,
    LINES,
    POLYGONS,
    st.lists(POSITIONS, max_size=3).map(shapely.MultiPoint),
    st.lists(LINES, max_size=2).map(shapely.MultiLineString),
    st.lists(POLYGONS, max_size=2).map(shapely.MultiPolygon),
    st.lists(st.one_of(POINTS, LINES), max_size=2).map(shapely.GeometryCollection),
)
GEOMETRIES = st.one_of(st.none(), FLAT, FLAT.map(lambda shape: shapely.force_3d(shape, 5.0)))

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), TEXTS)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(GEOMETRIES, SCALARS, st.one_of(st.none(), TEXTS)), max_size=30), st.data())
def test_tables_come_back_equal(rows: list[tuple], data: st.DataObject) -> None:
    """Geometry and values of any mixture and names of any text come back in order, twice alike."""
    names = data.draw(st.lists(TEXTS.filter(lambda name: name != "geometry"), min_size=2, max_size=2))
    attributes = pd.DataFrame(
        {
            0: pd.Series([row[1] for row in rows], dtype=object),
            1: pd.Series([row[2] for row in rows], dtype=object),
        }
    )
    source = gpd.GeoDataFrame(attributes, geometry=[row[0] for row in rows], crs="EPSG:32648")
    source.columns = [*names, "geometry"]
    with tempfile.TemporaryDirectory() as folder:
        staged = stage(source, "table", Path(folder) / "1")
        again = stage(source, "table", Path(folder) / "2")
        found = staged.read()
    assert hashes(staged.assets) == hashes(again.assets)
    assert list(found.columns) == [*names, "geometry"]
    assert _wkb(found.geometry) == _wkb(source.geometry)
    for place in (0, 1):
        expected = source.iloc[:, place].tolist()
        assert [_plain(value) for value in found.iloc[:, place]] == [_plain(value) for value in expected]


def _wkb(geometry: gpd.GeoSeries) -> list[bytes | None]:
    return shapely.to_wkb(geometry.to_numpy(), flavor="iso").tolist()


def _plain(value: object) -> object:
    return (
        None if value is pd.NA or value is None or (isinstance(value, float) and np.isnan(value)) else value
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(GEOMETRIES, max_size=20), st.integers(0, 5))
def test_bounds_and_types_are_those_of_geos(geometries: list[shapely.Geometry | None], start: int) -> None:
    """Bounds read out of the bytes equal those of parsed geometries, in slices of columns too."""
    shapes = np.array(geometries, dtype=object)
    column = pa.chunked_array([pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary())]).slice(start)
    bounds, extent = measure(column)
    np.testing.assert_array_equal(bounds.T, shapely.bounds(shapes[start:]))
    present = [shape for shape in geometries[start:] if shape is not None]
    assert extent.types == sorted({shape.geom_type + " Z" * shape.has_z for shape in present})


@given(st.integers(1, 7))
def test_the_curve_visits_each_cell_once_and_steps_to_a_neighbour(order: int) -> None:
    """On a square of 2ⁿ cells at the origin, distances are 0 … 4ⁿ − 1, each one step from the last."""
    side = 1 << order
    columns, rows = (axis.ravel().astype(np.uint16) for axis in np.meshgrid(np.arange(side), np.arange(side)))
    distance = hilbert_distance(columns, rows)
    path = np.argsort(distance)
    assert np.array_equal(np.sort(distance), np.arange(side * side))
    steps = np.abs(np.diff(columns[path].astype(int))) + np.abs(np.diff(rows[path].astype(int)))
    assert (steps == 1).all()


@given(npst.arrays("float64", st.tuples(st.just(4), st.integers(0, 50)), elements=st.floats()))
def test_the_order_is_a_permutation_that_ends_with_what_has_no_place(bounds: np.ndarray) -> None:
    """Each row comes once; rows without a place come last, in their order."""
    order = hilbert_order(bounds)
    assert sorted(order.tolist()) == list(range(bounds.shape[1]))
    with np.errstate(invalid="ignore"):
        nowhere = ~np.isfinite(bounds[:2] / 2 + bounds[2:] / 2).all(axis=0)
    if nowhere.any():
        assert order[-nowhere.sum() :].tolist() == np.flatnonzero(nowhere).tolist()
