"""Schemas and OGC descriptions of a process, read with the validators of others."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Annotated, Literal

import geopandas as gpd
import jsonschema
import xarray as xr

from craton.process.marks import Bounds, Column, ColumnOf, Grid, ReferenceSystem, Table, Unit
from craton.process.ogc import description, summary, to_openapi
from craton.process.schema import input_schema, output_schema, param_schema
from craton.process.signature import read_spec

Points = Annotated[
    gpd.GeoDataFrame,
    Table(geometry=("Point",), columns=(Column(name="depth", unit="m", quantity="depth", title="Depth"),)),
]


def grid_points(
    points: Points,
    others: tuple[Points, ...],
    distance: Annotated[float, Unit("m"), Bounds(above=0, maximum=5000)] = 100.0,
    mask: Annotated[xr.DataArray, Grid(quantity=("depth", "elevation"), unit="m", plane=True)] | None = None,
    *,
    column: Annotated[str, ColumnOf("points", numeric=True)] = "depth",
    region: tuple[float, float, float, float] | None = None,
    method: Literal["spline", "mean"] = "spline",
    crs: Annotated[str, ReferenceSystem(projected=True)] = "EPSG:32648",
    maximum_share: Annotated[float, Unit("1"), Bounds(minimum=0, below=1)] = 0.5,
    closed: bool = False,
) -> Annotated[xr.DataArray, Grid(quantity="depth", unit="m", plane=True)]:
    """Grid of the values of points.

    Use it for scattered points.

    Parameters
    ----------
    points : GeoDataFrame
        Points.
    others : tuple of GeoDataFrame
        More points.
    distance : float
        How far a point counts.
    mask : DataArray
        Where to compute.
    column : str
        Column with the numbers.
    region : tuple
        West, south, east, north.
    method : str
        How.
    crs : str
        Where.
    maximum_share : float
        Share of cells.
    closed : bool
        Whether.

    Returns
    -------
    DataArray
        Depth on cells.

    Notes
    -----
    z = f(x, y)

    References
    ----------
    Smith, W. H. F. and Wessel, P. (1990), Gridding, Geophysics 55, 293-305, doi:10.1190/1.1442837.

    Wahba, G. (1990), Spline models. https://example.org/spline.

    A book without an address.
    """


SPEC = read_spec(grid_points, id="grid.from_points", version="2", halo=None, keywords=("interpolate",))


def test_data_parameters_are_texts_with_what_they_ask_for():
    """Kind, geometry, columns, quantities, unit and plane stand under `x-craton`; several are a list."""
    said = {param.name: param_schema(param) for param in SPEC.params}
    depth = {"name": "depth", "unit": "m", "quantity": "depth", "title": "Depth"}
    one = {"type": "string", "minLength": 1, "format": "dataset-id"}
    about_points = {"kind": "table", "geometry": ["Point"], "columns": [depth]}
    assert said["points"] == {"title": "points", "description": "Points.", **one, "x-craton": about_points}
    assert (said["others"]["type"], said["others"]["items"], said["others"]["minItems"]) == ("array", one, 1)
    assert said["mask"]["oneOf"] == [one, {"type": "null"}]
    assert said["mask"]["default"] is None
    assert said["mask"]["x-craton"] == {
        "kind": "grid",
        "quantities": ["depth", "elevation"],
        "unit": "m",
        "plane": True,
    }


def test_values_say_title_unit_bounds_and_default():
    """Titles are words with the unit; limits, choices, lists, columns and reference systems are as declared."""
    said = {param.name: param_schema(param) for param in SPEC.params}
    assert (said["distance"]["title"], said["maximum_share"]["title"]) == ("distance (m)", "maximum share")
    number, text, measured = said["distance"]["oneOf"]
    assert number == {"type": "number", "exclusiveMinimum": 0, "maximum": 5000}
    assert (text["type"], measured["required"]) == ("string", ["measurement"])
    assert said["distance"]["x-craton"] == {"unit": "m"}
    assert said["maximum_share"]["oneOf"][0] == {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    assert (said["method"]["type"], said["method"]["enum"]) == ("string", ["spline", "mean"])
    assert said["column"]["x-craton"] == {"columnOf": "points", "numeric": True}
    assert (said["crs"]["type"], said["crs"]["format"]) == ("string", "crs")
    array, _, null = said["region"]["oneOf"]
    assert (array["minItems"], array["maxItems"], null) == (4, 4, {"type": "null"})
    assert said["closed"]["default"] is False


def test_the_object_names_all_inputs_and_no_others():
    """Required inputs are listed, unknown names refused, and no part refers to another document."""
    schema = input_schema(SPEC)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == [param.name for param in SPEC.params]
    assert schema["required"] == ["points", "others"]
    assert schema["additionalProperties"] is False
    assert "$ref" not in json.dumps(schema)
    outputs = output_schema(SPEC)
    jsonschema.Draft202012Validator.check_schema(outputs)
    assert outputs["properties"]["result"]["x-craton"]["unit"] == "m"


def test_the_ogc_description_says_what_the_standard_asks_for():
    """18-062r2, tables of the process summary, input and output descriptions."""
    said = description(SPEC)
    assert (said["id"], said["version"], said["title"]) == (
        "grid.from_points",
        "2",
        "Grid of the values of points",
    )
    assert said["description"] == "Use it for scattered points.\n\nz = f(x, y)"
    assert said["keywords"] == ["grid", "interpolate"]
    assert said["jobControlOptions"] == ["sync-execute", "async-execute", "dismiss"]
    assert said["outputTransmission"] == ["value", "reference"]
    assert [one.get("href") for one in said["metadata"]] == [
        "https://doi.org/10.1190/1.1442837",
        "https://example.org/spline",
        None,
    ]
    counts = {name: (one["minOccurs"], one["maxOccurs"]) for name, one in said["inputs"].items()}
    assert (counts["points"], counts["others"]) == ((1, 1), (1, "unbounded"))
    assert (counts["mask"], counts["distance"], counts["region"]) == ((0, 1), (0, 1), (0, 1))
    assert said["inputs"]["others"]["schema"] == {"type": "string", "minLength": 1, "format": "dataset-id"}
    assert said["inputs"]["distance"]["additionalParameters"]["parameters"] == [
        {"name": "unit", "value": ["m"]}
    ]
    assert said["outputs"]["result"]["title"] == "result"
    assert "inputs" not in summary(SPEC)


def test_its_schemas_are_those_of_openapi_3_0_without_further_words():
    """Every schema passes the meta-schema of OpenAPI 3.0, and uses only what the standard's own schema lists."""
    meta = json.loads(
        files("openapi_spec_validator").joinpath("resources/schemas/v3.0/schema.json").read_text()
    )
    validator = jsonschema.Draft4Validator(
        {**meta["definitions"]["Schema"], "definitions": meta["definitions"]}
    )
    said = description(SPEC)
    for one in (*said["inputs"].values(), *said["outputs"].values()):
        validator.validate(one["schema"])
        assert "x-" not in json.dumps(one["schema"])
    distance = said["inputs"]["distance"]["schema"]["oneOf"][0]
    assert distance == {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 5000}
    mask = said["inputs"]["mask"]["schema"]
    assert (mask["type"], mask["nullable"], mask["default"]) == ("string", True, None)


def test_of_two_limits_the_narrower_one_counts():
    """A closed limit within an open one stays closed."""
    assert to_openapi({"minimum": 2, "exclusiveMinimum": 1}) == {"minimum": 2}
    assert to_openapi({"maximum": 2, "exclusiveMaximum": 1}) == {"maximum": 1, "exclusiveMaximum": True}
    assert to_openapi({"enum": [{"type": "null"}]}) == {"enum": [{"type": "null"}]}
