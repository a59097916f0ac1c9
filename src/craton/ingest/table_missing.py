"""Numbers that stand for something else: for no value, or for a value below detection."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import count, is_empty, mask
from craton.ingest.table_numbers import ORIGINAL, Numbers, add_limits
from craton.model.record import Finding

HUGE = 1e30
"""Magnitude no measurement reaches: 1e32, 1.70141e38, -1.23e34 and the like mean "no value"."""

NINES = re.compile(r"-9{3,}(?:\.0+|\.9+|\.25)?|-9+\.9{2,}|9{4,}(?:\.0+|\.9+)?")
"""Numbers written with nothing but nines (and the -999.25 of well logs)."""

DECLARED = re.compile(
    r"(?:no[ _-]?data|missing|null|dummy|fill)(?:[ _-]?values?)?\s*(?:is|are|[:=])?\s*"
    r"(-?\d[\d.]*(?:[eE][+-]?\d+)?)",
    re.IGNORECASE,
)

CLEAR_GAP, SINGLE_GAP = 0.25, 0.5
"""Distance to the nearest other value, as a share of the mark itself, that makes a mark unmistakable:
where it is repeated, and where it stands once."""

POSITIVE_GAP = 0.9
"""The same for marks of nines above all other values, which are rarer."""

MOST_MARKS = 3
LIMIT_DIGITS = 3
"""Significant digits a detection limit is stated with at most."""

MOST_DISTINCT = 5
"""Distinct negative numbers up to which they are taken for detection limits rather than noise about zero."""


def declared_marks(text: str) -> tuple[float, ...]:
    """Numbers that `text`, the lines above a table, declares to mean "no value"."""
    return tuple(float(number.rstrip(".")) for number in DECLARED.findall(text) if number.count(".") <= 1)


def empty_marks(numbers: Numbers, cells: pa.Array, declared: tuple[float, ...] = ()) -> None:
    """Make numbers that mean "no value" missing: declared ones, and unmistakable ones (kept beside)."""
    _empty_declared(numbers, declared)
    guessed = 0
    for _ in range(MOST_MARKS):
        mark = _unmistakable(numbers.values)
        if mark is None:
            break
        hit = pc.equal(numbers.values, mark)
        guessed += count(hit)
        numbers.values = pc.if_else(hit, None, numbers.values)
    if guessed:
        numbers.companions[ORIGINAL] = cells
        numbers.findings.append(Finding(code="nodata-guessed", count=guessed))


def _empty_declared(numbers: Numbers, declared: tuple[float, ...]) -> None:
    if not declared:
        return
    hit = pc.is_in(numbers.values.cast(pa.float64()), pa.array(declared, type=pa.float64()))
    if number := count(hit):
        numbers.values = pc.if_else(hit, None, numbers.values)
        numbers.findings.append(Finding(code="nodata-declared", count=number))


def _unmistakable(values: pa.Array) -> float | int | None:
    """The smallest or largest value, if it can only be a mark."""
    extent = pc.min_max(values).as_py()
    return next(
        (end for end in (extent["min"], extent["max"]) if end is not None and _is_mark(values, end)), None
    )


def _is_mark(values: pa.Array, mark: float) -> bool:
    if abs(mark) >= HUGE:
        return True
    if not NINES.fullmatch(repr(mark)):
        return False
    others = values.filter(pc.not_equal(values, mark))
    if is_empty(others):
        return mark < 0
    extent = pc.min_max(others).as_py()
    repeated = len(values) - values.null_count - (len(others) - others.null_count) > 1
    gap = extent["min"] - mark if mark < 0 else mark - extent["max"]
    if mark > 0:
        return bool(repeated and gap > POSITIVE_GAP * mark)
    return bool(gap > (CLEAR_GAP if repeated else SINGLE_GAP) * -mark)


def is_text_mark(cells: pa.Array) -> pa.Array:
    """Mask of cells in a column of texts that hold nothing but a mark of nines."""
    return pc.match_substring_regex(cells, r"^-9{3,}(?:\.0+)?$")


def negatives_to_limits(numbers: Numbers) -> None:
    """Read negative concentrations as "below the detection limit of that size" if few of them differ."""
    extent = pc.min_max(numbers.values).as_py()
    if extent["min"] is None or extent["min"] >= 0:
        return
    negative = pc.less(numbers.values, 0)
    marks = pc.unique(numbers.values.filter(negative)).to_pylist()
    if len(marks) > MOST_DISTINCT or not all(float(f"{mark:.{LIMIT_DIGITS}g}") == mark for mark in marks):
        return
    limits = pc.abs(numbers.values).cast(pa.float64())
    add_limits(numbers, mask(negative), limits, "negative-below-detection")
