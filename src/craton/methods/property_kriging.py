"""Kriging inside the units of a model: grades, porosity, strength, each unit from its own samples."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

from craton.kernels import kriging_groups as near
from craton.kernels.covariance import Model, practical_factor
from craton.kernels.kriging import Estimate
from craton.methods.geomodel_volume import AXES, cells_of
from craton.methods.geostatistics import check_drift, covariance_model, estimated
from craton.methods.kriging import constant, nothing, refuse_power, without_trend
from craton.methods.property_cells import (
    Domain,
    Metres,
    ModelVolume,
    Neighbours,
    SampleNumber,
    Samples,
    SampleText,
    cells_at,
    domains_of,
    places_of,
    samples_of,
    tiles_of,
)
from craton.methods.property_layers import Ground, Layering, ground_of
from craton.methods.property_models import model_for
from craton.methods.property_results import Kriged, kriged_volume
from craton.methods.variogram_model import ModelTable, model_words
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Volume
from craton.process.processes import process

KRIGING, COLLOCATED = "property.kriging", "property.collocated_cokriging"

FLAT = 1e-9
"""Part of the largest extent of samples below which they do not tell a drift along an axis."""

PropertyVolume = Annotated[xr.Dataset, Volume()]


@process(
    KRIGING, version="2", keywords=("grade", "porosity", "block model", "三维克里金", "品位", "属性建模")
)
def kriging(
    volume: ModelVolume,
    points: Samples,
    column: SampleNumber,
    *,
    upward: SampleNumber | None = None,
    unit_column: SampleText | None = None,
    units: tuple[str, ...] = (),
    method: Literal["ordinary", "simple", "universal"] = "ordinary",
    layering: Layering = "automatic",
    model: ModelTable | None = None,
    neighbours: Neighbours = 32,
    maximum_distance: Metres | None = None,
) -> PropertyVolume:
    """Best estimate of a measured property in every cell of a model, unit by unit, with its uncertainty.

    Use it for grades, porosity, density, strength or any number measured along holes. Units are hard
    boundaries: a cell is estimated from samples of its own unit only. Distances are measured along the
    layers, so that a fold does not cut values short. It smooths; for what exceeds a limit and for the doubt
    of totals take `property.simulation`. Composite samples to one length first, with `resource.composite`.

    Parameters
    ----------
    volume : Dataset
        Geological model or other volume of units, cells in metres.
    points : GeoDataFrame
        Samples in the reference system of the model. Rows without a place, height or value are left out;
        several values at one place are averaged.
    column : str
        Column of the values.
    upward : str
        Column of heights in metres, positive up. Left out, the heights of the points themselves, else the
        column `upward`.
    unit_column : str
        Column that says in which unit each sample was taken. Left out, or empty in a row, it is the unit of
        the cell in which the sample lies.
    units : tuple of str
        Units that are estimated. Left out, all that have samples.
    method : str
        `ordinary`: the mean is not known; `simple`: it is that of the samples of the unit; `universal`:
        values rise to one side, along the layers or across.
    layering : str
        How places are brought to the layers: `field` by the scalar field of the model, `proportional` between
        top and base of the unit in each column, `plane` by one plane through the unit, `none` not at all. The
        field serves any dip; the proportion and the plane are for beds that dip gently. `automatic` takes the
        field where the unit has one, the proportion where the model has no fields, and `none` for a unit that
        no field layers, such as a basement, and for one whose layers turn over in folds or are steep to their
        mean plane.
    model : DataFrame
        Variogram model in layer coordinates: ranges along the layers, and as vertical range that across them;
        for a unit whose layering is `none` they are horizontal and vertical. With a column `unit` each unit
        has its own rows. Left out, one is fitted to each unit, with ranges along and across.
    neighbours : int
        Number of nearest samples that each small box of cells is estimated from.
    maximum_distance : float
        Distance from the nearest sample, in layer coordinates, beyond which a cell has no value.

    Returns
    -------
    Dataset
        The estimate, named as `column` is, its standard deviation, named so with `_std`, and the number of
        samples within the range of the variogram, with `_count`. Cells of other units and of units without
        samples have none; the attribute `units_without_samples` names these, and `layering` says what was
        taken for each unit.

    Notes
    -----
    Layer coordinates are a place in a plane, onto which layers are projected, and a distance across the
    layers in metres that is equal along each of them. With `proportional` and `plane` the first is easting
    and northing. With a field it is the mean plane of the layers of the unit, into which east and north are
    turned by the shortest way, so that along a bed that stands on end depth counts. Along a layer at an angle
    α to that plane distances are too short by cos α; where more than a tenth of a unit has α above 60° or
    turns over, its field is not taken. In these coordinates, ẑ = Σ λᵢ zᵢ has the least variance of the error
    under the model. The nugget counts as true variation of the samples. Cells of a box share their
    neighbours; boxes are made smaller where samples are dense.

    References
    ----------
    Chilès, J.-P., and Delfiner, P. (2012). Geostatistics: modeling spatial uncertainty, 2nd edition. Wiley,
    chapter 3. doi:10.1002/9781118136188

    Deutsch, C. V. (2002). Geostatistical reservoir modeling. Oxford University Press, section 3.3.
    """
    ground = ground_of(KRIGING, volume)
    sampled = samples_of(KRIGING, ground, points, (column,), upward=upward, unit_column=unit_column)
    domains, empty = domains_of(KRIGING, ground, sampled, units, layering)
    found, words = {}, {}
    for domain in domains:
        drift = _drift_of(method, domain)
        check_drift(KRIGING, drift(domain.spots.places), neighbours)
        fitted = domain._replace(spots=without_trend(domain.spots, drift(domain.spots.places)))
        parts = model_for(KRIGING, model, fitted)
        if method == "simple":
            refuse_power(KRIGING, parts)
        words[domain.name] = model_words(parts)
        found[domain.code] = kriged_unit(ground, domain, covariance_model(parts), drift, neighbours)
    return kriged_volume(ground, points, column, domains, found, words, empty, maximum_distance)


@process(
    COLLOCATED, version="2", keywords=("secondary variable", "Markov model", "同位协同克里金", "属性建模")
)
def collocated_cokriging(
    volume: ModelVolume,
    points: Samples,
    column: SampleNumber,
    secondary: str,
    *,
    upward: SampleNumber | None = None,
    unit_column: SampleText | None = None,
    units: tuple[str, ...] = (),
    correlation: Annotated[float, Bounds(above=-1, below=1)] | None = None,
    layering: Layering = "automatic",
    model: ModelTable | None = None,
    neighbours: Neighbours = 32,
    maximum_distance: Metres | None = None,
) -> PropertyVolume:
    """Estimate of a property in every cell of a model with the help of another that is known in all cells.

    Use it where samples are few and a volume is correlated with them: porosity with seismic impedance, grade
    with an inverted susceptibility or density. Of the volume only the cell itself counts. If the relation is
    weak, it hardly differs from `property.kriging` with a known mean.

    Parameters
    ----------
    volume : Dataset
        Geological model, with the second property as a variable of its own on the same cells.
    points : GeoDataFrame
        Samples in the reference system of the model.
    column : str
        Column of the values.
    secondary : str
        Name of the variable of `volume` that helps.
    upward : str
        Column of heights in metres, positive up. Left out, the heights of the points themselves, else the
        column `upward`.
    unit_column : str
        Column that says in which unit each sample was taken. Left out, it is the unit of its cell.
    units : tuple of str
        Units that are estimated. Left out, all that have samples.
    correlation : float
        Correlation of both at one place. Left out, that of the samples of each unit.
    layering : str
        How places are brought to the layers, as for `property.kriging`.
    model : DataFrame
        Variogram model with a sill, in layer coordinates. Left out, it is fitted to each unit.
    neighbours : int
        Number of nearest samples that each small box of cells is estimated from.
    maximum_distance : float
        Distance from the nearest sample, in layer coordinates, beyond which a cell has no value.

    Returns
    -------
    Dataset
        As from `property.kriging`; cells without the second property have none.

    Notes
    -----
    Under the Markov model C₁₂(h) = ρ C₁(h) the second property at a cell, brought to mean 0 and variance 1 in
    its unit as y, adds to the simple kriging m, s² (values brought to the same scale) as a measurement of its
    own: 1/σ² = 1/s² + ρ²/(1 − ρ²), ẑ = σ² (m/s² + ρ y/(1 − ρ²)).

    References
    ----------
    Xu, W., Tran, T. T., Srivastava, R. M., and Journel, A. G. (1992). Integrating seismic data in reservoir
    modeling: the collocated cokriging alternative. SPE 24742, 833-842. doi:10.2118/24742-MS
    """
    ground = ground_of(COLLOCATED, volume)
    other = _secondary(volume, secondary)
    sampled = samples_of(COLLOCATED, ground, points, (column,), upward=upward, unit_column=unit_column)
    domains, empty = domains_of(COLLOCATED, ground, sampled, units, layering)
    found, words = {}, {}
    for domain in domains:
        parts = model_for(COLLOCATED, model, domain)
        refuse_power(COLLOCATED, parts)
        words[domain.name] = model_words(parts)
        simple = kriged_unit(ground, domain, covariance_model(parts), nothing, neighbours)
        own = sampled.codes == domain.code
        inside, cell = cells_at(ground.lattice, sampled.places[own])
        pairs = sampled.values[own, 0][inside], other[cell[inside]]
        rho = _correlation(*pairs) if correlation is None else correlation
        level = float(domain.spots.values.mean())
        values, variances = helped(
            simple.values - level, simple.variances, other[domain.cells], sum(p.sill for p in parts), rho
        )
        found[domain.code] = Kriged(values + level, variances, simple.counts)
    return kriged_volume(ground, points, column, domains, found, words, empty, maximum_distance)


def helped(
    values: np.ndarray, variances: np.ndarray, other: np.ndarray, sill: float, correlation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Simple kriging about 0 (n,) with a second quantity at the cells (n,) as one more measurement."""
    known = other[np.isfinite(other)]
    spread = float(known.std()) if known.size else 0.0
    scaled = (other - known.mean()) / spread if spread > 0 else np.where(np.isfinite(other), 0.0, np.nan)
    # Written so that a variance of 0, at a datum, needs no division.
    share = correlation**2 / (1 - correlation**2)
    simple = variances / sill
    below = 1 + simple * share
    found = (values + np.sqrt(sill) * simple * correlation * scaled / (1 - correlation**2)) / below
    return found, np.where(np.isfinite(found), sill * simple / below, np.nan)


