"""ASEG-GDF2 packages: rows, places, nulls and contradictions of the published examples."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
import shapely
from tests.reading import DATA, read_source

from craton.model.data import Draft, TableStream
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

PACKAGES = DATA / "geophysics/aseg_gdf2"


class Known(NamedTuple):
    """Rows, columns besides the geometry, system, bounds, and findings of a package."""

    rows: int
    columns: int
    crs: str
    bounds: tuple[float, float, float, float]
    findings: dict[str, int]


KNOWN = {
    "AeroMag_MuppetTown_2009": Known(
        1050, 17, "EPSG:28355", (540020.75, 6201024.0, 540028.0, 6205346.0), {"truncated": 1}
    ),
    "Gravity_Springfield_1989": Known(
        56, 13, "EPSG:4283", (146.08395, -32.221965, 146.100306, -32.21471),
        {"structure-nonstandard": 1, "metadata-invalid": 2},
    ),
    "Mag_HillValley_1985": Known(1047, 18, "EPSG:28355", (585448.92, 6127935.58, 592378.41, 6127949.59), {}),
    "Rad_BowsersCastle_2012": Known(
        94, 29, "EPSG:28356", (494479.77, 6744142.67, 501609.15, 6744169.99), {"sidecar-conflict": 1}
    ),
}  # fmt: skip


def read(path: Path, **options: str) -> tuple[Draft, pa.Table]:
    """Draft of the package whose definition is at `path`, and all its rows."""
    reader, (draft,) = read_source(path, **options)
    assert reader == "aseg-gdf2"
    assert isinstance(draft.data, TableStream)
    return draft, pa.Table.from_batches(list(draft.data.batches()), draft.data.schema)


@needs_data
@pytest.mark.parametrize("name", KNOWN)
def test_packages(name):
    """Every whole record comes over, in its place; what is wrong with the package is said."""
    known = KNOWN[name]
    draft, table = read(PACKAGES / f"Example_{name}.dfn")
    assert (table.num_rows, table.num_columns) == (known.rows, known.columns + 1)
    assert draft.crs == known.crs
    places = shapely.from_wkb(table["geometry"].to_numpy())
    np.testing.assert_allclose(shapely.total_bounds(places), known.bounds, atol=1e-9)
    assert {finding.code: finding.count for finding in draft.findings} == known.findings


@needs_data
@pytest.mark.parametrize("name", ["AeroMag_MuppetTown_2009", "Mag_HillValley_1985", "Rad_BowsersCastle_2012"])
def test_values(name):
    """Numbers are those that splitting the lines at blanks gives."""
    _, table = read(PACKAGES / f"Example_{name}.dfn")
    lines = [line.split() for line in (PACKAGES / f"Example_{name}.dat").read_text().splitlines()]
    lines = [cells for cells in lines if len(cells) == table.num_columns - 1]
    for place in (-1, -2, 6, 7):
        column = table.column(place + 1 if place >= 0 else place).to_numpy()
        np.testing.assert_array_equal(column, [float(cells[place]) for cells in lines])


@needs_data
def test_words():
    """Units and long names come from the definition, the description from the comments."""
    draft, _ = read(PACKAGES / "Example_Rad_BowsersCastle_2012.dfn")
    assert draft.notes["POTFIN3"].unit == "%"
    assert draft.notes["POTFIN3"].title == "Final potassium under 300"
    assert "NASVD has been applied" in draft.description
    assert "delete this" not in draft.description
    conflict = next(f for f in draft.findings if f.code == "sidecar-conflict")
    assert conflict.message == "the package states EPSG:28355, its longitudes agree with EPSG:28356"


def make(tmp_path: Path, definition: str, data: str) -> Path:
    """A package of `definition` and `data`."""
    (tmp_path / "made.dat").write_text(data)
    path = tmp_path / "made.dfn"
    path.write_text(definition)
    return path


FIELDS = """DEFN 1 ST=RECD,RT=; LINE:I5: NULL=-9999, NAME=Line number
DEFN 2 ST=RECD,RT=; EASTING:F10.1: UNIT=m, NULL=-999999.9; NORTHING:F11.1: UNIT=m, NULL=-999999.9
DEFN 3 ST=RECD,RT=; EM:2E10.2: NULL=-1.00E+02; NOTE:A6; END DEFN
"""


def test_nulls_and_repeats(tmp_path):
    """Declared nulls become empty and are counted; a repeated field becomes one column a repetition."""
    rows = [
        "  100  500000.0  7000000.0  1.50E+00 -2.50E-01 first",
        "-9999 -999999.9  7000001.0 -1.00E+02       **    x ",
    ]
    draft, table = read(make(tmp_path, FIELDS, "\n".join(rows) + "\n"))
    assert table.drop_columns("geometry").to_pylist() == [
        {"LINE": 100, "EASTING": 5e5, "NORTHING": 7e6, "EM_1": 1.5, "EM_2": -0.25, "NOTE": "first"},
        {"LINE": None, "EASTING": None, "NORTHING": 7000001.0, "EM_1": None, "EM_2": None, "NOTE": "x"},
    ]
    assert table["geometry"].null_count == 1
    counts = {finding.code: finding.count for finding in draft.findings}
    assert counts == {"nodata-declared": 3, "number-text": 1, "coordinate-missing": 1, "crs-missing": 1}


def test_zone_by_name(tmp_path):
    """Without a projection record the names of the fields state the grid."""
    definition = "DEFN 1 ST=RECD,RT=;EAST_MGA54:F10.1;NORTH_MGA54:F11.1\nDEFN 2 ST=RECD,RT=;END DEFN\n"
    draft, _ = read(make(tmp_path, definition, "  500000.0  7000000.0\n"))
    assert draft.crs == "EPSG:28354"


def test_unknown_projection(tmp_path):
    """A projection record that names no known grid leaves the system open, with its words."""
    text = FIELDS + "PROJMINE GRID OF THE EIGHTIES\n"
    draft, _ = read(make(tmp_path, text, "  100  500000.0  7000000.0  1.50E+00 -2.50E-01 first\n"))
    assert draft.crs == ""
    assert "crs-unknown" in {finding.code for finding in draft.findings}


@pytest.mark.parametrize(
    ("definition", "data", "code"),
    [
        ("DEFN nothing that is a field\n", "1 2 3\n", "invalid-structure"),
        (FIELDS, "this is something else altogether, in prose\n", "invalid-structure"),
        (FIELDS, "\n\n", "no-data"),
        ("DEFN 1 ST=RECD,RT=;A:99999F9.2;END DEFN\n", "1\n", "corrupt"),
    ],
)
def test_refused(tmp_path, definition, data, code):
    """A definition without fields, data of another kind, no data and absurd widths are refused."""
    with pytest.raises(RefusedError) as refused:
        read(make(tmp_path, definition, data))
    assert refused.value.code == code


def test_no_data_file(tmp_path):
    """A definition alone is refused with what is missing."""
    path = tmp_path / "alone.dfn"
    path.write_text(FIELDS)
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == "sidecar-missing"
