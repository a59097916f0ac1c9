"""Geometry columns: what the WKB holds, what is wrong with it, and the repairs that lose nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from craton.model.crs import is_geographic
from craton.model.data import Draft

CHECKED_BYTES = 8 << 20
"""WKB size up to which geometries are parsed: that costs about as much as reading a binary format."""

HEADER_BYTES = 5
"""Byte order and type code of a WKB geometry."""

CURVES = range(8, 15)
SURFACES = {15: 6, 16: 6, 17: 3}
"""Polyhedral surface, TIN and triangle: laid out as multipolygon and polygon, which every library reads."""

FAMILIES = {1: "points", 4: "points", 2: "lines", 5: "lines", 3: "polygons", 6: "polygons"}

LATITUDE_LIMIT = 90.0 + 1e-6
LONGITUDE_LIMIT = 360.0 + 1e-6
HALF_TURN = 180.0


class Codes(NamedTuple):
    """ISO WKB type codes of the non-null rows: `base` 1–17, and whether any row has Z or M."""

    base: np.ndarray
    has_z: bool
    has_m: bool


def codes(column: pa.ChunkedArray) -> Codes:
    """Type codes read out of the WKB headers of `column`, without parsing the geometries."""
    found = np.concatenate([_chunk_codes(chunk) for chunk in column.chunks] or [np.empty(0, np.uint32)])
    dimension = (found % 10_000) // 1000
    return Codes(found % 1000, bool(np.isin(dimension, (1, 3)).any()), bool((dimension >= 2).any()))


def _chunk_codes(chunk: pa.Array) -> np.ndarray:
    chunk = chunk.drop_null()
    _, offset_buffer, data_buffer = chunk.buffers()
    if not len(chunk) or data_buffer is None:
        return np.empty(0, np.uint32)
    offsets = np.frombuffer(offset_buffer, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    starts = offsets[:-1][np.diff(offsets) >= HEADER_BYTES].astype(np.int64)
    data = np.frombuffer(data_buffer, np.uint8)
    digits = data[starts[:, None] + np.arange(1, HEADER_BYTES)].astype(np.uint32)
    little = data[starts] == 1
    digits[~little] = digits[~little, ::-1]
    return np.asarray(digits @ np.array([1, 1 << 8, 1 << 16, 1 << 24], np.uint32))


def has_curves(column: pa.ChunkedArray) -> bool:
    """Whether any row is a circular string, compound curve, curve polygon or collection of these."""
    return bool(np.isin(codes(column).base, CURVES).any())


def examine(
    column: pa.ChunkedArray, crs: str, draft: Draft, *, unread: int = 0, winding: bool = False
) -> pa.ChunkedArray:
    """Check the WKB `column` in `crs`, add the findings to `draft`, and give the column back repaired.

    Parameters
    ----------
    unread : int
        Rows known to be empty because their geometry could not be read.
    winding : bool
        Whether the format asks for counter-clockwise shells (RFC 7946).
    """
    unread = min(unread, column.null_count)
    missing = column.null_count - unread
    if missing:
        draft.find("geometry-null", missing)
    if unread:
        draft.find("geometry-unread", unread)
    found = codes(column)
    _note_mixture(found, draft)
    small = column.nbytes <= CHECKED_BYTES
    must = found.has_m or bool(np.isin(found.base, list(SURFACES)).any())
    if not (must or small):
        draft.steps.append("geometry was not repaired, for the layer is large")
        return column
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are judged, not warned about
        geometries, changed = _parsed(column, found, draft)
        if small:
            _note_validity(geometries, draft, winding=winding)
        changed |= _bring_in_range(geometries, crs, draft)
    return _as_column(geometries) if changed else column


def _note_mixture(found: Codes, draft: Draft) -> None:
    families = sorted({FAMILIES.get(int(code), "collections") for code in np.unique(found.base)})
    if len(families) > 1:
        draft.find("geometry-mixed", message=", ".join(families))


def _parsed(column: pa.ChunkedArray, found: Codes, draft: Draft) -> tuple[np.ndarray, bool]:
    """Geometries of `column`, and whether they differ from what the column holds."""
    raw = column.to_numpy()
    changed = bool(np.isin(found.base, list(SURFACES)).any())
    if changed:
        raw = np.array([_as_polygons(one) for one in raw], dtype=object)
    geometries = shapely.from_wkb(raw, on_invalid="ignore")
    present = np.array([one is not None for one in raw], dtype=bool)
    broken = np.flatnonzero(present & shapely.is_missing(geometries))
    if broken.size:
        geometries[broken] = shapely.from_wkb(raw[broken], on_invalid="fix")
        changed = True
        _note_broken(geometries[broken], draft)
    if found.has_m:
        draft.find("geometry-measures", int(shapely.has_m(geometries).sum()))
        geometries = _without_measures(geometries)
        changed = True
    return geometries, changed


def _without_measures(geometries: np.ndarray) -> np.ndarray:
    """`geometries` without M; through WKB, for `force_3d` would set the heights of ZM geometries to 0."""
    high = shapely.has_z(geometries)
    flat = np.asarray(shapely.force_2d(geometries))
    flat[high] = shapely.from_wkb(shapely.to_wkb(geometries[high], output_dimension=3, flavor="iso"))
    return flat


def _as_polygons(wkb: bytes | None) -> bytes | None:
    """`wkb` of a polyhedral surface, TIN or triangle with the codes of polygons; others as they are."""
    if wkb is None or wkb[0] != 1:
        return wkb
    code = int.from_bytes(wkb[1:5], "little")
    if code % 1000 not in SURFACES:
        return wkb
    patched = bytearray(wkb)
    _set_code(patched, 0, code)
    if code % 1000 != 16:
        return bytes(patched)
    size = HEADER_BYTES + 8 + 4 * 8 * (2 + (code // 1000 in {1, 2}) + 2 * (code // 1000 == 3))
    for start in range(HEADER_BYTES + 4, len(patched) - size + 1, size):
        _set_code(patched, start, code - code % 1000 + 17)
    return bytes(patched)


def _set_code(wkb: bytearray, start: int, code: int) -> None:
    """Write the polygon code for the surface `code` into the header at `start`."""
    wkb[start + 1 : start + HEADER_BYTES] = (code - code % 1000 + SURFACES[code % 1000]).to_bytes(4, "little")


def _note_broken(fixed: np.ndarray, draft: Draft) -> None:
    unread = int(shapely.is_missing(fixed).sum())
    if unread:
        draft.find("geometry-unread", unread)
    if len(fixed) - unread:
        draft.find("geometry-repaired", len(fixed) - unread, "rings that were not closed were closed")


def _note_validity(geometries: np.ndarray, draft: Draft, *, winding: bool) -> None:
    invalid = np.flatnonzero(~shapely.is_valid(geometries) & ~shapely.is_missing(geometries))
    if invalid.size:
        draft.find(
            "geometry-invalid", invalid.size, f"the first: {shapely.is_valid_reason(geometries[invalid[0]])}"
        )
    if winding:
        turned = _turned_rings(geometries)
        if turned:
            draft.find("geometry-winding", turned)


def _turned_rings(geometries: np.ndarray) -> int:
    """How many shells run clockwise or holes counter-clockwise."""
    parts = shapely.get_parts(shapely.get_parts(geometries[~shapely.is_missing(geometries)]))
    polygons = parts[shapely.get_type_id(parts) == 3]
    rings, owner = shapely.get_rings(polygons, return_index=True)
    shell = np.diff(owner, prepend=-1) > 0
    return int((shapely.is_ccw(rings) != shell).sum())


def _bring_in_range(geometries: np.ndarray, crs: str, draft: Draft) -> bool:
    """Bring longitudes to ±180° and set aside what lies off the Earth; whether anything changed."""
    if not crs or not is_geographic(crs):
        return False
    bounds = shapely.bounds(geometries)
    west, _, east, _ = bounds.T
    high, long = np.abs(bounds[:, 1::2]).max(axis=1), np.abs(bounds[:, ::2]).max(axis=1)
    off = (high > LATITUDE_LIMIT) | (long > LONGITUDE_LIMIT)
    wrapped = ~off & ((west > HALF_TURN) | (east < -HALF_TURN))
    crossing = ~off & ~wrapped & ((east > HALF_TURN) | (west < -HALF_TURN))
    zero = (bounds == 0).all(axis=1)
    _note_range(draft, crossing=int(crossing.sum()), zero=int(zero.sum()))
    return _wrap(geometries, wrapped, west, draft) | _set_aside(geometries, off, draft)


def _note_range(draft: Draft, *, crossing: int, zero: int) -> None:
    if crossing:
        draft.find("antimeridian-crossed", crossing)
    if zero:
        draft.find("coordinate-zero", zero)


def _wrap(geometries: np.ndarray, wrapped: np.ndarray, west: np.ndarray, draft: Draft) -> bool:
    for sign in (1.0, -1.0):
        chosen = wrapped & (np.sign(west) == sign)
        if chosen.any():
            shift = np.array([sign * 2 * HALF_TURN, 0.0])
            geometries[chosen] = _moved(geometries[chosen], shift)
            draft.find("longitude-wrapped", int(chosen.sum()))
    return bool(wrapped.any())


def _moved(geometries: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """`geometries` with `shift` (easting, northing) taken off; heights stay."""
    moved = geometries.copy()
    for has_z in (False, True):
        chosen = shapely.has_z(geometries) == has_z
        step = np.append(shift, 0.0) if has_z else shift
        moved[chosen] = shapely.transform(
            geometries[chosen], lambda xyz, step=step: xyz - step, include_z=has_z
        )
    return moved


def _set_aside(geometries: np.ndarray, off: np.ndarray, draft: Draft) -> bool:
    """Empty the geometries that are `off` the Earth, unless so many are that the system must be wrong."""
    count = int(off.sum())
    if count == 0:
        return False
    if 2 * count > int((~shapely.is_missing(geometries)).sum()):
        draft.find("extent-outside-crs", count, f"{count} geometries have coordinates that are no degrees")
        return False
    geometries[off] = None
    draft.find("coordinate-out-of-range", count)
    return True


def _as_column(geometries: np.ndarray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(shapely.to_wkb(geometries, flavor="iso"), type=pa.binary())])


def drop_heights(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, np.ndarray]:
    """The flat geometries of a column of points, and the third coordinate of each (NaN where none)."""
    geometries = shapely.from_wkb(column.to_numpy())
    return _as_column(shapely.force_2d(geometries)), shapely.get_z(geometries)
