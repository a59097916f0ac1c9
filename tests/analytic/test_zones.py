"""Spatial weights, autocorrelation, inequality and zoning, against print, closed forms and brute force."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import csr_array
from scipy.stats import f_oneway
from tests import samples

from craton.decide import (
    zone_autocorrelation,
    zone_chance,
    zone_hot_spots,
    zone_inequality,
    zone_neighbours,
    zone_regions,
)
from craton.kernels import inequality, regionalisation, spatial_autocorrelation, spatial_weights
from craton.kernels.regionalisation_tree import tree_zones
from craton.model.errors import ContractError

POINTS = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], float)
AT_POINTS = np.array([2, 3, 3.2, 5, 8, 7])
"""Points and values of the worked example of G in the manual of PySAL's esda (distance band 15)."""

CELLS = np.array([2.24, 3.10, 4.55, -5.15, -4.39, 0.46, 5.54, 9.02, -2.09, -3.06])
TOUCHING = (
    (2, 4),
    (1, 5),
    (4, 7),
    (1, 3, 5, 8),
    (2, 4, 6, 9),
    (5, 10),
    (3, 8),
    (4, 7, 9),
    (5, 8, 10),
    (6, 9),
)
"""Ten cells with their rook neighbours from 1: de Smith, Goodchild and Longley (2007), section 5.5.2."""


def cells_links():
    dense = np.zeros((10, 10))
    for row, others in enumerate(TOUCHING):
        dense[row, np.array(others) - 1] = 1
    return csr_array(dense)


def squares(rows, columns, crs=samples.CRS):
    """Unit squares of a lattice, row by row, with no more than a geometry."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return gpd.GeoDataFrame(geometry=shapely.box(column, row, column + 1, row + 1), crs=crs)


def lattice(rows, columns):
    """Rook links of a lattice."""
    table = squares(rows, columns)
    places, owners = shapely.get_coordinates(table.geometry, return_index=True)
    return spatial_weights.by_edges(places, owners, owners, rows * columns)


def test_contiguity_of_a_lattice():
    """A lattice of r × c squares has 2(2rc − r − c) rook links, and 4(r − 1)(c − 1) more by corners."""
    table = squares(5, 7)
    rook = zone_neighbours.neighbours_of(table, contact="rook")
    queen = zone_neighbours.neighbours_of(table)
    assert (len(rook.links), len(queen.links)) == (2 * (70 - 12), 2 * (70 - 12) + 4 * 24)
    np.testing.assert_allclose(rook.links.groupby("row")["weight"].sum(), 1.0, rtol=1e-15)
    assert queen.units["part"].eq(1).all()


def test_weights_agree_with_shapely_and_with_all_distances():
    """Queen neighbours of cells with a hole and an island are those that touch; nearest are by all distances."""
    shapes = [shapely.box(x, y, x + 1, y + 1) for x, y in ((0, 0), (1, 0), (1, 1), (5, 5))]
    shapes.append(shapely.difference(shapely.box(-1, -1, 3, 3), shapely.union_all(shapes[:3])))
    table = gpd.GeoDataFrame(geometry=shapes, crs=samples.CRS)
    found = zone_neighbours.neighbours_of(table)
    pairs = set(zip(found.links["row"], found.links["neighbour"], strict=True))
    touching = {
        (a, b) for a, b in itertools.permutations(range(5), 2) if shapely.touches(shapes[a], shapes[b])
    }
    assert pairs == touching
    assert found.units["neighbours"].tolist() == [3, 3, 3, 0, 3]
    places = np.random.default_rng(2).integers(0, 6, (40, 2)).astype(float)
    apart = ((places[:, None] - places) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    expected = np.sort(np.argsort(apart, axis=1, kind="stable")[:, :5], axis=1)
    nearest = spatial_weights.nearest(places, 5)
    np.testing.assert_array_equal(nearest.indices.reshape(40, 5), expected)
    within = spatial_weights.within(places, 2.0)
    np.testing.assert_array_equal(within.toarray(), apart <= 4.0)


def test_degrees_and_metres_give_the_same_neighbours():
    """Points near the equator 0.01° apart are 1111.95 m apart on the sphere."""
    points = gpd.GeoDataFrame(geometry=shapely.points([(0, 0), (0.01, 0), (0.03, 0)]), crs="EPSG:4326")
    for distance, links in ((1111.9, 0), (1112.0, 2), (2224.0, 4)):
        found = zone_neighbours.neighbours_of(points, contact="distance", distance=distance)
        assert len(found.links) == links


def test_moran_of_the_ten_cells_of_de_smith():
    """I = 10 · 16.19/(26 · 196.68) = 0.0317, as printed."""
    found = spatial_autocorrelation.moran(CELLS, cells_links())
    assert round(found.value, 4) == 0.0317


def test_local_moran_of_the_ten_cells():
    """The values of PySAL's manual for row-standardised weights, whose deviation is divided by n − 1: · 9/10."""
    published = [
        -0.11409277, -0.19940543, -0.13351408, -0.51770383, 0.48095009,
        0.12208113, 1.19148298, -0.58144305, 0.07101383, 0.34314301,
    ]  # fmt: skip
    found, _lag = spatial_autocorrelation.local_moran(CELLS, spatial_weights.standardised(cells_links()))
    np.testing.assert_allclose(found * 0.9, published, atol=5e-9)


