"""Map colours: numbers and texts to colours, and the keys that tell what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from craton.methods.map_sheet import Bar, Entries, Entry, Key, number_text
from craton.methods.map_style import CLASSES, FILLS, OTHERS, QUIET, class_colours, palette

STEPS = 5
"""Classes of a scale by quantiles."""

SHADES = 256

NO_VALUE = "no value"

MARKS = 6
"""Labels of a bar on which values are not even."""

LONGEST_KEY = 12
"""Entries of one key."""

Palette = Literal["sequential", "diverging", "terrain", "heat"]
Scaling = Literal["linear", "quantiles", "equalised"]


@dataclass(frozen=True)
class Colouring:
    """Colours of numbers.

    Parameters
    ----------
    colours : array (n, 4)
        Colours of `n` classes, the least first.
    edges : array (n + 1,)
        Limits of the classes, increasing.
    ends : tuple of bool
        Whether there are values below and above the limits; they have the colours at the ends.
    """

    colours: np.ndarray
    edges: np.ndarray
    ends: tuple[bool, bool]

    def of(self, values: np.ndarray) -> np.ndarray:
        """Colours (..., 4) of values (...), transparent where there is none."""
        there = np.isfinite(values)
        place = np.searchsorted(self.edges, np.where(there, values, self.edges[0]), side="right") - 1
        colours = self.colours[place.clip(0, len(self.colours) - 1)].copy()
        colours[~there] = 0.0
        return np.asarray(colours)

    def key(self, title: str, form: str = "patch", size: float = 6.0) -> Key:
        """Its key: a bar, or an entry for each of a few classes, with symbols of `form` and `size`."""
        if len(self.colours) < SHADES:
            return Entries(title, tuple(self._classes(form, size)))
        return Bar(title, self.colours, tuple(self._marks()), self.ends)

    def _marks(self) -> Iterator[tuple[float, str]]:
        """Labels at their shares of the length of the bar: round values, or those at even shares."""
        least, most = float(self.edges[0]), float(self.edges[-1])
        if np.allclose(np.diff(self.edges), (most - least) / len(self.colours)):
            ticks, step = even_ticks(least, most, 4)
            yield from (((tick - least) / (most - least), number_text(tick, step)) for tick in ticks)
            return
        step = 10.0 ** np.floor(np.log10((most - least) / 40))
        for share in np.linspace(0.0, 1.0, MARKS):
            value = float(np.interp(share * len(self.colours), np.arange(len(self.edges)), self.edges))
            yield float(share), number_text(round(value / step) * step, step)

    def _classes(self, form: str, size: float) -> Iterator[Entry]:
        from matplotlib.colors import to_hex

        limits = [number_text(float(edge)) for edge in self.edges]
        for low, high, colour in zip(limits, limits[1:], self.colours, strict=False):
            yield Entry(form, f"{low} – {high}", to_hex(colour), size=size)


def even_ticks(least: float, most: float, count: int) -> tuple[list[float], float]:
    """About `count` round numbers from `least` to `most`, and the step between them."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]).tick_values(least, most)
    slack = (most - least) * 1e-9
    inside = [float(tick) for tick in found if least - slack <= tick <= most + slack]
    return inside, float(found[1] - found[0])


def colouring(
    values: np.ndarray,
    purpose: Palette,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    tails: float = 0.0,
    scaling: Scaling = "linear",
) -> Colouring:
    """Colours for `values` of any shape.

    Parameters
    ----------
    minimum, maximum : float, optional
        Ends of the scale; where left out, the values' own less `tails` (share of the values) on each side.
        A diverging scale then reaches as far below 0 as above.
    scaling : str
        `quantiles` gives classes of about equally many values, `equalised` as many values to each colour.
    """
    there = values[np.isfinite(values)]
    low, high = np.quantile(there, [tails, 1 - tails]) if there.size else (0.0, 1.0)
    if purpose == "diverging":
        high = max(abs(low), abs(high))
        low = -high
    low = float(low) if minimum is None else minimum
    high = float(high) if maximum is None else maximum
    if not low < high:
        low, high = low - 0.5, low + 0.5
    edges = np.linspace(low, high, SHADES + 1)
    shown = there[(there >= low) & (there <= high)]
    if scaling == "quantiles" and there.size:
        edges = _quantile_edges(shown, low, high)
    elif scaling == "equalised" and np.unique(shown).size > SHADES:
        edges = np.quantile(shown, np.linspace(0, 1, SHADES + 1))
    count = len(edges) - 1
    colours = np.asarray(palette(purpose)(np.linspace(0, 1, count) if count > 1 else [0.5]))
    below, above = bool((there < edges[0]).any()), bool((there > edges[-1]).any())
    return Colouring(colours, edges, (below, above))


def _quantile_edges(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Limits of classes; a least value that many have, such as 0, is a class of its own."""
    rest = values[values > low]
    if not rest.size:
        return np.array([low, high])
    if values.size - rest.size > values.size / STEPS:
        found = [low, *np.quantile(rest, np.linspace(0, 1, STEPS))]
    else:
        found = [*np.quantile(values, np.linspace(0, 1, STEPS + 1))]
    edges = np.unique(found)
    return edges if edges.size > 1 else np.array([low, high])


@dataclass(frozen=True)
class Coloured:
    """Colours (n, 4) of the rows of a table, and the keys that explain them."""

    colours: np.ndarray
    keys: tuple[Key, ...]


def by_column(
    column: pd.Series, title: str, form: str, purpose: Palette, scaling: Scaling, *, size: float = 6.0
) -> Coloured:
    """Rows coloured by a column of numbers or texts; those without a value are quiet."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return _by_number(column.to_numpy(np.float64, na_value=np.nan), title, form, purpose, scaling, size)
    return _by_text(column, title, form, size)


def _by_number(
    values: np.ndarray, title: str, form: str, purpose: Palette, scaling: Scaling, size: float
) -> Coloured:
    scale = colouring(values, purpose, scaling=scaling)
    colours, gaps = scale.of(values), ~np.isfinite(values)
    colours[gaps] = _rgba(QUIET)
    rest = (Entries("", (Entry(form, NO_VALUE, QUIET, size=size),)),) if gaps.any() else ()
    key = scale.key(title, form, size)
    if rest and isinstance(key, Entries):
        return Coloured(colours, (Entries(title, (*key.entries, *rest[0].entries)),))
    return Coloured(colours, (key, *rest))


def _by_text(column: pd.Series, title: str, form: str, size: float) -> Coloured:
    texts = [None if gap else str(value) for value, gap in zip(column, column.isna(), strict=True)]
    scheme = FILLS if form == "patch" else CLASSES
    known = class_colours((text for text in texts if text is not None), scheme)
    colours = np.array([_rgba(QUIET if text is None else known[text]) for text in texts]).reshape(-1, 4)
    shown = list(known.items())[: len(scheme)]
    entries = [Entry(form, text, colour, size=size) for text, colour in shown]
    if len(known) > len(shown):
        entries.append(Entry(form, _others(len(known) - len(shown)), OTHERS, size=size))
    if None in texts:
        entries.append(Entry(form, NO_VALUE, QUIET, size=size))
    # A long key is continued in the next column.
    rest = (Entries("", tuple(entries[LONGEST_KEY:])),) if len(entries) > LONGEST_KEY else ()
    return Coloured(colours, (Entries(title, tuple(entries[:LONGEST_KEY])), *rest))


def _others(count: int) -> str:
    return "1 other" if count == 1 else f"{count} others"


def _rgba(colour: str) -> tuple[float, ...]:
    from matplotlib.colors import to_rgba

    return tuple(to_rgba(colour))
