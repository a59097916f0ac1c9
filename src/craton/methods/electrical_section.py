"""Electrical sections: readings of four electrodes along a line as a pseudosection."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels import resistivity_section as kernel
from craton.kernels.resistivity_layers import Floats
from craton.methods.curve_sheet import CurveSheet, draw_section
from craton.methods.survey_columns import numbers_in, numbers_of, unit_of, with_columns
from craton.model.data import Document
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Paper, Table
from craton.process.processes import process

PSEUDOSECTION = "electrical.pseudosection"

Readings = Annotated[pd.DataFrame, Table()]
AnyColumn = Annotated[str, ColumnOf("readings")]
NumberColumn = Annotated[str, ColumnOf("readings", numeric=True)]
Electrodes = Annotated[
    pd.DataFrame | None,
    Table(
        columns=(
            Column(name="electrode", title="Name"),
            Column(name="distance", unit="m", title="Along the line"),
        )
    ),
]

FAR = -1
"""Number of the electrode at infinity."""


class Pseudosection(NamedTuple):
    """What `pseudosection` gives."""

    readings: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="middle", unit="m", title="Middle of the four electrodes along the line"),
                Column(name="pseudo_depth", unit="m", title="Median depth of investigation"),
                Column(name="geometric_factor", unit="m", title="Geometric factor"),
                Column(name="resistance", unit="ohm", title="Voltage over current"),
                Column(name="apparent_resistivity", unit="ohm.m", quantity="apparent_resistivity"),
                Column(
                    name="reciprocal_error",
                    unit="%",
                    title="Difference of exchanged readings over their mean",
                ),
                Column(name="doubt", title="Why a reading is of no use"),
            )
        ),
    ]
    picture: Annotated[Document, Paper()]


@process(
    PSEUDOSECTION, version="1",
    keywords=("ERT", "resistivity imaging", "dipole-dipole", "Wenner", "reciprocal", "高密度电法", "拟断面"),
)  # fmt: skip
def pseudosection(
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
    title: str = "",
    width_px: Annotated[int, Bounds(minimum=400, maximum=6000)] = 1200,
) -> Pseudosection:
    """Apparent resistivities of a line of electrodes, each at the depth it comes from, and the doubtful ones.

    Use it first on every resistivity line, with any array, to see bad electrodes and negative readings.
    Depths are those of uniform ground: it is a picture of data, not of the ground.

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
        The names of electrodes, their `distance` along the line, and, for lines that are not level, their
        `elevation`, in metres.
    resistance : str, optional
        Column of voltage over current. One of `resistance`, of `voltage` and `current`, or of
        `apparent_resistivity` is needed.
    voltage : str, optional
        Column of voltages between M and N.
    current : str, optional
        Column of currents.
    apparent_resistivity : str, optional
        Column of apparent resistivities, where the instrument knew the geometry.
    title : str
        Written above the picture.
    width_px : int
        Width of the picture in pixels.

    Returns
    -------
    readings : DataFrame
        `readings` with geometry, apparent resistivity, the error between exchanged current and potential
        electrodes in percent where both were read, and the column `doubt`, which says `no value`,
        `no geometry` (M and N at equal potential over uniform ground, or electrodes in one place) or
        `not positive`; empty for sound readings.
    picture : Document
        The sound readings as a PNG, on a logarithmic scale of colours.

    Notes
    -----
    k = 2π/(1/AM − 1/BM − 1/AN + 1/BN) with distances straight between electrodes; on slopes this is a first
    correction only. Below the pseudo-depth half of the response of uniform ground originates (Edwards): 0.52
    a for Wenner's array, 0.19 AB for Schlumberger's. A negative apparent resistivity can be real beside
    strong contrasts, but mostly tells a bad electrode or exchanged wires.

    References
    ----------
    Edwards, L. S. (1977), A modified pseudosection for resistivity and IP, Geophysics 42(5), 1020-1036,
    doi:10.1190/1.1440762.
    """
    line = line_of(PSEUDOSECTION, readings, (a, b, m, n), electrodes)
    values = resistances_of(
        PSEUDOSECTION, readings, line, (resistance, voltage, current, apparent_resistivity)
    )
    apparent = values * line.factor
    doubt = np.select(
        [~np.isfinite(line.factor), ~np.isfinite(apparent), apparent <= 0],
        ["no geometry", "no value", "not positive"], default="",
    )  # fmt: skip
    columns = {
        "middle": line.middle,
        "pseudo_depth": kernel.median_depth(line.between),
        "geometric_factor": line.factor,
        "resistance": values,
        "apparent_resistivity": apparent,
        "reciprocal_error": 100.0 * kernel.reciprocal_error(line.names, values),
        "doubt": doubt.astype(object),
    }
    result = with_columns(bare(readings), columns, {})
    sound = doubt == ""
    if not sound.any():
        allowed = "a table with at least one apparent resistivity above 0"
        raise ContractError(PSEUDOSECTION, "readings", allowed, f"one whose {len(readings)} rows have none")
    places = np.stack([line.middle[sound], np.asarray(columns["pseudo_depth"])[sound]], axis=1)
    spots = np.unique(line.positions[..., 0][np.isfinite(line.positions[..., 0])])
    width = float(np.diff(spots).min()) if spots.size > 1 else 1.0
    return Pseudosection(result, _picture(places, apparent[sound], width, title, width_px))


class Line(NamedTuple):
    """Electrodes of readings: numbers (n, 4), positions (4, n, 2), distances (n, 4), factors, middles."""

    names: np.ndarray
    positions: Floats
    between: Floats
    factor: Floats
    middle: Floats


def line_of(
    id: str, readings: pd.DataFrame, columns: tuple[str, str, str, str], electrodes: pd.DataFrame | None
) -> Line:
    """Geometry of all readings."""
    if readings.empty:
        raise ContractError(id, "readings", "a table of at least one row", "one of none")
    if electrodes is None:
        along = np.stack(
            [_positions(id, name, readings, column) for name, column in zip("abmn", columns, strict=True)]
        )
        positions = np.stack([along, np.where(np.isfinite(along), 0.0, np.nan)], axis=-1)
    else:
        positions = _named_positions(id, readings, columns, electrodes)
    for place, name in ((0, "a"), (2, "m")):
        lost = np.flatnonzero(~np.isfinite(positions[place, :, 0]))
        if lost.size:
            allowed = "a column with a position in every row"
            raise ContractError(id, name, allowed, f"none in row {lost[0] + 1} ({lost.size} such)")
    between = kernel.distances(positions)
    pairs = [np.nanmean(positions[side, :, 0], axis=0) for side in ([0, 1], [2, 3])]
    return Line(
        _numbers(positions), positions, between, kernel.geometric_factor(between), 0.5 * (pairs[0] + pairs[1])
    )


def _numbers(positions: Floats) -> np.ndarray:
    """A number (n, 4) for each position, the same for the same one."""
    flat = positions.reshape(-1, 2)
    far = ~np.isfinite(flat).all(axis=1)
    _, number = np.unique(np.where(far[:, None], 0.0, flat), axis=0, return_inverse=True)
    return np.where(far, FAR, number.reshape(-1)).reshape(4, -1).T


def _positions(id: str, name: str, readings: pd.DataFrame, column: str) -> Floats:
    """Positions in metres of a column of numbers, which are in metres where it states no unit."""
    if not pd.api.types.is_numeric_dtype(readings[column]):
        allowed = "a column of positions in metres, or names of `electrodes`"
        raise ContractError(id, name, allowed, f"text in {column!r} without `electrodes`")
    if unit_of(readings, column):
        return numbers_in(id, name, readings, column, "m")
    return numbers_of(readings, column)


def _named_positions(
    id: str, readings: pd.DataFrame, columns: tuple[str, str, str, str], electrodes: pd.DataFrame
) -> Floats:
    """Positions (4, n, 2) of the electrodes that readings name: distance and elevation."""
    names = pd.Index(_texts(electrodes["electrode"]))
    if names.has_duplicates:
        twice = names[names.duplicated()][0]
        raise ContractError(id, "electrodes", "a table with each electrode once", f"{twice!r} twice")
    places = surveyed(id, electrodes)
    found = []
    for name, column in zip("abmn", columns, strict=True):
        row = names.get_indexer(pd.Index(_texts(readings[column])))
        unknown = (row < 0) & readings[column].notna().to_numpy()
        if unknown.any():
            first = readings[column][unknown].iloc[0]
            raise ContractError(id, name, "a column of names of `electrodes`", f"{column!r} with {first!r}")
        found.append(np.where(row[:, None] >= 0, places[row], np.nan))
    return np.stack(found)


def surveyed(id: str, electrodes: pd.DataFrame) -> Floats:
    """Distance and elevation (k, 2) of each row of a table of electrodes."""
    distance = numbers_of(electrodes, "distance")
    level = (
        numbers_in(id, "electrodes", electrodes, "elevation", "m")
        if "elevation" in electrodes.columns
        else 0.0 * distance
    )
    places: Floats = np.stack([distance, level], axis=1)
    if not np.isfinite(places).all():
        gap = int(np.flatnonzero(~np.isfinite(places).all(axis=1))[0]) + 1
        raise ContractError(id, "electrodes", "a table with a position in every row", f"row {gap} without")
    return places


def _texts(column: pd.Series) -> list[str]:
    """Names as text; whole numbers are the same with and without a point."""
    return [
        f"{one:.0f}" if isinstance(one, float) and one.is_integer() else str(one).strip() for one in column
    ]


def resistances_of(
    id: str,
    readings: pd.DataFrame,
    line: Line,
    columns: tuple[str | None, str | None, str | None, str | None],
) -> Floats:
    """Voltage over current in ohm, from whichever columns are named."""
    resistance, voltage, current, apparent = columns
    ways = [resistance is not None, voltage is not None and current is not None, apparent is not None]
    given = sum(one is not None for one in columns)
    if sum(ways) != 1 or given != (2 if ways[1] else 1):
        allowed = "given alone, or `voltage` and `current`, or `apparent_resistivity` alone"
        came = "none of them" if not given else f"{given} of these columns"
        raise ContractError(id, "resistance", allowed, came)
    if resistance is not None:
        return numbers_in(id, "resistance", readings, resistance, "ohm")
    if apparent is not None:
        return numbers_in(id, "apparent_resistivity", readings, apparent, "ohm.m") / line.factor
    assert voltage is not None
    assert current is not None
    amperes = numbers_in(id, "current", readings, current, "A")
    return numbers_in(id, "voltage", readings, voltage, "V") / np.where(amperes == 0.0, np.nan, amperes)


def bare(frame: pd.DataFrame) -> pd.DataFrame:
    """Table without geometry: places along a line are not places on the map."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    bare = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    bare.attrs = frame.attrs
    return bare


def _picture(places: Floats, values: Floats, width: float, title: str, width_px: int) -> Document:
    """Readings as diamonds as wide as the least distance of electrodes."""
    half = 0.5 * width
    tall = max(0.04 * float(np.ptp(places[:, 1])), 0.02 * float(places[:, 1].max()))
    diamond = np.array([[-half, 0.0], [0.0, -tall], [half, 0.0], [0.0, tall]])
    sheet = CurveSheet(title, [], 4.0)
    panel = sheet.panels[0][0]
    draw_section(sheet, panel, list(places[:, None] + diamond), values, "Apparent resistivity (Ω·m)")
    sheet.dress(panel, "Distance (m)", "Median depth (m)")
    return sheet.document(width_px)
