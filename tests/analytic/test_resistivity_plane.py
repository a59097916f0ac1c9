"""Resistivity plane: layers, a fault, symmetries and derivatives against closed forms."""

from dataclasses import replace

import numpy as np
import numpy.testing as npt
import pytest
from scipy.special import k0

from craton.kernels import occam
from craton.kernels import resistivity_layers as layers
from craton.kernels import resistivity_plane as plane
from craton.kernels import resistivity_section as section

POSITIONS = np.arange(14.0)
READINGS = np.array(
    [(a, a + 1, m, m + 1) for a in range(11) for m in range(a + 2, min(a + 7, 13))]
    + [(i, i + 3 * s, i + s, i + 2 * s) for s in (1, 2, 3) for i in range(14 - 3 * s)]
)
BETWEEN = section.distances(POSITIONS[READINGS.T][:, :, None])


@pytest.fixture(scope="module")
def line():
    grid = plane.plane_of(POSITIONS, 5.0)
    potentials = plane.Potentials(grid, 1.0)
    uniform = potentials.voltages(potentials.solved(np.ones(grid.shape[0] * grid.shape[1])), READINGS)
    return grid, potentials, uniform


def apparent(line, resistivity):
    _, potentials, uniform = line
    return potentials.voltages(potentials.solved(1 / resistivity.ravel()), READINGS) / uniform


@pytest.mark.parametrize("furthest", [100.0, 300.0, 2e3, 5e4, 1e6])
def test_weights_give_the_inverse_distance(furthest):
    """Σ w K₀(k r) = 1/r within 0.3 % from the least distance to the greatest; weights are above 0."""
    wavenumbers, weights = plane.wavenumbers(1.0, furthest)
    distance = np.geomspace(1.0, furthest, 997)
    from_waves = (weights * k0(wavenumbers * distance[:, None])).sum(axis=1)
    npt.assert_allclose(from_waves * distance, 1.0, rtol=3e-3)
    assert (weights > 0).all()


def test_voltages_of_uniform_ground(line):
    """Without any factor from the grid itself: 1/k of each array within 2.5 %, the error at its sources."""
    _, _, uniform = line
    scaled = uniform * section.geometric_factor(BETWEEN)
    npt.assert_allclose(scaled / np.median(scaled), 1.0, atol=0.025)


@pytest.mark.parametrize(("above", "below"), [(10.0, 100.0), (100.0, 10.0)])
def test_two_layers(line, above, below):
    """Apparent resistivities of a contrast of ten within 1 % of the layered closed form."""
    grid, *_ = line
    edge = grid.edges_down[5]
    rows = np.where(grid.edges_down[:-1] < edge - 1e-9, above, below)
    found = apparent(line, np.repeat(rows, grid.shape[1]))
    npt.assert_allclose(found, layers.apparent_resistivity(BETWEEN, [above, below], [edge]), rtol=0.01)


def test_upright_fault(line):
    """A vertical contact at the middle: images of each source, within 2 % for dipoles on one side."""
    grid, *_ = line
    left, right, contact = 10.0, 30.0, 6.5
    columns = np.where(grid.edges_across[:-1] < contact - 1e-9, left, right)
    found = apparent(line, np.tile(columns, grid.shape[0]))
    k = (right - left) / (right + left)
    one_side = (POSITIONS[READINGS] < contact).all(axis=1)

    def voltage(source, receiver):
        return left * (1 / np.abs(source - receiver) + k / np.abs(2 * contact - source - receiver))

    a, b, m, n = POSITIONS[READINGS[one_side]].T
    difference = voltage(a, m) - voltage(b, m) - voltage(a, n) + voltage(b, n)
    expected = difference * section.geometric_factor(BETWEEN[one_side]) / (2 * np.pi)
    npt.assert_allclose(found[one_side], expected, rtol=0.02)


def test_derivatives(line):
    """Against differences, and in sum the scaling −V; both to the digits of the solution."""
    grid, potentials, _ = line
    random = np.random.default_rng(4)
    conductivity = np.exp(random.normal(size=grid.shape[0] * grid.shape[1]))
    fields = potentials.solved(conductivity)
    slopes = potentials.slopes(fields, READINGS)
    voltage = potentials.voltages(fields, READINGS)
    npt.assert_allclose(slopes @ conductivity, -voltage, rtol=1e-9)
    way = random.normal(size=conductivity.size) * conductivity
    ahead, behind = (
        potentials.voltages(potentials.solved(conductivity + sign * 1e-5 * way), READINGS) for sign in (1, -1)
    )
    npt.assert_allclose((ahead - behind) / 2e-5, slopes @ way, rtol=1e-4, atol=1e-6 * np.abs(voltage).max())


def test_reciprocity_and_far_electrodes(line):
    """Current and potential exchanged show the same; an electrode at infinity adds nothing."""
    grid, potentials, _ = line
    fields = potentials.solved(np.exp(np.random.default_rng(5).normal(size=grid.shape[0] * grid.shape[1])))
    npt.assert_allclose(
        potentials.voltages(fields, READINGS),
        potentials.voltages(fields, READINGS[:, [2, 3, 0, 1]]),
        rtol=1e-8,
    )
    far = potentials.voltages(fields, np.array([[2, -1, 5, 6], [2, 9, 5, 6], [9, -1, 5, 6]]))
    npt.assert_allclose(far[0] - far[2], far[1], rtol=1e-12)


