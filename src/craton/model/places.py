"""Places: where the features of a table lie, gathered batch by batch in one pass.

What is kept does not grow with the data: counts, the extent, intervals of
longitude, and a thinned choice of positions from which footprints are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import shapely

from craton.model import wkb
from craton.model.extent import merge_arcs

LATITUDE_LIMIT, LONGITUDE_LIMIT = 90.0 + 1e-6, 360.0 + 1e-6

FARTHEST = 1e12
"""Coordinates beyond which no system reaches, whatever its unit."""

EXACT = 20_000
"""Geometries up to which each is parsed and checked: for a large layer that costs more than to copy it."""

CHECKED = 5_000
"""Geometries checked of more than `EXACT`, evenly spread."""

UNITED = 2_000
"""Polygons up to which they are kept for their union."""

CELLS = 32
"""Cells along each side of the net by which positions are thinned."""

ARC_FROM = 90.0
"""Longitude beyond which data may cross the antimeridian, so that intervals are kept."""

POINTS = (0, 4)
TYPE_NAMES = (
    "Point", "LineString", "LineString", "Polygon",
    "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection",
)  # fmt: skip
"""GeoJSON name by Shapely's type number."""


@dataclass
class Places:
    """What is known of the positions of features, in the axes of their system.

    Parameters
    ----------
    geographic : bool
        Positions are longitudes and latitudes in degrees.
    expected : int
        Rows of the whole table where known, of which the share to check follows.
    features, missing, invalid, checked, zero, outside : int
        Rows; rows without geometry; invalid geometries among those checked;
        points at 0°, 0°; geometries outside the legal range or not finite.
    types : set of str
        GeoJSON types.
    bounds : array (4,)
        West, south, east, north; infinite where there is nothing.
    heights : array (2,)
        Lowest and highest third coordinate.
    arcs : array (n, 2)
        Intervals of longitude that are covered, where needed to tell.
    sample : list of array (n, 2)
        Thinned positions, those on the rim of the extent among them.
    polygons : list of array, or None
        All geometries, while they are few and polygons.
    """

    geographic: bool
    expected: int = 0
    features: int = 0
    missing: int = 0
    invalid: int = 0
    checked: int = 0
    zero: int = 0
    outside: int = 0
    types: set[str] = field(default_factory=set)
    bounds: np.ndarray = field(default_factory=lambda: np.array([np.inf, np.inf, -np.inf, -np.inf]))
    heights: np.ndarray = field(default_factory=lambda: np.array([np.inf, -np.inf]))
    arcs: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    sample: list[np.ndarray] = field(default_factory=list)
    polygons: list[np.ndarray] | None = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether no feature has a usable position."""
        return not np.isfinite(self.bounds).all()

    def positions(self) -> np.ndarray:
        """Thinned positions (n, 2)."""
        return thin(np.concatenate([np.empty((0, 2)), *self.sample]))

    def add_wkb(self, column: pa.Array) -> None:
        """Take in a batch of WKB without chunks."""
        self.features += len(column)
        found = wkb.split(column)
        self.missing += column.null_count + found.empty
        for run in found.runs:
            self._add_run(run, column)
        if found.others.size:
            self._add_shapes(_parse(column, found.others))

    def add_shapes(self, shapes: np.ndarray) -> None:
        """Take in a batch of Shapely geometries."""
        self.features += len(shapes)
        self._add_shapes(shapes)

    def add_points(self, positions: np.ndarray) -> None:
        """Take in positions (n, 2 or 3); those that are no numbers are missing."""
        self.features += len(positions)
        if len(positions):
            self._add_points(positions)

    def _add_points(self, positions: np.ndarray) -> None:
        rim = _rim(positions)
        box = _box(positions, rim)
        if not self._legal(box[None])[0]:
            positions = self._usable_points(positions)
            if not len(positions):
                return
            rim = _rim(positions)
            box = _box(positions, rim)
        self.types.add("Point")
        self._widen(box)
        if positions.shape[1] > 2:
            self._heighten(positions[:, 2])
        if self.geographic and box[0] <= 0 <= box[2] and box[1] <= 0 <= box[3]:
            self.zero += int(((positions[:, 0] == 0) & (positions[:, 1] == 0)).sum())
        self._add_arcs(box, lambda: positions[:, [0, 0]])
        self._keep(positions[np.concatenate([rim, _spread(positions)]), :2], None)

    def _usable_points(self, positions: np.ndarray) -> np.ndarray:
        """Those of `positions` that are known and legal; the others are counted."""
        known = ~np.isnan(positions[:, :2]).any(axis=1)
        legal = known & self._legal(np.where(known[:, None], positions[:, [0, 1, 0, 1]], 0.0))
        self.missing += int((~known).sum())
        self.outside += int((known & ~legal).sum())
        return np.asarray(positions[legal])

    def _add_run(self, run: wkb.Runs, column: pa.Array) -> None:
        """Take in geometries of one run of coordinates each, parsing only as many as are needed."""
        if run.type == "Point":
            self._add_points(run.coordinates[:, : 3 if run.heights else 2])
            return
        rim = _rim(run.coordinates)
        box = _box(run.coordinates, rim)
        if not self._legal(box[None])[0] or self._share(len(run.rows)) == len(run.rows):
            self._add_shapes(_parse(column, run.rows))
            return
        self.types.add(run.type)
        self._widen(box)
        if run.heights:
            self._heighten(run.coordinates[:, 2])
        self._add_arcs(box, lambda: _spans(run))
        self._count_invalid(_parse(column, run.rows[self._checked_rows(len(run.rows))]))
        chosen = _parse(column, run.rows[_spread(run.coordinates[run.starts, :2])])
        self._keep(np.vstack([run.coordinates[rim, :2], _vertices(chosen)]), None)

    def _add_shapes(self, shapes: np.ndarray) -> None:
        shapes, boxes = self._usable(shapes)
        if not len(shapes):
            return
        codes = shapely.get_type_id(shapes)
        self.types |= {TYPE_NAMES[code] for code in np.unique(codes)}
        box = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
        self._widen(box)
        raised = shapes[shapely.has_z(shapes)]
        if len(raised):
            self._heighten(shapely.get_coordinates(raised, include_z=True)[:, 2])
        self._add_arcs(box, lambda: boxes[:, [0, 2]])
        points = np.isin(codes, POINTS)
        if self.geographic:
            self.zero += int((boxes[points] == 0).all(axis=1).sum())
        self._count_invalid(shapes[~points][self._checked_rows(int((~points).sum()))])
        rim = np.concatenate([boxes[:, :2].argmin(axis=0), boxes[:, 2:].argmax(axis=0)])
        chosen = np.union1d(rim, _spread(boxes[:, :2]))
        self._keep(_vertices(shapes[chosen]), shapes if np.isin(codes, (3, 6)).all() else None)

    def _usable(self, shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Geometries that have a legal position, and their bounds (n, 4); the others are counted."""
        boxes = shapely.bounds(shapes)
        missing = np.isnan(boxes).any(axis=1)
        legal = ~missing & self._legal(np.where(missing[:, None], 0.0, boxes))
        self.missing += int(missing.sum())
        self.outside += int((~legal & ~missing).sum())
        return shapes[legal], boxes[legal]

    def _legal(self, boxes: np.ndarray) -> np.ndarray:
        """Whether each of `boxes` (n, 4) is finite, within reach and, in degrees, on the Earth."""
        if not self.geographic:
            return np.asarray((np.abs(boxes) <= FARTHEST).all(axis=1))
        limits = (LONGITUDE_LIMIT, LATITUDE_LIMIT, LONGITUDE_LIMIT, LATITUDE_LIMIT)
        return (np.abs(boxes) <= limits).all(axis=1)

    def _widen(self, box: np.ndarray) -> None:
        self.bounds[:2] = np.minimum(self.bounds[:2], box[:2])
        self.bounds[2:] = np.maximum(self.bounds[2:], box[2:])

    def _heighten(self, heights: np.ndarray) -> None:
        known = heights[np.isfinite(heights)]
        if known.size:
            self.heights = np.array([min(self.heights[0], known.min()), max(self.heights[1], known.max())])

    def _add_arcs(self, box: np.ndarray, spans: Callable[[], np.ndarray]) -> None:
        if self.geographic:
            near = box[0] < -ARC_FROM or box[2] > ARC_FROM
            self.arcs = merge_arcs(np.vstack([self.arcs, spans() if near else box[None, [0, 2]]]))

    def _share(self, count: int) -> int:
        """How many of `count` further geometries are checked for validity."""
        if 0 < self.expected <= EXACT or (not self.expected and self.checked + count <= EXACT):
            return count
        return -(-count * CHECKED // max(self.expected or 20 * CHECKED, count))

    def _checked_rows(self, count: int) -> np.ndarray:
        """Rows that are checked of `count`, evenly spread."""
        return (
            np.linspace(0, count - 1, self._share(count)).astype(np.intp) if count else np.empty(0, np.intp)
        )

    def _count_invalid(self, shapes: np.ndarray) -> None:
        self.checked += len(shapes)
        self.invalid += int((~shapely.is_valid(shapes)).sum())

    def _keep(self, positions: np.ndarray, polygons: np.ndarray | None) -> None:
        self.sample.append(thin(positions))
        if self.polygons is None or polygons is None or sum(map(len, self.polygons)) + len(polygons) > UNITED:
            self.polygons = None
        else:
            self.polygons.append(polygons)


def _parse(column: pa.Array, rows: np.ndarray) -> np.ndarray:
    """Shapely geometries of the `rows` of a WKB column; missing where a row cannot be read."""
    raw = column.take(pa.array(rows)) if len(rows) != len(column) else column
    storage = raw.storage if isinstance(raw, pa.ExtensionArray) else raw
    return np.asarray(shapely.from_wkb(storage.to_numpy(zero_copy_only=False), on_invalid="ignore"))


def _vertices(shapes: np.ndarray) -> np.ndarray:
    return np.asarray(shapely.get_coordinates(shapes))


def _rim(positions: np.ndarray) -> np.ndarray:
    """Rows of the westernmost, southernmost, easternmost and northernmost position."""
    east, north = positions[:, 0], positions[:, 1]
    return np.array([east.argmin(), north.argmin(), east.argmax(), north.argmax()])


def _box(positions: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """West, south, east, north of `positions`, whose outermost rows are `rim`; NaN where one is."""
    return np.asarray(positions[rim, (0, 1, 0, 1)])


def _spans(run: wkb.Runs) -> np.ndarray:
    """Lowest and highest longitude (m, 2) of each geometry."""
    east = run.coordinates[:, 0]
    return np.column_stack([np.minimum.reduceat(east, run.starts), np.maximum.reduceat(east, run.starts)])


def thin(positions: np.ndarray) -> np.ndarray:
    """At most a few positions a cell of a net over all of them, the rim among them."""
    if len(positions) <= CELLS * CELLS:
        return positions
    return np.asarray(positions[np.union1d(_rim(positions), _spread(positions))])


def _spread(positions: np.ndarray) -> np.ndarray:
    """Rows of at most one position in each cell of a net over `positions`."""
    if len(positions) <= CELLS * CELLS:
        return np.arange(len(positions))
    last = np.full(CELLS * CELLS, -1)
    last[_cell(positions[:, 0]) * CELLS + _cell(positions[:, 1])] = np.arange(len(positions))
    return last[last >= 0]


def _cell(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    scale = (CELLS * (1 - 1e-9)) / (high - low) if high > low else 0.0
    cells: np.ndarray = ((values - low) * scale).astype(np.intp)
    return cells
