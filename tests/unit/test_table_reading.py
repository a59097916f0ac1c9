"""How tables of text are taken apart: dialects, headers, encodings, values, places."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import shapely
from tests.reading import read_source

from craton.ingest import table, table_cells, table_stream
from craton.model.data import Draft, Series, TableStream
from craton.model.describe import describe
from craton.model.errors import RefusedError


def read(folder: Path, content: str | bytes, name: str = "t.csv", **options: str) -> Draft:
    """The draft of a file of `content`."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (draft,) = read_source(path, **options)[1]
    return draft


def codes(draft: Draft) -> dict[str, int]:
    """Findings by code."""
    return {finding.code: finding.count for finding in draft.findings}


def shapes(draft: Draft) -> list[str | None]:
    """Geometries as text."""
    return [shapely.from_wkb(one).wkt if one else None for one in draft.data.column("geometry").to_pylist()]


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [("a,b\n1,2\n", "comma"), ("a\tb\n1\t2\n", "tab"), ("a;b\n1;2\n", "semicolon"), ("a|b\n1|2\n", "bar")],
)
def test_the_delimiter_is_found(tmp_path: Path, content: str, delimiter: str) -> None:
    """Comma, tab, semicolon and bar are told apart by the evenness of the rows."""
    assert read(tmp_path, content).data.to_pydict() == {"a": [1], "b": [2]}, delimiter


def test_spaces_part_columns_of_numbers(tmp_path: Path) -> None:
    """Runs of spaces part cells, and names that hold single spaces are kept together."""
    draft = read(tmp_path, "Line  Depth (m)  Temp C\n1   2.5  3\n2   3.5  4\n3 4.5 5\n", "t.dat")
    assert draft.data.to_pydict() == {"Line": [1, 2, 3], "Depth (m)": [2.5, 3.5, 4.5], "Temp C": [3, 4, 5]}


