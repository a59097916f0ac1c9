"""Which files beside a collar table belong to it, as one who manages the data would say.

Files belong to the collars whose name has the same base (`mine_collars`,
`mine_survey`, `mine_assay`). A table without collars of its own base goes to
those that know most of its holes, if they know at least half of them.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from craton.ingest.borehole_names import Role, base, keys, recognise, role_of
from craton.ingest.table import outline
from craton.ingest.table_dialect import Dialect, sample
from craton.ingest.table_text import head_text, looks_like_text
from craton.process.readers import HEAD_BYTES, Candidate

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
ENOUGH_KNOWN = 0.5
"""Share of a table's holes that collars must know to own it without a common name."""

GLANCE_BYTES = 4 << 20
"""Bytes of a file whose hole names are compared."""

FOOTER_BYTES = 1 << 20
"""Bytes of a Parquet footer that is looked at."""

WORKBOOK_BYTES = 1 << 16
"""Bytes of a workbook's list of sheets."""

SHEETS = re.compile(r'<sheet\b[^>]*\bname="([^"]{1,100})"')
COLLAR_SHEET = re.compile(r"(?i)collar")
OTHER_SHEET = re.compile(r"(?i)survey|assay|litho|geol|interval")


@dataclass(frozen=True)
class Glance:
    """What the beginning of a text file shows of a table of drill holes."""

    path: Path
    role: Role
    dialect: Dialect
    names: tuple[str, ...]
    first: int
    is_placed: bool

    @property
    def base(self) -> tuple[str, ...]:
        """Words of the file's name that say where it belongs."""
        return base(self.path.stem)

    @property
    def suits(self) -> bool:
        """Whether the table needs the collars of another file."""
        return self.role is not Role.COLLAR and not self.is_placed


def is_hole_table(candidate: Candidate) -> bool:
    """Whether the file is a table of drill holes, or a workbook or Parquet file of such."""
    if candidate.suffix == ".xlsx":
        return _is_hole_workbook(candidate.path)
    if candidate.suffix == ".parquet":
        return candidate.head.startswith(b"PAR1") and _is_hole_parquet(candidate.path)
    return _glance(candidate.path, candidate.head) is not None


def companions(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """Files of the same folder that belong to the collars in `candidate`; none for other tables."""
    if candidate.path.suffix.lower() not in TEXT_SUFFIXES:
        return []
    own = _glance(candidate.path, candidate.head)
    if own is None or own.role is not Role.COLLAR:
        return []
    beside = [p for p in listing if p.parent == candidate.path.parent and p.suffix.lower() in TEXT_SUFFIXES]
    others = [g for p in beside if p != candidate.path and (g := _look(p)) is not None]
    collars = sorted([own, *(g for g in others if g.role is Role.COLLAR)], key=lambda g: g.path)
    return [g.path for g in others if g.suits and _owner(g, collars) == own.path]


def _owner(table: Glance, collars: list[Glance]) -> Path | None:
    """Collars that `table` belongs to."""
    same = [c for c in collars if c.base == table.base]
    if len(same) == 1:
        return same[0].path
    known = {c.path: _known(table, c) for c in same or collars}
    best = max(known, key=lambda path: (known[path], _common(table.path, path)))
    return best if same or known[best] >= ENOUGH_KNOWN else None


def _common(first: Path, second: Path) -> int:
    pairs = zip(first.stem.lower(), second.stem.lower(), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _known(table: Glance, collars: Glance) -> float:
    """Largest share of the table's hole names, by any column, that any column of the collars knows."""
    shares = [
        len(there & here) / len(there)
        for there in _holes(table, _stamp(table.path))
        for here in _holes(collars, _stamp(collars.path))
        if there
    ]
    return max(shares, default=0.0)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=256)
def _holes(glance: Glance, stamp: tuple[int, int]) -> list[frozenset[str]]:  # noqa: ARG001 - `stamp` renews the cache
    """Hole names at the beginning of a file, by column that may hold them."""
    text = _read_head(glance.path, GLANCE_BYTES)
    rows = [row.cells for row in sample(text, glance.dialect, limit=200_000)][glance.first :]
    places = [glance.names.index(key) for key in keys(glance.names)]
    return [frozenset(row[place].strip() for row in rows if place < len(row)) - {""} for place in places]


def _look(path: Path) -> Glance | None:
    return _glance_cached(path, _stamp(path))


@lru_cache(maxsize=1024)
def _glance_cached(path: Path, stamp: tuple[int, int]) -> Glance | None:  # noqa: ARG001 - `stamp` renews the cache
    with path.open("rb") as file:
        return _glance(path, file.read(HEAD_BYTES))


def _read_head(path: Path, size: int) -> str:
    with path.open("rb") as file:
        return head_text(file.read(size))


def _glance(path: Path, head: bytes) -> Glance | None:
    """The table of drill holes that `head` begins, if it is one."""
    if not head or not looks_like_text(head):
        return None
    text = head_text(head)
    if not _may_name_holes(text):
        return None
    found = outline(text, cut=len(head) >= HEAD_BYTES)
    if found is None or found.layout.headerless:
        return None
    columns = recognise(found.layout.names)
    role = role_of(columns)
    if role is None:
        return None
    return Glance(
        path, role, found.dialect, tuple(found.layout.names), found.layout.first, {"x", "y"} <= set(columns)
    )


def _may_name_holes(text: str) -> bool:
    """Quick look for the word every such table has in its header."""
    first = text[:4096].lower()
    return any(word in first for word in ("hole", "bhid", "dhid", "boreid", "collar", "loca_id", "surface"))


def _is_hole_workbook(path: Path) -> bool:
    """Whether the sheets of a workbook are called collars and something that goes with them."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as file:
            names = SHEETS.findall(file.read(WORKBOOK_BYTES).decode("utf-8", "replace"))
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError):
        return False
    return any(map(COLLAR_SHEET.search, names)) and any(map(OTHER_SHEET.search, names))


def _is_hole_parquet(path: Path) -> bool:
    """Whether the footer of a Parquet file names columns of layers or readings with their holes' places."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - FOOTER_BYTES, 0))
        names = _length_prefixed(file.read())
    columns = recognise(sorted(names))
    return role_of(columns) is not None and {"x", "y", "hole_id"} <= set(columns)


def _length_prefixed(footer: bytes) -> set[str]:
    """Short names that stand behind their own length, as column names do in a footer."""
    found = set()
    for match in re.finditer(rb"[\x01-\x1f](?=[A-Za-z_])", footer):
        name = footer[match.end() : match.end() + match[0][0]]
        if re.fullmatch(rb"[A-Za-z_][\w .()\[\]-]*", name):
            found.add(name.decode("ascii"))
    return found
