"""Probabilities of categories that are known without samples, such as those of a published voxel model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from craton.methods.geomodel_volume import AXES, Lattice, cells_of, lattice_of, units_of
from craton.methods.property_cells import cells_at, same_system
from craton.model.errors import ContractError

MOST_CATEGORIES = 200
"""Categories of a prior; results hold codes up to 255."""

CHANCE = "probability_"
"""Start of the names of variables of probabilities in models of this node."""


class Prior(NamedTuple):
    """Probabilities (categories, cells) of sum 1, not a number where they are not known, and the cells.

    `names` are the categories: those that were asked for, and those that it has besides.
    """

    chance: np.ndarray
    names: list[str]
    lattice: Lattice

    def at(self, places: np.ndarray) -> np.ndarray:
        """Probabilities (n, categories) of the cells in which places lie; not a number outside."""
        inside, cells = cells_at(self.lattice, places)
        found: np.ndarray = self.chance[:, cells].T
        found[~inside] = np.nan
        return found


def prior_of(process: str, volume: xr.Dataset, prior: xr.Dataset, names: list[str]) -> Prior:
    """Probabilities of categories in `prior`, shares or per cent, brought to a sum of 1; `names` first.

    Raises
    ------
    ContractError
        If a category has no variable, or none has a probability above 0 anywhere.
    """
    same_system(process, "prior", volume, prior)
    lattice = lattice_of(prior, process=process, parameter="prior")
    variables = _variables(process, prior, names)
    if lacking := [name for name in names if name not in variables]:
        raise ContractError(
            process, "prior", "a volume with a probability of each category that the samples have",
            f"one without a variable for {', '.join(lacking[:8])}",
            hint="name the variables so that they end in _CATEGORY, or rename categories of the samples",
        )  # fmt: skip
    if len(variables) > MOST_CATEGORIES:
        allowed = f"at most {MOST_CATEGORIES} categories"
        raise ContractError(process, "prior", allowed, f"{len(variables)} of them")
    cells = [cells_of(prior[one], process=process, parameter="prior") for one in variables.values()]
    chance = np.maximum(np.stack([one.ravel() for one in cells]).astype(np.float64), 0.0)
    total = chance.sum(axis=0)
    if not np.nanmax(total, initial=0.0) > 0:
        raise ContractError(process, "prior", "probabilities above 0", "a volume without any")
    with np.errstate(divide="ignore", invalid="ignore"):
        return Prior(np.where(total > 0, chance / total, np.nan), list(variables), lattice)


def _variables(process: str, prior: xr.Dataset, names: list[str]) -> dict[str, str]:
    """Variables of probabilities by category: by names of classes, else by how names of variables end.

    Those of `names` come first, then what is left of the classes, or of variables of like unit that begin
    as theirs do.
    """
    volumes = [str(one) for one in prior.data_vars if set(prior[one].dims) == set(AXES)]
    volumes = [str(one) for one in prior.data_vars if set(prior[one].dims) == set(AXES)]
    for one in volumes:
        classes = _of_classes(process, prior, one, volumes)
        named = {name: classes.pop(key) for name in names if (key := _like(classes, name))}
        if len(named) == len(names):
            return named | classes
    known = {name: variable for name in names if (variable := _ending(volumes, name))}
    starts = {variable[: -len(name.strip())] for name, variable in known.items()}
    if len(known) < len(names) or len(starts) > 1:
        return known
    start, units = starts.pop(), {prior[one].attrs.get("units") for one in known.values()}
    others = [one for one in volumes if one.startswith(start) and one not in known.values()]
    return known | {one[len(start) :]: one for one in others if prior[one].attrs.get("units") in units}


def _ending(volumes: list[str], name: str) -> str:
    """The only variable whose name ends in a category, else none."""
    ends = [one for one in volumes if one.casefold().endswith(f"_{name.strip().casefold()}")]
    return ends[0] if len(ends) == 1 else ""


def _of_classes(process: str, prior: xr.Dataset, variable: str, volumes: list[str]) -> dict[str, str]:
    """Variables of probabilities by the names of the classes of a variable of codes."""
    if "flag_values" not in prior[variable].attrs:
        return {}
    classes = units_of(prior, variable=variable, process=process, parameter="prior")
    pairs = zip(classes.names, classes.codes, strict=True)
    return {name: f"{CHANCE}{code}" for name, code in pairs if f"{CHANCE}{code}" in volumes}


def _like(classes: dict[str, str], name: str) -> str:
    """Name of a class as it is written there, else none."""
    return next((one for one in classes if one.strip().casefold() == name.strip().casefold()), "")
