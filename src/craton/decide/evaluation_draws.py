"""How sure grades and ranks are: an evaluation repeated over drawn weights and over errors of the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from craton.decide.evaluation_hierarchy import criterion_scores, whole_weights
from craton.decide.evaluation_scores import indicator_values, scored
from craton.decide.evaluation_work import Work
from craton.kernels import score_draws as kernel
from craton.kernels.rank_acceptability import drawn_weights
from craton.model.errors import InvalidError
from craton.process import progress

MOST_WORK = 200_000_000
"""Units times draws above which fewer draws are made, where each has to work out the whole evaluation."""

FEWEST = 20
"""Draws that are made in any case."""

AT_ONCE = 128
"""Draws after which progress is told."""


class Robust(NamedTuple):
    """What draws say of the units (m,) without a gap.

    `asked` are the draws that were wanted, `draws` those that were made; `kept`, `first` and `top` are the
    parts of them in which a unit keeps its grade, comes first, and is among the top. `best` and `worst` are
    its extreme ranks in them and in the evaluation itself.
    """

    draws: int
    asked: int
    kept: np.ndarray
    first: np.ndarray
    top: np.ndarray
    best: np.ndarray
    worst: np.ndarray


def errors_of(done: Work) -> tuple[str, ...]:
    """Attributes that state an error, in the order of the pack."""
    return tuple(id for id, one in done.plan.pack.attributes.items() if one.error is not None)


def is_linear(done: Work) -> bool:
    """Whether the score is a weighted sum of the scores of the indicators, which do not change."""
    return not errors_of(done) and all(one.combine == "weighted_sum" for one in done.plan.criteria.values())


def robust(done: Work, draws: int, seed: int) -> Robust | None:
    """What draws say; none without any."""
    if draws < 1:
        return None
    count, asked = len(done.score), draws
    limits = np.array([*done.plan.limits, np.inf])
    low, high = limits[done.grades], limits[done.grades + 1]
    top = max(int(np.ceil(round(done.plan.pack.uncertainty.top * count, 6))), 1)
    random = np.random.default_rng(seed)
    if is_linear(done):
        found = kernel.added_up(
            kernel.counted(done.scored, weights, low, high, top)
            for weights in _whole_weights(done, draws, random)
        )
    else:
        draws = min(draws, max(MOST_WORK // max(done.units.size, 1), FEWEST))
        found = kernel.no_counts(count)
        for score in _scores(done, draws, random):
            kernel.count_draw(found, score, low, high, top)
    kept, first, top_ = (one / draws for one in (found.kept, found.first, found.top))
    # Few draws may miss the rank that counts, and ranks by steps are coarser than it.
    best, worst = np.minimum(found.best, done.ranks), np.maximum(found.worst, done.ranks)
    return Robust(draws, asked, kept, first, top_, best, worst)


def _weights(done: Work, draws: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights (draws, p) of the parts of each criterion, drawn around those in use."""
    spread = done.plan.pack.uncertainty.spread
    return {
        id: drawn_weights(one.weights.size, draws, random, one.weights, min(spread, 1.0 - 1e-9))
        for id, one in done.weights.items()
    }


def _whole_weights(done: Work, draws: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Weights (m, k) of the leaves in the whole, some draws at a time."""
    drawn = _weights(done, draws, random)
    for start in range(0, draws, AT_ONCE):
        progress.report(0.3 + 0.6 * start / draws, "draws over weights")
        several = range(start, min(start + AT_ONCE, draws))
        told = [whole_weights(done.plan, {id: one[draw] for id, one in drawn.items()}) for draw in several]
        yield np.array([[one[leaf] for leaf in done.plan.leaves] for one in told])


def _scores(done: Work, draws: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Scores (m,) of each draw over weights and data; a unit that data errors leave no score has 0."""
    drawn = _weights(done, draws, random)
    for draw in range(draws):
        progress.report(0.3 + 0.6 * draw / draws, "draws over weights and data")
        leaves = _with_errors(done, random) if errors_of(done) else done.scored
        weights = {id: one[draw] for id, one in drawn.items()}
        yield _goal_score(done, leaves, weights)


def _goal_score(done: Work, leaves: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    found = criterion_scores(done.plan, leaves, lambda id, _parts: weights[id])
    return found[done.plan.pack.goal]


def _with_errors(done: Work, random: np.random.Generator) -> np.ndarray:
    """Scores (m, k) of the leaves with errors drawn for the attributes that state one."""
    numbers = dict(done.units.numbers)
    for id in errors_of(done):
        told = done.plan.pack.attributes[id]
        error = (told.error or 0.0) * random.standard_normal(done.units.size)
        drawn = numbers[id] * (1.0 + error) if told.relative else numbers[id] + error
        low = -np.inf if told.lowest is None else told.lowest
        numbers[id] = np.clip(drawn, low, np.inf if told.highest is None else told.highest)
    values = indicator_values(done.plan, done.units._replace(numbers=numbers))
    found = [_drawn_scores(done, column, values[id]) for column, id in enumerate(done.plan.leaves)]
    return np.asarray(np.nan_to_num(np.column_stack(found), nan=0.0))


def _drawn_scores(done: Work, column: int, values: np.ndarray) -> np.ndarray:
    """Scores (m,) of a leaf; as they are where errors leave no unit better than another."""
    try:
        found = scored(values, done.plan.indicators[done.plan.leaves[column]])
    except InvalidError:
        return np.asarray(done.scored[:, column])
    return np.asarray(found[done.whole])
