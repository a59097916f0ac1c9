"""The reference system of a CF dataset, from whichever attribute states it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Hashable, Iterator, Mapping

import pyproj
import xarray as xr
from pyproj.exceptions import CRSError

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.model.record import Finding

SPELLED_OUT = ("crs_wkt", "spatial_ref", "esri_pe_string")
CODES = ("epsg_code", "EPSG_code", "epsg", "EPSG", "crs", "CRS", "geospatial_bounds_crs", "proj:code")
PROJ_TEXT = ("proj4_params", "proj4", "proj4text", "proj4_string")
"""Attributes that state a system: in full, by code, or in PROJ's words."""

WGS_84 = ("wgs84", "wgs 84", "wgs_84", "wgs1984", "wgs_1984", "world geodetic system 1984")
DATUM_ATTRIBUTES = (
    "refsysname",
    "geodetic_datum",
    "horizontal_datum_name",
    "datum",
    "geospatial_vertical_datum",
)
DEGREES = "EPSG:4326"


def mapping_names(dataset: xr.Dataset) -> set[Hashable]:
    """Names of the variables that only carry a reference system."""
    referred = {
        str(variable.attrs.get("grid_mapping", "") or variable.encoding.get("grid_mapping", ""))
        .split(":")[0]
        .split(" ")[0]
        for variable in dataset.variables.values()
    }
    marked = {name for name, variable in dataset.variables.items() if "grid_mapping_name" in variable.attrs}
    scalar_systems = {
        name
        for name, variable in dataset.variables.items()
        if variable.ndim == 0 and any(key in variable.attrs for key in SPELLED_OUT)
    }
    return {name for name in dataset.variables if name in referred | marked | scalar_systems}


def crs_of(dataset: xr.Dataset, *, geographic: bool) -> tuple[str, list[Finding]]:
    """Reference system of `dataset`, empty when not stated, and the doubts about it.

    `geographic` says that its axes are longitude and latitude; without a
    stated datum that is taken as WGS 84, with a finding.
    """
    unknown = []
    for stated in _statements(dataset):
        try:
            return systems.normalise(stated), []
        except InvalidError:
            unknown.append(stated)
    findings = [Finding(code="crs-unknown", message=" ".join(unknown[0].split())[:120])] if unknown else []
    if not geographic:
        return "", findings
    datum = next(
        (str(dataset.attrs[key]).strip().lower() for key in DATUM_ATTRIBUTES if key in dataset.attrs), ""
    )
    if datum in WGS_84:
        return DEGREES, findings
    return DEGREES, [*findings, Finding(code="crs-from-names")]


def _statements(dataset: xr.Dataset) -> Iterator[str]:
    mappings = mapping_names(dataset)
    for name in mappings:
        yield from _stated(dataset.variables[name].attrs)
        yield from _from_parameters(dataset.variables[name].attrs)
    for attributes in (dataset[name].attrs for name in dataset.data_vars if name not in mappings):
        yield from _stated(attributes)
    yield from _stated(dataset.attrs)
    for name in dataset.dims:
        if name in dataset.variables:
            yield from _stated(dataset.variables[name].attrs)


def _stated(attributes: Mapping[str, object]) -> Iterator[str]:
    for key in (*SPELLED_OUT, *CODES, *PROJ_TEXT):
        text = str(attributes.get(key, "")).strip()
        if key in CODES and (
            code := re.fullmatch(r"(?:EPSG:+|.*/EPSG/[^/]*/)?(\d{4,6})", text, re.IGNORECASE)
        ):
            yield f"EPSG:{code[1]}"
        elif text and (key not in CODES or re.match(r"[A-Z]+CR?S\[|\+proj|\+init", text)):
            yield text


def _from_parameters(attributes: Mapping[str, object]) -> Iterator[str]:
    """The system that the CF parameters of a grid mapping describe."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield pyproj.CRS.from_cf(dict(attributes)).to_wkt()
    except (CRSError, KeyError, ValueError, TypeError, AttributeError):
        return