def test_local_parts_add_up_to_the_whole():
    """Σ I_i = S0 · I."""
    weights = spatial_weights.standardised(cells_links())
    found, _lag = spatial_autocorrelation.local_moran(CELLS, weights)
    whole = spatial_autocorrelation.moran(CELLS, weights).value
    np.testing.assert_allclose(found.sum(), 10 * whole, rtol=1e-13)


def test_moments_over_all_orders():
    """Expectation and variance of I and G under randomisation are those over all 720 orders of six values."""
    links = spatial_weights.within(POINTS, 15.0)
    orders = [np.array(one) for one in itertools.permutations(AT_POINTS)]
    one = spatial_autocorrelation.moran(AT_POINTS, links)
    drawn = np.array([spatial_autocorrelation.moran(x, links).value for x in orders])
    np.testing.assert_allclose([drawn.mean(), drawn.var()], [one.expected, one.variance_random], rtol=1e-12)
    _value, expected, variance = spatial_autocorrelation.general_g(AT_POINTS, links)
    drawn = np.array([x @ (links @ x) / (x.sum() ** 2 - x @ x) for x in orders])
    np.testing.assert_allclose([drawn.mean(), drawn.var()], [expected, variance], rtol=1e-11)


def test_normal_variance_by_simulation():
    """The variance of I for normal values agrees with 4,000 draws within 8 % (its error is about 2.5 %)."""
    weights = spatial_weights.standardised(lattice(5, 6))
    random = np.random.default_rng(5)
    drawn = np.array([
        spatial_autocorrelation.moran(random.normal(size=30), weights).value for _ in range(4000)
    ])  # fmt: skip
    expected = spatial_autocorrelation.moran(random.normal(size=30), weights).variance_normal
    assert abs(drawn.var() / expected - 1) < 0.08


def test_chessboard_and_halves():
    """Rook I of a chessboard is −1, and of two halves of a 6 × 6 board like joins less unlike over all."""
    links = lattice(6, 6)
    row, column = np.divmod(np.arange(36), 6)
    chess = spatial_autocorrelation.moran(np.where((row + column) % 2, 1.0, -1.0), links)
    halves = spatial_autocorrelation.moran(np.where(column < 3, 1.0, -1.0), links)
    np.testing.assert_allclose(chess.value, -1.0, rtol=1e-14)
    # 60 joins, 6 of them between the halves.
    np.testing.assert_allclose(halves.value, (54 - 6) / 60, rtol=1e-14)


