"""Drill holes given as tables: Western Australia, Utrecht Science Park, and small sets of our own."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.reading import DATA, read_source

from craton.model.data import Boreholes, Draft
from craton.model.errors import RefusedError
from craton.process.readers import HEAD_BYTES, Candidate, reader_for

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
GSWA = DATA / "boreholes" / "gswa_drillholes"
UTRECHT = DATA / "boreholes" / "utrecht_science_park"
LOOP = DATA / "boreholes" / "loopstructural"

COLLARS = "HoleID,Easting,Northing,RL,MaxDepth\nA1,500000,7000000,420,100\nA2,500100,7000000,421,50\n"
SURVEY = "HoleID,Depth,Azimuth,Dip\nA1,0,90,-60\nA1,50,92,-61\nA2,0,270,-90\n"
ASSAY = "BHID,From,To,Au_ppm\nA1,0,1,0.5\nA1,1,2,<0.01\nA2,0,1,1.5\n"


def _read(path: Path, **options: str) -> tuple[Draft, Boreholes, dict[str, int]]:
    reader, drafts = read_source(path, **options)
    assert reader == "borehole-tables"
    (draft,) = drafts
    return draft, draft.data, {f.code: f.count for f in draft.findings}


def _write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.csv"


def _companions(path: Path) -> list[str]:
    candidate = Candidate(path=path, name=path.name, head=path.read_bytes()[:HEAD_BYTES])
    listing = sorted(p for p in path.parent.rglob("*") if p.is_file())
    return [p.name for p in reader_for(candidate).members(candidate, listing)]


@needs_data
def test_files_are_grouped_by_name():
    """Of four tables of one folder, each collar table takes the one of its own base name."""
    assert _companions(GSWA / "demo_gswa_sample_collars.csv") == ["demo_gswa_sample_survey.csv"]
    assert _companions(GSWA / "gswa_sample_collars.csv") == ["gswa_sample_geology.csv"]
    assert _companions(GSWA / "gswa_sample_geology.csv") == []


@needs_data
def test_geology_of_western_australia():
    """4,685 collars of 22 columns, 5,831 intervals in 100 holes, joined by the unique HoleId."""
    draft, data, found = _read(GSWA / "gswa_sample_collars.csv")
    geology = data.intervals["geology"]
    assert (len(data.collars), data.collars["hole_id"].is_unique) == (4685, True)
    assert (len(geology), geology["hole_id"].nunique()) == (5831, 100)
    assert "hole-without-collar" not in found
    assert "hole-key-ambiguous" not in found
    assert int(geology["Lith1"].isna().sum()) == 182
    assert (draft.crs, draft.title) == ("EPSG:4326", "gswa_sample")
    assert data.collars.total_bounds.round(2).tolist() == [118.77, -32.73, 119.74, -32.33]
    assert draft.steps == ["gswa_sample_geology joined by HoleId to HoleId of the collars"]
    assert int(data.collars["total_depth"].isna().sum()) == 286


@needs_data
def test_survey_whose_only_key_is_not_unique():
    """80,633 stations name 410 holes by a name that repeats 241 times: told, and none lost."""
    draft, data, found = _read(GSWA / "demo_gswa_sample_collars.csv")
    assert len(data.surveys) == 80633
    assert data.collars["hole_id"].is_unique
    assert (found["hole-key-ambiguous"], found["hole-without-collar"]) == (1109, 19)
    message = next(f.message for f in draft.findings if f.code == "hole-key-ambiguous")
    assert "repeats 241 times among 4685 collars" in message
    known = data.surveys["hole_id"].isin(data.collars["hole_id"])
    assert data.surveys.loc[known, "hole_id"].nunique() == 406
    assert found["survey-missing"] == 4685 - 406
    assert data.surveys["inclination"].round(1).between(-90, -25.9).all()
    assert not set(found) & {"dip-turned", "dip-ambiguous", "survey-out-of-range"}


@needs_data
def test_tables_without_collars_keep_their_holes_by_name():
    """The geology table alone is 100 holes without a place."""
    _, data, found = _read(GSWA / "gswa_sample_geology.csv")
    assert (len(data.collars), found["hole-without-location"], found["hole-without-collar"]) == (
        100,
        100,
        5831,
    )


@needs_data
def test_layers_of_utrecht():
    """1,398 layers that repeat their hole's place are 67 holes; `end` is a level, 11.1 m below the first."""
    draft, data, found = _read(UTRECHT / "boreholes_usp.parquet")
    layers = data.intervals["layers"]
    first = data.collars.iloc[0]
    assert (len(data.collars), len(layers)) == (67, 1398)
    assert (first["hole_id"], first["elevation"], round(first["total_depth"], 6)) == ("B31H0541", 1.2, 11.1)
    assert list(layers)[:4] == ["hole_id", "from_depth", "to_depth", "lith"]
    assert "surface" not in layers
    assert (draft.crs, "crs-missing" in found) == ("", True)
    assert "interval-below-end" not in found


