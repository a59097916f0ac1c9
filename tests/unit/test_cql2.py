"""CQL2: what is read, what is refused, and what it says of a feature."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
import time

import cql2
import numpy as np
import pytest
import shapely

from craton.model.cql2 import Literal, Moments, Operation, Place, Property, parse, properties_of, rename
from craton.model.cql2_evaluate import matches
from craton.model.cql2_functions import accenti, casei, like
from craton.model.cql2_text import to_tree
from craton.model.errors import InvalidError

JUNE = dt.datetime(2020, 6, 1, 12, tzinfo=dt.UTC)

SAME_AS_THE_LIBRARY = (
    """
a=1 AND b<>'x' AND c>2
NOT a=1 AND b<=2 OR c>=3
a BETWEEN 1 AND 2 AND b NOT BETWEEN -1 AND +2.5e-3
a IN (1,2,3) OR b NOT IN ('x','y')
a IS NULL AND b IS NOT NULL
a LIKE 'x%' AND NOT b NOT LIKE '_y'
CASEI(a)=casei('X') AND ACCENTI(casei(b)) LIKE accenti('é%')
a+1*2-3/4=5
a - b - c = 1 AND a/b/c=1 AND a div 2 = 1 AND a % 2 = 1
-a = 1 AND a = -1 AND b = - 2.5
(a+1)*2 BETWEEN 1 AND 3
-a^2=1
(a=1 OR b=2) AND NOT (c=3 AND (d=4))
a=TRUE AND b=false AND c
TRUE
not not a
"odd ""name" = 'it''s "odd"' AND "a'b"=1 AND ""=''
eo:cloud_cover > 1 AND a.b=1
名='铜' AND ä=1
T_AFTER(d,DATE('2020-01-01')) AND t_during(d,INTERVAL('2020-01-01','..'))
T_INTERSECTS(INTERVAL(a,b),INTERVAL('..','2020-01-01T00:00:00Z')) AND T_FINISHEDBY(d, TIMESTAMP('2020-01-01T00:00:00Z'))
DATE('2020-01-01') < d AND d BETWEEN DATE('2020-01-01') AND DATE('2021-01-01')
S_INTERSECTS(geometry,BBOX(1,2,3,4)) AND s_within(geometry,bbox(1,2,0,3,4,5))
casei(a) in (casei('x'),casei('y'))
a != 1
a='x
y'
""".strip()
    .replace("\ny'", "\x00y'")
    .split("\n")
)


@pytest.mark.parametrize("text", [line.replace("\x00", "\n") for line in SAME_AS_THE_LIBRARY])
def test_text_is_read_as_another_library_reads_it(text: str) -> None:
    """The form of CQL2 JSON is the one that `cql2`, written by others, gives."""
    assert to_tree(text) == cql2.parse_text(text).to_json()
    assert parse(text) == parse(json.dumps(cql2.parse_text(text).to_json()), "cql2-json")


@pytest.mark.parametrize(
    "geometry",
    ["POINT(1 2)", "point z(1 2 3)", "LINESTRING(0 0,1 1.5e0)", "POLYGON((0 0,4 0,4 4,0 0),(1 .5,3 .5,3 1,1 .5))",
     "MULTIPOINT(1 2,3 4)", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
     "MultiLineString((0 0,1 1),(-2 -2,3 3))"],
)  # fmt: skip
def test_well_known_text_and_geojson_are_the_same_place(geometry: str) -> None:
    """A geometry is the same from WKT and from GeoJSON, in two dimensions."""
    place = parse(f"S_CROSSES(geometry, {geometry} )").args[1]
    assert shapely.equals_exact(
        place.geometry, shapely.force_2d(shapely.from_wkt(geometry.upper())), normalize=True
    )
    tree = {"op": "s_crosses", "args": [{"property": "geometry"}, shapely.geometry.mapping(place.geometry)]}
    assert parse(json.dumps(tree), "cql2-json") == parse(tree) == parse(f"S_CROSSES(geometry,{geometry})")


def test_nodes_are_frozen_and_hashable() -> None:
    """An expression is a key of a cache."""
    one, other = (
        parse("a = 1 AND S_INTERSECTS(geometry, POINT(1 2)) AND t > DATE('2020-01-01')") for _ in range(2)
    )
    assert one == other
    assert hash(one) == hash(other)
    assert properties_of(one) == {"a", "geometry", "t"}
    assert properties_of(rename(parse("T_AFTER(INTERVAL(a,b),INTERVAL(c,'..')) OR a=b"), str.upper)) == {
        "A",
        "B",
        "C",
    }


def test_whole_numbers_are_exact_and_decimals_finite() -> None:
    """Numbers above 2**53 keep their last digit in both languages."""
    assert parse("a=9007199254740993").args[1] == Literal(9007199254740993)
    assert parse('{"op":"=","args":[{"property":"a"},9223372036854775807]}', "cql2-json").args[1] == Literal(
        2**63 - 1
    )
    assert parse('{"op":"=","args":[{"property":"a"},9223372036854775808]}', "cql2-json").args[1] == Literal(
        2.0**63
    )
    assert isinstance(parse("a=1.0").args[1].value, float)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), ("  ", "empty"), ("a=1 and", "the end"), ("a b", "'b'"), ("a=1;drop table x", "';drop"), ("a IN ()", r"'\)'"),
     ("'x", "character 1"), ('"x', "character 1"), ("a = 'x", "character 5"), ("(a=1", r"'\)'"), ("a=1)", "the end"), ("a=b=c", "a value"),
     ("5", "a condition"), ("'x'", "a condition"), ("casei(a)", "there is not|condition"), ("a+1", "condition"), ("foo(a)", "foo"),
     ("foo(a)=1", "foo"), ("a_contains(a,('x'))", "a_contains"), ("a LIKE b", "pattern"), ("a LIKE 5", "a text"), ("a NOT b", "LIKE"),
     ("a IS 5", "NULL"), ("a=1e400", "too large"), ("a=" + "9" * 400, "too large"), ("a>DATE('2020-13-01')", "RFC 3339"),
     ("a>DATE('2020-01-01T00:00:00Z')", "no date"), ("a>TIMESTAMP('2020-01-01')", "no timestamp"), ("a>DATE(5)", "RFC 3339"),
     ("a>DATE('2020-01-01','2020-01-02')", "one text"), ("t_during(d,INTERVAL('2021-01-01','2020-01-01'))", "before it starts"),
     ("t_during(d,INTERVAL('2021-01-01'))", "two sides"), ("t_during(d,INTERVAL(NOW(),'..'))", "NOW"), ("t_after(d,5)", "a time"),
     ("a > INTERVAL('..','..')", "a value"), ("t_after(d,'yesterday')", "RFC 3339"), ("s_intersects(geometry,5)", "a geometry"),
     ("s_intersects(geometry,BBOX(1,2,3))", "4 or 6"), ("s_intersects(geometry,BBOX(1,2,3,'4'))", "4 or 6"),
     ("s_intersects(geometry,BBOX(1,4,3,2))", "south"), ("s_intersects(geometry,BBOX(1,2,3,1e999))", "4 or 6"),
     ("s_intersects(geometry,BBOX(1,-91,3,4))", "outside"), ("s_intersects(geometry,POINT(1 91))", "outside"),
     ("s_intersects(geometry,POINT(1000 1))", "outside"), ("s_intersects(geometry,POINT EMPTY)", "bracket"),
     ("s_intersects(geometry,POINT(1 2)", r"'\)'"), ("s_intersects(geometry,POINT(1 2", "not closed"), ("s_intersects(geometry,POINT(nan 1))", "no place"),
     ("s_intersects(geometry,POINT(1))", "well-known"), ("s_intersects(geometry,POLYGON((0 0,1 1)))", "well-known"),
     ("s_intersects(geometry,POLYGON((0 0,1 1,0 1,1 0,0 0)))", "not valid"), ("s_intersects(geometry)", "takes 2"), ("and", "a property"),
     ("a = \x00", "a property|character"), ("a='\x00'", "NUL"), ("a=1 OR b", "")],
)  # fmt: skip
def test_what_is_no_filter_is_refused_with_the_reason(text: str, said: str) -> None:
    """Each mistake is one `InvalidError` that says where or what."""
    if not said:
        parse(text)
        return
    with pytest.raises(InvalidError, match=said):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "1", '"a"', "{}", '{"op":5,"args":[]}', '{"op":[],"args":[]}', '{"op":"foo","args":[]}', '{"op":"and"}', '{"op":"and","args":{}}',
     '{"op":"and","args":[true]}', '{"op":"not","args":[true,true]}', '{"op":"=","args":[1]}', '{"op":"=","args":[1,2],"x":1}',
     '{"op":"=","args":[{"property":5},1]}', '{"op":"=","args":[{"property":"a","x":1},1]}', '{"op":"=","args":[[1],1]}',
     '{"op":"in","args":[{"property":"a"},1]}', '{"op":"in","args":[{"property":"a"},[]]}', '{"op":"=","args":[{"date":1},1]}',
     '{"op":"=","args":[{"property":"a"},1e999]}', '{"op":"=","args":[{"property":"a"},NaN]}', '{"op":"t_after","args":[{"interval":{}},{"interval":1}]}',
     '{"op":"s_intersects","args":[{"type":"Point","coordinates":[1]},{"bbox":"x"}]}', '{"op":"s_intersects","args":[{"type":"Feature"},{"bbox":[1,2,3,4]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[true,1]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[1,2,3,4]}]}',
     '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"GeometryCollection","geometries":[]}]}',
     '{"op":"isNull","args":{"property":"a"}}', '{"op":"like","args":[{"property":"a"},{"property":"b"}]}', b"\xff\xfe", '{"op":"=","args":["\\ud800",1]}'],
)  # fmt: skip
def test_json_that_is_no_filter_is_refused(text: str | bytes) -> None:
    """Whatever JSON comes, it is a filter or an `InvalidError`."""
    with pytest.raises(InvalidError):
        parse(text, "cql2-json")
    if isinstance(text, bytes):
        with pytest.raises(InvalidError):
            parse(text)


DEEP = """
import threading
from craton.model.cql2 import parse
from craton.model.errors import InvalidError
inner = {"op": "=", "args": [{"property": "a"}, 1]}
nested = inner
for _ in range(10_000):
    nested = {"op": "not", "args": [nested]}
