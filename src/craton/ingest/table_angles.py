"""Degrees, minutes and seconds written as text, in decimal degrees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import floats, mask, matches

_NUMBER = r"\d+(?:[.,]\d+)?"
ANGLE = (
    r"^(?P<before>[NSEWnsew])?\s*(?P<sign>[+-])?\s*"
    rf"(?P<degrees>{_NUMBER})"
    rf"(?:\s*(?:[°º˚:\s]|d(?:eg)?)\s*(?P<minutes>{_NUMBER})(?:\s*(?:['′’:\s]|m(?:in)?)\s*(?P<seconds>{_NUMBER}))?)?"
    r"\s*(?:[°º˚'′’\"″”]|'')?\s*(?P<after>[NSEWnsew])?$"
)
"""`18°30'12"N`, `18 30.5 N`, `-18:30:12`, `N18d30m12`, `102.5°E`."""

READ_SHARE = 0.9
SAMPLE = 100


def read_angles(cells: pa.Array) -> np.ndarray | None:
    """Decimal degrees (n,) of texts, positive north and east; `None` where they are not angles.

    A cell that is not an angle, or has sixty minutes or more, gives NaN.
    """
    text = pc.utf8_trim_whitespace(cells)
    if not _matches(text.drop_null()[:SAMPLE]):
        return None
    parts = pc.extract_regex(text, ANGLE)
    if parts.null_count - cells.null_count > (1 - READ_SHARE) * (len(cells) - cells.null_count):
        return None
    degrees, minutes, seconds = (_number(parts, name) for name in ("degrees", "minutes", "seconds"))
    angle = degrees + minutes / 60 + seconds / 3600
    angle[(minutes >= 60) | (seconds >= 60)] = np.nan
    return np.where(_is_negative(parts), -angle, angle)


def _matches(sample: pa.Array) -> bool:
    return len(sample) > 0 and 2 * matches(sample, ANGLE) > len(sample)


def _number(parts: pa.StructArray, name: str) -> np.ndarray:
    text = pc.replace_substring(pc.struct_field(parts, name), ",", ".")
    absent = pa.scalar("0") if name != "degrees" else pa.scalar(None, pa.string())
    return floats(pc.if_else(pc.equal(text, ""), absent, text))


def _is_negative(parts: pa.StructArray) -> np.ndarray:
    letters = pc.utf8_upper(pc.binary_join_element_wise(
        pc.struct_field(parts, "before"), pc.struct_field(parts, "after"), ""
    ))  # fmt: skip
    south_or_west = pc.is_in(letters, pa.array(["S", "W"]))
    minus = pc.equal(pc.struct_field(parts, "sign"), "-")
    return mask(pc.or_(south_or_west, minus))
