"""Well logs in LAS format (versions 1.2, 2.0, 3.0) as one drill hole with its curves.

The main log becomes the curve table `log`; the further data sections of
version 3 become curve tables, or interval tables where they give a top and a
base (`core_1`, `tops`, `perforations`), and an inclinometry section becomes
the survey. Depths are brought to metres along the hole and made to increase;
all other curves keep their unit and mnemonic. Numbers equal to the NULL of
the header become empty. Header and parameters go to the record's properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from craton.ingest import log_header
from craton.ingest.hole_draft import finish
from craton.ingest.log_tables import LogTables, tables_of
from craton.ingest.log_text import Entry, LogText, parse
from craton.ingest.plain_text import read_text
from craton.model.boreholes import make_collars
from craton.model.data import Boreholes, Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding, Party, Period
from craton.process.readers import Candidate, Source, reader

POINT_CLOUD = b"LASF"
"""First bytes of the other format that goes by `.las`."""

LAYERED = ("tops",)
"""Interval tables that fill the hole."""

MOST_PROPERTIES = 500
"""Header entries kept in the record."""


def _matches(candidate: Candidate) -> bool:
    return not candidate.head.startswith(POINT_CLOUD)


@reader("well-log", suffixes=(".las",), order=14, matches=_matches)
def read_well_log(source: Source) -> Iterator[Draft]:
    """The hole of one LAS well log."""
    text, findings = read_text(source.path, source.scratch)
    log = parse(text)
    if not log.sections:
        words = f"{source.name} has no section that begins with ~"
        raise RefusedError("invalid-structure", words, hint="export it again as LAS 2.0")
    if log.unread:
        findings.append(
            Finding(code="structure-nonstandard", count=log.unread, message="header lines without form")
        )
    hole_id = log_header.hole_name(log, source.stem)
    tables = tables_of(log, hole_id)
    if not tables.intervals and not tables.curves and tables.surveys.empty:
        raise RefusedError(
            "no-data", f"{source.name} has a header but no readings", hint="export it with its data"
        )
    findings += [*tables.findings, *_contradictions(log, tables)]
    yield _draft(source, log, hole_id, tables, findings)


def _draft(source: Source, log: LogText, hole_id: str, tables: LogTables, findings: list[Finding]) -> Draft:
    place = log_header.place(log)
    if place is not None and place.is_geographic and not (abs(place.y) <= 90 and abs(place.x) <= 180):
        findings.append(Finding(code="coordinate-out-of-range", message=f"{place.y:g}, {place.x:g}"))
        place = None
    collars = make_collars(
        [hole_id],
        x=[place.x if place else np.nan],
        y=[place.y if place else np.nan],
        elevation=[log_header.elevation(log)],
        total_depth=[log_header.total_depth(log)],
    )
    data = Boreholes(collars, tables.surveys, tables.intervals, tables.curves)
    name = log.value("well", "WELL")
    draft = Draft(data=data, kind="boreholes", title=name.value if name else source.stem, notes=tables.notes)
    draft.findings = findings
    _describe(draft, log)
    why = Finding(code="crs-from-names", message="latitude and longitude of the header")
    geographic = place is not None and place.is_geographic
    stated = place.crs if place else ""
    return finish(
        draft,
        source.options,
        stated=stated,
        assumed="EPSG:4326" if geographic else "",
        why=why,
        layered=LAYERED,
    )


def _describe(draft: Draft, log: LogText) -> None:
    header = {part: _values(log.entries(part)) for part in ("well", "parameter")}
    draft.properties = {
        "format": f"LAS {log.version:g}",
        **{part: kept for part, kept in header.items() if kept},
    }
    roles = {"COMP": "operator", "SRVC": "contractor"}
    stated = {role: log.value("well", name) for name, role in roles.items()}
    draft.parties = tuple(Party(name=entry.value, role=role) for role, entry in stated.items() if entry)
    written = log.value("well", "DATE")
    day, is_clear = _day(written.value) if written else ("", True)
    draft.time = Period(start=f"{day}T00:00:00Z", end=f"{day}T00:00:00Z") if day else None
    if not is_clear and written:
        draft.find("date-ambiguous", message=written.value[:40])


def _values(entries: list[Entry]) -> dict[str, str]:
    """Values with their unit by mnemonic; of a mnemonic that comes again the first."""
    found: dict[str, str] = {}
    for entry in entries[:MOST_PROPERTIES]:
        if entry.value and entry.name:
            found.setdefault(entry.name, f"{entry.value} {entry.unit}".strip())
    return found


FORMS = ("%Y-%m-%d", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%Y/%m/%d", "%d-%B-%Y")
"""Dates that can be read in one way only."""


def _day(written: str) -> tuple[str, bool]:
    """Day as year-month-day (empty if it cannot be told), and whether it can be read in one way only."""
    text = written.strip().split(" 0")[0]
    for form in FORMS:
        try:
            return f"{datetime.strptime(text, form):%Y-%m-%d}", True  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    match = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text)
    if match is None:
        return "", True
    first, second, year = (int(part) for part in match.groups())
    day, month = (first, second) if first > 12 or first == second else (second, first)
    if day <= 12 and first != second:
        return "", False
    return (f"{year:04}-{month:02}-{day:02}", True) if 1 <= month <= 12 and 1 <= day <= 31 else ("", True)


def _contradictions(log: LogText, tables: LogTables) -> list[Finding]:
    """STRT, STOP and STEP of the header that the depths of the log do not bear out."""
    depth = tables.curves["log"]["depth"].to_numpy() if "log" in tables.curves else np.array([])
    depth = depth[np.isfinite(depth)]
    if depth.size == 0:
        return []
    start, stop, step = (
        log_header.metres(log.value("well", n), tables.depth_unit) for n in ("STRT", "STOP", "STEP")
    )
    spacing = np.median(np.diff(depth)) if depth.size > 1 else np.nan
    slack = max(abs(step) / 2 if np.isfinite(step) else 0.0, 0.001)
    stated = {
        "top": (np.fmin(start, stop), depth.min(), slack),
        "bottom": (np.fmax(start, stop), depth.max(), slack),
        "step": (abs(step) or np.nan, spacing, max(abs(step) * 0.01, 0.001)),
    }
    wrong = [
        f"{name} is {told:g} m in the header and {found:g} m in the data"
        for name, (told, found, allowed) in stated.items()
        if np.isfinite(told) and np.isfinite(found) and abs(told - found) > allowed
    ]
    return [Finding(code="header-conflict", count=len(wrong), message="; ".join(wrong))] if wrong else []
