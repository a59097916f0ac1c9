"""Drill holes for programs of ground investigation: AGS 4.

References
----------
Association of Geotechnical and Geoenvironmental Specialists. Electronic
Transfer of Geotechnical and Geoenvironmental Data, edition 4.1.1 (2022).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.model.crs import axes
from craton.model.data import Boreholes
from craton.model.errors import InvalidError
from craton.store.codec_asset import NOTE
from craton.store.codec_columns import is_missing
from craton.store.codec_export_mesh import crs_of

DESCRIPTIONS = ("geol_desc", "description", "lithology_description", "lithology", "rock", "unit")
UNITS = ("geol_geol", "unit", "stratigraphy", "strat", "formation")
LEGENDS = ("geol_leg", "lithology", "lithology_code", "code")
"""Columns, in small letters, that hold what AGS calls description, geology code and legend code."""

GRIDS = {"EPSG:27700": "OSGB", "EPSG:29901": "OSNI", "EPSG:29902": "OSI", "EPSG:2157": "ITM"}

ORDER = {
    "LOCA": (
        "ID TYPE STAT NATE NATN GREF GL REM FDEP STAR PURP TERM ENDD LETT LOCX LOCY LOCZ LREF DATM ETRV NTRV"
        " LTRV XTRL YTRL ZTRL LAT LON ELAT ELON LLZ LOCM LOCA CLST ALID OFFS CNGE TRAN NATD ORID ORJO ORCO"
    ),
    "GEOL": "TOP BASE DESC LEG GEOL GEO2 STAT BGS FORM REM",
}
"""Ends of the headings of the standard's dictionary, in the order in which they must come."""


@dataclass
class _Group:
    """A group of AGS: headings with unit and type, rows of text."""

    name: str
    headings: dict[str, tuple[str, str]]
    rows: list[list[str]] = field(default_factory=list)

    @property
    def standard(self) -> list[str]:
        """Headings of the standard, in its order."""
        return ["LOCA_ID", *(f"{self.name}_{end}" for end in ORDER.get(self.name, "").split())]

    @property
    def unknown(self) -> list[str]:
        """Headings that the standard does not have."""
        return [heading for heading in self.headings if heading not in self.standard]

    def in_order(self) -> _Group:
        """The same group with its headings in the order of the standard, those that it has not at the end."""
        names = list(self.headings)
        wanted = [heading for heading in dict.fromkeys(self.standard) if heading in names] + self.unknown
        places = [names.index(heading) for heading in wanted]
        headings = {heading: self.headings[heading] for heading in wanted}
        return _Group(self.name, headings, [[row[place] for place in places] for row in self.rows])

    def lines(self) -> Iterator[list[str]]:
        """Lines of the group, the blank one after it too."""
        yield ["GROUP", self.name]
        yield ["HEADING", *self.headings]
        yield ["UNIT", *(unit for unit, _ in self.headings.values())]
        yield ["TYPE", *(kind for _, kind in self.headings.values())]
        yield from (["DATA", *row] for row in self.rows)
        yield []


TYPES = {
    "ID": "Unique identifier", "X": "Text", "3DP": "Value; 3 decimal places",
    "1DP": "Value; 1 decimal place", "DT": "Date time in international format",
}  # fmt: skip


def write_layers(boreholes: Boreholes, target: Path) -> None:
    """Write collars, directions and layers as AGS 4: PROJ, TRAN, LOCA, HORN, GEOL, DICT, TYPE, UNIT.

    Lengths are rounded to millimetres, angles to tenths of a degree. Layers are the interval table
    `geology`, else the first that has texts; of its columns the description, the geology code and the
    legend code go over, and all whose name begins with `GEOL_`. Other tables have no place here.
    """
    collars = boreholes.collars
    if collars.crs is not None and axes(crs_of(collars)).unit != "m":
        raise InvalidError("AGS holds coordinates of a grid in metres", hint="bring the holes to one first")
    located = _location(collars)
    groups = [_project(target.stem), _transmission(), located.in_order()]
    groups += [group.in_order() for group in (_orientation(boreholes), _geology(boreholes)) if group.rows]
    groups += [group for group in (_own_headings(groups),) if group.rows]
    groups += list(_dictionary(groups))
    with target.open("w", encoding="utf-8", newline="") as stream:
        for group in groups:
            for line in group.lines():
                stream.write(",".join(f'"{_quoted(cell)}"' for cell in line) + "\r\n")


