"""Reference systems in gridded data: `attrs["crs"]` for us, `spatial_ref` for everyone else."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pyproj
import xarray as xr
from pyproj.exceptions import CRSError

from craton.model.errors import InvalidError

GRID_MAPPING = "spatial_ref"
"""Name of the scalar coordinate in which xarray and GDAL look for the reference system."""

AXES = {"X": ("easting", "longitude"), "Y": ("northing", "latitude")}


def parse_crs(text: str) -> pyproj.CRS | None:
    """Reference system called `text`; None for an empty text, `InvalidError` for an unknown one."""
    if not text:
        return None
    try:
        return pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise InvalidError(
            f"the reference system {text[:80]!r} is not known", hint="state it as EPSG:…"
        ) from error


def projjson(crs: pyproj.CRS | None) -> dict[str, Any] | None:
    """PROJJSON of `crs`, None where there is none."""
    return None if crs is None else crs.to_json_dict()


def with_spatial_ref(dataset: xr.Dataset, crs: str) -> xr.Dataset:
    """`dataset` with `crs` in its attributes, in a `spatial_ref` coordinate and on its axes.

    Without a `crs` the dataset keeps the one of its attributes, if any.
    """
    name = crs or str(dataset.attrs.get("crs", ""))
    system = parse_crs(name)
    if system is None:
        return dataset
    labelled = dataset.assign_coords({GRID_MAPPING: ((), 0, _grid_mapping(system))})
    labelled.attrs = {**dataset.attrs, "crs": name}
    for axis, attributes in axis_attributes(system).items():
        if axis in dataset.coords:
            labelled[axis].attrs = {**attributes, **dataset[axis].attrs}
    for array in labelled.data_vars.values():
        array.encoding["grid_mapping"] = GRID_MAPPING
    return labelled


def _grid_mapping(system: pyproj.CRS) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        attributes: dict[str, Any] = system.to_cf()
    wkt = attributes.setdefault("crs_wkt", system.to_wkt())
    return {**attributes, GRID_MAPPING: wkt}


def axis_attributes(system: pyproj.CRS) -> Mapping[str, dict[str, str]]:
    """CF attributes of the horizontal axes of `system`, by the names that grids give them."""
    stated = {one["axis"]: one for one in system.cs_to_cf() if one.get("axis") in AXES}
    return {name: dict(stated[axis]) for axis, names in AXES.items() for name in names if axis in stated}
