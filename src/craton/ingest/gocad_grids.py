"""GOCAD's grids: Voxets on even nodes, SGrids between corners, their values in binary or text beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from craton.ingest.gocad_text import GocadObject, broken, classes_of
from craton.ingest.plain_text import read_text
from craton.ingest.shapes import Attribute, Blocks, Points, Shapes
from craton.kernels.ibm_float import ibm_to_ieee
from craton.model.errors import RefusedError
from craton.process.readers import Source

MOST_NODES = 4_000_000_000
CLOSE = 1e-3
"""How far a corner may be off its even place, as a share of the smallest side of a cell."""

SINGLE = 1e-6
"""What float32 rounds off a coordinate, as a share of it."""

TYPES = {1: "i1", 2: ">i2", 4: ">f4", 8: ">f8"}
"""Values by their size in bytes; those of one and two are whole numbers."""

UNSIGNED = {1: "u1", 2: ">u2"}
IBM = ">u4"
"""How numbers of IBM's machines are read before they are turned to those of ours."""

NO_UNIT = frozenset({"", "none", "unitless"})


def _three(one: GocadObject, key: str, name: str, default: str = "") -> np.ndarray:
    words = one.settings.get(key) or default.split()
    try:
        values = np.array([float(word) for word in words[:3]])
    except ValueError as error:
        raise broken(name, f"{key} holds no numbers") from error
    if values.size != 3 or not np.isfinite(values).all():
        raise broken(name, f"{key} is missing or not three numbers")
    return values


def _counts(one: GocadObject, name: str) -> tuple[int, int, int]:
    u, v, w = (int(value) for value in _three(one, "AXIS_N", name))
    if min(u, v, w) < 1 or u * v * w > MOST_NODES:
        raise broken(name, f"AXIS_N {u} {v} {w}")
    return u, v, w


def add_voxet(shapes: Shapes, one: GocadObject, source: Source) -> None:
    """Add a Voxet, whose nodes are the middles of cells."""
    counts = _counts(one, source.name)
    if not one.properties:
        shapes.left_out.append("a Voxet without properties")
        return
    values = _properties(shapes, one, source, counts)
    if not values:
        return
    origin = _three(one, "AXIS_O", source.name)
    low, high = (
        _three(one, key, source.name, default)
        for key, default in (("AXIS_MIN", "0 0 0"), ("AXIS_MAX", "1 1 1"))
    )
    directions, middles = [], []
    for number, letter in enumerate("UVW"):
        vector = _three(one, f"AXIS_{letter}", source.name) * one.turn
        length = float(np.linalg.norm(vector))
        count = counts[number]
        if length == 0 and count > 1:
            raise broken(source.name, f"AXIS_{letter} has no length")
        directions.append(vector / length if length else np.eye(3)[number])
        middles.append(np.linspace(low[number], high[number], count) * (length or 1.0))
    blocks = Blocks(one.name, origin * one.turn, np.array(directions), (middles[0], middles[1], middles[2]))
    blocks.attributes = values
    shapes.items.append(blocks)


def add_sgrid(shapes: Shapes, one: GocadObject, source: Source) -> None:
    """Add an SGrid: as blocks where its cells are boxes in straight rows, else as points at their middles."""
    counts = _counts(one, source.name)
    alignment = _alignment(one)
    in_cells = alignment != "POINTS"
    if in_cells and min(counts) < 2:
        raise broken(source.name, "cells without height")
    if "ASCII_DATA_FILE" in one.settings:
        corners, values = _ascii(shapes, one, source, counts, in_cells=in_cells)
    else:
        corners = _corners(one, source, counts)
        held = (counts[0] - 1, counts[1] - 1, counts[2] - 1) if in_cells else counts
        values = _properties(shapes, one, source, held, alignment)
    corners = corners * one.turn
    blocks = _straight(one.name, corners, in_cells=in_cells)
    if blocks is not None:
        blocks.attributes = values
        shapes.items.append(blocks)
        return
    middles = corners
    for axis in range(3 if in_cells else 0):
        first, second = (
            np.take(middles, np.arange(*ends), axis)
            for ends in ((0, middles.shape[axis] - 1), (1, middles.shape[axis]))
        )
        middles = (first + second) / 2
    shapes.findings.append(
        ("axis-irregular", "cells that are no boxes in rows became the points of their middles")
    )
    shapes.items.append(Points(one.name, middles.reshape(-1, 3), values))


