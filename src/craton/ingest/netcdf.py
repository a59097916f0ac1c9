"""netCDF: classic and HDF5, grids by the CF conventions, GMT's old grids, stations and tables."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from craton.ingest.cf_draft import grid_draft
from craton.ingest.netcdf_check import Group, groups_of
from craton.ingest.netcdf_features import feature_draft
from craton.ingest.netcdf_gmt import gmt_grid
from craton.ingest.raw_rows import CHUNK_BYTES
from craton.model.data import Document, Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

CLASSIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
HDF5 = b"\x89HDF\r\n\x1a\n"
SUFFIXES = (".nc", ".nc3", ".nc4", ".cdf", ".netcdf", ".grd", ".h5", ".hdf5", ".hdf", ".he5")
IN_MEMORY = 64 << 20
"""Bytes of variables up to which they are read at once; larger ones stay in the file."""

FAILURES = (OSError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What the netCDF libraries and xarray throw at malformed files."""

HINT = "copy or export it again"


def _is_netcdf(candidate: Candidate) -> bool:
    return candidate.head.startswith((*CLASSIC, HDF5))


@reader("netcdf", suffixes=SUFFIXES, order=10, matches=_is_netcdf, companions=("{name}.aux.xml",))
def read_netcdf(source: Source) -> Iterator[Draft]:
    """Read each group of a netCDF file that holds a grid, a table or stations."""
    groups = groups_of(source.path)
    if not groups:
        raise RefusedError("no-data", f"{source.path.name} holds no variable", hint=HINT)
    drafts = [draft for group in groups if (draft := _draft(source, group, alone=len(groups) == 1))]
    skipped = sum(not group.axes_only for group in groups) - len(drafts)
    for draft in drafts or [_document(source.path, groups)]:
        if drafts and skipped > 0:
            draft.find("part-skipped", skipped, "groups of the file")
        yield draft


def _document(path: Path, groups: list[Group]) -> Draft:
    with path.open("rb") as stream:
        hdf5 = stream.read(len(HDF5)) == HDF5
    text = "\n\n".join(f"{group.path}\n{group.listing}" for group in groups)
    draft = Draft(Document(text, "application/x-hdf5" if hdf5 else "application/x-netcdf"), kind="document")
    draft.find("grid-axes-missing")
    return draft


def _draft(source: Source, group: Group, *, alone: bool) -> Draft | None:
    name = "" if alone else group.path
    try:
        dataset, packed_wrongly = open_group(source.path, group)
        dataset = gmt_grid(dataset) or dataset
        draft = grid_draft(dataset, stem=source.stem, name=name) or feature_draft(dataset, name=name)
        if draft is not None and isinstance(draft.data, xr.Dataset):
            verify_ends(draft.data, source.path.name)
    except FAILURES as error:
        message = f"{source.path.name} cannot be decoded ({' '.join(str(error).split())[:200]})"
        raise RefusedError("corrupt", message, hint=HINT) from error
    if draft is not None and packed_wrongly:
        draft.find(
            "metadata-invalid", message="fill value or packing cannot be read; the stored numbers were kept"
        )
    return draft


def open_group(path: Path, group: Group) -> tuple[xr.Dataset, bool]:
    """Variables of `group`, coordinates of the groups above it with them; whether packing was kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset, packed_wrongly = _open(path, group, decode=True), False
        except (ValueError, TypeError, KeyError):
            dataset, packed_wrongly = _open(path, group, decode=False), True
        return _with_coordinates_above(dataset, path, group), packed_wrongly


def _open(path: Path, group: Group, *, decode: bool) -> xr.Dataset:
    small = group.size <= IN_MEMORY
    dataset = xr.open_dataset(
        path,
        engine="netcdf4",
        group=group.path or None,
        mask_and_scale=decode,
        decode_times=False,
        decode_timedelta=False,
        chunks=None if small else {},
    )
    if not small:
        return _in_blocks(dataset)
    with dataset:
        return dataset.load()


def _in_blocks(dataset: xr.Dataset) -> xr.Dataset:
    """`dataset` in blocks of moderate size along whole chunks of the file."""
    return xr.Dataset(
        {
            name: array.chunk(_block(array)) if array.ndim else array
            for name, array in dataset.data_vars.items()
        },
        coords=dataset.coords,
        attrs=dataset.attrs,
    )


def _block(array: xr.DataArray) -> dict[Hashable, int]:
    """Block of about `CHUNK_BYTES`: long in the last dimensions, of whole chunks of the file."""
    stored = array.encoding.get("chunksizes") or (1,) * array.ndim
    left = max(1, CHUNK_BYTES // max(1, array.dtype.itemsize))
    block: dict[Hashable, int] = {}
    for name, size, chunk in reversed(list(zip(array.dims, array.shape, stored, strict=True))):
        wanted = max(1, min(size, left) // chunk) * chunk
        block[name] = max(1, min(size, wanted))
        left = max(1, left // block[name])
    return block


def _with_coordinates_above(dataset: xr.Dataset, path: Path, group: Group) -> xr.Dataset:
    above = group.path
    while above:
        above = above.rpartition("/")[0]
        with xr.open_dataset(path, engine="netcdf4", group=above or None, decode_times=False) as parent:
            lacking = [
                name for name in dataset.dims if name not in dataset.variables and name in parent.variables
            ]
            dataset = dataset.assign_coords({name: parent[name].load() for name in lacking})
    return dataset


def verify_ends(dataset: xr.Dataset, name: str) -> None:
    """Decode the first and the last block of each lazy variable; what is small has been decoded already."""
    for variable in dataset.data_vars.values():
        if variable.chunks is None or not variable.size:
            continue
        for end in (0, -1):
            corner = tuple(
                slice(None, sizes[0]) if end == 0 else slice(-sizes[-1], None) for sizes in variable.chunks
            )
            if np.asarray(variable[corner]).size == 0:
                raise RefusedError("corrupt", f"{name} holds no cells of {variable.name}", hint=HINT)
