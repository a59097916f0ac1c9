"""Contours against closed forms: a cone, a plane, a saddle; and a real terrain model."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely
from tests.reading import DATA

from craton.methods.contour import contour
from craton.methods.placement import new_grid, on_cells
from craton.model.errors import ContractError

UTM = "EPSG:32648"
CENTRE = 500.0


def surface(function, side=10.0, region=(0.0, 0.0, 1000.0, 1000.0)):
    template = new_grid(region, side, UTM)
    east, north = np.meshgrid(template.easting, template.northing)
    return on_cells(template, function(east, north), name="height", unit="m", quantity="elevation")


def cone(east, north):
    """Height 1000 m at the centre, falling by 1 m a metre."""
    return 1000.0 - np.hypot(east - CENTRE, north - CENTRE)


@pytest.mark.parametrize("turn", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_contours_of_a_cone_are_circles(turn):
    """Each closed line of level z lies 1000 - z from the centre, the higher ground to its left.

    A chord of the cone between centres 10 m apart errs by up to side² / 8 r = 0.13 m at r = 100 m.
    """
    found = contour(surface(cone)[:: turn[0], :: turn[1]], levels=(600.0, 700.0, 900.0))
    assert list(found["level"]) == [600.0, 700.0, 900.0]
    for level, line in zip(found["level"], found.geometry, strict=True):
        radius = np.hypot(*(shapely.get_coordinates(line) - CENTRE).T)
        npt.assert_allclose(radius, 1000.0 - level, atol=10.0**2 / (8 * (1000.0 - level)))
        assert line.is_ring
        assert shapely.is_ccw(line)


def test_the_level_carries_unit_and_quantity_and_the_table_the_system():
    """Notes of the column are those of the grid."""
    found = contour(surface(cone), interval=100.0)
    assert found.attrs["columns"]["level"] == {"unit": "m", "quantity": "elevation", "title": "Level"}
    assert found.crs == UTM
    assert found["level"].is_monotonic_increasing
    assert set(found["level"]) == {400.0, 500.0, 600.0, 700.0, 800.0, 900.0, 300.0}


def test_contours_of_a_plane_are_straight_and_exact():
    """Level z of east / 10 is the line east = 10 z, to rounding."""
    found = contour(surface(lambda east, _north: east / 10), interval=20.0)
    assert list(found["level"]) == [20.0, 40.0, 60.0, 80.0]
    for level, line in zip(found["level"], found.geometry, strict=True):
        npt.assert_allclose(shapely.get_coordinates(line)[:, 0], 10 * level, atol=1e-9)
        assert line.length == pytest.approx(990.0)


def test_bands_of_a_plane_fill_it_without_overlap():
    """Strips of known width, valid, that add up to the area between the outermost centres."""
    found = contour(surface(lambda east, _north: east / 10), interval=25.0, filled=True)
    assert found[["lower", "upper"]].to_numpy().tolist() == [[0, 25], [25, 50], [50, 75], [75, 100]]
    npt.assert_allclose(found.area, [245 * 990, 250 * 990, 250 * 990, 245 * 990], rtol=1e-12)
    assert found.is_valid.all()
    assert found.union_all().area == pytest.approx(990.0**2)


def test_bands_of_a_cone_are_rings():
    """The band from 700 to 800 m is a ring of area π (300² - 200²), to 0.1 %, with a hole."""
    found = contour(surface(cone), levels=(700.0, 800.0), filled=True)
    (ring,) = found.geometry
    assert len(ring.interiors) == 1
    assert ring.area == pytest.approx(np.pi * (300**2 - 200**2), rel=1e-3)


def test_flat_ground_at_the_lowest_level_belongs_to_the_lowest_band():
    """A sea at 0 with one island: the whole area is covered."""
    found = contour(surface(lambda e, n: np.maximum(0, cone(e, n) - 800)), interval=50.0, filled=True)
    assert found["lower"].min() == 0.0
    assert found.area.sum() == pytest.approx(990.0**2)


def test_lines_end_at_gaps_and_bands_leave_them_out():
    """No line runs through cells without a value."""
    grid = surface(cone)
    grid[40:50, 20:40] = np.nan
    gap = shapely.box(210, 510, 390, 590)
    assert contour(grid, interval=50.0).intersection(gap).length.sum() == 0
    assert contour(grid, interval=50.0, filled=True).intersection(gap).area.sum() == 0


def test_an_interval_is_chosen_where_none_is_given():
    """Round, and about ten levels at most."""
    for scale in (1.0, 0.013, 7e5):
        found = contour((surface(cone) * scale).assign_attrs(crs=UTM))
        levels = np.unique(found["level"])
        step = np.diff(levels)[0]
        assert 4 <= len(levels) <= 11
        assert f"{step:e}"[0] in "125"
        npt.assert_allclose(np.diff(levels), step)


def test_a_flat_grid_has_no_lines_and_one_band():
    """A constant lies on no line between levels; levels beyond the values give an empty table."""
    flat = surface(lambda e, _n: np.full(e.shape, 3.5))
    assert len(contour(flat, interval=1.0)) == 0
    assert contour(flat, interval=1.0, filled=True)[["lower", "upper"]].to_numpy().tolist() == [[3, 4]]
    empty = contour(flat, levels=(100.0,))
    assert isinstance(empty, gpd.GeoDataFrame)
    assert list(empty.columns) == ["level", "geometry"]


def test_what_cannot_be_contoured_is_refused():
    """Too many levels, both ways of telling them, a grid without values."""
    grid = surface(cone)
    with pytest.raises(ContractError, match="at most 1000 levels"):
        contour(grid, interval=1e-6)
    with pytest.raises(ContractError, match="`interval` must be left out"):
        contour(grid, interval=10.0, levels=(1.0,))
    with pytest.raises(ContractError, match="`grid` must be"):
        contour(grid * np.nan)


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_a_real_terrain_model_is_covered_by_its_bands():
    """Hamersley: bands are valid, do not overlap, and each holds only cells of its range."""
    import rasterio

    with rasterio.open(DATA / "geology/hamersley_wa/dtm_rp.tif") as raster:
        values = raster.read(1, masked=True).astype(float).filled(np.nan)
        template = new_grid(tuple(raster.bounds), raster.res[::-1], "EPSG:28350")
    grid = on_cells(template, values, unit="m", quantity="elevation")
    bands = contour(grid, interval=100.0, filled=True)
    assert bands.is_valid.all()
    assert bands.area.sum() == pytest.approx(bands.union_all().area, rel=1e-9)
    east, north = np.meshgrid(grid.easting, grid.northing)
    for row in bands.dissolve(["lower", "upper"]).reset_index().itertuples():
        held = values[shapely.contains_xy(row.geometry, east, north)]
        assert row.lower <= held.min()
        assert held.max() <= row.upper