@needs_data
def test_cone_tests_of_utrecht():
    """73,128 readings are 111 tests within the park, and the grid given by a person is taken."""
    draft, data, found = _read(UTRECHT / "cpts_usp.parquet", crs="EPSG:28992")
    assert (len(data.collars), data.curves["cpt"].shape) == (111, (73128, 26))
    west, south, east, north = data.collars.total_bounds
    assert (west > 139500, east < 141300, south > 454700, north < 456100) == (True, True, True, True)
    assert (draft.crs, "crs-given" in found) == ("EPSG:28992", True)
    assert data.curves["cpt"]["depth"].max() == 41.47


@needs_data
@pytest.mark.parametrize(
    "path", [*sorted(LOOP.glob("*.csv")), UTRECHT / "dike_section.geoparquet"], ids=lambda p: p.name
)
def test_other_tables_are_left_to_others(path):
    """Points, contacts and lines are no drill holes."""
    candidate = Candidate(path=path, name=path.name, head=path.read_bytes()[:HEAD_BYTES])
    assert reader_for(candidate).id != "borehole-tables"


def test_a_set_of_generic_names(tmp_path):
    """`collar`, `survey` and `assay` are one dataset; contents below detection keep their limit."""
    path = _write(tmp_path, collar=COLLARS, survey=SURVEY, assay=ASSAY)
    draft, data, found = _read(path, crs="EPSG:28350")
    assert _companions(path) == ["assay.csv", "survey.csv"]
    assert (len(data.collars), len(data.surveys), len(data.intervals["assay"])) == (2, 3, 3)
    assert data.collars["elevation"].tolist() == [420, 421]
    assert found["below-detection"] == 1
    assert data.intervals["assay"]["Au_ppm_detection_limit"].tolist()[1] == 0.01
    assert draft.crs == "EPSG:28350"


def test_a_table_of_another_name_goes_where_its_holes_are(tmp_path):
    """Without a common name the holes decide: the assays know the holes of one of two collar tables."""
    other = COLLARS.replace("A1", "B1").replace("A2", "B2")
    _write(
        tmp_path,
        east_collars=COLLARS,
        west_collars=other,
        laboratory_assays=ASSAY.replace("A", "B", 2).replace("\nA", "\nB"),
    )
    assert _companions(tmp_path / "east_collars.csv") == []
    assert _companions(tmp_path / "west_collars.csv") == ["laboratory_assays.csv"]


def test_a_stranger_stays_alone(tmp_path):
    """A table of other holes and another name is not drawn in."""
    _write(tmp_path, east_collars=COLLARS, zz_assays=ASSAY.replace("\nA", "\nC"))
    assert _companions(tmp_path / "east_collars.csv") == []


def test_positive_dips_are_turned(tmp_path):
    """Dips that are positive down become negative down, and that is told."""
    _, data, found = _read(_write(tmp_path, collar=COLLARS, survey=SURVEY.replace(",-", ",")))
    assert data.surveys["inclination"].tolist() == [-60, -61, -90]
    assert found["dip-turned"] == 3


