"""Inversions as a geologist runs them: bodies known beforehand, options that hold, and input that is refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.methods.inversion import gravity, magnetics
from craton.methods.inversion_forward import forward
from craton.methods.inversion_joint import joint_inversion
from craton.methods.inversion_vector import magnetic_vector
from craton.model.errors import CancelledError, ContractError
from craton.process import progress

CRS = "EPSG:32648"
EAST, NORTH = 500_000.0, 2_000_000.0
FIELD = {"field_intensity": 48_000.0, "inclination": 35.0, "declination": 10.0}
SIZES = {"spacing": 100.0, "thickness": 100.0, "depth": 700.0, "top": 0.0, "margin": 100.0, "trend": "none"}
CENTRES = 100.0 * (np.arange(16) + 0.5)


def block(value, unit, quantity):
    """A block 400 m wide, 200 to 400 m deep, in 16 x 16 x 7 cells of 100 m."""
    cells = np.zeros((7, 16, 16))
    cells[2:4, 6:10, 6:10] = value
    return volume(cells, unit, quantity)


def dyke(value, unit, quantity):
    """A dyke 200 m wide that strikes north and dips 45 degrees to the east from 100 m down."""
    cells = np.zeros((7, 16, 16))
    for layer in range(1, 6):
        cells[layer, 3:13, 5 + layer : 7 + layer] = value
    return volume(cells, unit, quantity)


def volume(cells, unit, quantity):
    axes = {"upward": -CENTRES[:7], "northing": NORTH + CENTRES, "easting": EAST + CENTRES}
    field = xr.DataArray(
        cells, axes, tuple(axes), attrs={"units": unit, "standard_name": quantity, "crs": CRS}
    )
    return field.to_dataset(name=quantity).assign_attrs(crs=CRS)


def stations(*, count=None, height=5.0):
    """Stations over the centres of cells, or anywhere over the block."""
    if count is None:
        east, north = (part.ravel() for part in np.meshgrid(CENTRES, CENTRES))
    else:
        east, north = np.random.default_rng(3).uniform(100, 1500, (2, count))
    points = gpd.points_from_xy(EAST + east, NORTH + north)
    table = gpd.GeoDataFrame({"height": np.full(east.size, height)}, geometry=points, crs=CRS)
    table.attrs["columns"] = {"height": {"unit": "m"}}
    return table


def survey(model, unit, *, part=0.02, **options):
    """Data of a volume with errors of `part` of their largest, and the standard deviation of the errors."""
    places = stations(**{key: options.pop(key) for key in ("count", "height") if key in options})
    exact = forward(model, places, height_column="height", **options)["predicted"].to_numpy()
    deviation = float(part * np.abs(exact).max())
    table = places.assign(value=exact + deviation * np.random.default_rng(1).normal(size=exact.size))
    table.attrs["columns"] = {"height": {"unit": "m"}, "value": {"unit": unit}}
    return table, deviation


@pytest.fixture(scope="module")
def heavy():
    """Gravity over a block of 300 kg/m³, scattered stations."""
    return survey(block(300.0, "kg/m3", "density_contrast"), "mGal", count=150)


def likeness(found, true):
    """Correlation of a result with the truth, which lies in the middle of its cells."""
    expected = true.interp({axis: found[axis] for axis in found.dims}, method="nearest").fillna(0.0)
    return float(np.corrcoef(found.to_numpy().ravel(), expected.to_numpy().ravel())[0, 1])


def invert(table, deviation, **options):
    """Gravity inversion of a table with the sizes of the tests."""
    return gravity(table, "value", deviation=deviation, height_column="height", **{**SIZES, **options})


def test_a_block_is_found_within_its_errors(heavy):
    """χ² at its target; the centre of mass within a cell sideways and 1.5 cells in depth; mass within 20 %."""
    result = invert(*heavy, lower=0.0, margin=300.0)
    last = result.convergence.iloc[-1]
    assert 0.95 * last.target <= last.chi_squared <= last.target
    found = result.model.density_contrast
    assert found.dims == ("upward", "northing", "easting")
    mass = found / found.sum()
    centre = [float((mass * mass[axis]).sum()) for axis in ("easting", "northing", "upward")]
    npt.assert_allclose(centre[:2], [EAST + 800, NORTH + 800], atol=100)
    npt.assert_allclose(centre[2], -300, atol=150)
    npt.assert_allclose(float(found.sum()), 300 * 32, rtol=0.2)
    residual = result.predicted["normalised_residual"]
    npt.assert_allclose((residual**2).sum(), last.chi_squared, rtol=1e-3)
    npt.assert_allclose(
        result.predicted["observed"] - result.predicted["predicted"], result.predicted["residual"], atol=1e-9
    )


def test_a_low_norm_gives_the_block_itself(heavy):
    """With its bounds and norm 0 the correlation rises by 0.1 and more, on cells that do not fit the block's."""
    true = block(300.0, "kg/m3", "density_contrast").density_contrast
    smooth, sharp = (
        invert(*heavy, lower=0.0, upper=300.0, norm=norm).model.density_contrast for norm in (2.0, 0.0)
    )
    assert float(sharp.min()) >= 0
    assert float(sharp.max()) <= 300
    assert likeness(sharp, true) > likeness(smooth, true) + 0.1


