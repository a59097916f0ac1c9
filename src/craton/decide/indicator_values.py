"""Indicators of the library computed on the rows of a table, and rolled up to larger units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.decide.criteria_table import COLUMNS, AnyTable, distinct, numbers, shown, with_results
from craton.decide.indicator_columns import inputs_of
from craton.model import units
from craton.model.errors import ContractError
from craton.model.indicator_library import library
from craton.model.indicators import Indicator
from craton.process.marks import ColumnOf
from craton.process.processes import process

COMPUTE, AGGREGATE = "indicator.compute", "indicator.aggregate"

EQUAL_AREA = "EPSG:6933"
"""System in which areas on the map are those on the ground."""

SLACK = 1e-9
"""Part of its size by which a number may be past a bound, as sums round."""

Language = Literal["en", "zh"]


class Values(NamedTuple):
    """Numbers (n,) of an indicator in its unit, NaN for a gap; how many were left out as they cannot be."""

    numbers: np.ndarray
    refused: int


@process(COMPUTE, version="1", keywords=("formula", "library", "evaluation", "classes", "指标"))
def compute(
    table: AnyTable,
    indicator: tuple[str, ...],
    *,
    columns: tuple[str, ...] = (),
    language: Language = "en",
) -> AnyTable:
    """Indicators of the library for each row of a table, by their formulas, with units checked.

    Use it to come from measured columns to the criteria of an evaluation. The library is listed at
    `/indicators` and by `craton indicators`.

    Parameters
    ----------
    table : DataFrame
        A row for each unit of evaluation, such as a parcel, cell, basin or district.
    indicator : tuple of str
        Identifiers in the library, such as `sodium_adsorption_ratio`.
    columns : tuple of str
        Where an input is called otherwise, `input=column`, or `indicator.input=column` for one indicator
        alone; `input=column [unit]` states the unit of a column that states none.
    language : str
        Of the names of classes.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and for each indicator a column of its name in its unit; with its
        classes, where the library has them, in a column `NAME_class`.

    Notes
    -----
    An input is the column that `columns` names, else the one called as the input (a unit in brackets after
    the name does not matter), else the only one of the quantity that the library states of this input alone.
    A column in another unit is converted; one without a unit is refused, unless the input is a pure number. A
    row with a gap in an input, or whose number is outside the bounds of the indicator, has a gap; both are
    counted in the title of the column. Classes are an example after the source that the library names: take
    the thresholds that hold where you are.

    References
    ----------
    OECD and Joint Research Centre (2008). Handbook on constructing composite indicators: methodology and user
    guide. OECD Publishing, Paris. doi:10.1787/9789264043466-en
    """
    chosen = _chosen(COMPUTE, indicator)
    result = table
    for id, one in chosen.items():
        values = inputs_of(COMPUTE, table, id, chosen, columns)
        result = _with_indicator(result, id, one, _bounded(one, _formula(one, values)), language)
    return result


@process(AGGREGATE, version="1", keywords=("roll up", "district", "summary", "area-weighted", "汇总"))
def aggregate(
    table: AnyTable,
    indicator: tuple[str, ...],
    group: Annotated[str, ColumnOf("table")],
    *,
    columns: tuple[str, ...] = (),
    area: Annotated[str, ColumnOf("table", numeric=True)] | None = None,
    language: Language = "en",
) -> AnyTable:
    """Indicators of larger units, such as districts, from the rows that lie in them, each by its own rule.

    Use it to bring parcels or cells to what is reported. A share or a ratio of a district is that of the
    sums of its parcels, which is not the mean of their ratios.

    Parameters
    ----------
    table : DataFrame
        A row for each small unit, with the inputs of the indicators, as for `indicator.compute`.
    indicator : tuple of str
        Identifiers in the library.
    group : str
        Column that says which larger unit a row lies in. Rows without one are a group of their own, the last.
    columns : tuple of str
        As for `indicator.compute`.
    area : str, optional
        Column of the area of each row, at least 0, for means by area; that of its polygon where left out.
    language : str
        Of the names of classes.

    Returns
    -------
    DataFrame
        A row for each group in the order of their names: the group, `rows` in it, and for each indicator a
        column of its name, `NAME_rows`, the rows that count, and `NAME_class` where it has classes.

    Notes
    -----
    The rule is the indicator's: the sum of the numbers; their mean; their mean weighted by area,
    Σ a v / Σ a; the formula of the sums of the inputs; the lowest; the highest; or the most frequent
    number, of several the lowest. One that cannot be brought to larger units is refused. Rows with a gap in
    an input do not count.

    References
    ----------
    Goodchild, M. F., and Lam, N. S.-N. (1980). Areal interpolation: a variant of the traditional spatial
    problem. Geo-Processing 1(3), 297-312.
    """
    chosen = _chosen(AGGREGATE, indicator)
    fixed = [id for id, one in chosen.items() if one.aggregate == "none"]
    if fixed:
        allowed = "indicators that can be brought to larger units"
        raise ContractError(AGGREGATE, "indicator", allowed, f"{shown(fixed)}, which cannot")
    codes, labels = _groups(table, group)
    weights = _areas(table, area) if any(one.aggregate == "area_mean" for one in chosen.values()) else None
    result = _group_table(group, labels, np.bincount(codes, minlength=len(labels)))
    for id, one in chosen.items():
        values = inputs_of(AGGREGATE, table, id, chosen, columns)
        found, count = _rolled_up(one, values, codes, len(labels), weights)
        result = _with_indicator(result, id, one, found, language)
        counted = {f"{id}_rows": (count, f"Rows that count for {one.title['en']}")}
        result = with_results(result, np.ones(len(result), bool), counted)
    return result


def _chosen(process: str, ids: tuple[str, ...]) -> dict[str, Indicator]:
    known = library()
    for id in distinct(process, "indicator", ids, what="indicators"):
        if id not in known:
            near = get_close_matches(id, known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "they are listed at /indicators"
            raise ContractError(process, "indicator", "indicators of the library", repr(id[:80]), hint=hint)
    return {id: known[id] for id in ids}


def _formula(one: Indicator, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Numbers of the formula in the unit of the indicator, for inputs in theirs."""
    stated = {name: given.unit for name, given in one.inputs.items()}
    expression = one.expression()
    return units.convert(expression.evaluate(values, stated), expression.unit(stated), one.unit)


