"""3D Tiles 1.1 in a zip: meshes as glTF on the globe, volumes as voxels in an implicit octree.

Places are brought to the Earth's centre by way of their reference system:
every vertex of a mesh, and of a volume its middle and its axes there, so that
over an extent of L metres voxels leave the curve of the Earth by L² / 8R (2 m
at 10 km). Heights go over as the reference system counts them; where it has
none of its own they are taken as heights above its own ellipsoid, which as a
rule was chosen to lie near the level of the sea in its country.

References
----------
Open Geospatial Consortium, 3D Tiles Specification 1.1, 22-025r4 (2023), section
Implicit Tiling. Voxels: 3DTILES_content_voxels, and EXT_primitive_voxels with
KHR_implicit_shapes for glTF, both still drafts.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyproj
import xarray as xr
from pyproj.exceptions import ProjError

from craton.model.data import Mesh
from craton.model.errors import InvalidError
from craton.store.codec_asset import NOTE, plain
from craton.store.codec_crs import parse_crs
from craton.store.codec_export_lattice import Cells, Lattice, classes_of, lattice_of, numbers_of
from craton.store.codec_export_mesh import Part, facts_of, parts_of, red_green_blue

EARTH = "EPSG:4978"
SIDE = 64
"""Most voxels along one side of a tile."""

FLOAT_NODATA = -9999.0
VOXELS = 0x7FFFFFFF
"""Mode of a primitive of voxels."""

COMPONENTS = {"UINT8": ("u1", 5121), "UINT16": ("<u2", 5123), "FLOAT32": ("<f4", 5126)}
"""Types of number of properties: as bytes, and glTF's number of each."""

FLOATS, WHOLE = 5126, 5125
TRIANGLES = 4
Json = dict[str, Any]
Places = np.ndarray[Any, np.dtype[np.float64]]


class Frame(NamedTuple):
    """A place on the Earth: origin, and unit axes (rows) there, in metres from its centre."""

    origin: Places
    axes: Places

    def transform(self) -> list[float]:
        """The matrix of a tile, column by column."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.axes.T, self.origin
        return [float(one) for one in matrix.T.ravel()]


def to_earth(crs: str, places: Places) -> Places:
    """Places (n, 3) in `crs` as metres from the Earth's centre."""
    system = parse_crs(crs)
    if system is None:
        raise InvalidError("3D Tiles lie on the globe, and no reference system is stated", hint="use .glb")
    try:
        move = pyproj.Transformer.from_crs(system.to_3d(), EARTH, always_xy=True)
        moved = move.transform(places[:, 0], places[:, 1], places[:, 2])
    except ProjError as error:
        raise InvalidError(f"the reference system leads to no place on the globe ({error})") from error
    found = np.column_stack(moved)
    if not np.isfinite(found).all():
        raise InvalidError("places lie where their reference system leads to no place on the globe")
    return found


def _upright(origin: Places) -> Places:
    """Unit vectors to the east, to the north and up, as rows."""
    longitude, latitude, _ = pyproj.Transformer.from_crs(EARTH, "EPSG:4979", always_xy=True).transform(
        origin[0], origin[1], origin[2]
    )
    east, north = np.radians(longitude), np.radians(latitude)
    return np.array(
        [
            [-np.sin(east), np.cos(east), 0.0],
            [-np.sin(north) * np.cos(east), -np.sin(north) * np.sin(east), np.cos(north)],
            [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)],
        ]
    )