def test_a_dyke_dips_the_right_way():
    """The mean easting of the susceptibility moves east with depth, by a quarter of what it should at least."""
    table, deviation = survey(dyke(0.05, "SI", "magnetic_susceptibility"), "nT", part=0.01, **FIELD)
    result = magnetics(
        table, "value", deviation=deviation, height_column="height", upper=0.05, norm=1.0, **FIELD, **SIZES
    )
    found = result.model.magnetic_susceptibility.isel(upward=slice(1, 6))
    assert found.min() >= 0
    middle = (found * found.easting).sum(["northing", "easting"]) / found.sum(["northing", "easting"])
    assert np.polyfit(middle.upward, middle, 1)[0] < -0.25


def test_a_vector_is_found_where_rock_is_magnetised_across_the_field():
    """A block magnetised to the west and up: the mean direction of the strong cells is within 35 degrees."""
    direction = np.array([-0.8, 0.0, 0.6])
    fields = {
        name: block(2.0 * part, "A/m", "magnetisation").magnetisation
        for name, part in zip(("easting", "northing", "upward"), direction, strict=True)
    }
    model = xr.Dataset({f"magnetisation_{name}": one for name, one in fields.items()}, attrs={"crs": CRS})
    options = {"inclination": 35.0, "declination": 10.0}
    table, deviation = survey(model, "nT", **options)
    result = magnetic_vector(
        table, "value", deviation=deviation, height_column="height", norm=1.0, **options, **SIZES
    ).model
    strong = result.magnetisation_amplitude > 0.3 * float(result.magnetisation_amplitude.max())
    mean = np.array([float(result[f"magnetisation_{name}"].where(strong).sum()) for name in fields])
    assert direction @ mean / np.linalg.norm(mean) > np.cos(np.radians(35))


def test_two_surveys_together_look_more_alike_and_still_fit():
    """Unlikeness falls to less than half while both χ² stay within 5 % of their targets."""
    dense, light = survey(block(300.0, "kg/m3", "density_contrast"), "mGal", count=150)
    magnetic, faint = survey(block(0.05, "SI", "magnetic_susceptibility"), "nT", **FIELD)
    options = {name: value for name, value in SIZES.items() if name != "margin"}
    results = [
        joint_inversion(
            gravity_stations=dense, gravity_column="value", magnetic_stations=magnetic,
            magnetic_column="value", gravity_height_column="height", magnetic_height_column="height",
            gravity_deviation=light, magnetic_deviation=faint, density_lower=0.0, coupling=coupling,
            **FIELD, **options,
        )
        for coupling in (0.0, 30.0)
    ]  # fmt: skip
    alone, together = (result.convergence for result in results)
    assert together.unlikeness.iloc[-1] < 0.5 * alone.unlikeness.iloc[-1]
    for data in ("gravity", "magnetics"):
        last = together[together.data == data].iloc[-1]
        assert last.chi_squared < 1.05 * last.target


