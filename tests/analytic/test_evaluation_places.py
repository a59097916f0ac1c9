"""What units of evaluation are called and how large they are, where maps and comparisons tell it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests.analytic.test_evaluation import two

from craton.decide.evaluation import table
from craton.decide.evaluation_cells import grid, volume
from craton.decide.evaluation_compare import compare
from craton.kernels import score_draws
from craton.model.evaluation import read_evaluation


@pytest.mark.parametrize(
    ("axes", "label"),
    [
        ({"northing": [1_985_880.4, 1_985_780.4], "easting": [499_950.6, 500_050.6]}, "northing 1985880, easting 500051"),
        ({"northing": [0.25, 0.75], "easting": [1_000_000.25, 1_000_000.75]}, "northing 0.25, easting 1000000.75"),
        ({"latitude": [17.9712345, 17.98], "longitude": [102.6, 102.6000152]}, "latitude 17.97123, longitude 102.60002"),
        (
            {"upward": [-0.5, 0.5], "northing": [1_985_880.0], "easting": [499_950.0, 500_050.0]},
            "upward -0.5, northing 1985880, easting 500050",
        ),
    ],
    ids=["metres", "small", "degrees", "volume"],
)  # fmt: skip
def test_a_cell_is_called_by_its_coordinates(axes, label):
    """All digits before the point; decimals where cells are small, and five of degrees, which is a metre."""
    shape = tuple(len(one) for one in axes.values())
    scores = np.zeros(shape)
    scores[(0,) * (len(shape) - 1) + (1,)] = 1.0
    cells = xr.Dataset({name: (tuple(axes), scores) for name in ("a", "b")}, axes)
    run = volume if "upward" in axes else grid
    answer = read_evaluation(run(cells, pack=two("weighted_sum"), draws=0).answer.content)
    assert answer.best[0].label == label


def test_a_rank_lies_between_the_extremes_of_the_draws(monkeypatch):
    """Where ranks of draws are by steps, scores of one step share a rank; the evaluation itself parts them."""
    monkeypatch.setattr(score_draws, "EXACT", 2)
    scores = np.array([0.5, 0.5 + 1e-7, 0.5 + 2e-7, 0.1, 0.1])
    units = table(pd.DataFrame({"a": scores, "b": scores}), pack=two("weighted_sum"), draws=3).units
    assert units["rank"].tolist() == [3, 2, 1, 4, 4]
    assert units["best_rank"].tolist() == [1, 1, 1, 4, 4]
    assert units["worst_rank"].tolist() == [3, 2, 1, 4, 4]


def test_changes_are_told_by_their_area():
    """Fields of 1, 2, 3 and 4 hectares: the first gains, the second and the last lose, of the third nothing is known.

    Without shapes, or with ones whose place is not known, there are no areas.
    """
    west = 500_000.0 + np.array([0.0, 100.0, 300.0, 600.0])
    fields = shapely.box(west, 0.0, west + np.array([100.0, 200.0, 300.0, 400.0]), 100.0)
    before = gpd.GeoDataFrame(
        {"a": [0.1, 0.9, np.nan, 0.9], "b": [0.1, 0.9, 0.5, 0.9]}, geometry=fields, crs="EPSG:32648"
    )
    after = before.assign(a=[0.9, 0.1, 0.5, 0.8], b=[0.9, 0.1, 0.5, 0.8])
    first, second = (table(one, pack=two("weighted_sum"), draws=0).units for one in (before, after))
    summary = compare(first, second).summary
    told = summary.set_index(["first_grade", "second_grade"])[["units", "area", "better_area", "worse_area"]]
    assert told.loc[("Poor", "Good")].tolist() == pytest.approx([1, 1e4, 1e4, 0])
    assert told.loc[("Good", "Poor")].tolist() == pytest.approx([1, 2e4, 0, 2e4])
    assert told.loc[("Good", "Good")].tolist() == pytest.approx([1, 4e4, 0, 4e4])
    assert summary.attrs["columns"]["area"]["unit"] == "m2"
    plain = compare(pd.DataFrame(first.drop(columns="geometry")), second).summary
    assert "area" not in plain
    assert "area" not in compare(first.set_crs(None, allow_override=True), second).summary
