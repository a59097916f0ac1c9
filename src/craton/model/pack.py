"""Packs: an evaluation as data. What it needs, how it scores, weighs, puts together, grades and advises.

A pack is one text, TOML or JSON, or a folder of TOML tables beside each other
(`pack.toml`, `indicators.toml`, `rules.toml`, `workflow.toml`,
`problems.toml`, `oracles.toml`, `synthetic.toml`, `report.toml`), whose top
keys are put together. It holds no code: formulas are expressions with units
(`craton.model.expression`). An overlay is a further text, laid over the pack key
by key: another language, a country's thresholds. `pack_text` reads them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from craton.model.indicators import Direction
from craton.model.languages import Words
from craton.model.record import LanguageMap

Support = Literal["table", "grid", "volume"]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the parts of a pack: unknown keys are errors."""


class Attribute(_Strict, frozen=True, kw_only=True):
    """What each unit of evaluation must carry.

    Parameters
    ----------
    unit : str
        Canonical unit of its numbers inside the pack; empty for words (a class), which rules compare.
    columns : tuple of str
        Other names that it may have in data; its own name always counts.
    quantity : str
        Standard name by which a column is found whatever it is called.
    lowest, highest : float, optional
        Bounds beyond which a number is an error of the data and counts as a gap.
    error : float, optional
        Standard error of its numbers, for draws over the data: in its unit, or with `relative` a part
        of them.
    """

    title: LanguageMap
    unit: str = ""
    quantity: str = ""
    columns: tuple[str, ...] = ()
    optional: bool = False
    lowest: float | None = None
    highest: float | None = None
    error: float | None = None
    relative: bool = False


class Score(_Strict, frozen=True, kw_only=True):
    """How numbers of an indicator become scores from 0 to 1.

    `linear`: 0 at `worst`, 1 at `best`; without them, of the units themselves. `target`: 1 at `target`, 0 at
    `reach` from it. `classes`: `scores[0]` below `bounds[0]`, one more score than bounds. `piecewise`:
    `scores` at the numbers `at`, straight between. `membership`: `shape` and `points` as in
    `scoring.membership`. `as_it_is`: the indicator is a score already.
    """

    method: Literal["linear", "target", "classes", "piecewise", "membership", "as_it_is"] = "linear"
    worst: float | None = None
    best: float | None = None
    target: float | None = None
    reach: float | None = None
    bounds: tuple[float, ...] = ()
    at: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    shape: Literal["", "triangle", "trapezoid", "gaussian", "sigmoid", "bell"] = ""
    points: tuple[float, ...] = ()
    source: Words = ""
    """Where the thresholds come from."""


class PackIndicator(_Strict, frozen=True, kw_only=True):
    """An indicator of a pack: one of the library, changed where something is told here, or its own.

    Parameters
    ----------
    library : str
        Identifier in the library, empty for one of its own.
    inputs : dict of str to str
        By name in the formula, the attribute or earlier indicator that it is; alike names need no line.
    formula : str
        Expression over attributes and other indicators; required of its own.
    """

    library: str = ""
    title: LanguageMap = {}
    definition: LanguageMap = {}
    unit: str = ""
    formula: str = ""
    inputs: dict[str, str] = {}
    direction: Direction | None = None
    reference: str = ""
    score: Score | None = None


class Weights(_Strict, frozen=True, kw_only=True):
    """How the parts of a criterion weigh.

    `equal`; `given`: `values` by part; `analytic_hierarchy`: `judgments`, each `[first, second, value]` on
    Saaty's scale; `best_worst`: `best_over` and `over_worst` by part; `entropy`, `critic`, `spread`,
    `principal_components`: by the scores of the units; `combined`: the mean of the methods in `of`.
    """

    method: Literal[
        "equal", "given", "analytic_hierarchy", "best_worst", "entropy", "critic", "spread",
        "principal_components", "combined",
    ] = "equal"  # fmt: skip
    values: dict[str, float] = {}
    judgments: tuple[tuple[str, str, float], ...] = ()
    best_over: dict[str, float] = {}
    over_worst: dict[str, float] = {}
    of: tuple[
        Literal["equal", "given", "analytic_hierarchy", "best_worst", "entropy", "critic", "spread",
                "principal_components"],
        ...,
    ] = ()  # fmt: skip
    source: Words = ""
    """Who judged, or where the numbers come from."""


