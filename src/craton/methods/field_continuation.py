"""Continuation of potential fields downward, and between level planes and uneven surfaces."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from craton.kernels import drape, wavenumber
from craton.kernels.field_transform import continue_upward
from craton.kernels.potential_field import fill_nearest
from craton.methods.placement import same_cells
from craton.methods.potential_field import FieldGrid, LikeGrid, Padding, Prepared, prepared
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Height = Annotated[float, Unit("m"), Bounds(above=0, maximum=50_000)]
Wavelength = Annotated[float, Unit("m"), Bounds(above=0, maximum=10_000_000)]
Level = Annotated[float, Unit("m"), Bounds(minimum=-12_000, maximum=50_000)]
Iterations = Annotated[int, Bounds(minimum=0, maximum=500)]
Surface = Annotated[
    xr.DataArray, Grid(quantity=("elevation", "ellipsoidal_height", "upward"), unit="m", plane=True)
]

MOST_LEVELS = 500
"""Levels between which a surface is interpolated, above which the work is taken to be a mistake."""


@process(
    "potential_field.downward_continuation", version="1", keywords=("Tikhonov", "Xu", "iteration", "sharpen")
)
def downward_continuation(
    grid: FieldGrid,
    height: Height = 200.0,
    *,
    method: Literal["tikhonov", "iterative"] = "tikhonov",
    shortest: Wavelength | None = None,
    iterations: Iterations = 20,
    padding: Padding = "mirror",
) -> LikeGrid:
    """Field as it would be nearer to its sources, with noise kept in bounds.

    Use it to sharpen anomalies or to bring a high survey down to a lower one. Never continue to or below
    the top of the sources; by more than a few spacings, what comes out hangs on the method as much as on
    the data.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    height : float
        Height by which the field is continued downward, in metres.
    method : str
        `tikhonov` holds back waves shorter than `shortest`; `iterative` corrects the field over and over.
    shortest : float
        Wavelength in metres at which half of the full continuation is left, for `tikhonov`; left out, two
        heights, or four spacings where those are longer.
    iterations : int
        Corrections for `iterative`: more let shorter waves through, and more noise, of which none grows
        beyond one more than their number.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        The quantity of `grid` on its cells.

    Notes
    -----
    With U = exp(-k h): Tikhonov 1 / (U + α k² / U), α set by `shortest`; iterative (1 - (1 - U)ⁿ⁺¹) / U.

    References
    ----------
    Pašteka, R., Karcol, R., Kušnirák, D. and Mojzeš, A. (2012), REGCONT: a Matlab based program for
    stable downward continuation of geophysical potential fields using Tikhonov regularization,
    Computers & Geosciences 49, 278-289.

    Xu, S., Yang, J., Yang, C., Xiao, P., Chen, S. and Guo, Z. (2007), The iteration method for downward
    continuation of a potential field from a horizontal plane, Geophysical Prospecting 55, 883-889.
    """
    ready = prepared("potential_field.downward_continuation", grid, padding)
    least = shortest or max(2 * height, 4 * max(abs(step) for step in ready.spacing))
    response = (
        wavenumber.downward_tikhonov(height, least)
        if method == "tikhonov"
        else wavenumber.downward_iterative(height, iterations)
    )
    return ready.like(ready.product(response, alone=True, whole=True))


@process(
    "potential_field.level_to_drape", version="1", keywords=("continuation", "drape", "surface", "chessboard")
)
def level_to_drape(
    grid: FieldGrid,
    surface: Surface,
    level: Level | None = None,
    *,
    padding: Literal["mirror", "none"] = "mirror",
) -> LikeGrid:
    """Field on an uneven surface from the field on a level plane below it.

    Use it to compare a level survey or a model with draped data. Where the surface dips below the plane,
    continue the grid downward first.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    surface : DataArray
        Height of the surface in metres, on the cells of `grid`.
    level : float
        Height of the plane of `grid` in metres, at or below the surface; left out, the lowest place of the
        surface.
    padding : str
        `mirror` reflects the field at its edges, `none` takes it to repeat itself.

    Returns
    -------
    DataArray
        The quantity of `grid` on the surface; none where the grid or the surface has no value.

    Notes
    -----
    The field is continued to levels half a spacing apart, and each cell takes the cubic between the two
    levels around it.

    References
    ----------
    Cordell, L. (1985), Techniques, applications, and problems of analytical continuation of New Mexico
    aeromagnetic data between arbitrary surfaces of very high relief, in Proceedings of the international
    meeting on potential fields in rugged topography, Université de Lausanne, Bulletin 7, 96-101.
    """
    id = "potential_field.level_to_drape"
    ready = prepared(id, grid, padding)
    heights, gaps = _heights(id, ready, surface)
    lowest = float(heights.min())
    if level is not None and level > lowest:
        raise ContractError(
            id, "level", f"at or below the lowest place of `surface`, {lowest:g} m", f"{level:g} m"
        )
    above = heights - (lowest if level is None else level)
    values = drape.level_to_drape(ready.level, ready.spacing, above, edges=ready.edges)
    return ready.like(_blank(ready.whole(values), gaps))


@process(
    "potential_field.drape_to_level", version="1", keywords=("continuation", "drape", "surface", "reduction")
)
def drape_to_level(
    grid: FieldGrid,
    surface: Surface,
    level: Level | None = None,
    *,
    iterations: Iterations = 20,
    padding: Literal["mirror", "none"] = "mirror",
) -> LikeGrid:
    """Field on a level plane from the field on an uneven surface, such as that of a draped flight.

    Use it before transforms that want a plane, where the relief of the surface is more than about a spacing.
    Where it is far more than ten spacings, equivalent sources do better.

    Parameters
    ----------
    grid : DataArray
        Field on the surface, on even rows and columns (northing, easting) in metres. Cells without a
        value are allowed.
    surface : DataArray
        Height of the surface in metres, on the cells of `grid`.
    level : float
        Height of the plane in metres, at or above the lowest place of the surface; left out, its highest
        place.
    iterations : int
        Corrections: more bring out shorter waves, and more noise where the surface is high.
    padding : str
        `mirror` reflects the field at its edges, `none` takes it to repeat itself.

    Returns
    -------
    DataArray
        The quantity of `grid` on the plane; none where the grid or the surface has no value.

    Notes
    -----
    The field on the plane through the lowest place is corrected, f ← f + (g - D f) with D the continuation
    to the surface, and then continued upward to `level`.

    References
    ----------
    Cordell, L. (1985), Techniques, applications, and problems of analytical continuation of New Mexico
    aeromagnetic data between arbitrary surfaces of very high relief, in Proceedings of the international
    meeting on potential fields in rugged topography, Université de Lausanne, Bulletin 7, 96-101.

    Xu, S., Yang, J., Yang, C., Xiao, P., Chen, S. and Guo, Z. (2007), The iteration method for downward
    continuation of a potential field from a horizontal plane, Geophysical Prospecting 55, 883-889.
    """
    id = "potential_field.drape_to_level"
    ready = prepared(id, grid, padding)
    heights, gaps = _heights(id, ready, surface)
    lowest, highest = float(heights.min()), float(heights.max())
    target = highest if level is None else level
    if target < lowest:
        raise ContractError(
            id, "level", f"at or above the lowest place of `surface`, {lowest:g} m", f"{target:g} m",
            hint="go on from there with potential_field.downward_continuation",
        )  # fmt: skip
    edges = ready.edges
    plane = drape.drape_to_level(
        ready.level, ready.spacing, heights - lowest, iterations=iterations, edges=edges
    )
    values = continue_upward(plane, ready.spacing, target - lowest, edges=edges)
    return ready.like(_blank(ready.whole(values), gaps))


def _heights(id: str, ready: Prepared, surface: xr.DataArray) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Heights of the surface on the cells of the grid, gaps filled, and where they were."""
    if not same_cells(ready.cells, surface):
        raise ContractError(
            id, "surface", "on the cells of `grid`", "on others", hint="bring it there with grid.resample"
        )
    heights = surface.transpose(*ready.cells.dims).to_numpy().astype(np.float64)
    gaps = ~np.isfinite(heights)
    if gaps.all():
        raise ContractError(id, "surface", "a grid of at least one height", "one of none")
    filled = fill_nearest(heights, (abs(ready.spacing[0]), abs(ready.spacing[1])))
    relief, spacing = float(np.ptp(filled)), min(abs(one) for one in ready.spacing)
    if relief > MOST_LEVELS * spacing / 2:
        allowed = f"a relief of at most {MOST_LEVELS // 2} spacings, {MOST_LEVELS / 2 * spacing:g} m"
        raise ContractError(id, "surface", allowed, f"{relief:g} m", hint="are its heights in metres?")
    return filled, gaps


def _blank(values: NDArray[Any], gaps: NDArray[np.bool_]) -> NDArray[Any]:
    values[gaps] = np.nan
    return values
