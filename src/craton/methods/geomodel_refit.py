"""Fields of a model that is updated: refitted where data are new, kept elsewhere.

A local field is a coarse one and patches. The coarse field is that of the data which the model was first
built from; it is fitted again from them, which is cheap and comes to the same, so that a model need not
carry it. Only patches that new data bear on are solved. A whole field feels every datum everywhere, and is
fitted anew as soon as one datum is new.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.implicit_checks import checked
from craton.kernels.implicit_field import Field
from craton.kernels.partition_changed import fit_changed
from craton.kernels.partition_coarse import dense_of
from craton.kernels.partition_field import Settings
from craton.methods.geomodel_column import StratigraphicColumn
from craton.methods.geomodel_fit import Asked, Choices, ScalarField, fit_field
from craton.methods.geomodel_stack import field_name
from craton.model.errors import ContractError

Key = tuple[int, bool]
"""Place of a series, and whether it is its floor."""


class Kept(NamedTuple):
    """What a model says of one of its fields: levels by unit, and nuggets where it is local."""

    levels: dict[str, float]
    nuggets: tuple[float, float] | None


Own = tuple[int, bool, tuple[int, ...]]
"""A key, and the rows of the units of the field, some of which may be left out in another try."""


class Former(NamedTuple):
    """Fields of the data that a model was built from: what was asked, and the field or its coarse one."""

    asked: dict[Own, Asked]
    fields: dict[Own, ScalarField]


class Change(NamedTuple):
    """Where a field differs: boxes (b, 2, 3) of scaled places, or None for everywhere."""

    boxes: np.ndarray | None


class Refit(NamedTuple):
    """Fits fields of three sets of data in turn: those first built from, those of now, and with new ones.

    Parameters
    ----------
    process : str
        Named in refusals.
    column : StratigraphicColumn
        Of the model.
    choices : Choices
        How its fields were fitted.
    kept : dict
        What the model says of its fields, by name.
    first, former : Former
        Of the first data, and of those of now.
    changes : dict
        Where fields differ, by key.
    """

    process: str
    column: StratigraphicColumn
    choices: Choices
    kept: dict[str, Kept]
    first: Former
    former: Former
    changes: dict[Key, Change]

    def fit_first(self, asked: Asked) -> ScalarField:
        """Coarse field of a local one; a whole field as it is."""
        kept = self._kept(asked)
        if kept is None or kept.nuggets is None:
            return self._held(self.first, asked, self._anew(asked))
        field = self._coarse(asked, kept.nuggets, None)
        levels = self._levels(kept, asked)
        if np.isfinite(levels).all() and not np.array_equal(levels, field.levels):
            field = self._coarse(asked, kept.nuggets, levels)
        return self._held(self.first, asked, field)

    def fit_former(self, asked: Asked) -> ScalarField:
        """As of the first data, with what is asked now held."""
        known = self.first.fields.get(_own(asked))
        if known is not None:
            return self._held(self.former, asked, known)
        return self._held(self.former, asked, self._anew(asked))

    def fit_new(self, asked: Asked) -> ScalarField:
        """Field with the new data."""
        key = (asked.place, asked.floor)
        known, coarse = self.former.asked.get(_own(asked)), self.first.fields.get(_own(asked))
        kept = self._kept(asked)
        if known is not None and coarse is not None:
            if _is_same(known, asked):
                self.changes[key] = Change(np.zeros((0, 2, 3)))
                return self._with_levels(coarse, asked)
            if kept is not None and kept.nuggets is not None and isinstance(coarse, Field):
                field, boxes = fit_changed(
                    coarse, known.constraints, asked.constraints, lattice=self.choices.boxes,
                    drift=asked.drift, nuggets=kept.nuggets,
                )  # fmt: skip
                self.changes[key] = Change(boxes)
                return field
        self.changes[key] = Change(None)
        return self._anew(asked)

    def changes_by_name(self) -> dict[str, Change]:
        """Where fields differ, by the names of the fields."""
        series = self.column.series
        return {
            field_name(series[place].name, floor=floor): one for (place, floor), one in self.changes.items()
        }

    def _levels(self, kept: Kept, asked: Asked) -> np.ndarray:
        """Levels of the model, NaN where it has none."""
        names = [self.column.units[row].name for row in asked.rows]
        return np.array([kept.levels.get(name, np.nan) for name in names])

    def _with_levels(self, field: ScalarField, asked: Asked) -> ScalarField:
        """A field that stands for that of the model, with its levels."""
        kept = self._kept(asked)
        if kept is None or not isinstance(field, Field):
            return field
        return field._replace(levels=self._levels(kept, asked))

    def _kept(self, asked: Asked) -> Kept | None:
        return self.kept.get(field_name(self.column.series[asked.place].name, floor=asked.floor))

    def _coarse(self, asked: Asked, nuggets: tuple[float, float], levels: np.ndarray | None) -> Field:
        given = checked(asked.constraints if levels is None else asked.constraints._replace(levels=levels))
        field = dense_of(
            given, self.choices.boxes, np.full(len(given.points), nuggets[0]), nuggets[1],
            most=Settings().coarse, drift=asked.drift,
        )  # fmt: skip
        assert isinstance(field, Field)
        return field

    def _anew(self, asked: Asked) -> ScalarField:
        return fit_field(self.process, asked.constraints, asked.drift, self.choices)

    def _held(self, former: Former, asked: Asked, field: ScalarField) -> ScalarField:
        former.asked[_own(asked)], former.fields[_own(asked)] = asked, field
        return field


def _own(asked: Asked) -> Own:
    return asked.place, asked.floor, asked.rows


def _is_same(one: Asked, other: Asked) -> bool:
    pairs = zip(checked(one.constraints), checked(other.constraints), strict=True)
    return all(a is not None and b is not None and np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def kept_of(process: str, model: xr.Dataset) -> dict[str, Kept]:
    """What a model says of its fields; refused where it has none."""
    kept = {}
    for name in map(str, model.data_vars):
        if name.startswith("field_") and "levels" in model[name].attrs:
            nuggets = model[name].attrs.get("nuggets")
            levels = json.loads(str(model[name].attrs["levels"]))
            kept[name] = Kept(levels, None if nuggets is None else tuple(json.loads(str(nuggets))))
    if not kept:
        raise ContractError(
            process, "model", "a model with its scalar fields", "one without",
            hint="build it with `keep_fields`",
        )  # fmt: skip
    return kept
