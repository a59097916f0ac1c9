"""Prisms: another program, wider numbers, limits on corners, edges and faces, and the laws of the field."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import constants, sources
from craton.kernels.prism import gradients, gravity

BOX = np.array([[-250.0, 150.0, -400.0, 300.0, -700.0, -120.0]])
BOXES = np.array([*BOX, [500.0, 900.0, -100.0, 700.0, -1500.0, -300.0]])
DENSITY = np.array([350.0, -200.0])
STATIONS = np.array(
    [[0.0, 800.0, -1200.0, 150.0, 0.0], [0.0, 350.0, 600.0, -400.0, 0.0], [10.0, 0.0, 250.0, -120.0, -500.0]]
)
"""Above, over the other, aside, on a corner of the first, inside the first."""

PEER_GRAVITY = [
    [-0.481410070513014, -0.167143732549487, 0.0491477702526271, -1.28167008063369, -1.24812141811837],
    [-0.22933811433862, -0.0826866501124568, -0.0603543187137367, 1.05497067308659, -0.478611147189348],
    [-1.59370236270807, 0.668489972047435, -0.0270594116444312, -1.00001809067049, 0.964182546290002],
]
"""mGal to the east, north and up, by harmonica 0.7.0 (choclo 0.3.2), `prism_gravity`."""

PEER_TENSOR = [
    [-46.1156106897711, 15.7917322006385, 0.457716250812108],
    [-23.9212227539775, 7.03197838313746, -0.102385065089459],
    [70.0368334437486, -22.823710583776, -0.355331185722647],
    [-1.10163191346068, 2.74971193250605, -1.00536478674323],
    [17.3646133760425, -2.352373032409, -0.663022164045769],
    [6.49209078758423, -0.118378852994825, 0.558358946456666],
]
"""Eötvös at the first three stations with up for down, by the same."""

PEER_MAGNETIC = [
    [-483.928886302022, 80.2474389703873, 2.93112981382866],
    [-293.294480117047, 76.6626035670589, -14.2945239679475],
    [-783.837192497452, 446.444239699626, 1.22525619765914],
]
"""nT to the east, north and up, by `prism_magnetic` of the same."""

MAGNETISATION = np.array([[1.2, 2.0, -3.0], [0.3, -1.0, 2.5]])


def all_axes(stations, boxes, density):
    """Attraction (3, m) in mGal."""
    return np.stack([gravity(stations, boxes, density, axis=axis) for axis in range(3)]) * constants.MGAL


def tensor(stations, boxes):
    """Tensor (6, m) for density 1 and G = 1."""
    return gradients(stations, boxes, np.tile(np.eye(6), (len(boxes), 1, 1)))


def scattered(count=400, seed=5):
    """Stations in, on the level of, and around the box."""
    return np.random.default_rng(seed).uniform(-1000, 800, (3, count))


def inside(stations):
    """Whether stations are in the box."""
    low, high = BOX[0, ::2, None], BOX[0, 1::2, None]
    return ((stations > low) & (stations < high)).all(axis=0)


def test_the_attraction_is_that_of_another_program():
    """To 1e-10 mGal, outside, inside and on a corner; below 6e-11 of G of it is in the constants' last digit."""
    npt.assert_allclose(all_axes(STATIONS, BOXES, DENSITY), PEER_GRAVITY, rtol=0, atol=1e-10)


def test_gradients_and_magnetic_field_are_those_of_another_program():
    """To ten digits."""
    found = gradients(STATIONS[:, :3], BOXES, sources.gradient_weights(DENSITY)) * constants.EOTVOS
    npt.assert_allclose(found, PEER_TENSOR, rtol=0, atol=1e-9)
    found = gradients(STATIONS[:, :3], BOXES, sources.magnetic_weights(MAGNETISATION)) * constants.NANOTESLA
    npt.assert_allclose(found, PEER_MAGNETIC, rtol=1e-8)


def corner_sum(stations):
    """Attraction upward of the box in 80-bit numbers, one logarithm and arctangent a corner (Nagy 2000)."""
    total = np.zeros(stations.shape[1], dtype=np.longdouble)
    wide, box = stations.astype(np.longdouble), BOX[0].astype(np.longdouble)
    for i, j, k in np.ndindex(2, 2, 2):
        x, y, z = box[i] - wide[0], box[2 + j] - wide[1], box[4 + k] - wide[2]
        r = np.sqrt(x * x + y * y + z * z)
        sign = (-1) ** (i + j + k + 1)
        total -= sign * (x * np.log(y + r) + y * np.log(x + r) - z * np.arctan(x * y / (z * r)))
    return total


