"""Styles and legends of data with more different values than are looked at."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from tests.featured import featured, stored

from craton.model.cql2 import parse
from craton.model.errors import InvalidError
from craton.store.feature_index import FeatureQuery, open_features
from craton.web import styles_choose, styles_legend
from craton.web.styles_choose import asked_style, chosen_style
from craton.web.styles_legend import legend_of

COUNT = 3000


def measured():
    """Different numbers of 0 to 100 in no order, with gaps, and one that lies far out."""
    numbers = np.random.default_rng(4).permutation(np.linspace(0, 100, COUNT))
    numbers[7], numbers[10:20] = 5000.0, np.nan
    names = [f"name {n}" for n in range(COUNT)]
    places = gpd.points_from_xy(np.linspace(100, 101, COUNT), [15.0] * COUNT)
    return gpd.GeoDataFrame({"gold_ppm": numbers, "text": names}, geometry=places, crs="EPSG:4326")


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.setattr(styles_choose, "LOOKED_THROUGH", 500)
    monkeypatch.setattr(styles_legend, "MOST_VALUES", 500)
    styles_choose._styles.clear()
    store, record = stored(measured(), "table", tmp_path / "node", crs="EPSG:4326")
    yield open_features(store, record), record
    styles_choose._styles.clear()


def test_a_sample_comes_from_all_features(tmp_path):
    """As many values as are asked for, from all parts; all of them where they are fewer."""
    data = gpd.GeoDataFrame({"n": range(1000)}, geometry=gpd.points_from_xy([1.0] * 1000, [1.0] * 1000))
    index = featured(data, "table", tmp_path / "node")
    found = index.sample("n", 100)
    assert [int(n) // 10 for n in found] == list(range(100))
    assert index.sample("n", 5000) == list(range(1000))
    assert len({int(n) % 10 for n in found}) == 10


def test_ramps_and_ranges_are_of_all_values(opened):
    """Stops and ends come from all numbers, not from the least ones; the greatest is the end."""
    style = chosen_style(*opened)
    assert (style.type, style.column) == ("ramp", "gold_ppm")
    assert style.stops[0][0] == pytest.approx(2, abs=2)
    assert style.stops[-1][0] == pytest.approx(98, abs=2)
    parted = asked_style(*opened, column="gold_ppm", scheme="quantiles", classes=4).classes
    assert [one.minimum for one in parted] == pytest.approx([0, 25, 50, 75], abs=8)
    assert parted[-1].maximum == 5000
    equal = asked_style(*opened, column="gold_ppm", scheme="equal", classes=5).classes
    assert [one.maximum for one in equal] == pytest.approx([1000, 2000, 3000, 4000, 5000])


def test_ranges_count_all_features(opened):
    """However many different numbers there are, each feature is counted in its range, in view and of a filter."""
    index, record = opened
    style = asked_style(index, record, column="gold_ppm", scheme="quantiles", classes=4)
    said = legend_of(index, record, style, FeatureQuery(), ("en",))
    numbers = measured()["gold_ppm"].to_numpy()
    edges = [*(one.minimum for one in style.classes), np.inf]
    expected = np.histogram(numbers[np.isfinite(numbers)], [-np.inf, *edges[1:]])[0].tolist()
    assert [one["count"] for one in said["classes"]] == [*expected, 10]
    assert "more" not in said
    view = FeatureQuery(filter=parse("gold_ppm > 60"), bbox=(100, 14, 100.5, 16))
    counts = [one["count"] for one in legend_of(index, record, style, view, ("en",))["classes"]]
    assert sum(counts) == index.count_of(view) == (numbers[: COUNT // 2] > 60).sum()


def test_tables_of_thousands_of_columns_have_a_look(tmp_path):
    """Columns that cannot be asked for are left out."""
    data = pd.DataFrame({f"b{n}": ["x", "y"] for n in range(2000)})
    store, record = stored(data, "table", tmp_path / "node")
    index = open_features(store, record)
    assert chosen_style(index, record).type
    with pytest.raises(InvalidError, match="b1999"):
        asked_style(index, record, column="b1999")


def test_values_that_are_not_looked_at_are_told(opened):
    """Categories: where there are more values than are counted, the rest is counted as other, and said to be."""
    index, record = opened
    style = asked_style(index, record, column="text")
    said = legend_of(index, record, style, FeatureQuery(), ("en",))
    assert said["more"] is True
    assert sum(one["count"] for one in said["classes"]) == COUNT
