"""What the node knows of its own running: the log, the numbers, and whether it is ending."""

from __future__ import annotations

import time
from typing import Literal

from craton.web.operations_log import Form, RequestLog
from craton.web.operations_metrics import Metrics

Openness = Literal["local", "open"]
"""Who may read the numbers: this machine and managers, or anyone."""


class Operations:
    """The running of one web server.

    Parameters
    ----------
    version : str
        Version of the program.
    log : str
        Form of the log of requests.
    metrics : str
        Who may read the numbers.

    Attributes
    ----------
    in_flight : int
        Requests being answered.
    moved, handed : float
        When a part of a reply was last sent, and when the server was last handed a file to send by itself;
        seconds of the monotonic clock.
    ending : bool
        Whether new work is refused.
    """

    def __init__(self, version: str = "", log: Form = "off", metrics: Openness = "local") -> None:
        self.openness = metrics
        self.log = RequestLog(log)
        self.in_flight = 0
        self.moved = time.monotonic()
        self.handed = float("-inf")
        self.ending = False
        self.metrics = Metrics(version, lambda: self.in_flight, lambda: self.log.dropped)

    def end(self) -> None:
        """From now on, new work is refused."""
        self.ending, self.moved = True, time.monotonic()

    def close(self) -> None:
        """Write what is to be logged."""
        self.log.close()
