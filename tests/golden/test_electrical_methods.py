"""Electrical methods: soundings and a line of electrodes of open surveys, and what is refused."""

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from tests import samples
from tests.reading import DATA

from craton.methods.electrical_inversion import section_inversion
from craton.methods.electrical_section import pseudosection
from craton.methods.electrical_sounding import sounding_curve, sounding_inversion
from craton.model.errors import ContractError

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")


def noted(frame, **unit):
    frame.attrs["columns"] = {name: {"unit": one} for name, one in unit.items()}
    return frame


def model(resistivity, thickness):
    frame = pd.DataFrame({"resistivity": resistivity, "thickness": [*thickness, np.nan]})
    return noted(frame, resistivity="ohm.m", thickness="m")


def simpeg_sounding():
    """The sounding of SimPEG's tutorial on resistivity in one dimension: AB/2, MN/2 and ohm.m."""
    rows = np.loadtxt(DATA / "geophysics/dcr_3d_synthetic/app_res_1d_data.dobs")
    frame = pd.DataFrame({"spacing": rows[:, 3], "inner": rows[:, 9], "apparent_resistivity": rows[:, 12]})
    return noted(frame, spacing="m", inner="m", apparent_resistivity="ohm.m")


@needs_data
def test_sounding_of_a_known_model():
    """Three layers made of 1000, 4000 and 200 ohm.m, the upper two 100 m thick, with noise of about 2.5 %.

    The first layer comes back within its range; of the second only thickness times resistivity is known,
    and it is that of the model.
    """
    found = sounding_inversion(simpeg_sounding(), inner="inner", kind="few", error=2.5)
    first, second = found.model.iloc[0], found.model.iloc[1]
    assert first["resistivity_low"] * 0.9 < 1000 < first["resistivity_high"] * 1.1
    npt.assert_allclose(first["thickness"], 100, rtol=0.15)
    assert second["determined"] == "thickness times resistivity"
    npt.assert_allclose(second["thickness"] * second["resistivity"], 4000 * 100, rtol=0.25)
    assert found.fit["misfit"][0] < 1.2


@needs_data
def test_smooth_model_of_a_known_model():
    """The smooth model reaches its target, rises over the resistive layer and falls below it."""
    found = sounding_inversion(simpeg_sounding(), inner="inner")
    assert found.fit["target_reached"].tolist() == ["yes"]
    at = {
        depth: found.model.loc[found.model["bottom"].gt(depth).idxmax(), "resistivity"]
        for depth in (20, 120, 450)
    }
    npt.assert_allclose(at[20], 1000, rtol=0.15)
    assert at[120] > 1700
    assert at[450] < 800


def test_curve_and_inversion_agree():
    """Layers inverted from their own curve come back to 1 %, for all arrays, Wenner's as two soundings."""
    layers = model([100.0, 20.0, 500.0], [4.0, 25.0])
    for array, inner in (
        ("schlumberger", 0.0),
        ("schlumberger", 0.3),
        ("wenner", 0.0),
        ("dipole_dipole", 0.2),
    ):
        curve = sounding_curve(layers, array=array, largest=300.0, inner=inner)
        names = "AB" if array == "wenner" else "A"
        both = pd.concat([curve.assign(name=name) for name in names], ignore_index=True)
        both["inner"] = inner * both["spacing"]
        both.attrs["columns"] = {**curve.attrs["columns"], "inner": {"unit": "m"}}
        found = sounding_inversion(
            both, array=array, inner="inner" if inner else None, sounding="name", kind="few", error=0.1
        )
        for name in names:
            rows = found.model[found.model["sounding"] == name]
            npt.assert_allclose(rows["resistivity"], layers["resistivity"], rtol=0.01)
            npt.assert_allclose(rows["thickness"].iloc[:2], [4.0, 25.0], rtol=0.01)
        assert found.curves["residual"].abs().max() < 0.2


def test_gaps_are_left_out():
    """A row without a reading has a residual of none and changes nothing."""
    full = samples.soundings()
    gap = pd.concat([full, full.iloc[:1].assign(apparent_resistivity=np.nan)], ignore_index=True)
    gap.attrs = full.attrs
    one, other = (sounding_inversion(frame, sounding="name") for frame in (full, gap))
    pd.testing.assert_frame_equal(one.model, other.model)
    assert np.isnan(other.curves["residual"].iloc[-1])


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"apparent_resistivity": -5.0}, {}, "above 0"),
        ({"spacing": 0.0}, {}, "above 0"),
        ({"apparent_resistivity": np.nan}, {}, "at least 3 readings"),
        ({"inner": 1000.0}, {"inner": "inner"}, "below the spacing"),
        ({}, {"array": "dipole_dipole"}, "lengths of dipoles"),
        ({}, {"sounding": "name", "kind": "few", "layers": 8}, "at least 15 readings"),
    ],
)
def test_soundings_that_are_refused(change, options, words):
    """What is wrong is named: signs, gaps, geometry, too few readings for the layers."""
    frame = samples.soundings()
    attrs = frame.attrs
    frame = frame.assign(**change)
    frame.attrs = attrs
    with pytest.raises(ContractError, match=words):
        sounding_inversion(frame, **options)


