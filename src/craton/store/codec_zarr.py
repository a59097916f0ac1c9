"""Gridded data of any number of axes as Zarr 3, and back without loading it."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from zarr.codecs import ZstdCodec
from zarr.errors import ZarrUserWarning

from craton.model.record import Asset
from craton.store.codec_asset import NOTE, ZARR, EncodedAsset, Locate, data_asset, plain, to_json
from craton.store.codec_columns import unique_names
from craton.store.codec_crs import with_spatial_ref
from craton.store.zarr_members import MemberStore

CHUNK_BYTES = 4 << 20
"""Largest chunk in bytes before compression; chunks are 2–4 MiB unless the array is smaller."""

TEXT_BYTES = 64
"""Bytes that a text of unknown length is counted for."""

COMPRESSION = ZstdCodec(level=3, checksum=False)

UNSAFE = re.compile(r"[/\\]|^\.+$|^zarr\.json$|^__")
"""What a Zarr key may not be or hold."""

RESERVED = frozenset(
    {"_FillValue", "missing_value", "scale_factor", "add_offset", "grid_mapping", "coordinates"}
)
"""Attributes that the encoding itself writes; what a source said in them no longer holds."""

TIME_RESERVED = RESERVED | {"units", "calendar"}


def encode_zarr(dataset: xr.Dataset, folder: Path, crs: str) -> EncodedAsset:
    """Write `dataset` below `folder`; each file of the Zarr store is a member named by its key."""
    root = folder / "data.zarr"
    write_zarr(dataset, root, crs)
    files = (path for path in root.rglob("*") if path.is_file())
    return data_asset(ZARR, {path.relative_to(root).as_posix(): path for path in files})


def write_zarr(dataset: xr.Dataset, root: Path, crs: str) -> None:
    """Write `dataset` as a Zarr 3 store with consolidated metadata; equal data gives equal bytes.

    Variables that are not in memory are written chunk by chunk.
    """
    tidy = with_spatial_ref(_tidy(_with_key_names(dataset)), crs)
    chunked = tidy.assign({name: _in_chunks(array) for name, array in tidy.data_vars.items()})
    encoding = {
        name: {"chunks": _chunks(variable), "compressors": (COMPRESSION,)}
        for name, variable in tidy.variables.items()
        if variable.ndim
    }
    with warnings.catch_warnings():
        # Consolidated metadata is an extension of Zarr 3; readers that do not know it read the arrays' own.
        warnings.filterwarnings("ignore", "Consolidated metadata", ZarrUserWarning)
        chunked.to_zarr(root, mode="w", zarr_format=3, consolidated=True, encoding=encoding)


def _with_key_names(dataset: xr.Dataset) -> xr.Dataset:
    """`dataset` with names that can be keys (a slash would make a group), and a note of what they were."""
    originals = {str(name): name for name in (*dataset.variables, *dataset.dims)}
    keys = unique_names([UNSAFE.sub("_", name) or "_" for name in originals])
    changed = {
        original: key for key, original in zip(keys, originals.values(), strict=True) if key != original
    }
    names = {key: str(original) for original, key in changed.items()}
    note = {"names": names, "variables": [str(name) for name in dataset.data_vars]}
    return dataset.rename(changed).assign_attrs({NOTE: to_json(note)})


def _with_own_names(dataset: xr.Dataset) -> xr.Dataset:
    """Undo `_with_key_names`, and put the variables in the order they had."""
    note = json.loads(dataset.attrs.pop(NOTE, "{}"))
    renamed = dataset.rename(note.get("names", {}))
    ordered = {name: renamed[name] for name in note.get("variables", ())}
    return renamed.drop_vars(ordered).assign(ordered)


def _tidy(dataset: xr.Dataset) -> xr.Dataset:
    """Copy of `dataset` without leftovers of the file it came from, its attributes as JSON can hold them."""
    tidy = dataset.drop_encoding()
    tidy.attrs = _attributes(dataset.attrs, RESERVED)
    for name, variable in tidy.variables.items():
        tidy[name].attrs = _attributes(
            variable.attrs, TIME_RESERVED if variable.dtype.kind in "mM" else RESERVED
        )
    return tidy


def _attributes(attributes: dict[Any, Any], reserved: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in plain(attributes).items() if key not in reserved}


def _in_chunks(array: xr.DataArray) -> xr.DataArray:
    """`array` in blocks that are its chunks on disk, where it is not in memory yet."""
    if array.variable._in_memory or not array.ndim:  # noqa: SLF001 - xarray has no public word for it
        return array
    return array.chunk(dict(zip(array.dims, _chunks(array.variable), strict=True)))


def _chunks(variable: xr.Variable) -> tuple[int, ...]:
    return chunk_shape(variable.shape, TEXT_BYTES if variable.dtype.kind == "O" else variable.dtype.itemsize)


def chunk_shape(shape: tuple[int, ...], item_bytes: int) -> tuple[int, ...]:
    """Shape of chunks of at most `CHUNK_BYTES`: the longest side is halved until they fit.

    Sides stay alike, so that a map, a section and a column each cost about the same to read.
    """
    sides = [max(1, side) for side in shape]
    while int(np.prod(sides)) * max(1, item_bytes) > CHUNK_BYTES and max(sides) > 1:
        longest = int(np.argmax(sides))
        sides[longest] = -(-sides[longest] // 2)
    return tuple(sides)


def decode_zarr(asset: Asset, locate: Locate) -> xr.Dataset:
    """Dataset of the Zarr members of `asset`, each chunk read when it is needed."""
    dataset = xr.open_zarr(MemberStore(asset, locate), consolidated=True, chunks={}, decode_coords="all")
    return with_spatial_ref(_with_own_names(dataset), str(dataset.attrs.get("crs", "")))
