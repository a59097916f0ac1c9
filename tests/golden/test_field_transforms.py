"""Transforms of labelled potential fields: closed forms, units, directions, gaps, refusals, and a real field."""

import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.kernels.gravity import normal_gravity
from craton.methods import (
    field_continuation,
    field_derivatives,
    field_edges,
    field_filters,
    field_separation,
    gravity,
    magnetics_reduction,
    magnetics_transforms,
)
from craton.methods.geomagnetic import reference_field_grid
from craton.methods.grid_warp import reproject
from craton.model.errors import ContractError
from craton.store.codec_cog import decode_cog
from craton.store.codec_grid import encode_grid

HALF, DEPTH = 12_000.0, 1_500.0
NORTHING, EASTING = np.arange(-HALF, HALF + 1, 200.0), np.arange(-HALF, HALF, 250.0)
NORTH, EAST = np.meshgrid(NORTHING, EASTING, indexing="ij")
INNER = {"northing": slice(30, -30), "easting": slice(24, -24)}


def grid_of(values, units, quantity):
    """Grid of values, rows to the north."""
    return xr.DataArray(
        values, {"northing": NORTHING + 2e6, "easting": EASTING + 5e5}, ("northing", "easting"), name="field",
        attrs={"crs": "EPSG:32648", "units": units, "standard_name": quantity},
    )  # fmt: skip


def dipole(inclination, declination=0.0, depth=DEPTH):
    """Total-field anomaly, nT, of an induced dipole of 10^10 A m² in the form of Blakely (1995), eq. 4.16."""
    dip, azimuth = np.radians([inclination, declination])
    distance = np.sqrt(NORTH**2 + EAST**2 + depth**2)
    along = np.cos(dip) * (NORTH * np.cos(azimuth) + EAST * np.sin(azimuth)) - np.sin(dip) * depth
    return grid_of(1e3 * 1e9 * (3 * (along / distance) ** 2 - 1) / distance**3, "nT", "magnetic_anomaly")


def point_mass(depth=DEPTH):
    """Attraction of 10^12 kg in mGal."""
    values = 1e5 * 6.6743e-11 * 1e12 * depth / (NORTH**2 + EAST**2 + depth**2) ** 1.5
    return grid_of(values, "mGal", "gravity_disturbance")


ONE_GRID = [
    pytest.param(lambda g: field_derivatives.derivative(g, upward=2), id="derivative"),
    pytest.param(lambda g: field_derivatives.directional_derivative(g, 30.0), id="directional"),
    pytest.param(field_derivatives.total_gradient, id="total-gradient"),
    pytest.param(field_derivatives.horizontal_gradient, id="horizontal-gradient"),
    pytest.param(lambda g: field_derivatives.gradients(g)["easting_derivative"], id="gradients"),
    pytest.param(field_edges.tilt, id="tilt"),
    pytest.param(field_edges.theta_map, id="theta"),
    pytest.param(field_edges.horizontal_gradient_tilt, id="gradient-tilt"),
    pytest.param(field_edges.normalised_standard_deviation, id="deviation"),
    pytest.param(lambda g: field_filters.band_filter(g, 2000.0, 9000.0, passes="band"), id="band"),
    pytest.param(lambda g: field_filters.strike_filter(g, 20.0), id="strike"),
    pytest.param(lambda g: field_continuation.downward_continuation(g, 300.0), id="downward"),
    pytest.param(lambda g: field_separation.continuation_residual(g).residual, id="residual"),
    pytest.param(lambda g: field_separation.matched_filter(g, 3000.0, 500.0).regional, id="matched"),
    pytest.param(lambda g: field_separation.wavelet_separation(g)["detail_2"], id="wavelet"),
    pytest.param(lambda g: field_separation.polynomial_trend(g).residual, id="trend"),
    pytest.param(lambda g: field_separation.cutting_separation(g).residual, id="cutting"),
    pytest.param(lambda g: magnetics_reduction.reduction_to_pole(g, 35.0, 10.0), id="pole"),
    pytest.param(lambda g: magnetics_reduction.reduction_to_equator(g, 35.0, 10.0), id="equator"),
    pytest.param(lambda g: magnetics_transforms.component(g, 35.0, 10.0, "east"), id="component"),
    pytest.param(lambda g: magnetics_transforms.pseudo_gravity(g, 35.0, 10.0), id="pseudo-gravity"),
    pytest.param(lambda g: magnetics_transforms.products(g, 35.0, 10.0)["reduced_to_pole"], id="products"),
]
"""Every transform of one magnetic grid."""

