"""The first parts of a report: the answer in short, the grades, the map, the best and the poorest units."""

from __future__ import annotations

from collections.abc import Sequence

from craton.model.evaluation import UnitAnswer
from craton.web.report_charts import Bar, Histogram, bars, histogram
from craton.web.report_content import (
    Block,
    Figure,
    Grid,
    Heading,
    Paragraph,
    Part,
    Span,
    Text,
    Tiles,
    plain,
    quiet,
    strong,
)
from craton.web.report_map import Key, MapWords, map_of
from craton.web.report_speech import NONE
from craton.web.report_teller import Teller

TOLD_WHY = 1
"""Best and poorest units of which the score is taken apart in a chart, of each."""

MOST_BARS = 12
"""Indicators in such a chart, those with the greatest weights."""


def summary_part(teller: Teller) -> Part:
    """The answer in one sentence and a few numbers, and the limits of its validity."""
    speech, told = teller.speech, teller.evaluation
    blocks: list[Block] = [Paragraph(tuple(_sentences(teller)), "lead"), Tiles(tuple(_tiles(teller)))]
    if words := speech.text(told.summary):
        blocks.append(Paragraph(plain(words)))
    if told.evaluated < told.units and told.evaluated:
        said = speech.say(
            "summary.gaps", count=speech.count(told.units - told.evaluated), supports=teller.supports()
        )
        blocks.append(Paragraph(teller.number(said), "note"))
    if told.scenario:
        title = speech.text(told.scenario_title) or told.scenario
        blocks.append(Paragraph(plain(speech.say("summary.scenario", title=title)), "note"))
    if note := speech.text(told.note):
        blocks.append(Paragraph(plain(note), "note"))
    if limits := speech.text(told.limits):
        head = speech.say("summary.limits") + speech.say("punctuation.colon")
        blocks.append(Paragraph((Span(head, style="strong"), Span(limits)), "note"))
    return Part("summary", speech.say("part.summary"), tuple(blocks))


def _sentences(teller: Teller) -> Text:
    """The answer: how many were evaluated, how many are in the best grade, what holds the rest back."""
    speech, told = teller.speech, teller.evaluation
    if not told.evaluated or not told.grades:
        units = speech.count(told.units)
        return teller.number(speech.say("summary.none", units=units, supports=teller.supports()))
    first = speech.say(
        "summary.all", evaluated=speech.count(told.evaluated), units=speech.count(told.units),
        supports=teller.supports(), mean=speech.score(told.scores.mean),
    )  # fmt: skip
    said = [first, _grade_sentence(teller)]
    held = max(told.indicators, key=lambda one: one.limiting, default=None)
    if held is not None and held.limiting > 0:
        said.append(speech.say(
            "summary.limiting", indicator=teller.indicator(held.id), share=speech.share(held.limiting),
            supports=teller.supports(),
        ))  # fmt: skip
    return teller.number(speech.say("punctuation.gap").join(said))


def _grade_sentence(teller: Teller) -> str:
    speech, grades = teller.speech, teller.evaluation.grades
    best, common = grades[-1], max(grades, key=lambda one: one.count)
    words = {
        "grade": speech.text(best.title), "common": speech.text(common.title), "supports": teller.supports(),
    }  # fmt: skip
    if not best.count:
        return speech.say("summary.top.none", share=speech.share(common.share), **words)
    area = "" if best.area is None else speech.say("summary.area", area=speech.area(best.area))
    said = speech.say(
        "summary.top", count=speech.count(best.count), share=speech.share(best.share), area=area,
        grade=words["grade"],
    )  # fmt: skip
    if common is best:
        return said
    more = speech.say("summary.most", share=speech.share(common.share), grade=words["common"])
    return said + speech.say("punctuation.gap") + more if common.share > 0.5 else said


