"""Log-ratios and their bases: identities of Aitchison geometry, and worked values."""

import numpy as np
import pytest

from craton.kernels import compositions as kernel

PARTS = np.random.default_rng(3).lognormal(size=(40, 5))


def test_closure_and_log_ratios_of_a_worked_composition():
    """(1, 2, 4): shares 1/7 …, clr −ln 2, 0, ln 2; alr over the last −2 ln 2, −ln 2; ilr by hand."""
    parts, two = np.array([[1.0, 2.0, 4.0]]), np.log(2.0)
    np.testing.assert_allclose(kernel.closed(parts), [[1 / 7, 2 / 7, 4 / 7]], rtol=1e-15)
    np.testing.assert_allclose(kernel.centred(parts), [[-two, 0, two]], atol=1e-15)
    np.testing.assert_allclose(kernel.additive(parts, 2), [[-2 * two, -two]], rtol=1e-15)
    # √(2/3) ln(1/√8) and √(1/2) ln(2/4).
    expected = [[np.sqrt(2 / 3) * -1.5 * two, np.sqrt(1 / 2) * -two]]
    basis = kernel.balances(kernel.pivot_signs(3))
    np.testing.assert_allclose(kernel.isometric(parts, basis), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "signs",
    [
        kernel.pivot_signs(5),
        np.array([[1, 1, -1, -1, -1], [1, -1, 0, 0, 0], [0, 0, 1, 1, -1], [0, 0, 1, -1, 0]]),
    ],
)
def test_isometric_coordinates_keep_distances(signs):
    """The basis is orthonormal; ilr and clr distances agree; the parts come back as shares."""
    assert kernel.is_partition(signs)
    basis = kernel.balances(signs)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-15)
    coordinates, ratios = kernel.isometric(PARTS, basis), kernel.centred(PARTS)
    apart = [np.linalg.norm(one[:, None] - one[None], axis=2) for one in (coordinates, ratios)]
    np.testing.assert_allclose(*apart, atol=1e-13)
    np.testing.assert_allclose(kernel.from_isometric(coordinates, basis), kernel.closed(PARTS), rtol=1e-13)


def test_dilution_and_units_do_not_matter():
    """Rows times any factor have the same log-ratios; a unit of one column only shifts them."""
    factor = np.random.default_rng(4).uniform(0.1, 9, (40, 1))
    np.testing.assert_allclose(kernel.centred(PARTS * factor), kernel.centred(PARTS), atol=1e-13)
    moved = kernel.centred(PARTS * np.array([1, 1e4, 1, 1, 1])) - kernel.centred(PARTS)
    np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-12)


@pytest.mark.parametrize(
    "signs", [[[1, 1, -1], [1, 0, -1]], [[1, 1, -1], [0, 0, 0]], [[1, -1, 0], [1, 1, -1]]]
)
def test_what_parts_no_group_is_no_partition(signs):
    """A step that mixes groups, is empty, or comes too early."""
    assert not kernel.is_partition(np.array(signs))