every_transform = pytest.mark.parametrize("transform", ONE_GRID)


@every_transform
def test_order_of_rows_and_dimensions_makes_no_difference(transform):
    """Rows from the north, columns from the east, or easting first: the same values at the same places."""
    field = dipole(50.0, 10.0)
    expected = transform(field)
    scale = float(abs(expected).max())
    for other in (field[::-1], field[:, ::-1], field.transpose("easting", "northing")):
        found = transform(other)
        assert found.dims == other.dims
        npt.assert_allclose(
            found.transpose(*field.dims).sortby(["northing", "easting"]), expected, atol=1e-9 * scale
        )


@every_transform
def test_gaps_stay_gaps_and_single_precision_stays_single(transform):
    """Missing cells are missing after and no others are; float32 in, float32 out."""
    field = dipole(50.0, 10.0).astype("float32")
    field[40:46, 50:53] = np.nan
    found = transform(field)
    assert found.dtype == np.float32
    npt.assert_array_equal(np.isnan(found), np.isnan(field))


@pytest.mark.parametrize("transform", [one for one in ONE_GRID if one.id != "matched"])
def test_nothing_stays_nothing(transform):
    """A grid without a value has none after."""
    assert np.isnan(transform(dipole(50.0) * np.nan)).all()


@every_transform
def test_one_row_is_refused(transform):
    """A line is no grid."""
    with pytest.raises(ContractError, match="one of 1 cells along northing"):
        transform(dipole(50.0)[:1])


@pytest.mark.parametrize("padding", ["mirror", "taper", "none"])
@pytest.mark.parametrize("inclination", [70.0, 45.0, -30.0])
def test_a_dipole_reduced_to_the_pole_is_the_dipole_at_the_pole(padding, inclination):
    """The middle half agrees with the closed form to 1.5 % of the peak.

    The field is cut at eight depths from the source, and the plane that fits it is not reduced.
    """
    found = magnetics_reduction.reduction_to_pole(
        dipole(inclination, 15.0), inclination, 15.0, padding=padding
    )
    expected = dipole(90.0)
    npt.assert_allclose(found.isel(INNER), expected.isel(INNER), atol=1.5e-2 * float(expected.max()))
    assert found.attrs["standard_name"] == "reduced_to_pole_magnetic_anomaly"
    assert found.attrs["units"] == "nT"


def test_a_field_that_turns_is_reduced_place_by_place():
    """With one direction everywhere it is the plain reduction; between two, each side is as its own reduction.

    The inclination goes from 50° in the south to 70° in the north; a dipole in the middle sees 60° and comes
    out as at the pole to 2 % of its peak.
    """
    field = dipole(60.0, 5.0)
    angle = {
        "inclination": grid_of(np.full(field.shape, 60.0), "deg", "magnetic_inclination"),
        "declination": grid_of(np.full(field.shape, 5.0), "deg", "magnetic_declination"),
    }
    plain = magnetics_reduction.reduction_to_pole(field, 60.0, 5.0)
    npt.assert_allclose(magnetics_reduction.differential_reduction_to_pole(field, **angle), plain, atol=1e-9)
    turning = {**angle, "inclination": grid_of(60 + 10 * NORTH / HALF, "deg", "magnetic_inclination")}
    found = magnetics_reduction.differential_reduction_to_pole(field, **turning, step=1.0)
    here = found.sel(northing=2e6, easting=5e5)
    npt.assert_allclose(here, dipole(90.0).sel(northing=2e6, easting=5e5), rtol=0.02)
    gappy = turning["inclination"].copy()
    gappy[:3] = np.nan
    turning["inclination"] = gappy
    assert np.isnan(magnetics_reduction.differential_reduction_to_pole(field, **turning)[:3]).all()
    with pytest.raises(ContractError, match="`inclination` must be on the cells"):
        magnetics_reduction.differential_reduction_to_pole(field, gappy[1:], angle["declination"])


