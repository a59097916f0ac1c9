"""Stage bytes: copy what came into a folder of our own, hashed; unpack what is packed, safely."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from craton.model.errors import RefusedError
from craton.model.record import SourceFile

STREAMS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
UNPACK_ERRORS = (
    OSError,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
)

CHUNK = 1 << 20
MEMBER_LIMIT = 10_000
UNPACKED_LIMIT = 20 << 30
RATIO_LIMIT = 1_100
"""DEFLATE cannot pack better than about 1,032 : 1, so more is a lie of the header; LZMA and bzip2 can,
which is why real bytes are counted while unpacking and compared with `RATIO_FLOOR`."""
RATIO_FLOOR = 64 << 20
"""Unpacked size in bytes below which no ratio is suspicious."""


def copy_hashed(path: Path, target: Path, shown: str) -> SourceFile:
    """Copy `path` to `target`; refuse when it changes while it is read."""
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_regular(path) as source, target.open("wb") as out:
        before = os.fstat(source.fileno())
        while block := source.read(CHUNK):
            digest.update(block)
            out.write(block)
            size += len(block)
        after = os.fstat(source.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise RefusedError(
            "unreadable", f"{shown} changed while it was read", hint="add it again when it is at rest"
        )
    return SourceFile(path=shown, sha256=digest.hexdigest(), size=size)


def open_regular(path: Path) -> BinaryIO:
    """Open `path` without ever blocking on a pipe or device that took its place."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RefusedError("unreadable", f"{path.name} is not a regular file")
    return os.fdopen(descriptor, "rb")


def unpack_stream(path: Path, folder: Path) -> Path:
    """Unpack a `.gz`, `.bz2` or `.xz` file into `folder`; the file without its last suffix."""
    target = folder / path.with_suffix("").name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with STREAMS[path.suffix.lower()](path, "rb") as source, target.open("wb") as out:
            _copy_bounded(source, out, path.stat().st_size, path.name)
    except UNPACK_ERRORS as error:
        raise RefusedError(
            "corrupt", f"{path.name} cannot be unpacked ({error})", hint="copy or pack it again"
        ) from error
    return target


def unpack_zip(path: Path, folder: Path) -> tuple[list[Path], int]:
    """Unpack a zip archive into `folder`; the files and how many members were left out as unsafe."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            _check_archive(members, path)
            safe = [m for m in members if _is_safe(m)]
            return [_extract(archive, m, folder, path) for m in safe], len(members) - len(safe)
    except UNPACK_ERRORS as error:
        code = "encrypted" if "encrypted" in str(error) or "password" in str(error) else "corrupt"
        raise RefusedError(
            code, f"{path.name} cannot be unpacked ({error})", hint="pack it again, without a password"
        ) from error


def _check_archive(members: list[zipfile.ZipInfo], path: Path) -> None:
    unpacked = sum(m.file_size for m in members)
    packed = max(path.stat().st_size, 1)
    if not members:
        raise RefusedError("no-data", f"{path.name} holds no file", hint="pack it again")
    if (
        len(members) > MEMBER_LIMIT
        or unpacked > UNPACKED_LIMIT
        or (unpacked > RATIO_FLOOR and unpacked / packed > RATIO_LIMIT)
    ):
        raise RefusedError(
            "unsafe-archive",
            f"{path.name} unpacks from {packed / 1e6:,.3f} to {unpacked / 1e6:,.0f} MB, {len(members)} files",
            hint="unpack it by hand and add the folder, if it is what it should be",
        )


def _is_safe(member: zipfile.ZipInfo) -> bool:
    place = PurePosixPath(member.filename.replace("\\", "/"))
    if not place.parts or place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
        return False
    return "\0" not in member.filename and not stat.S_ISLNK(member.external_attr >> 16)


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, path: Path) -> Path:
    target = folder / PurePosixPath(member.filename.replace("\\", "/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as out:
        _copy_bounded(source, out, path.stat().st_size, path.name)
    return target


def _copy_bounded(source: IO[bytes], out: IO[bytes], packed: int, name: str) -> None:
    written = 0
    while block := source.read(CHUNK):
        written += len(block)
        if written > UNPACKED_LIMIT or (written > RATIO_FLOOR and written / max(packed, 1) > RATIO_LIMIT):
            raise RefusedError(
                "unsafe-archive",
                f"{name} unpacks to more than {written / 1e6:,.0f} MB from {packed / 1e6:,.3f} MB",
                hint="unpack it by hand and add the result, if it is what it should be",
            )
        out.write(block)


def clear(folder: Path) -> None:
    """Remove `folder` and what is in it."""
    shutil.rmtree(folder, ignore_errors=True)
