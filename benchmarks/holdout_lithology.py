"""Lithology of held-out holes of Utrecht: GeoTOP corrected by the other holes, GeoTOP itself, the nearest hole.

All holes with a described lithology (TNO, open data) are held out a fifth at a time, those within 25 m of one another
together. GeoTOP 1.6, the published voxel model of the Geological Survey of the Netherlands, had seen them when it was
made; it is judged by the largest of its chances, which is right more often than the class that it publishes as the
likeliest, and its chances are the prior that `property.indicator_kriging` corrects by the holes that are not held
out, with its defaults. Ours has so seen the holes as GeoTOP has; the nearest hole has not. Classes are GeoTOP's:
peat, clay, clayey sand, fine, medium and coarse sand, gravel, shells.
"""

from __future__ import annotations

import os

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from scipy.cluster.hierarchy import fclusterdata

from craton.methods.geomodel_volume import Lattice, UnitTable, volume_of
from craton.methods.property_categories import indicator_kriging
from harness import report
from holdout_utrecht import CRS, STEP, UTRECHT, of_nearest

FOLDS = int(os.environ.get("HOLDOUT_FOLDS", "5"))
SIDE = 50.0
"""Of a cell in metres; half a metre high."""

TWINS = 25.0
"""Distance in metres within which holes are held out together: one would tell the other."""

DRAWS = 2_000
"""Times that holes are drawn anew to tell how sure a difference is."""

SANDS = {
    "ZUF": 5, "ZZF": 5, "ZFC": 5, "ZZFO": 5, "ZMF": 6, "ZMFO": 6, "ZMG": 6, "ZMGO": 6, "ZMO": 6, "ZMC": 6,
    "ZZG": 7, "ZZGO": 7, "ZGC": 7, "ZUG": 7, "ZUGO": 7,
}  # fmt: skip
"""Class of a sand by its class of grain size: fine to 150 µm, coarse from 300 µm."""

OTHERS = {"V": 1, "L": 3, "G": 8, "SHE": 9}
SANDY = ("Z2", "Z3", "ZX")
"""Admixtures of sand with which a clay counts as clayey sand."""


def classes_of(layers: pd.DataFrame) -> np.ndarray:
    """GeoTOP's class of each layer, 0 where the description does not tell."""
    clay = np.where(layers["az"].isin(SANDY), 3, 2)
    sand = layers["zmk"].map(SANDS).fillna(0)
    other = layers["lith"].map(OTHERS).fillna(0)
    return np.select([layers["lith"] == "K", layers["lith"] == "Z"], [clay, sand], other).astype(int)


