"""Doubt of fields between data: intervals hold truths of several kinds that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from craton.kernels.implicit_checks import frame_of
from craton.kernels.implicit_field import Constraints, fit, left_out
from craton.kernels.implicit_system import Rows, covariances, covariances_between
from craton.kernels.left_out_together import left_out_together
from craton.methods.geomodel_doubt import Errors, Mean
from craton.methods.geomodel_fit import Asked, Choices
from craton.methods.geomodel_moved import row_holes

SIDES = np.array([2000.0, 1600.0, 1000.0])
LEVELS = np.array([-250.0, -420.0, -600.0])
CHOICES = Choices(0.0, 0.0, "auto", 1.0, np.zeros(3), SIDES)
Height = Callable[[np.ndarray], np.ndarray]


def _folds(random: np.random.Generator) -> Height:
    """Three trains of folds of any wavelength from 600 to 2,500 m."""
    length, way = random.uniform(600, 2500, 3), random.uniform(0, np.pi, 3)
    phase, size = random.uniform(0, 2 * np.pi, 3), random.uniform(20, 70)
    waves = 2 * np.pi * np.stack([np.cos(way), np.sin(way)]) / length
    return lambda plan: size * np.sin(plan @ waves + phase).sum(axis=1)


def _domes(random: np.random.Generator) -> Height:
    """Three domes or basins of 200 to 600 m."""
    middle, width, size = (
        random.uniform(0, SIDES[:2], (3, 2)),
        random.uniform(200, 600, 3),
        random.normal(0, 150, 3),
    )
    return lambda plan: (size * np.exp(-((plan[:, None] - middle) ** 2).sum(axis=2) / (2 * width**2))).sum(
        axis=1
    )


def _matern(smoothness: float, shortest: float, longest: float) -> Callable[[np.random.Generator], Height]:
    """Random heights of a Matérn covariance: their wave numbers are those of Student's distribution."""

    def drawn(random: np.random.Generator) -> Height:
        length = random.uniform(shortest, longest)
        spread = np.sqrt(random.gamma(smoothness, 1 / smoothness, 200))
        waves = random.standard_normal((2, 200)) / (length * spread)
        phase, size = random.uniform(0, 2 * np.pi, 200), random.uniform(40, 120)
        return lambda plan: size * 0.1 * np.cos(plan @ waves + phase).sum(axis=1)

    return drawn


FAMILIES = {
    "folds": _folds, "domes": _domes, "smooth": _matern(50.0, 150.0, 700.0),
    "bent": _matern(2.5, 200.0, 800.0), "rough": _matern(1.5, 200.0, 1000.0),
}  # fmt: skip


def _data(height: Height, random: np.random.Generator, *, holes: bool, error: float) -> Constraints:
    """Sixty contacts scattered, or ninety in thirty holes; and six dips."""
    plan = random.uniform(0, SIDES[:2], (30 if holes else 60, 2))
    plan = np.repeat(plan, 3, axis=0) if holes else plan
    surface = np.arange(len(plan)) % 3
    points = np.column_stack(
        [plan, height(plan) + LEVELS[surface] + error * random.standard_normal(len(plan))]
    )
    dips = random.uniform(0, SIDES[:2], (6, 2))
    slopes = [(height(dips + step) - height(dips - step)) / 2 for step in np.eye(2)]
    poles = np.column_stack([-slopes[0], -slopes[1], np.ones(6)])
    poles /= np.linalg.norm(poles, axis=1, keepdims=True)
    return Constraints(points, surface, np.column_stack([dips, height(dips) + LEVELS[1]]), poles)


def _held(height: Height, given: Constraints, error: float, random: np.random.Generator) -> float:
    """Share of 60 places of which the interval of 80 percent of the depth holds the truth.

    A depth is out of its interval where the field at the true place is off its level by more than 1.2816
    standard deviations. Both are those of kriging with planes and levels free, here by one bordered system.
    """
    mean = Mean("test", CHOICES, Errors(np.full(len(given.points), error), 0.0), {})
    mean.fit(Asked(0, False, (0, 1, 2), np.arange(len(given.points)), given, None, assumed=False))
    frame = frame_of(given)
    variance = mean.variances[0, False] * frame.length
    plan, surface = random.uniform(0, SIDES[:2], (60, 2)), np.arange(60) % 3
    places = frame.scaled(np.column_stack([plan, height(plan) + LEVELS[surface]]))
    slopes = frame.scaled(np.repeat(given.orientation_points, 3, axis=0))
    rows = Rows(frame.scaled(given.points), slopes, np.tile(np.eye(3), (len(given.gradients), 1)))
    noise = np.append(
        np.full(len(given.points), (error / frame.length) ** 2 / variance), np.zeros(len(slopes))
    )
    half, planes = covariances(rows, noise), _planes(rows.places, given.surface)
    planes = np.concatenate([planes, np.pad(rows.directions, ((0, 0), (0, 3)))])
    system = np.block([[half + np.triu(half, 1).T, planes], [planes.T, np.zeros((6, 6))]])
    asked = np.concatenate([covariances_between(rows, places), _planes(places, surface).T])
    weights = np.linalg.solve(system, asked)
    wanted = np.concatenate([np.zeros(len(given.points)), given.gradients.ravel(), np.zeros(6)])
    off, spread = weights.T @ wanted, -variance * (asked * weights).sum(axis=0)
    return float(np.mean(off**2 < 1.6424 * spread))


