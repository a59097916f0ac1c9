"""A group of an AGS file as a data frame, and which of its headings are keys and depths."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from craton.ingest.ags_text import Group

NUMERIC_TYPE = re.compile(r"\d+(DP|SF|SCI)|MC")
"""AGS data types that are numbers: decimal places, significant figures, scientific, moisture content."""

NUMERIC_END = re.compile(r"_(TOP|BASE|DPTH|H?DEP|NATE|NATN|GL|FDEP|ORNT|INCL)$")
"""Headings that are numbers whatever type is declared."""

DEPTH_END = re.compile(r"_(TOP|DPTH|H?DEP)$")
"""Headings that are depths."""

TEXT_UNITS = re.compile(r"^$|yy|hh|dd", re.IGNORECASE)
"""Units of edition 3 that mark text, dates and times."""

KEYS = ("LOCA_ID", "HOLE_ID")
TABLE_NAMES = {"GEOL": "geology"}


class AgsTable:
    """A group as a data frame with numbers where the group declares numbers."""

    def __init__(self, group: Group, edition: int) -> None:
        self.group = group
        self.frame = pd.DataFrame(group.rows, columns=group.headings, dtype="str")
        self.frame = self.frame.mask(self.frame == "")
        self.set_aside = 0
        self.declared_text = (
            [h for h in group.headings if self._is_text_by_mistake(h)] if edition == 4 else []
        )
        self.numeric = [heading for heading in group.headings if self._is_number(heading, edition)]
        for heading in self.numeric:
            self._to_number(heading)

    def unit(self, heading: str) -> str:
        """Unit of a heading, empty for text, dates and times."""
        written = self._declared(self.group.units, heading)
        return "" if TEXT_UNITS.search(written) else written

    def _declared(self, words: list[str], heading: str) -> str:
        place = self.group.headings.index(heading)
        return words[place] if place < len(words) else ""

    def _is_text_by_mistake(self, heading: str) -> bool:
        declared = self._declared(self.group.types, heading)
        return bool(NUMERIC_END.search(heading)) and not NUMERIC_TYPE.fullmatch(declared)

    def _is_number(self, heading: str, edition: int) -> bool:
        if heading in KEYS:
            return False
        if NUMERIC_END.search(heading):
            return True
        if edition == 4:
            return bool(NUMERIC_TYPE.fullmatch(self._declared(self.group.types, heading)))
        if TEXT_UNITS.search(self._declared(self.group.units, heading)):
            return False
        return bool(pd.to_numeric(self.frame[heading].dropna(), errors="coerce").notna().all())

    def _to_number(self, heading: str) -> None:
        numbers = pd.to_numeric(self.frame[heading], errors="coerce")
        numbers = numbers.where(np.isfinite(numbers))
        self.set_aside += int((self.frame[heading].notna() & numbers.isna()).sum())
        self.frame[heading] = numbers.astype(float)

    def column(self, *headings: str) -> pd.Series:
        """First of `headings` the group has, else empty."""
        found = next((h for h in headings if h in self.frame), None)
        return self.frame[found] if found else pd.Series(np.nan, index=self.frame.index)

    @property
    def key(self) -> str:
        """Heading that names the hole, empty for groups that hang on none."""
        return next((k for k in KEYS if k in self.frame), "")

    @property
    def name(self) -> str:
        """Name of the table among the holes' tables."""
        return TABLE_NAMES.get(self.group.name, self.group.name.lower())

    @property
    def depths(self) -> tuple[str, ...]:
        """Headings of top and base, or of one depth; empty if the group has no depth."""
        own = self.group.name
        for top, base in ((f"{own}_TOP", f"{own}_BASE"), (f"{own}_FROM", f"{own}_TO")):
            if {top, base} <= set(self.numeric) and self.frame[base].notna().any():
                return top, base
        singles = [
            f"{own}_TOP",
            f"{own}_DPTH",
            f"{own}_FROM",
            f"{own}_DIS",
            "SPEC_DPTH",
            "SAMP_TOP",
            "MONG_DIS",
        ]
        further = [h for h in self.group.headings if DEPTH_END.search(h)]
        return next(
            ((h,) for h in [*singles, *further] if h in self.numeric and self.frame[h].notna().any()), ()
        )
