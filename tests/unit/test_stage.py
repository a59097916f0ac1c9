"""Staging: bytes come whole and hashed, archives cannot write elsewhere or explode."""

import gzip
import hashlib
import os
import zipfile

import pytest

from craton.jobs import stage
from craton.model.errors import RefusedError


def test_copy_gives_the_hash_and_size_of_the_bytes(tmp_path):
    """The staged copy and its description agree with an independent hash of the source."""
    source = tmp_path / "a.bin"
    source.write_bytes(os.urandom(3 * stage.CHUNK + 7))
    found = stage.copy_hashed(source, tmp_path / "staged" / "a.bin", "a.bin")
    assert found.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert (tmp_path / "staged" / "a.bin").read_bytes() == source.read_bytes()
    assert found.size == 3 * stage.CHUNK + 7


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    """A named pipe that nobody writes to does not hang the add."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RefusedError) as caught:
        stage.copy_hashed(tmp_path / "pipe", tmp_path / "out", "pipe")
    assert caught.value.code == "unreadable"


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_members_that_would_leave_the_folder_are_left_out(tmp_path):
    """Absolute names, `..`, drive letters, backslashes and links are not written; the rest is."""
    link = zipfile.ZipInfo("link")
    link.external_attr = (0o120777) << 16
    path = make_zip(tmp_path / "tricks.zip", {"good.csv": "a,b\n1,2\n", "../out.csv": "x", "/abs.csv": "x"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("C:/windows.csv", "x")
        archive.writestr("a\\..\\..\\b.csv", "x")
        archive.writestr(link, "/etc/passwd")
    files, skipped = stage.unpack_zip(path, tmp_path / "inside")
    assert [f.name for f in files] == ["good.csv"]
    assert skipped == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["inside", "tricks.zip"]


def test_a_zip_that_declares_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    """An archive whose members add up to more than the limit is refused; nothing is written."""
    monkeypatch.setattr(stage, "UNPACKED_LIMIT", 1 << 20)
    path = make_zip(tmp_path / "bomb.zip", {"zeros": bytes(2 << 20)})
    with pytest.raises(RefusedError) as caught:
        stage.unpack_zip(path, tmp_path / "inside")
    assert caught.value.code == "unsafe-archive"
    assert not (tmp_path / "inside").exists()


def test_a_stream_that_unpacks_out_of_proportion_is_refused(tmp_path, monkeypatch):
    """A .gz beyond the ratio limit is refused while unpacking, whatever its header says."""
    monkeypatch.setattr(stage, "RATIO_LIMIT", 500)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(bytes(100 << 20)))
    with pytest.raises(RefusedError) as caught:
        stage.unpack_stream(path, tmp_path / "inside")
    assert caught.value.code == "unsafe-archive"


def test_an_encrypted_archive_says_so(tmp_path):
    """An archive with the encryption flag set is refused as encrypted, not as corrupt."""
    path = make_zip(tmp_path / "locked.zip", {"a.csv": "a\n1\n"})
    packed = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.find(mark) + offset] |= 1
    path.write_bytes(packed)
    with pytest.raises(RefusedError) as caught:
        stage.unpack_zip(path, tmp_path / "inside")
    assert caught.value.code == "encrypted"


def test_a_broken_stream_is_corrupt(tmp_path):
    """A .gz cut in half is refused as corrupt."""
    path = tmp_path / "half.csv.gz"
    path.write_bytes(gzip.compress(os.urandom(10_000))[:5_000])
    with pytest.raises(RefusedError) as caught:
        stage.unpack_stream(path, tmp_path / "inside")
    assert caught.value.code == "corrupt"
