"""Plan an add: which files of what was given belong together, and who reads them."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, cast

from craton.jobs.messages import Group
from craton.jobs.stage import STREAMS, UNPACK_ERRORS
from craton.model.licences import licence_from_text
from craton.model.statement import SUFFIX
from craton.process.readers import HEAD_BYTES, Candidate, Reader, reader_for

ARCHIVE = Reader(id="archive", read=lambda source: ())
"""Stands for a zip archive in a plan; what it holds is planned and read once it is unpacked."""

SKIPPED_FOLDERS = {".git", ".hg", ".svn"}
LICENCE_NAMES = ("licen[cs]e*", "data_licen[cs]e*", "copying*", "attribution*", "*.licen[cs]e")
LICENCE_BYTES = 100_000


def plan(given: list[str], skip: list[str]) -> Iterator[Group]:
    """Groups of all files at or below the paths `given`, leaving out the folders `skip`.

    A file given by itself takes along its companions in the same folder.
    """
    left_out = {Path(p).resolve() for p in skip}
    bases: dict[Path, Path] = {}
    beside: list[Path] = []
    seen: set[Path] = set()
    for root in map(Path, given):
        base = root.resolve() if root.is_dir() else root.parent.resolve()
        paths = _below(root, left_out) if root.is_dir() else [root]
        beside += [] if root.is_dir() else [p for p in sorted(root.parent.iterdir()) if p.is_file()]
        fresh = [p for p in paths if absolute(p) not in seen]
        seen.update(absolute(p) for p in fresh)
        bases |= dict.fromkeys(fresh, base)
    yield from _groups(bases, [p for p in dict.fromkeys(beside) if absolute(p) not in seen])


def absolute(path: Path) -> Path:
    """Absolute path with folders resolved but the file itself not followed."""
    return path.parent.resolve() / path.name


def _below(root: Path, left_out: set[Path]) -> list[Path]:
    """All files below `root`, and the folders that are links or cannot be opened, which are refused later."""
    found: list[Path] = []
    closed: list[Path] = []
    walk = os.walk(root, onerror=lambda error: closed.append(Path(str(error.filename))))
    for folder, folders, files in walk:
        here = Path(folder)
        if "craton.toml" in files and ("objects" in folders or "catalogue.sqlite" in files):
            folders.clear()  # a node, this one or another
            continue
        links = [f for f in folders if (here / f).is_symlink()]
        folders[:] = sorted(
            f
            for f in folders
            if f not in SKIPPED_FOLDERS and f not in links and (here / f).resolve() not in left_out
        )
        found += [here / f for f in sorted([*files, *links])]
    return found + closed


def _groups(bases: dict[Path, Path], beside: list[Path]) -> Iterator[Group]:
    refused = {p: reason for p, base in bases.items() if (reason := _unsafe(p, base))}
    groups = [_refused(path, bases[path], reason) for path, reason in refused.items()]
    regular = [p for p in bases if p not in refused]
    companions = [p for p in beside if not _unsafe(p, p.parent.resolve())]
    claims = sorted(_claims(regular, companions), key=lambda c: (c[1].order, -len(c[2]), str(c[0])))
    taken: set[Path] = set()
    for path, reader, members in claims:
        if path in taken:
            continue
        free = [m for m in members if m not in taken]
        taken |= {path, *free}
        groups.append(_group(path, reader, free, bases.get(path, path.parent.resolve())))
    yield from sorted(groups, key=lambda g: g.shown)


def _refused(path: Path, base: Path, reason: str) -> Group:
    shown, main, root = map(_as_text, (path, absolute(path), base))
    return Group(main=main, shown=shown, root=root, files=(), shown_files=(), refused=reason)


def _as_text(path: Path) -> str:
    """Path with bytes that are not UTF-8 made visible."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _group(path: Path, reader: Reader, members: list[Path], base: Path) -> Group:
    files = members if path.is_dir() else [path, *members]
    return Group(
        main=str(absolute(path)),
        shown=str(path),
        root=str(path.parent.resolve()),
        files=tuple(str(absolute(p)) for p in files),
        shown_files=tuple(str(p) for p in files),
        reader=reader.id,
        reader_version=reader.version,
        licences=folder_licences(path.parent, base),
    )


