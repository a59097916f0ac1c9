"""What every way of ranking keeps: dominance, the units of the criteria and the order of the rows."""

import numpy as np
import pandas as pd
import pytest

from craton.decide import ranking_distance, ranking_outranking, ranking_sums

NAMES = ("a", "b", "c")
WEIGHTS = pd.DataFrame({"indicator": NAMES, "weight": [0.5, 0.3, 0.2]})


def _sum(table):
    return ranking_sums.weighted_sum(table, NAMES, WEIGHTS, costs=("c",))["score"]


def _ordered(table):
    return ranking_sums.ordered_weighted_average(table, NAMES, WEIGHTS, power=3.0, costs=("c",))["score"]


def _product(table):
    score = ranking_sums.weighted_product(table, NAMES, WEIGHTS, costs=("c",))["score"]
    return score / score.mean()


def _topsis(table):
    return ranking_distance.topsis(table, NAMES, WEIGHTS, costs=("c",))["closeness"]


def _vikor(table):
    return -ranking_distance.vikor(table, NAMES, WEIGHTS, costs=("c",)).units["compromise"]


def _grey(table):
    return ranking_distance.grey_relation(table, NAMES, WEIGHTS, costs=("c",))["grade"]


def _promethee(table):
    return ranking_outranking.promethee(table, NAMES, None, WEIGHTS, costs=("c",))["net_flow"]


@pytest.mark.parametrize("score", [_sum, _ordered, _product, _topsis, _vikor, _grey, _promethee])
def test_dominance_units_and_order(score):
    """What is better in all never scores less; factors of columns and the order of rows change nothing."""
    random = np.random.default_rng(6)
    for _ in range(3):
        table = pd.DataFrame(random.integers(1, 9, (12, 3)).astype(float), columns=NAMES)
        found = score(table).to_numpy()
        better = table.to_numpy() * [1, 1, -1]
        over = (better[:, None] >= better[None]).all(axis=2)
        assert (found[:, None] >= found[None] - 1e-12)[over].all()
        np.testing.assert_allclose(score(table * [1000.0, 0.01, 7.0]), found, rtol=1e-9, atol=1e-12)
        order = random.permutation(12)
        np.testing.assert_allclose(
            score(table.iloc[order].reset_index(drop=True)), found[order], rtol=1e-12, atol=1e-14
        )
