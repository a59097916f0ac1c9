"""Geochemistry, indices: enrichment over a background, and several elements in one number."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd

from craton.methods.geochemistry_columns import (
    AnyTable,
    Cells,
    NumberColumns,
    chosen,
    complete,
    in_one_unit,
    numbers,
    unit_of,
    with_columns,
)
from craton.methods.geochemistry_reference import Composition, level_of
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf
from craton.process.processes import process

ENRICHMENT, ACCUMULATION, ASSOCIATION = (
    "geochemistry.enrichment_factor",
    "geochemistry.geoaccumulation",
    "geochemistry.association_index",
)

MULLER = 1.5
"""Natural variation of a background that Müller's index allows for."""


@process(ENRICHMENT, version="1", keywords=("EF", "background", "pollution", "crust", "富集系数"))
def enrichment_factor(
    table: AnyTable,
    reference: Annotated[str, ColumnOf("table", numeric=True)],
    background: AnyTable | None = None,
    *,
    columns: NumberColumns = (),
    composition: Composition = "upper_crust",
) -> AnyTable:
    """How many times an element is enriched over a background, each by a steady reference element.

    Use it to part what came into soils and sediments from what they are made of. Dilution by quartz or
    carbonate cancels out. Its worth stands with the background: one of the survey itself, such as deep
    soil, is better than the mean of the crust.

    Parameters
    ----------
    table : DataFrame
        Analyses.
    reference : str
        Column of an element that is neither added nor lost: Al, Ti, Zr, Sc.
    background : DataFrame, optional
        One row of background values, its columns named as those of `table`. Where left out,
        `composition`.
    columns : tuple of str
        Numeric columns; empty for all concentrations that the background tells.
    composition : str
        Background that comes with the package: `upper_crust` (Rudnick and Gao 2003), `paas` (Taylor and
        McLennan 1985), or another of its compositions.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and `ef_NAME`: 1 as in the background. Where the background does
        not tell some concentrations, `without_background` names them.

    Notes
    -----
    EF = (x/r) / (x_b/r_b) with the reference element r and the background b. Missing where one of them is,
    or where r is not above 0. The compositions of the package tell total iron: FeO is taken as that where no
    Fe2O3 stands beside it, and has no background where one does.

    References
    ----------
    Reimann, C., and de Caritat, P. (2005). Distinguishing between natural and anthropogenic sources for
    elements in the environment: regional geochemical surveys versus enrichment factors. Science of the Total
    Environment 337, 91-107. doi:10.1016/j.scitotenv.2004.06.011

    Rudnick, R. L., and Gao, S. (2003). Composition of the continental crust. Treatise on Geochemistry 3,
    1-64. doi:10.1016/B0-08-043751-6/03016-4
    """
    levels = _levels(ENRICHMENT, table, background, columns, composition, also=reference)
    steady = numbers(table, reference)
    ratio = np.where(steady > 0, steady, np.nan) / levels[reference]
    added: dict[str, tuple[Cells, dict[str, str]]] = {
        f"ef_{name}": (numbers(table, name) / level / ratio, {"unit": "1", "title": f"Enrichment of {name}"})
        for name, level in levels.items()
        if name != reference
    }
    if not added:
        raise ContractError(ENRICHMENT, "columns", "another column than the reference", reference)
    return with_columns(table, added | _without(ENRICHMENT, table, columns, levels))


def _levels(
    id: str,
    table: pd.DataFrame,
    background: pd.DataFrame | None,
    columns: tuple[str, ...],
    composition: str,
    *,
    also: str = "",
) -> dict[str, float]:
    """Background of each column in its own unit; `ContractError` where a named one has none."""
    names = dict.fromkeys((*chosen(id, table, columns), *([also] if also else [])))
    found = {}
    for name in names:
        level = (
            _given(id, table, background, name)
            if background is not None
            else level_of(composition, table, name)
        )
        if level > 0:
            found[name] = level
    needed = [name for name in (*columns, also) if name and name not in found]
    if needed or not found:
        parameter = "background" if background is not None else "composition"
        allowed = f"one that tells {', '.join(needed) or 'any of the columns'}, which state their unit"
        raise ContractError(
            id, parameter, allowed, "one without" if parameter == "background" else composition
        )
    return found


