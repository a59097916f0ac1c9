"""The desk of uploads: how much may come, where it lies, and the thread that adds it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from msgspec.structs import replace

from craton.jobs.add import AddOptions
from craton.jobs.upload import Upload, UploadFile, UploadRequest
from craton.jobs.upload_add import BUSY, UploadAdder
from craton.jobs.upload_folder import UploadFolder
from craton.jobs.upload_statement import Answers, earlier, state, stated_first, statement_of
from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.permission import Actor
from craton.store.local import synchronise, translated
from craton.store.store import Store

RESERVE = 512 << 20
"""Bytes that stay free on the node's disk."""

ROOM = 3
"""Times its own size that an upload may take while it is added: as it came, staged, and as it is stored."""

MOST_OPEN = 50
"""Uploads of one person that the node keeps at a time."""

MANAGER = "manager"


@dataclass(frozen=True)
class UploadOptions:
    """How uploads are taken.

    Parameters
    ----------
    folder : Path
        Folder of their own within the node.
    most_bytes : int
        What one upload may have.
    add : AddOptions
        What reading may use, and what the node says of data that states nothing.
    """

    folder: Path
    most_bytes: int = 10_000_000_000
    add: AddOptions = field(default_factory=AddOptions)


class NoRoomError(ConflictError):
    """The node's disk has no room."""

    kind = "no-room"


class TooLargeError(InvalidError):
    """More than an upload, or a file of it, may have."""

    kind = "too-large"


class NotThereError(InvalidError):
    """A part that follows what has not come."""

    kind = "offset"


class UploadDesk:
    """Takes uploads; a context manager."""

    def __init__(self, store: Store, options: UploadOptions) -> None:
        self.options, self._store = options, store
        self.uploads = UploadFolder(options.folder)
        self._adder = UploadAdder(store, self.uploads, options.add)

    def __enter__(self) -> Self:
        self.uploads.expire()
        self._adder.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._adder.__exit__()

    def seen_by(self, actor: Actor) -> list[Upload]:
        """Uploads that `actor` may look at, newest first: their own; managers look at all."""
        return [one for one in self.uploads.list() if self._is_of(actor, one)]

    def get(self, actor: Actor, id: str) -> Upload:
        """Upload `id`; what `actor` may not look at does not exist."""
        upload = self.uploads.get(id)
        if not self._is_of(actor, upload):
            raise NotFoundError(f"there is no upload {id[:40]!r}", hint="the list is at /uploads")
        return upload

    def _is_of(self, actor: Actor, upload: Upload) -> bool:
        return actor.role == MANAGER or upload.owner == actor.name

    def begin(self, actor: Actor, request: UploadRequest) -> Upload:
        """A new upload, for which there is room."""
        size = sum(file.size for file in request.files)
        if size > self.options.most_bytes:
            raise TooLargeError(
                f"an upload may have {self.options.most_bytes} bytes, not {size}",
                hint="send it in several, or add it where the node runs: craton add",
            )
        statement = stated_first(request)
        self.uploads.expire()
        if len([one for one in self.uploads.list() if one.owner == actor.name]) >= MOST_OPEN:
            raise ConflictError(f"you have {MOST_OPEN} uploads", hint="take away those that are over")
        self._check_room(ROOM * size)
        upload = self.uploads.make(
            owner=actor.name, collection=request.collection, files=request.files,
            language=request.language, visibility=request.visibility,
        )  # fmt: skip
        folder = self.uploads.files(upload.id)
        for file in upload.files:
            before = earlier(self._store, upload.owner, upload.collection, file.name)
            state(folder, upload, before, file.name)
        state(folder, upload, statement)
        return upload

    def _check_room(self, size: int) -> None:
        self.options.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.options.folder).free
        if free < size + RESERVE:
            raise NoRoomError(
                f"the node's disk has no room for {size} bytes more", hint="tell who runs the node"
            )

    def file(self, upload: Upload, name: str) -> UploadFile:
        """A file of an upload, by name."""
        found = upload.file(name)
        if found is None:
            raise NotFoundError(f"the upload has no file {name[:80]!r}", hint="name all files when it begins")
        return found

    @contextmanager
    def receiving(self, upload: Upload, name: str, offset: int) -> Iterator[Receiving]:
        """Take bytes of a file from `offset` on, during the block; what has come stays, however it ends."""
        file = self.file(upload, name)
        if upload.state in BUSY:
            raise ConflictError("the upload is being added", hint="wait for its end")
        received = self.uploads.received(upload.id, file)
        if offset > received:
            raise NotThereError(f"{received} bytes of {file.name} have come, not {offset}")
        self._check_room(file.size - offset)
        with self.uploads.receiving(upload.id, name, offset) as tell:
            if file.sha256:
                self._renew(upload, file)
            path = self.uploads.files(upload.id) / name
            with translated(), path.open("r+b" if path.exists() else "w+b") as out:
                out.truncate(offset)
                out.seek(offset)
                taking = Receiving(file, out, offset, tell)
                try:
                    yield taking
                finally:
                    out.flush()
            if taking.received == file.size:
                synchronise(path)

    def _renew(self, upload: Upload, file: UploadFile) -> None:
        """Take a file anew that the node keeps already."""
        fresh = replace(file, sha256="")
        self.uploads.change(
            upload.id,
            lambda one: replace(one, files=tuple(fresh if f.name == file.name else f for f in one.files)),
        )

    def add(self, upload: Upload) -> Upload:
        """Have an upload added."""
        self._check_room((ROOM - 1) * upload.size)
        return self._adder.begin(upload.id)

    def answer(self, upload: Upload, answers: Answers) -> Upload:
        """Write answers beside the files; read them again where they were read before."""
        if upload.state in BUSY:
            raise ConflictError("the upload is being added", hint="answer when it is over")
        if answers.file:
            self.file(upload, answers.file)
        mains = [one.name for one in upload.outcomes if one.outcome != "part_of"]
        mains = mains or [one.name for one in upload.files]
        if (answers.title or answers.columns) and not answers.file and len(mains) > 1:
            raise InvalidError("file must say which file the title or the columns are of")
        folder = self.uploads.files(upload.id)
        state(folder, upload, statement_of(answers, upload.language), answers.file)
        return self.add(upload) if upload.outcomes else self.uploads.replace(upload.id, message="")

    def remove(self, upload: Upload) -> None:
        """Forget an upload, and stop reading it; the datasets it gave stay."""
        if upload.state in BUSY:
            self._adder.drop(upload.id)
        self.uploads.remove(upload.id)


class Receiving:
    """A file that is being sent."""

    def __init__(self, file: UploadFile, out: BinaryIO, offset: int, tell: Callable[[int], None]) -> None:
        self.file, self.received = file, offset
        self._out, self._offset, self._tell = out, offset, tell

    def write(self, block: bytes) -> None:
        """Take a block; `TooLargeError` where it goes beyond the size that was told."""
        if self.received + len(block) > self.file.size:
            self._out.truncate(self._offset)
            self.received = self._offset
            raise TooLargeError(f"{self.file.name} was to have {self.file.size} bytes, and more came")
        with translated():
            self._out.write(block)
        self.received += len(block)
        self._tell(self.received)
