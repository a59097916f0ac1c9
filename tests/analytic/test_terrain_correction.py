"""Terrain correction: rings, cones and planes in closed form, sums of prisms, the sphere, the sea."""

import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels.constants import GRAVITATIONAL, MGAL
from craton.kernels.gravity import MEAN_RADIUS, spherical_cap
from craton.kernels.terrain_correction import terrain_corrections
from craton.kernels.terrain_near import Settings, Stations, surface_at
from craton.kernels.terrain_relief import half_turns, meridian_places, relief_of

ROCK, WATER = 2670.0, 1027.0
ATTRACTION = GRAVITATIONAL * MGAL * ROCK
WGS84 = (6378137.0, 0.00669437999014)


def corrected(
    cells,
    axis,
    east,
    north,
    height,
    *,
    radius=1e7,
    curvature=0.0,
    smooth=True,
    on_ground=False,
    sea=True,
    depth=0.0,
):
    """Corrections and areas of stations over a square grid of metres."""
    east, north, height = (np.atleast_1d(np.asarray(one, float)) for one in (east, north, height))
    step, zero = axis[1] - axis[0], np.zeros(east.size)
    stations = Stations(
        (north - axis[0]) / step, (east - axis[0]) / step, np.column_stack([north, zero, east, zero]), height,
        zero + depth, zero + curvature,
    )  # fmt: skip
    settings = Settings(radius, ROCK, WATER, smooth, on_ground)
    return terrain_corrections(relief_of(cells, axis, axis, sea=sea), stations, settings)


def prism(x, y, depth):
    """Attraction over Gρ of prisms below a level (Nagy 1966), for edges x, y (n + 1,) around the station."""

    def over(z):
        total = np.zeros(depth.shape)
        for down in (0, 1):
            for right in (0, 1):
                a, b = np.meshgrid(x[right : right + depth.shape[1]], y[down : down + depth.shape[0]])
                r = np.sqrt(a**2 + b**2 + z**2)
                term = a * np.log(b + r) + b * np.log(a + r) - z * np.arctan2(a * b, z * r)
                total += term if down == right else -term
        return total

    return over(np.full(depth.shape, 1e-9)) - over(depth)


def summed_prisms(cells, axis, east, north, height):
    """Plain sum of the prisms of all cells, one by one, a centimetre off edges, where the formula has no value."""
    edges = np.append(axis, 2 * axis[-1] - axis[-2]) - (axis[1] - axis[0]) / 2 - 0.01
    return ATTRACTION * prism(edges - east, edges - north, np.abs(cells - height)).sum()


AXIS = 100.0 * np.arange(151)
EAST, NORTH = np.meshgrid(AXIS, AXIS)
HILLS = 800 + 300 * np.sin(EAST / 900) * np.cos(NORTH / 1200) + 80 * np.sin(EAST / 240 + NORTH / 310)


@pytest.mark.parametrize("radius", [2000.0, 4000.0])
@pytest.mark.parametrize("drop", [50.0, 400.0])
def test_a_plain_is_hammers_ring(radius, drop):
    """A plain `drop` below a station: 2πGρ (R + h − √(R² + h²)); the rim of cells costs 0.1 percent."""
    expected = 2 * np.pi * ATTRACTION * (radius + drop - np.hypot(radius, drop))
    found, area = corrected(np.zeros_like(HILLS), AXIS, 7510.0, 7480.0, drop, radius=radius)
    npt.assert_allclose(found, expected, rtol=1e-3)
    npt.assert_allclose(area, np.pi * radius**2, rtol=5e-3)


def test_the_difference_of_two_radii_is_a_hammer_zone():
    """2πGρ (r₂ − r₁ + √(r₁² + h²) − √(r₂² + h²)) for the ring from 2 to 4 km; 0.5 percent for its two rims."""
    inner, outer = (
        corrected(np.zeros_like(HILLS), AXIS, 7500.0, 7500.0, 200.0, radius=r)[0] for r in (2000, 4000)
    )
    expected = 2 * np.pi * ATTRACTION * (2000 + np.hypot(2000, 200) - np.hypot(4000, 200))
    npt.assert_allclose(outer - inner, expected, rtol=5e-3)


