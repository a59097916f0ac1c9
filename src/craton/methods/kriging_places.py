"""Kriging at points and in volumes."""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.kernels import kriging as dense
from craton.kernels import kriging_groups as near
from craton.methods.geostatistics import (
    Spots,
    cells_of,
    covariance_model,
    estimated,
    given_or_fitted,
    is_far,
    spots_of,
)
from craton.methods.kriging import Metres, NumberColumn, Points, Region, Spacing, constant
from craton.methods.placement import MOST_CELLS, crs_of, same_crs, with_crs
from craton.methods.points_samples import described
from craton.methods.variogram_model import ModelTable, Part, model_words
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Table, Unit, Volume
from craton.process.processes import process

AT_POINTS, IN_VOLUME = "geostatistics.kriging_at_points", "geostatistics.kriging_volume"

Neighbours = Annotated[int, Bounds(minimum=1, maximum=500)]
Bound = Annotated[float, Unit("m")]


@process(AT_POINTS, version="1", keywords=("interpolation", "prediction", "克里金", "插值"))
def kriging_at_points(
    points: Points,
    column: NumberColumn,
    targets: Points,
    *,
    model: ModelTable | None = None,
    neighbours: Neighbours = 32,
    upward: NumberColumn | None = None,
    target_upward: Annotated[str, ColumnOf("targets", numeric=True)] | None = None,
) -> Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]:
    """Best estimate of measured values at other points, with its uncertainty, by ordinary kriging.

    Use it for wells, villages or stations that were not sampled, and to bring two surveys to the same places.
    For a map take `geostatistics.ordinary_kriging`.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres; several values at one place are averaged.
    column : str
        Column of the values.
    targets : GeoDataFrame
        Where values are wanted, in the reference system of `points`.
    model : DataFrame
        Variogram model of the values. Left out, the best of spherical, exponential and gaussian is fitted.
    neighbours : int
        Number of nearest data that each target is estimated from.
    upward : str
        Column of heights of the points in metres, for three dimensions.
    target_upward : str
        Column of heights of the targets in metres; given where `upward` is.

    Returns
    -------
    GeoDataFrame
        `targets` with the estimate, named as `column` is, and its standard deviation, named so with `_std`;
        empty where a target has no place.

    Notes
    -----
    As for `geostatistics.ordinary_kriging`, each target with its own neighbours.

    References
    ----------
    Isaaks, E. H., and Srivastava, R. M. (1989). An introduction to applied geostatistics. Oxford University
    Press, chapter 12.
    """
    import shapely

    if (upward is None) != (target_upward is None):
        raise ContractError(
            AT_POINTS, "target_upward", "given where `upward` is, and only there", str(target_upward)
        )
    spots = spots_of(AT_POINTS, points, (column,), upward)
    own = crs_of(targets)
    if not same_crs(own, spots.crs):
        raise ContractError(
            AT_POINTS, "targets", f"in {spots.crs[:40]}, as the points are", f"in {own[:40] or 'none'}"
        )
    parts = given_or_fitted(AT_POINTS, model, spots)
    heights = (
        targets[target_upward].to_numpy(np.float64, na_value=np.nan)
        if target_upward
        else np.zeros(len(targets))
    )
    middles = shapely.centroid(targets.geometry.to_numpy())
    places = np.column_stack([shapely.get_x(middles), shapely.get_y(middles), heights])
    there = np.isfinite(places).all(axis=1)
    values = np.full((2, len(targets)), np.nan)
    if there.any():
        found = kriged_at(spots, places[there], np.arange(there.sum()), parts, neighbours)
        values[0, there], values[1, there] = found.values[:, 0], np.sqrt(found.variances)
    result = targets.assign(**{column: values[0], f"{column}_std": values[1]})
    note = {k: v for k, v in described(points, column).items() if k != "name" and v}
    spread = {"unit": note["unit"]} if "unit" in note else {}
    result.attrs[COLUMNS] = {**targets.attrs.get(COLUMNS, {}), column: note, f"{column}_std": spread}
    return result


def kriged_at(
    spots: Spots, places: np.ndarray, groups: np.ndarray, parts: list[Part], neighbours: int
) -> dense.Estimate:
    """Ordinary kriging of the values of `spots` at `places` (m, 3)."""
    data = near.Data(
        spots.places, np.zeros(len(spots.places), np.int64), constant(spots.places), spots.values
    )
    targets = near.Targets(places, constant(places), groups)
    return estimated(covariance_model(parts), data, targets, neighbours)


