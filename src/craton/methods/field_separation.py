"""Separation of potential fields into what comes from deep and from shallow, wide and narrow sources."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import xarray as xr

from craton.kernels import field_filter, trend, wavelet, wavenumber
from craton.methods.potential_field import FieldGrid, LikeGrid, Padding, Prepared, Values, prepared
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Unit
from craton.process.processes import process

Height = Annotated[float, Unit("m"), Bounds(above=0, maximum=50_000)]
Depth = Annotated[float, Unit("m"), Bounds(above=0, maximum=100_000)]
Levels = Annotated[int, Bounds(minimum=1, maximum=12)]
TrendOrder = Annotated[int, Bounds(minimum=0, maximum=10)]
Times = Annotated[int, Bounds(minimum=1, maximum=2000)]


class Separated(NamedTuple):
    """A field in two parts that add up to it."""

    regional: LikeGrid
    residual: LikeGrid


@process("potential_field.continuation_residual", version="1", keywords=("separation", "regional", "band"))
def continuation_residual(
    grid: FieldGrid, height: Height = 2000.0, lower: Height | None = None, *, padding: Padding = "mirror"
) -> Separated:
    """Field parted by upward continuation into regional and residual.

    Use it as the first separation: it is physical and needs one number. Sources down to about half the
    height stay in the residual. Give `lower` for the slice between two depths. It never parts them wholly,
    since a strong shallow source is felt high up as well.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    height : float
        Height in metres up to which the field is continued to be the regional one.
    lower : float
        Height in metres, below `height`, up to which the field is continued before the regional one is
        taken off, so that sources above half of it are left out of both; left out, none.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    regional : DataArray
        Field continued upward by `height`, with the trend.
    residual : DataArray
        The field, or the field continued upward by `lower`, less the regional one.

    References
    ----------
    Jacobsen, B. H. (1987), A case for upward continuation as a standard separation filter for
    potential-field maps, Geophysics 52(8), 1138-1148.
    """
    id = "potential_field.continuation_residual"
    if lower is not None and lower >= height:
        raise ContractError(id, "lower", f"below `height`, {height:g} m", f"{lower:g} m")
    ready = prepared(id, grid, padding)
    regional = ready.product(wavenumber.upward(height))
    field = ready.level if lower is None else ready.product(wavenumber.upward(lower))
    return _separated(ready, regional, field - regional)


@process("potential_field.matched_filter", version="1", keywords=("separation", "spectrum", "depth slice"))
def matched_filter(
    grid: FieldGrid, deep: Depth | None = None, shallow: Depth | None = None, *, padding: Padding = "mirror"
) -> Separated:
    """Field parted into that of a deep and that of a shallow layer of sources, by its spectrum.

    Use it where the spectrum has two straight parts (two layers that are well apart). The depths are read
    off it unless they are given. Do not use it where the spectrum bends all the way.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    deep : float
        Depth of the deep layer below the grid's plane in metres; left out, from the spectrum. Give both or
        none.
    shallow : float
        Depth of the shallow layer in metres, less than `deep`; left out, from the spectrum.
    padding : str
        How the field goes on beyond its edges; see `potential_field.derivative`.

    Returns
    -------
    regional : DataArray
        Field of the deep layer, with the trend. Its attributes `deep_depth`, `shallow_depth` (m) and
        `crossing_wavelength` (m) say where the filter is.
    residual : DataArray
        Field of the shallow layer.

    Notes
    -----
    Ln of the power falls by 2 d over wavenumber above sources at depth d. Where both layers give the same
    amplitude, at k_x, the filter is a half: 1 / (1 + exp((d - s)(k - k_x))).

    References
    ----------
    Syberg, F. J. R. (1972), A Fourier method for the regional-residual problem of potential fields,
    Geophysical Prospecting 20, 47-75.

    Spector, A. and Grant, F. S. (1970), Statistical models for interpreting aeromagnetic data,
    Geophysics 35(2), 293-302.
    """
    id = "potential_field.matched_filter"
    if (deep is None) != (shallow is None):
        name = "deep" if deep is None else "shallow"
        raise ContractError(id, name, "given together with the other depth, or both left out", "left out")
    if deep is not None and shallow is not None and shallow >= deep:
        raise ContractError(id, "shallow", f"less than `deep`, {deep:g} m", f"{shallow:g} m")
    ready = prepared(id, grid, padding)
    layers = _layers(id, ready, deep, shallow)
    regional = ready.product(field_filter.deep_pass(layers))
    parts = _separated(ready, regional, ready.level - regional)
    told = {
        "deep_depth": layers.deep, "shallow_depth": layers.shallow,
        "crossing_wavelength": 2 * math.pi / layers.crossing,
    }  # fmt: skip
    return Separated(parts.regional.assign_attrs(told), parts.residual)


def _layers(id: str, ready: Prepared, deep: float | None, shallow: float | None) -> field_filter.Layers:
    """Layers of the spectrum, or those given with their crossing from it."""
    spectrum = field_filter.radial_spectrum(ready.waves.amplitudes, ready.waves.north, ready.waves.east)
    if deep is not None and shallow is not None:
        layers = field_filter.layers_of_depths(spectrum, deep, shallow)
    else:
        layers = field_filter.two_layers(spectrum)
    if layers is None or layers.crossing <= 0:
        raise ContractError(
            id, "grid", "a field whose spectrum falls in two straight parts, steep and gentle",
            "one whose spectrum does not", hint="use potential_field.continuation_residual or band_filter",
        )  # fmt: skip
    return layers


@process(
    "potential_field.wavelet_separation", version="1", keywords=("multi-scale", "a trous", "decomposition")
)
def wavelet_separation(grid: FieldGrid, levels: Levels = 3) -> Annotated[xr.Dataset, Grid(plane=True)]:
    """Field as the sum of its details at doubling scales and a smooth rest.

    Use it to look at sources of each size apart, without choosing a cut-off; choose the rest as regional
    where its shape is right. Scale is not depth: compare with the spectrum of each detail.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    levels : int
        Number of details; 2 to its power is at most the shorter side of the grid in cells.

    Returns
    -------
    Dataset
        `detail_1` (features of about 2 to 4 spacings), `detail_2` (4 to 8) and so on, and `smooth`, in
        the unit of `grid`; together they are the field.

    Notes
    -----
    Cubic B-spline wavelet with holes, reflected at the edges, on the field less its trend; the trend is
    put back to `smooth`.

    References
    ----------
    Fedi, M. and Quarta, T. (1998), Wavelet analysis for the regional-residual and local separation of
    potential field anomalies, Geophysical Prospecting 46, 507-525.
    """
    id = "potential_field.wavelet_separation"
    ready = prepared(id, grid, "mirror")
    side = min(ready.level.shape)
    if 2**levels > side:
        most = side.bit_length() - 1
        raise ContractError(id, "levels", f"at most {most} for a side of {side} cells", str(levels))
    details, smooth = wavelet.a_trous(ready.level, levels)
    fields = {f"detail_{n}": ready.like(detail) for n, detail in enumerate(details, 1)}
    fields["smooth"] = ready.like(ready.whole(smooth.copy()))
    named = {name: field.rename(name) for name, field in fields.items()}
    return xr.Dataset(named, attrs={"crs": grid.attrs["crs"]} if grid.attrs.get("crs") else {})


@process("potential_field.polynomial_trend", version="1", keywords=("trend surface", "regional", "detrend"))
def polynomial_trend(grid: FieldGrid, order: TrendOrder = 2, *, robust: bool = True) -> Separated:
    """Field parted into a polynomial surface and what is left.

    Use it for a regional field that is wide against the grid. High orders follow the anomalies themselves,
    and run wild in wide gaps.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    order : int
        Total order of the polynomial: 1 a plane, 2 a bowl or saddle.
    robust : bool
        Whether anomalies, cells far from the surface, lose their weight in the fit.

    Returns
    -------
    regional : DataArray
        The surface, on the cells of `grid` that have a value.
    residual : DataArray
        The field less the surface.

    Notes
    -----
    Least squares in Legendre polynomials; robust with Tukey's bisquare weights.

    References
    ----------
    Agocs, W. B. (1951), Least squares residual anomaly determination, Geophysics 16(4), 686-696.

    Beaton, A. E. and Tukey, J. W. (1974), The fitting of power series, meaning polynomials, illustrated
    on band-spectroscopic data, Technometrics 16(2), 147-185.
    """
    ready = prepared("potential_field.polynomial_trend", grid, "mirror")
    known = ready.cells.to_numpy()
    surface = trend.polynomial_trend(known, order, robust=robust)
    kind = ready.level.dtype
    return Separated(ready.like(surface.astype(kind)), ready.like((known - surface).astype(kind)))


@process("potential_field.cutting_separation", version="1", keywords=("regional", "residual", "iterative"))
def cutting_separation(grid: FieldGrid, radius: Height = 2000.0, times: Times = 20) -> Separated:
    """Field parted by repeated cutting: features narrower than a radius are shaved off step by step.

    Use it to part local anomalies of known width from a smooth background, as is common in Chinese
    practice. Many cuts take wide anomalies too; it has no meaning in depth.

    Parameters
    ----------
    grid : DataArray
        Field on even rows and columns (northing, easting) in metres. Cells without a value are allowed.
    radius : float
        Distance in metres of the four cells that each cell is cut at; at least one spacing, at most half of
        a side, and taken to whole cells.
    times : int
        Number of cuts.

    Returns
    -------
    regional : DataArray
        What the cuts left, with the trend.
    residual : DataArray
        What they took.

    Notes
    -----
    Each cut is R ← ½ R + ½ mean of R at the four cells at the radius to the north, south, east and west; a
    plane is not changed. This is the cut with even weights; Wen and Cheng (1990) let the weights
    follow the field, which makes the cut non-linear; that is not done here.

    References
    ----------
    Wen, B. and Cheng, F. (1990), A new interpolating cut method for identifying regional and local fields
    of magnetic anomaly, Journal of Central-South Institute of Mining and Metallurgy 21(3), 229-235.
    """
    id = "potential_field.cutting_separation"
    ready = prepared(id, grid, "mirror")
    cells = [round(radius / abs(step)) for step in ready.spacing]
    if min(cells) < 1 or any(2 * one > side for one, side in zip(cells, ready.level.shape, strict=True)):
        least = max(abs(step) for step in ready.spacing)
        most = min(abs(step) * side / 2 for step, side in zip(ready.spacing, ready.level.shape, strict=True))
        raise ContractError(id, "radius", f"about {least:g} m to {most:g} m for this grid", f"{radius:g} m")
    regional = field_filter.cut(ready.level, (cells[0], cells[1]), times)
    return _separated(ready, regional, ready.level - regional)


def _separated(ready: Prepared, regional: Values, residual: Values) -> Separated:
    """Both parts labelled; the trend belongs to the regional one."""
    return Separated(ready.like(ready.whole(regional)), ready.like(residual))
