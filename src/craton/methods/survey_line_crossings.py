"""Crossings of survey lines: where they are, the readings there, and how far these disagree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from craton.kernels import survey_lines as kernel
from craton.kernels.survey_lines import Floats, Integers
from craton.methods.survey_line_order import Lines

USUAL_GAP = 5.0
"""Median steps of a line from which on a step is a gap."""


@dataclass(frozen=True)
class Crossed:
    """Crossings of lines."""

    lines: Integers
    """Numbers of the two lines (n, 2)."""

    points: Integers
    """Points before the crossing (n, 2)."""

    parts: Floats
    """Part of the step to the next point at which the crossing lies (n, 2)."""

    @property
    def count(self) -> int:
        """Number of crossings."""
        return len(self.lines)

    def chosen(self, which: np.ndarray) -> Crossed:
        """Those of the crossings that `which` (n,) marks."""
        return Crossed(self.lines[which], self.points[which], self.parts[which])

    def between(self, values: Floats) -> Floats:
        """Values of the points (m,) at the crossings on either line (n, 2), straight between two points."""
        return values[self.points] * (1.0 - self.parts) + values[self.points + 1] * self.parts


def crossed(lines: Lines, meet: np.ndarray, maximum_gap: float | None) -> Crossed:
    """Crossings of the pairs of lines `meet` (lines, lines), but for those on gaps.

    A gap is a step longer than `maximum_gap` metres, or than five median steps of its line.
    """
    found = kernel.crossings(lines.places, lines.starts, meet)
    points = np.column_stack([found.first_point, found.second_point])
    numbers = np.column_stack([found.first_line, found.second_line])
    parts = np.column_stack([found.first_part, found.second_part])
    limit = usual_gaps(lines) if maximum_gap is None else np.full(lines.count, maximum_gap)
    near = (lines.distance[points + 1] - lines.distance[points] <= limit[numbers]).all(axis=1)
    numbers, points, parts = numbers[near], points[near], parts[near]
    return Crossed(numbers, points, parts)


def usual_gaps(lines: Lines) -> Floats:
    """Metres from which on a step of each line is a gap."""
    limits = np.full(lines.count, np.inf)
    steps = lines.steps
    for number, part in enumerate(lines.parts):
        moved = steps[part][steps[part] > 0]
        if moved.size:
            limits[number] = USUAL_GAP * float(np.median(moved))
    return limits


def statistics_of(names: list[str], unit: list[str], misties: list[Floats]) -> pd.DataFrame:
    """Count, mean, spread and size of misties, a row for each name."""
    rows = []
    for name, one, every in zip(names, unit, misties, strict=True):
        values = every[np.isfinite(every)]
        there = values.size > 0
        middle = float(np.median(values)) if there else np.nan
        rows.append({
            "column": name, "unit": one, "count": values.size,
            "mean": float(values.mean()) if there else np.nan,
            "standard_deviation": float(values.std(ddof=1)) if values.size > 1 else np.nan,
            "root_mean_square": float(np.sqrt((values**2).mean())) if there else np.nan,
            "median": middle,
            "robust_deviation": kernel.MAD_TO_DEVIATION * float(np.median(np.abs(values - middle)))
            if there else np.nan,
            "largest": float(np.abs(values).max()) if there else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)
