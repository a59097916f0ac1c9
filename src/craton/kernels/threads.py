"""Threads of kernels: how many there are, and work shared out among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

THREADS = 2
"""A fixed number, so that no result hangs on the machine."""


def share[Part, Result](work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """What `work` gives for each part, in their order; it is to release the interpreter to be any faster."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(work, parts)


def do_all[Part](work: Callable[[Part], object], parts: Iterable[Part]) -> None:
    """Do `work` on every part; each touches only what is its own."""
    for _done in share(work, parts):
        pass
