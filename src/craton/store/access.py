"""Opening a record for someone: what they may not see does not exist for them."""

from __future__ import annotations

from craton.model.errors import NotFoundError
from craton.model.permission import Action, Actor, allowed
from craton.model.record import Record
from craton.store.store import Store

MOST_DIGITS = 9
"""Digits of a version number; more cannot be one."""


def permitted(store: Store, actor: Actor, action: Action, name: str, *, hint: str = "") -> Record:
    """Record that `ID` or `ID@VERSION` names.

    An older version is open only to whom the current one is open too.

    Raises
    ------
    NotFoundError
        If there is none, or `actor` may not do `action` to it; the words are the same.
    """
    id, at, version = name.partition("@")
    absent = NotFoundError(f"there is no dataset {name!r}", hint=hint)
    if at and not (version.isascii() and version.isdecimal() and len(version) <= MOST_DIGITS):
        raise absent
    try:
        record = current = store.get(id)
        if at:
            record = store.get(id, int(version))
    except NotFoundError:
        raise absent from None
    if not (allowed(actor, action, record) and allowed(actor, action, current)):
        raise absent
    return record
