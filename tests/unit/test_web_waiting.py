"""Nobody waits for what others ask: threads of their own for what takes long, and limits for what does not."""

import asyncio
import threading

import geopandas as gpd
import numpy as np
import pytest
import shapely
from starlette.testclient import TestClient
from tests.serving import put

import craton
from craton.store import feature_index, feature_make, vector_tiles
from craton.store.vector_tiles import open_tiles, tiles_at_hand
from craton.web import features_items, warming
from craton.web.app import OFTEN, make_app
from craton.web.site import ASKERS, Site, SiteOptions


@pytest.fixture
def node(tmp_path):
    places = gpd.points_from_xy(np.linspace(100, 104, 50), np.linspace(15, 18, 50))
    with craton.create(tmp_path / "node") as node:
        put(node, gpd.GeoDataFrame({"n": range(50)}, geometry=places, crs="EPSG:4326"), "table", id="wells")
        yield node


@pytest.fixture
def site(node):
    with node.manager() as manager:
        site = Site(node.store, manager, None, SiteOptions(metrics="off"))
        yield site
        site.close()
        site.operations.close()


@pytest.fixture
def client(site):
    with TestClient(make_app(site, None)) as client:
        yield client


def test_small_questions_do_not_wait_for_long_ones(site):
    """When every thread of long questions is taken, what asks the catalogue is answered still."""
    free = threading.Event()

    async def ask():
        waiting = [asyncio.ensure_future(site.ask(free.wait, 30)) for _ in range(2 * ASKERS)]
        await asyncio.sleep(0.05)
        try:
            return await asyncio.wait_for(site.read(lambda: "answered"), 10)
        finally:
            free.set()
            await asyncio.gather(*waiting)

    assert asyncio.run(ask()) == "answered"


@pytest.mark.parametrize(
    ("path", "is_long"),
    [
        ("/under?coords=POINT(1 2)", True), ("/wms", True), ("/wmts", True), ("/wfs", True),
        ("/collections/wells/legend", True), ("/collections/wells/queryables", True),
        ("/collections/wells/tiles/WebMercatorQuad/1/0/0", True), ("/collections/wells/map", True),
        ("/collections/wells", False), ("/collections/catalogue/items", False),
        ("/collections/catalogue/facets", False), ("/datasets/wells", False), ("/", False),
        ("/stac/search", False),
    ],
)  # fmt: skip
def test_what_asks_the_data_of_datasets_has_threads_of_its_own(client, monkeypatch, path, is_long):
    """Those that read a dataset's data, and no others, take the threads for long questions."""
    taken = []
    for name in ("read", "ask"):
        act = getattr(Site, name)
        monkeypatch.setattr(Site, name, lambda *given, name=name, act=act: taken.append(name) or act(*given))
    client.get(path)
    assert taken == ["ask" if is_long else "read"]


def test_a_page_for_which_all_wait_is_begun_anew_in_a_thread(client, monkeypatch):
    """A page that takes too long on the loop is answered all the same, and the next goes to a thread at once."""
    threads = []
    page = feature_index.FeatureIndex.page

    def noted(index, query, *, seconds=None):
        threads.append(seconds)
        return page(index, query, seconds=seconds)

    client.get("/collections/wells/items")
    monkeypatch.setattr(features_items, "MOST_SECONDS", -1.0)
    monkeypatch.setattr(features_items.Opened, "is_quick", True)
    monkeypatch.setattr(feature_index.FeatureIndex, "page", noted)
    monkeypatch.setattr("craton.store.feature_session.SHORT_STEPS", 1)
    reply = client.get("/collections/wells/items?bbox=99,14,105,19&limit=3")
    assert reply.json()["numberReturned"] == 3
    assert threads == [-1.0, None]


def test_features_that_are_being_made_are_told_so(client, monkeypatch):
    """503 with words and a time to come back; then the features."""
    monkeypatch.setattr(feature_make, "SMALL_BYTES", 0)
    reply = client.get("/collections/wells/items")
    assert (reply.status_code, int(reply.headers["retry-after"]) > 0) == (503, True)
    assert "being made ready" in reply.json()["detail"]
    for _ in range(600):
        reply = client.get("/collections/wells/items")
        if reply.status_code == 200:
            break
        threading.Event().wait(0.05)
    assert reply.json()["numberMatched"] == 50


def test_tiles_of_a_removed_archive_are_not_made_while_all_wait(node, monkeypatch):
    """What is open is given at once; where its file is gone, nothing is made until a thread asks."""
    record = node.store.get("wells")
    tiles = open_tiles(node.store, record)
    square = vector_tiles.WEB_MERCATOR_QUAD
    assert tiles.at_hand(square, 0) is None
    assert tiles.tile(square, 0, 0, 0) is not None
    assert tiles_at_hand(node.store, record).at_hand(square, 0) is not None
    monkeypatch.setattr(vector_tiles, "SEEN_SECONDS", 0.0)
    node.store.derived.clear()
    assert tiles.at_hand(square, 0) is None
    assert not node.store.derived.path(record.content, vector_tiles.ARCHIVE).exists()
    assert open_tiles(node.store, record).tile(square, 0, 0, 0) is not None


def test_what_is_asked_most_is_tried_first(client):
    """The addresses that are asked most are tried first, and lead where they did."""
    paths = [route.path for route in client.app.router.routes]
    is_often = [path.endswith(OFTEN) for path in paths]
    assert 4 <= sum(is_often) <= 6
    assert is_often == sorted(is_often, reverse=True)
    assert client.get("/collections/wells/tiles/WebMercatorQuad/0/0/0").status_code == 200


def test_new_large_tables_are_made_ready(node, monkeypatch):
    """After each change of the catalogue the newest tables are looked at; without one, nothing is."""
    asked = []
    monkeypatch.setattr(warming, "make_ready", lambda _store, record: asked.append(record.id))
    warmer = warming.Warmer(node.store)
    now = warmer.look(-1)
    assert asked == ["wells"]
    assert warmer.look(now) == now
    assert asked == ["wells"]


def test_a_page_that_cannot_be_read_keeps_no_table_from_being_made_ready(node, monkeypatch):
    """Whatever is wrong with the files of the portal, the tables are looked at."""
    looked = threading.Event()

    def unreadable():
        raise PermissionError

    monkeypatch.setattr(warming, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(warming, "pack_first", unreadable)
    monkeypatch.setattr(warming, "make_ready", lambda _store, _record: looked.set())
    with warming.Warmer(node.store):
        assert looked.wait(5)


def test_shapes_that_meet_are_still_found(node):
    """The limit of time changes no answer."""
    index = feature_index.open_features(node.store, node.store.get("wells"))
    query = feature_index.FeatureQuery(bbox=shapely.box(100, 15, 101, 16).bounds, limit=50)
    assert index.page(query, seconds=5.0).ids == index.page(query).ids != []
