"""Slabs of a mesh: the whole from its parts, whoever holds them."""

from __future__ import annotations

import pickle

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.mesh_sensitivity import Mesh, gravity_coefficients, magnetisation_coefficients
from craton.kernels.toeplitz_operator import ToeplitzOperator
from craton.methods import inversion_slabs
from craton.methods.inversion_slabs import SlabOperator, edges_of
from craton.process import progress, workers

MESH = Mesh(0.0, 0.0, 0.0, (20.0, 40.0, 50.0), (9, 11, 13))


def stations(relief):
    """Stations anywhere over the mesh, between two heights."""
    random = np.random.default_rng(7)
    return np.column_stack(
        [random.uniform(0, 650, 40), random.uniform(0, 440, 40), random.uniform(1, 1 + relief, 40)]
    )


@pytest.mark.parametrize("fields", [1, 3], ids=["gravity", "vector"])
@pytest.mark.parametrize("relief", [0.0, 90.0], ids=["flat", "relief"])
def test_slabs_add_up_to_the_whole(monkeypatch, fields, relief):
    """Four slabs against one: 2e-6 of the largest on a level, 1e-3 on a slope, as any two interpolations agree.

    The adjoint is that of the sum: ⟨Gm, d⟩ = ⟨m, Gᵀd⟩ to 1e-5 in float32.
    """
    monkeypatch.setattr(inversion_slabs, "SLAB", fields * 11 * 13 * 2)
    coefficients = gravity_coefficients() if fields == 1 else magnetisation_coefficients(55.0, 20.0)
    places = stations(relief)
    assert edges_of(MESH, fields) == [0, 2, 4, 6, 9]
    parted, whole = (kind(MESH, places, coefficients) for kind in (SlabOperator, ToeplitzOperator))
    random = np.random.default_rng(2)
    cells = random.normal(size=(fields, *MESH.shape)).astype(np.float32)
    data = random.normal(size=40).astype(np.float32)
    field = whole.forward(cells)
    npt.assert_allclose(
        parted.forward(cells), field, atol=(2e-6 if relief == 0 else 1e-3) * np.abs(field).max()
    )
    back = parted.adjoint(data)
    assert back.shape == cells.shape
    one, other = np.vdot(parted.forward(cells), data), np.vdot(cells, back)
    assert abs(one - other) < 1e-5 * np.linalg.norm(field) * np.linalg.norm(data)


def test_slabs_hang_on_the_mesh_alone():
    """One slab up to half a million cells, eight at most, and never more than there are layers."""
    sizes = {(20, 40, 40): 1, (25, 200, 200): 3, (100, 100, 100): 3, (400, 200, 200): 8, (2, 2000, 2000): 2}
    for shape, count in sizes.items():
        assert len(edges_of(MESH._replace(shape=shape), 1)) == count + 1
    assert edges_of(MESH, 1) == [0, 9]


def test_an_operator_travels():
    """Pickled and back it gives the same numbers, and tells how much it weighs."""
    operator = ToeplitzOperator(MESH, stations(0.0), gravity_coefficients())
    again = pickle.loads(pickle.dumps(operator))
    cells = np.ones(operator.shape, np.float32)
    npt.assert_array_equal(again.forward(cells), operator.forward(cells))
    assert operator.__sizeof__() == operator.nbytes > 10_000


def test_who_shares_the_work_is_asked_and_setting_up_is_heard(monkeypatch):
    """Workers that are given keep and are asked; whoever listens hears rising parts from `since` on."""
    monkeypatch.setattr(inversion_slabs, "SLAB", 11 * 13 * 3)

    class Counting(workers.Alone):
        calls: list[str] = []  # noqa: RUF012 - one test, one list

        def ask(self, kept, method, arguments):
            self.calls.append(f"{len(kept)} {method}")
            return super().ask(kept, method, arguments)

    heard = []
    with workers.given(Counting()), progress.listening(lambda done, _message: heard.append(done)):
        operator = SlabOperator(MESH, stations(50.0), gravity_coefficients(), since=0.5, share=0.2)
    operator.forward(operator.adjoint(np.ones(40, np.float32)))
    assert Counting.calls == ["3 adjoint", "3 forward"]
    assert heard == sorted(heard)
    assert heard[0] == 0.5
    assert heard[-1] == pytest.approx(0.7)
    assert type(workers.current()) is workers.Alone
