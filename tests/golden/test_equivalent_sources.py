"""Equivalent sources on labelled data: contracts and refusals, and real gravity and magnetic surveys against themselves."""

import lzma

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import shapely
from tests.reading import DATA

from craton.kernels.gravity import normal_gravity
from craton.methods.equivalent_checks import equivalent_sources_at_stations, equivalent_sources_validation
from craton.methods.equivalent_sources import equivalent_sources, equivalent_sources_to_pole
from craton.model.errors import ContractError

FOLDER = DATA / "geophysics/potential_field_fatiando"
real = pytest.mark.skipif(not FOLDER.exists(), reason="the open survey data is not beside this checkout")
UTM = "EPSG:32648"


def table(east, north, crs=UTM, height_unit="m", unit="mGal", **columns):
    """Points with an anomaly and a height."""
    frame = gpd.GeoDataFrame(columns, geometry=shapely.points(east, north), crs=crs)
    frame.attrs["columns"] = {
        "anomaly": {"unit": unit, "quantity": "bouguer_anomaly", "title": "Anomaly"},
        "height": {"unit": height_unit, "quantity": "elevation"},
    }
    return frame


def mass(east, north, height):
    """Attraction of a point mass 4 km deep, 25 mGal above it."""
    level, up = (east - 5e5) ** 2 + (north - 2e6) ** 2, height + 4e3
    return 25 * 4e3**2 * up / (level + up**2) ** 1.5


def survey(count=500, **more):
    """Stations over 20 by 20 km at 100 to 500 m."""
    random = np.random.default_rng(4)
    east, north = random.uniform(-1e4, 1e4, (2, count)) + np.array([[5e5], [2e6]])
    height = 300 + 200 * np.sin(east / 2e3)
    return table(east, north, anomaly=mass(east, north, height) - 80, height=height, **more)


def test_a_point_mass_is_gridded_at_one_height():
    """The grid is the closed form at its height to 1 percent of the peak, more than 2 km from the edges.

    It has the unit, quantity and title of the column; the derivative has its unit per metre.
    """
    result = equivalent_sources(survey(), "anomaly", "height", 500.0, height=400.0)
    field = result.field
    east, north = np.meshgrid(field.easting, field.northing)
    inside = (slice(4, -4), slice(4, -4))
    npt.assert_allclose(field.values[inside], (mass(east, north, 400.0) - 80)[inside], atol=0.25)
    assert (field.attrs["units"], field.attrs["standard_name"], field.name) == (
        "mGal",
        "bouguer_anomaly",
        "anomaly",
    )
    assert result.upward_derivative.attrs["units"] == "mGal/m"
    assert field.attrs["crs"] == UTM
    assert field.northing[0] > field.northing[-1]
    row = result.solution.iloc[0]
    assert (row.stations, row.height) == (500, 400.0)
    npt.assert_allclose(result.stations.observed - result.stations.predicted, result.stations.residual)
    assert row.rms_residual == pytest.approx(np.sqrt(np.mean(result.stations.residual**2)))


def test_heights_in_feet_are_converted():
    """The same heights in ft give the same grid."""
    points = survey()
    feet = survey(height_unit="ft").assign(height=points.height / 0.3048)
    feet.attrs = survey(height_unit="ft").attrs
    npt.assert_allclose(
        equivalent_sources(feet, "anomaly", "height", 1000.0, height=400.0).field,
        equivalent_sources(points, "anomaly", "height", 1000.0, height=400.0).field,
        atol=1e-3,
    )


def test_rows_without_value_are_left_out_and_order_does_not_matter():
    """Rows without value, height or place change nothing, nor does the order of rows."""
    points = survey()
    expected = equivalent_sources(points, "anomaly", "height", 1000.0).field
    missing = points.iloc[:3].assign(anomaly=[np.nan, 1.0, 1.0], height=[1.0, np.nan, 1.0])
    missing = missing.set_geometry([*missing.geometry[:2], shapely.Point()])
    more = pd.concat([missing, points]).sample(frac=1, random_state=1)
    more.attrs = points.attrs
    npt.assert_array_equal(equivalent_sources(more, "anomaly", "height", 1000.0).field, expected)


def test_cells_far_from_stations_can_be_left_out():
    """Cells whose nearest station is further than the distance have no value."""
    found = equivalent_sources(
        survey(), "anomaly", "height", 1000.0, region=(4.8e5, 1.98e6, 5.2e5, 2.02e6), maximum_distance=2e3
    ).field
    assert np.isnan(found.values[0, 0])
    assert np.isfinite(found.values[20, 20])


