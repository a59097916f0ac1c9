"""The part of a report that tells why: hierarchy and weights, criteria, obstacles, every indicator."""

from __future__ import annotations

from collections.abc import Iterator

from craton.model.evaluation import IndicatorAnswer, Node, Spread
from craton.web.report_charts import Bar, Twig, bars, columns, tree
from craton.web.report_content import (
    Block,
    Facts,
    Figure,
    Grid,
    Heading,
    Part,
    Span,
    Text,
    code,
    plain,
    quiet,
    strong,
)
from craton.web.report_scoring import scoring_words, weighing_words
from craton.web.report_speech import NONE
from craton.web.report_teller import Teller

CONSISTENT = 0.1
"""Consistency ratio up to which judgments count as consistent (Saaty)."""

MOST_OBSTACLES = 15
PALE, OBSTACLE = "#8db9bb", "#c98a6b"
"""Colours of bars: of one over which a range is drawn, and of obstacles."""


def why_part(teller: Teller) -> Part:
    """Hierarchy, weights, criteria, obstacles and indicators."""
    speech = teller.speech
    blocks: list[Block] = [Heading(speech.say("why.tree")), _tree(teller)]
    blocks += [Heading(speech.say("why.weights")), _weighing(teller)]
    blocks += [Heading(teller.heading("criteria", "why.criteria")), _criteria(teller)]
    if any(one.obstacle > 0 for one in teller.evaluation.indicators):
        blocks += [Heading(teller.heading("obstacles", "why.obstacles")), _obstacles(teller)]
    blocks += [Heading(speech.say("why.indicators")), _indicators(teller)]
    for one in teller.evaluation.indicators:
        blocks += [Heading(teller.indicator(one.id)), _indicator(teller, one)]
    return Part("why", speech.say("part.why"), tuple(blocks))


