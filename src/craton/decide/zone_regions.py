"""Constrained zoning: units joined to contiguous zones that are alike within and large enough."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from craton.decide.criteria_table import criteria, numbers, stated, with_results
from craton.decide.zone_links import Contact, Count, Distance, Linked, Units, linked
from craton.kernels import regionalisation as kernel
from craton.kernels.regionalisation_tree import tree_zones
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

MAX_P, SKATER = "zone.max_p", "zone.skater"

Numeric = Annotated[str, ColumnOf("table", numeric=True)]

ZoneTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="zone", unit="1", title="Zone"),
            Column(name="units", unit="1", title="Units"),
            Column(name="size", title="Size"),
            Column(name="within", title="Sum of squares within"),
            Column(name="contiguous", title="Whether it hangs together"),
            Column(name="large_enough", title="Whether it has the least size"),
        )
    ),
]


class Zoned(NamedTuple):
    """Units with their zones, and what each zone holds."""

    units: Units
    zones: ZoneTable


class _Problem(NamedTuple):
    """Units that take part, their symmetric links, sizes (m,) and attributes (m, k)."""

    found: Linked
    links: csr_array
    sizes: np.ndarray
    attributes: np.ndarray


def _problem(
    id: str,
    table: Units,
    columns: tuple[str, ...],
    size: str | None,
    contact: tuple[str, int, float | None],
    *,
    standardised: bool,
) -> _Problem:
    """What is to be zoned: rows with a number in each column and a size."""
    whole = criteria(id, table, columns, rows=2, varied=True).whole
    sizes = np.ones(len(table)) if size is None else numbers(table, size)
    if (sizes[whole] < 0).any():
        raise ContractError(
            id, "size", "a column of numbers of at least 0", f"{np.nanmin(sizes):g} in {size}"
        )
    found = linked(id, table, whole & np.isfinite(sizes), *contact)
    x = np.column_stack([numbers(table, name)[found.taken] for name in columns])
    spread = x.std(axis=0)
    if standardised:
        x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return _Problem(found, csr_array(found.links + found.links.T), sizes[found.taken], x)


def _zoned(
    table: Units, problem: _Problem, zones: np.ndarray, least: float, size: str | None, *, standardised: bool
) -> Zoned:
    """Units with zones from 1, and the check of each zone."""
    held = kernel.described(zones, problem.links, problem.sizes, problem.attributes)
    placed = problem.found.taken.copy()
    placed[placed] = zones >= 0
    lost = int((zones < 0).sum())
    title = "Zone" + (f"; {lost} units lie in parts that are too small and have none" if lost else "")
    units = with_results(table, placed, {"zone": (zones[zones >= 0] + 1, title)})
    told = {
        "zone": np.arange(1, held.units.size + 1), "units": held.units,
        "size": held.size, "within": held.within, "contiguous": held.contiguous,
        "large_enough": held.size >= least * (1.0 - kernel.ROUND),
    }  # fmt: skip
    notes: dict[str, dict[str, str]] = {"zone": {"unit": "1"}, "units": {"unit": "1"}}
    sized = {"unit": "1"} if size is None else table.attrs.get("columns", {}).get(size, {})
    notes |= {"size": {"unit": sized["unit"]}} if sized.get("unit") else {}
    notes |= {"within": {"unit": "1"}} if standardised else {}
    return Zoned(units, stated(told, notes))


@process(MAX_P, version="1", keywords=("max-p", "regionalisation", "districting", "zoning", "分区", "区划"))
def max_p(
    table: Units,
    columns: tuple[Numeric, ...],
    least: Annotated[float, Bounds(above=0)],
    *,
    size: Numeric | None = None,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
    standardised: bool = True,
    starts: Annotated[int, Bounds(minimum=1, maximum=10_000)] = 100,
    moves: Annotated[int, Bounds(minimum=0, maximum=100_000)] = 3000,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> Zoned:
    """As many contiguous zones as possible that each reach a least size, as alike within as can be (max-p).

    Use it to make districts, management or reporting units that each hold enough people, area or samples,
    without saying how many there should be. Where the number is given use `zone.skater`.

    Parameters
    ----------
    table : GeoDataFrame
        Evaluation units, each a row; one with a gap in a column, the size or the geometry gets no zone.
    columns : tuple of str
        Numeric columns by which units of a zone are to be alike.
    least : float
        Least size of a zone, in the unit of `size`, or a number of units.
    size : str, optional
        Column of at least 0 that adds up to the size of a zone, such as people; each unit counts 1 without
        it.
    contact : str
        As for `zone.neighbours`.
    neighbours : int
        As for `zone.neighbours`.
    distance : float, optional
        As for `zone.neighbours`.
    standardised : bool
        Whether each column is brought to a mean of 0 and a deviation of 1 first, so that all count alike.
    starts : int
        Divisions grown from random places, of which that of most zones is kept.
    moves : int
        Moves tried for each unit to make zones more alike; fewer are faster and looser.
    seed : int
        Of all draws: the same seed gives the same result.

    Returns
    -------
    units : GeoDataFrame
        The rows and columns of `table`, with `zone` from 1; none for units in a part that is as a whole too
        small, such as islands.
    zones : DataFrame
        A row for each zone with `units`, `size`, `within`, the sum of squares about its means over all
        columns, and the checks `contiguous` and `large_enough`, which hold in every zone.

    Notes
    -----
    Links count both ways. Each zone grows by the free neighbour with the fewest free neighbours, so that it
    hugs what is taken; units left over join the zone they change least. Then units move between neighbouring
    zones by simulated annealing on Σ within plus a rising price of missing size, and the best division
    without any is kept. The number of zones is at most the total size over `least`. Neither number is proven
    to be the best; more starts and moves may do better.

    References
    ----------
    Duque, J. C., Anselin, L., and Rey, S. J. (2012). The max-p-regions problem. Journal of Regional Science
    52(3), 397-419. doi:10.1111/j.1467-9787.2011.00743.x
    """
    where = (contact, neighbours, distance)
    problem = _problem(MAX_P, table, columns, size, where, standardised=standardised)
    zones = kernel.most_zones(
        problem.links, problem.sizes, problem.attributes, least, starts=starts, steps=moves, seed=seed
    )
    if zones.max() < 0:
        _count, parts = connected_components(problem.links, directed=False)
        most = np.bincount(parts, problem.sizes).max()
        allowed = f"at most {most:g}, the size of the largest part that hangs together"
        raise ContractError(MAX_P, "least", allowed, f"{least:g}", hint="look at zone.neighbours")
    return _zoned(table, problem, zones, least, size, standardised=standardised)


@process(
    SKATER, version="1", keywords=("SKATER", "spanning tree", "regionalisation", "zoning", "分区", "区划")
)
def skater(
    table: Units,
    columns: tuple[Numeric, ...],
    zones: Annotated[int, Bounds(minimum=1, maximum=10_000)],
    *,
    least: Annotated[float, Bounds(minimum=0)] = 0.0,
    size: Numeric | None = None,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
    standardised: bool = True,
) -> Zoned:
    """Contiguous zones of a given number, cut from a tree that joins like neighbours (SKATER).

    Use it for a quick, repeatable division into so many zones. It cuts only along its tree, so zones can be
    of odd shapes and very unequal; with a least size `zone.max_p` finds more alike ones.

    Parameters
    ----------
    table : GeoDataFrame
        As for `zone.max_p`.
    columns : tuple of str
        As for `zone.max_p`.
    zones : int
        How many zones; separate parts of the map are zones of their own.
    least : float
        Least size of a zone, in the unit of `size`, or a number of units. Cuts that leave less are not made.
    size : str, optional
        As for `zone.max_p`.
    contact : str
        As for `zone.max_p`.
    neighbours : int
        As for `zone.neighbours`.
    distance : float, optional
        As for `zone.neighbours`.
    standardised : bool
        As for `zone.max_p`.

    Returns
    -------
    units : GeoDataFrame
        The rows and columns of `table`, with `zone` from 1.
    zones : DataFrame
        As for `zone.max_p`. There are fewer than asked for where no further cut is allowed; `large_enough`
        fails for separate parts that are too small as a whole.

    Notes
    -----
    The tree joins all units so that the sum of |x_i − x_j| over its edges is least. Each cut is that of all
    edges of all trees which lowers the sum of squares within most, found exactly; the cuts before it stay.

    References
    ----------
    Assunção, R. M., Neves, M. C., Câmara, G., and Da Costa Freitas, C. (2006). Efficient regionalization
    techniques for socio-economic geographical units using minimum spanning trees. International Journal of
    Geographical Information Science 20(7), 797-811. doi:10.1080/13658810600665111
    """
    where = (contact, neighbours, distance)
    problem = _problem(SKATER, table, columns, size, where, standardised=standardised)
    parts, _labels = connected_components(problem.links, directed=False)
    if not parts <= zones <= len(problem.sizes):
        allowed = (
            f"from {parts}, the parts that do not touch, to {len(problem.sizes)}, the units that take part"
        )
        raise ContractError(SKATER, "zones", allowed, str(zones), hint="look at zone.neighbours")
    found = tree_zones(problem.links, problem.sizes, problem.attributes, zones, least)
    return _zoned(table, problem, found, least, size, standardised=standardised)
