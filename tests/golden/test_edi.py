"""Magnetotelluric soundings: stations, impedances and contradictions of the open EDI files."""

from __future__ import annotations

import shutil

import geopandas as gpd
import numpy as np
import pytest
from tests.reading import DATA, read_source

from craton.ingest.edi_text import angle
from craton.model.data import Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

FOLDER = DATA / "geophysics/magnetotelluric_edi"


def read(path, **options) -> tuple[Draft, gpd.GeoDataFrame]:
    """Draft of the folder of `path` and its table."""
    reader, (draft,) = read_source(path, **options)
    assert reader == "edi"
    assert isinstance(draft.data, gpd.GeoDataFrame)
    return draft, draft.data


@needs_data
def test_survey():
    """Twelve stations of sixty frequencies are one table, in Queensland, on the days of acquisition."""
    draft, table = read(FOLDER / "15125A.edi")
    assert len(table) == 12 * 60
    assert table["station"].nunique() == 12
    np.testing.assert_allclose(
        table.total_bounds,
        [
            149 + 10 / 60 + 27.7 / 3600,
            -22 - 22 / 60 - 16.4 / 3600,
            149 + 12 / 60 + 46.7 / 3600,
            -22 - 19 / 60 - 32 / 3600,
        ],
        rtol=1e-12,
    )
    assert draft.crs == "EPSG:4326"
    assert draft.time is not None
    assert draft.time.start == "2015-11-01T00:00:00Z"
    assert draft.title == "Magnetotelluric soundings, Area Name"


@needs_data
def test_values():
    """Impedances, variances and tipper of the first frequency are the numbers of the file."""
    _, table = read(FOLDER / "15125A.edi")
    first = table[table["station"] == "15125A"].iloc[0]
    expected = {
        "frequency": 10400.01, "elevation": 200.0, "zxx_real": 67.40934, "zxx_imaginary": -13.77005,
        "zxy_real": 532.6180, "zxy_imaginary": 553.5339, "zxy_variance": 0.2285277,
        "apparent_resistivity_xy": 11.34772, "phase_xy": 46.1032,
    }  # fmt: skip
    assert {name: first[name] for name in expected} == pytest.approx(expected)


@needs_data
def test_resistivity_agrees():
    """The apparent resistivity of the file is 0.2/f·|Z|² of its impedances: no column is mixed up."""
    _, table = read(FOLDER / "15125A.edi")
    for part in ("xy", "yx", "xx", "yy"):
        impedance = np.hypot(table[f"z{part}_real"], table[f"z{part}_imaginary"])
        np.testing.assert_allclose(
            table[f"apparent_resistivity_{part}"], 0.2 / table["frequency"] * impedance**2, rtol=1e-3
        )


@needs_data
def test_units():
    """Every column of numbers but the tipper states its unit."""
    draft, table = read(FOLDER / "15125A.edi")
    assert draft.notes["zxy_real"].unit == "mV/km/nT"
    assert draft.notes["apparent_resistivity_xy"].unit == "ohm.m"
    without = {name for name in table.columns if name not in draft.notes or not draft.notes[name].unit}
    assert all(name.startswith("tipper") or name in {"station", "geometry"} for name in without)


@needs_data
def test_doubts():
    """The ten degrees between head and reference position, the datum and the dates are doubted."""
    draft, _ = read(FOLDER / "15125A.edi")
    counts = {finding.code: finding.count for finding in draft.findings}
    assert counts == {"crs-from-names": 1, "location-conflict": 12, "date-ambiguous": 12}


@needs_data
def test_broken_member(tmp_path):
    """A station that cannot be read is left out and counted; a cut one keeps its whole blocks."""
    for name in ("15125A", "15126A"):
        shutil.copy(FOLDER / f"{name}.edi", tmp_path)
    (tmp_path / "15127A.edi").write_bytes((FOLDER / "15127A.edi").read_bytes()[:9000])
    (tmp_path / "15128A.edi").write_text(">HEAD\nDATAID=empty\n>END\n")
    draft, table = read(tmp_path / "15125A.edi")
    counts = {finding.code: finding.count for finding in draft.findings}
    assert counts["member-unread"] == 1
    assert counts["truncated"] == 1
    assert list(table["station"].unique()) == ["15125A", "15126A", "15127A"]
    assert table[table["station"] == "15127A"]["tipper_x_real"].isna().all()


STATION = """>HEAD
DATAID="A"
LAT={lat}
LONG={long}
EMPTY=-999
DATUM=GDA94
>FREQ //3
10 1 0.1
>ZXYR ROT=ZROT //3
1.5 -999 x
>END
"""


def test_empty_values(tmp_path):
    """The file's own mark of missing values becomes empty; text among numbers is counted apart."""
    path = tmp_path / "a.edi"
    path.write_text(STATION.format(lat="-0:30:00", long="150.5"))
    draft, table = read(path)
    np.testing.assert_array_equal(table["zxy_real"], [1.5, np.nan, np.nan])
    assert (table.geometry[0].x, table.geometry[0].y) == (150.5, -0.5)
    assert draft.crs == "EPSG:4283"
    assert {f.code: f.count for f in draft.findings} == {"nodata-declared": 1, "number-text": 1}


@pytest.mark.parametrize(
    ("lat", "code"), [("95:00:00", "coordinate-out-of-range"), ("north", "coordinate-missing")]
)
def test_bad_positions(tmp_path, lat, code):
    """Positions beyond the pole and positions that are no angle are set aside and counted."""
    path = tmp_path / "a.edi"
    path.write_text(STATION.format(lat=lat, long="150.5"))
    draft, table = read(path)
    assert table.geometry.isna().all()
    assert [f.count for f in draft.findings if f.code == code] == [3]


def test_spectra_only(tmp_path):
    """A file of spectra is named as a variety that is not read."""
    path = tmp_path / "a.edi"
    path.write_text(">HEAD\nDATAID=A\n>=SPECTRASECT\nNCHAN=7\n>SPECTRA FREQ=1 //4\n1 2 3 4\n>END\n")
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == "unsupported"


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("-22:22:14.90", -22.370805555555556),
        ("-0:30:00", -0.5),
        ("149.5", 149.5),
        ("+1:30", 1.5),
        ("1:2:3:4", np.nan),
    ],
)
def test_angle(text, degrees):
    """Angles in any of their spellings, the sign of a zero degree kept."""
    np.testing.assert_allclose(angle(text), degrees, rtol=1e-14)
