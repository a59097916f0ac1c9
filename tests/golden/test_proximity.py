"""Proximity against brute force, closed forms and geodesics, in the plane and on the ellipsoid."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pyproj
import pytest
import shapely
from scipy.spatial import KDTree
from tests.reading import DATA

from craton.methods.placement import new_grid, place_of, same_cells
from craton.methods.proximity import proximity
from craton.model.errors import ContractError

UTM = "EPSG:32648"
GEOD = pyproj.CRS(4326).get_geod()


def table(*shapes, crs=UTM):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs)


def random_shapes(kind, count=12, seed=0, low=(0.0, 0.0), high=(1000.0, 800.0)):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(low, high, (count, 4, 2))
    if kind == "points":
        return [shapely.Point(one[0]) for one in corners]
    lines = [shapely.LineString(one) for one in corners]
    return lines if kind == "lines" else [shapely.convex_hull(one).buffer(0) for one in lines[: count // 3]]


def cells(grid):
    rows, columns = grid.dims
    return np.meshgrid(grid[columns].to_numpy(), grid[rows].to_numpy())


KINDS = {
    "points": random_shapes("points"),
    "lines": random_shapes("lines"),
    "polygons": random_shapes("polygons"),
    "collections": [
        shapely.MultiPoint([(3, 4), (900, 700)]),
        shapely.GeometryCollection(random_shapes("lines", 3)),
    ],
    "mixed, with gaps": [
        *random_shapes("points", 3),
        None,
        *random_shapes("polygons", 3, 5),
        shapely.LineString(),
    ],
}


@pytest.mark.parametrize("shapes", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("turn", [(1, 1), (-1, -1)])
def test_in_the_plane_it_equals_brute_force(shapes, turn):
    """Every cell, to rounding, has the smallest of shapely's distances; 0 within polygons."""
    grid = new_grid((-100.0, -50.0, 1100.0, 900.0), 23.0, UTM)[:: turn[0], :: turn[1]]
    found = proximity(table(*shapes), grid)
    points = shapely.points(*cells(grid))
    expected = np.min(
        [shapely.distance(points, one) for one in shapes if one is not None and not one.is_empty], axis=0
    )
    npt.assert_allclose(found, expected, atol=1e-9)
    assert same_cells(found, grid)
    assert found.attrs["units"] == "m"
    assert found.attrs["crs"] == UTM


def test_one_point_gives_circles():
    """Closed form: the hypotenuse."""
    grid = new_grid((0.0, 0.0, 500.0, 300.0), 10.0, UTM)
    east, north = cells(grid)
    npt.assert_allclose(
        proximity(table(shapely.Point(100, 50)), grid), np.hypot(east - 100, north - 50), rtol=1e-13
    )


def test_a_grid_is_made_where_none_is_given():
    """Over a region with a spacing, or over the features, in their system or the one named."""
    features = table(*KINDS["points"])
    found = proximity(features, region=(0.0, 0.0, 100.0, 60.0), spacing=20.0)
    assert found.shape == (3, 5)
    assert max(proximity(features).shape) == 100
    degrees = proximity(features.to_crs(4326), spacing=50.0, crs=UTM)
    assert degrees.attrs["crs"] == UTM
    metres = proximity(features, degrees)
    npt.assert_allclose(degrees, metres, atol=1e-3)


@pytest.mark.parametrize(
    "region", [(100.0, 10.0, 104.0, 13.0), (170.0, 60.0, 190.0, 75.0), (-10.0, 85.0, 10.0, 90.0)]
)
def test_on_the_ellipsoid_points_are_at_their_geodesic_distance(region):
    """In the tropics, across 180° and at the pole: the smallest geodesic to any point, to a micrometre."""
    grid = new_grid(region, 0.5, "EPSG:4326")
    low, high = (region[0] - 3, region[1] - 3), (region[2] + 3, min(region[3] + 3, 90.0))
    shapes = random_shapes("points", 40, 1, low, high)
    wrapped = [shapely.Point((one.x + 180) % 360 - 180, one.y) for one in shapes]
    found = proximity(table(*wrapped, crs=4326), grid)
    east, north = (one.ravel() for one in cells(grid))
    lengths = [GEOD.inv(east, north, np.full_like(east, p.x), np.full_like(north, p.y))[2] for p in wrapped]
    npt.assert_allclose(found.to_numpy().ravel(), np.min(lengths, axis=0), atol=1e-6)