def _bounded(one: Indicator, values: np.ndarray) -> Values:
    """`values` with a gap where they cannot be; those that rounding brought past a bound are at it."""
    low = -np.inf if one.lowest is None else one.lowest
    high = np.inf if one.highest is None else one.highest
    room = SLACK * np.maximum(1.0, np.abs(values))
    past = (values < low - room) | (values > high + room)
    return Values(np.where(past, np.nan, np.clip(values, low, high)), int(past.sum()))


def _with_indicator(
    table: pd.DataFrame, id: str, one: Indicator, values: Values, language: Language
) -> pd.DataFrame:
    """`table` with the numbers of an indicator, what is noted of them, and their classes."""
    whole = np.isfinite(values.numbers)
    beyond = f"; {values.refused} outside what can be" if values.refused else ""
    added = {id: (values.numbers[whole], one.title["en"] + beyond)}
    if one.classes:
        added[f"{id}_class"] = (_classes(one, values.numbers[whole], language), f"Class of {one.title['en']}")
    result = with_results(table, whole, added)
    note = result.attrs[COLUMNS][id] | {"unit": one.unit}
    measured = one.inputs.get(one.formula)
    known = {"quantity": measured.quantity} if measured and measured.quantity else {}
    result.attrs[COLUMNS][id] = note | known
    return result


def _classes(one: Indicator, values: np.ndarray, language: Language) -> np.ndarray:
    """Name of the class of each number (n,), empty below the first where that has a limit."""
    names = ["", *(each.title[language] for each in one.classes)]
    limits = [-np.inf if each.from_value is None else each.from_value for each in one.classes]
    return np.array(names, dtype=object)[np.searchsorted(limits, values, side="right")]


