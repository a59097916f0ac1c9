"""Gravity survey: from readings of a relative meter to gravity of stations."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.kernels import earth_tide
from craton.kernels import gravity_network as network
from craton.methods.gravity_stations import column_named, degrees_of, notes_of, numbers_of, with_columns
from craton.model import units
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

DRIFT_AND_TIDE = "gravity.drift_and_tide"

Readings = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
AnyColumn = Annotated[str, ColumnOf("readings")]
NumberColumn = Annotated[str, ColumnOf("readings", numeric=True)]

FREE_AIR = 0.3086
"""Gradient in mGal/m from the instrument down to the mark."""

MOST_LOOPS = 1500
"""Loops of one adjustment, whose system is solved at once."""

Drift = Literal["none", "linear", "quadratic"]
DEGREES = {"none": 0, "linear": 1, "quadratic": 2}


class Survey(NamedTuple):
    """What `drift_and_tide` gives."""

    stations: Annotated[
        gpd.GeoDataFrame,
        Table(
            geometry=("Point",),
            columns=(
                Column(name="station", title="Station"),
                Column(name="gravity", unit="mGal", quantity="gravity"),
                Column(name="gravity_std", unit="mGal", title="Standard deviation of gravity"),
                Column(name="readings", unit="1", title="Readings at the station"),
            ),
        ),
    ]
    readings: Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
    loops: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="loop", title="Loop"),
                Column(name="drift_rate", unit="mGal/h", title="Linear drift"),
                Column(name="drift_rate_std", unit="mGal/h", title="Standard deviation of the drift"),
                Column(
                    name="misclosure", unit="mGal", title="Last less first reading of a station read again"
                ),
                Column(name="misclosure_left", unit="mGal", title="The same after drift"),
                Column(name="residual_rms", unit="mGal", title="Root mean square residual"),
                Column(name="readings", unit="1", title="Readings of the loop"),
            )
        ),
    ]


@process(
    DRIFT_AND_TIDE, version="1",
    keywords=("gravimeter", "base network", "adjustment", "earth tide", "Longman", "零漂", "固体潮"),
)  # fmt: skip
def drift_and_tide(
    readings: Readings,
    bases: Annotated[
        pd.DataFrame,
        Table(columns=(Column(name="station"), Column(name="gravity", unit="mGal", quantity="gravity"))),
    ],
    station: AnyColumn = "station",
    time: AnyColumn = "time",
    reading: NumberColumn = "reading",
    *,
    loop: AnyColumn | None = None,
    instrument_height: NumberColumn | None = None,
    calibration: Annotated[
        pd.DataFrame | None,
        Table(columns=(Column(name="counter", unit="1"), Column(name="value", unit="mGal"))),
    ] = None,
    scale: Annotated[float, Unit("1"), Bounds(above=0, maximum=100)] = 1.0,
    utc_offset: Annotated[float, Unit("h"), Bounds(minimum=-14, maximum=14)] = 0.0,
    tide: bool = True,
    tide_factor: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=2)] = earth_tide.ELASTIC,
    drift: Drift = "linear",
    reading_std: Annotated[float, Unit("mGal"), Bounds(above=0, maximum=10)] = 0.02,
) -> Survey:
    """Gravity of stations from meter readings: calibrated, freed of tide and drift, tied to known bases.

    Use it for the readings of one survey, or of a whole base network with several meters and bases: all
    loops are adjusted at once by least squares, and the closed loop with one base is the simplest case.
    Begin a new loop at each tare, and for each meter. Not for readings at sea or in the air.

    Parameters
    ----------
    readings : GeoDataFrame
        One row a reading, with the place of the station.
    bases : DataFrame
        Known gravity: the columns `station` (as in `readings`) and `gravity`, and, where it is not to be
        kept as it stands, `gravity_std` in the same unit.
    station : str
        Column of the names of stations.
    time : str
        Column of times, as times or as text such as 2024-05-03 14:20.
    reading : str
        Column of readings: in mGal or a unit that converts; in counter units with a `calibration`.
    loop : str
        Column of what tells loops apart: day, line, meter. Left out, all readings are one loop.
    instrument_height : str
        Column of heights of the sensor above the mark, one in each row, from which readings are brought to
        the mark with 0.3086 mGal/m. A row without is refused; give 0 where the sensor is at the mark.
    calibration : DataFrame
        Table of the maker: `counter` and its `value` in mGal, linear in between.
    scale : float
        Number that calibrated readings are multiplied with, from a calibration line.
    utc_offset : float
        Hours by which times without a zone are ahead of universal time.
    tide : bool
        Whether to take off the tide of the solid Earth; not for meters that have done so.
    tide_factor : float
        Tide on the yielding Earth over that on a rigid one.
    drift : str
        `linear` in time within a loop, `quadratic`, or `none`.
    reading_std : float
        Standard deviation of one reading, which weighs readings against bases with a `gravity_std`.

    Returns
    -------
    stations : GeoDataFrame
        Each station with adjusted gravity, its standard deviation, and the number of readings.
    readings : GeoDataFrame
        `readings` with `tide_correction` (added), `corrected_reading` (calibrated, at the mark, free of
        tide), `drift` (0 in the middle of the loop), `residual` and `standard_residual` in units of its
        own standard deviation: above 3 is worth a second look, none where nothing controls the reading.
    loops : DataFrame
        Drift and misclosures of each loop.

    Notes
    -----
    reading = g(station) + offset(loop) + drift(loop) · t + error, all of one weight. Standard deviations
    are multiplied with that of unit weight where it is above one. Refused: stations that no chain of
    readings joins to a base, loops whose drift nothing determines (no station is read twice in it, nor
    tied by others). The tide is Longman's, within 5 µGal, and holds the constant part: gravity is free of
    all tide. Ocean loading, air pressure and the motion of the pole are not taken off.

    References
    ----------
    Longman, I. M. (1959). Formulas for computing the tidal accelerations due to the Moon and the Sun.
    Journal of Geophysical Research 64(12), 2351-2355. doi:10.1029/JZ064i012p02351

    Torge, W. (1989). Gravimetry. De Gruyter, chapters 6 and 9.
    """
    moments = _times(readings, time, utc_offset)
    places = degrees_of(DRIFT_AND_TIDE, readings, table="readings")
    _refuse_gaps(moments, places)
    values = _values(readings, reading, calibration, scale)
    if instrument_height is not None:
        values = values + FREE_AIR * _sensor_heights(readings, instrument_height)
    pull = np.zeros(len(readings))
    if tide:
        pull = earth_tide.tide_correction(moments, places[:, 1], places[:, 0], amplitude=tide_factor)
    corrected = values + pull
    names, numbers = _numbered(readings, "station", station)
    marks, loops = (
        _numbered(readings, "loop", loop)
        if loop
        else (np.array(["all"], object), np.zeros(len(values), np.int64))
    )
    known, known_std = _known(bases, names)
    hours = (moments - moments.min()) / np.timedelta64(1, "h")
    given = network.Readings(numbers, loops, hours, corrected)
    _refuse_loose(given, known, known_std, names, marks, DEGREES[drift])
    found = network.adjust(given, known, known_std, degree=DEGREES[drift], reading_std=reading_std)
    return Survey(
        _stations(readings, names, numbers, found),
        _read(readings, pull, corrected, found),
        _loops(marks, given, found),
    )


def _times(readings: gpd.GeoDataFrame, column: str, utc_offset: float) -> np.ndarray:
    """Universal times of the readings."""
    name = column_named(DRIFT_AND_TIDE, "time", readings, column, (), table="readings")
    stated = readings[name]
    if not pd.api.types.is_datetime64_any_dtype(stated):
        try:
            stated = pd.to_datetime(stated.astype("string"), format="ISO8601")
        except ValueError as error:
            hint = "write times as 2024-05-03 14:20"
            raise ContractError(DRIFT_AND_TIDE, "time", "a column of times", repr(name), hint=hint) from error
    if stated.dt.tz is not None:
        return stated.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[ns]")  # type: ignore[no-any-return]
    moments: np.ndarray = (stated - pd.Timedelta(hours=utc_offset)).to_numpy("datetime64[ns]")
    return moments


def _refuse_gaps(moments: np.ndarray, places: np.ndarray) -> None:
    for what, missing in (("time", np.isnat(moments)), ("place", ~np.isfinite(places).all(axis=1))):
        if missing.any():
            row = int(np.flatnonzero(missing)[0])
            raise ContractError(
                DRIFT_AND_TIDE,
                "readings",
                f"a table of readings that all have a {what}",
                f"row {row} without",
            )


def _values(
    readings: gpd.GeoDataFrame, column: str, calibration: pd.DataFrame | None, scale: float
) -> np.ndarray:
    """Readings in mGal."""
    if calibration is None:
        values = numbers_of(
            DRIFT_AND_TIDE, "reading", readings, column, unit="mGal", quantities=("gravity",),
            table="readings",
        )  # fmt: skip
    else:
        values = _calibrated(readings, column, calibration)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ContractError(DRIFT_AND_TIDE, "reading", "a number in each row", f"none in row {row}")
    return values * scale


def _sensor_heights(readings: gpd.GeoDataFrame, column: str) -> np.ndarray:
    """Heights of the sensor in metres; refused where one is missing."""
    parameter = "instrument_height"
    heights = numbers_of(
        DRIFT_AND_TIDE, parameter, readings, column, unit="m", quantities=(), table="readings"
    )
    missing = np.flatnonzero(~np.isfinite(heights))
    if missing.size:
        hint = "give 0 where the sensor is at the mark"
        raise ContractError(
            DRIFT_AND_TIDE, parameter, "a height in each row", f"none in row {missing[0]}", hint=hint
        )
    return heights


def _calibrated(readings: gpd.GeoDataFrame, column: str, calibration: pd.DataFrame) -> np.ndarray:
    """Counter readings turned to mGal by the table of the maker."""
    name = column_named(DRIFT_AND_TIDE, "reading", readings, column, ("gravity",), table="readings")
    unit = units.parse(str(notes_of(readings, name).get("unit") or ""))
    if unit not in {"", "1"}:
        raise ContractError(
            DRIFT_AND_TIDE, "reading", "counter units with a calibration", f"{name!r} in {unit}"
        )
    table = calibration[["counter", "value"]].astype(np.float64).sort_values("counter")
    counter, value = table["counter"].to_numpy(), table["value"].to_numpy()
    steps = np.diff(counter)
    if len(table) < 2 or not np.isfinite(table.to_numpy()).all() or (steps <= 0).any():
        allowed = "two or more counters, each once, with their values"
        raise ContractError(
            DRIFT_AND_TIDE, "calibration", allowed, f"a table of {len(table)} rows that is not"
        )
    numbers: np.ndarray = readings[name].to_numpy(dtype=np.float64, na_value=np.nan)
    if (numbers < counter[0]).any() or (numbers > counter[-1]).any():
        allowed = f"counters within the calibration, {counter[0]:g} to {counter[-1]:g}"
        raise ContractError(
            DRIFT_AND_TIDE, "reading", allowed, f"{np.nanmin(numbers):g} to {np.nanmax(numbers):g}"
        )
    calibrated: np.ndarray = np.interp(numbers, counter, value)
    return calibrated


def _numbered(readings: gpd.GeoDataFrame, parameter: str, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Distinct names of a column, in order, and the number of each row's."""
    name = column_named(DRIFT_AND_TIDE, parameter, readings, column, (), table="readings")
    if readings[name].isna().any():
        row = int(np.flatnonzero(readings[name].isna())[0])
        raise ContractError(DRIFT_AND_TIDE, parameter, "a name in each row", f"none in row {row}")
    names, numbers = np.unique(_texts(readings[name]), return_inverse=True)
    return names.astype(object), numbers.astype(np.int64)


