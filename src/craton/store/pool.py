"""Database connections kept for the next use."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Release it."""


class Pool[Connection: Closable]:
    """Idle connections; each is in the hands of one thread at a time, and of one process always.

    After an error a connection is closed, unless `is_sound` says of the error that it did no harm.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        is_sound: Callable[[BaseException], bool] = lambda _error: False,
    ) -> None:
        self._connect, self._is_sound = connect, is_sound
        self._idle: deque[Connection] = deque()
        self._process = os.getpid()

    @contextmanager
    def take(self) -> Iterator[Connection]:
        """An idle or new connection; it is kept if it is still sound, else closed."""
        connection = self._pop() or self._connect()
        try:
            yield connection
        except BaseException as error:
            if self._is_sound(error):
                self._idle.append(connection)
            else:
                connection.close()
            raise
        self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle."""
        while connection := self._pop():
            connection.close()

    def _pop(self) -> Connection | None:
        if self._process != os.getpid():
            # A connection carried over a fork must be neither used nor closed.
            self._carried, self._idle, self._process = self._idle, deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return None
