"""Checks of packs: every fault with its place, its reason and what to do about it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec

from craton.model import quantities, units
from craton.model.errors import InvalidError
from craton.model.expression import parse
from craton.model.indicators import ID, LANGUAGES
from craton.model.pack import Attribute, Criterion, Pack
from craton.model.pack_check_scores import check_score
from craton.model.pack_check_uses import check_uses
from craton.model.pack_check_weights import check_weights
from craton.model.pack_findings import Faults, PackFinding
from craton.model.pack_names import Names, names_of
from craton.model.pack_resolved import (
    ResolvedIndicator,
    attribute_units,
    needs,
    resolve,
    resolved,
    ring,
)

__all__ = ["PackFinding", "check", "require", "resolved"]

RESULTS = frozenset({
    "score", "grade", "grade_number", "rank", "limiting", "grade_probability", "best_rank", "worst_rank",
    "first_probability", "top_probability", "efficiency", "geometry", "label",
})  # fmt: skip
"""Columns of a result, which no indicator or rule can be called."""

WORDS = frozenset({"title", "question", "description", "limits", "definition", "summary", "method", "source"})
"""Fields that are told in languages; a `source` that is a plain text counts for all."""

OPTIONAL = frozenset({"definition", "summary", "method", "source"})

PACK_ID = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")

SHOWN = 3
"""Faults that a message tells at most."""

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def require(pack: Pack) -> dict[str, ResolvedIndicator]:
    """Indicators of a pack without faults, in order.

    Raises
    ------
    InvalidError
        With the places and reasons of the first faults.
    """
    found = check(pack)
    if found:
        told = "; ".join(f"{one.place}: {one.reason}" for one in found[:SHOWN])
        more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
        raise InvalidError(f"faults of the pack: {told}{more}", hint=found[0].hint)
    return resolved(pack)


def check(pack: Pack) -> list[PackFinding]:
    """All faults of a pack; none where it can be run."""
    faults = Faults()
    _texts(faults, pack)
    _finite(faults, pack, "")
    _identifiers(faults, pack)
    for id, attribute in pack.attributes.items():
        _attribute(faults, id, attribute)
    known = _indicators(faults, pack)
    _hierarchy(faults, pack)
    for id, criterion in pack.criteria.items():
        _criterion(faults, criterion, f"criteria.{id}")
    _grades(faults, pack)
    _uncertainty(faults, pack)
    names = names_of(pack, known)
    _place_and_name(faults, pack, names)
    check_uses(faults, pack, names)
    return list(dict.fromkeys(faults.found))


def _texts(faults: Faults, pack: Pack) -> None:
    allowed = bool(PACK_ID.fullmatch(pack.id))
    faults.unless(allowed, "id", "it is of small letters and digits, parted by single hyphens or underscores")
    faults.unless(bool(pack.version.strip()), "version", "it is missing")
    for place, name, words in _language_maps(pack, ""):
        if not words and _may_be_empty(place, name):
            continue
        for language in LANGUAGES:
            faults.unless(bool(words.get(language, "").strip()), place, f"it lacks the language {language!r}")


def _may_be_empty(place: str, name: str) -> bool:
    """Whether words may be left out: the library or the pack has others to show."""
    told_elsewhere = name in OPTIONAL or place.startswith(("indicators.", "report."))
    return told_elsewhere or (place.startswith("scenarios.") and name == "description")


def _language_maps(one: object, place: str) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Place, field and words of all that is told in languages."""
    for key, value in _parts(one):
        at = f"{place}.{key}" if place else key
        within = place.rpartition(".")[2]
        if isinstance(value, dict) and (
            (isinstance(one, msgspec.Struct) and key in WORDS) or within in {"answers", "states"}
        ):
            yield at, key, value
        else:
            yield from _language_maps(value, at)


def _parts(one: object) -> Iterator[tuple[str, object]]:
    if isinstance(one, msgspec.Struct):
        yield from ((name, getattr(one, name)) for name in one.__struct_fields__)
    elif isinstance(one, dict):
        yield from ((str(key), value) for key, value in one.items())
    elif isinstance(one, tuple | list):
        yield from ((str(number), value) for number, value in enumerate(one))


def _finite(faults: Faults, one: object, place: str) -> None:
    if isinstance(one, float) and not math.isfinite(one):
        faults.add(place, "it is no finite number")
    for key, value in _parts(one):
        _finite(faults, value, f"{place}.{key}" if place else key)