@pytest.mark.parametrize("slope", [0.1, 0.5, 1.5])
def test_a_cone_is_its_closed_form(slope):
    """At the top of a cone out to R: 2πGρR (1 − cos β). Bilinear cells of R/200 are steeper at the tip: 0.4 percent."""
    axis = 25.0 * np.arange(-202, 203)
    cone = 2000 - slope * np.hypot(*np.meshgrid(axis, axis))
    found, _area = corrected(cone, axis, 0.0, 0.0, 2000.0, radius=5000.0, sea=False)
    npt.assert_allclose(found, 2 * np.pi * ATTRACTION * 5000 * (1 - 1 / np.hypot(1, slope)), rtol=4e-3)


@pytest.mark.parametrize(("east", "north"), [(7500.0, 7500.0), (7537.0, 7421.0), (7550.0, 7550.0)])
def test_a_slope_is_the_same_wherever_the_station_stands(east, north):
    """On a plane of slope t, Gρ R ∫ (1 − 1/√(1 + t² cos² φ)) dφ, on, between and halfway cells; 0.1 percent."""
    plane = 1000 + 0.4 * EAST
    around = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    expected = ATTRACTION * 4000 * 2 * np.pi * np.mean(1 - 1 / np.sqrt(1 + (0.4 * np.cos(around)) ** 2))
    found, _area = corrected(plane, AXIS, east, north, 1000 + 0.4 * east, radius=4000.0)
    npt.assert_allclose(found, expected, rtol=1e-3)


def test_level_ground_needs_no_correction():
    """None at all, to 1e-9 mGal."""
    found, _area = corrected(
        np.full_like(HILLS, 350.0), AXIS, [7500.0, 20.0], [7500.0, 14000.0], [350.0, 350.0]
    )
    npt.assert_allclose(found, 0.0, atol=1e-9)


PLACES = np.array([[7500.0, 7500.0], [7533.0, 4021.0], [310.0, 14820.0], [12050.0, 650.0]])


def test_flat_cells_are_the_sum_of_all_prisms():
    """Each cell a prism: on and between cells, in the middle and at corners, within 0.005 mGal of 1.5 to 9."""
    heights = surface_at(HILLS, PLACES[:, 1] / 100, PLACES[:, 0] / 100) + 2.0
    found, area = corrected(HILLS, AXIS, *PLACES.T, heights, smooth=False)
    expected = [
        summed_prisms(HILLS, AXIS, *place, height) for place, height in zip(PLACES, heights, strict=True)
    ]
    npt.assert_allclose(found, expected, atol=5e-3)
    npt.assert_allclose(area, 15_100**2, rtol=1e-12)


def test_a_smooth_surface_is_the_plain_sum_over_rays():
    """Within 800 m, 240 rays of 1,000 steps on the bilinear surface give the same to 0.005 mGal of 5."""
    east, north = PLACES[1]
    height = float(surface_at(HILLS, np.array([north]) / 100, np.array([east]) / 100)[0])
    away, around = (np.arange(1000) + 0.5) * 0.8, 2 * np.pi * np.arange(240) / 240
    total = 0.0
    for angle in around:
        rows, columns = (north + away * np.sin(angle)) / 100, (east + away * np.cos(angle)) / 100
        slope = (surface_at(HILLS, rows, columns) - height) / away
        total += (1 - 1 / np.hypot(1, slope)).sum() * 0.8 * 2 * np.pi / 240
    found, _area = corrected(HILLS, AXIS, east, north, height, radius=800.0)
    npt.assert_allclose(found, ATTRACTION * total, atol=5e-3)


