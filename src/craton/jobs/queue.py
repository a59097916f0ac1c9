"""The queue: jobs on disk, taken by one worker each, whoever dies.

One SQLite file. A job that is running belongs to an owner, a process that
holds a lock; when the lock can be had the owner is gone and the job goes back
into the queue. A result has an identifier made from the job's key, so that a
job run again after a crash cannot make a second result.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from craton.jobs.conditions import ANY_LENGTH, Range, conditions
from craton.jobs.job import ENDED, Fault, Job, State, changed
from craton.jobs.queue_file import QueueFile, Row
from craton.model.errors import ConflictError, NotFoundError
from craton.model.moments import now
from craton.store.staging import Staging

FILE_NAME = "jobs.sqlite"
OWNERS = "owners"
POLL_SECONDS = 0.1
"""How often a job is looked at while someone waits for it."""

MOST_ATTEMPTS = 3
"""Times a job may be running when its node or its pool ends, before it counts as the cause."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  key TEXT NOT NULL,
  parent TEXT NOT NULL,
  step TEXT NOT NULL,
  actor TEXT NOT NULL,
  app INTEGER NOT NULL,
  owner TEXT NOT NULL DEFAULT '',
  document BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_state ON jobs (state, number);
CREATE INDEX IF NOT EXISTS jobs_key ON jobs (key, state);
CREATE INDEX IF NOT EXISTS jobs_parent ON jobs (parent);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_step ON jobs (parent, step) WHERE parent <> '';
"""

_INSERT = """
INSERT INTO jobs (id, state, key, parent, step, actor, app, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

_STEP = "SELECT document FROM jobs WHERE parent = ? AND step = ?"

_NEXT = """
SELECT id FROM jobs AS j WHERE state = 'accepted' AND app = 0 {only}
  AND NOT EXISTS (SELECT 1 FROM jobs AS r WHERE r.state = 'running' AND r.app = 0 AND r.key = j.key)
ORDER BY number LIMIT 1
"""


class JobQueue:
    """The jobs of one node; may be used from several threads and by several processes.

    Parameters
    ----------
    folder : Path
        Folder of its own within the node; made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = QueueFile(folder / FILE_NAME, _SCHEMA)
        self._owners = Staging(folder / OWNERS)

    def close(self) -> None:
        """Close all connections."""
        self._file.close()

    def leave(self) -> None:
        """Close the connection of this thread, which ends."""
        self._file.leave()

    def put(self, job: Job) -> Job:
        """Add a new job to the end of the queue.

        A step that its application asked for already stays the one there is; one of an application
        that is over is dismissed from the start.
        """
        job = msgspec.structs.replace(job, id=job.id or secrets.token_hex(8), created=now(), updated=now())
        with self._file.write() as connection:
            if job.parent:
                known = connection.execute(_STEP, (job.parent, job.step)).fetchone()
                if known is not None:
                    return _decode(known[0])
                if self._get(connection, job.parent).is_over:
                    job = _dismissed(job)
            about = (job.id, job.state, job.key, job.parent, job.step, job.actor.name, int(job.is_app))
            connection.execute(_INSERT, (*about, _encode(job)))
        return job

    def get(self, id: str) -> Job:
        """Job `id`; `NotFoundError` where there is none."""
        return _only(self._file.read("SELECT document FROM jobs WHERE id = ?", (id,)), id)

    def find(
        self,
        *,
        states: Sequence[State] = (),
        parent: str | None = None,
        actor: str = "",
        visitor: str = "",
        process: str | Sequence[str] = (),
        created: tuple[str, str] = ("", ""),
        seconds: Range = ANY_LENGTH,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[Job]:
        """Jobs that meet all conditions, newest first.

        Parameters
        ----------
        states, actor, process
            Which states, whose, of which processes or applications; empty for any.
        visitor : str
            Which of those without a name; empty for any.
        parent : str
            Job that asked for them; an empty one leaves out steps of applications.
        created : tuple of str
            First and last moment they were put into the queue, as `craton.model.moments.now` writes it.
        seconds : Range
            How long they took, or have run so far; one that never ran is left out.
        """
        where = conditions(
            states=states, parent=parent, actor=actor, visitor=visitor, process=process, created=created,
            seconds=seconds,
        )  # fmt: skip
        sql = f"SELECT document FROM jobs WHERE {where.sql} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608 - words of ours
        return [_decode(row[0]) for row in self._file.read(sql, (*where.values, limit, offset))]

    def steps(self, parent: str) -> list[Job]:
        """Jobs that application job `parent` asked for, oldest first."""
        sql = "SELECT document FROM jobs WHERE parent = ? ORDER BY number"
        return [_decode(row[0]) for row in self._file.read(sql, (parent,))]

    def open_apps(self) -> list[Job]:
        """Runs of applications that are not over, oldest first."""
        sql = "SELECT document FROM jobs WHERE app = 1 AND state IN ('accepted', 'running') ORDER BY number"
        return [_decode(row[0]) for row in self._file.read(sql)]

    def count(self, *states: State) -> int:
        """Number of jobs in `states`."""
        sql = f"SELECT count(*) FROM jobs WHERE state IN ({', '.join('?' * len(states))})"  # noqa: S608 - words of ours
        return int(self._file.read(sql, states)[0][0])

    def claim(self, owner: str, root: str = "") -> Job | None:
        """Take the next job to run for `owner`; of equal jobs one runs at a time.

        `root` restricts the choice to a job and the steps it asked for.
        """
        sql = _NEXT.format(only="AND (id = ? OR parent = ?)" if root else "")
        if not self._file.read(sql, (root, root) if root else ()):
            return None
        with self._file.write(lasting=False) as connection:
            row = connection.execute(sql, (root, root) if root else ()).fetchone()
            if row is None:
                return None
            job = self._get(connection, row[0])
            job = changed(
                job, state="running", started=now(), attempts=job.attempts + 1, percent=0.0, message=""
            )
            self._save(connection, job, owner)
            return job

    def update(self, id: str, change: Callable[[Job], Job | None]) -> Job:
        """Replace job `id` by what `change` makes of it (`None` leaves it); gives the job as it then is."""
        with self._file.write() as connection:
            job = self._get(connection, id)
            new = change(job)
            if new is None or new == job:
                return job
            self._save(connection, new)
            return new

    def release(self, id: str, change: Callable[[Job], Job | None]) -> Job | None:
        """End the run of job `id`: what `change` makes of it, and nobody's; `None` where it is gone.

        A power cut may undo this: the job is then run again, and finds its result.
        """
        with self._file.write(lasting=False) as connection:
            row = connection.execute("SELECT document FROM jobs WHERE id = ?", (id,)).fetchone()
            if row is None:
                return None
            job = _decode(row[0])
            new = change(job) or job
            self._save(connection, new, "")
            return new

    def progress(self, id: str, percent: float, message: str) -> bool:
        """Tell how far a running job is; False where it runs no more (it was dismissed)."""
        with self._file.write(lasting=False) as connection:
            job = self._get(connection, id)
            if job.state != "running":
                return False
            self._save(connection, changed(job, percent=round(percent, 1), message=message))
            return True

    def is_running(self, id: str) -> bool:
        """Whether job `id` still is to be run on."""
        rows = self._file.read("SELECT state FROM jobs WHERE id = ?", (id,))
        return bool(rows) and rows[0][0] == "running"

    def wait(
        self,
        id: str,
        seconds: float = float("inf"),
        tell: Callable[[Job], None] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> Job:
        """Job `id` once it is over, or as it is after `seconds`; `tell` hears of each change."""
        deadline, last = time.monotonic() + seconds, None
        while True:
            job = self.get(id)
            if tell and job != last:
                tell(job)
            last = job
            if job.is_over or time.monotonic() >= deadline:
                return job
            pause(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))

    def dismiss(self, id: str) -> Job:
        """Stop job `id` and its steps; one that is over already is a `ConflictError`.

        Whoever runs it hears of it in a moment; until then it can be neither put back nor forgotten.
        """
        with self._file.write() as connection:
            job = self._get(connection, id)
            if job.is_over:
                raise ConflictError(f"job {id} is {job.state} already")
            job = _dismissed(job)
            self._save(connection, job)
            self._stop_steps(connection, id)
        return job

    def stop_steps(self, id: str) -> None:
        """Stop the steps of application job `id` that are not over."""
        with self._file.write() as connection:
            self._stop_steps(connection, id)

    def retry(self, id: str) -> Job:
        """Put a failed or dismissed job back into the queue; of an application, with its steps that are."""
        with self._file.write() as connection:
            job = self._get(connection, id)
            if job.state not in {"failed", "dismissed"}:
                raise ConflictError(f"job {id} is {job.state}; only failed and dismissed jobs are run again")
            self._refuse_held(connection, id)
            for one in (job, *self._steps(connection, id)):
                if one.state in {"failed", "dismissed"}:
                    self._save(connection, _again(one))
        return self.get(id)

    def forget(self, id: str) -> None:
        """Remove a job that is over, with its steps, from the list; results stay."""
        with self._file.write() as connection:
            if self._get(connection, id).state not in ENDED:
                raise ConflictError(f"job {id} is not over", hint="dismiss it first")
            self._refuse_held(connection, id)
            connection.execute("DELETE FROM jobs WHERE id = ? OR parent = ?", (id, id))

    def _refuse_held(self, connection: sqlite3.Connection, id: str) -> None:
        """Refuse where job `id` or a step of it was dismissed but still is being stopped."""
        rows = connection.execute(
            "SELECT owner FROM jobs WHERE (id = ? OR parent = ?) AND owner <> ''", (id, id)
        )
        if any(not self._is_gone(owner) for (owner,) in rows.fetchall()):
            raise ConflictError(f"job {id} is still being stopped", hint="try again in a moment")

    def _steps(self, connection: sqlite3.Connection, id: str) -> list[Job]:
        sql = "SELECT document FROM jobs WHERE parent = ? ORDER BY number"
        return [_decode(row[0]) for row in connection.execute(sql, (id,)).fetchall()]

    def _stop_steps(self, connection: sqlite3.Connection, id: str) -> None:
        for step in self._steps(connection, id):
            if not step.is_over:
                self._save(connection, _dismissed(step))

    @contextmanager
    def owning(self) -> Iterator[str]:
        """Name of an owner that is alive until the end of the block."""
        transaction, lock = self._owners.begin()
        try:
            yield transaction.id
        finally:
            self._owners.end(transaction, lock)

    def recover(self) -> list[Job]:
        """Put back the jobs whose owners are gone; gives them as they then are."""
        sql = "SELECT DISTINCT owner FROM jobs WHERE state = 'running' AND app = 0"
        recovered: list[Job] = []
        for (owner,) in self._file.read(sql):
            if self._is_gone(owner):
                recovered += self._put_back(owner)
        return recovered

    def _is_gone(self, owner: str) -> bool:
        if not owner or not self._owners.exists(owner):
            return True
        with self._owners.dead(owner) as is_dead:
            if is_dead:
                self._owners.remove(owner)
        return is_dead

    def _put_back(self, owner: str) -> list[Job]:
        with self._file.write() as connection:
            sql = "SELECT document FROM jobs WHERE state = 'running' AND app = 0 AND owner = ?"
            jobs = [_put_back(_decode(row[0])) for row in connection.execute(sql, (owner,)).fetchall()]
            for job in jobs:
                self._save(connection, job, "")
        return jobs

    def version(self) -> int:
        """A number that changes when another connection changes a job."""
        return int(self._file.read("PRAGMA data_version")[0][0])

    def _get(self, connection: sqlite3.Connection, id: str) -> Job:
        return _only(connection.execute("SELECT document FROM jobs WHERE id = ?", (id,)).fetchall(), id)

    def _save(self, connection: sqlite3.Connection, job: Job, owner: str | None = None) -> None:
        """Write `job`; `owner`, where stated, is who runs it from now on."""
        connection.execute(
            "UPDATE jobs SET state = ?, owner = coalesce(?, owner), document = ? WHERE id = ?",
            (job.state, owner, _encode(job), job.id),
        )


def _only(rows: list[Row], id: str) -> Job:
    if not rows:
        raise NotFoundError(f"there is no job {id!r}", hint="list them with: craton jobs NODE")
    return _decode(rows[0][0])


def _dismissed(job: Job) -> Job:
    return changed(job, state="dismissed", ended=now(), message="dismissed")


def _again(job: Job) -> Job:
    return changed(
        job, state="accepted", attempts=0, fault=None, message="", percent=0.0, started="", ended=""
    )


def _put_back(job: Job) -> Job:
    """What becomes of a job whose node ended while it ran."""
    if job.attempts < MOST_ATTEMPTS:
        return changed(job, state="accepted", message="the node ended; waiting to run again", percent=0.0)
    fault = Fault(
        kind="node-ended",
        message=f"the node ended {job.attempts} times while the job ran",
        hint="see what it asks of the machine; then: craton jobs NODE JOB --retry",
    )
    return changed(job, state="failed", ended=now(), fault=fault, message=fault.message)


def _encode(job: Job) -> bytes:
    return msgspec.json.encode(job)


_decoder = msgspec.json.Decoder(Job)


def _decode(document: Any) -> Job:
    return _decoder.decode(document)
