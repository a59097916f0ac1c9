"""Words and numbers of reports in a language: one table of words each, numbers as its readers write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from craton.model.languages import Words, by_language
from craton.web.negotiation import text_in

FOLDER = Path(__file__).with_name("report_words")
LANGUAGES = ("en", "zh")
NONE = "–"
"""Stands where there is no number."""

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip

GROUPED = 10_000
"""From here on digits stand in groups of three; a year is below it."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"(?<=[A-Za-z])-?\d+\b")
_NAME = re.compile(r"[A-Za-z]+")

HECTARE, SQUARE_KILOMETRE = 1e4, 1e6


@cache
def words_of(language: str) -> Mapping[str, str]:
    """Words by their key."""
    return msgspec.json.decode((FOLDER / f"{language}.json").read_bytes(), type=dict[str, str])


@dataclass(frozen=True)
class Speech:
    """A language of reports: `en` or `zh`."""

    language: str

    def say(self, key: str, **values: str) -> str:
        """Words of `key`, with `values` put in."""
        return words_of(self.language)[key].format_map(values)

    def known(self, key: str, otherwise: str) -> str:
        """Words of `key` where there are any."""
        return words_of(self.language).get(key, otherwise)

    def text(self, texts: Words) -> str:
        """A text of the data in this language, else in another one."""
        return text_in(by_language(texts), (self.language,))[0]

    def join(self, words: tuple[str, ...]) -> str:
        """A list in a sentence."""
        if len(words) < 2:
            return "".join(words)
        comma, last = words_of(self.language)["list.comma"], words_of(self.language)["list.last"]
        return f"{comma.join(words[:-1])}{last}{words[-1]}"

    def sentences(self, title: str, words: str) -> str:
        """A title as a sentence, and what follows it."""
        return f"{title}{self.say('punctuation.stop')}{self.say('punctuation.gap')}{words}"

    def count(self, number: int) -> str:
        """A whole number."""
        return f"{number:,}".replace("-", "−")

    def score(self, number: float | None) -> str:
        """A score from 0 to 1, or a weight."""
        if number is None or not math.isfinite(number):
            return NONE
        return f"{round(number, 3) + 0.0:.3f}".replace("-", "−")  # nothing is below naught by rounding

    def number(self, number: float | None, digits: int = 4) -> str:
        """A number of the data, with as many digits as tell something."""
        if number is None or not math.isfinite(number):
            return NONE
        if number == 0:
            return "0"
        size = math.floor(math.log10(abs(number)))
        if size < -4 or size > 11:
            mantissa, _, power = f"{number:.{digits - 1}e}".partition("e")
            return f"{_short(mantissa)}×10{_raised(int(power))}".replace("-", "−")
        group = "," if abs(number) >= GROUPED else ""
        return _short(f"{number:{group}.{max(0, digits - 1 - size)}f}").replace("-", "−")

    def share(self, part: float | None) -> str:
        """A part of the whole in hundredths."""
        if part is None or not math.isfinite(part):
            return NONE
        return f"{100 * part:.1f}%" if 0 < abs(part) < 0.9995 else f"{100 * part:.0f}%"

    def about(self, part: float) -> str:
        """A part of the whole in a sentence."""
        return f"{_short(f'{100 * part:.1f}')}%"

    def area(self, square_metres: float | None, like: float | None = None) -> str:
        """An area in the unit that its size asks for, or that of `like`, the greatest beside it."""
        if square_metres is None or not math.isfinite(square_metres):
            return NONE
        size = square_metres if like is None else like
        if 0 < size < HECTARE:
            return f"{self.number(square_metres)} {self.say('unit.square_metre')}"
        if size < 1000 * SQUARE_KILOMETRE:
            return f"{self.number(square_metres / HECTARE)} {self.say('unit.hectare')}"
        return f"{self.number(square_metres / SQUARE_KILOMETRE)} {self.say('unit.square_kilometre')}"

    def moment(self, text: str) -> str:
        """A time of RFC 3339 in UTC."""
        try:
            when = datetime.fromisoformat(text).astimezone(UTC)
        except ValueError:
            return text or NONE
        if self.language == "zh":
            return f"{when.year}年{when.month}月{when.day}日 {when:%H:%M}（UTC）"
        return f"{when.day} {MONTHS[when.month - 1]} {when.year}, {when:%H:%M} UTC"

    def unit(self, unit: str) -> str:
        """A unit as it stands behind a number or in a heading; bare numbers have none."""
        if unit in {"", "1", "count"}:
            return ""
        named = _NAME.sub(lambda found: self.known(f"unit.{found[0]}", found[0]), unit)
        return _POWER.sub(lambda found: found[0].translate(RAISED), named)


def _short(digits: str) -> str:
    """Without noughts at the end of the decimals."""
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _raised(power: int) -> str:
    return str(power).translate(RAISED)
