"""Progress and cancel reach whoever listens, and nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from craton.model.errors import CancelledError
from craton.process import progress


def test_reports_reach_the_listener_and_stay_within_0_and_1():
    """Fractions are held between 0 and 1; without a listener a report does nothing."""
    heard = []
    progress.report(0.1, "nobody hears")
    with progress.listening(lambda fraction, message: heard.append((fraction, message))):
        progress.report(-1, "start")
        progress.report(0.5)
        progress.report(2, "end")
    progress.report(0.9, "nobody hears")
    assert heard == [(0.0, "start"), (0.5, ""), (1.0, "end")]


def test_each_gives_all_items_and_reports_before_each():
    """Items come in order, with their share of the whole."""
    heard = []
    with progress.listening(lambda fraction, message: heard.append(fraction)):
        assert list(progress.each("abcd", "letters")) == ["a", "b", "c", "d"]
    assert heard == [0.0, 0.25, 0.5, 0.75]
    assert list(progress.each([])) == []


def test_a_listener_stops_the_work_by_raising():
    """The error of the listener comes out of the process, and the next call is heard by nobody."""

    def cancel(fraction, message):
        if fraction >= 0.5:
            raise CancelledError("dismissed")

    done = []

    def work():
        for item in progress.each(range(4)):
            done.append(item)  # noqa: PERF402 - what was done before the stop is looked at

    with progress.listening(cancel), pytest.raises(CancelledError):
        work()
    assert done == [0, 1]
    progress.report(1.0)


def test_inner_listeners_give_back_to_the_outer_one():
    """Listening within listening hears alone, then the first one hears again."""
    outer, inner = [], []
    with progress.listening(lambda f, m: outer.append(f)):
        with progress.listening(lambda f, m: inner.append(f)):
            progress.report(0.2)
        progress.report(0.4)
    assert (outer, inner) == ([0.4], [0.2])


def test_other_threads_do_not_hear_unless_they_are_given_the_context():
    """Two jobs in two threads do not mix."""
    heard = []
    with ThreadPoolExecutor(1) as pool, progress.listening(lambda f, m: heard.append(f)):
        pool.submit(progress.report, 0.1).result()
        pool.submit(copy_context().run, progress.report, 0.3).result()
    assert heard == [0.3]
