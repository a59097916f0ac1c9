"""OpenID Connect: signing in at an identity provider, whose word on who someone is is checked here.

Authorization code flow with PKCE (RFC 7636), after OpenID Connect Core 1.0 and
Discovery 1.0.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from craton.model.errors import CratonError, InvalidError, SettingError
from craton.model.permission import ROLES, Role

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that are taken: none with a shared secret, and never none at all."""

SKEW_SECONDS = 60
"""How far the provider's clock may be off."""

TIMEOUT_SECONDS, CONNECT_SECONDS = 10.0, 5.0
MOST_BYTES = 1 << 20
KEPT_SECONDS = 3600.0
"""How long what the provider tells of itself is taken without asking again."""

LONGEST_SECONDS = 24 * 3600.0
"""How long it is taken while the provider does not answer."""

AGAIN_SECONDS = 30.0
"""Least time between two questions for it, answered or not; tokens with unknown keys can come from anyone."""

PREFIX = "oidc:"
"""Start of the names of people that a provider knows: no person of the node's own has such a name."""

MOST_NAME = 120
JWT_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)

Claims = dict[str, Any]


@dataclass(frozen=True)
class ProviderOptions:
    """Which provider is believed, and how its words become roles.

    Parameters
    ----------
    issuer, client_id, client_secret : str
        The provider's address, and what it knows this node by; no issuer, no provider.
    scopes : str
        What is asked for.
    name_claim, role_claim : str
        Claims that hold the name and the role or groups; `realm_access.roles` is one within another.
    roles : mapping
        From values of the role claim to roles of the node; the one that may do most counts.
    default_role : str
        Role of those without any; empty turns them away.
    audience : str
        Audience of bearer tokens of the provider that programs may show; empty takes none.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    scopes: str = "openid profile email"
    name_claim: str = "sub"
    role_claim: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)
    default_role: str = "public"
    audience: str = ""


class ProviderError(CratonError):
    """The provider does not say who someone is, or cannot be asked."""

    kind = "provider"

    def __init__(self, message: str, *, hint: str = "", is_unreachable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_unreachable = is_unreachable


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser keeps between leaving for the provider and coming back."""

    state: str
    nonce: str
    verifier: str
    next: str = "/"


@dataclass(frozen=True)
class Person:
    """Someone as the provider knows them."""

    name: str
    title: str
    role: Role


