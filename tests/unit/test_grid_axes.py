"""Axes of grids: longitudes brought to ±180°, regularity, nodata counted."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from craton.ingest.grid_axes import axis_names, count_missing, is_regular, lattice, settle_longitudes


def world(longitudes) -> xr.Dataset:
    """A grid whose values are its own longitudes."""
    values = np.asarray(longitudes, float)
    return xr.Dataset({"z": ("longitude", values)}, coords={"longitude": values})


@pytest.mark.parametrize(
    ("longitudes", "expected", "codes"),
    [
        ([100, 110, 120], [100, 110, 120], []),
        ([200, 210, 220], [-160, -150, -140], ["longitude-wrapped"]),
        ([0, 90, 180, 270], [-180, -90, 0, 90], ["longitude-wrapped"]),
        ([0, 90, 180, 270, 360], [-180, -90, 0, 90], ["longitude-wrapped", "longitude-duplicate-column"]),
        ([45, 135, 225, 315], [-135, -45, 45, 135], ["longitude-wrapped"]),
        ([-180, -90, 0, 90, 180], [-180, -90, 0, 90, 180], []),
        ([170, 180, 190], [170, 180, 190], []),
        ([360, 270, 180, 90], [-180, -90, 0, 90], ["longitude-wrapped"]),
    ],
)
def test_longitudes_are_settled(longitudes, expected, codes):
    """Grids beyond 180° are moved or rolled, those that only cross it are kept in one piece."""
    settled, findings = settle_longitudes(world(longitudes))
    assert settled["longitude"].values.tolist() == expected
    assert [finding.code for finding in findings] == codes


@given(st.integers(2, 60), st.floats(0, 1))
def test_rolling_moves_each_value_with_its_meridian(columns, share):
    """After rolling, each value still stands at its own meridian, and longitudes rise."""
    step = 360 / columns
    settled, _ = settle_longitudes(world(lattice(share * step, step, columns)))
    apart = (settled["z"].values - settled["longitude"].values) % 360
    assert np.minimum(apart, 360 - apart).max() < 1e-6
    assert np.all(np.diff(settled["longitude"].values) > 0)
    assert settled.sizes["longitude"] == columns


def test_names_of_axes_follow_the_system():
    """Geographic systems have latitude and longitude, all others northing and easting."""
    assert axis_names("EPSG:4326") == ("latitude", "longitude")
    assert axis_names("EPSG:32648") == ("northing", "easting")
    assert axis_names("") == ("northing", "easting")


@pytest.mark.parametrize(
    ("axis", "regular"),
    [([1, 2, 3], True), ([3, 2, 1], True), ([1, 2, 4], False), ([1, 1, 1], True), ([5], True)],
)
def test_regular_axes_are_told(axis, regular):
    """An axis is regular when its steps agree to a hundredth."""
    assert is_regular(np.array(axis)) is regular


def test_missing_cells_are_counted():
    """Empty cells of real numbers are counted, whole numbers have none."""
    dataset = xr.Dataset({"a": ("x", [1.0, np.nan, np.nan]), "b": ("x", [1, 2, 3])})
    assert count_missing(dataset, ["a", "b"]) == 2
