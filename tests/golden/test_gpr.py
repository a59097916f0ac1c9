"""Radargrams of GSSI instruments."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.model.data import Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

RADARGRAM = DATA / "geophysics/gpr/FILE____032.DZT"


def read(path) -> tuple[Draft, xr.Dataset]:
    """Draft of the file at `path` and its grid."""
    reader, (draft,) = read_source(path)
    assert reader == "gpr-gssi"
    assert isinstance(draft.data, xr.Dataset)
    return draft, draft.data


@needs_data
def test_radargram():
    """All 1,040 traces of 512 samples over 48 ns come over, about zero, at 50 traces a metre."""
    draft, data = read(RADARGRAM)
    assert dict(data.sizes) == {"trace": 1040, "two_way_time": 512}
    stored = np.frombuffer(RADARGRAM.read_bytes()[1024:], dtype="<u2").reshape(1040, 512)
    np.testing.assert_array_equal(data["echo"], stored.astype(int) - 32768)
    assert float(data["two_way_time"][-1]) == 48 * 511 / 512
    assert float(data["distance"][-1]) == 1039 / 50
    assert draft.properties["antenna"] == "400MHz"
    assert draft.properties["relative_permittivity"] == 6.0
    assert draft.time is not None
    assert draft.time.start == "2017-03-21T00:36:46Z"
    assert {f.code for f in draft.findings} == {"no-coordinates", "time-assumed-utc"}


@needs_data
def test_topography():
    """The text beside the radargram gives the elevation along the profile."""
    draft, data = read(RADARGRAM)
    assert float(data["elevation"][0]) == 18.749
    profile = np.loadtxt(RADARGRAM.with_suffix(".txt"))
    assert float(data["elevation"][500]) == np.interp(10.0, profile[:, 0], profile[:, 1])
    assert any("39 points" in step for step in draft.steps)


def make(tmp_path, *, samples=4, bits=16, channels=1, traces=3, rest=b""):
    """A small radargram whose samples count up from the middle."""
    header = bytearray(1024)
    struct.pack_into("<HHHH", header, 0, 0x00FF, 1024, samples, bits)
    struct.pack_into("<ffff", header, 14, 0.0, 0.0, 0.0, 40.0)
    struct.pack_into("<Hf", header, 52, channels, 5.0)
    kind = {8: "u1", 16: "<u2", 32: "<i4"}[bits]
    middle = 0 if bits == 32 else 1 << (bits - 1)
    numbers = np.arange(traces * channels * samples) + middle
    path = tmp_path / "made.dzt"
    path.write_bytes(bytes(header) * channels + numbers.astype(kind).tobytes() + rest)
    return path


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_sample_widths(tmp_path, bits):
    """Samples of one, two and four bytes have their zero in the same place."""
    _, data = read(make(tmp_path, bits=bits))
    np.testing.assert_array_equal(data["echo"], np.arange(12).reshape(3, 4))
    assert "distance" not in data.coords


def test_channels(tmp_path):
    """Scans of two antennas that take turns become two channels."""
    _, data = read(make(tmp_path, channels=2))
    assert data["echo"].dims == ("channel", "trace", "two_way_time")
    np.testing.assert_array_equal(data["echo"].sel(channel=2)[:, 0], [4, 12, 20])


def test_broken_topography(tmp_path):
    """A text beside it that is no table of distances is not taken for one."""
    path = make(tmp_path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<f", content, 14, 10.0)
    path.write_bytes(content)
    (tmp_path / "made.txt").write_text("field notes\n")
    draft, data = read(path)
    assert "elevation" not in data.coords
    assert "sidecar-conflict" in {f.code for f in draft.findings}


def test_cut(tmp_path):
    """A cut file keeps its whole traces; one without any is refused."""
    draft, data = read(make(tmp_path, rest=b"\0\0\0"))
    assert data.sizes["trace"] == 3
    assert "truncated" in {f.code for f in draft.findings}
    with pytest.raises(RefusedError) as refused:
        read(make(tmp_path, traces=0))
    assert refused.value.code == "truncated"
