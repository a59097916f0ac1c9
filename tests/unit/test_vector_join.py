"""Joins and counts: equal to brute force, and to what was counted by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pyproj
import pytest
import shapely
from tests.reading import DATA

from craton.methods.vector_cells import cells
from craton.methods.vector_join import count_within, spatial_join
from craton.methods.vector_shapes import areas, placed
from craton.model.errors import ContractError

UTM = "EPSG:32648"
GEOD = pyproj.Geod(ellps="WGS84")


def frame(shapes, crs=UTM, **columns):
    """A table of shapes."""
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def random_boxes(rng, count, size):
    """Boxes of up to `size`."""
    corner, sides = rng.uniform(0, 100, (count, 2)), rng.uniform(1, size, (count, 2))
    return shapely.box(*corner.T, *(corner + sides).T)


@pytest.mark.parametrize(
    ("predicate", "test"),
    [
        ("intersects", lambda a, b: a.intersects(b)),
        ("within", lambda a, b: a.within(b)),
        ("contains", lambda a, b: a.contains(b)),
    ],
)
def test_join_equals_testing_every_pair(predicate, test):
    """Pairs and their order are those of two loops; features without a partner stay with `left` only."""
    rng = np.random.default_rng(3)
    left = frame(random_boxes(rng, 40, 20), a=range(40))
    right = frame(random_boxes(rng, 30, 20), a=range(30), word=[f"w{i}" for i in range(30)])
    pairs = [(i, j) for i, a in enumerate(left.geometry) for j, b in enumerate(right.geometry) if test(a, b)]
    inner = spatial_join(left, right, predicate, how="inner")
    assert list(zip(inner["a"], inner["a_2"], strict=True)) == pairs
    outer = spatial_join(left, right, predicate)
    alone = sorted({*range(40)} - {i for i, _ in pairs})
    assert outer.loc[outer["a_2"].isna(), "a"].tolist() == alone
    assert outer["a"].is_monotonic_increasing
    assert outer.loc[outer["a_2"].notna(), "word"].tolist() == inner["word"].tolist()
    assert str(outer["a_2"].dtype) == ("Int64" if alone else "int64")


def test_nearest_on_the_ellipsoid_equals_all_geodesics():
    """The nearest of 200 points and its distance are those of all pairs, to 1 mm, also across 180°."""
    rng = np.random.default_rng(11)

    def scattered(count):
        longitude = rng.uniform(170, 190, count)
        return np.column_stack([(longitude + 180) % 360 - 180, rng.uniform(-75, 75, count)])

    left, right = scattered(60), scattered(200)
    found = spatial_join(
        frame(shapely.points(left), 4326), frame(shapely.points(right), 4326, number=range(200)), "nearest"
    )
    every = np.array([GEOD.inv(*np.broadcast_to(one, (200, 2)).T, *right.T)[2] for one in left])
    assert found["number"].tolist() == every.argmin(axis=1).tolist()
    npt.assert_allclose(found["distance"], every.min(axis=1), atol=1e-3)
    assert found.attrs["columns"]["distance"]["unit"] == "m"


def test_nearest_line_lies_square_to_it():
    """From a point 0.3° east of a meridian the distance is the geodesic to it (1e-7), not its degrees."""
    line = frame(
        [shapely.LineString([(102, 10), (102, 30)]), shapely.LineString([(103, 10), (103, 30)])], 4326
    )
    found = spatial_join(frame([shapely.Point(102.3, 20)], 4326), line.assign(row=[0, 1]), "nearest")
    latitudes = np.linspace(19.9, 20.1, 20001)
    expected = min(GEOD.inv(np.full(20001, 102.3), np.full(20001, 20.0), np.full(20001, 102.0), latitudes)[2])
    npt.assert_allclose(found["distance"], expected, rtol=1e-7)


def test_nearest_in_feet_is_told_in_metres_and_ends_at_its_limit():
    """10 US survey feet are 3.048006 m; what is farther than the limit finds none; ties go to the first."""
    left = frame(shapely.points([[0, 0], [0, 500]]), "EPSG:2272")
    right = frame(shapely.points([[10, 0], [-10, 0]]), "EPSG:2272", name=["first", "second"])
    found = spatial_join(left, right, "nearest", maximum_distance=4.0)
    assert found["name"].fillna("").tolist() == ["first", ""]
    npt.assert_allclose(found["distance"][0], 10 * 1200 / 3937)
    with pytest.raises(ContractError, match="nearest"):
        spatial_join(left, right, "within", maximum_distance=4.0)


def test_points_on_borders_count_once():
    """Five points in and between two squares count five; inside an overlap a point counts in both."""
    squares = frame(
        [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(0.5, 0, 1.5, 1)], count=[7, 8, 9]
    )
    points = frame(
        shapely.points([[0.2, 0.5], [1, 0.5], [1, 0], [1.8, 0.5], [2, 1], [9, 9]]),
        value=[1.0, 2, 3, np.nan, 5, 6],
    )
    two = count_within(squares.iloc[:2], points, column="value")
    assert two["count"].tolist() == [3, 2]
    assert two["count_1"].tolist() == [7, 8]
    assert two["sum"].tolist() == [6.0, 5.0]
    assert two["maximum"].tolist() == [3.0, 5.0]
    assert two["mean"].tolist() == [2.0, 5.0]
    three = count_within(squares, points)
    assert three["count"].tolist() == [2, 2, 1]


def test_empty_polygons_have_no_mean_and_density_is_per_square_kilometre():
    """A cell with 4 points and one without: sum 0, no maximum; density times geodesic area is the count."""
    squares = cells(1.0, region=(102.0, 18.0, 104.0, 19.0))
    points = frame(shapely.points([[102.5, 18.5]] * 4), 4326, fatalities=[1, 2, 3, 4])
    points.attrs["columns"] = {"fatalities": {"unit": "1", "title": "Fatalities"}}
    found = count_within(squares, points, column="fatalities")
    assert found["count"].tolist() == [4, 0]
    assert found["sum"].tolist() == [10, 0]
    assert found["maximum"].isna().tolist() == [False, True]
    npt.assert_allclose(found["density"] * found["area"], [4, 0])
    assert found.attrs["columns"]["density"]["unit"] == "1/km2"
    assert found.attrs["columns"]["sum"] == {"title": "Sum of Fatalities", "unit": "1"}


def test_counts_without_a_reference_system_are_refused():
    """Per km² means nothing in a system that is not known."""
    with pytest.raises(ContractError, match="known reference system"):
        count_within(frame([shapely.box(0, 0, 1, 1)], None), frame([shapely.Point(0, 0)], None))


@pytest.fixture(scope="module")
def survey():
    """Provinces of the region and the landslides of the world."""
    provinces = DATA / "basemap/sea_subset/ne_10m_admin_1_asean_china.geojson"
    slides = DATA / "hazards/nasa_global_landslide_catalog/Global_Landslide_Catalog_Export.csv"
    if not (provinces.exists() and slides.exists()):
        pytest.skip("the open survey data is not beside this checkout")
    rows = pd.read_csv(slides)
    points = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(rows.longitude, rows.latitude), crs=4326)
    return gpd.read_file(provinces), points


def test_landslides_by_province_add_up(survey):
    """Provinces hold as many of the catalogue's landslides and deaths as lie in their union, none twice."""
    provinces, slides = survey
    found = count_within(provinces, slides, column="fatality_count")
    whole = shapely.union_all(shapely.make_valid(provinces.geometry.to_numpy()))
    shapely.prepare(whole)
    inside = shapely.intersects(whole, slides.geometry.to_numpy())
    assert inside.sum() > 2000
    # Polygons of the source overlap by slivers; no landslide lies in one.
    assert found["count"].sum() == inside.sum()
    assert found["sum"].sum() == slides["fatality_count"][inside].sum()
    joined = spatial_join(slides, provinces, how="inner")
    assert joined.groupby("name", sort=True).size().sum() == found["count"].sum()


def test_areas_of_provinces_equal_those_of_an_equal_area_map(survey):
    """Each of 383 provinces has the area that the cylindrical equal-area projection (EPSG:6933) gives it.

    Edges are straight in longitude and latitude in both, so they are divided before they are projected;
    the pieces of 0.01° leave less than 1e-6.
    """
    provinces, _slides = survey
    valid = placed(provinces)
    expected = valid.set_geometry(valid.segmentize(0.01)).to_crs(6933).area / 1e6
    npt.assert_allclose(areas("p", "n", valid), expected, rtol=1e-6)
