"""The contract of a process is read at import, and a half-told one is refused there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated, Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests import samples

from craton.model.errors import ContractError, InvalidError, NotFoundError
from craton.process import processes as registry
from craton.process.marks import Bounds, Column, ColumnOf, Grid, ReferenceSystem, Table, Unit
from craton.process.processes import find_process, process
from craton.process.signature import read_spec

LOAD_PLUGINS = registry._load_plugins
Field = Annotated[xr.DataArray, Grid(quantity="gravity_disturbance", unit="mGal")]
Points = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=(Column(name="value", unit="m"),))]


@pytest.fixture(autouse=True)
def empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of these tests are not seen by others."""
    for name in ("_registered", "_told_in_full"):
        monkeypatch.setattr(registry, name, {})
    monkeypatch.setattr(registry, "_homes", dict)
    monkeypatch.setattr(registry, "_load_plugins", lambda: None)


def told(
    function: Callable[..., Any], *names: str, title: str = "What it does.", result: str = "A grid."
) -> Any:
    """`function` with a docstring that has words for `names`."""
    lines = [title, "", "When to use it.", "", "Parameters", "----------"]
    lines += [line for name in names for line in (name, f"    Words for {name}.")]
    function.__doc__ = "\n".join([*lines, "", "Returns", "-------", "DataArray", f"    {result}", ""])
    return function


def scaled(grid: Field, factor: Annotated[float, Unit("m"), Bounds(above=0)] = 2.0) -> Field:
    return grid * factor


def test_a_spec_says_what_the_signature_and_the_docstring_say():
    """Types, marks, words, defaults and results of one function."""

    def shift(
        points: Points,
        others: tuple[Annotated[gpd.GeoDataFrame, Table()], ...],
        height: Annotated[float, Unit("m"), Bounds(minimum=1)] = 2.0,
        *,
        column: Annotated[str, ColumnOf("points", numeric=True)] | None = None,
        region: tuple[float, float, float, float] | None = None,
        method: Literal["a", "b"] = "a",
        crs: Annotated[str, ReferenceSystem(projected=True)] = "EPSG:32648",
    ) -> Points:
        """Move points.

        Use it for this. Do not use it
        for that.

        Parameters
        ----------
        points : GeoDataFrame
            Points to move,
            in two lines.
        others : tuple of GeoDataFrame
            More of them.
        height : float
            How far.
        column, region, method, crs
            Not read by this style.

        Returns
        -------
        GeoDataFrame
            The points.

        Notes
        -----
        x = y

        References
        ----------
        First, A. (1900),
        a paper.

        Second, B. (1901).
        """

    with pytest.raises(InvalidError, match="`column` needs a type and words"):
        read_spec(shift, id="a.b", version="1")
    shift.__doc__ = (shift.__doc__ or "").replace(
        "column, region, method, crs\n            Not read by this style.",
        "column\n            C.\n        region\n            R.\n        method\n            M.\n        crs\n            S.",
    )
    spec = read_spec(shift, id="test.shift", version="2", keywords=("move",))
    assert (spec.id, spec.version, spec.topic, spec.title) == ("test.shift", "2", "test", "Move points")
    assert spec.description == "Use it for this. Do not use it for that."
    assert spec.references == ("First, A. (1900), a paper.", "Second, B. (1901).")
    assert spec.notes == "x = y"
    assert [p.name for p in spec.inputs] == ["points", "others"]
    points, others, height, column, region, method, crs = spec.params
    assert (points.doc, points.required, points.many) == ("Points to move, in two lines.", True, False)
    assert (others.many, others.base) == (True, gpd.GeoDataFrame)
    assert (height.unit, height.bounds, height.default) == ("m", Bounds(minimum=1), 2.0)
    assert (column.column_of, column.optional) == (ColumnOf("points", numeric=True), True)
    assert (region.many, region.length, region.base, region.optional) == (True, 4, float, True)
    assert method.choices == ("a", "b")
    assert crs.system == ReferenceSystem(projected=True)
    assert [output.name for output in spec.outputs] == ["result"]


class Two(NamedTuple):
    """Two grids."""

    first: Field
    second: Annotated[xr.DataArray, Grid(like="grid")]


