"""Petrophysical inversion as a geologist runs it: a table of rocks, two surveys, and input that is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from craton.methods.geomodel_volume import units_of
from craton.methods.inversion_forward import forward
from craton.methods.inversion_joint import joint_inversion
from craton.methods.inversion_petrophysical import petrophysical_inversion
from craton.model.errors import ContractError

CRS = "EPSG:32648"
FIELD = {"field_intensity": 48_000.0, "inclination": 60.0, "declination": 0.0}
SIZES = {"spacing": 100.0, "thickness": 100.0, "depth": 600.0, "top": 0.0, "margin": 0.0, "trend": "none"}
CENTRES = 100.0 * (np.arange(14) + 0.5)
MEANS = np.array([[0.0, 0.0], [400.0, 0.004], [200.0, 0.05]])


def table(**changes):
    """A host, a gabbro that is dense, and an iron formation that is magnetic."""
    columns = {
        "rock": ["host", "gabbro", "iron formation"],
        "density_contrast": MEANS[:, 0], "density_spread": [15.0, 40.0, 30.0],
        "susceptibility": MEANS[:, 1], "susceptibility_spread": [0.002, 0.004, 0.006],
        "share": [90.0, 5.0, 5.0],
    }  # fmt: skip
    frame = pd.DataFrame({**columns, **changes})
    frame.attrs["columns"] = {
        name: {"unit": "kg/m3" if "density" in name else "SI"} for name in columns if name[0] in "ds"
    } | {"share": {"unit": "1"}}
    return frame


def grids():
    """Both anomalies over two blocks side by side, with errors of 2 % of their largest, and the rock of each cell."""
    rock = np.zeros((6, 14, 14), int)
    rock[1:3, 4:10, 2:5], rock[1:3, 4:10, 9:12] = 1, 2
    axes = {"upward": -CENTRES[:6], "northing": 2e6 + CENTRES, "easting": 5e5 + CENTRES}
    found = {}
    kinds = (("density_contrast", "kg/m3", "mGal", "bouguer_anomaly", {}),
             ("magnetic_susceptibility", "SI", "nT", "magnetic_anomaly", FIELD))  # fmt: skip
    for number, (name, unit, data, quantity, options) in enumerate(kinds):
        cells = xr.DataArray(
            MEANS[rock, number], axes, tuple(axes), name, {"units": unit, "standard_name": name, "crs": CRS}
        )
        north, east = (part.ravel() for part in np.meshgrid(CENTRES, CENTRES, indexing="ij"))
        places = _points(east, north)
        exact = forward(cells.to_dataset(), places, height_column="height", **options)["predicted"].to_numpy()
        deviation = float(0.02 * np.abs(exact).max())
        noisy = exact + deviation * np.random.default_rng(number).normal(size=exact.size)
        plane = {axis: axes[axis] for axis in ("northing", "easting")}
        attrs = {"units": data, "standard_name": quantity, "crs": CRS}
        found[quantity] = xr.DataArray(noisy.reshape(14, 14), plane, tuple(plane), quantity, attrs), deviation
    return found, rock[:, ::-1]


def _points(east, north):
    import geopandas as gpd

    points = gpd.GeoDataFrame(
        {"height": np.full(east.size, 5.0)}, geometry=gpd.points_from_xy(5e5 + east, 2e6 + north), crs=CRS
    )
    points.attrs["columns"] = {"height": {"unit": "m"}}
    return points


@pytest.fixture(scope="module")
def surveys():
    """Options of both processes, and the rock of each cell with rows from the north."""
    found, rock = grids()
    (gravity, dense), (magnetic, light) = found["bouguer_anomaly"], found["magnetic_anomaly"]
    given = {
        "gravity_grid": gravity, "magnetic_grid": magnetic, "gravity_deviation": dense,
        "magnetic_deviation": light, "gravity_height": 5.0, "magnetic_height": 5.0, **FIELD, **SIZES,
    }  # fmt: skip
    return given, rock


def test_rocks_are_found_where_they_are_with_their_values(surveys):
    """Half of each body's cells and more are named rightly; density and susceptibility are nearer the truth."""
    given, rock = surveys
    result = petrophysical_inversion(table(), **given)
    plain = joint_inversion(
        coupling=0.0,
        density_lower=0.0,
        density_upper=400.0,
        susceptibility_upper=0.05,
        length_scale=50.0,
        **given,
    )
    codes = result.units.unit.transpose("upward", "northing", "easting").to_numpy()
    assert codes.shape == rock.shape
    assert units_of(result.units).names == ("host", "gabbro", "iron formation")
    for number in (1, 2):
        both, either = ((codes == number + 1) & (rock == number)), ((codes == number + 1) | (rock == number))
        assert both.sum() > 0.5 * either.sum()
    for name, number, models in (
        ("density_contrast", 0, ("density", "density")), ("magnetic_susceptibility", 1, ("susceptibility",) * 2),
    ):  # fmt: skip
        errors = [
            float(np.std(getattr(one, models[0])[name].to_numpy() - MEANS[rock, number]))
            for one in (result, plain)
        ]
        assert errors[0] < 0.8 * errors[1]
    for data in ("gravity", "magnetics"):
        last = result.convergence[result.convergence.data == data].iloc[-1]
        assert last.chi_squared < 1.05 * last.target
    probability = result.units.probability
    assert float(probability.min()) > 1 / 3 - 1e-6
    assert float(probability.max()) <= 1
    assert result.rocks["share_found"].sum() == pytest.approx(1.0)
    np.testing.assert_allclose(result.rocks["density_found"], MEANS[:, 0], atol=80)
    np.testing.assert_allclose(result.rocks["susceptibility_found"], MEANS[:, 1], atol=0.01)


