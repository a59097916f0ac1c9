"""Open Mining Format: projects of points, lines, surfaces and block models, of version 2 and 1."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from craton.ingest import omf_legacy, omf_project
from craton.ingest.shape_drafts import shape_drafts
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

ZIP = b"PK\x03\x04"
MAGIC = b"\x84\x83\x82\x81"


def _matches(candidate: Candidate) -> bool:
    return candidate.head.startswith((ZIP, MAGIC))


@reader("omf", suffixes=(".omf",), order=11, matches=_matches)
def read_omf(source: Source) -> Iterator[Draft]:
    """Read an OMF project: its surfaces as one mesh, block models as volumes, points and lines as tables."""
    with source.path.open("rb") as stream:
        legacy = stream.read(len(MAGIC)) == MAGIC
    if legacy:
        yield from shape_drafts(omf_legacy.shapes_of(source.path, source.name), source)
        return
    try:
        with zipfile.ZipFile(source.path) as archive:
            shapes = omf_project.shapes_of(archive, source.name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        raise RefusedError(
            "corrupt", f"{source.name} cannot be unpacked ({str(error)[:80]})", hint="export it again"
        ) from error
    yield from shape_drafts(shapes, source)
