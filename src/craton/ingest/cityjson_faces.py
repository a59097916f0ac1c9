"""Faces with holes in space: to triangles, all of a city at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import shapely

from craton.model.data import Mesh

PLANES = np.array([[1, 2], [2, 0], [0, 1]])
"""Axes that remain when the first, second or third is dropped, in the order that keeps the sense."""

DEGENERATE = 1e-12
"""Squared area, relative to the squared extent, below which a face has no plane."""


@dataclass
class Faces:
    """Faces as they are gathered: rings of vertex indices, the ring's face, the face's part.

    `vertices` is (n, 3): easting, northing, upward.
    """

    vertices: np.ndarray
    corners: list[int] = field(default_factory=list)
    ring_lengths: list[int] = field(default_factory=list)
    ring_faces: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)

    def add(self, surface: list[list[int]], part: int) -> None:
        """Add one face: its outer ring, then its holes; rings are not closed."""
        for ring in surface:
            self.corners += ring
            self.ring_lengths.append(len(ring))
            self.ring_faces.append(len(self.parts))
        self.parts.append(part)

    def append(self, vertices: np.ndarray) -> int:
        """Add further vertices; the index of the first."""
        first = len(self.vertices)
        self.vertices = np.concatenate([self.vertices, vertices])
        return first


def triangulate(faces: Faces, parts: pd.DataFrame) -> tuple[Mesh, int]:
    """Mesh of `faces`, wound as they are, and how many faces had to be left out.

    Each face is dropped onto the coordinate plane it is most parallel to,
    which keeps triangles triangles, and cut there by constrained Delaunay
    triangulation (no vertex is added).
    """
    owner = np.array(faces.parts, dtype=np.int64)
    rings = _Rings.of(faces)
    rings = rings.of_faces(rings.usable_faces(len(owner), len(faces.vertices)))
    flat, sense = _flatten(faces.vertices, rings, len(owner))
    plane = sense != 0
    flat, rings = flat[plane[rings.face[rings.ring]]], rings.of_faces(plane)
    triangles, face = _cut(rings, flat)
    triangles = _wound(triangles, face, sense)
    mesh = Mesh(vertices=faces.vertices, triangles=triangles.vertex, part=owner[face], parts=parts)
    return mesh, len(owner) - len(np.unique(face))


@dataclass(frozen=True)
class _Rings:
    """Rings one after the other: vertex of each corner, ring of each corner, face of each ring."""

    vertex: np.ndarray
    ring: np.ndarray
    face: np.ndarray

    @classmethod
    def of(cls, faces: Faces) -> _Rings:
        lengths = np.array(faces.ring_lengths, dtype=np.int64)
        ring = np.repeat(np.arange(len(lengths)), lengths)
        return cls(np.array(faces.corners, dtype=np.int64), ring, np.array(faces.ring_faces, dtype=np.int64))

    def usable_faces(self, count: int, vertices: int) -> np.ndarray:
        """Which of `count` faces have rings, of three corners or more, that exist among the `vertices`."""
        lengths = np.bincount(self.ring, minlength=len(self.face))
        bad_corner = (self.vertex < 0) | (self.vertex >= vertices)
        usable = np.bincount(self.face, minlength=count) > 0
        usable[self.face[lengths < 3]] = False
        usable[self.face[self.ring[bad_corner]]] = False
        return usable

    def of_faces(self, chosen: np.ndarray) -> _Rings:
        """The rings of the `chosen` faces; faces keep their numbers, rings are numbered anew."""
        kept = chosen[self.face] if len(self.face) else np.empty(0, bool)
        number = np.cumsum(kept) - 1
        corner = kept[self.ring]
        return _Rings(self.vertex[corner], number[self.ring[corner]], self.face[kept])

    @property
    def next_vertex(self) -> np.ndarray:
        """The vertex that follows each corner in its ring."""
        following = np.roll(self.vertex, -1)
        last = np.flatnonzero(np.diff(self.ring, append=-1))
        first = np.flatnonzero(np.diff(self.ring, prepend=-1))
        following[last] = self.vertex[first]
        return following


def _flatten(vertices: np.ndarray, rings: _Rings, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Plane coordinates of each corner, and for each face the sense (±1) its outer ring turns in there.

    The sense is 0 where a face has no plane. The normal is Newell's: the sum
    of the cross products of successive corners of the outer ring.
    """
    face = rings.face[rings.ring]
    outer = np.diff(rings.face, prepend=-1)[rings.ring] > 0
    first = _first_corner(face)
    here, following = vertices[rings.vertex], vertices[rings.next_vertex]
    origin = here[first]
    product = np.cross(here - origin, following - origin) * outer[:, None]
    normal = np.stack([np.bincount(face, product[:, axis], count) for axis in range(3)], axis=1)
    extent = np.zeros(count)
    np.maximum.at(extent, face, np.abs(here - origin).max(axis=1))
    axis = np.abs(normal).argmax(axis=1)
    along = normal[np.arange(count), axis]
    sense = np.where(along**2 > DEGENERATE * extent**4, np.sign(along), 0).astype(np.int64)
    flat = np.take_along_axis(here - origin, PLANES[axis[face]], axis=1)
    return flat, sense


