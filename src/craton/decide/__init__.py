"""Indicators, evaluation models, allocation, scenarios and their uncertainty.

May import `kernels`, `model`, `process`. Never: files, storage, jobs, web.
A module is imported when one of its processes is asked for: `PROCESSES` says where each lives.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

PROCESSES: dict[str, tuple[str, ...]] = {}
"""Identifiers of the processes in each module."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> ModuleType:
        """Import a module when it is asked for, so that one process does not wait for all."""
        if name not in PROCESSES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    """Names of the modules beside what is here."""
    return sorted({*globals(), *PROCESSES})