def _identifiers(faults: Faults, pack: Pack) -> None:
    groups: dict[str, Mapping[str, object]] = {
        "attributes": pack.attributes, "indicators": pack.indicators, "criteria": pack.criteria,
        "rules": pack.rules, "scenarios": pack.scenarios, "problems": pack.problems,
        **{f"problems.{id}.uses": one.uses for id, one in pack.problems.items()},
        **{f"rules.{id}.answers": one.answers for id, one in pack.rules.items()},
    }  # fmt: skip
    for group, members in groups.items():
        for id in members:
            allowed = bool(ID.fullmatch(id))
            faults.unless(
                allowed, f"{group}.{id}", "an identifier is of small letters, digits and single underscores"
            )
            if allowed and group in {"attributes", "indicators", "criteria"}:
                with faults.noting(f"{group}.{id}"):
                    parse("0", [id])
    columns: dict[str, str] = {}
    for group in ("indicators", "rules", "problems"):
        for id in groups[group]:
            taken = id in RESULTS or id.startswith("score_")
            faults.unless(not taken, f"{group}.{id}", "a column of the result is called so already")
            faults.unless(id not in columns, f"{group}.{id}", f"{columns.get(id)}.{id} is called so too")
            columns[id] = group
    for id in pack.criteria:
        faults.unless(id not in pack.indicators, f"criteria.{id}", "an indicator is called so too")
    called = {id.casefold(): id for id in pack.attributes}
    for id, attribute in pack.attributes.items():
        for name in attribute.columns:
            other = called.setdefault(name.casefold(), id)
            faults.unless(
                other == id, f"attributes.{id}.columns", f"{name!r} names the attribute {other!r} too"
            )
    for id in pack.attributes:
        taken = id == "score" or id.startswith("score_")
        faults.unless(not taken, f"attributes.{id}", "scores are called so")


def _attribute(faults: Faults, id: str, one: Attribute) -> None:
    place = f"attributes.{id}"
    if one.unit and units.parse(one.unit) != one.unit:
        faults.add(f"{place}.unit", f"{one.unit!r} is no canonical spelling", 'a pure number is "1"')
        return
    rule = quantities.rule(one.quantity) if one.quantity else None
    if one.quantity and rule is None:
        faults.add(f"{place}.quantity", f"{one.quantity!r} is no quantity the registry knows")
    if rule is not None and one.unit and rule.unit and not units.compatible(rule.unit, one.unit):
        faults.add(f"{place}.unit", f"{one.quantity} is kept in {rule.unit}, not {one.unit}")
    low, high = one.lowest, one.highest
    faults.unless(low is None or high is None or low < high, place, "`lowest` is below `highest`")
    if not one.unit and (low is not None or high is not None or one.error is not None):
        faults.add(place, "words have neither bounds nor an error", 'numbers need a unit; a pure one is "1"')
    faults.unless(one.error is None or one.error > 0, f"{place}.error", "it is above 0")


def _indicators(faults: Faults, pack: Pack) -> dict[str, ResolvedIndicator]:
    """Those that can be worked out; notes why others cannot."""
    faults.unless(bool(pack.indicators), "indicators", "there is none")
    nexts = {id: needs(pack, id) for id in pack.indicators}
    circle = ring(nexts)
    if circle:
        faults.add(f"indicators.{circle[0]}", f"it needs itself: {' → '.join(circle)}")
    known, found = attribute_units(pack), dict[str, ResolvedIndicator]()
    waiting, failed = list(pack.indicators), set(circle)
    while waiting:
        ready = [id for id in waiting if id in failed or all(one not in waiting for one in nexts[id])]
        for id in ready or waiting:
            waiting.remove(id)
            # What needs an indicator that has a fault is judged once that one is right.
            if id in failed or failed & set(nexts[id]):
                failed.add(id)
                continue
            before = len(faults.found)
            with faults.noting(f"indicators.{id}"):
                found[id] = resolve(pack, id, known)
                known.setdefault(id, found[id].unit)
                _shared_name(faults, pack, found[id])
                check_score(
                    faults, found[id].score, found[id].unit, found[id].direction, f"indicators.{id}.score"
                )
            if len(faults.found) > before and id not in found:
                failed.add(id)
    return found


