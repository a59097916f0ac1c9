"""Children with limits: whatever they do, the parent goes on and says what happened."""

import faulthandler
import os
import signal
import time

import pytest

from craton.jobs import sandbox

MEMORY = 400 << 20
SECONDS = 15.0


def limits(memory=MEMORY, seconds=SECONDS):
    """Limits beyond what this process, whose pages a fork starts with, has already."""
    return sandbox.Limits(memory=memory + sandbox.resident(os.getpid()), seconds=seconds, file_size=1 << 20)


def run(work, **limited):
    child = sandbox.spawn(work, limits(**limited))
    start = time.monotonic()
    while (status := child.finished()) is None:
        child.watch()
        assert time.monotonic() - start < 20
        time.sleep(0.01)
    return child, status


def test_work_that_ends_well_ends_with_status_zero(tmp_path):
    """A child does its work and exits with 0."""
    child, status = run(lambda: (tmp_path / "done").write_text("yes"))
    assert (child.killed, status) == ("", 0)
    assert (tmp_path / "done").read_text() == "yes"


def test_an_endless_loop_is_killed_as_too_slow():
    """A child over its time is killed and named too-slow."""

    def forever():
        while True:
            pass

    child, _status = run(forever, seconds=0.3)
    assert child.killed == "too-slow"


def test_eating_memory_ends_the_child_not_the_parent():
    """A child that allocates without end is stopped by its limit."""

    def eat():
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(1 << 20) * 10))

    child, status = run(eat, memory=300 << 20, seconds=30.0)
    assert status != 0
    assert child.killed in {"too-large", ""}


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_crash_is_seen_as_a_signal(number):
    """A native crash reaches the parent as the signal that ended the child."""

    def crash():
        faulthandler.disable()
        os.kill(os.getpid(), number)

    _child, status = run(crash)
    assert os.WTERMSIG(status) == number


def test_a_child_cannot_fill_the_disk(tmp_path):
    """Writing past the file limit ends the child."""

    def fill():
        with (tmp_path / "big").open("wb") as out:
            for _ in range(100):
                out.write(bytes(1 << 20))

    _child, status = run(fill)
    assert status != 0
    assert (tmp_path / "big").stat().st_size <= 1 << 20


def test_an_exception_in_the_child_does_not_come_back_into_the_parent(capfd):
    """A raising child exits with 1 and says why on standard error."""

    def fail():
        raise ValueError("no good")

    _child, status = run(fail)
    assert os.WEXITSTATUS(status) == 1
    assert "ValueError: no good" in capfd.readouterr().err
