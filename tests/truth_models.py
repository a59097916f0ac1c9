"""Geological models of known truth: analytic functions that tell the unit everywhere, and data sampled from them.

All lie in a box of 2,000 x 1,600 x 1,000 m below height 0, at the origin of a metric plane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd

BOX = (0.0, 0.0, -1000.0, 2000.0, 1600.0, 0.0)
"""West, south, bottom, east, north, top in metres."""

CRS = "EPSG:32648"
STEP = 0.01
"""Metres over which gradients are taken."""

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Surface:
    """Base of a unit: where `function` of (possibly restored) places has `level`; it grows towards the unit."""

    unit: str
    function: Function
    level: float = 0.0


@dataclass(frozen=True)
class Truth:
    """A model: column, the unit at places (code from 1, the youngest), and the bases of its units."""

    name: str
    column: pd.DataFrame
    unit: Function
    surfaces: tuple[Surface, ...]
    faults: tuple[Surface, ...] = ()
    slip: tuple[float, ...] = ()
    extra: dict[str, float] = field(default_factory=dict)

    def contacts(self, count: int, *, seed: int = 0, noise: float = 0.0) -> gpd.GeoDataFrame:
        """About `count` places spread over all bases that are seen, moved across them by `noise` metres."""
        random = np.random.default_rng(seed)
        each = max(4, count // len(self.surfaces))
        parts = [(one.unit, self._seen(one, each, random)) for one in self.surfaces]
        frame = table(np.concatenate([places for _unit, places in parts]))
        frame["unit"] = [unit for unit, places in parts for _place in places]
        if noise:
            moved = places_of(frame) + noise * random.standard_normal((len(frame), 1)) * [0.0, 0.0, 1.0]
            frame = table(moved).assign(unit=frame["unit"])
        return frame

    def orientations(self, count: int, *, seed: int = 1) -> gpd.GeoDataFrame:
        """About `count` dips measured on the bases, with polarity and unit."""
        random = np.random.default_rng(seed)
        each = max(3, count // len(self.surfaces))
        parts = []
        for one in self.surfaces:
            places = self._seen(one, each, random)
            parts.append(table(places).assign(unit=one.unit, **dips(gradient(one.function, places))))
        return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS)

    def fault_table(self, count: int = 24, *, seed: int = 2, slip: bool = False) -> gpd.GeoDataFrame | None:
        """Places on the faults with dip and dip direction, and the slip where it is asked for."""
        if not self.faults:
            return None
        random, parts = np.random.default_rng(seed), []
        for number, one in enumerate(self.faults):
            places = on_surface(one, count, random)
            told = {"slip": self.slip[number]} if slip else {}
            angles = dips(gradient(one.function, places))
            parts.append(table(places).assign(fault=one.unit, **angles, **told).drop(columns="polarity"))
        return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=CRS)

    def _seen(self, one: Surface, count: int, random: np.random.Generator) -> np.ndarray:
        """Places of a base where its unit lies on one side."""
        code = list(self.column["unit"]).index(one.unit) + 1
        found = np.zeros((0, 3))
        while len(found) < count:
            places = on_surface(one, 4 * count, random)
            side = gradient(one.function, places)
            above, below = self.unit(places + 0.5 * side), self.unit(places - 0.5 * side)
            found = np.concatenate([found, places[(above == code) & (below != code)]])
        return found[:count]


def gradient(function: Function, places: np.ndarray) -> np.ndarray:
    """Unit vectors (n, 3) towards larger values."""
    parts = [function(places + STEP * axis) - function(places - STEP * axis) for axis in np.eye(3)]
    slope = np.stack(parts, axis=1)
    return slope / np.linalg.norm(slope, axis=1, keepdims=True)


def on_surface(one: Surface, count: int, random: np.random.Generator) -> np.ndarray:
    """Up to `count` places within the box on a surface, by steps along the gradient from random ones."""
    low, high = np.array(BOX[:3]), np.array(BOX[3:])
    places = random.uniform(low, high, (3 * count, 3))
    for _step in range(40):
        slopes = [
            one.function(places + STEP * axis) - one.function(places - STEP * axis) for axis in np.eye(3)
        ]
        slope = np.stack(slopes, axis=1) / (2 * STEP)
        short = (one.function(places) - one.level) / np.maximum((slope**2).sum(axis=1), 1e-12)
        places = places - np.clip(short[:, None] * slope, -200.0, 200.0)
    near = np.abs(one.function(places) - one.level) < 1e-4
    return places[near & (places >= low).all(axis=1) & (places <= high).all(axis=1)][:count]


def dips(poles: np.ndarray) -> dict[str, np.ndarray]:
    """Dip and dip direction in degrees, and polarity −1 where the pole towards younger rock points down."""
    sense = np.where(poles[:, 2] < 0, -1.0, 1.0)
    east, north, up = (poles * sense[:, None]).T
    return {
        "dip": np.degrees(np.arccos(np.clip(up, -1.0, 1.0))),
        "dip_direction": np.degrees(np.arctan2(east, north)) % 360.0,
        "polarity": sense,
    }


def table(places: np.ndarray) -> gpd.GeoDataFrame:
    """Points at places (n, 3)."""
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*places.T), crs=CRS)


def places_of(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Places (n, 3) of points."""
    return np.stack([frame.geometry.x, frame.geometry.y, frame.geometry.z], axis=1)


