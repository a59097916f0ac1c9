"""Allocation of uses to parcels: the best by one score within limits, and between two objectives."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import (
    AnyTable,
    Indicators,
    distinct,
    numbers,
    shown,
    stated,
    with_results,
)
from craton.kernels import allocation_flow as flow
from craton.kernels.allocation_front import front, hypervolume
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

ASSIGN, TRADE_OFF = "allocation.assign", "allocation.trade_off"

MOST_PARCELS, MOST_SPLIT, MOST_USES = 200_000, 20_000, 12
"""Parcels at most, of them of different size, and uses."""

NumberColumn = Annotated[str, ColumnOf("table", numeric=True)]

LimitTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="use", title="Use: the name of its column"),
            Column(name="least", title="Least, empty for none"),
            Column(name="most", title="Most, empty for no limit"),
        )
    ),
]

UseTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="use", title="Use"),
            Column(name="parcels", unit="1", title="Parcels"),
            Column(name="amount", title="Area, or parcels without one"),
            Column(name="least", title="Least"),
            Column(name="most", title="Most"),
            Column(name="price", title="What one more of it costs the total score"),
        )
    ),
]

ProofTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="solved_as", title="Structure of the problem"),
            Column(name="total_score", title="Total score"),
            Column(name="bound", title="No allocation has more"),
            Column(name="gap", unit="1", title="Part of the bound that may be missed"),
        )
    ),
]

FrontTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="point", unit="1", title="Point"),
            Column(name="first_total", title="Total of the first objective"),
            Column(name="second_total", title="Total of the second objective"),
            Column(name="hypervolume", unit="1", title="Part of the box between the ends below the points"),
            Column(name="bend", title="Whether it is the point farthest beyond the line between the ends"),
        )
    ),
]


class Allocation(NamedTuple):
    """Parcels with their use, the uses with amounts and prices, and how good it is."""

    parcels: AnyTable
    uses: UseTable
    proof: ProofTable


class TradeOff(NamedTuple):
    """Points of the front, and the parcels with their use at the bend."""

    points: FrontTable
    parcels: AnyTable


class Problem(NamedTuple):
    """Areas (m,) of the parcels that some use is allowed on, which rows (n,) these are, and limits (k,)."""

    area: np.ndarray
    whole: np.ndarray
    uses: tuple[str, ...]
    least: np.ndarray
    most: np.ndarray

    @property
    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Limits as numbers of parcels of one size."""
        size, count = self.area[0], self.area.size
        least = np.ceil(self.least / size - 1e-9)
        return least.astype(np.int64), np.floor(np.minimum(self.most / size, count) + 1e-9).astype(np.int64)


@process(ASSIGN, version="2", keywords=("land use", "optimisation", "assignment", "土地利用优化配置"))
def assign(
    table: AnyTable,
    scores: Indicators,
    limits: LimitTable | None = None,
    *,
    area: NumberColumn | None = None,
    tolerance: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=0.1)] = 1e-4,
) -> Allocation:
    """Best use of each parcel for the greatest total score, with least and most area of each use.

    Use it to divide land, sea or money among a few uses once each parcel has a score for each of them. It
    takes no account of neighbours: where uses should lie together, score compact blocks instead of parcels.

    Parameters
    ----------
    table : DataFrame
        A row for each parcel. At most 200,000, or 20,000 of different areas.
    scores : tuple of str
        A column for each use, 2 to 12, better high; the uses are named after them. A gap forbids the use on
        the parcel; parcels without any score get no use.
    limits : DataFrame, optional
        A row for each use that has limits: `use`, `least` and `most`, in the unit of `area`, or in numbers of
        parcels. An empty cell is no limit.
    area : str, optional
        Column of areas above 0. With it scores count for each unit of area. Left out, all parcels count
        alike.
    tolerance : float
        Part of the total by which parcels of different areas may miss the best, 0 to 0.1.

    Returns
    -------
    parcels : DataFrame
        The rows and columns of `table`, `use`, and `use_score`.
    uses : DataFrame
        For each use: its parcels and amount, its limits, and the `price` of these: above 0, what one more
        would add to the total at the most of a use; below 0, what one more would take from it at the least.
    proof : DataFrame
        One row: `flow` or `integer program`, the total, a bound that no allocation is above, and the gap.

    Notes
    -----
    Greatest Σ a_i s_iu x_iu with Σ_u x_iu = 1, least_u ≤ Σ_i a_i x_iu ≤ most_u, x whole. Parcels of one size
    are a transport problem, solved exactly by exchanges along the cheapest chains. Others are an integer
    program (HiGHS), whose prices are those with divisible parcels. Limits that contradict each other are
    refused with the fewest uses that show it (Hall's condition).

    References
    ----------
    Ahuja, R. K., Magnanti, T. L., and Orlin, J. B. (1993). Network Flows. Prentice Hall, 320-324.

    Huangfu, Q., and Hall, J. A. J. (2018). Parallelizing the dual revised simplex method. Mathematical
    Programming Computation 10, 119-142. doi:10.1007/s12532-017-0130-5
    """
    matrix = _scores(ASSIGN, table, "scores", scores)
    found, problem = problem_of(ASSIGN, table, matrix, scores, limits, area)
    weighed = found * problem.area[:, None]
    if np.ptp(problem.area) <= 1e-12 * problem.area.max():
        told = flow.assignment(weighed, *problem.counts)
        if told is None:
            raise no_whole(ASSIGN)
        use, prices, total = told.use, told.prices / problem.area[0], told.total
        solved, bound = "flow", total + told.gap
    else:
        use, prices, total, bound = _by_areas(weighed, problem, tolerance)
        solved = "integer program"
    gap = max(bound - total, 0.0) / (abs(bound) or 1.0)
    proof = {"solved_as": [solved], "total_score": [total], "bound": [bound], "gap": [gap]}
    parcels = _with_uses(
        table, problem, use, {"use_score": (found[np.arange(use.size), use], "Score of its use")}
    )
    return Allocation(parcels, _uses(problem, use, prices), stated(proof, {"gap": {"unit": "1"}}))


