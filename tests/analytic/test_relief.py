"""Relief: Parker's series against stacked prisms, and depths found again from their gravity."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import constants, prism, relief, sources

SIDE, STEP = 40, 250.0
AXIS = STEP * np.arange(SIDE)
NORTH, EAST = np.meshgrid(AXIS, AXIS, indexing="ij")
MIDDLE = AXIS[-1] / 2


def bump(north, east, width):
    """A bell about a place away from the middle."""
    return np.exp(-((NORTH - MIDDLE - north) ** 2 + (EAST - MIDDLE - east) ** 2) / (2 * width**2))


HILLS = 500 * bump(900, 0, 1000.0) - 500 * bump(-900, 300, 1000.0)
HILLS -= HILLS.mean()
"""As much above as below a level, so that what lies far away hardly matters."""


def stacked(heights, low):
    """Prisms (n, 6) from `low` to heights, or the other way, with the grid's mirror images all around."""
    boxes = []
    whole = SIDE * STEP
    for i, j in np.ndindex(3, 3):
        part = heights[:: -1 if i != 1 else 1, :: -1 if j != 1 else 1]
        east, north = EAST + (j - 1) * whole, NORTH + (i - 1) * whole
        edges = [east - STEP / 2, east + STEP / 2, north - STEP / 2, north + STEP / 2]
        boxes.append(np.stack([*edges, np.full_like(part, low), part], axis=-1).reshape(-1, 6))
    boxes = np.concatenate(boxes)
    return boxes, np.where(boxes[:, 5] >= low, 1.0, -1.0)


def ordered(boxes):
    """Prisms with their bottoms below their tops."""
    return np.column_stack([boxes[:, :4], boxes[:, 4:].min(axis=1), boxes[:, 4:].max(axis=1)])


def stations(height):
    """The cells at a height, every fifth one."""
    return np.stack([EAST[::5, ::5].ravel(), NORTH[::5, ::5].ravel(), np.full(NORTH[::5, ::5].size, height)])


def test_gravity_is_that_of_stacked_prisms():
    """1.5 km above the level: to 0.5 percent of the peak, but for a constant, which images far away would give."""
    boxes, sign = stacked(HILLS, 0.0)
    expected = -prism.gravity(stations(1500.0), ordered(boxes), 400 * sign).reshape(8, 8)
    found = relief.gravity(HILLS, (STEP, STEP), 1500.0, 400.0)[::5, ::5]
    constant = (found - expected).mean()
    assert abs(constant) < 5e-3 * np.abs(expected).max()
    npt.assert_allclose(found - constant, expected, rtol=0, atol=5e-3 * np.abs(expected).max())


