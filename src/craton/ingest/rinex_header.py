"""Headers of satellite positioning files: RINEX 2 and 3, Compact RINEX, SP3 orbits.

RINEX labels stand from column 61 on (RINEX 3.05, IGS and RTCM-SC104); times
are of the satellite system named beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from craton.ingest.gps_time import utc_of_gps

LABEL = 60
MAX_HEADER_LINES = 5_000
TWO_DIGIT_PIVOT = 80
"""Years below it are of this century in two-digit epochs (RINEX 2.11, section 0.4)."""
UTC_SYSTEMS = {"GLO", "UTC"}
"""Time systems that keep leap seconds."""
KINDS = {
    "O": "observations", "N": "navigation messages", "G": "navigation messages", "H": "navigation messages",
    "E": "navigation messages", "L": "navigation messages", "M": "meteorology",
}  # fmt: skip
SYSTEMS = {
    "G": "GPS", "R": "GLONASS", "E": "Galileo", "C": "BeiDou", "J": "QZSS", "S": "SBAS", "I": "NavIC",
    "M": "mixed",
}  # fmt: skip

_EPOCH_3 = re.compile(r"^>\s*(\d{4})\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.]+)", re.MULTILINE)
_EPOCH_2 = re.compile(
    r"^ (\d\d| \d) ([ \d]\d) ([ \d]\d) ([ \d]\d) ([ \d]\d)([ \d]{2}\d\.\d{7})  \d", re.MULTILINE
)
_MESSAGE_3 = re.compile(r"^[A-Z]\d\d (\d{4}) (\d\d) (\d\d) (\d\d) (\d\d) (\d\d)(?=[ -])", re.MULTILINE)
_MESSAGE_2 = re.compile(
    r"^[ \d]\d ([ \d]\d) ([ \d]\d) ([ \d]\d) ([ \d]\d) ([ \d]\d)([ \d]{2}\d\.\d)", re.MULTILINE
)


@dataclass
class Header:
    """What a positioning file states of itself.

    Parameters
    ----------
    version : float
    kind : str
        `observations`, `navigation messages`, `meteorology`, `orbits`.
    text : str
        The header's lines.
    lines : dict of str to list of str
        Contents by label.
    complete : bool
        Whether the end of the header was found.
    """

    version: float
    kind: str
    text: str
    lines: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = True

    def first(self, label: str) -> str:
        """First content under `label`; empty where there is none."""
        return self.lines.get(label, [""])[0]

    @property
    def system(self) -> str:
        """Time system of the file's epochs."""
        named = self.first("TIME OF FIRST OBS")[48:51].strip()
        return named or ("UTC" if self.first("RINEX VERSION / TYPE")[40:41] == "R" else "GPS")

    @property
    def position(self) -> tuple[float, float, float] | None:
        """Approximate position of the marker in the Earth-fixed frame, in metres."""
        try:
            east, north, up = (float(word) for word in self.first("APPROX POSITION XYZ").split()[:3])
        except ValueError:
            return None
        return (east, north, up) if any((east, north, up)) else None


def parse(text: str) -> Header | None:
    """Header at the start of `text`; `None` where it is not one of RINEX."""
    lines = text.splitlines()[:MAX_HEADER_LINES]
    found = Header(version=0.0, kind="", text="", complete=False)
    for number, line in enumerate(lines):
        label = line[LABEL:].strip()
        if label == "END OF HEADER":
            found.complete = True
            break
        found.text = "\n".join(lines[: number + 1])
        found.lines.setdefault(label, []).append(line[:LABEL])
    declared = found.first("RINEX VERSION / TYPE")
    try:
        found.version = float(declared[:9])
    except ValueError:
        return None
    found.kind = KINDS.get(declared[20:21].upper(), "")
    return found if found.kind else None


def stated_time(content: str) -> datetime | None:
    """Moment of a header line such as `TIME OF FIRST OBS` (5I6, F13.7); `None` where it cannot be read."""
    return _moment([content[start : start + 6] for start in range(0, 30, 6)] + [content[30:43]])


def epochs(body: str, header: Header) -> tuple[list[datetime], int]:
    """Moments of the epochs in `body`, as they come, and how many could not be read."""
    if header.kind == "observations":
        pattern = _EPOCH_3 if header.version >= 3 else _EPOCH_2
    else:
        pattern = _MESSAGE_3 if header.version >= 3 else _MESSAGE_2
    moments = [_moment(list(found.groups())) for found in pattern.finditer(body)]
    unread = sum(moment is None for moment in moments)
    if pattern is _EPOCH_3:
        unread += len(re.findall(r"^>", body, re.MULTILINE)) - len(moments)
    return [moment for moment in moments if moment is not None], unread


def _moment(words: list[str]) -> datetime | None:
    """Date and time of six numbers; seconds may reach 60, which is the next minute."""
    try:
        year, month, day, hour, minute = (int(word) for word in words[:5])
        seconds = float(words[5])
        if year < 100:
            year += 2000 if year < TWO_DIGIT_PIVOT else 1900
        if not 0 <= seconds <= 60:
            return None
        return datetime(year, month, day, hour, minute) + timedelta(seconds=seconds)  # noqa: DTZ001 - the system's own time
    except (ValueError, OverflowError):
        return None


def to_utc(moment: datetime, system: str) -> datetime:
    """UTC of a `moment` of the time `system`; Galileo and QZSS keep GPS time, BeiDou runs 14 s behind it."""
    if system in UTC_SYSTEMS:
        return moment
    return utc_of_gps(moment + timedelta(seconds=14 if system == "BDT" else 0))


def orbit_header(text: str) -> tuple[Header, datetime | None, datetime | None] | None:
    """Header of an SP3 orbit file with its first and last epoch; `None` where `text` is none."""
    lines = text.lstrip().splitlines()
    if not lines or not re.match(r"#[a-d][PV]\d{4}", lines[0]):
        return None
    head = list(_orbit_lines(lines))
    declared = lines[0]
    header = Header(version=float("abcd".index(declared[1]) + 1), kind="orbits", text="\n".join(head))
    header.lines["FRAME"] = [declared[46:51].strip()]
    header.lines["AGENCY"] = [declared[56:60].strip()]
    header.lines["TIME SYSTEM"] = [
        next((line[9:12] for line in head if line.startswith("%c")), "GPS").strip()
    ]
    moments = [
        moment
        for line in lines
        if line.startswith("*") and (moment := _moment(line[1:].split()[:6])) is not None
    ]
    return header, min(moments, default=None), max(moments, default=None)


def _orbit_lines(lines: list[str]) -> Iterator[str]:
    for line in lines[:MAX_HEADER_LINES]:
        if line.startswith("*"):
            return
        yield line
