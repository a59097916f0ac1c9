"""Moments: RFC 3339 text to time and back."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from craton.model.errors import InvalidError

_PART_OF_DATE = re.compile(r"(?P<year>\d{4})(-(?P<month>\d\d))?")
_DATE_LENGTH = len("2025-03-28")


def moment(text: str, *, last: bool = False) -> datetime:
    """Time of an RFC 3339 date or date-time, or of a year or month, in UTC where no offset is given.

    Parameters
    ----------
    text : str
        `2025`, `2025-03`, `2025-03-28` or `2025-03-28T06:20:52Z`; anything else is an `InvalidError`.
    last : bool
        Take the last second of a date, month or year instead of its first.
    """
    try:
        if part := _PART_OF_DATE.fullmatch(text):
            text = _whole_date(int(part["year"]), int(part["month"] or (12 if last else 1)), last=last)
        time = datetime.fromisoformat(text)
        if last and len(text) == _DATE_LENGTH:
            time += timedelta(days=1, seconds=-1)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{text[:40]!r} is not a time", hint="write it as 2025-03-28 or 2025-03-28T06:20:52Z (RFC 3339)"
        ) from None


def _whole_date(year: int, month: int, *, last: bool) -> str:
    """First or last date of a month."""
    return f"{year:04d}-{month:02d}-{monthrange(year, month)[1] if last else 1:02d}"


def timestamp(time: datetime) -> str:
    """RFC 3339 text of `time` in UTC, to the second, or finer where it is."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def now() -> str:
    """RFC 3339 text of this moment in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
