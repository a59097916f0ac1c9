"""Fits of the fields of a geological model: whole or in parts, with noise, and with levels in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from craton.kernels.implicit_checks import frame_of
from craton.kernels.implicit_field import Constraints, Field, fit
from craton.kernels.partition_field import Lattice, PartitionField, fit_partition
from craton.model.errors import ContractError

DENSE_ROWS = 2500
"""Rows of a field up to which it is fitted as a whole where the method is `auto`."""

MOST_DENSE_ROWS = 16_000
"""Rows that a whole field may have; it takes 8 bytes times their square."""

FIRST_NOISE, RISE, NOISE_ROUNDS = -6.0, 0.3, 6
"""Power of ten of the nugget tried first, about by how much that of the misfit rises with it, and trials."""

EATEN, HALF = 0.3, 0.5
"""Power of ten that counts as too much noise, and the part of its slope that a field then has lost."""

SMOOTHER = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
"""Nuggets that are tried, the least first, for a field whose levels are in order."""

FEW_METRES = 0.002
"""Error of contacts in the extent of the data where none is stated and a smoother field is wanted."""

NEAR_ERROR = 0.05
"""Powers of ten by which the misfit may be below the error."""

WHOLE, LOCAL = "global", "local"


type ScalarField = Field | PartitionField
"""A fitted field with a level for each of its surfaces."""


type Drift = Callable[[np.ndarray], np.ndarray]
type Fitter = Callable[[Constraints, float], ScalarField]
"""Fits constraints with a nugget."""

type OwnFit = Callable[["Asked"], ScalarField]
"""Another way to fit the field of a series."""


class Asked(NamedTuple):
    """Field that is asked for.

    Parameters
    ----------
    place : int
        Of the series in the column.
    floor : bool
        Whether it is the floor of the series.
    rows : tuple of int
        Rows in the column of the units whose bases are its surfaces.
    sources : array (n,)
        Row of the table of each contact.
    constraints : Constraints
        What it is fitted to.
    drift : callable or None
        Its steps at these places.
    assumed : bool
        Whether its orientations are made up, for want of any.
    """

    place: int
    floor: bool
    rows: tuple[int, ...]
    sources: np.ndarray
    constraints: Constraints
    drift: Drift | None
    assumed: bool


class Choices(NamedTuple):
    """How fields are fitted.

    Parameters
    ----------
    error : float
        Standard deviation of contacts in metres, 0 to go through them.
    dip_error : float
        Standard deviation of orientations in degrees; it counts where contacts have an error.
    method : str
        `global`, `local` or `auto`.
    stretch : float
        Factor of heights while fitting.
    origin : array (3,)
        What places are counted from: the south-west corner at the top of the model.
    size : array (3,)
        Sides of the model to the east, to the north and upward in metres, heights stretched.
    own_fit : callable or None
        What fits the fields instead of `fit_field`.
    """

    error: float
    dip_error: float
    method: str
    stretch: float
    origin: np.ndarray
    size: np.ndarray
    own_fit: OwnFit | None = None

    @property
    def boxes(self) -> Lattice:
        """Lattice that the boxes of local fields hang on."""
        return Lattice(np.zeros(3), float(self.size.max()))

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest place of the model, as the fields take them."""
        east, north, up = self.size
        return np.array([0.0, 0.0, -up]), np.array([east, north, 0.0])

    def scaled(self, places: np.ndarray) -> np.ndarray:
        """Places as the fields take them."""
        scaled: np.ndarray = (places - self.origin) * np.array([1.0, 1.0, self.stretch])
        return scaled

    def placed(self, scaled: np.ndarray) -> np.ndarray:
        """Places from what the fields take: the inverse of `scaled`."""
        places: np.ndarray = scaled / np.array([1.0, 1.0, self.stretch]) + self.origin
        return places


def fit_field(process: str, constraints: Constraints, drift: Drift | None, choices: Choices) -> ScalarField:
    """Field by the method chosen, with levels that fall from one surface to the next where that can be.

    Levels are free. Where that leaves them out of order, as with beds that are thin for the noise of their
    contacts, they are taken from the least smooth field that has them in order.
    """
    fitter = _fitter(process, constraints, drift, choices)
    field = _chosen(fitter, constraints, choices)
    if _is_ordered(field):
        return field
    for nugget in SMOOTHER:
        smooth = fitter(constraints, nugget)
        if _is_ordered(smooth) and _slope_left(smooth, constraints) > HALF:
            return _chosen(fitter, constraints._replace(levels=smooth.levels), choices)
    return field