def _first_corner(face: np.ndarray) -> np.ndarray:
    """For each corner the number of its face's first corner (faces lie together)."""
    start = np.flatnonzero(np.diff(face, prepend=-1))
    lengths = np.diff(np.append(start, len(face)))
    return np.repeat(start, lengths)


@dataclass(frozen=True)
class _Triangles:
    """Corners of triangles: vertex (m, 3) and plane coordinates (m, 3, 2)."""

    vertex: np.ndarray
    flat: np.ndarray


def _cut(rings: _Rings, flat: np.ndarray) -> tuple[_Triangles, np.ndarray]:
    """Triangles of all faces, and the face of each; a face that crosses itself gives none."""
    faces, rank = np.unique(rings.face, return_inverse=True)
    if not len(faces):
        return _Triangles(np.empty((0, 3), np.int64), np.empty((0, 3, 2))), np.empty(0, np.int64)
    outlines = shapely.polygons(shapely.linearrings(flat, indices=rings.ring), indices=rank)
    outlines[~shapely.is_valid(outlines)] = None
    pieces, number = shapely.get_parts(_delaunay(outlines), return_index=True)
    corners = shapely.get_coordinates(pieces).reshape(-1, 4, 2)[:, :3]
    vertex = _vertices_at(corners, number, rings.vertex, flat, rank[rings.ring])
    return _Triangles(vertex, corners), faces[number]


def _delaunay(outlines: np.ndarray) -> np.ndarray:
    """Constrained Delaunay triangles of each outline; none of one that GEOS gives up on."""
    try:
        return np.asarray(shapely.constrained_delaunay_triangles(outlines))
    except shapely.errors.GEOSException:
        return np.array([_delaunay_of_one(one) for one in outlines], dtype=object)


def _delaunay_of_one(outline: shapely.Polygon | None) -> shapely.GeometryCollection | None:
    try:
        return shapely.constrained_delaunay_triangles(outline)
    except shapely.errors.GEOSException:
        return None


def _vertices_at(
    corners: np.ndarray, number: np.ndarray, vertex: np.ndarray, flat: np.ndarray, owner: np.ndarray
) -> np.ndarray:
    """Vertex of each triangle corner: the one of the same face with the same plane coordinates.

    Parameters
    ----------
    corners, number : array (m, 3, 2), (m,)
        Plane coordinates of the triangles, and the face of each.
    vertex, flat, owner : array (n,), (n, 2), (n,)
        Vertex, plane coordinates and face of each corner of the outlines.
    """
    known = np.column_stack([owner, flat])
    asked = np.column_stack([np.repeat(number, 3), corners.reshape(-1, 2)])
    _, place = np.unique(np.concatenate([known, asked]), axis=0, return_inverse=True)
    at = np.empty(place.max() + 1, np.int64)
    at[place[: len(known)]] = vertex
    return at[place[len(known) :]].reshape(-1, 3)


def _wound(triangles: _Triangles, face: np.ndarray, sense: np.ndarray) -> _Triangles:
    """The triangles, turning as the outer rings of their faces do."""
    first, second, third = np.moveaxis(triangles.flat, 1, 0)
    (u1, v1), (u2, v2) = (second - first).T, (third - first).T
    turned = np.sign(u1 * v2 - v1 * u2) != sense[face]
    vertex = triangles.vertex.copy()
    vertex[turned] = vertex[turned][:, ::-1]
    return _Triangles(vertex, triangles.flat)
