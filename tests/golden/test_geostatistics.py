"""Geostatistical processes on the Meuse soils and on small tables: published fits, data met, singular cases."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests.reading import DATA

from craton.kernels import anamorphosis
from craton.methods import (
    change_of_support,
    kriging,
    kriging_indicator,
    kriging_places,
    kriging_secondary,
    kriging_validation,
    simulation,
    simulation_classes,
    simulation_scores,
    variograms,
)
from craton.methods.variogram_model import variogram_model
from craton.model.errors import ContractError

MEUSE = DATA / "geochemistry/meuse/meuse.txt"

GSTAT = [
    (57, 79.29244, 0.1234479), (299, 163.97367, 0.2162185), (419, 267.36483, 0.3027859),
    (457, 372.73542, 0.4121448), (547, 478.47670, 0.4634128), (533, 585.34058, 0.5646933),
    (574, 693.14526, 0.5689683), (564, 796.18365, 0.6186769), (589, 903.14650, 0.6471479),
    (543, 1011.29177, 0.6915705), (500, 1117.86235, 0.7033984), (477, 1221.32810, 0.6038770),
    (452, 1329.16407, 0.6517158), (457, 1437.25620, 0.5665318), (415, 1543.20248, 0.5748227),
]  # fmt: skip
"""`variogram(log(zinc) ~ 1, meuse)`: the table printed in "The meuse data set: a brief tutorial for the gstat R
package" (E. Pebesma)."""


@pytest.fixture(scope="module")
def meuse():
    """Soils of the Meuse floodplain with the logarithm of zinc."""
    if not MEUSE.exists():
        pytest.skip("the open survey data is not beside this checkout")
    frame = pd.read_csv(MEUSE)
    points = gpd.GeoDataFrame(
        frame.assign(log_zinc=np.log(frame["zinc"])),
        geometry=gpd.points_from_xy(frame["x"], frame["y"]), crs="EPSG:28992",
    )  # fmt: skip
    points.attrs["columns"] = {"zinc": {"unit": "mg/kg"}}
    return points


def scattered(count=40, seed=1, value=None):
    """Points in a square kilometre with a smooth column, or one of `value`."""
    random = np.random.default_rng(seed)
    east, north = random.uniform(0, 1000, (2, count)).round(1)
    numbers = np.sin(east / 200) + np.cos(north / 300) if value is None else np.full(count, value)
    return gpd.GeoDataFrame({"value": numbers}, geometry=gpd.points_from_xy(east, north), crs="EPSG:32648")


MODEL = variogram_model("spherical", sill=1.0, range_along=500.0, nugget=0.1)
SQUARE = (0.0, 0.0, 1000.0, 1000.0)


def test_the_variogram_of_the_gstat_tutorial(meuse):
    """Pairs, mean distances and semivariances of all 15 lags, to the digits printed."""
    found = variograms.variogram(meuse, "log_zinc")
    npt.assert_array_equal(found["pairs"], [row[0] for row in GSTAT])
    npt.assert_allclose(found["lag"], [row[1] for row in GSTAT], atol=6e-6)
    npt.assert_allclose(found["semivariance"], [row[2] for row in GSTAT], atol=6e-8)


def test_the_fit_of_the_gstat_tutorial(meuse):
    """Nugget 0.05066, partial sill 0.59061, range 897.02 (weights N/h²): to 1e-4, as far as gstat iterates."""
    lags = variograms.variogram(meuse, "log_zinc")
    found = variograms.fit_variogram(lags, structures=("spherical",), weights="pairs_by_distance")
    sills = dict(zip(found.model["structure"], found.model["sill"], strict=True))
    npt.assert_allclose([sills["nugget"], sills["spherical"]], [0.05066243, 0.59060780], rtol=1e-4)
    npt.assert_allclose(found.model["range"].dropna(), [897.0209], rtol=1e-4)
    npt.assert_allclose(found.curve["model"], lags["semivariance"], atol=0.1)