def column(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Column of rows of unit, series and relation, from the youngest."""
    return pd.DataFrame(rows, columns=["unit", "series", "relation"])


def _stack(function: Function, levels: tuple[float, ...]) -> Function:
    """Code of the layer by a field that grows upward: 1 above the highest level."""
    return lambda places: 1 + (function(places)[:, None] < np.array(levels)).sum(axis=1)


def _layers(name: str, function: Function, levels: tuple[float, ...]) -> Truth:
    units = [chr(ord("A") + number) for number in range(len(levels) + 1)]
    surfaces = tuple(Surface(unit, function, level) for unit, level in zip(units, levels, strict=False))
    return Truth(name, column(*((unit, "beds", "") for unit in units)), _stack(function, levels), surfaces)


def layer_cake() -> Truth:
    """Four beds that dip gently to the east, of which one is 40 m thick."""
    return _layers("layer cake", lambda p: p[:, 2] + 0.08 * p[:, 0], (-200.0, -240.0, -560.0))


def fold() -> Truth:
    """Four folded beds whose axis plunges to the north."""

    def height(p: np.ndarray) -> np.ndarray:
        return p[:, 2] - 110 * np.sin(2 * np.pi * p[:, 0] / 1300) + 0.1 * p[:, 1]

    return _layers("fold", height, (-250.0, -420.0, -600.0))


def dome() -> Truth:
    """Beds arched over a dome."""

    def height(p: np.ndarray) -> np.ndarray:
        away = ((p[:, :2] - [1000.0, 800.0]) ** 2).sum(axis=1)
        return p[:, 2] - 380 * np.exp(-away / (2 * 380.0**2))

    return _layers("dome", height, (-380.0, -560.0, -740.0))


def overturned() -> Truth:
    """A fold leant over to the east, one limb of which is upside down."""
    lean = np.radians(50.0)

    def height(p: np.ndarray) -> np.ndarray:
        x, z = p[:, 0] - 1000.0, p[:, 2] + 500.0
        along, across = x * np.cos(lean) + z * np.sin(lean), z * np.cos(lean) - x * np.sin(lean)
        return across - 200 * np.sin(2 * np.pi * along / 900)

    return _layers("overturned", height, (220.0, 0.0, -220.0))


def fault() -> Truth:
    """Four beds broken by a normal fault that dips 60 degrees to the east, with 150 m of slip."""
    slip = 150.0
    turn = np.array([0.5, 0.0, -np.sqrt(3) / 2]) * slip

    def plane(p: np.ndarray) -> np.ndarray:
        return (p[:, 0] - 1000.0) * np.sqrt(3) / 2 + (p[:, 2] + 500.0) / 2

    def bed(p: np.ndarray) -> np.ndarray:
        restored = p - np.where(plane(p) > 0, 1.0, 0.0)[:, None] * turn
        return restored[:, 2] + 40 * np.sin(restored[:, 1] / 400) + 0.05 * restored[:, 0]

    base = _layers("fault", bed, (-250.0, -420.0, -650.0))
    return Truth("fault", base.column, base.unit, base.surfaces, (Surface("main", plane),), (slip,))


def unconformity() -> Truth:
    """Two level beds on a surface that cuts three folded ones."""

    def young(p: np.ndarray) -> np.ndarray:
        return p[:, 2] - 20 * np.sin(p[:, 0] / 400) + 0.03 * p[:, 1]

    def old(p: np.ndarray) -> np.ndarray:
        return p[:, 2] - 120 * np.sin(2 * np.pi * p[:, 0] / 1500) + 0.15 * p[:, 1]

    def unit(p: np.ndarray) -> np.ndarray:
        return np.where(young(p) >= -320.0, _stack(young, (-180.0,))(p), 2 + _stack(old, (-420.0, -560.0))(p))

    rows = [("A", "young", "erode"), ("B", "young", "erode"), *((u, "old", "") for u in "CDE")]
    surfaces = (
        Surface("A", young, -180.0), Surface("B", young, -320.0),
        Surface("C", old, -420.0), Surface("D", old, -560.0),
    )  # fmt: skip
    return Truth("unconformity", column(*rows), unit, surfaces)


def intrusion() -> Truth:
    """An ellipsoid of granite within three folded beds."""
    middle, radii = np.array([900.0, 800.0, -550.0]), np.array([420.0, 330.0, 260.0])

    def body(p: np.ndarray) -> np.ndarray:
        return 1.0 - (((p - middle) / radii) ** 2).sum(axis=1)

    def bed(p: np.ndarray) -> np.ndarray:
        return p[:, 2] - 60 * np.sin(2 * np.pi * p[:, 0] / 1500)

    def unit(p: np.ndarray) -> np.ndarray:
        return np.where(body(p) >= 0, 1, 1 + _stack(bed, (-380.0, -620.0))(p))

    rows = [("granite", "granite", "intrude"), *((u, "beds", "") for u in "ABC")]
    surfaces = (Surface("granite", body), Surface("A", bed, -380.0), Surface("B", bed, -620.0))
    return Truth("intrusion", column(*rows), unit, surfaces)


MODELS = (layer_cake, fold, fault, unconformity, dome, intrusion, overturned)
