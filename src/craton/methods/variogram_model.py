"""Variogram models as tables: one row a structure, the way they are fitted, kept and given to kriging."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

VARIOGRAM_MODEL = "geostatistics.variogram_model"

Structure = Literal[
    "spherical", "exponential", "gaussian", "matern", "cubic", "hole_effect", "power", "linear"
]

NUGGET, LINEAR = "nugget", "linear"

MODEL_COLUMNS = (
    Column(name="structure", title="Structure"),
    Column(name="sill", title="Sill, or variogram at the range of a power structure"),
    Column(name="range", unit="m", title="Range along the main axis"),
)

ModelTable = Annotated[pd.DataFrame, Table(columns=MODEL_COLUMNS)]
"""A variogram model: columns `structure`, `sill`, `range`, and further ones for directions."""

FURTHER = ("range_across", "range_vertical", "azimuth", "dip", "shape")
"""Columns of a model that may be left out or empty."""


class Part(NamedTuple):
    """One structure: its name, sill, ranges in metres, axes in degrees, and smoothness or exponent."""

    structure: str
    sill: float
    range: float
    range_across: float
    range_vertical: float
    azimuth: float = 0.0
    dip: float = 0.0
    shape: float = np.nan


@process(VARIOGRAM_MODEL, version="1", keywords=("variogram", "nugget", "anisotropy", "变差函数", "克里金"))
def variogram_model(
    structure: Structure = "spherical",
    *,
    sill: Annotated[float, Bounds(above=0)] = 1.0,
    range_along: Annotated[float, Unit("m"), Bounds(above=0)] = 1000.0,
    nugget: Annotated[float, Bounds(minimum=0)] = 0.0,
    range_across: Annotated[float, Unit("m"), Bounds(above=0)] | None = None,
    range_vertical: Annotated[float, Unit("m"), Bounds(above=0)] | None = None,
    azimuth: Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=360)] = 0.0,
    dip: Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)] = 0.0,
    shape: Annotated[float, Bounds(minimum=0.05, maximum=20)] | None = None,
    zonal: Literal["none", "across", "vertical"] = "none",
    added_to: ModelTable | None = None,
) -> ModelTable:
    """Variogram model from its numbers, to be given to kriging and simulation.

    Use it where the model is known: from a report, from the fit of another element, or drawn by eye. Models
    of several structures are made by adding one to another. Otherwise let `geostatistics.fit_variogram` find
    it.

    Parameters
    ----------
    structure : str
        Form of the variogram. `linear` and `power` rise without end and serve kriging, not simulation.
        `hole_effect` goes up and down; `gaussian` is for very smooth fields and needs a nugget.
    sill : float
        What the structure adds to the variogram in the end, without the nugget, in the squared unit of the
        values; of `linear` and `power`, the variogram at the range.
    range_along : float
        Range along the main axis in metres: where the sill is reached, or 95 percent of it by structures
        that only approach it (three times the parameter a of exp(−h/a)).
    nugget : float
        Jump of the variogram at the origin: errors of measurement and what changes within metres.
    range_across : float
        Range across the main axis. Left out, as along it.
    range_vertical : float
        Range along the third axis, which is vertical where `dip` is 0. Left out, as along the main axis.
    azimuth : float
        Direction of the main axis, degrees clockwise from north.
    dip : float
        Of the main axis, degrees below the horizontal.
    shape : float
        Smoothness ν of `matern` (left out, 1.5), or exponent of `power`, below 2 (left out, 1.5).
    zonal : str
        Where the structure changes in one direction only: `across` the main axis, as from the axis of a
        basin outward, or `vertical`, as from layer to layer. Its range along the other axes is infinite.
    added_to : DataFrame
        Model to which the structure is added; nuggets add up.

    Returns
    -------
    DataFrame
        One row a structure: `structure`, `sill`, `range`, `range_across`, `range_vertical` in metres
        (infinite where nothing changes along an axis), `azimuth`, `dip`, and `shape`.

    Notes
    -----
    With the lag turned to the axes and divided by the ranges, h: spherical γ = c (3h/2 − h³/2) up to h = 1,
    exponential c (1 − exp(−3h)), gaussian c (1 − exp(−3h²)), cubic c (7h² − 35h³/4 + 7h⁵/2 − 3h⁷/4) up to
    h = 1, hole_effect c (1 − sin(πh)/(πh)), power c h^p, linear c h, Matérn with the scale at which 95
    percent of the sill is reached at h = 1.

    References
    ----------
    Chilès, J.-P. and Delfiner, P. (2012), Geostatistics: modeling spatial uncertainty, 2nd ed., Wiley,
    section 2.5.
    """
    if structure == "power" and shape is not None and shape >= 2:
        raise ContractError(VARIOGRAM_MODEL, "shape", "below 2 for a power structure", f"{shape:g}")
    ranges = (range_along, range_across or range_along, range_vertical or range_along)
    if zonal != "none":
        wanted = 1 if zonal == "across" else 2
        across, third = (ranges[axis] if axis == wanted else np.inf for axis in (1, 2))
        ranges = (np.inf, across, third)
    extra = shape or (1.5 if structure in {"matern", "power"} else np.nan)
    part = Part(structure, sill, *ranges, azimuth=azimuth, dip=dip, shape=extra)
    before = [] if added_to is None else parts_of(VARIOGRAM_MODEL, "added_to", added_to)
    old = sum(one.sill for one in before if one.structure == NUGGET)
    return model_table(nugget + old, [*(one for one in before if one.structure != NUGGET), part])


def model_table(nugget: float, parts: list[Part], unit: str = "") -> pd.DataFrame:
    """Table of a nugget and structures; `unit` is that of the sills."""
    rows = [Part(NUGGET, nugget, *[np.nan] * 6), *parts] if nugget > 0 or not parts else parts
    frame = pd.DataFrame(rows, columns=list(Part._fields))
    metres = {name: {"unit": "m"} for name in ("range", "range_across", "range_vertical")}
    degrees = {name: {"unit": "deg"} for name in ("azimuth", "dip")}
    frame.attrs[COLUMNS] = {**metres, **degrees, **({"sill": {"unit": unit}} if unit else {})}
    return frame


def parts_of(id: str, name: str, table: pd.DataFrame) -> list[Part]:
    """Structures of a model table, the parameter `name` of the process `id`."""
    from craton.kernels.covariance import NAMES

    if not len(table):
        raise ContractError(id, name, "a model of at least one structure", "one without rows")
    known = {NUGGET, LINEAR, *NAMES}
    columns = [c for c in ("sill", "range", *FURTHER) if c in table.columns]
    numbers = (
        table[columns].apply(pd.to_numeric, errors="coerce").reindex(columns=["sill", "range", *FURTHER])
    )
    parts = []
    for structure, row in zip(table["structure"].astype(str), numbers.to_numpy(dtype=float), strict=True):
        if structure not in known:
            raise ContractError(
                id, name, f"of structures {', '.join(sorted(known))}", f"one of {structure!r}"
            )
        if not (np.isfinite(row[0]) and row[0] >= 0):
            raise ContractError(id, name, "of sills of 0 or more", f"one with the sill {row[0]:g}")
        main, across, third, azimuth, dip, shape = row[1:]
        part = Part(
            structure, row[0], main, main if np.isnan(across) else across, main if np.isnan(third) else third,
            np.nan_to_num(azimuth), np.nan_to_num(dip), shape,
        )  # fmt: skip
        parts.append(_checked(id, name, part))
    return parts


def _checked(id: str, name: str, part: Part) -> Part:
    from craton.kernels.covariance import SMOOTHNESS

    if part.structure == NUGGET:
        return part
    if not (min(part[2:5]) > 0 and np.isfinite(part[2:5]).any()):
        came = f"{part.structure} with {', '.join(f'{one:g}' for one in part[2:5])}"
        raise ContractError(id, name, "of ranges above 0, one of them finite", came)
    if part.structure not in {"matern", "power", LINEAR}:
        return part._replace(shape=np.nan)
    shape = 1.5 if np.isnan(part.shape) else part.shape
    if shape <= 0 or (part.structure == "power" and shape >= 2):
        raise ContractError(id, name, "of shapes above 0, of power structures below 2", f"one of {shape:g}")
    least, most = SMOOTHNESS
    if part.structure == "matern" and not least <= shape <= most:
        raise ContractError(
            id, name, f"of shapes from {least:g} to {most:g} for matern structures", f"one of {shape:g}"
        )
    return part._replace(shape=1.0 if part.structure == LINEAR else shape)


def model_words(parts: list[Part]) -> str:
    """A model in one line, for the attributes of a result."""
    words = []
    for one in parts:
        ranges = [f"{number:.6g}" for number in dict.fromkeys(one[2:5])]
        where = f" range {'/'.join(ranges)} m" if one.structure != NUGGET else ""
        turned = f" azimuth {one.azimuth:g}" if len(ranges) > 1 else ""
        words.append(f"{one.structure} {one.sill:.6g}{where}{turned}")
    return " + ".join(words)