def test_prose_is_left_to_others(tmp_path: Path) -> None:
    """A text of sentences is no table, whatever commas it holds."""
    path = tmp_path / "notes.txt"
    path.write_text(
        "The survey, led by A. B., began in May.\nIt rained, so we left.\nThe rest, as they say.\n" * 9
    )
    assert read_source(path)[0] != "text-table"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_of_all_systems(tmp_path: Path, ending: str, last: str) -> None:
    """Lines may end in any way, the last one not at all."""
    content = ending.join(["a,b", "1,x", "2,y"]) + (ending if last else "")
    assert read(tmp_path, content.encode()).data.to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize(
    ("encoding", "guessed"),
    [
        ("utf-8", False),
        ("utf-8-sig", False),
        ("utf-16", False),
        ("utf-16-le", True),
        ("utf-32", False),
        ("gb18030", True),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, guessed: bool) -> None:
    """Text comes through in Unicode of all kinds and in a code page; a guess is told."""
    plain = [f"{i},plain ASCII words" for i in range(20)]
    content = "\n".join(["place,mineral", *plain, "98,铜矿床和铅锌矿床", "99,花岗岩与玄武岩"])
    draft = read(tmp_path, content.encode(encoding))
    assert draft.data.column("mineral").to_pylist()[-2:] == ["铜矿床和铅锌矿床", "花岗岩与玄武岩"]
    assert ("encoding-guessed" in codes(draft)) is guessed


def test_broken_characters_of_utf8_are_replaced_and_counted(tmp_path: Path) -> None:
    """One broken byte among many accents does not turn the file into another encoding."""
    content = ("name\n" + "é\n" * 20).encode() + b"\xff\n"
    draft = read(tmp_path, content)
    assert codes(draft)["encoding-repaired"] == 1
    assert draft.data.column("name").to_pylist() == ["é"] * 20 + ["\N{REPLACEMENT CHARACTER}"]


def test_nul_characters_are_taken_out(tmp_path: Path) -> None:
    """A NUL within a cell is dropped and told."""
    draft = read(tmp_path, b"a,b\n1,x\0y\n2,z\n")
    assert draft.data.to_pydict() == {"a": [1, 2], "b": ["xy", "z"]}
    assert codes(draft) == {"encoding-repaired": 1}


def test_rows_too_short_and_too_long(tmp_path: Path) -> None:
    """Short rows end in missing cells; cells too many are kept in a column of their own."""
    draft = read(tmp_path, "a,b,c\n1,2\n3,4,5\n6,7,8,9,10\n\n11,12,13\n")
    assert draft.data.to_pydict() == {
        "a": [1, 3, 6, 11], "b": [2, 4, 7, 12], "c": [None, 5, 8, 13],
        "extra_cells": [None, None, "9,10", None],
    }  # fmt: skip
    assert codes(draft) == {"row-ragged": 2, "row-blank": 1}


def test_an_open_quotation_mark_does_not_swallow_the_rows(tmp_path: Path) -> None:
    """Where quotation marks do not pair, they are plain characters, and that is told."""
    draft = read(tmp_path, 'a,b\n1,"x\n2,y\n3,z\n')
    assert draft.data.to_pydict() == {"a": [1, 2, 3], "b": ['"x', "y", "z"]}
    assert "format-recovered" in codes(draft)


def test_quoted_cells_hold_line_ends_and_delimiters(tmp_path: Path) -> None:
    """A quoted cell may hold everything."""
    draft = read(tmp_path, 'id,note\n1,"a, b\nc ""d"""\n2,e\n')
    assert draft.data.column("note").to_pylist() == ['a, b\nc "d"', "e"]


def test_comments_and_declarations_above_the_table(tmp_path: Path) -> None:
    """Comments may state the system, the missing mark and the names of the columns."""
    content = (
        "# survey, EPSG:32648\n# nodata = -99\n#easting,northing,au\n500000,2000000,1.5\n500010,2000020,-99\n"
    )
    draft = read(tmp_path, content)
    assert draft.crs == "EPSG:32648"
    assert draft.data.column("au").to_pylist() == [1.5, None]
    assert codes(draft) == {"header-rows-skipped": 3, "nodata-declared": 1}


def test_a_system_stated_above_must_fit(tmp_path: Path) -> None:
    """A system of metres is none of longitudes, and one that nobody knows is told."""
    metres = read(tmp_path, "# EPSG:32648\nlon,lat\n102.5,18.5\n103.5,19.5\n")
    assert (metres.crs, codes(metres)["crs-from-names"]) == ("EPSG:4326", 1)
    unknown = read(tmp_path, "# EPSG:99999\nx,y\n500000,2000000\n500010,2000020\n")
    assert (unknown.crs, codes(unknown)["crs-unknown"]) == ("", 1)


def test_rows_of_a_laboratory(tmp_path: Path) -> None:
    """Titles, units, methods and limits around the header of a certificate are understood."""
    content = (
        "Certificate 123,,,\nClient: Survey,,,\n,,,\nElement,Au,Cu,Zn\nUnits,ppb,ppm,ppm\nMethod,FA,AAS,AAS\n"
        "Detection limit,1,2,5\nS1,5,10,20\nS2,<1,12,bdl\nS3,7,>1000,30\nS4,3,4,5\n"
    )
    draft = read(tmp_path, content)
    found = draft.data.to_pydict()
    assert found["Element"] == ["S1", "S2", "S3", "S4"]
    assert found["Au"] == [5.0, None, 7.0, 3.0]
    assert found["Au_detection_limit"] == [None, 1.0, None, None]
    assert found["Zn_below_detection"] == [False, True, False, False]
    assert found["Zn_detection_limit"] == [None] * 4
    assert found["Cu_upper_limit"] == [None, None, 1000.0, None]
    assert {name: draft.notes[name].unit for name in ("Au", "Cu", "Zn")} == {
        "Au": "ppb",
        "Cu": "ppm",
        "Zn": "ppm",
    }
    assert draft.properties["header_rows"]["detection limit"]["Cu"] == "2"
    assert codes(draft) == {"header-rows-skipped": 2, "below-detection": 2, "above-range": 1}


def test_a_row_of_units_without_a_label(tmp_path: Path) -> None:
    """A row that holds nothing but units above numbers is one of units."""
    draft = read(tmp_path, "Sample,Depth,Au\n,m,ppb\nS1,1.5,2\nS2,2.5,3\n")
    assert draft.data.to_pydict() == {"Sample": ["S1", "S2"], "Depth": [1.5, 2.5], "Au": [2, 3]}
    assert (draft.notes["Depth"].unit, draft.notes["Au"].unit) == ("m", "ppb")


def test_years_may_be_names(tmp_path: Path) -> None:
    """A run of years above numbers is a header."""
    draft = read(tmp_path, "Country,2001,2002,2003\nLaos,5.2,6.1,7\nVietnam,4,5,6\n")
    assert draft.data.column_names == ["Country", "2001", "2002", "2003"]


def test_decimal_commas(tmp_path: Path) -> None:
    """A semicolon file with decimal commas gives numbers, also for the coordinates."""
    draft = read(tmp_path, "x;y;Au\n1234,5;5678,25;0,5\n1235,5;5679,25;1,25\n")
    assert draft.data.column("Au").to_pylist() == [0.5, 1.25]
    assert shapes(draft) == ["POINT (1234.5 5678.25)", "POINT (1235.5 5679.25)"]
    assert codes(draft)["number-comma"] == 6


def test_separators_of_thousands(tmp_path: Path) -> None:
    """Quoted numbers in groups of three are whole numbers, and that is told."""
    draft = read(tmp_path, 'id,people\n1,"1,234,567"\n2,"12,345"\n3,"1,000"\n')
    assert draft.data.column("people").to_pylist() == [1_234_567, 12_345, 1_000]
    assert codes(draft) == {"number-grouped": 3}


def test_namibia_is_no_missing_mark(tmp_path: Path) -> None:
    """`NA` is missing in a column of words, but a country in one of two-letter codes."""
    draft = read(tmp_path, "code,rock\nNA,granite\nZA,NA\nBW,basalt\n")
    assert draft.data.to_pydict() == {"code": ["NA", "ZA", "BW"], "rock": ["granite", None, "basalt"]}
    assert codes(draft) == {"missing-mark": 1}


def test_numbers_that_can_only_be_marks(tmp_path: Path) -> None:
    """-9999, -999.25 and 1e32 far from all other values are emptied, a plausible -999 is not."""
    content = (
        "grade,height,t,anomaly\n0.5,-9999,1e32,-999\n-999.25,120,2,-950\n0.7,130,3,-1020\n0.2,140,4,10\n"
    )
    found = read(tmp_path, content)
    table_ = found.data.to_pydict()
    assert table_["grade"] == [0.5, None, 0.7, 0.2]
    assert table_["height"] == [None, 120, 130, 140]
    assert table_["height_original"] == ["-9999", "120", "130", "140"]
    assert table_["t"] == [None, 2.0, 3.0, 4.0]
    assert table_["anomaly"] == [-999, -950, -1020, 10]
    assert codes(found) == {"nodata-guessed": 3}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("13/02/2020", "1/3/2020", [date(2020, 2, 13), date(2020, 3, 1)]),
        ("2/13/2020", "3/1/2020", [date(2020, 2, 13), date(2020, 3, 1)]),
        ("2020-02-13", "2020-3-1", [date(2020, 2, 13), date(2020, 3, 1)]),
        ("13-Feb-2020", "01 Mar 2020", [date(2020, 2, 13), date(2020, 3, 1)]),
        ("20200213", "20200301", [date(2020, 2, 13), date(2020, 3, 1)]),
        ("2020-044", "2020-061", [date(2020, 2, 13), date(2020, 3, 1)]),
    ],
)
def test_ways_to_write_dates(tmp_path: Path, first: str, second: str, expected: list[date]) -> None:
    """The whole column decides what stands first."""
    draft = read(tmp_path, f"date,rock\n{first},granite\n{second},basalt\n")
    assert draft.data.column("date").to_pylist() == expected
    assert codes(draft) == {}