class Told[T]:
    """Something that the provider tells of itself; asked for by one at a time, and not often.

    Parameters
    ----------
    ask : callable
        Asks the provider.
    clock : callable
        Tells the time in seconds.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._error = _unreachable("it was asked a moment ago")
        self._told = self._tried = -LONGEST_SECONDS

    async def get(self) -> T:
        """What was told last; while the provider does not answer, that of some time ago."""
        value = self._value
        if value is None or self._clock() - self._told > KEPT_SECONDS:
            value = await self.newer(value)
        if value is None or self._clock() - self._told > LONGEST_SECONDS:
            raise self._error.with_traceback(None)
        return value

    async def newer(self, old: T | None) -> T | None:
        """What is told now in the place of `old`; `old` itself where it is too soon to ask, or in vain."""
        async with self._lock:
            if self._value is old and self._clock() - self._tried >= AGAIN_SECONDS:
                self._tried = self._clock()
                try:
                    self._value = await self._ask()
                    self._told = self._clock()
                except ProviderError as error:
                    self._error = error
                    self._tried = self._clock()  # the next who waits does not wait as long again
        return self._value


class Provider:
    """An identity provider; asked over the network, each time with a limit of time and size."""

    def __init__(self, options: ProviderOptions) -> None:
        check_options(options)
        self.options = options
        self._known = Told(self._discover)
        self._keys = Told(self._key_set)

    async def start(self, callback: str, next_: str) -> tuple[Started, str]:
        """What the browser keeps, and the address at the provider that it goes to."""
        known = await self._known.get()
        started = Started(
            state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48), next=next_,
        )  # fmt: skip
        challenge = hashlib.sha256(started.verifier.encode()).digest()
        query = {
            "response_type": "code", "client_id": self.options.client_id, "redirect_uri": callback,
            "scope": self.options.scopes, "state": started.state, "nonce": started.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }  # fmt: skip
        address = str(known["authorization_endpoint"])
        return started, f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def finish(self, started: Started, query: Mapping[str, str], callback: str) -> Person:
        """Person who comes back from the provider; `ProviderError` where anything is not as it must be."""
        if not secrets.compare_digest(query.get("state", "").encode(), started.state.encode()):
            raise _refused("the sign-in was not begun in this browser", hint="begin again at /login")
        if error := query.get("error"):
            raise _refused(f"the identity provider said: {_plain(error)}")
        if query.get("iss", self.options.issuer) != self.options.issuer:
            raise _refused("the answer is of another identity provider")
        tokens = await self._tokens(query.get("code", ""), started, callback)
        claims = await self._claims(tokens.get("id_token"), self.options.client_id)
        if claims.get("nonce") != started.nonce:
            raise _refused("the answer belongs to another sign-in")
        if claims.get("azp", self.options.client_id) != self.options.client_id:
            raise _refused("the answer is for another client")
        return self._person(await self._completed(claims, tokens))

    async def bearer(self, token: str) -> Person:
        """Person whose access token of the provider this is."""
        if not self.options.audience:
            raise _refused("tokens of the identity provider are not taken")
        return self._person(await self._claims(token, self.options.audience))

    async def _tokens(self, code: str, started: Started, callback: str) -> Claims:
        known = await self._known.get()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": callback,
            "client_id": self.options.client_id, "code_verifier": started.verifier,
        }  # fmt: skip
        secret = self.options.client_secret
        basic = (self.options.client_id, secret) if secret else None
        if secret and known.get("token_endpoint_auth_methods_supported") == ["client_secret_post"]:
            form["client_secret"], basic = secret, None
        return await _ask("POST", str(known["token_endpoint"]), data=form, auth=basic)

    async def _completed(self, claims: Claims, tokens: Claims) -> Claims:
        """Claims, with those that the provider tells only when it is asked for them."""
        known, access = await self._known.get(), tokens.get("access_token")
        wanted = [name for name in (self.options.name_claim, self.options.role_claim) if name]
        is_whole = all(_claim(claims, name) is not None for name in wanted)
        if is_whole or not isinstance(access, str) or "userinfo_endpoint" not in known:
            return claims
        more = await _ask(
            "GET", str(known["userinfo_endpoint"]), headers={"Authorization": f"Bearer {access}"}
        )
        if more.get("sub") != claims["sub"]:
            raise _refused("the identity provider speaks of two people")
        return {**more, **claims}

    async def _claims(self, token: object, audience: str) -> Claims:
        """Claims of a token that the provider signed for `audience`, and that is of now."""
        if not isinstance(token, str) or not JWT_SHAPE.fullmatch(token):
            raise _refused("the identity provider gave no token of identity")
        claims = await self._verified(token)
        rules = jwt.JWTClaimsRegistry(
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": self.options.issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True}, exp={"essential": True},
        )  # fmt: skip
        try:
            rules.validate(claims)
        except JoseError as error:
            raise _refused(f"the token cannot be used: {_plain(str(error))}") from error
        return claims

    async def _verified(self, token: str) -> Claims:
        """Claims of a token whose signature holds; keys are asked for again where they may be new."""
        keys = await self._keys.get()
        try:
            return _decoded(token, keys)
        except (JoseError, ValueError) as error:
            newer = await self._keys.newer(keys)
            if newer is None or newer is keys:
                raise _refused("the token's signature does not hold") from error
        try:
            return _decoded(token, newer)
        except (JoseError, ValueError) as error:
            raise _refused("the token's signature does not hold") from error

    async def _key_set(self) -> KeySet:
        told = await _ask("GET", str((await self._known.get())["jwks_uri"]))
        try:
            return KeySet.import_key_set({"keys": _usable(told["keys"])})
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreachable("its keys cannot be read") from error

    async def _discover(self) -> Claims:
        """What the provider tells of itself."""
        told = await _ask("GET", self.options.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if told.get("issuer") != self.options.issuer:
            raise _unreachable("it calls itself otherwise than the settings do")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not _is_safe(str(told.get(name, ""))):
                raise _unreachable(f"its {name} is not a safe address")
        if "userinfo_endpoint" in told and not _is_safe(str(told["userinfo_endpoint"])):
            del told["userinfo_endpoint"]
        return told

    def _person(self, claims: Claims) -> Person:
        name = _claim(claims, self.options.name_claim)
        if not isinstance(name, str) or not name or len(name) > MOST_NAME or not name.isprintable():
            raise _refused(f"the identity provider tells no {self.options.name_claim} that can be a name")
        title = next((str(claims[key]) for key in ("name", "email") if claims.get(key)), name)
        return Person(PREFIX + name, title, self._role(claims))

    def _role(self, claims: Claims) -> Role:
        said = _claim(claims, self.options.role_claim) if self.options.role_claim else None
        values = said if isinstance(said, list) else [said]
        given = [self.options.roles[v] for v in values if isinstance(v, str) and v in self.options.roles]
        fallback = self.options.default_role
        best = max(given, key=ROLES.index, default=None)
        role = best or next((one for one in ROLES if one == fallback), None)
        if role is None:
            raise _refused("the identity provider gives no role that is let in here")
        return role


def check_options(options: ProviderOptions) -> None:
    """Refuse settings that cannot be meant."""
    if not _is_safe(options.issuer):
        raise SettingError(f"oidc.issuer must be an https address, not {options.issuer!r}")
    if not options.client_id:
        raise SettingError("oidc.client_id is missing", hint="the identity provider gives it to this node")
    for role in (*options.roles.values(), options.default_role or "public"):
        if role not in ROLES:
            raise SettingError(f"oidc names the role {role!r}", hint=f"there are: {', '.join(ROLES)}")


def _is_safe(address: str) -> bool:
    """Whether what is said at `address` stays between it and this node: https, or this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        near = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        near = False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and near))


