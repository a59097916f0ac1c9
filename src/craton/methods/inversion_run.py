"""Inversion run: the search for a model of a mesh, told step by step, and its tables."""

from __future__ import annotations

import math
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels.inversion import Problem, Step, discrepancy, samples
from craton.kernels.mesh_sensitivity import Floats
from craton.kernels.regularisation import Smoother, depth_weights, regularisation
from craton.kernels.sparse_inversion import sharpen
from craton.methods.inversion_mesh import Body
from craton.methods.inversion_slabs import SlabOperator
from craton.methods.inversion_stations import Observations, fitted_table
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS

LENGTH_CELLS = 2.0
"""Length over which models are smooth where none is given, in longer horizontal sides of cells."""


class Choices(NamedTuple):
    """How a model is chosen among those that explain the data; `prefix` begins the names of its bounds."""

    trend: str
    length_scale: float | None
    norm: float
    lower: float | None
    upper: float | None
    chi_factor: float
    realizations: int
    seed: int
    exponent: float
    prefix: str = ""


class Found(NamedTuple):
    """A model (fields, layers, rows, columns), its standard deviation or None, and how it was found."""

    cells: np.ndarray
    deviation: np.ndarray | None
    problem: Problem
    steps: list[Step]


class Watched:
    """An operator that reports progress, and so can be stopped, each time it is applied."""

    def __init__(self, operator: SlabOperator, message: str, done: float) -> None:
        self._operator, self.message, self.done = operator, message, done

    def forward(self, cells: np.ndarray) -> np.ndarray:
        """Data of cells."""
        progress.report(self.done, self.message)
        return self._operator.forward(cells)

    def adjoint(self, data: np.ndarray) -> np.ndarray:
        """Adjoint of `forward`."""
        return self._operator.adjoint(data)


def watched(
    body: Body, coefficients: Floats, message: str, *, since: float = 0.0, share: float = 0.2
) -> Watched:
    """Operator of a mesh and its stations, whose set-up is a `share` of the work from `since` on."""
    operator = SlabOperator(body.mesh, body.stations, coefficients, since=since, share=share)
    return Watched(operator, message, since + share)


def scale_of(body: Body, length_scale: float | None) -> tuple[float, float, float]:
    """Length over which a model is smooth, in cells along each axis."""
    length = length_scale or LENGTH_CELLS * max(body.mesh.spacing[1:])
    down, north, east = (length / side for side in body.mesh.spacing)
    return down, north, east


def weights_of(body: Body, exponent: float) -> Floats:
    """Weights by depth, whose offset is half a layer and the mean clearance of the sensors."""
    offset = 0.5 * body.mesh.spacing[0]
    return depth_weights(body.depth - offset, exponent, offset + body.clearance)


def trend_columns(process: str, data: Observations, trend: str) -> Floats:
    """Columns of the trend that is fitted along, scaled to about 1."""
    places = data.places[:, :2] - data.places[:, :2].mean(axis=0)
    columns = [np.ones(len(places)), *(places / max(float(np.abs(places).max()), 1.0)).T]
    count = {"none": 0, "constant": 1, "plane": 3}[trend]
    if len(places) <= count:
        raise ContractError(
            process, "trend", f"`none`, or data at more than {count} stations", f"{trend} with {len(places)}"
        )
    return np.column_stack(columns[:count]) if count else np.zeros((0, 0))


def problem_of(
    process: str, data: Observations, body: Body, operator: Watched, reference: np.ndarray, choices: Choices
) -> Problem:
    """What is to be explained, with squares of sizes and steps."""
    lower = -math.inf if choices.lower is None else choices.lower
    upper = math.inf if choices.upper is None else choices.upper
    if lower >= upper:
        below = f"below `{choices.prefix}upper`, {upper:g}"
        raise ContractError(process, f"{choices.prefix}lower", below, f"{lower:g}")
    if choices.realizations == 1:
        raise ContractError(process, "realizations", "0, or 2 or more", "1, from which nothing can be told")
    scale = scale_of(body, choices.length_scale)
    functional = regularisation(weights_of(body, choices.exponent), body.active, scale)
    return Problem(
        operator, data.values, data.deviations, functional, Smoother(functional, scale), reference,
        lower, upper, trend_columns(process, data, choices.trend),
    )  # fmt: skip


def fit(
    process: str,
    data: Observations,
    body: Body,
    coefficients: Floats,
    reference: np.ndarray,
    choices: Choices,
) -> Found:
    """Model that explains the data, sharpened and with its uncertainty where that is asked for."""
    operator = watched(body, coefficients, "smooth model")
    problem = problem_of(process, data, body, operator, reference, choices)
    target = choices.chi_factor * problem.freedom
    sparse = choices.norm < 2
    share = 0.7 / (1 + sparse + (choices.realizations > 0))
    start = problem.misfit(problem.reference)

    def smooth_told(step: Step) -> None:
        left, whole = (math.log(max(one / target, 1.0)) for one in (step.misfit, start))
        operator.done = max(operator.done, 0.2 + share * (1 - left / whole if whole > 0 else 1.0))

    cells, beta, steps = discrepancy(problem, chi_factor=choices.chi_factor, report=smooth_told)
    # A model that is the reference has no contrasts to sharpen.
    if sparse and steps[-1].functional > 0:
        operator.message, operator.done = "sparse model", 0.2 + share

        def sharp_told(_step: Step) -> None:
            operator.done += share / 40

        cells, beta, problem, further = sharpen(
            problem, cells, beta, weights_of(body, choices.exponent), body.active,
            scale_of(body, choices.length_scale), norm=choices.norm,
            chi_factor=choices.chi_factor, report=sharp_told,
        )  # fmt: skip
        steps = steps + further
    deviation = None
    if choices.realizations:
        operator.message = "uncertainty"

        def drawn(number: int) -> None:
            operator.done = 0.9 - share * (1 - number / choices.realizations)

        _mean, deviation = samples(
            problem, beta, cells, count=choices.realizations, seed=choices.seed, report=drawn
        )
    return Found(cells, deviation, problem, steps)


def tables(
    data: Observations, found: Found, unit: str, target: float
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Observed and predicted data with their misfit, and the steps of the search."""
    trend = found.problem.fitted_trend(found.cells)
    predicted = np.asarray(found.problem.operator.forward(found.cells), np.float64) + trend
    residual = data.values - predicted
    columns = {
        "observed": data.values, "standard_deviation": data.deviations, "predicted": predicted,
        "trend": trend, "residual": residual, "normalised_residual": residual / data.deviations,
    }  # fmt: skip
    return fitted_table(data, columns, unit), steps_table(found.steps, target)


def steps_table(steps: list[Step], target: float) -> pd.DataFrame:
    """One row a step: trade-off, misfit and its target, functional and iterations."""
    frame = pd.DataFrame(
        {
            "step": np.arange(1, len(steps) + 1), "stage": [step.stage for step in steps],
            "beta": [step.beta for step in steps], "chi_squared": [step.misfit for step in steps],
            "target": [float(target)] * len(steps), "functional": [step.functional for step in steps],
            "iterations": [step.iterations for step in steps],
        }
    )  # fmt: skip
    names = ("step", "beta", "chi_squared", "target", "functional", "iterations")
    frame.attrs[TEXT_COLUMNS] = {name: {"unit": "1"} for name in names}
    return frame
