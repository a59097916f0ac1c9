"""Magnetics: reduction to the pole and to the equator."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from craton.kernels import reduction_to_pole as poles
from craton.kernels.reduction_to_pole import Direction, Stabilisation, Stabiliser
from craton.methods.geomagnetic_model import COUNTED_FROM, TRUE_NORTH, convergence_on
from craton.methods.magnetics import MagneticGrid
from craton.methods.placement import same_cells
from craton.methods.potential_field import Padding, Prepared, prepared
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Inclination = Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)]
Declination = Annotated[float, Unit("deg"), Bounds(minimum=-360, maximum=360)]
PseudoInclination = Annotated[float, Unit("deg"), Bounds(above=0, maximum=90)]
Noise = Annotated[float, Unit("1"), Bounds(above=0, maximum=10)]
Step = Annotated[float, Unit("deg"), Bounds(minimum=0.1, maximum=10)]

PoleGrid = Annotated[xr.DataArray, Grid(quantity="reduced_to_pole_magnetic_anomaly", unit="nT", plane=True)]
AnomalyGrid = Annotated[xr.DataArray, Grid(quantity="magnetic_anomaly", unit="nT", plane=True)]
InclinationGrid = Annotated[xr.DataArray, Grid(quantity="magnetic_inclination", unit="deg", plane=True)]
DeclinationGrid = Annotated[xr.DataArray, Grid(quantity="magnetic_declination", unit="deg", plane=True)]

MOST_DIRECTIONS = 2000
"""Directions of the main field over a grid, above which the work is taken to be a mistake."""


@process("magnetics.reduction_to_pole", version="1", keywords=("RTP", "remanence", "low latitude", "filter"))
def reduction_to_pole(
    grid: MagneticGrid,
    inclination: Inclination,
    declination: Declination,
    magnetisation_inclination: Inclination | None = None,
    magnetisation_declination: Declination | None = None,
    *,
    stabilisation: Stabilisation = "pseudo_inclination",
    pseudo_inclination: PseudoInclination = 20.0,
    noise: Noise = 0.1,
    padding: Padding = "mirror",
) -> PoleGrid:
    """Magnetic anomaly as it would be at the magnetic pole: symmetrical, and over its source.

    Use it before magnetic anomalies are compared with geology or gravity, or edges are drawn. At low
    latitude it must be stabilised, and anomalies of sources along the magnetic meridian stay weak. Do not
    use it where remanence is strong and its direction not known: take `potential_field.total_gradient`.
    Where the field's direction changes over the grid by more than a few degrees, use
    `magnetics.differential_reduction_to_pole`.

    Parameters
    ----------
    grid : DataArray
        Magnetic anomaly on even rows and columns (northing, easting) in metres. Cells without a value are
        allowed.
    inclination : float
        Inclination of the main field in degrees, positive down.
    declination : float
        Declination of the main field in degrees clockwise from the northing axis: the declination from true
        north less the convergence of the grid.
    magnetisation_inclination : float
        Inclination of the total magnetisation in degrees; left out, that of the field. Give both or none.
    magnetisation_declination : float
        Declination of the total magnetisation in degrees; left out, that of the field.
    stabilisation : str
        `pseudo_inclination` limits the amplitude of waves along the meridian to that of a steeper field;
        `wiener` weighs signal against noise; `none` divides, for inclinations above about 20 degrees.
    pseudo_inclination : float
        Inclination in degrees that limits the amplitude. Where the field is steeper nothing is changed. A
        higher one calms stripes more and weakens anomalies more.
    noise : float
        Noise over signal in amplitude, for `wiener`.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Anomaly reduced to the pole in nT on the cells of `grid`, its trend kept.

    Notes
    -----
    H = 1 / (Θ_f Θ_m), Θ = sin I + i cos I cos(φ - D), φ the azimuth of the wavenumber. Stabilised, 1/Θ
    becomes conj Θ / (|Θ| |Θ′|) with the pseudo-inclination in Θ′, or 1/(Θ_f Θ_m) becomes
    conj(Θ_f Θ_m) / (|Θ_f Θ_m|² + noise²). Without stabilisation no wave is raised more than 1000 times.

    References
    ----------
    Baranov, V. and Naudy, H. (1964), Numerical calculation of the formula of reduction to the magnetic
    pole, Geophysics 29(1), 67-79.

    MacLeod, I. N., Jones, K. and Dai, T. F. (1993), 3-D analytic signal in the interpretation of total
    magnetic field data at low magnetic latitudes, Exploration Geophysics 24, 679-688.

    Hansen, R. O. and Pawlowski, R. S. (1989), Reduction to the pole at low latitudes by Wiener
    filtering, Geophysics 54(12), 1607-1613.
    """
    id = "magnetics.reduction_to_pole"
    field = Direction(inclination, declination)
    magnetisation = magnetisation_of(id, field, magnetisation_inclination, magnetisation_declination)
    stabiliser = Stabiliser(stabilisation, pseudo_inclination, noise)
    ready = prepared(id, grid, padding)
    values = ready.product(poles.redirection(field, magnetisation, stabiliser), alone=True, whole=True)
    return pole_grid(ready, values)


@process("magnetics.reduction_to_equator", version="1", keywords=("RTE", "low latitude", "filter"))
def reduction_to_equator(
    grid: MagneticGrid, inclination: Inclination, declination: Declination, *, padding: Padding = "mirror"
) -> AnomalyGrid:
    """Magnetic anomaly as it would be at the magnetic equator: symmetrical, and over its source.

    Use it at low latitudes in place of the reduction to the pole: it is stable at any inclination. Sources
    more magnetic than what is around them are lows. Sources along the magnetic meridian hardly show, as
    they do not in the field itself.

    Parameters
    ----------
    grid : DataArray
        Magnetic anomaly on even rows and columns (northing, easting) in metres. Cells without a value are
        allowed.
    inclination : float
        Inclination of the main field in degrees, positive down.
    declination : float
        Declination of the main field in degrees clockwise from the northing axis; it is kept.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Anomaly reduced to the equator in nT on the cells of `grid`, its trend kept.

    Notes
    -----
    H = -(cos(φ - D) / Θ)², Θ = sin I + i cos I cos(φ - D), of which |H| ≤ 1.

    References
    ----------
    Leu, L. K. (1982), Use of reduction-to-equator process for magnetic data interpretation, Geophysics
    47, 445.
    """
    ready = prepared("magnetics.reduction_to_equator", grid, padding)
    values = ready.product(poles.equator(Direction(inclination, declination)), alone=True, whole=True)
    return ready.labelled(
        values, name="reduced_to_equator", unit="nT", quantity="magnetic_anomaly",
        title="Magnetic anomaly reduced to the equator",
    )  # fmt: skip


@process(
    "magnetics.differential_reduction_to_pole", version="1", keywords=("DRTP", "RTP", "variable inclination")
)
def differential_reduction_to_pole(
    grid: MagneticGrid,
    inclination: InclinationGrid,
    declination: DeclinationGrid,
    *,
    pseudo_inclination: PseudoInclination = 20.0,
    step: Step = 2.0,
    padding: Padding = "mirror",
) -> PoleGrid:
    """Reduction to the pole with the direction of the main field of each place.

    Use it for grids of a country or a region, over which the direction changes by more than a few degrees.
    The magnetisation is taken to be along the field.

    Parameters
    ----------
    grid : DataArray
        Magnetic anomaly on even rows and columns (northing, easting) in metres. Cells without a value are
        allowed.
    inclination : DataArray
        Inclination of the main field in degrees, positive down, on the cells of `grid`.
    declination : DataArray
        Declination of the main field in degrees clockwise from the northing axis, on the cells of `grid`:
        `magnetics.reference_field_grid` gives it with `grid_north=True`. One whose attribute `counted_from`
        is `true north`, as that process gives it without, is turned by the convergence of the grid.
    pseudo_inclination : float
        Inclination in degrees that limits the amplitude; see `magnetics.reduction_to_pole`.
    step : float
        Step in degrees between the directions that the grid is reduced with. Halving it quarters the error
        of the interpolation, and doubles or quadruples the work.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        Anomaly reduced to the pole in nT; none where any of the three grids has no value.

    Notes
    -----
    The grid is reduced with each direction of a lattice of `step` that its cells need, from one forward
    transform, and each cell takes the bilinear mean of the four around its own direction.

    References
    ----------
    Arkani-Hamed, J. (1988), Differential reduction-to-the-pole of regional magnetic anomalies, Geophysics
    53(12), 1592-1600.
    """
    id = "magnetics.differential_reduction_to_pole"
    ready = prepared(id, grid, padding)
    angles = [
        _angles(id, ready, name, angle)
        for name, angle in (("inclination", inclination), ("declination", declination))
    ]
    if declination.attrs.get(COUNTED_FROM) == TRUE_NORTH:
        angles[1] = angles[1] - convergence_on(id, "declination", ready.cells)
    stabiliser = Stabiliser("pseudo_inclination", pseudo_inclination)
    values = ready.whole(_by_place(id, ready, angles[0], angles[1], stabiliser, step))
    values[~(np.isfinite(angles[0]) & np.isfinite(angles[1]))] = np.nan
    return pole_grid(ready, values)


def magnetisation_of(
    id: str, field: Direction, inclination: float | None, declination: float | None
) -> Direction:
    """Direction of the magnetisation, that of the field where none is given."""
    if (inclination is None) != (declination is None):
        name = "magnetisation_inclination" if inclination is None else "magnetisation_declination"
        raise ContractError(id, name, "given together with the other angle, or both left out", "left out")
    return field if inclination is None or declination is None else Direction(inclination, declination)


def pole_grid(ready: Prepared, values: NDArray[Any]) -> xr.DataArray:
    """Anomaly reduced to the pole as labelled data."""
    return ready.labelled(
        values, name="reduced_to_pole", unit="nT", quantity="reduced_to_pole_magnetic_anomaly",
        title="Magnetic anomaly reduced to the pole",
    )  # fmt: skip


def _angles(id: str, ready: Prepared, name: str, angle: xr.DataArray) -> NDArray[np.float64]:
    if not same_cells(ready.cells, angle):
        raise ContractError(
            id, name, "on the cells of `grid`", "on others", hint="bring it there with grid.resample"
        )
    values: NDArray[np.float64] = angle.transpose(*ready.cells.dims).to_numpy().astype(np.float64)
    if not np.isfinite(values).any():
        raise ContractError(id, name, "a grid of at least one angle", "one of none")
    return values


def _by_place(
    id: str,
    ready: Prepared,
    inclination: NDArray[np.float64],
    declination: NDArray[np.float64],
    stabiliser: Stabiliser,
    step: float,
) -> NDArray[Any]:
    """Field reduced with the lattice of directions around those of the cells, interpolated between them."""
    lowest = [float(np.nanmin(one)) for one in (inclination, declination)]
    places = [
        np.nan_to_num((one - low) / step) for one, low in zip((inclination, declination), lowest, strict=True)
    ]
    # One number for both steps, so that a large grid is sorted once.
    corners = np.unique(np.floor(places[0]).astype(np.int64) * 10_000 + np.floor(places[1]).astype(np.int64))
    wanted = {
        (int(corner) // 10_000 + i, int(corner) % 10_000 + j)
        for corner in corners
        for i in (0, 1)
        for j in (0, 1)
    }
    if len(wanted) > MOST_DIRECTIONS:
        raise ContractError(
            id, "step", f"large enough for {MOST_DIRECTIONS} directions", f"{len(wanted)} of them"
        )
    total = np.zeros_like(ready.level)
    for a, b in progress.each(sorted(wanted), "reducing by direction"):
        weight = np.maximum(1 - np.abs(places[0] - a), 0) * np.maximum(1 - np.abs(places[1] - b), 0)
        if not weight.any():
            continue
        dip = float(np.clip(lowest[0] + a * step, -90.0, 90.0))
        direction = Direction(dip, lowest[1] + b * step)
        total += weight.astype(total.dtype) * ready.product(
            poles.redirection(direction, direction, stabiliser)
        )
    return total
