"""Features brought to another reference system."""

from __future__ import annotations

import geopandas as gpd
import numpy.testing as npt
import pyproj
import pytest
import shapely

from craton.methods.vector_reproject import reproject
from craton.model.errors import ContractError


def places(*positions, crs="EPSG:4326"):
    return gpd.GeoDataFrame({"gold": range(len(positions))}, geometry=[*positions], crs=crs)


def test_the_zone_is_that_of_the_centre_and_positions_are_those_of_proj():
    """Points of northern Laos come to UTM 48N, where PROJ puts them; rows, columns and notes stay."""
    table = places(shapely.Point(102.1, 19.9), None, shapely.Point(103.2, 20.4))
    table.attrs["columns"] = {"gold": {"unit": "mg/kg"}}
    moved = reproject(table)
    move = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32648", always_xy=True)
    assert moved.crs == "EPSG:32648"
    npt.assert_allclose(shapely.get_coordinates(moved.geometry[0])[0], move.transform(102.1, 19.9), atol=1e-6)
    assert moved.geometry[1] is None
    assert list(moved["gold"]) == [0, 1, 2]
    assert moved.attrs["columns"] == {"gold": {"unit": "mg/kg"}}


def test_there_and_back_is_where_it_was():
    """Lines come back to their places within a tenth of a millimetre."""
    table = places(shapely.LineString([(102, 20), (102.5, 20.5), (103, 20)]))
    back = reproject(reproject(table, crs="EPSG:32647"), crs="EPSG:4326")
    npt.assert_allclose(
        shapely.get_coordinates(back.geometry), shapely.get_coordinates(table.geometry), atol=1e-9
    )


@pytest.mark.parametrize(
    ("table", "crs", "words"),
    [
        (places(shapely.Point(0, 0), crs=None), "EPSG:32648", "a reference system of the Earth"),
        (places(shapely.Point(0, 0), shapely.Point(100, 0)), "", "too wide for a UTM zone"),
        (places(None), "", "given for a table without places"),
        (places(shapely.Point(15, 0)), "EPSG:32648", "1 of 1 positions have none"),
    ],
)
def test_what_has_no_place_is_told(table, crs, words):
    """Tables without a system, too wide for a zone, without places or out of a projection's reach."""
    with pytest.raises(ContractError, match=words):
        reproject(table, crs=crs)
