"""A hole drilled into a model of 50,000 contacts, beside a build of the whole; and an ensemble of 50 members.

CPU seconds of one process, all threads counted.
"""

from __future__ import annotations

import os
import time

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels.partition_changed import fit_changed
from craton.kernels.partition_field import Constraints, Lattice, fit_partition
from craton.kernels.partition_kept import kept_of
from craton.methods.geomodel import structural
from craton.methods.geomodel_ensemble import ensemble
from craton.methods.geomodel_update import update
from harness import report

POINTS = int(os.environ.get("UPDATE_POINTS", "50000"))
CELLS = int(os.environ.get("UPDATE_CELLS", "50"))
MEMBERS = int(os.environ.get("UPDATE_MEMBERS", "50"))
SIDE, LEVELS, SAMPLES = 10_000.0, 4, 40
NAMES = [*"ABCD", "deep"]


def height(plan: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Heights of folded surfaces at places (n, 2)."""
    fold = 60.0 * np.sin(plan[:, 0] / 700.0) + 40.0 * np.cos(plan[:, 1] / 900.0)
    return -150.0 * surface + fold


def contacts(count: int, low: tuple[float, float], side: float, *, lift: float = 0.0, seed: int = 0) -> tuple:
    """Places and surfaces of contacts within a square."""
    plan = np.random.default_rng(seed).uniform(low, np.add(low, side), (count, 2))
    surface = np.arange(count) % LEVELS
    return np.column_stack([plan, height(plan, surface) + lift]), surface


def table(places: np.ndarray, surface: np.ndarray) -> gpd.GeoDataFrame:
    """Contacts as a table."""
    frame = {"unit": np.array(NAMES, dtype=object)[surface]}
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(*places.T), crs="EPSG:32648")


def spent(work) -> tuple[float, object]:
    """CPU seconds of one call, and what it gave."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def fields() -> None:
    """The field alone: what changes, beside a fit of all data."""
    points, surface = contacts(POINTS, (0.0, 0.0), SIDE)
    hole, own = contacts(SAMPLES, (3333.0, 4444.0), 20.0, lift=5.0, seed=1)
    up = np.tile([0.0, 0.0, 1.0], (LEVELS, 1))
    old = Constraints(points, surface, points[:LEVELS], up)
    new = old._replace(points=np.concatenate([points, hole]), surface=np.append(surface, own))
    lattice = Lattice(np.zeros(3), SIDE)
    former = fit_partition(old, lattice=lattice)
    anew = min(spent(lambda: fit_partition(new, lattice=lattice))[0] for _ in range(3))
    kept = kept_of(former, old)
    ways = {"field-changed": lambda: fit_changed(kept, new), "field-updated": lambda: former.updated(new)}
    for claim, work in ways.items():
        report(
            claim=claim, ours=min(spent(work)[0] for _ in range(5)), peer=anew, peer_name="a fit from scratch",
            unit="CPU s", goal="≥ 20×",
            work=f"{SAMPLES} contacts of a hole into a field of {POINTS:,} contacts of {LEVELS} folded surfaces",
        )  # fmt: skip


def models() -> None:
    """The whole process: tables in, cells and report out."""
    old, hole = (
        table(*contacts(POINTS, (0.0, 0.0), SIDE)),
        table(*contacts(SAMPLES, (3333.0, 4444.0), 20.0, lift=5.0)),
    )
    column = pd.DataFrame({"unit": NAMES, "series": "beds"})
    box = {"region": (0.0, 0.0, SIDE, SIDE), "spacing": SIDE / CELLS, "bottom": -700.0, "top": 150.0}
    box |= {"thickness": 850.0 / CELLS, "keep_fields": True, "method": "local"}
    model = structural(old, column, **box).model
    every = gpd.GeoDataFrame(pd.concat([old, hole], ignore_index=True), crs=old.crs)
    anew = min(spent(lambda: structural(every, column, **box))[0] for _ in range(2))
    ours, found = min(
        (spent(lambda: update(model, old, column, hole)) for _ in range(3)), key=lambda run: run[0]
    )
    same = float((found.model["field_beds"] == model["field_beds"]).mean())
    kept = model["fit_of_field_beds"].nbytes / 1e6
    report(
        claim="model-update", ours=ours, peer=anew, peer_name="geomodel.structural", unit="CPU s",
        goal="as near to 20× as reading the tables allows", cells_unchanged_to_the_bit=round(same, 4), kept_megabytes=round(kept, 2),
        work=f"{SAMPLES} contacts into a model of {POINTS:,} contacts on {CELLS}³ cells, with the report of changes",
    )  # fmt: skip


def members() -> None:
    """An ensemble of 200 contacts."""
    given = table(*contacts(200, (0.0, 0.0), 1500.0))
    column = pd.DataFrame({"unit": NAMES, "series": "beds"})
    box = {
        "region": (0.0, 0.0, 1500.0, 1500.0),
        "spacing": 37.5,
        "bottom": -700.0,
        "top": 150.0,
        "thickness": 21.25,
    }
    ensemble(given, column, members=2, error=5.0, **box)
    ours = spent(lambda: ensemble(given, column, members=MEMBERS, error=5.0, **box))[0]
    report(
        claim="model-ensemble", ours=ours, peer=None, peer_name="", unit="CPU s", goal="a few seconds",
        work=f"{MEMBERS} members of 200 contacts on 40³ cells, contacts and surfaces between them varied",
    )  # fmt: skip


def main() -> None:
    """Measure; the first calls compile."""
    fit_partition(
        Constraints(*contacts(3000, (0.0, 0.0), SIDE), np.zeros((1, 3)), np.array([[0.0, 0.0, 1.0]]))
    )
    fields()
    models()
    members()


if __name__ == "__main__":
    main()