@dataclass
class _Binary:
    """A glTF with its numbers in one buffer."""

    tree: Json = field(default_factory=lambda: {"asset": {"version": "2.0", "generator": NOTE}})
    pieces: list[bytes] = field(default_factory=list)
    length: int = 0

    def accessor(self, values: Cells, kind: str, number: int, *, bounded: bool = False) -> int:
        """Add an array; its number."""
        content = np.ascontiguousarray(values).tobytes()
        views = self.tree.setdefault("bufferViews", [])
        views.append({"buffer": 0, "byteOffset": self.length, "byteLength": len(content)})
        content += b"\0" * (-len(content) % 8)
        self.pieces.append(content)
        self.length += len(content)
        told = {"bufferView": len(views) - 1, "componentType": number, "count": len(values), "type": kind}
        if bounded:
            told |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        accessors: list[Json] = self.tree.setdefault("accessors", [])
        accessors.append(told)
        return len(accessors) - 1

    def content(self) -> bytes:
        """The file."""
        tree = self.tree | {"buffers": [{"byteLength": self.length}]}
        text = json.dumps(tree, separators=(",", ":")).encode("utf-8")
        text += b" " * (-len(text) % 8 or 0)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        chunks += struct.pack("<II", self.length, 0x004E4942) + b"".join(self.pieces)
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def write_tiles(mesh: Mesh, crs: str, target: Path) -> None:
    """Write a mesh as a tileset of one tile: a mesh a part, named and coloured as the part.

    Vertices are in float32 from the middle of the mesh.
    """
    if not len(mesh.triangles):
        raise InvalidError("the mesh has no triangle")
    earth = to_earth(crs, mesh.vertices)
    origin = (earth.min(axis=0) + earth.max(axis=0)) / 2
    frame = Frame(origin, _upright(origin))
    local = (earth - origin) @ frame.axes.T
    binary = _Binary()
    moved = Mesh(local, mesh.triangles, mesh.part, mesh.parts)
    _scene(binary, [_mesh(binary, moved, part) for part in parts_of(moved)])
    low, high = local.min(axis=0), local.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 0.01)
    root = {
        "transform": frame.transform(),
        "boundingVolume": {"box": _box(middle, half)},
        "geometricError": 0.0,
        "refine": "REPLACE",
        "content": {"uri": "mesh.glb"},
    }
    tileset = {"asset": {"version": "1.1"}, "geometricError": float(np.linalg.norm(half)), "root": root}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tileset.json", json.dumps(tileset, indent=1))
        archive.writestr("mesh.glb", binary.content())


def _box(middle: Places, half: Places) -> list[float]:
    return [*map(float, middle), *map(float, np.diag(half).ravel())]


def _mesh(binary: _Binary, mesh: Mesh, part: Part) -> Json:
    """A mesh of glTF, whose second axis is up."""
    easting, northing, upward = part.vertices.T
    places = np.stack([easting, upward, -northing], axis=1).astype("<f4")
    materials: list[Json] = binary.tree.setdefault("materials", [])
    red, green, blue = (_linear(share) for share in red_green_blue(part.colour))
    shade = {"baseColorFactor": [red, green, blue, 1.0], "metallicFactor": 0.0, "roughnessFactor": 1.0}
    materials.append({"name": part.name, "doubleSided": True, "pbrMetallicRoughness": shade})
    primitive = {
        "attributes": {"POSITION": binary.accessor(places, "VEC3", FLOATS, bounded=True)},
        "indices": binary.accessor(part.triangles.astype("<u4").ravel(), "SCALAR", WHOLE),
        "material": len(materials) - 1,
        "mode": TRIANGLES,
    }
    return {"name": part.name, "primitives": [primitive], "extras": facts_of(mesh, part.row)}


def _linear(share: int) -> float:
    """Light of a share of 255, as glTF counts it."""
    value = share / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _scene(binary: _Binary, meshes: list[Json]) -> None:
    binary.tree |= {
        "scene": 0,
        "scenes": [{"nodes": list(range(len(meshes)))}],
        "nodes": [{"mesh": number, "name": one.get("name", "")} for number, one in enumerate(meshes)],
        "meshes": meshes,
    }


class _Property(NamedTuple):
    """A field as a property: identifier, its schema, its cells with `nodata` where there is none."""

    id: str
    schema: Json
    cells: Cells
    nodata: float


class _Octree(NamedTuple):
    """Levels, and voxels of a tile to the east, to the north and upward."""

    levels: int
    side: tuple[int, int, int]


