"""Minimum curvature against closed forms, a published example and numeric integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson

from craton.model.desurvey import Offsets, offsets_at, station_offsets

FOOT = 0.3048


def _rows(offsets: Offsets) -> np.ndarray:
    return np.column_stack(offsets)


def test_vertical_hole_goes_straight_down():
    """A hole surveyed at −90° has no horizontal offset, whatever its azimuth says."""
    offsets = station_offsets([7, 7, 7], [0, 50, 120], [0, 137, 301], [-90, -90, -90])
    assert _rows(offsets) == pytest.approx(np.array([[0, 0, 0], [0, 0, -50], [0, 0, -120]]), abs=1e-12)


def test_inclined_hole_is_a_straight_line():
    """At azimuth 30° and −60° each metre goes cos60·sin30 east, cos60·cos30 north, sin60 down."""
    depth = np.array([10.0, 40.0, 90.0])
    offsets = station_offsets(np.zeros(3), depth, np.full(3, 30.0), np.full(3, -60.0))
    expected = depth[:, None] * [0.25, 0.25 * np.sqrt(3), -0.5 * np.sqrt(3)]
    assert _rows(offsets) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("stations", [2, 3, 37])
@pytest.mark.parametrize("azimuth", [0.0, 90.0, 211.0])
def test_circular_arc_is_exact(stations: int, azimuth: float):
    """A quarter circle of radius R from vertical to horizontal is met exactly, however few the stations."""
    radius = 250.0
    turn = np.linspace(0, np.pi / 2, stations)
    at = np.linspace(0, radius * np.pi / 2, 101)
    offsets = offsets_at(
        np.zeros(stations), radius * turn, np.full(stations, azimuth), np.degrees(turn) - 90,
        at_hole=np.zeros(at.size), at_depth=at,
    )  # fmt: skip
    out, down = radius * (1 - np.cos(at / radius)), radius * np.sin(at / radius)
    along = np.radians(azimuth)
    expected = np.column_stack([out * np.sin(along), out * np.cos(along), -down])
    assert _rows(offsets) == pytest.approx(expected, abs=1e-9)


def test_published_worked_example():
    """From 15° off vertical at azimuth 20° to 25° at 45°, 100 ft lead 27.22 ft north, 19.45 east, 94.01 down.

    The example of Formulas and Calculations for Drilling, Production and Workover, 2nd edition.
    """
    offsets = station_offsets([1, 1], [3500 * FOOT, 3600 * FOOT], [20.0, 45.0], [15.0 - 90, 25.0 - 90])
    east, north, up = (np.diff(part)[0] / FOOT for part in offsets)
    assert (round(north, 2), round(east, 2), round(-up, 2)) == (27.22, 19.45, 94.01)


def test_converges_on_integrated_tangents():
    """Halving the station distance on a helix divides the error by four: the method is of second order."""

    def direction(depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 0.4 * depth % 360, -60 + 10 * np.sin(depth / 100)

    fine = np.linspace(0, 600, 60_001)
    azimuth, inclination = (np.radians(a) for a in direction(fine))
    tangent = [
        np.cos(inclination) * np.sin(azimuth),
        np.cos(inclination) * np.cos(azimuth),
        np.sin(inclination),
    ]
    truth = np.array([cumulative_simpson(t, x=fine, initial=0)[-1] for t in tangent])
    errors = []
    for count in (21, 41, 81):
        depth = np.linspace(0, 600, count)
        last = _rows(station_offsets(np.zeros(count), depth, *direction(depth)))[-1]
        errors.append(np.linalg.norm(last - truth))
    ratios = [errors[0] / errors[1], errors[1] / errors[2]]
    assert errors[-1] < 0.05
    assert ratios == pytest.approx([4, 4], rel=0.05)


def test_small_dogleg_has_no_step():
    """As the dogleg θ goes to zero, the end of 100 m moves off the straight line by 50 θ."""
    straight = _rows(station_offsets([0, 0], [0, 100], [90, 90], [-45, -45]))
    for dogleg in (1e-3, 1e-6, 1e-9, 1e-12):
        bent = _rows(station_offsets([0, 0], [0, 100], [90, 90], [-45, -45 + dogleg]))
        moved = np.linalg.norm((bent - straight)[1])
        assert moved == pytest.approx(50 * np.radians(dogleg), rel=1e-3, abs=1e-11)


def test_straight_above_first_and_below_last_station():
    """Between collar and first station, and past the last, the hole keeps the nearest direction."""
    offsets = offsets_at([3, 3], [20, 40], [90, 90], [-90, -45], at_hole=[3, 3, 3], at_depth=[0, 10, 140])
    at_40 = _rows(station_offsets([3, 3], [20, 40], [90, 90], [-90, -45]))[1]
    assert _rows(offsets)[:2] == pytest.approx(np.array([[0, 0, 0], [0, 0, -10]]), abs=1e-12)
    assert _rows(offsets)[2] == pytest.approx(at_40 + 100 * np.sqrt(0.5) * np.array([1, 0, -1]))


def test_holes_do_not_mix():
    """Many holes at once give what each gives alone, in whatever order depths are asked."""
    hole = np.array([1, 1, 1, 4, 9, 9])
    depth = np.array([0, 30, 60, 12, 5, 80.0])
    azimuth = np.array([10, 20, 30, 200, 350, 5.0])
    inclination = np.array([-60, -55, -50, -70, -88, -80.0])
    together = _rows(station_offsets(hole, depth, azimuth, inclination))
    for number in (1, 4, 9):
        own = hole == number
        alone = _rows(station_offsets(hole[own], depth[own], azimuth[own], inclination[own]))
        assert together[own] == pytest.approx(alone, abs=1e-12)
    order = np.array([4, 0, 3, 5, 2, 1])
    asked = offsets_at(hole, depth, azimuth, inclination, at_hole=hole[order], at_depth=depth[order])
    assert _rows(asked) == pytest.approx(together[order], abs=1e-12)


def test_unsurveyed_hole_is_nan():
    """A hole without stations has no place, and the others keep theirs."""
    offsets = offsets_at([2, 2], [0, 10], [0, 0], [-90, -90], at_hole=[1, 2, 3], at_depth=[5, 5, 5])
    assert np.isnan(offsets.upward).tolist() == [True, False, True]
    assert offsets.upward[1] == -5
    nothing = offsets_at([], [], [], [], at_hole=[1], at_depth=[5])
    assert np.isnan(nothing.upward).all()


def test_reversal_is_unknown_from_there_down():
    """Opposite directions fix no arc: the lower station and all below it are NaN, other holes are not."""
    offsets = station_offsets([0, 0, 0, 1], [0, 10, 20, 10], [0, 0, 0, 0], [-90, 90, 90, -90])
    assert np.isnan(offsets.upward).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("hole", "depth"),
    [([0, 0], [10, 5]), ([1, 0], [0, 0]), ([0, 0, 0], [0, 5])],
)
def test_disorder_is_refused(hole: list[int], depth: list[float]):
    """Stations out of order, or lists of different length, are an error rather than a wrong path."""
    with pytest.raises(ValueError, match="must be"):
        station_offsets(hole, depth, [0, 0], [-90, -90])


def test_query_lists_must_match():
    """Holes and depths asked for must be pairs."""
    with pytest.raises(ValueError, match="one length"):
        offsets_at([0], [0], [0], [-90], at_hole=[0, 0], at_depth=[1])