def _quoted(cell: str) -> str:
    return " ".join(cell.split()).replace('"', '""')


def _project(name: str) -> _Group:
    return _Group("PROJ", {"PROJ_ID": ("", "ID"), "PROJ_NAME": ("", "X")}, [[name, name]])


def _transmission() -> _Group:
    headings = {
        "TRAN_ISNO": ("", "X"), "TRAN_DATE": ("yyyy-mm-dd", "DT"), "TRAN_PROD": ("", "X"),
        "TRAN_STAT": ("", "X"), "TRAN_AGS": ("", "X"), "TRAN_RECV": ("", "X"), "TRAN_DLIM": ("", "X"),
        "TRAN_RCON": ("", "X"),
    }  # fmt: skip
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return _Group("TRAN", headings, [["1", day, NOTE, "Export", "4.1.1", "Not stated", "|", "+"]])


def _location(collars: gpd.GeoDataFrame) -> _Group:
    own = [str(name) for name in collars.columns if re.fullmatch(r"LOCA_[A-Z0-9]{1,4}", str(name))]
    fixed = ("LOCA_ID", "LOCA_NATE", "LOCA_NATN", "LOCA_GREF", "LOCA_GL", "LOCA_FDEP")
    more = [name for name in own if name not in fixed]
    length = ("m", "3DP")
    headings = {
        "LOCA_ID": ("", "ID"), "LOCA_NATE": length, "LOCA_NATN": length, "LOCA_GREF": ("", "X"),
        "LOCA_GL": length, "LOCA_FDEP": length, **dict.fromkeys(more, ("", "X")),
    }  # fmt: skip
    name = crs_of(collars)
    group = _Group("LOCA", headings)
    for row, point in enumerate(collars.geometry):
        place = ("", "", "")
        if point is not None and not point.is_empty:
            place = (f"{point.x:.3f}", f"{point.y:.3f}", GRIDS.get(name, name))
        lengths = [_fixed(collars, column, row) for column in ("elevation", "total_depth")]
        texts = [_cell(collars[column].iloc[row]) for column in more]
        group.rows.append([str(collars["hole_id"].iloc[row]), *place, *lengths, *texts])
    return group


def _fixed(frame: pd.DataFrame, column: str, row: int, digits: int = 3) -> str:
    value = frame[column].iloc[row] if column in frame else None
    return "" if value is None or is_missing(value) else _digits(float(value), digits)


def _cell(value: Any) -> str:
    return "" if is_missing(value) else str(value)


def _orientation(boreholes: Boreholes) -> _Group:
    """Directions, each from its station to the next one; AGS counts 90 degrees as straight down."""
    length, angle = ("m", "3DP"), ("deg", "1DP")
    headings = {
        "LOCA_ID": ("", "ID"), "HORN_TOP": length, "HORN_BASE": length, "HORN_ORNT": angle,
        "HORN_INCL": angle,
    }  # fmt: skip
    group = _Group("HORN", headings)
    collars = boreholes.collars
    drilled = collars.get("total_depth", pd.Series(np.nan, collars.index))
    ends = dict(
        zip(
            collars["hole_id"].astype(str),
            drilled.to_numpy(np.float64, na_value=np.nan).tolist(),
            strict=True,
        )
    )
    known = boreholes.surveys.dropna(subset="depth").sort_values("depth", kind="stable")
    for hole, rows in known.groupby("hole_id", sort=False):
        told = rows[["depth", "azimuth", "inclination"]].astype("float64").to_numpy(na_value=np.nan)
        tops = told[:, 0]
        bases = [*tops[1:], max(ends.get(str(hole), np.nan), float(tops[-1]))]
        for (top, azimuth, dip), base in zip(told.tolist(), bases, strict=True):
            lengths, angles = (_digits(top, 3), _digits(base, 3)), (_digits(azimuth, 1), _digits(-dip, 1))
            group.rows.append([str(hole), *lengths, *angles])
    return group