@process(IN_VOLUME, version="1", keywords=("block model", "3D", "voxel", "drill holes", "三维克里金", "插值"))
def kriging_volume(
    points: Points,
    column: NumberColumn,
    upward: NumberColumn,
    spacing: Spacing,
    *,
    vertical_spacing: Metres,
    model: ModelTable | None = None,
    neighbours: Neighbours = 32,
    region: Region | None = None,
    bottom: Bound | None = None,
    top: Bound | None = None,
    maximum_distance: Metres | None = None,
) -> Annotated[xr.Dataset, Volume()]:
    """Best volume of measured values in three dimensions, with its uncertainty, by ordinary kriging.

    Use it for samples along drill holes and for soundings at several depths. Values along a hole resemble
    each other over other distances than from hole to hole, so give a model with a vertical range. Composite
    samples to one length first.

    Parameters
    ----------
    points : GeoDataFrame
        Places in a reference system in metres. Rows without a place, height or value are left out; several
        values at one place are averaged.
    column : str
        Column of the values.
    upward : str
        Column of heights in metres, positive up.
    spacing : float
        Side of a cell to the north and to the east in metres.
    vertical_spacing : float
        Height of a cell in metres.
    model : DataFrame
        Variogram model. Left out, one is fitted to all directions together.
    neighbours : int
        Number of nearest data that each tile of cells is estimated from; near is by the ranges of the model.
    region : tuple
        West, south, east and north edge. Left out, the extent of the points.
    bottom : float
        Height of the lower edge. Left out, that of the lowest point.
    top : float
        Height of the upper edge. Left out, that of the highest point.
    maximum_distance : float
        Distance from the nearest datum beyond which a cell has no value. Left out, all have one.

    Returns
    -------
    Dataset
        The estimate, named as `column` is, and its standard deviation, named so with `_std`, by `upward`
        (from the top down), `northing` and `easting`.

    Notes
    -----
    As for `geostatistics.ordinary_kriging`; cells of a tile within one level share their neighbours.

    References
    ----------
    Chilès, J.-P., and Delfiner, P. (2012). Geostatistics: modeling spatial uncertainty, 2nd edition. Wiley,
    chapter 3. doi:10.1002/9781118136188
    """
    spots = spots_of(IN_VOLUME, points, (column,), upward)
    parts = given_or_fitted(IN_VOLUME, model, spots)
    low = float(spots.places[:, 2].min()) if bottom is None else bottom
    high = float(spots.places[:, 2].max()) if top is None else top
    if high < low:
        raise ContractError(IN_VOLUME, "top", f"above the bottom, {low:g} m", f"{high:g} m")
    levels = max(1, int(np.ceil((high - low) / vertical_spacing - 1e-3)))
    flat = cells_of(IN_VOLUME, spots, spacing, region, neighbours)
    if levels * len(flat.places) > MOST_CELLS:
        raise ContractError(
            IN_VOLUME, "vertical_spacing", f"so large that there are at most {MOST_CELLS} cells", "less"
        )
    upwards = low + vertical_spacing * (np.arange(levels)[::-1] + 0.5)
    places = np.tile(flat.places, (levels, 1))
    places[:, 2] = np.repeat(upwards, len(flat.places))
    tiles = np.tile(flat.tiles, levels) + np.repeat(
        np.arange(levels) * (flat.tiles.max() + 1), len(flat.tiles)
    )
    found = kriged_at(spots, places, tiles, parts, neighbours)
    values, spreads = found.values[:, 0], np.sqrt(found.variances)
    if maximum_distance is not None:
        far = is_far(spots, places, maximum_distance)
        values[far], spreads[far] = np.nan, np.nan
    return _volume(
        flat.template, upwards, {column: values, f"{column}_std": spreads}, described(points, column), parts
    )


def _volume(
    template: xr.DataArray,
    upwards: np.ndarray,
    fields: dict[str, np.ndarray],
    note: dict[str, str],
    parts: list[Part],
) -> xr.Dataset:
    axes = {"upward": upwards, **{str(axis): template[axis].to_numpy() for axis in template.dims}}
    shape = tuple(len(axis) for axis in axes.values())
    stated = {"units": note["unit"], "standard_name": note["quantity"], "long_name": note["title"]}
    arrays = {}
    for name, values in fields.items():
        kept = stated if name == note["name"] else {"units": note["unit"]}
        attrs = {key: text for key, text in kept.items() if text}
        arrays[name] = (tuple(axes), values.reshape(shape), attrs)
    dataset = xr.Dataset(arrays, axes, attrs={"variogram_model": model_words(parts)})
    dataset["upward"].attrs = {"units": "m", "positive": "up"}
    return with_crs(dataset, crs_of(template))
