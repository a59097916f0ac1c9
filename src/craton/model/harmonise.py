"""Harmonise: names become quantities, and numbers come in the one unit each quantity is kept in.

Nothing is guessed: a number whose unit is not stated, in a note, the name or
an attribute, stays as it came; but heights of a raster are taken as metres where
`assumed_heights` finds that they fit, which a finding tells. A column keeps its name unless the name says
a unit other than the canonical one: that part of it is replaced, for a name
that lies about its numbers is worse than none. Rasters and streams keep their
numbers; only their units are declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import xarray as xr

from craton.model import quantities as registry
from craton.model import units
from craton.model.columns import type_name
from craton.model.data import Band, Boreholes, ColumnNote, Data, Draft, Mesh, RasterFile, Series, TableStream
from craton.model.harmonise_plan import Field, Ledger, plan

DOWN_HOLE = frozenset({"depth"})
"""Quantities along a hole, which the values of a series without holes are not."""

SHOWN = 5
"""Conversions told of one by one in a finding."""

HEIGHTS = frozenset({"elevation", "ellipsoidal_height"})
"""Quantities of rasters that are taken as metres where no unit is stated and metres fit."""

SAMPLE = 1_000
"""Values looked at to tell measurements from whole numbers."""


def harmonise(draft: Draft) -> Draft:
    """`draft` with quantities and units noted for its columns, and numbers in the canonical units.

    The reader's notes win over what names say. Infinite numbers in memory
    become empty. The draft given is left as it was; findings and steps tell
    what was done.
    """
    ledger = Ledger(dict(draft.notes))
    data = draft.data
    for kind, harmoniser in HARMONISERS:
        if isinstance(data, kind):
            data = harmoniser(draft, data, ledger)
            break
    return _told(replace(draft, data=data, notes=ledger.notes), ledger)


def warm() -> None:
    """Load the tables and the unit library, for a process that forks others which then start at once."""
    registry.recognise("elevation_ft")
    units.conversion("ft", "m")


def _told(draft: Draft, ledger: Ledger) -> Draft:
    draft.findings, draft.steps = (
        list(draft.findings),
        [
            *draft.steps,
            *ledger.steps,
            *(f"converted {one}" for one in ledger.converted),
            *(f"renamed {one}" for one in ledger.respelled),
        ],
    )
    for code, names in (
        ("unit-converted", ledger.converted),
        ("unit-unknown", ledger.unknown),
        ("unit-missing", ledger.missing),
        ("vertical-unit-assumed", ledger.assumed),
    ):
        if names and not any(finding.code == code for finding in draft.findings):
            draft.find(code, len(names), ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else ""))
    if ledger.infinite:
        draft.find("value-infinite", ledger.infinite)
    return draft


def _arrow_fields(schema: pa.Schema) -> list[Field]:
    return [Field(one.name, type_name(one.type)) for one in schema if one.name != "geometry"]


def _arrow(table: pa.Table, ledger: Ledger) -> pa.Table:
    if len(set(table.column_names)) < table.num_columns:
        return table
    fields = [
        one._replace(whole=_is_whole(table[one.name].slice(0, SAMPLE), one))
        for one in _arrow_fields(table.schema)
    ]
    for name, change in plan(ledger, fields).items():
        number = table.column_names.index(name)
        before = table.column(number)
        column = _arrow_finite(before, ledger) if pa.types.is_floating(before.type) else before
        if change.converts:
            column = pc.add(pc.multiply(column.cast(pa.float64()), change.scale), change.shift)
        if column is not before or change.name != name:
            table = table.set_column(number, change.name, column)
    return table


def _is_whole(column: pa.ChunkedArray, one: Field) -> bool:
    if one.type != "number":
        return False
    values = np.asarray(column.to_numpy(), dtype=np.float64)
    return _all_whole(values)


def _all_whole(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size and (known == np.round(known)).all())


def _arrow_finite(column: pa.ChunkedArray, ledger: Ledger) -> pa.ChunkedArray:
    infinite = pc.sum(pc.is_inf(column)).as_py() or 0
    if not infinite:
        return column
    ledger.infinite += infinite
    return pc.if_else(pc.is_inf(column), pa.scalar(None, column.type), column)


def _frame(
    frame: pd.DataFrame,
    ledger: Ledger,
    *,
    table: str = "",
    logs: bool = False,
    without: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """`frame` converted, in a copy where anything changes; its geometry columns are left alone."""
    if not frame.columns.is_unique:
        return frame
    changes = plan(ledger, _frame_fields(frame), table=table, logs=logs, without=without)
    fresh = frame.copy(deep=False)
    for name in (one for one in frame.columns if str(one) in changes):
        change, before = changes[str(name)], frame[name]
        values = _frame_finite(before, ledger)
        if change.converts:
            values = values.astype(np.float64) * change.scale + change.shift
        if values is not before:
            fresh[name] = values
    names = {name: changes[str(name)].name for name in frame.columns if str(name) in changes}
    return fresh.rename(columns={old: new for old, new in names.items() if str(old) != new})


def _frame_fields(frame: pd.DataFrame) -> list[Field]:
    return [
        Field(str(name), kind, _all_whole(_head(frame[name])) if kind == "number" else False)
        for name, dtype in frame.dtypes.items()
        if (kind := _kind(dtype)) != "geometry"
    ]


def _kind(dtype: object) -> str:
    """Type of a pandas column as `columns.type_name` calls it."""
    kinds = {"i": "integer", "u": "integer", "f": "number", "b": "boolean", "M": "datetime", "m": "duration"}
    return "geometry" if str(dtype) == "geometry" else kinds.get(getattr(dtype, "kind", "O"), "string")


def _head(values: pd.Series) -> np.ndarray:
    return values.head(SAMPLE).to_numpy(np.float64, na_value=np.nan)


def _frame_finite(values: pd.Series, ledger: Ledger) -> pd.Series:
    if getattr(values.dtype, "kind", "O") != "f":
        return values
    infinite = np.isinf(values.to_numpy(np.float64, na_value=np.nan))
    if not infinite.any():
        return values
    ledger.infinite += int(infinite.sum())
    return values.mask(infinite)


def _boreholes(holes: Boreholes, ledger: Ledger) -> Boreholes:
    def table(frame: pd.DataFrame, name: str) -> pd.DataFrame:
        return _frame(frame, ledger, table=name, logs=True)

    return Boreholes(
        collars=table(holes.collars, "collars"),
        surveys=table(holes.surveys, "surveys"),
        intervals={name: table(frame, name) for name, frame in holes.intervals.items()},
        curves={name: table(frame, name) for name, frame in holes.curves.items()},
    )


def _dataset(draft: Draft, dataset: xr.Dataset, ledger: Ledger) -> xr.Dataset:
    kinds = {"i": "integer", "u": "integer", "f": "number"}
    numeric = {str(name): array for name, array in dataset.data_vars.items() if array.dtype.kind in kinds}
    for name, array in numeric.items():
        ledger.notes[name] = _attributed(ledger.notes.get(name, ColumnNote()), name, array, draft)
    changes = plan(ledger, [Field(name, kinds[array.dtype.kind]) for name, array in numeric.items()])
    for name, change in changes.items():
        array = _finite(dataset[name], ledger)
        if change.converts:
            array = (array * change.scale + change.shift).assign_attrs(dataset[name].attrs)
        if change.note.unit:
            array = array.assign_attrs(units=change.note.unit)
        dataset = dataset.assign({name: array})
    names = {name: change.name for name, change in changes.items() if change.name != name}
    return dataset.rename(names)


def _attributed(note: ColumnNote, name: str, array: xr.DataArray, draft: Draft) -> ColumnNote:
    """`note` completed from a variable's attributes, else from the title of the grid."""
    unit = note.unit or str(array.attrs.get("units", "") or "")
    parsed = units.parse(unit) or ""
    said = [str(array.attrs.get(key, "") or "") for key in ("standard_name", "long_name")]
    found = (registry.recognise(text, unit=parsed).quantity for text in (name, *said) if text)
    quantity = note.quantity or next((one for one in found if one), "") or _titled(draft, name, parsed)
    return replace(note, unit=unit, quantity=quantity, title=note.title or said[1])


