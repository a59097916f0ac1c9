"""Resources: blocks against the dense system, composites and curves against closed forms, rules at their edges."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm

from craton.kernels import compositing
from craton.kernels import covariance as cov
from craton.kernels.block_kriging import krige_blocks
from craton.kernels.kriging import System, block_offsets
from craton.methods import resource_blocks, resource_classes, resource_composites, resource_tonnage
from craton.methods.geomodel_volume import Lattice, UnitTable, volume_of
from craton.methods.resource_lattice import overlaps_of
from craton.methods.variogram_model import variogram_model
from craton.model.boreholes import make_collars
from craton.model.data import Boreholes
from craton.model.errors import ContractError

CRS = "EPSG:32648"
ORE = UnitTable(np.array([1, 2]), ("Waste", "Ore"), ("#cccccc", "#553355"))


def lattice(counts=(8, 10, 12), sides=(5.0, 10.0, 10.0), top=0.0):
    """Cells from the south-west at 0, 0 and from `top` down."""
    up, north, east = (side * (np.arange(count) + 0.5) for count, side in zip(counts, sides, strict=True))
    return Lattice(top - up, north[::-1], east, CRS)


def test_blocks_are_kriged_as_the_dense_system_says():
    """Value and variance of a block are those of kriging the mean of its points; the slope is λᵀc / λᵀCλ."""
    model = cov.Model(
        np.array([cov.SPHERICAL]), np.zeros(1), np.ones(1), cov.reduction(cov.SPHERICAL, 0.0, (90.0, 70.0, 20.0))[None],
        np.full((1, 1, 1), 0.8), np.array([[0.2]]),
    )  # fmt: skip
    random = np.random.default_rng(1)
    places, values = random.uniform(0, 100, (30, 3)) * [1, 1, 0.3], random.normal(size=(30, 1))
    offsets, middles = (
        block_offsets((20.0, 20.0, 5.0), (3, 3, 2)),
        random.uniform(0, 100, (8, 3)) * [1, 1, 0.3],
    )
    within = float(cov.covariances(model, offsets, offsets, nugget=False).mean())
    whole = System(model, places, values[:, 0], np.ones((30, 1))).estimate(
        middles, np.ones((8, 1)), offsets, within=within
    )
    near = np.tile(np.arange(30, dtype=np.int32), (8, 1))
    points = (middles[:, None] + offsets).reshape(-1, 3)
    found = krige_blocks(model, places, values, near, points, np.arange(9) * len(offsets))
    npt.assert_allclose(found.values[:, 0], whole.values, rtol=1e-9)
    npt.assert_allclose(found.variances, whole.variances, rtol=1e-9)
    matrix = cov.covariances(model, places, places)
    for number, middle in enumerate(middles):
        side = cov.covariances(model, places, middle + offsets, nugget=False).mean(axis=1)
        system = np.block([[matrix, np.ones((30, 1))], [np.ones((1, 30)), np.zeros((1, 1))]])
        weights = np.linalg.solve(system, np.append(side, 1.0))[:30]
        npt.assert_allclose(found.slope[number], weights @ side / (weights @ matrix @ weights), rtol=1e-8)
        npt.assert_allclose(found.efficiency[number], 1 - found.variances[number] / within, rtol=1e-12)


def test_parts_of_blocks_add_up_to_the_unit():
    """Blocks that do not fit the cells: the volume of a unit in them is that of its cells, to rounding."""
    cells, blocks = lattice(), lattice((3, 5, 6), (15.0, 23.0, 25.0))
    inside = np.random.default_rng(2).random(cells.shape) < 0.4
    found = overlaps_of(blocks, cells).sums(inside.astype(float))
    npt.assert_allclose(found.sum() * 15 * 23 * 25, inside.sum() * 5 * 10 * 10, rtol=1e-12)
    assert found.max() <= 1 + 1e-12


def test_composites_keep_the_metal_and_the_mean_of_a_linear_grade():
    """Length times grade is that of the assays; of a grade linear in depth each mean is that at its middle."""
    edges = np.sort(np.random.default_rng(3).uniform(0, 40, 30)).round(2)
    edges = np.concatenate([[0.0], edges, [40.0]])
    hole = np.zeros(edges.size - 1, np.int64)
    grade = (edges[1:] + edges[:-1]) / 2
    stretch, first, last = compositing.cut(
        np.array([0, 0]), np.array([0.0, 13.0]), np.array([13.0, 40.0]), 3.0, even=True
    )
    npt.assert_allclose(np.unique((last - first).round(9)), [3.0, 3.25])
    sums = compositing.overlap_sums(
        (stretch * 0, hole), (first, last), (edges[:-1], edges[1:]), grade[:, None]
    )
    npt.assert_allclose(sums.sum(), (grade * np.diff(edges)).sum(), rtol=1e-12)
    regular = np.arange(0.0, 40.5, 0.5)
    fine = (regular[1:] + regular[:-1]) / 2
    sums = compositing.overlap_sums(
        (np.zeros(10, np.int64), np.zeros(80, np.int64)), (np.arange(10.0) * 4, np.arange(10.0) * 4 + 4),
        (regular[:-1], regular[1:]), fine[:, None],
    )  # fmt: skip
    npt.assert_allclose(sums[:, 0] / 4, np.arange(10) * 4 + 2, rtol=1e-12)


def drilled():
    """A vertical hole, and one that dips 60 degrees to the east; ore from 10 to 20 m, a gap of assays in it."""
    assays = pd.DataFrame(
        {
            "hole_id": ["A"] * 4 + ["B"] * 4, "from_depth": [0.0, 10.0, 12.0, 16.0] * 2,
            "to_depth": [10.0, 12.0, 14.0, 20.0] * 2, "Cu": [0.1, 2.0, 4.0, 1.0, 0.1, 2.0, np.nan, 1.0],
            "density": [2.7, 3.0, 4.0, 3.0] * 2,
        }
    )  # fmt: skip
    units = pd.DataFrame(
        {
            "hole_id": list("AABB"),
            "from_depth": [0.0, 10.0] * 2,
            "to_depth": [10.0, 20.0] * 2,
            "unit": ["Waste", "Ore"] * 2,
        }
    )
    surveys = pd.DataFrame({"hole_id": ["B"], "depth": [0.0], "azimuth": [90.0], "inclination": [-60.0]})
    collars = make_collars(
        ["A", "B"], x=[0.0, 100.0], y=[0.0, 0.0], elevation=[50.0, 50.0], total_depth=[20.0] * 2, crs=CRS
    )
    return Boreholes(collars, surveys, {"assay": assays, "geology": units})


def test_composites_of_holes():
    """Means by length and by density, none across the border of ore; too little recovery leaves a gap; places."""
    found = resource_composites.composite(drilled(), ("Cu",), 5.0)
    ore = found[found["unit"] == "Ore"]
    a = ore[ore["hole_id"] == "A"]
    npt.assert_allclose(a["from_depth"], [10.0, 15.0])
    # 2 m of 2 %, 2 m of 4 %; from 14 to 16 m there is no assay.
    npt.assert_allclose(a["Cu"], [3.0, 1.0])
    npt.assert_allclose(a["recovery"], [0.8, 0.8])
    npt.assert_allclose(ore[ore["hole_id"] == "B"]["from_depth"], [15.0])
    npt.assert_allclose(a["upward"], [50 - 12.5, 50 - 17.5])
    b = ore[ore["hole_id"] == "B"].iloc[0]
    npt.assert_allclose([b.geometry.x, b["upward"]], [100 + 17.5 / 2, 50 - 17.5 * np.sqrt(3) / 2])
    heavy = resource_composites.composite(drilled(), ("Cu",), 5.0, weight="density")
    npt.assert_allclose(heavy[(heavy["hole_id"] == "A") & (heavy["unit"] == "Ore")]["Cu"].iloc[0], 44 / 14)
    every = resource_composites.composite(drilled(), ("Cu",), 4.0, remainder="last", minimum_recovery=0.0)
    npt.assert_allclose(
        every[(every["hole_id"] == "A") & (every["unit"] == "Ore")]["length"], [4.0, 4.0, 2.0]
    )
    holes = drilled()
    holes.intervals["assay"] = holes.intervals["assay"].rename(columns={"Cu": "Cu_pct"})
    assert resource_composites.composite(holes, ("Cu_pct",), 5.0).attrs["columns"]["Cu_pct"]["unit"] == "%"
    for wrong in ({"columns": ("Zn",)}, {"weight": "Zn"}, {"unit_table": "none"}):
        with pytest.raises(ContractError):
            resource_composites.composite(
                **{"boreholes": drilled(), "columns": ("Cu",), "length": 5.0, **wrong}
            )


def one_hole(**columns):
    """A vertical hole with a table of assays."""
    collars = make_collars(["A"], x=[0.0], y=[0.0], elevation=[0.0], total_depth=[20.0], crs=CRS)
    return Boreholes(collars=collars, intervals={"assay": pd.DataFrame({"hole_id": "A", **columns})})


def test_of_assays_that_overlap_the_upper_one_with_a_value_counts_once():
    """6-9 m of 3, 7-14 m of 8, 8-12 m of 3: (3 · 3 + 3.5 · 8) / 6.5, then 8; a row without a value hides none."""
    nested = one_hole(from_depth=[6.0, 7.0, 8.0], to_depth=[9.0, 14.0, 12.0], g=[3.0, 8.0, 3.0])
    found = resource_composites.composite(nested, ("g",), 6.5, remainder="last", minimum_recovery=0.0)
    npt.assert_allclose(found["g"], [37 / 6.5, 8.0])
    npt.assert_allclose(found["recovery"], 1.0)
    empty = one_hole(
        from_depth=[0.0, 0.0, 5.0], to_depth=[5.0, 10.0, 10.0], g=[2.0, np.nan, 4.0], h=[np.nan, 7.0, np.nan]
    )
    found = resource_composites.composite(empty, ("g", "h"), 5.0)
    npt.assert_allclose(found[["g", "h"]], [[2.0, 7.0], [4.0, 7.0]])
    assert "overlap in A at 0 m" in found.attrs["notice"]
    with pytest.raises(ContractError, match="columns"):
        resource_composites.composite(
            one_hole(from_depth=[0.0], to_depth=[5.0], length=[5.0]), ("length",), 5.0
        )


def blocks_of(grade, *, sides=(5.0, 10.0, 10.0), percent=100.0, density=2.0, **more):
    """A block model of given grades (levels, rows, columns)."""
    cells = lattice(grade.shape, sides)
    fields = {
        "percent": (np.full(grade.shape, percent), {"units": "%"}), "Au": (grade, {"units": "g/t"}),
        "density": (np.full(grade.shape, density), {"units": "g/cm3"}),
        **{name: (values, {}) for name, values in more.items()},
    }  # fmt: skip
    return volume_of(cells, np.full(grade.shape, 2), ORE, fields=fields).assign_attrs(unit_name="Ore")


def test_the_curve_of_a_lognormal_grade_is_the_closed_form():
    """10⁵ blocks at the quantiles of a lognormal law of mean m: tonnage T Φ(−u), metal T m Φ(σ − u).

    u = ln(c/m)/σ + σ/2 (Journel and Huijbregts 1978, Mining geostatistics, p. 480). A block holds a share of
    10⁻⁵; the sum over quantiles misses some 10⁻⁴ of the tail.
    """
    sigma, mean = 0.8, 2.5
    scores = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    grade = mean * np.exp(sigma * scores - sigma**2 / 2)
    blocks = blocks_of(np.random.default_rng(4).permutation(grade).reshape(40, 50, 50))
    cutoffs = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
    found = resource_tonnage.tonnage_grade(blocks, "Au", cutoffs=tuple(cutoffs))
    total = 1e5 * 500 * 2.0
    u = np.log(cutoffs / mean) / sigma + sigma / 2
    npt.assert_allclose(found.table["tonnage"] * 1e6, total * norm.sf(u), rtol=3e-4)
    npt.assert_allclose(found.table["metal"], total * mean * 1e-6 * norm.cdf(sigma - u), rtol=3e-4)
    npt.assert_allclose(found.table["grade"], mean * norm.cdf(sigma - u) / norm.sf(u), rtol=5e-4)
    assert found.table.attrs["columns"]["grade"]["unit"] == "g/t"
    assert found.picture.content[:4] == b"\x89PNG"


def test_only_the_part_of_a_block_in_the_unit_counts_and_a_cutoff_above_all_leaves_none():
    """Half of the block is half of the tonnage; of no ore the grade is empty and the metal 0."""
    grade = np.full((2, 3, 4), 1.5)
    whole, half = (
        resource_tonnage.tonnage_grade(blocks_of(grade, percent=part), "Au", cutoffs=(1.0, 2.0)).table
        for part in (100.0, 50.0)
    )
    npt.assert_allclose(half["tonnage"], whole["tonnage"] / 2)
    npt.assert_allclose(whole["tonnage"], [24 * 500 * 2 / 1e6, 0.0])
    assert np.isnan(whole["grade"].iloc[1])
    assert whole["metal"].iloc[1] == 0


def test_classes_at_the_edges_of_their_rules():
    """A block on a limit keeps it; one hole less, a hair farther or a lower slope falls a class."""
    holes = np.array([3, 2, 3, 3, 1, 1, 1, 3]).reshape(2, 2, 2).astype(float)
    distance = np.array([0.33, 0.33, 0.34, 0.33, 0.2, 1.5, 1.6, 0.68]).reshape(2, 2, 2)
    slope = np.array([0.9, 0.95, 0.95, 0.89, 0.9, 0.2, 0.2, 1.0]).reshape(2, 2, 2)
    blocks = blocks_of(np.ones((2, 2, 2)), holes=holes, distance=distance, slope=slope)
    found = resource_classes.classify(blocks)
    npt.assert_array_equal(found["resource_class"].to_numpy().ravel(), [1, 2, 2, 2, 3, 3, 4, 3])
    assert "competent person" in found.attrs["notice"]
    table = resource_tonnage.report((found, found.assign_attrs(unit_name="Other")), "Au", cutoff=0.5)
    npt.assert_allclose(table["tonnage"] * 1e6 / 1000, [1, 3, 4, 3] * 2)
    assert list(table["rank"][:4]) == ["G1", "G2", "G1+G2", "G3"]
    assert list(table["unit"]) == ["Ore"] * 4 + ["Other"] * 4
    with pytest.raises(ContractError, match="rise"):
        resource_classes.classify(blocks, measured_distance=0.8)
    with pytest.raises(ContractError, match="column"):
        resource_tonnage.report((found,), "Ag")
    with pytest.raises(ContractError, match="resource_class"):
        resource_tonnage.report((blocks,), "Au")


def test_an_interval_is_that_of_block_means_of_the_realizations():
    """Realizations of one constant grade each on finer cells: the interval holds their 10th and 90th percentile."""
    blocks = blocks_of(np.full((2, 5, 6), 1.0), sides=(10.0, 20.0, 20.0))
    cells = lattice((4, 10, 12))
    grades = np.linspace(0.51, 1.49, 99)
    axes = {"upward": cells.upward, "northing": cells.northing, "easting": cells.easting}
    ensemble = xr.Dataset(
        {"Au": (("realization", *axes), np.broadcast_to(grades[:, None, None, None], (99, 4, 10, 12)))},
        {"realization": np.arange(99), **axes}, attrs={"crs": CRS},
    )  # fmt: skip
    table = resource_tonnage.tonnage_grade(blocks, "Au", cutoffs=(0.0,), realizations=ensemble).table
    npt.assert_allclose(table[["grade_low", "grade_high"]].iloc[0], [0.6, 1.4], rtol=1e-6)
    npt.assert_allclose(table["tonnage_low"], table["tonnage"])
    with pytest.raises(ContractError, match="realizations"):
        resource_tonnage.tonnage_grade(blocks, "Au", realizations=ensemble[["Au"]].isel(realization=[0]))


def test_all_ore_counts_at_a_cutoff_of_0_and_a_block_on_a_cutoff_keeps_it():
    """Kriged grades below 0 stay in total and metal; 0.7 in single precision is at a cut-off of 0.7."""
    grade = np.full((2, 2, 2), 0.7, np.float32)
    grade[0, 0, 0] = -0.1
    found = resource_tonnage.tonnage_grade(blocks_of(grade), "Au", cutoffs=(0.0, 0.7)).table
    npt.assert_allclose(found["tonnage"] * 1e6 / 1000, [8, 7])
    npt.assert_allclose(found["metal"], [1000 * 4.8e-6, 1000 * 4.9e-6], rtol=1e-6)
    assert resource_tonnage.tonnage_grade(blocks_of(grade), "Au").table["cutoff"].iloc[0] == 0


def test_realizations_of_other_units_do_not_count():
    """Blocks half of ore of 10 ± 1 and half of waste of 0.5: the interval is that of the ore, or is refused."""
    blocks = blocks_of(np.full((2, 2, 2), 10.0), sides=(10.0, 10.0, 10.0), percent=50.0)
    cells = lattice((4, 2, 2), (5.0, 10.0, 10.0))
    codes = np.tile([1, 2], 2)[:, None, None] * np.ones(cells.shape, int)
    drawn = np.where(codes == 2, np.linspace(9, 11, 9)[:, None, None, None], 0.5)
    ensemble = volume_of(cells, codes, ORE).assign(
        Au=(("realization", "upward", "northing", "easting"), drawn)
    )

    def interval(of):
        table = resource_tonnage.tonnage_grade(blocks, "Au", cutoffs=(5.0,), realizations=of).table
        return table[["grade_low", "grade_high"]].iloc[0]

    npt.assert_allclose(interval(ensemble), [9.0, 11.0])
    npt.assert_allclose(interval(ensemble[["Au"]].where(codes == 2)), [9.0, 11.0])
    for wrong, words in (
        (ensemble[["Au"]], "values beyond it"),
        (ensemble.where(ensemble["easting"] < 10), "without any in 4 of 8"),
        (ensemble.isel(realization=slice(8)), "9 realizations or more"),
        (
            volume_of(cells, codes, ORE._replace(names=("Waste", "Coal"))).assign(Au=ensemble["Au"]),
            "Waste, Coal",
        ),
    ):
        with pytest.raises(ContractError, match=words):
            interval(wrong)


def test_samples_that_share_a_place_count_as_one():
    """Densities there are averaged, whatever their order; of two holes there one counts, and no third."""
    places = np.random.default_rng(6).uniform([0, 0, -40], [120, 100, 0], (30, 3))
    density = 3.0 + np.sin(places[:, 0] / 30)

    def model_of(places, density, holes):
        points = gpd.GeoDataFrame(
            {"Au": 2.0, "rho": density, "upward": places[:, 2], "hole_id": holes},
            geometry=gpd.points_from_xy(*places[:, :2].T), crs=CRS,
        )  # fmt: skip
        return resource_blocks.block_model(
            volume_of(lattice(), np.full(lattice().shape, 2), ORE), points, "Au", "Ore", 25.0, height=10.0,
            density_column="rho", model=variogram_model("spherical", sill=1.0, range_along=900.0), neighbours=6,
        )  # fmt: skip

    names = [f"H{number}" for number in range(30)]
    once = model_of(places, density, names)
    order = np.random.default_rng(7).permutation(60)
    twice = model_of(
        np.tile(places, (2, 1))[order], np.concatenate([density + 0.5, density - 0.5])[order],
        np.array(names * 2)[order],
    )  # fmt: skip
    npt.assert_allclose(twice["density"], once["density"], rtol=1e-5)
    few = model_of(places[[0, 0, 1]], np.full(3, 3.0), ["A", "E", "C"])
    assert (few["holes"] == 2).all()


def test_a_block_model_of_one_grade():
    """A constant grade is met; percent adds up to the ore; a constant density stays; blocks without ore are empty."""
    cells = lattice()
    codes = np.where(np.arange(8)[:, None, None] < 3, 1, 2) * np.ones(cells.shape, int)
    random = np.random.default_rng(5)
    places = random.uniform([0, 0, -40], [120, 100, -15], (40, 3))
    points = gpd.GeoDataFrame(
        {"Au": np.full(40, 2.0), "rho": np.full(40, 3100.0), "upward": places[:, 2], "hole_id": np.arange(40) % 10},
        geometry=gpd.points_from_xy(*places[:, :2].T), crs=CRS,
    )  # fmt: skip
    points.attrs["columns"] = {"rho": {"unit": "kg/m3"}, "Au": {"unit": "g/t"}}
    model = variogram_model("spherical", sill=1.0, range_along=80.0, range_vertical=30.0)
    volume = volume_of(cells, codes, ORE)
    found = resource_blocks.block_model(
        volume, points, "Au", "ore", 25.0, height=10.0, density_column="rho", model=model
    )
    known = np.isfinite(found["Au"].to_numpy())
    npt.assert_allclose(found["Au"].to_numpy()[known], 2.0, rtol=1e-6)
    npt.assert_allclose(found["density"].to_numpy()[known], 3.1, rtol=1e-6)
    npt.assert_allclose(float(found["percent"].sum()) / 100 * 25 * 25 * 10, 120 * 100 * 25, rtol=1e-5)
    assert not known[found["upward"].to_numpy() > -10].any()
    assert 1 <= float(found["holes"].min()) <= float(found["holes"].max()) <= 10
    for given in ({}, {"density": 3.0, "density_column": "rho"}):
        with pytest.raises(ContractError, match="density"):
            resource_blocks.block_model(volume, points, "Au", "Ore", 25.0, model=model, **given)
    with pytest.raises(ContractError, match="column"):
        resource_blocks.block_model(
            volume, points.rename(columns={"Au": "holes"}), "holes", "Ore", 25.0, density=3.0, model=model
        )
    with pytest.raises(ContractError, match="unit"):
        resource_blocks.block_model(volume, points, "Au", "Coal", 25.0, density=3.0, model=model)
