"""Writers that die, disks that fill: the store is as before or as after, and nothing is left behind."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import pytest
from tests.store_writer import Doomed, change

from craton.model.errors import NotFoundError, StorageError
from craton.store import sqlite
from craton.store.store import Store
from craton.store.testing import ids, make_record, put, put_all, read_objects, stage

WRITER = Path(__file__).resolve().parents[1] / "store_writer.py"


@pytest.fixture
def folder(tmp_path):
    """A node with two datasets of one source and one of its own, sharing an object."""
    with Store.create(tmp_path / "node") as store:
        put_all(
            store,
            [make_record("kept", b"old"), make_record("dropped", b"drop")],
            b"old",
            b"drop",
            source="file",
        )
        put(store, make_record("other", b"other", b"old"), b"other", b"old")
    return tmp_path / "node"


def state(store):
    """Ids with versions, and all bytes."""
    versions = {record.id: record.version for record in store.find()}
    return versions, sorted(read_objects(store).values()), store.source("file")


STATES = (
    ({"kept": 1, "dropped": 1, "other": 1}, [b"drop", b"old", b"other"], {"size": 2}),
    ({"kept": 2, "other": 1}, [b"new", b"old", b"other"], {"n": 2}),
    ({"kept": 2}, [b"new", b"old"], {"n": 2}),
)
"""Of the store before `change`, after its commit, and after its delete."""


def start_writer(folder, *arguments):
    """A writer process, ready to write."""
    command = [sys.executable, WRITER, folder, *map(str, arguments)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "ready\n"
    return writer


def assert_clean(folder):
    """After recovery nothing is wrong and nothing is staged; the state."""
    with Store.open(folder) as store:
        store.recover()
        assert store.check() == []
        assert list((folder / "staging").iterdir()) == []
        return state(store)


@pytest.mark.slow
def test_dying_at_any_step_leaves_before_or_after(tmp_path, folder):
    """Gone before or after each step of a commit and a delete, the store is in one of three states."""
    seen = []
    for step in count():
        copy = Path(shutil.copytree(folder, tmp_path / f"copy-{step}"))
        writer = start_writer(copy, 0, step)
        writer.communicate(timeout=60)
        seen.append(STATES.index(assert_clean(copy)))
        if writer.returncode == 0:
            break
        assert writer.returncode == 9
    assert len(seen) > 20
    assert seen == sorted(seen)
    assert set(seen) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_nothing_acknowledged_is_lost(folder, seed):
    """After `kill -9` there are no orphans, and all but the change not yet told is as it was told."""
    writer = start_writer(folder, seed)
    time.sleep(0.05 + 0.15 * seed)
    writer.send_signal(signal.SIGKILL)
    told = {id: version for _, id, *version in map(str.split, writer.communicate()[0].splitlines())}
    assert_clean(folder)
    with Store.open(folder) as store:
        now = {id: [str(version) for version in store.versions(id)[-1:]] for id in told}
    assert sum(now[id] != told[id] for id in told) <= 1


def test_two_writers_at_once_one_killed(folder):
    """The one that goes on clears up after the one that was killed."""
    writers = [start_writer(folder, seed) for seed in (7, 8)]
    for number in range(3):
        time.sleep(0.3)
        writers[0].send_signal(signal.SIGKILL)
        writers[0].communicate()
        writers[0] = start_writer(folder, 9 + number)
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        assert len(writer.communicate()[0].splitlines()) > 0 or writer is writers[0]
    assert_clean(folder)


def test_a_live_writer_is_left_alone(folder):
    """Its staged files and pending objects survive the recovery of another process."""
    with Store.open(folder) as store, Store.open(folder) as other, store.transaction() as txn:
        staged = stage(txn.folder, b"mine")
        store.catalogue.pend(txn.id, staged)
        for sha256, path in staged.items():
            store.objects.put(sha256, path)
        assert other.recover() == 0
        assert other.check() == []
        store.commit(txn, [make_record("mine", b"mine")], {})
    assert b"mine" in assert_clean(folder)[1]


def test_a_dead_writer_of_another_machine_is_left_to_it(folder):
    """Machines that share a catalogue clear only what they staged themselves."""
    with Store.open(folder) as store:
        store.catalogue.pend("host2-0123456789abcdef", ["a" * 64])
        here = Store(store.catalogue, store.objects, folder / "staging", owner="host1")
        there = Store(store.catalogue, store.objects, folder / "elsewhere", owner="host2")
        assert (here.recover(), here.check()) == (0, [])
        assert [problem.code for problem in there.check()] == ["pending-orphan"]
        assert (there.recover(), there.check()) == (1, [])


class Refusing(Doomed):
    """Raises at the n-th call of a step instead of ending the process."""

    def tick(self):
        """Count down; raise once."""
        if self.left == 0:
            self.left = -1
            raise StorageError("the test refuses")
        self.left -= 1


def test_refused_at_any_step_the_store_stays_whole(tmp_path, folder):
    """An error at any step reaches the caller, and the next writer finds all in order."""
    seen = []
    for step in count():
        copy = Path(shutil.copytree(folder, tmp_path / f"copy-{step}"))
        refused = False
        with Store.open(copy) as store:
            Refusing(store, step)
            try:
                change(store)
            except StorageError:
                refused = True
        seen.append(STATES.index(assert_clean(copy)))
        if not refused:
            break
    assert len(seen) > 20
    assert seen == sorted(seen)
    assert set(seen) == {0, 1, 2}


@pytest.mark.parametrize("method", ["rename", "chmod", "mkdir"])
def test_a_full_disk_changes_nothing(folder, monkeypatch, method):
    """ENOSPC while objects are stored is a `StorageError` with advice; staging is cleared."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Store.open(folder) as store:
        with store.transaction() as txn:
            staged = stage(txn.folder, b"new")
            with monkeypatch.context() as patch:
                patch.setattr(Path, method, full)
                with pytest.raises(StorageError, match="disk space"):
                    store.commit(txn, [make_record("new", b"new")], staged)
        assert list((folder / "staging").iterdir()) == []
        assert state(store) == STATES[0]
        assert store.check() == []


