"""Raster formats GDAL reads, as a table: how each is told from the others, by which driver it is opened."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from craton.process.readers import split_suffix

PACKED = 1 << 20
"""Bytes of grid that one byte of a packed file may stand for; blocks left out reach this."""

TEXT = 4
"""Bytes of grid that one byte of text may stand for: a digit and a space make a float64."""

PLAIN = 1
"""Bytes of grid that one byte of a plain binary file may stand for."""

HEADER_BYTES = 4096
"""How much of a header file beside the data is looked at."""


@dataclass(frozen=True)
class RasterFormat:
    """One format: all that is given must hold for a file to be of it.

    Parameters
    ----------
    driver : str
        GDAL's name of the driver.
    suffixes : tuple of str
        Lower-case suffixes; empty for any.
    signature : bytes
        Regular expression that the first bytes must match.
    name : str
        Regular expression that the file's name must match.
    beside : tuple of str
        Patterns of companion files (`{stem}.hdr`), one of which must be there.
    header : bytes
        Regular expression that must be found in that companion.
    expansion : int
        Bytes of grid that one byte of the files may stand for at most.
    quantity : str
        Name of the band where the format fixes what it holds.
    """

    driver: str
    suffixes: tuple[str, ...] = ()
    signature: bytes = b""
    name: str = ""
    beside: tuple[str, ...] = ()
    header: bytes = b""
    expansion: int = PACKED
    quantity: str = ""

    def takes(self, name: str, head: bytes, folder: Path) -> bool:
        """Whether the file `name` with first bytes `head` and companions in `folder` is of this format."""
        stem, suffix = split_suffix(name)
        if self.suffixes and suffix not in self.suffixes:
            return False
        if self.name and not re.match(self.name, name, re.IGNORECASE):
            return False
        if self.signature and not re.match(self.signature, head, re.DOTALL):
            return False
        return not self.beside or self._has_header(_existing(folder, stem, name, self.beside))

    def _has_header(self, companions: Iterable[Path]) -> bool:
        return any(re.search(self.header, _first_bytes(path)) for path in companions)


def _existing(folder: Path, stem: str, name: str, patterns: tuple[str, ...]) -> list[Path]:
    wanted = [folder / pattern.format(stem=stem, name=name) for pattern in patterns]
    return [path for one in wanted for path in (one, one.with_suffix(one.suffix.upper())) if path.is_file()]


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(HEADER_BYTES)
    except OSError:
        return b""


def _world_files(*suffixes: str) -> tuple[str, ...]:
    return (*(f"{{stem}}{suffix}" for suffix in (*suffixes, ".wld")), "{name}w", "{name}.aux.xml")


WORLD_OR_AUX = rb"\A\s*-?[0-9.]|<GeoTransform>|<GCPList|<SRS"
"""A world file starts with a number; an auxiliary file georeferences if it says one of these."""

ESRI_ASCII = rb"\A\s*(ncols|nrows)\s+\d+\s+(ncols|nrows)\s+\d+\s"
GRASS_ASCII = rb"\A\s*(north|south|east|west|rows|cols)\s*:"
USGS_DEM = rb"\A.{150}(     1|     4)(     [0123]| -9999)"
DTED = rb"\A(VOL.{77}|HDR.{77}){0,2}UHL1"
ZMAP = rb"\A(![^\n]*\n)+\s*@[^\n,]*,\s*GRID\s*,"
GXF = rb"\A(.*?\n)?\s*#(TITLE|POINTS|ROWS|PTSE|RWSE|XORI|SENSE|GRID|UNIT|MAP_)"
ENVI_SUFFIXES = ("", ".bil", ".bin", ".bip", ".bsq", ".dat", ".envi", ".img", ".raw", ".sli")
ENVI = rb"\A\s*ENVI"
BIL_HEADER = rb"(?im)^\s*(nrows|ncols)\s+\d+"
RSC_HEADER = rb"(?m)^WIDTH\s+\d+"

FORMATS = (
    RasterFormat("GTiff", signature=rb"II[*+]\0|MM\0[*+]"),
    RasterFormat("HFA", signature=rb"EHFA_HEADER_TAG"),
    RasterFormat("JP2OpenJPEG", signature=rb"\0\0\0\x0cjP  \r\n\x87\n|\xffO\xffQ"),
    RasterFormat("NITF", signature=rb"NITF0|NSIF0"),
    RasterFormat("GSAG", signature=rb"DSAA\s", expansion=TEXT),
    RasterFormat("GSBG", signature=rb"DSBB", expansion=PLAIN),
    RasterFormat("GS7BG", signature=rb"DSRB", expansion=PLAIN),
    RasterFormat("PCRaster", signature=rb"RUU CROSS SYSTEM MAP FORMAT", expansion=PLAIN),
    RasterFormat("DTED", signature=DTED, expansion=PLAIN, quantity="elevation"),
    RasterFormat("AIG", name=r"hdr\.adf\Z", signature=rb"GRID1\.[23]"),
    RasterFormat("AAIGrid", signature=rb"(?i)" + ESRI_ASCII, expansion=TEXT),
    RasterFormat("GRASSASCIIGrid", signature=rb"(?i)" + GRASS_ASCII, expansion=TEXT),
    RasterFormat(
        "USGSDEM", suffixes=(".dem", ".cdo"), signature=USGS_DEM, expansion=PLAIN, quantity="elevation"
    ),
    RasterFormat("ZMap", suffixes=(".dat", ".grd", ".zmap", ".zmp", ".txt"), signature=ZMAP, expansion=TEXT),
    RasterFormat("GXF", suffixes=(".gxf",), signature=rb"(?i)" + GXF, expansion=TEXT * 4),
    RasterFormat("ERS", suffixes=(".ers",), signature=rb"(?i)\A\s*DatasetHeader\s+Begin", expansion=PLAIN),
    RasterFormat(
        "SRTMHGT", suffixes=(".hgt",), name=r"[ns]\d\d[ew]\d\d\d", expansion=PLAIN, quantity="elevation"
    ),
    RasterFormat("SAGA", suffixes=(".sdat",), beside=("{stem}.sgrd",), expansion=PLAIN),
    RasterFormat(
        "ENVI", suffixes=ENVI_SUFFIXES, beside=("{stem}.hdr", "{name}.hdr"), header=ENVI, expansion=PLAIN
    ),
    RasterFormat(
        "EHdr",
        suffixes=(".bil", ".bip", ".bsq", ".flt"),
        beside=("{stem}.hdr",),
        header=BIL_HEADER,
        expansion=8,
    ),
    RasterFormat(
        "ROI_PAC",
        suffixes=(".unw", ".int", ".cor", ".amp", ".slc", ".dem", ".hgt", ".raw"),
        beside=("{name}.rsc",),
        header=RSC_HEADER,
        expansion=PLAIN,
    ),
    RasterFormat("PNG", signature=rb"\x89PNG\r\n", beside=_world_files(".pgw", ".pngw"), header=WORLD_OR_AUX),
    RasterFormat(
        "JPEG",
        signature=rb"\xff\xd8\xff",
        beside=_world_files(".jgw", ".jpgw", ".jpegw"),
        header=WORLD_OR_AUX,
    ),
    RasterFormat("GIF", signature=rb"GIF8[79]a", beside=_world_files(".gfw", ".gifw"), header=WORLD_OR_AUX),
    RasterFormat(
        "BMP", signature=rb"BM.{4}\0\0\0\0", beside=_world_files(".bpw", ".bmpw"), header=WORLD_OR_AUX
    ),
)
"""Asked in this order. One bit a cell is the densest plain file (`EHdr`), hence its expansion."""


def raster_format(name: str, head: bytes, folder: Path) -> RasterFormat | None:
    """The format of the file `name` with first bytes `head` and companions in `folder`, or `None`."""
    return next((one for one in FORMATS if one.takes(name, head, folder)), None)