def _secondary(volume: xr.Dataset, name: str) -> np.ndarray:
    if name not in volume.data_vars or set(volume[name].dims) != set(AXES):
        fit = [str(one) for one, cells in volume.data_vars.items() if set(cells.dims) == set(AXES)]
        raise ContractError(
            COLLOCATED, "secondary", f"a variable of the volume: {', '.join(fit[:12])}", repr(name)
        )
    return cells_of(volume[name], process=COLLOCATED, parameter="volume").astype(np.float64).ravel()


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    known = np.isfinite(other)
    one, other = one[known], other[known]
    if one.size < 2 or one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.clip(np.corrcoef(one, other)[0, 1], -0.999, 0.999))


def _drift_of(method: str, domain: Domain) -> Any:
    """Drift functions of places (n, 3) in the layer coordinates of a unit."""
    if method == "simple":
        return nothing
    if method == "ordinary":
        return constant
    low, high = domain.spots.places.min(axis=0), domain.spots.places.max(axis=0)
    half = (high - low) / 2
    told = half > FLAT * max(float(half.max()), 1.0)

    def functions(places: np.ndarray) -> np.ndarray:
        scaled = (places - (low + high) / 2)[:, told] / half[told]
        return np.column_stack([np.ones(len(places)), scaled])

    return functions


