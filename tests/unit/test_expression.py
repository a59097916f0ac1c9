"""Expressions: values, units, missing cells, laziness, and what is refused."""

import math
import time

import dask.array as da
import numpy as np
import numpy.testing as npt
import pytest

from craton.model.errors import InvalidError
from craton.model.expression import FUNCTIONS, parse

UNITS = {
    "gravity": "mGal", "height": "m", "distance": "km", "share": "%", "angle": "deg", "code": "",
    "warmth": "degC", "density": "kg/m3", "ratio": "1",
}  # fmt: skip
NAMES = [*UNITS]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("gravity + 5", "mGal"),
        ("5 - gravity", "mGal"),
        ("-gravity", "mGal"),
        ("gravity * height", "mGal.m"),
        ("gravity / height", "mGal/m"),
        ("gravity / gravity", "1"),
        ("distance + height", "km"),
        ("height / distance", "1"),
        ("sqrt(gravity**2 + gravity**2)", "mGal"),
        ("sqrt(height * height)", "m"),
        ("density * height**3", "kg"),
        ("where(gravity > 0, gravity, 0)", "mGal"),
        ("minimum(height, '2 km', distance)", "m"),
        ("gravity > 3 and height < 5", "1"),
        ("exp(-height / '1 km')", "1"),
        ("log(share)", "1"),
        ("sin(angle)", "1"),
        ("arctan(height / distance)", "rad"),
        ("convert(arctan2(height, distance), 'deg')", "deg"),
        ("number(gravity, 'mGal')", "1"),
        ("convert(warmth, 'K') * 2", "K"),
        ("warmth - warmth", "K"),
        ("warmth + 5", "degC"),
        ("code + 1", ""),
        ("code * height", ""),
        ("log(code)", ""),
        ("ratio * gravity", "mGal"),
        ("1 / distance", "1/km"),
        ("2 * 3", "1"),
    ],
)
def test_units_go_through(text, unit):
    """The result has the unit that follows from those of the names."""
    assert parse(text, NAMES).unit(UNITS) == unit


@pytest.mark.parametrize(
    "text",
    [
        "gravity + height", "where(gravity > 0, gravity, height)", "gravity > height", "log(gravity)",
        "exp(height)", "sin(height)", "sin(code)", "code + gravity", "height**height", "height**0.5",
        "2**height", "warmth + warmth", "warmth * 2", "-warmth", "hypot(warmth, warmth)",
        "convert(height, 'mGal')", "number(code, 'm')", "gravity + (height > 2)", "not gravity",
        "where(gravity, 1, 2)", "gravity and height", "minimum(gravity, height)", "'5 parsnips' + height",
        "height + '5'", "convert(height, 'parsnip')",
    ],
)  # fmt: skip
def test_units_that_do_not_go_together_are_refused(text):
    """Nothing is added, compared or chosen across kinds; functions take what they are made for."""
    with pytest.raises(InvalidError):
        parse(text, NAMES).unit(UNITS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("height + distance", 2 + 3000),
        ("distance + height", 3 + 0.002),
        ("height > distance", 0),
        ("height / distance", 2 / 3000),
        ("share * height", 0.4 * 2),
        ("log(share)", math.log(0.4)),
        ("sin(angle)", 0.5),
        ("sin(0.5)", math.sin(0.5)),
        ("height**2 - 2**3", -4),
        ("-height**2", -4),
        ("10 ** ratio", 10**0.7),
        ("convert(warmth, 'K')", 293.15),
        ("number(warmth, 'degC') * 1.8 + 32", 68),
        ("warmth - '10 degC'", 10),
        ("where(height >= 2 and distance < 4, 1, 0)", 1),
        ("where(height > 2 or not (distance > 4), 1, 0)", 1),
        ("1 < height < 3", 1),
        ("1 < height < 2", 0),
        ("clip(height, 0, '1 m')", 1),
        ("maximum(height, 1, 7, 3)", 7),
        ("hypot(height, '0.0015 km')", 2.5),
        ("pi * 2", 2 * math.pi),
        ("abs(-height) + sign(-height) * '1 m'", 1),
        ("round(1.6) + floor(1.6) + ceil(1.2)", 5),
        ("gravity + '1 um/s2'", 5.1),
    ],
)
def test_values(text, expected):
    """Numbers are brought to one unit before they meet."""
    values = {
        "gravity": 5, "height": 2, "distance": 3, "share": 40, "angle": 30, "code": 4, "warmth": 20,
        "density": 2670, "ratio": 0.7,
    }  # fmt: skip
    npt.assert_allclose(parse(text, NAMES).evaluate(values, UNITS), expected, rtol=1e-12)


def test_a_missing_cell_stays_missing():
    """A comparison with nothing is neither true nor false; `missing` alone can tell."""
    a = np.array([-1.0, 2.0, np.nan])
    npt.assert_array_equal(parse("a > 0", "a").evaluate({"a": a}), [0, 1, np.nan])
    npt.assert_array_equal(parse("not a > 0", "a").evaluate({"a": a}), [1, 0, np.nan])
    npt.assert_array_equal(parse("where(a > 0, a, 0)", "a").evaluate({"a": a}), [0, 2, np.nan])
    npt.assert_array_equal(parse("a != 2", "a").evaluate({"a": a}), [1, 0, np.nan])
    npt.assert_array_equal(parse("where(missing(a), 9, a)", "a").evaluate({"a": a}), [-1, 2, 9])


