"""Earthquake feeds of the U.S. Geological Survey: times and depths as the catalogue means them.

The feed's GeoJSON carries the depth of the hypocentre in kilometres, positive
down, in the place where the standard wants a height in metres, and times in
milliseconds since 1970.
"""

from __future__ import annotations

import pyarrow as pa

from craton.ingest.vector_columns import GEOMETRY
from craton.ingest.vector_geometry import drop_heights
from craton.model.data import ColumnNote, Draft

FEED_COLUMNS = {"mag", "place", "time", "updated", "magType", "net", "ids", "types"}
"""Members that every feature of the feed has (USGS GeoJSON summary format)."""

TIME_COLUMNS = ("time", "updated")
DEPTH = "depth"


def tidy_feed(draft: Draft) -> Draft:
    """Bring times and depths of a feed to proper columns; other data is left alone."""
    if isinstance(draft.data, pa.Table) and set(draft.data.column_names) >= FEED_COLUMNS:
        _tidy_times(draft, draft.data)
        _tidy_depths(draft, draft.data)
    return draft


def _tidy_times(draft: Draft, table: pa.Table) -> None:
    whole = [name for name in TIME_COLUMNS if pa.types.is_integer(table.schema.field(name).type)]
    for name in whole:
        times = table[name].cast(pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
        table = table.set_column(table.column_names.index(name), name, times)
        draft.notes[name] = ColumnNote(original_unit="ms since 1970-01-01")
    draft.data = table
    if whole:
        draft.steps.append(f"times in {' and '.join(whole)} were brought from milliseconds since 1970 to UTC")


def _tidy_depths(draft: Draft, table: pa.Table) -> None:
    table = draft.data
    if DEPTH in table.column_names or GEOMETRY not in table.column_names:
        return
    flat, depths = drop_heights(table[GEOMETRY])
    place = table.column_names.index(GEOMETRY)
    table = table.set_column(place, GEOMETRY, flat)
    draft.data = table.add_column(place, DEPTH, pa.array(depths, from_pandas=True))
    draft.notes[DEPTH] = ColumnNote(
        unit="km", quantity="earthquake_depth", title="Depth of the hypocentre, positive down"
    )
    draft.crs = "EPSG:4326" if draft.crs == "EPSG:4979" else draft.crs
    draft.steps.append("depths in kilometres were moved from the third coordinate to the column depth")
