"""Relief: gravity and magnetic field of an interface, and the depth of a basement from gravity."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels import constants, sources
from craton.kernels import relief as kernel
from craton.kernels.potential_field import fill_nearest
from craton.kernels.sources import Floats
from craton.methods.gravity import GravityGrid
from craton.methods.placement import Place, on_cells, place_of, plane_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Relief = Annotated[xr.DataArray, Grid(quantity=("elevation", "upward"), unit="m", plane=True)]
Height = Annotated[float, Unit("m"), Bounds(minimum=-12_000, maximum=500_000)]
Contrast = Annotated[float, Unit("kg/m3"), Bounds(minimum=-10_000, maximum=10_000)]
Positive = Annotated[float, Unit("m"), Bounds(above=0, maximum=1e7)]

GravityCells = Annotated[xr.DataArray, Grid(quantity="gravity_disturbance", unit="mGal", plane=True)]
MagneticCells = Annotated[xr.DataArray, Grid(quantity="magnetic_anomaly", unit="nT", plane=True)]


class Basement(NamedTuple):
    """Depth of a basement, and what it leaves unexplained."""

    depth: Annotated[xr.DataArray, Grid(quantity="depth", unit="m", plane=True)]
    residual: Annotated[xr.DataArray, Grid(quantity="gravity_anomaly", unit="mGal", plane=True)]


@process(
    "gravity.of_relief",
    version="1",
    keywords=("forward model", "Parker", "interface", "Moho", "basement", "bathymetry", "界面", "正演"),
)
def gravity_of_relief(
    relief: Relief, contrast: Contrast, *, height: Height, reference: Height = 0.0
) -> GravityCells:
    """Gravity of an interface between two rocks, on a level plane above it.

    Use it for the effect of a basement, a Moho, a sea floor or a layer boundary that is known or supposed
    all over a grid. The plane must lie above the whole interface, by more than about one cell; for
    topography up to the stations use prisms or a terrain correction.

    Parameters
    ----------
    relief : DataArray
        Height of the interface above the datum in metres; depths are negative. No gaps.
    contrast : float
        Density below the interface less that above it, in kg/m³; above 0 where it is the top of denser
        rock.
    height : float
        Height of the stations above the datum, in metres.
    reference : float
        Height of the level interface that has no effect, in metres. Another one adds a constant.

    Returns
    -------
    DataArray
        Downward attraction in mGal on the cells of `relief`.

    Notes
    -----
    Parker's series, F[g] = 2πGΔρ exp(−|k| z₀) Σ |k|ⁿ⁻¹/n! F[hⁿ], about the middle of the range of heights,
    until terms are below 10⁻⁷ of the sum. Beyond its edges the relief goes on as its mirror image.

    References
    ----------
    Parker, R. L. (1973), The rapid calculation of potential anomalies, Geophysical Journal of the Royal
    Astronomical Society 31, 447-455, doi:10.1111/j.1365-246X.1973.tb06513.x.
    """
    cells, place = _whole("gravity.of_relief", "relief", relief)
    _check_above("gravity.of_relief", cells, height)
    try:
        field = kernel.gravity(cells - reference, place.step, height - reference, contrast)
    except ValueError as error:
        raise _too_near("gravity.of_relief", height) from error
    return on_cells(
        relief, field * constants.MGAL, name="gravity", unit="mGal", title="Gravity of the relief"
    )


@process(
    "magnetics.of_relief",
    version="1",
    keywords=("forward model", "Parker", "interface", "basement", "界面", "正演"),
)
def magnetics_of_relief(
    relief: Relief,
    magnetisation: Annotated[float, Unit("A/m"), Bounds(minimum=-1000, maximum=1000)],
    *,
    height: Height,
    inclination: Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)],
    declination: Annotated[float, Unit("deg"), Bounds(minimum=-180, maximum=360)],
    remanent_inclination: Annotated[float, Unit("deg"), Bounds(minimum=-90, maximum=90)] | None = None,
    remanent_declination: Annotated[float, Unit("deg"), Bounds(minimum=-180, maximum=360)] | None = None,
) -> MagneticCells:
    """Anomaly of total intensity of the relief of uniformly magnetised rock, on a level plane above it.

    Use it for a magnetic basement or a flow of lava with a known surface. A level surface has no field,
    however strong its magnetisation.

    Parameters
    ----------
    relief : DataArray
        Height of the surface above the datum in metres; depths are negative. No gaps.
    magnetisation : float
        Of the rock below less that of the rock above, in A/m.
    height : float
        Height of the stations above the datum, in metres, above all of the relief.
    inclination : float
        Of the Earth's field, in degrees below the horizon.
    declination : float
        Of the Earth's field, in degrees east of the north of the grid.
    remanent_inclination : float
        Of the magnetisation, in degrees below the horizon. Left out, it is along the Earth's field.
    remanent_declination : float
        Of the magnetisation, in degrees east of the north of the grid; given with its inclination.

    Returns
    -------
    DataArray
        Anomaly in nT on the cells of `relief`.

    Notes
    -----
    Parker's series of the potential, with derivatives along the magnetisation and the field, which are
    products with i k_e, i k_n and −|k|. Beyond its edges the relief goes on as its mirror image.

    References
    ----------
    Parker, R. L. (1973), The rapid calculation of potential anomalies, Geophysical Journal of the Royal
    Astronomical Society 31, 447-455, doi:10.1111/j.1365-246X.1973.tb06513.x.
    """
    id = "magnetics.of_relief"
    if (remanent_inclination is None) != (remanent_declination is None):
        missing = "remanent_inclination" if remanent_inclination is None else "remanent_declination"
        raise ContractError(id, missing, "given together with the other angle", "left out")
    cells, place = _whole(id, "relief", relief)
    _check_above(id, cells, height)
    direction = sources.unit_vector(inclination, declination)
    moment = direction
    if remanent_inclination is not None and remanent_declination is not None:
        moment = sources.unit_vector(remanent_inclination, remanent_declination)
    try:
        field = kernel.magnetic(cells, place.step, height, magnetisation * moment, direction)
    except ValueError as error:
        raise _too_near(id, height) from error
    title = "Magnetic anomaly of the relief"
    return on_cells(relief, field * constants.NANOTESLA, name="magnetic_anomaly", unit="nT", title=title)


@process(
    "gravity.basement_depth",
    version="1",
    keywords=("inversion", "basin", "sediment", "Bott", "Parker-Oldenburg", "基底", "反演"),
)
def basement_depth(
    grid: GravityGrid,
    contrast: Annotated[float, Unit("kg/m3"), Bounds(minimum=-3000, below=0)] = -400.0,
    *,
    decay_depth: Positive | None = None,
    height: Annotated[float, Unit("m"), Bounds(minimum=0, maximum=100_000)] = 0.0,
    method: Literal["bott", "parker_oldenburg"] = "bott",
    deepest: Annotated[float, Unit("m"), Bounds(above=0, maximum=50_000)] = 10_000.0,
    mean_depth: Positive | None = None,
    shortest_wave: Positive | None = None,
    tolerance: Annotated[float, Unit("mGal"), Bounds(above=0, maximum=1000)] = 0.1,
    iterations: Annotated[int, Bounds(minimum=1, maximum=500)] = 30,
) -> Basement:
    """Depth of the basement below light sediments, from the gravity low over them.

    Use it for a basin whose sediments are lighter than the rock below by a contrast that is known from
    density logs or samples; an error of the contrast goes straight into the depth. Take the regional
    field off first: what is left must be 0 over outcropping basement. Not where dense or light bodies
    within the basement make anomalies of their own.

    Parameters
    ----------
    grid : DataArray
        Residual gravity anomaly, negative over the basin.
    contrast : float
        Density of the sediments at the surface less that of the basement, in kg/m³, below 0.
    decay_depth : float
        Depth in metres in which the contrast falls to 1/e of it, as sediments are compacted. Left out, the
        contrast is the same at all depths. Only with `bott`.
    height : float
        Height of the plane of `grid` above the surface of the sediments, in metres.
    method : str
        `bott` corrects the depths of columns step by step: for basins that come to the surface, of any
        contrast. `parker_oldenburg` works on the waves of a deep interface that goes on beyond the grid,
        about its `mean_depth`.
    deepest : float
        Largest depth allowed with `bott`, in metres.
    mean_depth : float
        Mean depth of the interface below the surface, in metres; needed for `parker_oldenburg`.
    shortest_wave : float
        Wavelength in metres below which `parker_oldenburg` leaves waves out, fully below it and not above
        one and a half times it. Left out, twice the mean depth.
    tolerance : float
        Largest misfit in mGal with which `bott` ends; the noise of the data. With a smaller one, noise is
        turned into roughness of the basement.
    iterations : int
        Steps of `bott` at most.

    Returns
    -------
    depth : DataArray
        Depth of the basement below the surface, in metres, on the cells of `grid`; none where `grid` has
        none.
    residual : DataArray
        What `grid` exceeds the gravity of that basement by, in mGal.

    Notes
    -----
    Bott: d ← d + (g − g(d)) / (2πGΔρ(d)), with the gravity of columns of one cell each. The first steps
    find the broad form; narrow deep parts take many. Parker-Oldenburg:
    F[h] = F[g] exp(|k| z₀)/(2πGΔρ) − Σ_{n≥2} |k|ⁿ⁻¹/n! F[hⁿ], with short waves left out.

    References
    ----------
    Bott, M. H. P. (1960), The use of rapid digital computing methods for direct gravity interpretation of
    sedimentary basins, Geophysical Journal of the Royal Astronomical Society 3, 63-67,
    doi:10.1111/j.1365-246X.1960.tb00065.x.

    Oldenburg, D. W. (1974), The inversion and interpretation of gravity anomalies, Geophysics 39(4),
    526-536, doi:10.1190/1.1440444.

    Cordell, L. (1973), Gravity analysis using an exponential density-depth function: San Jacinto Graben,
    California, Geophysics 38(4), 684-690, doi:10.1190/1.1440367.
    """
    field = plane_of("gravity.basement_depth", "grid", grid).to_numpy().astype(np.float64) / constants.MGAL
    if not np.isfinite(field).any():
        raise ContractError("gravity.basement_depth", "grid", "a grid with values", "one without any")
    if method == "bott":
        decay = 0.0 if decay_depth is None else 1.0 / decay_depth
        columns = kernel.Columns(
            field.shape, place_of("gravity.basement_depth", "grid", grid).spacing,
            height=height, contrast=contrast, decay=decay, deepest=deepest,
        )  # fmt: skip
        whole = fill_nearest(field, columns.spacing)
        depth, rest = _by_columns(whole, columns, iterations, tolerance / constants.MGAL)
    else:
        if decay_depth is not None:
            raise ContractError(
                "gravity.basement_depth",
                "decay_depth",
                "left out with `parker_oldenburg`",
                f"{decay_depth:g} m",
            )
        depth, rest = _by_waves(grid, contrast, height, mean_depth, shortest_wave)
    missing = ~np.isfinite(field)
    depth[missing], rest[missing] = np.nan, np.nan
    return Basement(
        on_cells(grid, depth, name="depth", unit="m", title="Depth of the basement"),
        on_cells(grid, rest * constants.MGAL, name="residual", unit="mGal", title="Gravity left unexplained"),
    )


def _by_columns(
    field: Floats, columns: kernel.Columns, iterations: int, tolerance: float
) -> tuple[Floats, Floats]:
    """Depth and misfit by Bott's steps."""
    depth = rest = np.zeros(field.shape)
    steps = kernel.basement(field, columns, iterations=iterations, tolerance=tolerance)
    for number, (depth, rest) in enumerate(steps):  # noqa: B007 - the last ones are the result
        progress.report((number + 1) / iterations, "basement")
    return depth, rest


