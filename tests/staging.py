"""Encode data and lay it down as a store does, without a store: for tests of the codec."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from craton.model.data import Data
from craton.model.record import Asset, Kind, Member
from craton.store.codec import Labelled, decode, encode, export
from craton.store.codec_asset import EncodedAsset


class Staged(NamedTuple):
    """A dataset as content-addressed objects, whose names say nothing of their formats."""

    kind: Kind
    assets: dict[str, Asset]
    locate: Callable[[Member], Path]

    def read(self) -> Labelled:
        """Decode it."""
        return decode(self.kind, self.assets, self.locate)

    def export(self, target: Path, *, overwrite: bool = False) -> Path:
        """Write it to `target`."""
        return export(self.kind, self.assets, self.locate, target, overwrite=overwrite)

    @property
    def path(self) -> Path:
        """Object of the only member of the data."""
        (member,) = self.assets["data"].members
        return self.locate(member)


def stage(data: Data, kind: Kind, folder: Path, crs: str = "") -> Staged:
    """Encode `data` below `folder` and keep its members as objects named by their hashes."""
    work, objects = folder / "work", folder / "objects"
    work.mkdir(parents=True)
    objects.mkdir()
    encoded = encode(data, kind, work, crs=crs)
    assets = {name: _asset(one, objects) for name, one in encoded.items()}
    shutil.rmtree(work)
    return Staged(kind, assets, lambda member: objects / member.sha256)


def _asset(encoded: EncodedAsset, objects: Path) -> Asset:
    members = tuple(_member(name, path, objects) for name, path in encoded.members.items())
    return Asset(media_type=encoded.media_type, members=members, roles=encoded.roles)


def _member(name: str, path: Path, objects: Path) -> Member:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shutil.copyfile(path, objects / digest)
    return Member(name=name, sha256=digest, size=path.stat().st_size)


def hashes(assets: Mapping[str, Asset]) -> dict[str, str]:
    """Hash of each member, by asset and member name."""
    return {f"{name}/{m.name}": m.sha256 for name, asset in assets.items() for m in asset.members}
