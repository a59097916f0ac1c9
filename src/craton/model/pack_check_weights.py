"""Checks of how the parts of a criterion weigh: given weights, judgments of pairs, best and worst."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from craton.model.pack import Weights
from craton.model.pack_findings import Faults

LARGEST_RATIO = 0.1
"""Saaty's limit of the consistency ratio."""

RANDOM_INDEX = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
"""Saaty's mean consistency index of random judgments of 1 to 15 parts."""

BY_SCORES = frozenset({"entropy", "critic", "spread", "principal_components"})
"""Methods that weigh by the scores of the units."""


def check_weights(
    faults: Faults, weights: Weights, parts: tuple[str, ...], place: str, *, agreeing: bool = True
) -> None:
    """Note what is wrong with weights of `parts`; judgments that contradict each other where `agreeing`."""
    methods = weights.of if weights.method == "combined" else (weights.method,)
    if weights.method == "combined":
        faults.unless(
            len(set(methods)) == len(methods) >= 2, f"{place}.of", "it combines two or more different methods"
        )
    elif weights.of:
        faults.add(f"{place}.of", f"the method {weights.method} combines none", "write method = 'combined'")
    told: dict[str, object] = {
        "given": weights.values, "analytic_hierarchy": weights.judgments,
        "best_worst": weights.best_over or weights.over_worst,
    }  # fmt: skip
    for method, numbers in told.items():
        if numbers and method not in methods:
            faults.add(place, f"it tells numbers of the method {method}, which it does not use")
    if "given" in methods:
        _given(faults, weights.values, parts, f"{place}.values")
    if "analytic_hierarchy" in methods:
        _hierarchy(faults, weights.judgments, parts, f"{place}.judgments", agreeing=agreeing)
    if "best_worst" in methods:
        _best_worst(faults, weights, parts, place)
    if len(parts) < 2 and {"critic", "principal_components"} & set(methods):
        faults.add(place, "the methods critic and principal_components weigh two or more parts")


def _given(faults: Faults, values: Mapping[str, float], parts: tuple[str, ...], place: str) -> None:
    if not _for_each(faults, values, parts, place):
        return
    for name, value in values.items():
        faults.unless(value >= 0, f"{place}.{name}", f"a weight is at least 0, not {value:g}")
    faults.unless(sum(values.values()) > 0, place, "all weights are 0")


def _for_each(faults: Faults, told: Mapping[str, float], parts: tuple[str, ...], place: str) -> bool:
    """Whether there is one finite number for each part; notes where not."""
    before = len(faults.found)
    faults.unknown(place, told, parts, "part of the criterion")
    for name in parts:
        faults.unless(name in told, place, f"there is none for {name!r}")
    for name, value in told.items():
        faults.unless(bool(np.isfinite(value)), f"{place}.{name}", "it is no finite number")
    return len(faults.found) == before


def judgment_matrix(judgments: tuple[tuple[str, str, float], ...], parts: tuple[str, ...]) -> np.ndarray:
    """Reciprocal matrix (k, k) of judgments that are checked."""
    matrix = np.eye(len(parts))
    for first, second, value in judgments:
        row, column = parts.index(first), parts.index(second)
        matrix[row, column], matrix[column, row] = value, 1.0 / value
    return matrix


def _hierarchy(
    faults: Faults,
    judgments: tuple[tuple[str, str, float], ...],
    parts: tuple[str, ...],
    place: str,
    *,
    agreeing: bool,
) -> None:
    before = len(faults.found)
    most = len(RANDOM_INDEX)
    faults.unless(len(parts) <= most, place, f"pairs of at most {most} parts are judged, not {len(parts)}")
    faults.unknown(place, (name for pair in judgments for name in pair[:2]), parts, "part of the criterion")
    seen: set[frozenset[str]] = set()
    for first, second, value in judgments:
        pair = frozenset({first, second})
        faults.unless(len(pair) == 2, place, f"{first!r} is judged against itself")
        faults.unless(pair not in seen, place, f"{first} – {second} is judged twice")
        told = 1e-9 <= value <= 1e9
        faults.unless(told, place, f"{first} – {second}: a judgment is above 0, from 1/9 to 9, not {value:g}")
        seen.add(pair)
    for first, second in combinations(dict.fromkeys(parts), 2):
        if frozenset({first, second}) not in seen and len(parts) <= most:
            faults.add(place, f"{first} – {second} is not judged", "each pair is judged once")
    if agreeing and len(faults.found) == before and len(parts) > 2:
        _consistency(faults, judgments, judgment_matrix(judgments, parts), parts, place)