def test_what_is_not_finite_becomes_missing():
    """Division by zero and the log of nothing give a missing cell and no warning."""
    a = np.array([0.0, 4.0])
    npt.assert_array_equal(parse("1 / a", "a").evaluate({"a": a}), [np.nan, 0.25])
    npt.assert_array_equal(parse("log2(a)", "a").evaluate({"a": a}), [np.nan, 2])
    npt.assert_array_equal(parse("where(a > 0, 1 / a, 0)", "a").evaluate({"a": a}), [0, 0.25])


def test_whole_numbers_are_not_cut():
    """Bytes neither overflow nor round."""
    a = np.array([250, 3], dtype=np.uint8)
    npt.assert_array_equal(parse("a * 2 - 600", "a").evaluate({"a": a}), [-100, -594])
    npt.assert_array_equal(parse("a ** -1", "a").evaluate({"a": a}), [1 / 250, 1 / 3])


def test_lazy_arrays_give_the_same_lazily():
    """Dask arrays of other blocks give a dask array with the very same numbers, and no warning."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 30, 40)).astype(np.float32)
    formula = parse("where(a > b, log(a), sqrt(b) / k)", ["a", "b", "k"])
    plain = formula.evaluate({"a": a, "b": b, "k": 0.3})
    lazy = formula.evaluate(
        {"a": da.from_array(a, chunks=7), "b": da.from_array(b, chunks=(30, 9)), "k": 0.3}
    )
    assert isinstance(lazy, da.Array)
    assert lazy.dtype == np.float64
    npt.assert_array_equal(lazy.compute(), plain)


def test_arrays_of_other_shapes_are_refused():
    """Nothing is stretched."""
    for kind in (np.asarray, da.asarray):
        with pytest.raises(InvalidError, match="one shape"):
            parse("a + b", "ab").evaluate({"a": kind(np.ones(3)), "b": kind(np.ones((2, 3)))})


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a +", "a; a", "a = 1", "a.real", "a.__class__", "a[0]", "[a]", "{a}", "(a, a)", "f'{a}'", "b",
        "__import__('os')", "__builtins__", "(lambda: 1)()", "a if a > 0 else 1", "a & a", "a | a", "~a", "a // 2",
        "a % 2", "a @ a", "a is a", "a in a", "True", "None", "...", "1j", "b'x'", "1e999", "9" * 1500, "eval('a')",
        "abs", "abs()", "abs(a, a)", "abs(*a)", "abs(x=a)", "where(a > 0, a)", "convert(a, a)", "convert(a)",
        "(a := 1)", "[x for x in a]", "await a", "yield a", "print(a)", "a" * 3000,
    ],
)  # fmt: skip
def test_what_is_not_of_the_language_is_refused_when_parsed(text):
    """Python beyond arithmetic never gets further than the parser."""
    with pytest.raises(InvalidError):
        parse(text, ["a"])


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9", "9**9**9**9", "a**(9**9)", "a**1e9", "2**-999", "(" * 10_000 + "a" + ")" * 10_000,
        "(" * 150 + "a" + ")" * 150 + "+", "-" * 1900 + "a", "not " * 400 + "a > 0", "a+" * 900 + "a", "abs(" * 120 + "a" + ")" * 120,
    ],
)  # fmt: skip
def test_hostile_text_is_refused_quickly(text):
    """Towers of powers and deep nesting end in a message within a second, not in memory or a crash."""
    started = time.perf_counter()
    with pytest.raises(InvalidError):
        parse(text, ["a"]).unit({})
    assert time.perf_counter() - started < 1


def test_a_name_cannot_hide_a_function():
    """A column called `log` would change what formulas mean; words of the language cannot be read."""
    for name in ("log", "pi", "a b", "1a", "_a", "class", "and"):
        with pytest.raises(InvalidError, match="cannot be a name"):
            parse("1", [name])


def test_only_the_names_in_use_are_told_and_needed():
    """Values and units of others may be left out."""
    formula = parse("b - a + b", ["a", "b", "c"])
    assert formula.names == ("a", "b")
    assert formula.evaluate({"a": 1.0, "b": 2.0}) == 3.0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_can_be_called(name):
    """Each function of the table parses with its fewest arguments and gives a number."""
    arguments = {
        "where": "a > 0, a, a", "clip": "a, 0, 1", "convert": "'5 m', 'km'", "number": "'5 m', 'km'",
        **dict.fromkeys(("arctan2", "hypot", "minimum", "maximum"), "a, a"),
    }.get(name, "a")  # fmt: skip
    units = {"a": "1"}
    assert np.isfinite(parse(f"{name}({arguments})", ["a"]).evaluate({"a": 0.5}, units))
