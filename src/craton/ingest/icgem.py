"""Grids of the ICGEM calculation service (`.gdf`): a header of names and values, then a line a node."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd

from craton.ingest.grid_axes import count_missing, lattice, regular_grid, settle_longitudes
from craton.ingest.raw_rows import RawRows
from craton.model.data import ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import Interval
from craton.process.readers import Candidate, Source, reader

HEADER_LINES = 200
NODES_AT_ONCE = 1 << 18
LINE_BYTES = 6
"""Least bytes a line of three numbers takes."""

DEGREES = {"wgs84": "EPSG:4326", "grs80": "EPSG:4326"}
"""Systems by their name in the header; a model on GRS 80 agrees with WGS 84 within the model's own error."""

TOLERANCE = 1e-3
"""How far, as a share of the grid step, a node may lie from its place."""


@dataclass(frozen=True)
class Layout:
    """Places of the nodes: rows from north to south, columns from west to east, degrees."""

    north: float
    west: float
    step: float
    rows: int
    columns: int


def _is_icgem(candidate: Candidate) -> bool:
    return b"end_of_head" in candidate.head and b"longlimit_west" in candidate.head


@reader("icgem-grid", suffixes=(".gdf", ".txt", ".dat"), order=15, matches=_is_icgem)
def read_icgem(source: Source) -> Iterator[Draft]:
    """Read an ICGEM grid."""
    header, length = read_header(source.path)
    if not header.get("grid_format", "long_lat_value").startswith("long_lat_value"):
        raise RefusedError(
            "unsupported",
            f"{source.path.name} has columns {header['grid_format']}",
            hint="export long_lat_value",
        )
    layout = _layout(header, source.path)
    rows = _to_rows(source.path, length, layout, source.scratch / "nodes")
    gap = _number(header.get("gapvalue", ""))

    def decode(values: np.ndarray) -> np.ndarray:
        return values if gap is None else np.where(values == gap, np.nan, values)

    name = re.sub(r"\W+", "_", re.sub(r"\(.*", "", header.get("functional", ""))).strip("_") or source.stem
    yield _draft(rows.lazy(decode, rows.dtype), layout, header, name)


def _draft(values: da.Array, layout: Layout, header: dict[str, str], name: str) -> Draft:
    system = header.get("refsysname", "").lower().replace(" ", "")
    crs = DEGREES.get(system, "EPSG:4326")
    latitudes = lattice(layout.north, -layout.step, layout.rows)
    grid = regular_grid(
        values, latitudes, lattice(layout.west, layout.step, layout.columns), name=name, crs=crs
    )
    grid, findings = settle_longitudes(grid)
    draft = Draft(grid, kind="grid", crs=crs, findings=findings, properties={"metadata": header})
    draft.title = " ".join(filter(None, (header.get("modelname", ""), header.get("functional", ""))))
    draft.notes[name] = ColumnNote(unit=header.get("unit", ""), title=header.get("functional", ""))
    height = _number(header.get("height_over_ell", ""))
    if height is not None:
        draft.vertical = Interval(minimum=height, maximum=height, datum="ellipsoid")
    if system not in DEGREES:
        draft.find("crs-from-names")
    if missing := count_missing(grid, [name]):
        draft.find("nodata-declared", missing)
    return draft


def read_header(path: Path) -> tuple[dict[str, str], int]:
    """Names and values of the header, and its length in bytes."""
    header: dict[str, str] = {}
    with path.open("rb") as stream:
        for _ in range(HEADER_LINES):
            line = stream.readline(4096).decode("latin-1")
            if line.startswith("end_of_head"):
                return header, stream.tell()
            name, _, value = line.strip().partition(" ")
            if value.strip():
                header[name] = " ".join(value.split())
    raise RefusedError("corrupt", f"{path.name} has no end of its header", hint="download it again")


def _number(text: str) -> float | None:
    try:
        number = float(text.partition(" ")[0])
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _layout(header: dict[str, str], path: Path) -> Layout:
    names = ("latlimit_north", "longlimit_west", "gridstep", "latitude_parallels", "longitude_parallels")
    numbers = [_number(header.get(name, "")) for name in names]
    if None in numbers:
        raise RefusedError(
            "corrupt", f"{path.name} does not state its limits and step", hint="download it again"
        )
    north, west, step, rows, columns = (number for number in numbers if number is not None)
    if step <= 0 or rows < 1 or columns < 1 or rows * columns * LINE_BYTES > path.stat().st_size:
        raise RefusedError(
            "truncated", f"{path.name} does not hold the {rows:.0f} x {columns:.0f} nodes it states"
        )
    return Layout(north, west, step, int(rows), int(columns))


def _to_rows(path: Path, skip: int, layout: Layout, target: Path) -> RawRows:
    """The values as plain numbers in `target`, each checked to stand at its place."""
    written = 0
    try:
        with path.open("rb") as stream, target.open("wb") as out:
            stream.seek(skip)
            blocks = pd.read_csv(
                stream, sep=r"\s+", header=None, usecols=[0, 1, 2], dtype=np.float64, chunksize=NODES_AT_ONCE
            )
            for block in blocks:
                _check_places(block.to_numpy(), written, layout, path)
                block[2].to_numpy().tofile(out)
                written += len(block)
    except (ValueError, OverflowError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise RefusedError(
            "corrupt", f"{path.name} holds a line that is not three numbers", hint="download it again"
        ) from error
    if written != layout.rows * layout.columns:
        raise RefusedError(
            "truncated", f"{path.name} holds {written} nodes instead of {layout.rows * layout.columns}"
        )
    return RawRows(target, (layout.rows, layout.columns), np.dtype(np.float64))


def _check_places(nodes: np.ndarray, first: int, layout: Layout, path: Path) -> None:
    number = np.arange(first, first + len(nodes))
    longitude = layout.west + layout.step * (number % layout.columns)
    latitude = layout.north - layout.step * (number // layout.columns)
    limit = TOLERANCE * layout.step
    if (
        not (np.abs(nodes[:, 0] - longitude) < limit).all()
        or not (np.abs(nodes[:, 1] - latitude) < limit).all()
    ):
        raise RefusedError(
            "corrupt", f"the nodes of {path.name} do not lie where its header says", hint="download it again"
        )
