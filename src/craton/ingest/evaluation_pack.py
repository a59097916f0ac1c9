"""Packs: evaluations as data, in one file or a folder of tables, kept as documents with what the checks say.

One file is called `NAME.pack.json` or `NAME.pack.toml`; a folder has a `pack.toml` with its tables beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from craton.ingest.table_text import guess_encoding
from craton.model.data import Document, Draft
from craton.model.errors import InvalidError, RefusedError
from craton.model.pack import Pack
from craton.model.pack_check import check
from craton.model.pack_form import form_faults
from craton.model.pack_text import FILES, MEDIA_TYPE, joined, read_table
from craton.process.readers import Candidate, Source, reader

KEYWORD = "evaluation pack"

NAMES = (".pack.json", ".pack.toml")

MOST_BYTES = 4 << 20

MOST_TOLD = 5
"""Faults that the finding names."""

GOAL = re.compile(rb"^goal\s*=", re.MULTILINE)
"""Begins a line of each pack: other programs have a `pack.toml` too."""


def _is_pack(candidate: Candidate) -> bool:
    name = Path(candidate.name).name.lower()
    return name.endswith(NAMES) or _is_folder(candidate)


def _is_folder(candidate: Candidate) -> bool:
    return Path(candidate.name).name == FILES[0] and GOAL.search(candidate.head) is not None


def _beside(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """The other tables of a pack folder."""
    if not _is_folder(candidate):
        return []
    return [path for path in listing if path.parent == candidate.path.parent and path.name in FILES[1:]]


@reader("pack", suffixes=(".json", ".toml"), order=12, matches=_is_pack, gather=_beside)
def read_pack(source: Source) -> Iterator[Draft]:
    """Read a pack, put together as JSON."""
    whole = _whole(source)
    faults = form_faults(whole) or check(msgspec.convert(whole, type=Pack))
    content = msgspec.json.format(msgspec.json.encode(whole), indent=1)
    draft = Draft(
        data=Document(text=_words(whole), media_type=MEDIA_TYPE, content=content), kind="document",
        titles=_texts(whole.get("title")), descriptions=_texts(whole.get("question")), keywords=(KEYWORD,),
        properties={"pack": {key: str(whole[key]) for key in ("id", "version") if key in whole}},
    )  # fmt: skip
    if faults:
        told = "; ".join(f"{one.place}: {one.reason}" for one in faults[:MOST_TOLD])
        draft.find("pack-fault", count=len(faults), message=told)
    yield draft


def _whole(source: Source) -> dict[str, Any]:
    texts = {path.name: _text(path) for path in source.files if path == source.path or path.name in FILES}
    try:
        if len(texts) > 1:
            return read_table(joined(texts), "pack")
        return read_table(texts[source.path.name], source.path.name)
    except InvalidError as error:
        raise RefusedError(
            "invalid-structure", error.message, hint="correct that place, and add it again"
        ) from error


def _text(path: Path) -> str:
    content = path.read_bytes()[: MOST_BYTES + 1]
    if len(content) > MOST_BYTES:
        raise RefusedError("too-large", f"{path.name} has more than {MOST_BYTES} bytes, which is no pack")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode(guess_encoding(content), "replace")


def _texts(told: object) -> dict[str, str]:
    """A text by language; none where the pack has it in another form."""
    if not isinstance(told, dict):
        return {}
    return {str(code): words for code, words in told.items() if isinstance(words, str) and words.strip()}


def _words(one: object, levels: int = 8) -> str:
    """All that a pack says in words, for the search; no pack has more levels."""
    if isinstance(one, str):
        return one
    parts = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return "\n".join(filter(None, (_words(part, levels - 1) for part in parts))) if levels else ""
