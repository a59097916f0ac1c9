"""Meshes as binary glTF, one node a part, with a table of the parts beside it.

glTF holds float32 with the second axis up. Vertices are therefore stored from
an origin (float64, in the extras of the scene) as easting, upward, −northing,
which any viewer shows upright. Where float32 is too coarse for the extent of a
mesh, a second vertex attribute holds what it rounded off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from craton.model.crs import is_geographic
from craton.model.data import Mesh
from craton.model.errors import InvalidError
from craton.model.record import Asset
from craton.store.codec_asset import GLB, NOTE, PARQUET, EncodedAsset, Locate, data_asset, only_member
from craton.store.codec_table import decode_table, encode_table

if TYPE_CHECKING:
    import trimesh

TOLERANCE = {False: 1e-4, True: 1e-9}
"""Rounding of vertices that is let pass (0.1 mm): in metres, and in degrees where the system has those."""

REMAINDER = "_REMAINDER"

Vertices = np.ndarray[Any, np.dtype[np.float64]]


def encode_mesh(mesh: Mesh, folder: Path, crs: str) -> dict[str, EncodedAsset]:
    """Write `mesh` as an asset of one glTF file, and its parts as an asset of one Parquet file."""
    _check(mesh)
    target = folder / "mesh.glb"
    target.write_bytes(mesh_bytes(mesh, crs))
    parts = encode_table(mesh.parts, folder / "parts.parquet")
    return {
        "data": data_asset(GLB, {"mesh.glb": target}),
        "parts": data_asset(PARQUET, {"parts.parquet": parts}),
    }


def _check(mesh: Mesh) -> None:
    if len(mesh.part) != len(mesh.triangles):
        raise InvalidError(f"{len(mesh.triangles)} triangles, but the part is stated for {len(mesh.part)}")
    for name, indices, count in (
        ("vertex", mesh.triangles, len(mesh.vertices)),
        ("part", mesh.part, len(mesh.parts)),
    ):
        if indices.size and not 0 <= indices.min() <= indices.max() < count:
            raise InvalidError(f"a triangle names a {name} that is not there; there are {count}")
    if not np.isfinite(mesh.vertices).all():
        raise InvalidError("a vertex of the mesh has no place")


def mesh_bytes(mesh: Mesh, crs: str) -> bytes:
    """Binary glTF of `mesh`; equal meshes give equal bytes."""
    # Trimesh takes a third of a second to import: whoever has no mesh does without.
    import trimesh
    from trimesh.exchange.gltf import export_glb

    origin = _origin(mesh.vertices)
    local = to_local(mesh.vertices, origin)
    rounding = np.abs(local - local.astype(np.float32)).max(initial=0.0)
    precise = bool(rounding > TOLERANCE[bool(crs) and is_geographic(crs)])
    scene = trimesh.Scene()
    for part in _parts(mesh, local):
        scene.add_geometry(part.geometry(precise=precise), node_name=part.name, geom_name=part.name)
    extras = {"origin": origin.tolist(), "crs": crs, "axes": ["easting", "upward", "-northing"]}

    def state(tree: dict[str, Any]) -> None:
        tree["asset"]["generator"] = NOTE
        tree["scenes"][0]["extras"] = {NOTE: extras}

    content: bytes = export_glb(scene, tree_postprocessor=state)  # type: ignore[no-untyped-call]
    return content


def _origin(vertices: Vertices) -> Vertices:
    """Middle of `vertices` in whole units."""
    if not len(vertices):
        return np.zeros(3)
    middle: Vertices = np.round((vertices.min(axis=0) + vertices.max(axis=0)) / 2)
    return middle


def to_local(vertices: Vertices, origin: Vertices) -> Vertices:
    """Easting, northing, upward as easting, upward, −northing from `origin`."""
    easting, northing, upward = (vertices - origin).T
    return np.stack([easting, upward, -northing], axis=1)


def from_local(local: Vertices, origin: Vertices) -> Vertices:
    """Undo `to_local`."""
    easting, upward, southing = local.T
    return np.stack([easting, -southing, upward], axis=1) + origin


@dataclass(frozen=True)
class _Part:
    """Vertices and triangles of one part, and the row of `parts` it belongs to."""

    row: int
    name: str
    vertices: Vertices
    triangles: np.ndarray[Any, Any]

    def geometry(self, *, precise: bool) -> trimesh.Trimesh:
        import trimesh

        near = self.vertices.astype(np.float32)
        geometry = trimesh.Trimesh(
            near, self.triangles, process=False, validate=False, metadata={"part": self.row}
        )
        if precise:
            geometry.vertex_attributes[REMAINDER] = (self.vertices - near).astype(np.float32)
        return geometry


def _parts(mesh: Mesh, local: Vertices) -> Iterator[_Part]:
    """Parts that have triangles, in the order of their rows."""
    if not len(mesh.triangles):
        return
    order = np.argsort(mesh.part, kind="stable")
    rows, starts = np.unique(mesh.part[order], return_index=True)
    names = _node_names(mesh)
    for row, members in zip(rows.tolist(), np.split(order, starts[1:]), strict=True):
        used, triangles = np.unique(mesh.triangles[members], return_inverse=True)
        yield _Part(row, names[row], local[used], triangles.reshape(-1, 3))


def _node_names(mesh: Mesh) -> list[str]:
    """Identifier of each part, with its row where it is not unique or there is none."""
    stated = mesh.parts["part_id"].astype(str).tolist() if "part_id" in mesh.parts else [""] * len(mesh.parts)
    once = {name for name in stated if name and name != "world" and stated.count(name) == 1}
    return [name if name in once else f"{name}#{row}" for row, name in enumerate(stated)]


def decode_mesh(asset: Asset, parts: Asset, locate: Locate) -> Mesh:
    """Mesh of a glTF file and the table of its parts.

    Triangles come ordered by part; a vertex that parts share comes once for each.
    """
    import trimesh

    with locate(only_member(asset)).open("rb") as stream:
        scene = trimesh.load_scene(stream, file_type="glb", process=False)
    origin = np.array(scene.metadata[NOTE]["origin"], dtype=np.float64)
    geometries = sorted(scene.geometry.values(), key=lambda geometry: int(geometry.metadata["part"]))
    starts = np.cumsum([0, *(len(geometry.vertices) for geometry in geometries)])
    triangles = [geometry.faces + start for geometry, start in zip(geometries, starts[:-1], strict=True)]
    rows = [int(geometry.metadata["part"]) for geometry in geometries]
    return Mesh(
        vertices=from_local(np.concatenate([np.empty((0, 3)), *(_precise(g) for g in geometries)]), origin),
        triangles=np.concatenate([np.empty((0, 3), np.int64), *triangles]),
        part=np.repeat(np.array(rows, np.int64), [len(t) for t in triangles]),
        parts=decode_table(locate(only_member(parts))),
        crs=str(scene.metadata[NOTE].get("crs", "")),
    )


def _precise(geometry: trimesh.Trimesh) -> Vertices:
    near = np.asarray(geometry.vertices, np.float64)
    remainder = geometry.vertex_attributes.get(REMAINDER)
    return near if remainder is None else near + np.asarray(remainder, np.float64)
