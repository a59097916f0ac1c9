"""Data of a geological model moved by their errors: one draw of contacts, orientations and faults."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.methods.body_table import column_in
from craton.methods.geomodel_data import Contacts, Orientations
from craton.methods.geomodel_faults import FaultData
from craton.methods.geomodel_series import Data
from craton.model.errors import ContractError

CONFIDENCE, HOLE = "confidence", "hole_id"


class FaultErrors(NamedTuple):
    """Standard deviations of faults: position and slip in metres, dip in radians."""

    position: float
    dip: float
    slip: float


class Moves(NamedTuple):
    """How data may be wrong.

    Parameters
    ----------
    errors : array (rows,)
        Standard deviation of the contact in each row of the table, in metres.
    vertical : bool
        Whether contacts move up and down only.
    holes : array (rows,)
        Number of the hole of each row, −1 for none.
    shared : float
        Part of the variance that contacts of a hole have in common, 0 to 1.
    confidence : array (rows,)
        Probability that the contact of each row is there.
    dip : float
        Standard deviation of orientations in radians.
    faults : FaultErrors
        Of faults.
    """

    errors: np.ndarray
    vertical: bool
    holes: np.ndarray
    shared: float
    confidence: np.ndarray
    dip: float
    faults: FaultErrors


def row_errors(process: str, frame: gpd.GeoDataFrame, column: str | None, error: float) -> np.ndarray:
    """Standard deviation of each row in metres: that of a column, `error` where it has none."""
    if not column:
        return np.full(len(frame), error)
    stated = column_in(process, "contacts", frame, column, "m")
    if (stated < 0).any():
        raise ContractError(process, "error_column", "errors of 0 m or more", f"{np.nanmin(stated):g} m")
    return np.where(np.isfinite(stated), stated, error)


def row_confidence(process: str, frame: gpd.GeoDataFrame) -> np.ndarray:
    """Probability of each row, 1 where none is stated."""
    if CONFIDENCE not in frame.columns:
        return np.ones(len(frame))
    stated = column_in(process, "contacts", frame, CONFIDENCE, "1")
    known = stated[np.isfinite(stated)]
    if ((known < 0) | (known > 1)).any():
        raise ContractError(
            process, "contacts", "0 to 1 in the column `confidence`", f"{known.min():g} to {known.max():g}"
        )
    return np.where(np.isfinite(stated), stated, 1.0)


def row_holes(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Number of the hole of each row by its name in their order, −1 where it has none."""
    if HOLE not in frame.columns:
        return np.full(len(frame), -1)
    names = frame[HOLE].astype("string").str.strip().replace("", pd.NA)
    known = sorted(names.dropna().unique())
    numbers: np.ndarray = pd.Categorical(names, categories=known).codes.astype(np.int64)
    return numbers


def moved(data: Data, moves: Moves, random: np.random.Generator) -> Data:
    """Contacts and orientations as they may be too."""
    contacts = _kept(data.contacts, moves, random)
    return data._replace(
        contacts=contacts._replace(places=_shifted(contacts, moves, random)),
        orientations=_tilted(data.orientations, moves.dip, random),
    )


def _kept(contacts: Contacts, moves: Moves, random: np.random.Generator) -> Contacts:
    """Contacts that are there in this draw; of each unit the surest is."""
    sure = moves.confidence[contacts.source]
    kept = random.random(len(sure)) < sure
    for unit in np.unique(contacts.units[~kept]):
        own = np.flatnonzero(contacts.units == unit)
        if not kept[own].any():
            kept[own[np.argmax(sure[own])]] = True
    return contacts.of(kept)


def _shifted(contacts: Contacts, moves: Moves, random: np.random.Generator) -> np.ndarray:
    """Places (n, 3) of contacts moved by their errors, those of a hole in part together."""
    rows = contacts.source
    own = random.standard_normal((len(rows), 3))
    common = random.standard_normal((int(moves.holes.max(initial=-1)) + 2, 3))[moves.holes[rows]]
    shared = np.where(moves.holes[rows] >= 0, moves.shared, 0.0)[:, None]
    shift = np.sqrt(shared) * common + np.sqrt(1.0 - shared) * own
    if moves.vertical:
        shift[:, :2] = 0.0
    places: np.ndarray = contacts.places + shift * moves.errors[rows, None]
    return places


def _tilted(found: Orientations, deviation: float, random: np.random.Generator) -> Orientations:
    """Poles drawn from the von Mises-Fisher distribution of concentration 1 / deviation² about them."""
    if deviation == 0.0 or not len(found.poles):
        return found
    concentration = deviation**-2
    even, turn = random.random(len(found.poles)), 2 * np.pi * random.random(len(found.poles))
    along = 1.0 + np.log(even + (1.0 - even) * np.exp(-2.0 * concentration)) / concentration
    across = np.sqrt(np.maximum(1.0 - along**2, 0.0))
    first, second = _square(found.poles)
    poles = (
        along[:, None] * found.poles
        + (across * np.cos(turn))[:, None] * first
        + (across * np.sin(turn))[:, None] * second
    )
    return found._replace(poles=poles)


def _square(poles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors (n, 3) square to each pole and to one another."""
    helper = np.eye(3)[np.argmin(np.abs(poles), axis=1)]
    first = np.cross(poles, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return first, np.cross(poles, first)


def moved_faults(
    faults: list[FaultData], errors: FaultErrors, random: np.random.Generator
) -> list[FaultData]:
    """Faults shifted across, turned about their strike, and slipped, each as a whole."""
    return [_moved_fault(one, errors, random.standard_normal(3)) for one in faults]


def _moved_fault(fault: FaultData, errors: FaultErrors, draw: np.ndarray) -> FaultData:
    pole = fault.poles.mean(axis=0)
    level = np.append(pole[:2], 0.0)
    length = float(np.linalg.norm(level))
    if length < 1e-9:
        return fault._replace(slip=fault.slip + errors.slip * draw[2])
    across = level / length
    strike = np.array([-across[1], across[0], 0.0])
    middle = fault.places.mean(axis=0)
    turned = _about(strike, errors.dip * draw[1])
    shift = middle + errors.position * draw[0] * across
    return fault._replace(
        places=shift + (fault.places - middle) @ turned.T,
        pole_places=shift + (fault.pole_places - middle) @ turned.T,
        poles=fault.poles @ turned.T,
        slip=fault.slip + errors.slip * draw[2],
    )


def _about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Matrix (3, 3) that turns by an angle about a unit vector."""
    cross = np.cross(np.eye(3), axis)
    turned: np.ndarray = np.eye(3) - np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
    return turned
