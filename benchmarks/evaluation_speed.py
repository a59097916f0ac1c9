"""An evaluation of a million units by forty indicators with a thousand draws over weights, from table to answer."""

from __future__ import annotations

import json
import os
import resource
import time

import numpy as np
import pandas as pd

from craton.decide.evaluation import table
from harness import report

UNITS = int(os.environ.get("EVALUATION_UNITS", "1000000"))
DRAWS = int(os.environ.get("EVALUATION_DRAWS", "1000"))
CRITERIA, EACH = 8, 5
CHECKED = 2_000
"""Units whose scores and grade probabilities are worked out anew."""

AGREE = 1e-9
LIMITS = (0.0, 0.45, 0.5, 0.55)
WORDS = {"en": "Made", "zh": "模拟"}


def pack() -> str:
    """A pack of eight criteria of five indicators each, that are straight lines of attributes."""
    names = [f"a{number}" for number in range(CRITERIA * EACH)]
    parts = {f"c{n}": [f"i{n * EACH + m}" for m in range(EACH)] for n in range(CRITERIA)}
    criteria = {
        "goal": {"title": WORDS, "parts": list(parts)},
        **{name: {"title": WORDS, "parts": told} for name, told in parts.items()},
    }
    line = {"title": WORDS, "direction": "benefit", "score": {"worst": 0.0, "best": 100.0}}
    return json.dumps({
        "id": "million", "version": "1", "title": WORDS, "question": WORDS, "description": WORDS, "limits": WORDS,
        "goal": "goal", "attributes": {name: {"unit": "m", "title": WORDS} for name in names},
        "indicators": {f"i{n}": {**line, "formula": name} for n, name in enumerate(names)}, "criteria": criteria,
        "grades": [
            {"title": {"en": f"G{n}", "zh": f"G{n}"}, "from_score": low} for n, low in enumerate(LIMITS)
        ],
        "uncertainty": {"draws": DRAWS},
    })  # fmt: skip


def main() -> None:
    """Measure wall seconds of the whole process, and check scores and probabilities of some units."""
    random = np.random.default_rng(40)
    names = [f"a{number}" for number in range(CRITERIA * EACH)]
    numbers = random.uniform(0.0, 100.0, (UNITS, len(names)))
    data = pd.DataFrame(numbers, columns=names)
    data.attrs["columns"] = {name: {"unit": "m"} for name in names}
    text = pack()
    few = data.iloc[:20_001]
    few.attrs = data.attrs
    table(few, pack=text, draws=20)  # compiles
    start, work = time.perf_counter(), time.process_time()
    found = table(data, pack=text, seed=1).units
    seconds, work = time.perf_counter() - start, time.process_time() - work
    score = numbers.mean(axis=1) / 100.0
    assert np.abs(found["score"].to_numpy() - score).max() < AGREE
    fresh = probabilities(numbers[:CHECKED] / 100.0, score[:CHECKED], random)
    # Both are shares of so many draws, so they differ by their own chance.
    apart = float(np.sqrt(np.mean((found["grade_probability"].to_numpy()[:CHECKED] - fresh) ** 2)))
    assert apart < 1.2 / np.sqrt(DRAWS)
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    report(
        claim="evaluation-million", ours=seconds, peer=None, peer_name="none", unit="s", goal="≤ 60 s",
        work=f"{UNITS:,} units by {len(names)} indicators, {DRAWS:,} draws over weights, from table to answer, 2 threads; "
        f"{work:.0f} CPU s, {gigabytes:.1f} GiB; grade probabilities within {apart:.2g} of others' draws",
    )  # fmt: skip


def probabilities(scores: np.ndarray, score: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Part of fresh draws in which units keep their grade, level by level."""
    limits = np.array([*LIMITS, np.inf])
    grades = np.searchsorted(limits, score, side="right") - 1
    kept = np.zeros(len(score))
    for _draw in range(DRAWS):
        levels = [shares(random, EACH) for _ in range(CRITERIA)]
        whole = np.concatenate([top * own for top, own in zip(shares(random, CRITERIA), levels, strict=True)])
        drawn = scores @ whole
        kept += (limits[grades] <= drawn) & (drawn < limits[grades + 1])
    return kept / DRAWS


def shares(random: np.random.Generator, count: int) -> np.ndarray:
    """Equal weights, each drawn from 0.7 to 1.3 of itself and brought to the sum 1."""
    drawn = random.uniform(0.7, 1.3, count)
    return drawn / drawn.sum()


if __name__ == "__main__":
    main()
