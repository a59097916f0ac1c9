"""Licences: whatever text names one, brought to an SPDX identifier.

The signs are in `tables/licences.toml`. A text of which more than one licence
can be read (one for the code, one for the data) gives the one of its section
on data, else none: a wrong licence is worse than a missing one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

MAX_LENGTH = 200_000
"""Characters of a text that are looked at."""

OPENING = 600
"""Characters in which a full licence text names itself; legal texts name other licences further down."""

NAME_LENGTH = 120
"""Longest text that is a mere name or address of a licence."""

SOFTWARE = frozenset({
    "AGPL-3.0-only", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "EUPL-1.2", "GPL-2.0-only", "GPL-3.0-only",
    "ISC", "LGPL-3.0-only", "MIT", "MPL-2.0",
})  # fmt: skip
"""Licences made for programs; beside data they often mean only the code that came with it."""

PUBLIC = frozenset({"CC0-1.0", "CC-PDM-1.0", "PDDL-1.0"})
"""Licences and marks that ask nothing of what is made from the data."""

_TAG = re.compile(r"SPDX-Licen[cs]e-Identifier:\s*([\w.+-]+)", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s*(?P<words>.*?)\s*#*$", re.MULTILINE)
_MARKS = re.compile(r"[*`#>\"'“”=]+|(?<!\w)_+|_+(?!\w)")


class _Rule(NamedTuple):
    identifier: str
    signs: tuple[re.Pattern[str], ...]

    def stands_in(self, text: str) -> bool:
        return any(sign.search(text) for sign in self.signs)


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(
        _Rule(identifier, tuple(map(re.compile, row["says"]))) for identifier, row in _rows().items()
    )


@cache
def _rows() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(files(__package__).joinpath("tables/licences.toml").read_text("utf-8"))


@cache
def _names() -> dict[str, str]:
    """Identifier by every name reduced to its words."""
    rows = _rows().items()
    return {_reduce(name): identifier for identifier, row in rows for name in (identifier, *row["names"])}


def licence_from_text(text: str) -> str:
    """SPDX identifier of the licence that `text` names or is the full text of; empty when not recognised.

    Parameters
    ----------
    text : str
        A name (`CC BY 4.0`), an address, a sentence that grants a licence, a
        notice with sections for code and data, or a licence in full.
    """
    text = text[:MAX_LENGTH].strip()
    if len(text) <= NAME_LENGTH and (named := _names().get(_reduce(text))):
        return named
    if tag := _TAG.search(text):
        return _names().get(_reduce(tag[1]), tag[1])
    plain = _plain(text)
    return _opening(plain) or _only(plain) or _of_data(text) or _addressed(text)


def of_data(licences: Iterable[str]) -> str:
    """The one licence among `licences` that is made for data, else the only one there is, else empty."""
    stated = set(licences)
    chosen = stated - SOFTWARE or stated
    return chosen.pop() if len(chosen) == 1 else ""


def _opening(plain: str) -> str:
    """The one licence that the first lines name, where the text is long enough to be that licence."""
    if len(plain) < 2 * OPENING:
        return ""
    return _only(plain[:OPENING])


def _only(plain: str) -> str:
    found = [rule.identifier for rule in _rules() if rule.stands_in(plain)]
    # A waiver such as CC0 says of itself that it puts the work in the public domain.
    found = [one for one in found if one != "CC-PDM-1.0"] or found
    return found[0] if len(found) == 1 else ""


def _of_data(text: str) -> str:
    """The one licence named under the headings about data."""
    headings = [*_HEADING.finditer(text)]
    if not headings:
        return ""
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    about = False
    sections = []
    for heading, end in zip(headings, ends, strict=True):
        level = len(heading[0]) - len(heading[0].lstrip("#"))
        words = heading["words"].lower()
        if level <= 2:
            about = bool(re.match(r"(the )?data\b", words)) and "licensing notice" not in words
        if about:
            sections.append(text[heading.end() : end])
    return _only(_plain("\n".join(sections))) if sections else ""


def _addressed(text: str) -> str:
    """Licence of the only word or address in a short `text` that is a licence's name."""
    if len(text) > NAME_LENGTH:
        return ""
    parts = re.split(r"[;,()|]|\s[-–—]\s|\s+", text)
    found = {_names()[name] for part in parts if (name := _reduce(part)) in _names() and len(name) > 2}
    return found.pop() if len(found) == 1 else ""


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text).lower().replace("licence", "license").split())


def _reduce(name: str) -> str:
    """Words of a name without case, scheme, punctuation and the word licence."""
    name = re.sub(r"^(https?://)?(www\.)?|(/(deed|legalcode)([.-]\w+)*)?/?$", "", name.strip().lower())
    name = re.sub(r"\b(the|licen[cs]e|licensed|under|version|international|universal|legalcode)\b", " ", name)
    return " ".join(re.sub(r"[^\w.+/]+|(?<=v)[. ](?=\d)", " ", name).split()).strip(". ")


def joined_licence(licences: Iterable[str]) -> str:
    """Licence of what is made from data under `licences`, empty where that is not for us to say.

    Data in the public domain joins with any licence; two others that differ, or
    data without a licence, leave it open.
    """
    stated = set(licences)
    bound = sorted(stated - PUBLIC)
    if len(bound) == 1:
        return bound[0]
    return min(stated) if stated and not bound else ""
