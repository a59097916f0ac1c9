"""Isostasy: the depth to which relief is compensated, and the attraction of what compensates it.

Topography is a load h (rock equivalent): the elevation on land, and on the
sea −d (ρc − ρw)/ρc for water of depth d. The plane z = 0 is sea level, and
fields go on mirrored beyond their edges.

References
----------
Parker, R. L. (1973). The rapid calculation of potential anomalies.
Geophysical Journal of the Royal Astronomical Society 31, 447-455.
doi:10.1111/j.1365-246X.1973.tb06513.x

Watts, A. B. (2001). Isostasy and flexure of the lithosphere. Cambridge
University Press, chapters 1, 4 and 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from craton.kernels import relief
from craton.kernels.constants import GRAVITATIONAL, MGAL
from craton.kernels.threads import THREADS

Floats = NDArray[np.float64]

NORMAL = 9.81
"""Gravity in m/s² that a bent plate is pulled by."""

MOST_TERMS = 80
"""Terms after which a series is said not to converge: roots come nearer to the plane than relief does."""


def rock_equivalent(elevation: Floats, crust: float, water: float) -> Floats:
    """Height in metres of rock of density `crust` that weighs as land, or as the sea weighs less."""
    load: Floats = np.where(elevation >= 0, elevation, elevation * (crust - water) / crust)
    return load


def wavenumbers(shape: tuple[int, int], spacing: tuple[float, float]) -> Floats:
    """|k| in rad/m of the cosines of a mirrored field (rows, columns)."""
    rows, columns = (
        np.pi * np.arange(count) / (count * step) for count, step in zip(shape, spacing, strict=True)
    )
    waves: Floats = np.sqrt(rows[:, None] ** 2 + columns**2)
    return waves


def flexural_response(
    waves: Floats, thickness: float, contrast: float, *, young: float = 1e11, poisson: float = 0.25
) -> Floats:
    """Bending of a thin elastic plate under a load, as a part of that without strength.

    Parameters
    ----------
    waves : array
        Wavenumbers in rad/m.
    thickness : float
        Elastic thickness in metres; 0 gives 1 for all waves, which is Airy's isostasy.
    contrast : float
        Density of the mantle less that of what fills the bend, kg/m³.
    young, poisson : float
        Young's modulus in Pa and Poisson's ratio.

    Notes
    -----
    Φ(k) = 1/(1 + D k⁴/(Δρ g)) with the rigidity D = E Te³/(12 (1 − ν²)).
    """
    rigidity = young * thickness**3 / (12 * (1 - poisson**2))
    response: Floats = 1.0 / (1.0 + rigidity * waves**4 / (contrast * NORMAL))
    return response


def root(
    load: Floats, spacing: tuple[float, float], crust: float, mantle: float, *, elastic_thickness: float = 0.0
) -> Floats:
    """Depth in metres by which the crust reaches down more under a load of rock, negative under less.

    Without elastic thickness it is Airy's ρc h/(ρm − ρc), cell by cell.
    """
    airy: Floats = load * crust / (mantle - crust)
    if elastic_thickness == 0.0:
        return airy
    response = flexural_response(wavenumbers(airy.shape, spacing), elastic_thickness, mantle - crust)
    bent: Floats = fft.idctn(fft.dctn(airy, workers=THREADS) * response, workers=THREADS)
    return bent


def root_attraction(
    deepening: Floats, spacing: tuple[float, float], depth: float, contrast: float, *, height: float = 0.0
) -> Floats:
    """Attraction in mGal, at `height` above sea level, of a boundary `deepening` m below the mean `depth`.

    Parameters
    ----------
    deepening : array (rows, columns)
        Metres downward from `depth`; above −`depth` − `height`.
    spacing : tuple of float
        Metres between rows and between columns.
    depth : float
        Of the flat boundary, in metres.
    contrast : float
        Density of what fills the root less that of what it takes the place of, kg/m³: negative for crust
        in the mantle.
    height : float
        Of the plane of the result, in metres.

    Raises
    ------
    ValueError
        If the boundary reaches the plane of the result, or so nearly that the series does not converge.

    Notes
    -----
    The relief of `craton.kernels.relief.gravity`, counted downward: the series takes the more terms the
    nearer the boundary comes to the plane of the result beside the size of cells.
    """
    if float(-deepening.min()) >= depth + height:
        raise ValueError("the boundary reaches the plane of the result")
    return -MGAL * relief.gravity(-deepening, spacing, depth + height, contrast, most_terms=MOST_TERMS)


def pratt_attraction(
    elevation: Floats,
    spacing: tuple[float, float],
    depth: float,
    crust: float,
    water: float,
    *,
    height: float = 0.0,
) -> Floats:
    """Attraction in mGal of columns that are lighter the higher they stand, down to `depth` m.

    Notes
    -----
    Land: ρ (D + h) = ρc D; sea of depth d: ρ (D − d) + ρw d = ρc D. The mass that differs from ρc is spread
    evenly from sea level to D: F[g] = 2πG F[Δρ] (1 − exp(−|k| D))/|k| · exp(−|k| h).
    """
    below = np.minimum(elevation, 0.0)
    land = -crust * np.maximum(elevation, 0.0) / (depth + np.maximum(elevation, 0.0))
    sea = (crust - water) * -below / (depth + below)
    # A wave of no number has the attraction of a slab.
    waves = wavenumbers(elevation.shape, spacing)
    waves[0, 0] = 1e-12
    thick = -np.expm1(-waves * depth) / waves * np.exp(-waves * height)
    spectrum = fft.dctn(land + sea * (depth + below) / depth, workers=THREADS) * thick
    attraction: Floats = 2 * np.pi * GRAVITATIONAL * MGAL * fft.idctn(spectrum, workers=THREADS)
    return attraction
