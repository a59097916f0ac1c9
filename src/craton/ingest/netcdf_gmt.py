"""Grids of GMT before version 4: one row of numbers with ranges and a shape beside it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from craton.ingest.grid_axes import lattice

PARTS = {"x_range", "y_range", "dimension", "spacing", "z"}
GRIDLINE = 0


def gmt_grid(dataset: xr.Dataset) -> xr.Dataset | None:
    """The grid that such a file holds, `None` when `dataset` is not one.

    Values run along rows from the top. `node_offset` of `z` says whether the
    range ends at the outer nodes (0) or at the edges of the outer cells (1).
    """
    if not set(dataset.variables) >= PARTS:
        return None
    columns, rows = (int(number) for number in dataset["dimension"].to_numpy()[:2])
    values = dataset["z"].to_numpy()
    if columns < 2 or rows < 2 or values.size != columns * rows:
        return None
    offset = int(dataset["z"].attrs.get("node_offset", GRIDLINE))
    coords = {
        "y": ("y", _nodes(dataset["y_range"].to_numpy(), rows, offset)[::-1], _units(dataset, "y_range")),
        "x": ("x", _nodes(dataset["x_range"].to_numpy(), columns, offset), _units(dataset, "x_range")),
    }
    grid = xr.DataArray(
        values.reshape(rows, columns), coords=coords, dims=("y", "x"), attrs=dataset["z"].attrs
    )
    return xr.Dataset({"z": grid}, attrs=dataset.attrs)


def _nodes(ends: np.ndarray, count: int, offset: int) -> np.ndarray:
    step = (ends[1] - ends[0]) / (count if offset else count - 1)
    return lattice(ends[0] + (step / 2 if offset else 0), step, count)


def _units(dataset: xr.Dataset, name: str) -> dict[str, object]:
    return {"units": dataset[name].attrs.get("units", "")}
