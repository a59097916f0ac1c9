"""Geological models written as datasets, with what is needed to update them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import xarray as xr

from craton.methods.geomodel_kept import Fit, fits_of, with_fits
from craton.methods.geomodel_series import Data, Surfaces
from craton.methods.geomodel_stack import Cells, Stack, distance_to_data, levels_of, named_surfaces
from craton.methods.geomodel_volume import Lattice, volume_of

DISTANCE = "distance_to_data"
DATA = "data_sha256"
"""Attribute that tells the places of the data of a model from others."""


def model_of(
    stack: Stack,
    lattice: Lattice,
    found: Cells,
    data: Data,
    *,
    distance: np.ndarray | None = None,
    fits: dict[str, Fit] | None = None,
) -> xr.Dataset:
    """A model of cells as a dataset, with its fields where they are kept.

    Parameters
    ----------
    distance : array (layers, rows, columns)
        Distance to data, where it is known.
    fits : dict
        Fits of its fields, where they are not those of the stack.
    """
    places = places_of(data)
    away = distance_to_data(lattice, places) if distance is None else distance
    far = {"units": "m", "long_name": "Distance to the nearest datum"}
    fields: dict[str, tuple[np.ndarray, dict[str, Any]]] = {DISTANCE: (away, far)}
    surfaces = named_surfaces(stack)
    for name, values in found.fields.items():
        fields[name] = values.astype(np.float32, copy=False), _told(name, stack, surfaces[name])
    model = volume_of(lattice, found.codes, stack.column.table, fields=fields)
    choices = stack.choices
    model.attrs |= {
        "vertical_stretch": choices.stretch, "contact_error": choices.error, "dip_error": choices.dip_error,
        "method": choices.method, DATA: fingerprint(places),
    }  # fmt: skip
    if not found.fields:
        return model
    return with_fits(model, fits_of(stack) if fits is None else fits, choices, stack.faults_told)


def _told(name: str, stack: Stack, surfaces: Surfaces) -> dict[str, Any]:
    return {
        "long_name": f"Scalar field {name.removeprefix('field_')}",
        "levels": json.dumps(levels_of(stack, surfaces)),
    }


def places_of(data: Data) -> np.ndarray:
    """Places (n, 3) that count for the distance to data."""
    return np.concatenate([data.contacts.places, data.orientations.places, data.limits.places])


def fingerprint(places: np.ndarray) -> str:
    """What tells places from others, in this order."""
    return hashlib.sha256(places.tobytes()).hexdigest()
