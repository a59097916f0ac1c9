"""Relief of interfaces on labelled grids: stacked bodies, known basins, real ground, and what is refused."""

import numpy as np
import numpy.testing as npt
import pytest
import rasterio
import xarray as xr
from tests.reading import DATA

from craton.methods.relief import basement_depth, gravity_of_relief, magnetics_of_relief
from craton.model.errors import ContractError

CRS = "EPSG:32648"
SIDE, STEP = 60, 500.0


def field(values, **attrs):
    """Values on cells with rows from the north."""
    axis = STEP * np.arange(SIDE)
    axes = {"northing": 2e6 + axis[::-1], "easting": 5e5 + axis}
    return xr.DataArray(values, axes, tuple(axes), name="field", attrs={"crs": CRS, **attrs})


def bell(width):
    """1 in the middle of the grid, falling off."""
    axis = STEP * (np.arange(SIDE) - SIDE / 2)
    return np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * width**2))


HEIGHT = {"units": "m", "standard_name": "elevation"}
ANOMALY = {"units": "mGal", "standard_name": "bouguer_anomaly"}


def test_raising_the_reference_changes_a_constant():
    """2πGΔρ of the layer between, and nothing else; the order of rows makes no difference."""
    relief = field(-5000 + 1500 * bell(4000), **HEIGHT)
    found = gravity_of_relief(relief, 400.0, height=500.0, reference=-5000.0)
    other = gravity_of_relief(relief, 400.0, height=500.0, reference=-6000.0)
    npt.assert_allclose(other - found, 2e5 * np.pi * 6.6743e-11 * 400 * 1000, rtol=1e-9)
    turned = gravity_of_relief(relief[::-1], 400.0, height=500.0, reference=-5000.0)
    npt.assert_allclose(turned[::-1], found, atol=1e-9)
    assert (found.attrs["units"], found.attrs["standard_name"]) == ("mGal", "gravity_disturbance")


def test_the_magnetic_field_of_relief_turns_with_the_rows():
    """A body's anomaly is the same however the grid is stored."""
    relief = field(-3000 + 900 * bell(2500), **HEIGHT)
    given = {"height": 200.0, "inclination": 20.0, "declination": 30.0}
    found = magnetics_of_relief(relief, 1.5, **given)
    npt.assert_allclose(magnetics_of_relief(relief[::-1, ::-1], 1.5, **given)[::-1, ::-1], found, atol=1e-9)
    along = magnetics_of_relief(relief, 1.5, **given, remanent_inclination=20.0, remanent_declination=30.0)
    npt.assert_allclose(along, found, atol=1e-12)
    assert float(abs(found).max()) > 10


def test_a_basin_is_found_again_from_its_gravity():
    """From the gravity of the basin by Parker's series, 100 m above: depths within 3 percent of the deepest."""
    depth = 400 + 1500 * bell(4000)
    gravity = gravity_of_relief(field(-depth, **HEIGHT), 350.0, height=100.0)
    low = field(gravity.to_numpy(), **ANOMALY)
    found = basement_depth(low, -350.0, height=100.0, deepest=4000.0, tolerance=0.02, iterations=200)
    inner = (slice(15, -15),) * 2
    npt.assert_allclose(found.depth.to_numpy()[inner], depth[inner], rtol=0, atol=0.03 * depth.max())
    assert float(abs(found.residual).max()) < 2.0
    assert (found.depth.attrs["units"], found.depth.attrs["standard_name"]) == ("m", "depth")


def test_a_deep_interface_is_found_again_from_its_gravity():
    """Parker-Oldenburg about the mean depth: to 3 percent of the relief."""
    shape = 1500 * bell(6500)
    depth = 10_000 - shape + shape.mean()
    gravity = gravity_of_relief(field(-depth, **HEIGHT), 400.0, height=0.0)
    found = basement_depth(
        field(gravity.to_numpy(), **ANOMALY), -400.0, method="parker_oldenburg", mean_depth=10_000.0,
        shortest_wave=9_000.0,
    )  # fmt: skip
    npt.assert_allclose(found.depth, depth, rtol=0, atol=0.03 * 1500)