def samples_of(layers: pd.DataFrame) -> pd.DataFrame:
    """Places along holes every `STEP` metres, with the class that is described."""
    rows = []
    for row in layers.assign(logged=classes_of(layers)).query("logged > 0").itertuples():
        depth = np.arange(row.top + STEP / 2, row.bottom, STEP)
        rows.append(
            pd.DataFrame({
                "hole": row.nr, "easting": row.x, "northing": row.y, "upward": row.surface - depth,
                "logged": row.logged,
            })
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def published() -> xr.Dataset:
    """GeoTOP with our names of axes, system stated."""
    voxels = xr.open_dataset(UTRECHT / "geotop_usp.nc")
    names = {"x": "easting", "y": "northing", "z": "upward"}
    chances = [name for name in voxels if str(name).startswith("kans_")]
    whole = voxels[chances].rename(names)
    return whole.assign_coords({name: whole[name].astype(float) for name in names.values()}).assign_attrs(
        crs=CRS
    )


def largest(voxels: xr.Dataset) -> xr.DataArray:
    """Class of the largest chance, 0 where there is none."""
    chances = [name for name in voxels if str(name).startswith("kans_")]
    stacked = voxels[chances].to_array("name").fillna(0.0)
    classes = np.array([int(str(name).removeprefix("kans_")) for name in chances])
    found = stacked.argmax("name")
    return found.copy(data=classes[found.to_numpy()]).where(stacked.sum("name") > 0, 0)


def parts_of(samples: pd.DataFrame) -> np.ndarray:
    """Part 0 to 4 in which each sample is held out."""
    collars = samples.groupby("hole")[["easting", "northing"]].first()
    twins = fclusterdata(collars.to_numpy(), TWINS, criterion="distance", method="single")
    first = pd.Series(collars.index, collars.index).groupby(twins).transform("min")
    return pd.factorize(samples["hole"].map(first), sort=True)[0] % 5


def cells() -> xr.Dataset:
    """Finer cells of the same ground, of one unit."""
    lattice = Lattice(
        np.arange(3.75, -50, -0.5), np.arange(456_150 - SIDE / 2, 454_650, -SIDE),
        np.arange(139_450 + SIDE / 2, 141_350, SIDE), CRS,
    )  # fmt: skip
    units = UnitTable(np.array([1]), ("ground",), ("#888888",))
    return volume_of(lattice, np.ones(lattice.shape, np.uint8), units)


def value_at(field: xr.DataArray, places: pd.DataFrame, *, within: float = np.inf) -> np.ndarray:
    """Values of the cells in which places lie; 0 beyond `within` metres of the middles of the outermost."""
    axes = ("easting", "northing", "upward")
    at = {name: xr.DataArray(places[name].to_numpy()) for name in axes}
    found = np.nan_to_num(field.sel(at, method="nearest").to_numpy()).astype(int)
    half = {"easting": within, "northing": within, "upward": within / 200}
    inside = np.ones(len(places), bool)
    for name in axes:
        axis = field[name].to_numpy()
        inside &= places[name].between(axis.min() - half[name], axis.max() + half[name]).to_numpy()
    return np.where(inside, found, 0)


def corrected(prior: xr.Dataset, known: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """Class at places of the prior corrected by known samples."""
    points = gpd.GeoDataFrame(
        {"upward": known["upward"], "lithology": known["logged"].astype(str)},
        geometry=gpd.points_from_xy(known["easting"], known["northing"]), crs=CRS,
    )  # fmt: skip
    found = indicator_kriging(cells(), points, "lithology", upward="upward", prior=prior)["lithology"]
    names = dict(zip(found.attrs["flag_values"], found.attrs["flag_meanings"], strict=True))
    return np.array([int(names[code]) if code else 0 for code in value_at(found, places)])


def better(right: pd.DataFrame) -> float:
    """Share of draws of as many holes, each drawn again and again, in which ours is right more often."""
    by_hole = right.groupby("hole")[["ours", "voxels"]].sum().to_numpy()
    drawn = np.random.default_rng(0).integers(0, len(by_hole), (DRAWS, len(by_hole)))
    totals = by_hole[drawn].sum(axis=1)
    return float((totals[:, 0] > totals[:, 1]).mean())


def main() -> None:
    """Hold a fifth of the holes out in turn and judge the three ways on the same metres."""
    layers, prior = pd.read_parquet(UTRECHT / "boreholes_usp.parquet"), published()
    samples = samples_of(layers)
    samples["voxels"], part = value_at(largest(prior), samples, within=50.0), parts_of(samples)
    parts = []
    for fold in range(FOLDS):
        out = part == fold
        known, places = samples[~out].reset_index(drop=True), samples[out & (samples["voxels"] > 0)]
        places = places.reset_index(drop=True)
        places["ours"], places["nearest"] = corrected(prior, known, places), of_nearest(known, places)
        parts.append(places)
    whole = pd.concat(parts, ignore_index=True)
    ways = ("ours", "nearest", "voxels")
    right = whole[["hole"]].assign(**{way: whole[way] == whole["logged"] for way in ways})
    shares = right[list(ways)].mean()
    work = (
        f"lithology along {whole['hole'].nunique()} held-out holes, {len(whole) * STEP:.0f} m, {FOLDS} of 5 parts; GeoTOP, "
        f"which is our prior, had seen the holes; ours is ahead of it in {better(right):.0%} of draws of holes"
    )
    for claim, peer, name in (
        ("holdout-lithology-nearest", "nearest", "nearest hole"),
        ("holdout-lithology-geotop", "voxels", "GeoTOP 1.6, largest chance"),
    ):
        report(
            claim=claim, ours=float(shares["ours"]), peer=float(shares[peer]), peer_name=name, unit="share right",
            goal=f"more than {name}", work=work, smaller_is_better=False,
        )  # fmt: skip


if __name__ == "__main__":
    main()
