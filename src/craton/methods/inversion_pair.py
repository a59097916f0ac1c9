"""Inversion, pairs: a gravity and a magnetic survey over one mesh, each explained alone before they meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels.inversion import Problem, Step, discrepancy
from craton.kernels.mesh_sensitivity import Floats, gravity_coefficients, susceptibility_coefficients
from craton.methods.inversion_mesh import Body, Sizes, body, dataset
from craton.methods.inversion_run import (
    Choices,
    Found,
    Watched,
    problem_of,
    scale_of,
    steps_table,
    tables,
    watched,
    weights_of,
)
from craton.methods.inversion_stations import Ground, Heights, Observations, merged, observations
from craton.methods.placement import same_crs
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import ColumnOf

UNITS = ("mGal", "nT")
"""Of the data of the two surveys."""

GravityColumn = Annotated[str, ColumnOf("gravity_stations", numeric=True)]
MagneticColumn = Annotated[str, ColumnOf("magnetic_stations", numeric=True)]


class Asked(NamedTuple):
    """One survey as it is given: points with a column or a grid, heights and errors, bounds of the model."""

    stations: gpd.GeoDataFrame | None
    column: str | None
    grid: xr.DataArray | None
    heights: Heights
    deviation: float
    deviation_column: str | None
    bounds: tuple[float | None, float | None]


class Ambient(NamedTuple):
    """Field of the Earth: nT, and degrees positive down and positive east."""

    intensity: float
    inclination: float
    declination: float


class Alike(NamedTuple):
    """What is chosen for both models; without `length_scale`, in m, `length_cells` sides of cells hold."""

    trend: str
    length_scale: float | None
    length_cells: float
    depth_exponent: float
    chi_factor: float


class Survey(NamedTuple):
    """One of the two: its data, what is to be explained, and the model of its own with its β and steps."""

    data: Observations
    operator: Watched
    problem: Problem
    cells: np.ndarray
    beta: float
    steps: list[Step]


class Pair(NamedTuple):
    """Gravity and magnetics on one mesh; weights by depth, and the length of smoothness in cells, of both."""

    mesh: Body
    surveys: tuple[Survey, Survey]
    weights: Floats
    scale: tuple[float, float, float]

    @property
    def problems(self) -> tuple[Problem, Problem]:
        """What is to be explained."""
        return self.surveys[0].problem, self.surveys[1].problem

    @property
    def models(self) -> tuple[np.ndarray, np.ndarray]:
        """Models of either survey alone (1, layers, rows, columns)."""
        return self.surveys[0].cells, self.surveys[1].cells

    @property
    def betas(self) -> tuple[float, float]:
        """Trade-offs of these models."""
        return self.surveys[0].beta, self.surveys[1].beta


class Record(NamedTuple):
    """A step of either survey (0 or 1) in a round, 0 for each alone, and further numbers of it."""

    survey: int
    turn: int
    step: Step
    more: float = np.nan


def pair_of(
    process: str, gravity: Asked, magnetic: Asked, topography: xr.DataArray | None, ambient: Ambient,
    sizes: Sizes, top: float | None, alike: Alike,
) -> Pair:  # fmt: skip
    """Both surveys on one mesh, each with the model that explains it alone."""
    ground = Ground(process, topography)
    dense, light = (
        observations(
            process, one.stations, one.grid, ground, one.heights, column=one.column, unit=unit,
            deviation=one.deviation, deviation_column=one.deviation_column, prefix=prefix,
        )
        for one, unit, prefix in zip((gravity, magnetic), UNITS, ("gravity_", "magnetic_"), strict=True)
    )  # fmt: skip
    if not same_crs(dense.crs, light.crs):
        came = f"{dense.crs[:40] or 'none'} and {light.crs[:40] or 'none'}"
        raise ContractError(process, "magnetic_stations", "in the system of the gravity data", came)
    top = float(dense.places[:, 2].min()) - gravity.heights.sensor if top is None else top
    like = gravity.grid if gravity.grid is not None else magnetic.grid
    mesh = body(process, merged(dense, light), ground, sizes, grid=like, sensor=0.0, top=top)
    length = alike.length_scale or alike.length_cells * max(mesh.mesh.spacing[1:])
    alike, split = alike._replace(length_scale=length), dense.values.size
    fields = gravity_coefficients(), susceptibility_coefficients(*ambient)
    parts = mesh._replace(stations=mesh.stations[:split]), mesh._replace(stations=mesh.stations[split:])
    first = _alone(process, dense, parts[0], fields[0], gravity, alike, 0)
    second = _alone(process, light, parts[1], fields[1], magnetic, alike, 1)
    return Pair(mesh, (first, second), weights_of(mesh, alike.depth_exponent), scale_of(mesh, length))


def _alone(
    process: str,
    data: Observations,
    part: Body,
    coefficients: Floats,
    asked: Asked,
    alike: Alike,
    number: int,
) -> Survey:
    """Model of one survey by itself."""
    message, since = ("gravity alone", "magnetics alone")[number], 0.25 * number
    prefix = ("density_", "susceptibility_")[number]
    operator = watched(part, coefficients, message, since=since, share=0.1)
    start = np.zeros((1, *part.mesh.shape), np.float32)
    choices = Choices(
        alike.trend, alike.length_scale, 2.0, *asked.bounds, alike.chi_factor, 0, 0, alike.depth_exponent,
        prefix,
    )  # fmt: skip
    problem = problem_of(process, data, part, operator, start, choices)

    def told(_step: Step) -> None:
        operator.done = min(operator.done + 0.03, since + 0.25)

    cells, beta, steps = discrepancy(problem, chi_factor=alike.chi_factor, report=told)
    return Survey(data, operator, problem, cells, beta, steps)


def told_together(pair: Pair, turn: int, number: int, rounds: int) -> None:
    """Report that one model of a round is done."""
    done = 0.5 + 0.5 * (turn + 0.5 * (number + 1)) / rounds
    for survey in pair.surveys:
        survey.operator.done, survey.operator.message = done, "both together"
    progress.report(done, "both together")


def predictions(pair: Pair, cells: Sequence[np.ndarray]) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Observed and predicted data of either survey."""
    dense, light = (
        tables(survey.data, Found(model, None, survey.problem, []), unit, 1.0)[0]
        for survey, model, unit in zip(pair.surveys, cells, UNITS, strict=True)
    )
    return dense, light


