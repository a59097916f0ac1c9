"""The geometry of the rows of a table, as WKB, out of its columns of coordinates."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import shapely

from craton.ingest.point_geometry import point_column
from craton.ingest.table_angles import read_angles
from craton.ingest.table_arrays import floats, mask
from craton.ingest.table_coordinates import Pair, Places
from craton.model.record import Finding

HALF_TURN, RIGHT_ANGLE, FULL_TURN = 180.0, 90.0, 360.0

_WKB_LINE = np.dtype([("order", "u1"), ("type", "<u4"), ("count", "<u4"), ("xy", "<f8", (2, 2))])
_LITTLE_ENDIAN, _LINE = 1, 2
_SRID = re.compile(r"\s*SRID=(\d+);")


@dataclass
class Located:
    """Geometry of the rows and what was found out on the way.

    Parameters
    ----------
    geometry : BinaryArray
        WKB, null where a row has no place.
    places : Places
        As given, with the order of the columns settled.
    columns : dict of str to Array
        Columns whose values changed: longitudes brought to −180–180°.
    crs : str
        Reference system the geometries themselves state.
    """

    geometry: pa.BinaryArray
    places: Places
    columns: dict[str, pa.Array] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    crs: str = ""

    def find(self, code: str, count: int) -> None:
        """Add a finding where there is something to count."""
        if count:
            self.findings.append(Finding(code=code, count=int(count)))


def locate(columns: dict[str, pa.Array], places: Places) -> Located:
    """Geometry of the rows of `columns` out of the columns that `places` names."""
    if places.kind == "wkt":
        return _from_wkt(columns[places.points[0].x], places)
    if places.kind == "geographic":
        return _from_degrees(columns, places)
    points = [(numbers(columns[pair.x]), numbers(columns[pair.y])) for pair in places.points]
    located = Located(_shapes(points), places)
    located.find("coordinate-missing", located.geometry.null_count)
    return located


def numbers(column: pa.Array) -> np.ndarray:
    """Values (n,) as float64, NaN where there is none; texts are read as angles in degrees."""
    if pa.types.is_string(column.type):
        angles = read_angles(column)
        return np.full(len(column), np.nan) if angles is None else angles
    return floats(column)


def _from_degrees(columns: dict[str, pa.Array], places: Places) -> Located:
    located = Located(pa.array([], pa.binary()), places)
    points, outside, missing = [], 0, 0
    for pair in places.points:
        longitude, latitude = numbers(columns[pair.x]), numbers(columns[pair.y])
        known = np.isfinite(longitude) & np.isfinite(latitude)
        written = mask(columns[pair.x].is_valid()) & mask(columns[pair.y].is_valid())
        if places.swapped or look_swapped(longitude[known], latitude[known]):
            located.places = replace(places, swapped=True)
            longitude, latitude = latitude, longitude
        longitude = _wrapped(located, columns, pair, longitude)
        legal = known & (np.abs(longitude) <= HALF_TURN) & (np.abs(latitude) <= RIGHT_ANGLE)
        outside += int((written & ~legal).sum())
        missing += int((~written).sum())
        points.append((np.where(legal, longitude, np.nan), np.where(legal, latitude, np.nan)))
    located.geometry = _shapes(points)
    located.find("coordinates-swapped", int(located.places.swapped))
    located.find("coordinate-out-of-range", outside)
    located.find("coordinate-missing", missing)
    longitude, latitude = points[0]
    coarse = (np.rint(longitude) == longitude) & (np.rint(latitude) == latitude)
    located.find("coordinate-coarse", coarse.sum())
    return located


def look_swapped(longitude: np.ndarray, latitude: np.ndarray) -> bool:
    """Whether most latitudes (n,) are illegal and the exchange would make them legal."""
    if not len(latitude):
        return False
    cured = (
        (np.abs(latitude) > RIGHT_ANGLE)
        & (np.abs(latitude) <= FULL_TURN)
        & (np.abs(longitude) <= RIGHT_ANGLE)
    )
    return bool(cured.mean() > 0.5)


def _wrapped(located: Located, columns: dict[str, pa.Array], pair: Pair, longitude: np.ndarray) -> np.ndarray:
    """Longitudes of 180–360° as those of −180–0°, also in the column itself where it holds numbers."""
    over = (longitude > HALF_TURN) & (longitude <= FULL_TURN)
    if not over.any():
        return longitude
    located.find("longitude-wrapped", int(over.sum()))
    wrapped = np.where(over, longitude - FULL_TURN, longitude)
    name = pair.y if located.places.swapped else pair.x
    if not pa.types.is_string(columns[name].type):
        located.columns[name] = pa.array(wrapped, from_pandas=True)
    return wrapped


def _shapes(points: list[tuple[np.ndarray, np.ndarray]]) -> pa.BinaryArray:
    """Points where there is one pair of coordinates a row, lines of two points where there are two."""
    if len(points) == 1:
        return point_column(*points[0])
    (x1, y1), (x2, y2) = points
    records = np.empty(len(x1), dtype=_WKB_LINE)
    records["order"], records["type"], records["count"] = _LITTLE_ENDIAN, _LINE, 2
    records["xy"] = np.stack([np.stack([x1, y1], axis=1), np.stack([x2, y2], axis=1)], axis=1)
    valid = np.isfinite(records["xy"]).all(axis=(1, 2))
    return pa.array(
        [row.tobytes() if good else None for row, good in zip(records, valid, strict=True)], type=pa.binary()
    )


def _from_wkt(column: pa.Array, places: Places) -> Located:
    texts = column.to_pylist()
    codes = {match[1] for text in texts if text and (match := _SRID.match(text))}
    bare = [None if text is None else _SRID.sub("", text) for text in texts]
    shapes = shapely.from_wkt(bare, on_invalid="ignore")
    geometry = pa.array(shapely.to_wkb(shapes, include_srid=False), type=pa.binary())
    located = Located(geometry, places, crs=f"EPSG:{codes.pop()}" if len(codes) == 1 else "")
    located.find("geometry-unread", geometry.null_count - column.null_count)
    located.find("geometry-null", column.null_count)
    return located
