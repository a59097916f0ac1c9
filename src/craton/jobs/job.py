"""The nouns of jobs: what was asked, how far it is, what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

from craton.model.moments import now
from craton.model.permission import OWNER, Actor
from craton.model.record import LanguageMap

State = Literal["accepted", "running", "successful", "failed", "dismissed"]
"""States of OGC API – Processes."""

ENDED = frozenset({"successful", "failed", "dismissed"})


class InputRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of one dataset that a job takes; `variable` names a field of a grid."""

    id: str
    version: int
    content: str = ""
    variable: str = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a job failed: a stable `kind`, one sentence, what to do."""

    kind: str
    message: str
    hint: str = ""


class JobLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a job may use: resident memory in MB, wall time in seconds."""

    memory_mb: int = 4096
    seconds: float = 3600.0


class ManagerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs run at a time, and what goes with every job."""

    workers: int = 2
    scheduler: str = ""
    owner: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of a process, or of an application (`process` is then empty).

    `key` stands for process, version, inputs and parameters: jobs of one key
    have one result. `results` has the dataset id of each output. `parent` is
    the application's job that asked for it, `step` its step there. `answer` is
    how who asked wants the results, in the terms of the door they came through.
    """

    id: str
    process: str = ""
    app: str = ""
    version: str = ""
    inputs: dict[str, tuple[InputRef, ...]] = {}
    parameters: dict[str, Any] = {}
    key: str = ""
    title: LanguageMap = {}
    actor: Actor = OWNER
    limits: JobLimits = JobLimits()
    parent: str = ""
    step: str = ""
    subscriber: dict[str, str] = {}
    answer: dict[str, Any] = {}
    state: State = "accepted"
    message: str = ""
    percent: float = 0.0
    created: str = ""
    started: str = ""
    ended: str = ""
    updated: str = ""
    attempts: int = 0
    results: dict[str, str] = {}
    reused: bool = False
    fault: Fault | None = None

    @property
    def is_app(self) -> bool:
        """Whether it is the run of an application, whose steps are jobs of their own."""
        return bool(self.app) and not self.process

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state in ENDED

    @property
    def remaining(self) -> float | None:
        """Estimated seconds to the end, from the share done so far; `None` where that cannot be told."""
        if self.state != "running" or self.percent < 1 or not self.started:
            return None
        elapsed = (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(self.started)).total_seconds()
        return max(0.0, elapsed * (100 - self.percent) / self.percent)


def changed(job: Job, **fields: Any) -> Job:
    """`job` with other values in `fields`, updated now."""
    return msgspec.structs.replace(job, updated=now(), **fields)
