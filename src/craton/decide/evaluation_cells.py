"""Evaluations told by a pack on the cells of grids and volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.decide.evaluation import Answer, Draws, PartTable, Seed
from craton.decide.evaluation_answer import Result, Support, document
from craton.decide.evaluation_data import of_fields
from craton.decide.evaluation_places import Cells
from craton.decide.evaluation_plan import plan_of
from craton.decide.evaluation_run import carried_out, results
from craton.decide.evaluation_tables import TITLES, all_units, columns_of, english, weights_table
from craton.decide.evaluation_work import NONE
from craton.model.data import Document
from craton.process.marks import Grid, Volume
from craton.process.processes import process

GRID, VOLUME = "evaluation.grid", "evaluation.volume"

AnyGrid = Annotated[xr.Dataset, Grid()]

AnyVolume = Annotated[xr.Dataset, Volume()]

RAMP = ("#b2182b", "#ef8a62", "#fddbc7", "#d9f0d3", "#7fbf7b", "#1b7837")
"""Colours of grades that state none, from the lowest."""

PALETTE = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f", "#ff9da7",
    "#bab0ac",
)  # fmt: skip
"""Colours of classes that have no order."""


class GridEvaluation(NamedTuple):
    """Cells with scores and grades, weights, and the answer as a document."""

    cells: AnyGrid
    weights: PartTable
    answer: Answer


class VolumeEvaluation(NamedTuple):
    """Cells with scores and grades, weights, and the answer as a document."""

    cells: AnyVolume
    weights: PartTable
    answer: Answer


@process(GRID, version="1", keywords=("pack", "assessment", "suitability map", "raster", "栅格评价"))
def grid(
    cells: AnyGrid,
    *,
    pack: str,
    overlay: str = "",
    scenario: str = "",
    draws: Draws | None = None,
    seed: Seed = 0,
) -> GridEvaluation:
    """Indicators, scores, grades and ranks of each cell of a grid, as a pack tells.

    Use it for maps of suitability and condition. The same pack and numbers give the same scores as
    `evaluation.table`. Bring fields of different grids to one first, with `grid.resample`.

    Parameters
    ----------
    cells : Dataset
        A field for each attribute of the pack, called as it is there, or of its quantity, all on the same
        axes. Attributes of words are classes with `flag_values` and `flag_meanings`.
    pack : str
        As for `evaluation.table`.
    overlay : str
        As for `evaluation.table`.
    scenario : str
        As for `evaluation.table`.
    draws : int, optional
        As for `evaluation.table`.
    seed : int
        As for `evaluation.table`.

    Returns
    -------
    cells : Dataset
        On the axes of the fields: each indicator in its unit, `score_NAME`, `score`, `rank`, and with draws
        what `evaluation.table` gives of them; as classes from 1, 0 for none, `grade_number`, `limiting`, each
        decision table and the use of each problem.
    weights : DataFrame
        As for `evaluation.table`.
    answer : Document
        As for `evaluation.table`.

    Notes
    -----
    As for `evaluation.table`. A cell reaches halfway to its neighbours; its area is that of the map, or that
    on the ground where the map stretches areas by more than a hundredth, and of longitudes and latitudes that
    on a sphere of the Earth's area. Along a time axis each cell counts anew.

    References
    ----------
    Malczewski, J. (2006). GIS-based multicriteria decision analysis: a survey of the literature.
    International Journal of Geographical Information Science 20(7), 703-726. doi:10.1080/13658810600661508
    """
    return GridEvaluation(*_evaluated(GRID, cells, pack, overlay, scenario, draws, seed, "grid"))


@process(VOLUME, version="1", keywords=("pack", "assessment", "3D", "underground space", "三维评价"))
def volume(
    cells: AnyVolume,
    *,
    pack: str,
    overlay: str = "",
    scenario: str = "",
    draws: Draws | None = None,
    seed: Seed = 0,
) -> VolumeEvaluation:
    """Indicators, scores, grades and ranks of each cell of a volume, as a pack tells.

    Use it for what lies underground: room for tunnels, heat, storage. The same pack and numbers give the same
    scores as `evaluation.table`.

    Parameters
    ----------
    cells : Dataset
        As for `evaluation.grid`.
    pack : str
        As for `evaluation.table`.
    overlay : str
        As for `evaluation.table`.
    scenario : str
        As for `evaluation.table`.
    draws : int, optional
        As for `evaluation.table`.
    seed : int
        As for `evaluation.table`.

    Returns
    -------
    cells : Dataset
        As for `evaluation.grid`.
    weights : DataFrame
        As for `evaluation.table`.
    answer : Document
        The answer as JSON. Shares count cells, as those of a volume have no area.

    Notes
    -----
    As for `evaluation.table`.

    References
    ----------
    Malczewski, J. (2006). GIS-based multicriteria decision analysis: a survey of the literature.
    International Journal of Geographical Information Science 20(7), 703-726. doi:10.1080/13658810600661508
    """
    return VolumeEvaluation(*_evaluated(VOLUME, cells, pack, overlay, scenario, draws, seed, "volume"))


def _evaluated(
    id: str, cells: xr.Dataset, pack: str, overlay: str, scenario: str, draws: int | None, seed: int,
    support: Support,
) -> tuple[xr.Dataset, pd.DataFrame, Document]:  # fmt: skip
    plan = plan_of(id, pack, overlay, scenario, support=support)
    taken, field = of_fields(id, "cells", cells, plan)
    done = carried_out(id, plan, taken)
    places = Cells(field, str(cells.attrs.get("crs", field.attrs.get("crs", ""))), plan, done.units)
    found = results(id, done, taken, places, support, draws, seed)
    return _fields(found, field, cells), weights_table(done), document(found)


def _fields(result: Result, field: xr.DataArray, cells: xr.Dataset) -> xr.Dataset:
    """Results on the axes of a field."""
    classes = dict(_classes(result))
    told = {}
    for name, values, title, unit in columns_of(result):
        if name in classes:
            told[name] = (field.dims, classes[name][0].reshape(field.shape), classes[name][1])
        elif unit:
            numbers = np.asarray(pd.array(values).to_numpy(np.float64, na_value=np.nan))
            attrs = {"units": unit, "long_name": title}
            told[name] = (field.dims, numbers.reshape(field.shape), attrs)
    kept = {key: value for key, value in cells.attrs.items() if key != "history"}
    axes = {name: field.coords[name] for name in field.dims if name in field.coords}
    pack = result.done.plan.pack
    stated = {"pack": f"{pack.id} {pack.version}", TITLES: result.done.plan.titles}
    return xr.Dataset(told, axes, {**kept, **stated})


def _classes(result: Result) -> Iterator[tuple[str, tuple[np.ndarray, dict[str, Any]]]]:
    """Fields of classes: codes (n,) from 1, 0 for none, and what they mean."""
    done, pack = result.done, result.done.plan.pack
    grades = [english(one.title, "") for one in pack.grades]
    ramp = [RAMP[round(at * (len(RAMP) - 1) / max(len(grades) - 1, 1))] for at in range(len(grades))]
    colours = [one.colour or own for one, own in zip(pack.grades, ramp, strict=True)]
    yield "grade_number", _class(all_units(done, done.grades), grades, "Grade", colours)
    titles = [english(done.plan.indicators[id].title, id) for id in done.plan.leaves]
    title = "Indicator with the greatest obstacle"
    yield "limiting", _class(all_units(done, done.limiting), titles, title)
    for id, places in done.answers.items():
        table = pack.rules[id]
        yield (
            id,
            _class(
                places, [english(one, key) for key, one in table.answers.items()], english(table.title, id)
            ),
        )
    for id, uses in result.further.uses.items():
        problem = pack.problems[id]
        names = [english(one.title, key) for key, one in problem.uses.items()]
        yield id, _class(uses.places, names, english(problem.title, id))


def _class(
    places: np.ndarray, names: list[str], title: str, colours: list[str] | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    own = colours or [PALETTE[at % len(PALETTE)] for at in range(len(names))]
    flags = {
        "flag_values": list(range(len(names) + 1)), "flag_meanings": ["none", *names],
        "flag_colors": ["#ffffff", *own], "long_name": title,
    }  # fmt: skip
    kind = np.uint8 if len(names) < 256 else np.uint16
    return (places - NONE).astype(kind), flags
