"""Asking a server over HTTP as many clients do: connections that stay, each asking anew when it has its reply."""

from __future__ import annotations

import asyncio
import itertools
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVE = "from craton.cli import main; main()"
ASK_IN_TURN = """\
local paths, next = {PATHS}, 0
wrk.headers["Accept-Encoding"] = "ENCODING"
request = function()
  next = next % #paths + 1
  return wrk.format("GET", paths[next])
end
done = function(summary)
  local failed = summary.errors
  local count = failed.connect + failed.read + failed.write + failed.status + failed.timeout
  print(string.format("counted %d %d %d", summary.requests, summary.duration, count))
end
"""


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


def rate(
    port: int, paths: Sequence[str], *, connections: int, seconds: float, encoding: str = "identity"
) -> float:
    """Requests a second that are answered with success, asked by wrk, which costs the servers little of the machine."""
    _wrk(port, paths, connections, 1.0, encoding)
    return _wrk(port, paths, connections, seconds, encoding)


def _wrk(port: int, paths: Sequence[str], connections: int, seconds: float, encoding: str) -> float:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (apt-get install wrk)")
    quoted = ",\n".join(f'"{path}"' for path in paths)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(ASK_IN_TURN.replace("PATHS", quoted).replace("ENCODING", encoding))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "60s"]
        command += ["-s", script.name, f"http://127.0.0.1:{port}"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    done, microseconds, failed = map(int, said.rpartition("counted ")[2].split())
    if failed:
        raise RuntimeError(f"{failed} of {done} requests failed, such as {paths[0]}")
    return done / microseconds * 1e6


def median_milliseconds(port: int, paths: Sequence[str], seconds: float = 5.0) -> float:
    """Median time of a request on one connection."""
    asyncio.run(_ask(port, paths, 1.0))
    return statistics.median(asyncio.run(_ask(port, paths, seconds))) * 1e3


async def _ask(port: int, paths: Sequence[str], seconds: float) -> list[float]:
    """Times of all requests of one connection."""
    asked, done = itertools.cycle(paths), []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = time.perf_counter()
    while (began := time.perf_counter()) < start + seconds:
        await _exchange(reader, writer, next(asked))
        done.append(time.perf_counter() - began)
    writer.close()
    return done


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
