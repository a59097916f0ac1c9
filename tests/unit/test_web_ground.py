"""What lies near a place, and places by name, among more features than are looked at."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from tests.featured import featured, stored

from craton.web import under_features
from craton.web.places import _hits, _point
from craton.web.under_features import features_near
from craton.web.under_place import Place


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(under_features, "MOST_LOOKED_AT", 100)
    monkeypatch.setattr(under_features, "ENOUGH", 20)


def near(tmp_path, points, place):
    data = gpd.GeoDataFrame({"n": range(len(points))}, geometry=points, crs="EPSG:4326")
    store, record = stored(data, "table", tmp_path / "node", crs="EPSG:4326")
    return features_near(SimpleNamespace(store=store), record, place)


def test_the_nearest_features_are_told_however_many_there_are(tmp_path):
    """The nearest come first, wherever their rows are; the count is what there are at least."""
    places = np.random.default_rng(1).uniform((100, 15), (101, 16), (2000, 2))
    places = places[np.argsort(-np.hypot(*(places - (100.5, 15.5)).T))]
    said = near(tmp_path, shapely.points(places), Place(shapely.Point(100.5, 15.5), 100_000.0))
    assert said["features"][0]["id"] == 2000
    assert {one["id"] for one in said["features"]} <= set(range(1990, 2001))
    assert said["more"] is True
    assert said["count"] == 100


@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_a_crowd_far_off_is_found(tmp_path, spread):
    """Features that all lie at the edge of what is looked at, or at one place there, are found."""
    middle = np.random.default_rng(2).normal((100.5, 15.5), spread, (500, 2))
    said = near(tmp_path, shapely.points(middle), Place(shapely.Point(100.0, 15.5), 70_000.0))
    assert said["more"] is True
    assert len(said["features"]) == 5
    closest = np.hypot((middle[:, 0] - 100) * np.cos(np.radians(15.5)), middle[:, 1] - 15.5).min() * 111_000
    assert said["features"][0]["distance"] == pytest.approx(closest, rel=0.01)


def test_what_meets_an_area_comes_first(tmp_path):
    """Of many features in the box of a slender area, those within it are told."""
    places = np.random.default_rng(3).uniform((100, 15), (101, 16), (3000, 2))
    area = shapely.LineString([(100, 15), (101, 16)]).buffer(0.005)
    inside = shapely.contains_xy(area, *places.T)
    said = near(tmp_path, shapely.points(places), Place(area, 0.0))
    assert all(one["inside"] for one in said["features"])
    assert said["count"] == inside.sum()


def test_exact_names_are_found_among_many(tmp_path):
    """A place that is named so exactly, or begins so, is found behind many whose names hold the words."""
    names = [f"Old Mine {n}" for n in range(500)] + ["mine", "Mine road"]
    data = pd.DataFrame({"name": names, "village": ["Minehead"] * 10 + [None] * 492})
    index = featured(data, "table", tmp_path / "node")
    found = set(_hits(index, ["name", "village"], "Mine", 12))
    assert {501, 502} <= found
    assert set(_hits(index, ["name"], "Mine road", 12)) == {502}


def test_lines_and_areas_have_a_point_of_their_own():
    """The point of an area lies in it, even where it is bent or crosses itself; that of a line on it."""
    bent = shapely.Point(0, 0).buffer(2).difference(shapely.Point(1, 0).buffer(1.8))
    assert bent.contains(shapely.Point(_point(shapely.geometry.mapping(bent))))
    line = shapely.LineString([(0, 0), (1, 5), (2, 0)])
    assert line.distance(shapely.Point(_point(shapely.geometry.mapping(line)))) < 1e-9
    assert _point(shapely.geometry.mapping(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)])))
