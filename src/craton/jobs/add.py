"""Add files to a node: plan, stage, read in children, commit in the planned order.

The order of commits is the order of the plan, whatever child ends first, so
that the same folder gives the same change sequence every time.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path

import msgspec

from craton.jobs import sandbox
from craton.jobs.messages import (
    DISK_FULL,
    Group,
    PlanReply,
    PlanRequest,
    ReadReply,
    ReadRequest,
    Result,
    Task,
)
from craton.jobs.reading import Reading
from craton.jobs.stage import copy_hashed
from craton.jobs.stamp import Stamp, same_bytes, stamp_of
from craton.model.edits import Visibility
from craton.model.errors import CratonError, InvalidError, RefusedError, StorageError
from craton.model.findings import REFUSALS
from craton.model.record import Record, SourceFile
from craton.store.staging import Transaction
from craton.store.store import Store

MEGABYTE = 1 << 20

HINT = " – "
"""Stands between what is wrong with a file and what to do about it."""


class AddOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person states about the data, and what one reading child may use.

    Memory is in MB: `memory_mb` for any file plus `memory_factor` times the
    file's size; time in seconds: `seconds` plus `seconds_per_mb` a MB.

    `licence` is that of all files; `usual_licence`, of those that state none.

    `visibility` is who may see all that is added; `visibility_of_new`, who may
    see what was not there before, while what was stays as open as it is.
    """

    crs: str = ""
    licence: str = ""
    owner: str = ""
    language: str = "und"
    usual_licence: str = ""
    workers: int = 0
    memory_mb: int = 900
    memory_factor: float = 16.0
    seconds: float = 8.0
    seconds_per_mb: float = 2.0
    visibility: Visibility | None = None
    visibility_of_new: Visibility | None = None

    def stated(self) -> dict[str, str]:
        """What was stated about the data, without what was left open."""
        names = ("crs", "licence", "owner", "language", "usual_licence")
        values = {name: getattr(self, name) for name in names}
        return {k: v for k, v in values.items() if v not in {"", "und"}}

    def limits(self, size: int) -> sandbox.Limits:
        """Limits of a child that reads `size` bytes."""
        megabytes = size / MEGABYTE
        memory = min(
            self.memory_mb + self.memory_factor * megabytes, max(self.memory_mb, machine_memory_mb() / 2)
        )
        return sandbox.Limits(
            memory=int(memory) * MEGABYTE,
            seconds=self.seconds + self.seconds_per_mb * megabytes,
            file_size=max(4 << 30, 40 * size),
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one input file: one line of `craton add --json`."""

    path: str
    outcome: str
    record: str = ""
    records: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    findings: dict[str, int] = {}
    seconds: float = 0.0


class _Job:
    """One group on its way through staging, reading and commit."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.start = time.perf_counter()
        self.stack = ExitStack()
        self.transaction: Transaction | None = None
        self.stamp: Stamp | None = None
        self.outcome: Outcome | None = None
        self.result: Result | None = None


Progress = Callable[[int, int, str], None]
"""Called with files done, files in all and the name of the last."""


def machine_memory_mb() -> float:
    """Physical memory of this machine in MB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MEGABYTE


class Adder:
    """Adds paths to a store; iterate over `run` for one `Outcome` per input file.

    Parameters
    ----------
    store, options
        Where to, and how.
    skip : tuple of str
        Folders that are left out.
    key : callable
        Identity of a source; where its main file lies, unless something else is given.
    reading : Reading
        A reading process that goes on afterwards; else one of its own.
    """

    def __init__(
        self,
        store: Store,
        options: AddOptions,
        *,
        skip: tuple[str, ...] = (),
        key: Callable[[Group], str] | None = None,
        reading: Reading | None = None,
    ) -> None:
        self._store = store
        self._options = options
        self._skip = list(skip)
        self._key = key or source_key
        self._workers = options.workers or max(1, len(os.sched_getaffinity(0)))
        self._reading = reading or Reading()
        self._is_own = reading is None
        self._waiting: dict[int, _Job] = {}

    def run(self, given: list[str], progress: Progress | None = None) -> Iterator[Outcome]:
        """Add all files at or below `given`; every file gets its outcome, in the plan's order."""
        self._store.recover()
        with self._reading if self._is_own else nullcontext():
            groups = self._plan(given)
            total = sum(max(1, len(g.files)) for g in groups)
            for done, outcome in enumerate(self._in_order(groups), start=1):
                if progress:
                    progress(done, total, outcome.path)
                yield outcome

    def stop(self) -> None:
        """End the reading, from any thread: who iterates gets a `CratonError`, what was committed stays."""
        self._reading.close()

    def _plan(self, given: list[str]) -> list[Group]:
        missing = [path for path in given if not os.path.lexists(path)]
        if missing:
            raise RefusedError("unreadable", f"{missing[0]} does not exist", hint="check the path")
        limits = sandbox.Limits(memory=4 << 30, seconds=3600, file_size=1 << 30)
        with self._store.transaction() as transaction:
            self._reading.send(
                PlanRequest(given=given, skip=self._skip, folder=str(transaction.folder), limits=limits)
            )
            reply = self._reading.receive()
        if not isinstance(reply, PlanReply) or reply.failure:
            raise CratonError(
                "the folder could not be surveyed", hint="add its parts one by one to find the file"
            )
        return reply.groups

    def _in_order(self, groups: list[Group]) -> Iterator[Outcome]:
        window: deque[_Job] = deque()
        pending = deque(enumerate(groups))
        try:
            while pending or window:
                while pending and len(self._waiting) < self._workers and len(window) < 8 * self._workers:
                    number, group = pending.popleft()
                    window.append(self._begin(number, group))
                if window[0].outcome is None and window[0].result is None:
                    self._collect()
                while window and (window[0].outcome is not None or window[0].result is not None):
                    yield from self._finish(window.popleft())
        finally:
            for job in window:
                job.stack.close()

    def _begin(self, number: int, group: Group) -> _Job:
        job = _Job(group)
        try:
            self._stage(number, job)
        except RefusedError as error:
            job.stack.close()
            job.outcome = _refused(job, error.code, error.message)
        except OSError as error:
            job.stack.close()
            job.outcome = _os_error(job, error)
        return job

    def _stage(self, number: int, job: _Job) -> None:
        group = job.group
        if group.refused:
            raise RefusedError(group.refused, f"{group.shown}: {REFUSALS[group.refused]}")
        key = self._key(group)
        before = self._known(key)
        whole = before is not None and self._is_whole(before)
        stated = {**(before.stated if before else {}), **self._options.stated()}
        job.stamp = stamp_of(group, stated)
        if before and whole and before.same_reading(job.stamp) and before.files == job.stamp.files:
            job.outcome = _unchanged(job, before)
            return
        job.transaction = job.stack.enter_context(self._store.transaction())
        task = _task(group, key, job.transaction.folder, stated)
        job.stamp = msgspec.structs.replace(job.stamp, hashes=task.sources)
        if before and whole and before.same_reading(job.stamp) and same_bytes(before, job.stamp):
            self._store.put_source(
                key, msgspec.to_builtins(msgspec.structs.replace(before, files=job.stamp.files))
            )
            job.outcome = _unchanged(job, before)
            job.stack.close()
            return
        limits = self._options.limits(sum(s.size for s in task.sources))
        self._waiting[number] = job
        self._reading.send(ReadRequest(number=number, task=task, limits=limits))

    def _known(self, key: str) -> Stamp | None:
        stamp = self._store.source(key)
        try:
            return msgspec.convert(stamp, Stamp) if stamp else None
        except msgspec.ValidationError:  # written by another version: read the source anew
            return None

    def _is_whole(self, before: Stamp) -> bool:
        """Whether all that the source gave is still there."""
        return all(self._store.is_whole(id) for id in before.records)

    def _collect(self) -> None:
        reply = self._reading.receive()
        if isinstance(reply, ReadReply):
            self._waiting.pop(reply.number).result = reply.result

    def _finish(self, job: _Job) -> Iterator[Outcome]:
        with job.stack:
            try:
                outcome = job.outcome or self._commit(job)
            except InvalidError as error:  # a reader described what cannot be: this source only
                outcome = _refused(job, "crashed", f"{job.group.shown}: {error.message}")
        yield outcome
        for path in job.group.shown_files:
            if path != job.group.shown:
                part = "refused" if outcome.outcome == "refused" else "part_of"
                yield msgspec.structs.replace(outcome, path=path, outcome=part, findings={}, seconds=0.0)

    def _commit(self, job: _Job) -> Outcome:
        result, transaction, stamp = job.result, job.transaction, job.stamp
        assert result is not None and transaction is not None and stamp is not None  # noqa: PT018 - set by _stage
        if result.code == DISK_FULL:
            raise StorageError(result.message, hint=result.hint)
        if result.code:
            return _refused(job, result.code, _sentence(result))
        findings = Counter[str]()
        for record in result.records:
            for finding in record.findings:
                findings[finding.code] += finding.count
        ids = tuple(record.id for record in result.records)
        stamp = msgspec.structs.replace(stamp, records=ids, findings=dict(findings))
        staged = {sha256: Path(file) for sha256, file in result.staged.items()}
        committed = self._store.commit(
            transaction,
            tuple(map(self._seen, result.records)),
            staged,
            self._key(job.group),
            msgspec.to_builtins(stamp),
            texts=result.texts,
        )
        return _outcome(job, committed, dict(findings))

    def _seen(self, record: Record) -> Record:
        """`record` with who may see it."""
        if self._options.visibility:
            return msgspec.structs.replace(record, visibility=self._options.visibility)
        if self._options.visibility_of_new:
            known = self._store.catalogue.get(record.id)
            seen = known.visibility if known else self._options.visibility_of_new
            return msgspec.structs.replace(record, visibility=seen)
        return record


def _task(group: Group, key: str, folder: Path, stated: dict[str, str]) -> Task:
    root = Path(group.root)
    staged: list[str] = []
    sources: list[SourceFile] = []
    for path in group.files:
        target = folder / "source" / Path(path).relative_to(root)
        sources.append(copy_hashed(Path(path), target, _relative(path, root)))
        staged.append(str(target))
    return Task(
        key=key,
        shown=group.shown,
        reader=group.reader,
        folder=str(folder),
        main=str(folder / "source" / Path(group.main).relative_to(root)),
        files=tuple(staged),
        sources=tuple(sources),
        folder_licences=group.licences,
        **stated,
    )


def _relative(path: str, root: Path) -> str:
    return str(Path(root.name) / Path(path).relative_to(root))


def source_key(group: Group) -> str:
    """Identity of a source in its node: where its main file lies."""
    return group.main


def _unchanged(job: _Job, before: Stamp) -> Outcome:
    return Outcome(
        path=job.group.shown,
        outcome="unchanged",
        record=before.records[0],
        records=before.records,
        findings=before.findings,
        seconds=_elapsed(job),
    )


def _outcome(job: _Job, committed: Sequence[tuple[Record, str]], findings: dict[str, int]) -> Outcome:
    changes = {change for _record, change in committed}
    records = tuple(record.id for record, _change in committed)
    if {record.kind for record, _change in committed} == {"document"} and "added" in changes:
        word = "document"
    else:
        word = next((w for w in ("added", "updated") if w in changes), "unchanged")
    return Outcome(
        path=job.group.shown, outcome=word, record=records[0], records=records,
        findings=findings, seconds=_elapsed(job),
    )  # fmt: skip


def _refused(job: _Job, code: str, message: str) -> Outcome:
    return Outcome(path=job.group.shown, outcome="refused", code=code, message=message, seconds=_elapsed(job))


def _sentence(result: Result) -> str:
    return f"{result.message}{HINT}{result.hint}" if result.hint else result.message


def _os_error(job: _Job, error: OSError) -> Outcome:
    if isinstance(error, PermissionError | FileNotFoundError):
        return _refused(job, "unreadable", f"{job.group.shown} cannot be read: {error.strerror}")
    raise StorageError(
        f"staging {job.group.shown} failed: {error}", hint="free space on the node's disk"
    ) from error


def _elapsed(job: _Job) -> float:
    return round(time.perf_counter() - job.start, 3)
