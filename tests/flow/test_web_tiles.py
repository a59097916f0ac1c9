"""Vector tiles, as OGC API – Tiles 1 (20-057) and Tile Matrix Set 2 (17-083r4) say, read by GDAL."""

import gzip
import time

import geopandas as gpd
import httpx
import jsonschema
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from openapi_spec_validator import validate
from tests.gdal_apart import read
from tests.serving import Served, plugins, put

import craton

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
CLASSES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
MVT = "application/vnd.mapbox-vector-tile"
SETS = ("WebMercatorQuad", "WorldCRS84Quad")
OWN = "/collections/rocks-1/tiles"


def rocks():
    """A net of squares of a degree, the first column of which lies beyond the antimeridian."""
    squares = [shapely.box(100 + x, 15 + y, 101 + x, 16 + y) for y in range(3) for x in range(4)]
    names = [f"unit {n}" for n in range(12)]
    return gpd.GeoDataFrame({"rock": names, "grade": np.arange(12) / 10}, geometry=squares, crs="EPSG:4326")


def many():
    """More points than are tiled at once."""
    places = np.random.default_rng(1).uniform((95, 5), (110, 28), (6000, 2))
    return gpd.GeoDataFrame({"n": range(6000)}, geometry=gpd.points_from_xy(*places.T), crs="EPSG:4326")


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles")
    with craton.create(folder / "node", title="Mekong node") as made:
        put(made, rocks(), "table", id="rocks-1")
        put(made, many(), "table", id="many-1")
        put(made, rocks(), "table", id="secret-1", visibility="private")
        put(made, pd.DataFrame({"name": ["a", "b"]}), "table", id="names-1")
    with Served(folder / "node", plugins(folder)) as served:
        yield served


def links(document, rel):
    return [one for one in document["links"] if one["rel"] == rel]


def tile_set(node, name="WebMercatorQuad"):
    return node.get(f"{OWN}/{name}").json()


def features(data, folder):
    """Features of a tile, as GDAL reads them, in steps of its grid."""
    path = folder / "tile.mvt"
    path.write_bytes(data)
    return pyogrio.read_dataframe(path)


def test_columns_of_a_tile_can_be_chosen(node, tmp_path):
    """The tile holds the same shapes with these columns only, none where none is named; a wrong name is refused."""
    own = f"{OWN}/WebMercatorQuad/0/0/0"
    whole, some, none = (
        features(node.get(own + query).content, tmp_path)
        for query in ("", "?properties=grade&f=mvt", "?properties=")
    )
    assert {"rock", "grade"} <= set(whole)
    assert "rock" not in some
    assert some["grade"].tolist() == whole["grade"].tolist()
    assert not {"rock", "grade"} & set(none)
    assert some.geometry.equals(whole.geometry)
    assert none.geometry.equals(whole.geometry)
    assert "no column 'age'" in node.get(f"{own}?properties=grade,age", 400).text


def test_req_core_conformance_success(node):
    """/req/core/conformance-success: the classes that are kept are declared."""
    said = node.get("/conformance").json()["conformsTo"]
    kept = {"core", "tileset", "tilesets-list", "geodata-tilesets", "mvt"}
    assert {CLASSES + name for name in kept} <= set(said)


@pytest.mark.parametrize("name", SETS)
def test_req_core_tc_op(node, tmp_path, name):
    """/req/core/tc-op: a template leads to every tile within the limits, all of which hold the data together."""
    (template,) = links(tile_set(node, name), "item")
    level = tile_set(node, name)["tileMatrixSetLimits"][5]
    seen = set()
    for row in range(level["minTileRow"], level["maxTileRow"] + 1):
        for column in range(level["minTileCol"], level["maxTileCol"] + 1):
            href = template["href"].format(tileMatrix=5, tileRow=row, tileCol=column)
            seen |= set(features(node.get(href).content, tmp_path)["rock"])
    assert seen == {f"unit {n}" for n in range(12)}


