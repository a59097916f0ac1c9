"""Probability, entropy and the best next hole of small ensembles, against counting and full enumeration."""

import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr

from craton.kernels.ensemble_information import entropy_left, groups_of, patterns_of
from craton.methods.geomodel_uncertainty import best_next_borehole, probabilities
from craton.methods.geomodel_volume import UnitTable, new_lattice, volume_of
from craton.model.errors import ContractError

UNITS = UnitTable(np.array([1, 2, 5]), ("a", "b", "c"), ("#aa0000", "#00aa00", "#0000aa"))
LATTICE = new_lattice("test", (0.0, 0.0, -40.0, 500.0, 400.0, 0.0), (10.0, 100.0, 100.0), "")


def ensemble(members, seed=3):
    """Random classes of layers, with some relation between columns."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, 3, (members, 4, 4, 5))
    drawn[:, :, :, 2] = drawn[:, :, :, 1]
    return UNITS.codes[drawn]


def models(codes):
    """A model a member."""
    return tuple(volume_of(LATTICE, one, UNITS) for one in codes)


def test_probabilities_are_counts_and_entropy_is_theirs():
    """Shares of members, −Σ p ln p / ln 3, and the likeliest unit; certain cells have none, even ones all of it."""
    codes = ensemble(9)
    codes[:, 0, 0, 0] = 5
    codes[:, 0, 0, 1] = np.repeat([1, 2, 5], 3)
    found = probabilities(models(codes))
    for code in UNITS.codes:
        npt.assert_allclose(found[f"probability_{code}"], (codes == code).mean(axis=0), atol=1e-7)
    chances = np.stack([(codes == code).mean(axis=0) for code in UNITS.codes])
    expected = -(chances * np.log(np.where(chances > 0, chances, 1))).sum(axis=0) / np.log(3)
    npt.assert_allclose(found["entropy"], expected, atol=1e-6)
    assert float(found["entropy"][0, 0, 0]) == 0
    npt.assert_allclose(found["entropy"][0, 0, 1], 1)
    npt.assert_array_equal(found["unit"], UNITS.codes[chances.argmax(axis=0)])


def test_realizations_in_one_model_are_as_several_models():
    """An axis `realization` gives what the models one by one give, and rows the other way round change nothing."""
    codes = ensemble(5)
    apart = models(codes)
    stacked = xr.concat([one[["unit"]] for one in apart], dim="realization")
    for other in ((stacked,), (stacked.isel(upward=slice(None, None, -1), northing=slice(None, None, -1)),)):
        xr.testing.assert_allclose(probabilities(other), probabilities(apart))


def test_units_are_matched_by_name():
    """A member whose codes are others, of the same names, is the same member."""
    codes = ensemble(4)
    renamed = UnitTable(np.array([9, 4, 6]), ("c", "a", "b"), ("#0000aa", "#aa0000", "#00aa00"))
    turned = np.select([codes[3] == 5, codes[3] == 1], [9, 4], 6)
    other = (*models(codes)[:3], volume_of(LATTICE, turned, renamed))
    npt.assert_array_equal(
        probabilities(other)["probability_5"], probabilities(models(codes))["probability_5"]
    )


def brute_force(codes, groups):
    """Entropy left in all cells, cell by cell and group by group."""
    left = 0.0
    flat = codes.reshape(len(codes), -1)
    for group in np.unique(groups):
        part = flat[groups == group]
        for cell in part.T:
            p = np.unique(cell, return_counts=True)[1] / cell.size
            left -= len(part) / len(codes) * (p * np.log(p)).sum()
    return left


@pytest.mark.parametrize("members", [2, 7, 20])
def test_entropy_left_is_that_of_enumeration(members):
    """The sum over patterns equals that over cells and groups one by one."""
    codes = ensemble(members)
    groups = np.random.default_rng(1).integers(0, 3, (5, members)).astype(np.int32)
    patterns = patterns_of(codes.reshape(members, -1).astype(np.int32))
    expected = [brute_force(codes, one) for one in groups]
    npt.assert_allclose(entropy_left(patterns, groups), expected, rtol=1e-12)


def test_the_best_hole_is_that_of_enumeration():
    """All columns tried: drops are those counted by hand, the first hole has the most, the second adds most."""
    codes = ensemble(12)
    found = best_next_borehole(models(codes), resolution=20.0, spacing=100.0, holes=2)
    before = brute_force(codes, np.zeros(12))
    # Readings at the middles of pieces of 20 m lie on faces of cells of 10 m, of which the upper counts.
    seen = {(r, c): groups_of(codes[:, ::2, r, c]) for r in range(4) for c in range(5)}
    drops = {place: 1 - brute_force(codes, one) / before for place, one in seen.items()}
    grid = found.information.to_numpy()
    npt.assert_allclose(grid, [[drops[r, c] for c in range(5)] for r in range(4)], atol=1e-6)
    first = max(drops, key=drops.get)
    npt.assert_allclose(found.holes["drop_alone"].iloc[0], drops[first], rtol=1e-9)
    joint = {
        place: 1 - brute_force(codes, groups_of(np.column_stack([seen[first], one]))) / before
        for place, one in seen.items()
    }
    npt.assert_allclose(found.holes["expected_drop"], [drops[first], max(joint.values())], rtol=1e-9)


def test_a_hole_in_the_only_doubtful_column_tells_all():
    """Two units that are certain but in one column: a hole there removes all entropy, others remove none."""
    codes = np.ones((8, 4, 4, 5), dtype=int)
    codes[:, 2:, 1, 3] = np.repeat([1, 2], 4)[:, None]
    found = best_next_borehole(models(codes), spacing=100.0, holes=3)
    assert len(found.holes) == 1
    npt.assert_allclose(found.holes["expected_drop"], 1.0)
    assert (found.holes.geometry.x.iloc[0], found.holes.geometry.y.iloc[0]) == (350.0, 250.0)
    assert int((found.information > 0).sum()) == 1


def test_models_that_do_not_differ_or_do_not_fit_are_refused():
    """One model, equal ones, and ones on other cells."""
    one = models(ensemble(1))
    with pytest.raises(ContractError, match="2 models or realizations"):
        probabilities(one)
    with pytest.raises(ContractError, match="models that differ"):
        best_next_borehole((*one, *one))
    moved = one[0].assign_coords(easting=one[0]["easting"] + 50)
    with pytest.raises(ContractError, match="on the same cells"):
        probabilities((one[0], moved))
