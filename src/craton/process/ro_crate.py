"""RO-Crate 1.1 with the Process Run Crate profile 0.5: a dataset's files and how they came to be.

The crate is a folder with the files of one dataset, each as `asset/member`;
datasets that it was made from are told of, not packed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from craton.model.record import Asset, Member, Parent, Record, Run, SourceFile
from craton.process.provenance import (
    DATASETS,
    Ancestry,
    Json,
    name_of,
    parents,
    reading_name,
    run_name,
    used,
)

METADATA = "ro-crate-metadata.json"
"""Name of the file that describes a crate."""

CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
CRATE, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
LICENCES = "https://spdx.org/licenses/"
NO_TIME = "1970-01-01T00:00:00Z"
"""Date of publication of a record that states no time, for a crate must have one."""

UNSTATED = "not stated"
"""Licence of a dataset that has none."""


def path_in_crate(asset: str, member: str) -> str:
    """Path of a file within the crate."""
    return f"{asset}/{member}"


def to_crate(history: Ancestry, *, base: str = DATASETS) -> Json:
    """Content of `ro-crate-metadata.json` for the last dataset of `history`.

    Parameters
    ----------
    history : Ancestry
        From `craton.process.provenance.ancestry`.
    base : str
        Address of datasets, to which `id@version` is appended.
    """
    crate = _Crate(history.records[-1], base)
    for parent in history.missing:
        crate.dataset(parent)
    for record in history.records:
        crate.dataset(record)
        if record.lineage.run:
            _tell_run(crate, record, record.lineage.run)
        elif record.lineage.reader:
            _tell_reading(crate, record)
    return crate.document()


def _ref(id: str) -> Json:
    return {"@id": id}


class _Crate:
    """A crate in the making: its entities by `@id`."""

    def __init__(self, record: Record, base: str) -> None:
        self.record, self.base = record, base
        self.entities: dict[str, Json] = {}
        self.actions: list[str] = []
        self.files = {
            member.sha256: _address(asset, member)
            for asset, one in record.assets.items()
            for member in one.members
        }

    def add(self, id: str, kind: str, **said: Any) -> Json:
        """Add an entity, empty parts left out; a reference to it."""
        known = self.entities.setdefault(id, {"@id": id, "@type": kind})
        known.update({key: value for key, value in said.items() if value not in (None, "", [])})
        return _ref(id)

    def result(self, one: Record | Parent) -> list[Json]:
        """References to what a dataset is in this crate: its own data, or the mention of another."""
        if (one.id, one.version) != (self.record.id, self.record.version):
            return [_ref(self.base + name_of(one))]
        assets = self.record.assets.items()
        data = [_ref(_asset_id(name, asset)) for name, asset in assets if "data" in asset.roles]
        return data or [_ref("./")]

    def dataset(self, one: Record | Parent) -> None:
        """Tell of a dataset whose files are not here."""
        if isinstance(one, Record) and one.id == self.record.id and one.version == self.record.version:
            return
        name = one.name() if isinstance(one, Record) else one.id
        self.add(
            self.base + name_of(one), "CreativeWork", name=name, identifier=one.content,
            version=str(one.version),
        )  # fmt: skip

    def document(self) -> Json:
        """The whole, the descriptor and the root first."""
        for name, asset in self.record.assets.items():
            _tell_asset(self, name, asset)
        self.add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
        head = [
            {"@id": METADATA, "@type": "CreativeWork", "conformsTo": _ref(CRATE), "about": _ref("./")},
            _root(self),
        ]
        return {"@context": CONTEXT, "@graph": [*head, *self.entities.values()]}


def _address(asset: str, member: Member) -> str:
    """Identifier of a file: its path in the crate, or its own address where it lies elsewhere."""
    return member.name if "://" in member.name else quote(path_in_crate(asset, member.name))


def _asset_id(name: str, asset: Asset) -> str:
    """Identifier of an asset: its only file, or the folder of several."""
    return _address(name, asset.members[0]) if len(asset.members) == 1 else f"{quote(name)}/"


def _tell_asset(crate: _Crate, name: str, asset: Asset) -> None:
    media_type = asset.media_type if len(asset.members) == 1 else ""
    for member in asset.members:
        crate.add(
            _address(name, member), "File", name=asset.title or member.name, encodingFormat=media_type,
            sha256=member.sha256, contentSize=str(member.size),
        )  # fmt: skip
    if len(asset.members) != 1:
        parts = [_ref(_address(name, member)) for member in asset.members]
        crate.add(
            _asset_id(name, asset), "Dataset", name=asset.title or name, encodingFormat=asset.media_type
        )
        crate.entities[_asset_id(name, asset)]["hasPart"] = parts


def _root(crate: _Crate) -> Json:
    record = crate.record
    licence: str | Json = UNSTATED
    if record.licence:
        licence = crate.add(_licence_id(record.licence), "CreativeWork", name=record.licence)
    root: Json = {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": _ref(PROFILE),
        "identifier": crate.base + name_of(record),
        "name": record.name(),
        "description": next(iter(record.description.values()), record.name()),
        "datePublished": record.updated or record.created or NO_TIME,
        "license": licence,
        "keywords": list(record.keywords),
        "hasPart": [_ref(_asset_id(name, asset)) for name, asset in record.assets.items()],
        "mentions": [_ref(action) for action in crate.actions],
        "isBasedOn": [_ref(crate.base + name_of(parent)) for parent in parents(record)],
        "publisher": [_organisation(crate, party.name) for party in record.parties if party.name],
    }
    return {key: value for key, value in root.items() if value}


def _licence_id(licence: str) -> str:
    return licence if "://" in licence else LICENCES + quote(licence)


def _organisation(crate: _Crate, name: str) -> Json:
    return crate.add(f"#party/{quote(name)}", "Organization", name=name)


def _tell_run(crate: _Crate, record: Record, run: Run) -> None:
    """The run that made `record`: tool, parameters, who asked, when."""
    action = f"#run/{run_name(run)}"
    known = crate.entities.get(action, {}).get("result", [])
    crate.add(
        action, "CreateAction", name=f"Run of {run.process}", description=_call(run),
        instrument=_tool(crate, run), agent=_person(crate, run.actor),
        object=[*_unique(crate, run), *_parameters(crate, action, run)],
        result=[*known, *(one for one in crate.result(record) if one not in known)],
        startTime=run.started, endTime=run.ended, environment=_environment(crate, run),
        actionStatus="http://schema.org/CompletedActionStatus",
    )  # fmt: skip
    if action not in crate.actions:
        crate.actions.append(action)


def _unique(crate: _Crate, run: Run) -> list[Json]:
    """References to the inputs of a run, each once."""
    return [_ref(id) for id in dict.fromkeys(one["@id"] for _, p in used(run) for one in crate.result(p))]


def _call(run: Run) -> str:
    """What was called, in one line."""
    values = ", ".join(f"{k}={v} {run.units.get(k, '')}".rstrip() for k, v in run.parameters.items())
    inputs = ", ".join(f"{parameter}={name_of(parent)}" for parameter, parent in used(run))
    return f"{run.process}@{run.process_version}({', '.join(filter(None, (inputs, values)))})"


def _tool(crate: _Crate, run: Run) -> Json:
    """The process as an application, and the program it belongs to."""
    program = None
    if run.software:
        name, _, version = run.software.rpartition(" ")
        program = crate.add(
            f"#software/{quote(run.software.replace(' ', '-'))}", "SoftwareApplication",
            name=name or run.software, softwareVersion=version if name else "",
        )  # fmt: skip
    id = f"#process/{quote(run.process)}@{quote(run.process_version)}"
    return crate.add(
        id, "SoftwareApplication", name=run.process,
        softwareVersion=run.process_version, softwareRequirements=program,
    )  # fmt: skip


def _person(crate: _Crate, actor: str) -> Json | None:
    return crate.add(f"#agent/{quote(actor)}", "Person", name=actor) if actor else None


def _parameters(crate: _Crate, action: str, run: Run) -> list[Json]:
    """Plain values of a run as property values, with their units."""
    return [
        crate.add(
            f"{action}/{quote(name)}",
            "PropertyValue",
            name=name,
            value=_plain(value),
            unitText=run.units.get(name, ""),
        )
        for name, value in run.parameters.items()
        if value is not None
    ]


def _plain(value: object) -> Any:
    """Number, text or bool as it is, anything else as JSON text."""
    if isinstance(value, bool | int | float | str):
        return value
    return msgspec.json.encode(value).decode()


def _environment(crate: _Crate, run: Run) -> Json | None:
    """Fingerprint of the installed packages."""
    if not run.environment:
        return None
    id = f"#environment/{run.environment[:16]}"
    return crate.add(id, "PropertyValue", name="packages (sha256)", value=run.environment)


def _tell_reading(crate: _Crate, record: Record) -> None:
    """The reading of `record` from files."""
    lineage, action = record.lineage, f"#run/{reading_name(record)}"
    reader, _, version = lineage.reader.partition("@")
    tool = crate.add(
        f"#reader/{quote(lineage.reader)}", "SoftwareApplication", name=reader, softwareVersion=version
    )
    crate.add(
        action, "CreateAction", name=f"Reading of {record.name()}", endTime=record.created, instrument=tool,
        object=[_source(crate, file) for file in lineage.files], result=crate.result(record),
    )  # fmt: skip
    crate.actions.append(action)


def _source(crate: _Crate, file: SourceFile) -> Json:
    """A source file: the one in the crate with the same bytes, or a mention of it."""
    if file.sha256 in crate.files:
        return _ref(crate.files[file.sha256])
    return crate.add(
        f"#file/{file.sha256}", "CreativeWork", name=file.path, sha256=file.sha256,
        contentSize=str(file.size),
    )  # fmt: skip
