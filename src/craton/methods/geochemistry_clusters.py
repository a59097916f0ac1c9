"""Geochemistry, elements together: groups of samples, groups of elements, correlations."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import compositions
from craton.methods.geochemistry_columns import (
    AnyTable,
    NumberColumns,
    chosen,
    complete,
    side_by_side,
    unit_of,
    with_columns,
)
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

CLUSTERS, ELEMENTS, CORRELATION = (
    "geochemistry.clusters",
    "geochemistry.element_clusters",
    "geochemistry.correlation",
)

MOST_ROWS = 10_000
"""Samples of a hierarchy, whose distances among each other are all kept."""

CentresTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="cluster", unit="1", title="Cluster"),
            Column(name="count", unit="1", title="Samples"),
        )
    ),
]


class Clusters(NamedTuple):
    """Samples with the number of their cluster, and the middle of each cluster."""

    samples: AnyTable
    centres: CentresTable


@process(CLUSTERS, version="1", keywords=("Q-mode", "hierarchical", "k-means", "classification", "聚类分析"))
def clusters(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    clusters: Annotated[int, Bounds(minimum=2, maximum=50)] = 4,
    method: Literal["ward", "average", "complete", "k_means"] = "ward",
    seed: Annotated[int, Bounds(minimum=0, maximum=2**31 - 1)] = 0,
) -> Clusters:
    """Samples grouped by the ratios of their elements (Q-mode).

    Use it to map kinds of soil, sediment or rock from analyses. Every method finds the number of clusters
    that it is asked for, whether they are there or not: check that they make sense on a map.

    Parameters
    ----------
    table : DataFrame
        Analyses; rows with an element missing belong to no cluster.
    columns : tuple of str
        Numeric columns, two or more; empty for all that hold concentrations.
    clusters : int
        Number of clusters, from 2 to 50.
    method : str
        `ward`, `average` or `complete` join neighbours step by step, for up to 10000 rows; `k_means` for
        any number.
    seed : int
        Start of the random choice of first centres by `k_means`.

    Returns
    -------
    samples : DataFrame
        The rows and columns of `table`, and `cluster`, numbered from 1, the largest first.
    centres : DataFrame
        A row for each cluster, its count, and the geometric mean of each element in the unit of its
        column.

    Notes
    -----
    Distances are those of Aitchison: straight lines between centred log-ratios, so that a sample and a
    diluted one are the same and units of columns do not matter. Rows are sorted first, so that their order
    does not matter either.

    References
    ----------
    Aitchison, J. (1986). The Statistical Analysis of Compositional Data. Chapman and Hall, chapter 8.

    Templ, M., Filzmoser, P., and Reimann, C. (2008). Cluster analysis applied to regional geochemical data:
    problems and possibilities. Applied Geochemistry 23(8), 2198-2213. doi:10.1016/j.apgeochem.2008.03.004
    """
    names = chosen(CLUSTERS, table, columns, least=2)
    cells = side_by_side(table, names)
    whole = complete(CLUSTERS, names, cells, least=clusters)
    parts = cells[whole]
    if method != "k_means" and len(parts) > MOST_ROWS:
        allowed = f"at most {MOST_ROWS} rows for `{method}`"
        raise ContractError(CLUSTERS, "table", allowed, str(len(parts)), hint="take the method k_means")
    order = np.lexsort(parts.T)
    labels = np.empty(len(parts), np.int64)
    labels[order] = _labels(compositions.centred(parts[order]), clusters, method, seed)
    labels = _by_size(labels, parts)
    column = pd.array(np.zeros(len(table), np.int64), dtype="Int64")
    column[~whole] = pd.NA
    column[whole] = labels
    middles = [np.exp(np.log(parts[labels == number]).mean(axis=0)) for number in range(1, labels.max() + 1)]
    centres = pd.DataFrame({
        "cluster": np.arange(1, labels.max() + 1), "count": np.bincount(labels)[1:],
        **{name: np.array(middles)[:, place] for place, name in enumerate(names)},
    })  # fmt: skip
    centres.attrs["columns"] = {name: {"unit": unit} for name in names if (unit := unit_of(table, name))}
    return Clusters(with_columns(table, {"cluster": (column, {})}), centres)


def _labels(points: np.ndarray, count: int, method: str, seed: int) -> np.ndarray:
    """Number of the cluster of each point (n,), in any order."""
    if method == "k_means":
        from sklearn.cluster import KMeans

        found = KMeans(n_clusters=count, n_init=10, random_state=seed).fit(points)
        return np.asarray(found.labels_)
    from scipy.cluster.hierarchy import fcluster, linkage

    return np.asarray(fcluster(linkage(points, method=method), count, criterion="maxclust"))


def _by_size(labels: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Clusters from 1, the largest first; of equal ones that of the greater mean of the first part."""
    found, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, parts[:, 0]) / counts
    place = np.empty(found.size, np.int64)
    place[np.lexsort((-mean, -counts))] = np.arange(1, found.size + 1)
    return np.asarray(place[inverse])


ElementsTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="element", title="Element"),
            Column(name="cluster", unit="1", title="Cluster"),
            Column(name="order", unit="1", title="Place in the tree"),
            Column(name="joined_at", unit="1", title="Distance at which it first joins another"),
            Column(name="nearest", title="Element that is nearest"),
        )
    ),
]


@process(ELEMENTS, version="1", keywords=("R-mode", "dendrogram", "association", "聚类分析"))
def element_clusters(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    clusters: Annotated[int, Bounds(minimum=2, maximum=50)] = 4,
    method: Literal["ward", "average", "complete"] = "average",
) -> ElementsTable:
    """Elements grouped by how steady their ratios are (R-mode).

    Use it to find associations of elements before they are summed or mapped together. For associations that
    overlap take `geochemistry.factors`.

    Parameters
    ----------
    table : DataFrame
        Analyses; rows with an element missing are left out.
    columns : tuple of str
        Numeric columns, three or more; empty for all that hold concentrations.
    clusters : int
        Number of groups, from 2 to 50 and at most that of the columns.
    method : str
        How groups are joined: by the mean distance between them, the greatest, or after Ward.

    Returns
    -------
    DataFrame
        A row for each element in the order of the tree, with its group numbered from 1 along it.

    Notes
    -----
    The distance of two elements is √var(ln(xᵢ/xⱼ)), the root of Aitchison's variation: 0 where their ratio
    never changes. It does not depend on the other elements or on units.

    References
    ----------
    Aitchison, J. (1986). The Statistical Analysis of Compositional Data. Chapman and Hall, chapter 4.
    """
    from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
    from scipy.spatial.distance import squareform

    names = chosen(ELEMENTS, table, columns, least=3)
    parts = side_by_side(table, names)
    if clusters > len(names):
        raise ContractError(ELEMENTS, "clusters", f"at most {len(names)}, one an element", str(clusters))
    logs = np.log(parts[complete(ELEMENTS, names, parts, least=3)])
    apart = np.sqrt((logs[:, :, None] - logs[:, None, :]).var(axis=0, ddof=1))
    tree = linkage(squareform(apart, checks=False), method=method)
    order = leaves_list(tree)
    groups = fcluster(tree, clusters, criterion="maxclust")[order]
    number = {group: place for place, group in enumerate(dict.fromkeys(groups.tolist()), start=1)}
    joined = {int(leaf): float(row[2]) for row in tree[::-1] for leaf in row[:2] if leaf < len(names)}
    near = (apart + np.diag(np.full(len(names), np.inf))).argmin(axis=1)
    return pd.DataFrame({
        "element": [names[leaf] for leaf in order], "cluster": [number[g] for g in groups.tolist()],
        "order": np.arange(1, len(names) + 1), "joined_at": [joined[int(leaf)] for leaf in order],
        "nearest": [names[near[leaf]] for leaf in order],
    })  # fmt: skip


