"""Region growing against what is known, hand-made growth, and limits on random maps."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.sparse import csr_array
from tests import samples

from craton.decide import zone_regions
from craton.kernels import regionalisation
from craton.kernels.region_growing import Limits, grown_zones
from craton.model.errors import ContractError

FREE = Limits(0.0, np.inf, np.inf)


def lattice(rows, columns):
    """Rook links of a lattice, and its places."""
    number = np.arange(rows * columns).reshape(rows, columns)
    pairs = np.hstack([
        [number[:, :-1].ravel(), number[:, 1:].ravel()], [number[:-1].ravel(), number[1:].ravel()]
    ])  # fmt: skip
    both = np.hstack([pairs, pairs[::-1]])
    size = number.size
    links = csr_array((np.ones(both.shape[1]), both), shape=(size, size))
    return links, np.column_stack(np.divmod(np.arange(size), columns)).astype(float)


def chain(values, limits, *, seeds=None, compactness=0.0):
    """Zones of units in a row."""
    links, places = lattice(1, len(values))
    x = np.array(values, float)[:, None]
    at = None if seeds is None else np.array(seeds)
    zones = grown_zones(links, np.ones(len(x)), x, places, limits, seeds=at, compactness=compactness)
    return zones.tolist()


def blocks():
    """A map of 8 by 8 squares in four blocks of unlike values, and the block of each."""
    row, column = np.divmod(np.arange(64), 8)
    block = 2 * (row > 3) + (column > 3)
    table = gpd.GeoDataFrame(
        {"value": 10.0 * block + 0.1 * np.sin(np.arange(64)), "core": "", "people": 2.0},
        geometry=shapely.box(column, row, column + 1, row + 1), crs=samples.CRS,
    )  # fmt: skip
    return table, block


def test_growth_by_hand():
    """From both ends of 0 1 2 6 9 8: 2 lies with 0, 6 with 9; a range of 2 leaves 6 out; three at most part alike."""
    values, seeds = (0, 1, 2, 6, 9, 8), (0, -1, -1, -1, -1, 1)
    assert chain(values, FREE, seeds=seeds) == [0, 0, 0, 1, 1, 1]
    assert chain(values, Limits(0, np.inf, 2.0), seeds=seeds) == [0, 0, 0, -1, 1, 1]
    assert chain((0, 0, 0, 0, 0, 9), Limits(0, 3, np.inf), seeds=seeds) == [0, 0, 0, 1, 1, 1]
    assert chain((0, 0, 0, 5, 5), Limits(0, np.inf, 1.0)) == [0, 0, 0, 1, 1]


def test_zones_that_are_too_small_join_the_likest_that_has_room():
    """A single 5 between 0s and 8s joins the 8s; where these are full, the 0s; where both are, it has no zone."""
    values = (0, 0, 5, 8, 8)
    assert chain(values, Limits(2, np.inf, 3.0)) == [0, 0, 1, 1, 1]
    assert chain((0, 0, 5, 8, 8, 8), Limits(2, 3, 5.0)) == [0, 0, 0, 1, 1, 1]
    assert chain(values, Limits(2, 2, 1.0)) == [0, 0, -1, 1, 1]


def test_compactness_gives_the_nearest_seed():
    """With compactness 1 and noise for values the four corners of a map share it by quarters."""
    links, places = lattice(8, 8)
    x = np.random.default_rng(1).normal(size=(64, 1))
    seeds = np.full(64, -1)
    seeds[[0, 7, 56, 63]] = range(4)
    zones = grown_zones(links, np.ones(64), x, places, FREE, seeds=seeds, compactness=1.0)
    assert (zones == 2 * (places[:, 0] > 3) + (places[:, 1] > 3)).all()


def test_limits_hold_on_random_maps():
    """Zones of 60 maps hang together and keep least, most and spread; metres for kilometres change nothing."""
    random = np.random.default_rng(2)
    for _one in range(60):
        links, places = lattice(*random.integers(2, 9, 2))
        n = len(places)
        x, sizes = random.normal(size=(n, 2)).round(1), random.uniform(0, 3, n).round(1)
        limits = Limits(*(random.choice(one) for one in ([0, 2.0, 5], [6.0, 10, np.inf], [1.0, 2, np.inf])))
        more = {"seeds": None, "compactness": float(random.choice([0, 0.5, 1]))}
        zones = grown_zones(links, sizes, x, places, limits, **more)
        wide = limits._replace(spread=1024 * limits.spread)
        assert (grown_zones(links, sizes, 1024 * x, 2.0 * places, wide, **more) == zones).all()
        held = regionalisation.described(zones, links, sizes, x)
        assert held.contiguous.all()
        assert (held.size >= limits.least * (1 - 1e-9)).all()
        assert (held.size <= limits.most * (1 + 1e-9)).all()
        ranges = [np.ptp(x[zones == zone], axis=0).max() for zone in range(held.size.size)]
        assert max(ranges, default=0) <= limits.spread * (1 + 1e-9)


def test_blocks_are_found_with_seeds_and_without():
    """Four blocks come out as they are: from a unit in each, and from the most even places with a narrow spread."""
    table, block = blocks()
    table.loc[[9, 14, 49, 54], "core"] = ["d", "c", "b", "a"]
    for more in ({"seeds": "core"}, {"spread": 1.0, "standardised": False, "size": "people", "most": 40.0}):
        units, zones = zone_regions.region_growing(table, ("value",), **more)
        np.testing.assert_array_equal(units["zone"].to_numpy(), 1 + block)
        assert zones[["contiguous", "large_enough", "small_enough"]].all(axis=None)
        assert zones["units"].tolist() == [16] * 4
    assert (zones["spread"] < 0.21).all()
    assert zones["size"].tolist() == [32.0] * 4


def test_units_that_fit_nowhere_are_told():
    """A row with a gap, and an island below the least size, have no zone; the title counts the latter."""
    table = samples.districts()
    table.loc[0, "road"] = np.nan
    table.loc[11, "geometry"] = shapely.box(0, 0, 1, 1)
    units, zones = zone_regions.region_growing(table, ("road",), least=2.0, most=4.0)
    assert units["zone"].isna()[[0, 11]].all()
    assert "fit in no zone" in units.attrs["columns"]["zone"]["title"]
    assert zones["size"].between(2, 4).all()


@pytest.mark.parametrize(
    ("seeds", "more", "parameter"),
    [
        (None, {}, "seeds"),
        (None, {"least": 5.0, "most": 4.0}, "most"),
        (None, {"least": 65.0, "spread": 9.0}, "least"),
        ([], {}, "seeds"),
        ([0, 63], {}, "seeds"),
        ([0, 1], {"most": 1.0}, "seeds"),
        ([3, 4], {"spread": 0.5}, "seeds"),
    ],
)
def test_what_cannot_be_is_refused(seeds, more, parameter):
    """No end, least above most, least above all, no seeds, and seeds apart, too large, or too unlike."""
    table, _block = blocks()
    if seeds is not None:
        table.loc[seeds, "core"] = "a"
        more = {**more, "seeds": "core"}
    with pytest.raises(ContractError) as caught:
        zone_regions.region_growing(table, ("value",), **more)
    assert caught.value.parameter == parameter
