"""Properties inside units: against dense kriging, at the data, at borders, along folds, and in the ensemble."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import xarray as xr

from craton.kernels import covariance as cov
from craton.kernels.conditional_field import ConditionalField
from craton.kernels.kriging import System
from craton.kernels.layer_coordinates import at_places
from craton.methods import property_categories, property_kriging, property_simulation
from craton.methods.geomodel_volume import Lattice, UnitTable, volume_of
from craton.methods.geostatistics import Spots
from craton.methods.property_models import layered_parts
from craton.methods.variogram_model import variogram_model
from craton.model.errors import ContractError

CRS = "EPSG:32648"
LATTICE = Lattice(
    -5.0 - 10.0 * np.arange(10), 25.0 + 50.0 * np.arange(12)[::-1], 25.0 + 50.0 * np.arange(14), CRS
)
UNITS = UnitTable(np.array([3, 7]), ("Upper sand", "Lower clay"), ("#ffee88", "#8888aa"))
PLACES = LATTICE.places()
EXPONENTIAL = variogram_model("exponential", sill=2.0, range_along=300.0, range_vertical=60.0, nugget=0.2)


def model_volume(codes=None, **fields):
    """Two units that meet at 50 m depth, or those of `codes`."""
    if codes is None:
        codes = np.where(LATTICE.upward[:, None, None] > -50, 3, 7) * np.ones(LATTICE.shape, int)
    return volume_of(LATTICE, codes, UNITS, fields=fields)


def samples(count=60, seed=1, value=None):
    """Points in the box with a smooth column, or `value` of their places."""
    random = np.random.default_rng(seed)
    places = np.column_stack([
        random.uniform(0, 700, count), random.uniform(0, 600, count), random.uniform(-100, 0, count)
    ]).round(2)  # fmt: skip
    values = np.sin(places[:, 0] / 150) + places[:, 2] / 50 if value is None else value(places)
    return gpd.GeoDataFrame(
        {"grade": values, "upward": places[:, 2]}, geometry=gpd.points_from_xy(*places[:, :2].T), crs=CRS
    )


def places_of(points):
    """Easting, northing, upward."""
    return np.column_stack([points.geometry.x, points.geometry.y, points["upward"]])


def kernel_model(structure, sill, along, vertical, nugget):
    """The model of one structure as the kernels take it."""
    kind = cov.NAMES.index(structure)
    matrix = cov.reduction(kind, 0.0, (along, along, vertical))
    return cov.Model(
        np.array([kind]),
        np.zeros(1),
        np.ones(1),
        matrix[None],
        np.full((1, 1, 1), sill),
        np.full((1, 1), nugget),
    )


DENSE = kernel_model("exponential", 2.0, 300.0, 60.0, 0.2)


def test_a_unit_is_kriged_as_the_dense_system_says():
    """With all samples of the unit as neighbours, value and deviation are those of one system, to 1e-5.

    Float32 results; the same for simple kriging with the mean of the samples.
    """
    volume = model_volume(np.full(LATTICE.shape, 3))
    points = samples()
    places, values = places_of(points), points["grade"].to_numpy()
    for method, drift in (("ordinary", np.ones((60, 1))), ("simple", np.empty((60, 0)))):
        level = 0.0 if drift.size else values.mean()
        whole = System(DENSE, places, values - level, drift).estimate(
            PLACES, np.ones((len(PLACES), 1)) if drift.size else np.empty((len(PLACES), 0))
        )
        found = property_kriging.kriging(
            volume, points, "grade", method=method, layering="none", model=EXPONENTIAL, neighbours=60
        )
        npt.assert_allclose(found["grade"].to_numpy().ravel(), whole.values + level, atol=1e-5)
        npt.assert_allclose(found["grade_std"].to_numpy().ravel(), np.sqrt(whole.variances), atol=1e-5)


def test_samples_in_the_middle_of_a_cell_are_met():
    """There the estimate is the sample and its deviation 0, in layer coordinates too."""
    cells = np.random.default_rng(2).choice(len(PLACES), 40, replace=False)
    points = gpd.GeoDataFrame(
        {"grade": np.arange(40.0), "upward": PLACES[cells, 2]}, geometry=gpd.points_from_xy(*PLACES[cells, :2].T),
        crs=CRS,
    )  # fmt: skip
    for layering in ("none", "proportional", "plane"):
        found = property_kriging.kriging(
            model_volume(), points, "grade", layering=layering, model=EXPONENTIAL
        )
        npt.assert_allclose(found["grade"].to_numpy().ravel()[cells], np.arange(40.0), atol=1e-5)
        npt.assert_allclose(found["grade_std"].to_numpy().ravel()[cells], 0.0, atol=1e-3)


def test_units_are_hard_boundaries_and_order_does_not_matter():
    """Other values in one unit change no bit of the other; a unit without samples has none and is named."""
    volume, points = model_volume(), samples()
    upper = points["upward"] > -50
    first = property_kriging.kriging(volume, points, "grade", model=EXPONENTIAL)
    changed = points.assign(grade=np.where(upper, points["grade"], 1000.0))
    second = property_kriging.kriging(
        volume, changed.sample(frac=1, random_state=3), "grade", model=EXPONENTIAL
    )
    above = volume["unit"].to_numpy() == 3
    npt.assert_array_equal(first["grade"].to_numpy()[above], second["grade"].to_numpy()[above])
    npt.assert_allclose(second["grade"].to_numpy()[~above], 1000.0, rtol=1e-6)
    alone = property_kriging.kriging(volume, points[upper], "grade", model=EXPONENTIAL)
    assert np.isnan(alone["grade"].to_numpy()[~above]).all()
    assert alone.attrs["units_without_samples"] == "Lower clay"


def test_a_stated_unit_goes_before_that_of_the_cell():
    """Samples that name the lower unit, by name or code, do not speak for the upper one they lie in."""
    points = samples().assign(unit="lower CLAY ")
    numbered = points.assign(unit=7)
    for table in (points, numbered):
        found = property_kriging.kriging(
            model_volume(), table, "grade", unit_column="unit", model=EXPONENTIAL
        )
        assert found.attrs["units_without_samples"] == "Upper sand"


def test_a_linear_trend_is_met_exactly_by_universal_kriging():
    """Values of a plane along and across the layers are found in every cell, to the digits of float32."""

    def plane(places):
        return 3.0 + 0.01 * places[:, 0] - 0.02 * places[:, 1] + 0.05 * places[:, 2]

    found = property_kriging.kriging(
        model_volume(), samples(value=plane), "grade", method="universal", layering="none", model=EXPONENTIAL
    )
    npt.assert_allclose(found["grade"].to_numpy().ravel(), plane(PLACES), atol=2e-5)


def folded():
    """A bed of 40 m folded by 25 m, a value that changes across it only, its field, and samples in few holes."""
    middle = -50.0 + 25.0 * np.sin(LATTICE.easting / 700 * 2 * np.pi)
    across = LATTICE.upward[:, None, None] - middle + np.zeros(LATTICE.shape)
    field = (across.astype(np.float32), {"levels": '{"Upper sand": -20.0}'})
    codes = np.where(np.abs(across) < 20, 3, 0)
    value = np.cos(across / 6.0)
    holes = [(row, column) for row in (1, 6, 10) for column in range(0, 14, 4)]
    cells = [(level, *hole) for hole in holes for level in range(10) if codes[level, *hole]]
    level, row, column = np.array(cells).T
    points = gpd.GeoDataFrame(
        {"grade": value[level, row, column], "upward": LATTICE.upward[level]},
        geometry=gpd.points_from_xy(LATTICE.easting[column], LATTICE.northing[row]), crs=CRS,
    )  # fmt: skip
    return codes, field, value, points


def test_kriging_along_a_fold_beats_kriging_in_space():
    """A value that is constant along folded layers: with their field the error is a fifth or less."""
    codes, field, value, points = folded()
    model = variogram_model("spherical", sill=1.0, range_along=2000.0, range_vertical=15.0)
    misses = {}
    for layering in ("none", "field", "proportional"):
        volume = model_volume(codes, field_main=field)
        found = property_kriging.kriging(volume, points, "grade", layering=layering, model=model)
        misses[layering] = np.sqrt(np.nanmean((found["grade"].to_numpy() - value)[codes > 0] ** 2))
    assert misses["field"] < 0.2 * misses["none"]
    assert misses["proportional"] < 0.8 * misses["none"]
    automatic = property_kriging.kriging(model_volume(codes, field_main=field), points, "grade", model=model)
    same = property_kriging.kriging(
        model_volume(codes, field_main=field), points, "grade", layering="field", model=model
    )
    npt.assert_array_equal(automatic["grade"], same["grade"])


def layered(across, scale=2.0):
    """One unit whose field is `across` (cells,) in metres, times `scale`."""
    field = (scale * across.reshape(LATTICE.shape), {"levels": '{"Upper sand": 0.0}'})
    return model_volume(np.full(LATTICE.shape, 3), field_main=field)


@pytest.mark.parametrize(("dip", "scale"), [(0.0, 2.0), (35.0, 0.1), (60.0, -3.0), (90.0, 1.0)])
def test_along_a_plane_bed_of_any_dip_kriging_is_that_in_space(dip, scale):
    """The coordinates are those of space, turned: under an isotropic variogram nothing changes, to 1e-4.

    Samples in the outer half of the outer cells count too; float32 results. Depth counts in a vertical bed.
    """
    points = samples()
    normal = np.array([0.8 * np.sin(np.radians(dip)), 0.6 * np.sin(np.radians(dip)), np.cos(np.radians(dip))])
    model = variogram_model("exponential", sill=2.0, range_along=200.0, nugget=0.1)
    along, space = (
        property_kriging.kriging(
            layered((PLACES - PLACES.mean(axis=0)) @ normal, scale), points, "grade", layering=layering,
            model=model, neighbours=60,
        )
        for layering in ("automatic", "none")
    )  # fmt: skip
    assert along.attrs["layering"] == "Upper sand: field"
    npt.assert_allclose(along["grade"], space["grade"], atol=1e-4)
    npt.assert_allclose(along["grade_std"], space["grade_std"], atol=1e-4)


def test_a_field_goes_on_straight_beyond_its_outer_cells():
    """A linear field is met there, or keeps the value at the middle of the outer cell where it is to be level."""
    field = np.add.outer(3.0 * np.arange(4), 2.0 * np.arange(5)[::-1])
    places = np.array([[-1.0, 4.5], [3.7, -0.5], [1.25, 1.5], [9.0, 2.0]])
    found = at_places(field, (0.0, 4.0), (1.0, -1.0), places, straight=True)
    npt.assert_allclose(found, 3 * places[:, 0] + 2 * places[:, 1], rtol=1e-12)
    inside = np.clip(places, 0, [3, 4])
    npt.assert_allclose(
        at_places(field, (0.0, 4.0), (1.0, -1.0), places), 3 * inside[:, 0] + 2 * inside[:, 1], rtol=1e-12
    )


def test_the_limbs_of_a_recumbent_fold_stay_apart():
    """10 in the lower limb and 90 in the upper: the field is not taken, told and, if asked for, refused."""
    volume = layered(np.abs(PLACES[:, 2] + 50.0))
    points = samples(value=lambda places: np.where(places[:, 2] < -50, 10.0, 90.0))
    model = variogram_model("spherical", sill=1.0, range_along=300.0, range_vertical=15.0)
    found = property_kriging.kriging(volume, points, "grade", model=model, neighbours=60)
    same = property_kriging.kriging(volume, points, "grade", layering="none", model=model, neighbours=60)
    npt.assert_array_equal(found["grade"], same["grade"])
    assert found.attrs["layering"].startswith("Upper sand: none, as its layers lie too far")
    with pytest.raises(ContractError, match="too far from one"):
        property_kriging.kriging(volume, points, "grade", layering="field", model=model)


def test_each_cell_of_a_vertical_bed_has_a_node_of_its_own():
    """Values at samples' cells are the samples though cells are 10 m high and 50 m wide; units are told."""
    cells = np.random.default_rng(9).choice(len(PLACES), 60, replace=False)
    points = gpd.GeoDataFrame(
        {"grade": np.arange(60.0) + 1, "upward": PLACES[cells, 2]}, geometry=gpd.points_from_xy(*PLACES[cells, :2].T),
        crs=CRS,
    )  # fmt: skip
    found = property_simulation.simulation(
        layered(PLACES[:, 0]), points, "grade", model=variogram_model("spherical", sill=1.0, range_along=90.0),
        realizations=2,
    )  # fmt: skip
    npt.assert_allclose(
        found["grade"].to_numpy().reshape(2, -1)[:, cells], np.tile(points["grade"], (2, 1)), rtol=1e-5
    )
    assert (found["unit"] == 3).all()
    with pytest.raises(ContractError, match="column"):
        property_simulation.simulation(model_volume(), points.rename(columns={"grade": "unit"}), "unit")


