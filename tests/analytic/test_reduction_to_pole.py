"""Directions of field and magnetisation against the closed form of a dipole, at every latitude."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.constants import GRAVITATIONAL, VACUUM
from craton.kernels.field_transform import product, transform
from craton.kernels.reduction_to_pole import (
    DOWN,
    Direction,
    Stabiliser,
    component,
    equator,
    pseudo_gravity,
    pseudo_magnetic,
    redirection,
)

STEP, HALF, DEPTH = 200.0, 20_000.0, 1_500.0
AXIS = np.arange(-HALF, HALF + 1, STEP)
NORTH, EAST = np.meshgrid(AXIS, AXIS, indexing="ij")
INNER = (slice(50, -50),) * 2
PLAIN = Stabiliser("none")
EDGE = 3e-3
"""What the field beyond the edges may change, as a part of the peak: a dipole's falls as its cube there."""


def dipole(field, magnetisation, depth=DEPTH, moment=1e10):
    """Component along `field`, nT, of a dipole of `moment` (A m²) along `magnetisation`: the textbook vector form."""
    place = np.stack([EAST, NORTH, np.full_like(EAST, depth)])
    distance = np.sqrt((place**2).sum(axis=0))
    along_m, along_f = (
        np.tensordot(np.array(one.vector), place / distance, axes=1) for one in (magnetisation, field)
    )
    cosine = float(np.dot(field.vector, magnetisation.vector))
    return VACUUM * moment * 1e9 * (3 * along_m * along_f - cosine) / distance**3


def mass(depth=DEPTH, kilograms=1e12):
    """Attraction in mGal of a point mass."""
    return GRAVITATIONAL * kilograms * 1e5 * depth / (EAST**2 + NORTH**2 + depth**2) ** 1.5


def transformed(field, response, edges="periodic"):
    """`field` less its mean, through `response`."""
    return product(transform(field, (STEP, STEP), edges=edges), response)


def assert_same(found, expected, part=EDGE, *, level=False):
    """Equal in the middle to a part of the peak; where `level`, but for a constant that was set to nothing."""
    shift = np.mean(found[INNER] - expected[INNER]) if level else 0
    npt.assert_allclose(found[INNER] - shift, expected[INNER], atol=part * np.abs(expected).max())


@pytest.mark.parametrize("inclination", [90.0, 65.0, 40.0, -35.0, 25.0])
@pytest.mark.parametrize("declination", [0.0, 20.0, -130.0])
def test_an_induced_dipole_reduced_to_the_pole_is_the_dipole_at_the_pole(inclination, declination):
    """The middle agrees with the closed form of a vertical dipole in a vertical field."""
    field = Direction(inclination, declination)
    found = transformed(dipole(field, field), redirection(field, field, PLAIN))
    assert_same(found, dipole(DOWN, DOWN))


@pytest.mark.parametrize("edges", ["periodic", "mirror"])
def test_a_remanent_dipole_reduced_to_the_pole_is_the_dipole_at_the_pole(edges):
    """With magnetisation along another direction, which may point up; the mirror costs no accuracy inside."""
    field, remanent = Direction(50.0, 10.0), Direction(-30.0, 160.0)
    found = transformed(dipole(field, remanent), redirection(field, remanent, PLAIN), edges)
    assert_same(found, dipole(DOWN, DOWN))


def test_stabilisation_changes_nothing_where_the_field_is_steep():
    """With a pseudo-inclination below the inclination the operator is the plain one, to rounding."""
    field, remanent = Direction(50.0, 10.0), Direction(-30.0, 160.0)
    anomaly = dipole(field, remanent)
    plain, stable = (
        transformed(anomaly, redirection(field, remanent, one))
        for one in (PLAIN, Stabiliser(inclination=20.0))
    )
    npt.assert_allclose(stable, plain, atol=1e-10 * np.abs(plain).max())


@pytest.mark.parametrize("inclination", [0.0, 2.0, 10.0])
@pytest.mark.parametrize("kind", ["pseudo_inclination", "wiener"])
def test_noise_stays_in_bounds_at_low_latitude(inclination, kind):
    """No wave grows beyond 1 / sin² 20° = 8.5, or 1 / (2 · 0.1) = 5 by Wiener, and so neither does white noise.

    Plainly divided, the same noise grows to more than ten times that bound at 0° and 2°.
    """
    noise = np.random.default_rng(4).normal(size=(200, 180))
    field = Direction(inclination, 5.0)
    bound = {"pseudo_inclination": 1 / np.sin(np.radians(20.0)) ** 2, "wiener": 5.0}[kind]
    for edges in ("periodic", "mirror"):
        found = transformed(noise, redirection(field, field, Stabiliser(kind)), edges)
        assert np.isfinite(found).all()
        assert found.std() <= bound * noise.std()
    if inclination < 5:
        assert transformed(noise, redirection(field, field, PLAIN)).std() > 10 * bound