def test_g_of_the_manual_of_esda():
    """G 0.55709779, one-sided chance 0.172936; the scores of Gi and Gi* to all printed digits."""
    points = gpd.GeoDataFrame({"value": AT_POINTS}, geometry=shapely.points(POINTS), crs=samples.CRS)
    band = {"contact": "distance", "distance": 15.0}
    # The third point is an island; the print keeps it in.
    links = spatial_weights.within(POINTS, 15.0)
    value, expected, variance = spatial_autocorrelation.general_g(AT_POINTS, links)
    assert (round(value, 8), round(expected, 4)) == (0.55709779, round(links.sum() / 30, 4))
    chance = float(zone_chance.two_sided((value - expected) / variance**0.5)) / 2
    assert round(chance, 6) == 0.172936
    gi = spatial_autocorrelation.local_g(AT_POINTS, links, itself=False)
    star = spatial_autocorrelation.local_g(AT_POINTS, links, itself=True)
    np.testing.assert_allclose(
        gi, [-1.0136729, -0.04361589, 1.31558703, -0.31412676, 1.15373986, 1.77833941], atol=5e-9
    )
    np.testing.assert_allclose(
        star, [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331], atol=5e-9
    )
    assert len(zone_hot_spots.hot_spots(points, "value", **band)) == 6


def test_general_g_of_many_units_and_of_one_number():
    """Of 10,000 units the variance is that of 400 orders within 30 % (4 errors); one unit above 0 has no pairs."""
    links = lattice(100, 100)
    random = np.random.default_rng(6)
    x = random.uniform(1, 2, 10_000)
    table = squares(100, 100).assign(x=x, one=np.arange(10_000) == 0)
    told = zone_hot_spots.general_g(table, ("x",), contact="rook").iloc[0]
    value, expected, variance = spatial_autocorrelation.general_g(x, links)
    pairs = x.sum() ** 2 - x @ x
    drawn = np.array([y @ (links @ y) / pairs for y in (random.permutation(x) for _ in range(400))])
    assert abs(drawn.var() / variance - 1) < 0.3
    np.testing.assert_allclose(told["z_score"], (value - expected) / variance**0.5, rtol=1e-12)
    with pytest.raises(ContractError, match="two or more are above 0"):
        zone_hot_spots.general_g(table.assign(one=table["one"].astype(float)), ("one",))


def test_local_chance_is_that_of_all_draws():
    """Drawn chances agree with all sets of neighbours within 4 standard errors, and not with the shares of work."""
    links = cells_links()
    z = (CELLS - CELLS.mean()) / CELLS.std()
    chance = spatial_autocorrelation.local_chance(CELLS, links, 9999, 3)
    for unit in range(10):
        others = np.delete(z, unit)
        near = links.indices[links.indptr[unit] : links.indptr[unit + 1]]
        sums = np.array([sum(one) for one in itertools.combinations(others, near.size)])
        observed = z[near].sum()
        exact = min((sums >= observed - 1e-9).mean(), (sums <= observed + 1e-9).mean())
        assert abs(chance[unit] - exact) < 4 * np.sqrt(exact / 9999) + 2e-4


def test_results_do_not_hang_on_units_of_measure():
    """Metres for kilometres, and a shift, change neither scores nor clusters."""
    table = samples.districts()
    other = table.assign(road=1000 * table["road"] + 7)
    for process in (zone_autocorrelation.local_moran, zone_hot_spots.hot_spots):
        first, second = process(table, "road"), process(other, "road")
        pd.testing.assert_frame_equal(
            pd.DataFrame(first).drop(columns=["road", "geometry"]),
            pd.DataFrame(second).drop(columns=["road", "geometry"]),
        )


def test_islands_and_gaps_are_told():
    """A unit without a number has no result, one without a neighbour is an island, and titles count them."""
    table = samples.districts()
    table.loc[0, "road"] = np.nan
    table.loc[11, "geometry"] = shapely.box(0, 0, 1, 1)
    found = zone_autocorrelation.local_moran(table, "road")
    assert pd.isna(found["cluster"][0])
    assert found["cluster"][11] == "island"
    assert np.isnan(found["local_moran"][[0, 11]]).all()
    assert "1 islands" in found.attrs["columns"]["cluster"]["title"]
    whole = zone_autocorrelation.moran(table, ("road",))
    assert whole.loc[0, ["units", "islands"]].tolist() == [10, 1]


