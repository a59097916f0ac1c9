"""Models updated by new contacts: the same elsewhere, as rebuilt where changed, told, and in time."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests import truth_models as truths

from craton.kernels.partition_changed import fit_changed
from craton.kernels.partition_field import Constraints, Lattice, fit_partition
from craton.kernels.partition_kept import kept_of
from craton.methods import geomodel_kept
from craton.methods.geomodel import structural
from craton.methods.geomodel_history import history
from craton.methods.geomodel_stack import distance_to_data
from craton.methods.geomodel_update import Updated, update
from craton.methods.geomodel_volume import lattice_of
from craton.model.errors import ContractError
from craton.store.codec_zarr import write_zarr

WEST, SOUTH, BOTTOM, EAST, NORTH, TOP = truths.BOX
BOX = {"region": (WEST, SOUTH, EAST, NORTH), "bottom": BOTTOM, "top": TOP, "spacing": 50.0, "thickness": 25.0}
AXES = ("easting", "northing", "upward")
NEW = truths.table(np.array([[700.0, 600.0, -415.0], [702.0, 603.0, -550.0]])).assign(unit=["C", "D"])


class Case:
    """A local model of an unconformity, and its update by a hole."""

    truth = truths.unconformity()
    contacts = truth.contacts(2400, seed=1)
    orientations = truth.orientations(40)

    def __init__(self) -> None:
        self.built = structural(
            self.contacts, self.truth.column, self.orientations, method="local", keep_fields=True, **BOX
        ).model
        self.updated = self.update(self.built, self.contacts, NEW, "2024-05-17")

    def update(
        self, model: xr.Dataset, contacts: gpd.GeoDataFrame, new: gpd.GeoDataFrame, time: str
    ) -> Updated:
        """A model with new contacts."""
        return update(model, contacts, self.truth.column, new, self.orientations, time=time)


@pytest.fixture(scope="module")
def case() -> Case:
    """Built once."""
    return Case()


def test_only_what_new_data_bear_on_changes(case: Case) -> None:
    """Fields and units away from the hole are equal to the bit; a series without new data is so everywhere."""
    before, after = case.built, case.updated.model
    xr.testing.assert_equal(after["field_young"], before["field_young"])
    moved = after["field_old"] != before["field_old"]
    assert 0 < float(moved.mean()) < 0.5
    away = np.hypot(moved["easting"] - 701, moved["northing"] - 601)
    assert not bool((moved & (away > 900)).any())
    changed = after["unit"] != before["unit"]
    assert 0 < int(changed.sum()) < 100
    assert not bool((changed & ~moved).any())
    assert after.attrs["time"] == "2024-05-17"
    assert "field_young: unchanged" in after.attrs["update"]


def test_new_contacts_are_met_and_moves_told(case: Case) -> None:
    """The level comes nearer to the contacts, as far as cells of 50 m can tell, and the report has what moved."""
    levels = case.updated.model["field_old"]
    at = {name: xr.DataArray(getattr(NEW.geometry, axis)) for name, axis in zip(AXES, "xyz", strict=True)}
    stored = list(json.loads(levels.attrs["levels"]).values())
    before, after = (np.abs(one.interp(at) - stored[:2]) for one in (case.built["field_old"], levels))
    assert (after < before / 2).all()
    changes = case.updated.changes.set_index("unit")
    assert changes["cells_gained"].sum() == int((case.updated.model["unit"] != case.built["unit"]).sum())
    assert changes.loc["C", "base_moved_up"] + changes.loc["C", "base_moved_down"] > 0
    assert case.updated.contacts["added"].tolist()[-2:] == ["2024-05-17"] * 2


def test_distance_is_that_to_old_and_new_data(case: Case) -> None:
    """It is that of a model of all data, to a millimetre in metres of float32, and to the bit away from them."""
    before, after = (one["distance_to_data"].to_numpy() for one in (case.built, case.updated.model))
    places = [truths.places_of(one) for one in (case.contacts, case.orientations, NEW)]
    expected = distance_to_data(lattice_of(case.built, process="test"), np.concatenate(places))
    np.testing.assert_allclose(after, expected, atol=1e-3)
    assert 0 < float((after != before).mean()) < 0.2


def test_updates_follow_each_other(case: Case) -> None:
    """Two holes one after the other give the model of both at once."""
    later = truths.table(np.array([[1500.0, 300.0, -415.0]])).assign(unit=["C"])
    second = case.update(case.updated.model, case.updated.contacts, later, "2024-06-01")
    both = gpd.GeoDataFrame(pd.concat([NEW, later], ignore_index=True), crs=truths.CRS)
    at_once = case.update(case.built, case.contacts, both, "2024-06-01")
    xr.testing.assert_equal(second.model["unit"], at_once.model["unit"])
    np.testing.assert_allclose(second.model["field_old"], at_once.model["field_old"], atol=0.05)
    seen = history(
        (second.model, case.built, case.updated.model), times=("2024-06-01", "2023-01-01", "2024-05-17")
    )
    assert seen["unit"].dims == ("time", "upward", "northing", "easting")
    np.testing.assert_array_equal(seen["unit"][1], case.updated.model["unit"])
    assert set(np.unique(seen["last_changed"])) == {0, 2, 3}
    with pytest.raises(ContractError, match="different dates"):
        history((case.built, case.updated.model), times=("2024-06-01", "2024-06-01"))


def test_changed_boxes_equal_a_fit_of_all_data() -> None:
    """To the bit: in the boxes that changed that of all data on the same coarse field, else the old one.

    What is kept of it is what is kept of that fit, up to the order of boxes; contacts may go as they come.
    """
    random = np.random.default_rng(0)
    flat = random.uniform(0, 1000, (3000, 2))
    heights = 30 * np.sin(flat[:, 0] / 90) + 20 * np.cos(flat[:, 1] / 110)
    surface = np.arange(3000) % 2
    points = np.column_stack([flat, heights - 100.0 * surface])
    old = Constraints(points, surface, points[:4], np.tile([0.0, 0.0, 1.0], (4, 1)))
    extra = np.column_stack([random.uniform(480, 500, (6, 2)), np.full(6, 12.0)])
    new = old._replace(
        points=np.concatenate([points[10:], extra]), surface=np.append(surface[10:], np.zeros(6, np.int64))
    )
    lattice = Lattice(np.zeros(3), 1000.0)
    former = fit_partition(old, lattice=lattice)
    field, boxes, kept = fit_changed(kept_of(former, old), new)
    places = random.uniform([0, 0, -200], [1000, 1000, 100], (20_000, 3))
    inside = ((places[:, None] >= boxes[:, 0]) & (places[:, None] <= boxes[:, 1])).all(axis=2).any(axis=1)
    whole = fit_partition(new, lattice=lattice, coarse=former.coarse)
    assert 0 < inside.mean() < 1
    np.testing.assert_array_equal(field.at(places[inside]), whole.at(places[inside]))
    np.testing.assert_array_equal(former.at(places[~inside]), whole.at(places[~inside]))
    one, other = (
        leaves.of(np.lexsort((leaves.depths, *leaves.corners.T)))
        for leaves in (kept.leaves, kept_of(whole, new).leaves)
    )
    for mine, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, expected)


def test_whole_fields_are_fitted_anew_and_say_so() -> None:
    """An update of a model of few data is the model of all of them; limits of a hole are taken too."""
    truth = truths.fault()
    contacts, orientations, faults = truth.contacts(90), truth.orientations(12), truth.fault_table()
    new = truths.table(np.array([[500.0, 500.0, -300.0], [1500.0, 400.0, -120.0]])).assign(
        unit=["A", "A"], side=["", "above"]
    )
    given = {"orientations": orientations, "faults": faults}
    built = structural(contacts, truth.column, keep_fields=True, **given, **BOX).model
    found = update(built, contacts, truth.column, new, **given)
    every = gpd.GeoDataFrame(pd.concat([contacts, new[:1]], ignore_index=True), crs=truths.CRS)
    expected = structural(every, truth.column, limits=new[1:], **given, **BOX).model
    xr.testing.assert_equal(found.model["unit"], expected["unit"])
    assert "fitted anew, as a whole field feels every datum" in found.model.attrs["update"]
    slipped = given | {"faults": faults.assign(dip=faults["dip"] - 5.0)}
    again = update(built, contacts, truth.column, new, **slipped)
    expected = structural(every, truth.column, limits=new[1:], **slipped, **BOX).model
    xr.testing.assert_equal(again.model["unit"], expected["unit"])
    assert "faults are others" in again.model.attrs["update"]


def test_a_whole_field_without_new_data_stays() -> None:
    """The series above an unconformity is unchanged to the bit by a contact below it."""
    truth = truths.unconformity()
    contacts, orientations = truth.contacts(120, seed=1), truth.orientations(10)
    built = structural(contacts, truth.column, orientations, keep_fields=True, **BOX).model
    found = update(built, contacts, truth.column, NEW, orientations).model
    xr.testing.assert_equal(found["field_young"], built["field_young"])
    assert "field_young: unchanged; field_old: fitted anew" in found.attrs["update"]


def test_data_that_differ_from_those_of_the_model(case: Case) -> None:
    """Contacts that are no longer given are refitted and told; which are called new makes no difference."""
    fewer, others = case.contacts[:-5], case.contacts[-5:]
    found = case.update(case.built, fewer, NEW, "2024-05-17")
    assert "5 of the data of the model are no longer given" in found.model.attrs["update"]
    back = case.update(found.model, found.contacts, others, "2024-05-17").model
    xr.testing.assert_equal(back["unit"], case.updated.model["unit"])
    both = gpd.GeoDataFrame(pd.concat([others, NEW], ignore_index=True), crs=truths.CRS)
    xr.testing.assert_identical(case.update(case.built, fewer, both, "2024-05-17").model, case.updated.model)
    half = case.update(case.built, case.contacts[::2], NEW, "")
    assert "field_old: fitted anew, as more than 10% of its data differ" in half.model.attrs["update"]


def test_what_is_kept_survives_the_store(case: Case, tmp_path: Path) -> None:
    """Written as Zarr and read again, a model is updated to the bit as it was, and it is small."""
    write_zarr(case.built, tmp_path / "model.zarr", truths.CRS)
    stored = xr.open_zarr(tmp_path / "model.zarr", decode_coords="all")
    found = case.update(stored, case.contacts, NEW, "2024-05-17").model
    xr.testing.assert_identical(found, case.updated.model)
    assert sum(one.nbytes for name, one in found.coords.items() if str(name).startswith("fit_of")) < 400_000


def test_what_is_not_kept_is_fitted_anew(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was edited, spoilt, cut, or written by another version is updated whole, and it is told."""
    built = case.built
    edited = built.assign(field_old=built["field_old"].where(built["easting"] < 1000, 0.0))
    edited["field_old"].attrs = built["field_old"].attrs
    spoilt = edited.assign_coords(fit_of_field_young=np.zeros_like(built["fit_of_field_young"]))
    for model in (spoilt, built.isel(easting=slice(0, 30))):
        found = case.update(model, case.contacts, NEW, "").model
        assert found.attrs["update"].count("fitted anew, as the model does not keep") == 2
        assert found["field_old"].shape == model["field_old"].shape
    monkeypatch.setattr(geomodel_kept, "VERSION", 0)
    told = case.update(built, case.contacts, NEW, "").model.attrs["update"]
    assert told.count("fitted anew") == 2


def test_what_cannot_be_updated_is_refused(case: Case) -> None:
    """A model without fields or how it was made, nothing new, and no date, by name."""
    with pytest.raises(ContractError, match=r"geomodel\.structural"):
        case.update(case.built.drop_attrs(deep=False), case.contacts, NEW, "")
    with pytest.raises(ContractError, match="keep_fields"):
        case.update(case.built[["unit"]], case.contacts, NEW, "")
    with pytest.raises(ContractError, match="new_contacts"):
        case.update(case.built, case.contacts, case.contacts[:3], "")
    with pytest.raises(ContractError, match="2024-05-17"):
        case.update(case.built, case.contacts, NEW, "May")
