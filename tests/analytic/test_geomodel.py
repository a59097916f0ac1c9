"""Geological models against truths written as functions: units, contacts, convergence, symmetries, refusals.

Boxes are 25 cells a side, so that a cell is 80 x 80 x 40 m; a boundary cell may be called either way where
the surface is known to half a metre, which bounds what 99 percent can mean.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests import truth_models as truths

from craton.methods.geomodel import Built, structural
from craton.methods.geomodel_column import column_of
from craton.methods.geomodel_map import contacts_of_map
from craton.methods.geomodel_volume import codes_of, lattice_of, units_of
from craton.model.errors import ContractError

WEST, SOUTH, BOTTOM, EAST, NORTH, TOP = truths.BOX
SIDE = 25
BOX = {"region": (WEST, SOUTH, EAST, NORTH), "bottom": BOTTOM, "top": TOP, "spacing": 2000.0 / SIDE}
BOX["thickness"] = (TOP - BOTTOM) / SIDE


def built(truth: truths.Truth, contacts: int, orientations: int, **more: object) -> Built:
    """Model of a truth from samples of it."""
    given = {"orientations": truth.orientations(orientations), "faults": truth.fault_table(), **BOX, **more}
    return structural(truth.contacts(contacts), truth.column, **given)


def wrong(truth: truths.Truth, model: xr.Dataset) -> float:
    """Share of cells whose unit is not the true one."""
    expected = truth.unit(lattice_of(model, process="test").places())
    return float((codes_of(model, units_of(model)).ravel() != expected).mean())


@pytest.mark.parametrize("make", truths.MODELS, ids=lambda make: make.__name__)
def test_dense_clean_data_give_the_true_unit_nearly_everywhere(make: object) -> None:
    """At least 99 percent of cells are right, and surfaces pass their contacts to a hundredth of a metre."""
    truth = make()
    found = built(truth, 400, 60)
    assert wrong(truth, found.model) <= 0.01
    assert float(np.abs(found.contacts["residual"]).max()) < 0.01


def test_error_falls_with_data() -> None:
    """Four times the contacts bring less than half of the wrong cells, twice in a row."""
    truth = truths.fold()
    few, some, many = (wrong(truth, built(truth, count, 9).model) for count in (25, 100, 400))
    assert some < few / 2
    assert many < some / 2


def test_known_slip_carries_beds_across_the_fault() -> None:
    """Contacts of the foot wall alone, and the slip, give the hanging wall: less than 1.5 percent wrong."""
    truth = truths.fault()
    contacts, orientations = truth.contacts(400), truth.orientations(40)
    plane = truth.faults[0].function
    for frame in (contacts, orientations):
        frame["foot"] = plane(truths.places_of(frame)) < 0
    found = structural(
        contacts[contacts["foot"]], truth.column, orientations[orientations["foot"]],
        truth.fault_table(slip=True), **BOX,
    )  # fmt: skip
    assert wrong(truth, found.model) < 0.015


def test_result_does_not_depend_on_order_or_origin() -> None:
    """Rows in another order give the same cells, and so does another origin."""
    truth = truths.unconformity()
    contacts, orientations = truth.contacts(200), truth.orientations(30)
    expected = structural(contacts, truth.column, orientations, **BOX).model["unit"].to_numpy()
    shuffled = structural(
        contacts.sample(frac=1, random_state=1),
        truth.column,
        orientations.sample(frac=1, random_state=2),
        **BOX,
    )
    shift = np.array([300_000.0, 2_000_000.0, 500.0])
    moved = [
        frame.set_geometry(shapely.points(truths.places_of(frame) + shift), crs=truths.CRS)
        for frame in (contacts, orientations)
    ]
    box = {
        **BOX, "region": tuple(np.array(BOX["region"]) + np.tile(shift[:2], 2)),
        "bottom": BOTTOM + shift[2], "top": TOP + shift[2],
    }  # fmt: skip
    there = structural(moved[0], truth.column, moved[1], **box)
    np.testing.assert_array_equal(shuffled.model["unit"].to_numpy(), expected)
    assert (there.model["unit"].to_numpy() != expected).mean() < 1e-4


def test_result_turns_with_the_data() -> None:
    """Data turned by a quarter turn give the model turned by it."""
    truth = truths.fault()
    contacts, orientations, faults = truth.contacts(150), truth.orientations(24), truth.fault_table()
    box = {**BOX, "region": (0.0, 0.0, 1600.0, 1600.0), "spacing": 80.0}
    straight = structural(contacts, truth.column, orientations, faults, **box).model["unit"].to_numpy()

    def turned(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        east, north, up = truths.places_of(frame).T
        other = frame.set_geometry(
            shapely.points(np.stack([north, 1600.0 - east, up], axis=1)), crs=truths.CRS
        )
        if "dip_direction" in other:
            other["dip_direction"] = (other["dip_direction"] + 90.0) % 360.0
        return other

    other = structural(turned(contacts), truth.column, turned(orientations), turned(faults), **box)
    expected = np.rot90(straight, -1, axes=(1, 2))
    assert (other.model["unit"].to_numpy() != expected).mean() < 1e-3


def test_local_and_global_fields_agree() -> None:
    """The local method comes to the truth as the global one does, beside a fault of unknown slip too."""
    truth = truths.fault()
    assert wrong(truth, built(truth, 400, 60, method="local").model) <= 0.01


def test_error_smooths_noise() -> None:
    """Contacts off by 15 m: with that error stated fewer cells are wrong than through all of them."""
    truth = truths.fold()
    noisy, orientations = truth.contacts(240, noise=15.0), truth.orientations(12)
    through = structural(noisy, truth.column, orientations, **BOX)
    smoothed = structural(noisy, truth.column, orientations, error=15.0, **BOX)
    assert wrong(truth, smoothed.model) < 0.7 * wrong(truth, through.model)
    assert 8.0 < float(np.sqrt((smoothed.contacts["residual"] ** 2).mean())) <= 16.0


def test_onlap_keeps_layers_apart_from_the_floor() -> None:
    """A bed that laps on to a hill ends there: its base is level, and the hill stays as it is."""

    def floor(places: np.ndarray) -> np.ndarray:
        return -500 + 250 * np.exp(-((places[:, 0] - 1000) ** 2) / (2 * 300.0**2))

    random = np.random.default_rng(3)
    flat = random.uniform([0, 0], [2000, 1600], (200, 2))
    hill = np.column_stack([flat, floor(flat)])
    level = np.column_stack([flat, np.full(len(flat), -350.0)])
    level = level[floor(level) < -350.0]
    frame = truths.table(np.concatenate([level, hill])).assign(unit=["A"] * len(level) + ["B"] * len(hill))
    column = truths.column(("A", "young", "onlap"), ("B", "young", "onlap"), ("old", "old", ""))
    model = structural(frame, column, **BOX).model
    places = lattice_of(model, process="test").places()
    expected = np.where(places[:, 2] < floor(places), 3, np.where(places[:, 2] < -350, 2, 1))
    assert (model["unit"].to_numpy().ravel() != expected).mean() < 0.01


def test_limits_and_lines_bend_surfaces() -> None:
    """A place known to be in a unit is in it, and a line in the beds gives them its plunge."""
    frame = truths.table(
        np.array([[200.0, 200, -500], [1800, 200, -500], [200, 1400, -500], [1800, 1400, -500]])
    )
    frame["unit"] = "A"
    column = truths.column(("A", "beds", ""), ("B", "beds", ""))
    deep = truths.table(np.array([[1000.0, 800.0, -700.0]])).assign(unit="A", side="in")
    model = structural(frame, column, limits=deep, **BOX).model
    assert int(model["unit"].sel(easting=1000, northing=800, upward=-660, method="nearest")) == 1
    line = truths.table(np.array([[1000.0, 800.0, -500.0]])).assign(trend=90.0, plunge=20.0)
    field = structural(frame[:1], column, lines=line, keep_fields=True, **BOX).model["field_beds"]
    slope = field.differentiate("easting") / field.differentiate("upward")
    np.testing.assert_allclose(np.degrees(np.arctan(slope)), 20.0, atol=0.01)


def test_ground_cuts_the_model() -> None:
    """Cells above the ground have no unit, and cells below it all have one."""
    truth = truths.layer_cake()
    axes = {"northing": np.arange(1650.0, -100, -100), "easting": np.arange(-50.0, 2100, 100)}
    ground = xr.DataArray(
        np.full((18, 22), -150.0), axes, tuple(axes), attrs={"units": "m", "crs": truths.CRS}
    )
    model = built(truth, 100, 12, topography=ground).model
    above = model["upward"].to_numpy() > -150.0
    assert (model["unit"].to_numpy()[above] == 0).all()
    assert (model["unit"].to_numpy()[~above] > 0).all()


def test_odd_data_are_solved_and_told() -> None:
    """Repeats, pinched units, orientations without a number, units without data, points beyond the box."""
    truth = truths.layer_cake()
    contacts, orientations = truth.contacts(90), truth.orientations(12)
    expected = structural(contacts, truth.column, orientations, **BOX)
    pinched = contacts[contacts["unit"] == "A"].head(3).assign(unit="B")
    orientations.loc[len(orientations)] = {**orientations.iloc[0].to_dict(), "dip": np.nan}
    column = pd.concat([truth.column, pd.DataFrame([{"unit": "deep", "series": "beds", "relation": ""}])])
    told = structural(
        pd.concat([contacts, contacts.head(5), pinched]), column.reset_index(drop=True), orientations, **BOX
    )
    # The deepest unit needs no contact; D, now above it, has none and gives place to it.
    cells = told.model["unit"].to_numpy()
    np.testing.assert_array_equal(np.where(cells == 5, 4, cells), expected.model["unit"].to_numpy())
    report = told.report.set_index("unit")
    assert "no contacts" in report.loc["D", "note"]
    assert "1 orientations without a place, dip or direction left out" in told.report["note"].iloc[0]
    assert "3 of 33 contacts left out" in report.loc["B", "note"]
    far = contacts.assign(geometry=shapely.points(truths.places_of(contacts) + np.array([5000.0, 0.0, 0.0])))
    beyond = structural(far, truth.column, orientations, **BOX).report
    assert beyond["contacts_beyond"].sum() == beyond["contacts"].sum() == len(far)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": "Z"}, "Z"),
        ({"geometry": shapely.Point()}, "none"),
        ({"geometry": shapely.Point(5, 5)}, "height"),
    ],
)
def test_contacts_that_cannot_be_used_are_refused(change: dict[str, object], words: str) -> None:
    """Unknown units, and contacts without a place or a height, are refused by name."""
    truth = truths.layer_cake()
    contacts = truth.contacts(30).assign(**change)
    with pytest.raises(ContractError, match=words):
        structural(contacts, truth.column)


def test_column_is_read_and_refused() -> None:
    """Codes, colours and relations are read; series that lie apart and unknown relations are refused."""
    table = pd.DataFrame({"unit": ["a", "b", "c"], "series": ["s", "s", "t"], "relation": ["erode", "", ""]})
    read = column_of("test", table)
    assert read.order == ("a", "b", "c")
    assert [(one.name, one.relation) for one in read.series] == [("s", "erode"), ("t", "onlap")]
    with pytest.raises(ContractError, match="another series"):
        column_of("test", table.assign(series=["s", "t", "s"]))
    with pytest.raises(ContractError, match="overlap"):
        column_of("test", table.assign(relation="overlap"))


def test_contacts_of_a_map_lie_on_the_base_of_the_younger_unit() -> None:
    """A level boundary of two polygons on a slope: contacts lie on it, at the height of the ground, off faults."""
    axes = {"northing": np.arange(1990.0, 0, -20), "easting": np.arange(10.0, 3000, 20)}
    heights = 100.0 + 0.1 * np.broadcast_to(axes["easting"], (100, 150))
    ground = xr.DataArray(heights, axes, tuple(axes), attrs={"units": "m", "crs": truths.CRS})
    geology = gpd.GeoDataFrame(
        {"name": ["old", "young", "cover"], "from": [20.0, 10.0, 1.0], "to": [30.0, 20.0, 0.0]},
        geometry=[shapely.box(0, 0, 1000, 2000), shapely.box(1000, 0, 2000, 2000), shapely.box(2000, 0, 3000, 2000)],
        crs=truths.CRS,
    )  # fmt: skip
    fault = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 1500), (3000, 1500)])], crs=truths.CRS)
    found = contacts_of_map(
        geology, ground, faults=fault, unit_column="name", spacing=100.0, youngest_age="from", oldest_age="to",
        ignored=("cover",),
    )  # fmt: skip
    assert list(found.column["unit"]) == ["young", "old"]
    assert set(found.contacts["unit"]) == {"young"}
    places = truths.places_of(found.contacts)
    np.testing.assert_allclose(places[:, 0], 1000.0)
    np.testing.assert_allclose(places[:, 2], 200.0, atol=1e-6)
    assert np.abs(places[:, 1] - 1500).min() > 100.0
    assert len(places) == 18


@pytest.mark.parametrize("seed", [0, 1])
def test_beds_do_not_come_again_beneath_themselves(seed):
    """Under shallow holes and one deep contact columns get older downward, but for one cell in a thousand.

    The smoothest field alone turns over below the holes, where it has no data: 2 to 4 cells in 100 then
    have a younger unit right beneath an older one.
    """
    random, rows = np.random.default_rng(seed), []
    for _hole in range(30):
        easting, northing, upward = random.uniform(0, 2000), random.uniform(0, 1500), 5.0
        for unit in "ABCD":
            upward -= random.uniform(1, 30)
            if random.uniform() < 0.5:
                rows.append((unit, shapely.Point(easting, northing, upward)))
    rows.append(("E", shapely.Point(1000.0, 700.0, -260.0)))
    contacts = gpd.GeoDataFrame(rows, columns=["unit", "geometry"], geometry="geometry", crs="EPSG:28350")
    built = structural(contacts, pd.DataFrame({"unit": list("ABCDEF")}), spacing=100.0, thickness=10.0)
    younger_below = np.diff(built.model["unit"].to_numpy().astype(int), axis=0) < 0
    assert younger_below.mean() < 0.001
    assert "held flat" in " ".join(built.report["note"])
