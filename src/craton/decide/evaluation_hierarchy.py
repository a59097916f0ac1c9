"""The hierarchy of an evaluation: what the parts of each criterion weigh, and how their scores become one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from craton.decide import weighting_data
from craton.decide.evaluation_plan import Plan
from craton.kernels import criteria_balance, criteria_ranking
from craton.kernels.criteria_weights import best_worst, hierarchy
from craton.model.errors import InvalidError
from craton.model.pack import Criterion, Weights
from craton.model.pack_check_weights import judgment_matrix

BY_EACH_OTHER = frozenset({"topsis", "grey_relation"})
"""Ways of putting scores together that call the best of the units ideal, whatever its scores are."""


class Weighed(NamedTuple):
    """Weights (k,) of the parts of a criterion, and the consistency ratio of judgments, if there are any."""

    weights: np.ndarray
    consistency_ratio: float | None = None


def weights_and_scores(
    plan: Plan, leaf_scores: np.ndarray
) -> tuple[dict[str, Weighed], dict[str, np.ndarray]]:
    """Weights of the parts of each criterion, and scores (m,) of each, of leaves scored (m, k)."""
    weighed: dict[str, Weighed] = {}

    def weigh(id: str, parts: np.ndarray) -> np.ndarray:
        criterion = plan.criteria[id]
        if criterion.combine in BY_EACH_OTHER and (parts == parts[0]).all():
            said = f"all {len(parts)} units" if len(parts) > 1 else "the only unit"
            raise InvalidError(
                f"criteria.{id}.combine: {criterion.combine} judges units by each other, and the parts score "
                f"{said} alike", hint="judge units that differ, or combine by weighted_sum",
            )  # fmt: skip
        try:
            weighed[id] = weigh_parts(criterion.weights, criterion.parts, parts)
        except InvalidError as error:
            raise InvalidError(f"criteria.{id}.weights: {error.message}", hint=error.hint) from error
        return weighed[id].weights

    return weighed, criterion_scores(plan, leaf_scores, weigh)


def criterion_scores(
    plan: Plan, leaf_scores: np.ndarray, weigh: Callable[[str, np.ndarray], np.ndarray]
) -> dict[str, np.ndarray]:
    """Scores (m,) of each criterion; `weigh` tells the weights of its parts by its name and their scores."""
    place = {id: number for number, id in enumerate(plan.leaves)}
    found: dict[str, np.ndarray] = {}
    for id, criterion in plan.criteria.items():
        parts = np.column_stack(
            [found[part] if part in found else leaf_scores[:, place[part]] for part in criterion.parts]
        )
        found[id] = combined(criterion, parts, weigh(id, parts))
    return found


def combined(criterion: Criterion, parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Score (m,) of a criterion from the scores (m, p) of its parts."""
    match criterion.combine:
        case "weighted_sum":
            found = criteria_ranking.weighted_sum(parts, weights)
        case "weighted_product":
            found = criteria_ranking.weighted_product(parts, weights)
        case "ordered_weighted_average":
            found = criteria_ranking.ordered_average(parts, weights, criterion.power)
        case "limiting_factor":
            found = criteria_balance.limited(parts, weights, criterion.strictness)
        case "topsis":
            found = criteria_ranking.closeness(parts, weights, np.zeros(len(weights), bool))
        case "grey_relation":
            found = criteria_ranking.grey_relation(parts, weights, criterion.contrast)
        case "coupling_coordination":
            found = criteria_balance.coordination(parts, weights)
    return np.asarray(np.clip(found, 0.0, 1.0))


def weigh_parts(weights: Weights, parts: tuple[str, ...], scores: np.ndarray) -> Weighed:
    """Weights of `parts` that are scored (m, p)."""
    if len(parts) == 1:
        return Weighed(np.ones(1))
    methods = weights.of if weights.method == "combined" else (weights.method,)
    found = [_METHODS[method](weights, parts, scores) for method in methods]
    ratios = [one.consistency_ratio for one in found if one.consistency_ratio is not None]
    mean = np.mean([one.weights for one in found], axis=0)
    return Weighed(mean / mean.sum(), ratios[0] if ratios else None)


def _equal(_weights: Weights, parts: tuple[str, ...], _scores: np.ndarray) -> Weighed:
    return Weighed(np.full(len(parts), 1.0 / len(parts)))


def _given(weights: Weights, parts: tuple[str, ...], _scores: np.ndarray) -> Weighed:
    told = np.array([weights.values[part] for part in parts], dtype=np.float64)
    return Weighed(told / told.sum())


def _judged(weights: Weights, parts: tuple[str, ...], _scores: np.ndarray) -> Weighed:
    found = hierarchy(judgment_matrix(weights.judgments, parts))
    return Weighed(found.weights, found.consistency_ratio)


def _best_worst(weights: Weights, parts: tuple[str, ...], _scores: np.ndarray) -> Weighed:
    over, under = (
        np.array([told[part] for part in parts], dtype=np.float64)
        for told in (weights.best_over, weights.over_worst)
    )
    best = int(np.argmin(over))
    worst = min((at for at in range(len(parts)) if at != best), key=lambda at: under[at])
    found = best_worst(best, worst, over, under)
    return Weighed(found.weights, found.ratio)


def _by_scores(
    method: Callable[[pd.DataFrame, tuple[str, ...]], pd.DataFrame],
) -> Callable[[Weights, tuple[str, ...], np.ndarray], Weighed]:
    """Weights that one of the processes gives from the scores of the units."""

    def weighed(_weights: Weights, parts: tuple[str, ...], scores: np.ndarray) -> Weighed:
        table = pd.DataFrame(scores, columns=list(parts), copy=False)
        return Weighed(method(table, parts)["weight"].to_numpy(np.float64))

    return weighed


_METHODS: Mapping[str, Callable[[Weights, tuple[str, ...], np.ndarray], Weighed]] = {
    "equal": _equal,
    "given": _given,
    "analytic_hierarchy": _judged,
    "best_worst": _best_worst,
    "entropy": _by_scores(weighting_data.entropy),
    "critic": _by_scores(weighting_data.critic),
    "spread": _by_scores(weighting_data.spread),
    "principal_components": _by_scores(
        lambda table, parts: weighting_data.principal_components(table, parts).weights
    ),
}


def whole_weights(plan: Plan, weights: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Weight of each criterion and leaf in the whole: the product of those on the way down from the goal."""
    found = {plan.pack.goal: 1.0}
    for id in reversed(plan.criteria):
        for part, weight in zip(plan.criteria[id].parts, weights[id], strict=True):
            found[part] = found[id] * float(weight)
    return found
