"""glTF 2.0, binary or with its buffers beside it: triangles as one mesh, a part each node."""

from __future__ import annotations

import base64
import binascii
import re
import struct
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from craton.ingest.shape_drafts import shape_drafts
from craton.ingest.shapes import Shapes, Surface
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

MAGIC = b"glTF"
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942
FAN, STRIP, TRIANGLES = 6, 5, 4
NOTE = "craton"
REMAINDER = "_REMAINDER"
TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
DEEPEST = 64
HARMLESS = re.compile(
    r"(KHR|EXT|ADOBE|MSFT|NV|FB)_(materials?|texture|lights?|xmp|animation|image)_?\w*"
    r"|KHR_mesh_quantization|EXT_mesh_features|EXT_structural_metadata|EXT_instance_features|KHR_node_visibility"
)
"""Extensions that may be required and leave the places of triangles as they are without them."""

INSTANCES = "EXT_mesh_gpu_instancing"
HINT = "export it again as binary glTF without compression of meshes"
Whole = Annotated[int, Meta(ge=0)]


class Accessor(Struct):
    """Where an array lies and how its numbers are written."""

    count: Whole
    type: str
    component: int = msgspec.field(name="componentType")
    view: Whole | None = msgspec.field(name="bufferView", default=None)
    offset: Whole = msgspec.field(name="byteOffset", default=0)
    normalized: bool = False
    sparse: dict[str, Any] | None = None


class View(Struct):
    """A stretch of a buffer."""

    buffer: Whole
    length: Whole = msgspec.field(name="byteLength")
    offset: Whole = msgspec.field(name="byteOffset", default=0)
    stride: Whole = msgspec.field(name="byteStride", default=0)


class Buffer(Struct):
    """Bytes in the file, beside it, or as text in it."""

    length: Whole = msgspec.field(name="byteLength")
    uri: str | None = None


class Primitive(Struct):
    """A shape of one material."""

    attributes: dict[str, int]
    indices: Whole | None = None
    material: Whole | None = None
    mode: int = TRIANGLES


class MeshEntry(Struct):
    """A mesh."""

    primitives: list[Primitive] = []
    name: str = ""
    extras: Any = None


class Node(Struct):
    """A node of the scene: a mesh, moved, and what hangs on it."""

    children: list[Whole] = []
    mesh: Whole | None = None
    name: str = ""
    matrix: Annotated[list[float], Meta(min_length=16, max_length=16)] | None = None
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    extras: Any = None
    extensions: dict[str, Any] = {}


class Scene(Struct):
    """A scene."""

    nodes: list[Whole] = []
    extras: Any = None


class Material(Struct):
    """A material: its colour."""

    pbr: dict[str, Any] = msgspec.field(name="pbrMetallicRoughness", default={})


class Tree(Struct):
    """The document."""

    asset: dict[str, Any]
    scene: Whole = 0
    scenes: list[Scene] = []
    nodes: list[Node] = []
    meshes: list[MeshEntry] = []
    accessors: list[Accessor] = []
    views: list[View] = msgspec.field(name="bufferViews", default=[])
    buffers: list[Buffer] = []
    materials: list[Material] = []
    required: list[str] = msgspec.field(name="extensionsRequired", default=[])


def _matches(candidate: Candidate) -> bool:
    is_text = candidate.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and candidate.suffix == ".gltf"
    return candidate.head.startswith(MAGIC) or is_text


