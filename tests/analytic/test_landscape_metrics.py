"""Landscape metrics: printed outputs of FRAGSTATS, brute force on small grids, and closed forms."""

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage
from scipy.spatial import cKDTree

from craton.kernels import landscape_metrics as metric
from craton.kernels import landscape_patches as kernel
from craton.methods.landscape import metrics, patches
from craton.model.errors import ContractError

PATCHES = """1 1 4 1.0000 1.0000, 1 80 68 1.8889 1.2931, 1 5 12 1.2000 1.3652, 1 72 60 1.7647 1.2664,
1 16 22 1.3750 1.2297, 1 1 4 1.0000 1.0000, 1 5 10 1.0000 1.1386, 1 3 10 1.2500 1.6681, 1 1 4 1.0000 1.0000,
3 9 16 1.3333 1.2619, 3 159 90 1.7308 1.2285, 3 40 34 1.3077 1.1603, 3 148 104 2.0800 1.3040,
3 113 100 2.2727 1.3618, 3 13 22 1.3750 1.3293, 2 34 38 1.5833 1.2768, 2 55 38 1.2667 1.1236,
2 24 32 1.6000 1.3086, 2 2 6 1.0000 1.1699, 2 1 4 1.0000 1.0000, 2 1 4 1.0000 1.0000, 2 3 8 1.0000 1.2619,
2 68 52 1.5294 1.2158, 2 1 4 1.0000 1.0000, 2 1 4 1.0000 1.0000, 2 2 6 1.0000 1.1699, 2 36 34 1.4167 1.1944,
2 6 10 1.0000 1.0228"""
"""Class, area (m²), perimeter (m), SHAPE and FRAC of the 28 patches of a landscape of 30 by 30 cells of 1 m, as
FRAGSTATS 4.2 printed them for the package landscapemetrics."""

KIND, CELLS, SIDES, SHAPE, FRACTAL = np.array([row.split() for row in PATCHES.split(",")], float).T

EDGES = {1: (542, 44, 137), 2: (44, 696, 159), 3: (137, 159, 1562)}
"""Sides of cells of classes 1, 2, 3 to those classes: from TE (181, 203, 296) and PLADJ (73.6413, 74.3590, 81.0166)."""

AUGUSTA = """9991.26 2555730 64.4198 41.5710, 2133.09 1500510 81.5422 0.2250, 2280.60 796350 41.8746 1.9409,
1397.70 1185990 79.3520 0.1500, 1070.73 872670 66.6941 0.2500, 5035.86 1942080 68.7046 9.8549,
941.58 418200 34.1805 0.5941, 459.72 330780 38.7622 0.0647, 1693.44 718500 43.7636 1.0092,
321.75 148800 20.7667 0.0976, 1191.60 347100 25.3723 3.6032, 26.37 23190 11.0571 0.0008, 61.02 36240 11.5283 0.0043,
214.56 77520 13.1837 0.2568, 29.52 17280 7.7838 0.0048"""
"""Area (ha), edge (m), LSI and MESH (ha) of the 15 classes of land cover about Augusta (NLCD, cells of 30 m), as
FRAGSTATS 4.2 printed them for the package landscapemetrics."""


def grid_of(classes, side=10.0, **attrs):
    """Grid of `classes` on square cells."""
    rows, columns = np.shape(classes)
    axes = {"northing": 1e6 - side * np.arange(rows), "easting": 5e5 + side * np.arange(columns)}
    stated = {"crs": "EPSG:32648", **attrs}
    return xr.DataArray(np.array(classes, float), axes, ("northing", "easting"), attrs=stated)


def test_patches_have_the_shapes_that_fragstats_prints():
    """SHAPE and FRAC of all 28 patches to the printed four decimals."""
    cells, sides = CELLS.astype(int), SIDES.astype(int)
    np.testing.assert_allclose(metric.shape_index(sides, cells), SHAPE, atol=5.1e-5)
    np.testing.assert_allclose(metric.fractal_dimension(SIDES, CELLS), FRACTAL, atol=5.1e-5)


