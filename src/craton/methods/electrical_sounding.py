"""Electrical sounding: curves of layered ground, and layers from curves."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels.occam import Found
from craton.kernels.resistivity_layers import Floats
from craton.methods.layer_table import (
    FIT,
    LAYERS,
    fit_row,
    layer_rows,
    model_of,
    positive_in,
    soundings_of,
)
from craton.methods.sounding_fit import Array, SoundingData, Spread, fitted
from craton.methods.survey_columns import with_columns
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

CURVE, INVERSION = "electrical.sounding_curve", "electrical.sounding_inversion"

Length = Annotated[float, Unit("m"), Bounds(above=0, maximum=1e6)]
NumberColumn = Annotated[str, ColumnOf("soundings", numeric=True)]

FEWEST = 3
"""Readings of a sounding from which anything can be told."""

KNOWN = 0.3
"""Standard deviation of a logarithm below which a number is taken as determined: within a third."""


@process(CURVE, version="1", keywords=("VES", "forward model", "Schlumberger", "Wenner", "电测深", "正演"))
def sounding_curve(
    layers: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="resistivity", unit="ohm.m", quantity="electrical_resistivity"),
                Column(name="thickness", unit="m", quantity="thickness"),
            )
        ),
    ],
    *,
    array: Array = "schlumberger",
    smallest: Length = 1.0,
    largest: Length = 1000.0,
    per_decade: Annotated[int, Bounds(minimum=1, maximum=100)] = 10,
    inner: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=0.9)] = 0.0,
) -> Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="spacing", unit="m", title="Spacing of the array"),
            Column(name="apparent_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
        )
    ),
]:
    """Apparent resistivity that a sounding over flat layers shows.

    Use it to plan a sounding, to see what a thin or deep layer would do to the curve, or to check a model
    drawn by hand. Not where layers dip by more than about ten degrees or end within the spread.

    Parameters
    ----------
    layers : DataFrame
        One layer a row from the top: `resistivity` and `thickness`; the thickness of the last row is not
        used, since it has no base, and may be empty.
    array : str
        `schlumberger` (spacing AB/2), `wenner` (spacing a) or `dipole_dipole` (all four on one line, spacing
        between the middles of the dipoles).
    smallest : float
        Least spacing, in metres.
    largest : float
        Greatest spacing, in metres.
    per_decade : int
        Spacings for each factor of ten.
    inner : float
        Of Schlumberger's array MN over AB, 0 for potential electrodes close together; of `dipole_dipole`
        the length of a dipole over the spacing, above 0. Of no use to Wenner's.

    Returns
    -------
    DataFrame
        `spacing` in m and `apparent_resistivity` in ohm.m.

    Notes
    -----
    Koefoed's recurrence of the resistivity transform, filtered to 1e-9 of the largest resistivity. Curves go
    from the resistivity of the first layer at small spacings to that of the last at large ones.

    References
    ----------
    Koefoed, O. (1979), Geosounding principles 1: resistivity sounding measurements, Elsevier.
    """
    resistivity, thickness = model_of(CURVE, layers)
    if smallest > largest:
        raise ContractError(CURVE, "smallest", f"at most `largest`, {largest:g} m", f"{smallest:g} m")
    if array == "dipole_dipole" and inner == 0.0:
        allowed = "above 0, a dipole's length over the spacing, for dipoles"
        raise ContractError(CURVE, "inner", allowed, "0")
    count = 1 + round(per_decade * np.log10(largest / smallest))
    spacing = np.geomspace(smallest, largest, max(count, 1 if smallest == largest else 2))
    spread = Spread(array, spacing, inner * spacing)
    return pd.DataFrame({"spacing": spacing, "apparent_resistivity": spread.response(resistivity, thickness)})


class SoundingModel(NamedTuple):
    """What `sounding_inversion` gives."""

    model: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                *LAYERS,
                Column(name="thickness", unit="m", quantity="thickness"),
                Column(name="thickness_low", unit="m", title="Thickness, one standard deviation less"),
                Column(name="thickness_high", unit="m", title="Thickness, one standard deviation more"),
                Column(name="determined", title="What the data determine of the layer"),
            )
        ),
    ]
    curves: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="calculated_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
                Column(name="residual", unit="%", title="Measured less calculated, over calculated"),
            )
        ),
    ]
    fit: Annotated[pd.DataFrame, Table(columns=FIT)]


@process(
    INVERSION, version="1",
    keywords=("VES", "Occam", "Schlumberger", "Wenner", "equivalence", "groundwater", "电测深", "反演"),
)  # fmt: skip
def sounding_inversion(
    soundings: Annotated[pd.DataFrame, Table()],
    spacing: NumberColumn = "spacing",
    apparent_resistivity: NumberColumn = "apparent_resistivity",
    *,
    sounding: Annotated[str, ColumnOf("soundings")] | None = None,
    inner: NumberColumn | None = None,
    array: Array = "schlumberger",
    error: Annotated[float, Unit("%"), Bounds(above=0, maximum=100)] = 5.0,
    error_column: NumberColumn | None = None,
    kind: Literal["smooth", "few"] = "smooth",
    layers: Annotated[int, Bounds(minimum=1, maximum=8)] = 3,
    depth: Length | None = None,
    target: Annotated[float, Unit("1"), Bounds(minimum=0.1, maximum=20)] = 1.0,
) -> SoundingModel:
    """Layers below electrical soundings, with what is known of each.

    Use it for soundings over layers that are flat within the spread. First ask for a `smooth` model, which
    shows how much the curve tells, then for `few` layers, as many as it shows. Not near faults, slopes or
    pipes: the curve then bends as no layers can make it, and the misfit stays high.

    Parameters
    ----------
    soundings : DataFrame
        One reading a row.
    spacing : str
        Column of AB/2 (Schlumberger), a (Wenner), or the distance between the middles of the dipoles.
    apparent_resistivity : str
        Column of apparent resistivities, above 0; rows without are left out.
    sounding : str, optional
        Column of the names of soundings. Left out, all rows are one.
    inner : str, optional
        Column of MN/2 of Schlumberger's array, or of the length of a dipole. Left out for Schlumberger, MN
        is taken as small.
    array : str
        `schlumberger`, `wenner`, or `dipole_dipole` with all four electrodes on one line.
    error : float
        Standard deviation of a reading in percent, the same for all.
    error_column : str, optional
        Column of standard deviations, as a part or in percent, in place of `error`.
    kind : str
        `smooth`: the smoothest of many thin layers. `few`: `layers` layers with sharp boundaries.
    layers : int
        Layers of a model of few.
    depth : float, optional
        Base of the smooth model in metres. Left out, twice the median depth of the widest reading.
    target : float
        Misfit at which a smooth model is taken, in standard deviations; 1 where errors are well known.

    Returns
    -------
    model : DataFrame
        Layers of each sounding with resistivity, its range of one standard deviation, and of `few` layers
        the thickness and its range. `determined` tells of these which numbers are known within a third:
        both; only their product or their quotient (equivalence); or nothing (suppression).
    curves : DataFrame
        `soundings` with calculated apparent resistivities and residuals.
    fit : DataFrame
        Misfit of each sounding.

    Notes
    -----
    Logarithms are fitted. A thin resistive layer shows only its thickness times resistivity, a thin
    conductive one only their quotient; the ranges are those of one number while all others may change. The
    ranges of a smooth model hold for models as smooth as it. Models of few layers start from the smooth one,
    and from layers of even thickness on the scale of depth; the best is kept. Segments of a Schlumberger
    curve that are shifted against each other where MN was changed should be joined before.

    References
    ----------
    Constable, S. C., Parker, R. L., and Constable, C. G. (1987), Occam's inversion, Geophysics 52(3),
    289-300, doi:10.1190/1.1442303.

    Inman, J. R. (1975), Resistivity inversion with ridge regression, Geophysics 40(5), 798-817,
    doi:10.1190/1.1440569.
    """
    id = INVERSION
    values = positive_in(id, "apparent_resistivity", soundings, apparent_resistivity, "ohm.m")
    at = positive_in(id, "spacing", soundings, spacing, "m")
    within = _inner_of(soundings, inner, array, at)
    deviation = (
        np.full(len(values), error / 100.0)
        if error_column is None
        else positive_in(id, "error_column", soundings, error_column, "1")
    )
    used = np.isfinite(values) & np.isfinite(at) & np.isfinite(within) & np.isfinite(deviation)
    groups = soundings_of(id, "soundings", soundings, sounding)
    calculated = np.full(len(values), np.nan)
    models, fits = [], []
    for name, rows in progress.each(list(groups.items()), "soundings"):
        chosen = rows[used[rows]]
        least = FEWEST if kind == "smooth" else 2 * layers - 1
        if len(chosen) < least:
            raise ContractError(
                id, "soundings", f"soundings of at least {least} readings", f"{len(chosen)} in {name!r}"
            )
        spread = Spread(array, at[chosen], within[chosen])
        data = SoundingData(spread, np.log(values[chosen]), deviation[chosen])
        found, thickness = fitted(data, depth, target, layers if kind == "few" else 0)
        models.append(_model_rows(name, found, thickness, few=kind == "few"))
        fits.append(fit_row(name, found, len(chosen), target))
        calculated[chosen] = spread.response(np.exp(found.model[: len(thickness) + 1]), thickness)
    columns = {"calculated_resistivity": calculated, "residual": 100.0 * (values / calculated - 1.0)}
    return SoundingModel(
        pd.concat(models, ignore_index=True),
        with_columns(soundings, columns, {}),
        pd.concat(fits, ignore_index=True),
    )


def _model_rows(name: str, found: Found, thickness: Floats, *, few: bool) -> pd.DataFrame:
    """Rows of a model; only one of few layers has ranges of thickness."""
    rows = layer_rows(name, found, thickness)
    count, open_end = len(thickness) + 1, [np.nan]
    spread = np.sqrt(np.diag(found.covariance))[count:] if few else np.full(count - 1, np.nan)
    return rows.assign(
        thickness=np.append(thickness, open_end),
        thickness_low=np.append(thickness * np.exp(-spread), open_end),
        thickness_high=np.append(thickness * np.exp(spread), open_end),
        determined=_determined(found.covariance, count) if few else "",
    )


def _determined(covariance: Floats, count: int) -> list[str]:
    """What is known of each layer within a third."""
    words = []
    for layer in range(count):
        own = covariance[layer, layer]
        if layer == count - 1:
            words.append("resistivity" if own < KNOWN**2 else "nothing")
            continue
        thick, shared = covariance[count + layer, count + layer], covariance[layer, count + layer]
        variances = {
            "thickness and resistivity": max(own, thick),
            "resistivity": own,
            "thickness times resistivity": own + thick + 2 * shared,
            "thickness over resistivity": own + thick - 2 * shared,
            "thickness": thick,
        }
        words.append(next((word for word, one in variances.items() if one < KNOWN**2), "nothing"))
    return words


def _inner_of(soundings: pd.DataFrame, column: str | None, array: Array, spacing: Floats) -> Floats:
    """Half of MN, or the length of dipoles; 0 where it does not count."""
    if column is None:
        if array == "dipole_dipole":
            allowed = "a column of the lengths of dipoles, for `dipole_dipole`"
            raise ContractError(INVERSION, "inner", allowed, "nothing")
        return np.zeros(len(spacing))
    inner = positive_in(INVERSION, "inner", soundings, column, "m")
    wrong = np.flatnonzero(inner >= spacing)
    if wrong.size:
        row = wrong[0]
        came = f"{inner[row]:g} m with {spacing[row]:g} m in row {row + 1}"
        raise ContractError(INVERSION, "inner", "a column of lengths below the spacing", came)
    return inner
