"""Gridding of labelled points: planes, bad tables, large ones, held-back points, and real surveys."""

from __future__ import annotations

import lzma
import tracemalloc
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests.reading import DATA

from craton.methods.gridding import (
    block_reduce,
    inverse_distance,
    minimum_curvature,
    natural_neighbour,
    spline,
)
from craton.methods.gridding_blank import blank
from craton.methods.gridding_checks import cross_validation, error_map
from craton.methods.gridding_lines import bidirectional
from craton.methods.gridding_trend import polynomial_trend
from craton.model.errors import ContractError

UTM = "EPSG:32648"
WEST, SOUTH = 500_000.0, 2_000_000.0
REGION = (WEST, SOUTH, WEST + 1000, SOUTH + 800)
SURFACES = [minimum_curvature, spline, natural_neighbour, inverse_distance]
SMOOTH = [minimum_curvature, spline, natural_neighbour]

RIO = DATA / "geophysics/potential_field_fatiando/rio-magnetic.csv.xz"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def table(coordinates, crs=UTM, **columns) -> gpd.GeoDataFrame:
    """Points with columns of values, the first of which is in nT."""
    frame = gpd.GeoDataFrame(columns, geometry=shapely.points(coordinates), crs=crs)
    frame.attrs["columns"] = {
        name: {"unit": "nT", "quantity": "magnetic_anomaly", "title": "Anomaly"} for name in list(columns)[:1]
    }
    return frame


def scattered(count=300, seed=6):
    """Places in the region."""
    return np.random.default_rng(seed).uniform((WEST, SOUTH), (WEST + 1000, SOUTH + 800), (count, 2))


def waves(places):
    """Waves of 600 m."""
    return 50 + 20 * np.sin((places[:, 0] - WEST) / 95) * np.cos((places[:, 1] - SOUTH) / 110)


def centres(grid):
    """Easting and northing (n, 2) of all cells."""
    east, north = np.meshgrid(grid["easting"], grid["northing"])
    return np.column_stack([east.ravel(), north.ravel()])


@pytest.mark.parametrize("surface", SMOOTH)
@pytest.mark.parametrize("count", [300, 2500])
def test_planes_come_back_described(surface, count):
    """A plane over UTM coordinates to 1e-5 of its 500 nT, with unit, quantity, reference system, north first."""
    places = scattered(count)
    frame = table(places, v=3 + 0.4 * (places[:, 0] - WEST) - 0.2 * (places[:, 1] - SOUTH))
    grid = surface(frame, "v", 20.0, region=REGION)
    expected = 3 + 0.4 * (grid["easting"] - WEST) - 0.2 * (grid["northing"] - SOUTH)
    xr.testing.assert_allclose(
        grid.drop_vars("spatial_ref"),
        expected.where(grid.notnull()).transpose(*grid.dims).drop_vars("spatial_ref"), atol=5e-3,
    )  # fmt: skip
    assert (grid.name, grid.attrs["units"], grid.attrs["standard_name"]) == ("v", "nT", "magnetic_anomaly")
    assert grid.attrs["crs"] == UTM
    assert grid["northing"][0] > grid["northing"][-1]
    assert grid.shape == (40, 50)


@pytest.mark.parametrize("surface", SURFACES)
def test_the_order_of_rows_does_not_matter_nor_do_rows_without_value(surface):
    """Shuffled, with places repeated, and among rows that hold nothing: the same bits."""
    places = np.round(scattered(200) / 50) * 50
    frame = table(places, v=waves(places) + np.arange(200) % 7)
    expected = surface(frame, "v", 25.0, region=REGION)
    empty = table([(WEST, SOUTH), (np.nan, np.nan)], v=[np.nan, 5.0])
    mixed = pd.concat([frame, empty]).sample(frac=1, random_state=1)
    mixed.attrs = frame.attrs
    np.testing.assert_array_equal(surface(mixed, "v", 25.0, region=REGION), expected)


