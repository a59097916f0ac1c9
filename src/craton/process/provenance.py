"""Provenance: where a dataset came from, all the way up, as a graph and as W3C PROV-JSON.

Records tell their parents; `ancestry` follows them. Of a parent that is gone,
what its child wrote down is left: identifier, version and content hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import distributions
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from craton.model.record import Parent, Record, Run

Json = dict[str, Any]
"""A JSON object."""

Get = Callable[[str, int], Record | None]
"""Gives version `n` of a dataset, `None` where it is not to be had."""

DATASETS = "urn:craton:dataset:"
"""Address of datasets that have none on the web; identifier and version are appended."""

PREFIXES = {
    "craton": "urn:craton:term:",
    "run": "urn:craton:run:",
    "process": "urn:craton:process:",
    "parameter": "urn:craton:parameter:",
    "unit": "urn:craton:unit:",
    "file": "urn:craton:file:",
    "agent": "urn:craton:agent:",
    "software": "urn:craton:software:",
}
"""Namespaces of PROV documents; `dataset` is added for the node's own."""

KEPT = "-._~@/"
"""Signs that stand in a qualified name as they are, beside letters and digits."""


class Environment(NamedTuple):
    """The installed packages, as `name==version` in order, and their SHA-256."""

    hash: str
    packages: tuple[str, ...]


@cache
def environment() -> Environment:
    """What is installed where this runs; looked up once."""
    found = {f"{re.sub(r'[-_.]+', '-', d.name).lower()}=={d.version}" for d in distributions() if d.name}
    packages = tuple(sorted(found))
    return Environment(hashlib.sha256("\n".join(packages).encode()).hexdigest(), packages)


class Ancestry(NamedTuple):
    """A dataset and all it was made from, parents before children; `missing` are parents that are gone."""

    records: tuple[Record, ...]
    missing: tuple[Parent, ...]


def ancestry(record: Record, get: Get) -> Ancestry:
    """Everything upstream of `record`, each version once; a circle is followed once round."""
    seen = {(record.id, record.version)}
    ordered: list[Record] = []
    missing: dict[tuple[str, int], Parent] = {}
    # Pairs of a record and the parents of it that are still to be followed, so that depth has no limit.
    open_: list[tuple[Record, Iterator[Parent]]] = [(record, iter(parents(record)))]
    while open_:
        one, left = open_[-1]
        parent = next((p for p in left if (p.id, p.version) not in seen), None)
        if parent is None:
            ordered.append(one)
            open_.pop()
            continue
        seen.add((parent.id, parent.version))
        found = get(parent.id, parent.version)
        if found is None:
            missing[parent.id, parent.version] = parent
        else:
            open_.append((found, iter(parents(found))))
    return Ancestry(tuple(ordered), tuple(missing[key] for key in sorted(missing)))


def parents(record: Record) -> tuple[Parent, ...]:
    """Versions that `record` was made from, each once, in the order of the inputs."""
    run = record.lineage.run
    given = [p for several in run.inputs.values() for p in several] if run else []
    return tuple({(p.id, p.version): p for p in (*record.lineage.parents, *given)}.values())


def name_of(one: Record | Parent) -> str:
    """`id@version`, percent-encoded where it must be."""
    return f"{quote(one.id, safe=KEPT)}@{one.version}"


def run_name(run: Run) -> str:
    """Name of a run; the outputs of one run share it, runs at another time have another."""
    digest = hashlib.sha256(f"{run.key}\0{run.job}\0{run.started}\0{run.process}".encode()).hexdigest()
    return f"{quote(run.process, safe=KEPT)}-{digest[:16]}"


def reading_name(record: Record) -> str:
    """Name of the reading of a dataset from its files."""
    return f"read-{name_of(record)}"