def test_a_date_that_may_be_two_is_told_and_kept(tmp_path: Path) -> None:
    """1/2/2020 is taken as the first of February, with the text kept beside and a finding."""
    draft = read(tmp_path, "date,rock\n1/2/2020,a\n3/4/2020,b\n")
    assert draft.data.column("date").to_pylist() == [date(2020, 2, 1), date(2020, 4, 3)]
    assert draft.data.column("date_original").to_pylist() == ["1/2/2020", "3/4/2020"]
    assert codes(draft) == {"date-ambiguous": 2}


def test_one_column_decides_for_the_other(tmp_path: Path) -> None:
    """Where another column shows that the month stands first, an ambiguous one follows."""
    draft = read(tmp_path, "begun,date ended\n1/2/2020,1/25/2020\n3/4/2020,4/28/2020\n")
    assert draft.data.column("begun").to_pylist() == [date(2020, 1, 2), date(2020, 3, 4)]


def test_times_with_and_without_a_zone(tmp_path: Path) -> None:
    """Stated zones are brought to UTC; a time without one is taken as UTC, and that is told."""
    content = "time,rock\n2020-01-01T07:30:00+07:00,a\n2020-01-01 01:00:00.250Z,b\n2020-01-01 2:00 PM,c\n"
    draft = read(tmp_path, content)
    assert draft.data.column("time").to_pylist() == [
        datetime(2020, 1, 1, 0, 30, tzinfo=UTC),
        datetime(2020, 1, 1, 1, 0, 0, 250_000, tzinfo=UTC),
        datetime(2020, 1, 1, 14, 0, tzinfo=UTC),
    ]
    assert codes(draft) == {"time-assumed-utc": 1}


