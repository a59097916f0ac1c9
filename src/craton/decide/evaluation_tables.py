"""Results of an evaluation as tables: units with scores, weights, and where each score comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from craton.decide.criteria_table import COLUMNS, stated, with_results
from craton.decide.evaluation_answer import Result
from craton.decide.evaluation_data import Found
from craton.decide.evaluation_work import NONE, Work
from craton.model.languages import in_english

EXPLAINED = 2_000
"""Best units whose scores are explained."""


TITLES = "titles"
"""Key of `attrs`: what a result is called, by language."""


def english(title: Mapping[str, str], id: str) -> str:
    """Words of a title in English."""
    return title.get("en") or id


def units_table(table: pd.DataFrame, result: Result) -> pd.DataFrame:
    """The rows of a table with everything that came of them."""
    done, pack = result.done, result.done.plan.pack
    added = {name: (values, title) for name, values, title, _unit in columns_of(result)}
    found = with_results(table, np.ones(done.units.size, bool), added)
    notes = found.attrs[COLUMNS]
    for id, one in done.plan.indicators.items():
        notes[id]["unit"] = one.unit
    gaps = done.units.size - int(done.whole.sum())
    if gaps:
        notes["score"]["title"] += f"; {gaps} of {done.units.size} units have a gap in an indicator and none"
    found.attrs["pack"] = f"{pack.id} {pack.version}"
    found.attrs[TITLES] = done.plan.titles
    return found


def columns_of(result: Result) -> Iterator[tuple[str, Any, str, str]]:
    """Name, values (n,), title and unit of each column of the result."""
    done, pack = result.done, result.done.plan.pack
    for id, one in done.plan.indicators.items():
        yield id, done.values[id], english(one.title, id), one.unit
    for column, id in enumerate(done.plan.leaves):
        title = english(done.plan.indicators[id].title, id)
        yield f"score_{id}", done.leaf_scores[:, column], f"Score: {title}", "1"
    for id, values in done.criteria.items():
        if id != pack.goal:
            title = english(done.plan.criteria[id].title, id)
            yield f"score_{id}", done.spread(values), f"Score: {title}", "1"
    yield "score", done.spread(done.score), f"Score: {english(pack.title, pack.id)}", "1"
    grades = [english(one.title, "") for one in pack.grades]
    places = all_units(done, done.grades)
    yield "grade", words(places, grades), "Grade", ""
    numbers = whole_numbers(np.where(places == NONE, NONE, places + 1))
    yield "grade_number", numbers, "Grade, 1 the lowest", "1"
    yield "rank", whole_numbers(all_units(done, done.ranks)), "Rank, 1 the best", "1"
    leaves = list(done.plan.leaves)
    limiting = words(all_units(done, done.limiting), leaves)
    yield "limiting", limiting, "Indicator with the greatest obstacle", ""
    for id, answers in done.answers.items():
        yield id, words(answers, list(pack.rules[id].answers)), english(pack.rules[id].title, id), ""
    yield from _draws(result)
    if result.further.efficiency is not None:
        yield "efficiency", result.further.efficiency, "Efficiency, 1 on the frontier", "1"
    for id, uses in result.further.uses.items():
        names = list(pack.problems[id].uses)
        yield id, words(uses.places, names), english(pack.problems[id].title, id), ""


def _draws(result: Result) -> Iterator[tuple[str, Any, str, str]]:
    robust, done = result.robust, result.done
    if robust is None:
        return
    told = f"of {robust.draws} draws"
    top = f"{100 * done.plan.pack.uncertainty.top:g} %"
    yield "grade_probability", done.spread(robust.kept), f"Part {told} that keep the grade", "1"
    yield "best_rank", whole_numbers(all_units(done, robust.best)), f"Best rank {told}", "1"
    yield "worst_rank", whole_numbers(all_units(done, robust.worst)), f"Worst rank {told}", "1"
    yield "first_probability", done.spread(robust.first), f"Part {told} in which it comes first", "1"
    yield "top_probability", done.spread(robust.top), f"Part {told} in which it is in the first {top}", "1"


def all_units(done: Work, places: np.ndarray) -> np.ndarray:
    """Places (m,) as (n,), `NONE` for units with a gap."""
    found = np.full(done.units.size, NONE, np.int64)
    found[done.whole] = places
    return found


def words(places: np.ndarray, names: list[str]) -> pd.api.extensions.ExtensionArray:
    """Names by their places (n,), missing where there is none."""
    found: pd.api.extensions.ExtensionArray = pd.array(
        np.array([*names, None], dtype=object)[places], dtype="string"
    )
    return found


def whole_numbers(values: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Whole numbers (n,), missing where there is none."""
    found: pd.api.extensions.ExtensionArray = pd.arrays.IntegerArray(values.astype(np.int64), values == NONE)
    return found


