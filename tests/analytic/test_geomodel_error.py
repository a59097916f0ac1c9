"""Error of contacts as they tell it: a likelihood in closed form, and contacts whose noise is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests import truth_models as truths

from craton.kernels.field_noise import noise_of, parted
from craton.kernels.implicit_field import Constraints
from craton.methods.geomodel import structural
from craton.methods.geomodel_error import contact_error
from craton.model.errors import ContractError


@pytest.mark.parametrize("model", [truths.fold, truths.fault], ids=["fold", "fault"])
def test_noise_of_contacts_is_found(model) -> None:
    """Contacts moved upright by 12 m, so by about 10 m across beds: 6 to 12 m; contacts as they are have none.

    Errors are tried that are twice the last, so that one is found to a factor of 1.4.
    """
    truth = model()
    faults, dips = truth.fault_table(), truth.orientations(60)
    for noise, least, most in ((12.0, 6.0, 12.0), (0.0, 0.0, 0.0)):
        contacts = truth.contacts(360, noise=noise, seed=3)
        found = contact_error(contacts, truth.column, dips, faults, dip_error=2.0)
        assert least <= float(found.contacts["error"].max()) <= most, found.report


def test_the_error_does_not_hang_on_the_order_of_rows_and_reaches_the_model() -> None:
    """Shuffled contacts have the same error to rounding, and a model without an `error` takes it and says so."""
    truth = truths.fold()
    contacts, dips = truth.contacts(200, noise=12.0), truth.orientations(30)
    found = contact_error(contacts, truth.column, dips)
    turned = contact_error(contacts[::-1], truth.column, dips[::-1])
    np.testing.assert_allclose(turned.contacts["error"].max(), found.contacts["error"].max(), rtol=1e-6)
    built = structural(found.contacts, truth.column, dips, spacing=200.0, thickness=100.0)
    assert built.model.attrs["contact_error"] == pytest.approx(found.contacts["error"].max(), rel=5e-3)
    assert "taken to be off by" in built.report["note"][0]
    exact = structural(found.contacts, truth.column, dips, error=0.0, spacing=200.0, thickness=100.0)
    assert exact.model.attrs["contact_error"] == 0.0


def test_few_contacts_tell_nothing_and_wrong_errors_are_refused() -> None:
    """Three contacts have the error 0 and a note; a column of negative errors is refused by name."""
    places = np.array([[0.0, 0, -5], [100, 0, -5], [0, 100, -6]])
    contacts, column = truths.table(places).assign(unit="A"), pd.DataFrame({"unit": ["A", "B"]})
    found = contact_error(contacts, column)
    assert list(found.contacts["error"]) == [0.0] * 3
    assert "too few" in found.report["note"][0]
    with pytest.raises(ContractError, match="0 or more in `error`"):
        structural(contacts.assign(error=-1.0), column)


def test_parts_are_neighbours_and_hold_all_contacts_of_small_tables() -> None:
    """Of two parts of 450 contacts none is left out, and each takes up half of the room; three tell nothing."""
    random = np.random.default_rng(0)
    points = random.uniform(0, 1000, (900, 3))
    given = Constraints(points, np.zeros(900, int), points[:5], np.tile([0.0, 0, 1], (5, 1)))
    parts = parted(given)
    assert sum(len(part.points) for part in parts) == 900
    assert max(np.prod(np.ptp(part.points, axis=0)) for part in parts) < 0.55 * 1000.0**3
    few = noise_of(given._replace(points=points[:3], surface=np.zeros(3, int)), dip_error=0.1)
    assert np.isnan(few.error)
