"""The nouns of uploads: what someone sends, how much has come, what became of it, what is asked back."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

import msgspec

from craton.model.edits import LANGUAGE, Visibility
from craton.model.errors import InvalidError
from craton.model.record import LanguageMap, Noun, Severity

UploadState = Literal["receiving", "waiting", "reading", "added", "failed"]
"""`added` is over, whatever became of each file; `failed` is the node's trouble, and can be tried again."""

Ask = Literal["crs", "licence", "columns", "title"]

MOST_FILES = 1_000
MOST_NAME_BYTES = 200
MOST_TEXT = 500

COLLECTION = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
STATEMENT = ".meta.toml"

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that mean devices on some systems."""


class UploadFile(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """A file of an upload: its size in bytes as it was told, and its hash once the node keeps its bytes."""

    name: str
    size: int
    sha256: str = ""


class ToldFinding(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """A finding in words, and what to do about it."""

    code: str
    severity: Severity
    meaning: str
    todo: str
    count: int = 1


class UploadOutcome(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one file."""

    name: str
    outcome: str
    records: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    todo: str = ""
    findings: tuple[ToldFinding, ...] = ()


class Choice(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """One answer that can be given."""

    value: str
    title: str = ""


class AskedColumn(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """A column of which the unit is not known."""

    name: str
    type: str = ""
    title: str = ""
    unit: str = ""


class Question(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """What the node would know of a file; `record` is the dataset it is about."""

    ask: Ask
    file: str
    record: str
    why: str
    choices: tuple[Choice, ...] = ()
    columns: tuple[AskedColumn, ...] = ()


class Upload(Noun, frozen=True, kw_only=True):
    """One upload. `change` counts its changes; `done` and `total` are files read, and to be read."""

    id: str
    owner: str
    collection: str
    created: str
    changed: str
    files: tuple[UploadFile, ...]
    state: UploadState = "receiving"
    language: str = "und"
    visibility: Visibility | None = None
    message: str = ""
    outcomes: tuple[UploadOutcome, ...] = ()
    questions: tuple[Question, ...] = ()
    done: int = 0
    total: int = 0
    change: int = 0

    def file(self, name: str) -> UploadFile | None:
        """The file called `name`, if there is one."""
        return next((one for one in self.files if one.name == name), None)

    @property
    def size(self) -> int:
        """Bytes of all files, as they were told."""
        return sum(one.size for one in self.files)


class UploadRequest(Noun, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What someone wants to send, and states of all of it."""

    files: tuple[UploadFile, ...]
    collection: str = ""
    crs: str = ""
    licence: str = ""
    owner: str = ""
    language: str = "und"
    title: str | LanguageMap = ""
    visibility: Visibility | None = None


def source_key(owner: str, collection: str, name: str) -> str:
    """Identity of a source that came by upload."""
    return f"upload:{owner}/{collection}/{name}"


def read_request(document: dict[str, Any]) -> UploadRequest:
    """The request that `document` is; `InvalidError` names what is wrong in it."""
    try:
        request = msgspec.convert(document, UploadRequest)
    except msgspec.ValidationError as error:
        raise InvalidError(f"the upload cannot be understood: {error}") from error
    if not 1 <= len(request.files) <= MOST_FILES:
        raise InvalidError(f"files must be 1 to {MOST_FILES} names and sizes, not {len(request.files)}")
    for file, told in zip(request.files, document["files"], strict=True):
        check_name(file.name)
        if file.size < 0 or told.keys() - {"name", "size"}:
            raise InvalidError(f"{file.name} must have a size in bytes, and nothing else but its name")
    _check_apart([file.name for file in request.files])
    if request.collection and not COLLECTION.fullmatch(request.collection):
        raise InvalidError(
            "collection must be 1 to 63 small letters, digits, points, strokes,"
            f" not {request.collection[:40]!r}"
        )
    if not LANGUAGE.fullmatch(request.language):
        raise InvalidError(f"language must be a tag such as lo or en, not {request.language[:40]!r}")
    return request


def check_name(name: str) -> None:
    """Refuse what is no plain name of a file, on this system or another."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    is_plain = name.isprintable() and not set(name) & set('/\\:*?"<>|')
    is_plain = is_plain and name == name.strip(" .") and not RESERVED.fullmatch(name)
    if not (1 <= size <= MOST_NAME_BYTES and is_plain and name != STATEMENT):
        raise InvalidError(
            f"{name[:60]!r} cannot be the name of a file here",
            hint="a plain name without folders; pack folders into a zip archive",
        )


def _check_apart(names: list[str]) -> None:
    """Refuse names that some systems take for the same."""
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise InvalidError(f"{name!r} and {seen[key]!r} are the same name on some systems")
        seen[key] = name
