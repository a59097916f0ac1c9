"""Units of the drill holes of Utrecht Science Park and Western Australia."""

from __future__ import annotations

import numpy as np
import numpy.testing as npt
import pandas as pd
import pytest
import xarray as xr
from tests.reading import DATA, read_source

from craton.methods import (
    borehole_contacts,
    borehole_learning,
    borehole_order,
    borehole_panel,
    borehole_units,
)
from craton.methods.borehole_places import placed_holes

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")
UTRECHT = DATA / "boreholes" / "utrecht_science_park"
GSWA = DATA / "boreholes" / "gswa_drillholes"


@pytest.fixture(scope="module")
def utrecht():
    """67 holes of 1,398 layers, with the unit of 2003 and, as `geotop`, that of the published voxel model."""
    _reader, (draft,) = read_source(UTRECHT / "boreholes_usp.parquet", crs="EPSG:28992")
    _reader, (model,) = read_source(UTRECHT / "geotop_usp.nc")
    holes, cells = draft.data, model.data["strat"]
    layers = holes.intervals["layers"]
    placed = placed_holes("test", holes, None)
    middle = (layers["from_depth"] + layers["to_depth"]).to_numpy() / 2
    axes = zip(
        ("easting", "northing", "upward"), placed.at(placed.number(layers["hole_id"]), middle).T, strict=True
    )
    places = {name: xr.DataArray(at) for name, at in axes}
    code = cells.sel(places, method="nearest").to_numpy()
    inside = np.isfinite(code) & (places["upward"].to_numpy() >= float(cells["upward"].min()) - 0.25)
    layers["geotop"] = [
        f"{number:.0f}" if there else None for number, there in zip(code, inside, strict=True)
    ]
    return holes


def test_order_of_the_units_of_utrecht(utrecht):
    """It is that of the Dutch column; the two pairs that interfinger there are the ones contradicted.

    Column: TNO, Stratigraphic Nomenclature of the Netherlands. Echteld (EC) and Nieuwkoop (NI) are of one
    age and interfinger, as do Peize (PZ) and Waalre (WA).
    """
    told = borehole_order.stratigraphic_order(utrecht, unit="strat_2003")
    rank = {name: place for place, name in enumerate(told.order["unit"])}
    column = ["EC", "BXWI", "BX", "KR", "DRSC", "UR", "ST", "WA", "MS", "OO"]
    assert sorted(column, key=rank.get) == column
    against = told.pairs[told.pairs["holes_against"] > 0]
    assert set(zip(against["younger"], against["older"], strict=True)) == {("EC", "NI"), ("WA", "PZ")}


def test_units_of_geotop_are_learned_from_other_holes(utrecht):
    """In holes left out 89 % of layers get the unit of the voxel model, by the nearest hole 88 %.

    By metres both come to 90 %: the voxel model is smooth, and holes are nearer to each other than its units
    change. The bounds leave 2 % for another version of the trees. Confidence is true within 5 %.
    """
    found = borehole_learning.units_by_learning(utrecht, unit="geotop", trees=60)
    scores = found.accuracy.set_index("method")
    gain = scores.loc["learned"] - scores.loc["nearest hole"]
    npt.assert_allclose(scores.loc["learned", "accuracy"], 0.887, atol=0.02)
    npt.assert_allclose(scores.loc["nearest hole", "accuracy"], 0.876, atol=0.002)
    assert (gain[["accuracy", "accuracy_by_thickness"]] > -0.01).all()
    assert scores.loc["learned", "calibration_error"] < 0.05
    assert scores.loc["learned", ["intervals", "holes"]].tolist() == [919, 67]


def test_panel_of_utrecht(utrecht):
    """Hung on the base of the Sterksel Formation: the four of the holes chosen that reach it are drawn."""
    panel = borehole_panel.correlation_panel(
        utrecht, unit="strat_2003", lithology="lith", hang="ST", most=40, width_px=400
    )
    base = panel.thickness[panel.thickness["unit"] == "ST"]
    npt.assert_allclose(base["base_height"], 0.0, atol=1e-9)
    assert base["hole_id"].nunique() == len(base) >= 4
    assert panel.picture.media_type == "image/png"


def test_rules_and_contacts_of_western_australia():
    """Codes of 5,831 intervals become rock groups by seven rules; contacts lie in UTM zone 50 south.

    Only intervals whose code is none of the rules' (faults, sand, none logged) are without one, 5 %. Rocks
    are steep there, so that groups repeat down a hole and older ones on younger are told, not modelled.
    """
    _reader, (draft,) = read_source(GSWA / "gswa_sample_collars.csv")
    groups = {
        "Cover": ".RZ;.Clay;DNAVI;DLOSS", "Granite": "G*", "Sediment": "S*", "Mafic": "M*", "Ultramafic": "U*",
        "Vein": "V*", "Sulphide": "$*",
    }  # fmt: skip
    rules = pd.DataFrame({"unit": list(groups), "Interp1": list(groups.values())})
    found = borehole_units.units_by_rules(draft.data, rules, lithology="Interp1", reversals=1.0)
    units = found.boreholes.intervals["units"]
    share = (units["basis"] == "rule").mean()
    npt.assert_allclose(share, 0.95, atol=0.01)
    plain = units[units["basis"] == "rule"]
    assert (plain["unit"][plain["Interp1"].str.startswith("G")] == "Granite").all()
    points = borehole_contacts.contacts(found.boreholes)
    assert points.contacts.crs == "EPSG:32750"
    assert set(points.report["problem"]) >= {"older unit on a younger one"}
    assert points.contacts["northing"].between(6.38e6, 6.42e6).all()


def test_descriptions_of_southwark():
    """Names that drillers wrote give the London sequence; its clay ends 31.7 and 31.9 m down, near −28 m."""
    _reader, drafts = read_source(DATA / "boreholes" / "bgs_ags4" / "Southwark.ags")
    (holes,) = (draft.data for draft in drafts if draft.kind == "boreholes")
    words = {
        "Made Ground": "made ground;fill", "Terrace": "terrace;gravel", "London Clay": "london clay",
        "Lambeth": "lambeth;woolwich;reading", "Thanet": "thanet", "Chalk": "chalk",
    }  # fmt: skip
    rules = pd.DataFrame({"unit": list(words), "text": list(words.values())})
    found = borehole_units.units_by_rules(holes, rules, texts_in=("GEOL_DESC",))
    points = borehole_contacts.contacts(found.boreholes).contacts
    clay = points[points["unit"] == "London Clay"]
    npt.assert_allclose(clay[["depth", "upward"]], [[31.7, -28.0], [31.9, -28.2]], atol=1e-9)
    assert list(clay["below"]) == ["Lambeth", "Lambeth"]
