"""Map labels: names written beside points, along lines and in polygons, where there is room."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from craton.methods.map_sheet import POINTS, Sheet
from craton.methods.map_style import INK, INKS, SMALL, TEXT, WIDTH, halo
from craton.methods.placement import Region

ROOM = 0.02
"""Inches kept free around a label."""

DOT = 5.0
"""Area in square points up to which a symbol is a dot of a crowd."""

RING = 8.0
"""Lengths of its label that a closed line needs at least, so that no label hides its ring."""


class Labels:
    """Writes labels on a map, the first come first; one that would lie on another is left out."""

    def __init__(self, sheet: Sheet, region: Region) -> None:
        self.sheet, self.region = sheet, region
        box = sheet.map.get_position()
        self.size = box.width * WIDTH, box.height * float(sheet.figure.get_size_inches()[1])
        self.taken: list[Any] = []

    def _inches(self, at: np.ndarray) -> np.ndarray:
        """Positions (n, 2) in inches from the lower left corner of the map."""
        west, south, east, north = self.region
        return (at - [west, south]) / [east - west, north - south] * self.size

    def _write(self, at: np.ndarray, text: str, size: float, *, turn: float = 0.0, colour: str = INK) -> bool:
        """Write `text` around `at` (inches) if there is room."""
        from shapely.affinity import rotate

        across, up = self.sheet.length(text, size) / 2 + ROOM, size / POINTS / 2 + ROOM
        box = rotate(shapely.box(at[0] - across, at[1] - up, at[0] + across, at[1] + up), turn)
        frame = shapely.box(0, 0, *self.size)
        if not frame.contains(box) or any(box.intersects(other) for other in self.taken):
            return False
        self.taken.append(box)
        west, south, east, north = self.region
        where = at / self.size * [east - west, north - south] + [west, south]
        self.sheet.map.text(
            where[0], where[1], text, fontsize=size, family=self.sheet.fonts, color=colour, ha="center",
            va="center_baseline", rotation=turn, rotation_mode="anchor", parse_math=False, zorder=8,
            path_effects=halo(), clip_on=True,
        )  # fmt: skip
        return True

    def keep_free(self, frame: gpd.GeoDataFrame, sizes: np.ndarray) -> None:
        """Keep labels off points, whose symbols have areas `sizes` in square points; dots may be hidden."""
        at = self._inches(shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy())))
        large = sizes > DOT
        self.taken.extend(shapely.buffer(shapely.points(at[large]), _radii(sizes[large])))

    def beside_points(self, frame: gpd.GeoDataFrame, column: str, sizes: np.ndarray) -> None:
        """Write names beside points, at the first free one of six places."""
        at = self._inches(shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy())))
        for place, text, radius in zip(at, _texts(frame, column), _radii(sizes), strict=True):
            across, up = self.sheet.length(text, TEXT) / 2 + radius + 0.03, radius + 0.09
            aside = [(side * across, level) for level in (0.03, -0.07) for side in (1, -1)]
            places = [*aside[:2], (0.0, up), (0.0, -up), *aside[2:]]
            any(text and self._write(place + np.array(offset), text, TEXT) for offset in places)

    def along_lines(self, frame: gpd.GeoDataFrame, column: str, ink: str) -> None:
        """Write names along the longest part of each line that is on the map, the longest lines first."""
        cut = shapely.clip_by_rect(shapely.force_2d(frame.geometry.to_numpy()), *self.region)
        lines = shapely.transform(cut, self._inches)
        order = np.argsort(-shapely.length(lines), kind="stable")
        texts = _texts(frame, column)
        for row in order:
            parts = shapely.get_parts(lines[row])
            if texts[row] and len(parts):
                self._along(parts[np.argmax(shapely.length(parts))], texts[row], INKS[ink])

    def _along(self, line: Any, text: str, colour: str) -> None:
        """Write `text` on `line`, at the straightest of a few places."""
        long, need = shapely.length(line), self.sheet.length(text, SMALL)
        if long < need * (RING if line.is_closed else 1.2):
            return
        middles = long * np.linspace(0.15, 0.85, 9)
        starts = shapely.get_coordinates(shapely.line_interpolate_point(line, middles - need / 2))
        ends = shapely.get_coordinates(shapely.line_interpolate_point(line, middles + need / 2))
        chords = np.hypot(*(ends - starts).T)
        for place in np.argsort(-np.round(chords / need, 1), kind="stable"):
            start, end = sorted((starts[place].tolist(), ends[place].tolist()))
            turn = float(np.degrees(np.arctan2(end[1] - start[1], end[0] - start[0])))
            if self._write((starts[place] + ends[place]) / 2, text, SMALL, turn=turn, colour=colour):
                return

    def in_polygons(self, frame: gpd.GeoDataFrame, column: str) -> None:
        """Write names inside polygons, the largest first, each at the first free one of a few places."""
        cut = shapely.clip_by_rect(shapely.force_2d(frame.geometry.to_numpy()), *self.region)
        texts = _texts(frame, column)
        for row in np.argsort(-shapely.area(cut), kind="stable"):
            if texts[row] and not shapely.is_empty(cut[row]):
                places = self._inches(shapely.get_coordinates(_inner(cut[row])))
                any(self._write(at, texts[row], SMALL) for at in places)


def _radii(sizes: np.ndarray) -> np.ndarray:
    """Radii in inches of symbols of areas in square points."""
    return np.asarray(np.sqrt(sizes / np.pi) / POINTS)


def _inner(shape: Any) -> Any:
    """Places inside the largest part of a polygon: its centroid, then where rows across it are widest."""
    parts = shapely.get_parts(shape)
    largest = parts[np.argmax(shapely.area(parts))]
    west, south, east, north = shapely.bounds(largest)
    levels = south + (north - south) * np.array([0.5, 0.35, 0.65, 0.2, 0.8])
    rows = shapely.linestrings([[(west, level), (east, level)] for level in levels])
    chords = [shapely.get_parts(row) for row in shapely.intersection(largest, rows)]
    widest = [row[np.argmax(shapely.length(row))] for row in chords if row.size]
    centre = shapely.centroid(largest)
    first = centre if shapely.contains(largest, centre) else shapely.point_on_surface(largest)
    return [first, *shapely.centroid(widest)]


def _texts(frame: gpd.GeoDataFrame, column: str) -> list[str]:
    return [
        "" if gap else _said(value) for value, gap in zip(frame[column], frame[column].isna(), strict=True)
    ]


def _said(value: object) -> str:
    """A value as it is written on a map: 5, not 5.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)
