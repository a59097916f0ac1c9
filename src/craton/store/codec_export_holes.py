"""Drill holes for other programs: logs as LAS 2.0, intervals in space as OMF."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from craton.model.crs import axes
from craton.model.data import Boreholes
from craton.model.desurvey import offsets_at
from craton.model.errors import InvalidError
from craton.store.codec_boreholes import safe_name
from craton.store.codec_columns import is_missing
from craton.store.codec_export_mesh import crs_of
from craton.store.codec_export_omf import Project, table_attributes

NULL = -999.25
EVEN = 1e-6
"""Share of the step by which depths may differ from even ones and still be called even."""

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
        is_metric = not geographic and (collars.crs is None or axes(crs_of(collars)).unit == "m")
        east, north = ("LONG", "LATI") if geographic else ("X", "Y")
        unit = "M" if is_metric else ""
        yield f"{east}.{unit} {point.x!r} :place of the collar"
        yield f"{north}.{unit} {point.y!r} :place of the collar"
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
    """`value` as one line. Colons may stay: the last one of a header line ends its value."""
    return " ".join(str(value).split())


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
