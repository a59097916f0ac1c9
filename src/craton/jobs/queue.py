"""The queue: jobs on disk, taken by one worker each, whoever dies.

One SQLite file. A job that is running belongs to an owner, a process that
holds a lock; when the lock can be had the owner is gone and the job goes back
into the queue. A result has an identifier made from the job's key, so that a
job run again after a crash cannot make a second result.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from craton.jobs.job import ENDED, Fault, Job, State, changed
from craton.model.errors import ConflictError, NotFoundError, StorageError
from craton.model.moments import now
from craton.store.staging import Staging

FILE_NAME = "jobs.sqlite"
OWNERS = "owners"
BUSY_SECONDS = 30.0
POLL_SECONDS = 0.1
"""How often a job is looked at while someone waits for it."""

MOST_ATTEMPTS = 3
"""Times a job may be running when its node ends, before it counts as the cause."""

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
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made: {error.strerror}") from error
        self._path = folder / FILE_NAME
        self._owners = Staging(folder / OWNERS)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        with self._write() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    def close(self) -> None:
        """Close all connections."""
        while self._connections:
            self._connections.pop().close()

    def put(self, job: Job) -> Job:
        """Add a new job to the end of the queue; a step that its application asked for already stays one."""
        job = msgspec.structs.replace(job, id=job.id or secrets.token_hex(8), created=now(), updated=now())
        app = int(bool(job.app) and not job.process)
        row = (job.id, job.state, job.key, job.parent, job.step, job.actor.name, app, _encode(job))
        sql = (
            "INSERT INTO jobs (id, state, key, parent, step, actor, app, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (parent, step) WHERE parent <> '' DO NOTHING"
        )
        with self._write() as connection:
            connection.execute(sql, row)
        return job

    def get(self, id: str) -> Job:
        """Job `id`; `NotFoundError` where there is none."""
        row = self._connection().execute("SELECT document FROM jobs WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no job {id!r}", hint="list them with: craton jobs NODE")
        return _decode(row[0])

    def find(
        self,
        *,
        states: Sequence[State] = (),
        parent: str | None = None,
        actor: str = "",
        process: str = "",
        limit: int = 1000,
        offset: int = 0,
    ) -> list[Job]:
        """Jobs that meet all conditions, newest first; `parent=""` leaves out steps of applications."""
        where, values = ["1 = 1"], list[object]()
        if states:
            where.append(f"state IN ({', '.join('?' * len(states))})")
            values += states
        for column, value in (("parent", parent), ("actor", actor or None)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if process:
            where.append("? IN (document ->> 'process', document ->> 'app')")
            values.append(process)
        sql = f"SELECT document FROM jobs WHERE {' AND '.join(where)} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608 - words of ours
        return [_decode(row[0]) for row in self._connection().execute(sql, (*values, limit, offset))]

    def steps(self, parent: str) -> list[Job]:
        """Jobs that application job `parent` asked for, oldest first."""
        sql = "SELECT document FROM jobs WHERE parent = ? ORDER BY number"
        return [_decode(row[0]) for row in self._connection().execute(sql, (parent,))]

    def count(self, *states: State) -> int:
        """Number of jobs in `states`."""
        sql = f"SELECT count(*) FROM jobs WHERE state IN ({', '.join('?' * len(states))})"  # noqa: S608 - words of ours
        return int(self._connection().execute(sql, states).fetchone()[0])

    def claim(self, owner: str, root: str = "") -> Job | None:
        """Take the next job to run for `owner`; of equal jobs one runs at a time.

        `root` restricts the choice to a job and the steps it asked for.
        """
        sql = _NEXT.format(only="AND (id = ? OR parent = ?)" if root else "")
        if self._connection().execute(sql, (root, root) if root else ()).fetchone() is None:
            return None
        with self._write(lasting=False) as connection:
            row = connection.execute(sql, (root, root) if root else ()).fetchone()
            if row is None:
                return None
            job = self._get(connection, row[0])
            job = changed(
                job, state="running", started=now(), attempts=job.attempts + 1, percent=0.0, message=""
            )
            self._save(connection, job, owner)
            return job

    def update(
        self, id: str, change: Callable[[Job], Job | None], owner: str = "", *, lasting: bool = True
    ) -> Job:
        """Replace job `id` by what `change` makes of it (`None` leaves it); gives the job as it then is."""
        with self._write(lasting=lasting) as connection:
            job = self._get(connection, id)
            new = change(job)
            if new is None or new == job:
                return job
            self._save(connection, new, owner if new.state == "running" else "")
            return new

    def progress(self, id: str, owner: str, percent: float, message: str) -> bool:
        """Tell how far a running job is; False where it runs no more (it was dismissed)."""
        with self._write(lasting=False) as connection:
            job = self._get(connection, id)
            if job.state != "running":
                return False
            self._save(connection, changed(job, percent=round(percent, 1), message=message), owner)
            return True

    def is_running(self, id: str) -> bool:
        """Whether job `id` still is to be run on."""
        row = self._connection().execute("SELECT state FROM jobs WHERE id = ?", (id,)).fetchone()
        return row is not None and row[0] == "running"

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
        """Stop job `id` and its steps; one that is over already is a `ConflictError`."""
        if self.get(id).is_over:
            raise ConflictError(f"job {id} is {self.get(id).state} already")
        job = self.stop(id)
        for step in self.steps(id):
            self.stop(step.id)
        return job

    def stop(self, id: str) -> Job:
        """Stop job `id`, unless it is over."""
        return self.update(
            id,
            lambda job: (
                None if job.is_over else changed(job, state="dismissed", ended=now(), message="dismissed")
            ),
        )

    def retry(self, id: str) -> Job:
        """Put a failed or dismissed job back into the queue."""

        def again(job: Job) -> Job:
            if job.state not in {"failed", "dismissed"}:
                raise ConflictError(f"job {id} is {job.state}; only failed and dismissed jobs are run again")
            return changed(
                job, state="accepted", attempts=0, fault=None, message="", percent=0.0, started="", ended=""
            )

        return self.update(id, again)

    def forget(self, id: str) -> None:
        """Remove a job that is over, with its steps, from the list; results stay."""
        with self._write() as connection:
            if self._get(connection, id).state not in ENDED:
                raise ConflictError(f"job {id} is not over", hint="dismiss it first")
            connection.execute("DELETE FROM jobs WHERE id = ? OR parent = ?", (id, id))

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
        for (owner,) in self._connection().execute(sql).fetchall():
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
        with self._write() as connection:
            sql = "SELECT document FROM jobs WHERE state = 'running' AND app = 0 AND owner = ?"
            jobs = [_put_back(_decode(row[0])) for row in connection.execute(sql, (owner,)).fetchall()]
            for job in jobs:
                self._save(connection, job, "")
        return jobs

    def version(self) -> int:
        """A number that changes when another connection changes a job."""
        return int(self._connection().execute("PRAGMA data_version").fetchone()[0])

    def _get(self, connection: sqlite3.Connection, id: str) -> Job:
        row = connection.execute("SELECT document FROM jobs WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NotFoundError(f"there is no job {id!r}", hint="list them with: craton jobs NODE")
        return _decode(row[0])

    def _save(self, connection: sqlite3.Connection, job: Job, owner: str) -> None:
        connection.execute(
            "UPDATE jobs SET state = ?, owner = ?, document = ? WHERE id = ?",
            (job.state, owner, _encode(job), job.id),
        )

    def _connection(self) -> sqlite3.Connection:
        """Connection of this thread, and of this process."""
        known = getattr(self._local, "connection", None)
        if known is not None and known[0] == os.getpid():
            return known[1]  # type: ignore[no-any-return]
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        self._local.connection = (os.getpid(), connection)
        self._connections.append(connection)
        return connection

    @contextmanager
    def _write(self, *, lasting: bool = True) -> Iterator[sqlite3.Connection]:
        """A write transaction; one that is not `lasting` may be undone by a power cut, but never in part.

        A job that was accepted, dismissed or put back stays so. That it was taken, how far it was and
        that it ended may be forgotten: it is then run again, and its result found.
        """
        connection = self._connection()
        try:
            connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo(connection)
            raise StorageError(f"the job queue cannot be written: {error}", hint="check the disk") from error
        except BaseException:
            self._undo(connection)
            raise

    def _undo(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


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
