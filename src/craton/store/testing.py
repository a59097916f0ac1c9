"""What every store must do: subclass `StoreTests`, give it a fixture `store`, and run pytest.

A store in the sense of these tests is a `Store` with your catalogue or your
objects in it, empty and open for writing.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.record import Asset, Bbox, Member, Period, Quantity, Record, Tombstone
from craton.store.catalogue import Outcome
from craton.store.store import Store
from craton.store.testing_texts import HOSTILE, WORDS


def make_record(id: str = "one", *contents: bytes, **fields: Any) -> Record:
    """Build a small record with one asset of a member for each of `contents`."""
    members = tuple(
        Member(name=f"part-{number}", sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        for number, data in enumerate(contents)
    )
    assets = {"data": Asset(media_type="application/octet-stream", members=members)} if members else {}
    return Record(**{"id": id, "kind": "document", "title": {"en": id}, "assets": assets} | fields)


def put(
    store: Store, record: Record, *contents: bytes, source: str = "", **options: Any
) -> tuple[Record, Outcome]:
    """Write one record with the objects `contents`."""
    return put_all(store, [record], *contents, source=source, **options)[0]


def put_all(
    store: Store, records: list[Record], *contents: bytes, source: str = "", **options: Any
) -> list[tuple[Record, Outcome]]:
    """Write records of one source in one commit."""
    with store.transaction() as txn:
        stamp = {"size": len(contents)} if source else None
        return store.commit(txn, records, stage(txn.folder, *contents), source, stamp, **options)


def stage(folder: Path, *contents: bytes) -> dict[str, Path]:
    """Write `contents` to files of `folder`, by their hash."""
    staged = {hashlib.sha256(data).hexdigest(): data for data in contents}
    for sha256, data in staged.items():
        (folder / sha256).write_bytes(data)
    return {sha256: folder / sha256 for sha256 in staged}


def read_objects(store: Store) -> dict[str, bytes]:
    """Return the bytes of every object by its hash."""
    contents = {}
    for sha256, _ in store.objects.list():
        with store.objects.open(sha256) as file:
            contents[sha256] = bytes(file.read())
    return contents


def ids(records: list[Record]) -> list[str]:
    """Return the ids of `records`."""
    return [record.id for record in records]


class StoreTests:
    """What every store must do."""

    def test_what_is_put_is_got_back(self, store: Store) -> None:
        """A record comes back as it was given, with version, sequence and times; its bytes too."""
        record = make_record("one", b"abc", properties={"deep": {"list": [1, 2.5, None, "ü"]}})
        stored, outcome = put(store, record, b"abc")
        assert (outcome, stored.version, stored.sequence) == ("added", 1, 1)
        assert store.get("one") == stored
        assert stored.created == stored.updated != ""
        assert (stored.title, stored.assets, stored.properties) == (
            record.title,
            record.assets,
            record.properties,
        )
        assert list(read_objects(store).values()) == [b"abc"]
        assert store.check() == []

    def test_the_same_again_changes_nothing(self, store: Store) -> None:
        """An equal record makes no new version, and nobody sees a change."""
        first, _ = put(store, make_record("one", b"abc"), b"abc")
        again, outcome = put(store, make_record("one", b"abc", version=9, updated="later"), b"abc")
        assert (again, outcome) == (first, "unchanged")
        assert (store.versions("one"), store.sequence()) == ([1], 1)

    def test_a_change_makes_a_version_and_keeps_the_old_one(self, store: Store) -> None:
        """Old and new version can both be read, with their bytes; only the new one is found."""
        put(store, make_record("one", b"abc"), b"abc")
        new, outcome = put(store, make_record("one", b"defg", title={"en": "changed"}), b"defg")
        assert (outcome, new.version, new.sequence) == ("updated", 2, 2)
        assert store.versions("one") == [1, 2]
        assert store.get("one", 1).title == {"en": "one"}
        assert store.get("one", 2) == store.get("one") == new
        assert sorted(read_objects(store).values()) == [b"abc", b"defg"]
        assert store.find(text="one") == []
        assert ids(store.find(text="changed")) == ["one"]
        assert store.check() == []

    def test_what_is_not_there_is_not_found(self, store: Store) -> None:
        """Unknown ids and versions raise `NotFoundError`."""
        put(store, make_record("one"))
        for wrong in (("two", None), ("one", 2), ("one", 0), ("", None)):
            with pytest.raises(NotFoundError):
                store.get(*wrong)
        with pytest.raises(NotFoundError):
            store.delete("two")
        assert store.versions("two") == []

    def test_deleting_leaves_a_tombstone_and_no_bytes(self, store: Store) -> None:
        """All versions and their objects go; what another dataset shares stays."""
        put(store, make_record("one", b"abc", b"shared"), b"abc", b"shared")
        put(store, make_record("one", b"abcd"), b"abcd")
        put(store, make_record("two", b"shared"), b"shared")
        grave = store.delete("one", "wrong area")
        assert (grave.version, grave.sequence, grave.reason) == (2, 4, "wrong area")
        assert list(read_objects(store).values()) == [b"shared"]
        assert store.versions("one") == []
        assert ids(store.find()) == ["two"]
        assert store.check() == []

    def test_a_deleted_id_continues_its_versions(self, store: Store) -> None:
        """A version number is never given twice, so that neighbours can trust it."""
        put(store, make_record("one"))
        store.delete("one")
        stored, outcome = put(store, make_record("one"))
        assert (stored.version, outcome) == (2, "added")
        assert [type(change) for change in store.changes()] == [Record]

    def test_someone_elses_change_is_a_conflict(self, store: Store) -> None:
        """With a version expected, only the writer who saw the newest one gets through."""
        put(store, make_record("one", title={"en": "a"}), expected={"one": 0})
        put(store, make_record("one", title={"en": "b"}), expected={"one": 1})
        for expected in ({"one": 1}, {"one": 0}, {"two": 1}):
            with pytest.raises(ConflictError):
                put(store, make_record("one", b"lost", title={"en": "c"}), b"lost", expected=expected)
        assert store.get("one").title == {"en": "b"}
        assert read_objects(store) == {}

    def test_a_source_replaces_what_it_gave(self, store: Store) -> None:
        """Records a source gives no more are deleted in the same change; other sources keep theirs."""
        both = make_record("both")
        put_all(store, [make_record("a", b"a"), make_record("b"), both], b"a", source="file-1")
        put_all(store, [both], source="file-2")
        assert store.source("file-1") == {"size": 1}
        results = put_all(store, [make_record("b")], source="file-1")
        assert [outcome for _, outcome in results] == ["unchanged"]
        assert sorted(ids(store.find())) == ["b", "both"]
        assert read_objects(store) == {}
        assert [change.id for change in store.changes() if isinstance(change, Tombstone)] == ["a"]
        assert store.check() == []

    def test_sources_are_remembered(self, store: Store) -> None:
        """Stamps come back by key and by prefix, change, and can be forgotten."""
        for key in ("map/a.tif", "map/b%.tif", "mapping/c.tif"):
            store.put_source(key, {"size": 1, "ids": [key]})
        store.put_source("map/a.tif", {"size": 2})
        assert store.sources("map/") == {
            "map/a.tif": {"size": 2},
            "map/b%.tif": {"size": 1, "ids": ["map/b%.tif"]},
        }
        assert len(store.sources()) == 3
        store.put_source("map/a.tif", None)
        assert store.source("map/a.tif") is None

    def test_what_is_not_committed_vanishes(self, store: Store) -> None:
        """Staged files of a block that ends without commit, or by an error, leave no trace."""
        with store.transaction() as txn:
            stage(txn.folder, b"abc")
        assert not txn.folder.exists()
        with pytest.raises(ZeroDivisionError), store.transaction() as txn:
            stage(txn.folder, b"%d" % (1 // 0))
        assert not txn.folder.exists()
        assert read_objects(store) == {}
        assert store.check() == []

    def test_a_refused_commit_leaves_nothing(self, store: Store) -> None:
        """Whatever is wrong with one record, none is written and no object stays."""
        nan = float("nan")
        wrong = [
            make_record("two words", b"abc"),
            make_record("", b"abc"),
            make_record("one", b"abc", bbox=(0, 1, 0, nan)),
            make_record("one", b"abc", bbox=(0, 1, 0, -1)),
            make_record("one", b"abc", time=Period(start="soon")),
            make_record("one", b"abc", properties={"x": object()}),
            make_record("one", b"abc", title={"en": "\ud800"}),
        ]
        for record in wrong:
            with pytest.raises(InvalidError):
                put_all(store, [make_record("good"), record], b"abc")
        with pytest.raises(InvalidError):
            put_all(store, [make_record("one"), make_record("one", b"abc")], b"abc")
        with pytest.raises(NotFoundError):
            put(store, make_record("one", b"abc"))
        with pytest.raises(InvalidError):
            put(store, make_record("one", assets={"a": _asset("../../etc/passwd")}))
        assert (store.find(), store.sequence(), read_objects(store), store.check()) == ([], 0, {}, [])

    def test_changes_come_in_their_order(self, store: Store) -> None:
        """Neighbours harvest by sequence: each record once, at its newest change, and tombstones."""
        for id in "abcd":
            put(store, make_record(id))
        put(store, make_record("b", title={"en": "new"}))
        store.delete("c")
        assert [(change.id, change.sequence) for change in store.changes()] == [
            ("a", 1),
            ("d", 4),
            ("b", 5),
            ("c", 6),
        ]
        assert [change.id for change in store.changes(since=1, limit=2)] == ["d", "b"]
        assert store.changes(since=6) == []
        assert store.sequence() == 6

    def test_many_records_of_a_neighbour(self, store: Store) -> None:
        """`put_many` takes records whose objects are elsewhere, also an id twice, and counts outcomes."""
        records = [make_record(f"r{number}", b"elsewhere") for number in range(300)]
        assert store.put_many(records) == {"added": 300, "updated": 0, "unchanged": 0}
        changed = [
            *records[:-1],
            make_record("r299", title={"en": "a"}),
            make_record("r299", title={"en": "b"}),
        ]
        assert store.put_many(changed) == {"added": 0, "updated": 2, "unchanged": 299}
        assert (store.get("r299").version, store.count(), store.check()) == (3, 300, [])

    @pytest.mark.parametrize("language", WORDS)
    def test_words_are_found_in_every_script(self, store: Store, language: str) -> None:
        """Parts of a title are found, also in scripts without spaces, two characters long, or one."""
        title, present, absent = WORDS[language]
        put_all(store, [make_record(tag, title={tag: words[0]}) for tag, words in WORDS.items()])
        for text in (*present, title):
            assert language in ids(store.find(text=text)), text
        assert store.find(text=absent) == []
        assert store.find(text=f"{present[0]} {absent}") == []

    def test_further_words_find_a_record(self, store: Store) -> None:
        """The text of a document finds it, until a version without that text comes."""
        put(store, make_record("report"), texts={"report": "porphyry 斑岩铜矿"})
        assert ids(store.find(text="porphyr")) == ids(store.find(text="斑岩")) == ["report"]
        put(store, make_record("report", title={"en": "other"}))
        assert store.find(text="porphyry") == []
        assert store.check() == []

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_no_query_text_breaks_a_search(self, store: Store, text: str) -> None:
        """Quotes, operators, zero bytes, huge texts: a search answers."""
        put(store, make_record("one", title={"en": "gravity map"}, bbox=(0, 0, 1, 1)))
        for place in (None, (0.0, 0.0, 1.0, 1.0)):
            assert ids(store.find(text=text, bbox=place)) in ([], ["one"])
            assert store.count(text=text, bbox=place) in (0, 1)

    def test_no_record_text_breaks_the_index(self, store: Store) -> None:
        """Hostile titles are stored, found by their words, and forgotten again."""
        texts = [text for text in HOSTILE if text != "\ud800"]
        put_all(store, [make_record(f"r{n}", title={"und": text}) for n, text in enumerate(texts)])
        assert store.check() == []
        for number in range(len(texts)):
            store.delete(f"r{number}")
        assert (store.find(text="gravity"), store.check()) == ([], [])

    @pytest.mark.parametrize(
        ("bbox", "found"),
        [
            ((100, 15, 101, 16), "inside world"),
            ((101, 16, 102, 17), "inside world"),
            ((101.000001, 16.0, 102.0, 17.0), "world"),
            ((-180, -20, -175, -10), "fiji west world"),
            ((175, -20, 179, -10), "fiji world"),
            ((175, -20, -175, -10), "fiji west world"),
            ((-179, -20, 179, -10), "fiji west world"),
            ((180, -20, 180, -10), "fiji west world"),
            ((190, -20, 200, -10), "west world"),
            ((0, 89, 1, 90), "world"),
        ],
        ids=str,
    )
    def test_boxes_touch(self, store: Store, bbox: Bbox, found: str) -> None:
        """A box finds what it touches, across 180 degrees too; records without a box are not found."""
        places: dict[str, Bbox | None] = {
            "inside": (100, 15, 101, 16),
            "fiji": (177, -20, -179, -15),
            "west": (-180, -17, -160, -13),
            "world": (-180, -90, 180, 90),
            "nowhere": None,
        }
        put_all(store, [make_record(id, bbox=place) for id, place in places.items()])
        assert set(ids(store.find(bbox=bbox))) == set(found.split())
        assert store.count(bbox=bbox) == len(found.split())

    @pytest.mark.parametrize(
        ("start", "end", "found"),
        [
            ("2001-06-01T00:00:00Z", "2001-06-02T00:00:00Z", "year since"),
            ("2001-12-31T23:59:59Z", "", "year since day"),
            ("2002-01-01T00:00:00Z", "", "since day"),
            ("2002-01-01", "2002-01-01", "since"),
            ("", "1999-12-31T23:59:59Z", "until"),
            ("", "2000-01-01T00:00:00+07:00", "until"),
            ("", "", "year since until day"),
            ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z", "since day"),
        ],
        ids=str,
    )
    def test_times_touch(self, store: Store, start: str, end: str, found: str) -> None:
        """A time finds what it touches, to the second; records without a time are not found."""
        times = {
            "year": Period(start="2001-01-01T00:00:00Z", end="2001-12-31T23:59:59Z"),
            "since": Period(start="2000-01-01T00:00:00Z"),
            "until": Period(end="1999-12-31"),
            "day": Period(start="2024-02-29", end="2024-02-29"),
            "never": None,
            "empty": Period(),
        }
        put_all(store, [make_record(id, time=time) for id, time in times.items()])
        assert set(ids(store.find(time=Period(start=start, end=end)))) == set(found.split())

    def test_conditions_hold_together(self, store: Store) -> None:
        """Kind, quantity, visibility, place, time and words narrow each other; counts agree."""
        gravity = (Quantity(name="gravity"), Quantity(name="gravity", variable="again"))
        same = {"title": {"en": "Loei"}, "bbox": (100, 15, 101, 16), "time": Period(start="2001-01-01")}
        fields: dict[str, dict[str, Any]] = {
            "a": {**same, "kind": "grid", "quantities": gravity},
            "b": {**same, "kind": "grid"},
            "c": {**same, "kind": "table", "quantities": gravity, "visibility": "private"},
        }
        put_all(store, [make_record(id, **some) for id, some in fields.items()])
        asked: list[tuple[dict[str, Any], str]] = [
            ({"kind": "grid"}, "ab"),
            ({"quantity": "gravity"}, "ac"),
            ({"quantity": "gravity", "text": "loei", "bbox": (90, 10, 110, 20)}, "ac"),
            ({"visibility": ("public",)}, "ab"),
            ({"visibility": ("public", "private"), "kind": "table"}, "c"),
            ({"visibility": ()}, ""),
            ({"kind": "grid", "time": Period(end="2001-01-01"), "text": "loei"}, "ab"),
            ({"kind": "mesh"}, ""),
            ({"quantity": "grav"}, ""),
        ]
        for conditions, found in asked:
            assert sorted(ids(store.find(**conditions))) == list(found), conditions
            assert store.count(**conditions) == len(found), conditions

    def test_pages_follow_each_other(self, store: Store) -> None:
        """Newest first by default; `after` and `offset` continue, also while others write."""
        put_all(store, [make_record(id, title={"en": "same"}) for id in "abcdef"])
        first = store.find(limit=2)
        assert ids(first) == ["f", "e"]
        put(store, make_record("new"))
        assert ids(store.find(limit=2, after=first[-1].sequence)) == ["d", "c"]
        assert ids(store.find(text="same", offset=4)) == ["b", "a"]
        assert ids(store.find(order="oldest", limit=3)) == ["a", "b", "c"]
        assert ids(store.find(order="oldest", after=5, text="same")) == ["f"]
        assert store.find(limit=0) == []
        for wrong in ({"limit": -1}, {"offset": -1}, {"order": "best"}, {"bbox": (0, 0, 1)}):
            with pytest.raises(InvalidError):
                store.find(**wrong)

    def test_writers_wait_for_each_other(self, store: Store) -> None:
        """Several threads that put the same and other datasets at once lose nothing."""

        def write(number: int) -> Outcome:
            data = str(number % 4).encode()
            return put(store, make_record(f"r{number % 4}", data), data, b"unneeded")[1]

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(write, range(16)))
        assert sorted(outcomes) == ["added"] * 4 + ["unchanged"] * 12
        assert sorted(read_objects(store).values()) == [b"0", b"1", b"2", b"3"]
        assert (store.sequence(), store.check()) == (4, [])

    def test_many_files_of_one_dataset(self, store: Store) -> None:
        """A dataset of many objects (a Zarr store) is put and deleted whole."""
        contents = [b"%d" % number for number in range(40)]
        put(store, make_record("cube", *contents), *contents)
        assert len(read_objects(store)) == 40
        store.delete("cube")
        assert (read_objects(store), store.check()) == ({}, [])

    def test_objects_are_what_they_are_named(self, store: Store) -> None:
        """Objects tell size and presence, verify, and refuse names that are no hash."""
        put(store, make_record("one", b"abc"), b"abc")
        sha256 = hashlib.sha256(b"abc").hexdigest()
        assert (store.objects.size(sha256), store.objects.exists(sha256), store.objects.verify(sha256)) == (
            3,
            True,
            True,
        )
        path = store.objects.path(sha256)
        assert path is None or path.read_bytes() == b"abc"
        assert "://" in store.objects.url(sha256)
        absent = "0" * 64
        assert not store.objects.exists(absent)
        for ask in (store.objects.size, store.objects.open, store.objects.verify):
            with pytest.raises(NotFoundError):
                ask(absent)
        store.objects.delete(absent)
        for name in ("", "../x", sha256.upper(), sha256 + "0"):
            with pytest.raises(InvalidError):
                store.objects.exists(name)

    def test_check_tells_what_is_lost_or_left(self, store: Store, tmp_path: Path) -> None:
        """A missing object and one that belongs to nobody are found; a healthy store has no problem."""
        put(store, make_record("one", b"abc"), b"abc")
        store.objects.delete(hashlib.sha256(b"abc").hexdigest())
        for sha256, path in stage(tmp_path, b"stray").items():
            store.objects.put(sha256, path)
        problems = {(problem.code, problem.subject) for problem in store.check()}
        assert problems == {
            ("object-missing", "one"),
            ("object-orphan", hashlib.sha256(b"stray").hexdigest()),
        }

    def test_recovering_a_healthy_store_does_nothing(self, store: Store) -> None:
        """`recover` finds nobody dead and leaves a writer at work alone."""
        put(store, make_record("one", b"abc"), b"abc")
        assert store.recover() == 0
        with store.transaction() as txn:
            staged = stage(txn.folder, b"def")
            assert store.recover() == 0
            store.commit(txn, [make_record("two", b"def")], staged)
        assert sorted(read_objects(store).values()) == [b"abc", b"def"]


def _asset(sha256: str) -> Asset:
    return Asset(media_type="text/plain", members=(Member(name="x", sha256=sha256, size=1),))
