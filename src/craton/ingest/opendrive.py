"""OpenDRIVE road networks (ASAM OpenDRIVE 1.x): the reference line of each road with its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from lxml import etree

from craton.ingest import vector
from craton.ingest.opendrive_lines import Element, Profile, reference_line
from craton.ingest.vector_metadata import safe_parser
from craton.model.data import ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

SIZE_LIMIT = 64 << 20
POINT_LIMIT = 5_000_000
NO_JUNCTION = "-1"


def _is_opendrive(candidate: Candidate) -> bool:
    return b"<OpenDRIVE" in candidate.head


@reader("opendrive", suffixes=(".xodr", ".xml"), order=20, matches=_is_opendrive)
def read_opendrive(source: Source) -> Iterator[Draft]:
    """Read the roads of a network as one table of lines, heights included."""
    root, fault = _parse(source)
    roads = root.findall("road")
    if not roads:
        raise RefusedError("no-data", f"{source.name} holds no road", hint="check the export that made it")
    lines = _lines(roads, source)
    table = gpd.GeoDataFrame([_row(road) for road in roads], geometry=lines)
    draft = Draft(data=table, kind="table", title=_title(root))
    _note(draft, int(shapely.is_missing(lines).sum()), fault)
    vector.settle_crs(draft, (root.findtext("header/geoReference") or "").strip(), source.options)
    yield draft


def _parse(source: Source) -> tuple[etree._Element, str]:
    """Root element, and the fault that a strict parser stops at."""
    if source.path.stat().st_size > SIZE_LIMIT:
        raise RefusedError(
            "too-large", f"{source.name} is longer than any road network read at once", hint="split it"
        )
    data = source.path.read_bytes()
    try:
        return etree.fromstring(data, safe_parser()), ""
    except etree.XMLSyntaxError as error:
        fault = error.msg
    root = etree.fromstring(data, safe_parser(recover=True))
    if root is None or root.tag != "OpenDRIVE":
        raise RefusedError("corrupt", f"{source.name} is not XML ({fault})", hint=vector.REEXPORT)
    return root, fault


def _title(root: etree._Element) -> str:
    header = root.find("header")
    return header.get("name", "") if header is not None else ""


def _row(road: etree._Element) -> dict[str, Any]:
    kind, speed = road.find("type"), road.find("type/speed")
    return {
        "road_id": road.get("id", ""),
        "name": road.get("name") or None,
        "length": _number(road, "length"),
        "junction": road.get("junction") if road.get("junction") != NO_JUNCTION else None,
        "type": kind.get("type") if kind is not None else None,
        "speed_limit": speed.get("max") if speed is not None else None,
        "speed_unit": speed.get("unit") if speed is not None else None,
        "lanes_left": _lane_count(road, "left"),
        "lanes_right": _lane_count(road, "right"),
        "objects": len(road.findall("objects/object")),
        "signals": len(road.findall("signals/signal")),
    }


def _lane_count(road: etree._Element, side: str) -> int:
    """Most lanes on one side in any section of the road."""
    return max(
        (len(section.findall(f"{side}/lane")) for section in road.findall("lanes/laneSection")), default=0
    )


def _lines(roads: list[etree._Element], source: Source) -> np.ndarray:
    lines = [reference_line(_elements(road), _profile(road)) for road in roads]
    if sum(map(len, lines)) > POINT_LIMIT:
        raise RefusedError(
            "too-large", f"{source.name} has roads of unreasonable length", hint=vector.REEXPORT
        )
    return np.array([shapely.LineString(line) if len(line) > 1 else None for line in lines], dtype=object)


def _elements(road: etree._Element) -> list[Element]:
    return [_element(geometry) for geometry in road.findall("planView/geometry")]


def _element(geometry: etree._Element) -> Element:
    shape = next(iter(geometry.iterchildren(etree.Element)), None)
    names = [str(name) for name in (shape.attrib if shape is not None else ()) if name != "pRange"]
    return Element(
        kind="line" if shape is None else str(shape.tag),
        start=_number(geometry, "s"),
        easting=_number(geometry, "x"),
        northing=_number(geometry, "y"),
        heading=_number(geometry, "hdg"),
        length=_number(geometry, "length"),
        values={name: _number(shape, name) for name in names},
        normalised=shape is not None and shape.get("pRange", "normalized") == "normalized",
    )


def _profile(road: etree._Element) -> Profile:
    pieces = road.findall("elevationProfile/elevation")
    rows = [[_number(piece, name) for name in ("s", "a", "b", "c", "d")] for piece in pieces]
    return np.array(sorted(rows), dtype=np.float64).reshape(-1, 5)


def _number(element: etree._Element | None, name: str) -> float:
    """Attribute `name` as a finite number, 0 where it is none."""
    if element is None:
        return 0.0
    try:
        value = float(element.get(name, "0"))
    except ValueError:
        return 0.0
    return value if np.isfinite(value) else 0.0


def _note(draft: Draft, unread: int, fault: str) -> None:
    draft.notes["length"] = ColumnNote(unit="m", title="Length of the reference line")
    draft.steps.append("reference lines were drawn as points; lanes were only counted")
    if unread:
        draft.find("geometry-unread", unread, "roads have no drawable reference line")
    if fault:
        draft.find("format-recovered", message=fault)
