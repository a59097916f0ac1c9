"""Drill holes for other programs: logs as LAS 2.0, layers as AGS 4, intervals in space as OMF."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from craton.model.data import Boreholes
from craton.model.desurvey import offsets_at
from craton.model.errors import InvalidError
from craton.store.codec_asset import NOTE
from craton.store.codec_boreholes import safe_name
from craton.store.codec_columns import is_missing
from craton.store.codec_export_mesh import crs_of
from craton.store.codec_export_omf import Project, table_attributes

NULL = -999.25
EVEN = 1e-6
"""Share of the step by which depths may differ from even ones and still be called even."""

DESCRIPTIONS = ("geol_desc", "description", "lithology_description", "lithology", "rock", "unit")
UNITS = ("geol_geol", "unit", "stratigraphy", "strat", "formation")
LEGENDS = ("geol_leg", "lithology", "lithology_code", "code")
"""Columns, in small letters, that hold what AGS calls description, geology code and legend code."""

GRIDS = {"EPSG:27700": "OSGB", "EPSG:29901": "OSNI", "EPSG:29902": "OSI", "EPSG:2157": "ITM"}

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def write_logs(boreholes: Boreholes, target: Path) -> None:
    """Write each hole's logs as LAS 2.0, in a zip with a file a hole and log.

    Numbers are written with all their digits, none is −999.25; columns of text have no place in the format.
    """
    written = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for table_name, table in boreholes.curves.items():
            for hole, rows in table.groupby("hole_id", sort=False):
                text = _log(boreholes, str(hole), rows)
                if text:
                    alone = len(boreholes.curves) == 1
                    name = safe_name(str(hole)) + ("" if alone else f"-{safe_name(table_name)}")
                    archive.writestr(f"{name}.las", text)
                    written += 1
    if not written:
        raise InvalidError(
            "LAS holds logs of numbers by depth, these holes have none", hint="use .zip or .ags"
        )


def _log(boreholes: Boreholes, hole: str, rows: pd.DataFrame) -> str:
    """One LAS file, empty where there is nothing to write."""
    sorted_rows = rows.sort_values("depth", kind="stable")
    depth = sorted_rows["depth"].to_numpy(np.float64, na_value=np.nan)
    names = [
        name
        for name in rows.columns
        if name not in {"hole_id", "depth"} and pd.api.types.is_numeric_dtype(rows[name].dtype)
    ]
    known = np.isfinite(depth)
    if not names or not known.any():
        return ""
    depth = depth[known]
    values = sorted_rows[names].astype("float64").to_numpy(na_value=np.nan)[known]
    curves = "".join(f"{name}. :\n" for name in _mnemonics(names))
    lines = (
        " ".join(repr(float(one)) for one in row)
        for row in np.nan_to_num(np.column_stack([depth, values]), nan=NULL)
    )
    return (
        "~Version\nVERS. 2.0 :CWLS log ASCII standard, version 2.0\nWRAP. NO :one line a depth\n"
        f"~Well\n{_well(boreholes, hole, depth)}~Curve\nDEPT.M :depth along the hole\n{curves}~ASCII\n"
        + "\n".join(lines)
        + "\n"
    )


def _well(boreholes: Boreholes, hole: str, depth: Numbers) -> str:
    steps = np.diff(depth)
    even = steps.size > 0 and np.ptp(steps) <= EVEN * abs(float(steps[0]))
    told = [
        f"STRT.M {depth[0]!r} :first depth", f"STOP.M {depth[-1]!r} :last depth",
        f"STEP.M {float(steps[0]) if even else 0.0!r} :step, 0 where depths are not even",
        f"NULL. {NULL} :no value", f"WELL. {_line(hole)} :hole",
    ]  # fmt: skip
    collars = boreholes.collars
    for row in np.flatnonzero(collars["hole_id"].astype(str) == hole)[:1]:
        told += _place(collars, int(row))
    return "\n".join(_plain_float(line) for line in told) + "\n"


def _plain_float(line: str) -> str:
    """`line` without numpy's name around its numbers."""
    return re.sub(r"np\.float64\(([^)]*)\)", r"\1", line)


def _place(collars: gpd.GeoDataFrame, row: int) -> Iterator[str]:
    point = collars.geometry.iloc[row]
    geographic = collars.crs is not None and collars.crs.is_geographic
    if point is not None and not point.is_empty:
        east, north = ("LONG", "LATI") if geographic else ("X.M", "Y.M")
        dot = "." if geographic else ""
        yield f"{east}{dot} {point.x!r} :place of the collar"
        yield f"{north}{dot} {point.y!r} :place of the collar"
        if collars.crs is not None:
            yield f"CRS. {_line(crs_of(collars))} :reference system"
    for column, mnemonic in (("elevation", "ELEV"), ("total_depth", "TDD")):
        value = collars[column].iloc[row] if column in collars else None
        if not is_missing(value) and value is not None:
            yield f"{mnemonic}.M {float(value)!r} :{column.replace('_', ' ')}"


def _mnemonics(names: Sequence[Any]) -> list[str]:
    """Names without what separates the parts of a header line, each once."""
    taken: set[str] = {"DEPT"}
    told = []
    for name in names:
        bare = re.sub(r"[\s.:~]+", "_", str(name)) or "CURVE"
        number, unique = 1, bare
        while unique in taken:
            number += 1
            unique = f"{bare}_{number}"
        taken.add(unique)
        told.append(unique)
    return told


def _line(value: object) -> str:
    return " ".join(str(value).split()).replace(":", ";")