def test_impossible_dates_are_kept_as_text(tmp_path: Path) -> None:
    """The thirtieth of February is no date: its text stands beside."""
    rows = "".join(f"2020-01-{day:02},x\n" for day in range(1, 20))
    draft = read(tmp_path, f"date,rock\n{rows}2020-02-30,x\n")
    assert draft.data.column("date").null_count == 1
    assert draft.data.column("date_text").drop_null().to_pylist() == ["2020-02-30"]
    assert codes(draft)["date-unread"] == 1


def test_milliseconds_since_1970(tmp_path: Path) -> None:
    """Whole numbers in a column named time are epoch milliseconds, and make a series."""
    draft = read(
        tmp_path, "time,mag\n1743130800000,7.7\n1743130900000,5.1\n1743131800000,4.4\n", "quakes.csv"
    )
    assert isinstance(draft.data, Series)
    assert draft.data.values["time"].iloc[0] == datetime(2025, 3, 28, 3, tzinfo=UTC)
    assert list(draft.data.values["station"]) == ["quakes"] * 3


def test_a_series_of_several_stations(tmp_path: Path) -> None:
    """A column of stations tells the series apart; rows are in order of time at each."""
    content = "date,station,head\n2020-01-02,B,1.2\n2020-01-01,B,1.1\n2020-01-01,A,1\n2020-01-02,A,2\n"
    values = read(tmp_path, content).data.values
    assert list(values["station"]) == ["A", "A", "B", "B"]
    assert list(values["head"]) == [1.0, 2.0, 1.1, 1.2]


