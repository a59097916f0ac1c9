"""Tables put one below the other: columns by name, units, reference systems, what is refused, what it is for."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from tests import truth_models as truths

from craton.methods.geomodel import structural
from craton.methods.vector_append import append
from craton.methods.vector_shapes import noted, notes_of
from craton.model.errors import ContractError


def points(notes: dict[str, dict[str, str]], crs: str = "EPSG:32648", **columns: object) -> gpd.GeoDataFrame:
    """Two points with columns, and what is noted of them."""
    places = shapely.points([[500_000.0, 2_000_000.0, 10.0], [500_100.0, 2_000_000.0, 20.0]])
    return noted(gpd.GeoDataFrame(columns, geometry=places, crs="EPSG:32648").to_crs(crs), notes)


def test_columns_are_matched_by_name_and_numbers_are_in_one_unit() -> None:
    """Feet become metres, columns of one table are empty in the other, whole numbers stay whole."""
    first = points(
        {"depth": {"unit": "m", "quantity": "depth"}}, depth=[1.0, 2.0], row=[1, 2], unit=["A", "B"]
    )
    second = points({"depth": {"unit": "ft"}}, depth=[10.0, np.nan], row=[3, 4], note=["x", None])
    found = append((first, second), source_column="from", sources=("map", "holes"))
    np.testing.assert_allclose(found["depth"], [1.0, 2.0, 3.048, np.nan])
    assert found["row"].tolist() == [1, 2, 3, 4]
    assert found["unit"].dropna().to_dict() == {0: "A", 1: "B"}
    assert found["note"].dropna().to_dict() == {2: "x"}
    assert found["from"].tolist() == ["map", "map", "holes", "holes"]
    assert notes_of(found) == {"depth": {"unit": "m", "quantity": "depth"}}


def test_later_tables_are_brought_to_the_system_of_the_first() -> None:
    """Points of the next zone come to lie on those of the first, to a millimetre, heights as they were."""
    first = points({})
    found = append((first, points({}, crs="EPSG:32647"), first))
    assert found.crs == first.crs
    places = shapely.get_coordinates(found.geometry.to_numpy(), include_z=True).reshape(3, 2, 3)
    np.testing.assert_allclose(places, places[:1].repeat(3, axis=0), atol=1e-3)


LINES = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])], crs="EPSG:32648")


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (points({}, value=["a", "b"]), "one kind of values in the column `value`"),
        (points({"value": {"unit": "kg"}}, value=[1.0, 2.0]), "`value` in m"),
        (points({}, value=[1.0, 2.0]), "no stated unit in table 2"),
        (points({"value": {"unit": "m", "quantity": "height"}}, value=[1.0, 2.0]), "one quantity"),
        (LINES, "points in table 1, lines in table 2"),
        (points({}).set_crs(None, allow_override=True), "reference system"),
    ],
    ids=["kind", "unit", "no unit", "quantity", "geometry", "system"],
)
def test_columns_that_differ_are_refused_by_name(second: gpd.GeoDataFrame, words: str) -> None:
    """Another type, unit, quantity, geometry or an unknown system is an error that names it."""
    first = points({"value": {"unit": "m", "quantity": "elevation"}}, value=[1.0, 2.0])
    with pytest.raises(ContractError, match=words):
        append((first, second))
    with pytest.raises(ContractError, match="two tables or more"):
        append((first,))
    with pytest.raises(ContractError, match="source_column"):
        append((first, first), source_column="value")


def test_a_map_and_holes_make_one_model() -> None:
    """Contacts of a map, without heights, and of holes in one table give the model of all contacts with heights."""
    truth = truths.layer_cake()
    every = truth.contacts(120)
    on_ground = every["unit"] == "A"
    slope = -200.0 - 0.08 * every.geometry.x
    flat = every[on_ground].set_geometry(
        shapely.force_2d(every.geometry[on_ground].to_numpy()), crs=truths.CRS
    )
    flat = flat.assign(elevation=slope[on_ground])
    both = append((every[~on_ground].assign(hole_id="H"), flat))
    box = {
        "region": (0.0, 0.0, 2000.0, 1600.0),
        "bottom": -1000.0,
        "top": 0.0,
        "spacing": 100.0,
        "thickness": 50.0,
    }
    model, expected = (
        structural(table, truth.column, truth.orientations(12), **box).model["unit"].to_numpy()
        for table in (both, every)
    )
    np.testing.assert_array_equal(model, expected)


def test_empty_columns_take_part_in_nothing() -> None:
    """A column without values in one table is of any kind and unit."""
    found = append((points({"depth": {"unit": "m"}}, depth=[1.0, 2.0]), points({}, depth=[None, None])))
    np.testing.assert_array_equal(found["depth"], [1.0, 2.0, np.nan, np.nan])
    assert pd.api.types.is_float_dtype(found["depth"])