def _by_areas(
    weighed: np.ndarray, problem: Problem, tolerance: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Uses, prices, total and bound of parcels of different areas."""
    from craton.kernels.allocation_areas import whole_parcels

    if len(weighed) > MOST_SPLIT:
        raise ContractError(
            ASSIGN, "area", f"at most {MOST_SPLIT:,} parcels of different areas", f"{len(weighed):,}"
        )
    told = whole_parcels(weighed, problem.area, problem.least, problem.most, tolerance)
    if told is None:
        raise no_whole(ASSIGN)
    return told.use, told.prices, told.total, told.bound


@process(TRADE_OFF, version="2", keywords=("Pareto", "multi-objective", "NSGA", "多目标", "帕累托"))
def trade_off(
    table: AnyTable,
    first: Indicators,
    second: Indicators,
    limits: LimitTable | None = None,
    *,
    points: Annotated[int, Bounds(minimum=2, maximum=500)] = 50,
) -> TradeOff:
    """What one objective costs the other: exact points of the front of Pareto of an allocation.

    Use it before weights are argued about, such as yield against nature: it shows what can be had at all.
    Parcels count alike, such as cells of a grid; see `allocation.assign` for areas.

    Parameters
    ----------
    table : DataFrame
        A row for each parcel, at most 200,000.
    first : tuple of str
        A column of the first objective for each use, 2 to 12, better high; the uses are named after them. A
        gap forbids the use on the parcel.
    second : tuple of str
        A column of the second objective for each use, in the same order.
    limits : DataFrame, optional
        A row for each use that has limits: `use`, and the `least` and `most` parcels of it. An empty cell is
        no limit.
    points : int
        Points at most, 2 to 500; fewer where there are no more.

    Returns
    -------
    points : DataFrame
        From the best for the first objective to the best for the second: both totals; the part of the box
        between the two ends that the points so far cover, the last of which is the hypervolume of the front;
        and which point is the bend, where the gains turn.
    parcels : DataFrame
        The rows and columns of `table`, and the `use` of each parcel at the bend.

    Notes
    -----
    Each point is the exact optimum for some weights of the objectives, found by bisection of the widest gap
    and proved by prices. Points in hollows of the front, which are best for no weights, are not among them;
    with many parcels they differ little.

    References
    ----------
    Aneja, Y. P., and Nair, K. P. K. (1979). Bicriteria transportation problem. Management Science 25(1),
    73-78. doi:10.1287/mnsc.25.1.73
    """
    if len(second) != len(first):
        raise ContractError(TRADE_OFF, "second", f"{len(first)} columns, as in `first`", str(len(second)))
    both = [_scores(TRADE_OFF, table, name, one) for name, one in (("first", first), ("second", second))]
    both = [np.where(np.isfinite(both[0] + both[1]), one, -np.inf) for one in both]
    one, problem = problem_of(TRADE_OFF, table, both[0], first, limits, None)
    found = front(
        one, both[1][problem.whole], *problem.counts, points,
        lambda count: progress.report(count / points, "points of the front"),
    )  # fmt: skip
    if not found:
        raise no_whole(TRADE_OFF)
    values = np.array([point.values for point in found])
    bend = _bend(values)
    told = {
        "point": np.arange(1, len(found) + 1), "first_total": values[:, 0], "second_total": values[:, 1],
        "hypervolume": _covered(values), "bend": np.arange(len(found)) == bend,
    }  # fmt: skip
    parcels = _with_uses(table, problem, found[bend].found.use, {})
    return TradeOff(stated(told, {name: {"unit": "1"} for name in ("point", "hypervolume")}), parcels)


def _bend(values: np.ndarray) -> int:
    """Point farthest beyond the line between the ends, both objectives brought to 0 to 1."""
    span = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(span > 0, span, 1.0)
    return int(np.argmax(np.round(scaled.sum(axis=1), 12)))


def _covered(values: np.ndarray) -> np.ndarray:
    """Part of the box between the ends below the points up to each."""
    box = float(np.ptp(values, axis=0).prod()) or 1.0
    low = values.min(axis=0)
    return np.array([hypervolume(values[: count + 1], low) / box for count in range(len(values))])


def _scores(id: str, table: pd.DataFrame, parameter: str, names: tuple[str, ...]) -> np.ndarray:
    """Scores (n, k), -inf for gaps."""
    distinct(id, parameter, names, least=2)
    if len(names) > MOST_USES:
        raise ContractError(id, parameter, f"at most {MOST_USES} columns", str(len(names)))
    found = np.column_stack([numbers(table, name) for name in names])
    return np.where(np.isfinite(found), found, -np.inf)


def problem_of(
    id: str,
    table: pd.DataFrame,
    scores: np.ndarray,
    uses: tuple[str, ...],
    limits: pd.DataFrame | None,
    area: str | None,
) -> tuple[np.ndarray, Problem]:
    """Scores (m, k) of the parcels with any, and the problem; refuses limits that contradict each other."""
    whole = np.isfinite(scores).any(axis=1)
    if not whole.any():
        raise ContractError(id, "table", "a parcel that a use is allowed on", "none")
    if whole.sum() > MOST_PARCELS:
        raise ContractError(id, "table", f"at most {MOST_PARCELS:,} parcels", f"{int(whole.sum()):,}")
    areas = np.ones(int(whole.sum())) if area is None else numbers(table, area)[whole]
    if not (areas > 0).all():
        came = f"{int((~(areas > 0)).sum())} parcels without"
        raise ContractError(id, "area", "a column of areas above 0", came)
    found = scores[whole]
    problem = Problem(areas, whole, uses, *_limits(id, limits, uses))
    told = flow.contradiction(np.isfinite(found), areas, problem.least, problem.most)
    if told is not None:
        which, chosen, there, limit = told
        names = shown(name for name, one in zip(uses, chosen, strict=True) if one)
        words = {
            "most": f"{there:g} in all lie on parcels that only {names} can have, which may take {limit:g}",
            "least": f"{names} must get {limit:g}, and the parcels that can have them have {there:g}",
        }
        raise ContractError(id, "limits", "limits that can be met together", words[which])
    return found, problem


def _limits(id: str, limits: pd.DataFrame | None, uses: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Least and most (k,) of each use."""
    least, most = np.zeros(len(uses)), np.full(len(uses), np.inf)
    if limits is None:
        return least, most
    names = [str(one) for one in limits["use"]]
    unknown = [name for name in names if name not in uses]
    if unknown or len(set(names)) < len(names):
        came = f"{shown(unknown)}" if unknown else "a use twice"
        raise ContractError(id, "limits", f"one row at most for each of {shown(uses)}", came)
    places = [uses.index(name) for name in names]
    low, high = (_cells(id, limits[name]) for name in ("least", "most"))
    least[places], most[places] = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), np.inf, high)
    wrong = (least < 0) | (most < least) | np.isinf(least)
    if wrong.any():
        came = shown(name for name, one in zip(uses, wrong, strict=True) if one)
        raise ContractError(id, "limits", "a least of at least 0 and a most not below it", came)
    return least, most