@pytest.mark.parametrize("reach", [1.0, 30.0, 1000.0])
def test_the_attraction_is_the_sum_over_corners_in_wider_numbers(reach):
    """To 1e-10 mGal for 1000 kg/m³, near and a thousand sizes away."""
    stations = scattered() * reach
    found = gravity(stations, BOX, [1000.0]) * constants.MGAL
    expected = corner_sum(stations) * constants.GRAVITATIONAL * 1000.0 * constants.MGAL
    npt.assert_allclose(found, expected.astype(float), rtol=0, atol=1e-10)


def singular_places():
    """The eight corners, and middles of the twelve edges and six faces of the box."""
    marks = np.array(np.meshgrid([0, 1, 2], [0, 1, 2], [0, 1, 2])).reshape(3, -1)
    marks = marks[:, (marks != 1).any(axis=0)]
    ends = np.stack([BOX[0, ::2], BOX[0, ::2] * 0.5 + BOX[0, 1::2] * 0.5, BOX[0, 1::2]])
    return np.stack([ends[marks[axis], axis] for axis in range(3)]), (marks != 1).sum(axis=0)


def test_the_attraction_goes_on_through_corners_edges_and_faces():
    """On them it differs from 1 micrometre away by less than 1e-5 mGal for 1000 kg/m³ (4πGρ is 8e-8 mGal a µm)."""
    stations, _sides = singular_places()
    at = all_axes(stations, BOX, [1000.0])
    assert np.isfinite(at).all()
    for way in np.random.default_rng(6).normal(size=(5, 3, 1)):
        near = all_axes(stations + 1e-6 * way, BOX, [1000.0])
        npt.assert_allclose(at, near, rtol=0, atol=1e-5)


def test_on_the_lines_of_edges_beyond_the_box_all_is_finite():
    """A logarithm of 0/0 there would be a ratio of the ends."""
    stations = np.array([[150.0, 150.0, 900.0], [-400.0, -900.0, 300.0], [500.0, -120.0, -120.0]])
    near = stations + 1e-7
    npt.assert_allclose(all_axes(stations, BOX, [1000.0]), all_axes(near, BOX, [1000.0]), rtol=0, atol=1e-8)
    npt.assert_allclose(tensor(stations, BOX), tensor(near, BOX), rtol=0, atol=1e-8)


def test_the_tensor_has_its_outer_limit_on_faces_and_none_on_edges():
    """On a face all parts equal those 1e-7 m outside to 1e-6; on edges and corners they are NaN."""
    stations, sides = singular_places()
    found = tensor(stations, BOX)
    assert np.isnan(found[:, sides > 1]).all()
    faces = stations[:, sides == 1]
    middle = (BOX[0, ::2] + BOX[0, 1::2])[:, None] / 2
    outward = (faces - middle) / np.linalg.norm(faces - middle, axis=0)
    npt.assert_allclose(found[:, sides == 1], tensor(faces + 1e-7 * outward, BOX), rtol=0, atol=1e-6)


def test_the_trace_is_zero_outside_and_that_of_poisson_inside():
    """V_ee + V_nn + V_uu = 0, or −4π (for G ρ = 1), to rounding."""
    stations = scattered(2000)
    assert inside(stations).any()
    npt.assert_allclose(tensor(stations, BOX)[:3].sum(axis=0), -4 * np.pi * inside(stations), atol=1e-13)


def test_the_tensor_is_the_derivative_of_the_attraction():
    """Central differences over 0.2 m agree to 1e-5 of the largest part."""
    stations = scattered(200)[:, :150]
    stations = stations[:, np.abs(stations[2] + 120) > 50]
    found = tensor(stations, BOX)
    for number, (along, across) in enumerate(sources.PAIRS):
        step = 0.1 * np.eye(3)[:, across, None]
        ends = [
            gravity(stations + sign * step, BOX, [1 / constants.GRAVITATIONAL], axis=along)
            for sign in (1, -1)
        ]
        npt.assert_allclose((ends[0] - ends[1]) / 0.2, found[number], rtol=0, atol=1e-5 * np.abs(found).max())


