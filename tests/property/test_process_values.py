"""The schema of a process and its door agree about every JSON value.

Where text is given for a number the schema knows its form only, so there the
door may still refuse (a range, a unit); see `craton.process.schema`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, ReferenceSystem, Table, Unit
from craton.process.schema import input_schema
from craton.process.signature import read_spec
from craton.process.values import canonical, from_doors

Metres = Annotated[float, Unit("m"), Bounds(above=0, maximum=5000)]


def measure(
    table: Annotated[gpd.GeoDataFrame, Table()],
    height: Metres,
    share: Annotated[float, Bounds(minimum=0, below=1)] = 0.5,
    steps: Annotated[int, Bounds(minimum=1, maximum=9)] = 3,
    depth: Metres | None = None,
    order: Literal[1, 2, 4] = 2,
    region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
    heights: tuple[Metres, ...] = (),
    pair: tuple[int, int] | None = None,
    sides: tuple[Literal["left", "right"], ...] = ("left",),
    method: Literal["horn", "zevenbergen-thorne"] = "horn",
    column: Annotated[str, ColumnOf("table")] = "value",
    words: tuple[str, ...] = (),
    crs: Annotated[str, ReferenceSystem()] = "EPSG:4326",
    *,
    closed: bool = False,
    open_: bool | None = None,
) -> Annotated[gpd.GeoDataFrame, Table()]:
    """Parameters of all types.

    Parameters
    ----------
    table
        One parameter.
    height
        One parameter.
    share
        One parameter.
    steps
        One parameter.
    depth
        One parameter.
    order
        One parameter.
    region
        One parameter.
    heights
        One parameter.
    pair
        One parameter.
    sides
        One parameter.
    method
        One parameter.
    column
        One parameter.
    words
        One parameter.
    crs
        One parameter.
    closed
        One parameter.
    open_
        One parameter.

    Returns
    -------
    GeoDataFrame
        Nothing.
    """


SPEC = read_spec(measure, id="test.measure", version="1")
SCHEMA = input_schema(SPEC)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53), st.integers(0, 10),
    st.sampled_from([0, 0.0, 0.5, 1, 1.0, 2, 4, 5000, 5000.0, 5000.1, -1, 1e300]),
)  # fmt: skip
texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", " ", "left", " left ", "left,right", "left,up", "horn", "EPSG:4326", "local", "no", "TRUE", "maybe",
                     "value", "1", "5", "5 m", "0.5 km", "5km", ".5", "5.", "1e3 m", "5 kg", "-5", "7 m,8 m", "7,8", "1,2,3,4", "NaN"]),
    st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,2}([eE][0-9])? ?(m|km|ft)?", fullmatch=True),
)  # fmt: skip
measured = st.fixed_dictionaries({}, optional={"measurement": numbers | texts, "uom": texts, "other": texts})
scalars = numbers | texts | st.booleans() | st.none() | measured
values = scalars | st.lists(scalars, max_size=5)


def _holds_text_for_number(param, value):
    """Whether `value` gives a number as text or with its unit beside it, so that only its form is in the schema."""
    parts = value if isinstance(value, list) else [value]
    return (param.base in {int, float} and any(isinstance(part, str | dict) for part in parts)) or (
        param.many and isinstance(value, str)
    )


def _accepts(name, value):
    """Whether the door takes a value, and what it makes of it."""
    try:
        return True, from_doors(SPEC, {"height": 1.0, name: value})[name]
    except ContractError:
        return False, None


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(SPEC.values), values)
def test_schema_and_door_agree(param, value):
    """What the door takes the schema takes; what the schema takes the door takes, text for numbers aside."""
    valid = VALIDATOR.is_valid({"table": "points-1", "height": 1.0, param.name: value})
    accepted, _ = _accepts(param.name, value)
    if accepted:
        assert valid, (param.name, value)
    if valid and not _holds_text_for_number(param, value) and not param.system:
        assert accepted, (param.name, value)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SPEC.values), values)
def test_what_came_through_the_door_comes_through_again(param, value):
    """A converted value is one that the door takes as it is, and its canonical text is the same."""
    accepted, came = _accepts(param.name, value)
    if accepted:
        again, same = _accepts(param.name, list(came) if isinstance(came, tuple) else came)
        assert again
        assert same == came
        assert canonical({param.name: came}) == canonical({param.name: same})


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([*(p.name for p in SPEC.params), "other"]), st.just(1.0)))
def test_schema_and_door_agree_about_names(names):
    """Both ask for what is required and refuse names that are not there."""
    valid_names = {"height": 1.0, "share": 0.5, "steps": 3}
    given_ = {name: valid_names.get(name, "x") for name in names if name in {*valid_names, "other"}}
    try:
        from_doors(SPEC, given_)
        accepted = True
    except ContractError:
        accepted = False
    assert accepted == VALIDATOR.is_valid({"table": "points-1", **given_})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("height", "0.5 km", 500.0), ("height", {"measurement": 0.5, "uom": "km"}, 500.0), ("height", 5, 5.0),
        ("height", "250", 250.0), ("heights", "1 km, 20 m", (1000.0, 20.0)), ("heights", "", ()),
        ("heights", [1, "2 m", {"measurement": 3}], (1.0, 2.0, 3.0)), ("depth", "", None), ("depth", None, None),
        ("closed", "Yes", True), ("closed", "off", False), ("open_", "", None), ("steps", "4", 4), ("steps", 4.0, 4),
        ("region", "1,2,3,4", (1.0, 2.0, 3.0, 4.0)), ("sides", "left, right", ("left", "right")), ("order", "4", 4),
        ("crs", "4326", "EPSG:4326"), ("words", "a,b", ("a", "b")), ("words", ["a,b"], ("a,b",)),
    ],
    ids=str,
)  # fmt: skip
def test_values_as_they_are_written(name, value, expected):
    """The usual spellings give what they mean, and the schema takes them."""
    assert _accepts(name, value) == (True, expected)
    assert VALIDATOR.is_valid({"table": "points-1", "height": 1.0, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("height", "6 km"), ("height", "5 kg"), ("height", "0.5 nothing"), ("height", {"measurement": 1, "uom": "s"}),
        ("height", 10**400), ("height", {"measurement": True}), ("share", "0.5 m"), ("share", 1), ("steps", 2.5),
        ("steps", "2.5"), ("steps", True), ("order", 3), ("region", [1, 2, 3]), ("pair", [1]), ("sides", ["up"]),
        ("method", "HORN"), ("method", {"measurement": "horn"}), ("crs", "EPSG:0"), ("words", [1]), ("closed", 1),
    ],
    ids=str,
)  # fmt: skip
def test_values_that_are_refused(name, value):
    """Out of range, in a wrong unit, of a wrong type: a `ContractError` that names the parameter."""
    assert _accepts(name, value) == (False, None)