def test_landscape_is_what_fragstats_prints():
    """Of the same landscape LSI, DIVISION, SPLIT, MESH, SHDI, SIDI, SHEI, SIEI and CONTAG as printed.

    Of class 3 MESH, DIVISION and SPLIT, of class 1 LSI.
    """
    split = metric.fragmentation(CELLS / 1e4, 0.09)
    assert [round(number, 4) for number in split] == [0.0094, 0.8958, 9.5926]
    third = metric.fragmentation(CELLS[KIND == 3] / 1e4, 0.09)
    assert [round(number, 4) for number in third] == [0.0069, 0.9237, 13.1059]
    shares = np.array([CELLS[one == KIND].sum() for one in (1, 2, 3)]) / 900
    assert [round(number, 4) for number in metric.diversity(shares)] == [1.0092, 0.6038, 0.9186, 0.9057]
    mixed = metric.contagion(shares, np.array(list(EDGES.values())))
    assert round(100 * mixed, 4) == 26.4538
    assert round(float(metric.shape_index(np.array(460), np.array(900))), 4) == 3.8333
    assert round(float(metric.shape_index(np.array(194), np.array(184))), 4) == 3.4643


def test_land_cover_of_augusta_is_what_fragstats_prints():
    """SHDI, SIDI, SHEI, SIEI, MESH, DIVISION and SPLIT of the whole; LSI of classes counts sides to the outside too.

    Sides of classes that their LSI and least sides tell are whole, and beyond the printed edges they add up to the
    border of the map, which the LSI of the whole (84.6683, edges of 5,485,470 m) has as well.
    """
    area, edge, index, mesh = np.array([row.split() for row in AUGUSTA.split(",")], float).T
    total = area.sum()
    mixed = metric.diversity(area / total)
    assert [round(float(number), 4) for number in mixed] == [1.9942, 0.8008, 0.7364, 0.8580]
    whole = metric.fragmentation(np.array([np.sqrt(mesh.sum() * total)]), total)
    np.testing.assert_allclose(whole, [59.6274, 0.9978, 450.2765], rtol=5.1e-5)
    cells = np.round(area / 0.09).astype(int)
    sides = np.round(index * metric.least_sides(cells)).astype(int)
    np.testing.assert_allclose(metric.shape_index(sides, cells), index, atol=5.1e-5)
    border = (sides - edge / 30).sum()
    both = np.array([round(5485470 / 30 + border)]), np.array([cells.sum()])
    assert round(float(metric.shape_index(*both)[0]), 4) == 84.6683


@pytest.mark.parametrize("eight", [True, False])
def test_patches_and_nearest_neighbours_by_brute_force(eight):
    """Labels of scipy, sides by shifts, nearest cell centres by a tree, on noise, blobs, one row and one column."""
    random = np.random.default_rng(7)
    smooth = ndimage.gaussian_filter(random.normal(size=(40, 33)), 2)
    maps = [random.integers(-1, 3, (17, 22)), (smooth * 20).round() % 3, random.integers(0, 2, (1, 40))]
    structure = np.ones((3, 3)) if eight else None
    for classes in (*maps, maps[2].T):
        found = kernel.patches(classes, 3, eight=eight)
        counts = [ndimage.label(classes == one, structure)[1] for one in range(3)]
        assert np.bincount(found.kind, minlength=3).tolist() == counts
        apart = kernel.nearest(found)
        for patch, kind in enumerate(found.kind):
            own = found.labels == patch
            assert ndimage.label(own, structure)[1] == 1
            wide = np.pad(own, 1)
            assert found.sides[patch] == sum(
                (wide & ~np.roll(wide, s, a)).sum() for s in (1, -1) for a in (0, 1)
            )
            others = np.argwhere((classes == kind) & ~own)
            expected = cKDTree(others).query(np.argwhere(own))[0].min() if len(others) else np.nan
            np.testing.assert_allclose(apart[patch], expected, rtol=1e-15)


