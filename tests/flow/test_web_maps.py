"""Maps and tiles of maps, by the requirements of OGC API – Maps (20-058) and OGC API – Tiles (20-057)."""

from __future__ import annotations

import io

import geopandas as gpd
import httpx
import numpy as np
import pytest
import rasterio
import shapely
import xarray as xr
from PIL import Image
from tests.serving import Served, put

import craton

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def gradient(**attributes):
    """A grid of 100–110° and 10–20° whose values are its latitudes."""
    latitudes, longitudes = np.arange(19.95, 10, -0.1), np.arange(100.05, 110, 0.1)
    cells = np.repeat(latitudes[:, np.newaxis], longitudes.size, axis=1).astype(np.float32)
    array = xr.DataArray(
        cells, {"latitude": latitudes, "longitude": longitudes}, ("latitude", "longitude"), attrs=attributes
    )
    return array.to_dataset(name="value").assign_attrs(crs="EPSG:4326")


def volume():
    """The same at three heights and two times, each step told by the values."""
    base = gradient()["value"]
    times = np.array(["2020-01-01", "2021-01-01"], "datetime64[ns]")
    steps = [xr.concat([base * 0 + 10 * t + u for u in range(3)], dim="upward") for t in range(2)]
    whole = xr.concat(steps, dim="time").assign_coords(time=times, upward=[-200.0, -100.0, 0.0])
    return whole.to_dataset(name="value").assign_attrs(crs="EPSG:4326")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps") / "node"
    squares = gpd.GeoDataFrame(
        {"rock": ["granite", "basalt"]},
        geometry=[shapely.box(100, 10, 105, 20), shapely.box(105, 10, 110, 20)], crs="EPSG:4326",
    )  # fmt: skip
    with craton.create(folder) as node:
        put(node, gradient(), "grid", id="grid-1")
        put(node, gradient(standard_name="elevation", units="m"), "grid", id="relief-1")
        put(node, volume(), "volume", id="volume-1")
        put(node, squares, "table", id="rocks-1")
        put(node, gradient(), "grid", id="secret-1", visibility="private")
        put(node, gradient().drop_attrs(), "grid", id="nowhere-1")
    with Served(folder, "") as served:
        yield served


def picture(reply):
    image = Image.open(io.BytesIO(reply.content))
    return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("name", ["grid-1", "relief-1", "volume-1", "rocks-1"])
def test_map_op(server, name):
    """/req/core/map-op, /req/core/map-success: a GET on the map of a collection gives a picture of it."""
    reply = server.get(f"/collections/{name}/map")
    assert reply.headers["content-type"] == "image/png"
    assert picture(reply)[..., 3].any()
    assert reply.headers["content-crs"].startswith("<http://www.opengis.net/def/crs/")


@pytest.mark.parametrize(
    ("form", "media_type"), [("png", "image/png"), ("webp", "image/webp"), ("jpeg", "image/jpeg")]
)
def test_formats(server, form, media_type):
    """/req/png, /req/jpeg: the form is chosen by `f`, or by the header Accept."""
    for more in (
        {"params": {"f": form, "width": 20}},
        {"params": {"width": 20}, "headers": {"Accept": media_type}},
    ):
        reply = server.get("/collections/grid-1/map", **more)
        assert reply.headers["content-type"] == media_type
        assert picture(reply).shape[1] == 20


def test_browsers_get_png(server):
    """A browser, which takes anything, gets a PNG."""
    accept = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
    reply = server.get("/collections/grid-1/map?width=20", headers={"Accept": accept})
    assert reply.headers["content-type"] == "image/png"


def test_scaling(server):
    """/req/scaling/width-definition, height-definition: one side follows from the other and the extent."""
    assert picture(server.get("/collections/grid-1/map?width=50")).shape[:2] == (50, 50)
    assert picture(server.get("/collections/grid-1/map?height=30")).shape[:2] == (30, 30)
    assert picture(server.get("/collections/grid-1/map?width=60&height=20")).shape[:2] == (20, 60)
    assert picture(server.get("/collections/grid-1/map?bbox=100,10,104,12&width=40")).shape[:2] == (20, 40)


def test_bbox(server):
    """/req/spatial-subsetting/bbox-definition: the picture shows the box, in the order of its system."""
    one = server.get("/collections/grid-1/map?bbox=95,15,105,20&width=40&height=20&style=grey")
    other = server.get(
        f"/collections/grid-1/map?bbox=15,95,20,105&bbox-crs={EPSG}4326&width=40&height=20&style=grey"
    )
    assert one.content == other.content
    shown = picture(one)
    assert not shown[:, :19, 3].any()
    assert shown[:, 21:, 3].all()
    assert shown[0, 30, 0] > shown[-1, 30, 0]
    assert one.headers["content-bbox"] in {"95,15,105,20", "15,95,20,105"}


