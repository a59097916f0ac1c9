"""Sections through a geological model along any line, with the drill holes near it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.kernels.volume_questions import classes_at
from craton.methods.borehole_layers import DrillHoles
from craton.methods.geomodel_ask_model import Model, asked_of, is_classes, number_cells
from craton.methods.geomodel_section_holes import holes_near
from craton.methods.geomodel_section_picture import Shown, section_picture
from craton.methods.geomodel_volume import Lattice, flags, lattice_of
from craton.methods.placement import brought_to, with_crs
from craton.methods.vector_shapes import placed
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Paper, Table, Unit
from craton.process.processes import process

SECTION = "geomodel.section"

MOST_ALONG, MOST_UP = 2_000, 1_200
"""Samples of a section along the line and up, unless spacings are given."""

FINE_ALONG, FINE_UP = 1_000, 500
"""Samples that a section of a model with scalar fields has at least."""

MOST_CELLS = 20_000_000
"""Samples above which the spacings are taken to be a mistake."""

Length = Annotated[float, Unit("m"), Bounds(above=0, maximum=100_000)]


class Section(NamedTuple):
    """A section as data and as a picture."""

    section: Annotated[xr.Dataset, Grid()]
    picture: Annotated[Document, Paper()]


@process(SECTION, version="1", keywords=("cross-section", "profile", "fence", "剖面", "cut"))
def section(
    model: Model,
    line: Annotated[gpd.GeoDataFrame, Table(geometry=("LineString",))] | None = None,
    boreholes: DrillHoles | None = None,
    *,
    along: tuple[Annotated[float, Unit("m")], ...] = (),
    spacing: Length | None = None,
    vertical_spacing: Length | None = None,
    reach: Length | None = None,
    table: str = "",
    column: str = "",
    variable: str = "",
    exaggeration: Annotated[float, Bounds(above=0, maximum=10_000)] | None = None,
    title: str = "",
    width_px: Annotated[int, Bounds(minimum=400, maximum=6000)] = 1600,
) -> Section:
    """Upright section through a geological model along a line, with the drill holes near it.

    Use it for the figure of a report, for the route of a tunnel or pipe, and to hold a model against holes:
    those within `reach` are drawn where they meet the section at right angles. Also for volumes of numbers
    (porosity, probability), by `variable`.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes or numbers.
    line : GeoDataFrame, optional
        The line: one LineString, or parts that join into one. Where left out, `along` is the line.
    boreholes : Boreholes, optional
        Drill holes to be drawn, coloured as the units of the model where they name these.
    along : tuple of float
        Easting and northing in turn of two or more corners of the line, in metres of the model's system.
        Where it and `line` are left out, straight through the middle of the model along its longer side.
    spacing : float, optional
        Distance of samples along the line in metres; left out, a quarter of the shorter level side of a
        cell, and no more than 2,000 of them.
    vertical_spacing : float, optional
        Of samples upward in metres; left out, the height of a cell. Where the model keeps scalar fields
        both are finer, such that contacts look smooth.
    reach : float, optional
        Distance from the line in metres within which holes are drawn; left out, two cells.
    table : str
        Table of intervals of the holes; empty for the first that has units or lithology.
    column : str
        Its column with the units; empty for the one that says so.
    variable : str
        Variable of the model; left out, `unit`, else the first that has classes.
    exaggeration : float, optional
        Vertical exaggeration of the picture; left out, a round one that fills it.
    title : str
        Written above the picture.
    width_px : int
        Width of the picture in pixels, from 400 to 6000.

    Returns
    -------
    section : Dataset
        On `upward` (from the top) and `distance` along the line in metres, with `easting` and `northing` of
        each distance: codes of units (0 for none and outside), or numbers.
    picture : Document
        The section as PNG, with the vertical exaggeration, and a dashed line where the line bends.

    Notes
    -----
    Units as in `geomodel.virtual_borehole`: within cells where the model keeps its scalar fields. Numbers
    are those of the cell.

    References
    ----------
    Lelliott, M. R., Cave, M. R., and Wealthall, G. P. (2009), A structured approach to the measurement of
    uncertainty in 3D geological models, Quarterly Journal of Engineering Geology and Hydrogeology 42(1),
    95-105, doi:10.1144/1470-9236/07-081.
    """
    lattice = lattice_of(model, process=SECTION)
    path = _path(lattice, line, along)
    classed = is_classes(model, variable)
    asked = asked_of(SECTION, model, variable=variable) if classed else None
    finer = asked is not None and asked.contacts is not None
    cut = _cut(lattice, path, spacing, vertical_spacing, finer=finer)
    if asked is not None:
        found = classes_at(asked.classes, asked.inward(cut.places), asked.contacts).reshape(cut.shape)
        inside = found >= 0
        cells, attrs, name = asked.codes(found), flags(asked.units), asked.units.variable
    else:
        cells, inside, attrs, name = number_cells(SECTION, model, variable, lattice, cut.places, cut.shape)
    if not inside.any():
        raise ContractError(
            SECTION,
            "along" if line is None else "line",
            "a line that runs through the model",
            "one beside it",
        )
    near = None
    if boreholes is not None:
        away = 2 * max(lattice.spacing[1:]) if reach is None else reach
        near = holes_near(SECTION, boreholes, lattice.crs, path, away, table=table, column=column)
    shown = Shown(cut.distance, cut.upward, cells, inside, path, near, title, exaggeration)
    picture = section_picture(asked, shown, attrs, width_px=width_px)
    return Section(_dataset(cut, cells, attrs, name, lattice.crs), picture)


class _Cut(NamedTuple):
    """Samples: distances along the line, heights from the top, places (m · n, 3)."""

    distance: np.ndarray
    upward: np.ndarray
    flat: np.ndarray
    places: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of samples."""
        return self.upward.size, self.distance.size


