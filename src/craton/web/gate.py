"""The gate of a node: what it knows of people, how often they may come, and what is noted of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from craton.web.audit_log import FOLDER, AddressForm, AuditLog
from craton.web.identity_file import FILE_NAME
from craton.web.identity_people import Known, People
from craton.web.identity_secrets import AT_A_TIME, nobodys_hash
from craton.web.oidc import Provider, ProviderOptions
from craton.web.rate import Attempts, RateLimits, Rates, networks

LOOKING_UP = 2
"""Threads that look up tokens and sessions."""

MOST_WAITING = 32
"""Passwords that may wait to be worked on."""


@dataclass(frozen=True)
class GateOptions:
    """How the node treats its visitors.

    Parameters
    ----------
    folder : Path
        Folder of the node.
    anonymous_jobs : bool
        Whether visitors without a name may run processes.
    trusted_proxies : tuple of str
        Networks of proxies whose word on where a request comes from is taken.
    hsts_seconds : int
        How long browsers shall use https only, 0 for no such word; told where the address is https.
    idle_seconds, lasting_seconds : float
        How long a browser stays signed in without asking anything, and at most.
    address_form : str
        How much of a visitor's address is kept in the audit log.
    limits : RateLimits
        How often a visitor may ask.
    provider : ProviderOptions
        Who else says who people are.
    """

    folder: Path
    anonymous_jobs: bool = True
    trusted_proxies: tuple[str, ...] = ()
    hsts_seconds: int = 0
    idle_seconds: float = 12 * 3600.0
    lasting_seconds: float = 7 * 24 * 3600.0
    address_form: AddressForm = "full"
    limits: RateLimits = field(default_factory=RateLimits)
    provider: ProviderOptions = field(default_factory=ProviderOptions)


class Gate:
    """All that is asked before a request is answered; use as a context manager."""

    def __init__(self, options: GateOptions) -> None:
        self.options = options
        self.people = People(
            options.folder / FILE_NAME,
            idle_seconds=options.idle_seconds,
            lasting_seconds=options.lasting_seconds,
        )
        self.audit = AuditLog(options.folder / FOLDER, address=options.address_form)
        self.rates, self.attempts = Rates(options.limits), Attempts()
        self.proxies = networks(options.trusted_proxies)
        self.provider = Provider(options.provider) if options.provider.issuer else None
        self.signing_in: dict[bytes, asyncio.Future[Known]] = {}
        self._waiting = 0
        self._lookers = ThreadPoolExecutor(LOOKING_UP, thread_name_prefix="gate")
        self._workers = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="gate-password")

    def __enter__(self) -> Self:
        self.audit.__enter__()
        self._workers.submit(nobodys_hash)
        return self

    def __exit__(self, *_: object) -> None:
        for threads in (self._lookers, self._workers):
            threads.shutdown(wait=True, cancel_futures=True)
        self.audit.__exit__()
        self.people.close()

    @property
    def is_crowded(self) -> bool:
        """Whether so many passwords wait that no more may."""
        return self._waiting >= MOST_WAITING

    async def look_up[T](self, act: Callable[..., T], *arguments: object) -> T:
        """Result of `act`, which asks the file of people."""
        return await asyncio.get_running_loop().run_in_executor(self._lookers, act, *arguments)

    async def work_out[T](self, act: Callable[..., T], *arguments: object) -> T:
        """Result of `act`, which works on a password."""
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, act, *arguments)
        finally:
            self._waiting -= 1