cases = [(nested, "cql2-json")]
for n in (101, 1_000, 10_000):
    cases += [
        ("NOT " * n + "a=1", "cql2-text"), ("(" * n + "a=1" + ")" * n, "cql2-text"), ("(" * n, "cql2-text"),
        ("a=" + "-" * n + "1", "cql2-text"), ("a=" + "1+(" * n + "1" + ")" * n, "cql2-text"), ("a" + "=a" * n, "cql2-text"),
        ("a=" + "+".join("1" * n), "cql2-text"), ("a=" + "^".join("2" * n), "cql2-text"), ("casei(" * n + "a" + ")" * n + "='x'", "cql2-text"),
        ("a IN (" * n, "cql2-text"), ("s_intersects(geometry," + "GEOMETRYCOLLECTION(" * n + "POINT(1 2)" + ")" * n + ")", "cql2-text"),
        ('{"op":"not","args":[' * n + "true" + "]}" * n, "cql2-json"), ("[" * n + "]" * n, "cql2-json"), ("[" * n, "cql2-json"),
        ('{"op":"s_within","args":[{"property":"geometry"},{"type":"Polygon","coordinates":' + "[" * n + "]" * n + "}]}", "cql2-json"),
    ]
def run():
    for text, language in cases:
        try:
            parse(text, language)
        except InvalidError:
            continue
        raise SystemExit(f"accepted {str(text)[:40]}")
    print("all refused")
