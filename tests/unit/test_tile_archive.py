"""Archives of vector tiles: read back by us and by GDAL, they hold every feature, where it is, as it is."""

import gzip
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from craton.model.errors import InvalidError
from craton.model.tile_matrix import (
    TILE_MATRIX_SETS,
    WEB_MERCATOR_QUAD,
    WORLD_CRS84_QUAD,
    definition,
    tile_bbox,
    tile_bounds,
    tile_range,
)
from craton.store.tile_archive import TileArchive, tile_number
from craton.store.tile_archive_make import Features, make_archive
from craton.store.tile_archive_write import ArchiveWriter
from craton.store.vector_tile_clip import MARGIN, clip
from craton.store.vector_tile_drawn import EXTENT, drawn
from craton.store.vector_tile_levels import last_level
from craton.store.vector_tile_place import in_tile, shapes_of
from craton.store.vector_tile_values import attributes_of
from craton.store.vector_tile_write import Tile, numbers_as_bytes, written

WORLD = (-180.0, -85.0, 180.0, 85.0)


def archive(tmp_path, geometries, columns=None, last=6):
    """Archive of some geometries in CRS84."""
    column = np.empty(len(geometries), object)
    column[:] = geometries
    ids = np.arange(1, len(geometries) + 1)
    path = tmp_path / "tiles.pmtiles"
    fields = dict.fromkeys(columns or {}, "String")
    layers = [{"id": "features", "fields": fields, "minzoom": 0, "maxzoom": last}]
    make_archive(
        Features(column, ids, attributes_of(columns or {})), path, last=last, bbox=WORLD,
        metadata={"format": "pbf", "vector_layers": layers},
    )  # fmt: skip
    return path


def read(path, level):
    """Features of a level, as GDAL reads them, in degrees."""
    return pyogrio.read_dataframe(path, ZOOM_LEVEL=level).to_crs("EPSG:4326")


def cells(rows=12, columns=12, west=100.0, south=15.0, side=0.5):
    """A map without gaps: squares side by side."""
    return [
        shapely.box(west + side * x, south + side * y, west + side * (x + 1), south + side * (y + 1))
        for y in range(rows) for x in range(columns)
    ]  # fmt: skip


def test_numbers_of_tiles_are_those_of_the_format():
    """Numbers along the curve, as the specification of PMTiles 3 gives them."""
    assert [tile_number(*zyx) for zyx in ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1), (2, 0, 0))] == [
        0, 1, 2, 3, 4, 5,
    ]  # fmt: skip
    assert tile_number(12, 1763, 3423) == 19_078_479
    level = {tile_number(5, y, x) for y in range(32) for x in range(32)}
    assert level == set(range(min(level), min(level) + 1024))


def test_the_last_level_holds_every_feature_whole(tmp_path):
    """Areas, lines and points of the last level are those of the source, to the step of the grid."""
    rng = np.random.default_rng(1)
    points = [shapely.Point(x, y) for x, y in rng.uniform((95, 5), (110, 28), (500, 2))]
    starts = rng.uniform((95, 5), (110, 28), (30, 2))
    lines = [shapely.LineString(start + rng.uniform(0, 0.5, (5, 2))) for start in starts]
    squares = cells()
    path = archive(tmp_path, [*points, *lines, *squares], last=8)
    found = read(path, 8)
    step = 360 / 2**8 / EXTENT
    ours = found.dissolve("mvt_id")
    assert sorted(ours.index) == list(range(1, len(points) + len(lines) + len(squares) + 1))
    for number, point in enumerate(points, 1):
        assert ours.geometry[number].distance(point) < 2 * step
    for number, line in enumerate(lines, 501):
        assert ours.geometry[number].hausdorff_distance(line) < 3 * step
    for number, square in enumerate(squares, 531):
        assert ours.geometry[number].symmetric_difference(square).area < 4 * 0.5 * 2 * step