def _decoded(token: str, keys: KeySet) -> Claims:
    return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)


def _usable(keys: list[Claims]) -> list[Claims]:
    """Public keys for signatures; a provider may list others."""
    return [key for key in keys if key.get("kty") in {"RSA", "EC", "OKP"} and key.get("use", "sig") == "sig"]


def _claim(claims: Claims, name: str) -> Any:
    """Claim `name`, or one within others."""
    found: Any = claims
    if name in claims:
        return claims[name]
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


async def _ask(method: str, address: str, **more: Any) -> Claims:
    """JSON object that the provider answers with."""
    import httpx  # by a node that has a provider only: it is a large import

    timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
    try:
        async with (
            httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client,
            client.stream(method, address, **more) as answer,
        ):
            body = bytearray()
            async for block in answer.aiter_bytes():
                body += block
                if len(body) > MOST_BYTES:
                    raise _unreachable("it says too much")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unreachable(type(error).__name__) from error
    if answer.status_code >= 500:
        raise _unreachable(f"it answers {answer.status_code}")
    if answer.status_code != 200:
        raise _refused(f"the identity provider answers {answer.status_code} to {urlsplit(address).path}")
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreachable("it answers no JSON") from error


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:200]


def _refused(message: str, *, hint: str = "") -> ProviderError:
    return ProviderError(message, hint=hint)


def _unreachable(why: str) -> ProviderError:
    message = f"the identity provider cannot be asked: {why}"
    return ProviderError(message, hint="try again later", is_unreachable=True)


def read_started(text: str) -> Started:
    """What a browser kept; `InvalidError` where it is nothing of ours."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=Started)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidError("no sign-in was begun in this browser", hint="begin again at /login") from error


def written_started(started: Started) -> str:
    """`started` as a cookie holds it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(started)).decode()
