"""Constrained zoning: units joined to contiguous zones that are alike within and large enough."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from craton.decide.criteria_table import criteria, numbers, shown, stated, with_results
from craton.decide.zone_links import Contact, Count, Distance, Linked, Units, linked, places_of
from craton.kernels import regionalisation as kernel
from craton.kernels.region_growing import Limits, grown_zones
from craton.kernels.regionalisation_tree import tree_zones
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

MAX_P, SKATER, GROWING = "zone.max_p", "zone.skater", "zone.region_growing"

Numeric = Annotated[str, ColumnOf("table", numeric=True)]

COLUMNS = (
    Column(name="zone", unit="1", title="Zone"),
    Column(name="units", unit="1", title="Units"),
    Column(name="size", title="Size"),
    Column(name="within", title="Sum of squares within"),
    Column(name="contiguous", title="Whether it hangs together"),
    Column(name="large_enough", title="Whether it has the least size"),
)

ZoneTable = Annotated[pd.DataFrame, Table(columns=COLUMNS)]

GrownTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            *COLUMNS,
            Column(name="small_enough", title="Whether it has at most the greatest size"),
            Column(name="spread", title="Widest range of a column within"),
        )
    ),
]


class Zoned(NamedTuple):
    """Units with their zones, and what each zone holds."""

    units: Units
    zones: ZoneTable


class Grown(NamedTuple):
    """Units with their zones, and what each zone holds."""

    units: Units
    zones: GrownTable


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
    table: Units,
    problem: _Problem,
    zones: np.ndarray,
    least: float,
    size: str | None,
    *,
    standardised: bool,
    lost: str = "lie in parts that are too small and have none",
) -> Zoned:
    """Units with zones from 1, and the check of each zone."""
    held = kernel.described(zones, problem.links, problem.sizes, problem.attributes)
    placed = problem.found.taken.copy()
    placed[placed] = zones >= 0
    out = int((zones < 0).sum())
    title = "Zone" + (f"; {out} units {lost}" if out else "")
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
    SKATER, version="2", keywords=("SKATER", "spanning tree", "regionalisation", "zoning", "分区", "区划")
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
        As for `zone.max_p`. There are fewer than asked for where no further cut is allowed, or none makes
        zones more alike; `large_enough` fails for separate parts that are too small as a whole.

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


@process(GROWING, version="1", keywords=("seeded", "regionalisation", "zoning", "区域生长", "分区"))
def region_growing(
    table: Units,
    columns: tuple[Numeric, ...],
    *,
    seeds: Annotated[str, ColumnOf("table")] | None = None,
    least: Annotated[float, Bounds(minimum=0)] = 0.0,
    most: Annotated[float, Bounds(above=0)] | None = None,
    size: Numeric | None = None,
    spread: Annotated[float, Bounds(minimum=0)] | None = None,
    compactness: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 0.0,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
    standardised: bool = True,
) -> Grown:
    """Contiguous zones that grow from chosen or found units by what is most alike, within limits.

    Use it where zones have a known core, such as monuments, wells or villages, or where what counts is how
    large and how uneven a zone may be, not how many there are. It never goes back on a choice: for the most
    zones of a least size `zone.max_p` is better, for a given number `zone.skater`.

    Parameters
    ----------
    table : GeoDataFrame
        As for `zone.max_p`.
    columns : tuple of str
        As for `zone.max_p`.
    seeds : str, optional
        Column that names the zone of the units from which zones grow, empty elsewhere. Units of one name must
        touch and keep the limits. Without it zones start one by one where units are most like their
        neighbours, and `most` or `spread` must say where they end.
    least : float
        Least size of a zone, in the unit of `size`, or a number of units.
    most : float, optional
        Greatest size of a zone.
    size : str, optional
        As for `zone.max_p`.
    spread : float, optional
        Widest range, greatest less least, that any of the columns may have in a zone: in deviations where
        they are `standardised`, else in their own unit.
    compactness : float
        From 0, only likeness counts, to 1, only nearness to the middle of the zone.
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
        The rows and columns of `table`, with `zone` from 1; none for units that fit in no zone within the
        limits.
    zones : DataFrame
        A row for each zone with `units`, `size`, `within`, the sum of squares about its means over all
        columns, and `spread`; the checks `contiguous`, `large_enough` and `small_enough` hold in every zone.

    Notes
    -----
    Next comes the unit at the edge of a zone with the least (1 − c) |x − mean|/a + c |place − centre|/b, c
    the compactness, a and b the means of both over all neighbours. Zones below `least` are joined, the
    smallest first, to the neighbour whose sum of squares grows least; units of one that fits nowhere are
    offered to the zones around. So a seed's zone may end in another one.

    References
    ----------
    Adams, R., and Bischof, L. (1994). Seeded region growing. IEEE Transactions on Pattern Analysis and
    Machine Intelligence 16(6), 641-647. doi:10.1109/34.295913
    """
    limits = Limits(*(np.inf if one is None else one for one in (least, most, spread)))
    if limits.most < limits.least:
        raise ContractError(GROWING, "most", f"at least {least:g}, which is `least`", f"{most:g}")
    if seeds is None and np.isinf(limits[1:]).all():
        raise ContractError(GROWING, "seeds", "given, or a limit by `most` or `spread`", "none of them")
    where = (contact, neighbours, distance)
    problem = _problem(GROWING, table, columns, size, where, standardised=standardised)
    start = None if seeds is None else _started(table, problem, seeds, limits)
    found = grown_zones(
        problem.links, problem.sizes, problem.attributes,
        places_of(table, table.geometry.to_numpy()[problem.found.taken]),
        limits, seeds=start, compactness=compactness,
    )  # fmt: skip
    if found.max() < 0:
        raise ContractError(GROWING, "least", "a size that some zone reaches within the limits", f"{least:g}")
    units, zones = _zoned(
        table, problem, found, least, size, standardised=standardised, lost="fit in no zone within the limits"
    )
    zones["small_enough"] = zones["size"] <= limits.most * (1.0 + kernel.ROUND)
    zones["spread"] = _spread(found, problem.attributes)
    zones.attrs["columns"] |= {"spread": {"unit": "1"}} if standardised else {}
    return Grown(units, zones)


def _spread(zones: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """Widest range (p,) of any attribute in each zone."""
    placed = zones >= 0
    low = np.full((int(zones.max()) + 1, attributes.shape[1]), np.inf)
    high = -low
    np.minimum.at(low, zones[placed], attributes[placed])
    np.maximum.at(high, zones[placed], attributes[placed])
    return np.asarray((high - low).max(axis=1))


def _started(table: Units, problem: _Problem, seeds: str, limits: Limits) -> np.ndarray:
    """Zone of each seed (m,) from 0, −1 elsewhere; refuses seeds that cannot be the core of a zone."""
    column = pd.Series(table[seeds])
    codes, names = pd.factorize(column.astype(str).where(column.notna() & (column.astype(str) != "")))
    outside = (codes >= 0) & ~problem.found.taken
    if not names.size or outside.any():
        came = f"{int(outside.sum())} in rows with a gap" if outside.any() else f"none in {seeds}"
        raise ContractError(GROWING, "seeds", "some units, with a number in each column and a geometry", came)
    start: np.ndarray = codes[problem.found.taken].astype(np.int64)
    held = kernel.described(start, problem.links, problem.sizes, problem.attributes)
    most, spread = limits.most * (1.0 + kernel.ROUND), limits.spread * (1.0 + kernel.ROUND)
    wrong = ~held.contiguous | (held.size > most) | (_spread(start, problem.attributes) > spread)
    if wrong.any():
        allowed = "for each zone units that touch and keep `most` and `spread`"
        raise ContractError(GROWING, "seeds", allowed, f"others for {shown(names[wrong])}")
    return start
