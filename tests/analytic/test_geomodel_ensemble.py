"""Ensembles of geological models: calibration, what they hold fixed, seeds, and the random field beneath."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests import truth_models as truths

from craton.kernels.implicit_checks import Frame, checked, merged
from craton.kernels.implicit_field import Constraints, fit, left_out
from craton.kernels.intrinsic_field import intrinsic_field
from craton.methods.geomodel_ensemble import ensemble
from craton.methods.geomodel_faults import FaultData
from craton.methods.geomodel_moved import FaultErrors, moved_faults
from craton.methods.geomodel_uncertainty import best_next_borehole
from craton.methods.geomodel_volume import lattice_of
from craton.model.errors import ContractError

WEST, SOUTH, BOTTOM, EAST, NORTH, TOP = truths.BOX
BOX = {"region": (WEST, SOUTH, EAST, NORTH), "bottom": BOTTOM, "top": TOP}


def test_drawn_fields_have_the_covariance() -> None:
    """The variance of X(h) − 2 X(0) + X(−h) is 8 σ² h³, from a twentieth of the extent up to it.

    Of 400 fields a variance is known to 7 percent; waves left out at both ends take some percent.
    """
    frame, start = Frame(np.zeros(3), 100.0), np.array([10.0, 5.0, -3.0])
    for lag in (0.05, 0.2, 1.0):
        steps = np.array([1.0, 0.0, -1.0])[:, None] * np.array([0.6, 0.0, 0.8]) * lag * 100.0
        fields = (intrinsic_field(frame, 2.0, np.random.default_rng(seed)) for seed in range(400))
        bends = [float(field.at(start + steps) @ [1.0, -2.0, 1.0]) / 100.0 for field in fields]
        np.testing.assert_allclose(np.var(bends), 8 * 2.0 * lag**3, rtol=0.2)


def test_slopes_of_drawn_fields_are_differences() -> None:
    """The gradient is that of the values, to the accuracy of their cosine (6e-8 of the amplitudes)."""
    field = intrinsic_field(Frame(np.zeros(3), 100.0), 1.0, np.random.default_rng(1))
    places = np.random.default_rng(2).uniform(-80, 80, (20, 3))
    parts = [(field.at(places + 0.5 * axis) - field.at(places - 0.5 * axis)) for axis in np.eye(3)]
    np.testing.assert_allclose(field.gradient(places), np.stack(parts, axis=1), atol=0.02)


def test_a_field_on_a_background_still_honours_its_data() -> None:
    """Contacts lie on their level and gradients are met, and far from data the background shows."""
    random = np.random.default_rng(3)
    points = random.uniform(-50, 50, (30, 3))
    given = Constraints(points, np.arange(30) % 2, points[:3], np.tile([0.0, 0.0, 1.0], (3, 1)))
    background = intrinsic_field(Frame(np.zeros(3), 100.0), 1.0, random)
    field = fit(given, background=background)
    np.testing.assert_allclose(field.at(points), field.levels[given.surface], atol=1e-6)
    np.testing.assert_allclose(field.gradient(points[:3]), given.gradients, atol=1e-8)
    assert float(np.ptp(field.at(points + 40.0) - fit(given).at(points + 40.0))) > 1.0


def test_contacts_left_out_are_where_a_fit_without_them_says() -> None:
    """Squared errors of fits without a contact, over those told, are its variance: the same for other dips."""
    random = np.random.default_rng(4)
    points = random.uniform(-50, 50, (10, 3))
    first = Constraints(
        points, np.zeros(10, np.int64), points[:2] + 20.0, np.array([[0.0, 0.1, 1.0], [0.2, 0, 1]])
    )
    second = first._replace(gradients=np.array([[0.5, -0.3, 0.7], [-0.1, 0.4, 0.9]]))
    variances = []
    for given in (first, second):
        own = merged(checked(given), np.zeros(10), fit(given).frame)[0].points
        errors = []
        for place in own:
            kept = (points != place).any(axis=1)
            other = fit(given._replace(points=points[kept], surface=given.surface[kept]))
            errors.append(float(other.at(place[None])[0] - other.levels[0]))
        variances.append(np.array(errors) ** 2 / left_out(given).squares)
    np.testing.assert_allclose(variances[0], variances[1], rtol=1e-5)


def _noisy(truth: truths.Truth, seed: int, error: float) -> gpd.GeoDataFrame:
    """Contacts of a truth, moved in all directions."""
    contacts = truth.contacts(60, seed=seed)
    shift = error * np.random.default_rng(seed).standard_normal((len(contacts), 3))
    return truths.table(truths.places_of(contacts) + shift).assign(unit=contacts["unit"])


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of depths to bases of a fold, 80 percent intervals of 19 members hold 75 to 85 percent.

    Four ensembles of 60 contacts that are off by 10 m, at 16 places each. Depths are of cells of 20 m, so an
    interval counts by the share of it that the truth's cell takes; the whole calibration is a benchmark.
    """
    truth, held = truths.fold(), []
    box = {**BOX, "spacing": 400.0, "thickness": 12.5}
    for seed in range(4):
        given = _noisy(truth, seed, 10.0), truth.column, truth.orientations(12, seed=50 + seed)
        found = ensemble(
            *given, error=10.0, dip_error=3.0, members=19, seed=seed, keep_members=True, **box
        ).model
        cells = found["member_unit"].to_numpy()
        true = truth.unit(lattice_of(found, process="test").places()).reshape(cells.shape[1:])
        for code in (1, 2, 3):
            depths, depth = (cells <= code).sum(axis=1), (true <= code).sum(axis=0)
            low, high = np.quantile(depths, (0.1, 0.9), axis=0, method="weibull")
            held.append(np.clip(depth - low + 0.5, 0, 1) * np.clip(high - depth + 0.5, 0, 1))
    assert 0.75 <= float(np.mean(held)) <= 0.85


