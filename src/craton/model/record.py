"""The Record: everything the catalogue knows about one version of one dataset."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["grid", "table", "boreholes", "volume", "mesh", "series", "document"]
Severity = Literal["info", "doubt", "error"]
Bbox = tuple[float, float, float, float]
"""West, south, east, north in degrees (OGC:CRS84); west > east crosses the antimeridian."""

LanguageMap = dict[str, str]
"""BCP 47 language tag → text; `und` where the language is not known."""


class Noun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the immutable, JSON-ready nouns."""


class Interval(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """A closed range in `unit`; `datum` names what it is measured from."""

    minimum: float
    maximum: float
    unit: str = "m"
    datum: str = ""


class Period(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """A closed span of time, RFC 3339 in UTC; an open side is empty."""

    start: str = ""
    end: str = ""


class Quantity(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """A measured thing the dataset carries, by standard name, with its unit.

    `unit` is the unit of the stored numbers; `original_unit` that of the
    source where it differed; an empty unit means "not stated".
    """

    name: str
    unit: str = ""
    variable: str = ""
    original_unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    valid: int | None = None


class Column(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """One column of a table or one band of a grid."""

    name: str
    type: str
    title: str = ""
    unit: str = ""
    quantity: str = ""
    table: str = ""
    missing: int = 0


class Finding(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """One thing the checks repaired or doubted; `code` is a key of `FINDINGS`."""

    code: str
    count: int = 1
    message: str = ""
    where: str = ""


class Party(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """Who owns, made or publishes a dataset."""

    name: str
    role: str = "owner"
    contact: str = ""


class SourceFile(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """An input file as it came: the name a person gave it, and its bytes' hash."""

    path: str
    sha256: str
    size: int


class Parent(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """An input dataset of a derived one; `variable` names the one that was read of it, if not all."""

    id: str
    version: int
    content: str
    variable: str = ""


class Run(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """One run of a process: what it takes to do it again.

    Parameters
    ----------
    process, process_version : str
        Identifier and version of the process.
    software : str
        Name and version of the program, such as `craton 0.1.0`.
    parameters : dict
        Plain values by name, all of them, numbers in the unit that `units` gives under the same name.
    inputs : dict
        Datasets by name of the parameter they were given for.
    output : str
        Name of the output that became this dataset.
    key : str
        SHA-256 of what decides about the result: process, version, parameters and contents of inputs.
    seed : int or None
        Seed of the random numbers, where there were any.
    actor : str
        Who asked for it.
    started, ended : str
        RFC 3339 in UTC.
    environment : str
        SHA-256 of the installed packages and their versions.
    job, app : str
        Identifier of the job, and `id@version` of the app whose step it was; empty where there was none.
    """

    process: str
    process_version: str
    software: str = ""
    parameters: dict[str, Any] = {}
    units: dict[str, str] = {}
    inputs: dict[str, tuple[Parent, ...]] = {}
    output: str = ""
    key: str = ""
    seed: int | None = None
    actor: str = ""
    started: str = ""
    ended: str = ""
    environment: str = ""
    job: str = ""
    app: str = ""


class Lineage(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """Where the dataset came from and what was done to it: read from files, or made by a run."""

    files: tuple[SourceFile, ...] = ()
    parents: tuple[Parent, ...] = ()
    reader: str = ""
    run: Run | None = None
    steps: tuple[str, ...] = ()


class Member(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """One stored object of an asset: its name within the asset, hash and size in bytes."""

    name: str
    sha256: str
    size: int


class Asset(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """Immutable bytes of the dataset.

    `roles` follow STAC (`data`, `source`, `thumbnail`, `metadata`). A single
    file has one member; a Zarr store or a shapefile set has several.
    """

    media_type: str
    members: tuple[Member, ...]
    roles: tuple[str, ...] = ("data",)
    title: str = ""

    @property
    def size(self) -> int:
        """Total size in bytes."""
        return sum(member.size for member in self.members)


class Record(Noun, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One version of one dataset, as catalogued.

    `id` never changes; `version` counts from 1; `sequence` is the node's
    change number at which this version was committed (0 before that), by
    which neighbours harvest. `content` identifies the stored data: equal
    content means equal bytes. `visibility`, `policy` and `signature` are the
    seats of the access policy and of signed records.
    """

    id: str
    kind: Kind
    title: LanguageMap
    version: int = 1
    sequence: int = 0
    description: LanguageMap = {}
    bbox: Bbox | None = None
    footprint: dict[str, Any] | None = None
    vertical: Interval | None = None
    time: Period | None = None
    crs: str = ""
    shape: dict[str, int] = {}
    quantities: tuple[Quantity, ...] = ()
    columns: tuple[Column, ...] = ()
    keywords: tuple[str, ...] = ()
    licence: str = ""
    parties: tuple[Party, ...] = ()
    lineage: Lineage = Lineage()
    findings: tuple[Finding, ...] = ()
    assets: dict[str, Asset] = {}
    content: str = ""
    created: str = ""
    updated: str = ""
    properties: dict[str, Any] = {}
    visibility: Literal["public", "partners", "private"] = "public"
    policy: str = ""
    signature: str = ""

    def name(self, *languages: str) -> str:
        """Title in the first of `languages` that exists, else any."""
        for language in (*languages, "en", "und"):
            if language in self.title:
                return self.title[language]
        return next(iter(self.title.values()), self.id)

    @property
    def rows(self) -> int | None:
        """Number of rows of a table, `None` for other kinds of data."""
        return self.shape.get("row")


class Tombstone(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """What stays of a deleted dataset, so that neighbours can forget it too.

    `visibility` is that of the dataset: who could not see it learns nothing of its end either.
    """

    id: str
    version: int
    sequence: int
    deleted: str
    reason: str = ""
    visibility: Literal["public", "partners", "private"] = "private"