def kriged_unit(ground: Ground, domain: Domain, model: Model, drift: Any, neighbours: int) -> Kriged:
    """Kriging of the first values of a unit's samples to its cells; without drift about their mean."""
    places = domain.placing(places_of(ground.lattice, domain.cells))
    functions, values = drift(domain.spots.places), domain.spots.values[:, :1]
    level = 0.0 if functions.shape[1] else float(values.mean())
    found = kriged_at(ground, domain, places, model, drift, neighbours, values - level)
    return Kriged(found.values[:, 0] + level, found.variances, _within_range(domain, places, model))


def kriged_at(
    ground: Ground,
    domain: Domain,
    places: np.ndarray,
    model: Model,
    drift: Any,
    neighbours: int,
    values: np.ndarray,
) -> Estimate:
    """Local kriging of columns of values (n, r) to the cells of a unit, in layer coordinates at `places`."""
    spots = domain.spots.places
    data = near.Data(spots, np.zeros(len(spots), np.int64), drift(spots), values)
    groups = tiles_of(ground.lattice, domain.cells, len(spots), neighbours, model, domain.placing.axes)
    return estimated(model, data, near.Targets(places, drift(places), groups), neighbours)


def _within_range(domain: Domain, places: np.ndarray, model: Model) -> np.ndarray:
    """Samples within the range of the structure of the largest sill around each place."""
    lengths = near.metric(model)
    tree = cKDTree(domain.spots.places @ lengths.T)
    counts: np.ndarray = tree.query_ball_point(
        places @ lengths.T, reach_of(model), return_length=True, workers=2
    )
    return counts


def reach_of(model: Model) -> float:
    """Reduced distance at which the structure of the largest sill has its range."""
    if not model.kinds.size:
        return 0.0
    largest = int(np.argmax(model.sills[:, 0, 0]))
    return practical_factor(int(model.kinds[largest]), float(model.shapes[largest]))
