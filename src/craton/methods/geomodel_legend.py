"""Legend of a geological map: the order of its units by age or column, and which of them are no layers.

What cannot be a layer of a model is left out, and told with the reason: units whose ages give them no place
in the order, narrow ribbons that cross other units, and the fill of valleys.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.methods.geomodel_column import StratigraphicColumn, column_of
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_sides import Parts, Sides, both_sides, is_ribbon, parts_of, sides_of
from craton.model.errors import ContractError
from craton.model.quantities import recognise

AGE = "numeric_age"
BEDS = "beds"
COVER = "cover"
"""Relation in a column of units whose boundaries on a map are no contacts."""

FEWEST = 3
"""Units that a ribbon must cross, or cover lie on, at least."""

HALF = 0.5
"""Share of a unit that must be ribbons, of its places that must have one unit on both sides, and of the
units older than cover that it must lie on."""

LOWER = 2 / 3
"""Share of the boundary of cover at which its own ground must be the lower."""

SHOWN = 4
"""Units named in a reason."""


class Chosen(NamedTuple):
    """Units, in lower case, that are intrusions, are left out, or are kept whatever the map says."""

    intrusive: frozenset[str]
    ignored: frozenset[str]
    kept: frozenset[str]

    @property
    def stated(self) -> frozenset[str]:
        """Units of which it is stated what they are."""
        return self.intrusive | self.ignored | self.kept


class Legend(NamedTuple):
    """The column of a map, and why units (in lower case) are left out."""

    column: pd.DataFrame
    left_out: dict[str, str]


class Map(NamedTuple):
    """Polygons of a map, the unit of each (empty where none is stated), the ground, spacing of places."""

    geology: gpd.GeoDataFrame
    units: pd.Series
    ground: Terrain
    spacing: float

    def parts(self, names: list[str]) -> Parts:
        """Pieces of the polygons of these units, numbered in their order."""
        number = {name.casefold(): place for place, name in enumerate(names)}
        numbers = [number.get(name.casefold(), -1) for name in self.units]
        return parts_of(self.geology, np.array(numbers, dtype=np.int64))


def chosen(intrusive: tuple[str, ...], ignored: tuple[str, ...], kept: tuple[str, ...]) -> Chosen:
    """What is stated of units."""
    return Chosen(*(frozenset(one.strip().casefold() for one in some) for some in (intrusive, ignored, kept)))


def legend_of_column(process: str, table: pd.DataFrame, shown: Map, stated: Chosen) -> Legend:
    """Legend by a given column: units that it does not have are left out, unless they are misspelt."""
    read = column_of(process, table)
    known = [name.casefold() for name in read.order]
    out = _named(shown, stated)
    for name in sorted(set(shown.units.str.casefold()) - set(known) - set(out) - {""}):
        # A name like one of the column is a mistake, which is refused where the rows are looked up.
        if not get_close_matches(name, known, 1, cutoff=0.8):
            out[name] = "not in the column"
    for name in _cover_of(read):
        if name not in stated.stated:
            out[name] = "cover, by its relation in the column"
    return Legend(table, out)


def _cover_of(read: StratigraphicColumn) -> list[str]:
    rows = [row for one in read.series if one.relation == COVER for row in one.rows]
    return [read.order[row].casefold() for row in rows]


def legend_of_ages(
    process: str,
    shown: Map,
    ages: tuple[str | None, str | None],
    series: pd.Series | None,
    stated: Chosen,
) -> Legend:
    """Legend by the ages of a map, without the units that ages and shapes tell to be no layers."""
    out = _named(shown, stated)
    table = _aged(process, shown, ages)
    table = table[~table["unit"].str.casefold().isin(out)]
    out |= _ageless(process, table, stated) | _without_place(table, stated)
    table = table[~table["unit"].str.casefold().isin(out)]
    out |= _crossing(shown, list(table["unit"]), stated)
    table = table[~table["unit"].str.casefold().isin(out)]
    out |= _filling(shown, list(table["unit"]), stated)
    table = table[~table["unit"].str.casefold().isin(out)]
    bodies = table["unit"].str.casefold().isin(stated.intrusive)
    own = BEDS if series is None else table["unit"].map(dict(zip(shown.units, series, strict=True)))
    relation = np.where(bodies, "intrude", "erode")
    table = table.assign(series=np.where(bodies, table["unit"], own), relation=relation)
    order = _placed(table[~bodies], table[bodies]).drop(columns="middle").reset_index(drop=True)
    if not len(order):
        came = "; ".join(f"{name}: {why}" for name, why in list(out.items())[:3]) or "none"
        raise ContractError(
            process, "geology", "units with ages that are layers", came, hint="name with `kept` what is one"
        )
    return Legend(order, out)


def _named(shown: Map, stated: Chosen) -> dict[str, str]:
    present = set(shown.units.str.casefold())
    return dict.fromkeys(sorted(stated.ignored & present), "named in `ignored`")


def _aged(process: str, shown: Map, ages: tuple[str | None, str | None]) -> pd.DataFrame:
    """Units of a map by the middle of their ages, those without the last."""
    top, base = _ages(process, shown.geology, ages)
    table = pd.DataFrame({"unit": shown.units.to_numpy(), "age_top": top, "age_base": base})
    table = table[table["unit"] != ""].groupby("unit", sort=True, as_index=False).mean()
    table["middle"] = (table["age_top"] + table["age_base"]) / 2
    return table.sort_values(["middle", "age_base", "unit"], kind="stable", ignore_index=True)


def _ages(
    process: str, geology: gpd.GeoDataFrame, ages: tuple[str | None, str | None]
) -> tuple[np.ndarray, np.ndarray]:
    """Youngest and oldest age (n,) of each polygon, of the columns named or of all that hold ages."""
    named = [name for name in ages if name is not None]
    if len(named) < len(ages):
        named = [name for name in map(str, geology.columns) if recognise(name).quantity == AGE]
    if len(named) < 2:
        raise ContractError(process, "column", "given, or else `youngest_age` and `oldest_age`", "neither")
    told = geology[named].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    if ages[0] is not None and ages[1] is not None:
        return told[:, 0], told[:, 1]
    return np.fmin.reduce(told, axis=1), np.fmax.reduce(told, axis=1)


def _ageless(process: str, table: pd.DataFrame, stated: Chosen) -> dict[str, str]:
    """Units without ages; refused where they are to be in the model."""
    names = table.loc[table["middle"].isna(), "unit"]
    wanted = names[names.str.casefold().isin(stated.stated)]
    if len(wanted) or len(names) == len(table):
        raise ContractError(
            process, "geology", "ages of the units", f"none of {', '.join(names.head(5))}",
            hint="give a `column` with their order",
        )  # fmt: skip
    return dict.fromkeys(names.str.casefold(), "no age: it has no place in the order")


def _without_place(table: pd.DataFrame, stated: Chosen) -> dict[str, str]:
    """Units whose ages hold those of two others of which one is older than the other."""
    out = {}
    top, base = table["age_top"].to_numpy(), table["age_base"].to_numpy()
    follows = (base[:, None] <= top) & ~np.eye(len(table), dtype=bool)
    for row, name in enumerate(table["unit"]):
        within = (top >= top[row]) & (base <= base[row]) & (base - top < base[row] - top[row])
        if name.casefold() in stated.stated or not follows[np.ix_(within, within)].any():
            continue
        out[name.casefold()] = (
            f"its ages ({top[row]:g} to {base[row]:g} Ma) hold those of {_listed(table['unit'][within])}, "
            "which follow one another: it has no place in their order"
        )
    return out


def _crossing(shown: Map, names: list[str], stated: Chosen) -> dict[str, str]:
    """Units that are ribbons with one unit on both sides, and that of several units: dykes and the like."""
    parts, out = shown.parts(names), {}
    tree, ribbon = parts.tree, is_ribbon(parts.shapes)
    area = np.array([one.area for one in parts.shapes])
    for unit in np.unique(parts.units[ribbon]):
        own = parts.units == unit
        if names[unit].casefold() in stated.stated or area[own & ribbon].sum() < HALF * area[own].sum():
            continue
        found = [both_sides(one, tree, parts.units) for one in parts.shapes[own & ribbon]]
        pairs = np.concatenate(found)
        pairs = pairs[(pairs >= 0).all(axis=1) & (pairs != unit).all(axis=1)]
        same = pairs[:, 0] == pairs[:, 1]
        hosts = np.unique(pairs[same, 0])
        if len(hosts) >= FEWEST and same.mean() >= HALF:
            out[names[unit].casefold()] = (
                f"ribbons with the same unit on both sides at {same.mean():.0%} of places, of "
                f"{_listed(pd.Series(names)[hosts])}: a dyke, or a fill of valleys"
            )
    return out


def _filling(shown: Map, names: list[str], stated: Chosen) -> dict[str, str]:
    """The youngest units that lie on most older ones, lower than these: their thickness is not on the map."""
    parts, out = shown.parts(names), {}
    tree = parts.tree
    for unit, name in enumerate(names):
        if name.casefold() in stated.stated:
            continue
        rings = [
            sides_of(one, unit, tree, parts.units, shown.spacing) for one in parts.shapes[parts.units == unit]
        ]
        sides = Sides(*(np.concatenate(every) for every in zip(*rings, strict=True)))
        older = sides.beyond > unit
        under, beneath = np.unique(sides.beyond[older]), len(names) - unit - 1
        if len(under) < max(FEWEST, HALF * beneath):
            break
        share = _lower(sides, older, shown)
        if not share >= LOWER:
            break
        out[name.casefold()] = (
            f"cover: it is younger than the rest, lies on {len(under)} of {beneath} older units and is lower "
            f"than these at {share:.0%} of its edge; the map does not tell how thick it is"
        )
    return out


def _lower(sides: Sides, chosen: np.ndarray, shown: Map) -> float:
    """Share of places at which the ground within is lower than beyond, NaN where no ground is known."""
    at, step = sides.places[chosen], shown.ground.side * sides.inward[chosen]
    within, beyond = (shown.ground.at(*(at + sense * step).T) for sense in (1.0, -1.0))
    known = np.isfinite(within) & np.isfinite(beyond)
    return float((within < beyond)[known].mean()) if known.any() else float("nan")


def _listed(names: pd.Series) -> str:
    """Names in words, the first few of them."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _placed(beds: pd.DataFrame, bodies: pd.DataFrame) -> pd.DataFrame:
    """Beds by age, each intrusion above the first series that has a bed as old as it or older."""
    oldest = beds.groupby("series")["middle"].transform("max").to_numpy()
    younger = [int(np.argmax(np.append(oldest >= middle, True))) for middle in bodies["middle"]]
    ranked = pd.concat([bodies.assign(rank=np.array(younger) - 0.5), beds.assign(rank=np.arange(len(beds)))])
    return ranked.sort_values("rank", kind="stable").drop(columns="rank")
