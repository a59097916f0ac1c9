"""Puts a report together from what the node holds of a run, in one language."""

from __future__ import annotations

from craton.web.report_answer import answer_part, summary_part
from craton.web.report_checks import check_parts
from craton.web.report_content import Frame, ReportContent
from craton.web.report_data import data_part
from craton.web.report_method import limits_part, method_part, provenance_part
from craton.web.report_pack_charts import pack_charts
from craton.web.report_source import Source
from craton.web.report_speech import Speech
from craton.web.report_teller import Teller
from craton.web.report_why import why_part


def report_content(source: Source, language: str, *, node: str = "", base: str = "") -> ReportContent:
    """The report of a run.

    Parameters
    ----------
    language : str
        `en` or `zh`.
    node, base : str
        Title and address of the node; without an address, numbers lead nowhere.
    """
    speech = Speech(language)
    teller = Teller(source, speech, base)
    told = source.evaluation
    moment = source.run.ended or source.answer.created
    kicker = speech.say("kicker.node", node=node) if node else speech.say("kicker")
    frame = Frame(
        speech.say("frame.contents"), speech.say("frame.page", page="{page}", pages="{pages}"),
        speech.say("frame.made", date=speech.moment(moment)),
    )  # fmt: skip
    parts = (
        summary_part(teller), answer_part(teller), why_part(teller), *pack_charts(teller),
        *check_parts(teller), data_part(teller), method_part(teller), limits_part(teller),
        provenance_part(teller),
    )  # fmt: skip
    return ReportContent(
        language, speech.text(told.title) or told.pack, speech.text(told.question), _author(source, node),
        kicker, moment, teller.dataset(source.answer), frame, parts,
    )  # fmt: skip


def _author(source: Source, node: str) -> str:
    """Who publishes the answer: its owners, else the node."""
    owners = dict.fromkeys(party.name for party in source.answer.parties if party.role == "owner")
    return ", ".join(owners) or node or "Craton"
