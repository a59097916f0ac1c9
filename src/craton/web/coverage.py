"""Parts of grids and volumes (OGC API – Coverages), coarsened if need be, in the formats of grids."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import xarray as xr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.store.grid_window import Frame, Grid, Layer, has_place, open_grid
from craton.store.grid_window_parts import Box, box_of, cut, scaled, too_many
from craton.web.area import Area
from craton.web.coverage_files import geotiff, netcdf
from craton.web.coverage_openapi import coverage_paths
from craton.web.crs_negotiation import CRS84, DEFAULT, System, system_of
from craton.web.edr_collection import gridded
from craton.web.edr_coverage import Spread, coverage_json
from craton.web.edr_query import COVERAGE_JSON, float_of, form_of, steps_within
from craton.web.maps_query import own_system, stated_bounds, subset_parts
from craton.web.picture_maps import data_reply, picture_tag, unchanged
from craton.web.queries import check_query
from craton.web.replies import Json, link, path_of
from craton.web.site import Site, site_of

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/coverage"

MOST_VALUES = {"tif": 16_000_000, "nc": 16_000_000, "CoverageJSON": 500_000}
"""Values of an answer at most, by its form."""

FORMS = tuple(MOST_VALUES)
TYPES = {
    "tif": "image/tiff; application=geotiff", "nc": "application/x-netcdf", "CoverageJSON": COVERAGE_JSON,
}  # fmt: skip
SHORT = {"geotiff": "tif", "image/tiff": "tif", "netcdf": "nc", "application/x-netcdf": "nc", "tiff": "tif"}

NAMES = (
    "bbox", "bbox-crs", "subset", "subset-crs", "datetime", "properties", "scale-factor", "scale-axes",
    "scale-size", "f",
)  # fmt: skip

EAST = frozenset({"lon", "long", "longitude", "e", "easting", "x"})
NORTH = frozenset({"lat", "latitude", "n", "northing", "y"})
HEIGHT = frozenset({"h", "z", "height", "upward", "elevation"})

MOST_COARSE = 1e6


@dataclass(frozen=True)
class _Part:
    """What is cut out: layers, cells, steps of further axes, and how many cells become one, by axis."""

    layers: tuple[Layer, ...]
    box: Box
    steps: Mapping[str, list[int]]
    factors: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the answer."""
        down, across = self.factors
        return max(1, round(self.box.rows.size / down)), max(1, round(self.box.columns.size / across))

    @property
    def count(self) -> int:
        """Number of values of the answer."""
        rows, columns = self.shape
        steps = [len(self.steps.get(axis.name, range(axis.count))) for axis in self.layers[0].axes]
        return rows * columns * math.prod(steps) * len(self.layers)


async def give_coverage(request: Request) -> Response:
    """Give a part of a grid in one of the few threads that may take much memory."""
    site = site_of(request)
    return await site.write(show_coverage, site, request)


def show_coverage(site: Site, request: Request) -> Response:
    """Give a part of a grid or volume in its own reference system."""
    check_query(request, *NAMES)
    record = gridded(site, request.path_params["collection"])
    grid = open_grid(site.store, record)
    form = _form(request)
    tag = picture_tag(site, record, "coverage", sorted(request.query_params.multi_items()), form)
    system = own_system(record)
    headers = {"Content-Crs": f"<{system.address}>"} if system.name == record.crs else {}
    if form != "CoverageJSON":
        headers["Content-Disposition"] = f'inline; filename="{record.id}.{form}"'
    if unchanged(request, tag):
        return data_reply(request, record, b"", TYPES[form], tag=tag, headers=headers)
    part = _part(grid, request)
    if part.count > MOST_VALUES[form]:
        raise too_many(part.count, MOST_VALUES[form])
    body = _written(grid, part, _cells(grid, part), form, system)
    return data_reply(request, record, body, TYPES[form], tag=tag, headers=headers)


def _form(request: Request) -> str:
    stated = request.query_params.get("f", "")
    if stated.lower() in SHORT:
        return SHORT[stated.lower()]
    accept = request.headers.get("accept", "")
    if not stated:
        return next(
            (form for form, media_type in TYPES.items() if media_type.partition(";")[0] in accept), "tif"
        )
    return form_of(request, FORMS)


