"""Categories inside the units of a model: probabilities by indicator kriging, ensembles by simulation."""

from __future__ import annotations

from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.sequential_simulation import draw_categories, weights_along_path
from craton.methods.geomodel_volume import UnitTable, colour_of
from craton.methods.geostatistics import Spots, covariance_model
from craton.methods.kriging import constant, nothing, refuse_power
from craton.methods.property_cells import (
    Domain,
    ModelVolume,
    Neighbours,
    SampleNumber,
    Samples,
    SampleText,
    domains_of,
    places_of,
    samples_of,
)
from craton.methods.property_kriging import kriged_at
from craton.methods.property_lattice import nodes_of
from craton.methods.property_layers import Ground, Layering, ground_of
from craton.methods.property_models import model_for
from craton.methods.property_prior import CHANCE, Prior, prior_of
from craton.methods.property_results import property_volume, refuse_name, stated
from craton.methods.simulation_parts import MOST_SEQUENTIAL, Realizations, Seed, check_size
from craton.methods.variogram_model import ModelTable, Part, model_words
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Volume
from craton.process.processes import process

INDICATOR, SEQUENTIAL = "property.indicator_kriging", "property.indicator_simulation"

MOST_CATEGORIES = 50

CODE = "_category"

ENTROPY = "entropy"

Fields = dict[str, tuple[np.ndarray, dict[str, Any]]]
"""Cells and attributes by name."""


@process(
    INDICATOR,
    version="2",
    keywords=("probability", "lithology", "facies", "lithofacies", "voxel", "指示克里金", "岩性"),
)
def indicator_kriging(
    volume: ModelVolume,
    points: Samples,
    column: SampleText,
    *,
    upward: SampleNumber | None = None,
    unit_column: SampleText | None = None,
    units: tuple[str, ...] = (),
    layering: Layering = "automatic",
    prior: ModelVolume | None = None,
    model: ModelTable | None = None,
    neighbours: Neighbours = 24,
) -> Annotated[xr.Dataset, Volume()]:
    """Probability of each category in every cell of a model, unit by unit, and the likeliest.

    Use it for lithology, facies or ore types that were logged along holes: sand, silt and clay within one
    formation. Units are hard boundaries. For pictures of how bodies may lie, and for connected ways, take
    `property.indicator_simulation`: the likeliest category everywhere makes rare ones too rare.

    Parameters
    ----------
    volume : Dataset
        Geological model or other volume of units, cells in metres.
    points : GeoDataFrame
        Samples in the reference system of the model. Rows without a place, height or category are left out;
        of several at one place each has its share.
    column : str
        Column of the categories, texts or numbers, 50 at most; not called as another part of the result.
    upward : str
        Column of heights in metres, positive up. Left out, the heights of the points themselves, else the
        column `upward`.
    unit_column : str
        Column that says in which unit each sample was taken. Left out, it is the unit of its cell.
    units : tuple of str
        Units that are estimated. Left out, all that have samples.
    layering : str
        How places are brought to the layers, as for `property.kriging`.
    prior : Dataset
        Probabilities that are known without the samples, such as those of a published voxel model, which
        the samples then correct nearby: a volume of this node, or one with a variable for each category
        whose name ends in `_CATEGORY`, in shares or per cent. Categories that it has and the samples lack
        are in the result too: further classes, or variables of the same unit that begin as the others do.
    model : DataFrame
        Variogram model of the indicator of a category, in layer coordinates; it serves all. Left out, one is
        fitted to the most frequent category of each unit; with `prior`, to what that leaves of it.
    neighbours : int
        Number of nearest samples that each small box of cells is estimated from.

    Returns
    -------
    Dataset
        `probability_CODE` of each category, 0 to 1 and of sum 1; the likeliest category, named as `column`
        is, by code with names in its attributes, 0 where there is none; and `entropy`, 0 where one category
        is certain and 1 where all are equally likely.

    Notes
    -----
    The indicators of all categories are kriged with the same weights (Σ λᵢ = 1), so that they add up to 1;
    probabilities below 0 are set to 0 and the rest brought to a sum of 1. Entropy is −Σ p ln p / ln K of K
    categories. A unit of one category needs no variogram unless there is a prior.

    With a prior π the probability is πₖ(x) + Σ λᵢ (iₖ(xᵢ) − πₖ(xᵢ)), simple kriging about a mean that varies
    from place to place; where the prior is not known, πₖ is the share of the samples of the unit.

    References
    ----------
    Journel, A. G. (1983). Nonparametric estimation of spatial distributions. Mathematical Geology 15(3),
    445-468. doi:10.1007/BF01031292

    Deutsch, C. V., and Journel, A. G. (1998). GSLIB: geostatistical software library and user's guide, 2nd
    edition. Oxford University Press, section IV.1.

    Goovaerts, P. (1997). Geostatistics for natural resources evaluation. Oxford University Press, section
    7.3.
    """
    ground = ground_of(INDICATOR, volume)
    names = _category_names(INDICATOR, points, column)
    known = prior_of(INDICATOR, volume, prior, names) if prior is not None else None
    names = names if known is None else known.names
    domains, empty = _categories(
        INDICATOR, ground, points, column, (upward, unit_column), units, layering, known
    )
    refuse_name(INDICATOR, column, ENTROPY, *(_chance_of(code) for code in range(1, len(names) + 1)))
    chance = np.full((len(names), ground.codes.size), np.nan, np.float32)
    words = {}
    for domain in progress.each(domains, "indicator kriging"):
        shares, means = np.hsplit(domain.spots.values, [len(names)])
        alone = np.flatnonzero(shares.all(axis=0))
        if alone.size and model is None and known is None:
            chance[:, domain.cells] = np.arange(len(names))[:, None] == alone[0]
            continue
        places = places_of(ground.lattice, domain.cells)
        expected: np.ndarray | float = 0.0
        if known is not None:
            usual = shares.mean(axis=0)
            expected, means = _or(known.at(places), usual), _or(means, usual)
            shares = shares - means
        parts = model_for(INDICATOR, model, _most_frequent(domain, shares))
        words[domain.name] = model_words(parts)
        drift = constant if known is None else nothing
        found = kriged_at(
            ground, domain, domain.placing(places), covariance_model(parts), drift, neighbours, shares
        )
        positive = np.maximum(expected + found.values, 0.0)
        chance[:, domain.cells] = (positive / positive.sum(axis=1, keepdims=True)).T
    return property_volume(ground, _probable(column, names, chance), words, domains, empty)