@pytest.mark.parametrize(
    ("names", "crs"),
    [
        ("lon,lat", "EPSG:4326"), ("Longitude,Latitude", "EPSG:4326"), ("long,lat", "EPSG:4326"),
        ("LONGITUDE_DD,LATITUDE_DD", "EPSG:4326"), ("dec_long,dec_lat", "EPSG:4326"),
        ("Longitude (°E),Latitude (°N)", "EPSG:4326"), ("Longitude_GDA94,Latitude_GDA94", "EPSG:4283"),
        ("经度,纬度", "EPSG:4326"), ("bujur,lintang", "EPSG:4326"),
        ("x,y", ""), ("X_COORD,Y_COORD", ""), ("easting,northing", ""), ("E,N", ""), ("POINT_X,POINT_Y", ""),
        ("utm_x,utm_y", ""), ("Easting_MGA50,Northing_MGA50", ""), ("Easting (m),Northing (m)", ""),
    ],
)  # fmt: skip
def test_names_of_coordinates(tmp_path: Path, names: str, crs: str) -> None:
    """Any common spelling is found; only names of degrees state a system."""
    draft = read(tmp_path, f"hole,{names}\na,102.5,18.25\nb,103.5,19.25\n")
    assert shapes(draft) == ["POINT (102.5 18.25)", "POINT (103.5 19.25)"]
    assert draft.crs == crs


def test_degrees_minutes_and_seconds(tmp_path: Path) -> None:
    """Angles written with signs, letters or colons become decimal degrees; sixty minutes are illegal."""
    content = (
        'id,Lat,Long\n1,"18°30\'12""N","102°15\'00""E"\n2,17 15.5 N,103 00 E\n'
        "3,-18:00:00,101:59:59.5\n4,18 60 N,102 0 E\n"
    )
    draft = read(tmp_path, content)
    found = shapely.get_coordinates(shapely.from_wkb(draft.data.column("geometry").drop_null().to_pylist()))
    expected = [
        (102.25, 18 + 30 / 60 + 12 / 3600),
        (103.0, 17 + 15.5 / 60),
        (101 + 59 / 60 + 59.5 / 3600, -18.0),
    ]
    assert found.tolist() == [pytest.approx(pair) for pair in expected]
    assert codes(draft)["coordinate-out-of-range"] == 1


def test_exchanged_latitudes_and_longitudes(tmp_path: Path) -> None:
    """Latitudes of 102° are longitudes: the points are right and the fault is told."""
    draft = read(tmp_path, "name,latitude,longitude\na,102.5,18.1\nb,103.25,17.9\nc,101.1,19.0\n")
    assert shapes(draft)[0] == "POINT (102.5 18.1)"
    assert codes(draft)["coordinates-swapped"] == 1


def test_rows_without_a_legal_place_are_kept(tmp_path: Path) -> None:
    """Missing and illegal coordinates are counted apart; no row is lost."""
    draft = read(tmp_path, "name,lat,lon\na,18.5,102.5\nb,,102.6\nc,95,102\nd,0,0\ne,19.5,283.25\n")
    assert shapes(draft) == ["POINT (102.5 18.5)", None, None, "POINT (0 0)", "POINT (-76.75 19.5)"]
    found = codes(draft)
    assert (found["coordinate-missing"], found["coordinate-out-of-range"]) == (1, 1)
    assert found["longitude-wrapped"] == 1
    assert draft.data.column("lon")[4].as_py() == -76.75


def test_geometries_as_text(tmp_path: Path) -> None:
    """A column of WKT becomes the geometry; a broken one is empty and told; SRID states the system."""
    draft = read(tmp_path, "id;WKT\n1;POINT (1 2)\n2;LINESTRING (0 0, 1 1)\n3;POLYGON ((0 0\n")
    assert shapes(draft) == ["POINT (1 2)", "LINESTRING (0 0, 1 1)", None]
    assert codes(draft)["geometry-unread"] == 1
    assert draft.data.column_names == ["id", "geometry"]
    stated = read(tmp_path, "id,the_geom\n1,SRID=32648;POINT (1 2)\n2,SRID=32648;POINT (3 4)\n")
    assert stated.crs == "EPSG:32648"


def test_several_zones_are_not_mixed(tmp_path: Path) -> None:
    """Eastings of two zones would fall on one another: no geometry is built, and that is told."""
    draft = read(tmp_path, "hole,Easting,Northing,Zone\na,500000,7000000,55\nb,500000,7000000,56\n")
    assert "geometry" not in draft.data.column_names
    assert codes(draft)["coordinate-zones"] == 1


