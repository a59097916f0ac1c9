"""One source, read in a child process: unpack, read, harmonise, describe, encode.

Everything here may crash, hang or eat memory on a bad file; the child has its
limits (`craton.jobs.sandbox`) and writes only below its own folder.
"""

from __future__ import annotations

import errno
import hashlib
import re
import traceback
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from craton.jobs import plan, stage
from craton.jobs.assets import content_hash, stage_assets
from craton.jobs.disk import disk_is_full
from craton.jobs.messages import DISK_FULL, Group, Result, Task
from craton.model.data import Document, Draft
from craton.model.describe import describe
from craton.model.errors import CratonError, RefusedError
from craton.model.harmonise import harmonise
from craton.model.licences import SOFTWARE, of_data
from craton.model.record import Asset, Finding, Lineage, Member, Party, Record
from craton.model.statement import SUFFIX, Statement, apply, read_statement
from craton.process import readers
from craton.store.codec import encode

REPORT = "export it again with another program, or report the file"


def perform(task: Task) -> Result:
    """Read the source of `task` and stage its records' assets; whatever goes wrong is a result too."""
    try:
        return _ingest(task)
    except Exception as error:  # noqa: BLE001 - whatever a reader or its library throws ends in a refusal
        return _failure(task, error)


def _failure(task: Task, error: Exception) -> Result:
    no_space = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if no_space or disk_is_full(task.folder):
        return disk_full(task)
    match error:
        case RefusedError():
            return Result(code=error.code, message=error.message, hint=error.hint)
        case CratonError():
            return Result(code="corrupt", message=error.message, hint=error.hint)
        case MemoryError():
            message = f"{task.shown} needs more memory than the limit to be read"
            return Result(code="too-large", message=message, hint="raise ingest.memory_mb, or split the file")
    traceback.print_exception(error)
    message = f"reader {task.reader} failed on {task.shown} ({type(error).__name__}: {error})"
    return Result(code="crashed", message=message, hint=REPORT)


def disk_full(task: Task) -> Result:
    """The result that stops the add: the node's trouble, not the file's."""
    message = f"no space is left on the node's disk for {task.shown}"
    return Result(code=DISK_FULL, message=message, hint="free space there and run the same command again")


def _ingest(task: Task) -> Result:
    folder = Path(task.folder)
    records: list[Record] = []
    texts: dict[str, str] = {}
    staged = {source.sha256: file for source, file in zip(task.sources, task.files, strict=True)}
    for number, (reader, draft) in enumerate(_drafts(task)):
        draft.steps.insert(0, f"read by {reader}")
        record, files = _record(task, reader, draft, folder / "encoded" / str(number))
        if any(record.id == other.id for other in records):
            raise RefusedError("invalid-structure", f"{task.shown} holds two layers called {draft.name!r}")
        records.append(record)
        staged |= files
        if isinstance(draft.data, Document):
            texts[record.id] = draft.data.text
    if not records:
        raise RefusedError("no-data", f"{task.shown} holds no dataset", hint="check the export that made it")
    return Result(records=tuple(records), staged=staged, texts=texts)


def _drafts(task: Task) -> Iterator[tuple[str, Draft]]:
    main = Path(task.main)
    options = readers.Options(crs=task.crs, licence=task.licence, owner=task.owner, language=task.language)
    scratch = Path(task.folder) / "scratch"
    scratch.mkdir(exist_ok=True)
    if task.reader == plan.ARCHIVE.id:
        yield from _stated(_archive_drafts(main, _stated_options(options, task), scratch, task), task)
        return
    files = tuple(Path(f) for f in task.files)
    yield from _read(task.reader, main, files, task.shown, options, scratch)


def _read(
    reader: str, main: Path, files: tuple[Path, ...], name: str, options: readers.Options, scratch: Path
) -> Iterator[tuple[str, Draft]]:
    """Drafts of one group of files, with what a statement among them says of them."""
    statement = _statement(files)
    options = replace(options, crs=options.crs or statement.crs)
    files = tuple(f for f in files if not f.name.endswith(SUFFIX))
    if main.suffix.lower() in stage.STREAMS and main.is_file():
        main = stage.unpack_stream(main, scratch / "unpacked")
        files = (main, *files[1:])
    source = readers.Source(path=main, files=files, name=name, scratch=scratch, options=options)
    for draft in readers.read(reader, source):
        apply(statement, draft)
        yield _reader_label(reader), draft


def _stated_options(options: readers.Options, task: Task) -> readers.Options:
    """What is stated of an archive, for all it holds."""
    return replace(options, crs=options.crs or _statement(tuple(map(Path, task.files))).crs)


def _stated(drafts: Iterator[tuple[str, Draft]], task: Task) -> Iterator[tuple[str, Draft]]:
    """Drafts of an archive, with what its statement says; a title is that of an only dataset."""
    statement = _statement(tuple(map(Path, task.files)))
    found = list(drafts)
    if len(found) > 1:
        statement = msgspec.structs.replace(statement, title={}, description={})
    for reader, draft in found:
        apply(statement, draft)
        yield reader, draft


