"""Worms: edges of a field at many heights."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels.worms import sheets
from craton.methods.field_edge_lines import Directions, Length, Strength, crest_lines
from craton.methods.field_gradients import (
    FORM,
    at_places,
    gradient_at,
    is_plane,
    slope_notes,
    table_of_lines,
    table_of_points,
    to_metres,
)
from craton.methods.potential_field import FieldGrid, Padding, Prepared, Values, prepared
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

WORMS = "potential_field.worms"

Height = Annotated[float, Unit("m"), Bounds(above=0, maximum=1_000_000)]

COLUMNS_OF_BOTH = (
    Column(name="height", unit="m", title="Height to which the field was continued"),
    Column(name="strength", title="Horizontal gradient of the field at that height"),
    Column(name="scaled_strength", title="Strength times height"),
    Column(name="sheet", unit="1", title="Number of the sheet, 1 for the largest"),
)
PointTable = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=COLUMNS_OF_BOTH)]
LineTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("LineString",),
        columns=(
            *COLUMNS_OF_BOTH,
            *FORM,
        ),
    ),
]


class Worms(NamedTuple):
    """Crest points of all heights, and the lines that they make."""

    points: PointTable
    lines: LineTable


@process(WORMS, version="1", keywords=("multi-scale edges", "worming", "dip", "structure", "多尺度边缘"))
def worms(
    grid: FieldGrid,
    lowest: Height,
    highest: Height,
    *,
    heights: Annotated[int, Bounds(minimum=2, maximum=100)] = 12,
    minimum_strength: Strength = 0.0,
    minimum_length: Length = 0.0,
    directions: Directions = 2,
    padding: Padding = "mirror",
) -> Worms:
    """Edges of a field at many heights (worms), which show how boundaries go on in depth and dip.

    Use it on gravity or pseudo-gravity, where an edge has one crest; take the pseudo-gravity of magnetic data
    first (`magnetics.pseudo_gravity`). Crests that last to great heights belong to boundaries that reach
    deep or are long; they move down the dip as the height grows. Heights are not depths: drawn as depths
    they only resemble a section.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    lowest : float
        Lowest height of continuation in metres; about the side of a cell.
    highest : float
        Highest, in metres; about a quarter of the extent of the grid, at most.
    heights : int
        Number of heights, in equal ratios from lowest to highest.
    minimum_strength : float
        Horizontal gradient times height, in the unit of the field, below which a point is left out.
    minimum_length : float
        Shorter lines are left out, in metres.
    directions : int
        Directions of four in which a cell must be a maximum; see `potential_field.edges`.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    points : GeoDataFrame
        Crest points with the height in metres, the horizontal gradient there in the unit of the field per
        metre, the same times the height, and the number of the sheet that joins crests from height to height.
    lines : GeoDataFrame
        The lines that the points make at each height, with means of the same. No rows over a flat field.

    Notes
    -----
    The horizontal gradient of the field continued to the height s, times s, is a wavelet transform at the
    scale s; its crests are the multi-scale edges. Right over a vertical contact between the depths z₁ and z₂
    it is, of gravity, proportional to s ln((z₂ + s)/(z₁ + s)), which grows to z₂ − z₁ at great heights. A
    line belongs to the sheet of the line below it that lies nearest, within the step from height to height
    and a cell.

    References
    ----------
    Hornby, P., Boschetti, F. and Horowitz, F. G. (1999), Analysis of potential field data in the wavelet
    domain, Geophysical Journal International 137(1), 175-196, doi:10.1046/j.1365-246x.1999.00788.x.

    Archibald, N., Gow, P. and Boschetti, F. (1999), Multiscale edge analysis of potential field data,
    Exploration Geophysics 30, 38-44.
    """
    if highest <= lowest:
        raise ContractError(WORMS, "highest", f"above `lowest` {lowest:g} m", f"{highest:g} m")
    ready = prepared(WORMS, grid, padding)
    scales = np.geomspace(lowest, highest, heights)
    found: list[list[Values]] = []
    levels: list[Values] = []
    for scale in progress.each(scales.tolist(), "heights"):
        level = np.zeros(ready.cells.shape) if is_plane(ready) else gradient_at(ready, scale).horizontal
        lines = crest_lines(level, level, minimum_strength / scale, directions)
        found.append([line for line in lines if _length(ready, line) >= minimum_length])
        levels.append(level)
    return _tables(ready, scales, levels, found)


def _length(ready: Prepared, line: Values) -> float:
    return float(np.hypot(*np.diff(to_metres(ready, line), axis=0).T).sum())


def _tables(ready: Prepared, scales: Values, levels: list[Values], found: list[list[Values]]) -> Worms:
    """Points and lines of all heights, with their sheets."""
    places = [np.concatenate([np.zeros((0, 2)), *lines]) for lines in found]
    of_line = [np.repeat(np.arange(len(lines)), [len(line) for line in lines]) for lines in found]
    reach = np.diff(scales) + max(map(abs, ready.spacing))
    sheet = sheets([to_metres(ready, one) for one in places], of_line, reach.tolist())
    points, strings = [], []
    for number, scale in enumerate(scales.tolist()):
        strength = at_places(levels[number], places[number])
        means = [float(at_places(levels[number], line).mean()) for line in found[number]]
        points.append(
            table_of_points(
                ready, places[number], height=np.full(strength.size, scale), strength=strength,
                scaled_strength=strength * scale, sheet=sheet[number][of_line[number]],
            )
        )  # fmt: skip
        lines = table_of_lines(
            ready, [to_metres(ready, line) for line in found[number]], height=[scale] * len(means),
            strength=means, scaled_strength=[one * scale for one in means],
        )  # fmt: skip
        strings.append(lines.assign(sheet=sheet[number]))
    notes = slope_notes(ready, "strength")
    return Worms(*(_stacked(parts, notes) for parts in (points, strings)))


def _stacked(parts: list[gpd.GeoDataFrame], notes: dict[str, dict[str, str]]) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)
    table.attrs[COLUMNS] = dict(notes)
    return table
