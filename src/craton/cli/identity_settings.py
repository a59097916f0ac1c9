"""Settings of who may come how often, who says who people are, and what is noted of them."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import msgspec

from craton.model.errors import SettingError
from craton.model.permission import Role

if TYPE_CHECKING:
    from craton.web.gate import GateOptions

Rate = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many requests a second one visitor may make, by kind; 0 for no limit.

    `searching` asks an index or a list, `running` changes something or runs a
    process, `signing_in` shows a name and password. `burst_seconds` is how many
    seconds' worth may come at once. Visitors from the networks in `exempt` are
    limited in signing in only.
    """

    reading: Rate = 300.0
    searching: Rate = 30.0
    running: Rate = 5.0
    signing_in: Rate = 0.5
    burst_seconds: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 20.0
    exempt: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID Connect provider at which people sign in; none without `issuer`.

    `name_claim` and `role_claim` are the claims that hold who someone is and
    their role or groups, such as `realm_access.roles`; `roles` leads from values
    of the latter to roles of this node, `default_role` is that of all others
    (empty turns them away). With `audience`, programs may show tokens that the
    provider made for it.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    scopes: str = "openid profile email"
    name_claim: str = "sub"
    role_claim: str = ""
    roles: dict[str, Role] = {}
    default_role: Literal["", "public", "partner", "geologist", "manager"] = "public"
    audience: str = ""


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The audit log; `address` is how much of a visitor's address it keeps: `full`, `net` or `none`."""

    address: Literal["full", "net", "none"] = "full"


class AccessSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may do what on the web.

    `anonymous_jobs` lets visitors without a name run processes. A browser stays
    signed in for `session_hours` without a request, `session_days` at most.
    `trusted_proxies` are addresses or networks of proxies whose word
    (`X-Forwarded-For`) on where a request comes from is taken. `hsts_seconds`
    has browsers use https only, where `web.address` is https.
    """

    anonymous_jobs: bool = True
    session_hours: Annotated[float, msgspec.Meta(gt=0, le=8760)] = 12.0
    session_days: Annotated[float, msgspec.Meta(gt=0, le=365)] = 7.0
    trusted_proxies: tuple[str, ...] = ()
    hsts_seconds: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] = 0


class _Settings(Protocol):
    @property
    def access(self) -> AccessSettings: ...
    @property
    def limits(self) -> LimitSettings: ...
    @property
    def oidc(self) -> OidcSettings: ...
    @property
    def audit(self) -> AuditSettings: ...


def gate_options(settings: _Settings, folder: Path) -> GateOptions:
    """Options of the gate of the node in `folder`."""
    from craton.web.gate import GateOptions
    from craton.web.oidc import ProviderOptions
    from craton.web.rate import RateLimits

    access = settings.access
    _check_networks("limits.exempt", settings.limits.exempt)
    _check_networks("access.trusted_proxies", access.trusted_proxies)
    return GateOptions(
        folder=folder, anonymous_jobs=access.anonymous_jobs, trusted_proxies=access.trusted_proxies,
        hsts_seconds=access.hsts_seconds, idle_seconds=3600 * access.session_hours,
        lasting_seconds=86400 * access.session_days, address_form=settings.audit.address,
        limits=RateLimits(**msgspec.structs.asdict(settings.limits)),
        provider=ProviderOptions(**msgspec.structs.asdict(settings.oidc)),
    )  # fmt: skip


def _check_networks(name: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        try:
            ip_network(text, strict=False)
        except ValueError:
            raise SettingError(f"{name}: {text!r} is no address and no network", hint="10.0.0.0/8") from None
