"""Surfaces of the units of a geological model: closed meshes that share their vertices."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.kernels.surface_nets import surface_nets, triangles
from craton.methods.geomodel_ask_model import Asked, Model, asked_of
from craton.methods.placement import crs_of
from craton.model.data import Mesh
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Surfaces
from craton.process.processes import process

SURFACES = "geomodel.surfaces"

NOTES = {
    "unit": {"title": "Unit", "quantity": "geological_unit"},
    "area": {"unit": "m2", "title": "Area of its surface"},
    "volume": {"unit": "m3", "title": "Volume within it"},
}


@process(SURFACES, version="1", keywords=("mesh", "isosurface", "boundary", "wireframe", "曲面", "三角网"))
def surfaces(
    model: Model,
    *,
    units: tuple[str, ...] = (),
    smoothing: Annotated[int, Bounds(minimum=0, maximum=200)] = 10,
    variable: str = "",
) -> Annotated[Mesh, Surfaces()]:
    """Surfaces that bound the units of a geological model, closed and without gaps between neighbours.

    Use it to show units, to hand them to design and mining programs, or to measure bodies. Neighbours share
    the vertices of their common boundary exactly. The surface of fine models has about as many triangles as
    faces of cells lie between units; show large ones as cells instead.

    Parameters
    ----------
    model : Dataset
        A geological model, or another volume of classes such as GeoTOP.
    units : tuple of str
        Names or codes of the units wanted; empty for all.
    smoothing : int
        Steps of smoothing, which moves vertices by no more than half a cell and takes the steps of cells
        away; 0 keeps the faces of the cells. Boundaries that a scalar field of the model places are not
        smoothed.
    variable : str
        Variable of the model with the classes; left out, `unit`, else the first that has classes.

    Returns
    -------
    Mesh
        A part a unit: `part_id` and `unit` its name, `code`, `colour`, `area` of its surface in m² and
        `volume` within it in m³. Triangles run anticlockwise as seen from outside of the unit. Units without
        a cell are left out.

    Notes
    -----
    Surface nets: one vertex at each corner of cells of more than one unit, one quadrangle a face between two
    units. With scalar fields, a vertex lies at the mean of the places between cells where the field takes
    the level of the contact. The volume is that of the closed mesh, Σ a·(b×c)/6 over its triangles.

    References
    ----------
    Gibson, S. F. F. (1998), Constrained elastic surface nets: generating smooth surfaces from binary
    segmented data, MICCAI 1998, Lecture Notes in Computer Science 1496, 888-898, doi:10.1007/BFb0056277.

    Frisken, S. F. (2022), SurfaceNets for multi-label segmentations with preservation of sharp boundaries,
    Journal of Computer Graphics Techniques 11(1), 34-54.
    """
    asked = asked_of(SURFACES, model, variable=variable)
    wanted = [asked.row(SURFACES, name, "units") for name in units] or list(range(len(asked.units.names)))
    nets = surface_nets(asked.classes, contacts=asked.contacts, rounds=smoothing)
    scaled = nets.vertices * asked.sides
    faces = triangles(scaled, nets.quadrangles)
    sides = np.repeat(nets.sides, 2, axis=0)
    parts, rows, kept = [], [], []
    for row in sorted(set(wanted)):
        inner, outer = sides[:, 0] == row + 1, sides[:, 1] == row + 1
        closed = np.concatenate([faces[inner], faces[outer][:, ::-1]])
        if len(closed):
            rows.append(_measured(asked, row, scaled, closed))
            parts.append(closed)
            kept.append(len(closed))
    if not parts:
        raise ContractError(SURFACES, "units", "units that the model has cells of", ", ".join(units))
    used, numbers = np.unique(np.concatenate(parts), return_inverse=True)
    table = pd.DataFrame(rows)
    table.attrs[TEXT_COLUMNS] = NOTES
    return Mesh(
        asked.corner + scaled[used], numbers.reshape(-1, 3).astype(np.int32),
        np.repeat(np.arange(len(parts), dtype=np.int32), kept), table, crs_of(model),
    )  # fmt: skip


def _measured(asked: Asked, row: int, vertices: np.ndarray, faces: np.ndarray) -> dict[str, object]:
    """Row of the table of parts: name, code, colour, area and volume."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    normal = np.cross(second - first, third - first)
    area = 0.5 * float(np.sqrt((normal**2).sum(axis=1)).sum())
    # Twice the area vector is as good as b × c, and loses no digits to the distance of the origin.
    middle = vertices[faces[0, 0]]
    volume = float(((first - middle) * normal).sum()) / 6
    name = asked.units.names[row]
    return {
        "part_id": name, "unit": name, "code": int(asked.units.codes[row]),
        "colour": asked.units.colours[row], "area": area, "volume": volume,
    }  # fmt: skip
