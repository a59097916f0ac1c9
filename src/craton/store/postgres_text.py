"""Texts as PostgreSQL indexes and asks for them."""

from __future__ import annotations

from collections.abc import Iterable

from craton.model.text import MAX_TOKENS, Phrase

MAX_LEXEME_BYTES = 900_000
"""Bytes of tokens that fit a `tsvector` (1 MiB) together with their positions."""


def vector(tokens: str) -> str:
    """Text of the `tsvector` with `tokens` at their places, as far as it holds them."""
    places: dict[str, list[str]] = {}
    size = 0
    for place, token in enumerate(tokens.split()[:MAX_TOKENS], start=1):
        size += len(token.encode()) + 8
        if size > MAX_LEXEME_BYTES:
            break
        places.setdefault(token, []).append(str(place))
    return " ".join(f"'{token}':{','.join(at[:255])}" for token, at in places.items())


def terms(phrases: Iterable[Phrase]) -> str:
    """Text of the `tsquery` for all of `phrases`."""
    return f"({' & '.join(map(_term, phrases))})"


def _term(phrase: Phrase) -> str:
    """Text of the `tsquery` for `phrase`."""
    *first, last = (f"'{token}'" for token in phrase.tokens)
    return f"({' <-> '.join([*first, f'{last}:*' if phrase.prefix else last])})"
