"""Tools of an agent that look at the catalogue: search, and everything about one dataset."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from craton.model.errors import InvalidError, NotFoundError
from craton.model.findings import meaning, severity, todo
from craton.model.permission import allowed, visible_to
from craton.model.quantities import quantities
from craton.model.record import Bbox, Finding, Kind, Period, Record
from craton.process.provenance import ancestry, graph
from craton.web.mcp_tool import Json, Session

MOST_FOUND = 100
"""Datasets in one answer."""

MOST_COLUMNS = 200
MOST_NODES = 60
"""Nodes of a provenance graph in one answer."""

MOST_WORDS = 400
"""Characters of a description in a list."""

MOST_PROPERTIES = 6000
"""Characters of further properties, as JSON."""

_MONTH = re.compile(r"(?P<year>[0-9]{4})(-(?P<month>0[1-9]|1[0-2]))?")

ORDER = {"error": 0, "doubt": 1, "info": 2}

Language = Annotated[
    str, Meta(description="Language of titles where there are several, such as en, zh or lo.")
]

BboxAsked = Annotated[
    list[float],
    Meta(
        min_length=4, max_length=4,
        description="West, south, east, north in degrees of longitude and latitude, "
        "such as [97, 16, 106, 26]; west greater than east crosses the antimeridian.",
    ),
]  # fmt: skip


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is searched for; all that is given must hold."""

    text: Annotated[
        str,
        Meta(
            description="Words that must all occur in title, description, keywords, column names or the text "
            "of a document, in any language and script; words in double quotes must follow each other."
        ),
    ] = ""
    bbox: BboxAsked | UnsetType = UNSET
    time: Annotated[
        str, Meta(description="Time that the data must touch: 2008, 2008-05/2015, ../2001 or 2020/.. (UTC).")
    ] = ""
    kind: Annotated[Kind, Meta(description="Kind of the data.")] | UnsetType = UNSET
    quantity: Annotated[
        str,
        Meta(description="Standard name of a measured quantity, such as gravity_disturbance or elevation."),
    ] = ""
    limit: Annotated[
        int, Meta(ge=1, description=f"At most so many; more than {MOST_FOUND} is cut to that.")
    ] = 20
    offset: Annotated[
        int, Meta(ge=0, description="Datasets to pass over: next_offset of the answer before.")
    ] = 0
    language: Language = "en"


class QuantityAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A measured quantity: minimum and maximum in `unit`; an empty unit is not stated, 1 is a pure number."""

    name: str
    unit: str
    field: str = ""
    minimum: float | None = None
    maximum: float | None = None
    valid: int | None = None
    original_unit: str = ""


class FoundDataset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dataset in short: bbox is west, south, east, north in degrees, time is UTC.

    `findings` counts what the checks repaired or doubted, `worst_finding` is info, doubt or error.
    """

    id: str
    kind: str
    title: str
    licence: str
    findings: int
    worst_finding: str = ""
    description: str = ""
    size: dict[str, int] = {}
    quantities: tuple[QuantityAnswer, ...] = ()
    bbox: Bbox | None = None
    time: Period | None = None


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Datasets, newest change first; `total` counts all that match, also those not shown."""

    total: int
    datasets: tuple[FoundDataset, ...]
    next_offset: int | None = None
    cut: tuple[str, ...] = ()


def search_datasets(session: Session, asked: Search) -> SearchAnswer:
    """Find datasets of this node by words, place, time, kind and quantity.

    Every condition that is given must hold; without any, the newest datasets come. Words are found in any
    script (铜, ທອງຄຳ, copper). The answer tells how many match in all, and of each dataset its identifier,
    which the other tools take, its kind, quantities with units and ranges, extent, time, licence, and how
    many quality findings it carries. If nothing is found, try fewer or other words, or the quantity alone.
    """
    limit = min(asked.limit, MOST_FOUND)
    query: dict[str, Any] = {
        "bbox": None if asked.bbox is UNSET else tuple(asked.bbox), "time": _period(asked.time),
        "text": asked.text, "kind": None if asked.kind is UNSET else asked.kind, "quantity": asked.quantity,
        "visibility": visible_to(session.actor),
    }  # fmt: skip
    total = session.store.count(**query)
    if not total and asked.quantity:
        _check_quantity(asked.quantity)
    records = session.store.find(**query, limit=limit, offset=min(asked.offset, 2**31))
    after = asked.offset + len(records)
    cut = f"limit was cut from {asked.limit} to {MOST_FOUND}"
    return SearchAnswer(
        total=total, datasets=tuple(_found(record, asked.language) for record in records),
        next_offset=after if records and after < total else None,
        cut=(cut,) if asked.limit > MOST_FOUND else (),
    )  # fmt: skip


def _period(text: str) -> Period | None:
    if not text.strip():
        return None
    start, _, end = text.partition("/") if "/" in text else (text, "", text)
    return Period(start=_day(start, last=False), end=_day(end, last=True))


def _day(text: str, *, last: bool) -> str:
    """First or last day of a year or month; any other time as it is, and an open side empty."""
    text = text.strip().replace("..", "")
    found = _MONTH.fullmatch(text)
    if not found:
        return text
    year, month = int(found["year"]), int(found["month"] or (12 if last else 1))
    return f"{year:04}-{month:02}-{calendar.monthrange(year, month)[1] if last else 1:02}"


def _check_quantity(name: str) -> None:
    """Say which names are like one that is none."""
    if name in quantities():
        return
    words = {word for word in name.lower().replace("-", "_").split("_") if len(word) > 2}
    like = [known for known in quantities() if words & set(known.split("_"))][:20]
    raise InvalidError(
        f"search_datasets: `quantity` must be a standard name, not {name!r}",
        hint=f"names like it: {', '.join(like)}" if like else "leave it out and search by text",
    )


def _found(record: Record, language: str) -> FoundDataset:
    about = _in(record.description, language)
    worst = min((severity(f) for f in record.findings), key=ORDER.__getitem__, default="")
    return FoundDataset(
        id=record.id, kind=record.kind, title=record.name(language), licence=licence_words(record),
        findings=len(record.findings), worst_finding=worst, size=record.shape, bbox=record.bbox,
        description=about if len(about) <= MOST_WORDS else about[:MOST_WORDS] + "…",
        time=record.time, quantities=tuple(_quantities(record)),
    )  # fmt: skip


def _in(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def licence_words(record: Record) -> str:
    """Licence of a dataset, or that none is stated."""
    return record.licence or "not stated: ask the owner before the data is passed on"


def _quantities(record: Record) -> Iterator[QuantityAnswer]:
    for one in record.quantities:
        yield QuantityAnswer(
            name=one.name, unit=one.unit, field=one.variable, minimum=one.minimum, maximum=one.maximum,
            valid=one.valid, original_unit=one.original_unit,
        )  # fmt: skip


class Describe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dataset."""

    id: Annotated[
        str, Meta(description="Identifier from search_datasets, or ID@VERSION for an older version.")
    ]
    language: Language = "en"


class ColumnAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a table or a field of a grid: numbers are in `unit`; an empty unit is not stated."""

    name: str
    unit: str
    type: str = ""
    quantity: str = ""
    title: str = ""
    table: str = ""
    missing: int = 0


class FindingAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing the checks repaired (info) or doubted (doubt, error), and what a person should do."""

    code: str
    severity: str
    meaning: str
    what_to_do: str


class DatasetAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything about one version of a dataset.

    `bbox` is in degrees; the data itself is in `crs`. `vertical` is a range in its unit. `provenance` is a
    graph from the source files down. `citation` is the line to give with any result.
    """

    id: str
    version: int
    kind: str
    title: str
    licence: str
    crs: str
    citation: str
    titles: dict[str, str] = {}
    description: str = ""
    visibility: str = ""
    size: dict[str, int] = {}
    bbox: Bbox | None = None
    vertical: Json = {}
    time: Period | None = None
    parties: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    quantities: tuple[QuantityAnswer, ...] = ()
    columns: tuple[ColumnAnswer, ...] = ()
    findings: tuple[FindingAnswer, ...] = ()
    source_files: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    made_by: Json = {}
    provenance: Json = {}
    versions: tuple[int, ...] = ()
    properties: Json = {}
    created: str = ""
    updated: str = ""
    cut: tuple[str, ...] = ()


def describe_dataset(session: Session, asked: Describe) -> DatasetAnswer:
    """Tell everything needed to use one dataset rightly.

    Columns or fields with units and quantities, reference system, extent in degrees, time, licence, quality
    findings with what to do about each, how it was made (source files, processes, parameters), its versions,
    and a line to cite it by. Look here before you compute with a dataset: findings of severity error or doubt
    can make numbers meaningless.
    """
    record = session.record(asked.id)
    cut: list[str] = []
    if len(record.columns) > MOST_COLUMNS:
        cut.append(f"columns: the first {MOST_COLUMNS} of {len(record.columns)}")
    lineage = record.lineage
    run = msgspec.to_builtins(lineage.run) if lineage.run else {}
    return DatasetAnswer(
        id=record.id, version=record.version, kind=record.kind, title=record.name(asked.language),
        titles=record.title, description=_in(record.description, asked.language),
        licence=licence_words(record), visibility=record.visibility, size=record.shape, bbox=record.bbox,
        vertical=msgspec.to_builtins(record.vertical) if record.vertical else {}, time=record.time,
        crs=record.crs or "not stated", citation=citation(session, record),
        parties=tuple(f"{party.name} ({party.role})" for party in record.parties), keywords=record.keywords,
        quantities=tuple(_quantities(record)), columns=tuple(columns(record))[:MOST_COLUMNS],
        findings=tuple(map(_finding, sorted(record.findings, key=lambda f: ORDER[severity(f)]))),
        source_files=tuple(file.path for file in lineage.files[:20]), steps=lineage.steps,
        made_by={k: v for k, v in run.items() if k in _TOLD_OF_RUN},
        provenance=_provenance(session, record, cut), versions=tuple(_versions(session, record)),
        properties=_properties(record, cut),
        created=record.created, updated=record.updated, cut=tuple(cut),
    )  # fmt: skip


_TOLD_OF_RUN = frozenset(
    {
        "process",
        "process_version",
        "software",
        "parameters",
        "units",
        "inputs",
        "output",
        "actor",
        "ended",
        "app",
    }
)


def citation(session: Session, record: Record) -> str:
    """The line to give with whatever is made from a dataset."""
    owners = ", ".join(party.name for party in record.parties) or "owner not stated"
    return (
        f"{owners}: {record.name('en')}. {record.id}@{record.version}, {record.updated[:10]}, "
        f"{session.title or 'Craton node'}. Licence: {record.licence or 'not stated'}."
    )


def columns(record: Record) -> Iterator[ColumnAnswer]:
    """Columns of a table, or fields of a grid, as they are told."""
    for one in record.columns:
        yield ColumnAnswer(
            name=one.name, unit=one.unit, type=one.type, quantity=one.quantity, title=one.title,
            table=one.table, missing=one.missing,
        )  # fmt: skip


def _finding(one: Finding) -> FindingAnswer:
    return FindingAnswer(code=one.code, severity=severity(one), meaning=meaning(one), what_to_do=todo(one))


def _provenance(session: Session, record: Record, cut: list[str]) -> Json:
    """Graph of what the dataset came from; what the actor may not see is a missing parent in it."""

    def get(id: str, version: int) -> Record | None:
        try:
            found = session.store.get(id, version)
        except NotFoundError:
            return None
        return found if allowed(session.actor, "see", found) else None

    whole = graph(ancestry(record, get))
    nodes = whole["nodes"][-MOST_NODES:]
    if len(nodes) < len(whole["nodes"]):
        cut.append(f"provenance: the last {MOST_NODES} of {len(whole['nodes'])} nodes")
    known = {node["id"] for node in nodes}
    return {"nodes": nodes, "edges": [e for e in whole["edges"] if {e["from"], e["to"]} <= known]}


def _versions(session: Session, record: Record) -> Iterator[int]:
    for version in session.store.versions(record.id):
        if allowed(session.actor, "see", session.store.get(record.id, version)):
            yield version


def _properties(record: Record, cut: list[str]) -> Json:
    if len(msgspec.json.encode(record.properties)) <= MOST_PROPERTIES:
        return record.properties
    cut.append("properties: only their names; the resource craton://dataset/ID has them whole")
    return dict.fromkeys(record.properties, "…")