def test_a_reference_that_explains_the_data_stays(heavy):
    """Drawn to the block itself nothing needs to change: its cells keep 300 kg/m³ within 3, and others 0."""
    true = block(300.0, "kg/m3", "density_contrast").density_contrast
    table, deviation = survey(true.to_dataset(), "mGal")
    found = invert(table, deviation, reference=true, chi_factor=1.5).model.density_contrast
    expected = true.interp({axis: found[axis] for axis in found.dims}, method="nearest").fillna(0.0)
    npt.assert_allclose(found, expected, atol=3.0)


def test_order_unit_and_origin_make_no_difference(heavy):
    """Shuffled rows, µm/s² in place of mGal, and a survey 123,456 m further: the same cells, to the last digit."""
    table, deviation = heavy
    options = {"lower": 0.0, "margin": 100.0}
    expected = invert(table, deviation, **options).model.density_contrast.to_numpy()
    shuffled = table.sample(frac=1, random_state=2)
    shuffled.attrs = table.attrs
    npt.assert_array_equal(invert(shuffled, deviation, **options).model.density_contrast, expected)
    scaled = table.assign(value=table["value"] * 10)
    scaled.attrs["columns"] = {**table.attrs["columns"], "value": {"unit": "um/s2"}}
    npt.assert_array_equal(invert(scaled, deviation, **options).model.density_contrast, expected)
    moved = table.set_geometry(table.geometry.translate(123_456.0, -54_321.0))
    moved.attrs = table.attrs
    npt.assert_array_equal(invert(moved, deviation, **options).model.density_contrast, expected)


def test_a_grid_gives_what_its_cells_as_stations_give():
    """The same mesh and the same model; rows of the grid in either direction; gaps are left out."""
    table, deviation = survey(block(300.0, "kg/m3", "density_contrast"), "mGal")
    cells = table["value"].to_numpy().reshape(16, 16)
    axes = {"northing": NORTH + CENTRES, "easting": EAST + CENTRES}
    grid = xr.DataArray(
        cells, axes, tuple(axes), attrs={"units": "mGal", "standard_name": "bouguer_anomaly", "crs": CRS}
    )
    options = {**SIZES, "deviation": deviation}
    expected = gravity(table, "value", height_column="height", **options).model.density_contrast
    for one in (grid, grid[::-1]):
        npt.assert_array_equal(gravity(grid=one, height=5.0, **options).model.density_contrast, expected)
    gappy = grid.where(grid < grid.max()).assign_attrs(grid.attrs)
    assert len(gravity(grid=gappy, height=5.0, **options).predicted) == 255


def test_rock_lies_under_the_ground_and_the_field_of_a_hill_is_that_of_its_cells():
    """Over topography cells above it are air; predicted data are those of `inversion.forward` of the result."""
    table, deviation = survey(block(300.0, "kg/m3", "density_contrast"), "mGal", count=120, height=250.0)
    axes = {"northing": NORTH + np.arange(-200.0, 1900, 100), "easting": EAST + np.arange(-200.0, 1900, 100)}
    east = axes["easting"] - EAST
    relief = np.broadcast_to(100 + 80 * np.sin(east / 300), (21, 21))
    ground = xr.DataArray(
        relief, axes, tuple(axes), attrs={"units": "m", "standard_name": "elevation", "crs": CRS}
    )
    result = gravity(
        table, "value", deviation=deviation, height_column="height", topography=ground, spacing=100.0,
        thickness=50.0, depth=700.0, margin=100.0, trend="none",
    )  # fmt: skip
    found = result.model.density_contrast
    surface = ground.interp(northing=found.northing, easting=found.easting)
    npt.assert_array_equal(np.isnan(found), (found.upward > surface + 0.002).transpose(*found.dims))
    again = forward(result.model, stations(count=120, height=250.0), height_column="height")
    npt.assert_allclose(
        result.predicted["predicted"], again["predicted"], atol=1e-4 * float(again["predicted"].abs().max())
    )


