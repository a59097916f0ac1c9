"""Describe tables: frames in memory, Arrow tables and streams, with geometry or without."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from craton.model import crs as systems
from craton.model.columns import ColumnSummary, as_arrow, count_duplicates, summarise, type_name
from craton.model.data import Draft, TableStream
from craton.model.description import Description, note_of, settle_crs
from craton.model.locate import locate
from craton.model.places import Places
from craton.model.record import Column

GEOMETRY = "geometry"


def describe_arrow(draft: Draft, table: pa.Table, description: Description) -> None:
    """Describe an Arrow table whose geometry, if any, is WKB in the column `geometry`."""
    has_geometry = GEOMETRY in table.column_names
    crs = settle_crs(draft, "", description, placed=has_geometry)
    columns = dict(zip(table.column_names, table.columns, strict=True))
    summaries = {name: summarise(column) for name, column in columns.items() if name != GEOMETRY}
    add_columns(draft, summaries, description)
    description.shape = {"row": table.num_rows}
    description.find("table-empty", not table.num_rows)
    description.find("row-duplicate", count_duplicates(table.columns, table.num_rows))
    if not has_geometry:
        description.find("no-coordinates")
        return
    places = Places(systems.is_geographic(crs), expected=table.num_rows)
    for chunk in columns[GEOMETRY].chunks:
        places.add_wkb(_plain(chunk))
    _finish_geometry(places, crs, description)


def describe_stream(draft: Draft, stream: TableStream, description: Description) -> None:
    """Describe a table too long for memory in one pass; copies of rows are not looked for."""
    has_geometry = GEOMETRY in stream.schema.names
    crs = settle_crs(draft, "", description, placed=has_geometry)
    places = Places(systems.is_geographic(crs))
    summaries = {
        one.name: ColumnSummary(type_name(one.type)) for one in stream.schema if one.name != GEOMETRY
    }
    rows = 0
    for batch in stream.batches():
        rows += batch.num_rows
        summaries = {name: one.joined(summarise(batch.column(name))) for name, one in summaries.items()}
        if has_geometry:
            places.add_wkb(_plain(batch.column(GEOMETRY)))
    add_columns(draft, summaries, description)
    description.shape = {"row": rows}
    description.find("table-empty", not rows)
    description.steps.append("the table is longer than memory, and was not searched for copies of rows")
    if has_geometry:
        _finish_geometry(places, crs, description)
    else:
        description.find("no-coordinates")


def describe_frame(draft: Draft, frame: pd.DataFrame, description: Description) -> None:
    """Describe a pandas or GeoPandas frame."""
    shapes = geometry_of(frame)
    crs = settle_crs(draft, frame_crs(frame), description, placed=shapes is not None)
    columns = arrow_columns(frame)
    add_columns(draft, {name: summarise(column) for name, column in columns.items()}, description)
    description.shape = {"row": len(frame)}
    description.find("table-empty", not len(frame))
    compared = list(columns.values())
    if shapes is None:
        description.find("row-duplicate", count_duplicates(compared, len(frame)))
        description.find("no-coordinates")
        return
    wkb = pa.array(shapely.to_wkb(shapes), pa.binary())
    description.find("row-duplicate", count_duplicates([*compared, wkb], len(frame)))
    places = Places(systems.is_geographic(crs), expected=len(frame))
    places.add_shapes(shapes)
    _finish_geometry(places, crs, description)


def _finish_geometry(places: Places, crs: str, description: Description) -> None:
    description.columns.append(Column(name=GEOMETRY, type="geometry", missing=places.missing))
    locate(places, crs, description)


def add_columns(
    draft: Draft, summaries: Mapping[str, ColumnSummary], description: Description, table: str = ""
) -> None:
    """Add columns with what their names and notes say of them."""
    for name, summary in summaries.items():
        description.add_column(name, summary, note_of(draft, name, table), table)
        description.add_time(name, summary)
    description.count_empty(summaries.values())
    infinite = sum(one.infinite for one in summaries.values())
    description.find("value-infinite", infinite)


def frame_crs(frame: pd.DataFrame) -> str:
    """WKT of the system of a GeoPandas frame, empty where it has none."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None or frame.crs is None:
        return ""
    return str(frame.crs.to_wkt())


def geometry_of(frame: pd.DataFrame) -> np.ndarray | None:
    """Shapely geometries of a frame, `None` where it has no geometry column."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return None
    return np.asarray(frame.geometry.to_numpy())


def arrow_columns(frame: pd.DataFrame) -> dict[str, pa.ChunkedArray | pa.Array]:
    """Columns of a frame but its geometry, as Arrow arrays by name."""
    geometry = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    positions = [i for i, name in enumerate(frame.columns) if name != geometry]
    return {str(frame.columns[i]): as_arrow(pd.Series(frame.iloc[:, i])) for i in positions}


def _plain(column: pa.Array) -> pa.Array:
    return column.storage if isinstance(column, pa.ExtensionArray) else column
