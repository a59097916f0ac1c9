"""Numbers of many units in short."""

from __future__ import annotations

import numpy as np

from craton.model.evaluation import Spread

BINS = 20
"""Steps of a histogram."""


def spread_of(values: np.ndarray) -> Spread:
    """Count, gaps, mean, quartiles and histogram of numbers; NaN are gaps."""
    known = values[np.isfinite(values)]
    gaps = int(values.size - known.size)
    if not known.size:
        return Spread(count=0, gaps=gaps)
    low, *quartiles, high = (float(one) for one in np.quantile(known, [0.0, 0.25, 0.5, 0.75, 1.0]))
    bins, _edges = np.histogram(known, bins=BINS, range=(low, high)) if high > low else (np.zeros(0), None)
    return Spread(
        count=int(known.size), gaps=gaps, mean=float(known.mean()), lowest=low, quartiles=tuple(quartiles),
        highest=high, bins=tuple(int(one) for one in bins),
    )  # fmt: skip
