"""Electrical inversion: the smoothest section of resistivity that explains a line of electrodes."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import occam, resistivity_plane, resistivity_section
from craton.kernels.resistivity_layers import Floats
from craton.kernels.resistivity_plane import Plane, Potentials
from craton.methods.curve_sheet import CurveSheet, draw_section
from craton.methods.electrical_section import (
    FAR,
    AnyColumn,
    Electrodes,
    Line,
    NumberColumn,
    Readings,
    bare,
    line_of,
    resistances_of,
)
from craton.methods.layer_table import FIT, fit_row, positive_in
from craton.methods.survey_columns import with_columns
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Paper, Table, Unit
from craton.process.processes import process

INVERSION = "electrical.section_inversion"

FEWEST = 6
"""Readings of a line from which a section is sought."""

MOST_ELECTRODES, MOST_READINGS, MOST_BLOCKS = 200, 6000, 4000
"""Largest line, whose blocks and readings are solved at once in matrices of blocks by blocks."""

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
                Column(name="from_distance", unit="m", title="Left edge along the line"),
                Column(name="to_distance", unit="m", title="Right edge along the line"),
                Column(name="top", unit="m", quantity="depth", title="Depth of the top"),
                Column(name="bottom", unit="m", quantity="depth", title="Depth of the base"),
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
    INVERSION, version="1",
    keywords=("ERT", "resistivity imaging", "tomography", "2D", "Occam", "高密度电法", "二维反演"),
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
    `electrical.pseudosection` has shown no bad electrodes. Not for steep ground: distances are taken along
    the ground, and the ground as flat. Not for boreholes or for electrodes across a plane.

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
        The names of electrodes, their `distance` along the line, and their `elevation`, in metres.
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
        Base of the blocks in metres. Left out, 1.3 times the greatest median depth of the readings.
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
        `readings` with measured and calculated apparent resistivities; none for readings that are not
        above 0, which are left out.
    fit : DataFrame
        Misfit of the line.
    picture : Document
        The section as a PNG; blocks that the data hardly reach are paled.

    Notes
    -----
    Finite differences for point sources on ground that does not change across the line, within 1 % for
    contrasts of ten; Occam's inversion of logarithms with first differences. Lines of up to 200 electrodes
    and sections of up to 4000 blocks, which is about 100 electrodes to the depth that they see, or more to a
    lesser `depth`. The time goes with electrodes times depth: seconds for 24, many minutes for 100.

    References
    ----------
    Dey, A. and Morrison, H. F. (1979), Resistivity modelling for arbitrarily shaped two-dimensional
    structures, Geophysical Prospecting 27(1), 106-136, doi:10.1111/j.1365-2478.1979.tb00961.x.

    deGroot-Hedlin, C. and Constable, S. (1990), Occam's inversion to generate smooth, two-dimensional models
    from magnetotelluric data, Geophysics 55(12), 1613-1624, doi:10.1190/1.1442813.
    """
    line = line_of(INVERSION, readings, (a, b, m, n), electrodes)
    given = resistances_of(INVERSION, readings, line, (resistance, voltage, current, apparent_resistivity))
    spread = _Spread(line)
    values = given * spread.factor
    deviation = (
        np.full(len(values), error / 100.0)
        if error_column is None
        else positive_in(INVERSION, "error_column", readings, error_column, "1")
    )
    used = np.isfinite(values) & (values > 0) & np.isfinite(deviation)
    _check_size(int(used.sum()), len(spread.positions))
    spread = spread.of(used)
    depths = resistivity_section.median_depth(spread.between)
    plane = resistivity_plane.plane_of(spread.positions, depth if depth is not None else 1.3 * depths.max())
    _check_blocks(plane)
    forward = _Forward(plane, spread)
    problem = occam.Problem(
        forward.response, forward.linearised, np.log(values[used]), deviation[used], SEARCH,
        report=lambda step: progress.report(step / 12, "section"),
    )  # fmt: skip
    blocks = plane.shape[0] * plane.shape[1]
    start = np.full(blocks, float(np.median(np.log(values[used]))))
    found = occam.smooth(problem, start, resistivity_plane.roughness(plane.shape, flatness), target=target)
    calculated = np.full(len(values), np.nan)
    calculated[used] = np.exp(forward.response(found.model))
    columns = {
        "measured_resistivity": np.where(used, values, np.nan),
        "calculated_resistivity": calculated,
        "residual": 100.0 * (values / calculated - 1.0),
    }
    section = _blocks(plane, found)
    return Section(
        section,
        with_columns(bare(readings), columns, {}),
        fit_row("1", found, int(used.sum()), target),
        _picture(section, title, width_px),
    )