def test_a_full_disk_under_the_catalogue_changes_nothing(tmp_path, monkeypatch):
    """A catalogue that cannot grow is a `StorageError` with advice; the record before stays."""
    with Store.create(tmp_path / "node") as store:
        put(store, make_record("small", b"a"), b"a")
    monkeypatch.setattr(sqlite, "WRITING", (*sqlite.WRITING, "PRAGMA max_page_count = 100"))
    large = make_record("large", b"b", description={"en": "words " * 200_000})
    with Store.open(tmp_path / "node") as store:
        with pytest.raises(StorageError, match="disk space"):
            put(store, large, b"b")
        assert (ids(store.find()), list(read_objects(store).values())) == (["small"], [b"a"])
        assert store.check() == []


def test_a_reader_sees_one_state(folder):
    """While a writer replaces three records at once, a reader finds all of one change, never a mixture."""
    stop = threading.Event()
    mixtures = []

    def read():
        with Store.open(folder, read_only=True) as reader:
            while not stop.is_set():
                titles = {record.title["en"] for record in reader.find(text="generation")}
                if len(titles) > 1:
                    mixtures.append(titles)

    thread = threading.Thread(target=read)
    with Store.open(folder) as store:
        thread.start()
        for number in range(30):
            title = {"en": f"generation {number}"}
            put_all(store, [make_record(id, title=title) for id in "abc"])
        stop.set()
        thread.join()
    assert mixtures == []


def test_a_dataset_that_goes_while_it_is_read_is_not_found(folder):
    """Bytes of a deleted dataset raise `NotFoundError`, not an error of the disk."""
    with Store.open(folder) as store:
        member = store.get("other").assets["data"].members[0]
        store.delete("other")
        with pytest.raises(NotFoundError):
            store.objects.open(member.sha256)
