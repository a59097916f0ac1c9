"""Correlation panel: drill holes side by side with bands from hole to hole where units go on."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.methods.borehole_contacts import coded_units
from craton.methods.borehole_layers import UNIT, DrillHoles, layers_of, texts
from craton.methods.borehole_panel_holes import PANEL, Shown, bases_seen, chosen_holes, hung, levels_of
from craton.methods.borehole_panel_sheet import Wanted, draw_panel
from craton.methods.borehole_places import placed_holes, rising
from craton.methods.geochemistry_pictures import PixelWidth
from craton.methods.geomodel_column import ColumnTable, column_of
from craton.methods.geomodel_volume import UnitTable, colour_of
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Paper, ReferenceSystem, Table, Unit
from craton.process.processes import process

ThicknessTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="hole_id", title="Hole"),
            Column(name="along", unit="m", title="Distance along the panel"),
            Column(name="unit", quantity="geological_unit", title="Unit"),
            Column(name="top_depth", unit="m", title="Depth of its top along the hole"),
            Column(name="base_depth", unit="m", title="Depth of its base along the hole"),
            Column(name="top_height", unit="m", title="Height of its top on the panel"),
            Column(name="base_height", unit="m", title="Height of its base on the panel"),
            Column(name="thickness", unit="m", title="Vertical thickness"),
            Column(name="whole", title="Whether its base is seen (yes, no)"),
        )
    ),
]


class Panel(NamedTuple):
    """A picture of holes side by side, and the units in them."""

    picture: Annotated[Document, Paper()]
    thickness: ThicknessTable


@process(PANEL, version="1", keywords=("cross section", "well correlation", "fence", "strip log", "对比图"))
def correlation_panel(
    boreholes: DrillHoles,
    column: ColumnTable | None = None,
    line: Annotated[gpd.GeoDataFrame, Table(geometry=("LineString",))] | None = None,
    *,
    table: str = "",
    unit: str = "",
    lithology: str = "",
    holes: tuple[str, ...] = (),
    hang: str = "",
    bands: bool = True,
    spacing: Literal["even", "distance"] = "even",
    reach: Annotated[float, Unit("m"), Bounds(above=0, maximum=1_000_000)] = 500.0,
    most: Annotated[int, Bounds(minimum=1, maximum=40)] = 12,
    crs: Annotated[str, ReferenceSystem(projected=True)] | None = None,
    title: str = "",
    width_px: PixelWidth = 1800,
) -> Panel:
    """Picture of drill holes side by side, with bands from hole to hole where a unit goes on.

    Use it to check units from hole to hole before a model is built of them, or for a report. Hang the holes
    on elevation to see how layers lie now, on the base of a unit to see how thick they were laid down.

    Parameters
    ----------
    boreholes : Boreholes
        Holes with a table of intervals that names units.
    column : DataFrame, optional
        Stratigraphic column, `unit` from the youngest, with `colour` where stated. Without it the order is
        the one that the holes tell, in colours of ours.
    line : GeoDataFrame, optional
        One line along which holes within `reach` are shown, in the order in which it passes them.
    table : str
        Table of intervals; empty for `units`, else the first that has the column.
    unit : str
        Its column of units; empty for `unit` or the first whose name says so.
    lithology : str
        Column of the same table that is drawn in a second, narrow strip; empty for none.
    holes : tuple of str
        Names of the holes in the order to be shown. Empty for those near `line`, or without a line for all
        in order along the direction in which they spread most.
    hang : str
        Unit whose base is the level line; empty for elevation. Holes in which no other unit is seen right
        beneath it are left out.
    bands : bool
        Whether bands are drawn between holes.
    spacing : str
        `even`: holes as far from each other as the page allows, with distances written between them.
        `distance`: to scale, with the vertical exaggeration written below.
    reach : float
        Distance in metres from `line` within which holes are shown.
    most : int
        Holes shown where they are not named: of more, the deepest of each of as many equal groups along the
        panel.
    crs : str, optional
        Reference system in metres in which distances are taken. Without it that of the collars, or for
        collars in degrees the UTM zone (WGS 84) of their middle.
    title : str
        Title of the picture.
    width_px : int
        Width of the picture in pixels.

    Returns
    -------
    picture : Document
        The panel as PNG.
    thickness : DataFrame
        A row for each logged stretch of a unit in each hole shown: its top and base along the
        hole and on the panel, its vertical thickness, and whether its base is seen.

    Notes
    -----
    A band goes from the top and base of a unit in one hole to those in the next. Where a hole misses the
    unit it thins out to the level where the units above and below meet. Past a hole that ends higher it is
    drawn pale, from its neighbours. Where a hole shows units out of order, its bands follow the sequence in
    order that keeps most of its metres; its strip shows what was told.

    References
    ----------
    Tearpock, D. J., and Bischke, R. E. (2003). Applied subsurface geological mapping with structural
    methods, 2nd ed. Prentice Hall, chapter 4.
    """
    layers, name = layers_of(PANEL, boreholes, table, unit, meaning=UNIT, parameter="unit")
    if lithology and lithology not in layers.frame.columns:
        has = ", ".join(map(str, layers.frame.columns[3:27]))
        raise ContractError(
            PANEL, "lithology", f"empty or a column of {layers.table}: {has}", repr(lithology)
        )
    placed = placed_holes(PANEL, boreholes, crs)
    order, code = coded_units(PANEL, boreholes, layers, name, column)
    rises = rising(boreholes, layers)
    chosen = chosen_holes(layers, placed, code, rises, holes=holes, line=line, reach=reach, most=most)
    shown = hung(chosen, order, hang)
    along = np.array([hole.along for hole in shown])
    position = _apart(along) if spacing == "distance" else np.arange(len(shown), dtype=np.float64)
    levels = levels_of(shown, len(order), position) if bands else None
    wanted = Wanted(
        units=_unit_table(order, column), position=position, to_scale=spacing == "distance", hang=hang,
        rocks=texts(layers.frame[lithology]) if lithology else None, title=title, width_px=width_px,
        left_out=len(chosen) - len(shown), bands=bands,
    )  # fmt: skip
    return Panel(draw_panel(shown, layers, code, levels, wanted), _thickness(shown, order))


def _unit_table(order: tuple[str, ...], column: pd.DataFrame | None) -> UnitTable:
    if column is not None:
        return column_of(PANEL, column).table
    return UnitTable(np.arange(1, len(order) + 1), order, tuple(colour_of(row) for row in range(len(order))))


def _apart(along: np.ndarray) -> np.ndarray:
    """Metres along, with holes of one place moved apart by 1/40 of the panel so that each can be seen."""
    least = max(float(np.ptp(along)), 1.0) / 40
    found = along.copy()
    for row in range(1, found.size):
        found[row] = max(found[row], found[row - 1] + least)
    return found


def _thickness(shown: list[Shown], order: tuple[str, ...]) -> pd.DataFrame:
    rows = []
    for hole in shown:
        for run, seen in zip(hole.runs, bases_seen(hole.runs), strict=True):
            if run.code < 0:
                continue
            top, base = (float(hole.height(depth)) for depth in (run.top, run.base))
            whole = "yes" if seen else "no"
            rows.append(
                (hole.name, hole.along, order[run.code], run.top, run.base, top, base, top - base, whole)
            )
    names = ["hole_id", "along", "unit", "top_depth", "base_depth", "top_height", "base_height"]
    return pd.DataFrame(rows, columns=[*names, "thickness", "whole"]).astype(
        {"hole_id": "str", "unit": "str", "whole": "str"}
    )
