"""Indicators of a pack with everything that the library tells of them, each after what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import msgspec

from craton.model import indicator_library, units
from craton.model.errors import InvalidError
from craton.model.expression import Expression, parse
from craton.model.indicators import Direction, Indicator
from craton.model.languages import by_language
from craton.model.pack import Pack, PackIndicator, Score
from craton.model.record import LanguageMap


class ResolvedIndicator(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator as it is worked out.

    Parameters
    ----------
    inputs : dict of str to str
        By name in the formula, the attribute or indicator that it is.
    input_units : dict of str to str
        By name in the formula, the unit in which it goes in.
    score_source : dict of str to str
        Where its scoring comes from.
    """

    id: str
    title: LanguageMap
    definition: LanguageMap
    unit: str
    formula: str
    inputs: dict[str, str]
    input_units: dict[str, str]
    direction: Direction
    score: Score
    score_source: LanguageMap
    reference: str
    library: str = ""

    def expression(self) -> Expression:
        """The formula, checked."""
        return parse(self.formula, self.inputs)


def resolved(pack: Pack) -> dict[str, ResolvedIndicator]:
    """Indicators of a pack by identifier, in an order in which each comes after those it needs.

    Raises
    ------
    InvalidError
        At the first that cannot be worked out; `pack_check.check` tells them all.
    """
    found: dict[str, ResolvedIndicator] = {}
    known = attribute_units(pack)
    for id in in_order(pack):
        try:
            found[id] = one = resolve(pack, id, known)
        except InvalidError as error:
            raise InvalidError(f"indicators.{id}: {error.message}", hint=error.hint) from error
        known.setdefault(id, one.unit)
    return found


def attribute_units(pack: Pack) -> dict[str, str]:
    """Unit of each attribute, empty for those of words."""
    return {id: one.unit for id, one in pack.attributes.items()}


def entry(pack: Pack, id: str) -> Indicator | None:
    """What the library tells of an indicator; none of a pack's own."""
    name = pack.indicators[id].library
    if not name:
        return None
    found = indicator_library.library().get(name)
    if found is None:
        raise InvalidError(f"the library has no indicator {name!r}", hint="see craton indicators")
    return found


def formula_of(pack: Pack, id: str) -> tuple[str, dict[str, str]]:
    """Formula of an indicator, and by name in it the attribute or indicator that it is."""
    told, base = pack.indicators[id], entry(pack, id)
    if not told.formula and base is None:
        raise InvalidError("it has no formula", hint="name one of the library, or write a formula")
    text = told.formula or (base.formula if base else "")
    names = set(told.inputs) | set(pack.attributes) | set(pack.indicators)
    found = parse(text, base.inputs if base and not told.formula else names)
    idle = sorted(set(told.inputs) - set(found.names))
    if idle:
        raise InvalidError(f"its formula has no input {idle[0]!r}", hint=f"it has {', '.join(found.names)}")
    return text, {name: told.inputs.get(name, name) for name in found.names}


def needs(pack: Pack, id: str) -> tuple[str, ...]:
    """Other indicators that one is worked out from; none where that cannot be told."""
    try:
        _text, inputs = formula_of(pack, id)
    except InvalidError:
        return ()
    return tuple(one for one in inputs.values() if one in pack.indicators and one not in pack.attributes)


def in_order(pack: Pack) -> list[str]:
    """Indicators, each after those it needs; refuses those that need themselves."""
    nexts = {id: needs(pack, id) for id in pack.indicators}
    circle = ring(nexts)
    if circle:
        raise InvalidError(f"indicators.{circle[0]}: it needs itself: {' → '.join(circle)}")
    return list(TopologicalSorter(nexts).static_order())


def ring(nexts: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A ring of names, each with the next among its `nexts` and the first again at the end; empty without."""
    try:
        TopologicalSorter(nexts).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def resolve(pack: Pack, id: str, known: Mapping[str, str]) -> ResolvedIndicator:
    """One indicator; `known` are the units of attributes and of indicators worked out before it."""
    told, base = pack.indicators[id], entry(pack, id)
    text, inputs = formula_of(pack, id)
    input_units = {}
    for name, source in inputs.items():
        own = base.inputs[name].unit if base and not told.formula else ""
        input_units[name] = _input_unit(name, source, known, own)
    unit = _unit(told, base, parse(text, inputs).unit(input_units))
    direction = told.direction or (base.direction if base else None)
    title = told.title or (base.title if base else {})
    if direction is None:
        raise InvalidError("it has no direction", hint="benefit: more is better; cost: less is better")
    if not title:
        raise InvalidError("it has no title")
    score, score_source = _score(told, base, unit, direction)
    return ResolvedIndicator(
        id=id, title=title, definition=told.definition or (base.definition if base else {}), unit=unit,
        formula=text, inputs=inputs, input_units=input_units, direction=direction, score=score,
        score_source=score_source, reference=told.reference or (base.reference if base else ""),
        library=told.library,
    )  # fmt: skip


def _input_unit(name: str, source: str, known: Mapping[str, str], own: str) -> str:
    """Unit in which an input goes into the formula; `own` is the one that the library asks for."""
    if source not in known:
        raise InvalidError(
            f"its input {name!r} is {source!r}, which is no attribute or indicator",
            hint="tell in `inputs` which attribute it is",
        )
    if not known[source]:
        raise InvalidError(f"its input {name!r} is the attribute {source!r}, which is words, no number")
    if own and not units.compatible(known[source], own):
        raise InvalidError(
            f"its input {name!r} is in {own}, {source!r} in {known[source]}", hint="check the unit"
        )
    return own or known[source]


def _unit(told: PackIndicator, base: Indicator | None, found: str) -> str:
    unit = told.unit or (base.unit if base else "") or found
    if not unit or units.parse(unit) != unit:
        raise InvalidError(f"the unit {unit!r} is no canonical spelling", hint='a pure number is "1"')
    if not units.compatible(found, unit):
        raise InvalidError(f"its formula is in {found or 'no unit'}, which is no {unit}")
    return unit


def _score(
    told: PackIndicator, base: Indicator | None, unit: str, direction: Direction
) -> tuple[Score, LanguageMap]:
    """Scoring and where it comes from: what the pack tells, else the classes or the target of the library."""
    if told.score is not None:
        return told.score, by_language(told.score.source)
    if base is None or direction != base.direction:
        return Score(), {}
    scale, shift = units.conversion(base.unit, unit)

    def here(value: float) -> float:
        return float(f"{value * scale + shift:.15g}")

    scores = tuple(one.score for one in base.classes if one.score is not None)
    bounds = tuple(here(one.from_value) for one in base.classes[1:] if one.from_value is not None)
    if bounds and len(scores) == len(base.classes):
        return Score(method="classes", bounds=bounds, scores=scores), by_language(base.class_source)
    if direction == "target" and len(base.target) == 1:
        return Score(method="target", target=here(base.target[0])), by_language(base.reference)
    if direction == "target" and base.lowest is not None and base.highest is not None:
        at = tuple(here(one) for one in (base.lowest, *base.target, base.highest))
        return Score(method="piecewise", at=at, scores=(0.0, 1.0, 1.0, 0.0)), by_language(base.reference)
    return Score(), {}
