"""Text of one magnetotelluric station in the SEG's EDI format: keywords and blocks of numbers.

After D. E. Wight, "MT/EMAP data interchange standard", revision 1.0, Society
of Exploration Geophysicists 1987.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from craton.model.errors import RefusedError

MAX_FREQUENCIES = 100_000
DEFAULT_EMPTY = 1e32
DATE_FORMATS = ("%m/%d/%y", "%m/%d/%Y", "%Y-%m-%d", "%Y/%m/%d")
"""The standard writes month first; ISO dates are common too."""

_BLOCK = re.compile(r"^>\s*([A-Z][\w.]*)([^/]*)(?://\s*(\d+))?", re.IGNORECASE)
_OPTION = re.compile(r'^\s*([A-Z]\w*)\s*=\s*"?([^"]*)"?\s*$', re.IGNORECASE)


@dataclass(frozen=True)
class Station:
    """One station's file.

    Parameters
    ----------
    head, reference : dict of str to str
        Options of the head and of the definition of measurements, keywords in capitals.
    blocks : dict of str to array
        Numbers by block name, NaN where the file says empty, all as long as `FREQ`.
    empty, unread, uneven : int
        Values marked empty; values that are no number; blocks of another length than declared.
    ended : bool
        Whether the end mark is there.
    """

    head: dict[str, str]
    reference: dict[str, str]
    blocks: dict[str, np.ndarray]
    empty: int = 0
    unread: int = 0
    uneven: int = 0
    ended: bool = True

    @property
    def longitude(self) -> float:
        """Degrees east as the head states, else the reference position; NaN where neither does."""
        return _first_angle(self.head.get("LONG"), self.head.get("LON"), self.reference.get("REFLONG"))

    @property
    def latitude(self) -> float:
        """Degrees north as the head states, else the reference position; NaN where neither does."""
        return _first_angle(self.head.get("LAT"), self.reference.get("REFLAT"))

    @property
    def elevation(self) -> float:
        """Height in the file's unit of length; NaN where it is not stated."""
        return number(self.head.get("ELEV") or self.reference.get("REFELEV") or "")

    @property
    def acquired(self) -> date | None:
        """Day of acquisition."""
        return day(self.head.get("ACQDATE", ""))


def parse(text: str) -> Station:
    """Station of `text`; `RefusedError` when it holds no frequencies."""
    sections = _sections(text)
    head = _options(sections, "HEAD")
    reference = _options(sections, "=DEFINEMEAS")
    raw, unread, uneven = _numbers(sections)
    if "FREQ" not in raw or len(raw["FREQ"]) == 0:
        spectra = any(name.startswith("=SPECTRASECT") for name, _ in sections)
        code, words = ("unsupported", "spectra only") if spectra else ("no-data", "no frequencies")
        raise RefusedError(code, f"the station file holds {words}", hint="export impedances")
    mark = number(head.get("EMPTY", "")) if "EMPTY" in head else DEFAULT_EMPTY
    frequencies = len(raw["FREQ"])
    kept = {name: values for name, values in raw.items() if len(values) == frequencies}
    empty = sum(int(np.count_nonzero(np.isclose(values, mark, rtol=1e-6))) for values in kept.values())
    blocks = {
        name: np.where(np.isclose(values, mark, rtol=1e-6), np.nan, values) for name, values in kept.items()
    }
    ended = any(title.upper().startswith("END") for title, _ in sections)
    return Station(head, reference, blocks, empty, unread, uneven + len(raw) - len(kept), ended)


def _sections(text: str) -> list[tuple[str, list[str]]]:
    """First line of each section, without `>`, and its further lines; comments left out."""
    sections: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith(">!"):
            continue
        if line.startswith(">"):
            sections.append((line[1:].strip(), []))
        elif sections and line.strip():
            sections[-1][1].append(line)
    return sections


def _options(sections: list[tuple[str, list[str]]], name: str) -> dict[str, str]:
    """Options of the section called `name`."""
    lines = next((lines for title, lines in sections if title.upper().startswith(name)), [])
    found = (_OPTION.match(line) for line in lines)
    return {option[1].upper(): option[2].strip() for option in found if option}


def _numbers(sections: list[tuple[str, list[str]]]) -> tuple[dict[str, np.ndarray], int, int]:
    """Blocks by name, how many values are no number, how many blocks have another length than declared."""
    blocks: dict[str, np.ndarray] = {}
    unread = uneven = 0
    for title, lines in sections:
        found = _BLOCK.match(">" + title)
        if found is None or found[3] is None:
            continue
        words = " ".join(lines).split()[:MAX_FREQUENCIES]
        values = np.array([number(word) for word in words], dtype=np.float64)
        unread += int(np.count_nonzero(np.isnan(values)))
        uneven += len(values) != int(found[3])
        blocks.setdefault(found[1].upper(), values)
    return blocks, unread, uneven


def number(text: str) -> float:
    """Number that `text` is; NaN where it is none."""
    try:
        return float(text.replace("D", "E"))
    except ValueError:
        return np.nan


def _first_angle(*texts: str | None) -> float:
    return next((value for text in texts if text and np.isfinite(value := angle(text))), np.nan)


def angle(text: str) -> float:
    """Degrees of a decimal or of degrees:minutes:seconds, where −0:30:00 is south or west; NaN otherwise."""
    parts = [number(part) for part in text.strip().lstrip("+-").split(":")]
    if len(parts) > 3:
        return np.nan
    degrees: float = sum(part / 60**place for place, part in enumerate(parts))
    return -degrees if text.strip().startswith("-") else degrees


def day(text: str) -> date | None:
    """Day that `text` states, month first as the standard has it; `None` where it states none."""
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