def test_zinc_is_kriged_through_its_data_in_its_unit(meuse):
    """At the samples the estimate is the sample and its deviation 0; the map tells unit, system and model."""
    at = kriging_places.kriging_at_points(meuse, "zinc", meuse[["geometry"]])
    npt.assert_allclose(at["zinc"], meuse["zinc"], rtol=1e-9)
    npt.assert_allclose(at["zinc_std"], 0, atol=1e-3)
    grid = kriging.ordinary_kriging(meuse, "zinc", 100.0)
    assert grid["zinc"].attrs["units"] == grid["zinc_std"].attrs["units"] == "mg/kg"
    assert grid.attrs["crs"] == "EPSG:28992"
    assert "spherical" in grid.attrs["variogram_model"]
    assert variograms.variogram(meuse, "zinc").attrs["columns"]["semivariance"]["unit"] == "mg2/kg2"


def test_neighbourhoods_come_to_all_data(meuse):
    """Near data, estimates from 32, 64 and all but one of 155 places go to those from all.

    Fewer data can only raise the deviation: by 4 percent at the most with 32, and never below that from all.
    """
    model = variograms.fit_variogram(variograms.variogram(meuse, "log_zinc")).model
    settings = {"model": model, "maximum_distance": 200.0}
    whole = kriging.ordinary_kriging(meuse, "log_zinc", 100.0, neighbours=None, **settings)
    misses = []
    for neighbours, most in ((32, 0.04), (64, 0.012), (154, 0.0005)):
        near = kriging.ordinary_kriging(meuse, "log_zinc", 100.0, neighbours=neighbours, **settings)
        misses.append(float(((near["log_zinc"] - whole["log_zinc"]) ** 2).mean()) ** 0.5)
        excess = near["log_zinc_std"] / whole["log_zinc_std"] - 1
        assert -1e-9 < float(excess.min()) <= float(excess.max()) < most
    assert misses[0] < 0.06
    assert misses[0] > 2 * misses[1] > 4 * misses[2]


def test_the_distance_to_the_river_explains_zinc(meuse):
    """As external drift it lowers the deviation; the errors of cross-validation are those its model tells."""
    distance = kriging.ordinary_kriging(meuse, "dist", 40.0)["dist"]
    plain = kriging.ordinary_kriging(meuse, "log_zinc", 40.0)
    drifted = kriging_secondary.external_drift_kriging(meuse, "log_zinc", distance)
    assert float(drifted["log_zinc_std"].mean()) < 0.8 * float(plain["log_zinc_std"].mean())
    collocated = kriging_secondary.collocated_cokriging(meuse, "log_zinc", distance)
    assert float(collocated["log_zinc_std"].mean()) < float(plain["log_zinc_std"].mean())
    summary = kriging_validation.cross_validation(meuse, "log_zinc").summary.iloc[0]
    assert 0.37 < summary["root_mean_squared_error"] < 0.41
    assert 0.7 < summary["standardised_variance"] < 1.1
    folded = kriging_validation.cross_validation(meuse, "log_zinc", folds=10).summary.iloc[0]
    npt.assert_allclose(folded["root_mean_squared_error"], summary["root_mean_squared_error"], rtol=0.1)


def test_cokriging_with_all_quantities_everywhere_is_near_kriging(meuse):
    """Lead at the same places adds little to zinc; sills are a positive matrix near the variances."""
    found = kriging_secondary.cokriging(meuse, "zinc", ("lead",), 200.0)
    plain = kriging.ordinary_kriging(meuse, "zinc", 200.0, neighbours=24)
    assert float(abs(found.grid["zinc"] - plain["zinc"]).mean()) < 0.15 * meuse["zinc"].std()
    sills = found.coregionalisation.pivot_table("sill", "first", "second", "sum")
    assert sills.loc["zinc", "lead"] ** 2 < sills.loc["zinc", "zinc"] * sills.loc["lead", "lead"]


