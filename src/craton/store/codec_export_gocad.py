"""GOCAD's text files: meshes as TSurf, volumes as Voxet and SGrid, lines as PLine, points as VSet.

Heights are elevations (positive up) in metres. The format names no reference
system: it is told in the header as `crs`, which other programs leave alone.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.model.data import Mesh
from craton.model.errors import InvalidError
from craton.store.codec_export_lattice import Cells, Lattice, classes_of, lattice_of, numbers_of
from craton.store.codec_export_mesh import crs_of, parts_of, red_green_blue

NODATA = -99999.0
UNSAFE = re.compile(r"[\s\"{}]+")
NO_FILE_NAME = re.compile(r"[^\w.+-]+")
SYSTEM = (
    "GOCAD_ORIGINAL_COORDINATE_SYSTEM\nNAME Default\nPROJECTION Unknown\nDATUM Unknown\n"
    'AXIS_NAME "X" "Y" "Z"\nAXIS_UNIT "m" "m" "m"\nZPOSITIVE Elevation\nEND_ORIGINAL_COORDINATE_SYSTEM\n'
)
EXACT_FLOAT = 1 << 24
"""Whole numbers up to which float32 is exact."""


def word(name: object) -> str:
    """`name` as one word."""
    return UNSAFE.sub("_", str(name)).strip("_") or "_"


def file_word(name: object) -> str:
    """`name` as one word that may be part of the name of a file."""
    return NO_FILE_NAME.sub("_", str(name)).strip("_") or "_"


def _line(text: object) -> str:
    """`text` as one line without braces, which end a header."""
    return " ".join(str(text).split()).replace("{", "(").replace("}", ")")


def _header(kind: str, name: str, crs: str, more: Sequence[str] = ()) -> str:
    told = [f"name:{_line(name)}", *([f"crs:{_line(crs)}"] if crs else []), *more]
    return f"GOCAD {kind} 1\nHEADER {{\n" + "\n".join(told) + f"\n}}\n{SYSTEM}"


def _colour(colour: str) -> str:
    return " ".join(f"{share / 255:.6g}" for share in red_green_blue(colour)) + " 1"


def write_surfaces(mesh: Mesh, crs: str, target: Path) -> None:
    """Write a mesh as a TSurf a part, one after the other in one file; coordinates read back equal."""
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        for part in parts_of(mesh):
            stream.write(_header("TSurf", part.name, crs, [f"*solid*color:{_colour(part.colour)}"]))
            stream.write("TFACE\n")
            for number, (x, y, z) in enumerate(part.vertices.tolist(), 1):
                stream.write(f"VRTX {number} {x!r} {y!r} {z!r}\n")
            for a, b, c in (part.triangles + 1).tolist():
                stream.write(f"TRGL {a} {b} {c}\n")
            stream.write("END\n")


def write_voxet(dataset: xr.Dataset, target: Path) -> None:
    """Write a volume as a Voxet: `NAME.vo` and a binary file a field beside it (`NAME_FIELD@@`).

    Fields are big-endian float32, easting fastest, from the bottom; none is −99999. The nodes of the
    Voxet are the middles of the cells. Classes are told in the header of their property's class.
    """
    lattice = lattice_of(dataset, ".vo")
    first = [axis[0] for axis in lattice.axes]
    lengths = np.diag([axis[-1] - axis[0] for axis in lattice.axes])
    axes = "".join(
        f"AXIS_{letter} {_three(values)}\n" for letter, values in zip("OUVW", [first, *lengths], strict=True)
    )
    counts = " ".join(map(str, lattice.counts))
    text = _header("Voxet", target.stem, lattice.crs) + axes
    text += f"AXIS_MIN 0 0 0\nAXIS_MAX 1 1 1\nAXIS_N {counts}\n"
    text += 'AXIS_NAME "easting" "northing" "upward"\nAXIS_UNIT "m" "m" "m"\nAXIS_TYPE even even even\n'
    text += "".join(_properties(lattice, target, "POINTS"))
    target.write_text(text + "END\n", encoding="utf-8", newline="\n")


def write_grid(dataset: xr.Dataset, target: Path) -> None:
    """Write a volume as an SGrid: `NAME.sg`, its corners and a binary file a field beside it.

    Corners are big-endian float64 so that no place is rounded; fields as in `write_voxet`, one value a cell.
    """
    lattice = lattice_of(dataset, ".sg")
    faces = [
        corner + side * np.arange(count + 1)
        for corner, side, count in zip(lattice.corner, lattice.spacing, lattice.counts, strict=True)
    ]
    corners = target.with_name(f"{file_word(target.stem)}__points@@")
    north, east = np.meshgrid(faces[1], faces[0], indexing="ij")
    with corners.open("wb") as stream:
        for up in faces[2]:
            np.stack([east, north, np.full(east.shape, up)], axis=-1).astype(">f8").tofile(stream)
    text = _header("SGrid", target.stem, lattice.crs, ["ascii:off", "double_precision_binary:on"])
    text += f"AXIS_N {' '.join(str(count + 1) for count in lattice.counts)}\nPROP_ALIGNMENT CELLS\n"
    text += f"POINTS_OFFSET 0\nPOINTS_FILE {corners.name}\n"
    text += "".join(_properties(lattice, target, "CELLS"))
    target.write_text(text + "END\n", encoding="utf-8", newline="\n")


def _three(values: Sequence[float]) -> str:
    return " ".join(repr(float(value)) for value in values)


def _properties(lattice: Lattice, target: Path, alignment: str) -> Iterator[str]:
    """What the header says of each field, whose values are written on the way."""
    for number, (name, array) in enumerate(lattice.fields.items(), 1):
        cells, missing = numbers_of(lattice, name)
        mark = "__" if alignment == "CELLS" else "_"
        place = target.with_name(f"{file_word(target.stem)}{mark}{file_word(name)}_{number}@@")
        _floats(name, cells, missing).tofile(place)
        kind = word(name)
        unit = _line(array.attrs.get("units") or "none")
        yield f'PROPERTY {number} "{kind}"\nPROPERTY_CLASS {number} "{kind}"\n'
        yield f"PROP_UNIT {number} {word(unit)}\n"
        yield f"PROPERTY_CLASS_HEADER {number} {kind} {{\n{_legend(array)}}}\n"
        yield f"PROP_NO_DATA_VALUE {number} {NODATA:g}\nPROP_ALIGNMENT {number} {alignment}\n"
        yield f"PROP_ETYPE {number} IEEE\nPROP_FORMAT {number} RAW\nPROP_ESIZE {number} 4\n"
        yield f"PROP_OFFSET {number} 0\nPROP_FILE {number} {place.name}\n"


def _floats(name: str, cells: Cells, missing: Cells) -> Cells:
    known = cells[~missing]
    if known.dtype.kind in "iu" and known.size and max(abs(int(known.min())), int(known.max())) > EXACT_FLOAT:
        raise InvalidError(
            f"{name} has whole numbers that float32, which GOCAD keeps, would round", hint="use .nc or .omf"
        )
    return np.where(missing, NODATA, cells).astype(">f4")


def _legend(array: xr.DataArray) -> str:
    classes = classes_of(array)
    told = [f"title:{_line(array.attrs['long_name'])}"] if array.attrs.get("long_name") else []
    for code, name, colour in zip(*classes, strict=True) if classes else ():
        told += [f"*class*{code}*name:{_line(name)}", f"*class*{code}*color:{_colour(colour)}"]
    return "".join(f"{line}\n" for line in told)


def zipped(writer: Callable[[xr.Dataset, Path], None], suffix: str) -> Callable[[xr.Dataset, Path], None]:
    """Writer of a zip with the files that `writer` makes of a volume, the main one of `suffix`."""

    def write(dataset: xr.Dataset, target: Path) -> None:
        folder = target.with_name("members")
        folder.mkdir()
        writer(dataset, folder / f"{target.name.lower().removesuffix(f'{suffix}.zip') or 'model'}{suffix}")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
                path.unlink()
        folder.rmdir()

    return write


def write_lines(frame: pd.DataFrame, target: Path) -> None:
    """Write a table of lines as one PLine a row with the row's numbers as properties of its vertices."""
    _write(frame, target, {"LineString", "LinearRing"}, "PLine")