class _Spread:
    """Readings of a line laid out flat: positions of its electrodes, their numbers in readings, geometry."""

    def __init__(self, line: Line) -> None:
        places = line.positions[np.isfinite(line.positions[..., 0])]
        distinct = np.unique(places, axis=0)
        if (np.diff(distinct[:, 0]) == 0).any():
            allowed = "a line of electrodes one after the other"
            raise ContractError(INVERSION, "electrodes", allowed, "two at one distance")
        steps = np.hypot(*np.diff(distinct, axis=0).T)
        along = distinct[0, 0] + np.concatenate([[0.0], np.cumsum(steps)])
        number = np.searchsorted(distinct[:, 0], np.nan_to_num(line.positions[..., 0]))
        far = ~np.isfinite(line.positions[..., 0])
        self._set(along, np.where(far, FAR, number).T)

    def _set(self, positions: Floats, numbers: np.ndarray) -> None:
        self.positions, self.numbers = positions, numbers
        at = np.where(numbers == FAR, np.nan, positions[numbers]).T[..., None]
        self.between = resistivity_section.distances(at)
        self.factor = resistivity_section.geometric_factor(self.between)

    def of(self, rows: np.ndarray) -> _Spread:
        """The same of some readings, with the electrodes that they use."""
        kept, numbers = self.numbers[rows], self.numbers[rows]
        used = np.unique(kept[kept != FAR])
        chosen = object.__new__(_Spread)
        chosen._set(self.positions[used], np.where(kept == FAR, FAR, np.searchsorted(used, numbers)))
        return chosen


class _Forward:
    """Logarithms of the apparent resistivities of blocks, each solution kept until the next."""

    def __init__(self, plane: Plane, spread: _Spread) -> None:
        lengths = spread.between[np.isfinite(spread.between)]
        self.potentials = Potentials(plane, float(lengths.min()))
        self.readings = spread.numbers
        ones = np.ones(plane.shape[0] * plane.shape[1])
        self.uniform = self.potentials.voltages(self.potentials.solved(ones), self.readings)

    def response(self, model: Floats) -> Floats:
        """Of logarithms of resistivities."""
        fields = self.potentials.solved(np.exp(-model))
        with np.errstate(invalid="ignore"):
            curve: Floats = np.log(self.potentials.voltages(fields, self.readings) / self.uniform)
        return curve

    def linearised(self, model: Floats) -> tuple[Floats, Floats]:
        """The same with derivatives."""
        fields = self.potentials.solved(np.exp(-model))
        voltage = self.potentials.voltages(fields, self.readings)
        slope = -self.potentials.slopes(fields, self.readings) * np.exp(-model)
        return np.log(voltage / self.uniform), slope / voltage[:, None]


def _check_size(readings: int, electrodes: int) -> None:
    if readings < FEWEST or readings > MOST_READINGS:
        allowed = f"a line of {FEWEST} to {MOST_READINGS} readings above 0"
        raise ContractError(INVERSION, "readings", allowed, f"{readings} of them")
    if electrodes > MOST_ELECTRODES:
        allowed = f"a line of at most {MOST_ELECTRODES} electrodes"
        raise ContractError(INVERSION, "readings", allowed, f"{electrodes} of them", hint="part it")


def _check_blocks(plane: Plane) -> None:
    rows, columns = plane.shape
    if rows * columns > MOST_BLOCKS:
        raise ContractError(
            INVERSION, "readings", f"a section of at most {MOST_BLOCKS} blocks",
            f"{rows * columns}: {rows} from the top down, {columns} along the line",
            hint="give a lesser `depth`, or part the line into shorter ones",
        )  # fmt: skip


def _blocks(plane: Plane, found: occam.Found) -> pd.DataFrame:
    """Blocks of a section, row by row from the top."""
    rows, columns = plane.shape
    spread = np.sqrt(np.diag(found.covariance))
    return pd.DataFrame(
        {
            "from_distance": np.tile(plane.edges_across[:-1], rows),
            "to_distance": np.tile(plane.edges_across[1:], rows),
            "top": np.repeat(plane.edges_down[:-1], columns),
            "bottom": np.repeat(plane.edges_down[1:], columns),
            "resistivity": np.exp(found.model),
            "resistivity_low": np.exp(found.model - spread),
            "resistivity_high": np.exp(found.model + spread),
            "resolution": found.resolution,
        }
    )


def _picture(section: pd.DataFrame, title: str, width_px: int) -> Document:
    """Blocks coloured by resistivity."""
    left, right, top, bottom = (
        section[name].to_numpy() for name in ("from_distance", "to_distance", "top", "bottom")
    )
    corners = np.stack([[left, top], [right, top], [right, bottom], [left, bottom]], axis=0)
    faded = np.clip(1.0 - section["resolution"].to_numpy() / SHOWN, 0.0, 1.0)
    sheet = CurveSheet(title, [], 3.6)
    panel = sheet.panels[0][0]
    shapes = list(np.moveaxis(corners, 2, 0))
    draw_section(sheet, panel, shapes, section["resistivity"].to_numpy(), "Resistivity (Ω·m)", faded)
    sheet.dress(panel, "Distance (m)", "Depth (m)")
    return sheet.document(width_px)
