"""Progress of lazy results: the share of a Dask graph that is computed."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

from dask.callbacks import Callback

from craton.process.progress import Listener


class BlockCounter(Callback):
    """Tells `listener` how much of each graph the local scheduler has done for the thread that made this.

    Dask calls the callbacks of all threads for the graphs of any, also for those of another job; and it may
    go on to call one whose block was left while another thread computed.
    """

    def __init__(self, listener: Listener) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._listener, self._lock = listener, threading.Lock()
        self._done = self._all = 0
        self._most = 0.0
        self._thread: int | None = threading.get_ident()

    def __exit__(self, *args: object) -> None:
        """Hear no more."""
        self._thread = None
        super().__exit__(*args)  # type: ignore[no-untyped-call]

    def _start_state(self, _graph: Any, state: dict[str, Any]) -> None:
        if threading.get_ident() != self._thread:
            return
        with self._lock:
            self._done = 0
            self._all = sum(len(state[part]) for part in ("ready", "waiting"))

    def _posttask(self, _key: Hashable, _result: Any, _graph: Any, _state: Any, _worker: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        with self._lock:
            self._done += 1
            # further outputs are graphs of their own; what was told is not taken back
            self._most = max(self._most, self._done / max(self._all, 1))
        self._listener(self._most, "computing and writing blocks")
