"""The partitioned field against functions known in closed form, and against the dense field."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import implicit_field
from craton.kernels.partition_field import Constraints, Lattice, Settings, fit_partition, fit_values

SMALL = Settings(limit=80, coarse=150)
CUBE = Lattice(np.zeros(3), 1000.0)


def scattered(count, seed=0, side=1000.0):
    """Places in a cube."""
    return np.random.default_rng(seed).uniform(0.0, side, (count, 3))


def wave(places):
    """A smooth function whose waves are some 1,500 m long."""
    return np.sin(places[:, 0] / 250.0) * np.cos(places[:, 1] / 300.0) + 0.5 * np.sin(places[:, 2] / 200.0)


def folded(count, seed=0):
    """Contacts on two folded surfaces 150 m apart, and normals at a tenth of them."""
    random = np.random.default_rng(seed)
    plan = random.uniform(0.0, 1000.0, (count, 2))
    surface = np.arange(count) % 2
    height = 400.0 + 150.0 * surface + fold(plan)
    points = np.column_stack([plan, height])
    some = points[: count // 10]
    slopes = np.column_stack(
        [
            -60.0 / 180.0 * np.cos(some[:, 0] / 180.0),
            40.0 / 220.0 * np.sin(some[:, 1] / 220.0),
            np.ones(len(some)),
        ]
    )
    return Constraints(points, surface, some, slopes / np.linalg.norm(slopes, axis=1, keepdims=True))


def fold(plan):
    """Height of the fold over its mean."""
    return 60.0 * np.sin(plan[:, 0] / 180.0) + 40.0 * np.cos(plan[:, 1] / 220.0)


@pytest.fixture(scope="module")
def fold_field():
    """Field of 1,500 contacts in patches over a coarse field of 150."""
    return fit_partition(folded(1500), lattice=CUBE, settings=SMALL)


@pytest.fixture(scope="module")
def wave_field():
    """Field of 2,000 values."""
    places = scattered(2000)
    return fit_values(places, wave(places), lattice=CUBE, settings=Settings(limit=80, smooth=2))


def test_plane():
    """A linear function is the field of its values, and of contacts and one normal, to rounding, far off too."""
    places, far = scattered(500), scattered(50, 1, 4000.0)
    slopes = np.array([0.3, -0.2, 0.9])
    npt.assert_allclose(fit_values(places, places @ slopes, settings=SMALL).at(far), far @ slopes, atol=1e-8)
    given = Constraints(
        places - np.outer(places @ slopes - 100.0 * (np.arange(500) % 3), slopes) / (slopes @ slopes),
        np.arange(500) % 3,
        places[:1],
        slopes[np.newaxis],
    )
    field = fit_partition(given, settings=SMALL)
    npt.assert_allclose(field.at(far) - field.levels[0], far @ slopes, atol=1e-6)
    npt.assert_allclose(np.diff(field.levels), 100.0, atol=1e-8)
    npt.assert_allclose(field.gradient(far), np.tile(slopes, (50, 1)), atol=1e-8)


@pytest.mark.parametrize(("smooth", "order"), [(1, 1.8), (2, 2.6)])
def test_error_falls_with_distance_of_data(smooth, order):
    """With 8 times the data, at half the distance, the error falls with the order of the patches.

    They hold a fixed number of data, and reproduce planes and, with smoothness 2, quadratic functions as
    nearly as their kernel is flat: second and third order; the rest is left to chance in the places.
    """
    inner = 200.0 + 0.6 * scattered(2000, 9)
    errors = []
    for count in (300, 2400):
        places = scattered(count, 2)
        field = fit_values(places, wave(places), lattice=CUBE, settings=Settings(smooth=smooth))
        errors.append(np.sqrt(np.mean((field.at(inner) - wave(inner)) ** 2)))
    assert errors[0] / errors[1] > 2.0**order


def test_as_the_dense_field(fold_field):
    """On 1,500 contacts the surfaces lie where the dense field has them: 0.2 m of 60 m, contacts to rounding."""
    given = folded(1500)
    npt.assert_allclose(fold_field.at(given.points), fold_field.levels[given.surface], atol=1e-5)
    npt.assert_allclose(fold_field.gradient(given.orientation_points), given.gradients, atol=1e-7)
    plan = 100.0 + 0.8 * scattered(500, 5)[:, :2]
    surface = np.column_stack([plan, 400.0 + fold(plan)])
    dense = implicit_field.fit(given)
    off = [
        (field.at(surface) - field.levels[0]) / np.linalg.norm(field.gradient(surface), axis=1)
        for field in (fold_field, dense)
    ]
    npt.assert_allclose(off[0], 0.0, atol=0.5)
    assert np.sqrt(np.mean((off[0] - off[1]) ** 2)) < 0.2


def test_gradient_and_seams(fold_field, wave_field):
    """The gradient is that of the values, across the faces of boxes too, where neither has a step."""
    step = 1e-3
    for field in (fold_field, wave_field):
        boxes = field.boxes
        face = CUBE.side * boxes.corners[np.diff(boxes.starts) > 20][:100]
        face += np.array([0.0, 17.0, 23.0])
        for axis in range(3):
            ahead, behind = face.copy(), face.copy()
            ahead[:, axis] += step
            behind[:, axis] -= step
            slope = (field.at(ahead) - field.at(behind)) / (2 * step)
            npt.assert_allclose(slope, field.gradient(face)[:, axis], atol=2e-5)
            npt.assert_allclose(field.gradient(ahead), field.gradient(behind), atol=1e-3)


def test_update_to_the_bit(fold_field):
    """One borehole more: equal to a fit from scratch to the bit, and to the field before outside what it tells."""
    given = folded(1500)
    hole = np.array([[480.0, 520.0, 402.0], [480.0, 520.0, 548.0]])
    more = given._replace(
        points=np.concatenate([hole, given.points]), surface=np.concatenate([[0, 1], given.surface])
    )
    updated, changed = fold_field.updated(more)
    anew = fit_partition(more, lattice=CUBE, settings=SMALL, coarse=fold_field.coarse)
    places = np.concatenate([scattered(3000, 6), hole])
    npt.assert_array_equal(updated.at(places), anew.at(places))
    inside = ((places[:, np.newaxis] >= changed[:, 0]) & (places[:, np.newaxis] <= changed[:, 1])).all(axis=2)
    inside = inside.any(axis=1)
    npt.assert_array_equal(updated.at(places[~inside]), fold_field.at(places[~inside]))
    assert 0.01 < inside.mean() < 0.5
    npt.assert_allclose(updated.at(hole), updated.levels, atol=1e-6)
    back, _ = updated.updated(given)
    npt.assert_array_equal(back.at(places), fold_field.at(places))
    assert len(fold_field.updated(given)[1]) == 0


def test_order_of_data(fold_field, wave_field):
    """Data in another order give the same field to the bit, contacts and values."""
    given = folded(1500)
    turned = Constraints(
        given.points[::-1], given.surface[::-1], given.orientation_points[::-1], given.gradients[::-1]
    )
    places = scattered(500, 7)
    again = fit_partition(turned, lattice=CUBE, settings=SMALL)
    npt.assert_array_equal(again.at(places), fold_field.at(places))
    back = scattered(2000)[::-1]
    values = fit_values(back, wave(back), lattice=CUBE, settings=Settings(limit=80, smooth=2))
    npt.assert_array_equal(values.at(places), wave_field.at(places))


def test_noise_is_smoothed():
    """With noise of 0.2 a nugget brings the error below half of it, without one the values are met."""
    places = scattered(3000, 3)
    values = wave(places) + 0.2 * np.random.default_rng(4).normal(size=3000)
    inner = 150.0 + 0.7 * scattered(500, 8)
    exact = fit_values(places, values, settings=SMALL)
    near = fit_values(places, values, settings=SMALL, nugget=0.01)
    npt.assert_allclose(exact.at(places), values, atol=1e-6)
    errors = [np.std(field.at(inner) - wave(inner)) for field in (exact, near)]
    assert errors[1] < 0.1 < errors[0]


def test_repeated_data():
    """A datum given twice counts once; two values of one place are refused, or averaged where there is noise."""
    places = scattered(300)
    values = wave(places)
    once = fit_values(places, values, settings=SMALL)
    twice = fit_values(np.tile(places, (2, 1)), np.tile(values, 2), settings=SMALL)
    npt.assert_allclose(twice.at(scattered(50, 1)), once.at(scattered(50, 1)), atol=1e-9)
    both = np.concatenate([places, places[:1]]), np.append(values, values[0] + 2.0)
    with pytest.raises(ValueError, match="1 places have exact contacts"):
        fit_values(*both, settings=SMALL)
    mean = fit_values(*both, settings=SMALL, nugget=1e-9).at(places[:1])
    npt.assert_allclose(mean, values[0] + 1.0, atol=1e-2)


def test_boreholes():
    """Samples on vertical lines, 2.5 m apart with 200 m between lines: met, and between them near the truth."""
    plan = 100.0 + 200.0 * np.stack(np.meshgrid(np.arange(5), np.arange(5)), -1).reshape(-1, 2)
    places = np.column_stack([np.repeat(plan, 40, axis=0), np.tile(np.linspace(450.0, 550.0, 40), 25)])
    field = fit_values(places, wave(places), lattice=CUBE, settings=Settings(limit=100, smooth=1))
    npt.assert_allclose(field.at(places), wave(places), atol=2e-4)
    between = np.column_stack([200.0 + 0.6 * scattered(100, 1)[:, :2], np.full(100, 500.0)])
    assert np.abs(field.at(between) - wave(between)).max() < 0.05


def test_boxes_are_bounded():
    """However dense a cluster, no patch holds more than its limit, so that memory grows with the data."""
    random = np.random.default_rng(5)
    places = np.concatenate([scattered(500), 500.0 + 1e-3 * random.normal(size=(2000, 3))])
    field = fit_values(places, wave(places), settings=SMALL)
    assert np.diff(field.boxes.starts).max() == SMALL.limit
    npt.assert_allclose(field.at(places), wave(places), atol=1e-3)


def test_inequalities():
    """Places that must be above a surface are, and data far from them see none of it."""
    given = folded(1500)
    places = np.array([[500.0, 500.0, 380.0], [520.0, 480.0, 400.0]])
    places[:, 2] += fold(places[:, :2])
    held = given._replace(
        inequality_points=places, inequality_surface=np.zeros(2, int), inequality_sign=np.ones(2)
    )
    free = fit_partition(given, lattice=CUBE, settings=SMALL)
    field = fit_partition(held, lattice=CUBE, settings=SMALL, coarse=free.coarse)
    assert (free.at(places) < free.levels[0] + 1e-3).any()
    assert (field.at(places) >= field.levels[0] - 1e-6).all()
    npt.assert_allclose(field.at(given.points), field.levels[given.surface], atol=1e-4)


def test_steps():
    """A step function, as a fault has it, is taken up by coarse field and patches, also where its height varies."""
    places = scattered(1500, 2)
    values = wave(places) + np.where(places[:, 0] > 500.0, 1.0 + places[:, 1] / 1000.0, 0.0)
    given = Constraints(places, np.arange(1500), levels=values)

    def beyond(at):
        return (at[:, :1] > 500.0).astype(float)

    inner = 150.0 + 0.7 * scattered(400, 3)
    truth = wave(inner) + np.where(inner[:, 0] > 500.0, 1.0 + inner[:, 1] / 1000.0, 0.0)
    stepped, plain = (fit_partition(given, drift=drift, settings=SMALL).at(inner) for drift in (beyond, None))
    errors = [np.sqrt(np.mean((found - truth) ** 2)) for found in (stepped, plain)]
    assert errors[0] < 0.35 * errors[1]


def test_refusals(fold_field):
    """What cannot be solved is refused by name."""
    with pytest.raises(ValueError, match="finite"):
        fit_values(np.full((2, 3), np.nan), np.zeros(2))
    with pytest.raises(ValueError, match="0 places"):
        fit_values(np.empty((0, 3)), np.empty(0))
    with pytest.raises(ValueError, match="surface 5 is not in the coarse field"):
        fold_field.updated(Constraints(np.zeros((1, 3)), np.array([5])))
    with pytest.raises(ValueError, match="too small"):
        fit_values(scattered(10), np.ones(10), lattice=Lattice(np.zeros(3), 0.1))
    one = fit_values(np.zeros((1, 3)), np.ones(1))
    npt.assert_allclose(one.at(scattered(3)), 1.0)
