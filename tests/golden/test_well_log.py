"""LAS well logs of all versions, whole and broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.reading import DATA, read_source

from craton.model.data import Boreholes, Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
LOGS = DATA / "geophysics" / "well_logs_las"
BAD = DATA / "bad_input" / "las_bad"

SMALL = """~Version
 VERS. 2.0 : LAS
 WRAP. NO :
~Well
 STRT.M 0.0 :
 STOP.M 0.2 :
 STEP.M 0.1 :
 NULL. -999.25 :
 WELL. W1 : name
{well}~Curve
 DEPT.{unit} : depth
 GR.GAPI : gamma
~A
{rows}"""


def _read(path: Path) -> tuple[Draft, Boreholes, dict[str, int]]:
    reader, drafts = read_source(path)
    assert reader == "well-log"
    (draft,) = drafts
    return draft, draft.data, {f.code: f.count for f in draft.findings}


def _small(path: Path, rows: str, unit: str = "M", well: str = "") -> tuple[Draft, Boreholes, dict[str, int]]:
    path.write_text(SMALL.format(rows=rows, unit=unit, well=well), encoding="utf-8")
    return _read(path)


@needs_data
@pytest.mark.parametrize(
    ("name", "hole", "rows", "columns", "top", "bottom"),
    [
        ("1001178549.las", "15-187-20743", 5, 28, 1783.5 * 0.3048, 1784.5 * 0.3048),
        ("6038187_v1.2.las", "6038-187", 2732, 10, 0.05, 136.6),
        ("sample.las", "100091604920W300", 3, 9, 1669.75, 1670.0),
        ("sample_2.0.las", "100123401234W500", 3, 9, 1669.75, 1670.0),
        ("sample_2.0_wrapped.las", "100123401234W500", 2, 37, 909.875, 910.0),
        ("sample_3.0.las", "100123401234W500", 3, 16, 1669.75, 1670.0),
        ("sample_rev.las", "100091604920W300", 11, 9, 1660.0, 1670.0),
        ("sample_wrapped.las", "ANY ET AL XX-XX-XX-XX", 5, 37, 909.5, 910.0),
    ],
)
def test_every_log(name, hole, rows, columns, top, bottom):
    """Each log gives one hole and its curves, with depths in metres that increase."""
    _, data, _ = _read(LOGS / name)
    log = data.curves["log"]
    assert list(data.collars["hole_id"]) == [hole]
    assert log.shape == (rows, columns)
    assert (log["depth"].iloc[0], log["depth"].iloc[-1]) == pytest.approx((top, bottom))
    assert (np.diff(log["depth"]) > 0).all()


@needs_data
def test_scorpio():
    """The coal hole Scorpio E1: nine curves of 2,732 depths, 458 voids, a place without a datum."""
    draft, data, found = _read(LOGS / "6038187_v1.2.las")
    log = data.curves["log"]
    assert list(log) == ["hole_id", "depth", "CALI", "DFAR", "DNEAR", "GAMN", "NEUT", "PR", "SP", "COND"]
    assert log.loc[1, ["CALI", "PR", "COND"]].tolist() == [49.765, 115.508, -116.998]
    assert int(log.isna().sum().sum()) == found["nodata-declared"] == 458
    assert (data.collars.geometry[0].x, data.collars.geometry[0].y) == (560160.0, 6686430.0)
    assert data.collars.loc[0, "total_depth"] == 136.0
    assert (draft.crs, "crs-missing" in found) == ("", True)
    assert draft.notes["log.DFAR"].unit == "G/CM3"
    assert draft.properties["parameter"]["ZONE"] == "53J"
    assert draft.title == "Scorpio E1"


@needs_data
def test_feet_become_metres_and_keep_their_name():
    """Depths in feet are converted, the original unit stays in the note, other curves stay as they are."""
    draft, data, found = _read(LOGS / "1001178549.las")
    assert (draft.notes["log.depth"].unit, draft.notes["log.depth"].original_unit) == ("m", "FT")
    assert found["unit-converted"] == 1
    assert data.curves["log"]["depth"].iloc[1] == pytest.approx(1783.75 * 0.3048)
    assert draft.crs == "EPSG:4326"
    assert (data.collars.geometry[0].x, data.collars.geometry[0].y) == (-101.58701, 37.41565)
    assert "crs-from-names" in found


@needs_data
def test_depths_that_stand_still_are_none():
    """The log whose depths are all zero keeps its 24 readings and says that it has no depth."""
    _, data, found = _read(LOGS / "alog.las")
    assert data.curves["log"].shape == (24, 10)
    assert data.curves["log"]["depth"].isna().all()
    assert data.curves["log"].loc[0, "GAMM"] == 3944.73
    assert "depth-missing" in found


@needs_data
def test_all_sections_of_version_3():
    """Cores, tests, tops and perforations are intervals, drilling a curve, inclinometry the survey."""
    draft, data, found = _read(LOGS / "sample_3.0.las")
    intervals = {name: len(table) for name, table in data.intervals.items()}
    assert intervals == {"core_1": 3, "core_2": 3, "test": 3, "tops": 3, "perforations": 3}
    assert data.intervals["tops"]["TOPN"].tolist() == ["Viking", "Colony", "Basal Quartz"]
    assert data.curves["drilling"]["depth"].tolist() == pytest.approx([322.02 * 0.3048, 323.05 * 0.3048])
    assert data.curves["log"]["CDES"].tolist()[-1] == "DOLOMITE WI/VUGS"
    assert data.surveys["inclination"].tolist()[-1] == pytest.approx(7.41 - 90)
    assert (draft.crs, "crs-from-names" in found) == ("EPSG:4269", False)


@needs_data
def test_wrapped_and_reversed_give_the_first_reading():
    """A wrapped row is put together, and a log written upwards is turned over with all its curves."""
    _, data, found = _read(LOGS / "sample_rev.las")
    assert data.curves["log"]["DT"].tolist()[-1] == 123.45
    assert found["depth-descending"] == 1
    _, data, _ = _read(LOGS / "sample_2.0_wrapped.las")
    assert data.curves["log"].loc[1, ["RHOB", "SP", "GR"]].tolist() == [2692.7075, -1.501, 96.5306]


@needs_data
@pytest.mark.parametrize(
    ("name", "table", "rows", "code"),
    [
        ("blank_line_start.las", "log", 3, "header-conflict"),
        ("comma_decimal_mark.las", "log", 3, "number-comma"),
        ("duplicate_step.las", "log", 3, "header-conflict"),
        ("encodings_cp1252.las", "log", 3, "encoding-guessed"),
        ("encodings_utf16bebom.las", "log", 3, "depth-descending"),
        ("encodings_utf16le.las", "log", 3, "depth-descending"),
        ("encodings_utf8wbom.las", "log", 3, "depth-descending"),
        ("sample_cyrillic_depth_unit.las", "log", 3, "depth-descending"),
        ("sample_null.las", "log", 3, "nodata-declared"),
        ("Reshape Error #1 (SS).las", "drilling", 401, "unit-converted"),
        ("Curve-Param Error #12 (SS).LAS", "phase_rmdata", 113, "unit-converted"),
    ],
)
def test_bad_logs_are_read_and_say_what_was_done(name, table, rows, code):
    """Logs other readers fail on give all their rows and a finding."""
    _, data, found = _read(BAD / name)
    assert len(data.curves[table]) == rows
    assert code in found


@needs_data
def test_values_behind_bad_writing():
    """A decimal comma is a number, UTF-16 names stay whole, and metres in Cyrillic are metres."""
    assert _read(BAD / "comma_decimal_mark.las")[1].curves["log"]["SFLU"].tolist() == [123.45, 123.42, 123.45]
    assert "ºᶟᵌᴬń" in _read(BAD / "encodings_utf16le.las")[1].curves["log"]
    assert "unit-unknown" not in _read(BAD / "sample_cyrillic_depth_unit.las")[2]
    assert _read(BAD / "Reshape Error #1 (SS).las")[1].curves["drilling"]["depth"].iloc[0] == pytest.approx(
        18400 * 0.3048
    )


@needs_data
@pytest.mark.parametrize("name", ["header_only.las", "missing_a_section.las"])
def test_a_header_alone_is_refused(name):
    """A log without readings holds no data."""
    with pytest.raises(RefusedError) as error:
        read_source(BAD / name)
    assert error.value.code == "no-data"


def test_what_is_no_log_is_refused(tmp_path):
    """Prose under the suffix of a log has no section."""
    path = tmp_path / "a.las"
    path.write_text("dear diary\n")
    with pytest.raises(RefusedError) as error:
        read_source(path)
    assert error.value.code == "invalid-structure"


def test_ragged_rows_are_told(tmp_path):
    """A row that ends early loses its missing cells only."""
    _, data, found = _small(tmp_path / "a.las", "0.0 1\n0.1\n0.2 3\n")
    np.testing.assert_equal(data.curves["log"]["GR"].to_numpy(), [1, np.nan, 3])
    assert found["row-ragged"] == 1


def test_text_among_numbers_is_set_aside(tmp_path):
    """One word in a column of numbers is empty and counted, the column stays one of numbers."""
    _, data, found = _small(tmp_path / "a.las", "0.0 1\n0.1 bad\n0.2 3\n")
    np.testing.assert_equal(data.curves["log"]["GR"].to_numpy(), [1, np.nan, 3])
    assert found["number-text"] == 1


def test_infinite_readings_are_void(tmp_path):
    """`inf` is no reading."""
    _, data, _ = _small(tmp_path / "a.las", "0.0 1\n0.1 inf\n0.2 3\n")
    np.testing.assert_equal(data.curves["log"]["GR"].to_numpy(), [1, np.nan, 3])


@pytest.mark.parametrize(("unit", "code"), [("FATHOM", "unit-unknown"), ("FT", "unit-converted")])
def test_units_of_depth(tmp_path, unit, code):
    """A unit that is not a length known is told, feet are converted."""
    assert code in _small(tmp_path / "a.las", "0.0 1\n0.1 2\n0.2 3\n", unit=unit)[2]


def test_depths_that_go_back_are_told(tmp_path):
    """Two runs one after the other keep their order."""
    _, data, found = _small(tmp_path / "a.las", "0.0 1\n0.1 2\n0.0 3\n0.1 4\n")
    assert data.curves["log"]["depth"].tolist() == [0.0, 0.1, 0.0, 0.1]
    assert found["depth-disordered"] == 1


@pytest.mark.parametrize(
    ("latitude", "longitude", "x", "y"),
    [
        ("45.37° 12' 58\"", "13.22° 30' 09\"", 13.22 + 30 / 60 + 9 / 3600, 45.37 + 12 / 60 + 58 / 3600),
        ("17 57 30 N", "102 36 00 E", 102.6, 17.958333333),
        ("S 32 30.5", "E 119.5", 119.5, -32.508333333),
        ("-12.25", "130.5", 130.5, -12.25),
    ],
)
def test_degrees_as_people_write_them(tmp_path, latitude, longitude, x, y):
    """Degrees, minutes and seconds become decimal degrees with their sign."""
    well = f" LATI. {latitude} : latitude\n LONG. {longitude} : longitude\n"
    draft, data, _ = _small(tmp_path / "a.las", "0.0 1\n0.1 2\n0.2 3\n", well=well)
    assert (data.collars.geometry[0].x, data.collars.geometry[0].y) == pytest.approx((x, y))
    assert draft.crs == "EPSG:4326"


def test_latitude_beyond_the_pole_is_set_aside(tmp_path):
    """A place that cannot be is no place."""
    well = " LATI. 117.5 : latitude\n LONG. 20.1 : longitude\n"
    _, data, found = _small(tmp_path / "a.las", "0.0 1\n0.1 2\n0.2 3\n", well=well)
    assert found["coordinate-out-of-range"] == 1
    assert data.collars.geometry.isna().all()


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("25-DEC-1988", "1988-12-25"),
        ("2015-03-15", "2015-03-15"),
        ("15/03/2015", "2015-03-15"),
        ("03/15/2015", "2015-03-15"),
    ],
)
def test_dates_that_read_one_way(tmp_path, written, day):
    """A date is kept where day and month cannot be mistaken."""
    draft, _, _ = _small(tmp_path / "a.las", "0.0 1\n0.1 2\n0.2 3\n", well=f" DATE. {written} : logged\n")
    assert draft.time.start == f"{day}T00:00:00Z"


def test_date_that_reads_two_ways(tmp_path):
    """The third of May or the fifth of March is not guessed."""
    draft, _, found = _small(tmp_path / "a.las", "0.0 1\n0.1 2\n0.2 3\n", well=" DATE. 03/05/2015 : logged\n")
    assert draft.time is None
    assert "date-ambiguous" in found