def graph(history: Ancestry) -> Json:
    """Nodes (datasets, files, runs) and edges from cause to effect, both in order from the sources down.

    Returns
    -------
    dict
        `nodes`: each `id`, `type` (`dataset`, `missing`, `file`, `run`, `reading`), `title` and more;
        `edges`: each `from`, `to`, and the parameter or output as `role`.
    """
    nodes: dict[str, Json] = {}
    edges: list[Json] = []
    for parent in history.missing:
        nodes[name_of(parent)] = {"type": "missing", "title": parent.id, "content": parent.content}
    for record in history.records:
        _draw_cause(record, nodes, edges)
        nodes[name_of(record)] = {
            "type": "dataset", "title": record.name(), "kind": record.kind, "content": record.content,
        }  # fmt: skip
    edges = list({tuple(sorted(edge.items())): edge for edge in edges}.values())
    return {"nodes": [{"id": id, **node} for id, node in nodes.items()], "edges": edges}


def _draw_cause(record: Record, nodes: dict[str, Json], edges: list[Json]) -> None:
    """Add what `record` came from."""
    lineage, name = record.lineage, name_of(record)
    if lineage.run:
        run = run_name(lineage.run)
        nodes[run] = {
            "type": "run", "title": lineage.run.process, "version": lineage.run.process_version,
            "parameters": lineage.run.parameters, "units": lineage.run.units,
        }  # fmt: skip
        edges += [{"from": name_of(p), "to": run, "role": role} for role, p in used(lineage.run)]
        edges.append({"from": run, "to": name, "role": lineage.run.output})
        return
    edges += [{"from": name_of(p), "to": name, "role": ""} for p in parents(record)]
    if lineage.reader:
        nodes[reading_name(record)] = {"type": "reading", "title": lineage.reader}
        edges.append({"from": reading_name(record), "to": name, "role": ""})
    for file in lineage.files:
        nodes[file.sha256] = {"type": "file", "title": file.path, "content": file.sha256}
        end = reading_name(record) if lineage.reader else name
        edges.append({"from": file.sha256, "to": end, "role": ""})


def used(run: Run) -> Iterator[tuple[str, Parent]]:
    """Parameter and dataset of each input of a run."""
    for parameter, given in run.inputs.items():
        for parent in given:
            yield parameter, parent


class _Prov:
    """A PROV-JSON document in the making."""

    def __init__(self, base: str) -> None:
        self.document: Json = {"prefix": {**PREFIXES, "dataset": base}}
        self._told: set[tuple[str, ...]] = set()

    def element(self, kind: str, name: str, **said: Any) -> str:
        """Add what is known of an element, empty parts left out; its name."""
        attributes = {
            key.replace("__", ":"): value for key, value in said.items() if value is not None and value != ""
        }
        self.document.setdefault(kind, {}).setdefault(name, {}).update(attributes)
        return name

    def relate(self, kind: str, **said: str) -> None:
        """Add a relation, once."""
        relations = self.document.setdefault(kind, {})
        attributes = {key.replace("__", ":"): value for key, value in said.items() if value}
        if (kind, *attributes.values()) not in self._told:
            self._told.add((kind, *attributes.values()))
            relations[f"_:{kind}{len(relations) + 1}"] = attributes


def to_prov(history: Ancestry, *, base: str = DATASETS) -> Json:
    """PROV-JSON (W3C submission of 24 April 2013) of a dataset's history.

    Parameters
    ----------
    history : Ancestry
        From `ancestry`.
    base : str
        Address of datasets, to which `id@version` is appended.

    Returns
    -------
    dict
        Datasets, source files and processes (as plans) are entities; runs and readings activities; those
        who asked and the software agents.
    """
    prov = _Prov(base)
    for parent in history.missing:
        _entity(prov, parent, craton__missing=True)
    for record in history.records:
        _entity(prov, record, prov__label=record.name(), craton__kind=record.kind)
        if record.lineage.run:
            _tell_run(prov, record, record.lineage.run)
        else:
            _tell_reading(prov, record)
    return prov.document


def _type(name: str) -> Json:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _entity(prov: _Prov, one: Record | Parent, **said: Any) -> str:
    return prov.element(
        "entity", f"dataset:{name_of(one)}", prov__type=_type("craton:Dataset"),
        craton__version=one.version, craton__sha256=one.content, **said,
    )  # fmt: skip


