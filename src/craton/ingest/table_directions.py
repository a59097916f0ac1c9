"""Directions in tables: azimuths and dip directions that no compass shows."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import is_number
from craton.ingest.table_coordinates import plain_name
from craton.model.data import Draft

DIRECTION = re.compile(
    r"(?:dip)?(?:azimuth|azim|azi)\d?|dipdir(?:ection)?\d?|(?:dip)?azimuth(?:deg|true|grid|mag)"
)
"""Plain names of columns of degrees clockwise from north."""

LEAST, MOST = -180.0, 360.0


def find_directions(draft: Draft) -> None:
    """Doubt directions of a table in memory outside −180–360°; the numbers are left as they came."""
    if not isinstance(draft.data, pa.Table):
        return
    counts = {
        name: outside
        for name, column in zip(draft.data.column_names, draft.data.columns, strict=True)
        if is_number(column.type) and DIRECTION.fullmatch(plain_name(name)) and (outside := _outside(column))
    }
    if counts:
        draft.find("azimuth-out-of-range", sum(counts.values()), f"in {', '.join(counts)}"[:200])


def _outside(column: pa.ChunkedArray) -> int:
    beyond = pc.or_(pc.less(column, LEAST), pc.greater(column, MOST))
    return int(pc.sum(beyond).as_py() or 0)
