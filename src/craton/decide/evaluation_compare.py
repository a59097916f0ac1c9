"""Two evaluations of the same units held side by side: who wins, who loses, and by how much."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, numbers, shown, stated, with_results
from craton.decide.evaluation_places import areas_of
from craton.decide.evaluation_tables import words
from craton.model.errors import ContractError
from craton.process.marks import Column, ColumnOf, Table
from craton.process.processes import process

COMPARE = "evaluation.compare"

EQUAL = 1e-9
"""Difference of two scores that rounding may make."""

AREAS = {
    "area": "Area of the units", "better_area": "Area of those with a higher score in the second",
    "worse_area": "Area of those with a lower score in the second",
}  # fmt: skip
"""Columns of areas and what they are called."""

EvaluatedTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="score", unit="1", title="Score"),
            Column(name="grade", title="Grade"),
            Column(name="grade_number", title="Grade, 1 the lowest"),
            Column(name="rank", title="Rank, 1 the best"),
        )
    ),
]

ChangeTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="first_grade", title="Grade in the first"),
            Column(name="second_grade", title="Grade in the second"),
            Column(name="units", unit="1", title="Units"),
            Column(name="share", unit="1", title="Part of all that have both"),
            Column(name="better", unit="1", title="Of these, units with a higher score in the second"),
            Column(name="worse", unit="1", title="Of these, units with a lower score in the second"),
            Column(name="mean_difference", unit="1", title="Mean difference of the score"),
        )
    ),
]


class Comparison(NamedTuple):
    """Units with both results, and how many changed from which grade to which."""

    units: AnyTable
    summary: ChangeTable


@process(COMPARE, version="1", keywords=("scenario", "difference", "winners", "losers", "情景对比"))
def compare(
    first: EvaluatedTable,
    second: EvaluatedTable,
    *,
    by: Annotated[str, ColumnOf("first")] | None = None,
) -> Comparison:
    """Two evaluations of the same units held side by side: who wins, who loses, and by how much.

    Use it for a scenario against things as they are, for two years, or for two sets of weights. Scores are
    only comparable where both come from the same pack, with thresholds that do not depend on the units.

    Parameters
    ----------
    first : DataFrame
        Units of `evaluation.table`.
    second : DataFrame
        The same units, evaluated otherwise.
    by : str, optional
        Column of both that names each unit once. Left out, the rows are the same units in the same order.

    Returns
    -------
    units : DataFrame
        The rows and columns of `first`; `first_score`, `second_score`, their `score_difference`,
        `first_grade`, `second_grade`, `grade_change` in grades, `rank_change` in places (above 0 is up), and
        `change`: better, worse or same, by the score.
    summary : DataFrame
        A row for each pair of grades that occurs, the greatest gains first. Units with a gap in one of the
        results are not counted. Where units of `first` are polygons with a place, `area`, `better_area` and
        `worse_area` are those of the units counted, in square metres.

    Notes
    -----
    Units of `first` that are not in `second` have gaps. Grades are called as in their own table and counted
    by their numbers, so `grade_change` says something where both have the same grades. Scores that differ by
    no more than 1e-9 are the same.
    """
    other = _matched(first, second, by)
    scores = [numbers(one, "score") for one in (first, other)]
    grades = [_grade_numbers(one) for one in (first, other)]
    names = [_grade_names(one) for one in (first, other)]
    difference = scores[1] - scores[0]
    difference = np.where(np.abs(difference) <= EQUAL, 0.0, difference)
    change = np.select([np.isnan(difference), difference > 0, difference < 0], [-1, 0, 1], 2)
    both = np.isfinite(difference) & np.isfinite(grades[0] + grades[1])
    ranks = [numbers(one, "rank") for one in (first, other)]
    whole = np.ones(len(first), bool)
    added: dict[str, tuple[Any, str]] = {
        "first_score": (scores[0], "Score in the first"),
        "second_score": (scores[1], "Score in the second"),
        "score_difference": (difference, "Score in the second less that in the first"),
        "first_grade": (_named(grades[0], names[0]), "Grade in the first"),
        "second_grade": (_named(grades[1], names[1]), "Grade in the second"),
        "grade_change": (_steps(grades[1] - grades[0]), "Grades up"),
        "rank_change": (_steps(ranks[0] - ranks[1]), "Places up"),
        "change": (words(change, ["better", "worse", "same"]), "Change of the score"),
    }
    units = with_results(first, whole, added)
    areas = areas_of(first)
    summary = _summary(
        difference[both], grades[0][both], grades[1][both], names, None if areas is None else areas[both]
    )
    return Comparison(units, summary)


def _matched(first: pd.DataFrame, second: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Rows of the second that belong to those of the first."""
    if by is None:
        if len(first) != len(second):
            allowed = f"a table of the same {len(first)} rows, or a column `by` that names the units"
            raise ContractError(COMPARE, "second", allowed, f"one of {len(second)}")
        return second
    if by not in second.columns:
        raise ContractError(COMPARE, "by", "a column of both tables", repr(by))
    for name, one in (("first", first), ("second", second)):
        twice = one[by][one[by].duplicated() & one[by].notna()]
        if len(twice):
            came = f"{shown(map(str, twice.unique()))} several times"
            raise ContractError(COMPARE, name, f"a table that names each unit once in `{by}`", came)
    keyed = second[["score", "grade", "grade_number", "rank"]].set_index(second[by])
    found = pd.DataFrame(keyed[keyed.index.notna()]).reindex(first[by])
    if found["score"].isna().all():
        raise ContractError(COMPARE, "second", f"a table with units of the first in `{by}`", "none of them")
    return found


