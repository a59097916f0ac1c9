"""Tests that a pack brings: its worked examples, and what must hold of any evaluation."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pandas as pd

from craton.decide.criteria_table import COLUMNS
from craton.decide.evaluation_answer import Result
from craton.decide.evaluation_data import of_table
from craton.decide.evaluation_further import further
from craton.decide.evaluation_hierarchy import criterion_scores
from craton.decide.evaluation_made import made_parcels
from craton.decide.evaluation_places import Rows
from craton.decide.evaluation_plan import Plan, plan
from craton.decide.evaluation_scores import scored
from craton.decide.evaluation_tables import columns_of
from craton.decide.evaluation_work import Work, work
from craton.model import units
from craton.model.errors import CratonError, InvalidError
from craton.model.pack import Oracle, Pack

ID = "pack test"
"""What refuses data within a test."""

EQUAL = 1e-9
"""Difference of two scores that rounding may make."""

MONOTONE = frozenset({"weighted_sum", "weighted_product", "ordered_weighted_average", "limiting_factor"})
"""Ways of putting scores together in which a better part never lowers the whole."""


class TestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a test said: its title, whether it passed, and what came where it did not."""

    __test__ = False

    title: str
    passed: bool
    came: str = ""
    source: str = ""


def run_oracles(pack: Pack) -> list[TestResult]:
    """Results of the worked examples of a pack.

    Raises
    ------
    InvalidError
        Where the pack has faults.
    """
    plan(pack)
    return [_oracle(pack, one) for one in pack.oracles]


def _oracle(pack: Pack, oracle: Oracle) -> TestResult:
    try:
        wrong = list(_differences(pack, oracle))
    except CratonError as error:
        wrong = [error.message]
    more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
    came = "; ".join(wrong[:3]) + more
    return TestResult(title=oracle.title, passed=not wrong, came=came, source=oracle.source)


def _differences(pack: Pack, oracle: Oracle) -> Iterator[str]:
    """What came otherwise than expected."""
    told = plan(pack, oracle.scenario)
    table = pd.DataFrame({
        id: [None if one == "" else one for one in values] for id, values in oracle.given.items()
    })  # fmt: skip
    numbers = [id for id in table.columns if pack.attributes[id].unit]
    table = table.astype(dict.fromkeys(numbers, np.float64))
    taken = of_table(ID, table, told)
    done = work(told, taken.units)
    places = Rows(table, told, done.units)
    # A few units need not keep the shares of a problem that the example does not ask for.
    more = further(done, places.areas, frozenset(oracle.expect))
    found = Result(done, taken.found, places, None, more, 0, "table")
    columns = {name: pd.Series(values) for name, values, _title, _unit in columns_of(found)}
    for name, expected in oracle.expect.items():
        if name not in columns:
            yield f"{name}: there is no such column"
            continue
        for row, (wanted, came) in enumerate(zip(expected, columns[name], strict=True), start=1):
            if not _same(pack, name, wanted, came, oracle.tolerance):
                shown = "a gap" if pd.isna(came) else came
                yield f"{name} of unit {row}: expected {wanted}, came {shown}"


def _same(pack: Pack, name: str, wanted: float | str, came: object, tolerance: float) -> bool:
    if pd.isna(came):  # type: ignore[call-overload]  # one value
        return wanted == ""
    if isinstance(came, str):
        titles = {came} if name != "grade" else {
            title for one in pack.grades if one.title.get("en") == came for title in one.title.values()
        }  # fmt: skip
        return wanted in titles
    # A part in 10^12 of slack, so that a tolerance given in the digits of the print is not too tight.
    return not isinstance(wanted, str) and abs(float(came) - wanted) <= tolerance * (1 + 1e-9) + 1e-12  # type: ignore[arg-type]  # a number


def run_properties(pack: Pack, *, seed: int = 0) -> list[TestResult]:
    """Results of what must hold of any evaluation, on the made data of the pack.

    Raises
    ------
    InvalidError
        Where the pack has faults or makes no data.
    """
    told = plan(pack)
    if pack.synthetic is None:
        raise InvalidError("the pack makes no data", hint="tell in `synthetic` how each attribute is drawn")
    table = _moved_a_little(pack, made_parcels(pack, pack.synthetic, seed), seed)
    try:
        done = _worked(told, table)
        further(done, Rows(table, told, done.units).areas)
        return [
            _weights(done), _range(done), _directions(done), _monotone(done), _order(done, table),
            _units(done, table), *_scenarios(pack, table),
        ]  # fmt: skip
    except CratonError as error:
        return [TestResult(title="the made data can be evaluated", passed=False, came=error.message)]


def _worked(told: Plan, table: pd.DataFrame) -> Work:
    done = work(told, of_table(ID, table, told).units)
    done.answers  # noqa: B018 - tables whose rules meet are refused here
    return done


