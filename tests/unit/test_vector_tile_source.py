"""Features for tiles: bounded whatever there is, and archives that cannot be made are not tried for ever."""

from __future__ import annotations

import gzip
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from tests.featured import stored

from craton.model.errors import StorageError
from craton.model.tile_matrix import WEB_MERCATOR_QUAD
from craton.store import vector_tile_source, vector_tiles
from craton.store.feature_build import FORMAT
from craton.store.feature_index import open_features
from craton.store.vector_tile_pick import picked
from craton.store.vector_tile_source import connect, ids_in
from craton.store.vector_tiles import open_tiles

WORLD = (-180.0, -90.0, 180.0, 90.0)


def squares():
    """Squares that grow to the east, with points between."""
    sides = np.linspace(0.01, 0.5, 100)
    shapes = [shapely.box(n, 10, n + side, 10 + side) for n, side in enumerate(sides)]
    return gpd.GeoDataFrame(
        {"n": range(200)}, geometry=[*shapes, *shapely.points(range(100), 5)], crs="EPSG:4326"
    )


@pytest.fixture
def connection(tmp_path):
    store, record = stored(squares(), "table", tmp_path / "node", crs="EPSG:4326")
    open_features(store, record)
    with closing(connect(store.derived.path(record.content, f"features-{FORMAT}.sqlite"))) as opened:
        yield opened


@pytest.mark.parametrize("names", [("n",), ("name", "odd"), ("place", "n", "odd", "name"), ()])
def test_a_tile_with_some_columns_is_that_of_a_table_with_these(tmp_path, names):
    """Byte for byte: shapes, identifiers, keys and values; with gaps, long texts, and more values than 127."""
    data = squares()
    data["name"] = [f"{'x' * 150} {n % 7}" if n % 3 else None for n in range(200)]
    data["place"] = [complex(n).real * 1e6 for n in range(200)]
    data["odd"] = [bool(n % 2) if n < 150 else None for n in range(200)]

    def tile(columns, folder):
        store, record = stored(data[[*columns, "geometry"]], "table", tmp_path / folder, crs="EPSG:4326")
        return open_tiles(store, record).tile(WEB_MERCATOR_QUAD, 0, 0, 0).data

    order = [one for one in ("n", "name", "place", "odd") if one in names]
    whole = gzip.decompress(tile(["n", "name", "place", "odd"], "all"))
    assert picked(whole, names) == gzip.decompress(tile(order, "some"))


def test_the_largest_features_are_taken(connection):
    """Of more features than are wanted, those of the largest boxes; of points, some from all parts."""
    assert ids_in(connection, WORLD, most=1000).tolist() == list(range(1, 201))
    assert ids_in(connection, WORLD, most=10).tolist() == list(range(91, 101))
    points = ids_in(connection, (-1.0, 4.0, 101.0, 6.0), most=20)
    assert len(points) == 20
    assert points.min() < 120
    assert points.max() > 180


def test_a_search_that_takes_too_long_gives_some_features(connection, monkeypatch):
    """Where not all features can be looked at in time, some come from all parts of the file."""
    monkeypatch.setattr(vector_tile_source, "LOOKING_SECONDS", -1.0)
    monkeypatch.setattr(vector_tile_source, "STEPS", 1)
    found = ids_in(connection, WORLD, most=20)
    assert len(found) == 20
    assert found.min() < 20
    assert found.max() > 180
    assert set(ids_in(connection, (-1.0, 4.0, 101.0, 6.0), most=20)) <= set(range(101, 201))


def test_tables_of_thousands_of_columns_have_tiles(tmp_path):
    """Of more columns than a table of SQLite may have, tiles hold the first ones."""
    columns = pd.DataFrame({f"b{n}": [n] for n in range(2000)})
    data = gpd.GeoDataFrame(columns, geometry=[shapely.Point(100, 15)], crs="EPSG:4326")
    tiles = open_tiles(*stored(data, "table", tmp_path / "node", crs="EPSG:4326"))
    assert tiles.tile(WEB_MERCATOR_QUAD, 0, 0, 0)
    path = tmp_path / "tiles.pmtiles"
    path.write_bytes(tiles.whole().read_bytes())
    assert pyogrio.read_dataframe(path)["b1899"].tolist() == [1899]


def test_an_archive_that_failed_is_not_tried_for_ever(tmp_path, monkeypatch):
    """A failure is noted beside the data; it holds for other processes too, and not without end."""
    tried = []

    def asked(job):
        with pytest.raises(StorageError):
            job()

    def fail(features, target, last, said):
        tried.append(target)
        raise StorageError("tiles were not made: MemoryError")

    monkeypatch.setattr(vector_tiles, "make_apart", fail)
    monkeypatch.setattr(vector_tiles, "SMALL_FEATURES", 0)
    monkeypatch.setattr(vector_tiles._builder, "ask", lambda _content, job: asked(job))
    store, record = stored(squares(), "table", tmp_path / "node", crs="EPSG:4326")
    for _ in range(3):
        vector_tiles._open.clear()
        assert open_tiles(store, record).tile(WEB_MERCATOR_QUAD, 0, 0, 0)
        assert open_tiles(store, record).whole() is None
    assert len(tried) == 1
    monkeypatch.setattr(vector_tiles, "FAILED_SECONDS", -1.0)
    open_tiles(store, record).whole()
    assert len(tried) == 2
