"""Dates in the names of rasters, and which names are one series."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from craton.ingest.raster_series import dated, last_day, series_name, series_of


@pytest.mark.parametrize(
    ("name", "pattern", "dates"),
    [
        ("dem_20240131.tif", "dem_*.tif", (date(2024, 1, 31),)),
        ("dem_2024-01-31_v2.tif", "dem_*_v2.tif", (date(2024, 1, 31),)),
        ("S2_20240131T101112_B04.tif", "s2_*_b04.tif", (date(2024, 1, 31),)),
        ("rain_2024_01.tif", "rain_*.tif", (date(2024, 1, 1),)),
        ("1985.tif", "*.tif", (date(1985, 1, 1),)),
        ("geo_060619-061002_unw.tif", "geo_*_unw.tif", (date(2006, 6, 19), date(2006, 10, 2))),
        ("20200101_20200113_coh.tif", "*_coh.tif", (date(2020, 1, 1), date(2020, 1, 13))),
        ("960101-960202.unw.tif", "*.unw.tif", (date(1996, 1, 1), date(1996, 2, 2))),
    ],
)
def test_dates_are_found(name, pattern, dates):
    """Days, months, years and pairs of days are found in their usual spellings."""
    found = dated(name)
    assert (found.pattern, found.dates) == (pattern, dates)


@pytest.mark.parametrize(
    "name",
    [
        "dem.tif",
        "tile_123456.tif",
        "dem_20241399.tif",
        "N44W072.tif",
        "map1985b.tif",
        "LC08_129047_20200101_20200820_B4.tif",
        "a_20200101_b_20210101.tif",
        "20200113-20200101_unw.tif",
    ],
)
def test_numbers_that_are_no_clear_date_are_left_alone(name):
    """Numbers of tiles, impossible dates, processing dates and several dates make no series."""
    assert dated(name) is None


def test_series_takes_like_names_of_its_folder_only():
    """Members share folder and pattern; the first in order of names speaks for all."""
    names = ["a_20200101.tif", "a_20210101.tif", "a_20220101.tif", "b_20200101.tif", "a_20200101.tif.aux.xml"]
    listing = [Path("/data") / name for name in names] + [Path("/data/old/a_20190101.tif")]
    assert [path.name for path in series_of(listing[0], listing)] == names[:3]
    assert series_of(listing[1], listing) == [listing[1]]
    assert series_of(listing[3], listing) == [listing[3]]


@pytest.mark.parametrize(
    ("pattern", "name"), [("geo_*_unw.tif", "geo_unw"), ("*.tif", ""), ("level-*.tif", "level")]
)
def test_variable_is_named_by_what_is_left(pattern, name):
    """The variable of a cube is called by the name without its date."""
    assert series_name(pattern) == name


@pytest.mark.parametrize(
    ("day", "spelled", "last"),
    [
        (date(2020, 1, 1), 1, date(2020, 12, 31)),
        (date(2020, 2, 1), 2, date(2020, 2, 29)),
        (date(2020, 2, 3), 3, date(2020, 2, 3)),
    ],
)
def test_year_and_month_end_with_their_last_day(day, spelled, last):
    """A date spelled as a year or a month covers all of it."""
    assert last_day((date(2019, 1, 1), day), spelled) == last