def ordered(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Nodes of the hierarchy, each before its parts."""
    below: dict[str, list[Node]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    known = {node.id for node in nodes}
    open_ = [node for node in reversed(nodes) if node.parent not in known]
    while open_:
        node = open_.pop()
        yield node
        open_ += reversed(below.get(node.id, []))


def _tree(teller: Teller) -> Figure:
    speech = teller.speech
    known = {node.id for node in teller.evaluation.nodes}
    twigs = [
        Twig(
            node.id, node.parent if node.parent in known else "", teller.node_title(node),
            f"{speech.score(node.weight)} ({speech.score(node.whole_weight)})" * (node.parent in known),
            node.whole_weight,
        )
        for node in ordered(teller.evaluation.nodes)
    ]  # fmt: skip
    said = tuple(
        speech.say("chart.bars.words", label=one.label, value=one.words).strip() for one in twigs if one.words
    )
    return Figure(tree(twigs, speech.say("why.tree")), speech.say("why.tree.caption"), speech.join(said))


def _weighing(teller: Teller) -> Grid:
    """Where the weights of the parts of each criterion come from."""
    speech = teller.speech
    criteria = [node for node in ordered(teller.evaluation.nodes) if node.kind == "criterion"]
    rows = tuple(
        (
            strong(teller.node_title(node)),
            plain(speech.known(f"combine.{node.combine}", node.combine or NONE)),
            plain(weighing_words(speech, node.weighing) or NONE), _consistency(teller, node),
            plain(speech.text(node.weighing_source) or speech.say("source.none")),
        )
        for node in criteria
    )  # fmt: skip
    names = ("criterion", "combine", "weighing", "consistency", "source")
    return Grid(
        tuple(speech.say(f"column.{name}") for name in names), rows, speech.say("why.weights"),
        widths=(2, 1.4, 1.4, 1.6, 2.6),
    )  # fmt: skip


def _consistency(teller: Teller, node: Node) -> Text:
    speech, ratio = teller.speech, node.consistency_ratio
    if ratio is None:
        return plain(NONE)
    verdict = speech.say("why.consistent" if ratio <= CONSISTENT else "why.inconsistent")
    return (
        Span(speech.score(ratio), teller.sibling("weights")),
        Span(f" {verdict}", style="quiet" if ratio <= CONSISTENT else "strong"),
    )


def _criteria(teller: Teller) -> Figure:
    speech = teller.speech
    rows = [
        Bar(
            teller.node_title(node), node.scores.mean or 0.0, speech.score(node.scores.mean), PALE,
            low=_quartile(node.scores, 0), high=_quartile(node.scores, -1),
        )
        for node in ordered(teller.evaluation.nodes) if node.kind == "criterion"
    ]  # fmt: skip
    title = speech.say("why.criteria")
    return Figure(bars(rows, title), speech.say("why.criteria.caption"), _in_words(teller, rows))


def _quartile(spread: Spread, place: int) -> float | None:
    return spread.quartiles[place] if len(spread.quartiles) >= 3 else None


def _in_words(teller: Teller, rows: list[Bar]) -> str:
    say = teller.speech.say
    return teller.speech.join(tuple(say("chart.bars.words", label=o.label, value=o.words) for o in rows))


def _obstacles(teller: Teller) -> Figure:
    speech = teller.speech
    found = sorted(teller.evaluation.indicators, key=lambda one: -one.obstacle)[:MOST_OBSTACLES]
    most = max(one.obstacle for one in found)
    rows = [
        Bar(teller.indicator(one.id), one.obstacle / most, speech.share(one.obstacle), OBSTACLE)
        for one in found if one.obstacle > 0
    ]  # fmt: skip
    title = speech.say("why.obstacles")
    return Figure(bars(rows, title), speech.say("why.obstacles.caption"), _in_words(teller, rows))


def _indicators(teller: Teller) -> Grid:
    """All indicators with their numbers."""
    speech = teller.speech
    names = (
        "indicator", "measure", "lowest", "median", "highest", "gaps", "distribution", "whole", "obstacle",
        "limits_units",
    )  # fmt: skip
    weights = {node.id: node.whole_weight for node in teller.evaluation.nodes if node.kind == "indicator"}
    rows = tuple(_row(teller, one, weights.get(one.id)) for one in teller.evaluation.indicators)
    return Grid(
        tuple(speech.say(f"column.{name}") for name in names), rows, speech.say("why.indicators.table"),
        frozenset({2, 3, 4, 5, 7, 8, 9}),
    )  # fmt: skip


def _row(teller: Teller, one: IndicatorAnswer, weight: float | None) -> tuple[Text, ...]:
    speech, number, spread = teller.speech, teller.number, one.values
    contributions = teller.sibling("contributions")
    return (
        strong(teller.indicator(one.id)), plain(speech.unit(one.unit) or NONE),
        number(speech.number(spread.lowest)), number(speech.number(median(spread))),
        number(speech.number(spread.highest)), number(speech.count(spread.gaps)),
        _sparkline(teller, spread), number(speech.score(weight), teller.sibling("weights")),
        number(speech.share(one.obstacle), contributions), number(speech.share(one.limiting), contributions),
    )  # fmt: skip


def median(spread: Spread) -> float | None:
    """The middle one of the quartiles."""
    return spread.quartiles[len(spread.quartiles) // 2] if spread.quartiles else None


def _sparkline(teller: Teller, spread: Spread) -> Text:
    if not spread.bins:
        return plain(NONE)
    words = histogram_words(teller, spread)
    return (Span(words, picture=columns(spread.bins, words)),)


def histogram_words(teller: Teller, spread: Spread) -> str:
    """What a histogram shows."""
    speech = teller.speech
    return speech.say(
        "chart.histogram.words", count=speech.count(spread.count), lowest=speech.number(spread.lowest),
        highest=speech.number(spread.highest),
    )  # fmt: skip


def _indicator(teller: Teller, one: IndicatorAnswer) -> Facts:
    """How an indicator was worked out and scored, and where that comes from."""
    speech = teller.speech
    none = quiet(speech.say("source.none"))
    unit = speech.unit(one.unit)
    rows: list[tuple[str, Text]] = []
    if definition := speech.text(one.definition):
        rows.append(("definition", plain(definition)))
    rows.append(("formula", (*code(one.formula), Span(f"  [{unit}]" if unit else "", style="quiet"))))
    inputs = {name: source for name, source in one.inputs.items() if name != source}
    if inputs:
        stop = speech.say("punctuation.colon").strip() + " "
        told = tuple(f"{name}{stop}{_named(teller, source)}" for name, source in inputs.items())
        rows.append(("inputs", plain(speech.join(told))))
    rows += [
        ("direction", plain(speech.known(f"direction.{one.direction}", one.direction or NONE))),
        ("reference", plain(one.reference) if one.reference else none),
    ]
    if one.scoring:
        words = speech.text(one.scoring_source)
        source = plain(words) if words else none
        rows += [("scoring", plain(scoring_words(speech, one.scoring))), ("scoring_source", source)]
    return Facts(tuple((speech.say(f"fact.{name}"), text) for name, text in rows))


def _named(teller: Teller, source: str) -> str:
    titles = {one.id: teller.speech.text(one.title) for one in teller.evaluation.attributes}
    return titles.get(source) or teller.indicator(source)
