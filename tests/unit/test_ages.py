"""Ages: the chart as it is, and what texts say of it."""

from itertools import pairwise

import pytest

from craton.model.ages import RANKS, Span, age_of, colour_of, unit_at, units

PERIODS = [
    ("Quaternary", 2.58, 0.0), ("Neogene", 23.04, 2.58), ("Paleogene", 66.0, 23.04),
    ("Cretaceous", 143.1, 66.0), ("Jurassic", 201.4, 143.1), ("Triassic", 251.902, 201.4),
    ("Permian", 298.9, 251.902), ("Carboniferous", 358.86, 298.9), ("Devonian", 419.62, 358.86),
    ("Silurian", 443.1, 419.62), ("Ordovician", 486.85, 443.1), ("Cambrian", 538.8, 486.85),
]  # fmt: skip


def test_the_periods_are_those_of_the_chart():
    """Periods of the Phanerozoic, youngest first, with the boundaries of the chart of December 2024."""
    found = [(unit.name, *unit.span) for unit in units() if unit.rank == "period" and unit.span.start < 540]
    assert found == PERIODS


def test_units_of_a_rank_follow_one_another():
    """Units of a rank neither overlap nor leave a gap, but where the chart has none."""
    for rank in ("eon", "era", "period"):
        spans = [unit.span for unit in units() if unit.rank == rank]
        for younger, older in pairwise(spans):
            assert younger.start == older.end


def test_every_unit_has_a_colour_and_a_chinese_name():
    """Rank, `#rrggbb`, Chinese name, and an end after the start."""
    for unit in units():
        assert unit.rank in RANKS
        assert unit.colour[0] == "#"
        int(unit.colour[1:], 16)
        assert unit.zh
        assert not unit.zh.isascii()
        assert unit.span.start > unit.span.end >= 0


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("Jurassic", 201.4, 143.1),
        ("jurassic sandstone", 201.4, 143.1),
        ("Late Jurassic", 161.5, 143.1),
        ("Upper Jurassic", 161.5, 143.1),
        ("Jurassic–Cretaceous", 201.4, 66.0),
        ("Late Jurassic to Early Cretaceous", 161.5, 100.5),
        ("Middle to Late Triassic", 246.7, 201.4),
        ("Early Permian", 298.9, 274.4),
        ("Middle Miocene", 15.98, 11.63),
        ("lower Cambrian", 538.8, 521.0),
        ("Palaeoproterozoic", 2500.0, 1600.0),
        ("Permo-Triassic", 298.9, 201.4),
        ("Plio-Pleistocene", 5.333, 0.0117),
        ("Paleozoic (Devonian)", 419.62, 358.86),
        ("Tertiary", 66.0, 2.58),
        ("J3-K1", 161.5, 100.5),
        ("J3", 161.5, 143.1),
        ("K1s", 143.1, 100.5),
        ("T2-3l", 246.7, 201.4),
        ("Qal", 2.58, 0.0),
        ("Є2", 521.0, 506.5),
        ("Pt2", 1600.0, 1000.0),
        ("侏罗系", 201.4, 143.1),
        ("侏罗纪", 201.4, 143.1),
        ("晚侏罗世", 161.5, 143.1),
        ("中—晚侏罗世", 174.7, 143.1),
        ("志留—泥盆纪", 443.1, 358.86),
        ("早白垩世花岗岩", 143.1, 100.5),
        ("第四系全新统", 0.0117, 0.0),
        ("晚更新世", 0.129, 0.0117),
        ("青白口系", 1000.0, 780.0),
        ("145 ± 3 Ma", 145.0, 145.0),
        ("2.5-1.8 Ga", 2500.0, 1800.0),
        ("12 ka", 0.012, 0.012),
    ],
)
def test_texts_name_their_age(text, start, end):
    """Names in English and Chinese, parts, pairs, symbols of maps, numbers with a unit."""
    assert age_of(text) == pytest.approx((start, end))


@pytest.mark.parametrize(
    "text",
    ["", "granite", "basalt", "牛津大学", "印度尼西亚", "长城", "更新", "1:250000", "150", "Ma", "x" * 10_000, "γ52", "Name", "Pb", "Ni", "No", "Cap", "Sand",
     "Drill hole 7", "9e99 Ma", "(((((", "\x00"],
)  # fmt: skip
def test_other_texts_name_none(text):
    """Everyday words, bare numbers and noise are no ages."""
    assert age_of(text) is None


def test_colours_are_those_of_the_shortest_unit():
    """A span has the colour of the unit that holds it; one of several eras that of the time in its middle."""
    assert colour_of(Span(201.4, 143.1)) == "#34B2C9"
    assert colour_of(Span(150.0, 150.0)) == unit_at(Span(150.0, 150.0)).colour
    assert colour_of(Span(201.4, 66.0)) == "#7FC64E"
    assert colour_of(Span(4567.0, 0.0)).startswith("#")
