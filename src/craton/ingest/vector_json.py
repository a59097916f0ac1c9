"""JSON files of every sort: GeoJSON, TopoJSON, Esri JSON and CityJSON become data, the rest documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from craton.ingest import cityjson, json_text, vector, vector_metadata
from craton.ingest.json_text import JsonText, fits
from craton.ingest.vector import Layer, layer_draft
from craton.ingest.vector_earthquakes import tidy_feed
from craton.ingest.vector_geojson import FOREIGN_MEMBERS, GEOMETRY_TYPES, TYPES, Outcome, check_features
from craton.model.data import Document, Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

WHOLE_BYTES = 128 << 20
"""Size up to which a file is taken into memory; a longer one goes to OGR unseen."""

CHECKED_BYTES = 20 << 20
"""Size up to which each feature of a collection is checked against the standard."""

TEXT_BYTES = 1 << 20
"""How much of a document is kept for search."""

WGS84 = "EPSG:4326"
OWN_SUFFIXES = (".geojson", ".topojson")
"""Suffixes that promise map data: other content under them is an error, not a document."""

SEQUENCE_SUFFIXES = (".geojsonl", ".geojsons", ".geojsonseq", ".ndgeojson", ".ndjson", ".jsonl")
RECORD_SEPARATOR = b"\x1e"
SAFE_CRS_TYPES = ("name", "EPSG", "epsg")
"""Kinds of `crs` member that name a system; the others are links, which are not followed."""


class Head(Struct):
    """The members of a JSON object that tell what it is, each unparsed."""

    type: Raw = Raw()
    features: Raw = Raw()
    geometry: Raw = Raw()
    properties: Raw = Raw()
    coordinates: Raw = Raw()
    geometries: Raw = Raw()
    objects: Raw = Raw()
    arcs: Raw = Raw()
    crs: Raw = Raw()
    bbox: Raw = Raw()
    geometryType: Raw = Raw()  # noqa: N815 - the member's own name
    stac_version: Raw = Raw()
    name: Raw = Raw()
    title: Raw = Raw()
    description: Raw = Raw()
    license: Raw = Raw()
    metadata: Raw = Raw()

    def text(self, member: str) -> str:
        """Value of `member` if it is text, else empty."""
        value = self.value(member)
        return value if isinstance(value, str) else ""

    def value(self, member: str) -> object:
        """Parsed value of `member`, `None` when absent."""
        raw: Raw = getattr(self, member)
        return json_text.parse(bytes(raw)) if self.has(member) else None

    def has(self, member: str) -> bool:
        """Whether the object has `member`."""
        return bool(bytes(getattr(self, member)))


@reader(
    "json",
    suffixes=(".json", ".geojson", ".topojson", ".esrijson", ".cityjson"),
    order=25,
    companions=("{stem}.license", "{stem}.licence", "{stem}.qmd"),
)
def read_json(source: Source) -> Iterator[Draft]:
    """Read a JSON file as whatever its members say it is."""
    if source.path.stat().st_size > WHOLE_BYTES:
        yield from _read_unseen(source)
        return
    text = json_text.open_json(source.path, source.scratch)
    json_text.check(text.data)
    head = _head(text.data)
    for draft in _route(head)(source, text, head):
        json_text.note(draft, text)
        vector_metadata.apply(draft, source)
        yield draft


def _head(data: bytes) -> Head:
    try:
        return msgspec.json.decode(data, type=Head)
    except msgspec.ValidationError:
        return Head()


Route = Callable[[Source, JsonText, Head], Iterator[Draft]]


def _route(head: Head) -> Route:
    kind = head.text("type")
    if head.has("stac_version"):
        return _read_document
    if kind in TYPES:
        return _read_geojson
    if head.text("geometryType").startswith("esriGeometry") and head.has("features"):
        return _read_esri
    return {"Topology": _read_topojson, "CityJSON": _read_city}.get(kind, _read_document)


def _read_city(source: Source, text: JsonText, _head: Head) -> Iterator[Draft]:
    yield cityjson.city_draft(text.data, source)


def _read_document(source: Source, text: JsonText, head: Head) -> Iterator[Draft]:
    """A document, unless the file's name promises map data."""
    if source.path.suffix.lower() in OWN_SUFFIXES:
        stated = f"the type {head.value('type')!r}, which GeoJSON does not know"
        found = stated if head.has("type") else "no member `type`"
        raise RefusedError(
            "invalid-structure",
            f"{source.name} has {found}",
            hint=f"the member `type` must be one of {', '.join(TYPES)} or Topology, spelled so",
        )
    content = Document(text=text.data[:TEXT_BYTES].decode("utf-8", "ignore"), media_type="application/json")
    draft = Draft(data=content, kind="document")
    _state_titles(draft, head)
    yield draft


