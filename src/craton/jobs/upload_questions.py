"""What is asked back of who uploaded data, drawn from the findings of its datasets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from craton.jobs.upload import AskedColumn, Choice, Question, ToldFinding
from craton.model.findings import meaning, severity, todo
from craton.model.record import Column, Finding, Record
from craton.model.renaming import looks_measured
from craton.process.readers import split_suffix
from craton.store.store import Store

OF_CRS = frozenset({"crs-missing", "crs-unknown", "crs-local", "extent-outside-crs", "crs-assumed-national"})
OF_LICENCE = frozenset({"licence-missing", "licence-ambiguous", "licence-of-software"})
OF_COLUMNS = frozenset({"unit-missing", "unit-unknown", "unit-implausible"})

LICENCES = (
    Choice(value="CC-BY-4.0", title="free to use, with the owner named"),
    Choice(value="CC0-1.0", title="free to use, nothing asked"),
    Choice(value="CC-BY-SA-4.0", title="free to use, named, and shared alike"),
    Choice(value="CC-BY-NC-4.0", title="free to use, named, not for money"),
    Choice(value="ODbL-1.0", title="open database, shared alike"),
    Choice(value="LicenseRef-restricted", title="not free; ask the owner"),
)

USUAL_CRS = (Choice(value="EPSG:4326", title="longitude and latitude, WGS 84"),)
LOOKED_AT = 200
"""Newest datasets whose reference systems are offered."""

MOST_CHOICES = 6
MOST_COLUMNS = 200


def told(findings: tuple[Finding, ...]) -> tuple[ToldFinding, ...]:
    """Findings in words."""
    return tuple(
        ToldFinding(code=f.code, severity=severity(f), meaning=meaning(f), todo=todo(f), count=f.count)
        for f in findings
    )


def crs_choices(store: Store) -> tuple[Choice, ...]:
    """Reference systems that are offered: the usual one, and those of the node's newest data."""
    found = Counter(record.crs for record in store.find(limit=LOOKED_AT) if record.crs.startswith("EPSG:"))
    known = {choice.value for choice in USUAL_CRS}
    more = [
        Choice(value=crs, title="as other data here") for crs, _ in found.most_common() if crs not in known
    ]
    return (*USUAL_CRS, *more[: MOST_CHOICES - 1])


def questions_of(record: Record, file: str, choices: tuple[Choice, ...]) -> Iterator[Question]:
    """What to ask of the dataset that came from `file`; `choices` are reference systems."""
    by_code = {finding.code: finding for finding in record.findings}
    if found := _first(by_code, OF_CRS):
        yield Question(ask="crs", file=file, record=record.id, why=meaning(found), choices=choices)
    if found := _first(by_code, OF_LICENCE):
        yield Question(ask="licence", file=file, record=record.id, why=meaning(found), choices=LICENCES)
    if (found := _first(by_code, OF_COLUMNS)) and (columns := _unclear(record.columns)):
        yield Question(ask="columns", file=file, record=record.id, why=meaning(found), columns=columns)
    if _is_named_by_file(record, file):
        yield Question(ask="title", file=file, record=record.id, why="the title is only the file's name")


def _first(by_code: dict[str, Finding], codes: frozenset[str]) -> Finding | None:
    return next((by_code[code] for code in by_code if code in codes), None)


def _unclear(columns: tuple[Column, ...]) -> tuple[AskedColumn, ...]:
    """Columns of measured numbers that have no unit."""
    asked = [
        c for c in columns
        if not c.unit and looks_measured(c.name, c.type, whole=c.type == "integer", quantity=c.quantity)
    ]  # fmt: skip
    return tuple(
        AskedColumn(name=c.name, type=c.type, title=c.title, unit=c.unit) for c in asked[:MOST_COLUMNS]
    )


def _is_named_by_file(record: Record, file: str) -> bool:
    words = {_plain(title) for title in record.title.values()}
    return words == {_plain(split_suffix(file)[0])}


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").replace("-", " ").split()).casefold()