def test_gaps_stay_gaps_and_do_not_spoil_the_rest():
    """Missing cells have no depth; away from them it changes by less than 2 percent of the deepest."""
    low = field(-30 * bell(4000), **ANOMALY)
    gappy = low.copy()
    gappy[10:14, 20:25] = np.nan
    whole, found = (basement_depth(one, deepest=5000.0).depth for one in (low, gappy))
    npt.assert_array_equal(np.isnan(found), np.isnan(gappy))
    assert float(abs(found - whole).max()) < 0.02 * float(whole.max())


def test_fading_density_makes_a_basin_deeper():
    """With the contrast gone in depth, the same low needs more sediment."""
    low = field(-20 * bell(4000), **ANOMALY)
    plain, fading = (basement_depth(low, decay_depth=one).depth.max() for one in (None, 2000.0))
    assert float(fading) > 1.1 * float(plain)


REFUSED = [
    ({"method": "parker_oldenburg"}, "`mean_depth` must be"),
    ({"method": "parker_oldenburg", "mean_depth": 3000.0, "decay_depth": 2000.0}, "`decay_depth` must be"),
    (
        {"method": "parker_oldenburg", "mean_depth": 9000.0, "shortest_wave": 1000.0},
        "`shortest_wave` must be",
    ),
    ({"contrast": 400.0}, "`contrast` must be"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=[words for _given, words in REFUSED])
def test_options_that_do_not_go_together_are_refused(given, words):
    """Each with the parameter that is wrong."""
    noise = np.random.default_rng(1).normal(0, 3, (SIDE, SIDE))
    with pytest.raises(ContractError, match=words):
        basement_depth(field(noise, **ANOMALY), **given)


def test_relief_that_cannot_be_done_is_refused():
    """Gaps, stations below or too near the relief, half a remanence, an anomaly without any value."""
    relief = field(-1000 * bell(4000), **HEIGHT)
    gappy = relief.where(relief < -1)
    with pytest.raises(ContractError, match="`relief` must be a grid without gaps"):
        gravity_of_relief(gappy, 400.0, height=100.0)
    with pytest.raises(ContractError, match="`height` must be above all"):
        gravity_of_relief(relief, 400.0, height=-1.0)
    with pytest.raises(ContractError, match="`height` must be farther"):
        gravity_of_relief(
            field(1000.0 * (np.arange(SIDE * SIDE) % 7).reshape(SIDE, SIDE), **HEIGHT), 400.0, height=6001.0
        )
    with pytest.raises(ContractError, match="`remanent_declination` must be"):
        magnetics_of_relief(
            relief, 1.0, height=100.0, inclination=0.0, declination=0.0, remanent_inclination=5.0
        )
    with pytest.raises(ContractError, match="`grid` must be a grid with values"):
        basement_depth(field(np.full((SIDE, SIDE), np.nan), **ANOMALY))


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_real_ground_attracts_like_a_layer_of_its_height_far_above_it():
    """The terrain of Hamersley seen from 3 km above its top: 2πGρh in the mean, and more over the hills."""
    with rasterio.open(DATA / "geology/hamersley_wa/dtm_rp.tif") as raster:
        cells, step = raster.read(1).astype(float)[:180, :180], raster.res
    assert np.isfinite(cells).all()
    axes = {"northing": -step[1] * np.arange(180), "easting": step[0] * np.arange(180)}
    relief = xr.DataArray(cells, axes, tuple(axes), attrs={"crs": "EPSG:28350", **HEIGHT})
    found = gravity_of_relief(relief, 2670.0, height=float(relief.max()) + 3000)
    layer = 2e5 * np.pi * 6.6743e-11 * 2670 * float(relief.mean())
    npt.assert_allclose(float(found.mean()), layer, rtol=1e-6)
    assert np.corrcoef(found.to_numpy().ravel(), cells.ravel())[0, 1] > 0.3