def _given(id: str, table: pd.DataFrame, background: pd.DataFrame, name: str) -> float:
    """Value of a table of one row, in the unit of column `name`; NaN where it is not there."""
    if len(background) != 1:
        raise ContractError(id, "background", "a table of one row", f"one of {len(background)}")
    if name not in background.columns or not pd.api.types.is_numeric_dtype(background[name]):
        return np.nan
    own, other = unit_of(table, name), unit_of(background, name)
    if bool(own) != bool(other) or (own and not units.compatible(own, other)):
        came = f"it in {other or 'no stated unit'}"
        raise ContractError(id, "background", f"{name} in {own or 'no unit, as in `table`'}", came)
    value = float(numbers(background, name)[0])
    return float(units.convert(value, other, own)) if own else value


def _without(
    id: str, table: pd.DataFrame, columns: tuple[str, ...], levels: dict[str, float]
) -> dict[str, tuple[Cells, dict[str, str]]]:
    """Column that names in each row the concentrations that have no background; none where all have."""
    names = [name for name in chosen(id, table, columns) if name not in levels]
    if not names:
        return {}
    cells = np.full(len(table), ", ".join(names), dtype=object)
    return {"without_background": (cells, {"title": "Concentrations without a background"})}


@process(ACCUMULATION, version="1", keywords=("Igeo", "Müller", "pollution", "sediment", "地累积指数"))
def geoaccumulation(
    table: AnyTable,
    background: AnyTable | None = None,
    *,
    columns: NumberColumns = (),
    composition: Composition = "paas",
) -> AnyTable:
    """Index of geoaccumulation (Müller): how far an element is above its background, in steps of two.

    Use it to compare the state of sediments and soils with other places that give the same index. It takes
    no account of grain size or dilution; `geochemistry.enrichment_factor` does.

    Parameters
    ----------
    table : DataFrame
        Analyses.
    background : DataFrame, optional
        One row of background values, its columns named as those of `table`. Where left out,
        `composition`.
    columns : tuple of str
        Numeric columns; empty for all concentrations that the background tells.
    composition : str
        Background that comes with the package, such as `paas` or `upper_crust`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, `igeo_NAME`, and `igeo_class_NAME` from 0 (not polluted) to 6.
        Where the background does not tell some concentrations, `without_background` names them.

    Notes
    -----
    I = log₂(x / (1.5 b)). Class 0 is I ≤ 0, class 6 is I > 5, and those between are one step each. Missing
    where x is not above 0.

    References
    ----------
    Müller, G. (1979). Schwermetalle in den Sedimenten des Rheins: Veränderungen seit 1971. Umschau 79,
    778-783.
    """
    added: dict[str, tuple[Cells, dict[str, str]]] = {}
    levels = _levels(ACCUMULATION, table, background, columns, composition)
    for name, level in levels.items():
        values = numbers(table, name)
        there = values > 0
        index = np.full(values.size, np.nan)
        index[there] = np.log2(values[there] / (MULLER * level))
        grade = pd.array(np.clip(np.ceil(np.where(there, index, 0.0)), 0, 6).astype(np.int64), dtype="Int64")
        grade[~there] = pd.NA
        added[f"igeo_{name}"] = (index, {"unit": "1", "title": f"Geoaccumulation of {name}"})
        added[f"igeo_class_{name}"] = (grade, {"title": f"Class of geoaccumulation of {name}"})
    return with_columns(table, added | _without(ACCUMULATION, table, columns, levels))


