"""The log of a borehole: what was found along it, table by table."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow.parquet as pq

from craton.model.record import Record
from craton.store.codec_boreholes import INTERVALS
from craton.web.replies import Json
from craton.web.site import Site

MOST_INTERVALS = 200
"""Rows told of one table."""

HIDDEN = frozenset({"hole_id", "source_row", "bbox", "geometry"})


def logs_of(site: Site, record: Record, hole: object) -> dict[str, list[Json]]:
    """Intervals of the borehole `hole` by table, from the top; depths in metres down the hole."""
    if hole is None:
        return {}
    members = [m for m in record.assets["data"].members if m.name.startswith(f"{INTERVALS}/")]
    logs: dict[str, list[Json]] = {}
    for member in members:
        rows = _rows(str(site.locate(member)), hole)
        if rows:
            logs[member.name.removeprefix(f"{INTERVALS}/").removesuffix(".parquet")] = rows
    return logs


def _rows(path: str, hole: object) -> list[Json]:
    """Rows of one table of intervals; only those groups of the file are read that hold the borehole."""
    table = pq.read_table(path, filters=[("hole_id", "=", hole)])
    if "from_depth" in table.column_names:
        table = table.sort_by("from_depth")
    kept = [name for name in table.column_names if name not in HIDDEN]
    rows: list[dict[str, Any]] = table.select(kept).slice(0, MOST_INTERVALS).to_pylist()
    return [_plain(row) for row in rows]


def _plain(row: dict[str, Any]) -> Json:
    """Values that JSON has words for; what is missing is left out."""
    told = {k: v for k, v in row.items() if v is not None and v == v}  # noqa: PLR0124 - NaN differs from itself
    return dict(msgspec.to_builtins(told, enc_hook=str))