def _files_of(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """Buffers of the same folder."""
    if candidate.suffix != ".gltf":
        return []
    return [
        path for path in listing if path.parent == candidate.path.parent and path.suffix.lower() == ".bin"
    ]


@reader("gltf", suffixes=(".glb", ".gltf"), order=14, matches=_matches, gather=_files_of)
def read_gltf(source: Source) -> Iterator[Draft]:
    """Read the triangles of a glTF scene as one mesh, its second axis as upward."""
    text, binary = _opened(source)
    try:
        tree = msgspec.json.decode(text, type=Tree)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise broken(source.name, str(error)[:200]) from error
    if unknown := sorted(one for one in set(tree.required) if not HARMLESS.fullmatch(one)):
        words = f"{source.name} cannot be read without {', '.join(unknown)[:200]}"
        raise RefusedError("unsupported", words, hint=HINT)
    file = _File(tree, binary, source)
    shapes = Shapes(title=source.stem)
    scene = tree.scenes[tree.scene] if tree.scene < len(tree.scenes) else Scene(_roots(tree))
    origin, shapes.crs = _ours(scene)
    visited: set[int] = set()
    for number in scene.nodes:
        _add(shapes, file, number, np.eye(4), origin, visited, 0)
    yield from shape_drafts(shapes, source)


def _roots(tree: Tree) -> list[int]:
    """Nodes that hang on no other."""
    hanging = {child for node in tree.nodes for child in node.children}
    return [number for number in range(len(tree.nodes)) if number not in hanging]


def broken(name: str, words: str) -> RefusedError:
    """The error that says what breaks the format."""
    return RefusedError("invalid-structure", f"{name} is no sound glTF: {words}", hint=HINT)


def _opened(source: Source) -> tuple[bytes, bytes]:
    """Text of the document, and the binary chunk."""
    content = source.path.read_bytes()
    if not content.startswith(MAGIC):
        return content.removeprefix(b"\xef\xbb\xbf"), b""
    if len(content) < 20:
        raise RefusedError("truncated", f"{source.name} ends within its header", hint="copy it again")
    version, length = struct.unpack_from("<II", content, 4)
    if version != 2:
        raise RefusedError("unsupported", f"{source.name} is of glTF version {version}", hint=HINT)
    if length > len(content):
        raise RefusedError(
            "truncated", f"{source.name} has {len(content)} of {length} bytes", hint="copy it again"
        )
    chunks: dict[int, bytes] = {}
    begin = 12
    while begin + 8 <= length:
        size, kind = struct.unpack_from("<II", content, begin)
        if begin + 8 + size > length:
            raise RefusedError("truncated", f"{source.name} ends within a chunk", hint="copy it again")
        chunks.setdefault(kind, content[begin + 8 : begin + 8 + size])
        begin += 8 + size
    if JSON_CHUNK not in chunks:
        raise broken(source.name, "it has no document")
    return chunks[JSON_CHUNK], chunks.get(BINARY_CHUNK, b"")


def _ours(scene: Scene) -> tuple[np.ndarray, str]:
    """Origin and reference system that we write in the extras of a scene; zeros and nothing elsewhere."""
    told = scene.extras.get(NOTE) if isinstance(scene.extras, dict) else None
    origin = told.get("origin") if isinstance(told, dict) else None
    crs = told.get("crs") if isinstance(told, dict) else None
    sound = (
        isinstance(origin, list) and len(origin) == 3 and all(isinstance(one, int | float) for one in origin)
    )
    place = np.array(origin, np.float64) if sound else np.zeros(3)
    return (place if np.isfinite(place).all() else np.zeros(3)), crs if isinstance(crs, str) else ""


class _File:
    """Arrays of a document."""

    def __init__(self, tree: Tree, binary: bytes, source: Source) -> None:
        self.tree, self._binary, self._source = tree, binary, source
        self._buffers: dict[int, bytes] = {}
        self.name = source.name

    def broken(self, words: str) -> RefusedError:
        """The error that says what breaks the format."""
        return broken(self.name, words)

    def array(self, number: int) -> np.ndarray:
        """The numbers of an accessor, (n,) or (n, width)."""
        if not 0 <= number < len(self.tree.accessors):
            raise self.broken(f"accessor {number} is not there")
        told = self.tree.accessors[number]
        width = WIDTHS.get(told.type)
        if width is None or told.component not in TYPES or told.view is None or told.sparse:
            raise RefusedError(
                "unsupported", f"{self.name} has an accessor of type {told.type[:20]!r}", hint=HINT
            )
        if told.view >= len(self.tree.views):
            raise self.broken(f"view {told.view} is not there")
        view = self.tree.views[told.view]
        dtype = np.dtype(TYPES[told.component])
        item = dtype.itemsize * width
        stride = view.stride or item
        content = self._buffer(view.buffer)
        begin = view.offset + told.offset
        if stride < item or (told.count and begin + stride * (told.count - 1) + item > len(content)):
            raise RefusedError(
                "truncated", f"an array of {self.name} reaches beyond its buffer", hint="export it again"
            )
        if not told.count:
            return np.empty((0, width) if width > 1 else 0, dtype)
        flat = np.ndarray((told.count, width), dtype, content, begin, (stride, dtype.itemsize))
        if told.normalized and dtype.kind in "iu":
            flat = np.maximum(flat / np.iinfo(dtype).max, -1.0)
        return flat[:, 0] if width == 1 else flat

    def _buffer(self, number: int) -> bytes:
        if number not in self._buffers:
            if number >= len(self.tree.buffers):
                raise self.broken(f"buffer {number} is not there")
            self._buffers[number] = self._bytes(self.tree.buffers[number].uri)
        return self._buffers[number]

    def _bytes(self, uri: str | None) -> bytes:
        if uri is None:
            return self._binary
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=True)
            except (binascii.Error, ValueError) as error:
                raise self.broken("a buffer that is no base64") from error
        wanted = Path(urllib.parse.unquote(uri)).name
        found = next((path for path in self._source.files[1:] if path.name == wanted), None)
        if found is None:
            raise RefusedError(
                "sidecar-missing", f"{self.name} needs {wanted[:80]} beside it", hint="add both together"
            )
        return found.read_bytes()


