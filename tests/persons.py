"""People of a node and their tokens, for tests of what only some may do."""

from __future__ import annotations

import httpx

from craton.web.identity_file import FILE_NAME
from craton.web.identity_people import People

ROLES = {"boss": "manager", "gea": "geologist", "geo": "geologist", "ally": "partner"}


def add_people(folder):
    """Tokens of a manager, two geologists and a partner of the node in `folder`, by name."""
    people = People(folder / FILE_NAME)
    try:
        for name, role in ROLES.items():
            people.add(name, role=role)
        return {name: people.new_token(name, name="test")[1] for name in ROLES}
    finally:
        people.close()


def clients(served, tokens):
    """A client for each person of a server, by name."""
    return {
        name: httpx.Client(base_url=served.address, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        for name, token in tokens.items()
    }
