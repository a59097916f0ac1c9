"""Web Map Service 1.3.0 and 1.1.1 and Web Map Tile Service 1.0.0, with OWSLib and GDAL."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from owslib.util import ServiceException
from owslib.wms import WebMapService
from owslib.wmts import WebMapTileService
from PIL import Image
from tests.flow.test_web_maps import gradient, volume
from tests.serving import Served, put

import craton

VERSIONS = ("1.3.0", "1.1.1")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wms") / "node"
    places = gpd.GeoDataFrame({"name": ["<a> & b"]}, geometry=[shapely.Point(105, 15)], crs="EPSG:4326")
    with craton.create(folder, title="Maps & more") as node:
        put(node, gradient(standard_name="bouguer_anomaly", units="mGal"), "grid", id="grid-1")
        put(node, volume(), "volume", id="volume-1")
        put(node, places, "table", id="places-1")
        put(node, gradient(), "grid", id="secret-1", visibility="private")
    with Served(folder, "") as served:
        yield served


@pytest.fixture(scope="module", params=VERSIONS)
def wms(server, request):
    return WebMapService(f"{server.address}/wms", version=request.param)


def picture(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def test_layers(wms):
    """Every dataset with a place that anyone may see is a layer with its box, systems and styles."""
    assert set(wms.contents) == {"grid-1", "volume-1", "places-1"}
    layer = wms["grid-1"]
    assert layer.boundingBoxWGS84 == pytest.approx((100, 10, 110, 20), abs=0.1)
    assert {"EPSG:4326", "EPSG:3857"} <= set(layer.crsOptions)
    assert {"default", "viridis"} <= set(layer.styles)
    assert wms.identification.title == "Maps & more"


def test_dimensions(wms):
    """A volume tells its times and heights."""
    assert [one[:4] for one in wms["volume-1"].timepositions] == ["2020", "2021"]
    if wms.version == "1.3.0":
        assert wms["volume-1"].dimensions["elevation"]["values"] == ["-200.0", "-100.0", "0.0"]


def test_axis_order(wms):
    """EPSG:4326 has latitude first in 1.3.0 and longitude first in 1.1.1; the picture is the same."""
    asked = {
        "layers": ["grid-1"],
        "styles": ["grey"],
        "size": (40, 20),
        "format": "image/png",
        "transparent": True,
    }
    shown = picture(wms.getmap(srs="EPSG:4326", bbox=(95, 15, 105, 20), **asked).read())
    assert shown.shape == (20, 40, 4)
    assert not shown[:, :19, 3].any()
    assert shown[:, 21:, 3].all()
    assert shown[0, 30, 0] > shown[-1, 30, 0]


def test_crs84(server):
    """CRS:84 has longitude first."""
    query = (
        "service=WMS&version=1.3.0&request=GetMap&layers=grid-1&styles=&width=20&height=10&format=image/png"
    )
    one = server.get(f"/wms?{query}&crs=CRS:84&bbox=95,15,105,20")
    other = server.get(f"/wms?{query}&crs=EPSG:4326&bbox=15,95,20,105")
    assert one.content == other.content


def test_background_and_formats(wms):
    """Without transparency the background is white, or the colour asked for; JPEG works too."""
    asked = {"layers": ["grid-1"], "srs": "EPSG:4326", "bbox": (0, 0, 1, 1), "size": (4, 4)}
    assert tuple(picture(wms.getmap(format="image/png", **asked).read())[0, 0]) == (255, 255, 255, 255)
    blue = picture(wms.getmap(format="image/jpeg", bgcolor="#0000FF", **asked).read())[0, 0]
    assert np.abs(blue[:3].astype(int) - (0, 0, 255)).max() < 4


def test_layers_are_stacked(wms):
    """The later layer lies over the earlier one."""
    shown = picture(wms.getmap(
        layers=["grid-1", "places-1"], styles=["", ""], srs="EPSG:4326", bbox=(104, 14, 106, 16),
        size=(101, 101), format="image/png", transparent=True,
    ).read())  # fmt: skip
    below = picture(wms.getmap(
        layers=["grid-1"], srs="EPSG:4326", bbox=(104, 14, 106, 16), size=(101, 101), format="image/png",
        transparent=True,
    ).read())  # fmt: skip
    assert np.array_equal(shown[0], below[0])
    assert not np.array_equal(shown[50, 50], below[50, 50])


def test_time_and_elevation(server):
    """TIME and ELEVATION choose a step; what is not there is an exception with its code."""
    query = (
        "service=WMS&version=1.3.0&request=GetMap&layers=volume-1&styles=&crs=CRS:84&bbox=101,11,109,19"
        "&width=4&height=4&format=image/png"
    )
    shown = {
        server.get(f"/wms?{query}&TIME={t}&ELEVATION={e}").content for t in (2020, 2021) for e in (-200, 0)
    }
    assert len(shown) == 4
    default = server.get(f"/wms?{query}&time=current").content
    assert default == server.get(f"/wms?{query}").content
    assert b"InvalidDimensionValue" in server.get(f"/wms?{query}&ELEVATION=5000", 400).content


def test_feature_info(wms):
    """A pixel tells the value of its cell and the properties of features, in each format."""
    asked = {
        "layers": ["grid-1", "places-1"], "query_layers": ["grid-1", "places-1"], "srs": "EPSG:4326",
        "bbox": (104, 14, 106, 16), "size": (101, 101), "format": "image/png", "xy": (50, 50),
    }  # fmt: skip
    told = wms.getfeatureinfo(info_format="application/json", **asked).read()
    grid, place = json.loads(told)["features"]
    assert grid["properties"]["value"] == pytest.approx(15, abs=0.06)
    assert grid["properties"]["value_unit"] == "mGal"
    assert place["properties"]["name"] == "<a> & b"
    assert b"places-1: name = <a> & b" in wms.getfeatureinfo(info_format="text/plain", **asked).read()
    assert b"&lt;a&gt; &amp; b" in wms.getfeatureinfo(info_format="text/html", **asked).read()


def test_exceptions(wms):
    """A layer that is not there, or that may not be seen, is an exception in XML."""
    for name in ("absent-1", "secret-1"):
        with pytest.raises(ServiceException, match="LayerNotDefined"):
            wms.getmap(layers=[name], srs="EPSG:4326", bbox=(0, 0, 1, 1), size=(4, 4), format="image/png")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("request=GetSomething", "OperationNotSupported"),
        ("request=", "OperationNotSupported"),
        ("service=WFS&request=GetMap", ""),
        ("request=GetMap&layers=&styles=", "LayerNotDefined"),
        ("request=GetMap&layers=grid-1&styles=rainbow", "StyleNotDefined"),
        ("request=GetMap&layers=grid-1&styles=a,b", "StyleNotDefined"),
        ("request=GetMap&layers=grid-1&styles=&crs=EPSG:1&bbox=0,0,1,1&width=4&height=4", "InvalidCRS"),
        ("request=GetMap&layers=grid-1&styles=&crs=CRS:84&bbox=0,0,nan,1&width=4&height=4", ""),
        ("request=GetMap&layers=grid-1&styles=&crs=CRS:84&bbox=1,1,0,0&width=4&height=4", ""),
        ("request=GetMap&layers=grid-1&styles=&crs=CRS:84&bbox=0,0,1,1&width=9999&height=4", ""),
        ("request=GetMap&layers=grid-1&styles=&crs=CRS:84&bbox=0,0,1,1&width=4096&height=4096", ""),
        ("request=GetMap&layers=grid-1&format=image/gif", "InvalidFormat"),
        (
            "request=GetFeatureInfo&layers=grid-1&query_layers=grid-1&styles=&crs=CRS:84&bbox=0,0,1,1&width=4&height=4&i=4&j=0",
            "InvalidPoint",
        ),
        ("request=GetLegendGraphic&layer=absent-1", "LayerNotDefined"),
    ],
)
def test_codes_of_exceptions(server, query, code):
    """What is wrong with a request is told with the code of the standard."""
    reply = server.get(f"/wms?version=1.3.0&{query}", 400)
    root = ET.fromstring(reply.content)
    assert root.tag == "{http://www.opengis.net/ogc}ServiceExceptionReport"
    assert root[0].get("code", "") == code
    assert root[0].text


def test_legends(server):
    """Each layer has a legend, linked from its style."""
    for name in ("grid-1", "places-1"):
        reply = server.get(
            f"/wms?service=WMS&version=1.3.0&request=GetLegendGraphic&layer={name}&format=image/png"
        )
        assert picture(reply.content).shape[1] > 100
    root = ET.fromstring(server.get("/wms?service=WMS&request=GetCapabilities").content)
    links = root.findall(
        ".//{http://www.opengis.net/wms}LegendURL/{http://www.opengis.net/wms}OnlineResource"
    )
    href = links[0].get("{http://www.w3.org/1999/xlink}href")
    assert server.get(href.removeprefix(server.address)).headers["content-type"] == "image/png"


def test_gdal_reads_the_wms(server):
    """GDAL's WMS driver opens the service where this GDAL has it."""
    url = (
        f"WMS:{server.address}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=grid-1&STYLES=&CRS=CRS:84"
        "&BBOX=100,10,110,20&WIDTH=200&HEIGHT=200&FORMAT=image/png"
    )
    try:
        layer = rasterio.open(url)
    except rasterio.errors.RasterioIOError as error:
        pytest.skip(f"this GDAL has no driver for it: {error}")
    with layer:
        assert layer.read(out_shape=(3, 20, 20)).any()