def test_a_collocated_property_helps_as_the_markov_model_says():
    """Without correlation it is simple kriging; with ρ the variance is that of one more measurement."""
    random = np.random.default_rng(4)
    volume = model_volume(np.full(LATTICE.shape, 3), density=(random.normal(size=LATTICE.shape), {}))
    settings = {"layering": "none", "model": EXPONENTIAL}
    simple = property_kriging.kriging(volume, samples(), "grade", method="simple", **settings)
    none = property_kriging.collocated_cokriging(
        volume, samples(), "grade", "density", correlation=0.0, **settings
    )
    npt.assert_allclose(none["grade"], simple["grade"], atol=1e-6)
    some = property_kriging.collocated_cokriging(
        volume, samples(), "grade", "density", correlation=0.8, **settings
    )
    before, after = (one["grade_std"].to_numpy().astype(float) ** 2 / 2.2 for one in (simple, some))
    npt.assert_allclose(1 / after, 1 / before + 0.64 / 0.36, rtol=2e-5)
    for known in (np.arange(LATTICE.upward.size) < 4, np.zeros(LATTICE.upward.size, bool)):
        part = volume.assign(density=volume["density"].where(known[:, None, None]) * 0 + 3.0)
        few = property_kriging.collocated_cokriging(part, samples(), "grade", "density", **settings)
        npt.assert_array_equal(
            np.isfinite(few["grade"]), np.broadcast_to(known[:, None, None], LATTICE.shape)
        )
    with pytest.raises(ContractError, match="secondary"):
        property_kriging.collocated_cokriging(volume, samples(), "grade", "no such", **settings)


