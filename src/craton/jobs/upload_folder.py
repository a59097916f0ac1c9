"""Where uploads lie until they are added: a folder each, with its files and what is known of it.

```text
uploads/ID/upload.json     what is known; written whole or not at all
uploads/ID/upload/NAME     a file, as far as it has come
uploads/ID/upload/NAME.meta.toml   what was stated of it
```

The identity of a source is `upload:OWNER/COLLECTION/NAME`, not where it lies:
the same name in the same collection of the same person is the same dataset,
whatever the upload, and whatever the folder of the node. An upload that names
no collection is one of its own.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from craton.jobs.upload import Upload, UploadFile
from craton.model.errors import ConflictError, NotFoundError
from craton.model.moments import now
from craton.store.local import synchronise, translated

STATE = "upload.json"
FILES = "upload"
OWN_ONLY = 0o700
EXPIRE_SECONDS = 14 * 24 * 3600.0
"""How long an upload stays of which nothing changes."""


class UploadFolder:
    """All uploads of a node; used by one process, from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = threading.RLock()
        self._uploads: dict[str, Upload] = {}
        self._receiving: dict[tuple[str, str], int] = {}
        for path in sorted(folder.glob(f"*/{STATE}")):
            with suppress(OSError, msgspec.DecodeError):
                upload = msgspec.json.decode(path.read_bytes(), type=Upload)
                self._uploads[upload.id] = upload

    def list(self) -> list[Upload]:
        """All uploads, newest first."""
        with self._guard:
            return sorted(self._uploads.values(), key=lambda one: (one.created, one.id), reverse=True)

    def get(self, id: str) -> Upload:
        """Upload `id`; `NotFoundError` where there is none."""
        try:
            return self._uploads[id]
        except KeyError:
            raise NotFoundError(f"there is no upload {id[:40]!r}", hint="the list is at /uploads") from None

    def make(self, **about: Any) -> Upload:
        """A new upload."""
        id = secrets.token_hex(8)
        about["collection"] = about.get("collection") or id
        upload = Upload(id=id, created=now(), changed=now(), **about)
        with translated():
            self.files(id).mkdir(mode=OWN_ONLY, parents=True)
        with self._guard:
            self._save(upload)
        return upload

    def change(self, id: str, changed: Callable[[Upload], Upload | None]) -> Upload:
        """Replace upload `id` by what `changed` makes of it; `None` leaves it."""
        with self._guard:
            upload = self.get(id)
            new = changed(upload)
            if new is None or new == upload:
                return upload
            return self._save(msgspec.structs.replace(new, changed=now(), change=upload.change + 1))

    def replace(self, id: str, **fields: Any) -> Upload:
        """Upload `id` with other values in `fields`."""
        return self.change(id, lambda upload: msgspec.structs.replace(upload, **fields))

    def remove(self, id: str) -> None:
        """Forget upload `id` with all its files."""
        with self._guard:
            if any(key[0] == id for key in self._receiving):
                raise ConflictError("a file of the upload is being sent")
            self._uploads.pop(id, None)
            with translated():
                (self.folder / id / STATE).unlink(missing_ok=True)
            shutil.rmtree(self.folder / id, ignore_errors=True)

    def expire(self) -> None:
        """Forget uploads of which nothing has changed for long."""
        for upload in self.list():
            with suppress(OSError, ConflictError):
                age = time.time() - (self.folder / upload.id / STATE).stat().st_mtime
                if age > EXPIRE_SECONDS and upload.state not in {"waiting", "reading"}:
                    self.remove(upload.id)

    def files(self, id: str) -> Path:
        """Folder with the files of upload `id`."""
        return self.folder / id / FILES

    def received(self, id: str, file: UploadFile) -> int:
        """Bytes of a file that have come."""
        if file.sha256:
            return file.size
        with self._guard:
            if (id, file.name) in self._receiving:
                return self._receiving[id, file.name]
        try:
            return (self.files(id) / file.name).stat().st_size
        except OSError:
            return 0

    @contextmanager
    def receiving(self, id: str, name: str, offset: int) -> Iterator[Callable[[int], None]]:
        """Be the only one who writes the file during the block; call what this gives with what has come."""
        with self._guard:
            if (id, name) in self._receiving:
                raise ConflictError(f"{name} is being sent already", hint="wait for the other to end")
            self._receiving[id, name] = offset

        def told(received: int) -> None:
            self._receiving[id, name] = received

        try:
            yield told
        finally:
            with self._guard:
                del self._receiving[id, name]

    def _save(self, upload: Upload) -> Upload:
        path = self.folder / upload.id / STATE
        part = path.with_name(f"{STATE}.part")
        with translated():
            part.write_bytes(msgspec.json.encode(upload))
            synchronise(part)
            part.replace(path)
        self._uploads[upload.id] = upload
        return upload
