"""Where the features of a dataset come from: its rows, in batches, with the number of each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from craton.model.data import Mesh
from craton.model.errors import NotFoundError
from craton.model.record import Asset, Member, Record
from craton.store.codec_asset import NOTE, only_member
from craton.store.codec_boreholes import COLLARS, STATIONS, VALUES
from craton.store.codec_columns import from_frame
from craton.store.codec_mesh import decode_mesh
from craton.store.store import Store

BATCH = 16_384
"""Most features that are worked on at a time."""

AT_ONCE = 512 << 20
"""Bytes of a table that is read whole, to give its rows in their own order."""

MOST_TRIANGLES = 2_000
"""Triangles of a part of a mesh up to which its footprint is their union; of more, it is a hull."""

KINDS = frozenset({"table", "boreholes", "series", "mesh"})
"""Kinds of data that have features."""

Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Batch(NamedTuple):
    """Some features: numbers from 1 in the order of the source, properties, and WKB where there is any."""

    ids: Numbers
    properties: pa.Table
    geometry: pa.Array | None


@dataclass(frozen=True)
class Source:
    """Features of a dataset: types of the properties, and batches, which may be asked for again."""

    schema: pa.Schema
    batches: Callable[[], Iterator[Batch]]


Locator = Callable[[Member], Path]
"""From an object to its file on this machine."""


def source_of(record: Record, locate: Locator) -> Source:
    """Features of `record`; `NotFoundError` where it has none."""
    if record.kind not in KINDS or "data" not in record.assets:
        raise NotFoundError(f"{record.id} has no features")
    return _OPENERS[record.kind](record.assets, locate)


def members_of(record: Record) -> list[Member]:
    """Objects that the features of `record` are made of."""
    members = _members(record.assets)
    if record.kind == "boreholes":
        return [members[COLLARS]]
    if record.kind == "series":
        return [members.get(STATIONS) or members[VALUES]]
    if record.kind == "mesh":
        return [*members.values(), *record.assets["parts"].members]
    return [only_member(record.assets["data"])]


def local_file(store: Store, member: Member, folder: Path) -> Path:
    """File of an object on this machine; `folder` takes a copy of one that lies elsewhere."""
    if not member.sha256:
        raise NotFoundError(f"{member.name} lies elsewhere")
    path = store.objects.path(member.sha256)
    if path is not None:
        return path
    copy = folder / member.sha256
    if not copy.exists():
        with store.objects.open(member.sha256) as remote, copy.open("wb") as target:
            shutil.copyfileobj(remote, target, 1 << 20)
    return copy


def _table(assets: dict[str, Asset], locate: Locator) -> Source:
    return _of_parquet(locate(only_member(assets["data"])))


def _boreholes(assets: dict[str, Asset], locate: Locator) -> Source:
    return _of_parquet(locate(_members(assets)[COLLARS]))


def _series(assets: dict[str, Asset], locate: Locator) -> Source:
    members = _members(assets)
    if STATIONS in members:
        return _of_parquet(locate(members[STATIONS]))
    names = pq.read_table(locate(members[VALUES]), columns=["station"])["station"]
    return _of_table(pa.table({"station": pc.unique(names)}), None)


def _members(assets: dict[str, Asset]) -> dict[str, Member]:
    return {member.name: member for member in assets["data"].members}


def _mesh(assets: dict[str, Asset], locate: Locator) -> Source:
    mesh = decode_mesh(assets["data"], assets["parts"], locate)
    parts = pd.DataFrame(mesh.parts.drop(columns="geometry", errors="ignore"))
    footprints = shapely.to_wkb(footprints_of(mesh), flavor="iso", byte_order=1)
    return _of_table(from_frame(parts, "").table, pa.array(footprints, pa.binary()))


_OPENERS: dict[str, Callable[[dict[str, Asset], Locator], Source]] = {
    "table": _table,
    "boreholes": _boreholes,
    "series": _series,
    "mesh": _mesh,
}


def footprints_of(mesh: Mesh) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Outline of each part of `mesh` seen from above; `None` for a part without triangles."""
    found = np.full(len(mesh.parts), None, dtype=object)
    order = np.argsort(mesh.part, kind="stable")
    parts, starts = np.unique(mesh.part[order], return_index=True)
    for part, members in zip(parts.tolist(), np.split(order, starts[1:]), strict=True):
        found[part] = _footprint(mesh.vertices[mesh.triangles[members]][:, :, :2])
    return found


