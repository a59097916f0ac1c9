"""Laboratory spectra: ECOSTRESS files and the layout of the USGS library."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.reading import DATA, read_source

from craton.model.data import Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

ECOSTRESS = DATA / "imagery/spectral_library_layout/ecostress"
USGS = DATA / "imagery/spectral_library_layout/usgs/ASCIIdata"


def read(path, reader: str) -> tuple[Draft, pd.DataFrame]:
    """Draft of the file at `path` and its table."""
    found, (draft,) = read_source(path)
    assert found == reader
    assert isinstance(draft.data, pd.DataFrame)
    return draft, draft.data


@needs_data
@pytest.mark.parametrize(
    ("name", "rows", "first"), [("a", 561, 8.82), ("b", 2151, 1.471), ("c", 2151, 10.988)]
)
def test_ecostress(name, rows, first):
    """Each spectrum has as many values as its header declares, in micrometres and percent."""
    draft, table = read(ECOSTRESS / f"{name}.spectrum.txt", "spectrum-ecostress")
    assert len(table) == rows
    assert list(table.columns) == ["wavelength", "reflectance"]
    assert table["reflectance"][0] == first
    assert (draft.notes["wavelength"].unit, draft.notes["reflectance"].unit) == ("um", "%")
    assert [f.code for f in draft.findings] == ["no-coordinates"]


@needs_data
def test_ecostress_place():
    """An origin written as latitude; longitude; WGS84 becomes the place of the sample."""
    draft, _ = read(ECOSTRESS / "b.spectrum.txt", "spectrum-ecostress")
    assert draft.geographic_bounds == (-119.233498, 37.232539, -119.233498, 37.232539)
    assert draft.title == "lichen off trees"


@needs_data
def test_ecostress_cut(tmp_path):
    """Fewer values than declared are counted as missing; none at all are refused."""
    text = (ECOSTRESS / "a.spectrum.txt").read_text()
    lines = text.splitlines(keepends=True)
    cut = tmp_path / "cut.txt"
    cut.write_text("".join(lines[:120]))
    draft, table = read(cut, "spectrum-ecostress")
    assert [f.count for f in draft.findings if f.code == "truncated"] == [561 - len(table)]
    cut.write_text(text[: text.index("\n\n") + 2])
    with pytest.raises(RefusedError) as refused:
        read(cut, "spectrum-ecostress")
    assert refused.value.code == "no-data"


KNOWN = {
    "liba/liba_Wavelengths_ASD_0.35-2.5_um.txt": (1, 24, 0, 0.34999999),
    "liba/liba_Wavelengths_AVIRIS_1996_0.37-2.5_um.txt": (1, 11, 6, 0.37049001),
    "liba/liba_Wavelengths_BECK_Beckman_0.2-3.0_um.txt": (1, 13, 7, 0.2051),
    "liba/liba_Wavelengths_NIC4_Nicolet_1.12-216um.txt": (2, 44, 88, 1.1225606),
    "libc/libc_Wavelengths_Landsat8_(7_bands)_microns.txt": (3, 7, 0, 0.44299144),
    "libc/libc_Wavelengths_Landsat8oli_SpecRespFunction.txt": (1, 18, 0, 0.41999999),
}


@needs_data
@pytest.mark.parametrize("name", KNOWN)
def test_usgs(name):
    """Spectra are brought together with the wavelengths of their spectrometer; deleted channels are empty."""
    spectra, channels, deleted, first = KNOWN[name]
    draft, table = read(USGS / name, "spectra-usgs")
    assert len(table) == spectra * channels
    assert table["spectrum"].nunique() == spectra
    assert int(table["value"].isna().sum()) == deleted
    assert table["wavelength"][0] == first
    assert table["value"].abs().max() < 10 or deleted == len(table)
    assert draft.notes["wavelength"].unit == "um"


@needs_data
def test_usgs_bandwidth():
    """Widths of the channels come from the file in micrometres, not from the one in nanometres."""
    _, table = read(USGS / "libc/libc_Wavelengths_Landsat8_(7_bands)_microns.txt", "spectra-usgs")
    assert table["bandwidth"][0] == 0.015963057


@needs_data
def test_usgs_alone():
    """A spectrum without its wavelengths is kept by channel, and what is missing is said."""
    path = USGS / "liba/ChapterD_d0/liba_MaterialD_01_BECKa_AREF.txt"
    draft, table = read(path, "spectra-usgs")
    assert list(table.columns) == ["channel", "value"]
    assert np.isnan(table["value"][0])
    assert {"sidecar-missing", "nodata-declared"} <= {f.code for f in draft.findings}


@needs_data
def test_other_text_is_not_taken():
    """A text beside the library that is no spectrum goes to another reader."""
    reader, _ = read_source(USGS / "libc/errorbars/ignore.txt")
    assert reader not in {"spectra-usgs", "spectrum-ecostress"}
