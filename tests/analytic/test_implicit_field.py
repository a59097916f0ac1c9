"""Implicit field and fault kinematics against closed forms, brute force and what must not change them."""

import numpy as np
import numpy.testing as npt
import pytest
from scipy.optimize import minimize

from craton.kernels.implicit_checks import Frame, checked, merged
from craton.kernels.implicit_fault import Fault, displaced, is_hanging, restored, slip_vector
from craton.kernels.implicit_field import Constraints, fit
from craton.kernels.implicit_solution import multipliers

LOW, HIGH = np.array([500_000.0, 4_000_000.0, -800.0]), np.array([502_000.0, 4_002_000.0, 200.0])
"""A box of 2 × 2 × 1 km at coordinates as a survey has them, in metres."""


def dome(places):
    """Height above a dome of two half axes, 1,500 m across: a field with slopes up to 0.8."""
    east, north, up = ((places - (LOW + HIGH) / 2) / 1000.0).T
    return 1000.0 * (up + 0.4 * east**2 + 0.25 * north**2 - 0.1 * east * north)


def dome_gradient(places):
    """Its gradient."""
    east, north, _up = ((places - (LOW + HIGH) / 2) / 1000.0).T
    return np.stack([0.8 * east - 0.1 * north, 0.5 * north - 0.1 * east, np.ones(len(places))], axis=-1)


def on_dome(count, level, random):
    """Random places where the dome has a level."""
    places = random.uniform(LOW, HIGH, (count, 3))
    places[:, 2] += level - dome(places)
    return places


def dome_data(count, slopes, *, seed=3):
    """Contacts of levels 0 and 150, and orientations in the box."""
    random = np.random.default_rng(seed)
    points = np.concatenate([on_dome(count, 0.0, random), on_dome(count, 150.0, random)])
    places = random.uniform(LOW, HIGH, (slopes, 3))
    return Constraints(points, np.repeat([0, 1], count), places, dome_gradient(places))


@pytest.fixture(scope="module")
def fitted():
    """Data of the dome and their field, with two strikes."""
    data = dome_data(60, 12)
    random = np.random.default_rng(5)
    places = random.uniform(LOW, HIGH, (4, 3))
    across = np.cross(dome_gradient(places), random.normal(size=(4, 3)))
    data = data._replace(tangent_points=places, tangents=across)
    return data, fit(data)


def test_contacts_orientations_and_tangents_are_honoured(fitted):
    """Contacts lie on their level to 1e-8 of the extent, gradients and strikes are met to 1e-8."""
    data, field = fitted
    npt.assert_allclose(field.at(data.points), field.levels[data.surface], atol=1e-8 * 2000)
    npt.assert_allclose(field.gradient(data.orientation_points), data.gradients, atol=1e-8)
    along = (field.gradient(data.tangent_points) * data.tangents).sum(axis=1)
    npt.assert_allclose(along, 0.0, atol=1e-8)
    assert field.misfit < 1e-8 * 2000
    assert field.gradient_misfit < 1e-8


def test_the_gradient_is_the_difference_quotient(fitted):
    """Central differences over 2 m differ by their own error, the third derivative times h²/6: 1e-5."""
    field = fitted[1]
    places = np.random.default_rng(1).uniform(LOW, HIGH, (50, 3))
    slopes = [(field.at(places + side) - field.at(places - side)) / 2 for side in np.eye(3)]
    npt.assert_allclose(field.gradient(places), np.stack(slopes, axis=-1), atol=1e-5)


def test_a_plane_is_reproduced():
    """Layers on a plane give that plane everywhere, and their true distance, to rounding."""
    random = np.random.default_rng(0)
    slope = np.array([0.3, -0.2, 0.93])
    points = random.uniform(LOW, HIGH, (30, 3))
    surface = np.repeat([0, 1, 2], 10)
    wanted = np.array([0.0, 40.0, 110.0])
    points[:, 2] += (wanted[surface] - (points - LOW) @ slope) / slope[2]
    field = fit(Constraints(points, surface, points[:2], np.tile(slope, (2, 1))))
    places = random.uniform(LOW - 5000, HIGH + 5000, (40, 3))
    npt.assert_allclose(field.levels, wanted, atol=1e-8)
    npt.assert_allclose(field.at(places), (places - LOW) @ slope, atol=1e-7)


