"""Grids as plain numbers in text: three files of values, latitudes and longitudes, or lines of x y z."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import IO, cast

import numpy as np

from craton.ingest.grid_axes import count_missing, is_regular, regular_grid, settle_longitudes
from craton.ingest.raster_gdal import check_layout, layout_of, open_raster, verify
from craton.ingest.raw_rows import RawRows, write_rows
from craton.model.data import Band, Draft, RasterFile
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader, split_suffix

OPENERS: dict[str, Callable[[Path], object]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
VALUES = re.compile(r"(.*?)[-_.]?(data|values|topo|z)")
"""Name of the file of values; what stands before is shared by the three."""

AXES = {
    "rows": ("lats", "lat", "latitudes", "latitude"),
    "columns": ("lons", "lon", "longitudes", "longitude"),
}
"""How the names of the files of coordinates end."""

MARKS = ("", "_", "-", ".")
AXIS_BYTES = 16 << 20
"""Largest file of coordinates in bytes, unpacked."""

TEXT_PIECE = 1 << 20
LEAST_DIGITS = 2
NUMBERS_ONLY = re.compile(rb"[\s0-9eE+.\-nNaAfFiI]+")

XYZ_LINE = re.compile(rb"^\s*[-+0-9.eE]+[\s,;]+[-+0-9.eE]+[\s,;]+[-+0-9.eEnNaA]+\s*$")
XYZ_LINES = 8
"""Lines of a row that must be seen before a table is taken for a grid."""


def _is_three_files(candidate: Candidate) -> bool:
    if (
        VALUES.fullmatch(_plain_name(candidate.path)) is None
        or NUMBERS_ONLY.fullmatch(candidate.head) is None
    ):
        return False
    return len(_axes(candidate.path, candidate.path.parent.iterdir())) == 2


def _plain_name(path: Path) -> str:
    """Name without what says how it is packed or that it is text."""
    name = path.name.lower()
    for suffix in (*OPENERS, ".txt", ".dat", ".asc"):
        name = name.removesuffix(suffix)
    return name


def _axes(values: Path, listing: Iterable[Path]) -> dict[str, Path]:
    """The files of latitudes (`rows`) and longitudes (`columns`) in `listing` that go with `values`."""
    shared = VALUES.fullmatch(_plain_name(values))
    if shared is None:
        return {}
    beside = {_plain_name(path): path for path in listing}
    names = {axis: [shared[1] + mark + end for end in ends for mark in MARKS] for axis, ends in AXES.items()}
    return {axis: beside[name] for axis, wanted in names.items() for name in wanted if name in beside}


def _gather(candidate: Candidate, listing: list[Path]) -> list[Path]:
    folder = candidate.path.parent
    return list(_axes(candidate.path, [path for path in listing if path.parent == folder]).values())


@reader("three-text-grid", order=28, matches=_is_three_files, gather=_gather)
def read_three_files(source: Source) -> Iterator[Draft]:
    """Read a grid whose values, latitudes and longitudes stand in three files of plain numbers."""
    axes = _axes(source.path, source.files[1:])
    if len(axes) < 2:
        raise RefusedError(
            "sidecar-missing", f"{source.name} needs its files of latitudes and longitudes beside it"
        )
    latitudes, longitudes = (_read_axis(axes[axis]) for axis in ("rows", "columns"))
    shape = (latitudes.size, longitudes.size)
    rows = _to_rows(source.path, shape, source.scratch / "values")
    shared = VALUES.fullmatch(_plain_name(source.path))
    name = (shared[1] if shared else "") or source.stem
    grid = regular_grid(rows.lazy(np.asarray, rows.dtype), latitudes, longitudes, name=name, crs="EPSG:4326")
    grid, findings = settle_longitudes(grid)
    draft = Draft(grid, kind="grid", crs="EPSG:4326", title=name, findings=findings)
    draft.find("crs-from-names")
    if missing := count_missing(grid, [name]):
        draft.find("nodata-declared", missing)
    yield draft


def _open(path: Path) -> IO[bytes]:
    opener = OPENERS.get(path.suffix.lower())
    return path.open("rb") if opener is None else cast("IO[bytes]", opener(path))


def _read_axis(path: Path) -> np.ndarray:
    try:
        with _open(path) as stream:
            text = stream.read(AXIS_BYTES + 1)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise RefusedError(
            "corrupt", f"{path.name} cannot be unpacked", hint="copy or pack it again"
        ) from error
    if len(text) > AXIS_BYTES:
        raise RefusedError("too-large", f"{path.name} is longer than any axis")
    axis = _numbers(text, path)
    if (
        axis.size < 2
        or not np.isfinite(axis).all()
        or not (np.all(np.diff(axis) > 0) or np.all(np.diff(axis) < 0))
    ):
        raise RefusedError(
            "invalid-structure", f"the numbers in {path.name} do not run one way as an axis must"
        )
    return axis


def _numbers(text: bytes, path: Path) -> np.ndarray:
    try:
        return np.array(text.split(), dtype=np.float64)
    except ValueError as error:
        raise RefusedError(
            "corrupt", f"{path.name} holds something that is no number", hint="export it again"
        ) from error


def _pieces(path: Path) -> Iterator[np.ndarray]:
    """Numbers in `path`, a piece of text at a time, never cut within a number."""
    left = b""
    with path.open("rb") as stream:
        while block := stream.read(TEXT_PIECE):
            text = left + block
            cut = max(text.rfind(b" "), text.rfind(b"\n")) + 1
            left = text[cut:]
            if len(left) > TEXT_PIECE:
                raise RefusedError(
                    "corrupt", f"{path.name} holds no separate numbers", hint="export it again"
                )
            yield _numbers(text[:cut], path)
    yield _numbers(left, path)


def _to_rows(path: Path, shape: tuple[int, int], target: Path) -> RawRows:
    wanted = shape[0] * shape[1]
    if wanted * LEAST_DIGITS > path.stat().st_size + 1:
        raise RefusedError("truncated", f"{path.name} is too short for {shape[0]} x {shape[1]} numbers")
    written = write_rows(target, _pieces(path))
    if written != wanted:
        raise RefusedError(
            "invalid-structure", f"{path.name} holds {written} numbers instead of {shape[0]} x {shape[1]}"
        )
    return RawRows(target, shape, np.dtype(np.float64))


def _is_lattice(candidate: Candidate) -> bool:
    """Whether the first lines walk along the rows of a regular grid, and on to the next row."""
    lines = candidate.head.splitlines()[:-1]
    if len(lines) < XYZ_LINES + 2 or not all(XYZ_LINE.match(line) for line in lines):
        return False
    try:
        nodes = np.array([re.split(rb"[\s,;]+", line.strip())[:2] for line in lines], dtype=np.float64)
    except ValueError:
        return False
    return any(_walks(nodes[:, fast], nodes[:, 1 - fast]) for fast in (0, 1))


def _walks(fast: np.ndarray, slow: np.ndarray) -> bool:
    turns = np.flatnonzero(np.diff(slow) != 0) + 1
    if not turns.size or turns[0] < XYZ_LINES:
        return False
    row = fast[: turns[0]]
    starts = [0, *turns.tolist()]
    rows = [fast[a:b] for a, b in pairwise(starts)]
    alike = all(one.size == row.size and np.allclose(one, row, rtol=0, atol=1e-9) for one in rows)
    return bool(is_regular(row) and np.all(np.diff(row) != 0) and is_regular(slow[starts]) and alike)


@reader("xyz-grid", suffixes=(".xyz",), order=28, matches=_is_lattice)
def read_xyz(source: Source) -> Iterator[Draft]:
    """Read lines of x, y and z that visit every node of a regular grid."""
    with open_raster(source.path, "XYZ") as dataset:
        layout = layout_of(dataset)
        check_layout(layout, source.path.stat().st_size, 8, source.path.name)
        verify(dataset, layout)
    data = RasterFile(str(source.path), (Band(split_suffix(source.name)[0]),), driver="XYZ")
    yield Draft(data, kind="grid", properties={"format": "XYZ"})