def test_inclinations_from_the_vertical_are_a_doubt(tmp_path):
    """Angles called inclination near zero are from the vertical, and the guess is told."""
    survey = "HoleID,Depth,Azimuth,Inclination\nA1,0,90,2\nA1,50,92,5\n"
    _, data, found = _read(_write(tmp_path, collar=COLLARS, survey=survey))
    assert data.surveys["inclination"].tolist() == [-88, -85]
    assert "dip-ambiguous" in found


def test_direction_in_the_collar_table(tmp_path):
    """A hole without survey goes as its collar says; one with a survey follows the survey."""
    collars = "Hole_ID,X,Y,Z,Azimuth,Dip\nA1,1,2,3,45,-50\nA2,1,2,3,90,-60\n"
    _, data, _ = _read(
        _write(tmp_path, collar=collars, survey="Hole_ID,Depth,Azimuth,Dip\nA1,0,46,-51\nA1,9,46,-51\n")
    )
    stations = data.surveys.set_index(["hole_id", "depth"])["inclination"]
    assert stations.to_dict() == {("A1", 0): -51, ("A1", 9): -51, ("A2", 0): -60}


def test_faults_of_intervals(tmp_path):
    """Reversed, overlapping, too deep and missing intervals are counted."""
    geology = "HoleID,From,To,Lith\nA1,0,10,BIF\nA1,9,20,BIF\nA1,30,25,\nA2,0,60,GRN\nA9,0,1,X\n"
    _, data, found = _read(_write(tmp_path, collar=COLLARS, geology=geology))
    expected = {
        "interval-reversed": 1,
        "interval-overlap": 1,
        "interval-gap": 1,
        "interval-below-end": 1,
        "hole-without-collar": 1,
    }
    assert {code: found.get(code) for code in expected} == expected
    assert data.intervals["geology"]["Lith"].isna().sum() == 1


def test_survey_stations_that_cannot_be(tmp_path):
    """An azimuth of 999, a dip of −95 and a depth said twice are left out and told; −10° is 350°."""
    rows = "A1,10,999,-60\nA1,20,90,-95\nA1,30,-10,-60\nA1,30,12,-60\n"
    _, data, found = _read(_write(tmp_path, collar=COLLARS, survey=SURVEY + rows))
    assert (found["survey-out-of-range"], found["survey-duplicate"], found["azimuth-wrapped"]) == (2, 1, 1)
    assert data.surveys.query("depth == 30")["azimuth"].tolist() == [350]


def test_doubled_holes_are_told_apart(tmp_path):
    """With no other key, a second collar of one name gets a suffix."""
    _, data, found = _read(_write(tmp_path, collar=COLLARS + "A1,600000,7000000,400,10\n"))
    assert list(data.collars["hole_id"]) == ["A1", "A2", "A1#2"]
    assert found["hole-id-duplicate"] == 1


def test_ambiguous_names_far_apart_go_to_none(tmp_path):
    """Rows whose name means two holes kilometres apart keep the name and belong to no hole."""
    collars = (
        "HoleID,CompanyHoleId,Easting,Northing,RL\n1,X,500000,7000000,1\n2,X,510000,7000000,1\n3,Y,1,1,1\n"
    )
    _, data, found = _read(_write(tmp_path, collar=collars, geology="CompanyHoleId,From,To\nX,0,1\nY,0,1\n"))
    assert data.intervals["geology"]["hole_id"].tolist() == ["X", "3"]
    assert (found["hole-key-ambiguous"], found["hole-without-collar"]) == (1, 1)


def test_depths_in_feet(tmp_path):
    """Depths whose header says feet come in metres."""
    _, data, found = _read(_write(tmp_path, geology="Hole_ID,From (ft),To (ft),Lith\nA1,0,100,BIF\n"))
    assert data.intervals["geology"].loc[0, "to_depth"] == pytest.approx(30.48)
    assert found["unit-converted"] == 2


def test_readings_at_depths(tmp_path):
    """A table of hole and depth is a curve."""
    _, data, _ = _read(_write(tmp_path, collar=COLLARS, magsus="HoleID,Depth,MagSus\nA1,1,0.1\nA1,2,0.3\n"))
    assert data.curves["magnetic_susceptibility"]["MagSus"].tolist() == [0.1, 0.3]