def test_crs(server):
    """/req/crs/crs-definition: the picture is in the system asked for; its bounds are told."""
    reply = server.get(f"/collections/grid-1/map?crs={EPSG}3857&bbox=100,10,110,20&width=50&style=grey")
    assert reply.headers["content-crs"] == f"<{EPSG}3857>"
    west, south, _, _ = map(float, reply.headers["content-bbox"].split(","))
    assert (west, south) == pytest.approx((11131949.08, 1118889.97), abs=1)
    shown = picture(reply)
    assert shown.shape[0] > 50
    assert shown[..., 3].all()


def test_background(server):
    """/req/background: nothing is transparent unless a colour or `transparent=false` is asked for."""
    path = "/collections/grid-1/map?bbox=0,0,1,1&width=4&height=4"
    assert not picture(server.get(path))[..., 3].any()
    assert tuple(picture(server.get(path + "&bgcolor=0x102030"))[0, 0]) == (16, 32, 48, 255)
    assert tuple(picture(server.get(path + "&transparent=false"))[0, 0]) == (255, 255, 255, 255)


def test_steps_of_a_volume(server):
    """/req/datetime: time and height choose a step; the last time and the greatest height where left out."""

    def shade(**query):
        query |= {"range": "0,12", "style": "grey", "width": 5, "height": 5}
        return int(picture(server.get("/collections/volume-1/map", params=query))[2, 2, 0])

    assert shade() == shade(time="2021-01-01", upward=0)
    shown = [
        shade(datetime=t, upward=u) for t in ("2020-01-01", "2021-01-01T00:00:00Z") for u in (-200, -100, 0)
    ]
    assert shown == sorted(shown)
    assert len(set(shown)) == 6
    assert shade(subset="upward(-100)") == shade(upward=-110)


def test_features_have_the_colours_of_their_style(server):
    """A table of areas is drawn in the colours of its style."""
    shown = picture(server.get("/collections/rocks-1/map?width=100"))
    left, right = shown[50, 25], shown[50, 75]
    assert tuple(left) != tuple(right)
    assert left[3] > 100
    style = server.get("/collections/rocks-1/styles/default?f=json").json()
    colours = {c[0]: tuple(int(c[1][i : i + 2], 16) for i in (1, 3, 5)) for c in style["classes"]}
    assert np.abs(np.array(colours["granite"]) - left[:3]).max() <= 2
    assert np.abs(np.array(colours["basalt"]) - right[:3]).max() <= 2


def test_tileset_list(server):
    """/req/tilesets-list: each set of tiles is told with its type, system and matrix set."""
    sets = server.get("/collections/grid-1/map/tiles").json()["tilesets"]
    assert {one["tileMatrixSetURI"].rpartition("/")[2] for one in sets} == {
        "WebMercatorQuad",
        "WorldCRS84Quad",
    }
    assert all(one["dataType"] == "map" and one["crs"] for one in sets)


def test_tileset(server):
    """/req/tileset/description: limits hold the data, and links name the address of a tile."""
    one = server.get("/collections/grid-1/map/tiles/WebMercatorQuad").json()
    limits = {int(level["tileMatrix"]): level for level in one["tileMatrixSetLimits"]}
    assert (limits[4]["minTileCol"], limits[4]["maxTileCol"]) == (12, 12)
    assert (limits[4]["minTileRow"], limits[4]["maxTileRow"]) == (7, 7)
    templates = [link for link in one["links"] if link["rel"] == "item"]
    assert all(link["templated"] for link in templates)
    address = templates[0]["href"].format(tileMatrix=4, tileRow=7, tileCol=12)
    assert httpx.get(address).headers["content-type"] == templates[0]["type"]


def test_tile_json(server):
    """TileJSON names the same tiles with levels and bounds."""
    told = server.get("/collections/grid-1/map/tiles/WebMercatorQuad?f=tilejson&style=grey").json()
    assert told["bounds"] == pytest.approx([100, 10, 110, 20], abs=0.1)
    assert "style=grey" in told["tiles"][0]
    reply = httpx.get(told["tiles"][0].format(z=5, y=14, x=25))
    assert picture(reply)[..., 3].any()


@pytest.mark.parametrize("tms", ["WebMercatorQuad", "WorldCRS84Quad"])
@pytest.mark.parametrize("name", ["grid-1", "rocks-1"])
def test_tiles_show_the_data(server, tms, name):
    """/req/core/tc-success: a tile within the limits shows the data where it is, and nothing elsewhere."""
    one = server.get(f"/collections/{name}/map/tiles/{tms}").json()
    level = one["tileMatrixSetLimits"][3]
    row, column = level["minTileRow"], level["minTileCol"]
    shown = picture(server.get(f"/collections/{name}/map/tiles/{tms}/3/{row}/{column}"))
    assert shown.shape == (256, 256, 4)
    assert shown[..., 3].any()
    empty = picture(server.get(f"/collections/{name}/map/tiles/{tms}/3/0/0"))
    assert not empty[..., 3].any()
    assert (
        picture(server.get(f"/collections/{name}/map/tiles/{tms}/3/{row}/{column}?size=512")).shape[0] == 512
    )


