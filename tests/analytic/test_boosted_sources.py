"""Gradient-boosted sources: the direct solution, a buried sphere in closed form, and what must not matter."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely

from craton.kernels.boosted_sources import boost, field_of, place_sources, windows, within
from craton.kernels.equivalent_layer import Stations
from craton.methods.boosted_sources import boosted_sources
from craton.model.errors import ContractError

HALF, DEPTH, PEAK = 10_000.0, 4_000.0, 20.0
"""Half the side of the survey and depth of the sphere's centre in metres, and its field right above in mGal."""


def sphere(north, east, up):
    """Vertical attraction of a sphere below the origin, and its derivative upward."""
    rise = up + DEPTH
    square = north**2 + east**2 + rise**2
    scale = PEAK * DEPTH**2
    return scale * rise / square**1.5, scale * (square - 3 * rise**2) / square**2.5


def survey_of(count, seed=1, relief=400.0):
    """Stations scattered over the square, at heights from 0 to `relief`."""
    random = np.random.default_rng(seed)
    north, east = random.uniform(-HALF, HALF, (2, count))
    return Stations(north, east, relief * (0.5 + 0.5 * np.sin(north / 3e3) * np.cos(east / 4e3)))


def table_of(stations, values):
    """The survey as a table."""
    points = shapely.points(stations.easting + 5e5, stations.northing + 2e6)
    frame = gpd.GeoDataFrame({"g": values, "h": stations.upward}, geometry=points, crs="EPSG:32648")
    frame.attrs["columns"] = {"g": {"unit": "mGal"}, "h": {"unit": "m"}}
    return frame


def test_one_window_is_the_direct_solution():
    """Damped least squares over all stations and sources, to 1e-9 of the greatest field for its condition."""
    stations = survey_of(150)
    values = sphere(*stations)[0]
    sources = place_sources(stations, block=800.0, depth=2_000.0)
    (box,) = windows(stations, 2 * HALF, seed=0)
    strengths, left = boost(stations, values, sources, [box], damping=1e-4)
    distance = np.sqrt(sum((one[:, None] - other) ** 2 for one, other in zip(stations, sources, strict=True)))
    scale = np.sqrt(np.mean(distance**-2, axis=0))
    heavy = np.vstack([1 / distance, np.diag(scale) * np.sqrt(1e-4 * values.size)])
    expected = np.linalg.lstsq(heavy, np.r_[values, np.zeros(scale.size)])[0]
    npt.assert_allclose(field_of(sources, strengths, stations), expected @ (1 / distance).T, atol=2e-8)
    npt.assert_allclose(left, values - expected @ (1 / distance).T, atol=2e-8)


def test_the_field_of_a_sphere_comes_back_on_another_level():
    """Field within 2 % of its peak, slope within 4 %, away from the edges, from 16 windows or more.

    Of the slope the waves that are longer than the survey are not known.
    """
    stations = survey_of(1_500)
    table = table_of(stations, sphere(*stations)[0])
    found = boosted_sources(table, "g", "h", 500.0, height=600.0, window=8_000.0, damping=1e-6)
    assert len(windows(stations, 8_000.0, seed=0)) >= 16
    inner = found.field.sel(easting=slice(4.95e5, 5.05e5), northing=slice(2.005e6, 1.995e6))
    slope = found.upward_derivative.sel(easting=inner.easting, northing=inner.northing)
    north, east = np.meshgrid(inner.northing.to_numpy() - 2e6, inner.easting.to_numpy() - 5e5, indexing="ij")
    expected = sphere(north, east, 600.0)
    for grid, values, part in zip((inner, slope), expected, (0.02, 0.04), strict=True):
        npt.assert_allclose(grid, values, atol=part * np.abs(values).max())
    assert found.stations["residual"].abs().max() < 0.02 * PEAK
    assert (found.field.attrs["units"], found.upward_derivative.attrs["units"]) == ("mGal", "mGal/m")


def test_more_overlapping_windows_come_close_to_one():
    """Windows of two fifths of the side leave at the stations at most three times what the whole leaves, plus 1 %."""
    stations = survey_of(600)
    values = sphere(*stations)[0]
    sources = place_sources(stations, block=800.0, depth=3_000.0)
    left = {
        side: boost(stations, values, sources, windows(stations, side, seed=0), damping=1e-6)[1]
        for side in (8_000.0, 2 * HALF)
    }
    rms = {side: float(np.sqrt(np.mean(one**2))) for side, one in left.items()}
    assert rms[8_000.0] <= 3 * rms[2 * HALF] + 0.01 * values.std()


def test_windows_hold_every_station_and_their_order_is_that_of_the_seed():
    """Each station is in a window; the same seed gives the same order, another seed another of the same windows."""
    stations = survey_of(300)
    first, again, other = (windows(stations, 5_000.0, seed=seed) for seed in (0, 0, 1))
    held = np.unique(np.concatenate([within(stations, box) for box in first]))
    assert held.size == 300
    assert first == again
    assert first != other
    assert sorted(first) == sorted(other)


def test_neither_the_order_of_stations_nor_a_constant_matters():
    """Stations turned round give the same numbers; a constant on the data comes back as it is, to 1e-5 (float32)."""
    stations = survey_of(200)
    values = sphere(*stations)[0]
    table = table_of(stations, values)
    found, turned, raised = (
        boosted_sources(one, "g", "h", 1_000.0, window=8_000.0).field
        for one in (table, table.iloc[::-1], table_of(stations, values + 50.0))
    )
    npt.assert_array_equal(found, turned)
    npt.assert_allclose(raised - 50.0, found, atol=2e-5)


def test_stations_on_a_line_and_at_one_place_twice():
    """Such surveys give finite fields that fit to 2 % of the peak; two values at one place are met half-way."""
    north = np.r_[np.linspace(-5e3, 5e3, 41), 0.0]
    stations = Stations(north, np.zeros(42), np.zeros(42))
    values = sphere(*stations)[0]
    values[-1] += 0.2
    found = boosted_sources(table_of(stations, values), "g", "h", 500.0, damping=1e-6)
    assert np.isfinite(found.field).all()
    twins = found.stations[found.stations.geometry.y == 2e6]["residual"]
    npt.assert_allclose(twins.sort_values(), [-0.1, 0.1], atol=0.05)
    assert found.stations["residual"].abs().max() < 0.02 * PEAK


@pytest.mark.parametrize(
    ("options", "parameter"), [({"height": -500.0, "depth": 900.0}, "height"), ({"window": 1e9}, "window")]
)
def test_what_cannot_be_is_refused(options, parameter, monkeypatch):
    """A level among the sources; windows with more stations than memory is to hold."""
    monkeypatch.setattr("craton.methods.boosted_sources.MOST_IN_WINDOW", 100)
    stations = survey_of(200)
    with pytest.raises(ContractError) as refused:
        boosted_sources(table_of(stations, sphere(*stations)[0]), "g", "h", 1_000.0, **options)
    assert refused.value.parameter == parameter