def _moved_a_little(pack: Pack, table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Made data off the round numbers, on which thresholds lie and rounding would decide."""
    random = np.random.default_rng(seed)
    moved = {}
    for id, one in pack.attributes.items():
        if one.unit and id in table:
            values = table[id].to_numpy(np.float64)
            off = values + 1e-4 * np.nanstd(values) * random.uniform(-1.0, 1.0, values.size)
            low = -np.inf if one.lowest is None else one.lowest
            moved[id] = np.clip(off, low, np.inf if one.highest is None else one.highest)
    return table.assign(**moved)


def _told(title: str, wrong: list[str]) -> TestResult:
    return TestResult(title=title, passed=not wrong, came="; ".join(wrong[:5]))


def _weights(done: Work) -> TestResult:
    sums = {id: float(one.weights.sum()) for id, one in done.weights.items()}
    wrong = [f"{id}: {total:.12g}" for id, total in sums.items() if abs(total - 1.0) > EQUAL]
    if abs(done.leaf_weights.sum() - 1.0) > EQUAL:
        wrong.append(f"all indicators: {done.leaf_weights.sum():.12g}")
    return _told("weights add up to 1", wrong)


def _range(done: Work) -> TestResult:
    scores = dict(zip(done.plan.leaves, done.scored.T, strict=True)) | dict(done.criteria)
    wrong = [
        f"{id}: {values.min():g} to {values.max():g}" for id, values in scores.items()
        if values.min() < 0.0 or values.max() > 1.0
    ]  # fmt: skip
    return _told("scores lie from 0 to 1", wrong)


def _directions(done: Work) -> TestResult:
    """Along the numbers of the made data, scores never run against the direction of their indicator."""
    wrong = []
    for id in done.plan.leaves:
        one = done.plan.indicators[id]
        steps = np.diff(scored(np.sort(done.values[id][done.whole]), one))
        against = steps < -EQUAL if one.direction == "benefit" else steps > EQUAL
        if one.direction != "target" and against.any():
            wrong.append(f"{id} runs against {one.direction}")
    return _told("scores keep the directions of their indicators", wrong)


def _monotone(done: Work) -> TestResult:
    """A better score of one indicator never lowers the whole, where sums, products and the like are used."""
    parents = {part: id for id, one in done.plan.criteria.items() for part in one.parts}
    wrong = []
    for column, id in enumerate(done.plan.leaves):
        above, at = [], id
        while at in parents:
            at = parents[at]
            above.append(done.plan.criteria[at].combine)
        if not set(above) <= MONOTONE:
            continue
        better = done.scored.copy()
        better[:, column] += 0.5 * (1.0 - better[:, column])
        found = criterion_scores(done.plan, better, lambda id, _parts: done.weights[id].weights)
        lower = int((found[done.plan.pack.goal] < done.score - EQUAL).sum())
        if lower:
            wrong.append(f"a better {id} lowers {lower} units")
    return _told("a better indicator lowers no score", wrong)


def _compared(title: str, done: Work, other: Work, order: slice | None = None) -> TestResult:
    first, second = (one.spread(one.score) for one in (done, other))
    second = second if order is None else second[order]
    same = np.isclose(first, second, rtol=0.0, atol=1e-6, equal_nan=True)
    return _told(
        title, [] if same.all() else [f"{int((~same).sum())} of {same.size} units have another score"]
    )


def _order(done: Work, table: pd.DataFrame) -> TestResult:
    back = slice(None, None, -1)
    turned = table.iloc[back].reset_index(drop=True)
    turned.attrs = table.attrs
    return _compared("the order of the units does not matter", done, _worked(done.plan, turned), back)


def _units(done: Work, table: pd.DataFrame) -> TestResult:
    """The same data in other units give the same scores."""
    changed, notes = {}, dict(table.attrs[COLUMNS])
    for id, one in done.plan.pack.attributes.items():
        other = _other_unit(one.unit) if one.unit and id in table else ""
        if other:
            changed[id] = units.convert(table[id].to_numpy(np.float64), one.unit, other)
            notes[id] = {**notes[id], "unit": other}
    converted = table.assign(**changed)
    converted.attrs = {**table.attrs, COLUMNS: notes}
    title = f"data in other units give the same scores ({len(changed)} attributes)"
    return _compared(title, done, _worked(done.plan, converted))


def _other_unit(unit: str) -> str:
    """Another unit that converts, empty where there is none."""
    for symbol in units.units():
        if symbol != unit and units.compatible(symbol, unit) and units.conversion(unit, symbol) != (1.0, 0.0):
            return symbol
    return ""


def _scenarios(pack: Pack, table: pd.DataFrame) -> Iterator[TestResult]:
    for id in pack.scenarios:
        try:
            done = _worked(plan(pack, id), table)
            further(done, Rows(table, done.plan, done.units).areas)
            yield TestResult(title=f"the scenario {id} can be evaluated", passed=True)
        except CratonError as error:
            yield TestResult(title=f"the scenario {id} can be evaluated", passed=False, came=error.message)
