"""An ore body made for tests: a folded manganese bed whose grade is known in every cell, and holes through it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import covariance as cov
from craton.kernels.conditional_field import ConditionalField
from craton.methods.geomodel_volume import Lattice, UnitTable, volume_of
from craton.methods.variogram_model import variogram_model
from craton.model.boreholes import make_collars
from craton.model.data import Boreholes

CRS = "EPSG:32648"
SIDE, HEIGHT = 30.0, 2.0
"""Sides of a cell in metres."""

ROWS, COLUMNS, LEVELS = 24, 30, 44
ALONG, ACROSS = 240.0, 6.0
"""Ranges of the grade along the bed and across it in metres."""

MEAN, SPREAD = 20.0, 5.0
"""Mean and standard deviation of the grade in percent."""

DENSITY = 3.4
"""Density of the ore in g/cm³."""

TOP = 500.0
STEP = 1.0
"""Height of a node of the true field in metres, as of an assay."""

GRADE = cov.Model(
    np.array([cov.SPHERICAL]), np.zeros(1), np.ones(1),
    cov.reduction(cov.SPHERICAL, 0.0, (ALONG, ALONG, ACROSS))[None], np.full((1, 1, 1), SPREAD**2),
    np.zeros((1, 1)),
)  # fmt: skip
"""Covariance of the grade in coordinates along the bed."""

MODEL = variogram_model("spherical", sill=SPREAD**2, range_along=ALONG, range_vertical=ACROSS)


class OreBody(NamedTuple):
    """A model with its true grade in percent (levels, rows, columns), NaN outside of the ore."""

    volume: xr.Dataset
    grade: np.ndarray
    lattice: Lattice
    base: np.ndarray
    nodes: np.ndarray


def ore_body(seed: int) -> OreBody:
    """Bed of 12 m, folded by 15 m, between two walls; its grade is a field along the bed."""
    lattice = Lattice(
        TOP - HEIGHT * (np.arange(LEVELS) + 0.5), SIDE * (np.arange(ROWS)[::-1] + 0.5),
        SIDE * (np.arange(COLUMNS) + 0.5), CRS,
    )  # fmt: skip
    north, east = np.meshgrid(lattice.northing, lattice.easting, indexing="ij")
    base = np.round((TOP - 55.0 + 15.0 * np.sin(east / 90.0) + 5.0 * np.cos(north / 120.0)) / HEIGHT) * HEIGHT
    thickness = 12.0
    above = lattice.upward[:, None, None] - base
    codes = np.select([above >= thickness, above >= 0], [1, 2], 3)
    units = UnitTable(
        np.array([1, 2, 3]), ("Hanging wall", "Ore", "Foot wall"), ("#cccccc", "#553355", "#999999")
    )
    nodes = true_field(seed, (int(thickness / STEP), ROWS, COLUMNS))
    level = np.clip(np.floor(above / STEP), 0, len(nodes) - 1).astype(int)
    row, column = np.indices(base.shape)
    pair = (nodes[level, row, column] + nodes[np.maximum(level - 1, 0), row, column]) / 2
    return OreBody(volume_of(lattice, codes, units), np.where(codes == 2, pair, np.nan), lattice, base, nodes)


def true_field(seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Grade in percent on nodes along the bed (levels from the base, rows, columns)."""
    field = ConditionalField(GRADE, shape, (STEP, SIDE, SIDE)).draw(1, (seed, 9))[0]
    return MEAN + field.reshape(shape).astype(np.float64)


def holes(body: OreBody, every: int, first: tuple[int, int] = (1, 1)) -> Boreholes:
    """Vertical holes in the middles of each `every`-th row and column of cells, with assays of 1 m in ore."""
    units, assays, collars = [], [], []
    for row in range(first[0], body.base.shape[0], every):
        for column in range(first[1], body.base.shape[1], every):
            name = f"MN{row:02d}{column:02d}"
            depth = TOP - body.base[row, column]
            top = depth - len(body.nodes) * STEP
            collars.append((name, body.lattice.easting[column], body.lattice.northing[row]))
            units += [
                (name, 0.0, top, "Hanging wall"),
                (name, top, depth, "Ore"),
                (name, depth, depth + 5, "Foot wall"),
            ]
            grades = body.nodes[::-1, row, column]
            assays += [(name, top + n * STEP, top + (n + 1) * STEP, grade) for n, grade in enumerate(grades)]
    names = [one[0] for one in collars]
    table = pd.DataFrame(assays, columns=["hole_id", "from_depth", "to_depth", "Mn"])
    table.attrs["columns"] = {"Mn": {"unit": "%"}}
    return Boreholes(
        collars=make_collars(
            names, x=[one[1] for one in collars], y=[one[2] for one in collars], elevation=np.full(len(names), TOP),
            total_depth=np.full(len(names), 100.0), crs=CRS,
        ),
        intervals={
            "geology": pd.DataFrame(units, columns=["hole_id", "from_depth", "to_depth", "unit"]), "assay": table,
        },
    )  # fmt: skip
