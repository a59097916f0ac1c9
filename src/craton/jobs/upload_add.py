"""Adding what was uploaded, one upload after the other, in a thread beside the web server."""

from __future__ import annotations

import queue
import shutil
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from craton.jobs.add import HINT, Adder, AddOptions, Outcome
from craton.jobs.messages import Group
from craton.jobs.reading import Reading
from craton.jobs.upload import STATEMENT, Question, Upload, UploadFile, UploadOutcome, source_key
from craton.jobs.upload_folder import FILES, UploadFolder
from craton.jobs.upload_questions import crs_choices, questions_of, told
from craton.model.errors import ConflictError, CratonError, NotFoundError
from craton.model.record import Record
from craton.store.local import translated
from craton.store.store import Store

BUSY = frozenset({"waiting", "reading"})

WARM_SECONDS = 60.0
"""How long the reading process is kept for the next upload."""

STOP_SECONDS = 0.2
"""How often the reading is told to end: it may only just have begun."""

DROP_SECONDS = 20.0
"""Time that the reading of an upload has to end when nobody wants it any more."""


class UploadAdder:
    """Takes uploads that wait and adds them; a context manager.

    Parameters
    ----------
    store : Store
        Where to.
    uploads : UploadFolder
        Where from.
    options : AddOptions
        What reading may use, and what the node says of data that states nothing.
    """

    def __init__(self, store: Store, uploads: UploadFolder, options: AddOptions) -> None:
        self._store, self._uploads, self._options = store, uploads, options
        self._line: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopping = False
        self._guard = threading.Lock()
        self._adder: Adder | None = None
        self._adding = self._dropped = ""
        self._reading = Reading()
        self._thread = threading.Thread(target=self._work, name="uploads", daemon=True)

    def __enter__(self) -> Self:
        """Begin, with the uploads that waited when the node ended."""
        for upload in reversed(self._uploads.list()):
            if upload.state in BUSY:
                self._line.put(self._uploads.replace(upload.id, state="waiting").id)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End; an upload that is being added waits for the next time."""
        self._stopping = True
        self._line.put(None)
        while self._thread.is_alive():
            with self._guard:
                if self._adder is not None:
                    self._adder.stop()
            self._thread.join(STOP_SECONDS)

    def begin(self, id: str) -> Upload:
        """Have upload `id` added; `ConflictError` while it is, or while files are missing."""

        def waiting(upload: Upload) -> Upload:
            if upload.state in BUSY:
                raise ConflictError("the upload is being added already")
            for file in upload.files:
                received = self._uploads.received(id, file)
                if received != file.size:
                    raise ConflictError(
                        f"{file.name} has {received} of {file.size} bytes",
                        hint="send the rest, then ask again",
                    )
            return msgspec.structs.replace(
                upload, state="waiting", outcomes=(), questions=(), message="", done=0, total=0
            )

        upload = self._uploads.change(id, waiting)
        self._dropped = "" if self._dropped == id else self._dropped
        self._line.put(id)
        return upload

    def drop(self, id: str) -> None:
        """Return once nothing of upload `id` is being read; what was committed of it stays.

        Raises
        ------
        ConflictError
            Where the reading does not end soon.
        """
        self._dropped, end = id, time.monotonic() + DROP_SECONDS
        while self._adding == id:
            if time.monotonic() > end:
                raise ConflictError("the upload is being added", hint="ask again soon")
            with self._guard:
                if self._adder is not None:
                    self._adder.stop()
            time.sleep(STOP_SECONDS)

    def _work(self) -> None:
        while (id := self._next()) is not None and not self._stopping:
            self._adding = id
            try:
                self._add(self._uploads.get(id))
            except NotFoundError:  # taken away while it waited
                continue
            except Exception as error:  # noqa: BLE001 - one upload must not end the taking of others
                self._rest()
                self._failed(id, error)
            finally:
                self._adding = ""
        self._rest()

    def _next(self) -> str | None:
        """The next upload; while none comes, the reading process is let go."""
        try:
            return self._line.get(timeout=WARM_SECONDS)
        except queue.Empty:
            self._rest()
            return self._line.get()

    def _rest(self) -> None:
        """End the reading process; the next upload starts another one."""
        with self._guard:
            reading, self._reading = self._reading, Reading()
        reading.close()

    def _failed(self, id: str, error: Exception) -> None:
        if self._stopping:
            with suppress(CratonError):
                self._uploads.replace(id, state="waiting")
            return
        if not isinstance(error, CratonError):
            traceback.print_exception(error)
        words = error.message if isinstance(error, CratonError) else "a fault in Craton; see the node's log"
        with suppress(CratonError):
            self._uploads.replace(id, state="failed", message=words)

    def _add(self, upload: Upload) -> None:
        folder = self._uploads.files(upload.id)
        self._uploads.replace(upload.id, state="reading")
        self._bring_back(upload, folder)
        if any(self._uploads.received(upload.id, file) != file.size for file in upload.files):
            # The node was restored from a backup, in which files that were not added are not.
            self._uploads.replace(upload.id, state="receiving", message="files are missing; send them again")
            return
        for outcome in self._outcomes(upload, folder):
            if outcome.name in {file.name for file in upload.files}:
                self._uploads.change(
                    upload.id,
                    lambda one, more=outcome: msgspec.structs.replace(one, outcomes=(*one.outcomes, more)),  # type: ignore[misc]
                )
        self._end(self._uploads.get(upload.id), folder)

    def _outcomes(self, upload: Upload, folder: Path) -> Iterator[UploadOutcome]:
        """What became of each file, as soon as it is known."""
        adder = Adder(
            self._store, _options(self._options, upload), key=lambda group: _key(upload, group, folder),
            reading=self._reading,
        )  # fmt: skip
        with self._guard:
            self._check_wanted(upload.id)
            self._adder = adder
        try:
            for outcome in adder.run([str(folder)], lambda d, t, _: self._progress(upload.id, d, t)):
                self._check_wanted(upload.id)
                yield self._told(outcome, folder)
        finally:
            with self._guard:
                self._adder = None

    def _check_wanted(self, id: str) -> None:
        if self._stopping:
            raise ConflictError("the node is ending")
        if self._dropped == id:
            raise ConflictError("it was stopped", hint="add it again, or remove it")

    def _progress(self, id: str, done: int, total: int) -> None:
        self._uploads.replace(id, done=done, total=total)

    def _told(self, outcome: Outcome, folder: Path) -> UploadOutcome:
        """An outcome without the places of this machine, its findings in words."""
        findings = [f for record in self._records(outcome.records) for f in record.findings]
        is_main = outcome.outcome != "part_of"
        message = outcome.message.replace(f"{folder}/", "").replace(str(folder), FILES)
        message, _, todo = message.rpartition(HINT) if HINT in message else (message, "", "")
        return UploadOutcome(
            name=outcome.path.removeprefix(f"{folder}/"), outcome=outcome.outcome, records=outcome.records,
            code=outcome.code, message=message, todo=todo,
            findings=told(tuple(findings)) if is_main else (),
        )  # fmt: skip

    def _records(self, ids: tuple[str, ...]) -> list[Record]:
        found = []
        for id in ids:
            with suppress(NotFoundError):  # deleted meanwhile
                found.append(self._store.get(id))
        return found

    def _bring_back(self, upload: Upload, folder: Path) -> None:
        """Fetch files that the node keeps already, to read them again."""
        for file in upload.files:
            path = folder / file.name
            if file.sha256 and not path.exists():
                try:
                    with (
                        self._store.objects.open(file.sha256) as source,
                        translated(),
                        path.open("wb") as out,
                    ):
                        shutil.copyfileobj(source, out)
                except NotFoundError:
                    path.unlink(missing_ok=True)
                    self._mark(upload.id, {file.name: ""})
                    raise ConflictError(f"{file.name} was deleted here", hint="send it again") from None

    def _end(self, upload: Upload, folder: Path) -> None:
        """Ask what is not known; let go of files whose bytes the node keeps."""
        mains = [one for one in upload.outcomes if one.records and one.outcome != "part_of"]
        records = {one.name: self._records(one.records) for one in mains}
        choices = crs_choices(self._store)
        questions: list[Question] = [
            question
            for name, found in records.items()
            for record in found
            for question in questions_of(record, name, choices)
        ]
        kept = {
            Path(f.path).name: f.sha256 for found in records.values() for r in found for f in r.lineage.files
        }
        self._mark(upload.id, {file.name: kept.get(file.name, "") for file in upload.files})
        for name in kept:
            if not name.endswith(STATEMENT):
                with suppress(OSError):
                    (folder / name).unlink()
        missing = [f for f in upload.files if f.name not in {one.name for one in upload.outcomes}]
        skipped = tuple(UploadOutcome(name=f.name, outcome="skipped") for f in missing)
        self._uploads.change(
            upload.id,
            lambda one: msgspec.structs.replace(
                one, state="added", questions=tuple(questions), outcomes=(*one.outcomes, *skipped)
            ),
        )

    def _mark(self, id: str, hashes: dict[str, str]) -> None:
        """Remember which files the node keeps under which hash."""

        def marked(file: UploadFile) -> UploadFile:
            return msgspec.structs.replace(file, sha256=hashes.get(file.name, file.sha256))

        self._uploads.change(
            id, lambda one: msgspec.structs.replace(one, files=tuple(map(marked, one.files)))
        )


def _options(options: AddOptions, upload: Upload) -> AddOptions:
    """What is stated lies beside the files; here is only what has no place there."""
    language = upload.language if upload.language != "und" else options.language
    return msgspec.structs.replace(
        options, crs="", licence="", language=language, visibility=upload.visibility,
        visibility_of_new="private",
    )  # fmt: skip


def _key(upload: Upload, group: Group, folder: Path) -> str:
    """Identity of a source."""
    name = Path(group.main).relative_to(folder.resolve())
    return source_key(upload.owner, upload.collection, str(name))