def test_a_low_latitude_reduction_has_its_peak_over_the_source():
    """At 10°, stabilised, the peak of the dipole is within a cell of its place, and positive."""
    field = Direction(10.0, 5.0)
    found = transformed(dipole(field, field), redirection(field, field, Stabiliser()))
    row, column = np.unravel_index(np.argmax(found), found.shape)
    assert max(abs(row - AXIS.size // 2), abs(column - AXIS.size // 2)) <= 1
    assert found.max() > 0.3 * dipole(DOWN, DOWN).max()


@pytest.mark.parametrize("inclination", [60.0, -20.0, 5.0, 0.0])
def test_reduction_to_the_equator_is_the_dipole_there(inclination):
    """The closed form of a level dipole in a level field of the same declination; stable as it is."""
    field = Direction(inclination, 15.0)
    level = Direction(0.0, 15.0)
    assert_same(transformed(dipole(field, field), equator(field)), dipole(level, level), 5e-3)


def test_pole_and_equator_are_one_redirection_apart():
    """Redirected from one direction to another and back, an anomaly is itself."""
    one, other = Direction(55.0, -12.0), Direction(30.0, 40.0)
    anomaly = dipole(one, one)
    there = transformed(anomaly, redirection(one, one, PLAIN, to_field=other, to_magnetisation=other))
    back = transformed(there, redirection(other, other, PLAIN, to_field=one, to_magnetisation=one))
    assert_same(there, dipole(other, other))
    npt.assert_allclose(back, anomaly, atol=1e-10 * np.abs(anomaly).max())


@pytest.mark.parametrize("wanted", [DOWN, Direction(0.0, 0.0), Direction(0.0, 90.0)])
def test_components_are_those_of_the_vector_field(wanted):
    """Total-field anomaly to the vertical, north and east components, without the direction of magnetisation."""
    field, magnetisation = Direction(45.0, 8.0), Direction(-20.0, 70.0)
    found = transformed(dipole(field, magnetisation), component(field, wanted, Stabiliser()))
    assert_same(found, dipole(wanted, magnetisation), level=True)


def test_the_square_of_three_components_hangs_together():
    """Θ of down, north and east of any wave: 1 and a unit vector, so that their squares add up to nothing."""
    field, waves = Direction(40.0, 30.0), np.random.default_rng(5).normal(size=(2, 6))
    north, east = waves[0][:, None], waves[1]
    total = sum(
        component(field, one, PLAIN).of(north, east) ** 2 for one in (DOWN, Direction(0, 0), Direction(0, 90))
    )
    npt.assert_allclose(total, 0, atol=1e-13)


def test_pseudo_gravity_of_a_dipole_is_a_point_mass():
    """Poisson: moment per mass = magnetisation per density. But for a constant, 1e-2 of the peak: gravity falls slower.

    10¹² kg of 200 kg/m³ contrast are 5e9 m³; at 2 A/m they have 10¹⁰ A m².
    """
    field = Direction(60.0, -5.0)
    response = pseudo_gravity(field, field, Stabiliser(), density=200.0, intensity=2.0)
    assert_same(transformed(dipole(field, field), response), mass(), 2e-2, level=True)


def test_pseudo_magnetics_is_the_way_back():
    """From the point mass the dipole, and from any field through both ways itself but for its mean."""
    field = Direction(60.0, -5.0)
    there = pseudo_magnetic(field, field, density=200.0, intensity=2.0)
    back = pseudo_gravity(field, field, PLAIN, density=200.0, intensity=2.0)
    assert_same(transformed(mass(), there), dipole(field, field))
    pole = pseudo_magnetic(DOWN, DOWN, density=200.0, intensity=2.0)
    assert_same(transformed(mass(), pole, "mirror"), dipole(DOWN, DOWN))
    noise = np.random.default_rng(6).normal(size=(33, 41))
    npt.assert_allclose(transformed(transformed(noise, there), back), noise - noise.mean(), atol=1e-11)
