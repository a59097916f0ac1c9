"""Potential fields on a plane: transforms of gravity and magnetic fields in the wavenumber domain.

Fields are sampled evenly over a horizontal plane, rows along one axis and
columns along the other; neither order nor direction matters to what is here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Floats = NDArray[np.float64]

Edges = Literal["periodic", "mirror"]
"""What lies beyond the edges of a field: itself again, or its mirror image."""

TAPER = 0.25
"""Part of a side by which `pad_tapered` widens a field at either end, at least."""

THREADS = 2
"""Threads of a transform; a fixed number, so that results do not hang on the machine."""


def continue_upward(
    field: NDArray[np.floating], spacing: tuple[float, float], height: float, *, edges: Edges = "periodic"
) -> Floats:
    """Field on a plane `height` above the one it is given on.

    Parameters
    ----------
    field : array (rows, columns)
        A harmonic field whose sources lie below the plane, in any unit. All cells must be finite.
    spacing : tuple of float
        Distance of neighbouring rows and of neighbouring columns, in metres, above 0.
    height : float
        In metres, 0 or more; 0 gives the field itself.
    edges : str
        `periodic` repeats the field beyond its edges. `mirror` reflects it at them, half a cell
        outside the outermost cells, so that it has no seam; no memory is spent on the images.

    Returns
    -------
    array (rows, columns)
        In the unit of `field`.

    Notes
    -----
    Each wave decays with its wavenumber: F(k, h) = F(k, 0) exp(-|k| h), with |k|² = kx² + ky² in
    rad/m. The mean (k = 0) is kept. Mirrored, the even field is a sum of cosines with
    k = π n / (N d), which a discrete cosine transform gives.

    References
    ----------
    Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge
    University Press, p. 315, eq. 12.8.
    """
    cells = np.asarray(field, dtype=np.float64)
    rows, columns = cells.shape
    if edges == "mirror":
        waves = fft.dctn(cells, workers=THREADS)
        waves *= _decay(_cosines(rows, spacing[0]), _cosines(columns, spacing[1]), height)
        continued: Floats = fft.idctn(waves, overwrite_x=True, workers=THREADS)
        return continued
    spectrum = np.asarray(fft.rfft2(cells, workers=THREADS), dtype=np.complex128)
    north, east = fft.fftfreq(rows, spacing[0]), fft.rfftfreq(columns, spacing[1])
    spectrum *= _decay(2 * np.pi * north, 2 * np.pi * east, height)
    repeated = fft.irfft2(spectrum, s=cells.shape, overwrite_x=True, workers=THREADS)
    return np.asarray(repeated, dtype=np.float64)


def _cosines(count: int, spacing: float) -> Floats:
    """Wavenumbers in rad/m of the cosines of `count` mirrored samples."""
    waves: Floats = np.arange(count, dtype=np.float64) * (np.pi / (count * spacing))
    return waves


def _decay(north: Floats, east: Floats, height: float) -> Floats:
    """Factor exp(-|k| h) of each wave."""
    decay = np.sqrt(north[:, None] ** 2 + east**2)
    decay *= -height
    decayed: Floats = np.exp(decay, out=decay)
    return decayed


def linear_trend(field: NDArray[np.floating]) -> Floats:
    """Plane that fits the finite cells of `field` best.

    Parameters
    ----------
    field : array (rows, columns)
        Cells that are not finite are left out.

    Returns
    -------
    array (rows, columns)
        Least-squares plane over all cells; zero where no cell is finite. Where the finite cells lie
        on one line, the flattest of the planes that fit.
    """
    cells = np.asarray(field, dtype=np.float64)
    rows, columns = trend_parts(cells)
    plane: Floats = rows[:, None] + columns
    return plane


def trend_parts(field: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Part by row and part by column whose sum is `linear_trend`, for large fields."""
    cells = np.asarray(field, dtype=np.float64)
    weights = np.isfinite(cells)
    count = int(np.count_nonzero(weights))
    if not count:
        return np.zeros(cells.shape[0]), np.zeros(cells.shape[1])
    values = cells if count == cells.size else np.where(weights, cells, 0.0)
    by_row, by_column = weights.sum(axis=1), weights.sum(axis=0)
    north, east = (_centred(side) for side in (by_row, by_column))
    row_sums, column_sums = values.sum(axis=1), values.sum(axis=0)
    mean = float(row_sums.sum()) / count
    cross = 0.0 if count == cells.size else float(north @ weights @ east)
    normal = np.array([[by_row @ north**2, cross], [cross, by_column @ east**2]])
    moments = [north @ (row_sums - mean * by_row), east @ (column_sums - mean * by_column)]
    slopes = np.linalg.pinv(normal) @ moments
    return mean + slopes[0] * north, slopes[1] * east


def _centred(weights: NDArray[np.int_]) -> Floats:
    """Positions of rows or columns about their mean over the weighted cells, in lengths of the side."""
    places = np.arange(weights.size) / weights.size
    centred: Floats = places - weights @ places / weights.sum()
    return centred


def fill_nearest(field: NDArray[np.floating], spacing: tuple[float, float]) -> Floats:
    """`field` (rows, columns) with each cell that is not finite given the value of the nearest that is.

    At least one cell must be finite.
    """
    cells = np.asarray(field, dtype=np.float64)
    gaps = ~np.isfinite(cells)
    if not gaps.any():
        return cells
    nearest = ndimage.distance_transform_edt(
        gaps, sampling=spacing, return_distances=False, return_indices=True
    )
    filled: Floats = cells[tuple(nearest)]
    return filled


def pad_tapered(field: NDArray[np.floating]) -> tuple[Floats, tuple[slice, slice]]:
    """`field` widened by its mirror image, which fades to zero outward, to a size good for transforms.

    Returns
    -------
    array
        Each side longer by a part of at least 2 `TAPER`; zero along its outer edges.
    tuple of slice
        Where in it the field lies.
    """
    cells = np.asarray(field, dtype=np.float64)
    sizes = [fft.next_fast_len(int(np.ceil(side * (1 + 2 * TAPER))) + 2, real=True) for side in cells.shape]
    widths = [
        ((good - side) // 2, good - side - (good - side) // 2)
        for good, side in zip(sizes, cells.shape, strict=True)
    ]
    padded = np.pad(cells, widths, mode="symmetric")
    for axis, (before, after) in enumerate(widths):
        fade = np.ones(padded.shape[axis])
        fade[:before] = _rise(before)
        fade[fade.size - after :] = _rise(after)[::-1]
        padded *= fade[:, None] if axis == 0 else fade
    inside = tuple(slice(w[0], w[0] + side) for w, side in zip(widths, cells.shape, strict=True))
    return padded, (inside[0], inside[1])


def _rise(count: int) -> Floats:
    """Half a cosine wave from 0 to just below 1."""
    rise: Floats = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)
    return rise
