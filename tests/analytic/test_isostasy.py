"""Isostasy: slabs, cosines, the sum over columns, limits of the plate, and what cancels over long waves."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import prism
from craton.kernels.constants import GRAVITATIONAL, MGAL
from craton.kernels.gravity import slab
from craton.kernels.isostasy import (
    flexural_response,
    pratt_attraction,
    rock_equivalent,
    root,
    root_attraction,
    wavenumbers,
)

CRUST, MANTLE, WATER = 2670.0, 3070.0, 1027.0
SPACING = (5000.0, 4000.0)
SHAPE = (90, 120)


def cosine(amplitude, rows=2, columns=3):
    """A wave that fits a mirrored grid, and its wavenumber."""
    north = np.pi * rows * (np.arange(SHAPE[0]) + 0.5) / SHAPE[0]
    east = np.pi * columns * (np.arange(SHAPE[1]) + 0.5) / SHAPE[1]
    wave = amplitude * np.cos(north)[:, None] * np.cos(east)
    return wave, wavenumbers(SHAPE, SPACING)[rows, columns]


def test_a_plateau_has_a_flat_root():
    """Airy: r = ρc h/(ρm − ρc), 6.675 times the height, and it pulls like a slab of the contrast."""
    deep = root(np.full(SHAPE, 1000.0), SPACING, CRUST, MANTLE)
    npt.assert_allclose(deep, 6675.0, rtol=1e-12)
    pull = root_attraction(deep, SPACING, 30_000.0, CRUST - MANTLE)
    npt.assert_allclose(pull, slab(6675.0, CRUST - MANTLE), rtol=1e-9)


def test_the_sea_weighs_as_rock_less_water():
    """5 km of sea lift the Moho by 5 · (2670 − 1027)/400 = 20.5 km."""
    load = rock_equivalent(np.array([-5000.0, 0.0, 300.0]), CRUST, WATER)
    npt.assert_allclose(load, [-5000 * (CRUST - WATER) / CRUST, 0, 300])
    npt.assert_allclose(root(load[None, :], SPACING, CRUST, MANTLE)[0, 0], -20_537.5)


def test_a_low_wave_fades_with_its_depth():
    """To first order g = 2πGΔρ r exp(−kz); 10 m at 30 km leave 1e-3 of it to the second."""
    wave, number = cosine(10.0)
    expected = 2 * np.pi * GRAVITATIONAL * MGAL * -400 * wave * np.exp(-number * 30_000)
    npt.assert_allclose(
        root_attraction(wave, SPACING, 30_000.0, -400.0), expected, atol=1e-3 * abs(expected).max()
    )


def test_a_high_root_is_the_sum_of_its_columns():
    """A root of 12 km, in the middle of 1,200 km, whose images are far: columns summed one by one on the flat Earth agree to 0.3 percent."""
    axis = 4000.0 * np.arange(-150, 151)
    east, north = np.meshgrid(axis, axis)
    deep = 12_000 * np.exp(-(east**2 + north**2) / 60_000**2)
    found = root_attraction(deep, (4000.0, 4000.0), 30_000.0, -400.0)
    for row, column in ((150, 150), (150, 165), (130, 156)):
        distance2 = (east - axis[column]) ** 2 + (north - axis[row]) ** 2
        columns = 1 / np.sqrt(distance2 + 30_000**2) - 1 / np.sqrt(distance2 + (30_000 + deep) ** 2)
        expected = GRAVITATIONAL * MGAL * -400 * 4000**2 * columns.sum()
        npt.assert_allclose(found[row, column], expected, rtol=3e-3)


def prisms(deep, step, depth):
    """Attraction of a root of −400 kg/m³ over its middle, as prisms, with four mirror images on each side."""
    around = np.pad(deep, 2 * deep.shape[0], mode="symmetric")
    axis = step * (np.arange(around.shape[0]) - 2 * deep.shape[0])
    east, north = (one.ravel() for one in np.meshgrid(axis, axis))
    level, low = np.full(around.size, -depth), -depth - around.ravel()
    half = step / 2
    boxes = np.stack(
        [
            east - half,
            east + half,
            north - half,
            north + half,
            np.minimum(level, low),
            np.maximum(level, low),
        ],
        1,
    )
    line = step * np.arange(deep.shape[1], dtype=float)
    stations = np.stack([line, np.full(line.size, step * (deep.shape[0] // 2)), np.zeros(line.size)])
    return -MGAL * prism.gravity(stations, boxes, -400.0 * np.sign(around.ravel()))


@pytest.mark.parametrize("case", ["block", "rough", "deep sea"])
def test_steep_relief_in_small_cells_is_a_sum_of_prisms(case):
    """A block of 6 km by 16 km, relief of 3000 ± 1300 m and a Moho that rises to half of its depth, in cells of 2 km.

    Over the grid the mean is that of a slab, which the prisms lack beyond the images. Without the mean, and
    without a level root whose missing part bends the sum, a row of the field agrees to 0.1 mGal.
    """
    shape, chance = (40, 40), np.random.default_rng(2)
    height = np.zeros(shape)
    if case == "block":
        height[16:24, 16:24] = 6000.0
    else:
        height += 3000 + 1300 * np.clip(chance.normal(size=shape), -3, 3)
    deep = root(height, (2000.0, 2000.0), CRUST, MANTLE) * (-0.3 if case == "deep sea" else 1.0)
    found = root_attraction(deep, (2000.0, 2000.0), 30_000.0, -400.0)
    npt.assert_allclose(found.mean(), slab(deep.mean(), -400.0), rtol=1e-5)
    level = np.full(shape, deep.mean())
    row, expected = found[20], prisms(deep, 2000.0, 30_000.0) - prisms(level, 2000.0, 30_000.0)
    npt.assert_allclose(row - row.mean(), expected - expected.mean(), atol=0.1)


def test_a_moho_at_the_surface_is_refused():
    """It reaches the plane of the result, or lies so near it in small cells that the series has no end."""
    rise = np.zeros(SHAPE)
    rise[40:50, 50:60] = -30_000.0
    with pytest.raises(ValueError, match="reaches"):
        root_attraction(rise, SPACING, 30_000.0, -400.0)
    with pytest.raises(ValueError, match="does not converge"):
        root_attraction(rise, (500.0, 500.0), 30_001.0, -400.0)


def test_without_strength_a_plate_is_airys():
    """Te = 0 is Airy's root exactly; 100 m of plate differ by less than a millionth for waves of 200 km."""
    wave, number = cosine(500.0)
    npt.assert_array_equal(root(wave, SPACING, CRUST, MANTLE, elastic_thickness=0.0), wave * CRUST / 400)
    weak = root(wave, SPACING, CRUST, MANTLE, elastic_thickness=100.0)
    npt.assert_allclose(weak, wave * CRUST / 400, atol=1e-5 * 500 * 6.7)
    assert number < 2 * np.pi / 100_000


