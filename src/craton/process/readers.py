"""Readers: how a format is recognised, what files it takes, how it becomes drafts.

A reader is a function from a `Source` to drafts, registered with `@reader`.
It is pure: it reads only `source.files` and writes only below
`source.scratch`. It runs in a child process under memory and time limits.
"""

from __future__ import annotations

import fnmatch
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from craton.model.data import Draft
from craton.model.errors import RefusedError

HEAD_BYTES = 16384
"""How much of a file `matches` may look at."""


@dataclass(frozen=True)
class Options:
    """What the person who adds the data states about it.

    `crs` is used where the file states none, and otherwise wins with a finding.
    """

    crs: str = ""
    licence: str = ""
    owner: str = ""
    language: str = "und"


@dataclass(frozen=True)
class Source:
    """The files of one source, staged in a folder of their own.

    Parameters
    ----------
    path : Path
        The main file (or folder, for a Zarr store), uncompressed.
    files : tuple of Path
        All files of the source, `path` first, names and relative places as they came.
    name : str
        The main file's name as a person gave it, relative to what was added.
    scratch : Path
        A folder the reader may write to; gone when the draft is stored.
    """

    path: Path
    files: tuple[Path, ...]
    name: str
    scratch: Path
    options: Options = Options()

    @property
    def stem(self) -> str:
        """Main file's name without folder, compression and format suffix."""
        return split_suffix(Path(self.name).name)[0]

    def sibling(self, *suffixes: str) -> Path | None:
        """The companion file whose name is the main file's with another suffix."""
        wanted = {(self.path.stem + s).lower() for s in suffixes} | {
            (self.path.name + s).lower() for s in suffixes
        }
        return next((f for f in self.files[1:] if f.name.lower() in wanted), None)


@dataclass(frozen=True)
class Candidate:
    """A file as offered to `matches` and `gather`: its path and first bytes, already unpacked."""

    path: Path
    name: str
    head: bytes

    @property
    def suffix(self) -> str:
        """Format suffix in lower case, compression suffixes taken off (`.csv` of `a.csv.gz`)."""
        return split_suffix(self.name)[1]


Matches = Callable[[Candidate], bool]
Gather = Callable[[Candidate, list[Path]], list[Path]]
Read = Callable[[Source], Iterable[Draft]]


@dataclass(frozen=True)
class Reader:
    """A registered reader.

    Parameters
    ----------
    id : str
        Stable name, kept in the lineage.
    version : int
        Raised when the same bytes give another result.
    suffixes : tuple of str
        Lower-case format suffixes it may take (`.shp`); `*` for any.
    order : int
        Lower is asked first; formats with an unmistakable signature come early.
    matches : callable
        Looks at name and first bytes; True claims the file.
    companions : tuple of str
        Patterns of companion files in the same folder: `{stem}.dbf`, `{name}.aux.xml`.
    gather : callable
        For sets that no pattern describes: the further files of the source,
        out of the folder's listing (same folder and below).
    """

    id: str
    read: Read
    version: int = 1
    suffixes: tuple[str, ...] = ("*",)
    order: int = 50
    matches: Matches = field(default=lambda candidate: True)
    companions: tuple[str, ...] = ()
    gather: Gather = field(default=lambda candidate, listing: [])

    def claims(self, candidate: Candidate) -> bool:
        """Whether this reader takes `candidate`."""
        if "*" not in self.suffixes and candidate.suffix not in self.suffixes:
            return False
        return self.matches(candidate)

    def members(self, candidate: Candidate, listing: list[Path]) -> list[Path]:
        """Companions of `candidate` among `listing` (its own path excluded)."""
        gathered = self.gather(candidate, listing)
        if not self.companions:
            return sorted({*gathered} - {candidate.path})
        folder, name = candidate.path.parent, candidate.path.name
        stem = split_suffix(name)[0]
        patterns = [p.format(stem=_literal(stem), name=_literal(name)).lower() for p in self.companions]
        # nearly every pattern starts with the stem, which spares most of a long listing
        start = stem.lower() if all(p.startswith(("{stem}", "{name}")) for p in self.companions) else ""
        beside = [
            path
            for path in listing
            if path.name.lower().startswith(start)
            and path.parent == folder
            and path != candidate.path
            and any(fnmatch.fnmatchcase(path.name.lower(), pattern) for pattern in patterns)
        ]
        return sorted({*beside, *gathered} - {candidate.path})


COMPRESSION = (".gz", ".bz2", ".xz", ".zip")


def split_suffix(name: str) -> tuple[str, str]:
    """Split a file name into stem and lower-case format suffix, past any compression suffix."""
    path = Path(name)
    while path.suffix.lower() in COMPRESSION and Path(path.stem).suffix:
        path = Path(path.stem)
    return path.stem, path.suffix.lower()


def _literal(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


_registered: list[Reader] = []


def reader(
    id: str,
    *,
    version: int = 1,
    suffixes: tuple[str, ...] = ("*",),
    order: int = 50,
    matches: Matches | None = None,
    companions: tuple[str, ...] = (),
    gather: Gather | None = None,
) -> Callable[[Read], Read]:
    """Register the decorated function as a reader (see `Reader` for the arguments)."""

    def register(read: Read) -> Read:
        if any(r.id == id for r in _registered):
            raise ValueError(f"two readers are called {id!r}")
        _registered.append(
            Reader(
                id=id,
                read=read,
                version=version,
                suffixes=suffixes,
                order=order,
                matches=matches or (lambda candidate: True),
                companions=companions,
                gather=gather or (lambda candidate, listing: []),
            )
        )
        return read

    return register


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, in the order they are asked; a broken plugin is a named warning."""
    for point in entry_points(group="craton.readers"):
        try:
            point.load()
        except Exception as error:
            if point.value == "craton.ingest":
                raise
            warnings.warn(f"readers of plugin {point.name!r} are left out: {error}", stacklevel=2)
    return tuple(sorted(_registered, key=lambda r: (r.order, r.id)))


def reader_for(candidate: Candidate) -> Reader:
    """The first reader that claims `candidate`; the document reader claims whatever is left."""
    for one in readers():
        if one.claims(candidate):
            return one
    raise RefusedError("unsupported", f"no reader takes {candidate.name}")


def read(id: str, source: Source) -> Iterator[Draft]:
    """Run reader `id` on `source`."""
    yield from next(r for r in readers() if r.id == id).read(source)