SPHERICAL = kernel_model("spherical", 0.9, 400.0, 60.0, 0.1)
SHAPE, SPACING = (6, 10, 12), (10.0, 50.0, 50.0)


def node_places():
    """Nodes of the lattice as easting, northing, upward."""
    level, row, column = np.indices(SHAPE).reshape(3, -1)
    return np.column_stack([column * 50.0, row * 50.0, level * 10.0])


def test_the_ensemble_has_the_mean_and_variance_of_simple_and_ordinary_kriging():
    """2,000 fields meet the data; mean and variance in each cell are those of the dense system.

    Errors of the mean are σ/√2000, those of the variance σ²√(2/2000): their mean squares over the cells, divided
    by these, must be 1; 5 standard errors of that mean with some 100 independent cells are 0.7.
    """
    random = np.random.default_rng(5)
    known = np.sort(random.choice(720, 40, replace=False))
    values = random.normal(size=40)
    places = node_places()
    ensemble = ConditionalField(SPHERICAL, SHAPE, SPACING)
    assert ensemble.error == 0
    for known_mean, drift in ((True, np.empty((720, 0))), (False, np.ones((720, 1)))):
        fields = ensemble.draw(2000, (1,))
        ensemble.tie(fields, known, values, known_mean=known_mean)
        exact = System(SPHERICAL, places[known], values, drift[known]).estimate(places, drift)
        npt.assert_allclose(fields[:, known], np.broadcast_to(values, (2000, 40)), atol=1e-6)
        free = np.setdiff1d(np.arange(720), known)
        variances = exact.variances[free]
        means = (fields.mean(axis=0) - exact.values)[free] / np.sqrt(variances / 2000)
        spreads = (fields.var(axis=0)[free] / variances - 1) / np.sqrt(2 / 2000)
        assert abs((means**2).mean() - 1) < 0.7
        assert abs((spreads**2).mean() - 1) < 0.7
        assert abs(spreads.mean()) < 0.7
    npt.assert_allclose(
        ensemble.mean(known, values),
        System(SPHERICAL, places[known], values, np.empty((40, 0)))
        .estimate(places, np.empty((720, 0))).values, atol=1e-10,
    )  # fmt: skip


