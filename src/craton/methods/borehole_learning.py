"""Units by learning: stratigraphic units of drill holes from holes that are already interpreted."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from craton.kernels import ordered_labels
from craton.methods.borehole_features import Samples, neighbour_features, own_features
from craton.methods.borehole_layers import (
    LITHOLOGY,
    UNIT,
    DrillHoles,
    Layers,
    column_of_meaning,
    layers_of,
    numbers,
    texts,
)
from craton.methods.borehole_order import order_of
from craton.methods.borehole_places import Placed, from_the_top, placed_holes
from craton.methods.borehole_scores import (
    AccuracyTable,
    CalibrationTable,
    ConfusionTable,
    Judged,
    Outside,
    accuracy,
    calibration,
    confusion,
    log_loss,
)
from craton.methods.borehole_units import CHANGE, Reversals, with_units
from craton.methods.geomodel_column import ColumnTable, column_of
from craton.methods.placement import crs_of, same_crs
from craton.model.data import Boreholes
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, ReferenceSystem
from craton.process.processes import process

LEARNING = "boreholes.units_by_learning"

LEAST = 1e-3
"""Probability that counts at the least, so that the order can overrule any class."""

POWERS = np.array([0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0])
"""Powers of the probabilities, of which the one that makes them truest is taken."""


class Learned(NamedTuple):
    """Holes with their units, and how far these can be trusted."""

    boreholes: DrillHoles
    accuracy: AccuracyTable
    confusion: ConfusionTable
    calibration: CalibrationTable


@process(LEARNING, version="1", keywords=("stratigraphy", "random forest", "machine learning", "地层划分"))
def units_by_learning(
    boreholes: DrillHoles,
    interpreted: DrillHoles | None = None,
    column: ColumnTable | None = None,
    *,
    unit: str = "",
    table: str = "",
    lithology: str = "",
    columns: tuple[str, ...] = (),
    method: Literal["forest", "boosting"] = "forest",
    trees: Annotated[int, Bounds(minimum=10, maximum=2000)] = 200,
    folds: Annotated[int, Bounds(minimum=2, maximum=50)] = 5,
    reversals: Reversals | None = None,
    crs: Annotated[str, ReferenceSystem(projected=True)] | None = None,
    seed: Annotated[int, Bounds(minimum=0, maximum=2**31 - 1)] = 0,
) -> Learned:
    """Stratigraphic unit of each interval, learned from intervals that are already interpreted.

    Use it to carry the units of interpreted holes to the many that are only described. It tells by
    cross-validation, whole holes left out, how often it is right, and whether its confidence is true.
    Not where interpreted holes lie elsewhere than the others, or show other units.

    Parameters
    ----------
    boreholes : Boreholes
        Holes with a table of intervals. Rows with a unit are learned from and keep it; rows without get
        one.
    interpreted : Boreholes, optional
        Further holes, with a table of that name and those columns, only to learn from.
    column : DataFrame, optional
        Stratigraphic column, `unit` from the youngest. Without it the order is the one the interpreted
        holes tell (`boreholes.stratigraphic_order`).
    unit : str
        Column of units; empty for `unit` or the first whose name says so.
    table : str
        Table of intervals; empty for the first with a lithology.
    lithology : str
        Its column of lithology; empty for the first whose name says so.
    columns : tuple of str
        Further columns to learn from, numbers or texts, such as colour.
    method : str
        `forest` (extremely randomised trees, which need no tuning) or `boosting` (histogram gradient
        boosting, slower, at times better with thousands of intervals).
    trees : int
        Trees, or rounds of boosting.
    folds : int
        Parts of the holes left out in turn.
    reversals : float, optional
        Weight of a step down to a younger unit, where any other step weighs 1; 0 forbids it. Without it as
        many as interpreted holes show for each step to an older unit, so 0 where they show none.
    crs : str, optional
        Reference system in metres in which distances are taken. Without it that of the collars, or for
        collars in degrees the UTM zone (WGS 84) of their middle.
    seed : int
        Start of the random numbers; the same gives the same result.

    Returns
    -------
    boreholes : Boreholes
        `boreholes` with one more table, `units`: the interval, its `unit`, `confidence` (1 where it was
        given), `basis` (`given` or `learned`) and the lithology.
    accuracy : DataFrame
        Shares of right units in holes left out: `learned`, `learned without order`, `nearest hole` (the
        unit at the same height in the nearest interpreted hole that reaches it), `most frequent unit`.
    confusion : DataFrame
        Intervals and metres by right and learned unit, in holes left out.
    calibration : DataFrame
        Share of right units by class of confidence, in holes left out.

    Notes
    -----
    Features: lithology of the interval and of those above and below, thickness, depth, height, place, and
    the units at the same height in near interpreted holes, and height above planes through the bases of units
    in them; never of the hole itself.
    Probabilities p of the classifier become evidence p^γ for a sequence in order (Viterbi; confidence by
    forward–backward). γ is the power that makes the probability of the right units in holes left out
    greatest.

    References
    ----------
    Geurts, P., Ernst, D., and Wehenkel, L. (2006). Extremely randomized trees. Machine Learning 63, 3-42.
    doi:10.1007/s10994-006-6226-1
    Roberts, D. R., et al. (2017). Cross-validation strategies for data with temporal, spatial, hierarchical,
    or phylogenetic structure. Ecography 40, 913-929. doi:10.1111/ecog.02881
    Guo, C., Pleiss, G., Sun, Y., and Weinberger, K. Q. (2017). On calibration of modern neural networks.
    Proceedings of ICML 70, 1321-1330.
    """
    whole = boreholes if interpreted is None else _together(boreholes, interpreted)
    layers, rock = layers_of(
        LEARNING, whole, table, lithology, meaning=LITHOLOGY,
        parameter="lithology" if lithology else "table",
    )  # fmt: skip
    layers = from_the_top(whole, layers)
    unit = unit or column_of_meaning(layers.frame, UNIT) or "unit"
    _check_columns(layers, unit, columns)
    order, given = _units(layers, unit, column)
    samples = _samples(placed_holes(LEARNING, whole, crs), layers, given, len(order), own=(rock, columns))
    model = _Model(method, trees, seed)
    outside = _left_out(samples, model, folds, seed)
    steps = {"change": CHANGE, "reversal": _backward(samples) if reversals is None else reversals}
    power = _power(samples, outside, steps)
    judged = _decoded(power * np.log(outside.chance), outside.counts, steps)
    final = _interpreted(samples, model, layers, power, steps)
    basis = np.where(given >= 0, "given", "learned")
    told = with_units(whole, layers, *final, order, basis, [rock, *columns])
    return Learned(
        _only(told, boreholes), accuracy(samples, layers, outside, judged),
        confusion(layers, order, samples, outside, judged), calibration(samples, outside, judged),
    )  # fmt: skip


def _check_columns(layers: Layers, unit: str, columns: tuple[str, ...]) -> None:
    for parameter, names in (("unit", (unit,)), ("columns", columns)):
        missing = [name for name in names if name not in layers.frame.columns]
        if missing:
            has = ", ".join(map(str, layers.frame.columns[3:27]))
            raise ContractError(LEARNING, parameter, f"a column of {layers.table}: {has}", repr(missing[0]))


def _together(boreholes: Boreholes, interpreted: Boreholes) -> Boreholes:
    """Both sets as one, in the reference system of the first."""
    first, second = boreholes.collars, interpreted.collars
    clash = sorted(set(first["hole_id"].astype(str)) & set(second["hole_id"].astype(str)))
    if clash:
        came = ", ".join(clash[:5])
        raise ContractError(
            LEARNING, "interpreted", "holes other than those of `boreholes`", f"{came} in both"
        )
    systems = crs_of(first), crs_of(second)
    if not same_crs(*systems):
        if not all(systems):
            allowed = "in a reference system as `boreholes` are"
            raise ContractError(LEARNING, "interpreted", allowed, "one of the two in none stated")
        second = second.to_crs(pyproj.CRS(systems[0]))
    collars = gpd.GeoDataFrame(pd.concat([pd.DataFrame(first), pd.DataFrame(second)], ignore_index=True))
    tables = {
        name: pd.concat([frame, interpreted.intervals[name]], ignore_index=True)
        if name in interpreted.intervals else frame
        for name, frame in boreholes.intervals.items()
    }  # fmt: skip
    surveys = pd.concat([boreholes.surveys, interpreted.surveys], ignore_index=True)
    return Boreholes(collars.set_crs(first.crs) if first.crs else collars, surveys, tables)


def _only(told: Boreholes, boreholes: Boreholes) -> Boreholes:
    """The holes of `boreholes` with their new table."""
    units = told.intervals["units"]
    kept = units["hole_id"].isin(set(boreholes.collars["hole_id"].astype(str)) | _named(boreholes))
    tables = {**boreholes.intervals, "units": units[kept].reset_index(drop=True)}
    return Boreholes(boreholes.collars, boreholes.surveys, tables, boreholes.curves)


def _named(boreholes: Boreholes) -> set[str]:
    return {name for frame in boreholes.intervals.values() for name in frame["hole_id"].astype(str)}


def _units(layers: Layers, unit: str, column: pd.DataFrame | None) -> tuple[tuple[str, ...], np.ndarray]:
    """Units that are given, from the youngest, and the place of each interval's unit, −1 for none."""
    names = texts(layers.frame[unit])
    if column is None:
        order = order_of(LEARNING, layers, names).units
        code = pd.Index(order).get_indexer(pd.Index(names))
    else:
        stated = column_of(LEARNING, column)
        rows = stated.rows_of(LEARNING, "unit", pd.Series(names))
        used = np.unique(rows[rows >= 0])
        order, code = (
            tuple(stated.order[row] for row in used),
            np.where(rows < 0, -1, np.searchsorted(used, rows)),
        )
    holes = np.unique(layers.hole[code >= 0]).size
    if len(order) < 2 or holes < 3:
        raise ContractError(
            LEARNING, "unit", "a column with two units or more in three holes or more",
            f"one with {len(order)} in {holes}",
        )  # fmt: skip
    return order, code