def _titled(draft: Draft, name: str, unit: str) -> str:
    """Quantity that the name or title of a grid speaks of, if `unit` may be one of it."""
    for text in (name, draft.title, draft.name):
        quantity = registry.recognise_within(text)
        if quantity and (not unit or units.compatible(unit, registry.canonical_unit(quantity))):
            return quantity
    return ""


def _finite(array: xr.DataArray, ledger: Ledger) -> xr.DataArray:
    """`array` with its infinite values made empty; lazy ones are left, for that would cost a reading."""
    if array.chunks is not None or array.dtype.kind != "f":
        return array
    infinite = int(np.isinf(array.to_numpy()).sum())
    if not infinite:
        return array
    ledger.infinite += infinite
    return array.where(np.isfinite(array))


def _raster(draft: Draft, raster: RasterFile, ledger: Ledger) -> RasterFile:
    for band in raster.bands:
        note = ledger.notes.get(band.name, ColumnNote())
        unit = note.unit or band.unit
        said = registry.recognise(band.title, unit=units.parse(unit) or "").quantity if band.title else ""
        lone = _titled(draft, band.name, units.parse(unit) or "") if len(raster.bands) == 1 else ""
        own = registry.recognise(band.name, unit=units.parse(unit) or "").quantity
        quantity = note.quantity or band.quantity or own or said or lone
        if not unit and quantity in HEIGHTS and len(raster.bands) == 1:
            unit = _assumed(draft, raster, band, ledger)
        ledger.notes[band.name] = replace(note, unit=unit, quantity=quantity, title=note.title or band.title)
    plan(ledger, [Field(band.name, "number") for band in raster.bands], convert=False)
    return replace(
        raster,
        bands=tuple(_declared(band, ledger.notes.get(band.name, ColumnNote())) for band in raster.bands),
    )


