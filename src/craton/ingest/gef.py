"""Dutch and Belgian ground investigations in GEF: cone penetration tests and bores.

One file is one hole. A test becomes the curve table `cpt`, a bore the
interval table `lithology`: the soil code comes first after the numbers
(`lithology`, NEN 5104), the further codes are kept together as
`descriptors`. `#XYID` names the reference system by a code of the format:
31000 is the Dutch grid (EPSG:28992); others are told and not guessed. `#ZID`
gives the level of the surface, from which depths count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.ingest import cone_penetration
from craton.ingest.gef_text import GefText, parse, whole
from craton.ingest.hole_draft import finish
from craton.ingest.plain_text import read_text
from craton.model.boreholes import make_collars
from craton.model.data import Boreholes, ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding, Party, Period
from craton.process.readers import Candidate, Source, reader

GRIDS = {"31000": "EPSG:28992", "28992": "EPSG:28992"}
"""Reference systems by the code of `#XYID`."""

LEVELS = {"31000": "NAP", "5709": "NAP"}
"""Height datums by the code of `#ZID`."""

BORE_COLUMNS = {
    1: ("from_depth", "m"),
    2: ("to_depth", "m"),
    3: ("lutum", "%"),
    4: ("silt", "%"),
    5: ("sand", "%"),
    6: ("gravel", "%"),
    7: ("organic_matter", "%"),
    8: ("sand_median", "mm"),
    9: ("gravel_median", "mm"),
}
"""Columns of a bore by their quantity number, with the unit the report prescribes."""

UNITS = {"graden": "deg", "degrees": "deg", "-": "1"}
"""Spellings of units in Dutch files."""

LARGEST_SAND = 2.0
"""Grain size in millimetres where sand ends and gravel begins."""

END_DEPTH = 16
BORE_DATE = 16


def _matches(candidate: Candidate) -> bool:
    return candidate.suffix == ".gef" or candidate.head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"#GEFID")


@reader("gef", order=11, matches=_matches)
def read_gef(source: Source) -> Iterator[Draft]:
    """The hole of one GEF file."""
    text, findings = read_text(source.path, source.scratch)
    gef = parse(text)
    if not gef.has_end_of_header or not gef.columns:
        raise RefusedError(
            "invalid-structure", f"{source.name} has no GEF header with columns", hint="export it again"
        )
    if not gef.rows:
        raise RefusedError("no-data", f"{source.name} has a header but no rows", hint="export it again")
    findings += _count_findings(gef)
    hole_id = gef.first("TESTID") or source.stem
    intervals, curves, notes = _tables(gef, hole_id, findings)
    collars, stated = _collar(gef, hole_id, [*intervals.values(), *curves.values()], findings)
    data = Boreholes(collars, intervals=intervals, curves=curves)
    draft = Draft(data=data, kind="boreholes", title=hole_id, notes=notes, findings=findings)
    _describe(draft, gef)
    yield finish(draft, source.options, stated=stated)


def _count_findings(gef: GefText) -> list[Finding]:
    found = []
    declared, there = whole(gef.first("LASTSCAN")), len(gef.rows)
    if declared > there:
        found.append(
            Finding(
                code="truncated", count=declared - there, message=f"LASTSCAN is {declared}, rows are {there}"
            )
        )
    elif 0 < declared < there:
        found.append(Finding(code="header-conflict", message=f"LASTSCAN is {declared}, rows are {there}"))
    short = sum(len(row) < len(gef.columns) for row in gef.rows)
    if short:
        found.append(Finding(code="row-ragged", count=short))
    return found


Tables = tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame], dict[str, ColumnNote]]


def _tables(gef: GefText, hole_id: str, findings: list[Finding]) -> Tables:
    """Interval tables, curve tables and notes, by what the report is."""
    numbers = _numbers(gef, findings)
    if _is_bore(gef):
        layers, notes = _layers(gef, hole_id, numbers)
        findings += _implausible(layers)
        return {"lithology": layers}, {}, notes
    names = [_curve_name(gef, place) for place in range(len(gef.columns))]
    numbers.columns = pd.Index(_told_apart(names))
    table, found = cone_penetration.curve(hole_id, numbers)
    findings += found
    notes = {
        f"cpt.{name}": ColumnNote(unit=UNITS.get(column.unit.lower(), column.unit), title=column.words)
        for name, column in zip(numbers.columns, gef.columns, strict=True)
        if name in table
    }
    return {}, {"cpt": table}, notes


def _is_bore(gef: GefText) -> bool:
    report = (gef.first("REPORTCODE") or gef.first("PROCEDURECODE")).upper()
    if "BORE" in report or "CPT" in report:
        return "BORE" in report
    if report:
        raise RefusedError(
            "unsupported",
            f"GEF reports of kind {report[:40]} are not read",
            hint="add the CPT or bore report",
        )
    return "onderkant" in " ".join(column.words.lower() for column in gef.columns)


def _numbers(gef: GefText, findings: list[Finding]) -> pd.DataFrame:
    """Declared columns as numbers, with the void numbers made empty."""
    width = len(gef.columns)
    cells = pd.DataFrame([[*row[:width], *[None] * (width - len(row))] for row in gef.rows], dtype="str")
    numbers = cells.apply(pd.to_numeric, errors="coerce").astype(float)
    numbers = numbers.where(np.isfinite(numbers))
    unread = int((cells.notna() & (cells != "") & numbers.isna()).to_numpy().sum())
    voids = pd.DataFrame(
        {place: numbers[place] == value for place, value in gef.voids.items() if place in numbers}
    )
    counts = {"number-text": unread, "nodata-declared": int(voids.to_numpy().sum()) if len(voids) else 0}
    findings += [Finding(code=code, count=count) for code, count in counts.items() if count]
    kept: pd.DataFrame = numbers.mask(voids.reindex(columns=numbers.columns, fill_value=False).astype(bool))
    return kept


def _curve_name(gef: GefText, place: int) -> str:
    column = gef.columns[place]
    known = cone_penetration.BY_GEF.get(column.quantity)
    return known.name if known else _slug(column.words) or f"column_{place + 1}"


def _slug(words: str) -> str:
    return re.sub(r"\W+", "_", words.lower()).strip("_")


def _told_apart(names: list[str]) -> list[str]:
    """Names made unique by a number."""
    return [
        name if names.index(name) == n else f"{name}_{names[: n + 1].count(name)}"
        for n, name in enumerate(names)
    ]


def _layers(gef: GefText, hole_id: str, numbers: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, ColumnNote]]:
    """Layers of a bore: depths, contents, soil code and further codes."""
    known = [
        BORE_COLUMNS.get(c.quantity, (_slug(c.words) or f"column_{n + 1}", c.unit))
        for n, c in enumerate(gef.columns)
    ]
    names = _told_apart([name for name, _ in known])
    table = numbers.set_axis(names, axis=1)
    if not {"from_depth", "to_depth"} <= set(names):
        raise RefusedError(
            "invalid-structure", "the bore declares no top and base of layers", hint="export it again"
        )
    codes = [[cell.strip("'\" ") for cell in row[len(names) :]] for row in gef.rows]
    table["lithology"] = pd.Series([row[0] if row else None for row in codes], dtype="str")
    table["descriptors"] = pd.Series(["; ".join(filter(None, row[1:])) or None for row in codes], dtype="str")
    kept = [n for n in table if n not in {"from_depth", "to_depth"} and table[n].notna().any()]
    layers = table[["from_depth", "to_depth", *kept]]
    layers.insert(0, "hole_id", pd.Series(hole_id, index=layers.index, dtype="str"))
    notes = {
        f"lithology.{name}": ColumnNote(unit=unit, title=column.words)
        for name, (_, unit), column in zip(names, known, gef.columns, strict=True)
        if name in layers
    }
    return layers, notes


def _implausible(layers: pd.DataFrame) -> list[Finding]:
    """Sand medians beyond the size of sand, which are micrometres under the name of millimetres."""
    if "sand_median" not in layers or not layers["sand_median"].median() > LARGEST_SAND:
        return []
    words = f"sand medians around {layers['sand_median'].median():g} mm; sand ends at {LARGEST_SAND:g} mm"
    return [Finding(code="unit-implausible", message=words)]


def _collar(
    gef: GefText, hole_id: str, tables: list[pd.DataFrame], findings: list[Finding]
) -> tuple[gpd.GeoDataFrame, str]:
    """Collar of the hole and the reference system stated for it, empty where the code is not known."""
    system, x, y = (*gef.values("XYID"), "", "", "")[:3]
    level = (*gef.values("ZID"), "", "")[1]
    end = gef.numbered("MEASUREMENTVAR").get(END_DEPTH, [""])[0]
    deepest = max((t[c].max() for t in tables for c in ("depth", "to_depth") if c in t), default=np.nan)
    total = pd.to_numeric(end, errors="coerce")
    collars = make_collars(
        [hole_id], x=[x], y=[y], elevation=[level], total_depth=[deepest if np.isnan(total) else total],
        extra={"vertical_datum": [LEVELS.get(gef.first("ZID"), gef.first("ZID"))]},
    )  # fmt: skip
    stated = GRIDS.get(system, "")
    if collars.geometry.notna().any() and not stated:
        findings.append(Finding(code="crs-unknown", message=f"#XYID has code {system or 'none'}"))
    return collars, stated


def _describe(draft: Draft, gef: GefText) -> None:
    texts = {f"measurement text {n}": ", ".join(line) for n, line in gef.numbered("MEASUREMENTTEXT").items()}
    variables = {
        f"measurement variable {n}": ", ".join(line) for n, line in gef.numbered("MEASUREMENTVAR").items()
    }
    project = {
        key.lower(): ", ".join(gef.values(key))
        for key in ("PROJECTID", "PROJECTNAME", "REPORTCODE", "FILEDATE")
    }
    draft.properties = {"format": "GEF", **{k: v for k, v in project.items() if v}, **texts, **variables}
    company = gef.first("COMPANYID")
    draft.parties = (Party(name=company, role="contractor"),) if company else ()
    day = _day(gef)
    draft.time = Period(start=f"{day}T00:00:00Z", end=f"{day}T00:00:00Z") if day else None


def _day(gef: GefText) -> str:
    """Day of the test or the boring as year-month-day, empty if not given."""
    year, month, day = (*(whole(part) for part in gef.values("STARTDATE")), 0, 0, 0)[:3]
    if 1900 < year < 2200 and 1 <= month <= 12 and 1 <= day <= 31:
        return f"{year:04}-{month:02}-{day:02}"
    written = gef.numbered("MEASUREMENTTEXT").get(BORE_DATE, [""])[0] if _is_bore(gef) else ""
    return written if re.fullmatch(r"\d{4}-\d{2}-\d{2}", written) else ""
