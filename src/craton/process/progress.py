"""Progress and cancel: a process tells how far it is without knowing who listens.

```python
for window in progress.each(windows, "inverting"):
    ...
```
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and what is being done; raises `CancelledError` to stop."""

_listener: ContextVar[Listener | None] = ContextVar("craton_progress", default=None)


def report(fraction: float, message: str = "") -> None:
    """Tell whoever listens that `fraction` (0 to 1) is done; a dismissed job stops here.

    Raises
    ------
    CancelledError
        If the job was dismissed; let it pass.
    """
    listener = _listener.get()
    if listener is not None:
        share = min(max(float(fraction), 0.0), 1.0) if math.isfinite(fraction) else 0.0
        listener(share, str(message))


def each[T](items: Sequence[T], message: str = "") -> Iterator[T]:
    """Give `items` one by one, reporting progress before each."""
    for number, item in enumerate(items):
        report(number / len(items), message)
        yield item


def current() -> Listener | None:
    """Whoever listens now, for a thread that has to report on behalf of this one."""
    return _listener.get()


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Hear the reports of what is called within the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