def test_known_levels_stand_for_orientations():
    """Two levels known and one not, on a plane: the third is found, and no orientation is needed."""
    random = np.random.default_rng(2)
    points = random.uniform(LOW, HIGH, (24, 3))
    surface = np.repeat([0, 1, 2], 8)
    points[:, 2] = np.array([-500.0, -350.0, -100.0])[surface] + 0.1 * (points[:, 0] - LOW[0])
    field = fit(Constraints(points, surface, levels=[10.0, np.nan, 18.0]))
    npt.assert_allclose(field.levels, [10.0, 13.0, 18.0], atol=1e-9)


def test_error_falls_with_density():
    """Four times the contacts, half their distance: the dome's error falls by more than 4, as h² or better.

    Cubic splines of derivatives of order two converge at least as h² within the data; looked at in the
    middle half of the box near the contacts.
    """
    random = np.random.default_rng(8)
    places = on_dome(200, 0.0, random)
    places = places[(np.abs(places - (LOW + HIGH) / 2)[:, :2] < 500).all(axis=1)]
    errors = []
    for count in (25, 100, 400):
        field = fit(dome_data(count, 8))
        errors.append(np.sqrt(np.mean((field.at(places) - field.levels[0]) ** 2)))
    assert errors[0] > 4 * errors[1] > 16 * errors[2]
    assert errors[2] < 0.3


def test_a_closed_body_is_found_from_its_surface():
    """60 contacts and 20 normals on a sphere of 300 m give its radius within 1 percent everywhere."""
    random = np.random.default_rng(4)
    outward = random.normal(size=(60, 3))
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    places = 300.0 * outward + (LOW + HIGH) / 2
    field = fit(Constraints(places, np.zeros(60, dtype=int), places[:20], -outward[:20]))
    beside = random.normal(size=(300, 3))
    beside /= np.linalg.norm(beside, axis=1, keepdims=True)
    assert (field.at(297.0 * beside + (LOW + HIGH) / 2) > field.levels[0]).all()
    assert (field.at(303.0 * beside + (LOW + HIGH) / 2) < field.levels[0]).all()


@pytest.mark.parametrize("change", ["order", "millimetres", "origin", "rotation"])
def test_nothing_hangs_on_order_unit_origin_or_axes(fitted, change):
    """The same field comes of data in another order (to the bit), unit, place or frame (to rounding)."""
    data, field = fitted
    random = np.random.default_rng(6)
    places = random.uniform(LOW, HIGH, (20, 3))
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    order, others = random.permutation(len(data.points)), random.permutation(len(data.gradients))
    unit = 1000.0 if change == "millimetres" else 1.0
    axes = turn if change == "rotation" else np.eye(3)
    shift = np.array([3e5, -2e6, 500.0]) if change == "origin" else 0.0

    def moved(what):
        return unit * (what - LOW) @ axes.T + shift + (0 if change == "rotation" else unit * LOW)

    if change == "order":
        same = data._replace(
            points=data.points[order], surface=data.surface[order],
            orientation_points=data.orientation_points[others], gradients=data.gradients[others],
            tangent_points=data.tangent_points[::-1], tangents=data.tangents[::-1],
        )  # fmt: skip
        npt.assert_array_equal(fit(same).at(places), field.at(places))
        return
    other = fit(
        data._replace(
            points=moved(data.points), orientation_points=moved(data.orientation_points),
            gradients=data.gradients @ axes.T,
            tangent_points=moved(data.tangent_points), tangents=data.tangents @ axes.T,
        )
    )  # fmt: skip
    npt.assert_allclose(other.at(moved(places)) / unit, field.at(places), atol=1e-5)
    npt.assert_allclose(other.levels / unit, field.levels, atol=1e-5)


def test_a_fault_step_is_recovered():
    """Flat layers with 80 m of throw across x = 0: the step of the drift is 80 m, the field else flat."""
    random = np.random.default_rng(9)
    points = random.uniform((-1000, -1000, 0), (1000, 1000, 0), (40, 3))
    surface = np.repeat([0, 1], 20)
    east = points[:, 0] > 0
    points[:, 2] = -300.0 + 100.0 * surface - 80.0 * east

    def hanging(places):
        return (places[:, :1] > 0).astype(float)

    up = np.array([[0.0, 0.0, 1.0]])
    field = fit(Constraints(points, surface, points[:1], up), drift=hanging)
    npt.assert_allclose(field.steps, [80.0], atol=1e-8)
    npt.assert_allclose(field.levels, [0.0, 100.0], atol=1e-8)
    west_only = Constraints(points[~east], surface[~east], points[:1], up)
    npt.assert_array_equal(fit(west_only, drift=hanging).steps, [0.0])


