"""Scores of learned units: how often they are right in holes left out, and whether confidence is true."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.methods.borehole_features import Samples
from craton.methods.borehole_layers import Layers
from craton.process.marks import Column, Table

BINS = np.array([0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
"""Limits of the classes of confidence in which it is compared with the share of right units."""

AccuracyTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="method", title="How the unit is told"),
            Column(name="accuracy", unit="1", title="Share of intervals with the right unit"),
            Column(name="accuracy_by_thickness", unit="1", title="Share of metres with the right unit"),
            Column(name="log_loss", unit="1", title="Mean of −ln of the probability of the right unit"),
            Column(name="calibration_error", unit="1", title="Mean of |confidence − share right|"),
            Column(name="intervals", unit="1", title="Intervals judged"),
            Column(name="holes", unit="1", title="Holes judged"),
        )
    ),
]

ConfusionTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="unit", quantity="geological_unit", title="Unit"),
            Column(name="learned", quantity="geological_unit", title="Unit as learned from other holes"),
            Column(name="intervals", unit="1", title="Intervals"),
            Column(name="thickness", unit="m", title="Their thickness"),
        )
    ),
]

CalibrationTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="from_confidence", unit="1", title="From confidence"),
            Column(name="to_confidence", unit="1", title="To confidence"),
            Column(name="intervals", unit="1", title="Intervals"),
            Column(name="confidence", unit="1", title="Their mean confidence"),
            Column(name="right", unit="1", title="Share of them with the right unit"),
        )
    ),
]


class Outside(NamedTuple):
    """Intervals with a unit, judged while their holes were left out."""

    rows: np.ndarray
    counts: np.ndarray
    chance: np.ndarray
    nearest: np.ndarray
    frequent: np.ndarray


class Judged(NamedTuple):
    """Units in order of the intervals left out, and the probabilities of all units."""

    code: np.ndarray
    chance: np.ndarray
    confidence: np.ndarray


def log_loss(chance: np.ndarray, right: np.ndarray) -> float:
    """Mean of −ln of the probability (n, units) of the right unit (n,)."""
    own = np.take_along_axis(chance, right[:, None], axis=1)
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def accuracy(samples: Samples, layers: Layers, outside: Outside, judged: Judged) -> pd.DataFrame:
    """Shares of right units by method, in holes left out."""
    right, thick = samples.unit[outside.rows], layers.thickness[outside.rows]
    plain = outside.chance.argmax(axis=1)
    rows = []
    for name, code, chance in (
        ("learned", judged.code, judged.chance), ("learned without order", plain, outside.chance),
        ("nearest hole", np.where(outside.nearest < 0, outside.frequent, outside.nearest), None),
        ("most frequent unit", outside.frequent, None),
    ):  # fmt: skip
        hit = code == right
        loss = np.nan if chance is None else log_loss(chance, right)
        error = np.nan
        if chance is not None:
            error = _calibration_error(np.take_along_axis(chance, code[:, None], axis=1)[:, 0], hit)
        rows.append((
            name, hit.mean(), (hit * thick).sum() / thick.sum(), loss, error, right.size, outside.counts.size,
        ))  # fmt: skip
    names = [
        "method",
        "accuracy",
        "accuracy_by_thickness",
        "log_loss",
        "calibration_error",
        "intervals",
        "holes",
    ]
    return pd.DataFrame(rows, columns=names).astype({"method": "str"})


def _bins(confidence: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(BINS, confidence, side="right") - 1, 0, BINS.size - 2)


def _calibration_error(confidence: np.ndarray, hit: np.ndarray) -> float:
    """Mean over the intervals of how far confidence is from the share of right units in its class."""
    place = _bins(confidence)
    gap = np.bincount(place, confidence - hit, BINS.size - 1)
    return float(np.abs(gap).sum() / hit.size)


def calibration(samples: Samples, outside: Outside, judged: Judged) -> pd.DataFrame:
    """Share of right units by class of confidence, in holes left out."""
    place = _bins(judged.confidence)
    hit = judged.code == samples.unit[outside.rows]
    counts = np.bincount(place, minlength=BINS.size - 1)
    with np.errstate(invalid="ignore"):
        mean, share = (np.bincount(place, one, BINS.size - 1) / counts for one in (judged.confidence, hit))
    return pd.DataFrame({
        "from_confidence": BINS[:-1], "to_confidence": BINS[1:], "intervals": counts, "confidence": mean,
        "right": share,
    })  # fmt: skip


def confusion(
    layers: Layers, order: tuple[str, ...], samples: Samples, outside: Outside, judged: Judged
) -> pd.DataFrame:
    """Intervals and metres by right and learned unit, in holes left out."""
    frame = pd.DataFrame({
        "right": samples.unit[outside.rows], "code": judged.code, "thickness": layers.thickness[outside.rows],
    })  # fmt: skip
    pairs = frame.groupby(["right", "code"])["thickness"].agg(["size", "sum"]).reset_index()
    names = np.array(order, dtype=object)
    return pd.DataFrame({
        "unit": pd.Series(names[pairs["right"]], dtype="str"),
        "learned": pd.Series(names[pairs["code"]], dtype="str"),
        "intervals": pairs["size"].to_numpy(), "thickness": pairs["sum"].to_numpy(),
    })  # fmt: skip