@process(ASSOCIATION, version="1", keywords=("additive index", "multi-element", "pathfinder", "组合异常"))
def association_index(
    table: AnyTable,
    columns: NumberColumns,
    *,
    against: NumberColumns = (),
    weights: tuple[Annotated[float, Bounds(minimum=-100, maximum=100)], ...] = (),
    method: Literal["standardised", "balance"] = "standardised",
    name: str = "index",
) -> AnyTable:
    """Several elements of one association in one number for each sample.

    Use it to map a kind of ore or rock by its companions: what is weak in each can be clear in their sum.
    The choice of elements is the model; take it from `geochemistry.factors` or the kind of deposit.

    Parameters
    ----------
    table : DataFrame
        Analyses; rows with an element missing have no index.
    columns : tuple of str
        Numeric columns of the association.
    against : tuple of str
        With `balance`, the columns that it is held against, such as those of the rock.
    weights : tuple of float
        With `standardised`, the weight of each column; empty for 1. A negative one counts against.
    method : str
        `standardised`: the weighted mean of logarithms, each less its median and over its scaled median
        absolute deviation. `balance`: the log-ratio of the geometric means of `columns` and `against`.
    name : str
        Name of the column of the result.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and the index: 0 in the middle with `standardised`.

    Notes
    -----
    standardised: Σ w z / Σ |w|. balance: √(rs/(r+s)) · ln(g₊/g₋) of r and s columns (Egozcue and
    Pawlowsky-Glahn 2005).

    References
    ----------
    Egozcue, J. J., and Pawlowsky-Glahn, V. (2005). Groups of parts and their balances in compositional data
    analysis. Mathematical Geology 37(7), 795-828. doi:10.1007/s11004-005-7381-9

    Garrett, R. G., and Grunsky, E. C. (2001). Weighted sums: knowledge based empirical indices for use in
    exploration geochemistry. Geochemistry: Exploration, Environment, Analysis 1(2), 135-141.
    doi:10.1144/geochem.1.2.135
    """
    names = chosen(ASSOCIATION, table, columns)
    if not name.strip():
        raise ContractError(ASSOCIATION, "name", "the name of a column", repr(name))
    index = _balance(table, names, against) if method == "balance" else _standardised(table, names, weights)
    return with_columns(table, {name.strip(): (index, {"unit": "1"})})


def _balance(table: pd.DataFrame, names: tuple[str, ...], against: tuple[str, ...]) -> np.ndarray:
    if not against or set(against) & set(names):
        raise ContractError(
            ASSOCIATION, "against", "other columns than `columns`", ", ".join(against) or "none"
        )
    every = (*names, *against)
    parts = in_one_unit(ASSOCIATION, table, every).values
    whole = complete(ASSOCIATION, every, parts, least=1)
    logs = np.log(np.where(whole[:, None], parts, np.nan))
    up, down = len(names), len(against)
    ratio = logs[:, :up].mean(axis=1) - logs[:, up:].mean(axis=1)
    return np.asarray(np.sqrt(up * down / (up + down)) * ratio)


def _standardised(table: pd.DataFrame, names: tuple[str, ...], weights: tuple[float, ...]) -> np.ndarray:
    from craton.kernels.robust_scale import median_deviation

    if weights and (len(weights) != len(names) or not any(weights)):
        allowed = f"{len(names)} weights, one for each column, not all 0"
        raise ContractError(ASSOCIATION, "weights", allowed, str(weights))
    parts = np.column_stack([numbers(table, one) for one in names])
    complete(ASSOCIATION, names, parts, least=3)
    shares = np.array(weights or (1.0,) * len(names))
    total = np.zeros(len(parts))
    for one, values, share in zip(names, np.log(parts).T, shares, strict=True):
        middle, spread = median_deviation(values[np.isfinite(values)])
        if spread == 0:
            raise ContractError(ASSOCIATION, "columns", "columns of which half the values differ", one)
        total += share * (values - middle) / spread
    return total / float(np.abs(shares).sum())
