"""Geochemistry, elements together: principal components and rotated factors, robust and of log-ratios."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels.factor_rotation import varimax
from craton.methods.geochemistry_columns import AnyTable, NumberColumns, with_columns
from craton.methods.geochemistry_covariance import Scale, axes_of, signs_of, spread_of, spread_over
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

COMPONENTS, FACTORS = "geochemistry.principal_components", "geochemistry.factors"

LoadingsTable = Annotated[pd.DataFrame, Table(columns=(Column(name="element", title="Element"),))]

VarianceTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="name", title="Component or factor"),
            Column(name="variance", unit="1", title="Variance"),
            Column(name="share", unit="%", title="Share of the variance"),
            Column(name="cumulative", unit="%", title="Share together with those before"),
        )
    ),
]


class Components(NamedTuple):
    """Scores with the samples, loadings by element, and the variance of each component."""

    scores: AnyTable
    loadings: LoadingsTable
    variance: VarianceTable


@process(COMPONENTS, version="1", keywords=("PCA", "robust", "MCD", "log-ratio", "biplot", "主成分分析"))
def principal_components(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    scale: Scale = "log_ratios",
    robust: bool = True,
    components: Annotated[int, Bounds(minimum=0, maximum=100)] = 0,
    seed: Annotated[int, Bounds(minimum=0, maximum=2**31 - 1)] = 0,
) -> Components:
    """Principal components of analyses, of log-ratios and not moved by outliers.

    Use it to see which elements go together and to map the few processes behind many elements: scores keep
    their places. Anomalous samples do not shape the axes but stand out on them. For factors that are easier
    to name turn them with `geochemistry.factors`.

    Parameters
    ----------
    table : DataFrame
        Analyses; rows with an element missing have no score.
    columns : tuple of str
        Numeric columns, three or more; empty for all that hold concentrations.
    scale : str
        `log_ratios`: centred log-ratios, for which only ratios between elements count. `logarithms`:
        standardised logarithms, the older way, in which a general enrichment makes the first component.
    robust : bool
        Whether the covariance is that of minimum determinant (MCD), which needs more than twice as many
        rows as columns, or the ordinary one.
    components : int
        Components kept; 0 for all.
    seed : int
        Start of the random choice of subsets by MCD.

    Returns
    -------
    scores : DataFrame
        The rows and columns of `table`, `PC1`, `PC2` …, and `distance`: the (robust) Mahalanobis distance
        of the sample from the centre in all components.
    loadings : DataFrame
        A row for each element, its loading on each component; the greatest of a component is positive.
    variance : DataFrame
        A row for each component.

    Notes
    -----
    Covariance Σ = V Λ Vᵀ of ilr coordinates, carried to centred log-ratios; scores are (clr − centre) V.
    Units of columns do not matter, as they only move the centre.
    Distances of samples without outliers follow √χ² with as many degrees of freedom as components in all:
    beyond its 97.5 % a sample is commonly called an outlier.

    References
    ----------
    Filzmoser, P., Hron, K., and Reimann, C. (2009). Principal component analysis for compositional data with
    outliers. Environmetrics 20(6), 621-632. doi:10.1002/env.966

    Rousseeuw, P. J., and Van Driessen, K. (1999). A fast algorithm for the minimum covariance determinant
    estimator. Technometrics 41(3), 212-223. doi:10.1080/00401706.1999.10485670
    """
    spread = spread_of(COMPONENTS, table, columns, scale=scale, robust=robust, seed=seed)
    axes = axes_of(spread.covariance, spread.rank)
    scores = spread.centred @ axes.vectors
    distance = np.sqrt((scores**2 / axes.roots).sum(axis=1))
    count = min(components or spread.rank, spread.rank)
    labels = [f"PC{number}" for number in range(1, count + 1)]
    cells = spread_over(spread.whole, np.column_stack([scores[:, :count], distance]))
    added = {name: (cells[:, place], {"unit": "1"}) for place, name in enumerate([*labels, "distance"])}
    loadings = _loadings(spread.names, labels, axes.vectors[:, :count])
    variance = _variance(labels, axes.roots[:count], float(axes.roots.sum()))
    return Components(with_columns(table, added), loadings, variance)


def _loadings(names: tuple[str, ...], labels: list[str], values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"element": names, **{label: values[:, p] for p, label in enumerate(labels)}})


def _variance(labels: list[str], variance: np.ndarray, total: float) -> pd.DataFrame:
    share = 100.0 * variance / total
    return pd.DataFrame({"name": labels, "variance": variance, "share": share, "cumulative": share.cumsum()})


@process(FACTORS, version="1", keywords=("factor analysis", "varimax", "rotation", "association", "因子分析"))
def factors(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    scale: Scale = "log_ratios",
    robust: bool = True,
    factors: Annotated[int, Bounds(minimum=0, maximum=50)] = 0,
    rotate: bool = True,
    seed: Annotated[int, Bounds(minimum=0, maximum=2**31 - 1)] = 0,
) -> Components:
    """Factors of analyses, turned so that each element belongs to few of them.

    Use it for associations of elements that can be named (a rock, an alteration, an ore) and mapped by
    their scores. The number of factors is a choice: try neighbours of it before a factor is given a name.

    Parameters
    ----------
    table : DataFrame
        Analyses; rows with an element missing have no score.
    columns : tuple of str
        Numeric columns, three or more; empty for all that hold concentrations.
    scale : str
        `log_ratios` or `logarithms`, as for `geochemistry.principal_components`.
    robust : bool
        Whether the covariance is that of minimum determinant (MCD), or the ordinary one.
    factors : int
        Number of factors; 0 for as many as have an eigenvalue above 1 (Kaiser).
    rotate : bool
        Whether they are turned by varimax with Kaiser's normalisation.
    seed : int
        Start of the random choice of subsets by MCD.

    Returns
    -------
    scores : DataFrame
        The rows and columns of `table`, and `F1`, `F2` … of variance 1 (by the covariance in use).
    loadings : DataFrame
        A row for each element, its correlation with each factor, and `communality`, the share of its
        variance that the factors explain.
    variance : DataFrame
        A row for each factor, from the greatest; its variance is the sum of its squared loadings.

    Notes
    -----
    Factors are extracted by principal components of the correlation matrix R of centred log-ratios (or
    logarithms): loadings L = V √Λ, turned by an orthogonal matrix. Scores are Z L (LᵀL)⁻¹ with the
    standardised data Z.

    References
    ----------
    Filzmoser, P., Hron, K., Reimann, C., and Garrett, R. (2009). Robust factor analysis for compositional
    data. Computers and Geosciences 35(9), 1854-1861. doi:10.1016/j.cageo.2008.12.005

    Kaiser, H. F. (1958). The varimax criterion for analytic rotation in factor analysis. Psychometrika 23,
    187-200. doi:10.1007/BF02289233
    """
    spread = spread_of(FACTORS, table, columns, scale=scale, robust=robust, seed=seed)
    deviation = np.sqrt(np.diag(spread.covariance))
    correlation = spread.covariance / np.outer(deviation, deviation)
    axes = axes_of(correlation, spread.rank)
    count = factors or max(1, int((axes.roots > 1.0).sum()))
    if count > spread.rank:
        allowed = f"at most {spread.rank} for {len(spread.names)} columns"
        raise ContractError(FACTORS, "factors", allowed, str(count))
    loadings = axes.vectors[:, :count] * np.sqrt(axes.roots[:count])
    if rotate and count > 1:
        loadings = varimax(loadings)[0]
    loadings = loadings * signs_of(loadings)
    loadings = loadings[:, np.argsort(-(loadings**2).sum(axis=0), kind="stable")]
    standard = spread.centred / deviation
    scores = standard @ loadings @ np.linalg.inv(loadings.T @ loadings)
    labels = [f"F{number}" for number in range(1, count + 1)]
    cells = spread_over(spread.whole, scores)
    added = {label: (cells[:, place], {"unit": "1"}) for place, label in enumerate(labels)}
    told = _loadings(spread.names, labels, loadings).assign(communality=(loadings**2).sum(axis=1))
    variance = _variance(labels, (loadings**2).sum(axis=0), float(len(spread.names)))
    return Components(with_columns(table, added), told, variance)