threading.stack_size(512 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
run()
"""


def test_a_deep_filter_is_refused_and_never_a_crash() -> None:
    """Filters nested ten thousand deep are `InvalidError`, even on a small stack."""
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "all refused\n" * 2), done.stderr[-2000:]


def test_a_hundred_levels_and_thousands_of_values_are_read() -> None:
    """What a program may generate is within the limits."""
    assert parse("(" * 90 + "a=1" + ")" * 90) == parse("a=1")
    assert len(parse(" OR ".join(f"a={n}" for n in range(5_000))).args) == 5_000
    assert len(parse(f"a IN ({','.join(map(str, range(9_000)))})").args) == 9_001
    with pytest.raises(InvalidError, match="bytes"):
        parse(f"a IN ({','.join(map(str, range(20_000)))})")


def test_a_wrong_filter_is_refused_in_no_time() -> None:
    """Time does not grow with the depth at which a filter goes wrong."""
    start = time.thread_time()
    for text in (
        "(" * 90 + "a=" + ")" * 90,
        "(a=1 AND " * 90,
        "a IN (" * 90 + "1 1",
        "'" * 9_999,
        '"' * 9_999,
        "(" * 60_000,
        "1" * 60_000,
    ):
        with pytest.raises(InvalidError):
            parse(text)
    assert time.thread_time() - start < 6.0


def test_parsing_is_safe_from_many_threads() -> None:
    """Nothing is shared between two calls."""
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(parse(f"a={n}").args[1].value)) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(20))


def test_a_box_across_the_antimeridian_is_two() -> None:
    """West > east, and longitudes past 180°, come back within the map."""
    place = parse("S_INTERSECTS(geometry,BBOX(170,-10,-170,10))").args[1].geometry
    assert place.bounds == (-180.0, -10.0, 180.0, 10.0)
    assert place.intersects(shapely.Point(175, 0))
    assert place.intersects(shapely.Point(-175, 0))
    assert not place.intersects(shapely.Point(0, 0))
    assert (
        parse("S_INTERSECTS(geometry,POLYGON((170 -10,190 -10,190 10,170 10,170 -10)))")
        .args[1]
        .geometry.equals(place)
    )
    assert parse("S_INTERSECTS(geometry,POINT(190 5))").args[1] == Place(shapely.Point(-170, 5))
    assert parse("S_INTERSECTS(geometry,BBOX(1,2,1,2))").args[1] == Place(shapely.Point(1, 2))


def test_places_in_another_system_are_projected() -> None:
    """`project` gets positions as they are written, and its results are checked."""
    swapped = parse("S_INTERSECTS(geometry,POINT(10 100))", project=lambda positions: positions[:, ::-1])
    assert swapped.args[1] == Place(shapely.Point(100, 10))
    with pytest.raises(InvalidError, match="no place"):
        parse("S_INTERSECTS(geometry,POINT(10 10))", project=lambda positions: positions * np.inf)


def test_times_are_dates_instants_and_intervals() -> None:
    """Dates stay dates, offsets become UTC, sides may be open or properties."""
    day = dt.date(2020, 1, 1)
    assert parse("t_after(d,DATE('2020-01-01'))").args[1] == Moments(day, day, "date")
    assert parse("t_after(d,'2020-06-01T19:00:00+07:00')").args[1] == Moments(JUNE, JUNE, "timestamp")
    assert parse("t_during(d,INTERVAL(a,'..'))").args[1] == Moments(Property("a"), None)
    assert parse("d = TIMESTAMP('2020-06-01T12:00:00.000000999Z')").args[1].start == JUNE


FEATURE = {
    "n": 5, "x": 2.5, "s": "Ångström 50%", "b": True, "none": None, "nan": float("nan"),
    "day": dt.date(2020, 6, 1), "time": JUNE, "text_time": "2020-06-01T12:00:00Z", "text_day": "2020-06-01",
}  # fmt: skip

TRUE = """
n=5
n=5.0 AND n<>4 AND n>4.9 AND n<=5
x*2=n AND n/2=x AND n div 2 = 2 AND n % 2 = 1 AND n^2=25 AND -n = -5 AND n-10=-5
s LIKE 'Å%' AND s LIKE '%50\\%' AND s NOT LIKE '%50' AND s LIKE '_ngstr_m%'
accenti(casei(s)) LIKE accenti(casei('ÅNG%'))
s > 'Z'
b AND NOT (NOT b) AND b = TRUE
none IS NULL AND nan IS NULL AND missing IS NULL AND n IS NOT NULL
n IN (1,5) AND n NOT IN (1,2) AND n BETWEEN 5 AND 6 AND n NOT BETWEEN 6 AND 7
none = 1 OR TRUE
day = DATE('2020-06-01') AND day < DATE('2020-06-02') AND text_day = DATE('2020-06-01')
time > DATE('2020-05-31') AND time = DATE('2020-06-01') AND text_time = TIMESTAMP('2020-06-01T12:00:00Z')
t_during(time,INTERVAL('2020-05-01','2020-06-01')) AND t_intersects(time,DATE('2020-06-01'))
t_equals(day,DATE('2020-06-01')) AND t_meets(INTERVAL('2020-01-01','2020-06-01'),day)
t_after(time,INTERVAL('..','2020-05-31')) AND t_before(day,INTERVAL('2020-06-02','..'))
t_overlaps(INTERVAL('2020-01-01',day),INTERVAL('2020-02-01','2021-01-01'))
t_contains(INTERVAL('..','..'),day) AND t_equals(INTERVAL('..','..'),INTERVAL('..','..'))
t_starts(INTERVAL(day,'2020-07-01'),INTERVAL('2020-06-01','2021-01-01')) AND t_finishes(INTERVAL('2020-03-01',day),INTERVAL('2020-01-01','2020-06-01'))
s_intersects(geometry,BBOX(0,0,2,2)) AND s_within(geometry,BBOX(0,0,2,2)) AND NOT s_disjoint(geometry,POINT(1 1))
s_equals(geometry,POINT(1 1)) AND s_contains(BBOX(0,0,2,2),geometry) AND s_touches(geometry,BBOX(1,0,2,2)) AND geometry IS NOT NULL
""".strip().split("\n")


@pytest.mark.parametrize("text", TRUE)
def test_a_feature_is_judged(text: str) -> None:
    """What is true of the feature is found true, and its contrary is not."""
    assert matches(parse(text), FEATURE, shapely.Point(1, 1))
    assert not matches(parse(f"NOT ({text})"), FEATURE, shapely.Point(1, 1))


@pytest.mark.parametrize(
    "text",
    ["none=1", "none<>1", "nan>0", "n='5'", "s>5", "missing LIKE '%'", "n LIKE '5'", "none", "n/0=1", "(0-8)^0.5>0", "n=NULL", "b=1", "n",
     "none BETWEEN 1 AND 2", "none IN (1,2)", "n NOT IN (1,NULL)", "t_after(none,DATE('2020-01-01'))", "t_after(s,DATE('2020-01-01'))",
     "s_intersects(shape,POINT(1 1))"],
)  # fmt: skip
def test_what_is_not_known_is_neither_true_nor_false(text: str) -> None:
    """NULL, values of different kinds and impossible results make a condition unknown, and its contrary too."""
    assert not matches(parse(text), FEATURE, shapely.Point(1, 1))
    assert not matches(parse(f"NOT ({text})"), FEATURE, shapely.Point(1, 1))


def test_a_feature_without_a_place_lies_nowhere() -> None:
    """Conditions on the place of what has none are unknown."""
    assert not matches(parse("s_disjoint(geometry,POINT(1 1))"), FEATURE)
    assert matches(parse("geometry IS NULL"), FEATURE)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [("abc", "a%c", True), ("abc", "a%b", False), ("aa", "a%a", True), ("a", "a%a", False), ("a\nb", "a_b", True), ("a\nb", "%", True),
     ("50%", "50\\%", True), ("505", "50\\%", False), ("x", "%%", True), ("", "%", True), ("", "", True), ("ab", "_%_", True),
     ("a", "_%_", False), ("abcabc", "%bc%bc", True), ("abc", "%bc%bc", False), ("a\\", "a\\", True), ("a.c", "a.c", True), ("abc", "a.c", False),
     ("a" * 5_000, "%a" * 50 + "b", False), (None, "%", None)],
)  # fmt: skip
def test_patterns(text: str | None, pattern: str, expected: bool | None) -> None:
    """`%` and `_` as in SQL, taken for themselves after a backslash; never slow."""
    assert like(text, pattern) is expected


def test_letters_without_case_and_accents() -> None:
    """Case is folded as Unicode folds it; accents go, the vowel signs of the region's scripts stay."""
    assert casei("STRASSE") == casei("straße")
    assert accenti("Đà Nẵng, Ångström") == "Đa Nang, Angstrom"
    for word in ("แร่ทองคำ", "ແຮ່ທອງຄຳ", "រ៉ែមាស", "ရွှေ", "金矿"):
        assert accenti(word) == word
    assert casei(None) is accenti(None) is None


def test_unknown_languages_are_refused() -> None:
    """There are two."""
    with pytest.raises(InvalidError, match="cql2-text or cql2-json"):
        parse("a=1", "cql-text")  # type: ignore[arg-type]
    assert isinstance(parse("a=1"), Operation)
