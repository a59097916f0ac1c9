"""Search of allocations for many objectives: beside all plans there are, limits, directions, ranks."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from craton.decide.allocation_search import search as searched
from craton.kernels import allocation_search as kernel
from craton.kernels import allocation_selection as selection
from craton.kernels.allocation_flow import assignment
from craton.kernels.allocation_front import front, hypervolume
from craton.model.errors import ContractError


def lattice(rows, columns):
    index = np.arange(rows * columns).reshape(rows, columns)
    pairs = np.concatenate(
        [np.c_[index[:, :-1].ravel(), index[:, 1:].ravel()], np.c_[index[:-1].ravel(), index[1:].ravel()]]
    )
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=index.size))])
    return kernel.Neighbours(starts, np.ascontiguousarray(pairs[:, 1]))


def test_the_front_of_a_small_lattice_is_found_whole():
    """Of all 4,096 plans of 12 parcels and 2 uses within limits, those that none dominates in three values are found."""
    random = np.random.default_rng(4)
    scores = random.uniform(0, 1, (2, 12, 2))
    near, least, most = lattice(3, 4), np.array([3, 2]), np.array([10, 9])
    plans = np.array(list(itertools.product((0, 1), repeat=12)))
    plans = plans[(plans.sum(axis=1) >= 2) & (plans.sum(axis=1) <= 9)]
    values = kernel.values_of(plans, scores, near)
    exact = values[selection.front_of(values)]
    start = np.array([assignment(one, least, most).use for one in scores])
    found = kernel.search(
        scores, start, least, most, turns=range(60), neighbours=near, plans=len(exact) + 40, seed=1
    )
    reached = {tuple(np.round(one, 9)) for one in found.values}
    share = np.mean([tuple(np.round(one, 9)) in reached for one in exact])
    assert share > 0.95
    assert len(selection.front_of(np.concatenate([found.values, exact]))) >= len(found.values)


def test_two_sums_come_near_the_exact_front():
    """Where the exact way is at hand the search covers 98 % of what it covers, though not begun on it."""
    random = np.random.default_rng(5)
    scores = random.uniform(0, 1, (2, 60, 3))
    least, most = np.full(3, 10), np.full(3, 40)
    exact = np.array([point.values for point in front(*scores, least, most, 60)])
    start = np.array([assignment(one, least, most).use for one in scores])
    found = kernel.search(scores, start, least, most, turns=range(200), plans=60, seed=2)
    low = exact.min(axis=0)
    assert hypervolume(found.values[np.argsort(-found.values[:, 0])], low) > 0.98 * hypervolume(exact, low)
    counts = np.array([np.bincount(plan, minlength=3) for plan in found.use])
    assert (counts >= least).all()
    assert (counts <= most).all()


def test_directions_ranks_and_crowding():
    """Das and Dennis: C(q + p − 1, p) directions, 91 for 3 values and 12 parts; ranks and crowding by hand."""
    directions = selection.reference_directions(3, 91)
    assert directions.shape == (91, 3)
    assert directions.sum(axis=1) == pytest.approx(np.ones(91))
    values = np.array([[3, 1], [2, 2], [1, 3], [1, 1], [2, 1.5]], float)
    assert selection.ranks_of(values).tolist() == [0, 0, 0, 2, 1]
    assert selection.crowding(values[:3]).tolist() == [np.inf, 2.0, np.inf]
    assert set(selection.selected(values, 3, directions)) == {0, 1, 2}


def test_the_best_of_each_of_three_sums_stays():
    """The exact optimum of each objective, known at the beginning, is in the result, and no point is told twice."""
    scores = np.random.default_rng(8).integers(0, 9, (3, 100, 4)).astype(float)
    least, most = np.full(4, 10), np.full(4, 100)
    start = np.array([assignment(one, least, most).use for one in scores])
    found = kernel.search(scores, start, least, most, turns=range(30), plans=12)
    assert found.values.max(axis=0).tolist() == [assignment(one, least, most).total for one in scores]
    assert len(np.unique(found.values, axis=0)) == len(found.values)
    assert (kernel.values_of(found.use, scores, None) == found.values).all()


def test_a_plan_does_not_hang_on_the_number_of_threads(monkeypatch):
    """One thread gives what several give."""
    scores = np.random.default_rng(9).random((2, 64, 3))
    near, least, most = lattice(8, 8), np.zeros(3, int), np.full(3, 30)
    start = np.array([assignment(one, least, most).use for one in scores])
    told = []
    for count in (1, 3):
        monkeypatch.setattr("craton.kernels.threads.THREADS", count)
        told.append(kernel.search(scores, start, least, most, turns=range(5), plans=40, neighbours=near))
    assert (told[0].use == told[1].use).all()


@pytest.fixture
def parcels():
    random = np.random.default_rng(6)
    shapes = [box(column, row, column + 1, row + 1) for row in range(6) for column in range(6)]
    columns = {name: random.uniform(0, 1, 36) for name in ("crop_a", "wood_a", "crop_b", "wood_b")}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:32648")


WORTHS = pd.DataFrame(
    [
        ("yield", "crop", "crop_a"),
        ("yield", "wood", "wood_a"),
        ("water", "crop", "crop_b"),
        ("water", "wood", "wood_b"),
    ],
    columns=["objective", "use", "column"],
)


def test_plans_and_their_parcels_agree(parcels):
    """The totals told of a plan are those of its column of uses, and parcels with a gap keep the other use."""
    parcels.loc[3, "crop_a"] = np.nan
    limits = pd.DataFrame({"use": ["wood"], "least": [12], "most": [20]})
    found = searched(parcels, WORTHS, limits, together=True, plans=20, generations=20, seed=3)
    assert {"plan", "yield", "water", "together", "balance", "balanced"} <= set(found.plans.columns)
    for _, plan in found.plans.iterrows():
        use = found.parcels[f"plan_{plan['plan']}"]
        total = np.where(use == "crop", parcels["crop_a"], parcels["wood_a"]).sum()
        assert total == pytest.approx(plan["yield"])
        assert 12 <= (use == "wood").sum() <= 20
        assert use[3] == "wood"
    again = searched(parcels, WORTHS, limits, together=True, plans=20, generations=20, seed=3)
    pd.testing.assert_frame_equal(again.plans, found.plans)
    best = found.plans[found.plans["balanced"]].iloc[0]
    assert (found.parcels["use"] == found.parcels[f"plan_{best['plan']}"]).all()


@pytest.mark.parametrize(
    ("worths", "words"),
    [
        (WORTHS.iloc[:3], "a row for each use of each objective"),
        (WORTHS.assign(column="none"), "columns of `table`"),
        (WORTHS.assign(use="crop"), "2 to 12 uses"),
        (WORTHS.replace("yield", "plan"), "other names than plan, together, balance"),
        (WORTHS.replace("crop_a", "geometry"), "columns of numbers"),
    ],
)
def test_refusals(parcels, worths, words):
    """What is not told whole is named."""
    with pytest.raises(ContractError, match=words):
        searched(parcels, worths)
