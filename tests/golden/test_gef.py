"""Dutch GEF files: a cone penetration test and a bore."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reading import DATA, read_source

from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
FOLDER = DATA / "boreholes" / "nl_bro_gef"

HEADER = """#GEFID= 1, 1, 0
#REPORTCODE= GEF-CPT-Report, 1, 1, 2
#TESTID= T1
#COLUMN= 2
#COLUMNINFO= 1, m, penetration length, 1
#COLUMNINFO= 2, MPa, cone, 2
#COLUMNVOID= 2, -9999
#XYID= {system}, 100000, 400000
#ZID= 31000, 1.5
#LASTSCAN= 3
"""


@needs_data
def test_cone_penetration_test():
    """1,004 scans of ten columns at RD 79578.38, 424838.97, −0.09 m NAP, void numbers empty."""
    reader, (draft,) = read_source(FOLDER / "cpt.gef")
    data, table = draft.data, draft.data.curves["cpt"]
    assert (reader, draft.crs, len(table), table.shape[1]) == ("gef", "EPSG:28992", 1004, 11)
    assert data.collars.loc[0, ["hole_id", "elevation", "total_depth"]].tolist() == [
        "CPTU17.8 + 83BITE",
        -0.09,
        20.0,
    ]
    assert (data.collars.geometry[0].x, data.collars.geometry[0].y) == (79578.38, 424838.97)
    last = table.iloc[-1]
    assert (last["depth"], last["penetration_length"], last["cone_resistance"]) == (20.004, 20.05, 14.766)
    assert int(table.drop(columns="hole_id").isna().to_numpy().sum()) == 16
    assert {f.code: f.count for f in draft.findings}["nodata-declared"] == 16
    assert draft.notes["cpt.inclination_resultant"].unit == "deg"
    assert draft.time.start == "2019-01-29T00:00:00Z"


@needs_data
def test_bore():
    """102 layers of bore B25D0598 at RD 115300, 480250, with the soil code apart from the further codes."""
    reader, (draft,) = read_source(FOLDER / "example_bore.gef")
    layers = draft.data.intervals["lithology"]
    third = layers.iloc[2]
    assert (reader, draft.crs, len(layers)) == ("gef", "EPSG:28992", 102)
    assert (third["from_depth"], third["to_depth"], third["sand_median"]) == (26.0, 27.0, 270.0)
    assert (third["lithology"], third["descriptors"]) == ("Zg1", "GR; ZMGO; GG2")
    assert draft.data.collars.loc[0, "total_depth"] == 153.0
    assert draft.time.start == "2000-05-10T00:00:00Z"
    assert "unit-implausible" in {f.code for f in draft.findings}


@pytest.mark.parametrize("rows", ["0.1 1.0\n0.2 -9999\n0.3 3\n", "0.1 1.0\r\n0.2 -9999\r\n0.3 3\r\n"])
def test_blanks_part_columns_where_nothing_is_stated(tmp_path, rows):
    """Without separators, cells are parted by blanks and rows by line ends of any kind."""
    path = tmp_path / "a.gef"
    path.write_text(HEADER.format(system=31000) + "#EOH=\n" + rows, newline="")
    _, (draft,) = read_source(path)
    table = draft.data.curves["cpt"]
    assert table["depth"].tolist() == [0.1, 0.2, 0.3]
    np.testing.assert_equal(table["cone_resistance"].to_numpy(), [1.0, np.nan, 3.0])


def test_a_lost_end_is_told(tmp_path):
    """Fewer scans than LASTSCAN declares means that the file was cut."""
    path = tmp_path / "a.gef"
    path.write_text(HEADER.format(system=31000) + "#EOH=\n0.1 1.0\n0.2\n")
    _, (draft,) = read_source(path)
    found = {f.code: f.count for f in draft.findings}
    assert (found["truncated"], found["row-ragged"]) == (1, 1)


def test_unknown_grid_is_told_not_guessed(tmp_path):
    """A code of XYID that is not known leaves the system open."""
    path = tmp_path / "a.gef"
    path.write_text(HEADER.format(system=49000) + "#EOH=\n0.1 1.0\n0.2 1\n0.3 1\n")
    _, (draft,) = read_source(path)
    codes = {f.code for f in draft.findings}
    assert draft.crs == ""
    assert "crs-unknown" in codes
    assert "crs-missing" not in codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("#GEFID= 1\n", "invalid-structure"),
        (HEADER.format(system=31000) + "#EOH=\n", "no-data"),
        (
            HEADER.format(system=31000).replace("GEF-CPT-Report", "GEF-DISS-Report") + "#EOH=\n1 2\n",
            "unsupported",
        ),
        ("#GEFID= 1\n#COLUMNINFO= " + "9" * 5000 + ", m, x, 1\n#EOH=\n1\n", "invalid-structure"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, text, code):
    """Empty files, headers alone, other reports and absurd numbers end in a refusal."""
    path = tmp_path / "a.gef"
    path.write_text(text)
    with pytest.raises(RefusedError) as error:
        read_source(path)
    assert error.value.code == code
