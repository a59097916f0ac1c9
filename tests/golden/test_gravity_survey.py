"""Gravity survey: a loop and a network of labelled readings, calibration, times, and what is refused."""

import geopandas as gpd
import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest

from craton.kernels.earth_tide import tide_correction
from craton.methods.gravity_survey import drift_and_tide
from craton.model.errors import ContractError

PLACES = {"A": (103.0, 18.0), "B": (103.1, 18.05), "C": (103.2, 17.95), "D": (103.15, 18.2)}
GRAVITY = {"A": 978_450.0, "B": 978_461.3, "C": 978_437.8, "D": 978_400.2}


def sheet(days=(("A", "B", "C", "A"), ("A", "D", "B", "A")), rate=0.02, unit="mGal"):
    """Readings of a meter that drifts, every 40 minutes, with the tide in them, and their loops by day."""
    rows = []
    for day, way in enumerate(days):
        for step, station in enumerate(way):
            time = pd.Timestamp(f"2024-05-0{day + 3} 01:00", tz="UTC") + pd.Timedelta(minutes=40 * step)
            rows.append((station, time, day, 0.25, GRAVITY[station] - 976_000 + rate * 40 / 60 * step))
    frame = pd.DataFrame(rows, columns=["station", "time", "day", "tripod", "reading"])
    east, north = (np.array([PLACES[one][axis] for one in frame["station"]]) for axis in (0, 1))
    moments = frame["time"].dt.tz_localize(None).to_numpy("datetime64[ns]")
    frame["reading"] -= tide_correction(moments, north, east) + 0.3086 * frame["tripod"]
    result = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(east, north), crs="EPSG:4326")
    result.attrs["columns"] = {"reading": {"unit": unit}, "tripod": {"unit": "m"}}
    return result


def bases(**gravity):
    frame = pd.DataFrame({"station": list(gravity), "gravity": list(gravity.values())})
    frame.attrs["columns"] = {"gravity": {"unit": "mGal"}, "gravity_std": {"unit": "mGal"}}
    return frame


def test_two_days_from_one_base_give_gravity_and_drift_back():
    """Exact readings with tide, tripod and drift: gravity to 1e-6 mGal, drift, misclosures and no residuals."""
    found = drift_and_tide(sheet(), bases(A=GRAVITY["A"]), loop="day", instrument_height="tripod")
    stations = found.stations.set_index("station")
    npt.assert_allclose(stations["gravity"], [GRAVITY[one] for one in stations.index], atol=1e-6)
    assert list(stations["readings"]) == [4, 2, 1, 1]
    npt.assert_allclose(found.loops["drift_rate"], 0.02, atol=1e-8)
    npt.assert_allclose(found.loops["misclosure"], 0.04, atol=1e-8)
    npt.assert_allclose(found.loops["misclosure_left"], 0.0, atol=1e-8)
    npt.assert_allclose(found.readings["residual"], 0.0, atol=1e-8)
    assert found.stations.attrs["columns"]["gravity"]["unit"] == "mGal"


def test_a_missing_height_of_the_sensor_is_refused():
    """It does not count as 0."""
    frame = sheet()
    frame.loc[2, "tripod"] = np.nan
    with pytest.raises(
        ContractError, match="`instrument_height` must be a height in each row, not none in row 2"
    ):
        drift_and_tide(frame, bases(A=GRAVITY["A"]), loop="day", instrument_height="tripod")


def test_times_may_be_text_in_local_time_and_readings_in_other_units():
    """ISO text seven hours ahead with `utc_offset`, and readings in um/s2, give the same."""
    frame = sheet()
    expected = drift_and_tide(frame, bases(A=GRAVITY["A"]), loop="day", instrument_height="tripod")
    local = frame.assign(
        time=(frame["time"] + pd.Timedelta(hours=7)).dt.strftime("%Y-%m-%d %H:%M"),
        reading=frame["reading"] * 10,
    )
    local.attrs["columns"] = {**frame.attrs["columns"], "reading": {"unit": "um/s2"}}
    found = drift_and_tide(
        local, bases(A=GRAVITY["A"]), loop="day", instrument_height="tripod", utc_offset=7.0
    )
    npt.assert_allclose(found.stations["gravity"], expected.stations["gravity"], atol=1e-6)


