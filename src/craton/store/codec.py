"""The codec: labelled data to cloud-optimised files, and back without loading more than is asked for.

| data | files |
|---|---|
| raster file, map on regular axes | one COG |
| any other grid, volume | Zarr 3, a member a file |
| table | one GeoParquet 1.1 |
| boreholes, series | a Parquet file a table |
| mesh | one binary glTF, and the asset `parts`, one Parquet |
| document | the asset `text` where text was found; the file itself where a process made it |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import xarray as xr

from craton.model.data import Boreholes, Data, Document, Mesh, RasterFile, Series, TableStream
from craton.model.errors import InvalidError, NotFoundError
from craton.model.pack_text import MEDIA_TYPE
from craton.model.record import Asset, Kind
from craton.store.codec_asset import (
    COG,
    GRIDDED,
    PARQUET,
    TEXT,
    EncodedAsset,
    Labelled,
    Locate,
    asset_of,
    data_asset,
    only_member,
)
from craton.store.codec_boreholes import decode_boreholes, decode_series, encode_boreholes, encode_series
from craton.store.codec_cog import encode_raster
from craton.store.codec_export import Stored, suffixes_of, write, write_whole
from craton.store.codec_grid import decode_grid, encode_grid
from craton.store.codec_mesh import decode_mesh, encode_mesh
from craton.store.codec_table import Tabular, decode_table, encode_table

__all__ = [
    "EncodedAsset",
    "Labelled",
    "Locate",
    "decode",
    "encode",
    "export",
    "suffixes",
    "write_whole",
]


def encode(data: Data, kind: Kind, folder: Path, *, crs: str = "") -> dict[str, EncodedAsset]:
    """Write `data` as cloud-optimised files below `folder`; the same data gives the same bytes.

    Parameters
    ----------
    data : labelled data
        As a reader or a process gives it; a raster file or a stream is never in memory as a whole.
    kind : str
        Kind of the dataset; the form of `data` decides about the files.
    folder : Path
        An empty folder; the files are to be moved away or left to the caller.
    crs : str
        Authority code or WKT; empty takes the one the data carries.

    Returns
    -------
    dict of str to EncodedAsset
        By asset name, `data` first. Roles follow STAC.

    Raises
    ------
    InvalidError
        If `data` breaks the conventions of `craton.model.data`.
    """
    for form, encoder in ENCODERS:
        if isinstance(data, form):
            return encoder(data, folder, crs)
    raise InvalidError(f"{type(data).__name__} is no labelled data of kind {kind!r}")


def _encode_raster(data: RasterFile, folder: Path, crs: str) -> dict[str, EncodedAsset]:
    return {"data": data_asset(COG, {"data.tif": encode_raster(data, folder, crs)})}


def _encode_grid(data: xr.Dataset, folder: Path, crs: str) -> dict[str, EncodedAsset]:
    return {"data": encode_grid(data, folder, crs)}


def _encode_table(data: Tabular, folder: Path, crs: str) -> dict[str, EncodedAsset]:
    return {"data": data_asset(PARQUET, {"data.parquet": encode_table(data, folder / "data.parquet", crs)})}


def _encode_boreholes(data: Boreholes, folder: Path, crs: str) -> dict[str, EncodedAsset]:
    return {"data": encode_boreholes(data, folder, crs)}


def _encode_series(data: Series, folder: Path, crs: str) -> dict[str, EncodedAsset]:
    return {"data": encode_series(data, folder, crs)}


def _encode_document(data: Document, folder: Path, _crs: str) -> dict[str, EncodedAsset]:
    assets: dict[str, EncodedAsset] = {}
    if data.content:
        path = folder / f"data{FILE_SUFFIXES.get(data.media_type, '.bin')}"
        path.write_bytes(data.content)
        assets["data"] = data_asset(data.media_type, {path.name: path})
    if data.text:
        path = folder / "text.txt"
        path.write_text(data.text, encoding="utf-8", errors="replace", newline="")
        assets["text"] = EncodedAsset(TEXT, ("metadata",), {"text.txt": path})
    return assets


FILE_SUFFIXES = {
    "image/png": ".png", "application/pdf": ".pdf", "text/html": ".html", MEDIA_TYPE: ".json",
}  # fmt: skip
"""Suffixes of files that processes make, by media type; any other is `.bin`."""


ENCODERS: tuple[tuple[type | tuple[type, ...], Callable[..., dict[str, EncodedAsset]]], ...] = (
    (RasterFile, _encode_raster),
    (xr.Dataset, _encode_grid),
    ((pd.DataFrame, pa.Table, TableStream), _encode_table),
    (Boreholes, _encode_boreholes),
    (Series, _encode_series),
    (Mesh, encode_mesh),
    (Document, _encode_document),
)


def decode(kind: Kind, assets: Mapping[str, Asset], locate: Locate) -> Labelled:
    """Labelled data of a dataset's assets; grids are lazy and read their files when computed.

    Parameters
    ----------
    kind : str
        Kind of the dataset.
    assets : mapping of str to Asset
        Assets of its record.
    locate : callable
        Gives the local path of a member. Lazy data asks it later too.

    Returns
    -------
    labelled data
        As encoded: rows of tables and axes of grids in the order of the source,
        the reference system in `attrs["crs"]` and `spatial_ref`, or in `.crs`.

    Raises
    ------
    NotFoundError
        If the assets have no data of that kind.
    """
    data = assets.get("data")
    if data is not None and data.media_type in GRIDDED:
        return decode_grid(data, locate)
    return DECODERS[kind](assets, locate)


def _decode_grid(assets: Mapping[str, Asset], _locate: Locate) -> xr.Dataset:
    media_type = asset_of(assets).media_type
    raise InvalidError(f"a grid is stored as COG or Zarr, not as {media_type}")


def _decode_table(assets: Mapping[str, Asset], locate: Locate) -> pd.DataFrame:
    return decode_table(locate(only_member(asset_of(assets))))


def _decode_boreholes(assets: Mapping[str, Asset], locate: Locate) -> Boreholes:
    return decode_boreholes(asset_of(assets), locate)


def _decode_series(assets: Mapping[str, Asset], locate: Locate) -> Series:
    return decode_series(asset_of(assets), locate)


def _decode_mesh(assets: Mapping[str, Asset], locate: Locate) -> Mesh:
    return decode_mesh(asset_of(assets), asset_of(assets, "parts"), locate)


def _decode_document(assets: Mapping[str, Asset], locate: Locate) -> Document:
    made = assets.get("data")
    file = made or next((asset for asset in assets.values() if "source" in asset.roles), None)
    if file is None and "text" not in assets:
        raise NotFoundError("the document has neither its file nor its text")
    text = locate(only_member(assets["text"])).read_bytes().decode("utf-8") if "text" in assets else ""
    content = locate(only_member(made)).read_bytes() if made else b""
    return Document(text=text, media_type=file.media_type if file else TEXT, content=content)


DECODERS: dict[Kind, Callable[[Mapping[str, Asset], Locate], Labelled]] = {
    "grid": _decode_grid,
    "volume": _decode_grid,
    "table": _decode_table,
    "boreholes": _decode_boreholes,
    "series": _decode_series,
    "mesh": _decode_mesh,
    "document": _decode_document,
}


def export(
    kind: Kind, assets: Mapping[str, Asset], locate: Locate, target: Path, *, overwrite: bool = False
) -> Path:
    """Write the dataset to `target` in the format of its suffix.

    Parameters
    ----------
    kind, assets, locate
        As in `decode`.
    target : Path
        File, or folder for formats that are one; its folder is made. It
        appears whole or not at all.
    overwrite : bool
        Whether what is at `target` may be replaced.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    InvalidError
        If the suffix is none that this dataset can be written in (the message
        lists them), the data does not fit the format, or `target` exists.
    """
    return write(_stored(kind, assets, locate), target, overwrite=overwrite)


def suffixes(kind: Kind, assets: Mapping[str, Asset], locate: Locate) -> tuple[str, ...]:
    """Suffixes that `export` takes for the dataset; the empty one stands for a folder."""
    return suffixes_of(_stored(kind, assets, locate))


def _stored(kind: Kind, assets: Mapping[str, Asset], locate: Locate) -> Stored:
    return Stored(kind, assets, locate, partial(decode, kind, assets, locate))
