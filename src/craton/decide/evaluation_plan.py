"""What an evaluation does, worked out from its pack once: order of indicators and criteria, and weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from craton.model.errors import ContractError, InvalidError
from craton.model.pack import Criterion, Pack
from craton.model.pack_check import require
from craton.model.pack_names import Names, names_of
from craton.model.pack_resolved import ResolvedIndicator
from craton.model.pack_text import decoded

DIGITS = 9
"""Digits of a score that count where grades begin, so that rounding decides about none."""


class Plan(NamedTuple):
    """An evaluation as it is carried out.

    Parameters
    ----------
    indicators : mapping
        By identifier, each after those it needs.
    criteria : mapping
        Criteria under the goal, each after its parts and the goal last, with the weights of the scenario.
    leaves : tuple of str
        Indicators that are scored, in the order of the columns of scores.
    """

    pack: Pack
    indicators: Mapping[str, ResolvedIndicator]
    criteria: dict[str, Criterion]
    leaves: tuple[str, ...]
    names: Names
    scenario: str
    key: str

    @property
    def titles(self) -> dict[str, str]:
        """What results are called, by language: the pack, and the scenario where there is one."""
        if not self.scenario:
            return dict(self.pack.title)
        told = self.pack.scenarios[self.scenario].title
        return {key: f"{text} – {told.get(key, self.scenario)}" for key, text in self.pack.title.items()}

    @property
    def limits(self) -> tuple[float, ...]:
        """Score from which each grade counts."""
        return tuple(round(one.from_score, DIGITS) for one in self.pack.grades)


def plan_of(id: str, pack: str, overlay: str = "", scenario: str = "", *, support: str = "") -> Plan:
    """Plan of a process `id` on the text of a pack.

    Raises
    ------
    ContractError
        Where the pack has faults, has no such scenario, or is not meant for the `support`.
    """
    try:
        read = decoded(pack, overlay)
        key = hashlib.sha256(b"\0".join((pack.encode(), overlay.encode()))).hexdigest()
        found = plan(read, scenario, key)
    except InvalidError as error:
        parameter = "scenario" if scenario and error.message.startswith("there is no scenario") else "pack"
        allowed = "one of the pack" if parameter == "scenario" else "a pack without faults"
        raise ContractError(id, parameter, allowed, f"so: {error.message}", hint=error.hint) from error
    if support and support not in read.supports:
        allowed = f"one meant for {support}"
        raise ContractError(id, "pack", allowed, f"one for {', '.join(read.supports)}")
    return found


def plan(pack: Pack, scenario: str = "", key: str = "") -> Plan:
    """Plan of a pack, as it stands or under one of its scenarios; `InvalidError` where it has faults."""
    indicators = require(pack)
    if scenario and scenario not in pack.scenarios:
        told = ", ".join(pack.scenarios) or "none"
        raise InvalidError(f"there is no scenario {scenario[:80]!r}", hint=f"scenarios of the pack: {told}")
    weights = pack.scenarios[scenario].weights if scenario else {}
    criteria = {
        id: msgspec.structs.replace(pack.criteria[id], weights=weights[id]) if id in weights
        else pack.criteria[id]
        for id in _upward(pack)
    }  # fmt: skip
    leaves = tuple(part for one in criteria.values() for part in one.parts if part in indicators)
    names = names_of(pack, indicators)
    return Plan(pack, indicators, criteria, leaves, names, scenario, key)


def _upward(pack: Pack) -> list[str]:
    """Criteria from the goal downwards, turned round: each after its parts."""
    found, waiting = [], [pack.goal]
    while waiting:
        id = waiting.pop()
        found.append(id)
        waiting.extend(part for part in pack.criteria[id].parts if part in pack.criteria)
    return found[::-1]
