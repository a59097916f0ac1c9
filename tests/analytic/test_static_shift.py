"""Static shift of magnetotelluric stations: known factors, medians of neighbours, and what is refused."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
from tests import samples

from craton.methods.magnetotelluric import apparent_resistivity
from craton.methods.magnetotelluric_static_shift import static_shift
from craton.model.errors import ContractError

SHIFTS = {"xy": [1.0, 4.0, 0.25, 1.0, 1.0, 2.0], "yx": [1.0, 1.0, 9.0, 1.0, 0.5, 1.0]}
NAMES = [f"S{one}" for one in range(6)]


def survey(shifts=SHIFTS, crs="EPSG:32755"):
    """Six stations on one curve, 1 km apart, shifted."""
    parts = []
    for number, name in enumerate(NAMES):
        one = samples.impedances()
        for row, mode in (("x", "xy"), ("y", "yx")):
            size = shifts[mode][number]
            for column in "xy":
                for half in ("real", "imaginary"):
                    one[f"z{row}{column}_{half}"] *= np.sqrt(size)
                one[f"z{row}{column}_variance"] *= size
        parts.append(one.assign(station=name, x=500_000.0 + 1000.0 * number))
    frame = pd.concat(parts, ignore_index=True)
    points = gpd.points_from_xy(frame.pop("x"), np.full(len(frame), 7e6), crs="EPSG:32755")
    frame = gpd.GeoDataFrame(frame, geometry=points).to_crs(crs)
    frame.attrs = samples.impedances().attrs
    return frame


@pytest.mark.parametrize("crs", ["EPSG:32755", "EPSG:4326"])
def test_neighbours_tell_the_shift(crs):
    """Stations on one curve but shifted: shifts by the median of four neighbours or more are exact, to 1e-9.

    Impedances, variances and so all curves become those without shift, in metres and in degrees.
    """
    found = static_shift(survey(crs=crs), radius=4100.0)
    for mode in ("xy", "yx"):
        npt.assert_allclose(found.shifts[f"shift_{mode}"], SHIFTS[mode], rtol=1e-9)
    assert found.shifts["neighbours"].tolist() == [4, 5, 5, 5, 5, 4]
    plain = survey({"xy": np.ones(6), "yx": np.ones(6)}, crs)
    for name in plain.columns[plain.columns.str.startswith("z")]:
        npt.assert_allclose(found.impedances[name], plain[name], rtol=1e-9)
    curves, expected = apparent_resistivity(found.impedances), apparent_resistivity(plain)
    npt.assert_allclose(
        curves["apparent_resistivity_xy_std"], expected["apparent_resistivity_xy_std"], rtol=1e-9
    )


def test_known_factors_and_periods():
    """Factors are taken as told, phases stay; of stations that are not named nothing changes.

    A period band sees only its own shift: half of the curve twice as high gives 1 or 2.
    """
    frame = survey()
    factors = pd.DataFrame({"station": ["S1", "S2"], "shift_xy": [4.0, 0.25], "shift_yx": [1.0, 9.0]})
    found = static_shift(frame, factors=factors)
    assert found.shifts["shift_xy"].tolist() == [1.0, 4.0, 0.25, 1.0, 1.0, 1.0]
    before, after = apparent_resistivity(frame), apparent_resistivity(found.impedances)
    npt.assert_allclose(after["phase_xy"], before["phase_xy"], rtol=1e-12)
    ratio = (before["apparent_resistivity_xy"] / after["apparent_resistivity_xy"]).groupby(frame["station"])
    npt.assert_allclose(ratio.mean(), [1.0, 4.0, 0.25, 1.0, 1.0, 1.0])
    bent = survey({"xy": np.ones(6), "yx": np.ones(6)})
    high = (bent["station"] == "S2") & (bent["frequency"] > 10)
    bent.loc[high, ["zxy_real", "zxy_imaginary"]] *= np.sqrt(2.0)
    for band, size in (({"longest": 0.1}, 2.0), ({"shortest": 0.15}, 1.0)):
        npt.assert_allclose(static_shift(bent, radius=1e4, **band).shifts["shift_xy"][2], size, rtol=1e-9)


def test_lonely_stations_stay():
    """A station with too few neighbours has a shift of 1, and its number of neighbours says so."""
    found = static_shift(survey(), radius=2100.0, neighbours=4)
    assert found.shifts["neighbours"].tolist() == [2, 3, 4, 4, 3, 2]
    npt.assert_allclose(found.shifts["shift_xy"][[0, 1, 4, 5]], 1.0)


def test_surveys_that_are_refused():
    """No neighbours at all, no points, axes that differ, a band of nothing, factors of nobody, twice or not above 0."""
    frame = survey()
    turned = frame.assign(impedance_rotation=np.where(frame["station"] == "S1", 30.0, 0.0))
    flat = pd.DataFrame(frame.drop(columns="geometry"))
    flat.attrs = turned.attrs = frame.attrs
    one = {"shift_xy": [1.0], "shift_yx": [1.0]}
    for table, options, words in (
        (frame, {"radius": 10.0}, "has 3 neighbours"),
        (flat, {}, "without geometry"),
        (turned, {"radius": 1e4}, "magnetotelluric.rotate"),
        (frame, {"shortest": 10.0, "longest": 1.0}, "below `longest`"),
        (frame, {"factors": pd.DataFrame({"station": ["T"], **one})}, "names stations"),
        (
            frame,
            {"factors": pd.DataFrame({"station": ["S1"] * 2, "shift_xy": 1.0, "shift_yx": 1.0})},
            "twice",
        ),
        (frame, {"factors": pd.DataFrame({"station": ["S1"], **one, "shift_xy": [0.0]})}, "above 0"),
    ):
        with pytest.raises(ContractError, match=words):
            static_shift(table, **options)
