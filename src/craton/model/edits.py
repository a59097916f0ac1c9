"""What a manager says of a dataset in place of what its source says: titles, words, licence and so on.

Edits are kept beside the dataset and laid over it whenever it is written, so
that adding its source again, or making it again, does not undo them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from craton.model.errors import InvalidError
from craton.model.licences import licence_from_text
from craton.model.record import LanguageMap, Noun, Party, Record

Visibility = Literal["public", "partners", "private"]

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*|und")
LICENCE = re.compile(r"[A-Za-z0-9.+-]{1,64}")
"""An SPDX identifier, whether we know it or not."""

MOST_TITLE = 500
MOST_TEXT = 50_000
MOST_WORDS = 200
MOST_PARTIES = 100

DOUBTS_OF_LICENCE = frozenset({"licence-missing", "licence-ambiguous", "licence-of-software"})
"""Findings that are settled once a licence is stated."""


class Edits(Noun, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Values that stand in place of those of the source; `None` leaves the source's."""

    title: LanguageMap | None = None
    description: LanguageMap | None = None
    keywords: tuple[str, ...] | None = None
    licence: str | None = None
    parties: tuple[Party, ...] | None = None
    visibility: Visibility | None = None


NAMES = Edits.__struct_fields__


def laid_over(edits: Edits, record: Record) -> Record:
    """`record` with what `edits` say of it."""
    stated = {name: value for name in NAMES if (value := getattr(edits, name)) is not None}
    if stated.get("licence"):
        stated["findings"] = tuple(f for f in record.findings if f.code not in DOUBTS_OF_LICENCE)
    return msgspec.structs.replace(record, **stated) if stated else record


def together(before: Edits, more: Edits) -> Edits:
    """Both edits, where they differ `more`."""
    stated = {name: value for name in NAMES if (value := getattr(more, name)) is not None}
    return msgspec.structs.replace(before, **stated)


def edits_of(record: Record, patch: Mapping[str, Any]) -> Edits:
    """Edits that `patch`, a merge of JSON (RFC 7396), makes of `record`.

    Titles and descriptions are merged by language, where `null` takes a language away; lists are
    replaced as a whole; `null` empties what can be empty.

    Raises
    ------
    InvalidError
        If it names what cannot be edited, or says of it what cannot be said.
    """
    unknown = sorted(set(patch) - set(NAMES))
    if unknown:
        raise InvalidError(
            f"{unknown[0][:40]!r} cannot be edited", hint=f"there are: {', '.join(sorted(NAMES))}"
        )
    stated: dict[str, Any] = {n: _READERS[n](getattr(record, n), value) for n, value in patch.items()}
    return Edits(**stated)


def _title(now: LanguageMap, value: object) -> LanguageMap:
    title = _languages("title", now, value, MOST_TITLE)
    if not any(text.strip() for text in title.values()):
        raise InvalidError("title must have a text in one language at least")
    return title


def _description(now: LanguageMap, value: object) -> LanguageMap:
    return _languages("description", now, value, MOST_TEXT)


def _languages(name: str, now: LanguageMap, value: object, most: int) -> LanguageMap:
    """Texts by language; a mere text has no language."""
    if value is None:
        return {}
    if isinstance(value, str):
        return {"und": _text(name, value, most)}
    if not isinstance(value, dict):
        raise InvalidError(f"{name} must be texts by language, such as {{'en': …}}, not {_kind(value)}")
    merged = dict(now)
    for language, text in value.items():
        if not LANGUAGE.fullmatch(language):
            raise InvalidError(
                f"{name} has the language {language[:40]!r}, which is no BCP 47 tag such as lo"
            )
        if text is None:
            merged.pop(language, None)
        else:
            merged[language] = _text(name, text, most)
    return merged


def _keywords(_now: object, value: object) -> tuple[str, ...]:
    words = _list("keywords", value, MOST_WORDS)
    return tuple(dict.fromkeys(_text("keywords", word, MOST_TITLE) for word in words))


def _licence(_now: object, value: object) -> str:
    if value is None or value == "":
        return ""
    text = _text("licence", value, MOST_TITLE)
    known = licence_from_text(text)
    if not known and not LICENCE.fullmatch(text):
        raise InvalidError(f"licence must be an SPDX identifier such as CC-BY-4.0, not {text[:60]!r}")
    return known or text


def _parties(_now: object, value: object) -> tuple[Party, ...]:
    try:
        parties = msgspec.convert(_list("parties", value, MOST_PARTIES), tuple[_StrictParty, ...])
    except msgspec.ValidationError as error:
        raise InvalidError(f"parties cannot be understood: {error}") from error
    for party in parties:
        for text in (party.name, party.role, party.contact):
            _text("parties", text, MOST_TITLE)
        if not party.name.strip():
            raise InvalidError("parties must have a name each")
    return tuple(Party(name=p.name, role=p.role, contact=p.contact) for p in parties)


class _StrictParty(Party, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A party as it is stated by hand."""


def _visibility(_now: object, value: object) -> Visibility:
    try:
        visibility: Visibility = msgspec.convert(value, Visibility)
    except msgspec.ValidationError:
        raise InvalidError(f"visibility must be public, partners or private, not {_kind(value)}") from None
    return visibility


def _list(name: str, value: object, most: int) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        raise InvalidError(f"{name} must be a list of at most {most}, not {_kind(value)}")
    return value


def _text(name: str, value: object, most: int) -> str:
    if not isinstance(value, str):
        raise InvalidError(f"{name} must be a text, not {_kind(value)}")
    if len(value) > most:
        raise InvalidError(f"{name} must have at most {most} characters, not {len(value)}")
    if any((ord(c) < 32 and c not in "\n\t") or "\ud800" <= c <= "\udfff" for c in value):
        raise InvalidError(f"{name} must not hold control characters or halves of characters")
    return value


def _kind(value: object) -> str:
    return f"{value!r}"[:60]


_READERS = {
    "title": _title, "description": _description, "keywords": _keywords, "licence": _licence,
    "parties": _parties, "visibility": _visibility,
}  # fmt: skip