def uneven(grid, slope):
    """Potentials on a ridge whose top is the electrode 6, and on flat ground with the same lengths."""
    ridge = replace(grid, ground=-slope * np.abs(grid.across - 6.0))
    level = plane.plane_of(POSITIONS * np.hypot(1.0, slope), 5.0)
    return plane.Potentials(ridge, 1.0), plane.Potentials(level, 1.0)


@pytest.mark.parametrize("degrees", [30.0, -20.0])
def test_ridge_and_valley(line, degrees):
    """Current at the edge of a wedge of the angle α flows out evenly: U = 1/(2αr) on both its sides.

    Within 3 %, which the grid at the source leaves; without the relief it would be wrong by π/α, 50 % and
    18 %. The two sides, and potential and current exchanged, show the same.
    """
    grid, *_ = line
    readings = np.array([[6, -1, m, n] for m, n in ((7, 8), (8, 9), (9, 11), (4, 2), (5, 4))])
    found = plane.geometric_factor(*uneven(grid, np.tan(np.radians(degrees))), readings)
    away = np.abs(readings[:, 2:] - 6.0) / np.cos(np.radians(degrees))
    wedge = np.pi - 2 * np.radians(degrees)
    npt.assert_allclose(found, 2 * wedge / (1 / away[:, 0] - 1 / away[:, 1]), rtol=0.03)


def test_even_slope_is_flat_ground(line):
    """Ground of one slope of 25° has the geometric factors of flat ground, within 2 %."""
    grid, *_ = line
    slope = np.tan(np.radians(25.0))
    tilted, level = replace(grid, ground=slope * grid.across), uneven(grid, slope)[1]
    found = plane.geometric_factor(plane.Potentials(tilted, 1.0), level, READINGS)
    flat = section.geometric_factor(BETWEEN * np.hypot(1.0, slope))
    npt.assert_allclose(found, flat, rtol=0.02)


def test_derivatives_on_a_ridge(line):
    """The sum with the conductivities is −V, and one block agrees with differences, as on level ground."""
    potentials = uneven(line[0], 0.5)[0]
    conductivity = np.exp(np.random.default_rng(7).normal(size=line[0].shape[0] * line[0].shape[1]))
    fields = potentials.solved(conductivity)
    slopes, voltage = potentials.slopes(fields, READINGS), potentials.voltages(fields, READINGS)
    npt.assert_allclose(slopes @ conductivity, -voltage, rtol=1e-9)
    way = np.zeros(conductivity.size)
    way[30] = conductivity[30]
    ahead, behind = (
        potentials.voltages(potentials.solved(conductivity + sign * 1e-4 * way), READINGS) for sign in (1, -1)
    )
    npt.assert_allclose((ahead - behind) / 2e-4, slopes @ way, rtol=1e-4, atol=1e-6 * np.abs(voltage).max())


def test_roughness_counts_steps():
    """A step along the line counts with the flatness, one down with 1; uniform ground has none."""
    rough = plane.roughness((2, 3), 2.0)
    assert np.abs(rough @ np.ones(6)).max() == 0.0
    assert np.abs(rough @ [0, 0, 0, 1, 1, 1]).sum() == 3.0
    assert np.abs(rough @ [0, 1, 1, 0, 1, 1]).sum() == 4.0


def test_a_block_comes_back(line):
    """A conductive block in ground of 100 ohm.m, 2 % noise: target reached, the least resistivity in its place."""
    grid, potentials, uniform = line
    truth = np.full(grid.shape, 100.0)
    middles = (
        0.5 * (grid.edges_across[1:] + grid.edges_across[:-1]),
        0.5 * (grid.edges_down[1:] + grid.edges_down[:-1]),
    )
    truth[np.ix_((middles[1] > 0.7) & (middles[1] < 2.0), (middles[0] > 5) & (middles[0] < 8))] = 10.0
    noise = 0.02 * np.random.default_rng(6).normal(size=len(READINGS))
    data = np.log(apparent(line, truth)) + noise

    def response(model):
        return np.log(potentials.voltages(potentials.solved(np.exp(-model)), READINGS) / uniform)

    def linearised(model):
        fields = potentials.solved(np.exp(-model))
        voltage = potentials.voltages(fields, READINGS)
        return np.log(voltage / uniform), -potentials.slopes(fields, READINGS) * np.exp(-model) / voltage[
            :, None
        ]

    problem = occam.Problem(
        response, linearised, data, np.full(len(data), 0.02), occam.Search((1.0, 0.0, -1.0, -2.0), 1)
    )
    found = occam.smooth(problem, np.full(truth.size, np.log(80.0)), plane.roughness(grid.shape, 1.0))
    assert found.misfit <= 1.02
    image = np.exp(found.model).reshape(grid.shape)
    row, column = np.unravel_index(image.argmin(), image.shape)
    assert 5 < middles[0][column] < 8
    assert 0.5 < middles[1][row] < 2.2
    assert image.min() < 30
    assert 80 < np.median(image[:, middles[0] < 2.5]) < 125