def test_several_results_are_fields_of_a_named_tuple():
    """Each has its name, words and mark, and comes back in a tuple of the same type."""

    @process("test.two", version="1")
    def two(grid: Field) -> Two:
        """Two grids.

        Parameters
        ----------
        grid : DataArray
            A grid.

        Returns
        -------
        first : DataArray
            The one.
        second : DataArray
            The other.
        """
        return Two(grid, xr.DataArray(grid.to_numpy() * 2, grid.coords, grid.dims))

    spec = find_process("test.two")
    assert spec.several
    assert [(output.name, output.doc) for output in spec.outputs] == [
        ("first", "The one."),
        ("second", "The other."),
    ]
    grid = samples.grid(Grid(quantity="gravity_disturbance"))
    result = two(grid)
    assert isinstance(result, Two)
    assert (result.second.name, result.second.attrs["units"]) == ("field", "mGal")
    assert result.second.attrs["standard_name"] == "gravity_disturbance"


def no_type(grid, factor: float = 1.0) -> Field: ...
def stars(grid: Field, *others: float) -> Field: ...
def star_star(grid: Field, **others: float) -> Field: ...
def no_result(grid: Field): ...
def plain_result(grid: Field) -> float: ...
def odd_unit(grid: Field, factor: Annotated[float, Unit("metres")] = 1.0) -> Field: ...
def unknown_unit(grid: Field, factor: Annotated[float, Unit("parsnip")] = 1.0) -> Field: ...
def unit_of_text(grid: Field, factor: Annotated[str, Unit("m")] = "x") -> Field: ...
def unknown_quantity(grid: Annotated[xr.DataArray, Grid(quantity="charm")]) -> Field: ...
def unknown_grid_unit(grid: Annotated[xr.DataArray, Grid(unit="parsnip")]) -> Field: ...
def bad_default(grid: Field, factor: Annotated[float, Bounds(above=0)] = 0.0) -> Field: ...
def text_default(grid: Field, factor: Annotated[float, Unit("m")] = "1 m") -> Field: ...
def wrong_choice(grid: Field, factor: Literal["a", "b"] = "c") -> Field: ...
def no_mark(grid: xr.DataArray) -> Field: ...
def wrong_mark(grid: Annotated[xr.DataArray, Table()]) -> Field: ...
def path(grid: Field, factor: bytes = b"") -> Field: ...
def mixed(grid: Field, factor: tuple[float, str] = (1.0, "m")) -> Field: ...
def column_of_nothing(grid: Field, factor: Annotated[str, ColumnOf("points")] = "x") -> Field: ...
def like_nothing(grid: Field) -> Annotated[xr.DataArray, Grid(like="other")]: ...


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_type, "`grid` needs a type"), (stars, "`others` must be named one by one"),
        (star_star, "`others` must be named one by one"), (no_result, "the result needs a type"),
        (plain_result, "`result` must be labelled data"), (odd_unit, "'metres', which is no canonical"),
        (unknown_unit, "'parsnip', which is no canonical"), (unit_of_text, "`factor` has a unit or bounds but is no number"),
        (unknown_quantity, "'charm', which the registry does not know"), (unknown_grid_unit, "'parsnip'"),
        (bad_default, "`factor` must be a number above 0, not 0.0"), (text_default, "`factor` must be a number in m"),
        (wrong_choice, "`factor` must be one of 'a', 'b'"), (no_mark, "`grid` is neither labelled data with a mark"),
        (wrong_mark, "`grid` is a table, so its type must be"), (path, "`factor` is neither"),
        (mixed, "the parts of `factor` must all be of one type"),
        (column_of_nothing, "`factor` names columns of no table"), (like_nothing, "`result` is like no parameter"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)  # fmt: skip
def test_a_half_told_contract_is_refused_at_import(function, words):
    """No type, stars, unknown units and quantities, defaults out of bounds, marks that do not fit."""
    decorate = process("test.refused", version="1")
    with pytest.raises(InvalidError, match=words):
        decorate(told(function, "grid", "factor", "others"))
    assert registry.processes() == ()


def test_missing_words_are_refused_at_import():
    """A parameter or a result without words, and a first line without a period."""
    decorate = process("test.words", version="1")
    with pytest.raises(InvalidError, match="`factor` needs a type and words"):
        decorate(told(scaled, "grid"))
    with pytest.raises(InvalidError, match="`result` needs a type and words"):
        decorate(told(scaled, "grid", "factor", result=""))
    with pytest.raises(InvalidError, match="ends in a period"):
        decorate(told(scaled, "grid", "factor", title="What it does"))


def test_two_processes_cannot_have_one_name():
    """An identifier belongs to one module; the same module may be loaded again."""
    decorate = process("test.scaled", version="1")
    told(scaled, "grid", "factor")
    decorate(scaled)
    decorate(scaled)
    other = told(lambda grid: grid, "grid")
    other.__module__ = "somewhere.else"
    with pytest.raises(InvalidError, match=r"two processes are called 'test\.scaled'"):
        decorate(other)


