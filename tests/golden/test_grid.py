"""Arithmetic, clipping and statistics of grids, against numpy and on open data."""

import dask
import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely
import xarray as xr
from tests.reading import DATA, read_source

from craton.methods.grid import algebra, clip
from craton.methods.grid_statistics import statistics
from craton.methods.placement import new_grid, on_cells, with_crs
from craton.model.errors import ContractError

UTM = "EPSG:32648"


def field(name="field", seed=0, unit="m", region=(0.0, 0.0, 60.0, 40.0), side=2.0, crs=UTM, **more):
    """Random numbers with a gap, rows from the north."""
    template = new_grid(region, side, crs)
    values = np.random.default_rng(seed).normal(5, 2, template.shape)
    values[3:5, 7] = np.nan
    return on_cells(template, values, name=name, unit=unit, **more)


def test_a_difference_has_its_unit_and_gaps():
    """The formula a - b cell by cell, in the unit of both, with the system kept."""
    a, b = field(seed=1, unit="mGal"), field(seed=2, unit="mGal")
    found = algebra(a, b, expression="a - b")
    npt.assert_array_equal(found, a.values - b.values)
    assert found.attrs["units"] == "mGal"
    assert found.attrs["crs"] == UTM
    assert found.attrs["long_name"] == "a - b"
    assert "standard_name" not in found.attrs
    assert found.spatial_ref.attrs["crs_wkt"]
    assert "grid.algebra@1(expression=a - b" in found.attrs["history"]


def test_four_grids_and_a_condition():
    """Units of one kind are brought together: 1 km is 1000 m."""
    a, b, c, d = field(seed=1), field(seed=2, unit="km"), field(seed=3), field(seed=4, unit="1")
    found = algebra(a, b, c, d, expression="where(a > '5 m', sqrt(a**2 + b**2), c * d)")
    expected = np.where(a.values > 5, np.hypot(a.values, 1000 * b.values), c.values * d.values)
    npt.assert_allclose(found, np.where(np.isnan(a.values), np.nan, expected), rtol=1e-13)
    assert found.attrs["units"] == "m"


def test_grids_turned_the_other_way_meet_their_own_cells():
    """Rows to the north and columns first: the same places, so the difference is zero."""
    a = field()
    for b in (a[::-1], a[:, ::-1], a.transpose("easting", "northing")):
        found = algebra(a, b, expression="a - b")
        npt.assert_array_equal(found.values[np.isfinite(a.values)], 0)
        assert found.dims == a.dims


@pytest.mark.parametrize("chunks", [None, 7])
def test_grids_on_other_cells_are_refused_with_a_way_out(chunks):
    """Shifted, coarser, cut and otherwise projected grids: none is combined by position, lazy or not."""
    a = field()
    others = {
        "other cells": a.assign_coords(easting=a.easting + 1),
        "fewer": a[:, 1:],
        "another system": with_crs(a, "EPSG:32647"),
        "no system": with_crs(a, ""),
        "degrees": a.rename(northing="latitude", easting="longitude"),
    }
    for b in others.values():
        with pytest.raises(ContractError, match=r"`b` must be[\s\S]*grid.resample"):
            algebra(*(one.chunk(chunks) if chunks else one for one in (a, b)), expression="a - b")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a - b", "cannot be put together"),
        ("log(a)", "pure number"),
        ("a - c", "which is not given"),
        ("a.values", "a dot"),
        ("9**9**9", "a power is at most"),
        ("__import__('os')", "no function"),
    ],
)
def test_formulas_that_mean_nothing_are_refused(expression, words):
    """Units that do not agree, grids not given and anything that is no formula."""
    with pytest.raises(ContractError, match="`expression` must be") as caught:
        algebra(field(), field(unit="mGal"), expression=expression)
    assert words in str(caught.value)


def test_a_named_quantity_is_checked_and_kept_in_its_unit():
    """A difference of metres may be a thickness in metres; it is no gravity, and no such thing at all."""
    a, b = field(unit="km", seed=1), field(unit="km", seed=2)
    found = algebra(a, b, expression="abs(a - b)", quantity="thickness")
    assert (found.name, found.attrs["standard_name"], found.attrs["units"]) == ("thickness", "thickness", "m")
    npt.assert_allclose(found, 1000 * np.abs(a.values - b.values), rtol=1e-13)
    for quantity in ("gravity_anomaly", "no_such_thing", "landslide"):
        with pytest.raises(ContractError, match="`quantity` must be"):
            algebra(a, b, expression="a - b", quantity=quantity)


def test_grids_that_are_not_in_memory_stay_there():
    """Lazy grids of other blocks and directions give the same, lazily and in single precision."""
    a, b = field(seed=1).astype("float32"), field(seed=2).astype("float32")
    expected = algebra(a, b, expression="a / b")
    found = algebra(a.chunk(7), b[::-1].chunk(11), expression="a / b")
    assert dask.is_dask_collection(found)
    assert found.dtype == expected.dtype == np.float32
    npt.assert_array_equal(found.compute(), expected)


def test_whole_numbers_and_numbers_alone():
    """Classes are compared without overflow; a formula without names fills the grid."""
    a = field().fillna(0).astype("uint8").assign_attrs(units="")
    npt.assert_array_equal(algebra(a, expression="a == 5"), a.values == 5)
    npt.assert_array_equal(algebra(a, expression="2 + 3"), np.full(a.shape, 5))


