"""Sections of chargeability: Seigel's relation, a block that comes back, units, and what is refused."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from craton.methods.electrical_chargeability import chargeability_section
from craton.methods.electrical_section import line_of
from craton.methods.electrical_spread import Forward, Spread
from craton.model.errors import ContractError

COLUMNS = ("a", "b", "m", "n")


def dipoles():
    """Dipole-dipole readings of 13 electrodes 5 m apart."""
    rows = np.array([(b, b - 1, m, m + 1) for b in range(1, 11) for m in range(b + 1, min(b + 6, 12))])
    return pd.DataFrame(5.0 * rows, columns=["a", "b", "m", "n"])


@pytest.fixture(scope="module")
def ground():
    """Readings over 100 ohm.m, 10 ohm.m and 80 mV/V in a block, elsewhere 5 mV/V, by Seigel's relation in full."""
    frame = dipoles()
    forward = Forward("test", Spread("test", line_of("test", frame, COLUMNS, None), None), 14.0)
    plane = forward.plane
    across, down = (0.5 * (e[1:] + e[:-1]) for e in (plane.edges_across, plane.edges_down))
    inside = ((down > 3) & (down < 9))[:, None] & ((across > 23) & (across < 39))
    resistivity = np.where(inside, 10.0, 100.0).ravel()
    charge = np.where(inside, 0.08, 0.005).ravel()
    without, whole = (forward.response(np.log(rho)) for rho in (resistivity, resistivity / (1 - charge)))
    apparent = 1.0 - np.exp(without - whole)
    left, right = plane.edges_across[:-1], plane.edges_across[1:]
    rows, columns = plane.shape
    section = pd.DataFrame({
        "from_distance": np.tile(left, rows), "to_distance": np.tile(right, rows),
        "top": np.repeat(plane.edges_down[:-1], columns), "bottom": np.repeat(plane.edges_down[1:], columns),
        "resistivity": resistivity,
    })  # fmt: skip
    section.attrs["columns"] = {name: {"unit": "m"} for name in section.columns}
    section.attrs["columns"]["resistivity"] = {"unit": "ohm.m"}
    return frame.assign(charge=1000.0 * apparent), section, inside.ravel()


def noted(frame, unit):
    frame = frame.copy()
    frame.attrs["columns"] = {"charge": {"unit": unit}}
    return frame


def test_uniform_chargeability(ground):
    """The same chargeability everywhere is the apparent one of every reading, exactly: weights have the sum 1."""
    frame, section, _ = ground
    found = chargeability_section(noted(frame.assign(charge=12.0), "mV/V"), section, chargeability="charge")
    npt.assert_allclose(found.section["chargeability"], 12.0, rtol=1e-6)
    npt.assert_allclose(found.readings["calculated_chargeability"], 12.0, rtol=1e-6)


def test_a_block_comes_back(ground):
    """Readings of Seigel's relation in full: 5 mV/V around, the block highest and above half of its 80 mV/V."""
    frame, section, inside = ground
    found = chargeability_section(noted(frame, "mV/V"), section, chargeability="charge", error=3.0)
    assert found.fit["target_reached"].tolist() == ["yes"]
    values = found.section["chargeability"].to_numpy()
    assert inside[values.argmax()]
    assert values.max() > 40.0
    edge = found.section["to_distance"] < 11
    npt.assert_allclose(values[edge].mean(), 5.0, atol=1.5)
    assert found.picture.content.startswith(b"\x89PNG")


def test_integrals_of_decays_keep_their_unit(ground):
    """Milliseconds in, milliseconds out, with the same numbers; seconds are converted."""
    frame, section, _ = ground
    one = chargeability_section(noted(frame, "ms"), section, chargeability="charge")
    other = chargeability_section(
        noted(frame.assign(charge=frame["charge"] / 1000), "s"), section, chargeability="charge"
    )
    assert one.section.attrs["columns"]["chargeability"]["unit"] == "ms"
    npt.assert_allclose(other.section["chargeability"], one.section["chargeability"], rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        (1500.0, "mV/V", "at most 1000"),
        (0.0, "mV/V", "other than 0"),
        (np.nan, "mV/V", "6 to 6000 readings"),
        (5.0, "", "no stated unit"),
        (5.0, "ohm.m", "in ohm.m"),
    ],
)
def test_readings_that_are_refused(ground, values, unit, words):
    """More than the whole voltage, nothing but zeros or gaps, no unit or one of another kind."""
    frame, section, _ = ground
    with pytest.raises(ContractError, match=words):
        chargeability_section(noted(frame.assign(charge=values), unit), section, chargeability="charge")


def test_sections_that_are_refused(ground):
    """No blocks, blocks with gaps between them, a resistivity of 0."""
    frame, section, _ = ground
    frame = noted(frame, "mV/V")
    for wrong, words in (
        (section.iloc[:0], "at least one block"),
        (section.drop(index=range(40, 50)), "fill a section"),
        (section.assign(resistivity=0.0), "above 0"),
    ):
        with pytest.raises(ContractError, match=words):
            chargeability_section(frame, wrong, chargeability="charge")
