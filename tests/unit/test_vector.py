"""Buffers, overlays, cuts and cells: closed forms, sums that must agree, and refusals."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pyproj
import pytest
import shapely
import xarray as xr

from craton.methods.vector import buffer, clip, overlay
from craton.methods.vector_cells import cells
from craton.methods.vector_shapes import areas
from craton.model.errors import ContractError

UTM = "EPSG:32648"
BOWTIE = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])


def frame(shapes, crs=UTM, **columns):
    """A table of shapes."""
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def polygon_share(segments):
    """Area of a regular polygon of 4 × `segments` corners as a share of its circle."""
    angle = np.pi / (2 * segments)
    return np.sin(angle) / angle


@pytest.mark.parametrize("segments", [1, 8, 32])
def test_plane_buffer_of_a_point_is_a_regular_polygon(segments):
    """A circle of 1 km in 4n pieces has the area of the inscribed polygon, to rounding."""
    found = buffer(frame([shapely.Point(5e5, 2e6)]), 1000.0, segments=segments)
    npt.assert_allclose(found.area, np.pi * 1e6 * polygon_share(segments), rtol=1e-9)


def test_buffers_are_in_metres_whatever_the_unit_of_the_axes():
    """In feet (EPSG:2272, US survey feet) a buffer of 1 km has the area of one, seen in metres."""
    found = buffer(frame([shapely.Point(2.7e6, 2.5e5)], "EPSG:2272"), 1000.0)
    square_metre = (1200 / 3937) ** 2
    npt.assert_allclose(found.area * square_metre, np.pi * 1e6 * polygon_share(32), rtol=1e-6)


@pytest.mark.parametrize(("longitude", "latitude"), [(102, 18), (0, 0), (15, 78), (179.95, -17)])
def test_geographic_buffer_of_a_point_is_a_geodesic_circle(longitude, latitude):
    """Every corner lies 50 km from the point on the ellipsoid (1 mm), in any latitude and across 180°."""
    found = buffer(frame([shapely.Point(longitude, latitude)], 4326), 50_000.0)
    corners = shapely.get_coordinates(found.geometry.iloc[0])
    geod = pyproj.Geod(ellps="WGS84")
    npt.assert_allclose(
        geod.inv(*corners.T, *np.tile([[longitude], [latitude]], len(corners)))[2], 5e4, atol=1e-3
    )
    assert np.ptp(corners[:, 0]) < 10
    # The curvature of the Earth makes a circle of 50 km smaller by r²/12R², 5e-6.
    npt.assert_allclose(areas("p", "n", found), np.pi * 2500 * polygon_share(32), rtol=2e-5)


def test_geographic_buffer_of_a_line_is_as_wide_as_it_says():
    """Points 10 km square to a meridian of 2° lie on the outline, to the 0.002 % of c²/6R² at 111 km."""
    found = buffer(frame([shapely.LineString([(102, 17), (102, 19)])], 4326), 10_000.0)
    geod = pyproj.Geod(ellps="WGS84")
    for latitude in (17.5, 18.0, 18.5):
        east, north, _back = geod.fwd(102, latitude, 90, 10_000)
        away = shapely.distance(found.boundary.iloc[0], shapely.Point(east, north)) * 111_000
        assert away < 2.0


def test_negative_buffers_shrink_and_vanish():
    """A square of 10 km less 1 km on each side is one of 8 km; a small one is left out."""
    squares = frame([shapely.box(0, 0, 1e4, 1e4), shapely.box(0, 0, 1e3, 1e3)], name=["large", "small"])
    found = buffer(squares, -1000.0)
    assert found["name"].tolist() == ["large"]
    npt.assert_allclose(found.area, 8e3**2)


def test_dissolved_buffers_are_separate_areas():
    """Two circles that touch become one part, the far one its own; areas add up to those of the union."""
    points = frame(shapely.points([[5e5, 2e6], [5e5, 2.001e6], [6e5, 1.9e6]]))
    found = buffer(points, 1000.0, dissolve=True)
    assert found["part"].tolist() == [1, 2]
    assert list(found.columns) == ["part", "area", "geometry"]
    scale = 0.9996  # of UTM on its central meridian; the circles are small beside its change
    npt.assert_allclose(found["area"] * 1e6 * scale**2, found.area, rtol=1e-3)
    assert found.attrs["columns"]["area"]["unit"] == "km2"


@pytest.mark.parametrize(
    ("shape", "distance", "parameter"),
    [
        (shapely.LineString([(0, 0), (80, 0)]), 1.0, "features"),
        (shapely.Point(10, 89.9), 20_000.0, "distance"),
    ],
)
def test_geographic_buffers_that_would_be_wrong_are_refused(shape, distance, parameter):
    """A line across a continent and an area around a pole are refused by name."""
    with pytest.raises(ContractError) as refused:
        buffer(frame([shape], 4326), distance)
    assert refused.value.parameter == parameter


def test_buffers_without_a_reference_system_are_refused():
    """Metres mean nothing in a system that is not known."""
    with pytest.raises(ContractError, match="known reference system"):
        buffer(frame([shapely.Point(0, 0)], None), 1.0)


@pytest.fixture
def two_maps():
    """Random convex polygons of two maps, none overlapping others of its own map."""
    rng = np.random.default_rng(7)
    maps = []
    for shift in (0.0, 700.0):
        shapes = []
        for row in range(4):
            for column in range(4):
                corners = shift + rng.uniform(0, 950, (12, 2)) + [column * 1000, row * 1000]
                shapes.append(shapely.MultiPoint(corners).convex_hull)
        maps.append(frame(shapes, number=list(range(16)), place=[f"p{i}" for i in range(16)]))
    return maps


def test_overlays_add_up(two_maps):
    """Areas of intersection, difference, union, symmetric difference and identity agree, to 1e-9."""
    first, second = two_maps
    area = {how: overlay(first, second, how).area.sum() for how in (
        "intersection", "union", "difference", "symmetric_difference", "identity",
    )}  # fmt: skip
    one, other, both = first.area.sum(), second.area.sum(), area["intersection"]
    assert both > 0
    npt.assert_allclose(area["difference"], one - both, rtol=1e-9)
    npt.assert_allclose(area["union"], one + other - both, rtol=1e-9)
    npt.assert_allclose(area["symmetric_difference"], one + other - 2 * both, rtol=1e-9)
    npt.assert_allclose(area["identity"], one, rtol=1e-9)


def test_overlay_equals_cutting_pair_by_pair(two_maps):
    """Each pair that intersects is a row with the columns of both, as brute force finds it."""
    first, second = two_maps
    found = overlay(first, second)
    assert list(found.columns) == ["number", "place", "geometry", "number_2", "place_2"]
    expected = {
        (i, j): a.intersection(b).area
        for i, a in enumerate(first.geometry)
        for j, b in enumerate(second.geometry)
        if a.intersection(b).area > 0
    }
    assert set(zip(found["number"], found["number_2"], strict=True)) == set(expected)
    for row in found.itertuples():
        assert row.geometry.area == pytest.approx(expected[row.number, row.number_2], rel=1e-9)


def test_overlay_keeps_units_and_brings_the_second_to_the_first(two_maps):
    """Notes of both tables are kept; a second map in longitude and latitude gives the same areas."""
    first, second = two_maps
    first, second = (
        first.set_geometry(first.translate(5e5, 2e6)),
        second.set_geometry(second.translate(5e5, 2e6)),
    )
    first.attrs["columns"] = {"number": {"unit": "m"}}
    second.attrs["columns"] = {"number": {"unit": "mGal"}}
    found = overlay(first, second.to_crs(4326))
    assert found.attrs["columns"] == {"number": {"unit": "m"}, "number_2": {"unit": "mGal"}}
    npt.assert_allclose(found.area.sum(), overlay(first, second).area.sum(), rtol=1e-6)
    with pytest.raises(ContractError, match="second"):
        overlay(first, second.set_crs(None, allow_override=True))


def test_overlay_repairs_rings_that_cross_themselves():
    """A bow tie has the area of its two triangles, 2; a row without geometry is left out."""
    table = frame([BOWTIE, None], name=["a", "b"])
    found = overlay(table, frame([shapely.box(-1, -1, 3, 3)]))
    assert found["name"].tolist() == ["a"]
    npt.assert_allclose(found.area, 2.0)


def test_overlay_cuts_lines_and_refuses_what_has_no_meaning():
    """A line keeps the length inside; its union with polygons, and mixed kinds, are refused."""
    line = frame([shapely.LineString([(-5, 1), (5, 1)])])
    box = frame([shapely.box(0, 0, 2, 2)])
    npt.assert_allclose(overlay(line, box).length, 2.0)
    with pytest.raises(ContractError, match="polygons for union"):
        overlay(line, box, "union")
    with pytest.raises(ContractError, match="one kind"):
        overlay(frame([shapely.Point(0, 0), shapely.box(0, 0, 1, 1)]), box)


def test_clip_keeps_what_is_inside_in_order():
    """Polygon, line and point are cut; one that touches only from outside, or is not there, is left out."""
    shapes = [
        shapely.box(1, 1, 4, 2),
        shapely.LineString([(-1, 1), (1, 1)]),
        shapely.Point(2, 1),
        shapely.box(2, 0, 3, 1),
        None,
        shapely.Point(5, 5),
    ]
    found = clip(frame(shapes, row=range(6)), frame([shapely.box(0, 0, 1, 2), shapely.box(1, 0, 2, 2)]))
    assert found["row"].tolist() == [0, 1, 2]
    assert found.area.tolist() == [1.0, 0.0, 0.0]
    assert found.length.tolist()[1] == 1.0


def test_cells_have_the_area_between_parallels_and_meridians():
    """Areas equal the closed form on the ellipsoid (Snyder 1987, 3-12) to 1e-6, at any latitude."""
    found = cells(10.0, 15.0, region=(-20.0, -90.0, 20.0, 90.0))
    axis, eccentricity = 6378.137, 0.0818191908426215

    def zone(latitude):
        """Area in km² from the equator to a latitude, of one radian of longitude."""
        sine = np.sin(np.radians(latitude))
        part = sine / (1 - eccentricity**2 * sine**2)
        logarithm = np.log((1 - eccentricity * sine) / (1 + eccentricity * sine)) / (2 * eccentricity)
        return axis**2 * (1 - eccentricity**2) / 2 * (part - logarithm)

    bounds = found.bounds
    expected = np.radians(bounds.maxx - bounds.minx) * (zone(bounds.maxy) - zone(bounds.miny))
    npt.assert_allclose(found["area"], expected, rtol=1e-6)
    # A ninth of the ellipsoid, whose area NGA.STND.0036 gives by its authalic radius, 6371.0072 km.
    npt.assert_allclose(found["area"].sum(), 4 * np.pi * 6371.0071809**2 / 9, rtol=1e-6)


def test_cells_run_from_north_to_south_and_are_named():
    """Three columns of two rows, the first in the north-west; the region need not be a whole number."""
    found = cells(1.0, 1.0, region=(102.0, 18.0, 104.5, 19.5))
    assert found["cell"].tolist() == ["R1C1", "R1C2", "R1C3", "R2C1", "R2C2", "R2C3"]
    assert found.geometry.iloc[0].bounds == (102.0, 19.0, 103.0, 20.0)
    assert found.geometry.iloc[5].bounds == (104.0, 18.0, 105.0, 19.0)
    assert found.crs == "EPSG:4326"


def test_cells_cover_a_table_or_a_grid_on_whole_multiples():
    """Edges are multiples of the side; all of the table and the outer cells of the grid are inside."""
    table = frame(shapely.points([[500_120, 2_000_010], [502_001, 2_000_999]]))
    found = cells(1000.0, table=table)
    assert found.total_bounds.tolist() == [500_000, 2_000_000, 503_000, 2_001_000]
    grid = xr.DataArray(
        np.zeros((2, 3)),
        {"northing": [2_000_750.0, 2_000_250.0], "easting": [500_250.0, 500_750.0, 501_250.0]},
        ("northing", "easting"),
        attrs={"crs": UTM},
    )
    found = cells(1000.0, grid=grid)
    assert found.total_bounds.tolist() == [500_000, 2_000_000, 502_000, 2_001_000]
    # UTM enlarges areas by 0.9996² beside its central meridian; geodesic areas are the true ones.
    npt.assert_allclose(found["area"], 1 / 0.9996**2, rtol=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"region": (0, 0, 1, 1), "table": frame([shapely.Point(0, 0)])},
        {"region": (1, 0, 0, 1)},
        {"region": (0, 0, 180, 90), "width": 0.01},
    ],
)
def test_cells_refuse_what_is_no_area(given):
    """Neither or both extents, a region the wrong way round, and millions of cells are refused."""
    with pytest.raises(ContractError):
        cells(**{"width": 1.0, **given})
