"""Checks of what stands on scores: rules, scenarios, frontier, problems, workflow, examples, made data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from craton.model import crs, units
from craton.model.expression import parse
from craton.model.indicators import ID
from craton.model.pack import Made, Oracle, Pack, Problem, Synthetic, Workflow
from craton.model.pack_check_weights import check_weights
from craton.model.pack_conditions import condition, number
from craton.model.pack_findings import Faults
from craton.model.pack_names import Names, scored

MOST_USES = 12
"""Uses of an allocation."""


def check_uses(faults: Faults, pack: Pack, names: Names) -> None:
    """Note what is wrong with rules, scenarios, frontier, problems, workflow, oracles, synthetic, charts."""
    _rules(faults, pack, names)
    _scenarios(faults, pack, names)
    _frontier(faults, pack, names)
    for id, problem in pack.problems.items():
        _problem(faults, problem, names, f"problems.{id}")
    if pack.workflow is not None:
        _workflow(faults, pack.workflow, names)
    for place, oracle in enumerate(pack.oracles):
        _oracle(faults, pack, oracle, f"oracles.{place}")
    if pack.synthetic is not None:
        _synthetic(faults, pack, pack.synthetic, names)
    for place, chart in enumerate(pack.report.charts):
        faults.unknown(
            f"report.charts.{place}.columns", chart.columns, {*columns_of(pack), *pack.attributes}, "column"
        )


def columns_of(pack: Pack) -> tuple[str, ...]:
    """Columns of a result that can be expected."""
    scores = [f"score_{id}" for id in (*scored(pack), *pack.criteria)]
    return (*pack.indicators, *scores, "score", "grade", "grade_number", "rank", "limiting", *pack.rules,
            *pack.problems, *(["efficiency"] if pack.frontier else []))  # fmt: skip


def _rules(faults: Faults, pack: Pack, names: Names) -> None:
    for id, table in pack.rules.items():
        place = f"rules.{id}"
        faults.unless(bool(table.rules), f"{place}.rules", "there is none")
        faults.unless(len(table.answers) <= 250, f"{place}.answers", "there are at most 250")
        for at, rule in enumerate(table.rules):
            with faults.noting(f"{place}.rules.{at}.when"):
                condition(rule.when, names.numbers, names.words)
            faults.unknown(f"{place}.rules.{at}.then", [rule.then], table.answers, "answer of the table")
        if table.otherwise:
            faults.unknown(f"{place}.otherwise", [table.otherwise], table.answers, "answer of the table")
        given = {*(rule.then for rule in table.rules), table.otherwise}
        for answer in table.answers:
            faults.unless(answer in given, f"{place}.answers.{answer}", "no rule gives it")


def _scenarios(faults: Faults, pack: Pack, names: Names) -> None:
    for id, one in pack.scenarios.items():
        place = f"scenarios.{id}"
        faults.unless(bool(one.set or one.weights), place, "it changes nothing")
        faults.unknown(f"{place}.set", one.set, names.attributes, "attribute of numbers")
        for name, text in one.set.items():
            with faults.noting(f"{place}.set.{name}"):
                unit = number(text, names.attributes)[1]
                own = names.attributes.get(name, "")
                if own and not units.compatible(unit, own):
                    faults.add(f"{place}.set.{name}", f"the expression is in {unit}, {name!r} in {own}")
        faults.unknown(f"{place}.weights", one.weights, pack.criteria, "criterion")
        for name, weights in one.weights.items():
            if name in pack.criteria:
                check_weights(faults, weights, pack.criteria[name].parts, f"{place}.weights.{name}")


def _frontier(faults: Faults, pack: Pack, names: Names) -> None:
    if pack.frontier is None:
        return
    told = pack.frontier
    for name in ("inputs", "outputs", "undesirable"):
        listed = getattr(told, name)
        faults.unknown(f"frontier.{name}", listed, names.numbers, "attribute, indicator or score")
        faults.unless(bool(listed) or name == "undesirable", f"frontier.{name}", "there is none")
    every = (*told.inputs, *told.outputs, *told.undesirable)
    faults.unless(len(set(every)) == len(every), "frontier", "a name comes twice")
    held = not told.undesirable or told.returns in {"constant", "variable"}
    faults.unless(held, "frontier.returns", "with undesirable outputs returns are constant or variable")


def _problem(faults: Faults, problem: Problem, names: Names, place: str) -> None:
    if problem.area:
        faults.unknown(f"{place}.area", [problem.area], names.attributes, "attribute of numbers")
    uses = problem.uses
    faults.unless(
        2 <= len(uses) <= MOST_USES, f"{place}.uses", f"there are 2 to {MOST_USES}, not {len(uses)}"
    )
    kinds: dict[str, str] = {}
    for id, use in uses.items():
        at = f"{place}.uses.{id}"
        with faults.noting(f"{at}.worth"):
            kinds[id] = number(use.worth, names.numbers)[1]
        if use.allowed:
            with faults.noting(f"{at}.allowed"):
                condition(use.allowed, names.numbers, names.words)
        least, most = use.least or 0.0, 1.0 if use.most is None else use.most
        faults.unless(0 <= least <= 1 and 0 <= most <= 1, at, "`least` and `most` are shares from 0 to 1")
        faults.unless(least <= most, at, f"the least, {least:g}, is above the most, {most:g}")
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{id} in {unit or 'no unit'}" for id, unit in kinds.items())
        faults.add(f"{place}.uses", f"the worth of all uses is in one unit, not {told}")
    least = sum(use.least or 0.0 for use in uses.values())
    most = sum(1.0 if use.most is None else use.most for use in uses.values())
    faults.unless(least <= 1 + 1e-9, f"{place}.uses", f"the least shares add up to {least:g}, more than all")
    faults.unless(
        most >= 1 - 1e-9 or not uses, f"{place}.uses", f"the most shares add up to {most:g}, less than all"
    )


def _workflow(faults: Faults, flow: Workflow, names: Names) -> None:
    faults.unknown("workflow.start", [flow.start], flow.states, "state")
    faults.unknown("workflow.ends", flow.ends, flow.states, "state")
    faults.unless(bool(flow.ends), "workflow.ends", "there is none")
    ahead: dict[str, list[str]] = {}
    back: dict[str, list[str]] = {}
    for at, step in enumerate(flow.transitions):
        place = f"workflow.transitions.{at}"
        faults.unknown(place, [step.start, step.end], flow.states, "state")
        faults.unless(step.start not in flow.ends, place, f"it leaves {step.start!r}, which is an end")
        faults.unless(step.days is None or step.days >= 0, f"{place}.days", "they are at least 0")
        if step.when:
            with faults.noting(f"{place}.when"):
                condition(step.when, names.numbers, names.words)
        ahead.setdefault(step.start, []).append(step.end)
        back.setdefault(step.end, []).append(step.start)
    reached, ending = _reached([flow.start], ahead), _reached(flow.ends, back)
    for state in flow.states:
        faults.unless(state in reached, f"workflow.states.{state}", "no step leads to it from the start")
        faults.unless(state in ending, f"workflow.states.{state}", "no step leads from it to an end")


def _reached(starts: Iterable[str], steps: Mapping[str, list[str]]) -> set[str]:
    found, waiting = set[str](), list(starts)
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting.extend(steps.get(state, ()))
    return found


def _oracle(faults: Faults, pack: Pack, oracle: Oracle, place: str) -> None:
    faults.unless(bool(oracle.source.strip()), f"{place}.source", "it is missing", "tell how it is known")
    faults.unless(oracle.tolerance >= 0, f"{place}.tolerance", "it is at least 0")
    faults.unknown(f"{place}.given", oracle.given, pack.attributes, "attribute")
    faults.unknown(f"{place}.expect", oracle.expect, columns_of(pack), "column of the result")
    if oracle.scenario:
        faults.unknown(f"{place}.scenario", [oracle.scenario], pack.scenarios, "scenario")
    lists = [*oracle.given.values(), *oracle.expect.values()]
    faults.unless(len({len(one) for one in lists}) <= 1, place, "all its lists are of one length")
    faults.unless(all(lists) and bool(oracle.given), f"{place}.given", "it has no unit")
    faults.unless(bool(oracle.expect), f"{place}.expect", "it expects nothing")
    for id, attribute in pack.attributes.items():
        told = oracle.given.get(id)
        if told is None:
            faults.unless(attribute.optional, f"{place}.given", f"it lacks the attribute {id!r}")
        else:
            kind = (int, float) if attribute.unit else str
            held = all(isinstance(one, kind) or one == "" for one in told)
            said = f"numbers in {attribute.unit}, or empty texts for gaps" if attribute.unit else "words"
            faults.unless(held, f"{place}.given.{id}", f"they are {said}")


def _synthetic(faults: Faults, pack: Pack, made: Synthetic, names: Names) -> None:
    for id, attribute in pack.attributes.items():
        held = id in made.attributes or attribute.optional
        faults.unless(held, "synthetic.attributes", f"it lacks the attribute {id!r}")
    parcels = made.rows * made.columns
    faults.unless(made.rows >= 1 and made.columns >= 1, "synthetic", "rows and columns are at least 1")
    faults.unless(parcels <= 1_000_000, "synthetic", f"it has at most 1000000 parcels, not {parcels}")
    faults.unless(made.side > 0, "synthetic.side", "it is above 0")
    with faults.noting("synthetic.crs"):
        crs.normalise(made.crs)
    before: dict[str, str] = {}
    for id, one in made.attributes.items():
        place = f"synthetic.attributes.{id}"
        unit = names.attributes.get(id, "")
        faults.unless(bool(ID.fullmatch(id)), place, "its name is of small letters, digits and underscores")
        if id in pack.attributes:
            faults.unless(
                (one.method == "words") == (id in names.words), f"{place}.method",
                "`words` is of attributes of words, all else of numbers",
            )  # fmt: skip
        _made(faults, one, place)
        if one.method == "formula" or (one.method == "words" and one.formula):
            with faults.noting(f"{place}.formula"):
                found = parse(one.formula, before).unit(before)
                wanted = "1" if one.method == "words" else unit
                if wanted and not units.compatible(found, wanted):
                    faults.add(f"{place}.formula", f"it is in {found}, {id!r} in {wanted}")
        if one.method != "words":
            before[id] = unit or "1"


def _made(faults: Faults, one: Made, place: str) -> None:
    if one.method == "uniform":
        faults.unless(one.low is not None and one.high is not None, place, "it needs `low` and `high`")
    if one.low is not None and one.high is not None:
        faults.unless(one.low < one.high, place, "`low` is below `high`")
    if one.method in {"normal", "lognormal"}:
        faults.unless(one.deviation > 0, f"{place}.deviation", "it is above 0")
    if one.method == "words":
        faults.unless(bool(one.of) and len(set(one.of)) == len(one.of), f"{place}.of", "different words")
        if one.shares:
            held = len(one.shares) == len(one.of) and min(one.shares) >= 0 and sum(one.shares) > 0
            faults.unless(held, f"{place}.shares", "one of at least 0 for each word, not all 0")
    faults.unless(0 <= one.smooth <= 1000, f"{place}.smooth", "it is from 0 to 1000")
    faults.unless(0 <= one.decimals <= 12, f"{place}.decimals", "they are from 0 to 12")
