"""What was used last, kept in memory: a bounded cache that several threads share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Recent[Key: Hashable, Value]:
    """Values by key; those used longest ago are let go when all weigh more than `most`.

    Parameters
    ----------
    most : int
        Weight of all values at most.
    weigh : callable
        Weight of a value; each weighs 1 where it is not given.
    release : callable
        Called with a value that is let go.
    """

    def __init__(
        self,
        most: int,
        *,
        weigh: Callable[[Value], int] = lambda _value: 1,
        release: Callable[[Value], object] = lambda _value: None,
    ) -> None:
        self._most, self._weigh, self._release = most, weigh, release
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._making: dict[Key, threading.Lock] = {}
        self._weight = 0
        self._guard = threading.Lock()

    def have(self, key: Key) -> Value | None:
        """The value of `key`, if it is kept."""
        with self._guard:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of `key`; whoever asks first makes it while all others who ask for it wait."""
        if (found := self.have(key)) is not None:
            return found
        with self._guard:
            lock = self._making.setdefault(key, threading.Lock())
        try:
            with lock:
                if (found := self.have(key)) is not None:
                    return found
                return self.put(key, make())
        finally:
            with self._guard:
                self._making.pop(key, None)

    def put(self, key: Key, value: Value) -> Value:
        """Keep `value`, unless it alone is too heavy."""
        weight = self._weigh(value)
        dropped = []
        with self._guard:
            self._weight -= self._values.pop(key, (value, 0))[1]
            if weight <= self._most:
                self._values[key] = value, weight
                self._weight += weight
            while self._weight > self._most:
                _, (old, heavy) = self._values.popitem(last=False)
                self._weight -= heavy
                dropped.append(old)
        for old in dropped:
            self._release(old)
        return value

    def clear(self) -> None:
        """Let go of all."""
        with self._guard:
            values, self._weight = [value for value, _ in self._values.values()], 0
            self._values.clear()
        for value in values:
            self._release(value)