def test_a_region_keeps_the_cells_whose_centres_it_holds():
    """Edges count; coordinates, values and type are untouched."""
    a = field()
    found = clip(a, region=(10.0, 11.0, 21.0, 20.0))
    npt.assert_array_equal(found.easting, [11, 13, 15, 17, 19, 21])
    npt.assert_array_equal(found.northing, [19, 17, 15, 13, 11])
    npt.assert_array_equal(found, a.sel(northing=found.northing, easting=found.easting))
    assert found.attrs["units"] == "m"


def test_an_area_keeps_the_cells_whose_centres_it_holds():
    """A triangle: each centre is kept just where shapely finds it inside, in the smallest rectangle."""
    a = field().fillna(1.0)
    triangle = shapely.Polygon([(5.3, 4.1), (51.7, 9.9), (20.2, 35.5)])
    found = clip(a, gpd.GeoDataFrame(geometry=[triangle], crs=UTM))
    held = shapely.contains_xy(triangle, *np.meshgrid(a.easting, a.northing))
    npt.assert_array_equal(found.reindex_like(a), a.where(held))
    assert found.shape == (held.any(axis=1).sum(), held.any(axis=0).sum())
    assert found.attrs["crs"] == UTM


def test_an_area_in_degrees_is_brought_to_the_grid():
    """The same box given in longitude and latitude cuts the same cells."""
    a = field(region=(500_000.0, 2_000_000.0, 510_000.0, 2_008_000.0), side=100.0)
    box = gpd.GeoDataFrame(geometry=[shapely.box(503_010, 2_001_020, 506_030, 2_004_040)], crs=UTM)
    fine = box.set_geometry(box.segmentize(100.0))
    xr.testing.assert_equal(clip(a, fine.to_crs(4326)), clip(a, box).assign_attrs(clip(a, box).attrs))


def test_clipping_stays_lazy():
    """Nothing is computed of a lazy grid."""
    a = field().chunk(5)
    area = gpd.GeoDataFrame(geometry=[shapely.box(10, 10, 30, 30)], crs=UTM)
    found = clip(a, area, region=(0.0, 0.0, 25.0, 40.0))
    assert dask.is_dask_collection(found)
    assert found.shape == (10, 8)


def test_clips_of_nothing_are_refused():
    """No region, one turned over, one elsewhere, an area between centres, one without a system."""
    a = field()
    for given in ({}, {"region": (20.0, 0.0, 10.0, 5.0)}, {"region": (100.0, 0.0, 110.0, 5.0)}):
        with pytest.raises(ContractError, match="`region` must be"):
            clip(a, **given)
    between = gpd.GeoDataFrame(geometry=[shapely.box(10.1, 10.1, 10.5, 10.5)], crs=UTM)
    for area in (between, between.set_crs(None, allow_override=True), between.iloc[:0]):
        with pytest.raises(ContractError, match="`area` must be"):
            clip(a, area)


def test_statistics_equal_those_of_numpy():
    """Each field in its unit; lazy or not, in three dimensions too."""
    a = field("height", quantity="elevation")
    cube = xr.concat([field(seed=s, unit="mGal") for s in range(3)], dim="time").rename("anomaly")
    grid = xr.Dataset({"height": a, "anomaly": cube, "words": ("easting", np.full(30, "x"))})
    found = statistics(grid, quantiles=(0.1, 0.975))
    assert list(found["field"]) == ["height", "anomaly"]
    assert list(found["unit"]) == ["m", "mGal"]
    assert list(found["quantity"]) == ["elevation", ""]
    for row, values in zip(found.itertuples(), (a.values, cube.values), strict=True):
        assert (row.count, row.missing) == (np.isfinite(values).sum(), np.isnan(values).sum())
        told = [
            row.minimum,
            row.maximum,
            row.mean,
            row.standard_deviation,
            row.median,
            row.quantile_10,
            row.quantile_97_5,
        ]
        expected = [np.nanmin(values), np.nanmax(values), np.nanmean(values), np.nanstd(values)]
        npt.assert_allclose(told, [*expected, *np.nanquantile(values, [0.5, 0.1, 0.975])], rtol=1e-12)
    lazy = statistics(grid.chunk(northing=7, easting=11), quantiles=(0.1, 0.975))
    numbers = found.select_dtypes("number").columns
    npt.assert_allclose(lazy[numbers].astype(float), found[numbers].astype(float), rtol=1e-12)


def test_statistics_of_words_alone_are_refused():
    """There is no mean of names."""
    with pytest.raises(ContractError, match="a field of numbers"):
        statistics(xr.Dataset({"words": ("row", ["a", "b"])}))


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_a_real_terrain_model_in_feet_minus_itself_in_metres():
    """Hamersley: the same heights in two units differ by less than a millimetre, and the range is known."""
    import rasterio

    path = DATA / "geology/hamersley_wa/dtm_rp.tif"
    with rasterio.open(path) as raster:
        values = raster.read(1, masked=True).astype(float).filled(np.nan)
        template = new_grid(tuple(raster.bounds), raster.res[::-1], "EPSG:28350")
    heights = on_cells(template, values, name="height", unit="m", quantity="elevation")
    feet = (heights / 0.3048).assign_attrs(heights.attrs, units="ft")
    found = algebra(heights, feet, expression="a - b")
    assert float(abs(found).max()) < 1e-3
    row = statistics(heights.to_dataset()).iloc[0]
    assert (row["minimum"], row["maximum"]) == (np.nanmin(values), np.nanmax(values))
    assert row["count"] + row["missing"] == values.size
    assert read_source(path)[1][0].data is not None