def test_a_column_called_geometry_gives_way(tmp_path: Path) -> None:
    """Words in a column called geometry do not hide the points."""
    draft = read(tmp_path, "geometry,lon,lat\nfoo,1.5,2.5\nbar,3.5,4.5\n")
    assert draft.data.column("geometry_").to_pylist() == ["foo", "bar"]
    assert shapes(draft) == ["POINT (1.5 2.5)", "POINT (3.5 4.5)"]


def test_directions_are_no_coordinates(tmp_path: Path) -> None:
    """A headerless survey of depth, azimuth and dip has no place."""
    draft = read(tmp_path, "0.0,271.5,-60.0\n30.0,272.25,-60.5\n60.0,273.0,-61.0\n")
    assert draft.data.column_names == ["column_1", "column_2", "column_3"]
    assert codes(draft) == {"header-missing": 1}


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b"\n \n\t\n", "empty"), (b"1," * 20_000 + b"\n" + b"1," * 20_000, "too-large")],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    """Nothing, or more columns than any table has, ends in a refusal."""
    with pytest.raises(RefusedError) as refused:
        read(tmp_path, content)
    assert refused.value.code == code


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    """A header without rows is read, and told to be empty."""
    draft = read(tmp_path, "a,b,c\n")
    assert (draft.data.num_rows, draft.data.column_names) == (0, ["a", "b", "c"])
    assert {finding.code for finding in describe(draft, id="t").findings} >= {"table-empty"}


def test_formulas_are_counted_and_left_alone(tmp_path: Path) -> None:
    """Cells a spreadsheet would compute are told; a dash before a word of measure is no formula."""
    draft = read(tmp_path, "note,b\n=1+1,x\n\"=cmd|'/C calc'!A0\",y\n+SUM(A1),z\n-5 m,q\n@foo,r\n")
    assert draft.data.column("note").to_pylist() == ["=1+1", "=cmd|'/C calc'!A0", "+SUM(A1)", "-5 m", "@foo"]
    assert codes(draft) == {"formula-text": 4}


def _long_row(i: int) -> str:
    value = "x" if i == 900 else i / 8
    note = "" if i % 3 else "a b"
    return f"{i},{1 + i % 12}/{1 + i % 28}/2020,{value},{100 + i / 1000},{18 + i / 1000},{note}\n"


LONG = "id,date,value,lon,lat,note\n" + "".join(map(_long_row, range(1000)))


@pytest.mark.parametrize("content", [LONG, LONG.replace("500,", "500,,", 1)], ids=["even", "ragged"])
def test_a_stream_gives_what_the_whole_table_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """Read in small blocks, a table has the same columns and values as read at once."""
    whole = read(tmp_path, content)
    monkeypatch.setattr(table, "STREAM_FROM", 1)
    monkeypatch.setattr(table_cells, "STREAM_BYTES", 4_096)
    monkeypatch.setattr(table_cells, "EXACT_ROWS", 64)
    stream = read(tmp_path, content)
    assert isinstance(stream.data, TableStream)
    batches = list(stream.data.batches())
    assert len(batches) > 4
    assert all(batch.schema == stream.data.schema for batch in batches)
    rows = [row for batch in batches for row in batch.to_pylist()]
    names = [name for name in whole.data.column_names if not name.endswith("_text")]
    assert [{name: row[name] for name in names} for row in rows] == whole.data.select(names).to_pylist()
    assert stream.crs == whole.crs == "EPSG:4326"


def test_the_second_pass_agrees_with_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that is numbers in one block and words in another is words in all."""
    content = "id,code\n" + "".join(f"{i},{i if i < 400 else f'c{i}'}\n" for i in range(800))
    monkeypatch.setattr(table, "STREAM_FROM", 1)
    monkeypatch.setattr(table_cells, "STREAM_BYTES", 1_024)
    stream = read(tmp_path, content).data
    codes_ = [row["code"] for batch in stream.batches() for row in batch.to_pylist()]
    assert codes_ == [str(i) if i < 400 else f"c{i}" for i in range(800)]
    assert table_stream.MOST_PASSES > 1