def volumes(pair: Pair, cells: Sequence[np.ndarray]) -> tuple[xr.Dataset, xr.Dataset]:
    """Density contrast and susceptibility as labelled data."""
    crs = pair.surveys[0].data.crs
    density = dataset(
        pair.mesh, crs, cells[0], None, (("density_contrast", "Density contrast"),),
        unit="kg/m3", quantity="density_contrast",
    )  # fmt: skip
    susceptibility = dataset(
        pair.mesh, crs, cells[1], None, (("magnetic_susceptibility", "Magnetic susceptibility"),),
        unit="SI", quantity="magnetic_susceptibility",
    )  # fmt: skip
    return density, susceptibility


def convergence_of(pair: Pair, records: list[Record], chi_factor: float, more: str = "") -> pd.DataFrame:
    """Steps of both surveys; `more` names the column of what they tell further."""
    frame = steps_table([record.step for record in records], 0.0)
    frame.insert(0, "data", [("gravity", "magnetics")[record.survey] for record in records])
    frame.insert(1, "round", [record.turn for record in records])
    frame["target"] = [chi_factor * pair.surveys[record.survey].problem.freedom for record in records]
    frame.attrs["columns"] |= {"round": {"unit": "1"}}
    if more:
        frame[more] = [record.more for record in records]
        frame.attrs["columns"] |= {more: {"unit": "1"}}
    return frame
