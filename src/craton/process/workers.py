"""Workers: others who share the work of a process that asks for them; without any it works alone.

```python
kept = workers.current().keep(make, parts)
sums = workers.current().ask(kept, "forward", blocks)
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol


class Workers(Protocol):
    """Those who keep things that were made with them, and apply their methods."""

    def keep(self, make: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        """What `make` gives of the arguments in each of `parts`, staying with whoever made it."""

    def ask(self, kept: Sequence[Any], method: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """What `method` of each thing kept gives of its argument, in their order."""


class Alone:
    """No one else: things are kept here and asked in turn."""

    def keep(self, make: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        """Make each here."""
        return [make(*part) for part in parts]

    def ask(self, kept: Sequence[Any], method: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """Ask each in turn."""
        return [getattr(one, method)(argument) for one, argument in zip(kept, arguments, strict=True)]


_workers: ContextVar[Workers] = ContextVar("craton_workers", default=Alone())  # noqa: B039 - it holds nothing


def current() -> Workers:
    """Who shares the work now."""
    return _workers.get()


@contextmanager
def given(workers: Workers) -> Iterator[None]:
    """Let `workers` share the work of what is called within the block."""
    token = _workers.set(workers)
    try:
        yield
    finally:
        _workers.reset(token)