def test_gini_and_theil_in_closed_form():
    """Values 1 … n: Gini (n − 1)/(3n); all to one of n: Gini (n − 1)/n and Theil ln n."""
    ones = np.ones(9)
    groups = np.repeat([0, 1, 2], 3)
    np.testing.assert_allclose(inequality.gini(np.arange(1.0, 10.0), ones), 8 / 27, rtol=1e-14)
    alone = np.eye(9)[4]
    np.testing.assert_allclose(inequality.gini(alone, ones), 8 / 9, rtol=1e-14)
    np.testing.assert_allclose(inequality.theil_parts(alone, ones, groups).total, np.log(9), rtol=1e-14)
    assert abs(inequality.gini(ones, ones)) < 1e-15


@pytest.mark.parametrize(
    ("values", "printed"),
    [
        ([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261], 0.4620911),
        ([1, 3, 2, 1, 1, 1, 4], 0.3076923),
    ],
)
def test_gini_as_manuals_print_it(values, printed):
    """The incomes of R's ineq and acid, and the example of its phylotools, to all printed digits."""
    x = np.array(values, float)
    assert round(inequality.gini(x, np.ones(x.size)), 7) == printed


def test_inequality_by_brute_force_and_its_parts():
    """Gini over all pairs; Theil's parts add up; groups that do not overlap leave nothing of Gini; weights are copies."""
    random = np.random.default_rng(1)
    x, w, g = random.gamma(2, 1, 30), random.integers(1, 4, 30).astype(float), np.repeat([0, 1, 2], 10)
    pairs = (w[:, None] * w * abs(x[:, None] - x)).sum() / (2 * w.sum() * (w @ x))
    np.testing.assert_allclose(inequality.gini(x, w), pairs, rtol=1e-12)
    theil = inequality.theil_parts(x, w, g)
    np.testing.assert_allclose(theil.total, theil.between + theil.within, rtol=1e-12)
    copies = np.repeat(np.arange(30), w.astype(int))
    once = inequality.theil_parts(x[copies], np.ones(copies.size), g[copies])
    np.testing.assert_allclose(theil, once, rtol=1e-12)
    apart = inequality.gini_parts(np.sort(x), w, g)
    np.testing.assert_allclose(apart.total, apart.between + apart.within, rtol=1e-12)


def test_factor_detector_and_analysis_of_variance():
    """The q of the definition, and F and its central chance as scipy's one-way analysis of variance gives them."""
    random = np.random.default_rng(4)
    strata = np.arange(40) % 4
    x = 50 + strata + random.normal(size=40)
    found = inequality.factor_detector(x, strata)
    parts = [x[strata == one] for one in range(4)]
    np.testing.assert_allclose(found.q, 1 - sum(10 * p.var() for p in parts) / (40 * x.var()), rtol=1e-11)
    np.testing.assert_allclose([found.f, found.chance_equal], f_oneway(*parts), rtol=1e-9)
    assert inequality.factor_detector(strata.astype(float), strata)[:3] == (1.0, np.inf, 0.0)


def _best_within(links, sizes, x, least):
    """Most zones, and the least sum of squares with so many, of all divisions of a few units."""
    n, best = x.shape[0], (0, np.inf)
    for labels in itertools.product(range(n), repeat=n - 1):
        zones = np.array((0, *labels))
        if any(zones[i] > zones[:i].max() + 1 for i in range(1, n)):
            continue
        held = regionalisation.described(zones, links, sizes, x)
        if held.contiguous.all() and (held.size >= least).all():
            best = min(best, (-held.size.size, held.within.sum()))
    return -best[0], best[1]


def test_max_p_is_the_best_of_all_divisions():
    """On a 2 × 3 lattice zones are as many, and as alike, as the best of all its divisions."""
    links = lattice(2, 3)
    random = np.random.default_rng(8)
    x, sizes = random.normal(size=(6, 2)), random.uniform(1, 3, 6)
    zones = regionalisation.most_zones(links, sizes, x, 4.0, starts=20, steps=3000, seed=1)
    held = regionalisation.described(zones, links, sizes, x)
    most, within = _best_within(links, sizes, x, 4.0)
    assert held.size.size == most
    np.testing.assert_allclose(held.within.sum(), within, rtol=1e-12)


