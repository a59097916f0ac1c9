"""Rasters that are one series: same folder, names equal but for a date, three files or more.

The names decide which files come together, the files themselves whether they
become one cube: only rasters of one shape, one place and one kind of number do.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

MEMBERS = 3
"""Files from which equal names are a series; two may be a coincidence."""

YEARS = range(1900, 2100)
PLACE = "*"
"""Stands for the date in the pattern of a name."""

PAIR_WORDS = {"amp", "cc", "coh", "cor", "diff", "disp", "ifg", "int", "los", "phase", "unw"}
"""Words by which a name with two dates tells that it compares them; elsewhere two dates are ambiguous."""

YYMMDD = r"(\d\d)(\d\d)(\d\d)"
YYYYMMDD = r"(\d{4})(\d\d)(\d\d)"
DATES = (
    re.compile(rf"(?<!\d){YYYYMMDD}[-_]{YYYYMMDD}(?!\d)"),
    re.compile(rf"(?<!\d){YYMMDD}[-_]{YYMMDD}(?!\d)"),
    re.compile(rf"(?<!\d){YYYYMMDD}(?:T\d{{6}}Z?)?(?!\d)"),
    re.compile(r"(?<!\d)(\d{4})[-_](\d\d)[-_](\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(\d{4})[-_](\d\d)(?!\d)"),
    re.compile(r"(?<![0-9A-Za-z])(\d{4})(?![0-9A-Za-z])"),
)
"""Spellings of dates, the most telling first: pairs, days, months, years."""


class Dated(NamedTuple):
    """A name taken apart: the name with its date replaced, one date or two, numbers that spell each."""

    pattern: str
    dates: tuple[date, ...]
    spelled: int


@lru_cache(maxsize=100_000)
def dated(name: str) -> Dated | None:
    """The pattern and the date or dates of file name `name`, `None` unless they are unambiguous."""
    for spelling in DATES:
        found = [(match, dates) for match in spelling.finditer(name) if (dates := _dates(match))]
        if not found:
            continue
        match, dates = found[0]
        pattern = name[: match.start()] + PLACE + name[match.end() :]
        if len(found) > 1 or (len(dates) == 2 and not _compares(match, pattern)):
            return None
        return Dated(pattern.lower(), dates, spelling.groups // len(dates))
    return None


def _dates(match: re.Match[str]) -> tuple[date, ...]:
    numbers = [int(group) for group in match.groups()]
    dates = [_date(*numbers[i : i + 3]) for i in range(0, len(numbers), 3)]
    return () if None in dates else tuple(one for one in dates if one is not None)


def _date(year: int, month: int = 1, day: int = 1) -> date | None:
    century = 0 if year >= 100 else 1900 if year >= 70 else 2000
    try:
        found = date(year + century, month, day)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def _compares(match: re.Match[str], pattern: str) -> bool:
    words = set(re.split(r"[^a-z]+", pattern.lower()))
    in_order = _dates(match)[0] < _dates(match)[1]
    return in_order and ("-" in match.group() or bool(words & PAIR_WORDS))


def series_of(main: Path, listing: Iterable[Path]) -> list[Path]:
    """Files of `listing` that form a series with `main`, itself first, or only `main`.

    The first file in order of names speaks for the series; asked for another
    member, the answer is that member alone.
    """
    own = dated(main.name)
    if own is None:
        return [main]
    members = sorted(
        path
        for path in listing
        if path.parent == main.parent and (other := dated(path.name)) and _alike(own, other)
    )
    if len(members) < MEMBERS or members[0] != main:
        return [main]
    return members


def _alike(one: Dated, other: Dated) -> bool:
    return one.pattern == other.pattern and len(one.dates) == len(other.dates)


def series_name(pattern: str) -> str:
    """What is left of a name's pattern without date and suffix, as a variable's name; may be empty."""
    return re.sub(r"[^0-9a-z]+", "_", Path(pattern).stem).strip("_")


def last_day(dates: tuple[date, ...], spelled: int) -> date:
    """Last day that `dates` cover, where `spelled` numbers state each: 1 a year, 2 a month, 3 a day."""
    latest = max(dates)
    if spelled == 1:
        return latest.replace(month=12, day=31)
    return latest.replace(day=monthrange(latest.year, latest.month)[1]) if spelled == 2 else latest
