"""Words of an answer: scorings in a line, errors, and a text by which it is found."""

from __future__ import annotations

from craton.model.evaluation import Evaluation
from craton.model.pack import Attribute, Score


def scoring_words(score: Score, direction: str) -> str:
    """A scoring in one line, such as `linear from 8 (0) to 0 (1)`."""
    if score.method == "linear":
        return _linear(score, direction)
    if score.method == "target":
        reach = "the farthest of all units" if score.reach is None else f"{score.reach:g} away"
        return f"1 at {score.target or 0.0:g}, 0 at {reach}"
    if score.method == "classes":
        first, *others = (f"{one:g}" for one in score.scores)
        steps = [f"{one} from {bound:g}" for one, bound in zip(others, score.bounds, strict=True)]
        return ", ".join([f"classes: {first} below {score.bounds[0]:g}", *steps])
    if score.method == "piecewise":
        knots = (f"{at:g} ({one:g})" for at, one in zip(score.at, score.scores, strict=True))
        return f"straight between {', '.join(knots)}"
    points = ", ".join(f"{one:g}" for one in score.points)
    return f"{score.shape} of {points}" if score.method == "membership" else "a score as it is"


def _linear(score: Score, direction: str) -> str:
    if score.worst is not None and score.best is not None:
        return f"linear from {score.worst:g} (0) to {score.best:g} (1)"
    ends = "most (0) to the least (1)" if direction == "cost" else "least (0) to the most (1)"
    return f"linear from the {ends} of all units"


def error_words(one: Attribute) -> str:
    """The error of an attribute, such as `0.2 dS/m`."""
    error = one.error or 0.0
    return f"{100 * error:g} % of the number" if one.relative else f"{error:g} {one.unit}".removesuffix(" 1")


def answer_text(told: Evaluation) -> str:
    """Plain text by which an answer is found."""
    lines = [*told.title.values(), *told.question.values()]
    lines += [f"{one.title.get('en', '')}: {one.count} ({100 * one.share:.1f} %)" for one in told.grades]
    lines += [f"{one.title.get('en', one.id)} {one.title.get('zh', '')}".strip() for one in told.indicators]
    return "\n".join(lines)