def test_multipliers_are_those_of_brute_force():
    """½ μᵀSμ + μᵀw over μ ≥ 0 has the same least value as a general optimiser finds."""
    random = np.random.default_rng(7)
    root = random.normal(size=(6, 6))
    covariance, slack = root @ root.T, random.normal(size=6)
    found = multipliers(covariance, slack)
    other = minimize(
        lambda trial: trial @ covariance @ trial / 2 + trial @ slack, np.ones(6),
        jac=lambda trial: covariance @ trial + slack, bounds=[(0, None)] * 6, tol=1e-14,
    )  # fmt: skip
    npt.assert_allclose(found, other.x, atol=1e-5)
    left = covariance @ found + slack
    assert left.min() > -1e-10
    npt.assert_allclose(found * left, 0.0, atol=1e-10)


def test_inequalities_hold_and_those_met_change_nothing():
    """Bounds that the field breaks are met, on their surface; the energy is least: idle bounds change nothing."""
    data = dome_data(15, 4)
    free = fit(data)
    random = np.random.default_rng(10)
    places = random.uniform(LOW, HIGH, (60, 3))
    bound = free.at(places) - free.levels[1]
    idle = data._replace(
        inequality_points=places, inequality_surface=np.ones(60, dtype=int), inequality_sign=np.sign(bound)
    )
    npt.assert_allclose(fit(idle).at(places), free.at(places), atol=1e-6)
    near = np.abs(bound) < 120.0
    forced = fit(idle._replace(inequality_sign=np.where(near, -1.0, 1.0) * np.sign(bound)))
    sides = np.where(near, -1.0, 1.0) * np.sign(bound) * (forced.at(places) - forced.levels[1])
    assert near.sum() > 5
    assert sides.min() > -1e-9 * 2500
    assert forced.misfit < 1e-8 * 2000
    npt.assert_array_equal(forced.unmet, np.zeros(60))


def test_soft_inequalities_do_not_bend_the_field():
    """Of 200 inequalities 10 are wrong: hard ones are all met, soft ones leave the dome twice as near."""
    data = dome_data(40, 6)
    random = np.random.default_rng(10)
    places = random.uniform(LOW, HIGH, (200, 3))
    sides = np.sign(dome(places) - 150.0) * np.where(np.arange(200) < 10, -1.0, 1.0)
    data = data._replace(
        inequality_points=places, inequality_surface=np.ones(200, dtype=int), inequality_sign=sides
    )
    there = on_dome(200, 150.0, random)
    hard, soft = (fit(data, inequality_nugget=nugget) for nugget in (0.0, 0.1))
    errors = [np.sqrt(np.mean((field.at(there) - field.levels[1]) ** 2)) for field in (hard, soft)]
    assert hard.unmet.max() == 0.0
    assert errors[1] < errors[0] / 2
    assert soft.unmet[:10].min() > 0.0
    assert soft.unmet[10:].max() < soft.unmet[:10].max()


def test_what_is_left_of_a_contradicted_inequality_is_told():
    """A place on the surface of known value 0 cannot lie above that of 50: 50 is left, the rest stays."""
    random = np.random.default_rng(2)
    points = random.uniform(LOW, HIGH, (20, 3))
    surface = np.repeat([0, 1], 10)
    points[:, 2] = np.array([0.0, 50.0])[surface]
    data = Constraints(points, surface, points[:1], [[0.0, 0.0, 1.0]], levels=[0.0, 50.0])
    field = fit(
        data._replace(inequality_points=points[[3, 15]], inequality_surface=[1, 0], inequality_sign=[1, 1])
    )
    npt.assert_allclose(field.unmet, [50.0, 0.0], atol=1e-6)
    npt.assert_allclose(field.at(points), points[:, 2], atol=1e-6)


