"""A node saved while it works, and made again: consistent, incremental, whatever is killed, on any backend."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import craton
from craton.cli.node import open_store
from craton.cli.settings import read_settings
from craton.model.edits import Edits
from craton.model.errors import ConflictError, InvalidError, NotFoundError, StorageError
from craton.store import backup as backup_module
from craton.store.backup import BackupOptions, back_up
from craton.store.backup_restore import Backends, restore
from craton.store.backup_target import Target
from craton.store.objects import object_key
from craton.store.store import CATALOGUE, Store
from craton.store.testing import make_record, put

WRITER = Path(__file__).parents[1] / "store_writer.py"
SAVE = "from craton.cli import main; main()"
OWN = Backends(
    lambda folder: open_store(folder, read_settings(folder), create=not (folder / CATALOGUE).exists()),
    lambda folder: not read_settings(folder).store.catalogue,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Folder of a node with current and past versions, a tombstone, a linked record, edits and a job."""
    folder = tmp_path_factory.mktemp("backup") / "node"
    with craton.create(folder, title="Mekong") as opened:
        store = opened.store
        for number in range(40):
            put(store, make_record(f"r{number}", b"%d" % number, b"shared", title={"en": f"Map {number}"}),
                b"%d" % number, b"shared")  # fmt: skip
        put(store, make_record("r1", b"second", title={"en": "Map of gold"}), b"second")
        store.edit("r2", Edits(title={"lo": "ແຜນທີ່"}, visibility="private"))
        store.delete("r3", "wrong")
        store.put_many([make_record("linked-1", b"elsewhere", title={"en": "Elsewhere"})])
        store.put_source("/data/a.csv", {"n": 1})
        from craton.jobs.job import Job

        opened.queue.put(Job(id="job1", process="p"))
    return folder


@pytest.fixture
def node(template, tmp_path):
    """Folder of a node of the test's own."""
    return Path(shutil.copytree(template, tmp_path / "node"))


def save(folder, target, **options):
    """A backup of a node."""
    with craton.open(folder) as opened:
        return back_up(opened.store, folder, target, BackupOptions(**options))


def pieces(store):
    """All that a catalogue keeps, comparable."""
    return [(type(one).__name__, one) for one in store.catalogue.dump()]


def same(first, second):
    """Whether two nodes say the same, and the second is whole."""
    with craton.open(first) as one, craton.open(second) as two:
        assert pieces(one.store) == pieces(two.store)
        assert two.store.catalogue.node == one.store.catalogue.node
        assert two.check() == []


def test_a_restored_node_is_the_same(node, tmp_path):
    """Records, versions, tombstones, sources, edits, jobs, settings and objects come back, searches included."""
    done = save(node, tmp_path / "target")
    assert done.manifest.lost == ()
    restore(tmp_path / "target", tmp_path / "again", OWN)
    same(node, tmp_path / "again")
    with craton.open(tmp_path / "again") as again:
        assert [one.id for one in again.find(text="gold")] == ["r1"]
        assert again["r1@1"].record.title == {"en": "Map 1"}
        assert again.queue.get("job1").state == "accepted"
        assert again.settings.node.title == "Mekong"
        put(again.store, make_record("new", b"new"), b"new")
        assert again.check() == []


def test_the_next_backup_takes_only_what_is_new(node, tmp_path):
    """Snapshots share objects; old ones go when they are not to be kept, with objects that only they need."""
    target = tmp_path / "target"
    first = save(node, target)
    assert first.copied == first.manifest.objects
    assert save(node, target).copied == 0
    with craton.open(node) as opened:
        put(opened.store, make_record("extra", b"extra"), b"extra")
        opened.store.delete("r9")
    third = save(node, target, keep=2)
    assert (third.copied, third.removed, len(Target(target).snapshots())) == (1, 1, 2)
    kept = {sha256 for sha256, _ in Target(target).objects.list()}
    last = save(node, target, keep=1)
    assert last.removed == 2
    assert {sha256 for sha256, _ in Target(target).objects.list()} < kept
    restore(target, tmp_path / "again", OWN)
    same(node, tmp_path / "again")


