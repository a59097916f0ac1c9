"""CityJSON 1.0–2.0: city objects as triangulated surfaces with their attributes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import numpy as np
import pandas as pd
from msgspec import Meta, Raw, Struct

from craton.ingest import json_text, vector, vector_metadata
from craton.ingest.cityjson_faces import Faces, triangulate
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.model.record import Party, Period
from craton.process.readers import Candidate, Source, reader

Ring = list[int]
Surface = list[Ring]
Position = tuple[float, float, float]
Three = Annotated[list[float], Meta(min_length=3, max_length=3)]

REFERENCE = re.compile(r"(?:def/crs/|def:crs:)?(EPSG|OGC)(?:/[^/]*/|:[^:]*:|:)(\w+)$")
OWN_COLUMNS = ("part_id", "type", "parent", "lod")
METADATA_KEPT = ("geographicalExtent", "referenceDate", "identifier", "geographicLocation", "presentLoDs")


class Transform(Struct):
    """Integer vertices times `scale` plus `translate` are coordinates."""

    scale: Three
    translate: Three


class Semantics(Struct):
    """What each surface is: `values` index `surfaces`, nested as the boundaries are."""

    surfaces: list[dict[str, Any]] = []
    values: Any = None


class Geometry(Struct, tag_field="type"):
    """What all geometries have: the level of detail."""

    lod: str | float | int = ""
    semantics: Semantics | None = None


class MultiSurface(Geometry, tag="MultiSurface"):
    """Surfaces that need not touch."""

    boundaries: list[Surface] = []


class CompositeSurface(Geometry, tag="CompositeSurface"):
    """Surfaces that share edges."""

    boundaries: list[Surface] = []


class Solid(Geometry, tag="Solid"):
    """An outer shell and inner ones."""

    boundaries: list[list[Surface]] = []


class MultiSolid(Geometry, tag="MultiSolid"):
    """Solids that need not touch."""

    boundaries: list[list[list[Surface]]] = []


class CompositeSolid(Geometry, tag="CompositeSolid"):
    """Solids that share faces."""

    boundaries: list[list[list[Surface]]] = []


class GeometryInstance(Geometry, tag="GeometryInstance"):
    """A template placed at a vertex by a 4 × 4 matrix, row by row."""

    template: int = 0
    boundaries: list[int] = []
    transformationMatrix: Annotated[list[float], Meta(min_length=16, max_length=16)] = []  # noqa: N815 - the member's own name


class MultiPoint(Geometry, tag="MultiPoint"):
    """Points, which have no surface."""

    boundaries: Raw = Raw(b"[]")


class MultiLineString(Geometry, tag="MultiLineString"):
    """Lines, which have no surface."""

    boundaries: Raw = Raw(b"[]")


AnyGeometry = (
    MultiSurface
    | CompositeSurface
    | Solid
    | MultiSolid
    | CompositeSolid
    | GeometryInstance
    | MultiPoint
    | MultiLineString
)


_decoder = msgspec.json.Decoder(AnyGeometry)


class CityObject(Struct):
    """A building, road, bridge and so on."""

    type: str
    geometry: list[Raw] = []
    attributes: dict[str, Any] | None = None
    parents: list[str] = []


class Templates(Struct):
    """Shapes that several objects share."""

    templates: list[Raw] = []
    vertices: list[Position] = msgspec.field(name="vertices-templates", default=[])


class City(Struct):
    """A CityJSON file, geometries unparsed."""

    vertices: list[Position]
    objects: dict[str, CityObject] = msgspec.field(name="CityObjects")
    version: str = ""
    transform: Transform | None = None
    metadata: dict[str, Any] | None = None
    templates: Templates | None = msgspec.field(name="geometry-templates", default=None)


@dataclass
class Collected:
    """What walking the city objects gathers."""

    faces: Faces
    rows: list[dict[str, Any]] = field(default_factory=list)
    details: Counter[str] = field(default_factory=Counter)
    unused: Counter[str] = field(default_factory=Counter)
    semantics: Counter[str] = field(default_factory=Counter)
    unread: int = 0


def _is_cityjson(candidate: Candidate) -> bool:
    return re.search(rb'"type"\s*:\s*"CityJSON"', candidate.head) is not None


@reader("cityjson", suffixes=(".json", ".cityjson"), order=15, matches=_is_cityjson)
def read_cityjson(source: Source) -> Iterator[Draft]:
    """Read a CityJSON file as one mesh of all its objects."""
    text = json_text.open_json(source.path, source.scratch)
    json_text.check(text.data)
    draft = city_draft(text.data, source)
    json_text.note(draft, text)
    yield draft


def city_draft(data: bytes, source: Source) -> Draft:
    """Draft of the CityJSON text `data`.

    Raises
    ------
    RefusedError
        `invalid-structure` when the text breaks the format, `no-data` when no
        object has a surface.
    """
    try:
        city = msgspec.json.decode(data, type=City)
    except msgspec.ValidationError as error:
        message = f"{source.name} is no sound CityJSON ({error})"
        raise RefusedError("invalid-structure", message, hint=vector.REEXPORT) from error
    collected = _collect(city)
    mesh, bad = triangulate(collected.faces, _parts(collected.rows))
    if not len(mesh.triangles):
        raise RefusedError(
            "no-data", f"{source.name} holds no surface that can be drawn", hint=vector.REEXPORT
        )
    draft = Draft(data=mesh, kind="mesh")
    _note(draft, city, collected, bad)
    _describe(draft, city, source)
    return draft


def _collect(city: City) -> Collected:
    vertices = np.array(city.vertices, dtype=np.float64).reshape(-1, 3)
    if city.transform is not None:
        vertices = vertices * city.transform.scale + city.transform.translate
    collected = Collected(Faces(vertices))
    templates = city.templates or Templates()
    for part, (name, item) in enumerate(city.objects.items()):
        chosen = _best_geometry(item, collected)
        if chosen is not None:
            _add(chosen, part, templates, collected)
        collected.rows.append(_row(name, item, chosen))
    return collected


def _best_geometry(item: CityObject, collected: Collected) -> AnyGeometry | None:
    """The geometry of the highest level of detail that has surfaces; the others are counted."""
    found: list[AnyGeometry] = []
    for raw in item.geometry:
        try:
            found.append(_decoder.decode(raw))
        except msgspec.ValidationError:
            collected.unread += 1
    drawn = [g for g in found if not isinstance(g, MultiPoint | MultiLineString)]
    collected.unused.update(str(g.lod) for g in found)
    if not drawn:
        return None
    best: AnyGeometry = max(drawn, key=lambda g: _level(g.lod))
    collected.unused[str(best.lod)] -= 1
    collected.details[str(best.lod)] += 1
    return best


def _level(lod: str | float) -> float:
    try:
        return float(lod)
    except ValueError:
        return -1.0


def _row(name: str, item: CityObject, chosen: AnyGeometry | None) -> dict[str, Any]:
    own = {
        "part_id": name,
        "type": item.type,
        "parent": " ".join(item.parents) or None,
        "lod": str(chosen.lod) if chosen is not None else None,
    }
    attributes = item.attributes or {}
    return own | {(f"{k}_attribute" if k in OWN_COLUMNS else k): v for k, v in attributes.items()}


def _add(geometry: AnyGeometry, part: int, templates: Templates, collected: Collected) -> None:
    if isinstance(geometry, GeometryInstance):
        _add_instance(geometry, part, templates, collected)
        return
    collected.semantics.update(_semantic_types(geometry.semantics))
    for surface in _surfaces(geometry):
        collected.faces.add(surface, part)


def _surfaces(geometry: AnyGeometry) -> list[Surface]:
    """All surfaces of a geometry, whatever shells and solids they belong to."""
    match geometry:
        case MultiSurface() | CompositeSurface():
            return geometry.boundaries
        case Solid():
            return [surface for shell in geometry.boundaries for surface in shell]
        case MultiSolid() | CompositeSolid():
            return [surface for solid in geometry.boundaries for shell in solid for surface in shell]
        case _:
            return []


def _add_instance(instance: GeometryInstance, part: int, templates: Templates, collected: Collected) -> None:
    """Add the template's surfaces, moved to where the instance stands."""
    faces = collected.faces
    anchored = len(instance.boundaries) == 1 and 0 <= instance.boundaries[0] < len(faces.vertices)
    if not (anchored and 0 <= instance.template < len(templates.templates)):
        collected.unread += 1
        return
    try:
        shape = _decoder.decode(templates.templates[instance.template])
    except msgspec.ValidationError:
        collected.unread += 1
        return
    matrix = np.array(instance.transformationMatrix or np.eye(4).ravel()).reshape(4, 4)
    corners = np.array(templates.vertices, dtype=np.float64).reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    first = faces.append(corners + faces.vertices[instance.boundaries[0]])
    for surface in _surfaces(shape):
        faces.add([[first + index for index in ring] for ring in surface], part)


