"""Data of geological models: what is read from tables of faults, contacts, orientations, limits and columns.

Numbers are closed forms of directions and places, exact but for rounding.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from tests import truth_models as truths

from craton.kernels import implicit_fault
from craton.methods.geomodel import structural
from craton.methods.geomodel_column import StratigraphicColumn, column_of
from craton.methods.geomodel_data import contacts_of, orientations_of
from craton.methods.geomodel_faults import Fault, FaultData, faults_of, lines_back, turned_back
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_map import contacts_of_map
from craton.methods.geomodel_volume import codes_of, lattice_of, units_of
from craton.model.errors import ContractError

NOWHERE = Terrain("test", None)
BOX = {
    "region": (0.0, 0.0, 2000.0, 1600.0),
    "bottom": -1000.0,
    "top": 0.0,
    "spacing": 80.0,
    "thickness": 40.0,
}
CORNERS = np.array([[200.0, 200, -500], [1800, 200, -500], [200, 1400, -500], [1800, 1400, -500]])
WEST = shapely.Point(0, 0, 0)


def table(*rows: dict[str, object], crs: str = truths.CRS) -> gpd.GeoDataFrame:
    """Rows with geometries."""
    return gpd.GeoDataFrame(list(rows), geometry="geometry", crs=crs)


def read_faults(*rows: dict[str, object], crs: str = truths.CRS) -> list[FaultData]:
    """Faults of rows."""
    return faults_of("test", table(*rows, crs=crs), NOWHERE, truths.CRS)


def dip_directions(fault: FaultData) -> np.ndarray:
    """Dip directions in degrees of a fault."""
    return np.degrees(np.arctan2(fault.poles[:, 0], fault.poles[:, 1])) % 360.0


def beds(*units: str) -> StratigraphicColumn:
    """Column of one series."""
    return column_of("test", pd.DataFrame({"unit": units}))


def trace(*places: tuple[float, float, float], **told: object) -> dict[str, object]:
    """Row of a trace of the fault F, which dips at 60 degrees."""
    return {"fault": "F", "dip": 60.0, "geometry": shapely.LineString(places), **told}


def test_a_trace_dips_to_its_right_whatever_else_its_fault_has() -> None:
    """Corners that repeat do not turn it, and points of one fault dip as their rows say, or as the trace does."""
    north = [(0, 0, 0), (0, 0, 0), (0, 500, 0), (0, 1000, 0), (0, 1000, 0)]
    np.testing.assert_allclose(dip_directions(read_faults(trace(*north))[0]), 90.0)
    np.testing.assert_allclose(dip_directions(read_faults(trace(*north, dip_direction=270.0))[0]), 270.0)
    stated = {"fault": "F", "dip": 60.0, "geometry": shapely.Point(0, 2000, 0), "dip_direction": 110.0}
    np.testing.assert_allclose(
        np.sort(dip_directions(read_faults(trace(*north), stated)[0]))[[0, -1]], [90, 110]
    )
    silent = {**stated, "dip_direction": np.nan}
    np.testing.assert_allclose(dip_directions(read_faults(trace(*north), silent)[0]), 90.0)


def test_a_trace_of_another_zone_is_turned_with_its_places() -> None:
    """A meridian of the central line of zone 48, stated in zone 47, dips to the east in zone 48."""
    line = gpd.GeoSeries([shapely.LineString([(500_000, 4e6, 0), (500_000, 4.01e6, 0)])], crs=truths.CRS)
    row = {"fault": "F", "dip": 60.0, "geometry": line.to_crs("EPSG:32647").iloc[0]}
    np.testing.assert_allclose(dip_directions(read_faults(row, crs="EPSG:32647")[0]), 90.0, atol=1e-3)


def test_faults_are_ordered_by_any_of_their_rows() -> None:
    """The order stated in a later row counts; several orders, slips or lengths of one fault are refused."""
    rows = [
        {"fault": "old", "order": np.nan, "geometry": WEST},
        {"fault": "old", "order": 2.0, "geometry": shapely.Point(0, 9, 0)},
        {"fault": "young", "order": 1.0, "geometry": shapely.Point(50, 0, 0)},
    ]
    assert [one.name for one in read_faults(*rows)] == ["young", "old"]
    with pytest.raises(ContractError, match="`order` of every fault"):
        read_faults(*rows, {"fault": "third", "order": np.nan, "geometry": WEST})
    with pytest.raises(ContractError, match="one `order` a fault"):
        read_faults({**rows[0], "order": 1.0}, rows[1])
    with pytest.raises(ContractError, match="one `slip` a fault, not -50, 100 for F"):
        read_faults(trace((0, 0, 0), (0, 9, 0), slip=100.0), trace((0, 9, 0), (0, 99, 0), slip=-50.0))


class Level:
    """A field that grows to the east, with a fault plane at 0."""

    def at(self, places: np.ndarray) -> np.ndarray:
        """Values (n,)."""
        return places[:, 0]

    def gradient(self, places: np.ndarray) -> np.ndarray:
        """Gradients (n, 3)."""
        return np.tile([1.0, 0.0, 0.0], (len(places), 1))


def test_a_fault_that_ends_turns_poles_and_lines_together() -> None:
    """What is square stays square, and a line and the pole are turned by about the drag at the tip."""
    moved = implicit_fault.Fault(Level(), 0.0, np.array([0.0, 0.0, -80.0]), np.zeros(3), np.full(3, 500.0))
    places = np.array([[50.0, 250.0, 10.0], [120.0, -300.0, -200.0], [-50.0, 250.0, 10.0]])
    pole, line = np.tile([0.0, 0.0, 1.0], (3, 1)), np.tile([0.0, 1.0, 0.0], (3, 1))
    fault = Fault("F", moved, slip_known=True)
    poles, lines = turned_back([fault], places, pole), lines_back([fault], places, line)
    np.testing.assert_allclose((poles * lines).sum(axis=1), 0.0, atol=1e-9)
    assert np.abs(lines[:2, 2]).min() > 0.05
    np.testing.assert_allclose(lines[2], line[2], atol=1e-9)


def test_contacts_do_not_depend_on_the_order_of_rows_that_differ_in_the_unit_below() -> None:
    """One place told twice, once with the unit beneath, is read alike in both orders."""
    column = column_of("test", pd.DataFrame({"unit": ["A", "old"], "series": ["young", "old"]}))
    rows = [{"unit": "A", "below": below, "geometry": WEST} for below in ("old", None)]
    one, other = (
        contacts_of("test", table(*some), column, NOWHERE, unit_column="unit") for some in (rows, rows[::-1])
    )
    np.testing.assert_array_equal(one.below, other.below)
    assert one.below.max() == 1


def test_orientations_are_read_row_by_row_and_turned_over_once() -> None:
    """Rows of strike stand beside rows of dip direction; a bed both past the vertical and reversed is refused."""
    column = beds("A", "B")
    contacts = contacts_of(
        "test", table({"unit": "A", "geometry": WEST}), column, NOWHERE, unit_column="unit"
    )
    by_strike = {"dip": 30.0, "dip_direction": np.nan, "strike": 0.0, "geometry": shapely.Point(9, 0, 0)}
    rows = table({"dip": 30.0, "dip_direction": 90.0, "geometry": WEST}, by_strike)
    found, unread = orientations_of("test", rows, column, NOWHERE, contacts, truths.CRS)
    np.testing.assert_allclose(found.poles, [[0.5, 0, np.sqrt(0.75)]] * 2, atol=1e-12)
    assert unread == 0
    twice = table({"dip": 120.0, "dip_direction": 90.0, "polarity": -1, "geometry": WEST})
    with pytest.raises(ContractError, match="both in row 1"):
        orientations_of("test", twice, column, NOWHERE, contacts, truths.CRS)


def test_heights_come_from_where_they_are_known_row_by_row() -> None:
    """Of the geometry, else of the column, else of the ground: one table of holes and map uses all three."""
    axes = {"northing": np.arange(950.0, 0, -100), "easting": np.arange(50.0, 1000, 100)}
    ground = xr.DataArray(np.full((10, 10), 70.0), axes, tuple(axes), attrs={"units": "m", "crs": truths.CRS})
    rows = table(
        {"unit": "A", "upward": np.nan, "geometry": shapely.Point(100, 100, 5)},
        {"unit": "A", "upward": 6.0, "geometry": shapely.Point(200, 100)},
        {"unit": "A", "upward": np.nan, "geometry": shapely.Point(300, 100)},
    )
    found = contacts_of("test", rows, beds("A", "B"), Terrain("test", ground), unit_column="unit")
    np.testing.assert_array_equal(found.places[:, 2], [5.0, 6.0, 70.0])


@pytest.mark.parametrize("relation", ["onlap", "erode"])
def test_a_place_in_an_older_series_is_below_the_base_of_a_younger_one(relation: str) -> None:
    """A hole that shows the old series 200 m above the contacts around it lifts nothing above it."""
    limits = truths.table(np.array([[1000.0, 800.0, -300.0]])).assign(unit="B", side="in")
    column = truths.column(("A", "young", relation), ("B", "old", ""))
    model = structural(truths.table(CORNERS).assign(unit="A"), column, limits=limits, **BOX).model
    assert int(model["unit"].sel(easting=1000, northing=800, upward=-340, method="nearest")) == 2


def test_what_is_not_met_or_absent_is_told() -> None:
    """A unit all of whose contacts lie on those of a younger one, with the limit of it that cannot be met."""
    contacts = truths.table(np.concatenate([CORNERS, CORNERS[:1]])).assign(unit=[*"AAAA", "B"])
    limits = truths.table(CORNERS[:3] - [0, 0, 50.0]).assign(unit=["B", "C", "C"], side=["in", "in", "below"])
    column = truths.column(("A", "s", ""), ("B", "s", ""), ("C", "s", ""))
    notes = structural(contacts, column, limits=limits, **BOX).report.set_index("unit")["note"]
    assert notes["B"] == "1 of 1 contacts left out: others lie at the same place; 1 of 1 limits not met"
    assert "1 of 2 limits not met" in notes["C"]
    assert "not met" not in notes["A"]


@pytest.mark.parametrize(
    "shift", [np.zeros(3), np.array([300_000.0, 4_000_000.0, 137.0])], ids=["here", "far"]
)
def test_cells_on_a_surface_are_in_the_unit_above(shift: np.ndarray) -> None:
    """Level bases at the middles of cells: every cell of that layer is in the upper unit, at any origin."""
    flat = np.random.default_rng(1).uniform([0, 0], [2000, 1600], (60, 2))
    parts = [np.column_stack([flat, np.full(60, height)]) + shift for height in (-220.0, -500.0)]
    contacts = truths.table(np.concatenate(parts)).assign(unit=["A"] * 60 + ["B"] * 60)
    dips = truths.table(parts[0][:3]).assign(unit="A", dip=0.0, dip_direction=0.0)
    edges = tuple(np.array(BOX["region"]) + np.tile(shift[:2], 2))
    box = {**BOX, "region": edges, "bottom": BOX["bottom"] + shift[2], "top": BOX["top"] + shift[2]}
    column = truths.column(("A", "s", ""), ("B", "s", ""), ("C", "s", ""))
    codes = structural(contacts, column, dips, **box).model["unit"]
    for height, code in ((-220.0, 1), (-500.0, 2)):
        assert (codes.sel(upward=height + shift[2], method="nearest") == code).all()


def test_beds_thinner_than_fields_can_part_are_absent_there_and_told() -> None:
    """Bases 4 cm apart at one of 30 places, in an area of 100 km: solved, and told of the lower bed."""
    flat = np.random.default_rng(0).uniform([5e5, 4e6], [6e5, 4.1e6], (30, 2))
    coal = np.column_stack([flat, np.full(30, -500.0)])
    shale = coal - [0, 0, 30.0]
    shale[0, 2] = coal[0, 2] - 0.04
    contacts = truths.table(np.concatenate([coal, shale])).assign(unit=["coal"] * 30 + ["shale"] * 30)
    column = truths.column(*((unit, "s", "") for unit in ("coal", "shale", "rest")))
    found = structural(contacts, column, vertical_stretch=1.0)
    assert (
        found.report["note"]
        .tolist()[1]
        .endswith("1 contacts left out: others lie as good as at the same place")
    )
    assert np.sort(np.abs(found.contacts["residual"]))[-2] < 0.01


def test_orientations_that_contradict_each_other_are_refused_where_they_lie() -> None:
    """Opposite poles a tenth of a millimetre apart are named at their place, not at one of the fit."""
    contacts, pair = (
        truths.table(CORNERS).assign(unit="A"),
        np.array([[700.0, 700, -500], [700, 700, -500.001]]),
    )
    dips = truths.table(pair).assign(unit="A", dip=10.0, dip_direction=90.0, polarity=[1, -1])
    with pytest.raises(ContractError, match=r"`orientations` .* opposite ways at easting 700, northing 700"):
        structural(contacts, truths.column(("A", "s", ""), ("B", "s", "")), dips, **BOX)


def test_a_column_listed_from_the_oldest_unit_is_refused() -> None:
    """Ages tell that a series stands on its head; a thrust sheet, a series of its own, may be older."""
    ages = {"age_top": [300.0, 200.0], "age_base": [400.0, 300.0]}
    with pytest.raises(ContractError, match=r"'young' \(250 Ma\) below 'old'"):
        column_of("test", pd.DataFrame({"unit": ["old", "young"], **ages}))
    sheet = pd.DataFrame({"unit": ["old", "young"], "series": ["sheet", "floor"], **ages})
    assert column_of("test", sheet).order == ("old", "young")


def test_beds_the_right_way_up_do_not_turn_an_intrusion_inside_out() -> None:
    """A polarity of 1 in every row of a table of dips: the body is where it is, at 99 percent of cells."""
    truth = truths.intrusion()
    dips = truth.orientations(40).assign(polarity=1)
    model = structural(truth.contacts(300), truth.column, dips, **BOX).model
    expected = truth.unit(lattice_of(model, process="test").places())
    assert (codes_of(model, units_of(model)).ravel() == expected).mean() >= 0.99


def test_an_intrusion_older_than_beds_lies_below_them() -> None:
    """Sand 100 Ma old on granite of 2,800: the boundary is the base of the sand. A young granite cuts the sand."""
    axes = {"northing": np.arange(1990.0, 0, -20), "easting": np.arange(10.0, 3000, 20)}
    ground = xr.DataArray(
        np.full((100, 150), 9.0), axes, tuple(axes), attrs={"units": "m", "crs": truths.CRS}
    )
    shapes = [shapely.box(0, 0, 1000, 2000), shapely.box(1000, 0, 2000, 2000)]
    for age, upper in ((2800.0, "sand"), (50.0, "granite")):
        geology = gpd.GeoDataFrame(
            {"name": ["granite", "sand"], "from": [age, 100.0], "to": [age, 120.0]},
            geometry=shapes,
            crs=truths.CRS,
        )
        found = contacts_of_map(
            geology, ground, unit_column="name", spacing=100.0, youngest_age="from", oldest_age="to",
            intrusive=("granite",),
        )  # fmt: skip
        assert found.column["unit"].iloc[0] == upper
        assert set(found.contacts["unit"]) == {upper}