@pytest.mark.parametrize("parameter", ["tileMatrix", "tileRow", "tileCol"])
def test_req_core_tc_definitions(node, parameter):
    """/req/core/tc-tilematrix-definition, tc-tilerow-definition, tc-tilecol-definition: parameters of the path."""
    paths = node.get("/api").json()["paths"]
    said = next(one["get"] for path, one in paths.items() if path.startswith("/collections/{collectionId}/tiles/{tileMatrixSetId}/"))  # fmt: skip
    (found,) = [one for one in said["parameters"] if one["name"] == parameter]
    assert (found["in"], found["required"], found["schema"]["type"]) == ("path", True, "string")


def test_req_core_tc_success(node, tmp_path):
    """/req/core/tc-success: 200, of the media type that is asked for, only with what lies in the tile."""
    reply = node.get(f"{OWN}/WebMercatorQuad/7/58/99?f=mvt", headers={"Accept-Encoding": "identity"})
    assert reply.headers["content-type"] == MVT
    found = features(reply.content, tmp_path)
    west, south, east, north = found.total_bounds
    assert -80 <= west < east <= 4096 + 80
    assert -80 <= south < north <= 4096 + 80
    packed = httpx.get(f"{node.address}{OWN}/WebMercatorQuad/7/58/99", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == reply.content


@pytest.mark.parametrize(
    "place", ["25/0/0", "0/1/0", "0/0/1", "-1/0/0", "7/0/0", "a/b/c", "7/1e1/5", "99999999999999999999/0/0", "7/58/99999", "20/475000/812000"],
)  # fmt: skip
def test_req_core_tc_error_of_places(node, place):
    """/req/core/tc-error A: what lies outside the set or its limits is not found."""
    assert node.client.get(f"{OWN}/WebMercatorQuad/{place}").status_code == 404


def test_req_core_tc_error_of_empty_tiles(node):
    """/req/core/tc-error B: within the limits, a tile without data has no content."""
    level = node.get("/collections/many-1/tiles/WebMercatorQuad").json()["tileMatrixSetLimits"][14]
    place = f"14/{level['minTileRow'] + 50}/{level['minTileCol'] + 50}"
    reply = node.client.get(f"/collections/many-1/tiles/WebMercatorQuad/{place}")
    assert (reply.status_code, reply.content) == (204, b"")


@pytest.mark.parametrize("name", SETS)
def test_req_tileset_description(node, name):
    """/req/tileset/description: kind, system, sets of the register, limits, layers, a template for tiles."""
    said = tile_set(node, name)
    assert said["dataType"] == "vector"
    assert said["tileMatrixSetURI"].endswith(f"/OGC/1.0/{name}")
    (scheme,) = links(said, RELATION + "tiling-scheme")
    assert node.get(scheme["href"]).json()["id"] == name
    (template,) = links(said, "item")
    assert (template["templated"], template["type"]) == (True, MVT)
    assert all(f"{{{part}}}" in template["href"] for part in ("tileMatrix", "tileRow", "tileCol"))
    assert said["boundingBox"]["lowerLeft"] == pytest.approx([100, 15])
    (layer,) = said["layers"]
    assert (layer["id"], layer["geometryDimension"]) == ("features", 2)
    assert layer["propertiesSchema"]["properties"]["grade"]["type"] == "number"


def test_req_tilesets_list_tileset_links(node):
    """/req/tilesets-list/tileset-links: each set with kind, system, its own document and its scheme."""
    said = node.get(OWN).json()
    assert [one["tileMatrixSetURI"].rpartition("/")[2] for one in said["tilesets"]] == list(SETS)
    for one, name in zip(said["tilesets"], SETS, strict=True):
        assert (one["dataType"], one["crs"][:20]) == ("vector", "http://www.opengis.n")
        (own,) = links(one, "self")
        assert own["href"].endswith(f"{OWN}/{name}")
        assert node.get(own["href"]).json()["title"] == one["title"]


def test_req_geodata_tilesets_desc_links(node):
    """/req/geodata-tilesets/desc-links: a collection leads to its sets of vector tiles."""
    found = links(node.get("/collections/rocks-1").json(), RELATION + "tilesets-vector")
    assert [one["href"] for one in found] == [f"{node.address}{OWN}"]


def test_req_mvt_content(node, tmp_path):
    """/req/mvt/content: tiles are Mapbox vector tiles, each feature with its number and its attributes."""
    data = node.get(f"{OWN}/WebMercatorQuad/0/0/0").content
    found = features(data, tmp_path).set_index("mvt_id").sort_index()
    assert found.index.tolist() == list(range(1, 13))
    assert found["rock"].tolist() == [f"unit {n}" for n in range(12)]
    assert found["grade"].to_numpy() == pytest.approx(np.arange(12) / 10)


def test_req_oas30_operation_ids(node):
    """/req/oas30/completeness, /req/oas30/operation-id: the definition names each operation, and is sound."""
    definition = node.get("/api").json()
    validate(definition)
    names = {
        one["operationId"]
        for path in definition["paths"].values()
        for one in path.values()
        if "operationId" in one
    }
    for suffix in (".vector.getTileSetsList", ".vector.getTileSet", ".vector.getTile"):
        assert any(name.endswith(suffix) for name in names)


TILE_MATRIX_SET = {
    "type": "object",
    "required": ["crs", "tileMatrices"],
    "properties": {
        "id": {"type": "string"}, "crs": {"type": "string", "format": "uri"},
        "orderedAxes": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "tileMatrices": {
            "type": "array", "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "scaleDenominator", "cellSize", "pointOfOrigin", "tileWidth", "tileHeight", "matrixHeight", "matrixWidth"],
                "properties": {
                    "cornerOfOrigin": {"enum": ["topLeft", "bottomLeft"]},
                    "pointOfOrigin": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
                    **{name: {"type": "integer", "minimum": 1} for name in ("tileWidth", "tileHeight", "matrixHeight", "matrixWidth")},
                },
            },
        },
    },
}  # fmt: skip
"""What 17-083r4 demands of a tile matrix set in JSON."""


