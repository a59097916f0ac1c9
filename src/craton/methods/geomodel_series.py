"""Fields of the series of a geological model: which data belong to which field, and the fields fitted.

A series has one field for its layers, whose levels are the bases of its units. A series that laps on to
what is older has a second one, its floor.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from craton.kernels.implicit_field import Constraints
from craton.methods.geomodel_column import Series, StratigraphicColumn
from craton.methods.geomodel_data import Contacts, Limits, Lines, Orientations
from craton.methods.geomodel_faults import Fault, Undone, undone
from craton.methods.geomodel_fit import Asked, Choices, Drift, ScalarField, fit_field, is_whole
from craton.methods.geomodel_poles import closed, inward, plane, restored_poles
from craton.methods.geomodel_upright import upright
from craton.model.errors import ContractError

STEEP = 0.1
"""Upward part of a pole below which a bed stands so steeply that its field may turn over by right."""


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
    """

    field: ScalarField
    rows: tuple[int, ...]
    levels: np.ndarray

    @classmethod
    def of(cls, asked: Asked, field: ScalarField) -> Surfaces:
        """The field that was asked for."""
        return cls(field, asked.rows, np.asarray(field.levels))


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
            series, build.surfaces(inner), build.surfaces(base._replace(units=lowest), floor=True)
        )
    return FittedSeries(series, build.surfaces(own), None)


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

    def surfaces(self, contacts: Contacts, *, floor: bool = False) -> Surfaces:
        """Field through contacts; units whose level is out of order are left out of it and told."""
        while True:
            asked = self._asked(contacts, floor=floor)
            found = Surfaces.of(asked, self._fit(asked, asked.constraints))
            wrong = _out_of_order(found, contacts)
            if wrong is None:
                return self._upright(found, asked)
            self.notes.setdefault(wrong, []).append(
                "left out: its contacts lie on the other side of those of the next unit than the column says"
            )
            contacts = contacts.of(contacts.units != wrong)

    def _upright(self, found: Surfaces, asked: Asked) -> Surfaces:
        """The field held upright where it may be, if its levels stay in order."""
        if not self._lies_right(asked.constraints):
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

    def _asked(self, contacts: Contacts, *, floor: bool) -> Asked:
        rows = np.unique(contacts.units)
        constraints, places, steps = self._constraints(contacts, rows, floor=floor)
        drift = _looked_up(places, steps) if steps.shape[1] else None
        units = tuple(int(row) for row in rows)
        return Asked(self.place, floor, units, contacts.source, constraints, drift)

    def _fit(self, asked: Asked, constraints: Constraints) -> ScalarField:
        try:
            if self.choices.own_fit is not None:
                return self.choices.own_fit(asked._replace(constraints=constraints))
            return fit_field(self.process, constraints, asked.drift, self.choices)
        except ValueError as error:
            allowed = f"data that fit for the series {self.series.name!r}"
            raise ContractError(self.process, "contacts", allowed, str(error)) from error

    def _constraints(
        self, contacts: Contacts, rows: np.ndarray, *, floor: bool
    ) -> tuple[Constraints, np.ndarray, np.ndarray]:
        """Constraints, all their places and the steps at them."""
        choices, numbers = self.choices, np.searchsorted(rows, contacts.units)
        at = self._undone(contacts.places)
        poles, lines = self._directions(contacts, floor=floor)
        turned, along = self._undone(poles.places), self._undone(lines.places)
        bounds, levels, signs = self._bounds(rows, floor=floor)
        within = self._undone(bounds)
        up = np.array([1.0, 1.0, choices.stretch])
        places = [choices.scaled(one.places) for one in (at, turned, within, along)]
        gradients = restored_poles(self.faults, poles) / up
        constraints = Constraints(
            places[0], numbers, places[1], gradients, places[2], levels, signs, places[3], lines.along * up
        )
        steps = np.concatenate([one.steps for one in (at, turned, within, along)])
        return constraints, np.concatenate(places), steps

    def _lies_right(self, constraints: Constraints) -> bool:
        """Whether the series is one of beds none of which is known to stand steeply or upside down.

        Steps across faults are known at data only, and in parts a field has data nearly everywhere.
        """
        length = np.linalg.norm(constraints.gradients, axis=1)
        return (
            self.series.relation != "intrude"
            and not self.faults
            and bool((constraints.gradients[:, 2] > STEEP * length).all())
            and is_whole(self.process, constraints, self.choices)
        )

    def _undone(self, places: np.ndarray) -> Undone:
        return undone(self.faults, places)

    def _directions(self, contacts: Contacts, *, floor: bool) -> tuple[Orientations, Lines]:
        """Orientations and lines of the series; the floor of one has none but that of its contacts."""
        data = self.data
        poles = data.orientations.of((data.orientations.series == self.place) & (not floor))
        lines = Lines(*(part[(data.lines.series == self.place) & (not floor)] for part in data.lines))
        body = self.series.relation == "intrude"
        if body:
            poles = inward(poles, contacts.places)
        if len(poles.places):
            return poles, lines
        made, words = closed(contacts, self.place) if body else plane(contacts, self.place, lines.along)
        self.notes.setdefault(int(contacts.units.max()), []).append(words)
        return made, lines

    def _bounds(self, rows: np.ndarray, *, floor: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places, level numbers and signs of the limits that bear on these levels."""
        limits = self.data.limits
        found = [
            (number, level, sign)
            for number in range(len(limits.units))
            for level, sign in self._limit(int(limits.units[number]), int(limits.sides[number]), rows, floor)
        ]
        chosen, levels = (np.array([one[part] for one in found], dtype=np.int64) for part in (0, 1))
        return limits.places[chosen], levels, np.array([one[2] for one in found], dtype=np.float64)

    def _limit(self, row: int, side: int, rows: np.ndarray, floor: bool) -> list[tuple[int, float]]:
        """Levels of `rows` that a limit of the unit in `row` bears on, with signs."""
        own, count = self.column.series_of(row), len(rows)
        is_base = floor or self.series.relation != "onlap" or self.place == len(self.column.series) - 1
        if own != self.place:
            return [(count - 1, -1.0)] if own > self.place and side == 0 and is_base else []
        told = [(count - 1, 1.0)] if floor and side >= 0 else []
        if not floor or row in rows:
            at_or_below, above = np.flatnonzero(rows >= row), np.flatnonzero(rows < row)
            if side >= 0 and at_or_below.size and rows[at_or_below[0]] == row:
                told.append((int(at_or_below[0]), 1.0))
            if side == 0 and above.size:
                told.append((int(above[-1]), -1.0))
            if side < 0 and row in rows:
                told.append((int(np.searchsorted(rows, row)), -1.0))
        return list(dict.fromkeys(told))


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
