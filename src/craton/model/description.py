"""What a description is gathered in, and the steps that all kinds of data share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from craton.model import crs as systems
from craton.model import quantities as registry
from craton.model.columns import ColumnSummary
from craton.model.data import ColumnNote, Draft
from craton.model.errors import InvalidError
from craton.model.record import Bbox, Column, Finding, Interval, Period, Quantity

UPDATES = (
    "updat",
    "modif",
    "creat",
    "edit",
    "load",
    "export",
    "publish",
    "submit",
    "entered",
    "last_",
    "retriev",
    "extract",
)
"""Parts of the names of columns that tell of the file's history, not of when something was measured."""

COORDINATES = "coordinates"
"""Topic of quantities that say where and when, and are not themselves measured."""


@dataclass
class Description:
    """Parts of the record that come from the data itself."""

    crs: str = ""
    bbox: Bbox | None = None
    footprint: dict[str, Any] | None = None
    vertical: Interval | None = None
    time: Period | None = None
    shape: dict[str, int] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def find(self, code: str, count: int = 1, message: str = "", where: str = "") -> None:
        """Add a finding, or to the count of the same one; none where `count` is 0."""
        if not count:
            return
        total = count + sum(one.count for one in self.findings if one.code == code)
        self.findings = [one for one in self.findings if one.code != code]
        self.findings.append(Finding(code=code, count=int(total), message=message, where=where))

    def add_column(self, name: str, summary: ColumnSummary, note: ColumnNote, table: str = "") -> None:
        """Add a column, and the quantity it carries if that is one of numbers or classes."""
        self.columns.append(
            Column(
                name=name, type=summary.type, title=note.title, unit=note.unit, quantity=note.quantity,
                table=table, missing=summary.missing,
            )
        )  # fmt: skip
        rule = registry.rule(note.quantity)
        numeric = summary.type in {"integer", "number"}
        classes = rule is not None and not rule.unit
        if not note.quantity or not (numeric or classes) or (rule is not None and rule.topic == COORDINATES):
            return
        variable = f"{table}.{name}" if table else name
        self.quantities.append(
            quantity_of(variable, summary if numeric else summary._replace(minimum=None, maximum=None), note)
        )

    def add_time(self, name: str, summary: ColumnSummary) -> None:
        """Widen the period by a column of dates or times, unless it tells of the file's history."""
        if summary.type in {"date", "datetime"} and not any(part in name.lower() for part in UPDATES):
            self.time = joined(self.time, str(summary.minimum or ""), str(summary.maximum or ""))

    def count_empty(self, summaries: Iterable[ColumnSummary]) -> None:
        """Find columns without any value, in tables that have rows."""
        self.find("column-empty", sum(one.rows > 0 and one.missing == one.rows for one in summaries))


def quantity_of(variable: str, summary: ColumnSummary, note: ColumnNote) -> Quantity:
    """Quantity that `variable` carries, with its range."""
    low, high = summary.minimum, summary.maximum
    return Quantity(
        name=note.quantity,
        unit=note.unit,
        variable=variable,
        original_unit=note.original_unit if note.original_unit != note.unit else "",
        minimum=float(low) if isinstance(low, (int, float)) else None,
        maximum=float(high) if isinstance(high, (int, float)) else None,
        valid=summary.valid,
    )


def joined(period: Period | None, start: str, end: str) -> Period | None:
    """`period` widened to hold `start` to `end` (RFC 3339, either may be empty)."""
    starts = [text for text in (period.start if period else "", start) if text]
    ends = [text for text in (period.end if period else "", end) if text]
    return Period(start=min(starts, default=""), end=max(ends, default="")) if starts or ends else period


def settle_crs(draft: Draft, found: str, description: Description, *, placed: bool) -> str:
    """Reference system of `draft`, else the one `found` in its data; doubts are added to `description`.

    Parameters
    ----------
    placed : bool
        Whether the data has coordinates, so that a system is called for.
    """
    stated = draft.crs or found
    if not stated:
        description.find("crs-missing", placed and not has_finding(draft, "crs-unknown", "crs-local"))
        return ""
    try:
        description.crs = systems.normalise(stated)
    except InvalidError as error:
        description.find("crs-unknown", message=error.message)
        return ""
    description.find("crs-local", systems.is_local(description.crs))
    return description.crs


def has_finding(draft: Draft, *codes: str) -> bool:
    """Whether the reader has made one of these findings already."""
    return any(finding.code in codes for finding in draft.findings)


def note_of(draft: Draft, name: str, table: str = "") -> ColumnNote:
    """Note on a column, by table and name, else by name."""
    return draft.notes.get(f"{table}.{name}" if table else name) or draft.notes.get(name) or ColumnNote()
