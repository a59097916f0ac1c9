"""The audit log: who read, changed, ran or tried what; one line of JSON for each, in a file a month.

Lines are only ever added, each by one write, so that several processes share
a file. What comes often, such as tiles, is written when it first happens, then
once a minute with how often it happened.
"""

from __future__ import annotations

import ipaddress
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import msgspec

from craton.model.moments import now
from craton.model.permission import Actor

FOLDER = "audit"
SUFFIX = ".jsonl"
OWN_ONLY = 0o600
MINUTE = 60.0

MOST_COUNTED = 10_000
"""Things counted at a time; with more, all are written before the minute is over."""

AddressForm = Literal["full", "net", "none"]
"""How much of a visitor's address is kept: all of it, its network, or nothing."""

NETS = {4: 24, 6: 48}
"""Bits of an address that name its network, by version."""

Line = dict[str, Any]


class Source(NamedTuple):
    """Who did something, from where, and in which request."""

    actor: Actor
    address: str = ""
    request: str = ""


class AuditLog:
    """The log of one node; use as a context manager where things are counted.

    Parameters
    ----------
    folder : Path
        Folder of the log within the node; made when the first line is written.
    address : str
        How much of a visitor's address is kept.
    """

    def __init__(self, folder: Path, *, address: AddressForm = "full") -> None:
        self._folder, self._form = folder, address
        self._counts: dict[tuple[object, ...], tuple[Line, int, str]] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._flush_often, name="audit", daemon=True)
        self._told = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self.flush()

    def note(self, event: str, source: Source, *, status: int = 0, **about: object) -> None:
        """Write one line now."""
        self._write([self._line(event, source, status, about)])

    def often(self, event: str, source: Source, *, status: int = 0, **about: object) -> None:
        """Write a line where this is new; else count it for the line at the end of the minute."""
        actor = source.actor
        key = (event, actor.name, actor.role, source.address, status, *about.items())
        with self._lock:
            known = self._counts.get(key)
            if known is not None:
                self._counts[key] = (known[0], known[1] + 1, now())
                return
            line = self._line(event, source, status, about)
            self._counts[key] = (line, 0, line["time"])
            is_full = len(self._counts) >= MOST_COUNTED
        self._write([line])
        if is_full:
            self.flush()

    def flush(self) -> None:
        """Write what was counted."""
        with self._lock:
            counted, self._counts = self._counts, {}
        lines = []
        for line, count, last in counted.values():
            if count:
                kept = {k: v for k, v in line.items() if k not in {"time", "request"}}
                lines.append({"time": last, **kept, "since": line["time"], "count": count})
        self._write(lines)

    def _flush_often(self) -> None:
        while not self._ending.wait(MINUTE):
            self.flush()

    def _line(self, event: str, source: Source, status: int, about: Mapping[str, object]) -> Line:
        said = {
            "time": now(), "event": event, "actor": source.actor.name, "role": source.actor.role,
            "address": shown_address(source.address, self._form), "request": source.request, "status": status,
            **about,
        }  # fmt: skip
        return {key: value for key, value in said.items() if value not in ("", 0, None)}

    def _write(self, lines: list[Line]) -> None:
        """Add lines; a disk that refuses is told on standard error, and the node goes on."""
        for line in lines:
            try:
                self._append(self._folder / f"{line['time'][:7]}{SUFFIX}", msgspec.json.encode(line) + b"\n")
            except OSError as error:
                self._tell(error)

    def _append(self, path: Path, line: bytes) -> None:
        flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY
        try:
            file = os.open(path, flags, OWN_ONLY)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            file = os.open(path, flags, OWN_ONLY)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    def _tell(self, error: OSError) -> None:
        if time.monotonic() - self._told > MINUTE or not self._told:
            self._told = time.monotonic()
            sys.stderr.write(f"the audit log cannot be written: {error}\n")


def shown_address(address: str, form: AddressForm) -> str:
    """As much of `address` as is kept."""
    if form == "full" or not address:
        return address
    if form == "none":
        return ""
    try:
        version = ipaddress.ip_address(address).version
        return str(ipaddress.ip_network(f"{address}/{NETS[version]}", strict=False))
    except ValueError:
        return ""


def lines(
    folder: Path, *, since: str = "", until: str = "", actor: str = "", dataset: str = "", event: str = ""
) -> Iterator[Line]:
    """Lines of a log that meet all conditions, oldest first.

    Parameters
    ----------
    folder : Path
        Folder of the log.
    since, until : str
        First and last moment, as `craton.model.moments.now` writes it; empty for an open side.
    actor, dataset, event : str
        Whose, about which dataset, of what kind; empty for any.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        month = path.name.removesuffix(SUFFIX)
        if (since and month < since[:7]) or (until and month > until[:7]):
            continue
        for line in _lines_of(path):
            if since <= line.get("time", "") <= (until or "~") and _is_about(line, actor, dataset, event):
                yield line


def newest(folder: Path, count: int, **conditions: str) -> list[Line]:
    """The newest `count` lines that meet the conditions of `lines`, newest first."""
    return list(reversed(deque(lines(folder, **conditions), maxlen=count)))


def _lines_of(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for text in file:
            with suppress(msgspec.DecodeError):  # a line that a power cut tore
                line = msgspec.json.decode(text)
                if isinstance(line, dict):
                    yield line


def _is_about(line: Line, actor: str, dataset: str, event: str) -> bool:
    if actor and line.get("actor") != actor:
        return False
    if event and line.get("event") != event:
        return False
    return not dataset or line.get("dataset") == dataset or dataset in line.get("datasets", ())