def weights_table(done: Work) -> pd.DataFrame:
    """What each part weighs beside its sisters and in the whole, and how that was found."""
    rows = [
        (id, part, "criterion" if part in done.plan.criteria else "indicator", weight,
         done.whole_weights[part], one.weights.method, in_english(one.weights.source),
         np.nan if done.weights[id].consistency_ratio is None else done.weights[id].consistency_ratio)
        for id, one in reversed(done.plan.criteria.items())
        for part, weight in zip(one.parts, done.weights[id].weights, strict=True)
    ]  # fmt: skip
    names = ("criterion", "part", "kind", "weight", "whole_weight", "method", "source", "consistency_ratio")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    notes = {name: {"unit": "1"} for name in ("weight", "whole_weight", "consistency_ratio")}
    found = stated(columns, notes)
    found.attrs[TITLES] = done.plan.titles
    return found


def contributions_table(result: Result) -> pd.DataFrame:
    """What each indicator brings to the score of the best units, down to the numbers it was made of."""
    done = result.done
    best = np.argsort(done.ranks, kind="stable")[:EXPLAINED]
    rows = np.flatnonzero(done.whole)[best]
    count, leaves = len(best), done.plan.leaves
    obstacles = np.column_stack([done.obstacle(column)[best] for column in range(len(leaves))])
    labels = [result.places.label(int(row)) for row in rows]
    columns = {
        "row": np.repeat(rows + 1, len(leaves)),
        "label": np.repeat(np.array(labels, dtype=object), len(leaves)),
        "indicator": np.tile(np.array(leaves, dtype=object), count),
        "value": np.column_stack([done.values[id][rows] for id in leaves]).ravel(),
        "unit": np.tile(np.array([done.plan.indicators[id].unit for id in leaves], dtype=object), count),
        "score": done.scored[best].ravel(),
        "weight": np.tile(done.leaf_weights, count),
        "contribution": done.contributions(best).ravel(),
        "obstacle": obstacles.ravel(),
        "from": np.column_stack([_made_of(result, id, rows) for id in leaves]).ravel(),
    }
    notes = {name: {"unit": "1"} for name in ("score", "weight", "contribution", "obstacle")}
    told = f"; the first {count} of {len(done.score)} units by rank"
    notes["contribution"]["title"] = f"What it brings to the score{told}"
    found = stated(columns, notes)
    found.attrs[TITLES] = done.plan.titles
    return found


def _made_of(result: Result, id: str, rows: np.ndarray) -> np.ndarray:
    """The attributes that an indicator comes from, with their numbers in some rows, in words."""
    done = result.done
    told = [_cells(done, name, result.found[name], rows) for name in _attributes(done, id)]
    return np.array(["; ".join(parts) for parts in zip(*told, strict=True)] or [""] * len(rows), dtype=object)


def _attributes(done: Work, id: str) -> list[str]:
    """Attributes that an indicator comes from, directly or by others, in the order of its inputs."""
    found: dict[str, None] = {}
    waiting = [id]
    while waiting:
        for source in done.plan.indicators[waiting.pop()].inputs.values():
            if source in done.plan.pack.attributes:
                found[source] = None
            else:
                waiting.append(source)
    return list(found)


def _cells(done: Work, name: str, found: Found, rows: np.ndarray) -> list[str]:
    unit = done.plan.pack.attributes[name].unit
    unit = "" if unit == "1" else f" {unit}"
    changed = done.plan.scenario and name in done.plan.pack.scenarios[done.plan.scenario].set
    where = f"column {found.column}" if found.column else "no column"
    where += ", changed by the scenario" if changed else ""
    return [f"{name} = {value:.6g}{unit} [{where}]" for value in done.units.numbers[name][rows]]
