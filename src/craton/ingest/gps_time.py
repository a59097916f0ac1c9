"""GPS time brought to UTC, for clocks that do not keep leap seconds."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta

GPS_EPOCH = datetime(1980, 1, 6)  # noqa: DTZ001 - a moment of GPS time, which has no zone
"""Where GPS time and UTC agree."""

LEAP_SECONDS = (
    (1981, 7), (1982, 7), (1983, 7), (1985, 7), (1988, 1), (1990, 1), (1991, 1), (1992, 7), (1993, 7),
    (1994, 7), (1996, 1), (1997, 7), (1999, 1), (2006, 1), (2009, 1), (2012, 7), (2015, 7), (2017, 1),
)  # fmt: skip
"""Year and month on whose first day UTC fell one second further behind GPS time (IERS Bulletin C)."""

_STEPS = [datetime(year, month, 1) for year, month in LEAP_SECONDS]  # noqa: DTZ001 - compared with GPS time


def utc_of_gps(moment: datetime) -> datetime:
    """UTC of a `moment` of GPS time (both without zone), to the second around a leap second."""
    return moment - timedelta(seconds=bisect_right(_STEPS, moment))


def utc_of_gps_seconds(seconds: float) -> datetime:
    """UTC of `seconds` since the GPS epoch; `OverflowError` outside the calendar."""
    return utc_of_gps(GPS_EPOCH + timedelta(seconds=seconds))


def rfc3339(moment: datetime) -> str:
    """Text of a UTC `moment` without zone, to the second."""
    return moment.isoformat(timespec="seconds") + "Z"
