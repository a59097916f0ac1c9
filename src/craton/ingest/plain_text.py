"""Whole texts in memory, for formats that are read line by line and small by nature."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from craton.ingest.table_text import open_text
from craton.model.errors import RefusedError
from craton.model.record import Finding

SIZE_LIMIT = 256 << 20
"""Bytes of a text file that is read whole."""


class PlainText(NamedTuple):
    """The text of a file, its lines ended by a line feed, and what was guessed or repaired to get it."""

    text: str
    findings: list[Finding]


def read_text(path: Path, scratch: Path) -> PlainText:
    """Text of the file at `path`, in whatever encoding it is.

    Parameters
    ----------
    path : Path
        The file.
    scratch : Path
        Folder for a copy in UTF-8, where one is needed.

    Raises
    ------
    RefusedError
        `empty`, `too-large`, or `corrupt` when the bytes are not text.
    """
    size = path.stat().st_size
    if size > SIZE_LIMIT:
        words = (
            f"{path.name} has {size / 1e6:,.0f} MB, more than the {SIZE_LIMIT / 1e6:,.0f} MB read as one text"
        )
        raise RefusedError("too-large", words, hint="split it by hole or area")
    clean = open_text(path, scratch)
    with clean.path.open("rb") as file:
        file.seek(clean.offset)
        text = file.read().decode("utf-8")
    return PlainText(text.replace("\r\n", "\n").replace("\r", "\n"), list(clean.findings))
