"""Voxel models whose coordinates are corners of cells, as those of the Dutch survey are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from craton.ingest.cf_axes import Role

LAYOUT = {"strat", "lithok"}
"""Variables that GeoTOP has: stratigraphic unit and likeliest lithoclass."""

NAME = "geotop"
STEP = "GeoTOP names voxels by their lowest south-west corner: coordinates moved to their middles"


def is_by_corners(dataset: xr.Dataset) -> bool:
    """Whether `dataset` is in the layout of GeoTOP and says that it is GeoTOP.

    Its coordinates are those of the lowest south-west corners: levels begin at −50 m NAP, where the model
    ends, and eastings and northings are whole hundreds of metres of the national grid.
    """
    said = " ".join(str(dataset.attrs.get(key, "")) for key in ("title", "source", "comment")).casefold()
    return NAME in said and set(dataset.data_vars) >= LAYOUT


def to_middles(dataset: xr.Dataset, axes: Mapping[Role, str]) -> xr.Dataset:
    """`dataset` with the axes of space moved by half a cell, where there are two cells to tell its side."""
    for role in ("x", "y", "vertical"):
        name = axes.get(role, "")
        if name not in dataset.dims or dataset.sizes[name] < 2:
            continue
        corners = dataset[name].to_numpy().astype(np.float64)
        half = abs(float(corners[-1] - corners[0])) / (corners.size - 1) / 2
        dataset = dataset.assign_coords({name: (name, corners + half, dataset[name].attrs)})
    return dataset
