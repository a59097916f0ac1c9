"""What a tool of the agent's server is: what is asked, what is answered, the session it works in."""

from __future__ import annotations

import datetime as dt
import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from craton.jobs.job import JobLimits
from craton.jobs.manager import Manager
from craton.jobs.queue import JobQueue
from craton.model.errors import InvalidError, NotFoundError
from craton.model.permission import Action, Actor, allowed
from craton.model.record import Member, Record
from craton.process.values import shown
from craton.store.store import Store

Json = dict[str, Any]
"""A JSON object."""

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_PART = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True)
class Session:
    """One agent at one node.

    Parameters
    ----------
    store : Store
        Its datasets.
    queue : callable
        Gives its jobs; called when they are needed, for it makes a folder.
    actor : Actor
        Who asks; sees what that role may see.
    manager : Manager or None
        Runs the jobs; `None` where the agent may run nothing.
    title, version : str
        Name of the node, and version of the program.
    limits : JobLimits
        What a job may use.
    waiting : int
        Jobs that may wait.
    """

    store: Store
    queue: Callable[[], JobQueue]
    actor: Actor
    manager: Manager | None = None
    title: str = ""
    version: str = ""
    limits: JobLimits = field(default_factory=JobLimits)
    waiting: int = 1000

    def record(self, name: str, action: Action = "see") -> Record:
        """Record of `ID` or `ID@VERSION`; what the actor may not see does not exist."""
        id, at, version = name.partition("@")
        absent = NotFoundError(
            f"there is no dataset {name!r}",
            hint="find identifiers with search_datasets; ID@1 names a version",
        )
        if at and not version.isdecimal():
            raise absent
        try:
            record = self.store.get(id, int(version) if at else None)
        except NotFoundError:
            raise absent from None
        if not allowed(self.actor, action, record):
            raise absent
        return record

    def locate(self, member: Member) -> Path:
        """Local file of a stored object."""
        path = self.store.objects.path(member.sha256)
        if path is None:
            raise NotFoundError(
                f"{member.name} is not on this node", hint="the record tells where the data lies"
            )
        return path


@dataclass(frozen=True)
class Tool:
    """One tool; its words are the docstring of `act`.

    Parameters
    ----------
    act : callable
        Takes the session and what is asked; gives the answer, or a `Job` that is then waited for.
    writes : bool
        Whether it changes the node, and so is there only for an agent that may run processes.
    """

    name: str
    title: str
    asked: type[msgspec.Struct]
    answer: type[msgspec.Struct]
    act: Callable[[Session, Any], msgspec.Struct]
    writes: bool = False

    @property
    def description(self) -> str:
        """What it does, in words."""
        return inspect.getdoc(self.act) or self.title


def schema_of(kind: type[msgspec.Struct]) -> Json:
    """JSON Schema (2020-12) of `kind`, an object at the root as the protocol wants it."""
    schema = msgspec.json.schema(kind)
    parts: Json = schema["$defs"]
    root: Json = parts.pop(kind.__name__)
    root.pop("title", None)
    return {**root, "$defs": parts} if parts else root


def read_asked(tool: Tool, arguments: Json) -> msgspec.Struct:
    """`arguments` of a call as the tool takes them; null means not given.

    Raises
    ------
    InvalidError
        Naming the argument, what it may be, and what came.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return msgspec.convert(given, tool.asked, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(tool, given, str(error)) from error


def _refusal(tool: Tool, given: Json, message: str) -> InvalidError:
    names = ", ".join(tool.asked.__struct_fields__) or "it has none"
    found = _PLACE.search(message)
    if found is None or not found["place"]:
        reason = message[:1].lower() + message[1:]
        return InvalidError(f"{tool.name}: {reason}", hint=f"its arguments are: {names}")
    came: Any = given
    for part in _PART.findall(found["place"]):
        if isinstance(came, dict) and part in came:
            came = came[part]
        elif isinstance(came, list) and part.isdecimal() and int(part) < len(came):
            came = came[int(part)]
    reason = message[: found.start()]
    return InvalidError(
        f"{tool.name}: `{found['place']}`: {reason[:1].lower() + reason[1:]}; it came as {shown(came)}",
        hint=f"its arguments are: {names}",
    )


def plain(value: Any) -> Any:
    """`value` as JSON can carry it: a number that is none becomes null, a time text, odd bytes visible."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict):
        return {plain(str(key)): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    return plain(_simple(value))


def _simple(value: Any) -> Any:
    """A value of a library's own type as one of Python's."""
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value, enc_hook=_simple)
    if isinstance(value, np.datetime64 | np.timedelta64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
