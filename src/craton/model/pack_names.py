"""Names that the rules, uses and steps of a pack may speak of, with their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from craton.model.pack import Pack
from craton.model.pack_resolved import ResolvedIndicator


class Names(NamedTuple):
    """Units of attributes of numbers and of everything a condition may name, and attributes of words."""

    attributes: Mapping[str, str]
    numbers: Mapping[str, str]
    words: frozenset[str]


def names_of(pack: Pack, indicators: Mapping[str, ResolvedIndicator]) -> Names:
    """Names of a pack: attributes, indicators, `score_NAME` of both indicators and criteria, and `score`."""
    attributes = {id: one.unit for id, one in pack.attributes.items() if one.unit}
    scores = dict.fromkeys(["score", *(f"score_{id}" for id in (*pack.criteria, *scored(pack)))], "1")
    numbers = {**attributes, **{id: one.unit for id, one in indicators.items()}, **scores}
    words = frozenset(id for id, one in pack.attributes.items() if not one.unit)
    return Names(attributes, numbers, words)


def scored(pack: Pack) -> tuple[str, ...]:
    """Indicators that are parts of criteria, in the order of the pack."""
    parts = {part for one in pack.criteria.values() for part in one.parts}
    return tuple(id for id in pack.indicators if id in parts)
