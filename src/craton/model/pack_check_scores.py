"""Checks of scorings: what each method needs, in order and within 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from craton.model.pack import Score
from craton.model.pack_findings import Faults

SHAPES = {"triangle": 3, "trapezoid": 4, "gaussian": 2, "sigmoid": 2, "bell": 3}
"""Numbers that each shape of membership takes."""

FIELDS = {
    "linear": {"worst", "best"}, "target": {"target", "reach"}, "classes": {"bounds", "scores"},
    "piecewise": {"at", "scores"}, "membership": {"shape", "points"}, "as_it_is": set(),
}  # fmt: skip
"""What each method tells."""


def check_score(faults: Faults, score: Score, unit: str, direction: str, place: str) -> None:
    """Note what is wrong with the scoring of an indicator in `unit`."""
    before = len(faults.found)
    for name in ("worst", "best", "target", "reach", "bounds", "at", "scores", "shape", "points"):
        told = getattr(score, name)
        if told not in (None, (), "") and name not in FIELDS[score.method]:
            faults.add(f"{place}.{name}", f"the method {score.method} has none of it")
        numbers = told if isinstance(told, tuple) else (told,)
        for number in numbers:
            if isinstance(number, float) and not math.isfinite(number):
                faults.add(f"{place}.{name}", "it is no finite number")
    if len(faults.found) == before:
        _CHECKS[score.method](faults, score, direction, place)
    if score.method == "as_it_is":
        faults.unless(unit == "1", place, f"a score as it is has the unit 1, not {unit}")


def _linear(faults: Faults, score: Score, direction: str, place: str) -> None:
    worst, best = score.worst, score.best
    if worst is None and best is None:
        hint = "tell `worst` and `best`, or score by target, classes, piecewise or membership"
        faults.unless(
            direction != "target", place, "an indicator that is best at a target has no straight line", hint
        )
        return
    if worst is None or best is None:
        faults.add(place, "`worst` and `best` are both told or neither")
    elif worst == best:
        faults.add(place, "`worst` and `best` are two different numbers")
    elif direction != "target" and (best > worst) != (direction == "benefit"):
        said = "more is better" if direction == "benefit" else "less is better"
        faults.add(place, f"the direction {direction} says that {said}, `worst` and `best` say the opposite")


def _target(faults: Faults, score: Score, direction: str, place: str) -> None:
    faults.unless(score.target is not None, f"{place}.target", "it is missing")
    faults.unless(score.reach is None or score.reach > 0, f"{place}.reach", "it is above 0")
    faults.unless(
        direction == "target", place, f"a scoring by target belongs to the direction target, not {direction}"
    )


def _classes(faults: Faults, score: Score, direction: str, place: str) -> None:
    faults.unless(bool(score.bounds), f"{place}.bounds", "it is missing")
    _rising(faults, score.bounds, f"{place}.bounds")
    count = len(score.bounds) + 1
    faults.unless(
        len(score.scores) == count, f"{place}.scores",
        f"{len(score.bounds)} bounds part {count} classes, and there are {len(score.scores)} scores",
    )  # fmt: skip
    _within(faults, score.scores, direction, f"{place}.scores")


def _piecewise(faults: Faults, score: Score, direction: str, place: str) -> None:
    faults.unless(len(score.at) >= 2, f"{place}.at", "a line has two numbers or more")
    _rising(faults, score.at, f"{place}.at")
    faults.unless(
        len(score.scores) == len(score.at), f"{place}.scores",
        f"there are {len(score.at)} numbers and {len(score.scores)} scores",
    )  # fmt: skip
    _within(faults, score.scores, direction, f"{place}.scores")


def _membership(faults: Faults, score: Score, _direction: str, place: str) -> None:
    if not score.shape:
        faults.add(f"{place}.shape", "it is missing", f"one of {', '.join(SHAPES)}")
        return
    points, needed = score.points, SHAPES[score.shape]
    if len(points) != needed:
        faults.add(f"{place}.points", f"{needed} numbers for a {score.shape}, not {len(points)}")
        return
    if score.shape in {"triangle", "trapezoid"}:
        falling = any(other < one for one, other in pairwise(points))
        faults.unless(
            not falling and points[0] < points[-1], f"{place}.points", "they rise from foot to foot"
        )
    elif score.shape == "sigmoid":
        faults.unless(points[1] != 0, f"{place}.points", "the slope is not 0")
    else:
        faults.unless(min(points[1:]) > 0, f"{place}.points", "width and power are above 0")


def _as_it_is(_faults: Faults, _score: Score, _direction: str, _place: str) -> None:
    """There is nothing to tell."""


_CHECKS = {
    "linear": _linear, "target": _target, "classes": _classes, "piecewise": _piecewise,
    "membership": _membership, "as_it_is": _as_it_is,
}  # fmt: skip


def _rising(faults: Faults, numbers: Sequence[float], place: str) -> None:
    faults.unless(all(one < other for one, other in pairwise(numbers)), place, "the numbers rise")


def _within(faults: Faults, scores: Sequence[float], direction: str, place: str) -> None:
    outside = [one for one in scores if not 0 <= one <= 1]
    faults.unless(not outside, place, f"scores are from 0 to 1, not {outside[0]:g}" if outside else "")
    if len(scores) < 2 or direction == "target":
        return
    steps = [other - one for one, other in pairwise(scores)]
    against = max(steps) <= 0 > min(steps) if direction == "benefit" else min(steps) >= 0 < max(steps)
    said = "more is better" if direction == "benefit" else "less is better"
    faults.unless(
        not against, place, f"the direction {direction} says that {said}, the scores say the opposite"
    )
