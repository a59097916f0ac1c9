"""Parts of grids in the definition of the API."""

from __future__ import annotations

from craton.web.edr_openapi import COLLECTION, NUMBERS
from craton.web.openapi_parts import operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import ANY_OBJECT, SYSTEM, TEXT
from craton.web.replies import Json


def coverage_paths() -> Json:
    """Path of the coverage of a collection."""
    names: Json = {"type": "array", "items": TEXT}
    forms = ["tif", "nc", "CoverageJSON", "covjson", "geotiff", "netcdf"]
    parameters = [
        path_parameter(COLLECTION),
        query_parameter("bbox", NUMBERS, "the part; all where left out"),
        query_parameter("bbox-crs", SYSTEM, "system of bbox; CRS84 where left out"),
        query_parameter("subset", TEXT, 'Lat(10:12),Lon(100:101),upward(0:500),time("2020":"2021")'),
        query_parameter("subset-crs", SYSTEM, "system of subset; that of the data where left out"),
        query_parameter("datetime", TEXT, "a moment, or an interval with .. at an open side"),
        query_parameter("properties", names, "variables; all where left out"),
        query_parameter("scale-factor", {"type": "number", "minimum": 1}, "cells that become one"),
        query_parameter("scale-axes", TEXT, "the same by axis: Lat(2),Lon(4)"),
        query_parameter("scale-size", TEXT, "cells of the answer: Lat(200),Lon(300)"),
        query_parameter("f", {"type": "string", "enum": forms}),
    ]
    file: Json = {"schema": {"type": "string", "format": "binary"}}
    content = {
        "image/tiff; application=geotiff": file, "application/x-netcdf": file,
        "application/prs.coverage+json": {"schema": ANY_OBJECT},
    }  # fmt: skip
    words = "A grid or volume, or a part of it"
    replies = {
        "200": {"description": words, "content": content},
        "304": {"description": "whoever asks has it already"},
        **problems(400, 404),
    }
    said = operation("getCoverage", "Coverages", words, parameters)
    return {f"/collections/{{{COLLECTION}}}/coverage": {"get": said | {"responses": replies}}}