def test_the_order_and_direction_of_rows_and_columns_make_no_difference():
    """A grid from the north or from the east gives the same to 1e-3 mGal, as squares are cut elsewhere."""
    heights = surface_at(HILLS, PLACES[:, 1] / 100, PLACES[:, 0] / 100)
    expected, _area = corrected(HILLS, AXIS, *PLACES.T, heights)
    zero = np.zeros(4)
    for rows, columns in ((-1, 1), (1, -1)):
        flipped = HILLS[::rows, ::columns]
        relief = relief_of(np.ascontiguousarray(flipped), AXIS[::rows], AXIS[::columns])
        north = (PLACES[:, 1] - AXIS[::rows][0]) / (100 * rows)
        east = (PLACES[:, 0] - AXIS[::columns][0]) / (100 * columns)
        places = np.column_stack([PLACES[:, 1], zero, PLACES[:, 0], zero])
        stations = Stations(north, east, places, heights, zero, zero)
        found, _area = terrain_corrections(relief, stations, Settings(1e7, ROCK, WATER, True, False))
        npt.assert_allclose(found, expected, atol=1e-3)


def test_on_the_ground_the_relief_comes_to_the_station():
    """A station 5 m above a plain that stands on it has nearly no correction, a tower has that of the gap."""
    plain = np.full_like(HILLS, 100.0)
    standing, _area = corrected(plain, AXIS, 7520.0, 7470.0, 105.0, on_ground=True)
    tower, _area = corrected(plain, AXIS, 7520.0, 7470.0, 105.0)
    npt.assert_allclose(tower, 2 * np.pi * ATTRACTION * 5.0, rtol=1e-2)
    assert 0 < standing[0] < 0.06 * tower[0]


SHELL = 2000.0


@pytest.mark.parametrize("rise", [0.0, 2000.0])
def test_on_the_earth_a_plateau_is_a_cap(rise):
    """A plateau of 2 km seen from sea level, or the plain seen from 2 km: the difference of two caps.

    From the level of the station to the relief lies a shell, which pulls like `spherical_cap`; out to 166.735 km,
    on cells of 2 km, the rim costs 0.2 percent.
    """
    axis = 2000.0 * np.arange(-100, 101)
    level = np.full((201, 201), SHELL - rise)
    found, _area = corrected(
        level, axis, 0.0, 0.0, rise, radius=166_735.0, curvature=1 / MEAN_RADIUS, sea=False
    )
    station = MEAN_RADIUS + rise
    shell = spherical_cap(station, *sorted((station, MEAN_RADIUS + SHELL - rise)), ROCK)
    expected = shell if rise else -shell
    npt.assert_allclose(found, expected, rtol=2e-3)


def test_degrees_are_the_same_ground_as_metres():
    """A hill drawn on a grid of degrees at 60° N and on one of metres around the station: 0.3 percent of 3 mGal."""
    latitude, longitude = 60 + np.arange(-60, 61) / 1200, 10 + np.arange(-120, 121) / 1200
    phi = np.radians(60.0)
    normal = WGS84[0] / np.sqrt(1 - WGS84[1] * np.sin(phi) ** 2)
    meridian = normal * (1 - WGS84[1]) / (1 - WGS84[1] * np.sin(phi) ** 2)

    def hill(east, north):
        return 300 + 700 * np.exp(-((east - 900) ** 2 + (north + 700) ** 2) / 1500**2)

    north, east = meridian * np.radians(latitude - 60), normal * np.cos(phi) * np.radians(longitude - 10)
    cells = hill(*np.meshgrid(east, north))
    places = np.column_stack([meridian_places(np.array([60.0]), WGS84), half_turns(np.array([10.0]))])
    one, zero = np.array([0.0]), np.array([0.0])
    height = np.array([float(hill(0.0, 0.0))])
    stations = Stations(np.array([60.0]), np.array([120.0]), places, height, zero, one)
    relief = relief_of(cells, latitude, longitude, ellipsoid=WGS84)
    found, _area = terrain_corrections(relief, stations, Settings(4500.0, ROCK, WATER, True, False))
    axis = 50.0 * np.arange(-110, 111)
    expected, _area = corrected(hill(*np.meshgrid(axis, axis)), axis, 0.0, 0.0, height, radius=4500.0)
    npt.assert_allclose(found, expected, rtol=3e-3)


