"""Tables for users: GeoPackage, GeoJSON, shapefile and CSV."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj.exceptions import ProjError

from craton.model.errors import InvalidError
from craton.store.codec_columns import is_missing, jsonable, unique_names

FAILURES = (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError)

DBF_NAME_BYTES = 10
DBF_TEXT_BYTES = 254

WGS84 = "EPSG:4326"

GEOMETRY_FAMILIES = {
    0: "points",
    1: "lines",
    2: "lines",
    3: "polygons",
    4: "multipoints",
    5: "lines",
    6: "polygons",
}
"""What a shapefile keeps apart, by GEOS type; a collection is none of them."""


def write_csv(frame: pd.DataFrame, target: Path) -> None:
    """Write `frame` as CSV: UTF-8, commas, lines ended by LF, quotes where needed, missing values empty.

    Points become two columns (three with heights) named by their axes, other
    geometries WKT. Values are written exactly as they are: nothing is put
    before a text that begins with `=`, `+`, `-` or `@`, so a spreadsheet should
    import the file with its columns as text rather than open it.
    """
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        frame = _flat(frame)
    text = pd.DataFrame(
        {place: _csv_column(frame.iloc[:, place]) for place in range(frame.shape[1])}, index=frame.index
    )
    text.columns = [str(name) for name in frame.columns]
    text.to_csv(target, index=False, encoding="utf-8", lineterminator="\n")


def _csv_column(values: pd.Series[Any]) -> pd.Series[Any]:
    if values.dtype.kind == "O":
        return values.map(
            lambda value: _as_text(value) if isinstance(value, list | dict | tuple | np.ndarray) else value
        )
    return values


def _flat(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """`frame` with its geometries as numbers or WKT."""
    place = frame.columns.get_loc(frame.active_geometry_name)
    plain = pd.DataFrame(frame.drop(columns=frame.active_geometry_name))
    taken = {str(name) for name in plain.columns}
    columns = _point_columns(frame.geometry)
    free = {name if name not in taken else f"geometry_{name}": values for name, values in columns.items()}
    for offset, (name, values) in enumerate(free.items()):
        plain.insert(place + offset, name, values)
    for name in plain.columns[plain.dtypes == "geometry"]:
        plain[name] = shapely.to_wkt(plain[name].to_numpy(), rounding_precision=-1)
    return plain


def _point_columns(geometry: gpd.GeoSeries) -> dict[str, Any]:
    present = geometry[geometry.notna()]
    if not (present.geom_type == "Point").all() or not len(present):
        return {"geometry": shapely.to_wkt(geometry.to_numpy(), rounding_precision=-1)}
    geographic = geometry.crs is not None and geometry.crs.is_geographic
    names = ("longitude", "latitude") if geographic else ("easting", "northing")
    places = geometry.to_numpy()
    columns = {names[0]: shapely.get_x(places), names[1]: shapely.get_y(places)}
    return {**columns, "upward": shapely.get_z(places)} if present.has_z.any() else columns


def _as_text(value: Any) -> str | None:
    if is_missing(value):
        return None
    return value if isinstance(value, str) else json.dumps(value, default=jsonable, ensure_ascii=False)


def write_geojson(frame: pd.DataFrame, target: Path) -> None:
    """Write `frame` as GeoJSON (RFC 7946): longitude and latitude in WGS 84, whatever system it is in."""
    located = _located(frame, ".geojson")
    if located.crs is None:
        raise InvalidError(
            "GeoJSON is in WGS 84, and this table has no reference system", hint="use .gpkg or .csv"
        )
    try:
        geographic = located.to_crs(WGS84)
    except ProjError as error:
        raise InvalidError(f"the reference system leads to no WGS 84 ({error})", hint="use .gpkg") from error
    _ogr(geographic, target, "GeoJSON", layer_options={"RFC7946": "YES"})


def write_shapefile(frame: pd.DataFrame, target: Path) -> None:
    """Write `frame` as a shapefile in UTF-8; names are cut to ten bytes and told apart by numbers."""
    located = _located(frame, ".shp")
    types = located.geometry.dropna().geom_type.map({n: i for i, n in enumerate(GEOS_TYPES)})
    families = {GEOMETRY_FAMILIES.get(kind, "collections") for kind in types.unique()}
    if len(families) > 1 or "collections" in families:
        found = ", ".join(sorted(families))
        raise InvalidError(
            f"a shapefile holds one kind of geometry, this table has {found}", hint="use .gpkg"
        )
    _check_lengths(located)
    attributes = [str(name) for name in located.columns if name != located.active_geometry_name]
    short = iter(_short_names(attributes))
    names = {name: name if name == located.active_geometry_name else next(short) for name in located.columns}
    _ogr(_dates_as_text(located.rename(columns=names)), target, "ESRI Shapefile", encoding="UTF-8")


GEOS_TYPES = (
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


def _check_lengths(frame: pd.DataFrame) -> None:
    """Refuse texts that dBASE would cut off."""
    for name in frame.columns:
        if frame[name].dtype.kind != "O" or isinstance(frame[name].dtype, gpd.array.GeometryDtype):
            continue
        texts = frame[name].astype(object).map(_as_text).dropna()
        longest = texts.map(lambda text: len(text.encode("utf-8", "replace"))).max()
        if longest > DBF_TEXT_BYTES:
            raise InvalidError(
                f"column {name} holds a text of {longest} bytes, a shapefile takes {DBF_TEXT_BYTES}",
                hint="use .gpkg",
            )


def _short_names(names: list[str]) -> list[str]:
    """`names` in at most `DBF_NAME_BYTES` bytes of UTF-8, unique whatever their case."""
    taken: set[str] = set()
    result = []
    for name in names:
        short, number = _cut(name, DBF_NAME_BYTES), 1
        while short.lower() in taken:
            number += 1
            short = _cut(name, DBF_NAME_BYTES - 1 - len(str(number))) + f"_{number}"
        taken.add(short.lower())
        result.append(short)
    return result


def _cut(name: str, size: int) -> str:
    return name.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def _dates_as_text(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """`frame` with its times as ISO 8601 text, for dBASE has none."""
    times = [name for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)]
    return frame.assign(
        **{name: frame[name].map(lambda time: None if time is pd.NaT else time.isoformat()) for name in times}
    )


def write_geopackage(frame: pd.DataFrame, target: Path) -> None:
    """Write `frame` as a GeoPackage with one layer named after the file."""
    write_layers({target.stem: frame}, target)


def write_layers(frames: Mapping[str, pd.DataFrame], target: Path) -> None:
    """Write each of `frames` as a layer of one GeoPackage."""
    for layer, frame in frames.items():
        geometry = getattr(frame, "active_geometry_name", None)
        attributes = [name for name in frame.columns if name != geometry]
        names = _caseless_names([str(name) for name in attributes])
        renamed = frame.rename(columns=dict(zip(attributes, names, strict=True)))
        taken = {name.lower() for name in names}
        options = {"FID": "fid" if "fid" not in taken else unique_names([*taken, "fid"])[-1]}
        if geometry is not None:
            options["GEOMETRY_NAME"] = str(geometry)
        _ogr(renamed, target, "GPKG", layer=layer, layer_options=options)


def _caseless_names(names: list[str]) -> list[str]:
    taken: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 1
        while unique.lower() in taken:
            number += 1
            unique = f"{name}_{number}"
        taken.add(unique.lower())
        result.append(unique)
    return result


def _located(frame: pd.DataFrame, suffix: str) -> gpd.GeoDataFrame:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise InvalidError(f"the table has no geometry, which {suffix} needs", hint="use .csv or .parquet")
    return frame


def _ogr(frame: pd.DataFrame, target: Path, driver: str, **options: Any) -> None:
    try:
        with warnings.catch_warnings():
            # a table without a reference system is written without one
            warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
            pyogrio.write_dataframe(_with_simple_columns(frame), target, driver=driver, **options)
    except (*FAILURES, ValueError) as error:
        raise InvalidError(
            f"the table does not fit the format {driver} ({error})", hint="use .parquet"
        ) from error


def _with_simple_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with values that GDAL's formats have no type for as JSON text."""
    simple = frame.copy(deep=False)
    for name in simple.columns:
        kind = simple[name].dtype
        if isinstance(kind, gpd.array.GeometryDtype):
            continue
        if isinstance(kind, pd.CategoricalDtype) or kind.kind in "Omc":
            simple[name] = simple[name].astype(object).map(_as_text)
    return simple


TABLE_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".gpkg": write_geopackage,
    ".geojson": write_geojson,
    ".shp": write_shapefile,
    ".csv": write_csv,
}
"""Writers of tables by suffix, beside Parquet."""
