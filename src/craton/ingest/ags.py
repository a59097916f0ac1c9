"""Ground investigations in AGS format (editions 3 and 4) as drill holes.

Every group keyed by hole becomes a table of the holes: with a top and a base
an interval table, with one depth a curve table, both under the group's code
in lower case (GEOL as `geology`). Headings keep their names, so that the AGS
dictionary explains them; the two depth headings become `from_depth`,
`to_depth` or `depth`. Lab tests hang on the depth of their specimen, else of
their sample. HORN, or HOLE_ORNT and HOLE_INCL, give the direction (AGS counts
90° as straight down). Groups without hole or depth are counted in the
record's properties; PROJ is kept there whole.

AGS is a British format: LOCA_NATE and LOCA_NATN are National Grid coordinates
by its dictionary, so that EPSG:27700 is taken where LOCA_GREF names no grid.
That is told as a doubt: files from Northern Ireland and Hong Kong do the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.ingest.ags_tables import KEYS, AgsTable
from craton.ingest.ags_text import AgsText, Fault, parse
from craton.ingest.hole_draft import bare_holes, finish
from craton.ingest.plain_text import read_text
from craton.ingest.reference import grid_code
from craton.model.boreholes import distinct, make_collars, sound_surveys
from craton.model.crs import axes
from craton.model.data import Boreholes, ColumnNote, Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding, Party, Period
from craton.process.readers import Candidate, Source, reader

COLLAR_GROUPS = ("LOCA", "HOLE")
LAYERED = ("geology",)

GRIDS = {
    **dict.fromkeys(("", "OSGB", "OSGB36", "BNG", "NGR"), "EPSG:27700"),
    "OSNI": "EPSG:29901",
    "OSI": "EPSG:29902",
    "ITM": "EPSG:2157",
}
"""Reference systems by LOCA_GREF."""

LEGAL = {"EPSG:27700": (1_393.0, 13_494.0, 671_197.0, 1_230_276.0)}
"""Area of use in metres (west, south, east, north), after the EPSG dataset."""

FAULTS_TOLD = 5


def _matches(candidate: Candidate) -> bool:
    start = candidate.head[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return candidate.suffix == ".ags" or start.startswith((b'"GROUP"', b'"**PROJ"', b"**PROJ"))


@reader("ags", suffixes=(".ags", ".csv", ".txt"), order=12, matches=_matches)
def read_ags(source: Source) -> Iterator[Draft]:
    """Holes, strata, samples and tests of one AGS file."""
    text, findings = read_text(source.path, source.scratch)
    parsed = parse(text)
    if not any(group.headings for group in parsed.groups.values()):
        raise RefusedError(
            "invalid-structure", f"{source.name} has no AGS group", hint="export it again as AGS 4"
        )
    tables = {
        name: AgsTable(group, parsed.edition) for name, group in parsed.groups.items() if group.headings
    }
    draft = Draft(data=_boreholes(tables, findings), kind="boreholes", title=_title(parsed, source))
    _describe(draft, parsed, tables)
    draft.findings += findings
    _tell_faults(draft, [*parsed.faults, *_type_faults(tables)])
    stated, assumed = _grid(draft, source.options.crs)
    yield finish(
        draft, source.options, stated=stated, assumed=assumed, why=_assumed_grid(assumed), layered=LAYERED
    )


def _boreholes(tables: dict[str, AgsTable], findings: list[Finding]) -> Boreholes:
    set_aside = sum(t.set_aside for t in tables.values())
    if set_aside:
        findings.append(Finding(code="number-text", count=set_aside))
    intervals, curves = _depth_tables(tables, findings)
    surveys = _surveys(tables, findings)
    holes = tables.get("LOCA") or tables.get("HOLE")
    if holes is None and not intervals and not curves:
        words = "the file has groups but none that describes a hole"
        raise RefusedError("no-data", words, hint="export LOCA and GEOL too")
    if holes is None or not holes.key:
        boreholes, found = bare_holes(surveys, intervals, curves)
        findings.append(found)
        return boreholes
    return Boreholes(_collars(holes, findings), surveys, intervals, curves)


def _collars(table: AgsTable, findings: list[Finding]) -> gpd.GeoDataFrame:
    frame = table.frame[table.frame[table.key].notna()]
    hole_id, repeated = distinct(frame[table.key].astype("str"))
    if repeated:
        findings.append(Finding(code="hole-id-duplicate", count=repeated))
    prefix = table.group.name
    used = {*KEYS, *(f"{prefix}_{part}" for part in ("NATE", "NATN", "GL", "FDEP"))}
    return make_collars(
        hole_id,
        x=frame.get(f"{prefix}_NATE"),
        y=frame.get(f"{prefix}_NATN"),
        elevation=frame.get(f"{prefix}_GL"),
        total_depth=frame.get(f"{prefix}_FDEP"),
        extra={
            h: frame[h].to_numpy() for h in table.group.headings if h not in used and frame[h].notna().any()
        },
    )


def _depth_tables(
    tables: dict[str, AgsTable], findings: list[Finding]
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    intervals: dict[str, pd.DataFrame] = {}
    curves: dict[str, pd.DataFrame] = {}
    for name, table in tables.items():
        if name in {*COLLAR_GROUPS, "HORN"} or not table.key or not table.depths or table.frame.empty:
            continue
        ends = ("from_depth", "to_depth") if len(table.depths) == 2 else ("depth",)
        renamed = table.frame.rename(
            columns={table.key: "hole_id", **dict(zip(table.depths, ends, strict=True))}
        )
        rest = [c for c in renamed if c not in {"hole_id", *ends} and renamed[c].notna().any()]
        (intervals if len(ends) == 2 else curves)[table.name] = renamed[["hole_id", *ends, *rest]]
    nameless = int(sum(t["hole_id"].isna().sum() for t in (*intervals.values(), *curves.values())))
    if nameless:
        findings.append(
            Finding(code="structure-nonstandard", count=nameless, message="rows that name no hole")
        )
    return intervals, curves


def _surveys(tables: dict[str, AgsTable], findings: list[Finding]) -> pd.DataFrame:
    """Directions of the holes, from HORN (edition 4) or the hole group itself (edition 3)."""
    table = tables.get("HORN") or tables.get("HOLE")
    if table is None or not table.key:
        return pd.DataFrame()
    prefix = table.group.name
    frame = pd.DataFrame(
        {
            "hole_id": table.frame[table.key],
            "depth": table.column("HORN_TOP").fillna(0.0).astype(float),
            "azimuth": table.column(f"{prefix}_ORNT").astype(float),
            "inclination": -table.column(f"{prefix}_INCL").astype(float),
        }
    )
    upright = frame["inclination"] == -90
    frame["azimuth"] = frame["azimuth"].where(~(upright & frame["azimuth"].isna()), 0.0)
    stated = frame.dropna(subset=["hole_id", "inclination"])
    if stated.empty:
        return pd.DataFrame()
    surveys, found = sound_surveys(stated)
    findings += found
    return surveys


def _grid(draft: Draft, given: str) -> tuple[str, str]:
    """The reference system stated, and the one to assume.

    Places the system cannot hold are set aside, unless a person has `given`
    the system and so has looked.
    """
    collars = cast("Boreholes", draft.data).collars
    names = (
        collars["LOCA_GREF"].astype("str").fillna("")
        if "LOCA_GREF" in collars
        else pd.Series("", index=collars.index)
    )
    words = {name: name.strip().upper() for name in names.unique()}
    grids = names.map({name: GRIDS.get(word) or _metric(word) for name, word in words.items()})
    located = collars.geometry.notna()
    if not located.any():
        return "", ""
    chosen = grids[located].dropna().mode()
    if chosen.empty:
        draft.find("crs-unknown", message=f"LOCA_GREF is {names[located].iloc[0]!r}")
        return "", ""
    system = str(chosen.iloc[0])
    stated = bool((names[located] != "").any())
    if given:
        return (system if stated else "", "")
    _set_aside(
        draft,
        collars,
        located & (grids != system),
        "coordinate-missing",
        f"given in another grid than {system}",
    )
    _set_aside(
        draft, collars, _outside(collars, system), "coordinate-out-of-range", f"outside the area of {system}"
    )
    return (system, "") if stated else ("", system)


def _metric(code: str) -> str | None:
    """The system of a code, as we write it ourselves, where its coordinates are in metres as those of AGS."""
    system = grid_code(code)
    return system if system and axes(system).unit == "m" else None


def _outside(collars: gpd.GeoDataFrame, system: str) -> pd.Series:
    west, south, east, north = LEGAL.get(system, (-np.inf, -np.inf, np.inf, np.inf))
    x, y = collars.geometry.x, collars.geometry.y
    outside: pd.Series = (x < west) | (x > east) | (y < south) | (y > north)
    return outside


def _set_aside(draft: Draft, collars: gpd.GeoDataFrame, mask: pd.Series, code: str, words: str) -> None:
    """Take the geometry away where `mask`, keeping the coordinates as columns."""
    if not mask.any():
        return
    places = collars.geometry
    for name, part in (("NATE", places.x), ("NATN", places.y)):
        previous = collars[name] if name in collars else pd.Series(np.nan, index=collars.index)
        collars[name] = previous.where(~mask, part)
    collars.loc[mask, "geometry"] = None
    first = collars.loc[mask, "hole_id"].iloc[0]
    draft.find(code, int(mask.sum()), words, where=f"hole {first}")


def _assumed_grid(system: str) -> Finding:
    return Finding(code="crs-assumed-national", message=f"AGS says national grid and is British: {system}")


def _title(parsed: AgsText, source: Source) -> str:
    return _project(parsed).get("PROJ_NAME") or source.stem


def _project(parsed: AgsText) -> dict[str, str]:
    group = parsed.groups.get("PROJ")
    if group is None or not group.rows:
        return {}
    return {h: cell for h, cell in zip(group.headings, group.rows[0], strict=True) if cell}


ROLES = {"PROJ_CLNT": "client", "PROJ_CONT": "contractor", "PROJ_ENG": "engineer"}


def _describe(draft: Draft, parsed: AgsText, tables: dict[str, AgsTable]) -> None:
    project = _project(parsed)
    draft.properties = {
        "format": f"AGS {parsed.edition}",
        "project": project,
        "groups": {name: len(group.rows) for name, group in parsed.groups.items()},
    }
    draft.parties = tuple(
        Party(name=project[key], role=role) for key, role in ROLES.items() if key in project
    )
    draft.time = _period(tables)
    draft.notes = dict(_notes(draft, parsed, tables))


def _notes(draft: Draft, parsed: AgsText, tables: dict[str, AgsTable]) -> Iterator[tuple[str, ColumnNote]]:
    """Unit and meaning of each heading that became a column."""
    holes = cast("Boreholes", draft.data)
    meanings = _meanings(parsed)
    by_name = {**holes.intervals, **holes.curves}
    for table in tables.values():
        is_collar = table.group.name in COLLAR_GROUPS
        columns = set(holes.collars if is_collar else by_name.get(table.name, ()))
        for heading in columns & set(table.group.headings):
            note = ColumnNote(unit=table.unit(heading), title=meanings.get(heading, ""))
            if note != ColumnNote():
                yield f"{'collars' if is_collar else table.name}.{heading}", note


def _meanings(parsed: AgsText) -> dict[str, str]:
    """Descriptions of the headings the file defines itself (group DICT)."""
    group = parsed.groups.get("DICT")
    if group is None or not {"DICT_HDNG", "DICT_DESC"} <= set(group.headings):
        return {}
    name, words = group.headings.index("DICT_HDNG"), group.headings.index("DICT_DESC")
    return {row[name]: row[words] for row in group.rows if row[name]}


def _period(tables: dict[str, AgsTable]) -> Period | None:
    table = tables.get("LOCA") or tables.get("HOLE")
    if table is None:
        return None
    written = pd.concat([table.column(f"{table.group.name}_{end}").astype("str") for end in ("STAR", "ENDD")])
    days = pd.concat(
        [
            _days(written, r"^\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
            _days(written, r"^\d{2}/\d{2}/\d{4}$", "%d/%m/%Y"),
        ]
    )
    if days.empty:
        return None
    return Period(start=f"{days.min():%Y-%m-%d}T00:00:00Z", end=f"{days.max():%Y-%m-%d}T00:00:00Z")


def _days(written: pd.Series, pattern: str, form: str) -> pd.Series:
    found = written.str.extract(f"({pattern})", expand=False).dropna()
    return pd.to_datetime(found, format=form, errors="coerce").dropna()


def _tell_faults(draft: Draft, faults: list[Fault]) -> None:
    """One finding for all departures from the standard, with the first few and their lines."""
    if not faults:
        return
    told = [
        f"{fault.words} (line {fault.line})" if fault.line else fault.words for fault in faults[:FAULTS_TOLD]
    ]
    more = f" and {len(faults) - FAULTS_TOLD} more" if len(faults) > FAULTS_TOLD else ""
    draft.find("structure-nonstandard", len(faults), "; ".join(told) + more)


def _type_faults(tables: dict[str, AgsTable]) -> list[Fault]:
    return [
        Fault(f"{heading} is declared as text", table.group.line)
        for table in tables.values()
        for heading in table.declared_text
    ]