def _unsafe(path: Path, base: Path) -> str:
    """Why `path` must not be opened, or an empty text."""
    if _as_text(path) != str(path):
        return "name-not-text"
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return "unreadable"
        if not target.is_relative_to(base):
            return "outside-folder"
    try:
        readable = path.is_file() and os.access(path, os.R_OK)
    except OSError:
        return "unreadable"
    return "" if readable else "unreadable"


def _claims(paths: list[Path], beside: list[Path]) -> Iterator[tuple[Path, Reader, list[Path]]]:
    known = {*paths, *beside}
    statements = {
        p for p in known if p.name.endswith(SUFFIX) and p.with_name(p.name.removesuffix(SUFFIX)) in known
    }
    plain = [p for p in paths if p not in statements]
    for path, reader, members in _reader_claims(plain, [p for p in beside if p not in statements]):
        statement = path.with_name(path.name + SUFFIX)
        yield path, reader, [*members, statement] if statement in statements else members


def _reader_claims(paths: list[Path], beside: list[Path]) -> Iterator[tuple[Path, Reader, list[Path]]]:
    folders, files = _folder_sources(paths)
    for folder, members in folders.items():
        yield folder, reader_for(_folder_candidate(folder)), members
    listings: dict[Path, list[Path]] = {}
    for path in files:
        if path.parent not in listings:
            listings[path.parent] = _at_or_below(path.parent, [*files, *beside])
        if path.suffix.lower() == ".zip":
            yield path, ARCHIVE, []
            continue
        candidate = candidate_of(path)
        reader = reader_for(candidate)
        yield path, reader, reader.members(candidate, listings[path.parent])


def _folder_candidate(folder: Path) -> Candidate:
    return Candidate(path=folder, name=folder.name, head=b"")


def _at_or_below(folder: Path, files: list[Path]) -> list[Path]:
    start = f"{folder}{os.sep}" if folder != Path() else ""
    return [p for p in files if str(p).startswith(start)]


FOLDER_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zmetadata")


def _folder_sources(paths: list[Path]) -> tuple[dict[Path, list[Path]], list[Path]]:
    """Split off the folders that are one dataset (Zarr stores, file geodatabases)."""
    marked = {p.parent for p in paths if p.name in FOLDER_MARKS}
    marked |= {a for p in paths for a in p.parents if a.suffix.lower() in {".zarr", ".gdb"}}
    tops = {m for m in marked if not any(a in marked for a in m.parents)}
    tops = {t for t in tops if reader_for(_folder_candidate(t)).id != "document"}
    inside = {p: top for p in paths for top in tops if p.is_relative_to(top)}
    return {t: [p for p in paths if inside.get(p) == t] for t in sorted(tops)}, [
        p for p in paths if p not in inside
    ]


def candidate_of(path: Path) -> Candidate:
    """What readers may see of `path`: its name and first bytes, unpacked where it is compressed."""
    return Candidate(path=path, name=path.name, head=_head(path))


def _head(path: Path) -> bytes:
    try:
        with open_unpacked(path) as stream:
            return stream.read(HEAD_BYTES)
    except UNPACK_ERRORS:
        return first_bytes(path, HEAD_BYTES)


def first_bytes(path: Path, count: int) -> bytes:
    """At most `count` first bytes of `path`; none where it cannot be read or has just gone."""
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError:
        return b""


def open_unpacked(path: Path) -> IO[bytes]:
    """Open `path` for reading past one layer of stream compression."""
    opener = STREAMS.get(path.suffix.lower())
    return path.open("rb") if opener is None else cast("IO[bytes]", opener(path, "rb"))


def folder_licences(folder: Path, base: Path) -> tuple[str, ...]:
    """Licences that files in `folder` state, else in the nearest folder above it, up to `base`."""
    return _folder_licences(folder.resolve(), base)


@cache
def _folder_licences(folder: Path, base: Path) -> tuple[str, ...]:
    found = {
        licence_from_text(first_bytes(path, LICENCE_BYTES).decode("utf-8", "replace"))
        for path in folder.iterdir()
        if path.is_file()
        and any(fnmatch.fnmatchcase(path.name.lower(), pattern) for pattern in LICENCE_NAMES)
    }
    if stated := tuple(sorted(found - {""})):
        return stated
    if folder == base or base not in folder.parents:
        return ()
    return _folder_licences(folder.parent, base)