def test_the_name_of_a_process_that_is_not_imported_yet_is_taken(monkeypatch):
    """An identifier of the table of ours belongs to the module that stands there."""
    monkeypatch.setattr(registry, "_homes", lambda: {"test.scaled": "craton.methods.scaled"})
    with pytest.raises(InvalidError, match=r"two processes are called 'test\.scaled'"):
        process("test.scaled", version="1")(told(scaled, "grid", "factor"))


def test_a_broken_plugin_is_left_out_and_ours_that_it_imported_stay(monkeypatch):
    """What a plugin registered before it failed is forgotten; a warning names it."""

    def load():
        process("test.scaled", version="1")(told(scaled, "grid", "factor"))
        registry._registered["terrain.slope"] = registry._registered["test.scaled"]
        raise SystemExit("no licence")

    point = SimpleNamespace(name="broken", value="broken", load=load)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    monkeypatch.setattr(registry, "_homes", lambda: {"terrain.slope": "craton.methods.terrain"})
    with pytest.warns(UserWarning, match="plugin 'broken' are left out: no licence"):
        LOAD_PLUGINS.__wrapped__()
    assert set(registry._registered) == {"terrain.slope"}


def test_a_sound_plugin_that_a_broken_one_imported_stays(monkeypatch):
    """Python imports a module once: what the first plugin made it register is not forgotten with that one."""

    def sound():
        if not loaded:
            process("sound.scaled", version="1")(told(scaled, "grid", "factor"))
        loaded.append("sound")

    def broken():
        sound()
        raise RuntimeError("half a file")

    loaded: list[str] = []
    points = [
        SimpleNamespace(name=name, value=name, load=load)
        for name, load in (("broken", broken), ("sound", sound))
    ]
    monkeypatch.setattr(scaled, "__module__", "sound")
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    with pytest.warns(UserWarning, match="plugin 'broken'"):
        LOAD_PLUGINS.__wrapped__()
    assert set(registry._registered) == {"sound.scaled"}


@pytest.mark.parametrize("id", ["scaled", "Test.scaled", "test.", "test.a-b", "test..a", ""])
def test_names_of_processes_have_a_topic(id):
    """Topic and name in lower case, parted by a point."""
    with pytest.raises(InvalidError, match=r"topic\.name"):
        process(id, version="1")(told(scaled, "grid", "factor"))


def test_only_single_grids_go_in_blocks():
    """A halo is refused where a table is among the inputs."""

    def sampled(points: Points, grid: Field) -> Field: ...

    with pytest.raises(InvalidError, match="only single grids"):
        process("test.sampled", version="1", halo=1)(told(sampled, "points", "grid"))


def test_a_call_converts_labels_and_tells():
    """The grid comes in the declared unit, the result says unit, quantity, name and what was done."""
    decorated = process("test.scaled", version="3")(told(scaled, "grid", "factor"))
    grid = samples.grid(Grid(quantity="gravity_disturbance", unit="mGal"))
    other = samples.converted(grid, "mGal", "m/s2").assign_attrs(history="made")
    result = decorated(other, factor=3)
    np.testing.assert_allclose(result.to_numpy(), grid.to_numpy() * 3, rtol=1e-12)
    assert (result.name, result.attrs["units"]) == ("field", "mGal")
    assert result.attrs["history"] == "made\ntest.scaled@3(factor=3.0 m)"
    assert decorated.__name__ == "scaled"


def test_unknown_processes_are_answered_with_those_that_are_like_it():
    """The hint names processes that share a word."""
    process("test.scaled", version="1")(told(scaled, "grid", "factor"))
    with pytest.raises(NotFoundError, match=r"test\.scaled"):
        find_process("other.scaled")


def test_tables_are_checked_and_converted_too():
    """A column in another unit is converted in a copy, and the note on it with it."""

    def measured(points: Points) -> Points:
        assert points.attrs["columns"]["value"]["unit"] == "m"
        return points

    decorated = process("test.measured", version="1")(told(measured, "points"))
    frame = samples.table(Table(geometry=("Point",)))
    other = samples.with_column_unit(frame, Column(name="value", unit="m"), "km")
    kept = other.copy(deep=True)
    result = decorated(other)
    np.testing.assert_allclose(result["value"], frame["value"], rtol=1e-12)
    samples.assert_equal(other, kept)
    with pytest.raises(ContractError, match="`points` must be a table with geometry, not a table"):
        decorated(pd.DataFrame(frame.drop(columns="geometry")))
