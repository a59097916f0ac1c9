"""Magnetotellurics: the open audio-frequency stations of Queensland, and what is refused."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from tests import samples
from tests.reading import DATA, read_source

from craton.methods.magnetotelluric import apparent_resistivity, depth_transform, dimensionality, rotate
from craton.methods.magnetotelluric_curves import curves
from craton.methods.magnetotelluric_layers import layers, of_layers
from craton.model.errors import ContractError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


@pytest.fixture(scope="module")
def stations():
    """Twelve stations of sixty frequencies as the reader gives them."""
    _, (draft,) = read_source(DATA / "geophysics/magnetotelluric_edi/15125A.edi")
    table = draft.data
    table.attrs["columns"] = {
        name: {"unit": note.unit, "quantity": note.quantity} for name, note in draft.notes.items()
    }
    return table


@needs_data
def test_curves_are_those_of_the_file(stations):
    """Apparent resistivity, phase and its error are those that the files state, to their digits."""
    found = apparent_resistivity(stations)
    for mode in ("xy", "yx"):
        npt.assert_allclose(
            found[f"apparent_resistivity_{mode}"], stations[f"apparent_resistivity_{mode}"], rtol=1e-3
        )
        npt.assert_allclose(found[f"phase_{mode}"], stations[f"phase_{mode}"], atol=0.01)
        npt.assert_allclose(found[f"phase_{mode}_std"], stations[f"phase_{mode}_error"], rtol=1e-5)
    assert found.attrs["columns"]["apparent_resistivity_determinant"]["unit"] == "ohm.m"


@needs_data
def test_turned_stations_keep_what_does_not_turn(stations):
    """30° on and back: impedances and tipper return; skews and strike do not notice; old curves are gone."""
    turned = rotate(stations, azimuth=30.0)
    back = rotate(turned, azimuth=0.0)
    for name in ("zxx_real", "zxy_imaginary", "tipper_x_real", "tipper_y_imaginary"):
        npt.assert_allclose(back[name], stations[name], rtol=1e-9, atol=1e-9 * stations[name].abs().max())
    one, other = dimensionality(stations), dimensionality(turned)
    for name in ("swift_skew", "bahr_skew", "phase_tensor_beta", "phase_maximum"):
        npt.assert_allclose(other[name], one[name], rtol=1e-6, atol=1e-9)
    npt.assert_allclose(np.sin(np.radians(2 * (one["strike"] - other["strike"]))), 0, atol=1e-6)
    assert not [name for name in turned.columns if name.startswith(("apparent", "phase"))]
    assert turned.attrs["columns"]["zxy_real"]["unit"] == "mV/km/nT"


@needs_data
def test_dimension_of_the_stations(stations):
    """The high frequencies of the first station are 1-D; all dimensions occur in the survey."""
    found = dimensionality(stations)
    assert set(found["dimension"]) == {"1-D", "2-D", "3-D"}
    assert (found["dimension"].iloc[:5] == "1-D").all()


@needs_data
def test_layers_of_stations(stations):
    """Two stations: the clean one reaches its target, and conductive ground lies over resistive as Bostick shows."""
    two = stations[stations["station"].isin(["15125A", "15129A"])].reset_index(drop=True)
    two.attrs = stations.attrs
    found = layers(two, station="station")
    assert found.fit.set_index("sounding")["target_reached"].to_dict() == {"15125A": "no", "15129A": "yes"}
    first = found.model[found.model["sounding"] == "15125A"]
    at = [first.loc[first["bottom"].gt(depth).idxmax(), "resistivity"] for depth in (10.0, 1500.0)]
    assert 8 < at[0] < 20
    assert at[1] > 300
    quick = depth_transform(two).iloc[:60]
    shallow = quick["depth_resistivity"][quick["depth"] < 20]
    npt.assert_allclose(shallow.median(), at[0], rtol=0.3)


def test_layers_of_known_ground():
    """The curve of three layers, made into impedances with 3 % errors, gives them within a third at their middle."""
    model = pd.DataFrame({"resistivity": [100.0, 5.0, 300.0], "thickness": [500.0, 1000.0, np.nan]})
    model.attrs["columns"] = {"resistivity": {"unit": "ohm.m"}, "thickness": {"unit": "m"}}
    curve = of_layers(model, lowest=0.001, highest=1000.0)
    size = np.sqrt(5 * curve["frequency"] * curve["apparent_resistivity"])
    value = size * np.exp(1j * np.radians(curve["phase"]))
    frame = curve[["frequency"]].copy()
    for part, sign in (("xx", 0), ("xy", 1), ("yx", -1), ("yy", 0)):
        frame[f"z{part}_real"], frame[f"z{part}_imaginary"] = (
            sign * value.to_numpy().real,
            sign * value.to_numpy().imag,
        )
    frame.attrs["columns"] = samples.impedances().attrs["columns"]
    found = layers(frame, error_floor=3.0).model
    at = [found.loc[found["bottom"].gt(depth).idxmax(), "resistivity"] for depth in (200.0, 900.0, 20_000.0)]
    npt.assert_allclose(at, [100.0, 5.0, 300.0], rtol=0.35)


def test_missing_tensors_stay_missing():
    """A row without Zxx has no tensor: no numbers, no dimension, and the other rows are not touched."""
    frame = samples.impedances()
    attrs = frame.attrs
    frame.loc[2, "zxx_real"] = np.nan
    frame.attrs = attrs
    found = dimensionality(frame)
    assert found["dimension"].tolist()[2] == ""
    assert (found["dimension"].drop(2) != "").all()
    assert np.isnan(apparent_resistivity(frame)["apparent_resistivity_determinant"][2])
    assert layers(frame).fit["readings"].tolist() == [11]


def test_phases_that_no_layers_have_are_left_out():
    """One row of a phase of 120 degrees is not fitted, is counted, and leaves the model as if it were not there."""
    frame = samples.impedances()
    odd = frame.copy()
    turned = (frame["zxy_real"] + 1j * frame["zxy_imaginary"]).to_numpy()[2]
    turned = abs(turned) * np.exp(1j * np.radians(120.0))
    odd.loc[2, ["zxy_real", "zxy_imaginary"]] = turned.real, turned.imag
    less = frame.drop(index=2).reset_index(drop=True)
    odd.attrs = less.attrs = frame.attrs
    found, without = layers(odd, mode="xy", depth=5e3), layers(less, mode="xy", depth=5e3)
    assert found.fit[["readings", "left_out"]].to_numpy().tolist() == [[11, 1]]
    pd.testing.assert_frame_equal(found.model, without.model)
    assert np.isnan(found.curves["calculated_phase"][2])


def test_without_variances_there_are_no_deviations():
    """Errors that are not known stay unknown; the inversion then takes its floor."""
    frame = samples.impedances()
    bare = frame.drop(columns=[name for name in frame.columns if name.endswith("variance")])
    bare.attrs = frame.attrs
    assert apparent_resistivity(bare)["phase_xy_std"].isna().all()
    assert dimensionality(bare)["strike_std"].isna().all()
    assert len(layers(bare).fit) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one.assign(frequency=0.0), "above 0"),
        (lambda one: one.assign(frequency=np.nan), "above 0"),
        (lambda one: one.assign(zxy_real=np.nan), "with impedances"),
        (lambda one: one.iloc[:0], "at least one row"),
        (lambda one: one.iloc[:3], "at least 4 frequencies"),
        (
            lambda one: one.assign(zxy_imaginary=-one["zxy_imaginary"], zyx_imaginary=-one["zyx_imaginary"]),
            "phases",
        ),
    ],
)
def test_stations_that_are_refused(change, words):
    """Frequencies, gaps, short curves, and impedances of the other sign of time are named."""
    frame = samples.impedances()
    changed = change(frame)
    changed.attrs = frame.attrs
    with pytest.raises(ContractError, match=words):
        layers(changed, mode="xy")


def test_pictures():
    """A station by its name is a PNG, the same bytes again; a name that is not there is refused with those that are."""
    frame = samples.impedances()
    one, other = (curves(frame, station="name", name="S1") for _ in range(2))
    assert one.content == other.content
    assert one.content is not None
    assert one.content.startswith(b"\x89PNG")
    with pytest.raises(ContractError, match="there are S1"):
        curves(frame, station="name", name="S9")
