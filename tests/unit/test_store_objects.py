"""Objects: in a folder, in a bucket."""

import hashlib
import os
import time

import obstore
import pytest
from obstore.store import S3Store

from craton.model.errors import StorageError
from craton.store import s3
from craton.store.local import LocalObjects
from craton.store.objects import hash_file, object_hash
from craton.store.s3 import S3Objects
from craton.store.testing import stage

ABC = hashlib.sha256(b"abc").hexdigest()


@pytest.fixture
def local(tmp_path):
    """Objects in a folder."""
    return LocalObjects(tmp_path / "objects")


@pytest.fixture
def bucket(tmp_path, s3_endpoint, s3_bucket):
    """Objects in a bucket, with a cache of 10 bytes."""
    return S3Objects(s3_bucket, **keys(s3_endpoint), cache=tmp_path / "cache", cache_bytes=10)


def keys(endpoint):
    """Arguments for the test server."""
    return {"endpoint": endpoint, "access_key": "test", "secret_key": "test"}


def fill(objects, folder, *contents):
    """Put `contents`; their hashes."""
    staged = stage(folder, *contents)
    for sha256, path in staged.items():
        objects.put(sha256, path)
    return list(staged)


def test_hash_file(tmp_path):
    """The hash is SHA-256 in hexadecimal (FIPS 180-2, appendix B.1), the size in bytes."""
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_file(tmp_path / "abc") == (expected, 3)


def test_a_file_is_moved_and_made_read_only(local, tmp_path):
    """The staged file is gone, its object stands under its hash and cannot be written to."""
    fill(local, tmp_path, b"abc")
    path = local.path(ABC)
    assert path.relative_to(local.folder).as_posix() == f"{ABC[:2]}/{ABC[2:]}"
    assert path.stat().st_mode & 0o777 == 0o444
    assert not (tmp_path / ABC).exists()


def test_an_object_is_never_replaced_but_a_wreck_is(local, tmp_path):
    """Putting again keeps the file that is there, unless a disk failure left it with another size."""
    fill(local, tmp_path, b"abc")
    inode = local.path(ABC).stat().st_ino
    fill(local, tmp_path, b"abc")
    assert local.path(ABC).stat().st_ino == inode
    local.path(ABC).chmod(0o644)
    local.path(ABC).write_bytes(b"")
    fill(local, tmp_path, b"abc")
    assert local.path(ABC).read_bytes() == b"abc"


def test_changed_bytes_are_seen(local, tmp_path):
    """`verify` tells when bytes are no longer those of the name."""
    fill(local, tmp_path, b"abc")
    assert local.verify(ABC)
    local.path(ABC).chmod(0o644)
    local.path(ABC).write_bytes(b"xyz")
    assert not local.verify(ABC)


def test_other_files_are_no_objects(local, tmp_path):
    """Only files named by a hash in the folder of its first byte are listed."""
    fill(local, tmp_path, b"abc")
    for name in ("ab/readme.txt", f"00/{ABC[2:]}x", f"zz/{'0' * 62}"):
        (local.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (local.folder / name).write_bytes(b"")
    assert list(local.list()) == [(ABC, 3)]
    assert object_hash(f"{ABC[:1]}/{ABC[1:]}") is None


def test_a_missing_staged_file_is_told(local, tmp_path):
    """A staged file that is not there is a `StorageError`."""
    with pytest.raises(StorageError, match="No such file"):
        local.put(ABC, tmp_path / "missing")


def test_a_bucket_keeps_the_first_bytes(bucket, tmp_path):
    """An object in the bucket is not replaced, whatever is put under its name."""
    fill(bucket, tmp_path, b"abc")
    (tmp_path / "other").write_bytes(b"other")
    bucket.put(ABC, tmp_path / "other")
    # Another writer may have been faster after we looked.
    (tmp_path / "later").write_bytes(b"later")
    bucket._send(f"{ABC[:2]}/{ABC[2:]}", tmp_path / "later", 5)
    with bucket.open(ABC) as file:
        assert file.read() == b"abc"


def test_a_large_file_goes_in_pieces(bucket, tmp_path, monkeypatch):
    """Multipart sending and piecewise reading keep every byte; reading can start anywhere."""
    monkeypatch.setattr(s3, "SINGLE_BYTES", 1000)
    data = os.urandom(9 * 2**20)
    (sha256,) = fill(bucket, tmp_path, data)
    assert bucket.size(sha256) == len(data)
    assert bucket.verify(sha256)
    with bucket.open(sha256) as file:
        file.seek(-5, os.SEEK_END)
        assert file.read() == data[-5:]
        assert file.seek(2**20) == 2**20
        assert file.read(100) == data[2**20 : 2**20 + 100]


def test_the_cache_is_bounded(bucket, tmp_path, monkeypatch):
    """Copies used longest ago go when the cache is over its size; one just used stays."""
    hashes = fill(bucket, tmp_path, b"aaaa", b"bbbb", b"cccc", b"dddd")
    paths = [bucket.path(sha256) for sha256 in hashes[:3]]
    assert all(path.exists() for path in paths)
    now = time.time()
    for age, path in zip((5000, 3000, 4000), paths, strict=True):
        os.utime(path, (now - age, now - age))
    bucket.path(hashes[0])
    last = bucket.path(hashes[3])
    assert [path.exists() for path in paths] == [True, False, False]
    assert last.read_bytes() == b"dddd"
    assert bucket.path(hashes[1]).read_bytes() == b"bbbb"


def test_other_bytes_from_the_bucket_are_refused(bucket, tmp_path, s3_endpoint, s3_bucket):
    """A download whose hash is not its name raises `StorageError` and leaves no copy."""
    fill(bucket, tmp_path, b"abc")
    store = S3Store(
        s3_bucket,
        endpoint=s3_endpoint,
        access_key_id="test",
        secret_access_key="test",
        client_options={"allow_http": True},
    )
    obstore.put(store, f"{ABC[:2]}/{ABC[2:]}", b"bad")
    assert not bucket.verify(ABC)
    with pytest.raises(StorageError, match="other bytes"):
        bucket.path(ABC)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_without_a_cache_there_is_no_path(tmp_path, s3_endpoint, s3_bucket):
    """Without a cache folder the object has an address only."""
    objects = S3Objects(s3_bucket, **keys(s3_endpoint))
    fill(objects, tmp_path, b"abc")
    assert objects.path(ABC) is None
    assert objects.url(ABC).startswith(f"{s3_endpoint}/{s3_bucket}/{ABC[:2]}/{ABC[2:]}?")


def test_a_missing_bucket_is_told(tmp_path, s3_endpoint):
    """A bucket that does not exist is a `StorageError` with advice."""
    objects = S3Objects("no-such-bucket", **keys(s3_endpoint))
    with pytest.raises(StorageError, match="bucket"):
        fill(objects, tmp_path, b"abc")


def test_the_environment_is_not_read(tmp_path, s3_endpoint, s3_bucket, monkeypatch):
    """Settings come as arguments only: what AWS tools read from the environment has no effect."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "other")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    objects = S3Objects(s3_bucket, **keys(s3_endpoint))
    fill(objects, tmp_path, b"abc")
    assert objects.exists(ABC)
    assert "Credential=test%2F" in objects.url(ABC)
    assert "Token" not in objects.url(ABC)
