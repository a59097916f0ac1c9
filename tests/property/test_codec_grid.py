"""Grids of any shape, orientation and type survive the codec bit by bit."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from tests.staging import stage

from craton.store.codec_asset import COG
from craton.store.codec_axis import is_regular, read_axis, write_axis
from craton.store.codec_grid import CELL_TYPES

STEPS = st.floats(1e-6, 1e5).flatmap(lambda step: st.sampled_from([step, -step]))
"""Spacings of axes, of either sign."""


@st.composite
def even_axes(draw: st.DrawFn) -> np.ndarray:
    """Regular axes as sources make them: between two ends, by steps, or rounded to float32."""
    count = draw(st.integers(2, 20))
    step = draw(STEPS)
    first = draw(st.floats(-1e4, 1e4)) * abs(step)
    axis = draw(
        st.sampled_from(
            [
                np.linspace(first, first + step * (count - 1), count),
                first + step * np.arange(count),
                np.cumsum(np.full(count, step)) + first,
                (first + step * np.arange(count)).astype(np.float32).astype(np.float64),
            ]
        )
    )
    return axis if is_regular(axis) else np.arange(float(count))


@given(even_axes())
def test_axes_are_written_without_losing_a_bit(axis: np.ndarray) -> None:
    """The note of an axis gives exactly its coordinates."""
    assert np.array_equal(read_axis(write_axis(axis), axis.size), axis)


@st.composite
def maps(draw: st.DrawFn) -> xr.Dataset:
    """Maps of one to three variables of one type, axes in either direction, cells of any value."""
    rows, columns = draw(even_axes()), draw(even_axes())
    dtype = draw(st.sampled_from(sorted(CELL_TYPES)))
    cells = npst.arrays(dtype, (rows.size, columns.size))
    names = draw(
        st.lists(
            st.text(st.characters(exclude_categories=["C"]), min_size=1), min_size=1, max_size=3, unique=True
        )
    )
    dims = draw(st.sampled_from([("northing", "easting"), ("latitude", "longitude")]))
    return xr.Dataset(
        {f"v{name}": (dims, draw(cells)) for name in names}, coords={dims[0]: rows, dims[1]: columns}
    )


@settings(max_examples=40, deadline=None)
@given(maps())
def test_maps_come_back_equal(source: xr.Dataset) -> None:
    """Every map becomes a COG and comes back with the same cells (NaN and infinities included) and names."""
    with tempfile.TemporaryDirectory() as folder:
        staged = stage(source, "grid", Path(folder) / "s")
        found = staged.read().compute()
    assert staged.assets["data"].media_type == COG
    xr.testing.assert_equal(found, source)
    assert list(found.data_vars) == list(source.data_vars)
    assert {a.dtype for a in found.data_vars.values()} == {a.dtype for a in source.data_vars.values()}


@settings(max_examples=25, deadline=None)
@given(
    npst.arrays(
        st.sampled_from(["float32", "float64", "int64", "uint8", "bool"]),
        npst.array_shapes(min_dims=1, max_dims=5, max_side=6),
    )
)
def test_cubes_come_back_equal(cells: np.ndarray) -> None:
    """Arrays of one to five axes become Zarr and come back equal."""
    source = xr.Dataset({"v": ([f"axis_{i}" for i in range(cells.ndim)], cells)})
    with tempfile.TemporaryDirectory() as folder:
        found = stage(source, "volume", Path(folder) / "s").read().compute()
    xr.testing.assert_identical(found, source)
    assert found["v"].dtype == cells.dtype
