"""Simulated fields: their covariance and histogram within what chance allows, and that data are met."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy import fft
from scipy.special import ndtri
from tests.analytic.test_variogram import single

from craton.kernels import anamorphosis
from craton.kernels import covariance as cov
from craton.kernels import sequential_simulation as sequential
from craton.kernels.random_field import Bands, Embedding

FIELDS = 300
LAGS = (0, 1, 4, 8, 15)


def spread(field_of, lags=LAGS):
    """Mean covariances of many fields at lags along a row, and their standard errors."""
    rows = []
    for number in range(FIELDS):
        field = field_of(np.random.default_rng(number))
        width = field.shape[1]
        rows.append([np.mean(field[:, : width - lag] * field[:, lag:]) for lag in lags])
    return np.mean(rows, axis=0), np.std(rows, axis=0) / np.sqrt(FIELDS)


def along(model, lags=LAGS):
    """Covariances of the model at lags to the east, in metres."""
    places = np.zeros((len(lags), 3))
    places[:, 0] = lags
    return cov.covariances(model, np.zeros((1, 3)), places)[0]


STRUCTURES = [
    (cov.SPHERICAL, 0.0), (cov.EXPONENTIAL, 0.0), (cov.GAUSSIAN, 0.0), (cov.MATERN, 1.2), (cov.CUBIC, 0.0),
    (cov.HOLE_EFFECT, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "shape"), STRUCTURES)
def test_turning_bands_have_the_covariance(kind, shape):
    """Mean covariance of 300 fields within 4 standard errors at every lag, with ranges by direction."""
    model = single(kind, sill=2.0, ranges=(12.0, 8.0, 8.0), shape=shape, azimuth=90.0)
    axis = np.arange(30.0)
    found, error = spread(lambda random: Bands(model, random, 200).on_grid(np.zeros(1), axis, axis)[0])
    assert (np.abs(found - along(model)) < 4 * error).all()


@pytest.mark.parametrize("kind", [cov.SPHERICAL, cov.EXPONENTIAL])
def test_circulant_embedding_is_exact(kind):
    """The torus gives back the covariance itself between all cells of the grid, in 2D with a turned axis.

    The sum over the waves is no estimate: to 1e-7 it is the covariance, with the sill and nugget.
    """
    model = single(kind, sill=2.0, ranges=(12.0, 6.0, 6.0), nugget=0.3, azimuth=30.0)
    embedding = Embedding(model, (1, 20, 25), (1.0, -1.0, 1.0))
    assert embedding.error == 0.0
    torus = fft.irfftn(embedding.amplitudes**2, s=embedding.torus)
    north, east = np.meshgrid(np.arange(20), np.arange(25), indexing="ij")
    places = np.column_stack([east.ravel(), -north.ravel(), np.zeros(north.size)]).astype(float)
    expected = cov.covariances(model, np.zeros((1, 3)), places).reshape(20, 25)
    npt.assert_allclose(torus[0, :20, :25], expected, atol=1e-7)


def test_circulant_fields_have_covariance_and_histogram():
    """Mean covariance within 4 standard errors; values of a short range are normal: quartiles at ±0.674 σ."""
    model = single(cov.SPHERICAL, sill=2.0, ranges=(9.0,) * 3)
    embedding = Embedding(model, (1, 40, 40), (1.0, -1.0, 1.0))
    found, error = spread(lambda random: embedding.draw(random)[0])
    assert (np.abs(found - along(model)) < 4 * error).all()
    values = np.concatenate([embedding.draw(np.random.default_rng(n)).ravel() for n in range(100)])
    npt.assert_allclose(np.quantile(values, [0.25, 0.5, 0.75]) / np.sqrt(2), [-0.674, 0, 0.674], atol=0.03)


def test_a_field_that_cannot_be_embedded_keeps_its_variance():
    """A hole effect, which never ends, tells what is left out and has the right variance."""
    model = single(cov.HOLE_EFFECT, sill=3.0, ranges=(7.0,) * 3)
    embedding = Embedding(model, (1, 30, 30), (1.0, -1.0, 1.0))
    assert 0 < embedding.error < 0.2
    npt.assert_allclose(fft.irfftn(embedding.amplitudes**2, s=embedding.torus).flat[0], 3.0)


def test_volumes_and_points_are_of_the_same_field():
    """Turning bands at a cell of a volume equal those at the same place; a volume can be embedded too."""
    model = single(cov.SPHERICAL, ranges=(9.0, 9.0, 4.0))
    up, north, east = np.arange(3.0), np.arange(4.0), np.arange(5.0)
    bands = Bands(model, np.random.default_rng(1), 50)
    npt.assert_allclose(
        bands.on_grid(up, north, east)[2, 1, 3], bands.at(np.array([[3.0, 1.0, 2.0]]))[0], atol=1e-12
    )
    assert Embedding(model, (6, 10, 12), (1.0, 1.0, 1.0)).draw(np.random.default_rng(2)).shape == (6, 10, 12)


def path_of(model, shape, known=(), neighbours=12):
    """Weights along a path over a grid of metre cells."""
    cells = np.array(known, dtype=np.int64)
    return sequential.weights_along_path(
        model, shape, (1.0, 1.0, 1.0), cells, neighbours, np.random.default_rng(3)
    )


def test_sequential_fields_have_the_covariance():
    """300 fields on one path: within 4 standard errors and 3 percent of the sill, which 12 neighbours leave."""
    model = single(cov.EXPONENTIAL, sill=2.0, ranges=(10.0,) * 3, nugget=0.2)
    weights = path_of(model, (1, 30, 30))

    def field_of(random):
        field = np.zeros(900)
        sequential.draw_gaussian(*weights, random.standard_normal(weights.path.size), field)
        return field.reshape(30, 30)

    found, error = spread(field_of)
    assert (np.abs(found - along(model)) < 4 * error + 0.03 * 2.2).all()


def test_a_sequence_that_sees_all_cells_is_exact():
    """With as many neighbours as cells, the factor of the path gives the covariance matrix back, to 1e-9."""
    model = single(cov.SPHERICAL, sill=1.5, ranges=(4.0,) * 3, nugget=0.1)
    weights = path_of(model, (2, 3, 4), neighbours=24)
    columns = np.zeros((24, 24))
    for number in range(24):
        sequential.draw_gaussian(*weights, np.eye(24)[number], columns[number])
    up, north, east = np.unravel_index(np.arange(24), (2, 3, 4))
    places = np.column_stack([east, north, up]).astype(float)
    npt.assert_allclose(columns.T @ columns, cov.covariances(model, places, places), atol=1e-9)


def test_cells_with_data_are_kept_and_shares_reproduced():
    """Cells with a class keep it; the mean share of each class is that of the prior within 4 percent."""
    model = single(cov.SPHERICAL, ranges=(5.0,) * 3)
    shares = np.array([0.5, 0.3, 0.2])
    weights = path_of(model, (1, 30, 30), known=[5, 77])
    counts = np.zeros(3)
    for number in range(60):
        field = np.zeros(900, np.int64)
        field[[5, 77]] = 2, 1
        noise = np.random.default_rng(number).random(weights.path.size)
        sequential.draw_categories(weights.path, weights.near, weights.weights, shares, noise, field)
        npt.assert_array_equal(field[[5, 77]], [2, 1])
        counts += np.bincount(field, minlength=3)
    npt.assert_allclose(counts / counts.sum(), shares, atol=0.04)


def test_normal_scores_and_back():
    """Values come back to rounding; ties share a score; the tails go to the limits that are given."""
    values = np.random.default_rng(4).lognormal(size=200).round(1)
    scores = anamorphosis.normal_scores(values)
    npt.assert_allclose(anamorphosis.from_scores(scores, values), values, atol=1e-12)
    npt.assert_allclose([scores.mean(), scores.std()], [0, 1], atol=0.02)
    assert len(np.unique(scores)) == len(np.unique(values))
    npt.assert_allclose(anamorphosis.from_scores(np.array([-9.0, 9.0]), values, 0.0, 99.0), [0, 99])


def test_hermite_polynomials_are_orthonormal():
    """E[Hₙ Hₘ] is the identity, by Gauss–Hermite integration; H₂ = (y² − 1)/√2."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    table = anamorphosis.hermite(nodes, 8)
    npt.assert_allclose((table * weights) @ table.T / np.sqrt(2 * np.pi), np.eye(8), atol=1e-10)
    npt.assert_allclose(anamorphosis.hermite(np.array([3.0]), 3)[:, 0], [1, -3, 8 / np.sqrt(2)])


def test_blocks_of_a_lognormal_are_those_of_its_closed_form():
    """For z = exp(σy − σ²/2), φₙ = (−σ)ⁿ/√n! and blocks are lognormal of σr with r from the variance ratio.

    A sample of 20,000 quantiles with 100 terms gives quantiles to 1 percent, r to 2e-3.
    """
    sigma, ratio = 0.7, 0.5
    probabilities = (np.arange(20_000) + 0.5) / 20_000
    values = np.exp(sigma * ndtri(probabilities) - sigma**2 / 2)
    coefficients = anamorphosis.hermite_coefficients(values)
    npt.assert_allclose(
        coefficients[:4], [1, -sigma, sigma**2 / np.sqrt(2), -(sigma**3) / np.sqrt(6)], atol=3e-3
    )
    support = anamorphosis.support_coefficient(coefficients, ratio)
    r = np.sqrt(np.log1p(ratio * np.expm1(sigma**2))) / sigma
    npt.assert_allclose(support, r, atol=2e-3)
    at = np.array([0.05, 0.5, 0.95])
    expected = np.exp(sigma * r * ndtri(at) - (sigma * r) ** 2 / 2)
    npt.assert_allclose(anamorphosis.block_values(coefficients, support, at), expected, rtol=0.01)
