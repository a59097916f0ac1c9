"""Text made searchable in every script, also in those that write no spaces.

A text becomes a string of tokens with one space between them, which any
full-text index can take as it is. Words are folded (NFKC, case, diacritics
of Latin and Greek letters, digits of any script to 0–9). Chinese, Japanese,
Korean, Thai, Lao, Khmer, Burmese and their kin become overlapping pairs of
characters, with the last character of a run once more alone: 铜矿床 gives
`铜矿 矿床 床`. A run of two or more characters is then found wherever it stands,
as a phrase of pairs, and a single one as the beginning of a token.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

MAX_TOKENS = 12_000
"""Tokens kept of one text; PostgreSQL places no lexeme beyond position 16,383."""

MAX_TOKEN = 64
"""Characters kept of one word."""

MAX_TEXT = 20 * MAX_TOKENS
"""Characters read of one text."""

MAX_PHRASES = 32
"""Phrases kept of one query."""

MAX_PHRASE = 250
"""Tokens asked of one phrase."""

MAX_QUERY = 1_000
"""Characters read of one query."""

MIN_PREFIX = 3
"""Letters a word of a query needs to also find longer words; numbers find themselves only."""

UNSPACED = (
    (0x0E00, 0x0EFF, "Thai, Lao"),
    (0x1000, 0x109F, "Burmese"),
    (0x1100, 0x11FF, "Hangul letters"),
    (0x1780, 0x17FF, "Khmer"),
    (0x1950, 0x19FF, "Tai Le, New Tai Lue, Khmer symbols"),
    (0x1A20, 0x1AAF, "Tai Tham"),
    (0x1B00, 0x1B7F, "Balinese"),
    (0x3005, 0x3007, "ideographic marks"),
    (0x3040, 0x30FF, "Hiragana, Katakana"),
    (0x3100, 0x312F, "Bopomofo"),
    (0x31F0, 0x31FF, "Katakana extensions"),
    (0x3400, 0x4DBF, "Chinese characters, extension A"),
    (0x4E00, 0x9FFF, "Chinese characters"),
    (0xA960, 0xA97F, "Hangul letters, extension A"),
    (0xA980, 0xA9FF, "Javanese, Burmese extension B"),
    (0xAA60, 0xAA7F, "Burmese extension A"),
    (0xAC00, 0xD7FF, "Hangul"),
    (0xF900, 0xFAFF, "Chinese compatibility characters"),
    (0x20000, 0x323AF, "Chinese characters, extensions B to H"),
)
"""Scripts written without spaces between words, by first and last code point."""

LETTERS = str.maketrans(
    {"đ": "d", "ø": "o", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
"""Latin letters that carry their mark within, so that Unicode does not take it apart."""


class Phrase(NamedTuple):
    """Tokens that must follow each other; `prefix` lets the last one be only a beginning."""

    tokens: tuple[str, ...]
    prefix: bool = False


def search_tokens(text: str) -> str:
    """Tokens of `text` with one space between them, at most `MAX_TOKENS`."""
    text = text[:MAX_TEXT]
    if text.isascii():
        tokens = text.translate(_ASCII).split()
    else:
        tokens = [
            token for run in _runs(text) for token in (_tokens(run) if run >= _FIRST_UNSPACED else (run,))
        ]
    if len(text) > MAX_TOKEN:
        tokens = [token[:MAX_TOKEN] for token in tokens[:MAX_TOKENS]]
    return " ".join(tokens)


def query_tokens(text: str) -> tuple[Phrase, ...]:
    """Phrases that a text must hold, all of them, to answer the query `text`.

    Words stand for themselves and for longer words that begin so; words in
    double quotes must follow each other as they are. No other sign has a
    meaning, so that no query is malformed; one of signs only gives no phrase.
    """
    found: dict[Phrase, None] = {}
    for number, part in enumerate(text[:MAX_QUERY].split('"')):
        phrases = (_quoted(part),) if number % 2 else map(_word, part.split())
        found |= dict.fromkeys(phrase for phrase in phrases if phrase.tokens)
    return tuple(found)[:MAX_PHRASES]


def _word(text: str) -> Phrase:
    """Phrase of one word, which may run through several scripts."""
    runs = _runs(text)
    if not runs:
        return Phrase(())
    last = runs[-1]
    prefix = len(last) == 1 if _is_unspaced(last) else len(last) >= MIN_PREFIX and not last.isdigit()
    return Phrase(_asked(runs), prefix)


def _quoted(text: str) -> Phrase:
    """Phrase of words that stand together; a lone character of an unspaced script at the end may go on."""
    runs = _runs(text)
    return Phrase(_asked(runs), bool(runs) and len(runs[-1]) == 1 and _is_unspaced(runs[-1]))


def _asked(runs: list[str]) -> tuple[str, ...]:
    """Tokens of `runs` as a text holds them, open at the end: more characters may follow the last pair."""
    tokens = [token[:MAX_TOKEN] for run in runs for token in _tokens(run)]
    if runs and len(runs[-1]) > 1 and _is_unspaced(runs[-1]):
        del tokens[-1]
    return tuple(tokens[:MAX_PHRASE])


def _tokens(run: str) -> list[str]:
    """The run itself if it is a word, else its pairs of characters and its last character."""
    if not _is_unspaced(run):
        return [run]
    return [run[i : i + 2] for i in range(len(run))]


def _is_unspaced(run: str) -> bool:
    return run >= _FIRST_UNSPACED and _UNSPACED.match(run) is not None


def _runs(text: str) -> list[str]:
    """Folded words and unspaced runs of `text`, in order."""
    if text.isascii():
        return text.translate(_ASCII).split()
    return _RUN.findall("".join([_fold(piece) for piece in _PIECE.findall(text)]))


def _fold(text: str) -> str:
    """Text of letters, marks, the digits 0 to 9 and spaces, without case and Latin diacritics."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _MARKS.sub(r"\1", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", text.translate(_CHARACTERS))


class _Characters(dict[int, str]):
    """What becomes of each character of a folded text, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = becomes = self._look(chr(code))
        return becomes

    @staticmethod
    def _look(character: str) -> str:
        category = unicodedata.category(character)
        if category == "Nd":
            return str(unicodedata.decimal(character))
        if category == "Cf" or character in _INVISIBLE:
            return ""
        return character if category[0] in "LM" or category in _NUMBERS else " "


_INVISIBLE = "\u034f\u17b4\u17b5" + "".join(map(chr, range(0xFE00, 0xFE10)))
"""Marks without ink: a joiner, two Khmer vowels and the variation selectors."""

_NUMBERS = ("Nl", "No")
_CHARACTERS = _Characters(LETTERS)
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_RANGES = "".join(f"{chr(first)}-{chr(last)}" for first, last, _ in UNSPACED)
_FIRST_UNSPACED = chr(UNSPACED[0][0])
_UNSPACED = re.compile(f"[{_RANGES}]")
_RUN = re.compile(f"[{_RANGES}]+|[^ {_RANGES}]+")
_MARKS = re.compile("([a-z\u00df-\u024f\u0370-\u03ff])[\u0300-\u036f]+")
_PIECE = re.compile(r"(?s).{1,2048}(?=\s)|.{1,2048}")
"""Normalising takes time with the square of a run of marks, so a long text goes in pieces."""
