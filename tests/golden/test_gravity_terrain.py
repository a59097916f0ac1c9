"""Terrain corrections of labelled stations: harmonica's prisms on a real valley, coverage, remarks, refusals."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.methods.gravity_terrain import terrain_correction
from craton.model.errors import ContractError


def dem(cells=None, step=200.0, crs="EPSG:32648", **attrs):
    """A smooth hill of 800 m in the middle of 20 km, or given cells, rows from the north."""
    axis = step * np.arange(-50, 51)
    hill = 200 + 800 * np.exp(-(axis[:, None] ** 2 + axis**2) / 4000**2)
    return xr.DataArray(
        hill if cells is None else cells, {"northing": 2e6 - axis, "easting": 5e5 + axis}, ("northing", "easting"),
        attrs={"units": "m", "standard_name": "elevation", "crs": crs, **attrs},
    )  # fmt: skip


def stations(places=((5e5, 2e6), (503_000, 2_001_050)), heights=(1000.0, 618.0), unit="m"):
    frame = gpd.GeoDataFrame(
        {"elevation": np.asarray(heights, float)},
        geometry=gpd.points_from_xy(*np.transpose(places)),
        crs="EPSG:32648",
    )
    frame.attrs["columns"] = {"elevation": {"unit": unit, "quantity": "elevation"}}
    return frame


def test_it_is_given_with_what_it_rests_on():
    """The circle of 6.5 km is covered and nothing is doubtful; on the hill the correction is greatest."""
    found = terrain_correction(stations(), dem(), radius=6500.0)
    assert found["terrain_correction"][0] > found["terrain_correction"][1] > 1
    npt.assert_allclose(found["terrain_coverage"], 1.0, atol=5e-3)
    assert list(found["terrain_remark"]) == ["", ""]
    assert found.attrs["columns"]["terrain_correction"] == {"unit": "mGal", "quantity": "terrain_correction"}


def test_what_the_relief_lacks_is_told():
    """Beyond the grid, off the ground, outside of it, a hole in it."""
    far = terrain_correction(stations(), dem())
    assert list(far["terrain_remark"]) == ["incomplete", "incomplete"]
    npt.assert_allclose(far["terrain_coverage"], 20_200**2 / (np.pi * 166_735**2), rtol=1e-3)
    lost = terrain_correction(
        stations(places=((5e5, 2e6), (6e5, 2e6)), heights=(1100, 10)), dem(), radius=6500.0
    )
    assert list(lost["terrain_remark"]) == ["height", "outside"]
    assert np.isnan(lost["terrain_correction"][1])
    npt.assert_allclose(lost["height_above_relief"][0], 100, atol=1)
    gappy = dem()
    gappy[40:45, 40:45] = np.nan
    assert list(terrain_correction(stations(), gappy, radius=6500.0)["terrain_remark"]) == [
        "incomplete",
        "incomplete",
    ]


def test_a_ship_needs_its_depth():
    """Over the sea without a depth that is told; with it, over the top of a seamount, the floor falls away on all sides."""
    floor = dem(dem().to_numpy() - 2000)
    frame = stations(heights=(0.0, 0.0))
    assert list(terrain_correction(frame, floor, radius=6500.0)["terrain_remark"]) == ["at-sea", "at-sea"]
    frame["depth"] = [1000.0, 1380.0]
    frame.attrs["columns"]["depth"] = {"unit": "m"}
    found = terrain_correction(frame, floor, radius=6500.0, water_depth="depth")
    assert list(found["terrain_remark"]) == ["", ""]
    assert 5 < found["terrain_correction"][0] < 20


def test_a_level_sea_has_no_correction_and_a_lake_with_a_depth_is_refused():
    """A sea of one depth is a plate; 50 m of water under a station at 400 m is no sea."""
    floor = dem(np.full((101, 101), -50.0))
    frame = stations(heights=(0.0, 0.0))
    frame["depth"] = [50.0, 0.0]
    frame.attrs["columns"]["depth"] = {"unit": "m"}
    level = terrain_correction(frame, floor, radius=6500.0, water_depth="depth")
    npt.assert_allclose(level["terrain_correction"][0], 0.0, atol=1e-3)
    lake = frame.assign(elevation=[400.0, 400.0])
    lake.attrs = frame.attrs
    with pytest.raises(
        ContractError, match=r"`water_depth` must be depths under stations on the sea.*400 m in row 0"
    ):
        terrain_correction(lake, dem(np.full((101, 101), 400.0)), radius=6500.0, water_depth="depth")
    lake["depth"] = np.nan
    flat = terrain_correction(lake, dem(np.full((101, 101), 400.0)), radius=6500.0, water_depth="depth")
    npt.assert_allclose(flat["terrain_correction"], 0.0, atol=0.1)


def test_units_axes_and_systems_make_no_difference():
    """Heights in feet, a relief in feet from the south, stations in degrees: the same to 0.001 mGal."""
    expected = terrain_correction(stations(), dem(), radius=6500.0)["terrain_correction"]
    feet = (dem()[::-1] / 0.3048).assign_attrs({**dem().attrs, "units": "ft"})
    frame = stations(heights=(1000 / 0.3048, 618 / 0.3048), unit="ft").to_crs("EPSG:4326")
    frame.attrs = stations(unit="ft").attrs
    found = terrain_correction(frame, feet, radius=6500.0)["terrain_correction"]
    npt.assert_allclose(found, expected, atol=1e-3)


def test_a_grid_of_degrees_and_one_of_metres_agree():
    """The hill drawn in degrees at the equator, turn of 360° or not: 1 percent, as a degree of latitude is shorter there."""
    degrees = 200.0 / 111_319.49
    latitude, longitude = degrees * np.arange(-50, 51), 105 + degrees * np.arange(-50, 51)
    cells = dem().to_numpy()
    frame = gpd.GeoDataFrame(
        {"elevation": [1000.0]}, geometry=gpd.points_from_xy([105.0], [0.0]), crs="EPSG:4326"
    )
    frame.attrs["columns"] = {"elevation": {"unit": "m"}}
    attrs = {"units": "m", "standard_name": "elevation", "crs": "EPSG:4326"}
    dims = ("latitude", "longitude")
    grid = xr.DataArray(cells, {"latitude": latitude, "longitude": longitude}, dims, attrs=attrs)
    expected = terrain_correction(stations(), dem(), radius=6500.0)["terrain_correction"][0]
    one = terrain_correction(frame, grid, radius=6500.0)["terrain_correction"][0]
    other = terrain_correction(frame, grid.assign_coords(longitude=longitude - 360), radius=6500.0)
    npt.assert_allclose(one, expected, rtol=1e-2)
    npt.assert_allclose(other["terrain_correction"][0], one, rtol=1e-9)


@pytest.mark.parametrize(
    ("match", "given"),
    [
        ("cells of at most 125 m, an eighth", {"radius": 1000.0}),
        ("a grid in metres or degrees that states its reference system", {"relief": dem(crs="")}),
        ("two by two cells with values", {"relief": dem(np.full((101, 101), np.nan))}),
        ("with elevations at the stations", {"stations": stations(places=((6e5, 2e6), (7e5, 2e6)))}),
        (
            "`height` must be a column with at least one number",
            {"stations": stations(heights=(np.nan, np.nan))},
        ),
        ("no stated unit", {"stations": stations(unit="")}),
    ],
)
def test_what_gives_no_correction_is_refused(match, given):
    """Coarse, placeless or empty grids, stations elsewhere or without heights."""
    with pytest.raises(ContractError, match=match):
        terrain_correction(**{"stations": stations(), "relief": dem(), "radius": 6500.0, **given})


# Six stations on 400 by 400 cells (rows 150 to 549, columns 350 to 749) of the 30 m elevation of Big Tujunga,
# California: metres east and north of the centre of the south-western cell, height, and the correction by harmonica
# 0.7.0: the prism from sea level to the station over the whole square, less its layer of prisms.
TUJUNGA = [
    (200, 200, 5.473667543952729), (101, 333, 10.195136001027322), (57, 61, 5.524834727414472),
    (340, 120, 5.470609541810035), (222, 319, 2.208684170705922), (5, 5, 5.05953096465732),
]  # fmt: skip


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_flat_cells_are_the_prisms_of_harmonica():
    """Corrections of 2 to 10 mGal in steep ground agree to 0.005 mGal, 1.5 m above the ground and off centres."""
    _reader, (draft,) = read_source(DATA / "elevation/bigtujunga/bigtujunga.tif")
    import rasterio

    with rasterio.open(draft.data.path) as source:
        cells = source.read(1)[150:550, 350:750].astype(float)
    axis = 30.0 * np.arange(400)
    relief = xr.DataArray(
        cells, {"northing": 3.8e6 + axis[::-1], "easting": 3.8e5 + axis}, ("northing", "easting"),
        attrs={"units": "m", "standard_name": "elevation", "crs": "EPSG:32611"},
    )  # fmt: skip
    places = [(3.8e5 + 30 * column + 7, 3.8e6 + 30 * row - 4) for row, column, _one in TUJUNGA]
    heights = [cells[::-1][row, column] + 1.5 for row, column, _one in TUJUNGA]
    frame = stations(places, heights).set_crs("EPSG:32611", allow_override=True)
    frame.attrs = stations().attrs
    found = terrain_correction(frame, relief, surface="flat-cells", curvature=False, on_ground=False)
    npt.assert_allclose(found["terrain_correction"], [one for *_place, one in TUJUNGA], atol=5e-3)
