"""Potential fields on labelled grids: what gravity and magnetics share."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from craton.kernels import potential_field as kernel
from craton.methods.placement import place_of, plane_of

Padding = Literal["mirror", "taper", "none"]
"""How a field goes on beyond its edges while it is transformed."""


def continued(process: str, grid: xr.DataArray, height: float, padding: Padding) -> xr.DataArray:
    """`grid`, the parameter of that name, continued upward by `height` metres.

    The plane that fits best is removed before and put back after, for it is the same at every height
    and would jump at the edges. Gaps take the value of the nearest cell for the transform and are gaps
    again in the result.
    """
    cells = plane_of(process, "grid", grid)
    spacing = place_of(process, "grid", grid).spacing
    field = cells.to_numpy().astype(np.float64)
    known = np.isfinite(field)
    if not known.any():
        return grid
    rows, columns = kernel.trend_parts(field)
    field -= rows[:, None]
    field -= columns
    result = _continued(kernel.fill_nearest(field, spacing), spacing, height, padding)
    result += rows[:, None]
    result += columns
    if not known.all():
        result[~known] = np.nan
    dtype = cells.dtype if cells.dtype.kind == "f" else np.float64
    return cells.copy(data=result.astype(dtype, copy=False)).transpose(*grid.dims)


def _continued(
    field: kernel.Floats, spacing: tuple[float, float], height: float, padding: Padding
) -> kernel.Floats:
    if padding == "taper":
        padded, inside = kernel.pad_tapered(field)
        return kernel.continue_upward(padded, spacing, height)[inside]
    edges: kernel.Edges = "mirror" if padding == "mirror" else "periodic"
    return kernel.continue_upward(field, spacing, height, edges=edges)
