"""MODFLOW groundwater models: the name file, and with it all files it names (MODFLOW-2005 and its kin).

A name file has one line a file: its type, a unit of Fortran and its name
(USGS Techniques and Methods 6-A16, "Name File").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from craton.ingest.table_text import head_text, looks_like_text
from craton.model.data import Document, Draft
from craton.process.readers import HEAD_BYTES, Candidate, Source, reader

ENTRY = re.compile(r"\s*(?P<type>[A-Za-z][\w()]*)\s+(?P<unit>\d+)\s+(?P<name>\S+)(?:\s+\w+)*\s*")
BASIC = frozenset({"BAS", "BAS6"})
"""Types of the basic package, which every model has."""

LISTINGS = (".githds", ".gitlist")
"""Suffixes under which results are kept beside the model."""

SIZES = ("layer", "row", "column", "stress_period")
"""Numbers that the discretization file begins with, in its order (NLAY NROW NCOL NPER)."""

WHOLE = re.compile(r"[+-]?\d{1,9}")


def entries(text: str) -> dict[str, str]:
    """File names by type of a name file, in lower case of the name; empty where `text` is none."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = [ENTRY.fullmatch(line) for line in lines]
    named = {match["type"].upper(): Path(match["name"]).name.lower() for match in found if match}
    return named if all(found) and BASIC & named.keys() else {}


def _names(text: str) -> set[str]:
    found = (ENTRY.fullmatch(line) for line in text.splitlines())
    return {Path(match["name"]).name.lower() for match in found if match}


def _is_name_file(candidate: Candidate) -> bool:
    return looks_like_text(candidate.head) and bool(entries(head_text(candidate.head)))


def _files_of(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """Files of the same folder that the name file names, and kept results of the same stem."""
    stem = Path(candidate.name).stem.lower()
    wanted = _names(head_text(candidate.head)) | {stem + suffix for suffix in LISTINGS}
    return [path for path in listing if path.parent == candidate.path.parent and path.name.lower() in wanted]


@reader("modflow", suffixes=(".nam", ".mfn"), order=20, matches=_is_name_file, gather=_files_of)
def read_modflow(source: Source) -> Iterator[Draft]:
    """Read a model as one document: the text of its name file, the size of its grid, its files."""
    text = head_text(source.path.read_bytes()[:HEAD_BYTES])
    draft = Draft(Document(text=text, media_type="text/plain"), kind="document", title=source.stem)
    draft.keywords = ("modflow", "groundwater model")
    named = entries(text)
    present = {path.name.lower(): path for path in source.files}
    draft.properties["members"] = sorted(path.name for path in source.files[1:])
    if (grid := present.get(named.get("DIS", ""))) and (sizes := _sizes(grid)):
        draft.properties["grid"] = sizes
    inputs = {name for kind, name in named.items() if kind != "LIST" and not kind.startswith("DATA")}
    if absent := sorted(inputs - present.keys()):
        draft.find("sidecar-missing", len(absent), ", ".join(absent)[:200])
    yield draft


def _sizes(path: Path) -> dict[str, int]:
    """Layers, rows, columns and stress periods by the first line of a discretization file."""
    with path.open("rb") as stream:
        lines = head_text(stream.read(HEAD_BYTES)).splitlines()
    words = next((line.split() for line in lines if not line.lstrip().startswith("#")), [])[: len(SIZES)]
    if len(words) < len(SIZES) or not all(WHOLE.fullmatch(word) for word in words):
        return {}
    return dict(zip(SIZES, map(int, words), strict=True))
