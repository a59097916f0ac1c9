"""Electrical inversion: the smoothest section of resistivity that explains a line of electrodes."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import occam, resistivity_plane, resistivity_section
from craton.kernels.resistivity_layers import Floats
from craton.kernels.resistivity_plane import Plane
from craton.methods.curve_sheet import CurveSheet, draw_section
from craton.methods.electrical_section import (
    AnyColumn,
    Electrodes,
    NumberColumn,
    Readings,
    bare,
    line_of,
    resistances_of,
)
from craton.methods.electrical_spread import (
    BLOCK,
    Forward,
    Spread,
    block_outlines,
    block_places,
    check_size,
)
from craton.methods.layer_table import FIT, fit_row, positive_in
from craton.methods.survey_columns import with_columns
from craton.model.data import Document
from craton.process import progress
from craton.process.marks import Bounds, Column, Paper, Table, Unit
from craton.process.processes import process

INVERSION = "electrical.section_inversion"

SEARCH = occam.Search((2.0, 1.0, 0.0, -1.0, -2.0), 2)
"""Weights of roughness that are tried: few, since each is a solution of the whole plane."""

SHOWN = 0.02
"""Resolution below which blocks are paled in the picture."""


class Section(NamedTuple):
    """What `section_inversion` gives."""

    section: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                *BLOCK,
                Column(name="resistivity", unit="ohm.m", quantity="electrical_resistivity"),
                Column(
                    name="resistivity_low", unit="ohm.m", title="Resistivity, one standard deviation less"
                ),
                Column(
                    name="resistivity_high", unit="ohm.m", title="Resistivity, one standard deviation more"
                ),
                Column(name="resolution", unit="1", title="Part that the data decide, 0 to 1"),
            )
        ),
    ]
    readings: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="measured_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
                Column(name="calculated_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
                Column(name="residual", unit="%", title="Measured less calculated, over calculated"),
            )
        ),
    ]
    fit: Annotated[pd.DataFrame, Table(columns=FIT)]
    picture: Annotated[Document, Paper()]


@process(
    INVERSION, version="2",
    keywords=("ERT", "resistivity imaging", "tomography", "topography", "Occam", "高密度电法", "二维反演"),
)  # fmt: skip
def section_inversion(
    readings: Readings,
    a: AnyColumn = "a",
    b: AnyColumn = "b",
    m: AnyColumn = "m",
    n: AnyColumn = "n",
    *,
    electrodes: Electrodes = None,
    resistance: NumberColumn | None = None,
    voltage: NumberColumn | None = None,
    current: NumberColumn | None = None,
    apparent_resistivity: NumberColumn | None = None,
    error: Annotated[float, Unit("%"), Bounds(above=0, maximum=100)] = 3.0,
    error_column: NumberColumn | None = None,
    target: Annotated[float, Unit("1"), Bounds(minimum=0.1, maximum=20)] = 1.0,
    depth: Annotated[float, Unit("m"), Bounds(above=0, maximum=1e5)] | None = None,
    flatness: Annotated[float, Unit("1"), Bounds(minimum=0.1, maximum=10)] = 1.0,
    title: str = "",
    width_px: Annotated[int, Bounds(minimum=400, maximum=6000)] = 1200,
) -> Section:
    """Smoothest section of resistivity below a line of electrodes that explains its readings.

    Use it for lines of any array over ground that changes little across the line, after
    `electrical.pseudosection` has shown no bad electrodes. Hills and valleys along the line are modelled
    where electrodes have an `elevation`. Not for slopes above 45°, nor for relief across the line; not for
    boreholes or for electrodes across a plane.

    Parameters
    ----------
    readings : DataFrame
        One reading a row, with its current electrodes A and B and its potential electrodes M and N.
    a : str
        Column of the positions of A along the line, in metres; or of names of `electrodes`.
    b : str
        Of B, likewise; a row without has B at infinity.
    m : str
        Of M, likewise.
    n : str
        Of N, likewise; a row without has N at infinity.
    electrodes : DataFrame, optional
        The names of electrodes, their `distance` along the line on the map, and, for lines that are not
        level, their `elevation`, in metres. Rows that no reading names still tell of the ground.
    resistance : str, optional
        Column of voltage over current. One of `resistance`, of `voltage` and `current`, or of
        `apparent_resistivity` is needed.
    voltage : str, optional
        Column of voltages between M and N.
    current : str, optional
        Column of currents.
    apparent_resistivity : str, optional
        Column of apparent resistivities.
    error : float
        Standard deviation of a reading in percent, the same for all.
    error_column : str, optional
        Column of standard deviations, as a part or in percent, in place of `error`.
    target : float
        Misfit at which a section is taken, in standard deviations.
    depth : float, optional
        Base of the blocks below the ground in metres. Left out, 1.3 times the greatest median depth of the
        readings.
    flatness : float
        Weight of changes along the line against those with depth: above 1 for ground in layers.
    title : str
        Written above the picture.
    width_px : int
        Width of the picture in pixels.

    Returns
    -------
    section : DataFrame
        Blocks with resistivity, its range of one standard deviation for sections as smooth as this one, and
        resolution. The outermost blocks stand for all ground beyond them.
    readings : DataFrame
        `readings` with measured and calculated apparent resistivities, free of the effect of the relief;
        none for readings that are not above 0, which are left out.
    fit : DataFrame
        Misfit of the line.
    picture : Document
        The section as a PNG; blocks that the data hardly reach are paled.

    Notes
    -----
    Finite differences for point sources on ground that does not change across the line, within 1 % for
    contrasts of ten; Occam's inversion of logarithms with first differences. Columns of blocks follow the
    ground, which is straight between rows of `electrodes` and goes on with the slope of the whole line; over
    uneven ground the geometric factor is calculated, within 3 % on slopes of 30°. Lines of up to 200
    electrodes and sections of up to 4000 blocks, which is about 100 electrodes to the depth that they see, or
    more to a lesser `depth`. The time goes with electrodes times depth: seconds for 24, many minutes for 100.

    References
    ----------
    Dey, A. and Morrison, H. F. (1979), Resistivity modelling for arbitrarily shaped two-dimensional
    structures, Geophysical Prospecting 27(1), 106-136, doi:10.1111/j.1365-2478.1979.tb00961.x.

    deGroot-Hedlin, C. and Constable, S. (1990), Occam's inversion to generate smooth, two-dimensional models
    from magnetotelluric data, Geophysics 55(12), 1613-1624, doi:10.1190/1.1442813.
    """
    line = line_of(INVERSION, readings, (a, b, m, n), electrodes)
    given = resistances_of(INVERSION, readings, line, (resistance, voltage, current, apparent_resistivity))
    spread = Spread(INVERSION, line, electrodes)
    deviation = (
        np.full(len(given), error / 100.0)
        if error_column is None
        else positive_in(INVERSION, "error_column", readings, error_column, "1")
    )
    used = np.flatnonzero((given * spread.factor > 0) & np.isfinite(deviation))
    check_size(INVERSION, used.size, len(spread.positions))
    spread = spread.of(used)
    depths = resistivity_section.median_depth(spread.between)
    forward = Forward(INVERSION, spread, depth if depth is not None else 1.3 * depths.max())
    apparent = given[used] * forward.factor()
    forward.keep(apparent > 0)
    used, apparent = used[apparent > 0], apparent[apparent > 0]
    check_size(INVERSION, used.size, len(spread.positions))
    found = _smoothest(forward, np.log(apparent), deviation[used], flatness, target)
    values, calculated = np.full((2, len(given)), np.nan)
    values[used], calculated[used] = apparent, np.exp(forward.response(found.model))
    columns = {
        "measured_resistivity": values,
        "calculated_resistivity": calculated,
        "residual": 100.0 * (values / calculated - 1.0),
    }
    section = _blocks(forward.plane, found)
    return Section(
        section,
        with_columns(bare(readings), columns, {}),
        fit_row("1", found, used.size, target),
        _picture(forward.plane, section, title, width_px),
    )


def _smoothest(
    forward: Forward, data: Floats, deviation: Floats, flatness: float, target: float
) -> occam.Found:
    """Smoothest section of logarithms of resistivity."""
    problem = occam.Problem(
        forward.response, forward.linearised, data, deviation, SEARCH,
        report=lambda step: progress.report(step / 12, "section"),
    )  # fmt: skip
    shape = forward.plane.shape
    start = np.full(shape[0] * shape[1], float(np.median(data)))
    return occam.smooth(problem, start, resistivity_plane.roughness(shape, flatness), target=target)


def _blocks(plane: Plane, found: occam.Found) -> pd.DataFrame:
    """Blocks of a section, row by row from the top."""
    spread = np.sqrt(np.diag(found.covariance))
    return pd.DataFrame(
        {
            **block_places(plane),
            "resistivity": np.exp(found.model),
            "resistivity_low": np.exp(found.model - spread),
            "resistivity_high": np.exp(found.model + spread),
            "resolution": found.resolution,
        }
    )


def _picture(plane: Plane, section: pd.DataFrame, title: str, width_px: int) -> Document:
    """Blocks coloured by resistivity."""
    sheet = CurveSheet(title, [], 3.6)
    draw_blocks(sheet, plane, section, "resistivity", "Resistivity (Ω·m)")
    return sheet.document(width_px)


def draw_blocks(sheet: CurveSheet, plane: Plane, section: pd.DataFrame, column: str, title: str) -> None:
    """Draw blocks by a column; those that the data hardly reach are paled."""
    panel = sheet.panels[0][0]
    corners = block_outlines(plane, section)
    faded = np.clip(1.0 - section["resolution"].to_numpy() / SHOWN, 0.0, 1.0)
    uneven = bool(plane.ground.any())
    draw_section(sheet, panel, list(corners), section[column].to_numpy(), title, faded, upward=uneven)
    sheet.dress(panel, "Distance (m)", "Elevation (m)" if uneven else "Depth (m)")