def _planes(places: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Columns of planes and of levels at places."""
    return np.column_stack([places, -(surface[:, None] == np.arange(3)).astype(float)])


@pytest.mark.parametrize("family", FAMILIES)
def test_intervals_hold_truths_of_every_kind(family: str) -> None:
    """On average over truths drawn at random, intervals of 80 percent hold 75 to 85 percent of depths.

    Folds, domes, and random heights whose covariances are smoother and rougher than that of the field; half
    in holes, half scattered, of each half the contacts exact and half off by 10 m.
    """
    held = []
    for number in range(16):
        random = np.random.default_rng([number, sum(map(ord, family))])
        height, error = FAMILIES[family](random), 10.0 * (number % 4 >= 2)
        given = _data(height, random, holes=bool(number % 2), error=error)
        with threadpool_limits(1):
            held.append(_held(height, given, error, random))
    assert 0.75 <= float(np.mean(held)) <= 0.85


def test_contacts_of_a_group_are_judged_by_the_others() -> None:
    """The error of the first is that of a fit without the group, over its variance: the same for other dips."""
    random = np.random.default_rng(4)
    points = random.uniform(-50, 50, (12, 3))
    group = np.array([3, 5, 8])
    first = Constraints(
        points, np.zeros(12, np.int64), points[:2] + 20.0, np.array([[0.0, 0.1, 1.0], [0.2, 0, 1]])
    )
    second = first._replace(gradients=np.array([[0.5, -0.3, 0.7], [-0.1, 0.4, 0.9]]))
    variances = []
    for given in (first, second):

        def together(places: np.ndarray) -> list[np.ndarray]:
            return [np.array([int(np.flatnonzero((places == points[one]).all(axis=1))[0]) for one in group])]

        kept = np.delete(np.arange(12), group)
        other = fit(given._replace(points=points[kept], surface=given.surface[kept]))
        error = float(other.at(points[group[:1]])[0] - other.levels[0])
        variances.append(error**2 / left_out(given, together=together).squares[0])
    assert variances[0] == pytest.approx(variances[1], rel=1e-5)


def test_holes_and_lines_go_together() -> None:
    """Contacts of a hole, and neighbours on a densely picked line, are left out with each other."""
    holes = np.repeat(np.random.default_rng(1).uniform(0, 1000, (20, 2)), 3, axis=0)
    groups = left_out_together(holes, np.zeros(2), np.full(2, 1000.0))
    assert all({3 * (one[0] // 3) + place for place in range(3)} <= set(one) for one in groups)
    line = np.column_stack([np.linspace(0, 1000, 101), np.full(101, 500.0)])
    groups = left_out_together(line, np.zeros(2), np.full(2, 1000.0))
    assert min(map(len, groups)) > 30
    assert [one[0] for one in groups] == list(range(101))


def test_a_single_contact_does_not_look_sure() -> None:
    """Dips that differ say how much beds bend where no contact can be judged by others."""
    poles = np.array([[0.3, 0.0, 0.95], [-0.3, 0.0, 0.95], [0.0, 0.2, 0.98]])
    places = np.array([[200.0, 300.0, -300.0], [1500.0, 800.0, -300.0], [900.0, 1400.0, -300.0]])
    given = Constraints(np.array([[1000.0, 800.0, -300.0]]), np.array([0]), places, poles)
    mean = Mean("test", CHOICES, Errors(np.zeros(1), 0.0), {})
    mean.fit(Asked(0, False, (0,), np.arange(1), given, None, assumed=False))
    assert mean.variances[0, False] * frame_of(given).length > 1e-3


def test_rows_without_a_hole_have_errors_of_their_own() -> None:
    """An empty name is no hole, and spaces around a name do not count."""
    frame = pd.DataFrame({"hole_id": ["B2", "", None, " B1", "B2 ", "  "]})
    assert row_holes(frame).tolist() == [1, -1, -1, 0, 1, -1]
