"""The answer of an evaluation as one document: what reports, the dashboard and comparisons are drawn from.

It is worked out once, beside the table or grid of results, and kept as JSON.
Numbers are in the unit told beside them; scores are from 0 to 1.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from craton.model.errors import InvalidError
from craton.model.languages import Words
from craton.model.record import LanguageMap

MEDIA_TYPE = "application/vnd.craton.evaluation+json"


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the parts of an answer."""


class Spread(Part, frozen=True, kw_only=True):
    """Numbers of all units in short: how many, gaps, quantiles, and a histogram of equal steps."""

    count: int
    gaps: int
    mean: float | None = None
    lowest: float | None = None
    quartiles: tuple[float, ...] = ()
    highest: float | None = None
    bins: tuple[int, ...] = ()
    """Counts of equal steps from `lowest` to `highest`."""


class GradeShare(Part, frozen=True, kw_only=True):
    """Units of a grade: their number, share of all that have one, area in square metres where known."""

    title: LanguageMap
    from_score: float
    count: int
    share: float
    colour: str
    area: float | None = None


class Contribution(Part, frozen=True, kw_only=True):
    """What an indicator brings to a unit: value, score, weight in the whole, share of the score."""

    indicator: str
    value: float | None
    score: float
    weight: float
    contribution: float


class UnitAnswer(Part, frozen=True, kw_only=True):
    """A unit that is told of by name: the best and the poorest. Its `row` is counted from 1."""

    row: int
    label: str
    score: float
    rank: int
    grade: int
    """Place of the grade in `grades`."""
    limiting: str = ""
    """Indicator with the greatest obstacle."""
    rules: dict[str, str] = {}
    contributions: tuple[Contribution, ...] = ()
    grade_probability: float | None = None
    best_rank: int | None = None
    worst_rank: int | None = None
    position: tuple[float, ...] = ()
    """Longitude and latitude in degrees, where known."""


class Node(Part, frozen=True, kw_only=True):
    """A node of the hierarchy: criterion or indicator, its weight beside its sisters and in the whole."""

    id: str
    kind: Literal["criterion", "indicator"]
    title: LanguageMap
    parent: str
    weight: float
    whole_weight: float
    scores: Spread
    combine: str = ""
    weighing: str = ""
    weighing_source: Words = {}
    """By language; of an older answer one text."""
    consistency_ratio: float | None = None


class IndicatorAnswer(Part, frozen=True, kw_only=True):
    """An indicator: how it was worked out and scored, where that comes from, its numbers."""

    id: str
    title: LanguageMap
    definition: LanguageMap
    unit: str
    formula: str
    direction: str
    reference: str
    scoring: str
    """Its scoring in one line, such as `linear from 8 (0) to 0 (1)`."""
    scoring_source: Words
    values: Spread
    obstacle: float
    """Mean share of what is missing to the best score that is due to it."""
    limiting: float
    """Share of units that it holds back most."""
    inputs: dict[str, str] = {}
    """By name in the formula, the attribute or indicator."""


class AttributeAnswer(Part, frozen=True, kw_only=True):
    """An attribute as it was found: which column, in which unit it came, what was out of bounds."""

    id: str
    title: LanguageMap
    unit: str
    column: str
    found_unit: str
    values: Spread
    refused: int = 0
    """Numbers out of bounds, taken as gaps."""
    words: dict[str, int] = {}
    """Of an attribute of words: how often each comes."""


class RuleAnswer(Part, frozen=True, kw_only=True):
    """An answer of a decision table: its words, in how many units, on what area."""

    table: str
    table_title: LanguageMap
    id: str
    title: LanguageMap
    count: int
    share: float
    source: Words = {}
    area: float | None = None


class Robustness(Part, frozen=True, kw_only=True):
    """What draws over weights and data say."""

    draws: int
    spread: float
    errors: dict[str, str]
    """By attribute that has one, its error in words."""
    same_grade: float
    """Mean probability that a unit keeps its grade."""
    unsure: int
    """Units whose grade holds in less than half of the draws."""
    first: str
    """Label of the unit that comes first most often."""
    first_probability: float
    seed: int


class FrontierAnswer(Part, frozen=True, kw_only=True):
    """Efficiency by data envelopment."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    undesirable: tuple[str, ...]
    returns: str
    efficient: int
    efficiency: Spread


class ProblemAnswer(Part, frozen=True, kw_only=True):
    """An allocation: its worth, and for each use the units and area it got."""

    id: str
    title: LanguageMap
    worth: float
    uses: dict[str, LanguageMap]
    counts: dict[str, int]
    areas: dict[str, float]


class Evaluation(Part, frozen=True, kw_only=True):
    """The answer of one run.

    Parameters
    ----------
    key : str
        SHA-256 of the pack's text with its overlay: two runs of one key used the same formulas.
    supports : str
        `table`, `grid` or `volume`.
    changes : dict
        Of a scenario: by attribute, the expression.
    """

    pack: str
    version: str
    key: str
    title: LanguageMap
    question: LanguageMap
    description: LanguageMap
    limits: LanguageMap
    supports: Literal["table", "grid", "volume"]
    units: int
    evaluated: int
    scores: Spread
    grades: tuple[GradeShare, ...]
    best: tuple[UnitAnswer, ...]
    poorest: tuple[UnitAnswer, ...]
    nodes: tuple[Node, ...]
    indicators: tuple[IndicatorAnswer, ...]
    attributes: tuple[AttributeAnswer, ...]
    rules: tuple[RuleAnswer, ...] = ()
    scenario: str = ""
    scenario_title: LanguageMap = {}
    changes: dict[str, str] = {}
    area: float | None = None
    robustness: Robustness | None = None
    frontier: FrontierAnswer | None = None
    problems: tuple[ProblemAnswer, ...] = ()
    summary: LanguageMap = {}
    method: LanguageMap = {}
    charts: tuple[dict[str, object], ...] = ()
    """Charts of the pack's report: `kind`, `title`, `columns`."""
    note: LanguageMap = {}


def encoded(evaluation: Evaluation) -> bytes:
    """JSON of an answer."""
    return msgspec.json.encode(evaluation)


def read_evaluation(content: bytes) -> Evaluation:
    """Answer of its JSON; `InvalidError` where it is none."""
    try:
        return msgspec.json.decode(content, type=Evaluation)
    except msgspec.DecodeError as error:
        raise InvalidError(f"this is no answer of an evaluation: {error}") from error