def test_members_go_through_exact_contacts() -> None:
    """Without errors, 30 m above its base a unit has a chance above 0.9 on average, at cells of 25 m."""
    truth = truths.dome()
    contacts = truth.contacts(30)
    found = ensemble(
        contacts,
        truth.column,
        truth.orientations(9),
        members=12,
        dip_error=0.0,
        spacing=100.0,
        thickness=25.0,
        **BOX,
    ).model
    places = truths.places_of(contacts) + np.array([0.0, 0.0, 30.0])
    at = {name: ("n", places[:, number]) for number, name in enumerate(("easting", "northing", "upward"))}
    codes = {unit: code for code, unit in enumerate(truth.column["unit"], 1)}
    chance = np.array(
        [
            float(
                found[f"probability_{codes[unit]}"].sel(
                    {k: xr.DataArray(v[1][n]) for k, v in at.items()}, method="nearest"
                )
            )
            for n, unit in enumerate(contacts["unit"])
        ]
    )
    assert chance.mean() > 0.9


def test_same_seed_same_ensemble() -> None:
    """One seed gives one ensemble, whatever the order of rows; another seed another one; a longer one begins alike."""
    truth = truths.fault()
    contacts, column, orientations = truth.contacts(40), truth.column, truth.orientations(8)
    more = {
        "faults": truth.fault_table(slip=True), "error": 5.0, "spacing": 200.0, "thickness": 50.0,
        "fault_error": 20.0, "fault_dip_error": 3.0, "slip_error": 15.0, "keep_members": True, **BOX,
    }  # fmt: skip
    first = ensemble(contacts, column, orientations, members=4, seed=7, **more)
    again = ensemble(contacts, column, orientations, members=6, seed=7, **more).model["member_unit"]
    other = ensemble(contacts, column, orientations, members=4, seed=8, **more).model["member_unit"]
    one = first.model["member_unit"]
    np.testing.assert_array_equal(again[:4], one)
    assert (other != one).any()
    volumes = first.report
    assert (volumes["volume_10"] <= volumes["volume_50"]).all()
    assert volumes["volume_mean"].sum() == pytest.approx(2000.0 * 1600.0 * 1000.0)
    chances = sum(first.model[f"probability_{code}"] for code in (1, 2, 3, 4))
    np.testing.assert_allclose(chances, 1.0, atol=1e-6)
    assert len(best_next_borehole((first.model,), holes=1, spacing=800.0).holes) == 1


def test_confidence_leaves_contacts_out() -> None:
    """A pick that is doubtful is in about as many members as its confidence says."""
    truth = truths.layer_cake()
    contacts = truth.contacts(45).assign(confidence=1.0)
    odd = truths.table(np.array([[1000.0, 800.0, -420.0]])).assign(unit="A", confidence=0.3)
    given = gpd.GeoDataFrame(pd.concat([contacts, odd], ignore_index=True), crs=truths.CRS)
    found = ensemble(
        given,
        truth.column,
        truth.orientations(12),
        members=40,
        dip_error=0.0,
        spacing=100.0,
        thickness=20.0,
        **BOX,
    ).model
    chance = float(found["probability_1"].sel(easting=1000, northing=800, upward=-390, method="nearest"))
    assert 0.1 <= chance <= 0.5


def test_faults_move_as_a_whole() -> None:
    """A fault is shifted across its strike, turned about it by the same angle everywhere, and slips other."""
    places = np.array([[0.0, 0.0, 0.0], [0.0, 100.0, 0.0], [50.0, 50.0, -87.0]])
    pole = np.tile([np.sqrt(3) / 2, 0.0, 0.5], (3, 1))
    fault = FaultData("f", places, places, pole, slip=100.0, rake=-90.0, length=np.nan)
    errors = FaultErrors(10.0, np.radians(5.0), 20.0)
    moved = [moved_faults([fault], errors, np.random.default_rng(seed))[0] for seed in range(300)]
    shift = np.array([one.places.mean(axis=0) - places.mean(axis=0) for one in moved])
    np.testing.assert_allclose(shift.std(axis=0), [10.0, 0.0, 0.0], atol=1.5)
    dips = np.degrees(np.arccos([one.poles[:, 2] for one in moved]))
    assert float(np.ptp(dips, axis=1).max()) < 1e-9
    assert float(dips[:, 0].std()) == pytest.approx(5.0, rel=0.15)
    assert float(np.std([one.slip for one in moved])) == pytest.approx(20.0, rel=0.15)


def test_odd_errors_are_refused() -> None:
    """A confidence beyond 0 to 1, and errors below 0, are refused by name."""
    truth = truths.layer_cake()
    contacts = truth.contacts(20)
    with pytest.raises(ContractError, match="confidence"):
        ensemble(contacts.assign(confidence=70.0), truth.column, members=2)
    with pytest.raises(ContractError, match="error_column"):
        ensemble(contacts.assign(sigma=-1.0), truth.column, members=2, error_column="sigma")