def _texts(column: pd.Series) -> np.ndarray:
    """Names as text; whole numbers are the same with and without a point."""
    if pd.api.types.is_float_dtype(column) and (column % 1 == 0).all():
        column = column.astype(np.int64)
    return column.astype(str).str.strip().to_numpy(str)


def _known(bases: pd.DataFrame, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Known gravity and its standard deviation of the stations `names`."""
    stations = _texts(bases["station"])
    gravity = bases["gravity"].to_numpy(dtype=np.float64, na_value=np.nan)
    spread = np.zeros(len(bases))
    if "gravity_std" in bases.columns:
        spread = numbers_of(
            DRIFT_AND_TIDE, "bases", bases, "gravity_std", unit="mGal", quantities=(), table="bases"
        )
    twice = pd.Index(stations).duplicated()
    if twice.any():
        raise ContractError(DRIFT_AND_TIDE, "bases", "each station once", f"{stations[twice][0]!r} twice")
    if not np.isfinite(gravity).all() or not (spread >= 0).all():
        raise ContractError(
            DRIFT_AND_TIDE, "bases", "gravity, and standard deviations of 0 or more", "one without"
        )
    row = pd.Index(stations).get_indexer(names)
    known = np.where(row >= 0, np.append(gravity, np.nan)[row], np.nan)
    if not np.isfinite(known).any():
        came = f"{', '.join(stations[:5]) or 'none'}; read were {', '.join(map(str, names[:5]))}"
        raise ContractError(DRIFT_AND_TIDE, "bases", "at least one of the stations that were read", came)
    return known, np.where(row >= 0, np.append(spread, 0.0)[row], 0.0)


def _refuse_loose(
    given: network.Readings,
    known: np.ndarray,
    known_std: np.ndarray,
    names: np.ndarray,
    marks: np.ndarray,
    degree: int,
) -> None:
    """Refuse what the readings do not determine, by name."""
    if len(marks) > MOST_LOOPS:
        raise ContractError(
            DRIFT_AND_TIDE, "loop", f"a column of at most {MOST_LOOPS} loops", str(len(marks))
        )
    alone = network.components(given, np.isfinite(known))
    if alone.size:
        raise ContractError(
            DRIFT_AND_TIDE, "bases", "a base that each station is joined to by readings",
            f"none for {', '.join(map(str, names[alone[:5]]))} ({alone.size} such)",
        )  # fmt: skip
    free = network.undetermined(given, known, known_std, degree)
    if free.size:
        raise ContractError(
            DRIFT_AND_TIDE, "drift", "one that the readings determine",
            f"no station read again in loop {', '.join(map(str, marks[free[:5]]))}",
            hint="read a station twice in each loop, join loops, or take a simpler drift",
        )  # fmt: skip


def _stations(
    readings: gpd.GeoDataFrame, names: np.ndarray, numbers: np.ndarray, found: network.Adjusted
) -> gpd.GeoDataFrame:
    first = np.unique(numbers, return_index=True)[1]
    frame = {
        "station": names, "gravity": found.gravity, "gravity_std": found.gravity_std,
        "readings": np.bincount(numbers, minlength=len(names)),
    }  # fmt: skip
    return gpd.GeoDataFrame(frame, geometry=readings.geometry.to_numpy()[first], crs=readings.crs)


def _read(
    readings: gpd.GeoDataFrame, pull: np.ndarray, corrected: np.ndarray, found: network.Adjusted
) -> gpd.GeoDataFrame:
    def note(title: str, unit: str = "mGal") -> dict[str, str]:
        return {"unit": unit, "title": title}

    return with_columns(
        readings,
        {
            "tide_correction": (pull, note("Tide correction, added")),
            "corrected_reading": (corrected, note("Reading, calibrated, at the mark, free of tide")),
            "drift": (found.drift, note("Drift")),
            "residual": (found.residuals, note("Reading less adjusted")),
            "standard_residual": (found.standardised, note("Residual over its standard deviation", "1")),
        },
    )


def _loops(marks: np.ndarray, given: network.Readings, found: network.Adjusted) -> pd.DataFrame:
    rows, in_time = [], np.argsort(given.hours, kind="stable")
    for number, mark in enumerate(marks):
        inside = in_time[given.loops[in_time] == number]
        residuals = found.residuals[inside]
        first, last = _closing(given.stations[inside])
        values = given.values[inside]
        closing = values[last] - values[first] if last > first else np.nan
        left = residuals[last] - residuals[first] if last > first else np.nan
        rms = float(np.sqrt((residuals**2).mean()))
        rows.append((mark, found.rate[number], found.rate_std[number], closing, left, rms, inside.size))
    columns = [
        "loop", "drift_rate", "drift_rate_std", "misclosure", "misclosure_left", "residual_rms", "readings",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _closing(stations: np.ndarray) -> tuple[int, int]:
    """First and last reading, in time, of the station whose readings are farthest apart; 0, 0 for none."""
    best = (0, 0)
    for station in np.unique(stations):
        where = np.flatnonzero(stations == station)
        if where[-1] - where[0] > best[1] - best[0]:
            best = int(where[0]), int(where[-1])
    return best
