"""Surfer grids of versions 6 and 7, told from the other formats that end in `.grd`."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import rasterio
from tests.reading import read_source

from craton.model.errors import RefusedError

BLANK = 1.70141e38
SOUTH_FIRST = np.arange(12.0).reshape(3, 4)
"""Rows from the south, as Surfer stores them; nodes at 100–130 east, 200–220 north."""


def ascii_grid() -> bytes:
    rows = "\n".join(" ".join(str(cell) for cell in row) for row in SOUTH_FIRST)
    return f"DSAA\n4 3\n100 130\n200 220\n0 11\n{rows}\n".encode()


def binary_6() -> bytes:
    head = struct.pack("<4shh6d", b"DSBB", 4, 3, 100, 130, 200, 220, 0, 11)
    return head + SOUTH_FIRST.astype("<f4").tobytes()


def binary_7(cells: np.ndarray = SOUTH_FIRST) -> bytes:
    head = struct.pack("<iii", 0x42525344, 4, 1)
    grid = struct.pack("<iiii8d", 0x44495247, 72, 3, 4, 100, 200, 10, 10, 0, 11, 0, BLANK)
    return head + grid + struct.pack("<ii", 0x41544144, 96) + cells.astype("<f8").tobytes()


@pytest.mark.parametrize(
    ("content", "driver"),
    [(ascii_grid(), "GSAG"), (binary_6(), "GSBG"), (binary_7(), "GS7BG")],
    ids=["text", "6", "7"],
)
def test_surfer_grid_is_read(content, driver, tmp_path):
    """Each variety is recognised by its first bytes and read with nodes at the centres of cells, north up."""
    path = tmp_path / "bouguer.grd"
    path.write_bytes(content)
    reader, [draft] = read_source(path)
    assert (reader, draft.kind, draft.data.driver) == ("raster", "grid", driver)
    assert draft.data.bands[0].name == "bouguer"
    with rasterio.open(draft.data.path, driver=driver) as dataset:
        assert dataset.bounds == (95, 195, 135, 225)
        assert np.array_equal(dataset.read(1), SOUTH_FIRST[::-1])


def test_blanked_nodes_hold_no_value(tmp_path):
    """A node with Surfer's blanking value is empty."""
    cells = SOUTH_FIRST.copy()
    cells[1, 2] = BLANK
    (tmp_path / "a.grd").write_bytes(binary_7(cells))
    _, [draft] = read_source(tmp_path / "a.grd")
    with rasterio.open(draft.data.path, driver="GS7BG") as dataset:
        assert dataset.read(1, masked=True).mask.sum() == 1


def test_esri_text_with_the_same_suffix_is_told_apart(tmp_path):
    """An ESRI ASCII grid called `.grd` is read as such."""
    (tmp_path / "a.grd").write_text("ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 5\n1 2\n3 4\n")
    _, [draft] = read_source(tmp_path / "a.grd")
    assert draft.data.driver == "AAIGrid"


def test_grid_that_declares_more_than_it_holds_is_refused(tmp_path):
    """A text grid of a billion declared nodes and twelve numbers is refused as truncated."""
    (tmp_path / "a.grd").write_bytes(ascii_grid().replace(b"4 3", b"32000 32000"))
    with pytest.raises(RefusedError, match="cannot hold") as refusal:
        read_source(tmp_path / "a.grd")
    assert refusal.value.code == "truncated"


def test_truncated_binary_grid_is_refused(tmp_path):
    """A Surfer 6 grid that ends early is refused."""
    (tmp_path / "a.grd").write_bytes(binary_6()[:-20])
    with pytest.raises(RefusedError):
        read_source(tmp_path / "a.grd")