def _grade_numbers(table: pd.DataFrame) -> np.ndarray:
    found = numbers(table, "grade_number")
    return np.where((found >= 1) & (found <= 1000), np.round(found), np.nan)


def _grade_names(table: pd.DataFrame) -> dict[int, str]:
    """Names of grades by their numbers, as the table itself calls them."""
    pairs = pd.DataFrame({"number": _grade_numbers(table), "name": table["grade"].to_numpy()})
    pairs = pairs.dropna().drop_duplicates("number")
    return {int(number): str(name) for number, name in pairs.itertuples(index=False)}


def _named(grades: np.ndarray, names: dict[int, str]) -> pd.api.extensions.ExtensionArray:
    listed = sorted(names)
    place = {float(number): at for at, number in enumerate(listed)}
    found = pd.Series(grades).map(place).fillna(-1).to_numpy(np.int64)
    return words(found, [names[number] for number in listed])


def _steps(change: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Whole numbers, missing where one of the two is."""
    gaps = np.isnan(change)
    found: pd.api.extensions.ExtensionArray = pd.arrays.IntegerArray(
        np.where(gaps, 0.0, np.round(change)).astype(np.int64), gaps
    )
    return found


def _summary(
    difference: np.ndarray, first: np.ndarray, second: np.ndarray, names: list[dict[int, str]],
    areas: np.ndarray | None,
) -> pd.DataFrame:  # fmt: skip
    better, worse = difference > 0, difference < 0
    ground = np.nan_to_num(np.zeros(len(difference)) if areas is None else areas)
    pairs = pd.DataFrame({
        "first": first, "second": second, "difference": difference, "better": better, "worse": worse,
        "area": ground, "better_area": ground * better, "worse_area": ground * worse,
    })  # fmt: skip
    told = pairs.groupby(["first", "second"], as_index=False).agg(
        units=("difference", "size"), better=("better", "sum"), worse=("worse", "sum"),
        mean_difference=("difference", "mean"), **{name: (name, "sum") for name in AREAS},
    )  # fmt: skip
    told["up"] = told["second"] - told["first"]
    told = told.sort_values(["up", "first"], ascending=[False, True])
    columns = {
        **{
            f"{which}_grade": [called.get(int(one), str(int(one))) for one in told[which]]
            for which, called in zip(("first", "second"), names, strict=True)
        },
        "units": told["units"].to_numpy(np.int64), "share": (told["units"] / max(len(pairs), 1)).to_numpy(),
        "better": told["better"].to_numpy(np.int64), "worse": told["worse"].to_numpy(np.int64),
        "mean_difference": told["mean_difference"].to_numpy(np.float64),
    }  # fmt: skip
    notes = {name: {"unit": "1"} for name in list(columns)[2:]}
    if areas is None:
        return stated(columns, notes)
    grounds = {name: told[name].to_numpy(np.float64) for name in AREAS}
    titles = {name: {"unit": "m2", "title": title} for name, title in AREAS.items()}
    return stated(columns | grounds, notes | titles)
