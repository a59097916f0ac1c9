"""What a report is made of: the answer of an evaluation, the datasets of the same run, all they stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from craton.jobs.run_task import result_id
from craton.model.errors import InvalidError, NotFoundError
from craton.model.evaluation import MEDIA_TYPE, Evaluation, read_evaluation
from craton.model.record import Member, Record, Run
from craton.process.provenance import Ancestry, ancestry, run_name
from craton.store.store import Store
from craton.web.replies import Json, link, path_of

ANSWER = "answer"
SIBLINGS = ("units", "cells", "weights", "contributions", ANSWER)
"""Outputs of an evaluation."""

UNITS = ("units", "cells")
"""Outputs that hold the evaluated units."""

Open = Callable[[str], Record]
"""Gives the record of `ID` or `ID@VERSION` that whoever asks may read; else `NotFoundError`."""


@dataclass(frozen=True)
class Source:
    """All that a report tells of.

    Parameters
    ----------
    answer : Record
        Of the document that `evaluation` was read from.
    siblings : dict of str to Record
        By output, the datasets of the same run that may be read.
    history : Ancestry
        Everything that the answer stands on, as far as it may be seen.
    wait : bool
        Whether to wait while the features of many units are made ready.
    """

    store: Store
    answer: Record
    evaluation: Evaluation
    siblings: dict[str, Record]
    history: Ancestry
    run: Run
    wait: bool = False

    @property
    def units(self) -> Record | None:
        """The evaluated units as a dataset."""
        return next((self.siblings[name] for name in UNITS if name in self.siblings), None)


def is_answer(record: Record) -> bool:
    """Whether `record` is the answer of an evaluation."""
    data = record.assets.get("data")
    return record.kind == "document" and data is not None and data.media_type == MEDIA_TYPE


def answer_name(record: Record) -> str:
    """Identifier of the answer of the run that made `record`, empty where no such run did."""
    run = record.lineage.run
    if is_answer(record):
        return f"{record.id}@{record.version}"
    if run is None or not run.key or run.output not in SIBLINGS:
        return ""
    return result_id(run.process, run.key, ANSWER, several=True)


def report_links(base: str, record: Record) -> list[Json]:
    """Links of a dataset to the report of the evaluation that it is a result of."""
    if not answer_name(record):
        return []
    address = base + path_of("datasets", f"{record.id}@{record.version}", "report")
    return [
        link(f"{address}?f=html", "alternate", "the report of the evaluation as a page", "text/html"),
        link(f"{address}?f=pdf", "alternate", "the report of the evaluation as PDF/A", "application/pdf"),
    ]


def open_source(store: Store, open_: Open, record: Record, *, wait: bool = False) -> Source:
    """What a report of the run that made `record` is made of.

    `wait` waits while the features of many units are made ready; else `BeingMadeError` tells to ask again.

    Raises
    ------
    NotFoundError
        Where no evaluation made it, or its answer is not to be had.
    """
    name = answer_name(record)
    answer = open_(name) if name else record
    run = answer.lineage.run
    if not is_answer(answer) or run is None:
        raise NotFoundError(
            f"{record.id} is no result of an evaluation, so there is no report of it",
            hint="ask for the report of a dataset that an evaluation made",
        )
    evaluation = _evaluation(store, answer)
    siblings = {
        output: found for output in SIBLINGS if (found := _sibling(store, open_, run, output)) is not None
    }
    return Source(store, answer, evaluation, siblings, ancestry(answer, _getter(open_)), run, wait)


def _evaluation(store: Store, answer: Record) -> Evaluation:
    content = _path(store, answer.assets["data"].members[0]).read_bytes()
    try:
        return read_evaluation(content)
    except InvalidError as error:
        raise InvalidError(
            f"the answer {answer.id}@{answer.version} cannot be read: {error.message}",
            hint="it is damaged, or of another version of Craton: run the evaluation again",
        ) from error


def _sibling(store: Store, open_: Open, run: Run, output: str) -> Record | None:
    """The dataset that `run` made as `output`: the version of this very run, else the present one."""
    id = result_id(run.process, run.key, output, several=True)
    try:
        current = open_(id)
    except NotFoundError:
        return None
    for version in reversed(store.versions(id)):
        found = open_(f"{id}@{version}")
        if found.lineage.run is not None and run_name(found.lineage.run) == run_name(run):
            return found
    return current


def _getter(open_: Open) -> Callable[[str, int], Record | None]:
    def get(id: str, version: int) -> Record | None:
        try:
            return open_(f"{id}@{version}")
        except NotFoundError:
            return None

    return get


def _path(store: Store, member: Member) -> Path:
    path = store.objects.path(member.sha256) if member.sha256 else None
    if path is None:
        raise NotFoundError(f"{member.name} is not on this node", hint="the record tells where the data lies")
    return path
