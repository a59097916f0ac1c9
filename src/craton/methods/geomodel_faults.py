"""Faults of a geological model: read from tables, fitted one after the other, and undone.

A fault is a field in space, above 0 in its hanging wall. Where its slip is known, places are moved back by
it (they are restored) before anything older is fitted or asked; where it is not, the fields of what is
older have a step across it, whose size the data decide. Faults are taken from the youngest, which moves
all others, to the oldest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.kernels import implicit_fault
from craton.kernels.implicit_field import Constraints, Field, fit
from craton.methods.geomodel_data import Places, check_dips, named_column, numbers_in, places_of, pole
from craton.methods.geomodel_ground import Terrain
from craton.methods.placement import brought_to
from craton.model.errors import ContractError
from craton.process import progress

STEEP = 90.0
"""Dip of a fault where none is stated."""

NORMAL = -90.0
"""Rake where none is stated: the hanging wall slips down the dip."""

STEP = 1e-4
"""Step of differences of places that a fault has moved, in its half length."""

MOST_FAULTS = 200
MOST_PLACES, MOST_POLES = 600, 100
"""Places of a fault, and directions across it, that its field is fitted to; more add nothing to its shape."""

Values = Callable[[Field, np.ndarray], np.ndarray]
"""Field of a fault at places, exact or on a lattice."""


class FaultData(NamedTuple):
    """What is known of one fault.

    Parameters
    ----------
    name : str
        Its name.
    places : array (n, 3)
        On it, in metres.
    pole_places, poles : array (m, 3)
        Places where its dip is known, and unit vectors across it there, into the hanging wall.
    slip, rake, length : float
        In metres and degrees; NaN where it is not known, and `length` where the fault goes on.
    """

    name: str
    places: np.ndarray
    pole_places: np.ndarray
    poles: np.ndarray
    slip: float
    rake: float
    length: float


class Fault(NamedTuple):
    """One fitted fault.

    Parameters
    ----------
    name : str
        Its name.
    moved : implicit_fault.Fault
        Its field, above 0 in the hanging wall, its middle, half axes and slip.
    slip_known : bool
        Whether its slip is known; the slip of `moved` is 0 otherwise.
    """

    name: str
    moved: implicit_fault.Fault
    slip_known: bool

    @property
    def field(self) -> Field:
        """Field whose level 0 is the fault."""
        assert isinstance(self.moved.field, Field)
        return self.moved.field

    @property
    def is_finite(self) -> bool:
        """Whether it ends within the model."""
        return bool(np.isfinite(self.moved.half_axes).any())

    def share(self, places: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Part (n,) of an unknown slip that places have been moved by: 0 in the footwall, 1 at the middle.

        In a fault that ends it falls off as (1 − r²)², r the distance from the middle in half lengths.
        """
        within = (values > 0.0).astype(np.float64)
        if not self.is_finite:
            return within
        away = np.linalg.norm(places - self.moved.centre, axis=1) / self.moved.half_axes[0]
        tapered: np.ndarray = within * np.maximum(1.0 - away**2, 0.0) ** 2
        return tapered


class Undone(NamedTuple):
    """Places without the faults of known slip, and steps of the others.

    Parameters
    ----------
    places : array (n, 3)
        Where the rock was before the faults.
    steps : array (n, faults)
        Share of each fault of unknown slip at the places.
    """

    places: np.ndarray
    steps: np.ndarray


def exact(field: Field, places: np.ndarray) -> np.ndarray:
    """Values of a field at places."""
    return field.at(places)


def undone(faults: list[Fault], places: np.ndarray, values: Values = exact) -> Undone:
    """Undo `faults`, from the youngest, at places (n, 3)."""
    here, steps = places, []
    for fault in faults:
        if not fault.slip_known:
            steps.append(fault.share(here, values(fault.field, here)))
        elif fault.is_finite:
            here = implicit_fault.restored(fault.moved, here)
        else:
            here = here - (values(fault.field, here) > 0.0)[:, None] * fault.moved.slip
    stacked = np.stack(steps, axis=1) if steps else np.zeros((len(places), 0))
    return Undone(here, stacked)


