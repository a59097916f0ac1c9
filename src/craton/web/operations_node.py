"""What the node itself says about its state: whether it is ready, and numbers that are asked when wanted."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from craton.jobs.job import State
from craton.jobs.upload import UploadState
from craton.model.errors import CratonError
from craton.model.record import Kind
from craton.web.site import Site

LEAST_FREE = 256 << 20
"""Bytes that must be free on the node's disk for it to be ready."""

COUNT_SECONDS = 60.0
"""How long the numbers of records are kept, for counting many takes a while."""


def folder_of(site: Site) -> Path:
    """Folder of the node."""
    return site.store.derived.folder.parent


def reasons(site: Site) -> list[str]:
    """Why the node cannot do its work; nothing if it can."""
    return [why for look in (_ending, _catalogue, _queue, _disk, _manager) if (why := look(site))]


def _ending(site: Site) -> str:
    return "the node is ending" if site.operations.ending else ""


def _catalogue(site: Site) -> str:
    return _fails("the catalogue does not answer", site.store.sequence)


def _queue(site: Site) -> str:
    return _fails("the queue of jobs does not answer", lambda: site.manager.queue.count("accepted"))


def _disk(site: Site) -> str:
    free = shutil.disk_usage(folder_of(site)).free
    return "" if free >= LEAST_FREE else f"only {free >> 20} MB are free on the node's disk"


def _manager(site: Site) -> str:
    return "" if site.manager.is_alive else "the manager of jobs does not run"


def _fails(words: str, ask: Callable[[], object]) -> str:
    """`words` where `ask` fails; what else the error says is for the log, not for everyone."""
    try:
        ask()
    except CratonError:
        return words
    return ""


def node_metrics(site: Site) -> bytes:
    """Numbers that the node is asked for now."""
    registry = CollectorRegistry()
    registry.register(_NodeCollector(site))
    return generate_latest(registry)


class _NodeCollector(Collector):
    """Asks the node's parts; one that fails is left out."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        """Give the numbers."""
        for part in (self._jobs, self._uploads, self._disk, self._catalogue, self._records):
            try:
                yield from list(part())
            except (CratonError, OSError):
                continue

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are known once the numbers are."""
        return iter(())

    def _jobs(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("craton_jobs", "Jobs by state.", labels=["state"])
        queue = self._site.manager.queue
        for state in get_args(State):
            jobs.add_metric([state], queue.count(state))
        yield jobs
        yield _gauge("craton_jobs_most_waiting", "Jobs that may wait.", self._site.options.waiting)
        yield _gauge("craton_workers", "Jobs that run at a time.", self._site.manager.options.workers)

    def _uploads(self) -> Iterator[Metric]:
        if self._site.desk is None:
            return
        states = Counter(upload.state for upload in self._site.desk.uploads.list())
        uploads = GaugeMetricFamily("craton_uploads", "Uploads by state.", labels=["state"])
        for state in get_args(UploadState):
            uploads.add_metric([state], states[state])
        yield uploads

    def _disk(self) -> Iterator[Metric]:
        usage = shutil.disk_usage(folder_of(self._site))
        yield _gauge("craton_disk_free_bytes", "Free on the node's disk.", usage.free)
        yield _gauge("craton_disk_total_bytes", "Size of the node's disk.", usage.total)

    def _catalogue(self) -> Iterator[Metric]:
        words = "Number of the newest change of the catalogue."
        yield _gauge("craton_catalogue_sequence", words, self._site.store.sequence())

    def _records(self) -> Iterator[Metric]:
        records = GaugeMetricFamily("craton_records", "Datasets by kind.", labels=["kind"])
        for kind, number in _counted(self._site).items():
            records.add_metric([kind], number)
        yield records


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


_counting = threading.Lock()
_counts: dict[int, tuple[float, dict[str, int]]] = {}


def _counted(site: Site) -> dict[str, int]:
    """Datasets by kind, counted once in a while."""
    key: Any = id(site.store)
    with _counting:
        when, counts = _counts.get(key, (-COUNT_SECONDS, {}))
        if time.monotonic() - when >= COUNT_SECONDS:
            counts = {kind: site.store.count(kind=kind) for kind in get_args(Kind)}
            _counts[key] = (time.monotonic(), counts)
        return counts
