"""Processes as a third party may write them: one good, the others each with a fault of its own."""

import os
import time
from typing import Annotated

import pandas as pd

from craton.process import progress
from craton.process.marks import Bounds, Table, Unit
from craton.process.processes import process

Rows = Annotated[pd.DataFrame, Table()]
Count = Annotated[int, Bounds(minimum=0)]


def _declare(name, what):
    def act(table: Rows, number: Count = 0) -> Rows:
        what(number)
        return pd.DataFrame({"rows": [len(table)], "number": [number]})

    act.__doc__ = f"""Rows counted, then: {name}.

    Parameters
    ----------
    table : DataFrame
        Any table.
    number : int
        Tells one run from another.

    Returns
    -------
    DataFrame
        Number of rows.
    """
    return process(f"misbehaving.{name}", version="1")(act)


def _raise(_number):
    raise ZeroDivisionError("there is nothing to divide by")


def _leak(_number):
    kept = []
    while True:
        kept.append(bytearray(8 << 20))


def _loop(_number):
    while True:
        pass


def _steps(number):
    for _ in progress.each(range(10 * number), "waiting"):
        time.sleep(0.1)


def _chatter(number):
    for _ in range(100 * number):
        progress.report(0.5, "talking")
        time.sleep(0.01)


def _babble(_number):
    progress.report(float("nan"), None)
    raise ValueError("\udc80" * 5000)


def _orphan(_number):
    if os.fork() == 0:
        os.setsid()
        time.sleep(20)
        os._exit(0)
    os._exit(7)


def _meddle(_number):
    from craton.kernels import terrain

    terrain.MEDDLED = True


_declare("chatters", _chatter)
_declare("babbles", _babble)
_declare("leaves_an_orphan", _orphan)
_declare("meddles", _meddle)
_declare("count", lambda number: None)
_declare("raises", _raise)
_declare("leaks", _leak)
_declare("loops", _loop)
_declare("exits", lambda number: os._exit(3))
_declare("kills_itself", lambda number: os.abort())
_declare("waits", _steps)


@process("misbehaving.is_meddled_with", version="1")
def is_meddled_with(table: Rows) -> Rows:
    """Whether another process changed a module of ours.

    Parameters
    ----------
    table : DataFrame
        Any table.

    Returns
    -------
    DataFrame
        One row.
    """
    from craton.kernels import terrain

    return pd.DataFrame({"rows": [len(table)], "meddled": [hasattr(terrain, "MEDDLED")]})


@process("misbehaving.slow_double", version="1")
def slow_double(table: Rows, wait: Annotated[float, Unit("s"), Bounds(minimum=0, maximum=60)] = 1.0) -> Rows:
    """Rows counted twice, slowly.

    Parameters
    ----------
    table : DataFrame
        Any table.
    wait : float
        Seconds it takes.

    Returns
    -------
    DataFrame
        Twice the number of rows.
    """
    time.sleep(wait)
    return pd.DataFrame({"rows": [2 * len(table)], "moment": [time.time_ns()]})
