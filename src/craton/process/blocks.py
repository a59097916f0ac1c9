"""Blocks: a process on grids larger than memory, each piece with a halo of its neighbours' cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from craton.model.errors import ContractError

if TYPE_CHECKING:
    import dask.array as da

FEWEST = 4
"""Cells on a side of the grid that a process is tried on to learn what it gives."""

SHIFT = 1e-3
"""Part of a cell by which the cells of two fields may lie apart."""


def is_lazy(value: object) -> bool:
    """Whether `value` is a field that has not been computed."""
    return isinstance(value, xr.DataArray) and value.chunks is not None


def in_blocks(
    process: str,
    function: Callable[..., xr.DataArray],
    fields: dict[str, xr.DataArray],
    values: dict[str, Any],
    halo: int,
) -> xr.DataArray:
    """Lazy result of `function` on two-dimensional `fields` of one shape, computed block by block.

    Each block is given with `halo` cells of its neighbours on every side that
    has neighbours, with its own coordinates; those cells are cut off the result.
    What name, attributes and type of number the result has is learnt from a
    call on a few cells, so nothing of the fields is read here.
    """
    import dask.array as da

    first, *others = fields.values()
    for name, one in fields.items():
        _check_cells(process, name, one, first)
    rows, columns = first.dims
    chunks = da.core.normalize_chunks(_chunks(first, halo), first.shape)  # type: ignore[no-untyped-call]
    names, labels = list(fields), [_label(one) for one in fields.values()]
    pattern = _sample(function, names, labels, [f.dtype for f in fields.values()], first, values, halo)
    arrays = [_pad(da.asarray(one.data).rechunk(chunks), halo) for one in (first, *others)]  # type: ignore[no-untyped-call]
    north = _pad(da.from_array(first[rows].to_numpy()[:, None], chunks=(chunks[0], 1)), halo, columns=False)  # type: ignore[no-untyped-call]
    east = _pad(da.from_array(first[columns].to_numpy()[None, :], chunks=(1, chunks[1])), halo, rows=False)  # type: ignore[no-untyped-call]
    result = da.map_blocks(  # type: ignore[no-untyped-call]
        _Block(function, tuple(names), tuple(labels), (str(rows), str(columns)), dict(values)),
        north, east, *arrays,
        dtype=pattern.dtype, meta=np.empty((0, 0), pattern.dtype), chunks=arrays[0].chunks,
    )  # fmt: skip
    if halo:
        result = da.overlap.trim_internal(result, {0: halo, 1: halo}, boundary="none")  # type: ignore[no-untyped-call]
    return pattern_like(pattern, first, result)


def _check_cells(process: str, name: str, field: xr.DataArray, first: xr.DataArray) -> None:
    """Refuse a field that is no map, or lies elsewhere: a block has the coordinates of the first field."""
    if field.ndim != 2:
        raise ContractError(process, name, "a grid of two axes", f"one of {field.ndim}")
    if field.dims != first.dims or field.shape != first.shape:
        allowed = f"on the same cells as the others, {dict(first.sizes)}"
        raise ContractError(process, name, allowed, str(dict(field.sizes)))
    for axis in first.dims:
        ours, theirs = (one[axis].to_numpy().astype(np.float64) for one in (first, field))
        step = np.abs(np.diff(ours)).min(initial=np.inf)
        if np.abs(ours - theirs).max(initial=0.0) > SHIFT * step:
            raise ContractError(process, name, "on the same cells as the others", f"one shifted along {axis}")


def pattern_like(pattern: xr.DataArray, first: xr.DataArray, data: da.Array) -> xr.DataArray:
    """Lazy field on the cells of `first`, called and described like `pattern`."""
    axes = {d: first.coords[d] for d in first.dims if d in first.coords}
    scalars = {name: c.variable for name, c in pattern.coords.items() if not c.dims}
    return xr.DataArray(data, {**axes, **scalars}, first.dims, name=pattern.name, attrs=pattern.attrs)


def _chunks(first: xr.DataArray, halo: int) -> tuple[Any, ...]:
    """The grid's own blocks, unless one of them is smaller than the halo."""
    assert first.chunks is not None
    return tuple(
        side if min(side) > 2 * halo else (length,) if length <= 4 * halo else _even(length, 4 * halo)
        for side, length in zip(first.chunks, first.shape, strict=True)
    )


def _even(length: int, least: int) -> tuple[int, ...]:
    """Blocks of about equal length, none shorter than `least`."""
    count = max(1, length // max(least, 2048))
    cuts = np.linspace(0, length, count + 1).astype(int)
    return tuple(int(c) for c in np.diff(cuts))


def _pad(array: da.Array, halo: int, *, rows: bool = True, columns: bool = True) -> da.Array:
    if not halo:
        return array
    import dask.array as da

    depth = {0: halo if rows else 0, 1: halo if columns else 0}
    padded: da.Array = da.overlap.overlap(  # type: ignore[no-untyped-call]
        array, depth, boundary="none", allow_rechunk=False
    )
    return padded


def _label(field: xr.DataArray) -> dict[str, Any]:
    """Name, attributes and scalar coordinates of a field."""
    scalars = {name: c.variable for name, c in field.coords.items() if not c.dims}
    axes = {str(d): dict(field[d].attrs) for d in field.dims if d in field.coords}
    return {"name": field.name, "attrs": dict(field.attrs), "scalars": scalars, "axes": axes}


class _Block:
    """Calls a process on the cells of one block; can be sent to another machine."""

    def __init__(
        self,
        function: Callable[..., xr.DataArray],
        names: tuple[str, ...],
        labels: tuple[dict[str, Any], ...],
        dims: tuple[str, str],
        values: dict[str, Any],
    ) -> None:
        self.function, self.names, self.labels, self.dims, self.values = function, names, labels, dims, values

    def __call__(self, north: np.ndarray, east: np.ndarray, *cells: np.ndarray) -> np.ndarray:
        """Cells of the result, as many as were given."""
        fields = {
            name: labelled(label, self.dims, north[:, 0], east[0, :], part)
            for name, label, part in zip(self.names, self.labels, cells, strict=True)
        }
        result: np.ndarray = self.function(**fields, **self.values).transpose(*self.dims).to_numpy()
        return result


def labelled(
    label: dict[str, Any], dims: Sequence[str], north: np.ndarray, east: np.ndarray, cells: np.ndarray
) -> xr.DataArray:
    """Field of one block."""
    axes = {d: (d, axis, label["axes"].get(d, {})) for d, axis in zip(dims, (north, east), strict=True)}
    return xr.DataArray(cells, {**axes, **label["scalars"]}, dims, name=label["name"], attrs=label["attrs"])


def _sample(
    function: Callable[..., xr.DataArray],
    names: list[str],
    labels: list[dict[str, Any]],
    dtypes: list[np.dtype[Any]],
    first: xr.DataArray,
    values: dict[str, Any],
    halo: int,
) -> xr.DataArray:
    """What `function` gives on a few cells of ones in the corner of the grid."""
    rows, columns = map(str, first.dims)
    side = max(FEWEST, 2 * halo + 1)
    north, east = first[rows].to_numpy()[:side], first[columns].to_numpy()[:side]
    cells = np.ones((north.size, east.size))
    fields = {
        name: labelled(label, (rows, columns), north, east, cells.astype(dtype))
        for name, label, dtype in zip(names, labels, dtypes, strict=True)
    }
    return function(**fields, **values)
