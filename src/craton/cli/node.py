"""A node opened from Python: `craton.open(folder)`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from craton.cli.settings import FILE_NAME, TEMPLATE, Settings, read_settings
from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.record import Kind, Member, Period, Record
from craton.store.catalogue import Problem
from craton.store.store import Store

if TYPE_CHECKING:
    from craton.jobs.add import Outcome, Progress
    from craton.jobs.manager import Manager
    from craton.jobs.pool import Executor
    from craton.jobs.queue import JobQueue
    from craton.model.data import Data


NO_LIMIT = 2**31 - 1

JOBS = "jobs"
"""Folder of the node's jobs."""


class Dataset:
    """One version of one dataset of a node."""

    def __init__(self, store: Store, record: Record) -> None:
        self._store = store
        self.record = record

    def __repr__(self) -> str:
        return f"<Dataset {self.record.id}@{self.record.version} {self.record.kind}: {self.record.name()}>"

    def read(self) -> Data:
        """Labelled data of the dataset, lazily where it can be large (see `craton.model.data`)."""
        from craton.store.codec import decode

        return decode(self.record.kind, self.record.assets, self._locate)

    def export(self, target: str | Path, *, overwrite: bool = False) -> Path:
        """Write the dataset to `target` in the format of its suffix.

        `.json` writes the record itself, unless the dataset is a file of that name, as a
        document can be. `target` appears whole or not at all.
        """
        from craton.store.codec import export, suffixes, write_whole

        path = Path(target)
        stored = self.record.kind, self.record.assets, self._locate
        if path.suffix.lower() == ".json" and ".json" not in suffixes(*stored):
            return write_whole(path, self._write_record, overwrite=overwrite)
        return export(*stored, path, overwrite=overwrite)

    def _write_record(self, path: Path) -> None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self.record), indent=2) + b"\n")

    def provenance(self, form: str = "graph") -> dict[str, Any]:
        """How the dataset came to be: all datasets, runs and people it stands on.

        Parameters
        ----------
        form : str
            `graph` (nodes and edges), `prov` (W3C PROV-JSON) or `ro-crate` (RO-Crate metadata).
        """
        from craton.process.provenance import ancestry, graph, to_prov
        from craton.process.ro_crate import to_crate

        history = ancestry(self.record, self._get)
        writers: dict[str, Callable[[Any], dict[str, Any]]] = {
            "graph": graph, "prov": to_prov, "ro-crate": to_crate,
        }  # fmt: skip
        if form not in writers:
            raise InvalidError(f"provenance is written as {', '.join(writers)}, not as {form!r}")
        return writers[form](history)

    def _get(self, id: str, version: int) -> Record | None:
        try:
            return self._store.get(id, version)
        except NotFoundError:
            return None

    def versions(self) -> list[Record]:
        """All versions of the dataset, newest first."""
        return [
            self._store.get(self.record.id, version)
            for version in reversed(self._store.versions(self.record.id))
        ]

    def _locate(self, member: Member) -> Path:
        path = self._store.objects.path(member.sha256)
        if path is None:
            raise NotFoundError(f"{member.name} of {self.record.id} cannot be had as a file")
        return path