def _footprint(corners: np.ndarray[Any, np.dtype[np.float64]]) -> shapely.Geometry:
    """Outline of triangles (n, 3, 2): those that stand upright have none of their own."""
    hull = shapely.convex_hull(shapely.multipoints(corners.reshape(-1, 2)))
    if len(corners) > MOST_TRIANGLES or hull.geom_type != "Polygon":
        return hull
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / 2
    lying = corners[area > hull.area * 1e-9]
    if not len(lying):
        return hull
    return shapely.union_all(shapely.polygons(lying))


def _of_table(table: pa.Table, geometry: pa.Array | None) -> Source:
    """Features of a table in memory."""

    def batches() -> Iterator[Batch]:
        for start in range(0, table.num_rows, BATCH):
            some = table.slice(start, BATCH)
            ids = np.arange(start, start + some.num_rows) + 1
            yield Batch(ids, some, None if geometry is None else geometry.slice(start, BATCH))

    return Source(table.schema, batches)


def _of_parquet(path: Path) -> Source:
    with pq.ParquetFile(path) as file:
        schema, metadata = file.schema_arrow, file.metadata.metadata or {}
        size = sum(file.metadata.row_group(n).total_byte_size for n in range(file.num_row_groups))
    layout = _layout(metadata)
    hidden = {*layout.hidden, *layout.geometries}
    shown = [name for name in schema.names if name not in hidden]
    at_once = bool(layout.row) and size <= AT_ONCE
    read = _read_at_once if at_once else _read_in_groups
    return Source(pa.schema([schema.field(name) for name in shown]), lambda: read(path, layout, shown))


class _Layout(NamedTuple):
    """Columns of a stored table that are no properties."""

    hidden: list[str]
    row: str
    geometries: list[str]

    @property
    def main(self) -> str:
        return self.geometries[0] if self.geometries else ""


def _layout(metadata: dict[bytes, bytes]) -> _Layout:
    note = json.loads(metadata.get(NOTE.encode(), b"{}"))
    geo = json.loads(metadata.get(b"geo", b"{}"))
    columns = sorted(geo.get("columns", {}), key=lambda name: name != geo.get("primary_column"))
    return _Layout(note.get("hidden", []), note.get("row", ""), columns)


def _wanted(layout: _Layout, shown: list[str]) -> list[str]:
    return [*shown, *filter(None, (layout.main, layout.row))]


def _read_at_once(path: Path, layout: _Layout, shown: list[str]) -> Iterator[Batch]:
    """Rows in the order of their source."""
    table = pq.read_table(path, columns=_wanted(layout, shown))
    order = np.argsort(table[layout.row].to_numpy(), kind="stable")
    for start in range(0, table.num_rows, BATCH):
        some = table.take(pa.array(order[start : start + BATCH]))
        yield _batch(some, np.arange(start, start + some.num_rows) + 1, layout, shown)


def _read_in_groups(path: Path, layout: _Layout, shown: list[str]) -> Iterator[Batch]:
    """Rows in the order of the file, a row group in memory at a time."""
    first = 1
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            group = file.read_row_group(number, columns=_wanted(layout, shown))
            for start in range(0, group.num_rows, BATCH):
                some = group.slice(start, BATCH)
                ids = first + start + np.arange(some.num_rows)
                yield _batch(some, some[layout.row].to_numpy() + 1 if layout.row else ids, layout, shown)
            first += group.num_rows


def _batch(some: pa.Table, ids: Numbers, layout: _Layout, shown: list[str]) -> Batch:
    geometry = some[layout.main].combine_chunks().cast(pa.binary()) if layout.main else None
    return Batch(np.asarray(ids, np.int64), some.select(shown), geometry)
