"""Fields as sums of waves: one forward transform, any number of products.

```python
waves = transform(field, (spacing_north, spacing_east))
east, up = product(waves, derivative(easting=1)), product(waves, derivative(upward=1))
```

Rows run along northing and columns along easting, both upward in order; for an axis in the other
direction give a negative spacing. Single precision is worked in single precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from craton.kernels import wavenumber
from craton.kernels.field_bands import (
    BLOCK,
    ROW_BLOCK,
    Plane,
    add_part,
    column_bands,
    each_band,
    kind_of,
    less_plane,
    leveller,
    row_bands,
)
from craton.kernels.potential_field import Edges, trend_parts
from craton.kernels.wavenumber import EVEN, Parity, Reals, Response


@dataclass(frozen=True)
class Waves:
    """A field of `shape` as waves: `amplitudes` (rows, columns) by wavenumbers `north`, `east` in rad/m."""

    amplitudes: NDArray[Any]
    north: Reals
    east: Reals
    shape: tuple[int, int]
    edges: Edges


def transform(
    field: NDArray[np.floating],
    spacing: tuple[float, float],
    *,
    edges: Edges = "mirror",
    plane: Plane | None = None,
) -> Waves:
    """Waves of a field.

    Parameters
    ----------
    field : array (rows, columns)
        All cells must be finite. float32 is transformed in float32, everything else in float64.
    spacing : tuple of float
        Step from row to row (to the north) and from column to column (to the east) in metres, not 0;
        negative where an axis runs to the south or to the west.
    edges : str
        `mirror` reflects the field half a cell outside its outermost cells and needs no more memory;
        `periodic` repeats it.
    plane : tuple of array, optional
        Taken off the field first, without a copy of the whole; see `potential_field.trend_parts`.

    Returns
    -------
    Waves
        Cosines for `mirror` (a discrete cosine transform), complex waves for `periodic`.
    """
    waves = _by_rows(field, spacing, edges, plane)
    down = fft.fft if edges == "periodic" else fft.dct

    def by_columns(band: slice) -> None:
        waves.amplitudes[:, band] = down(waves.amplitudes[:, band], axis=0)

    each_band(column_bands(waves.amplitudes), by_columns)
    return waves


def filtered(
    field: NDArray[np.floating],
    spacing: tuple[float, float],
    response: Response,
    *,
    edges: Edges = "mirror",
    plane: Plane | None = None,
    add: Plane | None = None,
) -> Reals:
    """One product of a field of which no other is wanted; `transform` and `product` in less memory and time.

    A response of one wavenumber alone leaves the other axis as it is, so that only the first is transformed.
    """
    if response.axis is not None:
        return _along(field, spacing, response, response.axis, edges, plane, add)
    waves = _by_rows(field, spacing, edges, plane)
    if edges == "mirror":
        return _mirrored(waves, response, add, is_half=True)
    return _repeated(waves, response, add, waves.amplitudes, is_half=True)


def _by_rows(
    field: NDArray[np.floating], spacing: tuple[float, float], edges: Edges, plane: Plane | None
) -> Waves:
    """Waves along rows alone; columns are as they were."""
    level, kind = leveller(field, plane), kind_of(field)
    rows, columns = field.shape
    north, east = _wavenumbers(rows, columns, spacing, edges)
    along = fft.rfft if edges == "periodic" else fft.dct
    stored = np.result_type(kind, np.complex64) if edges == "periodic" else kind
    amplitudes = np.empty((rows, east.size), dtype=stored)

    def by_rows(band: slice) -> None:
        amplitudes[band] = along(level((band, slice(None))), axis=1)

    each_band(row_bands(field.shape, ROW_BLOCK), by_rows)
    return Waves(amplitudes, north.astype(kind), east.astype(kind), (rows, columns), edges)


def _wavenumbers(rows: int, columns: int, spacing: tuple[float, float], edges: Edges) -> Plane:
    """Angular wavenumbers to the north and to the east in rad/m."""
    down, right = spacing
    if edges == "mirror":
        return np.arange(rows) * (np.pi / (rows * down)), np.arange(columns) * (np.pi / (columns * right))
    return 2 * np.pi * fft.fftfreq(rows, down), 2 * np.pi * fft.rfftfreq(columns, right)


def product(
    waves: Waves, response: Response, *, add: Plane | None = None, room: NDArray[Any] | None = None
) -> Reals:
    """Field (rows, columns) whose waves are those given times their `response`, and the plane `add` on it.

    Who makes several products of a repeated field may give `room`, an array like the amplitudes that is
    written over, so that the system need not clear memory for each.

    Notes
    -----
    A mirrored field is a sum of a cos(k_n y) cos(k_e x). The response splits into four parts by what
    becomes of its sign when one wavenumber turns round; with H± = H(±k_n, k_e), the field becomes

        a [ Re(H₊ + H₋)/2 cos cos - Im(H₊ + H₋)/2 cos sin - Im(H₊ - H₋)/2 sin cos - Re(H₊ - H₋)/2 sin sin ]

    so that responses with odd parts are as exact as even ones. Of a repeated field, the one wave at
    the Nyquist wavenumber stands for both directions and gets the mean of their responses.
    """
    if waves.edges == "mirror":
        return _mirrored(waves, response, add, is_half=False)
    room = np.empty_like(waves.amplitudes) if room is None else room
    return _repeated(waves, response, add, room, is_half=False)


def continue_upward(
    field: NDArray[np.floating], spacing: tuple[float, float], height: float, *, edges: Edges = "periodic"
) -> Reals:
    """Field on a plane `height` above the one it is given on.

    Parameters
    ----------
    field : array (rows, columns)
        A harmonic field whose sources lie below the plane, in any unit. All cells must be finite.
    spacing : tuple of float
        Distance of neighbouring rows and of neighbouring columns, in metres.
    height : float
        In metres, 0 or more; 0 gives the field itself.
    edges : str
        What lies beyond the edges, see `transform`.

    Returns
    -------
    array (rows, columns)
        In the unit of `field`.

    Notes
    -----
    Each wave decays with its wavenumber: F(k, h) = F(k, 0) exp(-|k| h). The mean (k = 0) is kept.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge
    University Press, p. 315, eq. 12.8.
    """
    return filtered(field, spacing, wavenumber.upward(height), edges=edges)


def derivative(
    field: NDArray[np.floating],
    spacing: tuple[float, float],
    *,
    easting: int = 0,
    northing: int = 0,
    upward: int = 0,
    edges: Edges = "mirror",
) -> Reals:
    """Derivative of a harmonic field of any order in any direction.

    Parameters
    ----------
    field : array (rows, columns)
        Values on a plane above all sources, in any unit. All cells must be finite.
    spacing : tuple of float
        Step from row to row (to the north) and from column to column (to the east) in metres, not 0;
        negative where an axis runs to the south or to the west.
    easting, northing, upward : int
        Orders, 0 or more. The upward derivative of a field that decays upward is negative.
    edges : str
        What lies beyond the edges, see `transform`. With `mirror` the plane that fits the field best is
        taken off first and its derivative, known exactly, is put back.

    Returns
    -------
    array (rows, columns)
        In the unit of `field` per metre to the power of the sum of the orders.

    Notes
    -----
    Each wave is multiplied by (i k_east)ᵃ (i k_north)ᵇ (-k)ᶜ. High orders raise noise of short waves;
    continue upward by about a spacing to calm it.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge
    University Press, pp. 324-326.
    """
    response = wavenumber.derivative(easting, northing, upward)
    if edges == "periodic":
        return filtered(field, spacing, response, edges=edges)
    plane = trend_parts(field)
    result = filtered(field, spacing, response, edges=edges, plane=plane)
    result += derivative_of_plane(*plane, spacing, (easting, northing, upward)).astype(result.dtype)
    return result


def detrended(field: NDArray[np.floating]) -> Reals:
    """`field` less the plane that fits its finite cells best."""
    return less_plane(field, trend_parts(field))


def derivative_of_plane(
    rows: Reals, columns: Reals, spacing: tuple[float, float], orders: tuple[int, int, int]
) -> Reals:
    """Derivative of the plane rows[:, None] + columns; `orders` to the east, to the north and upward."""
    if not any(orders):
        return np.asarray(rows[:, None] + columns)
    side, step = {(1, 0, 0): (columns, spacing[1]), (0, 1, 0): (rows, spacing[0])}.get(orders, (None, 1.0))
    slope = (side[1] - side[0]) / step if side is not None and side.size > 1 else 0.0
    return np.asarray(slope)


def _repeated(
    waves: Waves, response: Response, add: Plane | None, half: NDArray[Any], *, is_half: bool
) -> Reals:
    """Product of waves, or of those of rows alone if they are `is_half`; `half`, maybe they, is lost."""
    north = waves.north[:, None]
    rows, columns = waves.shape
    middle = rows // 2
    # The columns' Nyquist wave is averaged by the inverse transform itself, that of the rows is not.
    is_mixed = rows % 2 == 0 and response.parity != EVEN

    def by_columns(band: slice) -> None:
        east = waves.east[band]
        known = waves.amplitudes[:, band]
        if is_half:
            known = fft.fft(known, axis=0)
        lines = np.empty(known.shape, dtype=half.dtype)
        for some in row_bands(lines.shape, BLOCK):
            np.multiply(known[some], response.of(north[some], east), out=lines[some])
        if is_mixed:
            both = response.of(north[middle], east) + response.of(-north[middle], east)
            lines[middle] = known[middle] * (both.ravel() / 2)
        half[:, band] = fft.ifft(lines, axis=0, overwrite_x=True)

    each_band(column_bands(half), by_columns)
    field = np.empty(waves.shape, dtype=waves.north.dtype)

    def by_rows(band: slice) -> None:
        field[band] = fft.irfft(half[band], n=columns, axis=1, overwrite_x=True)
        add_part(field, add, (band, slice(None)))

    each_band(row_bands(field.shape, ROW_BLOCK), by_rows)
    return field


def _mirrored(waves: Waves, response: Response, add: Plane | None, *, is_half: bool) -> Reals:
    """Product of waves, or of those of rows alone if they are `is_half`."""
    # Cosines and sines to the east, of which either may be missing; those to the north are done with.
    halves: dict[bool, Reals] = {}
    making = Lock()

    def by_columns(band: slice) -> None:
        known = waves.amplitudes[:, band]
        if is_half:
            known = fft.dct(known, axis=0)
        for (odd_north, odd_east), lines in _lines(known, response, waves.north, waves.east[band]).items():
            with making:
                if odd_east not in halves:
                    halves[odd_east] = np.zeros_like(waves.amplitudes)
            halves[odd_east][:, band] += _inverse(lines, 0, odd=odd_north)

    each_band(column_bands(waves.amplitudes), by_columns)
    field = np.zeros(waves.shape, dtype=waves.amplitudes.dtype)

    def by_rows(band: slice) -> None:
        for odd in sorted(halves):
            field[band] += _inverse(halves[odd][band], 1, odd=odd)
        add_part(field, add, (band, slice(None)))

    each_band(row_bands(waves.shape, ROW_BLOCK), by_rows)
    return field


def _lines(known: Reals, response: Response, north: Reals, east: Reals) -> dict[Parity, Reals]:
    """Amplitudes times those parts of the response that are not zero everywhere."""
    found: dict[Parity, Reals] = {}
    for some in row_bands(known.shape, BLOCK):
        for kind, factors in _parts(response, north[some, None], east):
            if kind not in found:
                if not factors.any():
                    continue
                found[kind] = np.zeros(known.shape, dtype=known.dtype)
            np.multiply(known[some], factors, out=found[kind][some])
    return found


def _along(
    cells: NDArray[np.floating],
    spacing: tuple[float, float],
    response: Response,
    axis: int,
    edges: Edges,
    plane: Plane | None,
    add: Plane | None,
) -> Reals:
    """Product of a response of one wavenumber alone, that of `axis`."""
    level, (rows, columns) = leveller(cells, plane), cells.shape
    field = np.empty(cells.shape, dtype=kind_of(cells))
    # A real field needs only half the waves, along rows and along columns.
    size = cells.shape if edges == "mirror" else (rows // 2 + 1, columns)
    north, east = (side.astype(field.dtype) for side in _wavenumbers(rows, columns, spacing, edges))
    nothing = np.zeros(1, dtype=field.dtype)
    north, east = (nothing[:, None], east) if axis else (north[: size[0], None], nothing)
    if edges == "mirror":
        ((kind, factors),) = _parts(response, north, east)
    else:
        kind, factors = EVEN, response.of(north, east)

    def work(band: slice) -> None:
        part = (band, slice(None)) if axis else (slice(None), band)
        if edges == "mirror":
            field[part] = _inverse(fft.dct(level(part), axis=axis) * factors, axis, odd=kind[axis])
        else:
            lines = fft.rfft(level(part), axis=axis) * factors
            field[part] = fft.irfft(lines, n=cells.shape[axis], axis=axis, overwrite_x=True)
        add_part(field, add, part)

    each_band(row_bands(cells.shape, ROW_BLOCK) if axis else column_bands(field), work)
    return field


def _parts(response: Response, north: Reals, east: Reals) -> Iterator[tuple[Parity, Reals]]:
    """Parts of a response, signed as in `product`, by whether they are odd to the north and to the east."""
    ahead = response.of(north, east)
    if response.parity:
        odd = sum(response.parity)
        yield response.parity, ahead.real if odd == 0 else -ahead.imag if odd == 1 else -ahead.real
        return
    behind = response.of(-north, east)
    same, other = (ahead + behind) / 2, (ahead - behind) / 2
    yield (False, False), same.real
    yield (True, True), -other.real
    if np.iscomplexobj(same):
        yield (False, True), -same.imag
        yield (True, False), -other.imag


def _inverse(lines: Reals, axis: int, *, odd: bool) -> Reals:
    """Values of cosines along `axis`, or of sines where `odd`; `lines` may be overwritten."""
    if not odd:
        return np.asarray(fft.idct(lines, axis=axis, overwrite_x=True))
    # Sines count from wavenumber 1, cosines from 0.
    moved = np.roll(lines, -1, axis=axis)
    moved[(slice(None),) * axis + (-1,)] = 0
    return np.asarray(fft.idst(moved, axis=axis, overwrite_x=True))
