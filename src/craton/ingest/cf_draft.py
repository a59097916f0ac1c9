"""From a dataset with CF attributes, as netCDF and Zarr hold it, to a draft with the house's axes."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from craton.ingest.cf_axes import Role, find_axes, horizontal, upward
from craton.ingest.cf_crs import crs_of, mapping_names
from craton.ingest.cf_time import decode_times
from craton.ingest.grid_axes import axis_names, count_missing, settle_longitudes
from craton.ingest.grid_missing import empty_undeclared
from craton.ingest.voxel_corners import STEP, is_by_corners, to_middles
from craton.model.data import GRID_DIMENSIONS, ColumnNote, Draft
from craton.model.licences import licence_from_text
from craton.model.record import Kind, Party

KEPT_ATTRIBUTES = ("units", "long_name", "standard_name", "cell_methods", "comment", "levels")
"""Attributes of variables that stay with the data; the rest describe the file."""

ANONYMOUS = re.compile(
    r"band_?\d+|__xarray_dataarray_variable__|unnamed|variable|data|values?|layer|z", re.IGNORECASE
)
"""Names of variables that programs give for want of a better one."""

SAID_NOTHING = re.compile(r"gdal band number|band_?\s*\d+|__xarray|z$", re.IGNORECASE)
PLACEHOLDER = re.compile(r"area name|untitled|title|.*\bmaps\b.*|.*\bdomain", re.IGNORECASE)
"""Titles that name the series a grid was cut from, or nothing, rather than the grid."""

ATTRIBUTES, ATTRIBUTE_LENGTH = 64, 1000


def grid_draft(dataset: xr.Dataset, *, stem: str, name: str = "") -> Draft | None:
    """Draft of the gridded variables of `dataset`, `None` when it has no horizontal axes.

    Parameters
    ----------
    dataset : xarray.Dataset
        With fill values and packing decoded, times not yet.
    stem : str
        Name of the file, for a variable that has none of its own.
    name : str
        Name of the part of the file that this is, empty for the whole.
    """
    described = dict(dataset.attrs)
    dataset, findings = decode_times(dataset)
    dataset, axes = find_axes(dataset)
    plane = horizontal(axes)
    if plane is None:
        return None
    by_corners = is_by_corners(dataset)
    if by_corners:
        dataset = to_middles(dataset, axes)
    crs, doubts = crs_of(dataset, geographic="longitude" in axes and "latitude" in axes)
    gridded = _gridded(dataset, plane)
    if not gridded:
        return None
    skipped = _count_left_out(dataset, gridded)
    missing = count_missing(dataset, [one for one in gridded if _declares_missing(dataset[one])])
    grid = _named_axes(dataset[gridded], axes, plane, crs)
    grid, converted = _turn_upward(grid, axes)
    grid, wrapped = settle_longitudes(_named_variable(grid, stem))
    cells = _ordered(_clean(grid, crs))
    draft = Draft(cells, kind=_kind(grid), name=name, crs=crs)
    draft.findings = [*findings, *doubts, *wrapped]
    draft.steps += [STEP] if by_corners else []
    draft.data = empty_undeclared(draft, cells, _unclassed(grid))
    _describe(draft, described, grid)
    for code, count in {
        "nodata-declared": missing,
        "part-skipped": skipped,
        "vertical-unit": converted,
    }.items():
        if count:
            draft.find(code, count)
    return draft


def _gridded(dataset: xr.Dataset, plane: tuple[str, str]) -> list[Hashable]:
    """Variables of numbers over the plane."""
    return [
        name
        for name, variable in dataset.data_vars.items()
        if set(plane) <= set(variable.dims) and variable.dtype.kind in "biuf"
    ]


def _count_left_out(dataset: xr.Dataset, gridded: Sequence[Hashable]) -> int:
    """Variables that are neither on the grid nor say something about it."""
    bounds = {
        str(variable.attrs.get(key))
        for variable in dataset.variables.values()
        for key in ("bounds", "climatology")
    }
    known = {*gridded, *bounds, *mapping_names(dataset)}
    return sum(name not in known and variable.ndim > 0 for name, variable in dataset.data_vars.items())


def _declares_missing(variable: xr.DataArray) -> bool:
    return any(key in variable.encoding for key in ("_FillValue", "missing_value"))


def _unclassed(dataset: xr.Dataset) -> list[str]:
    """Variables that hold no classes, whose codes may be any number."""
    return [str(name) for name, one in dataset.data_vars.items() if "flag_values" not in one.attrs]


def _named_axes(
    dataset: xr.Dataset, axes: Mapping[Role, str], plane: tuple[str, str], crs: str
) -> xr.Dataset:
    rows, columns = axis_names(crs)
    names = {plane[0]: rows, plane[1]: columns}
    names |= {axes[role]: role for role in ("time", "realization") if role in axes}
    wanted = {
        old: new
        for old, new in names.items()
        if old != new and (old in dataset.dims or old in dataset.coords)
    }
    unneeded = [name for name in dataset.coords if name not in dataset.dims]
    dataset = dataset.drop_vars(unneeded)
    blocked = [new for new in wanted.values() if new in dataset.variables and new not in wanted]
    return dataset.drop_vars(blocked).rename(wanted)


def _turn_upward(dataset: xr.Dataset, axes: Mapping[Role, str]) -> tuple[xr.Dataset, int]:
    """The vertical axis as `upward`, in metres; how many units were converted."""
    name = axes.get("vertical", "")
    if name not in dataset.dims:
        return dataset, 0
    found = upward(dataset[name])
    if found is None:
        return dataset, 0
    heights, converted = found
    attributes = {**dataset[name].attrs, "units": "m", "positive": "up"}
    dataset = dataset.rename({name: "upward"}) if name != "upward" else dataset
    return dataset.assign_coords(upward=("upward", heights, attributes)), int(converted)


def _named_variable(dataset: xr.Dataset, stem: str) -> xr.Dataset:
    """`dataset` with its one anonymous variable called by its own description, else by the file."""
    if len(dataset.data_vars) != 1:
        return dataset
    name, variable = next(iter(dataset.data_vars.items()))
    if not ANONYMOUS.fullmatch(str(name)):
        return dataset
    long_name = str(variable.attrs.get("long_name", ""))
    said = "" if SAID_NOTHING.match(long_name) else re.sub(r"\W+", "_", long_name).strip("_").lower()
    wanted = said or stem
    return dataset.rename({name: wanted}) if wanted and wanted not in dataset.variables else dataset


def _clean(dataset: xr.Dataset, crs: str) -> xr.Dataset:
    """`dataset` with the attributes that are of the data, and without the file's encoding."""
    cleaned = dataset.drop_encoding()
    cleaned.attrs = {"crs": crs} if crs else {}
    for axis in set(cleaned.dims) & set(GRID_DIMENSIONS):
        if axis in cleaned.coords and cleaned[axis].dtype.kind in "iu":
            cleaned = cleaned.assign_coords({axis: cleaned[axis].astype(np.float64)})
    for name in cleaned.variables:
        attributes = cleaned[name].attrs
        cleaned[name].attrs = {
            key: str(attributes[key]) for key in KEPT_ATTRIBUTES if str(attributes.get(key, ""))
        } | _classes(attributes)
    return cleaned