def test_the_variogram_of_conditional_fields_is_that_of_the_model():
    """Data drawn from the model and fields given them: the semivariance at each lag is the model's within 3 %.

    200 sets of data with 10 fields each; nothing is lost at middle lags, as it is with few neighbours.
    """
    random = np.random.default_rng(6)
    ensemble = ConditionalField(SPHERICAL, SHAPE, SPACING)
    truths = ensemble.draw(200, (7,))
    sums, total = np.zeros(5), 0.0
    for number, truth in enumerate(truths):
        known = random.choice(720, 25, replace=False)
        fields = ensemble.draw(10, (8, number))
        ensemble.tie(fields, known, truth[known].astype(float))
        cells = fields.reshape(10, *SHAPE).astype(float)
        sums += [((cells[..., lag:] - cells[..., :-lag]) ** 2).mean() / 2 for lag in (1, 2, 4, 6, 8)]
        total += (cells**2).mean()
    lags = np.zeros((5, 3))
    lags[:, 0] = 50.0 * np.array([1, 2, 4, 6, 8])
    npt.assert_allclose(sums / 200, cov.variogram(SPHERICAL, lags), rtol=0.03)
    npt.assert_allclose(total / 200, 1.0, rtol=0.03)


def test_more_fields_change_none_of_the_first():
    """Fields of an odd and of a larger number begin alike, to the bit."""
    ensemble = ConditionalField(SPHERICAL, SHAPE, SPACING)
    npt.assert_array_equal(ensemble.draw(3, (1,)), ensemble.draw(6, (1,))[:3])


