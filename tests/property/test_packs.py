"""Whatever is done to a pack, it is run, or refused with a reason: never a traceback."""

from __future__ import annotations

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.evaluation_packs import RICH

from craton.decide.pack_test import run_oracles, run_properties
from craton.model.errors import CratonError
from craton.model.pack_check import check
from craton.model.pack_text import decoded

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(-1e6, 1e6), st.text(max_size=8),
    st.sampled_from([
        "slope", "texture", "ease", "land", "class('texture', 'sand')", "1/0", "depth ** 99", "(" * 300, "m", "1",
        "as_it_is", "topsis", "critic", "entropy", "coupling_coordination", "principal_components", [], {},
        [0.0, 1.0], [1.0, 0.0], ["soil"], ["soil", "soil"], {"land": 1.0}, {"method": "critic"}, 1e308, -0.0,
    ]),
)  # fmt: skip


def _places(tree, path=()):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _places(value, (*path, key))


PLACES = list(_places(RICH))


def _change(told, place, what, value, other):
    try:
        for key in place[:-1]:
            told = told[key]
        if what == "drop":
            del told[place[-1]]
        elif what == "set":
            told[place[-1]] = copy.deepcopy(value)
        elif what == "rename" and isinstance(told, dict):
            told[str(other[-1])] = told.pop(place[-1])
    except (KeyError, IndexError, TypeError):
        return


CHANGES = st.tuples(
    st.sampled_from(PLACES), st.sampled_from(["drop", "set", "rename"]), VALUES, st.sampled_from(PLACES)
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(CHANGES, min_size=1, max_size=3))
def test_a_changed_pack_is_run_or_refused(changes):
    """Keys dropped, values of other types, names swapped: findings or `CratonError`; what is sound is run."""
    told = copy.deepcopy(RICH)
    for place, what, value, other in changes:
        _change(told, place, what, value, other)
    try:
        pack = decoded(json.dumps(told))
        if not check(pack):
            run_oracles(pack)
            run_properties(pack)
    except CratonError:
        return
