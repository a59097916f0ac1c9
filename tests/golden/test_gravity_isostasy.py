"""Isostatic compensation and anomalies of labelled grids: flat land and sea, gaps, southern Africa, refusals."""

import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.kernels.gravity import slab
from craton.methods.gravity_isostasy import compensation, isostatic_anomaly
from craton.methods.grid_warp import reproject
from craton.model.errors import ContractError


def relief(value=1000.0, **attrs):
    axis = 10_000.0 * np.arange(40)
    return xr.DataArray(
        np.full((40, 40), value), {"northing": 2e6 + axis, "easting": 3e5 + axis}, ("northing", "easting"),
        attrs={"units": "m", "standard_name": "elevation", "crs": "EPSG:32648", **attrs},
    )  # fmt: skip


def trench():
    """Deep sea of 5 km in cells of 1 km, one row of which is land."""
    axis = 1000.0 * np.arange(40)
    cells = np.full((40, 40), -5000.0)
    cells[20] = 3000.0
    return relief().assign_coords(northing=axis, easting=axis).copy(data=cells)


def bouguer(value=-110.0, **attrs):
    axis = 5_000.0 * np.arange(20)
    return xr.DataArray(
        np.full((20, 20), value), {"northing": 2.1e6 + axis, "easting": 4e5 + axis}, ("northing", "easting"),
        attrs={"units": "mGal", "standard_name": "bouguer_anomaly", "crs": "EPSG:32648", **attrs},
    )  # fmt: skip


@pytest.mark.parametrize(("model", "thickness"), [("airy", 0.0), ("flexure", 20_000.0)])
def test_a_plateau_floats_on_a_flat_root(model, thickness):
    """1 km of land: a Moho at 30 km + 6,675 m and −111.968 mGal, which is its own slab, whatever the plate's strength."""
    found = compensation(relief(), model=model, elastic_thickness=thickness)
    npt.assert_allclose(found.moho_depth, 36_675.0)
    npt.assert_allclose(found.attraction, -slab(1000.0, 2670.0), rtol=1e-9)
    assert found.moho_depth.attrs["units"] == "m"
    assert found.attraction.attrs["crs"] == "EPSG:32648"


def test_the_isostatic_anomaly_of_a_floating_plateau_is_nothing():
    """Its Bouguer anomaly is that of the root."""
    found = isostatic_anomaly(bouguer(-slab(1000.0, 2670.0).item()), relief())
    npt.assert_allclose(found, 0.0, atol=1e-6)
    assert found.attrs["standard_name"] == "isostatic_anomaly"
    assert found.shape == (20, 20)


def test_the_order_of_rows_and_gaps():
    """A relief from the north gives the same; a gap in the anomaly and one in the relief stay gaps."""
    hilly = relief()
    hilly[10:20, 12:22] = 2500.0
    expected = isostatic_anomaly(bouguer(), hilly)
    npt.assert_allclose(isostatic_anomaly(bouguer(), hilly[::-1, ::-1]), expected, atol=1e-9)
    holed, field = hilly.copy(), bouguer()
    holed[12, 15], field[3, 4] = np.nan, np.nan
    found = isostatic_anomaly(field, holed)
    assert np.isnan(found[3, 4])
    assert 1 < int(np.isnan(found).sum()) < 20


def test_a_strong_plate_carries_narrow_mountains():
    """The root under a mountain of 100 km is shallower and wider than Airy's, and holds as much."""
    hilly = relief(0.0)
    hilly[15:25, 15:25] = 2000.0
    airy, bent = (
        compensation(hilly, model=m, elastic_thickness=t) for m, t in (("airy", 0.0), ("flexure", 15_000.0))
    )
    assert float(bent.moho_depth.max()) < 0.9 * float(airy.moho_depth.max())
    npt.assert_allclose(bent.moho_depth.sum(), airy.moho_depth.sum(), rtol=1e-9)


def test_a_gap_of_the_relief_is_one_gap_on_the_same_cells():
    """One cell of the relief without a value takes the anomaly of that cell alone."""
    holed = relief()
    holed[12, 15] = np.nan
    field = relief(-110.0, units="mGal", standard_name="bouguer_anomaly")
    gaps = np.isnan(isostatic_anomaly(field, holed).to_numpy())
    assert list(zip(*np.nonzero(gaps), strict=True)) == [(12, 15)]


@pytest.mark.parametrize(
    ("match", "call", "given"),
    [
        ("water lighter than crust lighter than mantle", compensation, {"mantle_density": 2600.0}),
        ("`elastic_thickness` must be 0 with the model airy", compensation, {"elastic_thickness": 1000.0}),
        ("`depth` must be more than 20538 m", compensation, {"relief": relief(-5000.0), "depth": 20_000.0}),
        ("a Moho well below sea level", compensation, {"relief": trench(), "depth": 20_540.0}),
        ("`relief` must be a grid of 4 by 4", compensation, {"relief": relief(np.nan)}),
        ("in the reference system of `grid`", isostatic_anomaly, {"grid": bouguer(crs="EPSG:32647")}),
        ("a grid that covers `grid`", isostatic_anomaly, {"grid": bouguer().assign_coords(easting=9e6 + 5e3 * np.arange(20))}),
    ],
)  # fmt: skip
def test_what_cannot_float_is_refused(match, call, given):
    """Wrong densities and depths, an empty relief, one elsewhere or in another system."""
    defaults = {"relief": relief()} if call is compensation else {"grid": bouguer(), "relief": relief()}
    with pytest.raises(ContractError, match=match):
        call(**{**defaults, **given})


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_the_moho_under_southern_africa():
    """ETOPO1 at half a degree: Airy's Moho is 34 to 46 km under the plateau, and shallower than 22 km under the ocean.

    Crust of 2670 and mantle of 3070 kg/m³ under a mean of 30 km: 1 to 1.8 km of land give 37 to 42 km.
    """
    _reader, (draft,) = read_source(DATA / "elevation/etopo1_half_degree/etopo1-0.5deg.nc.xz")
    part = draft.data["topography"].sel(latitude=slice(-40, -14), longitude=slice(8, 40)).astype(float)
    part.attrs = {"units": "m", "standard_name": "elevation", "crs": "EPSG:4326"}
    plane = reproject(
        part, crs="+proj=laea +lat_0=-27 +lon_0=24 +datum=WGS84 +units=m +type=crs", spacing=40_000.0
    )
    found = compensation(plane)
    land, ocean = (float(found.moho_depth.where(where).median()) for where in (plane > 1000, plane < -3000))
    assert 36_000 < land < 40_000
    assert 5_000 < ocean < 18_000
    assert -200 < float(found.attraction.min()) < -100
