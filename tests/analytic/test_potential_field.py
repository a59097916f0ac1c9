"""Upward continuation against closed forms: waves, a point mass, a dipole; and what must not change."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.field_transform import continue_upward
from craton.kernels.potential_field import fill_nearest, linear_trend, pad_tapered

HALF, DEPTH = 20_000.0, 2_000.0
"""Half the side of the grid and depth of the source, in metres."""


def plane(spacing=(100.0, 100.0)):
    """Northings and eastings of cell centres about the origin."""
    north, east = (np.arange(-HALF, HALF + step / 2, step) for step in spacing)
    return np.meshgrid(north, east, indexing="ij")


def point_mass(north, east, depth):
    """Vertical attraction of a unit point mass, with its constants left out."""
    return depth / (north**2 + east**2 + depth**2) ** 1.5


def dipole(north, east, depth):
    """Vertical field of a vertical dipole, which is that of a vertically magnetised sphere."""
    level = north**2 + east**2
    return (2 * depth**2 - level) / (level + depth**2) ** 2.5


@pytest.mark.parametrize("height", [0.0, 37.0, 500.0])
def test_a_plane_wave_decays_by_its_wavenumber(height):
    """cos(k·x) that fits the grid becomes exp(-|k| h) of itself, to rounding, with unequal spacings."""
    rows, columns, north, east = 60, 48, 50.0, 80.0
    k = 2 * np.pi * np.array([3 / (rows * north), 5 / (columns * east)])
    y, x = np.meshgrid(np.arange(rows) * north, np.arange(columns) * east, indexing="ij")
    wave = np.cos(k[0] * y + k[1] * x + 0.3)
    continued = continue_upward(wave, (north, east), height)
    npt.assert_allclose(continued, wave * np.exp(-np.hypot(*k) * height), atol=1e-13)


def test_a_mirrored_wave_decays_by_its_wavenumber():
    """cos(π n (i + ½) / N), even at both edges, decays by exp(-π n h / (N d)), to rounding."""
    rows, columns, north, east, height = 33, 40, 50.0, 80.0, 200.0
    y, x = (np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns
    wave = np.cos(3 * np.pi * y)[:, None] * np.cos(4 * np.pi * x)
    decay = np.exp(-np.pi * np.hypot(3 / (rows * north), 4 / (columns * east)) * height)
    npt.assert_allclose(
        continue_upward(wave, (north, east), height, edges="mirror"), wave * decay, atol=1e-13
    )


@pytest.mark.parametrize("source", [point_mass, dipole])
@pytest.mark.parametrize("spacing", [(100.0, 100.0), (150.0, 100.0)])
@pytest.mark.parametrize("height", [100.0, 500.0])
def test_the_field_of_a_buried_source_is_that_of_a_deeper_one(source, spacing, height):
    """Continued by h, the field equals the closed form at depth + h.

    At the edge the field still is (depth / half side)³ = 1e-3 of its peak; no continuation can know
    what lies beyond, so that share is the tolerance.
    """
    north, east = plane(spacing)
    continued = continue_upward(source(north, east, DEPTH), spacing, height, edges="mirror")
    expected = source(north, east, DEPTH + height)
    npt.assert_allclose(continued, expected, atol=(DEPTH / HALF) ** 3 * expected.max())


def test_mirrored_edges_do_better_than_periodic_ones_where_an_anomaly_is_cut():
    """With a source under one edge, the mirror leaves less than half of the error at the far edge."""
    north, east = plane()
    field, expected = (point_mass(north, east - HALF, depth) for depth in (DEPTH, DEPTH + 500))
    errors = {
        edges: np.abs(continue_upward(field, (100.0, 100.0), 500.0, edges=edges) - expected)
        for edges in ("mirror", "periodic")
    }
    assert errors["mirror"].max() < 0.5 * errors["periodic"].max()
    assert errors["mirror"][:, :10].max() < 0.1 * errors["periodic"][:, :10].max()


@pytest.mark.parametrize("edges", ["mirror", "periodic"])
def test_two_steps_are_one(edges):
    """h₁ and then h₂ equal h₁ + h₂, to rounding."""
    field = np.random.default_rng(3).normal(size=(37, 52))
    twice = continue_upward(
        continue_upward(field, (10.0, 20.0), 15.0, edges=edges), (10.0, 20.0), 40.0, edges=edges
    )
    npt.assert_allclose(twice, continue_upward(field, (10.0, 20.0), 55.0, edges=edges), atol=1e-14)


@pytest.mark.parametrize("edges", ["mirror", "periodic"])
def test_height_zero_gives_the_field_and_the_mean_is_kept(edges):
    """exp(0) = 1 for every wave, and for the mean at every height."""
    field = np.random.default_rng(4).normal(5, 1, size=(41, 30))
    npt.assert_allclose(continue_upward(field, (10.0, 10.0), 0.0, edges=edges), field, atol=1e-13)
    npt.assert_allclose(
        continue_upward(field, (10.0, 10.0), 300.0, edges=edges).mean(), field.mean(), rtol=1e-13
    )


def test_rows_columns_and_directions_may_be_swapped():
    """Transposing or turning the field transposes or turns the result."""
    field = np.random.default_rng(5).normal(size=(24, 31))
    plain = continue_upward(field, (10.0, 25.0), 30.0, edges="mirror")
    npt.assert_allclose(continue_upward(field.T, (25.0, 10.0), 30.0, edges="mirror").T, plain, atol=1e-14)
    npt.assert_allclose(
        continue_upward(field[::-1], (10.0, 25.0), 30.0, edges="mirror")[::-1], plain, atol=1e-14
    )


def test_the_trend_of_a_plane_with_gaps_is_the_plane():
    """Least squares finds the plane that all cells lie on, whichever are missing."""
    rows, columns = np.mgrid[:20, :30]
    field = 7 + 0.3 * rows - 1.2 * columns
    gappy = np.where(np.random.default_rng(6).random(field.shape) < 0.7, field, np.nan)
    npt.assert_allclose(linear_trend(gappy), field, atol=1e-11)


def test_the_trend_of_few_cells_is_finite():
    """One row has no slope across, no cell no trend."""
    line = np.full((5, 6), np.nan)
    npt.assert_allclose(linear_trend(line), 0.0)
    line[2] = np.arange(6.0)
    npt.assert_allclose(linear_trend(line), np.tile(np.arange(6.0), (5, 1)), atol=1e-12)


def test_gaps_take_the_nearest_value_in_metres():
    """With rows 10 times as far apart as columns, the neighbour in the row is nearer than the one above."""
    field = np.array([[1.0, 1.0, 1.0, 1.0], [np.nan, np.nan, np.nan, 4.0], [9.0, 9.0, 9.0, 9.0]])
    npt.assert_array_equal(fill_nearest(field, (100.0, 10.0))[1], [4.0, 4.0, 4.0, 4.0])


def test_a_tapered_field_is_whole_inside_and_fades_outside():
    """The cells themselves are untouched, the outermost ones are zero, and the fade has no jump."""
    field = np.random.default_rng(7).normal(3, 0.01, size=(50, 61))
    padded, inside = pad_tapered(field)
    npt.assert_array_equal(padded[inside], field)
    npt.assert_allclose(padded[0], 0.0, atol=1e-15)
    assert all(wide >= 1.5 * side for wide, side in zip(padded.shape, field.shape, strict=True))
    assert np.abs(np.diff(padded[inside[0]].mean(axis=0))).max() < 0.35