def _by_waves(
    grid: xr.DataArray, contrast: float, height: float, mean_depth: float | None, shortest: float | None
) -> tuple[Floats, Floats]:
    """Depth and misfit by Parker's series and Oldenburg's iteration."""
    id = "gravity.basement_depth"
    if mean_depth is None:
        raise ContractError(id, "mean_depth", "given for `parker_oldenburg`", "left out")
    cells, place = _whole(id, "grid", grid)
    field = cells / constants.MGAL
    # Without its mean, the field is that of the relief about the mean depth.
    about = field - field.mean()
    wave = 2.0 * mean_depth if shortest is None else shortest
    below = mean_depth + height
    try:
        relief = kernel.interface(about, place.step, below, -contrast, cutoff=(wave, 1.5 * wave))
        rest = about - kernel.gravity(relief, place.step, below, -contrast)
    except ValueError as error:
        raise ContractError(
            id, "shortest_wave", "long enough for the iteration to settle", f"{wave:g} m",
            hint="give a longer wave, a smaller mean depth or a stronger contrast",
        ) from error  # fmt: skip
    return mean_depth - relief, rest - rest.mean()


def _whole(id: str, name: str, grid: xr.DataArray) -> tuple[Floats, Place]:
    """Cells (rows, columns) of a grid without gaps, and their place."""
    cells = plane_of(id, name, grid).to_numpy().astype(np.float64)
    if not np.isfinite(cells).all():
        share = float(np.mean(~np.isfinite(cells)))
        raise ContractError(
            id, name, "a grid without gaps", f"one with {share:.0%} of its cells missing",
            hint="fill it, or clip it to where it is whole, with grid.clip",
        )  # fmt: skip
    return cells, place_of(id, name, grid)


def _check_above(id: str, cells: Floats, height: float) -> None:
    """Refuse stations that are not above the relief."""
    top = float(cells.max())
    if height <= top:
        raise ContractError(
            id, "height", f"above all of the relief, which reaches {top:g} m", f"{height:g} m"
        )


def _too_near(id: str, height: float) -> ContractError:
    return ContractError(
        id, "height", "farther above the relief, for the series to converge", f"{height:g} m",
        hint="raise the plane by a cell or more and continue the field downward",
    )  # fmt: skip
