"""Languages: texts in one or several of them, and what the script of a text says about its language."""

from __future__ import annotations

from craton.model.record import LanguageMap

Words = str | LanguageMap
"""A text that counts for all languages, or texts by language."""

_SCRIPTS = (
    ("lo", 0x0E80, 0x0EFF), ("th", 0x0E00, 0x0E7F), ("km", 0x1780, 0x17FF), ("my", 0x1000, 0x109F),
    ("ko", 0xAC00, 0xD7AF), ("ja", 0x3040, 0x30FF), ("zh", 0x3400, 0x9FFF),
)  # fmt: skip
"""Language and the code points of a script that it is mostly written in."""


def by_language(words: Words) -> LanguageMap:
    """Texts by language; one that counts for all is of `und`, an empty one is of none."""
    if isinstance(words, str):
        return {"und": words} if words.strip() else {}
    return words


def in_english(words: Words) -> str:
    """Words in English, else those that count for all languages."""
    found = by_language(words)
    return found.get("en") or found.get("und", "")


def guess_language(text: str) -> str:
    """BCP 47 tag by script; `und` for text in Latin and other letters that many languages share.

    Kana tell Japanese from Chinese: without them, the characters that both use
    count as Chinese.
    """
    counts = {tag: sum(low <= ord(character) <= high for character in text) for tag, low, high in _SCRIPTS}
    if counts["ja"]:
        counts["ja"] += counts.pop("zh")
    best = max(counts, key=lambda tag: counts[tag])
    letters = sum(character.isalpha() for character in text)
    return best if counts[best] and 3 * counts[best] >= letters else "und"
