"""The published store tests, on every backend."""

import re

import pytest

from craton.store.local import LocalObjects
from craton.store.postgres import PostgresCatalogue
from craton.store.s3 import S3Objects
from craton.store.sqlite import SqliteCatalogue
from craton.store.store import Store
from craton.store.testing import StoreTests


class TestSqliteAndFiles(StoreTests):
    """A node's folder as `Store.create` makes it."""

    @pytest.fixture
    def store(self, tmp_path):
        """An empty store."""
        with Store.create(tmp_path / "node") as store:
            yield store


class TestSqliteAndBucket(StoreTests):
    """Catalogue in SQLite, objects in a bucket."""

    @pytest.fixture
    def store(self, tmp_path, s3_endpoint, s3_bucket):
        """An empty store."""
        objects = S3Objects(
            s3_bucket,
            prefix="survey/objects",
            endpoint=s3_endpoint,
            access_key="test",
            secret_key="test",
            cache=tmp_path / "cache",
        )
        catalogue = SqliteCatalogue(tmp_path / "catalogue.sqlite", create=True)
        with Store(catalogue, objects, tmp_path / "staging") as store:
            yield store


class TestPostgresAndFiles(StoreTests):
    """Catalogue in PostgreSQL with PostGIS, objects as files, several machines."""

    @pytest.fixture
    def store(self, tmp_path, postgis_address, request):
        """An empty store."""
        schema = (
            "t_"
            + re.sub("[^a-z0-9]+", "_", request.node.name.lower())[:30]
            + f"_{abs(hash(tmp_path)) % 10**12}"
        )
        catalogue = PostgresCatalogue(postgis_address, schema=schema, create=True)
        with Store(
            catalogue, LocalObjects(tmp_path / "objects"), tmp_path / "staging", owner="host1"
        ) as store:
            yield store
