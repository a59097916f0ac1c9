"""Sequential indicator simulation: classes such as rocks, drawn cell by cell."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.sequential_simulation import draw_categories
from craton.methods.geostatistics import Spots, automatic_parts, covariance_model, given_or_fitted, spots_of
from craton.methods.kriging import Points, Region, Spacing, refuse_power
from craton.methods.simulation_parts import (
    Realizations,
    Seed,
    check_size,
    drawn,
    snapped,
    stacked,
    weights_of,
)
from craton.methods.variogram_model import ModelTable
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Grid
from craton.process.processes import process

INDICATOR = "geostatistics.sequential_indicator"

MOST_CLASSES = 50


@process(INDICATOR, version="1", keywords=("SIS", "facies", "categories", "realization", "序贯指示模拟"))
def sequential_indicator(
    points: Points,
    column: Annotated[str, ColumnOf("points")],
    spacing: Spacing,
    *,
    model: ModelTable | None = None,
    realizations: Realizations = 20,
    neighbours: Annotated[int, Bounds(minimum=1, maximum=64)] = 16,
    region: Region | None = None,
    seed: Seed = 0,
) -> Annotated[xr.DataArray, Grid(unit="1")]:
    """Ensemble of maps of classes that honour the samples, drawn cell by cell.

    Use it for rock types, soils or ore and waste where borders are not known and bodies have no fixed form.
    The share of realizations in which a cell has a class is its probability. Borders come out ragged, and
    classes that must follow each other are not kept in order.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres. Rows without a place or a class are left out; of several
        classes at one place the first in order counts.
    column : str
        Column of the classes, texts or numbers, 50 at most.
    spacing : float
        Side of a cell in metres; at most 2 million cells.
    model : DataFrame
        Variogram model of the indicator of a class, which serves all. Left out, one is fitted to the
        indicator of the most frequent class.
    realizations : int
        Number of maps.
    neighbours : int
        Number of nearest cells, with data or drawn before, that each cell leans on.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.
    seed : int
        Number that the path and the maps are drawn from.

    Returns
    -------
    DataArray
        Numbers of classes from 1, by `realization`, northing and easting; `flag_values` and `flag_meanings`
        in the attributes tell the classes in their order.

    Notes
    -----
    The probability of a class k at a cell is pₖ + Σ λᵢ (iₖ(xᵢ) − pₖ), simple kriging of its indicator with
    its share pₖ of the samples as mean; negative ones are set to 0 and the rest brought to a sum of 1.

    References
    ----------
    Deutsch, C. V., and Journel, A. G. (1998). GSLIB: geostatistical software library and user's guide, 2nd
    edition. Oxford University Press, section V.3.1.
    """
    codes, names = _classes(points[column])
    coded = points.assign(**{column: codes})
    apart = spots_of(INDICATOR, coded, (column,), mean=False)
    first = np.concatenate([[True], (np.diff(apart.places, axis=0) != 0).any(axis=1)])
    spots = Spots(apart.places[first], apart.values[first], apart.crs)
    classes = spots.values[:, 0].astype(np.int64)
    shares = np.bincount(classes, minlength=len(names)) / classes.size
    template, cell, datum = snapped(INDICATOR, spots, spacing, region)
    check_size(INDICATOR, template.size, realizations)
    indicator = spots._replace(values=(classes == shares.argmax()).astype(np.float64)[:, None])
    if model is None and len(names) == 1:
        raise ContractError(INDICATOR, "model", "given where there is one class only", "left out")
    parts = (
        automatic_parts(INDICATOR, indicator)
        if model is None
        else given_or_fitted(INDICATOR, model, indicator)
    )
    refuse_power(INDICATOR, parts)
    weights = weights_of(covariance_model(parts), template, spacing, cell, neighbours, seed)

    def draw(random: np.random.Generator) -> np.ndarray:
        field = np.zeros(template.size, np.int64)
        field[cell] = classes[datum]
        draw_categories(
            weights.path, weights.near, weights.weights, shares, random.random(weights.path.size), field
        )
        return field.reshape(template.shape) + 1.0

    fields = drawn(template.shape, realizations, seed, draw).astype(np.float32)
    note = {"name": column, "unit": "1", "quantity": "", "title": f"Class of {column}"}
    found = stacked(template, fields, column, note, parts)
    meanings = " ".join("_".join(name.split()) for name in names)
    return found.assign_attrs(flag_values=list(range(1, len(names) + 1)), flag_meanings=meanings)


def _classes(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Numbers from 0 of the classes of a column, NaN where there is none, and their names in order."""
    known = column.notna() & (column.astype(str).str.strip() != "")
    codes, names = pd.factorize(column[known], sort=True)
    if not 1 <= len(names) <= MOST_CLASSES:
        allowed = f"a column of 1 to {MOST_CLASSES} classes"
        raise ContractError(INDICATOR, "column", allowed, f"{column.name} with {len(names)}")
    numbers = np.full(len(column), np.nan)
    numbers[known.to_numpy()] = codes
    return numbers, [str(name) for name in names]