@pytest.mark.parametrize("name", SETS)
def test_req_tms_tilematrixset_definition(node, name):
    """TMS 2: the full definition of each set, listed and given."""
    listed = {one["id"]: one for one in node.get("/tileMatrixSets").json()["tileMatrixSets"]}
    said = node.get(links(listed[name], RELATION + "tiling-scheme")[0]["href"]).json()
    jsonschema.validate(said, TILE_MATRIX_SET)
    assert [one["id"] for one in said["tileMatrices"]] == [str(n) for n in range(len(said["tileMatrices"]))]
    node.get("/tileMatrixSets/Other", 404)


def test_tilejson_leads_to_tiles(node):
    """TileJSON 3: MapLibre finds tiles, levels, bounds and fields in it."""
    said = node.get(f"{OWN}/WebMercatorQuad?f=tilejson").json()
    assert said["bounds"] == pytest.approx([100, 15, 104, 18])
    assert said["vector_layers"][0]["fields"] == {"rock": "String", "grade": "Number"}
    assert node.get(said["tiles"][0].format(z=said["maxzoom"], y=7483, x=12743)).content
    node.get(f"{OWN}/WorldCRS84Quad?f=tilejson", 400)


def test_the_whole_archive_is_read_by_gdal_in_parts(node):
    """All tiles as one PMTiles file with ranges: GDAL reads it across HTTP."""
    reply = node.get(f"{OWN}.pmtiles", 206, headers={"Range": "bytes=0-6"})
    assert reply.content == b"PMTiles"
    found = read(f"/vsicurl/{node.address}{OWN}.pmtiles", ZOOM_LEVEL=5)
    assert sorted(set(found["mvt_id"])) == list(range(1, 13))