def test_poisson_joins_gravity_and_magnetics():
    """Pseudo-magnetics of the point mass at the pole is the dipole: 10¹² kg at 200 kg/m³ and 2 A/m are 10¹⁰ A m²."""
    found = gravity.pseudo_magnetic(point_mass(), 90.0, 0.0, density=200.0, magnetisation=2.0)
    expected = dipole(90.0)
    npt.assert_allclose(found.isel(INNER), expected.isel(INNER), atol=1e-2 * float(expected.max()))
    back = magnetics_transforms.pseudo_gravity(expected, 90.0, 0.0, density=200.0, magnetisation=2.0)
    inner = back.isel(INNER) - point_mass().isel(INNER)
    npt.assert_allclose(inner, inner.mean(), atol=3e-2 * float(point_mass().max()))


def test_derivatives_have_units_of_their_own():
    """An anomaly in nT becomes nT/m and nT/m2, mGal becomes mGal/m, each with its quantity where it has one."""
    first = field_derivatives.derivative(dipole(60.0), upward=1)
    assert (first.attrs["units"], first.attrs["standard_name"]) == ("nT/m", "magnetic_gradient")
    assert field_derivatives.derivative(dipole(60.0), upward=1, easting=1).attrs["units"] == "nT/m2"
    up = field_derivatives.derivative(point_mass(), upward=1)
    assert (up.attrs["units"], up.attrs["standard_name"]) == ("mGal/m", "gravity_gradient")
    assert float(up.min()) == float(up.sel(northing=2e6, easting=5e5))


def test_the_tilt_is_positive_over_the_source_and_zero_where_theory_says():
    """Over a point mass the upward derivative is zero at a distance of √2 depths: tilt 0 and theta 1 there."""
    field = point_mass()
    tilt, theta = field_edges.tilt(field), field_edges.theta_map(field)
    assert float(tilt.sel(northing=2e6, easting=5e5)) > 85
    ring = tilt.sel(northing=2e6).sel(easting=slice(5e5, None))
    crossing = float(ring.easting[np.argmax(ring.to_numpy() < 0)]) - 5e5
    assert abs(crossing - np.sqrt(2) * DEPTH) <= 250
    across = theta.sel(northing=2e6).sel(easting=slice(5e5 + 500, 5e5 + 4000))
    assert abs(float(across.easting[np.argmax(across.to_numpy())]) - 5e5 - np.sqrt(2) * DEPTH) <= 250


def test_separations_add_up():
    """Regional and residual, or details and rest, are the field."""
    field = point_mass() + 3 + NORTH / 1e4
    field.attrs = point_mass().attrs
    parts = field_separation.wavelet_separation(field)
    npt.assert_allclose(sum(parts.data_vars.values()), field, atol=1e-12)
    for separate in (
        field_separation.continuation_residual,
        lambda g: field_separation.matched_filter(g, 3000.0, 500.0),
        field_separation.polynomial_trend,
        field_separation.cutting_separation,
    ):
        found = separate(field)
        npt.assert_allclose(found.regional + found.residual, field, atol=1e-12)
        assert found.residual.attrs["units"] == "mGal"


def test_a_slice_between_two_heights_leaves_the_shallowest_out():
    """Continued to 500 m less continued to 2000 m."""
    field = point_mass()
    found = field_separation.continuation_residual(field, 2000.0, 500.0)
    expected = gravity.upward_continuation(field, 500.0) - gravity.upward_continuation(field, 2000.0)
    npt.assert_allclose(found.residual, expected, atol=1e-12)


def test_band_and_stop_are_the_whole():
    """What a band lets through and what it stops add up to the field, trend included."""
    field = point_mass()
    parts = [field_filters.band_filter(field, 1500.0, 6000.0, passes=one) for one in ("band", "stop")]
    npt.assert_allclose(sum(parts), field, atol=1e-12)


def test_a_draped_survey_comes_to_its_plane():
    """A point mass seen from a hill, brought to the highest place of it: the closed form there, to 1 % of the peak."""
    hill = 300 * np.exp(-((NORTH - 1000) ** 2 + EAST**2) / 3000**2)
    surface = grid_of(hill + 700, "m", "elevation")
    draped = point_mass(DEPTH + hill)
    level = field_continuation.drape_to_level(draped, surface)
    expected = point_mass(DEPTH + float(hill.max()))
    npt.assert_allclose(level, expected, atol=1e-2 * float(expected.max()))
    back = field_continuation.level_to_drape(point_mass(), surface, 700.0)
    npt.assert_allclose(back, draped, atol=1e-2 * float(draped.max()))


