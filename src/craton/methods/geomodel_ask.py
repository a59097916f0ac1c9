"""Questions to a geological model: what a hole would meet, and how much of each unit there is."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.kernels.mesh_sensitivity import direction
from craton.kernels.volume_questions import Pieces, columns_of, line_pieces
from craton.methods.geomodel_ask_log import log_picture
from craton.methods.geomodel_ask_model import Asked, Model, asked_of
from craton.methods.geomodel_ask_places import hole_places
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, ColumnOf, Paper, Table, Unit
from craton.process.processes import process

VIRTUAL, VOLUMES = "geomodel.virtual_borehole", "geomodel.volumes"

Metres = Annotated[float, Unit("m")]
Length = Annotated[float, Unit("m"), Bounds(above=0, maximum=100_000)]
Width = Annotated[int, Bounds(minimum=400, maximum=6000)]

INTERVALS = (
    Column(name="hole_id", title="Hole"),
    Column(name="from_depth", unit="m", quantity="depth", title="From"),
    Column(name="to_depth", unit="m", quantity="depth", title="To"),
    Column(name="unit", quantity="geological_unit", title="Unit"),
    Column(name="thickness", unit="m", quantity="thickness", title="Thickness along the hole"),
    Column(name="top_elevation", unit="m", quantity="elevation", title="Elevation of the upper end"),
    Column(name="base_elevation", unit="m", quantity="elevation", title="Elevation of the lower end"),
    Column(name="probability", unit="1", title="Mean probability of the unit"),
)


class VirtualBorehole(NamedTuple):
    """What holes would meet, as a table and as a picture."""

    intervals: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=INTERVALS)]
    picture: Annotated[Document, Paper()]


@process(
    VIRTUAL,
    version="1",
    keywords=("synthetic borehole", "drill prognosis", "column", "虚拟钻孔", "prediction along a hole"),
)
def virtual_borehole(
    model: Model,
    points: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))] | None = None,
    *,
    easting: Metres | None = None,
    northing: Metres | None = None,
    elevation: Metres | None = None,
    elevation_column: Annotated[str, ColumnOf("points", numeric=True)] | None = None,
    name_column: Annotated[str, ColumnOf("points")] | None = None,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=360)] = 0.0,
    inclination: Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)] = -90.0,
    length: Length | None = None,
    variable: str = "",
    title: str = "",
    width_px: Width = 1200,
) -> VirtualBorehole:
    """Layers that holes would meet in a geological model, as a table and as a log.

    Use it before drilling (what to expect, and how sure that is), for a building site or a well, and to hold
    a model against holes that it does not know. It tells what the model says, not what is there.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    points : GeoDataFrame, optional
        Where holes begin, one a point. Left out, one hole begins at `easting` and `northing`, and where they
        are left out too in the middle of the model.
    easting : float, optional
        Of a single hole, in metres of the model's reference system.
    northing : float, optional
        Of a single hole, likewise.
    elevation : float, optional
        Where holes begin, in metres above the datum. Left out, at the top of the highest unit of the model
        at that place.
    elevation_column : str, optional
        Column of `points` with that elevation of each.
    name_column : str, optional
        Column of `points` with the names of the holes; else they are numbered from 1.
    azimuth : float
        Direction of inclined holes in degrees from the north of the model's system to the east.
    inclination : float
        Angle to the horizontal in degrees, negative down: −90 is vertical.
    length : float, optional
        Of the holes in metres; left out, they go on to the end of the model.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.
    title : str
        Written above the log.
    width_px : int
        Width of the log in pixels, from 400 to 6000.

    Returns
    -------
    intervals : GeoDataFrame
        A row an interval of one unit (empty text for none, such as air or what no unit is known for), from
        the collar on: depths along the hole, elevations of its ends, the mean of the unit's probability where
        the model has it (else missing), with the collar as a point.
    picture : Document
        The log as PNG, of the first 24 holes.

    Notes
    -----
    Where the model keeps the scalar fields of its series with their contacts' levels, contacts lie where the
    field, linear between middles of cells, takes the level; a layer that the hole meets only between two
    middles is not seen. Without fields contacts are faces of cells, exactly.

    References
    ----------
    Stafleu, J., Maljers, D., Gunnink, J. L., Menkovic, A., and Busschers, F. S. (2011), 3D modelling of the
    shallow subsurface of Zeeland, the Netherlands, Netherlands Journal of Geosciences 90(4), 293-310.
    """
    asked = asked_of(VIRTUAL, model, variable=variable)
    collars = hole_places(
        VIRTUAL, asked, points, (easting, northing), elevation=elevation, column=elevation_column,
        names=name_column,
    )  # fmt: skip
    along = np.round(direction(-inclination, azimuth), 15)
    chances = asked.chances()
    parts = [_intervals(asked, chances, place, along, length) for place in collars.places]
    empty = [name for name, part in zip(collars.names, parts, strict=True) if not len(part)]
    if empty:
        raise ContractError(
            VIRTUAL, "points" if points is not None else "elevation", "such that holes meet the model",
            f"{', '.join(empty[:5])} beside, above or below it",
        )  # fmt: skip
    counts = [len(part) for part in parts]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "hole_id", np.repeat(np.array(collars.names, dtype=object), counts))
    where = shapely.points(np.repeat(collars.places, counts, axis=0))
    frame = gpd.GeoDataFrame(table, geometry=where, crs=asked.lattice.crs or None)
    frame.attrs[TEXT_COLUMNS] = _notes()
    return VirtualBorehole(frame, log_picture(asked, frame, title=title, width_px=width_px))


def _notes() -> dict[str, dict[str, str]]:
    return {c.name: {"unit": c.unit, "quantity": c.quantity, "title": c.title} for c in INTERVALS}


def _intervals(
    asked: Asked,
    chances: list[np.ndarray | None],
    collar: np.ndarray,
    along: np.ndarray,
    length: float | None,
) -> pd.DataFrame:
    """Intervals of one hole, from where it is within the model down; none below the lowest unit."""
    ends = np.array(asked.lattice.extent).reshape(2, 3)
    reach = float(np.linalg.norm(np.abs(ends - collar).max(axis=0))) if length is None else length
    pieces = line_pieces(asked.classes, asked.inward(collar), along / asked.sides, reach, asked.contacts)
    known = np.flatnonzero(pieces.classes > 0)
    if not known.size:
        return pd.DataFrame()
    # Air above the collar and nothing below the last unit are no part of the hole.
    kept = slice(0, int(known[-1]) + 1)
    pieces = Pieces(pieces.start[kept], pieces.end[kept], pieces.classes[kept])
    start, end = np.round(pieces.start, 6) + 0.0, np.round(pieces.end, 6) + 0.0
    return pd.DataFrame(
        {
            "from_depth": start, "to_depth": end, "unit": asked.names(pieces.classes),
            "thickness": np.round(end - start, 6),
            "top_elevation": np.round(collar[2] + along[2] * start, 6),
            "base_elevation": np.round(collar[2] + along[2] * end, 6),
            "probability": _mean_chances(asked, chances, collar, along, pieces),
        }
    )  # fmt: skip


def _mean_chances(
    asked: Asked, chances: list[np.ndarray | None], collar: np.ndarray, along: np.ndarray, pieces: Pieces
) -> np.ndarray:
    """Mean probability of the unit over each piece, of the cells it runs through."""
    found = np.full(pieces.classes.size, np.nan)
    if all(one is None for one in chances):
        return found
    layers, rows, columns = asked.classes.shape
    for number, (start, end, one) in enumerate(zip(*pieces, strict=True)):
        cells = chances[one - 1] if one > 0 else None
        if cells is None:
            continue
        steps = max(1, round((end - start) * float(np.abs(along / asked.sides).sum()) * 4))
        at = start + (np.arange(steps) + 0.5) / steps * (end - start)
        places = asked.inward(collar + at[:, None] * along)
        i, j, k = (
            np.clip(np.floor(places[:, axis]).astype(int), 0, size - 1)
            for axis, size in enumerate((columns, rows, layers))
        )
        here = cells[k, j, i]
        found[number] = float(here[np.isfinite(here)].mean()) if np.isfinite(here).any() else np.nan
    return np.round(found, 6)


VOLUME_COLUMNS = (
    Column(name="unit", quantity="geological_unit", title="Unit"),
    Column(name="code", unit="1", title="Code"),
    Column(name="volume", unit="m3", title="Volume"),
    Column(name="area", unit="m2", title="Area"),
    Column(name="mean_thickness", unit="m", quantity="thickness", title="Mean thickness where present"),
    Column(name="maximum_thickness", unit="m", quantity="thickness", title="Greatest thickness"),
    Column(name="highest_top", unit="m", quantity="elevation", title="Highest top"),
    Column(name="lowest_top", unit="m", quantity="elevation", title="Lowest top"),
    Column(name="highest_base", unit="m", quantity="elevation", title="Highest base"),
    Column(name="lowest_base", unit="m", quantity="elevation", title="Lowest base"),
)


@process(VOLUMES, version="1", keywords=("volume of a unit", "thickness", "体积", "reserves", "statistics"))
def volumes(model: Model, *, variable: str = "") -> Annotated[pd.DataFrame, Table(columns=VOLUME_COLUMNS)]:
    """Volume, extent, thickness and range of heights of each unit of a geological model.

    Use it for the table of a report: how much sand, clay or ore there is, over what area and how thick. For
    where, take `geomodel.thickness` and `geomodel.depth_to_unit`.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    DataFrame
        A row a unit in the order of the model: `volume` in m³, `area` in m² of the columns of cells that
        have it, mean and greatest thickness in them, range of its top and base. Units without a cell have a
        volume of 0 and no range.

    Notes
    -----
    Thicknesses are vertical and summed where a unit occurs more than once in a column. Ends of units lie on
    faces of cells, or within cells where the model keeps its scalar fields.

    References
    ----------
    Stafleu, J., Maljers, D., Gunnink, J. L., Menkovic, A., and Busschers, F. S. (2011), 3D modelling of the
    shallow subsurface of Zeeland, the Netherlands, Netherlands Journal of Geosciences 90(4), 293-310.
    """
    asked = asked_of(VOLUMES, model, variable=variable)
    edges = asked.edges()
    rows = [_size(asked, edges, row) for row in range(len(asked.units.names))]
    table = pd.DataFrame(rows)
    table.attrs[TEXT_COLUMNS] = {c.name: {"unit": c.unit, "title": c.title} for c in VOLUME_COLUMNS if c.unit}
    return table


def _size(asked: Asked, edges: np.ndarray, row: int) -> dict[str, Any]:
    """Row of the table of one unit."""
    found = columns_of(asked.classes, edges, row + 1)
    base_area = float(asked.sides[0] * asked.sides[1])
    thickness = asked.sides[2] * found.thickness
    there = np.isfinite(found.top)
    count = int(there.sum())
    top, base = asked.height(found.top[there]), asked.height(found.base[there])

    def of(values: np.ndarray, what: Any) -> float:
        return round(float(what(values)), 6) if values.size else float("nan")

    return {
        "unit": asked.units.names[row], "code": int(asked.units.codes[row]),
        "volume": float(thickness.sum()) * base_area, "area": count * base_area,
        "mean_thickness": of(thickness[there], np.mean), "maximum_thickness": of(thickness[there], np.max),
        "highest_top": of(top, np.max), "lowest_top": of(top, np.min),
        "highest_base": of(base, np.max), "lowest_base": of(base, np.min),
    }  # fmt: skip
