"""Scores by what holds back: the weakest criterion, and systems out of step."""

from __future__ import annotations

import numpy as np

from craton.kernels.criteria_ranking import weighted_product, weighted_sum


def limited(scores: np.ndarray, weights: np.ndarray, strictness: float) -> np.ndarray:
    """Score (n,) as the weakest of scores (n, k) from 0 to 1 allows.

    Notes
    -----
    (min_j s_j)^α · Π_j s_j^((1−α) w_j), the strictness α from 0, the geometric mean, to 1, the least alone.
    """
    return np.asarray(
        scores.min(axis=1) ** strictness * weighted_product(scores, weights) ** (1.0 - strictness)
    )


def coupling(scores: np.ndarray) -> np.ndarray:
    """Geometric over arithmetic mean (n,) of scores (n, k), at most 1, and 0 where all are 0."""
    count = scores.shape[1]
    total = scores.sum(axis=1)
    product = np.prod(scores ** (1.0 / count), axis=1)
    return np.asarray(np.minimum(count * product / np.where(total > 0, total, 1.0), 1.0))


def coordination(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Degree (n,) of coupling and coordination of systems scored (n, k) from 0 to 1.

    Notes
    -----
    D = √(C T) with the coupling C, the geometric over the arithmetic mean, and the development T = Σ w_j u_j.
    """
    return np.asarray(np.sqrt(coupling(scores) * weighted_sum(scores, weights)))
