"""Parts of a report that not every evaluation has: advice, scenario, robustness, efficiency, allocation."""

from __future__ import annotations

from craton.model.evaluation import FrontierAnswer, ProblemAnswer, Robustness, RuleAnswer
from craton.web.colour import class_colour
from craton.web.report_charts import Bar, Histogram, bars, histogram
from craton.web.report_content import Block, Facts, Figure, Grid, Heading, Paragraph, Part, Text, code, plain
from craton.web.report_scoring import scoring_words
from craton.web.report_speech import NONE
from craton.web.report_teller import Teller
from craton.web.report_why import histogram_words


def check_parts(teller: Teller) -> list[Part]:
    """Those parts that the evaluation has."""
    found = (_rules(teller), _scenario(teller), _robustness(teller), _frontier(teller), _problems(teller))
    return [part for part in found if part is not None]


def _rules(teller: Teller) -> Part | None:
    """Advice: each decision table with its answers."""
    speech, rules = teller.speech, teller.evaluation.rules
    if not rules:
        return None
    blocks: list[Block] = [Paragraph(plain(speech.say("rules.note")))]
    for table in dict.fromkeys(rule.table for rule in rules):
        answers = [rule for rule in rules if rule.table == table]
        blocks += [Heading(speech.text(answers[0].table_title) or table), _answers(teller, answers)]
        if source := speech.text(answers[0].source):
            blocks.append(Facts(((speech.say("column.source"), plain(source)),)))
    return Part("rules", speech.say("part.rules"), tuple(blocks))


def _answers(teller: Teller, answers: list[RuleAnswer]) -> Grid:
    speech = teller.speech
    has_area = any(rule.area is not None for rule in answers)
    names = ("answer", "units", "share", *(("area",) if has_area else ()))
    rows = tuple(_answer_row(teller, rule, has_area=has_area) for rule in answers)
    head = tuple(speech.say(f"column.{name}") for name in names)
    title = speech.text(answers[0].table_title) or answers[0].table
    return Grid(head, rows, title, frozenset(range(1, len(names))))


def _answer_row(teller: Teller, rule: RuleAnswer, *, has_area: bool) -> tuple[Text, ...]:
    speech, number = teller.speech, teller.number
    cells = (
        plain(speech.text(rule.title) or rule.id or NONE), number(speech.count(rule.count)),
        number(speech.share(rule.share)),
    )  # fmt: skip
    if not has_area:
        return cells
    most = max(one.area or 0.0 for one in teller.evaluation.rules)
    return (*cells, number(speech.area(rule.area, most)))


def _scenario(teller: Teller) -> Part | None:
    speech, told = teller.speech, teller.evaluation
    if not told.scenario:
        return None
    title = speech.text(told.scenario_title) or told.scenario
    blocks: list[Block] = [Paragraph(plain(speech.say("scenario.words", title=title)))]
    titles = {one.id: speech.text(one.title) for one in told.attributes}
    rows = tuple((plain(titles.get(name) or name), code(text)) for name, text in told.changes.items())
    head = (speech.say("column.attribute"), speech.say("column.becomes"))
    if rows:
        blocks.append(Grid(head, rows, speech.say("part.scenario"), widths=(1, 2)))
    return Part("scenario", speech.say("part.scenario"), tuple(blocks))


def _robustness(teller: Teller) -> Part:
    """What draws over weights and data say; that there were none is told too."""
    speech, found = teller.speech, teller.evaluation.robustness
    title = speech.say("part.robustness")
    if found is None:
        return Part("robustness", title, (Paragraph(plain(speech.say("robustness.not"))),))
    errors = speech.say("robustness.errors") if found.errors else ""
    words = speech.say(
        "robustness.words", draws=speech.count(found.draws), spread=speech.about(found.spread), errors=errors
    )
    blocks: list[Block] = [Paragraph(plain(words)), Facts(_robustness_facts(teller, found))]
    if found.errors:
        titles = {one.id: speech.text(one.title) for one in teller.evaluation.attributes}
        rows = tuple(
            (plain(titles.get(name) or name), plain(speech.unit(scoring_words(speech, text))))
            for name, text in found.errors.items()
        )
        head = (speech.say("column.attribute"), speech.say("column.error"))
        blocks.append(Grid(head, rows, speech.say("robustness.table"), widths=(1, 1)))
    return Part("robustness", title, tuple(blocks))


