"""Weights that a pack tells without data, and the form of packs."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.packs import small_pack

from craton.kernels.criteria_weights import hierarchy
from craton.model.pack import Criterion, Pack, Weights
from craton.model.pack_check_weights import judgment_matrix
from craton.model.pack_form import form_faults
from craton.model.pack_text import decoded
from craton.model.pack_weights import told_weights, whole_weights


def criterion(weights, parts=("a", "b", "c")):
    return Criterion(title={"en": "x", "zh": "x"}, parts=parts, weights=weights)


def test_judged_weights_are_those_of_the_kernel():
    """The page is shown the same weights and the same consistency ratio as the evaluation works with."""
    judgments = (("a", "b", 3.0), ("a", "c", 5.0), ("b", "c", 2.0))
    told = told_weights(criterion(Weights(method="analytic_hierarchy", judgments=judgments)))
    judged = hierarchy(judgment_matrix(judgments, ("a", "b", "c")))
    np.testing.assert_allclose(list(told.weights.values()), judged.weights, rtol=1e-12)
    assert told.ratio == pytest.approx(judged.consistency_ratio, abs=1e-12)


def test_weights_that_need_data_or_have_faults_are_not_told():
    """Entropy needs scores; a weight below 0 is a fault."""
    assert told_weights(criterion(Weights(method="entropy"))).weights == {}
    assert told_weights(criterion(Weights(method="given", values={"a": -1, "b": 1, "c": 1}))).weights == {}


def test_whole_weights_multiply_down_the_tree():
    """A part of a part weighs the product; a criterion in a ring with itself does not go on for ever."""
    pack = decoded(msgspec.json.encode(small_pack()).decode())
    deep = {
        **pack.criteria,
        "top": criterion(Weights(), ("overall", "gold")),
    }
    found = whole_weights(msgspec.structs.replace(pack, criteria=deep, goal="top"))
    assert found["shallow"] == pytest.approx(0.5 * 0.25)
    ring = {"top": criterion(Weights(), ("top",))}
    assert whole_weights(msgspec.structs.replace(pack, criteria=ring, goal="top")) == {"top": 1.0}


def test_form_faults_agree_with_the_decoder():
    """What has no fault of form can be decoded, and what has one cannot."""
    sound = small_pack()
    assert form_faults(sound) == []
    msgspec.convert(sound, type=Pack)
    for place, value in {"attributes": [], "frontier": {"inputs": "a"}, "supports": ["tables"]}.items():
        found = form_faults({**sound, place: value})
        assert [one.place.partition(".")[0] for one in found] == [place] * len(found)
        assert found
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**sound, place: value}, type=Pack)