@pytest.mark.parametrize("copy", [True, False])
def test_objects_are_linked_or_copied(node, tmp_path, copy):
    """On one disk objects are linked, unless they are to be copied; a copy shares no bytes with the node."""
    save(node, tmp_path / "target", copy=copy)
    (object_, *_) = sorted((tmp_path / "target" / "objects").glob("??/*"))
    assert object_.stat().st_nlink == (1 if copy else 2)


def test_an_older_snapshot_can_be_named(node, tmp_path):
    """A snapshot by its name gives the node as it was then."""
    first = save(node, tmp_path / "target")
    with craton.open(node) as opened:
        opened.store.delete("r5")
    save(node, tmp_path / "target")
    restore(first.snapshot.folder, tmp_path / "then", OWN)
    restore(tmp_path / "target", tmp_path / "now", OWN)
    with craton.open(tmp_path / "then") as then, craton.open(tmp_path / "now") as now:
        assert then["r5"].record.id == "r5"
        with pytest.raises(NotFoundError):
            now["r5"]
        assert then.check() == now.check() == []


def _writer(node, seed):
    """A process that writes to the node at random until it is ended."""
    writer = subprocess.Popen([sys.executable, WRITER, node, str(seed)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline().strip() == "ready"
    reading = threading.Thread(target=lambda: [None for _ in writer.stdout])
    reading.start()
    return writer, reading


def test_backups_of_a_node_that_is_written_to(node, tmp_path):
    """While two processes put and delete at random, each backup restores to a whole node."""
    writers = [_writer(node, seed) for seed in (1, 2)]
    try:
        for number in range(4):
            time.sleep(0.3)
            done = save(node, tmp_path / "target", copy=bool(number % 2))
            assert done.manifest.lost == ()
    finally:
        for writer, reading in writers:
            writer.kill()
            reading.join()
            writer.stdout.close()
            writer.wait()
    for number, snapshot in enumerate(Target(tmp_path / "target").snapshots()):
        restore(snapshot.folder, tmp_path / f"again{number}", OWN)
        with craton.open(tmp_path / f"again{number}") as again:
            assert again.check() == []
            assert again.store.sequence() == snapshot.manifest().sequence
    with craton.open(node) as opened:
        opened.store.recover()
        assert opened.check() == []


def test_killed_backups_leave_the_last_good_one(node, tmp_path):
    """`kill -9` at any moment leaves earlier snapshots; the same command goes on and leaves nothing behind."""
    target = tmp_path / "target"
    save(node, target, copy=True)
    good = [one.name for one in Target(target).snapshots()]
    with craton.open(node) as opened:
        for number in range(300):
            put(opened.store, make_record(f"n{number}", b"new %d" % number), b"new %d" % number)
    had = len(list(target.glob("objects/??/*")))
    moments = (
        lambda: len(list(target.glob("objects/??/*"))) > had + 30,
        lambda: len(list(target.glob("objects/??/*"))) > had + 200,
        (target / "snapshots" / ".making").exists,
        (target / "snapshots" / ".making" / "files" / CATALOGUE).exists,
        (target / "snapshots" / ".making" / "manifest.json").exists,
    )
    for moment in moments:
        command = [sys.executable, "-c", SAVE, "backup", str(node), str(target), "--copy"]
        doomed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while doomed.poll() is None and not moment():
            time.sleep(0.001)
        doomed.kill()
        doomed.wait()
        names = [one.name for one in Target(target).snapshots()]
        assert set(good) <= set(names)
        for snapshot in Target(target).snapshots():
            assert snapshot.damage() == []
        good = names
    done = save(node, target, verify=True)
    assert done.manifest.lost == ()
    assert not list(target.glob("snapshots/.*"))
    assert not list(target.glob("objects/*.part"))
    restore(target, tmp_path / "again", OWN)
    same(node, tmp_path / "again")


def test_a_dataset_deleted_while_it_is_saved(node, tmp_path, monkeypatch):
    """Objects that go between the copying and the snapshot are not missed; those of the snapshot are guarded."""
    with craton.open(node) as opened:
        store = opened.store
        saved = backup_module.save_catalogue
        turns = []

        def late(path, to):
            if not turns:  # comes after the copying of objects, goes after the snapshot
                put(store, make_record("late", b"late"), b"late")
            saved(path, to)
            if not turns:
                store.delete("late")
            turns.append(1)

        monkeypatch.setattr(backup_module, "save_catalogue", late)
        done = back_up(store, node, tmp_path / "target", BackupOptions())
    assert (len(turns), done.manifest.lost) == (2, ())
    restore(tmp_path / "target", tmp_path / "again", OWN)
    same(node, tmp_path / "again")


def test_damage_is_told_and_healed(node, tmp_path):
    """An object that the node lost is named; one that the target lost is copied again when it is verified."""
    target = tmp_path / "target"
    save(node, target, copy=True)
    (path, *_) = sorted((target / "objects").glob("??/*"))
    size = path.stat().st_size
    path.chmod(0o644)
    path.write_bytes(b"x" * size)
    (harmed,) = restore(target, tmp_path / "damaged", OWN).lost
    with craton.open(tmp_path / "damaged") as damaged:
        problems = damaged.check()
    assert {problem.code for problem in problems} == {"object-missing"}
    assert all(harmed in problem.message for problem in problems)
    healed = save(node, target, copy=True, verify=True)
    assert (healed.copied, healed.manifest.lost) == (1, ())
    with craton.open(node) as opened:
        sha256 = next(member.sha256 for member in opened["r7"].record.assets["data"].members)
    (node / "objects" / object_key(sha256)).unlink()
    (target / "objects" / object_key(sha256)).unlink()
    lost = save(node, target)
    assert lost.manifest.lost == (sha256,)
    restore(target, tmp_path / "again", OWN)
    with craton.open(tmp_path / "again") as again:
        assert {problem.code for problem in again.check()} == {"object-missing"}


def test_a_damaged_snapshot_is_not_restored(node, tmp_path):
    """A snapshot whose own files changed is refused, and nothing is made."""
    done = save(node, tmp_path / "target")
    catalogue = done.snapshot.folder / "files" / CATALOGUE
    catalogue.write_bytes(catalogue.read_bytes()[:-1])
    with pytest.raises(StorageError, match="is damaged"):
        restore(tmp_path / "target", tmp_path / "again", OWN)
    assert not (tmp_path / "again").exists()


def test_what_is_refused(node, tmp_path):
    """A target of another node, one in use, one within the node, a full folder, and no backup at all."""
    target = tmp_path / "target"
    save(node, target)
    craton.create(tmp_path / "other").close()
    with pytest.raises(ConflictError, match="another node"):
        save(tmp_path / "other", target)
    with Target(target).alone(), pytest.raises(ConflictError, match="another backup"):
        save(node, target)
    with pytest.raises(InvalidError):
        save(node, node / "backup")
    with pytest.raises(ConflictError):
        restore(target, node, OWN)
    with pytest.raises(NotFoundError):
        restore(tmp_path / "other", tmp_path / "again", OWN)


def test_a_restore_that_was_cut_short_is_begun_anew(node, tmp_path, monkeypatch):
    """What a killed restore left is no node; the same command makes it."""
    save(node, tmp_path / "target")
    left = tmp_path / ".again.restoring"
    left.mkdir()
    (left / "rubbish").write_text("x")
    restore(tmp_path / "target", tmp_path / "again", OWN)
    assert not left.exists()
    assert not (tmp_path / "again" / "rubbish").exists()
    same(node, tmp_path / "again")


def test_secrets_stay_secret(node, tmp_path):
    """A target is for its owner's eyes; databases in it are whole files that SQLite finds sound."""
    done = save(node, tmp_path / "target")
    assert (tmp_path / "target").stat().st_mode & 0o077 == 0
    for path in done.snapshot.folder.rglob("*.sqlite"):
        with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(done.snapshot.folder.rglob("*-wal"))


def test_commands(node, tmp_path):
    """`craton backup` and `craton restore` as a person and a machine read them."""
    from click.testing import CliRunner

    from craton.cli.commands import craton as command

    runner, target, again = CliRunner(), str(tmp_path / "target"), str(tmp_path / "again")
    done = runner.invoke(command, ["backup", str(node), target, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["newObjects"] > 0
    assert runner.invoke(command, ["backup", str(node), target, "--keep", "1", "--verify"]).exit_code == 0
    made = runner.invoke(command, ["restore", target, again, "--json"])
    assert (made.exit_code, json.loads(made.stdout)["problems"]) == (0, [])
    assert isinstance(runner.invoke(command, ["restore", target, again]).exception, ConflictError)
    same(node, tmp_path / "again")


@pytest.mark.parametrize("way", ["to", "from", "both"])
def test_nodes_move_between_sqlite_and_postgresql(node, tmp_path, postgis_address, way):
    """A node saved on either kind of catalogue is restored on either, with all that it kept."""
    import psycopg

    with psycopg.connect(postgis_address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS craton CASCADE")
    own = node / "craton.toml"
    other = tmp_path / "postgres.toml"
    other.write_text(f'[node]\ntitle = "Mekong"\n[store]\ncatalogue = "{postgis_address}"\n')
    save(node, tmp_path / "first")
    restore(tmp_path / "first", tmp_path / "moved", OWN, other)
    same(node, tmp_path / "moved")
    with craton.open(tmp_path / "moved") as moved:
        assert [one.id for one in moved.find(text="gold")] == ["r1"]
        assert not (tmp_path / "moved" / CATALOGUE).exists()
    if way == "to":
        put_more(tmp_path / "moved")
        with pytest.raises(ConflictError, match="not empty"):
            restore(tmp_path / "first", tmp_path / "again", OWN, other)
        return
    with craton.open(tmp_path / "moved") as moved:
        edited = moved.store.edit("r4", Edits(title={"en": "Map of tin"}), expected=1)
        put(moved.store, make_record("r4", b"third", title={"en": "Map 4"}), b"third")
        assert (edited.version, moved["r4"].record.version) == (2, 3)
        assert [one.id for one in moved.find(text="tin")] == ["r4"]
        with pytest.raises(ConflictError):
            moved.store.edit("r4", Edits(licence="CC0-1.0"), expected=1)
        assert moved.check() == []
        kept = pieces(moved.store)
    assert save(tmp_path / "moved", tmp_path / "second").manifest.catalogue == "dump"
    if way == "both":
        with psycopg.connect(postgis_address, autocommit=True) as connection:
            connection.execute("DROP SCHEMA craton CASCADE")
    restore(tmp_path / "second", tmp_path / "back", OWN, own if way == "from" else other)
    with craton.open(tmp_path / "back") as back:
        assert pieces(back.store) == kept
        assert back.check() == []


def put_more(folder):
    """One more record, so that a catalogue is not the one that was saved."""
    with craton.open(folder) as opened:
        put(opened.store, make_record("more", b"more"), b"more")


def test_objects_in_a_bucket(node, tmp_path, s3_endpoint, s3_bucket):
    """A node whose objects lie in a bucket is saved to a folder, and a node in a folder moves to a bucket."""
    settings = tmp_path / "bucket.toml"
    settings.write_text(
        f'[store]\nobjects = "s3://{s3_bucket}/node"\ns3_endpoint = "{s3_endpoint}"\n'
        's3_access_key_id = "test"\ns3_secret_access_key = "test"\n'
    )
    save(node, tmp_path / "first")
    restore(tmp_path / "first", tmp_path / "moved", OWN, settings)
    same(node, tmp_path / "moved")
    done = save(tmp_path / "moved", tmp_path / "second")
    assert done.copied == done.manifest.objects
    restore(tmp_path / "second", tmp_path / "back", OWN, node / "craton.toml")
    same(node, tmp_path / "back")


def test_a_dump_is_all_or_nothing(node, tmp_path):
    """A catalogue filled from a dump that ends early stays empty; one that is not empty is not filled."""
    with craton.open(node) as opened, Store.create(tmp_path / "empty") as empty:
        dump = list(opened.store.catalogue.dump())
        with pytest.raises(InvalidError):
            empty.catalogue.load(iter(dump[1:]))
        assert (empty.sequence(), empty.find()) == (0, [])
        empty.catalogue.load(iter(dump))
        with pytest.raises(ConflictError):
            empty.catalogue.load(iter(dump))
        assert empty.catalogue.check(deep=True) == []
    shutil.rmtree(tmp_path / "empty")
