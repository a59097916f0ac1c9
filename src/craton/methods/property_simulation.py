"""Simulation inside the units of a model: ensembles that vary as the ground does, through the samples."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import xarray as xr

from craton.kernels import anamorphosis
from craton.kernels import kriging_groups as near
from craton.kernels.conditional_field import ConditionalField
from craton.kernels.covariance import Model
from craton.kernels.random_field import MOST_CELLS, torus_cells
from craton.methods.geomodel_volume import UNIT, flags
from craton.methods.geostatistics import MOST_AT_ONCE, covariance_model, estimated
from craton.methods.kriging import Drift, constant, nothing, refuse_power
from craton.methods.points_samples import described
from craton.methods.property_cells import (
    Domain,
    ModelVolume,
    SampleNumber,
    Samples,
    SampleText,
    domains_of,
    samples_of,
)
from craton.methods.property_lattice import Nodes, nodes_of
from craton.methods.property_layers import Ground, Layering, ground_of
from craton.methods.property_models import model_for
from craton.methods.property_results import property_volume, refuse_name, stated
from craton.methods.simulation_parts import Realizations, Seed, check_size
from craton.methods.simulation_scores import Scores
from craton.methods.variogram_model import ModelTable, model_words
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Volume
from craton.process.processes import process

SIMULATION = "property.simulation"

NEIGHBOURS = 64
"""Nearest samples that each node is tied to where they are too many to be taken all at once."""


@process(
    SIMULATION,
    version="2",
    keywords=(
        "realization",
        "ensemble",
        "uncertainty",
        "risk",
        "conditional",
        "条件模拟",
        "不确定性",
        "属性建模",
    ),
)
def simulation(
    volume: ModelVolume,
    points: Samples,
    column: SampleNumber,
    *,
    upward: SampleNumber | None = None,
    unit_column: SampleText | None = None,
    units: tuple[str, ...] = (),
    layering: Layering = "automatic",
    model: ModelTable | None = None,
    realizations: Realizations = 20,
    scores: bool = True,
    mean: Literal["unknown", "known"] = "unknown",
    minimum: float | None = None,
    maximum: float | None = None,
    seed: Seed = 0,
) -> Annotated[xr.Dataset, Volume()]:
    """Ensemble of volumes of a property that vary as the ground does, through the samples, unit by unit.

    Use it for what a smooth estimate hides: tonnage above a cut-off, connected rich or porous ways, the doubt
    of a total. Each volume may be the true one. About 20 show the spread; 100 or more give an 80 % interval.
    It knows the doubt of the property, not that of the borders of units.

    Parameters
    ----------
    volume : Dataset
        Geological model or other volume of units, cells in metres.
    points : GeoDataFrame
        Samples in the reference system of the model. Rows without a place, height or value are left out;
        several values at one place are averaged.
    column : str
        Column of the values; not called `unit`.
    upward : str
        Column of heights in metres, positive up. Left out, the heights of the points themselves, else the
        column `upward`.
    unit_column : str
        Column that says in which unit each sample was taken. Left out, or empty in a row, it is the unit of
        the cell in which the sample lies.
    units : tuple of str
        Units that are simulated. Left out, all that have samples.
    layering : str
        How places are brought to the layers, as for `property.kriging`.
    model : DataFrame
        Variogram model with a sill, in layer coordinates: with `scores`, of the normal scores of the values
        (its sill and nugget adding up to 1), else of the values. With a column `unit` each unit has its own
        rows. Left out, it is fitted to each unit.
    realizations : int
        Number of volumes.
    scores : bool
        Whether values are turned into normal scores of their unit first and back in the end, so that the
        histogram is that of the samples. Without, they are taken as normal around their mean.
    mean : str
        `unknown`: the mean of the unit, or of its scores, is estimated along with the rest, and its doubt is
        in the ensemble; `known`: it is that of the samples, as in sequential simulation, which makes
        intervals of totals too narrow where samples are few.
    minimum : float
        With `scores`, value at a score of −5 to which the lower tail goes. Left out, the least sample.
    maximum : float
        With `scores`, value at a score of 5. Left out, the greatest sample.
    seed : int
        Number that the volumes are drawn from; the same number gives the same volumes, and more of them
        change none of the first.

    Returns
    -------
    Dataset
        Values by `realization`, upward, northing and easting, named as `column` is; none outside of the
        units. `unit` tells the cells of the units that were simulated apart. `variance_left_out` in the
        attributes is 0 where the covariance is exact.

    Notes
    -----
    On a lattice in layer coordinates, a free field with the covariance of the model is drawn from independent
    waves, and kriging of the misfits at all samples ties it to them: z = s + C_· C⁻¹ (d − s_d). Mean,
    variance and variogram of the ensemble are those of the model given the samples; none are lost to a search
    neighbourhood, as in sequential simulation. A sample is moved to the nearest node of the lattice, whose
    steps are those of the model; of several at one node the nearest counts. Beyond 8,000 samples in a unit
    each node is tied to its 64 nearest.

    References
    ----------
    Journel, A. G. (1974). Geostatistics for conditional simulation of ore bodies. Economic Geology 69(5),
    673-687. doi:10.2113/gsecongeo.69.5.673

    Dietrich, C. R., and Newsam, G. N. (1996). A fast and exact method for multidimensional Gaussian
    stochastic simulations: extension to realizations conditioned on direct and indirect measurements. Water
    Resources Research 32(6), 1643-1652. doi:10.1029/96WR00322
    """
    refuse_name(SIMULATION, column, UNIT)
    ground = ground_of(SIMULATION, volume)
    check_size(SIMULATION, ground.codes.size, realizations)
    sampled = samples_of(SIMULATION, ground, points, (column,), upward=upward, unit_column=unit_column)
    domains, empty = domains_of(SIMULATION, ground, sampled, units, layering)
    fields = np.full((realizations, ground.codes.size), np.nan, np.float32)
    words, left_out = {}, 0.0
    for domain in progress.each(domains, "simulating units"):
        transform = _scores_of(domain.spots.values[:, 0], (minimum, maximum), normal=scores)
        own = domain._replace(spots=domain.spots._replace(values=transform.forth(domain.spots.values)))
        parts = model_for(SIMULATION, model, own, whole=scores)
        refuse_power(SIMULATION, parts)
        words[domain.name] = model_words(parts)
        found, error = simulated(
            ground, own, covariance_model(parts), realizations, seed, known_mean=mean == "known"
        )
        left_out = max(left_out, error)
        for number in range(realizations):
            fields[number, domain.cells] = transform.back(found[number])
    note = described(points, column)
    attrs = stated(note["unit"], note["title"] or column, note["quantity"])
    codes = np.where(np.isin(ground.codes, [one.code for one in domains]), ground.codes, 0).ravel()
    kind = np.min_scalar_type(int(ground.units.codes.max()))
    both = {column: (fields, attrs), UNIT: (codes.astype(kind), flags(ground.units))}
    result = property_volume(ground, both, words, domains, empty)
    return result.assign_attrs(variance_left_out=left_out)


def _scores_of(values: np.ndarray, ends: tuple[float | None, float | None], *, normal: bool) -> Scores:
    """Normal scores of a sample (n,) with tails to `ends`, or only its mean taken off."""
    if not normal:
        mean = float(values.mean())
        return Scores(lambda one: one - mean, lambda one: one + mean)
    low, high = float(values.min()), float(values.max())
    for name, end, wrong in (
        ("minimum", ends[0], ends[0] is not None and ends[0] > low),
        ("maximum", ends[1], ends[1] is not None and ends[1] < high),
    ):
        if wrong:
            limit = (
                f"at most the least value, {low:g}"
                if name == "minimum"
                else f"at least the greatest, {high:g}"
            )
            raise ContractError(SIMULATION, name, limit, f"{end:g}")
    return Scores(
        lambda one: anamorphosis.normal_scores(one[:, 0])[:, None],
        lambda one: anamorphosis.from_scores(one, values, *ends),
    )


def simulated(
    ground: Ground, domain: Domain, model: Model, realizations: int, seed: int, *, known_mean: bool
) -> tuple[np.ndarray, float]:
    """Fields (realizations, cells of the unit) of mean 0 tied to its samples, and the variance left out."""
    nodes = nodes_of(SIMULATION, ground, domain)
    needed = torus_cells(model, nodes.shape, nodes.spacing)
    if needed > MOST_CELLS:
        raise ContractError(
            SIMULATION, "volume", f"a model whose torus has at most {MOST_CELLS:,} cells a unit",
            f"{needed:,} of {domain.name}", hint="take a coarser model, or a variogram of shorter ranges",
        )  # fmt: skip
    ensemble = ConditionalField(model, nodes.shape, nodes.spacing)
    # Each unit has numbers of its own, or alike units would have alike fields.
    fields = ensemble.draw(realizations, (seed, domain.code))
    values = domain.spots.values[nodes.rows, 0]
    if nodes.known.size > MOST_AT_ONCE:
        _tie_near(model, nodes, fields, values, constant if not known_mean else nothing)
    elif nodes.known.size:
        ensemble.tie(fields, nodes.known, values, known_mean=known_mean)
    return fields[:, nodes.of_cells], ensemble.error


def _tie_near(model: Model, nodes: Nodes, fields: np.ndarray, values: np.ndarray, drift: Drift) -> None:
    """Tie fields to more data than one factor holds, each node to its nearest."""
    level, row, column = np.unravel_index(np.arange(fields.shape[1]), nodes.shape)
    places = np.column_stack([column, row, level]) * np.array(nodes.spacing[::-1])
    known = nodes.known
    misfits = values[:, None] - fields[:, known].T.astype(np.float64)
    data = near.Data(places[known], np.zeros(known.size, np.int64), drift(places[known]), misfits)
    groups = (level // 2 * nodes.shape[1] + row // 2) * nodes.shape[2] + column // 2
    targets = near.Targets(places, drift(places), groups)
    fields += estimated(model, data, targets, NEIGHBOURS).values.T.astype(np.float32)
    fields[:, known] = values