def test_more_places_of_a_second_quantity_help():
    """Known everywhere and equal to the first, it nearly gives the truth where the first is scarce."""
    points = scattered(120)
    points["few"] = points["value"].where(np.arange(120) % 6 == 0)
    alone = kriging.ordinary_kriging(points, "few", 100.0, model=MODEL, region=SQUARE)["few"]
    helped = kriging_secondary.cokriging(points, "few", ("value",), 100.0, model=MODEL, region=SQUARE).grid[
        "few"
    ]
    north, east = np.meshgrid(alone["northing"], alone["easting"], indexing="ij")
    truth = np.sin(east / 200) + np.cos(north / 300)
    assert float(abs(helped - truth).mean()) < 0.6 * float(abs(alone - truth).mean())


def test_probabilities_rise_with_the_threshold(meuse):
    """In every cell, and on the mean they are near the shares of the samples."""
    found = kriging_indicator.indicator_kriging(meuse, "zinc", 100.0, (200.0, 400.0, 800.0))
    assert (found.diff("threshold") >= 0).all()
    shares = [(meuse["zinc"] <= limit).mean() for limit in (200, 400, 800)]
    npt.assert_allclose(found.mean(("northing", "easting")), shares, atol=0.15)
    assert 0 <= float(found.min()) <= float(found.max()) <= 1


@pytest.mark.parametrize("simulate", [simulation.conditional_simulation, simulation.sequential_gaussian])
def test_simulations_meet_data_and_keep_the_histogram(meuse, simulate):
    """A cell whose middle is a sample has its value; quartiles over all are those of the data within 15 percent.

    Another seed gives other fields, the same seed the same, and more realizations do not change the first.
    """
    easting, northing = meuse["x"].iloc[0], meuse["y"].iloc[0]
    region = (easting - 2625.0, northing - 2625.0, easting + 1125.0, northing + 1125.0)
    fields = simulate(meuse, "zinc", 50.0, region=region, realizations=10)
    cells = fields.sel(northing=northing, easting=easting, method="nearest")
    npt.assert_allclose(cells, meuse["zinc"].iloc[0], rtol=1e-9)
    assert float(fields.min()) >= meuse["zinc"].min()
    assert float(fields.max()) <= meuse["zinc"].max()
    again = simulate(meuse, "zinc", 50.0, region=region, realizations=2)
    xr.testing.assert_equal(again[1].drop_vars("realization"), fields[1].drop_vars("realization"))
    assert not np.array_equal(
        simulate(meuse, "zinc", 50.0, region=region, realizations=1, seed=9)[0], fields[0]
    )


def test_simulated_spread_is_that_of_kriging():
    """Over 400 free of scores, mean and deviation at each cell are those of simple kriging, within chance.

    The error of a mean is σ/20, of a deviation σ/28; five of them are allowed.
    """
    points = scattered(30)
    points["value"] -= points["value"].mean()
    settings = {"model": MODEL, "region": SQUARE, "neighbours": 30}
    fields = simulation.conditional_simulation(
        points, "value", 125.0, scores=False, realizations=400, **settings
    )
    exact = kriging.simple_kriging(points, "value", 125.0, mean=0.0, **settings)
    assert float((abs(fields.mean("realization") - exact["value"]) / exact["value_std"]).max()) < 5 / 20
    assert float(abs(fields.std("realization") / exact["value_std"] - 1).max()) < 5 / 28


def test_classes_keep_their_samples_and_shares(meuse):
    """Flood classes: cells with samples keep them, shares are near those of the samples."""
    fields = simulation_classes.sequential_indicator(meuse, "ffreq", 40.0, realizations=10)
    assert fields.attrs["flag_meanings"] == "1 2 3"
    shares = [float((fields == number).mean()) for number in (1, 2, 3)]
    npt.assert_allclose(shares, meuse["ffreq"].value_counts(normalize=True).sort_index(), atol=0.15)