def test_models_that_are_refused():
    """Layers without a thickness or resistivity, dipoles without a length."""
    for resistivity, thickness in (([1.0, 0.0], [2.0]), ([1.0, 2.0], [np.nan]), ([1.0, 2.0], [-1.0])):
        with pytest.raises(ContractError, match="above 0"):
            sounding_curve(model(resistivity, thickness))
    with pytest.raises(ContractError, match="length"):
        sounding_curve(model([1.0], []), array="dipole_dipole")
    with pytest.raises(ContractError, match="at most"):
        sounding_curve(model([1.0], []), smallest=10.0, largest=1.0)


SPACINGS = ("Spa.1", "Spa.2", "Spa.3", "Spa.4")


def syscal():
    """Readings of a Syscal instrument with its own apparent resistivity, an example of ResIPy."""
    frame = pd.read_csv(DATA / "geophysics/ert/syscal.csv")
    frame.columns = [name.strip() for name in frame.columns]
    return noted(frame, Vp="mV", In="mA", Rho="ohm.m", **dict.fromkeys(SPACINGS, "m"))


@needs_data
def test_line_of_an_instrument():
    """Apparent resistivities are those of the instrument to 0.05 %, the last digit of its voltages.

    308 of 344 readings have their reciprocal, which differs by half a percent in the mean.
    """
    found = pseudosection(syscal(), *SPACINGS, voltage="Vp", current="In").readings
    npt.assert_allclose(found["apparent_resistivity"], found["Rho"], rtol=5e-4)
    assert found["reciprocal_error"].notna().sum() == 308
    npt.assert_allclose(found["reciprocal_error"].mean(), 0.51, atol=0.05)
    assert (found["doubt"] == "").all()


@needs_data
def test_line_by_names_of_electrodes():
    """Numbers of electrodes 0.25 m apart and resistances of R2's protocol give the same section."""
    names = ["row", "m", "n", "a", "b", "resistance", "phase"]
    frame = pd.read_csv(
        DATA / "geophysics/ert/protocol.dat", skiprows=1, sep=r"\s+", header=None, names=names
    )
    places = pd.DataFrame({"electrode": range(1, 25), "distance": 0.25 * np.arange(24)})
    found = pseudosection(
        noted(frame, resistance="ohm"), electrodes=noted(places, distance="m"), resistance="resistance"
    ).readings
    assert found["apparent_resistivity"].between(30, 70).all()
    npt.assert_allclose(found["pseudo_depth"].min(), 0.25 * 2 * 0.2535, rtol=0.01)


def test_readings_of_no_use_are_told():
    """No value, a negative one, M and N in one place; a far electrode leaves pole-dipole and is sound."""
    frame = samples.electrode_readings()
    attrs = frame.attrs
    frame["resistance"] = frame["resistance"].where(frame.index != 0)
    frame.loc[1, "resistance"] *= -1
    frame.loc[2, "m"] = frame.loc[2, "n"]
    frame.loc[3, "b"] = np.nan
    frame.attrs = attrs
    found = pseudosection(frame, resistance="resistance").readings
    assert found["doubt"].iloc[:5].tolist() == ["no value", "not positive", "no geometry", "", ""]
    npt.assert_allclose(found["geometric_factor"].iloc[3:5], [4 * np.pi * 5, 2 * np.pi * 5])


def test_slopes_lengthen_distances():
    """On an even slope of 3 in 4 a Wenner spacing of 4 m along the map is 5 m on the ground."""
    frame = noted(
        pd.DataFrame({"a": [1], "m": [2], "n": [3], "b": [4], "resistance": [1.0]}), resistance="ohm"
    )
    places = pd.DataFrame(
        {"electrode": [1, 2, 3, 4], "distance": [0.0, 4, 8, 12], "elevation": [0.0, 3, 6, 9]}
    )
    found = pseudosection(
        frame, electrodes=noted(places, distance="m", elevation="m"), resistance="resistance"
    )
    npt.assert_allclose(found.readings["apparent_resistivity"], 2 * np.pi * 5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "none of them"),
        ({"resistance": "resistance", "voltage": "a", "current": "b"}, "3 of these columns"),
        ({"voltage": "resistance"}, "1 of these columns"),
        ({"resistance": "a"}, "no stated unit"),
    ],
)
def test_values_that_are_refused(options, words):
    """Which columns hold the readings must be clear, and in what unit."""
    with pytest.raises(ContractError, match=words):
        pseudosection(samples.electrode_readings(), **options)