def test_what_cannot_be_done_is_refused_in_words():
    """Even windows, half a direction, a band that is none, levels on the wrong side, other cells, a plain spectrum."""
    field, surface = dipole(60.0), grid_of(np.full(NORTH.shape, 100.0), "m", "elevation")
    cases = [
        ("window", lambda: field_edges.normalised_standard_deviation(field, 4)),
        ("upward", lambda: field_derivatives.derivative(field, upward=0)),
        ("longest", lambda: field_filters.band_filter(field, 500.0, passes="band")),
        ("longest", lambda: field_filters.band_filter(field, 500.0, 400.0, passes="stop")),
        ("lower", lambda: field_separation.continuation_residual(field, 500.0, 600.0)),
        ("shallow", lambda: field_separation.matched_filter(field, 500.0, 600.0)),
        ("shallow", lambda: field_separation.matched_filter(field, 500.0)),
        ("levels", lambda: field_separation.wavelet_separation(field, 7)),
        ("radius", lambda: field_separation.cutting_separation(field, 20.0)),
        ("level", lambda: field_continuation.level_to_drape(field, surface, 101.0)),
        ("level", lambda: field_continuation.drape_to_level(field, surface, 99.0)),
        ("surface", lambda: field_continuation.drape_to_level(field, surface[1:])),
        ("surface", lambda: field_continuation.drape_to_level(field, surface * 1e4 * EAST)),
        ("surface", lambda: field_continuation.drape_to_level(field, surface * np.nan)),
        ("grid", lambda: field_separation.matched_filter(field * 0)),
        (
            "magnetisation_declination",
            lambda: magnetics_reduction.reduction_to_pole(field, 60.0, 0.0, magnetisation_inclination=30.0),
        ),
    ]
    for name, call in cases:
        with xr.set_options(keep_attrs=True), pytest.raises(ContractError, match=f"`{name}` must be"):
            call()


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_the_disturbance_of_the_region_keeps_to_the_rules():
    """EIGEN-6C4 over the demo area at 20 km: derivatives by differences, upward and back down, noise not raised.

    Central differences over d = 20 km of waves of 110 km and more lack at most (k d)² / 6 = 0.22. Up and down again by one
    spacing: 10 % of the spread, beside the empty corners for the most part.
    """
    _reader, (draft,) = read_source(DATA / "geophysics/potential_field_fatiando/gravity-earth-0.5deg.nc.xz")
    part = draft.data["gravity"].sel(longitude=slice(97, 106), latitude=slice(16, 26)).astype(float)
    disturbance = (part - normal_gravity(part.latitude.to_numpy(), 10_000.0)[:, None]).assign_attrs(
        units="mGal", standard_name="gravity_disturbance", crs="EPSG:4326"
    )
    field = reproject(disturbance, crs="EPSG:32648", spacing=20_000.0, method="cubic")
    east = field_derivatives.derivative(field, easting=1, upward=0)
    differences = field.differentiate("easting")
    inner = east.isel(northing=slice(8, -8), easting=slice(8, -8))
    assert float((inner - differences).std()) < 0.22 * float(inner.std())
    up = gravity.upward_continuation(field, 20_000.0)
    down = field_continuation.downward_continuation(up, 20_000.0)
    assert float((down - field).std()) < 0.1 * float(field.std())
    npt.assert_array_equal(np.isnan(down), np.isnan(field))


def test_declinations_from_true_north_are_turned_to_the_northing_axis(tmp_path):
    """The reduction is one with declinations from either north, also once they were kept in the store."""
    field = dipole(60.0, 5.0).assign_coords(easting=EASTING + 8e5)
    angles = {
        north: reference_field_grid(
            field, "2024.5", component="declination", grid_north=north == "grid north"
        )
        for north in ("true north", "grid north")
    }
    assert float(abs(angles["true north"] - angles["grid north"]).min()) > 0.5
    inclination = reference_field_grid(field, "2024.5", component="inclination")
    reduced = []
    for number, (north, angle) in enumerate(angles.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        encode_grid(angle.to_dataset(name="declination"), folder, str(angle.attrs["crs"]))
        kept = decode_cog(folder / "data.tif")["declination"]
        assert angle.attrs["counted_from"] == kept.attrs["counted_from"] == north
        reduced.append(magnetics_reduction.differential_reduction_to_pole(field, inclination, angle))
    npt.assert_allclose(*reduced, atol=1e-9)
