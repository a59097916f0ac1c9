"""SEG-Y: geometry, amplitudes and headers against segyio, and what broken files come to."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import segyio
import xarray as xr
from tests.reading import DATA, read_source

from craton.model.data import Draft
from craton.model.errors import RefusedError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

SEGY = DATA / "geophysics/segy"
BAD = DATA / "bad_input/segy_bad"

SIZES = {
    SEGY / "f3.sgy": {"inline": 23, "crossline": 18, "two_way_time": 75},
    SEGY / "small.sgy": {"inline": 5, "crossline": 5, "two_way_time": 50},
    SEGY / "small-ps.sgy": {"inline": 4, "crossline": 3, "offset": 2, "two_way_time": 10},
    SEGY / "shot-gather.sgy": {"trace": 61, "two_way_time": 25},
    BAD / "text-embed-null.sgy": {"inline": 5, "crossline": 5, "two_way_time": 50},
    BAD / "mapping-unparsable.sgy": {"inline": 3, "crossline": 2, "two_way_time": 4},
    BAD / "broken.sgy": {"trace": 3, "two_way_time": 4},
    BAD / "interval-neg-bin-pos-trace.sgy": {"trace": 1, "two_way_time": 1},
    DATA / "bad_input/non_ascii_filename/小文件.sgy": {"inline": 5, "crossline": 5, "two_way_time": 50},
}


def read(path, **options) -> tuple[Draft, xr.Dataset]:
    """Draft of the file at `path` and its grid."""
    reader, (draft,) = read_source(path, **options)
    assert reader == "segy"
    assert isinstance(draft.data, xr.Dataset)
    return draft, draft.data


def codes(draft: Draft) -> set[str]:
    """Codes of the findings of `draft`."""
    return {finding.code for finding in draft.findings}


@needs_data
@pytest.mark.parametrize("path", SIZES, ids=lambda path: path.name)
def test_geometry(path):
    """Traces that fill a cube become one; all others stay in their order."""
    _, data = read(path)
    assert dict(data.sizes) == SIZES[path]


@needs_data
@pytest.mark.parametrize("name", ["f3", "small", "small-ps", "shot-gather"])
def test_amplitudes(name):
    """Amplitudes of every trace are those that segyio reads."""
    _, data = read(SEGY / f"{name}.sgy")
    with segyio.open(SEGY / f"{name}.sgy", ignore_geometry=True) as peer:
        expected = peer.trace.raw[:]
    np.testing.assert_array_equal(data["amplitude"].values.reshape(expected.shape), expected)


@needs_data
def test_f3_place_and_time():
    """Positions of the F3 crop carry their scalar of −10, its time axis starts at the recording delay."""
    draft, data = read(SEGY / "f3.sgy")
    first = data.isel(inline=0, crossline=0)
    assert (float(first["easting"]), float(first["northing"])) == (620197.2, 6074232.9)
    assert draft.properties["extent"] == {
        "west": 620181.9, "south": 6074232.9, "east": 620622.1, "north": 6074794.5,
    }  # fmt: skip
    np.testing.assert_array_equal(data["inline"], np.arange(111, 134))
    np.testing.assert_array_equal(data["crossline"], np.arange(875, 893))
    np.testing.assert_array_equal(data["two_way_time"][:3], [4.0, 8.0, 12.0])
    assert data["two_way_time"].attrs["units"] == "ms"
    assert data["amplitude"].dtype == np.int16
    assert draft.description.startswith("Cropped F3 2-byte integer data set")


@needs_data
def test_f3_doubts():
    """No system and a sample count of the uncropped file in all 414 trace headers are both said."""
    draft, _ = read(SEGY / "f3.sgy")
    assert {f.code: f.count for f in draft.findings} == {"crs-missing": 1, "metadata-invalid": 414}


@needs_data
def test_f3_located():
    """With the system given, the crop lies in the Dutch North Sea."""
    draft, data = read(SEGY / "f3.sgy", crs="EPSG:23031")
    assert data.attrs["crs"] == "EPSG:23031"
    assert draft.geographic_bounds is not None
    west, south, east, north = draft.geographic_bounds
    assert 4.8 < west < east < 4.9
    assert 54.7 < south < north < 54.9


@needs_data
def test_lazy():
    """Amplitudes are not read before they are asked for."""
    _, data = read(SEGY / "f3.sgy")
    assert data["amplitude"].chunks is not None


@needs_data
def test_truncated():
    """A file cut within a trace keeps its three whole traces and says so."""
    draft, data = read(BAD / "broken.sgy")
    assert {"truncated", "no-coordinates"} <= codes(draft)
    np.testing.assert_array_equal(data["inline"], [1, 1, 2])


@needs_data
def test_interval():
    """A negative sample interval gives way to the one of the traces, with a doubt."""
    draft, _ = read(BAD / "interval-neg-bin-pos-trace.sgy")
    doubt = next(f for f in draft.findings if f.code == "metadata-invalid")
    assert "4000" in doubt.message


@needs_data
def test_text_header():
    """A zero byte within the text header is repaired; an XML layout that cannot be parsed is a doubt."""
    assert "encoding-repaired" in codes(read(BAD / "text-embed-null.sgy")[0])
    assert "metadata-invalid" in codes(read(BAD / "mapping-unparsable.sgy")[0])
    assert codes(read(SEGY / "small.sgy")[0]) == {"no-coordinates"}


def make(tmp_path, *, order=">", interval=2000, format_code=5, traces=4, samples=3, **fields):
    """A small file with `fields` (byte: values by trace) of 32-bit whole numbers in the trace headers."""
    text = ("C 1 MADE FOR A TEST".ljust(80) + "C 2".ljust(80) * 39).encode("cp037")
    binary = bytearray(400)
    struct.pack_into(order + "h", binary, 16, interval)
    struct.pack_into(order + "H", binary, 20, samples)
    struct.pack_into(order + "H", binary, 24, format_code)
    content = text + bytes(binary)
    for trace in range(traces):
        header = bytearray(240)
        for place, values in fields.items():
            struct.pack_into(order + "i", header, int(place[1:]) - 1, values[trace])
        content += bytes(header) + np.full(samples, trace, dtype=order + "f4").tobytes()
    path = tmp_path / "made.sgy"
    path.write_bytes(content)
    return path


def test_little_endian(tmp_path):
    """The byte order is found by the binary header."""
    _, data = read(make(tmp_path, order="<"))
    np.testing.assert_array_equal(data["amplitude"][:, 0], [0, 1, 2, 3])
    np.testing.assert_array_equal(data["two_way_time"], [0, 2, 4])


def test_crossline_sorted(tmp_path):
    """A cube whose crosslines run slowest, in falling order, has its axes in the customary order."""
    path = make(tmp_path, b189=[1, 2, 1, 2], b193=[9, 9, 8, 8])
    _, data = read(path)
    assert data["amplitude"].dims == ("inline", "crossline", "two_way_time")
    np.testing.assert_array_equal(data["crossline"], [9, 8])
    np.testing.assert_array_equal(data["amplitude"][..., 0], [[0, 2], [1, 3]])


def test_midpoints(tmp_path):
    """Without ensemble positions a trace lies midway between its source and its receiver."""
    path = make(tmp_path, b73=[100] * 4, b77=[10] * 4, b81=[200] * 4, b85=[30] * 4)
    _, data = read(path)
    assert (float(data["easting"][0]), float(data["northing"][0])) == (150.0, 20.0)


def test_arc_seconds(tmp_path):
    """Positions in seconds of arc become degrees, on a datum that is only assumed."""
    path = make(tmp_path, b181=[3600 * 102] * 4, b185=[3600 * 18] * 4)
    content = bytearray(path.read_bytes())
    for trace in range(4):
        struct.pack_into(">h", content, 3600 + trace * 252 + 88, 2)
    path.write_bytes(content)
    draft, data = read(path)
    assert (float(data["longitude"][0]), float(data["latitude"][0])) == (102.0, 18.0)
    assert draft.crs == "EPSG:4326"
    assert "crs-from-names" in codes(draft)
    assert draft.geographic_bounds == pytest.approx((102.0, 18.0, 102.0, 18.0))


def test_no_interval(tmp_path):
    """Without any sample interval, samples are numbered and not given times."""
    draft, data = read(make(tmp_path, interval=0))
    assert "sample" in data.dims
    assert "metadata-invalid" in codes(draft)


def test_unsupported_samples(tmp_path):
    """Fixed point with gain is named as what cannot be read."""
    with pytest.raises(RefusedError) as refused:
        read(make(tmp_path, format_code=4))
    assert refused.value.code == "unsupported"


def test_headers_only(tmp_path):
    """Headers without a whole trace are refused as truncated."""
    path = make(tmp_path)
    path.write_bytes(path.read_bytes()[:3700])
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == "truncated"


def test_declared_texts(tmp_path):
    """More extended text headers than the file has room for are refused."""
    path = make(tmp_path)
    content = bytearray(path.read_bytes())
    struct.pack_into(">h", content, 3504, 30_000)
    path.write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == "corrupt"