def test_holes_stay_holes(tmp_path):
    """A hole is no part of a polygon, an island in it is; the turn of their rings does not matter."""
    outer, hole, island = (shapely.box(100 - s, 15 - s, 100 + s, 15 + s) for s in (4, 2, 1))
    ring = outer.difference(hole).union(island)
    flipped = shapely.MultiPolygon(
        [shapely.Polygon(p.exterior.coords[::-1], [r.coords[::-1] for r in p.interiors]) for p in ring.geoms]
    )
    found = read(archive(tmp_path, [ring, flipped], last=7), 7).dissolve("mvt_id")
    for number in (1, 2):
        assert found.geometry[number].area == pytest.approx(ring.area, rel=1e-3)
        assert not found.geometry[number].contains(shapely.Point(101.5, 15))


def test_attributes_come_back(tmp_path):
    """Texts, whole and decimal numbers, truth values and gaps are as they were; long texts are cut."""
    columns = {
        "rock": ["granite", "花岗岩", None, "x" * 500], "number": [1, -5, 2**40, None],
        "share": [0.1, float("nan"), -1e300, 2.0], "yes": [True, False, None, True],
    }  # fmt: skip
    found = read(archive(tmp_path, [shapely.Point(100 + n, 15) for n in range(4)], columns, last=4), 4)
    found = found.set_index("mvt_id").sort_index()
    assert [None if pd.isna(x) else x for x in found["rock"]] == ["granite", "花岗岩", None, "x" * 200]
    assert [None if pd.isna(x) else int(float(x)) for x in found["number"]] == [1, -5, 2**40, None]
    assert [None if pd.isna(x) else float(x) for x in found["share"]] == [0.1, None, -1e300, 2.0]


def test_neighbours_leave_no_gap(tmp_path):
    """On every level, areas that share edges cover what they cover together."""
    squares = cells(20, 20, side=0.3)
    path = archive(tmp_path, squares, last=8)
    whole = shapely.union_all(squares)
    for level in (4, 6, 8):
        pixel = 360 / 2**level / 512
        together = shapely.union_all(shapely.buffer(read(path, level).geometry.to_numpy(), pixel / 16))
        assert whole.buffer(-pixel).difference(together).area < 1e-9


def test_what_is_smaller_than_a_pixel_is_still_seen(tmp_path):
    """On the first level, thousands of small areas and points are marks, one a pixel; none is lost later."""
    rng = np.random.default_rng(2)
    places = rng.uniform((100, 10), (101, 11), (5000, 2))
    areas = [shapely.box(x, y, x + 1e-3, y + 1e-3) for x, y in places]
    path = archive(tmp_path, areas, last=10)
    assert 1 <= len(read(path, 0)) <= 9
    assert len(read(path, 10).drop_duplicates("mvt_id")) == 5000


def test_the_antimeridian_and_the_poles_are_no_harm(tmp_path):
    """Areas cut at 180° touch both ends of the world; what lies at a pole is drawn to the edge of the map."""
    east, west = shapely.box(178, -20, 180, -15), shapely.box(-180, -20, -178, -15)
    polar = shapely.box(-180, 80, 180, 90)
    found = read(archive(tmp_path, [shapely.MultiPolygon([east, west]), polar], last=4), 4).dissolve("mvt_id")
    assert found.geometry[1].area == pytest.approx(20, rel=0.01)
    assert found.total_bounds[[0, 2]] == pytest.approx([-180, 180], abs=0.5)


@pytest.mark.parametrize(
    "geometry",
    [
        None, shapely.Point(), shapely.Polygon(), shapely.GeometryCollection(),
        shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), shapely.Polygon([(0, 0), (1, 0), (2, 0)]),
        shapely.LineString([(0, 0), (0, 0)]), shapely.MultiPoint([(0, 0), (1, 1)]),
        shapely.GeometryCollection([shapely.Point(1, 1), shapely.GeometryCollection([shapely.box(0, 0, 1, 1)])]),
        shapely.from_wkt("POLYGON Z ((0 0 1, 5 0 2, 5 5 3, 0 0 1))"), shapely.Point(np.nan, 1), shapely.Point(0, 90),
    ],
)  # fmt: skip
def test_odd_geometries_are_no_fault(tmp_path, geometry):
    """Nothing, empty, crossed, flat, nested, with heights: an archive is made, and what is sound is in it."""
    path = archive(tmp_path, [geometry, shapely.Point(100, 15)], last=5)
    assert 2 in set(read(path, 5)["mvt_id"])