def _groups(table: pd.DataFrame, group: str) -> tuple[np.ndarray, list[str]]:
    """Number of the group of each row (n,), and names of the groups; the one without a name is the last."""
    codes, names = pd.factorize(table[group], sort=True)
    labels = [str(name) for name in names]
    if (codes < 0).any():
        labels.append("")
    return np.where(codes < 0, len(names), codes), labels


def _group_table(group: str, labels: list[str], rows: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({group: labels})
    return with_results(frame, np.ones(len(labels), bool), {"rows": (rows, "Rows of the group")})


def _areas(table: pd.DataFrame, area: str | None) -> np.ndarray:
    """Area of each row (n,), from its column or its polygon; only their ratios count."""
    if area is not None:
        found = numbers(table, area)
    elif isinstance(table, gpd.GeoDataFrame) and table.crs is not None:
        found = table.geometry.to_crs(EQUAL_AREA).area.to_numpy(np.float64)
    else:
        hint = "name the column of the area of each row"
        raise ContractError(
            AGGREGATE, "area", "given, or polygons in a reference system", "neither", hint=hint
        )
    if (found < 0).any() or not np.nansum(found) > 0:
        came = "one below 0" if (found < 0).any() else "none above 0"
        hint = "" if area else "name the column of the area of each row in `area`"
        raise ContractError(AGGREGATE, "area", "areas of at least 0, not all 0", came, hint=hint)
    return found


def _rolled_up(
    one: Indicator, values: Mapping[str, np.ndarray], codes: np.ndarray, count: int, areas: np.ndarray | None
) -> tuple[Values, np.ndarray]:
    """Numbers (g,) of the groups, and how many rows (g,) of each count."""
    if one.aggregate == "ratio_of_sums":
        whole = np.all([np.isfinite(each) for each in values.values()], axis=0)
        rows = np.bincount(codes[whole], minlength=count)
        sums = {name: _sum(codes[whole], each[whole], count) for name, each in values.items()}
        found = np.where(rows > 0, _formula(one, sums), np.nan)
        return _bounded(one, found), rows
    small = _bounded(one, _formula(one, values))
    weights = np.ones(codes.size) if one.aggregate != "area_mean" or areas is None else areas
    whole = np.isfinite(small.numbers) & np.isfinite(weights)
    rows = np.bincount(codes[whole], minlength=count)
    found = _RULES[one.aggregate](codes[whole], small.numbers[whole], weights[whole], count)
    return Values(np.where(rows > 0, found, np.nan), small.refused), rows


def _sum(codes: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(codes, weights=values, minlength=count)


def _mean(codes: np.ndarray, values: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    whole = _sum(codes, weights, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(_sum(codes, weights * values, count) / whole)


def _extreme(pick: np.ufunc, start: float) -> Callable[..., np.ndarray]:
    def rule(codes: np.ndarray, values: np.ndarray, _weights: np.ndarray, count: int) -> np.ndarray:
        found = np.full(count, start)
        pick.at(found, codes, values)
        return found

    return rule


def _most_frequent(codes: np.ndarray, values: np.ndarray, _weights: np.ndarray, count: int) -> np.ndarray:
    pairs, counts = np.unique(np.column_stack([codes, values]), axis=0, return_counts=True)
    # Of a group the most frequent comes first, and of several the lowest, for the sort is stable.
    order = np.lexsort((-counts, pairs[:, 0]))
    groups, first = np.unique(pairs[order, 0], return_index=True)
    found = np.full(count, np.nan)
    found[groups.astype(int)] = pairs[order][first, 1]
    return found


_RULES: dict[str, Callable[..., np.ndarray]] = {
    "sum": lambda codes, values, _weights, count: _sum(codes, values, count),
    "mean": _mean,
    "area_mean": _mean,
    "minimum": _extreme(np.minimum, np.inf),
    "maximum": _extreme(np.maximum, -np.inf),
    "majority": _most_frequent,
}
"""How the numbers of a group become one, by the word of the library."""
