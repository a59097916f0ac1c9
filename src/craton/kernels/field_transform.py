"""Fields as sums of waves: one forward transform, any number of products.

```python
waves = transform(field, (spacing_north, spacing_east))
east, up = product(waves, derivative(easting=1)), product(waves, derivative(upward=1))
```

Rows run along northing and columns along easting, both upward in order; for an axis in the other
direction give a negative spacing. Single precision is worked in single precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from craton.kernels import wavenumber
from craton.kernels.potential_field import Edges, trend_parts
from craton.kernels.threads import THREADS, do_all
from craton.kernels.wavenumber import EVEN, Parity, Reals, Response

BLOCK = 1 << 15
"""Waves whose factors are worked out at once, so that they stay in the cache."""

COLUMN_BLOCK = 1 << 17
"""Waves in columns that are transformed at once: a megabyte in single precision, which a core keeps close."""


@dataclass(frozen=True)
class Waves:
    """A field of `shape` as waves: `amplitudes` (rows, columns) by wavenumbers `north`, `east` in rad/m."""

    amplitudes: NDArray[Any]
    north: Reals
    east: Reals
    shape: tuple[int, int]
    edges: Edges


def transform(field: NDArray[np.floating], spacing: tuple[float, float], *, edges: Edges = "mirror") -> Waves:
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

    Returns
    -------
    Waves
        Cosines for `mirror` (a discrete cosine transform), complex waves for `periodic`.
    """
    cells = np.asarray(field)
    if cells.dtype != np.float32:
        cells = cells.astype(np.float64, copy=False)
    rows, columns = cells.shape
    if edges == "mirror":
        amplitudes = fft.dctn(cells, workers=THREADS)
        north, east = (
            np.arange(count) * (np.pi / (count * step))
            for count, step in zip(cells.shape, spacing, strict=True)
        )
    else:
        amplitudes = fft.rfft(cells, axis=1, workers=THREADS)

        def work(band: slice) -> None:
            amplitudes[:, band] = fft.fft(amplitudes[:, band], axis=0)

        _each_block(_column_blocks(*amplitudes.shape), work)
        north, east = (
            2 * np.pi * f for f in (fft.fftfreq(rows, spacing[0]), fft.rfftfreq(columns, spacing[1]))
        )
    return Waves(amplitudes, north.astype(cells.dtype), east.astype(cells.dtype), (rows, columns), edges)


def product(waves: Waves, response: Response) -> Reals:
    """Field (rows, columns) whose waves are those given times their `response`.

    Notes
    -----
    A mirrored field is a sum of a cos(k_n y) cos(k_e x). The response splits into four parts by what
    becomes of its sign when one wavenumber turns round; with H± = H(±k_n, k_e), the field becomes

        a [ Re(H₊ + H₋)/2 cos cos - Im(H₊ + H₋)/2 cos sin - Im(H₊ - H₋)/2 sin cos - Re(H₊ - H₋)/2 sin sin ]

    so that responses with odd parts are as exact as even ones. Of a repeated field, the one wave at
    the Nyquist wavenumber stands for both directions and gets the mean of their responses.
    """
    return _mirrored(waves, response) if waves.edges == "mirror" else _repeated(waves, response)


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
    return product(transform(field, spacing, edges=edges), wavenumber.upward(height))


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
        return product(transform(field, spacing, edges=edges), response)
    level, (rows, columns) = detrended(field)
    result = product(transform(level, spacing, edges=edges), response)
    result += derivative_of_plane(rows, columns, spacing, (easting, northing, upward)).astype(result.dtype)
    return result


def detrended(field: NDArray[np.floating]) -> tuple[Reals, tuple[Reals, Reals]]:
    """`field` less the plane that fits its finite cells best, and that plane by row and by column."""
    cells = np.asarray(field)
    rows, columns = trend_parts(cells)
    level: Reals = cells.astype(np.float32 if cells.dtype == np.float32 else np.float64)
    np.subtract(level, rows.astype(level.dtype)[:, None], out=level)
    np.subtract(level, columns.astype(level.dtype), out=level)
    return level, (rows, columns)


def derivative_of_plane(
    rows: Reals, columns: Reals, spacing: tuple[float, float], orders: tuple[int, int, int]
) -> Reals:
    """Derivative of the plane rows[:, None] + columns; `orders` to the east, to the north and upward."""
    if not any(orders):
        return np.asarray(rows[:, None] + columns)
    side, step = {(1, 0, 0): (columns, spacing[1]), (0, 1, 0): (rows, spacing[0])}.get(orders, (None, 1.0))
    slope = (side[1] - side[0]) / step if side is not None and side.size > 1 else 0.0
    return np.asarray(slope)


def _row_blocks(rows: int, columns: int) -> list[slice]:
    """Bands of rows of about `BLOCK` waves."""
    step = max(1, BLOCK // max(columns, 1))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def _column_blocks(rows: int, columns: int) -> list[slice]:
    """Bands of columns of about `COLUMN_BLOCK` waves, wide enough to read memory in whole lines."""
    step = max(16, COLUMN_BLOCK // max(rows, 1))
    return [slice(start, min(start + step, columns)) for start in range(0, columns, step)]


def _each_block(blocks: list[slice], work: Callable[[slice], None]) -> None:
    """`work` on every band, in `THREADS` threads; each touches only its own band."""
    if len(blocks) == 1:
        work(blocks[0])
        return
    do_all(work, blocks)


def _repeated(waves: Waves, response: Response) -> Reals:
    half = np.empty_like(waves.amplitudes)
    north = waves.north[:, None]
    middle = waves.shape[0] // 2
    # The columns' Nyquist wave is averaged by the inverse transform itself, that of the rows is not.
    is_mixed = waves.shape[0] % 2 == 0 and response.parity != EVEN

    def work(band: slice) -> None:
        factors = response.of(north, waves.east[band])
        if is_mixed:
            factors[middle] = (factors[middle] + response.of(-north[middle], waves.east[band])) / 2
        half[:, band] = fft.ifft(waves.amplitudes[:, band] * factors, axis=0, overwrite_x=True)

    _each_block(_column_blocks(*half.shape), work)
    return np.asarray(fft.irfft(half, n=waves.shape[1], axis=1, overwrite_x=True, workers=THREADS))


def _mirrored(waves: Waves, response: Response) -> Reals:
    parts: dict[Parity, Reals] = {}
    making = Lock()

    def work(band: slice) -> None:
        for kind, factors in _parts(response, waves.north[band, None], waves.east):
            if kind not in parts and not factors.any():
                continue
            with making:
                if kind not in parts:
                    parts[kind] = np.zeros_like(waves.amplitudes)
            np.multiply(waves.amplitudes[band], factors, out=parts[kind][band])

    _each_block(_row_blocks(*waves.amplitudes.shape), work)
    total = np.zeros(waves.shape, dtype=waves.amplitudes.dtype) if not parts else None
    for kind in sorted(parts):
        field = _inverse(parts.pop(kind), kind)
        total = field if total is None else np.add(total, field, out=total)
    assert total is not None
    return total


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


def _inverse(amplitudes: Reals, odd: Parity) -> Reals:
    """Field of cosines, or of sines along the axes that are `odd`; `amplitudes` may be overwritten."""
    values = amplitudes
    for axis, is_odd in enumerate(odd):
        if is_odd:
            # Sines count from wavenumber 1, cosines from 0.
            values = np.roll(values, -1, axis=axis)
            values[(slice(None),) * axis + (-1,)] = 0
        back = fft.idst if is_odd else fft.idct
        values = back(values, axis=axis, overwrite_x=True, workers=THREADS)
    return np.asarray(values)