def test_the_sea_is_water_in_place_of_rock():
    """A flat sea of 1 km around a station at 50 m: rock of 50 m is missing above, and rock less water below.

    2πG [ρ T(50) + (ρ − ρw) (T(1050) − T(50))] with T(h) = R + h − √(R² + h²); 0.2 percent for the rim.
    """
    found, _area = corrected(np.full_like(HILLS, -1000.0), AXIS, 7500.0, 7500.0, 50.0, radius=5000.0)

    def disc(height):
        return 2 * np.pi * ATTRACTION * (5000 + height - np.hypot(5000, height))

    expected = disc(50) + (ROCK - WATER) / ROCK * (disc(1050) - disc(50))
    npt.assert_allclose(found, expected, rtol=2e-3)
    dry, _area = corrected(np.full_like(HILLS, -1000.0), AXIS, 7500.0, 7500.0, 50.0, radius=5000.0, sea=False)
    npt.assert_allclose(dry, disc(1050), rtol=2e-3)


@pytest.mark.parametrize("smooth", [True, False])
def test_the_depth_is_measured_from_the_station_down(smooth):
    """8 m above the sea over a floor at −1000 m, the plate holds 8 m of water more than there is: a disc of it."""
    found, area = corrected(
        np.full_like(HILLS, -1000.0), AXIS, 7500.0, 7500.0, 8.0, depth=1008.0, radius=5000.0, smooth=smooth
    )
    rim = np.sqrt(area / np.pi)
    disc = 2 * np.pi * GRAVITATIONAL * MGAL * WATER * (8.0 + rim - np.hypot(rim, 8.0))
    npt.assert_allclose(found, disc, rtol=2e-3)


def test_a_ship_over_a_flat_sea_needs_none_and_land_beside_it_counts():
    """With its own depth the sea is level; a coast has rock above and below, both of which the plate lacks."""
    flat, _area = corrected(
        np.full_like(HILLS, -1000.0), AXIS, 7500.0, 7500.0, 0.0, depth=1000.0, radius=5000.0
    )
    npt.assert_allclose(flat, 0.0, atol=1e-9)
    coast = np.where(EAST > 9000, 500.0, -1000.0)
    found, _area = corrected(coast, AXIS, 7500.0, 7500.0, 0.0, depth=1000.0, radius=5000.0, smooth=False)
    step = 100.0
    east, north = EAST - 7500, NORTH - 7500
    inside = (np.hypot(east, north) <= 5000) & (EAST > 9000)
    distance = np.hypot(east, north)[inside]
    column = step**2 * (1 / distance - 1 / np.hypot(distance, 500.0))
    plate = step**2 * (1 / distance - 1 / np.hypot(distance, 1000.0))
    expected = GRAVITATIONAL * MGAL * (ROCK * column - (ROCK - WATER) * plate).sum()
    npt.assert_allclose(found, expected, rtol=5e-3)


def test_cells_without_a_value_are_left_out_and_told():
    """A hole far off lowers the area by its cells, and the correction by theirs."""
    gappy = HILLS.copy()
    gappy[10:20, 30:50] = np.nan
    height = float(surface_at(HILLS, np.array([75.0]), np.array([75.0]))[0])
    whole, gone = (corrected(cells, AXIS, 7500.0, 7500.0, height) for cells in (HILLS, gappy))
    npt.assert_allclose(whole[1] - gone[1], 200 * 100**2, rtol=1e-9)
    assert 0 < (whole[0] - gone[0])[0] < 0.02 * whole[0][0]


def test_threads_and_company_make_no_difference():
    """A station alone has the very same bits as among others."""
    heights = surface_at(HILLS, PLACES[:, 1] / 100, PLACES[:, 0] / 100)
    together, _area = corrected(HILLS, AXIS, *PLACES.T, heights)
    alone = [
        corrected(HILLS, AXIS, *place, height)[0][0] for place, height in zip(PLACES, heights, strict=True)
    ]
    npt.assert_array_equal(together, alone)
