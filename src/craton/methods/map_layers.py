"""Map layers: a grid, polygons, lines and points drawn on the axes of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.methods.map_colours import Coloured, Palette, Scaling, by_column, colouring, even_ticks
from craton.methods.map_sheet import Entries, Entry, Key, number_text, titled
from craton.methods.map_style import INK, INKS, PAPER
from craton.methods.placement import Place, Region
from craton.methods.vector_shapes import notes_of

MOST_ROWS = 1600
"""Cells along a side of a grid that are drawn; of finer grids every so many-th cell is."""

FINE_ROWS = 800
"""Cells along a side that a smoothed grid has at least."""

LARGEST, SMALLEST = 140.0, 6.0
"""Areas of point symbols in square points."""

CROWDS = ((5000, 1.0), (1000, 4.0), (200, 14.0))
"""Areas of symbols, in square points, where there are more than so many."""

ABOVE_GRID = 3


@dataclass(frozen=True)
class Look:
    """How a table is drawn: by which column, in which colours, called what in the key."""

    column: str | None = None
    title: str = ""
    palette: Palette = "sequential"
    scaling: Scaling = "linear"
    ink: str = "dark"

    def heading(self, frame: gpd.GeoDataFrame) -> str:
        """Title of the key: given, or noted of the column, with its unit."""
        note = notes_of(frame).get(self.column or "", {})
        return titled(self.title or note.get("title", "") or worded(self.column or ""), note.get("unit", ""))

    def coloured(self, frame: gpd.GeoDataFrame, form: str, size: float = 6.0) -> Coloured:
        """Colours of the rows by the column, with symbols of `form` and `size` in the key."""
        column = frame[self.column]
        return by_column(column, self.heading(frame), form, self.palette, self.scaling, size=size)


def draw_grid(axes: Any, field: xr.DataArray, place: Place, look: Look, limits: dict[str, Any]) -> list[Key]:
    """Draw a grid; `limits` are the ends of its colours, and whether it is made `smooth` and `shaded`."""
    limits = dict(limits)
    shaded = bool(limits.pop("shaded")) or look.palette == "terrain"
    values, region = _cells(field, place, smooth=bool(limits.pop("smooth")))
    scale = colouring(values, look.palette, tails=0.005, scaling=look.scaling, **limits)
    colours = scale.of(values)
    if shaded:
        colours[..., :3] = _shaded(values, colours[..., :3], region, place)
    west, south, east, north = region
    axes.imshow(
        colours, extent=(west, east, south, north), origin="lower", interpolation="antialiased", zorder=1
    )
    attrs = field.attrs
    said = str(attrs.get("long_name") or attrs.get("title") or field.name or "")
    return [scale.key(titled(look.title or worded(said), str(attrs.get("units", ""))))]


def worded(name: str) -> str:
    """A name as words of a key."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _cells(field: xr.DataArray, place: Place, *, smooth: bool) -> tuple[np.ndarray, Region]:
    """Cells from south to north and west to east, and the region they cover."""
    steps = [max(1, -(-count // MOST_ROWS)) for count in place.shape]
    thin = field.transpose(place.rows, place.columns)[:: steps[0], :: steps[1]]
    thin = thin.sortby([place.rows, place.columns]).astype(np.float64).compute()
    region = _edges(thin, place)
    return (_smoothed(thin, region, place) if smooth else thin.to_numpy()), region


def _smoothed(field: xr.DataArray, region: Region, place: Place) -> np.ndarray:
    """Values at finer cells of the same region; its outermost half cells are continued."""
    west, south, east, north = region
    finer = {}
    for axis, least, most in ((place.rows, south, north), (place.columns, west, east)):
        centres = field[axis].to_numpy()
        count = centres.size * max(1, -(-FINE_ROWS // centres.size))
        finer[axis] = least + (np.arange(count) + 0.5) * (most - least) / count
    whole = bool(np.isfinite(field).all()) and min(field.shape) > 3
    method: Literal["cubic", "linear"] = "cubic" if whole else "linear"
    for axis, centres in finer.items():
        field = field.interp({axis: centres}, method=method, kwargs={"fill_value": "extrapolate"})
    return np.asarray(field.transpose(place.rows, place.columns))


def _edges(field: xr.DataArray, place: Place) -> Region:
    ends = []
    for axis in (place.columns, place.rows):
        centres = field[axis].to_numpy().astype(np.float64)
        half = (centres[-1] - centres[0]) / max(centres.size - 1, 1) / 2
        ends.append((float(centres[0] - half), float(centres[-1] + half)))
    (west, east), (south, north) = ends
    return west, south, east, north


def _shaded(heights: np.ndarray, colours: np.ndarray, region: Region, place: Place) -> np.ndarray:
    """Colours (rows, columns, 3) of a relief lit from the north-west; missing cells are flat."""
    from matplotlib.colors import LightSource

    west, south, east, north = region
    per_degree = 111_320.0 if place.is_geographic else 1.0
    across = (east - west) / heights.shape[1] * per_degree
    if place.is_geographic:
        across *= float(np.cos(np.radians((south + north) / 2)))
    down = (north - south) / heights.shape[0] * per_degree
    # Gaps go on as their neighbours are, so that their edges are no cliffs.
    level = pd.DataFrame(heights).ffill(axis=1).bfill(axis=1).ffill().bfill().fillna(0.0).to_numpy()
    slope = np.hypot(*np.gradient(level, down, across))[np.isfinite(heights)]
    # Flat country is exaggerated, so that the steepest twentieth of any map is well lit.
    steep = float(np.quantile(slope, 0.95)) if slope.size else 0.0
    lit = LightSource(azdeg=315, altdeg=45).shade_rgb(
        colours[::-1], level[::-1], vert_exag=1.0 / (steep or 1.0), dx=across, dy=down, blend_mode="soft"
    )
    return np.asarray(lit)[::-1]


def draw_polygons(axes: Any, frame: gpd.GeoDataFrame, look: Look) -> list[Key]:
    """Draw polygons, filled by a column or as outlines."""
    from matplotlib.collections import PathCollection

    paths = [_path(shape) for shape in frame.geometry]
    if look.column is None:
        drawn = PathCollection(
            paths, facecolor="none", edgecolor=INKS[look.ink], linewidth=0.6, zorder=ABOVE_GRID
        )
        axes.add_collection(drawn)
        entry = Entry("line", look.title, INKS[look.ink], size=0.8)
        return [Entries("", (entry,))] if look.title else []
    found = look.coloured(frame, "patch")
    axes.add_collection(
        PathCollection(paths, facecolors=found.colours, edgecolor=INK, linewidth=0.35, zorder=ABOVE_GRID)
    )
    return list(found.keys)


def _path(shape: Any) -> Any:
    """Outline of a polygon or several, holes run the other way round."""
    from matplotlib.path import Path

    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shapely.force_2d(shape))))
    return Path.make_compound_path(*(Path(shapely.get_coordinates(ring), closed=True) for ring in rings))


def draw_lines(axes: Any, frame: gpd.GeoDataFrame, look: Look, region: Region) -> list[Key]:
    """Draw lines, coloured by a column or in one colour."""
    from matplotlib.collections import LineCollection

    cut = shapely.clip_by_rect(shapely.force_2d(frame.geometry.to_numpy()), *region)
    parts, rows = shapely.get_parts(cut, return_index=True)
    is_line = shapely.get_dimensions(parts) == 1
    paths = [shapely.get_coordinates(part) for part in parts[is_line]]
    if look.column is None:
        colours: Any = INKS[look.ink]
        entry = Entry("line", look.title, INKS[look.ink], size=1.0)
        keys: list[Key] = [Entries("", (entry,))] if look.title else []
    else:
        found = by_column(
            frame[look.column], look.heading(frame), "line", look.palette, look.scaling, size=1.5
        )
        colours, keys = found.colours[rows[is_line]], list(found.keys)
    axes.add_collection(
        LineCollection(paths, colors=colours, linewidth=0.9, capstyle="round", zorder=ABOVE_GRID + 1)
    )
    return keys


def draw_points(axes: Any, frame: gpd.GeoDataFrame, look: Look, size_column: str | None) -> list[Key]:
    """Draw points, coloured by a column, their area growing with another; the largest lie below."""
    sizes, keys = symbol_sizes(frame, size_column), _size_key(frame, size_column)
    size = 22.0 if size_column is None else 40.0
    if look.column is None:
        colours: Any = np.array([INKS[look.ink]] * len(frame))
        if look.title and size_column is None:
            keys = [Entries("", (Entry("point", look.title, INKS[look.ink], PAPER, 22.0),))]
    else:
        found = by_column(
            frame[look.column], look.heading(frame), "point", look.palette, look.scaling, size=size
        )
        colours, keys = found.colours, [*found.keys, *keys]
    order = np.argsort(-sizes, kind="stable")
    at = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    axes.scatter(
        at[order, 0], at[order, 1], s=sizes[order], c=colours[order],
        edgecolor=INK if look.column else PAPER, linewidth=np.minimum(0.5, sizes[order] / 28),
        zorder=ABOVE_GRID + 2,
    )  # fmt: skip
    return keys


def symbol_sizes(frame: gpd.GeoDataFrame, column: str | None) -> np.ndarray:
    """Areas of symbols in square points."""
    if column is None:
        return np.full(len(frame), next((size for count, size in CROWDS if len(frame) > count), 22.0))
    values = frame[column].to_numpy(np.float64, na_value=np.nan)
    return np.asarray(np.nan_to_num(values / _most(values) * LARGEST).clip(SMALLEST, LARGEST))


def _most(values: np.ndarray) -> float:
    return float(np.nanmax(values, initial=0.0)) or 1.0


def _size_key(frame: gpd.GeoDataFrame, column: str | None) -> list[Key]:
    if column is None:
        return []
    values = frame[column].to_numpy(np.float64, na_value=np.nan)
    most = _most(values)
    least = float(np.nanmin(values, initial=most))
    ticks, step = even_ticks(max(least, 0.0), most, 4) if least < most else ([most], 0.0)
    shown = [tick for tick in ticks if tick > 0][::-1]
    entries = tuple(
        Entry("point", number_text(value, step), INKS["dark"], PAPER, max(value / most * LARGEST, SMALLEST))
        for value in dict.fromkeys((*shown[:1], *shown[len(shown) // 2 :][:1], *shown[-1:]))
    )
    return [Entries(Look(column).heading(frame), entries)]
