"""Allocation against all allocations tried one by one, its own bound, HiGHS, and what more room must do."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

from craton.decide import allocation
from craton.kernels.allocation_areas import whole_parcels
from craton.kernels.allocation_flow import assignment, contradiction
from craton.kernels.allocation_front import front, hypervolume
from craton.model.errors import ContractError

USES = ("field", "forest", "town")


def small(seed):
    """Up to six parcels, two or three uses with limits, some pairs forbidden; ties in every other one."""
    random = np.random.default_rng(seed)
    count, uses = int(random.integers(1, 7)), int(random.integers(2, 4))
    scores = (
        random.integers(0, 5, (count, uses)).astype(float) if seed % 2 else random.normal(size=(count, uses))
    )
    scores[random.random((count, uses)) < 0.2] = -np.inf
    scores[~np.isfinite(scores).any(axis=1), 0] = 1.0
    least = random.integers(0, 3, uses)
    return scores, least, least + random.integers(0, 4, uses), random


def every(scores, area, least, most):
    """All allocations that keep the limits, a row each."""
    tried = np.array(list(product(range(scores.shape[1]), repeat=len(scores))))
    taken = np.stack([((tried == one) * area).sum(axis=1) for one in range(scores.shape[1])], axis=1)
    kept = ((taken >= least - 1e-12) & (taken <= most + 1e-12)).all(axis=1)
    kept &= np.isfinite(scores[np.arange(len(scores)), tried]).all(axis=1)
    return tried[kept]


def totals(scores, tried):
    return scores[np.arange(len(scores)), tried].sum(axis=1)


def test_it_is_the_best_of_all_allocations():
    """240 small problems, from any prices: the total is the greatest, proved by its bound; the prices fit it."""
    solved = 0
    for seed in range(240):
        scores, least, most, random = small(seed)
        tried = every(scores, np.ones(len(scores)), least, most)
        found = assignment(scores, least, most, random.normal(size=len(least)) if seed % 3 else None)
        cannot = contradiction(np.isfinite(scores), np.ones(len(scores)), least, most)
        assert (found is None) == (len(tried) == 0) == (cannot is not None)
        if found is not None:
            solved += 1
            assert found.total == pytest.approx(totals(scores, tried).max(), abs=1e-9)
            assert found.gap == pytest.approx(0, abs=1e-9)
            counts = np.bincount(found.use, minlength=len(least))
            assert (found.prices[(counts > least) & (counts < most)] == 0).all()
    assert solved > 60


def test_as_many_parcels_as_uses_are_the_assignment_problem():
    """With one parcel for each use it agrees with the Hungarian method."""
    scores = np.random.default_rng(4).random((40, 40))
    rows, columns = linear_sum_assignment(scores, maximize=True)
    one = np.ones(40, np.int64)
    assert assignment(scores, one, one).total == pytest.approx(scores[rows, columns].sum(), abs=1e-9)


def test_more_room_is_never_worse_and_is_worth_its_price():
    """Raising the most of a use one by one adds less each time, and no more than the price before."""
    scores = np.random.default_rng(5).random((300, 3)) + np.array([0.0, 0.2, 0.4])
    told = [assignment(scores, np.zeros(3, int), np.array([300, 300, most])) for most in range(20, 60)]
    gains = np.diff([one.total for one in told])
    assert (gains >= 0).all()
    assert (np.diff(gains) <= 1e-12).all()
    assert (gains <= [one.prices[2] + 1e-12 for one in told[:-1]]).all()
    assert (gains >= [one.prices[2] - 1e-12 for one in told[1:]]).all()


def test_parcels_of_different_areas_are_the_best_of_all_allocations():
    """Small integer programs by HiGHS against every allocation."""
    for seed in range(12):
        scores, _least, _most, random = small(seed)
        area = random.uniform(1, 3, len(scores))
        most = np.full(scores.shape[1], 0.7 * area.sum())
        least = np.zeros(scores.shape[1])
        tried = every(scores, area, least, most)
        found = whole_parcels(scores, area, least, most, 0.0)
        assert (found is None) == (len(tried) == 0)
        if found is not None:
            assert found.total == pytest.approx(totals(scores, tried).max(), abs=1e-6)
            assert found.bound >= found.total


def test_the_front_holds_all_that_is_best_for_some_weights():
    """Against all allocations: its points are the corners of their upper hull, ends included."""
    for seed in range(40):
        scores, least, most, random = small(seed)
        other = np.where(np.isfinite(scores), random.integers(0, 9, scores.shape), -np.inf)
        tried = every(scores, np.ones(len(scores)), least, most)
        found = front(scores, other, least, most, 500)
        assert (len(found) == 0) == (len(tried) == 0)
        if found:
            values = np.array([point.values for point in found])
            both = np.column_stack([totals(scores, tried), totals(other, tried)])
            assert values[0] == pytest.approx(max(map(tuple, np.round(both, 9))), abs=1e-8)
            assert values[-1][::-1] == pytest.approx(max(map(tuple, np.round(both[:, ::-1], 9))), abs=1e-8)
            for weight in np.linspace(0, 1, 41):
                mix = np.array([weight, 1 - weight])
                assert (values @ mix).max() == pytest.approx((both @ mix).max(), abs=1e-8)


def test_ends_are_undominated_however_few_points_are_asked():
    """With ties everywhere two points are the ends of the whole front, and no point is as good as another in both."""
    for seed in range(40):
        first, second = np.random.default_rng(seed).integers(0, 3, (2, 5, 3)).astype(float)
        whole, two = (front(first, second, np.zeros(3, int), np.full(3, 4), count) for count in (500, 2))
        assert two[0].values == whole[0].values
        assert two[-1].values == whole[-1].values
        assert max(point.found.gap for point in whole) == pytest.approx(0, abs=1e-9)
        assert (np.diff([point.values for point in whole], axis=0) * [-1, 1] > 0).all()


def test_small_steps_of_the_front_are_points_too():
    """Seven independent parcels of different exchange rates, five of them 10⁵ times smaller, make eight corners."""
    gain = np.array([1, 0.1, 1e-5, 1e-5, 1e-5, 1e-5, 1e-5])
    cost = np.array([0.1, 1, 8e-6, 9e-6, 1e-5, 1.1e-5, 1.2e-5])
    zero = np.zeros(7)
    assert len(front(np.c_[gain, zero], np.c_[zero, cost], np.zeros(2, int), np.full(2, 7), 50)) == 8


def test_many_parcels_of_different_areas_are_within_the_tolerance():
    """600 parcels: limits hold, and the total lies within 10⁻⁴ of the bound by the prices (Lagrange)."""
    random = np.random.default_rng(6)
    scores, area = random.random((600, 3)) + np.array([0, 0.2, 0.4]), random.uniform(1, 5, 600)
    least, most = np.full(3, 0.3 * area.sum()), np.full(3, 0.36 * area.sum())
    found = whole_parcels(scores, area, least, most, 1e-4)
    taken = np.bincount(found.use, weights=area)
    assert ((taken >= least - 1e-6) & (taken <= most + 1e-6)).all()
    assert found.total >= found.bound * (1 - 1e-4)
    best = (scores - area[:, None] * found.prices).max(axis=1).sum()
    assert found.bound == pytest.approx(best + found.prices @ np.where(found.prices > 0, most, least))


def test_units_of_scores_and_areas_change_no_use():
    """Areas in m² or in km² and scores of 10⁻⁹ give the same plan, and prices in their units."""
    random = np.random.default_rng(3)
    scores, area = random.random((12, 3)), random.uniform(1, 3, 12)
    least, most = np.array([4.0, 0, 5]), np.array([6.0, 9, np.inf])
    one = whole_parcels(scores, area, least, most, 0.0)
    other = whole_parcels(scores * 1e-9, area * 1e6, least * 1e6, most * 1e6, 0.0)
    assert other.use.tolist() == one.use.tolist()
    assert other.prices * 1e15 == pytest.approx(one.prices)
    assert other.bound * 1e9 == pytest.approx(one.bound)


def test_blank_cells_and_whole_numbers_with_gaps_are_limits():
    """A blank text is an empty cell; nullable whole numbers are numbers."""
    blank = pd.DataFrame({"use": ["field"], "least": [""], "most": [" 2"]})
    whole = blank.assign(least=pd.array([None], "Int64"), most=pd.array([2], "Int64"))
    for told in (blank, whole):
        assert allocation.assign(land(), USES, told).proof["total_score"][0] == 14


def test_hypervolume_by_hand():
    """Two steps of 2 × 1 and 1 × 2 over (0, 0) cover 3; what lies below the reference counts for nothing."""
    assert hypervolume(np.array([[1.0, 2], [2, 1], [1, 1], [-1, 9]]), np.zeros(2)) == 3


def land():
    """Five parcels; nothing but forest may stand on the last."""
    return pd.DataFrame(
        {
            "field": [5.0, 4.0, 2.5, 1.0, np.nan],
            "forest": [1.0, 3.0, 1.0, 2.0, 1.0],
            "town": [4.0, 1.0, 2.0, 1.0, np.nan],
            "hectares": [1.0, 2.0, 2.0, 1.0, 4.0],
        }
    )


def limits(**told):
    rows = [(use, *pair) for use, pair in told.items()]
    return pd.DataFrame(rows, columns=["use", "least", "most"]).astype({"least": float, "most": float})


def test_a_plan_by_hand():
    """Of two fields at most, the third best (2.5) becomes a town (2): one more field is worth 0.5."""
    parcels, uses, proof = allocation.assign(land(), USES, limits(field=(0, 2)))
    assert parcels["use"].tolist() == ["field", "field", "town", "forest", "forest"]
    assert proof["solved_as"].tolist() == ["flow"]
    assert (proof["total_score"][0], proof["gap"][0]) == (14, 0)
    assert uses["price"].tolist() == [0.5, 0, 0]
    assert uses["parcels"].tolist() == [2, 2, 1]


def test_areas_of_one_size_are_a_flow_and_others_an_integer_program():
    """Parcels of 3 ha give three times the total; with areas the limit of 3 ha lets parcels 1 and 2 be fields."""
    same = allocation.assign(land().assign(hectares=3.0), USES, limits(field=(0, 6)), area="hectares")
    assert (same.proof["solved_as"][0], same.proof["total_score"][0]) == ("flow", 42)
    assert same.uses["price"][0] == 0.5
    other = allocation.assign(land(), USES, limits(field=(0, 3)), area="hectares", tolerance=0.0)
    assert other.proof["solved_as"].tolist() == ["integer program"]
    assert other.parcels["use"].tolist() == ["field", "field", "town", "forest", "forest"]
    assert other.proof["total_score"][0] == pytest.approx(5 + 8 + 4 + 2 + 4)


def test_a_trade_off_ends_at_both_bests():
    """Field against forest: the ends are the best of each alone, and the front bends between."""
    second = land()[list(USES)].rename(columns=lambda name: f"{name}_nature")
    second.iloc[:, :] = np.array([[0, 3, 0], [0, 1, 0], [1, 2, 0], [0, 4, 0], [0, 5, 0]])
    points, parcels = allocation.trade_off(pd.concat([land(), second], axis=1), USES, tuple(second.columns))
    assert points[["first_total", "second_total"]].iloc[0].tolist() == [14.5, 10]
    assert points[["first_total", "second_total"]].iloc[-1].tolist() == [8, 15]
    assert points["bend"].sum() == 1
    assert (np.diff(points["hypervolume"]) >= 0).all()
    assert parcels["use"].iloc[-1] == "forest"


def test_a_parcel_without_any_score_gets_no_use():
    """It is told in the title and takes no part."""
    table = pd.concat([land(), pd.DataFrame({"hectares": [9.0]})], ignore_index=True)
    parcels, uses, _proof = allocation.assign(table, USES)
    assert pd.isna(parcels["use"].iloc[-1])
    assert uses["parcels"].sum() == 5


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (limits(forest=(0, 0)), "only forest can have, which may take 0"),
        (
            limits(field=(3, 5), town=(2, 5)),
            "field, town must get 5, and the parcels that can have them have 4",
        ),
        (limits(field=(3, 2)), "a most not below it, not field"),
        (limits(lake=(0, 1)), "not lake"),
        (limits(field=(-1, 2)), "at least 0"),
        (limits(field=(np.inf, np.inf)), "not field"),
        (limits(field=(0, 1)).astype({"most": object}).replace({"most": {1.0: "one"}}), "not a text"),
    ],
)
def test_limits_that_contradict_are_refused_with_what_shows_it(told, words):
    """The message names the fewest uses, and both amounts."""
    with pytest.raises(ContractError) as caught:
        allocation.assign(land(), USES, told)
    assert caught.value.parameter == "limits"
    assert words in caught.value.message


def test_limits_that_only_parts_of_parcels_could_meet_are_refused():
    """A field of just 2.5 ha cannot be made of parcels of 1, 2, 2 and 1 ha."""
    with pytest.raises(ContractError, match="whole parcels"):
        allocation.assign(land(), USES, limits(field=(2.5, 2.5)), area="hectares")
    with pytest.raises(ContractError, match="whole parcels"):
        allocation.assign(land(), USES, limits(field=(2.5, 2.5)))
