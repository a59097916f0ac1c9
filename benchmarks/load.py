"""Asking a server over HTTP as many clients do: connections that stay, each asking anew when it has its reply."""

from __future__ import annotations

import asyncio
import itertools
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVE = "from craton.cli import main; main()"


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[tuple[int, int]]:
    """Port and process id of `craton serve` of a node."""
    command = [sys.executable, "-c", SERVE, "serve", str(folder), "--port", "0"]
    environment = {**os.environ, "CRATON_WEB_LOG": "off", **settings}
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    try:
        assert server.stdout is not None
        assert select.select([server.stdout], [], [], 90)[0], "the node does not start"
        yield int(server.stdout.readline().strip().rpartition(":")[2]), server.pid
    finally:
        server.terminate()
        server.wait(timeout=60)


def rate(port: int, paths: Sequence[str], *, connections: int, seconds: float) -> float:
    """Requests a second that are answered with success; the first second is not counted."""
    asyncio.run(_ask(port, paths, connections, 1.0))
    done, took = asyncio.run(_ask(port, paths, connections, seconds))
    return len(done) / took


def median_milliseconds(port: int, paths: Sequence[str], seconds: float = 5.0) -> float:
    """Median time of a request on one connection."""
    asyncio.run(_ask(port, paths, 1, 1.0))
    done, _ = asyncio.run(_ask(port, paths, 1, seconds))
    return statistics.median(done) * 1e3


async def _ask(
    port: int, paths: Sequence[str], connections: int, seconds: float
) -> tuple[list[float], float]:
    """Times of all requests, and how long it took from the first to the last."""
    asked, done = itertools.cycle(paths), []
    start = time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < start + seconds:
            began = time.perf_counter()
            await _exchange(reader, writer, next(asked))
            done.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return done, time.perf_counter() - start


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"
    writer.write(head.encode())
    said = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b" 200 " not in said[:20] and b" 204 " not in said[:20]:
        raise RuntimeError(f"{path}: {said[:200]!r}")
    _, length, rest = said.partition(b"content-length: ")
    if length:
        await reader.readexactly(int(rest.partition(b"\r")[0]))
    elif b"transfer-encoding: chunked" in said:
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
