"""Static shift: the constant factor by which ground near a station raises or lowers its whole curve.

Charges on small bodies at the surface multiply the electric field by a number that does not depend on the
period, so that apparent resistivity ρₐ becomes s ρₐ and the phase stays. One station cannot tell s; many can,
where ln s of near stations is about 0 in the mean.

References
----------
Jones, A. G. (1988), Static shift of magnetotelluric data and its removal in a sedimentary basin environment,
Geophysics 53(7), 967-978, doi:10.1190/1.1442533.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from craton.kernels.magnetotelluric_layers import Complex
from craton.kernels.resistivity_layers import Floats


def median_shifts(
    curves: Sequence[tuple[Floats, Floats]], neighbours: Sequence[NDArray[np.int64]], fewest: int
) -> Floats:
    """Logarithms (stations,) of shifts: how far each curve lies above the median of its neighbours.

    Parameters
    ----------
    curves : sequence of tuple of array
        Logarithms of the periods of each station, increasing, and of its apparent resistivities, finite.
    neighbours : sequence of array of int
        Numbers of the stations that each is compared with.
    fewest : int
        Neighbours that a period must have to count.

    Returns
    -------
    array (stations,)
        The median over periods of the difference from the median of the neighbours, interpolated at the
        period; NaN where no period has enough neighbours.
    """
    shifts = np.full(len(curves), np.nan)
    for number, ((own, curve), others) in enumerate(zip(curves, neighbours, strict=True)):
        near = [curves[one] for one in others if curves[one][0].size]
        if len(near) < fewest or not own.size:
            continue
        seen = np.stack([np.interp(own, at, there, np.nan, np.nan) for at, there in near])
        enough = np.isfinite(seen).sum(axis=0) >= fewest
        if enough.any():
            shifts[number] = np.median(curve[enough] - np.nanmedian(seen[:, enough], axis=0))
    return shifts


def unshifted(tensor: Complex, variance: Floats, shift: Floats) -> tuple[Complex, Floats]:
    """Impedances (n, 2, 2) and their variances freed of shifts (n, 2) of apparent resistivities xy and yx.

    Notes
    -----
    The electric field along x makes the row Zxx, Zxy, that along y Zyx, Zyy: both of a row are divided by √s,
    their variances by s.
    """
    by_row = shift[:, :, None]
    return tensor / np.sqrt(by_row), variance / by_row