def _add(
    shapes: Shapes,
    file: _File,
    number: int,
    above: np.ndarray,
    origin: np.ndarray,
    visited: set[int],
    depth: int,
) -> None:
    """Add the surfaces of a node and of those that hang on it."""
    if not number < len(file.tree.nodes):
        raise file.broken(f"node {number} is not there")
    if number in visited or depth > DEEPEST:
        raise file.broken("nodes that hang on themselves")
    visited.add(number)
    node = file.tree.nodes[number]
    matrix = above @ _matrix(node)
    if node.mesh is not None:
        if node.mesh >= len(file.tree.meshes):
            raise file.broken(f"mesh {node.mesh} is not there")
        mesh = file.tree.meshes[node.mesh]
        shapes.items += _surfaces(shapes, file, node, mesh, matrix, origin)
        if INSTANCES in node.extensions:
            shapes.left_out.append("copies of a mesh, of which the first was taken where it stands")
    for child in node.children:
        _add(shapes, file, child, matrix, origin, visited, depth + 1)


def _matrix(node: Node) -> np.ndarray:
    if node.matrix is not None:
        return np.array(node.matrix).reshape(4, 4).T
    x, y, z, w = node.rotation
    turned = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turned * np.array(node.scale)
    matrix[:3, 3] = node.translation
    return matrix


def _surfaces(
    shapes: Shapes, file: _File, node: Node, mesh: MeshEntry, matrix: np.ndarray, origin: np.ndarray
) -> Iterator[Surface]:
    for primitive in mesh.primitives:
        if primitive.mode not in {TRIANGLES, STRIP, FAN} or "POSITION" not in primitive.attributes:
            shapes.left_out.append("lines, points or voxels of a scene")
            continue
        local = file.array(primitive.attributes["POSITION"]).astype(np.float64)
        if local.ndim != 2 or local.shape[1] != 3:
            raise file.broken("places that are no triples")
        if REMAINDER in primitive.attributes:
            rest = file.array(primitive.attributes[REMAINDER])
            local = local + rest if rest.shape == local.shape else local
        x, y, z = (local @ matrix[:3, :3].T + matrix[:3, 3]).T
        places = np.stack([x, -z, y], axis=1) + origin
        corners = _corners(file, primitive, len(places))
        facts = _facts(file, mesh, primitive)
        yield Surface(node.name or mesh.name or shapes.title, places, corners, facts)


def _corners(file: _File, primitive: Primitive, count: int) -> np.ndarray:
    index = np.arange(count) if primitive.indices is None else file.array(primitive.indices).astype(np.int64)
    if index.ndim != 1:
        raise file.broken("indices that are no numbers")
    if primitive.mode == TRIANGLES:
        return index[: index.size // 3 * 3].reshape(-1, 3)
    if index.size < 3:
        return np.empty((0, 3), np.int64)
    if primitive.mode == FAN:
        return np.column_stack([np.repeat(index[0], index.size - 2), index[1:-1], index[2:]])
    strip = np.column_stack([index[:-2], index[1:-1], index[2:]])
    strip[1::2] = strip[1::2][:, [1, 0, 2]]
    return strip


def _facts(file: _File, mesh: MeshEntry, primitive: Primitive) -> dict[str, Any]:
    told = mesh.extras if isinstance(mesh.extras, dict) else {}
    facts = {str(key): value for key, value in told.items() if isinstance(value, str | int | float)}
    material = primitive.material
    if material is not None and material < len(file.tree.materials):
        shares = file.tree.materials[material].pbr.get("baseColorFactor")
        if (
            isinstance(shares, list)
            and len(shares) >= 3
            and all(isinstance(one, int | float) for one in shares)
        ):
            facts.setdefault("colour", "#" + bytes(_share(float(one)) for one in shares[:3]).hex())
    return facts


def _share(light: float) -> int:
    """Share of 255 of a share of light, which glTF counts without gamma."""
    value = min(max(light, 0.0), 1.0) if np.isfinite(light) else 0.0
    return round(255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055))
