"""People of a node: their names, roles and passwords, their tokens, their browsers' sessions."""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.moments import now, timestamp
from craton.model.permission import RESERVED, ROLES, Actor, Role, lesser
from craton.web.identity_file import IdentityFile, Row
from craton.web.identity_secrets import (
    Passwords,
    check_password,
    digest,
    hash_password,
    new_session,
    new_token,
)

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
MOST_TITLE = 120

IDLE_SECONDS = 12 * 3600.0
LASTING_SECONDS = 7 * 24 * 3600.0
NOTED_SECONDS = 60.0
"""How often it is noted that a token or a session is in use."""

MOST_DAYS = 3660
UNSEEN_DAYS = 30
"""Days that tokens of someone whom an identity provider named last after they signed in there."""

MOST_TOKENS = 100
"""Tokens of one person."""

How = Literal["none", "session", "token", "password", "provider"]
"""By what someone is known."""

_USER = "SELECT name, title, role, issuer, disabled, created, seen, password FROM users"
_NEW_USER = "INSERT INTO users (name, title, role, password, created, issuer) VALUES (?, ?, ?, ?, ?, '')"
_ADMITTED = """
INSERT INTO users (name, title, role, password, issuer, created, seen) VALUES (?, ?, ?, '', ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, role = excluded.role, seen = excluded.seen
WHERE issuer = excluded.issuer
"""
_FIELDS = "id, user, name, role, created, expires"
_NEW_TOKEN = f"INSERT INTO tokens ({_FIELDS}, secret) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - words of ours
_TOKEN = f"SELECT {_FIELDS}, used FROM tokens"  # noqa: S608 - words of ours


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person; `issuer` is the identity provider that knows them, empty for the node itself."""

    name: str
    title: str = ""
    role: Role = "public"
    issuer: str = ""
    disabled: bool = False
    created: str = ""
    seen: str = ""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a program of a person shows in their place."""

    id: str
    user: str
    name: str
    role: Role
    created: str
    expires: str
    used: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and by what they are known; `secret` is the session's."""

    actor: Actor
    how: How = "none"
    title: str = ""
    secret: str = ""