def test_max_p_keeps_its_limits_and_knows_the_truth():
    """Four blocks of unlike values come out as they are; every zone hangs together and is large enough."""
    table = squares(8, 8)
    row, column = np.divmod(np.arange(64), 8)
    table = table.assign(
        value=10.0 * (2 * (row > 3) + (column > 3)) + 0.1 * np.sin(np.arange(64)), people=2.0
    )
    found = zone_regions.max_p(table, ("value",), 32.0, size="people")
    assert found.zones["contiguous"].all()
    assert found.zones["large_enough"].all()
    assert found.zones["units"].tolist() == [16] * 4
    np.testing.assert_array_equal(found.units["zone"].to_numpy(), 1 + 2 * (row > 3) + (column > 3))
    again = zone_regions.max_p(table, ("value",), 32.0, size="people")
    pd.testing.assert_frame_equal(found.zones, again.zones)


def test_max_p_leaves_out_parts_that_are_too_small():
    """An island below the least size has no zone; a least size above the whole is refused with what there is."""
    table = samples.districts()
    table.loc[11, "geometry"] = shapely.box(0, 0, 1, 1)
    found = zone_regions.max_p(table, ("value",), 3.0)
    assert found.units["zone"].isna().tolist() == [False] * 11 + [True]
    assert found.zones["units"].sum() == 11
    with pytest.raises(ContractError, match="at most 11"):
        zone_regions.max_p(table, ("value",), 12.0)


def test_skater_makes_the_best_cut_of_its_tree():
    """On a chain, whose tree is the chain, the first cut is the best of all, and limits hold."""
    links = lattice(1, 30)
    x = np.random.default_rng(3).normal(size=(30, 2))
    sizes = np.ones(30)

    def squares_of(part):
        return ((part - part.mean(axis=0)) ** 2).sum()

    cuts = [squares_of(x[:at]) + squares_of(x[at:]) for at in range(5, 26)]
    zones = tree_zones(links, sizes, x, 2, 5.0)
    assert np.flatnonzero(np.diff(zones))[0] + 1 == 5 + int(np.argmin(cuts))
    held = regionalisation.described(tree_zones(links, sizes, x, 30, 5.0), links, sizes, x)
    assert held.contiguous.all()
    assert held.size.min() >= 5
    links, x = lattice(6, 6), np.random.default_rng(3).normal(size=(36, 2))
    zones = tree_zones(links, np.ones(36), x, 6, 2.0)
    for scale in (1e-17, 1e17):
        assert (tree_zones(links, np.ones(36), x * scale, 6, 2.0) == zones).all()


def test_zones_that_fall_apart_are_found():
    """The check sees a zone in two pieces, and counts squares about the mean."""
    links = lattice(1, 5)
    held = regionalisation.described(np.array([0, 0, 1, 0, 1]), links, np.ones(5), np.arange(5.0)[:, None])
    assert held.contiguous.tolist() == [False, False]
    np.testing.assert_allclose(held.within, [42 / 9, 2.0])


def test_refusals_say_what_is_wrong():
    """Points for queen, too many neighbours, no distance, one number, classes of one unit, too few zones."""
    points = samples.districts().set_geometry(samples.districts().centroid)
    wrong = [
        (zone_neighbours.neighbours_of, {}, "polygons only"),
        (zone_neighbours.neighbours_of, {"contact": "nearest", "neighbours": 12}, "less than the 12"),
        (zone_neighbours.neighbours_of, {"contact": "distance"}, "given where"),
        (zone_autocorrelation.moran, {"columns": ("one",), "contact": "nearest"}, "differ"),
        (
            zone_autocorrelation.moran,
            {"columns": ("road",), "contact": "distance", "distance": 5.0},
            "neighbour",
        ),
        (zone_inequality.factor_detector, {"column": "road", "factors": ("value",)}, "classes"),
        (zone_inequality.inequality, {"columns": ("less",)}, "at least 0"),
        (
            zone_regions.skater,
            {"columns": ("road",), "zones": 1, "contact": "distance", "distance": 5.0},
            "from 12",
        ),
    ]
    table = points.assign(one=1.0, less=-1.0)
    for process, given, words in wrong:
        with pytest.raises(ContractError, match=words):
            process(table, **given)
