"""GPS time and UTC."""

from __future__ import annotations

from datetime import datetime

import pytest

from craton.ingest.gps_time import rfc3339, utc_of_gps, utc_of_gps_seconds

OFFSETS = {1980: 0, 1990: 6, 1999: 13, 2005: 13, 2008: 14, 2012: 15, 2016: 17, 2017: 18, 2026: 18}


@pytest.mark.parametrize(("year", "seconds"), OFFSETS.items())
def test_offset_by_year(year, seconds):
    """In the middle of a year GPS time is ahead of UTC by the published number of seconds."""
    moment = datetime(year, 3, 1)  # noqa: DTZ001 - a moment of GPS time
    assert (moment - utc_of_gps(moment)).total_seconds() == seconds


def test_epoch():
    """Second zero of GPS time is the first moment of 6 January 1980."""
    assert rfc3339(utc_of_gps_seconds(0)) == "1980-01-06T00:00:00Z"


def test_outside_calendar():
    """Seconds that no calendar holds are an error, not a wrong date."""
    with pytest.raises(OverflowError):
        utc_of_gps_seconds(1e15)
