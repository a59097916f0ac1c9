"""Times of CF datasets as `datetime64`, or kept as numbers where they cannot be read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Hashable

import numpy as np
import pandas as pd
import xarray as xr

from craton.model.record import Finding

ABSOLUTE = re.compile(r"(day|days)\s+as\s+%y%m%d", re.IGNORECASE)
"""Times written as the number of their date, 20250328.5, as climate tools do."""

FAILURES = (ValueError, TypeError, OverflowError, KeyError, AttributeError, pd.errors.OutOfBoundsDatetime)


def decode_times(dataset: xr.Dataset) -> tuple[xr.Dataset, list[Finding]]:
    """Variables with a unit of time as `datetime64[ns]`; an axis that cannot be read gets another name."""
    findings = []
    for name in list(dataset.variables):
        variable = dataset.variables[name]
        unit = str(variable.attrs.get("units", ""))
        if (
            variable.dtype.kind not in "iuf"
            or variable.ndim > 1
            or not (" since " in unit or ABSOLUTE.match(unit))
        ):
            continue
        decoded = _decoded(dataset, name, unit)
        if decoded is not None:
            dataset = (
                dataset.assign_coords({name: decoded})
                if name in dataset.coords
                else dataset.assign({name: decoded})
            )
            continue
        message = f"{name} in '{unit}' was kept as numbers"
        findings.append(
            Finding(code="date-unread", count=max(variable.size, 1), message=message, where=str(name))
        )
        dataset = dataset.rename({name: f"{name}_number"})
        attributes = dataset[f"{name}_number"].attrs
        for marks_time in ("standard_name", "axis", "units"):
            attributes.pop(marks_time, None)
    return dataset, findings


def _decoded(dataset: xr.Dataset, name: Hashable, unit: str) -> xr.DataArray | None:
    array = dataset[name]
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
    return (dates + nanoseconds).astype("datetime64[ns]")


def _from_reference(array: xr.DataArray) -> np.ndarray:
    decoded = xr.decode_cf(array.rename("time_values").drop_vars(array.coords).to_dataset())["time_values"]
    if decoded.dtype.kind == "M":
        return decoded.to_numpy().astype("datetime64[ns]")
    text = [one.isoformat() for one in decoded.to_numpy().ravel()]
    return np.array(text, dtype="datetime64[ns]").reshape(decoded.shape)
