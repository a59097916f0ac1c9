"""Work that nobody waits for: few threads do one thing after the other."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Hashable

from craton.model.errors import CratonError

PATIENCE = 600.0
"""Seconds after which what failed is tried again."""


class Background:
    """Does what it is asked for in `threads` threads; may be used from several threads.

    Parameters
    ----------
    name : str
        Of the threads.
    threads : int
        How many things are done at a time.
    """

    def __init__(self, name: str, *, threads: int) -> None:
        self._name, self._most = name, threads
        self._jobs: queue.SimpleQueue[tuple[Hashable, Callable[[], object]]] = queue.SimpleQueue()
        self._asked: set[Hashable] = set()
        self._failed: dict[Hashable, tuple[float, Exception]] = {}
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []

    def ask(self, key: Hashable, job: Callable[[], object]) -> Exception | None:
        """Do `job` soon, unless that of `key` is asked for already; what it failed with a short time ago."""
        with self._guard:
            until, error = self._failed.get(key, (0.0, None))
            if key in self._asked or time.monotonic() < until:
                return error
            self._asked.add(key)
            if len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()
        self._jobs.put((key, job))
        return None

    def _work(self) -> None:
        while True:
            key, job = self._jobs.get()
            failed: Exception | None = None
            try:
                job()
            except (CratonError, OSError, MemoryError, ValueError) as error:
                traceback.print_exc()
                failed = error.with_traceback(None)
            with self._guard:
                self._asked.discard(key)
                self._failed.pop(key, None)
                if failed is not None:
                    self._failed[key] = time.monotonic() + PATIENCE, failed