def _shared_name(faults: Faults, pack: Pack, one: ResolvedIndicator) -> None:
    """An attribute's name is taken for the attribute, so an indicator called so must be the same."""
    if one.id in pack.attributes and (one.formula.strip(), one.inputs) != (one.id, {one.id: one.id}):
        faults.add(
            f"indicators.{one.id}", "an attribute is called so too", "call one of them by another name"
        )


def _hierarchy(faults: Faults, pack: Pack) -> None:
    faults.unless(bool(pack.criteria), "criteria", "there is none")
    if pack.goal not in pack.criteria:
        faults.unknown("goal", [pack.goal], pack.criteria, "criterion")
    parents: dict[str, str] = {}
    for id, criterion in pack.criteria.items():
        place = f"criteria.{id}.parts"
        faults.unless(bool(criterion.parts), place, "it has no part")
        faults.unknown(place, criterion.parts, {*pack.criteria, *pack.indicators}, "indicator or criterion")
        for part in criterion.parts:
            other = parents.setdefault(part, id)
            if other != id:
                faults.add(place, f"{part!r} is a part of {other!r} too", "a part has one parent")
        twice = len(set(criterion.parts)) < len(criterion.parts)
        faults.unless(not twice, place, "a part is named twice")
    below = {
        id: tuple(one for one in criterion.parts if one in pack.criteria)
        for id, criterion in pack.criteria.items()
    }
    circle = ring(below)
    if circle:
        faults.add(f"criteria.{circle[0]}", f"it is a part of itself: {' → '.join(circle)}")
    reached, waiting = set[str](), [pack.goal]
    while waiting:
        id = waiting.pop()
        if id not in reached and id in below:
            reached.add(id)
            waiting.extend(below[id])
    for id in pack.criteria:
        if id not in reached and pack.goal in pack.criteria:
            faults.add(f"criteria.{id}", f"the goal {pack.goal!r} does not lead to it")


def _criterion(faults: Faults, one: Criterion, place: str) -> None:
    if one.parts:
        check_weights(faults, one.weights, one.parts, f"{place}.weights")
    faults.unless(0 < one.power <= 1000, f"{place}.power", "it is above 0 and at most 1000")
    faults.unless(0 <= one.strictness <= 1, f"{place}.strictness", "it is from 0 to 1")
    faults.unless(0 < one.contrast <= 1, f"{place}.contrast", "it is above 0 and at most 1")
    pairs = one.combine != "coupling_coordination" or len(one.parts) >= 2
    faults.unless(pairs, f"{place}.combine", "coupling_coordination is of two or more parts")


def _grades(faults: Faults, pack: Pack) -> None:
    starts = [one.from_score for one in pack.grades]
    faults.unless(bool(starts), "grades", "there is none")
    faults.unless(not starts or starts[0] == 0, "grades", "the first grade begins at the score 0")
    rising = all(one < other for one, other in pairwise(starts))
    faults.unless(rising, "grades", "each grade begins at a higher score than the one before")
    faults.unless(all(0 <= one < 1 for one in starts), "grades", "grades begin at scores from 0 to below 1")
    faults.unless(len(starts) <= 250, "grades", "there are at most 250")
    titles = [one.title.get("en", "") for one in pack.grades]
    faults.unless(len(set(titles)) == len(titles), "grades", "two grades have the same title")
    for place, one in enumerate(pack.grades):
        held = not one.colour or bool(COLOUR.fullmatch(one.colour))
        faults.unless(held, f"grades.{place}.colour", "a colour is written #rrggbb")


def _uncertainty(faults: Faults, pack: Pack) -> None:
    told = pack.uncertainty
    faults.unless(0 <= told.draws <= 100_000, "uncertainty.draws", "they are from 0 to 100000")
    faults.unless(0 <= told.spread <= 1, "uncertainty.spread", "it is from 0 to 1")
    faults.unless(0 < told.top <= 1, "uncertainty.top", "it is above 0 and at most 1")


def _place_and_name(faults: Faults, pack: Pack, names: Names) -> None:
    faults.unless(bool(pack.supports), "supports", "there is none", "table, grid or volume")
    if pack.area:
        faults.unknown("area", [pack.area], names.attributes, "attribute of numbers")
        unit = names.attributes.get(pack.area, "")
        if unit and not units.compatible(unit, "m2"):
            faults.add("area", f"the attribute {pack.area!r} is in {unit}, which is no area")