BAD = {
    "no rock": (table()[:0], {}),
    "spread of zero": (table(density_spread=[0.0, 40.0, 30.0]), {}),
    "spread missing": (table(susceptibility_spread=[np.nan, 0.01, 0.01]), {}),
    "share below zero": (table(share=[1.0, -0.1, 0.1]), {}),
    "mean that is not finite": (table(density_contrast=[np.inf, 0.0, 0.0]), {}),
    "one name twice": (table(rock=["host", "gabbro", "gabbro"]), {}),
    "no name": (table(rock=["host", None, "gabbro"]), {}),
    "blank name": (table(rock=["host", " ", "gabbro"]), {}),
    "correlation of one": (table(correlation=[0.0, 1.0, 0.0]), {}),
    "words for numbers": (table(susceptibility=["low", "low", "high"]), {}),
    "rock beyond the bounds": (table(), {"density_upper": 300.0}),
    "too many rocks": (pd.concat([table().assign(rock=f"r{n}" + table()["rock"]) for n in range(20)]), {}),
    "no unit": (table().assign(density_spread=1.0), {"strip": "density_spread"}),
    "no column": (table().drop(columns="share"), {}),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_of_rocks_that_makes_no_sense_is_refused_by_name(surveys, case):
    """A `ContractError` that names `rocks`, before any work is done."""
    given, _rock = surveys
    rocks, options = BAD[case]
    rocks = rocks.copy()
    rocks.attrs = {"columns": {**table().attrs["columns"]}}
    rocks.attrs["columns"].pop(options.get("strip"), None)
    with pytest.raises(ContractError) as caught:
        petrophysical_inversion(rocks, **given, **{k: v for k, v in options.items() if k != "strip"})
    assert caught.value.parameter == "rocks"


def test_models_may_be_as_the_ground_around_them_where_the_host_was_left_out(surveys):
    """Bounds reach to no contrast: both surveys are explained, where bounds of dense rocks alone explain none."""
    given, _rock = surveys
    alone = table()[1:]
    alone.attrs = table().attrs
    steps = petrophysical_inversion(alone, **given, rounds=15).convergence
    for data in ("gravity", "magnetics"):
        last = steps[steps.data == data].iloc[-1]
        assert last.chi_squared < 1.05 * last.target