def test_simulated_units_meet_their_samples_and_keep_their_histogram():
    """Values at samples' cells are the samples, all lie between the least and greatest, and units stay apart."""
    cells = np.random.default_rng(9).choice(len(PLACES), 60, replace=False)
    points = gpd.GeoDataFrame(
        {"grade": np.exp(np.random.default_rng(9).normal(size=60)), "upward": PLACES[cells, 2]},
        geometry=gpd.points_from_xy(*PLACES[cells, :2].T), crs=CRS,
    )  # fmt: skip
    model = variogram_model("spherical", sill=1.0, range_along=300.0, range_vertical=40.0)
    volume = model_volume()
    found = property_simulation.simulation(volume, points, "grade", model=model, realizations=5, seed=3)
    fields = found["grade"].to_numpy().reshape(5, -1)
    npt.assert_allclose(fields[:, cells], np.tile(points["grade"], (5, 1)), rtol=1e-5)
    assert np.nanmax(fields) <= points["grade"].max() * (1 + 1e-6)
    upper = points[points["upward"] > -50]
    alone = property_simulation.simulation(volume, upper, "grade", model=model, realizations=5, seed=3)
    above = volume["unit"].to_numpy() == 3
    npt.assert_array_equal(alone["grade"].to_numpy()[:, above], found["grade"].to_numpy()[:, above])
    with pytest.raises(ContractError, match="maximum"):
        property_simulation.simulation(volume, points, "grade", model=model, maximum=0.1)


