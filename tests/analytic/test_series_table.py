"""Series as tables: steps by hand, gaps, places, and on to the trend processes."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from craton.methods.series_table import to_table
from craton.methods.trend_change import change_point
from craton.methods.trend_tests import mann_kendall
from craton.model.data import Series
from craton.model.errors import ContractError

PLACES = gpd.GeoDataFrame(
    {"station": ["A", "B"]}, geometry=shapely.points([1.0, 2.0], [3.0, 4.0]), crs="EPSG:32648"
)


def heads(**more):
    """Daily heads at two wells over twelve years, in any order of rows: A falls, B steps up in 2006."""
    days = pd.date_range("2000-01-01", "2011-12-31", tz="UTC")
    random = np.random.default_rng(1)
    falling = 10 - 0.1 * np.arange(days.size) / 365.25 + 0.05 * random.normal(size=days.size)
    stepping = 5 + 2.0 * (days.year >= 2006) + 0.05 * random.normal(size=days.size)
    values = pd.DataFrame({
        "station": np.repeat(["A", "B"], days.size), "time": days.append(days), "head": np.r_[falling, stepping],
        "state": "good",
    })  # fmt: skip
    values = values.sample(frac=1, random_state=2)
    values.attrs["columns"] = {"head": {"unit": "m"}}
    return Series(values, **more)


def test_rows_as_they_are():
    """Without steps all columns, in order of station and time; units and places go along."""
    table = to_table(heads(stations=PLACES))
    assert (len(table), list(table.columns)) == (2 * 4383, ["station", "time", "head", "state", "geometry"])
    assert table["station"].is_monotonic_increasing
    assert table[:4383]["time"].is_monotonic_increasing
    assert (table.attrs["columns"]["head"], table.crs.to_epsg()) == ({"unit": "m"}, 32648)
    assert set(zip(table["station"], table.geometry.x, strict=True)) == {("A", 1.0), ("B", 2.0)}


@pytest.mark.parametrize(("step", "rows"), [("day", 4383), ("month", 144), ("quarter", 48), ("year", 12)])
def test_steps_begin_where_they_should(step, rows):
    """Each step once a station, at its beginning; means and sums are those of pandas' own periods."""
    given = heads()
    table = to_table(given, step=step, statistic="sum")
    assert (len(table), "state" in table) == (2 * rows, False)
    period = {"day": "D", "month": "M", "quarter": "Q", "year": "Y"}[step]
    plain = given.values.assign(step=given.values["time"].dt.tz_convert(None).dt.to_period(period))
    known = plain.groupby(["station", "step"])["head"].sum()
    np.testing.assert_allclose(table["head"], known, rtol=1e-12)
    begins = known.index.get_level_values("step").start_time
    assert (table["time"].dt.tz_convert(None) == begins).all()


def test_few_values_make_a_gap():
    """A step of fewer values than asked for is a gap, one without any has no row; infinite values do not count."""
    times = pd.to_datetime(["1969-12-31", "2001-01-05", "2001-01-09", "2001-03-02", "2001-03-03", None])
    values = pd.DataFrame({"station": "S", "time": times, "rain": [1, 2, 4, 8, np.inf, 16.0]})
    table = to_table(Series(values), step="month", statistic="maximum", fewest=2)
    assert table["time"].dt.strftime("%Y-%m-%d").tolist() == ["1969-12-01", "2001-01-01", "2001-03-01"]
    np.testing.assert_array_equal(table["rain"], [np.nan, 4, np.nan])
    for wrong in (values[:0], values.assign(time=pd.NaT), values[["station", "time"]]):
        with pytest.raises(ContractError):
            to_table(Series(wrong), step="year")


def test_trends_and_changes_of_stations():
    """Yearly means tell the fall of 0.1 m a year at A, and the step after 2005 at B, each at its place."""
    table = to_table(heads(stations=PLACES), step="year")
    trends = mann_kendall(table, "head", "time", group="station")
    assert trends["slope"][0] == pytest.approx(-0.1, abs=1e-3)
    assert (trends["trend"][0], trends.attrs["columns"]["slope"]["unit"]) == ("decreasing", "m/a")
    changes = change_point(table, "head", "time", group="station", method="largest_f")
    assert changes.loc[1, ["last_before", "first_after", "change"]].tolist() == [2005, 2006, "yes"]
    for found in (trends, changes):
        assert shapely.get_coordinates(found.geometry).tolist() == [[1, 3], [2, 4]]
    apart = gpd.GeoDataFrame(table, geometry=shapely.points(np.arange(24.0), 0))
    assert not isinstance(mann_kendall(apart, "head", "time", group="station"), gpd.GeoDataFrame)