def _tiles(teller: Teller) -> list[tuple[Text, str]]:
    speech, told = teller.speech, teller.evaluation
    number = teller.number
    tiles = [
        (number(speech.count(told.evaluated)), speech.say("tile.units", supports=teller.supports())),
        (number(speech.score(told.scores.mean)), speech.say("tile.mean")),
    ]
    if told.grades:
        best = told.grades[-1]
        words = speech.say("tile.best", grade=speech.text(best.title))
        tiles.append((number(speech.share(best.share)), words))
    if told.area is not None:
        tiles.append((number(speech.area(told.area)), speech.say("tile.area")))
    elif told.robustness is not None:
        words = speech.say("tile.grade_probability")
        tiles.append((number(speech.share(told.robustness.same_grade)), words))
    return tiles


def answer_part(teller: Teller) -> Part:
    """Grades as chart, table and map; the distribution; the best and the poorest units."""
    speech, told = teller.speech, teller.evaluation
    blocks: list[Block] = [Heading(teller.heading("grades", "answer.grades")), *_grades(teller)]
    if drawn := _map(teller):
        blocks += [Heading(teller.heading("map", "answer.map")), drawn]
    if told.scores.bins:
        blocks += [Heading(teller.heading("distribution", "answer.distribution")), _distribution(teller)]
    for key, units in (("answer.best", told.best), ("answer.poorest", told.poorest)):
        if units:
            blocks += [Heading(speech.say(key)), *_units(teller, units, speech.say(key))]
            blocks += [_why(teller, one) for one in units[:TOLD_WHY] if one.contributions]
    if told.best and teller.base:
        blocks.append(Paragraph(quiet(speech.say("answer.note"))))
    return Part("answer", speech.say("part.answer"), tuple(blocks))


def _grades(teller: Teller) -> list[Block]:
    speech, grades = teller.speech, teller.evaluation.grades
    rows = [
        Bar(speech.text(one.title), one.share, speech.share(one.share), colour)
        for one, colour in reversed(list(zip(grades, teller.colours, strict=True)))
    ]
    words = speech.say("answer.grades.chart")
    figure = Figure(bars(rows, words), words, _in_words(teller, rows))
    has_area = any(one.area is not None for one in grades)
    names = ["grade", "from", "units", "share", *(["area"] if has_area else [])]
    table = Grid(
        tuple(speech.say(f"column.{name}") for name in names),
        tuple(_grade_row(teller, place, has_area=has_area) for place in reversed(range(len(grades)))),
        speech.say("answer.grades.table"), frozenset(range(1, len(names))),
    )  # fmt: skip
    return [figure, table]


def _grade_row(teller: Teller, place: int, *, has_area: bool) -> tuple[Text, ...]:
    speech, one = teller.speech, teller.evaluation.grades[place]
    cells = (
        teller.grade(place), plain(speech.number(one.from_score)), teller.number(speech.count(one.count)),
        teller.number(speech.share(one.share)),
    )  # fmt: skip
    if not has_area:
        return cells
    most = max(grade.area or 0.0 for grade in teller.evaluation.grades)
    return (*cells, teller.number(speech.area(one.area, most)))


def _in_words(teller: Teller, rows: Sequence[Bar]) -> str:
    """What bars show, for those who do not see them."""
    told = tuple(teller.speech.say("chart.bars.words", label=one.label, value=one.words) for one in rows)
    return teller.speech.join(told)


def keys_of(teller: Teller) -> list[Key]:
    """Colours of the grades by score."""
    told = zip(teller.evaluation.grades, teller.colours, strict=True)
    keys = [Key(one.from_score, colour, teller.speech.text(one.title)) for one, colour in told]
    return sorted(keys, key=lambda key: key.start)


def _map(teller: Teller) -> Figure | None:
    speech, units = teller.speech, teller.source.units
    if units is None or not teller.evaluation.grades:
        return None
    shows = speech.say("answer.map")
    words = MapWords(shows, speech.say("answer.map.nothing"))
    drawn = map_of(teller.source.store, units, keys_of(teller), words, wait=teller.source.wait)
    key = "answer.map.volume" if teller.evaluation.supports == "volume" else "answer.map.caption"
    return Figure(drawn, speech.say(key), shows, is_map=True) if drawn else None


