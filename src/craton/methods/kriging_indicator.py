"""Kriging of indicators: the probability of limits."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import xarray as xr

from craton.kernels import kriging as dense
from craton.methods.geostatistics import (
    Spots,
    automatic_parts,
    cells_of,
    given_or_fitted,
    spots_of,
)
from craton.methods.kriging import NumberColumn, Points, Region, Spacing, is_level
from craton.methods.kriging_places import Neighbours, kriged_at
from craton.methods.placement import on_cells
from craton.methods.points_samples import described
from craton.methods.variogram_model import ModelTable, model_words
from craton.model.errors import ContractError
from craton.process.marks import Grid
from craton.process.processes import process

INDICATOR = "geostatistics.indicator_kriging"


@process(INDICATOR, version="1", keywords=("probability", "risk", "threshold", "exceedance", "指示克里金"))
def indicator_kriging(
    points: Points,
    column: NumberColumn,
    spacing: Spacing,
    thresholds: tuple[float, ...],
    *,
    model: ModelTable | None = None,
    neighbours: Neighbours = 32,
    region: Region | None = None,
) -> Annotated[xr.DataArray, Grid(unit="1")]:
    """Probability that a value is not above each of several limits.

    Use it for risks of pollution and for very skew values such as gold: it takes no form of distribution for
    granted, and single huge values count as no more than above the limit. Take one less the result for the
    risk that a limit is passed.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres; at one place, the share of values not above a limit counts.
    column : str
        Column of the values.
    spacing : float
        Side of a cell in metres.
    thresholds : tuple of float
        Limits in the unit of the values, rising.
    model : DataFrame
        Variogram model of the indicator of the middle limit; it serves all. Left out, one is fitted to it.
    neighbours : int
        Number of nearest data that each tile of cells is estimated from.
    region : tuple
        West, south, east and north edge of the grid. Left out, the extent of the points.

    Returns
    -------
    DataArray
        Probabilities, 0 to 1, by `threshold`, northing and easting; they rise with the threshold.

    Notes
    -----
    Median indicator kriging: i(x; t) = 1 where z(x) ≤ t, else 0, is kriged with the same weights for all t.
    Estimates below 0 and above 1 are set to these, and those that fall where the limit rises are replaced by
    the mean of the least correction upward and downward.

    References
    ----------
    Journel, A. G. (1983). Nonparametric estimation of spatial distributions. Mathematical Geology 15(3),
    445-468. doi:10.1007/BF01031292

    Deutsch, C. V., and Journel, A. G. (1998). GSLIB: geostatistical software library and user's guide, 2nd
    edition. Oxford University Press, section IV.1.9.
    """
    limits = np.array(thresholds, dtype=np.float64)
    if not limits.size or (np.diff(limits) <= 0).any():
        raise ContractError(INDICATOR, "thresholds", "one limit or more, rising", str(thresholds))
    # Indicators are averaged at places with several values, not the values.
    apart = spots_of(INDICATOR, points, (column,), mean=False)
    places, below = dense.distinct_places(apart.places, (apart.values <= limits).astype(np.float64))
    spots = Spots(places, below, apart.crs)
    middle = Spots(places, below[:, [limits.size // 2]], apart.crs)
    if model is None and is_level(middle.values):
        raise ContractError(
            INDICATOR,
            "thresholds",
            "a middle limit with values on both sides, or with a model",
            f"{thresholds}",
        )
    parts = automatic_parts(INDICATOR, middle) if model is None else given_or_fitted(INDICATOR, model, middle)
    cells = cells_of(INDICATOR, spots, spacing, region, neighbours)
    found = kriged_at(spots, cells.places, cells.tiles, parts, neighbours)
    ordered = dense.ordered_probabilities(np.ascontiguousarray(found.values.T))
    layers = [on_cells(cells.template, one.reshape(cells.template.shape)) for one in ordered]
    stack = xr.concat(layers, dim="threshold", coords="minimal", compat="override").assign_coords(
        threshold=limits
    )
    unit = described(points, column)["unit"]
    stack["threshold"].attrs = {"units": unit} if unit else {}
    attrs = {"units": "1", "long_name": f"Probability that {column} is not above the threshold"}
    return stack.rename(f"{column}_probability").assign_attrs(attrs, variogram_model=model_words(parts))
