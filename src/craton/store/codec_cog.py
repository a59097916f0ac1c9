"""Rasters as cloud-optimised GeoTIFF (COG), by GDAL's own driver, and back as lazy arrays.

A COG has its first row in the north and its first column in the west. What it
has no tag for (names of axes, their exact ends, attributes) goes as JSON into
one metadata item, `CRATON`.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import rasterio
import rasterio.shutil
import xarray as xr
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from craton.model.data import Band, RasterFile
from craton.model.errors import InvalidError
from craton.store.codec_asset import NOTE, to_json
from craton.store.codec_axis import Coordinates, read_axis
from craton.store.codec_crs import parse_crs, with_spatial_ref

BLOCK = 512
"""Rows and columns of a tile."""

READ_BLOCKS = 4
"""Tiles on a side of the pieces in which a COG is read lazily."""

ROW_BYTES = 96 << 20
"""Bytes from which a row of such pieces is made of fewer rows of tiles.

Work on neighbouring cells holds up to three rows of pieces.
"""

CACHE_BYTES = 128 << 20
"""GDAL's block cache while it writes; with it the memory does not grow with the raster."""

SLAB_BYTES = 32 << 20
"""Bytes of rows that are copied at a time where GDAL does not copy by itself."""

TILED = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
"""Creation options of a raster that is written in blocks instead of rows."""

PIXEL_BANDS = 4
"""Most bands that are interleaved by pixel, as pictures are; more lie band by band."""

MASKED = frozenset({MaskFlags.nodata, MaskFlags.per_dataset})

DIRECTIONS = frozenset({"aspect", "azimuth", "dip_direction", "strike"})
"""Quantities that are angles around the compass, whose mean as a number says nothing."""

COLOURS = frozenset({ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha})

WRITING = {
    "GDAL_CACHEMAX": CACHE_BYTES,
    "GDAL_NUM_THREADS": "ALL_CPUS",
    # a raster may name overviews or masks elsewhere; the network is never asked for them
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
}

READING = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
"""A stored COG has no companions; a folder of many objects is not searched for them."""

_quiet = threading.Lock()
"""Held while warnings are silenced, for that is done for the whole process."""


def open_quietly(path: Path | str, mode: str = "r", **options: Any) -> DatasetReader:
    """Open a raster, not warning when it has no place on the Earth: that is a finding, not a fault."""
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, mode, **options)


def encode_raster(raster: RasterFile, folder: Path, crs: str = "") -> Path:
    """Copy `raster` into a COG, GDAL reading, tiling and compressing it in a stream.

    Parameters
    ----------
    raster : RasterFile
        Its `bands` are those of the file, in order.
    crs : str
        Reference system; wins over `raster.crs`, which wins over the file's own.

    Raises
    ------
    InvalidError
        If the bands are not those of the file, or GDAL cannot read or write it.
    """
    target = folder / "data.tif"
    try:
        with rasterio.Env(**WRITING):
            annotated = _annotate(raster, folder, crs or raster.crs or "")
            write_cog(annotated.path, target, average=annotated.average)
            annotated.path.unlink()
    except RasterioError as error:
        raise InvalidError(f"the raster cannot be written as a COG ({error.__cause__ or error})") from error
    return target


@dataclass(frozen=True)
class _Annotated:
    """A raster with its final metadata, and whether its overviews may be averages."""

    path: Path
    average: bool


def _annotate(raster: RasterFile, folder: Path, crs: str) -> _Annotated:
    """Put a virtual raster over `raster` (or a copy) that carries names, units, `crs` and nodata."""
    driver = {"driver": raster.driver} if raster.driver else {}
    with open_quietly(raster.path, **driver) as source:
        if source.count != len(raster.bands):
            raise InvalidError(f"{len(raster.bands)} bands were described, the raster has {source.count}")
        average = _is_measured(source, raster.bands)
        if _opens_alike(source):
            path = folder / "annotated.vrt"
            rasterio.shutil.copy(source, path, driver="VRT")
        else:
            path = folder / "annotated.tif"
            _copy_bands(source, path)
    with open_quietly(path, "r+") as annotated:
        _describe(annotated, raster, crs)
    return _Annotated(path, average)


def _opens_alike(source: DatasetReader) -> bool:
    """Whether GDAL, left to choose, opens the file with the driver it was opened with.

    A virtual raster names its file but no driver, so content that also passes
    for another format would be read as that.
    """
    try:
        with open_quietly(source.name) as again:
            return bool(again.driver == source.driver)
    except RasterioError:
        return False


def _copy_bands(source: DatasetReader, path: Path) -> None:
    """Copy the cells of `source` through its open handle."""
    dtype = np.result_type(*(numpy_type(name) for name in source.dtypes))
    profile = stage_profile(source.width, source.height, source.count, dtype.name)
    georeference = {"crs": source.crs, "transform": source.transform, "nodata": source.nodata}
    rows = slab_rows(source.width, dtype.itemsize)
    with open_quietly(path, "w", **profile, **georeference) as staged:
        for band in source.indexes:
            for top in range(0, source.height, rows):
                window = Window(0, top, source.width, min(rows, source.height - top))
                staged.write(source.read(band, window=window), band, window=window)


