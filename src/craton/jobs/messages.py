"""What the node and its reading process say to each other; imports nothing heavy."""

from __future__ import annotations

import msgspec

from craton.jobs.sandbox import Limits
from craton.model.record import Record, SourceFile

DISK_FULL = "disk-full"
"""Result code that is the node's trouble, not the file's: the add stops."""


class Group(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Files that make one source.

    `main` and `files` are absolute; `shown` is the name a person gave the main
    file; `root` is the folder relative to which companions keep their places.
    A group with `refused` is not read.
    """

    main: str
    shown: str
    root: str
    files: tuple[str, ...]
    shown_files: tuple[str, ...]
    reader: str = ""
    reader_version: int = 0
    licences: tuple[str, ...] = ()
    refused: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a child has to do.

    `files` are staged below `folder/source`, the main one first; `key` is the
    source's identity in the node; `licence` comes from the folder's licence file.
    """

    key: str
    shown: str
    reader: str
    folder: str
    main: str
    files: tuple[str, ...]
    sources: tuple[SourceFile, ...]
    crs: str = ""
    licence: str = ""
    folder_licences: tuple[str, ...] = ()
    owner: str = ""
    language: str = "und"
    usual_licence: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a child gives back: records, staged files by hash, texts to search by record; or a refusal."""

    records: tuple[Record, ...] = ()
    staged: dict[str, str] = {}
    texts: dict[str, str] = {}
    code: str = ""
    message: str = ""
    hint: str = ""


class PlanRequest(msgspec.Struct, frozen=True, tag="plan"):
    """Ask which files of the paths `given` belong together; `folder` takes the answer."""

    given: list[str]
    skip: list[str]
    folder: str
    limits: Limits


class ReadRequest(msgspec.Struct, frozen=True, tag="read"):
    """Ask for one source to be read in a limited child."""

    number: int
    task: Task
    limits: Limits


class PlanReply(msgspec.Struct, frozen=True, tag="planned"):
    """The plan, or why there is none."""

    groups: list[Group]
    failure: str = ""


class ReadReply(msgspec.Struct, frozen=True, tag="done"):
    """The outcome of the read of the same number."""

    number: int
    result: Result


Request = PlanRequest | ReadRequest
Reply = PlanReply | ReadReply
