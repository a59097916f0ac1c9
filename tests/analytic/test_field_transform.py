"""Transforms of fields wave by wave: exact on waves, on closed-form sources, and against each other."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import wavenumber
from craton.kernels.drape import drape_to_level, level_to_drape
from craton.kernels.field_transform import continue_upward, derivative, filtered, product, transform
from craton.kernels.reduction_to_pole import Direction, Stabiliser, redirection

HALF, DEPTH = 15_000.0, 1_500.0
STEP = (100.0, 150.0)


def plane(step=STEP, half=HALF):
    """Northings and eastings of cell centres about the origin, an odd and an even number of them."""
    return np.meshgrid(np.arange(-half, half + 1, step[0]), np.arange(-half, half, step[1]), indexing="ij")


NORTH, EAST = plane()
INNER = (slice(60, -60), slice(40, -40))
"""Away from the edges, beyond which nothing is known."""


def point_mass(north, east, depth):
    """Vertical attraction of a unit point mass, with its constants left out."""
    return depth / (north**2 + east**2 + depth**2) ** 1.5


def point_mass_gradient(north, east, depth):
    """Its derivatives to the east, to the north and upward."""
    square = north**2 + east**2 + depth**2
    up = (square - 3 * depth**2) / square**2.5
    return {
        "easting": -3 * depth * east / square**2.5,
        "northing": -3 * depth * north / square**2.5,
        "upward": up,
    }


@pytest.mark.parametrize("edges", ["mirror", "periodic"])
@pytest.mark.parametrize("axis", ["easting", "northing", "upward"])
def test_derivatives_are_those_of_a_point_mass(axis, edges):
    """Away from the edges the first derivatives are the closed form.

    Horizontal ones to 1e-5 of the peak; the upward one feels what lies beyond the edges, where the field
    is (depth / half side)³ = 1e-3 of its peak, and that is its tolerance, twice.
    """
    expected = point_mass_gradient(NORTH, EAST, DEPTH)[axis]
    found = derivative(point_mass(NORTH, EAST, DEPTH), STEP, **{axis: 1}, edges=edges)
    tolerance = 2e-3 if axis == "upward" else 1e-5
    npt.assert_allclose(found[INNER], expected[INNER], atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("edges", ["mirror", "periodic"])
def test_a_harmonic_field_stays_harmonic(edges):
    """The second derivatives in the three directions add up to nothing, to rounding."""
    field = np.random.default_rng(1).normal(size=(34, 47))
    parts = [derivative(field, STEP, **{axis: 2}, edges=edges) for axis in ("easting", "northing", "upward")]
    npt.assert_allclose(sum(parts), 0, atol=1e-13 * np.abs(parts[2]).max())


@pytest.mark.parametrize("edges", ["mirror", "periodic"])
def test_orders_add_up(edges):
    """∂n of ∂e∂up is ∂n∂e∂up, for waves that fit the grid either way."""
    rows, columns = 40, 36
    y, x = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    field = np.cos(4 * np.pi * y)[:, None] * np.cos(6 * np.pi * x)
    waves = transform(field, (50.0, 80.0), edges=edges)
    once = product(waves, wavenumber.derivative(1, 1, 1))
    k = np.pi * np.array([4 / (rows * 50), 6 / (columns * 80)])
    expected = -np.hypot(*k) * k[0] * k[1] * np.sin(4 * np.pi * y)[:, None] * np.sin(6 * np.pi * x)
    npt.assert_allclose(once, expected, atol=1e-14)
    twice = product(waves, wavenumber.derivative(1, 0, 0) * wavenumber.derivative(0, 1, 1))
    npt.assert_allclose(twice, expected, atol=1e-14)


def test_a_plane_has_its_own_slopes_and_no_upward_derivative():
    """Mirrored, a plane is differentiated exactly, whichever way the axes run."""
    field = 3 + 0.2 * NORTH - 0.7 * EAST
    npt.assert_allclose(derivative(field, STEP, easting=1), -0.7, atol=1e-12)
    npt.assert_allclose(derivative(field[::-1], (-STEP[0], STEP[1]), northing=1), 0.2, atol=1e-12)
    npt.assert_allclose(derivative(field, STEP, upward=1), 0, atol=1e-12)
    npt.assert_allclose(derivative(field, STEP), field, atol=1e-9)


@pytest.mark.parametrize("edges", ["mirror", "periodic"])
def test_axes_may_run_either_way_and_be_swapped(edges):
    """A field given from the north, or transposed, has the same derivatives and reductions at the same places."""
    field = np.random.default_rng(2).normal(size=(24, 31))
    responses = {
        "derivative": (wavenumber.derivative(1, 2, 1), wavenumber.derivative(2, 1, 1)),
        "pole": tuple(
            redirection(Direction(30, d), Direction(-50, m), Stabiliser()) for d, m in ((20, 70), (70, 20))
        ),
    }
    for plain, swapped in responses.values():
        expected = product(transform(field, (10.0, 25.0), edges=edges), plain)
        turned = product(transform(field[::-1], (-10.0, 25.0), edges=edges), plain)[::-1]
        # A declination d becomes 90° - d where northing and easting are exchanged: 20 and 70 do.
        other = product(transform(field.T, (25.0, 10.0), edges=edges), swapped).T
        scale = np.abs(expected).max()
        npt.assert_allclose(turned, expected, atol=1e-13 * scale)
        npt.assert_allclose(other, expected, atol=1e-13 * scale)


def test_single_precision_is_worked_in_single_precision():
    """float32 in, float32 out, with 1e-6 of the largest value, against the same numbers in double."""
    field = point_mass(NORTH, EAST, DEPTH).astype(np.float32)
    pole = redirection(Direction(25, 10), Direction(25, 10), Stabiliser())
    for edges in ("mirror", "periodic"):
        for response in (wavenumber.upward(300.0), pole):
            single = product(transform(field, STEP, edges=edges), response)
            double = product(transform(field.astype(float), STEP, edges=edges), response)
            assert single.dtype == np.float32
            npt.assert_allclose(single, double, atol=1e-6 * np.abs(double).max())


RESPONSES = {
    "upward": wavenumber.upward(300.0),
    "vertical": wavenumber.derivative(upward=1),
    "easting": wavenumber.derivative(easting=1),
    "northing": wavenumber.derivative(northing=1),
    "second easting": wavenumber.derivative(easting=2),
    "along": wavenumber.along(30.0),
    "pole": redirection(Direction(40.0, 10.0), Direction(40.0, 10.0), Stabiliser()),
}


@pytest.mark.parametrize("edges", ["mirror", "periodic"])
@pytest.mark.parametrize("response", RESPONSES)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_one_product_alone_is_that_of_the_waves(response, edges, kind):
    """Worked in one go, and of one axis alone, as of the waves of the whole; to rounding of the greatest value.

    Both take the same plane off, and put it on, within their passes.
    """
    random = np.random.default_rng(1)
    field = random.normal(size=(90, 70)).astype(kind)
    off, on = [(random.normal(size=90), random.normal(size=70)) for _ in range(2)]
    given = RESPONSES[response]
    waves = transform((field - off[0][:, None] - off[1]).astype(kind), STEP, edges=edges)
    expected = product(waves, given) + (on[0][:, None] + on[1])
    actual = filtered(field, STEP, given, edges=edges, plane=off, add=on)
    assert actual.dtype == field.dtype
    npt.assert_allclose(actual, expected, rtol=0, atol=30 * np.finfo(kind).eps * np.abs(expected).max())


def test_downward_methods_bring_back_what_went_up():
    """A band-limited field continued up and then down is itself, to what the regularisation holds back.

    Tikhonov with the half point at 400 m leaves 1e-6 of a wave of 3000 m (k² / k_c² exp(2 (k - k_c) h));
    the iteration leaves (1 - exp(-k h))ⁿ⁺¹, below 1e-9 after 20 for that wave.
    """
    rows, columns = 60, 80
    y, x = (np.arange(rows) + 0.5) * 100, (np.arange(columns) + 0.5) * 100
    field = np.cos(2 * np.pi * y / 4000)[:, None] + np.cos(2 * np.pi * x / 3200)
    up = continue_upward(field, (100.0, 100.0), 200.0, edges="mirror")
    for response, tolerance in (
        (wavenumber.downward_tikhonov(200.0, 400.0), 1e-3),
        (wavenumber.downward_iterative(200.0, 20), 1e-8),
    ):
        down = product(transform(up, (100.0, 100.0)), response)
        npt.assert_allclose(down, field, atol=tolerance * 2)


@pytest.mark.parametrize(
    ("response", "bound"),
    [(wavenumber.downward_tikhonov(2000.0, 4000.0), 60.0), (wavenumber.downward_iterative(2000.0, 30), 31.0)],
)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_downward_methods_keep_noise_in_bounds(response, bound, kind):
    """20 spacings down, no wave grows without bounds: n + 1 for the iteration, of the order of exp(k_c h) else."""
    k = np.linspace(0, np.pi / 100, 500, dtype=kind)
    factor = response.of(np.zeros((1, 1), dtype=kind), k)
    assert factor.dtype == kind
    assert np.isfinite(factor).all()
    assert factor.max() <= bound * (1 + 1e-5)
    npt.assert_allclose(factor[0, 0], 1, rtol=1e-6)
    npt.assert_allclose(wavenumber.downward_iterative(50.0, 0).of(np.zeros((1, 1)), k), 1, rtol=1e-5)


def hill(north, east):
    """A surface from 100 m up to 600 m above the plane."""
    return 100 + 500 * np.exp(-((north - 2000) ** 2 + (east + 1000) ** 2) / 3000**2)


def test_the_field_on_a_surface_is_the_closed_form_there():
    """A point mass 1500 m below the plane, on a hill of 600 m; 2e-3 of the peak, what the edges leave unknown."""
    heights = hill(NORTH, EAST)
    found = level_to_drape(point_mass(NORTH, EAST, DEPTH), STEP, heights)
    expected = point_mass(NORTH, EAST, DEPTH + heights)
    npt.assert_allclose(found, expected, atol=2e-3 * expected.max())


def test_a_level_surface_is_plain_continuation():
    """One height for all cells gives the upward continuation, to rounding."""
    field = point_mass(NORTH, EAST, DEPTH)
    found = level_to_drape(field, STEP, np.full(field.shape, 250.0))
    npt.assert_allclose(found, continue_upward(field, STEP, 250.0, edges="mirror"), rtol=1e-12)


def test_from_a_surface_to_the_plane_and_back():
    """The field on the hill comes back to the plane below: 5e-3 of the peak in the middle after 20 corrections."""
    north, east = plane((200.0, 200.0), 12_000.0)
    heights = hill(north, east) - 100
    found = drape_to_level(point_mass(north, east, DEPTH + heights), (200.0, 200.0), heights)
    expected = point_mass(north, east, DEPTH)
    npt.assert_allclose(found[20:-20, 20:-20], expected[20:-20, 20:-20], atol=5e-3 * expected.max())
