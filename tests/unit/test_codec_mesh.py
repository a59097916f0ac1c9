"""Meshes: binary glTF that others open, exact to a tenth of a millimetre, parts kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import trimesh
from tests.staging import hashes, stage

from craton.model.data import Mesh
from craton.model.errors import InvalidError
from craton.store.codec import encode
from craton.store.codec_asset import GLB

ORIGIN = np.array([512_345.678901, 2_101_234.567890, 187.654321])


def tetrahedra(count: int, spread: float) -> Mesh:
    """`count` tetrahedra of 10 m strewn over `spread` metres, triangles of all parts interleaved."""
    corners = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0], [0, 0, 10]], float)
    places = np.random.default_rng(0).uniform(0, spread, (count, 1, 3))
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    triangles = (faces[:, None, :] + 4 * np.arange(count)[None, :, None]).reshape(-1, 3)
    return Mesh(
        vertices=(ORIGIN + places + corners).reshape(-1, 3),
        triangles=triangles,
        part=np.tile(np.arange(count), 4),
        parts=pd.DataFrame(
            {"part_id": [f"b{i}" for i in range(count)], "unit": ["ຫີນ", "granite"] * (count // 2)}
        ),
    )


def corners_by_part(mesh: Mesh) -> np.ndarray:
    """Corners of all triangles, ordered by part and else as they are."""
    order = np.argsort(mesh.part, kind="stable")
    return mesh.vertices[mesh.triangles[order]]


@pytest.mark.parametrize("spread", [100.0, 10_000.0, 2_000_000.0])
def test_triangles_come_back_exact_to_a_tenth_of_a_millimetre(tmp_path: Path, spread: float) -> None:
    """Over a building or a country, each triangle keeps its corners, its part and the part's attributes."""
    source = tetrahedra(6, spread)
    found = stage(source, "mesh", tmp_path / "s", "EPSG:32648").read()
    np.testing.assert_allclose(corners_by_part(found), corners_by_part(source), rtol=0, atol=1e-4)
    assert found.part.tolist() == sorted(source.part.tolist())
    pd.testing.assert_frame_equal(found.parts, source.parts)


def test_small_meshes_carry_no_remainder(tmp_path: Path) -> None:
    """What float32 rounds off is stored only where it would exceed the tolerance."""
    near = stage(tetrahedra(6, 100.0), "mesh", tmp_path / "near").path
    far = stage(tetrahedra(6, 1e6), "mesh", tmp_path / "far").path
    assert b"_REMAINDER" not in near.read_bytes()
    assert b"_REMAINDER" in far.read_bytes()


def test_other_programs_see_named_parts_upright(tmp_path: Path) -> None:
    """Trimesh opens the file as a scene of one node a part, height on the second axis, near the origin."""
    source = tetrahedra(4, 100.0)
    staged = stage(source, "mesh", tmp_path / "s", "EPSG:32648")
    assert staged.assets["data"].media_type == GLB
    with staged.path.open("rb") as stream:
        scene = trimesh.load_scene(stream, file_type="glb")
    assert set(scene.geometry) == {"b0", "b1", "b2", "b3"}
    assert scene.extents[1] == pytest.approx(np.ptp(source.vertices[:, 2]), abs=1e-3)
    assert np.abs(scene.bounds).max() < 100
    assert scene.geometry["b1"].volume == pytest.approx(1000 / 6, rel=1e-4)
    origin = np.array(scene.metadata["craton"]["origin"])
    assert np.abs(origin - ORIGIN).max() < 100


def test_the_same_mesh_gives_the_same_bytes(tmp_path: Path) -> None:
    """Encoding twice gives equal hashes of both assets."""
    first, second = (hashes(stage(tetrahedra(4, 1e5), "mesh", tmp_path / name).assets) for name in "12")
    assert first == second
    assert set(first) == {"data/mesh.glb", "parts/parts.parquet"}


def test_shared_vertices_repeated_names_and_parts_without_triangles(tmp_path: Path) -> None:
    """Two parts of one name that share an edge stay two; a part without triangles keeps its row."""
    source = Mesh(
        vertices=np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 5]], float),
        triangles=np.array([[0, 1, 2], [1, 3, 2]]),
        part=np.array([2, 0]),
        parts=pd.DataFrame({"part_id": ["same", "empty", "same"]}),
    )
    found = stage(source, "mesh", tmp_path / "s").read()
    np.testing.assert_allclose(corners_by_part(found), corners_by_part(source), atol=1e-6)
    assert found.part.tolist() == [0, 2]
    assert found.parts["part_id"].tolist() == ["same", "empty", "same"]


def test_a_mesh_of_nothing(tmp_path: Path) -> None:
    """A mesh without triangles comes back without triangles."""
    source = Mesh(np.empty((0, 3)), np.empty((0, 3), int), np.empty(0, int), pd.DataFrame({"part_id": ["a"]}))
    found = stage(source, "mesh", tmp_path / "s").read()
    assert found.vertices.shape == (0, 3)
    assert found.triangles.shape == (0, 3)
    assert found.parts["part_id"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"triangles": np.array([[0, 1, 9]]), "part": np.array([0])}, "names a vertex that is not there"),
        ({"triangles": np.array([[0, 1, 2]]), "part": np.array([7])}, "names a part that is not there"),
        (
            {"triangles": np.array([[0, 1, 2]]), "part": np.array([0, 0])},
            "1 triangles, but the part is stated for 2",
        ),
        ({"vertices": np.full((8, 3), np.nan)}, "has no place"),
    ],
)
def test_meshes_that_contradict_themselves_are_refused(tmp_path: Path, change: dict, words: str) -> None:
    """Indices out of range, parts of another number and vertices nowhere are errors."""
    fields = {**vars(tetrahedra(2, 10.0)), **change}
    with pytest.raises(InvalidError, match=words):
        encode(Mesh(**fields), "mesh", tmp_path)
