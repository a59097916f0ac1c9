"""GOCAD's wells as drill holes: their paths as directions, their markers as a table by depth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from craton.ingest.gocad_text import GocadObject, broken
from craton.ingest.hole_draft import finish
from craton.model.boreholes import distinct, make_collars
from craton.model.data import Boreholes, Draft
from craton.model.record import Finding
from craton.process.readers import Source

BEND = 0.001
"""Metres before a vertex at which its straight piece is still told, so that the path is that of the file."""


def well_draft(wells: list[GocadObject], source: Source, findings: list[Finding]) -> Draft:
    """One draft of all wells of a file.

    A path between two vertices is straight in GOCAD, so each piece is told by its direction at both ends.
    Log curves in binary files are left out.
    """
    names, repeated = distinct(pd.Series([one.name for one in wells], dtype="str"))
    places, ends, surveys, markers = [], [], [], []
    curves = 0
    for name, one in zip(names, wells, strict=True):
        reference, path = _path(one, source.name)
        places.append(path[0, 1:] if len(path) else reference)
        ends.append(float(path[-1, 0] - path[0, 0]) if len(path) else np.nan)
        surveys.append(_directions(name, path))
        begin = float(path[0, 0]) if len(path) else 0.0
        length = abs(float(one.turn[2]))
        markers += [(name, depth * length - begin, marker) for depth, marker in _markers(one, source.name)]
        curves += len(one.settings.keys() & {"WELL_CURVE", "WP_CATALOG_FILE"})
    table = np.array(places, np.float64).reshape(-1, 3)
    collars = make_collars(names, x=table[:, 0], y=table[:, 1], elevation=table[:, 2], total_depth=ends)
    told = [one for one in surveys if len(one)]
    tables = {}
    if markers:
        tables["markers"] = pd.DataFrame(markers, columns=["hole_id", "depth", "marker"])
    holes = Boreholes(collars, pd.concat(told, ignore_index=True) if told else pd.DataFrame(), {}, tables)
    draft = Draft(data=holes, kind="boreholes", title=source.stem, findings=[*findings])
    if repeated:
        draft.find("hole-id-duplicate", repeated)
    if curves:
        draft.find("part-skipped", curves, "log curves in binary files")
    if untold := sum(_is_untold(one) for one in wells):
        draft.find("part-skipped", untold, "paths told by directions or by depths below a datum")
    stated = next((one.crs for one in wells if one.crs), "")
    return finish(draft, source.options, stated=stated)


def _path(one: GocadObject, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Place of reference, and the path as depth along the hole, easting, northing, upward."""
    scale = one.turn
    reference = np.full(3, np.nan)
    rows: list[tuple[float, float, float, float]] = []
    try:
        for words in one.lines:
            if words[0] == "WREF":
                reference = np.array([float(word) for word in words[1:4]]) * scale
            elif words[0] == "PATH":
                depth, height, east, north = (float(word) for word in words[1:5])
                place = np.array([east, north, height]) * scale
                place[:2] += reference[:2]
                rows.append((depth * abs(scale[2]), *place.tolist()))
            elif words[0] in {"VRTX", "PVRTX"}:
                x, y, z = (np.array([float(word) for word in words[2:5]]) * scale).tolist()
                rows.append((_after(rows, x, y, z), x, y, z))
    except (ValueError, IndexError) as error:
        raise broken(name, f"the path of well {one.name[:60]!r} holds no numbers") from error
    path = np.array(rows, np.float64).reshape(-1, 4)
    path = path[np.isfinite(path).all(axis=1)]
    order = np.argsort(path[:, 0], kind="stable")
    return reference, path[order]


def _is_untold(one: GocadObject) -> bool:
    """Whether the only path of a well is one that is not read."""
    keys = {words[0] for words in one.lines} | one.settings.keys()
    return bool(keys & {"STATION", "TVSS_PATH", "TVD_PATH"}) and not keys & {"PATH", "VRTX", "PVRTX"}


def _after(rows: list[tuple[float, float, float, float]], x: float, y: float, z: float) -> float:
    """Depth along the hole of a vertex that states none."""
    if not rows:
        return 0.0
    depth, east, north, up = rows[-1]
    return depth + float(np.linalg.norm([x - east, y - north, z - up]))


def _directions(name: str, path: np.ndarray) -> pd.DataFrame:
    steps = np.diff(path, axis=0)
    kept = np.flatnonzero((steps[:, 0] > 2 * BEND) & (np.linalg.norm(steps[:, 1:], axis=1) > 0))
    if not kept.size:
        return pd.DataFrame()
    across = np.hypot(steps[kept, 1], steps[kept, 2])
    azimuth = np.degrees(np.arctan2(steps[kept, 1], steps[kept, 2])) % 360
    inclination = np.degrees(np.arctan2(steps[kept, 3], across))
    start = path[kept, 0] - path[0, 0]
    depth = np.column_stack([start, start + steps[kept, 0] - BEND]).ravel()
    return pd.DataFrame(
        {
            "hole_id": name,
            "depth": depth,
            "azimuth": np.repeat(np.where(across > 0, azimuth, 0.0), 2),
            "inclination": np.repeat(inclination, 2),
        }
    )


def _markers(one: GocadObject, name: str) -> list[tuple[float, str]]:
    """Depth and name of the markers."""
    try:
        return [(float(words[3]), words[1]) for words in one.lines if words[0] == "MRKR" and len(words) > 3]
    except ValueError as error:
        raise broken(name, f"a marker of well {one.name[:60]!r} has no depth") from error
