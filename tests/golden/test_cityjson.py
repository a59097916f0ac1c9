"""CityJSON: the open city models, and small ones whose areas and volumes are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.reading import DATA, read_source

from craton.model.data import Draft, Mesh
from craton.model.errors import RefusedError

CITIES = DATA / "urban" / "cityjson"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the open survey data is not beside this checkout")

CUBE = [[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [0, 0, 2], [2, 0, 2], [2, 2, 2], [0, 2, 2]]
OUTSIDE = [[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]


def city(objects: dict[str, Any], vertices: list[list[float]], **members: Any) -> dict[str, Any]:
    """A CityJSON 2.0 text as an object."""
    return {"type": "CityJSON", "version": "2.0", "CityObjects": objects, "vertices": vertices} | members


def building(*geometry: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A building with the geometries."""
    return {"type": "Building", "geometry": list(geometry)} | members


def solid(lod: str = "1", shell: list[list[list[int]]] = OUTSIDE) -> dict[str, Any]:
    """A solid of one shell."""
    return {"type": "Solid", "lod": lod, "boundaries": [shell]}


def read(tmp_path: Path, content: dict[str, Any]) -> Draft:
    """The draft of a city written to a file."""
    path = tmp_path / "a.city.json"
    path.write_text(json.dumps(content))
    (draft,) = read_source(path)[1]
    return draft


def corners(mesh: Mesh) -> np.ndarray:
    """Corners of all triangles, (m, 3, 3)."""
    return mesh.vertices[mesh.triangles]


def area(mesh: Mesh) -> float:
    """Sum of the triangles' areas."""
    first, second, third = np.moveaxis(corners(mesh), 1, 0)
    return float(np.linalg.norm(np.cross(second - first, third - first), axis=1).sum() / 2)


def volume(mesh: Mesh) -> float:
    """Volume enclosed by outward-facing triangles, by the divergence theorem."""
    around = corners(mesh) - mesh.vertices[mesh.triangles].mean(axis=(0, 1))
    return float(np.linalg.det(around).sum() / 6)


def test_cube_has_its_area_and_volume(tmp_path: Path) -> None:
    """A cube of side 2 keeps area 24 and, wound outward, volume 8; the transform is applied."""
    transform = {"scale": [0.5, 0.5, 0.5], "translate": [100.0, 200.0, 10.0]}
    half = [[2 * value for value in vertex] for vertex in CUBE]
    mesh = read(tmp_path, city({"a": building(solid())}, half, transform=transform)).data
    assert len(mesh.triangles) == 12
    assert (area(mesh), volume(mesh)) == (pytest.approx(24), pytest.approx(8))
    assert mesh.vertices.min(axis=0).tolist() == [100, 200, 10]


