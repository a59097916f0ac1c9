"""Satellite positioning files, kept as documents with the place of their station and the time they cover."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyproj

from craton.ingest.gps_time import rfc3339
from craton.ingest.rinex_header import SYSTEMS, Header, epochs, orbit_header, parse, stated_time, to_utc
from craton.model.data import Document, Draft
from craton.model.errors import RefusedError
from craton.model.record import Period
from craton.process.readers import Candidate, Source, reader

MEDIA_TYPE = "application/x-rinex"
LOOK_BYTES = 32 << 20
"""Bytes searched for epochs; longer files are searched at both ends."""
EARTH_RADII = (6.3e6, 6.5e6)
"""Distances from the centre of the Earth, in metres, at which a station can stand."""
FIRST_WITH_SYSTEMS = 3
"""Version from which a file always names its satellite system."""
COMPACT = b"COMPACT RINEX FORMAT"
WORDS = {
    "marker": "MARKER NAME",
    "marker_number": "MARKER NUMBER",
    "receiver": "REC # / TYPE / VERS",
    "antenna": "ANT # / TYPE",
    "agency": "OBSERVER / AGENCY",
    "interval_s": "INTERVAL",
    "programme": "PGM / RUN BY / DATE",
}
"""Properties of the record by header label."""


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    return b"RINEX VERSION / TYPE" in head[:400] or re.match(rb"\s*#[a-d][PV]\d{4}", head) is not None


@reader("rinex", order=15, matches=_matches)
def read_positioning(source: Source) -> Iterator[Draft]:
    """One document a file: its header as text, its station's place, the time it covers."""
    head, tail, whole = _ends(source.path)
    orbit = orbit_header(head if whole else head + tail)
    draft = _orbit_draft(*orbit) if orbit else _rinex_draft(source.path, head, tail)
    if orbit and "\nEOF" not in (tail or head):
        draft.find("truncated", message="the end mark of the orbit file is missing")
    yield draft


def _ends(path: Path) -> tuple[str, str, bool]:
    """First and, where it is longer than is searched, last part of the file as text."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(LOOK_BYTES)
        stream.seek(max(size - LOOK_BYTES // 8, len(head)))
        tail = stream.read()
    return head.decode("latin-1"), tail.decode("latin-1"), not tail


def _rinex_draft(path: Path, head: str, tail: str) -> Draft:
    compact = COMPACT.decode() in head[:200]
    text = "\n".join(head.splitlines()[2:]) if compact else head
    header = parse(text)
    if header is None or not header.complete:
        words = "no version and kind of data" if header is None else "no end of header"
        raise RefusedError("corrupt", f"the positioning file states {words}", hint="export it again")
    draft = Draft(data=Document(text=header.text, media_type=MEDIA_TYPE), kind="document", keywords=("GNSS",))
    draft.title = f"GNSS {header.kind} {header.first('MARKER NAME').strip() or path.stem}"
    draft.properties = _properties(header, compact=compact)
    _note_place(draft, header)
    _note_times(draft, header, "" if compact else text[len(header.text) :] + tail, compact=compact)
    return draft


def _properties(header: Header, *, compact: bool) -> dict[str, object]:
    system = header.first("RINEX VERSION / TYPE")[40:41].upper()
    before_systems = "GPS" if header.version < FIRST_WITH_SYSTEMS else ""
    properties: dict[str, object] = {
        "format": "Compact RINEX" if compact else "RINEX",
        "version": header.version,
        "content": header.kind,
        "satellite_system": SYSTEMS.get(system, before_systems),
        "observation_types": _observation_types(header),
    }
    stated = {name: " ".join(header.first(label).split()) for name, label in WORDS.items()}
    return properties | {name: words for name, words in stated.items() if words}


def _observation_types(header: Header) -> list[str]:
    """Codes of the observations, by system letter from version 3 on."""
    codes: list[str] = []
    system = ""
    for content in header.lines.get("SYS / # / OBS TYPES", []):
        system = content[:1].strip() or system
        codes += [f"{system} {code}" for code in content[6:].split()]
    for content in header.lines.get("# / TYPES OF OBSERV", []):
        codes += content[6:].split()
    return codes


def _note_place(draft: Draft, header: Header) -> None:
    """Longitude and latitude of the marker, from its Earth-fixed position."""
    if header.position is None:
        return
    if not EARTH_RADII[0] < float(np.linalg.norm(header.position)) < EARTH_RADII[1]:
        draft.find("coordinate-out-of-range", message="the position of the marker is not on the Earth")
        return
    transformer = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
    longitude, latitude, height = transformer.transform(*header.position)
    draft.geographic_bounds = (longitude, latitude, longitude, latitude)
    draft.properties["approximate_position"] = {
        "longitude": round(longitude, 8),
        "latitude": round(latitude, 8),
        "height_m": round(height, 3),
    }


def _note_times(draft: Draft, header: Header, body: str, *, compact: bool) -> None:
    """Period from the header, and from the epochs where the header leaves a side open."""
    labels = [label for label in ("TIME OF FIRST OBS", "TIME OF LAST OBS") if header.first(label).strip()]
    stated = {label: stated_time(header.first(label)) for label in labels}
    moments, unread = epochs(body, header)
    unread += sum(moment is None for moment in stated.values())
    if unread:
        draft.find("date-unread", unread)
    if not compact and not moments:
        raise RefusedError("no-data", "the positioning file has a header but no epoch that can be read")
    start = stated.get("TIME OF FIRST OBS") or min(moments, default=None)
    end = stated.get("TIME OF LAST OBS") or max(moments, default=None)
    draft.time = _period(start, end, header.system)


def _period(start: datetime | None, end: datetime | None, system: str) -> Period | None:
    sides = [rfc3339(to_utc(moment, system)) if moment else "" for moment in (start, end)]
    return Period(start=sides[0], end=sides[1]) if any(sides) else None


def _orbit_draft(header: Header, start: datetime | None, end: datetime | None) -> Draft:
    if start is None:
        raise RefusedError("no-data", "the orbit file has a header but no epoch that can be read")
    draft = Draft(data=Document(text=header.text, media_type=MEDIA_TYPE), kind="document", keywords=("GNSS",))
    draft.title = f"GNSS satellite orbits {header.first('AGENCY')}".strip()
    draft.properties = {
        "format": "SP3",
        "version": "abcd"[int(header.version) - 1],
        "content": header.kind,
        "frame": header.first("FRAME"),
        "agency": header.first("AGENCY"),
    }
    draft.time = _period(start, end, header.first("TIME SYSTEM"))
    return draft
