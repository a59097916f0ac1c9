"""Zarr stores: a folder that is a grid, or holds several in groups."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from craton.ingest.cf_draft import grid_draft
from craton.ingest.netcdf import FAILURES, verify_ends
from craton.ingest.netcdf_features import feature_draft
from craton.ingest.raster_formats import PACKED
from craton.ingest.raster_gdal import BLOCK_BYTES, SMALL_BYTES
from craton.model.data import Document, Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

GROUP_MARKS = ("zarr.json", ".zgroup", ".zmetadata")
ARRAY_MARKS = ("zarr.json", ".zarray")
DESCRIPTION_BYTES = 4 << 20
"""Largest metadata file in bytes that is read."""

DESCRIPTIONS = 4000
UNSAFE_CODECS = ("pickle", "json2", "msgpack2")
"""Codecs whose decoding builds objects; `pickle` can run code."""

OBJECT_BYTES = 8
"""Bytes a cell is taken to need where its type is not one of plain numbers."""

HINT = "copy or export it again"


@dataclass(frozen=True)
class Declared:
    """What an array of a store declares: where it is, bytes of the whole and of one chunk."""

    path: Path
    size: int
    chunk: int


def _is_zarr(candidate: Candidate) -> bool:
    return candidate.path.is_dir() and any((candidate.path / mark).is_file() for mark in GROUP_MARKS)


@reader("zarr", order=10, matches=_is_zarr)
def read_zarr(source: Source) -> Iterator[Draft]:
    """Read the groups of a Zarr store that hold grids, tables or stations."""
    arrays = _check(source.path)
    groups = sorted({array.path.parent for array in arrays})
    drafts = [draft for group in groups if (draft := _draft(source, group))]
    if not drafts:
        drafts = [_document(source.path, arrays)]
    yield from drafts


def _document(path: Path, arrays: list[Declared]) -> Draft:
    text = "\n".join(str(array.path.relative_to(path)) for array in arrays)
    draft = Draft(Document(text, "application/vnd.zarr"), kind="document")
    draft.find("grid-axes-missing")
    return draft


def _check(store: Path) -> list[Declared]:
    """Arrays of `store`; refused where they declare more than it can hold, or are packed unsafely."""
    described = [path for path in sorted(store.rglob("*")) if path.name in ARRAY_MARKS and path.is_file()]
    if len(described) > DESCRIPTIONS:
        raise RefusedError(
            "unsupported", f"{store.name} holds {len(described)} arrays; at most {DESCRIPTIONS} are read"
        )
    arrays = [array for path in described if (array := _declared(path))]
    if not arrays:
        raise RefusedError("no-data", f"{store.name} holds no array", hint=HINT)
    held = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    declared = sum(array.size for array in arrays)
    if declared > max(PACKED * held, SMALL_BYTES):
        raise RefusedError(
            "corrupt", f"{store.name} declares {declared / 1e9:,.1f} GB in {held} bytes", hint=HINT
        )
    return arrays


def _declared(path: Path) -> Declared | None:
    try:
        text = path.read_bytes()[:DESCRIPTION_BYTES]
        stated = json.loads(text)
        if path.name == "zarr.json" and stated["node_type"] != "array":
            return None
        size, chunk = _sizes(stated)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, AttributeError) as error:
        raise RefusedError(
            "corrupt", f"{path.parent.name}/{path.name} is not Zarr metadata", hint=HINT
        ) from error
    if any(f'"{codec}"'.encode() in text for codec in UNSAFE_CODECS):
        raise RefusedError(
            "unsupported", f"array {path.parent.name} holds packed objects, which may run code", hint=HINT
        )
    if chunk > BLOCK_BYTES:
        raise RefusedError(
            "too-large",
            f"array {path.parent.name} is packed in chunks of {chunk / 1e6:,.0f} MB; "
            f"at most {BLOCK_BYTES / 1e6:,.0f} MB can be unpacked",
            hint="rewrite it in smaller chunks",
        )
    return Declared(path.parent, size, chunk)


def _sizes(stated: dict[str, Any]) -> tuple[int, int]:
    """Bytes of an array and of one of its chunks, from its metadata of version 2 or 3."""
    chunks = stated.get("chunks") or stated["chunk_grid"]["configuration"]["chunk_shape"]
    try:
        width = np.dtype(stated.get("dtype") or stated["data_type"]).itemsize
    except TypeError:
        width = OBJECT_BYTES
    return math.prod(map(int, stated["shape"])) * width, math.prod(map(int, chunks)) * width


def _draft(source: Source, group: Path) -> Draft | None:
    name = "" if group == source.path else group.relative_to(source.path).as_posix()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = xr.open_zarr(group, chunks={}, decode_times=False, decode_timedelta=False)
        draft = grid_draft(dataset, stem=source.stem, name=name) or feature_draft(dataset, name=name)
        if draft is not None and isinstance(draft.data, xr.Dataset):
            verify_ends(draft.data, source.path.name)
    except FAILURES as error:
        message = f"{source.path.name} cannot be decoded ({' '.join(str(error).split())[:200]})"
        raise RefusedError("corrupt", message, hint=HINT) from error
    return draft
