"""Results of the property processes: fields on the cells of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

from craton.methods.geomodel_volume import AXES
from craton.methods.placement import with_crs
from craton.methods.points_samples import described
from craton.methods.property_cells import Domain, places_of
from craton.methods.property_layers import Ground
from craton.model.errors import ContractError


class Kriged(NamedTuple):
    """Of the cells of a unit: values and variances (n,), and data within the range of each (n,)."""

    values: np.ndarray
    variances: np.ndarray
    counts: np.ndarray


def kriged_volume(
    ground: Ground,
    points: gpd.GeoDataFrame,
    column: str,
    domains: list[Domain],
    found: Mapping[int, Kriged],
    words: Mapping[str, str],
    empty: list[str],
    maximum_distance: float | None,
) -> xr.Dataset:
    """Values, deviations and counts on the cells of the model."""
    size = ground.codes.size
    values, spreads, counts = (np.full(size, np.nan, np.float32) for _ in range(3))
    for domain in domains:
        kriged = found[domain.code]
        values[domain.cells], spreads[domain.cells] = kriged.values, np.sqrt(kriged.variances)
        counts[domain.cells] = kriged.counts
        if maximum_distance is not None:
            places = domain.placing(places_of(ground.lattice, domain.cells))
            away = cKDTree(domain.spots.places).query(places, workers=2)[0]
            far = domain.cells[away > maximum_distance]
            values[far], spreads[far] = np.nan, np.nan
    note = described(points, column)
    title = note["title"] or column
    fields = {
        column: (values, stated(note["unit"], title, note["quantity"])),
        f"{column}_std": (spreads, stated(note["unit"], f"Standard deviation of {title}")),
        f"{column}_count": (counts, stated("1", f"Samples of {title} within the range")),
    }
    return property_volume(ground, fields, words, domains, empty)


def refuse_name(process: str, column: str, *taken: str, parameter: str = "column") -> None:
    """Refuse a column of samples that is called as something else in the result."""
    if column in taken:
        raise ContractError(
            process, parameter, "a column with a name that nothing else in the result has", column,
            hint="rename it first",
        )  # fmt: skip


def stated(unit: str, title: str, quantity: str = "") -> dict[str, str]:
    """Attributes of a field, the empty ones left out."""
    attrs = {"units": unit, "standard_name": quantity, "long_name": title}
    return {key: text for key, text in attrs.items() if text}


def property_volume(
    ground: Ground,
    fields: Mapping[str, tuple[np.ndarray, Mapping[str, Any]]],
    words: Mapping[str, str],
    domains: list[Domain],
    empty: list[str],
) -> xr.Dataset:
    """Fields by name, (cells,) or (realizations, cells) with attributes, on the cells of the model."""
    lattice = ground.lattice
    axes = {
        "upward": ("upward", lattice.upward, {"units": "m", "positive": "up"}),
        "northing": ("northing", lattice.northing, {"units": "m"}),
        "easting": ("easting", lattice.easting, {"units": "m"}),
    }
    arrays = {}
    for name, (cells, attrs) in fields.items():
        if cells.ndim == 1:
            arrays[name] = xr.DataArray(cells.reshape(lattice.shape), axes, AXES, attrs=dict(attrs))
            continue
        further = {"realization": np.arange(len(cells)), **axes}
        shape = (len(cells), *lattice.shape)
        arrays[name] = xr.DataArray(cells.reshape(shape), further, ("realization", *AXES), attrs=dict(attrs))
    told = {
        "variogram_model": "; ".join(f"{unit}: {text}" for unit, text in words.items()),
        "layering": "; ".join(f"{one.name}: {one.placing.kind}" for one in domains),
    }
    if empty:
        told["units_without_samples"] = ", ".join(empty)
    return with_crs(xr.Dataset(arrays, attrs=told), lattice.crs)