def write_points(frame: pd.DataFrame, target: Path) -> None:
    """Write a table of points as one VSet with the numbers of the rows as properties.

    Texts have no place in the format and are left out; heights that are not stated are 0.
    """
    _write(frame, target, {"Point"}, "VSet")


def _write(frame: pd.DataFrame, target: Path, kinds: set[str], kind: str) -> None:
    parts = _parts(frame, kinds, target.suffix)
    numbers = [
        name
        for name in parts.columns
        if pd.api.types.is_numeric_dtype(parts[name].dtype) and name != parts.active_geometry_name
    ]
    values = parts[numbers].astype("float64").fillna(NODATA).to_numpy()
    head = "".join(_table_properties(numbers))
    crs = crs_of(parts)
    places, row = shapely.get_coordinates(parts.geometry, include_z=True, return_index=True)
    places = np.nan_to_num(places)
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(_header(kind, target.stem, crs) + head)
        begun = -1
        for number, (place, line) in enumerate(zip(places.tolist(), row.tolist(), strict=True), 1):
            if kind == "PLine" and line != begun:
                stream.write("ILINE\n")
            told = "".join(f" {value!r}" for value in (*place, *values[line].tolist()))
            stream.write(f"{'PVRTX' if numbers else 'VRTX'} {number}{told}\n")
            if kind == "PLine" and line == begun:
                stream.write(f"SEG {number - 1} {number}\n")
            begun = line
        stream.write("END\n")


def _table_properties(names: Sequence[Any]) -> Iterator[str]:
    if names:
        yield f"PROPERTIES {' '.join(map(word, names))}\n"
        yield f"NO_DATA_VALUES {' '.join([f'{NODATA:g}'] * len(names))}\n"
        yield f"ESIZES {' '.join(['1'] * len(names))}\n"


def _parts(frame: pd.DataFrame, kinds: set[str], suffix: str) -> gpd.GeoDataFrame:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise InvalidError(f"the table has no geometry, which {suffix} needs", hint="use .csv or .parquet")
    located = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    parts = located.explode(ignore_index=True) if len(located) else located
    found = set(parts.geometry.geom_type)
    if not found or found - kinds:
        words = ", ".join(sorted(found - kinds)) or "no geometry"
        raise InvalidError(
            f"{suffix} holds {' or '.join(sorted(kinds))}, this table has {words}", hint="use .gpkg"
        )
    return parts
