"""Made data of a pack: a lattice of parcels with attributes drawn as the pack tells."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr, ndtri

from craton.decide.criteria_table import COLUMNS
from craton.model import units
from craton.model.expression import parse
from craton.model.pack import Made, Pack, Synthetic


def made_parcels(pack: Pack, made: Synthetic, seed: int) -> gpd.GeoDataFrame:
    """Parcels of a lattice with the attributes of a pack."""
    random = np.random.default_rng(seed)
    numbers: dict[str, np.ndarray] = {}
    kept: dict[str, str] = {}
    columns: dict[str, object] = {}
    for id, one in made.attributes.items():
        attribute = pack.attributes.get(id)
        if one.method == "words":
            columns[id] = (
                _named(one, _formula(one, numbers, kept, "1")) if one.formula
                else _words(one, _normal(random, made, one.smooth))
            )  # fmt: skip
            continue
        kept[id] = (attribute.unit if attribute else "") or "1"
        values = _formula(one, numbers, kept, kept[id]) if one.method == "formula" else _drawn(
            one, _normal(random, made, one.smooth)
        )  # fmt: skip
        rounded = np.round(np.broadcast_to(values, made.rows * made.columns), one.decimals)
        numbers[id] = np.clip(rounded, *_ends(one))
        if attribute:
            columns[id] = numbers[id]
    row, column = np.divmod(np.arange(made.rows * made.columns), made.columns)
    west, south = made.west + made.side * column, made.south + made.side * row
    name = pack.label[0] if pack.label and pack.label[0] not in columns else "parcel"
    if name not in columns:
        columns = {name: [f"P{number}" for number in range(1, row.size + 1)], **columns}
    frame = gpd.GeoDataFrame(
        columns, geometry=shapely.box(west, south, west + made.side, south + made.side), crs=made.crs
    )
    frame.attrs[COLUMNS] = {
        id: {"unit": one.unit, "title": one.title.get("en", id)} | (
            {"quantity": one.quantity} if one.quantity else {}
        )
        for id, one in pack.attributes.items() if id in columns
    }  # fmt: skip
    told = {"en": " – made data", "zh": "——模拟数据"}
    frame.attrs["titles"] = {key: pack.title.get(key, pack.id) + words for key, words in told.items()}
    return frame


def _ends(one: Made) -> tuple[float, float]:
    return (-np.inf if one.low is None else one.low, np.inf if one.high is None else one.high)


def _normal(random: np.random.Generator, made: Synthetic, smooth: float) -> np.ndarray:
    """Standard normal numbers (n,); with `smooth` those of neighbours are alike, still of deviation 1."""
    found = random.standard_normal((made.rows, made.columns))
    if smooth > 0:
        # Beyond half the lattice nothing but rounding would be left of the differences.
        found = gaussian_filter(found, min(smooth, max(made.rows, made.columns) / 2.0), mode="wrap")
        spread = float(found.std())
        found = (found - found.mean()) / (spread if spread > 0 else 1.0)
    return np.asarray(found.ravel())


def _drawn(one: Made, normal: np.ndarray) -> np.ndarray:
    if one.method == "uniform":
        low, high = _ends(one)
        return np.asarray(low + (high - low) * ndtr(normal))
    values = one.mean + one.deviation * normal
    return np.exp(np.minimum(values, 700.0)) if one.method == "lognormal" else values


def _words(one: Made, normal: np.ndarray) -> np.ndarray:
    """One of the words, in their shares."""
    shares = np.array(one.shares or (1.0,) * len(one.of))
    limits = ndtri(np.minimum(np.cumsum(shares / shares.sum())[:-1], 1.0))
    return np.array(one.of, dtype=object)[np.searchsorted(limits, normal)]


def _named(one: Made, places: np.ndarray) -> np.ndarray:
    """The word at each place, the last for places beyond; a gap where the place is not known."""
    held = np.clip(np.nan_to_num(places), 0, len(one.of) - 1).astype(np.int64)
    found: np.ndarray = np.array(one.of, dtype=object)[held]
    found[np.isnan(places)] = None
    return found


def _formula(one: Made, numbers: dict[str, np.ndarray], kept: dict[str, str], unit: str) -> np.ndarray:
    """Numbers of a formula, in `unit`."""
    expression = parse(one.formula, numbers)
    told = {name: kept[name] for name in expression.names}
    values = expression.evaluate({name: numbers[name] for name in told}, told)
    return np.asarray(units.convert(values, expression.unit(told), unit))