def test_a_relief_of_two_levels_is_not_cut_short():
    """Half of the relief 20 m higher: exp(−kz₀)F[sinh(kh)]/k in closed form, whose even terms are all level."""
    rows, columns, step, height, rise = 8, 64, 500.0, 5000.0, 20.0
    heights = np.zeros((rows, columns))
    heights[:, : columns // 2] = rise
    found = relief.gravity(heights, (step, step), height, 400.0)
    steps = np.concatenate([heights[0], heights[0, ::-1]]) - rise / 2
    length = 2 * np.pi * np.fft.rfftfreq(2 * columns, step)
    signs = np.fft.rfft(np.sign(steps))
    with np.errstate(invalid="ignore"):
        waves = np.exp(-length * (height - rise / 2)) * signs * np.sinh(length * rise / 2) / length
    waves[0] = 0.0
    expected = 2 * np.pi * 6.6743e-11 * 400.0 * np.fft.irfft(waves)[:columns]
    measured = found[0] - found[0].mean()
    np.testing.assert_allclose(measured, expected - expected.mean(), atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("way", [1, -1])
def test_the_magnetic_field_is_that_of_stacked_prisms(way):
    """For any magnetisation, rows from either end: to one percent of the peak."""
    moment, direction = np.array([1.0, 2.0, -3.0]), sources.unit_vector(40.0, -5.0)
    boxes, sign = stacked(HILLS, 0.0)
    weights = sources.magnetic_weights(sign[:, None] * moment, direction)
    expected = prism.gradients(stations(1500.0), ordered(boxes), weights).reshape(8, 8)
    found = relief.magnetic(HILLS[::way], (way * STEP, STEP), 1500.0, moment, direction)[::way][::5, ::5]
    npt.assert_allclose(found, expected, rtol=0, atol=1e-2 * np.abs(expected).max())


def test_a_level_interface_is_a_layer():
    """2πGρt, and no magnetic field."""
    flat = np.full((20, 30), -300.0)
    npt.assert_allclose(
        relief.gravity(flat, (50.0, 70.0), 100.0, 400.0),
        -2 * np.pi * constants.GRAVITATIONAL * 400 * 300,
        rtol=1e-12,
    )
    field = relief.magnetic(flat, (50.0, 70.0), 100.0, np.array([0, 0, 1.0]), np.array([0, 0, -1.0]))
    npt.assert_allclose(field, 0.0, atol=1e-25)


def test_stations_too_near_are_refused():
    """Where the series does not settle it says so."""
    with pytest.raises(ValueError, match="does not converge"):
        relief.gravity(np.random.default_rng(1).uniform(0, 1000, (30, 30)), (10.0, 10.0), 1001.0, 400.0)


def columns(decay, **more):
    """Columns of the grid, 5 m below the stations."""
    given = {"height": 5.0, "contrast": -400.0, "decay": decay, "deepest": 4000.0, **more}
    return relief.Columns((SIDE, SIDE), (STEP, STEP), **given)


DEPTH = 1800 * bump(600, 200, 1900.0)


@pytest.mark.parametrize(("decay", "layers"), [(0.0, 1), (4e-4, 40)])
def test_columns_have_the_gravity_of_prisms(decay, layers):
    """To 3e-4 of the peak, with constant density, and with density that fades, as forty layers."""
    tops = DEPTH[..., None] * np.linspace(0, 1, layers + 1)
    east, north = (np.repeat(axis[..., None], layers, axis=2) for axis in (EAST, NORTH))
    sides = [east - STEP / 2, east + STEP / 2, north - STEP / 2, north + STEP / 2]
    boxes = np.stack([*sides, -tops[..., 1:], -tops[..., :-1]], axis=-1).reshape(-1, 6)
    density = -400 * np.exp(-decay * (tops[..., 1:] + tops[..., :-1]) / 2).ravel()
    chosen = stations(5.0)[:, ::4]
    expected = -prism.gravity(chosen, boxes, density)
    found = columns(decay).gravity(DEPTH)[::5, ::5].ravel()[::4]
    npt.assert_allclose(found, expected, rtol=0, atol=3e-4 * np.abs(expected).max())


@pytest.mark.parametrize("decay", [0.0, 4e-4])
def test_the_depth_of_a_basin_is_found_again(decay):
    """Bott's steps bring the misfit below 0.02 mGal, and the depth to 3 percent of the deepest."""
    model = columns(decay)
    found = list(relief.basement(model.gravity(DEPTH), model, iterations=200, tolerance=2e-7))
    depth, rest = found[-1]
    assert len(found) < 200
    assert np.abs(rest).max() <= 2e-7
    npt.assert_allclose(depth, DEPTH, rtol=0, atol=0.03 * DEPTH.max())


def test_rock_without_an_anomaly_has_no_basin():
    """No depth where gravity is 0 or above: depths are never below 0."""
    model = columns(0.0)
    depth, _rest = list(relief.basement(np.full((SIDE, SIDE), 1e-5), model, iterations=3, tolerance=1e-9))[-1]
    npt.assert_array_equal(depth, 0.0)


def test_the_relief_of_a_deep_interface_is_found_again():
    """Oldenburg's iteration on Parker's series gives the long waves of the relief back: to 2 percent of it.

    What waves shorter than 9 km hold of this bell is below one percent.
    """
    shape = 800 * bump(500, 0, 2200.0)
    shape -= shape.mean()
    step = (4 * STEP, 4 * STEP)
    field = relief.gravity(shape, step, 8000.0, 350.0)
    found = relief.interface(field, step, 8000.0, 350.0, cutoff=(9000.0, 12000.0))
    npt.assert_allclose(found, shape, rtol=0, atol=0.02 * 800)


def test_short_waves_that_blow_up_are_refused():
    """Noise carried down by many decades does not settle, and is said not to."""
    noise = np.random.default_rng(2).normal(0, 1e-5, (SIDE, SIDE))
    with pytest.raises(ValueError, match="does not settle"):
        relief.interface(noise, (STEP, STEP), 5000.0, 350.0, cutoff=(500.0, 510.0))
