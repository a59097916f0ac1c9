"""Ground of geological models: heights of a terrain model at places, with its gaps known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from scipy import ndimage

from craton.methods.placement import Place, crs_of, place_of, plane_of, same_crs
from craton.model.errors import ContractError

DECIMALS = 3


@dataclass(frozen=True)
class Terrain:
    """Topography that has been given, or its absence.

    Parameters
    ----------
    process : str
        Identifier of the process that asks.
    grid : DataArray or None
        Elevation in metres; cells without a value are gaps.
    """

    process: str
    grid: xr.DataArray | None

    def __bool__(self) -> bool:
        return self.grid is not None

    def at(self, east: np.ndarray, north: np.ndarray) -> np.ndarray:
        """Height at places, linear between cells; NaN beyond the grid and in its gaps."""
        rows, columns = self._cells(east, north)
        place, known = self._place, self._known
        beyond = np.rint([rows, columns]).astype(np.int64)
        inside = (beyond >= 0).all(axis=0) & (beyond[0] < place.shape[0]) & (beyond[1] < place.shape[1])
        inside[inside] = known[beyond[0][inside], beyond[1][inside]]
        heights: np.ndarray = np.where(inside, self._heights(rows, columns), np.nan)
        return heights

    def anywhere(self, east: np.ndarray, north: np.ndarray) -> np.ndarray:
        """Height at places, that of the nearest cell beyond the grid and in its gaps."""
        return self._heights(*self._cells(east, north))

    def check(self, crs: str) -> None:
        """Refuse topography of another reference system than the data's."""
        if self.grid is None:
            return
        own = crs_of(self.grid)
        if not same_crs(own, crs):
            raise ContractError(
                self.process, "topography", f"in the system of the data ({crs[:40] or 'none stated'})",
                f"in {own[:40] or 'none stated'}", hint="use grid.reproject",
            )  # fmt: skip

    @property
    def side(self) -> float:
        """Longer side of a cell in metres."""
        return max(self._place.spacing)

    def _cells(self, east: np.ndarray, north: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of places, as fractions."""
        place = self._place
        return (north - place.first[0]) / place.step[0], (east - place.first[1]) / place.step[1]

    def _heights(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        heights: np.ndarray = ndimage.map_coordinates(self._filled, [rows, columns], order=1, mode="nearest")
        return np.round(heights, DECIMALS)

    @cached_property
    def _values(self) -> np.ndarray:
        assert self.grid is not None
        values = plane_of(self.process, "topography", self.grid).to_numpy().astype(np.float64)
        if not np.isfinite(values).any():
            raise ContractError(self.process, "topography", "elevation in at least one cell", "none")
        return values

    @cached_property
    def _place(self) -> Place:
        assert self.grid is not None
        return place_of(self.process, "topography", plane_of(self.process, "topography", self.grid))

    @cached_property
    def _known(self) -> np.ndarray:
        return np.isfinite(self._values)

    @cached_property
    def _filled(self) -> np.ndarray:
        """Values with that of the nearest known cell in the gaps."""
        if self._known.all():
            return self._values
        nearest = ndimage.distance_transform_edt(~self._known, return_distances=False, return_indices=True)
        filled: np.ndarray = self._values[tuple(nearest)]
        return filled
