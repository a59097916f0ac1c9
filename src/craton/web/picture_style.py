"""How a grid is drawn: as a ramp of colours, as classes, or as a picture of three bands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from craton.model import quantities
from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.model.tile_matrix import METRES_PER_DEGREE
from craton.store.grid_flags import Flag
from craton.store.grid_window import Grid, Layer, open_grid
from craton.store.recent import Recent
from craton.store.store import Store
from craton.web.colour import RAMPS, STEPS, Stops, class_colour, ramp, ramp_at
from craton.web.picture_relief import AZIMUTH, Light, light_on_field
from craton.web.picture_statistics import MOST_CLASSES, Statistics, statistics
from craton.web.replies import Json

DEFAULT = "default"
PLAIN = "plain"
SHADED = "shaded"
HILLSHADE = "hillshade"

CHOICES = ("viridis", "cividis", "diverging", "elevation", "depth", "water", "heat", "plants", "grey")
"""Ramps that may be asked for by name."""

STYLES = (DEFAULT, PLAIN, SHADED, HILLSHADE, *CHOICES)
"""Styles of grids by name: as the quantity wants it, the same without shading, shaded, relief alone."""

STRETCHES = ("linear", "equal")
"""Ways in which a ramp follows the values: evenly, or so that each colour covers as many cells."""

SHADED_FIRST = frozenset({"elevation", "ellipsoidal_height"})
"""Quantities that are shaded as relief where nothing else is asked for."""

GROUND = SHADED_FIRST | {"bathymetry", "depth"}
"""Quantities whose relief is that of ground; any other one is as high as it takes to be seen."""

SIGNED = frozenset({
    "gravity_anomaly", "free_air_anomaly", "bouguer_anomaly", "complete_bouguer_anomaly",
    "isostatic_anomaly", "gravity_disturbance", "geoid_height", "magnetic_anomaly",
    "reduced_to_pole_magnetic_anomaly", "magnetic_gradient", "gravity_gradient",
    "vertical_gravity_gradient", "curvature", "surface_displacement", "surface_velocity",
    "trace_amplitude", "normalised_difference_water_index", "magnetic_declination",
})  # fmt: skip
"""Quantities whose sign matters: drawn with the middle of the ramp at 0 where they have both."""

RATIOS = frozenset({
    "electrical_resistivity", "apparent_resistivity", "hydraulic_conductivity", "transmissivity",
    "permeability", "upstream_area", "magnetic_susceptibility",
})  # fmt: skip
"""Quantities that are compared by ratios: drawn on a logarithmic ramp where they are above 0."""

BY_QUANTITY: Mapping[str, str] = {
    "elevation": "elevation", "ellipsoidal_height": "elevation", "bathymetry": "depth", "depth": "depth",
    "normalised_difference_vegetation_index": "plants", "leaf_area_index": "plants", "slope": "heat",
    "flood_depth": "water", "temperature": "heat", "air_temperature": "heat",
    "land_surface_temperature": "heat", "brightness_temperature": "heat", "backscatter": "grey",
    "coherence": "grey", "point_intensity": "grey",
}  # fmt: skip
BY_TOPIC: Mapping[str, str] = {
    "hydrology": "water",
    "hazards": "heat",
    "heat": "heat",
    "radiometrics": "cividis",
}

UNLIT = "#e8e8e8"
"""Colour of level ground where relief alone is drawn."""

TRUE_COLOURS = ("red", "green", "blue")
PICTURE_BANDS = (3, 4)
"""Numbers of bands of whole numbers that are a picture."""


@dataclass(frozen=True)
class Ramp:
    """Numbers as colours; where there is a light, lighter and darker as a relief is."""

    variable: str
    unit: str
    title: str
    stops: Stops
    light: Light | None = None
    is_equal: bool = False


@dataclass(frozen=True)
class Classes:
    """Classes as colours: value, colour and label of each."""

    variable: str
    title: str
    classes: tuple[tuple[float, str, str], ...]


@dataclass(frozen=True)
class Bands:
    """Three bands as red, green and blue; `limits` are the values that become 0 and 255, where stretched."""

    variables: tuple[str, str, str]
    title: str
    limits: tuple[tuple[float, float], ...] = ()


GridStyle = Ramp | Classes | Bands


@dataclass(frozen=True)
class Wish:
    """What is asked of a style; empty is as it comes.

    Parameters
    ----------
    variable, name : str
        A variable, and a style by name.
    limits : tuple of float, optional
        Ends of the ramp.
    is_equal : bool
        Whether each colour is to cover as many cells.
    azimuth : float, optional
        Where light comes from that shades a ramp, in degrees clockwise from north.
    """

    variable: str = ""
    name: str = ""
    limits: tuple[float, float] | None = None
    is_equal: bool = False
    azimuth: float | None = None

    @property
    def is_of_ramps(self) -> bool:
        """Whether it can only be asked of a ramp."""
        return self.limits is not None or self.is_equal or self.azimuth is not None


_styles: Recent[tuple[object, ...], GridStyle] = Recent(2000)


def grid_style(store: Store, record: Record, wish: Wish = Wish()) -> GridStyle:
    """Style of a grid or volume.

    Raises
    ------
    InvalidError
        If the wish cannot be met: a variable or style that is not there.
    NotFoundError
        If there are no maps of the dataset.
    """
    if wish.name and wish.name not in STYLES:
        raise InvalidError(f"there is no style {wish.name[:40]!r}", hint=f"there are: {', '.join(STYLES)}")
    key = (str(store.derived.folder), record.id, record.version, record.content, wish)
    return _styles.get(key, lambda: _style(store, record, wish))


def _style(store: Store, record: Record, wish: Wish) -> GridStyle:
    grid = open_grid(store, record)
    if not wish.variable and not wish.is_of_ramps and wish.name in {"", DEFAULT}:
        bands = _bands_of(grid, record)
        if bands is not None:
            return _picture(store, record, grid, bands)
    layer = grid.layer(wish.variable)
    found = statistics(store, record, grid, layer)
    if layer.is_classes and not wish.is_of_ramps and wish.name in {"", DEFAULT, PLAIN}:
        classes = _classes(layer, found)
        if classes.classes:
            return classes
    made = _ramp(layer, found, wish)
    shaded = wish.name in {"", DEFAULT} and layer.quantity in SHADED_FIRST
    if not shaded and wish.azimuth is None and wish.name not in {SHADED, HILLSHADE}:
        return made
    return replace(made, light=_light(record, layer, found, wish))


def _light(record: Record, layer: Layer, found: Statistics, wish: Wish) -> Light:
    """Light on ground as it is; a field that is no ground is raised as high as it takes to be seen."""
    azimuth = AZIMUTH if wish.azimuth is None else wish.azimuth
    if layer.quantity in GROUND or (not layer.quantity and layer.unit == "m"):
        return Light(azimuth)
    low, high = _wide(found.low, found.high)
    return light_on_field(azimuth, high - low, _extent(record))


def _extent(record: Record) -> float:
    """Metres along the longer side of a dataset."""
    if record.bbox is None:
        return METRES_PER_DEGREE
    west, south, east, north = record.bbox
    across = (east - west + (360.0 if east < west else 0.0)) * math.cos(math.radians((south + north) / 2))
    return (max(across, north - south) or 1.0) * METRES_PER_DEGREE


def _bands_of(grid: Grid, record: Record) -> tuple[Layer, ...] | None:
    """Bands for red, green and blue of a picture; `None` where the grid is none."""
    layers = [one for one in grid.layers.values() if not (one.unit or one.quantity or one.flags)]
    axes = {tuple((axis.name, axis.count) for axis in layer.axes) for layer in layers}
    if len(layers) != len(grid.layers) or len(axes) != 1:
        return None
    by_name = {layer.name.lower(): layer for layer in layers}
    if all(name in by_name for name in TRUE_COLOURS):
        return tuple(by_name[name] for name in TRUE_COLOURS)
    if len(layers) < len(TRUE_COLOURS) or not all(_is_whole(record, layer) for layer in layers):
        return None
    # Sensors number their bands from short waves to long ones, pictures of three or four bands from red on.
    first = layers[:3]
    return tuple(first if len(layers) in PICTURE_BANDS else reversed(first))


def _is_whole(record: Record, layer: Layer) -> bool:
    stated = next((c.type for c in record.columns if c.name == layer.name), "")
    return layer.kind in "iu" or stated == "integer"


def _picture(store: Store, record: Record, grid: Grid, bands: Sequence[Layer]) -> Bands:
    red, green, blue = bands
    names = (red.name, green.name, blue.name)
    title = record.name()
    if grid.file is not None and all(grid.file.types[one.number - 1].name == "uint8" for one in bands):
        return Bands(names, title)
    spread = [statistics(store, record, grid, layer) for layer in bands]
    return Bands(names, title, tuple(_wide(one.stretch_low, one.stretch_high) for one in spread))


def _classes(layer: Layer, found: Statistics) -> Classes:
    """Classes that are found, and those that are stated where they are not too many."""
    values = {*found.classes, *layer.flags}
    shown = sorted(filter(layer.has_class, found.classes if len(values) > MOST_CLASSES else values))
    classes = tuple(
        (value, flag.colour or class_colour(place), flag.title)
        for place, value in enumerate(shown)
        for flag in [layer.flags.get(value, Flag(f"{value:g}"))]
    )
    return Classes(layer.name, layer.title, classes)


def _ramp(layer: Layer, found: Statistics, wish: Wish) -> Ramp:
    stops = _equal_stops(layer, found, wish) if wish.is_equal else _linear_stops(layer, found, wish)
    if wish.name == HILLSHADE:
        stops = tuple((value, UNLIT) for value, _ in stops)
    return Ramp(layer.name, layer.unit, layer.title, stops, is_equal=wish.is_equal)


def _linear_stops(layer: Layer, found: Statistics, wish: Wish) -> Stops:
    low, high = wish.limits or _round_ends(*_wide(found.low, found.high))
    if wish.limits is None and _is_signed(layer, found) and wish.name in {"", DEFAULT, PLAIN, "diverging"}:
        high = max(abs(low), abs(high))
        low = -high
    name = wish.name if wish.name in CHOICES else _ramp_name(layer, low, high)
    return ramp(name, low, high, logarithmic=layer.quantity in RATIOS and low > 0 and name in RAMPS)


def _equal_stops(layer: Layer, found: Statistics, wish: Wish) -> Stops:
    """Stops at quantiles, with as many values between each two; of equal ones only the first is left."""
    low, high = wish.limits or _wide(found.low, found.high)
    quantiles = np.array(found.quantiles or (low,))
    shares = np.linspace(0, 1, quantiles.size)
    first, last = np.interp([low, high], quantiles, shares)
    inner = np.interp(np.linspace(first, last, STEPS), shares, quantiles)[1:-1]
    values = np.unique(np.concatenate([[low], inner.clip(low, high), [high]]))
    name = wish.name if wish.name in CHOICES else _ramp_name(layer, low, high)
    return ramp_at(name, [float(one) for one in values])


def _is_signed(layer: Layer, found: Statistics) -> bool:
    return layer.quantity in SIGNED and found.low < 0 < found.high


def _ramp_name(layer: Layer, low: float, high: float) -> str:
    if layer.quantity in SIGNED and low < 0 < high:
        return "diverging"
    known = quantities.rule(layer.quantity)
    return BY_QUANTITY.get(layer.quantity) or BY_TOPIC.get(known.topic if known else "", "viridis")


def _wide(low: float, high: float) -> tuple[float, float]:
    """Ends of a ramp that are apart."""
    if high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        return low, high
    half = abs(low) / 2 or 0.5
    return low - half, high + half


def _round_ends(low: float, high: float) -> tuple[float, float]:
    """Ends moved outward to round numbers, by at most a hundredth of the ramp."""
    step = 10.0 ** math.floor(math.log10((high - low) / 50))
    ends = math.floor(low / step) * step, math.ceil(high / step) * step
    if low > 0 >= ends[0]:
        return low, ends[1]
    return (float(f"{ends[0]:.12g}"), float(f"{ends[1]:.12g}"))


def style_of(store: Store, record: Record, wish: Wish = Wish()) -> Json:
    """Style of a grid as legends and the portal read it.

    Returns
    -------
    dict
        `{"type": "ramp", "variable", "unit", "title", "stops": [[value, "#rrggbb"], …], "shaded",
        "stretch"}`,
        `{"type": "categories", "variable", "title", "classes": [[value, "#rrggbb", label], …]}`, or
        `{"type": "rgb", "variables": [red, green, blue], "title"}`.
    """
    style = grid_style(store, record, wish)
    if isinstance(style, Bands):
        return {"type": "rgb", "variables": list(style.variables), "title": style.title}
    if isinstance(style, Classes):
        return {
            "type": "categories", "variable": style.variable, "title": style.title,
            "classes": [list(one) for one in style.classes],
        }  # fmt: skip
    return {
        "type": "ramp", "variable": style.variable, "unit": style.unit, "title": style.title,
        "stops": [list(stop) for stop in style.stops], "shaded": style.light is not None,
        "stretch": STRETCHES[style.is_equal],
    }  # fmt: skip
