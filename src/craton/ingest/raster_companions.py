"""Files that belong to a raster: world files, statistics, headers, legends, and the rest of its series."""

from __future__ import annotations

import re
from pathlib import Path

from craton.ingest.raster_legend import PARSERS
from craton.ingest.raster_series import series_of
from craton.process.readers import COMPRESSION, Candidate, split_suffix

OF_NAME = (
    ".aux.xml", ".ovr", ".msk", ".xml", ".rsc", ".vat.dbf", ".vat.cpg", ".hdr", ".gi", ".sta", "w", ".qml",
)  # fmt: skip
"""Suffixes after the whole name (`dem.tif.aux.xml`)."""

OF_STEM = (
    ".aux", ".rrd", ".ige", ".ovr", ".rsc", ".hdr", ".stx", ".blw", ".dmw", ".clr", ".qml", ".vat.dbf",
    ".sgrd", ".mgrd", ".gsr", ".gsr2", ".rpb", ".imd", "_rpc.txt", "_metadata.txt", ".points", ".dem.rsc",
    ".tfw", ".tifw", ".tiffw", ".jgw", ".jpgw", ".jpegw", ".pgw", ".pngw", ".gfw", ".gifw", ".bpw", ".bmpw",
    ".j2w", ".wld", ".sdw",
)  # fmt: skip
"""Suffixes in place of the file's own (`dem.tfw`)."""

RASTER_SUFFIXES = (
    ".tif",
    ".tiff",
    ".img",
    ".asc",
    ".bil",
    ".flt",
    ".jp2",
    ".png",
    ".jpg",
    ".jpeg",
    ".sdat",
    ".map",
)


def companions_of(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """Files of `listing` that belong to the raster `candidate`, the rest of its series included."""
    beside = [path for path in listing if path.parent == candidate.path.parent]
    packed = candidate.path.suffix.lower() in COMPRESSION
    series = [candidate.path] if packed else series_of(candidate.path, beside)
    by_name = {path.name.lower(): path for path in beside}
    rasters = set(series)
    found = {path for raster in series for path in _named_after(raster, by_name)}
    if len(series) > 1:
        found |= _headers(series, beside)
    else:
        found |= {*_legends(candidate.path, beside), *_parts(candidate, beside)}
    return sorted((found | rasters) - {candidate.path})


def _named_after(raster: Path, by_name: dict[str, Path]) -> list[Path]:
    stem, _ = split_suffix(raster.name)
    wanted = [raster.name + suffix for suffix in OF_NAME] + [stem + suffix for suffix in OF_STEM]
    if (stem + ".shp").lower() not in by_name:
        wanted.append(stem + ".prj")
    return [by_name[name] for name in (one.lower() for one in wanted) if name in by_name]


def _plain(text: str) -> str:
    return re.sub(r"[^0-9a-z]+", "_", text.lower())


def _headers(series: list[Path], beside: list[Path]) -> set[Path]:
    """ROI_PAC headers of the rasters of `series`, which have like names (`a.unw.rsc`, `a_unw.tif`)."""
    names = {_plain(raster.stem) for raster in series}
    return {path for path in beside if path.suffix.lower() == ".rsc" and _plain(path.stem) in names}


def _legends(raster: Path, beside: list[Path]) -> list[Path]:
    stem = split_suffix(raster.name)[0].lower()
    alone = sum(path.suffix.lower() in RASTER_SUFFIXES for path in beside) <= 1
    return [
        path
        for path in beside
        if path.suffix.lower() in PARSERS
        and "legend" in path.name.lower()
        and (alone or path.name.lower().startswith(stem))
    ]


def _parts(candidate: Candidate, beside: list[Path]) -> list[Path]:
    """The further files of formats that are a folder (`.adf`) or name their data file (`.ers`)."""
    if candidate.suffix == ".adf":
        return [path for path in beside if path.suffix.lower() == ".adf" or path.name.lower() == "log"]
    if candidate.suffix == ".ers":
        named = ers_data_file(candidate.head)
        return [path for path in beside if path.name in {named, candidate.path.stem}]
    return []


def ers_data_file(head: bytes) -> str:
    """Name of the data file that an ER Mapper header states, empty when it states none."""
    match = re.search(rb'(?im)^\s*DataFile\s*=\s*"([^"\n]*)"', head)
    return match[1].decode("latin-1") if match else ""


def bring_together(path: Path, files: tuple[Path, ...], scratch: Path) -> Path:
    """`path`, beside all its companions: GDAL looks for them in one folder only.

    Unpacking puts the main file elsewhere; then all are linked into `scratch`.
    """
    if all(one.parent == path.parent for one in files):
        return path
    folder = scratch / "together"
    folder.mkdir(exist_ok=True)
    for one in (path, *files):
        link = folder / one.name
        if not link.exists():
            link.symlink_to(one.resolve())
    return folder / path.name
