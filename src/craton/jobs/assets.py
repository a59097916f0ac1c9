"""Encoded files on their way into the store: hashed, named, counted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from craton.model.record import Asset, Member
from craton.store.codec import EncodedAsset


def stage_assets(encoded: Mapping[str, EncodedAsset]) -> tuple[dict[str, Asset], dict[str, str]]:
    """Assets as a record has them, and the file of each member by its hash."""
    assets: dict[str, Asset] = {}
    staged: dict[str, str] = {}
    for name, asset in encoded.items():
        members = tuple(_member(member, path) for member, path in asset.members.items())
        staged |= {m.sha256: str(asset.members[m.name]) for m in members}
        assets[name] = Asset(media_type=asset.media_type, members=members, roles=asset.roles)
    return assets, staged


def _member(name: str, path: Path) -> Member:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    return Member(name=name, sha256=digest.hexdigest(), size=path.stat().st_size)


def content_hash(assets: Mapping[str, Asset]) -> str:
    """SHA-256 over the names and hashes of all members: equal content, equal bytes."""
    lines = sorted(f"{asset}\0{m.name}\0{m.sha256}\n" for asset, a in assets.items() for m in a.members)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
