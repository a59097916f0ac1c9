"""Indicators on tables: published numbers, units, gaps, bounds; rolled up so that sums and ratios are kept."""

from __future__ import annotations

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pytest
import shapely

from craton.decide import indicator_values
from craton.decide.indicator_values import aggregate, compute
from craton.model.errors import ContractError
from craton.model.indicator_library import library

SAR = "sodium_adsorption_ratio"
IONS = {"sodium": "mmol/L", "calcium": "mmol/L", "magnesium": "mmol/L"}
FOREST = "forest_share"


def stated(columns, **units):
    """A table whose columns state units."""
    frame = pd.DataFrame(columns)
    frame.attrs["columns"] = {name: {"unit": unit} for name, unit in units.items()}
    return frame


def water(**changed):
    """Two waters; the first has the sodium adsorption ratio 8 / sqrt(3 + 1) = 4."""
    columns = {"sodium": [8.0, 30.0], "calcium": [3.0, 1.0], "magnesium": [1.0, 0.0], **changed}
    return stated(columns, **IONS)


@pytest.fixture
def ruled(monkeypatch):
    """Indicators that are one column `amount`, one for each rule of bringing them to larger units."""
    pattern = library()[FOREST]
    amount = {"amount": msgspec.structs.replace(pattern.inputs["forest_area"], unit="ha", quantity="")}
    made = {
        rule: msgspec.structs.replace(
            pattern, formula="amount", inputs=amount, unit="ha", aggregate=rule, lowest=0.0, highest=None
        )
        for rule in ("sum", "mean", "area_mean", "minimum", "maximum", "majority", "none")
    }
    monkeypatch.setattr(indicator_values, "library", lambda: made)
    return made


def parcels(count=500, seed=3):
    """Parcels of four districts, with forest and land in km², some without a number."""
    random = np.random.default_rng(seed)
    land = random.uniform(0.1, 9.0, count)
    forest = land * random.uniform(0.0, 1.0, count)
    land[::50] = np.nan
    district = random.choice(["A", "B", "C", "D"], count)
    return stated(
        {"forest_area": forest, "land_area": land, "district": district}, forest_area="km2", land_area="km2"
    )


def test_sodium_adsorption_ratio_by_hand():
    """8 / sqrt(3 + 1) = 4 and 30 / sqrt(1) = 30, in classes "Low" and "Very high" of Handbook 60; a pure number."""
    found = compute(water(), (SAR,))
    np.testing.assert_allclose(found[SAR], [4.0, 30.0], rtol=1e-12)
    assert list(found[f"{SAR}_class"]) == ["Low sodium", "Very high sodium"]
    assert list(compute(water(), (SAR,), language="zh")[f"{SAR}_class"]) == ["低钠", "极高钠"]
    assert found.attrs["columns"][SAR]["unit"] == "1"


def test_classes_begin_at_their_limit():
    """10 is of the class from 10 on, the number below it is not."""
    sodium = np.array([10.0, np.nextafter(10.0, 0.0)])
    found = compute(water(sodium=sodium, calcium=[1.0, 1.0], magnesium=[0.0, 0.0]), (SAR,))
    assert list(found[f"{SAR}_class"]) == ["Medium sodium", "Low sodium"]


def test_inputs_are_found_by_name_quantity_or_as_told():
    """A column told in `columns`, one told for one indicator alone, and one found by its quantity give the same."""
    renamed = stated(
        {"Na": [8.0, 30.0], "Ca": [3.0, 1.0], "Mg": [1.0, 0.0]}, Na="mmol/L", Ca="mmol/L", Mg="mmol/L"
    )
    told = ("sodium=Na", f"{SAR}.calcium = Ca", "magnesium=Mg")
    np.testing.assert_allclose(compute(renamed, (SAR,), columns=told)[SAR], [4.0, 30.0], rtol=1e-12)
    bracketed = water().rename(columns={"sodium": "Sodium (mmol/L)"})
    bracketed.attrs["columns"]["Sodium (mmol/L)"] = {"unit": "mmol/L"}
    np.testing.assert_allclose(compute(bracketed, (SAR,))[SAR], [4.0, 30.0], rtol=1e-12)
    depth = stated({"d": [0.5, 1.0]}, d="m")
    depth.attrs["columns"]["d"]["quantity"] = "thickness"
    np.testing.assert_allclose(
        compute(depth, ("effective_soil_depth",))["effective_soil_depth"], [50.0, 100.0]
    )


