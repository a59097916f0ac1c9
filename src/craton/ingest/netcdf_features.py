"""netCDF that is no grid: points and trajectories as tables, stations over time as series."""

from __future__ import annotations

from collections.abc import Hashable

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.ingest.cf_axes import role_of
from craton.ingest.cf_crs import crs_of, mapping_names
from craton.ingest.cf_time import decode_times
from craton.model.data import ColumnNote, Draft, Series
from craton.model.errors import RefusedError

ROWS = 20_000_000
"""Rows up to which a table is made; it is held in memory."""


def feature_draft(dataset: xr.Dataset, *, name: str = "") -> Draft | None:
    """Table or series of `dataset`, `None` when it is neither.

    All variables along one dimension make a table; values over a dimension of
    stations and a dimension of times make a series.
    """
    dataset, findings = decode_times(dataset)
    carried = (
        dataset.drop_indexes(list(dataset.indexes)).reset_coords().drop_vars(list(mapping_names(dataset)))
    )
    dimensions = {dim for variable in carried.data_vars.values() for dim in variable.dims}
    place = _place(carried)
    crs, doubts = crs_of(dataset, geographic=place is not None and _is_degrees(carried, place))
    draft = _series(carried, place, crs) if len(dimensions) == 2 else None
    if len(dimensions) == 1:
        draft = _table(carried, place, crs)
    if draft is None:
        return None
    draft.name = name
    draft.title = str(dataset.attrs.get("title", "")).strip()
    draft.findings += [*findings, *(doubts if draft.crs else [])]
    draft.notes = {str(one): _note(carried[one]) for one in carried.data_vars}
    return draft


def _note(variable: xr.DataArray) -> ColumnNote:
    return ColumnNote(
        unit=str(variable.attrs.get("units", "")), title=str(variable.attrs.get("long_name", ""))
    )


def _place(dataset: xr.Dataset) -> tuple[Hashable, Hashable] | None:
    """Variables that are the eastward and the northward coordinate of the same things."""
    roles = {
        role_of(name, variable.attrs): name
        for name, variable in dataset.data_vars.items()
        if variable.ndim == 1
    }
    for east, north in (("longitude", "latitude"), ("x", "y")):
        if east in roles and north in roles and dataset[roles[east]].dims == dataset[roles[north]].dims:
            return roles[east], roles[north]
    return None


def _is_degrees(dataset: xr.Dataset, place: tuple[Hashable, Hashable]) -> bool:
    return role_of(place[0], dataset[place[0]].attrs) == "longitude"


def _points(table: pd.DataFrame, place: tuple[Hashable, Hashable] | None, crs: str) -> pd.DataFrame:
    if place is None:
        return table
    east, north = (table[str(one)].to_numpy(dtype=np.float64) for one in place)
    known = np.isfinite(east) & np.isfinite(north)
    geometry = gpd.GeoSeries(gpd.points_from_xy(east, north)).where(known)
    placed: pd.DataFrame = gpd.GeoDataFrame(table, geometry=geometry.to_numpy(), crs=crs or None)
    return placed


def _table(dataset: xr.Dataset, place: tuple[Hashable, Hashable] | None, crs: str) -> Draft:
    columns = {
        str(name): _column(variable) for name, variable in dataset.data_vars.items() if variable.ndim == 1
    }
    table = pd.DataFrame(columns)
    if len(table) > ROWS:
        raise RefusedError(
            "too-large", f"the table has {len(table)} rows; at most {ROWS} are read", hint="split it"
        )
    return Draft(_points(table, place, crs), kind="table", crs=crs if place else "")


def _column(variable: xr.DataArray) -> np.ndarray:
    values = variable.to_numpy()
    if values.dtype.kind != "S":
        return values
    return np.char.decode(values, "utf-8", "replace").astype(object)


def _series(dataset: xr.Dataset, place: tuple[Hashable, Hashable] | None, crs: str) -> Draft | None:
    times = [
        name
        for name, variable in dataset.data_vars.items()
        if variable.dtype.kind == "M" and variable.ndim == 1
    ]
    measured = [
        name
        for name, variable in dataset.data_vars.items()
        if variable.ndim == 2 and variable.dtype.kind in "iuf"
    ]
    if len(times) != 1 or not measured or sum(dataset[one].size for one in measured) > ROWS:
        return None
    along = dataset[times[0]].dims[0]
    stations = next(dim for dim in dataset[measured[0]].dims if dim != along)
    labels = _labels(dataset, stations)
    values = dataset[measured].transpose(stations, along)
    table = {str(one): values[one].to_numpy().ravel() for one in measured}
    moments = dataset[times[0]].to_numpy()
    long = pd.DataFrame(
        {"station": np.repeat(labels, moments.size), "time": np.tile(moments, labels.size), **table}
    )
    described = {str(n): _column(v) for n, v in dataset.data_vars.items() if v.dims == (stations,)}
    where = pd.DataFrame({"station": labels, **{k: v for k, v in described.items() if k != "station"}})
    located = place is not None and dataset[place[0]].dims == (stations,)
    placed = _points(where, place, crs) if located else None
    return Draft(Series(long, placed), kind="series", crs=crs if located else "")


def _labels(dataset: xr.Dataset, stations: Hashable) -> np.ndarray:
    """Names of the stations: the variable that says so, else the first of text, else their number."""
    along = {name: variable for name, variable in dataset.data_vars.items() if variable.dims == (stations,)}
    marked = [one for one in along.values() if one.attrs.get("cf_role") == "timeseries_id"]
    texts = [one for one in along.values() if one.dtype.kind in "SUOT"]
    numbers = [along[stations]] if stations in along else []
    found = next(iter([*marked, *texts, *numbers]), None)
    if found is None:
        return np.arange(1, dataset.sizes[stations] + 1).astype(str).astype(object)
    return np.array([str(one) for one in _column(found)], dtype=object)