@dataclass
class _Group:
    """A group of AGS: headings with unit and type, rows of text."""

    name: str
    headings: dict[str, tuple[str, str]]
    rows: list[list[str]] = field(default_factory=list)

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
    """Write collars, directions and layers as AGS 4: PROJ, TRAN, LOCA, HORN, GEOL, TYPE, UNIT.

    Lengths are rounded to millimetres, angles to tenths of a degree. Layers are the interval table
    `geology`, else the first that has texts; of its columns the description, the geology code and the
    legend code go over, and all whose name begins with `GEOL_`. Other tables have no place here.
    """
    collars = boreholes.collars
    if collars.crs is not None and collars.crs.is_geographic:
        raise InvalidError("AGS holds coordinates of a grid in metres", hint="bring the holes to one first")
    located = _location(collars)
    groups = [_project(target.stem), _transmission(), located]
    groups += [group for group in (_orientation(boreholes), _geology(boreholes)) if group.rows]
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
        "TRAN_STAT": ("", "X"), "TRAN_AGS": ("", "X"), "TRAN_DLIM": ("", "X"), "TRAN_RCON": ("", "X"),
    }  # fmt: skip
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return _Group("TRAN", headings, [["1", day, NOTE, "Export", "4.1.1", "|", "+"]])


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
    return "" if value is None or is_missing(value) else f"{float(value):.{digits}f}"


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
    surveys = boreholes.surveys
    if not len(surveys):
        return group
    ends = dict(
        zip(
            boreholes.collars["hole_id"].astype(str),
            boreholes.collars.get("total_depth", pd.Series(np.nan, boreholes.collars.index)),
            strict=True,
        )
    )
    for hole, rows in surveys.sort_values("depth", kind="stable").groupby("hole_id", sort=False):
        tops = rows["depth"].to_numpy(np.float64)
        bases = [*tops[1:], max(float(ends.get(str(hole), np.nan)), float(tops[-1]))]
        for top, base, azimuth, dip in zip(tops, bases, rows["azimuth"], rows["inclination"], strict=True):
            told = "" if np.isnan(base) else f"{base:.3f}"
            group.rows.append([str(hole), f"{top:.3f}", told, f"{azimuth:.1f}", f"{-dip:.1f}"])
    return group


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


def write_traces(boreholes: Boreholes, target: Path) -> None:
    """Write holes as OMF 2.0: collars as points, each table of intervals as straight pieces in space.

    A piece is attributed with the row's columns, `hole_id` and depths too. Holes without a place are left
    out; one without directions goes straight down; a collar without a height lies at 0.
    """
    collars = boreholes.collars[boreholes.collars.geometry.notna()]
    if not len(collars):
        raise InvalidError("no hole has a place, which .omf needs", hint="use .zip or .gpkg")
    heights = collars["elevation"] if "elevation" in collars else pd.Series(0.0, collars.index)
    tops = np.column_stack([collars.geometry.x, collars.geometry.y, heights.fillna(0.0).to_numpy(np.float64)])
    holes = _Placed(pd.Index(collars["hole_id"].astype(str)), tops, boreholes.surveys)
    with Project(target, target.stem, crs_of(collars)) as project:
        project.elements.append(
            {
                "name": "collars",
                "geometry": {"type": "PointSet", "vertices": project.vertices(tops)},
                "attributes": list(table_attributes(project, pd.DataFrame(collars), "Vertices")),
            }
        )
        for name, table in boreholes.intervals.items():
            element = _pieces(project, name, table, holes)
            if element:
                project.elements.append(element)


@dataclass(frozen=True)
class _Placed:
    """Holes with a place: names, tops (n, 3), directions of all."""

    names: pd.Index[str]
    tops: Numbers
    surveys: pd.DataFrame

    def at(self, hole: np.ndarray[Any, np.dtype[np.int64]], depth: Numbers) -> Numbers:
        """Places (m, 3) of depths along holes given by number."""
        found = np.column_stack([np.zeros((depth.size, 2)), -depth])
        if len(self.surveys):
            number = np.asarray(self.names.get_indexer(pd.Index(self.surveys["hole_id"].astype(str))))
            told = self.surveys[["depth", "azimuth", "inclination"]].to_numpy(np.float64, na_value=np.nan)
            kept = np.flatnonzero((number >= 0) & np.isfinite(told).all(axis=1))
            kept = kept[np.lexsort((told[kept, 0], number[kept]))]
            surveyed = np.isin(hole, number[kept])
            bent = offsets_at(number[kept], *told[kept].T, at_hole=hole[surveyed], at_depth=depth[surveyed])
            found[surveyed] = np.column_stack(bent)
        places: Numbers = self.tops[hole] + found
        return places


def _pieces(project: Project, name: str, table: pd.DataFrame, holes: _Placed) -> dict[str, Any] | None:
    hole = np.asarray(holes.names.get_indexer(pd.Index(table["hole_id"].astype(str))), np.int64)
    ends = table[["from_depth", "to_depth"]].to_numpy(np.float64, na_value=np.nan)
    places = [holes.at(np.maximum(hole, 0), np.nan_to_num(ends[:, side])) for side in (0, 1)]
    kept = (hole >= 0) & np.isfinite(ends).all(axis=1) & np.isfinite(np.hstack(places)).all(axis=1)
    if not kept.any():
        return None
    vertices = np.stack([one[kept] for one in places], axis=1).reshape(-1, 3)
    first = np.arange(0, len(vertices), 2)
    return {
        "name": name,
        "geometry": {
            "type": "LineSet",
            "vertices": project.vertices(vertices),
            "segments": project.columns("ab", pa.uint32(), np.column_stack([first, first + 1])),
        },
        "attributes": list(table_attributes(project, table[kept], "Primitives")),
    }
