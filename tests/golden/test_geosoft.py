"""Geosoft grids: the four number types of one grid against its published values, and varieties made here."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.reading import DATA, read_source

from craton.ingest.geosoft import parse_header
from craton.model.data import RasterFile
from craton.model.errors import RefusedError

SAMPLES = DATA / "geophysics/oasis_montaj_grids"
with_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

CELLS = np.arange(6.0).reshape(2, 3)
"""Rows from the south, columns from the west."""


def expected() -> np.ndarray:
    """Values of the sample grid as its authors publish them, rows from the south."""
    with xr.open_dataset(SAMPLES / "om_expected.nc") as dataset:
        return next(iter(dataset.data_vars.values())).load()


@pytest.mark.parametrize("name", ["om_float", "om_double", "om_compress"])
@with_data
def test_real_numbers_are_read_exactly(name):
    """Plain float, double and packed grids hold the published values, to the last bit."""
    reader, [draft] = read_source(SAMPLES / f"{name}.grd")
    values, known = draft.data[name], expected()
    assert (reader, draft.kind, draft.title) == ("geosoft-grid", "grid", name)
    assert values.dims == ("northing", "easting")
    assert np.array_equal(values.values, known.values, equal_nan=True)
    assert np.array_equal(values["easting"], known["easting"])
    assert np.array_equal(values["northing"], known["northing"])
    assert [(finding.code, finding.count) for finding in draft.findings] == [("nodata-declared", 655)]


@with_data
def test_scaled_whole_numbers_are_read_to_their_step(tmp_path):
    """The grid of two-byte numbers holds the published values to half a step of its multiplier."""
    _, [draft] = read_source(SAMPLES / "om_short.grd")
    values, known = draft.data["om_short"].values, expected().values
    step = 1 / struct.unpack_from("<d", (SAMPLES / "om_short.grd").read_bytes(), 68)[0]
    assert np.array_equal(np.isnan(values), np.isnan(known))
    assert np.nanmax(np.abs(values - known)) <= step
    assert int(np.isnan(values).sum()) == 655


def grid(
    cells=CELLS, *, dtype="<f4", size=4, sign=2, ordering=1, rotation=0.0, base=0.0, multiplier=1.0
) -> bytes:
    """A Geosoft grid of `cells`, 10 units east and 20 units north apart, from 500, 1000 on."""
    stored = cells if ordering == 1 else cells.T
    vectors, elements = stored.shape
    spacings = (10.0, 20.0) if ordering == 1 else (20.0, 10.0)
    numbers = (*spacings, 500.0, 1000.0, rotation, base, multiplier)
    head = struct.pack("<5i7d", size, sign, elements, vectors, ordering, *numbers)
    return head.ljust(512, b"\0") + np.round(stored, 9).astype(dtype).tobytes()


def packed(cells=CELLS, *, per_block=1) -> bytes:
    """The same grid with its vectors packed, `per_block` to a block."""
    plain = grid(cells, size=4 + 1024)
    head, rows = plain[:512], np.frombuffer(plain[512:], "<f4").reshape(cells.shape)
    parts = [rows[i : i + per_block].tobytes() for i in range(0, len(rows), per_block)]
    blocks = [b"\x0f\x0e\xff\xfe\x12\x34\x56\x78" + bytes(8) + zlib.compress(part) for part in parts]
    table = struct.pack("<4i", -118000441, 2, len(blocks), per_block)
    place = 512 + len(table) + 12 * len(blocks)
    places = [place + sum(len(block) for block in blocks[:i]) for i in range(len(blocks))]
    table += struct.pack(f"<{len(blocks)}q", *places) + struct.pack(f"<{len(blocks)}i", *map(len, blocks))
    return head + table + b"".join(blocks)


def read_grid(tmp_path, content: bytes):
    """Draft of a grid file with `content`."""
    (tmp_path / "a.grd").write_bytes(content)
    reader, [draft] = read_source(tmp_path / "a.grd")
    assert reader == "geosoft-grid"
    return draft


@pytest.mark.parametrize(
    ("dtype", "size", "sign"),
    [
        ("<u1", 1, 0),
        ("<i1", 1, 1),
        ("<u2", 2, 0),
        ("<i2", 2, 1),
        ("<u4", 4, 0),
        ("<i4", 4, 1),
        ("<f4", 4, 2),
        ("<f8", 8, 2),
    ],
)
def test_every_number_type_is_read(dtype, size, sign, tmp_path):
    """All sizes and signs of numbers give the values, their dummy none."""
    content = bytearray(grid(dtype=dtype, size=size, sign=sign))
    dummies = {"<i1": -127, "<i2": -32767, "<i4": -(2**31) + 1, "<f4": -1e32, "<f8": -1e32}
    dummy = dummies.get(dtype, 2 ** (8 * size) - 1)
    content[512 : 512 + size] = np.array([dummy]).astype(dtype).tobytes()
    values = read_grid(tmp_path, bytes(content)).data["a"].values
    assert np.isnan(values[0, 0])
    assert values.ravel()[1:].tolist() == [1, 2, 3, 4, 5]


def test_columns_are_turned_to_rows(tmp_path):
    """A grid stored by columns lies as one stored by rows."""
    by_rows, by_columns = (read_grid(tmp_path, grid(ordering=ordering)).data.load() for ordering in (1, -1))
    assert by_rows.identical(by_columns)
    assert by_rows["a"].sel(northing=1020, easting=520) == 5


def test_base_and_multiplier_are_applied(tmp_path):
    """Values are the stored numbers divided by the multiplier, plus the base."""
    values = (
        read_grid(tmp_path, grid(dtype="<i2", size=2, sign=1, base=100.0, multiplier=4.0)).data["a"].values
    )
    assert values[0].tolist() == [100, 100.25, 100.5]


@pytest.mark.parametrize("per_block", [1, 2])
def test_packed_blocks_are_joined(per_block, tmp_path):
    """A packed grid of one block and of several gives the same values."""
    assert read_grid(tmp_path, packed(per_block=per_block)).data["a"].values.tolist() == CELLS.tolist()


def test_rotated_grid_becomes_a_turned_raster(tmp_path):
    """A grid turned by 30° counterclockwise is a raster whose nodes lie where the rotation puts them."""
    draft = read_grid(tmp_path, grid(rotation=30.0))
    assert isinstance(draft.data, RasterFile)
    with rasterio.open(draft.data.path) as dataset:
        cells = dataset.read(1)
        assert cells.tolist() == CELLS[::-1].tolist()
        east, north = dataset.xy(0, 2)
    turn = np.radians(30)
    assert east == pytest.approx(500 + 20 * np.cos(turn) - 20 * np.sin(turn))
    assert north == pytest.approx(1000 + 20 * np.sin(turn) + 20 * np.cos(turn))


@pytest.mark.parametrize(
    ("attributes", "crs", "codes"),
    [
        ('type="PROJECTED" name="whatever" wellknown_epsg="28350"', "EPSG:28350", []),
        ('type="PROJECTED" name="WGS 84 / UTM zone 48N"', "EPSG:32648", []),
        ('type="UNKNOWN"', "", []),
        ('type="PROJECTED" name="*mine plan"', "", ["crs-unknown"]),
    ],
)
def test_system_of_the_metadata_is_used(attributes, crs, codes, tmp_path):
    """The reference system is found by code or by name in the file beside the grid."""
    (tmp_path / "a.grd.xml").write_text(
        f'<m><geosoft xmlns="http://www.geosoft.com/schema/geo"><projection {attributes}/></geosoft></m>'
    )
    draft = read_grid(tmp_path, grid())
    assert (draft.crs, [finding.code for finding in draft.findings]) == (crs, codes)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (grid()[:520], "truncated"),
        (grid(multiplier=0.0), "corrupt"),
        (grid(multiplier=1e-40), "corrupt"),
        (grid(sign=3), "unsupported"),
        (packed()[:-3], "corrupt"),
        (packed()[:520], "corrupt"),
        (packed().replace(struct.pack("<2i", 2, 2), struct.pack("<2i", 1, 2)), "unsupported"),
        (packed(np.zeros((2, 3)))[:512] + packed(np.zeros((4, 500)))[512:], "corrupt"),
    ],
    ids=[
        "short",
        "no multiplier",
        "hardly any multiplier",
        "colours",
        "block cut",
        "table cut",
        "other packing",
        "more than declared",
    ],
)
def test_broken_grid_is_refused(content, code, tmp_path):
    """Grids that end early, contradict themselves or are of another variety are refused."""
    (tmp_path / "a.grd").write_bytes(content)
    with pytest.raises(RefusedError) as refusal:
        read_source(tmp_path / "a.grd")
    assert refusal.value.code == code


@given(place=st.integers(0, 700), value=st.integers(0, 255), plain=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_ends_in_data_or_refusal(place, value, plain, tmp_path):
    """A grid with one byte changed is read or refused, never anything else."""
    content = bytearray(grid() if plain else packed())
    content[place % len(content)] = value
    (tmp_path / "a.grd").write_bytes(content)
    if parse_header(bytes(content)) is None:
        return
    try:
        _, [draft] = read_source(tmp_path / "a.grd")
    except RefusedError:
        return
    assert draft.kind == "grid"