def test_normal_scores_come_back(meuse):
    """A grid of the scores themselves comes back as the values."""
    scored = simulation_scores.normal_scores(meuse, "zinc")
    grid = xr.DataArray(scored["zinc_score"].to_numpy()[None], dims=("northing", "easting"))
    back = simulation_scores.from_normal_scores(grid, meuse, "zinc")
    npt.assert_allclose(back[0], meuse["zinc"], rtol=1e-12)
    assert back.attrs["units"] == "mg/kg"


@pytest.mark.parametrize("method", ["discrete_gaussian", "affine"])
def test_blocks_vary_less_and_keep_their_mean(meuse, method):
    """Krige's relation holds; above no cutoff all blocks have the mean; a block of no size is a point."""
    model = variogram_model("spherical", sill=110_000.0, range_along=900.0, nugget=20_000.0)
    row, recovery = (
        one.iloc[0] for one in change_of_support.change_of_support(meuse, "zinc", model, 200.0, method=method)
    )
    npt.assert_allclose(row["point_variance"], row["within_variance"] + row["block_variance"])
    npt.assert_allclose(row["point_variance"], meuse["zinc"].var(ddof=0))
    npt.assert_allclose(recovery["block_mean"], meuse["zinc"].mean(), rtol=1e-3)
    tiny = change_of_support.change_of_support(
        meuse, "zinc", variogram_model("spherical", sill=110_000.0, range_along=900.0), 0.01, method=method
    )
    npt.assert_allclose(tiny.variances["ratio"], 1.0, atol=1e-4)
    npt.assert_allclose(tiny.recovery["block_share"], tiny.recovery["point_share"], atol=0.05)


def test_a_volume_goes_through_its_samples_and_follows_its_model():
    """A cell at a sample has its value; with a short vertical range the level above knows nothing of it."""
    points = scattered(30)
    points["height"] = 5.0
    points["value"] = np.arange(30.0)
    model = variogram_model("spherical", sill=1.0, range_along=500.0, range_vertical=8.0)
    east, north = shapely.get_coordinates(points.geometry)[0]
    region = (east - 50, north - 50, east + 50, north + 50)
    found = kriging_places.kriging_volume(
        points,
        "value",
        "height",
        100.0,
        vertical_spacing=10.0,
        model=model,
        region=region,
        bottom=0.0,
        top=30.0,
    )
    npt.assert_allclose(found["upward"], [25, 15, 5])
    npt.assert_allclose(found["value"].sel(upward=5).item(), points["value"].iloc[0], rtol=1e-9)
    npt.assert_allclose(found["value_std"].sel(upward=5).item(), 0, atol=1e-6)
    assert found["value_std"].sel(upward=15).item() > 1


def test_unconditional_fields_have_mean_and_variance():
    """Both methods, of 30 fields 25 ranges wide: variance 1.1 and mean 5 within 3 percent."""
    for method in ("circulant", "turning_bands"):
        fields = simulation.random_field(
            MODEL.assign(range=[np.nan, 60.0], range_across=np.nan, range_vertical=np.nan),
            (0.0, 0.0, 1500.0, 1500.0), 20.0, "EPSG:32648", mean=5.0, realizations=30, method=method,
        )  # fmt: skip
        npt.assert_allclose([float(fields.mean()), float(fields.var())], [5, 1.1], rtol=0.03)


def test_fits_of_two_structures_and_of_directions():
    """Parts add up to the curve, and a variogram in four directions gives ranges by direction."""
    points = scattered(400)
    points["value"] = np.sin(points.geometry.x / 60)
    lags = variograms.variogram(points, "value", azimuths=(0.0, 45.0, 90.0, 135.0), lag=15.0, lags=8)
    found = variograms.fit_variogram(lags, structures=("gaussian",)).model.dropna(subset=["range"]).iloc[0]
    assert found["range"] > 3 * found["range_across"]
    assert min(found["azimuth"], 180 - found["azimuth"]) < 10
    two = variograms.fit_variogram(variograms.variogram(points, "value"), structures=("exponential", "cubic"))
    assert set(two.model["structure"]) <= {"nugget", "exponential", "cubic"}


