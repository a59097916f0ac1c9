"""Replies made of files: with ranges and entity tags, several in one, removed after use."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from craton.web.formats import Written

BLOCK = 256 << 10
"""Bytes read at a time."""


def object_reply(request: Request, path: Path, sha256: str, media_type: str, name: str) -> Response:
    """The stored object at `path`: it never changes, so whoever has it need not fetch it again."""
    tag = f'"{sha256}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.method in {"GET", "HEAD"} and matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        path, headers=headers, media_type=media_type, filename=name, content_disposition_type="inline"
    )


def matches(stated: str, tag: str) -> bool:
    """Whether the header `If-None-Match` names the entity tag."""
    tags = {one.strip().removeprefix("W/") for one in stated.split(",")}
    return "*" in tags or tag in tags


def written_reply(request: Request, made: Written, headers: dict[str, str]) -> Response:
    """A dataset in a format; a file of the moment is removed when the reply ends, however it ends."""
    if made.folder is None:
        response = object_reply(request, made.path, made.etag, made.media_type, made.name)
        for name, value in headers.items():
            response.headers[name] = value
        return response
    return PassingFile(made, headers)


class PassingFile(FileResponse):
    """A file that is removed once it is sent."""

    def __init__(self, made: Written, headers: dict[str, str]) -> None:
        super().__init__(
            made.path, headers=headers, media_type=made.media_type, filename=made.name,
            content_disposition_type="inline",
        )  # fmt: skip
        self._made = made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, then remove it."""
        try:
            # The server must not take over the path: it may open the file only when it is gone.
            await super().__call__({**scope, "extensions": {}}, receive, send)
        finally:
            await anyio.to_thread.run_sync(self._made.close)


@dataclass(frozen=True)
class Part:
    """One part of a reply of several: its headers, and what follows them, if anything."""

    headers: dict[str, str]
    made: Written | None = None


class Parts(Response):
    """Several outputs in one reply (`multipart/related`, RFC 2387); files are removed afterwards."""

    def __init__(self, parts: Sequence[Part], headers: dict[str, str]) -> None:
        self._boundary = secrets.token_hex(16)
        self._parts = parts
        kind = next((p.headers["Content-Type"] for p in parts if "Content-Type" in p.headers), "")
        start = f'multipart/related; boundary={self._boundary}; type="{kind.partition(";")[0]}"'
        super().__init__(b"", 200, {**headers, "Content-Type": start, "Content-Length": str(self._length())})

    def _head(self, part: Part) -> bytes:
        lines = [f"--{self._boundary}", *(f"{name}: {value}" for name, value in part.headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace")

    @property
    def _tail(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode("latin-1")

    def _length(self) -> int:
        sizes = [len(self._head(p)) + (p.made.path.stat().st_size if p.made else 0) + 2 for p in self._parts]
        return sum(sizes) + len(self._tail)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all parts, then remove their files."""
        del receive
        try:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            if scope["method"] != "HEAD":
                for part in self._parts:
                    await _send(send, self._head(part))
                    if part.made is not None:
                        await _send_file(send, part.made.path)
                    await _send(send, b"\r\n")
            await send({"type": "http.response.body", "body": self._tail, "more_body": False})
        finally:
            for part in self._parts:
                if part.made is not None:
                    await anyio.to_thread.run_sync(part.made.close)


async def _send(send: Send, block: bytes) -> None:
    await send({"type": "http.response.body", "body": block, "more_body": True})


async def _send_file(send: Send, path: Path) -> None:
    file: BinaryIO = await anyio.to_thread.run_sync(path.open, "rb")
    try:
        while block := await anyio.to_thread.run_sync(file.read, BLOCK):
            await _send(send, block)
    finally:
        file.close()