def _tell_run(prov: _Prov, record: Record, run: Run) -> None:
    """The run that made `record`: what it used, who asked, which program followed which plan."""
    activity = prov.element(
        "activity", f"run:{run_name(run)}", prov__type=_type("craton:Run"), prov__label=run.process,
        prov__startTime=run.started, prov__endTime=run.ended, craton__key=run.key, craton__seed=run.seed,
        craton__environment=run.environment, craton__job=run.job, craton__app=run.app, **_parameters(run),
    )  # fmt: skip
    result = f"dataset:{name_of(record)}"
    prov.relate(
        "wasGeneratedBy", prov__entity=result, prov__activity=activity, prov__time=run.ended,
        prov__role=run.output,
    )  # fmt: skip
    for parameter, parent in used(run):
        source = f"dataset:{name_of(parent)}"
        prov.relate("used", prov__activity=activity, prov__entity=source, prov__role=parameter)
        prov.relate(
            "wasDerivedFrom", prov__generatedEntity=result, prov__usedEntity=source, prov__activity=activity
        )
    plan = f"{run.process}@{run.process_version}"
    _tell_agents(prov, activity, software=run.software, actor=run.actor, plan=plan)


def _parameters(run: Run) -> Json:
    """Attributes for each parameter and its unit; values that are neither number, text nor bool as JSON."""
    said: Json = {}
    for name, value in run.parameters.items():
        plain = value if isinstance(value, bool | int | float | str) else msgspec.json.encode(value).decode()
        if value is not None:
            said[f"parameter:{quote(name, safe=KEPT)}"] = plain
    return said | {f"unit:{quote(name, safe=KEPT)}": unit for name, unit in run.units.items()}


def _tell_agents(prov: _Prov, activity: str, *, software: str, actor: str = "", plan: str = "") -> None:
    if plan:
        kind, name = _type("prov:Plan"), f"process:{quote(plan, safe=KEPT)}"
        plan = prov.element("entity", name, prov__type=kind, prov__label=plan)
    program = person = ""
    if software:
        kind, name = _type("prov:SoftwareAgent"), f"software:{quote(software.replace(' ', '-'), safe=KEPT)}"
        program = prov.element("agent", name, prov__type=kind, prov__label=software)
    if actor:
        kind, name = _type("prov:Person"), f"agent:{quote(actor, safe=KEPT)}"
        person = prov.element("agent", name, prov__type=kind, prov__label=actor)
    for agent in filter(None, (program, person)):
        prov.relate("wasAssociatedWith", prov__activity=activity, prov__agent=agent, prov__plan=plan)
    if program and person:
        prov.relate(
            "actedOnBehalfOf", prov__delegate=program, prov__responsible=person, prov__activity=activity
        )


def _tell_reading(prov: _Prov, record: Record) -> None:
    """The reading of `record` from files, or its bare parents where nobody noted a run."""
    lineage, result = record.lineage, f"dataset:{name_of(record)}"
    activity = ""
    if lineage.reader:
        activity = prov.element(
            "activity", f"run:{reading_name(record)}", prov__type=_type("craton:Reading"),
            prov__label=f"read by {lineage.reader}",
        )  # fmt: skip
        prov.relate("wasGeneratedBy", prov__entity=result, prov__activity=activity, prov__time=record.created)
        _tell_agents(prov, activity, software=lineage.reader)
    for file in lineage.files:
        source = prov.element(
            "entity", f"file:{file.sha256}", prov__type=_type("craton:File"), prov__label=file.path,
            craton__sha256=file.sha256, craton__size=file.size,
        )  # fmt: skip
        if activity:
            prov.relate("used", prov__activity=activity, prov__entity=source)
        prov.relate(
            "wasDerivedFrom", prov__generatedEntity=result, prov__usedEntity=source, prov__activity=activity
        )
    for parent in parents(record):
        prov.relate(
            "wasDerivedFrom", prov__generatedEntity=result, prov__usedEntity=f"dataset:{name_of(parent)}"
        )
