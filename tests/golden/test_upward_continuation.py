"""Upward continuation of labelled grids: closed forms, units, directions, gaps, and the real field at two heights."""

import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.kernels.gravity import normal_gravity
from craton.methods import gravity, magnetics
from craton.methods.grid_warp import reproject
from craton.model.errors import ContractError

GRAVITATIONAL = 6.674e-11
HALF, DEPTH = 20_000.0, 2_000.0


def grid_of(function, depth, spacing=(200.0, 250.0), **attrs):
    """`function` of northing, easting and depth on a plane, rows to the north."""
    north, east = (np.arange(-HALF, HALF + 1, step) for step in spacing)
    values = function(*np.meshgrid(north, east, indexing="ij"), depth)
    return xr.DataArray(
        values, {"northing": north + 2e6, "easting": east + 5e5}, ("northing", "easting"), name="field",
        attrs={"crs": "EPSG:32648", **attrs},
    )  # fmt: skip


def point_mass(north, east, depth):
    """Attraction of 10^12 kg in mGal."""
    return 1e5 * GRAVITATIONAL * 1e12 * depth / (north**2 + east**2 + depth**2) ** 1.5


def sphere(north, east, depth):
    """Vertical field, nT, of a vertically magnetised sphere of 10^10 A m²: μ₀ m / 4π (2z² - r²) / R⁵."""
    level = north**2 + east**2
    return 1e-7 * 1e10 * (2 * depth**2 - level) / (level + depth**2) ** 2.5 * 1e9


GRAVITY = {"units": "mGal", "standard_name": "gravity_disturbance"}
MAGNETIC = {"units": "nT", "standard_name": "magnetic_anomaly"}

CASES = [
    pytest.param(gravity.upward_continuation, point_mass, GRAVITY, id="gravity"),
    pytest.param(magnetics.upward_continuation, sphere, MAGNETIC, id="magnetics"),
]


@pytest.mark.parametrize(("process", "source", "attrs"), CASES)
@pytest.mark.parametrize("padding", ["mirror", "taper", "none"])
def test_the_field_is_that_of_a_deeper_source(process, source, attrs, padding):
    """500 m up, it is the closed form 500 m deeper.

    At the edge (depth / half side)³ = 1e-3 of the peak is left, which is what no way of padding can
    know; twice that is the tolerance, in every cell.
    """
    field, expected = (grid_of(source, depth, **attrs) for depth in (DEPTH, DEPTH + 500))
    found = process(field, 500.0, padding=padding)
    npt.assert_allclose(found, expected, atol=2 * (DEPTH / HALF) ** 3 * float(abs(expected).max()))
    assert found.attrs["units"] == attrs["units"]
    assert found.attrs["standard_name"] == attrs["standard_name"]
    assert found.attrs["crs"] == "EPSG:32648"
    assert found.name == "field"


@pytest.mark.parametrize(("process", "source", "attrs"), CASES)
@pytest.mark.parametrize("padding", ["mirror", "taper", "none"])
def test_constants_and_planes_stay(process, source, attrs, padding):
    """A plane is harmonic at every height; it comes back to rounding, with a gap in it."""
    field = grid_of(lambda n, e, _d: 5 + n / 1e3 - e / 2e3, 0, **attrs)
    field[20:30, 40:60] = np.nan
    npt.assert_allclose(process(field, 3000.0, padding=padding), field, atol=1e-9)


def test_two_steps_are_nearly_one_inside():
    """h₁ then h₂ is h₁ + h₂ but for the trend, which is fitted anew: 1e-3 of the peak."""
    field = grid_of(point_mass, DEPTH, **GRAVITY)
    twice = gravity.upward_continuation(gravity.upward_continuation(field, 200.0), 300.0)
    once = gravity.upward_continuation(field, 500.0)
    npt.assert_allclose(twice, once, atol=1e-3 * float(once.max()))


def test_near_height_zero_the_field_is_itself():
    """A micrometre changes nothing that can be seen."""
    field = grid_of(point_mass, DEPTH, **GRAVITY)
    npt.assert_allclose(gravity.upward_continuation(field, 1e-6), field, rtol=1e-8)


