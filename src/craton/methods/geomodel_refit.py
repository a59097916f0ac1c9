"""Fields of a model that is updated: refitted where data differ from its own, kept elsewhere.

A local field is a coarse one and patches. The model keeps the coarse field, which stays that of the first
build, and the patches; only those whose data differ are solved. A whole field feels every datum everywhere,
and is fitted anew as soon as one differs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.implicit_checks import Constraints, Frame
from craton.kernels.implicit_field import Field
from craton.kernels.partition_changed import differing, fit_changed
from craton.kernels.partition_coarse import Plane
from craton.kernels.partition_field import PartitionField, Settings, empty_field
from craton.methods.geomodel_column import StratigraphicColumn
from craton.methods.geomodel_fit import Asked, Choices, ScalarField, fit_field
from craton.methods.geomodel_kept import Fit, fit_in, fit_of, units_of
from craton.methods.geomodel_stack import Stack, field_name, named_surfaces
from craton.methods.geomodel_volume import AXES, cells_of
from craton.model.errors import ContractError

MOST = 0.1
"""Part of the data of a field that may differ; beyond it the coarse field is no longer theirs."""

NOT_KEPT = "the model does not keep the fit, or was changed since it was made, or faults are others"


class Change(NamedTuple):
    """How a field differs from that of the model.

    Parameters
    ----------
    boxes : array (b, 2, 3) or None
        Boxes of scaled places outside which it does not, or None for everywhere.
    gone : int
        Data of the field of the model that are no longer.
    why : str
        Why it was fitted anew.
    fit : Fit or None
        The whole of it; None where it is that of the stack.
    """

    boxes: np.ndarray | None
    gone: int = 0
    why: str = ""
    fit: Fit | None = None


class Refit(NamedTuple):
    """Fits fields of data, part of which a model was built from.

    Parameters
    ----------
    process : str
        Named in refusals.
    column : StratigraphicColumn
        Of the model.
    choices : Choices
        How its fields were fitted.
    cells : dict
        Values of its fields by name.
    kept : dict
        Fits of its fields by name, None where it keeps none.
    changes : dict
        Where fields differ, by name.
    """

    process: str
    column: StratigraphicColumn
    choices: Choices
    cells: dict[str, np.ndarray]
    kept: dict[str, Fit | None]
    changes: dict[str, Change]

    @classmethod
    def of(
        cls, process: str, model: xr.Dataset, column: StratigraphicColumn, choices: Choices, faults: str
    ) -> Refit:
        """What fits the fields of `model` again; refused where it has none."""
        names = [str(name) for name, one in model.data_vars.items() if _is_field(str(name), one)]
        if not names:
            raise ContractError(
                process, "model", "a model with its scalar fields", "one without",
                hint="build it with `keep_fields`",
            )  # fmt: skip
        cells = {name: np.ascontiguousarray(cells_of(model[name], process=process)) for name in names}
        kept = {name: fit_in(model, name, own, choices, faults) for name, own in cells.items()}
        return cls(process, column, choices, cells, kept, {})

    def fit(self, asked: Asked) -> ScalarField:
        """Field that is asked for; one that is only known where it differs stands for the whole."""
        name = field_name(self.column.series[asked.place].name, floor=asked.floor)
        field, self.changes[name] = self._fitted(name, asked)
        return field

    def fits(self, stack: Stack) -> dict[str, Fit]:
        """Fits of all fields of the new model."""
        return {
            name: self.changes[name].fit or fit_of(stack.column, surfaces)
            for name, surfaces in named_surfaces(stack).items()
        }

    def _fitted(self, name: str, asked: Asked) -> tuple[ScalarField, Change]:
        fit = self.kept.get(name)
        if fit is None:
            return self._anew(asked, NOT_KEPT if name in self.kept else "the model does not have it")
        if units_of(self.column, asked) != fit.units:
            return self._anew(asked, "its units are others")
        new = _as_assumed(asked, fit)
        differs = differing(fit.given, new)
        if not len(differs.places):
            return self._unchanged(fit), Change(np.zeros((0, 2, 3)), fit=fit)
        if fit.local is None:
            return self._anew(asked, "a whole field feels every datum")
        if len(differs.places) > MOST * _count(fit.given):
            return self._anew(asked, f"more than {MOST:.0%} of its data differ")
        coarse = fit.local.coarse
        assert isinstance(coarse, Field)
        stepped = fit.local._replace(coarse=coarse._replace(drift=asked.drift))
        found = fit_changed(stepped, new, drift=asked.drift)
        changed = fit._replace(given=new, local=found.kept)
        return found.field, Change(found.boxes, len(differs.gone), fit=changed)

    def _unchanged(self, fit: Fit) -> PartitionField:
        """A field that stands for that of the model, with its levels, and is not asked anywhere."""
        nowhere = Plane(Frame(np.zeros(3), 1.0), 0.0, np.zeros(3), fit.levels)
        return empty_field(nowhere, self.choices.boxes, Settings(), (0.0, 0.0), None)

    def _anew(self, asked: Asked, why: str) -> tuple[ScalarField, Change]:
        return fit_field(self.process, asked.constraints, asked.drift, self.choices), Change(None, why=why)


def _is_field(name: str, field: xr.DataArray) -> bool:
    return name.startswith("field_") and "levels" in field.attrs and set(field.dims) == set(AXES)


def _as_assumed(asked: Asked, fit: Fit) -> Constraints:
    """Data that are asked for, with the orientations that were assumed before where they are still."""
    if not (asked.assumed and fit.assumed):
        return asked.constraints
    return asked.constraints._replace(
        orientation_points=fit.given.orientation_points, gradients=fit.given.gradients
    )


def _count(given: Constraints) -> int:
    """Number of data."""
    return sum(len(part) for part in (given.points, given.gradients, given.inequality_points, given.tangents))