def categories():
    """Three classes in blocks, at random places."""
    points = samples(80, seed=10)
    return points.assign(
        rock=np.where(points.geometry.x < 250, "sand", np.where(points["upward"] > -40, "clay", "peat"))
    )


def test_indicators_are_kriged_with_shared_weights():
    """Each probability is ordinary kriging of its indicator, cut at 0; they add up to 1, and tell entropy."""
    points, volume = categories(), model_volume(np.full(LATTICE.shape, 3))
    found = property_categories.indicator_kriging(
        volume, points, "rock", layering="none", model=EXPONENTIAL, neighbours=80
    )
    places = places_of(points)
    whole = np.array([
        System(DENSE, places, (points["rock"] == name).to_numpy(float), np.ones((80, 1)))
        .estimate(PLACES, np.ones((len(PLACES), 1)), variances=False).values
        for name in ("clay", "peat", "sand")
    ])  # fmt: skip
    expected = np.maximum(whole, 0) / np.maximum(whole, 0).sum(axis=0)
    chances = np.array([found[f"probability_{code}"].to_numpy().ravel() for code in (1, 2, 3)])
    npt.assert_allclose(chances, expected, atol=1e-5)
    npt.assert_array_equal(found["rock"].to_numpy().ravel(), chances.argmax(axis=0) + 1)
    assert found["rock"].attrs["flag_meanings"] == ["none", "clay", "peat", "sand"]
    assert 0 <= float(found["entropy"].min()) < float(found["entropy"].max()) <= 1
    for taken in ("entropy", "probability_2"):
        with pytest.raises(ContractError, match="column"):
            property_categories.indicator_kriging(volume, points.rename(columns={"rock": taken}), taken)


def chances(low: float) -> xr.Dataset:
    """Prior in per cent on the cells of the model: sand is likely in the west, the others share what is left."""
    sand = np.where(PLACES[:, 0] < 300, 80.0, low).reshape(LATTICE.shape)
    parts = {"soil_sand": sand, "soil_clay": (100 - sand) * 0.75, "soil_peat": (100 - sand) * 0.25}
    return xr.Dataset(
        {name: (("upward", "northing", "easting"), values) for name, values in parts.items()},
        {"upward": LATTICE.upward, "northing": LATTICE.northing, "easting": LATTICE.easting},
        {"crs": CRS},
    )


def test_a_prior_is_corrected_by_what_samples_lack_of_it():
    """Each probability is the prior plus simple kriging of indicator less prior, by a dense solve, cut at 0."""
    points, volume = categories(), model_volume(np.full(LATTICE.shape, 3))
    known = chances(10.0)
    found = property_categories.indicator_kriging(
        volume, points, "rock", layering="none", prior=known, model=EXPONENTIAL, neighbours=80
    )
    places, names = places_of(points), ("clay", "peat", "sand")
    prior = np.array([known[f"soil_{name}"].to_numpy().ravel() / 100 for name in names])
    cells = [int(np.abs(PLACES - place).sum(axis=1).argmin()) for place in places]
    nothing = np.empty((80, 0)), np.empty((len(PLACES), 0))
    whole = np.array([
        prior[row] + System(DENSE, places, (points["rock"] == name).to_numpy(float) - prior[row, cells], nothing[0])
        .estimate(PLACES, nothing[1], variances=False).values
        for row, name in enumerate(names)
    ])  # fmt: skip
    expected = np.maximum(whole, 0) / np.maximum(whole, 0).sum(axis=0)
    npt.assert_allclose(
        [found[f"probability_{code}"].to_numpy().ravel() for code in (1, 2, 3)], expected, atol=1e-5
    )


