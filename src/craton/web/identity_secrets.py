"""Secrets: passwords hashed slowly, a few at a time; tokens and sessions, which are random, hashed fast."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import threading
import time
import unicodedata
from collections import OrderedDict
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from craton.model.errors import InvalidError

LEAST_LENGTH, MOST_LENGTH = 10, 256
"""Characters of a password."""

AT_A_TIME = 2
"""Passwords worked on at a time: each takes some 64 MiB for the time."""

KNOWN_SECONDS = 300.0
"""How long a password that was right need not be worked out again: programs send it with every request."""

MOST_KNOWN = 1000

TOKEN_START = "ct_"  # noqa: S105 - the start of every token, so that a leaked one is recognised
TOKEN_BYTES = 32
DIGITS = string.digits + string.ascii_letters

_hasher = PasswordHasher()
_slots = threading.BoundedSemaphore(AT_A_TIME)


def normal(password: str) -> str:
    """`password` in one form, however the keyboard composed its characters."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str) -> None:
    """Refuse a password that is too short to withstand guessing."""
    if not LEAST_LENGTH <= len(normal(password)) <= MOST_LENGTH:
        raise InvalidError(f"a password must have {LEAST_LENGTH} to {MOST_LENGTH} characters")


def hash_password(password: str) -> str:
    """Argon2id hash of `password`, with its salt and cost."""
    with _slots:
        return _hasher.hash(normal(password))


@cache
def nobodys_hash() -> str:
    """Hash of a password that nobody has, for people who do not exist."""
    return _hasher.hash(secrets.token_hex(16))


class Passwords:
    """Tells whether passwords are right, at the same cost whether or not the person exists."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def is_known(self, hashed: str, password: str) -> bool:
        """Whether `password` was found right for `hashed` a short time ago."""
        with self._lock:
            return self._known.get(self._mark(hashed, password), 0.0) > time.monotonic()

    def is_right(self, hashed: str, password: str) -> bool:
        """Whether `password` is the one of `hashed`; an empty hash has none."""
        try:
            with _slots:
                right = _hasher.verify(hashed or nobodys_hash(), normal(password)) and bool(hashed)
        except (Argon2Error, InvalidHashError):
            return False
        if right:
            self._keep(self._mark(hashed, password))
        return right

    def _mark(self, hashed: str, password: str) -> bytes:
        text = f"{hashed}\0{normal(password)}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, "sha256")

    def _keep(self, mark: bytes) -> None:
        with self._lock:
            self._known[mark] = time.monotonic() + KNOWN_SECONDS
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)


def new_token() -> str:
    """A token: 32 random bytes in letters and digits, behind a start that tells what it is."""
    number = int.from_bytes(secrets.token_bytes(TOKEN_BYTES))
    digits = []
    for _ in range(43):
        number, rest = divmod(number, len(DIGITS))
        digits.append(DIGITS[rest])
    return TOKEN_START + "".join(digits)


def new_session() -> str:
    """A random identifier of a session or of a visitor."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of a random secret, and looked for."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def csrf_token(session: str) -> str:
    """What a page of this node's own shows with each change; whoever does not know the session cannot."""
    return hmac.new(session.encode(), b"X-CSRF-Token", "sha256").hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
