"""Drill holes and series as folders of Parquet files, one file a table."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from craton.model.data import Boreholes, Series
from craton.model.record import Asset
from craton.store.codec_asset import PARQUET, EncodedAsset, Locate, data_asset
from craton.store.codec_columns import to_frame
from craton.store.codec_table import decode_table, encode_table, read_arrow

COLLARS = "collars.parquet"
SURVEYS = "surveys.parquet"
VALUES = "values.parquet"
STATIONS = "stations.parquet"
INTERVALS = "intervals"
CURVES = "curves"

SAFE_KINDS = frozenset("LMN")
"""Unicode's classes of letters, marks (without which no word of the region is whole) and numbers."""

NAME_LENGTH = 60


def encode_boreholes(boreholes: Boreholes, folder: Path, crs: str) -> EncodedAsset:
    """Write collars, surveys, each table of intervals and each log; a table without columns has no member."""
    members = {COLLARS: encode_table(boreholes.collars, folder / COLLARS, crs)}
    if len(boreholes.surveys.columns):
        members[SURVEYS] = encode_table(boreholes.surveys, folder / SURVEYS)
    for group, tables in ((INTERVALS, boreholes.intervals), (CURVES, boreholes.curves)):
        (folder / group).mkdir(exist_ok=True)
        for name, table in tables.items():
            member = f"{group}/{safe_name(name)}.parquet"
            members[member] = encode_table(table, folder / member, note={"table": name})
    return data_asset(PARQUET, members)


def safe_name(name: str) -> str:
    """`name` as a file name on any system; two names never give the same, not even where case is ignored."""
    kept = (c if unicodedata.category(c)[0] in SAFE_KINDS or c in "_-." else "_" for c in name)
    safe = "".join(kept)[:NAME_LENGTH].strip("._")
    if safe and safe == name == name.lower():
        return safe
    return f"{safe}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def decode_boreholes(asset: Asset, locate: Locate) -> Boreholes:
    """Drill holes of the members of `asset`."""
    paths = _paths(asset, locate)
    return Boreholes(
        collars=_located(decode_table(paths[COLLARS])),
        surveys=decode_table(paths[SURVEYS]) if SURVEYS in paths else pd.DataFrame(),
        intervals=dict(_tables(paths, INTERVALS)),
        curves=dict(_tables(paths, CURVES)),
    )


def _paths(asset: Asset, locate: Locate) -> dict[str, Path]:
    return {member.name: locate(member) for member in asset.members}


def _located(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    return frame if isinstance(frame, gpd.GeoDataFrame) else gpd.GeoDataFrame(frame)


def _tables(paths: Mapping[str, Path], group: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and content of each table of `group`."""
    for member, path in paths.items():
        if member.startswith(f"{group}/"):
            table, geometries, note = read_arrow(path)
            yield note["table"], to_frame(table, geometries, note)


def encode_series(series: Series, folder: Path, crs: str) -> EncodedAsset:
    """Write the values, and the stations where there are any."""
    members = {VALUES: encode_table(series.values, folder / VALUES)}
    if series.stations is not None:
        members[STATIONS] = encode_table(series.stations, folder / STATIONS, crs)
    return data_asset(PARQUET, members)


def decode_series(asset: Asset, locate: Locate) -> Series:
    """Series of the members of `asset`."""
    paths = _paths(asset, locate)
    stations = _located(decode_table(paths[STATIONS])) if STATIONS in paths else None
    return Series(values=decode_table(paths[VALUES]), stations=stations)