def _state_titles(draft: Draft, head: Head) -> None:
    metadata = head.value("metadata")
    inner = metadata.get("title", "") if isinstance(metadata, dict) else ""
    name = head.text("name")
    draft.title = (
        head.text("title") or (inner if isinstance(inner, str) else "") or (name if " " in name else "")
    )
    draft.description = head.text("description")
    if head.text("license"):
        vector_metadata.state_licence(draft, head.text("license"))


def _read_geojson(source: Source, text: JsonText, head: Head) -> Iterator[Draft]:
    features = _features(text.data, head)
    checked = len(text.data) <= CHECKED_BYTES or head.text("type") != "FeatureCollection"
    outcome = check_features(features) if checked else Outcome(features=list(features), useful=True)
    _check_members(head, outcome)
    _refuse_useless(source, outcome)
    path = _readable(source, text, head, outcome)
    yield _geojson_draft(source, Layer(f"GeoJSON:{path}", "GeoJSON"), head, outcome)


def _geojson_draft(source: Source, layer: Layer, head: Head, outcome: Outcome) -> Draft:
    draft = layer_draft(
        source,
        layer,
        assumed_crs=WGS84,
        states_crs=_names_system(head),
        unread=outcome.unread,
        winding=True,
    )
    if _names_system(head) and draft.crs != WGS84:
        draft.find("crs-old-style", message=draft.crs[:80])
    elif head.value("crs") is not None and not _names_system(head):
        draft.find("crs-unknown", message="the `crs` member is a link, which is not followed")
    outcome.note(draft)
    _state_titles(draft, head)
    return tidy_feed(draft)


def _features(data: bytes, head: Head) -> Sequence[Raw | bytes]:
    """The features of the object, a lone feature or geometry being one."""
    kind = head.text("type")
    if kind == "Feature":
        return [data]
    if kind in GEOMETRY_TYPES:
        return [b'{"type":"Feature","properties":{},"geometry":' + data + b"}"]
    if not head.has("features"):
        raise _no_structure("the FeatureCollection has no member `features`")
    try:
        features = msgspec.json.decode(head.features, type=list[Raw])
    except msgspec.ValidationError as error:
        raise _no_structure(f"the member `features` is no array ({error})") from error
    if not features:
        raise RefusedError(
            "no-data", "the FeatureCollection holds no feature", hint="check the export that made it"
        )
    return features


def _no_structure(reason: str) -> RefusedError:
    return RefusedError("invalid-structure", reason, hint="see RFC 7946, or export it again")


def _check_members(head: Head, outcome: Outcome) -> None:
    for member in FOREIGN_MEMBERS[head.text("type")]:
        if head.has(member):
            outcome.faults[f"a {head.text('type')} has a member `{member}`"] += 1


def _refuse_useless(source: Source, outcome: Outcome) -> None:
    if outcome.useful:
        return
    faults = [*outcome.reasons, *outcome.faults]
    raise _no_structure(f"{source.name} holds nothing that can be read: {'; '.join(faults[:3])}")


def _names_system(head: Head) -> bool:
    member = head.value("crs")
    return isinstance(member, dict) and member.get("type") in SAFE_CRS_TYPES


