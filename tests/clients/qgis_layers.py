"""Layers of a node in QGIS without a window: what each tells, and the colours that it draws.

It is run by the Python that QGIS was made for:
`/usr/bin/python3 qgis_layers.py ADDRESS NAME PASSWORD FOLDER` writes JSON to standard output,
and the pictures into the folder.
"""

import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsFillSymbol,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsVectorTileBasicRenderer,
    QgsVectorTileBasicRendererStyle,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

DEGREES = QgsCoordinateReferenceSystem("EPSG:4326")
VIEW = QgsRectangle(99, 9, 111, 21)
PLACES = {"west": (102.5, 15), "east": (107.5, 15), "outside": (99.3, 9.5)}
FILL = {"color": "#d02030", "outline_style": "no"}
PIXELS = 240
TILES = "{z}/{y}/{x}"


def main(address, name, password, folder):
    """All layers in turn."""
    app = QgsApplication([], False)
    app.initQgis()
    layers = {
        "oapif": features(f"typename='rocks-1' url='{address}' pageSize='1'", "OAPIF"),
        "wfs": features(
            f"typename='{wfs_name(address)}' url='{address}/wfs' version='2.0.0' srsname='EPSG:4326'", "WFS"
        ),
        "private": features(
            f"typename='secret-1' url='{address}' username='{name}' password='{password}'", "OAPIF"
        ),
        "stranger": QgsVectorLayer(f"typename='secret-1' url='{address}'", "stranger", "OAPIF"),
        "xyz": picture(
            f"type=xyz&zmin=0&zmax=12&url={escaped(f'{address}/collections/rocks-1/map/tiles/WebMercatorQuad/{TILES}')}"
        ),
        "wmts": picture(
            "crs=EPSG:3857&format=image/png&layers=rocks-1&styles=default&tileMatrixSet=WebMercatorQuad"
            f"&url={escaped(address + '/wmts?service=WMTS&request=GetCapabilities')}"
        ),
        "wms": picture(
            f"crs=EPSG:4326&format=image/png&layers=rocks-1&styles=&url={escaped(address + '/wms?')}"
        ),
        "tiles": vector_tiles(f"{address}/collections/rocks-1/tiles/WebMercatorQuad/{TILES}"),
    }
    told = {key: tell(key, layer, Path(folder)) for key, layer in layers.items()}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)  # QGIS crashes where it ends while layers are there


def escaped(address):
    """An address inside the text that names a source."""
    return quote(address, safe=":/")


def wfs_name(address):
    """Name of the layer in the capabilities."""
    with urlopen(f"{address}/wfs?service=WFS&request=GetCapabilities") as reply:
        return re.search(r"<(?:wfs:)?Name>([^<]*rocks-1)<", reply.read().decode()).group(1)


def features(uri, provider):
    """Features, drawn in one colour."""
    layer = QgsVectorLayer(uri, provider, provider)
    if layer.isValid():
        layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(FILL)))
    return layer


def picture(uri):
    """Pictures that the node draws."""
    return QgsRasterLayer(uri, "picture", "wms")


def vector_tiles(address):
    """Vector tiles, whose areas are drawn in one colour."""
    layer = QgsVectorTileLayer(f"type=xyz&url={address}&zmin=0&zmax=6", "tiles")
    style = QgsVectorTileBasicRendererStyle("areas", "", QgsWkbTypes.PolygonGeometry)
    style.setSymbol(QgsFillSymbol.createSimple(FILL))
    style.setEnabled(True)
    renderer = QgsVectorTileBasicRenderer()
    renderer.setStyles([style])
    layer.setRenderer(renderer)
    return layer


def tell(key, layer, folder):
    """What a layer says of itself, and its colours at some places."""
    said = {"valid": layer.isValid(), "crs": layer.crs().authid()}
    if not layer.isValid():
        return said
    said["colours"], said["errors"] = draw(layer, folder / f"{key}.png")
    return said | (tell_features(layer) if isinstance(layer, QgsVectorLayer) else {})


def tell_features(layer):
    """Numbers of features: all, those in the east, those of granite; and the columns."""
    said = {
        "count": layer.featureCount(),
        "fields": [field.name() for field in layer.fields()],
        "rocks": sorted(feature["rock"] for feature in layer.getFeatures()),
        "east": [
            f["rock"]
            for f in layer.getFeatures(QgsFeatureRequest().setFilterRect(QgsRectangle(106, 11, 109, 12)))
        ],
    }
    layer.setSubsetString("rock = 'granite'")
    said["granite"] = [feature["rock"] for feature in layer.getFeatures()]
    return said


def draw(layer, path):
    """Colours at the places, of a map in web Mercator."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setBackgroundColor(QColor(255, 255, 255))
    settings.setOutputSize(QSize(PIXELS, PIXELS))
    transform = QgsCoordinateTransform(DEGREES, settings.destinationCrs(), QgsProject.instance())
    settings.setExtent(transform.transformBoundingBox(VIEW))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(str(path))
    colours = {}
    for name, place in PLACES.items():
        pixel = settings.mapToPixel().transform(transform.transform(QgsPointXY(*place)))
        colour = image.pixelColor(int(pixel.x()), int(pixel.y()))
        colours[name] = [colour.red(), colour.green(), colour.blue()]
    return colours, [error.message for error in job.errors()]


main(*sys.argv[1:])