@pytest.mark.parametrize("surface", SURFACES)
def test_the_surface_is_near_the_truth(surface):
    """Waves of 600 m from 2,500 points, with the error of each way bounded: 1 percent of the 20 nT, 5 by distance."""
    places = scattered(2500)
    grid = surface(table(places, v=waves(places)), "v", 10.0, region=REGION)
    error = (grid.to_numpy().ravel() - waves(centres(grid))).reshape(grid.shape)[5:-5, 5:-5]
    assert np.sqrt(np.nanmean(error**2)) < (1.0 if surface is inverse_distance else 0.2)


@pytest.mark.parametrize("surface", [*SURFACES, polynomial_trend, cross_validation, error_map])
def test_degrees_and_tables_of_nothing_are_refused(surface):
    """Longitudes and latitudes by name, also across the antimeridian; no value at all; too many cells."""
    spacing = {} if surface is cross_validation else {"spacing": 0.1}
    degrees = table([(179.9, 10.0), (-179.9, 10.5), (179.5, 11.0)], "EPSG:4326", v=[1.0, 2.0, 3.0])
    with pytest.raises(ContractError, match=r"(?s)`points` must be in a projected.*antimeridian"):
        surface(degrees, "v", **spacing)
    with pytest.raises(ContractError, match="at least one point with a value"):
        surface(table(scattered(3), v=[np.nan] * 3), "v", **spacing)
    if spacing:
        places = scattered(50) * 1000
        with pytest.raises(ContractError, match="`spacing` must be large enough"):
            surface(table(places, v=places[:, 0]), "v", 0.01)


@pytest.mark.parametrize("surface", [minimum_curvature, spline, inverse_distance])
def test_one_point_equal_values_and_lines_are_no_trouble(surface):
    """One point and one value give a constant; points on a line something finite."""
    np.testing.assert_allclose(surface(table([(WEST, SOUTH)], v=[5.0]), "v"), 5.0)
    np.testing.assert_allclose(surface(table(scattered(), v=[5.0] * 300), "v"), 5.0)
    line = np.column_stack([WEST + np.arange(0, 1000, 50.0), np.full(20, SOUTH + 400)])
    assert np.isfinite(surface(table(line, v=np.arange(20) % 3 * 1.0), "v", 25.0, region=REGION)).all()


def test_points_on_a_line_have_no_natural_neighbours():
    """They are refused by name, and a way that works is told."""
    line = np.column_stack([WEST + np.arange(0, 1000, 50.0), np.full(20, SOUTH + 400)])
    with pytest.raises(ContractError, match=r"(?s)not on one line.*minimum_curvature"):
        natural_neighbour(table(line, v=np.arange(20.0)), "v", 25.0)


def test_points_outside_the_region_do_not_harm_and_alone_are_refused():
    """Far away points change nothing; without any other the region is refused."""
    places = scattered()
    near = table(places, v=waves(places))
    far = table(np.vstack([places, places + 5000]), v=np.append(waves(places), waves(places) * 100))
    one, other = (minimum_curvature(frame, "v", 20.0, region=REGION) for frame in (near, far))
    np.testing.assert_allclose(one, other, atol=0.02)
    with pytest.raises(ContractError, match="`region` must be around one of the points"):
        minimum_curvature(near, "v", 20.0, region=(0.0, 0.0, 1000.0, 1000.0))


def test_limits_distances_and_defaults():
    """Limits bound the cells, distances blank them as brute force says, and the spacing is a round number."""
    places = scattered(60)
    frame = table(places, v=waves(places))
    grid = minimum_curvature(frame, "v", region=REGION, lower=45.0, upper=60.0, maximum_distance=70.0)
    assert float(grid["easting"][1] - grid["easting"][0]) == 50.0
    assert grid.min() >= 45.0
    assert grid.max() <= 60.0
    away = np.hypot(*(centres(grid)[:, np.newaxis] - places).transpose(2, 0, 1)).min(axis=1)
    np.testing.assert_array_equal(np.isfinite(grid).to_numpy().ravel(), away <= 70.0)
    with pytest.raises(ContractError, match="`lower` must be below `upper`"):
        minimum_curvature(frame, "v", lower=2.0, upper=1.0)