def _consistency(
    faults: Faults,
    judgments: tuple[tuple[str, str, float], ...],
    matrix: np.ndarray,
    parts: tuple[str, ...],
    place: str,
) -> None:
    """Note judgments that contradict each other too much, with the one to think about again."""
    ratio = consistency_ratio(matrix)
    if ratio <= LARGEST_RATIO:
        return
    repairs = []
    for first, second, value in judgments:
        row, column = parts.index(first), parts.index(second)
        fitting = _fitting(matrix, row, column)
        repaired = matrix.copy()
        repaired[row, column], repaired[column, row] = fitting, 1.0 / fitting
        apart = max(value / fitting, fitting / value)
        repairs.append((round(consistency_ratio(repaired), 9), -apart, first, second, value, fitting))
    after, _apart, first, second, value, fitting = min(repairs, key=lambda one: one[:2])
    faults.add(
        place, f"the judgments contradict each other: consistency ratio {ratio:.3f}, above {LARGEST_RATIO:g}",
        f"think again about {first} over {second}: {value:.3g} stands there, the others say {fitting:.3g}, "
        f"and so the ratio is {after:.3f}",
    )  # fmt: skip


def consistency_ratio(matrix: np.ndarray) -> float:
    """Saaty's ratio of a reciprocal matrix (k, k): ((λmax − k)/(k − 1))/RI."""
    count = len(matrix)
    if count < 3:
        return 0.0
    largest = float(np.linalg.eigvals(matrix).real.max())
    return max((largest - count) / (count - 1), 0.0) / RANDOM_INDEX[count - 1]


def _fitting(matrix: np.ndarray, row: int, column: int) -> float:
    """What the other judgments say of one pair (Harker 1987)."""
    left = matrix.copy()
    left[row, column] = left[column, row] = 0.0
    left[row, row] = left[column, column] = 2.0
    vector = principal_vector(left)
    return float(vector[row] / vector[column])


def principal_vector(matrix: np.ndarray) -> np.ndarray:
    """Eigenvector (k,) of the largest eigenvalue of a matrix of numbers of at least 0, itself at least 0."""
    values, vectors = np.linalg.eig(matrix)
    return np.asarray(np.abs(vectors[:, int(np.argmax(values.real))].real))


def _best_worst(faults: Faults, weights: Weights, parts: tuple[str, ...], place: str) -> None:
    over, under = weights.best_over, weights.over_worst
    known = [
        _for_each(faults, told, parts, f"{place}.{name}")
        for name, told in (("best_over", over), ("over_worst", under))
    ]
    if not all(known) or not parts:
        return
    if len(parts) < 2:
        faults.add(place, "a best and a worst are two parts or more")
        return
    low = [name for name in parts if over[name] < 1 or under[name] < 1]
    faults.unless(not low, place, f"values are at least 1; {', '.join(low[:5])} has less")
    best = min(parts, key=lambda name: over[name])
    worst = min((name for name in parts if name != best), key=lambda name: under[name])
    faults.unless(over[best] == 1, f"{place}.best_over", "the best part has 1, as it is the best itself")
    faults.unless(under[worst] == 1, f"{place}.over_worst", "the worst part has 1, as it is the worst itself")
    same = abs(over[worst] - under[best]) <= 1e-9 * max(over[worst], 1.0)
    faults.unless(
        same, place, f"how many times as important {best} is as {worst} is told twice and differs",
        f"best_over.{worst} = {over[worst]:g}, over_worst.{best} = {under[best]:g}",
    )  # fmt: skip
