"""Stores other than the node's own folder: PostgreSQL catalogues and S3 objects, by setting."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from urllib.parse import urlsplit

from craton.cli.settings import StoreSettings
from craton.model.errors import SettingError
from craton.store.catalogue import Catalogue
from craton.store.objects import Objects
from craton.store.store import CATALOGUE, OBJECTS, STAGING, Store

CACHE = "cache"


def open_backends(folder: Path, settings: StoreSettings, *, create: bool = False) -> Store:
    """Store on the back ends that `settings` name; staging and cache stay in the node's folder."""
    (folder / STAGING).mkdir(exist_ok=True)
    return Store(
        _catalogue(folder, settings.catalogue, create=create),
        _objects(folder, settings),
        folder / STAGING,
        owner=_owner(folder) if settings.catalogue else "",
    )


def _catalogue(folder: Path, address: str, *, create: bool) -> Catalogue:
    if not address:
        from craton.store.sqlite import SqliteCatalogue

        path = folder / CATALOGUE
        return SqliteCatalogue(path, create=create or not path.exists())
    if urlsplit(address).scheme not in {"postgresql", "postgres"}:
        raise SettingError(f"store.catalogue must start with postgresql://, not {urlsplit(address).scheme!r}")
    from craton.store.postgres import PostgresCatalogue

    return PostgresCatalogue(address, create=create)


def _objects(folder: Path, settings: StoreSettings) -> Objects:
    if not settings.objects:
        from craton.store.local import LocalObjects

        (folder / OBJECTS).mkdir(exist_ok=True)
        return LocalObjects(folder / OBJECTS)
    place = urlsplit(settings.objects)
    if place.scheme != "s3" or not place.netloc:
        raise SettingError(f"store.objects must look like s3://bucket/prefix, not {settings.objects!r}")
    from craton.store.s3 import S3Objects

    return S3Objects(
        place.netloc,
        prefix=place.path,
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key_id,
        secret_key=settings.s3_secret_access_key,
        cache=folder / CACHE,
    )


def _owner(folder: Path) -> str:
    """Name of this node's folder on this machine among all that share one catalogue."""
    return hashlib.sha256(f"{platform.node()}\0{folder.resolve()}".encode()).hexdigest()[:12]
