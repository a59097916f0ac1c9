"""The answer of an evaluation as a document: grades, best and poorest units, hierarchy, indicators, rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
import numpy as np

from craton.decide.evaluation_data import Found
from craton.decide.evaluation_draws import Robust, errors_of
from craton.decide.evaluation_further import Further
from craton.decide.evaluation_words import answer_text, error_words, scoring_words
from craton.decide.evaluation_work import NONE, Work
from craton.model import units
from craton.model.data import Document
from craton.model.evaluation import (
    MEDIA_TYPE,
    AttributeAnswer,
    Contribution,
    Evaluation,
    FrontierAnswer,
    GradeShare,
    IndicatorAnswer,
    Node,
    ProblemAnswer,
    Robustness,
    RuleAnswer,
    Spread,
    UnitAnswer,
    encoded,
)
from craton.model.languages import by_language
from craton.model.record import LanguageMap

SHOWN = 10
"""Best and poorest units that are told of."""

BINS = 20
"""Steps of a histogram."""

Support = Literal["table", "grid", "volume"]


class Places(Protocol):
    """Where units are and how they are called."""

    @property
    def areas(self) -> np.ndarray | None:
        """Areas (n,) in square metres, none where not known."""

    def label(self, row: int) -> str:
        """Name of a unit."""

    def position(self, row: int) -> tuple[float, ...]:
        """Longitude and latitude in degrees, empty where not known."""


class Result(NamedTuple):
    """All that came of an evaluation."""

    done: Work
    found: Mapping[str, Found]
    places: Places
    robust: Robust | None
    further: Further
    seed: int
    support: Support


def document(result: Result) -> Document:
    """The answer as a document."""
    told = answer(result)
    titles = result.done.plan.titles
    return Document(text=answer_text(told), media_type=MEDIA_TYPE, content=encoded(told), titles=titles)


def answer(result: Result) -> Evaluation:
    """The answer as a whole."""
    done, pack = result.done, result.done.plan.pack
    rows = np.flatnonzero(done.whole)
    order = np.argsort(done.ranks, kind="stable")
    scenario = pack.scenarios[done.plan.scenario] if done.plan.scenario else None
    areas = result.places.areas
    return Evaluation(
        pack=pack.id, version=pack.version, key=done.plan.key, title=pack.title, question=pack.question,
        description=pack.description, limits=pack.limits, supports=result.support,
        units=done.units.size, evaluated=int(rows.size), scores=_with_gaps(done, done.score),
        grades=_grades(done, areas),
        best=tuple(_unit(result, rows, at) for at in order[:SHOWN]),
        poorest=tuple(_unit(result, rows, at) for at in order[::-1][:SHOWN]),
        nodes=tuple(_nodes(done, pack.goal, "")), indicators=tuple(_indicators(done)),
        attributes=tuple(_attributes(result)), rules=tuple(_rules(done, areas)),
        scenario=done.plan.scenario, scenario_title=scenario.title if scenario else {},
        changes=dict(scenario.set) if scenario else {}, area=_area(areas, done.whole),
        robustness=_robustness(result, rows), frontier=_frontier(result),
        problems=tuple(_problems(result)), summary=pack.report.summary, method=pack.report.method,
        charts=tuple(msgspec.to_builtins(one) for one in pack.report.charts), note=_note(result),
    )  # fmt: skip


def spread_of(values: np.ndarray) -> Spread:
    """Count, gaps, mean, quartiles and histogram of numbers; NaN are gaps."""
    known = values[np.isfinite(values)]
    gaps = int(values.size - known.size)
    if not known.size:
        return Spread(count=0, gaps=gaps)
    low, *quartiles, high = (float(one) for one in np.quantile(known, [0.0, 0.25, 0.5, 0.75, 1.0]))
    return Spread(
        count=int(known.size), gaps=gaps, mean=float(known.mean()), lowest=low, quartiles=tuple(quartiles),
        highest=high, bins=_histogram(known, low, high) if high > low else (),
    )  # fmt: skip


def _histogram(known: np.ndarray, low: float, high: float) -> tuple[int, ...]:
    """Counts of even steps, also where the steps are finer than the numbers can be told apart."""
    places = np.minimum(((known - low) / (high - low) * BINS).astype(np.int64), BINS - 1)
    return tuple(np.bincount(places, minlength=BINS).tolist())


def _with_gaps(done: Work, values: np.ndarray) -> Spread:
    told = spread_of(values)
    return msgspec.structs.replace(told, gaps=told.gaps + done.units.size - len(values))


def _area(areas: np.ndarray | None, which: np.ndarray) -> float | None:
    """Area in square metres of some of the units; none where it is not known."""
    return None if areas is None else float(np.nansum(areas[which]))


def _grades(done: Work, areas: np.ndarray | None) -> tuple[GradeShare, ...]:
    told = done.plan.pack.grades
    counts = np.bincount(done.grades, minlength=len(told))
    own = None if areas is None else np.bincount(
        done.grades, weights=np.nan_to_num(areas[done.whole]), minlength=len(told)
    )  # fmt: skip
    return tuple(
        GradeShare(
            title=one.title, from_score=one.from_score, count=int(counts[at]),
            share=float(counts[at] / counts.sum()), colour=one.colour,
            area=None if own is None else float(own[at]),
        )
        for at, one in enumerate(told)
    )  # fmt: skip


def _unit(result: Result, rows: np.ndarray, at: int) -> UnitAnswer:
    """The unit at a place among those without a gap."""
    done, row, robust = result.done, int(rows[at]), result.robust
    limiting = int(done.limiting[at])
    rules = {
        id: list(done.plan.pack.rules[id].answers)[places[row]]
        for id, places in done.answers.items()
        if places[row] != NONE
    }
    brought = done.contributions(np.array([at]))[0]
    told = (
        Contribution(
            indicator=id, value=_number(done.values[id][row]), score=float(done.scored[at, column]),
            weight=float(done.leaf_weights[column]), contribution=float(brought[column]),
        )
        for column, id in enumerate(done.plan.leaves)
    )  # fmt: skip
    return UnitAnswer(
        row=row + 1, label=result.places.label(row), score=float(done.score[at]), rank=int(done.ranks[at]),
        grade=int(done.grades[at]), limiting="" if limiting == NONE else done.plan.leaves[limiting],
        rules=rules, contributions=tuple(told),
        grade_probability=None if robust is None else float(robust.kept[at]),
        best_rank=None if robust is None else int(robust.best[at]),
        worst_rank=None if robust is None else int(robust.worst[at]),
        position=result.places.position(row),
    )  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _nodes(done: Work, id: str, parent: str, weight: float = 1.0) -> Iterator[Node]:
    """A criterion or an indicator, and all below it."""
    whole = done.whole_weights[id]
    if id not in done.plan.criteria:
        scores = spread_of(done.leaf_scores[:, done.plan.leaves.index(id)])
        title = done.plan.indicators[id].title
        yield Node(id=id, kind="indicator", title=title, parent=parent, weight=weight, whole_weight=whole,
                   scores=scores)  # fmt: skip
        return
    one, weighed = done.plan.criteria[id], done.weights[id]
    method = one.weights.method
    yield Node(
        id=id, kind="criterion", title=one.title, parent=parent, weight=weight, whole_weight=whole,
        scores=_with_gaps(done, done.criteria[id]), combine=one.combine,
        weighing=f"combined of {', '.join(one.weights.of)}" if method == "combined" else method,
        weighing_source=by_language(one.weights.source), consistency_ratio=weighed.consistency_ratio,
    )  # fmt: skip
    for part, share in zip(one.parts, weighed.weights, strict=True):
        yield from _nodes(done, part, id, float(share))


def _indicators(done: Work) -> Iterator[IndicatorAnswer]:
    columns = {id: column for column, id in enumerate(done.plan.leaves)}
    for id, one in done.plan.indicators.items():
        column = columns.get(id)
        yield IndicatorAnswer(
            id=id, title=one.title, definition=one.definition, unit=one.unit, formula=one.formula,
            direction=one.direction, reference=one.reference,
            scoring="" if column is None else scoring_words(one.score, one.direction),
            scoring_source={} if column is None else one.score_source, values=spread_of(done.values[id]),
            obstacle=0.0 if column is None else float(done.obstacle(column).mean()),
            limiting=0.0 if column is None else float((done.limiting == column).mean()), inputs=one.inputs,
        )  # fmt: skip


def _attributes(result: Result) -> Iterator[AttributeAnswer]:
    units = result.done.units
    for id, one in result.done.plan.pack.attributes.items():
        found, counts = result.found[id], {}
        if one.unit:
            values = spread_of(units.numbers[id])
        else:
            words = units.words[id]
            known = words.places[words.places >= 0]
            tally = np.bincount(known, minlength=len(words.names))
            counts = dict.fromkeys(words.names, 0)
            for name, count in zip(words.names, tally, strict=True):
                counts[name] += int(count)
            values = Spread(count=int(known.size), gaps=units.size - int(known.size))
        yield AttributeAnswer(
            id=id, title=one.title, unit=one.unit, column=found.column, found_unit=found.unit,
            values=values, refused=found.refused + units.beyond.get(id, 0), words=counts,
        )  # fmt: skip


def _rules(done: Work, areas: np.ndarray | None) -> Iterator[RuleAnswer]:
    for table, places in done.answers.items():
        told = done.plan.pack.rules[table]
        known = max(int((places != NONE).sum()), 1)
        for at, (id, title) in enumerate(told.answers.items()):
            own = places == at
            yield RuleAnswer(
                table=table, table_title=told.title, id=id, title=title, count=int(own.sum()),
                share=float(own.sum() / known), source=by_language(told.source), area=_area(areas, own),
            )  # fmt: skip


def _robustness(result: Result, rows: np.ndarray) -> Robustness | None:
    robust, pack = result.robust, result.done.plan.pack
    if robust is None:
        return None
    first = int(np.argmax(robust.first))
    return Robustness(
        draws=robust.draws, spread=pack.uncertainty.spread,
        errors={id: error_words(pack.attributes[id]) for id in errors_of(result.done)},
        same_grade=float(robust.kept.mean()), unsure=int((robust.kept < 0.5).sum()),
        first=result.places.label(int(rows[first])), first_probability=float(robust.first[first]),
        seed=result.seed,
    )  # fmt: skip


def _frontier(result: Result) -> FrontierAnswer | None:
    asked, found = result.done.plan.pack.frontier, result.further.efficiency
    if asked is None or found is None:
        return None
    return FrontierAnswer(
        inputs=asked.inputs, outputs=asked.outputs, undesirable=asked.undesirable, returns=asked.returns,
        efficient=int((found >= 1.0 - 1e-9).sum()), efficiency=spread_of(found),
    )  # fmt: skip


def _problems(result: Result) -> Iterator[ProblemAnswer]:
    for id, found in result.further.uses.items():
        told = result.done.plan.pack.problems[id]
        counts = {use: int((found.places == at).sum()) for at, use in enumerate(told.uses)}
        areas = _problem_areas(result, told.area)
        own = {} if areas is None else {
            use: float(np.nansum(areas[found.places == at])) for at, use in enumerate(told.uses)
        }  # fmt: skip
        yield ProblemAnswer(
            id=id, title=told.title, worth=found.worth,
            uses={use: one.title for use, one in told.uses.items()}, counts=counts, areas=own,
        )  # fmt: skip


def _problem_areas(result: Result, attribute: str) -> np.ndarray | None:
    """Areas (n,) that a problem counts, in square metres where they are areas; none where not known."""
    if not attribute:
        return result.places.areas
    unit, found = result.done.plan.pack.attributes[attribute].unit, result.done.units.numbers[attribute]
    return units.convert(found, unit, "m2") if units.compatible(unit, "m2") else found


def _note(result: Result) -> LanguageMap:
    notes: list[Any] = list(result.further.notes)
    robust = result.robust
    if robust is not None and robust.draws < robust.asked:
        notes.append({
            "en": f"{robust.draws} draws were made instead of {robust.asked}, as the units are many.",
            "zh": f"单元较多，实际抽样 {robust.draws} 次，少于要求的 {robust.asked} 次。",
        })  # fmt: skip
    if not notes:
        return {}
    return {"en": " ".join(one["en"] for one in notes), "zh": "".join(one["zh"] for one in notes)}
