"""The part of a report about its data: attributes as found, datasets with owner and licence, licences."""

from __future__ import annotations

from collections import Counter

from craton.model.evaluation import AttributeAnswer
from craton.model.record import Parent, Record
from craton.process.provenance import parents
from craton.web.collections_document import LICENCES
from craton.web.report_content import (
    Block,
    Bullets,
    Grid,
    Heading,
    Paragraph,
    Part,
    Span,
    Text,
    code,
    plain,
    quiet,
    strong,
)
from craton.web.report_speech import NONE
from craton.web.report_teller import Teller

HASH_DIGITS = 12
"""Digits of a hash that are shown; the page that it leads to has all."""

MOST_WORDS = 6
"""Words of an attribute that are told with how often each comes."""


def data_part(teller: Teller) -> Part:
    """Attributes, datasets, licences."""
    speech = teller.speech
    blocks: list[Block] = [
        Heading(speech.say("data.attributes")),
        Paragraph(plain(speech.say("data.attributes.words"))), _attributes(teller),
        Heading(speech.say("data.datasets")), Paragraph(plain(speech.say("data.datasets.words"))),
        _datasets(teller), Heading(speech.say("data.licences")), _licences(teller),
    ]  # fmt: skip
    if any(not record.licence for record in used(teller)):
        blocks.append(Paragraph(plain(speech.say("data.licences.none")), "note"))
    return Part("data", speech.say("part.data"), tuple(blocks))


def used(teller: Teller) -> list[Record]:
    """Datasets that the answer stands on, without itself, those nearest to it first."""
    answer = teller.source.answer
    own = (answer.id, answer.version)
    return [one for one in reversed(teller.source.history.records) if (one.id, one.version) != own]


def _attributes(teller: Teller) -> Grid:
    speech = teller.speech
    names = ("attribute", "column", "found_unit", "measure", "values", "gaps", "refused")
    inputs = parents(teller.source.answer)
    href = teller.dataset(inputs[0]) if inputs else ""
    rows = tuple(_attribute(teller, one, href) for one in teller.evaluation.attributes)
    head = tuple(speech.say(f"column.{name}") for name in names)
    return Grid(head, rows, speech.say("data.attributes"), frozenset({5, 6}))


def _attribute(teller: Teller, one: AttributeAnswer, href: str) -> tuple[Text, ...]:
    speech = teller.speech
    refused: Text = (Span(speech.count(one.refused), href, "strong" if one.refused else "plain"),)
    return (
        strong(speech.text(one.title) or one.id), code(one.column) if one.column else plain(NONE),
        plain(speech.unit(one.found_unit) or NONE), plain(speech.unit(one.unit) or NONE),
        teller.number(_values(teller, one), href), teller.number(speech.count(one.values.gaps), href),
        refused,
    )  # fmt: skip


def _values(teller: Teller, one: AttributeAnswer) -> str:
    speech, spread = teller.speech, one.values
    if one.words:
        often = Counter(one.words).most_common()
        said = [
            speech.say("data.words", word=word, count=speech.count(count))
            for word, count in often[:MOST_WORDS]
        ]
        return speech.say("list.comma").join([*said, *(["…"] if len(often) > MOST_WORDS else [])])
    if spread.lowest is None or spread.highest is None:
        return NONE
    return f"{speech.number(spread.lowest)} – {speech.number(spread.highest)}"


def _datasets(teller: Teller) -> Grid:
    speech = teller.speech
    names = ("dataset", "version", "content", "licence", "publisher")
    rows = [_dataset(teller, one) for one in used(teller)]
    rows += [_missing(teller, one) for one in teller.source.history.missing]
    head = tuple(speech.say(f"column.{name}") for name in names)
    return Grid(head, tuple(rows), speech.say("data.datasets"), widths=(2.2, 2.2, 1.4, 1.1, 2))


def _dataset(teller: Teller, one: Record) -> tuple[Text, ...]:
    speech, href = teller.speech, teller.dataset(one)
    owners = tuple(dict.fromkeys(party.name for party in one.parties))
    return (
        strong(one.name(speech.language), href), (Span(f"{one.id}@{one.version}", href, "code"),),
        code(one.content[:HASH_DIGITS]) if one.content else plain(NONE), licence(teller, one.licence),
        plain(speech.join(owners)) if owners else quiet(speech.say("source.none")),
    )  # fmt: skip


def _missing(teller: Teller, one: Parent) -> tuple[Text, ...]:
    """A dataset that is gone, or that whoever asks may not see: what its child wrote down."""
    said = quiet(teller.speech.say("data.missing"))
    return said, code(f"{one.id}@{one.version}"), code(one.content[:HASH_DIGITS]), plain(NONE), plain(NONE)


def licence(teller: Teller, identifier: str) -> Text:
    """A licence; one of SPDX leads to its text."""
    if not identifier:
        return quiet(teller.speech.say("source.none"))
    is_known = identifier.replace("-", "").replace(".", "").isalnum() and identifier.isascii()
    return plain(identifier, f"{LICENCES}{identifier}.html" if is_known else "")


def _licences(teller: Teller) -> Block:
    """Each licence with the datasets under it."""
    speech = teller.speech
    found: dict[str, list[str]] = {}
    for one in used(teller):
        found.setdefault(one.licence, []).append(one.name(speech.language))
    colon = speech.say("punctuation.colon")
    items = [
        (*licence(teller, identifier), Span(colon + speech.join(tuple(dict.fromkeys(names)))))
        for identifier, names in sorted(found.items(), key=lambda pair: (not pair[0], pair[0]))
    ]
    return Bullets(tuple(items)) if items else Paragraph(quiet(speech.say("source.none")))
