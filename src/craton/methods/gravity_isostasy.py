"""Gravity isostasy: the attraction of what carries the mountains, and anomalies freed of it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import xarray as xr

from craton.kernels import isostasy as kernel
from craton.kernels.potential_field import fill_nearest
from craton.methods.gravity_stations import linear_at
from craton.methods.placement import on_cells, place_of, plane_of, same_crs
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Relief = Annotated[xr.DataArray, Grid(quantity=("elevation", "ellipsoidal_height"), unit="m", plane=True)]
BouguerGrid = Annotated[
    xr.DataArray, Grid(quantity=("bouguer_anomaly", "complete_bouguer_anomaly"), unit="mGal", plane=True)
]
Model = Literal["airy", "flexure", "pratt"]
Density = Annotated[float, Unit("kg/m3"), Bounds(above=0, maximum=6000)]
Depth = Annotated[float, Unit("m"), Bounds(above=0, maximum=300_000)]
ElasticThickness = Annotated[float, Unit("m"), Bounds(minimum=0, maximum=200_000)]

FEWEST_CELLS = 4
"""Cells along a side from which waves can be told."""


class Compensation(NamedTuple):
    """What `compensation` gives."""

    moho_depth: Annotated[xr.DataArray, Grid(quantity="moho_depth", unit="m", plane=True)]
    attraction: Annotated[xr.DataArray, Grid(unit="mGal", plane=True)]


@process(
    "gravity.isostatic_compensation",
    version="1",
    keywords=("Airy", "Heiskanen", "root", "Moho", "flexure", "Pratt", "均衡"),
)
def compensation(
    relief: Relief,
    *,
    model: Model = "airy",
    elastic_thickness: ElasticThickness = 0.0,
    depth: Depth = 30_000.0,
    crust_density: Density = 2670.0,
    mantle_density: Density = 3070.0,
    water_density: Density = 1027.0,
) -> Compensation:
    """Depth to which relief is compensated, and the gravity of what compensates it.

    Use it for a first Moho, and to see what `gravity.isostatic_anomaly` takes off. The relief must reach
    some hundred kilometres beyond the area of interest: mountains are felt, and bend the plate, from afar.

    Parameters
    ----------
    relief : DataArray
        Elevation above sea level, below 0 at sea, on even northings and eastings; 2 to 10 km cells do.
    model : str
        `airy`: the crust is thicker under mountains, each column floating for itself. `flexure`: the same
        on an elastic plate, which carries narrow loads. `pratt`: columns of one depth are lighter the
        higher they stand; there is no Moho.
    elastic_thickness : float
        Of the plate, for `flexure`: 5 to 30 km under young mountains, more on cratons.
    depth : float
        Of the Moho under land at sea level; for `pratt` the depth of compensation, 100 km as a rule.
    crust_density : float
        Of the topography and the crust.
    mantle_density : float
        Of the mantle; only the contrast to the crust counts.
    water_density : float
        Of the sea.

    Returns
    -------
    moho_depth : DataArray
        Depth of the Moho below sea level in metres; of compensation for `pratt`.
    attraction : DataArray
        Attraction of the compensating masses at sea level in mGal: negative under mountains.

    Notes
    -----
    Root r = ρc h Φ/(ρm − ρc), with h the height in rock (at sea −d (ρc − ρw)/ρc) and for waves of the
    wavenumber k Φ = 1/(1 + D k⁴/((ρm − ρc) g)), D = E Te³/(12 (1 − ν²)), E = 100 GPa, ν = 0.25. Its
    attraction is Parker's series on a flat Earth, about the middle depth of the Moho and with as many terms
    as it takes, with the relief mirrored beyond the grid. Cells without a value take that of the nearest for
    the sums, and have none in the result. A Moho that would reach sea level is refused, and one so near it
    that the series does not converge.

    References
    ----------
    Parker, R. L. (1973). The rapid calculation of potential anomalies. Geophysical Journal of the Royal
    Astronomical Society 31, 447-455. doi:10.1111/j.1365-246X.1973.tb06513.x

    Heiskanen, W. A., and Moritz, H. (1967), Physical geodesy, Freeman, sections 3-4 to 3-6.

    Watts, A. B. (2001). Isostasy and flexure of the lithosphere. Cambridge University Press.
    """
    return _compensated(
        "gravity.isostatic_compensation",
        relief,
        model,
        elastic_thickness,
        depth,
        crust_density,
        mantle_density,
        water_density,
    )


@process(
    "gravity.isostatic_anomaly",
    version="1",
    keywords=("isostasy", "residual", "Airy", "flexure", "Pratt", "均衡异常"),
)
def isostatic_anomaly(
    grid: BouguerGrid,
    relief: Relief,
    *,
    model: Model = "airy",
    elastic_thickness: ElasticThickness = 0.0,
    depth: Depth = 30_000.0,
    crust_density: Density = 2670.0,
    mantle_density: Density = 3070.0,
    water_density: Density = 1027.0,
) -> Annotated[xr.DataArray, Grid(quantity="isostatic_anomaly", unit="mGal", plane=True)]:
    """Isostatic anomaly: the Bouguer anomaly freed of the roots of mountains and the rise under seas.

    Use it to map geology of the upper crust over mountains and across coasts, where the Bouguer anomaly is
    ruled by the Moho. What is left also holds where the crust is not in the balance that was assumed.

    Parameters
    ----------
    grid : DataArray
        Bouguer anomaly, best the complete one, on even northings and eastings.
    relief : DataArray
        Elevation above sea level, below 0 at sea, on even northings and eastings, in the reference system of
        `grid`. It must cover `grid`, and best some hundred kilometres beyond; its cells may be wider.
    model : str
        As for `gravity.isostatic_compensation`.
    elastic_thickness : float
        As for `gravity.isostatic_compensation`.
    depth : float
        As for `gravity.isostatic_compensation`.
    crust_density : float
        Of the topography and the crust: the density that the Bouguer anomaly was reduced with.
    mantle_density : float
        As for `gravity.isostatic_compensation`.
    water_density : float
        As for `gravity.isostatic_compensation`.

    Returns
    -------
    DataArray
        Bouguer anomaly less the attraction of the compensation, in mGal, on the cells of `grid`; NaN where
        `grid` has no value or the relief does not reach.

    Notes
    -----
    The attraction at sea level (see `gravity.isostatic_compensation`) is taken linearly between the cells
    of `relief`; where one of those that count has no value, there is none.

    References
    ----------
    Simpson, R. W., Jachens, R. C., and Blakely, R. J. (1983). AIRYROOT: a Fortran program for calculating
    the gravitational attraction of an Airy isostatic root out to 166.7 km. USGS Open-File Report 83-883.
    doi:10.3133/ofr83883
    """
    name = "gravity.isostatic_anomaly"
    anomaly = plane_of(name, "grid", grid)
    one, other = place_of(name, "grid", grid), place_of(name, "relief", relief)
    if not same_crs(one.crs, other.crs):
        raise ContractError(
            name, "relief", f"in the reference system of `grid` ({one.crs[:40] or 'which states none'})",
            f"one in {other.crs[:40] or 'none'}", hint="use grid.reproject",
        )  # fmt: skip
    found = _compensated(
        name, relief, model, elastic_thickness, depth, crust_density, mantle_density, water_density
    ).attraction
    rows, columns = (
        (anomaly[axis].to_numpy() - first) / step
        for axis, first, step in zip(("northing", "easting"), other.first, other.step, strict=True)
    )
    places = np.meshgrid(rows, columns, indexing="ij")
    taken = linear_at(plane_of(name, "relief", found).to_numpy(), *places)
    if not np.isfinite(taken).any():
        raise ContractError(name, "relief", "a grid that covers `grid`", "one that lies elsewhere")
    values = anomaly.to_numpy() - taken
    return on_cells(grid, values, quantity="isostatic_anomaly", unit="mGal", title="Isostatic anomaly")


def _compensated(
    process: str, relief: xr.DataArray, model: Model, elastic_thickness: float, depth: float,
    crust: float, mantle: float, water: float,
) -> Compensation:  # fmt: skip
    """Depth and attraction of the compensation on the cells of `relief`."""
    if mantle <= crust or water >= crust:
        came = f"{water:g}, {crust:g} and {mantle:g} kg/m³"
        raise ContractError(process, "mantle_density", "water lighter than crust lighter than mantle", came)
    if elastic_thickness > 0 and model != "flexure":
        raise ContractError(
            process, "elastic_thickness", f"0 with the model {model}", f"{elastic_thickness:g} m"
        )
    place = place_of(process, "relief", relief)
    cells = plane_of(process, "relief", relief).to_numpy().astype(np.float64)
    known = np.isfinite(cells)
    if not known.any() or min(cells.shape) < FEWEST_CELLS:
        allowed = f"a grid of {FEWEST_CELLS} by {FEWEST_CELLS} cells with values"
        raise ContractError(process, "relief", allowed, f"one of {cells.shape[0]} by {cells.shape[1]}")
    filled = fill_nearest(cells, place.spacing)
    if model == "pratt":
        _refuse_deep(process, depth, -filled)
        moho = np.full(cells.shape, depth)
        pull = kernel.pratt_attraction(filled, place.spacing, depth, crust, water)
    else:
        load = kernel.rock_equivalent(filled, crust, water)
        root = kernel.root(load, place.spacing, crust, mantle, elastic_thickness=elastic_thickness)
        _refuse_deep(process, depth, -root)
        moho = depth + root
        pull = _pull(process, root, place.spacing, depth, crust - mantle)
    moho, pull = (np.where(known, one, np.nan) for one in (moho, pull))
    return Compensation(
        on_cells(relief, moho, quantity="moho_depth", unit="m", title="Depth of compensation"),
        on_cells(relief, pull, name="compensation", unit="mGal", title="Attraction of the compensation"),
    )


def _pull(
    process: str, root: np.ndarray, spacing: tuple[float, float], depth: float, contrast: float
) -> np.ndarray:
    """Attraction of a root; refused where the Moho is too near sea level for its cells."""
    try:
        return kernel.root_attraction(root, spacing, depth, contrast)
    except ValueError as error:
        raise ContractError(
            process, "depth", "one with a Moho well below sea level, by about a cell or more",
            f"{depth:g} m, with which it rises to {depth + float(root.min()):.0f} m",
            hint="give a greater depth or a larger contrast of densities, or coarser cells",
        ) from error  # fmt: skip


def _refuse_deep(process: str, depth: float, rise: np.ndarray) -> None:
    """Refuse a depth above which the compensation would rise to sea level or to the sea floor."""
    most = float(rise.max())
    if most >= depth:
        raise ContractError(
            process, "depth", f"more than {most:.0f} m, by which the compensation rises here", f"{depth:g} m",
            hint="at sea the Moho rises; give a greater depth or a larger contrast of densities",
        )  # fmt: skip