def _path(lattice: Lattice, line: gpd.GeoDataFrame | None, along: tuple[float, ...]) -> shapely.LineString:
    """The line of the section."""
    if line is None:
        return _drawn(along or _middle(lattice))
    there = placed(brought_to(SECTION, "line", line, lattice.crs))
    joined = shapely.line_merge(shapely.union_all(shapely.force_2d(there.geometry.to_numpy())))
    if len(there) == 1 and there.geometry.iloc[0].geom_type == "LineString":
        joined = shapely.force_2d(there.geometry.iloc[0])
    if joined.geom_type != "LineString" or joined.is_empty or not joined.length > 0:
        raise ContractError(
            SECTION, "line", "one line of some length", f"{len(there)} that do not join into one",
            hint="filter the table to the line that you want",
        )  # fmt: skip
    return joined


def _middle(lattice: Lattice) -> tuple[float, ...]:
    """Ends of the line through the middle of the model along its longer level side, the one from the west."""
    west, south, _low, east, north, _high = lattice.extent
    easting, northing = 0.5 * (west + east), 0.5 * (south + north)
    if east - west >= north - south:
        return west, northing, east, northing
    return easting, south, easting, north


def _drawn(along: tuple[float, ...]) -> shapely.LineString:
    if len(along) < 4 or len(along) % 2:
        raise ContractError(
            SECTION, "along", "easting and northing of two or more corners", f"{len(along)} numbers"
        )
    drawn = shapely.LineString(np.array(along).reshape(-1, 2))
    if not drawn.length > 0:
        raise ContractError(SECTION, "along", "corners at different places", "one place")
    return drawn


def _cut(
    lattice: Lattice, path: shapely.LineString, spacing: float | None, vertical: float | None, *, finer: bool
) -> _Cut:
    up, north, east = lattice.spacing
    height = lattice.shape[0] * up
    sides = (min(north, east) / 4, up)
    if finer:
        sides = min(sides[0], path.length / FINE_ALONG), min(sides[1] / 4, height / FINE_UP)
    level = max(sides[0], path.length / MOST_ALONG) if spacing is None else spacing
    rise = max(sides[1], height / MOST_UP) if vertical is None else vertical
    columns = max(2, int(np.ceil(path.length / level - 1e-6)))
    rows = max(2, int(np.ceil(height / rise - 1e-6)))
    if rows * columns > MOST_CELLS:
        raise ContractError(
            SECTION, "spacing", f"one that gives at most {MOST_CELLS} samples", f"{rows * columns} of them"
        )
    distance = (np.arange(columns) + 0.5) * path.length / columns
    upward = lattice.extent[5] - (np.arange(rows) + 0.5) * height / rows
    flat = shapely.get_coordinates(shapely.line_interpolate_point(path, distance))
    places = np.column_stack([np.tile(flat, (rows, 1)), np.repeat(upward, columns)])
    return _Cut(distance, upward, flat, places)


def _dataset(cut: _Cut, cells: np.ndarray, attrs: dict[str, object], name: str, crs: str) -> xr.Dataset:
    axes = {
        "upward": ("upward", cut.upward, {"units": "m", "positive": "up"}),
        "distance": ("distance", cut.distance, {"units": "m", "long_name": "Distance along the section"}),
        "easting": ("distance", cut.flat[:, 0], {"units": "m"}),
        "northing": ("distance", cut.flat[:, 1], {"units": "m"}),
    }
    field = xr.DataArray(cells, axes, ("upward", "distance"), name=name, attrs=attrs)
    return with_crs(xr.Dataset({name: field}), crs)
