"""Times of CF datasets as `datetime64`, or kept as numbers where they cannot be read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Hashable

import numpy as np
import pandas as pd
import xarray as xr

from craton.ingest.cf_axes import role_of
from craton.model.record import Finding

ABSOLUTE = re.compile(r"(day|days)\s+as\s+%y%m%d", re.IGNORECASE)
"""Times written as the number of their date, 20250328.5, as climate tools do."""

CALLS_IT_TIME = ("standard_name", "axis", "units", "calendar")

FAILURES = (ValueError, TypeError, OverflowError, KeyError, AttributeError, pd.errors.OutOfBoundsDatetime)


def decode_times(dataset: xr.Dataset) -> tuple[xr.Dataset, list[Finding]]:
    """Times of `dataset` as `datetime64[ns]`; an axis of them that cannot be read gets another name."""
    findings = []
    for name in [one for one in dataset.variables if _is_time(dataset, one)]:
        decoded = _decoded(dataset, name)
        if decoded is None:
            message = f"{name} in '{dataset[name].attrs.get('units', '')}' was kept as numbers"
            count = max(dataset[name].size, 1)
            findings.append(Finding(code="date-unread", count=count, message=message, where=str(name)))
            dataset = _set_aside(dataset, name)
        elif name in dataset.coords:
            dataset = dataset.assign_coords({name: decoded})
        else:
            dataset = dataset.assign({name: decoded})
    return dataset, findings


def _is_time(dataset: xr.Dataset, name: Hashable) -> bool:
    """Whether `name` is a row of numbers that are called times."""
    variable = dataset.variables[name]
    unit = str(variable.attrs.get("units", ""))
    called = " since " in unit or bool(ABSOLUTE.match(unit)) or role_of(name, variable.attrs) == "time"
    return called and variable.ndim <= 1 and variable.dtype.kind in "iuf"


def _set_aside(dataset: xr.Dataset, name: Hashable) -> xr.Dataset:
    """`dataset` with the numbers of `name` under a name that does not call them times."""
    number = f"{name}_number"
    dataset = dataset.rename({name: number})
    attributes = dataset[number].attrs.items()
    dataset[number].attrs = {key: value for key, value in attributes if key not in CALLS_IT_TIME}
    return dataset


def _decoded(dataset: xr.Dataset, name: Hashable) -> xr.DataArray | None:
    array = dataset[name]
    unit = str(array.attrs.get("units", ""))
    if not (" since " in unit or ABSOLUTE.match(unit)):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            times = _from_number(array) if ABSOLUTE.match(unit) else _from_reference(array)
    except FAILURES:
        return None
    attributes = {key: value for key, value in array.attrs.items() if key not in {"units", "calendar"}}
    return xr.DataArray(times, dims=array.dims, attrs=attributes)


def _from_number(array: xr.DataArray) -> np.ndarray:
    days = np.floor(array.to_numpy()).astype(np.int64)
    dates = pd.to_datetime(days.astype(str).ravel(), format="%Y%m%d").to_numpy().reshape(days.shape)
    nanoseconds = ((array.to_numpy() - days) * 86_400e9).round().astype("timedelta64[ns]")
    times: np.ndarray = (dates + nanoseconds).astype("datetime64[ns]")
    return times


def _from_reference(array: xr.DataArray) -> np.ndarray:
    decoded = xr.decode_cf(array.rename("time_values").drop_vars(array.coords).to_dataset())["time_values"]
    if decoded.dtype.kind == "M":
        return decoded.to_numpy().astype("datetime64[ns]")
    text = [one.isoformat() for one in decoded.to_numpy().ravel()]
    return np.array(text, dtype="datetime64[ns]").reshape(decoded.shape)
