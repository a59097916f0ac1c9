"""Tile matrix sets: how the two grids of tiles that are served divide the world (OGC 17-083r4, version 2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from craton.model.errors import NotFoundError
from craton.model.record import Bbox

TILE_PIXELS = 256
"""Pixels of a tile along each side, by which scales of the levels are told."""

PIXEL_METRES = 0.00028
"""Size of a pixel by which scale denominators are told."""

HALF_EQUATOR = math.pi * 6378137.0
"""Half the way round the equator in metres: what EPSG:3857 reaches to each side."""

MERCATOR_LATITUDE = math.degrees(math.atan(math.sinh(math.pi)))
"""Latitude at which the square of EPSG:3857 ends, in degrees."""

EARTH_RADIUS = 6378137.0
"""Metres per radian along the equator."""

METRES_PER_DEGREE = math.radians(EARTH_RADIUS)
"""Metres of a degree along the equator."""


class Box(NamedTuple):
    """West, south, east, north in the axes of a reference system, east or longitude first."""

    west: float
    south: float
    east: float
    north: float


class TileRange(NamedTuple):
    """First and last row and column of a level, all inside."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return (self.last_row - self.first_row + 1) * (self.last_column - self.first_column + 1)

    def has(self, row: int, column: int) -> bool:
        """Whether a tile is among them."""
        return self.first_row <= row <= self.last_row and self.first_column <= column <= self.last_column


@dataclass(frozen=True)
class TileMatrixSet:
    """A pyramid of tiles, each level with twice the columns and rows of the one above.

    Parameters
    ----------
    id, title, uri : str
        Identifier, name, and address in the register of the OGC.
    crs : str
        Authority code; coordinates are east or longitude first.
    crs_uri : str
        The same as an address.
    west, north : float
        Upper left corner in units of `crs`.
    top : float
        Side of a tile of level 0 in units of `crs`.
    columns, rows : int
        Tiles of level 0.
    levels : int
        Number of levels.
    metres : float
        Metres in a unit of `crs`, by which scales are told.
    well_known : str
        Scale set in the register of the OGC.
    """

    id: str
    title: str
    uri: str
    crs: str
    crs_uri: str
    west: float
    north: float
    top: float
    columns: int
    rows: int
    levels: int
    metres: float
    well_known: str

    @property
    def box(self) -> Box:
        """Area of all tiles in units of `crs`."""
        east, south = self.west + self.columns * self.top, self.north - self.rows * self.top
        return Box(self.west, south, east, self.north)

    def size(self, z: int) -> tuple[int, int]:
        """Rows and columns of level `z`."""
        return self.rows << z, self.columns << z

    def has(self, z: int, y: int, x: int) -> bool:
        """Whether there is a tile of level `z`, row `y` and column `x`."""
        if not 0 <= z < self.levels:
            return False
        rows, columns = self.size(z)
        return 0 <= y < rows and 0 <= x < columns

    def cell_size(self, z: int) -> float:
        """Side of a pixel of level `z` in units of `crs`, with tiles of 256 pixels."""
        return self.top / TILE_PIXELS / 2.0**z

    def scale(self, z: int) -> float:
        """Scale denominator of level `z`."""
        return self.cell_size(z) * self.metres / PIXEL_METRES


WEB_MERCATOR_QUAD = TileMatrixSet(
    id="WebMercatorQuad",
    title="Google Maps Compatible for the World",
    uri="http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
    crs="EPSG:3857",
    crs_uri="http://www.opengis.net/def/crs/EPSG/0/3857",
    west=-HALF_EQUATOR,
    north=HALF_EQUATOR,
    top=2 * HALF_EQUATOR,
    columns=1,
    rows=1,
    levels=25,
    metres=1.0,
    well_known="http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
)

WORLD_CRS84_QUAD = TileMatrixSet(
    id="WorldCRS84Quad",
    title="CRS84 for the World",
    uri="http://www.opengis.net/def/tilematrixset/OGC/1.0/WorldCRS84Quad",
    crs="OGC:CRS84",
    crs_uri="http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    west=-180.0,
    north=90.0,
    top=180.0,
    columns=2,
    rows=1,
    levels=24,
    metres=METRES_PER_DEGREE,
    well_known="http://www.opengis.net/def/wkss/OGC/1.0/GoogleCRS84Quad",
)

TILE_MATRIX_SETS: Mapping[str, TileMatrixSet] = {one.id: one for one in (WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD)}
"""Tile matrix sets by identifier."""


