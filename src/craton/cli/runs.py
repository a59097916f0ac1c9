"""From what a command or a Python call gives to a request for a job, and back to its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from craton.jobs.app_run import is_app
from craton.jobs.job import Job, JobLimits
from craton.jobs.submission import Request
from craton.model.errors import CancelledError, InvalidError, JobError
from craton.model.record import Record
from craton.process.apps import find_app, pack_text, text_of
from craton.process.processes import find_process


def input_names(process: str) -> set[str]:
    """Names that are datasets, of a process or an application."""
    if is_app(process):
        return set(find_app(process).needs)
    return {p.name for p in find_process(process).inputs}


def request_of(process: str, given: Mapping[str, Any], limits: JobLimits) -> Request:
    """Request for `process` with inputs and parameters as they come from a call."""
    names = input_names(process)
    return Request(
        process=process,
        inputs={k: _reference(v) for k, v in given.items() if k in names},
        parameters={k: v for k, v in given.items() if k not in names},
        limits=limits,
    )


def _reference(value: object) -> str | list[str]:
    if isinstance(value, list | tuple):
        return [str(_reference(one)) for one in value]
    record = getattr(value, "record", value)
    return f"{record.id}@{record.version}" if isinstance(record, Record) else str(record)


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Names and values of texts such as `height=5km`."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise InvalidError(f"{option} takes NAME=VALUE, not {text!r}")
        if name.strip() in found:
            raise InvalidError(f"{option} gives {name.strip()} twice")
        found[name.strip()] = value.strip()
    return found


def settings(texts: Sequence[str], option: str) -> dict[str, str]:
    """As `pairs`; a value `@PATH` is what the file holds, or the pack in a folder."""
    return {name: _content(value) for name, value in pairs(texts, option).items()}


def _content(value: str) -> str:
    if not value.startswith("@"):
        return value
    path = Path(value[1:])
    text = pack_text(path) if path.is_dir() else text_of(path)
    if not text:
        raise InvalidError(f"there is nothing in {path}", hint="give a file, or a folder with a pack.toml")
    return text


def lists(texts: Sequence[str], option: str) -> dict[str, list[str]]:
    """As `pairs`, a name given several times having several values."""
    found: dict[str, list[str]] = {}
    for text in texts:
        ((name, value),) = pairs([text], option).items()
        found.setdefault(name, []).append(value)
    return found


def results_of(job: Job) -> dict[str, str]:
    """Dataset ids of a job that ended well; what went wrong otherwise.

    Raises
    ------
    JobError, CancelledError
        If it failed or was dismissed.
    """
    if job.state == "dismissed":
        raise CancelledError(f"job {job.id} was dismissed")
    if job.fault is not None:
        raise JobError(job.fault.message, hint=job.fault.hint)
    return job.results
