"""Depth rules against the bodies they are made for, and where they must say nothing."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest

from craton.kernels import depth_rules as rules
from craton.methods.depth_rules import half_slope_depth, half_width_depth

AWAY = np.arange(-3000.0, 3001.0, 25.0)


def profile(field, distance=AWAY, line="L1"):
    points = gpd.points_from_xy(500_000.0 + distance, np.full(distance.size, 4_000_000.0))
    return gpd.GeoDataFrame({"line": line, "field": field}, geometry=points, crs="EPSG:32650")


def sheet(depth, half=0.0):
    """Upright body magnetised upright: a thin sheet, or a dyke of a half-width, without end below."""
    if not half:
        return depth / (AWAY**2 + depth**2)
    return np.arctan((AWAY + half) / depth) - np.arctan((AWAY - half) / depth)


@pytest.mark.parametrize(("shape", "power"), [("sphere", 1.5), ("cylinder", 1.0)])
def test_half_width_of_a_mass(shape, power):
    """Gravity of z/(x² + z²)^p: the depth within 1e-4 of a spline of 12 readings a depth, highs and lows alike.

    The limit of the top is the depth of the middle itself, since both bodies may be points.
    """
    for sign in (1.0, -1.0):
        found = half_width_depth(
            profile(sign * 300.0 / (AWAY**2 + 300.0**2) ** power), "line", "field", shape, height=20.0
        )
        assert len(found) == 1
        npt.assert_allclose(found["depth"] + 20.0, 300.0, rtol=1e-4)
        npt.assert_allclose(found["greatest_top"] + 20.0, 300.0, rtol=1e-3)
        npt.assert_allclose(found["distance_m"], 3000.0, atol=2.0)
        npt.assert_allclose(found.geometry.x, 500_000.0, atol=2.0)
        assert found["asymmetry"].item() < 0.02
        assert np.sign(found["height"].item()) == sign


def test_half_slope_of_a_sheet_and_a_contact():
    """Peters' lengths are 1.2142 depths over a thin sheet and 2 over a contact: x of 2x/(1+x²)² = 9/(16√3), ±1."""
    thin = half_slope_depth(profile(sheet(200.0)), "line", "field", "sheet")
    npt.assert_allclose(thin["length"], 1.2142 * 200.0, rtol=1e-3)
    npt.assert_allclose(thin["depth"], 200.0, rtol=0.015)
    assert np.sign(thin["change"]).tolist() == [1.0, -1.0]
    step = half_slope_depth(profile(np.arctan(AWAY / 200.0)), "line", "field", "contact")
    npt.assert_allclose(step["depth"], 200.0, rtol=1e-3)
    npt.assert_allclose(step["distance_m"], 3000.0, atol=4.0)


def test_half_slope_of_dykes_lies_between():
    """Depths of dykes lie between those as a contact and as a sheet, and near 1.6 for one twice as wide as deep."""
    for half in (20.0, 100.0, 200.0, 800.0):
        found = half_slope_depth(profile(sheet(200.0, half)), "line", "field")
        assert len(found) == 2
        assert (found["depth_of_contact"] <= 200.0 * 1.01).all()
        assert (found["depth_of_sheet"] >= 200.0 * 0.99).all()
    found = half_slope_depth(profile(sheet(200.0, 200.0)), "line", "field")
    npt.assert_allclose(found["depth"], 200.0, rtol=0.1)


def test_humps_need_both_sides():
    """A top at the end of a curve, on the shoulder of a higher one, or in a flat curve is none."""
    x = np.linspace(-10.0, 10.0, 401)
    assert rules.humps(x, np.exp(-((x - 9.8) ** 2))).place.size == 0
    assert rules.humps(x, np.zeros(401)).place.size == 0
    two = np.exp(-(x**2)) + 0.8 * np.exp(-((x - 1.7) ** 2))
    npt.assert_allclose(rules.humps(x, two).place, [0.0], atol=0.2)


def test_lines_that_show_nothing():
    """Flat, empty and short lines give no rows; a gap within a flank is not bridged; smaller anomalies are left out."""
    assert half_slope_depth(profile(np.full(AWAY.size, 7.0)), "line", "field").empty
    assert half_width_depth(profile(np.full(AWAY.size, np.nan)), "line", "field").empty
    assert half_width_depth(profile(AWAY[:4], AWAY[:4]), "line", "field").empty
    field = 300.0 / (AWAY**2 + 300.0**2)
    gap = np.abs(AWAY - 400.0) < 150.0
    assert half_width_depth(profile(np.where(gap, np.nan, field)), "line", "field").empty
    both = field + 0.05 * 300.0 / ((AWAY - 2500.0) ** 2 / 0.04 + 300.0**2)
    assert len(half_width_depth(profile(both), "line", "field", smallest=0.2)) == 1
