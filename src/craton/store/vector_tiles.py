"""Vector tiles of a dataset: out of its archive where that is made, else made of its features when asked for.

Nobody waits for an archive. Of a small dataset it is made at once, of a large
one by a process of its own, while tiles are made one by one; these hold the
largest `MOST_AT_ONCE` features where there are more.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from craton.model.errors import NotFoundError, StorageError
from craton.model.record import Bbox, Record
from craton.model.tile_matrix import WEB_MERCATOR_QUAD, TileMatrixSet, tile_bbox
from craton.store.background import Background
from craton.store.derived import Derived
from craton.store.feature_build import FORMAT as FEATURES
from craton.store.feature_build import Meta
from craton.store.feature_columns import ColumnType
from craton.store.feature_index import open_features
from craton.store.recent import Recent
from craton.store.store import Store
from craton.store.tile_archive import TileArchive
from craton.store.tile_archive_build import make, make_apart
from craton.store.tile_archive_make import LAYER
from craton.store.vector_tile_clip import MARGIN
from craton.store.vector_tile_drawn import drawn
from craton.store.vector_tile_levels import last_level
from craton.store.vector_tile_pick import picked
from craton.store.vector_tile_place import in_tile, shapes_of
from craton.store.vector_tile_source import (
    attributes_in,
    connect,
    geometries_of,
    ids_in,
    meta_of,
    sample,
)
from craton.store.vector_tile_write import written

FORMAT = 1
"""Number of the way in which tiles are made; of another one they are made anew."""

ARCHIVE = f"tiles-{FORMAT}.pmtiles"

SMALL_FEATURES = 5000
SMALL_BYTES = 8 << 20
"""Features, and bytes of their file, of data whose archive is made while the first tile is waited for."""

MOST_AT_ONCE = 20_000
"""Features of a tile that is made when it is asked for."""

KEPT_BYTES = 64 << 20
"""Bytes of tiles kept that were made so."""

KEPT_DATASETS = 200
"""Datasets whose tiles stay open."""

FAILED = f"{ARCHIVE}.failed"
FAILED_SECONDS = 30 * 86_400.0
"""Name of the note that an archive could not be made, and how long it holds: the data stays the same."""

SEEN_SECONDS = 60.0
"""Seconds after which an archive in use is marked as used again, so that it is not removed."""

FIELDS: dict[ColumnType, str] = {"boolean": "Boolean", "integer": "Number", "number": "Number"}
"""Types of attributes as archives name them; all others are `String`."""


class Tile(NamedTuple):
    """One tile: compressed with gzip, and whether it holds all that it is to hold."""

    data: bytes
    is_final: bool


class VectorTiles:
    """Tiles of one dataset; may be used from several threads. See `open_tiles`.

    Parameters
    ----------
    derived : Derived
        Where copies are.
    content : str
        Hash of the data.
    features : Path
        File of its features.
    """

    def __init__(self, derived: Derived, content: str, features: Path) -> None:
        self._derived, self._content, self._features = derived, content, features
        with closing(connect(features)) as connection:
            self.meta: Meta = meta_of(connection)
            geometries, share = sample(connection, self.meta)
        self.last_level = last_level(shapes_of(geometries, WEB_MERCATOR_QUAD), share)
        self._archive: TileArchive | None = None
        self._seen = -SEEN_SECONDS

    @property
    def bbox(self) -> Bbox | None:
        """Extent in degrees; `None` where nothing has a place."""
        return self.meta.box

    @property
    def is_small(self) -> bool:
        """Whether the archive is made at once."""
        return self.meta.count <= SMALL_FEATURES and self._features.stat().st_size <= SMALL_BYTES

    def layers(self, last: int) -> list[dict[str, Any]]:
        """The only layer, as archives and TileJSON tell it; `last` is its last level."""
        fields = {column.name: FIELDS.get(column.type, "String") for column in self.meta.columns}
        return [{"id": LAYER, "fields": fields, "minzoom": 0, "maxzoom": last}]

    def tile(self, tms: TileMatrixSet, z: int, y: int, x: int) -> Tile | None:
        """The tile of level `z`, row `y` and column `x`; `None` where it is empty."""
        if tms is WEB_MERCATOR_QUAD and z <= self.last_level:
            archive = self.archive() or self._asked()
            if archive is not None:
                return stored(archive, z, y, x)
        key = self._content, tms.id, z, y, x
        return _made.get(key, lambda: self._one(tms, z, y, x)) or None

    def tile_with(self, columns: frozenset[str], tms: TileMatrixSet, z: int, y: int, x: int) -> Tile | None:
        """The same with some of the columns only."""
        whole = self.tile(tms, z, y, x)
        if whole is None:
            return None

        def cut() -> Tile:
            data = picked(gzip.decompress(whole.data), columns)
            return Tile(gzip.compress(data, 1, mtime=0), whole.is_final)

        key = self._content, tms.id, z, y, x, tuple(sorted(columns)), whole.is_final
        return _made.get(key, cut) or None

    def archive(self) -> TileArchive | None:
        """The archive, if it is made."""
        now = time.monotonic()
        if self._archive is None or now - self._seen > SEEN_SECONDS:
            path = self._derived.have(self._content, ARCHIVE)
            self._seen = now
            if path is None:
                self._archive = None
            elif self._archive is None:
                self._archive = TileArchive.open(path)
        return self._archive

    def _asked(self) -> TileArchive | None:
        """The archive of a small dataset; of a large one, nothing, and it will be made."""
        if not self.is_small:
            if not self._has_failed():
                _builder.ask((str(self._derived.folder), self._content), self._make_apart)
            return None
        self._make(make)
        return self.archive()

    def whole(self) -> Path | None:
        """File of the archive; `None` while it is being made."""
        archive = self.archive() or self._asked()
        return None if archive is None else self._derived.have(self._content, ARCHIVE)

    def at_hand(self, tms: TileMatrixSet, z: int) -> TileArchive | None:
        """The archive, if it is open and has the tiles of level `z`; nothing is opened or made."""
        if self._archive is None or tms is not WEB_MERCATOR_QUAD or z > self.last_level:
            return None
        return self.archive()

    def is_final(self, tms: TileMatrixSet, z: int) -> bool:
        """Whether tiles of level `z` are as they will stay."""
        return tms is not WEB_MERCATOR_QUAD or z > self.last_level or self.archive() is not None

    def _has_failed(self) -> bool:
        """Whether a process that was to make the archive has failed not long ago."""
        try:
            noted = self._derived.path(self._content, FAILED).stat().st_mtime
        except OSError:
            return False
        return time.time() - noted < FAILED_SECONDS

    def _make_apart(self) -> None:
        try:
            self._make(make_apart)
        except StorageError as error:
            said = error.message
            if self._features.exists():  # else it failed because that was removed, and may be well next time
                self._derived.path(self._content, FAILED).unlink(missing_ok=True)
                self._derived.get(self._content, FAILED, lambda target: _write(target, said))
            raise

    def _make(self, maker: Callable[[Path, Path, int, dict[str, Any]], None]) -> Path:
        said = {"format": "pbf", "vector_layers": self.layers(self.last_level)}
        path = self._derived.get(
            self._content, ARCHIVE, lambda target: maker(self._features, target, self.last_level, said)
        )
        self._seen = -SEEN_SECONDS
        return path

    def _one(self, tms: TileMatrixSet, z: int, y: int, x: int) -> Tile | tuple[()]:
        with closing(connect(self._features)) as connection:
            ids = ids_in(connection, _widened(tile_bbox(tms, z, y, x)), most=MOST_AT_ONCE)
            shapes = in_tile(shapes_of(geometries_of(connection, ids), tms), tms, z, y, x)
            drawing = drawn(shapes, last=z >= self.last_level)
            rows, features = np.unique(drawing.features, return_inverse=True)
            attributes = attributes_in(connection, self.meta, ids[rows])
        tiles = written(replace(drawing, features=features), attributes, ids[rows], LAYER)
        data = next((tile.data for tile in tiles), b"")
        is_final = tms is not WEB_MERCATOR_QUAD or z > self.last_level
        return Tile(gzip.compress(data, 1, mtime=0), is_final) if data else ()


def _write(target: Path, text: str) -> None:
    target.write_text(text, encoding="utf-8")


def stored(archive: TileArchive, z: int, y: int, x: int) -> Tile | None:
    """A tile as it lies in the archive; `None` where it is empty."""
    data = archive.tile(z, y, x)
    return None if data is None else Tile(data, is_final=True)


def _widened(bbox: Bbox) -> Bbox:
    """The box with the margin of its tile."""
    west, south, east, north = bbox
    across, down = (east - west) * MARGIN, (north - south) * MARGIN * 2
    return west - across, south - down, east + across, north + down


_builder = Background("tiles", threads=1)

_made: Recent[tuple[Any, ...], Tile | tuple[()]] = Recent(
    KEPT_BYTES, weigh=lambda tile: len(tile[0]) + 200 if tile else 200
)

_open: Recent[tuple[str, str], VectorTiles] = Recent(KEPT_DATASETS)


def tiles_at_hand(store: Store, record: Record) -> VectorTiles | None:
    """Tiles of `record` if they are open."""
    return _open.have((str(store.derived.folder), record.content))


def open_tiles(store: Store, record: Record) -> VectorTiles:
    """Tiles of the features of `record`.

    Raises
    ------
    NotFoundError
        If it has no features, or none of them has a place.
    """
    key = str(store.derived.folder), record.content
    open_features(store, record)  # the file may have been removed since

    def opened() -> VectorTiles:
        return VectorTiles(
            store.derived, record.content,
            store.derived.path(record.content, f"features-{FEATURES}.sqlite"),
        )  # fmt: skip

    tiles = _open.get(key, opened)
    if tiles.bbox is None:
        raise NotFoundError(f"nothing of {record.id} has a place on the map")
    return tiles
