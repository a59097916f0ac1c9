"""VTK's XML files: volumes as image data (`.vti`), meshes as polygons (`.vtp`) and cells (`.vtu`).

Numbers are appended raw, compressed by zlib in blocks, as VTK itself writes
them. What the format has no place for (reference system, classes, units,
attributes of parts) is JSON text in UTF-8 in an array of the field data,
`craton`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import quoteattr

import numpy as np
import xarray as xr

from craton.model.data import Mesh
from craton.store.codec_asset import NOTE, to_json
from craton.store.codec_export_lattice import Cells, lattice_of, note_of, numbers_of
from craton.store.codec_export_mesh import parts_note

BLOCK = 1 << 20
"""Bytes compressed at a time."""

TYPES = {
    "int8": "Int8", "uint8": "UInt8", "int16": "Int16", "uint16": "UInt16", "int32": "Int32",
    "uint32": "UInt32", "int64": "Int64", "uint64": "UInt64", "float32": "Float32", "float64": "Float64",
}  # fmt: skip
TRIANGLE = 5
"""VTK's number of a cell that is a triangle."""


@dataclass
class _Appended:
    """Compressed arrays and where each begins."""

    pieces: list[bytes] = field(default_factory=list)
    length: int = 0

    def element(self, name: str, values: Cells, components: int = 1) -> str:
        """Add `values`; the element that names them."""
        kind = TYPES[values.dtype.name]
        packed = _packed(values)
        place, self.length = self.length, self.length + sum(map(len, packed))
        self.pieces += packed
        several = f' NumberOfComponents="{components}"' if components > 1 else ""
        return (
            f'<DataArray type="{kind}" Name={quoteattr(name)}{several} format="appended" offset="{place}"/>'
        )

    def write(self, stream: BinaryIO, document: str) -> None:
        """Write the document, the arrays after it."""
        stream.write(document.encode("utf-8"))
        stream.write(b'<AppendedData encoding="raw">\n_')
        stream.writelines(self.pieces)
        stream.write(b"\n</AppendedData>\n</VTKFile>\n")


def _packed(values: Cells) -> list[bytes]:
    """Header of the blocks (how many, their size, that of the last, compressed sizes) and the blocks."""
    content = memoryview(np.ascontiguousarray(values, values.dtype.newbyteorder("<"))).cast("B")
    blocks = [zlib.compress(content[first : first + BLOCK], 6) for first in range(0, len(content), BLOCK)]
    header = np.array([len(blocks), BLOCK, len(content) % BLOCK, *map(len, blocks)], "<u8")
    return [header.tobytes(), *blocks]


def _text(note: dict[str, Any]) -> str:
    """Field data with `note` as JSON, by the codes of its characters: not all programs know texts."""
    codes = to_json(note).encode("utf-8")
    told = f'type="UInt8" Name="{NOTE}" NumberOfTuples="{len(codes)}" format="ascii"'
    return f"<FieldData><DataArray {told}>{' '.join(map(str, codes))}</DataArray></FieldData>"


def _document(kind: str, attributes: str, note: dict[str, Any], piece: str) -> str:
    return (
        f'<?xml version="1.0"?>\n<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian"'
        ' header_type="UInt64" compressor="vtkZLibDataCompressor">\n'
        f"<{kind}{attributes}>\n{_text(note)}\n{piece}\n</{kind}>\n"
    )


def write_image(dataset: xr.Dataset, target: Path) -> None:
    """Write a volume as image data with its values in cells, easting fastest, then northing, then upward.

    Whole numbers keep their type; a number that stands for none stays as it is, and the note says which.
    """
    lattice = lattice_of(dataset, ".vti")
    appended = _Appended()
    arrays = [appended.element(name, numbers_of(lattice, name)[0]) for name in lattice.fields]
    extent = " ".join(f"0 {count}" for count in lattice.counts)
    origin, sides = (" ".join(map(repr, three)) for three in (lattice.corner, lattice.spacing))
    piece = f'<Piece Extent="{extent}"><CellData>{"".join(arrays)}</CellData></Piece>'
    attributes = f' WholeExtent="{extent}" Origin="{origin}" Spacing="{sides}"'
    with target.open("wb") as stream:
        appended.write(stream, _document("ImageData", attributes, note_of(lattice), piece))


def write_polygons(mesh: Mesh, crs: str, target: Path) -> None:
    """Write a mesh as polygon data: coordinates in float64, the part of each triangle as cell data."""
    appended = _Appended()
    count = len(mesh.triangles)
    ends = np.arange(3, 3 * count + 1, 3, dtype=np.int64)
    piece = (
        f'<Piece NumberOfPoints="{len(mesh.vertices)}" NumberOfVerts="0" NumberOfLines="0"'
        f' NumberOfStrips="0" NumberOfPolys="{count}">'
        f"{_shape(mesh, appended)}"
        f"<Polys>{_corners(mesh, appended)}{appended.element('offsets', ends)}</Polys></Piece>"
    )
    with target.open("wb") as stream:
        appended.write(stream, _document("PolyData", "", parts_note(mesh, crs), piece))


def write_cells(mesh: Mesh, crs: str, target: Path) -> None:
    """Write a mesh as an unstructured grid of triangles, otherwise as `write_polygons`."""
    appended = _Appended()
    count = len(mesh.triangles)
    ends = np.arange(3, 3 * count + 1, 3, dtype=np.int64)
    kinds = np.full(count, TRIANGLE, np.uint8)
    piece = (
        f'<Piece NumberOfPoints="{len(mesh.vertices)}" NumberOfCells="{count}">'
        f"{_shape(mesh, appended)}<Cells>{_corners(mesh, appended)}"
        f"{appended.element('offsets', ends)}{appended.element('types', kinds)}</Cells></Piece>"
    )
    with target.open("wb") as stream:
        appended.write(stream, _document("UnstructuredGrid", "", parts_note(mesh, crs), piece))


def _shape(mesh: Mesh, appended: _Appended) -> str:
    part = appended.element("part", mesh.part.astype(np.int32))
    points = appended.element("Points", mesh.vertices.astype(np.float64), 3)
    return f"<CellData>{part}</CellData><Points>{points}</Points>"


def _corners(mesh: Mesh, appended: _Appended) -> str:
    return appended.element("connectivity", mesh.triangles.astype(np.int64))
