"""Filters, wavelets, trends and cuts: half points, exact sums, and what must pass unchanged."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import field_filter
from craton.kernels.field_transform import product, transform
from craton.kernels.trend import polynomial_trend
from craton.kernels.wavelet import a_trous

ZERO = np.zeros((1, 1))


@pytest.mark.parametrize("shape", ["butterworth", "gaussian", "cosine"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_half_passes_at_the_cut_off(shape, kind):
    """0.5 at the cut-off, 1 for the mean, falling all the way, finite far beyond; the rest makes it whole."""
    low = field_filter.low_pass(1000.0, shape=shape, order=6)
    k = np.array([0, 0.3, 1, 3, 1e6], dtype=kind) * kind(2 * np.pi / 1000)
    factor = low.of(ZERO.astype(kind), k)[0]
    assert factor.dtype == kind
    npt.assert_allclose(factor[[0, 2]], [1, 0.5], rtol=1e-5)
    assert (np.diff(factor) < 1e-12).all()
    assert factor[-1] < 1e-6
    npt.assert_allclose(low.rest().of(ZERO.astype(kind), k)[0] + factor, 1, rtol=1e-6)


def test_a_strike_filter_knows_north_from_east():
    """A wave whose crests run along N 30° E is taken away whole by that strike and kept by the one across."""
    rows, columns = 96, 96
    y, x = np.mgrid[:rows, :columns] * 2 * np.pi / 96
    # Crests along (east 4, north 4·cot) with whole numbers of waves: strike atan2(3, 5) from north.
    wave, strike = np.cos(5 * x - 3 * y), np.degrees(np.arctan2(3, 5))
    waves = transform(wave, (10.0, 10.0), edges="periodic")
    along, across = (
        product(waves, field_filter.strike(azimuth, keep=False)) for azimuth in (strike, strike + 90)
    )
    npt.assert_allclose(along, 0, atol=1e-12)
    npt.assert_allclose(across, wave, atol=1e-12)
    kept = product(waves, field_filter.strike(strike, degree=4.0))
    npt.assert_allclose(kept, wave, atol=1e-12)


def test_two_layers_are_found_in_their_own_spectrum():
    """White sources at 3000 m and 500 m: depths and crossing to 5 %, from one random field of 256².

    The tolerance is chance: the first ring has 8 waves, the power of each scatters by its own size.
    """
    step, count = 200.0, 256
    random = np.random.default_rng(8)
    k = np.hypot(*np.meshgrid(*(2 * np.pi * np.fft.fftfreq(count, step),) * 2, indexing="ij"))
    noise = [np.fft.fft2(random.normal(size=(count, count))) for _ in range(2)]
    strength = np.exp(2500 * 1.2e-3)
    field = np.fft.ifft2(noise[0] * strength * np.exp(-3000 * k) + noise[1] * np.exp(-500 * k)).real
    waves = transform(field, (step, step), edges="periodic")
    layers = field_filter.two_layers(field_filter.radial_spectrum(waves.amplitudes, waves.north, waves.east))
    npt.assert_allclose(layers, [3000, 500, 1.2e-3], rtol=0.05)
    known = field_filter.layers_of_depths(
        field_filter.radial_spectrum(waves.amplitudes, waves.north, waves.east), 3000.0, 500.0
    )
    npt.assert_allclose(known.crossing, 1.2e-3, rtol=0.1)
    half = field_filter.deep_pass(layers).of(ZERO, np.array([layers.crossing]))
    npt.assert_allclose(half, 0.5)


def test_one_layer_is_not_two():
    """A spectrum that is one straight line, or falls more steeply later, has no two layers."""
    k = np.linspace(1e-4, 1e-2, 40)
    counts = np.ones(40)
    assert field_filter.two_layers(field_filter.Spectrum(k, -(k**2) * 1e6, counts)) is None
    assert field_filter.two_layers(field_filter.Spectrum(k[:4], -k[:4], counts[:4])) is None
    for depth in (3000.0, 500.0):
        one = field_filter.Spectrum(k, -2 * depth * k, counts)
        assert field_filter.layers_of_depths(one, 3000.0, 500.0) is None


def test_wavelets_add_up_and_keep_planes():
    """Details and rest are the field, to rounding; a constant has no details; a wave goes where its length belongs."""
    field = np.random.default_rng(9).normal(size=(33, 40))
    details, smooth = a_trous(field, 4)
    npt.assert_allclose(sum(details) + smooth, field, atol=1e-13)
    details, smooth = a_trous(np.full((17, 16), 3.0), 4)
    npt.assert_allclose(smooth, 3.0)
    npt.assert_allclose(details, 0, atol=1e-14)
    wave = np.cos(2 * np.pi * np.arange(128) / 6)[:, None] * np.ones(64)
    details, _rest = a_trous(wave, 5)
    assert np.argmax([detail.std() for detail in details]) == 1


@pytest.mark.parametrize("order", [0, 1, 3, 6])
@pytest.mark.parametrize("robust", [False, True])
def test_a_polynomial_is_its_own_trend(order, robust):
    """A random polynomial of the order comes back with 30 % of the cells missing; 1e-8 of its range."""
    random = np.random.default_rng(order)
    y, x = np.meshgrid(np.linspace(-1, 1, 30), np.linspace(-1, 1, 41), indexing="ij")
    field = sum(random.normal() * y**a * x**b for a in range(order + 1) for b in range(order + 1 - a))
    gappy = np.where(random.random(field.shape) < 0.7, field, np.nan)
    npt.assert_allclose(polynomial_trend(gappy, order, robust=robust), field, atol=1e-8)


def test_a_robust_trend_passes_under_anomalies():
    """A tenth of the cells raised by 50: the robust plane stays within 0.1, the plain one is off by more than 2."""
    random = np.random.default_rng(10)
    y, x = np.mgrid[:40, :50] / 50
    plane = 2 + 3 * y - x
    field = plane + random.normal(0, 0.3, plane.shape)
    field[5:15, 5:25] += 50
    assert np.abs(polynomial_trend(field, 1, robust=True) - plane).max() < 0.1
    assert np.abs(polynomial_trend(field, 1) - plane).max() > 2


def test_a_trend_of_few_cells_is_finite():
    """No cell: nothing. One cell: its value somewhere, finite everywhere."""
    empty = np.full((5, 6), np.nan)
    npt.assert_array_equal(polynomial_trend(empty, 2, robust=True), 0)
    empty[2, 3] = 7.0
    trend = polynomial_trend(empty, 2, robust=True)
    assert np.isfinite(trend).all()
    npt.assert_allclose(trend[2, 3], 7.0, rtol=1e-9)


def test_a_cut_weakens_waves_as_told():
    """A mirrored wave of k is left with (½ + ¼ cos k_n r + ¼ cos k_e r)ⁿ of itself, a constant with all."""
    rows, columns, radius, times = 40, 50, (3, 4), 5
    y, x = (np.arange(rows) + 0.5) * np.pi * 6 / rows, (np.arange(columns) + 0.5) * np.pi * 5 / columns
    wave = np.cos(y)[:, None] * np.cos(x)
    left = (
        0.5 + 0.25 * np.cos(6 * np.pi * radius[0] / rows) + 0.25 * np.cos(5 * np.pi * radius[1] / columns)
    ) ** times
    npt.assert_allclose(field_filter.cut(wave, radius, times), left * wave, atol=1e-14)
    npt.assert_allclose(field_filter.cut(np.full((9, 9), 2.0), (2, 2), 3), 2.0)
