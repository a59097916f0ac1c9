"""Fields on lattices by splines against the functions themselves."""

from typing import NamedTuple

import numpy as np
import numpy.testing as npt

from craton.kernels.field_lattice import on_lattice


class Wave(NamedTuple):
    """A field with waves of 2π times a length, that counts the places it is asked for."""

    length: float
    asked: list

    def at(self, places):
        """Values, counted."""
        self.asked.append(len(places))
        return np.sin(places[:, 0] / self.length) * np.cos(places[:, 1] / 50.0) + places[:, 2] / 100.0


def exact(field, axes):
    """All cells, one by one."""
    upward, northing, easting = np.meshgrid(*axes, indexing="ij")
    places = np.column_stack([easting.ravel(), northing.ravel(), upward.ravel()])
    return field.at(places).reshape(upward.shape)


AXES = (np.arange(0.0, -60.0, -1.5), np.arange(100.0, 40.0, -1.0), np.arange(-20.0, 60.0, 1.0))


def test_cubic_is_exact():
    """A polynomial of the third degree is its own spline, with axes that fall and steps that differ."""

    class Cubic(NamedTuple):
        def at(self, places):
            return 1e-4 * places[:, 0] ** 3 - 1e-3 * places[:, 1] ** 2 * places[:, 2] + places[:, 2]

    npt.assert_allclose(on_lattice(Cubic(), AXES, every=5), exact(Cubic(), AXES), atol=1e-9)


def test_fourth_order():
    """Halving the distance of nodes brings the error to a sixteenth."""
    field = Wave(20.0, [])
    errors = [np.abs(on_lattice(field, AXES, every=every) - exact(field, AXES)).max() for every in (8, 4)]
    assert 11.0 < errors[0] / errors[1] < 24.0


def test_exact_beside_levels():
    """Cells beside a level are exact, so that each is on the right side; few places are asked for."""
    field = Wave(6.0, [])
    truth = exact(field, AXES)
    level = np.array([0.2])
    field.asked.clear()
    found = on_lattice(field, AXES, every=4, near=level, band=2)
    assert sum(field.asked) < 0.4 * truth.size
    npt.assert_array_equal(found > level, truth > level)
    upper = (truth > level)[1:] != (truth > level)[:-1]
    npt.assert_array_equal(found[1:][upper], truth[1:][upper])
    plain = on_lattice(field, AXES, every=4)
    assert ((plain > level) != (truth > level)).any()


def test_short_axes_and_type():
    """Axes too short for nodes are evaluated cell by cell; numbers of half size are as near as they can be."""
    axes = (AXES[0][:1], AXES[1][:7], AXES[2])
    field = Wave(20.0, [])
    found = on_lattice(field, axes, dtype=np.float32)
    assert found.dtype == np.float32
    npt.assert_allclose(found, exact(field, axes), atol=2e-4)
    npt.assert_array_equal(on_lattice(field, axes, every=1), exact(field, axes))
