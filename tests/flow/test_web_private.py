"""What a visitor may not see is not there: every door of a node is compared with that of a node without it."""

from __future__ import annotations

import re
import shutil

import geopandas as gpd
import pytest
from tests.serving import Served, make_node, put

import craton

SECRET = "goldvein-7c1e"
"""Stands in the identifier, the title, a column and the values of what is private."""

QUERY_DOORS = (
    "/collections?limit=1000",
    f"/collections/catalogue/items?q={SECRET}",
    "/collections/catalogue/items?bbox=103,19,105,21",
    "/collections/catalogue/items?filter=kind='table'&sortby=updated",
    f"/collections/catalogue/items?filter=title%20LIKE%20%27%25{SECRET}%25%27",
    "/collections/catalogue/items?deleted=include",
    "/collections/catalogue/facets",
    "/stac",
    "/stac/collections",
    f"/stac/search?ids={SECRET}",
    "/stac/search?bbox=103,19,105,21&limit=100",
    f"/stac/search?q={SECRET}",
    "/under?coords=POINT(104%2020)&radius=50000",
    f"/places?q={SECRET}",
    "/wms?service=WMS&request=GetCapabilities",
    "/wmts?service=WMTS&request=GetCapabilities",
    "/wfs?service=WFS&version=2.0.0&request=GetCapabilities",
    "/csw?service=CSW&version=2.0.2&request=GetCapabilities",
    "/csw?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=results&elementSetName=full",
    "/processes",
    "/apps",
    "/apps/hazard-exposure",
    "/jobs",
    "/datasets?limit=1000",
)

NAMED_DOORS = (
    "/datasets/{id}",
    "/datasets/{id}@1",
    "/datasets/{id}/provenance",
    "/datasets/{id}/data?f=geojson",
    "/datasets/{id}/assets/data",
    "/collections/{id}",
    "/collections/{id}/items",
    "/collections/{id}/items/1",
    "/collections/{id}/queryables",
    "/collections/{id}/sortables",
    "/collections/{id}/tiles",
    "/collections/{id}/tiles/WebMercatorQuad",
    "/collections/{id}/tiles/WebMercatorQuad/5/14/25",
    "/collections/{id}/tiles.pmtiles",
    "/collections/{id}/map?bbox=103,19,105,21",
    "/collections/{id}/map/tiles/WebMercatorQuad/5/14/25",
    "/collections/{id}/position?coords=POINT(104%2020)",
    "/collections/{id}/coverage",
    "/collections/{id}/scene",
    "/collections/{id}/bricks/0/0/0/0",
    "/collections/{id}/mesh.glb",
    "/collections/{id}/holes",
    "/collections/{id}/points",
    "/collections/{id}/heights",
    "/collections/{id}/styles",
    "/collections/{id}/styles/default",
    "/collections/{id}/legend",
    "/collections/catalogue/items/{id}",
    "/stac/collections/table/items/{id}",
    "/wms?service=WMS&version=1.3.0&request=GetMap&layers={id}&styles=&crs=EPSG:4326&bbox=19,103,21,105&width=64&height=64&format=image/png",
    "/wms?service=WMS&version=1.3.0&request=GetLegendGraphic&layer={id}&format=image/png",
    "/wmts?service=WMTS&request=GetTile&version=1.0.0&layer={id}&style=default&tilematrixset=WebMercatorQuad&tilematrix=5&tilerow=14&tilecol=25&format=image/png",
    "/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames={id}",
    "/wfs?service=WFS&version=2.0.0&request=DescribeFeatureType&typeNames={id}",
    "/csw?service=CSW&version=2.0.2&request=GetRecordById&id={id}",
)

VARYING = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?|[0-9a-f]{32}|urn:uuid:[\w-]+|\d+(\.\d+)?ms")
"""Times and random numbers of a reply."""


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    """The node with something private in it, and the same node without."""
    folder = tmp_path_factory.mktemp("private")
    make_node(folder / "without")
    shutil.copytree(folder / "without", folder / "with")
    place = gpd.GeoDataFrame(
        {SECRET: [SECRET], "gold_ppm": [99.0]}, geometry=gpd.points_from_xy([104.0], [20.0]), crs="EPSG:4326"
    )
    with craton.open(folder / "with") as node:
        put(node, place, "table", id=SECRET, visibility="private")
        put(node, place, "table", id=f"{SECRET}-partners", visibility="partners")
    with Served(folder / "with", "") as full, Served(folder / "without", "") as bare:
        yield full, bare


def _told(server, address):
    """Status and text of a reply, without what differs between any two nodes and moments."""
    reply = server.client.get(address)
    text = reply.text.replace(server.address, "").replace(str(server.folder), "")
    return reply.status_code, VARYING.sub("~", text)


def _links(document):
    if isinstance(document, dict):
        if isinstance(document.get("href"), str):
            yield document["href"]
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from _links(part)


def _walk(server, most=400):
    """Every JSON document that links lead to from the landing page, by its address."""
    waiting, told = ["/", "/stac"], {}
    while waiting and len(told) < most:
        address = waiting.pop(0)
        if address in told or "{" in address:
            continue
        reply = server.client.get(address, headers={"Accept": "application/json"})
        told[address] = reply.status_code, ""
        if "json" not in reply.headers.get("content-type", ""):
            continue
        text = reply.text.replace(server.address, "")
        told[address] = reply.status_code, VARYING.sub("~", text)
        hrefs = (one.removeprefix(server.address) for one in _links(reply.json()))
        waiting += [one for one in hrefs if one.startswith("/") and "f=html" not in one]
    return told


def test_following_every_link_finds_the_same(doors):
    """Whoever follows all links from the landing page meets the same documents on both nodes."""
    full, bare = doors
    with_secret, without = _walk(full), _walk(bare)
    assert with_secret.keys() == without.keys()
    assert {a: t for a, t in with_secret.items() if t != without[a]} == {}
    assert len(without) > 50


@pytest.mark.parametrize("address", QUERY_DOORS)
def test_lists_and_searches_are_the_same(doors, address):
    """Lists, counts, facets and searches say nothing of what is private, also when asked for its own words."""
    full, bare = doors
    assert _told(full, address) == _told(bare, address)


@pytest.mark.parametrize("id", [SECRET, f"{SECRET}-partners"])
@pytest.mark.parametrize("address", NAMED_DOORS)
def test_its_own_address_is_like_one_of_nothing(doors, address, id):
    """Whoever guesses the identifier gets the words of a node on which it never was."""
    full, bare = doors
    status, text = _told(full, address.format(id=id))
    assert (status, text) == _told(bare, address.format(id=id))
    assert status >= 400 or address.startswith(("/csw", "/wms", "/wfs", "/wmts"))


@pytest.mark.parametrize("address", ["/processes/table.rank/execution", "/processes/vector.buffer/execution"])
def test_it_cannot_be_computed_with(doors, address):
    """A process refuses it as it refuses what is not there."""
    full, bare = doors
    name = "table" if "rank" in address else "features"
    replies = [s.client.post(address, json={"inputs": {name: SECRET}}) for s in (full, bare)]
    assert replies[0].status_code == replies[1].status_code >= 400
    assert replies[0].text == replies[1].text