def test_a_plate_carries_a_wave_by_its_response():
    """Φ = 1/(1 + D k⁴/(Δρ g)), D = E Te³/(12 (1 − ν²)) = 1/11.25 · 10¹¹ Te³; the root is that part of Airy's."""
    wave, number = cosine(500.0)
    rigidity = 1e11 * 20_000**3 / 11.25
    response = 1 / (1 + rigidity * number**4 / (400 * 9.81))
    assert 0.05 < response < 0.95
    npt.assert_allclose(flexural_response(np.array([number]), 20_000.0, 400.0), response, rtol=1e-12)
    found = root(wave, SPACING, CRUST, MANTLE, elastic_thickness=20_000.0)
    npt.assert_allclose(found, response * wave * CRUST / 400, atol=1e-9 * 4000)


def test_half_a_wave_is_carried_where_the_theory_says():
    """Φ = ½ at k⁴ = Δρ g/D."""
    rigidity = 1e11 * 25_000**3 / 11.25
    half = (400 * 9.81 / rigidity) ** 0.25
    npt.assert_allclose(flexural_response(np.array([half]), 25_000.0, 400.0), 0.5, rtol=1e-12)


@pytest.mark.parametrize("model", ["airy", "pratt"])
def test_long_waves_of_land_are_wholly_compensated(model):
    """The slab of a very wide low hill and its compensation cancel; what is left is k times the depth."""
    wave, number = cosine(50.0, rows=0, columns=1)
    if model == "airy":
        pull = root_attraction(root(wave, SPACING, CRUST, MANTLE), SPACING, 30_000.0, CRUST - MANTLE)
        left = 1 - np.exp(-number * 30_000)
    else:
        pull = pratt_attraction(wave * (wave > 0), SPACING, 100_000.0, CRUST, WATER)
        flat = pratt_attraction(np.full(SHAPE, 50.0), SPACING, 100_000.0, CRUST, WATER)
        npt.assert_allclose(flat, -slab(50.0, CRUST) / (1 + 50 / 100_000), rtol=1e-6)
        return
    npt.assert_allclose(slab(wave, CRUST) + pull, left * slab(wave, CRUST), atol=0.02 * slab(50.0, CRUST))


def test_pratts_sea_is_denser_below():
    """The mass that water lacks is put back: a wide flat sea pulls by 2πG (ρ − ρw) d more."""
    found = pratt_attraction(np.full(SHAPE, -3000.0), SPACING, 100_000.0, CRUST, WATER)
    npt.assert_allclose(found, slab(3000.0, CRUST - WATER), rtol=1e-6)
