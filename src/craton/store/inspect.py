"""Whether catalogue, objects and staging agree: the store's own examination."""

from __future__ import annotations

from collections.abc import Iterator

from craton.model.errors import NotFoundError
from craton.store.catalogue import Catalogue, Problem
from craton.store.objects import Objects
from craton.store.staging import Staging


def inspect(catalogue: Catalogue, objects: Objects, staging: Staging | None, deep: bool) -> list[Problem]:
    """What is wrong; writers may be at work meanwhile. Without `staging`, nothing is looked for there."""
    problems = catalogue.check(deep)
    if any(problem.code == "database" for problem in problems):
        return problems
    problems += _needed_problems(catalogue, objects, deep)
    problems += _orphans(catalogue, objects)
    if staging:
        problems += _leftovers(catalogue, staging)
    return problems


def _needed_problems(catalogue: Catalogue, objects: Objects, deep: bool) -> Iterator[Problem]:
    """Objects that records need, each looked at once."""
    seen = ""
    for sha256, size, id in catalogue.needed():
        if sha256 == seen:
            continue
        seen = sha256
        code, message = _object_problem(objects, sha256, size, deep)
        # The record may have been deleted since we asked.
        if code and (code != "object-missing" or catalogue.is_guarded(sha256)):
            yield Problem(code, message, id)


def _object_problem(objects: Objects, sha256: str, size: int, deep: bool) -> tuple[str, str]:
    try:
        found = objects.size(sha256)
        if found != size:
            return "object-size", f"object {sha256} has {found} bytes, not {size}"
        if deep and not objects.verify(sha256):
            return "object-hash", f"object {sha256} has other bytes than were stored"
    except NotFoundError:
        return "object-missing", f"object {sha256} is not there"
    return "", ""


def _orphans(catalogue: Catalogue, objects: Objects) -> Iterator[Problem]:
    for sha256, size in objects.list():
        # Guarded is asked last to first: an object comes after its guard, and goes before it.
        if not catalogue.is_guarded(sha256) and objects.exists(sha256) and not catalogue.is_guarded(sha256):
            yield Problem("object-orphan", f"an object of {size} bytes belongs to no record", sha256)


def _leftovers(catalogue: Catalogue, staging: Staging) -> Iterator[Problem]:
    """What writers that are gone left behind, and `recover` would clear."""
    pending = catalogue.transactions()
    for id in staging.ids():
        with staging.dead(id) as is_dead:
            if is_dead and staging.exists(id):
                yield Problem("staging-leftover", "a writer that is gone left its folder", id)
    for id in sorted(pending):
        if staging.owns(id) and not staging.exists(id) and id in catalogue.transactions():
            yield Problem("pending-orphan", "a writer that is gone left its notes", id)