def _samples(
    placed: Placed, layers: Layers, unit: np.ndarray, units: int, own: tuple[str, tuple[str, ...]]
) -> Samples:
    """Intervals with places, heights and features; those of holes without a place get the features' zero."""
    number = placed.number(layers.frame["hole_id"])
    ends = [placed.at(number, numbers(layers.frame[name])) for name in ("from_depth", "to_depth")]
    places = placed.at(number, layers.middle)
    known = np.isfinite(places).all(axis=1) & np.isfinite(ends[0] + ends[1]).all(axis=1)
    if not known.any():
        raise ContractError(LEARNING, "boreholes", "holes with places and elevations", "holes without")
    middle = places[known].mean(axis=0)
    # From their middle, so that trees see the same digits wherever the survey lies.
    features = own_features(layers, np.round(places - middle, 6), *own)
    safe = np.where(known[:, None], places - middle, 0.0)
    top, base = (np.where(known, end[:, 2] - middle[2], 0.0) for end in ends)
    return Samples(
        layers.hole, safe, np.maximum(top, base), np.minimum(top, base), unit, known, features, units
    )  # fmt: skip


def _backward(samples: Samples) -> float:
    """Steps down to a younger unit in interpreted holes for each step to an older one, at most 1."""
    unit, hole = samples.unit, samples.hole
    pair = (hole[1:] == hole[:-1]) & (unit[1:] >= 0) & (unit[:-1] >= 0)
    step = np.sign(unit[1:] - unit[:-1])[pair]
    return min(1.0, float((step < 0).sum() / max((step > 0).sum(), 1)))


