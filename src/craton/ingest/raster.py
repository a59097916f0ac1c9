"""Rasters that GDAL reads: one file becomes a `RasterFile`, a series of files by date a cube."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader
from rasterio.windows import Window

from craton.ingest.grid_axes import count_missing, settle_longitudes
from craton.ingest.grid_missing import empty_undeclared, find_marks, undeclared_mark
from craton.ingest.raster_companions import bring_together, companions_of, ers_data_file
from craton.ingest.raster_cube import Layer, lazy_raster, period, stack
from craton.ingest.raster_formats import HEADER_BYTES, RasterFormat, raster_format
from craton.ingest.raster_gdal import VERIFIED_BYTES, check_layout, layout_of, lazy_band, open_raster, verify
from craton.ingest.raster_legend import legend_of
from craton.ingest.raster_series import MEMBERS, dated, series_name, series_of
from craton.model import crs as systems
from craton.model.data import Band, Document, Draft, RasterFile
from craton.model.errors import InvalidError, RefusedError
from craton.model.licences import licence_from_text
from craton.model.record import Bbox
from craton.process.readers import HEAD_BYTES, Candidate, Source, reader, split_suffix

COLOURS = {
    ColorInterp.red: "red",
    ColorInterp.green: "green",
    ColorInterp.blue: "blue",
    ColorInterp.alpha: "alpha",
}
"""Names of bands that the file itself calls colours."""

PICTURE_BANDS = (1, 3, 4)
"""Numbers of 8-bit bands a picture has."""

UNNAMED = re.compile(r"(band|layer|channel)[ _]?\d*", re.IGNORECASE)
"""Descriptions of bands that say no more than their number."""

UNIT_TAGS = ("units", "UNITS", "unit", "UNIT", "DATA_UNITS", "UNITTYPE")
METADATA_TAGS, METADATA_LENGTH = 64, 500
PLUMBING = re.compile(
    r"AREA_OR_POINT|TIFFTAG_(X|Y)?RESOLUTION|TIFFTAG_RESOLUTIONUNIT|STATISTICS_|PIXEL|INTERLEAVE"
)
"""Tags that speak of the file, not of the data."""

ELSEWHERE = re.compile(rb"OVERVIEW_FILE|/vsi", re.IGNORECASE)
"""Words by which an auxiliary file sends GDAL to other files."""


@dataclass(frozen=True)
class Task:
    """One raster to be read: its file, format, companions, its name as given, bytes to be decoded."""

    path: Path
    form: RasterFormat
    companions: tuple[Path, ...]
    stem: str
    budget: int = VERIFIED_BYTES

    @property
    def file_bytes(self) -> int:
        """Bytes of the file and its companions."""
        return sum(path.stat().st_size for path in (self.path, *self.companions))


def _is_raster(candidate: Candidate) -> bool:
    return raster_format(candidate.name, candidate.head, candidate.path.parent) is not None


@reader("raster", order=20, matches=_is_raster, gather=companions_of)
def read_raster(source: Source) -> Iterator[Draft]:
    """Read a raster file, or a series of rasters of one grid that differ by date."""
    path = bring_together(source.path, source.files, source.scratch)
    files = tuple(path.parent / one.name for one in source.files[1:])
    _refuse_elsewhere(files)
    series = series_of(path, [path, *files])
    if len(series) >= MEMBERS:
        yield from _series(series, files, source)
        return
    yield _single(_task(path, files, source.stem))


def _task(path: Path, companions: tuple[Path, ...], stem: str, budget: int = VERIFIED_BYTES) -> Task:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    form = raster_format(path.name, head, path.parent)
    if form is None:
        raise RefusedError("corrupt", f"{path.name} is not the raster its name says", hint="export it again")
    if form.driver == "ERS":
        _refuse_ers(head, path.name)
    return Task(path, form, companions, stem, budget)


def _refuse_elsewhere(companions: tuple[Path, ...]) -> None:
    for path in companions:
        if path.name.lower().endswith(".aux.xml") and ELSEWHERE.search(path.read_bytes()):
            raise RefusedError(
                "invalid-structure",
                f"{path.name} sends the reader to other files",
                hint=f"remove {path.name}",
            )


def _refuse_ers(head: bytes, name: str) -> None:
    data = ers_data_file(head)
    if re.search(rb"(?i)DataSetType\s*=\s*(Translated|Algorithm)", head):
        raise RefusedError("unsupported", f"{name} stands for a file of another format", hint="add that file")
    if "/" in data or "\\" in data or ".." in data:
        raise RefusedError(
            "invalid-structure", f"{name} points outside its folder", hint="bring both files together"
        )


def _single(task: Task) -> Draft:
    with open_raster(task.path, task.form.driver) as dataset:
        _check(dataset, task)
        if _is_picture(dataset):
            return _picture(task, dataset)
        bands = _bands(dataset, task)
        crs = _crs(dataset, task)
        draft = Draft(
            RasterFile(
                str(task.path), bands, crs=crs if crs and not dataset.crs else None, driver=task.form.driver
            ),
            kind="grid",
            crs=crs,
        )
        _describe(draft, dataset, task)
        if _needs_axes(dataset, crs):
            _label(draft, dataset, task, bands)
        else:
            _guess_nodata(draft, dataset)
        return draft


def _guess_nodata(draft: Draft, dataset: DatasetReader) -> None:
    """State the number that can only mean "no value" in a small raster that declares none."""
    layout = layout_of(dataset)
    declares = any(flag != MaskFlags.all_valid for band in dataset.mask_flag_enums for flag in band)
    numbers = all(np.dtype(name).kind in "iuf" and np.dtype(name).itemsize > 1 for name in dataset.dtypes)
    if declares or not numbers or layout.size > VERIFIED_BYTES or "legend" in draft.properties:
        return
    marks = [mark for number in dataset.indexes if (mark := undeclared_mark(_blocks(dataset, number)))]
    if isinstance(draft.data, RasterFile) and len({mark.value for mark in marks}) == 1:
        draft.data = replace(draft.data, nodata=marks[0].value)
        find_marks(draft, marks)


def _blocks(dataset: DatasetReader, number: int) -> Callable[[], Iterator[np.ndarray]]:
    rows, columns = layout_of(dataset).piece(1)
    corners = [(r, c) for r in range(0, dataset.height, rows) for c in range(0, dataset.width, columns)]
    windows = [
        Window(c, r, min(columns, dataset.width - c), min(rows, dataset.height - r)) for r, c in corners
    ]
    return lambda: (dataset.read(number, window=window) for window in windows)


def _check(dataset: DatasetReader, task: Task) -> None:
    if not dataset.count:
        raise RefusedError("no-data", f"{task.path.name} holds no image", hint="add the files it points at")
    if "OVERVIEW_FILE" in dataset.tags(ns="OVERVIEWS"):
        raise RefusedError(
            "invalid-structure", f"{task.path.name} sends the reader to other files", hint="export it again"
        )
    layout = layout_of(dataset)
    check_layout(layout, task.file_bytes, task.form.expansion, task.path.name)
    verify(dataset, layout, task.budget)


def _has_place(dataset: DatasetReader) -> bool:
    return bool(dataset.crs) or not dataset.transform.is_identity


def _is_picture(dataset: DatasetReader) -> bool:
    photo = set(dataset.dtypes) == {"uint8"} and dataset.count in PICTURE_BANDS
    return photo and not _has_place(dataset) and not dataset.gcps[0] and dataset.rpcs is None


def _picture(task: Task, dataset: DatasetReader) -> Draft:
    draft = Draft(Document(media_type=f"image/{_subtype(task.form.driver)}"), kind="document")
    draft.properties["pixels"] = [dataset.width, dataset.height]
    draft.find("georeference-missing")
    return draft


def _subtype(driver: str) -> str:
    return {"GTiff": "tiff", "JP2OpenJPEG": "jp2"}.get(driver, driver.lower())


def _crs(dataset: DatasetReader, task: Task) -> str:
    """Reference system of the file, else of the `.prj` beside it."""
    if dataset.crs:
        return _identified(dataset.crs.to_wkt())
    beside = next((path for path in task.companions if path.suffix.lower() == ".prj"), None)
    if beside is None or not _has_place(dataset):
        return ""
    return _identified(beside.read_bytes()[:HEADER_BYTES].decode("utf-8", "replace").strip())


def _identified(wkt: str) -> str:
    with suppress(InvalidError):
        return systems.identify(wkt)
    return ""


def _bands(dataset: DatasetReader, task: Task) -> tuple[Band, ...]:
    names = [_band_name(dataset, number, task) for number in dataset.indexes]
    seen: Counter[str] = Counter()
    bands = []
    for number, name in zip(dataset.indexes, names, strict=True):
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}_{seen[name]}"
        described = _text(dataset.descriptions[number - 1])
        bands.append(
            Band(unique, unit=_unit(dataset, number), title="" if described == unique else described)
        )
    return tuple(bands)


def _band_name(dataset: DatasetReader, number: int, task: Task) -> str:
    described = _text(dataset.descriptions[number - 1])
    described = "" if UNNAMED.fullmatch(described) else described
    colour = COLOURS.get(dataset.colorinterp[number - 1], "")
    if dataset.count == 1:
        return described or task.form.quantity or task.stem
    return described or colour or f"band_{number}"


def _text(value: str | None) -> str:
    return " ".join((value or "").split())


def _unit(dataset: DatasetReader, number: int) -> str:
    tags = {**dataset.tags(), **dataset.tags(number)}
    return _text(dataset.units[number - 1]) or next((tags[tag] for tag in UNIT_TAGS if tags.get(tag)), "")


def _describe(draft: Draft, dataset: DatasetReader, task: Task) -> None:
    """Take over what the file says of itself, and doubt what must be doubted."""
    tags = dataset.tags()
    image = tags.get("TIFFTAG_IMAGEDESCRIPTION", "").strip()
    draft.description = "" if image.startswith(("{", "<")) else image
    draft.title = tags.get("TIFFTAG_DOCUMENTNAME", "").strip()
    draft.licence = licence_from_text(tags.get("TIFFTAG_COPYRIGHT", ""))
    draft.properties |= _properties(dataset, task)
    if not _has_place(dataset) and (dataset.gcps[0] or dataset.rpcs):
        draft.find("georeference-indirect")
        draft.geographic_bounds = _indirect_bounds(dataset)
    if dataset.crs and not draft.crs:
        draft.find("crs-unknown", message=" ".join(dataset.crs.to_wkt().split())[:120])
    further = len(dataset.subdatasets) - 1
    if further > 0:
        draft.find("part-skipped", further, "further images of the file")


def _indirect_bounds(dataset: DatasetReader) -> Bbox | None:
    """Longitudes and latitudes that control points span, or over which a sensor model holds."""
    points, system = dataset.gcps
    if points and system:
        eastings, northings = [point.x for point in points], [point.y for point in points]
        bounds = (min(eastings), min(northings), max(eastings), max(northings))
        with suppress(InvalidError):
            return systems.to_crs84_bounds(_identified(system.to_wkt()), bounds)
    if dataset.rpcs is None:
        return None
    model = dataset.rpcs
    east, north = (model.long_off, model.long_scale), (model.lat_off, model.lat_scale)
    return east[0] - east[1], north[0] - north[1], east[0] + east[1], north[0] + north[1]


def _properties(dataset: DatasetReader, task: Task) -> dict[str, Any]:
    points, _ = dataset.gcps
    stated = {
        "format": task.form.driver,
        "registration": "point" if dataset.tags().get("AREA_OR_POINT") == "Point" else "",
        "ground_control_points": len(points),
        "rational_polynomials": dataset.rpcs is not None,
        "legend": _legend(dataset, task),
        "metadata": _metadata(dataset),
    }
    return {key: value for key, value in stated.items() if value}


def _legend(dataset: DatasetReader, task: Task) -> list[dict[str, str | float]]:
    if dataset.count > 1 or dataset.dtypes[0].startswith(("float", "complex")):
        return []
    return legend_of(dataset, task.companions)


def _metadata(dataset: DatasetReader) -> dict[str, str]:
    tags = {key: value for key, value in dataset.tags().items() if not PLUMBING.match(key)}
    return {key: value[:METADATA_LENGTH] for key, value in list(tags.items())[:METADATA_TAGS]}


def _needs_axes(dataset: DatasetReader, crs: str) -> bool:
    """Whether the grid must be relabelled: complex numbers, or longitudes beyond 180°."""
    if not dataset.transform.is_rectilinear:
        return False
    around = (
        bool(crs) and systems.is_geographic(crs) and dataset.bounds.right > 180 + abs(dataset.transform.a)
    )
    return around or any("complex" in name for name in dataset.dtypes)


def _label(draft: Draft, dataset: DatasetReader, task: Task, bands: tuple[Band, ...]) -> None:
    grid = lazy_raster(task.path, task.form.driver, dataset, bands, draft.crs)
    if any("complex" in name for name in dataset.dtypes):
        draft.find("value-complex")
    settled, findings = settle_longitudes(grid)
    draft.findings += findings
    draft.data = empty_undeclared(
        draft, settled, [] if "legend" in draft.properties else list(map(str, settled))
    )


def _series(paths: list[Path], files: tuple[Path, ...], source: Source) -> Iterator[Draft]:
    budget = VERIFIED_BYTES // len(paths)
    layers, refusals = [], []
    for path in paths:
        companions = tuple(one for one in files if one not in paths and one.name.startswith(path.stem))
        try:
            task = _task(path, companions, split_suffix(path.name)[0], budget)
            layers.append((_layer(task), task))
        except RefusedError as refusal:
            refusals.append(refusal)
    if not layers:
        raise refusals[0]
    drafts = _drafts_of(layers, source)
    for draft in drafts:
        if refusals:
            draft.find("part-skipped", len(refusals), refusals[0].message)
        yield draft


def _layer(task: Task) -> Layer:
    with open_raster(task.path, task.form.driver) as dataset:
        _check(dataset, task)
        named = dated(task.path.name)
        if named is None:
            raise RefusedError("invalid-structure", f"{task.path.name} states no date")
        return Layer(
            path=task.path,
            dated=named,
            bands=_bands(dataset, task),
            arrays=tuple(
                lazy_band(task.path, task.form.driver, dataset, number) for number in dataset.indexes
            ),
            transform=tuple(dataset.transform)[:6],
            crs=_crs(dataset, task),
            metadata=_metadata(dataset),
        )


def _drafts_of(layers: list[tuple[Layer, Task]], source: Source) -> Iterator[Draft]:
    """One cube where all are of one grid and of different dates, else a draft a file."""
    same_grid = len({layer.grid for layer, _ in layers}) == 1
    dates = {layer.dated.dates for layer, _ in layers}
    upright = all(layer.transform[1] == layer.transform[3] == 0 for layer, _ in layers)
    real = all(array.dtype.kind != "c" for layer, _ in layers for array in layer.arrays)
    if len(layers) >= MEMBERS and same_grid and len(dates) == len(layers) and upright and real:
        yield _cube([layer for layer, _ in layers], layers[0][1], source)
        return
    for _, task in layers:
        draft = _single(task)
        draft.name = draft.title = task.stem
        yield draft


def _cube(layers: list[Layer], first: Task, source: Source) -> Draft:
    name = series_name(layers[0].dated.pattern)
    with open_raster(first.path, first.form.driver) as dataset:
        grid = lazy_raster(first.path, first.form.driver, dataset, layers[0].bands, layers[0].crs)
    cube, findings = settle_longitudes(stack(layers, grid, name))
    draft = Draft(cube, kind="grid", crs=layers[0].crs, time=period(layers), findings=findings)
    draft.title = name or Path(source.name).parent.name or source.stem
    draft.properties = {"format": first.form.driver, "members": [layer.path.name for layer in layers]}
    shared = layers[0].metadata.items()
    draft.properties["metadata"] = {k: v for k, v in shared if all(o.metadata.get(k) == v for o in layers)}
    if missing := count_missing(cube, list(cube.data_vars)):
        draft.find("nodata-declared", missing)
    along = next(iter(cube.sizes))
    draft.steps.append(f"stacked {len(layers)} files of one grid along {along}")
    return draft
