"""Point clouds: counts, extents and heights of open files, and what broken ones come to."""

from __future__ import annotations

import struct
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

FOOT, SURVEY_FOOT = 0.3048, 1200 / 3937
SIMPLE = (635619.85, 848899.7, 638982.55, 853535.43)


class Known(NamedTuple):
    """What is known of a cloud: points, bounds and heights in the file's unit, metres per unit, findings."""

    points: int
    bounds: tuple[float, float, float, float]
    heights: tuple[float, float]
    metres: float
    findings: set[str]


KNOWN = {
    "urban/lidar/autzen_trim.laz": Known(
        110_000, (636001.76, 848935.2, 637179.22, 849497.9), (406.26, 520.51), FOOT,
        {"vertical-unit", "vertical-unit-assumed"},
    ),
    "urban/lidar/simple.las": Known(
        1065, SIMPLE, (406.59, 586.38), 1.0, {"crs-missing", "vertical-unit-assumed"}
    ),
    "urban/lidar/simple.copc.laz": Known(1065, SIMPLE, (406.59, 586.38), SURVEY_FOOT, {"vertical-unit"}),
    "urban/lidar/extrabytes.las": Known(
        1065, SIMPLE, (406.59, 586.38), 1.0, {"crs-missing", "vertical-unit-assumed"}
    ),
    "urban/lidar/test1_4.las": Known(
        1000, (1694038.445638, 1816492.706270, 1694539.677014, 1816497.976262), (5592.749917, 5599.069686),
        SURVEY_FOOT, {"vertical-unit", "vertical-unit-assumed"},
    ),
    "bad_input/lidar_bad/append-bug.laz": Known(
        37_805, (698000.0, 6259242.79, 699000.0, 6260000.0), (11.72, 266.03), 1.0,
        {"vertical-unit-assumed", "structure-nonstandard"},
    ),
    "bad_input/lidar_bad/unregistered_extra_bytes.las": Known(
        4, (1.0, 1.0, 4.0, 4.0), (1.0, 4.0), 1.0,
        {"crs-missing", "vertical-unit-assumed", "structure-nonstandard"},
    ),
}  # fmt: skip


def read(path: Path, **options: str) -> tuple[Draft, pa.Table]:
    """Draft of the cloud at `path` and all its points."""
    reader, (draft,) = read_source(path, **options)
    assert reader == "point-cloud"
    assert isinstance(draft.data, TableStream)
    return draft, pa.Table.from_batches(list(draft.data.batches()), draft.data.schema)


@needs_data
@pytest.mark.parametrize("name", KNOWN)
def test_open_files(name):
    """Every point comes over, in place, with heights in metres."""
    known = KNOWN[name]
    draft, table = read(DATA / name)
    assert table.num_rows == known.points
    places = shapely.from_wkb(table["geometry"].to_numpy())
    np.testing.assert_allclose(shapely.total_bounds(places), known.bounds, atol=1e-5)
    upward = table["upward"].to_numpy()
    np.testing.assert_allclose(
        [upward.min(), upward.max()], np.array(known.heights) * known.metres, atol=1e-6
    )
    assert draft.vertical is not None
    assert (draft.vertical.minimum, draft.vertical.unit) == (upward.min(), "m")
    assert {finding.code for finding in draft.findings} == known.findings


@needs_data
def test_attributes():
    """Attributes keep their values: classes of the Autzen cloud as counted with another reader."""
    draft, table = read(DATA / "urban/lidar/autzen_trim.laz")
    assert draft.properties["points_by_class"] == {"1": 83_893, "2": 26_107}
    assert int((table["classification"].to_numpy() == 2).sum()) == 26_107
    assert {"intensity", "return_number", "gps_time", "red", "scan_angle"} <= set(table.column_names)


@needs_data
def test_reference_systems():
    """The system of the plane is found in WKT records, without the height system bound to it."""
    assert read(DATA / "urban/lidar/simple.copc.laz")[0].crs == "EPSG:2991"
    assert read(DATA / "bad_input/lidar_bad/append-bug.laz")[0].crs == "EPSG:2154"
    assert "Lambert" in read(DATA / "urban/lidar/autzen_trim.laz")[0].crs


