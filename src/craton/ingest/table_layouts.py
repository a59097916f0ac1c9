"""Tables without a header: the few whose columns can be told by what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import is_empty, is_number, matches
from craton.ingest.table_geometry import HALF_TURN, RIGHT_ANGLE, numbers
from craton.kernels.gravity import normal_gravity


class Slot(NamedTuple):
    """A column of a known layout: its name and, for numbers, unit and range."""

    name: str
    unit: str = ""
    low: float = np.nan
    high: float = np.nan


class KnownLayout(NamedTuple):
    """A headerless table that is passed around as it is."""

    title: str
    slots: tuple[Slot, ...]


LATITUDE, LONGITUDE = Slot("latitude", "deg", -90, 90), Slot("longitude", "deg", -180, 360)
ELEVATION, GRAVITY = Slot("elevation", "m", -12_000, 9_000), Slot("gravity", "mGal", 976_000, 984_500)

LAYOUTS = (
    KnownLayout("gravity stations", (LATITUDE, LONGITUDE, ELEVATION, GRAVITY)),
    KnownLayout("gravity stations", (LONGITUDE, LATITUDE, ELEVATION, GRAVITY)),
    KnownLayout(
        "OpenFlights airports",
        (
            Slot("airport_id", "", 0, 1e6), Slot("name"), Slot("city"), Slot("country"), Slot("iata"),
            Slot("icao"), LATITUDE, LONGITUDE, Slot("altitude", "ft", -2_000, 20_000),
            Slot("utc_offset", "h", -14, 14), Slot("dst"), Slot("time_zone"), Slot("type"), Slot("source"),
        ),
    ),
)  # fmt: skip

WORST_MISFIT = 500.0
"""Median difference in mGal between gravity and that of the latitude, above which it is no latitude."""

FREE_AIR = 0.3086
"""Fall of gravity with height, mGal/m."""

DECIMALS = 4
"""Decimal places that degrees are written with, and few other numbers between −180 and 180 are."""

ZONES = (
    Slot("zone", "", 1, 60),
    Slot("easting", "m", 100_000, 900_000),
    Slot("northing", "m", 1_000_000, 10_000_000),
)
"""Neighbouring columns of positions in the zones of the Universal Transverse Mercator."""


def known_layout(columns: Mapping[str, pa.Array]) -> KnownLayout | None:
    """The layout of `columns`, in their order, if it is one of `LAYOUTS`."""
    fitting = [layout for layout in LAYOUTS if _fits(list(columns.values()), layout.slots)]
    ranked = sorted(
        (misfit, number)
        for number, layout in enumerate(fitting)
        if (misfit := _misfit(columns, layout)) < WORST_MISFIT
    )
    return fitting[ranked[0][1]] if ranked else None


def _fits(columns: list[pa.Array], slots: tuple[Slot, ...]) -> bool:
    return len(columns) == len(slots) and all(map(_holds, columns, slots))


def _holds(column: pa.Array, slot: Slot) -> bool:
    if np.isnan(slot.low):
        return not is_number(column.type) or is_empty(column)
    if not is_number(column.type) or is_empty(column):
        return False
    extent = pc.min_max(column).as_py()
    return bool(slot.low <= extent["min"] and extent["max"] <= slot.high)


def _misfit(columns: Mapping[str, pa.Array], layout: KnownLayout) -> float:
    """Median misfit in mGal of the gravity the latitudes let expect; 0 for a layout without gravity."""
    by_slot = {
        slot.name: numbers(column) for slot, column in zip(layout.slots, columns.values(), strict=True)
    }
    if "gravity" not in by_slot:
        return 0.0
    expected = normal_gravity(by_slot["latitude"], 0.0) - FREE_AIR * by_slot["elevation"]
    misfit = np.abs(by_slot["gravity"] - expected)
    return float(np.median(misfit[np.isfinite(misfit)])) if np.isfinite(misfit).any() else np.inf


def degree_columns(cells: Mapping[str, pa.Array], columns: Mapping[str, pa.Array]) -> tuple[str, str] | None:
    """Longitude and latitude of a table without a header, where there is no doubt which they are.

    That is so for the only two neighbouring columns written with at least
    four decimals of which one stays within 90 and the other within 180, but
    not within 90.

    Parameters
    ----------
    cells, columns : mapping of str to Array
        The columns as text and as values.
    """
    names = list(columns)
    wide = {name: reach for name in names if (reach := _reach(cells.get(name), columns[name])) > 0}
    beside = [pair for pair in pairwise(names) if wide.keys() >= set(pair)]
    pairs = [pair for pair in beside if (wide[pair[0]] > RIGHT_ANGLE) != (wide[pair[1]] > RIGHT_ANGLE)]
    if len(pairs) != 1:
        return None
    first, second = pairs[0]
    return (first, second) if wide[first] > wide[second] else (second, first)


def zoned_columns(columns: Mapping[str, pa.Array]) -> tuple[str, str, str] | None:
    """Zone, easting and northing of a table without a header whose rows lie in several zones."""
    names = list(columns)
    for first, second, third in zip(names, names[1:], names[2:], strict=False):
        held = (columns[first], columns[second], columns[third])
        if all(map(_holds, held, ZONES)) and _are_zones(*held):
            return first, second, third
    return None


def _are_zones(zone: pa.Array, easting: pa.Array, northing: pa.Array) -> bool:
    """Whether whole numbers, of which there are several, stand before two columns of fractions."""
    several = pa.types.is_integer(zone.type) and len(pc.unique(zone.drop_null())) > 1
    return several and pa.types.is_floating(easting.type) and pa.types.is_floating(northing.type)


def _reach(cells: pa.Array | None, column: pa.Array) -> float:
    """Largest magnitude of a column of degrees written with many decimals; 0 for any other."""
    if cells is None or not pa.types.is_floating(column.type) or is_empty(column):
        return 0.0
    reach = float(pc.max(pc.abs(column)).as_py())
    exact = matches(cells, rf"\.\d{{{DECIMALS},}}") > 0.5 * (len(column) - column.null_count)
    return reach if exact and reach <= HALF_TURN else 0.0
