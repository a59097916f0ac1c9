"""What encoding gives: an asset still lying in a folder, and the names of its formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.model.data import Boreholes, Document, Mesh, Series
from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Asset, Member

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
ZARR = "application/vnd.zarr; version=3"
PARQUET = "application/vnd.apache.parquet"
GLB = "model/gltf-binary"
TEXT = "text/plain; charset=utf-8"

GRIDDED = frozenset({COG, ZARR})
"""Media types of gridded data of whatever kind."""

NOTE = "craton"
"""Key under which a file keeps what its format has no place for, as JSON."""

Labelled = xr.Dataset | gpd.GeoDataFrame | pd.DataFrame | Boreholes | Series | Mesh | Document
"""What `decode` gives."""

Locate = Callable[[Member], Path]
"""Gives the local path of a stored object; its name says nothing about the content."""


@dataclass(frozen=True)
class EncodedAsset:
    """An asset on its way into the store.

    Parameters
    ----------
    media_type : str
        As in the `Asset` it becomes.
    roles : tuple of str
        STAC roles.
    members : dict of str to Path
        File of each member, by the member's name within the asset.
    """

    media_type: str
    roles: tuple[str, ...]
    members: dict[str, Path]


def data_asset(media_type: str, members: Mapping[str, Path]) -> EncodedAsset:
    """Asset of role `data` with `members` in the order of their names."""
    return EncodedAsset(media_type, ("data",), dict(sorted(members.items())))


def asset_of(assets: Mapping[str, Asset], name: str = "data") -> Asset:
    """Asset called `name`, or `NotFoundError` telling which ones there are."""
    if name not in assets:
        known = ", ".join(sorted(assets)) or "none"
        raise NotFoundError(f"the dataset has no asset {name!r}; its assets: {known}")
    return assets[name]


def only_member(asset: Asset) -> Member:
    """Member of a single-file asset."""
    if len(asset.members) != 1:
        raise InvalidError(f"an asset of one file was expected, this one has {len(asset.members)}")
    return asset.members[0]


def plain(value: Any) -> Any:
    """Turn an attribute into what JSON can hold: numbers, text, lists and objects; the rest as text."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def to_json(value: Any) -> str:
    """Give compact JSON text, the same for the same content."""
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)
