"""Packs of our applications: sound, true to their worked examples, and the same on parcels and on cells."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import xarray as xr

from craton.decide.evaluation import made_data, table
from craton.decide.evaluation_cells import grid
from craton.decide.pack_test import run_oracles, run_properties
from craton.model.pack_check import check
from craton.model.pack_text import decoded
from craton.process.apps import has_app, pack_text

PACKS = {
    folder.name: folder
    for folder in sorted(files("craton.apps").iterdir(), key=lambda one: one.name)
    if folder.joinpath("pack.toml").is_file()
}

WORKED = 3
"""Worked examples that each brings at least."""


def cells_of(pack, parcels):
    """The made parcels as cells of a grid: words become classes with a number each."""
    made = pack.synthetic
    rows, columns = made.rows, made.columns
    fields = {}
    for id, attribute in pack.attributes.items():
        if id not in parcels:
            continue
        values, notes = parcels[id], {"units": attribute.unit}
        if not attribute.unit:
            codes, words = pd.factorize(values, sort=True)
            values, notes = (
                pd.Series(codes),
                {"flag_values": np.arange(len(words)), "flag_meanings": list(words)},
            )
        fields[id] = (("northing", "easting"), values.to_numpy(np.float64).reshape(rows, columns), notes)
    places = {
        "northing": made.south + made.side * (np.arange(rows) + 0.5),
        "easting": made.west + made.side * (np.arange(columns) + 0.5),
    }
    return xr.Dataset(fields, coords=places, attrs={"crs": made.crs})


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_of_ours(name):
    """No fault, an app beside it, worked examples and properties hold, grades vary, cells score as parcels."""
    text = pack_text(PACKS[name])
    pack = decoded(text)
    assert [f"{one.place}: {one.reason}" for one in check(pack)] == []
    assert has_app(tomllib.loads(PACKS[name].joinpath("app.toml").read_text("utf-8"))["id"])
    worked = run_oracles(pack)
    assert [f"{one.title}: {one.came}" for one in (*worked, *run_properties(pack)) if not one.passed] == []
    assert len(worked) >= WORKED

    parcels = made_data(pack=text)
    units = table(parcels, pack=text, draws=0).units
    assert units["grade"].nunique() > 2
    assert units["grade"].value_counts(normalize=True).max() < 0.8
    if "grid" in pack.supports:
        cells = grid(cells_of(pack, parcels), pack=text, draws=0).cells
        npt.assert_allclose(cells["score"].to_numpy().ravel(), units["score"], rtol=0, atol=1e-12)
