"""How often one visitor may ask: a bucket of tokens for each of them and each kind of request."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["reading", "searching", "running", "signing_in"]

MOST_BUCKETS = 100_000
"""Visitors remembered; those not seen for longest go first."""

MOST_PARSED = 4_096
"""Addresses kept as numbers."""

SAME_HOUSE_BITS = 64
"""Bits of an address of version 6 that one household or office has to itself."""

FREE_FAILURES = {"pair": 5, "name": 50, "address": 20}
"""Wrong passwords that cost no waiting: of one name from one address, of one name, from one address."""

LONGEST_WAIT = {"pair": 900.0, "name": 60.0, "address": 900.0}
"""Seconds to wait at most; a name that anyone can try is never locked for long."""

FORGOTTEN_SECONDS = 3600.0

Clock = Callable[[], float]


@dataclass(frozen=True)
class RateLimits:
    """Requests a second that one visitor may make, by kind; 0 for no limit.

    Parameters
    ----------
    reading, searching, running, signing_in : float
        Requests a second.
    burst_seconds : float
        How many seconds' worth may come at once.
    exempt : tuple of str
        Networks whose visitors are not limited but in signing in.
    """

    reading: float = 300.0
    searching: float = 30.0
    running: float = 5.0
    signing_in: float = 0.5
    burst_seconds: float = 20.0
    exempt: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


class Rates:
    """Buckets of all visitors; for the event loop's thread only."""

    def __init__(self, limits: RateLimits, clock: Clock = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._exempt = networks(limits.exempt)
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def wait(self, kind: Kind, visitor: str, address: str) -> float:
        """Seconds until `visitor` may make such a request; 0 where they may now, and then it is counted."""
        rate: float = getattr(self._limits, kind)
        if rate <= 0 or (kind != "signing_in" and is_within(address, self._exempt)):
            return 0.0
        most = max(1.0, rate * self._limits.burst_seconds)
        time_ = self._clock()
        key = (kind, visitor)
        left, last = self._buckets.pop(key, (most, time_))
        left = min(most, left + (time_ - last) * rate)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, time_)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / rate

    def give_back(self, kind: Kind, visitor: str) -> None:
        """Take off a request of `visitor` that was counted, and was then found to be another's."""
        left, last = self._buckets.get((kind, visitor), (0.0, 0.0))
        if last:
            self._buckets[kind, visitor] = (left + 1, last)


class Attempts:
    """Wrong passwords: each beyond a few makes the next wait twice as long; for the loop's thread only."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._homes: OrderedDict[str, None] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Seconds until `name` may be tried from `address`.

        Wrong passwords from elsewhere do not count where the person is known to be at home:
        otherwise a stranger could keep them out for as long as he likes.
        """
        scopes = dict(_scopes(name, address))
        if scopes["pair"] in self._homes:
            del scopes["name"]
        return max(self._wait(scope, key) for scope, key in scopes.items())

    def known(self, name: str, address: str) -> None:
        """Note that whoever comes from `address` proved to be `name`."""
        key = _pair(name, address)
        self._homes[key] = None
        self._homes.move_to_end(key)
        if len(self._homes) > MOST_BUCKETS:
            self._homes.popitem(last=False)

    def _wait(self, scope: str, key: str) -> float:
        count, last = self._failures.get((scope, key), (0, 0.0))
        beyond = count - FREE_FAILURES[scope]
        if beyond < 0:
            return 0.0
        pause = min(2.0 ** min(beyond, 20), LONGEST_WAIT[scope])
        return max(0.0, last + pause - self._clock())

    def failed(self, name: str, address: str) -> None:
        """Note a wrong password."""
        for scope, key in _scopes(name, address):
            count, last = self._failures.pop((scope, key), (0, 0.0))
            if self._clock() - last > FORGOTTEN_SECONDS:
                count = 0
            self._failures[scope, key] = (count + 1, self._clock())
        while len(self._failures) > MOST_BUCKETS:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the wrong passwords of `name` from `address`, and take this try off the others."""
        self.known(name, address)
        self._failures.pop(("pair", _pair(name, address)), None)
        for key in (("name", name), ("address", house(address))):
            count, last = self._failures.get(key, (0, 0.0))
            self._failures[key] = (max(0, count - 1), last)


def _scopes(name: str, address: str) -> tuple[tuple[str, str], ...]:
    return ("pair", _pair(name, address)), ("name", name), ("address", house(address))


def _pair(name: str, address: str) -> str:
    return f"{house(address)} {name}"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks that `texts` name, each an address or a network such as `10.0.0.0/8`."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


@lru_cache(maxsize=MOST_PARSED)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, `None` for what is none; most come again and again."""
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def is_within(address: str, places: Sequence[Network]) -> bool:
    """Whether `address` lies in one of `places`; what is no address does not."""
    one = _parsed(address)
    if one is None:
        return False
    mapped = getattr(one, "ipv4_mapped", None) or one
    return any(mapped in place for place in places)


def house(address: str) -> str:
    """What stands for all addresses of one household: the address itself, or its network of version 6."""
    one = _parsed(address)
    if one is None or one.version == 4:
        return address
    return str(ipaddress.ip_network(f"{address}/{SAME_HOUSE_BITS}", strict=False))


def whole_seconds(seconds: float) -> str:
    """Seconds as the header `Retry-After` says them."""
    return str(max(1, math.ceil(seconds)))
