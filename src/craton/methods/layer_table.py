"""Layer tables: models of layers below soundings as rows, with what is known of each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from craton.kernels.occam import Found
from craton.kernels.resistivity_layers import Floats
from craton.methods.survey_columns import numbers_in
from craton.model.errors import ContractError
from craton.process.marks import Column

LAYERS = (
    Column(name="sounding", title="Sounding"),
    Column(name="layer", unit="1", title="Layer from the top"),
    Column(name="top", unit="m", quantity="depth", title="Depth of the top"),
    Column(name="bottom", unit="m", quantity="depth", title="Depth of the base"),
    Column(name="resistivity", unit="ohm.m", quantity="electrical_resistivity"),
    Column(name="resistivity_low", unit="ohm.m", title="Resistivity, one standard deviation less"),
    Column(name="resistivity_high", unit="ohm.m", title="Resistivity, one standard deviation more"),
    Column(name="resolution", unit="1", title="Part that the data decide, 0 to 1"),
)
"""Columns of every model of layers."""

FIT = (
    Column(name="sounding", title="Sounding"),
    Column(name="readings", unit="1", title="Readings used"),
    Column(name="misfit", unit="1", title="Root mean square residual over standard deviation"),
    Column(name="target_reached", title="Whether the misfit is at the target"),
    Column(name="steps", unit="1", title="Steps taken"),
)
"""Columns of how well each sounding is explained."""

NEAR = 1.01
"""Part of the target by which a misfit at it may be above."""


def soundings_of(id: str, parameter: str, frame: pd.DataFrame, column: str | None) -> dict[str, np.ndarray]:
    """Rows of each sounding by its name, in their order; all of them where no column tells them apart."""
    if frame.empty:
        raise ContractError(id, parameter, "a table of at least one row", "one of none")
    if column is None:
        return {"1": np.arange(len(frame))}
    if frame[column].isna().any():
        row = int(np.flatnonzero(frame[column].isna())[0]) + 1
        raise ContractError(id, parameter, f"a table with `{column}` in every row", f"row {row} without")
    return {str(name): np.asarray(rows) for name, rows in frame.groupby(column, sort=False).indices.items()}


def positive_in(id: str, parameter: str, frame: pd.DataFrame, column: str, unit: str) -> Floats:
    """Numbers (n,) of a column in `unit`, NaN where there is none; refused where one is 0 or below."""
    values: Floats = numbers_in(id, parameter, frame, column, unit)
    wrong = np.flatnonzero(values <= 0)
    if wrong.size:
        raise ContractError(
            id, parameter, "a column of numbers above 0",
            f"{column!r} with {values[wrong[0]]:g} in row {wrong[0] + 1} ({wrong.size} such)",
            hint="leave such rows out, with table.filter",
        )  # fmt: skip
    return values


def layer_rows(name: str, found: Found, thickness: Floats) -> pd.DataFrame:
    """Rows of a model whose first unknowns are the logarithms of the resistivities of its layers."""
    count = len(thickness) + 1
    edges = np.concatenate([[0.0], np.cumsum(thickness)])
    spread = np.sqrt(np.diag(found.covariance))[:count]
    middle = found.model[:count]
    return pd.DataFrame(
        {
            "sounding": name,
            "layer": np.arange(1, count + 1),
            "top": edges,
            "bottom": np.append(edges[1:], np.nan),
            "resistivity": np.exp(middle),
            "resistivity_low": np.exp(middle - spread),
            "resistivity_high": np.exp(middle + spread),
            "resolution": found.resolution[:count],
        }
    )


def fit_row(name: str, found: Found, readings: int, target: float) -> pd.DataFrame:
    """How well a sounding is explained."""
    return pd.DataFrame(
        {
            "sounding": [name],
            "readings": [readings],
            "misfit": [found.misfit],
            "target_reached": ["yes" if found.misfit <= NEAR * target else "no"],
            "steps": [found.steps],
        }
    )


def layered(first: float, last: float, count: int) -> Floats:
    """Thicknesses (count − 1,) of layers whose bases go down by a constant factor from `first` to `last`."""
    bases = np.geomspace(first, last, count - 1)
    return np.diff(np.concatenate([[0.0], bases]))


def model_of(id: str, layers: pd.DataFrame) -> tuple[Floats, Floats]:
    """Resistivities of the parameter `layers`, and thicknesses of all but the last."""
    if layers.empty:
        raise ContractError(id, "layers", "a table of at least one layer", "one of none")
    values = layers[["resistivity", "thickness"]].to_numpy(np.float64, na_value=np.nan)
    resistivity, thickness = values[:, 0], values[:-1, 1]
    for name, numbers, rows in (
        ("resistivity", resistivity, "every row"),
        ("thickness", thickness, "every row but the last"),
    ):
        wrong = np.flatnonzero(~((numbers > 0) & np.isfinite(numbers)))
        if wrong.size:
            allowed, came = f"a table with a `{name}` above 0 in {rows}", f"{numbers[wrong[0]]:g}"
            raise ContractError(id, "layers", allowed, f"{came} in row {wrong[0] + 1}")
    return resistivity, thickness