def test_wmts_by_query_and_by_address(server):
    """OWSLib reads both forms of the document and gets the same tile by both ways."""
    service = WebMapTileService(f"{server.address}/wmts")
    assert set(service.contents) == {"grid-1", "volume-1", "places-1"}
    assert set(service.tilematrixsets) == {"WebMercatorQuad", "WorldCRS84Quad"}
    layer = service["grid-1"]
    assert layer.boundingBoxWGS84 == pytest.approx((100, 10, 110, 20), abs=0.1)
    tile = {"layer": "grid-1", "tilematrixset": "WebMercatorQuad", "tilematrix": "4", "row": 7, "column": 12}
    by_query = service.gettile(format="image/png", **tile).read()
    assert picture(by_query)[..., 3].any()
    template = next(one["template"] for one in layer.resourceURLs if one["format"] == "image/png")
    for name, value in (
        ("Style", "default"),
        ("TileMatrixSet", "WebMercatorQuad"),
        ("TileMatrix", 4),
        ("TileRow", 7),
        ("TileCol", 12),
    ):
        template = template.replace(f"{{{name}}}", str(value))
    assert server.get(template.removeprefix(server.address)).content == by_query
    again = WebMapTileService(f"{server.address}/wmts/WMTSCapabilities.xml")
    assert set(again.contents) == set(service.contents)


