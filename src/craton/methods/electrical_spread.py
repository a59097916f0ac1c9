"""Spreads of electrodes: readings of a line on the ground it lies on, and what blocks below it show."""

from __future__ import annotations

import numpy as np
import pandas as pd

from craton.kernels import resistivity_plane, resistivity_section
from craton.kernels.resistivity_layers import Floats
from craton.kernels.resistivity_plane import Plane, Potentials
from craton.methods.electrical_section import FAR, Line, surveyed
from craton.model.errors import ContractError
from craton.process.marks import Column

BLOCK = (
    Column(name="from_distance", unit="m", title="Left edge along the line"),
    Column(name="to_distance", unit="m", title="Right edge along the line"),
    Column(name="top", unit="m", quantity="depth", title="Depth of the top below the ground"),
    Column(name="bottom", unit="m", quantity="depth", title="Depth of the base below the ground"),
    Column(name="elevation", unit="m", title="Height of the middle, as the electrodes' heights"),
)
"""Columns that say where a block is."""

FEWEST = 6
"""Readings of a line from which a section is sought."""

MOST_ELECTRODES, MOST_READINGS, MOST_BLOCKS = 200, 6000, 4000
"""Largest line, whose blocks and readings are solved at once in matrices of blocks by blocks."""


class Spread:
    """Electrodes of a line from left to right, their numbers in readings, and the ground they stand on.

    `positions` (e,) are in metres on the map, `ground` (2, k) places and heights of the ground, `numbers`
    (n, 4) the electrodes A, B, M, N. Laid out flat at `laid_out` (e,), readings have distances `between`
    (n, 4) and geometric factors `factor` (n,).
    """

    def __init__(self, id: str, line: Line, electrodes: pd.DataFrame | None) -> None:
        places = np.unique(line.positions[np.isfinite(line.positions[..., 0])], axis=0)
        # Rows of the table that no reading names tell of the ground too.
        profile = places if electrodes is None else np.unique([*places, *surveyed(id, electrodes)], axis=0)
        if (np.diff(profile[:, 0]) == 0).any():
            allowed = "a line of electrodes one after the other"
            raise ContractError(id, "electrodes", allowed, "two at one distance")
        self.ground = profile.T
        number = np.searchsorted(places[:, 0], np.nan_to_num(line.positions[..., 0]))
        far = ~np.isfinite(line.positions[..., 0])
        self._set(places[:, 0], np.where(far, FAR, number).T)

    def _set(self, positions: Floats, numbers: np.ndarray) -> None:
        self.positions, self.numbers = positions, numbers
        steps = np.hypot(np.diff(positions), np.diff(np.interp(positions, *self.ground)))
        self.laid_out = positions[:1] + np.concatenate([[0.0], np.cumsum(steps)])
        at = np.where(numbers == FAR, np.nan, self.laid_out[numbers]).T[..., None]
        self.between = resistivity_section.distances(at)
        self.factor = resistivity_section.geometric_factor(self.between)

    @property
    def even(self) -> bool:
        """Whether the ground is level or of one slope, which flat ground stands for."""
        places, heights = self.ground
        line = np.interp(places, places[[0, -1]], heights[[0, -1]])
        return bool(np.allclose(line, heights, rtol=0.0, atol=1e-6 * np.ptp(places)))

    def of(self, rows: np.ndarray) -> Spread:
        """The same of some readings, with the electrodes that they use."""
        numbers = self.numbers[rows]
        used = np.unique(numbers[numbers != FAR])
        chosen = object.__new__(Spread)
        chosen.ground = self.ground
        chosen._set(self.positions[used], np.where(numbers == FAR, FAR, np.searchsorted(used, numbers)))
        return chosen


