"""Describe: from a harmonised draft to the complete record, without assets."""

from __future__ import annotations

from craton.model.data import Draft
from craton.model.record import Record


def describe(draft: Draft, *, id: str) -> Record:
    """Record of `draft`: extent, footprint, time, shape, columns, quantities and findings."""
    titles = draft.titles or {"und": draft.title or draft.name or id}
    return Record(id=id, kind=draft.kind, title=titles, findings=tuple(draft.findings))
