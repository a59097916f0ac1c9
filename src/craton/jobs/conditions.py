"""Conditions on jobs, as the queue's database takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from craton.jobs.job import State
from craton.model.moments import now


class Condition(NamedTuple):
    """A condition with `?` for its values."""

    sql: str
    values: tuple[object, ...] = ()


class Range(NamedTuple):
    """A closed range of seconds; an open side is `None`."""

    least: float | None = None
    most: float | None = None


ANY_LENGTH = Range()

SECONDS = """
(julianday(CASE WHEN state = 'running' THEN ? ELSE document ->> 'ended' END)
 - julianday(document ->> 'started')) * 86400
"""
"""How long a job took, or has taken so far; nothing for one that never ran."""


def conditions(
    *,
    states: Sequence[State] = (),
    parent: str | None = None,
    actor: str = "",
    visitor: str = "",
    process: str | Sequence[str] = (),
    created: tuple[str, str] = ("", ""),
    seconds: Range = ANY_LENGTH,
) -> Condition:
    """All conditions that are stated, joined; see `craton.jobs.queue.JobQueue.find`."""
    processes = [process] if isinstance(process, str) and process else list(process)
    parts = [Condition("1 = 1")]
    if states:
        parts.append(Condition(f"state IN ({_marks(states)})", tuple(states)))
    if parent is not None:
        parts.append(Condition("parent = ?", (parent,)))
    if actor:
        parts.append(Condition("actor = ?", (actor,)))
    if visitor:
        parts.append(Condition("document ->> '$.actor.visitor' = ?", (visitor,)))
    if processes:
        sql = f"coalesce(document ->> 'process', document ->> 'app') IN ({_marks(processes)})"
        parts.append(Condition(sql, tuple(processes)))
    for sign, moment in zip((">=", "<="), created, strict=True):
        if moment:
            parts.append(Condition(f"document ->> 'created' {sign} ?", (moment,)))
    for sign, bound in zip((">=", "<="), seconds, strict=True):
        if bound is not None:
            parts.append(Condition(f"state <> 'accepted' AND {SECONDS} {sign} ?", (now(), bound)))
    return Condition(
        " AND ".join(f"({part.sql})" for part in parts), tuple(v for part in parts for v in part.values)
    )


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
