"""Topics: what a dataset is about, told by its quantities, else by the words of its title and keywords.

Topics of quantities are in `tables/quantities.toml`, words in `tables/topics.toml`.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from craton.model.quantities import rule
from craton.model.record import Record

OTHER = "other"
"""Topic of what nothing else fits."""

COORDINATES = frozenset({"coordinates", "time"})
"""Topics of quantities that say where and when something was measured, not what."""

OF_KINDS = {"boreholes": "boreholes", "document": "documents"}
"""Topics of kinds of data that are a topic of their own."""


def topic_of(record: Record) -> str:
    """Topic of a dataset: that of the first quantity which says what was measured, else of its words."""
    if record.kind in OF_KINDS:
        return OF_KINDS[record.kind]
    found = (known.topic for quantity in record.quantities if (known := rule(quantity.name)))
    measured = next((topic for topic in found if topic not in COORDINATES), "")
    return measured or topic_of_words(" · ".join((*record.keywords, *record.title.values())))


def topic_of_words(text: str) -> str:
    """Topic that the words of `text` tell of, `OTHER` where none does."""
    return next((topic for topic, words in _words() if words.search(text)), OTHER)


@cache
def _words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    table = tomllib.loads(files(__package__).joinpath("tables/topics.toml").read_text("utf-8"))
    return tuple((topic, _pattern(words)) for topic, words in table.items())


def _pattern(words: list[str]) -> re.Pattern[str]:
    """Any of `words`: in Latin letters at the beginning of a word, else anywhere."""
    ways = [rf"\b{re.escape(word)}" if word.isascii() else re.escape(word) for word in words]
    return re.compile("|".join(ways), re.IGNORECASE)
