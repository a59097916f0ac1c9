"""Amounts of ore: volume, tonnage, mean grade and metal of blocks above cut-offs, and their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.methods.geomodel_volume import UNIT, cells_of, lattice_of, units_of
from craton.methods.property_cells import same_system
from craton.methods.resource_blocks import DENSITY, SHARE
from craton.methods.resource_classes import field_of
from craton.methods.resource_lattice import block_means
from craton.model import units as physical
from craton.model.errors import ContractError

CUTOFFS = 25
"""Cut-offs where none are given, from 0 to the 98th percentile of tonnage."""

SINGLE = 1e-6
"""Part of a cut-off by which a grade of single precision may lie below it."""

TAILS = (0.1, 0.9)
"""Ends of the interval that holds 80 % of the realizations."""

MEGATONNE = 1e6
"""Tonnes."""

FEW = 9
"""Fewest realizations for an interval: a tenth number is below the least of nine with a chance of 0.1."""

BEYOND = 1e-3
"""Part of a block that realizations may fill beyond its ore before they count as those of other units too."""


class Ore(NamedTuple):
    """Blocks with ore: which they are (blocks,), and volume in m³, density in t/m³ and grade of each (m,)."""

    used: np.ndarray
    volume: np.ndarray
    density: np.ndarray
    grade: np.ndarray


def ore_of(process: str, blocks: xr.Dataset, column: str, chosen: np.ndarray | None = None) -> Ore:
    """Blocks with ore of a known grade, of those `chosen` (blocks,) where that is given."""
    if column not in blocks.data_vars:
        known = ", ".join(map(str, list(blocks.data_vars)[:12]))
        raise ContractError(process, "column", f"a variable of the blocks: {known}", repr(column))
    share, density, grade = (
        cells_of(field_of(process, blocks, name), process=process, parameter="blocks")
        .astype(np.float64)
        .ravel()
        for name in (SHARE, DENSITY, column)
    )
    used = (share > 0) & np.isfinite(density) & np.isfinite(grade)
    if not used.any():
        raise ContractError(process, "blocks", "blocks with ore, density and grade", "none of them")
    used = used if chosen is None else used & chosen
    cell = float(np.prod(lattice_of(blocks, process=process, parameter="blocks").spacing))
    return Ore(used, share[used] / 100.0 * cell, density[used], grade[used])


def unit_of(blocks: xr.Dataset, column: str) -> str:
    """Unit of the grade, empty where it states none."""
    stated = str(blocks[column].attrs.get("units", ""))
    return physical.parse(stated) or stated


def limits_of(process: str, cutoffs: Sequence[float], ore: Ore) -> np.ndarray:
    """Cut-offs that are given, or even ones up to where little ore is left."""
    limits = np.array(cutoffs, dtype=np.float64)
    if limits.size:
        if (np.diff(limits) <= 0).any():
            raise ContractError(process, "cutoffs", "limits that rise", str(tuple(cutoffs)))
        return limits
    order = np.argsort(ore.grade)
    mass = np.cumsum((ore.volume * ore.density)[order])
    last = ore.grade[order][np.searchsorted(mass, 0.98 * mass[-1])]
    return np.linspace(0.0, float(last), CUTOFFS) if last > 0 else np.zeros(1)


def amounts_of(ore: Ore, limits: np.ndarray, unit: str) -> dict[str, np.ndarray]:
    """Volume, tonnage, grade and metal (limits,) of ore at or above each limit; of all ore at a limit 0."""
    order = np.argsort(ore.grade)
    # Kriging may give a poor block a grade below 0, which takes off what its neighbours have too much.
    least = np.where(limits > 0, limits * (1 - SINGLE), -np.inf)
    first = np.searchsorted(ore.grade[order], least, side="left")
    mass = ore.volume * ore.density
    volume, tonnes, content = (
        np.append(np.cumsum(one[order][::-1])[::-1], 0.0)[first]
        for one in (ore.volume, mass, mass * ore.grade)
    )
    grade = np.divide(content, tonnes, out=np.full(limits.size, np.nan), where=tonnes > 0)
    return {"volume": volume, "tonnage": tonnes / MEGATONNE, "grade": grade, "metal": content * _part(unit)}


def _part(unit: str) -> float:
    """Tonnes of metal in a tonne of ore at a grade of 1, NaN where the unit is not one of parts."""
    if not unit or not physical.compatible(unit, "1"):
        return float("nan")
    return physical.conversion(unit, "1")[0]


def add_interval(
    table: pd.DataFrame, means: np.ndarray | None, limits: np.ndarray, ore: Ore, unit: str
) -> None:
    """Add the ends of the intervals of tonnage, grade and metal; empty without realizations.

    `means` (realizations, blocks) are those of `realized_means`.
    """
    drawn = [] if means is None else [ore._replace(grade=one[ore.used]) for one in means]
    rows = [amounts_of(one, limits, unit) for one in drawn]
    for name in ("tonnage", "grade", "metal"):
        found = np.array([row[name] for row in rows])
        for end, tail in zip(("low", "high"), TAILS, strict=True):
            table[f"{name}_{end}"] = _quantile(found, tail) if rows else np.nan


def _quantile(values: np.ndarray, tail: float) -> np.ndarray:
    """Quantile (limits,) of the realizations that have a value; NaN where too few have."""
    found = np.full(values.shape[1], np.nan)
    for number, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        if known.size >= FEW:
            # Of n + 1 exchangeable numbers the share below the k-th of n is k / (n + 1).
            found[number] = np.quantile(known, tail, method="weibull")
    return found


def realized_means(
    process: str, blocks: xr.Dataset, column: str, realizations: xr.Dataset | None
) -> np.ndarray | None:
    """Mean grades (realizations, blocks) of the ore of blocks in an ensemble, where there is one."""
    if realizations is None:
        return None
    cells = _ensemble(process, realizations, column)
    same_system(process, "realizations", realizations, blocks)
    lattice = lattice_of(blocks, process=process, parameter="blocks")
    ore, name = ore_of(process, blocks, column), str(blocks.attrs.get("unit_name", ""))
    inside = _cells_of_unit(process, realizations, name)
    means, filled = (
        np.array(one)
        for one in zip(*(
            block_means(process, "realizations", one if inside is None else one.where(inside), lattice)
            for one in (cells.isel(realization=number) for number in range(cells.sizes["realization"]))
        ), strict=True)
    )  # fmt: skip
    known = np.isfinite(means[:, ore.used]).all(axis=0)
    if not known.all():
        raise ContractError(
            process, "realizations", "an ensemble with values in all blocks of ore",
            f"one without any in {known.size - known.sum():,} of {known.size:,}",
            hint="simulate the unit that the blocks are of, on the model that they come from",
        )  # fmt: skip
    share = ore.volume / float(np.prod(lattice.spacing))
    wide = int((filled[:, ore.used] > share + BEYOND).any(axis=0).sum())
    if wide and inside is None:
        raise ContractError(
            process, "realizations", f"an ensemble of the ore of the blocks, {name or 'one unit'}, only",
            f"one with values beyond it in {wide:,} blocks", hint="simulate with `units` of the ore only",
        )  # fmt: skip
    return means


def _cells_of_unit(process: str, realizations: xr.Dataset, name: str) -> xr.DataArray | None:
    """Which cells of an ensemble are of the unit `name`; none where the ensemble does not tell units."""
    if not name or UNIT not in realizations.data_vars:
        return None
    units = units_of(realizations, process=process, parameter="realizations")
    row = units.row(name)
    if row < 0:
        known = ", ".join(units.names[:12])
        raise ContractError(process, "realizations", f"an ensemble with the unit {name}", f"one of {known}")
    inside: xr.DataArray = realizations[UNIT] == units.codes[row]
    return inside


def _ensemble(process: str, realizations: xr.Dataset, column: str) -> xr.DataArray:
    if column not in realizations.data_vars or "realization" not in realizations[column].dims:
        known = ", ".join(map(str, list(realizations.data_vars)[:12]))
        allowed = f"an ensemble of {column}, as from property.simulation"
        raise ContractError(process, "realizations", allowed, f"a volume of {known}")
    if realizations.sizes["realization"] < FEW:
        came = str(realizations.sizes["realization"])
        allowed = f"{FEW} realizations or more, for an interval of 80 %"
        raise ContractError(process, "realizations", allowed, came)
    return realizations[column]
