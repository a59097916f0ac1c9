"""Check what a netCDF file declares before anything of it is decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4

from craton.ingest.raster_formats import PACKED
from craton.ingest.raster_gdal import BLOCK_BYTES, SMALL_BYTES
from craton.model.errors import RefusedError

GROUP_DEPTH, GROUPS, VARIABLES = 6, 64, 2000
"""How deep and how many groups and variables are looked at."""

TEXT_LENGTH = 20_000
STRING_BYTES = 8


@dataclass(frozen=True)
class Group:
    """A group that holds variables: its path, bytes they declare, their listing, whether all are axes."""

    path: str
    size: int
    listing: str
    axes_only: bool


def groups_of(path: Path) -> list[Group]:
    """Groups of the netCDF or HDF5 file `path`; refused when they declare more than the file can hold."""
    try:
        with netCDF4.Dataset(path) as dataset:
            groups = [_group(one) for one in _walk(dataset, 0)][:GROUPS]
    except (OSError, RuntimeError, ValueError, UnicodeDecodeError, AttributeError) as error:
        message = f"{path.name} is not whole netCDF ({error})"
        raise RefusedError("corrupt", message, hint="copy or export it again") from error
    declared, held = sum(group.size for group in groups), path.stat().st_size
    if declared > max(PACKED * held, SMALL_BYTES):
        raise RefusedError(
            "corrupt",
            f"{path.name} declares {declared / 1e9:,.1f} GB in {held} bytes",
            hint="export it again",
        )
    return groups


def _walk(group: netCDF4.Dataset, depth: int) -> Iterator[netCDF4.Dataset]:
    if depth > GROUP_DEPTH:
        return
    if group.variables:
        yield group
    for child in group.groups.values():
        yield from _walk(child, depth + 1)


def _group(group: netCDF4.Dataset) -> Group:
    variables = list(group.variables.values())
    if len(variables) > VARIABLES:
        raise RefusedError(
            "unsupported", f"the file holds {len(variables)} variables; at most {VARIABLES} are read"
        )
    for variable in variables:
        _check_chunks(variable)
    listing = "\n".join(_line(variable) for variable in variables)[:TEXT_LENGTH]
    size = sum(_bytes(variable, variable.shape) for variable in variables)
    axes_only = all(variable.dimensions == (variable.name,) for variable in variables)
    return Group(group.path.strip("/"), size, listing, axes_only)


def _bytes(variable: netCDF4.Variable[Any], shape: tuple[int, ...]) -> int:
    return math.prod(shape) * getattr(variable.dtype, "itemsize", STRING_BYTES)


def _check_chunks(variable: netCDF4.Variable[Any]) -> None:
    chunks = variable.chunking()
    size = _bytes(variable, tuple(chunks)) if isinstance(chunks, list) else 0
    if size > BLOCK_BYTES:
        raise RefusedError(
            "too-large",
            f"variable {variable.name} is packed in chunks of {size / 1e6:,.0f} MB; "
            f"at most {BLOCK_BYTES / 1e6:,.0f} MB can be unpacked",
            hint="rewrite it in smaller chunks: nccopy -c",
        )


def _line(variable: netCDF4.Variable[Any]) -> str:
    shape = ", ".join(
        f"{name}={size}" for name, size in zip(variable.dimensions, variable.shape, strict=True)
    )
    said = [
        str(getattr(variable, key))
        for key in ("long_name", "standard_name", "units")
        if key in variable.ncattrs()
    ]
    return f"{variable.name} ({shape}) {' '.join(said)}".strip()
