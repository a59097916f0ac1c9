"""What a model keeps of the fits of its fields, so that an update solves nothing that is unchanged.

Beside the field `field_SERIES` a model has a coordinate of bytes, `fit_of_field_SERIES`: the data that the
field was fitted to and, where it is local, its coarse field and the weights of its patches. It is no
variable, so that a model is asked, drawn and exported as one without. Where it is absent, of another
version, or not of the values that the field has, it counts as not kept.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.implicit_checks import Constraints, Frame
from craton.kernels.implicit_field import Field
from craton.kernels.partition_field import PartitionField, Settings
from craton.kernels.partition_kept import Kept, Leaves, kept_of
from craton.methods.geomodel_column import StratigraphicColumn
from craton.methods.geomodel_fit import Asked, Choices
from craton.methods.geomodel_series import Surfaces
from craton.methods.geomodel_stack import Stack, named_surfaces

VERSION = 1
"""Of what is kept, and of the fits themselves: raise it where either changes."""

WORD = 8
"""Bytes of a number, and what parts are aligned to."""

Parts = dict[str, np.ndarray]


class Fit(NamedTuple):
    """The fit of a field.

    Parameters
    ----------
    units : tuple of str
        Units whose bases are its levels.
    levels : array (units,)
        The levels.
    assumed : bool
        Whether its orientations were made up, for want of any.
    given : Constraints
        Its data.
    local : Kept or None
        Coarse field and patches; None of a field that was fitted as a whole.
    """

    units: tuple[str, ...]
    levels: np.ndarray
    assumed: bool
    given: Constraints
    local: Kept | None


def fits_of(stack: Stack) -> dict[str, Fit]:
    """Fits of the fields of a model by their names."""
    return {name: fit_of(stack.column, surfaces) for name, surfaces in named_surfaces(stack).items()}


def fit_of(column: StratigraphicColumn, surfaces: Surfaces) -> Fit:
    """Fit of a field that is all there."""
    asked, field = surfaces.asked, surfaces.field
    given = asked.constraints._replace(levels=None)
    local = kept_of(field, given) if isinstance(field, PartitionField) else None
    return Fit(units_of(column, asked), surfaces.levels, asked.assumed, given, local)


def units_of(column: StratigraphicColumn, asked: Asked) -> tuple[str, ...]:
    """Names of the units of a field."""
    return tuple(column.units[row].name for row in asked.rows)


def with_fits(model: xr.Dataset, fits: dict[str, Fit], choices: Choices, faults: str) -> xr.Dataset:
    """A model that keeps `fits`, made with these choices and faults."""
    kept = {}
    for name, fit in fits.items():
        told = {
            "version": VERSION, "units": fit.units, "assumed": fit.assumed,
            "made": _made(choices, faults), "values": _summed(model[name].to_numpy()),
        }  # fmt: skip
        attrs = {"long_name": f"Fit of {name}, for updates"}
        kept[_name_of(name)] = (f"byte_of_{name}", _packed(_parts_of(fit), told), attrs)
    return model.assign_coords(kept)


def fit_in(model: xr.Dataset, name: str, cells: np.ndarray, choices: Choices, faults: str) -> Fit | None:
    """Fit of the field `name`, whose values are `cells`; None where the model keeps none that is its own."""
    if _name_of(name) not in model.coords:
        return None
    try:
        told, parts = _unpacked(model[_name_of(name)].to_numpy())
        own = told["version"], told["made"], told["values"]
        if own != (VERSION, _made(choices, faults), _summed(cells)):
            return None
        return _fit_from(parts, told, choices)
    except (AttributeError, KeyError, TypeError, ValueError):
        # Bytes that are not ours count as none.
        return None


def _name_of(field: str) -> str:
    return f"fit_of_{field}"


def _made(choices: Choices, faults: str) -> str:
    """What tells how a field was made, apart from its data."""
    numbers = [choices.error, choices.dip_error, choices.stretch, *choices.origin, *choices.size]
    return _summed(np.array(numbers), choices.method, faults)


def _summed(numbers: np.ndarray, *words: str) -> str:
    summed = hashlib.sha256(f"{numbers.shape}{words}".encode())
    summed.update(numbers.tobytes())
    return summed.hexdigest()


def _parts_of(fit: Fit) -> Parts:
    """A fit as arrays of numbers by name."""
    parts = {f"given.{key}": value for key, value in fit.given._asdict().items() if value is not None}
    parts["levels"] = fit.levels
    if fit.local is not None:
        coarse, leaves = fit.local.coarse, fit.local.leaves
        assert isinstance(coarse, Field)
        parts |= {f"coarse.{key}": getattr(coarse, key) for key in _COARSE}
        parts |= {f"leaves.{key}": value for key, value in leaves._asdict().items()}
        parts |= {
            "frame": np.append(coarse.frame.middle, coarse.frame.length),
            "settings": np.array(fit.local.settings, np.float64), "nuggets": np.array(fit.local.nuggets),
        }  # fmt: skip
    return parts


_COARSE = ("centres", "weights", "sources", "vectors", "plane", "levels", "steps")


def _fit_from(parts: Parts, told: dict[str, Any], choices: Choices) -> Fit:
    given = Constraints(**{key[6:]: value for key, value in parts.items() if key.startswith("given.")})
    local = None
    if "frame" in parts:
        frame, sizes = parts["frame"], parts["settings"].tolist()
        centres, weights, sources, vectors, plane, levels, steps = (parts[f"coarse.{key}"] for key in _COARSE)
        extent = Frame(frame[:3], float(frame[3]))
        coarse = Field(extent, centres, weights, sources, vectors, plane, levels, None, steps)
        settings = Settings(int(sizes[0]), sizes[1], sizes[2], int(sizes[3]), int(sizes[4]))
        nuggets = float(parts["nuggets"][0]), float(parts["nuggets"][1])
        leaves = Leaves(**{key: parts[f"leaves.{key}"] for key in Leaves._fields})
        local = Kept(given, coarse, choices.boxes, settings, nuggets, leaves)
    return Fit(tuple(told["units"]), parts["levels"], bool(told["assumed"]), given, local)


def _packed(parts: Parts, told: dict[str, Any]) -> np.ndarray:
    """Arrays and words as bytes: the length of the words, the words as JSON, and the arrays."""
    arrays = {key: np.ascontiguousarray(value) for key, value in parts.items()}
    told = told | {"parts": {key: (one.dtype.str, one.shape) for key, one in arrays.items()}}
    words = json.dumps(told).encode()
    words += b" " * (-len(words) % WORD)
    head = np.frombuffer(len(words).to_bytes(WORD, "little") + words, np.uint8)
    return np.concatenate([head, *(one.reshape(-1).view(np.uint8) for one in arrays.values())])


def _unpacked(packed: np.ndarray) -> tuple[dict[str, Any], Parts]:
    start = WORD + int.from_bytes(packed[:WORD].tobytes(), "little")
    told = json.loads(packed[WORD:start].tobytes())
    parts = {}
    for key, (kind, shape) in told["parts"].items():
        end = start + int(np.prod(shape)) * np.dtype(kind).itemsize
        # A copy, so that it is aligned and can be written to, as all other arrays.
        parts[key] = packed[start:end].copy().view(kind).reshape(shape)
        start = end
    return told, parts