@needs_data
def test_absolute_time():
    """Absolute GPS time of the points becomes a period in UTC; seconds of a week do not."""
    time = read(DATA / "bad_input/lidar_bad/append-bug.laz")[0].time
    assert time is not None
    assert (time.start, time.end) == ("2021-06-13T08:56:00Z", "2021-06-13T18:31:10Z")
    assert read(DATA / "urban/lidar/simple.las")[0].time is None


@needs_data
def test_extra_dimensions():
    """Dimensions of several elements become several columns; a doubled name is told apart."""
    _, table = read(DATA / "urban/lidar/extrabytes.las")
    assert {"Colors_1", "Colors_2", "Colors_3", "Intensity_extra", "Time"} <= set(table.column_names)
    assert table["Colors_1"].to_pylist()[:3] == table["red"].to_pylist()[:3]


@needs_data
def test_crs_given():
    """A system given by the person is used where the file states none."""
    draft, _ = read(DATA / "urban/lidar/simple.las", crs="EPSG:2994")
    assert draft.crs == "EPSG:2994"
    assert "crs-given" in {finding.code for finding in draft.findings}


@needs_data
def test_cut_file(tmp_path):
    """An uncompressed file that ends early keeps its whole points and says how many are missing."""
    cut = tmp_path / "cut.las"
    cut.write_bytes((DATA / "urban/lidar/simple.las").read_bytes()[: 227 + 34 * 1000 + 5])
    draft, table = read(cut)
    assert table.num_rows == 1000
    assert [f.count for f in draft.findings if f.code == "truncated"] == [65]


@needs_data
def test_cut_compressed_file(tmp_path):
    """A compressed file without its chunk table is refused."""
    cut = tmp_path / "cut.laz"
    cut.write_bytes((DATA / "urban/lidar/autzen_trim.laz").read_bytes()[:300_000])
    with pytest.raises(RefusedError) as refused:
        read(cut)
    assert refused.value.code == "truncated"


LIES = {
    "records": (100, "<I", 2**32 - 1, "corrupt"),
    "offset": (96, "<I", 2**31, "truncated"),
    "format": (104, "<B", 60, "unsupported"),
    "record size": (105, "<H", 3, "corrupt"),
    "no points": (107, "<I", 0, "no-data"),
    "scale": (131, "<d", float("nan"), "corrupt"),
}


@needs_data
@pytest.mark.parametrize("lie", LIES)
def test_lying_header(tmp_path, lie):
    """A header whose sizes cannot be true is refused before anything is allocated."""
    place, form, value, code = LIES[lie]
    content = bytearray((DATA / "urban/lidar/simple.las").read_bytes())
    struct.pack_into(form, content, place, value)
    path = tmp_path / "lie.las"
    path.write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read(path)
    assert refused.value.code == code


@needs_data
def test_wrong_bounds_in_header(tmp_path):
    """An extent in the header that is not that of the points is doubted."""
    content = bytearray((DATA / "urban/lidar/simple.las").read_bytes())
    struct.pack_into("<d", content, 179, 999999.0)
    path = tmp_path / "bounds.las"
    path.write_bytes(content)
    draft, _ = read(path)
    assert "metadata-invalid" in {finding.code for finding in draft.findings}


def test_declared_bomb(tmp_path):
    """A few bytes that declare four thousand million points are refused, or read as the points there are."""
    header = bytearray(227)
    header[:4], header[24:26] = b"LASF", b"\x01\x02"
    struct.pack_into("<HIIBHI", header, 94, 227, 227, 0, 0, 20, 2**32 - 1)
    struct.pack_into("<3d", header, 131, 1.0, 1.0, 1.0)
    path = tmp_path / "bomb.las"
    path.write_bytes(bytes(header) + bytes(40))
    draft, table = read(path)
    assert table.num_rows == 2
    assert [f.count for f in draft.findings if f.code == "truncated"] == [2**32 - 3]
