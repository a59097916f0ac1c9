"""Geological models written as datasets, with what is needed to update them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import xarray as xr

from craton.kernels.partition_field import PartitionField
from craton.methods.geomodel_series import Data, Surfaces
from craton.methods.geomodel_stack import Cells, Stack, distance_to_data, levels_of, named_surfaces
from craton.methods.geomodel_volume import Lattice, volume_of

DISTANCE = "distance_to_data"
DATA = "data_sha256"
"""Attribute that tells whether data are those a model was built from."""


def model_of(
    stack: Stack, lattice: Lattice, found: Cells, data: Data, *, distance: np.ndarray | None = None
) -> xr.Dataset:
    """A model of cells as a dataset, with its fields where they are kept; `distance` to data if known."""
    places = np.concatenate([data.contacts.places, data.orientations.places, data.limits.places])
    away = distance_to_data(lattice, places) if distance is None else distance
    far = {"units": "m", "long_name": "Distance to the nearest datum"}
    fields: dict[str, tuple[np.ndarray, dict[str, Any]]] = {DISTANCE: (away, far)}
    surfaces = named_surfaces(stack)
    for name, values in found.fields.items():
        fields[name] = values.astype(np.float32), _told(name, stack, surfaces[name])
    model = volume_of(lattice, found.codes, stack.column.table, fields=fields)
    choices = stack.choices
    model.attrs |= {
        "vertical_stretch": choices.stretch, "contact_error": choices.error, "dip_error": choices.dip_error,
        "method": choices.method, DATA: fingerprint(data),
    }  # fmt: skip
    return model


def _told(name: str, stack: Stack, surfaces: Surfaces) -> dict[str, Any]:
    told = {
        "long_name": f"Scalar field {name.removeprefix('field_')}",
        "levels": json.dumps(levels_of(stack, surfaces)),
    }
    if isinstance(surfaces.field, PartitionField):
        told["nuggets"] = json.dumps(surfaces.field.nuggets)
    return told


def fingerprint(data: Data) -> str:
    """What tells these contacts, orientations, limits and lines from others."""
    parts = [
        data.contacts.places, data.contacts.units, data.contacts.below,
        data.orientations.places, data.orientations.poles, data.orientations.series,
        *data.limits, *data.lines,
    ]  # fmt: skip
    summed = hashlib.sha256()
    for part in parts:
        summed.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
    return summed.hexdigest()