def test_places_that_are_one_are_averaged():
    """Two values at one place count as their mean, once."""
    points = scattered(20)
    twice = pd.concat([points, points.assign(value=points["value"] + 2)], ignore_index=True)
    mean = points.assign(value=points["value"] + 1)
    npt.assert_allclose(
        kriging.ordinary_kriging(twice, "value", 200.0, model=MODEL)["value"],
        kriging.ordinary_kriging(mean, "value", 200.0, model=MODEL)["value"],
    )


def test_rows_in_another_order_give_the_same():
    """The order of rows changes no digit of a map or a variogram."""
    points = scattered(60)
    mixed = points.sample(frac=1, random_state=3)
    xr.testing.assert_identical(
        kriging.ordinary_kriging(points, "value", 100.0), kriging.ordinary_kriging(mixed, "value", 100.0)
    )
    pd.testing.assert_frame_equal(variograms.variogram(points, "value"), variograms.variogram(mixed, "value"))


def test_singular_samples_give_what_they_can():
    """One value, two points, one point, all on a line, pure nugget: defined results where a model is given."""
    level = kriging.ordinary_kriging(scattered(20, value=7.0), "value", 200.0, model=MODEL)
    npt.assert_allclose(level["value"], 7.0)
    two = scattered(2)
    found = kriging.ordinary_kriging(two, "value", 200.0, model=MODEL)["value"]
    assert two["value"].min() <= float(found.min()) <= float(found.max()) <= two["value"].max()
    one = kriging.ordinary_kriging(scattered(1), "value", 5.0, model=MODEL)["value"]
    npt.assert_allclose(one, scattered(1)["value"].iloc[0])
    line = scattered(20).set_geometry(
        gpd.points_from_xy(np.arange(20) * 50.0, np.zeros(20)), crs="EPSG:32648"
    )
    assert np.isfinite(kriging.ordinary_kriging(line, "value", 100.0, model=MODEL)["value"]).all()
    nugget = MODEL.iloc[:1]
    flat = kriging.ordinary_kriging(scattered(20), "value", 200.0, model=nugget, neighbours=20)
    npt.assert_allclose(flat["value"], scattered(20)["value"].mean())


def refused(words, call, *given, **more):
    """Fail unless the call is refused with `words`."""
    with pytest.raises(ContractError, match=words):
        call(*given, **more)


def test_what_cannot_be_is_refused_in_words():
    """No fit of a level column or of two places; no drift on a line; no covariance of a power structure; degrees."""
    points, level = scattered(30), scattered(30, value=7.0)
    rising = variogram_model("linear", sill=1.0, range_along=100.0)
    refused("one value only", kriging.ordinary_kriging, level, "value", 100.0)
    refused("too few places", kriging.ordinary_kriging, scattered(2), "value", 100.0)
    line = scattered(20).set_geometry(
        gpd.points_from_xy(np.arange(20) * 50.0, np.arange(20) * 30.0), crs="EPSG:32648"
    )
    refused("places on a line", kriging.universal_kriging, line, "value", 100.0, model=MODEL)
    refused("reach a sill", kriging.simple_kriging, points, "value", 100.0, model=rising)
    refused("reach a sill", simulation.random_field, rising, SQUARE, 100.0, "EPSG:32648")
    refused("in metres", kriging.ordinary_kriging, points.to_crs(4326), "value", 0.1)
    refused("at least one point", kriging.ordinary_kriging, points.assign(value=np.nan), "value", 100.0)
    refused("two places or more", variograms.variogram, scattered(1), "value")
    refused("3 lags or more", variograms.fit_variogram, variograms.variogram(level, "value"))
    refused("sills of 0", kriging.ordinary_kriging, points, "value", 100.0, model=MODEL.assign(sill=-1.0))
    refused(
        "of structures",
        kriging.ordinary_kriging,
        points,
        "value",
        100.0,
        model=MODEL.assign(structure="round"),
    )
    refused("differing values", change_of_support.change_of_support, level, "value", MODEL, 50.0)
    refused("varies less", change_of_support.change_of_support, points, "value", MODEL, 5000.0)
    refused("rising", kriging_indicator.indicator_kriging, points, "value", 100.0, (1.0, 0.5))
    refused("folds", kriging_validation.cross_validation, points, "value", model=MODEL, folds=31)


