"""Export: the formats a dataset can be written in for its user, and writing them whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd
import xarray as xr

from craton.model.data import Boreholes, Mesh
from craton.model.errors import InvalidError, StorageError
from craton.model.record import Asset, Kind, Member
from craton.store.codec_asset import COG, ZARR, Labelled, Locate, asset_of, only_member, to_json
from craton.store.codec_columns import unique_names
from craton.store.codec_export_bands import write_bands
from craton.store.codec_export_exchange import (
    HOLE_WRITERS,
    MESH_WRITERS,
    SHAPE_WRITERS,
    VOLUME_WRITERS,
)
from craton.store.codec_export_mesh import stored_crs
from craton.store.codec_export_table import TABLE_WRITERS, write_csv, write_layers
from craton.store.codec_table import copy_plain, decode_table
from craton.store.codec_zarr import write_zarr
from craton.store.grid_flags import as_convention


@dataclass(frozen=True)
class Stored:
    """A dataset as it lies in the store; `read` decodes it."""

    kind: Kind
    assets: Mapping[str, Asset]
    locate: Locate
    read: Callable[[], Labelled]

    @property
    def path(self) -> Path:
        """File of the only member of the data."""
        return self.locate(only_member(asset_of(self.assets)))

    @property
    def members(self) -> tuple[Member, ...]:
        """Members of the data."""
        return asset_of(self.assets).members


Writer = Callable[[Stored, Path], None]


def write(stored: Stored, target: Path, *, overwrite: bool) -> Path:
    """Write `stored` to `target` (see `craton.store.codec.export`)."""
    writer = writer_for(stored, target)
    return write_whole(target, partial(writer, stored), overwrite=overwrite)


def write_whole(target: Path, writer: Callable[[Path], None], *, overwrite: bool) -> Path:
    """Let `writer` make `target`, which appears whole or not at all."""
    if not overwrite:
        _refuse_existing(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".craton-", dir=target.parent) as folder:
            made = Path(folder, "made")
            made.mkdir()
            writer(made / target.name)
            _publish(made, target, overwrite=overwrite)
    except OSError as error:
        raise StorageError(f"{target} cannot be written ({error})") from error
    return target


def _publish(made: Path, target: Path, *, overwrite: bool) -> None:
    """Move what was made beside or to `target`, the file of that name last."""
    files = sorted(made.iterdir(), key=lambda path: (path.name == target.name, path.name))
    places = [(path, target.parent / path.name) for path in files]
    for path, place in places:
        if not overwrite:
            _refuse_existing(place)
        elif place.is_dir() != path.is_dir() and place.exists():
            raise InvalidError(f"{place} is in the way", hint="choose another name")
        elif place.is_dir():
            _refuse_foreign(place)
    for path, place in places:
        if place.is_dir():
            place.rename(made.parent / f"replaced-{place.name}")
        path.replace(place)


def _refuse_existing(place: Path) -> None:
    if place.exists():
        raise InvalidError(f"{place} exists", hint="choose another name, or allow it to be overwritten")


def _refuse_foreign(place: Path) -> None:
    """Refuse to replace a folder that is neither a Zarr store nor a folder of Parquet files."""
    files = [path for path in place.rglob("*") if path.is_file()]
    if not (place / "zarr.json").is_file() and any(path.suffix != ".parquet" for path in files):
        raise InvalidError(f"{place} holds more than an export", hint="choose another folder")


def writer_for(stored: Stored, target: Path) -> Writer:
    """Writer of the format that the name of `target` asks for."""
    writers = _writers(stored)
    name = target.name.lower()
    suffixes = sorted((suffix for suffix in writers if suffix), key=len, reverse=True)
    chosen = next((suffix for suffix in suffixes if name.endswith(suffix)), None)
    if chosen is None and "" in writers and not target.suffix:
        chosen = ""
    if chosen is None:
        allowed = ", ".join(suffix or "a folder (no suffix)" for suffix in writers) or "nothing"
        asked = repr(target.suffix) if target.suffix else "a folder"
        raise InvalidError(
            f"this {stored.kind} cannot be written as {asked}; it can be written as {allowed}",
            hint=_several_hint(stored, name),
        )
    return writers[chosen]


def _several_hint(stored: Stored, name: str) -> str:
    """Advice where one table was asked for and there are several."""
    if stored.kind not in SEVERAL or not name.endswith((".csv", ".parquet")):
        return ""
    suffix = Path(name).suffix
    return f"it is {len(stored.members)} tables; {suffix}.zip or a folder (no suffix) holds them all"


def suffixes_of(stored: Stored) -> tuple[str, ...]:
    """Suffixes that `write` takes; the empty one stands for a folder."""
    return tuple(_writers(stored))


def _writers(stored: Stored) -> Mapping[str, Writer]:
    if stored.kind == "document" or "data" not in stored.assets:
        return _original_writers(stored)
    if stored.kind in SEVERAL and len(stored.members) == 1:
        return {**WRITERS["table"], **FOLDER_WRITERS}
    gridded = GRID_WRITERS.get(asset_of(stored.assets).media_type)
    if gridded is not None and stored.kind == "volume":
        return {**gridded, **EXCHANGE_WRITERS["volume"]}
    return gridded or {**WRITERS.get(stored.kind, {}), **EXCHANGE_WRITERS.get(stored.kind, {})}


def _copy(stored: Stored, target: Path) -> None:
    shutil.copyfile(stored.path, target)


def _netcdf(stored: Stored, target: Path) -> None:
    """NetCDF 4 with CF attributes, compressed, written chunk by chunk."""
    dataset = cast("xr.Dataset", stored.read())
    names = unique_names([str(name).replace("/", "_") for name in dataset.variables])
    renamed = dataset.rename_vars(dict(zip(dataset.variables, names, strict=True)))
    renamed.attrs = _netcdf_attributes(renamed.attrs)
    for variable in renamed.variables.values():
        variable.attrs = as_convention(_netcdf_attributes(variable.attrs), variable.dtype)
    numbers = [name for name, array in renamed.data_vars.items() if array.ndim and array.dtype.kind in "iuf"]
    try:
        renamed.to_netcdf(
            target, engine="netcdf4", encoding={name: {"zlib": True, "complevel": 4} for name in numbers}
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidError(f"the grid does not fit NetCDF ({error})", hint="use .zarr") from error


def _netcdf_attributes(attributes: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: _netcdf_attribute(value) for key, value in attributes.items()}


def _netcdf_attribute(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    flat = isinstance(value, list) and len({type(item) for item in value} & {str, int, float}) == 1
    return value if flat or isinstance(value, str | int | float) else to_json(value)


def _zarr(stored: Stored, target: Path) -> None:
    dataset = cast("xr.Dataset", stored.read())
    write_zarr(dataset, target, str(dataset.attrs.get("crs", "")))


def _members(stored: Stored, target: Path) -> None:
    """Copy each member to its name below the folder `target`."""
    for member in stored.members:
        place = target / member.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stored.locate(member), place)


def _table_folder(stored: Stored, target: Path) -> None:
    """Write each table as Parquet below the folder `target`."""
    for member in stored.members:
        place = target / member.name
        place.parent.mkdir(parents=True, exist_ok=True)
        copy_plain(stored.locate(member), place)


def _parquet_zip(stored: Stored, target: Path) -> None:
    _zipped(stored, target, copy_plain, ".parquet")


def _csv_zip(stored: Stored, target: Path) -> None:
    _zipped(stored, target, lambda source, place: write_csv(decode_table(source), place), ".csv")


def _zipped(stored: Stored, target: Path, writer: Callable[[Path, Path], None], suffix: str) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in stored.members:
            name = str(Path(member.name).with_suffix("")) + suffix
            place = target.with_name("member")
            writer(stored.locate(member), place)
            archive.write(place, name)
            place.unlink()


def _layers(stored: Stored, target: Path) -> None:
    tables: dict[str, pd.DataFrame] = {
        member.name.removesuffix(".parquet").replace("/", "_"): decode_table(stored.locate(member))
        for member in stored.members
    }
    write_layers(tables, target)


def _original_writers(stored: Stored) -> dict[str, Writer]:
    """The file that was made or the original under its own suffix, and the text found in it."""
    made = [asset for name, asset in stored.assets.items() if name == "data"]
    originals = made or [asset for asset in stored.assets.values() if "source" in asset.roles]
    members = [asset.members[0] for asset in originals if len(asset.members) == 1]
    writers = {Path(member.name).suffix.lower(): partial(_copy_member, member) for member in members[:1]}
    if "text" in stored.assets:
        writers.setdefault(".txt", partial(_copy_member, only_member(stored.assets["text"])))
    return dict(writers)


def _copy_member(member: Member, stored: Stored, target: Path) -> None:
    shutil.copyfile(stored.locate(member), target)


def _table_writer(writer: Callable[[pd.DataFrame, Path], None]) -> Writer:
    return lambda stored, target: writer(decode_table(stored.path), target)


def _bands(stored: Stored, target: Path) -> None:
    write_bands(cast("xr.Dataset", stored.read()), target)


def _volume_writer(writer: Callable[[xr.Dataset, Path], None]) -> Writer:
    return lambda stored, target: writer(cast("xr.Dataset", stored.read()), target)


def _mesh_writer(writer: Callable[[Mesh, str, Path], None]) -> Writer:
    return lambda stored, target: writer(cast("Mesh", stored.read()), stored_crs(stored.path), target)


def _hole_writer(writer: Callable[[Boreholes, Path], None]) -> Writer:
    return lambda stored, target: writer(cast("Boreholes", stored.read()), target)


def _parts(stored: Stored, target: Path) -> None:
    """Write the attributes of the parts of a mesh as CSV."""
    write_csv(decode_table(stored.locate(only_member(asset_of(stored.assets, "parts")))), target)


GRID_WRITERS: dict[str, dict[str, Writer]] = {
    COG: {".tif": _copy, ".tiff": _copy, ".nc": _netcdf, ".zarr": _zarr},
    ZARR: {".zarr": _members, ".nc": _netcdf, ".tif": _bands, ".tiff": _bands},
}
"""Formats of gridded data by media type."""

FOLDER_WRITERS: dict[str, Writer] = {
    "": _table_folder,
    ".parquet.zip": _parquet_zip,
    ".csv.zip": _csv_zip,
    ".zip": _csv_zip,
    ".gpkg": _layers,
}
WRITERS: dict[Kind, dict[str, Writer]] = {
    "table": {
        ".parquet": lambda stored, target: copy_plain(stored.path, target),
        **{suffix: _table_writer(writer) for suffix, writer in TABLE_WRITERS.items()},
    },
    "boreholes": FOLDER_WRITERS,
    "series": FOLDER_WRITERS,
    "mesh": {".glb": _copy, ".csv": _parts},
}
"""Formats of other data by kind; those of a document depend on its assets."""

EXCHANGE_WRITERS: dict[Kind, dict[str, Writer]] = {
    "volume": {suffix: _volume_writer(writer) for suffix, writer in VOLUME_WRITERS.items()},
    "mesh": {suffix: _mesh_writer(writer) for suffix, writer in MESH_WRITERS.items()},
    "boreholes": {suffix: _hole_writer(writer) for suffix, writer in HOLE_WRITERS.items()},
    "table": {suffix: _table_writer(writer) for suffix, writer in SHAPE_WRITERS.items()},
}
"""Formats that programs of modelling exchange, beside those of `GRID_WRITERS` and `WRITERS`."""

SEVERAL: frozenset[Kind] = frozenset({"boreholes", "series"})
"""Kinds of several tables; one that has but one is written as any table is."""