class Forward:
    """Logarithms of the apparent resistivities that blocks below a spread show, down to a depth in metres."""

    def __init__(self, id: str, spread: Spread, depth: float) -> None:
        self.plane = resistivity_plane.plane_of(spread.positions, depth, tuple(spread.ground))
        check_blocks(id, self.plane)
        self.nearest = float(spread.between[np.isfinite(spread.between)].min())
        self.potentials = Potentials(self.plane, self.nearest)
        self.readings, self.flat = spread.numbers, spread
        ones = np.ones(self.plane.shape[0] * self.plane.shape[1])
        self.uniform = self.potentials.voltages(self.potentials.solved(ones), self.readings)

    def factor(self) -> Floats:
        """Geometric factors (n,) on the ground as it is."""
        if self.flat.even:
            return self.flat.factor
        laid_out = resistivity_plane.plane_of(self.flat.laid_out, self.plane.edges_down[-1])
        level = Potentials(laid_out, self.nearest)
        return resistivity_plane.geometric_factor(self.potentials, level, self.readings)

    def keep(self, rows: np.ndarray) -> None:
        """Go on with some readings."""
        self.readings, self.uniform = self.readings[rows], self.uniform[rows]

    def response(self, model: Floats) -> Floats:
        """Of logarithms of resistivities."""
        fields = self.potentials.solved(np.exp(-model))
        with np.errstate(invalid="ignore"):
            curve: Floats = np.log(self.potentials.voltages(fields, self.readings) / self.uniform)
        return curve

    def linearised(self, model: Floats) -> tuple[Floats, Floats]:
        """The same with derivatives."""
        fields = self.potentials.solved(np.exp(-model))
        voltage = self.potentials.voltages(fields, self.readings)
        slope = -self.potentials.slopes(fields, self.readings) * np.exp(-model)
        return np.log(voltage / self.uniform), slope / voltage[:, None]


def check_size(id: str, readings: int, electrodes: int) -> None:
    """Refuse lines of too few readings, and of more than can be held."""
    if readings < FEWEST or readings > MOST_READINGS:
        allowed = f"a line of {FEWEST} to {MOST_READINGS} readings above 0"
        raise ContractError(id, "readings", allowed, f"{readings} of them")
    if electrodes > MOST_ELECTRODES:
        allowed = f"a line of at most {MOST_ELECTRODES} electrodes"
        raise ContractError(id, "readings", allowed, f"{electrodes} of them", hint="part it")


def check_blocks(id: str, plane: Plane) -> None:
    """Refuse sections of more blocks than can be held."""
    rows, columns = plane.shape
    if rows * columns > MOST_BLOCKS:
        raise ContractError(
            id, "readings", f"a section of at most {MOST_BLOCKS} blocks",
            f"{rows * columns}: {rows} from the top down, {columns} along the line",
            hint="give a lesser `depth`, or part the line into shorter ones",
        )  # fmt: skip


def block_places(plane: Plane) -> dict[str, Floats]:
    """Where the blocks of a plane are, row by row from the top, in the columns of `BLOCK`."""
    rows, columns = plane.shape
    top, bottom = plane.edges_down[:-1], plane.edges_down[1:]
    middle = 0.5 * (plane.edges_across[1:] + plane.edges_across[:-1])
    ground = np.interp(middle, plane.across, plane.ground)
    return {
        "from_distance": np.tile(plane.edges_across[:-1], rows),
        "to_distance": np.tile(plane.edges_across[1:], rows),
        "top": np.repeat(top, columns),
        "bottom": np.repeat(bottom, columns),
        "elevation": (ground - 0.5 * (top + bottom)[:, None]).ravel(),
    }


def block_outlines(plane: Plane, section: pd.DataFrame) -> np.ndarray:
    """Corners (blocks, 4, 2) of blocks in a picture: distance, and height, or depth where ground is level."""
    left, right, top, bottom = (
        section[name].to_numpy() for name in ("from_distance", "to_distance", "top", "bottom")
    )
    if not plane.ground.any():
        return np.stack([[left, top], [right, top], [right, bottom], [left, bottom]]).transpose(2, 0, 1)
    on_left, on_right = (np.interp(side, plane.across, plane.ground) for side in (left, right))
    corners = [
        [left, on_left - top], [right, on_right - top], [right, on_right - bottom], [left, on_left - bottom],
    ]  # fmt: skip
    return np.stack(corners).transpose(2, 0, 1)