def test_the_field_at_other_stations():
    """At other places and heights: the closed form to 1 percent of the peak; nothing where a height misses."""
    random = np.random.default_rng(5)
    east, north = random.uniform(-7e3, 7e3, (2, 50)) + np.array([[5e5], [2e6]])
    height = np.append(random.uniform(300, 700, 49), np.nan)
    stations = table(east, north, anomaly=np.zeros(50), height=height)
    found = equivalent_sources_at_stations(survey(), "anomaly", "height", stations, "height")
    npt.assert_allclose(found.predicted[:49], (mass(east, north, height) - 80)[:49], atol=0.25)
    assert np.isnan(found.predicted[49])
    assert found.attrs["columns"]["predicted"]["unit"] == "mGal"


def test_validation_tells_the_error_in_gaps():
    """Blocks left out are predicted better than by the mean, worse than fitted; a spoilt station stands out."""
    points = survey()
    points.loc[7, "anomaly"] += 10
    result = equivalent_sources_validation(points, "anomaly", "height", block=2000.0)
    row = result.summary.iloc[0]
    assert row.rms_relative < 0.5
    assert 90 < row.blocks <= 100
    assert int(np.abs(result.stations.residual).argmax()) == 7


def bad(**changes):
    """Refused tables and arguments."""
    return {"points": survey(), "column": "anomaly", "height_column": "height", "spacing": 1000.0, **changes}


@pytest.mark.parametrize(
    ("parameter", "changes"),
    [
        ("points", {"points": survey().to_crs("EPSG:4326")}),
        ("points", {"points": survey().iloc[:3]}),
        ("points", {"points": survey().iloc[:0]}),
        ("points", {"points": survey().assign(anomaly=np.nan)}),
        ("points", {"points": survey().set_geometry([shapely.Point(5e5, 2e6)] * 500, crs=UTM)}),
        ("height_column", {"points": survey(height_unit="mGal")}),
        ("height_column", {"points": survey(height_unit="")}),
        ("height_column", {"points": survey().assign(height=1e32)}),
        ("height", {"height": -30_000.0}),
        ("region", {"region": (5e5, 2e6, 9e5, 2.1e6)}),
        ("spacing", {"spacing": 0.1}),
    ],
)
def test_what_cannot_be_used_is_refused(parameter, changes):
    """Degrees, too few stations, all at one place, heights of another unit or absurd, far regions, endless grids."""
    changes = {**bad(), **changes}
    if "points" in changes and not changes["points"].attrs.get("columns"):
        changes["points"].attrs = survey().attrs
    with pytest.raises(ContractError, match=f"`{parameter}` must be"):
        equivalent_sources(**changes)


def test_reduction_near_the_equator_is_refused():
    """Below 15 degrees of inclination noise would become stripes."""
    with pytest.raises(ContractError, match="`inclination` must be"):
        equivalent_sources_to_pole(survey(unit="nT"), "anomaly", "height", 1000.0, 5.0, 0.0)


def read(name, **options):
    """A packed text file of numbers."""
    with lzma.open(FOLDER / name, "rt") as lines:
        return pd.read_csv(lines, **options)


@real
def test_gravity_of_south_africa():
    """Bouguer disturbances of 14,559 stations over 1,600 km and 2.6 km of height: blocks of 20 km left out.

    Their root mean square error is below 12 mGal where the data spreads by 45, and their mean within 1.
    """
    stations = read(
        "south-africa-gravity.ast.xz", sep=r"\s+", header=None, names=["lat", "lon", "height", "gravity"]
    )
    normal = normal_gravity(stations.lat.to_numpy(), stations.height.to_numpy())
    places = gpd.GeoSeries(gpd.points_from_xy(stations.lon, stations.lat), crs="EPSG:4326").to_crs(
        "EPSG:32734"
    )
    points = table(
        places.x, places.y, "EPSG:32734", anomaly=stations.gravity - normal - 0.1119 * stations.height,
        height=stations.height,
    )  # fmt: skip
    result = equivalent_sources_validation(points, "anomaly", "height", block=20_000.0, folds=3)
    row = result.summary.iloc[0]
    assert row.stations > 14_000
    assert row.rms_residual < 12
    assert abs(row.mean_residual) < 1


@real
def test_magnetics_of_rio():
    """Lines flown at different heights, every third point: levelled to 1 km, the grid is calmer than the data."""
    lines = read("rio-magnetic.csv.xz").iloc[::3]
    places = gpd.GeoSeries(gpd.points_from_xy(lines.longitude, lines.latitude), crs="EPSG:4326").to_crs(
        "EPSG:32723"
    )
    points = table(
        places.x,
        places.y,
        "EPSG:32723",
        unit="nT",
        anomaly=lines.total_field_anomaly_nt,
        height=lines.height_ell_m,
    )
    result = equivalent_sources(points, "anomaly", "height", 500.0, height=1000.0)
    row = result.solution.iloc[0]
    spread = float(points.anomaly.std())
    assert row.rms_residual < 0.35 * spread
    assert np.isfinite(result.field).all()
    assert float(result.field.std()) < spread
