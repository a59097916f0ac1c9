"""Block model of an ore body: part of each block in the unit, grade, density, and how well they are known."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

from craton.kernels import covariance as cov
from craton.kernels import kriging_groups as near
from craton.kernels.block_kriging import BlockEstimate, krige_blocks
from craton.kernels.kriging import distinct_places
from craton.methods.geomodel_volume import UNIT, Lattice, volume_of, with_units
from craton.methods.geostatistics import Spots, covariance_model, extent_of
from craton.methods.kriging import refuse_power
from craton.methods.points_samples import described
from craton.methods.property_cells import (
    Domain,
    Metres,
    ModelVolume,
    Neighbours,
    SampleNumber,
    Samples,
    SampleText,
    domains_of,
    samples_of,
)
from craton.methods.property_kriging import reach_of
from craton.methods.property_layers import Ground, Layering, ground_of
from craton.methods.property_models import model_for
from craton.methods.property_results import refuse_name, stated
from craton.methods.resource_lattice import block_lattice, overlaps_of, points_in_blocks
from craton.methods.variogram_model import ModelTable, model_words
from craton.model import units as physical
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Unit, Volume
from craton.process.processes import process

BLOCKS = "resource.block_model"

MOST_BLOCKS = 5_000_000
BATCH = 1 << 13
"""Blocks between two looks at who listens."""

Density = Annotated[float, Unit("g/cm3"), Bounds(above=0, maximum=25)]
BlockVolume = Annotated[xr.Dataset, Volume()]

SHARE, DENSITY, HOLES, DISTANCE, EFFICIENCY, SLOPE = (
    "percent", "density", "holes", "distance", "efficiency", "slope",
)  # fmt: skip
"""Variables of a block model beside the unit and the grade."""

OWN = (UNIT, SHARE, DENSITY, HOLES, DISTANCE, EFFICIENCY, SLOPE)
"""Names that a grade cannot have."""


class Evidence(NamedTuple):
    """Of blocks: how many holes inform each, and how far the nearest sample is, in ranges."""

    holes: np.ndarray
    distance: np.ndarray


@process(
    BLOCKS,
    version="2",
    keywords=("resource", "grade", "ore", "block kriging", "support", "块体模型", "资源储量"),
)
def block_model(
    volume: ModelVolume,
    points: Samples,
    column: SampleNumber,
    unit: str,
    block: Metres,
    *,
    height: Metres | None = None,
    density: Density | None = None,
    density_column: SampleNumber | None = None,
    upward: SampleNumber | None = None,
    unit_column: SampleText | None = None,
    hole_column: SampleText | None = None,
    layering: Layering = "automatic",
    model: ModelTable | None = None,
    neighbours: Neighbours = 24,
) -> BlockVolume:
    """Blocks of an ore body with the part of each that is ore, its grade, and how well it is known.

    Use it for the estimate of a resource: of each block the mean grade of the part in the unit is kriged, so
    that it varies as blocks do and not as samples. Then take `resource.classify`, `resource.tonnage_grade`
    and `resource.report`. Blocks far smaller than the distance of holes are not known one by one, whatever
    the picture shows: their slope of regression says so.

    Parameters
    ----------
    volume : Dataset
        Geological model with the ore body as a unit, cells in metres and not larger than the blocks.
    points : GeoDataFrame
        Composites of one length in the reference system of the model, as from `resource.composite`.
    column : str
        Column of the grade, in a unit of parts such as % or g/t; not called as another part of the result.
    unit : str
        Name of the unit that is ore.
    block : float
        Side of a block to the north and to the east in metres.
    height : float
        Height of a block in metres. Left out, `block`.
    density : float
        Dry density of the ore in g/cm³, that is t/m³.
    density_column : str
        Column of the density of samples, which is kriged as the grade is; without a unit it counts as g/cm³.
        One of `density` and it is given.
    upward : str
        Column of heights in metres, positive up. Left out, the heights of the points themselves, else the
        column `upward`.
    unit_column : str
        Column that says in which unit each sample was taken. Left out, it is the unit of its cell.
    hole_column : str
        Column of the names of holes. Left out, `hole_id` where there is one, else each sample counts as a
        hole.
    layering : str
        How places are brought to the layers, as for `property.kriging`.
    model : DataFrame
        Variogram model of the grade with a sill, in layer coordinates. Left out, it is fitted.
    neighbours : int
        Number of nearest samples that each block is estimated from.

    Returns
    -------
    Dataset
        By upward, northing and easting, from the west, south and top of the model: `unit`, `percent` of the
        block in the unit, the grade, named as `column` is, with its standard deviation (`_std`), `density`,
        `holes` within the range among the neighbours (those that share a place count once), `distance` to the
        nearest sample in ranges, kriging `efficiency` and `slope` of regression. Blocks without ore have none
        of these.

    Notes
    -----
    Ordinary kriging of the mean over the points of a 4 × 4 × 4 lattice of the block that lie in the unit, in
    layer coordinates; the nugget averages out over a block. With v the variance of the block's mean, σ² its
    kriging variance: efficiency (v − σ²)/v, slope Cov(Z, Ẑ)/Var(Ẑ). `percent` is exact for the cells of the
    model.

    References
    ----------
    Isaaks, E. H., and Srivastava, R. M. (1989). An introduction to applied geostatistics. Oxford University
    Press, chapter 13.

    Krige, D. G. (1997). A practical analysis of the effects of spatial structure and of data available and
    accessed, on conditional biases in ordinary kriging. Geostatistics Wollongong '96, 799-810.
    """
    refuse_name(BLOCKS, column, *OWN)
    if (density is None) == (density_column is None):
        came = "left out" if density is None else f"{density:g} g/cm³, with `density_column`"
        raise ContractError(BLOCKS, "density", "given where no `density_column` is, and only there", came)
    ground = ground_of(BLOCKS, volume)
    domain, holes = _domain(ground, points, column, unit, (upward, unit_column, hole_column), layering)
    parts = model_for(BLOCKS, model, domain)
    refuse_power(BLOCKS, parts)
    covariance = covariance_model(parts)
    if not covariance.kinds.size:
        raise ContractError(BLOCKS, "model", "of a structure beside the nugget", "one of a nugget only")
    lattice = block_lattice(BLOCKS, ground, block, height or block)
    share = (
        overlaps_of(lattice, ground.lattice).sums((ground.codes == domain.code).astype(np.float64)).ravel()
    )
    chosen = np.flatnonzero(share > 0)
    if chosen.size > MOST_BLOCKS:
        raise ContractError(BLOCKS, "block", f"one that gives at most {MOST_BLOCKS:,} blocks", f"{block:g} m")
    some, starts = points_in_blocks(ground, domain.code, lattice, chosen)
    placed = domain.placing(some)
    found, evidence = _kriged(domain, covariance, holes, placed, starts, neighbours)
    heavy = np.full(chosen.size, density or np.nan)
    if density_column is not None:
        columns = (upward, unit_column, hole_column)
        heavy = _densities(ground, points, density_column, domain, columns, (placed, starts), neighbours)
    note = described(points, column)
    fields = _fields(column, note, share * 100.0, chosen, found, evidence, heavy)
    result = _volume(ground, lattice, domain, share, fields)
    return result.assign_attrs(
        grade=column,
        unit_name=domain.name,
        variogram_model=f"{domain.name}: {model_words(parts)}",
        layering=f"{domain.name}: {domain.placing.kind}",
    )


def _domain(
    ground: Ground,
    points: gpd.GeoDataFrame,
    column: str,
    unit: str,
    columns: tuple[str | None, str | None, str | None],
    layering: Layering,
) -> tuple[Domain, np.ndarray]:
    """The ore body with its samples, and the number of the hole of each."""
    if ground.units.row(unit) < 0:
        known = ", ".join(ground.units.names[:12])
        raise ContractError(BLOCKS, "unit", f"a unit of the model: {known}", repr(unit))
    upward, unit_column, hole_column = columns
    if hole_column is None and "hole_id" in points.columns:
        hole_column = "hole_id"
    sampled = samples_of(
        BLOCKS, ground, points, (column,), upward=upward, unit_column=unit_column, hole_column=hole_column
    )
    domain = domains_of(BLOCKS, ground, sampled, (unit,), layering)[0][0]
    own = sampled.codes == domain.code
    places = domain.spots.places
    holes = np.full(len(places), -1)
    np.maximum.at(holes, cKDTree(places).query(domain.placing(sampled.places[own]))[1], sampled.holes[own])
    return domain, holes


def _kriged(
    domain: Domain,
    model: cov.Model,
    holes: np.ndarray,
    placed: np.ndarray,
    starts: np.ndarray,
    neighbours: int,
) -> tuple[BlockEstimate, Evidence]:
    """Grades of blocks whose points in layer coordinates are `placed`, and what they stand on."""
    spots = domain.spots
    lengths = near.metric(model)
    middles = np.add.reduceat(placed, starts[:-1], axis=0) / np.diff(starts)[:, None]
    count = min(neighbours, len(spots.places))
    tree = cKDTree(spots.places @ lengths.T)
    away, nearest = (
        one.reshape(len(middles), count) for one in tree.query(middles @ lengths.T, count, workers=2)
    )
    model = cov.for_region(model, extent_of(spots.places, placed))
    parts = []
    for first in progress.each(range(0, len(middles), BATCH), "kriging blocks"):
        last = min(first + BATCH, len(middles))
        own = placed[starts[first] : starts[last]]
        some = nearest[first:last].astype(np.int32)
        parts.append(
            krige_blocks(
                model, spots.places, spots.values, some, own, starts[first : last + 1] - starts[first]
            )
        )
    whole = BlockEstimate(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    away = away / reach_of(model)
    return whole, Evidence(_distinct(np.where(away <= 1.0, holes[nearest], -1.0)), away[:, 0])


def _distinct(numbers: np.ndarray) -> np.ndarray:
    """How many different numbers of 0 or more each row has."""
    ordered = np.sort(numbers, axis=1)
    new = np.ones(ordered.shape, bool)
    new[:, 1:] = np.diff(ordered, axis=1) > 0
    counts: np.ndarray = (new & (ordered >= 0)).sum(axis=1)
    return counts


def _densities(
    ground: Ground,
    points: gpd.GeoDataFrame,
    column: str,
    ore: Domain,
    columns: tuple[str | None, str | None, str | None],
    blocks: tuple[np.ndarray, np.ndarray],
    neighbours: int,
) -> np.ndarray:
    """Densities (m,) of blocks in g/cm³, kriged from the samples that have one."""
    unit = physical.parse(described(points, column)["unit"]) or "g/cm3"
    if not physical.compatible(unit, "g/cm3"):
        raise ContractError(BLOCKS, "density_column", "a column of densities", f"{column} in {unit}")
    sampled = samples_of(BLOCKS, ground, points, (column,), upward=columns[0], unit_column=columns[1])
    own = sampled.codes == ore.code
    if not own.any():
        raise ContractError(
            BLOCKS, "density_column", f"known at samples of {ore.name}", f"{column}, which is not"
        )
    values = physical.convert(sampled.values[own], unit, "g/cm3")
    if values.min() <= 0:
        raise ContractError(BLOCKS, "density_column", "densities above 0", f"{values.min():g} g/cm3")
    places, values = distinct_places(ore.placing(sampled.places[own]), values)
    spots = Spots(places, values, ore.spots.crs)
    starts = blocks[1]
    if (values == values[0]).all() or len(spots.places) < 3:
        return np.full(starts.size - 1, float(values.mean()))
    domain = ore._replace(spots=spots)
    model = covariance_model(model_for(BLOCKS, None, domain))
    if not model.kinds.size:
        return np.full(starts.size - 1, float(values.mean()))
    nobody = np.zeros(len(spots.places))
    return _kriged(domain, model, nobody, *blocks, neighbours)[0].values[:, 0]


def _fields(
    column: str,
    note: dict[str, str],
    percent: np.ndarray,
    chosen: np.ndarray,
    found: BlockEstimate,
    evidence: Evidence,
    heavy: np.ndarray,
) -> dict[str, tuple[np.ndarray, Any]]:
    """Variables of all blocks, NaN where there is no ore."""
    title = note["title"] or column
    of_ore = {
        column: (found.values[:, 0], stated(note["unit"], title, note["quantity"])),
        f"{column}_std": (np.sqrt(found.variances), stated(note["unit"], f"Standard deviation of {title}")),
        DENSITY: (heavy, stated("g/cm3", "Density", "bulk_density")),
        HOLES: (evidence.holes, stated("1", "Holes within the range")),
        DISTANCE: (evidence.distance, stated("1", "Distance to the nearest sample in ranges")),
        EFFICIENCY: (found.efficiency, stated("1", "Kriging efficiency")),
        SLOPE: (found.slope, stated("1", "Slope of regression of true on estimated grade")),
    }
    fields = {SHARE: (percent.astype(np.float32), stated("%", "Part of the block in the unit"))}
    for name, (values, attrs) in of_ore.items():
        whole = np.full(percent.size, np.nan, np.float32)
        whole[chosen] = values
        fields[name] = (whole, attrs)
    return fields


def _volume(
    ground: Ground,
    lattice: Lattice,
    domain: Domain,
    share: np.ndarray,
    fields: dict[str, tuple[np.ndarray, Any]],
) -> xr.Dataset:
    codes = np.where(share > 0, domain.code, 0).reshape(lattice.shape)
    shaped = {name: (cells.reshape(lattice.shape), attrs) for name, (cells, attrs) in fields.items()}
    units = with_units(ground.units, [domain.name])._replace(variable=UNIT)
    return volume_of(lattice, codes, units, fields=shaped, title=f"Block model of {domain.name}")