def test_the_standard_deviation_grows_with_depth_and_is_reproducible(heavy):
    """Eight models: less is known at depth; the same seed gives the same, another one another."""
    options = {"realizations": 8, "margin": 100.0}
    first, second = (invert(*heavy, **options).model.density_contrast_std for _ in range(2))
    npt.assert_array_equal(first, second)
    by_layer = first.mean(["northing", "easting"]).to_numpy()
    assert by_layer[-1] > by_layer[0]
    assert float(first.min()) > 0
    assert (invert(*heavy, seed=1, **options).model.density_contrast_std != first).any()


def changed(table, **columns):
    """A table with other columns and its notes."""
    other = table.assign(**columns)
    other.attrs = table.attrs
    return other


def test_rows_without_value_are_left_out(heavy):
    """NaN in a value or a height, or no place: the row is not there, and the others are explained."""
    table, deviation = heavy
    gappy = changed(table, value=table["value"].where(np.arange(150) > 4))
    gappy.loc[7, "height"] = np.nan
    gappy.loc[9, "geometry"] = None
    assert len(invert(gappy, deviation).predicted) == 143


def _as_degrees(table):
    other = table.to_crs("EPSG:4326")
    other.attrs = table.attrs
    return other


BAD = {
    "nothing": ({"stations": None, "column": None}, "stations"),
    "no value": ({"stations": lambda t: changed(t, value=np.nan)}, "stations"),
    "no row": ({"stations": lambda t: changed(t[:0])}, "stations"),
    "no column": ({"column": None}, "column"),
    "no unit": ({"stations": lambda t: _noted(t, "value", "")}, "column"),
    "another unit": ({"stations": lambda t: _noted(t, "value", "nT")}, "column"),
    "deviation of zero": (
        {"stations": lambda t: _noted(changed(t, sd=0.0), "sd", "mGal"), "deviation_column": "sd"}, "deviation_column",
    ),
    "negative deviation": (
        {"stations": lambda t: _noted(changed(t, sd=-0.1), "sd", "mGal"), "deviation_column": "sd"}, "deviation_column",
    ),
    "stations inside the mesh": ({"top": 20.0}, "top"),
    "one datum and a trend": ({"stations": lambda t: changed(t[:1]), "trend": "constant"}, "trend"),
    "bounds that cross": ({"lower": 10.0, "upper": -10.0}, "lower"),
    "one model for a deviation": ({"realizations": 1}, "realizations"),
    "depth of no layer": ({"depth": 20.0}, "depth"),
    "cells by the milliard": ({"spacing": 0.1, "thickness": 0.1}, "spacing"),
    "degrees": ({"stations": _as_degrees}, "stations"),
}  # fmt: skip


def _noted(table, column, unit):
    other = changed(table)
    other.attrs = {"columns": {**table.attrs["columns"], column: {"unit": unit}}}
    return other


@pytest.mark.parametrize("case", BAD)
def test_input_that_cannot_be_used_is_refused_by_name(heavy, case):
    """A `ContractError` that names the parameter."""
    table, deviation = heavy
    options, parameter = BAD[case]
    given = {
        "stations": table, "column": "value", "deviation": deviation, "height_column": "height", **SIZES,
        **{name: value(table) if callable(value) else value for name, value in options.items()},
    }  # fmt: skip
    with pytest.raises(ContractError) as caught:
        gravity(**given)
    assert caught.value.parameter == parameter


