"""AGS files of the British Geological Survey, whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.reading import DATA, read_source

from craton.model.data import Boreholes, Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
HOLES = DATA / "boreholes"
BAD = DATA / "bad_input" / "ags_bad"


def _read(path: Path, **options: str) -> tuple[Draft, Boreholes, dict[str, int]]:
    reader, drafts = read_source(path, **options)
    assert reader == "ags"
    (draft,) = drafts
    return draft, draft.data, {f.code: f.count for f in draft.findings}


@needs_data
@pytest.mark.parametrize(
    ("name", "holes", "rows"),
    [
        (
            "bgs_ags3/5142.ags",
            5,
            {"geology": 28, "samp": 59, "bkfl": 8, "grad": 210, "ispt": 11, "ivan": 24, "pipe": 2},
        ),
        ("bgs_ags3/A4106.ags", 14, {"geology": 43, "samp": 36, "grad": 270, "detl": 9, "drem": 19}),
        (
            "bgs_ags4/19-1316 - 2020-03-02 1554 - Final - 1.ags",
            2,
            {"geology": 13, "samp": 20, "ispt": 8, "grat": 117},
        ),
        ("bgs_ags4/43370.ags", 2, {"geology": 16, "ispt": 27, "detl": 1}),
        ("bgs_ags4/A4084 Dolcorsllwyn.ags", 24, {"geology": 78}),
        ("bgs_ags4/Abermule Bypass.ags", 25, {"geology": 80}),
        ("bgs_ags4/Southwark.ags", 2, {"geology": 20, "samp": 54, "ispt": 16}),
        ("bgs_ags4/Whitworth Road.ags", 12, {"geology": 61}),
        ("bgs_ags4/Wigan Depot.ags", 105, {"geology": 287, "samp": 571, "ispt": 80, "grat": 714, "detl": 83}),
        ("bgs_ags4/example_ags.ags", 1, {"samp": 1}),
    ],
)
def test_every_row_of_every_project_is_there(name, holes, rows):
    """Holes and rows are as many as the DATA lines of the file, all in British National Grid."""
    draft, data, found = _read(HOLES / name)
    tables = {**data.intervals, **data.curves}
    assert len(data.collars) == holes
    assert {table: len(tables[table]) for table in rows} == rows
    assert draft.crs == "EPSG:27700"
    assert "hole-without-collar" not in found
    assert data.collars.geometry.notna().all()


@needs_data
def test_values_of_a_log():
    """The first hole of 43370 lies at TG 230 089 at 3.03 m and ends in chalk at 20 m."""
    draft, data, found = _read(HOLES / "bgs_ags4" / "43370.ags")
    first = data.collars.iloc[0]
    assert (first["hole_id"], first["elevation"], first["total_depth"]) == ("BH1", 3.03, 20.0)
    assert (first.geometry.x, first.geometry.y) == (623020.0, 308949.0)
    chalk = data.intervals["geology"].query("hole_id == 'BH1'").iloc[-1]
    assert (chalk["from_depth"], chalk["to_depth"]) == (7.2, 20.0)
    assert chalk["GEOL_DESC"].startswith("SOFT white weathered CHALK")
    assert draft.title == "Proposed Development, St. Georges Street, Norwich"
    assert draft.time.start == "1984-11-08T00:00:00Z"
    assert "crs-assumed-national" not in found


@needs_data
def test_grid_that_is_not_named_is_a_doubt():
    """A file without LOCA_GREF is taken as British, and that is told: this one lies in Northern Ireland."""
    path = HOLES / "bgs_ags4" / "19-1316 - 2020-03-02 1554 - Final - 1.ags"
    assert "crs-assumed-national" in _read(path)[2]
    draft, _, found = _read(path, crs="EPSG:29901")
    assert draft.crs == "EPSG:29901"
    assert "crs-given" in found
    assert "crs-assumed-national" not in found


@needs_data
def test_edition_3_units_user_groups_and_directions():
    """User groups (`**?BKFL`) are read, units noted, and 90° of edition 3 becomes −90°."""
    draft, data, _ = _read(HOLES / "bgs_ags3" / "5142.ags")
    assert draft.notes["grad.GRAD_SIZE"].unit == "mm"
    assert draft.notes["bkfl.BKFL_LEG"].title == "Backfill Legend Code"
    assert len(data.surveys) == 5
    assert (data.surveys["inclination"] == -90).all()


@needs_data
def test_slipped_digits_are_found():
    """Wigan Depot has an easting without its last digit and a northing that is the easting again."""
    _, data, found = _read(HOLES / "bgs_ags4" / "Wigan Depot.ags")
    assert found["location-outlier"] == 2
    assert found["interval-below-end"] == 3
    assert data.collars.geometry.x.min() == 35934.98


@needs_data
def test_lab_tests_hang_on_the_depth_of_their_specimen():
    """GRAT rows carry the specimen's depth, not only the sample's top."""
    _, data, _ = _read(HOLES / "bgs_ags4" / "Wigan Depot.ags")
    assert data.curves["grat"]["depth"].notna().all()
    assert data.curves["grat"]["depth"].max() < 35


@needs_data
@pytest.mark.parametrize(
    ("name", "code"),
    [("empty.ags", "empty"), ("nonsense.AGS", "invalid-structure"), ("random_binary.ags", "corrupt")],
)
def test_what_is_no_ags_is_refused(name, code):
    """Nothing is made of an empty file, of prose, or of random bytes."""
    with pytest.raises(RefusedError) as error:
        read_source(BAD / name)
    assert error.value.code == code


@needs_data
@pytest.mark.parametrize(
    ("name", "holes", "expected"),
    [
        ("drill_depth_present.ags", 2, {"hole-without-collar": 2, "structure-nonstandard": 4}),
        ("eastings_northings_range.ags", 2, {"coordinate-out-of-range": 2, "hole-without-location": 2}),
        ("example_broken_ags.ags", 1, {"structure-nonstandard": 3}),
        ("loca_within_great_britain.ags", 16, {"coordinate-out-of-range": 3, "coordinate-missing": 1}),
        ("locax_is_duplicate.ags", 2, {"coordinate-out-of-range": 1, "hole-without-location": 2}),
        ("non_numeric_coord_types.ags", 1, {"structure-nonstandard": 6, "number-text": 1}),
    ],
)
def test_broken_rules_are_findings(name, holes, expected):
    """Files that break a rule of the survey are read and say which."""
    _, data, found = _read(BAD / name)
    assert len(data.collars) == holes
    assert {code: found.get(code) for code in expected} == expected


@needs_data
def test_the_fault_names_rule_and_line():
    """A cell broken over two lines is told with the rule and the line."""
    draft, _, _ = _read(BAD / "example_broken_ags.ags")
    message = next(f.message for f in draft.findings if f.code == "structure-nonstandard")
    assert "rule 6: a line break within a cell (line 31)" in message


def test_ragged_and_doubled_rows(tmp_path):
    """A row of wrong width and a hole named twice are kept and told."""
    path = tmp_path / "x.ags"
    path.write_text(
        '"GROUP","LOCA"\n"HEADING","LOCA_ID","LOCA_NATE","LOCA_NATN","LOCA_GREF"\n"UNIT","","m","m",""\n'
        '"TYPE","ID","2DP","2DP","PA"\n"DATA","A","400000.00","300000.00","OSGB"\n"DATA","A","400010.00","300000.00"\n\n'
        '"GROUP","GEOL"\n"HEADING","LOCA_ID","GEOL_TOP","GEOL_BASE","GEOL_DESC"\n"UNIT","","m","m",""\n'
        '"TYPE","ID","2DP","2DP","X"\n"DATA","A","1.00","0.50","Sand"\n"DATA","B","0.00","1.00","Clay"\n'
    )
    _, data, found = _read(path)
    assert list(data.collars["hole_id"]) == ["A", "A#2"]
    assert found["hole-id-duplicate"] == 1
    assert found["interval-reversed"] == 1
    assert found["hole-without-collar"] == 1


def test_unclosed_quote_ends_with_its_row(tmp_path):
    """A quote never closed costs its own lines, not the rest of the file."""
    path = tmp_path / "x.ags"
    rows = "".join(f'"DATA","B{n}","400000.00","300000.00"\n' for n in range(60))
    path.write_text(
        '"GROUP","LOCA"\n"HEADING","LOCA_ID","LOCA_NATE","LOCA_NATN"\n"UNIT","","m","m"\n"TYPE","ID","2DP","2DP"\n'
        '"DATA","open","1,2\n' + rows
    )
    _, data, found = _read(path)
    assert len(data.collars) >= 40
    assert "structure-nonstandard" in found
