"""Fields of the series of a geological model: which data belong to which field, and the fields fitted.

A series has one field for its layers, whose levels are the bases of its units. A series that laps on to
what is older has a second one, its floor.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from craton.kernels.implicit_checks import SAME, ContradictionError, in_words
from craton.kernels.implicit_field import Constraints
from craton.kernels.partition_field import PartitionField
from craton.methods.geomodel_column import Series, StratigraphicColumn
from craton.methods.geomodel_data import Contacts, Limits, Lines, Orientations
from craton.methods.geomodel_faults import Fault, Undone, lines_back, turned_back, undone
from craton.methods.geomodel_fit import Asked, Choices, Drift, ScalarField, fit_field
from craton.methods.geomodel_poles import closed, inward, plane
from craton.methods.geomodel_upright import upright
from craton.model.errors import ContractError

STEEP = 0.1
"""Upward part of a pole below which a bed stands so steeply that its field may turn over by right."""


class Part(NamedTuple):
    """Part of a series that a field is for: whether it is its floor, and whether it has the base."""

    floor: bool
    base: bool


LAYERS = Part(floor=False, base=False)
FLOOR = Part(floor=True, base=True)
WHOLE = Part(floor=False, base=True)


class Data(NamedTuple):
    """All data of a model."""

    contacts: Contacts
    orientations: Orientations
    limits: Limits
    lines: Lines


class Surfaces(NamedTuple):
    """A fitted field and its levels.

    Parameters
    ----------
    field : ScalarField
        Of scaled places; it knows steps across faults where its data are, see `stepped`.
    rows : tuple of int
        Rows of the units whose bases are its levels, from the youngest.
    levels : array (rows,)
        Their levels, falling.
    asked : Asked
        What it was fitted to.
    """

    field: ScalarField
    rows: tuple[int, ...]
    levels: np.ndarray
    asked: Asked

    @classmethod
    def of(cls, asked: Asked, field: ScalarField) -> Surfaces:
        """The field that was asked for."""
        return cls(field, asked.rows, np.asarray(field.levels), asked)


class FittedSeries(NamedTuple):
    """A series of the column with its fields; `layers` is None where it has no contact."""

    series: Series
    layers: Surfaces | None
    floor: Surfaces | None

    @property
    def base(self) -> tuple[Surfaces, float] | None:
        """Field and level that part it from what is older."""
        surfaces = self.floor or self.layers
        return None if surfaces is None else (surfaces, float(surfaces.levels[-1]))

    def level_at(self, row: int, below: int) -> tuple[Surfaces, int] | None:
        """Field and number of the level of a contact of the unit in `row` on that in `below`, −1 for any."""
        if self.floor is not None and below >= 0 and below not in self.series.rows:
            return self.floor, len(self.floor.rows) - 1
        return self.level_of(row)

    def level_of(self, row: int) -> tuple[Surfaces, int] | None:
        """Field and number of the level that is the base of the unit in `row`."""
        for surfaces in (self.layers, self.floor):
            if surfaces is not None and row in surfaces.rows:
                return surfaces, surfaces.rows.index(row)
        return None


Notes = dict[int, list[str]]
"""What is to be told of units, by row."""


def fit_series(
    process: str,
    column: StratigraphicColumn,
    place: int,
    data: Data,
    faults: list[Fault],
    choices: Choices,
    notes: Notes,
) -> FittedSeries:
    """Fit the series at `place` of the column."""
    series = column.series[place]
    own = data.contacts.of(np.isin(data.contacts.units, series.rows))
    if not len(own.units):
        return FittedSeries(series, None, None)
    build = _Builder(process, column, place, data, faults, choices, notes)
    floor = _on_floor(own, series, is_last=place == len(column.series) - 1)
    inner = own.of(~floor)
    if floor.any() and len(inner.units):
        base = own.of(floor)
        lowest = np.full(len(base.units), int(np.unique(own.units).max()))
        return FittedSeries(
            series, build.surfaces(inner, LAYERS), build.surfaces(base._replace(units=lowest), FLOOR)
        )
    return FittedSeries(series, build.surfaces(own, WHOLE), None)


def _on_floor(own: Contacts, series: Series, *, is_last: bool) -> np.ndarray:
    """Contacts of a series that lie on its floor: bases of its oldest unit, and those on other series."""
    if series.relation != "onlap" or is_last:
        return np.zeros(len(own.units), bool)
    beyond = (own.below >= 0) & ~np.isin(own.below, series.rows)
    floor: np.ndarray = (own.units == own.units.max()) | beyond
    return floor


class _Builder(NamedTuple):
    """What fields of one series are fitted from."""

    process: str
    column: StratigraphicColumn
    place: int
    data: Data
    faults: list[Fault]
    choices: Choices
    notes: Notes

    @property
    def series(self) -> Series:
        return self.column.series[self.place]

    @property
    def _allowed(self) -> str:
        return f"data that fit for the series {self.series.name!r}"

    def surfaces(self, contacts: Contacts, part: Part) -> Surfaces:
        """Field through contacts; units whose level is out of order are left out of it and told."""
        while True:
            asked = self._asked(contacts, part)
            apart = self._apart(contacts, asked)
            if len(apart.units) < len(contacts.units):
                contacts = apart
                continue
            found = Surfaces.of(asked, self._fit(asked, asked.constraints))
            wrong = _out_of_order(found, contacts)
            if wrong is None:
                return self._upright(found, asked)
            self.notes.setdefault(wrong, []).append(
                "left out: its contacts lie on the other side of those of the next unit than the column says"
            )
            contacts = contacts.of(contacts.units != wrong)

    def _apart(self, contacts: Contacts, asked: Asked) -> Contacts:
        """Contacts without those that are as good as at the place of one of a younger unit, which are told.

        Beds that are thinner than fields can part count as absent there. With an error nothing is exact.
        """
        if self.choices.error > 0.0:
            return contacts
        given = asked.constraints
        away = np.linalg.norm(given.points - given.points.mean(axis=0), axis=1).max()
        near = 2 * SAME * max(float(away), float(np.linalg.norm(self.choices.size)))
        some = _maybe_near(given.points, near)
        pairs = some[cKDTree(given.points[some]).query_pairs(near, output_type="ndarray")]
        units = contacts.units[pairs]
        wrong = np.unique(np.where(units[:, 0] > units[:, 1], *pairs.T)[units[:, 0] != units[:, 1]])
        for row, count in zip(*np.unique(contacts.units[wrong], return_counts=True), strict=True):
            words = f"{count} contacts left out: others lie as good as at the same place"
            self.notes.setdefault(int(row), []).append(words)
        return contacts.of(~np.isin(np.arange(len(contacts.units)), wrong))

    def _upright(self, found: Surfaces, asked: Asked) -> Surfaces:
        """A whole field held upright where it may be, if its levels stay in order.

        In parts a field has data nearly everywhere.
        """
        if isinstance(found.field, PartitionField) or not self._lies_right(asked.constraints):
            return found
        field, added = upright(
            lambda given: self._fit(asked, given), found.field, asked.constraints, self.choices
        )
        held = Surfaces.of(asked, field)
        if not added or (np.diff(held.levels) >= 0).any():
            return found
        words = "held flat where no data are near, else it would turn over"
        self.notes.setdefault(asked.rows[-1], []).append(words)
        return held

    def _asked(self, contacts: Contacts, part: Part) -> Asked:
        rows = np.flatnonzero(np.bincount(contacts.units))
        poles, lines, assumed = self._directions(contacts, floor=part.floor)
        constraints, places, steps = self._constraints(contacts, rows, part, poles, lines)
        drift = _looked_up(places, steps) if steps.shape[1] else None
        units = tuple(int(row) for row in rows)
        return Asked(self.place, part.floor, units, contacts.source, constraints, drift, assumed)

    def _fit(self, asked: Asked, constraints: Constraints) -> ScalarField:
        try:
            if self.choices.own_fit is not None:
                return self.choices.own_fit(asked._replace(constraints=constraints))
            return fit_field(self.process, constraints, asked.drift, self.choices)
        except ContradictionError as error:
            came = f"{error.words} at {in_words(self.choices.placed(error.place))}"
            raise ContractError(self.process, "orientations", self._allowed, came) from error
        except ValueError as error:
            raise ContractError(self.process, "contacts", self._allowed, str(error)) from error

    def _constraints(
        self, contacts: Contacts, rows: np.ndarray, part: Part, poles: Orientations, lines: Lines
    ) -> tuple[Constraints, np.ndarray, np.ndarray]:
        """Constraints, all their places and the steps at them."""
        choices, numbers = self.choices, np.searchsorted(rows, contacts.units)
        at = self._undone(contacts.places)
        turned, along = self._undone(poles.places), self._undone(lines.places)
        bounds, levels, signs = self._bounds(rows, part)
        within = self._undone(bounds)
        up = np.array([1.0, 1.0, choices.stretch])
        places = [choices.scaled(one.places) for one in (at, turned, within, along)]
        gradients = turned_back(self.faults, poles.places, poles.poles) / up
        tangents = lines_back(self.faults, lines.places, lines.along) * up
        constraints = Constraints(
            places[0], numbers, places[1], gradients, places[2], levels, signs, places[3], tangents
        )
        steps = np.concatenate([one.steps for one in (at, turned, within, along)])
        return constraints, np.concatenate(places), steps

    def _lies_right(self, constraints: Constraints) -> bool:
        """Whether the series is one of beds none of which is known to stand steeply or upside down.

        Steps across faults are known at data only.
        """
        length = np.linalg.norm(constraints.gradients, axis=1)
        return (
            self.series.relation != "intrude"
            and not self.faults
            and bool((constraints.gradients[:, 2] > STEEP * length).all())
        )

    def _undone(self, places: np.ndarray) -> Undone:
        return undone(self.faults, places)

    def _directions(self, contacts: Contacts, *, floor: bool) -> tuple[Orientations, Lines, bool]:
        """Orientations and lines of the series, and whether the former are assumed.

        The floor of a series has none but that of its contacts.
        """
        data = self.data
        poles = data.orientations.of((data.orientations.series == self.place) & (not floor))
        lines = Lines(*(part[(data.lines.series == self.place) & (not floor)] for part in data.lines))
        body = self.series.relation == "intrude"
        if body:
            poles = inward(poles, contacts.places)
        if len(poles.places):
            return poles, lines, False
        made, words = closed(contacts, self.place) if body else plane(contacts, self.place, lines.along)
        self.notes.setdefault(int(contacts.units.max()), []).append(words)
        return made, lines, True

    def _bounds(self, rows: np.ndarray, part: Part) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places, level numbers and signs of the limits that bear on these levels."""
        limits = self.data.limits
        kinds, kind = np.unique(np.column_stack([limits.units, limits.sides]), axis=0, return_inverse=True)
        found = [
            (np.flatnonzero(kind == number), level, sign)
            for number, (row, side) in enumerate(kinds.tolist())
            for level, sign in self._limit(row, side, rows, part)
        ]
        counts = [len(one[0]) for one in found]
        chosen = np.concatenate([np.zeros(0, np.int64), *(one[0] for one in found)])
        levels = np.repeat(np.array([one[1] for one in found], dtype=np.int64), counts)
        signs = np.repeat(np.array([one[2] for one in found], dtype=np.float64), counts)
        order = np.argsort(chosen, kind="stable")
        return limits.places[chosen[order]], levels[order], signs[order]

    def _limit(self, row: int, side: int, rows: np.ndarray, part: Part) -> list[tuple[int, float]]:
        """Levels of `rows` that a limit of the unit in `row` bears on, with signs."""
        own, count = self.column.series_of(row), len(rows)
        if own != self.place:
            return [(count - 1, -1.0)] if own > self.place and side == 0 and part.base else []
        told = [(count - 1, 1.0)] if part.floor and side >= 0 else []
        if not part.floor or row in rows:
            at_or_below, above = np.flatnonzero(rows >= row), np.flatnonzero(rows < row)
            if side >= 0 and at_or_below.size and rows[at_or_below[0]] == row:
                told.append((int(at_or_below[0]), 1.0))
            if side == 0 and above.size:
                told.append((int(above[-1]), -1.0))
            if side < 0 and row in rows:
                told.append((int(np.searchsorted(rows, row)), -1.0))
        return list(dict.fromkeys(told))


def _maybe_near(places: np.ndarray, near: float) -> np.ndarray:
    """Numbers of the places (n, 3) that may have another within `near`: along each axis one has."""
    some = np.arange(len(places))
    for axis in (1, 0, 2):
        order = np.argsort(places[some, axis], kind="stable")
        close = np.diff(places[some[order], axis]) <= near
        some = some[order[np.flatnonzero(np.append(close, False) | np.append(False, close))]]
    return np.sort(some)


def _looked_up(places: np.ndarray, steps: np.ndarray) -> Drift:
    """Steps of the places that a field is fitted at; a place moved by less than a hair is the nearest."""
    tree = cKDTree(places)

    def drift(wanted: np.ndarray) -> np.ndarray:
        found: np.ndarray = steps[tree.query(wanted)[1]]
        return found

    return drift


def _out_of_order(found: Surfaces, contacts: Contacts) -> int | None:
    """Row of a unit whose level is not below that of the next younger, of both that of less contacts."""
    for number in np.flatnonzero(np.diff(found.levels) >= 0):
        pair = found.rows[number], found.rows[number + 1]
        counts = [int((contacts.units == row).sum()) for row in pair]
        return pair[0] if counts[0] < counts[1] else pair[1]
    return None