def test_a_linear_variogram_serves_ordinary_kriging():
    """It has no sill; the estimate goes through the data and the deviation grows with distance."""
    points = scattered(30)
    rising = variogram_model("linear", sill=1.0, range_along=100.0)
    found = kriging_places.kriging_at_points(points, "value", points[["geometry"]], model=rising)
    npt.assert_allclose(found["value"], points["value"], atol=1e-8)
    grid = kriging.ordinary_kriging(points, "value", 500.0, model=rising, region=(0.0, 0.0, 5000.0, 1000.0))
    assert float(grid["value_std"].isel(easting=-1).mean()) > 3 * float(
        grid["value_std"].isel(easting=0).mean()
    )


def test_models_are_added_and_read_back():
    """Nuggets add up, structures stand one under the other, a zonal one has infinite ranges."""
    both = variogram_model("exponential", sill=2.0, range_along=50.0, nugget=0.3, added_to=MODEL)
    npt.assert_array_equal(both["structure"], ["nugget", "spherical", "exponential"])
    npt.assert_allclose(both["sill"], [0.4, 1.0, 2.0])
    layers = variogram_model("spherical", range_along=9.0, zonal="vertical").iloc[0]
    npt.assert_array_equal(
        layers[["range", "range_across", "range_vertical"]].astype(float), [np.inf, np.inf, 9.0]
    )


def test_a_vertical_variogram_stands_beside_a_horizontal_one():
    """Layers of one value: level in all horizontal directions, rising downward, and a shorter vertical range."""
    random = np.random.default_rng(4)
    east, north = random.uniform(0, 100, (2, 40))
    height = np.tile(np.arange(5.0), 40)
    points = gpd.GeoDataFrame(
        {"value": height**2, "height": height},
        geometry=gpd.points_from_xy(np.repeat(east, 5), np.repeat(north, 5)), crs="EPSG:32648",
    )  # fmt: skip
    found = variograms.variogram(points, "value", upward="height", vertical=True, tolerance=1.0, lag=2.0)
    level, upright = found[found["dip"] == 0], found[found["dip"] == 90]
    npt.assert_allclose(level["semivariance"].iloc[:10], 0, atol=2.0)
    assert upright["semivariance"].is_monotonic_increasing
    assert len(level)
    assert len(upright) == 2


def test_azimuths_that_cannot_tell_the_axes_are_refused():
    """Two azimuths that are not at right angles, and lags with and without an azimuth."""
    points = scattered(100)
    pair = variograms.variogram(points, "value", azimuths=(0.0, 45.0))
    refused("right angles", variograms.fit_variogram, pair)
    square = variograms.variogram(points, "value", azimuths=(45.0, 135.0))
    rows = variograms.fit_variogram(square, structures=("spherical",)).model.dropna(subset=["range"])
    assert float(rows["azimuth"].iloc[0] % 90) == pytest.approx(45.0, abs=1e-5)
    npt.assert_allclose(rows["range_vertical"], rows["range"])
    mixed = pd.concat([square, variograms.variogram(points, "value")], ignore_index=True)
    refused("for every lag or for none", variograms.fit_variogram, mixed)