class Node:
    """A node: a folder with a catalogue and the data it describes.

    Use as a context manager, or call `close`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.settings: Settings = read_settings(self.folder)
        self.store = open_store(self.folder, self.settings)
        self._queue: JobQueue | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the catalogue and the jobs."""
        if self._queue is not None:
            self._queue.close()
        self.store.close()

    def add(
        self,
        *paths: str | Path,
        crs: str = "",
        licence: str = "",
        owner: str = "",
        language: str = "",
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Add files and folders; one `Outcome` per file, in a stable order (see `iter_add`)."""
        return list(
            self.iter_add(*paths, crs=crs, licence=licence, owner=owner, language=language, progress=progress)
        )

    def iter_add(
        self,
        *paths: str | Path,
        crs: str = "",
        licence: str = "",
        owner: str = "",
        language: str = "",
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Add files and folders, giving each file's outcome as soon as it is known.

        Parameters
        ----------
        *paths : str or Path
            Files, or folders taken with all below them.
        crs : str
            Reference system for files that state none (`EPSG:32648`); a file that states another
            keeps a finding.
        licence, owner, language : str
            Said of all files: SPDX licence, owning party, BCP 47 language of titles.
        progress : callable
            Called with files done, files in all, and the last file's name.

        Raises
        ------
        RefusedError
            If a path does not exist. A file that cannot be read is an outcome, not an error.
        StorageError
            If the node's disk or object store fails; what was committed stays.
        """
        from craton.jobs.add import Adder
        from craton.model.crs import normalise

        options = self.settings.add_options(
            crs=normalise(crs) if crs else "", licence=licence, owner=owner, language=language
        )
        adder = Adder(self.store, options, skip=(str(self.folder),))
        yield from adder.run([str(path) for path in paths], progress)

    def find(
        self,
        *,
        bbox: tuple[float, float, float, float] | None = None,
        time: tuple[str, str] | None = None,
        text: str = "",
        kind: Kind | None = None,
        quantity: str = "",
        limit: int | None = None,
    ) -> list[Record]:
        """Records that meet all that is asked, newest first.

        Parameters
        ----------
        bbox : tuple of float
            West, south, east, north in degrees (OGC:CRS84); west > east crosses the antimeridian.
        time : tuple of str
            Start and end, RFC 3339; an empty side is open.
        text : str
            Words, in any script, all of which must occur.
        kind : str
            One of the kinds of `craton.model.record.Kind`.
        quantity : str
            Standard name of a quantity the dataset carries.
        limit : int
            At most so many.
        """
        period = Period(start=time[0], end=time[1]) if time else None
        return self.store.find(
            bbox=bbox,
            time=period,
            text=text,
            kind=kind,
            quantity=quantity,
            limit=NO_LIMIT if limit is None else limit,
        )

    def __getitem__(self, id: str) -> Dataset:
        """Return the dataset `id`, or its version `n` as `id@n`."""
        name, at, version = id.partition("@")
        if at and not (version.isdecimal() and int(version) > 0):
            raise NotFoundError(
                f"{id!r} names no version", hint="write ID@1, ID@2 …; see craton show NODE ID --versions"
            )
        record = self.store.get(name, int(version) if at else None)
        return Dataset(self.store, record)

    @property
    def queue(self) -> JobQueue:
        """The node's jobs."""
        if self._queue is None:
            from craton.jobs.queue import JobQueue

            self._queue = JobQueue(self.folder / JOBS)
        return self._queue

    def manager(self, executor: Executor | None = None, **options: Any) -> Manager:
        """Make what runs the node's jobs, in the pool unless an `executor` is given; a context manager."""
        from craton.jobs.manager import Manager
        from craton.jobs.pool import Pool

        return Manager(self.store, self.queue, executor or Pool(), self.settings.manager_options(), **options)

    def run(self, process: str, **given: Any) -> dict[str, Dataset]:
        """Run a process or an application and wait for it; its results by name of output, or of step.

        Parameters
        ----------
        process : str
            Identifier, such as `gravity.upward_continuation` or `regional-gravity-map`.
        **given
            Inputs as dataset ids (or records, or datasets of this node), parameters as numbers in the
            declared unit or text such as `"5 km"`.

        Raises
        ------
        ContractError, NotFoundError
            If an input or parameter is not what the process declares, or not there.
        JobError
            If the process failed.
        """
        from craton.cli.runs import request_of, results_of
        from craton.jobs.manager import submit
        from craton.jobs.pool import InProcess

        job = submit(self.store, self.queue, request_of(process, given, self.settings.job_limits()))
        with self.manager(InProcess(), root=job.id) as manager:
            try:
                job = manager.wait(job.id)
            except KeyboardInterrupt:
                manager.dismiss(job.id)
                raise
        return {name: self[id] for name, id in results_of(job).items()}

    def remove(self, id: str, reason: str = "") -> None:
        """Delete the dataset `id` with all its versions; a tombstone stays."""
        self.store.delete(id, reason)
        self.note("delete", dataset=id)

    def note(self, event: str, **about: object) -> None:
        """Write to the audit log what the owner did."""
        from craton.model.permission import OWNER
        from craton.web.audit_log import FOLDER, AuditLog, Source

        log = AuditLog(self.folder / FOLDER, address=self.settings.audit.address)
        log.note(event, Source(OWNER), **about)  # type: ignore[arg-type]

    def check(self, *, deep: bool = True) -> list[Problem]:
        """Problems of the store: missing or altered bytes, orphans, index differences; none is good."""
        return self.store.check(deep=deep)


def create_node(folder: str | Path, *, title: str = "") -> Node:
    """Make an empty node in `folder`, which must be new or empty.

    Raises
    ------
    ConflictError, NotFoundError
        If the folder holds something already.
    """
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConflictError(f"{path} exists and is not empty", hint="choose a new folder")
    path.mkdir(parents=True, exist_ok=True)
    settings = TEMPLATE.format(title=msgspec.json.encode(title or path.resolve().name).decode())
    (path / FILE_NAME).write_text(settings, encoding="utf-8")
    open_store(path, read_settings(path), create=True).close()
    return Node(path)


def open_store(folder: Path, settings: Settings, *, create: bool = False) -> Store:
    """Store of the node in `folder`, on the backends its settings name."""
    if not settings.store.catalogue and not settings.store.objects:
        read_only = not os.access(folder, os.W_OK)
        return Store.create(folder) if create else Store.open(folder, read_only=read_only)
    from craton.cli.backends import open_backends

    return open_backends(folder, settings.store, create=create)
