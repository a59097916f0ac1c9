"""The SQLite catalogue: old and new tables, damage, reading only, cold start."""

import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from craton.model.errors import ConflictError, NotFoundError, SettingError, StorageError
from craton.model.record import Quantity
from craton.store import sql
from craton.store.sqlite import SqliteCatalogue
from craton.store.store import Store
from craton.store.testing import ids, make_record, put, read_objects


@pytest.fixture
def folder(tmp_path):
    """A node with one dataset."""
    record = make_record(
        "one",
        b"abc",
        bbox=(100.1, 15.2, 101.3, 16.4),
        title={"en": "gravity map"},
        quantities=(Quantity(name="gravity"),),
    )
    with Store.create(tmp_path / "node") as store:
        put(store, record, b"abc")
        put(store, make_record("two"))
    return tmp_path / "node"


def change(folder, *statements):
    """Change the catalogue behind the store's back."""
    connection = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def _page(path, table):
    """Where the first page of a table begins in the file."""
    connection = sqlite3.connect(path)
    ((number,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    connection.close()
    return (number - 1) * 4096


def check(folder):
    """Codes of the problems and what they befell."""
    with Store.open(folder) as store:
        return {(problem.code, problem.subject) for problem in store.check()}


def test_a_node_is_made_once(folder):
    """`create` refuses a folder that is a node, `open` one that is none."""
    with pytest.raises(ConflictError):
        Store.create(folder)
    with pytest.raises(NotFoundError):
        Store.open(folder / "objects")


def test_a_making_cut_short_is_completed(tmp_path):
    """An empty catalogue file, as left by a crash while making it, is no node yet and can be made one."""
    (tmp_path / "catalogue.sqlite").touch()
    with Store.create(tmp_path) as store:
        put(store, make_record("one"))
        assert store.check() == []


def test_a_node_keeps_its_identity(folder):
    """The node's UUID is given once."""
    nodes = set()
    for _ in range(2):
        with Store.open(folder) as store:
            nodes.add(store.catalogue.node)
    assert len(nodes) == 1
    assert len(nodes.pop()) == 36


def test_newer_tables_are_refused(folder):
    """A catalogue of a later release says so instead of failing somewhere."""
    change(folder, "UPDATE meta SET value = '999' WHERE name = 'schema'")
    with pytest.raises(SettingError, match="newer Craton"):
        Store.open(folder)


def test_older_tables_are_brought_up_to_date(folder, monkeypatch):
    """Migrations run one after the other, once, when the node is opened for writing."""
    monkeypatch.setattr(sql, "SCHEMA", 4)
    steps = {
        2: ("CREATE TABLE extra (x)", "INSERT INTO extra VALUES (1)"),
        3: ("INSERT INTO extra VALUES (2)",),
    }
    monkeypatch.setattr(SqliteCatalogue, "migrations", steps)
    with pytest.raises(SettingError, match="open it once for writing"):
        Store.open(folder, read_only=True)
    for _ in range(2):
        with Store.open(folder) as store:
            assert ids(store.find()) == ["two", "one"]
    connection = sqlite3.connect(folder / "catalogue.sqlite")
    assert connection.execute("SELECT x FROM extra").fetchall() == [(1,), (2,)]
    connection.close()


def test_reading_only(folder):
    """A store opened for reading finds and checks, and refuses to write."""
    with Store.open(folder, read_only=True) as store:
        assert ids(store.find(text="grav")) == ["one"]
        assert store.check() == []
        with pytest.raises(StorageError, match="reading only"):
            store.delete("one")
        with pytest.raises(StorageError, match="reading only"):
            store.put_source("x", {})


def test_reading_from_a_disk_nobody_can_write_to(folder, monkeypatch):
    """A node on read-only media is read without making files beside the catalogue."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    before = sorted(folder.iterdir())
    with Store.open(folder, read_only=True) as store:
        assert ids(store.find(text="grav")) == ["one"]
        assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM extents WHERE sequence = 1", ("index-inconsistent", "extents")),
        ("UPDATE extents SET west = 50, east = 51 WHERE sequence = 1", ("index-inconsistent", "one")),
        ("UPDATE extents SET start = 1, stop = 2 WHERE sequence = 1", ("index-inconsistent", "one")),
        ("DELETE FROM texts WHERE sequence = 2", ("index-inconsistent", "texts")),
        ("UPDATE texts SET tokens = 'other' WHERE sequence = 1", ("index-inconsistent", "one")),
        ("INSERT INTO search (search) VALUES ('delete-all')", ("index-inconsistent", "search")),
        ("DELETE FROM quantities", ("index-inconsistent", "one")),
        ("INSERT INTO quantities VALUES ('x', 77)", ("index-inconsistent", "quantities")),
        ("UPDATE records SET kind = 'mesh' WHERE sequence = 1", ("index-inconsistent", "one")),
        ("UPDATE records SET north = 80 WHERE sequence = 1", ("index-inconsistent", "one")),
        ("DELETE FROM refs", ("index-inconsistent", "one")),
        ("INSERT INTO refs SELECT sha256, 'gone', 1, size FROM refs", ("index-inconsistent", "gone")),
        ("DELETE FROM documents WHERE sequence = 2", ("index-inconsistent", "documents")),
        ("UPDATE documents SET json = '{' WHERE sequence = 1", ("record-unreadable", "one")),
        ("UPDATE documents SET json = x'ff' WHERE sequence = 1", ("record-unreadable", "one")),
        ("INSERT INTO versions VALUES ('two', 0, 0, 'null')", ("record-unreadable", "two")),
        ("UPDATE refs SET size = 4", ("object-size", "one")),
        ("UPDATE meta SET value = '1' WHERE name = 'sequence'", ("database", "meta")),
        ("INSERT INTO pending VALUES ('00', '0123456789abcdef')", ("pending-orphan", "0123456789abcdef")),
    ],
)
def test_check_finds_what_disagrees(folder, statement, problem):
    """Each kind of damage to tables and indexes is found and named."""
    assert check(folder) == set()
    change(folder, statement)
    assert problem in check(folder)


def test_check_finds_changed_bytes(folder):
    """An object whose bytes changed is found by a deep check; one of another size by any."""
    with Store.open(folder) as store:
        ((sha256, _),) = store.objects.list()
        path = store.objects.path(sha256)
        path.chmod(0o644)
        path.write_bytes(b"xyz")
        assert store.check(deep=False) == []
        assert [problem.code for problem in store.check()] == ["object-hash"]
        path.write_bytes(b"abcd")
        assert [problem.code for problem in store.check(deep=False)] == ["object-size"]


def test_check_finds_what_a_dead_writer_left(folder):
    """A folder in staging without a living writer is named, and cleared by the next write."""
    (folder / "staging" / "0123456789abcdef").mkdir()
    assert check(folder) == {("staging-leftover", "0123456789abcdef")}
    with Store.open(folder) as store:
        put(store, make_record("three"))
        assert store.check() == []


def test_a_damaged_file_is_told(folder):
    """A catalogue that is no database is a `StorageError`; pages overwritten are found by check."""
    path = folder / "catalogue.sqlite"
    change(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    start = _page(path, "documents")
    path.write_bytes(whole[:start] + bytes(4096) + whole[start + 4096 :])
    with Store.open(folder) as store:
        assert "database" in {problem.code for problem in store.check()}
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageError, match="not a database"):
        Store.open(folder)


def test_numbers_of_numpy_are_numbers(folder):
    """Scalars that computing leaves in a record are stored as what they are."""
    box = tuple(np.array([100.5, 15.5, 101.5, 16.5]))
    record = make_record("numpy", bbox=box, properties={"rows": np.int64(3), "mean": np.float32(0.5)})
    with Store.open(folder) as store:
        put(store, record)
        assert put(store, record)[1] == "unchanged"
        stored = store.get("numpy")
    assert (stored.bbox, stored.properties) == ((100.5, 15.5, 101.5, 16.5), {"rows": 3, "mean": 0.5})


def test_a_locked_catalogue_is_told(folder, monkeypatch):
    """A writer that waits in vain gets a `StorageError` with advice."""
    monkeypatch.setattr("craton.store.sqlite.BUSY_SECONDS", 0.1)
    connection = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        with Store.open(folder) as store, pytest.raises(StorageError, match="try again"):
            put(store, make_record("three"))
    finally:
        connection.close()


def test_a_fork_uses_its_own_connections(folder):
    """A process forked while connections are idle opens its own."""
    code = (
        "import os, sys; from pathlib import Path; from craton.store.store import Store\n"
        "store = Store.open(Path(sys.argv[1])); before = len(store.find())\n"
        "child = os.fork()\n"
        "found = len(store.find())\n"
        "if not child: os._exit(0 if found == before == 2 else 1)\n"
        "sys.exit(os.waitpid(child, 0)[1])"
    )
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == 0


def test_opening_loads_no_scientific_library():
    """`craton ls` must start at once: the store needs only the standard library and msgspec."""
    code = (
        "import sys; from craton.store.store import Store\n"
        "heavy = {'numpy', 'pandas', 'geopandas', 'xarray', 'pyarrow', 'obstore', 'psycopg'}\n"
        "print(*(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_objects_survive_while_a_reader_holds_them(folder):
    """A file opened before its dataset is deleted can be read to the end."""
    with Store.open(folder) as store:
        ((sha256, _),) = store.objects.list()
        with store.objects.open(sha256) as file:
            store.delete("one")
            assert file.read() == b"abc"
        assert read_objects(store) == {}
