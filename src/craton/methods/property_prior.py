"""Probabilities of categories that are known without samples, such as those of a published voxel model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from craton.methods.geomodel_volume import AXES, Lattice, cells_of, lattice_of
from craton.methods.property_cells import cells_at, same_system
from craton.model.errors import ContractError

CHANCE = "probability_"
"""Start of the names of variables of probabilities in models of this node."""


class Prior(NamedTuple):
    """Probabilities (categories, cells) of sum 1, not a number where they are not known, and the cells."""

    chance: np.ndarray
    lattice: Lattice

    def at(self, places: np.ndarray) -> np.ndarray:
        """Probabilities (n, categories) of the cells in which places lie; not a number outside."""
        inside, cells = cells_at(self.lattice, places)
        found: np.ndarray = self.chance[:, cells].T
        found[~inside] = np.nan
        return found


def prior_of(process: str, volume: xr.Dataset, prior: xr.Dataset, names: list[str]) -> Prior:
    """Probabilities of the categories `names` in `prior`, shares or per cent, brought to a sum of 1.

    Raises
    ------
    ContractError
        If a category has no variable, or none has a probability above 0 anywhere.
    """
    same_system(process, "prior", volume, prior)
    lattice = lattice_of(prior, process=process, parameter="prior")
    variables = {name: variable for name in names if (variable := _variable(prior, name))}
    if lacking := [name for name in names if name not in variables]:
        raise ContractError(
            process, "prior", "a volume with a probability of each category that the samples have",
            f"one without a variable for {', '.join(lacking[:8])}",
            hint="name the variables so that they end in _CATEGORY, or rename categories of the samples",
        )  # fmt: skip
    cells = [cells_of(prior[one], process=process, parameter="prior") for one in variables.values()]
    chance = np.maximum(np.stack([one.ravel() for one in cells]).astype(np.float64), 0.0)
    total = chance.sum(axis=0)
    if not np.nanmax(total, initial=0.0) > 0:
        raise ContractError(process, "prior", "probabilities above 0", "a volume without any")
    with np.errstate(divide="ignore", invalid="ignore"):
        return Prior(np.where(total > 0, chance / total, np.nan), lattice)


def _variable(prior: xr.Dataset, name: str) -> str | None:
    """Variable of the probability of a category: by the names of the classes, else by how variables end."""
    wanted = name.strip().casefold()
    volumes = [str(one) for one in prior.data_vars if set(prior[one].dims) == set(AXES)]
    for one in volumes:
        attrs = prior[one].attrs
        pairs = zip(attrs.get("flag_values", ()), attrs.get("flag_meanings", ()), strict=False)
        for code, meaning in pairs:
            if str(meaning).strip().casefold() == wanted and f"{CHANCE}{code}" in volumes:
                return f"{CHANCE}{code}"
    ends = [one for one in volumes if one.casefold().endswith(f"_{wanted}")]
    return ends[0] if len(ends) == 1 else None
