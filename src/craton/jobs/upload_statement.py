"""What someone states of uploaded files, written beside them as any statement is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from craton.jobs.upload import MOST_TEXT, STATEMENT, Upload, UploadRequest, source_key
from craton.model.crs import normalise
from craton.model.edits import edits_of
from craton.model.errors import InvalidError, NotFoundError, RefusedError
from craton.model.record import LanguageMap, Record
from craton.model.statement import (
    SIZE_LIMIT,
    StatedColumn,
    Statement,
    laid_together,
    read_statement,
    statement_from,
    written,
)
from craton.store.local import synchronise, translated
from craton.store.store import Store

MOST_COLUMNS = 2_000
MOST_CRS = 4_000


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers to questions; of all files of the upload, or of `file` only."""

    file: str = ""
    crs: str = ""
    licence: str = ""
    owner: str = ""
    title: str | LanguageMap = ""
    description: str | LanguageMap = ""
    keywords: tuple[str, ...] = ()
    columns: dict[str, StatedColumn] = {}


def read_answers(document: dict[str, Any]) -> Answers:
    """The answers that `document` is; `InvalidError` names what is wrong in it."""
    try:
        return msgspec.convert(document, Answers)
    except msgspec.ValidationError as error:
        raise InvalidError(f"the answers cannot be understood: {error}") from error


def stated_first(request: UploadRequest) -> Statement:
    """What is stated of all files when an upload begins."""
    return statement_of(
        Answers(crs=request.crs, licence=request.licence, owner=request.owner, title=request.title),
        request.language,
    )


def statement_of(answers: Answers, language: str) -> Statement:
    """Answers as a statement, each checked."""
    blank = Record(id="-", kind="document", title={})
    patch: dict[str, Any] = {"licence": answers.licence, "keywords": list(answers.keywords)}
    for name in ("title", "description"):
        if text := getattr(answers, name):
            patch[name] = {language: text} if isinstance(text, str) else text
    edits = edits_of(blank, patch)
    for text in (answers.owner, *_texts(answers.columns)):
        if len(text) > MOST_TEXT or not text.isprintable():
            raise InvalidError(f"{text[:40]!r} must be plain text of at most {MOST_TEXT} characters")
    return Statement(
        title=edits.title or {}, description=edits.description or {}, licence=edits.licence or "",
        owner=answers.owner, crs=_crs(answers.crs), keywords=edits.keywords or (), columns=answers.columns,
    )  # fmt: skip


def _crs(text: str) -> str:
    if len(text) > MOST_CRS:
        raise InvalidError(f"crs must have at most {MOST_CRS} characters", hint="give an EPSG code")
    return normalise(text) if text else ""


def _texts(columns: dict[str, StatedColumn]) -> Iterable[str]:
    if len(columns) > MOST_COLUMNS:
        raise InvalidError(f"columns must be at most {MOST_COLUMNS}, not {len(columns)}")
    for name, column in columns.items():
        yield from (name, column.unit, column.quantity, column.title)


def state(folder: Path, upload: Upload, statement: Statement, file: str = "") -> None:
    """Write `statement` beside each file of `upload`, or beside `file`, over what was stated before."""
    if statement == Statement():
        return
    names = [file] if file else [one.name for one in upload.files if not one.name.endswith(STATEMENT)]
    for name in names:
        path = folder / f"{name}{STATEMENT}"
        before = read_statement(path) if path.exists() else Statement()
        with translated():
            part = path.with_name(f"{path.name}.part")
            part.write_text(written(laid_together(before, statement)), encoding="utf-8")
            synchronise(part)
            part.replace(path)


def earlier(store: Store, owner: str, collection: str, name: str) -> Statement:
    """What was stated of the file when it was last added through the same collection."""
    stamp = store.source(source_key(owner, collection, name)) or {}
    for source in stamp.get("hashes", ()):
        if str(source["path"]).endswith(f"/{name}{STATEMENT}"):
            return _stored(store, str(source["sha256"]))
    return Statement()


def _stored(store: Store, sha256: str) -> Statement:
    try:
        with store.objects.open(sha256) as file:
            return statement_from(file.read(SIZE_LIMIT), "the statement")
    except (NotFoundError, RefusedError):  # it was deleted, or another version could say more
        return Statement()
