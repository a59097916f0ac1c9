"""Classes that a variable of a grid states by the attributes of CF, or a legend that came with its data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from craton.model.record import Record

NOTHING = frozenset({"", "none", "no data", "nodata", "air", "outside", "unknown", "undefined"})
"""Meanings of the code 0 by which it is no class."""


class Flag(NamedTuple):
    """What is said of a class; the colour is empty where none is stated."""

    title: str
    colour: str = ""


FLAGS = ("flag_values", "flag_meanings", "flag_colors")
"""Attributes that state classes."""

Flags = Mapping[float, Flag]
"""Classes by code."""


def flags_of(attributes: Mapping[Any, Any]) -> dict[float, Flag]:
    """Classes that the attributes `flag_values`, `flag_meanings` and `flag_colors` state, by code.

    With `flag_masks` each bit says something of its own, so that the codes are no classes.
    """
    if "flag_masks" in attributes:
        return {}
    titles, colours = (_texts(attributes.get(name)) for name in FLAGS[1:])
    found = {}
    for place, value in enumerate(_listed(attributes.get("flag_values"))):
        if (code := _number(value)) is not None:
            title = titles[place] if place < len(titles) else f"{code:g}"
            found[code] = Flag(title, _colour(colours[place]) if place < len(colours) else "")
    return found


def as_convention(attributes: Mapping[Any, Any], dtype: np.dtype[Any]) -> dict[Any, Any]:
    """Attributes with their flags as CF writes them: codes of the type of the variable, texts of words.

    A blank within a word becomes an underscore.
    """
    flags = flags_of(attributes)
    exact = {_number(value): value for value in _listed(attributes.get("flag_values"))}
    if not flags or dtype.kind not in "iuf":
        return dict(attributes)
    try:
        codes = np.array([exact[code] for code in flags], dtype)
    except OverflowError:  # codes that no cell can hold
        return dict(attributes)
    told: dict[Any, Any] = {
        "flag_values": codes,
        "flag_meanings": " ".join("_".join(one.title.split()) or f"{code:g}" for code, one in flags.items()),
    }
    if all(one.colour for one in flags.values()):
        told["flag_colors"] = " ".join(one.colour for one in flags.values())
    kept = {key: value for key, value in attributes.items() if key not in FLAGS}
    return kept | told


def legend_of(record: Record) -> dict[float, Flag]:
    """Classes of a legend that came with the data, by code."""
    entries: Any = record.properties.get("legend", ())
    found = {}
    for entry in entries if isinstance(entries, list | tuple) else ():
        value = entry.get("value") if isinstance(entry, dict) else None
        if isinstance(value, int | float):
            label = str(entry.get("label", value))
            found[float(value)] = Flag(label, _colour(str(entry.get("color", ""))))
    return found


def is_nothing(flags: Flags, code: float) -> bool:
    """Whether a class stands for none: it is 0 and is told to be nothing."""
    return code == 0 and code in flags and flags[code].title.strip().casefold() in NOTHING


def _listed(value: object) -> Sequence[Any]:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, list | tuple | np.ndarray):
        return np.ravel(np.asarray(value, object)).tolist()
    return [] if value is None else [value]


def _texts(value: object) -> list[str]:
    """Texts of an attribute: a list, or words parted by blanks, which have underscores for their own."""
    if isinstance(value, str):
        return [word.replace("_", " ") for word in value.split()]
    return [str(one) for one in _listed(value)]


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _colour(text: str) -> str:
    return text if re.fullmatch(r"#[0-9a-fA-F]{6}", text) else ""
