"""What an implicit field is made from: the constraints, checked, put in an order of their own, merged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SAME = 1e-6
"""Part of the extent of the data up to which two places are one."""

LARGEST = 20_000
"""Rows of one dense system at most: 3.2 GB."""

NOWHERE = np.empty((0, 3))
NOTHING = np.empty(0)
NONE = np.empty(0, dtype=np.int64)


class ContradictionError(ValueError):
    """Data that cannot all be honoured at one place.

    Parameters
    ----------
    words : str
        What they are.
    place : array (3,)
        Where.
    """

    def __init__(self, words: str, place: Floats) -> None:
        super().__init__(f"{words}: {in_words(place)}")
        self.words, self.place = words, place


class Constraints(NamedTuple):
    """What a scalar field is to honour; every part but the contacts may be left out.

    Parameters
    ----------
    points : array (n, 3)
        Contacts, in metres: easting, northing, upward.
    surface : array (n,)
        Number of the surface that each contact lies on, from 0; a surface is a level of the field.
    orientation_points, gradients : array (m, 3)
        Places, and gradients of the field there, such as unit normals towards the younger side.
    inequality_points : array (p, 3)
        Places known to be on one side of a surface.
    inequality_surface : array (p,)
        Number of that surface.
    inequality_sign : array (p,)
        +1 where the field is above the level of the surface (or on it), −1 where it is below (or on it).
    tangent_points, tangents : array (t, 3)
        Places, and directions along which the field does not change there: strikes, or lines in a bed
        whose younger side is not known.
    levels : array (s,), optional
        Values of the field on the surfaces where they are known, NaN where not; left out, none is known.
    """

    points: Floats = NOWHERE
    surface: Whole = NONE
    orientation_points: Floats = NOWHERE
    gradients: Floats = NOWHERE
    inequality_points: Floats = NOWHERE
    inequality_surface: Whole = NONE
    inequality_sign: Floats = NOTHING
    tangent_points: Floats = NOWHERE
    tangents: Floats = NOWHERE
    levels: Floats | None = None


class Frame(NamedTuple):
    """Where the data lie: their middle (3,) and the length that counts as 1."""

    middle: Floats
    length: float

    def scaled(self, places: Floats) -> Floats:
        """Places (k, 3) about the middle in lengths of the frame."""
        scaled: Floats = (places - self.middle) / self.length
        return scaled


def checked(constraints: Constraints) -> Constraints:
    """The constraints as arrays of numbers, refused where they cannot mean anything.

    Raises
    ------
    ValueError
        With words for the reader: what is wrong, and where.
    """
    given = constraints._replace(
        **{name: _places(getattr(constraints, name), words) for name, words in PLACES.items()},
        surface=np.asarray(constraints.surface, dtype=np.int64).ravel(),
        inequality_surface=np.asarray(constraints.inequality_surface, dtype=np.int64).ravel(),
        inequality_sign=np.sign(np.asarray(constraints.inequality_sign, dtype=np.float64).ravel()),
    )
    _same_number(given)
    count = _number_of_surfaces(given)
    levels = np.full(count, np.nan) if given.levels is None else np.asarray(given.levels, dtype=np.float64)
    if levels.shape != (count,):
        raise ValueError(f"{levels.size} levels are given for {count} surfaces")
    seen = np.isin(np.arange(count), given.surface) | np.isfinite(levels)
    if not seen.all():
        raise ValueError(f"surface {int(np.argmin(seen))} has no contact, so that its level is not known")
    given = given._replace(levels=levels)
    _determined(given)
    return given


def frame_of(constraints: Constraints) -> Frame:
    """Middle of all places, and their largest distance from it; of one place alone, 1 m."""
    places = np.concatenate(
        [
            constraints.points,
            constraints.orientation_points,
            constraints.tangent_points,
            constraints.inequality_points,
        ]
    )
    places = places[np.lexsort(places.T)]
    middle = places.mean(axis=0)
    return Frame(middle, float(np.linalg.norm(places - middle, axis=1).max()) or 1.0)


def merged(constraints: Constraints, noise: Floats, frame: Frame) -> tuple[Constraints, Floats]:
    """The constraints in an order of their own, with what lies at one place made one.

    Contacts of one surface, or orientations, nearer to each other than `SAME` of the extent become one at
    their mean, a gradient as long as they are on average; the noise (n,) of k contacts becomes
    1 / Σ (1/noise). Tangents at the place of an orientation add nothing and are left out.

    Raises
    ------
    ContradictionError
        If exact contacts of two surfaces, or opposite orientations, share a place.
    """
    near = SAME * frame.length
    points, surface, noise = _merged_contacts(constraints.points, constraints.surface, noise, near)
    exact = points[noise == 0.0], surface[noise == 0.0]
    shared = sorted(cKDTree(exact[0]).query_pairs(near))
    if shared:
        first, second = shared[0]
        words = f"surfaces {exact[1][first]} and {exact[1][second]} have a contact at one place"
        raise ContradictionError(words, exact[0][first])
    places, gradients = _merged_orientations(constraints.orientation_points, constraints.gradients, near)
    tangent_points, tangents = _ordered(constraints.tangent_points, constraints.tangents)
    if len(places):
        apart = cKDTree(places).query(tangent_points)[0] > near
        tangent_points, tangents = tangent_points[apart], tangents[apart]
    return constraints._replace(
        points=points, surface=surface, orientation_points=places, gradients=gradients,
        tangent_points=tangent_points, tangents=tangents / np.linalg.norm(tangents, axis=1, keepdims=True),
    ), noise  # fmt: skip


PLACES = {
    "points": "contacts",
    "orientation_points": "places of orientations",
    "gradients": "orientations",
    "inequality_points": "places above or below a surface",
    "tangent_points": "places of tangents",
    "tangents": "tangents",
}
"""Parts of the constraints that are places or directions, in words."""


def _places(places: Floats, words: str) -> Floats:
    """Places (k, 3) of finite numbers."""
    found = np.asarray(places, dtype=np.float64).reshape(-1, 3)
    bad = ~np.isfinite(found).all(axis=1)
    if bad.any():
        raise ValueError(f"{int(bad.sum())} of {len(found)} {words} are not finite numbers")
    return found


def _same_number(given: Constraints) -> None:
    """Refuse parts of different lengths, directions of no length and signs of zero."""
    pairs = (
        ("contacts", given.points, given.surface),
        ("orientations", given.orientation_points, given.gradients),
        ("tangents", given.tangent_points, given.tangents),
        ("inequalities", given.inequality_points, given.inequality_surface),
        ("inequalities", given.inequality_points, given.inequality_sign),
    )
    for words, places, other in pairs:
        if len(places) != len(other):
            raise ValueError(f"there are {len(places)} places but {len(other)} entries of {words}")
    for words, directions in (("orientations", given.gradients), ("tangents", given.tangents)):
        flat = ~(np.linalg.norm(directions, axis=1) > 0.0)
        if flat.any():
            raise ValueError(f"{int(flat.sum())} of {len(flat)} {words} have no direction")
    if not given.inequality_sign.all() or np.isnan(given.inequality_sign).any():
        raise ValueError("the sign of an inequality must be above (1) or below (-1)")


def _number_of_surfaces(given: Constraints) -> int:
    """Number of surfaces, one more than the largest that is named."""
    named = np.concatenate([given.surface, given.inequality_surface])
    if named.size and named.min() < 0:
        raise ValueError(f"surfaces are numbered from 0, but one is {int(named.min())}")
    least = int(named.max()) + 1 if named.size else 0
    return least if given.levels is None else max(least, np.size(given.levels))


def _determined(given: Constraints) -> None:
    """Refuse data that leave the size or the sense of the field open, and nothing at all."""
    assert given.levels is not None
    if not len(given.points) and not len(given.gradients):
        raise ValueError("there are neither contacts nor orientations")
    known = given.levels[np.unique(given.surface)]
    if not len(given.gradients) and np.unique(known[np.isfinite(known)]).size < 2:
        raise ValueError(
            "without an orientation nothing says which side is younger: give at least one orientation, "
            "or the values of the field on two surfaces"
        )


def _ordered(places: Floats, directions: Floats) -> tuple[Floats, Floats]:
    """Places and their directions (k, 3) in an order that is their own."""
    order = np.lexsort((*directions.T, *places.T))
    return places[order], directions[order]


def _groups(places: Floats, near: float) -> Whole:
    """Number of the group (k,) of each place; those linked by steps of at most `near` are one group."""
    pairs = cKDTree(places).query_pairs(near, output_type="ndarray") if len(places) else np.empty((0, 2), int)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(places),) * 2)
    groups: Whole = connected_components(links, directed=False)[1].astype(np.int64)
    return groups


def _means(values: Floats, groups: Whole) -> Floats:
    """Mean (g, c) of the values (k, c) of each group; a value alone is left as it is."""
    count = np.bincount(groups)
    sums = np.stack([np.bincount(groups, column) for column in values.T], axis=-1)
    means: Floats = sums / count[:, np.newaxis]
    return means


def _merged_contacts(
    points: Floats, surface: Whole, noise: Floats, near: float
) -> tuple[Floats, Whole, Floats]:
    """Contacts, their surfaces and noise, by surface and place, those at one place made one."""
    order = np.lexsort((noise, *points.T, surface))
    points, surface, noise = points[order], surface[order], noise[order]
    parts = []
    for number in np.unique(surface):
        own = surface == number
        groups = _groups(points[own], near)
        with np.errstate(divide="ignore"):
            left = 1.0 / np.bincount(groups, 1.0 / noise[own])
        parts.append((_means(points[own], groups), np.full(len(left), number), left))
    if not parts:
        return points, surface, noise
    joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2]


def _merged_orientations(places: Floats, gradients: Floats, near: float) -> tuple[Floats, Floats]:
    """Orientations by place, those at one place made one."""
    if not len(places):
        return places, gradients
    places, gradients = _ordered(places, gradients)
    groups = _groups(places, near)
    means, lengths = _means(gradients, groups), np.linalg.norm(gradients, axis=1, keepdims=True)
    length, left = _means(lengths, groups), np.linalg.norm(means, axis=1, keepdims=True)
    opposite = (left < SAME * length)[:, 0]
    places = _means(places, groups)
    if opposite.any():
        raise ContradictionError("orientations point opposite ways", places[np.argmax(opposite)])
    # The mean of directions that differ is shorter than they are; that would flatten the field.
    return places, means * (length / left)


def in_words(place: Floats) -> str:
    """A place in words, to a millimetre."""
    east, north, up = (f"{value:.3f}".rstrip("0").rstrip(".") for value in place)
    return f"easting {east}, northing {north}, upward {up}"