def _statement(files: tuple[Path, ...]) -> Statement:
    return next((read_statement(f) for f in files if f.name.endswith(SUFFIX)), Statement())


def _archive_drafts(
    archive: Path, options: readers.Options, scratch: Path, task: Task
) -> Iterator[tuple[str, Draft]]:
    inside = scratch / "archive"
    _files, skipped = stage.unpack_zip(archive, inside)
    groups = list(plan.plan([str(inside)], []))
    unread: list[RefusedError] = []
    drafts: list[tuple[str, Draft]] = []
    for number, group in enumerate(groups):
        name = str(Path(group.main).relative_to(inside.resolve()))
        try:
            for reader, draft in _inner_drafts(group, name, options, scratch / f"member{number}"):
                _name_inner(draft, name if len(groups) > 1 else "", name)
                draft.licence = draft.licence or of_data(group.licences)
                drafts.append((reader, draft))
        except RefusedError as error:
            unread.append(error)
    if unread and not drafts:
        raise unread[0]
    for reader, draft in drafts:
        draft.find("compressed", where=task.shown)
        if skipped:
            draft.find("archive-member-skipped", skipped)
        if unread:
            draft.find("member-unread", len(unread), unread[0].message)
        yield reader, draft


def _name_inner(draft: Draft, prefix: str, name: str) -> None:
    draft.title = draft.title or Path(name).stem
    draft.name = "/".join(part for part in (prefix, draft.name) if part)


def _inner_drafts(
    group: Group, name: str, options: readers.Options, scratch: Path
) -> Iterator[tuple[str, Draft]]:
    scratch.mkdir(parents=True)
    if group.reader in {"", plan.ARCHIVE.id}:
        raise RefusedError(
            "unsafe-archive",
            f"the archive holds {name}, which is a link or another archive",
            hint="unpack it by hand",
        )
    files = tuple(Path(f) for f in group.files)
    yield from _read(group.reader, Path(group.main), files, name, options, scratch)


def _reader_label(id: str) -> str:
    return f"{id}@{next(r.version for r in readers.readers() if r.id == id)}"


def _record(task: Task, reader: str, draft: Draft, folder: Path) -> tuple[Record, dict[str, str]]:
    _state_licence(draft, task)
    draft.title = draft.title or _words(draft.name or Path(task.shown).name)
    if not draft.titles and task.language != "und":
        draft.titles = {task.language: draft.title}
    if task.owner and not draft.parties:
        draft.parties = (Party(name=task.owner),)
    if Path(task.main).suffix.lower() in stage.STREAMS:
        draft.find("compressed")
    draft = harmonise(draft)
    record = describe(draft, id=dataset_id(task.key, task.shown, draft.name))
    folder.mkdir(parents=True)
    assets, staged = stage_assets(encode(draft.data, draft.kind, folder, crs=record.crs))
    source = Asset(
        media_type="application/octet-stream",
        members=tuple(
            Member(name=_place(file, task), sha256=s.sha256, size=s.size)
            for file, s in zip(task.files, task.sources, strict=True)
        ),
        roles=("source",),
    )
    lineage = Lineage(files=task.sources, reader=reader, steps=tuple(draft.steps))
    assets = {**assets, "source": source}
    return msgspec.structs.replace(
        record,
        lineage=lineage,
        assets=assets,
        content=content_hash(assets),
        findings=_merged(record.findings),
    ), staged


def _place(file: str, task: Task) -> str:
    return str(Path(file).relative_to(Path(task.folder) / "source"))


def _state_licence(draft: Draft, task: Task) -> None:
    if task.licence:
        draft.licence = task.licence
    elif not draft.licence and task.folder_licences:
        draft.licence = of_data(task.folder_licences)
        code = "licence-from-folder" if draft.licence else "licence-ambiguous"
        if draft.licence in SOFTWARE and draft.kind != "document":
            code = "licence-of-software"
        draft.find(code, message=", ".join(task.folder_licences))
    draft.licence = draft.licence or task.usual_licence


def _merged(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings in the order first made, equal ones counted together."""
    merged: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        key = (one.code, one.message, one.where)
        merged[key] = msgspec.structs.replace(
            one, count=one.count + (merged[key].count if key in merged else 0)
        )
    return tuple(merged.values())


def dataset_id(key: str, shown: str, name: str) -> str:
    """Stable identifier: readable words and a hash of where the dataset comes from."""
    readable = readers.split_suffix(Path(shown).name)[0] + (f"-{Path(name).stem}" if name else "")
    ascii_words = unicodedata.normalize("NFKD", readable).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_words).strip("-")[:48].rstrip("-") or "data"
    digest = hashlib.sha256(f"{key}\0{name}".encode("utf-8", "surrogateescape")).hexdigest()
    return f"{slug}-{digest[:8]}"


def _words(name: str) -> str:
    stem = readers.split_suffix(name)[0]
    return re.sub(r"[_\s]+", " ", stem).strip() or stem
