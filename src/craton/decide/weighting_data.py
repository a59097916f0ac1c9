"""Weights from the data: entropy, CRITIC, spread and principal components."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, Indicators, WeightTable, criteria, stated, weight_table
from craton.kernels import criteria_weights as kernel
from craton.kernels.criteria_scores import by_range
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

ENTROPY, CRITIC = "weighting.entropy", "weighting.critic"
SPREAD, COMPONENTS = "weighting.spread", "weighting.principal_components"

ComponentTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="component", unit="1", title="Component"),
            Column(name="eigenvalue", unit="1", title="Eigenvalue"),
            Column(name="share", unit="1", title="Part of all variance"),
            Column(name="kept", title="Whether it is kept"),
        )
    ),
]


class Components(NamedTuple):
    """Weights, and the components they come from."""

    weights: WeightTable
    components: ComponentTable


@process(ENTROPY, version="1", keywords=("Shannon", "objective weights", "熵权法"))
def entropy(
    table: AnyTable,
    columns: Indicators,
    *,
    costs: Indicators = (),
    values: Literal["as_given", "scored"] = "as_given",
) -> WeightTable:
    """Weights by entropy: an indicator that tells the units apart weighs more.

    Use it where nobody judges what is important and the numbers themselves shall speak. What is alike
    everywhere gets no weight, however important it is; outliers get much. It takes no account of indicators
    that tell the same: see `weighting.critic`.

    Parameters
    ----------
    table : DataFrame
        A row for each unit of evaluation; rows with a gap in one of the columns are left out.
    columns : tuple of str
        Indicators.
    costs : tuple of str
        Indicators of which less is better; all others are better high. They matter only with `scored`.
    values : str
        `as_given`: the shares of the numbers themselves, which must not be negative. `scored`: of the numbers
        brought to 0 to 1 between the worst and the best, which take any sign.

    Returns
    -------
    DataFrame
        `indicator` and `weight`; the weights add up to 1.

    Notes
    -----
    p_ij = x_ij/Σ_i x_ij, E_j = −Σ_i p_ij ln p_ij/ln n with 0 ln 0 = 0, w_j = (1 − E_j)/Σ(1 − E). An indicator
    of one number has E = 1 and no weight.

    References
    ----------
    Hwang, C. L., and Yoon, K. (1981). Multiple Attribute Decision Making. Springer, 52-54.
    doi:10.1007/978-3-642-48318-9
    """
    found = criteria(ENTROPY, table, columns, costs, rows=2, lowest=0.0 if values == "as_given" else None)
    numbers = found.values if values == "as_given" else by_range(found.values, found.costs)
    told = 1.0 - kernel.entropies(numbers)
    return _shared_out(ENTROPY, found.names, np.where(told > 1e-12, told, 0.0))


def _shared_out(
    id: str,
    names: tuple[str, ...],
    told: np.ndarray,
    allowed: str = "a column that tells the rows apart",
    came: str = "none",
) -> pd.DataFrame:
    if told.sum() <= 0:
        raise ContractError(id, "columns", allowed, came)
    return weight_table(names, told / told.sum())


@process(CRITIC, version="1", keywords=("Diakoulaki", "correlation", "objective weights", "CRITIC 权重"))
def critic(table: AnyTable, columns: Indicators, *, costs: Indicators = ()) -> WeightTable:
    """Weights by spread and conflict (CRITIC): indicators that vary and say what no other says weigh more.

    Use it where several indicators tell nearly the same, which would otherwise count twice.

    Parameters
    ----------
    table : DataFrame
        As for `weighting.entropy`.
    columns : tuple of str
        Two or more indicators, each with numbers that differ.
    costs : tuple of str
        Indicators of which less is better; all others are better high.

    Returns
    -------
    DataFrame
        `indicator` and `weight`; the weights add up to 1.

    Notes
    -----
    w_j ∝ σ_j Σ_i (1 − r_ij) with the standard deviation σ of the numbers brought to 0 to 1 between the worst
    and the best, and their correlation r. Where all are perfectly correlated no indicator adds anything, and
    the columns are refused.

    References
    ----------
    Diakoulaki, D., Mavrotas, G., and Papayannakis, L. (1995). Determining objective weights in multiple
    criteria problems: the CRITIC method. Computers & Operations Research 22(7), 763-770.
    doi:10.1016/0305-0548(94)00059-H
    """
    found = criteria(CRITIC, table, columns, costs, least=2, rows=2, varied=True)
    told = kernel.critic(by_range(found.values, found.costs))
    lacking = "columns of which one or more say what the others do not"
    return _shared_out(CRITIC, found.names, np.where(told > 1e-12, told, 0.0), lacking, "all say the same")


@process(
    SPREAD, version="1", keywords=("standard deviation", "coefficient of variation", "标准差法", "变异系数法")
)
def spread(
    table: AnyTable,
    columns: Indicators,
    *,
    measure: Literal["standard_deviation", "coefficient_of_variation"] = "standard_deviation",
) -> WeightTable:
    """Weights by how much an indicator varies among the units.

    Use it as the plainest weighting by data, or beside others to see what they add.

    Parameters
    ----------
    table : DataFrame
        As for `weighting.entropy`.
    columns : tuple of str
        Indicators.
    measure : str
        `standard_deviation`: of the numbers brought to 0 to 1 between the least and the greatest.
        `coefficient_of_variation`: the standard deviation over the mean, of numbers whose mean is above 0.

    Returns
    -------
    DataFrame
        `indicator` and `weight`; the weights add up to 1.

    Notes
    -----
    Standard deviations are those of a sample. An indicator of one number has no weight. Whether more or less
    is better does not matter.

    References
    ----------
    Jahan, A., and Edwards, K. L. (2013). Weighting of dependent and target-based criteria for optimal
    decision-making in materials selection process: biomedical applications. Materials & Design 49, 1000-1008.
    doi:10.1016/j.matdes.2013.02.064
    """
    found = criteria(SPREAD, table, columns, rows=2)
    means = found.values.mean(axis=0)
    if measure == "coefficient_of_variation" and (means <= 0).any():
        came = f"{found.where(means <= 0)} with another"
        raise ContractError(SPREAD, "columns", "columns whose mean is above 0", came)
    same = (found.values == found.values[0]).all(axis=0)
    if measure == "coefficient_of_variation":
        told = found.values.std(axis=0, ddof=1) / means
    else:
        told = by_range(found.values, found.costs).std(axis=0, ddof=1)
    return _shared_out(SPREAD, found.names, np.where(same, 0.0, told))


@process(COMPONENTS, version="2", keywords=("PCA", "factor analysis", "communality", "主成分分析"))
def principal_components(
    table: AnyTable,
    columns: Indicators,
    *,
    share: Annotated[float, Unit("1"), Bounds(above=0, maximum=1)] = 0.85,
) -> Components:
    """Weights by principal components: what an indicator has in common with the main patterns of the data.

    Use it for many indicators of which groups go together. It rewards what agrees with others: the opposite
    of `weighting.critic`, so think which of the two the question asks for.

    Parameters
    ----------
    table : DataFrame
        As for `weighting.entropy`.
    columns : tuple of str
        Two or more indicators, each with numbers that differ.
    share : float
        Components are kept, the greatest first, until they explain this part of all variance, up to 1;
        those that are equal are kept together. With 1 all indicators weigh the same.

    Returns
    -------
    weights : DataFrame
        `indicator` and `weight`; the weights add up to 1.
    components : DataFrame
        A row for each component: its eigenvalue, its part of all variance, and whether it is kept.

    Notes
    -----
    w_j = Σ_k λ_k u_jk²/Σ_k λ_k over the kept components of the correlation matrix, with eigenvalues λ and
    unit eigenvectors u: the communality of the indicator. Units and directions do not matter.

    References
    ----------
    OECD and JRC (2008). Handbook on Constructing Composite Indicators: Methodology and User Guide. OECD
    Publishing, 63-73 and 89-91. doi:10.1787/9789264043466-en
    """
    found = criteria(COMPONENTS, table, columns, least=2, rows=3, varied=True)
    told, eigenvalues, kept = kernel.communalities(found.values, share)
    number = np.arange(1, eigenvalues.size + 1)
    columns_of = {
        "component": number, "eigenvalue": eigenvalues, "share": eigenvalues / eigenvalues.sum(),
        "kept": number <= kept,
    }  # fmt: skip
    notes = {name: {"unit": "1"} for name in ("component", "eigenvalue", "share")}
    return Components(_shared_out(COMPONENTS, found.names, told), stated(columns_of, notes))