def test_gdal_places_a_single_tile(node, tmp_path):
    """GDAL's driver of Mapbox vector tiles, told the address of a tile, finds the features where they are."""
    path = tmp_path / "tile.mvt"
    path.write_bytes(node.get(f"{OWN}/WebMercatorQuad/5/14/24").content)
    found = pyogrio.read_dataframe(path, X="24", Y="14", Z="5").to_crs("EPSG:4326")
    assert set(found["rock"]) <= {f"unit {n}" for n in range(12)}
    assert shapely.box(99.9, 14.9, 104.1, 18.1).contains(shapely.union_all(found.geometry.to_numpy()))


def test_tiles_of_many_features_come_at_once_and_stay_the_same(node, tmp_path):
    """Before the archive of a large dataset is made, tiles are there already; afterwards nothing is missing."""
    deep = node.get("/collections/many-1/tiles/WebMercatorQuad").json()["tileMatrixSetLimits"][5]
    rows = range(deep["minTileRow"], deep["maxTileRow"] + 1)
    columns = range(deep["minTileCol"], deep["maxTileCol"] + 1)
    ids = set()
    for row in rows:
        for column in columns:
            reply = node.client.get(f"/collections/many-1/tiles/WebMercatorQuad/5/{row}/{column}")
            if reply.status_code == 200:
                ids |= set(features(reply.content, tmp_path)["n"])
    assert len(ids) > 5000
    for _ in range(100):
        reply = node.client.get("/collections/many-1/tiles.pmtiles")
        if reply.status_code == 200:
            break
        assert reply.status_code == 503
        time.sleep(0.2)
        assert int(reply.headers["retry-after"]) > 0
    path = tmp_path / "all.pmtiles"
    path.write_bytes(reply.content)
    found = pyogrio.read_dataframe(path)
    assert len(set(found["mvt_id"])) == 6000


def test_unchanged_tiles_are_not_sent_again(node):
    """Entity tags: whoever has a tile is told so."""
    reply = node.get(f"{OWN}/WebMercatorQuad/5/14/24")
    tag = reply.headers["etag"]
    assert reply.headers["cache-control"] == "no-cache"
    again = node.get(f"{OWN}/WebMercatorQuad/5/14/24", 304, headers={"If-None-Match": tag})
    assert again.content == b""
    head = node.client.head(f"{OWN}/WebMercatorQuad/5/14/24")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


@pytest.mark.parametrize("name", ["secret-1", "names-1", "none-1", "rocks-1@1", "catalogue"])
@pytest.mark.parametrize("path", ["", "/WebMercatorQuad", "/WebMercatorQuad/0/0/0", ".pmtiles"])
def test_what_has_no_tiles_is_not_found(node, name, path):
    """Private datasets, tables without a place, unknown names: not found, all alike."""
    node.get(f"/collections/{name}/tiles{path}", 404)


def test_wrong_questions_are_refused(node):
    """Unknown parameters and forms, methods that are not there."""
    for path in (
        f"{OWN}?x=1",
        f"{OWN}/WebMercatorQuad?f=xml",
        f"{OWN}/WebMercatorQuad/0/0/0?f=png",
        "/tileMatrixSets?x=1",
    ):
        node.get(path, 400)
    node.get(f"{OWN}/Other/0/0/0", 404)
    assert node.client.post(f"{OWN}/WebMercatorQuad/0/0/0").status_code == 405


def test_stored_tiles_are_compressed_once(node):
    """The bytes that are sent are those of the archive: gzip, as they lie in the file."""
    whole = node.get(f"{OWN}.pmtiles").content
    with httpx.stream("GET", f"{node.address}{OWN}/WebMercatorQuad/5/14/24", headers={"Accept-Encoding": "gzip"}) as reply:  # fmt: skip
        raw = b"".join(reply.iter_raw())
    assert raw in whole
    assert gzip.decompress(raw) == node.get(f"{OWN}/WebMercatorQuad/5/14/24").content