@pytest.mark.parametrize("plane", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_holes_are_cut_out(tmp_path: Path, plane: tuple[int, int, int]) -> None:
    """A square of side 4 with a square hole of side 1 has area 15 in whatever plane it stands."""
    flat = [[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0], [1, 1, 0], [1, 2, 0], [2, 2, 0], [2, 1, 0]]
    vertices = [[vertex[axis] for axis in plane] for vertex in flat]
    surface = {"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2, 3], [4, 5, 6, 7]]]}
    assert area(read(tmp_path, city({"a": building(surface)}, vertices)).data) == pytest.approx(15)


def test_concave_outline(tmp_path: Path) -> None:
    """An L of area 3 is not filled to its hull, on a slope neither."""
    outline = [[0, 0, 0], [2, 0, 2], [2, 1, 2], [1, 1, 1], [1, 2, 1], [0, 2, 0]]
    surface = {"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2, 3, 4, 5]]]}
    assert area(read(tmp_path, city({"a": building(surface)}, outline)).data) == pytest.approx(3 * np.sqrt(2))


def test_highest_level_of_detail_is_kept(tmp_path: Path) -> None:
    """Of several levels the highest counts; attributes and parents become columns."""
    coarse = {"type": "MultiSurface", "lod": 0, "boundaries": [OUTSIDE[0]]}
    objects = {
        "a": {"type": "Building", "attributes": {"storeys": 3, "type": "x", "roof": {"kind": "flat"}}},
        "b": building(
            coarse, solid("2.2"), solid("1.3"), type="BuildingPart", parents=["a"], attributes={"storeys": 2}
        ),
    }
    draft = read(tmp_path, city(objects, CUBE))
    parts = draft.data.parts
    assert parts["part_id"].tolist() == ["a", "b"]
    assert parts["lod"].dropna().to_dict() == {1: "2.2"}
    assert parts["parent"].dropna().to_dict() == {1: "a"}
    assert parts["storeys"].tolist() == [3, 2]
    assert parts["type_attribute"].tolist()[0] == "x"
    assert json.loads(parts["roof"].tolist()[0]) == {"kind": "flat"}
    assert set(draft.data.part.tolist()) == {1}
    assert draft.properties["levels_of_detail_left_out"] == {"0": 1, "1.3": 1}


def test_templates_are_placed(tmp_path: Path) -> None:
    """A template stands where its instance says, turned and scaled by the matrix."""
    matrix = [0, -2, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [0], "transformationMatrix": matrix}
    templates = {"templates": [solid()], "vertices-templates": CUBE}
    mesh = read(
        tmp_path, city({"a": building(instance)}, [[10, 20, 30]], **{"geometry-templates": templates})
    ).data
    placed = corners(mesh).reshape(-1, 3)
    assert (placed.min(axis=0).tolist(), placed.max(axis=0).tolist()) == ([6, 20, 30], [10, 24, 34])
    assert volume(mesh) == pytest.approx(64)


def test_bad_faces_are_counted_not_drawn(tmp_path: Path) -> None:
    """Faces without area, crossing themselves, or with corners that do not exist are left out and counted."""
    vertices = [[0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]]
    faces = [[[0, 1, 2]], [[0, 3, 2, 4]], [[0, 1, 99]], [[0, 1]], [], [[0, 2, 3, 4]]]
    draft = read(
        tmp_path, city({"a": building({"type": "MultiSurface", "lod": "1", "boundaries": faces})}, vertices)
    )
    assert [(one.code, one.count) for one in draft.findings if one.code != "crs-missing"] == [
        ("geometry-unread", 5)
    ]
    assert area(draft.data) == pytest.approx(4)


@pytest.mark.parametrize(
    ("reference", "crs"),
    [
        ("https://www.opengis.net/def/crs/EPSG/0/7415", "EPSG:7415"),
        ("urn:ogc:def:crs:EPSG::7415", "EPSG:7415"),
        ("EPSG:7415", "EPSG:7415"),
        (None, ""),
    ],
)
def test_reference_system_in_all_spellings(tmp_path: Path, reference: str | None, crs: str) -> None:
    """The system is recognised in the spellings of each version; none is a finding."""
    draft = read(
        tmp_path,
        city({"a": building(solid())}, CUBE, metadata={"referenceSystem": reference, "title": "Town"}),
    )
    assert (draft.crs, draft.title) == (crs, "Town")
    assert ("crs-missing" in {one.code for one in draft.findings}) == (crs == "")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"type": "CityJSON", "version": "2.0"}, "invalid-structure"),
        (city({"a": {"type": "Building"}}, CUBE), "no-data"),
        (city({"a": building(solid())}, [["x", 0, 0]]), "invalid-structure"),
        (city({"a": building({"type": "Solid", "boundaries": "x"})}, CUBE), "no-data"),
    ],
)
def test_unusable_city_is_refused(tmp_path: Path, content: dict[str, Any], code: str) -> None:
    """A city that breaks the format or has nothing to draw is refused."""
    with pytest.raises(RefusedError) as caught:
        read(tmp_path, content)
    assert caught.value.code == code


@needs_data
@pytest.mark.parametrize(
    ("name", "parts", "drawn", "degenerate", "crs"),
    [
        ("delft.json", 570, 570, 4, "EPSG:7415"),
        ("multi_lod.json", 10, 10, 0, ""),
        ("DH_01_subs.city.json", 12, 9, 0, ""),
        ("rotterdam_subset.json", 16, 16, 12, ""),
    ],
)
def test_open_city_models(name: str, parts: int, drawn: int, degenerate: int, crs: str) -> None:
    """Object counts and systems of the open models; faces of no area are all that is left out."""
    (draft,) = read_source(CITIES / name)[1]
    found = {one.code: one.count for one in draft.findings}
    assert (len(draft.data.parts), len(np.unique(draft.data.part)), draft.crs) == (parts, drawn, crs)
    assert found.get("geometry-unread", 0) == degenerate
    assert (corners(draft.data)[:, 0] != corners(draft.data)[:, 1]).any(axis=1).all()


@needs_data
@pytest.mark.parametrize("name", ["delft.json", "DH_01_subs.city.json"])
def test_extent_is_the_stated_one(name: str) -> None:
    """Vertices span the geographical extent that the metadata states."""
    (draft,) = read_source(CITIES / name)[1]
    stated = np.array(json.loads((CITIES / name).read_text())["metadata"]["geographicalExtent"]).reshape(2, 3)
    used = corners(draft.data).reshape(-1, 3)
    assert np.allclose([used.min(axis=0), used.max(axis=0)], stated, atol=2e-3)


@needs_data
def test_triangles_cover_the_faces() -> None:
    """The triangles of Delft have the area of its faces, taken from the corners by Newell's formula."""
    text = json.loads((CITIES / "delft.json").read_text())
    vertices = np.array(text["vertices"]) * text["transform"]["scale"]
    expected = 0.0
    for item in text["CityObjects"].values():
        for geometry in item["geometry"]:
            shells = geometry["boundaries"] if geometry["type"] == "Solid" else [geometry["boundaries"]]
            expected += sum(_newell(vertices, face) for shell in shells for face in shell)
    (draft,) = read_source(CITIES / "delft.json")[1]
    assert area(draft.data) == pytest.approx(expected, rel=1e-3)


def _newell(vertices: np.ndarray, face: list[list[int]]) -> float:
    """Area of a face: its outer ring less its holes."""
    areas = []
    for ring in face:
        here = vertices[ring] - vertices[ring[0]]
        areas.append(np.linalg.norm(np.cross(here, np.roll(here, -1, axis=0)).sum(axis=0)) / 2)
    return float(areas[0] - sum(areas[1:]))
