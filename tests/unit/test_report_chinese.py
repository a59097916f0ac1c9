"""Chinese reports of our packs, on made parcels: nothing of the words of a pack or of the report stays English."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass

import msgspec
import pytest
from tests.evaluations import evaluation, parcels

from craton.decide.evaluation import made_data, table
from craton.model.data import Document, Draft
from craton.model.describe import describe
from craton.model.evaluation import MEDIA_TYPE, encoded, read_evaluation
from craton.model.indicator_library import library
from craton.model.pack_text import decoded
from craton.model.record import Run
from craton.process.apps import packs
from craton.process.provenance import Ancestry
from craton.web.report_build import report_content
from craton.web.report_content import Code, Figure, Span
from craton.web.report_source import Source
from craton.web.report_speech import FOLDER

FEW = '{"synthetic": {"rows": 5, "columns": 5}}'
HAN = re.compile(r"[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")
DRAWN = re.compile(r"<(?:text|title|tspan|desc)[^>]*>([^<]+)")
SENTENCE = 3
"""Words of Latin letters from which on a text without a Chinese sign counts as English."""


def content_of(told, document=None, language="zh"):
    """Content of a report of an answer alone, without the datasets of its run."""
    document = document or Document(text="an answer", media_type=MEDIA_TYPE, content=encoded(told))
    record = describe(Draft(data=document, kind="document", title="answer"), id="answer")
    run = Run(
        process="evaluation.table", process_version="1", software="craton 1", key="k", parameters={}, inputs={},
        output="answer", started="2026-03-04T05:06:07Z", ended="2026-03-04T05:06:07Z",
    )  # fmt: skip
    return report_content(Source(None, record, told, {}, Ancestry((), ()), run), language)


def texts(one):
    """All that is read in a part of a report, in tables, figures and sentences; code is not."""
    if isinstance(one, str):
        yield one
    elif isinstance(one, Span):
        yield from () if one.style == "code" else (one.text,)
        yield from DRAWN.findall(one.picture)
    elif isinstance(one, Figure):
        yield from (one.caption, one.words, *DRAWN.findall(one.svg))
    elif isinstance(one, list | tuple):
        for part in one:
            yield from texts(part)
    elif is_dataclass(one) and not isinstance(one, Code):
        hidden = {"kind", "id", "language", "date", "source", "numbers", "widths"}
        yield from (text for field in fields(one) if field.name not in hidden
                    for text in texts(getattr(one, field.name)))  # fmt: skip


def worded(one):
    """All texts by language in a pack or an indicator."""
    if (
        isinstance(one, dict)
        and {"en", "zh"} <= set(one)
        and all(isinstance(text, str) for text in one.values())
    ):
        yield one
    elif isinstance(one, dict | list | tuple):
        for part in one.values() if isinstance(one, dict) else one:
            yield from worded(part)


def report_of(text):
    """The Chinese report of a pack on few parcels, in its scenario with other weights where there is one."""
    scenarios = decoded(text).scenarios
    scenario = next((id for id, one in scenarios.items() if one.weights), "")
    document = table(made_data(pack=text, overlay=FEW), pack=text, scenario=scenario, draws=20).answer
    return content_of(read_evaluation(document.content), document)


@pytest.mark.parametrize("name", packs())
def test_a_chinese_report_of_a_pack_has_no_english_sentence(name):
    """No text that has a Chinese one stands there in English; what has no Chinese sign is a citation or a name."""
    pack = decoded(packs()[name])
    used = [one.library for one in pack.indicators.values() if one.library]
    told = [*worded(msgspec.to_builtins(pack)), *worded([msgspec.to_builtins(library()[id]) for id in used])]
    own = json.loads((FOLDER / "zh.json").read_text("utf-8")).values()
    english = {one["en"] for one in told} - {one["zh"] for one in told} - set(own)
    read = set(texts(report_of(packs()[name])))
    assert sorted(read & english) == []
    cited = {one.reference for one in (*pack.indicators.values(), *(library()[id] for id in used))}
    cited |= {one["zh"] for one in told}  # a source that is a citation and nothing else
    left = {text for text in read if len(WORD.findall(text)) >= SENTENCE and not HAN.search(text)}
    values = {text for text in left if re.fullmatch(r"(\w[\w ]*（\d+）、?)+…?", text)}
    assert sorted(left - cited - values) == []


def sources(content):
    """Sources of weights, scores and rules in a report."""
    return [text for text in texts(content) if "FAO 29" in text or "Panel" in text or "专家" in text]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sources_are_told_in_the_language_of_the_report(language):
    """A source by language is told in that of the report; one text, as older answers have it, in every language."""
    old = evaluation(parcels()[0])
    said = {"en": "Panel of 7 experts", "zh": "7 位专家判定"}
    nodes = tuple(msgspec.structs.replace(one, weighing_source=said) for one in old.nodes)
    rules = tuple(msgspec.structs.replace(one, source={"und": "FAO 29, table 1"}) for one in old.rules)
    new = msgspec.structs.replace(old, nodes=nodes, rules=rules)
    shown = sources(content_of(read_evaluation(encoded(new)), language=language))
    assert said[language] in shown
    assert said["zh" if language == "en" else "en"] not in shown
    assert "FAO 29, table 1" in shown
    before = sources(content_of(read_evaluation(encoded(old)), language=language))
    assert {"Panel of 7 experts, 2025", "FAO 29, an example to be replaced", "FAO 29"} <= set(before)