def tile_matrix_set(id: str) -> TileMatrixSet:
    """Tile matrix set `id`; `NotFoundError` where there is none."""
    if id not in TILE_MATRIX_SETS:
        raise NotFoundError(
            f"there is no tile matrix set {id[:60]!r}", hint=f"there are: {', '.join(TILE_MATRIX_SETS)}"
        )
    return TILE_MATRIX_SETS[id]


def tile_bounds(tms: TileMatrixSet, z: int, y: int, x: int) -> Box:
    """Area of the tile of level `z`, row `y` and column `x`, in the axes and units of `tms.crs`."""
    side = tms.top / 2.0**z
    return Box(
        tms.west + x * side, tms.north - (y + 1) * side, tms.west + (x + 1) * side, tms.north - y * side
    )


def tile_bbox(tms: TileMatrixSet, z: int, y: int, x: int) -> Bbox:
    """The same area in degrees."""
    return degrees(tms, tile_bounds(tms, z, y, x))


def degrees(tms: TileMatrixSet, box: Box) -> Bbox:
    """`box` of the system of `tms` in degrees."""
    if tms.crs != WEB_MERCATOR_QUAD.crs:
        return box.west, box.south, box.east, box.north
    west, east = (x / HALF_EQUATOR * 180.0 for x in (box.west, box.east))
    south, north = (
        math.degrees(math.atan(math.sinh(y / HALF_EQUATOR * math.pi))) for y in (box.south, box.north)
    )
    return west, south, east, north


def from_degrees(tms: TileMatrixSet, longitude: float, latitude: float) -> tuple[float, float]:
    """Position in the axes of `tms`; latitudes beyond its square are moved to its edge."""
    if tms.crs != WEB_MERCATOR_QUAD.crs:
        return longitude, latitude
    inside = min(max(latitude, -MERCATOR_LATITUDE), MERCATOR_LATITUDE)
    return longitude / 180.0 * HALF_EQUATOR, math.asinh(math.tan(math.radians(inside))) * EARTH_RADIUS


def tile_range(tms: TileMatrixSet, z: int, bbox: Bbox) -> TileRange:
    """Tiles of level `z` that `bbox` (degrees) touches; all columns where it crosses the antimeridian."""
    west, south, east, north = bbox
    if west > east:
        west, east = -180.0, 180.0
    left, bottom = from_degrees(tms, west, south)
    right, top = from_degrees(tms, east, north)
    side, (rows, columns) = tms.top / 2.0**z, tms.size(z)

    def within(number: float, count: int) -> int:
        return min(max(math.floor(number), 0), count - 1)

    return TileRange(
        within((tms.north - top) / side, rows), within((tms.north - bottom) / side, rows),
        within((left - tms.west) / side, columns), within((right - tms.west) / side, columns),
    )  # fmt: skip


def limits(tms: TileMatrixSet, bbox: Bbox, first: int, last: int) -> list[dict[str, Any]]:
    """Limits of the levels `first` to `last` that hold `bbox`, as the standard writes them."""
    return [
        {
            "tileMatrix": str(z), "minTileRow": found.first_row, "maxTileRow": found.last_row,
            "minTileCol": found.first_column, "maxTileCol": found.last_column,
        }
        for z in range(first, last + 1)
        if (found := tile_range(tms, z, bbox))
    ]  # fmt: skip


def definition(tms: TileMatrixSet) -> dict[str, Any]:
    """The whole definition of `tms` in JSON, as the standard writes it."""
    return {
        "id": tms.id, "title": tms.title, "uri": tms.uri, "crs": tms.crs_uri,
        "orderedAxes": ["E", "N"] if tms.crs == WEB_MERCATOR_QUAD.crs else ["Lon", "Lat"],
        "wellKnownScaleSet": tms.well_known,
        "boundingBox": {
            "lowerLeft": [tms.box.west, tms.box.south], "upperRight": [tms.box.east, tms.box.north],
            "crs": tms.crs_uri,
        },
        "tileMatrices": [_matrix(tms, z) for z in range(tms.levels)],
    }  # fmt: skip


def _matrix(tms: TileMatrixSet, z: int) -> dict[str, Any]:
    rows, columns = tms.size(z)
    return {
        "id": str(z), "scaleDenominator": tms.scale(z), "cellSize": tms.cell_size(z),
        "cornerOfOrigin": "topLeft", "pointOfOrigin": [tms.west, tms.north],
        "tileWidth": TILE_PIXELS, "tileHeight": TILE_PIXELS, "matrixWidth": columns, "matrixHeight": rows,
    }  # fmt: skip
