"""Magnetotelluric curves: apparent resistivity and phase of a station as a picture."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.methods.curve_sheet import MARKS, CurveSheet, draw_readings
from craton.methods.impedance_table import Impedances, Mode, readings_of, resistivity_and_phase
from craton.methods.layer_table import soundings_of
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Paper
from craton.process.processes import process

CURVES = "magnetotelluric.curves"

LABELS: dict[Mode, str] = {"xy": "xy", "yx": "yx, phase turned by 180°", "determinant": "determinant"}


@process(CURVES, version="1", keywords=("MT", "AMT", "EDI", "figure", "plot", "大地电磁", "曲线"))
def curves(
    impedances: Impedances,
    *,
    station: Annotated[str, ColumnOf("impedances")] | None = None,
    name: str = "",
    title: str = "",
    width_px: Annotated[int, Bounds(minimum=400, maximum=6000)] = 1200,
) -> Annotated[Document, Paper()]:
    """Apparent resistivity and phase of one magnetotelluric station over period, as a picture.

    Use it to look at a station before it is inverted, and for reports.

    Parameters
    ----------
    impedances : DataFrame
        One row a station and frequency: `frequency` in Hz and `zxx_real` to `zyy_imaginary` in mV/km/nT, with
        variances where errors are known.
    station : str, optional
        Column of the names of stations. Left out, all rows are one.
    name : str
        Of the station to draw; the first where empty.
    title : str
        Written above the curves; the name of the station where empty.
    width_px : int
        Width in pixels.

    Returns
    -------
    Document
        A PNG with the curves of xy, yx and the determinant, with bars of one standard deviation where
        variances are known.

    Notes
    -----
    As `magnetotelluric.apparent_resistivity`, but with the phase of yx turned by 180° to stand beside xy.

    References
    ----------
    Cagniard, L. (1953), Basic theory of the magneto-telluric method of geophysical prospecting, Geophysics
    18(3), 605-635, doi:10.1190/1.1437915.
    """
    chosen, found = _station(impedances, station, name)
    words = title or (found if station else "")
    sheet = CurveSheet(words, LABELS.values(), 6.0, heights=(3.0, 2.0))
    (above,), (below,) = sheet.panels
    above.set(xscale="log", yscale="log")
    below.set(xscale="log", ylim=(-10, 100), yticks=(0, 45, 90))
    readings = readings_of(CURVES, chosen)
    period = 1.0 / readings.frequency
    for mark, (mode, label) in zip(MARKS, LABELS.items(), strict=True):
        value, variance = readings.mode(mode)
        apparent, apparent_std, phase, phase_std = resistivity_and_phase(value, variance, readings.frequency)
        draw_readings(above, period, np.where(apparent > 0, apparent, np.nan), apparent_std, mark, label)
        draw_readings(below, period, phase, phase_std, mark, label)
    sheet.dress(above, "", "Apparent resistivity (Ω·m)")
    sheet.dress(below, "Period (s)", "Phase (°)")
    sheet.key(above)
    return sheet.document(width_px)


def _station(impedances: pd.DataFrame, column: str | None, name: str) -> tuple[pd.DataFrame, str]:
    """Rows of the station `name`, or of the first, and its name."""
    groups = soundings_of(CURVES, "impedances", impedances, column)
    found = name or next(iter(groups))
    if found not in groups:
        has = ", ".join(list(groups)[:12])
        raise ContractError(CURVES, "name", "the name of a station", f"{name!r}; there are {has}")
    return impedances.iloc[groups[found]], found