def test_order_of_rows_and_dimensions_makes_no_difference():
    """Rows from the north, columns from the east, or easting first: the same values at the same places."""
    field = grid_of(sphere, DEPTH, **MAGNETIC)
    expected = magnetics.upward_continuation(field, 400.0)
    for other in (field[::-1], field[:, ::-1], field.transpose("easting", "northing")):
        found = magnetics.upward_continuation(other, 400.0)
        assert found.dims == other.dims
        xr.testing.assert_allclose(
            found.transpose(*field.dims).sortby(["northing", "easting"]), expected, atol=1e-12
        )


def test_other_units_are_converted():
    """A field in um/s2 comes out in mGal, as the same field in mGal does."""
    field = grid_of(point_mass, DEPTH, **GRAVITY)
    found = gravity.upward_continuation((field * 10).assign_attrs(field.attrs, units="um/s2"), 500.0)
    assert found.attrs["units"] == "mGal"
    npt.assert_allclose(found, gravity.upward_continuation(field, 500.0), rtol=1e-12)


def test_gaps_stay_gaps_and_hardly_disturb_the_rest():
    """Missing cells are missing after; beyond one height from a small gap the field agrees to 1 %."""
    field = grid_of(point_mass, DEPTH, **GRAVITY)
    gappy = field.copy()
    gappy[100:104, 120:124] = np.nan
    whole, found = (gravity.upward_continuation(one, 400.0) for one in (field, gappy))
    npt.assert_array_equal(np.isnan(found), np.isnan(gappy))
    away = np.ones(field.shape, bool)
    away[98:106, 118:126] = False
    assert float(abs(found - whole).where(away).max()) < 0.01 * float(whole.max())


def test_single_precision_stays_single_precision_and_nothing_stays_nothing():
    """float32 in, float32 out, worked in single; a grid without a value has none after."""
    field = grid_of(point_mass, DEPTH, **GRAVITY).astype("float32")
    assert gravity.upward_continuation(field, 500.0).dtype == np.float32
    assert np.isnan(gravity.upward_continuation(field * np.nan, 500.0)).all()


@pytest.mark.parametrize("height", [0.0, -10.0, 50_001.0])
def test_heights_out_of_range_are_refused(height):
    """Downward is another, unstable thing."""
    with pytest.raises(ContractError, match="`height` must be"):
        gravity.upward_continuation(grid_of(point_mass, DEPTH, **GRAVITY), height)


def test_fields_that_are_not_harmonic_or_not_on_a_plane_are_refused():
    """Heights, corrections, degrees, and magnetics in mGal."""
    field = grid_of(point_mass, DEPTH, **GRAVITY)
    wrong = (
        field.assign_attrs(standard_name="elevation", units="m"),
        field.assign_attrs(standard_name="terrain_correction"),
        field.rename(northing="latitude", easting="longitude"),
        field.expand_dims(time=2),
    )
    for one in wrong:
        with pytest.raises(ContractError, match="`grid` must be"):
            gravity.upward_continuation(one, 500.0)
    with pytest.raises(ContractError, match="`grid` must be"):
        magnetics.upward_continuation(field, 500.0)


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_the_disturbance_of_the_region_loses_its_short_waves():
    """EIGEN-6C4 over the demo area, in metres: it is calmer 20 km higher, with its mean kept.

    The field has waves of 110 km and more, so that its spread falls by less than exp(-2π 20 / 110) = 0.32
    from 1 at the very most; the mean of the mirrored field is kept exactly but for the trend.
    """
    _reader, (draft,) = read_source(DATA / "geophysics/potential_field_fatiando/gravity-earth-0.5deg.nc.xz")
    whole = draft.data["gravity"]
    part = whole.sel(longitude=slice(97, 106), latitude=slice(16, 26)).astype(float)
    disturbance = (part - normal_gravity(part.latitude.to_numpy(), 10_000.0)[:, None]).assign_attrs(
        units="mGal", standard_name="gravity_disturbance", crs="EPSG:4326"
    )
    plane = reproject(disturbance, crs="EPSG:32648", spacing=20_000.0)
    found = gravity.upward_continuation(plane, 20_000.0)
    spread = float(found.std() / plane.std())
    assert 0.32 < spread < 1
    assert abs(float(found.mean() - plane.mean())) < 0.05 * float(plane.std())
    npt.assert_array_equal(np.isnan(found), np.isnan(plane))
