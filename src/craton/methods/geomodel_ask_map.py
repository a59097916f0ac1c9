"""Maps from a geological model: a level cut, thickness of a unit, depth or elevation of its top and base."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels.volume_questions import classes_at, columns_of, ground_of
from craton.methods.geomodel_ask_model import (
    Asked,
    Model,
    asked_of,
    classes_of,
    is_classes,
    number_cells,
    on_plane,
)
from craton.methods.geomodel_ask_sheet import in_columns, unit_key
from craton.methods.geomodel_volume import Lattice, flags, lattice_of
from craton.methods.map_colours import LONGEST_KEY, colouring
from craton.methods.map_frame import Words, arrange
from craton.methods.map_sheet import Key, Sheet, titled
from craton.methods.map_style import families
from craton.methods.placement import crs_of, place_of, plane_of, same_crs
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Paper, Unit
from craton.process.processes import process

SLICE, THICKNESS, DEPTH = "geomodel.slice", "geomodel.thickness", "geomodel.depth_to_unit"
THICK = "thickness"

Metres = Annotated[float, Unit("m")]
Ground = Annotated[xr.DataArray, Grid(quantity="elevation", unit="m", plane=True)]


class Slice(NamedTuple):
    """A level cut as a grid and as a picture."""

    slice: Annotated[xr.DataArray, Grid(plane=True)]
    picture: Annotated[Document, Paper()]


@process(SLICE, version="1", keywords=("horizontal section", "level plan", "depth slice", "水平切片"))
def slice_(
    model: Model,
    ground: Ground | None = None,
    *,
    elevation: Metres | None = None,
    depth: Annotated[float, Unit("m"), Bounds(minimum=0, maximum=100_000)] | None = None,
    variable: str = "",
    title: str = "",
    width_px: Annotated[int, Bounds(minimum=400, maximum=6000)] = 1200,
) -> Slice:
    """Map of a geological model at one elevation, or at one depth below the ground.

    Use it to see what a tunnel, a foundation level or a mine level runs into. With `depth` it follows the
    ground. Also for volumes of numbers, by `variable`.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes or numbers.
    ground : DataArray, optional
        Elevation of the ground in metres, for `depth`. Left out, the top of the highest unit of the model.
    elevation : float, optional
        Of the cut, in metres above the datum.
    depth : float, optional
        Of the cut below the ground, in metres; one of `elevation` and `depth` is needed.
    variable : str
        Variable of the model; left out, `unit`, else the first that has classes.
    title : str
        Written above the picture.
    width_px : int
        Width of the picture in pixels, from 400 to 6000.

    Returns
    -------
    slice : DataArray
        Codes of units, 0 for none (above the ground, outside), named in the attributes `flag_values`,
        `flag_meanings` and `flag_colors`; or numbers.
    picture : Document
        The map as PNG.

    Notes
    -----
    Units as in `geomodel.virtual_borehole`: within cells where the model keeps its scalar fields.

    References
    ----------
    Stafleu, J., Maljers, D., Gunnink, J. L., Menkovic, A., and Busschers, F. S. (2011), 3D modelling of the
    shallow subsurface of Zeeland, the Netherlands, Netherlands Journal of Geosciences 90(4), 293-310.
    """
    if (elevation is None) == (depth is None):
        raise ContractError(
            SLICE, "elevation", "given, or else `depth`", "neither" if depth is None else "both"
        )
    lattice = lattice_of(model, process=SLICE)
    asked = asked_of(SLICE, model, variable=variable) if is_classes(model, variable) else None
    if elevation is not None:
        _refuse_level(lattice, elevation)
        level = np.full(lattice.shape[1:], elevation)
    else:
        assert depth is not None
        level = _ground(SLICE, asked, lattice, ground) - depth
    places = _places(lattice, level)
    _refuse_outside(lattice, places, depth)
    name = variable or "unit"
    if asked is not None:
        cells = asked.codes(classes_at(asked.classes, asked.inward(places), asked.contacts))
        attrs, name = flags(asked.units), asked.units.variable
        cells = cells.reshape(level.shape)
    else:
        found = number_cells(SLICE, model, variable, lattice, places, level.shape)
        cells, attrs = found.cells, found.attrs
    at = f"{depth:g} m below the ground" if elevation is None else f"at {elevation:g} m".replace("-", "−")
    grid = on_plane(lattice, cells, name, attrs)
    return Slice(grid, _picture(asked, grid, title, at, width_px))


def _refuse_outside(lattice: Lattice, places: np.ndarray, depth: float | None) -> None:
    """Refuse a depth that is nowhere within the model."""
    inside = (places[:, 2] >= lattice.extent[2]) & (places[:, 2] <= lattice.extent[5])
    if not inside.any():
        raise ContractError(
            SLICE,
            "depth",
            f"within the model, down to {lattice.extent[2]:g} m above the datum",
            f"{depth:g} m",
        )


def _refuse_level(lattice: Lattice, elevation: float) -> None:
    bottom, top = lattice.extent[2], lattice.extent[5]
    if not bottom <= elevation <= top:
        raise ContractError(
            SLICE, "elevation", f"within the model, {bottom:g} to {top:g} m", f"{elevation:g} m"
        )


def _ground(id: str, asked: Asked | None, lattice: Lattice, ground: xr.DataArray | None) -> np.ndarray:
    """Elevation of the ground (rows from the south, columns), NaN where there is none."""
    if ground is not None:
        return _sampled(id, lattice, ground)
    if asked is None:
        raise ContractError(id, "ground", "given for a volume of numbers", "left out")
    return asked.height(ground_of(asked.classes, asked.edges()))


def _sampled(id: str, lattice: Lattice, ground: xr.DataArray) -> np.ndarray:
    """Ground at the middles of columns, linear between its cells, NaN beyond them."""
    if not same_crs(crs_of(ground), lattice.crs):
        raise ContractError(
            id, "ground", f"in the system of the model ({lattice.crs[:40] or 'none stated'})",
            f"in {crs_of(ground)[:40] or 'none stated'}", hint="use grid.reproject",
        )  # fmt: skip
    cells = plane_of(id, "ground", ground)
    place_of(id, "ground", cells)
    found = cells.interp(northing=lattice.northing[::-1], easting=lattice.easting, method="linear")
    heights = found.transpose("northing", "easting").to_numpy().astype(np.float64)
    if not np.isfinite(heights).any():
        raise ContractError(id, "ground", "one that reaches over the model", "one beside it")
    return heights


def _places(lattice: Lattice, level: np.ndarray) -> np.ndarray:
    """Middles of the columns (rows from the south) at a level (rows, columns)."""
    north, east = np.meshgrid(lattice.northing[::-1], lattice.easting, indexing="ij")
    outside = np.nan_to_num(level, nan=lattice.extent[5] + 1e6)
    return np.column_stack([east.ravel(), north.ravel(), outside.ravel()])


def _picture(asked: Asked | None, grid: xr.DataArray, title: str, at: str, width_px: int) -> Document:
    """The cut as a map."""
    place = place_of(SLICE, "model", grid)
    names = asked.units.names if asked is not None else ()
    sheet = Sheet(families([title, *names, str(grid.attrs.get("long_name", ""))]))
    keys: list[Key] = []
    if asked is not None:
        classes = classes_of(asked.units, grid.to_numpy())
        colours = asked.colours(classes)
        keys += in_columns(unit_key(asked.units, np.unique(classes[classes > 0]) - 1), LONGEST_KEY)
    else:
        scale = colouring(grid.to_numpy().astype(np.float64), "sequential", tails=0.005)
        colours = scale.of(grid.to_numpy())
        said = str(grid.attrs.get("long_name", grid.name))
        keys.append(scale.key(titled(said, str(grid.attrs.get("units", "")))))
    west, south, east, north = place.region
    sheet.map.imshow(
        colours, extent=(west, east, south, north), origin="upper", interpolation="nearest", zorder=1
    )
    arrange(sheet, place.region, place.crs, keys, Words(title, f"Cut {at}", ""))
    text = "\n".join(word for word in (title, f"Cut {at}") if word)
    return Document(text=text, media_type="image/png", content=sheet.png(width_px))


@process(THICKNESS, version="1", keywords=("isopach", "isochore", "等厚图"))
def thickness(
    model: Model, unit: str, *, variable: str = ""
) -> Annotated[xr.DataArray, Grid(quantity="thickness", unit="m", plane=True)]:
    """Thickness of a unit of a geological model, on the columns of its cells.

    Use it as isopach map: where sand, clay or ore is thick enough. It is the vertical thickness, which for
    dipping layers is more than the true one, by 1 / cos(dip).

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    unit : str
        Name of the unit, or its code.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    DataArray
        Thickness in metres, summed where the unit occurs more than once in a column; 0 where it is absent,
        missing where the model has no unit at all.

    Notes
    -----
    Ends of the unit lie on faces of cells, or within cells where the model keeps its scalar fields.

    References
    ----------
    Stafleu, J., Maljers, D., Gunnink, J. L., Menkovic, A., and Busschers, F. S. (2011), 3D modelling of the
    shallow subsurface of Zeeland, the Netherlands, Netherlands Journal of Geosciences 90(4), 293-310.
    """
    asked = asked_of(THICKNESS, model, variable=variable)
    row = asked.row(THICKNESS, unit)
    found = columns_of(asked.classes, asked.edges(), row + 1).thickness * asked.sides[2]
    cells = np.where((asked.classes > 0).any(axis=0), found, np.nan).astype(np.float32)
    words = {"units": "m", "standard_name": THICK, "long_name": f"Thickness of {asked.units.names[row]}"}
    return on_plane(asked.lattice, cells, THICK, words)


@process(DEPTH, version="1", keywords=("structure contour", "depth map", "top of bedrock", "埋深"))
def depth_to_unit(
    model: Model,
    unit: str = "",
    ground: Ground | None = None,
    *,
    surface: Literal["top", "base"] = "top",
    measure: Literal["depth", "elevation"] = "depth",
    variable: str = "",
) -> Annotated[xr.DataArray, Grid(unit="m", plane=True)]:
    """Depth or elevation of the top or base of a unit of a geological model.

    Use it for depth to bedrock, the base of an aquifer or the cover above an ore body; contour it with
    `grid.contour`.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    unit : str
        Name of the unit, or its code. Left out, the last in the list of the model's units that it holds: the
        oldest, such as the basement.
    ground : DataArray, optional
        Elevation of the ground in metres, from which depth counts. Left out, the top of the highest unit of
        the model.
    surface : str
        `top`, the highest in each column, or `base`, the lowest.
    measure : str
        `depth` below the ground, positive down, or `elevation` above the datum.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    DataArray
        In metres; missing where the unit is absent.

    Notes
    -----
    Ends of the unit lie on faces of cells, or within cells where the model keeps its scalar fields. A unit
    that goes on beyond the model has its end at the model's.

    References
    ----------
    Stafleu, J., Maljers, D., Gunnink, J. L., Menkovic, A., and Busschers, F. S. (2011), 3D modelling of the
    shallow subsurface of Zeeland, the Netherlands, Netherlands Journal of Geosciences 90(4), 293-310.
    """
    asked = asked_of(DEPTH, model, variable=variable)
    row = asked.row(DEPTH, unit) if unit else int(asked.classes.max()) - 1
    found = columns_of(asked.classes, asked.edges(), row + 1)
    level = asked.height(found.top if surface == "top" else found.base)
    words = f"{surface} of {asked.units.names[row]}"
    if measure == "elevation":
        cells, quantity, title = level, "elevation", f"Elevation of the {words}"
    else:
        cells = _ground(DEPTH, asked, asked.lattice, ground) - level
        quantity, title = "depth", f"Depth of the {words}"
    told = {"units": "m", "standard_name": quantity, "long_name": title}
    return on_plane(asked.lattice, cells, quantity, told)
