"""Weights of a pack that need no data: equal, given, and by judgments of pairs."""

from __future__ import annotations

from typing import NamedTuple

from craton.model.pack import Criterion, Pack
from craton.model.pack_check_weights import (
    check_weights,
    consistency_ratio,
    judgment_matrix,
    principal_vector,
)
from craton.model.pack_findings import Faults


class ToldWeights(NamedTuple):
    """Weights by part, adding up to 1, where they can be told; the consistency ratio of judgments."""

    weights: dict[str, float]
    ratio: float | None = None


def told_weights(criterion: Criterion) -> ToldWeights:
    """Weights of the parts of a criterion; none where data decide, or what is told has faults.

    Judgments that contradict each other too much have weights too, so that a page can show what they say.
    """
    parts, told = criterion.parts, criterion.weights
    if not parts:
        return ToldWeights({})
    if told.method == "equal":
        return ToldWeights(dict.fromkeys(parts, 1.0 / len(parts)))
    faults = Faults()
    check_weights(faults, told, parts, "", agreeing=False)
    if faults.found:
        return ToldWeights({})
    if told.method == "given":
        return ToldWeights({part: told.values[part] / sum(told.values.values()) for part in parts})
    if told.method != "analytic_hierarchy":
        return ToldWeights({})
    matrix = judgment_matrix(told.judgments, parts)
    vector = principal_vector(matrix)
    weights = (vector / vector.sum()).tolist()
    return ToldWeights(dict(zip(parts, weights, strict=True)), consistency_ratio(matrix))


def whole_weights(pack: Pack) -> dict[str, float]:
    """Weight in the whole of each criterion and indicator below the goal, where all above it are told."""
    found, waiting = dict[str, float](), [(pack.goal, 1.0)]
    while waiting:
        id, weight = waiting.pop()
        if id in found:  # a part of two criteria, or of itself: a fault that the checks tell
            continue
        found[id] = weight
        if id in pack.criteria:
            waiting += [(part, weight * own) for part, own in told_weights(pack.criteria[id]).weights.items()]
    return found