def stretch_at(faults: list[Fault], places: np.ndarray) -> np.ndarray | None:
    """How undoing `faults` turns and stretches rock at places: derivatives (n, 3, 3) of where it was before.

    None where no fault does: a rigid block turns nothing. Where a fault lies within the step of the
    differences, its jump is no turn of the rock, and there is none.
    """
    ending = [one for one in faults if one.slip_known and one.is_finite]
    if not ending or not len(places):
        return None
    step = STEP * max(one.moved.half_axes[0] for one in ending)
    parts = [
        undone(faults, places + step * axis).places - undone(faults, places - step * axis).places
        for axis in np.eye(3)
    ]
    stretch: np.ndarray = np.stack(parts, axis=-1) / (2 * step)
    jumps = np.abs(np.linalg.det(stretch) - 1.0) >= 0.5
    stretch[jumps] = np.eye(3)
    return stretch


def turned_back(faults: list[Fault], places: np.ndarray, poles: np.ndarray) -> np.ndarray:
    """Poles (n, 3) of layers at places as they were before `faults`."""
    stretch = stretch_at(faults, places)
    if stretch is None:
        return poles
    turned: np.ndarray = np.linalg.solve(stretch.transpose(0, 2, 1), poles[..., None])[..., 0]
    return turned


def lines_back(faults: list[Fault], places: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Lines (n, 3) in layers at places as they were before `faults`."""
    stretch = stretch_at(faults, places)
    if stretch is None:
        return along
    turned: np.ndarray = np.einsum("nij,nj->ni", stretch, along)
    return turned


def faults_of(process: str, frame: gpd.GeoDataFrame, ground: Terrain, crs: str) -> list[FaultData]:
    """Faults of a table, the youngest first: by `order` where it is given, else as the rows come.

    A row without a name is a fault of its own.
    """
    label = "fault" if "fault" in frame.columns else named_column(frame, "name")
    stated = frame[label] if label else pd.Series([""] * len(frame))
    names = stated.astype("string").fillna("").str.strip().to_numpy(dtype=object)
    numbered = np.array([f"fault {row + 1}" for row in range(len(frame))], dtype=object)
    names = np.where((names == "") | (names == "None"), numbered, names)
    ages = numbers_in(process, "faults", frame, "order", "1", asked=False)
    faults = list(dict.fromkeys(names))
    if len(faults) > MOST_FAULTS:
        raise ContractError(process, "faults", f"at most {MOST_FAULTS} faults", f"{len(faults)}")
    order = {name: _stated(process, "order", name, ages[names == name]) for name in faults}
    aged = [name for name in faults if np.isfinite(order[name])]
    if aged and len(aged) < len(faults):
        without = next(name for name in faults if name not in aged)
        raise ContractError(process, "faults", "`order` of every fault, or of none", f"none of {without}")
    faults.sort(key=lambda name: np.nan_to_num(order[name]))
    return [_read(process, frame[names == name], name, ground, crs) for name in faults]


def _stated(process: str, key: str, name: str, values: np.ndarray) -> float:
    """The number that the rows of one fault state, NaN for none; refused where they state several."""
    told = np.unique(values[np.isfinite(values)])
    if told.size > 1:
        listed = ", ".join(f"{value:g}" for value in told[:5])
        raise ContractError(
            process, "faults", f"one `{key}` a fault", f"{listed} for {name}",
            hint="state it in one row of the fault, or alike in all",
        )  # fmt: skip
    return float(told[0]) if told.size else np.nan


def _read(process: str, rows: gpd.GeoDataFrame, name: str, ground: Terrain, crs: str) -> FaultData:
    """One fault from its rows."""
    places = places_of(process, "faults", rows, ground, crs)
    dip = numbers_in(process, "faults", rows, "dip", "deg", asked=False)
    direction = numbers_in(process, "faults", rows, "dip_direction", "deg", asked=False)
    check_dips(process, "faults", dip, STEEP)
    told = np.isfinite(dip)
    dip = np.where(told, dip, np.nanmean(dip) if told.any() else STEEP)[places.source]
    shapes = brought_to(process, "faults", rows, crs).geometry.to_numpy()
    across = _across(shapes, places, direction[places.source])
    slip, rake, length = (
        _stated(process, key, name, numbers_in(process, "faults", rows, key, unit, asked=False))
        for key, unit in _NUMBERS
    )
    if length <= 0:
        raise ContractError(process, "faults", "`length` above 0 m, or none", f"{length:g} m for {name}")
    order = np.lexsort((places.at[:, 2], places.at[:, 0], places.at[:, 1]))
    # Where some dips were measured, no other is made up.
    turned = order[told[places.source[order]]] if told.any() else order
    poles = pole(dip, across)[turned]
    return FaultData(name, places.at[order], places.at[turned], poles, slip, rake, length)


_NUMBERS = (("slip", "m"), ("rake", "deg"), ("length", "m"))


def _across(shapes: np.ndarray, places: Places, direction: np.ndarray) -> np.ndarray:
    """Dip direction in degrees at each place.

    On a line it is square to the line, to the side that its row states, or to the right where it states
    none. At a point it is that of the row; points without one get the mean of the others, or the direction
    square to the line through all places.
    """
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(shapes)]
    square = np.concatenate([_squares(part) for part in parts])[places.corner]
    against = np.isfinite(direction) & (np.cos(np.radians(square - direction)) < 0)
    across = np.where(np.isfinite(square), square + 180.0 * against, direction)
    known = np.isfinite(across)
    if not known.all():
        turned = np.radians(across[known])
        mean = np.degrees(np.arctan2(np.sin(turned).sum(), np.cos(turned).sum()))
        across[~known] = mean if known.any() else _square(places.at)
    turned_over: np.ndarray = across % 360.0
    return turned_over


def _squares(trace: np.ndarray) -> np.ndarray:
    """Direction in degrees to the right of a line at each of its corners (n, 2), NaN where it has no length.

    Corners that repeat the one before count once.
    """
    moves = np.append(True, (trace[1:] != trace[:-1]).any(axis=1)) if len(trace) else np.zeros(0, bool)
    if moves.sum() < 2:
        return np.full(len(trace), np.nan)
    way = np.gradient(trace[moves], axis=0)
    right: np.ndarray = np.degrees(np.arctan2(way[:, 1], -way[:, 0]))[np.cumsum(moves) - 1]
    return right


def _square(places: np.ndarray) -> float:
    """Direction in degrees square to the line that fits places best."""
    level = places[:, :2] - places[:, :2].mean(axis=0)
    east, north = np.linalg.svd(level, full_matrices=False)[2][0]
    return float(np.degrees(np.arctan2(east, north)) + 90.0) % 360.0


def fitted(process: str, data: list[FaultData], *, box: float) -> list[Fault]:
    """Faults as fields, from the youngest; each is fitted where the younger ones have been undone.

    `box` is the diagonal of the model: a fault traced over less than half of it, of no stated length, ends
    where its places end.
    """
    made: list[Fault] = []
    for one in progress.each(data, "faults"):
        made.append(_fitted(process, one, made, box))
    return made


def _fitted(process: str, data: FaultData, younger: list[Fault], box: float) -> Fault:
    back = undone(younger, data.places)
    own, known = spread_over(len(data.places), MOST_PLACES), spread_over(len(data.poles), MOST_POLES)
    dipping = data.pole_places[known]
    given = Constraints(
        points=back.places[own], surface=np.zeros(len(own), np.int64),
        orientation_points=undone(younger, dipping).places,
        gradients=turned_back(younger, dipping, data.poles[known]),
    )  # fmt: skip
    try:
        field = fit(given)
    except ValueError as error:
        allowed = f"places and dips that fit for {data.name}"
        raise ContractError(process, "faults", allowed, str(error)) from error
    extent = float(np.linalg.norm(np.ptp(data.places[:, :2], axis=0)))
    length = data.length if np.isfinite(data.length) else (extent if 0 < extent < 0.5 * box else np.inf)
    moved = implicit_fault.Fault(
        field, 0.0, _slip(data), _on_surface(field, back.places.mean(axis=0)), np.full(3, length / 2)
    )
    return Fault(data.name, moved, bool(np.isfinite(data.slip)))


def _on_surface(field: Field, place: np.ndarray) -> np.ndarray:
    """Place (3,) of the surface near `place`."""
    for _step in range(5):
        slope = field.gradient(place[None])[0]
        place = place - float(field.at(place[None])[0]) * slope / max(float(slope @ slope), 1e-12)
    return place


def _slip(data: FaultData) -> np.ndarray:
    """Vector (3,) by which the hanging wall slipped at the middle, 0 where it is not known."""
    if not np.isfinite(data.slip):
        return np.zeros(3)
    across = data.poles.mean(axis=0)
    across = across / max(float(np.linalg.norm(across)), 1e-12)
    dip = float(np.degrees(np.arccos(np.clip(across[2], -1.0, 1.0))))
    direction = float(np.degrees(np.arctan2(across[0], across[1])))
    rake = data.rake if np.isfinite(data.rake) else NORMAL
    return implicit_fault.slip_vector(dip, direction, data.slip, rake=rake)


def spread_over(count: int, most: int) -> np.ndarray:
    """Numbers of at most `most` of `count` things, evenly among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