def test_no_features_make_an_empty_archive(tmp_path):
    """An archive without tiles opens, and has none."""
    assert TileArchive.open(archive(tmp_path, [])).tile(0, 0, 0) is None


def test_a_large_directory_is_read_whole(tmp_path):
    """Directories of two levels: every tile is found, no other is."""
    rng = np.random.default_rng(3)
    places = {(int(y), int(x)) for y, x in rng.integers(0, 1 << 14, (30_000, 2))}
    writer = ArchiveWriter(tmp_path)
    writer.add(14, [Tile(y, x, f"{y} {x}".encode()) for y, x in places])
    writer.close(tmp_path / "a.pmtiles", levels=(14, 14), bbox=WORLD, metadata={})
    opened = TileArchive.open(tmp_path / "a.pmtiles")
    for y, x in list(places)[:500]:
        assert gzip.decompress(opened.tile(14, y, x)) == f"{y} {x}".encode()
    free = [(y, x) for y, x in rng.integers(0, 1 << 14, (500, 2)).tolist() if (y, x) not in places]
    assert all(opened.tile(14, y, x) is None for y, x in free)


def test_equal_tiles_are_kept_once(tmp_path):
    """Tiles of one content lie in one place, neighbours of them in one entry."""
    writer = ArchiveWriter(tmp_path)
    writer.add(6, [Tile(y, x, b"sea" * 1000) for y in range(64) for x in range(64)])
    writer.close(tmp_path / "a.pmtiles", levels=(6, 6), bbox=WORLD, metadata={})
    assert (tmp_path / "a.pmtiles").stat().st_size < 1000
    assert gzip.decompress(TileArchive.open(tmp_path / "a.pmtiles").tile(6, 63, 5)) == b"sea" * 1000


@pytest.mark.parametrize(
    "content", [b"PMTiles", b"PMTiles\x03" + bytes(200), b"x" * 300, b"PMTiles\x02" + b"\xff" * 300]
)
def test_other_files_are_refused(tmp_path, content):
    """A file that is no archive is told to be none."""
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InvalidError):
        TileArchive.open(tmp_path / "a")


coordinates = st.tuples(st.floats(-179, 179), st.floats(-84, 84))


@given(st.lists(coordinates, min_size=3, max_size=12), st.integers(0, 6))
@settings(max_examples=150, deadline=None)
def test_cut_rings_stay_in_their_tile(ring, level):
    """Property: whatever a ring is, its pieces lie in the tile and its margin, and GDAL could read them."""
    shapes = shapes_of(np.array([shapely.Polygon(ring), None], object)[:1], WEB_MERCATOR_QUAD)
    side = 2**level
    for row, column in ((0, 0), (side // 2, side // 2), (side - 1, side - 1)):
        piece = in_tile(shapes, WEB_MERCATOR_QUAD, level, row, column)
        for values in (piece.x, piece.y):
            assert np.all((values >= -MARGIN - 1e-9) & (values <= 1 + MARGIN + 1e-9))
        for last in (False, True):
            tiles = list(written(drawn(piece, last=last), attributes_of({}), np.array([7]), "a"))
            assert len(tiles) <= 1


@given(st.lists(coordinates, min_size=2, max_size=8))
@settings(max_examples=150, deadline=None)
def test_cut_lines_are_what_lies_within(line):
    """Property: the length of a line in a tile is the one that GEOS finds there."""
    shapes = shapes_of(np.array([shapely.LineString(line), None], object)[:1], WORLD_CRS84_QUAD)
    piece = in_tile(shapes, WORLD_CRS84_QUAD, 1, 0, 1)
    low, high = -MARGIN, 1 + MARGIN
    whole = shapely.LineString([((x + 180) / 90 - 1, (90 - y) / 90) for x, y in line])
    parts = [shapely.LineString(pair) for pair in pairwise(whole.coords)]
    expected = shapely.length(shapely.intersection(parts, shapely.box(low, low, high, high))).sum()
    owners = np.repeat(np.arange(len(piece.sizes)), piece.sizes)
    inner = np.diff(owners) == 0
    length = np.hypot(np.diff(piece.x), np.diff(piece.y))[inner].sum()
    assert length == pytest.approx(expected, abs=1e-6)
    assert clip(piece) is piece or np.isclose(length, expected, atol=1e-6)


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=50))
def test_numbers_are_written_as_varints(numbers):
    """Property: numbers come back from their bytes."""
    data, found, value, shift = numbers_as_bytes(np.array(numbers, np.int64)), [], 0, 0
    for octet in data:
        value |= (octet & 127) << shift
        shift += 7
        if octet < 128:
            found.append(value)
            value, shift = 0, 0
    assert found == numbers