def test_counters_are_turned_by_the_table_of_the_maker():
    """Readings worked back through a table of two steps come out as they were."""
    frame = sheet()
    table = pd.DataFrame({"counter": [2300.0, 2400, 2500], "value": [2350.0, 2452.0, 2555.0]})
    table.attrs["columns"] = {"counter": {"unit": "1"}, "value": {"unit": "mGal"}}
    frame["reading"] = np.interp(frame["reading"], table["value"], table["counter"])
    frame.attrs["columns"]["reading"] = {"unit": "1"}
    found = drift_and_tide(
        frame, bases(A=GRAVITY["A"]), loop="day", instrument_height="tripod", calibration=table
    )
    npt.assert_allclose(found.stations["gravity"], [GRAVITY[one] for one in "ABCD"], atol=1e-6)
    frame.loc[0, "reading"] = 100.0
    with pytest.raises(ContractError, match="`reading` must be counters within the calibration"):
        drift_and_tide(frame, bases(A=GRAVITY["A"]), loop="day", calibration=table)


def test_without_the_tide_the_readings_stay_as_they_are():
    """A meter that corrects itself: the readings less their drift are the differences of gravity."""
    frame = sheet(rate=0.0)
    found = drift_and_tide(frame, bases(A=GRAVITY["A"]), loop="day", tide=False, drift="none")
    npt.assert_array_equal(found.readings["tide_correction"], 0.0)
    npt.assert_array_equal(found.readings["corrected_reading"], frame["reading"])
    npt.assert_array_equal(found.loops["drift_rate"], 0.0)


def test_bases_with_a_deviation_yield_to_the_readings():
    """Two bases that contradict by 0.1 mGal and weigh the same share it."""
    known = bases(A=GRAVITY["A"], D=GRAVITY["D"] + 0.1).assign(gravity_std=0.01)
    known.attrs["columns"] = {"gravity": {"unit": "mGal"}, "gravity_std": {"unit": "mGal"}}
    found = drift_and_tide(sheet(), known, loop="day", instrument_height="tripod", reading_std=0.001)
    shift = found.stations.set_index("station")["gravity"] - pd.Series(GRAVITY)
    npt.assert_allclose(shift, 0.05, atol=2e-3)
    assert (found.stations["gravity_std"] > 0.005).all()


@pytest.mark.parametrize(
    ("match", "change"),
    [
        ("`bases` must be at least one of the stations", {"bases": bases(Z=978_000.0)}),
        ("`bases` must be each station once", {"bases": pd.concat([bases(A=1.0), bases(A=2.0)]).pipe(lambda f: f.assign())}),
        ("`drift` must be one that the readings determine", {"readings": sheet((("A", "B", "C"),))}),
        ("no station read again in loop 1", {"readings": sheet((("A", "B", "A"), ("A", "C", "D")))}),
        ("`bases` must be a base that each station is joined to", {"readings": sheet((("A", "B", "A"), ("C", "D", "C")))}),
        ("`reading` must be a column in mGal", {"readings": sheet(unit="")}),
        ("a table of at least one row", {"readings": sheet().iloc[:0]}),
        ("readings that all have a time, not row 1", {"readings": sheet().assign(time=lambda f: f["time"].where(f.index != 1))}),
        ("`reading` must be a number in each row, not none in row 2", {"readings": sheet().assign(reading=lambda f: f["reading"].where(f.index != 2))}),
        ("`time` must be a column of times", {"time": "station"}),
        ("`station` must be a name in each row", {"readings": sheet().assign(station=lambda f: f["station"].where(f.index != 2))}),
    ],
)  # fmt: skip
def test_what_cannot_be_adjusted_is_refused_by_name(match, change):
    """Loose stations, undetermined drifts, missing times, numbers and names, contradicting bases."""
    given = {"readings": sheet(), "bases": bases(A=GRAVITY["A"]), "loop": "day"} | change
    given["bases"].attrs["columns"] = {"gravity": {"unit": "mGal"}}
    with pytest.raises(ContractError, match=match):
        drift_and_tide(**given)