def test_one_datum_is_explained_when_no_trend_takes_it(heavy):
    """χ² at most 1 from one station."""
    table, deviation = heavy
    middle = table.distance(gpd.points_from_xy([EAST + 800], [NORTH + 800], crs=CRS)[0]).idxmin()
    one = changed(table.loc[[middle]])
    result = invert(one, deviation)
    assert result.convergence["chi_squared"].iloc[-1] <= 1


def test_stations_under_topography_or_inside_rock_are_refused(heavy):
    """A hill of 300 m over stations at 5 m, and forward data within a block."""
    table, deviation = heavy
    axes = {"northing": NORTH + np.arange(-200.0, 1900, 100), "easting": EAST + np.arange(-200.0, 1900, 100)}
    hill = xr.DataArray(np.full((21, 21), 300.0), axes, tuple(axes), attrs={"units": "m", "crs": CRS})
    with pytest.raises(ContractError, match="`topography`"):
        invert(table, deviation, topography=hill)
    with pytest.raises(ContractError, match="`topography`"):
        invert(table, deviation, topography=hill[:5] * 0 - 9)
    inside = stations(height=-250.0)
    with pytest.raises(ContractError, match="`stations`"):
        forward(block(300.0, "kg/m3", "density_contrast"), inside, height_column="height")
    with pytest.raises(ContractError, match="`field_intensity`"):
        forward(block(0.1, "SI", "magnetic_susceptibility"), stations(), height_column="height")


def test_it_can_be_stopped(heavy):
    """Whoever listens hears rising fractions, and raising ends the search."""
    heard = []

    def listener(fraction, message):
        heard.append(fraction)
        if len(heard) > 40:
            raise CancelledError("enough")

    with progress.listening(listener), pytest.raises(CancelledError):
        invert(*heavy)
    assert heard == sorted(heard)
    assert 0 <= heard[0] <= heard[-1] <= 1


@pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
def test_the_aeromagnetic_survey_of_rio_is_explained():
    """A part of the flight lines over Rio de Janeiro (Geological Survey of Brazil, as packaged by fatiando).

    No truth is known: every tenth reading of a 12 km square is explained to its 20 nT, with χ² at its
    target, and at 22 S the anomaly is explained with the field's own inclination there.
    """
    _reader, (draft,) = read_source(DATA / "geophysics/potential_field_fatiando/rio-magnetic.csv.xz")
    frame = draft.data.to_pandas()
    places = gpd.points_from_xy(frame["longitude"], frame["latitude"], crs="EPSG:4326")
    table = gpd.GeoDataFrame(frame.drop(columns="geometry", errors="ignore"), geometry=places).to_crs(
        "EPSG:32723"
    )
    value, height = "total_field_anomaly_nt", "height_ell_m"
    east, north = table.geometry.x, table.geometry.y
    near = (abs(east - east.median()) < 6000) & (abs(north - north.median()) < 6000)
    part = table[near].iloc[::10]
    part.attrs = {"columns": {value: {"unit": "nT"}, height: {"unit": "m"}}}
    result = magnetics(
        part, value, height_column=height, deviation=20.0, field_intensity=23_500.0,
        inclination=-34.0, declination=-20.0, spacing=500.0, thickness=300.0, depth=3000.0, trend="plane",
        top=float(part[height].min()) - 100.0,
    )  # fmt: skip
    last = result.convergence.iloc[-1]
    assert last.chi_squared <= last.target
    assert float(result.model.magnetic_susceptibility.max()) < 1


@pytest.mark.parametrize("norm", [2.0, 0.0])
def test_data_within_their_errors_make_no_structure(heavy, norm):
    """Errors stated larger than all anomalies: the model is zero everywhere, in one step, for any norm."""
    table, _deviation = heavy
    result = invert(table, 10 * float(table["value"].abs().max()), norm=norm)
    npt.assert_array_equal(result.model.density_contrast, 0.0)
    assert len(result.convergence) == 1
