"""Describe rasters that stay in the file GDAL reads: `RasterFile`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import rasterio
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from craton.model import crs as systems
from craton.model import footprint
from craton.model.cells import BLOCK_CELLS, CellSummary
from craton.model.columns import ColumnSummary
from craton.model.data import Band, Draft, RasterFile
from craton.model.describe_grid import FULL_TURN, TYPES, find_cell_doubts
from craton.model.description import Description, note_of, quantity_of, settle_crs
from craton.model.errors import InvalidError, RefusedError
from craton.model.extent import geographic_bbox, merge_arcs, outward
from craton.model.locate import set_bbox, state_native_bounds
from craton.model.record import Bbox, Column

EXACT_CELLS = 50_000_000
"""Cells (of all bands) up to which each is looked at; of larger rasters, a thinned reading."""

THINNED_CELLS = 4_000_000
"""Cells a band of a larger raster is thinned to."""


READING = {
    # memory must not grow with the raster; GDAL's own default is a share of the machine
    "GDAL_CACHEMAX": 64 << 20,
    # a raster may name overviews or masks elsewhere; the network is never asked for them
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_MAX_RETRY": "0",
}


def describe_raster(draft: Draft, raster: RasterFile, description: Description) -> None:
    """Describe a raster, reading it block by block.

    Raises
    ------
    RefusedError
        `corrupt` where the cells cannot be read.
    """
    try:
        with rasterio.Env(**READING), rasterio.open(raster.path, driver=raster.driver) as dataset:
            _describe(draft, raster, dataset, description)
    except RasterioError as error:
        raise RefusedError(
            "corrupt", f"the cells of the raster cannot be read ({' '.join(str(error).split())[:200]})",
            hint="export it again from the program that made it",
        ) from error  # fmt: skip


def _describe(draft: Draft, raster: RasterFile, dataset: DatasetReader, description: Description) -> None:
    placed = not dataset.transform.is_identity
    found = raster.crs or (dataset.crs.to_wkt() if dataset.crs else "")
    crs = settle_crs(draft, found, description, placed=placed)
    axes = systems.axes(crs)
    bands = {"band": dataset.count} if dataset.count > 1 else {}
    description.shape = {**bands, axes.rows: dataset.height, axes.columns: dataset.width}
    description.find("raster-rotated", not dataset.transform.is_rectilinear)
    summaries = _summaries(raster, dataset, description)
    for number, summary in enumerate(summaries):
        _add_band(draft, raster, dataset, number, summary, description)
    find_cell_doubts([_as_column(dataset, number, one) for number, one in enumerate(summaries)], description)
    description.find("nodata-missing", _lacks_nodata(raster, dataset, summaries))
    if placed:
        _locate(dataset, np.logical_or.reduce([one.mask for one in summaries]), crs, description)


def _lacks_nodata(raster: RasterFile, dataset: DatasetReader, summaries: list[CellSummary]) -> bool:
    """Whether neither a nodata value, a mask nor NaN says which cells hold no value."""
    if raster.nodata is not None or any(one.missing for one in summaries):
        return False
    flags = [flag for band in dataset.mask_flag_enums for flag in band]
    return all(flag == MaskFlags.all_valid for flag in flags)


def _add_band(
    draft: Draft,
    raster: RasterFile,
    dataset: DatasetReader,
    number: int,
    found: CellSummary,
    description: Description,
) -> None:
    band = raster.bands[number] if number < len(raster.bands) else Band(f"band_{number + 1}")
    note = note_of(draft, band.name)
    summary = _as_column(dataset, number, found)
    unit, quantity, title = note.unit or band.unit, note.quantity or band.quantity, note.title or band.title
    description.columns.append(
        Column(
            name=band.name,
            type=summary.type,
            title=title,
            unit=unit,
            quantity=quantity,
            missing=summary.missing,
        )
    )
    if summary.type != "complex":
        full = type(note)(unit=unit, quantity=quantity, title=title, original_unit=note.original_unit)
        description.quantities.append(quantity_of(band.name, summary, full))


def _as_column(dataset: DatasetReader, number: int, found: CellSummary) -> ColumnSummary:
    kind = TYPES[np.dtype(_dtype(dataset, number)).kind]
    return found.as_column(kind, dataset.scales[number], dataset.offsets[number])


def _dtype(dataset: DatasetReader, number: int) -> str:
    name = dataset.dtypes[number]
    return name if "int16" not in name or "complex" not in name else "complex64"


def _summaries(raster: RasterFile, dataset: DatasetReader, description: Description) -> list[CellSummary]:
    """Summary of each band; complex numbers are left alone."""
    cells = dataset.width * dataset.height * dataset.count
    thinned = cells > EXACT_CELLS
    description.find("statistics-sampled", thinned)
    found = []
    for number in dataset.indexes:
        summary = CellSummary(dataset.height, dataset.width)
        if np.dtype(_dtype(dataset, number - 1)).kind != "c":
            read = _add_thinned if thinned else _add_blocks
            summary = read(raster, dataset, number)
        found.append(summary)
    return found


def _nodata(raster: RasterFile, dataset: DatasetReader, number: int) -> float | None:
    stated = raster.nodata if raster.nodata is not None else dataset.nodatavals[number - 1]
    return None if stated is None else float(stated)


def _has_mask(raster: RasterFile, dataset: DatasetReader, number: int) -> bool:
    """Whether a mask or an opacity band, not a nodata value, says where this band holds values."""
    own = dataset.mask_flag_enums[number - 1]
    return raster.nodata is None and MaskFlags.per_dataset in own


def _add_blocks(raster: RasterFile, dataset: DatasetReader, number: int) -> CellSummary:
    summary = CellSummary(dataset.height, dataset.width)
    for window in _windows(dataset, number):
        values = dataset.read(number, window=window, masked=_has_mask(raster, dataset, number))
        summary.add(values, int(window.row_off), int(window.col_off), nodata=_nodata(raster, dataset, number))
    return summary


def _windows(dataset: DatasetReader, number: int) -> Iterator[Window]:
    """Windows of whole blocks of the file, of bounded size."""
    height, width = dataset.block_shapes[number - 1]
    columns = min(dataset.width, max(width, BLOCK_CELLS // height // width * width))
    rows = min(dataset.height, max(1, BLOCK_CELLS // columns // height) * height)
    rows = min(rows, max(1, 8 * BLOCK_CELLS // columns))
    for row in range(0, dataset.height, rows):
        for column in range(0, dataset.width, columns):
            yield Window(column, row, min(columns, dataset.width - column), min(rows, dataset.height - row))


def _add_thinned(raster: RasterFile, dataset: DatasetReader, number: int) -> CellSummary:
    """Summary of a thinned reading, its counts brought up to the whole raster."""
    factor = math.ceil(math.sqrt(dataset.width * dataset.height / THINNED_CELLS))
    shape = (-(-dataset.height // factor), -(-dataset.width // factor))
    values = dataset.read(number, out_shape=shape, masked=_has_mask(raster, dataset, number))
    thinned = CellSummary(*shape)
    thinned.add(values, 0, 0, nodata=_nodata(raster, dataset, number))
    whole = dataset.width * dataset.height
    share = whole / max(thinned.count, 1)
    thinned.missing, thinned.infinite = round(thinned.missing * share), round(thinned.infinite * share)
    thinned.count = whole
    return thinned


def _locate(dataset: DatasetReader, mask: np.ndarray, crs: str, description: Description) -> None:
    transform, size = dataset.transform, (dataset.width, dataset.height)
    corners = _native(np.array([(column, row) for column in (0, size[0]) for row in (0, size[1])]), transform)
    bounds = (*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
    if not systems.is_placed(crs):
        state_native_bounds(bounds, description)
        return
    bbox = None
    with suppress(InvalidError):
        bbox = _bbox(bounds, crs)
    if bbox is None:
        description.find(
            "extent-outside-crs", message="the extent cannot be transformed to longitude and latitude"
        )
        state_native_bounds(bounds, description)
        return
    set_bbox(bbox, crs, description)
    step = np.array([size[0] / mask.shape[1], size[1] / mask.shape[0]])
    description.footprint = footprint.of_mask(
        mask, lambda cells: _project(cells * step, transform, crs), bbox
    )


def _native(pixels: np.ndarray, transform: rasterio.Affine) -> np.ndarray:
    """Positions (n, 2) in the raster's system of pixels (column, row)."""
    east = transform.a * pixels[:, 0] + transform.b * pixels[:, 1] + transform.c
    north = transform.d * pixels[:, 0] + transform.e * pixels[:, 1] + transform.f
    return np.column_stack([east, north])


def _project(pixels: np.ndarray, transform: rasterio.Affine, crs: str) -> np.ndarray:
    positions = _native(pixels, transform)
    return systems.to_crs84(crs, positions[:, 0], positions[:, 1])


def _bbox(bounds: tuple[float, float, float, float], crs: str) -> Bbox:
    """Extent of the cells' edges; where they pass the poles or go round the Earth, that is their limit."""
    west, south, east, north = bounds
    if not systems.is_geographic(crs):
        return outward(systems.to_crs84_bounds(crs, bounds))
    if east - west >= FULL_TURN - 1e-6:
        return outward(systems.to_crs84_bounds(crs, (-180.0, south, 180.0, north)))
    return outward(geographic_bbox(crs, merge_arcs(np.array([[west, east]])), south, north))
