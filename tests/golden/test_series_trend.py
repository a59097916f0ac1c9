"""Groundwater heads and rain of the Netherlands, from the file to a trend and a change."""

import numpy as np
import pandas as pd
import pytest
from tests.reading import DATA, read_source

from craton.methods.series_table import to_table
from craton.methods.trend_change import change_point
from craton.methods.trend_tests import mann_kendall

FOLDER = DATA / "hydrology/groundwater_heads_pastas"


@pytest.mark.parametrize(("name", "column"), [("B32C0639001", "head"), ("rain_260", "RH_260")])
def test_yearly_values_by_hand(name, column):
    """S, slope and Pettitt's statistic of yearly means are those of all pairs of years."""
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        pytest.skip("the open groundwater heads are not beside this checkout")
    table = to_table(read_source(path)[1][0].data, step="year")
    frame = pd.read_csv(path, names=["date", "value"], header=0, parse_dates=["date"])
    yearly = frame.groupby(frame["date"].dt.year)["value"].mean()
    np.testing.assert_allclose(table[column], yearly, rtol=1e-12)
    x, years = yearly.to_numpy(), yearly.index.to_numpy(float)
    first, second = np.triu_indices(x.size, 1)
    found = mann_kendall(table, column, "time", group="station").iloc[0]
    assert (found["group"], found["score"]) == (name, np.sign(x[second] - x[first]).sum())
    slope = np.median((x[second] - x[first]) / (years[second] - years[first]))
    assert found["slope"] == pytest.approx(slope, rel=1e-9)
    change = change_point(table, column, "time", group="station").iloc[0]
    sums = [abs(np.sign(x[k:] - x[:k, None]).sum()) for k in range(1, x.size)]
    assert (change["statistic"], change["last_before"]) == (max(sums), years[int(np.argmax(sums))])