def test_a_prior_rules_far_from_samples_and_must_name_every_category():
    """Beyond the range the prior is left as it is; probabilities of this node go in as they came out."""
    points, volume = categories().iloc[:6], model_volume(np.full(LATTICE.shape, 3))
    short = variogram_model("spherical", sill=0.2, range_along=1.0, range_vertical=1.0)
    terms = {"layering": "none", "model": short}
    found = property_categories.indicator_kriging(volume, points, "rock", prior=chances(30.0), **terms)
    far = np.abs(PLACES[:, None] - places_of(points)).max(axis=2).min(axis=1) > 2
    for code, name in enumerate(found["rock"].attrs["flag_meanings"][1:], 1):
        known = chances(30.0)[f"soil_{name}"].to_numpy().ravel()[far] / 100
        npt.assert_allclose(found[f"probability_{code}"].to_numpy().ravel()[far], known, atol=1e-6)
    again = property_categories.indicator_kriging(volume, points, "rock", prior=found, **terms)
    npt.assert_allclose(again["probability_1"], found["probability_1"], atol=1e-6)
    with pytest.raises(ContractError, match="variable for"):
        property_categories.indicator_kriging(
            volume, points, "rock", prior=chances(30.0).drop_vars(f"soil_{points['rock'].iloc[0]}"), **terms
        )


def test_categories_that_only_the_prior_has_keep_their_probability():
    """Far from samples of clay and sand, peat is as likely as the prior says, and sand no likelier for it."""
    points, volume = categories(), model_volume(np.full(LATTICE.shape, 3))
    points = points[points["rock"] != "peat"].iloc[:6]
    short = variogram_model("spherical", sill=0.2, range_along=1.0, range_vertical=1.0)
    known = chances(30.0).assign(soil_depth=chances(30.0)["soil_clay"].assign_attrs(units="m"))
    found = property_categories.indicator_kriging(
        volume, points, "rock", layering="none", prior=known, model=short
    )
    assert found["rock"].attrs["flag_meanings"] == ["none", "clay", "sand", "peat"]
    far = np.abs(PLACES[:, None] - places_of(points)).max(axis=2).min(axis=1) > 2
    for code, name in enumerate(("clay", "sand", "peat"), 1):
        npt.assert_allclose(
            found[f"probability_{code}"].to_numpy().ravel()[far],
            known[f"soil_{name}"].to_numpy().ravel()[far] / 100, atol=1e-6,
        )  # fmt: skip


def test_classes_of_a_prior_go_by_their_own_table_of_names():
    """Units of the names of categories do not mislead; names may be one text; codes may be whole floats."""
    points, volume = categories(), model_volume(np.full(LATTICE.shape, 3))
    terms = {"layering": "none", "model": EXPONENTIAL}
    first = property_categories.indicator_kriging(volume, points, "rock", prior=chances(10.0), **terms)
    units = {"flag_values": [0, 1, 2], "flag_meanings": ["none", "sand", "clay"]}
    other = first.assign(rock=first["rock"].assign_attrs(flag_meanings="none clay peat sand"))
    other = xr.Dataset({"unit": first["rock"].assign_attrs(units)}, attrs=first.attrs).merge(other)
    numbers = points.assign(code=points["rock"].map({"clay": 1.0, "peat": 2.0, "sand": 3.0}))
    numbered = first.rename({f"probability_{code}": f"kans_{code}" for code in (1, 2, 3)})
    expected = property_categories.indicator_kriging(volume, points, "rock", prior=first, **terms)
    for samples_, column, prior in ((points, "rock", other), (numbers, "code", numbered)):
        found = property_categories.indicator_kriging(volume, samples_, column, prior=prior, **terms)
        npt.assert_array_equal(found["probability_3"], expected["probability_3"])