def test_a_drift_has_neighbours_enough():
    """Twice as many neighbours as drift functions are the fewest, unless they are all data."""
    points, few = scattered(30), scattered(5)
    field = kriging.ordinary_kriging(points, "value", 50.0, model=MODEL)["value"].fillna(0.0)
    refused("6 or more", kriging.universal_kriging, points, "value", 100.0, model=MODEL, neighbours=5)
    refused(
        "12 or more",
        kriging.universal_kriging, points, "value", 100.0, model=MODEL, neighbours=11, drift="quadratic",
    )  # fmt: skip
    refused("4 or more", kriging_secondary.external_drift_kriging, points, "value", field, neighbours=3)
    kriging.universal_kriging(few, "value", 200.0, model=MODEL, neighbours=5)


def test_a_smoothness_without_a_range_is_refused():
    """Matérn structures rougher than 0.05 or smoother than 20 are refused by words."""
    points = scattered(30)
    for shape in (0.001, 80.0):
        model = variogram_model("matern", sill=1.0, range_along=500.0).assign(shape=shape)
        refused("from 0.05 to 20", kriging.ordinary_kriging, points, "value", 200.0, model=model)


def test_a_torus_beyond_memory_is_refused():
    """A range far beyond a large grid makes a torus of four times its cells, which is told before it is built."""
    model = variogram_model("spherical", sill=1.0, range_along=1e6)
    refused("torus", simulation.random_field, model, (0.0, 0.0, 5000.0, 5000.0), 1.0, "EPSG:32648")


def test_near_twins_do_not_ruin_the_map():
    """A second sample 1e-6 m away with the same value changes neither the map of all data nor the validation."""
    points = scattered(30)
    twin = points.iloc[:1].set_geometry(points.iloc[:1].geometry.translate(1e-6, 0.0))
    both = pd.concat([points, twin], ignore_index=True)
    one, two = (
        kriging.ordinary_kriging(each, "value", 100.0, model=MODEL, neighbours=None, region=SQUARE)
        for each in (points, both)
    )
    npt.assert_allclose(two["value"], one["value"], atol=1e-6)
    summaries = [
        kriging_validation.cross_validation(each, "value", model=MODEL).summary for each in (points, both)
    ]
    npt.assert_allclose(*[each.iloc[0].to_numpy(float) for each in summaries], atol=1e-5)


def test_tied_values_keep_their_share():
    """Of a sample with 40 percent at the limit of detection, normal scores bring back 40 percent (to 1 percent)."""
    values = np.concatenate([np.full(400, 0.5), 1.0 + np.arange(600.0)])
    scores = np.random.default_rng(1).normal(size=200_000)
    back = anamorphosis.from_scores(scores, values)
    npt.assert_allclose(np.mean(back == 0.5), 0.4, atol=0.01)
    npt.assert_allclose(anamorphosis.from_scores(anamorphosis.normal_scores(values), values), values)


def test_a_block_is_the_mean_of_its_points():
    """From one datum the variance is 1 + C(v, v) - 2 C(v, x), both means over the same 4 by 4 points; to 1e-9."""
    points = gpd.GeoDataFrame({"value": [7.5]}, geometry=gpd.points_from_xy([30.0], [80.0]), crs="EPSG:32648")
    model = variogram_model("spherical", sill=1.0, range_along=300.0)
    found = kriging.block_kriging(points, "value", 100.0, model=model, region=(0.0, 0.0, 100.0, 100.0))
    east, north = np.meshgrid((np.arange(4) + 0.5) * 25.0, (np.arange(4) + 0.5) * 25.0)
    block = np.column_stack([east.ravel(), north.ravel()])

    def mean_covariance(places):
        apart = np.linalg.norm(block[:, None] - places, axis=2) / 300.0
        return float((1 - 1.5 * apart + 0.5 * apart**3).mean())

    expected = 1 + mean_covariance(block) - 2 * mean_covariance(np.array([[30.0, 80.0]]))
    npt.assert_allclose(float(found["value_std"].item()) ** 2, expected, rtol=1e-9)
    npt.assert_allclose(found["value"], 7.5)