def _semantic_types(semantics: Semantics | None) -> Iterator[str]:
    if semantics is None:
        return
    names = [str(surface.get("type", "")) for surface in semantics.surfaces]
    pending = [semantics.values]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, int) and 0 <= value < len(names):
            yield names[value]


def _parts(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a city object, each column of one kind."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pd.DataFrame({name: _plain([row.get(name) for row in rows]) for name in names})


def _plain(values: list[Any]) -> list[Any]:
    """Numbers, truths or texts as they are; mixed and nested values as JSON text."""
    kinds = {type(value) for value in values if value is not None}
    if any(kinds <= kind for kind in ({str}, {bool}, {int, float})):
        return values
    return [v if v is None or isinstance(v, str) else msgspec.json.encode(v).decode() for v in values]


def _note(draft: Draft, city: City, collected: Collected, bad: int) -> None:
    if collected.unread:
        draft.find("geometry-unread", collected.unread, "geometries break the format and were left out")
    if bad:
        draft.find(
            "geometry-unread",
            bad,
            "faces are degenerate, cross themselves or lack vertices and were left out",
        )
    others = {lod: count for lod, count in sorted(collected.unused.items()) if count > 0}
    draft.properties |= {
        "version": city.version,
        "object_types": dict(Counter(item.type for item in city.objects.values())),
        "levels_of_detail": dict(collected.details),
        "levels_of_detail_left_out": others,
        "surface_types": dict(collected.semantics),
    }
    if others:
        draft.steps.append("of each object only the highest level of detail was kept")


def _describe(draft: Draft, city: City, source: Source) -> None:
    metadata = city.metadata or {}
    vector.settle_crs(draft, _reference_system(metadata), source.options)
    draft.properties |= {key: metadata[key] for key in METADATA_KEPT if key in metadata}
    draft.title = str(metadata.get("title") or metadata.get("datasetTitle") or "")
    date = metadata.get("referenceDate") or metadata.get("datasetReferenceDate")
    draft.time = Period(start=str(date), end=str(date)) if date else None
    contact = metadata.get("pointOfContact")
    if isinstance(contact, dict) and contact.get("contactName"):
        name, mail = str(contact["contactName"]), str(contact.get("emailAddress", ""))
        draft.parties = (Party(name=name, role="pointOfContact", contact=mail),)
    vector_metadata.apply(draft, source)


def _reference_system(metadata: dict[str, Any]) -> str:
    """`EPSG:n` of whatever spelling the versions of the format have used."""
    stated = str(metadata.get("referenceSystem") or "")
    old = metadata.get("crs")
    if not stated and isinstance(old, dict) and old.get("epsg"):
        stated = f"EPSG:{old['epsg']}"
    found = REFERENCE.search(stated)
    return f"{found.group(1)}:{found.group(2)}" if found else stated
