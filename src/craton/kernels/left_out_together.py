"""Which contacts are to be left out together when a field is judged by contacts that it did not see.

A contact left out alone is judged by the others of its hole, or by the next pick of its line, which are
nearer than any datum is to most places of the model: the field looks better than it is. So a contact is left
out with its cluster. Contacts belong to a cluster, in plan, where a chain of steps joins them that are each
at most half as long as a place of the model is, in the median, away from its nearest contact; of a cluster,
those go that are as near as twice the distance that four of five places keep from contacts.

References
----------
Roberts, D. R., Bahn, V., Ciuti, S. and others (2017), Cross-validation strategies for data with temporal,
spatial, hierarchical, or phylogenetic structure, Ecography 40(8), 913-929, doi:10.1111/ecog.02881.

Milà, C., Mateu, J., Pebesma, E. and Meyer, H. (2022), Nearest neighbour distance matching leave-one-out
cross-validation for map validation, Methods in Ecology and Evolution 13(6), 1304-1316,
doi:10.1111/2041-210X.13851.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

ASKED = 24
"""Places of the model along each side from which distances to contacts are taken."""

STEP, FAR, MOST_PLACES = 0.5, 2.0, 0.8
"""Longest step within a cluster over the median distance; and how far a cluster goes, over that distance
which this share of the places keeps."""

MOST = 150
"""Contacts that are left out in turn, at most."""

SAME = 1e-6
"""Part of the diagonal of the model up to which places in plan are one."""


def left_out_together(plan: Floats, low: Floats, high: Floats) -> list[Whole]:
    """Numbers of contacts that are left out together, that which is judged first.

    Parameters
    ----------
    plan : array (n, 2)
        Easting and northing of contacts.
    low, high : array (2,)
        South-west and north-east corner of what the model is asked about.

    Returns
    -------
    list of array
        One for each contact that is judged: all of them, or `MOST` evenly through their order.
    """
    if not len(plan):
        return []
    middles = (np.arange(ASKED) + 0.5) / ASKED
    asked = np.stack(np.meshgrid(*(low + np.outer(middles, high - low)).T), axis=-1).reshape(-1, 2)
    away = cKDTree(plan).query(asked)[0]
    same = SAME * float(np.linalg.norm(high - low))
    clusters = _clusters(plan, max(STEP * float(np.median(away)), same))
    reach = max(FAR * float(np.quantile(away, MOST_PLACES)), same)
    judged = np.unique(np.linspace(0, len(plan) - 1, min(len(plan), MOST)).astype(np.int64))
    near = cKDTree(plan).query_ball_point(plan[judged], reach, return_sorted=True)
    return [_first(one, np.array(own), clusters) for one, own in zip(judged, near, strict=True)]


def _clusters(plan: Floats, step: float) -> Whole:
    """Number (n,) of the cluster of each contact."""
    pairs = cKDTree(plan).query_pairs(step, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(plan),) * 2)
    found: Whole = connected_components(links, directed=False)[1].astype(np.int64)
    return found


def _first(one: int, near: Whole, clusters: Whole) -> Whole:
    """Those of the cluster of `one` among `near`, itself first."""
    return np.append(one, near[(clusters[near] == clusters[one]) & (near != one)])