def _assumed(draft: Draft, raster: RasterFile, band: Band, ledger: Ledger) -> str:
    """Metres where the heights of a raster that states no unit may be in them, else empty."""
    from craton.model.assumed_heights import metres_fit  # rasterio is slow to load

    why = metres_fit(raster.path, raster.driver, draft.crs or raster.crs or "", raster.nodata)
    if why:
        ledger.assumed.append(f"{band.name} {why}")
    return "m" if why else ""


def _declared(band: Band, note: ColumnNote) -> Band:
    return replace(band, unit=note.unit, quantity=note.quantity, title=note.title)


def _stream(stream: TableStream, ledger: Ledger) -> TableStream:
    plan(ledger, _arrow_fields(stream.schema), convert=False)
    return stream


def _series(series: Series, ledger: Ledger) -> Series:
    without = frozenset() if "hole_id" in series.values else DOWN_HOLE
    return replace(series, values=_frame(series.values, ledger, without=without))


HARMONISERS: tuple[tuple[type, Callable[[Draft, Any, Ledger], Data]], ...] = (
    (RasterFile, _raster),
    (TableStream, lambda draft, stream, ledger: _stream(stream, ledger)),
    (pa.Table, lambda draft, table, ledger: _arrow(table, ledger)),
    (pd.DataFrame, lambda draft, frame, ledger: _frame(frame, ledger)),
    (xr.Dataset, _dataset),
    (Boreholes, lambda draft, holes, ledger: _boreholes(holes, ledger)),
    (Series, lambda draft, series, ledger: _series(series, ledger)),
    (Mesh, lambda draft, mesh, ledger: replace(mesh, parts=_frame(mesh.parts, ledger))),
)
"""What harmonises each kind of data; documents are left as they are."""