def octree_of(counts: tuple[int, int, int]) -> _Octree:
    """Octree whose finest tiles hold the cells as they are, none with more than `SIDE` on a side."""
    levels = 1
    while max(counts) > SIDE << (levels - 1):
        levels += 1
    tiles = 1 << (levels - 1)
    east, north, up = (-(-count // tiles) for count in counts)
    return _Octree(levels, (east, north, up))


def write_voxel_tiles(dataset: xr.Dataset, target: Path) -> None:
    """Write a volume as voxels in an implicit octree, every cell in a finest tile, each level half as fine.

    A coarser voxel has the value of the cell at its middle, so that classes stay classes. Fields of whole
    numbers up to 65,535 are kept exactly, all others as float32. Names and colours of classes are in the
    schema: an enumeration, and `extras`.
    """
    lattice = lattice_of(dataset, ".3dtiles.zip")
    tree = octree_of(lattice.counts)
    tiles = 1 << (tree.levels - 1)
    whole = tuple(side * tiles for side in tree.side)
    properties = [_property(lattice, name, number) for number, name in enumerate(lattice.fields)]
    frame, half = _placed(lattice, whole)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        tileset = _tileset(lattice, tree, properties, frame, half)
        archive.writestr("tileset.json", json.dumps(tileset, indent=1))
        archive.writestr("subtrees/0/0/0/0.subtree", _subtree())
        for level in range(tree.levels):
            for place, cells in _tiles(tree, level, properties):
                name = "tiles/{}/{}/{}/{}.glb".format(level, *place)
                archive.writestr(name, _voxels(tree, properties, cells, half / (1 << level)))


def _placed(lattice: Lattice, whole: tuple[int, ...]) -> tuple[Frame, Places]:
    """Frame at the middle of the octree, and half its sides to the east, to the north and upward."""
    corner, sides = np.array(lattice.corner), np.array(lattice.spacing)
    system = parse_crs(lattice.crs)
    if system is not None and system.is_geographic:
        raise InvalidError("voxels need a plane reference system", hint="use .nc or .zarr")
    reach = sides * np.array(whole) / 2
    middle = corner + reach
    ends = middle + np.array([[0, 0, 0], *np.diag(reach), *-np.diag(reach)], np.float64)
    earth = to_earth(lattice.crs, ends)
    along = (earth[1:4] - earth[4:7]) / 2
    half = np.linalg.norm(along, axis=1)
    east = along[0] / half[0]
    up = along[2] / half[2]
    north = np.cross(up, east)
    north /= np.linalg.norm(north)
    return Frame(earth[0], np.array([np.cross(north, up), north, up])), half


def _property(lattice: Lattice, name: str, number: int) -> _Property:
    cells, missing = numbers_of(lattice, name)
    array = lattice.fields[name]
    told: Json = {"name": name, "type": "SCALAR", "extras": plain(array.attrs)}
    known = cells[~missing]
    largest = int(known.max(initial=0)) if cells.dtype.kind in "iu" else -1
    smallest = int(known.min(initial=0)) if cells.dtype.kind in "iu" else -1
    classes = classes_of(array)
    if smallest < 0 or largest > 65_535 or (missing.any() and largest > 65_534):
        told |= {"componentType": "FLOAT32", "noData": FLOAT_NODATA}
        return _Property(f"field_{number}", told, np.where(missing, FLOAT_NODATA, cells), FLOAT_NODATA)
    kind = "UINT8" if largest < 255 else "UINT16"
    nodata = 0 if classes is not None and not missing.any() else np.iinfo(COMPONENTS[kind][0]).max
    told |= {"componentType": kind, "noData": int(nodata)}
    if classes is not None:
        told["description"] = "; ".join(
            f"{code} {word}" for code, word in zip(classes.codes, classes.names, strict=True)
        )
    return _Property(f"field_{number}", told, np.where(missing, nodata, cells), float(nodata))


def _tileset(
    lattice: Lattice, tree: _Octree, properties: list[_Property], frame: Frame, half: Places
) -> Json:
    schema = {"id": "model", "classes": {"voxel": {"properties": {p.id: p.schema for p in properties}}}}
    voxels = {"dimensions": list(tree.side), "class": "voxel"}
    root = {
        "transform": frame.transform(),
        "boundingVolume": {"box": _box(np.zeros(3), half)},
        "geometricError": float(2 * half.max() / max(tree.side)),
        "refine": "REPLACE",
        "content": {
            "uri": "tiles/{level}/{x}/{y}/{z}.glb",
            "extensions": {"3DTILES_content_voxels": voxels},
        },
        "implicitTiling": {
            "subdivisionScheme": "OCTREE",
            "subtreeLevels": tree.levels,
            "availableLevels": tree.levels,
            "subtrees": {"uri": "subtrees/{level}/{x}/{y}/{z}.subtree"},
        },
    }
    return {
        "asset": {"version": "1.1"},
        "extensionsUsed": ["3DTILES_content_voxels"],
        "extensionsRequired": ["3DTILES_content_voxels"],
        "schema": schema,
        "statistics": {"classes": {"voxel": _statistics(properties)}},
        "geometricError": float(4 * half.max() / max(tree.side)),
        "root": root,
        "extras": {NOTE: {"crs": lattice.crs}},
    }


def _statistics(properties: list[_Property]) -> Json:
    told = {}
    for one in properties:
        known = one.cells[one.cells != one.nodata]
        if known.size:
            told[one.id] = {"min": known.min().item(), "max": known.max().item()}
    return {"count": int(properties[0].cells.size), "properties": told}


def _subtree() -> bytes:
    """A subtree in which every tile is there and has content."""
    every = {"constant": 1}
    text = json.dumps(
        {
            "tileAvailability": every,
            "contentAvailability": [every],
            "childSubtreeAvailability": {"constant": 0},
        }
    ).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<4sIQQ", b"subt", 1, len(text), 0) + text


def _tiles(
    tree: _Octree, level: int, properties: list[_Property]
) -> Iterator[tuple[tuple[int, int, int], list[Cells]]]:
    """Place (x, y, z) of each tile of `level` and the cells of each property there, easting fastest."""
    stride = 1 << (tree.levels - 1 - level)
    sampled = [
        one.cells[stride // 2 :: stride, stride // 2 :: stride, stride // 2 :: stride] for one in properties
    ]
    east, north, up = tree.side
    for z, y, x in np.ndindex(*([1 << level] * 3)):
        cells = []
        for one, every in zip(properties, sampled, strict=True):
            tile = np.full((up, north, east), one.nodata, every.dtype)
            found = every[z * up : (z + 1) * up, y * north : (y + 1) * north, x * east : (x + 1) * east]
            tile[tuple(slice(size) for size in found.shape)] = found
            cells.append(tile)
        yield (x, y, z), cells


def _voxels(tree: _Octree, properties: list[_Property], cells: list[Cells], half: Places) -> bytes:
    """A tile. Its axes are those of glTF: to the east, up, to the south."""
    binary = _Binary()
    attributes, named, nodata = {}, {}, {}
    for number, (one, values) in enumerate(zip(properties, cells, strict=True)):
        dtype, component = COMPONENTS[one.schema["componentType"]]
        southward = values.transpose(1, 0, 2)[::-1].astype(dtype)
        attributes[f"_FIELD_{number}"] = binary.accessor(southward.ravel(), "SCALAR", component)
        named[one.id] = {"attribute": f"_FIELD_{number}"}
        nodata[f"_FIELD_{number}"] = [one.nodata]
    east, north, up = tree.side
    schema = {"id": "model", "classes": {"voxel": {"properties": {p.id: p.schema for p in properties}}}}
    size = [float(2 * one) for one in (half[0], half[2], half[1])]
    used = ["KHR_implicit_shapes", "EXT_primitive_voxels", "EXT_structural_metadata"]
    binary.tree |= {
        "extensionsUsed": used,
        "extensionsRequired": used[:2],
        "extensions": {
            "KHR_implicit_shapes": {"shapes": [{"type": "box", "box": {"size": size}}]},
            "EXT_structural_metadata": {
                "schema": schema,
                "propertyAttributes": [{"class": "voxel", "properties": named}],
            },
        },
    }
    primitive = {
        "attributes": attributes,
        "mode": VOXELS,
        "extensions": {
            "EXT_primitive_voxels": {"shape": 0, "dimensions": [east, up, north], "noData": nodata},
            "EXT_structural_metadata": {"propertyAttributes": [0]},
        },
    }
    _scene(binary, [{"primitives": [primitive]}])
    return binary.content()
