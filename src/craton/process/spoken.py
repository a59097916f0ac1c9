"""Processes in other languages: a file for each holds the words by the English ones.

What a file does not hold stays English; so a text that changed is never told in words that no longer fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from craton.process.spec import Param, Spec

FILES = Path(__file__).parent / "languages"
ENGLISH = "en"

_kept: dict[tuple[str, str], tuple[Spec, Spec]] = {}
"""By identifier and language, a process as it is declared and as it is told: a list tells all of them."""


def spoken(spec: Spec, languages: Iterable[str]) -> Spec:
    """`spec` in the first of `languages` (`zh`, `en`, …, dearest first) that there is, else in English."""
    for language in languages:
        if language == ENGLISH:
            return spec
        if words := words_of(language):
            kept = _kept.get((spec.id, language))
            if kept is None or kept[0] is not spec:
                kept = _kept[spec.id, language] = (spec, _told(spec, words))
            return kept[1]
    return spec


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages that there are beside English."""
    return tuple(sorted(path.stem for path in FILES.glob("*.json")))


def words_of(language: str) -> Mapping[str, str]:
    """Words of a language by the English ones; none of a language that is not there."""
    return _read(language) if language in languages() else {}


@cache
def _read(language: str) -> Mapping[str, str]:
    """Words of a language that there is: what a visitor only asks for is not kept."""
    words: dict[str, str] = json.loads((FILES / f"{language}.json").read_text(encoding="utf-8"))
    return words


def said_of(spec: Spec) -> tuple[str, ...]:
    """All English words of `spec` that a language has words for."""
    params = (*spec.params, *spec.outputs)
    said = (spec.title, spec.description, spec.notes, *(w for p in params for w in (p.words, p.doc)))
    return tuple(dict.fromkeys(filter(None, said)))


def _told(spec: Spec, words: Mapping[str, str]) -> Spec:
    return replace(
        spec,
        title=words.get(spec.title, spec.title),
        description=words.get(spec.description, spec.description),
        notes=words.get(spec.notes, spec.notes),
        params=tuple(_param(one, words) for one in spec.params),
        outputs=tuple(_param(one, words) for one in spec.outputs),
    )


def _param(param: Param, words: Mapping[str, str]) -> Param:
    return replace(param, doc=words.get(param.doc, param.doc), label=words.get(param.words, ""))
