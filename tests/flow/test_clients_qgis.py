"""QGIS and the GDAL of Debian as clients of a node: layers are valid, tell what is there, and draw it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from tests.flow.test_web_maps import gradient
from tests.serving import Served, put

import craton
from craton.web.identity_file import FILE_NAME
from craton.web.identity_people import People

SCRIPT = Path(__file__).parents[1] / "clients" / "qgis_layers.py"
SYSTEM_PYTHON = "/usr/bin/python3"
NAME, PASSWORD = "geo", "correct horse battery"
AREA_OPACITY = 190 / 255
FILL, WHITE = (0xD0, 0x20, 0x30), (255, 255, 255)
SECONDS = 120


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients") / "node"
    rocks = gpd.GeoDataFrame(
        {"rock": ["granite", "basalt"]},
        geometry=[shapely.box(100, 10, 105, 20), shapely.box(105, 10, 110, 20)], crs="EPSG:4326",
    )  # fmt: skip
    with craton.create(folder, title="Node") as node:
        put(node, rocks, "table", id="rocks-1")
        put(node, rocks, "table", id="secret-1", visibility="private")
        put(node, gradient(), "grid", id="grid-1")
    people = People(folder / FILE_NAME)
    people.add(NAME, role="geologist", password=PASSWORD)
    people.close()
    with Served(folder, "") as server:
        yield server


@pytest.fixture(scope="module")
def qgis(served, tmp_path_factory):
    """What QGIS says of each layer."""
    has_qgis = (
        Path(SYSTEM_PYTHON).exists()
        and not subprocess.run([SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True).returncode
    )
    if not has_qgis:
        pytest.skip("QGIS is not installed (Debian packages qgis, python3-qgis and qgis-providers)")
    folder = tmp_path_factory.mktemp("qgis")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(folder), "LANG": "C.UTF-8",
    }  # fmt: skip
    done = subprocess.run(
        [SYSTEM_PYTHON, str(SCRIPT), served.address, NAME, PASSWORD, str(folder)],
        capture_output=True, text=True, timeout=SECONDS, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def colours_of(served):
    """Colours of the default style by class."""
    style = served.get("/collections/rocks-1/styles/default?f=json").json()
    return {name: [int(text[i : i + 2], 16) for i in (1, 3, 5)] for name, text, *_ in style["classes"]}


def on_white(colour):
    """A colour of areas, through which a white ground shows."""
    return [255 + (part - 255) * AREA_OPACITY for part in colour]


def near(first, second):
    return np.abs(np.subtract(first, second)).max() <= 3


@pytest.mark.parametrize("layer", ["oapif", "wfs", "private"])
def test_features_in_qgis(qgis, layer):
    """A layer of features has its number, columns, system, box and conditions, and is drawn."""
    said = qgis[layer]
    assert said["valid"]
    assert not said["errors"]
    assert said["crs"] in {"EPSG:4326", "OGC:CRS84"}
    assert (said["count"], said["rocks"]) == (2, ["basalt", "granite"])
    assert "rock" in said["fields"]
    assert said["east"] == ["basalt"]
    assert said["granite"] == ["granite"]
    assert near(said["colours"]["west"], FILL)
    assert near(said["colours"]["east"], FILL)
    assert near(said["colours"]["outside"], WHITE)


def test_a_stranger_has_no_private_layer_in_qgis(qgis):
    """Without name and password, the private dataset is no layer."""
    assert qgis["stranger"]["valid"] is False


@pytest.mark.parametrize("layer", ["xyz", "wmts", "wms"])
def test_pictures_in_qgis(served, qgis, layer):
    """A layer of pictures shows each area in the colour of its style, and nothing outside."""
    said = qgis[layer]
    assert said["valid"]
    assert not said["errors"]
    colours = colours_of(served)
    assert near(said["colours"]["outside"], WHITE)
    assert near(said["colours"]["west"], on_white(colours["granite"]))
    assert near(said["colours"]["east"], on_white(colours["basalt"]))


def test_vector_tiles_in_qgis(qgis):
    """Vector tiles are drawn where the areas are."""
    said = qgis["tiles"]
    assert said["valid"]
    assert not said["errors"]
    assert near(said["colours"]["west"], FILL)
    assert near(said["colours"]["east"], FILL)
    assert near(said["colours"]["outside"], WHITE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("WMTS:{0}/wmts/WMTSCapabilities.xml,layer=rocks-1,tilematrixset=WebMercatorQuad", "Pseudo-Mercator"),
        ('STACIT:"{0}/stac/search?collections=grid":asset=data', "Size is"),
    ],
)
def test_gdalinfo(served, source, expected):
    """The gdalinfo of Debian opens the pictures, and the grids of a search."""
    said = gdal("gdalinfo", source.format(served.address))
    assert expected in said


def test_gdal_reads_the_map(served, tmp_path):
    """GDAL's OGCAPI driver asks for the map of a collection and has its colours."""
    path = tmp_path / "map.tif"
    source = f"OGCAPI:{served.address}/collections/rocks-1"
    gdal("gdal_translate", "-q", "-oo", "API=MAP", "-outsize", "60", "60", source, str(path))
    with rasterio.open(path) as raster:
        west, east = (shade[:3] for shade in raster.sample([(102.5, 15), (107.5, 15)]))
    colours = colours_of(served)
    assert near(west.astype(int), colours["granite"])
    assert near(east.astype(int), colours["basalt"])


def gdal(command, *arguments):
    """What a command of GDAL writes."""
    path = f"/usr/bin/{command}"
    if shutil.which(path) is None:
        pytest.skip("GDAL's commands are not installed (Debian package gdal-bin)")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
