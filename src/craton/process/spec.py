"""The Spec: what a process declares; `craton.process.signature` reads it from the function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from craton.process.marks import Bounds, ColumnOf, Data, ReferenceSystem

REQUIRED: Any = inspect.Parameter.empty
"""Default of a parameter that has none."""

VALUES = (bool, int, float, str)
"""Types a plain value may have, alone or in a tuple."""

RESULT = "result"
"""Name of the only output of a process that has one."""


@dataclass(frozen=True)
class Param:
    """One parameter, or one output.

    Parameters
    ----------
    name, doc : str
        Name in the signature, and its words in the docstring.
    base : type
        Type of the value, of each part of a tuple, or of the labelled data.
    data : Data or None
        The mark of labelled data; `None` for a plain value.
    choices : tuple
        Legal values of a `Literal`.
    many : bool
        Whether it is a tuple; `length` is then the number of its parts, 0 for any.
    optional : bool
        Whether `None` may be given.
    label : str
        Name in words, where it is not that of the signature.
    """

    name: str
    doc: str
    base: type
    data: Data | None = None
    unit: str = ""
    bounds: Bounds | None = None
    choices: tuple[Any, ...] = ()
    column_of: ColumnOf | None = None
    system: ReferenceSystem | None = None
    many: bool = False
    length: int = 0
    optional: bool = False
    default: Any = REQUIRED
    label: str = ""

    @property
    def words(self) -> str:
        """Name in words."""
        return self.label or self.name.replace("_", " ")

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is REQUIRED


@dataclass(frozen=True)
class Spec:
    """Everything that is declared of a process.

    `halo` is the number of cells around a block that its result depends on: 0
    for cell by cell, `None` where the whole grid is needed. `several` says
    that the outputs are the fields of a named tuple.
    """

    id: str
    version: str
    title: str
    description: str
    notes: str
    references: tuple[str, ...]
    params: tuple[Param, ...]
    outputs: tuple[Param, ...]
    function: Callable[..., Any]
    several: bool = False
    halo: int | None = None
    keywords: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """First word of the identifier."""
        return self.id.partition(".")[0]

    @property
    def inputs(self) -> tuple[Param, ...]:
        """Parameters that are labelled data."""
        return tuple(p for p in self.params if p.data is not None)

    @property
    def values(self) -> tuple[Param, ...]:
        """Parameters that are plain values."""
        return tuple(p for p in self.params if p.data is None)

    def param(self, name: str) -> Param | None:
        """Parameter called `name`."""
        return next((p for p in self.params if p.name == name), None)
