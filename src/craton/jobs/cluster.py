"""A Dask cluster as the place where a process is computed; its workers must see the node's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from craton.model.errors import JobError, SettingError
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
    return call(find_process(process), arguments)
