"""Local wavenumber, Werner deconvolution and spectra against closed forms."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.local_wavenumber import Derivatives, local_wavenumber
from craton.kernels.spectral_depth import radial_spectrum, straight_line, straight_parts
from craton.kernels.werner import thin_sheets

DEPTH = 350.0


def derivatives_along(across, first, second, angle):
    """Derivatives of a two-dimensional field: (f_s, f_u) and (f_ss, f_su) along s at `angle` from east."""
    east, north = np.cos(angle), np.sin(angle)
    slope, up = first
    bend, twist = second
    return Derivatives(
        east * slope, north * slope, up, east**2 * bend, east * north * bend, north**2 * bend, east * twist,
        north * twist,
    )  # fmt: skip


@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("dip", [0.0, 0.9])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_over_contact_sheet_and_cylinder_it_is_a_lorentz_curve(order, dip, angle):
    """It is n z / (s² + z²) for n = 1, 2, 3, whatever dip, magnetisation and strike, to rounding.

    The field's complex gradient is e^{i dip} / (s + i z)ⁿ; above the middle of a sheet its horizontal part is 0.
    """
    s = np.linspace(-900.0, 900.0, 37)[None, :]
    w = s - 1j * DEPTH
    turn = np.exp(1j * dip)
    gradient, bend = turn / w**order, -order * turn / w ** (order + 1)
    # f_s − i f_u of w is analytic, so that its derivative along s holds all second derivatives.
    field = derivatives_along(s, (gradient.real, -gradient.imag), (bend.real, -bend.imag), angle)
    npt.assert_allclose(local_wavenumber(field), order * DEPTH / (s**2 + DEPTH**2), rtol=1e-9)


def test_the_wavenumber_of_nothing_is_zero():
    """Where all derivatives are zero there is no phase to turn."""
    npt.assert_array_equal(local_wavenumber(Derivatives(*np.zeros((8, 3, 4)))), np.zeros((3, 4)))


def sheet(distance, place, depth):
    """Field of a thin dipping sheet with a regional."""
    away = distance - place
    return (70 * away + 110 * depth) / (away**2 + depth**2) * 20 + 48_000 + 0.01 * distance


@pytest.mark.parametrize("window", [8, 15, 40])
def test_a_thin_sheet_is_found_in_every_window_over_it(window):
    """Place and depth are exact, to 1e-6 m, with uneven steps and a regional slope."""
    distance = np.cumsum(np.random.default_rng(3).uniform(20, 60, 200))
    found = thin_sheets(distance, sheet(distance, 4000.0, DEPTH), window)
    over = np.abs(found.middle - 4000) < found.half
    npt.assert_allclose(found.distance[over], 4000.0, atol=1e-4)
    npt.assert_allclose(found.depth[over], DEPTH, atol=1e-4)


def test_the_derivative_over_a_contact_is_that_of_a_sheet():
    """d/dx of atan(x/z) has the form of the equation."""
    distance = np.arange(0.0, 4000.0, 40.0)
    away = distance - 2100.0
    found = thin_sheets(distance, 5 * DEPTH / (away**2 + DEPTH**2), 15)
    over = np.abs(found.middle - 2100) < found.half
    npt.assert_allclose(found.depth[over], DEPTH, rtol=1e-6)


def test_standard_deviations_of_sheets_are_those_of_noise():
    """Over 300 noises the scatter of depths is within a fifth of what is told."""
    distance = np.arange(0.0, 1200.0, 40.0)
    random = np.random.default_rng(8)
    field = sheet(distance, 580.0, DEPTH)
    tries = [thin_sheets(distance, field + random.normal(0, 1e-3, 30), 30) for _ in range(300)]
    told = np.median([one.depth_std[0] for one in tries])
    npt.assert_allclose(np.std([one.depth[0] for one in tries]), told, rtol=0.2)


def test_flat_and_straight_profiles_have_no_sheet():
    """A constant and a regional alone have no solution."""
    distance = np.arange(0.0, 1000.0, 25.0)
    for field in (np.full(40, 5.0), 5 + 0.1 * distance):
        assert np.isnan(thin_sheets(distance, field, 11).depth).all()


def test_white_noise_has_a_flat_spectrum_of_its_variance():
    """P = σ² times the area of a cell in every ring, and the logarithm scatters no more than is told."""
    random = np.random.default_rng(6)
    logs = []
    for _ in range(12):
        found = radial_spectrum(3.0 * random.normal(size=(90, 120)), (20.0, 30.0))
        logs.append(np.log(found.power))
    npt.assert_allclose(np.average(np.exp(logs).mean(axis=0), weights=found.waves), 9.0 * 600.0, rtol=0.02)
    npt.assert_allclose(np.exp(logs).mean(axis=0)[20:], 9.0 * 600.0, rtol=0.15)
    npt.assert_array_less(np.std(logs, axis=0)[3:].mean(), found.log_std[3:].mean() * 1.1)
    assert found.wavenumber[-1] <= np.pi / 30


def test_a_plane_wave_is_in_its_own_ring():
    """Its power stands at its wavenumber, within a ring."""
    east = 50.0 * np.arange(128)
    wave = np.tile(np.cos(2 * np.pi * east / 800.0), (128, 1))
    found = radial_spectrum(wave, (50.0, 50.0))
    npt.assert_allclose(found.wavenumber[np.argmax(found.power)], 2 * np.pi / 800, rtol=0.05)


def random_sources(depth, spacing, shape, seed):
    """Field, periodic over twice its size, of white sources on a plane at a depth."""
    north, east = (2 * np.pi * np.fft.fftfreq(2 * count, spacing) for count in shape)
    k = np.hypot(north[:, None], east)
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=k.shape))
    return np.fft.ifft2(noise * np.exp(-k * depth)).real[: shape[0], : shape[1]]


def test_the_slope_of_random_sources_is_their_depth():
    """One layer of white sources at 1500 m: one straight part, within 3 % of the depth.

    The longest waves, where the taper smears the steep spectrum, are left out.
    """
    field = random_sources(1500.0, 250.0, (160, 140), 1)
    found = radial_spectrum(field - field.mean(), (250.0, 250.0))
    used = (found.wavenumber > 4e-4) & (np.log(found.power) > np.log(found.power[0]) - 20)
    parts = straight_parts(
        found.wavenumber[used], np.log(found.power[used]), found.log_std[used], most=4, least=5
    )
    assert parts.slope.size == 1
    npt.assert_allclose(-parts.slope / 2, 1500.0, rtol=0.03)


def test_straight_parts_are_cut_where_the_curve_breaks():
    """A curve of three slopes with 2 % of noise is cut within one point of its breaks, into three."""
    x = np.arange(60.0)
    y = np.interp(x, [0, 14, 39, 59], [100, 58, 33, 29]) + np.random.default_rng(2).normal(0, 0.05, 60)
    parts = straight_parts(x, y, np.full(60, 0.05), most=5, least=4)
    npt.assert_allclose(parts.slope, [-3.0, -1.0, -0.2], atol=0.02)
    npt.assert_allclose(parts.first[1:], [14, 39], atol=1)
    npt.assert_array_equal(parts.first[1:], parts.last[:-1] + 1)
    exact = straight_parts(x, y, np.full(60, 0.05), most=2, least=4, exact=True)
    assert exact.slope.size == 2


def test_a_straight_line_has_the_standard_deviation_of_its_noise():
    """Over 400 noises the slopes scatter as is told, within a tenth."""
    random, x = np.random.default_rng(9), np.arange(20.0)
    std = np.linspace(0.5, 2.0, 20)
    slopes = [straight_line(x, 3 - 2 * x + std * random.normal(size=20), std) for _ in range(400)]
    npt.assert_allclose(np.mean([one[0] for one in slopes]), -2.0, atol=0.02)
    told = np.sqrt(1 / (1 / std**2 @ (x - np.average(x, weights=1 / std**2)) ** 2))
    npt.assert_allclose(np.std([one[0] for one in slopes]), told, rtol=0.1)
