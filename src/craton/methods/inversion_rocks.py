"""Inversion rocks: tables of the density and susceptibility of rocks, checked, as classes to be found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from craton.kernels.petrophysical_inversion import Rocks
from craton.model.errors import ContractError
from craton.process.marks import Column

MOST_ROCKS = 50
"""Rocks of a table; more are too many to be told apart by two properties."""

PROPERTIES = (
    Column(name="density_contrast", unit="kg/m3", quantity="density_contrast", title="Mean density contrast"),
    Column(name="density_spread", unit="kg/m3", title="Standard deviation of density"),
    Column(name="susceptibility", unit="SI", quantity="magnetic_susceptibility", title="Mean susceptibility"),
    Column(name="susceptibility_spread", unit="SI", title="Standard deviation of susceptibility"),
    Column(name="share", unit="1", title="Part of the volume that is expected"),
)

COLUMNS = (Column(name="rock", title="Rock"), *PROPERTIES)
"""Columns of the table of rocks."""


def stated(process: str, table: pd.DataFrame) -> Rocks:
    """Means, covariances and shares of a table of rocks that makes sense."""
    if not 1 <= len(table) <= MOST_ROCKS:
        raise ContractError(process, "rocks", f"1 to {MOST_ROCKS} rocks", f"{len(table)} of them")
    names = table["rock"].astype("string").str.strip().fillna("")
    if (names == "").any() or names.duplicated().any():
        raise ContractError(
            process, "rocks", "a name of its own for each rock", "names that are missing or twice there"
        )
    density, density_spread, susceptibility, spread, share = (
        _numbers(process, table, column.name, positive=column.name.endswith(("spread", "share")))
        for column in PROPERTIES
    )
    correlation = np.zeros(len(table))
    if "correlation" in table:
        correlation = _numbers(process, table, "correlation", positive=False)
        if not (np.abs(correlation) < 1).all():
            raise ContractError(
                process, "rocks", "`correlation` between -1 and 1",
                f"{correlation[np.abs(correlation) >= 1][0]:g}",
            )  # fmt: skip
    across = correlation * density_spread * spread
    covariances = np.stack([density_spread**2, across, across, spread**2], axis=1).reshape(-1, 2, 2)
    return Rocks(np.column_stack([density, susceptibility]), covariances, share / share.sum())


def _numbers(process: str, table: pd.DataFrame, column: str, *, positive: bool) -> np.ndarray:
    """A column of finite numbers, above 0 where that is asked for."""
    allowed = f"finite numbers{' above 0' if positive else ''} in `{column}`"
    if not pd.api.types.is_numeric_dtype(table[column]):
        raise ContractError(process, "rocks", allowed, f"words, as {table[column].iloc[0]!r}")
    values: np.ndarray = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~np.isfinite(values) | (positive & (values <= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ContractError(process, "rocks", allowed, f"{values[row]:g} in row {row + 1}")
    return values


def bounds_of(
    process: str, table: pd.DataFrame, column: str, lower: float | None, upper: float | None
) -> tuple[float | None, float | None]:
    """Bounds of a property, refused where they leave a rock out; else the outermost of the means and 0.

    Contrasts are those to the ground around the model, which is 0. Where all means are equal there are none.
    """
    means = table[column].to_numpy(dtype=np.float64)
    least, most = (-np.inf if lower is None else lower), (np.inf if upper is None else upper)
    out = np.flatnonzero((means < least) | (means > most))
    if out.size:
        raise ContractError(
            process, "rocks", f"`{column}` within the bounds of the model",
            f"{means[out[0]]:g} of {str(table['rock'].iloc[out[0]])!r}", hint="widen the bounds",
        )  # fmt: skip
    if means.min() == means.max():
        return lower, upper
    return min(means.min(), 0.0) if lower is None else lower, max(
        means.max(), 0.0
    ) if upper is None else upper