class Criterion(_Strict, frozen=True, kw_only=True):
    """A node of the hierarchy: its parts are indicators and other criteria.

    Parameters
    ----------
    combine : str
        How scores of the parts become its own, each from 0 to 1: `weighted_sum`, `weighted_product`,
        `ordered_weighted_average` (with `power`), `limiting_factor` (with `strictness`), `topsis`,
        `grey_relation` (with `contrast`), `coupling_coordination`.
    """

    title: LanguageMap
    parts: tuple[str, ...]
    weights: Weights = Weights()
    combine: Literal[
        "weighted_sum", "weighted_product", "ordered_weighted_average", "limiting_factor", "topsis",
        "grey_relation", "coupling_coordination",
    ] = "weighted_sum"  # fmt: skip
    power: float = 1.0
    strictness: float = 1.0
    contrast: float = 0.5


class Grade(_Strict, frozen=True, kw_only=True):
    """A grade of the score: from `from_score` on, the lowest first; its colour on maps, `#rrggbb`."""

    title: LanguageMap
    from_score: float = 0.0
    colour: str = ""


class Rule(_Strict, frozen=True, kw_only=True):
    """A line of a decision table: where `when` holds, the answer is `then`."""

    when: str
    then: str


class RuleTable(_Strict, frozen=True, kw_only=True):
    """A decision table: the first rule that holds answers; `otherwise` where none does.

    Parameters
    ----------
    answers : dict
        By identifier, the words of each answer.
    rules : tuple of Rule
        Conditions over attributes, indicators, scores of criteria (`score_NAME`) and `score`. Words of a
        class are compared as `class('attribute', 'value', …)`; `''` is a unit without one.
    exclusive : bool
        Whether at most one rule may hold for a unit; more is an error of the table.
    """

    title: LanguageMap
    answers: dict[str, LanguageMap]
    rules: tuple[Rule, ...]
    otherwise: str = ""
    exclusive: bool = False
    source: Words = ""


class Scenario(_Strict, frozen=True, kw_only=True):
    """A "what if": attributes changed by expressions, weights of criteria replaced.

    Parameters
    ----------
    set : dict of str to str
        By attribute, an expression over the attributes as they are.
    weights : dict of str to Weights
        By criterion.
    """

    title: LanguageMap
    description: LanguageMap = {}
    set: dict[str, str] = {}
    weights: dict[str, Weights] = {}


class Uncertainty(_Strict, frozen=True, kw_only=True):
    """Draws over weights (each by up to `spread` of it) and over attributes that state an `error`."""

    draws: int = 1000
    spread: float = 0.3
    top: float = 0.1


