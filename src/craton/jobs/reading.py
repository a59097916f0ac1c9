"""The parent's end of the reading process: send requests, take replies, survive its death."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from craton.jobs.line_process import LineProcess
from craton.jobs.messages import PlanReply, PlanRequest, ReadReply, ReadRequest, Reply
from craton.model.errors import CratonError


class Reading:
    """A reading process, started when first needed."""

    def __init__(self) -> None:
        self._process = LineProcess("craton.jobs.worker", Reply)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the process; whoever waits for it hears that it ended."""
        self._process.close()

    def send(self, request: PlanRequest | ReadRequest) -> None:
        """Send one request."""
        if not self._process.send(request):
            raise _ended()

    def receive(self) -> PlanReply | ReadReply:
        """Wait for the next reply, in the order in which requests are done."""
        self._process.start()
        reply: PlanReply | ReadReply | None = self._process.receive()
        if reply is None:
            raise _ended()
        return reply


def _ended() -> CratonError:
    return CratonError("the reading process ended", hint="see the messages above; run the same command again")
