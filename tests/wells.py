"""A node with tables of wells and islands, for tests of what is said of their features."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import jsonschema
import msgspec
import numpy as np
import pandas as pd
import shapely
from tests.serving import make_node

import craton
from craton.jobs.assets import content_hash, stage_assets
from craton.model.data import Draft
from craton.model.describe import describe
from craton.store.codec import encode

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
COUNT = 60
ITEMS = "/collections/wells/items"


def wells():
    """Points in UTM zone 48 north, on a line to the north-east, with words, numbers and dates."""
    number = np.arange(COUNT)
    frame = pd.DataFrame(
        {
            "name": [f"Well {n}" for n in number],
            "rock": np.where(number % 3 == 0, "Granite", "Schist"),
            "depth_m": number * 2.5,
            "bottom_m": number * 2.0 + 20,
            "samples": number,
            "dry": number % 2 == 0,
            "drilled": pd.date_range("2020-01-01", periods=COUNT, freq="D"),
        }
    )
    places = gpd.points_from_xy(200_000 + 1000.0 * number, 2_000_000 + 1000.0 * number)
    return gpd.GeoDataFrame(frame, geometry=places, crs="EPSG:32648")


def islands():
    """Squares on both sides of the antimeridian, and at a pole."""
    boxes = [shapely.box(178, -18, 179, -17), shapely.box(-179, -18, -178, -17), shapely.box(-10, 88, 10, 90)]
    return gpd.GeoDataFrame({"island": ["west", "east", "pole"]}, geometry=boxes, crs="EPSG:4326")


def store(node, data, *, id, crs="", visibility="public", **words):
    """Put a table into the node."""
    draft = Draft(data=data, kind="table", licence="CC-BY-4.0", crs=crs, **{"title": id, **words})
    record = describe(draft, id=id)
    with node.store.transaction() as transaction:
        folder = transaction.folder / id
        folder.mkdir()
        assets, staged = stage_assets(encode(data, "table", folder, crs=record.crs))
        record = msgspec.structs.replace(
            record, assets=assets, content=content_hash(assets), visibility=visibility,
            title={"en": f"{id} in English", "lo": "ນໍ້າສ້າງ"} if id == "wells" else record.title,
        )  # fmt: skip
        node.store.commit(transaction, [record], {sha256: Path(path) for sha256, path in staged.items()})


def make_wells_node(folder):
    """A node with these tables, one of them private, beside those of every test."""
    make_node(folder)
    with craton.open(folder) as node:
        store(node, wells(), id="wells", crs="EPSG:32648")
        store(node, islands(), id="islands", crs="EPSG:4326")
        store(node, pd.DataFrame({"code": ["a", "b"], "value": [1.5, None]}), id="codes")
        store(node, wells().iloc[:0], id="nothing", crs="EPSG:32648")
        store(node, wells(), id="hidden", crs="EPSG:32648", visibility="private")
    return folder


def conforming(api):
    """What checks a document against a schema of the definition of the API."""

    def check(document, name):
        schema = {"components": api["components"], "$ref": f"#/components/schemas/{name}"}
        jsonschema.Draft202012Validator(_nullable(schema)).validate(document)
        return document

    return check


def _nullable(schema):
    """`schema` of OpenAPI 3.0 in the words of JSON Schema: `nullable` as one more type."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _nullable(one) for name, one in schema.items() if name != "nullable"}
    if schema.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def links_of(document):
    """Addresses of links by their relation and type."""
    return {(one["rel"], one.get("type")): one["href"] for one in document["links"]}


def items_of(served, query="", items=ITEMS, status=200):
    """Document of a page of features."""
    return served.get(f"{items}?{query}", status).json()


def numbers_of(served, query, items=ITEMS):
    """Numbers of the wells that answer, in their order."""
    features = items_of(served, f"limit=1000&{query}", items)["features"]
    return [int(one["properties"]["name"].split()[1]) for one in features]
