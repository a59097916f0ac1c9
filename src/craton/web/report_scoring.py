"""Scorings, errors and weighings in the language of a report: in an answer they are short English lines."""

from __future__ import annotations

import re

from craton.web.report_speech import Speech

_LINES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"linear from (?P<worst>\S+) \(0\) to (?P<best>\S+) \(1\)", "scoring.linear"),
        (r"linear from the most \(0\) to the least \(1\) of all units", "scoring.linear.cost"),
        (r"linear from the least \(0\) to the most \(1\) of all units", "scoring.linear.benefit"),
        (r"1 at (?P<target>\S+), 0 at the farthest of all units", "scoring.target.farthest"),
        (r"1 at (?P<target>\S+), 0 at (?P<reach>\S+) away", "scoring.target"),
        (
            r"classes: (?P<first>\S+) below (?P<bound>[^,\s]+)(?P<steps>(, \S+ from [^,\s]+)*)",
            "scoring.classes",
        ),
        (r"straight between (?P<steps>.+)", "scoring.piecewise"),
        (r"(?P<shape>\w+) of (?P<points>[-+\d.e, ]+)", "scoring.membership"),
        (r"a score as it is", "scoring.as_it_is"),
        (r"(?P<part>\S+) % of the number", "error.relative"),
    )
)
_STEP = re.compile(r", (?P<score>\S+) from (?P<bound>[^,\s]+)")
_COMBINED = "combined of "


def scoring_words(speech: Speech, line: str) -> str:
    """A scoring or an error in words; one that is of no known form stays as it is."""
    for pattern, key in _LINES:
        if (found := pattern.fullmatch(line)) is not None:
            parts = found.groupdict(default="")
            if key == "scoring.classes":
                parts["steps"] = "".join(
                    speech.say("scoring.step", **step.groupdict()) for step in _STEP.finditer(parts["steps"])
                )
            elif "steps" in parts:
                parts["steps"] = speech.say("list.comma").join(parts["steps"].split(", "))
            elif "points" in parts:
                parts["points"] = speech.say("list.comma").join(parts["points"].split(", "))
                parts["shape"] = speech.known(f"shape.{parts['shape']}", parts["shape"])
            return speech.say(key, **parts)
    return line


def weighing_words(speech: Speech, line: str) -> str:
    """A method of weighing in words, or the methods that one is combined of."""
    methods = line.removeprefix(_COMBINED).split(", ") if line.startswith(_COMBINED) else []
    if not methods:
        return speech.known(f"weighing.{line}", line)
    named = tuple(speech.known(f"weighing.{method}", method) for method in methods)
    return speech.say("weighing.combined.of", methods=speech.join(named))
