"""Demagnetisation of bodies against closed forms of their tensors."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pytest
import shapely

from craton.methods.bodies import magnetics_at_stations
from craton.methods.demagnetisation import demagnetised_bodies
from craton.model.errors import ContractError

DOWN = {"intensity": 4e-7 * np.pi * 1e9 * 40.0, "inclination": 90.0, "declination": 0.0}
"""A field of 40 A/m downward."""


def body(place=None, **columns):
    frame = gpd.GeoDataFrame(
        {"susceptibility": [3.0], **{name: [one] for name, one in columns.items()}},
        geometry=[shapely.Point(500_000.0, 4_000_000.0) if place is None else place],
        crs="EPSG:32650",
    )
    frame.attrs["columns"] = {"susceptibility": {"unit": "SI"}}
    return frame


def factor(frame, **field):
    """N along the field: χ/(1 + χN) is what is left of χ."""
    left = demagnetised_bodies(frame, **{**DOWN, **field})["remanence"].item() / 40.0
    return 1.0 / left - 1.0 / 3.0


def test_factors_of_bodies():
    """N at the middle: sphere 1/3; box (2/π) atan(ab/(c√(a²+b²+c²))); cylinder 1 − h/√(h² + r²), its half-height h.

    The cylinder has 64 sides of the volume of the round one: 1e-3. Others to 1e-6.
    """
    npt.assert_allclose(factor(body(kind="sphere", top=-50.0, radius=100.0)), 1 / 3, rtol=1e-6)
    a, b, c = 300.0, 200.0, 50.0
    box = {"kind": "prism", "width": 2 * a, "length": 2 * b, "top": -10.0, "bottom": -10.0 - 2 * c}
    expected = 2 / np.pi * np.arctan(a * b / (c * np.sqrt(a * a + b * b + c * c)))
    npt.assert_allclose(factor(body(**box)), expected, rtol=1e-6)
    outline = shapely.box(500_000 - a, 4e6 - b, 500_000 + a, 4e6 + b)
    npt.assert_allclose(factor(body(outline, top=-10.0, bottom=-10.0 - 2 * c)), expected, rtol=1e-6)
    tube = body(kind="cylinder", radius=80.0, top=0.0, bottom=-300.0)
    npt.assert_allclose(factor(tube), 1 - 150 / np.hypot(150, 80), rtol=1e-3)


def test_long_bodies_and_sheets():
    """A long cylinder has 1/2 across and 0 along it; a wide thin dyke 1 across and 0 in its plane, dipping too."""
    long = {"azimuth": 30.0, "radius": 10.0, "length": 1e5, "top": -50.0}
    for kind in ({"kind": "rod"}, {"kind": "line", "plunge": 0.0}):
        npt.assert_allclose(factor(body(**kind, **long)), 0.5, rtol=1e-3)
        npt.assert_allclose(factor(body(**kind, **long), inclination=0.0, declination=30.0), 0, atol=1e-3)
    sheet = {
        "kind": "dyke",
        "azimuth": 20.0,
        "dip": 60.0,
        "width": 1.0,
        "length": 4e3,
        "top": 0.0,
        "bottom": -4e3,
    }
    # The normal of a sheet that dips 60° to the right of its azimuth: 30° up, towards the right.
    npt.assert_allclose(factor(body(**sheet), inclination=-30.0, declination=110.0), 1.0, atol=2e-3)
    npt.assert_allclose(factor(body(**sheet), inclination=60.0, declination=110.0), 0.0, atol=2e-3)


def test_anomaly_of_a_sphere():
    """The anomaly over a magnetic sphere is that of χ/(1 + χ/3), 1e-9; remanence weakens alike; 0.001 changes 3e-4."""
    over = gpd.GeoDataFrame(geometry=gpd.points_from_xy([5e5, 5e5 + 90], [4e6, 4e6]), crs="EPSG:32650")
    field = {"intensity": 50_000.0, "inclination": 35.0, "declination": 10.0}
    ball = body(kind="sphere", top=-50.0, radius=30.0)
    weak = ball.assign(susceptibility=3.0 / (1 + 1.0))
    found, expected = (
        magnetics_at_stations(one, over, **field)["magnetic_field_of_bodies"]
        for one in (demagnetised_bodies(ball, **field), weak)
    )
    npt.assert_allclose(found, expected, rtol=1e-9)
    alone = body(kind="sphere", top=-50.0, radius=30.0, remanence=2.0, remanence_inclination=90.0,
                 remanence_declination=0.0)  # fmt: skip
    both = demagnetised_bodies(alone, **DOWN)
    npt.assert_allclose(both["remanence"], (3.0 * 40.0 + 2.0) / 2.0, rtol=1e-9)
    npt.assert_allclose(both["demagnetisation"], 0.5, rtol=1e-9)
    assert both["susceptibility"].item() == 0.0
    hardly = demagnetised_bodies(ball.assign(susceptibility=1e-3), **DOWN)
    npt.assert_allclose(hardly["demagnetisation"], 1 - 1e-3 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"susceptibility": -2.0}, "above -1"),
        ({"susceptibility": 5e4}, "at most 10000"),
        ({"radius": 0.0}, "above 0"),
        ({"kind": "cone"}, "kind"),
    ],
)
def test_bodies_that_are_refused(columns, words):
    """Susceptibilities that none has, in other units too; bodies without a shape."""
    frame = body(kind="sphere", top=-50.0, radius=30.0).assign(**columns)
    with pytest.raises(ContractError, match=words):
        demagnetised_bodies(frame, **DOWN)