def test_neighbouring_tiles_meet(server):
    """At the common edge of two tiles shades differ no more than inside a tile."""
    left, right = (
        picture(server.get(f"/collections/grid-1/map/tiles/WebMercatorQuad/7/57/{x}?style=grey"))[
            ..., 0
        ].astype(int)
        for x in (100, 101)
    )
    across = np.abs(left[:, -1] - right[:, 0]).max()
    assert across <= np.abs(np.diff(left, axis=1)).max() + 1


@pytest.mark.parametrize(
    "place", ["25/0/0", "4/16/0", "4/0/16", "-1/0/0", "a/0/0", "4/1.5/0", "99999999999999999999/0/0"]
)
def test_tiles_that_are_not_there(server, place):
    """/req/core/tc-error: a tile outside the matrix is not found."""
    server.get(f"/collections/grid-1/map/tiles/WebMercatorQuad/{place}", 404)


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,2,nan,4", "bbox=5,5,5,5", "bbox=0,95,1,99", "bbox=1e400,0,1,1",
        "bbox-crs=EPSG:1", "crs=nothing", "width=0", "width=-5", "width=99999", "width=1.5", "height=x",
        "width=4096&height=4096", "bgcolor=zz", "transparent=maybe", "f=gif", "style=rainbow", "variable=other",
        "range=1", "range=5,1", "range=nan,1", "range=-inf,inf", "time=2020", "upward=1", "subset=x(1)",
        "subset=x", "unknown=1", "variable=value&band=value", "stretch=log", "azimuth=400", "azimuth=x",
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(server, query):
    """/req/core/query-param-invalid: bad parameters are problems of the request, never of the node."""
    reply = server.get(f"/collections/grid-1/map?{query}", 400)
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["map", "map/tiles", "map/tiles/WebMercatorQuad", "map/tiles/WebMercatorQuad/0/0/0"]
)
@pytest.mark.parametrize("name", ["secret-1", "nowhere-1", "absent-1", "grid-1@1"])
def test_what_may_not_be_seen_is_not_there(server, name, path):
    """A private dataset, one without a place and one that is not there have no maps."""
    server.get(f"/collections/{name}/{path}", 404)


def test_who_has_a_picture_need_not_fetch_it_again(server):
    """An entity tag answers 304; another style has another tag; a HEAD has no body."""
    path = "/collections/grid-1/map/tiles/WebMercatorQuad/5/14/25"
    tag = server.get(path).headers["etag"]
    assert server.get(path, 304, headers={"If-None-Match": tag}).content == b""
    assert server.get(path + "?style=grey").headers["etag"] != tag
    head = server.client.head(path)
    assert (head.status_code, head.content) == (200, b"")


def test_the_collection_links_to_its_maps(server):
    """/req/collection-map: the document of a collection links to maps and their tiles."""
    links = server.get("/collections/grid-1").json()["links"]
    maps = [link for link in links if link["rel"].endswith("/map")]
    assert {link["type"] for link in maps} == {"image/png", "image/webp", "image/jpeg"}
    assert httpx.get(maps[0]["href"]).status_code == 200
    assert any(link["rel"].endswith("/tilesets-map") for link in links)
    assert not any("map" in link["rel"] for link in server.get("/collections/nowhere-1").json()["links"])


def test_gdal_reads_the_tiles(server, tmp_path):
    """GDAL's driver for tiles on the web puts them together to the field they were made of."""
    path = tmp_path / "tiles.xml"
    url = f"{server.address}/collections/grid-1/map/tiles/WebMercatorQuad/${{z}}/${{y}}/${{x}}?style=grey&range=10,20"
    path.write_text(
        f"""<GDAL_WMS><Service name="TMS"><ServerUrl>{url.replace("&", "&amp;")}</ServerUrl></Service>
        <DataWindow><UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY>
        <LowerRightX>20037508.34</LowerRightX><LowerRightY>-20037508.34</LowerRightY><TileLevel>6</TileLevel>
        <TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>
        <Projection>EPSG:3857</Projection><BandsCount>4</BandsCount><BlockSizeX>256</BlockSizeX>
        <BlockSizeY>256</BlockSizeY></GDAL_WMS>"""
    )
    try:
        tiles = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        pytest.skip(f"this GDAL has no driver for it: {error}")
    with tiles:
        values = [next(tiles.sample([(11_700_000, y)]))[0] for y in (1_200_000, 1_500_000, 2_200_000)]
    assert values == sorted(values)
    assert len(set(values)) == 3
