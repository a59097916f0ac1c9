"""Geochemical anomalies as polygons: outlined, measured, ranked, and put together from several elements."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray

from craton.methods import geochemistry_cells
from craton.methods.placement import Place, brought_to, place_of, plane_of, within_turn
from craton.methods.vector_shapes import areas, noted, notes_of
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Grid, Table, Unit
from craton.process.processes import process

ID = "geochemistry.anomaly_polygons"

Values = NDArray[np.float64]
Labels = NDArray[np.int32]

ANOMALY_COLUMNS = (
    Column(name="anomaly", title="Anomaly, such as Zn-1 for the first in rank"),
    Column(name="element", title="Element or field"),
    Column(name="rank", unit="1", title="Rank by strength"),
    Column(name="area", unit="km2", title="Area"),
    Column(name="mean", title="Mean"),
    Column(name="peak", title="Highest value, or lowest"),
    Column(name="threshold", title="Threshold"),
    Column(name="contrast", unit="1", title="Mean against threshold"),
    Column(name="strength", unit="km2", title="Area times contrast"),
    Column(name="zones", unit="1", title="Thresholds that its maximum reaches"),
    Column(name="samples", unit="1", title="Samples within"),
)

Anomalies = Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",), columns=ANOMALY_COLUMNS)]
Zones = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Polygon",),
        columns=(
            Column(name="anomaly", title="Anomaly"),
            Column(name="zone", unit="1", title="Zone, 1 for the outermost"),
            Column(name="threshold", title="Threshold"),
            Column(name="area", unit="km2", title="Area"),
        ),
    ),
]


class AnomalyMap(NamedTuple):
    """Anomalies, and their zones by threshold."""

    anomalies: Anomalies
    zones: Zones


@process(
    ID,
    version="1",
    keywords=("delineation", "NAP", "ranking", "anomaly map", "异常圈定", "异常评序", "规格化面金属量"),
)
def anomaly_polygons(
    grid: Annotated[xr.DataArray, Grid()],
    *,
    thresholds: Annotated[tuple[float, ...], Bounds(above=0)] = (),
    classes: Annotated[pd.DataFrame, Table()] | None = None,
    samples: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))] | None = None,
    below: bool = False,
    element: str = "",
    minimum_area: Annotated[float, Unit("km2"), Bounds(minimum=0)] = 0.0,
    minimum_samples: Annotated[int, Bounds(minimum=0)] = 0,
) -> AnomalyMap:
    """Anomalies of an element outlined at one or more thresholds, measured and ranked.

    Use it to turn a gridded element and its thresholds into the polygons of an anomaly map and the table that
    goes with it. Outlines follow the edges of cells, so that areas and means are those of the grid; for
    smooth lines draw `grid.contour` at the same levels. Ranks say where contents are high over a wide area,
    not where an ore body is.

    Parameters
    ----------
    grid : DataArray
        Evenly spaced grid of two axes. Cells without a value belong to no anomaly.
    thresholds : tuple of float
        Thresholds above 0 in the unit of the grid; anomalies begin at the outermost one, the others outline
        their zones (outer, middle, inner). Give these or `classes`.
    classes : DataFrame, optional
        Thresholds as `geochemistry.concentration_area` gives them: all numbers of the column `lower` but the
        lowest, where the background begins. Converted where its unit is another one than that of the grid.
    samples : GeoDataFrame, optional
        Points that are counted within each anomaly.
    below : bool
        Outline cells at or below the thresholds, as for a singularity index; the lowest is the innermost.
    element : str
        Name of the element, which numbers the anomalies; left out, the name of the grid.
    minimum_area : float
        Smallest anomaly to keep, in km².
    minimum_samples : int
        Fewest samples within; only with `samples`.

    Returns
    -------
    anomalies : GeoDataFrame
        One row an anomaly by falling strength: area in km², mean and peak (lowest value where `below`) in
        the unit of the grid, contrast, strength, zones reached and samples within (none without `samples`).
    zones : GeoDataFrame
        One row an anomaly and threshold that it reaches: the cells beyond that threshold, which may be in
        several parts.

    Notes
    -----
    An anomaly is a set of cells at or above the outermost threshold that hang together by their edges.
    Contrast = mean / threshold (threshold / mean where `below`), strength = area × contrast, known as the
    normalised areal productivity (NAP). Means weigh cells by area. Areas are those on the ellipsoid where the
    reference system is tied to the Earth. Of equal strengths the higher extreme value comes first.

    References
    ----------
    Xie, X., Mu, X. and Ren, T. (1997), Geochemical mapping in China, Journal of Geochemical Exploration
    60(1), 99-113.
    """
    grid = within_turn(ID, "grid", grid)
    place = place_of(ID, "grid", grid)
    unit = units.parse(str(grid.attrs.get("units", ""))) or ""
    levels = _levels(thresholds, classes, unit, below=below)
    if minimum_samples and samples is None:
        raise ContractError(ID, "minimum_samples", "0 where no `samples` are given", str(minimum_samples))
    found = _found(plane_of(ID, "grid", grid), place, levels, below=below)
    frame = found.measured(_counts(found, samples))
    frame = frame[(frame["area"] >= minimum_area) & (frame["samples"].fillna(np.inf) >= minimum_samples)]
    order = np.lexsort((frame.index, frame["peak"] * (1 if below else -1), -frame["strength"]))
    kept = frame.index.to_numpy()[order]
    name = element or str(grid.name or "anomaly")
    rank = np.arange(1, kept.size + 1)
    frame = frame.loc[kept].reset_index(drop=True)
    frame = frame.assign(rank=rank, element=name, anomaly=[f"{name}-{number}" for number in rank])
    names = [column.name for column in ANOMALY_COLUMNS]
    anomalies = gpd.GeoDataFrame(frame[[*names, "geometry"]], geometry="geometry", crs=place.crs or None)
    told = {column: {"unit": unit} for column in ("mean", "peak", "threshold") if unit}
    return AnomalyMap(noted(anomalies, told), noted(found.zones(kept, name), told))


def _levels(thresholds: tuple[float, ...], classes: pd.DataFrame | None, unit: str, *, below: bool) -> Values:
    """Thresholds from the outermost inward, in `unit`."""
    if bool(thresholds) == (classes is not None):
        came = "both" if thresholds else "neither"
        raise ContractError(ID, "thresholds", "given, or `classes`, and not both", came)
    levels = np.unique(np.array(thresholds)) if classes is None else _lower_limits(classes, unit)
    return np.asarray(levels[:: -1 if below else 1])


def _lower_limits(classes: pd.DataFrame, unit: str) -> Values:
    """Lower limits of all classes but the lowest, ascending."""
    if "lower" not in classes.columns or not pd.api.types.is_numeric_dtype(classes["lower"]):
        raise ContractError(ID, "classes", "a table with the numeric column `lower`", "one without")
    limits: Values = np.unique(classes["lower"].to_numpy(dtype=np.float64, na_value=np.nan))[1:]
    if not limits.size or not (np.isfinite(limits) & (limits > 0)).all():
        raise ContractError(ID, "classes", "a table of two classes or more, thresholds above 0", "another")
    stated = units.parse(str(notes_of(classes).get("lower", {}).get("unit", ""))) or ""
    if not (unit and stated) or unit == stated:
        return limits
    if not units.compatible(stated, unit):
        raise ContractError(ID, "classes", f"a table of thresholds in {unit}", f"one in {stated}")
    return np.asarray(units.convert(limits, stated, unit))


class _Found(NamedTuple):
    """Cells and labels (rows from the north, columns from the west), and levels from the outermost inward.

    `labels` are the number of the anomaly of each cell from 1, 0 elsewhere; `row_areas` the area in km² of a
    cell in each row.
    """

    values: Values
    labels: Labels
    levels: Values
    place: Place
    row_areas: Values
    below: bool

    @property
    def number(self) -> int:
        """Number of anomalies."""
        return int(self.labels.max(initial=0))

    def measured(self, samples: NDArray[np.int64] | None) -> pd.DataFrame:
        """Area, mean, extreme value, contrast and shape of each anomaly, in the order of labels."""
        inside, size = self.labels > 0, self.number + 1
        label, values = self.labels[inside], self.values[inside]
        weights = np.broadcast_to(self.row_areas[:, None], self.labels.shape)[inside]
        weight, total = (np.bincount(label, w, size)[1:] for w in (weights, weights * values))
        extreme = np.full(size, np.inf if self.below else -np.inf)
        (np.minimum if self.below else np.maximum).at(extreme, label, values)
        shapes = geochemistry_cells.outlines(self.labels, self.place, self.number)
        area = self._areas(shapes, weight)
        mean, threshold = total / weight, float(self.levels[0])
        known = np.where(mean > 0, mean, np.nan)
        contrast = threshold / known if self.below else mean / threshold
        reached = (extreme[1:, None] <= self.levels) if self.below else (extreme[1:, None] >= self.levels)
        counts = np.full(size - 1, np.nan) if samples is None else samples[1:].astype(np.float64)
        columns = {"area": area, "mean": mean, "peak": extreme[1:], "threshold": threshold}
        columns |= {"contrast": contrast, "strength": area * contrast, "zones": reached.sum(axis=1)}
        return pd.DataFrame({**columns, "samples": counts, "geometry": shapes})

    def _areas(self, shapes: NDArray[Any], cells: Values) -> Values:
        """Area of each shape on the ellipsoid; where there is none, that of its `cells`."""
        crs = self.place.crs
        if not crs or systems.is_local(crs) or not shapes.size:
            return cells
        return areas(ID, "grid", gpd.GeoDataFrame(geometry=shapes, crs=crs))

    def zones(self, kept: NDArray[np.int64], name: str) -> gpd.GeoDataFrame:
        """Cells of the `kept` anomalies (labels less 1, by rank) beyond each threshold."""
        rows: list[dict[str, Any]] = []
        weights = np.repeat(self.row_areas, self.labels.shape[1])
        for zone, level in enumerate(self.levels, start=1):
            inner = np.where(_beyond(self.values, level, below=self.below), self.labels, 0)
            shapes = geochemistry_cells.outlines(inner, self.place, self.number)
            area = self._areas(shapes, np.bincount(inner.ravel(), weights, self.number + 1)[1:])
            rows += [
                {
                    "anomaly": f"{name}-{rank}", "zone": zone, "threshold": float(level),
                    "area": float(area[at]), "geometry": shapes[at],
                }
                for rank, at in enumerate(kept, start=1) if not shapes[at].is_empty
            ]  # fmt: skip
        columns = ["anomaly", "zone", "threshold", "area", "geometry"]
        frame = pd.DataFrame(rows, columns=columns)
        kinds = {"anomaly": object, "zone": np.int64, "threshold": np.float64, "area": np.float64}
        return gpd.GeoDataFrame(frame.astype(kinds), geometry="geometry", crs=self.place.crs or None)


def _found(cells: xr.DataArray, place: Place, levels: Values, *, below: bool) -> _Found:
    """Anomalies in the cells of a grid."""
    from scipy import ndimage

    values = place.upright(cells.to_numpy()).astype(np.float64)
    labels = ndimage.label(_beyond(values, float(levels[0]), below=below))[0].astype(np.int32)
    row_areas = geochemistry_cells.row_areas(ID, "grid", place)[:: -1 if place.step[0] > 0 else 1]
    return _Found(values, labels, levels, place, row_areas, below)


def _beyond(values: Values, level: float, *, below: bool) -> NDArray[np.bool_]:
    """Cells at or beyond `level`; none without a finite value."""
    held = values <= level if below else values >= level
    return np.asarray(held & np.isfinite(values))


def _counts(found: _Found, samples: gpd.GeoDataFrame | None) -> NDArray[np.int64] | None:
    """Samples in the cells of each label, from 0."""
    if samples is None:
        return None
    labels, place = found.labels, found.place
    points = shapely.get_coordinates(brought_to(ID, "samples", samples, place.crs).geometry.to_numpy())
    points = points[np.isfinite(points).all(axis=1)]
    west, _south, _east, north = place.region
    columns = np.floor((points[:, 0] - west) / place.spacing[1])
    rows = np.floor((north - points[:, 1]) / place.spacing[0])
    within = (columns >= 0) & (columns < labels.shape[1]) & (rows >= 0) & (rows < labels.shape[0])
    hit = labels[rows[within].astype(np.intp), columns[within].astype(np.intp)]
    return np.bincount(hit, minlength=found.number + 1)