def _readable(source: Source, text: JsonText, head: Head, outcome: Outcome) -> Path:
    """The file itself, or a copy that holds only what can be read."""
    follows = head.has("crs") and not _names_system(head)
    if not (outcome.altered or follows or text.findings):
        return source.path
    crs = b'"crs":' + bytes(head.crs) + b"," if _names_system(head) else b""
    path = source.scratch / "readable.geojson"
    with path.open("wb") as stream:
        stream.write(b'{"type":"FeatureCollection",' + crs + b'"features":[\n')
        stream.write(b",\n".join(bytes(one) for one in outcome.features))
        stream.write(b"\n]}")
    return path


def _read_topojson(source: Source, text: JsonText, head: Head) -> Iterator[Draft]:
    """One draft for each object of the topology."""
    sound = head.has("objects") and head.has("arcs")
    if not (sound and fits(head.objects, dict[str, Raw]) and fits(head.arcs, list[list[list[float]]])):
        raise RefusedError(
            "invalid-structure", "the Topology lacks `objects` or sound `arcs`", hint=vector.REEXPORT
        )
    path = _as_utf8(source, text)
    for name in vector.layer_names(f"TopoJSON:{path}", source.name):
        layer = Layer(f"TopoJSON:{path}", "TopoJSON", name=name)
        yield layer_draft(source, layer, name=name, assumed_crs=WGS84)


def _read_esri(source: Source, text: JsonText, _head: Head) -> Iterator[Draft]:
    yield layer_draft(source, Layer(f"ESRIJSON:{_as_utf8(source, text)}", "ESRIJSON"))


def _as_utf8(source: Source, text: JsonText) -> Path:
    """The file itself, or a copy in UTF-8."""
    if not text.findings and text.data[:1] in (b"{", b" ", b"\n", b"\r", b"\t"):
        return source.path
    path = source.scratch / "readable.json"
    path.write_bytes(text.data)
    return path


def _read_unseen(source: Source) -> Iterator[Draft]:
    """Read a file too long for memory, if its beginning is that of a collection of features."""
    with source.path.open("rb") as stream:
        beginning = stream.read(TEXT_BYTES)
    if b'"FeatureCollection"' not in beginning:
        raise RefusedError(
            "too-large", f"{source.name} is JSON, but no GeoJSON, and too long", hint="split it"
        )
    draft = layer_draft(source, Layer(f"GeoJSON:{source.path}", "GeoJSON"), states_crs=b'"crs"' in beginning)
    draft.steps.append("the structure was not checked, for the file is large")
    yield tidy_feed(draft)


def _is_sequence(candidate: Candidate) -> bool:
    first = candidate.head.lstrip(RECORD_SEPARATOR + b"\xef\xbb\xbf \r\n").split(b"\n")[0]
    return first.startswith(b"{") and b'"Feature"' in first


@reader("geojson-sequence", suffixes=SEQUENCE_SUFFIXES, order=24, matches=_is_sequence)
def read_sequence(source: Source) -> Iterator[Draft]:
    """Read GeoJSON features written one a line (RFC 8142 and its newline-delimited kin)."""
    if source.path.stat().st_size > WHOLE_BYTES:
        yield layer_draft(source, Layer(f"GeoJSONSeq:{source.path}", "GeoJSONSeq"), states_crs=False)
        return
    text = json_text.open_json(source.path, source.scratch)
    lines = [line.strip(RECORD_SEPARATOR + b" \r\t") for line in text.data.split(b"\n")]
    lines = [line for line in lines if line]
    sound = [line for line in lines if fits(line, Raw)]
    outcome = check_features(sound)
    outcome.altered = True
    _refuse_useless(source, outcome)
    path = _readable(source, text, Head(), outcome)
    draft = _geojson_draft(source, Layer(f"GeoJSON:{path}", "GeoJSON"), Head(), outcome)
    if len(sound) < len(lines):
        draft.find("format-recovered", len(lines) - len(sound), "lines that are not JSON were left out")
    draft.findings += text.findings
    yield draft
