"""Impedance tensor: rotation, invariants and the phase tensor of magnetotelluric impedances.

Tensors Z (n, 2, 2) join the horizontal fields, E = Z H, with x to the north and y to the east, or turned
clockwise from there; time goes as exp(+iωt). Everything here but the rotation and the apparent resistivities
made from it is free of the unit of Z.

References
----------
Swift, C. M. (1967), A magnetotelluric investigation of an electrical conductivity anomaly in the southwestern
United States, PhD thesis, Massachusetts Institute of Technology.

Bahr, K. (1988), Interpretation of the magnetotelluric impedance tensor: regional induction and local telluric
distortion, Journal of Geophysics 62, 119-127.

Caldwell, T. G., Bibby, H. M., and Brown, C. (2004), The magnetotelluric phase tensor, Geophysical Journal
International 158(2), 457-469, doi:10.1111/j.1365-246X.2004.02281.x.

Bibby, H. M., Caldwell, T. G., and Brown, C. (2005), Determinable and non-determinable parameters of galvanic
distortion in magnetotellurics, Geophysical Journal International 163(3), 915-930,
doi:10.1111/j.1365-246X.2005.02779.x.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from craton.kernels.magnetotelluric_layers import Complex
from craton.kernels.resistivity_layers import Floats


def turn_matrix(angle: Floats) -> Floats:
    """Matrices (n, 2, 2) that turn the axes of horizontal fields clockwise, seen from above, by degrees."""
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix: Floats = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], -2)
    return matrix


def turned(impedances: Complex, angle: Floats) -> Complex:
    """Impedances for axes turned clockwise by `angle` degrees (n,): R Z Rᵀ."""
    turn = turn_matrix(angle)
    return turn @ impedances @ np.swapaxes(turn, -1, -2)


def turned_variance(variance: Floats, angle: Floats) -> Floats:
    """Variances (n, 2, 2) of turned impedances whose elements have independent errors before."""
    squares = turn_matrix(angle) ** 2
    return squares @ variance @ np.swapaxes(squares, -1, -2)


def determinant(impedances: Complex) -> Complex:
    """Impedance (n,) that stands for both polarisations: the root of Zxx Zyy − Zxy Zyx."""
    root: Complex = np.sqrt(_determinant(impedances))
    return root


def determinant_variance(impedances: Complex, variance: Floats) -> Floats:
    """Variance (n,) of `determinant` from those of the elements, of independent errors."""
    # The derivative by each element is its cofactor over twice the root; only sizes count.
    cofactors = np.abs(impedances[:, ::-1, ::-1]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        spread: Floats = (cofactors * variance).sum(axis=(1, 2)) / (4.0 * np.abs(_determinant(impedances)))
    return spread


def swift_skew(impedances: Complex) -> Floats:
    """Skew (n,) of Swift: |Zxx + Zyy| / |Zxy − Zyx|, 0 over one- and two-dimensional ground."""
    trace, across = _parts(impedances)[0], _parts(impedances)[3]
    return _ratio(np.abs(trace), np.abs(across))


def bahr_skew(impedances: Complex) -> Floats:
    """Skew (n,) of Bahr by phases, which local distortion does not change: 0 over regional 2-D ground.

    √|[D₁, S₂] − [S₁, D₂]| / |D₂| with S₁ = Zxx + Zyy, S₂ = Zxy + Zyx, D₁ = Zxx − Zyy, D₂ = Zxy − Zyx and
    [a, b] = Re a Im b − Im a Re b.
    """
    s1, d1, s2, d2 = _parts(impedances)
    return _ratio(np.sqrt(np.abs(_cross(d1, s2) - _cross(s1, d2))), np.abs(d2))


class PhaseTensor(NamedTuple):
    """Phase tensors (n, 2, 2) and their coordinates and invariants, angles in degrees."""

    tensor: Floats
    alpha: Floats
    beta: Floats
    maximum: Floats
    minimum: Floats

    @property
    def strike(self) -> Floats:
        """Azimuth α − β of the longer axis, −90 to 90; of no meaning where the ellipse is a circle."""
        return (self.alpha - self.beta + 90.0) % 180.0 - 90.0

    @property
    def ellipticity(self) -> Floats:
        """(Φmax − Φmin) / (Φmax + Φmin): 0 for a circle, which one-dimensional ground gives."""
        return _ratio(self.maximum - self.minimum, self.maximum + self.minimum)


def phase_tensor(impedances: Complex) -> PhaseTensor:
    """Phase tensor X⁻¹ Y of Z = X + iY, which galvanic distortion does not change.

    Parameters
    ----------
    impedances : array (n, 2, 2)
        In any unit.

    Returns
    -------
    PhaseTensor
        NaN where X cannot be inverted.

    Notes
    -----
    With Π₁ = ½√((Φxx − Φyy)² + (Φxy + Φyx)²) and Π₂ = ½√((Φxx + Φyy)² + (Φxy − Φyx)²), Φmax = Π₂ + Π₁ and
    Φmin = Π₂ − Π₁, which is below 0 where the determinant is. α = ½ atan2(Φxy + Φyx, Φxx − Φyy),
    β = ½ atan2(Φxy − Φyx, Φxx + Φyy).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        tensor = _inverse(impedances.real) @ impedances.imag
    tensor[~np.isfinite(tensor).all(axis=(1, 2))] = np.nan
    s1, d1, s2, d2 = _parts(tensor)
    longer, shorter = 0.5 * np.hypot(s1, d2), 0.5 * np.hypot(d1, s2)
    alpha, beta = (0.5 * np.degrees(np.arctan2(*pair)) for pair in ((s2, d1), (d2, s1)))
    return PhaseTensor(tensor, alpha, beta, longer + shorter, longer - shorter)


