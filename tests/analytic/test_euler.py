"""Euler deconvolution against closed forms of homogeneous fields, and against plain least squares."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.euler import RIDGE, Field, Solutions, solve_windows, whole_windows

ROWS, COLUMNS, NORTH, EAST = 61, 83, 50.0, 40.0
SOURCE = (1712.3, 1433.1, -420.0)
"""Easting, northing and upward of the source, in metres."""

STEP = 1e-30
"""Complex step, which differentiates to rounding."""


def places():
    """Eastings, northings and heights of all cells."""
    north, east = np.meshgrid(NORTH * np.arange(ROWS), EAST * np.arange(COLUMNS), indexing="ij")
    return east, north, np.zeros_like(east)


def field_of(function, base=0.0):
    """Field and exact gradient of a function of the vector from a source."""
    x, y, z = (at - of for at, of in zip(places(), SOURCE, strict=True))
    turned = [function(x + 1j * STEP, y, z), function(x, y + 1j * STEP, z), function(x, y, z + 1j * STEP)]
    return Field(function(x, y, z) + base, *(one.imag / STEP for one in turned))


def radius(x, y, z):
    """Distance, also of complex parts."""
    return (x * x + y * y + z * z) ** 0.5


HOMOGENEOUS = {
    1.0: lambda x, y, z: 1e3 / radius(x, y, z),
    2.0: lambda x, y, z: 1e6 * z / radius(x, y, z) ** 3,
    3.0: lambda x, y, z: 1e9 * (2 * z * z + x * z - y * y) / radius(x, y, z) ** 5,
}
"""Functions that fall off with distance to the power of minus their structural index."""


def middles(window):
    """Easting and northing of the middle of each window."""
    east, north, _up = places()
    half = (window - 1) / 2
    down, right = (ROWS - window + 1, COLUMNS - window + 1)
    return east[:down, :right] + half * EAST, north[:down, :right] + half * NORTH


@pytest.mark.parametrize("index", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("window", [3, 10])
def test_every_window_finds_the_source_and_the_base_level(index, window):
    """With exact gradients and the right index each window gives place and depth to 0.1 m, the base to 1e-6.

    Windows far from the source see 1e-6 of its field and hardly vary: rounding is all that is off.
    """
    field = field_of(HOMOGENEOUS[index], base=7.5)
    found = solve_windows(field, (NORTH, EAST), window, (index,))
    east, north = middles(window)
    npt.assert_allclose(found.easting + east, SOURCE[0], atol=0.1)
    npt.assert_allclose(found.northing + north, SOURCE[1], atol=0.1)
    npt.assert_allclose(found.upward, SOURCE[2], atol=0.1)
    npt.assert_allclose(found.constant / index, 7.5, atol=1e-4)


def test_of_several_indices_the_right_one_is_chosen():
    """Without noise only the right index has no misfit, in every window."""
    for index, function in HOMOGENEOUS.items():
        found = solve_windows(field_of(function), (NORTH, EAST), 8, (0.0, 1.0, 2.0, 3.0))
        npt.assert_array_equal(found.structural_index, index)


def test_a_contact_has_index_zero_and_no_place_along_its_strike():
    """Over atan(x/z) windows find the edge and its depth to 0.1 m; to the north they stay where they are."""
    field = field_of(lambda x, _y, z: 30 * np.arctan(x / z), base=3.0)
    found = solve_windows(field, (NORTH, EAST), 9, (0.0,))
    east, _north = middles(9)
    npt.assert_allclose(found.easting + east, SOURCE[0], atol=0.1)
    npt.assert_allclose(found.upward, SOURCE[2], atol=0.1)
    npt.assert_allclose(found.northing, 0.0, atol=0.5 * NORTH)


def noisy():
    """A field whose gradient is measured with noise."""
    random = np.random.default_rng(5)
    field = field_of(HOMOGENEOUS[2.0], base=1.0)
    return Field(*(one + 0.02 * one.std() * random.normal(size=one.shape) for one in field))


@pytest.mark.parametrize("index", [0.0, 1.0, 2.5])
def test_running_sums_give_what_least_squares_gives(index):
    """Solutions, standard deviations and misfit equal those of a plain solver, to 1e-6 of themselves."""
    field, window = noisy(), 7
    found = solve_windows(field, (NORTH, EAST), window, (index,))
    east, north, _up = places()
    for row, column in ((0, 0), (17, 40), (31, 30), (32, 31), (54, 76)):
        part = np.s_[row : row + window, column : column + window]
        f, a, b, c = (one[part].ravel() for one in field)
        x, y = east[part].ravel() - east[part].mean(), north[part].ravel() - north[part].mean()
        design = np.column_stack([a, b, c, np.ones(f.size)])
        right = x * a + y * b + index * f
        solution = np.linalg.lstsq(design, right)[0]
        left = right - design @ solution
        variance = left @ left / (f.size - 4) * np.diag(np.linalg.inv(design.T @ design))
        expected = Solutions(
            *solution,
            index,
            np.hypot(*np.sqrt(variance[:2])),
            np.sqrt(variance[2]),
            np.sqrt((left**2).mean()),
        )
        for name, value in zip(Solutions._fields, expected, strict=True):
            npt.assert_allclose(getattr(found, name)[row, column], value, rtol=1e-6, err_msg=name)


def test_a_quiet_place_beside_a_strong_source_keeps_its_digits():
    """Rows a hundred million times stronger, in the same tile, leave no more than 1e-3 m of rounding."""
    weak, strong = field_of(HOMOGENEOUS[2.0]), np.zeros((ROWS, COLUMNS))
    strong[:8] = 1e6 * np.random.default_rng(2).normal(size=(8, COLUMNS))
    both = Field(*(one + strong for one in weak))
    alone, beside = (solve_windows(one, (NORTH, EAST), 10, (2.0,)) for one in (weak, both))
    npt.assert_allclose(beside.upward[8:], alone.upward[8:], atol=1e-3)


def test_gaps_take_the_windows_they_lie_in_and_no_others():
    """Windows with a missing cell have no solution; all others have theirs, to rounding."""
    field = noisy()
    gappy = Field(*(one.copy() for one in field))
    gappy.upward[20, 30] = np.nan
    whole, found = (solve_windows(one, (NORTH, EAST), 6, (2.0,)) for one in (field, gappy))
    missing = np.zeros(whole.upward.shape, dtype=bool)
    missing[15:21, 25:31] = True
    npt.assert_array_equal(np.isnan(found.upward), missing)
    npt.assert_array_equal(~whole_windows(gappy, 6), missing)
    npt.assert_allclose(found.upward[~missing], whole.upward[~missing], rtol=1e-7)


def test_bands_of_rows_give_the_same_bits():
    """Rows 30 to 52 alone, begun at a multiple of the window, are what they are in the whole."""
    field = noisy()
    whole = solve_windows(field, (NORTH, EAST), 10, (1.0, 2.0))
    part = solve_windows(field, (NORTH, EAST), 10, (1.0, 2.0), rows=slice(30, 52))
    for one, other in zip(part, whole, strict=True):
        npt.assert_array_equal(one, other[30:52])


def test_axes_may_run_the_other_way_or_be_swapped():
    """Turned or transposed fields give the same places."""
    field = noisy()
    plain = solve_windows(field, (NORTH, EAST), 7, (2.0,))
    turned = solve_windows(Field(*(one[::-1, ::-1] for one in field)), (-NORTH, -EAST), 7, (2.0,))
    swapped = Field(field.values.T, field.northing.T, field.easting.T, field.upward.T)
    across = solve_windows(swapped, (EAST, NORTH), 7, (2.0,))
    for name in ("easting", "northing", "upward", "upward_std"):
        npt.assert_allclose(getattr(turned, name)[::-1, ::-1], getattr(plain, name), rtol=1e-6, atol=1e-6)
    npt.assert_allclose(across.northing.T, plain.easting, rtol=1e-6, atol=1e-6)
    npt.assert_allclose(across.upward.T, plain.upward, rtol=1e-6)


def test_a_flat_field_has_no_solution_and_one_window_may_be_the_whole():
    """Where the gradient does not vary there is nothing to solve; a window as large as the field is one."""
    flat = Field(*(np.full((12, 14), value) for value in (5.0, 0.0, 0.0, 0.0)))
    assert np.isnan(np.array(solve_windows(flat, (NORTH, EAST), 5, (0.0, 1.0)))).all()
    whole = solve_windows(Field(*(one[:20, :20] for one in noisy())), (NORTH, EAST), 20, (2.0,))
    assert whole.upward.shape == (1, 1)
    assert RIDGE < 1e-10
