"""Poles of layers in a geological model, assumed where none was measured."""

from __future__ import annotations

import numpy as np

from craton.methods.geomodel_data import Contacts, Orientations
from craton.methods.geomodel_faults import spread_over

FLAT = 0.3
"""Least over middle spread of contacts below which they lie on a plane whose dip can be told."""

MARGIN_POLES = 24
"""Poles given to an intrusion of which no orientation is known."""


def plane(contacts: Contacts, place: int, along: np.ndarray) -> tuple[Orientations, str]:
    """One pole amid contacts: across the plane through the unit with most of them, else straight up.

    It is turned square to the lines (t, 3) that are known to lie in the beds, as well as it can be.
    """
    rows, counts = np.unique(contacts.units, return_counts=True)
    places = contacts.places[contacts.units == rows[counts.argmax()]]
    pole, words = np.array([0.0, 0.0, 1.0]), "no orientation: its series taken to lie flat"
    if len(places) >= 3:
        _left, sizes, axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)
        if sizes[1] > 0 and sizes[2] < FLAT * sizes[1] and abs(axes[2, 2]) > FLAT:
            pole = axes[2] * np.sign(axes[2, 2])
            words = "no orientation: dip of its series taken from its contacts"
    if len(along):
        main = np.linalg.svd(along, full_matrices=False)[2][0]
        square = pole - (pole @ main) * main
        length = float(np.linalg.norm(square))
        pole = square / length if length > FLAT else pole
    middle = contacts.places.mean(axis=0)[None]
    return Orientations(middle, pole[None], np.array([place]), np.ones(1, bool)), words


def inward(poles: Orientations, contacts: np.ndarray) -> Orientations:
    """Poles of an intrusion turned to the middle of its contacts, where their sense is not told.

    Tables of dips often say of all rows that beds are the right way up: that tells nothing of margins, of
    which some would face downward.
    """
    towards = contacts.mean(axis=0) - poles.places
    told = poles.told & (poles.told & (poles.poles[:, 2] < 0)).any()
    out = ((poles.poles * towards).sum(axis=1) < 0) & ~told
    return poles._replace(poles=np.where(out[:, None], -poles.poles, poles.poles))


def closed(contacts: Contacts, place: int) -> tuple[Orientations, str]:
    """Poles at some contacts of a body, inward as on the ellipsoid of the same spread."""
    places = contacts.places[spread_over(len(contacts.units), MARGIN_POLES)]
    middle = (contacts.places.max(axis=0) + contacts.places.min(axis=0)) / 2
    spread = np.maximum(np.ptp(contacts.places, axis=0) / 2, 1e-3)
    towards = (middle - places) / spread**2
    length = np.linalg.norm(towards, axis=1)
    poles = towards[length > 0] / length[length > 0, None]
    count = len(poles)
    made = Orientations(places[length > 0], poles, np.full(count, place), np.ones(count, bool))
    return made, "no orientation: taken to close around the middle of its contacts"
