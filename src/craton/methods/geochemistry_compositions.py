"""Geochemistry, compositions: closure and log-ratios."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from craton.kernels import compositions as kernel
from craton.methods.geochemistry_columns import (
    AnyTable,
    NumberColumns,
    chosen,
    complete,
    in_one_unit,
    with_columns,
)
from craton.model.errors import ContractError
from craton.process.marks import ColumnOf
from craton.process.processes import process

LOG_RATIOS = "geochemistry.log_ratios"

Transform = Literal["centred", "isometric", "additive", "closure"]


@process(LOG_RATIOS, version="1", keywords=("clr", "ilr", "alr", "compositional data", "closure", "成分数据"))
def log_ratios(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    transform: Transform = "centred",
    divisor: Annotated[str, ColumnOf("table", numeric=True)] | None = None,
    partition: tuple[str, ...] = (),
) -> AnyTable:
    """Log-ratios of analyses, which take away that concentrations must add up to a whole.

    Use it before correlation, maps of several elements, distances and factors: where one part grows, all
    others shrink, and raw concentrations correlate without any reason in the rock. Not for one element
    alone, and not before a map of amounts.

    Parameters
    ----------
    table : DataFrame
        Analyses of at least two parts. Oxides in percent and traces in mg/kg are brought to one unit.
    columns : tuple of str
        Numeric columns, the parts; empty for all that hold concentrations.
    transform : str
        `centred` (clr): over the geometric mean of the row, one result a part. `isometric` (ilr): one
        less, at right angles. `additive` (alr): over one part. `closure`: no logarithm, the parts as shares
        that add up to 1.
    divisor : str, optional
        With `additive`, the part that all others are divided by; it should be measured well and move
        little, such as Ti or Zr.
    partition : tuple of str
        With `isometric`, the steps of a sequential binary partition, one less than parts, each written as
        `Cu Pb / Zn`: parts above, parts below. Empty for pivot coordinates: each column against all that
        follow it, so that the first column stands for its part alone.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and the results `clr_NAME`, `ilr_1` …, `alr_NAME` or
        `share_NAME`. Rows with a part missing have none.

    Notes
    -----
    clrᵢ = ln(xᵢ/g) with the geometric mean g of the row; ilr = √(rs/(r+s)) · ln(g₊/g₋) of r parts above
    and s below; alrᵢ = ln(xᵢ/x_d). Zeros and negative numbers are refused: a zero is mostly a value below
    detection, which must be replaced before.

    References
    ----------
    Aitchison, J. (1986). The Statistical Analysis of Compositional Data. Chapman and Hall, chapters 4 and 6.

    Egozcue, J. J., Pawlowsky-Glahn, V., Mateu-Figueras, G., and Barceló-Vidal, C. (2003). Isometric logratio
    transformations for compositional data analysis. Mathematical Geology 35(3), 279-300.
    doi:10.1023/A:1023818214614

    Fišerová, E., and Hron, K. (2011). On the interpretation of orthonormal coordinates for compositional
    data. Mathematical Geosciences 43, 455-468. doi:10.1007/s11004-011-9333-x
    """
    names = chosen(LOG_RATIOS, table, columns, least=2)
    parts = in_one_unit(LOG_RATIOS, table, names).values
    whole = complete(LOG_RATIOS, names, parts, least=1)
    found, labels = _transformed(names, parts[whole], transform, divisor, partition)
    cells = np.full((len(parts), len(labels)), np.nan)
    cells[whole] = found
    added = {label: (cells[:, place], {"unit": "1"}) for place, label in enumerate(labels)}
    return with_columns(table, added)


def _transformed(
    names: tuple[str, ...], parts: np.ndarray, transform: str, divisor: str | None, partition: tuple[str, ...]
) -> tuple[np.ndarray, list[str]]:
    """Coordinates (n, m) of parts (n, k), and what they are called."""
    if transform == "closure":
        return kernel.closed(parts), [f"share_{name}" for name in names]
    if transform == "centred":
        return kernel.centred(parts), [f"clr_{name}" for name in names]
    if transform == "additive":
        if divisor not in names:
            allowed = f"one of {', '.join(names)}"
            raise ContractError(LOG_RATIOS, "divisor", allowed, repr(divisor))
        others = [f"alr_{name}" for name in names if name != divisor]
        return kernel.additive(parts, names.index(divisor)), others
    signs = _signs(names, partition) if partition else kernel.pivot_signs(len(names))
    labels = [f"ilr_{number}" for number in range(1, len(names))]
    return kernel.isometric(parts, kernel.balances(signs)), labels


def _signs(names: tuple[str, ...], partition: tuple[str, ...]) -> np.ndarray:
    """Signs (k − 1, k) of a partition written as texts."""
    allowed = (
        f"{len(names) - 1} steps such as `{names[0]} / {names[1]}` that part {', '.join(names)} one by one"
    )
    signs = np.zeros((len(partition), len(names)), dtype=np.int_)
    for row, step in enumerate(partition):
        above, slash, below = step.partition("/")
        for words, sign in ((above.split(), 1), (below.split(), -1)):
            unknown = [word for word in words if word not in names]
            if unknown or not slash:
                raise ContractError(LOG_RATIOS, "partition", allowed, repr(step))
            signs[row, [names.index(word) for word in words]] = sign
    if len(partition) != len(names) - 1 or not kernel.is_partition(signs):
        raise ContractError(LOG_RATIOS, "partition", allowed, "; ".join(partition))
    return signs
