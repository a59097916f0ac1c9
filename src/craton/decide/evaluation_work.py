"""An evaluation carried out on arrays: indicators, scores, grades, ranks, obstacles and rules of units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from craton.decide.evaluation_hierarchy import Weighed, weights_and_scores, whole_weights
from craton.decide.evaluation_plan import DIGITS, Plan
from craton.decide.evaluation_scores import (
    Units,
    indicator_scores,
    indicator_values,
    under_scenario,
)
from craton.kernels.criteria_ranking import weighted_sum
from craton.kernels.score_ranks import ranks
from craton.model.errors import InvalidError
from craton.model.pack import RuleTable
from craton.model.pack_conditions import condition
from craton.process import progress

NONE = -1
"""Place of a grade, an indicator or an answer where a unit has none."""


@dataclass(frozen=True)
class Work:
    """What came of an evaluation; (n,) are all units, (m,) those without a gap.

    Parameters
    ----------
    units : Units
        As they are under the scenario.
    values : mapping
        Numbers (n,) of each indicator.
    leaf_scores : array (n, k)
    whole : array (n,)
        Whether a unit has every score.
    weights : mapping
        Of the parts of each criterion.
    criteria : mapping
        Scores (m,) of each criterion.
    """

    plan: Plan
    units: Units
    values: Mapping[str, np.ndarray]
    leaf_scores: np.ndarray
    whole: np.ndarray
    weights: Mapping[str, Weighed]
    criteria: Mapping[str, np.ndarray]

    @property
    def score(self) -> np.ndarray:
        """Score (m,)."""
        return self.criteria[self.plan.pack.goal]

    @cached_property
    def whole_weights(self) -> dict[str, float]:
        """Weight of each criterion and leaf in the whole."""
        return whole_weights(self.plan, {id: one.weights for id, one in self.weights.items()})

    @cached_property
    def leaf_weights(self) -> np.ndarray:
        """Weight (k,) of each leaf in the whole."""
        return np.array([self.whole_weights[id] for id in self.plan.leaves])

    @cached_property
    def scored(self) -> np.ndarray:
        """Scores (m, k) of the units without a gap."""
        return self.leaf_scores if self.whole.all() else self.leaf_scores[self.whole]

    @cached_property
    def grades(self) -> np.ndarray:
        """Place (m,) of the grade of each unit."""
        return grades_of(self.score, self.plan.limits)

    @cached_property
    def ranks(self) -> np.ndarray:
        """Rank (m,), 1 the best."""
        return ranks(self.score)

    @cached_property
    def lack(self) -> np.ndarray:
        """What each leaf lacks (m,) to the best score, by its weight in the whole, added up."""
        return 1.0 - weighted_sum(self.scored, self.leaf_weights)

    @cached_property
    def limiting(self) -> np.ndarray:
        """Place (m,) of the leaf with the greatest obstacle, the first of equal ones; `NONE` without any."""
        best, place = np.zeros(len(self.score)), np.full(len(self.score), NONE)
        for column in range(len(self.plan.leaves)):
            # To 12 digits, so that equal lacks are equal whatever rounding did to them.
            obstacle = np.round(self.leaf_weights[column] * (1.0 - self.scored[:, column]), 12)
            place[obstacle > best] = column
            np.maximum(best, obstacle, out=best)
        return place

    def obstacle(self, column: int) -> np.ndarray:
        """Share (m,) of what is missing to the best score that is due to a leaf, 0 where nothing is."""
        lacks = self.leaf_weights[column] * (1.0 - self.scored[:, column])
        return np.where(self.lack > 1e-12, lacks / np.where(self.lack > 1e-12, self.lack, 1.0), 0.0)

    def contributions(self, rows: np.ndarray) -> np.ndarray:
        """What each leaf brings (r, k) to the score of some of the m units; they add up to it.

        w_j s_j; where scores are not put together by a weighted sum, brought in these shares to the score,
        or in those of the weights where all are 0.
        """
        brought = self.scored[rows] * self.leaf_weights
        brought = np.where(brought.any(axis=1, keepdims=True), brought, self.leaf_weights)
        return np.asarray(brought * (self.score[rows, None] / brought.sum(axis=1, keepdims=True)))

    def named(self, name: str) -> np.ndarray:
        """Numbers (n,) by the name that a condition or a worth has for them."""
        if name in self.values:
            return self.values[name]
        if name in self.units.numbers:
            return self.units.numbers[name]
        own = name.removeprefix("score_")
        if name != "score" and own in self.plan.leaves:
            return self.leaf_scores[:, self.plan.leaves.index(own)]
        return self.spread(self.score if name == "score" else self.criteria[own])

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values (m,) as (n,), NaN for units with a gap."""
        if self.whole.all():
            return values
        found = np.full(self.units.size, np.nan)
        found[self.whole] = values
        return found

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        """By decision table, the place (n,) of the answer of each unit, `NONE` where none is known."""
        return {id: _answers(self, id, table) for id, table in self.plan.pack.rules.items()}


def work(plan: Plan, given: Units) -> Work:
    """Carry out an evaluation.

    Raises
    ------
    InvalidError
        Where no unit has all it needs, or weights by scores cannot be found: with the place.
    """
    progress.report(0.0, "indicators")
    units = under_scenario(plan, given)
    values = indicator_values(plan, units)
    progress.report(0.1, "scores")
    leaf_scores = indicator_scores(plan, values)
    whole = np.isfinite(leaf_scores).all(axis=1)
    if not whole.any():
        gaps = np.isnan(leaf_scores).sum(axis=0)
        worst = sorted(zip(plan.leaves, gaps, strict=True), key=lambda one: -one[1])[:5]
        told = ", ".join(f"{id} in {count}" for id, count in worst)
        raise InvalidError(
            f"none of the {units.size} units has a number in every indicator; gaps: {told}",
            hint="look whether columns are empty, in another unit or out of bounds",
        )
    progress.report(0.2, "criteria")
    weighed, criteria = weights_and_scores(plan, leaf_scores if whole.all() else leaf_scores[whole])
    return Work(plan, units, values, leaf_scores, whole, weighed, criteria)


def grades_of(score: np.ndarray, limits: tuple[float, ...]) -> np.ndarray:
    """Place (n,) of the last grade that a score reaches."""
    found = np.searchsorted(np.array(limits), np.round(score, DIGITS), side="right") - 1
    return np.maximum(found, 0)


def _answers(done: Work, id: str, table: RuleTable) -> np.ndarray:
    """The first rule that holds answers; a unit of which a rule before it is not known has no answer."""
    names = list(table.answers)
    last = names.index(table.otherwise) if table.otherwise else NONE
    found, open_ = np.full(done.units.size, last), np.ones(done.units.size, bool)
    holding = np.zeros(done.units.size, np.int64)
    for rule in table.rules:
        told = holds(done, rule.when)
        holding += told == 1
        found[open_ & (told == 1)] = names.index(rule.then)
        found[open_ & np.isnan(told)] = NONE
        open_ &= told == 0
    if table.exclusive and (holding > 1).any():
        count = int((holding > 1).sum())
        raise InvalidError(f"rules.{id}: more than one rule holds in {count} units, the table is exclusive")
    return found


def holds(done: Work, text: str) -> np.ndarray:
    """1 for units (n,) of which a condition holds, 0 where not, NaN where it is not known."""
    asked = condition(text, done.plan.names.numbers, done.plan.names.words)
    numbers = {name: done.named(name) for name in asked.units if name not in asked.classes}
    told = asked.evaluate(numbers, done.units.words)
    return np.broadcast_to(told, done.units.size)
