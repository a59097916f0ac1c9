"""Neighbours of evaluation units."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from craton.decide.criteria_table import stated, with_results
from craton.decide.zone_links import Contact, Count, Distance, Units, linked
from craton.kernels.spatial_weights import degrees, standardised
from craton.process.marks import Column, Table
from craton.process.processes import process

NEIGHBOURS = "zone.neighbours"

LinkTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="row", unit="1", title="Row of the table, from 0"),
            Column(name="neighbour", unit="1", title="Row of a neighbour"),
            Column(name="weight", unit="1", title="Weight, 1 in all for a row"),
        )
    ),
]


class Neighbours(NamedTuple):
    """Units with how many neighbours they have, and the links."""

    units: Units
    links: LinkTable


@process(
    NEIGHBOURS, version="1", keywords=("contiguity", "queen", "rook", "spatial weights", "邻接", "空间权重")
)
def neighbours_of(
    table: Units,
    *,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
) -> Neighbours:
    """Which units are neighbours, which are islands, and which hang together.

    Use it before autocorrelation or zoning to see whether the units touch as they should: districts drawn
    with gaps between them are islands to `queen` and `rook`.

    Parameters
    ----------
    table : GeoDataFrame
        Evaluation units, each a row.
    contact : str
        Who is a neighbour. `queen`: polygons that share a corner; `rook`: that share an edge between two
        corners; `nearest`: the nearest centroids; `distance`: centroids at most `distance` apart.
    neighbours : int
        How many, for `nearest`.
    distance : float, optional
        Greatest distance for `distance`, in m.

    Returns
    -------
    units : GeoDataFrame
        The rows of `table` with `neighbours`, how many each has, and `part`, the number from 1 of the part
        that hangs together with it, the first in the order of rows.
    links : DataFrame
        A row for each link: `row` and `neighbour` as places in the table from 0, and `weight`, one over the
        number of neighbours of the row.

    Notes
    -----
    Corners are shared where their coordinates are the same to the last digit: a corner of one polygon along
    the edge of another is not shared, and calls for `distance`, or for cleaner borders. Of equally near units
    the first rows are taken; `nearest` is not symmetric. In longitude and latitude distances are along great
    circles of a sphere of 6371.0088 km, up to 0.6 % off.

    References
    ----------
    Anselin, L. (1988). Spatial econometrics: methods and models. Kluwer, chapter 3.
    """
    found = linked(NEIGHBOURS, table, np.ones(len(table), bool), contact, neighbours, distance)
    count = degrees(found.links)
    _parts, part = connected_components(found.links, directed=False)
    added = {
        "neighbours": (count, f"Number of neighbours; {int(found.islands.sum())} units are islands"),
        "part": (part.astype(np.int64) + 1, "Part that hangs together"),
    }
    rows, links = np.flatnonzero(found.taken), standardised(found.links).tocoo()
    told = {"row": rows[links.row], "neighbour": rows[links.col], "weight": links.data}
    units = with_results(table, found.taken, added)
    return Neighbours(units, stated(told, {name: {"unit": "1"} for name in told}))
