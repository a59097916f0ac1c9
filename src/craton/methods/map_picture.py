"""Map picture: a grid, polygons, lines and points on one page."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.methods.map_colours import Palette, Scaling
from craton.methods.map_frame import Words, arrange, widened
from craton.methods.map_labels import Labels
from craton.methods.map_layers import Look, draw_grid, draw_lines, draw_points, draw_polygons, symbol_sizes
from craton.methods.map_sheet import Key, Sheet
from craton.methods.map_style import families
from craton.methods.placement import Region, brought_to, crs_of, place_of
from craton.methods.vector_shapes import notes_of, placed
from craton.model import crs as systems
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.data import horizontal
from craton.process.marks import Bounds, ColumnOf, Grid, Paper, Table
from craton.process.processes import process

PICTURE = "map.picture"

MEDIA_TYPE = "image/png"

Ink = Literal["blue", "red", "purple", "brown", "dark"]


@process(PICTURE, version="2", keywords=("map", "figure", "plot", "print"))
def picture(
    grid: Annotated[xr.DataArray, Grid()] | None = None,
    polygons: Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))] | None = None,
    lines: Annotated[gpd.GeoDataFrame, Table(geometry=("LineString",))] | None = None,
    points: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))] | None = None,
    *,
    title: str = "",
    subtitle: str = "",
    note: str = "",
    region: tuple[float, float, float, float] | None = None,
    grid_title: str = "",
    grid_palette: Palette = "sequential",
    grid_minimum: float | None = None,
    grid_maximum: float | None = None,
    grid_smooth: bool = False,
    grid_scale: Scaling = "linear",
    grid_shaded: bool = False,
    polygons_column: Annotated[str, ColumnOf("polygons")] | None = None,
    polygons_title: str = "",
    polygons_palette: Palette = "heat",
    polygons_scale: Scaling = "linear",
    polygons_label: Annotated[str, ColumnOf("polygons")] | None = None,
    lines_column: Annotated[str, ColumnOf("lines")] | None = None,
    lines_title: str = "",
    lines_palette: Palette = "heat",
    lines_colour: Ink = "blue",
    lines_label: Annotated[str, ColumnOf("lines")] | None = None,
    points_column: Annotated[str, ColumnOf("points")] | None = None,
    points_title: str = "",
    points_palette: Palette = "heat",
    points_colour: Ink = "red",
    points_size: Annotated[str, ColumnOf("points", numeric=True)] | None = None,
    points_label: Annotated[str, ColumnOf("points")] | None = None,
    width_px: Annotated[int, Bounds(minimum=400, maximum=6000)] = 1200,
) -> Annotated[Document, Paper()]:
    """Map of a grid, polygons, lines and points as a picture to print.

    Use it for the figure of a report: one page with title, frame, coordinates, scale bar, keys and
    sources. Not for looking around; the portal's map does that.

    Parameters
    ----------
    grid : DataArray, optional
        Field of two evenly spaced axes; missing cells stay blank. At least one of `grid`, `polygons`,
        `lines` and `points` is needed.
    polygons : GeoDataFrame, optional
        Polygons drawn above the grid. All tables are brought to the reference system of the grid, or of the
        first of them; rows without a geometry are left out.
    lines : GeoDataFrame, optional
        Lines drawn above the polygons.
    points : GeoDataFrame, optional
        Points drawn above the lines.
    title : str
        Written above the map, in any script that a font is installed for.
    subtitle : str
        Written below the title.
    note : str
        Written below it: sources, caveats.
    region : tuple of float, optional
        West, south, east, north to be shown, in the reference system of the picture. Where left out, that
        of the grid, else of the polygons and points, else of the lines.
    grid_title : str
        What the colours of the grid are called in the key; as the grid says where empty. Its unit is
        added.
    grid_palette : str
        Colours by purpose: `sequential` from little to much, `diverging` to both sides of 0, `heat` for
        what is dangerous or rich, `terrain` for heights, lit from the north-west. All can be told apart
        by colour-blind readers.
    grid_minimum : float, optional
        Least end of the colours in the unit of the grid; where left out, half a percent of the cells lies
        below, which an arrow in the key tells.
    grid_maximum : float, optional
        Greatest end of the colours, likewise.
    grid_smooth : bool
        Whether values between cells are interpolated, for the eye; cells beside missing ones then stay
        blank.
    grid_scale : str
        `linear`, `quantiles`: five classes of about equally many cells, or `equalised`: as many cells to each
        colour, so that quiet parts show as well as strong ones.
    grid_shaded : bool
        Whether the grid is lit from the north-west as if its values were heights; `terrain` always is.
    polygons_column : str, optional
        Column that fills the polygons: a scale for numbers; for texts 18 colours, of which colour-blind
        readers can tell the first nine apart, and one for all others. Without it they are outlines.
    polygons_title : str
        What the polygons are called in the key; as the column is noted where empty. Outlines have no
        entry in the key without it.
    polygons_palette : str
        Colours of numbers, as for the grid.
    polygons_scale : str
        `linear`, or `quantiles`: five classes of about equally many polygons, for counts and amounts of
        which few are large; or `equalised`, as for the grid.
    polygons_label : str, optional
        Column with a name to write into each polygon where there is room, large ones first.
    lines_column : str, optional
        Column that colours the lines.
    lines_title : str
        What the lines are called in the key.
    lines_palette : str
        Colours of numbers, as for the grid.
    lines_colour : str
        Colour of lines without a column.
    lines_label : str, optional
        Column with a text to write along each line, such as the value of a contour.
    points_column : str, optional
        Column that colours the points.
    points_title : str
        What the points are called in the key.
    points_palette : str
        Colours of numbers, as for the grid.
    points_colour : str
        Colour of points without a column.
    points_size : str, optional
        Numeric column that the area of the symbols grows with, from 0 at 0.
    points_label : str, optional
        Column with a name to write beside each point where there is room, in the order of the rows.
    width_px : int
        Width in pixels, from 400 to 6000; the height follows from the region. All sizes keep their
        proportion, so that 1200 is 167 dots to the inch on a page of 183 mm.

    Returns
    -------
    Document
        A PNG. The same inputs give the same bytes with the same version of matplotlib and, for scripts
        beyond Latin, Greek, Cyrillic and Lao, the same fonts installed.

    Notes
    -----
    Degrees of longitude are drawn cos(latitude) as wide as those of latitude, at the middle of the map;
    there the scale bar is true. Colours of text classes are the muted scheme of Tol (2021).

    References
    ----------
    Tol, P. (2021). Colour schemes. SRON Technical Note SRON/EPS/TN/09-002, issue 3.2.

    Crameri, F., Shephard, G. E., and Heron, P. J. (2020). The misuse of colour in science communication.
    Nature Communications 11, 5444. doi:10.1038/s41467-020-19160-7
    """
    named = {
        "polygons": (polygons_column, polygons_label),
        "lines": (lines_column, lines_label),
        "points": (points_column, points_label, points_size),
    }
    tables = _tables(grid, {"polygons": polygons, "lines": lines, "points": points}, named)
    crs = tables.crs
    shown = _region(region, grid, tables.frames, geographic=systems.is_geographic(crs))
    titles = (grid_title, polygons_title, lines_title, points_title)
    sheet = Sheet(families([title, subtitle, note, *titles, *_names(tables.frames, named)]))
    keys: list[Key] = []
    if grid is not None:
        limits = {
            "minimum": grid_minimum, "maximum": grid_maximum, "smooth": grid_smooth, "shaded": grid_shaded,
        }  # fmt: skip
        field = _plane(grid)
        place = place_of(PICTURE, "grid", field)
        keys += draw_grid(sheet.map, field, place, Look(None, grid_title, grid_palette, grid_scale), limits)
    frames = tables.frames
    if "polygons" in frames:
        look = Look(polygons_column, polygons_title, polygons_palette, polygons_scale)
        keys += draw_polygons(sheet.map, frames["polygons"], look)
    if "lines" in frames:
        look = Look(lines_column, lines_title, lines_palette, ink=lines_colour)
        keys += draw_lines(sheet.map, frames["lines"], look, shown)
    if "points" in frames:
        look = Look(points_column, points_title, points_palette, ink=points_colour)
        keys += draw_points(sheet.map, frames["points"], look, points_size)
    arrange(sheet, shown, crs, keys, Words(title, subtitle, note))
    sizes = symbol_sizes(frames["points"], points_size) if "points" in frames else np.empty(0)
    _label(sheet, shown, frames, (points_label, lines_label, polygons_label), lines_colour, sizes)
    words = "\n".join(text for text in (title, subtitle, *titles, note) if text)
    return Document(text=words, media_type=MEDIA_TYPE, content=sheet.png(width_px))


class _Tables(NamedTuple):
    """The tables that are given, with their placed rows in one reference system."""

    frames: dict[str, gpd.GeoDataFrame]
    crs: str


def _tables(
    grid: xr.DataArray | None,
    given: dict[str, gpd.GeoDataFrame | None],
    columns: dict[str, tuple[str | None, ...]],
) -> _Tables:
    """The tables in the reference system of the grid, else of the first of them."""
    there = {name: frame for name, frame in given.items() if frame is not None}
    if grid is None and not there:
        raise ContractError(PICTURE, "grid", "given, or `polygons`, or `lines`, or `points`", "none of them")
    for name, used in columns.items():
        if name not in there and any(used):
            raise ContractError(PICTURE, name, "given where one of its columns is named", "nothing")
    first = grid if grid is not None else next(iter(there.values()))
    crs = crs_of(first)
    frames = {name: brought_to(PICTURE, name, placed(frame), crs) for name, frame in there.items()}
    return _Tables({name: frame for name, frame in frames.items() if len(frame)}, crs)


def _plane(grid: xr.DataArray) -> xr.DataArray:
    """`grid` without axes of one cell, such as a band or a time."""
    rows, columns = horizontal(PICTURE, "grid", grid)
    alone = [axis for axis, size in grid.sizes.items() if size == 1 and axis not in {rows, columns}]
    plane = grid.squeeze(alone, drop=True)
    if plane.ndim != 2:
        came = ", ".join(f"{axis} of {size}" for axis, size in plane.sizes.items())
        raise ContractError(PICTURE, "grid", "a grid of two axes", came, hint="choose one layer of it")
    return plane


def _region(
    region: Region | None,
    grid: xr.DataArray | None,
    frames: dict[str, gpd.GeoDataFrame],
    *,
    geographic: bool,
) -> Region:
    """Region that is shown."""
    if region is not None:
        if not (region[0] < region[2] and region[1] < region[3]):
            raise ContractError(PICTURE, "region", "west < east and south < north", str(region))
        return region
    if grid is not None:
        return place_of(PICTURE, "grid", grid).region
    chosen = [frame for name, frame in frames.items() if name != "lines"] or list(frames.values())
    if not chosen:
        raise ContractError(PICTURE, "polygons", "a table with geometries", "one without")
    bounds = np.array([frame.total_bounds for frame in chosen])
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    return widened((west, south, east, north), geographic=geographic)


def _names(frames: dict[str, gpd.GeoDataFrame], columns: dict[str, tuple[str | None, ...]]) -> list[str]:
    """Texts of the tables that may be written: columns' names and text values."""
    used = [(frame, name) for key, frame in frames.items() for name in columns[key] if name]
    values = [frame[name] for frame, name in used if not pd.api.types.is_numeric_dtype(frame[name])]
    found = sorted({str(value) for column in values for value in column.dropna()})
    titles = [note.get("title", "") for frame in frames.values() for note in notes_of(frame).values()]
    return [*(name for _frame, name in used), *titles, *found]


def _label(
    sheet: Sheet,
    region: Region,
    frames: dict[str, gpd.GeoDataFrame],
    columns: tuple[str | None, str | None, str | None],
    ink: str,
    sizes: np.ndarray,
) -> None:
    """Write the labels: of points, then polygons, then lines."""
    labels = Labels(sheet, region)
    of_points, of_lines, of_polygons = columns
    if "points" in frames and any(columns):
        labels.keep_free(frames["points"], sizes)
    if "points" in frames and of_points:
        labels.beside_points(frames["points"], of_points, sizes)
    if "polygons" in frames and of_polygons:
        labels.in_polygons(frames["polygons"], of_polygons)
    if "lines" in frames and of_lines:
        labels.along_lines(frames["lines"], of_lines, ink)