def test_a_million_points_take_bounded_memory():
    """Less than 300 bytes a point at the peak, most of them the table's own coordinates in order."""
    places = scattered(1_000_000)
    frame = table(places, v=waves(places))
    tracemalloc.start()
    grid = minimum_curvature(frame, "v", 4.0, region=REGION, tolerance=1e-3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6
    error = grid.to_numpy().ravel() - waves(centres(grid))
    assert np.sqrt(np.mean(error**2)) < 0.05


def test_blocks_of_points():
    """Blocks by whole multiples; counts sum to the rows; a wild value moves the mean only."""
    places = scattered(2000)
    values = waves(places)
    values[7] = 1e6
    frame = table(places, v=values)
    mean, median = (block_reduce(frame, "v", 100.0, reduction=one) for one in ("mean", "median"))
    assert len(median) == 80
    assert median["points"].sum() == 2000
    assert mean["v"].max() > 1e4
    assert median["v"].max() < 71
    inside = np.floor(shapely.get_coordinates(median.geometry) / 100)
    assert len(np.unique(inside, axis=0)) == 80
    assert median.attrs["columns"]["spread"]["unit"] == "nT"


def test_inverse_distance_along_a_strike():
    """Of values that change across N30E only, a ratio of 10 along that strike makes a third of the error."""
    places = scattered(400)
    across = np.array([np.cos(np.radians(30)), -np.sin(np.radians(30))])

    def ridges(where):
        return np.sin((where - (WEST, SOUTH)) @ across / 40)

    frame = table(places, v=ridges(places))
    errors = []
    for ratio in (1.0, 10.0):
        grid = inverse_distance(frame, "v", 20.0, region=REGION, ratio=ratio, azimuth=30.0)
        errors.append(float(np.sqrt(np.mean((grid.to_numpy().ravel() - ridges(centres(grid))) ** 2))))
    assert errors[1] < errors[0] / 3


def test_trends_of_their_own_degree_leave_nothing_and_robust_ones_no_outlier():
    """A cubic is fitted to rounding by degree 3; one wild value in ten does not move a robust plane."""
    places = scattered()
    x, y = (places - (WEST, SOUTH)).T / 1000
    found = polynomial_trend(table(places, v=1 + x - y**3 + x * x * y), "v", 50.0, degree=3)
    np.testing.assert_allclose(found.residuals["residual"], 0, atol=1e-10)
    wild = 2 + 3 * x + 50 * (np.arange(300) % 10 == 0) + 0.01 * np.sin(99 * x)
    plane = polynomial_trend(table(places, v=wild), "v", 50.0, degree=1, robust=True)
    assert float(np.median(np.abs(plane.residuals["residual"]))) < 0.02
    assert float(plane.residuals["residual"].max()) > 49
    with pytest.raises(ContractError, match="`points` must be at least 45 places"):
        polynomial_trend(table(places[:20], v=x[:20]), "v", degree=8)


def test_cross_validation_finds_the_right_way():
    """On a plane with noise the plane wins, with the noise as its error; on smooth waves a spline does."""
    places = scattered(200)
    noise = np.random.default_rng(3).normal(0, 1, 200)
    x, y = (places - (WEST, SOUTH)).T / 100
    options = {"methods": ("minimum_curvature", "spline", "natural_neighbour", "inverse_distance", "polynomial_trend"), "tensions": (0.25,), "degrees": (1,), "folds": 4}  # fmt: skip
    plain = cross_validation(table(places, v=3 * x - y + noise), "v", **options)
    assert (plain["method"][0], plain["setting"][0]) == ("polynomial_trend", "degree 1")
    assert list(plain["best"]) == [True] + [False] * (len(plain) - 1)
    np.testing.assert_allclose(plain["rmse"][0], noise.std(), rtol=0.06)
    assert len(plain) == 1 + 2 + 1 + 2 + 1
    smooth = cross_validation(table(places, v=waves(places)), "v", block=60.0, **options)
    assert smooth["method"][0] in {"spline", "minimum_curvature"}
    assert smooth["r2"][0] > 0.95
    assert smooth.attrs["columns"]["rmse"]["unit"] == "nT"
    again = cross_validation(table(places, v=waves(places)), "v", block=60.0, **options)
    pd.testing.assert_frame_equal(smooth, again)


def test_cross_validation_says_what_it_cannot_do():
    """Too few points, blocks that hold all, no method."""
    places = scattered(40)
    frame = table(places, v=waves(places))
    for call, words in (
        (lambda: cross_validation(frame[:3], "v"), "`points` must be at least 5 distinct"),
        (lambda: cross_validation(frame, "v", block=1e6), "`block` must be so small"),
        (lambda: cross_validation(frame, "v", methods=()), "`methods` must be one method"),
    ):
        with pytest.raises(ContractError, match=words):
            call()


def test_the_error_map_shows_rough_ground_and_gaps():
    """Rough values in the east: a larger jackknife there. A gap: a larger error by distance in it.

    Over all cells the error told is within a factor of 2 of the true one.
    """
    places = scattered(1500)
    rough = np.where(places[:, 0] > WEST + 500, 1.0, 0.1)
    values = waves(places) * rough
    near = error_map(table(places, v=values), "v", 20.0, region=REGION)
    assert float(near[:, 30:].mean()) > 3 * float(near[:, :20].mean())
    assert near.attrs["units"] == "nT"
    gap = np.hypot(*(places - (WEST + 400, SOUTH + 400)).T) > 150
    frame = table(places[gap], v=waves(places)[gap])
    told = error_map(frame, "v", 20.0, region=REGION, estimate="distance", block=200.0)
    assert float(told[20, 20]) > 3 * float(told[20, 45])
    grid = minimum_curvature(frame, "v", 20.0, region=REGION)
    true = np.sqrt(np.mean((grid.to_numpy().ravel() - waves(centres(grid))) ** 2))
    assert 0.5 < float(np.sqrt((told**2).mean())) / true < 2


def test_blanking_by_distance_hull_and_polygon():
    """Each as shapely says of the middles of cells; rows in either direction; kept attributes."""
    places = scattered(80)
    bay = places[np.hypot(*(places - (WEST + 500, SOUTH + 800)).T) > 400]
    frame = table(bay, v=waves(bay))
    grid = minimum_curvature(frame, "v", 20.0, region=REGION)
    area = shapely.Point(WEST + 300, SOUTH + 300).buffer(150)
    polygons = gpd.GeoDataFrame(geometry=[area], crs=UTM)
    convex = shapely.convex_hull(shapely.multipoints(bay))
    for one in (grid, grid[::-1]):
        at = centres(one)
        cases = (
            (blank(one, frame, hull="convex"), shapely.contains_xy(convex, at)),
            (blank(one, polygons=polygons), shapely.contains_xy(area, at)),
            (blank(one, polygons=polygons, keep="outside"), ~shapely.contains_xy(area, at)),
        )
        for found, expected in cases:
            np.testing.assert_array_equal(np.isfinite(found).to_numpy().ravel(), expected)
            assert found.attrs["units"] == "nT"
            assert found.dims == one.dims
    concave = blank(grid, frame, hull="concave", detail=0.9)
    assert np.isfinite(concave).sum() < 0.95 * np.isfinite(blank(grid, frame, hull="convex")).sum()
    xr.testing.assert_equal(blank(grid).drop_attrs(), grid.drop_attrs())
    with pytest.raises(ContractError, match="`points` must be given"):
        blank(grid, hull="convex")


def survey_lines(field, azimuth=0.0, gap=100.0):
    """Points every 5 m along 9 lines `gap` apart, turned by `azimuth`, with a value and the line's name."""
    along, offset = np.meshgrid(np.arange(0, 1000, 5.0), gap * np.arange(9))
    turn = np.radians(azimuth)
    east = WEST + along * np.sin(turn) + offset * np.cos(turn)
    north = SOUTH + along * np.cos(turn) - offset * np.sin(turn)
    places = np.column_stack([east.ravel(), north.ravel()])
    return table(places, v=field(places), line=np.repeat([f"L{n}" for n in range(9)], 200))


@pytest.mark.parametrize("azimuth", [0.0, 90.0, 33.0])
def test_lines_give_planes_back_and_are_found_whatever_their_course(azimuth):
    """A plane comes back between the lines to 1e-6, nothing beyond; the course is found by itself."""
    frame = survey_lines(lambda at: 3 + 0.4 * (at[:, 0] - WEST) - 0.2 * (at[:, 1] - SOUTH), azimuth)
    found = bidirectional(frame, "v", "line", 25.0)
    said = bidirectional(frame, "v", "line", 25.0, azimuth=azimuth)
    expected = 3 + 0.4 * (found["easting"] - WEST) - 0.2 * (found["northing"] - SOUTH)
    known = np.isfinite(found.to_numpy())
    assert known.sum() > 1000
    np.testing.assert_allclose(
        found.to_numpy()[known], expected.transpose(*found.dims).to_numpy()[known], atol=1e-6
    )
    np.testing.assert_allclose(said, found, atol=1e-5)


def test_anomalies_across_lines_keep_their_strike():
    """A ridge across lines 100 m apart: less than a third of the error of minimum curvature from the same points."""

    def ridge(at):
        return 100 * np.exp(-(((at[:, 1] - SOUTH - 500) / 30) ** 2))

    frame = survey_lines(ridge)
    errors = []
    for grid in (bidirectional(frame, "v", "line", 20.0), minimum_curvature(frame, "v", 20.0)):
        inner = grid.sel(easting=slice(WEST + 50, WEST + 750), northing=slice(SOUTH + 950, SOUTH + 50))
        errors.append(np.sqrt(np.mean((inner.to_numpy().ravel() - ridge(centres(inner))) ** 2)))
    assert errors[0] < errors[1] / 3
    gappy = bidirectional(frame[frame["line"] != "L4"], "v", "line", 20.0, maximum_gap=150.0)
    assert not np.isfinite(gappy.sel(easting=WEST + 410, northing=SOUTH + 500, method="nearest"))
    with pytest.raises(ContractError, match="`line` must be a column that names two lines"):
        bidirectional(frame[frame["line"] == "L1"], "v", "line", 20.0)


@cache
def rio() -> gpd.GeoDataFrame:
    """Total field of the aeromagnetic survey of Rio de Janeiro over its flight lines, in UTM 23S."""
    with lzma.open(RIO) as file:
        frame = pd.read_csv(file)
    frame = frame[frame["line_type"] == "LINE"]
    points = gpd.points_from_xy(frame["longitude"], frame["latitude"], crs="EPSG:4326")
    found = gpd.GeoDataFrame(
        {"field": frame["total_field_anomaly_nt"].astype(float), "line": frame["line_number"]},
        geometry=points,
    ).to_crs("EPSG:32723")  # fmt: skip
    found.attrs["columns"] = {"field": {"unit": "nT"}}
    return found


@needs_data
def test_a_real_survey_is_gridded_the_same_by_different_ways():
    """Along the lines of the Rio survey, grids by lines, curvature and natural neighbours agree.

    Lines are 500 m apart; the ways differ between them by a fifth of the spread of the field at most.
    """
    frame = rio()
    region = (760_000.0, 7_525_000.0, 775_000.0, 7_540_000.0)
    grids = [
        bidirectional(frame, "field", "line", 125.0, region=region),
        minimum_curvature(frame, "field", 125.0, region=region),
        natural_neighbour(frame, "field", 125.0, region=region),
    ]
    spread = float(grids[1].std())
    for one in (0, 2):
        assert float(np.sqrt(((grids[one] - grids[1]) ** 2).mean())) < 0.2 * spread
        assert np.isfinite(grids[one]).mean() > 0.95
