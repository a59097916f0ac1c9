"""Samples for the tests of processes fit the marks they are made for, and the store takes them."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import xarray as xr
from tests import samples
from tests.staging import stage

from craton.model.data import Boreholes, Document, Mesh, Series
from craton.process.data import check_data
from craton.process.marks import Column, Grid, Holes, Paper, Stations, Surfaces, Table, Volume
from craton.process.spec import Param

DEPTH = Column(name="depth", unit="m", quantity="depth")


@pytest.mark.parametrize(
    ("mark", "base"),
    [
        (Grid(), xr.DataArray), (Grid(quantity="elevation", unit="m", plane=True), xr.DataArray),
        (Grid(quantity=("slope", "magnetic_anomaly"), unit="nT"), xr.Dataset), (Volume(unit="kg/m3"), xr.DataArray),
        (Table(geometry=("Polygon",), columns=(DEPTH,)), gpd.GeoDataFrame), (Table(geometry=("LineString",)), gpd.GeoDataFrame),
        (Table(columns=(DEPTH, Column(name="word"))), pd.DataFrame), (Holes(tables=("assay",)), Boreholes),
        (Stations(columns=(DEPTH,)), Series), (Surfaces(), Mesh), (Paper(), Document),
    ],
    ids=str,
)  # fmt: skip
def test_a_sample_fits_its_mark_and_can_be_stored(mark, base, tmp_path):
    """It is taken as it is, is the same each time, and comes back from the store in the same form."""
    data = samples.labelled(mark, base)
    checked = check_data("test.sample", Param(name="data", doc="Data.", base=base, data=mark), data)
    samples.assert_equal(checked, data)
    samples.assert_equal(samples.labelled(mark, base), data)
    whole = data.to_dataset() if isinstance(data, xr.DataArray) else data
    assert type(stage(whole, mark.kind, tmp_path / "s").read()) is type(whole)


@pytest.mark.parametrize("unit", ["m", "mGal", "nT", "kg/m3", "degC", "deg", "m/s2"])
def test_other_units_convert_and_alien_ones_do_not(unit):
    """A sample in another unit is the same one again in the first."""
    other = samples.other_unit(unit)
    assert other not in {"", unit}
    field = samples.grid(Grid(unit=unit))
    there = samples.converted(field, unit, other)
    assert there.attrs["units"] == other
    samples.assert_equal(samples.converted(there, other, unit), field, rtol=1e-12)
    with pytest.raises(Exception, match="cannot be converted"):
        samples.converted(field, unit, samples.alien_unit(unit))
