"""What every reader of drill holes does at the end: one draft, its reference system, its checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import cast

import pandas as pd

from craton.ingest.reference import state_crs
from craton.model.boreholes import check, make_collars
from craton.model.crs import normalise
from craton.model.data import Boreholes, ColumnNote, Draft
from craton.model.errors import InvalidError
from craton.model.record import Finding
from craton.process.readers import Options

COLLAR_NOTES = {
    "collars.elevation": ColumnNote(unit="m"),
    "collars.total_depth": ColumnNote(unit="m"),
}
SURVEY_NOTES = {
    "surveys.depth": ColumnNote(unit="m"),
    "surveys.azimuth": ColumnNote(unit="deg"),
    "surveys.inclination": ColumnNote(unit="deg"),
}


MESSAGES = 5
"""Messages of one code that are kept."""


def finish(
    draft: Draft,
    options: Options,
    *,
    stated: str = "",
    assumed: str = "",
    why: Finding | None = None,
    layered: Collection[str] | None = None,
) -> Draft:
    """Settle the reference system of `draft`, note the units of the fixed columns, run the checks.

    Parameters
    ----------
    draft : Draft
        With `Boreholes` as data.
    options : Options
        What the person who adds the data states.
    stated : str
        Reference system the file states.
    assumed : str
        Reference system taken where neither file nor person states one, with
        the finding `why`.
    layered : collection of str
        Interval tables without gaps, as in `model.boreholes.check`.
    """
    holes = cast("Boreholes", draft.data)
    located = bool(holes.collars.geometry.notna().any())
    stated = _known(draft, stated)
    if stated or options.crs:
        state_crs(draft, stated, options)
    elif located and assumed and why is not None:
        draft.crs = assumed
        draft.findings.append(why)
    elif located and not any(f.code == "crs-unknown" for f in draft.findings):
        draft.find("crs-missing")
    if draft.crs:
        holes.collars.geometry = holes.collars.geometry.set_crs(draft.crs, allow_override=True)
    draft.notes = {**fixed_notes(holes), **draft.notes}
    draft.findings = merged([*draft.findings, *check(holes, layered=layered)])
    return draft


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding a code: counts added up, what was said of each put together, the first place kept."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return [_together(code, found) for code, found in by_code.items()]


def _together(code: str, found: list[Finding]) -> Finding:
    told = list(dict.fromkeys(f.message for f in found if f.message))
    more = f" and {len(told) - MESSAGES} more" if len(told) > MESSAGES else ""
    place = next((f.where for f in found if f.where), "")
    return Finding(
        code=code, count=sum(f.count for f in found), message="; ".join(told[:MESSAGES]) + more, where=place
    )


def _known(draft: Draft, stated: str) -> str:
    """`stated` in one spelling; empty, with a finding, where no such system exists."""
    try:
        return normalise(stated) if stated else ""
    except InvalidError:
        draft.find("crs-unknown", message=stated[:80])
        return ""


def fixed_notes(holes: Boreholes) -> dict[str, ColumnNote]:
    """Units of the columns every borehole table has."""
    depths = [f"{name}.{end}" for name in holes.intervals for end in ("from_depth", "to_depth")]
    depths += [f"{name}.depth" for name in holes.curves]
    surveys = SURVEY_NOTES if len(holes.surveys) else {}
    return {**COLLAR_NOTES, **surveys, **{name: ColumnNote(unit="m") for name in depths}}


def holes_named(tables: Iterable[pd.DataFrame]) -> pd.Series:
    """Names of the holes in `tables`, in the order they come, for sources without collars."""
    names = [table["hole_id"] for table in tables if len(table)]
    if not names:
        return pd.Series([], dtype="str")
    unique: pd.Series = pd.concat(names).drop_duplicates().reset_index(drop=True)
    return unique


def bare_holes(
    surveys: pd.DataFrame, intervals: Mapping[str, pd.DataFrame], curves: Mapping[str, pd.DataFrame]
) -> tuple[Boreholes, Finding]:
    """Holes known only by their names in the tables, and the finding that says so."""
    tables = [surveys, *intervals.values(), *curves.values()]
    rows = sum(len(table) for table in tables)
    collars = make_collars(holes_named(tables))
    found = Finding(code="hole-without-collar", count=rows, message="there is no collar table")
    return Boreholes(collars, surveys, dict(intervals), dict(curves)), found