def _digits(number: float, digits: int) -> str:
    """`number` with so many digits after the point; empty for NaN."""
    return "" if np.isnan(number) else f"{number:z.{digits}f}"


def _geology(boreholes: Boreholes) -> _Group:
    headings = {
        "LOCA_ID": ("", "ID"), "GEOL_TOP": ("m", "3DP"), "GEOL_BASE": ("m", "3DP"), "GEOL_DESC": ("", "X"),
        "GEOL_LEG": ("", "X"), "GEOL_GEOL": ("", "X"),
    }  # fmt: skip
    table = _layers(boreholes.intervals)
    group = _Group("GEOL", headings)
    if table is None:
        return group
    small = {str(name).lower(): str(name) for name in table.columns}
    chosen = [_first(small, known) for known in (DESCRIPTIONS, LEGENDS, UNITS)]
    more = [
        str(name)
        for name in table.columns
        if re.fullmatch(r"GEOL_[A-Z0-9]{1,4}", str(name)) and str(name) not in headings
    ]
    group.headings |= dict.fromkeys(more, ("", "X"))
    for row in range(len(table)):
        depths = [_fixed(table, column, row) for column in ("from_depth", "to_depth")]
        texts = [_cell(table[name].iloc[row]) if name else "" for name in (*chosen, *more)]
        group.rows.append([str(table["hole_id"].iloc[row]), *depths, *texts])
    return group


def _layers(intervals: Mapping[str, pd.DataFrame]) -> pd.DataFrame | None:
    """The table of layers: `geology`, else the first with a column of text."""
    named = next((table for name, table in intervals.items() if name.lower() == "geology"), None)
    if named is not None:
        return named
    return next(
        (
            table
            for table in intervals.values()
            if any(
                not pd.api.types.is_numeric_dtype(table[name].dtype)
                for name in table.columns
                if name != "hole_id"
            )
        ),
        None,
    )


def _first(small: Mapping[str, str], known: Sequence[str]) -> str:
    return next((small[name] for name in known if name in small), "")


def _own_headings(groups: Iterable[_Group]) -> _Group:
    """What must be said of headings that the standard does not have."""
    headings = {
        "DICT_TYPE": ("", "X"), "DICT_GRP": ("", "X"), "DICT_HDNG": ("", "X"), "DICT_STAT": ("", "X"),
        "DICT_DTYP": ("", "X"), "DICT_DESC": ("", "X"), "DICT_UNIT": ("", "X"),
    }  # fmt: skip
    rows = [
        ["HEADING", group.name, heading, "OTHER", "X", "As in the source", ""]
        for group in groups
        if group.name in ORDER
        for heading in group.unknown
    ]
    return _Group("DICT", headings, rows)


def _dictionary(groups: Sequence[_Group]) -> Iterator[_Group]:
    """The groups of types and units that the others use."""
    types = {kind for group in groups for _, kind in group.headings.values()} | {"X"}
    units = {unit for group in groups for unit, _ in group.headings.values()} - {""}
    told = {"m": "metre", "deg": "degree", "yyyy-mm-dd": "year month day"}
    yield _Group(
        "TYPE",
        {"TYPE_TYPE": ("", "X"), "TYPE_DESC": ("", "X")},
        [[kind, TYPES[kind]] for kind in sorted(types)],
    )
    yield _Group(
        "UNIT",
        {"UNIT_UNIT": ("", "X"), "UNIT_DESC": ("", "X")},
        [[unit, told[unit]] for unit in sorted(units)],
    )
