"""Packs of coast and sea: words made by a formula, each type by its own property, areas in square metres."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import numpy.testing as npt
import pytest

from craton.decide.evaluation import made_data, table
from craton.model.evaluation import read_evaluation
from craton.process.apps import pack_text

PROPERTIES = {
    "cover_after": {"mangrove", "salt_marsh", "seagrass", "coral_reef"},
    "width_after": {"sandy_beach"},
    "oysters_after": {"oyster_reef"},
}


@pytest.fixture(scope="module")
def texts():
    return {
        name: pack_text(files("craton.apps").joinpath(name))
        for name in ("marine_restoration", "sea_use_efficiency")
    }


def test_words_made_by_a_formula_go_with_the_numbers(texts):
    """The word at the whole number of the formula: each coast has the property of its type, and no other."""
    made = made_data(pack=texts["marine_restoration"])
    assert set(made["coast_type"]) == set().union(*PROPERTIES.values())
    for name, types in PROPERTIES.items():
        npt.assert_array_equal(made[name].notna(), made["coast_type"].isin(types))


def test_uses_of_a_problem_have_areas_in_square_metres(texts):
    """Areas of an attribute in hectares are told in square metres, as all areas of an answer; all are given out."""
    parcels = made_data(pack=texts["sea_use_efficiency"])
    answer = read_evaluation(table(parcels, pack=texts["sea_use_efficiency"], draws=0).answer.content)
    (future,) = answer.problems
    npt.assert_allclose(sum(future.areas.values()), 1e4 * parcels["area"].sum(), rtol=1e-12)
    assert np.isclose(answer.area, 1e4 * parcels["area"].sum(), rtol=1e-12)