@pytest.mark.parametrize("kind", ["lines", "polygons"])
def test_on_the_ellipsoid_lines_are_within_a_twentieth_of_a_cell(kind):
    """Never too short, and at most side / 20 too long, against vertices a hundred times as close."""
    side = 0.1
    grid = new_grid((100.0, 10.0, 103.0, 12.0), side, "EPSG:4326")
    shapes = random_shapes(kind, 6, 2, (99.5, 9.5), (103.5, 12.5))
    found = proximity(table(*shapes, crs=4326), grid).to_numpy().ravel()
    east, north = (one.ravel() for one in cells(grid))
    fine = shapely.get_coordinates(shapely.segmentize(shapes, side / 500))
    # Nearest in a plane squeezed at 11° north, which is good enough to choose 400 vertices by.
    squeeze = [np.cos(np.radians(11)), 1.0]
    _, near = KDTree(fine * squeeze).query(np.column_stack([east, north]) * squeeze, k=400)
    far = fine[near]
    here = (np.broadcast_to(one[:, None], near.shape) for one in (east, north))
    nearest = GEOD.inv(*here, far[..., 0], far[..., 1])[2].min(axis=1)
    inside = (
        shapely.intersects_xy(shapely.union_all(shapes), east, north)
        if kind == "polygons"
        else np.zeros(east.shape, bool)
    )
    nearest[inside] = 0
    limit = side / 20 * 111_000
    assert (found >= nearest - limit / 100).all()
    assert (found - nearest).max() <= limit
    assert (found[inside] == 0).all()


def test_what_cannot_be_measured_is_refused():
    """Features without a place or geometry, lines too long for the cells, a template and a region at once."""
    grid, points = new_grid((0.0, 0.0, 100.0, 100.0), 10.0, UTM), table(shapely.Point(1, 2))
    for features in (table(None, shapely.Point()), points.set_crs(None, allow_override=True)):
        with pytest.raises(ContractError, match="`features` must be"):
            proximity(features, grid)
    with pytest.raises(ContractError, match="`like` must be"):
        proximity(points, grid, spacing=5.0)
    with pytest.raises(ContractError, match="`region` must be"):
        proximity(points, spacing=5.0)
    with pytest.raises(ContractError, match="in metres"):
        proximity(table(shapely.Point(1, 2), crs=2264), new_grid((0.0, 0.0, 9.0, 9.0), 1.0, "EPSG:2264"))
    line = table(shapely.LineString([(0, 0), (170, 80)]), crs=4326)
    with pytest.raises(ContractError, match=r"`features` must be[\s\S]*projected"):
        proximity(line, new_grid((0.0, 0.0, 0.001, 0.001), 1e-5, "EPSG:4326"))


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_real_faults_over_the_demo_area_agree_in_degrees_and_in_metres():
    """Distance to active faults: geodesic on degrees, and in the plane of UTM 47 at the same places.

    Within 1° of the central meridian the scale is 0.9996 to 0.9998, so 0.05 % and the twentieth of a cell.
    """
    faults = gpd.read_file(DATA / "geology/gem_active_faults/myanmar_faults.geojson")
    faults = faults[faults.intersects(shapely.box(96, 16, 102, 22))]
    grid = new_grid((98.0, 18.0, 100.0, 20.0), 0.05, "EPSG:4326")
    found = proximity(faults, grid).to_numpy().ravel()
    east, north = pyproj.Transformer.from_crs(4326, 32647, always_xy=True).transform(
        *(one.ravel() for one in cells(grid))
    )
    metres = shapely.union_all(faults.segmentize(0.01).to_crs(32647).geometry.to_numpy())
    expected = shapely.distance(shapely.points(east, north), metres)
    npt.assert_allclose(found, expected, rtol=5e-4, atol=0.05 / 20 * 111_000)
    assert place_of("p", "g", grid).is_geographic