def _classes(attributes: Mapping[str, object]) -> dict[str, list[Any]]:
    """Codes, names and colours of classes as lists, however they are stated, where they fit each other."""
    codes = np.atleast_1d(np.asarray(attributes.get("flag_values", [])))
    names = _words(attributes.get("flag_meanings", ""))
    if "flag_masks" in attributes:  # each bit says something of its own
        return {}
    if codes.dtype.kind not in "iuf" or not names or len(names) != codes.size:
        return {}
    if not (np.isfinite(codes).all() and (codes == np.rint(codes)).all()):
        return {}
    told: dict[str, list[Any]] = {"flag_values": [int(code) for code in codes], "flag_meanings": names}
    colours = _words(attributes.get("flag_colors", ""))
    return told | ({"flag_colors": colours} if len(colours) == len(names) else {})


def _words(value: object) -> list[str]:
    """Words of an attribute: those of a list as they are, of a text at its blanks, underscores as blanks."""
    if isinstance(value, str):
        return [word.replace("_", " ") for word in value.split()]
    return [str(word) for word in np.atleast_1d(np.asarray(value, dtype=object)).tolist()]


def _ordered(dataset: xr.Dataset) -> xr.Dataset:
    """`dataset` with its dimensions in the order of the house, unknown ones first."""
    unknown = [name for name in dataset.dims if name not in GRID_DIMENSIONS]
    return dataset.transpose(*unknown, *(name for name in GRID_DIMENSIONS if name in dataset.dims))


