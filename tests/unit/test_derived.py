"""Copies that can be made again: one maker at a time, whole or not there, nothing left behind."""

import threading
import time

import pytest

from craton.store.derived import Derived

CONTENT = "ab" + "0" * 62


def names(derived):
    """Names of all that lies in the folder."""
    return sorted(
        path.name.removeprefix(CONTENT) for path in derived.folder.rglob("*") if path.parent != derived.folder
    )


def test_a_file_is_made_once_and_no_lock_stays(tmp_path):
    """Of all threads that ask at once, one makes the file; the others have the same."""
    derived, made = Derived(tmp_path / "derived"), []

    def make(target):
        made.append(target)
        time.sleep(0.05)
        target.write_bytes(b"x")

    def ask():
        derived.get(CONTENT, "index", make)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert names(derived) == [".index"]


def test_what_an_ended_maker_left_is_removed(tmp_path):
    """Parts, folders of copies and locks of a process that was killed go with the next look."""
    derived = Derived(tmp_path / "derived")
    derived.get(CONTENT, "kept", lambda target: target.write_bytes(b"x"))
    folder = derived.path(CONTENT, "index").parent
    (folder / f"{CONTENT}.index.part.objects").mkdir()
    (folder / f"{CONTENT}.index.part.objects" / "copy").write_bytes(b"x" * 100)
    (folder / f"{CONTENT}.index.part").write_bytes(b"x" * 100)
    (folder / f"{CONTENT}.other.lock").touch()
    assert derived.shrink() == 0
    assert names(derived) == [".kept"]


def test_what_is_being_made_is_left_alone_and_counts(tmp_path):
    """A part somebody works on is not removed, though what it takes makes older files go."""
    derived = Derived(tmp_path / "derived", most_bytes=50)
    derived.get(CONTENT, "old", lambda target: target.write_bytes(b"x" * 10))

    def make(target):
        target.write_bytes(b"x" * 45)
        copies = target.with_name(f"{target.name}.objects")
        copies.mkdir()
        (copies / "copy").write_bytes(b"x")
        assert derived.shrink() == 1
        assert copies.exists()

    assert derived.get(CONTENT, "new", make).stat().st_size == 45
    assert names(derived) == [".new"]


def test_a_failed_maker_leaves_nothing(tmp_path):
    """What goes wrong goes through, and the next who asks makes it."""
    derived = Derived(tmp_path / "derived")

    def fail(target):
        target.write_bytes(b"x")
        raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"):
        derived.get(CONTENT, "index", fail)
    assert names(derived) == []
    derived.get(CONTENT, "index", lambda target: target.write_bytes(b"x"))
    assert names(derived) == [".index"]
