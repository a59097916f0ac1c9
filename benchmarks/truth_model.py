"""A model whose answer is known at every point: an intrusion, a fault, an unconformity, folds.

In a box of 2 × 2 × 1 km, from young to old: an ellipsoidal intrusion that cuts all; a curved normal fault
dipping 60° with 150 m of slip, the hanging wall carried as a rigid block; a gently waved group of units A
and B, whose base cuts the folded group of units C, D and E.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOW = np.array([0.0, 0.0, -1000.0])
HIGH = np.array([2000.0, 2000.0, 0.0])
SLIP = 150.0 * np.array([0.5, 0.0, -np.sqrt(3.0) / 2])
CENTRE = np.array([620.0, 1250.0, -650.0])
HALF_AXES = np.array([300.0, 240.0, 260.0])

INTRUSION, A, B, C, D, E = range(1, 7)
SHARES = {"fault": 0.12, "intrusion": 0.10, "A": 0.19, "B": 0.20, "C": 0.20, "D": 0.19}
"""Part of the data on each surface; a unit stands for its base."""


class Picks(NamedTuple):
    """Contacts of a surface (n, 3), and places and unit normals (m, 3) towards the younger side."""

    points: Floats
    orientation_points: Floats
    normals: Floats


def fault(places: Floats) -> Floats:
    """Positive in the hanging wall."""
    trace = 1000.0 + 60.0 * np.sin(2 * np.pi * places[:, 1] / 2000.0)
    return places[:, 0] - trace + (places[:, 2] + 500.0) / np.sqrt(3.0)


def intrusion(places: Floats) -> Floats:
    """Positive inside."""
    return 1.0 - (((places - CENTRE) / HALF_AXES) ** 2).sum(axis=1)


def upper(places: Floats) -> Floats:
    """Field of the younger group before the fault: 0 at the unconformity, 120 between A and B."""
    east, north, up = places.T
    return up + 320.0 - 25.0 * np.sin(east / 300.0) - 0.05 * (east - 1000.0) - 15.0 * np.cos(north / 350.0)


def lower(places: Floats) -> Floats:
    """Field of the folded group before the fault: 0 between C and D, −150 between D and E."""
    east, north, up = places.T
    fold = 80.0 * np.sin(2 * np.pi * east / 1500.0) + 45.0 * np.cos(2 * np.pi * north / 1300.0)
    return up + 560.0 - fold


SURFACES = {"A": (upper, 120.0), "B": (upper, 0.0), "C": (lower, 0.0), "D": (lower, -150.0)}


def restored(places: Floats) -> Floats:
    """Where places were before the fault."""
    return places - np.where(fault(places) > 0.0, 1.0, 0.0)[:, np.newaxis] * SLIP


def unit(places: Floats) -> NDArray[np.int8]:
    """Unit (k,) at places (k, 3)."""
    before = restored(places)
    above, below = upper(before), lower(before)
    cases = [intrusion(places) > 0, above > 120.0, above > 0.0, below > 0.0, below > -150.0]
    return np.select(cases, [INTRUSION, A, B, C, D], E).astype(np.int8)


def cells(count: int) -> Floats:
    """Middles (count³, 3) of the cells of the box, easting slowest."""
    steps = (HIGH - LOW) / count
    axes = [low + step * (np.arange(count) + 0.5) for low, step in zip(LOW, steps, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def gradient(field: Callable[[Floats], Floats], places: Floats, *, step: float = 0.5) -> Floats:
    """Unit gradients (k, 3) by central differences."""
    slopes = np.stack([field(places + side) - field(places - side) for side in step * np.eye(3)], axis=-1)
    return slopes / np.linalg.norm(slopes, axis=1, keepdims=True)


def picks(points: int, orientations: int, *, seed: int = 0) -> dict[str, Picks]:
    """About so many contacts and orientations, shared out among the surfaces."""
    random = np.random.default_rng(seed)
    found = {}
    for name, share in SHARES.items():
        counts = max(8, int(points * share)), max(4, int(orientations * share))
        contacts, places = (_on_surface(name, count, random) for count in counts)
        field = {"fault": fault, "intrusion": intrusion}.get(name)
        normals = gradient(field, places) if field else gradient(SURFACES[name][0], restored(places))
        found[name] = Picks(contacts, places, normals)
    return found


def _on_surface(name: str, count: int, random: np.random.Generator) -> Floats:
    """Random places (count, 3) on a surface within the box."""
    if name == "fault":
        places = np.column_stack(
            [np.zeros(count), random.uniform(0, 2000, count), random.uniform(-1000, 0, count)]
        )
        places[:, 0] = -fault(places)
        return places
    if name == "intrusion":
        outward = random.normal(size=(count, 3))
        return CENTRE + HALF_AXES * outward / np.linalg.norm(outward, axis=1, keepdims=True)
    field, level = SURFACES[name]
    found: list[Floats] = []
    while sum(map(len, found)) < count:
        flat = random.uniform((-100, 0), (2100, 2000), (4 * count + 50, 2))
        before = np.column_stack([flat, np.zeros(len(flat))])
        before[:, 2] = level - field(before)
        after = before + np.where(fault(before) > 0.0, 1.0, 0.0)[:, np.newaxis] * SLIP
        there = ((after >= LOW) & (after <= HIGH)).all(axis=1) & (intrusion(after) < -0.02)
        found.append(after[there & (upper(before) < 0.0 if field is lower else True)])
    return np.concatenate(found)[:count]
