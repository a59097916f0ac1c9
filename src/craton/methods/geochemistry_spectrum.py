"""Spectrum-area separation of geochemical maps: background and anomaly by the power of their waves."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from craton.kernels import fractal_area
from craton.kernels.potential_field import fill_nearest, linear_trend
from craton.methods.placement import place_of, plane_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Grid, Table
from craton.process.processes import process

ID = "geochemistry.spectrum_area"

FEWEST_WAVES = 30
"""Waves of which a curve can be drawn."""

ROUNDING = 1e-24
"""Power against the strongest wave below which a wave is rounding."""

LikeGrid = Annotated[xr.DataArray, Grid(plane=True, like="grid")]
Values = NDArray[np.float64]


class SpectrumParts(NamedTuple):
    """Three parts of a map that add up to it, the curve and its breaks."""

    background: LikeGrid
    anomaly: LikeGrid
    noise: LikeGrid
    curve: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="power", title="Power of a wave"),
                Column(name="area", unit="1/km2", title="Area in the wave-number plane at or above it"),
                Column(name="log10_power", unit="1", title="Logarithm of the power"),
                Column(name="log10_area", unit="1", title="Logarithm of the area"),
                Column(name="segment", unit="1", title="Segment, from the weakest waves"),
            )
        ),
    ]
    breaks: Annotated[
        pd.DataFrame,
        Table(
            columns=(
                Column(name="segment", unit="1", title="Segment, from the weakest waves"),
                Column(name="part", title="Part of the map"),
                Column(name="lower", title="Least power"),
                Column(name="upper", title="Largest power"),
                Column(name="slope", unit="1", title="Slope of the log-log line"),
                Column(name="r2", unit="1", title="Part of the variance explained by the line"),
                Column(name="waves", unit="1", title="Waves"),
            )
        ),
    ]


@process(ID, version="1", keywords=("S-A", "fractal filter", "multifractal", "power spectrum", "能谱-面积"))
def spectrum_area(
    grid: Annotated[xr.DataArray, Grid(plane=True)],
    segments: Annotated[int, Bounds(minimum=2, maximum=3)] = 3,
    *,
    levels: Annotated[int, Bounds(minimum=20, maximum=500)] = 100,
) -> SpectrumParts:
    """Map parted into background, anomaly and noise where the power of its waves breaks into power laws.

    Use it where the background itself rises and falls, so that no one threshold holds for the whole map.
    Because waves are chosen by their power and not by their length, features that run on in one direction
    stay whole. Take the logarithm of very skew data first (`grid.algebra`), or a few high cells rule the
    spectrum. Parts have values below zero, for they are differences.

    Parameters
    ----------
    grid : DataArray
        Values on even rows and columns (northing, easting) in metres. Gaps take the nearest value for the
        transform and are gaps again in the results.
    segments : int
        Straight lines along the curve: 2 for background and anomaly, 3 to part noise as well.
    levels : int
        Levels between the least and the largest power, evenly spaced in the logarithm.

    Returns
    -------
    background : DataArray
        The mean, the plane that fits best, and the strongest waves.
    anomaly : DataArray
        Waves between the breaks.
    noise : DataArray
        The weakest waves; zero throughout with two segments.
    curve : DataFrame
        By ascending power, in the squared unit of the grid, the area of the wave-number plane, in squared
        cycles per km, taken up by waves of at least that power.
    breaks : DataFrame
        One row a segment from the weakest waves, its part of the map, powers and slope.

    Notes
    -----
    A(≥ E) ∝ E^(-β) within each segment, E the squared amplitude of the orthonormal cosine transform of the
    map less its plane, which takes the map as mirrored at its edges; each wave has the area 1/(L_n L_e) of
    the plane, L the sides. Lines are fitted as in `geochemistry.concentration_area`. The three parts add up
    to the map.

    References
    ----------
    Cheng, Q., Xu, Y. and Grunsky, E. (2000), Integrated spatial and spectrum method for geochemical anomaly
    separation, Natural Resources Research 9(1), 43-52, doi:10.1023/A:1010109829861.
    """
    cells = plane_of(ID, "grid", grid)
    place = place_of(ID, "grid", grid)
    values = cells.to_numpy().astype(np.float64)
    gaps = ~np.isfinite(values)
    if gaps.all():
        raise ContractError(ID, "grid", "a grid with values", "one without")
    plane = linear_trend(values)
    waves = fractal_area.waves_of(fill_nearest(values - plane, place.spacing))
    power = waves**2
    used = power > ROUNDING * max(float(np.nanmax(values**2)) * values.size, float(power.max()))
    used[0, 0] = False
    if np.count_nonzero(used) < FEWEST_WAVES:
        came = f"one of {np.count_nonzero(used)}"
        raise ContractError(ID, "grid", f"a map of at least {FEWEST_WAVES} waves besides its plane", came)
    sides = [step * count / 1e3 for step, count in zip(place.spacing, place.shape, strict=True)]
    found = fractal_area.area_above(power[used], None, levels)
    lines = fractal_area.piecewise_lines(
        np.log10(found.values), np.log10(found.areas), count=segments, most=segments
    )
    limits = 10.0**lines.breaks
    names = ("noise", "anomaly", "background")[-lines.starts.size :]
    part = np.searchsorted(limits, power, side="right")
    parts = {
        name: fractal_area.field_of(np.where(part == number, waves, 0.0)) for number, name in enumerate(names)
    }
    parts["background"] = values - sum(parts[name] for name in names[:-1])

    def labelled(name: str) -> xr.DataArray:
        layer = np.where(gaps, np.nan, parts.get(name, 0.0))
        return cells.copy(data=layer).rename(name).transpose(*grid.dims)

    curve = _curve(found, lines, sides[0] * sides[1])
    breaks = _breaks(found, lines, limits, names)
    return SpectrumParts(labelled("background"), labelled("anomaly"), labelled("noise"), curve, breaks)


def _curve(found: fractal_area.Curve, lines: fractal_area.Lines, map_area: float) -> pd.DataFrame:
    area = found.areas / map_area
    segment = np.searchsorted(lines.starts, np.arange(area.size), side="right")
    logs = {"log10_power": np.log10(found.values), "log10_area": np.log10(area)}
    return pd.DataFrame({"power": found.values, "area": area, **logs, "segment": segment})


def _breaks(
    found: fractal_area.Curve, lines: fractal_area.Lines, limits: Values, names: tuple[str, ...]
) -> pd.DataFrame:
    lower = np.append(found.values[0], limits)
    above = found.areas[np.minimum(np.searchsorted(found.values, lower), found.values.size - 1)]
    return pd.DataFrame(
        {
            "segment": np.arange(1, lower.size + 1), "part": names, "lower": lower,
            "upper": np.append(limits, found.values[-1]), "slope": lines.slopes, "r2": lines.r2,
            "waves": above - np.append(above[1:], 0.0),
        }
    )  # fmt: skip
