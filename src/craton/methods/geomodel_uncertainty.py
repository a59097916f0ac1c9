"""Doubt of geological models: probability and entropy from an ensemble, and the hole that tells most."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.kernels.ensemble_information import Patterns, entropy_left, groups_of, patterns_of
from craton.kernels.volume_questions import entropy_of
from craton.methods.geomodel_ask_model import Model
from craton.methods.geomodel_members import Ensemble, codes_by_class, ensemble_of
from craton.methods.geomodel_volume import Lattice, volume_of
from craton.methods.placement import brought_to, with_crs
from craton.methods.vector_shapes import placed
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, Grid, Table, Unit, Volume
from craton.process.processes import process

PROBABILITIES, NEXT = "geomodel.probabilities", "geomodel.best_next_borehole"

MOST_CANDIDATES = 400
"""Columns tried where no spacing is given."""

MOST_SUMS = 2e11
"""Cells × candidates × members above which the search would take hours."""

NOTHING = 1e-12
"""Share of the entropy below which a further hole tells nothing."""

Length = Annotated[float, Unit("m"), Bounds(above=0, maximum=100_000)]


@process(PROBABILITIES, version="1", keywords=("uncertainty", "ensemble", "entropy", "不确定性", "信息熵"))
def probabilities(models: tuple[Model, ...], *, variable: str = "") -> Annotated[xr.Dataset, Volume()]:
    """Probability of each unit in every cell, the likeliest unit, and entropy, from an ensemble of models.

    Use it on an ensemble, to show where a model is sure: the realizations of a simulation, models built from
    data that were varied within their errors, or models of several authors. It is as good as the ensemble:
    doubt that no member holds is not in it.

    Parameters
    ----------
    models : tuple of Dataset
        Models on the same cells, one or more of them with an axis `realization`. Units are matched by name.
    variable : str
        Variable of the models with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    Dataset
        `unit`, the likeliest in each cell (the first in the order of the models where several are),
        `probability_CODE` of each unit by its code (0 to 1), and `entropy` (0 where all members agree, 1
        where all units are equally likely).

    Notes
    -----
    p is the share of members; the entropy is −Σ p ln p / ln n for the n units, with none (air, outside) as a
    unit of its own where some member has it.

    References
    ----------
    Wellmann, J. F. and Regenauer-Lieb, K. (2012), Uncertainties have a meaning: information entropy as a
    quality measure for 3-D geological models, Tectonophysics 526-529, 207-216,
    doi:10.1016/j.tecto.2011.05.001.
    """
    ensemble = ensemble_of(PROBABILITIES, models, variable=variable)
    count = len(ensemble.units.names)
    chances = np.stack([(ensemble.classes == one).mean(axis=0) for one in range(count + 1)])
    likeliest = np.where(chances[1:].max(axis=0) >= chances[0], chances[1:].argmax(axis=0) + 1, 0)
    counted = chances if chances[0].any() else chances[1:]
    fields: dict[str, tuple[np.ndarray, dict[str, Any]]] = {}
    for row, name in enumerate(ensemble.units.names):
        words = {"units": "1", "long_name": f"Probability of {name}"}
        fields[f"probability_{int(ensemble.units.codes[row])}"] = (_falling(chances[row + 1]), words)
    fields["entropy"] = (
        _falling(entropy_of(counted)),
        {"units": "1", "long_name": f"Entropy of the unit, 1 where all {len(counted)} are equally likely"},
    )
    codes = codes_by_class(ensemble.units)[likeliest][::-1, ::-1]
    title = f"Likeliest unit of {len(ensemble.classes)} models"
    return volume_of(ensemble.lattice, codes, ensemble.units, fields=fields, title=title)


def _falling(cells: np.ndarray) -> np.ndarray:
    """Cells from the bottom and the south as float32 in the order of a lattice."""
    return cells[::-1, ::-1].astype(np.float32)


HOLE_COLUMNS = (
    Column(name="rank", unit="1", title="Rank"),
    Column(name="expected_drop", unit="1", title="Share of the entropy that goes, with the holes before"),
    Column(name="drop_alone", unit="1", title="Share of the entropy that goes with this hole alone"),
    Column(name="groups", unit="1", title="Different outcomes in the ensemble"),
    Column(name="elevation", unit="m", quantity="elevation", title="Elevation of the collar"),
    Column(name="length", unit="m", title="Length"),
)


class NextBorehole(NamedTuple):
    """Holes in the order in which they tell most, and the map of what a hole would tell."""

    holes: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",), columns=HOLE_COLUMNS)]
    information: Annotated[xr.DataArray, Grid(unit="1", plane=True)]


@process(NEXT, version="1", keywords=("value of information", "drill planning", "drilling target", "布孔"))
def best_next_borehole(
    models: tuple[Model, ...],
    candidates: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))] | None = None,
    *,
    holes: Annotated[int, Bounds(minimum=1, maximum=50)] = 3,
    length: Length | None = None,
    resolution: Length | None = None,
    spacing: Length | None = None,
    variable: str = "",
) -> NextBorehole:
    """Where a vertical hole would tell most about a geological model.

    Use it to plan drilling: of an ensemble of models, the hole whose outcome parts the members best leaves
    the least doubt about all cells. It knows no costs, permits or aims: weigh it with these.

    Parameters
    ----------
    models : tuple of Dataset
        Models on the same cells, one or more of them with an axis `realization`; 30 members or more.
    candidates : GeoDataFrame, optional
        Places where one may drill, in metres. Left out, all columns of the map.
    holes : int
        How many are to be chosen, each with those before it known.
    length : float, optional
        Of the holes in metres; left out, down to the end of the model.
    resolution : float, optional
        Distance along the hole in metres at which its unit is noted; left out, a tenth of the length or the
        height of a cell, whichever is more. Finer readings part a small ensemble into single members, which
        makes every hole look perfect.
    spacing : float, optional
        Of the columns tried for the map, in metres; left out, such that there are about 400.
    variable : str
        Variable of the models with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    holes : GeoDataFrame
        The holes by rank: share of the entropy of the whole model that is expected to go (with the holes
        before, and alone), in how many groups they part the ensemble, elevation and length. Fewer rows than
        asked for where no further hole tells anything.
    information : DataArray
        Share of the entropy that is expected to go with a hole in that column alone, 0 to 1.

    Notes
    -----
    Members that show the same units at all readings are a group g of n_g of n members. The expected drop is
    the mutual information of outcome and model, Σ over cells of H − Σ_g (n_g / n) H_g, divided by Σ H. With
    few members it is too high, the more so the more groups there are; compare holes of like groups.

    References
    ----------
    Wellmann, J. F. (2013), Information theory for correlation analysis and estimation of uncertainty
    reduction in maps and models, Entropy 15(4), 1464-1485, doi:10.3390/e15041464.
    """
    ensemble = ensemble_of(NEXT, models, variable=variable)
    patterns = patterns_of(ensemble.classes.reshape(len(ensemble.classes), -1))
    before = float(entropy_left(patterns, np.zeros((1, len(ensemble.classes)), dtype=np.int32))[0])
    if not before > 0:
        raise ContractError(NEXT, "models", "models that differ", f"{len(ensemble.classes)} that are alike")
    tried = _tried(ensemble.lattice, spacing)
    asked = _asked_places(ensemble.lattice, candidates)
    columns = np.concatenate([tried.columns, asked]) if asked is not None else tried.columns
    if float(len(columns)) * patterns.classes.size > MOST_SUMS:
        raise ContractError(
            NEXT, "spacing", "one that tries fewer columns", f"one that tries {len(columns)}",
            hint="give a greater spacing",
        )  # fmt: skip
    seen = [_group(ensemble, column, length, resolution) for column in columns]
    groups = np.stack([one.groups for one in seen])
    alone = 1.0 - entropy_left(patterns, groups) / before
    choice = np.arange(len(tried.columns), len(columns)) if asked is not None else np.arange(len(columns))
    ranked = _ranked(patterns, groups[choice], before, holes)
    rows = [
        {
            "rank": place + 1, "expected_drop": round(drop, 9),
            "drop_alone": round(float(alone[choice[at]]), 9),
            "groups": int(groups[choice[at]].max()) + 1, "elevation": seen[choice[at]].top,
            "length": seen[choice[at]].length,
        }
        for place, (at, drop) in enumerate(ranked)
    ]  # fmt: skip
    table = _holes(ensemble.lattice, rows, columns[choice], ranked)
    return NextBorehole(table, _map(tried, alone, ensemble.lattice))


class _Tried(NamedTuple):
    """Columns of the map: rows and columns (n, 2) of cells, and their northings (rising) and eastings."""

    columns: np.ndarray
    northing: np.ndarray
    easting: np.ndarray


def _tried(lattice: Lattice, spacing: float | None) -> _Tried:
    _layers, rows, columns = lattice.shape
    if spacing is None:
        step = max(1, int(np.ceil(np.sqrt(rows * columns / MOST_CANDIDATES))))
        steps = (step, step)
    else:
        steps = (max(1, round(spacing / lattice.spacing[1])), max(1, round(spacing / lattice.spacing[2])))
    chosen = []
    for count, step in zip((rows, columns), steps, strict=True):
        part = min(step, count // 2)
        chosen.append(np.arange((count - 1) % part // 2, count, part))
    north, east = np.meshgrid(*chosen, indexing="ij")
    columns_tried = np.column_stack([north.ravel(), east.ravel()])
    return _Tried(columns_tried, lattice.northing[::-1][chosen[0]], lattice.easting[chosen[1]])


def _asked_places(lattice: Lattice, candidates: gpd.GeoDataFrame | None) -> np.ndarray | None:
    """Rows and columns (n, 2) of the cells that candidates lie in, each once."""
    if candidates is None:
        return None
    there = placed(brought_to(NEXT, "candidates", candidates, lattice.crs))
    at = shapely.get_coordinates(there.geometry.to_numpy())
    west, south, _bottom, east, north, _top = lattice.extent
    inside = (at[:, 0] >= west) & (at[:, 0] <= east) & (at[:, 1] >= south) & (at[:, 1] <= north)
    if not inside.any():
        raise ContractError(
            NEXT, "candidates",
            f"places within easting {west:.10g} to {east:.10g} and northing {south:.10g} to {north:.10g}",
            "none within",
        )  # fmt: skip
    cells = np.floor((at[inside] - (west, south)) / (lattice.spacing[2], lattice.spacing[1])).astype(int)
    columns = np.minimum(cells[:, ::-1], np.array(lattice.shape[1:]) - 1)
    return np.asarray(np.unique(columns, axis=0))


class _Seen(NamedTuple):
    """Group of each member by what a hole shows, elevation of its collar, and its length."""

    groups: np.ndarray
    top: float
    length: float


def _group(ensemble: Ensemble, column: np.ndarray, length: float | None, resolution: float | None) -> _Seen:
    """What a vertical hole shows in each member, from the highest ground of any member down."""
    cells = ensemble.classes[:, :, column[0], column[1]]
    layers, side = cells.shape[1], ensemble.lattice.spacing[0]
    filled = np.flatnonzero((cells > 0).any(axis=0))
    ceiling = int(filled[-1]) + 1 if filled.size else layers
    reach = ceiling * side if length is None else min(length, ceiling * side)
    step = max(side, reach / 10) if resolution is None else resolution
    depths = (np.arange(max(1, int(np.floor(reach / step + 1e-9)))) + 0.5) * min(step, reach)
    rows = np.clip(np.floor(ceiling - depths / side).astype(int), 0, layers - 1)
    top = ensemble.lattice.extent[2] + ceiling * side
    return _Seen(groups_of(cells[:, rows]), round(float(top), 6), round(float(reach), 6))


def _ranked(patterns: Patterns, groups: np.ndarray, before: float, holes: int) -> list[tuple[int, float]]:
    """Candidates in the order chosen, each with those before known, and the share of entropy gone by then."""
    known = np.zeros(groups.shape[1], dtype=np.int32)
    found: list[tuple[int, float]] = []
    gone = 0.0
    for number in range(min(holes, len(groups))):
        progress.report(number / holes, "choosing holes")
        joint = np.stack([groups_of(np.column_stack([known, one])) for one in groups])
        drops = 1.0 - entropy_left(patterns, joint) / before
        best = int(np.argmax(np.round(drops, 12)))
        if not drops[best] > gone + NOTHING:
            break
        gone, known = float(drops[best]), joint[best]
        found.append((best, gone))
    return found


def _holes(
    lattice: Lattice, rows: list[dict[str, Any]], columns: np.ndarray, ranked: list[tuple[int, float]]
) -> gpd.GeoDataFrame:
    """The table of chosen holes, at the middles of their columns."""
    chosen = columns[[at for at, _drop in ranked]] if ranked else np.empty((0, 2), dtype=int)
    points = shapely.points(lattice.easting[chosen[:, 1]], lattice.northing[::-1][chosen[:, 0]])
    names = [column.name for column in HOLE_COLUMNS]
    frame = gpd.GeoDataFrame(
        {name: [row[name] for row in rows] for name in names}, geometry=points, crs=lattice.crs or None
    )
    frame.attrs[TEXT_COLUMNS] = {
        one.name: {"unit": one.unit, "quantity": one.quantity, "title": one.title} for one in HOLE_COLUMNS
    }
    return frame


def _map(tried: _Tried, alone: np.ndarray, lattice: Lattice) -> xr.DataArray:
    cells = alone[: len(tried.columns)].reshape(tried.northing.size, tried.easting.size)
    axes = {
        "northing": ("northing", tried.northing[::-1], {"units": "m"}),
        "easting": ("easting", tried.easting, {"units": "m"}),
    }
    attrs = {"units": "1", "long_name": "Share of the entropy that a hole is expected to remove"}
    grid = xr.DataArray(
        np.abs(cells[::-1]).astype(np.float32), axes, tuple(axes), name="expected_drop", attrs=attrs
    )
    return with_crs(grid, lattice.crs)
