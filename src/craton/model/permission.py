"""Who may do what: one pure function, asked wherever data is opened, changed or run."""

from __future__ import annotations

from typing import Literal

import msgspec

from craton.model.record import Record

Action = Literal["see", "read", "process", "change"]
Role = Literal["manager", "geologist", "partner", "public"]

VISIBLE: dict[str, frozenset[str]] = {
    "public": frozenset({"manager", "geologist", "partner", "public"}),
    "partners": frozenset({"manager", "geologist", "partner"}),
    "private": frozenset({"manager", "geologist"}),
}
"""Roles that see a record, by its visibility."""

CHANGERS = frozenset({"manager"})
"""Roles that change or delete a record."""

ROLES: tuple[Role, ...] = ("public", "partner", "geologist", "manager")
"""All roles, each of which may do what those before it may."""


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who asks: a name that is kept in provenance, and a role.

    `visitor` tells those who come without a name apart; it stands for a secret that only they know.
    """

    name: str
    role: Role = "public"
    visitor: str = ""


OWNER = Actor("owner", "manager")
"""Whoever works in the node's own folder."""

ANYONE = Actor("anyone", "public")
"""Whoever comes without a name."""

RESERVED = frozenset({OWNER.name, ANYONE.name, "agent"})
"""Names that no person may have; `agent` is the one that language models ask under."""


def allowed(actor: Actor, action: Action, record: Record) -> bool:
    """Whether `actor` may do `action` to `record`; what is not known is not allowed."""
    if action == "change":
        return actor.role in CHANGERS
    return action in {"see", "read", "process"} and actor.role in VISIBLE.get(record.visibility, frozenset())


def visible_to(actor: Actor) -> tuple[str, ...]:
    """Visibilities that `actor` may see, for a search."""
    return tuple(name for name, roles in VISIBLE.items() if actor.role in roles)


def lesser(one: Role, other: Role) -> Role:
    """The role of the two that may do less."""
    return min(one, other, key=ROLES.index)


def owns(actor: Actor, asker: Actor) -> bool:
    """Whether `actor` may dispose of what `asker` asked for: it was the same person, or a manager is here.

    Those without a name are the same only where both showed the same secret.
    """
    if actor.role in CHANGERS:
        return True
    if actor.name != ANYONE.name:
        return actor.name == asker.name
    return asker.name == ANYONE.name and bool(actor.visitor) and actor.visitor == asker.visitor


def strictest(records: list[Record]) -> Literal["public", "partners", "private"]:
    """Visibility of what is made from `records`: that of the one that fewest may see."""
    order: tuple[Literal["public", "partners", "private"], ...] = ("private", "partners", "public")
    return next((v for v in order if any(r.visibility == v for r in records)), "public")