def test_a_nugget_smooths_noise():
    """With 10 m of noise a nugget brings the field nearer to the truth than the noise, and less bent."""
    data = dome_data(100, 10)
    noisy = data._replace(points=data.points + [0, 0, 1] * np.random.default_rng(1).normal(0, 10, (200, 1)))
    places = on_dome(200, 0.0, np.random.default_rng(12))
    exact, smooth = (fit(noisy, nugget=nugget, gradient_nugget=1e-3 * bool(nugget)) for nugget in (0.0, 0.01))
    errors = [np.sqrt(np.mean((field.at(places) - field.levels[0]) ** 2)) for field in (exact, smooth)]
    assert errors[1] < 6.0 < errors[0]
    per_datum = fit(noisy, nugget=np.full(200, 0.01), gradient_nugget=1e-3)
    npt.assert_allclose(per_datum.at(places), smooth.at(places), atol=1e-6)


def test_doubled_data_count_once():
    """Doubled contacts and orientations, to the bit or within a micrometre, change nothing."""
    data = dome_data(20, 6)
    hair = np.random.default_rng(0).uniform(-1e-6, 1e-6, (40, 3))
    doubled = Constraints(
        np.concatenate([data.points, data.points + hair]), np.tile(data.surface, 2),
        np.concatenate([data.orientation_points] * 2), np.concatenate([data.gradients] * 2),
        tangent_points=data.orientation_points[:2], tangents=np.cross(data.gradients[:2], [0.0, 1.0, 0.0]),
    )  # fmt: skip
    places = np.random.default_rng(6).uniform(LOW, HIGH, (20, 3))
    npt.assert_allclose(fit(doubled).at(places), fit(data).at(places), atol=1e-3)


def test_orientations_at_one_place_keep_their_length():
    """Two of length 2, 60° apart, are one between them of length 2, not of 2 cos 30° = 1.73."""
    half = np.radians(30.0)
    given = Constraints(
        np.zeros((1, 3)), np.zeros(1, int), np.zeros((2, 3)),
        2 * np.array([[np.sin(half), 0, np.cos(half)], [-np.sin(half), 0, np.cos(half)]]),
    )  # fmt: skip
    kept = merged(checked(given), np.zeros(1), Frame(np.zeros(3), 1.0))[0]
    npt.assert_allclose(kept.gradients, [[0.0, 0.0, 2.0]], atol=1e-15)


def test_close_contacts_are_still_solved():
    """Contacts a few centimetres from others make a nearly singular matrix, and are honoured to 1e-6."""
    data = dome_data(150, 20)
    points = data.points[:100] + np.array([0.05, 0.0, 0.0])
    points[:, 2] -= dome(points)
    points = points[data.surface[:100] == 0]
    more = np.concatenate([data.points, points])
    field = fit(data._replace(points=more, surface=np.append(data.surface, np.zeros(len(points), dtype=int))))
    assert field.misfit < 1e-6 * 2000


PLACE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0], [2.0, 8.0, 1.0], [5.0, 1.0, 2.0], [3.0, 3.0, 3.0]])
UP = np.array([[0.0, 0.0, 1.0]])
FLAT = np.zeros(5, dtype=int)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Constraints(), "neither contacts nor orientations"),
        (Constraints(PLACE, FLAT), "which side is younger"),
        (Constraints(PLACE, FLAT, PLACE[:1], 0 * UP), "no direction"),
        (Constraints(np.where(PLACE == 8, np.nan, PLACE), FLAT, PLACE[:1], UP), "not finite"),
        (Constraints(PLACE, FLAT[:3], PLACE[:1], UP), "5 places but 3"),
        (Constraints(PLACE, FLAT - 1, PLACE[:1], UP), "numbered from 0"),
        (Constraints(PLACE, FLAT + 1, PLACE[:1], UP), "surface 0 has no contact"),
        (Constraints(PLACE, FLAT, PLACE[:1], UP, PLACE[:1], [0], [0]), "above .1. or below"),
        (Constraints(PLACE[[0, 0]], [0, 1], PLACE[:1], UP), "surfaces 0 and 1 have a contact at one place"),
        (Constraints(PLACE, FLAT, PLACE[[0, 0]], np.concatenate([UP, -UP])), "point opposite ways"),
        (Constraints(UP * np.arange(4)[:, None], [0, 0, 1, 1], levels=[0, 1]), "one plane or line"),
        (Constraints(PLACE, FLAT, levels=[0.0, 1.0]), "which side is younger"),
        (Constraints(np.arange(60_003.0).reshape(-1, 3), np.zeros(20_001, dtype=int), PLACE[:1], UP), "too many"),
        (Constraints(PLACE, FLAT, PLACE[:1], UP, levels=[0.0, 1.0, 2.0])._replace(surface=FLAT + 3), "3 levels"),
    ],
)  # fmt: skip
def test_what_cannot_be_solved_is_refused_by_name(bad, words):
    """Data that are no numbers, contradict each other or leave the field open say so."""
    with pytest.raises(ValueError, match=words):
        fit(bad)
    with pytest.raises(ValueError, match="nugget"):
        fit(Constraints(PLACE, FLAT, PLACE[:1], UP), nugget=-1.0)


