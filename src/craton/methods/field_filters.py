"""Filters of potential fields by wavelength and by strike."""

from __future__ import annotations

from typing import Annotated, Literal

from craton.kernels import field_filter
from craton.kernels.field_filter import Shape
from craton.methods.potential_field import FieldGrid, LikeGrid, Padding, prepared
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Unit
from craton.process.processes import process

Pass = Literal["low", "high", "band", "stop"]
"""Which waves pass: the long ones, the short ones, those between two wavelengths, or all but those."""

Wavelength = Annotated[float, Unit("m"), Bounds(above=0, maximum=10_000_000)]
ButterworthOrder = Annotated[int, Bounds(minimum=1, maximum=16)]
Width = Annotated[float, Unit("1"), Bounds(above=0, maximum=2)]
Azimuth = Annotated[float, Unit("deg"), Bounds(minimum=-360, maximum=360)]
Degree = Annotated[float, Unit("1"), Bounds(above=0, maximum=50)]


@process(
    "potential_field.band_filter", version="1",
    keywords=("high pass", "low pass", "band pass", "butterworth", "gaussian", "cosine", "wavelength"),
)  # fmt: skip
def band_filter(
    grid: FieldGrid,
    wavelength: Wavelength = 10_000.0,
    longest: Wavelength | None = None,
    *,
    passes: Pass = "low",
    shape: Shape = "butterworth",
    order: ButterworthOrder = 4,
    width: Width = 0.5,
    padding: Padding = "mirror",
) -> LikeGrid:
    """Field with only the waves of some length: low, high or band pass.

    Use it to take out noise (low pass), a regional field (high pass), or both. Wavelength is not depth: a
    shallow body has long waves too, so that amplitudes after a high pass are not those of shallow bodies
    alone; `potential_field.matched_filter` and upward continuation rest on physics.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    wavelength : float
        Cut-off in metres, at which half of the amplitude passes; of a band, its short end.
    longest : float
        Long end of a band in metres, longer than `wavelength`; wanted for `band` and `stop`, not used
        otherwise.
    passes : str
        `low` keeps longer waves, `high` shorter ones, `band` those between, `stop` all but those between.
    shape : str
        `butterworth`; `gaussian`, the gentlest, without ringing; `cosine`, which is exactly 0 beyond its
        roll-off.
    order : int
        Steepness of the Butterworth filter; high orders ring.
    width : float
        Width of the cosine roll-off as a part of the cut-off wavenumber.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        The quantity of `grid` on its cells. The trend belongs to the longest wave: `low` and `stop` keep
        it, the others take it away.

    Notes
    -----
    With r = k/k_c: 1 / (1 + r²ⁿ), 2^(-r²), or half a cosine wave over the width; `high` is 1 less that.

    References
    ----------
    Butterworth, S. (1930), On the theory of filter amplifiers, Experimental Wireless & the Wireless
    Engineer 7, 536-541.
    """
    id = "potential_field.band_filter"
    low = field_filter.low_pass(wavelength, shape=shape, order=order, width=width)
    response = low if passes == "low" else low.rest()
    if passes in {"band", "stop"}:
        if longest is None or longest <= wavelength:
            came = "nothing" if longest is None else f"{longest:g} m"
            raise ContractError(id, "longest", f"above `wavelength`, {wavelength:g} m", came)
        response = low * field_filter.low_pass(longest, shape=shape, order=order, width=width).rest()
        response = response.rest() if passes == "stop" else response
    ready = prepared(id, grid, padding)
    values = ready.product(response, alone=True)
    return ready.like(ready.whole(values) if passes in {"low", "stop"} else values)


@process(
    "potential_field.strike_filter", version="1", keywords=("directional", "cosine", "lineament", "trend")
)
def strike_filter(
    grid: FieldGrid,
    azimuth: Azimuth = 0.0,
    *,
    degree: Degree = 2.0,
    keep: bool = False,
    padding: Padding = "mirror",
) -> LikeGrid:
    """Field without the features that run along a strike, or with those alone.

    Use it to take out a swarm of dykes or the stripes of flight lines, or to look at one set of lineaments.
    It draws round anomalies out: do not take amplitudes from what it leaves, and do not use it for
    levelling where the stripes are of one known width.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    azimuth : float
        Strike in degrees clockwise from the northing axis.
    degree : float
        Power of the cosine: the higher, the narrower the fan of directions around the strike.
    keep : bool
        Whether the features along the strike are kept; otherwise they are taken away.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    DataArray
        The quantity of `grid` on its cells, with its mean and trend.

    Notes
    -----
    |cos(φ - azimuth - 90°)|ⁿ, φ the azimuth of the wavenumber, or 1 less that.

    References
    ----------
    Fuller, B. D. (1967), Two-dimensional frequency analysis and design of grid operators, in Mining
    geophysics 2, Society of Exploration Geophysicists, 658-708.
    """
    ready = prepared("potential_field.strike_filter", grid, padding)
    values = ready.product(field_filter.strike(azimuth, degree=degree, keep=keep), alone=True)
    return ready.like(ready.whole(values))
