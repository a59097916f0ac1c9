"""Languages: what the script of a text says about its language."""

from __future__ import annotations

_SCRIPTS = (
    ("lo", 0x0E80, 0x0EFF), ("th", 0x0E00, 0x0E7F), ("km", 0x1780, 0x17FF), ("my", 0x1000, 0x109F),
    ("ko", 0xAC00, 0xD7AF), ("ja", 0x3040, 0x30FF), ("zh", 0x3400, 0x9FFF),
)  # fmt: skip
"""Language and the code points of a script that it is mostly written in."""


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
