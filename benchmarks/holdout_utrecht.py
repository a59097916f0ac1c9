"""Units of held-out holes of Utrecht: by a model of the other holes, the nearest hole, and the published voxels.

Holes with stratigraphic units (TNO, open data) are held out a fifth at a time. The model is made as the
application `city-ground` makes it by its defaults, in a box of GeoTOP's depth and cell height. One default, that a
unit must be met in three holes, was chosen on these same parts, so that the share is not wholly blind. GeoTOP 1.6,
the published voxel model of the Geological Survey of the Netherlands, had seen all of these holes when it was made;
the other two had not. Classes are those of GeoTOP; metres that it has no class for are left out for all three.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.spatial import cKDTree

from craton.methods.borehole_contacts import contacts
from craton.methods.borehole_desurvey import desurvey
from craton.methods.borehole_learning import units_by_learning
from craton.methods.borehole_order import stratigraphic_order
from craton.methods.geomodel import structural
from craton.methods.gridding import inverse_distance
from craton.model.boreholes import make_collars
from craton.model.data import Boreholes
from harness import ROOT, report

UTRECHT = ROOT.parent / "shared" / "data" / "boreholes" / "utrecht_science_park"
CRS = "EPSG:28992"
STEP = 0.25
"""Distance of samples along a hole in metres."""

FOLDS = int(os.environ.get("HOLDOUT_FOLDS", "5"))
CLASSES = {
    "AAOP": 1000, "AAOM": 1000, "EC": 2010, "NI": 2010, "NIHO": 2010, "BXWI": 3030, "BX": 3100, "KR": 4010,
    "DRSC": 5000, "UR": 5060, "ST": 5070, "WA": 5120, "PZ": 5120,
}  # fmt: skip
"""GeoTOP's class of each unit of the holes: peat goes with the river deposits that it is found in."""

CHANNELS = {6100: 2010, 6200: 2010}
"""GeoTOP's channel belts are river deposits too."""


def holes_of(frame: pd.DataFrame) -> Boreholes:
    """Drill holes of a table of layers."""
    first = frame.groupby("nr", sort=True).first()
    collars = make_collars(
        list(first.index), x=first["x"], y=first["y"], elevation=first["surface"],
        total_depth=frame.groupby("nr", sort=True)["bottom"].max(), crs=CRS,
    )  # fmt: skip
    names = {"nr": "hole_id", "top": "from_depth", "bottom": "to_depth", "strat_2003": "unit", "lith": "lith"}
    return Boreholes(collars=collars, intervals={"layers": frame[list(names)].rename(columns=names)})


def model_of(frame: pd.DataFrame) -> xr.Dataset:
    """Model of holes, as `city-ground` makes it."""
    holes = holes_of(frame)
    told = units_by_learning(holes).boreholes
    order = stratigraphic_order(told, own_shapes=True).order
    met = contacts(told, order, level=True, least_holes=3)
    tops = desurvey(holes, spacing=10_000.0).points
    ground = inverse_distance(tops[tops["depth"] == 0], column="upward").rename("elevation")
    return structural(
        met.contacts, order, met.contacts, None, ground, met.limits, error=0.5, bottom=-50.0, thickness=0.5,
    ).model  # fmt: skip


def samples_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Places along holes every `STEP` metres, with the class that is logged."""
    rows = []
    for row in frame[frame["strat_2003"].notna()].itertuples():
        depth = np.arange(row.top + STEP / 2, row.bottom, STEP)
        rows.append(
            pd.DataFrame({
                "hole": row.nr, "easting": row.x, "northing": row.y, "upward": row.surface - depth,
                "logged": CLASSES.get(row.strat_2003, 0),
            })
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def of_model(model: xr.Dataset, places: pd.DataFrame) -> np.ndarray:
    """Class that a model has at places, 0 for none."""
    unit = model["unit"]
    at = {name: xr.DataArray(places[name].to_numpy()) for name in ("easting", "northing", "upward")}
    codes = unit.sel(at, method="nearest").to_numpy()
    names = dict(zip(unit.attrs["flag_values"], unit.attrs["flag_meanings"], strict=True))
    return np.array([CLASSES.get(names.get(code, ""), 0) for code in codes])


def of_nearest(known: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """Class at the same height in the nearest hole that has one there, 0 for none."""
    found = np.zeros(len(places), dtype=int)
    level = np.floor(places["upward"] / STEP)
    for height, group in places.groupby(level):
        there = known[np.floor(known["upward"] / STEP) == height]
        if len(there):
            tree = cKDTree(there[["easting", "northing"]])
            row = tree.query(group[["easting", "northing"]])[1]
            found[group.index] = there["logged"].to_numpy()[row]
    return found


def of_voxels(voxels: xr.Dataset, places: pd.DataFrame) -> np.ndarray:
    """GeoTOP's class at places, 0 for none."""
    names = {"x": "easting", "y": "northing", "z": "upward"}
    at = {name: xr.DataArray(places[column].to_numpy()) for name, column in names.items()}
    found = voxels["strat"].sel(at, method="nearest").to_numpy()
    inside = np.ones(len(places), bool)
    for (name, column), half in zip(names.items(), (50.0, 50.0, 0.25), strict=True):
        axis = voxels[name].to_numpy()
        inside &= places[column].between(axis.min() - half, axis.max() + half).to_numpy()
    codes = np.where(inside & np.isfinite(found), found, 0).astype(int)
    return np.array([CHANNELS.get(code, code) for code in codes])


def main() -> None:
    """Hold a fifth of the holes out in turn and judge the three ways on the same metres."""
    frame = pd.read_parquet(UTRECHT / "boreholes_usp.parquet")
    voxels = xr.open_dataset(UTRECHT / "geotop_usp.nc")
    named = sorted(frame.loc[frame["strat_2003"].notna(), "nr"].unique())
    parts = []
    for fold in range(FOLDS):
        out = frame["nr"].isin(named[fold::5])
        places, known = samples_of(frame[out]), samples_of(frame[~out])
        places["voxels"] = of_voxels(voxels, places)
        places = places[(places["voxels"] > 0) & (places["logged"] > 0)].reset_index(drop=True)
        places["model"] = of_model(model_of(frame[~out]), places)
        places["nearest"] = of_nearest(known, places)
        parts.append(places)
    whole = pd.concat(parts, ignore_index=True)
    right = {way: float((whole[way] == whole["logged"]).mean()) for way in ("model", "nearest", "voxels")}
    work = (
        f"unit along {whole['hole'].nunique()} held-out holes, {len(whole) * STEP:.0f} m, {FOLDS} of 5 parts; "
        "GeoTOP had seen the holes"
    )
    for claim, peer, name in (
        ("holdout-utrecht-nearest", "nearest", "nearest hole"),
        ("holdout-utrecht-geotop", "voxels", "GeoTOP 1.6"),
    ):
        report(
            claim=claim, ours=right["model"], peer=right[peer], peer_name=name, unit="share right",
            goal=f"more than {name}", work=work, smaller_is_better=False,
        )  # fmt: skip
    if os.environ.get("HOLDOUT_TABLE"):
        whole.to_csv(Path(os.environ["HOLDOUT_TABLE"]), index=False)


if __name__ == "__main__":
    main()