def test_drawn_categories_honour_samples_and_shares():
    """At samples' cells the category is theirs in all 40 volumes; shares of the ensemble are near the samples'."""
    cells = np.random.default_rng(11).choice(len(PLACES), 100, replace=False)
    rock = np.where(PLACES[cells, 0] < 300, "sand", "clay")
    points = gpd.GeoDataFrame(
        {"rock": rock, "upward": PLACES[cells, 2]}, geometry=gpd.points_from_xy(*PLACES[cells, :2].T), crs=CRS
    )
    model = variogram_model("spherical", sill=0.25, range_along=300.0, range_vertical=50.0)
    found = property_categories.indicator_simulation(
        model_volume(), points, "rock", model=model, realizations=40, layering="none"
    )
    drawn = found["rock"].to_numpy().reshape(40, -1)
    assert (drawn[:, cells] == np.where(rock == "sand", 2, 1)).all()
    assert abs((drawn == 2).mean() - (rock == "sand").mean()) < 0.1
    assert set(np.unique(drawn)) == {1, 2}


def test_scattered_samples_tell_ranges_along_and_across_layers():
    """Where hardly any pair stands upright, lags are coarse enough to have some: ranges are not taken as equal."""
    places = np.random.default_rng(1).uniform(0, 1, (300, 3)) * [1500.0, 1500.0, 50.0]
    places = places[np.lexsort(places.T[[2, 0, 1]])]
    values = np.sin(places[:, 0] / 250) + np.cos(places[:, 1] / 300) + 2 * np.sin(places[:, 2] / 4)
    parts = layered_parts(Spots(places, values[:, None], CRS))
    assert parts
    assert parts[-1].range > 4 * parts[-1].range_vertical


def test_ranges_along_and_across_layers_are_fitted_apart():
    """A field of ranges 300 m and 30 m, sampled in holes: the fitted ranges differ by 4 or more."""
    field = ConditionalField(
        kernel_model("spherical", 1.0, 300.0, 30.0, 0.0), (10, 12, 14), (10.0, 50.0, 50.0)
    )
    drawn = field.draw(1, (12,))[0].astype(float)
    holes = np.random.default_rng(13).choice(168, 60, replace=False)
    cells = (np.arange(10)[:, None] * 168 + holes).ravel()
    points = gpd.GeoDataFrame(
        {"grade": drawn[cells], "upward": PLACES[cells, 2]}, geometry=gpd.points_from_xy(*PLACES[cells, :2].T),
        crs=CRS,
    )  # fmt: skip
    volume = model_volume(np.full(LATTICE.shape, 3))
    words = property_kriging.kriging(volume, points, "grade", layering="none").attrs["variogram_model"]
    along, across = words.split("range ")[1].split(" m")[0].split("/")
    assert float(along) > 4 * float(across)


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"points": samples(value=lambda p: np.full(len(p), np.nan))}, "points"),
        ({"points": samples().assign(upward=np.nan)}, "upward"),
        ({"points": samples().drop(columns="upward")}, "upward"),
        ({"points": samples().to_crs("EPSG:32647")}, "points"),
        ({"points": samples().assign(upward=5000.0)}, "points"),
        ({"points": samples(value=lambda p: np.ones(len(p))), "model": None}, "model"),
        ({"points": samples(2), "model": None}, "model"),
        ({"units": ("No such unit",)}, "units"),
        ({"layering": "field"}, "layering"),
        ({"model": pd.concat([EXPONENTIAL.assign(unit="Lower clay")])}, "model"),
    ],
)
def test_what_cannot_be_kriged_is_refused(change, parameter):
    """No values, no heights, another zone, far above the model, one value, two samples, unknown names."""
    given = {"volume": model_volume(), "points": samples(), "column": "grade", "model": EXPONENTIAL, **change}
    with pytest.raises(ContractError) as caught:
        property_kriging.kriging(**given)
    assert caught.value.parameter == parameter