def _alignment(one: GocadObject) -> str:
    """Where values lie, `CELLS` or `POINTS`: as stated for the grid, else for its first property."""
    stated = [_word(one, "PROP_ALIGNMENT")]
    stated += [word for _, told in sorted(one.properties.items()) for word in told.get("PROP_ALIGNMENT", [])]
    return next((word.upper() for word in stated if word), "CELLS")


def _word(one: GocadObject, key: str) -> str:
    return (one.settings.get(key) or [""])[0]


def _beside(source: Source, words: list[str]) -> Path:
    wanted = Path(" ".join(words)).name
    found = next((path for path in source.files[1:] if path.name == wanted), None)
    if found is None:
        raise RefusedError(
            "sidecar-missing", f"{source.name} needs {wanted[:80]} beside it", hint="add both together"
        )
    return found


def _corners(one: GocadObject, source: Source, counts: tuple[int, int, int]) -> np.ndarray:
    """Corners (w, v, u, 3) from the binary file, in single or double precision by its size."""
    path = _beside(source, one.settings.get("POINTS_FILE", [""]))
    total = 3 * counts[0] * counts[1] * counts[2]
    offset = _whole(_word(one, "POINTS_OFFSET"))
    kind = ">f8" if path.stat().st_size - offset >= 8 * total else ">f4"
    return _read(path, kind, offset, total).astype(np.float64).reshape(*reversed(counts), 3)


def _whole(word: str) -> int:
    return int(word) if word.isdecimal() and len(word) < 16 else 0


def _read(path: Path, kind: str, offset: int, count: int) -> np.ndarray:
    size = np.dtype(kind).itemsize
    there = path.stat().st_size
    if offset + count * size > there:
        words = f"{path.name} has {there} bytes, fewer than the {offset + count * size} of its grid"
        raise RefusedError("truncated", words, hint="copy it again")
    return np.fromfile(path, kind, count=count, offset=offset)


def _properties(
    shapes: Shapes, one: GocadObject, source: Source, counts: tuple[int, int, int], alignment: str = ""
) -> list[Attribute]:
    """Values of all properties that lie where `alignment` says, the first axis fastest."""
    total = counts[0] * counts[1] * counts[2]
    found = []
    for number, told in sorted(one.properties.items()):
        name = " ".join(told.get("PROPERTY", [])) or f"property {number}"
        own = " ".join(told.get("PROP_ALIGNMENT", [])).upper()
        kind = _kind(told, source.name)
        if "PROP_FILE" not in told or not kind or (alignment and own and own != alignment):
            shapes.left_out.append(f"property {name[:60]}, {_why(told, kind)}")
            continue
        path = _beside(source, told["PROP_FILE"])
        values = _read(path, kind, _whole((told.get("PROP_OFFSET") or ["0"])[0]), total)
        is_ibm = _upper(told, "PROP_ETYPE") == "IBM" and kind == IBM
        whole = values.astype(np.dtype(kind).newbyteorder("="))
        found.append(
            _attribute(name, ibm_to_ieee(whole) if is_ibm else whole, told, one.classes.get(number, {}))
        )
    return found


def _why(told: dict[str, list[str]], kind: str) -> str:
    """Why a property is left out."""
    if "PROP_FILE" not in told:
        return "which has no file"
    return "whose values lie elsewhere than the grid's" if kind else "whose values are no plain numbers"


def _upper(told: dict[str, list[str]], *keys: str) -> str:
    return " ".join(word for key in keys for word in told.get(key, [])).upper()


def _kind(told: dict[str, list[str]], name: str) -> str:
    """How the numbers of a property are written; empty for colours and records of seismic files."""
    size = _whole((told.get("PROP_ESIZE") or ["4"])[0])
    if size not in TYPES:
        raise broken(name, f"values of {size} bytes")
    storage, signed = _upper(told, "PROP_STORAGE_TYPE", "PROP_TYPE"), _upper(told, "PROP_SIGNED")
    if "RGBA" in storage or _upper(told, "PROP_FORMAT") not in {"", "RAW"}:
        return ""
    if size == 4 and _upper(told, "PROP_ETYPE") == "IBM":
        return IBM
    is_octet = "OCTET" in storage and signed != "1"
    return UNSIGNED.get(size, TYPES[size]) if signed == "0" or (size == 1 and is_octet) else TYPES[size]