def test_levels_go_as_deep_as_the_data():
    """Fine lines reach deeper than coarse ones; a few features reach the deepest level, many do not."""

    def level(step, count):
        rng = np.random.default_rng(4)
        starts = rng.uniform((95, 5), (110, 28), (count, 2))
        lines = [shapely.LineString(s + np.arange(20)[:, np.newaxis] * step) for s in starts]
        return last_level(shapes_of(np.array(lines, object), WEB_MERCATOR_QUAD), 0.01)

    assert level(0.5, 200) < level(0.01, 200) < level(0.0005, 200) <= 14
    few = np.array([shapely.Point(100, 15), shapely.Point(101, 16)], object)
    assert last_level(shapes_of(few, WEB_MERCATOR_QUAD)) == 14


def test_tile_matrix_sets_are_those_of_the_register():
    """Scales, sizes of cells and origins of OGC 17-083r4, Annex D."""
    mercator, degrees = (definition(tms)["tileMatrices"] for tms in TILE_MATRIX_SETS.values())
    assert mercator[0]["scaleDenominator"] == pytest.approx(559_082_264.028717, rel=1e-12)
    assert mercator[18]["cellSize"] == pytest.approx(0.597164283559817, rel=1e-9)
    assert mercator[0]["pointOfOrigin"] == pytest.approx([-20_037_508.3427892, 20_037_508.3427892])
    assert degrees[0]["scaleDenominator"] == pytest.approx(279_541_132.014358, rel=1e-12)
    assert (degrees[3]["matrixWidth"], degrees[3]["matrixHeight"]) == (16, 8)
    assert tile_bounds(WEB_MERCATOR_QUAD, 1, 0, 1) == pytest.approx((0, 0, 20_037_508.34, 20_037_508.34))
    assert tile_bbox(WORLD_CRS84_QUAD, 1, 1, 0) == (-180, -90, -90, 0)


@pytest.mark.parametrize("tms", TILE_MATRIX_SETS.values())
def test_tiles_of_a_box_hold_it(tms):
    """The range of tiles of a box covers it, and no row or column is without a part of it."""
    box = (95.3, 5.1, 109.9, 28.4)
    for level in range(12):
        found = tile_range(tms, level, box)
        west, _, _, north = tile_bbox(tms, level, found.first_row, found.first_column)
        _, south, east, _ = tile_bbox(tms, level, found.last_row, found.last_column)
        assert west <= box[0] < box[2] <= east + 1e-9
        assert south <= box[1] < box[3] <= north + 1e-9
    assert tile_range(tms, 3, (170, 0, -170, 10)).first_column == 0


def test_geopandas_and_gdal_agree_on_a_real_map(tmp_path):
    """A frame that GeoPandas makes is the frame that GDAL reads from its archive."""
    frame = gpd.GeoDataFrame({"n": [str(n) for n in range(144)]}, geometry=cells(), crs="EPSG:4326")
    path = archive(tmp_path, list(frame.geometry), {"n": frame["n"].tolist()}, last=7)
    found = read(path, 7).dissolve("n", as_index=False).set_index("n").loc[frame["n"]]
    ours, theirs = (shapely.area(one.geometry.to_numpy()) for one in (found, frame))
    assert ours == pytest.approx(theirs, rel=5e-3)
