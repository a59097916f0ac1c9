"""The manager: takes jobs from the queue, has them run, puts the results into the store.

Workers are threads; what they wait for runs elsewhere. Everything a job is
survives in the queue, everything it makes in the store: a manager that is
killed leaves nothing that the next one would not take up.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from craton.jobs.app_run import advance, app_job, is_app
from craton.jobs.job import Fault, InputRef, Job, ManagerOptions, changed
from craton.jobs.pool import POOL_ENDED, Executor
from craton.jobs.queue import MOST_ATTEMPTS, JobQueue
from craton.jobs.run_task import RunInput, RunTask
from craton.jobs.sandbox import Limits
from craton.jobs.submission import Request, job_of, open_record
from craton.model.errors import CancelledError, ConflictError, CratonError, NotFoundError
from craton.model.moments import now
from craton.model.permission import strictest
from craton.model.record import Record
from craton.store.store import Store

POLL_SECONDS = 0.1
"""How often the queue is looked at for jobs that another process put there."""

RECOVER_SECONDS = 5.0
"""How often jobs of owners that are gone are looked for."""

THREADS = 2
"""Threads for each place to run in: one job is stored while the next one runs."""

PROGRESS_SECONDS = 0.25
FILE_SIZE = 1 << 40

Hook = Callable[[Job], None]


def submit(store: Store, queue: JobQueue, request: Request) -> Job:
    """Check `request` and put its job into the queue; a manager, here or elsewhere, takes it from there.

    Raises
    ------
    NotFoundError
        If the process, the application or a dataset is not there, or may not be seen.
    ContractError
        If an input or a parameter is not what is declared.
    """
    if not is_app(request.process):
        return queue.put(job_of(store, request))
    return advance(store, queue, queue.put(app_job(store, request)))


class Manager:
    """Runs the jobs of one node; use as a context manager.

    Parameters
    ----------
    store, queue, executor
        Where datasets and jobs are, and where processes run.
    root : str
        Run only this job and its steps, for a command that waits for one job.
    on_change : callable
        Called with every job that starts or ends here.
    """

    def __init__(
        self,
        store: Store,
        queue: JobQueue,
        executor: Executor,
        options: ManagerOptions | None = None,
        *,
        root: str = "",
        on_change: Hook | None = None,
    ) -> None:
        self.store, self.queue, self.executor = store, queue, executor
        self.options = options or ManagerOptions()
        self._root, self._on_change = root, on_change
        self._wake = threading.Condition()
        self._changes = 0
        self._stopping = False
        self._slots = threading.Semaphore(self.options.workers)
        self._threads: list[threading.Thread] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self.executor.close)
            self._owner = stack.enter_context(self.queue.owning())
            self.store.recover()
            self._recover()
            self._stack = stack.pop_all()
        work = [self._work] * (THREADS * self.options.workers) + [self._keep_house]
        self._threads = [threading.Thread(target=self._serve, args=(one,), daemon=True) for one in work]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; jobs that run go back into the queue."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self.executor.close()
        for thread in self._threads:
            thread.join()
        self._stack.close()

    def _serve(self, work: Callable[[], None]) -> None:
        """Do `work` until the end; a fault in it is told, and it goes on."""
        try:
            while not self._stopping:
                try:
                    work()
                except Exception:  # noqa: BLE001 - a full disk or a damaged queue must not end the node
                    traceback.print_exc()
                    self.pause(POLL_SECONDS)
        finally:
            self.queue.leave()

    @property
    def is_alive(self) -> bool:
        """Whether jobs are taken from the queue."""
        return not self._stopping and any(thread.is_alive() for thread in self._threads)

    def submit(self, request: Request) -> Job:
        """Check `request` and put its job into the queue (see `submit`)."""
        job = submit(self.store, self.queue, request)
        self.wake()
        return job

    def wake(self) -> None:
        """Look at the queue now."""
        with self._wake:
            self._changes += 1
            self._wake.notify_all()

    def wait(self, id: str, seconds: float = float("inf"), tell: Hook | None = None) -> Job:
        """Job `id` once it is over, or as it is after `seconds`; `tell` hears of each change."""
        return self.queue.wait(id, seconds, tell, self.pause)

    def pause(self, seconds: float) -> None:
        """Wait for something to happen, `seconds` at most."""
        with self._wake:
            self._wake.wait(seconds)

    def dismiss(self, id: str) -> Job:
        """Stop job `id`; what it had begun to write is removed."""
        job = self.queue.dismiss(id)
        self._changed(job)
        if job.parent:
            self._advance(self.queue.get(job.parent))
        return job

    def retry(self, id: str) -> Job:
        """Run a failed or dismissed job again; of an application, the steps that did not end well."""
        job = self.queue.retry(id)
        if job.is_app:
            self._advance(job)
        self.wake()
        return self.queue.get(id)

    def _work(self) -> None:
        """Take one job and run it to its end, or wait for one."""
        with self._slot() as release:
            seen = self._changes
            job = self.queue.claim(self._owner, self._root)
            if job is None:
                self._await_change(seen)
                return
            self._changed(job)
            done = self._run(job, release)
        if done is None:
            return
        if done.is_over:
            self._changed(done)
            if done.parent:
                self._advance(self.queue.get(done.parent))
        self.wake()

    @contextmanager
    def _slot(self) -> Iterator[Callable[[], None]]:
        """One of the places to run in; given back early, it lets another job run while this one is stored."""
        self._slots.acquire()
        places = [self._slots]

        def release() -> None:
            while places:
                places.pop().release()

        try:
            yield release
        finally:
            release()

    def _await_change(self, seen: int) -> None:
        """Wait until something happened after the `seen`-th change, or for a moment."""
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._changes != seen, POLL_SECONDS)

    def _run(self, job: Job, release: Callable[[], None]) -> Job | None:
        """The job as it is after its run; `None` where it was forgotten meanwhile."""
        try:
            reused = self._has_results(job)
            if not reused:
                self._make(job, release)
            return self._end(job, reused=reused)
        except CratonError as error:
            return self._fail(job, Fault(kind=error.kind, message=error.message, hint=error.hint))
        except Exception as error:  # noqa: BLE001 - one job must not end the manager
            traceback.print_exception(error)
            return self._fail(job, Fault(kind="fault", message=f"{type(error).__name__}: {error}"))

    def _goes_on(self, job: Job) -> bool:
        return not self._stopping and self.queue.is_running(job.id)

    def _has_results(self, job: Job) -> bool:
        """Whether the results are there, made from this key and as open as the inputs are now.

        What a manager said of who may see a result goes before that.
        """
        wanted = strictest([self.store.get(ref.id) for refs in job.inputs.values() for ref in refs])
        return all(
            record is not None
            and record.lineage.run is not None
            and record.lineage.run.key == job.key
            and record.visibility == (self.store.edits(record.id).visibility or wanted)
            and self.store.is_whole(record.id)
            for record in map(self._result, job.results.values())
        )

    def _result(self, id: str) -> Record | None:
        try:
            return self.store.get(id)
        except NotFoundError:
            return None

    def _make(self, job: Job, release: Callable[[], None]) -> None:
        """Run the process of `job` and put what it gives into the store."""
        known = {id: self._result(id) for id in job.results.values()}
        versions = {id: record.version if record else 0 for id, record in known.items()}
        with self.store.transaction() as transaction:
            task = self._task(job, transaction.folder)
            limits = Limits(
                memory=job.limits.memory_mb << 20, seconds=job.limits.seconds, file_size=FILE_SIZE
            )
            result = self.executor.run(task, limits, self._progress(job), lambda: self._goes_on(job))
            release()
            if result.fault is not None:
                raise _RunFailedError(result.fault)
            if not self._goes_on(job):
                raise CancelledError("the job was dismissed")
            staged = {sha256: Path(file) for sha256, file in result.staged.items()}
            with self._made_meanwhile(job):
                self.store.commit(
                    transaction,
                    result.records,
                    staged,
                    texts=result.texts,
                    expected=versions,
                )

    @contextmanager
    def _made_meanwhile(self, job: Job) -> Iterator[None]:
        """Another worker that made the same result first is as good."""
        try:
            yield
        except ConflictError:
            if not self._has_results(job):
                raise

    def _task(self, job: Job, folder: Path) -> RunTask:
        inputs = {name: tuple(self._input(job, ref) for ref in refs) for name, refs in job.inputs.items()}
        return RunTask(
            process=job.process, version=job.version, key=job.key, job=job.parent or job.id, inputs=inputs,
            parameters=job.parameters, results=job.results, folder=str(folder), title=job.title,
            actor=job.actor.name, app=job.app, owner=self.options.owner, scheduler=self.options.scheduler,
        )  # fmt: skip

    def _input(self, job: Job, ref: InputRef) -> RunInput:
        record, _ = open_record(self.store, job.actor, f"{ref.id}@{ref.version}")
        members = [
            m for asset in record.assets.values() for m in asset.members if "source" not in asset.roles
        ]
        if record.kind == "document":
            members = [m for asset in record.assets.values() for m in asset.members]
        paths = {m.sha256: self.store.objects.path(m.sha256) for m in members}
        lost = [sha256 for sha256, path in paths.items() if path is None]
        if lost:
            raise NotFoundError(
                f"data of {ref.id} is not on this node", hint="a neighbour's dataset is computed there"
            )
        return RunInput(ref=ref, record=record, paths={k: str(v) for k, v in paths.items()})

    def _progress(self, job: Job) -> Callable[[float, str], None]:
        later = time.monotonic() + PROGRESS_SECONDS

        def tell(fraction: float, message: str) -> None:
            nonlocal later
            if time.monotonic() < later:
                return
            later = time.monotonic() + PROGRESS_SECONDS
            self.queue.progress(job.id, 100 * fraction, message)

        return tell

    def _end(self, job: Job, *, reused: bool) -> Job | None:
        def end(one: Job) -> Job | None:
            if one.state != "running":
                return None
            return changed(
                one, state="successful", percent=100.0, ended=now(), reused=reused,
                message="the result was there already" if reused else "",
            )  # fmt: skip

        return self.queue.release(job.id, end)

    def _fail(self, job: Job, fault: Fault) -> Job | None:
        """Note why `job` failed; if that is because this manager stops, it goes back into the queue."""

        def fail(one: Job) -> Job | None:
            if one.state != "running":
                return None
            if self._stopping:
                return changed(one, state="accepted", percent=0.0, attempts=one.attempts - 1, message="")
            if fault.kind == POOL_ENDED and one.attempts < MOST_ATTEMPTS:
                return changed(
                    one, state="accepted", percent=0.0, message=f"{fault.message}; waiting to run again"
                )
            return changed(one, state="failed", ended=now(), fault=fault, message=fault.message)

        return self.queue.release(job.id, fail)

    def _advance(self, parent: Job) -> None:
        before = parent.state
        after = advance(self.store, self.queue, parent)
        if after.state != before:
            self._changed(after)
        self.wake()

    def _keep_house(self) -> None:
        """After a while, take up what owners that are gone left, and let go of what nobody uses."""
        end = time.monotonic() + RECOVER_SECONDS
        while not self._stopping and time.monotonic() < end:
            self.pause(max(0.0, end - time.monotonic()))
        if not self._stopping:
            self.executor.rest()
            self._recover()

    def _recover(self) -> None:
        for job in self.queue.recover():
            self._changed(job)
        for job in self.queue.open_apps():
            self._advance(job)

    def _changed(self, job: Job) -> None:
        if self._on_change is not None:
            self._on_change(job)


class _RunFailedError(CratonError):
    """A run that ended with a fault, on its way to the job."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message, hint=fault.hint)
        self.kind = fault.kind