def test_one_contact_and_one_orientation_are_a_plane():
    """The least data that fix a field give the plane through the contact."""
    field = fit(Constraints(PLACE[:1], [0], PLACE[1:2], UP))
    npt.assert_allclose(field.at(PLACE), PLACE[:, 2] - PLACE[0, 2], atol=1e-12)


class Wavy:
    """A fault surface x + z/2 = 40 sin(y/300) that grows into the hanging wall."""

    def at(self, places):
        """Values."""
        return places[:, 0] + places[:, 2] / 2 - 40 * np.sin(places[:, 1] / 300)

    def gradient(self, places):
        """Gradients."""
        return np.stack(
            [np.ones(len(places)), -40 / 300 * np.cos(places[:, 1] / 300), np.full(len(places), 0.5)], axis=-1
        )


SLIP = 120.0 * np.array([1.0, 0.0, -2.0]) / np.sqrt(5)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_finite_fault_is_undone(share):
    """Restoring what was displaced gives back each place to 1e-4 m; values of the fault's field stay."""
    fault = Fault(Wavy(), 0.0, SLIP, np.zeros(3), np.array([900.0, 600.0, 500.0]), share)
    places = np.random.default_rng(3).uniform(-800, 800, (300, 3))
    after = displaced(fault, places)
    npt.assert_allclose(restored(fault, after), places, atol=1e-4)
    npt.assert_allclose(Wavy().at(after), Wavy().at(places), atol=1e-4)
    npt.assert_array_equal(is_hanging(fault, after), is_hanging(fault, places))
    assert np.linalg.norm(after - places, axis=1).max() > 40.0


def test_slip_of_a_finite_fault_is_its_profile():
    """Beside the surface walls part by the slip at the centre, by less off it, by nothing from the tip on."""
    fault = Fault(Wavy(), 0.0, SLIP / 100, np.zeros(3), np.array([900.0, 600.0, 500.0]), 0.3)
    off = np.array([[1e-6, 0.0, 0.0]])
    parted = [
        np.linalg.norm(displaced(fault, place + off) - displaced(fault, place - off) - 2 * off)
        for place in np.array([[0.0, 0, 0], [40 * np.sin(1.5), 450, 0], [40 * np.sin(4.0), 1200, 0]])
    ]
    ratio = 450 / 900 * 0.99
    expected = 2 * (1 - ratio) * np.sqrt(((1 + ratio) / 2) ** 2 - ratio**2)
    npt.assert_allclose(parted[0], 1.2, rtol=1e-3)
    npt.assert_allclose(parted[1], 1.2 * expected, rtol=0.03)
    assert parted[2] < 1e-12
    far = np.array([[700.0, 0.0, 0.0]])
    npt.assert_array_equal(displaced(fault, far), far)


def test_without_half_axes_a_rigid_block_moves():
    """The limit of no decay moves the hanging wall by the slip vector and nothing else."""
    places = np.random.default_rng(3).uniform(-800, 800, (50, 3))
    moved = displaced(Fault(Wavy(), 0.0, SLIP), places) - places
    npt.assert_allclose(moved, np.where(Wavy().at(places) > 0, 1, 0)[:, None] * SLIP, atol=1e-12)


@pytest.mark.parametrize(
    ("rake", "expected"),
    [
        (-90.0, [5.0, 0.0, -5 * np.sqrt(3)]),
        (90.0, [-5.0, 0.0, 5 * np.sqrt(3)]),
        (0.0, [0.0, 10.0, 0.0]),
        (180.0, [0.0, -10.0, 0.0]),
    ],
)
def test_slip_vectors_of_the_four_kinds_of_fault(rake, expected):
    """A plane dipping 60° to the east: normal, reverse, left and right lateral slip of 10 m."""
    npt.assert_allclose(slip_vector(60.0, 90.0, 10.0, rake=rake), expected, atol=1e-12)