def test_gdal_reads_the_wmts(server):
    """GDAL puts the tiles together: values rise with latitude as those of the grid do."""
    name = f"WMTS:{server.address}/wmts/WMTSCapabilities.xml,layer=grid-1,tilematrixset=WebMercatorQuad,style=grey"
    with rasterio.open(name) as layer:
        assert layer.crs.to_epsg() == 3857
        shades = layer.read(1, out_shape=(10, 10))
        west, _, east, _ = layer.bounds
    assert (west, east) == pytest.approx((11_137_500, 12_239_500), abs=20_000)
    assert (np.diff(shades.mean(axis=1)) < 0).all()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("service=WMTS&request=GetTile&layer=grid-1", "MissingParameterValue"),
        ("service=WMTS&request=GetCake", "OperationNotSupported"),
        ("service=WMS&request=GetTile", "InvalidParameterValue"),
        (
            "request=GetTile&layer=grid-1&style=default&tilematrixset=WebMercatorQuad&tilematrix=4&tilerow=99&tilecol=1",
            "TileOutOfRange",
        ),
        (
            "request=GetTile&layer=grid-1&style=x&tilematrixset=WebMercatorQuad&tilematrix=4&tilerow=9&tilecol=1",
            "InvalidParameterValue",
        ),
        (
            "request=GetTile&layer=secret-1&style=&tilematrixset=WebMercatorQuad&tilematrix=4&tilerow=9&tilecol=1",
            "InvalidParameterValue",
        ),
    ],
)
def test_exceptions_of_the_wmts(server, query, code):
    """What is wrong is told as an exception report."""
    root = ET.fromstring(server.get(f"/wmts?{query}", 400).content)
    assert root.tag == "{http://www.opengis.net/ows/1.1}ExceptionReport"
    assert root[0].get("exceptionCode") == code