def _kind(dataset: xr.Dataset) -> Kind:
    return "volume" if dataset.sizes.get("upward", 0) > 1 else "grid"


def _describe(draft: Draft, attributes: Mapping[str, object], grid: xr.Dataset) -> None:
    """Take over what the attributes say of the whole and of each variable."""
    said = {key: text for key, value in attributes.items() if (text := _text(value))}
    title = said.get("title", "")
    draft.title = "" if PLACEHOLDER.fullmatch(title) else title
    spoken = (title if not draft.title else "", said.get("summary", "") or said.get("comment", ""))
    draft.description = "\n".join(text for text in spoken if text)
    draft.licence = licence_from_text(said.get("license", "") or said.get("licence", ""))
    if institution := said.get("institution", ""):
        draft.parties = (Party(name=institution, role="producer"),)
    if keywords := said.get("keywords", ""):
        draft.keywords = tuple(word.strip() for word in re.split(r"[,;>]", keywords) if word.strip())[
            :ATTRIBUTES
        ]
    if said:
        draft.properties["metadata"] = dict(list(said.items())[:ATTRIBUTES])
    units = _units(grid, said)
    for name, variable in grid.data_vars.items():
        title = _text(variable.attrs.get("long_name", ""))
        draft.notes[str(name)] = ColumnNote(
            unit=units[str(name)], title="" if SAID_NOTHING.match(title) else title
        )
        if legend := _legend(variable):
            draft.properties.setdefault("legend", legend)


def _units(grid: xr.Dataset, said: Mapping[str, str]) -> dict[str, str]:
    """Unit of each variable: its own, else that of the whole where it can only be meant for this one.

    Files of ICGEM state one unit, and list their columns in `attributes`, the modelled one last.
    """
    units = {str(name): _text(variable.attrs.get("units", "")) for name, variable in grid.data_vars.items()}
    lacking = [name for name, unit in units.items() if not unit]
    modelled = (said.get("attributes", "").split() or [""])[-1]
    meant = lacking if len(lacking) == 1 else [name for name in lacking if modelled.startswith(name)]
    if len(meant) == 1:
        units[meant[0]] = said.get("unit", "") or said.get("units", "")
    return units


def _text(value: object) -> str:
    return str(value).strip()[:ATTRIBUTE_LENGTH]


def _legend(variable: xr.DataArray) -> list[dict[str, str | float]]:
    """Classes that the CF attributes `flag_values` and `flag_meanings` state."""
    values = np.atleast_1d(variable.attrs.get("flag_values", []))
    labels = _words(variable.attrs.get("flag_meanings", ""))
    if "flag_masks" in variable.attrs:
        return []
    if values.dtype.kind not in "iuf" or not labels or len(labels) != values.size:
        return []
    return [{"value": float(v), "label": label} for v, label in zip(values, labels, strict=True)]
