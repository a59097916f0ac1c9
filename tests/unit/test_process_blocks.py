"""Grids larger than memory go through a process block by block."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import samples

from craton.model.errors import ContractError
from craton.process.blocks import in_blocks, is_lazy


def mean_around(grid: xr.DataArray, other: xr.DataArray | None = None, *, reach: int = 1) -> xr.DataArray:
    """Mean of the cells within `reach`, NaN beyond the edges left out, plus the coordinates."""
    cells = grid.to_numpy() if other is None else grid.to_numpy() + other.to_numpy()
    padded = np.pad(cells, reach, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1,) * 2)
    here = grid.northing.to_numpy()[:, None] * 1e-3 + grid.easting.to_numpy()[None, :]
    mean = np.nanmean(windows, axis=(2, 3)) + here
    scalars = {"spatial_ref": ((), 0, {"crs_wkt": "…"})}
    axes = {d: grid[d] for d in grid.dims}
    return xr.DataArray(
        mean.astype(np.float32), {**axes, **scalars}, grid.dims, name="mean", attrs={"units": "m"}
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(5, 40), st.integers(5, 40), st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.booleans()
)  # fmt: skip
def test_any_cut_gives_the_cells_of_the_whole(rows, columns, down, right, halo, two):
    """Whatever the shape, the blocks and the reach, also where blocks are smaller than the halo."""
    grid = samples.grid()[:1, :1].reindex(
        northing=-400.0 * np.arange(rows), easting=500.0 * np.arange(columns), fill_value=1.0
    )
    grid = grid.copy(data=np.random.default_rng(rows).normal(size=(rows, columns)))
    fields = {"grid": grid, "other": grid * 2} if two else {"grid": grid}
    lazy = {name: field.chunk(northing=down, easting=right) for name, field in fields.items()}
    expected = mean_around(**fields, reach=halo)
    result = in_blocks("test.mean", mean_around, lazy, {"reach": halo}, halo)
    assert is_lazy(result)
    xr.testing.assert_identical(result.compute(scheduler="synchronous"), expected)


def test_lazy_and_computed_fields_go_together():
    """One field in memory, the other not."""
    grid = samples.grid()
    fields = {"grid": grid.chunk(northing=7, easting=6), "other": grid}
    result = in_blocks("test.mean", mean_around, fields, {"reach": 1}, 1)
    xr.testing.assert_identical(result.compute(), mean_around(grid, grid, reach=1))


def test_building_the_graph_reads_no_cells():
    """Blocks that fail when computed are not noticed before."""

    def explode(block):
        raise AssertionError("the cells were computed")

    grid = samples.grid()
    cells = da.map_blocks(explode, da.from_array(grid.to_numpy(), chunks=9), meta=np.empty((0, 0)))
    result = in_blocks("test.mean", mean_around, {"grid": grid.copy(data=cells)}, {"reach": 2}, 2)
    assert (result.dtype, result.attrs, result.name) == (np.float32, {"units": "m"}, "mean")
    with pytest.raises(AssertionError, match="computed"):
        result.compute(scheduler="synchronous")


def test_fields_on_other_cells_and_cubes_are_refused():
    """All fields lie on the same two axes."""
    grid = samples.grid().chunk(northing=7)
    with pytest.raises(ContractError, match="`other` must be on the same cells"):
        in_blocks("test.mean", mean_around, {"grid": grid, "other": grid[:-1]}, {}, 1)
    shifted = grid.assign_coords(northing=grid.northing + 200)
    with pytest.raises(
        ContractError, match="`other` must be on the same cells as the others, not one shifted"
    ):
        in_blocks("test.mean", mean_around, {"grid": grid, "other": shifted}, {}, 1)
    with pytest.raises(ContractError, match="`grid` must be a grid of two axes, not one of 3"):
        in_blocks("test.mean", mean_around, {"grid": grid.expand_dims(time=2)}, {}, 1)


def test_whole_numbers_with_nodata_come_in_as_fractions_with_gaps():
    """A hillshade given straight to another process has its cells without a value masked."""
    from craton.process.data import masked

    field = xr.DataArray(np.array([[0, 7]], np.uint8), dims=("northing", "easting"), attrs={"nodata": 0})
    found = masked(field)
    assert found.dtype == np.float32
    assert np.isnan(found[0, 0])
    assert found[0, 1] == 7
    assert "nodata" not in found.attrs
