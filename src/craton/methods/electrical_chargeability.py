"""Electrical chargeability: the section of chargeability that explains the induced polarisation of a line."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import occam, resistivity_plane
from craton.kernels.resistivity_layers import Floats
from craton.kernels.resistivity_plane import Plane
from craton.methods.curve_sheet import CurveSheet
from craton.methods.electrical_inversion import SEARCH, draw_blocks
from craton.methods.electrical_section import AnyColumn, Electrodes, NumberColumn, Readings, bare, line_of
from craton.methods.electrical_spread import BLOCK, Forward, Spread, block_places, check_size
from craton.methods.layer_table import FIT, fit_row
from craton.methods.survey_columns import numbers_in, unit_of, with_columns
from craton.methods.vector_shapes import noted
from craton.model import units
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, Paper, Table, Unit
from craton.process.processes import process

CHARGEABILITY = "electrical.chargeability_section"

PART, AREAS = "mV/V", ("ms", "mV/V.s")
"""Units of chargeability: a part of the voltage, or the area below a decay of it."""

LARGEST = 1000.0
"""Chargeability in mV/V that none can exceed: the whole voltage."""

FLOOR = 1e-4
"""Least chargeability of a block, over the largest reading."""


class Chargeability(NamedTuple):
    """What `chargeability_section` gives."""

    section: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                *BLOCK,
                Column(name="chargeability", title="Chargeability, in the unit of the readings"),
                Column(name="chargeability_low", title="Chargeability, one standard deviation less"),
                Column(name="chargeability_high", title="Chargeability, one standard deviation more"),
                Column(name="resolution", unit="1", title="Part that the data decide, 0 to 1"),
            )
        ),
    ]
    readings: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="calculated_chargeability", title="Apparent chargeability of the section"),
                Column(name="chargeability_residual", title="Measured less calculated"),
            )
        ),
    ]
    fit: Annotated[pd.DataFrame, Table(columns=FIT)]
    picture: Annotated[Document, Paper()]


@process(
    CHARGEABILITY, version="1",
    keywords=("IP", "induced polarisation", "2D", "Seigel", "sulphides", "激发极化", "充电率", "二维反演"),
)  # fmt: skip
def chargeability_section(
    readings: Readings,
    section: Annotated[
        pd.DataFrame,
        Table(columns=(*BLOCK[:4], Column(name="resistivity", unit="ohm.m"))),
    ],
    a: AnyColumn = "a",
    b: AnyColumn = "b",
    m: AnyColumn = "m",
    n: AnyColumn = "n",
    *,
    chargeability: NumberColumn,
    electrodes: Electrodes = None,
    error: Annotated[float, Unit("%"), Bounds(above=0, maximum=100)] = 5.0,
    target: Annotated[float, Unit("1"), Bounds(minimum=0.1, maximum=20)] = 1.0,
    flatness: Annotated[float, Unit("1"), Bounds(minimum=0.1, maximum=10)] = 1.0,
    title: str = "",
    width_px: Annotated[int, Bounds(minimum=400, maximum=6000)] = 1200,
) -> Chargeability:
    """Smoothest section of chargeability below a line of electrodes that explains its induced polarisation.

    Use it after `electrical.section_inversion` on lines whose readings hold a chargeability too: for
    disseminated sulphides, graphite and clay, which resistivity alone does not tell apart. Not for lines
    whose decays were not looked at, nor for spectral induced polarisation.

    Parameters
    ----------
    readings : DataFrame
        One reading a row, with its current electrodes A and B and its potential electrodes M and N.
    section : DataFrame
        Blocks of resistivity of the same line, as `electrical.section_inversion` gives them.
    a : str
        Column of the positions of A along the line, in metres; or of names of `electrodes`.
    b : str
        Of B, likewise; a row without has B at infinity.
    m : str
        Of M, likewise.
    n : str
        Of N, likewise; a row without has N at infinity.
    chargeability : str
        Column of apparent chargeabilities: a part of the voltage such as mV/V, at most 1000 mV/V, or an
        integral of the decay such as ms.
    electrodes : DataFrame, optional
        As for `electrical.section_inversion`.
    error : float
        Standard deviation of a reading in percent of it, and not less than that of the median of all.
    target : float
        Misfit at which a section is taken, in standard deviations.
    flatness : float
        Weight of changes along the line against those with depth: above 1 for ground in layers.
    title : str
        Written above the picture.
    width_px : int
        Width of the picture in pixels.

    Returns
    -------
    section : DataFrame
        Blocks with chargeability in mV/V, ms or mV/V.s, its range of one standard deviation for sections as
        smooth as this one, and resolution.
    readings : DataFrame
        `readings` with calculated apparent chargeabilities in the same unit, and residuals; none for rows
        without a reading.
    fit : DataFrame
        Misfit of the line.
    picture : Document
        The section as a PNG; blocks that the data hardly reach are paled.

    Notes
    -----
    Mₐ = Σ M ∂ln ρₐ/∂ln ρ, the weights of which have the sum 1: the first order of Seigel's ρ/(1 − M), good
    while M is well below 1000 mV/V (200 mV/V may come out a tenth too low or high). Readings below 0 count
    as they are, blocks are above 0: Occam's inversion is of their logarithms. The misfit is of this step
    alone; a poor `section` of resistivity makes a poor one of chargeability.

    References
    ----------
    Seigel, H. O. (1959), Mathematical formulation and type curves for induced polarization, Geophysics
    24(3), 547-565, doi:10.1190/1.1438625.

    Oldenburg, D. W. and Li, Y. (1994), Inversion of induced polarization data, Geophysics 59(9), 1327-1341,
    doi:10.1190/1.1443692.
    """
    values, unit = _values(readings, chargeability)
    line = line_of(CHARGEABILITY, readings, (a, b, m, n), electrodes)
    spread = Spread(CHARGEABILITY, line, electrodes)
    used = np.flatnonzero(np.isfinite(values) & np.isfinite(spread.factor))
    check_size(CHARGEABILITY, used.size, len(spread.positions))
    scale = float(np.abs(values[used]).max())
    if scale == 0.0:
        raise ContractError(CHARGEABILITY, "chargeability", "a column of readings other than 0", "zeros")
    forward = Forward(CHARGEABILITY, spread.of(used), _depth(section))
    weights = _weights(forward, section)
    found = _smoothest(weights, values[used] / scale, error, flatness, target, forward.plane.shape)
    calculated = np.full(len(values), np.nan)
    calculated[used] = scale * (weights @ np.exp(found.model))
    blocks = _blocks(forward.plane, found, scale, unit)
    columns = {"calculated_chargeability": calculated, "chargeability_residual": values - calculated}
    sheet = CurveSheet(title, [], 3.6)
    draw_blocks(sheet, forward.plane, blocks, "chargeability", f"Chargeability ({unit})")
    return Chargeability(
        blocks,
        with_columns(bare(readings), columns, {name: {"unit": unit} for name in columns}),
        fit_row("1", found, used.size, target),
        sheet.document(width_px),
    )


def _values(readings: pd.DataFrame, column: str) -> tuple[Floats, str]:
    """Apparent chargeabilities, and the unit they are in."""
    own = unit_of(readings, column)
    unit = next((one for one in AREAS if own and units.compatible(own, one)), PART)
    values: Floats = numbers_in(CHARGEABILITY, "chargeability", readings, column, unit)
    if unit == PART:
        wrong = np.flatnonzero(np.abs(values) > LARGEST)
        if wrong.size:
            came = f"{values[wrong[0]]:g} mV/V in row {wrong[0] + 1} ({wrong.size} such)"
            allowed = f"a column of at most {LARGEST:g} mV/V, the whole voltage"
            raise ContractError(CHARGEABILITY, "chargeability", allowed, came)
    return values, unit


def _depth(section: pd.DataFrame) -> float:
    """Base of the blocks of a section whose numbers are those of blocks."""
    numbers = section[["from_distance", "to_distance", "top", "bottom", "resistivity"]].to_numpy(np.float64)
    if section.empty:
        raise ContractError(CHARGEABILITY, "section", "a table of at least one block", "one of none")
    left, right, top, bottom, resistivity = numbers.T
    wrong = np.flatnonzero(~((left < right) & (top < bottom) & (resistivity > 0) & np.isfinite(resistivity)))
    if wrong.size:
        allowed = "blocks with extent and a resistivity above 0"
        raise ContractError(CHARGEABILITY, "section", allowed, f"another in row {wrong[0] + 1}")
    # A step of rounding less, lest a layer be added below.
    return float(bottom.max()) * (1.0 - 1e-9)


def _weights(forward: Forward, section: pd.DataFrame) -> Floats:
    """Parts (n, blocks) that blocks have in each reading, over the resistivities of a section."""
    places = block_places(forward.plane)
    across = 0.5 * (places["from_distance"] + places["to_distance"])
    down = 0.5 * (places["top"] + places["bottom"])
    left, right, top, bottom = (
        section[name].to_numpy() for name in ("from_distance", "to_distance", "top", "bottom")
    )
    across = np.clip(across, left.min(), np.nextafter(right.max(), -np.inf))
    down = np.clip(down, top.min(), np.nextafter(bottom.max(), -np.inf))
    inside = (left <= across[:, None]) & (across[:, None] < right)
    inside &= (top <= down[:, None]) & (down[:, None] < bottom)
    if not inside.any(axis=1).all():
        raise ContractError(CHARGEABILITY, "section", "blocks that fill a section", "some with gaps between")
    resistivity = section["resistivity"].to_numpy()[inside.argmax(axis=1)]
    return forward.linearised(np.log(resistivity))[1]


def _smoothest(
    weights: Floats, data: Floats, error: float, flatness: float, target: float, shape: tuple[int, int]
) -> occam.Found:
    """Smoothest section of logarithms of chargeability over the largest reading."""
    size = np.abs(data)
    deviation = error / 100.0 * np.maximum(size, np.median(size))
    problem = occam.Problem(
        lambda model: weights @ np.exp(model),
        lambda model: (weights @ np.exp(model), weights * np.exp(model)),
        data, np.where(deviation > 0, deviation, error / 100.0 * size.mean()),
        search=SEARCH, limits=(np.log(FLOOR), np.log(1.0 / FLOOR)),
        report=lambda step: progress.report(step / occam.MOST_STEPS, "section"),
    )  # fmt: skip
    start = np.full(shape[0] * shape[1], np.log(max(float(np.median(data)), 10.0 * FLOOR)))
    return occam.smooth(problem, start, resistivity_plane.roughness(shape, flatness), target=target)


def _blocks(plane: Plane, found: occam.Found, scale: float, unit: str) -> pd.DataFrame:
    """Blocks of a section, row by row from the top."""
    spread = np.sqrt(np.diag(found.covariance))
    numbers = {
        "chargeability": scale * np.exp(found.model),
        "chargeability_low": scale * np.exp(found.model - spread),
        "chargeability_high": scale * np.exp(found.model + spread),
    }
    frame = pd.DataFrame({**block_places(plane), **numbers, "resolution": found.resolution})
    return noted(frame, {name: {"unit": unit} for name in numbers})
