"""The services for older clients in the definition of the API."""

from __future__ import annotations

from craton.web.openapi_parts import PROBLEMS, operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import TEXT
from craton.web.picture import TYPES
from craton.web.replies import Json

XML = ("text/xml", "application/vnd.ogc.se_xml", "application/xml")

WMS_PARAMETERS = (
    "version", "layers", "styles", "crs", "srs", "bbox", "width", "height", "format", "transparent",
    "bgcolor", "time", "elevation", "variable", "query_layers", "i", "j", "x", "y", "info_format",
    "feature_count", "layer", "style", "exceptions",
)  # fmt: skip


def wms_paths() -> Json:
    """Paths of the Web Map Service."""
    names = ["GetCapabilities", "GetMap", "GetFeatureInfo", "GetLegendGraphic"]
    parameters = [
        service_parameter("WMS"),
        query_parameter("request", {"type": "string", "enum": names}) | {"required": True},
        *(query_parameter(name, TEXT) for name in WMS_PARAMETERS),
    ]
    said = operation("wms", "WMS", "Web Map Service 1.3.0 and 1.1.1", parameters)
    return {
        "/wms": {
            "get": said
            | {
                "responses": old_replies(
                    "application/json",
                    "text/plain",
                    "text/html",
                    "application/geo+json",
                    "application/vnd.ogc.wms_xml",
                )
            }
        }
    }


def service_parameter(name: str) -> Json:
    """The parameter that names the service."""
    return query_parameter("service", {"type": "string", "enum": [name]})


def old_replies(*more: str) -> Json:
    """Replies of a service of the older kind: pictures and documents, and exceptions in XML."""
    anything = {"schema": {"type": "string", "format": "binary"}}
    forms = dict.fromkeys((*XML, *TYPES.values(), *more), anything)
    exceptions = {name: {"schema": TEXT} for name in XML}
    replies = {
        str(status): {"description": PROBLEMS[status], "content": exceptions} for status in (400, 404, 503)
    }
    changed = {"description": "whoever asks has it already"}
    return {
        "200": {"description": "what was asked for", "content": forms},
        "304": changed,
        **problems(401),
        **replies,
    }


def wmts_paths() -> Json:
    """Paths of the Web Map Tile Service."""
    names = ("version", "layer", "style", "format", "tilematrixset", "tilematrix", "tilerow", "tilecol")
    requests: Json = {"type": "string", "enum": ["GetCapabilities", "GetTile"]}
    parameters = [
        service_parameter("WMTS"),
        query_parameter("request", requests) | {"required": True},
        *(query_parameter(name, TEXT) for name in names),
    ]
    said = operation("wmts", "WMTS", "Web Map Tile Service 1.0.0", parameters)
    place = ("layer", "style", "tileMatrixSet", "tileMatrix", "tileRow", "file")
    tile = operation("wmtsTile", "WMTS", "A tile by its address", [path_parameter(name) for name in place])
    document = operation("wmtsCapabilities", "WMTS", "The document of capabilities")
    return {
        "/wmts": {"get": said | {"responses": old_replies()}},
        "/wmts/WMTSCapabilities.xml": {"get": document | {"responses": old_replies()}},
        "/wmts/" + "/".join(f"{{{name}}}" for name in place): {"get": tile | {"responses": old_replies()}},
    }
