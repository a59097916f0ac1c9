"""Columns of text or numbers that are columns of dates and times."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import blank_to_null, integers, mask
from craton.model.record import Finding

HINTS = (
    "date", "datum", "time", "day", "doy", "fecha", "tanggal", "tgl", "ngay", "zeit", "created", "updated",
    "modified", "epoch",
)  # fmt: skip
"""Parts of column names that announce dates."""

MONTHS = {
    "jan": 1, "ene": 1, "feb": 2, "fev": 2, "mar": 3, "mrt": 3, "apr": 4, "abr": 4, "avr": 4, "may": 5,
    "mai": 5, "mei": 5, "jun": 6, "jul": 7, "aug": 8, "ago": 8, "agu": 8, "sep": 9, "set": 9, "oct": 10,
    "okt": 10, "out": 10, "nov": 11, "dec": 12, "dic": 12, "dez": 12, "des": 12,
}  # fmt: skip
"""Months by the first three letters of their names in the languages of survey files."""

_CLOCK = (
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp])?\.?[Mm]?\.?\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
)
_YEAR = r"(?P<year>\d{4}|\d{2})"


class Pattern(NamedTuple):
    """A way to write dates; `hinted` ones count only in columns named like dates."""

    regex: str
    hinted: bool = False


PATTERNS = (
    Pattern(rf"^(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_CLOCK}$"),
    Pattern(rf"^(?P<left>\d{{1,2}})[-/.](?P<right>\d{{1,2}})[-/.](?P<year>\d{{4}}){_CLOCK}$"),
    Pattern(rf"^(?P<left>\d{{1,2}})[-/.](?P<right>\d{{1,2}})[-/.](?P<year>\d{{2}}){_CLOCK}$", hinted=True),
    Pattern(rf"^(?P<day>\d{{1,2}})[- ]?(?P<name>[A-Za-z]{{3,9}})\.?[- ,]*(?P<year>\d{{4}}){_CLOCK}$"),
    Pattern(rf"^(?P<day>\d{{1,2}})[- ]?(?P<name>[A-Za-z]{{3,9}})\.?[- ,]*{_YEAR}{_CLOCK}$", hinted=True),
    Pattern(rf"^(?P<name>[A-Za-z]{{3,9}})\.? (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){_CLOCK}$"),
    Pattern(rf"^(?P<year>\d{{4}})-(?P<ordinal>\d{{3}}){_CLOCK}$", hinted=True),
    Pattern(r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})$", hinted=True),
)

CENTURY_PIVOT = 70
"""Years of two digits from here on are of the 1900s (the rule of POSIX `strptime` is 69)."""

READ_SHARE = 0.9
"""Share of dates among the filled cells from which a column is one of dates."""

SAMPLE = 200
LONGEST = 64
"""Characters of the longest way to write a time."""

EARLIEST_MS, LATEST_MS = 100_000_000_000, 5_000_000_000_000
"""Milliseconds since 1970 that are taken for times: years 1973 to 2128."""

TIME = pa.timestamp("us", tz="UTC")


@dataclass
class Dates:
    """A column of dates, and how sure it is.

    Parameters
    ----------
    values : Array
        date32 where no cell states a time of day, else microseconds in UTC.
    month_first : bool or None
        What the column itself says about `1/2/2020`; `None` where it says nothing.
    ambiguous : int
        Cells that can be read both ways.
    """

    values: pa.Array
    companions: dict[str, pa.Array] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    month_first: bool | None = None
    ambiguous: int = 0


def is_hint(name: str) -> bool:
    """Whether a column called `name` is expected to hold dates."""
    return any(hint in name.lower() for hint in HINTS)


def read_dates(cells: pa.Array, name: str, *, month_first: bool | None = None) -> Dates | None:
    """The dates of `cells`, or `None` where it is not a column of dates.

    `month_first` is what other columns of the table say; it counts where this
    one says nothing, and day first where they say nothing either.
    """
    filled = blank_to_null(cells)
    sample = filled.drop_null()[:SAMPLE].to_pylist()
    hinted = is_hint(name)
    usable = [pattern for pattern in PATTERNS if hinted or not pattern.hinted]
    if not sample or 2 * sum(_is_written(cell.strip(), usable) for cell in sample) < len(sample):
        return None
    if (values := _iso_dates(filled)) is not None:
        return Dates(values)
    return _Reading(pc.utf8_trim_whitespace(filled), filled).read(usable, month_first)


def _is_written(cell: str, patterns: list[Pattern]) -> bool:
    """Whether `cell` is written after one of `patterns`."""
    return len(cell) <= LONGEST and any(_compiled(pattern.regex).match(cell) for pattern in patterns)


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.ASCII)


def _iso_dates(filled: pa.Array) -> pa.Array | None:
    """Dates all written `2020-01-31`, by the shortest way."""
    try:
        return pc.cast(filled, pa.date32())
    except pa.ArrowInvalid:
        return None


class _Reading:
    """Takes date after date out of a column, pattern by pattern."""

    def __init__(self, text: pa.Array, filled: pa.Array) -> None:
        self.text, self.filled = text, filled
        size = len(text)
        self.micro = np.full(size, np.datetime64("NaT", "us"))
        self.rest = mask(text.is_valid())
        self.clock = np.zeros(size, dtype=bool)
        self.zoned = np.zeros(size, dtype=bool)
        self.two_digit = 0
        self.ambiguous = np.zeros(size, dtype=bool)
        self.month_first: bool | None = None

    def read(self, patterns: list[Pattern], month_first: bool | None) -> Dates | None:
        """All patterns, then the verdict."""
        total = int(self.rest.sum())
        for pattern in patterns:
            if self.rest.any():
                self._take(pattern.regex, month_first)
        if total - int(self.rest.sum()) < READ_SHARE * total:
            return None
        return self._verdict()

    def _take(self, regex: str, month_first: bool | None) -> None:
        where = np.flatnonzero(self.rest)
        fields = pc.extract_regex(self.text.take(pa.array(where)), regex)
        matched = mask(fields.is_valid())
        if not matched.any():
            return
        where, fields = where[matched], fields.filter(pa.array(matched))
        parts = _Parts(fields)
        year, century_guessed = parts.years()
        month, day = self._month_and_day(parts, where, month_first)
        micro, good = _assemble(year, month, day, parts)
        self.micro[where] = micro
        self.clock[where] = parts.has_clock() & good
        self.zoned[where] = parts.has_zone()
        self.two_digit += int((century_guessed & good).sum())
        self.rest[where[good]] = False
        self.ambiguous[where[~good]] = False

    def _month_and_day(
        self, parts: _Parts, where: np.ndarray, month_first: bool | None
    ) -> tuple[np.ndarray, np.ndarray]:
        if "ordinal" in parts:
            return np.ones(len(where), dtype=np.int64), parts.integers("ordinal")
        if "name" in parts:
            return parts.months_by_name(), parts.integers("day")
        if "month" in parts:
            return parts.integers("month"), parts.integers("day")
        left, right = parts.integers("left"), parts.integers("right")
        stated = _order(left, right)
        self.month_first = stated if self.month_first is None else self.month_first
        if stated is None:
            self.ambiguous[where] = left != right
        first = stated if stated is not None else bool(month_first)
        return (left, right) if first else (right, left)

    def _verdict(self) -> Dates:
        kind = TIME if self.clock.any() else pa.date32()
        values = pa.array(self.micro.astype("datetime64[us]"), from_pandas=True)
        values = values.cast(pa.timestamp("us")).cast(TIME) if kind == TIME else values.cast(pa.date32())
        dates = Dates(values, month_first=self.month_first, ambiguous=int(self.ambiguous.sum()))
        self._note(dates)
        return dates

    def _note(self, dates: Dates) -> None:
        unread, unzoned = int(self.rest.sum()), int((self.clock & ~self.zoned).sum())
        counts = {
            "date-unread": unread, "date-ambiguous": dates.ambiguous, "date-century": self.two_digit,
            "time-assumed-utc": unzoned,
        }  # fmt: skip
        dates.findings = [Finding(code=code, count=count) for code, count in counts.items() if count]
        if unread:
            dates.companions["_text"] = pc.if_else(pa.array(self.rest), self.filled, None)
        if dates.ambiguous:
            dates.companions["_original"] = self.filled


class _Parts:
    """Named parts of dates as numbers; a part that is not written is 0."""

    def __init__(self, fields: pa.StructArray) -> None:
        self.fields = fields
        self.names = {field.name for field in fields.type}

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def text(self, name: str) -> pa.Array:
        return pc.struct_field(self.fields, name)

    def integers(self, name: str) -> np.ndarray:
        if name not in self.names:
            return np.zeros(len(self.fields), dtype=np.int64)
        text = self.text(name)
        return integers(pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.int64()))

    def years(self) -> tuple[np.ndarray, np.ndarray]:
        """Years with the century, and a mask of those whose century is a guess."""
        year = self.integers("year")
        short = mask(pc.less(pc.utf8_length(self.text("year")), 4))
        return np.where(short, np.where(year >= CENTURY_PIVOT, year + 1900, year + 2000), year), short

    def months_by_name(self) -> np.ndarray:
        names = pc.utf8_slice_codeunits(pc.utf8_lower(self.text("name")), 0, 3)
        position = pc.index_in(names, pa.array(list(MONTHS)))
        numbers = pa.array([*MONTHS.values()])
        return integers(pc.fill_null(numbers.take(position), 0))

    def has_clock(self) -> np.ndarray:
        return self._written("hour")

    def has_zone(self) -> np.ndarray:
        return self._written("zone")

    def _written(self, name: str) -> np.ndarray:
        if name not in self.names:
            return np.zeros(len(self.fields), dtype=bool)
        return mask(pc.not_equal(self.text(name), ""))

    def seconds(self) -> tuple[np.ndarray, np.ndarray]:
        """Microseconds since midnight UTC, and whether the time of day is legal."""
        hour, minute, second = (self.integers(name) for name in ("hour", "minute", "second"))
        if "half" in self:
            half = pc.utf8_lower(self.text("half"))
            after = mask(pc.equal(half, "p")) & (hour < 12)
            midnight = mask(pc.equal(half, "a")) & (hour == 12)
            hour = hour + 12 * after - 12 * midnight
        legal = (hour < 24) & (minute < 60) & (second < 61)
        micro = ((hour * 60 + minute) * 60 + second) * 1_000_000 + self._fraction() - self._offset()
        return micro, legal

    def _fraction(self) -> np.ndarray:
        if "fraction" not in self.names:
            return np.zeros(len(self.fields), dtype=np.int64)
        padded = pc.utf8_slice_codeunits(pc.utf8_rpad(self.text("fraction"), 6, "0"), 0, 6)
        return integers(pc.cast(padded, pa.int64()))

    def _offset(self) -> np.ndarray:
        """Microseconds the stated zone is ahead of UTC."""
        if "zone" not in self.names:
            return np.zeros(len(self.fields), dtype=np.int64)
        parts = pc.extract_regex(self.text("zone"), r"^(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?$")
        sign = pc.if_else(pc.equal(pc.struct_field(parts, "sign"), "-"), -1, 1)
        digits = [pc.struct_field(parts, name) for name in ("hours", "minutes")]
        hours, minutes = (pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.int64()) for text in digits)
        total = pc.multiply(sign, pc.add(pc.multiply(hours, 60), minutes))
        return integers(pc.fill_null(total, 0)) * 60_000_000


def _order(left: np.ndarray, right: np.ndarray) -> bool | None:
    """Whether the month stands first: some other number is over twelve; `None` where none is."""
    day_first, month_first = int((left > 12).sum()), int((right > 12).sum())
    return None if not (day_first or month_first) else month_first > day_first


def _assemble(
    year: np.ndarray, month: np.ndarray, day: np.ndarray, parts: _Parts
) -> tuple[np.ndarray, np.ndarray]:
    """Times in UTC, and a mask of those in the calendar; `day` counts from the first of `month`."""
    clock, good = parts.seconds()
    good &= (month >= 1) & (month <= 12) & (day >= 1)
    start = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (np.where(good, month, 1) - 1)
    date = start.astype("datetime64[D]") + (np.where(good, day, 1) - 1)
    unit = "datetime64[Y]" if "ordinal" in parts else "datetime64[M]"
    good &= date.astype(unit) == start.astype(unit)
    time = date.astype("datetime64[us]") + clock.astype("timedelta64[us]")
    return np.where(good, time, np.datetime64("NaT", "us")), good


def epoch_times(values: pa.Array, name: str) -> pa.Array | None:
    """Times of whole numbers named like a time, if all are milliseconds since 1970; else `None`."""
    if not is_hint(name) or not pa.types.is_integer(values.type):
        return None
    extent = pc.min_max(values).as_py()
    if extent["min"] is None or extent["min"] < EARLIEST_MS or extent["max"] > LATEST_MS:
        return None
    return pc.cast(values, pa.timestamp("ms")).cast(TIME)
