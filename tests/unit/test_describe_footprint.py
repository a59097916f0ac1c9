"""Footprints and extents: hulls of known points, outlines of grids, winding, size and the antimeridian."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from craton.model import extent, footprint


def shape_of(found):
    shape = shapely.geometry.shape(found)
    assert shape.is_valid
    return shape


def same(positions):
    return positions


def test_hull_of_known_points():
    """Few points give their convex hull, whatever lies inside."""
    corners = np.array([[0, 0], [4, 0], [4, 3], [0, 3], [1, 1], [2, 2]], float)
    assert shapely.equals(shape_of(footprint.of_points(corners, (0, 0, 4, 3))), shapely.box(0, 0, 4, 3))


def test_points_without_area():
    """A point stays a point, points on a line a line, nothing nothing."""
    assert footprint.of_points(np.array([[1.0, 2.0]]), (1, 2, 1, 2)) == {
        "type": "Point",
        "coordinates": [1, 2],
    }
    line = footprint.of_points(np.array([[0.0, 0], [1, 1], [2, 2]]), (0, 0, 2, 2))
    assert line == {"type": "LineString", "coordinates": [[0, 0], [2, 2]]}
    assert footprint.of_points(np.empty((0, 2)), (0, 0, 1, 1)) is None
    assert footprint.of_points(np.array([[np.inf, np.nan]]), (0, 0, 1, 1)) is None


def test_concave_hull_leaves_out_the_bay():
    """Many points along an L leave the empty corner out."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 10, (3000, 2))
    points = points[(points[:, 0] < 3) | (points[:, 1] < 3)]
    shape = shape_of(footprint.of_points(points, (0, 0, 10, 10)))
    assert shape.area < 70
    assert not shape.contains(shapely.Point(8, 8))
    assert shape.contains(shapely.multipoints(points).buffer(-1e-9)) or shape.buffer(1e-6).contains(
        shapely.multipoints(points)
    )


def test_rings_are_wound_as_rfc_7946_asks():
    """Shells run counter-clockwise."""
    shape = shape_of(footprint.of_bbox((100, 10, 105, 15)))
    assert shape.exterior.is_ccw


@pytest.mark.parametrize("seed", range(5))
def test_footprint_is_small_and_within_the_extent(seed):
    """At most 64 vertices (and one to close each part), six decimals, nothing beyond the extent."""
    rng = np.random.default_rng(seed)
    polygons = shapely.buffer(shapely.points(rng.uniform(0, 20, (200, 2))), rng.uniform(0.1, 1, 200))
    bbox = extent.outward(tuple(shapely.total_bounds(polygons).tolist()))
    found = footprint.of_polygons(polygons, same, bbox)
    shape = shape_of(found)
    assert shapely.get_num_coordinates(shape) <= footprint.VERTICES + shapely.get_num_geometries(shape)
    assert shapely.box(*bbox).covers(shape)
    coordinates = shapely.get_coordinates(shape)
    np.testing.assert_array_equal(coordinates, np.round(coordinates, 6))


def test_union_of_few_polygons_is_exact():
    """Two boxes apart stay two boxes, side by side become one shape."""
    apart = np.array([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)])
    assert shapely.equals(
        shape_of(footprint.of_polygons(apart, same, (0, 0, 6, 6))), shapely.union_all(apart)
    )


def test_detailed_polygons_are_covered():
    """Polygons of many vertices are drawn on a net that covers them, at most two cells wider."""
    island = shapely.Point(5, 5).buffer(4, quad_segs=4000)
    shape = shape_of(footprint.of_polygons(np.array([island]), same, (1, 1, 9, 9)))
    assert shape.buffer(1e-6).contains(island)
    assert shape.area < island.buffer(3 * 8 / 128).area


def test_outline_of_valid_cells():
    """The footprint of a grid is that of its valid cells, in its own projection."""
    mask = np.zeros((40, 60), bool)
    mask[10:20, 20:50] = True
    shape = shape_of(
        footprint.of_mask(mask, lambda cells: cells * [0.1, -0.1] + [100, 20], (102, 18, 105, 19))
    )
    assert shapely.equals(shape, shapely.box(102, 18, 105, 19))
    assert footprint.of_mask(np.zeros((3, 3), bool), same, (0, 0, 1, 1)) is None


def test_rotated_grid():
    """The outline of a rotated grid is the rotated rectangle, not its box."""
    turn = np.deg2rad(30)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = np.array([[0, 0], [4, 0], [4, 2], [0, 2]], float) @ rotation
    bbox = (*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
    shape = shape_of(footprint.of_ring(4, 2, lambda cells: cells @ rotation, bbox))
    assert shape.area == pytest.approx(8.0, abs=1e-4)


def test_footprint_over_the_antimeridian_is_cut():
    """RFC 7946 asks for two parts, none of which crosses."""
    found = footprint.of_bbox((170, -10, -170, 10))
    shape = shape_of(found)
    assert found["type"] == "MultiPolygon"
    assert sorted(part.bounds for part in shape.geoms) == [(-180, -10, -170, 10), (170, -10, 180, 10)]
    assert all(part.exterior.is_ccw for part in shape.geoms)


@pytest.mark.parametrize(
    ("arcs", "expected"),
    [
        ([[177, 177], [-178, -178], [179, 179]], (177, -178)),
        ([[170, 190]], (170, -170)),
        ([[130, 180], [-180, -70]], (130, -70)),
        ([[-100, -100], [100, 100]], (-100, 100)),
        ([[-180, 180]], (-180, 180)),
        ([[350, 355]], (-10, -5)),
        ([[-180, -175]], (-180, -175)),
        ([[175, 180]], (175, 180)),
    ],
)
def test_west_and_east(arcs, expected):
    """Data on both sides of the antimeridian belongs together where it leaves a wide gap elsewhere."""
    assert extent.west_east(extent.merge_arcs(np.array(arcs, float))) == expected


def test_arcs_are_merged():
    """Intervals of longitude are united in any order and turn."""
    merged = extent.merge_arcs(np.array([[10, 20], [380, 390], [15, 25], [100, 101]], float))
    np.testing.assert_array_equal(merged, [[10, 30], [100, 101]])


def test_extents_are_rounded_outward():
    """Rounding never leaves data out, and keeps round numbers round."""
    assert extent.outward((101.975, 18.025, 103.375, 19.775)) == (101.975, 18.025, 103.375, 19.775)
    assert extent.outward((-0.1234567, 1.0, 1.00000049, 2.0000001)) == (-0.123457, 1.0, 1.000001, 2.000001)


def test_outside_its_area():
    """An extent of which less than half lies in the area is outside, also across the antimeridian."""
    assert extent.is_outside((95.956, 21.7, 96.34, 22.1), (90, 0, 96, 84))
    assert not extent.is_outside((95.0, 21.7, 96.34, 22.1), (90, 0, 96, 84))
    assert not extent.is_outside((178, -20, -178, -15), (176, -22, -176, -10))
    assert extent.is_outside((10, 10, 10, 10), (90, 0, 96, 84))
    assert not extent.is_outside((91, 10, 91, 10), (90, 0, 96, 84))
