"""Layer recurrence: what is seen at the top of a layer from what is seen at its base.

A layer of intrinsic value w over ground that shows B at its base shows at its top

    A = (B + w t) / (1 + B t/w),     t = tanh(γ h).

For direct current A is the resistivity transform, w the resistivity and γ the wavenumber (Pekeris, Koefoed);
for plane waves A is the impedance, w = iωμ/γ and γ = √(iωμ/ρ) (Wait). Limits: t = 0 gives B, t = 1 or B = w
gives w.

References
----------
Koefoed, O. (1970), A fast method for determining the layer distribution from the raised kernel function in
geoelectrical sounding, Geophysical Prospecting 18(4), 564-570, doi:10.1111/j.1365-2478.1970.tb02129.x.

Wait, J. R. (1954), On the relation between telluric currents and the earth's magnetic field, Geophysics
19(2), 281-289, doi:10.1190/1.1437994.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]


def surface(intrinsic: Values, tangent: Values) -> Values:
    """Value A at the top of layers.

    Parameters
    ----------
    intrinsic : array (layers, ...)
        w of each layer from the top, the last without base; real or complex.
    tangent : array (layers − 1, ...)
        t of all layers but the last.

    Returns
    -------
    array (...)
        A at the surface, in the unit of `intrinsic`.
    """
    seen: Values = intrinsic[-1]
    for own, t in zip(intrinsic[-2::-1], tangent[::-1], strict=True):
        seen = (seen + own * t) / (1.0 + seen * t / own)
    return seen


def sensitivities(intrinsic: Values, tangent: Values) -> tuple[Values, Values, Values]:
    """Value A at the top of layers, and its derivatives by all w and all t.

    Parameters
    ----------
    intrinsic, tangent : array
        As for `surface`.

    Returns
    -------
    tuple of array
        A (...), ∂A/∂w (layers, ...) and ∂A/∂t (layers − 1, ...).
    """
    seen = intrinsic[-1] + np.zeros_like(tangent[0]) if len(tangent) else intrinsic[-1]
    through, by_own, by_tangent = [], [], []
    for own, t in zip(intrinsic[-2::-1], tangent[::-1], strict=True):
        share = seen / own
        whole = 1.0 + share * t
        through.append((1.0 - t * t) / whole**2)
        by_own.append(t * (1.0 + 2.0 * share * t + share**2) / whole**2)
        by_tangent.append((own - seen * share) / whole**2)
        seen = (seen + own * t) / whole
    at_top = np.ones_like(seen)
    for_own, for_tangent = np.empty((len(intrinsic), *seen.shape), seen.dtype), list(tangent)
    # From the top down: each derivative passes through all layers above.
    for number, row in enumerate(range(len(through) - 1, -1, -1)):
        for_own[number] = at_top * by_own[row]
        for_tangent[number] = at_top * by_tangent[row]
        at_top = at_top * through[row]
    for_own[-1] = at_top
    shape = (len(tangent), *seen.shape)
    return seen, for_own, np.asarray(for_tangent, seen.dtype).reshape(shape)