class People:
    """All people that a node knows; may be used from several threads and by several processes.

    Parameters
    ----------
    path : Path
        The node's file of people.
    idle_seconds, lasting_seconds : float
        How long a session lasts without being used, and at most.
    """

    def __init__(
        self, path: Path, *, idle_seconds: float = IDLE_SECONDS, lasting_seconds: float = LASTING_SECONDS
    ) -> None:
        self._file = IdentityFile(path)
        self._passwords = Passwords()
        self._idle, self._lasting = idle_seconds, lasting_seconds

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def users(self) -> list[User]:
        """All people, by name."""
        return [_user(row) for row in self._file.read(f"{_USER} ORDER BY name")]

    def user(self, name: str) -> User:
        """Person `name`; `NotFoundError` where there is none."""
        rows = self._file.read(f"{_USER} WHERE name = ?", (name,))
        if not rows:
            raise NotFoundError(f"there is no user {name[:80]!r}", hint="list them with: craton user ls NODE")
        return _user(rows[0])

    def add(self, name: str, *, role: Role, title: str = "", password: str = "") -> User:
        """Add a person; without a password they have tokens only."""
        check_name(name)
        check_role(role)
        if password:
            check_password(password)
        hashed = hash_password(password) if password else ""
        row = (name, _titled(title), role, hashed, now())
        try:
            with self._file.write() as connection:
                connection.execute(_NEW_USER, row)
        except sqlite3.IntegrityError:
            raise ConflictError(f"there is a user {name!r} already", hint="craton user set") from None
        return self.user(name)

    def change(
        self,
        name: str,
        *,
        role: Role | None = None,
        title: str | None = None,
        password: str | None = None,
        disabled: bool | None = None,
    ) -> User:
        """Change what is stated; a new password, or being disabled, ends the person's sessions."""
        known = self.user(name)
        if role is not None:
            check_role(role)
        if password is not None:
            if known.issuer:
                raise InvalidError(f"the password of {name} is kept by {known.issuer}")
            check_password(password)
        fields = {
            "role": role, "title": None if title is None else _titled(title),
            "password": None if password is None else hash_password(password),
            "disabled": None if disabled is None else int(disabled),
        }  # fmt: skip
        stated = {key: value for key, value in fields.items() if value is not None}
        with self._file.write() as connection:
            for key, value in stated.items():
                connection.execute(f"UPDATE users SET {key} = ? WHERE name = ?", (value, name))  # noqa: S608 - words of ours
            if password is not None or disabled:
                connection.execute("DELETE FROM sessions WHERE user = ?", (name,))
        return self.user(name)

    def remove(self, name: str) -> None:
        """Forget a person with their tokens and sessions; what they did stays in the audit log."""
        self.user(name)
        with self._file.write() as connection:
            connection.execute("DELETE FROM users WHERE name = ?", (name,))

    def admit(self, name: str, *, title: str, role: Role, issuer: str) -> User:
        """Person whom an identity provider just named; `NotFoundError` where they are disabled here."""
        with self._file.write() as connection:
            connection.execute(_ADMITTED, (name, _titled(title), role, issuer, now(), now()))
        known = self.user(name)
        if known.issuer != issuer or known.disabled:
            raise NotFoundError(f"{name} is not let in here")
        return known

    def is_shut_out(self, name: str, issuer: str) -> bool:
        """Whether `name` is disabled, or was named by another identity provider than `issuer`."""
        rows = self._file.read("SELECT disabled, issuer FROM users WHERE name = ?", (name,))
        return bool(rows) and (bool(rows[0][0]) or rows[0][1] != issuer)

    def is_known_password(self, name: str, password: str) -> bool:
        """Whether the password was found right a short time ago, and is still the person's."""
        hashed = self._hashed(name)
        return bool(hashed) and self._passwords.is_known(hashed, password)

    def by_password(self, name: str, password: str) -> Known | None:
        """Person with that name and password; takes the same time whether or not they exist."""
        if not self._passwords.is_right(self._hashed(name), password):
            return None
        with self._file.write() as connection:
            connection.execute("UPDATE users SET seen = ? WHERE name = ?", (now(), name))
        return self.known_as(name, "password")

    def known_as(self, name: str, how: How) -> Known | None:
        """Person `name`, unless they are disabled."""
        rows = self._file.read(f"{_USER} WHERE name = ? AND disabled = 0", (name,))
        return _known(_user(rows[0]), how) if rows else None

    def _hashed(self, name: str) -> str:
        rows = self._file.read("SELECT password FROM users WHERE name = ? AND disabled = 0", (name,))
        return str(rows[0][0]) if rows else ""

    def new_token(
        self, user: str, *, name: str, role: Role | None = None, days: int = 365
    ) -> tuple[Token, str]:
        """A new token of a person, and its secret, which is not kept."""
        owner = self.user(user)
        self._check_new_token(owner, role, days)
        secret = new_token()
        token = Token(
            id=secrets.token_hex(6), user=user, name=_titled(name), role=role or owner.role, created=now(),
            expires=timestamp((datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)),
        )  # fmt: skip
        row = (token.id, user, token.name, token.role, token.created, token.expires, digest(secret))
        with self._file.write() as connection:
            connection.execute(_NEW_TOKEN, row)
        return token, secret

    def _check_new_token(self, owner: User, role: Role | None, days: int) -> None:
        if owner.disabled:
            raise InvalidError(f"{owner.name} is disabled")
        if role is not None:
            check_role(role)
            if lesser(role, owner.role) != role:
                raise InvalidError(f"a token of {owner.name} may be at most {owner.role}, not {role}")
        if not 1 <= days <= MOST_DAYS:
            raise InvalidError(f"days must be 1 to {MOST_DAYS}, not {days}")
        if len(self.tokens(owner.name)) >= MOST_TOKENS:
            raise ConflictError(f"{owner.name} has {MOST_TOKENS} tokens already", hint="revoke one first")

    def tokens(self, user: str = "") -> list[Token]:
        """Tokens of a person, or of all; the newest first."""
        where, values = ("WHERE user = ?", (user,)) if user else ("", ())
        return [_token(row) for row in self._file.read(f"{_TOKEN} {where} ORDER BY created DESC", values)]

    def revoke(self, id: str, user: str = "") -> Token:
        """Take back token `id`, of that person if one is named."""
        rows = self._file.read(f"{_TOKEN} WHERE id = ?", (id,))
        if not rows or (user and rows[0][1] != user):
            raise NotFoundError(f"there is no token {id[:40]!r}")
        with self._file.write() as connection:
            connection.execute("DELETE FROM tokens WHERE id = ?", (id,))
        return _token(rows[0])

    def by_token(self, secret: str) -> Known | None:
        """Person whose token `secret` is, with the lesser of its role and theirs.

        Whoever an identity provider named must have signed in there within `UNSEEN_DAYS`:
        the node does not learn when they leave.
        """
        rows = self._file.read(f"{_TOKEN} WHERE secret = ?", (digest(secret),))
        token = _token(rows[0]) if rows else None
        if token is None or token.expires <= now() or self._is_long_unseen(token.user):
            return None
        known = self.known_as(token.user, "token")
        if known is None:
            return None
        if not token.used or _age(token.used) > NOTED_SECONDS:
            with self._file.write() as connection:
                connection.execute("UPDATE tokens SET used = ? WHERE id = ?", (now(), token.id))
        role = lesser(known.actor.role, token.role)
        return msgspec.structs.replace(known, actor=Actor(token.user, role))

    def _is_long_unseen(self, name: str) -> bool:
        rows = self._file.read("SELECT seen FROM users WHERE name = ? AND issuer <> ''", (name,))
        return bool(rows) and (not rows[0][0] or _age(rows[0][0]) > UNSEEN_DAYS * 86400)

    def begin_session(self, user: str) -> str:
        """Secret of a new session of a person; those that are over are forgotten."""
        secret, time_ = new_session(), time.time()
        with self._file.write() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE used < ? OR begun < ?",
                (time_ - self._idle, time_ - self._lasting),
            )
            connection.execute(
                "INSERT INTO sessions (secret, user, begun, used) VALUES (?, ?, ?, ?)",
                (digest(secret), user, time_, time_),
            )
        return secret

    def by_session(self, secret: str) -> Known | None:
        """Person whose session `secret` is; each use makes it last longer, up to its end."""
        rows = self._file.read("SELECT user, begun, used FROM sessions WHERE secret = ?", (digest(secret),))
        if not rows:
            return None
        user, begun, used = rows[0]
        time_ = time.time()
        if time_ - used > self._idle or time_ - begun > self._lasting:
            return None
        known = self.known_as(user, "session")
        if known is not None and time_ - used > NOTED_SECONDS:
            with self._file.write() as connection:
                connection.execute("UPDATE sessions SET used = ? WHERE secret = ?", (time_, digest(secret)))
        return None if known is None else msgspec.structs.replace(known, secret=secret)

    def end_session(self, secret: str) -> None:
        """End a session."""
        with self._file.write() as connection:
            connection.execute("DELETE FROM sessions WHERE secret = ?", (digest(secret),))


def check_name(name: str) -> None:
    """Refuse a name that would not be read the same everywhere, or is taken by the node itself."""
    if not NAME.fullmatch(name):
        raise InvalidError(
            f"a name has 1 to 63 small letters, digits and . _ -, not {name[:80]!r}",
            hint="the full name goes into the title",
        )
    if name in RESERVED:
        raise InvalidError(f"the name {name!r} is the node's own")


def check_role(role: str) -> None:
    """Refuse what is no role."""
    if role not in ROLES:
        raise InvalidError(f"role must be one of {', '.join(ROLES)}, not {role[:40]!r}")


def _titled(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()[:MOST_TITLE]


def _user(row: Row) -> User:
    name, title, role, issuer, disabled, created, seen, _password = row
    return User(
        name=name, title=title, role=role, issuer=issuer, disabled=bool(disabled), created=created, seen=seen
    )


def _token(row: Row) -> Token:
    id, user, name, role, created, expires, used = row
    return Token(id=id, user=user, name=name, role=role, created=created, expires=expires, used=used)


def _known(user: User, how: How) -> Known:
    return Known(actor=Actor(user.name, user.role), how=how, title=user.title)


def _age(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
