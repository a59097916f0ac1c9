"""Grids in text: ICGEM, three files of numbers, and lines of x, y and z."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import rasterio
from tests.reading import DATA, read_source

from craton.model.errors import RefusedError
from craton.process.readers import Candidate, reader_for

with_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
ICGEM = DATA / "geophysics/oasis_montaj_grids/icgem-sample.gdf"


def codes(draft) -> dict[str, int]:
    """Count by finding code."""
    return {finding.code: finding.count for finding in draft.findings}


@with_data
def test_icgem_grid_is_read():
    """The sample lies on 7 x 8 nodes of 2° in WGS 84, its values rising along each parallel, in mGal."""
    reader, [draft] = read_source(ICGEM)
    values = draft.data["sample_data"]
    assert (reader, draft.crs, draft.findings) == ("icgem-grid", "EPSG:4326", [])
    assert values["latitude"].values.tolist() == [28, 26, 24, 22, 20, 18, 16]
    assert values["longitude"].values.tolist() == [150, 152, 154, 156, 158, 160, 162, 164]
    assert values.values.tolist() == [[float(i) for i in range(8)]] * 7
    assert draft.notes["sample_data"].unit == "mgal"
    assert (draft.vertical.minimum, draft.vertical.datum) == (1100.0, "ellipsoid")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"latitude_parallels             7", b"latitude_parallels          9000"), "truncated"),
        ((b"latitude_parallels             7", b"latitude_parallels             6"), "truncated"),
        ((b"gridstep       2.0", b"gridstep       1.0"), "corrupt"),
        ((b"152.0000     28.0000", b"152.0000     28.x000"), "corrupt"),
        ((b"gridstep", b"gridstap"), "corrupt"),
    ],
)
@with_data
def test_broken_icgem_grid_is_refused(change, code, tmp_path):
    """A grid whose header and nodes contradict each other is refused."""
    content = ICGEM.read_bytes()
    assert change[0] in content
    (tmp_path / "a.gdf").write_bytes(content.replace(*change))
    with pytest.raises(RefusedError) as refusal:
        read_source(tmp_path / "a.gdf")
    assert refusal.value.code == code


@with_data
def test_gap_values_are_empty(tmp_path):
    """Nodes with the gap value hold none."""
    (tmp_path / "a.gdf").write_bytes(
        ICGEM.read_bytes().replace(b"gapvalue        9999999.0000", b"gapvalue        7.0000")
    )
    _, [draft] = read_source(tmp_path / "a.gdf")
    assert int(draft.data["sample_data"].isnull().sum()) == 7
    assert codes(draft) == {"nodata-declared": 7}


@with_data
def test_three_files_are_one_grid():
    """ETOPO at 20 minutes is one grid, turned from 20–380° to ±180° without its repeated meridian."""
    reader, [draft] = read_source(DATA / "elevation/etopo20/etopo20data.gz")
    values = draft.data["etopo20"].load()
    assert (reader, draft.kind, values.shape) == ("three-text-grid", "grid", (540, 1080))
    assert (float(values.min()), float(values.max())) == (-9026.625, 6228.8125)
    longitudes = values["longitude"].values
    assert [longitudes[0], longitudes[-1]] == pytest.approx([-179.8333, 179.8333], abs=1e-3)
    assert np.all(np.diff(longitudes) > 0)
    assert values["latitude"].values[[0, -1]] == pytest.approx([-89.83333, 89.83333], abs=1e-4)
    at_vientiane = values.sel(latitude=18.1666, longitude=102.1666, method="nearest")
    assert float(at_vientiane) == 254.625
    assert codes(draft) == {"longitude-wrapped": 601, "longitude-duplicate-column": 1, "crs-from-names": 1}


def three_files(folder, values="1 2 3\n4 5 6\n", latitudes="10\n11\n", longitudes="100\n101\n102\n"):
    """Write the three files, coordinates packed; the file of values."""
    (folder / "relief_lats.txt.gz").write_bytes(gzip.compress(latitudes.encode()))
    (folder / "relief_lons.txt").write_text(longitudes)
    (folder / "relief_data.txt").write_text(values)
    return folder / "relief_data.txt"


def test_three_files_are_found_by_their_names(tmp_path):
    """Files of values, latitudes and longitudes go together by their names, packed or not."""
    _, [draft] = read_source(three_files(tmp_path))
    assert draft.data["relief"].values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert draft.data["longitude"].values.tolist() == [100, 101, 102]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"values": "1 2 3 4 5"}, "truncated"),
        ({"values": "1 2 3 4 5 6 7 8"}, "invalid-structure"),
        ({"values": "1 2 3 4 5 ee"}, "corrupt"),
        ({"latitudes": "11\n10\n12\n"}, "invalid-structure"),
        ({"longitudes": "100\nx\n"}, "corrupt"),
    ],
)
def test_three_files_that_do_not_fit_are_refused(stated, code, tmp_path):
    """Too few or too many values, and axes that are none, are refused."""
    with pytest.raises(RefusedError) as refusal:
        read_source(three_files(tmp_path, **stated))
    assert refusal.value.code == code


def xyz(columns=12, rows=3) -> str:
    """Lines of a grid of nodes ten apart, row by row from the north."""
    return "".join(
        f"{500 + 10 * i} {2000 - 10 * j} {i + 100 * j}\n" for j in range(rows) for i in range(columns)
    )


def test_lines_of_a_regular_grid_are_a_grid(tmp_path):
    """Lines of x, y and z at every node of a regular grid are a raster placed by its nodes."""
    (tmp_path / "dem.xyz").write_text(xyz())
    reader, [draft] = read_source(tmp_path / "dem.xyz")
    assert (reader, draft.data.driver, draft.data.bands[0].name) == ("xyz-grid", "XYZ", "dem")
    with rasterio.open(draft.data.path, driver="XYZ") as dataset:
        assert dataset.bounds == (495, 1975, 615, 2005)
        assert dataset.read(1)[2].tolist() == list(range(200, 212))


@pytest.mark.parametrize(
    "content",
    [
        "LINE 100\n" + xyz(),
        "".join(f"{i * i} {i} 1\n" for i in range(40)),
        "".join(f"{i} 0 {i}\n" for i in range(100)),
        xyz(columns=3),
    ],
    ids=["survey lines", "scattered", "one line", "too few to tell"],
)
def test_other_lines_of_numbers_are_left_to_tables(content, tmp_path):
    """Survey lines, scattered points and what is too short to tell are not taken for a grid."""
    path = tmp_path / "a.xyz"
    path.write_text(content)
    candidate = Candidate(path, path.name, content.encode())
    try:
        reader = reader_for(candidate).id
    except RefusedError:
        reader = "none"
    assert reader != "xyz-grid"


def test_lines_that_leave_the_grid_are_refused(tmp_path):
    """A file that begins as a regular grid and then leaves it is refused, not bent into one."""
    (tmp_path / "a.xyz").write_text(xyz() + "503.7 1961.3 5\n")
    with pytest.raises(RefusedError):
        read_source(tmp_path / "a.xyz")
