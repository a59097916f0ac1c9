"""Implicit field: the smoothest scalar field in space whose levels are geological surfaces.

Contacts lie on a level of the field whose value need not be known, orientations are its gradient, strikes
are directions in which it does not change, and places above or below a surface bound it. The field is the
one of least bending energy among all that honour them: cubic splines in space (kernel r³, planes free)
with derivatives as data, known as Hermite-Birkhoff interpolation; see `implicit_system` for the formulae.

Every datum is felt everywhere; cost grows with the cube of their number, memory with the square (8 bytes
times (n + 3m)²: 1.6 GB for 14,000 rows). Lengths are normalised inside and data put in an order of their
own, so that the result does not depend on unit, origin, rotation or order. With gradients of length 1 the
field is about a distance in metres.

Without known levels a constant is free; it is chosen so that the field is 0 on surface 0.

References
----------
Lajaunie, C., Courrioux, G. and Manuel, L. (1997), Foliation fields and 3D cartography in geology: principles
of a method based on potential interpolation, Mathematical Geology 29(4), 571-584. doi:10.1007/BF02775087

Hillier, M. J., Schetselaar, E. M., de Kemp, E. A. and Perron, G. (2014), Three-dimensional modelling of
geological surfaces using generalized interpolation with radial basis functions, Mathematical Geosciences
46(8), 931-953. doi:10.1007/s11004-014-9540-3
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from craton.kernels.implicit_checks import LARGEST, Constraints, Frame, checked, frame_of, merged
from craton.kernels.implicit_solution import Bounds, Centres, Problem, Solution, centres_of, solve_bounded
from craton.kernels.implicit_system import Rows, factor, gradients_at, independent_columns, solve, values_at

__all__ = ["Constraints", "Field", "fit", "left_out"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Drift = Callable[[Floats], Floats]
Together = Callable[[Floats], Iterable[Whole]]

LONE = 1e-9
"""Weight of a contact, over the largest one, below which no other datum bears on it."""


class Background(Protocol):
    """A field that is there before any datum."""

    def at(self, places: Floats) -> Floats:
        """Values (k,) at places (k, 3) in metres."""

    def gradient(self, places: Floats) -> Floats:
        """Gradients (k, 3), by metre."""


class Field(NamedTuple):
    """A fitted field.

    Parameters
    ----------
    frame : Frame
        Middle and length that scale places.
    centres, weights : array (3, n), (n,)
        Scaled places of values, and their weights.
    sources, vectors : array (3, m)
        Scaled places of slopes, and their weights as vectors.
    plane : array (4,)
        Slopes of the plane by scaled easting, northing and upward, and the constant.
    levels : array (s,)
        Value of the field on each surface.
    drift : callable or None
        From places (k, 3) to the functions (k, d) that were fitted as they are.
    steps : array (d,)
        What each of those functions counts for.
    misfit : float
        Largest difference between the field at a contact and its level, in units of the field.
    gradient_misfit : float
        Largest difference between the gradient and an orientation, in units of the gradient.
    unmet : array (p,)
        By how much each inequality is not met, in units of the field; 0 where it is met.
    background : Background or None
        Field that this one was added to; values and gradients are of the sum.
    """

    frame: Frame
    centres: Floats
    weights: Floats
    sources: Floats
    vectors: Floats
    plane: Floats
    levels: Floats
    drift: Drift | None
    steps: Floats
    misfit: float = 0.0
    gradient_misfit: float = 0.0
    unmet: Floats = np.empty(0)
    background: Background | None = None

    def at(self, places: Floats) -> Floats:
        """Values (k,) at places (k, 3) in metres."""
        scaled = np.ascontiguousarray(self.frame.scaled(places))
        found = values_at(scaled, self.centres, self.weights, self.sources, self.vectors)
        found += scaled @ self.plane[:3] + self.plane[3]
        found *= self.frame.length
        if self.drift is not None:
            found += self.drift(places) @ self.steps
        if self.background is not None:
            found += self.background.at(places)
        return found

    def gradient(self, places: Floats) -> Floats:
        """Gradients (k, 3) at places (k, 3), in units of the field per metre; steps have none."""
        scaled = np.ascontiguousarray(self.frame.scaled(places))
        found = gradients_at(scaled, self.centres, self.weights, self.sources, self.vectors)
        found += self.plane[:3]
        if self.background is not None:
            found += self.background.gradient(places)
        return found


def fit(
    constraints: Constraints,
    *,
    drift: Drift | None = None,
    nugget: float | Floats = 0.0,
    gradient_nugget: float = 0.0,
    inequality_nugget: float = 0.0,
    background: Background | None = None,
) -> Field:
    """Fit the smoothest field to constraints.

    Parameters
    ----------
    constraints : Constraints
        Contacts, orientations, inequalities, tangents, known levels.
    drift : callable, optional
        From places (k, 3) in metres to functions (k, d) that the field may hold any amount of, such as 1 on
        one side of a fault and 0 on the other. They are taken to be flat where orientations are. A function
        that the contacts do not tell from the rest (all on one side of the fault) counts for 0.
    nugget : float or array (n,)
        Noise of contacts, at least 0: 0 puts the surface through them; a larger one lets it pass them for
        less bending. It is the weight of bending against squared misfit, in the cube of the extent.
    gradient_nugget : float
        Noise of orientations and tangents, at least 0, in the extent of the data.
    inequality_nugget : float
        Noise of inequalities, at least 0, as that of contacts: those that are not to be trusted, or that
        contradict each other, are missed rather than bent around.
    background : Background, optional
        Field from which the fitted one is to bend away as little as it can, instead of from a plane.

    Returns
    -------
    Field
        Honours contacts, orientations and tangents to rounding where the nugget is 0, and with no nugget of
        theirs all inequalities that the other data allow; `Field.unmet` says what is left of the rest.

    Raises
    ------
    ValueError
        If the data are not numbers, contradict each other at one place, or leave the field open.
    """
    given = checked(constraints)
    frame = frame_of(given)
    noise = np.broadcast_to(np.asarray(nugget, dtype=np.float64), (len(given.points),))
    nuggets = np.append(noise, [gradient_nugget, inequality_nugget])
    if not (np.isfinite(nuggets).all() and (nuggets >= 0.0).all()):
        raise ValueError("a nugget must be a number of 0 or more")
    given, noise = merged(given, noise, frame)
    count = len(given.points) + 3 * len(given.gradients) + len(given.tangents)
    if count > LARGEST:
        raise ValueError(f"{count:,} contacts and slopes are too many for one dense system ({LARGEST:,})")
    assert given.levels is not None
    layout = _Layout(frame, given.levels, drift, background)
    problem, kept = _problem(given, noise, gradient_nugget, layout)
    sides = layout.columns(given.inequality_points, given.inequality_surface)
    places = frame.scaled(given.inequality_points)
    known = layout.values(given.inequality_points, given.inequality_surface)
    bounds = Bounds(places, sides[:, kept], known, given.inequality_sign, inequality_nugget)
    solution, slack = solve_bounded(problem, bounds)
    coefficients = np.zeros(sides.shape[1])
    coefficients[kept] = solution.coefficients
    plane, levels, steps = layout.taken_apart(coefficients)
    misfit, gradient_misfit = _misfits(given, solution, frame.length)
    unmet = np.maximum(-slack, 0.0) * frame.length
    centres = _centres(given, problem, bounds, solution)
    return Field(
        frame, centres.places, centres.weights, centres.sources, centres.vectors,
        plane, levels, drift, steps, misfit, gradient_misfit, unmet,
        background,
    )  # fmt: skip


class Evidence(NamedTuple):
    """What data say of the variance of a field: squares (q,) of contacts left out, and the likeliest.

    `shares` (q,) are the parts of the variances of the contacts left out that are not their noise.
    """

    squares: Floats
    shares: Floats
    likeliest: float


def left_out(
    constraints: Constraints,
    *,
    drift: Drift | None = None,
    nugget: float | Floats = 0.0,
    gradient_nugget: float = 0.0,
    together: Together | None = None,
) -> Evidence:
    """How far contacts are from where the other data put them, in variances of covariance h³.

    With K the covariances and noise of the data, seen without planes, levels and steps, z what they are to
    be, G = K⁻¹ and g the contacts that are left out together, their errors are e = G_gg⁻¹ (G z)_g, of
    covariances G_gg⁻¹: the square is that of the error of the first over its variance (Dubrule 1983).
    Lengths and values are in the extent of the data. Bounds do not count, nor do contacts that nothing else
    bears on, as the only one of a surface. The likeliest variance by all N data, with k planes, levels and
    steps, is zᵀ G z / (N − k) (restricted maximum likelihood), 0 where N is k.

    Parameters
    ----------
    constraints, drift, nugget, gradient_nugget
        As for `fit`.
    together : callable, optional
        From places (n, 3) of contacts to the numbers of those that are left out together, that which is
        judged first; left out, each alone.

    References
    ----------
    Dubrule, O. (1983), Cross validation of kriging in a unique neighborhood, Mathematical Geology 15(6),
    687-699. doi:10.1007/BF01033232
    """
    given = checked(constraints)
    frame = frame_of(given)
    noise = np.broadcast_to(np.asarray(nugget, dtype=np.float64), (len(given.points),))
    given, noise = merged(given, noise, frame)
    assert given.levels is not None
    problem, kept = _problem(given, noise, gradient_nugget, _Layout(frame, given.levels, drift, None))
    system = factor(problem.rows, problem.columns, problem.noise)
    count = len(given.points)
    sides = np.column_stack([problem.right, np.eye(len(problem.right), count)])
    weights = solve(system, sides, np.zeros((problem.columns.shape[1], sides.shape[1])))[0]
    groups = np.arange(count)[:, None] if together is None else together(given.points)
    told = [_left_out(weights[:count, 1:], weights[:count, 0], noise, group) for group in groups]
    squares, shares = np.array([one for one in told if one is not None]).reshape(-1, 2).T
    likeliest = float(weights[:, 0] @ problem.right) / max(len(problem.right) - len(kept), 1)
    return Evidence(squares, shares, likeliest)


def _left_out(inverse: Floats, weights: Floats, noise: Floats, group: Whole) -> tuple[float, float] | None:
    """Square of the first of a group and its share, as in `Evidence`; none where nothing else bears on it."""
    own = inverse[np.ix_(group, group)]
    largest = float(inverse.diagonal().max(initial=0.0))
    sizes, turned = np.linalg.eigh((own + own.T) / 2)
    if not sizes[0] > LONE * largest:
        return None
    first = turned @ (turned[0] / sizes)
    return float((first @ weights[group]) ** 2 / first[0]), 1.0 - float(noise[group[0]] / first[0])


class _Layout(NamedTuple):
    """How functionals of the field are columns of P: plane, constant, unknown levels, drift."""

    frame: Frame
    levels: Floats
    drift: Drift | None
    background: Background | None

    @property
    def needed(self) -> int:
        """Number of columns that the data must determine: all but those of the drift, which come last."""
        unknown = np.isnan(self.levels)
        return 3 + int(not unknown.all()) + int(unknown.sum())

    def columns(self, places: Floats, surface: Whole) -> Floats:
        """Rows of P (k, c) of "the field at a place less the level of a surface", places in metres."""
        unknown = np.flatnonzero(np.isnan(self.levels))
        parts = [self.frame.scaled(places)]
        if unknown.size < self.levels.size:
            parts.append(np.ones((len(places), 1)))
        parts.append(-(surface[:, np.newaxis] == unknown).astype(np.float64))
        if self.drift is not None:
            parts.append(self.drift(places))
        return np.concatenate(parts, axis=1)

    def values(self, places: Floats, surface: Whole) -> Floats:
        """What that is to be (k,), scaled: the level where it is known, else 0, less the background."""
        values: Floats = np.nan_to_num(self.levels[surface])
        if self.background is not None:
            values = values - self.background.at(places)
        return values / self.frame.length

    def slopes(self, places: Floats, directions: Floats, wanted: Floats) -> Floats:
        """What slopes (k,) at places along directions (k, 3) are to be, less those of the background."""
        if self.background is None:
            return wanted
        left: Floats = wanted - (self.background.gradient(places) * directions).sum(axis=1)
        return left

    def taken_apart(self, coefficients: Floats) -> tuple[Floats, Floats, Floats]:
        """Plane (4,), levels (s,) and weights of the drift (d,) from the coefficients of all columns."""
        unknown = np.isnan(self.levels)
        count = int(unknown.sum())
        fixed = count < unknown.size
        levels = self.levels.copy()
        levels[unknown] = coefficients[3 + fixed : 3 + fixed + count] * self.frame.length
        constant = float(coefficients[3]) if fixed else 0.0
        if not fixed and levels.size:
            constant = -float(levels[0]) / self.frame.length
            levels -= levels[0]
        steps = coefficients[3 + fixed + count :] * self.frame.length
        return np.append(coefficients[:3], constant), levels, steps


def _problem(
    given: Constraints, noise: Floats, gradient_noise: float, layout: _Layout
) -> tuple[Problem, Whole]:
    """Contacts, orientations and tangents as a problem, and the numbers of the columns that it keeps."""
    slope_places = np.concatenate([np.repeat(given.orientation_points, 3, axis=0), given.tangent_points])
    directions = np.concatenate([np.tile(np.eye(3), (len(given.gradients), 1)), given.tangents])
    rows = Rows(layout.frame.scaled(given.points), layout.frame.scaled(slope_places), directions)
    above = layout.columns(given.points, given.surface)
    columns = np.zeros((len(above) + len(directions), above.shape[1]))
    columns[: len(above)] = above
    columns[len(above) :, :3] = directions
    kept = independent_columns(columns)[1]
    if (kept < layout.needed).sum() < layout.needed:
        raise ValueError(
            "the contacts lie on one plane or line, or some are on surfaces that nothing ties to those "
            "whose values are known, and the field stays open: give an orientation"
        )
    wanted = np.append(given.gradients.ravel(), np.zeros(len(given.tangents)))
    right = np.concatenate(
        [layout.values(given.points, given.surface), layout.slopes(slope_places, directions, wanted)]
    )
    own = np.concatenate([noise, np.full(len(directions), gradient_noise)])
    return Problem(rows, right, columns[:, kept], own), kept


def _centres(given: Constraints, problem: Problem, bounds: Bounds, solution: Solution) -> Centres:
    """Centres, weights, sources and vectors, the three slopes of an orientation as one source."""
    centres = centres_of(problem, bounds, solution)
    count = 3 * len(given.gradients)
    sources = np.concatenate([centres.sources[:, :count:3], centres.sources[:, count:]], axis=1)
    vectors = centres.vectors[:, :count].reshape(3, -1, 3).sum(axis=-1)
    vectors = np.concatenate([vectors, centres.vectors[:, count:]], axis=1)
    return centres._replace(sources=np.ascontiguousarray(sources), vectors=np.ascontiguousarray(vectors))


def _misfits(given: Constraints, solution: Solution, length: float) -> tuple[float, float]:
    """Largest misfit of a contact, in units of the field, and of an orientation."""
    contacts = np.abs(solution.misfit[: len(given.points)])
    slopes = solution.misfit[len(given.points) :][: 3 * len(given.gradients)].reshape(-1, 3)
    lengths = np.linalg.norm(slopes, axis=1)
    return float(contacts.max(initial=0.0)) * length, float(lengths.max(initial=0.0))
