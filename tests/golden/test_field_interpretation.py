"""Interpretation of labelled grids and lines: closed forms with known places and depths, and the Himalayan front."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely
import xarray as xr
from tests.reading import DATA, read_source

from craton.kernels import prism, sphere
from craton.kernels.gravity import normal_gravity
from craton.kernels.sources import magnetic_weights
from craton.methods.curie_depth import curie_depth
from craton.methods.euler import euler
from craton.methods.field_depths import source_parameter_imaging, tilt_depth
from craton.methods.field_edge_lines import edges
from craton.methods.field_spectrum import spectral_depth, spectrum
from craton.methods.grid_warp import reproject
from craton.methods.werner import werner_deconvolution
from craton.methods.worms import worms
from craton.model.errors import ContractError

GRAVITY = {"units": "mGal", "standard_name": "gravity_disturbance"}
MAGNETIC = {"units": "nT", "standard_name": "magnetic_anomaly"}
WEST, SOUTH = 500_000.0, 2_000_000.0


def axes(rows, columns, spacing):
    """Northings and eastings about the middle of a grid."""
    return [spacing * (np.arange(count) - count // 2) for count in (rows, columns)]


def grid_of(function, spacing=100.0, rows=121, columns=121, attrs=None):
    """`function` of northing and easting about the middle of a grid in a projected system."""
    north, east = axes(rows, columns, spacing)
    return xr.DataArray(
        function(*np.meshgrid(north, east, indexing="ij")), {"northing": SOUTH + north, "easting": WEST + east},
        ("northing", "easting"), name="field", attrs={"crs": "EPSG:32648", **(attrs or GRAVITY)},
    )  # fmt: skip


def masses(north, east):
    """Attraction of two point masses at 800 m and 1200 m, with a base level of 40."""
    total = np.full(north.shape, 40.0)
    for n, e, depth, strength in ((-2000.0, -2500.0, 800.0, 1e7), (2500.0, 2000.0, 1200.0, 3e7)):
        total += strength * depth / ((north - n) ** 2 + (east - e) ** 2 + depth**2) ** 1.5
    return total


def places_of(table):
    """Eastings and northings about the middle of the grid."""
    return np.column_stack([table.geometry.x - WEST, table.geometry.y - SOUTH])


def test_euler_finds_masses_with_derivatives_of_its_own():
    """Two point masses: the largest clusters, within 5 m in place and 1 % in depth; index 2 is chosen for them.

    The field is cut at the edges at 1e-3 of its peak, which bends derivatives by as much.
    """
    for given in (2.0, None):
        found = euler(grid_of(masses), given)
        sources = found.sources.iloc[:2].sort_values("depth")
        npt.assert_allclose(places_of(sources), [(-2500, -2000), (2000, 2500)], atol=5.0)
        npt.assert_allclose(sources["depth"], [800, 1200], rtol=0.01)
        npt.assert_array_equal(sources["structural_index"], 2.0)
        assert (found.solutions["depth_std"] < 0.1 * found.solutions["depth"]).all()
    assert found.solutions.attrs["columns"]["base_level"]["unit"] == "mGal"


def test_euler_finds_dipoles_at_any_latitude():
    """The total field of a sphere magnetised obliquely, in an oblique field: index 3, depth within 1 %."""
    north, east = np.meshgrid(*axes(121, 121, 50.0), indexing="ij")
    stations = np.array([east.ravel(), north.ravel(), np.zeros(east.size)])
    weights = magnetic_weights(
        np.array([[0.6, 0.7, 0.4]]), np.array([0.3, 0.8, -0.52]) / np.linalg.norm([0.3, 0.8, -0.52])
    )
    tensor = sphere.sphere(stations, (120.0, -310.0, -500.0), 100.0)[1]
    field = (weights.reshape(-1, 6) @ tensor).reshape(1, *east.shape)[0]
    found = euler(grid_of(lambda _n, _e: 1e9 * field, spacing=50.0, attrs=MAGNETIC), 3.0)
    npt.assert_allclose(places_of(found.sources)[0], (120, -310), atol=5.0)
    npt.assert_allclose(found.sources["depth"][0], 500.0, rtol=0.01)


def test_heights_of_the_field_are_taken_off_depths():
    """120 m above the ground, continued 150 m more: depths stay below the ground, within 1 %."""
    found = euler(grid_of(masses), 2.0, height=120.0, continuation=150.0, window=12)
    npt.assert_allclose(np.sort(found.sources["depth"])[:2], [680, 1080], rtol=0.01)


def test_gaps_flat_fields_and_large_windows():
    """Windows with gaps are passed over; a flat or sloping field gives empty tables; a large window is refused."""
    gappy = grid_of(masses)
    gappy[35:45, 30:40] = np.nan
    found = euler(gappy, 2.0)
    assert (np.abs(found.sources["depth"] - 1200) < 12).any()
    middle = places_of(found.solutions)
    assert len(middle) > 0
    flat = grid_of(lambda north, east: 9.0 + 0 * north)
    slope = grid_of(lambda north, east: 9.0 + 1e-3 * north - 2e-3 * east)
    for field in (flat, slope, flat * np.nan):
        tables = [*euler(field.assign_attrs(flat.attrs)), edges(field.assign_attrs(flat.attrs))]
        assert [len(table) for table in tables] == [0, 0, 0]
        assert all(table.crs == gappy.crs for table in tables)
        assert "depth_std" in tables[0].columns
    with pytest.raises(ContractError, match="`window` must be no wider than the grid"):
        euler(grid_of(masses, rows=9), window=10)
    with pytest.raises(ContractError, match="`maximum_depth`"):
        euler(gappy, minimum_depth=500.0, maximum_depth=400.0)


def block(angle=0.0):
    """Attraction of a block of 4 x 6 km from 200 m to 2000 m, turned by `angle` degrees."""
    turn = np.radians(angle)

    def field(north, east):
        x, y = east * np.cos(turn) + north * np.sin(turn), north * np.cos(turn) - east * np.sin(turn)
        stations = np.array([x.ravel(), y.ravel(), np.zeros(x.size)])
        sides = [(-2000, 2000, -3000, 3000, -2000, -200)]
        return -1e5 * prism.gravity(stations, sides, [300.0]).reshape(north.shape)

    return field


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0])
@pytest.mark.parametrize("method", ["horizontal_gradient", "theta", "tilt", "analytic_signal"])
def test_edges_of_a_block_are_drawn_where_they_are(method, angle):
    """Crests of the gradient follow vertical sides within 60 m, 0.6 of a cell, however the block is turned.

    Its bottom at 2 km moves what the others draw by about the depth of its top, 200 m. Strikes of straight pieces
    are right within 4 degrees.
    """
    found = edges(
        grid_of(block(angle)), method, minimum_strength=4e-3, straight_within=60.0, minimum_length=1500.0
    )
    turn = np.radians(angle)
    strikes = []
    for row in found.itertuples():
        places = shapely.get_coordinates(row.geometry) - (WEST, SOUTH)
        x = places @ (np.cos(turn), np.sin(turn))
        y = places @ (-np.sin(turn), np.cos(turn))
        inside = (np.abs(x) < 1500) | (np.abs(y) < 2300)
        off = np.minimum(np.abs(np.abs(x) - 2000), np.abs(np.abs(y) - 3000))[inside]
        assert off.max(initial=0.0) < (60 if method == "horizontal_gradient" else 210)
        strikes.append((row.azimuth + angle) % 90)
    assert len(strikes) >= 4
    npt.assert_allclose((np.array(strikes) + 45) % 90, 45.0, atol=4.0)
    assert found["strength"].is_monotonic_decreasing


def test_without_cutting_an_edge_is_one_line_and_axes_do_not_matter():
    """The outline of a block is one line of 20 km less rounded corners, also with rows from the north."""
    field = grid_of(block())
    found = edges(field, minimum_strength=4e-3)
    assert len(found) == 1
    npt.assert_allclose(found["length"], 19_000, rtol=0.03)
    npt.assert_allclose(edges(field[::-1], minimum_strength=4e-3)["length"], found["length"], rtol=0.01)


def across(north, east):
    """Distance across a strike of 17 degrees."""
    return np.cos(0.3) * east + np.sin(0.3) * north + 13.0


def test_tilt_depth_of_a_vertical_contact():
    """Along the contact at 400 m the median is right within 3 %; edges of the grid disturb by that much."""
    field = grid_of(lambda n, e: 200 * np.arctan(across(n, e) / 400), 50.0, 201, 201, MAGNETIC)
    found = tilt_depth(field, minimum_strength=0.2)
    assert len(found.lines) == 1
    npt.assert_allclose(found.lines["depth"], 400.0, rtol=0.03)
    npt.assert_allclose(found.lines["azimuth"], 180 - np.degrees(0.3), atol=2.0)
    npt.assert_array_equal(found.points["line"], 1)
    npt.assert_allclose(
        tilt_depth(field, minimum_strength=0.2, height=100.0).lines["depth"], 300.0, rtol=0.04
    )
    assert [len(one) for one in tilt_depth(field * 0 + 3)] == [0, 0]


SOURCES = {
    "contact": lambda s: np.cos(0.8) * np.arctan(s / 400) + np.sin(0.8) * 0.5 * np.log(s**2 + 400**2),
    "sheet": lambda s: (np.cos(0.8) * s + np.sin(0.8) * 400) / (s**2 + 400**2),
}


@pytest.mark.parametrize("model", ["contact", "sheet"])
def test_source_parameter_imaging_finds_dipping_sources(model):
    """At 400 m, dipping, with an oblique field: depths within 7 %, places within half a cell."""
    field = grid_of(lambda n, e: 1e3 * SOURCES[model](across(n, e)), 50.0, 201, 201, MAGNETIC)
    found = source_parameter_imaging(field, model)
    places = places_of(found)
    off = np.abs(across(places[:, 1], places[:, 0]))
    over = (off < 100) & (np.abs(places) < 3500).all(axis=1)
    assert over.sum() > 100
    assert off[over].max() < 25
    npt.assert_allclose(found["depth"][over], 400.0, rtol=0.07)
    assert len(source_parameter_imaging(field * 0 + 3)) == 0


def random_field(amplitude, spacing, cells, seed=1):
    """Field of random sources with the amplitude spectrum `amplitude`, cut from one of twice the size."""
    wave = 2 * np.pi * np.fft.fftfreq(2 * cells, spacing)
    k = np.hypot(wave[:, None], wave)
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=k.shape))
    field = np.fft.ifft2(noise * amplitude(k)).real[:cells, :cells]
    return grid_of(lambda _n, _e: field, spacing, cells, cells, MAGNETIC)


def test_depths_of_two_layers_are_the_slopes_of_the_spectrum():
    """White sources at 1.5 km and, a hundred times stronger, at 6 km: 3 % and 15 %, found without help.

    There is a third part between, where both are as strong. The deep one rests on fifteen points; in the band
    where it is alone it comes out within 10 %.
    """
    field = random_field(lambda k: 100 * np.exp(-6000 * k) + np.exp(-1500 * k), 500.0, 256)
    found = spectral_depth(field)
    assert len(found.layers) == 3
    npt.assert_allclose(found.layers["depth"].iloc[0], 6000, rtol=0.15)
    npt.assert_allclose(found.layers["depth"].iloc[2], 1500, rtol=0.03)
    assert (found.layers["finding"] == "").all()
    above = spectral_depth(field, height=300.0).layers["depth"]
    npt.assert_allclose(above, found.layers["depth"] - 300, rtol=1e-9)
    npt.assert_allclose(found.spectrum["wavelength"] * found.spectrum["wavenumber"], 2 * np.pi)
    alone = spectral_depth(field, 1, longest_wavelength=60_000.0, shortest_wavelength=10_000.0).layers
    npt.assert_allclose(alone["depth"], 6000, rtol=0.1)


def test_fractal_sources_are_as_deep_when_their_exponent_is_taken_off():
    """Power of k⁻³ at 2 km: 5 % with the exponent; without it the depth is too large by far."""
    field = random_field(lambda k: np.exp(-2000 * k) * np.maximum(k, 1e-6) ** -1.5, 500.0, 200, seed=3)
    band = {"layers": 1, "longest_wavelength": 30_000.0, "shortest_wavelength": 3000.0}
    npt.assert_allclose(spectral_depth(field, fractal=3.0, **band).layers["depth"], 2000, rtol=0.05)
    assert float(spectral_depth(field, **band).layers["depth"].iloc[0]) > 2500


def test_noise_is_told_and_planes_have_no_spectrum():
    """White noise has a depth of nothing; a plane has no row; a small or empty grid is refused or empty."""
    found = spectral_depth(random_field(np.ones_like, 100.0, 64))
    assert (found.layers["finding"] == "noise").all()
    plane = grid_of(lambda north, east: 3 + 1e-3 * north)
    assert (len(spectrum(plane)), len(spectral_depth(plane).layers)) == (0, 0)
    with pytest.raises(ContractError, match="16 x 16 cells"):
        spectrum(plane[:10])
    with pytest.raises(ContractError, match="half of its cells"):
        spectrum(random_field(np.ones_like, 100.0, 32).where(lambda one: one.northing > SOUTH + 1000))
    with pytest.raises(ContractError, match="`layers` must be at most"):
        spectral_depth(random_field(np.ones_like, 100.0, 32), 8)


def test_the_curie_depth_of_random_magnetic_crust():
    """Crust magnetic from 2 to 20 km, nine windows of 512 km: means within 15 % of what is expected.

    That is the top itself, and for the bottom what the same line through the exact spectrum gives: 20 km less
    twice the k Δ²/12 by which the method puts the centroid too high, here 5 km. Windows scatter by 3 km.
    """

    def amplitude(k):
        return np.exp(-2000 * k) - np.exp(-20_000 * k)

    crust = random_field(amplitude, 4000.0, 256, seed=5)
    bands = {"top_wavelengths": (12_000.0, 40_000.0), "centroid_wavelengths": (55_000.0, 400_000.0)}
    found = curie_depth(crust, 512_000.0, **bands)
    assert len(found) == 9
    k = 2 * np.pi / 512_000 * np.arange(2, 10)
    exact = -np.polyfit(k, np.log(amplitude(k) / k), 1, w=np.sqrt(k))[0]
    assert 8500 < exact < 11_000
    npt.assert_allclose(found["centroid_depth"].mean(), exact, rtol=0.1)
    npt.assert_allclose(found["top_depth"].mean(), 2000, rtol=0.15)
    npt.assert_allclose(found["curie_depth"].mean(), 2 * exact - 2000, rtol=0.15)
    npt.assert_array_equal(found["curie_depth"], 2 * found["centroid_depth"] - found["top_depth"])
    assert 0.3 < found["curie_depth"].std() / found["curie_depth_std"].median() < 2
    higher = curie_depth(crust, 512_000.0, height=500.0, **bands)
    npt.assert_allclose(higher["curie_depth"], found["curie_depth"] - 500)
    assert set(higher["finding"]) == {""}
    drape = curie_depth(crust, 512_000.0, height=4000.0, **bands)
    assert set(drape["finding"]) == {"top above the ground"}
    assert (drape["top_depth"] < 0).all()


def test_windows_without_a_curie_depth():
    """Windows with gaps and flat ones are left out; windows and bands that cannot be are refused by name."""
    crust = random_field(lambda k: np.exp(-2000 * k) - np.exp(-20_000 * k), 4000.0, 128)
    gappy = crust.copy()
    gappy[:60, :60] = np.nan
    assert 0 < len(curie_depth(gappy, 256_000.0)) < len(curie_depth(crust, 256_000.0))
    assert len(curie_depth(crust * 0 + 4, 256_000.0)) == 0
    wrong = {"window": 30_000.0, "top_wavelengths": (9000.0, 8000.0), "centroid_wavelengths": (250e3, 256e3)}
    for name, value in wrong.items():
        with pytest.raises(ContractError, match=f"`{name}`"):
            curie_depth(crust, **{"window": 256_000.0, name: value})


def survey(field, names=("L1", "L2")):
    """Lines to the east every 500 m with `field` of the easting, readings every 25 m."""
    east = np.arange(-2000.0, 2001.0, 25.0)
    places = [(e, 500.0 * n) for n in range(len(names)) for e in east]
    frame = gpd.GeoDataFrame(
        {"line": np.repeat(names, east.size), "tmi": np.tile(field(east), len(names))},
        geometry=shapely.points(np.array(places) + np.array([WEST, SOUTH])), crs="EPSG:32648",
    )  # fmt: skip
    frame.attrs["columns"] = {"tmi": {"unit": "nT"}}
    return frame


@pytest.mark.parametrize("model", ["sheet", "contact"])
def test_werner_depths_along_lines(model):
    """Dipping sheet, or contact by its derivative, at 200 m: median within 2 %, places within 5 m, on both lines.

    The derivative by differences of 25 m flattens that of the contact by 1 %.
    """
    shape = {
        "sheet": lambda s: 1e4 * (s + 150) / (s**2 + 200**2),
        "contact": lambda s: 90 * np.arctan(s / 200),
    }
    table = survey(lambda east: 48_000 + 0.01 * east + shape[model](east - 310))
    table.loc[20, "tmi"] = np.nan
    found = werner_deconvolution(table, "line", "tmi", model, height=50.0, tolerance=0.02)
    near = found[np.abs(places_of(found)[:, 0] - 310) < 50]
    assert set(near["line"]) == {"L1", "L2"}
    npt.assert_allclose(near["depth"].median(), 150.0, rtol=0.03)
    npt.assert_allclose(np.median(places_of(near)[:, 0]), 310.0, atol=5.0)
    assert len(near) > 0.5 * len(found)


def test_werner_passes_over_gaps_short_and_flat_lines():
    """No window spans a gap, short and flat lines give no rows, and a window of one is refused."""
    table = survey(lambda east: 1e4 * (east + 150) / (east**2 + 200**2))
    east = table.geometry.x - WEST
    found = werner_deconvolution(table[(east < -300) | (east > 300)], "line", "tmi", tolerance=0.02)
    assert (np.abs(places_of(found)[:, 0]) > 290).all()
    assert len(werner_deconvolution(table[:6], "line", "tmi")) == 0
    flat = werner_deconvolution(table.assign(tmi=5.0), "line", "tmi")
    assert len(flat) == 0
    assert flat.crs == table.crs
    with pytest.raises(ContractError, match="`windows`"):
        werner_deconvolution(table, "line", "tmi", windows=(1,))


def contact(dip=0.0):
    """Attraction of rock east of a contact, 200 m to 2000 m deep, that dips east by 90 degrees less `dip`."""

    def field(north, east):
        stations = np.array([east.ravel(), north.ravel(), np.zeros(east.size)])
        tops = -np.arange(200.0, 2000.0, 100.0)
        edge = -np.tan(np.radians(dip)) * tops
        layers = [(at, 90_000, -90_000, 90_000, top - 100, top) for at, top in zip(edge, tops, strict=True)]
        return -1e5 * prism.gravity(stations, layers, [300.0] * len(layers)).reshape(north.shape)

    return field


def crest_of(found):
    """Crest points in the middle of the grid, and their eastings from its middle."""
    places = places_of(found.points)
    middle = (np.abs(places) < 2000).all(axis=1)
    return found.points[middle], places[middle, 0]


def test_worms_grow_as_they_should_over_a_vertical_contact():
    """Right above it scaled strength is 2 G ρ s ln((2000 + s)/(200 + s)), within 6 %, and all one sheet.

    At 800 m the edges of the grid, 6 km off, make up for that.
    """
    found, east = crest_of(worms(grid_of(contact()), 100.0, 800.0, heights=4, minimum_strength=0.3))
    npt.assert_allclose(east, 0.0, atol=10.0)
    heights = found["height"].to_numpy()
    expected = 2 * 6.6743e-11 * 300 * 1e5 * heights * np.log((2000 + heights) / (200 + heights))
    npt.assert_allclose(found["scaled_strength"], expected, rtol=0.06)
    assert found["height"].nunique() == 4
    assert found["sheet"].nunique() == 1


def test_worms_move_down_the_dip():
    """Over a contact that dips 45 degrees east the crest is farther east at each greater height."""
    found, east = crest_of(worms(grid_of(contact(45.0)), 100.0, 1500.0, heights=5, minimum_strength=0.2))
    by_height = [np.median(east[found["height"] == one]) for one in sorted(found["height"].unique())]
    assert (np.diff(by_height) > 20).all()
    with pytest.raises(ContractError, match="`highest`"):
        worms(grid_of(masses), 500.0, 400.0)
    assert [len(table) for table in worms(grid_of(masses) * 0, 100.0, 400.0)] == [0, 0]


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_the_strongest_edge_of_the_region_is_the_himalayan_front():
    """EIGEN-6C4 over Tibet: the strongest long edge runs 100 to 135 degrees, along the front in 27 to 33° N."""
    _reader, (draft,) = read_source(DATA / "geophysics/potential_field_fatiando/gravity-earth-0.5deg.nc.xz")
    part = draft.data["gravity"].sel(longitude=slice(76, 98), latitude=slice(22, 40)).astype(float)
    disturbance = (part - normal_gravity(part.latitude.to_numpy(), 10_000.0)[:, None]).assign_attrs(
        units="mGal", standard_name="gravity_disturbance", crs="EPSG:4326"
    )
    cone = "+proj=lcc +lat_1=26 +lat_2=36 +lat_0=31 +lon_0=87 +datum=WGS84 +units=m"
    plane = reproject(disturbance, crs=cone, spacing=25_000.0)
    strongest = edges(plane, continuation=25_000.0, minimum_length=300e3).iloc[:1]
    assert 100 < float(strongest["azimuth"].iloc[0]) < 135
    west, south, east, north = strongest.to_crs("EPSG:4326").total_bounds
    assert 26.5 < south < north < 33.5
    assert east - west > 8