def _sheet(text: str) -> str:
    rows = "".join(
        "<row>"
        + "".join(
            f'<c t="inlineStr"><is><t>{cell.replace("<", "&lt;")}</t></is></c>' for cell in line.split(",")
        )
        + "</row>"
        for line in text.splitlines()
    )
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _workbook(path: Path, sheets: dict[str, str]) -> Path:
    """The smallest workbook there can be."""
    listed = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(sheets, 1))
    related = "".join(
        f'<Relationship Id="r{i}" Type="{RELATION}/worksheet" Target="s{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    start = f'<Relationship Id="r" Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/>'
    relations = '<Relationships xmlns="{0}/relationships">{1}</Relationships>'
    book = '<workbook xmlns="{0}" xmlns:r="{1}"><sheets>{2}</sheets></workbook>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations.format(PACKAGE, start),
        "xl/workbook.xml": book.format(MAIN, RELATION, listed),
        "xl/_rels/workbook.xml.rels": relations.format(PACKAGE, related),
        **{f"xl/s{i}.xml": _sheet(text) for i, text in enumerate(sheets.values(), 1)},
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def test_workbook(tmp_path):
    """Sheets of one workbook are one dataset; a sheet of another kind is left alone."""
    path = _workbook(
        tmp_path / "project.xlsx", {"Collar": COLLARS, "Survey": SURVEY, "Assay": ASSAY, "Notes": "to do,x\n"}
    )
    _, data, _ = _read(path)
    assert (len(data.collars), len(data.surveys), len(data.intervals["assay"])) == (2, 3, 3)
    assert data.intervals["assay"]["hole_id"].tolist() == ["A1", "A1", "A2"]


def test_other_workbooks_are_left_to_others(tmp_path):
    """A workbook without a sheet of collars is a spreadsheet like any other."""
    path = _workbook(tmp_path / "project.xlsx", {"Budget": COLLARS, "Assay": ASSAY})
    candidate = Candidate(path=path, name=path.name, head=path.read_bytes()[:HEAD_BYTES])
    assert reader_for(candidate).id != "borehole-tables"


def test_a_broken_companion_is_left_out(tmp_path):
    """Collars stay readable beside a survey that is not."""
    path = _write(tmp_path, collar=COLLARS, survey=SURVEY)
    text = SURVEY.encode() + b"A1,60,90,-60\n" * 2000 + b"\x01\x02\x03\x04\x05\x06" * 20_000
    (tmp_path / "survey.csv").write_bytes(text)
    _, data, found = _read(path)
    assert (len(data.collars), len(data.surveys)) == (2, 0)
    assert found["format-recovered"] == 1


def test_parquet_that_only_looks_like_one(tmp_path):
    """A footer that names the columns does not make a table."""
    path = tmp_path / "a.parquet"
    good = tmp_path / "good.parquet"
    frame = pd.DataFrame(
        {"nr": ["A"], "x": [1.0], "y": [2.0], "surface": [0.0], "end": [-3.0], "top": [0.0], "bottom": [3.0]}
    )
    frame.to_parquet(good)
    content = bytearray(good.read_bytes())
    content[4:40] = b"\xff" * 36
    path.write_bytes(bytes(content))
    assert _read(good)[1].collars.loc[0, "total_depth"] == 3.0
    with pytest.raises(RefusedError) as error:
        read_source(path)
    assert error.value.code == "corrupt"


def test_places_that_cannot_be(tmp_path):
    """A latitude of 132° is set aside with its hole kept, and its numbers stay as columns."""
    collars = "HoleID,Longitude,Latitude,RL\nA,119.5,-32.5,1\nB,32.5,132.5,1\n"
    _, data, found = _read(_write(tmp_path, collar=collars))
    assert found["coordinate-out-of-range"] == 1
    assert data.collars.geometry.isna().tolist() == [False, True]
    assert data.collars["Latitude"].tolist() == [-32.5, 132.5]
    np.testing.assert_array_equal(data.collars["hole_id"], ["A", "B"])
