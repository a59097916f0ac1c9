"""Opening an input of a process: the dataset's labelled data, with what its record says of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import xarray as xr

from craton.model.data import Boreholes, Series
from craton.model.errors import ContractError
from craton.model.record import Record
from craton.process.marks import Grid
from craton.process.spec import Param

PLANE = frozenset({"northing", "easting", "latitude", "longitude", "row", "column"})
"""Axes that a grid keeps, however short."""


def field_names(record: Record) -> list[str]:
    """Fields of a grid that a process may take."""
    return [c.name for c in record.columns] or [q.variable for q in record.quantities if q.variable]


def choose_variable(process: str, param: Param, record: Record, stated: str) -> str:
    """Field of the grid `record` for `param`: the one stated, the only one, or the only one of its quantity.

    The uncertainty that accompanies a field counts only where it is stated.

    Raises
    ------
    ContractError
        If there is no such field, or several would do.
    """
    if param.base is not xr.DataArray:
        if stated:
            raise ContractError(
                process, param.name, "a whole dataset", f"{record.id}#{stated}, a field of it"
            )
        return ""
    names = field_names(record)
    if stated and stated not in names:
        raise ContractError(process, param.name, f"a field of {record.id}: {', '.join(names)}", repr(stated))
    names = [name for name in names if name.removesuffix("_std") not in {*names} - {name}]
    if stated or len(names) == 1:
        return stated or names[0]
    wanted = param.data.quantities if isinstance(param.data, Grid) else ()
    fitting = [q.variable for q in record.quantities if q.name in wanted]
    if len(fitting) != 1:
        raise ContractError(
            process, param.name, f"one field, written {record.id}#FIELD",
            f"a grid of several: {', '.join(fitting or names)}",
        )  # fmt: skip
    return fitting[0]


def open_input(process: str, param: Param, record: Record, variable: str, paths: Mapping[str, str]) -> Any:
    """Labelled data of `record` as `param` takes it; grids are lazy."""
    from craton.store.codec import decode

    data = decode(record.kind, record.assets, lambda member: Path(paths[member.sha256]))
    if isinstance(data, xr.Dataset):
        return _grid(process, param, data, record, variable)
    if isinstance(data, pd.DataFrame):
        return _noted(data, record)
    if isinstance(data, Series):
        return Series(values=_noted(data.values, record), stations=data.stations)
    if isinstance(data, Boreholes):
        return _noted_holes(data, record)
    return data


def _grid(
    process: str, param: Param, dataset: xr.Dataset, record: Record, variable: str
) -> xr.Dataset | xr.DataArray:
    for column in record.columns:
        if column.name in dataset:
            stated = {"units": column.unit, "standard_name": column.quantity}
            dataset[column.name].attrs.update({k: v for k, v in stated.items() if v})
    if param.base is xr.Dataset:
        return dataset
    if variable not in dataset:
        raise ContractError(process, param.name, f"a field of {record.id}", repr(variable))
    carried = {k: dataset.attrs[k] for k in ("crs", "history") if k in dataset.attrs}
    field = dataset[variable]
    single = [d for d, size in field.sizes.items() if size == 1 and d not in PLANE]
    return field.squeeze(single, drop=True).assign_attrs(carried)


def _noted[F: (gpd.GeoDataFrame, pd.DataFrame)](frame: F, record: Record, table: str | None = None) -> F:
    """`frame`, of several tables the one called `table`, with units, quantities and titles of its columns."""
    notes = {
        c.name: {k: v for k, v in (("unit", c.unit), ("quantity", c.quantity), ("title", c.title)) if v}
        for c in record.columns
        if table is None or c.table == table
    }
    frame.attrs["columns"] = {name: note for name, note in notes.items() if note and name in frame.columns}
    return frame


def _noted_holes(holes: Boreholes, record: Record) -> Boreholes:
    def noted(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        return {name: _noted(table, record, name) for name, table in tables.items()}

    return Boreholes(
        _noted(holes.collars, record, "collars"), _noted(holes.surveys, record, "surveys"),
        noted(holes.intervals), noted(holes.curves),
    )  # fmt: skip