def _part(grid: Grid, request: Request) -> _Part:
    query = request.query_params
    layers = _layers(grid, query.get("properties"))
    parts = {_axis_name(name): text for name, text in subset_parts(query.get("subset", "")).items()}
    if "datetime" in query:
        parts["time"] = _as_subset(query["datetime"])
    bounds, system = _bounds(grid, request, parts)
    box = box_of(grid, bounds, system.name)
    steps = {}
    for name, text in parts.items():
        axis = layers[0].axis(name)
        if axis is None:
            known = ", ".join(("Lon", "Lat", *(one.name for one in layers[0].axes)))
            raise InvalidError(f"there is no axis {name[:40]!r}", hint=f"there are: {known}")
        steps[name] = steps_within(axis, text)
        if not steps[name]:
            raise InvalidError(f"subset of {name} holds no step of the data")
    return _Part(layers, box, steps, _factors(query, box))


def _axis_name(name: str) -> str:
    """Name of an axis as the data has it."""
    low = name.lower()
    if low in EAST:
        return "east"
    if low in NORTH:
        return "north"
    return "upward" if low in HEIGHT else "time" if low in {"time", "t"} else name


def _as_subset(text: str) -> str:
    """An interval of time as it stands in `subset`."""
    start, stroke, end = text.partition("/")
    sides = ["*" if side in {"", ".."} else f'"{side}"' for side in (start, end)]
    return ":".join(sides) if stroke else sides[0]


def _layers(grid: Grid, text: str | None) -> tuple[Layer, ...]:
    """Layers named, or all that have the axes of the first."""
    if text is not None:
        names = [one for one in text.split(",") if one]
        if not names or len(names) > 1000:
            raise InvalidError("properties must name variables")
        layers = [grid.layer(name) for name in dict.fromkeys(names)]
    else:
        layers = list(grid.layers.values())
    shape = [(axis.name, axis.count) for axis in layers[0].axes]
    alike = [one for one in layers if [(axis.name, axis.count) for axis in one.axes] == shape]
    if text is not None and len(alike) != len(layers):
        raise InvalidError("these variables lie on different axes", hint="ask for each by itself")
    return tuple(alike)


def _bounds(
    grid: Grid, request: Request, parts: dict[str, str]
) -> tuple[tuple[float, float, float, float] | None, System]:
    """Box that `bbox` or `subset` cut out, `None` where neither does, and the system of its numbers."""
    query = request.query_params
    sides = {name: parts.pop(name) for name in ("east", "north") if name in parts}
    box_system = system_of(query.get("bbox-crs", CRS84), "bbox-crs")
    system = system_of(query["subset-crs"], "subset-crs") if "subset-crs" in query else _subset_system(grid)
    if "bbox" in query:
        if sides:
            raise InvalidError("give bbox or a subset of the map's axes, not both")
        return stated_bounds(query["bbox"], box_system), box_system
    if not sides:
        return None, DEFAULT
    whole = box_of(grid, None, grid.crs)
    limits = {"east": whole.eastings, "north": whole.northings}
    found = {}
    for name in ("east", "north"):
        low, high = _ends(sides.get(name, "*"), name)
        if system.name != grid.crs and (low is None or high is None):
            raise InvalidError("give both sides of both axes where subset-crs is not that of the data")
        found[name] = (
            float(limits[name].min()) if low is None else low,
            float(limits[name].max()) if high is None else high,
        )
    west, east = found["east"]
    south, north = found["north"]
    return (west, south, east, north), system


def _subset_system(grid: Grid) -> System:
    """System of subsets where none is named: the grid's own."""
    return replace(DEFAULT, name=grid.crs)


def _ends(text: str, name: str) -> tuple[float | None, float | None]:
    if text == "*":
        return None, None
    low, colon, high = text.replace('"', "").partition(":")
    ends = [
        None if side == "*" else float_of(side, f"subset of {name}") for side in (low, high if colon else low)
    ]
    return ends[0], ends[1]


def _factors(query: Mapping[str, str], box: Box) -> tuple[float, float]:
    """Cells that become one, along rows and along columns."""
    if sum(name in query for name in ("scale-factor", "scale-axes", "scale-size")) > 1:
        raise InvalidError("give one of scale-factor, scale-axes and scale-size")
    if "scale-factor" in query:
        factor = _factor(query["scale-factor"], "scale-factor")
        return factor, factor
    stated = subset_parts(query.get("scale-axes", query.get("scale-size", "")))
    found = {"north": 1.0, "east": 1.0}
    for name, text in stated.items():
        axis = _axis_name(name)
        if axis not in found:
            raise InvalidError(f"the axis {name[:40]!r} is not scaled", hint="scale Lat and Lon")
        cells = box.rows.size if axis == "north" else box.columns.size
        if "scale-size" in query:
            size = _factor(text, "scale-size")
            found[axis] = cells / min(size, cells)
        else:
            found[axis] = _factor(text, "scale-axes")
    return found["north"], found["east"]


