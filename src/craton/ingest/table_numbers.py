"""Columns of text that are columns of numbers: marks of missing values, decimal commas, detection limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import blank_to_null, count, mask, matches
from craton.ingest.table_dialect import LONGEST_TYPED
from craton.model.record import Finding

PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?"
COMMA = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eEdD][+-]?\d+)?"
GROUPED = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
LIMIT = rf"(?P<sign>[<>≤≥])\s*=?\s*(?P<limit>{PLAIN}|{COMMA})"

MARKS = (
    "\\N", "NA", "N/A", "n/a", "na", "n.a.", "N.A.", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "null",
    "Null", "None", "none", "nil", "*", "**", "***", "****", "-", "--", "---", "–", "—", "?", ".", "..",
    "...", "nd", "ND", "n.d.", "N.D.", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "1.#QNAN", "-1.#IND",
    "missing", "MISSING",
)  # fmt: skip
"""What stands for a missing number."""

BELOW_WORDS = (
    "bdl", "BDL", "b.d.l.", "B.D.L.", "<LOD", "<DL", "<MDL", "<LLD", "<d.l.", "<D.L.", "<dl", "<lod", "LOD",
    "below detection",
)  # fmt: skip
"""What says "below detection" without the limit."""

NUMERIC_SHARE = 0.8
"""Share of numbers among the filled cells from which a column is one of numbers."""

LEADING_TEXTS = 12
"""Cells of text at the head of a column of numbers that are taken for remarks on it."""

SAMPLE = 1000
BELOW, DETECTION_LIMIT, ABOVE, UPPER_LIMIT = (
    "_below_detection",
    "_detection_limit",
    "_above_range",
    "_upper_limit",
)
TEXT, ORIGINAL = "_text", "_original"
"""Suffixes of the companions of a column of numbers."""

CODE = r"^[+-]?(?:0\d+|0[xX].*|\d{19,})$"
"""Leading zeros, or more digits than an integer holds: identifiers, not numbers."""


@dataclass
class Numbers:
    """A column of numbers and what was beside them.

    Parameters
    ----------
    values : Array
        int64 or float64, null where the cell holds no number.
    companions : dict of str to Array
        By the suffix of their column name, as `_detection_limit`.
    """

    values: pa.Array
    companions: dict[str, pa.Array] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class _Masks:
    """Which cells (n,) are written how."""

    filled: np.ndarray
    plain: np.ndarray
    comma: np.ndarray
    grouped: np.ndarray
    limit: np.ndarray
    below: np.ndarray

    @property
    def numeric(self) -> np.ndarray:
        """Cells that say something about a number."""
        numeric: np.ndarray = self.plain | self.comma | self.grouped | self.limit | self.below
        return numeric


def read_numbers(cells: pa.Array, *, comma_cells: bool, pure: bool = False) -> Numbers | None:
    """The numbers of `cells`, or `None` where it is not a column of numbers.

    Parameters
    ----------
    cells : Array of string
        Cells as they stand in the file; null or blank where there is nothing.
    comma_cells : bool
        Whether commas part the cells; `1,234` is then one thousand, else one and a bit.
    pure : bool
        Whether a single text makes it a column of texts, as in identifiers.
    """
    filled = blank_to_null(cells)
    if matches(filled, CODE):
        return None
    if (values := _exact_numbers(filled)) is not None:
        return _finite(Numbers(values))
    sample = pc.utf8_trim_whitespace(filled.drop_null())
    if not _looks_numeric(sample.take(pa.array(_spread(len(sample))))):
        return None
    numbers = _mixed_numbers(filled, comma_cells=comma_cells)
    return None if numbers and pure and TEXT in numbers.companions else numbers


def _exact_numbers(filled: pa.Array) -> pa.Array | None:
    """The cells as they are, if every one is a plain number."""
    first = filled.drop_null()[:SAMPLE].to_pylist()
    if not first or not (first[0][-1:].isdigit() or first[0][-1:] in ".nNfFyY"):
        return None
    whole = all(cell.lstrip("+-").isdecimal() for cell in first)
    values = _cast(filled, pa.int64()) if whole else None
    return _cast(filled, pa.float64()) if values is None else values


def _cast(filled: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        return pc.cast(filled, kind)
    except pa.ArrowInvalid:
        return None


def _spread(length: int) -> np.ndarray:
    """Positions of at most `SAMPLE` cells spread evenly over a column."""
    return (
        np.unique(np.linspace(0, length - 1, min(length, SAMPLE)).astype(np.int64))
        if length
        else np.zeros(0, np.int64)
    )


_NUMERIC = re.compile(rf"(?:{PLAIN}|{COMMA}|{GROUPED}|{LIMIT})")


def _looks_numeric(sample: pa.Array) -> bool:
    cells = [cell for cell in sample.to_pylist() if cell not in MARKS]
    written = [cell for cell in cells if len(cell) <= LONGEST_TYPED and _NUMERIC.fullmatch(cell)]
    numeric = len(written) + sum(cell in BELOW_WORDS for cell in cells)
    return numeric > 0 and 2 * numeric >= len(cells)


def _mixed_numbers(filled: pa.Array, *, comma_cells: bool) -> Numbers | None:
    text = pc.utf8_trim_whitespace(filled)
    marks = pc.is_in(text, pa.array(MARKS))
    text = blank_to_null(pc.if_else(marks, None, text))
    masks = _masks(text)
    strange = masks.filled & ~masks.numeric
    if not _is_numeric(masks, strange):
        return None
    commas = _comma_is_decimal(masks, comma_cells=comma_cells)
    numbers = Numbers(_values(text, masks, commas=commas))
    _note_marks(numbers, marks, masks, commas=commas)
    _split_limits(numbers, text, masks, commas=commas)
    _set_aside(numbers, filled, strange)
    return _finite(numbers)


def _masks(text: pa.Array) -> _Masks:
    plain, comma, grouped, limit = (
        mask(pc.match_substring_regex(text, f"^(?:{pattern})$")) for pattern in (PLAIN, COMMA, GROUPED, LIMIT)
    )
    below = mask(pc.is_in(text, pa.array(BELOW_WORDS)))
    return _Masks(mask(text.is_valid()), plain, comma, grouped, limit, below)


def _is_numeric(masks: _Masks, strange: np.ndarray) -> bool:
    """Whether nearly all cells are numbers, or all are but some remarks above them."""
    numeric, filled = int(masks.numeric.sum()), int(masks.filled.sum())
    if not numeric:
        return False
    at_head = int(strange.sum()) <= LEADING_TEXTS and not strange[int(np.argmax(masks.numeric)) :].any()
    return numeric >= NUMERIC_SHARE * filled or (at_head and numeric >= 2 * int(strange.sum()))


def _comma_is_decimal(masks: _Masks, *, comma_cells: bool) -> bool:
    """Whether `1,5` is one and a half: decided by the cells that can be read in one way only."""
    decimal, grouped = masks.comma & ~masks.grouped, masks.grouped & ~masks.comma
    if decimal.any() or grouped.any():
        return bool(decimal.sum() >= grouped.sum())
    return not comma_cells


def _values(text: pa.Array, masks: _Masks, *, commas: bool) -> pa.Array:
    readable = masks.plain | (masks.comma if commas else masks.grouped)
    return _parse(pc.if_else(pa.array(readable), text, None), commas=commas)


def _parse(text: pa.Array, *, commas: bool) -> pa.Array:
    """Numbers of cells that match one of the patterns; int64 where all are whole."""
    with_commas = pc.match_substring(text, ",")
    if commas:
        swapped = pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
        text = pc.if_else(with_commas, swapped, text)
    else:
        text = pc.replace_substring(text, ",", "")
    text = pc.replace_substring_regex(text, "[dD]", "e")
    whole = _cast(text, pa.int64()) if not matches(text, r"[^\d+-]") else None
    return pc.cast(text, pa.float64()) if whole is None else whole


def _note_marks(numbers: Numbers, marks: pa.Array, masks: _Masks, *, commas: bool) -> None:
    missing = count(marks)
    if missing:
        numbers.findings.append(Finding(code="missing-mark", count=missing))
    written = masks.comma if commas else masks.grouped & ~masks.plain
    if written.any():
        code = "number-comma" if commas else "number-grouped"
        numbers.findings.append(Finding(code=code, count=int(written.sum())))


def _split_limits(numbers: Numbers, text: pa.Array, masks: _Masks, *, commas: bool) -> None:
    """Companions for cells such as `<2`, `>1000` and `bdl`."""
    if not (masks.limit.any() or masks.below.any()):
        return
    parts = pc.extract_regex(text, f"^{LIMIT}$")
    sign = pc.struct_field(parts, "sign")
    limits = _parse(pc.struct_field(parts, "limit"), commas=commas).cast(pa.float64())
    above = mask(pc.is_in(sign, pa.array([">", "≥"]))) & masks.limit
    below = (masks.limit & ~above) | masks.below
    add_limits(numbers, below, limits, "below-detection")
    if above.any():
        numbers.companions[ABOVE] = pa.array(above)
        numbers.companions[UPPER_LIMIT] = pc.if_else(pa.array(above), limits, None)
        numbers.findings.append(Finding(code="above-range", count=int(above.sum())))


def add_limits(numbers: Numbers, below: np.ndarray, limits: pa.Array, code: str) -> None:
    """Mark the cells `below` (n,) detection and keep their `limits`; their value is missing."""
    if not below.any():
        return
    hit = pa.array(below)
    known = numbers.companions.get(BELOW, pa.array(np.zeros(len(below), dtype=bool)))
    earlier = numbers.companions.get(DETECTION_LIMIT, pa.nulls(len(below), pa.float64()))
    numbers.companions[BELOW] = pc.or_(known, hit)
    numbers.companions[DETECTION_LIMIT] = pc.if_else(hit, limits, earlier)
    numbers.values = pc.if_else(hit, None, numbers.values).cast(pa.float64())
    numbers.findings.append(Finding(code=code, count=int(below.sum())))


def _set_aside(numbers: Numbers, filled: pa.Array, strange: np.ndarray) -> None:
    if strange.any():
        numbers.companions[TEXT] = pc.if_else(pa.array(strange), filled, None)
        numbers.findings.append(Finding(code="number-text", count=int(strange.sum())))


def _finite(numbers: Numbers) -> Numbers:
    """`numbers` with null for NaN and infinity."""
    if not pa.types.is_floating(numbers.values.type):
        return numbers
    bad = pc.invert(pc.is_finite(numbers.values))
    if pc.any(bad).as_py():
        infinite = count(pc.is_inf(numbers.values))
        numbers.values = pc.if_else(bad, None, numbers.values)
        if infinite:
            numbers.findings.append(Finding(code="value-infinite", count=infinite))
    return numbers
