"""What a source was when it was last added: enough to know whether it has changed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from craton.jobs.messages import Group
from craton.model.record import SourceFile

FORMAT_VERSION = 1
"""Raised when stored copies of the same source change, so that unchanged sources are read anew."""


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a source was when it was last added: enough to know that it has not changed."""

    format: int
    reader: str
    stated: dict[str, str]
    licences: tuple[str, ...]
    files: tuple[tuple[str, int, int, int, int], ...]
    hashes: tuple[SourceFile, ...]
    records: tuple[str, ...]
    findings: dict[str, int]

    def same_reading(self, other: Stamp) -> bool:
        """Whether the same reader was told the same things."""
        return (self.format, self.reader, self.stated, self.licences) == (
            other.format, other.reader, other.stated, other.licences,
        )  # fmt: skip


def stamp_of(group: Group, stated: dict[str, str]) -> Stamp:
    """What the source of `group` is now; hashes and records are not known yet."""
    stats = [(path, Path(path).stat()) for path in group.files]
    return Stamp(
        format=FORMAT_VERSION,
        reader=f"{group.reader}@{group.reader_version}",
        stated=stated,
        licences=group.licences,
        files=tuple((p, s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino) for p, s in stats),
        hashes=(),
        records=(),
        findings={},
    )


def same_bytes(before: Stamp, now: Stamp) -> bool:
    """Whether the source has the same files with the same bytes."""
    return [(s.path, s.sha256) for s in before.hashes] == [(s.path, s.sha256) for s in now.hashes]
