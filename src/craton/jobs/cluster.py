"""A Dask cluster as the place where a process is computed; its workers must see the node's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from craton.model.errors import CancelledError, JobError, SettingError
from craton.process import workers
from craton.process.blocks import is_lazy
from craton.process.processes import call, find_process
from craton.process.spec import Spec

CONNECT_SECONDS = 10
Remote = Callable[[Spec, dict[str, Any]], Any]


@contextmanager
def on_cluster(address: str) -> Iterator[Remote]:
    """Connect to the cluster at `address`; lazy data is computed there until the end of the block.

    Raises
    ------
    SettingError
        If `distributed` is not installed or no cluster answers.
    JobError
        If the workers that computed kept dying.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise SettingError(
            "jobs.dask is set, but distributed is not installed", hint="pip install 'craton[dask]'"
        ) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as error:
        raise SettingError(
            f"no Dask cluster answers at {address}", hint="start it, or unset jobs.dask"
        ) from error
    try:
        with client:
            yield _caller(client)
    except KilledWorker as error:
        raise JobError(
            "the cluster's workers kept dying while they computed",
            hint="look at their logs and memory limits; then run the job again",
        ) from error


def _caller(client: Any) -> Remote:
    """A process in blocks is laid out here and computed there; any other is called there as a whole."""

    def remote(spec: Spec, arguments: dict[str, Any]) -> Any:
        if spec.halo is not None and any(is_lazy(arguments[p.name]) for p in spec.inputs):
            return call(spec, arguments)
        future = client.submit(_call, spec.id, arguments, pure=False)
        return future.result()

    return remote


def _call(process: str, arguments: dict[str, Any]) -> Any:
    with workers.given(ClusterWorkers()):
        return call(find_process(process), arguments)


class ClusterWorkers:
    """The workers of a cluster, for a process that shares out its work: by default that it runs on itself.

    Parameters
    ----------
    client : distributed.Client, optional
        Of the cluster. Left out, that of the task in which it is used, whose place among the threads of
        its worker is then given up, so that it never waits for work that waits for it.

    Notes
    -----
    Whatever is kept is made again by another worker when the one that holds it dies. A task that nobody
    waits for any more, since its job was dismissed, is ended where it next asks.
    """

    def __init__(self, client: Any = None) -> None:
        self._client = client
        self._is_wanted: Callable[[], bool] = lambda: True

    def keep(self, make: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        """Have each made by some worker."""
        client = self._reached()
        self._go_on()
        return [client.submit(make, *part, pure=False) for part in parts]

    def ask(self, kept: Sequence[Any], method: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """Ask all at once, each where it lies."""
        client = self._reached()
        self._go_on()
        asked = [
            client.submit(_asked, one, method, argument, pure=False)
            for one, argument in zip(kept, arguments, strict=True)
        ]
        results: Sequence[Any] = client.gather(asked)
        return results

    def _reached(self) -> Any:
        if self._client is None:
            from distributed import get_client, get_worker, secede

            worker = get_worker()
            tasks, own = worker.state.tasks, worker.get_current_task()
            self._is_wanted = lambda: own in tasks and tasks[own].state != "cancelled"
            secede()  # type: ignore[no-untyped-call]  # distributed is partly typed
            self._client = get_client()
        return self._client

    def _go_on(self) -> None:
        if not self._is_wanted():
            raise CancelledError("the job was dismissed")


def _asked(kept: Any, method: str, argument: Any) -> Any:
    return getattr(kept, method)(argument)