def test_units_are_converted_and_may_be_told():
    """Areas in ha and m² give the share of those in km²; a unit told in `columns` is as one in the table."""
    table = stated({"forest_area": [50.0], "land_area": [1e6]}, forest_area="ha", land_area="m2")
    np.testing.assert_allclose(compute(table, (FOREST,))[FOREST], [50.0], rtol=1e-12)
    bare = pd.DataFrame({"forest_area": [50.0], "land_area": [1e6]})
    told = ("forest_area=forest_area [ha]", "land_area=land_area [m2]")
    np.testing.assert_allclose(compute(bare, (FOREST,), columns=told)[FOREST], [50.0], rtol=1e-12)


def test_gaps_and_numbers_that_cannot_be_are_counted():
    """A row with a gap, a zero below the line, and a share of 120 % have none; rounding past 100 % is 100 %."""
    table = stated(
        {"forest_area": [1.0, np.nan, 1.2, 1.0 + 1e-12, 0.0], "land_area": [2.0, 1.0, 1.0, 1.0, 0.0]},
        forest_area="km2", land_area="km2",
    )  # fmt: skip
    found = compute(table, (FOREST,))
    np.testing.assert_array_equal(found[FOREST], [50.0, np.nan, np.nan, 100.0, np.nan])
    title = found.attrs["columns"][FOREST]["title"]
    assert "1 outside what can be" in title
    assert "3 of 5 rows" in title