def _robustness_facts(teller: Teller, found: Robustness) -> tuple[tuple[str, Text], ...]:
    speech, number = teller.speech, teller.number
    first = speech.say(
        "robustness.first.said", label=found.first, share=speech.share(found.first_probability)
    )
    said = (
        ("same", number(speech.share(found.same_grade))), ("unsure", number(speech.count(found.unsure))),
        ("first", number(first) if found.first else plain(NONE)), ("seed", plain(str(found.seed))),
    )  # fmt: skip
    return tuple((speech.say(f"robustness.{name}"), text) for name, text in said)


def _frontier(teller: Teller) -> Part | None:
    speech, found = teller.speech, teller.evaluation.frontier
    if found is None:
        return None
    returns = speech.known(f"returns.{found.returns}", found.returns)
    blocks: list[Block] = [
        Paragraph(plain(speech.say("frontier.words", returns=returns))),
        Facts(tuple((speech.say(f"frontier.{name}"), text) for name, text in _frontier_facts(teller, found))),
    ]
    spread = found.efficiency
    if spread.bins and spread.lowest is not None and spread.highest is not None:
        ends = (speech.number(spread.lowest, 3), speech.number(spread.highest, 3))
        mark = speech.say("answer.distribution.mark", mean=speech.score(spread.mean))
        words = histogram_words(teller, spread)
        shown = Histogram(spread.bins, spread.lowest, spread.highest, ends, mark=spread.mean, mark_words=mark)
        blocks.append(Figure(histogram(shown, words), speech.say("frontier.chart"), words))
    return Part("frontier", speech.say("part.frontier"), tuple(blocks))


def _frontier_facts(teller: Teller, found: FrontierAnswer) -> list[tuple[str, Text]]:
    speech = teller.speech
    titles = {one.id: speech.text(one.title) for one in teller.evaluation.attributes}

    def names(ids: tuple[str, ...]) -> Text:
        return plain(speech.join(tuple(titles.get(id) or teller.indicator(id) for id in ids)))

    count = speech.say(
        "frontier.efficient.said", count=speech.count(found.efficient),
        all=speech.count(found.efficiency.count),
    )  # fmt: skip
    told = [("inputs", names(found.inputs)), ("outputs", names(found.outputs))]
    if found.undesirable:
        told.append(("undesirable", names(found.undesirable)))
    return [*told, ("efficient", teller.number(count))]


def _problems(teller: Teller) -> Part | None:
    speech, problems = teller.speech, teller.evaluation.problems
    if not problems:
        return None
    blocks: list[Block] = []
    for one in problems:
        words = speech.say("problems.words", worth=speech.number(one.worth, 6))
        blocks += [Heading(speech.text(one.title) or one.id), Paragraph(plain(words)), *_uses(teller, one)]
    return Part("problems", speech.say("part.problems"), tuple(blocks))


def _uses(teller: Teller, one: ProblemAnswer) -> list[Block]:
    speech, number = teller.speech, teller.number
    whole = max(sum(one.counts.values()), 1)
    titles = {id: speech.text(title) or id for id, title in one.uses.items()}
    shares = {id: one.counts.get(id, 0) / whole for id in one.uses}
    rows = [
        Bar(titles[id], shares[id], speech.share(shares[id]), class_colour(place))
        for place, id in enumerate(one.uses)
    ]
    said = tuple(speech.say("chart.bars.words", label=row.label, value=row.words) for row in rows)
    title = speech.say("problems.chart")
    cells = tuple(
        (
            plain(titles[id]), number(speech.count(one.counts.get(id, 0))), number(speech.share(shares[id])),
            number(speech.area(one.areas.get(id), max(one.areas.values(), default=0.0))),
        )
        for id in one.uses
    )  # fmt: skip
    head = tuple(speech.say(f"column.{name}") for name in ("use", "units", "share", "area"))
    return [
        Figure(bars(rows, title), title, speech.join(said)),
        Grid(head, cells, speech.text(one.title) or one.id, frozenset({1, 2, 3})),
    ]