def _is_ordered(field: ScalarField) -> bool:
    return bool((np.diff(field.levels) < 0).all())


def _fitter(process: str, constraints: Constraints, drift: Drift | None, choices: Choices) -> Fitter:
    """What fits constraints of this number and extent."""
    whole = is_whole(process, constraints, choices)
    # Nuggets are in proportion to variances, of contacts in the extent of the data.
    error = choices.error / frame_of(constraints).length or FEW_METRES
    turned = (np.radians(choices.dip_error) / error) ** 2

    def fitter(given: Constraints, nugget: float) -> ScalarField:
        if whole:
            return fit(given, drift=drift, nugget=nugget, gradient_nugget=nugget * turned)
        return fit_partition(
            given, drift=drift, nugget=nugget, gradient_nugget=nugget * turned, lattice=choices.boxes
        )

    return fitter


def is_whole(process: str, constraints: Constraints, choices: Choices) -> bool:
    """Whether a field is fitted as a whole, not in parts; refused where it cannot be."""
    count = len(constraints.points) + 3 * len(constraints.gradients) + len(constraints.tangents)
    whole = choices.method == WHOLE or (choices.method != LOCAL and count <= DENSE_ROWS)
    if whole and count > MOST_DENSE_ROWS:
        raise ContractError(
            process, "method", f"local or auto for more than {MOST_DENSE_ROWS} rows of one series",
            f"global for {count}",
        )  # fmt: skip
    return whole


def _chosen(fitter: Fitter, constraints: Constraints, choices: Choices) -> ScalarField:
    """Field through contacts, or the smoothest that misses them by at most the error in the mean square."""
    if choices.error == 0.0:
        return fitter(constraints, 0.0)
    power = FIRST_NOISE
    tried: list[tuple[float, float, ScalarField]] = []
    for _round in range(NOISE_ROUNDS):
        field = fitter(constraints, 10.0**power)
        tried.append((_over(field, constraints, choices), power, field))
        if -NEAR_ERROR <= tried[-1][0] <= 0.0:
            break
        power = _next_noise([one[:2] for one in tried])
    within = [one for one in tried if one[0] <= 0.0]
    return max(within, key=lambda one: one[0])[2] if within else min(tried, key=lambda one: one[0])[2]


def _over(field: ScalarField, constraints: Constraints, choices: Choices) -> float:
    """Power of ten of the misfit of contacts over the error; above 0 too where noise has eaten the field."""
    away = field.at(constraints.points) - field.levels[constraints.surface]
    away /= steepness(field, constraints.points, choices)
    over = float(np.log10(max(np.sqrt(np.mean(away**2)), 1e-6 * choices.error) / choices.error))
    return max(over, EATEN) if _slope_left(field, constraints) < HALF else over


def _slope_left(field: ScalarField, constraints: Constraints) -> float:
    """Part of the gradients asked for that a field has at orientations."""
    slopes = field.gradient(constraints.orientation_points)
    return float((slopes * constraints.gradients).sum() / (constraints.gradients**2).sum())


def _next_noise(tried: list[tuple[float, float]]) -> float:
    """Power of ten of the nugget at which the misfit should be the error, by (log misfit, power) tried."""
    over, power = tried[-1]
    slope = RISE
    if len(tried) > 1 and tried[-2][1] != power:
        slope = float(np.clip((over - tried[-2][0]) / (power - tried[-2][1]), RISE / 4, 4 * RISE))
    wanted = power - float(np.clip((over + NEAR_ERROR / 2) / slope, -4.0, 4.0))
    lower = max((one[1] for one in tried if one[0] <= 0.0), default=-14.0)
    upper = min((one[1] for one in tried if one[0] > 0.0), default=4.0)
    return wanted if lower < wanted < upper else (lower + upper) / 2


def steepness(field: ScalarField, scaled: np.ndarray, choices: Choices) -> np.ndarray:
    """Length (n,) of the gradient of a field per metre at scaled places."""
    slope = field.gradient(scaled) * np.array([1.0, 1.0, choices.stretch])
    length: np.ndarray = np.maximum(np.linalg.norm(slope, axis=1), 1e-12)
    return length


def stepped(field: ScalarField, steps: np.ndarray) -> ScalarField:
    """The field for places at which the steps (k, faults) are known, and no others."""
    if not steps.shape[1]:
        return field

    def drift(_places: np.ndarray) -> np.ndarray:
        return steps

    if isinstance(field, Field):
        return field._replace(drift=drift)
    coarse = field.coarse._replace(drift=drift) if isinstance(field.coarse, Field) else field.coarse
    return field._replace(drift=drift, coarse=coarse)
