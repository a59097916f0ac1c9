"""Read one source the way a node does, without a node: for tests of readers."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tempfile
from pathlib import Path

from craton.model.data import Draft
from craton.process.readers import HEAD_BYTES, Candidate, Options, Source, reader_for

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Open survey data beside the checkout, where it is present."""

OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def read_source(path: Path, **options: str) -> tuple[str, list[Draft]]:
    """Reader id and drafts of the file at `path` with its companions (zip archives excluded)."""
    scratch = Path(tempfile.mkdtemp(prefix="craton-test-"))
    staged = scratch / "source" / path.name
    staged.parent.mkdir()
    if path.is_dir():
        shutil.copytree(path, staged)
        candidate = Candidate(path=path, name=path.name, head=b"")
    elif path.suffix in OPENERS:
        staged = staged.with_suffix("")
        with OPENERS[path.suffix](path) as packed, staged.open("wb") as out:
            shutil.copyfileobj(packed, out)
        candidate = Candidate(path=path, name=path.name, head=staged.read_bytes()[:HEAD_BYTES])
    else:
        shutil.copy(path, staged)
        candidate = Candidate(path=path, name=path.name, head=path.read_bytes()[:HEAD_BYTES])
    reader = reader_for(candidate)
    listing = sorted(p for p in path.parent.rglob("*") if p.is_file())
    files = [staged]
    for member in reader.members(candidate, listing):
        target = staged.parent / member.relative_to(path.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        files.append(Path(shutil.copy(member, target)))
    work = scratch / "work"
    work.mkdir()
    source = Source(path=staged, files=tuple(files), name=path.name, scratch=work, options=Options(**options))
    return reader.id, list(reader.read(source))
