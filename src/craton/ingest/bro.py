"""Dutch subsurface registry (BRO) XML: cone penetration tests and borehole research.

Reads dispatch documents (what the registry gives out) and registration
requests (what is sent to it) alike: each object with a delivered location is
a hole. A test becomes the curve table `cpt`; layers become `lithology`
(the second description of a hole `lithology_2` …); other parts given from
one depth to another keep their name (`bored_interval`, `sampled_interval`…).
Columns are the registry's names in snake case; words that are coded stay
codes. Coordinates are those delivered, else the registry's own in ETRS89.

References
----------
BRO catalogues CPT 1.1, BHR-GT 2.1, BHR-G 3.1 (Basisregistratie Ondergrond).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pandas as pd
from lxml import etree

from craton.ingest import cone_penetration
from craton.ingest.hole_draft import finish
from craton.model.boreholes import distinct, make_collars
from craton.model.data import Boreholes, ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding, Party, Period
from craton.process.readers import Candidate, Source, reader

SCHEMA = re.compile(rb"broservices\.nl/xsd/(ds|is)-?(cpt|bhr)")
"""Namespaces of messages about tests and boreholes."""

VOID = -999999.0
"""Number that means "not measured" in test records."""

SIZE_LIMIT = 256 << 20
"""Bytes of a message that is read whole."""

ENDS = (("upperBoundary", "lowerBoundary"), ("beginDepth", "endDepth"))
"""Names of top and base of whatever has both."""

TABLE_NAMES = {"layer": "lithology", "Layer": "lithology", "soilLayer": "lithology", "SoilLayer": "lithology"}


@dataclass
class Hole:
    """One object of a message."""

    hole_id: str
    kind: str
    x: float
    y: float
    crs: str
    elevation: float
    total_depth: float
    datum: str
    days: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    intervals: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    test: pd.DataFrame | None = None


def _matches(candidate: Candidate) -> bool:
    return bool(SCHEMA.search(candidate.head))


@reader("bro", suffixes=(".xml",), order=13, matches=_matches)
def read_bro(source: Source) -> Iterator[Draft]:
    """The holes of one BRO message."""
    root = _parse(source)
    elements = _objects(root)
    if not elements:
        words = f"{source.name} holds no test or borehole"
        raise RefusedError("no-data", words, hint="ask the registry for the object itself, not a summary")
    units: dict[str, str] = {}
    findings: list[Finding] = []
    holes = [_hole(element, source.stem, units) for element in elements]
    stated = _agree(holes, findings)
    data = _boreholes(holes, findings)
    draft = Draft(
        data=data, kind="boreholes", title=", ".join(h.hole_id for h in holes[:3]), findings=findings
    )
    _describe(draft, holes, units)
    yield finish(draft, source.options, stated=stated, layered=("lithology",))


def _agree(holes: list[Hole], findings: list[Finding]) -> str:
    """Tell holes of one name apart and settle on the commonest reference system, which is returned."""
    names, repeated = distinct(pd.Series([hole.hole_id for hole in holes], dtype="str"))
    systems = Counter(hole.crs for hole in holes if hole.crs)
    common = systems.most_common(1)[0][0] if systems else ""
    others = [hole for hole in holes if hole.crs not in {"", common}]
    for hole, name in zip(holes, names, strict=True):
        hole.hole_id = name
    for hole in others:
        hole.x = hole.y = np.nan
    counts = {"hole-id-duplicate": repeated, "coordinate-missing": len(others)}
    findings += [Finding(code=code, count=count) for code, count in counts.items() if count]
    return common


def _parse(source: Source) -> etree._Element:
    if source.path.stat().st_size > SIZE_LIMIT:
        raise RefusedError(
            "too-large", f"{source.name} is larger than a message should be", hint="split it by object"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True
    )
    try:
        return etree.parse(source.path, parser).getroot()
    except (etree.XMLSyntaxError, OSError) as error:
        words = str(error).replace(str(source.path), source.name)
        raise RefusedError(
            "corrupt", f"{source.name} is not well-formed XML ({words})", hint="get it again"
        ) from error


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _objects(root: etree._Element) -> list[etree._Element]:
    """Elements that are a test or a borehole: those right above a location."""
    located = root.iter("{*}deliveredLocation", "{*}standardizedLocation")
    found = {id(e.getparent()): e.getparent() for e in located}
    return [e for e in found.values() if e is not None]


def _text(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _find(element: etree._Element, *names: str) -> etree._Element | None:
    """First descendant with one of `names`, in the order of the names."""
    return next((found for name in names for found in element.iter(f"{{*}}{name}")), None)


def _number(element: etree._Element | None) -> float:
    try:
        return float(_text(element))
    except ValueError:
        return np.nan


def _hole(element: etree._Element, stem: str, units: dict[str, str]) -> Hole:
    x, y, crs = _place(element)
    test = _find(element, "values")
    return Hole(
        hole_id=_text(_find(element, "broId", "objectIdAccountableParty", "NITGCode")) or stem,
        kind=_local(element),
        x=x,
        y=y,
        crs=crs,
        elevation=_number(_find(element, "offset")),
        total_depth=_number(_find(element, "finalDepthBoring", "finalDepth")),
        datum=_text(_find(element, "verticalDatum")),
        days=_days(element),
        facts=_facts(element),
        intervals=_intervals(element, units),
        test=_test(element, test) if test is not None else None,
    )


def _place(element: etree._Element) -> tuple[float, float, str]:
    """Coordinates and their system; latitude, longitude are turned to longitude, latitude."""
    for name in ("deliveredLocation", "standardizedLocation"):
        place = _find(element, name)
        position = _find(place, "pos") if place is not None else None
        if place is None or position is None:
            continue
        system = next((e.get("srsName", "") for e in place.iter() if e.get("srsName")), "")
        code = re.search(r"EPSG:(?:[\d.]*:)?(\d+)$", system)
        numbers = [float(p) for p in _text(position).split() if re.fullmatch(r"[+-]?\d+(\.\d+)?", p)]
        if len(numbers) >= 2:
            first, second = numbers[:2]
            crs = f"EPSG:{code[1]}" if code else ""
            return (second, first, crs) if crs in LATITUDE_FIRST else (first, second, crs)
    return np.nan, np.nan, ""


LATITUDE_FIRST = {"EPSG:4258", "EPSG:4326", "EPSG:4937", "EPSG:9067"}
"""Geographic systems, whose axes come as latitude, longitude."""


def _facts(element: etree._Element) -> dict[str, str]:
    """What the object says of itself outside tables."""
    return {name: text for name in FACTS if (text := _text(_find(element, name)))}


FACTS = (
    "deliveryAccountableParty", "qualityRegime", "deliveryContext", "surveyPurpose", "discipline",
    "surveyProcedure",
    "cptStandard", "qualityClass", "stopCriterion", "boringProcedure", "descriptionProcedure",
    "descriptionQuality",
    "groundwaterLevel", "localVerticalReferencePoint",
)  # fmt: skip
DATES = (("boringStartDate", "boringEndDate", "timePosition"), ("researchReportDate",))


def _days(element: etree._Element) -> list[str]:
    """Days of the field work, else of the report, as year-month-day."""
    for names in DATES:
        texts = [
            "".join(map(str, e.itertext())).strip()[:10]
            for name in names
            for e in element.iter(f"{{*}}{name}")
        ]
        days = [text for text in texts if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text)]
        if days:
            return sorted(days)
    return []


def _intervals(element: etree._Element, units: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """Rows of everything that has a top and a base, by table."""
    tables: dict[str, list[dict[str, str]]] = defaultdict(list)
    logs = list(element.iter("{*}descriptiveBoreholeLog"))
    for part in element.iter():
        ends = next((e for e in ENDS if all(_child(part, name) is not None for name in e)), None)
        if ends is None:
            continue
        name = TABLE_NAMES.get(_local(part), _snake(_local(part)))
        number = next((n for n, log in enumerate(logs, 1) if log in set(part.iterancestors())), 1)
        leaves = _leaves(part, units)
        row = {
            "from_depth": leaves.pop(_snake(ends[0]), ""),
            "to_depth": leaves.pop(_snake(ends[1]), ""),
            **leaves,
        }
        tables[name if number == 1 else f"{name}_{number}"].append(row)
    return dict(tables)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((c for c in element if _local(c) == name), None)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _leaves(part: etree._Element, units: dict[str, str]) -> dict[str, str]:
    """Texts below `part` by name; a name that comes again is joined with a semicolon."""
    found: dict[str, list[str]] = defaultdict(list)
    for leaf in part.iter():
        if len(leaf) == 0 and _text(leaf):
            name = _snake(_local(leaf))
            found[name].append(_text(leaf))
            units.setdefault(name, leaf.get("uom", ""))
    return {name: "; ".join(texts) for name, texts in found.items()}


def _test(element: etree._Element, values: etree._Element) -> pd.DataFrame:
    """Records of a test as numbers; the order of the columns is fixed by the catalogue."""
    encoding = _find(element, "TextEncoding")
    block, token, point = (
        (encoding.get(name) if encoding is not None else None) or usual
        for name, usual in (("blockSeparator", ";"), ("tokenSeparator", ","), ("decimalSeparator", "."))
    )
    width = len(cone_penetration.COLUMNS)
    rows = [r.replace(point, ".").split(token) for r in _text(values).split(block) if r.strip()]
    cells = pd.DataFrame([[*r[:width], *[None] * (width - len(r))] for r in rows], dtype="str")
    cells = cells.reindex(columns=range(width)).set_axis([c.name for c in cone_penetration.COLUMNS], axis=1)
    numbers = cells.apply(pd.to_numeric, errors="coerce").astype(float)
    finite: pd.DataFrame = numbers.where(np.isfinite(numbers))
    return finite


def _boreholes(holes: list[Hole], findings: list[Finding]) -> Boreholes:
    collars = make_collars(
        [h.hole_id for h in holes],
        x=[h.x for h in holes],
        y=[h.y for h in holes],
        elevation=[h.elevation for h in holes],
        total_depth=[h.total_depth for h in holes],
        extra={"kind": [h.kind for h in holes], "vertical_datum": [h.datum for h in holes]},
    )
    tests = [h for h in holes if h.test is not None]
    if not tests and not any(h.intervals for h in holes):
        findings.append(Finding(code="table-empty", message="no layers and no measurements"))
    intervals = {
        name: _interval_table(name, holes) for name in sorted({n for h in holes for n in h.intervals})
    }
    return Boreholes(collars, intervals=intervals, curves={"cpt": _curves(tests, findings)} if tests else {})


def _interval_table(name: str, holes: list[Hole]) -> pd.DataFrame:
    rows = [{"hole_id": h.hole_id, **row} for h in holes for row in h.intervals.get(name, [])]
    table = pd.DataFrame(rows).astype("str").replace({"nan": None})
    for column in table.columns:
        numbers = pd.to_numeric(table[column], errors="coerce")
        if column in {"from_depth", "to_depth"} or (
            column != "hole_id" and numbers[table[column].notna()].notna().all()
        ):
            table[column] = numbers.astype(float)
    return table


def _curves(tests: list[Hole], findings: list[Finding]) -> pd.DataFrame:
    tables = []
    for hole in tests:
        values = hole.test if hole.test is not None else pd.DataFrame()
        measured = values.mask(values == VOID)
        table, found = cone_penetration.curve(hole.hole_id, measured)
        findings += found
        tables.append(table.sort_values("depth", kind="stable"))
    return pd.concat(tables, ignore_index=True)


def _describe(draft: Draft, holes: list[Hole], units: dict[str, str]) -> None:
    data = cast("Boreholes", draft.data)
    draft.properties = {"format": "BRO XML", "objects": {h.hole_id: h.facts for h in holes[:100]}}
    days = sorted(day for hole in holes for day in hole.days)
    draft.time = Period(start=f"{days[0]}T00:00:00Z", end=f"{days[-1]}T00:00:00Z") if days else None
    parties = {h.facts["deliveryAccountableParty"] for h in holes if "deliveryAccountableParty" in h.facts}
    draft.parties = tuple(Party(name=f"KvK {number}", role="deliverer") for number in sorted(parties))
    for name, table in data.intervals.items():
        draft.notes |= {f"{name}.{c}": ColumnNote(unit=units[c]) for c in map(str, table) if units.get(c)}
    for name, table in data.curves.items():
        draft.notes |= cone_penetration.notes(name, table)