class Frontier(_Strict, frozen=True, kw_only=True):
    """Efficiency by data envelopment: what is used up, what is given, what is given and not wanted."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    undesirable: tuple[str, ...] = ()
    returns: Literal["constant", "variable", "decreasing", "increasing"] = "variable"


class Use(_Strict, frozen=True, kw_only=True):
    """A use in an allocation: its worth as an expression (`score_NAME`, indicators, attributes), its limits.

    Parameters
    ----------
    allowed : str
        Condition under which a unit may have it; empty for all.
    least, most : float, optional
        Share of all area, from 0 to 1.
    """

    title: LanguageMap
    worth: str
    allowed: str = ""
    least: float | None = None
    most: float | None = None


class Problem(_Strict, frozen=True, kw_only=True):
    """An allocation: each unit gets one of `uses`, so that the sum of their worth is most."""

    title: LanguageMap
    uses: dict[str, Use]
    area: str = ""
    """Attribute with the area of a unit; all alike where empty."""


class Transition(_Strict, frozen=True, kw_only=True):
    """A step of the workflow: from a state to another, by a role, where `when` holds for the unit."""

    start: str
    end: str
    title: LanguageMap
    role: str = ""
    days: float | None = None
    when: str = ""


class Workflow(_Strict, frozen=True, kw_only=True):
    """A chart of states through which a unit goes after the evaluation; each can be reached, each can end."""

    states: dict[str, LanguageMap]
    start: str
    ends: tuple[str, ...]
    transitions: tuple[Transition, ...]


class Oracle(_Strict, frozen=True, kw_only=True):
    """A worked example: attributes of units, and what must come out.

    Parameters
    ----------
    given : dict of str to list
        By attribute, its numbers (or words) for each unit; an empty text is a gap.
    expect : dict of str to list
        By column of the result (an indicator, `score_NAME`, `score`, `grade`, `rank`, a rule table), the
        numbers or words; an empty text is a gap. A grade is told by its title in any language.
    tolerance : float
        Largest difference of a number.
    source : str
        Author, year, title, page or table; or how the answer is known.
    """

    title: str
    source: str
    given: dict[str, list[float | str]]
    expect: dict[str, list[float | str]]
    tolerance: float = 1e-9
    scenario: str = ""


class Made(_Strict, frozen=True, kw_only=True):
    """How an attribute of made data is drawn.

    `uniform` from `low` to `high`; `normal` with `mean`, `deviation`, `lognormal` with the logarithm's;
    `words`: one of `of`, with a `formula` the one at its whole number from 0; `formula`: of attributes told
    before it. Between `low` and `high` where they are
    told. `smooth` gives neighbours alike numbers: cells over which they hang together.
    """

    method: Literal["uniform", "normal", "lognormal", "words", "formula"]
    low: float | None = None
    high: float | None = None
    mean: float = 0.0
    deviation: float = 1.0
    of: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    formula: str = ""
    smooth: float = 0.0
    decimals: int = 3


class Synthetic(_Strict, frozen=True, kw_only=True):
    """Made data, for trials and demonstration: a lattice of `rows` by `columns` parcels of `side` metres.

    Names that are no attributes of the pack are pure numbers that only later formulas use.
    """

    attributes: dict[str, Made]
    rows: int = 20
    columns: int = 20
    side: float = 500.0
    crs: str = "EPSG:32648"
    west: float = 250_000.0
    south: float = 1_980_000.0


class Chart(_Strict, frozen=True, kw_only=True):
    """A chart or map of the report: `grades`, `criteria`, `distribution`, `obstacles`, `scatter`, `map`."""

    kind: Literal["grades", "criteria", "distribution", "obstacles", "scatter", "map"]
    title: LanguageMap
    columns: tuple[str, ...] = ()


class Report(_Strict, frozen=True, kw_only=True):
    """What the report says beyond numbers: headings and paragraphs, and which charts it shows."""

    summary: LanguageMap = {}
    method: LanguageMap = {}
    charts: tuple[Chart, ...] = ()


class Pack(_Strict, frozen=True, kw_only=True):
    """An evaluation.

    Parameters
    ----------
    goal : str
        The criterion at the top.
    limits : LanguageMap
        Limits of validity: where and for what the result must not be used.
    """

    id: str
    version: str
    title: LanguageMap
    question: LanguageMap
    description: LanguageMap
    limits: LanguageMap
    goal: str
    attributes: dict[str, Attribute]
    indicators: dict[str, PackIndicator]
    criteria: dict[str, Criterion]
    grades: tuple[Grade, ...]
    supports: tuple[Support, ...] = ("table", "grid", "volume")
    label: tuple[str, ...] = ()
    """Columns of which the first that is there names a unit."""
    area: str = ""
    """Attribute with the area of a unit; from its geometry or cell where empty."""
    rules: dict[str, RuleTable] = {}
    scenarios: dict[str, Scenario] = {}
    uncertainty: Uncertainty = Uncertainty()
    frontier: Frontier | None = None
    problems: dict[str, Problem] = {}
    workflow: Workflow | None = None
    oracles: tuple[Oracle, ...] = ()
    synthetic: Synthetic | None = None
    report: Report = Report()