def test_electrodes_that_are_refused():
    """A name that is not among the electrodes, one that is there twice, a row without A."""
    frame = samples.electrode_readings()
    places = noted(pd.DataFrame({"electrode": [0, 5, 5], "distance": [0.0, 1.0, 2.0]}), distance="m")
    with pytest.raises(ContractError, match="twice"):
        pseudosection(frame, electrodes=places, resistance="resistance")
    with pytest.raises(ContractError, match="names of `electrodes`"):
        pseudosection(frame, electrodes=noted(places.iloc[:2], distance="m"), resistance="resistance")
    frame.loc[4, "a"] = np.nan
    with pytest.raises(ContractError, match="row 5"):
        pseudosection(frame, resistance="resistance")


def test_section_of_uniform_ground():
    """Readings of 50 ohm.m give blocks of 50 ohm.m within 2 %, on the level and along an even slope."""
    frame = samples.electrode_readings()
    attrs = frame.attrs
    size = (frame["m"] - frame["a"]) / 5
    frame["resistance"] = 50.0 / (2 * np.pi * 5 * size)
    frame.attrs = attrs
    level = section_inversion(frame, resistance="resistance")
    npt.assert_allclose(level.section["resistivity"], 50.0, rtol=0.02)
    assert level.fit["target_reached"].tolist() == ["yes"]
    assert level.picture.content.startswith(b"\x89PNG")
    places = samples.electrodes()
    places["elevation"] = 0.75 * places["distance"]
    places["distance"] = places["distance"].to_numpy()
    places.attrs["columns"] = {"distance": {"unit": "m"}, "elevation": {"unit": "m"}}
    slope = section_inversion(frame, electrodes=places, resistance="resistance")
    npt.assert_allclose(slope.section["resistivity"], 50.0 * 1.25, rtol=0.02)
    assert slope.section["to_distance"].max() == pytest.approx(55)
    first = slope.section.iloc[0]
    middle = 0.75 * (first["from_distance"] + first["to_distance"]) / 2
    assert first["elevation"] == pytest.approx(middle - first["bottom"] / 2)


def test_section_of_a_ridge():
    """Ground of 50 ohm.m below a ridge with sides of 30°: its closed form for currents at the top comes back.

    Measured resistivities are freed of the relief within 3 %, blocks are at 50 ohm.m within 8 %; with the
    geometric factor of flat ground they would be a half higher. Rows of the table that no reading names hold
    up the far ground.
    """
    away, wedge = 5.0 / np.cos(np.radians(30.0)), np.radians(120.0)
    rows = [(0, s * m, s * (m + k)) for s in (-1, 1) for m in range(1, 5) for k in (1, 2)]
    frame = pd.DataFrame(rows, columns=["a", "m", "n"]).assign(b=np.nan)
    frame["resistance"] = 50.0 / (2 * wedge * away) * (1 / frame["m"].abs() - 1 / frame["n"].abs())
    places = pd.DataFrame({"electrode": np.arange(-50, 51), "distance": 5.0 * np.arange(-50, 51)})
    places["elevation"] = 300.0 - np.tan(np.radians(30.0)) * places["distance"].abs()
    found = section_inversion(
        noted(frame, resistance="ohm"), electrodes=noted(places, distance="m", elevation="m"),
        resistance="resistance",
    )  # fmt: skip
    npt.assert_allclose(found.readings["measured_resistivity"], 50.0, rtol=0.03)
    npt.assert_allclose(found.section["resistivity"], 50.0, rtol=0.08)
    assert 295 < found.section["elevation"].max() < 300
    assert found.picture.content.startswith(b"\x89PNG")


def test_readings_that_sections_leave_out():
    """A negative reading and one without a value have no residual; too few sound ones are refused."""
    frame = samples.electrode_readings()
    attrs = frame.attrs
    frame.loc[0, "resistance"] *= -1
    frame.loc[1, "resistance"] = np.nan
    frame.attrs = attrs
    found = section_inversion(frame, resistance="resistance", target=5.0)
    assert found.readings["residual"].isna().tolist() == [True, True] + [False] * (len(frame) - 2)
    few = frame.iloc[:6]
    few.attrs = attrs
    with pytest.raises(ContractError, match="6 to 6000 readings"):
        section_inversion(few, resistance="resistance")


def test_sections_of_too_many_blocks_are_refused():
    """A line whose blocks cannot be held at once is refused before the work, in words that say what to do."""
    start = 5.0 * np.arange(77)
    frame = pd.DataFrame({"a": start, "m": start + 5, "n": start + 10, "b": start + 15, "resistance": 1.0})
    frame.attrs = samples.electrode_readings().attrs
    with pytest.raises(ContractError, match="at most 4000 blocks") as told:
        section_inversion(frame, resistance="resistance", depth=1000.0)
    assert "`depth`" in str(told.value)
