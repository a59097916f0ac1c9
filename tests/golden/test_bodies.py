"""Bodies given as tables: the same body in several ways, units, stations, holes, and what is refused."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
import xarray as xr

from craton.kernels import constants, prism, sources
from craton.methods.bodies import (
    gradients_of_bodies,
    gravity_at_stations,
    gravity_of_bodies,
    magnetics_at_stations,
    magnetics_of_bodies,
)
from craton.methods.profile_bodies import gravity_of_section, magnetics_of_section
from craton.methods.tesseroids import gravity_of_tesseroids
from craton.model.errors import ContractError

CRS = "EPSG:32648"
EAST, NORTH = 500_000.0, 2_000_000.0
EARTH = {"intensity": 44_000.0, "inclination": 22.0, "declination": -1.0}
NOTES = {"density": {"unit": "kg/m3"}, "susceptibility": {"unit": "SI"}}


def table(places, **columns):
    """Bodies with units, density 300 kg/m³ and susceptibility 0.02 where not told."""
    given = {"density": 300.0, "susceptibility": 0.02, **columns}
    frame = gpd.GeoDataFrame(given, index=range(len(places)), geometry=list(places), crs=CRS)
    frame.attrs["columns"] = dict(NOTES)
    return frame


def at(east, north):
    """A point in metres from the middle of the grid."""
    return shapely.Point(EAST + east, NORTH + north)


def grid(step=200.0, half=2000.0):
    """Cells around the middle, first row in the north."""
    axis = np.arange(-half, half + 1, step)
    axes = {"northing": NORTH + axis[::-1], "easting": EAST + axis}
    return xr.DataArray(np.zeros((axis.size, axis.size)), axes, tuple(axes), attrs={"crs": CRS})


BOX = {"kind": "prism", "width": 600.0, "length": 400.0, "top": -150.0, "bottom": -900.0}
SQUARE = shapely.box(EAST - 300, NORTH - 200, EAST + 300, NORTH + 200)


def test_a_prism_as_a_point_and_as_a_polygon_is_one_body():
    """Gravity, gradients and magnetic field agree to 1e-10 of their peaks, and gravity is that of the kernel."""
    point, polygon = table([at(0, 0)], **BOX), table([SQUARE], top=-150.0, bottom=-900.0)
    found = gravity_of_bodies(point, grid(), height=20.0)
    npt.assert_allclose(found, gravity_of_bodies(polygon, grid(), height=20.0), rtol=0, atol=1e-10)
    north, east = np.meshgrid(grid().northing, grid().easting, indexing="ij")
    stations = np.stack([east.ravel() - EAST, north.ravel() - NORTH, np.full(east.size, 20.0)])
    direct = -prism.gravity(stations, [[-300, 300, -200, 200, -900, -150]], [300.0]) * constants.MGAL
    npt.assert_allclose(found.to_numpy().ravel(), direct, rtol=0, atol=1e-10)
    assert (found.attrs["units"], found.attrs["standard_name"], found.attrs["crs"]) == (
        "mGal", "gravity_disturbance", CRS,
    )  # fmt: skip
    for one, other in zip(
        gradients_of_bodies(point, grid()).data_vars.values(),
        gradients_of_bodies(polygon, grid()).data_vars.values(), strict=True,
    ):  # fmt: skip
        npt.assert_allclose(one, other, rtol=0, atol=1e-9)
    both = [magnetics_of_bodies(body, grid(), **EARTH) for body in (point, polygon)]
    npt.assert_allclose(*both, rtol=0, atol=1e-8)


def test_a_cylinder_a_dyke_and_a_rod_are_near_their_other_forms():
    """A cylinder as a fine polygon; an upright dyke as a prism; a level rod as a line of mass (1 percent)."""
    cells = grid()
    around = [
        (at(0, 0).x + 250 * np.cos(t), at(0, 0).y + 250 * np.sin(t)) for t in np.radians(np.arange(360))
    ]
    cylinder = table([at(0, 0)], kind="cylinder", radius=250.0, top=-150.0, bottom=-900.0)
    polygon = table([shapely.Polygon(around)], top=-150.0, bottom=-900.0)
    npt.assert_allclose(*(gravity_of_bodies(one, cells) for one in (cylinder, polygon)), rtol=2e-4)
    dyke = table([at(0, 0)], **{**BOX, "kind": "dyke", "azimuth": 0.0, "dip": 90.0})
    npt.assert_allclose(
        gravity_of_bodies(dyke, cells), gravity_of_bodies(table([at(0, 0)], **BOX), cells), atol=1e-10
    )
    rod = table([at(0, 0)], kind="rod", radius=60.0, length=1500.0, azimuth=30.0, top=-340.0)
    start = at(*(-750 * np.array([np.sin(np.radians(30)), np.cos(np.radians(30))])))
    line = table([start], kind="line", radius=60.0, length=1500.0, azimuth=30.0, plunge=0.0, top=-400.0)
    npt.assert_allclose(*(gravity_of_bodies(one, cells) for one in (rod, line)), rtol=1e-2)


def test_a_dyke_dips_to_the_right_of_its_azimuth():
    """Striking north and dipping 30°, its mass lies to the east; the peak of gravity moves there."""
    dyke = table([at(0, 0)], **{**BOX, "kind": "dyke", "width": 200.0, "azimuth": 0.0, "dip": 30.0})
    found = gravity_of_bodies(dyke, grid())
    _row, column = np.unravel_index(np.argmax(found.to_numpy()), found.shape)
    assert float(found.easting[column]) > EAST


def test_a_hole_is_cut_out_and_bodies_add_up():
    """A frame is the square less its hole; two rows are the sum of their fields."""
    hole = shapely.box(EAST - 100, NORTH - 100, EAST + 50, NORTH + 120)
    parts = [
        gravity_of_bodies(table([one], top=-50.0, bottom=-500.0), grid())
        for one in (SQUARE.difference(hole), SQUARE, hole)
    ]
    npt.assert_allclose(parts[0], parts[1] - parts[2], rtol=0, atol=1e-10)
    two = gravity_of_bodies(table([hole, SQUARE.difference(hole)], top=-50.0, bottom=-500.0), grid())
    npt.assert_allclose(two, parts[1], rtol=0, atol=1e-10)


def test_a_sphere_at_the_pole_has_its_known_field():
    """μ₀ 2M v/4πd³ above a sphere in an upright field, M = χF/μ₀; its gravity G m/d² (closed forms)."""
    ball = table([at(0, 0)], kind="sphere", radius=200.0, top=-300.0)
    volume = 4 / 3 * np.pi * 200**3
    upright = {"intensity": 60_000.0, "inclination": 90.0, "declination": 0.0}
    peak = magnetics_of_bodies(ball, grid(), height=100.0, **upright).max()
    moment = 0.02 * 60_000e-9 / sources.PERMEABILITY * volume
    npt.assert_allclose(peak, 1e-7 * 2 * moment / 600**3 * 1e9, rtol=1e-12)
    npt.assert_allclose(
        gravity_of_bodies(ball, grid(), height=100.0).max(),
        1e5 * 6.6743e-11 * 300 * volume / 600**2,
        rtol=1e-12,
    )


def test_remanence_adds_to_what_is_induced():
    """Remanence equal and opposite to the induced magnetisation leaves no field; parts make the total."""
    induced = 0.02 * EARTH["intensity"] * 1e-9 / sources.PERMEABILITY
    body = table(
        [at(0, 0)], **BOX, remanence=induced, remanence_inclination=-22.0, remanence_declination=179.0
    )
    npt.assert_allclose(magnetics_of_bodies(body, grid(), **EARTH), 0.0, atol=1e-9)
    plain = table([at(0, 0)], **BOX)
    east, north, down = (
        magnetics_of_bodies(plain, grid(), **EARTH, component=one) for one in ("east", "north", "down")
    )
    main = sources.unit_vector(22.0, -1.0)
    total = magnetics_of_bodies(plain, grid(), **EARTH)
    npt.assert_allclose(total, east * main[0] + north * main[1] - down * main[2], rtol=0, atol=1e-9)


def test_stations_of_a_table_are_those_of_the_grid():
    """The same places give the same numbers; heights from a column, from the option, or from a surface."""
    body, cells = table([at(0, 0)], **BOX), grid()
    north, east = np.meshgrid(cells.northing, cells.easting, indexing="ij")
    ground = cells.copy(data=50 + north * 0 + (east - EAST) / 100)
    ground.attrs = {"crs": CRS, "units": "m", "standard_name": "elevation"}
    frame = gpd.GeoDataFrame(
        {"z": ground.to_numpy().ravel()}, geometry=gpd.points_from_xy(east.ravel(), north.ravel()), crs=CRS
    )
    found = gravity_at_stations(body, frame, height_column="z", height=2.0)["gravity_of_bodies"]
    expected = gravity_of_bodies(body, cells, height=2.0, surface=ground)
    npt.assert_allclose(found, expected.to_numpy().ravel(), rtol=1e-12)
    field = magnetics_at_stations(body, frame, **EARTH, height_column="z")["magnetic_field_of_bodies"]
    npt.assert_allclose(
        field, magnetics_of_bodies(body, cells, **EARTH, surface=ground).to_numpy().ravel(), atol=1e-9
    )
    frame.loc[3, "z"] = np.nan
    assert np.isnan(gravity_at_stations(body, frame, height_column="z")["gravity_of_bodies"][3])


def test_units_and_reference_systems_are_brought_together():
    """0.3 g/cm³ is 300 kg/m³; sizes in km; bodies in another zone lie where they are."""
    plain, cells = table([at(0, 0)], **BOX), grid()
    other = table([at(0, 0)], **{**BOX, "width": 0.6}, density=0.3)
    other.attrs["columns"] = {**NOTES, "density": {"unit": "g/cm3"}, "width": {"unit": "km"}}
    expected = gravity_of_bodies(plain, cells)
    npt.assert_allclose(gravity_of_bodies(other, cells), expected, rtol=1e-9)
    moved = plain.to_crs("EPSG:32647")
    moved.attrs["columns"] = dict(NOTES)
    npt.assert_allclose(gravity_of_bodies(moved, cells), expected, rtol=0, atol=1e-6)


BAD = [
    ({"kind": "cone"}, "`bodies` must be a column `kind`"),
    ({"top": -1000.0}, "bottom is below their top"),
    ({"width": -5.0}, "`width` of every prism above 0"),
    ({"width": np.nan}, "`width` of every prism above 0"),
    ({"density": np.nan}, "`density` of every body"),
    ({"width": "wide"}, "numbers in `width`"),
]


@pytest.mark.parametrize(("change", "words"), BAD, ids=[next(iter(one)) for one, _words in BAD])
def test_bodies_that_cannot_be_are_refused(change, words):
    """With words that say which column and row."""
    with pytest.raises(ContractError, match=words):
        gravity_of_bodies(table([at(0, 0)], **{**BOX, **change}), grid())


def test_tables_that_do_not_do_are_refused():
    """Degrees, no rows, no column, no place, outlines that cross themselves, a surface on other cells."""
    body, cells = table([at(0, 0)], **BOX), grid()
    bowtie = shapely.Polygon([(EAST, NORTH), (EAST + 9, NORTH + 9), (EAST + 9, NORTH), (EAST, NORTH + 9)])
    without = table([at(0, 0)], **BOX).drop(columns="width")
    wrong = [
        body.to_crs(4326),
        body[:0],
        without,
        table([None], **BOX),
        table([bowtie], top=0.0, bottom=-9.0),
    ]
    for one in wrong:
        one.attrs["columns"] = dict(NOTES)
        with pytest.raises(ContractError, match="`bodies` must be"):
            gravity_of_bodies(one, cells)
    ground = grid(step=100.0).assign_attrs(units="m", standard_name="elevation")
    with pytest.raises(ContractError, match="`surface` must be"):
        gravity_of_bodies(body, cells, surface=ground)


def section(**changes):
    """A rectangle drawn in a section, 100 m to 500 m deep and 150 m wide."""
    columns = {
        "body": "block", "distance": [-100.0, 50.0, 50.0, -100.0], "depth": [100.0, 100.0, 500.0, 500.0],
        "density": 300.0, "susceptibility": 0.02,
    }  # fmt: skip
    frame = pd.DataFrame({**columns, **changes})
    frame.attrs["columns"] = {**NOTES, "distance": {"unit": "m"}, "depth": {"unit": "m"}}
    return frame


def profile():
    """Stations at 10 m height."""
    frame = pd.DataFrame({"distance": np.linspace(-1000, 1000, 41), "height": 10.0})
    frame.attrs["columns"] = {"distance": {"unit": "m"}, "height": {"unit": "m"}}
    return frame


SECTION_EARTH = {**EARTH, "azimuth": 60.0}


def test_a_long_section_is_a_section_without_end():
    """2.5D with 1000 km to either side: gravity to 1e-5 mGal and the magnetic field to 1e-5 nT, which the ends take."""
    found = [
        gravity_of_section(section(), profile(), half_strike=one).gravity_of_bodies for one in (1e6, None)
    ]
    npt.assert_allclose(*found, rtol=0, atol=1e-5)
    fields = [
        magnetics_of_section(section(), profile(), **SECTION_EARTH, half_strike=one).magnetic_field_of_bodies
        for one in (1e6, None)
    ]
    npt.assert_allclose(*fields, rtol=0, atol=1e-5)


def test_a_short_section_is_a_prism_across_the_profile():
    """400 m to either side: the prism of a map whose profile runs east, and one whose runs north."""
    frame = gpd.GeoDataFrame(
        profile(), geometry=gpd.points_from_xy(EAST + profile().distance, np.full(41, NORTH)), crs=CRS
    )
    box = table([at(-25, 0)], kind="prism", width=150.0, length=800.0, top=-100.0, bottom=-500.0)
    expected = gravity_at_stations(box, frame, height_column="height").gravity_of_bodies
    found = gravity_of_section(section(), profile(), half_strike=400.0).gravity_of_bodies
    npt.assert_allclose(found, expected, rtol=0, atol=1e-10)
    field = magnetics_at_stations(box, frame, **EARTH, height_column="height").magnetic_field_of_bodies
    drawn = magnetics_of_section(
        section(), profile(), **{**SECTION_EARTH, "azimuth": 90.0}, half_strike=400.0
    )
    npt.assert_allclose(drawn.magnetic_field_of_bodies, field, rtol=0, atol=1e-8)


def test_a_sheet_in_a_section_is_a_thin_body():
    """Two corners and a thickness of 2 m are close to four corners (1e-4 of the peak)."""
    sheet = section()[:2].assign(distance=[0.0, 200.0], depth=[100.0, 500.0], thickness=2.0)
    across = np.array([400.0, 200.0]) / np.hypot(200, 400)
    thick = section(
        distance=[across[0], 200 + across[0], 200 - across[0], -across[0]],
        depth=[100 - across[1], 500 - across[1], 500 + across[1], 100 + across[1]],
    )
    found, expected = (gravity_of_section(one, profile()).gravity_of_bodies for one in (sheet, thick))
    npt.assert_allclose(found, expected, rtol=0, atol=1e-4 * expected.max())


def test_sections_that_cannot_be_are_refused():
    """Crossing sides, two densities in one body, a sheet without thickness, one corner."""
    wrong = [
        section(depth=[100.0, 500.0, 100.0, 500.0]),
        section(density=[1.0, 2.0, 1.0, 1.0]),
        section()[:2],
        section()[:1],
        section()[:0],
        section(depth=np.nan),
    ]
    for one in wrong:
        with pytest.raises(ContractError, match="`bodies` must be"):
            gravity_of_section(one, profile())


def test_blocks_of_crust_on_the_round_earth():
    """Over a wide block its attraction is less than that of a level layer, by what the Earth curves away."""
    block = pd.DataFrame(
        {
            "west": [95.0],
            "east": [109.0],
            "south": [10.0],
            "north": [24.0],
            "bottom": [-30e3],
            "top": [0.0],
            "density": [100.0],
        }
    )
    block.attrs["columns"] = {
        **{key: {"unit": "deg"} for key in ("west", "east", "south", "north")},
        **{key: {"unit": "m"} for key in ("bottom", "top")}, "density": {"unit": "kg/m3"},
    }  # fmt: skip
    axes = {"latitude": [17.5, 17.0, 16.5], "longitude": [101.5, 102.0, 102.5]}
    cells = xr.DataArray(np.zeros((3, 3)), axes, tuple(axes), attrs={"crs": "EPSG:4326"})
    found = float(gravity_of_tesseroids(block, cells, height=1000.0)[1, 1])
    assert 0.9 < found / (2 * np.pi * 6.6743e-11 * 100 * 30e3 * 1e5) < 1.1
    with pytest.raises(ContractError, match="`grid` must be over longitude"):
        gravity_of_tesseroids(block, grid())
    block["west"] = 120.0
    with pytest.raises(ContractError, match="`bodies` must be"):
        gravity_of_tesseroids(block, cells)
