"""Microlevelling: stripes that were put on a grid come off, geology and planes stay."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely
import xarray as xr

from craton.kernels.microlevelling import response, stripes
from craton.methods.microlevelling import microlevelling, microlevelling_lines
from craton.model.errors import ContractError

SIDE, CELL, SPACING = 240, 50.0, 200.0


def cells():
    axis = CELL * np.arange(SIDE)
    return np.meshgrid(axis, axis, indexing="ij")


def geology():
    """Round anomalies, 600 m to 2 km wide."""
    north, east = cells()
    random = np.random.default_rng(3)
    places = random.uniform(1500, SIDE * CELL - 1500, (12, 2))
    wide, high = random.uniform(300, 1000, 12), random.normal(0, 120, 12)
    return sum(
        h * np.exp(-((north - n) ** 2 + (east - e) ** 2) / (2 * w**2))
        for (n, e), w, h in zip(places, wide, high, strict=True)
    )


def corrugation(seed=1):
    """A constant of 4 nT on each line of four cells to the north, changing slowly along it."""
    random = np.random.default_rng(seed)
    north, east = cells()
    line = (east // SPACING).astype(int)
    height = random.normal(0, 4, (line.max() + 1, 2))
    return height[line, 0] + height[line, 1] * np.sin(2 * np.pi * north / (SIDE * CELL))


def grid(values, **attrs):
    axis = CELL * np.arange(SIDE)
    stated = {"units": "nT", "standard_name": "magnetic_anomaly", "crs": "EPSG:32648"}
    return xr.DataArray(
        values, {"northing": 2e6 + axis, "easting": 5e5 + axis}, ("northing", "easting"), name="mag",
        attrs=stated | attrs,
    )  # fmt: skip


def test_the_response_is_one_across_and_zero_along():
    """Short waves across the lines pass, long ones and those along the lines do not; halves at the cutoff."""
    ways = {"azimuth": 30.0, "wavelength": 800.0, "order": 4, "sharpness": 2.0, "along": 0.0}
    angle = np.radians(30.0)
    across = np.array([-np.sin(angle), np.cos(angle)]) * 2 * np.pi
    for wave, expected in ((80.0, 1.0), (800.0, 0.5), (8000.0, 0.0)):
        north, east = (np.array([one / wave]) for one in across)
        npt.assert_allclose(response(north, east, **ways), expected, atol=1e-7)
        npt.assert_allclose(response(-east, north, **ways), 0.0, atol=1e-12)
    npt.assert_array_equal(response(np.zeros(1), np.zeros(1), **ways), 0.0)
    halved = response(
        *(np.array([one / 80.0]) for one in across + across[::-1] * [1, -1] * -80 / 2000),
        **{**ways, "along": 2000.0, "sharpness": 0.0},
    )
    npt.assert_allclose(halved, 0.5, atol=1e-7)


def test_stripes_come_off_and_geology_stays():
    """Away from the edges four fifths of what is shorter than four line spacings go, and 1 percent of the rocks."""
    inner = (slice(20, -20),) * 2
    noise, rocks = corrugation(), geology()
    short = noise - _long(noise)
    taken = stripes(rocks + noise, (CELL, CELL), 0.0, 4 * SPACING)
    assert (short - taken)[inner].std() < 0.2 * short[inner].std()
    assert stripes(rocks, (CELL, CELL), 0.0, 4 * SPACING)[inner].std() < 0.01 * rocks[inner].std()


def _long(noise):
    """Part of stripes to the north that is wider than four line spacings."""
    spectrum = np.fft.rfft(noise, axis=1)
    waves = np.fft.rfftfreq(noise.shape[1], CELL)
    spectrum[:, waves > 1 / (4 * SPACING)] = 0
    return np.fft.irfft(spectrum, n=noise.shape[1], axis=1)


def test_the_filter_is_linear_and_planes_are_none_of_it():
    """Twice the field has twice the stripes; a plane and a constant have none."""
    field = geology() + corrugation()
    once = stripes(field, (CELL, CELL), 10.0, 800.0)
    npt.assert_allclose(stripes(2 * field, (CELL, CELL), 10.0, 800.0), 2 * once, atol=1e-9)
    north, east = cells()
    npt.assert_allclose(stripes(5 + north / 50 - east / 70, (CELL, CELL), 10.0, 800.0), 0, atol=1e-9)


def test_directions_of_rows_and_columns_make_no_difference():
    """Turned, mirrored or transposed grids have the same stripes at the same places, at an odd azimuth too."""
    field = grid(geology() + corrugation())
    expected = microlevelling(field, 25.0, SPACING).stripes
    for other in (field[::-1], field[:, ::-1], field.transpose("easting", "northing")):
        found = microlevelling(other, 25.0, SPACING).stripes
        assert found.dims == other.dims
        npt.assert_allclose(
            found.transpose(*expected.dims).sortby(["northing", "easting"]), expected, atol=1e-9
        )
    npt.assert_allclose(microlevelling(field, 205.0, SPACING).stripes, expected, atol=1e-9)


def test_what_is_taken_is_what_goes():
    """Levelled and stripes add up to the grid; gaps stay gaps; no stripe is higher than the limit."""
    field = grid(geology() + corrugation())
    field[30:40, 50:60] = np.nan
    found = microlevelling(field, 0.0, SPACING, limit=3.0)
    npt.assert_allclose(found.levelled + found.stripes, field, atol=1e-9)
    npt.assert_array_equal(np.isnan(found.stripes), np.isnan(field))
    assert float(abs(found.stripes).max()) == 3.0
    assert found.levelled.attrs["standard_name"] == "magnetic_anomaly"
    assert "standard_name" not in found.stripes.attrs
    assert np.isnan(microlevelling(field * np.nan, 0.0, SPACING).levelled).all()


def test_lines_closer_than_cells_are_refused():
    """A grid cannot show what lies between its cells."""
    with pytest.raises(ContractError, match="`line_spacing` must be at least two cells, 100 m"):
        microlevelling(grid(geology()), 0.0, 60.0)


def test_readings_take_the_correction_of_the_grid():
    """Along a line on cell centres a stripe that is constant along it comes off whole; outside nothing does."""
    noise = grid(np.tile(np.array([3.0, -2.0]).repeat(4), (SIDE, SIDE // 8)))
    del noise.attrs["standard_name"]
    north = 2e6 + CELL * np.arange(SIDE)
    parts = [np.column_stack([np.full(SIDE, 5e5 + CELL * column), north]) for column in (1, 5)]
    outside = np.array([[4e5, 2e6], [4e5, 2.001e6]])
    table = gpd.GeoDataFrame(
        {"line": [1] * SIDE + [2] * SIDE + [3] * 2, "v": 100.0},
        geometry=shapely.points(np.concatenate([*parts, outside])), crs="EPSG:32648",
    )  # fmt: skip
    table.attrs["columns"] = {"v": {"unit": "nT"}}
    found = microlevelling_lines(table, noise, "line", "v", 1000.0)
    npt.assert_allclose(found["v_microlevelled"], [97.0] * SIDE + [102.0] * SIDE + [100.0] * 2, atol=1e-9)
    npt.assert_allclose(found["v_microlevel"] + found["v_microlevelled"], 100.0, atol=1e-12)


def test_a_gap_of_the_grid_does_not_blank_readings_beside_it():
    """Readings on the centres of cells beside a gap, and nearer to them than to the gap, are corrected."""
    noise = grid(np.full((SIDE, SIDE), 3.0))
    del noise.attrs["standard_name"]
    noise[:, 3] = np.nan
    north = 2e6 + CELL * np.arange(SIDE)
    places = [np.column_stack([np.full(SIDE, 5e5 + CELL * column), north]) for column in (2, 2.4, 2.6, 3)]
    table = gpd.GeoDataFrame(
        {"line": np.repeat(range(4), SIDE), "v": 100.0},
        geometry=shapely.points(np.concatenate(places)), crs="EPSG:32648",
    )  # fmt: skip
    table.attrs["columns"] = {"v": {"unit": "nT"}}
    found = microlevelling_lines(table, noise, "line", "v", 1000.0)["v_microlevelled"]
    npt.assert_allclose(found, np.repeat([97.0, 97.0, 100.0, 100.0], SIDE), atol=1e-9)
