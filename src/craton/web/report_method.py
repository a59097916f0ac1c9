"""The last parts of a report: method in words, limits, provenance, and the command that repeats the run."""

from __future__ import annotations

import hashlib
import shlex
from typing import Any

import msgspec

from craton.model.record import Run
from craton.web.report_content import (
    Block,
    Bullets,
    Code,
    Facts,
    Grid,
    Heading,
    Paragraph,
    Part,
    Span,
    Text,
    code,
    plain,
    quiet,
)
from craton.web.report_source import SIBLINGS
from craton.web.report_speech import NONE
from craton.web.report_teller import Teller

LONG = 160
"""Letters of a parameter from which on the command reads it from a file."""


def method_part(teller: Teller) -> Part:
    """How the answer was worked out."""
    speech, told = teller.speech, teller.evaluation
    blocks: list[Block] = []
    for words in (speech.text(told.description), speech.text(told.method)):
        if words:
            blocks += [Paragraph(plain(one)) for one in words.split("\n\n")]
    steps = [
        speech.say("method.attributes"),
        speech.say("method.indicators", count=speech.count(len(told.indicators))),
        speech.say("method.weights"), speech.say("method.grades", count=speech.count(len(told.grades))),
        speech.say("method.obstacles"),
    ]  # fmt: skip
    blocks.append(Bullets(tuple(plain(step) for step in steps)))
    return Part("method", speech.say("part.method"), tuple(blocks))


def limits_part(teller: Teller) -> Part:
    """Where and for what the answer must not be used."""
    speech = teller.speech
    words = speech.text(teller.evaluation.limits)
    blocks: list[Block] = [Paragraph(plain(words or speech.say("limits.none")))]
    blocks.append(Bullets((plain(speech.say("limits.scores")), plain(speech.say("limits.gaps")))))
    return Part("limits", speech.say("part.limits"), tuple(blocks))


def provenance_part(teller: Teller) -> Part:
    """Who ran what, when, on which data, and how to do it again."""
    speech, run = teller.speech, teller.source.run
    blocks: list[Block] = [Facts(_facts(teller))]
    if run.inputs:
        blocks += [Heading(speech.say("provenance.inputs")), _inputs(teller, run)]
    if run.parameters:
        blocks += [Heading(speech.say("provenance.parameters")), _parameters(teller, run)]
    blocks.append(Heading(speech.say("provenance.command")))
    blocks.append(Paragraph(plain(speech.say("provenance.command.words"))))
    blocks.append(Code(command_of(run)))
    blocks += [_file(teller, name, text) for name, text in _texts(run).items()]
    return Part("provenance", speech.say("part.provenance"), tuple(blocks))


def _facts(teller: Teller) -> tuple[tuple[str, Text], ...]:
    speech, run, told = teller.speech, teller.source.run, teller.evaluation
    say, source = speech.say, teller.source
    answer = source.answer
    when = say("provenance.when.said", start=speech.moment(run.started), end=speech.moment(run.ended))
    job = f"{teller.base}/jobs/{run.job}" if teller.base and run.job else ""
    said: list[tuple[str, Text]] = [
        ("process", plain(say("provenance.process.said", process=run.process, version=run.process_version),
                          f"{teller.base}/processes/{run.process}" if teller.base else "")),
        ("pack", plain(say("provenance.pack.said", pack=told.pack, version=told.version))),
        ("pack_key", code(told.key)), ("software", plain(run.software or NONE)),
        ("environment", code(run.environment or NONE)), ("when", plain(when)),
        ("who", plain(run.actor) if run.actor else quiet(say("provenance.who.none"))),
        ("job", (Span(run.job, job, "code"),) if run.job else plain(NONE)),
        ("key", code(run.key)), ("answer", _named(teller, f"{answer.id}@{answer.version}")),
    ]  # fmt: skip
    said += [("results", text) for text in [_results(teller)] if text]
    return tuple((say(f"provenance.{name}"), text) for name, text in said)


def _named(teller: Teller, name: str) -> Text:
    return (Span(name, teller.dataset(teller.source.answer), "code"),)


def _results(teller: Teller) -> Text:
    """The datasets of the run, each with what it holds."""
    spans: list[Span] = []
    for output in SIBLINGS[:-1]:
        if (one := teller.source.siblings.get(output)) is not None:
            stop = teller.speech.say("list.comma") if spans else ""
            words = teller.speech.say(f"output.{output}")
            spans += [
                Span(stop),
                Span(f"{one.id}@{one.version}", teller.dataset(one), "code"),
                Span(f" {words}"),
            ]
    return tuple(spans)


def _inputs(teller: Teller, run: Run) -> Grid:
    speech = teller.speech
    rows = tuple(
        (
            code(name), (Span(f"{one.id}@{one.version}", teller.dataset(one), "code"),),
            code(one.content or NONE),
        )
        for name, given in run.inputs.items() for one in given
    )  # fmt: skip
    head = tuple(speech.say(f"column.{name}") for name in ("input", "version", "content"))
    return Grid(head, rows, speech.say("provenance.inputs"), widths=(1, 2, 3.4))


def _parameters(teller: Teller, run: Run) -> Grid:
    speech = teller.speech
    rows = tuple(
        (code(name), code(_shown(run, name, value))) for name, value in run.parameters.items()
        if value not in (None, "", [], ())
    )  # fmt: skip
    head = (speech.say("column.parameter"), speech.say("column.value"))
    return Grid(head, rows, speech.say("provenance.parameters"), widths=(1, 4))


def _shown(run: Run, name: str, value: Any) -> str:
    if name in _texts(run):
        return f"@{_file_name(name)}"
    return f"{_plain(value)} {run.units.get(name, '')}".strip()


def _plain(value: Any) -> str:
    """A parameter as the command takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str | int | float) for one in value):
        return ",".join(map(_plain, value))
    return msgspec.json.encode(value).decode()


def _texts(run: Run) -> dict[str, str]:
    """Parameters that are long texts, by name."""
    told = {name: value for name, value in run.parameters.items() if isinstance(value, str)}
    return {name: value for name, value in told.items() if len(value) > LONG or "\n" in value}


def _file_name(name: str) -> str:
    return f"{name}.txt"


def command_of(run: Run) -> str:
    """The command that does the run again; long texts are read from files."""
    lines = [f"craton run NODE {shlex.quote(run.process)}"]
    for name, given in run.inputs.items():
        for one in given:
            field = f"#{one.variable}" if one.variable else ""
            lines.append(f"--input {shlex.quote(f'{name}={one.id}@{one.version}{field}')}")
    for name, value in run.parameters.items():
        if value in (None, "", [], ()):
            continue
        lines.append(f"--set {shlex.quote(f'{name}={_shown_plain(run, name, value)}')}")
    return " \\\n  ".join(lines)


def _shown_plain(run: Run, name: str, value: Any) -> str:
    return f"@{_file_name(name)}" if name in _texts(run) else _plain(value)


def _file(teller: Teller, name: str, text: str) -> Paragraph:
    content, answer = text.encode(), teller.source.answer
    words = teller.speech.say(
        "provenance.file", file=_file_name(name), name=name, bytes=teller.speech.count(len(content)),
        hash=hashlib.sha256(content).hexdigest(), answer=f"{answer.id}@{answer.version}",
    )  # fmt: skip
    return Paragraph(quiet(words))
