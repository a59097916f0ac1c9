"""What a run is asked and what it answers; light, so that who only asks need not import what runs it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from craton.jobs.job import Fault, InputRef
from craton.model.record import LanguageMap, Record


class RunInput(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset as it goes to the run: its record, the field wanted, and where its files lie, by hash."""

    ref: InputRef
    record: Record
    paths: dict[str, str]


class RunTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has to do.

    `results` has the dataset id of each output, `scheduler` the address of a Dask cluster.
    """

    process: str
    version: str
    key: str
    job: str
    inputs: dict[str, tuple[RunInput, ...]]
    parameters: dict[str, Any]
    results: dict[str, str]
    folder: str
    title: LanguageMap = {}
    actor: str = ""
    app: str = ""
    owner: str = ""
    scheduler: str = ""


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a run gives back: records, staged files by hash, texts to search by record; or a fault."""

    records: tuple[Record, ...] = ()
    staged: dict[str, str] = {}
    texts: dict[str, str] = {}
    fault: Fault | None = None


def result_id(process: str, key: str, output: str, *, several: bool) -> str:
    """Identifier of a result: words of the process and digits of the key."""
    words = f"{process.rpartition('.')[2]} {output}" if several else process.rpartition(".")[2]
    return f"{re.sub(r'[^a-z0-9]+', '-', words.lower()).strip('-')}-{key[:12]}"
