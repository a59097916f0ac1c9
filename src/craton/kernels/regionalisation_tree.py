"""Regionalisation by cuts of a minimum spanning tree (SKATER)."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from craton.kernels.regionalisation import ROUND, Floats, Integers, numbered


def tree_zones(links: csr_array, sizes: Floats, attributes: Floats, zones: int, least: float) -> Integers:
    """Contiguous zones by cuts of a minimum spanning tree that lower the sum of squares most (SKATER).

    Parameters
    ----------
    links : csr_array (n, n)
        Symmetric, with an empty diagonal.
    sizes : array (n,)
        At least 0.
    attributes : array (n, k)
        By which units are alike, each on a scale of its own.
    zones : int
        How many there should be; those of separate parts of the graph count.
    least : float
        Size of a zone; cuts that would leave less are not made. Parts that have less as a whole stay.

    Returns
    -------
    array (n,) of int
        Zone of each unit from 0; fewer than `zones` where no further cut is allowed.

    Notes
    -----
    The tree joins neighbours so that the sum of |x_i − x_j| is least. Each cut is the best of all edges of
    all trees, found exactly from sums along the tree.

    References
    ----------
    Assunção, R. M., Neves, M. C., Câmara, G., and Da Costa Freitas, C. (2006). Efficient regionalization
    techniques for socio-economic geographical units using minimum spanning trees. International Journal of
    Geographical Information Science 20(7), 797-811. doi:10.1080/13658810600665111
    """
    entries = links.tocoo()
    apart = np.sqrt(((attributes[entries.row] - attributes[entries.col]) ** 2).sum(axis=1))
    # Only the order of the links makes the tree. Numbers from 1 keep links of alike units, which would be
    # empty entries, and decide between equal ones by the rows they join, on every machine alike.
    ends = np.minimum(entries.row, entries.col), np.maximum(entries.row, entries.col)
    order = np.lexsort((ends[1], ends[0], apart))
    costs = np.empty(order.size)
    costs[order] = np.arange(1.0, order.size + 1.0)
    costs = csr_array((costs, (entries.row, entries.col)), shape=links.shape)
    tree = minimum_spanning_tree(costs)
    tree = csr_array(tree + tree.T)
    _parts, labels = connected_components(tree, directed=False)
    found = labels.astype(np.int64)
    count = int(found.max()) + 1
    enough = least * (1.0 - ROUND)
    cuts = {
        number: _best_cut(tree, np.flatnonzero(found == number), sizes, attributes, enough)
        for number in range(count)
    }
    while count < zones:
        chosen = max(cuts, key=lambda number: (cuts[number][0], -number))
        gain, below = cuts[chosen]
        if gain <= 0.0:
            break
        parent = np.flatnonzero(found == chosen)
        found[below] = count
        tree = _without(tree, found)
        for number in (chosen, count):
            cuts[number] = _best_cut(tree, parent[found[parent] == number], sizes, attributes, enough)
        count += 1
    return numbered(found)


def _without(tree: csr_array, zones: Integers) -> csr_array:
    """The tree without edges between zones."""
    entries = tree.tocoo()
    same = zones[entries.row] == zones[entries.col]
    return csr_array((entries.data[same], (entries.row[same], entries.col[same])), shape=tree.shape)


def _best_cut(
    tree: csr_array, units: Integers, sizes: Floats, attributes: Floats, least: float
) -> tuple[float, Integers]:
    """By how much the best cut of a tree lowers its sum of squares, and the units on one side of it."""
    order, parents = breadth_first_order(tree, units[0], directed=False)
    place = np.empty(tree.shape[0], np.int64)
    place[order] = np.arange(order.size)
    above = np.where(order == units[0], -1, place[np.maximum(parents[order], 0)])
    x = attributes[order] - attributes[order].mean(axis=0)
    held, size, sums = _below(above, sizes[order], x)
    rest = order.size - held
    # The whole has a mean of 0, so both sides together lower the squares by what their means hold.
    squares = (sums**2).sum(axis=1)
    gain = squares / held + squares / np.maximum(rest, 1)
    allowed = (rest > 0) & (size >= least) & (size[0] - size >= least)
    gain = np.where(allowed, gain, 0.0)
    at = int(gain.argmax())
    return float(gain[at]), order[_under(above, at)]


@njit(nogil=True, cache=True, error_model="numpy")
def _below(above: np.ndarray, sizes: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units, size and sums of each place of a tree and what hangs below it, given the place above each."""
    held, size, sums = np.ones(above.size), sizes.copy(), x.copy()
    for at in range(above.size - 1, 0, -1):
        held[above[at]] += held[at]
        size[above[at]] += size[at]
        sums[above[at]] += sums[at]
    return held, size, sums


@njit(nogil=True, cache=True, error_model="numpy")
def _under(above: np.ndarray, top: int) -> np.ndarray:
    """Whether each place of a tree is `top` or hangs below it."""
    under = np.zeros(above.size, np.bool_)
    under[top] = True
    for at in range(top + 1, above.size):
        under[at] = under[above[at]]
    return under