def test_core_is_what_lies_deeper():
    """A square of 5 cells in nothing has 9 core cells at depth 1, 1 at 2, none at 3; at √2 a corner of it counts."""
    classes = np.full((9, 9), -1)
    classes[2:7, 2:7] = 0
    assert [int(kernel.patches(classes, 1, depth=d).core[0]) for d in (0, 1, 2, 3)] == [25, 9, 1, 0]
    notched = np.zeros((5, 5), int)
    notched[0, 0] = 1
    cores = [int(kernel.patches(notched, 2, depth=d).core[1]) for d in (1, 2**0.5)]
    assert cores == [9, 8]
    smooth = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(60, 50)), 4) > 0
    for depth in (2, 5**0.5, 5, 7.3):
        inner = [
            ndimage.distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1] > depth for own in (~smooth, smooth)
        ]
        assert kernel.patches(smooth, 2, depth=depth).core.sum() == (inner[0] | inner[1]).sum()


def test_chessboard_and_stripes():
    """A chessboard is one patch a class by eight neighbours, and all its cells by four, √2 apart.

    Its contagion is 50 %, its edges are all inner sides.
    """
    board = np.indices((6, 6)).sum(axis=0) % 2
    eight, four = metrics(grid_of(board)), metrics(grid_of(board), neighbours=4)
    assert (len(eight.patches), len(four.patches)) == (2, 36)
    assert eight.patches["nearest_neighbour"].isna().all()
    np.testing.assert_allclose(four.patches["nearest_neighbour"], 10 * np.sqrt(2), rtol=1e-14)
    whole = four.landscape.iloc[0]
    assert (whole["edge_length"], whole["area"], whole["contagion"]) == (600, 0.36, pytest.approx(50))
    assert metrics(grid_of(board), count_boundary=True).landscape.loc[0, "edge_length"] == 840
    assert np.isnan(metrics(grid_of(np.ones((3, 3)))).landscape.loc[0, "contagion"])


def test_turned_and_scaled_maps():
    """Quarter turns and mirrors change nothing but places; twice the cell size doubles lengths, quadruples areas."""
    random = np.random.default_rng(8)
    classes = random.integers(1, 4, (20, 20)).astype(float)
    classes[5:8, 5:8] = np.nan
    plain = metrics(grid_of(classes)).landscape.iloc[0]
    for other in (np.rot90(classes), classes[::-1]):
        turned = metrics(grid_of(other)).landscape.iloc[0]
        np.testing.assert_allclose(turned, plain, rtol=1e-12)
    double = metrics(grid_of(classes, 20.0)).landscape.iloc[0]
    for name, factor in {
        "area": 4,
        "edge_length": 2,
        "mesh_size": 4,
        "mean_nearest_neighbour": 2,
        "contagion": 1,
    }.items():
        assert double[name] == pytest.approx(factor * plain[name], rel=1e-12)


def test_tables_fit_together_and_names_are_told():
    """Areas and counts of patches add up to those of classes and the whole; patch numbers are those of the grid."""
    classes = np.random.default_rng(9).integers(1, 4, (15, 12)).astype(float)
    classes[0, :4] = np.nan
    grid = grid_of(classes, flag_values=[1, 2, 3], flag_meanings=["forest", "field", "water"])
    found, numbers = metrics(grid), patches(grid).to_numpy()
    assert found.classes["class_name"].tolist() == ["forest", "field", "water"]
    sums = found.patches.groupby("class")["area"].sum()
    np.testing.assert_allclose(found.classes["area"], sums, rtol=1e-12)
    assert found.classes["percentage"].sum() == pytest.approx(100)
    cells = np.bincount(numbers.ravel())[1:] * 0.01
    np.testing.assert_allclose(found.patches["area"], cells, rtol=1e-12)
    assert (numbers[0, :4].tolist(), found.patches.crs.to_epsg()) == ([0] * 4, 32648)


def test_what_is_no_grid_of_classes_is_refused():
    """Fractions, no value at all, cells that are not square, an edge of more than 100 cells."""
    board = np.indices((6, 6)).sum(axis=0) % 2
    oblong = grid_of(board).assign_coords(easting=np.arange(6) * 12.0)
    for grid, more in (
        (grid_of(board + 0.5), {}),
        (grid_of(board * np.nan), {}),
        (oblong, {}),
        (grid_of(board), {"edge_depth": 1001.0}),
    ):
        with pytest.raises(ContractError):
            metrics(grid, **more)
