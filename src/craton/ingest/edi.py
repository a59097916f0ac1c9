"""Magnetotelluric soundings: SEG EDI files of one folder as one table of stations and frequencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.ingest.edi_text import Station, parse
from craton.ingest.plain_text import read_text
from craton.ingest.reference import state_crs
from craton.model.data import ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import Period
from craton.process.readers import Candidate, Source, reader

MAX_FILE_BYTES = 32 << 20
IMPEDANCE = "mV/km/nT"
APART = 0.01
"""Degrees (about a kilometre) from which two statements of one position contradict each other."""
AMBIGUOUS_DAY = 12
DATUMS = {
    "WGS84": "EPSG:4326",
    "GDA94": "EPSG:4283",
    "GDA2020": "EPSG:7844",
    "NAD83": "EPSG:4269",
    "NAD27": "EPSG:4267",
}

BLOCKS: tuple[tuple[str, str, str, str], ...] = (
    ("ZROT", "impedance_rotation", "deg", "rotation of the impedance axes, clockwise from north"),
    (r"Z([XY][XY])R", "z{}_real", IMPEDANCE, "impedance Z{}, real part"),
    (r"Z([XY][XY])I", "z{}_imaginary", IMPEDANCE, "impedance Z{}, imaginary part"),
    (r"Z([XY][XY])\.VAR", "z{}_variance", "mV2/km2/nT2", "impedance Z{}, variance"),
    ("RHOROT", "resistivity_rotation", "deg", "rotation of the resistivity axes, clockwise from north"),
    (r"RHO([XY][XY])", "apparent_resistivity_{}", "ohm.m", "apparent resistivity {}"),
    (
        r"RHO([XY][XY])\.(?:ERR|VAR)",
        "apparent_resistivity_{}_error",
        "ohm.m",
        "apparent resistivity {}, error",
    ),
    (r"PHS([XY][XY])", "phase_{}", "deg", "phase of the impedance {}"),
    (r"PHS([XY][XY])\.(?:ERR|VAR)", "phase_{}_error", "deg", "phase of the impedance {}, error"),
    (r"TROT(?:\.EXP)?", "tipper_rotation", "deg", "rotation of the tipper axes, clockwise from north"),
    (r"T([XY])R(?:\.EXP)?", "tipper_{}_real", "", "tipper {}, real part"),
    (r"T([XY])I(?:\.EXP)?", "tipper_{}_imaginary", "", "tipper {}, imaginary part"),
    (r"T([XY])VAR(?:\.EXP)?", "tipper_{}_variance", "", "tipper {}, variance"),
)
"""Blocks that become columns: name of the block, name of the column, unit, title."""
QUANTITIES = {"apparent_resistivity_{}": "apparent_resistivity", "phase_{}": "impedance_phase"}
"""Quantities of columns, by the name of the column in `BLOCKS`."""


def _beside(candidate: Candidate, listing: list[Path]) -> list[Path]:
    return [p for p in listing if p.parent == candidate.path.parent and p.suffix.lower() == ".edi"]


@reader(
    "edi",
    order=20,
    suffixes=(".edi",),
    matches=lambda candidate: b">HEAD" in candidate.head.upper(),
    gather=_beside,
)
def read_soundings(source: Source) -> Iterator[Draft]:
    """One table a folder: a row for each station and frequency, at the place of the station."""
    draft = Draft(data=pd.DataFrame(), kind="table")
    stations = _stations(source, draft)
    frames = [_frame(name, station) for name, station in stations.items()]
    table = pd.concat(frames, ignore_index=True)
    draft.data = _located(draft, table, source, stations)
    draft.notes = _notes(table)
    _note_values(draft, list(stations.values()))
    _note_times(draft, list(stations.values()))
    _note_survey(draft, list(stations.values()))
    yield draft


def _stations(source: Source, draft: Draft) -> dict[str, Station]:
    """Stations by name; a file that cannot be read is left out, unless there is no other."""
    stations: dict[str, Station] = {}
    refused: list[RefusedError] = []
    for path in sorted(source.files, key=lambda file: file.name):
        try:
            station = _station(path, source.scratch)
        except RefusedError as error:
            refused.append(error)
            continue
        name = station.head.get("DATAID") or path.stem
        stations[name if name not in stations else f"{name} ({path.stem})"] = station
    if not stations:
        raise refused[0]
    if refused:
        draft.find("member-unread", len(refused), refused[0].message)
    return stations


def _station(path: Path, scratch: Path) -> Station:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise RefusedError("too-large", f"{path.name} is larger than any station file")
    return parse(read_text(path, scratch).text)


def _frame(name: str, station: Station) -> pd.DataFrame:
    """Rows of one station, by frequency."""
    columns: dict[str, object] = {
        "station": name,
        "frequency": station.blocks["FREQ"],
        "elevation": station.elevation,
        "longitude": station.longitude,
        "latitude": station.latitude,
    }
    for block, values in station.blocks.items():
        column = _column(block)
        if column:
            columns[column[0]] = values
    return pd.DataFrame(columns)


def _column(block: str) -> tuple[str, ColumnNote] | None:
    """Name and note of the column a block becomes; `None` for blocks that can be computed from others."""
    for pattern, name, unit, title in BLOCKS:
        found = re.fullmatch(pattern, block)
        if found:
            part = found[1] if found.lastindex else ""
            return name.format(part.lower()), ColumnNote(unit=unit, title=title.format(part))
    return None


def _located(
    draft: Draft, table: pd.DataFrame, source: Source, stations: dict[str, Station]
) -> gpd.GeoDataFrame:
    """Table with points for positions, those beyond the poles or the date line set aside."""
    longitude, latitude = table.pop("longitude").to_numpy(), table.pop("latitude").to_numpy()
    known = np.isfinite(longitude) & np.isfinite(latitude)
    legal = known & (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)
    missing, illegal = int(np.count_nonzero(~known)), int(np.count_nonzero(known & ~legal))
    if missing:
        draft.find("coordinate-missing", missing)
    if illegal:
        draft.find("coordinate-out-of-range", illegal)
    _state_datum(draft, source, stations)
    points = np.full(len(table), None, dtype=object)
    points[legal] = shapely.points(longitude[legal], latitude[legal])
    return gpd.GeoDataFrame(table, geometry=points, crs=draft.crs)


def _state_datum(draft: Draft, source: Source, stations: dict[str, Station]) -> None:
    """Take the one datum the stations state, else WGS 84."""
    names = {re.sub(r"\W", "", station.head.get("DATUM", "")).upper() for station in stations.values()} - {""}
    known = DATUMS.get(names.pop(), "") if len(names) == 1 else ""
    state_crs(draft, known or "EPSG:4326", source.options)
    if not known and not source.options.crs:
        draft.find("crs-from-names", message="the stations state no datum")


def _notes(table: pd.DataFrame) -> dict[str, ColumnNote]:
    described = [note for pattern in BLOCKS for note in _described(pattern)]
    notes = {name: note for name, note in described if name in table.columns}
    return notes | {
        "frequency": ColumnNote(unit="Hz", title="frequency"),
        "elevation": ColumnNote(unit="m", title="height of the station"),
    }


def _described(block: tuple[str, str, str, str]) -> Iterator[tuple[str, ColumnNote]]:
    _, name, unit, title = block
    for part in ("", "x", "y", "xx", "xy", "yx", "yy"):
        note = ColumnNote(unit=unit, quantity=QUANTITIES.get(name, ""), title=title.format(part.upper()))
        yield name.format(part), note


def _note_values(draft: Draft, stations: list[Station]) -> None:
    conflicts = sum(_contradicts(station) for station in stations)
    counts = {
        "nodata-declared": sum(station.empty for station in stations),
        "number-text": sum(station.unread for station in stations),
        "row-ragged": sum(station.uneven for station in stations),
        "truncated": sum(not station.ended for station in stations),
        "location-conflict": conflicts,
    }
    for code, count in counts.items():
        if count:
            words = "the head and the reference position of a station differ; the head was taken"
            draft.find(code, count, words if code == "location-conflict" else "")


def _contradicts(station: Station) -> bool:
    """Whether the head and the reference position of the station are two places."""
    other = Station({}, station.reference, {})
    apart = (station.longitude - other.longitude, station.latitude - other.latitude)
    return any(np.isfinite(degrees) and abs(degrees) > APART for degrees in apart)


def _note_times(draft: Draft, stations: list[Station]) -> None:
    days = sorted(day for station in stations if (day := station.acquired) is not None)
    stated = sum(bool(station.head.get("ACQDATE")) for station in stations)
    if stated > len(days):
        draft.find("date-unread", stated - len(days))
    if not days:
        return
    draft.time = Period(start=f"{days[0]}T00:00:00Z", end=f"{days[-1]}T23:59:59Z")
    ambiguous = sum(day.day <= AMBIGUOUS_DAY and day.day != day.month for day in days)
    if ambiguous:
        draft.find("date-ambiguous", ambiguous, "read month first, as the standard has it")


def _note_survey(draft: Draft, stations: list[Station]) -> None:
    prospects = {station.head.get("PROSPECT", "") for station in stations} - {""}
    where = prospects.pop() if len(prospects) == 1 else ""
    draft.title = f"Magnetotelluric soundings, {where}" if where else "Magnetotelluric soundings"
    draft.keywords = ("magnetotellurics",)
    draft.properties = {"stations": len(stations)}
