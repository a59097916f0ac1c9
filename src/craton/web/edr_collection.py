"""What the collections of grids and volumes say of the ways to ask for their data."""

from __future__ import annotations

from craton.model import quantities
from craton.model.errors import NotFoundError
from craton.model.record import Column, Record
from craton.store.grid_window import has_place
from craton.web.collections import collection_record
from craton.web.crs_negotiation import addresses_of
from craton.web.edr_coverage import QUANTITIES
from craton.web.edr_query import FORMS, METRES
from craton.web.replies import Json, path_of
from craton.web.site import Site

QUERIES = ("position", "area", "radius", "cube", "trajectory")
MOST_PARAMETERS = 200
"""Parameters that the document of a collection tells."""


def gridded(site: Site, name: str) -> Record:
    """Record of the collection `name`, a grid or volume with a place, which the visitor may read."""
    record = site.record(collection_record(site, name).id, "read")
    if not has_place(record):
        raise NotFoundError(f"{record.id} is no grid or volume whose cells have a place on the Earth")
    return record


def edr_collection(_site: Site, base: str, record: Record) -> Json:
    """Queries and parameters of a grid or volume."""
    if not has_place(record):
        return {}
    own = base + path_of("collections", record.id)
    columns = [column for column in record.columns if column.type in {"integer", "number", "boolean"}]
    return {
        "data_queries": {name: _query(own, name, record) for name in QUERIES},
        "output_formats": list(FORMS),
        "parameter_names": {column.name: _parameter(column) for column in columns[:MOST_PARAMETERS]},
    }


def _query(own: str, name: str, record: Record) -> Json:
    variables: Json = {
        "query_type": name, "title": name, "output_formats": list(FORMS), "default_output_format": FORMS[0],
        "crs_details": [{"crs": address, "wkt": ""} for address in addresses_of(record)],
    }  # fmt: skip
    if name == "radius":
        variables["within_units"] = list(METRES)
    return {"link": {"href": f"{own}/{name}", "rel": "data", "title": name, "variables": variables}}


def _parameter(column: Column) -> Json:
    known = quantities.rule(column.quantity)
    label = column.title or (known.title["en"] if known else column.name)
    observed: Json = {"label": label}
    if column.quantity:
        observed["id"] = QUANTITIES + column.quantity
    said: Json = {
        "type": "Parameter", "name": column.name, "description": label, "observedProperty": observed,
        "data-type": "integer" if column.type == "integer" else "float",
    }  # fmt: skip
    if column.unit:
        symbol = {"value": column.unit, "type": "http://www.opengis.net/def/uom/UCUM/"}
        said["unit"] = {"label": column.unit, "symbol": symbol}
    return said