def test_parts_add_up_to_the_whole_inside_and_outside():
    """The box cut into eight: the same attraction and tensor, to rounding, away from the cuts."""
    cuts = np.array([-13.0, 77.0, -333.0])
    parts = []
    for i, j, k in np.ndindex(2, 2, 2):
        part = BOX[0].copy()
        for axis, end in enumerate((i, j, k)):
            part[2 * axis + 1 - end] = cuts[axis]
        parts.append(part)
    stations = scattered(500)
    whole, summed = (
        all_axes(stations, boxes, np.full(len(boxes), 1000.0)) for boxes in (BOX, np.array(parts))
    )
    npt.assert_allclose(summed, whole, rtol=0, atol=1e-11)
    npt.assert_allclose(tensor(stations, np.array(parts)), tensor(stations, BOX), rtol=0, atol=1e-12)


def test_a_wide_slab_attracts_like_a_layer():
    """2πGρt below, above and in its middle; 1000 km wide, the edges take 4e-4 of it."""
    slab = np.array([[-5e5, 5e5, -5e5, 5e5, -100.0, 0.0]])
    layer = 2 * np.pi * constants.GRAVITATIONAL * 2670 * 100
    stations = np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [1.0, 0.0, -50.0, -101.0]])
    npt.assert_allclose(
        gravity(stations, slab, [2670.0]), layer * np.array([-1, -1, 0, 1]), rtol=4e-4, atol=1e-6 * layer
    )


def test_far_away_it_is_a_point():
    """At 200 sizes the attraction is that of a point of its mass, and the tensor too, to 2e-5 of them."""
    stations = scattered(50) + np.array([[1e5], [4e4], [-7e4]])
    volume = 400.0 * 700.0 * 580.0
    away = np.array([[-50.0], [-50.0], [-410.0]]) - stations
    distance = np.linalg.norm(away, axis=0)
    found = all_axes(stations, BOX, [1.0])
    point = constants.GRAVITATIONAL * constants.MGAL * volume * away / distance**3
    npt.assert_allclose(found, point, rtol=0, atol=2e-5 * np.abs(point).max())
    parts = np.stack([3 * away[a] * away[b] for a, b in sources.PAIRS]) / distance**5
    parts[:3] -= 1 / distance**3
    npt.assert_allclose(
        tensor(stations, BOX), volume * parts, rtol=0, atol=2e-5 * volume * np.abs(parts).max()
    )


def test_reflections_change_signs_only():
    """Turned over along an axis, box and stations give the same field with that part's sign changed."""
    stations = scattered(100)
    plain = all_axes(stations, BOX, [1000.0])
    for axis in range(3):
        sign = np.where(np.arange(3) == axis, -1.0, 1.0)[:, None]
        turned = BOX.reshape(3, 2) * sign
        turned.sort(axis=1)
        found = all_axes(stations * sign, turned.reshape(1, 6), [1000.0])
        npt.assert_allclose(found, plain * sign, rtol=0, atol=1e-12)


def test_a_station_alone_gives_what_it_gives_among_many():
    """Bit for bit: neither blocks, threads nor vectors change a result."""
    random = np.random.default_rng(8)
    stations = scattered(400)
    low = random.uniform(-900, 700, (60, 3))
    boxes = np.stack([low, low + random.uniform(1, 300, (60, 3))], axis=2).reshape(60, 6)
    density = random.normal(0, 300, 60)
    many, weights = gravity(stations, boxes, density), sources.magnetic_weights(random.normal(size=(60, 3)))
    field = gradients(stations, boxes, weights)
    for one in (0, 127, 128, 199, 200, 399):
        alone = stations[:, one : one + 1]
        npt.assert_array_equal(gravity(alone, boxes, density)[0], many[one])
        npt.assert_array_equal(gradients(alone, boxes, weights)[:, 0], field[:, one])


def test_the_total_field_is_the_projection_of_the_parts():
    """Weights with a direction give direction · B."""
    direction = sources.unit_vector(35.0, -4.0)
    parts = gradients(STATIONS[:, :3], BOXES, sources.magnetic_weights(MAGNETISATION))
    total = gradients(STATIONS[:, :3], BOXES, sources.magnetic_weights(MAGNETISATION, direction))
    npt.assert_allclose(total[0], direction @ parts, rtol=1e-12)


def test_no_prisms_and_no_stations_give_nothing():
    """Empty arrays are fine."""
    npt.assert_array_equal(gravity(STATIONS, np.empty((0, 6)), []), np.zeros(5))
    assert gravity(np.empty((3, 0)), BOX, [1.0]).shape == (0,)