MatrixTable = Annotated[pd.DataFrame, Table(columns=(Column(name="element", title="Element"),))]

CorrelationsTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="first", title="First element"),
            Column(name="second", title="Second element"),
            Column(name="correlation", unit="1", title="Correlation"),
            Column(name="count", unit="1", title="Rows with both"),
            Column(name="p_value", unit="1", title="Chance of such a correlation where there is none"),
        )
    ),
]


class Correlation(NamedTuple):
    """Correlations as a matrix, and as a list of pairs."""

    matrix: MatrixTable
    pairs: CorrelationsTable


@process(CORRELATION, version="1", keywords=("Pearson", "Spearman", "matrix", "log-ratio", "相关系数"))
def correlation(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    method: Literal["pearson", "spearman"] = "spearman",
    scale: Literal["values", "logarithms", "log_ratios"] = "values",
) -> Correlation:
    """Correlation of every pair of elements.

    Use it for a first look at what goes together. Concentrations that add up to a whole correlate without
    a reason in the rock, negatively with the main parts: look at `log_ratios` too.

    Parameters
    ----------
    table : DataFrame
        Analyses, or any other numbers with `values`.
    columns : tuple of str
        Numeric columns, two or more; empty for all that hold concentrations.
    method : str
        `pearson` for straight lines, which one outlier can make; `spearman` by ranks.
    scale : str
        `values`, their `logarithms` (numbers above 0), or centred `log_ratios` of the rows without a gap.

    Returns
    -------
    matrix : DataFrame
        A row and a column for each element.
    pairs : DataFrame
        A row for each pair, the strongest first; a column of one value correlates with none.

    Notes
    -----
    Each pair takes the rows that have both. p-values are of the t distribution with n − 2 degrees of
    freedom, for one pair: of twenty, one is below 0.05 by chance.

    References
    ----------
    Reimann, C., Filzmoser, P., Garrett, R. G., and Dutter, R. (2008). Statistical Data Analysis Explained.
    Wiley, chapter 11. doi:10.1002/9780470987605
    """
    names = chosen(CORRELATION, table, columns, least=2)
    values = _scaled(table, names, scale)
    size = len(names)
    matrix, rows = np.eye(size), []
    for one, other in zip(*np.triu_indices(size, 1), strict=True):
        both = np.isfinite(values[:, [one, other]]).all(axis=1)
        found, p_value = _correlated(values[both, one], values[both, other], method)
        matrix[one, other] = matrix[other, one] = found
        rows.append((names[one], names[other], found, int(both.sum()), p_value))
    pairs = pd.DataFrame(rows, columns=["first", "second", "correlation", "count", "p_value"])
    order = np.argsort(-pairs["correlation"].abs().to_numpy(), kind="stable")
    square = pd.DataFrame({"element": names, **{name: matrix[:, p] for p, name in enumerate(names)}})
    return Correlation(square, pairs.iloc[order].reset_index(drop=True))


def _scaled(table: pd.DataFrame, names: tuple[str, ...], scale: str) -> np.ndarray:
    """Numbers (n, k) that are correlated."""
    if scale == "log_ratios":
        parts = side_by_side(table, names)
        whole = complete(CORRELATION, names, parts, least=3)
        ratios = np.full(parts.shape, np.nan)
        ratios[whole] = compositions.centred(parts[whole])
        return ratios
    values = side_by_side(table, names)
    if scale == "values":
        return values
    low = [name for name, column in zip(names, values.T, strict=True) if (column <= 0).any()]
    if low:
        raise ContractError(CORRELATION, "columns", "columns of numbers above 0", ", ".join(low))
    return np.asarray(np.log(values))


def _correlated(one: np.ndarray, other: np.ndarray, method: str) -> tuple[float, float]:
    """Correlation and p-value, NaN for fewer than three rows or a column of one value."""
    from scipy.stats import pearsonr, spearmanr

    if one.size < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan, np.nan
    found = pearsonr(one, other) if method == "pearson" else spearmanr(one, other)
    return float(found.statistic), float(found.pvalue)