def _factor(text: str, name: str) -> float:
    number = float_of(text, name)
    if not 1 <= number <= MOST_COARSE:
        raise InvalidError(f"{name} must be at least 1: data is made coarser, not finer")
    return number


def _cells(grid: Grid, part: _Part) -> xr.Dataset:
    """The cells that are asked for, coarsened through overviews."""
    names = [layer.name for layer in part.layers]
    if part.shape == (part.box.rows.size, part.box.columns.size):
        return cut(grid, names, part.box, part.steps, most=part.count)
    frame = _frame(grid, part)
    if not part.layers[0].axes:
        return scaled(grid, names, frame, {})
    return _scaled_steps(grid, part, frame)


def _frame(grid: Grid, part: _Part) -> Frame:
    """Picture of the box with a pixel for each cell of the answer."""
    east, north = part.box.eastings, part.box.northings
    across, down = (abs(one[-1] - one[0]) / max(1, one.size - 1) if one.size > 1 else grid.place.cell_width
                    for one in (east, north))  # fmt: skip
    rows, columns = part.shape
    bounds = (
        float(east.min() - across / 2), float(north.min() - down / 2),
        float(east.max() + across / 2), float(north.max() + down / 2),
    )  # fmt: skip
    return Frame(bounds, grid.crs, columns, rows)


def _scaled_steps(grid: Grid, part: _Part, frame: Frame) -> xr.Dataset:
    """Pictures of each step of the further axes, put together."""
    axes = part.layers[0].axes
    chosen = {axis.name: list(part.steps.get(axis.name, range(axis.count))) for axis in axes}
    names = [layer.name for layer in part.layers]
    pieces = [
        scaled(grid, names, frame, dict(zip(chosen, steps, strict=True)))
        for steps in product(*chosen.values())
    ]
    stacked = xr.concat(pieces, dim="step", coords="minimal", compat="override")
    shape = [len(one) for one in chosen.values()]
    rows, columns = part.layers[0].plane
    arrays = {
        name: ((*chosen, rows, columns),
               stacked[name].to_numpy().reshape(*shape, frame.height, frame.width), stacked[name].attrs)
        for name in names
    }  # fmt: skip
    coordinates = {
        axis.name: axis.coordinates[chosen[axis.name]] for axis in axes if axis.coordinates is not None
    }
    coordinates |= {rows: stacked[rows].to_numpy(), columns: stacked[columns].to_numpy()}
    return xr.Dataset(arrays, coordinates, pieces[0].attrs)


def _written(grid: Grid, part: _Part, found: xr.Dataset, form: str, system: System) -> bytes:
    if form == "CoverageJSON":
        return msgspec.json.encode(coverage_json(_spread(part, found, system)))
    with tempfile.TemporaryDirectory(prefix="craton-web-") as folder:
        target = Path(folder) / f"part.{form}"
        if form == "tif":
            geotiff(found, part.layers, grid.crs, target)
        else:
            netcdf(found, part.layers, grid.crs, target)
        return target.read_bytes()


def _spread(part: _Part, found: xr.Dataset, system: System) -> Spread:
    layer = part.layers[0]
    rows, columns = layer.plane
    further = [axis.name for axis in layer.axes]
    values = [_numbers(found[one.name].transpose(rows, columns, *further), one) for one in part.layers]
    axes = [(axis, list(part.steps.get(axis.name, range(axis.count)))) for axis in layer.axes]
    east, north = found[columns].to_numpy(), found[rows].to_numpy()
    return Spread("grid", east, north, part.layers, values, axes, system)


def _numbers(array: xr.DataArray, layer: Layer) -> np.ndarray:
    values = array.to_numpy()
    numbers = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
    return numbers if layer.nodata is None else np.where(values == layer.nodata, np.nan, numbers)


def _collection(_site: Site, base: str, record: Record) -> Json:
    """Links of a collection to its coverage."""
    if not has_place(record):
        return {}
    own = base + path_of("collections", record.id, "coverage")
    return {
        "links": [
            link(f"{own}?f={form}", RELATION, f"the data, or a part of it, as {form}", media_type)
            for form, media_type in TYPES.items()
        ]
    }


AREA = Area(
    "Coverages", (Route("/collections/{collection}/coverage", give_coverage),),
    paths=coverage_paths, collection=_collection,
)  # fmt: skip