def phase_tensor_deviations(
    impedances: Complex, variance: Floats, found: PhaseTensor
) -> tuple[Floats, Floats]:
    """Standard deviations (n,) of β and of the strike α − β in degrees.

    Parameters
    ----------
    impedances : array (n, 2, 2)
        Impedances.
    variance : array (n, 2, 2)
        Of the real part, and of the imaginary part, of each; errors are independent.
    found : PhaseTensor
        Of `impedances`.

    Notes
    -----
    First order: δΦ = X⁻¹ (δY − δX Φ), and an angle whose derivative by Φ is G changes by the elements of
    M ∘ δY − (M Φᵀ) ∘ δX with M = X⁻ᵀ G.
    """
    s1, d1, s2, d2 = _parts(found.tensor)
    alpha = _slope(s2, d1, ((0.0, 1.0), (1.0, 0.0)), ((1.0, 0.0), (0.0, -1.0)))
    beta = _slope(d2, s1, ((0.0, 1.0), (-1.0, 0.0)), ((1.0, 0.0), (0.0, 1.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.swapaxes(_inverse(impedances.real), -1, -2)
    one, other = (_deviation(inverse @ slope, found.tensor, variance) for slope in (beta, alpha - beta))
    return one, other


def _slope(
    above: Floats,
    below: Floats,
    of_above: tuple[tuple[float, ...], ...],
    of_below: tuple[tuple[float, ...], ...],
) -> Floats:
    """Derivative (n, 2, 2) by Φ of ½ atan2(above, below), whose terms are sums of elements of Φ."""
    top, bottom = np.asarray(of_above), np.asarray(of_below)
    size = (above**2 + below**2)[:, None, None]
    slope: Floats = _ratio(0.5 * (below[:, None, None] * top - above[:, None, None] * bottom), size)
    return slope


def _deviation(gradient: Floats, tensor: Floats, variance: Floats) -> Floats:
    shares = gradient**2 + (gradient @ np.swapaxes(tensor, -1, -2)) ** 2
    spread: Floats = np.degrees(np.sqrt((shares * variance).sum(axis=(1, 2))))
    return spread


def _parts[T: (Floats, Complex)](tensor: T) -> tuple[T, T, T, T]:
    """Sums and differences: xx + yy, xx − yy, xy + yx, xy − yx."""
    xx, xy, yx, yy = tensor[:, 0, 0], tensor[:, 0, 1], tensor[:, 1, 0], tensor[:, 1, 1]
    return xx + yy, xx - yy, xy + yx, xy - yx


def _cross(one: Complex, other: Complex) -> Floats:
    cross: Floats = (np.conj(one) * other).imag
    return cross


def _determinant(tensor: Complex) -> Complex:
    return tensor[:, 0, 0] * tensor[:, 1, 1] - tensor[:, 0, 1] * tensor[:, 1, 0]


def _inverse(matrix: Floats) -> Floats:
    """Inverses (n, 2, 2)."""
    size = matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
    adjugate = np.stack(
        [
            np.stack([matrix[:, 1, 1], -matrix[:, 0, 1]], -1),
            np.stack([-matrix[:, 1, 0], matrix[:, 0, 0]], -1),
        ],
        -2,
    )
    inverse: Floats = adjugate / size[:, None, None]
    return inverse


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = above / below
    quotient[~np.isfinite(quotient)] = np.nan
    return quotient