def _or(chance: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Probabilities (n, categories), the `usual` ones where they are not known."""
    return np.where(np.isfinite(chance), chance, usual)


@process(
    SEQUENTIAL,
    version="2",
    keywords=("SIS", "lithology", "facies", "realization", "ensemble", "序贯指示模拟", "岩性"),
)
def indicator_simulation(
    volume: ModelVolume,
    points: Samples,
    column: SampleText,
    *,
    upward: SampleNumber | None = None,
    unit_column: SampleText | None = None,
    units: tuple[str, ...] = (),
    layering: Layering = "automatic",
    model: ModelTable | None = None,
    realizations: Realizations = 20,
    neighbours: Annotated[int, Bounds(minimum=1, maximum=64)] = 16,
    seed: Seed = 0,
) -> Annotated[xr.Dataset, Volume()]:
    """Ensemble of volumes of categories that honour the samples, drawn cell by cell inside each unit.

    Use it for lithology or facies within a formation where bodies have no fixed form: the share of volumes in
    which a cell has a category is its probability. Borders come out ragged, and categories that must follow
    each other are not kept in order.

    Parameters
    ----------
    volume : Dataset
        Geological model or other volume of units, cells in metres.
    points : GeoDataFrame
        Samples in the reference system of the model; of several categories at one place the one of the
        largest share counts.
    column : str
        Column of the categories, texts or numbers, 50 at most.
    upward : str
        Column of heights in metres, positive up. Left out, the heights of the points themselves, else the
        column `upward`.
    unit_column : str
        Column that says in which unit each sample was taken. Left out, it is the unit of its cell.
    units : tuple of str
        Units that are simulated, of at most 2 million cells along their layers. Left out, all that have
        samples.
    layering : str
        How places are brought to the layers, as for `property.kriging`.
    model : DataFrame
        Variogram model of the indicator of a category with a sill, in layer coordinates; it serves all. Left
        out, one is fitted to the most frequent category of each unit.
    realizations : int
        Number of volumes.
    neighbours : int
        Number of nearest cells, with samples or drawn before, that each cell leans on.
    seed : int
        Number that the path and the volumes are drawn from.

    Returns
    -------
    Dataset
        Codes of categories from 1 by `realization`, upward, northing and easting, named as `column` is, 0
        where there is none, with names in the attributes.

    Notes
    -----
    The probability of a category k at a cell is pₖ + Σ λᵢ (iₖ(xᵢ) − pₖ), simple kriging of its indicator with
    its share pₖ of the samples of the unit as mean; negative ones are set to 0 and the rest brought to a sum
    of 1. A sample is moved to the nearest cell of the lattice along the layers.

    References
    ----------
    Deutsch, C. V., and Journel, A. G. (1998). GSLIB: geostatistical software library and user's guide, 2nd
    edition. Oxford University Press, section V.3.1.
    """
    ground = ground_of(SEQUENTIAL, volume)
    check_size(SEQUENTIAL, ground.codes.size, realizations)
    names = _category_names(SEQUENTIAL, points, column)
    domains, empty = _categories(SEQUENTIAL, ground, points, column, (upward, unit_column), units, layering)
    fields, words = np.zeros((realizations, ground.codes.size), np.uint8), {}
    for domain in progress.each(domains, "simulating categories"):
        alone = np.flatnonzero(domain.spots.values.all(axis=0))
        if alone.size and model is None:
            fields[:, domain.cells] = alone[0] + 1
            continue
        parts = model_for(SEQUENTIAL, model, _most_frequent(domain, domain.spots.values))
        refuse_power(SEQUENTIAL, parts)
        words[domain.name] = model_words(parts)
        _draw(ground, domain, parts, neighbours, seed, fields)
    attrs = {**_flags(names), "long_name": f"Category of {column}"}
    return property_volume(ground, {column: (fields, attrs)}, words, domains, empty)


def _draw(
    ground: Ground, domain: Domain, parts: list[Part], neighbours: int, seed: int, fields: np.ndarray
) -> None:
    """Write the categories of all realizations to the cells of a unit."""
    nodes = nodes_of(SEQUENTIAL, ground, domain)
    size = int(np.prod(nodes.shape))
    if size > MOST_SEQUENTIAL:
        raise ContractError(
            SEQUENTIAL, "volume", f"a model whose units span at most {MOST_SEQUENTIAL:,} cells", f"{size:,}"
        )
    random = np.random.default_rng([seed, domain.code])
    weights = weights_along_path(
        covariance_model(parts), nodes.shape, nodes.spacing, nodes.known, neighbours, random
    )
    shares = domain.spots.values.mean(axis=0)
    known = domain.spots.values[nodes.rows].argmax(axis=1)
    for number in progress.each(range(len(fields)), "realizations"):
        field = np.zeros(size, np.int64)
        field[nodes.known] = known
        noise = np.random.default_rng([seed, domain.code, number + 1]).random(weights.path.size)
        draw_categories(weights.path, weights.near, weights.weights, shares, noise, field)
        fields[number, domain.cells] = field[nodes.of_cells] + 1


def _named(points: gpd.GeoDataFrame, column: str) -> pd.Series:
    """Whether each row has a category."""
    named: pd.Series = points[column].notna() & (points[column].astype(str).str.strip() != "")
    return named


def _category_names(process: str, points: gpd.GeoDataFrame, column: str) -> list[str]:
    """Names of the categories of a column, in order."""
    names = pd.factorize(points.loc[_named(points, column), column], sort=True)[1]
    if not 1 <= len(names) <= MOST_CATEGORIES:
        allowed = f"a column of 1 to {MOST_CATEGORIES} categories"
        raise ContractError(process, "column", allowed, f"{column} with {len(names)}")
    return [str(int(name)) if isinstance(name, float) and name.is_integer() else str(name) for name in names]


def _categories(
    process: str,
    ground: Ground,
    points: gpd.GeoDataFrame,
    column: str,
    columns: tuple[str | None, str | None],
    units: tuple[str, ...],
    layering: Layering,
    prior: Prior | None = None,
) -> tuple[list[Domain], list[str]]:
    """Units whose samples hold the share of each category, then its prior; and units without samples."""
    known = _named(points, column)
    codes, names = pd.factorize(points.loc[known, column], sort=True)
    numbers = np.full(len(points), np.nan)
    numbers[known.to_numpy()] = codes
    upward, unit_column = columns
    sampled = samples_of(
        process, ground, points.assign(**{CODE: numbers}), (CODE,), upward=upward, unit_column=unit_column
    )
    count = len(names) if prior is None else len(prior.names)
    values = (sampled.values == np.arange(count)).astype(np.float64)
    if prior is not None:
        values = np.hstack([values, prior.at(sampled.places)])
    return domains_of(process, ground, sampled._replace(values=values), units, layering)


def _most_frequent(domain: Domain, values: np.ndarray) -> Domain:
    """The unit with those of `values` (samples, categories) that belong to its most frequent category."""
    shares = domain.spots.values[:, : values.shape[1]]
    largest = values[:, [int(shares.mean(axis=0).argmax())]]
    return domain._replace(spots=Spots(domain.spots.places, largest, domain.spots.crs))


def _probable(column: str, names: list[str], chance: np.ndarray) -> Fields:
    """Fields of the likeliest category, the probabilities and the entropy."""
    known = np.isfinite(chance[0])
    likeliest = np.where(known, np.nan_to_num(chance).argmax(axis=0) + 1, 0).astype(np.uint8)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(chance > 0, chance * np.log(chance), 0.0)
    entropy = np.where(known, -terms.sum(axis=0) / max(np.log(len(names)), 1e-12), np.nan)
    fields: Fields = {
        column: (likeliest, {**_flags(names), "long_name": f"Likeliest category of {column}"}),
        ENTROPY: (np.clip(entropy, 0.0, 1.0).astype(np.float32), stated("1", "Entropy of the category")),
    }
    for code, name in enumerate(names, 1):
        fields[_chance_of(code)] = (chance[code - 1], stated("1", f"Probability of {name}"))
    return fields


def _chance_of(code: int) -> str:
    return f"{CHANCE}{code}"


def _flags(names: list[str]) -> dict[str, Any]:
    units = UnitTable(np.arange(1, len(names) + 1), tuple(names), tuple(map(colour_of, range(len(names)))))
    return {
        "flag_values": [0, *map(int, units.codes)],
        "flag_meanings": ["none", *units.names],
        "flag_colors": ["#ffffff", *units.colours],
    }
