"""Magnetotellurics: layered ground, rotation and invariants of the tensor, phase tensor, Occam's inversion."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import impedance_tensor as tensor
from craton.kernels import magnetotelluric_layers as layers
from craton.kernels import occam

FREQUENCY = np.geomspace(1e-4, 1e5, 19)
OMEGA = 2 * np.pi * FREQUENCY


def test_uniform_ground_shows_its_resistivity_and_45_degrees():
    """Exact at all frequencies, also when it is cut into layers."""
    for model in (([50.0], []), ([50.0] * 4, [10.0, 300.0, 5000.0])):
        impedance = layers.impedance(FREQUENCY, *model)
        npt.assert_allclose(layers.apparent_resistivity(impedance, FREQUENCY), 50.0, rtol=1e-12)
        npt.assert_allclose(np.degrees(np.angle(impedance)), 45.0, rtol=1e-12)


@pytest.mark.parametrize(("first", "below"), [(100.0, 1.0), (1.0, 1000.0), (10.0, 10.0)])
def test_two_layers_are_cagniards_closed_form(first, below):
    """Z = w₁ (1 + r e^(−2γh)) / (1 − r e^(−2γh)), r = (w₂ − w₁)/(w₂ + w₁), to 1e-12."""
    gamma = np.sqrt(1j * OMEGA * layers.PERMEABILITY / first)
    one, two = (np.sqrt(1j * OMEGA * layers.PERMEABILITY * rho) for rho in (first, below))
    wave = (two - one) / (two + one) * np.exp(-2 * gamma * 700.0)
    npt.assert_allclose(
        layers.impedance(FREQUENCY, [first, below], [700.0]), one * (1 + wave) / (1 - wave), rtol=1e-11
    )


def test_thin_sheet_over_an_insulator():
    """Long periods over a perfect resistor: Z = 1/S with S the conductance, ρₐ = 1/(ωμ₀S²), to 1 %."""
    impedance = layers.impedance(np.array([1e-4]), [10.0, 1e15], [100.0])
    npt.assert_allclose(np.abs(impedance), 10.0 / 100.0, rtol=0.01)


def test_perfect_conductor_at_depth():
    """Long periods over a perfect conductor: Z = iωμ₀h, which is its depth, phase 90°; to 1 %."""
    impedance = layers.impedance(np.array([1e-3]), [1000.0, 1e-6], [2000.0])
    expected = 2j * np.pi * 1e-3 * layers.PERMEABILITY * 2000.0
    npt.assert_allclose(impedance, expected, rtol=0.01)


def test_thick_layers_do_not_overflow():
    """A layer of a thousand skin depths hides all below."""
    found = layers.impedance(np.array([1e5]), [1.0, 1e4], [1e6])
    npt.assert_allclose(layers.apparent_resistivity(found, [1e5]), 1.0, rtol=1e-12)


def test_sensitivities_are_the_slopes():
    """Derivatives of ln Z against central differences, to 1e-8; their sum is that of the scaling."""
    model, thickness = np.log([10.0, 200.0, 3.0]), [100.0, 2000.0]
    _, slope = layers.logarithm_sensitivity(FREQUENCY, np.exp(model), thickness)
    for column, step in enumerate(1e-5 * np.eye(3)):
        ahead, behind = (
            layers.logarithm_sensitivity(FREQUENCY, np.exp(model + way * step), thickness)[0]
            for way in (1, -1)
        )
        npt.assert_allclose((ahead - behind) / 2e-5, slope[:, column], atol=1e-8)


def random_tensors(count=40, seed=1):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 2, 2)) + 1j * random.normal(size=(count, 2, 2))


def test_rotation_keeps_the_invariants():
    """Trace, determinant, Zxy − Zyx, both skews, and Φmax, Φmin, β do not know the axes; α turns with them."""
    z = random_tensors()
    turned = tensor.turned(z, np.full(len(z), 25.0))
    for invariant in (
        lambda t: t[:, 0, 0] + t[:, 1, 1],
        lambda t: t[:, 0, 1] - t[:, 1, 0],
        lambda t: tensor.determinant(t) ** 2,
        tensor.swift_skew,
        tensor.bahr_skew,
        lambda t: tensor.phase_tensor(t).beta,
        lambda t: tensor.phase_tensor(t).maximum,
        lambda t: tensor.phase_tensor(t).minimum,
    ):
        npt.assert_allclose(invariant(turned), invariant(z), rtol=1e-8, atol=1e-10)
    one, other = tensor.phase_tensor(z).strike, tensor.phase_tensor(turned).strike
    npt.assert_allclose(np.sin(2 * np.radians(one - 25.0 - other)), 0.0, atol=1e-9)


def test_rotation_by_right_angles():
    """90° exchanges xy with −yx and xx with yy; 180° changes nothing."""
    z = random_tensors(5)
    quarter = tensor.turned(z, np.full(5, 90.0))
    npt.assert_allclose(quarter[:, 0, 1], -z[:, 1, 0], atol=1e-14)
    npt.assert_allclose(quarter[:, 0, 0], z[:, 1, 1], atol=1e-14)
    npt.assert_allclose(tensor.turned(z, np.full(5, 180.0)), z, atol=1e-14)


def two_dimensional(strike):
    """Tensor of ground of two dimensions, x 0°, whose strike has this azimuth."""
    along = np.array([[[0, 3 + 4j], [-2 - 1j, 0]]])
    return tensor.turned(along, np.array([-strike]))


def test_two_dimensional_ground_shows_its_strike():
    """β and both skews are 0; the strike is its azimuth or a right angle from it; off-diagonals come back."""
    z = two_dimensional(35.0)
    found = tensor.phase_tensor(z)
    npt.assert_allclose([found.beta[0], tensor.swift_skew(z)[0], tensor.bahr_skew(z)[0]], 0.0, atol=1e-7)
    npt.assert_allclose((found.strike - 35.0) % 90.0, 0.0, atol=1e-9)
    npt.assert_allclose([found.maximum[0], found.minimum[0]], [4 / 3, 1 / 2], rtol=1e-12)
    npt.assert_allclose(tensor.turned(z, np.array([35.0]))[0, 0, 1], 3 + 4j, rtol=1e-12)


def test_distortion_changes_swifts_skew_but_not_the_phase_tensor():
    """C Z with any real C: the phase tensor and Bahr's skew of regional 2-D ground stay, Swift's does not."""
    z = two_dimensional(20.0)
    distorted = np.array([[1.3, 0.4], [-0.2, 0.7]]) @ z
    npt.assert_allclose(tensor.phase_tensor(distorted).tensor, tensor.phase_tensor(z).tensor, atol=1e-12)
    npt.assert_allclose(tensor.bahr_skew(distorted), 0.0, atol=1e-7)
    assert tensor.swift_skew(distorted)[0] > 0.05


def test_one_dimensional_ground():
    """Φ is tan φ times unity: a circle, no skew, no strike that means anything."""
    z = np.array([[[0, 1 + 2j], [-1 - 2j, 0]]])
    found = tensor.phase_tensor(z)
    npt.assert_allclose(found.tensor[0], 2 * np.eye(2), atol=1e-14)
    npt.assert_allclose([found.ellipticity[0], found.beta[0]], 0.0, atol=1e-12)


PUBLISHED = [
    (1.30644963e00, -2.67740187e-02, -1.33702443e-02, 1.28968939e00, -33.66972565, -0.14790673),
    (1.22540541e00, 4.38999476e-03, -4.20009647e-03, 1.24116127e00, 89.65473659, 0.09976904),
    (5.27354094e-01, 8.09968253e-02, 1.96849609e-02, 3.71188472e-01, 16.40517236, 1.95175741),
    (1.20372744e00, 1.43106117e-01, -1.82486049e-01, 4.45265471e-01, -1.48608617, 5.58466467),
    (1.22981959e00, -1.86648528e-01, 3.20105326e-01, 8.15014902e-01, 8.91737594, -6.95935213),
]
"""Φxx, Φxy, Φyx, Φyy, α, β of station pb42c, from the tests of MTpy (Geoscience Australia)."""


@pytest.mark.parametrize("row", PUBLISHED)
def test_phase_tensor_of_a_published_station(row):
    """Impedances X(1 + iΦ) of any X give Φ, and α and β of the published station, to their digits."""
    *elements, alpha, beta = row
    phi = np.array(elements).reshape(1, 2, 2)
    real = np.array([[[0.3, 2.0], [-1.7, 0.2]]])
    found = tensor.phase_tensor(real + 1j * (real @ phi))
    npt.assert_allclose(found.tensor, phi, rtol=1e-12)
    npt.assert_allclose([found.alpha[0], found.beta[0]], [alpha, beta], rtol=2e-6)


def test_deviations_of_angles_are_those_of_noise():
    """β and strike of 4000 noisy tensors spread as told, to 5 %."""
    random = np.random.default_rng(2)
    z = two_dimensional(30.0)
    noisy = z + 0.02 * (random.normal(size=(4000, 2, 2)) + 1j * random.normal(size=(4000, 2, 2)))
    told = tensor.phase_tensor_deviations(z, np.full((1, 2, 2), 0.02**2), tensor.phase_tensor(z))
    found = tensor.phase_tensor(noisy)
    npt.assert_allclose([found.beta.std(), found.strike.std()], np.ravel(told), rtol=0.05)


def test_deviation_of_the_determinant_is_that_of_noise():
    """4000 noisy tensors: the mean square of the change is the variance told, to 5 %."""
    random = np.random.default_rng(3)
    z = random_tensors(1)
    noise = 0.01 * (random.normal(size=(4000, 2, 2)) + 1j * random.normal(size=(4000, 2, 2)))
    spread = np.mean(np.abs(tensor.determinant(z + noise) - tensor.determinant(z)) ** 2)
    npt.assert_allclose(tensor.determinant_variance(z, np.full((1, 2, 2), 2 * 0.01**2)), spread, rtol=0.05)


def test_singular_tensors_have_no_phase_tensor():
    """A tensor whose real part cannot be inverted, one of zeros, and one that is missing: NaN, no warning."""
    flat = np.ones((1, 2, 2)) * (1 + 1j)
    found = tensor.phase_tensor(np.concatenate([flat, 0 * flat, np.nan * flat]))
    assert np.isnan(found.tensor).all()
    assert np.isnan(found.beta).all()
    assert np.isnan(tensor.swift_skew(0 * flat)).all()


def sounding(resistivity, thickness, deviation):
    """Problem of 40 layers with noisy logarithms of apparent resistivity and phases of a model."""
    frequency = np.geomspace(1e-3, 1e3, 40)
    bases = np.geomspace(20.0, 60_000.0, 39)
    thin = np.diff(np.concatenate([[0.0], bases]))

    def response(model, layer_thickness=thin):
        impedance = layers.impedance(frequency, np.exp(model), layer_thickness)
        return np.concatenate(
            [np.log(layers.apparent_resistivity(impedance, frequency)), np.angle(impedance)]
        )

    def linearised(model):
        _, slope = layers.logarithm_sensitivity(frequency, np.exp(model), thin)
        return response(model), np.concatenate([2 * slope.real, slope.imag])

    spread = np.repeat([deviation, deviation / 2], 40)
    data = response(np.log(resistivity), thickness) + spread * np.random.default_rng(1).normal(size=80)
    return occam.Problem(response, linearised, data, spread), np.concatenate([[0.0], bases])


def test_occam_reaches_the_target_on_noisy_data_and_finds_the_layers():
    """Five layers with 5 % noise: misfit 1 to 2 %, and at the middle of each layer the resistivity within 2.

    The model is that of Constable et al. (1987), figure 3: 250, 25, 100, 10 and 25 ohm.m.
    """
    problem, tops = sounding([250.0, 25.0, 100.0, 10.0, 25.0], [600.0, 1400.0, 4000.0, 4000.0], 0.05)
    found = occam.smooth(problem, np.full(40, np.log(50.0)), occam.differences(40))
    npt.assert_allclose(found.misfit, 1.0, atol=0.02)
    at = [np.searchsorted(tops, depth) - 1 for depth in (250.0, 1200.0, 8000.0, 40_000.0)]
    ratio = np.exp(found.model[at]) / [250.0, 25.0, 10.0, 25.0]
    assert ((ratio > 0.5) & (ratio < 2.0)).all()


def test_occam_on_uniform_ground_gives_uniform_ground():
    """No more structure than the data ask for: within 5 % everywhere."""
    problem, _ = sounding([100.0], [], 0.05)
    found = occam.smooth(problem, np.full(40, np.log(10.0)), occam.differences(40), target=1.1)
    npt.assert_allclose(found.model, np.log(100.0), atol=0.05)