@pytest.mark.parametrize(
    ("table", "columns", "parameter", "words"),
    [
        (lambda: water().drop(columns="sodium"), (), "table", "none for sodium"),
        (lambda: water(sodium=["a", "b"]), (), "table", "words"),
        (lambda: water(sodium=[np.nan, np.nan]), (), "table", "a number in sodium"),
        (lambda: pd.DataFrame(water().to_dict("list")), (), "table", "in no stated unit"),
        (lambda: stated(water().to_dict("list"), **{**IONS, "sodium": "kg"}), (), "table", "in kg"),
        (water, ("sodium",), "columns", "input=column"),
        (water, ("potassium=sodium",), "columns", "input=column"),
        (water, ("sodium=calcium", "sodium=sodium"), "columns", "each input once"),
        (water, ("sodium=Na",), "columns", "columns of the table"),
        (water, ("sodium=sodium [furlong-ish]",), "columns", "units that are known"),
        (water, ("sodium=sodium [meq/L]",), "columns", "sodium in mmol/L, as the table states"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_name(table, columns, parameter, words):
    """Missing and unknown columns, words for numbers, units that are lacking or do not fit."""
    with pytest.raises(ContractError, match=words) as refused:
        compute(table(), (SAR,), columns=columns)
    assert refused.value.parameter == parameter


def test_unknown_indicators_are_told_with_near_ones():
    """A slip of the pen is told with what it may have meant; one named twice is refused."""
    with pytest.raises(ContractError, match="indicators of the library") as refused:
        compute(water(), ("sodium_adsorption",))
    assert SAR in refused.value.hint
    with pytest.raises(ContractError, match="different indicators"):
        compute(water(), (SAR, SAR))


def test_one_column_is_not_both_of_two_inputs():
    """Forest and land are both areas: a table with one column of areas is refused, not taken for both."""
    table = stated({"area": [1.0]}, area="km2")
    table.attrs["columns"]["area"]["quantity"] = "area"
    with pytest.raises(ContractError, match="none for forest_area"):
        compute(table, (FOREST,))
    two = stated({"a": [1.0], "b": [2.0]}, a="m", b="m")
    two.attrs["columns"] = {name: {"unit": "m", "quantity": "thickness"} for name in "ab"}
    with pytest.raises(ContractError, match="one column for soil_depth"):
        compute(two, ("effective_soil_depth",))


def test_a_share_of_a_district_is_that_of_its_sums():
    """Sum of forest over sum of land of the rows that have both, which is not the mean of their shares."""
    table = parcels()
    found = aggregate(table, (FOREST,), "district").set_index("district")
    kept = table.dropna()
    sums = kept.groupby("district")[["forest_area", "land_area"]].sum()
    np.testing.assert_allclose(found[FOREST], 100 * sums["forest_area"] / sums["land_area"], rtol=1e-12)
    assert list(found[f"{FOREST}_rows"]) == list(kept.groupby("district").size())
    shares = 100 * kept["forest_area"] / kept["land_area"]
    assert (abs(shares.groupby(kept["district"]).mean() - found[FOREST]) > 0.1).any()


def test_ratios_of_parts_of_parts_are_those_of_the_whole():
    """Halves of each parcel give the district what whole parcels give it."""
    table = parcels()
    halves = pd.concat([table, table]).assign(
        forest_area=lambda t: t["forest_area"] / 2, land_area=lambda t: t["land_area"] / 2
    )
    halves.attrs = table.attrs
    whole, parted = (aggregate(one, (FOREST,), "district")[FOREST] for one in (table, halves))
    np.testing.assert_allclose(parted, whole, rtol=1e-12)


def test_sums_are_conserved(ruled):
    """The districts add up to the parcels to 1e-9, rows without a district included as the last group."""
    random = np.random.default_rng(4)
    amount = random.lognormal(0.0, 3.0, 20_000)
    district = random.choice(["A", "B", "C", None], amount.size)
    found = aggregate(stated({"amount": amount, "district": district}, amount="ha"), ("sum",), "district")
    assert list(found["district"]) == ["A", "B", "C", ""]
    np.testing.assert_allclose(found["sum"].sum(), amount.sum(), rtol=1e-9)
    assert found["rows"].sum() == amount.size


def test_each_rule_by_hand(ruled):
    """Of 1, 1, 4, 5 ha on areas 1, 1, 1, 3: sum 11, mean 2.75, by area 3.5, lowest 1, highest 5, mostly 1."""
    table = stated(
        {"amount": [1.0, 1.0, 4.0, 5.0, np.nan], "place": ["x"] * 5, "size": [1.0, 1.0, 1.0, 3.0, 9.0]},
        amount="ha", size="ha",
    )  # fmt: skip
    rules = ("sum", "mean", "area_mean", "minimum", "maximum", "majority")
    found = aggregate(table, rules, "place", area="size").iloc[0]
    assert [found[rule] for rule in rules] == [11.0, 2.75, 3.5, 1.0, 5.0, 1.0]
    assert found["rows"] == 5
    assert found["sum_rows"] == 4
    with pytest.raises(ContractError, match="brought to larger units"):
        aggregate(table, ("none",), "place")


def test_the_most_frequent_number_of_several_is_the_lowest(ruled):
    """7 and 3 twice each in a group: 3; in another group 7 most often."""
    table = stated({"amount": [7.0, 3.0, 7.0, 3.0, 7.0, 7.0, 3.0], "place": list("xxxxyyy")}, amount="ha")
    assert list(aggregate(table, ("majority",), "place")["majority"]) == [3.0, 7.0]


def test_polygons_weigh_by_their_area_on_the_ground(ruled):
    """A degree cell at 60° north is half one at the equator: the mean of 0 and 3 is 1 to 1 %, in any system."""
    cells = gpd.GeoDataFrame(
        {"amount": [0.0, 3.0], "place": ["x", "x"]},
        geometry=[shapely.box(100, -0.5, 101, 0.5), shapely.box(100, 59.5, 101, 60.5)], crs="EPSG:4326",
    )  # fmt: skip
    cells.attrs["columns"] = {"amount": {"unit": "ha"}}
    found = [
        aggregate(one, ("area_mean",), "place")["area_mean"][0] for one in (cells, cells.to_crs("EPSG:3395"))
    ]
    np.testing.assert_allclose(found, 1.0, rtol=1e-2)
    with pytest.raises(ContractError, match="polygons in a reference system"):
        aggregate(
            pd.DataFrame(cells.drop(columns="geometry")),
            ("area_mean",),
            "place",
            columns=("amount=amount [ha]",),
        )


@pytest.mark.parametrize(("size", "words"), [([1.0, -1.0], "one below 0"), ([0.0, 0.0], "none above 0")])
def test_areas_that_cannot_be_are_refused(ruled, size, words):
    """A negative area, and areas of which none is above 0."""
    table = stated({"amount": [1.0, 2.0], "place": ["x", "x"], "size": size}, amount="ha")
    with pytest.raises(ContractError, match=words):
        aggregate(table, ("area_mean",), "place", area="size")


def test_order_of_rows_and_other_groups_do_not_matter(ruled):
    """Shuffled rows give the same to the last bits; a group without a number has a gap."""
    table = parcels()
    table["amount"] = table["land_area"]
    table.attrs["columns"]["amount"] = {"unit": "ha"}
    table.loc[table["district"] == "D", "amount"] = np.nan
    mixed = table.sample(frac=1.0, random_state=2)
    mixed.attrs = table.attrs
    one, other = (aggregate(each, ("sum", "mean"), "district") for each in (table, mixed))
    np.testing.assert_allclose(one[["sum", "mean"]], other[["sum", "mean"]], rtol=1e-12)
    assert one["sum"].isna().tolist() == [False, False, False, True]