def stage_profile(width: int, height: int, count: int, dtype: str) -> dict[str, Any]:
    """Creation options of an uncompressed raster that is written in rows and read in tiles."""
    shape = {"width": width, "height": height, "count": count, "dtype": dtype}
    return {"driver": "GTiff", **shape, "interleave": "band", "bigtiff": "IF_SAFER", "sparse_ok": True}


def slab_rows(width: int, item_bytes: int) -> int:
    """Rows, a multiple of `BLOCK`, that take about `SLAB_BYTES`."""
    return max(1, SLAB_BYTES // max(1, width * item_bytes * BLOCK)) * BLOCK


def _describe(annotated: DatasetReader, raster: RasterFile, crs: str) -> None:
    system = rasterio_crs(crs)
    if system is not None and system != annotated.crs:
        annotated.crs = system
    if raster.nodata is not None and _fits(raster.nodata, annotated.dtypes):
        annotated.nodata = raster.nodata
    annotated.descriptions = [band.name for band in raster.bands]
    annotated.units = [band.unit for band in raster.bands]
    note = {
        "crs": crs,
        "bands": [{"name": band.name, "attrs": _band_attributes(band)} for band in raster.bands],
    }
    annotated.update_tags(**{NOTE.upper(): to_json(note)})


def rasterio_crs(crs: str) -> CRS | None:
    """Reference system called `crs` as GDAL has it; None for an empty text."""
    system = parse_crs(crs)
    if system is None:
        return None
    try:
        return CRS.from_user_input(crs)
    except CRSError:
        return CRS.from_wkt(system.to_wkt())


def _fits(nodata: float, dtypes: tuple[str, ...]) -> bool:
    """Whether a cell can hold `nodata` at all; where none can, none is without a value."""
    whole = [np.iinfo(dtype) for name in dtypes if (dtype := numpy_type(name)).kind in "iu"]
    return all(float(nodata).is_integer() and kind.min <= nodata <= kind.max for kind in whole)


def _band_attributes(band: Band) -> dict[str, str]:
    stated = {"units": band.unit, "standard_name": band.quantity, "long_name": band.title}
    return {key: value for key, value in stated.items() if value}


def numpy_type(name: str) -> np.dtype[Any]:
    """Type of number of GDAL's type `name`; complex whole numbers are read as complex fractions."""
    return np.dtype({"complex_int16": "complex64", "complex_int32": "complex64"}.get(name, name))


def _is_measured(source: DatasetReader, bands: tuple[Band, ...]) -> bool:
    """Whether cells may be averaged: fractions, colours, numbers with a unit; not classes or directions."""
    return not any(band.quantity in DIRECTIONS for band in bands) and all(
        numpy_type(dtype).kind in "fc" or band.unit or band.quantity or interpretation in COLOURS
        for dtype, band, interpretation in zip(source.dtypes, bands, source.colorinterp, strict=True)
    )


def write_cog(source: Path, target: Path, *, average: bool) -> None:
    """Let GDAL copy `source` into a COG at `target`: tiles, overviews, compression in all threads."""
    with open_quietly(source) as raster, rasterio.Env(GDAL_PAM_ENABLED="NO"):  # no sidecar: it would be lost
        options = creation_options(raster, average=average)
        rasterio.shutil.copy(raster, target, driver="COG", **options)


def creation_options(raster: DatasetReader, *, average: bool) -> dict[str, Any]:
    """Creation options of the COG driver for `raster`.

    DEFLATE, because every reader of GeoTIFF of the last twenty years knows it.
    """
    complex_cells = any(numpy_type(dtype).kind == "c" for dtype in raster.dtypes)
    by_band = {"interleave": "BAND"} if raster.count > PIXEL_BANDS else {}
    return {
        "compress": "DEFLATE",
        "predictor": "NO" if complex_cells else "YES",
        "blocksize": BLOCK,
        **by_band,
        "overviews": "AUTO",
        "overview_resampling": "AVERAGE" if average else "NEAREST",
        "num_threads": "ALL_CPUS",
        "bigtiff": "IF_SAFER",
    }


@dataclass(frozen=True)
class CogBand:
    """One band of a COG as an array that reads what is asked of it.

    Cells without a value are NaN; the numbers are in the unit of the band
    (scale and offset are applied).
    """

    path: Path
    band: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    scale: float = 1.0
    offset: float = 0.0
    masked: bool = False

    ndim = 2

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray[Any, Any]:
        """Cells of rows and columns `key`, from the north down."""
        top, bottom, _ = key[0].indices(self.shape[0])
        left, right, _ = key[1].indices(self.shape[1])
        window = Window(left, top, right - left, bottom - top)
        with rasterio.Env(**READING), open_quietly(self.path, driver="GTiff") as cog:
            cells = cog.read(self.band, window=window)
            valid = cog.read_masks(self.band, window=window) if self.masked else None
        values: np.ndarray[Any, Any] = cells.astype(self.dtype, copy=False)
        if (self.scale, self.offset) != (1.0, 0.0):
            values = values * self.dtype.type(self.scale) + self.dtype.type(self.offset)
        if valid is not None:
            values[valid == 0] = np.nan
        return values


def decode_cog(path: Path) -> xr.Dataset:
    """Dataset of the COG at `path`: a lazy variable a band, rows and columns in the order of the source.

    Bands of whole numbers that declare nodata become floats, so that a cell
    without a value is NaN in every grid.
    """
    with rasterio.Env(**READING), open_quietly(path, driver="GTiff") as cog:
        note: dict[str, Any] = json.loads(cog.tags().get(NOTE.upper(), "{}"))
        crs = str(note.get("crs") or (_name(cog.crs) if cog.crs else ""))
        axes = _axes(cog, note)
        variables = {
            name: (tuple(axes), _lazy(cog, path, number, axes), attributes)
            for number, (name, attributes) in zip(cog.indexes, _bands(cog, note), strict=True)
        }
    coordinates = {
        name: (name, axis.coordinates, note.get("coordinates", {}).get(name, {}))
        for name, axis in axes.items()
        if axis.coordinates is not None
    }
    attributes = dict(note.get("attrs", {}))
    if not coordinates:
        attributes["transform"] = list(cog.transform)[:6]
    return with_spatial_ref(xr.Dataset(variables, coordinates, attributes), crs)


def _name(system: CRS) -> str:
    code = system.to_epsg(confidence_threshold=100)
    return f"EPSG:{code}" if code else str(system.to_wkt())


@dataclass(frozen=True)
class Axis:
    """One side of a raster: its coordinates in the order of the source.

    `turned` says that the file has them the other way round. A side of a
    raster that is rotated or nowhere has no coordinates.
    """

    coordinates: Coordinates | None
    turned: bool = False


def _axes(cog: DatasetReader, note: dict[str, Any]) -> dict[str, Axis]:
    """Rows and columns of `cog`, by name."""
    if "axes" in note:
        rows, columns = note["dimensions"]
        northings, eastings = (
            read_axis(note["axes"][rows], cog.height),
            read_axis(note["axes"][columns], cog.width),
        )
        return {
            rows: Axis(northings, turned=bool(northings[-1] > northings[0])),
            columns: Axis(eastings, turned=bool(eastings[-1] < eastings[0])),
        }
    place = cog.transform
    if place.is_identity or not place.is_rectilinear or place.a == 0:
        return {"row": Axis(None), "column": Axis(None)}
    rows, columns = _dimensions(cog.crs)
    return {
        rows: Axis(place.f + place.e * (np.arange(cog.height, dtype=np.float64) + 0.5)),
        columns: Axis(place.c + place.a * (np.arange(cog.width, dtype=np.float64) + 0.5)),
    }


def _dimensions(system: CRS | None) -> tuple[str, str]:
    geographic = system is not None and system.is_geographic
    return ("latitude", "longitude") if geographic else ("northing", "easting")


def _bands(cog: DatasetReader, note: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and attributes of each band, from the note or else the file's own description and unit."""
    stated = note.get("bands", [])
    for number in range(cog.count):
        if number < len(stated):
            yield stated[number]["name"], dict(stated[number].get("attrs", {}))
        else:
            unit = cog.units[number]
            yield cog.descriptions[number] or f"band_{number + 1}", {"units": unit} if unit else {}


def _lazy(cog: DatasetReader, path: Path, number: int, axes: dict[str, Axis]) -> da.Array:
    scale, offset = cog.scales[number - 1], cog.offsets[number - 1]
    stored = numpy_type(cog.dtypes[number - 1])
    flags = set(cog.mask_flag_enums[number - 1])
    masked = stored.kind != "c" and bool(flags & MASKED) and MaskFlags.alpha not in flags
    if stored.kind == "f" and flags == {MaskFlags.nodata} and np.isnan(cog.nodata):
        masked = False  # cells without a value are NaN as they lie there
    dtype = _value_type(stored, masked=masked, scaled=(scale, offset) != (1.0, 0.0))
    band = CogBand(path, number, (cog.height, cog.width), dtype, scale, offset, masked)
    array: da.Array = da.from_array(  # type: ignore[no-untyped-call]
        band, chunks=_pieces(cog.width, dtype), asarray=False, fancy=False, meta=np.empty((0, 0), dtype)
    )
    rows, columns = (slice(None, None, -1 if axis.turned else 1) for axis in axes.values())
    in_order: da.Array = array[rows, columns]
    return in_order


def _pieces(width: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """Rows and columns, in whole tiles, in which a raster of `width` columns is read."""
    rows_of_tiles = ROW_BYTES // (width * dtype.itemsize * BLOCK)
    return BLOCK * min(max(rows_of_tiles, 1), READ_BLOCKS), BLOCK * READ_BLOCKS


def _value_type(stored: np.dtype[Any], *, masked: bool, scaled: bool) -> np.dtype[Any]:
    if stored.kind not in "iu":
        return stored
    if scaled:
        return np.dtype(np.float64)
    return np.result_type(stored, np.float32) if masked else stored