class _Model(NamedTuple):
    """A classifier of scikit-learn and its settings."""

    method: str
    trees: int
    seed: int

    def chances(
        self, samples: Samples, known: np.ndarray, asked: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (m, units) of intervals `asked`, and the unit of the nearest hole (m,).

        They are learned from the intervals that are `known`.
        """
        from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

        rows = np.flatnonzero(known)
        learned = np.hstack([samples.own[rows], neighbour_features(samples, known, rows)[0]])
        votes, nearest = neighbour_features(samples, known, asked)
        if self.method == "forest":
            model = ExtraTreesClassifier(self.trees, min_samples_leaf=2, random_state=self.seed)
        else:
            model = HistGradientBoostingClassifier(
                max_iter=self.trees, learning_rate=0.05, max_leaf_nodes=15, random_state=self.seed,
                early_stopping=False,
            )  # fmt: skip
        # One thread: the same digits everywhere, and no threads left over in a forked worker.
        with threadpool_limits(1):
            model.fit(learned, samples.unit[rows])
            chance = model.predict_proba(np.hstack([samples.own[asked], votes]))
        full = np.full((asked.size, samples.units), LEAST)
        full[:, model.classes_] = np.maximum(chance, LEAST)
        return full / full.sum(axis=1, keepdims=True), nearest


def _left_out(samples: Samples, model: _Model, folds: int, seed: int) -> Outside:
    """Probabilities of the units of each hole, learned without it and the others of its fold."""
    known = samples.unit >= 0
    rows = np.flatnonzero(known)
    holes, inverse, counts = np.unique(samples.hole[rows], return_inverse=True, return_counts=True)
    part = np.random.default_rng(seed).permutation(holes.size) % min(folds, holes.size)
    chance = np.empty((rows.size, samples.units))
    nearest, frequent = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    for fold in progress.each(range(int(part.max()) + 1), "cross-validation"):
        inside = part[inverse] == fold
        left = known.copy()
        left[rows[inside]] = False
        chance[inside], nearest[inside] = model.chances(samples, left, rows[inside])
        frequent[inside] = np.bincount(samples.unit[left]).argmax()
    return Outside(rows, counts.astype(np.int64), chance, nearest, frequent)


def _power(samples: Samples, outside: Outside, steps: dict[str, float]) -> float:
    """Power of the probabilities with which the right units are likeliest."""
    right = samples.unit[outside.rows]
    losses = []
    for power in POWERS:
        chance = ordered_labels.marginals(power * np.log(outside.chance), outside.counts, **steps)
        losses.append(log_loss(chance, right))
    return float(POWERS[int(np.argmin(losses))])


def _decoded(evidence: np.ndarray, counts: np.ndarray, steps: dict[str, float]) -> Judged:
    code = ordered_labels.decode(evidence, counts, **steps)
    chance = ordered_labels.marginals(evidence, counts, **steps)
    return Judged(code, chance, np.take_along_axis(chance, code[:, None], axis=1)[:, 0])


def _interpreted(
    samples: Samples, model: _Model, layers: Layers, power: float, steps: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Units and probabilities of all intervals, those given as given."""
    known = samples.unit >= 0
    evidence = np.full((known.size, samples.units), np.log(LEAST))
    evidence[known, samples.unit[known]] = 0.0
    asked = np.flatnonzero(~known)
    if asked.size:
        evidence[asked] = power * np.log(model.chances(samples, known, asked)[0])
    found = _decoded(evidence, layers.counts, steps)
    chance = np.where(known[:, None], evidence == 0.0, found.chance)
    return np.where(known, samples.unit, found.code), chance
