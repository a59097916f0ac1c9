"""Labelled data as a stored dataset whose features can be asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

from craton.model.data import Data
from craton.model.record import Asset, Kind, Member, Record
from craton.store.codec import encode
from craton.store.feature_index import FeatureIndex, open_features
from craton.store.objects import hash_file
from craton.store.store import Store


def stored(data: Data, kind: Kind, folder: Path, *, crs: str = "", **record: object) -> tuple[Store, Record]:
    """A store in `folder` with one dataset, `data`."""
    store = Store.create(folder)
    with store.transaction() as transaction:
        encoded = encode(data, kind, transaction.folder, crs=crs)
        files, assets = {}, {}
        for name, asset in encoded.items():
            members = []
            for member, path in asset.members.items():
                sha256, size = hash_file(path)
                files[sha256] = path
                members.append(Member(name=member, sha256=sha256, size=size))
            assets[name] = Asset(media_type=asset.media_type, roles=asset.roles, members=tuple(members))
        content = hashlib.sha256("".join(sorted(files)).encode()).hexdigest()
        made = Record(
            id="dataset",
            kind=kind,
            title={"en": "Dataset"},
            crs=crs,
            content=content,
            assets=assets,
            **record,
        )
        store.commit(transaction, [made], files)
    return store, store.get("dataset")


def featured(data: Data, kind: Kind, folder: Path, *, crs: str = "", **record: object) -> FeatureIndex:
    """Features of `data`."""
    return open_features(*stored(data, kind, folder, crs=crs, **record))
