"""What is told of vector tiles: tile matrix sets, sets of tiles (17-083r4, 20-057), TileJSON 3."""

from __future__ import annotations

from craton.model.record import Record
from craton.model.tile_matrix import MERCATOR_LATITUDE, TileMatrixSet, limits
from craton.store.feature_columns import FeatureColumn
from craton.store.tile_archive_make import LAYER
from craton.store.vector_tile_levels import DEEPEST
from craton.store.vector_tiles import VectorTiles
from craton.web.replies import Json, link, path_of

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
MVT = "application/vnd.mapbox-vector-tile"
PMTILES = "application/vnd.pmtiles"

DIMENSIONS = {"Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1}
"""Dimension by the type of geometry; that of areas is 2."""

FORMATS = {"date": "date", "date-time": "date-time"}


def tiles_path(record: Record, *more: str) -> str:
    """Where tiles of a dataset are."""
    return path_of("collections", record.id, "tiles", *more)


def matrix_set_summary(base: str, tms: TileMatrixSet) -> Json:
    """A tile matrix set in a list."""
    own = f"{base}/tileMatrixSets/{tms.id}"
    return {
        "id": tms.id, "title": tms.title, "uri": tms.uri, "crs": tms.crs_uri,
        "links": [link(own, RELATION + "tiling-scheme", "its definition")],
    }  # fmt: skip


def tile_set_summary(base: str, record: Record, tms: TileMatrixSet) -> Json:
    """A set of tiles in a list."""
    own = base + tiles_path(record, tms.id)
    return {
        "title": f"{record.name()} – {tms.title}", "dataType": "vector", "crs": tms.crs_uri,
        "tileMatrixSetURI": tms.uri,
        "links": [
            link(own, "self", "this set of tiles"),
            link(f"{base}/tileMatrixSets/{tms.id}", RELATION + "tiling-scheme", "how the world is divided"),
            link(f"{own}?f=tilejson", "alternate", "as TileJSON"),
            template(base, record, tms),
        ],
    }  # fmt: skip


def template(base: str, record: Record, tms: TileMatrixSet) -> Json:
    """Link to single tiles."""
    href = f"{base}{tiles_path(record, tms.id)}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt"
    return link(href, "item", "tiles as Mapbox vector tiles", MVT) | {"templated": True}


def tile_set(base: str, record: Record, tms: TileMatrixSet, tiles: VectorTiles) -> Json:
    """All about a set of tiles."""
    assert tiles.bbox is not None
    west, south, east, north = tiles.bbox
    return {
        **tile_set_summary(base, record, tms),
        "tileMatrixSetLimits": limits(tms, tiles.bbox, 0, DEEPEST),
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84},
        "layers": [_layer(record, tiles)],
        "mediaTypes": [MVT],
    }


def _layer(record: Record, tiles: VectorTiles) -> Json:
    dimensions = {DIMENSIONS.get(name, 2) for name in tiles.meta.geometry_types}
    said: Json = {
        "id": LAYER, "title": record.name(), "dataType": "vector", "minTileMatrix": "0",
        "maxTileMatrix": str(DEEPEST),
        "propertiesSchema": {
            "type": "object", "properties": {column.name: _property(column) for column in tiles.meta.columns},
        },
    }  # fmt: skip
    return said | ({"geometryDimension": dimensions.pop()} if len(dimensions) == 1 else {})


def _property(column: FeatureColumn) -> Json:
    is_text = column.type in {*FORMATS, "string"}
    kind = "string" if is_text else column.type
    said = {"format": FORMATS.get(column.type), "title": column.title, "x-ogc-unit": column.unit}
    return {"type": kind, **{key: value for key, value in said.items() if value}}


def tile_json(base: str, record: Record, tms: TileMatrixSet, tiles: VectorTiles) -> Json:
    """TileJSON of a set of tiles in EPSG:3857."""
    assert tiles.bbox is not None
    west, south, east, north = tiles.bbox
    if west > east:
        west, east = -180.0, 180.0
    south, north = (min(max(side, -MERCATOR_LATITUDE), MERCATOR_LATITUDE) for side in (south, north))
    return {
        "tilejson": "3.0.0", "name": record.name(), "scheme": "xyz", "attribution": _attribution(record),
        "tiles": [f"{base}{tiles_path(record, tms.id)}/{{z}}/{{y}}/{{x}}?f=mvt"],
        "minzoom": 0, "maxzoom": DEEPEST, "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, 0], "vector_layers": tiles.layers(DEEPEST),
    }  # fmt: skip


def _attribution(record: Record) -> str:
    """Who is named on the map; plain words, for clients show it as a page."""
    owners = [party.name for party in record.parties if party.role in {"owner", "publisher", "licensor"}]
    said = ", ".join((*owners[:3], record.licence)).strip(", ")
    return "".join("" if c in "<>&" else c for c in said)