def _attribute(
    name: str, values: np.ndarray, told: dict[str, list[str]], entries: dict[str, str]
) -> Attribute:
    unit = " ".join(told.get("PROP_UNIT", []))
    none = _nodata(told.get("PROP_NO_DATA_VALUE", []))
    missing = (
        np.isclose(values, none, rtol=1e-6, atol=0) if none is not None else np.zeros(values.shape, bool)
    )
    if values.dtype.kind == "f":
        missing |= np.isnan(values)
    return Attribute(
        name,
        values,
        missing,
        "" if unit.lower() in NO_UNIT else unit,
        entries.get("title", ""),
        classes_of(entries),
    )


def _nodata(words: list[str]) -> float | None:
    try:
        return float(words[0])
    except (IndexError, ValueError):
        return None


def _ascii(
    shapes: Shapes, one: GocadObject, source: Source, counts: tuple[int, int, int], *, in_cells: bool
) -> tuple[np.ndarray, list[Attribute]]:
    """Corners and values from a file of text: x, y, z, the properties, and three indices a line."""
    path = _beside(source, one.settings["ASCII_DATA_FILE"])
    text, _ = read_text(path, source.scratch)
    rows = [line.split() for line in text.split("\n") if line.strip() and line.lstrip()[0] not in "#*"]
    total = counts[0] * counts[1] * counts[2]
    if len(rows) < total:
        raise RefusedError(
            "truncated", f"{path.name} has {len(rows)} lines for {total} corners", hint="copy it again"
        )
    names = [(number, told) for number, told in sorted(one.properties.items())]
    width = 3 + len(names)
    try:
        values = np.array([row[:width] for row in rows[:total]], np.float64)
    except ValueError as error:
        raise broken(source.name, f"{path.name} has lines that are not {width} numbers") from error
    grid = values.reshape(*reversed(counts), width)
    held = grid[:-1, :-1, :-1] if in_cells else grid
    attributes = [
        _attribute(
            " ".join(told.get("PROPERTY", [])) or f"property {number}",
            np.ascontiguousarray(held[..., 3 + place]).ravel(), told, one.classes.get(number, {}),
        )
        for place, (number, told) in enumerate(names)
    ]  # fmt: skip
    if not attributes:
        shapes.left_out.append("an SGrid without properties")
    return grid[..., :3], attributes


def _straight(name: str, corners: np.ndarray, *, in_cells: bool) -> Blocks | None:
    """Blocks of corners (w, v, u, 3) that lie in straight, square rows; `None` where they do not."""
    if not np.isfinite(corners).all():
        return None
    origin = corners[0, 0, 0]
    edges = [corners[0, 0, :, :], corners[0, :, 0, :], corners[:, 0, 0, :]]
    directions, distances = [], []
    for number, edge in enumerate(edges):
        along = edge - origin
        length = float(np.linalg.norm(along[-1]))
        vector = along[-1] / length if length > 0 else np.eye(3)[number]
        directions.append(vector)
        distances.append(along @ vector)
    u, v, w = distances
    layer = origin + u[None, :, None] * directions[0] + v[:, None, None] * directions[1]
    # layer by layer: all even places at once would be as large as the corners
    off = max(
        float(np.abs(found - (layer + height * directions[2])).max())
        for found, height in zip(corners, w.tolist(), strict=True)
    )
    steps = [np.diff(one) for one in distances if one.size > 1]
    if not steps or min(float(step.min()) for step in steps) <= 0:
        return None
    allowed = max(CLOSE * min(float(step.min()) for step in steps), SINGLE * float(np.abs(corners).max()))
    square = np.abs(np.array(directions) @ np.array(directions).T - np.eye(3)).max() < CLOSE
    if not square or not off <= allowed:
        return None
    middles = [(one[1:] + one[:-1]) / 2 if in_cells else one for one in distances]
    return Blocks(name, origin, _tidy(np.array(directions)), (middles[0], middles[1], middles[2]))


def _tidy(directions: np.ndarray) -> np.ndarray:
    """Directions freed from the rounding of single precision where they lie on the axes."""
    whole = np.round(directions)
    return whole if np.abs(directions - whole).max() < SINGLE * 10 else directions
