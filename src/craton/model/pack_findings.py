"""Faults of packs as they are collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from craton.model.errors import CratonError


class PackFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of a pack: its place, such as `criteria.soil.weights`, why, and what to do."""

    place: str
    reason: str
    hint: str = ""


class Faults:
    """Faults found so far, in the order they were found."""

    def __init__(self) -> None:
        self.found: list[PackFinding] = []

    def add(self, place: str, reason: str, hint: str = "") -> None:
        """Note a fault."""
        self.found.append(PackFinding(place=place, reason=reason, hint=hint))

    def unless(self, held: bool, place: str, reason: str, hint: str = "") -> None:
        """Note a fault where something does not hold that must."""
        if not held:
            self.add(place, reason, hint)

    def unknown(self, place: str, names: Iterable[str], known: Iterable[str], what: str) -> None:
        """Note each of `names` that is not among `known`."""
        among = set(known)
        for name in dict.fromkeys(names):
            if name not in among:
                told = ", ".join(sorted(among)[:12]) or "none"
                self.add(place, f"{name!r} is no {what}", f"there are: {told}")

    @contextmanager
    def noting(self, place: str) -> Iterator[None]:
        """Note what is refused within the block."""
        try:
            yield
        except CratonError as error:
            self.add(place, error.message, error.hint)
