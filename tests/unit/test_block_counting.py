"""Progress of lazy results: each job hears of its own graphs."""

from __future__ import annotations

import threading

import dask.array as da
from dask.callbacks import add_callbacks

from craton.jobs.counting import BlockCounter


def test_a_counter_hears_of_the_graphs_of_its_own_thread_only():
    """What another thread computes meanwhile, such as another job's result, is not told."""
    told: list[float] = []
    blocks = da.ones(8, chunks=2)
    counter = BlockCounter(lambda share, _message: told.append(share))
    with counter:
        other = threading.Thread(target=blocks.sum().compute)
        other.start()
        other.join()
        assert told == []
        blocks.sum().compute()
    assert told[-1] == 1.0
    told.clear()
    # What Dask does where another thread's graph began within the block and ended after it.
    with add_callbacks(counter):
        blocks.sum().compute()
    assert told == []