def _distribution(teller: Teller) -> Figure:
    speech, spread = teller.speech, teller.evaluation.scores
    keys = keys_of(teller)
    lowest, highest = spread.lowest or 0.0, spread.highest or 0.0
    shown = Histogram(
        spread.bins, lowest, highest, (speech.number(lowest, 3), speech.number(highest, 3)),
        tuple(key.start for key in keys), tuple(key.colour for key in keys), spread.mean,
        speech.say("answer.distribution.mark", mean=speech.score(spread.mean)),
    )  # fmt: skip
    words = speech.say(
        "chart.histogram.words", count=speech.count(spread.count), lowest=speech.number(lowest, 3),
        highest=speech.number(highest, 3),
    )  # fmt: skip
    return Figure(histogram(shown, words), speech.say("answer.distribution.caption"), words)


def _units(teller: Teller, units: Sequence[UnitAnswer], caption: str) -> list[Block]:
    """Units with their scores, and the advice of decision tables: several stand in a table of their own."""
    speech = teller.speech
    is_sure = any(one.grade_probability is not None for one in units)
    names = ["rank", "unit", "score", "grade", "strength", "limiting", *(["probability"] if is_sure else [])]
    tables = tuple(dict.fromkeys(name for one in units for name in one.rules))
    titles = {rule.table: speech.text(rule.table_title) for rule in teller.evaluation.rules}
    told = tuple(titles.get(name) or name for name in tables)
    beside = tables if len(tables) == 1 else ()
    head = (*(speech.say(f"column.{name}") for name in names), *(told if beside else ()))
    rows = tuple(
        (*_unit_row(teller, one, is_sure=is_sure), *(plain(_rule(teller, name, one)) for name in beside))
        for one in units
    )
    scores = Grid(head, rows, caption, frozenset({0, 2, *([6] if is_sure else [])}))
    if len(tables) < 2:
        return [scores]
    advice = tuple(
        (
            strong(teller.label(one), teller.row(one.row)),
            *(plain(_rule(teller, name, one)) for name in tables),
        )
        for one in units
    )
    said = f"{caption}{speech.say('punctuation.colon')}{speech.say('part.rules')}"
    return [scores, Grid((speech.say("column.unit"), *told), advice, said)]


def _unit_row(teller: Teller, one: UnitAnswer, *, is_sure: bool) -> tuple[Text, ...]:
    speech, href = teller.speech, teller.row(one.row)
    best = max(one.contributions, key=lambda part: part.contribution, default=None)
    cells = (
        teller.number(speech.count(one.rank), href), strong(teller.label(one), href),
        teller.number(speech.score(one.score), href), teller.grade(one.grade),
        plain(teller.indicator(best.indicator) if best else NONE),
        plain(teller.indicator(one.limiting) if one.limiting else NONE),
    )  # fmt: skip
    return (*cells, teller.number(speech.share(one.grade_probability), href)) if is_sure else cells


def _rule(teller: Teller, table: str, one: UnitAnswer) -> str:
    """Words of the answer that a decision table gives to a unit."""
    answer = one.rules.get(table, "")
    titles = {(rule.table, rule.id): rule.title for rule in teller.evaluation.rules}
    return teller.speech.text(titles.get((table, answer), {})) or answer or NONE


def _why(teller: Teller, one: UnitAnswer) -> Figure:
    """Score of each indicator by its weight, beside what it would be at best."""
    speech = teller.speech
    parts = sorted(one.contributions, key=lambda part: -part.weight)[:MOST_BARS]
    most = max([1e-12, *(part.weight for part in parts)])
    rows = [
        Bar(
            teller.indicator(part.indicator), part.score * part.weight / most,
            f"{speech.score(part.score * part.weight)} / {speech.score(part.weight)}",
            room=part.weight / most,
        )
        for part in parts
    ]  # fmt: skip
    title = speech.say("answer.why", label=teller.label(one), score=speech.score(one.score))
    caption = speech.sentences(title, speech.say("answer.why.caption"))
    return Figure(bars(rows, title), caption, _in_words(teller, rows))