def _cells(id: str, column: pd.Series) -> np.ndarray:
    """Numbers of a column, NaN for empty cells, blanks among them."""
    found = pd.to_numeric(column, errors="coerce")
    if (found.isna() & column.notna() & (column.astype(str).str.strip() != "")).any():
        raise ContractError(id, "limits", "numbers or empty cells in `least` and `most`", "a text")
    return np.asarray(found.to_numpy(np.float64, na_value=np.nan))


def no_whole(id: str) -> ContractError:
    """What to say where no plan of whole parcels holds the limits."""
    hint = "leave more room between least and most"
    return ContractError(id, "limits", "limits that whole parcels can meet", "none found", hint=hint)


def _with_uses(
    table: pd.DataFrame, problem: Problem, use: np.ndarray, added: dict[str, tuple[np.ndarray, str]]
) -> pd.DataFrame:
    names = np.array(problem.uses, dtype=object)[use]
    return with_results(table, problem.whole, {"use": (names, "Use"), **added})


def _uses(problem: Problem, use: np.ndarray, prices: np.ndarray) -> pd.DataFrame:
    count = len(problem.uses)
    columns = {
        "use": list(problem.uses), "parcels": np.bincount(use, minlength=count),
        "amount": np.bincount(use, weights=problem.area, minlength=count),
        "least": problem.least, "most": np.where(np.isfinite(problem.most), problem.most, np.nan),
        "price": prices,
    }  # fmt: skip
    return stated(columns, {"parcels": {"unit": "1"}})
